/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/journal_file.h"

#include "tests/ipvs/tables.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct ipvs_table table;
static struct ipvs_journal journal, other;
static struct text text;

static void set_up(void)
{
	tables_init(&table);
	tables_add(&table, MODEL_TCP, "10.77.0.100", 80);
	tables_add(&table, MODEL_SCTP, "2001:db8:77::100", 9);
	tables_add_mark(&table, 0x1000, MODEL_UDP, "10.77.0.100", 16384, 16483)
		->identity.drain_timeout_us = 7000000;
	ipvs_table_sort(&table);
	journal = tables_journal(&table);
}

static void tear_down(void)
{
	ipvs_table_done(&table);
	ipvs_journal_done(&journal);
	ipvs_journal_done(&other);
	text_done(&text);
}

static void assert_same(const struct ipvs_journal *a, const struct ipvs_journal *b)
{
	ck_assert_uint_eq(a->count, b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct ipvs_identity *left = &a->entries[i].identity;
		const struct ipvs_identity *right = &b->entries[i].identity;

		ck_assert_int_eq(ipvs_key_compare(&a->entries[i].key, &b->entries[i].key), 0);
		ck_assert(addr_equal(&left->vip, &right->vip));
		ck_assert_uint_eq(left->protocol, right->protocol);
		ck_assert_uint_eq(left->first_port, right->first_port);
		ck_assert_uint_eq(left->last_port, right->last_port);
		ck_assert_int_eq(left->drain_timeout_us, right->drain_timeout_us);
		ck_assert_ptr_null(right->title);
	}
}

START_TEST(what_is_written_is_read)
{
	ipvs_journal_encode(&journal, &text);
	ck_assert_int_eq(ipvs_journal_decode(text_str(&text), text.len, &other), IPVS_JOURNAL_OK);
	assert_same(&journal, &other);
}
END_TEST

START_TEST(the_text_is_for_people_too)
{
	/* the checksum is what zlib's crc32 gives for all above it */
	ipvs_journal_encode(&journal, &text);
	ck_assert_str_eq(text_str(&text), "lintel ipvs journal 1\n"
	                                  "6 10.77.0.100 80 80 mark 0 drain 300\n"
	                                  "132 2001:db8:77::100 9 9 mark 0 drain 300\n"
	                                  "17 10.77.0.100 16384 16483 mark 4096 drain 7\n"
	                                  "end 3 crc32 090c0406\n");
}
END_TEST

START_TEST(an_empty_journal_is_a_journal)
{
	const struct ipvs_journal nothing = {0};

	ipvs_journal_encode(&nothing, &text);
	ck_assert_int_eq(ipvs_journal_decode(text_str(&text), text.len, &other), IPVS_JOURNAL_OK);
	ck_assert_uint_eq(other.count, 0);
}
END_TEST

START_TEST(a_journal_cut_anywhere_is_refused)
{
	ipvs_journal_encode(&journal, &text);
	for (size_t size = 0; size < text.len; size++) {
		/* a copy of that size, so that a sanitizer sees a read beyond it */
		char *cut = malloc(size + 1);

		memcpy(cut, text_str(&text), size);
		cut = realloc(cut, size > 0 ? size : 1);
		ck_assert_int_ne(ipvs_journal_decode(cut, size, &other), IPVS_JOURNAL_OK);
		ck_assert_ptr_null(other.entries);
		free(cut);
	}
}
END_TEST

START_TEST(a_changed_byte_is_noticed)
{
	ipvs_journal_encode(&journal, &text);
	for (size_t i = 0; i < text.len; i++) {
		text.data[i] ^= 1;
		ck_assert_int_ne(ipvs_journal_decode(text_str(&text), text.len, &other),
		                 IPVS_JOURNAL_OK);
		text.data[i] ^= 1;
	}
}
END_TEST

struct bad_row {
	const char *data;
	enum ipvs_journal_verdict verdict;
};

#define HEAD "lintel ipvs journal 1\n"

static const struct bad_row bad[] = {
	{"", IPVS_JOURNAL_FOREIGN},
	{"#!/bin/sh\nrm\n", IPVS_JOURNAL_FOREIGN},
	{"lintel ipvs journal", IPVS_JOURNAL_FOREIGN},
	{"lintel ipvs journal 1", IPVS_JOURNAL_DAMAGED},
	{"lintel ipvs journal 2\nend 0 crc32 00000000\n", IPVS_JOURNAL_VERSION},
	{"lintel ipvs journal 11\nend 0 crc32 00000000\n", IPVS_JOURNAL_VERSION},
	{HEAD, IPVS_JOURNAL_DAMAGED},
	{HEAD "end 0 crc32 00000000\n", IPVS_JOURNAL_DAMAGED},
	{HEAD "\n", IPVS_JOURNAL_DAMAGED},
	{HEAD "end  crc32 00000000\n", IPVS_JOURNAL_DAMAGED},
};

