/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/nl_ask.c - questions to the kernel and their verdicts: batches, requests, dumps. */

#include "lib/nl_channel.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define DUMP_TRIES 10

static void note_refusal(struct nl *nl, const struct nl_answer *answer)
{
	size_t len = strlen(answer->text);

	if (len >= sizeof(nl->refusal))
		len = sizeof(nl->refusal) - 1;
	memcpy(nl->refusal, answer->text, len);
	nl->refusal[len] = '\0';
}

/* --- batches --- */

struct verdicts {
	struct nl *nl;
	uint32_t sequence; /* of the first message of this system call */
	size_t first;      /* its index in the batch */
	size_t count;
	size_t heard; /* verdicts */
	bool ended;   /* the one of the last message is among them */
	bool atomic;
	void (*failed)(void *ctx, size_t index, int error);
	void *ctx;
};

static int read_verdict(void *ctx, const struct nlmsghdr *message)
{
	struct verdicts *v = ctx;
	struct nl_answer answer;

	switch (nl_answer_classify(message, v->nl->port, v->sequence, v->count, &answer)) {
	case NL_ANSWER_VERDICT:
		break;
	case NL_ANSWER_MALFORMED:
		return -EBADMSG;
	case NL_ANSWER_FOREIGN:
	case NL_ANSWER_END:
	case NL_ANSWER_DATA:
		return 0;
	}
	v->heard++;
	if (answer.error != 0) {
		note_refusal(v->nl, &answer);
		if (v->failed)
			v->failed(v->ctx, v->first + answer.index, answer.error);
	}
	if (answer.index == v->count - 1)
		v->ended = true;
	/* A transaction's verdicts come in no promised order: there the queue is read empty. */
	return v->ended && !v->atomic ? 1 : 0;
}

/* How many messages from 'first' on go into one system call. */
static size_t chunk_size(const struct nl *nl, const struct nl_batch *batch, size_t first)
{
	size_t count = 1, most = batch->count - first;

	if (most > NL_BATCH_CHUNK)
		most = NL_BATCH_CHUNK;
	if (most > nl->refusals_limit)
		most = nl->refusals_limit;
	while (count < most) {
		size_t next = first + count + 1;
		size_t end = next < batch->count ? batch->starts[next] : batch->size;

		if (end - batch->starts[first] > nl->send_limit)
			break;
		count++;
	}
	return count;
}

static int run_pipelined(struct nl *nl, struct nl_batch *batch, struct verdicts *v)
{
	const struct nl_reader reader = {read_verdict, v};
	int err = 0;

	for (size_t first = 0; err == 0 && first < batch->count; first += v->count) {
		struct nlmsghdr *last;

		v->first = first;
		v->count = chunk_size(nl, batch, first);
		v->ended = false;
		last = (struct nlmsghdr *)(batch->data + batch->starts[first + v->count - 1]);
		last->nlmsg_flags |= NLM_F_ACK;
		err = nl_channel_send(nl, batch, first, v->count, &v->sequence);
		if (err == 0)
			err = nl_channel_read(nl, 0, &reader);
	}
	return err;
}

static int run_atomic(struct nl *nl, struct nl_batch *batch, struct verdicts *v)
{
	const struct nl_reader reader = {read_verdict, v};
	bool asked = false;
	int err;

	for (size_t i = 0; i < batch->count; i++) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(batch->data + batch->starts[i]);

		asked |= (message->nlmsg_flags & NLM_F_ACK) != 0;
	}
	if (batch->size > nl->send_limit || batch->count > nl->refusals_limit) {
		if (batch->size > INT32_MAX / 4 || batch->count > INT32_MAX / 4 / NL_REFUSAL_COST)
			return -EMSGSIZE;
		nl_channel_set_buffers(nl, (int)batch->size + NL_SOCKET_BUFFER,
		                       (int)batch->count * NL_REFUSAL_COST + NL_SOCKET_BUFFER);
	}
	v->count = batch->count;
	err = nl_channel_send(nl, batch, 0, batch->count, &v->sequence);
	if (err < 0)
		return err;
	err = nl_channel_read(nl, MSG_DONTWAIT, &reader);
	if (err != -EAGAIN)
		return err;
	return asked && v->heard == 0 ? -EPROTO : 0;
}

int nl_batch_run(struct nl *nl, struct nl_batch *batch, enum nl_batch_mode mode,
                 void (*failed)(void *ctx, size_t index, int error), void *ctx)
{
	struct verdicts v = {
		.nl = nl,
		.atomic = mode == NL_BATCH_ATOMIC,
		.failed = failed,
		.ctx = ctx,
	};
	int err;

	if (batch->count == 0)
		return 0;
	err = v.atomic ? run_atomic(nl, batch, &v) : run_pipelined(nl, batch, &v);
	if (err == -ENOBUFS)
		nl->counters.overruns++;
	return err;
}

/* --- single requests and dumps --- */

