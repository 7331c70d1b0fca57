/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables are looked at as text, the way a person would read them. */

#include "nft/op.h"
#include "nft/ruleset.h"
#include "tests/nft/fixture.h"

#include <check.h>
#include <string.h>

#define WEB(rest) FIXTURE_SERVER("web", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n" rest)
#define RANGE(target)                                                                         \
	FIXTURE_SERVER("media", "10.77.0.100", FIXTURE_S4,                                    \
	               "  ports: [{portRange: {start: 1000, end: 1003}, protocol: UDP" target \
	               "}]\n")

static const struct row {
	const char *yaml;
	const char *line; /* a line of the table, or a part of it */
	bool there;
} rows[] = {
	/* who is served, and what becomes of the rest */
	{FIXTURE_ROUTER WEB(""), "10.77.0.100 . tcp . 80 comment \"default/web\"", true},
	{FIXTURE_ROUTER WEB(""), "tcp flags & (syn | ack) == syn counter reject with tcp reset",
         true},
	{FIXTURE_ROUTER WEB(""), "ct state new ip daddr @vips4 jump unserved4", true},
	{FIXTURE_ROUTER WEB(""), "\"eth1\" . \"eth1\"", true},
	{FIXTURE_ROUTER WEB(""), "ip6", false},
	{FIXTURE_ROUTER WEB(""), "arriving", false}, /* nothing to do there */
	{FIXTURE_ROUTER WEB(""),
         "hook prerouting priority -300; policy accept;\n\t\tmeta l4proto vrrp notrack\n", true},
	{FIXTURE_ROUTER WEB(""),
         "hook output priority -300; policy accept;\n\t\tmeta l4proto vrrp notrack\n", true},
	{FIXTURE_ROUTER WEB(""), "elements = { 10.77.0.100 }",
         true}, /* a router's address is no VIP */
	/* source NAT */
	{FIXTURE_ROUTER WEB(""), "10.77.0.100 . 80 : goto source_nat_auto", true},
	{FIXTURE_ROUTER WEB(""), "10.77.0.100 . \"eth1\" : 10.78.0.254", true},
	{FIXTURE_ROUTER WEB(""), "10.77.0.100 . \"eth0\" : 10.77.0.254", true},
	{FIXTURE_SYNC_GROUP WEB(""), "10.77.0.100 . \"eth1\" : 10.78.0.253", true},
	{FIXTURE_SYNC_GROUP WEB(""), "10.77.0.100 . \"eth0\" : 10.77.0.254", true},
	{FIXTURE_ROUTER WEB(""), "ip daddr != @vips4 jump source_nat4", true},
	{FIXTURE_ROUTER WEB(""), "counter snat ip to ct original ip daddr comment", true},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: masquerade}\n"), "counter masquerade", true},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: masquerade}\n"), "source_nat_auto", false},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: address, address: 10.78.0.9}\n"),
         "10.77.0.100 . 80 : 10.78.0.9", true},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: none}\n"), "snat", false},
	{FIXTURE_ROUTER WEB("  sourceNat: {mode: none}\n"),
         "type nat hook postrouting priority 95; policy accept;", true},
	{FIXTURE_ROUTER WEB("  forwarding: direct\n"), "type nat", false},
	{FIXTURE_ROUTER WEB("  forwarding: tunnel\n"), "type nat", false},
	/* source ranges */
	{FIXTURE_ROUTER WEB("  sourceRanges: [10.0.0.0/9, 10.128.0.0/9]\n"),
         "elements = { 10.0.0.0-10.255.255.255 }", true},
	{FIXTURE_ROUTER WEB("  sourceRanges: [10.0.0.0/9]\n"),
         "10.77.0.100 . tcp . 80 : goto sources_1", true},
	{FIXTURE_ROUTER WEB("  sourceRanges: [10.0.0.0/9]\n"),
         "ip saddr != @sources_1_ipv4 counter drop comment \"source-dropped\"", true},
	{FIXTURE_ROUTER WEB("  sourceRanges: [10.0.0.0/9]\n"), "meta nfproto ipv6 counter drop",
         true},
	{FIXTURE_ROUTER WEB("  sourceRanges: [0.0.0.0/0]\n"), "restricted", false},
	{FIXTURE_ROUTER WEB("  sourceRanges: [0.0.0.0/1, 128.0.0.0/1]\n"), "restricted", false},
	/* port ranges */
	{FIXTURE_ROUTER RANGE(""), "10.77.0.100 . udp . 1000-1003 comment \"default/media\" : 0x",
         true},
	{FIXTURE_ROUTER RANGE(""), "shift", false},
	{FIXTURE_ROUTER RANGE(", targetPort: 1000"), "shift", false},
	{FIXTURE_ROUTER RANGE(", targetPort: 2000"), "10.77.0.100 . 1003 : 2003", true},
	{FIXTURE_ROUTER RANGE(", targetPort: 2000"), "10.77.0.100 . 2003 : 1003", true},
	{FIXTURE_ROUTER RANGE(", targetPort: 2000"),
         "udp checksum 0 udp dport set ip daddr . udp dport map @shift_udp4 udp checksum set 0 "
         "return",
         true},
	{FIXTURE_ROUTER RANGE(", targetPort: 2000"),
         "udp sport set ip saddr . udp sport map @unshift_udp4", true},
	{FIXTURE_ROUTER RANGE(", targetPort: 2000"),
         "meta mark @shifted_marks fib daddr type local jump shift4", true},
	/* Accept_Mode */
	{FIXTURE_ROUTER_WITH("accept: false, ") WEB(""),
         "iif != \"lo\" ip daddr @unaccepted4 counter drop comment \"not-accepted\"", true},
	{FIXTURE_ROUTER_WITH("accept: false, ") WEB(""), "icmpv6 type nd-neighbor-solicit return",
         true},
	{FIXTURE_ROUTER_WITH("accept: false, priority: 255, ") WEB(""), "unaccepted", false},
	{FIXTURE_ROUTER WEB(""), "unaccepted", false},
};

