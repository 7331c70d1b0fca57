/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/table.h"

#include "nft/draft.h"
#include "tests/nft/fixture.h"

#include <check.h>
#include <string.h>

#define WEB(port)                                        \
	FIXTURE_SERVER("web", "10.77.0.100", FIXTURE_S4, \
	               "  ports: [{port: " port "}]\n  sourceNat: {mode: none}\n")

static const struct {
	const char *from, *to, *lines;
} rows[] = {
	{FIXTURE_ROUTER WEB("80"), FIXTURE_ROUTER WEB("80"), ""},
	{FIXTURE_ROUTER WEB("80"), FIXTURE_ROUTER WEB("81"),
         "- set served4: 10.77.0.100 . tcp . 80 comment \"default/web\"\n"
         "+ set served4: 10.77.0.100 . tcp . 81 comment \"default/web\"\n"},
	{FIXTURE_ROUTER WEB("80"),
         FIXTURE_ROUTER FIXTURE_SERVER("web", "10.77.0.100", FIXTURE_S4,
                                       "  ports: [{port: 80}]\n  forwarding: direct\n"),
         "- chain source_nat: type nat hook postrouting priority 95; policy accept;\n"},
	{FIXTURE_ROUTER WEB("80"),
         FIXTURE_ROUTER FIXTURE_SERVER("web", "10.77.0.100", FIXTURE_S4,
                                       "  ports: [{port: 80}]\n  sourceNat: {mode: none}\n"
                                       "  sourceRanges: [10.0.0.0/8]\n"),
         "+ map restricted4: type ipv4_addr . inet_proto . inet_service : verdict;\n"
         "+ map restricted4: 10.77.0.100 . tcp . 80 : goto sources_1\n"
         "+ set sources_1_ipv4: type ipv4_addr; flags interval;\n"
         "+ set sources_1_ipv4: 10.0.0.0-10.255.255.255\n"
         "+ chain prerouting: ip daddr @vips4 jump arriving4\n"
         "+ chain arriving4\n"
         "+ chain arriving4: ip daddr . meta l4proto . th dport vmap @restricted4\n"
         "+ chain sources_1\n"
         "+ chain sources_1: ip saddr != @sources_1_ipv4 counter drop comment \"source-dropped\"\n"
         "+ chain sources_1: meta nfproto ipv6 counter drop comment \"source-dropped\"\n"},
};

START_TEST(a_diff_says_what_changes)
{
	struct nft_table *from = fixture_table(rows[_i].from), *to = fixture_table(rows[_i].to);
	struct text text = {0};
	size_t count = nft_table_diff(from, to, &text), lines = 0;

	ck_assert_str_eq(text_str(&text), rows[_i].lines);
	for (const char *at = text_str(&text); *at; at++)
		lines += *at == '\n';
	ck_assert_uint_eq(count, lines);
	ck_assert_uint_eq(nft_table_diff(from, to, NULL), count);
	ck_assert_uint_eq(nft_table_diff(to, from, NULL), count);
	nft_table_free(from);
	nft_table_free(to);
	text_done(&text);
}
END_TEST

START_TEST(from_nothing_everything_is_new)
{
	struct nft_table *nothing = nft_table_new(),
			 *table = fixture_table(FIXTURE_ROUTER WEB("80"));
	struct text text = {0};

	ck_assert_uint_gt(nft_table_diff(nothing, table, &text), 10);
	ck_assert(text_starts_with(text_str(&text), "+ table inet lintel\n"));
	ck_assert_ptr_null(strstr(text_str(&text), "\n- "));
	nft_table_free(nothing);
	nft_table_free(table);
	text_done(&text);
}
END_TEST

/* --- rules, by hand --- */

static struct nft_table *rules(const char *codes)
{
	struct nft_draft draft;
	size_t chain;

	nft_draft_init(&draft);
	chain = nft_draft_chain(&draft, "c");
	for (; *codes; codes++) {
		char code[2] = {*codes, '\0'};
		struct nft_rule *rule = nft_draft_rule(&draft, chain);

		rule->code = arena_strdup(&draft.table->arena, code);
		rule->text = rule->code;
	}
	return nft_draft_finish(&draft);
}

static const struct {
	const char *from, *to, *lines;
} orders[] = {
	{"abc", "abc", ""},
	{"abc", "ac", "- chain c: b\n"},
	{"ac", "abc", "+ chain c: b\n"},
	{"abc", "abcd", "+ chain c: d\n"},
	{"abc", "xabc", "+ chain c: x\n"},
	{"abc", "", "- chain c: a\n- chain c: b\n- chain c: c\n"},
	{"ab", "ba", "- chain c: a\n+ chain c: a\n"},
	{"abc", "axc", "- chain c: b\n+ chain c: x\n"},
	{"aa", "a", "- chain c: a\n"},
};

