/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/replication.h - running connections known to the peers, so that a takeover does not end
 * them.
 *
 * I/O, main thread, never in the way of a VRRP decision. On as long as there is a key file
 * (peer/key.h). Each node tells the connections of the virtual routers it is Active for, and puts
 * those it is told of into its kernel at once: IPVS connections, and entries of connection tracking
 * where the source is translated. So a takeover has nothing left to do but to let late packets
 * wait: the guard (nft/guard.h) stands before a takeover, and falls by itself after it.
 *
 * The kernel is the truth about connections of our own; a table of them (model/flow_table.h) is
 * kept beside it, because the kernel tells changes and not what there is. */

#ifndef LINTEL_DAEMON_REPLICATION_H
#define LINTEL_DAEMON_REPLICATION_H

#include "daemon/run.h"
#include "lib/loop.h"
#include "model/snapshot.h"
#include "model/status.h"
#include "vrrp/config.h"

#include <jansson.h>

struct replication;

struct replication_handler {
	/* replication_restraints() or replication_is_on() says something else. */
	void (*changed)(void *ctx);
	/* How a router's connections are known here is another: "off", or peer_step_name(). May be
	 * NULL. */
	void (*stepped)(void *ctx, const char *router, const char *from, const char *to);
	void *ctx;
};

/* 'options' outlive it. Without a key file it is there and does nothing. 0 or -errno. */
LT_MUST_USE int replication_open(struct loop *loop, const struct daemon_run_options *options,
                                 const struct replication_handler *handler,
                                 struct replication **ret_replication);
/* 'clean': the guard goes, too. NULL accepted. */
void replication_close(struct replication *replication, bool clean);

/* Reads the key file if it changed: what it says of itself. Also done every few seconds. */
void replication_reload(struct replication *replication);
/* Is there a key, so that the kernel settings of replication are wanted? */
bool replication_is_on(const struct replication *replication);

/* Something else is wanted; 'snapshot' must stay until the next call. The kernel has it already. */
void replication_want(struct replication *replication, const struct model_snapshot *snapshot);
/* The VRRP thread's word about all routers. Not kept. */
void replication_observe(struct replication *replication, const struct model_router_status *routers,
                         size_t count);
/* Virtual routers that must not preempt for now; owned by 'replication', until the next call of
 * anything. */
const struct vrrp_restraint *replication_restraints(const struct replication *replication,
                                                    size_t *ret_count);

/* "replication" of the status (docs/json.md); a new reference. */
json_t *replication_report(const struct replication *replication, int64_t now_us);

#endif
