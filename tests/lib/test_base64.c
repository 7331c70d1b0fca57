/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/base64.h"

#include "tests/unit.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* RFC 4648 section 10. */
static const struct {
	const char *data, *text;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xff\xef\xbe", "/+++"},
};

START_TEST(vectors_go_both_ways)
{
	struct text text = {0};
	size_t size;
	char *data;

	base64_add(&text, vectors[_i].data, strlen(vectors[_i].data));
	ck_assert_str_eq(text_str(&text), vectors[_i].text);
	ck_assert_int_eq(base64_decode(vectors[_i].text, &data, &size), 0);
	ck_assert_uint_eq(size, strlen(vectors[_i].data));
	ck_assert_str_eq(data, vectors[_i].data);
	free(data);
	text_done(&text);
}
END_TEST

START_TEST(all_bytes_come_back)
{
	uint8_t bytes[256];

	for (int i = 0; i < 256; i++)
		bytes[i] = (uint8_t)(i * 7);
	for (size_t size = 0; size <= sizeof(bytes); size++) {
		struct text text = {0};
		size_t got;
		char *data;

		base64_add(&text, bytes, size);
		ck_assert_uint_eq(text.len % 4, 0);
		ck_assert_int_eq(base64_decode(text_str(&text), &data, &got), 0);
		ck_assert_uint_eq(got, size);
		ck_assert_mem_eq(data, bytes, size);
		ck_assert_int_eq(data[size], '\0');
		free(data);
		text_done(&text);
	}
}
END_TEST

START_TEST(lines_are_joined)
{
	size_t size;
	char *data;

	ck_assert_int_eq(base64_decode(" Zm9v\r\n\tYm\nFy\n", &data, &size), 0);
	ck_assert_str_eq(data, "foobar");
	free(data);
}
END_TEST

static const char *const wrong[] = {
	"Z",     "Zg",   "Zg=",  "Zg===",  "Zg==Zg==", "Zg==Z", "=",    "====",      "Z===",
	"Zm9v=", "Zm9-", "Zm9_", "Zm 9v.", "Zh==",     "Zm9=",  "Zm=v", "Zg=\n=\n=",
};

START_TEST(everything_else_is_refused)
{
	char *data = (char *)&data;
	size_t size = 77;

	ck_assert_int_eq(base64_decode(wrong[_i], &data, &size), -EINVAL);
	ck_assert_ptr_eq(data, (char *)&data);
	ck_assert_uint_eq(size, 77);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("lib_base64", &tests);

	tcase_add_loop_test(tests, vectors_go_both_ways, 0, LT_ARRAY_SIZE(vectors));
	tcase_add_test(tests, all_bytes_come_back);
	tcase_add_test(tests, lines_are_joined);
	tcase_add_loop_test(tests, everything_else_is_refused, 0, LT_ARRAY_SIZE(wrong));
	return unit_run(suite);
}
