/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/announce.h - telling neighbours and switches where an address lives now: the frames, and
 * when to send them.
 *
 * Pure. Time: now_us, microseconds on the monotonic clock. Standards: RFC 5227 3 (an ARP request
 * for oneself, the form that Linux neighbours believe at once), RFC 4861 7.2.6, RFC 9568 6.4.
 *
 * The schedule: a burst of rounds, a second burst, then one round now and then for tables that lost
 * the address. A round is one frame for each address, so the first frame of every address goes out
 * before the second of any. Frames are paced, those of all virtual routers together, so that
 * thousands of addresses are no flood and leave time for what matters more. */

#ifndef LINTEL_VRRP_ANNOUNCE_H
#define LINTEL_VRRP_ANNOUNCE_H

#include "lib/addr.h"
#include "lib/mono.h"

#define VRRP_ANNOUNCE_ARP_SIZE    42
#define VRRP_ANNOUNCE_NA_SIZE     86
#define VRRP_ANNOUNCE_FRAME_MAX   VRRP_ANNOUNCE_NA_SIZE

/* At most so many frames in so long, and in one turn of the loop ... */
#define VRRP_ANNOUNCE_PACE_COUNT  64
#define VRRP_ANNOUNCE_PACE_US     (1 * US_PER_MS)
/* ... after which there are none for so many times as long as these took: a thread with real-time
 * priority would else leave nothing for others on its processor. */
#define VRRP_ANNOUNCE_REST_FACTOR 3

/* A whole Ethernet frame for AF_PACKET: gratuitous ARP for IPv4 (42 bytes), unsolicited neighbour
 * advertisement for IPv6 (86 bytes, router and override flags, from the address itself). 'mac' is
 * what the address is reached at. Returns the size. */
size_t vrrp_announce_frame(const struct addr *address, const struct addr_mac *mac,
                           uint8_t buf[static VRRP_ANNOUNCE_FRAME_MAX]);

struct vrrp_announcer_params {
	size_t address_count;
	unsigned count;      /* rounds of a burst */
	int64_t interval_us; /* from round to round in a burst */
	int64_t again_us;    /* from the start to the second burst, 0 = none */
	int64_t refresh_us;  /* from round to round later on, 0 = never */
};

/* Zero-initialised: stopped. Read only outside vrrp/announce.c. */
struct vrrp_announcer {
	struct vrrp_announcer_params params;
	bool running;
	bool again_done;      /* the second burst has begun, or there is none */
	unsigned rounds_left; /* of this burst, the present one included */
	size_t round_left;    /* frames still to go in this round; 0: between rounds */
	size_t position;      /* address of the next frame */
	int64_t started_us;
	int64_t round_us; /* when this round began */
	int64_t due_us;   /* next frame */
};

/* Begins the first burst at once. While running: begins it anew, going on with the address that is
 * next, so that restarting again and again starves none. */
void vrrp_announcer_start(struct vrrp_announcer *announcer, int64_t now_us,
                          const struct vrrp_announcer_params *params);
void vrrp_announcer_stop(struct vrrp_announcer *announcer);
/* When vrrp_announcer_next() has something to send; TIME_NEVER: nothing ever. */
int64_t vrrp_announcer_deadline(const struct vrrp_announcer *announcer);
/* Gives the index of one address to announce now; false: none, ask the deadline. Call it until
 * then. */
bool vrrp_announcer_next(struct vrrp_announcer *announcer, int64_t now_us, size_t *ret_index);

/* Zero-initialised: may begin at once. Read only outside vrrp/announce.c. */
struct vrrp_announce_pace {
	int64_t since_us; /* when this stretch began */
	unsigned count;   /* frames in it */
	int64_t free_us;  /* rests until then */
};

/* How many frames may be sent now. */
unsigned vrrp_announce_pace_room(struct vrrp_announce_pace *pace, int64_t now_us);
/* So many were sent in a turn of the loop, which took from 'began_us' to 'ended_us'. */
void vrrp_announce_pace_spend(struct vrrp_announce_pace *pace, unsigned count, int64_t began_us,
                              int64_t ended_us);
/* When there is room (again); in the past: now. */
int64_t vrrp_announce_pace_deadline(const struct vrrp_announce_pace *pace);

#endif
