/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/yaml.h"

#include "tests/model/judge.h"
#include "tests/unit.h"

static struct arena arena;
static struct tree *documents;
static struct model_problems problems;

static void setup(void)
{
	arena_init(&arena);
	documents = tree_new(&arena, TREE_LIST, 0);
	model_problems_init(&problems);
}

static void teardown(void)
{
	arena_done(&arena);
	model_problems_done(&problems);
}

static void read_text(const char *text)
{
	files_yaml_read(text, strlen(text), "t.yaml", &arena, documents, &problems);
}

/* {key@line: value@line, ...}; scalars as <kind letter>text. */
static void describe(const struct tree *node, struct text *out)
{
	static const char letters[] = {
		[TREE_NULL] = 'n', [TREE_BOOL] = 'b', [TREE_INT] = 'i',
		[TREE_REAL] = 'r', [TREE_TEXT] = 't',
	};
	bool map = node->kind == TREE_MAP;

	if (!map && node->kind != TREE_LIST) {
		text_printf(out, "%c%s@%u", letters[node->kind], node->text, node->line);
		return;
	}
	text_add(out, map ? "{" : "[");
	for (const struct tree *child = node->child; child; child = child->sibling) {
		if (map)
			text_printf(out, "%s@%u: ", child->key, child->key_line);
		describe(child, out);
		text_add(out, child->sibling ? ", " : "");
	}
	text_printf(out, "%s@%u", map ? "}" : "]", node->line);
}

START_TEST(texts_become_trees_with_lines)
{
	static const struct {
		const char *yaml;
		const char *trees; /* the list of all documents */
	} rows[] = {
		{"", "[]@0"},
		{"# nothing\n", "[]@0"},
		{"---\n", "[n@2]@0"},
		{"a: 1\n---\n---\nb\n", "[{a@1: i1@1}@1, n@3, tb@4]@0"},
		{"a: 5\nb: '5'\nc: \"5\"\n", "[{a@1: i5@1, b@2: t5@2, c@3: t5@3}@1]@0"},
		{"a: true\nb: yes\nc: ~\nd:\ne: 1.5\nf: null\n",
	         "[{a@1: btrue@1, b@2: tyes@2, c@3: n~@3, d@4: n@4, e@5: r1.5@5, f@6: "
	         "nnull@6}@1]@0"},
		{"- a\n- - b\n  - c\n-\n  d: e\n", "[[ta@1, [tb@2, tc@3]@2, {d@5: te@5}@5]@1]@0"},
		{"a: {b: [1, 2], c: {}}\n", "[{a@1: {b@1: [i1@1, i2@1]@1, c@1: {}@1}@1}@1]@0"},
		{"{\"a\": [1, \"1\", true, null],\n\t\"b\": \"\\u00e9\\/\"}",
	         "[{a@1: [i1@1, t1@1, btrue@1, nnull@1]@1, b@2: t\xc3\xa9/@2}@1]@0"},
		{"a: |\n  one\n  two\nb: >-\n  three\n  four\n",
	         "[{a@1: tone\ntwo\n@1, b@4: tthree four@4}@1]@0"},
		{"a: 2001:db8::1\nb: [10.0.0.1, 2001:db8::/64]\nc: ::1\n",
	         "[{a@1: t2001:db8::1@1, b@2: [t10.0.0.1@2, t2001:db8::/64@2]@2, c@3: "
	         "t::1@3}@1]@0"},
		{"a: !!str 5\nb: ! 5\n", "[{a@1: t5@1, b@2: t5@2}@1]@0"},
		{"a: &anchor 5\n", "[{a@1: i5@1}@1]@0"},
		{"5: a\ntrue: b\n", "[{5@1: ta@1, true@2: tb@2}@1]@0"},
		{"\xef\xbb\xbf"
	         "a: 1\r\nb: 2\r\n",
	         "[{a@1: i1@1, b@2: i2@2}@1]@0"},
		{"%YAML 1.2\n---\na: 1\n...\n", "[{a@3: i1@3}@3]@0"},
	};
	struct text out = {0};

	if ((size_t)_i >= LT_ARRAY_SIZE(rows))
		return;
	read_text(rows[_i].yaml);
	describe(documents, &out);
	ck_assert_str_eq(text_str(&out), rows[_i].trees);
	ck_assert_uint_eq(problems.count, 0);
	text_done(&out);
}
END_TEST

