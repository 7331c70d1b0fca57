/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/book_private.h"

#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/search.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *peer_step_name(enum peer_step step)
{
	switch (step) {
	case PEER_STEP_ALONE:
		return "alone";
	case PEER_STEP_ACTIVE:
		return "active";
	case PEER_STEP_WAITING:
		return "waiting";
	case PEER_STEP_SYNCING:
		return "syncing";
	case PEER_STEP_IN_STEP:
		return "in-step";
	case PEER_STEP_COUNT:
		break;
	}
	return "?";
}

struct peer_book *peer_book_new(const struct peer_book_ops *ops, uint64_t boot_id)
{
	struct peer_book *book = xcalloc(1, sizeof(*book));

	book->ops = *ops;
	book->boot_id = boot_id;
	return book;
}

void peer_book_free(struct peer_book *book)
{
	if (!book)
		return;
	for (size_t i = 0; i < book->router_count; i++)
		free(book->routers[i]);
	free(book->routers);
	free(book);
}

void book_enter(struct peer_book *book, struct book_router *router, enum peer_step step,
                int64_t now_us)
{
	if (router->step == step)
		return;
	router->step = step;
	router->step_us = now_us;
	router->settled = false;
	if (book->ops.changed)
		book->ops.changed(book->ops.ctx, router->name);
}

/* ---- routers */

static int compare_name(const void *item, const void *name)
{
	return strcmp((*(const struct book_router *const *)item)->name, name);
}

/* Where it is, or where it would be. */
static size_t place_of(const struct peer_book *book, const char *name)
{
	return search_place(book->routers, book->router_count, sizeof(struct book_router *), name,
	                    compare_name);
}

struct book_router *book_find(const struct peer_book *book, const char *name)
{
	size_t at = place_of(book, name);

	if (at == book->router_count || strcmp(book->routers[at]->name, name) != 0)
		return NULL;
	return book->routers[at];
}

int peer_book_add_router(struct peer_book *book, const char *name, uint8_t virtual_router_id,
                         int64_t now_us)
{
	struct book_router *router = book_find(book, name);
	size_t at;

	if (router) {
		router->virtual_router_id = virtual_router_id;
		return 0;
	}
	if (!peer_name_valid(name))
		return -EINVAL;
	if (book->router_count == PEER_BOOK_ROUTERS_MAX)
		return -ENOSPC;
	at = place_of(book, name);
	book->routers = xreallocarray(book->routers, book->router_count + 1, sizeof(router));
	memmove(&book->routers[at + 1], &book->routers[at],
	        (book->router_count - at) * sizeof(router));
	router = xcalloc(1, sizeof(*router));
	strcpy(router->name, name);
	router->virtual_router_id = virtual_router_id;
	router->source = router->former = BOOK_NOBODY;
	router->synced_us = router->raised_us = TIME_NEVER;
	router->level_us = router->step_us = now_us;
	book->routers[at] = router;
	book->router_count++;
	book_claim(book, router, BOOK_NOBODY, now_us);
	return 0;
}

void peer_book_remove_router(struct peer_book *book, const char *name, int64_t now_us)
{
	size_t at = place_of(book, name);
	struct book_router *router = book_find(book, name);

	if (!router)
		return;
	/* Others must not follow us any longer. */
	peer_book_set_active(book, name, false, now_us);
	book->router_count--;
	memmove(&book->routers[at], &book->routers[at + 1],
	        (book->router_count - at) * sizeof(router));
	free(router);
}

/* ---- claims */

void book_claim(struct peer_book *book, struct book_router *router, unsigned slot, int64_t now_us)
{
	struct peer_frame frame = {.type = PEER_FRAME_ROUTER};

	strcpy(frame.claim.router, router->name);
	frame.claim.virtual_router_id = router->virtual_router_id;
	frame.claim.active = router->active;
	frame.claim.in_step = router->step == PEER_STEP_IN_STEP;
	frame.claim.epoch = router->active ? router->epoch : router->highest;
	frame.claim.sequence = router->active ? router->sequence : 0;
	frame.claim.generation = router->generation;
	/* Who can't be told now hears it the next time. */
	for (unsigned i = 0; i < PEER_BOOK_PEERS_MAX; i++)
		if (book->peers[i].id && (slot == BOOK_NOBODY || slot == i))
			(void)book->ops.send(book->ops.ctx, book->peers[i].id, &frame);
	if (slot == BOOK_NOBODY)
		router->claimed_us = now_us;
}

