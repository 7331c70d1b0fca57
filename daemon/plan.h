/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/plan.h - `lintel plan`: what `run` would change in the kernel now, without changing it.
 *
 * I/O, reads only: kernel settings, the nftables table, IPVS and addresses of this network
 * namespace, and the journal, drains and remembered settings of the state directory. */

#ifndef LINTEL_DAEMON_PLAN_H
#define LINTEL_DAEMON_PLAN_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stddef.h>

struct daemon_plan {
	/* Lines of changes, "+ - ~" first; grouped under headings that end in ':'. */
	struct text changes;
	size_t change_count;
	/* What can't be told or will not be possible; and what comes later (addresses, when
	 * Active). */
	struct text notes;
};

/* 0; -EINVAL when the configuration has errors (then 'notes' has its problems, a line each);
 * -errno when the kernel can't be read at all (said in 'notes'). Ends with daemon_plan_done(). */
/* 'peer_key': the daemon replicates connections when there is such a file. */
LT_MUST_USE int daemon_plan(char *const *paths, size_t path_count, const char *state_dir,
                            const char *peer_key, struct daemon_plan *ret_plan);
void daemon_plan_done(struct daemon_plan *plan);

#endif
