/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/metrics_text.h - the lines of Prometheus' text format 0.0.4.
 *
 * Pure. A family is begun once, its samples follow at once; durations are given in microseconds and
 * written in seconds. */

#ifndef LINTEL_DAEMON_METRICS_TEXT_H
#define LINTEL_DAEMON_METRICS_TEXT_H

#include "lib/text.h"

#include <stdint.h>

/* 'type': "counter", "gauge", "histogram". 'help' has neither backslash nor line end. */
void metrics_family(struct text *out, const char *name, const char *type, const char *help);

/* A label and its value, escaped; 'separator' stands before it: "" for the first one, ",". */
void metrics_label(struct text *out, const char *separator, const char *name, const char *value);

/* One sample. 'labels' is what metrics_label() wrote, "" for none. */
void metrics_count(struct text *out, const char *name, const char *labels, uint64_t value);
void metrics_value(struct text *out, const char *name, const char *labels, double value);
void metrics_seconds(struct text *out, const char *name, const char *labels, int64_t us);

/* A whole family of one sample without labels. */
void metrics_single(struct text *out, const char *name, const char *type, const char *help,
                    double value);

/* The samples of one histogram; 'counts' are not cumulative, the last bound is INT64_MAX. */
void metrics_histogram(struct text *out, const char *name, const char *labels,
                       const int64_t *bounds_us, const uint64_t *counts, int buckets,
                       int64_t sum_us);

#endif
