/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/nl.c - the half of lib/nl.h that speaks with the kernel.
 *
 * The kernel carries out requests inside sendmsg(2) and queues every verdict before it returns, so
 * reading waits only when something is wrong; the receive time-out is for that. Whatever is asked
 * for gets sequence numbers never used before on the channel: answers left over from an abandoned
 * question are told apart and skipped.
 *
 * A receive buffer that overruns drops verdicts without saying which. So system calls are kept
 * small enough that even a refusal of every message fits into it. */

#include "lib/nl.h"

#include "lib/mem.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

/* The kernel never makes dump messages of more than 32 kB unless one entry is larger. */
#define BUFFER_SIZE   65536
#define BUFFER_COUNT  2 /* a short dump is data and its end: both with one recvmmsg(2) */
#define SOCKET_BUFFER (2 << 20)
#define REFUSAL_COST \
	1536 /* of one refusal in the receive buffer: sk_buff and its data, twice over */
#define DUMP_TRIES      10
#define RECEIVE_SECONDS 5
#define EVENTS_PER_CALL 1000 /* datagrams; more wait for the next turn of the loop */

struct nl {
	struct mnl_socket *socket;
	int fd;
	uint32_t port;
	uint32_t next_sequence;
	size_t send_limit;     /* bytes one sendmsg may carry */
	size_t refusals_limit; /* refusals that fit into the receive buffer */
	struct nl_counters counters;
	char refusal[256];
	char buffers[BUFFER_COUNT][BUFFER_SIZE] __attribute__((aligned(8)));
};

/* Gives a buffer of 'size' bytes if we may, else as much as everybody gets. Returns what it is. */
static size_t set_buffer(int fd, int force, int plain, int size)
{
	int now = 0;
	socklen_t len = sizeof(now);

	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
	if (getsockopt(fd, SOL_SOCKET, plain, &now, &len) < 0 || now < 4096)
		now = 4096;
	return (size_t)now;
}

static void set_buffers(struct nl *nl, int send_size, int receive_size)
{
	size_t size;

	size = set_buffer(nl->fd, SO_SNDBUFFORCE, SO_SNDBUF, send_size);
	nl->send_limit = size - 64; /* af_netlink.c: netlink_sendmsg keeps 32 bytes */
	size = set_buffer(nl->fd, SO_RCVBUFFORCE, SO_RCVBUF, receive_size);
	nl->refusals_limit = size / REFUSAL_COST;
}

