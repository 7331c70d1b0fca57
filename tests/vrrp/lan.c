/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/vrrp/lan.h"

#include "lib/mono.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VRID 51

void lan_init(struct lan *lan, uint64_t seed)
{
	memset(lan, 0, sizeof(*lan));
	lan->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	lan->delay_min_us = lan->delay_max_us = US_PER_MS;
}

unsigned lan_random(struct lan *lan, unsigned limit)
{
	lan->random ^= lan->random << 13;
	lan->random ^= lan->random >> 7;
	lan->random ^= lan->random << 17;
	return (unsigned)(lan->random >> 16) % limit;
}

unsigned lan_add(struct lan *lan, const char *name, const struct vrrp_fsm_params *params, bool ipv4,
                 bool ipv6)
{
	unsigned index = lan->node_count++;
	struct lan_node *node = &lan->nodes[index];
	struct vrrp_fsm_params p = *params;

	ck_assert_uint_lt(index, LAN_NODES_MAX);
	snprintf(node->name, sizeof(node->name), "%s", name);
	node->ipv4 = ipv4;
	node->ipv6 = ipv6;
	memset(p.sources, 0, sizeof(p.sources));
	for (unsigned link = 0; link < (lan->link_count ? lan->link_count : 1); link++) {
		uint8_t last = (uint8_t)(link == 0 ? index + 1 : LAN_NODES_MAX - index);

		if (ipv4)
			p.sources[link].local4 =
				addr_make(ADDR_IPV4, (const uint8_t[]){10, (uint8_t)link, 0, last});
		if (ipv6)
			p.sources[link].local6 = addr_make(
				ADDR_IPV6,
				(const uint8_t[16]){0xfe, 0x80, [14] = (uint8_t)link, [15] = last});
	}
	vrrp_fsm_init(&node->fsm, &p, lan->now_us);
	node->stalled_until_us = INT64_MIN;
	node->owns_since_us = TIME_NEVER;
	return index;
}

struct lan_node *lan_find(struct lan *lan, const char *name)
{
	for (unsigned i = 0; i < lan->node_count; i++)
		if (strcmp(lan->nodes[i].name, name) == 0)
			return &lan->nodes[i];
	ck_abort_msg("no node %s", name);
}

void lan_cut(struct lan *lan, unsigned a, unsigned b, bool cut)
{
	lan->cut[a][b] = lan->cut[b][a] = cut;
}

void lan_isolate(struct lan *lan, unsigned node, bool cut)
{
	for (unsigned i = 0; i < lan->node_count; i++)
		lan_cut(lan, node, i, cut);
}

void lan_whole(struct lan *lan)
{
	memset(lan->cut, 0, sizeof(lan->cut));
	memset(lan->cut_link, 0, sizeof(lan->cut_link));
	memset(lan->lose_next, 0, sizeof(lan->lose_next));
	lan->loss_percent = 0;
	lan->deaf4 = false;
}

unsigned lan_count_active(const struct lan *lan)
{
	unsigned count = 0;

	for (unsigned i = 0; i < lan->node_count; i++)
		count += lan->nodes[i].fsm.state == MODEL_ROUTER_ACTIVE;
	return count;
}

unsigned lan_count_owners(const struct lan *lan)
{
	unsigned count = 0;

	for (unsigned i = 0; i < lan->node_count; i++)
		count += lan->nodes[i].owns_since_us <= lan->now_us;
	return count;
}

/* ---- sending */

static void post(struct lan *lan, unsigned from, unsigned to, unsigned link, const struct addr *src,
                 const struct vrrp_advert *advert)
{
	struct lan_packet *packet;
	struct addr group;

	if (lan->cut[from][to] || lan->cut_link[link][from][to] ||
	    (lan->deaf4 && src->family == ADDR_IPV4))
		return;
	if (lan->loss_percent > 0 && lan_random(lan, 100) < lan->loss_percent)
		return;
	ck_assert_msg(lan->packet_count < LAN_PACKETS_MAX, "an advertisement storm");
	group = src->family == ADDR_IPV4
	                ? addr_make(ADDR_IPV4, (const uint8_t[]){224, 0, 0, 18})
	                : addr_make(ADDR_IPV6, (const uint8_t[16]){0xff, 0x02, [15] = 0x12});
	packet = &lan->packets[lan->packet_count++];
	packet->at_us = lan->now_us + lan->delay_min_us;
	if (lan->delay_max_us > lan->delay_min_us)
		packet->at_us +=
			lan_random(lan, (unsigned)(lan->delay_max_us - lan->delay_min_us) + 1);
	packet->from = from;
	packet->to = to;
	packet->link = link;
	packet->envelope = (struct vrrp_envelope){.src = *src, .dst = group, .ttl = 255};
	uint8_t buf[VRRP_MESSAGE_MAX];
	packet->size = vrrp_wire_encode(advert, src, &group, MODEL_CHECKSUM_PSEUDO_HEADER, buf);
	memcpy(packet->bytes, buf, packet->size);
}

