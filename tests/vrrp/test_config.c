/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reason: over 500 lines, as every rule about what goes into a configuration builds on one world.
 */
#include "vrrp/config.h"

#include "lib/compiler.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A snapshot by hand: what model/snapshot.c makes of text is its own affair. */
struct world {
	struct model_snapshot snapshot;
	struct model_router routers[2];
	const struct model_router *router_list[2];
	struct model_router_address addresses[3 * VRRP_CONFIG_LIFETIME_STEP];
	struct model_vip vips[400];
	struct addr peers[3];
	const char *tracks[2];
};

static struct world world;

static struct addr_prefix prefix(const char *text)
{
	struct addr_prefix p;

	ck_assert_msg(addr_prefix_parse(text, &p) == 0, "%s", text);
	return p;
}

static void begin(void)
{
	memset(&world, 0, sizeof(world));
	world.routers[0] = (struct model_router){
		.name = "front",
		.virtual_router_id = 51,
		.interface = "eth0",
		.addresses = world.addresses,
		.priority = 150,
		.advert_interval_us = 100000,
		.preempt_delay_us = 7,
		.accept = true,
		.peers = world.peers,
		.track_interfaces = world.tracks,
		.checksum = MODEL_CHECKSUM_RFC9568,
		.address_lifetime_s = 3,
		.announce_count = 5,
		.announce_interval_us = 1,
		.announce_again_us = 2,
		.announce_refresh_us = 3,
	};
	world.routers[1] =
		(struct model_router){.name = "rear", .virtual_router_id = 9, .interface = "eth1"};
	world.router_list[0] = &world.routers[0];
	world.router_list[1] = &world.routers[1];
	world.snapshot.routers = world.router_list;
	world.snapshot.router_count = 2;
	world.snapshot.vips = world.vips;
}

static void own(const char *text, const char *interface)
{
	struct model_router *router = &world.routers[0];

	world.addresses[router->address_count++] =
		(struct model_router_address){.prefix = prefix(text), .interface = interface};
}

static void vip(const char *text, const struct model_router *router)
{
	struct model_vip *v = &world.vips[world.snapshot.vip_count++];

	v->prefix = prefix(text);
	v->address = v->prefix.addr;
	v->router = router;
}

/* "eth0 10.0.0.1/24, eth1 10.1.0.1/24 floats, ..." */
static const char *owned_text(const struct vrrp_router_config *config)
{
	static char buf[1000];
	char text[ADDR_PREFIX_TEXT_SIZE];
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < config->owned_count; i++)
		len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%s%s %s%s", i ? ", " : "",
		                        config->owned[i].interface,
		                        addr_prefix_format(&config->owned[i].prefix, text),
		                        config->owned[i].floats ? " floats" : "");
	return buf;
}

static const char *list_text(const struct addr *list, size_t count)
{
	static char buf[1000];
	char text[ADDR_TEXT_SIZE];
	size_t len = 0;

	buf[0] = '\0';
	for (size_t i = 0; i < count; i++)
		len += (size_t)snprintf(buf + len, sizeof(buf) - len, "%s%s", i ? ", " : "",
		                        addr_format(&list[i], text));
	return buf;
}

