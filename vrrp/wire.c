/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/wire.h"

#include "lib/csum.h"
#include "lib/wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define VERSION       3
#define TYPE_ADVERT   1
#define HEADER_SIZE   8
#define CHECKSUM_AT   6
#define INTERVAL_MASK 0x0fff
#define INTERVAL_MAX  0x0fff

static bool sums_up(const void *data, size_t size, const struct addr *src, const struct addr *dst)
{
	uint32_t sum = 0;

	if (dst)
		sum = csum_add_pseudo(sum, src, dst, VRRP_PROTOCOL, (uint32_t)size);
	return csum_fold(csum_add(sum, data, size)) == 0;
}

/* 5.2.8. Over IPv4 three forms are about: the message alone (RFC 9568), with a pseudo-header (RFC
 * 5798 as keepalived and FRR read it), and with the group in the pseudo-header although the packet
 * was sent to a peer (FRR, old keepalived). */
static bool checksum_holds(const void *data, size_t size, const struct vrrp_envelope *envelope,
                           bool *ret_pseudo_header)
{
	const struct addr group = addr_make(ADDR_IPV4, (const uint8_t[]){224, 0, 0, 18});

	*ret_pseudo_header = true;
	if (sums_up(data, size, &envelope->src, &envelope->dst))
		return true;
	if (envelope->src.family != ADDR_IPV4)
		return false;
	if (sums_up(data, size, &envelope->src, &group))
		return true;
	*ret_pseudo_header = false;
	return sums_up(data, size, NULL, NULL);
}

static int drop(enum model_vrrp_drop reason, enum model_vrrp_drop *ret_drop)
{
	*ret_drop = reason;
	return -EBADMSG;
}

int vrrp_wire_decode(const void *data, size_t size, const struct vrrp_envelope *envelope,
                     struct vrrp_advert *ret_advert, enum model_vrrp_drop *ret_drop)
{
	struct wire_reader r = wire_reader_make(data, size);
	size_t address_size = addr_size(&envelope->src);
	uint8_t bytes[16];

	if (envelope->ttl != 255)
		return drop(MODEL_DROP_TTL, ret_drop);

	uint8_t version_type = wire_u8(&r);
	uint8_t virtual_router_id = wire_u8(&r);
	uint8_t priority = wire_u8(&r);
	uint8_t count = wire_u8(&r);
	uint16_t interval_cs = wire_u16(&r) & INTERVAL_MASK;
	wire_skip(&r, 2);

	/* An empty packet has no version to be wrong. */
	if (size > 0 && version_type >> 4 != VERSION)
		return drop(MODEL_DROP_VERSION, ret_drop);
	if (size > 0 && (version_type & 0x0f) != TYPE_ADVERT)
		return drop(MODEL_DROP_TYPE, ret_drop);
	if (r.failed || wire_left(&r) < count * address_size)
		return drop(MODEL_DROP_LENGTH, ret_drop);

	/* What follows the last address (a trailer of someone's own) may be summed or not. */
	size_t message_size = HEADER_SIZE + count * address_size;
	bool pseudo_header;
	if (!checksum_holds(data, message_size, envelope, &pseudo_header) &&
	    !(size > message_size && checksum_holds(data, size, envelope, &pseudo_header)))
		return drop(MODEL_DROP_CHECKSUM, ret_drop);
	if (virtual_router_id == 0)
		return drop(MODEL_DROP_VRID, ret_drop);
	if (count == 0)
		return drop(MODEL_DROP_ADDRESS_COUNT, ret_drop);
	if (interval_cs == 0)
		return drop(MODEL_DROP_INTERVAL, ret_drop);

	ret_advert->virtual_router_id = virtual_router_id;
	ret_advert->priority = priority;
	ret_advert->interval_us = interval_cs * (int64_t)VRRP_INTERVAL_STEP_US;
	ret_advert->address_count = count;
	ret_advert->message_size = message_size;
	ret_advert->pseudo_header = pseudo_header;
	for (size_t i = 0; i < count; i++) {
		wire_bytes(&r, bytes, address_size);
		ret_advert->addresses[i] = addr_make(envelope->src.family, bytes);
	}
	return 0;
}

static uint16_t to_centiseconds(int64_t interval_us)
{
	int64_t cs = interval_us / VRRP_INTERVAL_STEP_US;

	if (cs < 1)
		return 1;
	return cs > INTERVAL_MAX ? INTERVAL_MAX : (uint16_t)cs;
}

size_t vrrp_wire_encode(const struct vrrp_advert *advert, const struct addr *src,
                        const struct addr *dst, enum model_checksum checksum,
                        uint8_t buf[static VRRP_MESSAGE_MAX])
{
	struct wire_writer w = wire_writer_make(buf, VRRP_MESSAGE_MAX);
	uint32_t sum = 0;

	assert(advert->address_count > 0);
	wire_put_u8(&w, VERSION << 4 | TYPE_ADVERT);
	wire_put_u8(&w, advert->virtual_router_id);
	wire_put_u8(&w, advert->priority);
	wire_put_u8(&w, advert->address_count);
	wire_put_u16(&w, to_centiseconds(advert->interval_us));
	wire_put_u16(&w, 0);
	for (size_t i = 0; i < advert->address_count; i++) {
		assert(advert->addresses[i].family == src->family);
		wire_put_bytes(&w, advert->addresses[i].bytes, addr_size(src));
	}
	assert(!w.failed);

	if (src->family == ADDR_IPV6 || checksum == MODEL_CHECKSUM_PSEUDO_HEADER)
		sum = csum_add_pseudo(sum, src, dst, VRRP_PROTOCOL, (uint32_t)w.pos);
	wire_patch_u16(&w, CHECKSUM_AT, csum_fold(csum_add(sum, buf, w.pos)));
	return w.pos;
}

size_t vrrp_wire_append(uint8_t buf[static VRRP_MESSAGE_MAX], size_t message_size,
                        const void *trailer, size_t size, const struct addr *src,
                        const struct addr *dst)
{
	size_t total = message_size + size;
	struct wire_writer w = wire_writer_make(buf, VRRP_MESSAGE_MAX);

	assert(total <= VRRP_MESSAGE_MAX);
	memcpy(buf + message_size, trailer, size);
	if (src->family != ADDR_IPV6)
		return total;
	w.pos = total;
	wire_patch_u16(&w, CHECKSUM_AT, 0);
	uint32_t sum = csum_add_pseudo(0, src, dst, VRRP_PROTOCOL, (uint32_t)total);
	wire_patch_u16(&w, CHECKSUM_AT, csum_fold(csum_add(sum, buf, total)));
	return total;
}
