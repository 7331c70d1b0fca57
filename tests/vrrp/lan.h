/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/vrrp/lan.h - state machines on a simulated LAN, in virtual time.
 *
 * Pure. Advertisements travel as bytes: what a node says is encoded, and decoded by whoever hears
 * it. Links may lose, delay and be cut; a node may stall, as a process does that is not scheduled:
 * then packets wait for it, and are read before its deadlines when it wakes, as a thread reads its
 * sockets first. The same seed gives the same run. */

#ifndef LINTEL_TESTS_VRRP_LAN_H
#define LINTEL_TESTS_VRRP_LAN_H

#include "lib/text.h"
#include "vrrp/fsm.h"
#include "vrrp/wire.h"

#define LAN_NODES_MAX   8
#define LAN_PACKETS_MAX 4096
#define LAN_LINKS_MAX   4

struct lan_node {
	char name[8];
	struct vrrp_fsm fsm;
	bool ipv4, ipv6; /* families it speaks */
	int64_t stalled_until_us;
	int64_t owns_since_us; /* the addresses are in place; TIME_NEVER: not wanted */
	int64_t said_us;       /* last advertisement */
	unsigned announced;    /* times that announcing began */
};

struct lan_packet {
	int64_t at_us;
	unsigned from, to, link;
	struct vrrp_envelope envelope;
	size_t size;
	uint8_t bytes[64];
};

struct lan {
	int64_t now_us;
	struct lan_node nodes[LAN_NODES_MAX];
	unsigned node_count;
	struct lan_packet packets[LAN_PACKETS_MAX]; /* under way, in no order */
	unsigned packet_count;
	bool cut[LAN_NODES_MAX][LAN_NODES_MAX]; /* from, to */
	/* Sync groups: networks that each node is on, one for each member of the group; 0: one. Of
	 * two nodes, the one with the lower address on the first has the higher one elsewhere. */
	unsigned link_count;
	bool cut_link[LAN_LINKS_MAX][LAN_NODES_MAX][LAN_NODES_MAX]; /* besides 'cut' */
	bool deaf4;                        /* IPv4 advertisements get lost, all of them */
	unsigned lose_next[LAN_NODES_MAX]; /* so many of a node's packets */
	unsigned loss_percent;
	int64_t delay_min_us, delay_max_us;
	int64_t take_us; /* from TAKE until the addresses are in place */
	uint64_t random;
	struct text *transcript; /* NULL: none is kept */
	bool show_adverts;       /* the regular ones, too */
	/* After each event, unless NULL. */
	void (*check)(struct lan *lan, void *ctx);
	void *check_ctx;
};

void lan_init(struct lan *lan, uint64_t seed);
/* 0..limit-1 */
unsigned lan_random(struct lan *lan, unsigned limit);
/* A node with the next addresses (10.0.0.1, fe80::1 for the first) in the families it is to serve;
 * 'params' local addresses are filled in, for all links. */
unsigned lan_add(struct lan *lan, const char *name, const struct vrrp_fsm_params *params, bool ipv4,
                 bool ipv6);
struct lan_node *lan_find(struct lan *lan, const char *name);
void lan_cut(struct lan *lan, unsigned a, unsigned b, bool cut);
/* Cuts the node off from all others, or joins it again. */
void lan_isolate(struct lan *lan, unsigned node, bool cut);
void lan_whole(struct lan *lan);
/* Carries out what a machine wants. For calls to the machine of a node from outside. */
void lan_carry_out(struct lan *lan, struct lan_node *node, const struct vrrp_effects *effects);
/* Time passes; everything up to and including 'until_us' happens. */
void lan_run(struct lan *lan, int64_t until_us);

unsigned lan_count_active(const struct lan *lan);
unsigned lan_count_owners(const struct lan *lan);

/* Tests that play many seeds play some in each process: one costs a sanitizer a tenth of a second.
 * An environment variable named 'only' gives one seed that is to be played alone. */
#define LAN_SEEDS_A_TEST 20
int lan_tests(const char *only, unsigned seeds); /* of a loop, for so many seeds */
/* The seeds of the test with this index. */
void lan_play(const char *only, int index, void (*play)(unsigned seed));

#endif