static const struct row {
	const char *name;
	struct {
		const char *prefix, *interface;
	} own[4];
	const char *vips[4];
	const char *owned, *advertised4, *advertised6;
} rows[] = {
	{"nothing", {{NULL, NULL}}, {NULL}, "", "", ""},
	{"its own address",
         {{"10.0.0.100/24", "eth0"}},
         {NULL},
         "eth0 10.0.0.100/24",
         "10.0.0.100",
         ""},
	{"virtual servers only: the lowest stands for all",
         {{NULL, NULL}},
         {"10.0.0.9/32", "10.0.0.7/32", "10.0.0.8/32"},
         "eth0 10.0.0.7/32, eth0 10.0.0.8/32, eth0 10.0.0.9/32",
         "10.0.0.7",
         ""},
	{"its own are advertised, the virtual servers' are not",
         {{"10.0.0.100/24", "eth0"}, {"10.0.0.50/24", "eth0"}},
         {"10.0.0.7/32"},
         "eth0 10.0.0.7/32, eth0 10.0.0.50/24 floats, eth0 10.0.0.100/24 floats",
         "10.0.0.50, 10.0.0.100",
         ""},
	{"an address that is both is owned once, as the router has it",
         {{"10.0.0.100/24", "eth0"}, {"10.1.0.254/24", "eth1"}},
         {"10.0.0.100/32", "10.1.0.254/32"},
         "eth0 10.0.0.100/24, eth1 10.1.0.254/24",
         "10.0.0.100",
         ""},
	{"the same address twice",
         {{"10.0.0.100/24", "eth0"}, {"10.0.0.100/32", "eth0"}},
         {NULL},
         "eth0 10.0.0.100/24",
         "10.0.0.100",
         ""},
	{"addresses on another interface are not advertised on this one",
         {{"10.0.0.100/24", "eth0"}, {"10.1.0.1/24", "eth1"}, {"2001:db8:1::1/64", "eth1"}},
         {NULL},
         "eth0 10.0.0.100/24, eth1 10.1.0.1/24, eth1 2001:db8:1::1/64",
         "10.0.0.100",
         ""},
	{"IPv6 begins with the link-local address of the virtual MAC",
         {{"2001:db8::100/64", "eth0"}},
         {NULL},
         "eth0 2001:db8::100/64, eth0 fe80::200:5eff:fe00:233/128",
         "",
         "fe80::200:5eff:fe00:233, 2001:db8::100"},
	{"or with one that was given",
         {{"2001:db8::100/64", "eth0"}, {"fe80::5:1/64", "eth0"}},
         {NULL},
         "eth0 2001:db8::100/64, eth0 fe80::5:1/64",
         "",
         "fe80::5:1, 2001:db8::100"},
	{"a link-local address on another interface is not this one's",
         {{"2001:db8::100/64", "eth0"}, {"fe80::5:1/64", "eth1"}},
         {NULL},
         "eth0 2001:db8::100/64, eth0 fe80::200:5eff:fe00:233/128, eth1 fe80::5:1/64",
         "",
         "fe80::200:5eff:fe00:233, 2001:db8::100"},
	{"both families, IPv6 of virtual servers",
         {{"10.0.0.100/24", "eth0"}},
         {"2001:db8::8/128", "2001:db8::7/128"},
         "eth0 10.0.0.100/24 floats, eth0 2001:db8::7/128, eth0 2001:db8::8/128, "
         "eth0 fe80::200:5eff:fe00:233/128",
         "10.0.0.100",
         "fe80::200:5eff:fe00:233, 2001:db8::7"},
	{"nothing on its own interface: the lowest elsewhere stands for all",
         {{"10.1.0.2/24", "eth1"}, {"10.1.0.1/24", "eth1"}},
         {NULL},
         "eth1 10.1.0.1/24, eth1 10.1.0.2/24",
         "10.1.0.1",
         ""},
};

START_TEST(addresses_are_owned_and_advertised)
{
	const struct row *row = &rows[_i];

	begin();
	for (size_t i = 0; i < 4 && row->own[i].prefix; i++)
		own(row->own[i].prefix, row->own[i].interface);
	vip("10.0.0.1/32", &world.routers[1]);
	for (size_t i = 0; i < 4 && row->vips[i]; i++)
		vip(row->vips[i], &world.routers[0]);
	struct vrrp_config *config = vrrp_config_build(&world.snapshot, NULL);
	const struct vrrp_router_config *router = vrrp_config_find(config, "front");
	ck_assert_msg(strcmp(owned_text(router), row->owned) == 0, "%s: owned: %s", row->name,
	              owned_text(router));
	ck_assert_msg(strcmp(list_text(router->advertised4, router->advertised4_count),
	                     row->advertised4) == 0,
	              "%s: IPv4: %s", row->name,
	              list_text(router->advertised4, router->advertised4_count));
	ck_assert_msg(strcmp(list_text(router->advertised6, router->advertised6_count),
	                     row->advertised6) == 0,
	              "%s: IPv6: %s", row->name,
	              list_text(router->advertised6, router->advertised6_count));
	/* The other router has its own. */
	ck_assert_str_eq(owned_text(vrrp_config_find(config, "rear")), "eth1 10.0.0.1/32");
	vrrp_config_free(config);
}
END_TEST

