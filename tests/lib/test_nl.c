/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The channel is tried against the routing family, which answers questions about links without
 * privilege: the loopback is always there, and link number NO_LINK never is. */

#include "lib/genl.h"
#include "lib/nl.h"

#include <check.h>
#include <errno.h>
#include <linux/genetlink.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define NO_LINK 0x7fffff01

static struct nl_batch batch;

static void clear_batch(void)
{
	nl_batch_done(&batch);
}

/* --- the channel --- */

static struct nl *nl;

static void open_channel(void)
{
	ck_assert_int_eq(nl_open(NETLINK_ROUTE, &nl), 0);
}

static void close_channel(void)
{
	nl_close(nl);
	clear_batch();
}

static void put_get_link(int index)
{
	struct nlmsghdr *message = nl_batch_begin(&batch, RTM_GETLINK, 0);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_index = index;
	nl_batch_end(&batch, message);
}

struct links {
	size_t restarts;
	size_t count;
	bool has_loopback;
	int stop_with;
};

static void restart(void *ctx)
{
	struct links *links = ctx;

	links->restarts++;
	links->count = 0;
}

static int take_link(void *ctx, const struct nlmsghdr *message)
{
	const struct ifinfomsg *info = mnl_nlmsg_get_payload(message);
	struct links *links = ctx;

	ck_assert_uint_eq(message->nlmsg_type, RTM_NEWLINK);
	links->count++;
	links->has_loopback |= info->ifi_index == 1;
	return links->stop_with;
}

START_TEST(a_dump_gives_every_link)
{
	struct links links = {0};
	const struct nl_dump dump = {restart, take_link, &links};

	put_get_link(0);
	ck_assert_int_eq(nl_dump(nl, &batch, &dump), 0);
	ck_assert_uint_eq(links.restarts, 1);
	ck_assert(links.has_loopback);
	ck_assert_uint_eq(nl_counters(nl)->sends, 1);
	ck_assert_uint_eq(nl_counters(nl)->messages, 1);
	ck_assert_uint_eq(nl_counters(nl)->dump_restarts, 0);
}
END_TEST

START_TEST(a_dump_can_be_ended_and_the_channel_goes_on)
{
	struct links links = {.stop_with = -E2BIG};
	const struct nl_dump dump = {restart, take_link, &links};

	put_get_link(0);
	ck_assert_int_eq(nl_dump(nl, &batch, &dump), -E2BIG);
	ck_assert_uint_eq(links.count, 1);
	links.stop_with = 0;
	ck_assert_int_eq(nl_dump(nl, &batch, &dump), 0);
	ck_assert(links.has_loopback);
}
END_TEST

START_TEST(a_request_gives_its_answer)
{
	struct links links = {0};

	put_get_link(1);
	ck_assert_int_eq(nl_request(nl, &batch, take_link, &links), 0);
	ck_assert_uint_eq(links.count, 1);
	ck_assert(links.has_loopback);
}
END_TEST

START_TEST(a_refusal_is_given_as_errno)
{
	struct links links = {0};

	put_get_link(NO_LINK);
	ck_assert_int_eq(nl_request(nl, &batch, take_link, &links), -ENODEV);
	ck_assert_uint_eq(links.count, 0);
	/* and does not cling to the channel */
	nl_batch_clear(&batch);
	put_get_link(1);
	ck_assert_int_eq(nl_request(nl, &batch, NULL, NULL), 0);
	ck_assert_str_eq(nl_refusal_text(nl), "");
}
END_TEST

START_TEST(what_the_replier_returns_is_the_result)
{
	struct links links = {.stop_with = -E2BIG};

	put_get_link(1);
	ck_assert_int_eq(nl_request(nl, &batch, take_link, &links), -E2BIG);
}
END_TEST

struct failures {
	size_t count;
	size_t last;
	bool in_order;
	int error;
};

static void note_failure(void *ctx, size_t index, int error)
{
	struct failures *failures = ctx;

	if (failures->count > 0 && index <= failures->last)
		failures->in_order = false;
	ck_assert_uint_ne(index % 100, 50);
	failures->last = index;
	failures->error = error;
	failures->count++;
}

START_TEST(every_refusal_of_a_long_batch_is_reported_by_index)
{
	struct failures failures = {.in_order = true};

	/* message 50 of each 100 is a good one */
	for (int i = 0; i < 2550; i++)
		put_get_link(i % 100 == 50 ? 1 : NO_LINK);
	ck_assert_int_eq(nl_batch_run(nl, &batch, NL_BATCH_PIPELINED, note_failure, &failures), 0);
	ck_assert_uint_eq(failures.count, 2550 - 25);
	ck_assert_uint_eq(failures.last, 2549);
	ck_assert(failures.in_order);
	ck_assert_int_eq(failures.error, ENODEV);
	ck_assert_uint_eq(nl_counters(nl)->messages, 2550);
	ck_assert_uint_ge(nl_counters(nl)->sends, 3);
	ck_assert_uint_le(nl_counters(nl)->sends, 20);
	ck_assert_uint_eq(nl_counters(nl)->overruns, 0);
}
END_TEST

START_TEST(a_batch_can_be_run_again_and_nobody_need_listen)
{
	put_get_link(1);
	put_get_link(NO_LINK);
	ck_assert_int_eq(nl_batch_run(nl, &batch, NL_BATCH_PIPELINED, NULL, NULL), 0);
	ck_assert_int_eq(nl_batch_run(nl, &batch, NL_BATCH_PIPELINED, NULL, NULL), 0);
	ck_assert_uint_eq(nl_counters(nl)->messages, 4);
	ck_assert_uint_eq(nl_counters(nl)->sends, 2);
}
END_TEST

