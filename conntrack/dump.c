/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/dump.c - the dumps of conntrack/kernel.h. The kernel makes each datagram of a dump
 * while the one before is read, so reading a few at a time paces it. Each dump has a channel of its
 * own: giving one up is closing it. */

#include "conntrack/kernel_private.h"
#include "lib/mem.h"

#include <errno.h>
#include <linux/netlink.h>
#include <stdlib.h>

int conntrack_kernel_dump_fd(const struct conntrack_kernel *kernel)
{
	return kernel->dump ? nl_fd(kernel->dump) : -1;
}

void conntrack_kernel_dump_end(struct conntrack_kernel *kernel)
{
	nl_close(kernel->dump);
	kernel->dump = NULL;
	free(kernel->dumping.buffer);
	kernel->dumping.buffer = NULL;
}

static int ask_for_next(struct conntrack_kernel *kernel)
{
	const struct conntrack_pass *pass = &kernel->dumping.passes[kernel->dumping.next++];
	struct nlmsghdr *message;
	ssize_t sent;

	conntrack_entry_put_dump(&kernel->batch, pass->family, &pass->destination);
	message = (struct nlmsghdr *)kernel->batch.data;
	message->nlmsg_seq = ++kernel->dumping.sequence;
	do {
		sent = send(nl_fd(kernel->dump), message, kernel->batch.size, 0);
	} while (sent < 0 && errno == EINTR);
	nl_batch_clear(&kernel->batch);
	return sent < 0 ? -errno : 0;
}

/* One of each IPv4 address and one of IPv6, or if they are too many one of everything. */
static void plan_passes(struct conntrack_kernel *kernel, const struct addr *virtuals, size_t count)
{
	bool ipv6 = false;
	size_t passes = 0;

	kernel->dumping.next = 0;
	for (size_t i = 0; i < count && passes < CONNTRACK_DUMP_PASSES_MAX; i++) {
		if (virtuals[i].family == ADDR_IPV4 || !ipv6)
			kernel->dumping.passes[passes++] = (struct conntrack_pass){
				.family = (enum addr_family)virtuals[i].family,
				.destination = virtuals[i],
			};
		ipv6 |= virtuals[i].family == ADDR_IPV6;
	}
	kernel->dumping.count = passes;
	if (passes == 0 || passes == CONNTRACK_DUMP_PASSES_MAX) {
		kernel->dumping.count = 1;
		kernel->dumping.passes[0] = (struct conntrack_pass){.family = ADDR_NONE};
	}
}

int conntrack_kernel_dump_begin(struct conntrack_kernel *kernel, const struct addr *virtuals,
                                size_t count)
{
	int err;

	conntrack_kernel_dump_end(kernel);
	err = nl_open(NETLINK_NETFILTER, &kernel->dump);
	if (err < 0)
		return err;
	kernel->dumping.buffer = xmalloc(CONNTRACK_DUMP_BUFFER);
	plan_passes(kernel, virtuals, count);
	err = conntrack_kernel_port(kernel->dump, &kernel->dumping.port);
	if (err == 0)
		err = ask_for_next(kernel);
	if (err < 0)
		conntrack_kernel_dump_end(kernel);
	return err;
}

/* Above 0: the pass is over; below 0: refused. */
static int take_datagram(struct conntrack_kernel *kernel, int size, conntrack_receiver *give,
                         void *ctx)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)kernel->dumping.buffer;

	for (; nl_message_ok(message, size); message = mnl_nlmsg_next(message, &size)) {
		struct conntrack_entry entry;
		enum conntrack_event event;
		struct nl_answer answer;

		switch (nl_answer_classify(message, kernel->dumping.port, kernel->dumping.sequence,
		                           1, &answer)) {
		case NL_ANSWER_FOREIGN:
			break;
		case NL_ANSWER_MALFORMED:
			return -EBADMSG;
		case NL_ANSWER_VERDICT:
		case NL_ANSWER_END:
			return answer.error != 0 ? -answer.error : 1;
		case NL_ANSWER_DATA:
			if (conntrack_entry_decode(message, &entry, &event) < 0) {
				kernel->counters.malformed++;
				break;
			}
			kernel->counters.dumped++;
			give(ctx, CONNTRACK_DUMPED, &entry);
			break;
		}
	}
	return 0;
}

/* Bytes of the next datagram of the kernel's, 0: none is there, or -errno. */
static int read_datagram(struct conntrack_kernel *kernel)
{
	struct sockaddr_nl sender = {0};
	struct iovec vector = {kernel->dumping.buffer, CONNTRACK_DUMP_BUFFER};
	struct msghdr header = {.msg_name = &sender, .msg_iov = &vector, .msg_iovlen = 1};
	ssize_t size;

	do {
		header.msg_namelen = sizeof(sender);
		size = recvmsg(nl_fd(kernel->dump), &header, MSG_DONTWAIT);
	} while ((size < 0 && errno == EINTR) || (size >= 0 && sender.nl_pid != 0));
	if (size < 0)
		return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
	return header.msg_flags & MSG_TRUNC ? -EMSGSIZE : (int)size;
}

int conntrack_kernel_dump_step(struct conntrack_kernel *kernel, unsigned datagrams,
                               conntrack_receiver *entry, void *ctx, enum conntrack_dump *ret_dump)
{
	int got = 1;

	if (!kernel->dump)
		return -ENOENT;
	while (got > 0 && datagrams-- > 0) {
		got = read_datagram(kernel);
		if (got <= 0)
			break;
		got = take_datagram(kernel, got, entry, ctx);
		if (got == 0) {
			got = 1;
		} else if (got > 0 && kernel->dumping.next == kernel->dumping.count) {
			conntrack_kernel_dump_end(kernel);
			*ret_dump = CONNTRACK_DUMP_DONE;
			return 0;
		} else if (got > 0) {
			got = ask_for_next(kernel);
			got = got == 0 ? 1 : got;
		}
	}
	if (got < 0) {
		conntrack_kernel_dump_end(kernel);
		return got;
	}
	*ret_dump = CONNTRACK_DUMP_GOES_ON;
	return 0;
}