START_TEST(advertisement_fits_one_packet_and_the_rest_is_owned_all_the_same)
{
	char text[64];

	begin();
	for (int i = 0; i < 300; i++) {
		snprintf(text, sizeof(text), _i ? "2001:db8::%x/64" : "10.0.%d.%d/16",
		         _i ? i + 1 : i / 200, i % 200 + 1);
		own(text, "eth0");
	}
	struct vrrp_config *config = vrrp_config_build(&world.snapshot, NULL);
	const struct vrrp_router_config *router = vrrp_config_find(config, "front");
	if (_i) {
		/* 40 of IPv6, 8 of VRRP, 89 addresses and a trailer are 1500 bytes. */
		ck_assert_uint_eq(router->advertised6_count, 89);
		ck_assert(addr_is_link_local(&router->advertised6[0]));
		ck_assert_uint_eq(router->owned_count, 301);
	} else {
		ck_assert_uint_eq(router->advertised4_count, 255);
		ck_assert_uint_eq(router->owned_count, 300);
	}
	vrrp_config_free(config);
}
END_TEST

START_TEST(everything_is_copied)
{
	static struct model_router router;

	begin();
	own("10.0.0.100/24", "eth0");
	world.peers[0] = prefix("10.0.0.3").addr;
	world.peers[1] = prefix("fe80::2").addr;
	world.peers[2] = prefix("10.0.0.2").addr;
	world.routers[0].peer_count = 3;
	world.tracks[0] = "eth1";
	world.tracks[1] = "eth2";
	world.routers[0].track_interface_count = 2;
	router = world.routers[0];
	struct vrrp_config *config = vrrp_config_build(&world.snapshot, NULL);
	struct vrrp_config *again = vrrp_config_build(&world.snapshot, NULL);
	memset(&world, 0x5a, sizeof(world));

	const struct vrrp_router_config *c = vrrp_config_find(config, "front");
	ck_assert_ptr_nonnull(c);
	ck_assert_str_eq(c->interface, "eth0");
	ck_assert_uint_eq(c->virtual_router_id, 51);
	ck_assert_uint_eq(c->priority, 150);
	ck_assert_int_eq(c->advert_interval_us, router.advert_interval_us);
	ck_assert_int_eq(c->preempt_delay_us, 7);
	ck_assert(c->accept && !c->preempt && !c->virtual_mac);
	ck_assert_int_eq(c->checksum, MODEL_CHECKSUM_RFC9568);
	ck_assert_uint_eq(c->address_lifetime_s, 3);
	ck_assert_uint_eq(c->announce_count, 5);
	ck_assert_int_eq(c->announce_interval_us, 1);
	ck_assert_int_eq(c->announce_again_us, 2);
	ck_assert_int_eq(c->announce_refresh_us, 3);
	ck_assert_str_eq(list_text(c->peers, c->peer_count), "10.0.0.2, 10.0.0.3, fe80::2");
	ck_assert_uint_eq(c->track_interface_count, 2);
	ck_assert_str_eq(c->track_interfaces[1], "eth2");
	ck_assert_str_eq(owned_text(c), "eth0 10.0.0.100/24");
	ck_assert(vrrp_config_router_equal(c, vrrp_config_find(again, "front")));
	ck_assert(!vrrp_config_router_equal(c, vrrp_config_find(again, "rear")));
	ck_assert_ptr_null(vrrp_config_find(config, "fron"));
	ck_assert_ptr_null(vrrp_config_find(config, "zzz"));
	vrrp_config_free(config);
	vrrp_config_free(again);
	vrrp_config_free(NULL);
}
END_TEST

/* One thing changed, each in its turn. */
static void change(int what)
{
	struct model_router *router = &world.routers[0];

	switch (what) {
	case 0:
		router->interface = "eth7";
		break;
	case 1:
		router->virtual_router_id++;
		break;
	case 2:
		router->priority++;
		break;
	case 3:
		router->advert_interval_us++;
		break;
	case 4:
		router->preempt = true;
		break;
	case 5:
		router->preempt_delay_us++;
		break;
	case 6:
		router->accept = false;
		break;
	case 7:
		router->virtual_mac = true;
		break;
	case 8:
		router->checksum = MODEL_CHECKSUM_PSEUDO_HEADER;
		break;
	case 9:
		router->address_lifetime_s = 0;
		break;
	case 10:
		router->announce_count++;
		break;
	case 11:
		router->announce_interval_us++;
		break;
	case 12:
		router->announce_again_us++;
		break;
	case 13:
		router->announce_refresh_us++;
		break;
	case 14:
		world.peers[0].bytes[3]++;
		break;
	case 15:
		router->peer_count = 2;
		break;
	case 16:
		world.tracks[0] = "eth5";
		break;
	case 17:
		router->track_interface_count = 0;
		break;
	case 18:
		world.addresses[0].prefix.length = 25;
		break;
	case 19:
		vip("10.0.0.101/32", router);
		break;
	}
}

