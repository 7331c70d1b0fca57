/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What another node sends: peer/wire.c, wire_flow.c, and the book behind them. The input is a
 * stream of frames, as after the handshake; each is also given to the book of a Backup, then of an
 * Active, as from one of two peers.
 * Laws: what decodes is encoded and decodes to the same; nothing beyond the frame is used; what is
 * malformed leaves the results alone; an Active is told nothing. */

#include "peer/book.h"
#include "peer/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static void check_flows(const struct peer_flows *a, const struct peer_flows *b)
{
	must(a->count == b->count && a->epoch == b->epoch && a->sequence == b->sequence);
	must(a->sync == b->sync && a->generation == b->generation);
	for (size_t i = 0; i < a->count; i++) {
		must(model_flow_equal(&a->records[i], &b->records[i]));
		must(a->records[i].state < MODEL_FLOW_STATE_COUNT);
	}
}

static void check_round_trip(const struct peer_frame *frame)
{
	static uint8_t bytes[PEER_WIRE_MAX], twice[PEER_WIRE_MAX];
	static struct model_flow scratch[PEER_FLOWS_MAX];
	struct peer_frame again;
	size_t used, size;

	/* Of another version nothing but that is read. */
	if (frame->type == PEER_FRAME_HELLO && frame->hello.major != PEER_WIRE_MAJOR) {
		must(frame->hello.node[0] == '\0');
		return;
	}
	size = peer_wire_encode(frame, bytes);
	must(peer_wire_next(bytes, size, scratch, &again, &used) == PEER_WIRE_FRAME);
	must(used == size && again.type == frame->type);
	if (frame->type == PEER_FRAME_FLOWS)
		check_flows(&frame->flows, &again.flows);
	must(peer_wire_encode(&again, twice) == size && memcmp(bytes, twice, size) == 0);
}

/* ---- a book that is told all of it */

struct reader {
	bool active;
	unsigned sent;
};

static int op_send(void *ctx, uint32_t peer, const struct peer_frame *frame)
{
	struct reader *reader = ctx;

	must(peer == 1 || peer == 2);
	check_round_trip(frame);
	/* Now and then there is no room. */
	return ++reader->sent % 5 == 0 ? -EAGAIN : 0;
}

static size_t op_queued(void *ctx, uint32_t peer)
{
	return 0;
}

static void op_apply(void *ctx, const char *router, uint32_t generation,
                     const struct model_flow *flows, size_t count)
{
	must(!((struct reader *)ctx)->active);
	must(count > 0 && count <= PEER_FLOWS_MAX && generation > 0);
}

static void op_sweep(void *ctx, const char *router, uint32_t generation)
{
	must(!((struct reader *)ctx)->active);
}

static size_t op_dump(void *ctx, const char *router, uint64_t *cursor, struct model_flow *ret_flows,
                      size_t max)
{
	if ((*cursor)++ > 2)
		return 0;
	memset(ret_flows, 0, sizeof(*ret_flows));
	return 1;
}

static void try_stream(const uint8_t *data, size_t size, bool active)
{
	static struct model_flow scratch[PEER_FLOWS_MAX];
	struct reader reader = {.active = active};
	struct peer_book_ops ops = {.ctx = &reader,
	                            .send = op_send,
	                            .queued = op_queued,
	                            .apply = op_apply,
	                            .sweep = op_sweep,
	                            .dump = op_dump};
	struct peer_hello hello = {.major = PEER_WIRE_MAJOR, .boot_id = 8, .node = "b"};
	struct peer_book *book = peer_book_new(&ops, 7);
	struct peer_book_status status;
	int64_t now_us = 1000000;

	must(peer_book_add_router(book, "front", 51, now_us) == 0);
	peer_book_up(book, 1, &hello, now_us);
	peer_book_up(book, 2, &hello, now_us);
	peer_book_set_active(book, "front", active, now_us);
	for (;;) {
		struct peer_frame frame, untouched;
		size_t used = 0;
		enum peer_wire_verdict verdict;

		memset(&frame, 0x5a, sizeof(frame));
		memcpy(&untouched, &frame, sizeof(frame));
		verdict = peer_wire_next(data, size, scratch, &frame, &used);
		if (verdict != PEER_WIRE_FRAME)
			must(memcmp(&frame, &untouched, sizeof(frame)) == 0);
		if (verdict == PEER_WIRE_MORE || verdict == PEER_WIRE_MALFORMED) {
			must(used == 0);
			break;
		}
		must(used >= PEER_FRAME_HEAD && used <= size && used <= PEER_WIRE_MAX);
		if (verdict == PEER_WIRE_FRAME) {
			check_round_trip(&frame);
			if (frame.type == PEER_FRAME_HELLO)
				(void)peer_session_judge(&hello, &frame.hello);
			peer_book_frame(book, 1 + data[1] % 2, &frame, now_us);
		}
		data += used;
		size -= used;
		now_us += 300000;
		peer_book_tick(book, now_us);
		must(peer_book_deadline(book) > now_us);
		must(peer_book_status(book, "front", now_us, &status));
		must(active == (status.step == PEER_STEP_ACTIVE));
		must(status.epoch <= PEER_NUMBER_MAX && status.lag_us >= 0);
	}
	peer_book_free(book);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_stream(data, size, false);
	try_stream(data, size, true);
	return 0;
}
