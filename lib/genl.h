/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/genl.h - generic netlink: family names to numbers, and message heads.
 *
 * genl_begin is pure; the rest is I/O. Asking for a family by name makes the kernel load its module
 * (net-pf-16-proto-16-family-NAME), even for callers without CAP_SYS_MODULE. Source: Linux
 * net/netlink/genetlink.c. */

#ifndef LINTEL_LIB_GENL_H
#define LINTEL_LIB_GENL_H

#include "lib/nl.h"

/* -ENOENT when the kernel has no such family and can't load it. */
LT_MUST_USE int genl_family(struct nl *nl, const char *name, uint16_t *ret_family);
/* Begins a message of a family in a batch, with its genlmsghdr. */
struct nlmsghdr *genl_begin(struct nl_batch *batch, uint16_t family, uint8_t command,
                            uint16_t flags);

#endif