/* Above all that was ever heard of. */
static void take_epoch(struct peer_book *book, struct book_router *router, int64_t now_us)
{
	if (router->highest < PEER_NUMBER_MAX)
		router->highest++;
	router->epoch = router->highest;
	book_tell_begin(router, now_us);
	book_claim(book, router, BOOK_NOBODY, now_us);
}

void peer_book_set_active(struct peer_book *book, const char *name, bool active, int64_t now_us)
{
	struct book_router *router = book_find(book, name);

	if (!router || router->active == active)
		return;
	router->active = active;
	router->raised_us = TIME_NEVER;
	router->former = active ? router->source : BOOK_NOBODY;
	router->former_epoch = router->source_epoch;
	router->former_until_us = now_us + PEER_BOOK_LATE_US;
	if (active)
		take_epoch(book, router, now_us);
	else
		book_claim(book, router, BOOK_NOBODY, now_us);
	book_choose(book, router, now_us);
}

/* A Backup knows of a higher epoch than ours, which nobody uses any more. While another Active
 * does, VRRP settles it; and two that only share a Backup must not outbid each other without end.
 */
static bool is_outlived(const struct book_router *router, const struct peer_claim *claim,
                        int64_t now_us)
{
	if (!router->active || claim->active || claim->epoch <= router->epoch)
		return false;
	for (unsigned i = 0; i < PEER_BOOK_PEERS_MAX; i++)
		if (router->parts[i].active && router->parts[i].epoch > router->epoch)
			return false;
	return router->raised_us == TIME_NEVER || router->raised_us + PEER_BOOK_RAISE_US <= now_us;
}

static void heard_claim(struct peer_book *book, struct book_router *router, unsigned slot,
                        const struct peer_claim *claim, int64_t now_us)
{
	struct book_part *part = &router->parts[slot];

	if (claim->virtual_router_id != router->virtual_router_id) {
		router->mismatches++;
		part->heard = false;
		part->active = false;
		part->stream = BOOK_STREAM_NONE;
		book_choose(book, router, now_us);
		return;
	}
	part->heard = true;
	part->active = claim->active;
	part->in_step = claim->in_step;
	part->epoch = claim->epoch;
	if (claim->epoch > router->highest)
		router->highest = claim->epoch;
	if (is_outlived(router, claim, now_us)) {
		router->raised_us = now_us;
		take_epoch(book, router, now_us);
	}
	book_choose(book, router, now_us);
	if (router->source == slot)
		book_compare(book, router, claim->sequence, now_us);
}

/* ---- peers */

static unsigned slot_of(const struct peer_book *book, uint32_t peer)
{
	unsigned slot = 0;

	while (slot < PEER_BOOK_PEERS_MAX && book->peers[slot].id != peer)
		slot++;
	return slot;
}

void peer_book_up(struct peer_book *book, uint32_t peer, const struct peer_hello *hello,
                  int64_t now_us)
{
	unsigned slot = slot_of(book, 0);

	/* The channel has no more peers than this. */
	if (slot == BOOK_NOBODY || peer == 0 || slot_of(book, peer) != BOOK_NOBODY)
		return;
	book->peers[slot].id = peer;
	book->peers[slot].boot_id = hello->boot_id;
	strcpy(book->peers[slot].node, hello->node);
	for (size_t i = 0; i < book->router_count; i++) {
		struct book_router *router = book->routers[i];

		router->parts[slot] = (struct book_part){.level_us = now_us};
		book_claim(book, router, slot, now_us);
	}
}

void peer_book_down(struct peer_book *book, uint32_t peer, int64_t now_us)
{
	unsigned slot = slot_of(book, peer);

	if (slot == BOOK_NOBODY || peer == 0)
		return;
	book->peers[slot].id = 0;
	for (size_t i = 0; i < book->router_count; i++) {
		struct book_router *router = book->routers[i];

		memset(&router->parts[slot], 0, sizeof(router->parts[slot]));
		if (router->former == slot)
			router->former = BOOK_NOBODY;
		book_choose(book, router, now_us);
	}
}

