/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/book_private.h"

#include "lib/mono.h"

#include <string.h>

/* ---- whom to follow */

static unsigned best_claim(const struct peer_book *book, const struct book_router *router)
{
	unsigned best = BOOK_NOBODY;

	for (unsigned slot = 0; slot < PEER_BOOK_PEERS_MAX; slot++) {
		const struct book_part *part = &router->parts[slot], *other = &router->parts[best];

		if (!book->peers[slot].id || !part->heard || !part->active)
			continue;
		/* What is left of a former Active, or one that has yet to hear of us. */
		if (part->epoch < router->highest)
			continue;
		if (best == BOOK_NOBODY || part->epoch > other->epoch ||
		    book->peers[slot].boot_id > book->peers[best].boot_id)
			best = slot;
	}
	return best;
}

static void ask(struct peer_book *book, struct book_router *router, int64_t now_us)
{
	struct peer_frame frame = {.type = PEER_FRAME_SYNC_REQUEST};

	/* Another one each time, so that what is left of an earlier one is not taken for it. */
	router->generation++;
	router->asked_us = now_us;
	strcpy(frame.sync.router, router->name);
	frame.sync.epoch = router->source_epoch;
	frame.sync.generation = router->generation;
	(void)book->ops.send(book->ops.ctx, book->peers[router->source].id, &frame);
	book_enter(book, router, PEER_STEP_WAITING, now_us);
}

void book_choose(struct peer_book *book, struct book_router *router, int64_t now_us)
{
	unsigned source = router->active ? BOOK_NOBODY : best_claim(book, router);
	uint64_t epoch = source == BOOK_NOBODY ? 0 : router->parts[source].epoch;

	if (source == BOOK_NOBODY) {
		/* What is known stays, for a takeover. */
		router->source = BOOK_NOBODY;
		book_enter(book, router, router->active ? PEER_STEP_ACTIVE : PEER_STEP_ALONE,
		           now_us);
		return;
	}
	if (source == router->source && epoch == router->source_epoch)
		return;
	router->source = source;
	router->source_epoch = epoch;
	router->expected = router->known = router->reported = 0;
	router->not_carried_reported = 0;
	router->level_us = now_us;
	ask(book, router, now_us);
}

/* ---- what it tells */

static bool is_source(struct book_router *router, unsigned slot, uint64_t epoch)
{
	return !router->active && slot == router->source && epoch == router->source_epoch;
}

static bool is_late(const struct book_router *router, unsigned slot, uint64_t epoch, int64_t now_us)
{
	return router->active && slot == router->former && epoch == router->former_epoch &&
	       now_us < router->former_until_us;
}

static void gap(struct peer_book *book, struct book_router *router, int64_t now_us)
{
	router->gaps++;
	ask(book, router, now_us);
}

void book_compare(struct peer_book *book, struct book_router *router, uint64_t sequence,
                  int64_t now_us)
{
	if (sequence > router->known)
		router->known = sequence;
	if (router->step == PEER_STEP_IN_STEP && sequence == router->expected)
		router->level_us = now_us;
	/* It comes behind all that was told before: what is missing will not come. */
	else if (router->step == PEER_STEP_SYNCING || router->step == PEER_STEP_IN_STEP) {
		if (sequence != router->expected)
			gap(book, router, now_us);
	}
}

