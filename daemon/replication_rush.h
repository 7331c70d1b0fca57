/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/replication_rush.h - do so many connections begin that telling of each by itself is dear?
 *
 * Pure. Time: microseconds on the monotonic clock. Connection tracking tells of a flow within
 * milliseconds, which takes the kernel about as long as a thirteenth of all that it does for a new
 * flow; IPVS's sync daemon tells of 54 in one datagram, for a tenth of that, but of one that comes
 * alone up to 80 ms late. So while few begin both are heard, and in a rush, when IPVS is
 * quick as well, IPVS alone. */

#ifndef LINTEL_DAEMON_REPLICATION_RUSH_H
#define LINTEL_DAEMON_REPLICATION_RUSH_H

#include "lib/compiler.h"

#include <stdbool.h>
#include <stdint.h>

/* More than so many records in so much time: a rush, until they are less than half of that on the
 * average of a longer time. */
#define REPLICATION_RUSH_RECORDS 100
#define REPLICATION_RUSH_US      INT64_C(100000)
#define REPLICATION_RUSH_OVER_US INT64_C(2000000)

struct replication_rush {
	bool on;
	int64_t since_us;   /* of the count */
	uint64_t count;     /* records told since then; the caller adds to it */
	uint64_t times;     /* rushes there were, the present one among them */
	uint64_t flows;     /* of which IPVS told alone, in all of them; the caller adds to it */
	uint64_t surprises; /* times that source NAT did not do what was foreseen; the caller's */
};

/* Looks at the count. True when 'on' has changed. */
LT_MUST_USE bool replication_rush_weigh(struct replication_rush *rush, int64_t now_us);

#endif