START_TEST(the_table_says_what_the_objects_ask_for)
{
	struct nft_table *table = fixture_table(rows[_i].yaml);
	struct text text = {0};

	nft_table_format(table, &text);
	ck_assert_msg(!!strstr(text_str(&text), rows[_i].line) == rows[_i].there, "%s: %s\n%s",
	              rows[_i].there ? "missing" : "superfluous", rows[_i].line, text_str(&text));
	text_done(&text);
	nft_table_free(table);
}
END_TEST

START_TEST(no_instruction_of_ours_is_unreadable)
{
	struct nft_table *table = fixture_table(rows[_i].yaml);

	for (size_t i = 0; i < table->chain_count; i++) {
		for (size_t j = 0; j < table->chains[i].rule_count; j++)
			ck_assert_ptr_null(strchr(table->chains[i].rules[j].text, '['));
	}
	nft_table_free(table);
}
END_TEST

START_TEST(nothing_to_do_is_no_table)
{
	struct nft_table *table = fixture_table(FIXTURE_ROUTER);
	struct text text = {0};

	ck_assert(!table->present);
	nft_table_format(table, &text);
	ck_assert_str_eq(text_str(&text), "");
	nft_table_free(table);
}
END_TEST

/* --- notes --- */

static const struct {
	const char *yaml, *note; /* NULL: none */
} notes[] = {
	{FIXTURE_ROUTER WEB(""), NULL},
	{FIXTURE_ROUTER FIXTURE_SERVER("v6", "'2001:db8:77::100'", FIXTURE_S6,
                                       "  ports: [{port: 80}]\n  sourceRanges: [10.0.0.0/8]\n"),
         "none of the source ranges is IPv6"},
	/* two ranges with the same server ports: whose is the answer? */
	{FIXTURE_ROUTER FIXTURE_SERVER(
		 "m", "10.77.0.100", FIXTURE_S4,
		 "  ports: [{name: a, portRange: {start: 1000, end: 1009}, targetPort: 3000}, "
		 "{name: b, portRange: {start: 2000, end: 2009}, targetPort: 3009}]\n"),
         "could not be told from"},
	/* a served port among the server ports */
	{FIXTURE_ROUTER FIXTURE_SERVER(
		 "m", "10.77.0.100", FIXTURE_S4,
		 "  ports: [{name: a, portRange: {start: 1000, end: 1009}, targetPort: 3000}, "
		 "{name: b, port: 3005}]\n"),
         "could not be told from"},
	/* ... of another protocol is no matter */
	{FIXTURE_ROUTER FIXTURE_SERVER(
		 "m", "10.77.0.100", FIXTURE_S4,
		 "  ports: [{name: a, portRange: {start: 1000, end: 1009}, targetPort: 3000}, "
		 "{name: b, port: 3005, protocol: UDP}]\n"),
         NULL},
	/* shifted onto ports that are themselves shifted away */
	{FIXTURE_ROUTER FIXTURE_SERVER(
		 "m", "10.77.0.100", FIXTURE_S4,
		 "  ports: [{portRange: {start: 1000, end: 1009}, targetPort: 1005}]\n"),
         NULL},
	{FIXTURE_ROUTER FIXTURE_SERVER(
		 "m", "10.77.0.100",
		 "{address: 10.78.0.21, port: 2000}, {address: 10.78.0.22, port: 3000}",
		 "  ports: [{portRange: {start: 1000, end: 1009}}]\n"),
         "must all have the same ports"},
};

