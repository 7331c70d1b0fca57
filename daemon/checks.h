/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/checks.h - health checks of the snapshot's servers, and what follows from their verdicts.
 *
 * I/O on the loop, main thread. Targets go to health/; verdicts come back, one by one, and are made
 * felt together a moment later: one turn over the services they concern, however many there are
 * (daemon/verdicts.h), then quorums (health/quorum.h) and with them restraints of virtual routers.
 * Targets that a new snapshot keeps keep their verdicts, virtual servers their quorum; a restart
 * keeps verdicts that are young. */

#ifndef LINTEL_DAEMON_CHECKS_H
#define LINTEL_DAEMON_CHECKS_H

#include "daemon/drains.h"
#include "daemon/verdicts.h"
#include "health/health.h"
#include "ipvs/scope.h"
#include "lib/loop.h"
#include "vrrp/config.h"
#include "vrrp/damper.h"

#include <jansson.h>

/* Who answers clients of a virtual server; of several ports and addresses the worst. */
enum checks_serving {
	CHECKS_SERVERS, /* servers that are up */
	CHECKS_ANYWAY,  /* all servers, as all are down (allServersDown: serve) */
	CHECKS_SORRY,   /* the sorry server */
	CHECKS_NOBODY,
};
const char *checks_serving_name(enum checks_serving serving); /* "servers" */

struct checks_virtual;
struct checks_handlers {
	/* Other verdicts: these services want a turn of IPVS. */
	void (*changed)(void *ctx, const struct ipvs_scope *scope);
	/* checks_restraints() says something else. */
	void (*restrained)(void *ctx);
	/* What the log tells, for those who are told on; each may be NULL. A server's verdict is
	 * another; so many more are, which nobody is told of one by one; who answers is another
	 * ('before' NULL: nothing was known); the quorum was lost, or is met again. */
	void (*server_told)(void *ctx, const struct health_entry *entry);
	void (*servers_told)(void *ctx, size_t count);
	void (*answering_told)(void *ctx, const struct checks_virtual *virtual_server,
	                       const enum checks_serving *before);
	void (*quorum_told)(void *ctx, const struct checks_virtual *virtual_server);
	void *ctx;
};

/* A virtual server that verdicts concern. */
struct checks_virtual {
	const struct model_virtual_server *vs; /* of the snapshot */
	const struct model_router *router;     /* ... NULL: it has no service that can be served */
	/* of the port and address that does worst */
	size_t up_count, down_count;
	uint64_t up_weight, whole_weight;
	enum checks_serving serving;
	int64_t serving_since_us;
	bool known; /* it was judged before */
	bool met;   /* its quorum; true without one */
	int64_t met_since_us;
	struct vrrp_damper damper; /* what its quorum does to the virtual router */
};

/* Verdicts that are kept over a restart: daemon/checks_memory.c. */
#define CHECKS_MEMORY_FILE "health" /* in the state directory */
struct checks_memory {
	struct health *health;
	char *path; /* owned; NULL: nothing is kept */
	struct health_memory before;
	struct loop_deadline due; /* the next writing */
	int64_t saved_us;
	bool expected; /* it is known what is checked */
	bool unsaved;  /* a verdict changed since */
	bool is_there; /* the file */
	bool failed;   /* the last writing, which was told */
};

struct checks {
	struct health *health;
	struct checks_memory memory;
	struct checks_handlers handlers;
	struct verdicts verdicts;
	const struct drains *drains;           /* not owned */
	const struct model_snapshot *snapshot; /* not owned; NULL at first */
	struct ipvs_scope concerned;           /* all services that verdicts concern */
	struct checks_virtual *virtuals;       /* by namespace, name; owned */
	size_t virtual_count;
	struct addr *moved; /* servers whose verdicts changed since the last turn; owned */
	size_t moved_count;
	size_t moved_capacity;
	int64_t told_us;     /* when the second of the log began ... */
	size_t told_count;   /* ... changes told in it ... */
	size_t untold_count; /* ... and not */
	struct loop_deadline turn;
	int64_t turn_end_us; /* of the last one */
	int64_t turn_took_us;
	struct vrrp_restraint *restraints; /* owned */
	size_t restraint_count;
	struct loop_deadline hold;  /* quorums that were regained have to stay so */
	uint64_t quorum_loss_count; /* since start */
};

/* 'drains' must stay. Verdicts are kept in 'state_dir'; NULL: nowhere. 0 or -errno. */
LT_MUST_USE int checks_open(struct checks *checks, struct loop *loop, const char *state_dir,
                            const struct drains *drains, const struct checks_handlers *handlers);
void checks_close(struct checks *checks);

/* Before IPVS is told of a snapshot: what is known of its servers is known then, of before the
 * start or under another timing, too. */
void checks_expect(struct checks *checks, const struct model_snapshot *snapshot);
/* After IPVS was told of the same snapshot, which must stay until the next call has returned. The
 * handler may be called from within. */
void checks_want(struct checks *checks, const struct model_snapshot *snapshot);
/* An operator took a server out of service, or back: quorums count anew. */
void checks_drains_changed(struct checks *checks);

/* What lost quorums do to virtual routers; valid until the handler is called. */
const struct vrrp_restraint *checks_restraints(const struct checks *checks, size_t *ret_count);
/* What the objects and operators want of all services that verdicts concern, before verdicts. */
void checks_build(const struct checks *checks, struct ipvs_table *ret_table);
/* NULL: verdicts don't concern it. */
const struct checks_virtual *checks_find(const struct checks *checks,
                                         const struct model_virtual_server *vs);

/* daemon/checks_memory.c, for daemon/checks.c. It must stay where it is. */
LT_MUST_USE int checks_memory_open(struct checks_memory *memory, struct loop *loop,
                                   struct health *health, const char *state_dir);
void checks_memory_close(struct checks_memory *memory);
void checks_memory_expect(struct checks_memory *memory, const struct health_target *targets,
                          size_t count);
void checks_memory_changed(struct checks_memory *memory, int64_t now_us);

/* daemon/checks_restrain.c: puts restraints together anew, by the quorums as judged last and by
 * what has lasted; the handler is called when they are others. For daemon/checks.c. */
void checks_restrain(struct checks *checks, int64_t now_us);

/* daemon/checks_report.c */
/* Why a server is as it is, in a few words: "tcp refused", "no verdict yet"; "" when it is up or
 * has no check. */
void checks_explain(const struct verdicts_server *server, struct text *out);
/* "quorum lost: weight 1 is up of at least 2; ..."; "" when nothing is wrong. */
void checks_explain_virtual(const struct checks_virtual *virtual_server, struct text *out);
/* The check of a server as JSON; null when it has none. */
json_t *checks_report_server(const struct verdicts_server *server, int64_t now_us);
/* ... of a virtual server; null when verdicts don't concern it. */
json_t *checks_report_virtual(const struct checks *checks, const struct model_virtual_server *vs,
                              int64_t now_us);
/* Quorums that say something to a virtual router's priority now, at most CHECKS_QUORUMS_SHOWN of
 * them. New reference; ret_count: of all. */
#define CHECKS_QUORUMS_SHOWN 64
json_t *checks_report_router(const struct checks *checks, const char *router, int64_t now_us,
                             size_t *ret_count);
/* The part of the status. */
json_t *checks_report(const struct checks *checks, int64_t now_us);
/* Virtual servers without a server that is up, or without quorum. */
size_t checks_problem_count(const struct checks *checks);

#endif