START_TEST(what_is_no_journal_is_refused_with_its_reason)
{
	ck_assert_int_eq(ipvs_journal_decode(bad[_i].data, strlen(bad[_i].data), &other),
	                 bad[_i].verdict);
	ck_assert_uint_gt(strlen(ipvs_journal_verdict_text(bad[_i].verdict)), 5);
}
END_TEST

/* Lines that are wrong under a right checksum, as another program might write them. */
static const char *const bad_lines[] = {
	"6 10.77.0.100 80 80 mark 0 drain\n",
	"6 10.77.0.100 80 80 mark 0 drain 300 400\n",
	"6 10.77.0.100 80 80 Mark 0 drain 300\n",
	"6 10.77.0.100 80 81 mark 0 drain 300\n",
	"6 10.77.0.100 81 80 mark 1 drain 300\n",
	"256 10.77.0.100 80 80 mark 0 drain 300\n",
	"6 10.77.0.256 80 80 mark 0 drain 300\n",
	"6 10.77.0.100 65536 65536 mark 0 drain 300\n",
	"6 10.77.0.100 80 80 mark 4294967296 drain 300\n",
	"6 10.77.0.100 80 80 mark 0 drain 9223372036855\n",
	"6 10.77.0.100 80 80 mark 0 drain -1\n",
	"6 10.77.0.100 +80 80 mark 0 drain 300\n",
	"\n",
	/* not in order, twice */
	"6 10.77.0.101 80 80 mark 0 drain 300\n6 10.77.0.100 80 80 mark 0 drain 300\n",
	"6 10.77.0.100 80 80 mark 0 drain 300\n6 10.77.0.100 80 80 mark 0 drain 300\n",
};

static uint32_t crc32_of(const char *data, size_t size)
{
	uint32_t crc = UINT32_MAX;

	for (size_t i = 0; i < size; i++) {
		crc ^= (uint8_t)data[i];
		for (int bit = 0; bit < 8; bit++)
			crc = crc & 1 ? (crc >> 1) ^ UINT32_C(0xedb88320) : crc >> 1;
	}
	return ~crc;
}

static void seal(size_t count)
{
	text_printf(&text, "end %zu crc32 %08x\n", count, crc32_of(text.data, text.len));
}

START_TEST(lines_that_make_no_sense_are_refused)
{
	size_t lines = 0;

	text_add(&text, HEAD);
	text_add(&text, bad_lines[_i]);
	for (const char *c = bad_lines[_i]; *c; c++)
		lines += *c == '\n';
	seal(lines);
	ck_assert_int_eq(ipvs_journal_decode(text_str(&text), text.len, &other),
	                 IPVS_JOURNAL_MALFORMED);
}
END_TEST

START_TEST(the_count_must_be_right)
{
	static const size_t counts[] = {0, 2, IPVS_JOURNAL_MAX};

	for (size_t i = 0; i < LT_ARRAY_SIZE(counts); i++) {
		text_clear(&text);
		text_add(&text, HEAD "6 10.77.0.100 80 80 mark 0 drain 300\n");
		seal(counts[i]);
		ck_assert_int_eq(ipvs_journal_decode(text_str(&text), text.len, &other),
		                 IPVS_JOURNAL_DAMAGED);
	}
	text_clear(&text);
	text_add(&text, HEAD);
	seal(IPVS_JOURNAL_MAX + 1);
	ck_assert_int_eq(ipvs_journal_decode(text_str(&text), text.len, &other),
	                 IPVS_JOURNAL_TOO_LARGE);
}
END_TEST

START_TEST(extending_by_what_is_there_changes_nothing)
{
	const struct ipvs_journal_entry *entries = journal.entries;

	ck_assert(!ipvs_journal_extend(&journal, &table));
	ck_assert_ptr_eq(journal.entries, entries);
	ck_assert_uint_eq(journal.count, 3);
}
END_TEST

START_TEST(extending_adds_and_keeps)
{
	const struct ipvs_key first = table.services[0].key;

	table.service_count = 0;
	tables_add(&table, MODEL_TCP, "10.77.0.99", 443);
	ck_assert(ipvs_journal_extend(&journal, &table));
	ck_assert_uint_eq(journal.count, 4);
	ck_assert_ptr_nonnull(ipvs_journal_find(&journal, &first));
	ck_assert_ptr_nonnull(ipvs_journal_find(&journal, &table.services[0].key));
	for (size_t i = 1; i < journal.count; i++)
		ck_assert_int_lt(
			ipvs_key_compare(&journal.entries[i - 1].key, &journal.entries[i].key), 0);
	ck_assert(!ipvs_journal_extend(&journal, &table));
}
END_TEST

