/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the text of keepalived.conf to statements. */
#include "import/lines.h"
#include "tests/import/run.h"

#include <stdio.h>

/* "word word{child;child}" and ";" after each. */
static void add(struct text *out, const struct import_statement *first)
{
	for (const struct import_statement *s = first; s; s = s->sibling) {
		if (s->aside)
			continue;
		for (size_t i = 0; i < s->word_count; i++)
			text_printf(out, "%s%s", i ? "," : "", s->words[i]);
		if (s->has_block) {
			text_add(out, "{");
			add(out, s->child);
			text_add(out, "}");
		}
		text_add(out, ";");
	}
}

static const struct {
	const char *text;
	const char *statements;
} rows[] = {
	{"", ""},
	{"a b\nc\n", "a,b;c;"},
	{"a  b\t c", "a,b,c;"},
	/* comments */
	{"! all of it\n# and this\na # rest\nb ! rest\n", "a;b;"},
	{"a \"# no ! comment\" # one\n", "a,# no ! comment;"},
	{"a \\# b\n", "a,#,b;"},
	/* quotes */
	{"a \"b c\" 'd e' f\"g h\"i", "a,b c,d e,fg hi;"},
	{"a \"it's\" \\\"b \\x41\\102 \\t", "a,it's,\"b,AB,\t;"},
	{"a \"\" b", "a,,b;"},
	/* blocks */
	{"a b {\n c d\n e {\n f\n }\n}\ng\n", "a,b{c,d;e{f;};};g;"},
	{"a\n{\nb\n}\n", "a{b;};"},
	{"a { b c }\n", "a{b,c;};"},
	{"a{\nb\n}", "a{b;};"},
	{"a {\n}\n{\n}\n", "a{};{{};"},
	{"path /x{y}z\n", "path,/x{y}z;"},
	{"a }\n", "a;};"},
	/* lines that go on */
	{"a b \\\n c\nd\n", "a,b,c;d;"},
	/* for one machine */
	{"@lb1 a\n@lb2 b\n@^lb1 c\n@^lb2 d\n", "a;d;"},
	{"a {\n @lb2 b\n @lb1 c\n}\n", "a{c;};"},
	/* definitions */
	{"$X=1\na $X ${X}2 $X2 b$X\n", "a,1,12,$X2,b1;"},
	{"a ${X}\n$X=1\na ${X}\n$X=2\na ${X}\n", "a,${X};a,1;a,2;"},
	{"$A=${B}.1\n$B=10\na ${A}\n$B=11\na ${A}\n", "a,10.1;a,11.1;"},
	{"$X=\na ${X}b\n", "a,b;"},
	{"$X=\"b c\"\na $X\n", "a,b c;"},
	{"$IF=@lb1\n$IF a\n$IF=@lb2\n$IF b\n", "a;"},
	{"$X= \\\n a { \\\n  b ${N} \\\n } \n$N=1\n$X\n$N=2\n$X\n", "a{b,1;};a{b,2;};"},
	{"$X= \\\n @lb1 a \\\n @lb2 b\n$X\n", "a;"},
	{"$R= \\\n r ${N}\n$V= \\\n v { \\\n $N=1 \\\n $R \\\n $N=2 \\\n $R \\\n }\n$V\n",
         "v{r,1;r,2;};"},
	{"a ${_HASH}b${_BANG} ${_INSTANCE} ${_PWD}\n", "a,#b!,lb1,dir;"},
	/* repetitions */
	{"~SEQ(N, 1, 3) a${N}\n", "a1;a2;a3;"},
	{"~SEQ(N, 2) a${N}\n~SEQ(M, -2) b${M}\n", "a1;a2;b-1;b-2;"},
	{"~SEQ(N, 10, -5, 0) a${N}\n~SEQx(M, 0x9, 3, 0x10) b${M}\n", "a10;a5;a0;b9;bc;bf;"},
	{"~LST(N, x, y) a${N}\n", "ax;ay;"},
	{"~LST({A, B}, {1, 2}, {3, 4}) ${A}-${B}\n", "1-2;3-4;"},
	{"~SEQ(A, 1, 2) ~LST(B, x, y) ${A}${B}\n", "1x;1y;2x;2y;"},
};

