/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/book.h - who may say what about which virtual router's connections, and who knows how much.
 *
 * Pure: it acts only through the calls it was given. Time: now_us, microseconds on the monotonic
 * clock. The rules, for each virtual router by itself:
 *
 * - Who becomes Active takes an epoch above all it ever heard of. Records are believed only from
 *   the peer that claims Active with the highest epoch, if that epoch is not below the highest ever
 *   heard of; and never while we are Active ourselves. So neither a former Active that reports the
 *   end of connections which live on elsewhere, nor what it still had under way, does harm.
 * - An Active that hears a Backup name a higher epoch than its own takes a yet higher one. (It was
 *   started anew and did not know, or another one was Active for a while and gave way.) An equal
 *   one of two Actives is settled by VRRP; meanwhile others follow the higher boot id.
 * - A Backup asks the Active it follows for a full sync; meanwhile it is told of each change, too.
 *   Records have numbers: a gap (the Active dropped some because we were slow) asks anew. At the
 *   end of a full sync what it did not name is forgotten.
 * - Nothing is forgotten when the Active is lost: what is known by then is there for a takeover.
 * - What the former Active had still under way when we took over from it comes late: for a while
 *   it is offered to ops->late, which takes what is new and nothing else.
 *
 * Use: open a peer/channel.h, give its events to the book (peer_book_up, _down, _frame, _pump for
 * 'writable'), tell it what VRRP does (peer_book_set_active) and what connections do
 * (peer_book_publish), call peer_book_tick() at peer_book_deadline(); let ops->send be
 * peer_channel_send(), ops->apply put records into a table and the kernel, ops->dump walk that
 * table. While records of a router are in the kernel only by the way of a table, a full sync that
 * is under way and a change at the same time can't contradict each other. */

#ifndef LINTEL_PEER_BOOK_H
#define LINTEL_PEER_BOOK_H

#include "peer/wire.h"

#define PEER_BOOK_PEERS_MAX   32
#define PEER_BOOK_ROUTERS_MAX 256
#define PEER_BOOK_CLAIM_US    1000000      /* so often a node says what it is for each router */
#define PEER_BOOK_PROGRESS_US 200000       /* ... how far it came, if it came further */
#define PEER_BOOK_ANSWER_US   3000000      /* a full sync begins, or is asked for again */
#define PEER_BOOK_STALL_US    15000000     /* ... goes on, or is asked for again */
#define PEER_BOOK_RAISE_US    10000000     /* between two higher epochs of one Active */
#define PEER_BOOK_ALONE_US    10000000     /* nobody claims to be Active: then nobody will */
#define PEER_BOOK_LATE_US     5000000      /* of the former Active, after we took over */
#define PEER_BOOK_WINDOW      (256 * 1024) /* bytes of a full sync that wait in a peer's buffer */

struct peer_book_ops {
	void *ctx;
	/* 0, or -errno: the peer's buffer is full, or it is gone; the book sees to that. */
	int (*send)(void *ctx, uint32_t peer, const struct peer_frame *frame);
	/* Bytes that wait to be sent to the peer. */
	size_t (*queued)(void *ctx, uint32_t peer);
	/* Believe these: add, change, or forget (MODEL_FLOW_GONE). What is known of a flow is to
	 * be marked with the generation. */
	void (*apply)(void *ctx, const char *router, uint32_t generation,
	              const struct model_flow *flows, size_t count);
	/* We are Active, and the one before us tells what it still knew: of these none is GONE in
	 * earnest, and what is known here is newer. May be NULL. */
	void (*late)(void *ctx, const char *router, const struct model_flow *flows, size_t count);
	/* A full sync is complete: forget the router's flows of other generations. */
	void (*sweep)(void *ctx, const char *router, uint32_t generation);
	/* The next flows of the router, 'max' at most, none of them GONE. '*cursor' is 0 at first;
	 * the walk must meet each flow that is there from its beginning to its end. 0 and only 0
	 * ends it. */
	size_t (*dump)(void *ctx, const char *router, uint64_t *cursor,
	               struct model_flow *ret_flows, size_t max);
	/* peer_book_step() or peer_book_in_step() say something else; may be NULL. */
	void (*changed)(void *ctx, const char *router);
};

/* How a router's connections are known here. */
enum peer_step {
	PEER_STEP_ALONE,   /* no peer claims to be Active, nor are we: nothing to be in step with */
	PEER_STEP_ACTIVE,  /* we are */
	PEER_STEP_WAITING, /* a full sync was asked for */
	PEER_STEP_SYNCING, /* ... is under way */
	PEER_STEP_IN_STEP,
	PEER_STEP_COUNT,
};
const char *peer_step_name(enum peer_step step); /* "in-step" */

