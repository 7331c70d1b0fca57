/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/nl.h - a netlink channel on libmnl: requests, batches, dumps and events of one protocol.
 *
 * I/O. Requests are carried out by the kernel inside sendmsg(2), so waiting for their answers is
 * bounded (a receive time-out of seconds guards the impossible). Answers are accepted only from the
 * kernel, for our port and for the sequence numbers asked. One channel is used by one thread;
 * events and requests want a channel each. Sources: Linux net/netlink/af_netlink.c; libmnl. */

#ifndef LINTEL_LIB_NL_H
#define LINTEL_LIB_NL_H

#include "lib/compiler.h"

#include <libmnl/libmnl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct nl;

/* Opens a channel of NETLINK_ROUTE, NETLINK_GENERIC or NETLINK_NETFILTER. 0 or -errno. */
LT_MUST_USE int nl_open(int protocol, struct nl **ret_nl);
void nl_close(struct nl *nl); /* NULL accepted */
int nl_fd(const struct nl *nl);
/* Counts since opening, for status: system calls made for requests, messages sent, dumps done
 * again, overruns survived. */
struct nl_counters {
	uint64_t sends;
	uint64_t messages;
	uint64_t dump_restarts;
	uint64_t overruns;
};
const struct nl_counters *nl_counters(const struct nl *nl);

/* --- batches: many messages, few system calls --- */

/* Messages under construction, in order; index 0 is the first. Zero-initialise. Reusable after
 * nl_batch_clear(). */
struct nl_batch {
	char *data;
	size_t size; /* bytes used */
	size_t capacity;
	size_t *starts; /* offset of each message */
	size_t count;
	size_t starts_capacity;
};
/* A message of up to NL_MESSAGE_MAX bytes may be built at the result (mnl_nlmsg_put_extra_header,
 * mnl_attr_put...), which is valid until the next call. Sequence number, port and NLM_F_REQUEST are
 * set here. */
#define NL_MESSAGE_MAX 65536
struct nlmsghdr *nl_batch_begin(struct nl_batch *batch, uint16_t type, uint16_t flags);
/* The same for one of up to NL_MESSAGE_SHORT_MAX bytes: a batch of some such needs little memory.
 */
#define NL_MESSAGE_SHORT_MAX 512
struct nlmsghdr *nl_batch_begin_short(struct nl_batch *batch, uint16_t type, uint16_t flags);
/* The message is complete: takes its nlmsg_len. */
void nl_batch_end(struct nl_batch *batch, struct nlmsghdr *message);
void nl_batch_clear(struct nl_batch *batch);
void nl_batch_done(struct nl_batch *batch);

enum nl_batch_mode {
	NL_BATCH_PIPELINED, /* each message on its own; sent up to NL_BATCH_CHUNK a system call */
	NL_BATCH_ATOMIC,    /* one system call for all (nfnetlink transactions) */
};
/* Most kernels leave a system call to nobody else before its end: 250 messages take half a
 * millisecond. */
#define NL_BATCH_CHUNK 250
/* Sends the batch and reads the verdicts. Only the last message of each system call asks for an ACK
 * (errors come anyway); 'failed' is called for each message the kernel refused, with its index and
 * positive errno. 0, or -errno when the channel itself failed (what was done is then unknown:
 * dump). */
LT_MUST_USE int nl_batch_run(struct nl *nl, struct nl_batch *batch, enum nl_batch_mode mode,
                             void (*failed)(void *ctx, size_t index, int error), void *ctx);

/* --- single requests and dumps --- */

/* Sends one message (built by nl_batch_begin/end in a batch of one) and gives each answer to
 * 'reply', NULL when only the verdict matters. 0, or the kernel's refusal as -errno, or what
 * 'reply' returned below 0. */
LT_MUST_USE int nl_request(struct nl *nl, struct nl_batch *one,
                           int (*reply)(void *ctx, const struct nlmsghdr *message), void *ctx);

struct nl_dump {
	void (*restart)(void *ctx); /* forget what was given so far: called before the first and
	                               each further try */
	int (*entry)(void *ctx,
	             const struct nlmsghdr *message); /* below 0 ends the dump with that */
	void *ctx;
};
/* Dumps; begins again (up to a small number of times, then -EINTR) when the kernel says the dump
 * was interrupted or the receive buffer overran. */
LT_MUST_USE int nl_dump(struct nl *nl, struct nl_batch *one, const struct nl_dump *dump);

/* A request and a dump (a batch of these two) in one system call, and mostly one more for what both
 * answer. 0, or the request's refusal as -errno, whatever the dump gave; -EINTR: ask for both
 * again, each by itself. */
LT_MUST_USE int nl_request_dump(struct nl *nl, struct nl_batch *two,
                                int (*reply)(void *ctx, const struct nlmsghdr *message), void *ctx,
                                const struct nl_dump *dump);

/* What the kernel said beside the last refusal (extended acknowledgement), "" when nothing. Owned
 * by the channel, until its next use. */
const char *nl_refusal_text(const struct nl *nl);

/* Is a whole message there in 'left' bytes? As mnl_nlmsg_ok, which lets lengths above INT_MAX pass.
 * Pure. */
bool nl_message_ok(const struct nlmsghdr *message, int left);

/* What one message is to someone who asked with sequence numbers first .. first + count - 1 from
 * 'port'. Pure. */
enum nl_answer_kind {
	NL_ANSWER_FOREIGN,   /* for someone else, or for a question long settled: skip it */
	NL_ANSWER_VERDICT,   /* NLMSG_ERROR: done (error 0) or refused */
	NL_ANSWER_END,       /* NLMSG_DONE: the dump is over */
	NL_ANSWER_DATA,      /* an answer proper */
	NL_ANSWER_MALFORMED, /* ours, but too short to be what it says */
};
struct nl_answer {
	size_t index;     /* of the message it answers, 0 .. count - 1 */
	int error;        /* positive errno, 0 */
	const char *text; /* extended acknowledgement, "" when there is none; in the message */
};
enum nl_answer_kind nl_answer_classify(const struct nlmsghdr *message, uint32_t port,
                                       uint32_t first, size_t count, struct nl_answer *ret_answer);

/* --- events --- */

LT_MUST_USE int nl_subscribe(struct nl *nl, unsigned group);
void nl_unsubscribe(struct nl *nl, unsigned group); /* also when it is not subscribed */
/* What the kernel tells in answer to requests of 'requests' is not heard on 'nl': who asked for
 * it knows. (Not all that is asked is told with who asked: IPv6 addresses are not.) 0 or -errno. */
LT_MUST_USE int nl_ignore(struct nl *nl, const struct nl *requests);
/* Reads what has arrived without waiting. Returns 0, or -ENOBUFS when events were lost (dump again;
 * the channel goes on). */
LT_MUST_USE int nl_receive(struct nl *nl, void (*event)(void *ctx, const struct nlmsghdr *message),
                           void *ctx);

#endif
