/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard is looked at as text, the way a person would read it. */

#include "nft/guard.h"

#include "lib/mono.h"
#include "nft/encode.h"
#include "tests/nft/fixture.h"
#include "tests/unit.h"

#include <string.h>

#define NOW       INT64_C(7000000)
#define WEB(rest) FIXTURE_SERVER("web", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n" rest)
#define RANGE(more)                                        \
	FIXTURE_SERVER("media", "10.77.0.100", FIXTURE_S4, \
	               "  ports: [{portRange: {start: 1000, end: 1003}" more "}]\n")

/* The guard of the only router, until then. */
static struct nft_table *guard(const char *yaml, int64_t until_us)
{
	struct model_snapshot *snapshot = fixture_snapshot(yaml);
	const struct nft_guard_router router = {snapshot->routers[0], until_us};
	struct nft_table *table = nft_guard_build(snapshot, &router, 1, NULL, NOW);

	model_snapshot_free(snapshot);
	return table;
}

static const struct row {
	const char *yaml;
	const char *line;
	bool there;
} rows[] = {
	{FIXTURE_ROUTER WEB(""), "table inet lintel-guard {", true},
	{FIXTURE_ROUTER WEB(""), "type filter hook prerouting priority -150; policy accept;", true},
	{FIXTURE_ROUTER WEB(""), "type filter hook output priority -150; policy accept;", true},
	{FIXTURE_ROUTER WEB(""), "type ipv4_addr . inet_service; flags timeout;", true},
	/* clients in midstream */
	{FIXTURE_ROUTER WEB(""),
         "ip daddr . tcp dport @services4 tcp flags & (syn | ack) != syn ct state invalid,new "
         "counter drop comment \"guard-stalled\"",
         true},
	{FIXTURE_ROUTER WEB(""), "elements = { 10.77.0.100 . 80 }", true},
	/* answers to whatever source NAT may have chosen */
	{FIXTURE_ROUTER WEB(""),
         "ip daddr @sources4 ip saddr . meta l4proto . th sport @servers4 fib daddr type local "
         "tcp flags & (syn | ack) != syn ct state invalid,new counter drop",
         true},
	{FIXTURE_ROUTER WEB(""),
         "ip daddr @sources4 ip saddr . meta l4proto . th sport @servers4 fib daddr type local "
         "meta l4proto udp ct state invalid,new counter drop",
         true},
	{FIXTURE_ROUTER WEB(""), "10.78.0.21 . tcp . 80", true},
	{FIXTURE_ROUTER WEB(""), "10.78.0.254", true},
	{FIXTURE_ROUTER WEB(""), "10.77.0.254", true},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: address, address: 10.78.0.9}\n"), "10.78.0.9",
         true},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: address, address: 10.78.0.9}\n"), "10.78.0.254",
         false},
	{FIXTURE_SYNC_GROUP WEB(""), "10.78.0.253", true},
	{FIXTURE_ROUTER WEB(""), "bare", false},
	/* without source NAT the client is answered itself; its own packets may pass */
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: none}\n"), "@services4", false},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: none}\n"), "@sources4", false},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: none}\n"),
         "\t\tip saddr . meta l4proto . th sport @bare4 tcp flags & (syn | ack) != syn", true},
	/* what this machine says in their name */
	{FIXTURE_ROUTER WEB(""),
         "ip saddr @addresses4 tcp flags & (rst | ack) == rst counter drop comment "
         "\"guard-silenced\"",
         true},
	{FIXTURE_ROUTER WEB(""),
         "ip saddr @addresses4 icmp type destination-unreachable counter drop", true},
	{FIXTURE_ROUTER WEB("  forwarding: direct\n"), "ip saddr @addresses4 tcp flags", true},
	{FIXTURE_ROUTER WEB("  forwarding: direct\n"), "ct state", false},
	{FIXTURE_ROUTER WEB("  forwarding: tunnel\n"), "ct state", false},
	/* flows of the node's own address are lost anyway */
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: masquerade}\n"), "table", false},
	/* IPv6 */
	{FIXTURE_ROUTER FIXTURE_SERVER("six", "'2001:db8:77::100'", FIXTURE_S6,
                                       "  ports: [{port: 80}]\n"),
         "ip6 daddr . tcp dport @services6", true},
	{FIXTURE_ROUTER FIXTURE_SERVER("six", "'2001:db8:77::100'", FIXTURE_S6,
                                       "  ports: [{port: 80}]\n"),
         "ip6 saddr @addresses6 icmpv6 type destination-unreachable counter drop", true},
	{FIXTURE_ROUTER FIXTURE_SERVER("six", "'2001:db8:77::100'", FIXTURE_S6,
                                       "  ports: [{port: 80}]\n"),
         "ip daddr", false},
	/* UDP clients can't be told from new ones */
	{FIXTURE_ROUTER FIXTURE_SERVER("dns", "10.77.0.100", FIXTURE_S4,
                                       "  ports: [{port: 53, protocol: UDP}]\n"),
         "@services4", false},
	{FIXTURE_ROUTER FIXTURE_SERVER("dns", "10.77.0.100", FIXTURE_S4,
                                       "  ports: [{port: 53, protocol: UDP}]\n"),
         "10.78.0.21 . udp . 53", true},
	/* port ranges */
	{FIXTURE_ROUTER RANGE(", protocol: TCP"), "meta mark @marks", true},
	{FIXTURE_ROUTER RANGE(", protocol: TCP"), "flags interval,timeout;", true},
	{FIXTURE_ROUTER RANGE(", protocol: TCP"), "10.78.0.21 . tcp . 1000-1003", true},
	{FIXTURE_ROUTER RANGE(", protocol: TCP, targetPort: 2000"), "10.78.0.21 . tcp . 2000-2003",
         true},
	{FIXTURE_ROUTER RANGE(", protocol: UDP"), "@marks", false},
	{FIXTURE_ROUTER, "table", false},
};

