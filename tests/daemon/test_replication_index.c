/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of which virtual servers it can be foreseen what source NAT makes of their flows, and what is
 * known of it. */

#include "daemon/replication_index.h"

#include "tests/nft/fixture.h"
#include "tests/unit.h"

#include <netinet/in.h>

#define PORTS(ports)       "  ports: [" ports "]\n"
#define SERVER(name, rest) FIXTURE_SERVER(name, "10.77.0.100", FIXTURE_S4, rest)
#define NAT(mode)          "  sourceNat: {mode: " mode "}\n"
#define FIXED              "  sourceNat: {mode: address, address: 10.78.0.9}\n"

static struct replication_index places;

static void tear_down(void)
{
	replication_index_done(&places);
}

static void build(const char *yaml)
{
	struct model_snapshot *snapshot = fixture_snapshot(yaml);

	replication_index_build(&places, snapshot);
	model_snapshot_free(snapshot);
}

static struct addr address(const char *text)
{
	struct addr found;

	ck_assert_int_eq(addr_parse(text, &found), 0);
	return found;
}

static const struct replication_place *at(uint8_t protocol, uint16_t port)
{
	const struct addr virtual = address("10.77.0.100");
	const struct replication_place *place =
		replication_index_find(&places, &virtual, protocol, port);

	ck_assert_ptr_nonnull(place);
	return place;
}

static void note(uint8_t protocol, uint16_t port, const char *source)
{
	const struct addr got = address(source);

	replication_index_note_source(&places, at(protocol, port), &got);
}

static void assert_known(uint8_t protocol, uint16_t port, const char *source)
{
	struct addr known = {0};

	if (source)
		known = address(source);
	ck_assert(addr_equal(&at(protocol, port)->source, &known));
}

#define WEB(rest) FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}") rest)

static const struct row {
	const char *yaml;
	bool foreseeable;
} rows[] = {
	{WEB(""), true},
	{WEB(FIXED), true},
	{WEB(NAT("none")), false},
	{WEB(NAT("masquerade")), false},
	{WEB("  forwarding: direct\n"), false},
	{WEB("  forwarding: tunnel\n"), false},
};

START_TEST(what_moves_with_the_address_is_foreseeable)
{
	build(rows[_i].yaml);
	ck_assert_int_eq(at(IPPROTO_TCP, 80)->foreseeable, rows[_i].foreseeable);
}
END_TEST

/* Its verification tags are nothing that IPVS tells. */
START_TEST(sctp_is_not_foreseeable)
{
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80, protocol: SCTP}, {port: 81}")));
	ck_assert(!at(IPPROTO_SCTP, 80)->foreseeable);
	ck_assert(at(IPPROTO_TCP, 81)->foreseeable);
}
END_TEST

START_TEST(other_virtual_servers_leave_what_is_known)
{
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}")));
	assert_known(IPPROTO_TCP, 80, NULL);
	note(IPPROTO_TCP, 80, "10.78.0.254");
	assert_known(IPPROTO_TCP, 80, "10.78.0.254");
	build(FIXTURE_ROUTER SERVER(
		"web", PORTS("{port: 79}, {port: 80}, {port: 90}, {port: 80, protocol: UDP}")));
	assert_known(IPPROTO_TCP, 79, NULL);
	assert_known(IPPROTO_TCP, 80, "10.78.0.254");
	assert_known(IPPROTO_TCP, 90, NULL);
	assert_known(IPPROTO_UDP, 80, NULL);
	note(IPPROTO_TCP, 80, "10.78.0.9");
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}, {port: 90}")));
	assert_known(IPPROTO_TCP, 80, "10.78.0.9");
}
END_TEST

START_TEST(nothing_is_known_of_what_can_not_be_foreseen)
{
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}")));
	note(IPPROTO_TCP, 80, "10.78.0.254");
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}") NAT("masquerade")));
	assert_known(IPPROTO_TCP, 80, NULL);
	note(IPPROTO_TCP, 80, "10.78.0.2");
	assert_known(IPPROTO_TCP, 80, NULL);
}
END_TEST

#define NAMED(source) "  sourceNat: {mode: address, address: " source "}\n"

START_TEST(another_address_is_not_what_they_got_before)
{
	build(WEB(NAMED("10.78.0.9")));
	note(IPPROTO_TCP, 80, "10.78.0.9");
	build(WEB(NAMED("10.78.0.9")));
	assert_known(IPPROTO_TCP, 80, "10.78.0.9");
	build(WEB(NAMED("10.78.0.254")));
	assert_known(IPPROTO_TCP, 80, NULL);
}
END_TEST

START_TEST(servers_in_several_networks_are_given_up_until_something_else_is_wanted)
{
	build(WEB(""));
	replication_index_give_up(&places, at(IPPROTO_TCP, 80));
	ck_assert(!at(IPPROTO_TCP, 80)->foreseeable);
	build(WEB(""));
	ck_assert(at(IPPROTO_TCP, 80)->foreseeable);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon/replication_index", &tests);

	tcase_add_checked_fixture(tests, NULL, tear_down);
	tcase_add_loop_test(tests, what_moves_with_the_address_is_foreseeable, 0,
	                    LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, sctp_is_not_foreseeable);
	tcase_add_test(tests, other_virtual_servers_leave_what_is_known);
	tcase_add_test(tests, nothing_is_known_of_what_can_not_be_foreseen);
	tcase_add_test(tests, another_address_is_not_what_they_got_before);
	tcase_add_test(tests,
	               servers_in_several_networks_are_given_up_until_something_else_is_wanted);
	return unit_run(suite);
}
