/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: JSON, and the same as it is understood. */
#include "k8s/json_read.h"

#include "k8s/json_tree.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

static struct arena arena;

static void setup(void)
{
	arena_init(&arena);
}

static void teardown(void)
{
	arena_done(&arena);
}

static const struct tree *read(const char *text)
{
	return k8s_json_read(text, strlen(text), &arena);
}

static const struct {
	const char *in;
	const char *out; /* NULL: it is none */
} rows[] = {
	{" {\"b\" : [ 1 , -2.50 ] ,\n\t\"a\":{}}\r", "{\"a\":{},\"b\":[1,-2.5]}"},
	{"[true,false,null,\"\",[]]", "[true,false,null,\"\",[]]"},
	{"[0,-0,9223372036854775807,-9223372036854775808,1e5,25E-2]",
         "[0,0,9.2233720368547758e+18,-9.2233720368547758e+18,100000,0.25]"},
	{"[9007199254740992,-9007199254740992,9007199254740994]",
         "[9007199254740992,-9007199254740992,9007199254740994]"},
	{"[92233720368547758080,1]", "[9.2233720368547758e+19,1]"},
	{"[1e999,-1e999]", "[1.7976931348623157e+308,-1.7976931348623157e+308]"},
	/* no JSON, but no doubt what is meant */
	{"[01]", "[1]"},
	{"[1.]", "[1]"},
	{"\"a\nb\"", "\"a\\u000ab\""},
	{"\"\\u0041\\u00e4\\u20ac\\ud83d\\ude00\\/\\\"\\\\\"",
         "\"A\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/\\\"\\\\\""},
	{"\"\\n\\u0007x\"", "\"\\u000a\\u0007x\""},
	{"\"a\\u0000b\"", "\"a\""},
	{"{\"a\\u0000b\":1}", "{\"a\":1}"},
	{"{\"b\":1,\"a\":2,\"b\":3}", "{\"a\":2,\"b\":1}"},
	{"", NULL},
	{" ", NULL},
	{"{", NULL},
	{"{}x", NULL},
	{"{} {}", NULL},
	{"[1,]", NULL},
	{"{\"a\":1,}", NULL},
	{"{\"a\"}", NULL},
	{"{a:1}", NULL},
	{"[1 2]", NULL},
	{"[.5]", NULL},
	{"[+1]", NULL},
	{"[-]", NULL},
	{"[1e]", NULL},
	{"[tru]", NULL},
	{"[True]", NULL},
	{"[NaN]", NULL},
	{"\"a", NULL},
	{"\"a\x01b\"", NULL},
	{"\x01{}", NULL},
	{"\"\\x\"", NULL},
	{"\"\\ud800\"", NULL},
	{"\"\\ud800\\u0041\"", NULL},
	{"\"\\udc00\"", NULL},
	{"\"\xc3\"", NULL},
	{"\"\xc0\x80\"", NULL},
	{"\"\xed\xa0\x80\"", NULL},
	{"\"\xf4\x90\x80\x80\"", NULL},
	{"\"\xff\"", NULL},
};

START_TEST(json_is_understood_as_it_is_meant)
{
	const struct tree *node = read(rows[_i].in);
	struct text text = {0};

	ck_assert_msg((node != NULL) == (rows[_i].out != NULL), "%s", rows[_i].in);
	if (!node)
		return;
	k8s_json_tree_write(node, &text);
	ck_assert_str_eq(text_str(&text), rows[_i].out);
	text_done(&text);
}
END_TEST

/* At any place among characters that are looked at together. */
static const struct {
	const char *text;
	bool good;
} characters[] = {
	{"\x01", false},     {"\x1f", false},        {"\x80", false},     {"\xff", false},
	{"\xc3\xc3", false}, {"\xe2\x82\xac", true}, {"\xc3\xa4", true},  {"\t", true},
	{"\n", true},        {"\x7f", true},         {" ", true},         {"~", true},
	{"\xa0", false},     {"\xc2\xa0", true},     {"\xc2\x1f", false}, {"\x1e\x20", false},
};