START_TEST(the_guard_has_what_the_objects_need)
{
	struct nft_table *table = guard(rows[_i].yaml, TIME_NEVER);
	struct text text = {0};

	nft_table_format(table, &text);
	ck_assert_msg((strstr(text_str(&text), rows[_i].line) != NULL) == rows[_i].there,
	              "%s: %s\n%s", rows[_i].line, rows[_i].there ? "missing" : "there",
	              text_str(&text));
	text_done(&text);
	nft_table_free(table);
}
END_TEST

START_TEST(what_stands_has_no_time_out_and_what_expires_has_what_is_left)
{
	static const struct {
		int64_t until_us;
		uint64_t timeout_ms;
	} ends[] = {{TIME_NEVER, 0}, {NOW + 5000000, 5000}, {NOW + 1, 1}, {NOW + 1001, 2}};

	for (size_t i = 0; i < LT_ARRAY_SIZE(ends); i++) {
		struct nft_table *table = guard(FIXTURE_ROUTER WEB(""), ends[i].until_us);

		ck_assert_uint_gt(table->set_count, 0);
		for (size_t j = 0; j < table->set_count; j++) {
			ck_assert(table->sets[j].expiring);
			for (size_t k = 0; k < table->sets[j].element_count; k++)
				ck_assert_uint_eq(table->sets[j].elements[k].timeout_ms,
				                  ends[i].timeout_ms);
		}
		nft_table_free(table);
	}
}
END_TEST

START_TEST(what_has_ended_leaves_nothing)
{
	struct nft_table *table = guard(FIXTURE_ROUTER WEB(""), NOW);

	ck_assert(!table->present);
	ck_assert_uint_eq(table->set_count + table->chain_count, 0);
	nft_table_free(table);
}
END_TEST

START_TEST(to_stand_and_to_expire_differ_but_not_by_how_long)
{
	struct nft_table *stands = guard(FIXTURE_ROUTER WEB(""), TIME_NEVER);
	struct nft_table *first = guard(FIXTURE_ROUTER WEB(""), NOW + 5000000);
	struct nft_table *second = guard(FIXTURE_ROUTER WEB(""), NOW + 4000000);
	struct text text = {0};

	ck_assert_uint_gt(nft_table_diff(stands, first, &text), 0);
	ck_assert_ptr_nonnull(strstr(text_str(&text), "- set services4: 10.77.0.100 . 80\n"));
	ck_assert_ptr_nonnull(
		strstr(text_str(&text), "+ set services4: 10.77.0.100 . 80 expires\n"));
	ck_assert_uint_eq(nft_table_diff(first, second, NULL), 0);
	ck_assert_uint_eq(first->digest, second->digest);
	ck_assert_uint_ne(first->digest, stands->digest);
	text_done(&text);
	nft_table_free(stands);
	nft_table_free(first);
	nft_table_free(second);
}
END_TEST

#define TWO_ROUTERS                                                                       \
	FIXTURE_ROUTER WEB("") "apiVersion: lintel.io/v1alpha1\n"                         \
			       "kind: VirtualRouter\n"                                    \
			       "metadata: {name: second}\n"                               \
			       "spec: {virtualRouterId: 52, interface: eth0}\n"           \
			       "---\n"                                                    \
			       "apiVersion: lintel.io/v1alpha1\n"                         \
			       "kind: VirtualServer\n"                                    \
			       "metadata: {name: other}\n"                                \
			       "spec: {virtualRouter: second, addresses: [10.77.0.200], " \
			       "servers: [" FIXTURE_S4 "], ports: [{port: 80}]}\n"

