/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/capacity.h - have the kernel's tables of connections room, and buckets enough?
 *
 * A table of connection tracking that is full drops packets of new connections. One with few
 * buckets makes every packet search long chains; both are made by the machine's memory and by
 * modules' options long before it is known what the node has to carry, so they are watched.
 *
 * capacity_look() is I/O: three small files. capacity_judge() is pure but for the log line of what
 * is new. Sources: Linux Documentation/networking/nf_conntrack-sysctl.rst, net/netfilter/ipvs/
 * Kconfig (IP_VS_TAB_BITS). */

#ifndef LINTEL_DAEMON_CAPACITY_H
#define LINTEL_DAEMON_CAPACITY_H

#include "daemon/problems.h"

#include <stdint.h>

#define CAPACITY_UNKNOWN (-1)

struct capacity {
	/* Connection tracking; CAPACITY_UNKNOWN where it isn't loaded. */
	int64_t tracked;         /* connections, in this network namespace */
	int64_t tracked_max;     /* how many it may have */
	int64_t tracked_buckets; /* of the whole machine; each connection stands in two */
	/* IPVS. */
	uint64_t balanced;         /* connections of ours */
	uint32_t balanced_buckets; /* of the whole machine; 0: no IPVS */
	bool nearly_full;          /* what is told now, kept while it gets only a little better: */
	bool tracked_crowded;
	bool balanced_crowded;
	struct problems problems;
};

void capacity_init(struct capacity *capacity);
void capacity_done(struct capacity *capacity);
/* Connection tracking's figures; 'root' as of lib/sysctl.h. */
void capacity_look(struct capacity *capacity, const char *root);
/* Makes problems of the figures. */
void capacity_judge(struct capacity *capacity);

#endif
