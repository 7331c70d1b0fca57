/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/privs.h - the privileges we have: capabilities in force of this process (capabilities(7)).
 *
 * I/O. For saying early and in words what would otherwise fail late with EPERM. */

#ifndef LINTEL_LIB_PRIVS_H
#define LINTEL_LIB_PRIVS_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stdbool.h>

struct privs {
	bool net_admin; /* addresses, IPVS, nftables, conntrack, sysctls of the network */
	bool net_raw;   /* VRRP, gratuitous ARP and neighbour advertisements */
	bool sys_nice;  /* real-time priority; wanted, not needed */
	bool ipc_lock;  /* locked memory; wanted, not needed */
};

/* Of the calling thread. -EIO when the kernel does not tell. */
LT_MUST_USE int privs_read(struct privs *ret_privs);
/* Has it all that is needed (CAP_NET_ADMIN, CAP_NET_RAW)? */
bool privs_can_run(const struct privs *privs);
/* Gives up, for the whole process and what it may start, all but those of 'struct privs', and the
 * way back to them (bounding set, where that is allowed; no_new_privs). Before there are threads.
 * -errno when the kernel refuses. */
LT_MUST_USE int privs_drop(void);
/* Appends "net_admin=yes net_raw=no sys_nice=no ipc_lock=no". */
void privs_format(const struct privs *privs, struct text *out);

#endif