START_TEST(what_is_no_yaml_or_not_supported_is_told_with_its_line)
{
	static const struct {
		const char *yaml;
		const char *problems;
		size_t kept; /* documents that are read all the same */
	} rows[] = {
		{"a: 1\nb: [1, 2\nc: 3\n",
	         "t.yaml:3: no YAML: did not find expected ',' or ']' while parsing a flow "
	         "sequence "
	         "that begins on line 2\n",
	         0},
		{"a: 1\n b: 2\n",
	         "t.yaml:2: no YAML: mapping values are not allowed in this context\n", 0},
		{"a: 1\n\tb: 2\n",
	         "t.yaml:2: no YAML: found a tab character that violates indentation while "
	         "scanning a plain scalar that begins on line 1\n",
	         0},
		{"a: \"x\n",
	         "t.yaml:2: no YAML: found unexpected end of stream while scanning a quoted "
	         "scalar that begins on line 1\n",
	         0},
		{"a: 1\n---\nb: {\n",
	         "t.yaml:4: no YAML: did not find expected node content while parsing a flow node "
	         "that begins on line 4\n",
	         1},
		{"a: 1\nb: \xff\n", "t.yaml:2: no YAML: invalid leading UTF-8 octet\n", 0},
		{"a: 1\nb: \x01\n", "t.yaml:2: no YAML: control characters are not allowed\n", 0},
		{"a: 1\nb: 2\na: 3\n", "t.yaml:3: key 'a' stands on line 1 already\n", 1},
		{"a:\n  b: 1\n  c: 2\n  b: 3\n  b: 4\n",
	         "t.yaml:4: key 'b' stands on line 2 already\n"
	         "t.yaml:5: key 'b' stands on line 4 already\n",
	         1},
		{"a: &x 1\nb: *x\n",
	         "t.yaml:2: aliases are not supported; write out what is meant\n", 0},
		{"a: &x {b: 1}\nc:\n  <<: *x\n",
	         "t.yaml:3: aliases are not supported; write out what is meant\n", 0},
		{"a: !secret 5\n", "t.yaml:1: tag '!secret' is not known; allowed: none\n", 1},
		{"a: !!binary aGk=\n",
	         "t.yaml:1: tag 'tag:yaml.org,2002:binary' is not known; allowed: none\n", 1},
		{"a: !!set {b}\n",
	         "t.yaml:1: tag 'tag:yaml.org,2002:set' is not known; allowed: none\n", 1},
		{"? [a, b]\n: c\n", "t.yaml:1: a list or map can't be a key; allowed: text\n", 0},
		{"a: \"b\\0c\"\n", "t.yaml:1: text with a NUL character; allowed: text without\n",
	         1},
		{"a: *nobody\n", "t.yaml:1: aliases are not supported; write out what is meant\n",
	         0},
	};
	char *lines;

	if ((size_t)_i >= LT_ARRAY_SIZE(rows))
		return;
	read_text(rows[_i].yaml);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, rows[_i].problems);
	ck_assert_uint_eq(documents->count, rows[_i].kept);
	free(lines);
}
END_TEST

static char *nested(unsigned depth)
{
	struct text text = {0};

	for (unsigned i = 0; i < depth; i++)
		text_add(&text, "[");
	for (unsigned i = 0; i < depth; i++)
		text_add(&text, "]");
	return text_take(&text);
}

START_TEST(nesting_has_a_limit)
{
	char *allowed = nested(TREE_DEPTH_MAX), *refused = nested(TREE_DEPTH_MAX + 1);
	char *lines;

	read_text(allowed);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_uint_eq(documents->count, 1);
	read_text(refused);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, "t.yaml:1: lists and maps are nested too deeply; allowed: 64 "
	                        "levels\n");
	ck_assert_uint_eq(documents->count, 1);
	free(lines);
	free(allowed);
	free(refused);
}
END_TEST

START_TEST(the_number_of_values_has_a_limit)
{
	size_t size = 2 * (size_t)FILES_YAML_NODES_MAX + 2;
	char *text = malloc(size + 1);
	char *lines;

	/* [~,~,~,...]: the list itself is one value too many. */
	memset(text, '~', size);
	for (size_t i = 2; i < size; i += 2)
		text[i] = ',';
	text[0] = '[';
	text[size - 1] = ']';
	text[size] = '\0';
	files_yaml_read(text, size, "t.yaml", &arena, documents, &problems);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, "t.yaml:1: too many values in one file\n");
	ck_assert_uint_eq(documents->count, 0);
	free(lines);
	free(text);
}
END_TEST

START_TEST(the_size_has_a_limit)
{
	char *lines;

	files_yaml_read("a", (size_t)FILES_YAML_SIZE_MAX + 1, "t.yaml", &arena, documents,
	                &problems);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, "t.yaml: too large; allowed: at most 32 MiB\n");
	free(lines);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("files_yaml", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, texts_become_trees_with_lines, 0, 16);
	tcase_add_loop_test(tests, what_is_no_yaml_or_not_supported_is_told_with_its_line, 0, 17);
	tcase_add_test(tests, nesting_has_a_limit);
	tcase_add_test(tests, the_number_of_values_has_a_limit);
	tcase_add_test(tests, the_size_has_a_limit);
	return unit_run(suite);
}