START_TEST(a_character_is_judged_wherever_it_stands)
{
	char text[64];

	for (size_t before = 0; before < 20; before++) {
		snprintf(text, sizeof(text), "[\"%.*s%s%.*s\"]", (int)before,
		         "abcdefghijklmnopqrstuvwxyz", characters[_i].text, (int)(20 - before),
		         "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
		ck_assert_msg((read(text) != NULL) == characters[_i].good, "%s", text);
	}
}
END_TEST

START_TEST(a_tree_is_no_part_of_its_text)
{
	char text[] = "{\"a\":\"some text\",\"b\":[1.5,true]}";
	const struct tree *map = read(text);
	struct text out = {0};

	memset(text, 'x', sizeof(text) - 1);
	(void)read("{\"c\":\"other text\"}");
	k8s_json_tree_write(map, &out);
	ck_assert_str_eq(text_str(&out), "{\"a\":\"some text\",\"b\":[1.5,true]}");
	text_done(&out);
}
END_TEST

START_TEST(numbers_are_integers_or_real)
{
	const struct tree *list = read("[-9007199254740991,1.0,1.5]");

	ck_assert_int_eq(list->child->kind, TREE_INT);
	ck_assert_int_eq(list->child->integer, -INT64_C(9007199254740991));
	ck_assert_int_eq(list->child->sibling->integer, 1);
	ck_assert_int_eq(list->last->kind, TREE_REAL);
}
END_TEST

START_TEST(of_two_members_of_a_name_the_first_counts)
{
	ck_assert_str_eq(k8s_json_tree_text(read("{\"a\":\"1\",\"a\":\"2\"}"), "a"), "1");
}
END_TEST

START_TEST(what_nobody_asks_for_is_left_out_and_judged_all_the_same)
{
	static const char good[] =
		"{\"metadata\":{\"managedFields\":[{\"a\":1}],\"name\":\"n\",\"ownerReferences\":[]"
		"},"
		"\"endpoints\":[{\"targetRef\":{\"name\":\"x\"},\"nodeName\":\"k\"}],"
		"\"labels\":{\"managedFields\":\"1\",\"targetRef\":\"2\"}}";
	static const char bad[] = "{\"metadata\":{\"managedFields\":[tru]}}";
	struct text text = {0};

	k8s_json_tree_write(k8s_json_read_object(good, strlen(good), &arena), &text);
	ck_assert_str_eq(text_str(&text),
	                 "{\"endpoints\":[{\"nodeName\":\"k\"}],\"labels\":"
	                 "{\"managedFields\":\"1\",\"targetRef\":\"2\"},\"metadata\":"
	                 "{\"name\":\"n\"}}");
	text_done(&text);
	ck_assert_ptr_null(k8s_json_read_object(bad, strlen(bad), &arena));
}
END_TEST

START_TEST(a_depth_beyond_the_limit_is_refused)
{
	struct text text = {0};

	for (int i = 0; i < K8S_JSON_READ_DEPTH_MAX; i++)
		text_add(&text, "[");
	for (int i = 0; i < K8S_JSON_READ_DEPTH_MAX; i++)
		text_add(&text, "]");
	ck_assert_ptr_nonnull(read(text_str(&text)));
	ck_assert(!k8s_json_tree_fits(read(text_str(&text))));
	text_clear(&text);
	for (int i = 0; i <= K8S_JSON_READ_DEPTH_MAX; i++)
		text_add(&text, "[");
	for (int i = 0; i <= K8S_JSON_READ_DEPTH_MAX; i++)
		text_add(&text, "]");
	ck_assert_ptr_null(read(text_str(&text)));
	text_done(&text);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_json_read", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, json_is_understood_as_it_is_meant, 0, (int)LT_ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, a_character_is_judged_wherever_it_stands, 0,
	                    (int)LT_ARRAY_SIZE(characters));
	tcase_add_test(tests, a_tree_is_no_part_of_its_text);
	tcase_add_test(tests, numbers_are_integers_or_real);
	tcase_add_test(tests, of_two_members_of_a_name_the_first_counts);
	tcase_add_test(tests, what_nobody_asks_for_is_left_out_and_judged_all_the_same);
	tcase_add_test(tests, a_depth_beyond_the_limit_is_refused);
	return unit_run(suite);
}
