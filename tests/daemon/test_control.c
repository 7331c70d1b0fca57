/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The control socket, served on a loop of its own and asked from a thread. */
#include "daemon/control.h"

#include "tests/descriptors.h"

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

static char directory[64];
static char path[96];
static struct loop *loop;
static struct control *control;
static uint64_t kept_ticket;

struct asker {
	const char *request;
	char answer[4096];
	struct loop_wake done;
};

static void handle(void *ctx, uint64_t ticket, const json_t *request)
{
	const char *command = json_string_value(json_object_get(request, "command"));

	if (command && strcmp(command, "later") == 0)
		kept_ticket = ticket;
	else if (command && strcmp(command, "echo") == 0)
		control_answer(control, ticket, json_pack("{s:s}", "said", command));
	else
		control_refuse(control, ticket, "no such command: %s", command ? command : "?");
	if (kept_ticket && command && strcmp(command, "echo") == 0)
		control_answer(control, kept_ticket, json_string("at last"));
}

static int dial(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	strcpy(address.sun_path, path);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void *ask(void *arg)
{
	struct asker *asker = arg;
	int fd = dial();
	size_t len = 0;
	ssize_t n;

	/* in two pieces, as the network might */
	size_t half = strlen(asker->request) / 2;
	if (write(fd, asker->request, half) < 0 ||
	    write(fd, asker->request + half, strlen(asker->request) - half) < 0)
		abort();
	while ((n = read(fd, asker->answer + len, sizeof(asker->answer) - 1 - len)) > 0)
		len += (size_t)n;
	close(fd);
	loop_wake_send(&asker->done);
	return NULL;
}

static void asked(struct loop_wake *wake)
{
	loop_stop(loop);
}

static void ignored(struct loop_wake *wake)
{
}

static const char *answer_to(struct asker *asker, const char *request)
{
	pthread_t thread;

	*asker = (struct asker){.request = request, .done = {.woken = asked}};
	loop_wake_start(loop, &asker->done);
	pthread_create(&thread, NULL, ask, asker);
	loop_run(loop);
	pthread_join(thread, NULL);
	loop_wake_stop(&asker->done);
	return asker->answer;
}

static void setup(void)
{
	strcpy(directory, "/tmp/lintel-control-XXXXXX");
	ck_assert_ptr_nonnull(mkdtemp(directory));
	snprintf(path, sizeof(path), "%s/lintel.sock", directory);
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(control_open(loop, path, handle, NULL, &control), 0);
}

static void teardown(void)
{
	control_close(control);
	loop_free(loop);
	rmdir(directory);
}

static const struct {
	const char *request;
	const char *answer;
} rows[] = {
	{"{\"command\":\"echo\"}\n", "{\"ok\":true,\"result\":{\"said\":\"echo\"}}\n"},
	{"{\"command\":\"dance\"}\n", "{\"ok\":false,\"error\":\"no such command: dance\"}\n"},
	{"{}\n", "{\"ok\":false,\"error\":\"no such command: ?\"}\n"},
};

START_TEST(a_request_has_one_answer)
{
	struct asker asker;

	ck_assert_str_eq(answer_to(&asker, rows[_i].request), rows[_i].answer);
}
END_TEST

START_TEST(what_is_no_json_object_is_refused)
{
	struct asker asker;

	ck_assert_ptr_nonnull(strstr(answer_to(&asker, "[1]\n"), "no JSON object"));
	ck_assert_ptr_nonnull(strstr(answer_to(&asker, "status\n"), "no JSON object"));
}
END_TEST

START_TEST(an_endless_request_is_refused)
{
	struct asker asker;
	char *request = malloc(CONTROL_REQUEST_MAX + 1);

	memset(request, ' ', CONTROL_REQUEST_MAX);
	request[CONTROL_REQUEST_MAX] = '\0';
	ck_assert_ptr_nonnull(strstr(answer_to(&asker, request), "longer than"));
	free(request);
}
END_TEST

/* The first asker's ticket is answered when the second one asks; one that hung up meanwhile is
 * nobody's loss. */
START_TEST(an_answer_may_come_later)
{
	struct asker first = {.request = "{\"command\":\"later\"}\n"}, second;
	pthread_t thread;

	/* Only the second one's end stops the loop, or his thread would wait for it for ever. */
	first.done = (struct loop_wake){.woken = ignored};
	loop_wake_start(loop, &first.done);
	pthread_create(&thread, NULL, ask, &first);
	while (!kept_ticket) /* the loop returns after each request of the second */
		answer_to(&second, "{\"command\":\"none\"}\n");
	while (!first.answer[0])
		answer_to(&second, "{\"command\":\"echo\"}\n");
	pthread_join(thread, NULL);
	loop_wake_stop(&first.done);
	ck_assert_str_eq(first.answer, "{\"ok\":true,\"result\":\"at last\"}\n");
	control_answer(control, UINT64_MAX, json_null());
}
END_TEST

START_TEST(without_descriptors_nothing_runs_in_circles)
{
	struct asker asker;
	int waiting = dial();

	ck_assert(!descriptors_spin_without(loop, 50 * US_PER_MS));
	ck_assert_str_eq(answer_to(&asker, rows[0].request), rows[0].answer);
	close(waiting);
}
END_TEST

START_TEST(a_second_daemon_is_told_that_one_answers)
{
	struct control *second = NULL;

	ck_assert_int_eq(control_open(loop, path, handle, NULL, &second), -EADDRINUSE);
}
END_TEST

START_TEST(what_is_no_socket_is_left_alone)
{
	char file[128], link[128], kept[16] = "";
	struct control *second = NULL;
	FILE *stream;

	snprintf(file, sizeof(file), "%s/file", directory);
	snprintf(link, sizeof(link), "%s/link", directory);
	stream = fopen(file, "w");
	ck_assert_ptr_nonnull(stream);
	fputs("precious", stream);
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_int_eq(symlink(file, link), 0);
	ck_assert_int_eq(control_open(loop, file, handle, NULL, &second), -EEXIST);
	ck_assert_int_eq(control_open(loop, link, handle, NULL, &second), -EEXIST);
	ck_assert_int_eq(control_open(loop, directory, handle, NULL, &second), -EEXIST);
	ck_assert_ptr_null(second);
	stream = fopen(file, "r");
	ck_assert_ptr_nonnull(stream);
	ck_assert_ptr_nonnull(fgets(kept, sizeof(kept), stream));
	ck_assert_int_eq(fclose(stream), 0);
	ck_assert_str_eq(kept, "precious");
	ck_assert_int_eq(unlink(link), 0);
	ck_assert_int_eq(unlink(file), 0);
}
END_TEST

START_TEST(a_socket_left_by_a_killed_daemon_is_replaced)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct control *second = NULL;
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s/stale.sock", directory);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	close(fd);
	ck_assert_int_eq(control_open(loop, address.sun_path, handle, NULL, &second), 0);
	struct stat stat_buf;
	ck_assert_int_eq(stat(address.sun_path, &stat_buf), 0);
	ck_assert_uint_eq(stat_buf.st_mode & 0777, 0660);
	control_close(second);
	ck_assert_int_eq(access(address.sun_path, F_OK), -1);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("control");
	TCase *tcase = tcase_create("control");
	SRunner *runner = srunner_create(suite);

	tcase_add_checked_fixture(tcase, setup, teardown);
	tcase_add_loop_test(tcase, a_request_has_one_answer, 0, LT_ARRAY_SIZE(rows));
	tcase_add_test(tcase, what_is_no_json_object_is_refused);
	tcase_add_test(tcase, without_descriptors_nothing_runs_in_circles);
	tcase_add_test(tcase, an_endless_request_is_refused);
	tcase_add_test(tcase, an_answer_may_come_later);
	tcase_add_test(tcase, a_second_daemon_is_told_that_one_answers);
	tcase_add_test(tcase, what_is_no_socket_is_left_alone);
	tcase_add_test(tcase, a_socket_left_by_a_killed_daemon_is_replaced);
	suite_add_tcase(suite, tcase);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
