/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/report.h - status and list as JSON (shapes: docs/json.md).
 *
 * Pure but for what it is given. New references. */

#ifndef LINTEL_DAEMON_REPORT_H
#define LINTEL_DAEMON_REPORT_H

#include "daemon/app.h"

/* The result of the request "status". */
json_t *report_status(const struct app *app, int64_t now_us);

/* The result of "list": our services in 'found', a fresh dump with counters. */
json_t *report_list(const struct app *app, const struct ipvs_table *found, int64_t now_us);

/* Is this real server drained by hand or taking leave? "ready", "drained", "draining". */
const char *report_server_state(const struct app *app, const struct ipvs_service *service,
                                const struct ipvs_dest *dest);

#endif
