/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure half of lib/nl.h: messages under construction, and what an answer is. */

#include "lib/nl.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct nl_batch batch;

static void clear_batch(void)
{
	nl_batch_done(&batch);
}

/* --- building --- */

START_TEST(messages_lie_in_order_aligned_and_numbered)
{
	for (size_t i = 0; i < 3; i++) {
		struct nlmsghdr *message = nl_batch_begin(&batch, 100 + (uint16_t)i, NLM_F_ACK);

		mnl_attr_put(message, 1, i + 1, "abc");
		nl_batch_end(&batch, message);
	}
	ck_assert_uint_eq(batch.count, 3);
	for (size_t i = 0; i < 3; i++) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(batch.data + batch.starts[i]);

		ck_assert_uint_eq(batch.starts[i] % 4, 0);
		ck_assert_uint_eq(message->nlmsg_type, 100 + i);
		ck_assert_uint_eq(message->nlmsg_flags, NLM_F_REQUEST | NLM_F_ACK);
		ck_assert_uint_eq(message->nlmsg_seq, i);
		ck_assert_uint_eq(message->nlmsg_pid, 0);
	}
	ck_assert_uint_eq(batch.starts[2] + 24, batch.size);
}
END_TEST

START_TEST(a_message_may_be_as_large_as_promised)
{
	static char filler[60000];

	for (int i = 0; i < 5; i++) {
		struct nlmsghdr *message = nl_batch_begin(&batch, 100, 0);

		mnl_attr_put(message, 1, sizeof(filler), filler);
		mnl_attr_put(message, 2, 5000, filler);
		nl_batch_end(&batch, message);
	}
	ck_assert_uint_eq(batch.count, 5);
	ck_assert_uint_ge(batch.capacity, batch.size);
	ck_assert_uint_eq(batch.size, 5 * (16 + 4 + sizeof(filler) + 4 + 5000));
}
END_TEST

START_TEST(a_cleared_batch_starts_again_without_allocating)
{
	char *data;

	nl_batch_end(&batch, nl_batch_begin(&batch, 100, 0));
	data = batch.data;
	nl_batch_clear(&batch);
	ck_assert_uint_eq(batch.count, 0);
	nl_batch_end(&batch, nl_batch_begin(&batch, 101, 0));
	ck_assert_ptr_eq(batch.data, data);
	ck_assert_uint_eq(((struct nlmsghdr *)batch.data)->nlmsg_seq, 0);
}
END_TEST

/* --- answers --- */

#define PORT 4711

struct answer_row {
	const char *name;
	uint16_t type;
	uint32_t port, sequence, first;
	size_t count, payload; /* bytes, the first four hold 'error' */
	int error;
	enum nl_answer_kind kind;
	size_t index;
	int result;
};

static const struct answer_row answers[] = {
	{"data", 30, PORT, 100, 100, 1, 8, 0, NL_ANSWER_DATA, 0, 0},
	{"for another port", 30, 1, 100, 100, 1, 8, 0, NL_ANSWER_FOREIGN, 0, 0},
	{"an event has no port", 30, 0, 0, 100, 1, 8, 0, NL_ANSWER_FOREIGN, 0, 0},
	{"before ours", 30, PORT, 99, 100, 5, 8, 0, NL_ANSWER_FOREIGN, 0, 0},
	{"after ours", 30, PORT, 105, 100, 5, 8, 0, NL_ANSWER_FOREIGN, 0, 0},
	{"the last of ours", 30, PORT, 104, 100, 5, 8, 0, NL_ANSWER_DATA, 4, 0},
	{"across the wrap", 30, PORT, 1, UINT32_MAX, 5, 8, 0, NL_ANSWER_DATA, 2, 0},
	{"no operation", NLMSG_NOOP, PORT, 100, 100, 1, 8, 0, NL_ANSWER_FOREIGN, 0, 0},
	{"done", NLMSG_ERROR, PORT, 103, 100, 5, 20, 0, NL_ANSWER_VERDICT, 3, 0},
	{"refused", NLMSG_ERROR, PORT, 103, 100, 5, 20, -EPERM, NL_ANSWER_VERDICT, 3, EPERM},
	{"refused, odd sign", NLMSG_ERROR, PORT, 103, 100, 5, 20, EPERM, NL_ANSWER_VERDICT, 3,
         EPERM},
	{"verdict cut short", NLMSG_ERROR, PORT, 100, 100, 1, 19, 0, NL_ANSWER_MALFORMED, 0, 0},
	{"refused another", NLMSG_ERROR, 1, 103, 100, 5, 20, -EPERM, NL_ANSWER_FOREIGN, 0, 0},
	{"end of dump", NLMSG_DONE, PORT, 100, 100, 1, 4, 0, NL_ANSWER_END, 0, 0},
	{"end of dump, bare", NLMSG_DONE, PORT, 100, 100, 1, 0, 0, NL_ANSWER_END, 0, 0},
	{"dump failed", NLMSG_DONE, PORT, 100, 100, 1, 4, -ENOMEM, NL_ANSWER_END, 0, ENOMEM},
};

