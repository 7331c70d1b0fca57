/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/metrics.h - what is observed, in Prometheus' text format 0.0.4.
 *
 * Pure: no I/O but for what it is given. Names and units follow Prometheus' conventions (base
 * units, _total for counters); every series exists from the start and goes when its object goes. */

#ifndef LINTEL_DAEMON_METRICS_H
#define LINTEL_DAEMON_METRICS_H

#include "daemon/app.h"

#define METRICS_CONTENT_TYPE "text/plain; version=0.0.4; charset=utf-8"

/* 'found' is a fresh dump of IPVS with counters, NULL when it could not be had. */
void metrics_write(const struct app *app, const struct ipvs_table *found, int64_t now_us,
                   struct text *out);

#endif