static void advertise(struct lan *lan, struct lan_node *node, uint8_t priority)
{
	unsigned from = (unsigned)(node - lan->nodes);
	struct vrrp_advert advert = {.virtual_router_id = VRID,
	                             .priority = priority,
	                             .interval_us = node->fsm.params.advert_interval_us,
	                             .address_count = 1};

	node->said_us = lan->now_us;
	if (lan->lose_next[from] > 0) {
		lan->lose_next[from]--;
		return;
	}
	unsigned link_count = lan->link_count ? lan->link_count : 1;
	for (unsigned i = 0; i < lan->node_count * link_count; i++) {
		unsigned to = i / link_count, link = i % link_count;
		const struct lan_node *hearer = &lan->nodes[to];
		const struct vrrp_sources *sources = &node->fsm.params.sources[link];

		if (to == from)
			continue;
		advert.addresses[0] = addr_make(ADDR_IPV4, (const uint8_t[]){10, 0, 0, 100});
		if (node->ipv4 && hearer->ipv4)
			post(lan, from, to, link, &sources->local4, &advert);
		advert.addresses[0] =
			addr_make(ADDR_IPV6, (const uint8_t[16]){0xfe, 0x80, [15] = 100});
		if (node->ipv6 && hearer->ipv6)
			post(lan, from, to, link, &sources->local6, &advert);
	}
}

/* Short, and not those for people: those may be reworded. */
static const char *reason_word(enum model_router_reason reason)
{
	static const char *const words[MODEL_REASON_COUNT] = {
		[MODEL_REASON_STARTUP] = "startup",
		[MODEL_REASON_OWNER] = "owner",
		[MODEL_REASON_ACTIVE_DOWN] = "active-down",
		[MODEL_REASON_RESIGNED] = "resigned",
		[MODEL_REASON_PREEMPTED] = "preempted",
		[MODEL_REASON_HIGHER_PRIORITY] = "higher-priority",
		[MODEL_REASON_HIGHER_ADDRESS] = "higher-address",
		[MODEL_REASON_HANDED_OVER] = "handed-over",
		[MODEL_REASON_SHUTDOWN] = "shutdown",
		[MODEL_REASON_INTERFACE_DOWN] = "interface-down",
		[MODEL_REASON_LATE] = "late",
		[MODEL_REASON_SUSPENDED] = "suspended",
		[MODEL_REASON_RECONFIGURED] = "reconfigured",
		[MODEL_REASON_WITHDRAWN] = "withdrawn",
		[MODEL_REASON_SYNC_GROUP] = "sync-group",
	};

	return words[reason];
}

static void tell(struct lan *lan, const struct lan_node *node, const struct vrrp_effect *effect)
{
	struct text *t = lan->transcript;
	char peer[ADDR_TEXT_SIZE];

	text_printf(t, "| %8.3f %s ", (double)lan->now_us / US_PER_S, node->name);
	switch (effect->kind) {
	case VRRP_EFFECT_ADVERTISE:
		text_printf(t, "advertises %u\n", effect->priority);
		break;
	case VRRP_EFFECT_TAKE:
		text_add(t, "takes the addresses\n");
		break;
	case VRRP_EFFECT_ANNOUNCE:
		text_add(t, "announces\n");
		break;
	case VRRP_EFFECT_QUIET:
		text_add(t, "is quiet\n");
		break;
	case VRRP_EFFECT_FIND:
		text_add(t, "finds out where the addresses are\n");
		break;
	case VRRP_EFFECT_HUSH:
		text_add(t, "answers no neighbour\n");
		break;
	case VRRP_EFFECT_RELEASE:
		text_add(t, "releases the addresses\n");
		break;
	case VRRP_EFFECT_CHANGED:
		text_printf(t, "%s -> %s: %s", model_router_state_name(effect->from),
		            model_router_state_name(effect->to), reason_word(effect->reason));
		if (effect->peer.family != ADDR_NONE)
			text_printf(t, " (%s)", addr_format(&effect->peer, peer));
		text_add(t, "\n");
		break;
	}
}

