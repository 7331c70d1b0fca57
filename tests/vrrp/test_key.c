/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/key.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#define A "hex:000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define B "//////////////////////////////////////////8="

START_TEST(keys_stand_in_the_order_of_the_file)
{
	struct vrrp_keys keys;
	struct text problem = {0};

	ck_assert_int_eq(vrrp_keys_parse("# new\n2 " A "\n255 " B "\n", &keys, &problem), 0);
	ck_assert_uint_eq(keys.count, 2);
	ck_assert_uint_eq(keys.items[0].id, 2);
	ck_assert_uint_eq(keys.items[0].size, 32);
	ck_assert_uint_eq(keys.items[0].bytes[31], 31);
	ck_assert_uint_eq(keys.items[1].id, 255);
	ck_assert_uint_eq(keys.items[1].bytes[0], 255);
	vrrp_keys_wipe(&keys);
	ck_assert_uint_eq(keys.count, 0);
	ck_assert_uint_eq(keys.items[1].bytes[0], 0);
}
END_TEST

static const struct {
	const char *text, *problem;
} wrong[] = {
	{"", "there is no key in it"},
	{A, "line 1: a line begins with the key's number, 1 to 255"},
	{"0 " A, "line 1: a line begins with the key's number, 1 to 255"},
	{"256 " A, "line 1: a line begins with the key's number, 1 to 255"},
	{"-1 " A, "line 1: a line begins with the key's number, 1 to 255"},
	{"1x " A, "line 1: a line begins with the key's number, 1 to 255"},
	{"1 " A "\n1 " B, "line 2: there is another key 1"},
	{"1 " A "\n2 " A, "line 2: this is the key 1 once more"},
	{"1 short", "line 1: the key is no base64"},
};

START_TEST(what_is_wrong_is_said_and_changes_nothing)
{
	struct vrrp_keys keys, untouched;
	struct text problem = {0};

	memset(&keys, 0x5a, sizeof(keys));
	memset(&untouched, 0x5a, sizeof(untouched));
	ck_assert_int_eq(vrrp_keys_parse(wrong[_i].text, &keys, &problem), -EINVAL);
	ck_assert_str_eq(text_str(&problem), wrong[_i].problem);
	ck_assert_mem_eq(&keys, &untouched, sizeof(keys));
	text_done(&problem);
}
END_TEST

START_TEST(there_are_eight_keys_at_most)
{
	struct text text = {0}, problem = {0};
	struct vrrp_keys keys;

	for (int i = 1; i <= VRRP_KEYS_MAX; i++)
		text_printf(&text, "%d hex:%064d\n", i, i);
	ck_assert_int_eq(vrrp_keys_parse(text_str(&text), &keys, &problem), 0);
	text_printf(&text, "99 hex:%064d\n", 99);
	ck_assert_int_eq(vrrp_keys_parse(text_str(&text), &keys, &problem), -EINVAL);
	ck_assert_str_eq(text_str(&problem), "line 9: there are more than 8 keys");
	text_done(&text);
	text_done(&problem);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("vrrp_key", &tests);

	tcase_add_test(tests, keys_stand_in_the_order_of_the_file);
	tcase_add_loop_test(tests, what_is_wrong_is_said_and_changes_nothing, 0,
	                    LT_ARRAY_SIZE(wrong));
	tcase_add_test(tests, there_are_eight_keys_at_most);
	return unit_run(suite);
}
