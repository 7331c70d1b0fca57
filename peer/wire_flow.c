/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/wire_flow.h"

#include <string.h>

/* The kind of a record: the low four bits are two numbers. */
#define KIND_STATE(kind)      ((kind)&3u)
#define KIND_FORWARDING(kind) ((kind) >> 2 & 3u)
#define KIND_TEMPLATE         0x10u
#define KIND_MARK             0x20u
#define KIND_SOURCE           0x40u /* address, port or both */
#define KIND_IPVS_PORT        0x80u /* another one than the virtual port */

/* Numbers and four addresses of the longest. */
#define RECORD_MAX            96

/* Two bits for each address. */
enum { FAMILY_NONE, FAMILY_IPV4, FAMILY_IPV6 };

static unsigned family_bits(const struct addr *a)
{
	if (a->family == ADDR_IPV4)
		return FAMILY_IPV4;
	return a->family == ADDR_IPV6 ? FAMILY_IPV6 : FAMILY_NONE;
}

static uint8_t *put_u16(uint8_t *at, uint16_t v)
{
	at[0] = (uint8_t)(v >> 8);
	at[1] = (uint8_t)v;
	return at + 2;
}

static uint8_t *put_u32(uint8_t *at, uint32_t v)
{
	return put_u16(put_u16(at, (uint16_t)(v >> 16)), (uint16_t)v);
}

static uint8_t *put_addr(uint8_t *at, const struct addr *a)
{
	size_t size = addr_size(a);

	memcpy(at, a->bytes, sizeof(a->bytes)); /* what is too much is overwritten */
	return at + size;
}

/* Room for the longest is taken first, and what is left of it given back: so there is one question
 * whether it fits, not one for each field. */
void peer_wire_put_flow(struct wire_writer *w, const struct model_flow *flow)
{
	unsigned kind = KIND_STATE(flow->state) | (flow->forwarding & 3u) << 2;
	uint8_t *record = wire_room(w, RECORD_MAX), *at = record;

	if (!record)
		return;
	if (flow->template)
		kind |= KIND_TEMPLATE;
	if (flow->mark)
		kind |= KIND_MARK;
	if (flow->source.family != ADDR_NONE || flow->source_port)
		kind |= KIND_SOURCE;
	if (flow->ipvs_port != flow->virtual_port)
		kind |= KIND_IPVS_PORT;
	*at++ = (uint8_t)kind;
	*at++ = (uint8_t)(family_bits(&flow->client) | family_bits(&flow->virtual) << 2 |
	                  family_bits(&flow->server) << 4 | family_bits(&flow->source) << 6);
	*at++ = flow->protocol;
	at = put_u32(at, flow->timeout_s);
	at = put_u16(at, flow->client_port);
	at = put_u16(at, flow->virtual_port);
	at = put_u16(at, flow->server_port);
	at = put_addr(at, &flow->client);
	at = put_addr(at, &flow->virtual);
	at = put_addr(at, &flow->server);
	if (kind & KIND_IPVS_PORT)
		at = put_u16(at, flow->ipvs_port);
	if (kind & KIND_MARK)
		at = put_u32(at, flow->mark);
	if (kind & KIND_SOURCE) {
		at = put_u16(at, flow->source_port);
		at = put_addr(at, &flow->source);
	}
	w->pos -= (size_t)(record + RECORD_MAX - at);
}

/* What is cut off shows in the reader; false for a family that there is not. */
static bool get_addr(struct wire_reader *r, unsigned family, struct addr *ret_addr)
{
	memset(ret_addr, 0, sizeof(*ret_addr));
	switch (family) {
	case FAMILY_NONE:
		return true;
	case FAMILY_IPV4:
		ret_addr->family = ADDR_IPV4;
		wire_bytes(r, ret_addr->bytes, 4);
		return true;
	case FAMILY_IPV6:
		ret_addr->family = ADDR_IPV6;
		wire_bytes(r, ret_addr->bytes, 16);
		return true;
	}
	return false;
}

bool peer_wire_get_flow(struct wire_reader *r, struct model_flow *ret_flow)
{
	struct model_flow *flow = ret_flow;
	unsigned kind = wire_u8(r);
	unsigned families = wire_u8(r);

	memset(flow, 0, sizeof(*flow));
	flow->state = KIND_STATE(kind);
	flow->forwarding = KIND_FORWARDING(kind);
	flow->template = kind & KIND_TEMPLATE;
	if (flow->forwarding > MODEL_FORWARD_TUNNEL)
		return false;
	flow->protocol = wire_u8(r);
	flow->timeout_s = wire_u32(r);
	flow->client_port = wire_u16(r);
	flow->virtual_port = wire_u16(r);
	flow->server_port = wire_u16(r);
	if (!get_addr(r, families & 3, &flow->client) ||
	    !get_addr(r, families >> 2 & 3, &flow->virtual) ||
	    !get_addr(r, families >> 4 & 3, &flow->server))
		return false;
	flow->ipvs_port = kind & KIND_IPVS_PORT ? wire_u16(r) : flow->virtual_port;
	if (kind & KIND_MARK)
		flow->mark = wire_u32(r);
	/* A family without the address would not come back the same. */
	if (!(kind & KIND_SOURCE))
		return families >> 6 == FAMILY_NONE;
	flow->source_port = wire_u16(r);
	return get_addr(r, families >> 6, &flow->source);
}
