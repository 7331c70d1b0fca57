/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/expect.h - what a dump would give if nobody but us had touched the kernel.
 *
 * Pure. To look before writing would make every change wait for the look. So what follows from what
 * was wanted before is written first, and looked at right after: what the kernel held otherwise is
 * put right in the same turn. Nothing is remembered for that: it is worked out from the snapshot
 * before and from what drains. A turn of known changes is:
 *
 *   ipvs_table_build(snapshot before, scope) -> ipvs_expect -> drain step -> plan -> apply;
 *   then the same with what ipvs_kernel_look(scope) finds (ipvs/scope.h) */

#ifndef LINTEL_IPVS_EXPECT_H
#define LINTEL_IPVS_EXPECT_H

#include "ipvs/drain.h"
#include "ipvs/table.h"

/* Makes of a table that was wanted one as if it were found: with the servers that take leave, which
 * have weight 0, and without a pointer to the snapshot it was built from. How many connections
 * there are nobody knows without a look: each server is taken to have one, so that none is let go
 * for having none. */
void ipvs_expect(struct ipvs_table *table, const struct ipvs_drain *drain);

#endif
