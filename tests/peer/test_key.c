/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/key.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

/* 32 bytes of 1, of 2, of 3; 31 of 1; 65 of 1 */
#define KEY1  "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="
#define KEY2  "AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI="
#define KEY3  "AwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwM="
#define SHORT "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ=="
#define LONG                                                                                   \
	"AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEB" \
	"AQE="

START_TEST(keys_are_read_in_their_order)
{
	struct peer_keys keys = {.count = 0};
	struct text problem = {0};

	ck_assert_int_eq(peer_keys_parse("# ours\n\n  new-2026 " KEY2 "  # offered\r\nold\t" KEY1
	                                 "\n" KEY3,
	                                 &keys, &problem),
	                 0);
	ck_assert_uint_eq(keys.count, 3);
	ck_assert_str_eq(keys.items[0].name, "new-2026");
	ck_assert_uint_eq(keys.items[0].size, 32);
	ck_assert_uint_eq(keys.items[0].bytes[31], 2);
	ck_assert_str_eq(keys.items[1].name, "old");
	ck_assert_str_eq(keys.items[2].name, "");
	ck_assert_ptr_eq(peer_keys_find(&keys, "old", 3), &keys.items[1]);
	ck_assert_ptr_null(peer_keys_find(&keys, "ol", 2));
	ck_assert_ptr_null(peer_keys_find(&keys, "older", 5));
	ck_assert_uint_eq(problem.len, 0);
}
END_TEST

static const struct {
	const char *text, *problem;
} wrong[] = {
	{"", "there is no key in it"},
	{"# nothing\n\n", "there is no key in it"},
	{KEY1 "\nname !!!\n", "line 2: the key is no base64"},
	{"a b " KEY1, "line 1: a line is \"NAME KEY\" or \"KEY\""},
	{"n\xc3\xa4me " KEY1,
         "line 1: the key's name may have 1 to 63 letters, digits, '.', '_', '-'"},
	{"\n" SHORT, "line 2: the key has 31 bytes; allowed are 32 to 64"},
	{LONG, "line 1: the key has 65 bytes; allowed are 32 to 64"},
	{"a " KEY1 "\na " KEY2, "line 2: there is another key named a"},
	{"a " KEY1 "\nb " KEY1, "line 2: this key is there already"},
};

START_TEST(what_is_wrong_is_said_without_the_key)
{
	struct peer_keys keys, untouched;
	struct text problem = {0};

	memset(&keys, 0x5a, sizeof(keys));
	memset(&untouched, 0x5a, sizeof(untouched));
	ck_assert_int_eq(peer_keys_parse(wrong[_i].text, &keys, &problem), -EINVAL);
	ck_assert_str_eq(text_str(&problem), wrong[_i].problem);
	ck_assert_mem_eq(&keys, &untouched, sizeof(keys));
	text_done(&problem);
}
END_TEST

START_TEST(there_are_no_more_keys_than_the_limit)
{
	struct text file = {0}, problem = {0};
	struct peer_keys keys;

	for (int i = 0; i < PEER_KEYS_MAX; i++)
		text_printf(&file, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA%c=\n",
		            "AEIMQUYc"[i]);
	ck_assert_int_eq(peer_keys_parse(text_str(&file), &keys, &problem), 0);
	ck_assert_uint_eq(keys.count, PEER_KEYS_MAX);
	text_add(&file, KEY1 "\n");
	ck_assert_int_eq(peer_keys_parse(text_str(&file), &keys, &problem), -EINVAL);
	ck_assert_str_eq(text_str(&problem), "line 9: there are more than 8 keys");
	text_done(&file);
	text_done(&problem);
}
END_TEST

START_TEST(a_key_is_held_by_name_and_bytes)
{
	struct peer_keys a, b;
	struct text problem = {0};

	ck_assert_int_eq(peer_keys_parse("x " KEY1 "\ny " KEY2, &a, &problem), 0);
	ck_assert_int_eq(peer_keys_parse("y " KEY2 "\nx " KEY3, &b, &problem), 0);
	ck_assert(!peer_keys_hold(&b, &a.items[0]));
	ck_assert(peer_keys_hold(&b, &a.items[1]));
}
END_TEST

START_TEST(nothing_is_left_of_wiped_keys)
{
	static const struct peer_keys nothing;
	struct text problem = {0};
	struct peer_keys keys;

	ck_assert_int_eq(peer_keys_parse(KEY1, &keys, &problem), 0);
	peer_keys_wipe(&keys);
	ck_assert_mem_eq(&keys, &nothing, sizeof(keys));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("peer/key", &tests);

	tcase_add_test(tests, keys_are_read_in_their_order);
	tcase_add_loop_test(tests, what_is_wrong_is_said_without_the_key, 0, LT_ARRAY_SIZE(wrong));
	tcase_add_test(tests, there_are_no_more_keys_than_the_limit);
	tcase_add_test(tests, a_key_is_held_by_name_and_bytes);
	tcase_add_test(tests, nothing_is_left_of_wiped_keys);
	return unit_run(suite);
}
