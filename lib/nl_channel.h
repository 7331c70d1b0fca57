/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/nl_channel.h - the inside of lib/nl.h, shared by the files that make it: a channel and how
 * messages go in and out. Not for others.
 *
 * I/O. */

#ifndef LINTEL_LIB_NL_CHANNEL_H
#define LINTEL_LIB_NL_CHANNEL_H

#include "lib/nl.h"

#include <sys/socket.h>

/* The kernel never makes dump messages of more than 32 kB unless one entry is larger. */
#define NL_BUFFER_SIZE   65536
#define NL_BUFFER_COUNT  3 /* an answer, a short dump and its end: all with one recvmmsg(2) */
/* What one refusal takes of the receive buffer: sk_buff and its data, twice over. */
#define NL_REFUSAL_COST  1536
#define NL_SOCKET_BUFFER (2 << 20)

struct nl {
	struct mnl_socket *socket;
	int fd;
	uint32_t port;
	uint32_t next_sequence;
	size_t send_limit;     /* bytes one sendmsg may carry */
	size_t refusals_limit; /* refusals that fit into the receive buffer */
	struct nl_counters counters;
	char refusal[256];
	char buffers[NL_BUFFER_COUNT][NL_BUFFER_SIZE] __attribute__((aligned(8)));
};

/* Asks for socket buffers of these sizes; what was given stands in 'nl' afterwards. */
void nl_channel_set_buffers(struct nl *nl, int send_size, int receive_size);
/* Numbers messages first .. first + count - 1 of the batch and sends them in one system call.
 * Returns 0 and the number of the first, or -errno. */
LT_MUST_USE int nl_channel_send(struct nl *nl, struct nl_batch *batch, size_t first, size_t count,
                                uint32_t *ret_sequence);

/* What to do with each message of a datagram: below 0 gives up, above 0 has heard enough. */
struct nl_reader {
	int (*message)(void *ctx, const struct nlmsghdr *message);
	void *ctx;
};

/* Reads until the reader has heard enough (0), gives up, or nothing comes (-ETIMEDOUT, or -EAGAIN
 * with MSG_DONTWAIT). */
LT_MUST_USE int nl_channel_read(struct nl *nl, int flags, const struct nl_reader *reader);

#endif
