/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/kernel.c - open, events, entries. Dumps: conntrack/dump.c. */

#include "conntrack/kernel.h"

#include "conntrack/kernel_private.h"
#include "lib/mem.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

/* Events wait here while the main loop does something else: about 10,000 a 16 MB (an event takes
 * 1-1.5 kB of kernel memory). Taken only when they come. */
#define EVENT_BUFFER   (32 << 20)
#define EVENT_ROUNDS   16
#define ENTRIES_A_SEND 500

/* --- open and close --- */

int conntrack_kernel_port(const struct nl *nl, uint32_t *ret_port)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof(address);

	if (getsockname(nl_fd(nl), (struct sockaddr *)&address, &len) < 0)
		return -errno;
	*ret_port = address.nl_pid;
	return 0;
}

/* Any request shows whether ctnetlink is there, and makes the kernel load it. */
static int probe(struct conntrack_kernel *kernel)
{
	struct nlmsghdr *message;
	struct nfgenmsg *header;
	int err;

	message = nl_batch_begin(&kernel->batch,
	                         NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET_STATS, 0);
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	*header = (struct nfgenmsg){.version = NFNETLINK_V0};
	nl_batch_end(&kernel->batch, message);
	err = nl_request(kernel->nl, &kernel->batch, NULL, NULL);
	nl_batch_clear(&kernel->batch);
	return err == -EINVAL ? -EOPNOTSUPP : err;
}

static int set_up(struct conntrack_kernel *kernel)
{
	int size = EVENT_BUFFER, err;

	err = nl_open(NETLINK_NETFILTER, &kernel->nl);
	if (err == 0)
		err = nl_open(NETLINK_NETFILTER, &kernel->events);
	if (err == 0)
		err = conntrack_kernel_port(kernel->nl, &kernel->port);
	if (err < 0)
		return err == -EPROTONOSUPPORT ? -EOPNOTSUPP : err;
	/* Without the right to more it stays at what everybody gets, and overruns come sooner. */
	(void)setsockopt(nl_fd(kernel->events), SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size));
	return probe(kernel);
}

int conntrack_kernel_open(struct conntrack_kernel **ret_kernel, struct text *why)
{
	struct conntrack_kernel *kernel = xcalloc(1, sizeof(*kernel));
	int err = set_up(kernel);

	if (err < 0) {
		text_printf(why, "cannot follow connections: %s", strerror(-err));
		if (err == -EPERM)
			text_add(why, " (CAP_NET_ADMIN is needed)");
		if (err == -EOPNOTSUPP)
			text_add(why, "; load the module nf_conntrack_netlink "
			              "(CONFIG_NF_CT_NETLINK)");
		conntrack_kernel_close(kernel);
		return err;
	}
	*ret_kernel = kernel;
	return 0;
}

void conntrack_kernel_close(struct conntrack_kernel *kernel)
{
	if (!kernel)
		return;
	conntrack_kernel_dump_end(kernel);
	nl_close(kernel->nl);
	nl_close(kernel->events);
	nl_batch_done(&kernel->batch);
	free(kernel);
}

const struct conntrack_counters *conntrack_kernel_counters(const struct conntrack_kernel *kernel)
{
	return &kernel->counters;
}

/* --- events --- */

int conntrack_kernel_hear(struct conntrack_kernel *kernel, bool beginnings, bool changes, bool ends)
{
	static const unsigned groups[CONNTRACK_GROUPS] = {
		NFNLGRP_CONNTRACK_NEW, NFNLGRP_CONNTRACK_UPDATE, NFNLGRP_CONNTRACK_DESTROY};
	const bool wanted[CONNTRACK_GROUPS] = {beginnings, changes, ends};

	for (size_t i = 0; i < CONNTRACK_GROUPS; i++) {
		int err = 0;

		if (wanted[i] && !kernel->heard[i])
			err = nl_subscribe(kernel->events, groups[i]);
		else if (!wanted[i] && kernel->heard[i])
			nl_unsubscribe(kernel->events, groups[i]);
		if (err < 0)
			return err;
		kernel->heard[i] = wanted[i];
	}
	return 0;
}

int conntrack_kernel_watch(struct conntrack_kernel *kernel, const struct addr *virtuals,
                           size_t count)
{
	struct conntrack_filter filter;
	struct sock_fprog program = {.filter = filter.code};

	conntrack_filter_make(virtuals, count, kernel->port, &filter);
	program.len = (unsigned short)filter.size;
	if (setsockopt(nl_fd(kernel->events), SOL_SOCKET, SO_ATTACH_FILTER, &program,
	               sizeof(program)) < 0)
		return -errno;
	return 0;
}

int conntrack_kernel_event_fd(const struct conntrack_kernel *kernel)
{
	return nl_fd(kernel->events);
}