void book_flows(struct peer_book *book, struct book_router *router, unsigned slot,
                const struct peer_flows *flows, int64_t now_us)
{
	if (is_late(router, slot, flows->epoch, now_us)) {
		router->late += flows->count;
		if (flows->count > 0 && book->ops.late)
			book->ops.late(book->ops.ctx, router->name, flows->records, flows->count);
		return;
	}
	bool stray = flows->sync &&
	             (router->step != PEER_STEP_SYNCING || flows->generation != router->generation);

	if (!is_source(router, slot, flows->epoch) || stray) {
		router->refused += flows->count;
		return;
	}
	/* Each record is whole: to know it is better than not, even behind a gap. */
	router->received += flows->count;
	if (flows->count > 0)
		book->ops.apply(book->ops.ctx, router->name, router->generation, flows->records,
		                flows->count);
	/* The call may have changed what we are. */
	if (!is_source(router, slot, flows->epoch))
		return;
	if (flows->sync) {
		router->sync_records += flows->count;
		router->moved_us = now_us;
		return;
	}
	if (flows->sequence + flows->count > router->known)
		router->known = flows->sequence + flows->count;
	if (router->step == PEER_STEP_WAITING)
		return;
	if (flows->sequence != router->expected) {
		gap(book, router, now_us);
		return;
	}
	router->expected += flows->count;
	if (router->step == PEER_STEP_IN_STEP)
		router->level_us = now_us;
}

void book_sync_begin(struct peer_book *book, struct book_router *router, unsigned slot,
                     const struct peer_sync *sync, int64_t now_us)
{
	if (!is_source(router, slot, sync->epoch) || router->step != PEER_STEP_WAITING ||
	    sync->generation != router->generation)
		return;
	router->expected = sync->sequence;
	if (sync->sequence > router->known)
		router->known = sync->sequence;
	router->sync_records = 0;
	router->moved_us = now_us;
	book_enter(book, router, PEER_STEP_SYNCING, now_us);
}

static void report(struct peer_book *book, struct book_router *router, int64_t now_us)
{
	struct peer_frame frame = {.type = PEER_FRAME_PROGRESS};

	strcpy(frame.progress.router, router->name);
	frame.progress.epoch = router->source_epoch;
	frame.progress.sequence = router->expected;
	frame.progress.not_carried = router->not_carried;
	router->reported_us = now_us;
	if (book->ops.send(book->ops.ctx, book->peers[router->source].id, &frame))
		return;
	router->reported = router->expected;
	router->not_carried_reported = router->not_carried;
}

void book_sync_end(struct peer_book *book, struct book_router *router, unsigned slot,
                   const struct peer_sync *sync, int64_t now_us)
{
	if (!is_source(router, slot, sync->epoch) || router->step != PEER_STEP_SYNCING ||
	    sync->generation != router->generation)
		return;
	if (sync->count != router->sync_records) {
		gap(book, router, now_us);
		return;
	}
	router->syncs++;
	router->synced_us = router->level_us = now_us;
	book->ops.sweep(book->ops.ctx, router->name, router->generation);
	if (!is_source(router, slot, sync->epoch))
		return;
	book_enter(book, router, PEER_STEP_IN_STEP, now_us);
	report(book, router, now_us);
	/* The Active shows it; the others need not wait for it, either. */
	book_claim(book, router, BOOK_NOBODY, now_us);
}

/* ---- time */

static bool has_news(const struct book_router *router)
{
	return router->reported != router->expected ||
	       router->not_carried_reported != router->not_carried;
}

void book_follow_tick(struct peer_book *book, struct book_router *router, int64_t now_us)
{
	if (book_follow_deadline(router) > now_us)
		return;
	if (router->step == PEER_STEP_IN_STEP)
		report(book, router, now_us);
	else
		ask(book, router, now_us);
}

int64_t book_follow_deadline(const struct book_router *router)
{
	if (router->source == BOOK_NOBODY)
		return TIME_NEVER;
	switch (router->step) {
	case PEER_STEP_WAITING:
		return router->asked_us + PEER_BOOK_ANSWER_US;
	case PEER_STEP_SYNCING:
		return router->moved_us + PEER_BOOK_STALL_US;
	case PEER_STEP_IN_STEP:
		return has_news(router) ? router->reported_us + PEER_BOOK_PROGRESS_US : TIME_NEVER;
	case PEER_STEP_ALONE:
	case PEER_STEP_ACTIVE:
	case PEER_STEP_COUNT:
		break;
	}
	return TIME_NEVER;
}
