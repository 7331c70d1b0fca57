/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/wire.h"

#include "lib/wire.h"
#include "peer/wire_flow.h"

#include <assert.h>
#include <netinet/in.h>
#include <string.h>

/* "LTLP": first in HELLO, the one thing that no version may change. */
#define MAGIC         UINT32_C(0x4c544c50)

#define CLAIM_ACTIVE  0x01
#define CLAIM_IN_STEP 0x02
#define FLOWS_SYNC    0x01

static const struct {
	const char *name, *text;
} reasons[PEER_REASON_COUNT] = {
	[PEER_REASON_OTHER] = {"other", "a reason that this version does not know"},
	[PEER_REASON_UNREACHABLE] = {"unreachable", "nobody answers there"},
	[PEER_REASON_STRANGER] = {"stranger", "the address is none of the peers'"},
	[PEER_REASON_BUSY] = {"busy", "too many connections at once that are not up yet"},
	[PEER_REASON_WRONG_KEY] = {"wrong-key", "the keys have none in common"},
	[PEER_REASON_HANDSHAKE] = {"handshake", "the TLS handshake failed"},
	[PEER_REASON_VERSION] = {"version", "it speaks another major version"},
	[PEER_REASON_MALFORMED] = {"malformed", "what it sent can't be read"},
	[PEER_REASON_TIMEOUT] = {"timeout", "nothing was heard from it for too long"},
	[PEER_REASON_CLOSED] = {"closed", "the connection was closed from there"},
	[PEER_REASON_DUPLICATE] = {"duplicate", "there is another connection to the same node"},
	[PEER_REASON_SELF] = {"self", "the address is this node's own"},
	[PEER_REASON_KEY_RETIRED] = {"key-retired", "its key is no longer accepted"},
	[PEER_REASON_REMOVED] = {"removed", "it is no peer any more"},
	[PEER_REASON_STOPPED] = {"stopped", "it stops"},
};

const char *peer_reason_name(enum peer_reason reason)
{
	return reason < PEER_REASON_COUNT ? reasons[reason].name : "?";
}

const char *peer_reason_text(enum peer_reason reason)
{
	return reason < PEER_REASON_COUNT ? reasons[reason].text : "?";
}

static bool name_char(char c)
{
	return c > ' ' && c < 0x7f;
}

bool peer_name_valid(const char *name)
{
	size_t len = strnlen(name, PEER_NAME_MAX + 1);

	for (size_t i = 0; i < len; i++)
		if (!name_char(name[i]))
			return false;
	return len > 0 && len <= PEER_NAME_MAX;
}

/* ---- writing */

static void put_name(struct wire_writer *w, const char *name)
{
	size_t len = strlen(name);

	assert(peer_name_valid(name));
	wire_put_u8(w, (uint8_t)len);
	wire_put_bytes(w, name, len);
}

static void put_hello(struct wire_writer *w, const struct peer_hello *hello)
{
	wire_put_u32(w, MAGIC);
	wire_put_u16(w, hello->major);
	wire_put_u16(w, hello->minor);
	wire_put_u32(w, hello->features);
	wire_put_u64(w, hello->boot_id);
	put_name(w, hello->node);
}

static void put_claim(struct wire_writer *w, const struct peer_claim *claim)
{
	put_name(w, claim->router);
	wire_put_u8(w, claim->virtual_router_id);
	wire_put_u8(w, (uint8_t)((claim->active ? CLAIM_ACTIVE : 0) |
	                         (claim->in_step ? CLAIM_IN_STEP : 0)));
	wire_put_u64(w, claim->epoch);
	wire_put_u64(w, claim->sequence);
	wire_put_u32(w, claim->generation);
}

/* Behind the records, where nodes of minor version 0 read no more: the tags of those of SCTP. */
static void put_tags(struct wire_writer *w, const struct peer_flows *flows)
{
	for (size_t i = 0; i < flows->count; i++) {
		const struct model_flow *flow = &flows->records[i];

		if (flow->protocol != IPPROTO_SCTP)
			continue;
		wire_put_u32(w, flow->tags[0]);
		wire_put_u32(w, flow->tags[1]);
	}
}

