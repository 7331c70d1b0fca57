/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/explain.h - why does this address answer, or not?
 *
 * Follows a packet to ADDRESS:PORT through everything that has a say: the virtual router, the
 * virtual server, source ranges, real servers, source NAT, kernel settings. */

#ifndef LINTEL_DAEMON_EXPLAIN_H
#define LINTEL_DAEMON_EXPLAIN_H

#include "daemon/app.h"

struct explain_question {
	struct addr address;
	uint16_t port;
	enum model_protocol protocol;
};

/* The result of the request "explain" (shape: docs/json.md). New reference. */
json_t *explain(struct app *app, const struct explain_question *question, int64_t now_us);

#endif
