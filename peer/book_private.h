/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/book_private.h - what the parts of peer/book.h share.
 *
 * Pure. book.c: routers, peers, claims; book_follow.c: the side that is told; book_tell.c: the side
 * that tells; book_status.c: what people see. */

#ifndef LINTEL_PEER_BOOK_PRIVATE_H
#define LINTEL_PEER_BOOK_PRIVATE_H

#include "peer/book.h"

#define BOOK_NOBODY  PEER_BOOK_PEERS_MAX /* no slot */
#define BOOK_MARKS   16                  /* how old a lag is, is known for so many marks */
#define BOOK_MARK_US 100000              /* ... that are so far apart */

struct book_peer {
	uint32_t id; /* the channel's; 0: the slot is free */
	uint64_t boot_id;
	char node[PEER_NAME_MAX + 1];
};

/* How a peer that follows us is served. */
enum book_stream {
	BOOK_STREAM_NONE, /* it must ask for a full sync */
	BOOK_STREAM_SYNC, /* gets one, and every change */
	BOOK_STREAM_LIVE, /* gets every change */
};

/* A peer's part in a router; index: the peer's slot. */
struct book_part {
	bool heard; /* it made a claim */
	bool active, in_step;
	uint64_t epoch;
	uint64_t not_carried;
	/* we are Active */
	enum book_stream stream;
	uint32_t generation; /* of its full sync */
	uint64_t cursor;     /* of the dump */
	uint64_t dumped;     /* records of it */
	uint64_t acked;      /* its next number */
	int64_t level_us;    /* it had all of it then, or was not there, or we were not Active */
};

/* "At this time the next number was this one." */
struct book_mark {
	int64_t at_us;
	uint64_t sequence;
};

struct book_router {
	char name[PEER_NAME_MAX + 1];
	uint8_t virtual_router_id;
	bool active;
	uint64_t epoch;   /* ours, while Active */
	uint64_t highest; /* ever heard of, or taken */
	struct book_part parts[PEER_BOOK_PEERS_MAX];
	int64_t claimed_us; /* we last said what we are */
	int64_t raised_us;  /* Active: took a higher epoch for a Backup's word; TIME_NEVER: not yet
	                     */
	enum peer_step step;
	int64_t step_us; /* it is so since then */
	bool settled;    /* ALONE: for so long that nobody is waited for any more */
	/* Active */
	uint64_t sequence; /* number of the next record */
	unsigned former;   /* slot that was followed until then, or BOOK_NOBODY */
	uint64_t former_epoch;
	int64_t former_until_us;            /* so long it is listened to */
	struct book_mark marks[BOOK_MARKS]; /* oldest first */
	unsigned mark_count;
	/* Backup */
	unsigned source; /* slot that is followed, or BOOK_NOBODY */
	uint64_t source_epoch;
	uint32_t generation;
	uint64_t expected;     /* number of the next record */
	uint64_t known;        /* ... that the source has told of */
	uint64_t sync_records; /* of the full sync under way */
	int64_t asked_us;      /* for the full sync */
	int64_t moved_us;      /* the full sync went on */
	int64_t level_us;      /* last word that nothing is missing */
	int64_t synced_us;
	uint64_t reported; /* PROGRESS said so */
	int64_t reported_us;
	/* counters */
	uint64_t syncs, syncs_served, sent, received, late, refused, gaps, dropped, mismatches;
	uint64_t not_carried, not_carried_reported;
};

struct peer_book {
	struct peer_book_ops ops;
	uint64_t boot_id;
	struct book_peer peers[PEER_BOOK_PEERS_MAX];
	struct book_router **routers; /* owned, in order of names */
	size_t router_count;
	struct model_flow batch[PEER_FLOWS_MAX]; /* for dumps */
};

struct book_router *book_find(const struct peer_book *book, const char *name);
/* Changes the step, and tells. */
void book_enter(struct peer_book *book, struct book_router *router, enum peer_step step,
                int64_t now_us);
/* Says what we are: to everybody (BOOK_NOBODY), or to one. */
void book_claim(struct peer_book *book, struct book_router *router, unsigned slot, int64_t now_us);

/* book_follow.c */
/* Decides anew whom to follow, after anything that matters for it. */
void book_choose(struct peer_book *book, struct book_router *router, int64_t now_us);
/* The source said how far it is. */
void book_compare(struct peer_book *book, struct book_router *router, uint64_t sequence,
                  int64_t now_us);
void book_flows(struct peer_book *book, struct book_router *router, unsigned slot,
                const struct peer_flows *flows, int64_t now_us);
void book_sync_begin(struct peer_book *book, struct book_router *router, unsigned slot,
                     const struct peer_sync *sync, int64_t now_us);
void book_sync_end(struct peer_book *book, struct book_router *router, unsigned slot,
                   const struct peer_sync *sync, int64_t now_us);
void book_follow_tick(struct peer_book *book, struct book_router *router, int64_t now_us);
int64_t book_follow_deadline(const struct book_router *router);

/* book_tell.c */
/* A new epoch begins: nobody is told until he asks. */
void book_tell_begin(struct book_router *router, int64_t now_us);
void book_requested(struct peer_book *book, struct book_router *router, unsigned slot,
                    const struct peer_sync *sync, int64_t now_us);
void book_progress(struct book_router *router, unsigned slot, const struct peer_progress *progress,
                   int64_t now_us);
void book_pump(struct peer_book *book, struct book_router *router, unsigned slot);

#endif