START_TEST(what_cannot_be_had_is_noted)
{
	struct nft_table *table = fixture_table(notes[_i].yaml);

	if (!notes[_i].note) {
		ck_assert_uint_eq(table->note_count, 0);
	} else {
		ck_assert_uint_ge(table->note_count, 1);
		ck_assert_msg(!!strstr(table->notes[0], notes[_i].note), "%s", table->notes[0]);
	}
	nft_table_free(table);
}
END_TEST

START_TEST(a_range_that_would_mix_answers_up_is_not_served)
{
	struct nft_table *table = fixture_table(notes[3].yaml);

	ck_assert_ptr_null(nft_table_set(table, "ranges4"));
	ck_assert_ptr_nonnull(nft_table_set(table, "served4"));
	nft_table_free(table);
}
END_TEST

/* --- laws --- */

static size_t rule_count(const struct nft_table *table)
{
	size_t count = 0;

	for (size_t i = 0; i < table->chain_count; i++)
		count += table->chains[i].rule_count;
	return count;
}

static struct nft_table *many(unsigned count)
{
	struct text yaml = {0};
	struct nft_table *table;

	text_add(&yaml, FIXTURE_ROUTER);
	for (unsigned i = 0; i < count; i++)
		text_printf(&yaml,
		            FIXTURE_SERVER("s%u", "10.77.1.%u", FIXTURE_S4,
		                           "  ports: [{name: a, port: 80}, {name: b, portRange: "
		                           "{start: 1000, end: 1009}, targetPort: 2000}]\n"
		                           "  sourceRanges: [10.0.0.0/8]\n"),
		            i, i + 1);
	table = fixture_table(text_str(&yaml));
	text_done(&yaml);
	return table;
}

START_TEST(the_rules_do_not_grow_with_the_number_of_services)
{
	struct nft_table *one = many(1), *more = many(200);

	ck_assert_uint_eq(rule_count(one), rule_count(more));
	ck_assert_uint_eq(one->chain_count, more->chain_count);
	ck_assert_uint_eq(one->set_count, more->set_count);
	ck_assert_uint_eq(nft_table_set(more, "served4")->element_count, 200);
	nft_table_free(one);
	nft_table_free(more);
}
END_TEST

START_TEST(the_digest_depends_on_the_state_alone)
{
	struct nft_table *one = fixture_table(FIXTURE_ROUTER WEB("") RANGE(""));
	struct nft_table *same = fixture_table(RANGE("") WEB("") FIXTURE_ROUTER);
	struct nft_table *other = fixture_table(FIXTURE_ROUTER WEB(""));

	ck_assert_uint_eq(one->digest, same->digest);
	ck_assert_uint_eq(one->digest, nft_table_digest(one));
	ck_assert_uint_ne(one->digest, other->digest);
	ck_assert_uint_eq(nft_table_diff(one, same, NULL), 0);
	ck_assert_uint_ne(nft_table_diff(one, other, NULL), 0);
	nft_table_free(one);
	nft_table_free(same);
	nft_table_free(other);
}
END_TEST