void lan_carry_out(struct lan *lan, struct lan_node *node, const struct vrrp_effects *effects)
{
	for (size_t i = 0; i < effects->count; i++) {
		const struct vrrp_effect *effect = &effects->items[i];
		bool regular = effects->count == 1 && effect->kind == VRRP_EFFECT_ADVERTISE &&
		               effect->priority > 0;

		if (lan->transcript && (lan->show_adverts || !regular))
			tell(lan, node, effect);
		switch (effect->kind) {
		case VRRP_EFFECT_ADVERTISE:
			advertise(lan, node, effect->priority);
			break;
		case VRRP_EFFECT_TAKE:
			if (node->owns_since_us == TIME_NEVER)
				node->owns_since_us = lan->now_us + lan->take_us;
			break;
		case VRRP_EFFECT_ANNOUNCE:
			ck_assert_msg(node->owns_since_us != TIME_NEVER,
			              "%s announces what it hasn't got", node->name);
			node->announced++;
			break;
		case VRRP_EFFECT_QUIET:
		case VRRP_EFFECT_FIND:
		case VRRP_EFFECT_HUSH:
			break;
		case VRRP_EFFECT_RELEASE:
			node->owns_since_us = TIME_NEVER;
			break;
		case VRRP_EFFECT_CHANGED:
			ck_assert_int_eq(node->fsm.state, effect->to);
			break;
		}
	}
}

/* ---- time */

static int64_t later(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

/* When a packet is read: not while its reader is stalled. */
static int64_t read_at(const struct lan *lan, const struct lan_packet *packet)
{
	return later(packet->at_us, lan->nodes[packet->to].stalled_until_us);
}

static struct lan_packet *first_packet(struct lan *lan)
{
	struct lan_packet *first = NULL;

	for (unsigned i = 0; i < lan->packet_count; i++) {
		struct lan_packet *p = &lan->packets[i];

		if (!first || read_at(lan, p) < read_at(lan, first) ||
		    (read_at(lan, p) == read_at(lan, first) && p->at_us < first->at_us))
			first = p;
	}
	return first;
}

static int64_t wakes_at(const struct lan_node *node)
{
	int64_t at_us = vrrp_fsm_deadline(&node->fsm);

	return at_us == TIME_NEVER ? TIME_NEVER : later(at_us, node->stalled_until_us);
}

static struct lan_node *first_node(struct lan *lan)
{
	struct lan_node *first = &lan->nodes[0];

	for (unsigned i = 1; i < lan->node_count; i++)
		if (wakes_at(&lan->nodes[i]) < wakes_at(first))
			first = &lan->nodes[i];
	return first;
}

static void deliver(struct lan *lan, struct lan_packet *packet)
{
	struct lan_node *node = &lan->nodes[packet->to];
	struct vrrp_effects effects = {.count = 0};
	struct lan_packet p = *packet;
	struct vrrp_advert advert;
	enum model_vrrp_drop drop;

	*packet = lan->packets[--lan->packet_count];
	ck_assert_int_eq(vrrp_wire_decode(p.bytes, p.size, &p.envelope, &advert, &drop), 0);
	vrrp_fsm_advert(&node->fsm, lan->now_us, p.link, &p.envelope.src, &advert, &effects);
	lan_carry_out(lan, node, &effects);
}

/* The next thing that happens by 'until_us'. At one instant, packets come first. */
static bool step(struct lan *lan, int64_t until_us)
{
	struct lan_packet *packet = first_packet(lan);
	struct lan_node *node = first_node(lan);
	struct vrrp_effects effects = {.count = 0};

	if (packet && read_at(lan, packet) <= until_us && read_at(lan, packet) <= wakes_at(node)) {
		lan->now_us = later(lan->now_us, read_at(lan, packet));
		deliver(lan, packet);
		return true;
	}
	if (wakes_at(node) > until_us)
		return false;
	lan->now_us = later(lan->now_us, wakes_at(node));
	vrrp_fsm_expired(&node->fsm, lan->now_us, &effects);
	ck_assert_msg(effects.count > 0, "%s: nothing at its deadline, %lld us\n%s", node->name,
	              (long long)lan->now_us, lan->transcript ? text_str(lan->transcript) : "");
	lan_carry_out(lan, node, &effects);
	return true;
}

void lan_run(struct lan *lan, int64_t until_us)
{
	while (step(lan, until_us))
		if (lan->check)
			lan->check(lan, lan->check_ctx);
	lan->now_us = until_us;
}

int lan_tests(const char *only, unsigned seeds)
{
	return getenv(only) ? 1 : (int)(seeds / LAN_SEEDS_A_TEST);
}

void lan_play(const char *only, int index, void (*play)(unsigned seed))
{
	const char *seed = getenv(only);

	for (unsigned i = 0; !seed && i < LAN_SEEDS_A_TEST; i++)
		play((unsigned)index * LAN_SEEDS_A_TEST + i + 1);
	if (seed)
		play((unsigned)atoi(seed));
}