/* Up to a burst of datagrams. Their number, 0 none, or -errno. */
static int receive_burst(struct conntrack_kernel *kernel)
{
	int count;

	for (unsigned i = 0; i < CONNTRACK_EVENT_BURST; i++) {
		kernel->vectors[i] = (struct iovec){kernel->data[i], CONNTRACK_EVENT_SIZE};
		kernel->headers[i].msg_hdr = (struct msghdr){
			.msg_name = &kernel->senders[i],
			.msg_namelen = sizeof(kernel->senders[i]),
			.msg_iov = &kernel->vectors[i],
			.msg_iovlen = 1,
		};
	}
	do {
		count = recvmmsg(nl_fd(kernel->events), kernel->headers, CONNTRACK_EVENT_BURST,
		                 MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count >= 0)
		return count;
	return errno == EAGAIN || errno == EWOULDBLOCK ? 0 : -errno;
}

static bool is_of_kernel(const struct msghdr *header)
{
	const struct sockaddr_nl *sender = header->msg_name;

	return header->msg_namelen == sizeof(*sender) && sender->nl_pid == 0;
}

static void give_events(struct conntrack_kernel *kernel, unsigned i, conntrack_receiver *event,
                        void *ctx)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)kernel->data[i];
	int left = (int)kernel->headers[i].msg_len;

	for (; nl_message_ok(message, left); message = mnl_nlmsg_next(message, &left)) {
		struct conntrack_entry entry;
		enum conntrack_event what;

		if (message->nlmsg_pid == kernel->port)
			continue;
		if (conntrack_entry_decode(message, &entry, &what) < 0) {
			kernel->counters.malformed++;
			continue;
		}
		kernel->counters.events++;
		event(ctx, what, &entry);
	}
}

int conntrack_kernel_receive(struct conntrack_kernel *kernel, conntrack_receiver *event, void *ctx)
{
	bool lost = false;

	for (unsigned round = 0; round < EVENT_ROUNDS; round++) {
		int count = receive_burst(kernel);

		if (count == -ENOBUFS) {
			lost = true;
			continue;
		}
		if (count < 0)
			return count;
		for (int i = 0; i < count; i++) {
			const struct msghdr *header = &kernel->headers[i].msg_hdr;

			if (!is_of_kernel(header))
				continue;
			if (header->msg_flags & MSG_TRUNC)
				lost = true;
			else
				give_events(kernel, (unsigned)i, event, ctx);
		}
		if (count < CONNTRACK_EVENT_BURST)
			break;
	}
	if (lost)
		kernel->counters.overruns++;
	return lost ? -ENOBUFS : 0;
}

/* --- entries --- */

static int answered(void *ctx, const struct nlmsghdr *message)
{
	enum conntrack_event event;

	return conntrack_entry_decode(message, ctx, &event);
}

int conntrack_kernel_ask(struct conntrack_kernel *kernel, const struct conntrack_tuple *tuple,
                         struct conntrack_entry *ret_entry)
{
	int err;

	conntrack_entry_put_get(&kernel->batch, tuple);
	err = nl_request(kernel->nl, &kernel->batch, answered, ret_entry);
	nl_batch_clear(&kernel->batch);
	return err;
}

/* Verdicts on a batch in which each thing has 'stride' messages, the last of which counts. */
struct verdicts {
	const size_t *indices; /* of the things, in 'results' */
	size_t stride;
	int *results;
};

static void refused(void *ctx, size_t index, int error)
{
	struct verdicts *v = ctx;

	if (index % v->stride == v->stride - 1)
		v->results[v->indices[index / v->stride]] = error;
}

/* Runs what is in the batch for 'count' things; they are taken for done unless they are refused. */
static int run(struct conntrack_kernel *kernel, struct verdicts *v, size_t count)
{
	int err;

	for (size_t i = 0; i < count; i++)
		v->results[v->indices[i]] = 0;
	err = nl_batch_run(kernel->nl, &kernel->batch, NL_BATCH_PIPELINED, refused, v);
	nl_batch_clear(&kernel->batch);
	return err;
}

/* The reply tuple as the kernel will have it. */
static struct conntrack_tuple reply_of(const struct conntrack_entry *entry)
{
	struct conntrack_tuple reply = entry->reply;

	if (entry->source.family != ADDR_NONE) {
		reply.destination = entry->source;
		reply.destination_port = entry->source_port;
	}
	return reply;
}

/* Removes what has the client's or the server's tuple of these entries, and makes them. */
static int make_room(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                     int *results, const size_t *indices, size_t count, bool server)
{
	struct verdicts v = {indices, 2, results};

	for (size_t i = 0; i < count; i++) {
		const struct conntrack_entry *entry = &entries[indices[i]];
		struct conntrack_tuple reply = reply_of(entry);

		conntrack_entry_put_delete(&kernel->batch, server ? &reply : &entry->original, 0);
		conntrack_entry_put_create(&kernel->batch, entry);
	}
	return run(kernel, &v, count);
}