static int set_up(struct nl *nl)
{
	struct timeval patience = {.tv_sec = RECEIVE_SECONDS};
	int on = 1;

	if (mnl_socket_bind(nl->socket, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	nl->fd = mnl_socket_get_fd(nl->socket);
	nl->port = mnl_socket_get_portid(nl->socket);
	if (setsockopt(nl->fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience)) < 0)
		return -errno;
	/* Both are comforts of newer kernels; without them answers are longer or say less. */
	(void)mnl_socket_setsockopt(nl->socket, NETLINK_CAP_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(nl->socket, NETLINK_EXT_ACK, &on, sizeof(on));
	set_buffers(nl, SOCKET_BUFFER, SOCKET_BUFFER);
	return 0;
}

int nl_open(int protocol, struct nl **ret_nl)
{
	struct nl *nl = xcalloc(1, sizeof(*nl));
	int err;

	nl->next_sequence = 1;
	nl->socket = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!nl->socket) {
		err = -errno;
		free(nl);
		return err;
	}
	err = set_up(nl);
	if (err < 0) {
		nl_close(nl);
		return err;
	}
	*ret_nl = nl;
	return 0;
}

void nl_close(struct nl *nl)
{
	if (!nl)
		return;
	mnl_socket_close(nl->socket);
	free(nl);
}

int nl_fd(const struct nl *nl)
{
	return nl->fd;
}

const struct nl_counters *nl_counters(const struct nl *nl)
{
	return &nl->counters;
}

const char *nl_refusal_text(const struct nl *nl)
{
	return nl->refusal;
}

/* --- sending and receiving --- */

/* Numbers messages first .. first + count - 1 of the batch and sends them in one system call.
 * Returns 0 and the number of the first, or -errno. */
static int send_messages(struct nl *nl, struct nl_batch *batch, size_t first, size_t count,
                         uint32_t *ret_sequence)
{
	size_t end = first + count < batch->count ? batch->starts[first + count] : batch->size;
	const char *data = batch->data + batch->starts[first];
	size_t size = end - batch->starts[first];
	ssize_t sent;

	*ret_sequence = nl->next_sequence;
	for (size_t i = first; i < first + count; i++) {
		struct nlmsghdr *message = (struct nlmsghdr *)(batch->data + batch->starts[i]);

		message->nlmsg_seq = nl->next_sequence++;
	}
	nl->refusal[0] = '\0';
	nl->counters.sends++;
	nl->counters.messages += count;
	do {
		sent = mnl_socket_sendto(nl->socket, data, size);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	return (size_t)sent == size ? 0 : -EMSGSIZE;
}

/* Datagrams received together. */
struct received {
	struct mmsghdr messages[BUFFER_COUNT];
	struct iovec vectors[BUFFER_COUNT];
	struct sockaddr_nl senders[BUFFER_COUNT];
};

/* Receives up to 'wanted' datagrams, waiting for the first unless MSG_DONTWAIT. Returns their
 * number, or -errno; -EAGAIN: none. */
static int receive(struct nl *nl, struct received *r, unsigned wanted, int flags)
{
	int count;

	memset(r->messages, 0, sizeof(r->messages));
	for (unsigned i = 0; i < wanted; i++) {
		r->vectors[i] = (struct iovec){nl->buffers[i], BUFFER_SIZE};
		r->messages[i].msg_hdr.msg_name = &r->senders[i];
		r->messages[i].msg_hdr.msg_namelen = sizeof(r->senders[i]);
		r->messages[i].msg_hdr.msg_iov = &r->vectors[i];
		r->messages[i].msg_hdr.msg_iovlen = 1;
	}
	do {
		count = recvmmsg(nl->fd, r->messages, wanted, flags, NULL);
	} while (count < 0 && errno == EINTR);
	if (count >= 0)
		return count;
	return errno == EWOULDBLOCK ? -EAGAIN : -errno;
}

/* What to do with each message of a datagram: below 0 gives up, above 0 has heard enough. */
struct reader {
	int (*message)(void *ctx, const struct nlmsghdr *message);
	void *ctx;
};

static int read_datagram(const struct received *r, unsigned i, const struct reader *reader)
{
	const struct nlmsghdr *message = r->vectors[i].iov_base;
	int left = (int)r->messages[i].msg_len, ret = 0;

	/* Only the kernel (port 0) is believed: any process may send to our port. */
	if (r->messages[i].msg_hdr.msg_namelen != sizeof(struct sockaddr_nl) ||
	    r->senders[i].nl_pid != 0)
		return 0;
	if (r->messages[i].msg_hdr.msg_flags & MSG_TRUNC)
		return -EMSGSIZE;
	while (ret == 0 && nl_message_ok(message, left)) {
		ret = reader->message(reader->ctx, message);
		message = mnl_nlmsg_next(message, &left);
	}
	return ret;
}

/* Reads until the reader has heard enough (0), gives up, or nothing comes (-ETIMEDOUT, or -EAGAIN
 * with MSG_DONTWAIT). */
static int read_answers(struct nl *nl, int flags, const struct reader *reader)
{
	struct received r;
	int count, ret;

	for (;;) {
		count = receive(nl, &r, BUFFER_COUNT, flags | MSG_WAITFORONE);
		if (count == -EAGAIN)
			return flags & MSG_DONTWAIT ? -EAGAIN : -ETIMEDOUT;
		if (count < 0)
			return count;
		for (int i = 0; i < count; i++) {
			ret = read_datagram(&r, (unsigned)i, reader);
			if (ret != 0)
				return ret < 0 ? ret : 0;
		}
	}
}

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
	const struct reader reader = {read_verdict, v};
	int err = 0;

	for (size_t first = 0; err == 0 && first < batch->count; first += v->count) {
		struct nlmsghdr *last;

		v->first = first;
		v->count = chunk_size(nl, batch, first);
		v->ended = false;
		last = (struct nlmsghdr *)(batch->data + batch->starts[first + v->count - 1]);
		last->nlmsg_flags |= NLM_F_ACK;
		err = send_messages(nl, batch, first, v->count, &v->sequence);
		if (err == 0)
			err = read_answers(nl, 0, &reader);
	}
	return err;
}

static int run_atomic(struct nl *nl, struct nl_batch *batch, struct verdicts *v)
{
	const struct reader reader = {read_verdict, v};
	bool asked = false;
	int err;

	for (size_t i = 0; i < batch->count; i++) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(batch->data + batch->starts[i]);

		asked |= (message->nlmsg_flags & NLM_F_ACK) != 0;
	}
	if (batch->size > nl->send_limit || batch->count > nl->refusals_limit) {
		if (batch->size > INT32_MAX / 4 || batch->count > INT32_MAX / 4 / REFUSAL_COST)
			return -EMSGSIZE;
		set_buffers(nl, (int)batch->size + SOCKET_BUFFER,
		            (int)batch->count * REFUSAL_COST + SOCKET_BUFFER);
	}
	v->count = batch->count;
	err = send_messages(nl, batch, 0, batch->count, &v->sequence);
	if (err < 0)
		return err;
	err = read_answers(nl, MSG_DONTWAIT, &reader);
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
	const struct reader reader = {read_reply, &q};
	int err;

	assert(one->count == 1);
	((struct nlmsghdr *)one->data)->nlmsg_flags |= NLM_F_ACK;
	err = send_messages(nl, one, 0, 1, &q.sequence);
	if (err == 0)
		err = read_answers(nl, 0, &reader);
	if (err == -ENOBUFS)
		nl->counters.overruns++;
	return err < 0 ? err : q.result;
}

