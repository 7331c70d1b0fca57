/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/dns.h"

#include "tests/unit.h"

#include <string.h>

#define ID 0xbeef

static uint8_t query[HEALTH_DNS_QUERY_MAX];

/* From the text of a C string with NULs in it. */
#define BYTES(text) (const uint8_t *)(text), sizeof(text) - 1

START_TEST(a_query_is_as_the_standard_has_it)
{
	static const char wanted[] = "\xbe\xef\x01\x00\0\1\0\0\0\0\0\0"
				     "\3www\7example\3org\0\0\x1c\0\1";
	static const char root[] = "\xbe\xef\x01\x00\0\1\0\0\0\0\0\0\0\0\2\0\1";

	ck_assert_uint_eq(health_dns_encode(query, ID, "www.example.org", MODEL_DNS_AAAA),
	                  sizeof(wanted) - 1);
	ck_assert_mem_eq(query, wanted, sizeof(wanted) - 1);
	ck_assert_uint_eq(health_dns_encode(query, ID, "", MODEL_DNS_NS), sizeof(root) - 1);
	ck_assert_mem_eq(query, root, sizeof(root) - 1);
}
END_TEST

START_TEST(what_is_no_name_is_not_asked)
{
	char label[70], name[300];

	memset(label, 'a', sizeof(label));
	label[63] = '\0';
	ck_assert_uint_gt(health_dns_encode(query, ID, label, MODEL_DNS_A), 0);
	label[63] = 'a';
	label[64] = '\0';
	ck_assert_uint_eq(health_dns_encode(query, ID, label, MODEL_DNS_A), 0);
	ck_assert_uint_eq(health_dns_encode(query, ID, "a..b", MODEL_DNS_A), 0);
	ck_assert_uint_eq(health_dns_encode(query, ID, ".", MODEL_DNS_A), 0);
	/* 127 labels of one letter are 255 bytes with the end; 128 are too many. */
	for (size_t i = 0; i < 256; i += 2)
		memcpy(name + i, "a.", 2);
	name[127 * 2 - 1] = '\0';
	ck_assert_uint_eq(health_dns_encode(query, ID, name, MODEL_DNS_A), 12 + 255 + 4);
	name[127 * 2 - 1] = '.';
	name[128 * 2 - 1] = '\0';
	ck_assert_uint_eq(health_dns_encode(query, ID, name, MODEL_DNS_A), 0);
}
END_TEST

START_TEST(answers_are_judged_by_header_and_question)
{
	static const struct {
		const char *what;
		const uint8_t *answer;
		size_t size;
		enum health_dns_verdict verdict;
		unsigned code;
	} rows[] = {
		{"good", BYTES("\xbe\xef\x81\x80\0\1\0\2\0\0\0\0\1a\0\0\2\0\1rest"),
	         HEALTH_DNS_GOOD, 0},
		{"no records", BYTES("\xbe\xef\x81\x80\0\1\0\0\0\0\0\0\1a\0\0\2\0\1"),
	         HEALTH_DNS_GOOD, 0},
		{"cut short, by its own word",
	         BYTES("\xbe\xef\x83\x80\0\1\0\0\0\0\0\0\1a\0\0\2\0\1"), HEALTH_DNS_GOOD, 0},
		{"another case", BYTES("\xbe\xef\x81\x80\0\1\0\0\0\0\0\0\1A\0\0\2\0\1"),
	         HEALTH_DNS_GOOD, 0},
		{"SERVFAIL", BYTES("\xbe\xef\x81\x82\0\1\0\0\0\0\0\0\1a\0\0\2\0\1"),
	         HEALTH_DNS_ERROR, 2},
		{"FORMERR without a question", BYTES("\xbe\xef\x81\x81\0\0\0\0\0\0\0\0"),
	         HEALTH_DNS_ERROR, 1},
		{"another id", BYTES("\xbe\xee\x81\x80\0\1\0\0\0\0\0\0\1a\0\0\2\0\1"),
	         HEALTH_DNS_FOREIGN, 0},
		{"another name", BYTES("\xbe\xef\x81\x80\0\1\0\0\0\0\0\0\1b\0\0\2\0\1"),
	         HEALTH_DNS_FOREIGN, 0},
		{"a type that differs in one bit",
	         BYTES("\xbe\xef\x81\x80\0\1\0\0\0\0\0\0\1a\0\0\x22\0\1"), HEALTH_DNS_FOREIGN, 0},
		{"a query", BYTES("\xbe\xef\x01\x00\0\1\0\0\0\0\0\0\1a\0\0\2\0\1"),
	         HEALTH_DNS_BROKEN, 0},
		{"another opcode", BYTES("\xbe\xef\xa1\x80\0\1\0\0\0\0\0\0\1a\0\0\2\0\1"),
	         HEALTH_DNS_BROKEN, 0},
		{"good without a question", BYTES("\xbe\xef\x81\x80\0\0\0\0\0\0\0\0"),
	         HEALTH_DNS_BROKEN, 0},
		{"two questions", BYTES("\xbe\xef\x81\x80\0\2\0\0\0\0\0\0\1a\0\0\2\0\1"),
	         HEALTH_DNS_BROKEN, 0},
		{"half a question", BYTES("\xbe\xef\x81\x80\0\1\0\0\0\0\0\0\1a\0\0\2\0"),
	         HEALTH_DNS_BROKEN, 0},
		{"half a header", BYTES("\xbe\xef\x81\x80\0\1"), HEALTH_DNS_BROKEN, 0},
		{"nothing", BYTES(""), HEALTH_DNS_BROKEN, 0},
	};
	size_t query_size = health_dns_encode(query, ID, "a", MODEL_DNS_NS);

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		unsigned code = 77;
		enum health_dns_verdict verdict =
			health_dns_judge(query, query_size, rows[i].answer, rows[i].size, &code);

		ck_assert_msg(verdict == rows[i].verdict, "%s: %d", rows[i].what, (int)verdict);
		if (verdict == HEALTH_DNS_GOOD || verdict == HEALTH_DNS_ERROR)
			ck_assert_uint_eq(code, rows[i].code);
		else
			ck_assert_uint_eq(code, 77);
	}
}
END_TEST

START_TEST(codes_have_names)
{
	ck_assert_str_eq(health_dns_code_name(3), "NXDOMAIN");
	ck_assert_str_eq(health_dns_code_name(15), "");
	ck_assert_str_eq(health_dns_code_name(4000), "");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/dns", &tests);

	tcase_add_test(tests, a_query_is_as_the_standard_has_it);
	tcase_add_test(tests, what_is_no_name_is_not_asked);
	tcase_add_test(tests, answers_are_judged_by_header_and_question);
	tcase_add_test(tests, codes_have_names);
	return unit_run(suite);
}
