/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which virtual servers IPVS can tell of in a rush, and what of their source is known. */

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

static void assert_expected(uint8_t protocol, uint16_t port, const char *source)
{
	struct addr expected = {0};

	if (source)
		expected = address(source);
	ck_assert(addr_equal(&at(protocol, port)->expected, &expected));
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

/* The kernel is asked of a whole address and protocol. */
START_TEST(one_port_that_is_not_spoils_all_of_its_protocol)
{
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}, {port: 80, protocol: UDP}"))
	              SERVER("bare", PORTS("{port: 81}") NAT("none")));
	ck_assert(!at(IPPROTO_TCP, 80)->foreseeable);
	ck_assert(!at(IPPROTO_TCP, 81)->foreseeable);
	ck_assert(at(IPPROTO_UDP, 80)->foreseeable);
}
END_TEST

START_TEST(what_a_flow_got_is_expected_of_all_of_its_address_and_protocol)
{
	build(FIXTURE_ROUTER SERVER("web",
	                            PORTS("{port: 80}, {port: 81}, {port: 80, protocol: UDP}")));
	ck_assert(!replication_index_expect(&places));
	note(IPPROTO_TCP, 81, "10.78.0.254");
	assert_expected(IPPROTO_TCP, 81, NULL);
	ck_assert(replication_index_expect(&places));
	assert_expected(IPPROTO_TCP, 80, "10.78.0.254");
	assert_expected(IPPROTO_TCP, 81, "10.78.0.254");
	assert_expected(IPPROTO_UDP, 80, NULL);
	ck_assert(!replication_index_expect(&places));
}
END_TEST

/* The kernel goes by what it was given until it is given something else. */
START_TEST(an_expected_source_stays_until_nothing_is_expected)
{
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}")));
	note(IPPROTO_TCP, 80, "10.78.0.254");
	ck_assert(replication_index_expect(&places));
	note(IPPROTO_TCP, 80, "10.78.0.9");
	ck_assert(!replication_index_expect(&places));
	assert_expected(IPPROTO_TCP, 80, "10.78.0.254");
	replication_index_expect_nothing(&places);
	assert_expected(IPPROTO_TCP, 80, NULL);
	ck_assert(replication_index_expect(&places));
	assert_expected(IPPROTO_TCP, 80, "10.78.0.9");
}
END_TEST

START_TEST(other_virtual_servers_leave_what_is_known)
{
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}")));
	note(IPPROTO_TCP, 80, "10.78.0.254");
	ck_assert(replication_index_expect(&places));
	build(FIXTURE_ROUTER SERVER(
		"web", PORTS("{port: 79}, {port: 80}, {port: 90}, {port: 80, protocol: UDP}")));
	for (uint16_t port = 79; port <= 90; port++) {
		if (port == 79 || port == 80 || port == 90)
			assert_expected(IPPROTO_TCP, port, "10.78.0.254");
	}
	assert_expected(IPPROTO_UDP, 80, NULL);
	build(FIXTURE_ROUTER SERVER("web", PORTS("{port: 80}") NAT("none")));
	assert_expected(IPPROTO_TCP, 80, NULL);
}
END_TEST

START_TEST(each_address_and_protocol_is_met_once)
{
	size_t next = 0, count = 0;

	build(FIXTURE_ROUTER SERVER("web",
	                            PORTS("{port: 80}, {port: 81}, {port: 80, protocol: UDP}, "
	                                  "{port: 80, protocol: SCTP}")));
	while (replication_index_foreseeable(&places, next, &next))
		count++;
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_null(replication_index_foreseeable(&places, next, &next));
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
	tcase_add_test(tests, one_port_that_is_not_spoils_all_of_its_protocol);
	tcase_add_test(tests, what_a_flow_got_is_expected_of_all_of_its_address_and_protocol);
	tcase_add_test(tests, an_expected_source_stays_until_nothing_is_expected);
	tcase_add_test(tests, other_virtual_servers_leave_what_is_known);
	tcase_add_test(tests, each_address_and_protocol_is_met_once);
	return unit_run(suite);
}
