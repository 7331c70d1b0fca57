/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/tree.h"

#include "tests/unit.h"

static struct arena arena;

static void set_up(void)
{
	arena_init(&arena);
}

static void tear_down(void)
{
	arena_done(&arena);
}

static const struct {
	const char *text;
	enum tree_kind kind;
	int64_t value; /* of booleans and integers */
} scalar_rows[] = {
	{"", TREE_NULL, 0},
	{"~", TREE_NULL, 0},
	{"null", TREE_NULL, 0},
	{"Null", TREE_NULL, 0},
	{"NULL", TREE_NULL, 0},
	{"nULL", TREE_TEXT, 0},
	{"true", TREE_BOOL, 1},
	{"True", TREE_BOOL, 1},
	{"TRUE", TREE_BOOL, 1},
	{"false", TREE_BOOL, 0},
	{"False", TREE_BOOL, 0},
	{"FALSE", TREE_BOOL, 0},
	/* Booleans of YAML 1.1 only. */
	{"yes", TREE_TEXT, 0},
	{"no", TREE_TEXT, 0},
	{"on", TREE_TEXT, 0},
	{"off", TREE_TEXT, 0},
	{"y", TREE_TEXT, 0},
	{"tRUE", TREE_TEXT, 0},
	{"0", TREE_INT, 0},
	{"51", TREE_INT, 51},
	{"-1", TREE_INT, -1},
	{"+7", TREE_INT, 7},
	{"-0", TREE_INT, 0},
	{"010", TREE_INT, 10}, /* octal in YAML 1.1 only */
	{"0o17", TREE_INT, 15},
	{"0xFf", TREE_INT, 255},
	{"9223372036854775807", TREE_INT, INT64_MAX},
	{"-9223372036854775808", TREE_INT, INT64_MIN},
	{"0x7fffffffffffffff", TREE_INT, INT64_MAX},
	{"9223372036854775808", TREE_REAL, 0},
	{"-9223372036854775809", TREE_REAL, 0},
	{"0xffffffffffffffffff", TREE_REAL, 0},
	{"1_000", TREE_TEXT, 0},
	{"0b101", TREE_TEXT, 0},
	{"0o8", TREE_TEXT, 0},
	{"0xg", TREE_TEXT, 0},
	{"0x", TREE_TEXT, 0},
	{"0o", TREE_TEXT, 0},
	{"-0x10", TREE_TEXT, 0},
	{"0X10", TREE_TEXT, 0},
	{"-", TREE_TEXT, 0},
	{"+", TREE_TEXT, 0},
	{"1:30", TREE_TEXT, 0}, /* base 60 in YAML 1.1 only */
	{"1 ", TREE_TEXT, 0},
	{"1.5", TREE_REAL, 0},
	{"-1.5e+3", TREE_REAL, 0},
	{"1e3", TREE_REAL, 0},
	{"1.", TREE_REAL, 0},
	{".5", TREE_REAL, 0},
	{".", TREE_TEXT, 0},
	{"e3", TREE_TEXT, 0},
	{"1e", TREE_TEXT, 0},
	{"1e+", TREE_TEXT, 0},
	{".e1", TREE_TEXT, 0},
	{"1.5x", TREE_TEXT, 0},
	{"1.2.3.4", TREE_TEXT, 0},
	{".inf", TREE_REAL, 0},
	{"-.Inf", TREE_REAL, 0},
	{"+.INF", TREE_REAL, 0},
	{".nan", TREE_REAL, 0},
	{".NaN", TREE_REAL, 0},
	{"-.nan", TREE_TEXT, 0},
	{"inf", TREE_TEXT, 0},
	{"100ms", TREE_TEXT, 0},
	{"10.77.0.100", TREE_TEXT, 0},
	{"2001:db8::1", TREE_TEXT, 0},
	{"2026-01-31", TREE_TEXT, 0}, /* a date in YAML 1.1 only */
};