/* Of the things in 'indices' those whose result is 'error'; their number. */
static size_t keep_results(const int *results, int error, size_t *indices, size_t count)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		if (results[indices[i]] == error)
			indices[kept++] = indices[i];
	}
	return kept;
}

/* Mostly an older replica is in the way, which has the client's tuple; then what a server's packet
 * was taken for that came before: it has the server's. */
static int replace(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                   int *results, size_t *indices, size_t count)
{
	int err = make_room(kernel, entries, results, indices, count, false);

	if (err < 0)
		return err;
	kernel->counters.replaced += count;
	count = keep_results(results, EEXIST, indices, count);
	return count > 0 ? make_room(kernel, entries, results, indices, count, true) : 0;
}

/* Makes those of the entries that 'indices' names. */
static int create(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                  int *results, size_t *indices, size_t count)
{
	struct verdicts v = {indices, 1, results};
	size_t taken;
	int err;

	for (size_t i = 0; i < count; i++)
		conntrack_entry_put_create(&kernel->batch, &entries[indices[i]]);
	err = run(kernel, &v, count);
	if (err < 0)
		return err;
	taken = keep_results(results, EEXIST, indices, count);
	return taken > 0 ? replace(kernel, entries, results, indices, taken) : 0;
}

static void count_results(struct conntrack_kernel *kernel, const int *results, size_t count,
                          uint64_t *done)
{
	for (size_t i = 0; i < count; i++) {
		if (results[i] == 0)
			(*done)++;
		else
			kernel->counters.refused++;
	}
}

static int put_some(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                    size_t count, int *results)
{
	size_t indices[ENTRIES_A_SEND];
	int err;

	for (size_t i = 0; i < count; i++)
		indices[i] = i;
	err = create(kernel, entries, results, indices, count);
	if (err == 0)
		count_results(kernel, results, count, &kernel->counters.created);
	return err;
}

static int add_some(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                    size_t count, int *results)
{
	size_t indices[ENTRIES_A_SEND];
	struct verdicts v = {indices, 1, results};
	int err;

	for (size_t i = 0; i < count; i++) {
		indices[i] = i;
		conntrack_entry_put_create(&kernel->batch, &entries[i]);
	}
	err = run(kernel, &v, count);
	if (err == 0)
		count_results(kernel, results, count, &kernel->counters.created);
	return err;
}

static int touch_some(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                      size_t count, int *results)
{
	size_t indices[ENTRIES_A_SEND], missing;
	struct verdicts v = {indices, 1, results};
	int err;

	for (size_t i = 0; i < count; i++) {
		indices[i] = i;
		conntrack_entry_put_update(&kernel->batch, &entries[i]);
	}
	err = run(kernel, &v, count);
	if (err < 0)
		return err;
	missing = keep_results(results, ENOENT, indices, count);
	if (missing > 0)
		err = create(kernel, entries, results, indices, missing);
	if (err == 0)
		count_results(kernel, results, count, &kernel->counters.updated);
	return err;
}

/* Both of the above, some at a time. */
static int in_portions(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                       size_t count, int *results,
                       int (*some)(struct conntrack_kernel *kernel,
                                   const struct conntrack_entry *entries, size_t count,
                                   int *results))
{
	int portion[ENTRIES_A_SEND], err = 0;

	for (size_t done = 0; err == 0 && done < count;) {
		size_t size = count - done;

		if (size > ENTRIES_A_SEND)
			size = ENTRIES_A_SEND;
		err = some(kernel, entries + done, size, portion);
		if (err == 0 && results)
			memcpy(results + done, portion, size * sizeof(*portion));
		done += size;
	}
	return err;
}

int conntrack_kernel_put(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                         size_t count, int *results)
{
	return in_portions(kernel, entries, count, results, put_some);
}

int conntrack_kernel_add(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                         size_t count, int *results)
{
	return in_portions(kernel, entries, count, results, add_some);
}

int conntrack_kernel_touch(struct conntrack_kernel *kernel, const struct conntrack_entry *entries,
                           size_t count, int *results)
{
	return in_portions(kernel, entries, count, results, touch_some);
}

static void not_deleted(void *ctx, size_t index, int error)
{
	struct conntrack_kernel *kernel = ctx;

	if (error == ENOENT)
		kernel->counters.absent++;
	else
		kernel->counters.refused++;
	kernel->counters.deleted--;
}

int conntrack_kernel_remove(struct conntrack_kernel *kernel, const struct conntrack_tuple *tuples,
                            size_t count)
{
	int err = 0;

	for (size_t done = 0; err == 0 && done < count;) {
		size_t before = done;

		for (; done < count && done - before < ENTRIES_A_SEND; done++)
			conntrack_entry_put_delete(&kernel->batch, &tuples[done], 0);
		kernel->counters.deleted += done - before;
		err = nl_batch_run(kernel->nl, &kernel->batch, NL_BATCH_PIPELINED, not_deleted,
		                   kernel);
		nl_batch_clear(&kernel->batch);
	}
	return err;
}