START_TEST(a_text_becomes_statements)
{
	struct import_options options = {.id = "lb1"};
	struct text got = {0};
	struct import import;

	import_init(&import);
	import_lines_read(&import, "dir/t.conf", rows[_i].text, strlen(rows[_i].text), &options,
	                  &run_no_files);
	add(&got, import.first);
	ck_assert_str_eq(text_str(&got), rows[_i].statements);
	text_done(&got);
	import_done(&import);
}
END_TEST

/* What is said of it, and how much of it there is. */
static void expect_report(const char *text, const char *part, size_t most)
{
	struct import_options options = {.id = "lb1"};
	struct text report = {0};
	struct import import;

	import_init(&import);
	import_lines_read(&import, "t.conf", text, strlen(text), &options, &run_no_files);
	import_report(&import, IMPORT_TAKEN, &report);
	ck_assert_msg(strstr(text_str(&report), part), "%.500s", text_str(&report));
	ck_assert_uint_le(import.count, most);
	text_done(&report);
	import_done(&import);
}

START_TEST(definitions_without_end_are_stopped)
{
	expect_report("$A= \\\n $B \\\n $B\n$B= \\\n $A \\\n $A\n$A\n", "not read: definitions",
	              10);
	expect_report("$A=${A}${A}\n$A\n", "not read: too many definitions in one line", 10);
	expect_report("~SEQ(N, 1, 100000000) ~SEQ(M, 1, 100000000) a\n", "the rest was not read",
	              IMPORT_STATEMENTS_MAX);
}
END_TEST

START_TEST(what_is_broken_is_told_with_its_line)
{
	expect_report("a\n}\n", "t.conf:2: }: not converted: closes a block", 2);
	expect_report("a {\nb {\n}\n", "t.conf:1: a: not converted: the block is not closed", 2);
	expect_report("\n\na \"b\n", "t.conf:3: a b: not converted: a quote is not closed", 1);
	expect_report("~SEQ(N) a\n", "t.conf:1: ~SEQ(N) a: not converted: this repetition", 1);
	expect_report("~LST({A, B}, {1}) a\n", "not converted: this repetition", 1);
	expect_report("a \\\nb \\\nc\nd }\n", "t.conf:4: }", 3);
	expect_report("include x.conf\n", "t.conf:1: include x.conf: not converted: there is no",
	              1);
	expect_report("include x*.conf\n", "t.conf:1: include x*.conf: taken: no file matches", 1);
	expect_report("@lb2 a\n", "t.conf:1: @lb2 a: differs: left out", 1);
}
END_TEST

START_TEST(blocks_are_nested_only_so_deeply)
{
	struct text text = {0};

	for (unsigned i = 0; i < IMPORT_BLOCK_MAX + 5; i++)
		text_add(&text, "a {\n");
	expect_report(text_str(&text), "nested too deeply", IMPORT_BLOCK_MAX + 1);
	text_done(&text);
}
END_TEST

/* Each file includes one more. */
static void include_more(void *ctx, const char *from, const char *pattern,
                         const struct import_found *found)
{
	char text[64], name[32];
	unsigned *count = ctx;

	(void)from;
	(void)pattern;
	snprintf(name, sizeof(name), "%u.conf", ++*count);
	snprintf(text, sizeof(text), "a\ninclude next\n");
	found->file(found->arg, name, text, strlen(text), 0);
}

START_TEST(files_include_files_only_so_deeply)
{
	static const char text[] = "include next\n";
	struct import_options options = {0};
	struct text report = {0};
	unsigned count = 0;
	struct import_reader reader = {.ctx = &count, .include = include_more};
	struct import import;

	import_init(&import);
	import_lines_read(&import, "t.conf", text, strlen(text), &options, &reader);
	import_report(&import, IMPORT_TAKEN, &report);
	ck_assert_uint_eq(count, IMPORT_INCLUDE_MAX + 1);
	ck_assert_ptr_nonnull(strstr(text_str(&report), "16.conf:2: include next: not converted: "
	                                                "17.conf is not read"));
	text_done(&report);
	import_done(&import);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("import_lines", &tests);

	tcase_add_loop_test(tests, a_text_becomes_statements, 0, LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, definitions_without_end_are_stopped);
	tcase_add_test(tests, what_is_broken_is_told_with_its_line);
	tcase_add_test(tests, blocks_are_nested_only_so_deeply);
	tcase_add_test(tests, files_include_files_only_so_deeply);
	return unit_run(suite);
}