/* One try. '*ret_again': what was given is not whole. */
static int dump_once(struct nl *nl, struct nl_batch *one, const struct nl_dump *dump,
                     bool *ret_again)
{
	struct question q = {.nl = nl, .reply = dump->entry, .ctx = dump->ctx};
	const struct reader reader = {read_reply, &q};
	int err;

	*ret_again = false;
	dump->restart(dump->ctx);
	err = send_messages(nl, one, 0, 1, &q.sequence);
	if (err < 0)
		return err;
	/* After an overrun the dump itself goes on where the reader makes room. */
	for (int overruns = 0; (err = read_answers(nl, 0, &reader)) == -ENOBUFS; overruns++) {
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

/* --- events --- */

int nl_subscribe(struct nl *nl, unsigned group)
{
	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

struct events {
	void (*event)(void *ctx, const struct nlmsghdr *message);
	void *ctx;
};

static int read_event(void *ctx, const struct nlmsghdr *message)
{
	struct events *events = ctx;

	if (message->nlmsg_type >= NLMSG_MIN_TYPE)
		events->event(events->ctx, message);
	return 0;
}

int nl_receive(struct nl *nl, void (*event)(void *ctx, const struct nlmsghdr *message), void *ctx)
{
	struct events events = {event, ctx};
	const struct reader reader = {read_event, &events};
	struct received r;
	bool lost = false;
	int count, err;

	for (int calls = 0; calls < EVENTS_PER_CALL; calls++) {
		count = receive(nl, &r, BUFFER_COUNT, MSG_DONTWAIT);
		if (count == -EAGAIN)
			break;
		if (count == -ENOBUFS) {
			nl->counters.overruns++;
			lost = true;
			continue;
		}
		if (count < 0)
			return count;
		for (int i = 0; i < count; i++) {
			err = read_datagram(&r, (unsigned)i, &reader);
			if (err == -EMSGSIZE)
				lost = true;
			else if (err < 0)
				return err;
		}
	}
	return lost ? -ENOBUFS : 0;
}