START_TEST(the_order_of_rules_counts)
{
	struct nft_table *from = rules(orders[_i].from), *to = rules(orders[_i].to);
	struct text text = {0};

	(void)nft_table_diff(from, to, &text);
	ck_assert_str_eq(text_str(&text), orders[_i].lines);
	nft_table_free(from);
	nft_table_free(to);
	text_done(&text);
}
END_TEST

START_TEST(counts_are_added_up_by_meaning)
{
	struct nft_counts counts;
	struct nft_table *table;
	struct nft_draft draft;

	nft_draft_init(&draft);
	for (int i = 0; i < 2; i++) {
		struct nft_rule *rule = nft_draft_rule(&draft, nft_draft_chain(&draft, "c"));

		rule->counter = NFT_COUNTER_SOURCE_NAT;
		rule->packets = 3;
		rule->bytes = 100;
	}
	table = nft_draft_finish(&draft);
	nft_table_counts(table, &counts);
	ck_assert_uint_eq(counts.packets[NFT_COUNTER_SOURCE_NAT], 6);
	ck_assert_uint_eq(counts.bytes[NFT_COUNTER_SOURCE_NAT], 200);
	ck_assert_uint_eq(counts.packets[NFT_COUNTER_MASQUERADED], 0);
	nft_table_free(table);
}
END_TEST

/* Two sets of the keys 0 to 99 as 'seed' says, one element in three with other data. */
static struct nft_table *random_set(unsigned seed)
{
	const enum nft_type parts[NFT_KEY_PARTS_MAX] = {NFT_TYPE_MARK};
	struct nft_draft draft;

	nft_draft_init(&draft);
	nft_draft_set(&draft, "s", parts, NFT_TYPE_MARK);
	for (unsigned key = 0; key < 100; key++) {
		unsigned number = (key + 1) * (seed + 7) * 2654435761U >> 20;

		if (number % 3 == 0)
			continue;
		struct nft_element *element = nft_draft_element(&draft, 0);
		element->key[0] = (uint8_t)key;
		element->data[0] = number % 5 == 0 ? (uint8_t)seed : 0;
	}
	return nft_draft_finish(&draft);
}

static void count(void *ctx, const struct nft_set *set, const struct nft_element *element)
{
	(*(size_t *)ctx)++;
}

static void count_changed(void *ctx, const struct nft_set *set, const struct nft_element *before,
                          const struct nft_element *after)
{
	(*(size_t *)ctx)++;
}

/* By pieces of any size all that differs is passed, each key once and as a whole: what goes in one
 * pass, what comes or changes in the other. */
START_TEST(a_comparison_in_pieces_finds_the_same)
{
	struct nft_table *a = random_set((unsigned)_i), *b = random_set((unsigned)_i + 1);
	const struct nft_set *from = &a->sets[0], *to = &b->sets[0];

	for (int gone = 0; gone < 2; gone++) {
		size_t whole = 0, pieces = 0, passed = 0, from_at = 0, to_at = 0;
		size_t limit = 1 + (size_t)_i;
		struct nft_set_walk walk = {.ctx = &whole};

		if (gone) {
			walk.gone = count;
		} else {
			walk.came = count;
			walk.changed = count_changed;
		}
		nft_set_compare(from, to, &walk);
		ck_assert_uint_gt(whole, 0);
		walk.ctx = &pieces;
		while (from_at < from->element_count || to_at < to->element_count) {
			struct nft_set f = *from, t = *to;
			size_t f_at = from_at, t_at = to_at;
			size_t n = nft_set_pass(from, to, gone, limit, &from_at, &to_at);

			ck_assert_uint_le(n, limit);
			passed += n;
			f.elements += f_at;
			f.element_count = from_at - f_at;
			t.elements += t_at;
			t.element_count = to_at - t_at;
			nft_set_compare(&f, &t, &walk);
			for (size_t i = 0; i < f.element_count && to_at < to->element_count; i++)
				ck_assert_int_ne(memcmp(f.elements[i].key, to->elements[to_at].key,
				                        sizeof(f.elements[i].key)),
				                 0);
		}
		ck_assert_uint_eq(pieces, whole);
		ck_assert_uint_eq(passed, whole);
	}
	nft_table_free(a);
	nft_table_free(b);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nft/table");
	TCase *tcase = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, a_diff_says_what_changes, 0, (int)LT_ARRAY_SIZE(rows));
	tcase_add_test(tcase, from_nothing_everything_is_new);
	tcase_add_loop_test(tcase, the_order_of_rules_counts, 0, (int)LT_ARRAY_SIZE(orders));
	tcase_add_test(tcase, counts_are_added_up_by_meaning);
	tcase_add_loop_test(tcase, a_comparison_in_pieces_finds_the_same, 0, 40);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