START_TEST(any_difference_is_seen)
{
	begin();
	own("10.0.0.100/24", "eth0");
	world.peers[0] = prefix("10.0.0.3").addr;
	world.peers[1] = prefix("10.0.0.4").addr;
	world.tracks[0] = "eth1";
	world.routers[0].peer_count = 1;
	world.routers[0].track_interface_count = 1;
	struct vrrp_config *before = vrrp_config_build(&world.snapshot, NULL);
	change(_i);
	struct vrrp_config *after = vrrp_config_build(&world.snapshot, NULL);
	ck_assert(!vrrp_config_router_equal(&before->routers[0], &after->routers[0]));
	ck_assert(vrrp_config_router_equal(&before->routers[1], &after->routers[1]));
	vrrp_config_free(before);
	vrrp_config_free(after);
}
END_TEST

START_TEST(restraint_holds_the_router_that_it_names_and_no_other)
{
	const struct vrrp_restraint restraints[] = {
		{.router = "unknown", .preempt_held = true},
		{.preempt_held = true},
	};
	struct vrrp_restraint held[2];

	memcpy(held, restraints, sizeof(held));
	snprintf(held[1].router, sizeof(held[1].router), "%s", world.routers[0].name);
	struct vrrp_config *free_one = vrrp_config_build(&world.snapshot, NULL);
	struct vrrp_config *held_one = vrrp_config_build(
		&world.snapshot,
		&(struct vrrp_circumstances){.restraints = held, .restraint_count = 2});
	const char *name = world.routers[0].name;
	for (size_t i = 0; i < held_one->router_count; i++) {
		const struct vrrp_router_config *router = &held_one->routers[i];
		bool same = vrrp_config_router_equal(router, &free_one->routers[i]);
		ck_assert_int_eq(router->preempt_held, strcmp(router->name, name) == 0);
		ck_assert_int_eq(same, !router->preempt_held);
	}
	vrrp_config_free(free_one);
	vrrp_config_free(held_one);
}
END_TEST

START_TEST(restraints_of_one_router_are_put_together)
{
	static const struct {
		uint8_t priority;
		unsigned cuts[2];
		uint8_t result;
	} cases[] = {
		{200, {50, 0}, 150}, {200, {50, 60}, 90},  {200, {150, 150}, 1},
		{1, {50, 0}, 1},     {255, {50, 50}, 255}, {200, {0, 0}, 200},
	};
	struct vrrp_restraint restraints[2] = {
		{.preempt_held = true, .priority_cut = cases[_i].cuts[0]},
		{.withdrawn = true, .priority_cut = cases[_i].cuts[1]},
	};

	begin();
	world.routers[0].priority = cases[_i].priority;
	for (int i = 0; i < 2; i++)
		snprintf(restraints[i].router, sizeof(restraints[i].router), "%s",
		         world.routers[0].name);
	struct vrrp_config *config = vrrp_config_build(
		&world.snapshot,
		&(struct vrrp_circumstances){.restraints = restraints, .restraint_count = 2});
	const struct vrrp_router_config *router = vrrp_config_find(config, world.routers[0].name);
	ck_assert_int_eq(router->priority, cases[_i].result);
	ck_assert(router->preempt_held && router->withdrawn && !router->relieves);
	const struct vrrp_router_config *other = vrrp_config_find(config, world.routers[1].name);
	ck_assert_int_eq(other->priority, world.routers[1].priority);
	ck_assert(!other->preempt_held && !other->withdrawn);
	vrrp_config_free(config);
}
END_TEST

