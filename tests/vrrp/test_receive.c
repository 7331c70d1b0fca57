/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/receive.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct addr parse(const char *text)
{
	struct addr a;

	ck_assert_msg(addr_parse(text, &a) == 0, "%s", text);
	return a;
}

static struct addr peers[2], ours4[2], ours6[2];
static struct vrrp_owned owned[4];

static struct vrrp_router_config make_router(bool unicast)
{
	struct vrrp_router_config router = {
		.virtual_router_id = 51,
		.priority = 100,
		.advert_interval_us = 100000,
		.checksum = MODEL_CHECKSUM_PSEUDO_HEADER,
		.advertised4 = ours4,
		.advertised4_count = 2,
		.advertised6 = ours6,
		.advertised6_count = 2,
		.owned = owned,
		.owned_count = 4,
	};

	peers[0] = parse("10.0.0.2");
	peers[1] = parse("fe80::2");
	ours4[0] = parse("10.0.0.100");
	ours4[1] = parse("10.0.0.101");
	ours6[0] = parse("fe80::200:5eff:fe00:233");
	ours6[1] = parse("2001:db8::100");
	owned[0].prefix.addr = ours4[0];
	owned[1].prefix.addr = ours4[1];
	owned[2].prefix.addr = parse("10.0.0.102");
	owned[3].prefix.addr = ours6[0];
	if (unicast) {
		router.peers = peers;
		router.peer_count = 2;
	}
	return router;
}

/* What comes in: as from a twin of ours, unless a row says otherwise. */
struct packet {
	const char *src, *dst;
	uint8_t vrid, priority;
	int64_t interval_us;
	bool message_only; /* checksum without a pseudo-header */
	const char *addresses[4];
};

static struct vrrp_verdict judge(const struct vrrp_router_config *router, const struct packet *p)
{
	static struct vrrp_advert advert;
	struct addr own[2] = {parse("10.0.0.1"), parse("fe80::1")};
	struct vrrp_envelope envelope = {.src = parse(p->src), .dst = parse(p->dst), .ttl = 255};

	memset(&advert, 0, sizeof(advert));
	advert.virtual_router_id = p->vrid ? p->vrid : 51;
	advert.priority = p->priority;
	advert.interval_us = p->interval_us ? p->interval_us : 100000;
	advert.pseudo_header = !p->message_only;
	while (advert.address_count < 4 && p->addresses[advert.address_count]) {
		advert.addresses[advert.address_count] = parse(p->addresses[advert.address_count]);
		advert.address_count++;
	}
	if (advert.address_count == 0) {
		advert.address_count = 2;
		memcpy(advert.addresses, envelope.src.family == ADDR_IPV4 ? ours4 : ours6,
		       sizeof(ours4));
	}
	return vrrp_receive_judge(router, own, 2, &envelope, &advert);
}

#define ACCEPTED MODEL_DROP_COUNT
#define MCAST4   "224.0.0.18"
#define MCAST6   "ff02::12"

