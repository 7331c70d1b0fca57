/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The parts of a file against the reading of all of it, and what is shared with the text before. */
#include "files/parts.h"

#include "lib/mem.h"
#include "tests/model/judge.h"
#include "tests/unit.h"

#include <stdlib.h>

#define HEAD "apiVersion: lintel.io/v1alpha1\n"
#define ROUTER                                                                           \
	HEAD "kind: VirtualRouter\nmetadata: {name: front}\nspec: {virtualRouterId: 1, " \
	     "interface: "                                                               \
	     "eth0}\n"
#define SERVER(name, more)                                                                      \
	HEAD "kind: VirtualServer\nmetadata: {name: " name "}\nspec:\n  virtualRouter: front\n" \
	     "  addresses: [10.0.0.1]\n  ports: [{port: 80}]\n  servers: [{address: "           \
	     "10.1.0.1}]\n" more

static struct files_parts parts;
static struct model_objects objects;
static struct model_problems problems;

static void setup(void)
{
	parts = (struct files_parts){0};
	model_objects_init(&objects);
	model_problems_init(&problems);
}

static void teardown(void)
{
	files_parts_done(&parts);
	model_objects_done(&objects);
	model_problems_done(&problems);
}

/* The next text of the file. What the former said is given up, as if no snapshot had it. */
static void read_next(const char *text)
{
	model_objects_done(&objects);
	model_problems_done(&problems);
	model_objects_init(&objects);
	model_problems_init(&problems);
	files_parts_read(&parts, text, strlen(text), "t.yaml", &objects, &problems);
}

static void tell(const struct model_objects *from, struct text *out)
{
	for (size_t i = 0; i < from->router_count; i++)
		text_printf(out, "router %s:%u %s\n", from->routers[i]->origin.source,
		            from->routers[i]->origin.line, from->routers[i]->name);
	for (size_t i = 0; i < from->virtual_server_count; i++) {
		const struct model_virtual_server *vs = from->virtual_servers[i];

		text_printf(out, "server %s:%u %s ports %zu servers %zu\n", vs->origin.source,
		            vs->origin.line, vs->name, vs->port_count, vs->server_count);
	}
	for (size_t i = 0; i < from->pool_count; i++)
		text_printf(out, "pool %s:%u %s\n", from->pools[i]->origin.source,
		            from->pools[i]->origin.line, from->pools[i]->name);
	if (from->incomplete) {
		text_add(out, "incomplete\n");
		tell(from->incomplete, out);
	}
}

/* All that was read; the caller frees. */
static char *told(const struct model_objects *from, struct model_problems *wrong)
{
	struct text out = {0};
	char *lines = judge_lines(wrong);

	tell(from, &out);
	text_add(&out, lines);
	free(lines);
	return text_take(&out);
}

/* The same of a reading of all of it at once; the caller frees. */
static char *told_whole(const char *text)
{
	struct model_objects all;
	struct model_problems wrong;
	char *lines;

	model_objects_init(&all);
	model_problems_init(&wrong);
	judge_decode(text, "t.yaml", &all, &wrong);
	lines = told(&all, &wrong);
	model_objects_done(&all);
	model_problems_done(&wrong);
	return lines;
}

static void check_as_whole(const char *text)
{
	char *whole = told_whole(text), *in_parts = told(&objects, &problems);

	ck_assert_str_eq(in_parts, whole);
	free(whole);
	free(in_parts);
}

static const struct {
	const char *text;
	size_t parts; /* 0: it was read as one, or something is wrong */
} texts[] = {
	{"", 0},
	{"# nothing\n", 0},
	{ROUTER, 0},
	{"---\n" ROUTER, 0},
	{ROUTER "---\n" SERVER("a", ""), 2},
	{"---\n" ROUTER "---\n" SERVER("a", "") "--- # b\n" SERVER("b", ""), 3},
	{"# what it is\n\n---\n" ROUTER "---\n---\n", 4},
	{SERVER("b", "") "--- \n" SERVER("a", "") "---\t# x\n---", 4},
	{ROUTER "...\n---\n" SERVER("a", "") "...\n", 2},
	{HEAD "kind: List\nitems:\n- {apiVersion: lintel.io/v1alpha1, kind: AddressPool, metadata: "
              "{name: x}, spec: {virtualRouter: front, addresses: [10.0.0.0/24]}}\n"
              "- {apiVersion: lintel.io/v1alpha1, kind: AddressPool, metadata: {name: y}, spec: "
              "{virtualRouter: front, addresses: [10.0.1.0/24]}}\n---\n" ROUTER
              "---\n" SERVER("a", ""),
         3},
	/* with errors */
	{"--- {kind: Nonsense}\n--- text\n---x\n", 0},
	{"a: |\n  x\n---\nb: >\n  ---\n  y\n---\n- ---\n", 0},
	{ROUTER "---\n" SERVER("a", "  nonsense: 1\n") "---\n" SERVER("b", "  forwarding: x\n"), 0},
	{ROUTER "---\nkind: List\nitems: [{kind: x}]\n---\n{a: 1, a: 2}\n", 0},
	{ROUTER "---\na: {\n---\n" SERVER("a", "") "---\nb: 'x\n---\nkind: Nonsense\n", 0},
	{ROUTER "...\nkind: Nonsense\n---\nkind: More\n", 0},
	{ROUTER "---\n- &a 1\n- *a\n---\nkind: Nonsense\n", 0},
	/* read as one */
	{"%YAML 1.1\n---\n" ROUTER "---\n" SERVER("a", ""), 0},
	{ROUTER "...\n%YAML 1.1\n---\n" SERVER("a", ""), 0},
	{"kind: x\r\n---\r\nkind: y\r\n", 0},
	{ROUTER "# \xc2\x85\n---\n" SERVER("a", ""), 0},
	{ROUTER "# \xe2\x80\xa8\n---\n" SERVER("a", ""), 0},
};

