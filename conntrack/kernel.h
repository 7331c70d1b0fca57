/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/kernel.h - the connection tracking of the network namespace we are in, over ctnetlink:
 * events, dumps, and entries made, changed and removed.
 *
 * I/O over three nfnetlink channels, all of the main thread. Events and dumps are read in bounded
 * steps when their descriptor is readable; writing blocks for as long as the kernel works (about 3
 * us an entry), so callers give it some hundred at a time. Needs CAP_NET_ADMIN.
 *
 * Flows that began while nobody listened never tell of their changes and end unless the sysctl
 * net.netfilter.nf_conntrack_events is 1. Source: Linux net/netfilter/nf_conntrack_netlink.c. */

#ifndef LINTEL_CONNTRACK_KERNEL_H
#define LINTEL_CONNTRACK_KERNEL_H

#include "conntrack/entry.h"
#include "lib/text.h"

struct conntrack_kernel;

/* Counts since opening. */
struct conntrack_counters {
	uint64_t events;    /* received and understood */
	uint64_t malformed; /* events and dumped entries that could not be understood */
	uint64_t overruns;  /* times that events were lost */
	uint64_t dumped;    /* entries of dumps */
	uint64_t created;   /* entries made */
	uint64_t replaced;  /* of these: something was in the way and had to go */
	uint64_t updated;
	uint64_t deleted;
	uint64_t absent;  /* were to be deleted, but were not there */
	uint64_t refused; /* could not be made or changed */
};

/* -EPERM: no CAP_NET_ADMIN; -EOPNOTSUPP: the kernel lacks CONFIG_NF_CT_NETLINK. 'why' gets a
 * sentence.
 */
LT_MUST_USE int conntrack_kernel_open(struct conntrack_kernel **ret_kernel, struct text *why);
void conntrack_kernel_close(struct conntrack_kernel *kernel); /* NULL accepted */
const struct conntrack_counters *conntrack_kernel_counters(const struct conntrack_kernel *kernel);

typedef void conntrack_receiver(void *ctx, enum conntrack_event event,
                                const struct conntrack_entry *entry);

/* --- events --- */

/* Listens to flows towards these addresses; called again, to these instead. Up to
 * CONNTRACK_FILTER_ADDRESSES_MAX of them are sorted out by the kernel. */
LT_MUST_USE int conntrack_kernel_watch(struct conntrack_kernel *kernel, const struct addr *virtuals,
                                       size_t count);
/* Which events are heard of these. The kernel makes no events that nobody hears, which saves it
 * some microseconds each; entries that it is given (below) are beginnings, too. At first none is
 * heard. */
LT_MUST_USE int conntrack_kernel_hear(struct conntrack_kernel *kernel, bool beginnings,
                                      bool changes, bool ends);
int conntrack_kernel_event_fd(const struct conntrack_kernel *kernel);
/* Reads events that have arrived, up to about a thousand; what our own calls below did is not among
 * them. 0, or -ENOBUFS: some were lost, dump again (those that were not have been given). */
LT_MUST_USE int conntrack_kernel_receive(struct conntrack_kernel *kernel, conntrack_receiver *event,
                                         void *ctx);

/* --- dumps, in steps --- */

/* Begins a dump of the flows towards these addresses (others may be among them: with more than a
 * few addresses everything is dumped); one that goes on is given up. */
LT_MUST_USE int conntrack_kernel_dump_begin(struct conntrack_kernel *kernel,
                                            const struct addr *virtuals, size_t count);
/* Readable while there is something to read; -1 when no dump is under way. Another one after each
 * begin. */
int conntrack_kernel_dump_fd(const struct conntrack_kernel *kernel);

enum conntrack_dump {
	CONNTRACK_DUMP_GOES_ON, /* step again when the descriptor is readable */
	CONNTRACK_DUMP_DONE,
};
/* Reads up to 'datagrams' (of some hundred entries and 0.1 to 0.3 ms each). Entries come as
 * CONNTRACK_DUMPED. Below 0: the dump failed and is over. */
LT_MUST_USE int conntrack_kernel_dump_step(struct conntrack_kernel *kernel, unsigned datagrams,
                                           conntrack_receiver *entry, void *ctx,
                                           enum conntrack_dump *ret_dump);

/* --- entries --- */

/* The entry to which packets of this tuple belong, some microseconds each; -ENOENT: there is none.
 */
LT_MUST_USE int conntrack_kernel_ask(struct conntrack_kernel *kernel,
                                     const struct conntrack_tuple *tuple,
                                     struct conntrack_entry *ret_entry);
/* Makes entries. What is in the way of one (an entry for the same packets, whatever it does with
 * them) is removed first. 'results' (may be NULL) gets 0 or a positive errno for each. 0, or -errno
 * when the channel failed and it is not known what was done. */
LT_MUST_USE int conntrack_kernel_put(struct conntrack_kernel *kernel,
                                     const struct conntrack_entry *entries, size_t count,
                                     int *results);
/* The same, but what is in the way stays, and the result is EEXIST. */
LT_MUST_USE int conntrack_kernel_add(struct conntrack_kernel *kernel,
                                     const struct conntrack_entry *entries, size_t count,
                                     int *results);
/* Changes state and time-out of entries that are there, and makes those that are not. An entry
 * whose NAT is another than wanted keeps it: for that, put. */
LT_MUST_USE int conntrack_kernel_touch(struct conntrack_kernel *kernel,
                                       const struct conntrack_entry *entries, size_t count,
                                       int *results);
/* Removes the entries of these tuples (of either direction); what is not there is as good as
 * removed. */
LT_MUST_USE int conntrack_kernel_remove(struct conntrack_kernel *kernel,
                                        const struct conntrack_tuple *tuples, size_t count);

#endif