/* Services that come and go leave the frame; new kinds of them don't. */
START_TEST(the_frame_is_what_elements_stand_in)
{
	struct nft_table *one = fixture_table(FIXTURE_ROUTER WEB(""));
	struct nft_table *two = fixture_table(FIXTURE_ROUTER WEB("") FIXTURE_SERVER(
		"more", "10.77.0.101", FIXTURE_S4, "  ports: [{port: 80}]\n"));
	struct nft_table *range = fixture_table(FIXTURE_ROUTER WEB("") RANGE(""));

	ck_assert_uint_eq(one->frame, nft_table_frame(one));
	ck_assert_uint_eq(one->frame, two->frame);
	ck_assert_uint_ne(one->digest, two->digest);
	ck_assert_uint_ne(one->frame, range->frame);
	ck_assert(nft_table_same_elements(one, one));
	ck_assert(!nft_table_same_elements(one, two));
	nft_table_free(one);
	nft_table_free(two);
	nft_table_free(range);
}
END_TEST

START_TEST(nat_stays_for_flows_that_come_to_their_end)
{
	struct model_snapshot *snapshot = fixture_snapshot(FIXTURE_ROUTER);
	struct nft_table *plain = nft_ruleset_build(snapshot);
	struct nft_table *kept = nft_ruleset_build_with_nat(snapshot);

	ck_assert(!plain->present && !nft_ruleset_has_nat(plain));
	ck_assert(kept->present && nft_ruleset_has_nat(kept));
	ck_assert_uint_eq(kept->chain_count, 1);
	ck_assert_uint_eq(kept->chains[0].rule_count, 1); /* by which flows are tracked */
	ck_assert_int_eq(kept->chains[0].rules[0].ops[0].kind, NFT_OP_NEW_FLOW);
	ck_assert_uint_ne(kept->digest, plain->digest);
	nft_table_free(plain);
	nft_table_free(kept);
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(nat_that_is_wanted_is_not_kept_twice)
{
	struct model_snapshot *snapshot = fixture_snapshot(FIXTURE_ROUTER WEB(""));
	struct nft_table *plain = nft_ruleset_build(snapshot);
	struct nft_table *kept = nft_ruleset_build_with_nat(snapshot);

	ck_assert(nft_ruleset_has_nat(plain));
	ck_assert_uint_eq(kept->digest, plain->digest);
	nft_table_free(plain);
	nft_table_free(kept);
	model_snapshot_free(snapshot);
}
END_TEST

#define VARIANT(name, servers, rest) FIXTURE_SERVER(name, "10.77.0.100", servers, rest)
#define MEDIA(servers, port, rest) \
	VARIANT("media", servers, "  ports: [{portRange: {" port "}, protocol: UDP}]\n" rest)
#define TWO_PORTS "{address: 10.78.0.1, port: 3000}, {address: 10.78.0.2, port: 3000}"

/* What a source may say beside the routers. */
static const char *const variants[] = {
	"",
	WEB(""),
	VARIANT("other", FIXTURE_S4, "  ports: [{port: 80}]\n"),
	VARIANT("web", FIXTURE_S4, "  ports: [{port: 81}]\n"),
	VARIANT("web", FIXTURE_S4, "  ports: [{port: 80, protocol: UDP}]\n"),
	VARIANT("web", FIXTURE_S4, "  ports: [{port: 80}, {port: 81}]\n"),
	VARIANT("web", FIXTURE_S4, "  ports: [{port: 80, targetPort: 8080}]\n"),
	VARIANT("web", "{address: 10.78.0.3, weight: 3}", "  ports: [{port: 80}]\n"),
	FIXTURE_SERVER("web", "10.77.0.101", FIXTURE_S4, "  ports: [{port: 80}]\n"),
	FIXTURE_SERVER("web", "10.77.0.100, 10.77.0.101", FIXTURE_S4, "  ports: [{port: 80}]\n"),
	WEB("  forwarding: direct\n"),
	WEB("  sourceNat: {mode: none}\n"),
	WEB("  sourceNat: {mode: masquerade}\n"),
	WEB("  sourceNat: {mode: address, address: 10.78.0.9}\n"),
	WEB("  sourceNat: {mode: address, address: 10.78.0.10}\n"),
	WEB("  sourceRanges: [10.0.0.0/9]\n"),
	WEB("  sourceRanges: [10.0.0.0/10]\n"),
	WEB("  sourceRanges: [10.0.0.0/9, 11.0.0.0/9]\n"),
	WEB("  persistence: {timeout: 60s}\n"),
	MEDIA(FIXTURE_S4, "start: 1000, end: 1003", ""),
	MEDIA(FIXTURE_S4, "start: 1000, end: 1004", ""),
	MEDIA(FIXTURE_S4, "start: 1001, end: 1003", ""),
	MEDIA(TWO_PORTS, "start: 1000, end: 1003", ""),
	MEDIA("{address: 10.78.0.3, port: 4000}", "start: 1000, end: 1003", ""),
	MEDIA("{address: 10.78.0.3, port: 3000}", "start: 1000, end: 1003", ""),
	RANGE(", targetPort: 2000"),
	RANGE(", targetPort: 2001"),
	WEB("") RANGE(""),
};

/* What FIXTURE_ROUTER and the variant say, and the table of that. */
static struct model_snapshot *snapshot_of(const struct model_objects *router, const char *variant,
                                          struct nft_table **ret_table)
{
	struct model_objects objects = fixture_objects(variant);
	const struct model_objects *sources[] = {router, &objects};
	struct model_snapshot *snapshot = fixture_join(sources, 2);

	model_objects_done(&objects);
	*ret_table = nft_ruleset_build(snapshot);
	return snapshot;
}

START_TEST(what_is_said_to_give_the_same_table_does)
{
	struct model_objects router = fixture_objects(FIXTURE_ROUTER);
	struct model_snapshot *snapshots[2 * LT_ARRAY_SIZE(variants)];
	struct nft_table *tables[2 * LT_ARRAY_SIZE(variants)];
	size_t count = 2 * LT_ARRAY_SIZE(variants), same = 0;

	for (size_t i = 0; i < count; i++)
		snapshots[i] = snapshot_of(&router, variants[i / 2], &tables[i]);
	for (size_t i = 0; i < count; i++) {
		ck_assert(nft_ruleset_same(snapshots[i], snapshots[i]));
		ck_assert(nft_ruleset_same(snapshots[i], snapshots[i ^ 1])); /* read twice */
		for (size_t j = 0; j < count; j++) {
			if (!nft_ruleset_same(snapshots[i], snapshots[j]))
				continue;
			ck_assert_msg(tables[i]->digest == tables[j]->digest, "%s\n%s",
			              variants[i / 2], variants[j / 2]);
			same += i / 2 != j / 2;
		}
	}
	/* other servers; persistence: each with WEB and one another, read twice each */
	ck_assert_uint_ge(same, 2 * 3 * 2 * 2);
	for (size_t i = 0; i < count; i++) {
		nft_table_free(tables[i]);
		model_snapshot_free(snapshots[i]);
	}
	model_objects_done(&router);
}
END_TEST

START_TEST(other_routers_may_give_another_table)
{
	struct model_snapshot *one = fixture_snapshot(FIXTURE_ROUTER WEB(""));
	struct model_snapshot *other =
		fixture_snapshot(FIXTURE_ROUTER_WITH("accept: false, ") WEB(""));

	ck_assert(!nft_ruleset_same(one, other));
	model_snapshot_free(one);
	model_snapshot_free(other);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nft/ruleset");
	TCase *tcase = tcase_create("ruleset");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, the_table_says_what_the_objects_ask_for, 0,
	                    (int)LT_ARRAY_SIZE(rows));
	tcase_add_loop_test(tcase, no_instruction_of_ours_is_unreadable, 0,
	                    (int)LT_ARRAY_SIZE(rows));
	tcase_add_test(tcase, nothing_to_do_is_no_table);
	tcase_add_loop_test(tcase, what_cannot_be_had_is_noted, 0, (int)LT_ARRAY_SIZE(notes));
	tcase_add_test(tcase, a_range_that_would_mix_answers_up_is_not_served);
	tcase_add_test(tcase, the_rules_do_not_grow_with_the_number_of_services);
	tcase_add_test(tcase, the_digest_depends_on_the_state_alone);
	tcase_add_test(tcase, the_frame_is_what_elements_stand_in);
	tcase_add_test(tcase, nat_stays_for_flows_that_come_to_their_end);
	tcase_add_test(tcase, nat_that_is_wanted_is_not_kept_twice);
	tcase_add_test(tcase, what_is_said_to_give_the_same_table_does);
	tcase_add_test(tcase, other_routers_may_give_another_table);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