START_TEST(a_plain_scalar_is_what_the_core_schema_of_yaml_1_2_says)
{
	struct tree *node = tree_scalar(&arena, scalar_rows[_i].text, 7);

	ck_assert_str_eq(tree_kind_name(node->kind), tree_kind_name(scalar_rows[_i].kind));
	ck_assert_str_eq(node->text, scalar_rows[_i].text);
	ck_assert_ptr_ne(node->text, scalar_rows[_i].text);
	ck_assert_uint_eq(node->line, 7);
	if (node->kind == TREE_BOOL)
		ck_assert_int_eq(node->boolean, scalar_rows[_i].value);
	if (node->kind == TREE_INT)
		ck_assert_int_eq(node->integer, scalar_rows[_i].value);
}
END_TEST

START_TEST(a_list_keeps_its_order)
{
	struct tree *list = tree_new(&arena, TREE_LIST, 1);
	int64_t expected = 0;

	for (unsigned i = 0; i < 3; i++) {
		struct tree *node = tree_new(&arena, TREE_INT, 2 + i);

		node->integer = i;
		tree_append(list, node);
	}
	ck_assert_uint_eq(list->count, 3);
	for (const struct tree *node = list->child; node; node = node->sibling) {
		ck_assert_int_eq(node->integer, expected++);
		ck_assert_ptr_null(node->key);
	}
	ck_assert_int_eq(expected, 3);
	ck_assert_int_eq(list->last->integer, 2);
}
END_TEST

START_TEST(a_map_is_asked_by_key)
{
	struct tree *map = tree_new(&arena, TREE_MAP, 1);
	char key[] = "name";

	tree_put(&arena, map, key, 2, tree_scalar(&arena, "front", 2));
	tree_put(&arena, map, "priority", 3, tree_scalar(&arena, "100", 4));
	key[0] = 'X'; /* the key was copied */

	ck_assert_uint_eq(map->count, 2);
	ck_assert_pstr_eq(tree_get_text(map, "name"), "front");
	ck_assert_int_eq(tree_get(map, "priority")->integer, 100);
	ck_assert_uint_eq(tree_get(map, "priority")->key_line, 3);
	ck_assert_uint_eq(tree_get(map, "priority")->line, 4);
	ck_assert_str_eq(map->child->key, "name");
	ck_assert_str_eq(map->last->key, "priority");
}
END_TEST

START_TEST(what_is_not_there_is_null)
{
	struct tree *map = tree_new(&arena, TREE_MAP, 1);
	struct tree *list = tree_new(&arena, TREE_LIST, 1);

	tree_put(&arena, map, "count", 2, tree_scalar(&arena, "1", 2));
	ck_assert_ptr_null(tree_get(map, "other"));
	ck_assert_ptr_null(tree_get(map, "Count"));
	ck_assert_ptr_null(tree_get(list, "count"));
	ck_assert_ptr_null(tree_get(NULL, "count"));
	ck_assert_ptr_null(tree_get_text(map, "count"));
	ck_assert_ptr_null(tree_get_text(NULL, "count"));
}
END_TEST

START_TEST(every_kind_has_a_name_of_its_own)
{
	for (int a = TREE_NULL; a <= TREE_MAP; a++) {
		ck_assert_str_ne(tree_kind_name((enum tree_kind)a), "?");
		for (int b = TREE_NULL; b < a; b++)
			ck_assert_str_ne(tree_kind_name((enum tree_kind)a),
			                 tree_kind_name((enum tree_kind)b));
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("tree", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, a_plain_scalar_is_what_the_core_schema_of_yaml_1_2_says, 0,
	                    LT_ARRAY_SIZE(scalar_rows));
	tcase_add_test(tests, a_list_keeps_its_order);
	tcase_add_test(tests, a_map_is_asked_by_key);
	tcase_add_test(tests, what_is_not_there_is_null);
	tcase_add_test(tests, every_kind_has_a_name_of_its_own);
	return unit_run(suite);
}
