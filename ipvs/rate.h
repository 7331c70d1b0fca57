/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/rate.h - connections, packets and bytes a second.
 *
 * Pure. The kernel's own estimates are preferred; where it gives none they are worked out from two
 * readings of the counters (2 s apart at least, since the kernel brings these up to date no more
 * often). */

#ifndef LINTEL_IPVS_RATE_H
#define LINTEL_IPVS_RATE_H

#include "ipvs/table.h"

/* Fills the rates of 'now', read 'elapsed_us' after 'before', unless the kernel gave any. Counters
 * that went back (somebody zeroed them, the service was made anew) count from 0. */
void ipvs_rate_fill(struct ipvs_stats *now, const struct ipvs_stats *before, int64_t elapsed_us);
/* The same for whole tables dumped with stats. What was not in 'before' is left alone. */
void ipvs_rate_fill_table(struct ipvs_table *now, const struct ipvs_table *before,
                          int64_t elapsed_us);

#endif
