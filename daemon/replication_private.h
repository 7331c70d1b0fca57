/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/replication_private.h - what the parts of daemon/replication.h share.
 *
 * replication.c: life, what is wanted, who may preempt; replication_channel.c: keys and
 * peers; replication_ipvs.c: IPVS's sync daemons; replication_observe.c: what our kernel says goes
 * to the peers; replication_compare.c: what it did not say; replication_replica.c: what peers say
 * goes into our kernel; replication_guard.c: what waits after a takeover; replication_foreseen.c:
 * source NAT in a rush; replication_adopt.c: what was there before us; replication_report.c: what
 * people see. */

#ifndef LINTEL_DAEMON_REPLICATION_PRIVATE_H
#define LINTEL_DAEMON_REPLICATION_PRIVATE_H

#include "conntrack/flow.h"
#include "conntrack/kernel.h"
#include "daemon/problems.h"
#include "daemon/replication.h"
#include "daemon/replication_index.h"
#include "daemon/replication_rush.h"
#include "ipvs/connections_file.h"
#include "ipvs/sync.h"
#include "model/flow_claims.h"
#include "model/flow_table.h"
#include "nft/guard.h"
#include "nft/kernel.h"
#include "peer/book.h"
#include "peer/channel.h"

#define REPLICATION_GUESTS_MAX 16
#define REPLICATION_BATCH      512 /* flows told, or given to the kernel, at once */

/* A virtual router's connections. */
struct replication_router {
	char name[254];
	uint8_t virtual_router_id;
	bool wanted; /* scratch while the snapshot is compared */
	struct model_flow_table flows;
	struct model_flow_claims claims; /* of those that this node carries */
	enum model_router_state state;
	bool known;                                   /* the VRRP thread has spoken of it */
	bool rival;                                   /* Backup: it hears an Active */
	int64_t active_us;                            /* Active: since */
	bool held;                                    /* must not preempt */
	const char *step;                             /* as told: peer_step_name(); NULL: off */
	size_t walked;                                /* slot up to which the walk has come */
	struct peer_address heard[MODEL_PEERS_SHOWN]; /* multicast: who advertises */
	size_t heard_count;
};

/* Who came by itself from a network on which virtual routers speak by multicast: a Backup is silent
 * there. */
struct replication_guest {
	struct peer_address address;
	int64_t came_us;
};

/* Source NAT in a rush: see replication_foreseen.c. */
struct replication_foreseen {
	bool heeded;                 /* is IPVS, on flows with source NAT */
	int64_t until_us;            /* no longer than that; TIME_NEVER: no end is known */
	int64_t rest_us;             /* not again before */
	struct loop_deadline change; /* until_us */
	unsigned turn;
	uint64_t guessed, asked; /* flows, of late */
	int64_t asked_us;        /* one that was foreseen */
};