START_TEST(an_empty_batch_is_done_without_a_word)
{
	ck_assert_int_eq(nl_batch_run(nl, &batch, NL_BATCH_PIPELINED, NULL, NULL), 0);
	ck_assert_int_eq(nl_batch_run(nl, &batch, NL_BATCH_ATOMIC, NULL, NULL), 0);
	ck_assert_uint_eq(nl_counters(nl)->sends, 0);
}
END_TEST

START_TEST(an_atomic_batch_is_one_system_call_and_all_its_refusals)
{
	struct failures failures = {.in_order = true};
	int err;

	for (int i = 0; i < 1500; i++)
		put_get_link(i % 100 == 50 ? 1 : NO_LINK);
	((struct nlmsghdr *)(batch.data + batch.starts[1499]))->nlmsg_flags |= NLM_F_ACK;
	/* who may not enlarge the receive buffer so far is told that he hasn't heard all */
	err = nl_batch_run(nl, &batch, NL_BATCH_ATOMIC, note_failure, &failures);
	ck_assert(err == 0 || (err == -ENOBUFS && geteuid() != 0));
	ck_assert_uint_eq(nl_counters(nl)->sends, 1);
	ck_assert_uint_eq(nl_counters(nl)->overruns, err == 0 ? 0 : 1);
	if (err == 0)
		ck_assert_uint_eq(failures.count, 1485);
}
END_TEST

START_TEST(an_atomic_batch_that_asks_for_no_verdict_gets_none)
{
	put_get_link(1);
	ck_assert_int_eq(nl_batch_run(nl, &batch, NL_BATCH_ATOMIC, NULL, NULL), 0);
	ck_assert_int_eq(nl_request(nl, &batch, NULL, NULL), 0);
}
END_TEST

static void note_event(void *ctx, const struct nlmsghdr *message)
{
	(*(size_t *)ctx)++;
}

START_TEST(nothing_to_hear_is_no_error)
{
	size_t count = 0;

	ck_assert_int_eq(nl_subscribe(nl, RTNLGRP_NEIGH), 0);
	ck_assert_int_eq(nl_receive(nl, note_event, &count), 0);
}
END_TEST

/* The protocol for users among themselves lets anybody send to anybody. */
START_TEST(only_the_kernel_is_believed)
{
	struct sockaddr_nl to = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof(to);
	struct nl *victim;
	size_t count = 0;
	int fd;

	ck_assert_int_eq(nl_open(NETLINK_USERSOCK, &victim), 0);
	ck_assert_int_eq(getsockname(nl_fd(victim), (struct sockaddr *)&to, &len), 0);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_USERSOCK);
	ck_assert_int_ge(fd, 0);
	nl_batch_end(&batch, nl_batch_begin(&batch, 100, 0));
	ck_assert_int_eq(sendto(fd, batch.data, batch.size, 0, (struct sockaddr *)&to, len),
	                 (ssize_t)batch.size);
	ck_assert_int_eq(nl_receive(victim, note_event, &count), 0);
	ck_assert_uint_eq(count, 0);
	close(fd);
	nl_close(victim);
}
END_TEST

START_TEST(an_unknown_protocol_is_refused)
{
	struct nl *other = nl;

	ck_assert_int_lt(nl_open(31, &other), 0);
	ck_assert_ptr_eq(other, nl);
	nl_close(NULL);
}
END_TEST

START_TEST(generic_families_have_numbers)
{
	struct nl *generic;
	uint16_t family = 0;

	ck_assert_int_eq(nl_open(NETLINK_GENERIC, &generic), 0);
	ck_assert_int_eq(genl_family(generic, "nlctrl", &family), 0);
	ck_assert_uint_eq(family, GENL_ID_CTRL);
	ck_assert_int_eq(genl_family(generic, "no-such-family", &family), -ENOENT);
	ck_assert_uint_eq(family, GENL_ID_CTRL);
	nl_close(generic);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lib/nl");
	TCase *channel = tcase_create("channel");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(channel, open_channel, close_channel);
	tcase_add_test(channel, a_dump_gives_every_link);
	tcase_add_test(channel, a_dump_can_be_ended_and_the_channel_goes_on);
	tcase_add_test(channel, a_request_gives_its_answer);
	tcase_add_test(channel, a_refusal_is_given_as_errno);
	tcase_add_test(channel, what_the_replier_returns_is_the_result);
	tcase_add_test(channel, every_refusal_of_a_long_batch_is_reported_by_index);
	tcase_add_test(channel, a_batch_can_be_run_again_and_nobody_need_listen);
	tcase_add_test(channel, an_empty_batch_is_done_without_a_word);
	tcase_add_test(channel, an_atomic_batch_is_one_system_call_and_all_its_refusals);
	tcase_add_test(channel, an_atomic_batch_that_asks_for_no_verdict_gets_none);
	tcase_add_test(channel, nothing_to_hear_is_no_error);
	tcase_add_test(channel, only_the_kernel_is_believed);
	tcase_add_test(channel, an_unknown_protocol_is_refused);
	tcase_add_test(channel, generic_families_have_numbers);
	suite_add_tcase(suite, channel);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