static void put_flows(struct wire_writer *w, const struct peer_flows *flows)
{
	assert(flows->count <= PEER_FLOWS_MAX);
	put_name(w, flows->router);
	wire_put_u64(w, flows->epoch);
	wire_put_u8(w, flows->sync ? FLOWS_SYNC : 0);
	wire_put_u64(w, flows->sequence);
	wire_put_u32(w, flows->generation);
	wire_put_u16(w, (uint16_t)flows->count);
	for (size_t i = 0; i < flows->count; i++)
		peer_wire_put_flow(w, &flows->records[i]);
	put_tags(w, flows);
}

static void put_sync(struct wire_writer *w, const struct peer_sync *sync)
{
	put_name(w, sync->router);
	wire_put_u64(w, sync->epoch);
	wire_put_u32(w, sync->generation);
	wire_put_u64(w, sync->sequence);
	wire_put_u64(w, sync->count);
}

static void put_progress(struct wire_writer *w, const struct peer_progress *progress)
{
	put_name(w, progress->router);
	wire_put_u64(w, progress->epoch);
	wire_put_u64(w, progress->sequence);
	wire_put_u64(w, progress->not_carried);
}

size_t peer_wire_encode(const struct peer_frame *frame, uint8_t buf[static PEER_WIRE_MAX])
{
	struct wire_writer w = wire_writer_make(buf, PEER_WIRE_MAX);

	wire_put_u8(&w, (uint8_t)frame->type);
	wire_put_zeroes(&w, 3);
	switch (frame->type) {
	case PEER_FRAME_HELLO:
		put_hello(&w, &frame->hello);
		break;
	case PEER_FRAME_BYE:
		wire_put_u8(&w, (uint8_t)frame->bye.reason);
		break;
	case PEER_FRAME_PING:
	case PEER_FRAME_PONG:
		wire_put_u64(&w, frame->ping.stamp_us);
		break;
	case PEER_FRAME_ROUTER:
		put_claim(&w, &frame->claim);
		break;
	case PEER_FRAME_FLOWS:
		put_flows(&w, &frame->flows);
		break;
	case PEER_FRAME_SYNC_REQUEST:
	case PEER_FRAME_SYNC_BEGIN:
	case PEER_FRAME_SYNC_END:
		put_sync(&w, &frame->sync);
		break;
	case PEER_FRAME_PROGRESS:
		put_progress(&w, &frame->progress);
		break;
	}
	assert(!w.failed);
	wire_patch_u16(&w, 2, (uint16_t)(w.pos - PEER_FRAME_HEAD));
	return w.pos;
}

/* ---- reading: false when it is malformed; that something is missing sticks to the reader */

static bool get_name(struct wire_reader *r, char name[static PEER_NAME_MAX + 1])
{
	size_t len = wire_u8(r);

	if (len > PEER_NAME_MAX)
		return false;
	wire_bytes(r, name, len);
	for (size_t i = 0; i < len; i++)
		if (!name_char(name[i]))
			return false;
	name[len] = '\0';
	return len > 0;
}

static bool get_number(struct wire_reader *r, uint64_t *ret_number)
{
	*ret_number = wire_u64(r);
	return *ret_number <= PEER_NUMBER_MAX;
}

static bool get_hello(struct wire_reader *r, struct peer_hello *hello)
{
	if (wire_u32(r) != MAGIC)
		return false;
	hello->major = wire_u16(r);
	hello->minor = wire_u16(r);
	hello->node[0] = '\0';
	hello->features = 0;
	hello->boot_id = 0;
	/* What another version says beyond this is not ours to read. */
	if (hello->major != PEER_WIRE_MAJOR)
		return true;
	hello->features = wire_u32(r);
	hello->boot_id = wire_u64(r);
	return get_name(r, hello->node);
}

static bool get_bye(struct wire_reader *r, struct peer_bye *bye)
{
	uint8_t reason = wire_u8(r);

	bye->reason = reason < PEER_REASON_COUNT ? reason : PEER_REASON_OTHER;
	return true;
}

static bool get_claim(struct wire_reader *r, struct peer_claim *claim)
{
	uint8_t flags;

	if (!get_name(r, claim->router))
		return false;
	claim->virtual_router_id = wire_u8(r);
	flags = wire_u8(r);
	claim->active = flags & CLAIM_ACTIVE;
	claim->in_step = flags & CLAIM_IN_STEP;
	if (!get_number(r, &claim->epoch) || !get_number(r, &claim->sequence))
		return false;
	claim->generation = wire_u32(r);
	return true;
}

