/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/event.h - what happened, as a line of JSON (docs/json.md, docs/schema/event.json).
 *
 * Pure. Every line has "event", "time", "node", "sequence" and "current"; what changes from one
 * state to another has "from" and "to". A line that tells what is so, and not what happened, has
 * "current" true and no "from". */

#ifndef LINTEL_DAEMON_EVENT_H
#define LINTEL_DAEMON_EVENT_H

#include "daemon/track_table.h"
#include "lib/text.h"
#include "model/status.h"

#include <jansson.h>

#define EVENT_LIST_MAX 64 /* of a list in a line; more are counted only */

struct event_stamp {
	int64_t wall_us; /* when it happened, or since when it is so; since 1970 */
	const char *node;
	uint64_t sequence; /* events of this run so far, this one included */
	bool current;
};

/* Appends the line, with its end. 'members' is taken over. */
void event_line(struct text *out, const char *event, const struct event_stamp *stamp,
                json_t *members);

/* Members, new references. 'from' NULL: null; so is it in lines that tell what is so. */

/* daemon: it runs, or takes leave. */
json_t *event_daemon(const char *from, const char *to, const char *version, int pid);
/* router: another state. 'addresses' (an array, taken over) is what it owns when Active. */
json_t *event_router(const struct model_router_status *router,
                     const struct model_transition *transition, bool current, json_t *addresses);
/* router, once it is configured no more: its last state is the one it leaves. */
json_t *event_router_gone(const struct model_router_status *router);
/* router-problem: what is wrong in words, "" when nothing is any more. */
json_t *event_router_problem(const struct model_router_status *router);
/* collision: somebody else uses our VRID; address-conflict: ... one of our addresses. 'count':
 * since start. */
json_t *event_router_rival(const struct model_router_status *router, uint64_t count);
/* track: something that a virtual router's priority depends on is found another way, or counts in
 * another way. */
json_t *event_track(const struct track_item *item, const char *from);
/* server: a real server is up or down. 'virtual_servers' (an array, taken over) are those that
 * check it so. */
json_t *event_server(const char *server, const char *check, json_t *virtual_servers,
                     const char *from, const char *to, const char *result, const char *reason);
/* servers: so many more are up or down, which nobody is told of one by one. */
json_t *event_servers(size_t count);
/* answering: who answers clients of a virtual server. */
json_t *event_answering(const char *virtual_server, const char *router, const char *from,
                        const char *to, size_t up, size_t down);
/* quorum: "met" or "lost". */
json_t *event_quorum(const char *virtual_server, const char *router, const char *from,
                     const char *to, uint64_t up_weight, unsigned minimum, const char *on_loss);
/* configuration: "accepted" or "refused"; 'problems' is an array, taken over. */
json_t *event_configuration(const char *from, const char *to, size_t errors, size_t warnings,
                            size_t routers, size_t virtual_servers, json_t *problems);
/* replication: how a router's connections are known here. */
json_t *event_replication(const char *router, const char *from, const char *to);

#endif