struct question {
	struct nl *nl;
	uint32_t sequence;
	int (*reply)(void *ctx, const struct nlmsghdr *message);
	void *ctx;
	int result;       /* the kernel's refusal or what 'reply' returned, as -errno */
	bool interrupted; /* the dump is not of one moment */
};

static int read_reply(void *ctx, const struct nlmsghdr *message)
{
	struct question *q = ctx;
	struct nl_answer answer;

	switch (nl_answer_classify(message, q->nl->port, q->sequence, 1, &answer)) {
	case NL_ANSWER_FOREIGN:
		return 0;
	case NL_ANSWER_MALFORMED:
		return -EBADMSG;
	case NL_ANSWER_VERDICT:
	case NL_ANSWER_END:
		if (message->nlmsg_flags & NLM_F_DUMP_INTR)
			q->interrupted = true;
		note_refusal(q->nl, &answer);
		if (q->result == 0)
			q->result = -answer.error;
		return 1;
	case NL_ANSWER_DATA:
		break;
	}
	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		q->interrupted = true;
	/* Even when nothing more is wanted the answer is read to its end: a socket has one dump at
	 * a time. */
	if (q->reply && q->result == 0 && !q->interrupted) {
		int ret = q->reply(q->ctx, message);

		if (ret < 0)
			q->result = ret;
	}
	return 0;
}

int nl_request(struct nl *nl, struct nl_batch *one,
               int (*reply)(void *ctx, const struct nlmsghdr *message), void *ctx)
{
	struct question q = {.nl = nl, .reply = reply, .ctx = ctx};
	const struct nl_reader reader = {read_reply, &q};
	int err;

	assert(one->count == 1);
	((struct nlmsghdr *)one->data)->nlmsg_flags |= NLM_F_ACK;
	err = nl_channel_send(nl, one, 0, 1, &q.sequence);
	if (err == 0)
		err = nl_channel_read(nl, 0, &reader);
	if (err == -ENOBUFS)
		nl->counters.overruns++;
	return err < 0 ? err : q.result;
}

/* One try. '*ret_again': what was given is not whole. */
static int dump_once(struct nl *nl, struct nl_batch *one, const struct nl_dump *dump,
                     bool *ret_again)
{
	struct question q = {.nl = nl, .reply = dump->entry, .ctx = dump->ctx};
	const struct nl_reader reader = {read_reply, &q};
	int err;

	*ret_again = false;
	dump->restart(dump->ctx);
	err = nl_channel_send(nl, one, 0, 1, &q.sequence);
	if (err < 0)
		return err;
	/* After an overrun the dump itself goes on where the reader makes room. */
	for (int overruns = 0; (err = nl_channel_read(nl, 0, &reader)) == -ENOBUFS; overruns++) {
		nl->counters.overruns++;
		q.interrupted = true;
		if (overruns == DUMP_TRIES)
			return -ENOBUFS;
	}
	if (err < 0)
		return err;
	*ret_again = q.interrupted;
	return q.result;
}

int nl_dump(struct nl *nl, struct nl_batch *one, const struct nl_dump *dump)
{
	bool again;
	int err;

	assert(one->count == 1);
	((struct nlmsghdr *)one->data)->nlmsg_flags |= NLM_F_DUMP;
	for (int tries = 0; tries < DUMP_TRIES; tries++) {
		if (tries > 0)
			nl->counters.dump_restarts++;
		err = dump_once(nl, one, dump, &again);
		if (err < 0 || !again)
			return err;
	}
	return -EINTR;
}

/* --- both at once --- */

struct questions {
	struct question first; /* its sequence number is that of both */
	struct question second;
};

static int read_replies(void *ctx, const struct nlmsghdr *message)
{
	struct questions *q = ctx;

	if (message->nlmsg_seq == q->first.sequence + 1) {
		q->second.sequence = q->first.sequence + 1;
		return read_reply(&q->second, message);
	}
	/* It asks for no ACK, and its answer comes before the dump's. */
	return read_reply(&q->first, message) < 0 ? -EBADMSG : 0;
}

int nl_request_dump(struct nl *nl, struct nl_batch *two,
                    int (*reply)(void *ctx, const struct nlmsghdr *message), void *ctx,
                    const struct nl_dump *dump)
{
	struct questions q = {
		.first = {.nl = nl, .reply = reply, .ctx = ctx},
		.second = {.nl = nl, .reply = dump->entry, .ctx = dump->ctx},
	};
	const struct nl_reader reader = {read_replies, &q};
	int err;

	assert(two->count == 2);
	((struct nlmsghdr *)(two->data + two->starts[1]))->nlmsg_flags |= NLM_F_DUMP;
	dump->restart(dump->ctx);
	err = nl_channel_send(nl, two, 0, 2, &q.first.sequence);
	if (err == 0)
		err = nl_channel_read(nl, 0, &reader);
	if (err == -ENOBUFS)
		nl->counters.overruns++;
	if (err == -ENOBUFS || (err == 0 && (q.second.interrupted || q.second.result < 0)))
		return -EINTR;
	return err < 0 ? err : q.first.result;
}
