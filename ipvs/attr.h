/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/attr.h - table entries to and from netlink attributes.
 *
 * Pure. Network and host byte order meet here and nowhere else in ipvs/. Decoders take whatever
 * comes: an attribute of the wrong size is as if it were absent. Source: Linux
 * include/uapi/linux/ip_vs.h; net/netfilter/ipvs/ip_vs_ctl.c (ip_vs_genl_*). */

#ifndef LINTEL_IPVS_ATTR_H
#define LINTEL_IPVS_ATTR_H

#include "ipvs/plan.h"
#include "lib/compiler.h"
#include "lib/nl.h"

/* Appends the message of an operation, or the request for a service, or for its dests. */
void ipvs_attr_op(struct nl_batch *batch, uint16_t family, const struct ipvs_op *op);
void ipvs_attr_get_service(struct nl_batch *batch, uint16_t family, const struct ipvs_key *key);
void ipvs_attr_get_dests(struct nl_batch *batch, uint16_t family, const struct ipvs_key *key);

/* Decodes an entry of a dump into '*ret', stats into '*ret_stats' (zeroed when it has none). No
 * dests; pointers are NULL. -EBADMSG when the message is none or lacks what makes a key. */
LT_MUST_USE int ipvs_attr_service(const struct nlmsghdr *message, struct ipvs_service *ret,
                                  struct ipvs_stats *ret_stats);
/* 'family' is used when the entry names none (kernels before 3.18). */
LT_MUST_USE int ipvs_attr_dest(const struct nlmsghdr *message, enum addr_family family,
                               struct ipvs_dest *ret, struct ipvs_stats *ret_stats);
/* A 32-bit attribute at the top level (info, time-outs); false when it isn't there. */
bool ipvs_attr_u32(const struct nlmsghdr *message, uint16_t type, uint32_t *ret);

#endif
