/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/attr_daemon.h - the kernel's own sync daemons, to and from netlink attributes.
 *
 * Pure. Source: Linux net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_genl_new_daemon,
 * ip_vs_genl_fill_daemon). */

#ifndef LINTEL_IPVS_ATTR_DAEMON_H
#define LINTEL_IPVS_ATTR_DAEMON_H

#include "lib/addr.h"
#include "lib/nl.h"

#include <net/if.h>

/* The kernel's numbers. A namespace can have one of each. */
enum ipvs_daemon_role {
	IPVS_DAEMON_MASTER = 1, /* tells of its connections */
	IPVS_DAEMON_BACKUP = 2, /* takes what it is told */
};
const char *ipvs_daemon_role_name(enum ipvs_daemon_role role); /* "master" */

struct ipvs_daemon {
	uint8_t role; /* enum ipvs_daemon_role */
	char interface[IF_NAMESIZE];
	uint8_t id;        /* sync id; of a backup 0: takes all */
	uint16_t size;     /* of a datagram; 0: the kernel's default */
	struct addr group; /* IPv4 multicast; ADDR_NONE: the kernel's default, 224.0.0.81 */
	uint16_t port;     /* 0: the kernel's default, 8848 */
};

/* Append the request to start or stop one, and to list them. */
void ipvs_attr_daemon_start(struct nl_batch *batch, uint16_t family,
                            const struct ipvs_daemon *daemon);
void ipvs_attr_daemon_stop(struct nl_batch *batch, uint16_t family, enum ipvs_daemon_role role);
void ipvs_attr_get_daemons(struct nl_batch *batch, uint16_t family);

/* Decodes one of a list. -EBADMSG when it is none. */
LT_MUST_USE int ipvs_attr_daemon(const struct nlmsghdr *message, struct ipvs_daemon *ret_daemon);

#endif
