/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/sync_inject.h - makes IPVS connections by telling the kernel's backup daemon of them.
 *
 * I/O, never waits. Datagrams go by multicast into our own interface, whose loop brings them to the
 * daemon's socket; the kernel's thread takes them from there. The socket's room is known, and how
 * much of it is taken can be read (/proc/net/udp), so nothing is sent that wouldn't find room: what
 * has no room yet waits in a queue that is bounded. */

#ifndef LINTEL_IPVS_SYNC_INJECT_H
#define LINTEL_IPVS_SYNC_INJECT_H

#include "ipvs/sync_daemon.h"
#include "ipvs/sync_wire.h"

/* Datagrams that may wait: 8 MB, 200,000 flows of IPv4, 100,000 of IPv6. */
#define IPVS_SYNC_QUEUE_MAX 1024

struct ipvs_sync_inject_counters {
	uint64_t flows;     /* given to the kernel */
	uint64_t datagrams; /* the same */
	uint64_t dropped;   /* datagrams that the daemon's socket had no room for, all the same */
	uint64_t refused[IPVS_SYNC_FIT_COUNT]; /* flows that can't be told, and why */
	uint64_t send_errors;
};

struct ipvs_sync_inject {
	int fd;
	size_t window;         /* bytes of the daemon's socket we fill at most */
	uint64_t drops_before; /* what the kernel had counted when we came */
	struct ipvs_sync_datagram {
		uint16_t size, count;
		uint8_t data[IPVS_SYNC_IN_SIZE];
	} * queue; /* a ring of IPVS_SYNC_QUEUE_MAX */
	size_t first, used;
	struct ipvs_sync_writer writer; /* of the last one, when 'open' */
	bool open;
	struct ipvs_sync_inject_counters counters;
};

LT_MUST_USE int ipvs_sync_inject_open(struct ipvs_sync_inject *inject, int link_index);
void ipvs_sync_inject_close(struct ipvs_sync_inject *inject);

/* Queues flows; those that can't be told are counted and passed over. How many were taken: fewer
 * than 'count' when the queue is full. */
size_t ipvs_sync_inject_put(struct ipvs_sync_inject *inject, const struct model_flow *flows,
                            size_t count);
/* Sends what there is room for now. Nothing is left queued: 0; else in how many microseconds to
 * call again. */
int64_t ipvs_sync_inject_run(struct ipvs_sync_inject *inject);
/* Has the kernel taken all that was sent? */
bool ipvs_sync_inject_settled(struct ipvs_sync_inject *inject);
/* Sends a datagram past the queue. */
void ipvs_sync_inject_now(struct ipvs_sync_inject *inject, const void *data, size_t size);

#endif
