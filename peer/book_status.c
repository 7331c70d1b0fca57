/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/book_private.h"

#include "lib/mono.h"

#include <string.h>

/* The Active repeats what it is once a second: less than three of them is no lag. */
#define QUIET_US (3 * PEER_BOOK_CLAIM_US)

void peer_book_not_carried(struct peer_book *book, const char *name, uint64_t count)
{
	struct book_router *router = book_find(book, name);

	if (router && router->not_carried + count <= PEER_NUMBER_MAX)
		router->not_carried += count;
}

enum peer_step peer_book_step(const struct peer_book *book, const char *name)
{
	const struct book_router *router = book_find(book, name);

	return router ? router->step : PEER_STEP_ALONE;
}

bool peer_book_in_step(const struct peer_book *book, const char *name)
{
	const struct book_router *router = book_find(book, name);

	if (!router)
		return true;
	switch (router->step) {
	case PEER_STEP_ALONE:
		return router->settled;
	case PEER_STEP_ACTIVE:
	case PEER_STEP_IN_STEP:
		return true;
	case PEER_STEP_WAITING:
	case PEER_STEP_SYNCING:
	case PEER_STEP_COUNT:
		break;
	}
	return false;
}

static void tell_peer(const struct peer_book *book, const struct book_router *router, unsigned slot,
                      int64_t now_us, struct peer_book_peer_status *ret_status)
{
	const struct book_part *part = &router->parts[slot];

	ret_status->peer = book->peers[slot].id;
	strcpy(ret_status->node, book->peers[slot].node);
	ret_status->active = part->active;
	ret_status->in_step = part->in_step;
	ret_status->epoch = part->epoch;
	ret_status->not_carried = part->not_carried;
	ret_status->told = router->active && part->stream != BOOK_STREAM_NONE;
	if (!router->active)
		return;
	ret_status->lag_records = router->sequence - part->acked;
	if (ret_status->lag_records > 0 || part->stream != BOOK_STREAM_LIVE)
		ret_status->lag_us = now_us - part->level_us;
}

static void tell_lag(const struct book_router *router, int64_t now_us,
                     struct peer_book_status *ret_status)
{
	int64_t since_us = now_us - router->level_us;

	if (router->source == BOOK_NOBODY)
		return;
	if (router->known > router->expected)
		ret_status->lag_records = router->known - router->expected;
	if (router->step != PEER_STEP_IN_STEP || ret_status->lag_records > 0 || since_us > QUIET_US)
		ret_status->lag_us = since_us;
}

bool peer_book_status(const struct peer_book *book, const char *name, int64_t now_us,
                      struct peer_book_status *ret_status)
{
	const struct book_router *router = book_find(book, name);
	struct peer_book_status status = {.peer_count = 0};

	if (!router)
		return false;
	status.step = router->step;
	status.highest_epoch = router->highest;
	status.epoch = router->active ? router->epoch : router->source_epoch;
	if (router->source != BOOK_NOBODY)
		strcpy(status.source, book->peers[router->source].node);
	status.synced_us = router->synced_us;
	status.generation = router->generation;
	status.syncs = router->syncs;
	status.syncs_served = router->syncs_served;
	status.sent = router->sent;
	status.received = router->received;
	status.late = router->late;
	status.refused = router->refused;
	status.gaps = router->gaps;
	status.dropped = router->dropped;
	status.mismatches = router->mismatches;
	status.not_carried = router->not_carried;
	tell_lag(router, now_us, &status);
	for (unsigned slot = 0; slot < PEER_BOOK_PEERS_MAX; slot++) {
		if (book->peers[slot].id && router->parts[slot].heard)
			tell_peer(book, router, slot, now_us, &status.peers[status.peer_count++]);
	}
	*ret_status = status;
	return true;
}
