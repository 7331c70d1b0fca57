/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/capacity.h"

#include "lib/sysctl.h"

#include <inttypes.h>

/* Told from this on, and until it is below the second. */
#define FULL_PERCENT       90
#define FULL_PERCENT_OVER  80
#define CROWDED            8 /* entries in a bucket, on the average */
#define CROWDED_OVER       6
/* Older kernels take no more. */
#define CONN_TAB_BITS_MAX  20
#define ENTRIES_OF_TRACKED 2 /* one for each direction */

void capacity_init(struct capacity *capacity)
{
	*capacity = (struct capacity){.tracked = CAPACITY_UNKNOWN,
	                              .tracked_max = CAPACITY_UNKNOWN,
	                              .tracked_buckets = CAPACITY_UNKNOWN};
	problems_init(&capacity->problems, "capacity");
}

void capacity_done(struct capacity *capacity)
{
	problems_done(&capacity->problems);
}

static int64_t read_number(const char *root, const char *name)
{
	int64_t value;

	return sysctl_read_int(root, name, &value) == 0 && value >= 0 ? value : CAPACITY_UNKNOWN;
}

void capacity_look(struct capacity *capacity, const char *root)
{
	capacity->tracked = read_number(root, "net/netfilter/nf_conntrack_count");
	capacity->tracked_max = read_number(root, "net/netfilter/nf_conntrack_max");
	capacity->tracked_buckets = read_number(root, "net/netfilter/nf_conntrack_buckets");
}

/* With what is told a little longer than it is so: else it would come and go. */
static bool beyond(bool told, double value, double from, double over)
{
	return value >= (told ? over : from);
}

/* So many that each bucket has one at most. */
static int bits_for(uint64_t connections)
{
	int bits = 8;

	while (bits < CONN_TAB_BITS_MAX && UINT64_C(1) << bits < connections)
		bits++;
	return bits;
}

/* Figures that grow have no place in these sentences: each is told once. */
void capacity_judge(struct capacity *capacity)
{
	double full = 0, tracked = 0, balanced = 0;

	if (capacity->tracked >= 0 && capacity->tracked_max > 0)
		full = 100.0 * (double)capacity->tracked / (double)capacity->tracked_max;
	if (capacity->tracked >= 0 && capacity->tracked_buckets > 0)
		tracked = (double)capacity->tracked * ENTRIES_OF_TRACKED /
		          (double)capacity->tracked_buckets;
	if (capacity->balanced_buckets)
		balanced = (double)capacity->balanced / capacity->balanced_buckets;
	capacity->nearly_full =
		beyond(capacity->nearly_full, full, FULL_PERCENT, FULL_PERCENT_OVER);
	capacity->tracked_crowded =
		beyond(capacity->tracked_crowded, tracked, CROWDED, CROWDED_OVER);
	capacity->balanced_crowded =
		beyond(capacity->balanced_crowded, balanced, CROWDED, CROWDED_OVER);

	problems_begin(&capacity->problems);
	if (capacity->nearly_full)
		problems_add(&capacity->problems,
		             "connection tracking is nearly full: it may have %" PRId64
		             " connections, and with more the kernel drops packets of new ones: "
		             "raise net.netfilter.nf_conntrack_max",
		             capacity->tracked_max);
	if (capacity->tracked_crowded)
		problems_add(&capacity->problems,
		             "connection tracking has only %" PRId64
		             " buckets for its connections, so that each packet searches long "
		             "chains: raise net.netfilter.nf_conntrack_buckets to as many as there "
		             "are connections",
		             capacity->tracked_buckets);
	if (capacity->balanced_crowded)
		problems_add(&capacity->problems,
		             "IPVS has only %" PRIu32
		             " buckets for its connections, so that each packet searches long "
		             "chains: \"options ip_vs conn_tab_bits=%d\" in /etc/modprobe.d, from "
		             "the next load of the module on",
		             capacity->balanced_buckets, bits_for(capacity->balanced));
	problems_end(&capacity->problems);
}
