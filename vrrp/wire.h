/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/wire.h - VRRPv3 advertisements: bytes to values and back.
 *
 * Pure. Standard: RFC 9568 5.1, 5.2, 7.1 with errata 8299 and 8301. Centiseconds exist only in
 * here: outside intervals are microseconds. The IPv6 checksum is the kernel's work (IPV6_CHECKSUM),
 * yet it is checked here too. */

#ifndef LINTEL_VRRP_WIRE_H
#define LINTEL_VRRP_WIRE_H

#include "lib/addr.h"
#include "model/object.h"
#include "model/status.h"

#define VRRP_PROTOCOL         112 /* IP protocol, IPv6 next header */
#define VRRP_ADDRESSES_MAX    255
#define VRRP_TRAILER_MAX      32 /* bytes behind the addresses */
#define VRRP_MESSAGE_MAX      (8 + 16 * VRRP_ADDRESSES_MAX + VRRP_TRAILER_MAX)
#define VRRP_INTERVAL_STEP_US 10000

struct vrrp_advert {
	uint8_t virtual_router_id;
	uint8_t priority;      /* 0: the sender resigns */
	int64_t interval_us;   /* Max Advertise Interval, 10 ms..40.95 s */
	uint8_t address_count; /* 1..255 */
	struct addr addresses[VRRP_ADDRESSES_MAX];
	size_t message_size; /* decode: bytes of the message; what follows is not of RFC 9568 */
	bool pseudo_header;  /* decode: the checksum was made with a pseudo-header (always so for
	                        IPv6) */
};

/* What came around the message. */
struct vrrp_envelope {
	struct addr src, dst;
	uint8_t ttl; /* TTL or hop limit as received */
};

/* Decodes a VRRP message ('data' begins after the IP header; trailing padding already cut by total
 * length). Checks 1-5 and 7 of the receive order; the VRID, own-packet, peer and mode checks belong
 * to vrrp/receive.h. On a drop '*ret_drop' says why and -EBADMSG is returned; '*ret_advert' is then
 * untouched. */
LT_MUST_USE int vrrp_wire_decode(const void *data, size_t size,
                                 const struct vrrp_envelope *envelope,
                                 struct vrrp_advert *ret_advert, enum model_vrrp_drop *ret_drop);

/* Puts 'size' bytes behind a message as vrrp_wire_encode() made it. Over IPv6 the kernel's checksum
 * covers all there is, so it is made anew. Returns the size. */
size_t vrrp_wire_append(uint8_t buf[static VRRP_MESSAGE_MAX], size_t message_size,
                        const void *trailer, size_t size, const struct addr *src,
                        const struct addr *dst);

/* Encodes into 'buf'; returns the size. The checksum is complete for src and dst ('checksum'
 * chooses the IPv4 form). 'advert' must hold 1..255 addresses of src's family. */
size_t vrrp_wire_encode(const struct vrrp_advert *advert, const struct addr *src,
                        const struct addr *dst, enum model_checksum checksum,
                        uint8_t buf[static VRRP_MESSAGE_MAX]);

#endif