START_TEST(raises_count_up_to_the_highest_priority_below_the_owner)
{
	static const struct {
		uint8_t priority;
		unsigned raise, cut;
		uint8_t result;
	} cases[] = {{100, 20, 0, 120}, {100, 200, 0, 254},  {100, 200, 250, 50},
	             {100, 20, 254, 1}, {255, 20, 100, 255}, {254, 10, 10, 254}};
	struct vrrp_restraint restraint = {.priority_raise = cases[_i].raise,
	                                   .priority_cut = cases[_i].cut};

	begin();
	world.routers[0].priority = cases[_i].priority;
	snprintf(restraint.router, sizeof(restraint.router), "%s", world.routers[0].name);
	struct vrrp_config *config = vrrp_config_build(
		&world.snapshot,
		&(struct vrrp_circumstances){.restraints = &restraint, .restraint_count = 1});
	ck_assert_int_eq(vrrp_config_find(config, restraint.router)->priority, cases[_i].result);
	vrrp_config_free(config);
}
END_TEST

/* What one suffers all do; what is the most careful counts. */
START_TEST(members_of_a_sync_group_are_configured_alike)
{
	struct vrrp_restraint restraints[2] = {{.priority_cut = 40},
	                                       {.withdrawn = true, .why = "for a reason"}};

	begin();
	world.routers[0].sync_group = world.routers[1].sync_group = "edge";
	world.routers[0].priority = 120;
	world.routers[1].priority = 150;
	world.routers[0].preempt = true;
	world.routers[1].preempt = false;
	world.routers[0].advert_interval_us = 200000;
	world.routers[1].advert_interval_us = 100000;
	world.routers[0].preempt_delay_us = 1;
	world.routers[1].preempt_delay_us = 2;
	for (int i = 0; i < 2; i++)
		snprintf(restraints[i].router, sizeof(restraints[i].router), "%s",
		         world.routers[1 - i].name);
	struct vrrp_config *config = vrrp_config_build(
		&world.snapshot, &(struct vrrp_circumstances){.restraints = restraints,
	                                                      .restraint_count = _i ? 2 : 1});
	for (size_t i = 0; i < 2; i++) {
		const struct vrrp_router_config *router =
			vrrp_config_find(config, world.routers[i].name);

		ck_assert_str_eq(router->sync_group, "edge");
		ck_assert_int_eq(router->priority, 110);
		ck_assert_int_eq(router->advert_interval_us, 100000);
		ck_assert_int_eq(router->preempt_delay_us, 2);
		ck_assert(!router->preempt);
		ck_assert_int_eq(router->withdrawn, _i);
		ck_assert_str_eq(router->withdrawn_why, _i ? "for a reason" : "");
	}
	vrrp_config_free(config);
}
END_TEST

/* Answers of the servers of one may be sent to an address of the other. */
START_TEST(addresses_float_with_the_virtual_servers_of_the_sync_group)
{
	begin();
	own("10.0.0.100/24", "eth0");
	vip("10.1.0.1/32", &world.routers[1]);
	if (_i > 0)
		world.routers[0].sync_group = "edge";
	world.routers[1].sync_group = _i == 2 ? "edge" : _i == 3 ? "other" : NULL;
	struct vrrp_config *config = vrrp_config_build(&world.snapshot, NULL);
	ck_assert_str_eq(owned_text(vrrp_config_find(config, "front")),
	                 _i == 2 ? "eth0 10.0.0.100/24 floats" : "eth0 10.0.0.100/24");
	vrrp_config_free(config);
}
END_TEST

START_TEST(router_relieves_others_when_a_quorum_lowers_priorities)
{
	struct model_quorum quorum = {.minimum = 1,
	                              .loss = _i ? MODEL_QUORUM_LOWER : MODEL_QUORUM_WITHDRAW};
	struct model_virtual_server virtual_server = {.quorum = &quorum};
	struct model_service service = {.virtual_server = &virtual_server};

	begin();
	service.router = &world.routers[0];
	world.snapshot.services = &service;
	world.snapshot.service_count = 1;
	struct vrrp_config *config = vrrp_config_build(&world.snapshot, NULL);
	ck_assert_int_eq(vrrp_config_find(config, world.routers[0].name)->relieves, _i);
	ck_assert(!vrrp_config_find(config, world.routers[1].name)->relieves);
	vrrp_config_free(config);
	world.snapshot.services = NULL;
	world.snapshot.service_count = 0;
}
END_TEST

