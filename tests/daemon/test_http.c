/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/http.h"

#include "tests/descriptors.h"
#include "tests/unit.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

static struct loop *loop;
static struct http *http;
static struct endpoint at;

static unsigned page(void *ctx, struct text *out)
{
	text_printf(out, "here");
	return 200;
}

static const struct http_page pages[] = {{"/", "text/plain", page, NULL}, {0}};

static struct sockaddr_in where(uint16_t port)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
	                            .sin_port = htons(port),
	                            .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* Of a port that was free a moment ago. */
static void setup(void)
{
	const uint8_t loopback[] = {127, 0, 0, 1};
	struct sockaddr_in any = where(0);
	socklen_t size = sizeof(any);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&any, sizeof(any)), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&any, &size), 0);
	close(fd);
	at = (struct endpoint){addr_make(ADDR_IPV4, loopback), ntohs(any.sin_port)};
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(http_open(loop, &at, pages, NULL, &http), 0);
}

static void teardown(void)
{
	http_close(http);
	loop_free(loop);
}

static int ask(void)
{
	static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
	struct sockaddr_in there = where(at.port);
	int fd = socket(AF_INET, SOCK_STREAM, 0);

	ck_assert_int_eq(connect(fd, (struct sockaddr *)&there, sizeof(there)), 0);
	ck_assert_int_eq(send(fd, request, sizeof(request) - 1, 0), sizeof(request) - 1);
	return fd;
}

static void answered(struct loop_fd *fd, bool readable, bool writable)
{
	loop_stop(fd->loop);
}

static void expect_answer(int fd)
{
	struct loop_fd client = {.ready = answered, .fd = fd};
	char answer[512] = "";

	loop_fd_start(loop, &client, true, false);
	loop_run(loop);
	loop_fd_stop(&client);
	ck_assert_int_gt(recv(fd, answer, sizeof(answer) - 1, 0), 0);
	ck_assert_int_eq(strncmp(answer, "HTTP/1.1 200 ", 13), 0);
	close(fd);
}

START_TEST(a_page_is_answered)
{
	expect_answer(ask());
}
END_TEST

START_TEST(without_descriptors_nothing_runs_in_circles_and_the_answer_comes_later)
{
	int fd = ask();

	ck_assert(!descriptors_spin_without(loop, 50 * US_PER_MS));
	expect_answer(fd);
}
END_TEST

START_TEST(more_than_may_be_connected_wait_for_their_turn)
{
	struct loop_deadline over = {.expired = descriptors_time_is_over};
	int idle[HTTP_CONNECTIONS_MAX], fd;
	char byte;

	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++) {
		struct sockaddr_in there = where(at.port);

		idle[i] = socket(AF_INET, SOCK_STREAM, 0);
		ck_assert_int_eq(connect(idle[i], (struct sockaddr *)&there, sizeof(there)), 0);
	}
	fd = ask();
	ck_assert_int_eq(loop_deadline_init(loop, &over), 0);
	loop_deadline_arm(&over, mono_now_us() + 50 * US_PER_MS);
	loop_run(loop);
	loop_deadline_done(&over);
	ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	for (size_t i = 0; i < HTTP_CONNECTIONS_MAX; i++)
		close(idle[i]);
	expect_answer(fd);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon/http", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, a_page_is_answered);
	tcase_add_test(tests,
	               without_descriptors_nothing_runs_in_circles_and_the_answer_comes_later);
	tcase_add_test(tests, more_than_may_be_connected_wait_for_their_turn);
	return unit_run(suite);
}