/* Both routers' services have the same server. */
START_TEST(of_two_routers_the_longer_need_wins)
{
	struct model_snapshot *snapshot = fixture_snapshot(TWO_ROUTERS);
	const struct nft_guard_router routers[] = {
		{model_snapshot_router(snapshot, "front"), NOW + 5000000},
		{model_snapshot_router(snapshot, "second"), TIME_NEVER},
	};
	struct nft_table *table = nft_guard_build(snapshot, routers, 2, NULL, NOW);
	const struct nft_set *servers = nft_table_set(table, "servers4");
	const struct nft_set *services = nft_table_set(table, "services4");

	ck_assert_ptr_nonnull(servers);
	ck_assert_uint_eq(servers->element_count, 1);
	ck_assert_uint_eq(servers->elements[0].timeout_ms, 0);
	ck_assert_uint_eq(services->element_count, 2);
	ck_assert_uint_eq(services->elements[0].timeout_ms, 5000);
	ck_assert_uint_eq(services->elements[1].timeout_ms, 0);
	nft_table_free(table);
	table = nft_guard_build(snapshot, routers, 1, NULL, NOW);
	ck_assert_uint_eq(nft_table_set(table, "services4")->element_count, 1);
	nft_table_free(table);
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(ranges_of_one_server_that_overlap_are_one)
{
	struct nft_table *table = guard(
		FIXTURE_ROUTER FIXTURE_SERVER("a", "10.77.0.100", FIXTURE_S4,
	                                      "  ports: [{portRange: {start: 1000, end: 1003}}]\n")
			FIXTURE_SERVER("b", "10.77.0.101", FIXTURE_S4,
	                               "  ports: [{portRange: {start: 1002, end: 1009}}]\n"),
		TIME_NEVER);
	const struct nft_set *ranges = nft_table_set(table, "server_ranges4");

	ck_assert_ptr_nonnull(ranges);
	ck_assert_uint_eq(ranges->element_count, 1);
	ck_assert_uint_eq(ranges->elements[0].key_end[9], 1009 & 0xff);
	nft_table_free(table);
}
END_TEST

START_TEST(what_others_send_where_only_we_may_is_dropped)
{
	struct nft_guard_private private = {"lintel-sync", 18848, 0x4c53594e, false};
	struct model_snapshot *snapshot = fixture_snapshot(FIXTURE_ROUTER WEB(""));
	struct nft_table *table = nft_guard_build(snapshot, NULL, 0, &private, NOW);
	struct text text = {0};

	ck_assert(table->present);
	nft_table_format(table, &text);
	ck_assert_ptr_nonnull(strstr(text_str(&text), "elements = { 18848 }"));
	ck_assert_ptr_nonnull(strstr(
		text_str(&text), "type filter hook ingress device \"lintel-sync\" priority -150"));
	ck_assert_ptr_nonnull(strstr(text_str(&text),
	                             "udp dport @private_ports meta mark != @private_marks "
	                             "counter drop comment \"guard-private\""));
	/* a node that guards nothing has no hook before its packets, nor behind them */
	ck_assert_ptr_null(strstr(text_str(&text), "prerouting"));
	ck_assert_ptr_null(strstr(text_str(&text), "hook output"));
	nft_table_free(table);

	private.no_ingress = true;
	text_clear(&text);
	table = nft_guard_build(snapshot, NULL, 0, &private, NOW);
	nft_table_format(table, &text);
	ck_assert_ptr_nonnull(strstr(text_str(&text), "elements = { \"lintel-sync\" }"));
	ck_assert_ptr_nonnull(strstr(text_str(&text),
	                             "udp dport @private_ports oifname @private meta mark != "
	                             "@private_marks "
	                             "counter drop comment \"guard-private\""));
	ck_assert_ptr_nonnull(strstr(text_str(&text), "hook output"));
	text_done(&text);
	nft_table_free(table);
	model_snapshot_free(snapshot);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("nft/guard", &tests);

	tcase_add_loop_test(tests, the_guard_has_what_the_objects_need, 0, LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, what_stands_has_no_time_out_and_what_expires_has_what_is_left);
	tcase_add_test(tests, what_has_ended_leaves_nothing);
	tcase_add_test(tests, to_stand_and_to_expire_differ_but_not_by_how_long);
	tcase_add_test(tests, of_two_routers_the_longer_need_wins);
	tcase_add_test(tests, what_others_send_where_only_we_may_is_dropped);
	tcase_add_test(tests, ranges_of_one_server_that_overlap_are_one);
	return unit_run(suite);
}
