/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/book_private.h"

#include "lib/mono.h"

#include <assert.h>
#include <string.h>

/* ---- how old what is not acknowledged is */

static void mark(struct book_router *router, int64_t now_us)
{
	if (router->mark_count > 0 &&
	    router->marks[router->mark_count - 1].at_us + BOOK_MARK_US > now_us)
		return;
	if (router->mark_count == BOOK_MARKS) {
		/* Every other one of the older ones goes: it reaches back further, and is coarser
		 * there. */
		for (unsigned i = 1; i < BOOK_MARKS / 2; i++)
			router->marks[i] = router->marks[2 * i];
		router->mark_count = BOOK_MARKS / 2;
	}
	router->marks[router->mark_count++] = (struct book_mark){now_us, router->sequence};
}

/* The latest time for which all that was told by then is acknowledged. */
static int64_t level_at(const struct book_router *router, uint64_t acked, int64_t before_us)
{
	for (unsigned i = router->mark_count; i-- > 0;)
		if (router->marks[i].sequence <= acked)
			return router->marks[i].at_us;
	return before_us;
}

void book_progress(struct book_router *router, unsigned slot, const struct peer_progress *progress,
                   int64_t now_us)
{
	struct book_part *part = &router->parts[slot];

	if (!router->active || progress->epoch != router->epoch ||
	    progress->sequence > router->sequence)
		return;
	part->not_carried = progress->not_carried;
	part->acked = progress->sequence;
	part->level_us = part->acked == router->sequence
	                         ? now_us
	                         : level_at(router, part->acked, part->level_us);
}

/* ---- changes */

void book_tell_begin(struct book_router *router, int64_t now_us)
{
	router->sequence = 0;
	router->mark_count = 0;
	mark(router, now_us);
	for (unsigned slot = 0; slot < PEER_BOOK_PEERS_MAX; slot++) {
		struct book_part *part = &router->parts[slot];

		part->stream = BOOK_STREAM_NONE;
		part->acked = 0;
		part->level_us = now_us;
	}
}

/* The peer sees from the numbers that something is missing, and asks. */
static void drop(struct book_router *router, unsigned slot)
{
	router->parts[slot].stream = BOOK_STREAM_NONE;
	router->dropped++;
}

static void tell(struct peer_book *book, struct book_router *router, const struct model_flow *flows,
                 size_t count)
{
	struct peer_frame frame = {.type = PEER_FRAME_FLOWS};

	strcpy(frame.flows.router, router->name);
	frame.flows.epoch = router->epoch;
	frame.flows.sequence = router->sequence;
	frame.flows.records = flows;
	frame.flows.count = count;
	router->sequence += count;
	router->sent += count;
	for (unsigned slot = 0; slot < PEER_BOOK_PEERS_MAX; slot++) {
		if (!book->peers[slot].id || router->parts[slot].stream == BOOK_STREAM_NONE)
			continue;
		if (book->ops.send(book->ops.ctx, book->peers[slot].id, &frame))
			drop(router, slot);
	}
}

bool peer_book_publish(struct peer_book *book, const char *name, const struct model_flow *flows,
                       size_t count, int64_t now_us)
{
	struct book_router *router = book_find(book, name);

	if (!router || !router->active)
		return false;
	mark(router, now_us);
	while (count > 0) {
		size_t part = count < PEER_FLOWS_MAX ? count : PEER_FLOWS_MAX;

		tell(book, router, flows, part);
		flows += part;
		count -= part;
	}
	return true;
}

void peer_book_lost(struct peer_book *book, const char *name, int64_t now_us)
{
	struct book_router *router = book_find(book, name);

	if (!router || !router->active)
		return;
	for (unsigned slot = 0; slot < PEER_BOOK_PEERS_MAX; slot++)
		router->parts[slot].stream = BOOK_STREAM_NONE;
	/* A number that nobody gets: a gap for all. */
	router->sequence++;
	book_claim(book, router, BOOK_NOBODY, now_us);
}

/* ---- full syncs */

static int send_sync(struct peer_book *book, struct book_router *router, unsigned slot,
                     enum peer_frame_type type)
{
	const struct book_part *part = &router->parts[slot];
	struct peer_frame frame = {.type = type};

	strcpy(frame.sync.router, router->name);
	frame.sync.epoch = router->epoch;
	frame.sync.generation = part->generation;
	if (type == PEER_FRAME_SYNC_BEGIN)
		frame.sync.sequence = router->sequence;
	else
		frame.sync.count = part->dumped;
	return book->ops.send(book->ops.ctx, book->peers[slot].id, &frame);
}

void book_requested(struct peer_book *book, struct book_router *router, unsigned slot,
                    const struct peer_sync *sync, int64_t now_us)
{
	struct book_part *part = &router->parts[slot];

	if (!router->active || sync->epoch != router->epoch) {
		book_claim(book, router, slot, now_us); /* that is how things are */
		return;
	}
	part->generation = sync->generation;
	part->cursor = 0;
	part->dumped = 0;
	part->stream = BOOK_STREAM_SYNC;
	if (send_sync(book, router, slot, PEER_FRAME_SYNC_BEGIN)) {
		drop(router, slot);
		return;
	}
	book_pump(book, router, slot);
}

/* One frame of a full sync. False at its end. */
static bool dump_some(struct peer_book *book, struct book_router *router, unsigned slot)
{
	struct book_part *part = &router->parts[slot];
	struct peer_frame frame = {.type = PEER_FRAME_FLOWS};
	size_t count = book->ops.dump(book->ops.ctx, router->name, &part->cursor, book->batch,
	                              PEER_FLOWS_MAX);

	assert(count <= PEER_FLOWS_MAX);
	if (count == 0)
		return false;
	strcpy(frame.flows.router, router->name);
	frame.flows.epoch = router->epoch;
	frame.flows.sync = true;
	frame.flows.generation = part->generation;
	frame.flows.records = book->batch;
	frame.flows.count = count;
	part->dumped += count;
	if (book->ops.send(book->ops.ctx, book->peers[slot].id, &frame))
		drop(router, slot);
	return true;
}

void book_pump(struct peer_book *book, struct book_router *router, unsigned slot)
{
	struct book_part *part = &router->parts[slot];
	uint32_t peer = book->peers[slot].id;

	while (router->active && part->stream == BOOK_STREAM_SYNC) {
		if (book->ops.queued(book->ops.ctx, peer) >= PEER_BOOK_WINDOW)
			return;
		if (dump_some(book, router, slot))
			continue;
		if (send_sync(book, router, slot, PEER_FRAME_SYNC_END)) {
			drop(router, slot);
			return;
		}
		part->stream = BOOK_STREAM_LIVE;
		router->syncs_served++;
	}
}
