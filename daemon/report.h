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

/* Is this real server drained by hand or taking leave? "ready", "drained", "draining". Checks
 * aside.
 */
const char *report_server_state(const struct app *app, const struct ipvs_service *service,
                                const struct ipvs_dest *dest);

/* What is so with a real server of a service, and who says so. */
struct report_server {
	const char
		*state;   /* "ready", "drained" by hand, "draining", "down" by its check, "sorry" */
	int64_t since_us; /* TIME_NEVER: not known */
	struct text reason; /* for people; "" when there is nothing to tell */
};

/* 'known': what is known of its check; NULL: nothing. The reason is the caller's to free. */
struct report_server report_server_standing(const struct app *app,
                                            const struct ipvs_service *service,
                                            const struct ipvs_dest *dest,
                                            const struct verdicts_server *known);

#endif
