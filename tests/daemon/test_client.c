/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The client against a server made for the test: a thread that accepts once, reads a line, and
 * sends what the row says. */
#include "daemon/client.h"

#include "lib/mem.h"

#include <check.h>
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define LONG_US (20 * INT64_C(1000000)) /* only a broken client waits that long */

static char directory[64];
static char path[sizeof(directory) + 8];
static int listener;

/* What the server does. */
static struct {
	const char *answer; /* NULL: none */
	size_t repeat;      /* the answer is sent so many times more */
	bool unread;        /* the request is not read: close at once */
	int hold_fd; /* readable when the test is over; the server then closes. -1: at once */
	char request[4096];
} server;

static void setup(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	strcpy(directory, "/tmp/lintel-client-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/sock", directory);
	strcpy(address.sun_path, path);
	listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ck_assert_int_ge(listener, 0);
	ck_assert_int_eq(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	ck_assert_int_eq(listen(listener, 4), 0);
	memset(&server, 0, sizeof(server));
	server.hold_fd = -1;
}

static void teardown(void)
{
	if (listener >= 0)
		close(listener);
	unlink(path);
	rmdir(directory);
}

static void *serve(void *arg)
{
	int fd = accept(listener, NULL, NULL);
	size_t len = 0;
	char byte;

	while (!server.unread && len + 1 < sizeof(server.request) && read(fd, &byte, 1) == 1) {
		server.request[len++] = byte;
		if (byte == '\n')
			break;
	}
	for (size_t i = 0; server.answer && i <= server.repeat; i++) {
		if (send(fd, server.answer, strlen(server.answer), MSG_NOSIGNAL) < 0)
			break;
	}
	if (server.hold_fd >= 0 && read(server.hold_fd, &byte, 1) < 0)
		abort();
	close(fd);
	return NULL;
}

static int ask(int64_t timeout_us, json_t **ret_result, struct text *error)
{
	json_t *request = json_pack("{s:s}", "command", "status");
	int rc = client_request(path, request, timeout_us, ret_result, error);

	json_decref(request);
	return rc;
}

static int ask_server(int64_t timeout_us, json_t **ret_result, struct text *error)
{
	pthread_t thread;

	ck_assert_int_eq(pthread_create(&thread, NULL, serve, NULL), 0);
	int rc = ask(timeout_us, ret_result, error);
	if (server.hold_fd >= 0) /* the pipe's other end is kept by the test */
		ck_assert_int_eq(close(server.hold_fd + 1), 0);
	ck_assert_int_eq(pthread_join(thread, NULL), 0);
	return rc;
}

START_TEST(a_result_comes_back_and_the_request_is_one_line)
{
	struct text error = {0};
	json_t *result = NULL;

	server.answer = "{\"ok\":true,\"result\":{\"node\":\"lb1\"}}\n";
	ck_assert_int_eq(ask_server(LONG_US, &result, &error), 0);
	ck_assert_str_eq(server.request, "{\"command\":\"status\"}\n");
	ck_assert_str_eq(json_string_value(json_object_get(result, "node")), "lb1");
	ck_assert_uint_eq(error.len, 0);
	json_decref(result);
}
END_TEST

static const struct {
	const char *answer;
	int rc;
	const char *error;
} refusals[] = {
	{"{\"ok\":false,\"error\":\"no virtual router 'x'\"}\n", -EREMOTEIO,
         "no virtual router 'x'"},
	{"{\"ok\":true}\n", -EPROTO,
         "what answered is no daemon of this version: neither a result nor an error"},
	{"[]\n", -EPROTO,
         "what answered is no daemon of this version: neither a result nor an error"},
	{"HTTP/1.1 400 Bad Request\r\n", -EPROTO,
         "what answered is no daemon of this version: '[' or '{' expected near 'HTTP'"},
	{"{\"ok\":true,\"result\":{", -EPROTO,
         "what answered is no daemon of this version: string or '}' expected near end of file"},
	{"", -EPROTO, "the daemon closed the connection without an answer"},
};

START_TEST(an_answer_that_is_none_is_said_so)
{
	struct text error = {0};
	json_t *result = NULL;

	server.answer = refusals[_i].answer;
	ck_assert_int_eq(ask_server(LONG_US, &result, &error), refusals[_i].rc);
	ck_assert_str_eq(text_str(&error), refusals[_i].error);
	ck_assert_ptr_null(result);
	text_done(&error);
}
END_TEST

START_TEST(a_daemon_that_refuses_before_it_read_is_heard)
{
	struct text error = {0};
	json_t *result = NULL;

	server.unread = true;
	server.answer = "{\"ok\":false,\"error\":\"too many clients\"}\n";
	int rc = ask_server(LONG_US, &result, &error);
	/* The kernel may throw the answer away with the connection; never is it taken for one. */
	ck_assert(rc == -EREMOTEIO || rc == -ECONNRESET);
	ck_assert_uint_gt(error.len, 0);
	text_done(&error);
}
END_TEST

START_TEST(a_silent_daemon_is_not_waited_for_forever)
{
	struct text error = {0}, wanted = {0};
	json_t *result = NULL;
	int ends[2];

	ck_assert_int_eq(pipe(ends), 0);
	ck_assert_int_eq(ends[1], ends[0] + 1);
	server.hold_fd = ends[0];
	ck_assert_int_eq(ask_server(1000, &result, &error), -ETIMEDOUT);
	text_printf(&wanted, "the daemon on %s did not answer within 0 seconds", path);
	ck_assert_str_eq(text_str(&error), text_str(&wanted));
	close(ends[0]);
	text_done(&wanted);
	text_done(&error);
}
END_TEST

START_TEST(a_long_answer_comes_in_pieces)
{
	struct text error = {0}, answer = {0};
	json_t *result = NULL;

	text_add(&answer, "{\"ok\":true,\"result\":[0");
	for (int i = 1; i < 200000; i++)
		text_printf(&answer, ",%d", i);
	text_add(&answer, "]}\n");
	server.answer = answer.data;
	ck_assert_int_eq(ask_server(LONG_US, &result, &error), 0);
	ck_assert_uint_eq(json_array_size(result), 200000);
	json_decref(result);
	text_done(&answer);
}
END_TEST

START_TEST(an_answer_without_end_is_cut_off)
{
	struct text error = {0};
	json_t *result = NULL;
	char *chunk = xmalloc((1 << 20) + 1);

	memset(chunk, ' ', 1 << 20);
	chunk[1 << 20] = '\0';
	server.answer = chunk;
	server.repeat = 1000;
	ck_assert_int_eq(ask_server(LONG_US * 2, &result, &error), -EFBIG);
	ck_assert_str_eq(text_str(&error), "the daemon's answer is longer than 128 MiB");
	free(chunk);
	text_done(&error);
}
END_TEST

static void expect_no_connection(int rc, const char *format)
{
	struct text error = {0}, wanted = {0};
	json_t *result = NULL;
	const char *end = strstr(format, "PATH");

	ck_assert_int_eq(ask(LONG_US, &result, &error), rc);
	text_add_len(&wanted, format, (size_t)(end - format));
	text_printf(&wanted, "%s%s", path, end + strlen("PATH"));
	ck_assert_str_eq(text_str(&error), text_str(&wanted));
	text_done(&wanted);
	text_done(&error);
}

START_TEST(without_a_daemon_the_error_asks_whether_it_runs)
{
	close(listener);
	listener = -1;
	expect_no_connection(-ECONNREFUSED, "no daemon answers on PATH: is lintel running?");
	unlink(path);
	expect_no_connection(-ENOENT, "no daemon answers on PATH: is lintel running?");
}
END_TEST

START_TEST(a_path_too_long_for_a_socket_is_said_so)
{
	struct text error = {0};
	json_t *result = NULL, *request = json_object();
	char name[200];

	memset(name, 'x', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	ck_assert_int_eq(client_request(name, request, LONG_US, &result, &error), -ENAMETOOLONG);
	ck_assert(strstr(text_str(&error), "too long for a socket, at most 107 characters"));
	json_decref(request);
	text_done(&error);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon/client");
	TCase *tcase = tcase_create("client");

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_test(tcase, a_result_comes_back_and_the_request_is_one_line);
	tcase_add_loop_test(tcase, an_answer_that_is_none_is_said_so, 0, LT_ARRAY_SIZE(refusals));
	tcase_add_test(tcase, a_daemon_that_refuses_before_it_read_is_heard);
	tcase_add_test(tcase, a_silent_daemon_is_not_waited_for_forever);
	tcase_add_test(tcase, a_long_answer_comes_in_pieces);
	tcase_add_test(tcase, an_answer_without_end_is_cut_off);
	tcase_add_test(tcase, without_a_daemon_the_error_asks_whether_it_runs);
	tcase_add_test(tcase, a_path_too_long_for_a_socket_is_said_so);
	suite_add_tcase(suite, tcase);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
