/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/filter.h - which conntrack events the kernel delivers: a socket filter.
 *
 * Pure: makes the program (classic BPF, which knows netlink attributes); conntrack/kernel.h
 * attaches it. It is run for each event of the whole machine, so it keeps what is none of ours from
 * ever being copied. What it lets pass too much is sorted out later. Source: Linux
 * net/core/filter.c (SKF_AD_NLATTR). */

#ifndef LINTEL_CONNTRACK_FILTER_H
#define LINTEL_CONNTRACK_FILTER_H

#include "lib/addr.h"

#include <linux/filter.h>

/* With more virtual addresses than this only the protocol is asked for: the program is walked from
 * the beginning for each event. */
#define CONNTRACK_FILTER_ADDRESSES_MAX 128
#define CONNTRACK_FILTER_SIZE          (128 + CONNTRACK_FILTER_ADDRESSES_MAX * 9)

struct conntrack_filter {
	struct sock_filter code[CONNTRACK_FILTER_SIZE];
	size_t size;
};

/* Lets events of TCP, UDP and SCTP flows pass whose first packet went to one of the addresses, and
 * that were not made by netlink port 'own'. Of TCP only what conntrack/flow.h makes something of:
 * ESTABLISHED, the first FIN (FIN_WAIT), CLOSE, the end. Of UDP the first packet and the end: that
 * a flow was answered matters little, and a comparison will tell. */
void conntrack_filter_make(const struct addr *virtuals, size_t count, uint32_t own,
                           struct conntrack_filter *ret_filter);

#endif
