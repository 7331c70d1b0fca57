/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/frame.h - a whole Ethernet frame around a multicast advertisement, for virtual MACs.
 *
 * Pure. RFC 9568 7.3: advertisements come from the virtual MAC while their source address is the
 * interface's own. No socket of the IP layer does that for an address which is not on the macvlan,
 * so the frame is made here. Byte order: bytes as on the wire. Standards: RFC 9568 5.1, RFC 791,
 * RFC 8200. */

#ifndef LINTEL_VRRP_FRAME_H
#define LINTEL_VRRP_FRAME_H

#include "vrrp/wire.h"

#define VRRP_FRAME_MAX (14 + 40 + VRRP_MESSAGE_MAX)

/* 00-00-5E-00-01-{VRID}, 00-00-5E-00-02-{VRID}. */
struct addr_mac vrrp_frame_virtual_mac(enum addr_family family, uint8_t virtual_router_id);

/* 'dst' is the multicast group of src's family. Returns the size. */
size_t vrrp_frame_encode(const struct addr_mac *mac, const struct addr *src, const struct addr *dst,
                         const void *message, size_t size, uint8_t buf[static VRRP_FRAME_MAX]);

#endif
