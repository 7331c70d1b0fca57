/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/sync_listen.h - hears what the kernel's master daemon tells of its connections, at once.
 *
 * I/O, never waits. The daemon collects connections in a buffer and sends it when it is full, or
 * 2 to 3 s old: too late for those whose node dies meanwhile. So we fill it up ourselves: eight
 * connections of our own (from 127.0.0.1 to 224.0.0.81, both of no use to anybody else, "here" as
 * forwarding, so that IPVS lets their packets be) change state 20 times a second while packets
 * come, which the daemon must tell, and the buffers are made so small that eight of these don't fit
 * beside another entry. A connection is heard of at most IPVS_SYNC_PULSE_US, 20 ms of the kernel's
 * and one turn of the loop after the packet that established it, whatever the table holds.
 * The same packets show that injection works: the connections are set back by injected messages,
 * and would fall silent otherwise. Sources: Linux net/netfilter/ipvs/ip_vs_sync.c (ip_vs_sync_conn,
 * ip_vs_sync_conn_needed, sb_queue_tail, IPVS_SYNC_SEND_DELAY), ip_vs_core.c (ip_vs_in_hook, in
 * LOCAL_OUT), ip_vs_proto_tcp.c (tcp_states). */

#ifndef LINTEL_IPVS_SYNC_LISTEN_H
#define LINTEL_IPVS_SYNC_LISTEN_H

#include "ipvs/sync_inject.h"

#define IPVS_SYNC_PULSE_US 50000
#define IPVS_SYNC_PULSES   8
/* Of the master's datagrams: full with so many pulses (62 bytes each in IPv4, more in IPv6) beside
 * one entry of 36 bytes. */
#define IPVS_SYNC_OUT_SIZE(pulses)                                                              \
	(IPVS_SYNC_HEADER_SIZE + (pulses) * (IPVS_SYNC_ENTRY4_SIZE + IPVS_SYNC_SEQUENCE_SIZE) + \
	 IPVS_SYNC_ENTRY4_SIZE - 1)

/* While many connections begin. A datagram costs the kernel as much as noting forty connections,
 * whatever is in it, so the more the better; but four times as many pulses empty it where few
 * begin, and one of these costs as much as a datagram. With 1,965 bytes, for 54 connections, most
 * of what can be saved is. */
#define IPVS_SYNC_PULSES_MANY   31
#define IPVS_SYNC_PULSE_MANY_US 40000

struct ipvs_sync_listen_counters {
	uint64_t flows;
	uint64_t datagrams;
	uint64_t pulses;    /* of our own connections, heard */
	uint64_t malformed; /* datagrams */
	uint64_t lost;      /* datagrams that our socket had no room for */
	uint64_t unfit[IPVS_SYNC_FIT_COUNT];
};

struct ipvs_sync_listen {
	int packet_fd; /* hears */
	int raw_fd;    /* pulses; -1: none sent yet */
	int link_index;
	enum addr_family family; /* of the pulses */
	struct ipvs_sync_listen_counters counters;
};

LT_MUST_USE int ipvs_sync_listen_open(struct ipvs_sync_listen *listen, int link_index);
void ipvs_sync_listen_close(struct ipvs_sync_listen *listen);
/* The packets of one pulse, 'count' (IPVS_SYNC_PULSES_MANY at most), in the family of which there
 * are virtual servers (the kernel looks at no other); what sets the connections back goes by
 * 'inject'. 0 or -errno. */
LT_MUST_USE int ipvs_sync_listen_pulse(struct ipvs_sync_listen *listen,
                                       struct ipvs_sync_inject *inject, enum addr_family family,
                                       unsigned count);
/* Reads what has come, a bounded number of datagrams; gives the flows of many at once. */
void ipvs_sync_listen_read(struct ipvs_sync_listen *listen,
                           void (*seen)(void *ctx, const struct model_flow *flows, size_t count),
                           void *ctx);
/* Is it one of our own connections? For those who list the kernel's. */
bool ipvs_sync_is_pulse(const struct addr *client, const struct addr *virtual);

#endif