static void get_tags(struct wire_reader *r, struct model_flow *flows, size_t count)
{
	for (size_t i = 0; i < count && wire_left(r) >= 8; i++) {
		if (flows[i].protocol != IPPROTO_SCTP)
			continue;
		flows[i].tags[0] = wire_u32(r);
		flows[i].tags[1] = wire_u32(r);
	}
}

static bool get_flows(struct wire_reader *r, struct model_flow *scratch, struct peer_flows *flows)
{
	if (!get_name(r, flows->router) || !get_number(r, &flows->epoch))
		return false;
	flows->sync = wire_u8(r) & FLOWS_SYNC;
	if (!get_number(r, &flows->sequence))
		return false;
	flows->generation = wire_u32(r);
	flows->count = wire_u16(r);
	flows->records = scratch;
	if (flows->count > PEER_FLOWS_MAX)
		return false;
	for (size_t i = 0; i < flows->count; i++)
		if (!peer_wire_get_flow(r, &scratch[i]))
			return false;
	get_tags(r, scratch, flows->count);
	return true;
}

static bool get_sync(struct wire_reader *r, struct peer_sync *sync)
{
	if (!get_name(r, sync->router) || !get_number(r, &sync->epoch))
		return false;
	sync->generation = wire_u32(r);
	return get_number(r, &sync->sequence) && get_number(r, &sync->count);
}

static bool get_progress(struct wire_reader *r, struct peer_progress *progress)
{
	return get_name(r, progress->router) && get_number(r, &progress->epoch) &&
	       get_number(r, &progress->sequence) && get_number(r, &progress->not_carried);
}

/* What is known of 'type' from the payload; PEER_WIRE_PASS when nothing is. */
static enum peer_wire_verdict read_payload(struct wire_reader *r, uint8_t type,
                                           struct model_flow *scratch, struct peer_frame *frame)
{
	bool right;

	if (type == PEER_FRAME_HELLO) {
		right = get_hello(r, &frame->hello);
	} else if (type == PEER_FRAME_BYE) {
		right = get_bye(r, &frame->bye);
	} else if (type == PEER_FRAME_PING || type == PEER_FRAME_PONG) {
		frame->ping.stamp_us = wire_u64(r);
		right = true;
	} else if (type == PEER_FRAME_ROUTER) {
		right = get_claim(r, &frame->claim);
	} else if (type == PEER_FRAME_FLOWS) {
		right = get_flows(r, scratch, &frame->flows);
	} else if (type == PEER_FRAME_SYNC_REQUEST || type == PEER_FRAME_SYNC_BEGIN ||
	           type == PEER_FRAME_SYNC_END) {
		right = get_sync(r, &frame->sync);
	} else if (type == PEER_FRAME_PROGRESS) {
		right = get_progress(r, &frame->progress);
	} else {
		return PEER_WIRE_PASS;
	}
	frame->type = type;
	return right && !r->failed ? PEER_WIRE_FRAME : PEER_WIRE_MALFORMED;
}

enum peer_wire_verdict peer_wire_next(const uint8_t *data, size_t size,
                                      struct model_flow scratch[static PEER_FLOWS_MAX],
                                      struct peer_frame *ret_frame, size_t *ret_used)
{
	struct wire_reader head = wire_reader_make(data, size), payload;
	enum peer_wire_verdict verdict;
	struct peer_frame frame;
	const uint8_t *at;
	uint32_t word = wire_u32(&head);
	size_t len = word & 0xffffff;

	if (head.failed)
		return PEER_WIRE_MORE;
	if (len > PEER_FRAME_MAX)
		return PEER_WIRE_MALFORMED;
	at = wire_view(&head, len);
	if (!at)
		return PEER_WIRE_MORE;
	payload = wire_reader_make(at, len);
	verdict = read_payload(&payload, (uint8_t)(word >> 24), scratch, &frame);
	if (verdict == PEER_WIRE_FRAME)
		*ret_frame = frame;
	if (verdict != PEER_WIRE_MALFORMED)
		*ret_used = head.pos;
	return verdict;
}
