/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/node.h - all virtual routers of this machine on one event loop: what the VRRP thread runs.
 *
 * I/O. Single-threaded: everything is called from the loop's thread (or before it runs). One timer
 * stands at the least of all deadlines; what was received is heard before anybody's silence is
 * judged. Time: microseconds on the monotonic clock, read here. */

#ifndef LINTEL_VRRP_NODE_H
#define LINTEL_VRRP_NODE_H

#include "vrrp/conflict.h"
#include "vrrp/instance.h"

/* News for the owner. */
struct vrrp_node_handlers {
	/* 'routers' is the handler's to free(), NULL when there are none. At once after a
	 * transition, else at most twice a second, and only when something else than counters has
	 * changed. */
	void (*status)(void *ctx, struct model_router_status *routers, size_t count);
	void (*event)(void *ctx, int level, const char *message);
	void (*failover_done)(void *ctx, const char *router, int result);
	/* vrrp_node_stop() is done. */
	void (*stopped)(void *ctx);
	void *ctx;
};

/* A configuration and how many point into it. */
struct vrrp_node_source {
	struct vrrp_config *config;
	size_t users;
};

struct vrrp_node {
	struct vrrp_shared shared;
	struct vrrp_node_handlers handlers;
	struct loop *loop;
	struct nl *events;
	struct loop_fd events_fd;
	struct loop_deadline timer;
	struct vrrp_conflict conflict;
	struct vrrp_instance **instances;
	int64_t *deadlines; /* of each */
	struct vrrp_node_source **sources;
	size_t count;
	size_t announce_next; /* who may announce first */
	uint64_t turn;        /* of the timer */
	int64_t suspended_us; /* the most of mono_suspended_us() so far */
	int64_t clock_us;     /* when the clock was read last */
	int64_t reported_us;
	bool configured;   /* at least once: what nobody owns is a leftover */
	bool orphans_left; /* more leftovers than one turn removes */
	bool refresh_due;  /* interfaces or addresses have changed */
	bool stopped;
};

/* 0 or -errno (-EPERM: no right to raw sockets). Handlers are copied. 'found' (may be NULL): see
 * vrrp_mutes_inherit(). */
LT_MUST_USE int vrrp_node_open(struct vrrp_node *node, struct loop *loop,
                               const struct vrrp_node_handlers *handlers,
                               const struct vrrp_mutes_found *found);
/* Closes without a word to anybody. 'keep': addresses and macvlans stay. */
void vrrp_node_close(struct vrrp_node *node, bool keep);

/* Takes ownership of 'config'. A router is the same one as before when interface, VRID and kind of
 * MAC are. */
void vrrp_node_configure(struct vrrp_node *node, struct vrrp_config *config);
/* handlers.status now, counters and all. */
void vrrp_node_report(struct vrrp_node *node);
/* handlers.failover_done says how it went. */
void vrrp_node_failover(struct vrrp_node *node, const char *router);
/* Hands over everything, then handlers.stopped. 'keep': leaves addresses to the next start instead,
 * for VRRP_ADDRESSES_KEEP_S seconds, without a word to others. */
void vrrp_node_stop(struct vrrp_node *node, bool keep);

/* --- among vrrp/node*.c --- */

/* Now. Should the machine have slept, every Active steps down: others own what we think we own. */
int64_t vrrp_node_clock(struct vrrp_node *node);
/* The end of every way in. */
void vrrp_node_settle(struct vrrp_node *node, int64_t now_us);
/* Interfaces, their addresses or the configuration have changed. */
void vrrp_node_refresh(struct vrrp_node *node, int64_t now_us);
void vrrp_node_update_deadlines(struct vrrp_node *node);
/* Frees an instance. 'keep': its macvlans stay. */
void vrrp_node_drop(struct vrrp_node *node, size_t at, bool keep);
void vrrp_node_release_source(struct vrrp_node_source *source);
/* Addresses with our mark that no router has (any more): of an earlier run, or taken out of the
 * configuration. Some at a time. */
void vrrp_node_remove_orphans(struct vrrp_node *node);

#endif