static const struct row {
	const char *name;
	bool unicast, owner;
	struct packet packet;
	enum model_vrrp_drop drop;
	unsigned notes;
} rows[] = {
	{"a twin over IPv4",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .priority = 1},
         ACCEPTED,
         0},
	{"a twin over IPv6",
         false,
         false,
         {.src = "fe80::2", .dst = MCAST6, .priority = 1},
         ACCEPTED,
         0},
	{"its resignation", false, false, {.src = "10.0.0.2", .dst = MCAST4}, ACCEPTED, 0},
	{"another VRID",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .vrid = 52},
         MODEL_DROP_VRID,
         0},
	{"our own, come back", false, false, {.src = "10.0.0.1", .dst = MCAST4}, MODEL_DROP_OWN, 0},
	{"our own over IPv6", false, false, {.src = "fe80::1", .dst = MCAST6}, MODEL_DROP_OWN, 0},
	{"VRID before own",
         false,
         false,
         {.src = "10.0.0.1", .dst = MCAST4, .vrid = 9},
         MODEL_DROP_VRID,
         0},
	{"own before mode", true, false, {.src = "10.0.0.1", .dst = MCAST4}, MODEL_DROP_OWN, 0},
	{"unicast to a multicast router",
         false,
         false,
         {.src = "10.0.0.2", .dst = "10.0.0.1"},
         MODEL_DROP_MODE,
         0},
	{"multicast of a peer that does not know us yet",
         true,
         false,
         {.src = "10.0.0.2", .dst = MCAST4},
         ACCEPTED,
         0},
	{"multicast of a stranger: mode first",
         true,
         false,
         {.src = "10.0.0.9", .dst = MCAST4},
         MODEL_DROP_MODE,
         0},
	{"a peer", true, false, {.src = "10.0.0.2", .dst = "10.0.0.1"}, ACCEPTED, 0},
	{"a peer over IPv6", true, false, {.src = "fe80::2", .dst = "fe80::1"}, ACCEPTED, 0},
	{"no peer",
         true,
         false,
         {.src = "10.0.0.9", .dst = "10.0.0.1"},
         MODEL_DROP_UNKNOWN_PEER,
         0},
	{"the same addresses in another order",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .addresses = {"10.0.0.101", "10.0.0.100"}},
         ACCEPTED,
         0},
	{"fewer addresses",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .addresses = {"10.0.0.101"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES},
	{"one more",
         false,
         false,
         {.src = "10.0.0.2",
          .dst = MCAST4,
          .addresses = {"10.0.0.100", "10.0.0.101", "10.0.0.103"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES},
	{"the same one twice",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .addresses = {"10.0.0.100", "10.0.0.100"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES},
	{"one that we own but don't advertise",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .addresses = {"10.0.0.102"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES},
	{"none of ours: another pair",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .addresses = {"10.0.0.200", "10.0.0.201"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES | VRRP_NOTE_COLLISION},
	{"none of ours, but a peer",
         true,
         false,
         {.src = "10.0.0.2", .dst = "10.0.0.1", .addresses = {"10.0.0.200"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES},
	{"another pair, unicast",
         true,
         false,
         {.src = "10.0.0.9", .dst = "10.0.0.1", .addresses = {"10.0.0.200"}},
         MODEL_DROP_UNKNOWN_PEER,
         VRRP_NOTE_ADDRESSES | VRRP_NOTE_COLLISION},
	{"another pair, multicast, where we are unicast",
         true,
         false,
         {.src = "10.0.0.9", .dst = MCAST4, .addresses = {"10.0.0.200"}},
         MODEL_DROP_MODE,
         VRRP_NOTE_ADDRESSES | VRRP_NOTE_COLLISION},
	{"another link-local address is no other pair",
         false,
         false,
         {.src = "fe80::2", .dst = MCAST6, .addresses = {"fe80::5:1", "2001:db8::100"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES},
	{"nothing but a link-local address says nothing",
         false,
         false,
         {.src = "fe80::2", .dst = MCAST6, .addresses = {"fe80::5:1"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES},
	{"the same link-local address does not make one pair",
         false,
         false,
         {.src = "fe80::2",
          .dst = MCAST6,
          .addresses = {"fe80::200:5eff:fe00:233", "2001:db8::200"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES | VRRP_NOTE_COLLISION},
	{"FRR: no link-local address first",
         false,
         false,
         {.src = "fe80::2", .dst = MCAST6, .addresses = {"2001:db8::100"}},
         ACCEPTED,
         VRRP_NOTE_ADDRESSES | VRRP_NOTE_LINK_LOCAL},
	{"another interval",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .interval_us = 1000000},
         ACCEPTED,
         VRRP_NOTE_INTERVAL},
	{"the other checksum form",
         false,
         false,
         {.src = "10.0.0.2", .dst = MCAST4, .message_only = true},
         ACCEPTED,
         VRRP_NOTE_CHECKSUM},
	{"erratum 8298: somebody speaks though we are the owner",
         false,
         true,
         {.src = "10.0.0.2", .dst = MCAST4, .priority = 100},
         ACCEPTED,
         VRRP_NOTE_OWNER},
	{"a resignation is no claim", false, true, {.src = "10.0.0.2", .dst = MCAST4}, ACCEPTED, 0},
};

START_TEST(packet_is_judged_in_the_order_of_the_checks)
{
	const struct row *row = &rows[_i];
	struct vrrp_router_config router = make_router(row->unicast);

	if (row->owner)
		router.priority = 255;
	struct vrrp_verdict verdict = judge(&router, &row->packet);
	ck_assert_msg(verdict.accepted == (row->drop == ACCEPTED), "%s", row->name);
	if (!verdict.accepted)
		ck_assert_msg(verdict.drop == row->drop, "%s: dropped for %s", row->name,
		              model_vrrp_drop_name(verdict.drop));
	ck_assert_msg(verdict.notes == row->notes, "%s: notes %x, not %x", row->name, verdict.notes,
	              row->notes);
}
END_TEST

START_TEST(family_that_is_not_served_has_no_virtual_router)
{
	struct vrrp_router_config router = make_router(false);
	const struct packet over4 = {.src = "10.0.0.2", .dst = MCAST4, .priority = 1},
			    over6 = {.src = "fe80::2", .dst = MCAST6, .priority = 1};

	router.advertised6_count = 0;
	ck_assert(judge(&router, &over4).accepted);
	ck_assert(!judge(&router, &over6).accepted);
	ck_assert_int_eq(judge(&router, &over6).drop, MODEL_DROP_VRID);
	router = make_router(false);
	router.advertised4_count = 0;
	ck_assert(!judge(&router, &over4).accepted);
	ck_assert(judge(&router, &over6).accepted);
}
END_TEST

START_TEST(checksum_form_is_noted_against_the_one_we_send)
{
	struct vrrp_router_config router = make_router(false);
	const struct packet with = {.src = "10.0.0.2", .dst = MCAST4},
			    without = {.src = "10.0.0.2", .dst = MCAST4, .message_only = true};

	router.checksum = MODEL_CHECKSUM_RFC9568;
	ck_assert_uint_eq(judge(&router, &with).notes, VRRP_NOTE_CHECKSUM);
	ck_assert_uint_eq(judge(&router, &without).notes, 0);
}
END_TEST

START_TEST(every_note_has_words_of_its_own)
{
	for (unsigned a = 0; a < 6; a++) {
		ck_assert_uint_gt(strlen(vrrp_note_text((enum vrrp_note)(1 << a))), 0);
		for (unsigned b = 0; b < a; b++)
			ck_assert_str_ne(vrrp_note_text((enum vrrp_note)(1 << a)),
			                 vrrp_note_text((enum vrrp_note)(1 << b)));
	}
}
END_TEST

START_TEST(groups_are_those_of_the_standard)
{
	struct addr group4 = vrrp_receive_group(ADDR_IPV4), group6 = vrrp_receive_group(ADDR_IPV6);
	struct addr wanted4 = parse(MCAST4), wanted6 = parse(MCAST6);

	ck_assert(addr_equal(&group4, &wanted4));
	ck_assert(addr_equal(&group6, &wanted6));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_receive");
	TCase *tc = tcase_create("receive");

	tcase_add_loop_test(tc, packet_is_judged_in_the_order_of_the_checks, 0,
	                    LT_ARRAY_SIZE(rows));
	tcase_add_test(tc, family_that_is_not_served_has_no_virtual_router);
	tcase_add_test(tc, checksum_form_is_noted_against_the_one_we_send);
	tcase_add_test(tc, every_note_has_words_of_its_own);
	tcase_add_test(tc, groups_are_those_of_the_standard);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
