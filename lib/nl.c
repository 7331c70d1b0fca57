/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/nl.c - a channel to the kernel: open, send, receive, events. What is asked over it and what
 * the answers mean: lib/nl_ask.c.
 *
 * The kernel carries out requests inside sendmsg(2) and queues every verdict before it returns, so
 * reading waits only when something is wrong; the receive time-out is for that. Whatever is asked
 * for gets sequence numbers never used before on the channel: answers left over from an abandoned
 * question are told apart and skipped.
 *
 * A receive buffer that overruns drops verdicts without saying which. So system calls are kept
 * small enough that even a refusal of every message fits into it. */

#include "lib/nl_channel.h"

#include "lib/mem.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/filter.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#define RECEIVE_SECONDS 5
#define EVENTS_PER_CALL 1000 /* datagrams; more wait for the next turn of the loop */

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

void nl_channel_set_buffers(struct nl *nl, int send_size, int receive_size)
{
	size_t size;

	size = set_buffer(nl->fd, SO_SNDBUFFORCE, SO_SNDBUF, send_size);
	nl->send_limit = size - 64; /* af_netlink.c: netlink_sendmsg keeps 32 bytes */
	size = set_buffer(nl->fd, SO_RCVBUFFORCE, SO_RCVBUF, receive_size);
	nl->refusals_limit = size / NL_REFUSAL_COST;
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
	nl_channel_set_buffers(nl, NL_SOCKET_BUFFER, NL_SOCKET_BUFFER);
	return 0;
}

int nl_open(int protocol, struct nl **ret_nl)
{
	struct nl *nl = xmalloc(sizeof(*nl));
	int err;

	/* Most never receive much: memory for that is touched when it comes. */
	memset(nl, 0, offsetof(struct nl, buffers));
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

int nl_channel_send(struct nl *nl, struct nl_batch *batch, size_t first, size_t count,
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
	struct mmsghdr messages[NL_BUFFER_COUNT];
	struct iovec vectors[NL_BUFFER_COUNT];
	struct sockaddr_nl senders[NL_BUFFER_COUNT];
};

/* Receives up to 'wanted' datagrams, waiting for the first unless MSG_DONTWAIT. Returns their
 * number, or -errno; -EAGAIN: none. */
static int receive(struct nl *nl, struct received *r, unsigned wanted, int flags)
{
	int count;

	memset(r->messages, 0, sizeof(r->messages));
	for (unsigned i = 0; i < wanted; i++) {
		r->vectors[i] = (struct iovec){nl->buffers[i], NL_BUFFER_SIZE};
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

static int read_datagram(const struct received *r, unsigned i, const struct nl_reader *reader)
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

int nl_channel_read(struct nl *nl, int flags, const struct nl_reader *reader)
{
	struct received r;
	int count, ret;

	for (;;) {
		count = receive(nl, &r, NL_BUFFER_COUNT, flags | MSG_WAITFORONE);
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

/* --- events --- */

int nl_subscribe(struct nl *nl, unsigned group)
{
	if (mnl_socket_setsockopt(nl->socket, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) < 0)
		return -errno;
	return 0;
}

void nl_unsubscribe(struct nl *nl, unsigned group)
{
	(void)mnl_socket_setsockopt(nl->socket, NETLINK_DROP_MEMBERSHIP, &group, sizeof(group));
}

int nl_ignore(struct nl *nl, const struct nl *requests)
{
	/* A filter reads words in network order. */
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct nlmsghdr, nlmsg_pid)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, htonl(requests->port), 0, 1),
		BPF_STMT(BPF_RET | BPF_K, 0),
		BPF_STMT(BPF_RET | BPF_K, UINT32_MAX),
	};
	const struct sock_fprog program = {.len = LT_ARRAY_SIZE(code), .filter = code};

	if (setsockopt(nl->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) < 0)
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
	const struct nl_reader reader = {read_event, &events};
	struct received r;
	bool lost = false;
	int count, err;

	for (int calls = 0; calls < EVENTS_PER_CALL; calls++) {
		count = receive(nl, &r, NL_BUFFER_COUNT, MSG_DONTWAIT);
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
		if (count < NL_BUFFER_COUNT)
			break;
	}
	return lost ? -ENOBUFS : 0;
}
