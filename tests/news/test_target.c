/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/target.h"

#include "lib/mem.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

START_TEST(targets_and_what_is_shown_of_them)
{
	static const struct {
		const char *text, *name, *path;
		enum news_kind kind;
	} rows[] = {
		{"fifo:/run/lintel/events", "fifo:/run/lintel/events", "/run/lintel/events",
	         NEWS_FIFO},
		{"unix:/run/x.sock", "unix:/run/x.sock", "/run/x.sock", NEWS_SOCKET},
		{"webhook:/etc/lintel/a.hook", "webhook:/etc/lintel/a.hook", "/etc/lintel/a.hook",
	         NEWS_WEBHOOK},
		{"https://example.com/services/T0/secret", "https://example.com", NULL,
	         NEWS_WEBHOOK},
		{"http://user:secret@10.0.0.1:8080/?token=secret", "http://10.0.0.1:8080", NULL,
	         NEWS_WEBHOOK},
		{"HTTPS://secret@[2001:db8::1]:8443", "HTTPS://[2001:db8::1]:8443", NULL,
	         NEWS_WEBHOOK},
		{"https://a@b@example.com?secret@x", "https://example.com", NULL, NEWS_WEBHOOK},
		{"https://example.com#secret@elsewhere", "https://example.com", NULL, NEWS_WEBHOOK},
		{"https://example.com\\@elsewhere", "https://example.com", NULL, NEWS_WEBHOOK},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		struct news_target target = {0};
		struct text problem = {0};

		ck_assert_msg(news_target_parse(rows[i].text, &target, &problem) == 0, "%s: %s",
		              rows[i].text, text_str(&problem));
		ck_assert_str_eq(target.name, rows[i].name);
		ck_assert_int_eq(target.kind, rows[i].kind);
		if (rows[i].path)
			ck_assert_str_eq(target.path, rows[i].path);
		else
			ck_assert_str_eq(target.url, rows[i].text);
		ck_assert_msg((target.path == NULL) != (target.url == NULL), "%s", rows[i].text);
		news_target_done(&target);
		text_done(&problem);
	}
}
END_TEST

START_TEST(what_is_none_is_refused_with_a_reason_that_shows_no_secret)
{
	static const struct {
		const char *text, *reason;
	} rows[] = {
		{"", "allowed: fifo:/PATH"},
		{"secret", "allowed: fifo:/PATH"},
		{"ftp://secret/", "allowed: fifo:/PATH"},
		{"htps://secret/", "allowed: fifo:/PATH"},
		{"/run/secret", "allowed: fifo:/PATH"},
		{"fifo:events", "not absolute"},
		{"unix:", "not absolute"},
		{"unix:@name", "not absolute"},
		{"https://", "names no host"},
		{"https:///secret", "names no host"},
		{"https://secret@/x", "names no host"},
		{"https://:80/secret", "names no host"},
		{"https://example.com/secret x", "neither blanks"},
		{"https://example.com/\nsecret", "neither blanks"},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		struct news_target target = {.name = NULL};
		struct text problem = {0};

		ck_assert_int_eq(news_target_parse(rows[i].text, &target, &problem), -EINVAL);
		ck_assert_msg(strstr(text_str(&problem), rows[i].reason) != NULL, "%s: %s",
		              rows[i].text, text_str(&problem));
		ck_assert_msg(!strstr(text_str(&problem), "secret"), "%s", text_str(&problem));
		ck_assert_ptr_null(target.name);
		text_done(&problem);
	}
}
END_TEST

START_TEST(paths_and_urls_have_a_limit)
{
	char text[4096] = "unix:/";
	struct news_target target;
	struct text problem = {0};

	memset(text + 6, 'x', 106);
	ck_assert_int_eq(news_target_parse(text, &target, &problem), 0);
	news_target_done(&target);
	text[112] = 'x';
	ck_assert_int_eq(news_target_parse(text, &target, &problem), -EINVAL);
	strcpy(text, "https://example.com/");
	memset(text + 20, 'x', 3000);
	ck_assert_int_eq(news_target_parse(text, &target, &problem), -EINVAL);
	text_done(&problem);
}
END_TEST

START_TEST(names_of_a_set_differ)
{
	const char *texts[] = {"https://example.com/a", "fifo:/x", "https://example.com/b",
	                       "https://example.com.net/", "https://example.com/c"};
	static const char *const names[] = {"https://example.com", "fifo:/x",
	                                    "https://example.com (2)", "https://example.com.net",
	                                    "https://example.com (3)"};
	struct news_target *targets;
	struct text problem = {0};

	ck_assert_int_eq(news_targets_parse(texts, 5, &targets, &problem), 0);
	for (size_t i = 0; i < 5; i++)
		ck_assert_str_eq(targets[i].name, names[i]);
	news_targets_free(targets, 5);
	ck_assert_int_eq(news_targets_parse(NULL, 0, &targets, &problem), 0);
	news_targets_free(targets, 0);
	text_done(&problem);
}
END_TEST

START_TEST(twice_the_same_or_too_many_are_refused)
{
	const char *twice[] = {"fifo:/a", "https://u:secret@h/", "https://u:secret@h/"};
	char *many[NEWS_TARGETS_MAX + 1];
	struct news_target *targets = NULL;
	struct text problem = {0};

	ck_assert_int_eq(news_targets_parse(twice, 3, &targets, &problem), -EINVAL);
	ck_assert_str_eq(text_str(&problem), "'https://h' is given twice");
	for (size_t i = 0; i < LT_ARRAY_SIZE(many); i++) {
		many[i] = xmalloc(32);
		snprintf(many[i], 32, "fifo:/%zu", i);
	}
	text_clear(&problem);
	ck_assert_int_eq(news_targets_parse((const char *const *)many, LT_ARRAY_SIZE(many),
	                                    &targets, &problem),
	                 -EINVAL);
	ck_assert_ptr_null(targets);
	ck_assert_int_eq(
		news_targets_parse((const char *const *)many, NEWS_TARGETS_MAX, &targets, &problem),
		0);
	news_targets_free(targets, NEWS_TARGETS_MAX);
	for (size_t i = 0; i < LT_ARRAY_SIZE(many); i++)
		free(many[i]);
	text_done(&problem);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("news_target", &tests);

	tcase_add_test(tests, targets_and_what_is_shown_of_them);
	tcase_add_test(tests, what_is_none_is_refused_with_a_reason_that_shows_no_secret);
	tcase_add_test(tests, paths_and_urls_have_a_limit);
	tcase_add_test(tests, names_of_a_set_differ);
	tcase_add_test(tests, twice_the_same_or_too_many_are_refused);
	return unit_run(suite);
}