START_TEST(answers_are_told_apart)
{
	const struct answer_row *row = &answers[_i];
	struct nl_answer answer = {.index = 77};
	struct nlmsghdr *message = nl_batch_begin(&batch, row->type, 0);

	memcpy(mnl_nlmsg_get_payload(message), &row->error, sizeof(row->error));
	message->nlmsg_len = (uint32_t)(NLMSG_HDRLEN + row->payload);
	message->nlmsg_pid = row->port;
	message->nlmsg_seq = row->sequence;
	ck_assert_msg(nl_answer_classify(message, PORT, row->first, row->count, &answer) ==
	                      row->kind,
	              "%s", row->name);
	if (row->kind == NL_ANSWER_FOREIGN) {
		ck_assert_uint_eq(answer.index, 77);
		return;
	}
	ck_assert_uint_eq(answer.index, row->index);
	ck_assert_int_eq(answer.error, row->result);
}
END_TEST

/* A refusal with an extended acknowledgement, the request echoed whole or shortened. */
static struct nlmsghdr *refusal(uint16_t flags, uint32_t echoed_len, const char *text, size_t size)
{
	struct nlmsghdr *message = nl_batch_begin(&batch, NLMSG_ERROR, 0);
	struct nlmsgerr *error = mnl_nlmsg_put_extra_header(message, sizeof(*error));

	message->nlmsg_flags = NLM_F_ACK_TLVS | flags;
	message->nlmsg_pid = PORT;
	error->error = -EINVAL;
	error->msg.nlmsg_len = echoed_len;
	if (!(flags & NLM_F_CAPPED) && echoed_len > NLMSG_HDRLEN && echoed_len < 1000)
		mnl_nlmsg_put_extra_header(message, echoed_len - NLMSG_HDRLEN);
	mnl_attr_put(message, NLMSGERR_ATTR_MSG, size, text);
	return message;
}

START_TEST(the_kernels_own_words_are_found)
{
	struct nl_answer answer;

	ck_assert_int_eq(
		nl_answer_classify(refusal(NLM_F_CAPPED, 500, "no", 3), PORT, 0, 1, &answer),
		NL_ANSWER_VERDICT);
	ck_assert_str_eq(answer.text, "no");
	ck_assert_int_eq(
		nl_answer_classify(refusal(0, NLMSG_HDRLEN + 8, "no!", 4), PORT, 0, 1, &answer),
		NL_ANSWER_VERDICT);
	ck_assert_str_eq(answer.text, "no!");
}
END_TEST

START_TEST(broken_words_of_the_kernel_are_left_alone)
{
	struct nl_answer answer;

	/* no NUL */
	nl_answer_classify(refusal(NLM_F_CAPPED, 16, "no", 2), PORT, 0, 1, &answer);
	ck_assert_str_eq(answer.text, "");
	/* the echo is said to reach beyond the message */
	nl_answer_classify(refusal(0, 4000, "no", 3), PORT, 0, 1, &answer);
	ck_assert_str_eq(answer.text, "");
	/* or to be shorter than a head */
	nl_answer_classify(refusal(0, 3, "no", 3), PORT, 0, 1, &answer);
	ck_assert_str_eq(answer.text, "");
}
END_TEST

struct whole_row {
	uint32_t len;
	int left;
	bool ok;
};

static const struct whole_row wholes[] = {
	{16, 16, true},  {16, 15, false}, {17, 16, false},         {15, 100, false},
	{0, 100, false}, {16, -4, false}, {UINT32_MAX, 16, false}, {0x80000010, 100, false},
};

START_TEST(only_whole_messages_are_read)
{
	const struct nlmsghdr message = {.nlmsg_len = wholes[_i].len};

	ck_assert(nl_message_ok(&message, wholes[_i].left) == wholes[_i].ok);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("lib/nl_batch");
	TCase *building = tcase_create("building");
	TCase *answering = tcase_create("answers");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(building, NULL, clear_batch);
	tcase_add_test(building, messages_lie_in_order_aligned_and_numbered);
	tcase_add_test(building, a_message_may_be_as_large_as_promised);
	tcase_add_test(building, a_cleared_batch_starts_again_without_allocating);
	suite_add_tcase(suite, building);

	tcase_add_checked_fixture(answering, NULL, clear_batch);
	tcase_add_loop_test(answering, answers_are_told_apart, 0, LT_ARRAY_SIZE(answers));
	tcase_add_loop_test(answering, only_whole_messages_are_read, 0, LT_ARRAY_SIZE(wholes));
	tcase_add_test(answering, the_kernels_own_words_are_found);
	tcase_add_test(answering, broken_words_of_the_kernel_are_left_alone);
	suite_add_tcase(suite, answering);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
