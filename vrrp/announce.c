/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/announce.h"

#include "lib/csum.h"
#include "lib/wire.h"

#include <assert.h>

#define ETHERTYPE_ARP      0x0806
#define ETHERTYPE_IPV6     0x86dd
#define ARP_ETHERNET       1
#define ARP_IPV4           0x0800
#define ARP_REQUEST        1
#define ICMPV6_PROTOCOL    58
#define ICMPV6_NA          136
#define NA_ROUTER_OVERRIDE UINT32_C(0xa0000000)
#define NA_SIZE            32 /* of the ICMPv6 message */
#define OPTION_TARGET_MAC  2

static const struct addr_mac broadcast_mac = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
static const struct addr_mac all_nodes_mac = {{0x33, 0x33, 0, 0, 0, 1}};

static void put_ethernet(struct wire_writer *w, const struct addr_mac *to,
                         const struct addr_mac *from, uint16_t type)
{
	wire_put_bytes(w, to->bytes, sizeof(to->bytes));
	wire_put_bytes(w, from->bytes, sizeof(from->bytes));
	wire_put_u16(w, type);
}

static void put_arp(struct wire_writer *w, const struct addr *address, const struct addr_mac *mac)
{
	put_ethernet(w, &broadcast_mac, mac, ETHERTYPE_ARP);
	wire_put_u16(w, ARP_ETHERNET);
	wire_put_u16(w, ARP_IPV4);
	wire_put_u8(w, sizeof(mac->bytes));
	wire_put_u8(w, (uint8_t)addr_size(address));
	wire_put_u16(w, ARP_REQUEST);
	wire_put_bytes(w, mac->bytes, sizeof(mac->bytes));
	wire_put_bytes(w, address->bytes, addr_size(address));
	wire_put_bytes(w, broadcast_mac.bytes, sizeof(broadcast_mac.bytes));
	wire_put_bytes(w, address->bytes, addr_size(address));
}

static void put_na(struct wire_writer *w, const struct addr *address, const struct addr_mac *mac)
{
	const struct addr all_nodes =
		addr_make(ADDR_IPV6, (const uint8_t[16]){0xff, 0x02, [15] = 0x01});

	put_ethernet(w, &all_nodes_mac, mac, ETHERTYPE_IPV6);
	wire_put_u32(w, UINT32_C(6) << 28);
	wire_put_u16(w, NA_SIZE);
	wire_put_u8(w, ICMPV6_PROTOCOL);
	wire_put_u8(w, 255);
	wire_put_bytes(w, address->bytes, sizeof(address->bytes));
	wire_put_bytes(w, all_nodes.bytes, sizeof(all_nodes.bytes));

	size_t message_at = w->pos;
	wire_put_u8(w, ICMPV6_NA);
	wire_put_u8(w, 0);
	wire_put_u16(w, 0);
	wire_put_u32(w, NA_ROUTER_OVERRIDE);
	wire_put_bytes(w, address->bytes, sizeof(address->bytes));
	wire_put_u8(w, OPTION_TARGET_MAC);
	wire_put_u8(w, 1);
	wire_put_bytes(w, mac->bytes, sizeof(mac->bytes));
	uint32_t sum = csum_add_pseudo(0, address, &all_nodes, ICMPV6_PROTOCOL, NA_SIZE);
	wire_patch_u16(w, message_at + 2, csum_fold(csum_add(sum, w->data + message_at, NA_SIZE)));
}

size_t vrrp_announce_frame(const struct addr *address, const struct addr_mac *mac,
                           uint8_t buf[static VRRP_ANNOUNCE_FRAME_MAX])
{
	struct wire_writer w = wire_writer_make(buf, VRRP_ANNOUNCE_FRAME_MAX);

	if (address->family == ADDR_IPV4)
		put_arp(&w, address, mac);
	else
		put_na(&w, address, mac);
	assert(!w.failed);
	return w.pos;
}

void vrrp_announcer_start(struct vrrp_announcer *announcer, int64_t now_us,
                          const struct vrrp_announcer_params *params)
{
	announcer->params = *params;
	announcer->running = params->address_count > 0 && params->count > 0;
	if (!announcer->running)
		return;
	announcer->position %= params->address_count;
	announcer->again_done = params->again_us == 0;
	announcer->rounds_left = params->count;
	announcer->round_left = 0;
	announcer->started_us = now_us;
	announcer->due_us = now_us;
}

void vrrp_announcer_stop(struct vrrp_announcer *announcer)
{
	announcer->running = false;
	announcer->position = 0;
}

/* When the round after this one begins. */
static void schedule_round(struct vrrp_announcer *a)
{
	if (a->rounds_left > 0) {
		a->due_us = a->round_us + a->params.interval_us;
	} else if (!a->again_done) {
		a->again_done = true;
		a->rounds_left = a->params.count;
		a->due_us = a->started_us + a->params.again_us;
	} else {
		a->rounds_left = 1;
		a->due_us = a->params.refresh_us > 0 ? a->round_us + a->params.refresh_us
		                                     : TIME_NEVER;
	}
}

int64_t vrrp_announcer_deadline(const struct vrrp_announcer *announcer)
{
	if (!announcer->running)
		return TIME_NEVER;
	return announcer->due_us;
}

bool vrrp_announcer_next(struct vrrp_announcer *announcer, int64_t now_us, size_t *ret_index)
{
	struct vrrp_announcer *a = announcer;

	if (now_us < vrrp_announcer_deadline(a))
		return false;
	if (a->round_left == 0) {
		a->round_left = a->params.address_count;
		a->round_us = now_us;
	}
	*ret_index = a->position;
	a->position = (a->position + 1) % a->params.address_count;
	a->round_left--;
	if (a->round_left == 0) {
		a->rounds_left--;
		schedule_round(a);
	}
	return true;
}

/* --- pace --- */

unsigned vrrp_announce_pace_room(struct vrrp_announce_pace *pace, int64_t now_us)
{
	if (now_us < pace->free_us)
		return 0;
	if (now_us >= pace->since_us + VRRP_ANNOUNCE_PACE_US) {
		pace->since_us = now_us;
		pace->count = 0;
	}
	return VRRP_ANNOUNCE_PACE_COUNT - pace->count;
}

void vrrp_announce_pace_spend(struct vrrp_announce_pace *pace, unsigned count, int64_t began_us,
                              int64_t ended_us)
{
	int64_t rest_us = (ended_us - began_us) * VRRP_ANNOUNCE_REST_FACTOR;

	pace->count += count;
	if (pace->count < VRRP_ANNOUNCE_PACE_COUNT)
		return;
	pace->count = 0;
	pace->free_us = pace->since_us + VRRP_ANNOUNCE_PACE_US;
	if (pace->free_us < ended_us + rest_us)
		pace->free_us = ended_us + rest_us;
	pace->since_us = pace->free_us;
}

int64_t vrrp_announce_pace_deadline(const struct vrrp_announce_pace *pace)
{
	return pace->free_us;
}
