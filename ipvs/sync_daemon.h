/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/sync_daemon.h - the interface of our own that carries sync messages, and the kernel's
 * daemons on it.
 *
 * I/O, blocking for as long as a few netlink requests take. The interface is a dummy: what is sent
 * there goes nowhere, nothing arrives from outside, and the kernel's backup daemon listens on that
 * interface alone (its socket is bound to it). Left to guard against are other programs on this
 * machine: anybody may send multicasts through any interface. An nft rule in an output hook keeps
 * them out: oifname IPVS_SYNC_INTERFACE udp dport IPVS_SYNC_IN_PORT meta mark != IPVS_SYNC_MARK
 * drop (a mark takes CAP_NET_ADMIN to set; what the kernel's own master sends has none, hence the
 * port). Others' daemons are left alone. Source: Linux net/netfilter/ipvs/ip_vs_sync.c
 * (start_sync_thread, make_receive_sock). */

#ifndef LINTEL_IPVS_SYNC_DAEMON_H
#define LINTEL_IPVS_SYNC_DAEMON_H

#include "ipvs/attr_daemon.h"
#include "lib/compiler.h"
#include "lib/nl.h"

#define IPVS_SYNC_INTERFACE "lintel-sync"
#define IPVS_SYNC_MARK      0x4c53594eU /* of all packets we send there */
#define IPVS_SYNC_ID        76
#define IPVS_SYNC_GROUP     0xe0000051U /* 224.0.0.81, as the kernel's own */
#define IPVS_SYNC_IN_PORT   18848       /* the backup daemon listens there */
#define IPVS_SYNC_OUT_PORT  18849       /* the master daemon sends there */
/* Of a datagram to the kernel: with the kernel's own head it fills 8 KiB of memory. */
#define IPVS_SYNC_IN_SIZE   7680

struct ipvs_sync_daemon {
	struct nl *genl, *rtnl;
	struct nl_batch batch;
	uint16_t family;
	int link_index; /* of the interface */
	bool running[IPVS_DAEMON_BACKUP + 1];
};

/* Makes the interface (or takes the one that an earlier run left). -ENOENT: no IPVS; -EOPNOTSUPP:
 * no dummy interfaces; -ENOTUNIQ: somebody else's interface has the name. */
LT_MUST_USE int ipvs_sync_daemon_open(struct ipvs_sync_daemon *daemon);
/* Stops ours, removes the interface. */
void ipvs_sync_daemon_close(struct ipvs_sync_daemon *daemon);

/* Starts a daemon of ours. -EEXIST: another program's is running ('ret_foreign' says where);
 * -EINVAL: a virtual server has real servers of another address family, with which the kernel's
 * sync can't be. */
LT_MUST_USE int ipvs_sync_daemon_start(struct ipvs_sync_daemon *daemon, enum ipvs_daemon_role role,
                                       uint16_t size, struct ipvs_daemon *ret_foreign);
void ipvs_sync_daemon_stop(struct ipvs_sync_daemon *daemon, enum ipvs_daemon_role role);

#endif
