/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/icmp.h"

#include "lib/csum.h"
#include "lib/wire.h"

#include <string.h>

#define IPV4_HEADER_SIZE 20
#define IPV4_PROTOCOL_AT 9
#define IPV4_TARGET_AT   16
#define IPV6_HEADER_SIZE 40
#define IPV6_NEXT_AT     6
#define IPV6_TARGET_AT   24
#define ICMP_HEADER_SIZE 8
#define CHECKSUM_AT      2

/* The numbers of one family. */
struct kinds {
	uint8_t request;
	uint8_t reply;
	uint8_t unreachable;
	uint8_t protocol;
};
static const struct kinds kinds4 = {8, 0, 3, 1};
static const struct kinds kinds6 = {128, 129, 1, 58};

static const struct kinds *kinds_of(enum addr_family family)
{
	return family == ADDR_IPV6 ? &kinds6 : &kinds4;
}

void health_icmp_encode(uint8_t to[static HEALTH_ICMP_REQUEST_SIZE], enum addr_family family,
                        const struct health_icmp_echo *echo)
{
	struct wire_writer w = wire_writer_make(to, HEALTH_ICMP_REQUEST_SIZE);

	wire_put_u8(&w, kinds_of(family)->request);
	wire_put_u8(&w, 0);
	wire_put_u16(&w, 0);
	wire_put_u16(&w, echo->id);
	wire_put_u16(&w, echo->sequence);
	wire_put_u64(&w, echo->nonce);
	if (family == ADDR_IPV4)
		wire_patch_u16(&w, CHECKSUM_AT, csum_fold(csum_add(0, to, w.pos)));
}

/* The rest of an echo request or reply. */
static void read_echo(struct wire_reader *r, struct health_icmp_message *message)
{
	wire_skip(r, 2 + 1); /* checksum and code: the kernel has looked */
	message->echo.id = wire_u16(r);
	message->echo.sequence = wire_u16(r);
	message->has_nonce = !r->failed && wire_left(r) >= sizeof(message->echo.nonce);
	if (message->has_nonce)
		message->echo.nonce = wire_u64(r);
}

size_t health_icmp_skip(const uint8_t *data, size_t size)
{
	size_t header_size = size > 0 ? (size_t)(data[0] & 0x0f) * 4 : 0;

	if (header_size < IPV4_HEADER_SIZE || header_size > size || data[0] >> 4 != 4)
		return size;
	return header_size;
}

/* The packet that an error is about; skips to what follows its header. */
static bool read_inner(enum addr_family family, struct wire_reader *r, struct addr *ret_target)
{
	size_t size = family == ADDR_IPV6 ? IPV6_HEADER_SIZE : IPV4_HEADER_SIZE;
	const uint8_t *header = r->data + r->pos;

	if (r->failed || wire_left(r) < size)
		return false;
	if (family == ADDR_IPV4) {
		size = health_icmp_skip(header, wire_left(r));
		if (header[IPV4_PROTOCOL_AT] != kinds4.protocol)
			return false;
		*ret_target = addr_make(ADDR_IPV4, header + IPV4_TARGET_AT);
	} else {
		if (header[IPV6_NEXT_AT] != kinds6.protocol || header[0] >> 4 != 6)
			return false;
		*ret_target = addr_make(ADDR_IPV6, header + IPV6_TARGET_AT);
	}
	wire_skip(r, size);
	return true;
}

struct health_icmp_message health_icmp_decode(enum addr_family family, const uint8_t *data,
                                              size_t size)
{
	static const struct health_icmp_message nothing = {.kind = HEALTH_ICMP_OTHER};
	const struct kinds *kinds = kinds_of(family);
	struct wire_reader r = wire_reader_make(data, size);
	struct health_icmp_message message = nothing;
	uint8_t type = wire_u8(&r);

	if (!r.failed && type == kinds->reply) {
		message.kind = HEALTH_ICMP_REPLY;
		read_echo(&r, &message);
		return message.has_nonce ? message : nothing;
	}
	if (r.failed || type != kinds->unreachable)
		return nothing;
	wire_skip(&r, ICMP_HEADER_SIZE - 1);
	if (!read_inner(family, &r, &message.target) || wire_u8(&r) != kinds->request)
		return nothing;
	message.kind = HEALTH_ICMP_UNREACHABLE;
	read_echo(&r, &message);
	return r.failed ? nothing : message;
}
