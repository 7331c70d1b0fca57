/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/auth.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static struct k8s_auth *auth;
static struct text why;
static unsigned logged;
static int64_t now_us;

static void count_line(void *ctx, const char *line)
{
	ck_assert_ptr_null(strstr(line, "first"));
	ck_assert_ptr_null(strstr(line, "second"));
	logged++;
}

static void setup(void)
{
	scratch_dir_make();
	auth = NULL;
	logged = 0;
	now_us = 1000 * US_PER_S;
	log_set_sink(count_line, NULL);
}

static void teardown(void)
{
	k8s_auth_free(auth);
	text_done(&why);
	log_set_sink(NULL, NULL);
	scratch_dir_remove();
}

static char *path_of(const char *name)
{
	char path[SCRATCH_PATH_SIZE];

	return xstrdup(scratch_dir_path(name, path));
}

static void write_file(const char *name, const char *text)
{
	char path[SCRATCH_PATH_SIZE];
	FILE *file = fopen(scratch_dir_path(name, path), "w");

	ck_assert_ptr_nonnull(file);
	ck_assert_int_ge(fputs(text, file), 0);
	ck_assert_int_eq(fclose(file), 0);
}

static void remove_file(const char *name)
{
	char path[SCRATCH_PATH_SIZE];

	ck_assert_int_eq(remove(scratch_dir_path(name, path)), 0);
}

/* As a pod would, from files here. */
static int open_pod(void)
{
	struct k8s_kubeconfig config;

	ck_assert_int_eq(k8s_kubeconfig_in_cluster("10.0.0.1", "443", scratch_dir, &config, &why),
	                 0);
	return k8s_auth_open(&config, now_us, &auth, &why);
}

static void open_with(const char *token, const char *ca)
{
	write_file("token", token);
	write_file("ca.crt", ca);
	ck_assert_int_eq(open_pod(), 0);
}

static void expect_token(const char *authorization)
{
	const char *is = k8s_auth_identity(auth, now_us)->authorization;

	if (authorization)
		ck_assert_str_eq(is, authorization);
	else
		ck_assert_ptr_null(is);
}

START_TEST(a_pod_is_who_its_files_say)
{
	const struct k8s_identity *identity;

	open_with("first\n", "AUTHORITY");
	identity = k8s_auth_identity(auth, now_us);
	ck_assert_str_eq(identity->server, "https://10.0.0.1:443");
	ck_assert_str_eq(identity->authorization, "Bearer first");
	ck_assert_uint_eq(identity->ca_size, strlen("AUTHORITY"));
	ck_assert_mem_eq(identity->ca, "AUTHORITY", identity->ca_size);
	ck_assert_ptr_null(identity->certificate);
	ck_assert(!identity->insecure);
	ck_assert_str_eq(k8s_auth_server(auth), "https://10.0.0.1:443");
}
END_TEST

START_TEST(files_are_read_again_after_a_minute)
{
	open_with("first", "ONE");
	write_file("token", "second");
	write_file("ca.crt", "TWO");
	now_us += K8S_AUTH_REREAD_US - 1;
	expect_token("Bearer first");
	now_us += 1;
	expect_token("Bearer second");
	ck_assert_mem_eq(k8s_auth_identity(auth, now_us)->ca, "TWO", 3);
	ck_assert_uint_eq(logged, 0);
}
END_TEST

START_TEST(a_refused_token_is_read_again_soon_but_not_without_end)
{
	open_with("first", "ONE");
	write_file("token", "second");
	k8s_auth_refused(auth);
	expect_token("Bearer first"); /* read this very second */
	now_us += K8S_AUTH_REFUSED_US;
	expect_token("Bearer second");
	write_file("token", "first");
	now_us += K8S_AUTH_REFUSED_US;
	expect_token("Bearer second"); /* nobody refused it */
}
END_TEST

START_TEST(what_can_not_be_read_any_more_stays_and_is_told_once)
{
	open_with("first", "ONE");
	if (_i == 0)
		remove_file("token");
	else
		write_file("token", ""); /* just being written */
	for (int i = 0; i < 3; i++) {
		now_us += K8S_AUTH_REREAD_US;
		expect_token("Bearer first");
	}
	ck_assert_uint_eq(logged, 1);
	write_file("token", "second");
	now_us += K8S_AUTH_REREAD_US;
	expect_token("Bearer second");
	ck_assert_uint_eq(logged, 2);
}
END_TEST

START_TEST(a_token_that_would_be_two_lines_is_not_sent)
{
	open_with("first\r\nX-Other: header", "ONE");
	expect_token(NULL);
}
END_TEST

START_TEST(files_that_are_not_there_at_first_are_named)
{
	write_file("ca.crt", "ONE");
	ck_assert_int_eq(open_pod(), -ENOENT);
	ck_assert_ptr_nonnull(strstr(text_str(&why), "/token: No such file or directory"));
}
END_TEST

START_TEST(a_password_is_encoded)
{
	struct k8s_kubeconfig config = {
		.server = xstrdup("https://x"),
		.username = xstrdup("Aladdin"),
		.password = xstrdup("open sesame"),
		.namespace = xstrdup("n"),
		.certificate = {.path = path_of("crt")},
		.key = {.data = xstrdup("KEY"), .size = 3},
	};
	const struct k8s_identity *identity;

	write_file("crt", "CRT");
	ck_assert_int_eq(k8s_auth_open(&config, now_us, &auth, &why), 0);
	ck_assert_ptr_null(config.server); /* taken */
	identity = k8s_auth_identity(auth, now_us);
	/* RFC 7617 section 2. */
	ck_assert_str_eq(identity->authorization, "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==");
	ck_assert_mem_eq(identity->certificate, "CRT", identity->certificate_size);
	ck_assert_mem_eq(identity->key, "KEY", identity->key_size);
	ck_assert_ptr_null(identity->ca);
	ck_assert_str_eq(k8s_auth_namespace(auth), "n");
}
END_TEST

START_TEST(no_pod_is_said_to_be_none)
{
	unsetenv("KUBERNETES_SERVICE_HOST");
	ck_assert_int_eq(k8s_auth_open_in_cluster(now_us, &auth, &why), -ENOENT);
	ck_assert_uint_gt(why.len, 0);
	k8s_auth_free(NULL);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_auth", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_pod_is_who_its_files_say);
	tcase_add_test(tests, files_are_read_again_after_a_minute);
	tcase_add_test(tests, a_refused_token_is_read_again_soon_but_not_without_end);
	tcase_add_loop_test(tests, what_can_not_be_read_any_more_stays_and_is_told_once, 0, 2);
	tcase_add_test(tests, a_token_that_would_be_two_lines_is_not_sent);
	tcase_add_test(tests, files_that_are_not_there_at_first_are_named);
	tcase_add_test(tests, a_password_is_encoded);
	tcase_add_test(tests, no_pod_is_said_to_be_none);
	return unit_run(suite);
}
