/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/socket.h - the sockets of the VRRP thread: advertisements in and out, frames out.
 *
 * I/O. One receiver for each interface and family, shared by all its virtual routers; three senders
 * for everything. Nothing here allocates once a receiver is open, and no call waits. Byte order:
 * addresses as bytes, everything else host. Sources: Linux net/ipv4/raw.c, net/ipv6/raw.c,
 * net/packet/af_packet.c; RFC 9568 5.1. */

#ifndef LINTEL_VRRP_SOCKET_H
#define LINTEL_VRRP_SOCKET_H

#include "lib/loop.h"
#include "vrrp/announce.h"
#include "vrrp/wire.h"

#include <net/if.h>

/* Packets taken from one receiver in one turn at most; what is left waits for the next turn. */
#define VRRP_SOCKET_TURN_MAX  256
/* ... and when a verdict on silence depends on having heard all: more than a full receive buffer
 * holds, so a flood can't keep us here. */
#define VRRP_SOCKET_DRAIN_MAX 4096

struct vrrp_receiver {
	struct loop_fd fd;
	struct vrrp_sockets *sockets;
	struct vrrp_receiver *next;
	int link_index;
	enum addr_family family;
	unsigned users;
	uint64_t drained_turn; /* the turn in which it was read to the end */
	uint64_t strangers;    /* packets with a VRID that nobody has here */
	void *routers[256];    /* by VRID: the instance that listens here, NULL */
};

struct vrrp_sockets {
	struct loop *loop;
	int send4, send6; /* raw, protocol 112; receive nothing */
	int packet;       /* AF_PACKET, sends whole frames */
	struct vrrp_receiver *receivers;
	void *buffers;              /* one burst of packets */
	struct vrrp_frames *frames; /* that wait to go out together */
	/* An IP packet of protocol 112 with 'size' bytes behind the header, for the one in
	 * receiver->routers whose VRID it claims. Must not join or leave. */
	void (*received)(void *ctx, void *router, const struct vrrp_envelope *envelope,
	                 const void *data, size_t size);
	void (*settled)(void *ctx); /* after the packets of one turn */
	void *ctx;
};

/* 0 or -errno (-EPERM: no CAP_NET_RAW). A kernel without IPv6 is no failure. */
LT_MUST_USE int vrrp_sockets_open(struct vrrp_sockets *sockets, struct loop *loop);
void vrrp_sockets_close(struct vrrp_sockets *sockets);

/* The receiver of that interface and family, opened when it is the first use: bound to the device,
 * member of the VRRP group. */
LT_MUST_USE int vrrp_sockets_join(struct vrrp_sockets *sockets, const char *interface,
                                  int link_index, enum addr_family family,
                                  struct vrrp_receiver **ret_receiver);
/* Gives back what join gave; NULL accepted. Closed with the last user. */
void vrrp_sockets_leave(struct vrrp_sockets *sockets, struct vrrp_receiver *receiver);
/* Reads what has arrived, at most VRRP_SOCKET_DRAIN_MAX packets; a second call with the same 'turn'
 * does nothing. NULL accepted. */
void vrrp_receiver_drain(struct vrrp_receiver *receiver, uint64_t turn);

/* Sends a VRRP message with TTL 255 from 'src'. A multicast or link-local destination goes out of
 * 'link_index', others where the routes lead. 0 or -errno. */
LT_MUST_USE int vrrp_sockets_send(struct vrrp_sockets *sockets, int link_index,
                                  const struct addr *src, const struct addr *dst, const void *data,
                                  size_t size);
/* Sends a whole Ethernet frame. 0 or -errno. */
LT_MUST_USE int vrrp_sockets_send_frame(struct vrrp_sockets *sockets, int link_index,
                                        const void *frame, size_t size);
/* The same for a frame of an announcement, which goes out with others: at the latest with
 * vrrp_sockets_flush(). Returns how many went out now. */
unsigned vrrp_sockets_queue_frame(struct vrrp_sockets *sockets, int link_index, const void *frame,
                                  size_t size);
/* Returns how many went out; those that could not are gone. */
unsigned vrrp_sockets_flush(struct vrrp_sockets *sockets);

/* --- among vrrp/socket*.c --- */

void vrrp_frames_prepare(struct vrrp_sockets *sockets);

#endif
