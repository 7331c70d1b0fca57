/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/balance_private.h - what the parts of daemon/balance share.
 *
 * Private to daemon/balance*.c, main thread. No I/O. */

#ifndef LINTEL_DAEMON_BALANCE_PRIVATE_H
#define LINTEL_DAEMON_BALANCE_PRIVATE_H

#include "daemon/balance.h"

/* Changed services up to this many are looked at one by one: more are cheaper to read with all. */
#define BALANCE_SCOPE_MAX 500

/* balance_want.c */
/* What the kernel should hold for a snapshot, of a scope (NULL: all). The snapshot must outlive the
 * table. */
void balance_build_scope(const struct balance *balance, const struct model_snapshot *snapshot,
                         const struct ipvs_scope *scope, struct ipvs_table *ret_table);
/* Nothing is known of what was wanted before. */
void balance_forget_expected(struct balance *balance);
/* Services of ours that should be in the kernel. */
size_t balance_count_services(const struct balance *balance);

#endif