START_TEST(address_that_takes_leave_is_still_owned)
{
	const struct vrrp_lingering lingering[] = {
		{.address = prefix("10.0.0.8").addr, .router = "front"},
		{.address = prefix("10.0.0.100").addr, .router = "front"}, /* wanted again */
		{.address = prefix("10.0.0.9").addr, .router = "gone"},
	};

	begin();
	own("10.0.0.100/24", "eth0");
	vip("10.0.0.7/32", &world.routers[0]);
	struct vrrp_config *config = vrrp_config_build(
		&world.snapshot,
		&(struct vrrp_circumstances){.lingering = lingering, .lingering_count = 3});
	ck_assert_str_eq(owned_text(vrrp_config_find(config, "front")),
	                 "eth0 10.0.0.7/32, eth0 10.0.0.8/32, eth0 10.0.0.100/24 floats");
	ck_assert_str_eq(owned_text(vrrp_config_find(config, "rear")), "");
	vrrp_config_free(config);
}
END_TEST

START_TEST(lifetimes_grow_with_the_addresses_of_the_machine)
{
	static const struct {
		size_t count;
		uint32_t configured_s, lifetime_s, other_s;
	} lifetimes[] = {
		{1, 3, 3, 7},
		{VRRP_CONFIG_LIFETIME_STEP - 1, 3, 3, 7},
		{VRRP_CONFIG_LIFETIME_STEP, 3, 6, 14},
		{VRRP_CONFIG_LIFETIME_STEP * 14 / 10, 3, 6, 14},
		{VRRP_CONFIG_LIFETIME_STEP * 15 / 10, 3, 9, 21},
		{2 * VRRP_CONFIG_LIFETIME_STEP, 3, 15, 35},
		/* Switched off stays so; and there is an end to it. */
		{2 * VRRP_CONFIG_LIFETIME_STEP, 0, 0, 35},
		{2 * VRRP_CONFIG_LIFETIME_STEP, 3600, 3600, 35},
	};

	begin();
	world.routers[0].address_lifetime_s = lifetimes[_i].configured_s;
	world.routers[1].address_lifetime_s = 7;
	for (size_t i = 0; i < lifetimes[_i].count; i++) {
		char text[ADDR_PREFIX_TEXT_SIZE];

		snprintf(text, sizeof(text), "10.1.%zu.%zu/32", i / 250, i % 250);
		own(text, "eth0");
	}
	struct vrrp_config *config = vrrp_config_build(&world.snapshot, NULL);
	ck_assert_uint_eq(vrrp_config_find(config, "front")->owned_count, lifetimes[_i].count);
	ck_assert_uint_eq(vrrp_config_find(config, "front")->address_lifetime_s,
	                  lifetimes[_i].lifetime_s);
	ck_assert_uint_eq(vrrp_config_find(config, "rear")->address_lifetime_s,
	                  lifetimes[_i].other_s);
	vrrp_config_free(config);
}
END_TEST

START_TEST(no_routers_no_configuration)
{
	struct model_snapshot empty = {.router_count = 0};
	struct vrrp_config *config = vrrp_config_build(&empty, NULL);

	ck_assert_uint_eq(config->router_count, 0);
	ck_assert_ptr_null(vrrp_config_find(config, "front"));
	vrrp_config_free(config);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_config");
	TCase *tc = tcase_create("config");

	tcase_add_loop_test(tc, addresses_are_owned_and_advertised, 0, LT_ARRAY_SIZE(rows));
	tcase_add_loop_test(tc, advertisement_fits_one_packet_and_the_rest_is_owned_all_the_same, 0,
	                    2);
	tcase_add_test(tc, everything_is_copied);
	tcase_add_loop_test(tc, any_difference_is_seen, 0, 20);
	tcase_add_test(tc, address_that_takes_leave_is_still_owned);
	tcase_add_test(tc, restraint_holds_the_router_that_it_names_and_no_other);
	tcase_add_loop_test(tc, raises_count_up_to_the_highest_priority_below_the_owner, 0, 6);
	tcase_add_loop_test(tc, members_of_a_sync_group_are_configured_alike, 0, 2);
	tcase_add_loop_test(tc, restraints_of_one_router_are_put_together, 0, 6);
	tcase_add_loop_test(tc, router_relieves_others_when_a_quorum_lowers_priorities, 0, 2);
	tcase_add_loop_test(tc, addresses_float_with_the_virtual_servers_of_the_sync_group, 0, 4);
	tcase_add_loop_test(tc, lifetimes_grow_with_the_addresses_of_the_machine, 0, 7);
	tcase_add_test(tc, no_routers_no_configuration);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