START_TEST(extending_takes_over_a_new_drain_time)
{
	table.services[0].identity.drain_timeout_us = 1000000;
	ck_assert(ipvs_journal_extend(&journal, &table));
	ck_assert_uint_eq(journal.count, 3);
	ck_assert_int_eq(journal.entries[0].identity.drain_timeout_us, 1000000);
}
END_TEST

START_TEST(trimming_drops_what_is_held_no_more)
{
	const struct ipvs_key gone = table.services[1].key;
	struct ipvs_journal same;

	ck_assert(!ipvs_journal_trim(&journal, &table, &same));
	assert_same(&journal, &same);
	ipvs_journal_done(&same);
	table.services[1] = table.services[2];
	table.service_count = 2;
	ck_assert(ipvs_journal_trim(&journal, &table, &other));
	ck_assert_uint_eq(other.count, 2);
	ck_assert_ptr_null(ipvs_journal_find(&other, &gone));
}
END_TEST

/* --- the file --- */

static char directory[64];

static const char *file_path(void)
{
	static char path[128];

	snprintf(path, sizeof(path), "%s/" IPVS_JOURNAL_FILE, directory);
	return path;
}

static void set_up_file(void)
{
	set_up();
	snprintf(directory, sizeof(directory), "/tmp/lintel-journal-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
}

static void tear_down_file(void)
{
	unlink(file_path());
	rmdir(directory);
	tear_down();
}

START_TEST(a_saved_journal_is_loaded)
{
	enum ipvs_journal_verdict verdict;

	ck_assert_int_eq(ipvs_journal_save(file_path(), &journal), 0);
	ck_assert_int_eq(ipvs_journal_load(file_path(), &other, &verdict), 0);
	ck_assert_int_eq(verdict, IPVS_JOURNAL_OK);
	assert_same(&journal, &other);
}
END_TEST

START_TEST(an_absent_journal_is_empty)
{
	enum ipvs_journal_verdict verdict;

	ck_assert_int_eq(ipvs_journal_load(file_path(), &other, &verdict), 0);
	ck_assert_uint_eq(other.count, 0);
}
END_TEST

START_TEST(a_foreign_file_is_refused_and_left_alone)
{
	enum ipvs_journal_verdict verdict = IPVS_JOURNAL_OK;
	FILE *file = fopen(file_path(), "w");

	ck_assert_ptr_nonnull(file);
	fputs("something else\n", file);
	fclose(file);
	ck_assert_int_eq(ipvs_journal_load(file_path(), &other, &verdict), -EBADMSG);
	ck_assert_int_eq(verdict, IPVS_JOURNAL_FOREIGN);
	ck_assert_ptr_null(other.entries);
	ck_assert_int_eq(access(file_path(), F_OK), 0);
}
END_TEST

START_TEST(what_cannot_be_read_or_written_says_so)
{
	enum ipvs_journal_verdict verdict;

	ck_assert_int_eq(ipvs_journal_load(directory, &other, &verdict), -EISDIR);
	ck_assert_int_lt(ipvs_journal_save("/nonexistent/journal", &journal), 0);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/journal");
	TCase *pure = tcase_create("journal");
	TCase *file = tcase_create("file");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(pure, set_up, tear_down);
	tcase_add_test(pure, what_is_written_is_read);
	tcase_add_test(pure, the_text_is_for_people_too);
	tcase_add_test(pure, an_empty_journal_is_a_journal);
	tcase_add_test(pure, a_journal_cut_anywhere_is_refused);
	tcase_add_test(pure, a_changed_byte_is_noticed);
	tcase_add_loop_test(pure, what_is_no_journal_is_refused_with_its_reason, 0,
	                    LT_ARRAY_SIZE(bad));
	tcase_add_loop_test(pure, lines_that_make_no_sense_are_refused, 0,
	                    LT_ARRAY_SIZE(bad_lines));
	tcase_add_test(pure, the_count_must_be_right);
	tcase_add_test(pure, extending_by_what_is_there_changes_nothing);
	tcase_add_test(pure, extending_adds_and_keeps);
	tcase_add_test(pure, extending_takes_over_a_new_drain_time);
	tcase_add_test(pure, trimming_drops_what_is_held_no_more);
	suite_add_tcase(suite, pure);

	tcase_add_checked_fixture(file, set_up_file, tear_down_file);
	tcase_add_test(file, a_saved_journal_is_loaded);
	tcase_add_test(file, an_absent_journal_is_empty);
	tcase_add_test(file, a_foreign_file_is_refused_and_left_alone);
	tcase_add_test(file, what_cannot_be_read_or_written_says_so);
	suite_add_tcase(suite, file);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
