/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/sources.h"

#include "lib/text.h"

#include <check.h>
#include <stdio.h>
#include <string.h>

#define PREFIXES_MAX 8

/* Takes "a b c"; the index of the list. */
static size_t add(struct nft_sources *sources, const char *words)
{
	struct addr_prefix prefixes[PREFIXES_MAX];
	char copy[256], *rest = copy, *word;
	size_t count = 0;

	snprintf(copy, sizeof(copy), "%s", words);
	while ((word = strsep(&rest, " "))) {
		if (*word)
			ck_assert_int_eq(addr_prefix_parse(word, &prefixes[count++]), 0);
	}
	return nft_sources_add(sources, prefixes, count);
}

static void format(const struct nft_source_list *list, struct text *out)
{
	char first[ADDR_TEXT_SIZE], last[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < list->count; i++)
		text_printf(out, "%s%s-%s", i > 0 ? " " : "",
		            addr_format(&list->ranges[i].first, first),
		            addr_format(&list->ranges[i].last, last));
}

static const struct {
	const char *prefixes, *ranges;
} rows[] = {
	{"", ""},
	{"10.0.0.0/8", "10.0.0.0-10.255.255.255"},
	{"10.1.2.3/8", "10.0.0.0-10.255.255.255"}, /* host bits don't count */
	{"10.0.0.0/8 10.1.0.0/16", "10.0.0.0-10.255.255.255"},
	{"10.1.0.0/16 10.0.0.0/8", "10.0.0.0-10.255.255.255"},
	{"10.128.0.0/9 10.0.0.0/9", "10.0.0.0-10.255.255.255"},
	{"10.0.0.0/32 10.0.0.2/32", "10.0.0.0-10.0.0.0 10.0.0.2-10.0.0.2"},
	{"10.0.0.1/32 10.0.0.1/32", "10.0.0.1-10.0.0.1"},
	/* the last IPv4 address and the first IPv6 one are no neighbours, nor are the ends */
	{"255.255.255.255/32 ::/128", "255.255.255.255-255.255.255.255 ::-::"},
	{"255.255.255.255/32 0.0.0.0/32", "0.0.0.0-0.0.0.0 255.255.255.255-255.255.255.255"},
	{"fd00::/8 fc00::/8", "fc00::-fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

START_TEST(ranges_are_sorted_and_joined)
{
	struct nft_sources sources = {0};
	struct text text = {0};

	add(&sources, rows[_i].prefixes);
	format(&sources.lists[0], &text);
	ck_assert_str_eq(text_str(&text), rows[_i].ranges);
	text_done(&text);
	nft_sources_done(&sources);
}
END_TEST

START_TEST(equal_lists_are_one)
{
	struct nft_sources sources = {0};

	ck_assert_uint_eq(add(&sources, "10.0.0.0/8 fc00::/7"), 0);
	ck_assert_uint_eq(add(&sources, "10.0.0.0/9 fc00::/7"), 1);
	ck_assert_uint_eq(add(&sources, "fc00::/7 10.128.0.0/9 10.0.0.0/9"), 0);
	ck_assert_uint_eq(sources.count, 2);
	nft_sources_done(&sources);
}
END_TEST

START_TEST(everybody_is_told_apart_by_family)
{
	struct nft_sources sources = {0};
	size_t first;

	add(&sources, "0.0.0.0/1 128.0.0.0/1 fc00::/7");
	ck_assert(nft_sources_is_everybody(&sources.lists[0], ADDR_IPV4));
	ck_assert(!nft_sources_is_everybody(&sources.lists[0], ADDR_IPV6));
	ck_assert_uint_eq(nft_sources_of_family(&sources.lists[0], ADDR_IPV6, &first), 1);
	ck_assert_uint_eq(first, 1);
	nft_sources_done(&sources);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nft/sources");
	TCase *tcase = tcase_create("sources");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, ranges_are_sorted_and_joined, 0, (int)LT_ARRAY_SIZE(rows));
	tcase_add_test(tcase, equal_lists_are_one);
	tcase_add_test(tcase, everybody_is_told_apart_by_family);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