START_TEST(in_parts_a_file_says_the_same_as_at_once)
{
	for (int again = 0; again < 2; again++) { /* and when all of it is taken over */
		read_next(texts[_i].text);
		check_as_whole(texts[_i].text);
		ck_assert_uint_eq(parts.count, texts[_i].parts);
	}
}
END_TEST

/* Whatever stood there before, in any order. */
START_TEST(what_stood_there_before_makes_no_difference)
{
	for (size_t i = 0; i < LT_ARRAY_SIZE(texts); i++) {
		read_next(texts[_i].text);
		read_next(texts[i].text);
		check_as_whole(texts[i].text);
	}
}
END_TEST

/* Texts of random documents, each of a few, and of a random number of lines before them. */
START_TEST(random_changes_are_all_seen)
{
	static const char *const documents[] = {
		ROUTER,
		SERVER("a", ""),
		SERVER("a", "  drainTimeout: 5s\n"),
		SERVER("b", ""),
		SERVER("b", "  nonsense: 1\n"),
		"kind: Nonsense\n",
		"",
		"# a remark\n",
	};
	unsigned seed = 1;

	for (int round = 0; round < 500; round++) {
		struct text text = {0};

		for (int i = 0; i < 6; i++) {
			seed = seed * 1103515245 + 12345;
			/* mostly what was there in the round before */
			unsigned which = seed >> 16 & (round % 3 ? 1 : 7);
			text_printf(&text, "%s---\n", documents[(which + (unsigned)i) % 8]);
		}
		read_next(text_str(&text));
		check_as_whole(text_str(&text));
		text_done(&text);
	}
}
END_TEST

START_TEST(what_has_not_changed_is_shared_and_the_rest_is_read)
{
	const struct model_port *a, *b, *c;

	read_next(ROUTER "---\n" SERVER("a", "") "---\n" SERVER("b", "") "---\n" SERVER("c", ""));
	a = objects.virtual_servers[0]->ports;
	b = objects.virtual_servers[1]->ports;
	c = objects.virtual_servers[2]->ports;
	/* as long, on the same lines */
	read_next(ROUTER "---\n" SERVER("a", "") "---\n" SERVER("x", "") "---\n" SERVER("c", ""));
	ck_assert_ptr_eq(objects.virtual_servers[0]->ports, a);
	ck_assert_ptr_ne(objects.virtual_servers[1]->ports, b);
	ck_assert_str_eq(objects.virtual_servers[1]->name, "x");
	ck_assert_ptr_eq(objects.virtual_servers[2]->ports, c);
	/* what follows stands on other lines */
	read_next(ROUTER "---\n" SERVER("a", "") "---\n\n" SERVER("x", "") "---\n" SERVER("c", ""));
	ck_assert_ptr_eq(objects.virtual_servers[0]->ports, a);
	ck_assert_ptr_ne(objects.virtual_servers[2]->ports, c);
	ck_assert_uint_eq(problems.count, 0);
}
END_TEST

START_TEST(what_others_hold_outlives_the_file)
{
	struct model_objects held;

	read_next(ROUTER "---\n" SERVER("a", ""));
	held = model_objects_share(&objects);
	read_next("kind: Nonsense\n");
	files_parts_done(&parts);
	ck_assert_str_eq(held.virtual_servers[0]->name, "a");
	ck_assert_str_eq(held.virtual_servers[0]->origin.source, "t.yaml");
	model_objects_done(&held);
}
END_TEST

/* One after the other is changed, in a row of readings that would have no end. */
START_TEST(what_nobody_needs_is_given_up_at_last)
{
	size_t most = 0;

	for (int round = 0; round < 200; round++) {
		struct text text = {0};

		text_add(&text, ROUTER);
		for (int i = 0; i < 100; i++)
			text_printf(&text, "---\n" SERVER("s%d-%03d", ""), i,
			            i < round ? round - i : 0);
		read_next(text_str(&text));
		ck_assert_uint_eq(objects.virtual_server_count, 100);
		if (round % 20 == 0)
			check_as_whole(text_str(&text));
		text_done(&text);
		if (parts.reading_count > most)
			most = parts.reading_count;
	}
	ck_assert_uint_le(most, FILES_PARTS_READINGS_MAX);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("files_parts", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, in_parts_a_file_says_the_same_as_at_once, 0,
	                    LT_ARRAY_SIZE(texts));
	tcase_add_loop_test(tests, what_stood_there_before_makes_no_difference, 0,
	                    LT_ARRAY_SIZE(texts));
	tcase_add_test(tests, random_changes_are_all_seen);
	tcase_add_test(tests, what_has_not_changed_is_shared_and_the_rest_is_read);
	tcase_add_test(tests, what_others_hold_outlives_the_file);
	tcase_add_test(tests, what_nobody_needs_is_given_up_at_last);
	return unit_run(suite);
}
