/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/kernel_private.h - the inside of conntrack/kernel.h, shared by the files that make it.
 * Not for others.
 *
 * I/O. */

#ifndef LINTEL_CONNTRACK_KERNEL_PRIVATE_H
#define LINTEL_CONNTRACK_KERNEL_PRIVATE_H

#include "conntrack/filter.h"
#include "conntrack/kernel.h"

#include <sys/socket.h>

/* Dumps for so few IPv4 addresses are filtered by the kernel, one dump an address: each walks the
 * whole table, but carries only what is wanted. Of IPv6 everything is dumped. */
#define CONNTRACK_DUMP_PASSES_MAX 8
#define CONNTRACK_DUMP_BUFFER     65536

/* Events are small, and come one a datagram. */
#define CONNTRACK_EVENT_SIZE      4096
#define CONNTRACK_EVENT_BURST     64

#define CONNTRACK_GROUPS          3

struct conntrack_kernel {
	struct nl *nl;                /* requests */
	struct nl *events;            /* notifications */
	struct nl *dump;              /* a dump under way, else NULL */
	struct nl_batch batch;        /* scratch */
	uint32_t port;                /* of requests: how our own changes are known */
	bool heard[CONNTRACK_GROUPS]; /* groups of events that are subscribed to */
	struct conntrack_counters counters;
	struct {
		struct conntrack_pass {
			enum addr_family family; /* ADDR_NONE: both */
			struct addr destination; /* ADDR_NONE: any */
		} passes[CONNTRACK_DUMP_PASSES_MAX];
		size_t count, next; /* passes; the one to ask for next */
		uint32_t port, sequence;
		char *buffer;
	} dumping;
	struct mmsghdr headers[CONNTRACK_EVENT_BURST];
	struct iovec vectors[CONNTRACK_EVENT_BURST];
	struct sockaddr_storage senders[CONNTRACK_EVENT_BURST];
	char data[CONNTRACK_EVENT_BURST][CONNTRACK_EVENT_SIZE] __attribute__((aligned(8)));
};

/* The netlink port that the kernel gave a channel. */
LT_MUST_USE int conntrack_kernel_port(const struct nl *nl, uint32_t *ret_port);
void conntrack_kernel_dump_end(struct conntrack_kernel *kernel);

#endif
