/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/key_file.h"

#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEY "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE="

static char directory[64], path[96];

static void setup(void)
{
	strcpy(directory, "/tmp/lintel-peer-key-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/key", directory);
}

static void teardown(void)
{
	unlink(path);
	rmdir(directory);
}

static void put(const char *content, size_t size, mode_t mode)
{
	FILE *file = fopen(path, "we");

	ck_assert_ptr_nonnull(file);
	ck_assert_uint_eq(fwrite(content, 1, size, file), size);
	ck_assert_int_eq(fclose(file), 0);
	ck_assert_int_eq(chmod(path, mode), 0);
}

static void check_refused(const char *name, int error, const char *why)
{
	struct peer_keys keys, untouched;
	struct text problem = {0}, expected = {0};

	memset(&keys, 0x5a, sizeof(keys));
	memset(&untouched, 0x5a, sizeof(untouched));
	ck_assert_int_eq(peer_key_file_read(name, &keys, &problem), error);
	text_printf(&expected, "%s: %s", name, why);
	ck_assert_str_eq(text_str(&problem), text_str(&expected));
	ck_assert_mem_eq(&keys, &untouched, sizeof(keys));
	text_done(&problem);
	text_done(&expected);
}

START_TEST(a_key_without_a_name_is_named_after_its_digest)
{
	struct peer_keys keys;
	struct text problem = {0};

	put(KEY "\n", strlen(KEY "\n"), 0400);
	ck_assert_int_eq(peer_key_file_read(path, &keys, &problem), 0);
	ck_assert_uint_eq(keys.count, 1);
	/* printf 'lintel peer key name 1\0' and 32 bytes of 1 | sha256sum */
	ck_assert_str_eq(keys.items[0].name, "sha256-9b85f041c7d0e180");
	put("own " KEY, strlen("own " KEY), 0440);
	ck_assert_int_eq(peer_key_file_read(path, &keys, &problem), 0);
	ck_assert_str_eq(keys.items[0].name, "own");
}
END_TEST

START_TEST(a_file_that_others_may_read_or_change_is_refused)
{
	static const mode_t modes[] = {0644, 0604, 0602, 0620, 0666};
	char why[200];

	for (size_t i = 0; i < LT_ARRAY_SIZE(modes); i++) {
		put(KEY, strlen(KEY), modes[i]);
		snprintf(why, sizeof(why),
		         "its mode is %04o: others may read or change the key; set 0400, 0600 or "
		         "0440 (of a Kubernetes Secret: defaultMode)",
		         modes[i]);
		check_refused(path, -EPERM, why);
	}
}
END_TEST

START_TEST(what_is_no_file_of_keys_is_refused)
{
	static char large[PEER_KEY_FILE_MAX];

	check_refused(directory, -EISDIR, "is a directory: name the file in it");
	check_refused("/dev/null", -EINVAL, "is no regular file");
	check_refused("/nonexistent/key", -ENOENT, "No such file or directory");
	put(KEY "\0", strlen(KEY) + 1, 0600);
	check_refused(path, -EINVAL, "is no text");
	put("x\n", 2, 0600);
	check_refused(path, -EINVAL, "line 1: the key is no base64");
	memset(large, '#', sizeof(large));
	put(large, sizeof(large), 0600);
	check_refused(path, -EINVAL, "there is no key in it");
	put(large, sizeof(large), 0600);
	FILE *file = fopen(path, "ae");
	ck_assert_int_eq(fputs("#", file), 1);
	fclose(file);
	check_refused(path, -EFBIG, "is longer than 16384 bytes");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("peer/key_file", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_key_without_a_name_is_named_after_its_digest);
	tcase_add_test(tests, a_file_that_others_may_read_or_change_is_refused);
	tcase_add_test(tests, what_is_no_file_of_keys_is_refused);
	return unit_run(suite);
}
