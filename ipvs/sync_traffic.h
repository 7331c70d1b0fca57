/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/sync_traffic.h - has IPVS seen a packet? If not, its master daemon has nothing to tell.
 *
 * I/O, never waits. The kernel counts the packets of all connections whose server it has, each as
 * it comes and before it notes for the daemon what the packet changed. Packets of our own
 * connections aren't counted, as they have no server. Source: Linux net/netfilter/ipvs/ip_vs_ctl.c
 * (ip_vs_stats_percpu_show), ip_vs_core.c (ip_vs_in_stats). */

#ifndef LINTEL_IPVS_SYNC_TRAFFIC_H
#define LINTEL_IPVS_SYNC_TRAFFIC_H

#include <stdbool.h>
#include <stddef.h>

/* Of what the kernel prints, a line for each processor that it could have: 240 of them. */
#define IPVS_SYNC_TRAFFIC_MAX 16384

struct ipvs_sync_traffic {
	int fd; /* -1: not open */
	size_t size;
	char text[IPVS_SYNC_TRAFFIC_MAX]; /* as it was when we last looked */
};

/* What can't be read always has moved. */
void ipvs_sync_traffic_open(struct ipvs_sync_traffic *traffic);
void ipvs_sync_traffic_close(struct ipvs_sync_traffic *traffic);
/* Were there packets since it was last asked? */
bool ipvs_sync_traffic_moved(struct ipvs_sync_traffic *traffic);

#endif