struct peer_book;

/* 'ops' is copied. 'boot_id': as in our HELLO. */
struct peer_book *peer_book_new(const struct peer_book_ops *ops, uint64_t boot_id);
void peer_book_free(struct peer_book *book); /* NULL accepted */

/* A virtual router of ours, not Active; another ID replaces that of a known one. Names must be
 * peer_name_valid(). -ENOSPC beyond PEER_BOOK_ROUTERS_MAX, -EINVAL for the name. */
LT_MUST_USE int peer_book_add_router(struct peer_book *book, const char *router,
                                     uint8_t virtual_router_id, int64_t now_us);
void peer_book_remove_router(struct peer_book *book, const char *router, int64_t now_us);
/* VRRP made us Active, or no longer. Unknown routers: nothing. */
void peer_book_set_active(struct peer_book *book, const char *router, bool active, int64_t now_us);

/* The channel's events; 'peer' is its number for this session. */
void peer_book_up(struct peer_book *book, uint32_t peer, const struct peer_hello *hello,
                  int64_t now_us);
void peer_book_down(struct peer_book *book, uint32_t peer, int64_t now_us);
void peer_book_frame(struct peer_book *book, uint32_t peer, const struct peer_frame *frame,
                     int64_t now_us);
/* Goes on with full syncs to this peer as far as its buffer may be filled. */
void peer_book_pump(struct peer_book *book, uint32_t peer);
void peer_book_tick(struct peer_book *book, int64_t now_us);
int64_t peer_book_deadline(const struct peer_book *book);

/* What our connections did: to everybody who keeps step. Any number at once; order is kept. False
 * when we are not Active for the router: then it is not ours to tell, and nothing was sent. */
bool peer_book_publish(struct peer_book *book, const char *router, const struct model_flow *flows,
                       size_t count, int64_t now_us);
/* So many records that were applied are of no use here (the kernel refused them). */
void peer_book_not_carried(struct peer_book *book, const char *router, uint64_t count);
/* What we told is not all that was (the kernel lost events): everybody is to sync anew. */
void peer_book_lost(struct peer_book *book, const char *router, int64_t now_us);

enum peer_step peer_book_step(const struct peer_book *book, const char *router);
/* May we preempt, as far as connections go? Not while another is Active and we are behind; nor
 * before it had PEER_BOOK_ALONE_US to tell us that it is. An Active that has no channel (another
 * product, another version) is not waited for any longer. ops->changed tells of this, too. */
bool peer_book_in_step(const struct peer_book *book, const char *router);

/* A peer's part in a router. */
struct peer_book_peer_status {
	uint32_t peer;
	char node[PEER_NAME_MAX + 1];
	bool active;
	bool in_step; /* as it says */
	bool told;    /* we are Active and it gets every change */
	uint64_t epoch;
	uint64_t lag_records; /* we are Active: of this epoch, and not acknowledged */
	int64_t lag_us;       /* ... the oldest of them is about so old */
	uint64_t not_carried; /* as it says */
};
struct peer_book_status {
	enum peer_step step;
	uint64_t epoch;                 /* of the present or the last Active */
	uint64_t highest_epoch;         /* ever heard of */
	char source[PEER_NAME_MAX + 1]; /* node that we follow, "" */
	int64_t synced_us;              /* end of the last full sync; TIME_NEVER: none yet */
	uint32_t generation;            /* of the present or the last full sync */
	uint64_t syncs;                 /* full syncs completed here */
	uint64_t syncs_served;          /* ... given to others */
	uint64_t lag_records; /* Backup: known to be missing; of a gap, until the full sync */
	int64_t lag_us;       /* Backup: so long ago it last knew all, or it had word of it */
	uint64_t sent;        /* records told, once however many hear it */
	uint64_t received;    /* records believed */
	uint64_t late;        /* ... and those of the former Active after we took over */
	uint64_t refused;     /* records not believed: not of the Active, or of an old epoch */
	uint64_t gaps;        /* each cost a full sync */
	uint64_t dropped;     /* times that a peer was too slow for what we told */
	uint64_t mismatches;  /* claims with another virtual router ID */
	uint64_t not_carried;
	struct peer_book_peer_status peers[PEER_BOOK_PEERS_MAX];
	size_t peer_count; /* of them that said something about the router */
};
/* False when there is no such router. */
bool peer_book_status(const struct peer_book *book, const char *router, int64_t now_us,
                      struct peer_book_status *ret_status);

#endif
