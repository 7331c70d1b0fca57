/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/report_time.h - spans of time as JSON: seconds.
 *
 * Pure. Microseconds in; new references out. */

#ifndef LINTEL_DAEMON_REPORT_TIME_H
#define LINTEL_DAEMON_REPORT_TIME_H

#include <jansson.h>
#include <stdint.h>

json_t *report_seconds(int64_t us);
/* How long ago; of something that never was (0 or TIME_NEVER) null. */
json_t *report_age(int64_t now_us, int64_t then_us);

#endif
