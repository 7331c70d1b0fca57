/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What connection tracking once told of is compared with it from time to time: an event that was
 * lost, or not listened for, leaves no flow behind. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mono.h"

#include <inttypes.h>
#include <netinet/in.h>
#include <string.h>

#define COMPARE_US    (60 * US_PER_S) /* between two comparisons, but: */
#define COMPARE_SHARE 20              /* at most one part in so many of the time */
#define DUMP_STEP     4               /* datagrams */

void replication_compare_in(struct replication *replication, int64_t delay_us)
{
	int64_t at_us = mono_now_us() + delay_us;

	if (at_us < replication->compare_at_us)
		replication->compare_at_us = at_us;
}

/* What connection tracking once told of, and has no more. How many these are. */
static size_t forget_unseen(struct replication *replication)
{
	size_t count = 0;

	for (size_t i = 0; i < replication->router_count; i++) {
		struct replication_router *router = &replication->routers[i];
		struct model_flow_entry *entry;
		size_t slot = 0;

		if (router->state != MODEL_ROUTER_ACTIVE)
			continue;
		for (; (entry = model_flow_table_from(&router->flows, slot, &slot)); slot++) {
			if (entry->until_s != 0 || entry->seen == replication->comparison)
				continue;
			count++;
			if (entry->flow.protocol == IPPROTO_UDP)
				replication_observe_rest(replication, router, &entry->flow);
			else
				replication_observe_forget(replication, router, &entry->flow);
		}
	}
	replication_observe_flush(replication);
	return count;
}

static void compare_done(struct replication *replication, bool complete)
{
	int64_t now_us = mono_now_us();
	int64_t took_us = now_us - replication->compare_begun_us;
	int64_t pause_us = took_us * COMPARE_SHARE;

	loop_fd_stop(&replication->conntrack_dump);
	replication->comparing = false;
	size_t ended = complete ? forget_unseen(replication) : 0;
	log_debug("peer", "compared with connection tracking ended=%zu ms=%" PRId64, ended,
	          took_us / US_PER_MS);
	replication_compare_in(replication, pause_us > COMPARE_US ? pause_us : COMPARE_US);
}

static void dump_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct replication *replication = lt_container_of(fd, struct replication, conntrack_dump);
	enum conntrack_dump state = CONNTRACK_DUMP_DONE;
	int rc = conntrack_kernel_dump_step(replication->conntrack, DUMP_STEP,
	                                    replication_observe_told, replication, &state);

	replication_observe_flush(replication);
	if (rc < 0)
		log_info("peer", "connection tracking could not be read: %s", strerror(-rc));
	if (rc < 0 || state == CONNTRACK_DUMP_DONE)
		compare_done(replication, rc == 0);
	replication_book_arm(replication);
}

static void compare_begin(struct replication *replication)
{
	replication->compare_at_us = TIME_NEVER;
	replication->compare_begun_us = mono_now_us();
	replication->comparison++;
	int rc = conntrack_kernel_dump_begin(replication->conntrack, replication->virtuals,
	                                     replication->virtual_count);
	if (rc) {
		log_info("peer", "connection tracking could not be read: %s", strerror(-rc));
		replication_compare_in(replication, COMPARE_US);
		return;
	}
	log_debug("peer", "comparing with connection tracking");
	replication->comparing = true;
	replication->conntrack_dump = (struct loop_fd){
		.ready = dump_ready,
		.fd = conntrack_kernel_dump_fd(replication->conntrack),
	};
	loop_fd_start(replication->loop, &replication->conntrack_dump, true, false);
}

void replication_compare_tick(struct replication *replication, int64_t now_us)
{
	if (!replication->comparing && now_us >= replication->compare_at_us)
		compare_begin(replication);
}