struct replication {
	struct loop *loop;
	const struct daemon_run_options *options; /* not owned */
	struct replication_handler handler;
	const struct model_snapshot *snapshot; /* not owned; NULL at first */
	struct problems problems;
	struct peer_keys keys;
	bool on;
	char key_state[200]; /* what is wrong with the key file, or that there is none; "" */
	uint64_t seed;       /* of the routers' tables */
	struct replication_router *routers; /* owned; in the snapshot's order */
	size_t router_count;
	struct replication_index index;
	struct addr *virtuals; /* owned; addresses of the index, each once */
	size_t virtual_count;
	struct replication_guest guests[REPLICATION_GUESTS_MAX];
	size_t guest_count;
	struct peer_channel *channel; /* these are NULL while off, or while they can't be opened */
	struct peer_book *book;
	struct conntrack_kernel *conntrack;
	struct loop_fd conntrack_events, conntrack_dump;
	struct loop_deadline events_tick; /* events are gathered until then */
	int64_t events_since_us;
	uint64_t events_recent;       /* events since then */
	struct replication_rush rush; /* while it lasts, IPVS alone tells of some flows */
	struct replication_foreseen foreseen;
	struct ipvs_sync *sync;
	struct nft_kernel *guard;
	bool guard_no_ingress;          /* the kernel refused a hook where packets come in */
	bool guard_due;                 /* something it depends on changed */
	int64_t guard_at_us;            /* it changes by itself then; TIME_NEVER */
	struct loop_deadline tick;      /* once a second */
	struct loop_deadline book_tick; /* as the book wants */
	struct loop_deadline adopt_tick;
	struct ipvs_connections_walk *adopt; /* NULL: none is under way */
	unsigned adopt_due;                  /* so many walks more */
	size_t adopt_count;                  /* connections read by it */
	int64_t renew_at_us; /* all replicas are given to the kernel again; TIME_NEVER: no need */
	struct vrrp_restraint *restraints; /* owned */
	size_t restraint_count;
	/* flows to be told, all of one router */
	struct model_flow batch[REPLICATION_BATCH];
	size_t batch_count;
	struct replication_router *batch_router;
	/* a comparison of all with the kernel */
	bool comparing;
	/* Number of the present or the last one. It begins anew at 256, long after each flow of
	 * ours that was not seen in one of them is gone. */
	uint8_t comparison;
	int64_t compare_at_us; /* the next; TIME_NEVER: none */
	int64_t compare_begun_us;
	uint64_t verdicts[CONNTRACK_VERDICT_COUNT];
	uint64_t table_full;
	uint64_t put_failed; /* entries that the kernel refused */
	bool behind;         /* the kernel has not been told of all yet */
};

/* replication.c */
struct replication_router *replication_router_find(const struct replication *replication,
                                                   const char *name);
uint32_t replication_now_s(void);
/* Does connection tracking tell of the connections there? IPVS tells of the others, and of
 * persistence. */
static inline bool replication_is_tracked(const struct replication *replication,
                                          const struct replication_place *place)
{
	return place->forwarding == MODEL_FORWARD_NAT &&
	       (place->source_nat || replication->conntrack);
}
/* Can IPVS tell all that connection tracking does, if later? Not SCTP's verification tags, nor
 * which source it was given, unless that is foreseen. */
static inline bool replication_is_told_twice(const struct replication *replication,
                                             const struct replication_place *place)
{
	if (!replication_is_tracked(replication, place) || place->protocol == MODEL_SCTP)
		return false;
	return !place->source_nat || (place->foreseeable && replication->foreseen.heeded);
}
/* Has IPVS anything to tell that connection tracking does not? */
bool replication_needs_ipvs(const struct replication *replication,
                            const struct replication_place *place);
/* Arms the book's deadline, after anything was done with it. */
void replication_book_arm(struct replication *replication);

/* replication_ipvs.c */
/* Tried again every tick until it is open; without IPVS there is nothing to be replicated. */
void replication_ipvs_open(struct replication *replication);
/* At the edges of a rush, and when virtual servers are others, after which all is compared. Its
 * master daemon starts anew, and connection tracking has to tell when it does. Nothing while there
 * are virtual servers of which it alone ever tells. */
void replication_ipvs_expect(struct replication *replication);
/* Has it tell of what there is to tell by now. False: it can't, which is a problem with the next
 * tick. */
LT_MUST_USE bool replication_ipvs_listen(struct replication *replication);

/* replication_channel.c */
/* Channel and book; -errno told as a problem. */
LT_MUST_USE int replication_channel_open(struct replication *replication);
void replication_channel_add_router(struct replication *replication,
                                    struct replication_router *router, int64_t now_us);
void replication_channel_update_peers(struct replication *replication);
/* Sets 'on' and what is to be said of the key file. */
void replication_channel_read_keys(struct replication *replication);
/* The index of the interface when the address is link-local, else 0. */
uint32_t replication_channel_scope(const struct addr *address, const char *interface);

