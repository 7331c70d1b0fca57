/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/receive.h - is a decoded advertisement for this virtual router, and what is odd about it.
 *
 * Pure. The part of the receive checks (RFC 9568 7.1) that needs the configuration; what can be
 * said of the bytes alone was said by vrrp/wire.h. Differences in the address list or the interval
 * are noted, never a reason to drop. */

#ifndef LINTEL_VRRP_RECEIVE_H
#define LINTEL_VRRP_RECEIVE_H

#include "vrrp/config.h"
#include "vrrp/wire.h"

/* Bits of vrrp_verdict.notes. */
enum vrrp_note {
	VRRP_NOTE_ADDRESSES = 1 << 0, /* its address list is not what we advertise */
	VRRP_NOTE_INTERVAL = 1 << 1,  /* its interval is not ours */
	/* No address in common and no peer of ours: another pair uses our VRID. Noted on packets
	 * dropped for MODEL_DROP_UNKNOWN_PEER and MODEL_DROP_MODE too. */
	VRRP_NOTE_COLLISION = 1 << 2,
	VRRP_NOTE_OWNER = 1 << 3, /* we are the owner (255), yet another speaks (erratum 8298) */
	VRRP_NOTE_LINK_LOCAL = 1 << 4, /* IPv6: the first address is not a link-local one */
	VRRP_NOTE_CHECKSUM = 1 << 5,   /* IPv4: its checksum has the form that we don't send */
	VRRP_NOTE_CLOCK = 1 << 6,      /* authentication: its clock is half a window off */
};

struct vrrp_verdict {
	bool accepted;
	enum model_vrrp_drop drop; /* unless accepted */
	unsigned notes;            /* enum vrrp_note */
};

/* 'own': the addresses of the interface (and of a macvlan of ours), to know our own packets.
 * A router without peers is multicast in both families; one with peers is unicast in both. */
struct vrrp_verdict vrrp_receive_judge(const struct vrrp_router_config *router,
                                       const struct addr *own, size_t own_count,
                                       const struct vrrp_envelope *envelope,
                                       const struct vrrp_advert *advert);

/* The VRRP group of the family: 224.0.0.18, ff02::12. */
struct addr vrrp_receive_group(enum addr_family family);

/* A note as words for a log line: "its address list is not ours". */
const char *vrrp_note_text(enum vrrp_note note);

#endif