/* The router's name stands first in each of those that are about one. */
static const char *router_of(const struct peer_frame *frame)
{
	switch (frame->type) {
	case PEER_FRAME_ROUTER:
		return frame->claim.router;
	case PEER_FRAME_FLOWS:
		return frame->flows.router;
	case PEER_FRAME_SYNC_REQUEST:
	case PEER_FRAME_SYNC_BEGIN:
	case PEER_FRAME_SYNC_END:
		return frame->sync.router;
	case PEER_FRAME_PROGRESS:
		return frame->progress.router;
	case PEER_FRAME_HELLO:
	case PEER_FRAME_BYE:
	case PEER_FRAME_PING:
	case PEER_FRAME_PONG:
		break;
	}
	return NULL;
}

void peer_book_frame(struct peer_book *book, uint32_t peer, const struct peer_frame *frame,
                     int64_t now_us)
{
	const char *name = router_of(frame);
	struct book_router *router = name ? book_find(book, name) : NULL;
	unsigned slot = peer ? slot_of(book, peer) : BOOK_NOBODY;

	if (!router || slot == BOOK_NOBODY)
		return;
	switch (frame->type) {
	case PEER_FRAME_ROUTER:
		heard_claim(book, router, slot, &frame->claim, now_us);
		break;
	case PEER_FRAME_FLOWS:
		book_flows(book, router, slot, &frame->flows, now_us);
		break;
	case PEER_FRAME_SYNC_REQUEST:
		book_requested(book, router, slot, &frame->sync, now_us);
		break;
	case PEER_FRAME_SYNC_BEGIN:
		book_sync_begin(book, router, slot, &frame->sync, now_us);
		break;
	case PEER_FRAME_SYNC_END:
		book_sync_end(book, router, slot, &frame->sync, now_us);
		break;
	case PEER_FRAME_PROGRESS:
		book_progress(router, slot, &frame->progress, now_us);
		break;
	case PEER_FRAME_HELLO:
	case PEER_FRAME_BYE:
	case PEER_FRAME_PING:
	case PEER_FRAME_PONG:
		break;
	}
}

void peer_book_pump(struct peer_book *book, uint32_t peer)
{
	unsigned slot = peer ? slot_of(book, peer) : BOOK_NOBODY;

	for (size_t i = 0; slot != BOOK_NOBODY && i < book->router_count; i++)
		book_pump(book, book->routers[i], slot);
}

/* ---- time */

static int64_t settle_at(const struct book_router *router)
{
	if (router->step != PEER_STEP_ALONE || router->settled)
		return TIME_NEVER;
	return router->step_us + PEER_BOOK_ALONE_US;
}

void peer_book_tick(struct peer_book *book, int64_t now_us)
{
	for (size_t i = 0; i < book->router_count; i++) {
		struct book_router *router = book->routers[i];

		if (router->claimed_us + PEER_BOOK_CLAIM_US <= now_us)
			book_claim(book, router, BOOK_NOBODY, now_us);
		book_follow_tick(book, router, now_us);
		if (settle_at(router) <= now_us) {
			router->settled = true;
			if (book->ops.changed)
				book->ops.changed(book->ops.ctx, router->name);
		}
	}
	for (unsigned slot = 0; slot < PEER_BOOK_PEERS_MAX; slot++)
		peer_book_pump(book, book->peers[slot].id);
}

int64_t peer_book_deadline(const struct peer_book *book)
{
	int64_t at_us = TIME_NEVER;

	for (size_t i = 0; i < book->router_count; i++) {
		const struct book_router *router = book->routers[i];
		int64_t follow_us = book_follow_deadline(router);

		if (router->claimed_us + PEER_BOOK_CLAIM_US < at_us)
			at_us = router->claimed_us + PEER_BOOK_CLAIM_US;
		if (follow_us < at_us)
			at_us = follow_us;
		if (settle_at(router) < at_us)
			at_us = settle_at(router);
	}
	return at_us;
}