/* replication_observe.c */
/* The deadlines; -errno. */
LT_MUST_USE int replication_observe_init(struct replication *replication);
void replication_observe_done(struct replication *replication);
/* -errno: flows of NAT can't be followed; told as a problem. */
LT_MUST_USE int replication_observe_open(struct replication *replication);
void replication_observe_close(struct replication *replication);
/* Other virtual addresses are watched. */
void replication_observe_watch(struct replication *replication);
/* Reads what the kernel has told by now, rather than in a while. */
void replication_observe_catch_up(struct replication *replication);
/* What has to be heard of them, which depends on whether a router is Active here. */
void replication_observe_hear(struct replication *replication);
/* A router became Active: what was told of it is its own now. */
void replication_observe_takeover(struct replication *replication,
                                  struct replication_router *router);
/* A flow of ours that the one before us knew of. */
void replication_observe_late(struct replication *replication, struct replication_router *router,
                              const struct model_flow *flow);
/* What connection tracking says of a flow, by itself or because it was asked. */
void replication_observe_told(void *ctx, enum conntrack_event event,
                              const struct conntrack_entry *entry);
/* A flow of ours is over; or connection tracking has forgotten it, while IPVS still knows its
 * server. */
void replication_observe_forget(struct replication *replication, struct replication_router *router,
                                const struct model_flow *flow);
void replication_observe_rest(struct replication *replication, struct replication_router *router,
                              const struct model_flow *flow);
/* Tells what waits to be told: before the turn ends, and before routers move in memory. */
void replication_observe_flush(struct replication *replication);
void replication_observe_tick(struct replication *replication, int64_t now_us);
/* Forgets what has passed its time. */
void replication_observe_expire(struct replication *replication, struct replication_router *router,
                                struct model_flow_entry *entry);
/* What IPVS says of flows; and that it has said all for now, which goes to the peers then. */
void replication_observe_seen(void *ctx, const struct model_flow *flows, size_t count);
void replication_observe_told_all(struct replication *replication);

/* replication_foreseen.c */
LT_MUST_USE int replication_foreseen_init(struct replication *replication);
void replication_foreseen_close(struct replication *replication);
void replication_foreseen_done(struct replication *replication);
/* A rush began or ended. */
void replication_foreseen_update(struct replication *replication);
void replication_foreseen_tick(struct replication *replication);
/* IPVS's word on flows with source NAT can be completed, and connection tracking need not tell. */
bool replication_foreseen_is_alone(const struct replication *replication);
/* Adds the source to what IPVS said of a flow whose entry was made for it ('before' is NULL), or is
 * still of another one that had the client's port before. False: it was told of already, or is
 * none. */
LT_MUST_USE bool replication_foreseen_complete(struct replication *replication,
                                               const struct replication_place *place,
                                               const struct model_flow *before,
                                               struct model_flow *flow);

/* replication_compare.c */
/* All connections are compared with the kernel's, so much later. */
void replication_compare_in(struct replication *replication, int64_t delay_us);
void replication_compare_tick(struct replication *replication, int64_t now_us);

/* replication_adopt.c */
LT_MUST_USE int replication_adopt_open(struct replication *replication);
void replication_adopt_close(struct replication *replication);
/* What the kernel carries of virtual routers that are Active here is to be read, as soon as it can
 * be. */
void replication_adopt_begin(struct replication *replication);
void replication_adopt_tick(struct replication *replication);

/* replication_replica.c */
extern const struct peer_book_ops replication_replica_ops; /* without ctx */
void replication_replica_tick(struct replication *replication);
/* All of the table is to be given to the kernel again. */
void replication_replica_renew(struct replication *replication);
/* A connection that a peer still has ended here: the kernel is told of it anew. */
void replication_replica_restore(struct replication *replication, struct replication_router *router,
                                 const struct model_flow *flow);

/* replication_guard.c */
/* Makes it as it should be now. */
void replication_guard_update(struct replication *replication, int64_t now_us);
/* 'clean': removes it. */
void replication_guard_close(struct replication *replication, bool clean);

#endif
