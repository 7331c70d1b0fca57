/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/events.h - the stream of what happens, for programs of the user (--notify): what the log
 * tells people, numbered, a line of JSON each, to news/.
 *
 * I/O, main thread; never in the way of a decision. Virtual routers are followed by what the VRRP
 * thread reports of them anyway, everything else by those who log it. Without a target nothing is
 * done at all. */

#ifndef LINTEL_DAEMON_EVENTS_H
#define LINTEL_DAEMON_EVENTS_H

#include "daemon/checks.h"
#include "daemon/track_table.h"
#include "model/status.h"
#include "news/news.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct app;

/* Changes of a target that the log told of lately. */
struct events_logged {
	int64_t since_us;
	unsigned count;
};

struct events {
	const struct app *app; /* not owned; what is so now is read there */
	struct news *news;     /* NULL: nobody is to be told */
	uint64_t sequence;
	struct events_router *routers; /* owned; as told */
	size_t router_count;
	const char *configuration; /* "accepted", "refused" or NULL: as told */
	int64_t configuration_us;
	bool running;
	struct events_logged logged[NEWS_TARGETS_MAX];
};

/* 'app' is there as far as its options and its loop. 0 or -errno. */
LT_MUST_USE int events_open(struct events *events, const struct app *app);
void events_close(struct events *events);

void events_running(struct events *events);
void events_stopping(struct events *events);
/* True: all is told that can be. False: the loop is stopped once it is, within two
 * seconds. */
bool events_flush(struct events *events);
void events_reload(struct events *events);

/* The VRRP thread's word about all routers. */
void events_routers(struct events *events, const struct model_router_status *routers, size_t count);
/* The files were read: their configuration is in force, or was refused. */
void events_configuration(struct events *events, bool accepted);
void events_server(struct events *events, const struct health_entry *entry);
void events_servers(struct events *events, size_t count);
void events_answering(struct events *events, const struct checks_virtual *virtual_server,
                      const enum checks_serving *before);
void events_quorum(struct events *events, const struct checks_virtual *virtual_server);
void events_replication(struct events *events, const char *router, const char *from,
                        const char *to);
/* 'from': what was seen before. */
void events_track(struct events *events, const struct track_item *item,
                  enum vrrp_track_verdict from);

/* daemon/events_current.c: appends lines that tell what is so now. */
void events_current(const struct events *events, struct text *out);
/* One of them, or an event to be. */
void events_add(const struct events *events, struct text *out, const char *event, bool current,
                int64_t at_us, json_t *members);
/* A server's line: 'current' or of the last change. */
void events_add_server(const struct events *events, struct text *out,
                       const struct health_entry *entry, bool current);
void events_add_configuration(const struct events *events, struct text *out, const char *from,
                              bool current);
void events_add_answering(const struct events *events, struct text *out,
                          const struct checks_virtual *v, const enum checks_serving *before,
                          bool current);
void events_add_quorum(const struct events *events, struct text *out,
                       const struct checks_virtual *v, bool current);

/* daemon/events_report.c: "notifications" of the status (docs/json.md); a new reference. */
json_t *events_report(const struct events *events, int64_t now_us);

#endif
