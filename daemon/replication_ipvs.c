/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPVS's sync daemons: when they run, and to whom goes what they say. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mono.h"

static void sync_seen(void *ctx, const struct model_flow *flows, size_t count)
{
	replication_observe_seen(ctx, flows, count);
}

static void sync_read(void *ctx)
{
	replication_observe_told_all(ctx);
}

static void sync_lost(void *ctx, enum ipvs_sync_loss loss)
{
	struct replication *replication = ctx;

	log_warn("peer", "messages between IPVS and us were lost direction=%s",
	         ipvs_sync_loss_name(loss));
	if (loss == IPVS_SYNC_LOST_IN)
		replication_replica_renew(replication);
	else
		replication_compare_in(replication, 0);
}

static void sync_drained(void *ctx)
{
	struct replication *replication = ctx;

	if (replication->behind)
		loop_deadline_arm(&replication->tick, mono_now_us());
}

/* The family of which there are virtual servers that IPVS has to tell of: of both, that of more.
 * Without any it need not tell at all, which would cost something with each new connection. */
static enum addr_family family_of(const struct replication *replication)
{
	size_t count = 0, count4 = 0;

	for (size_t i = 0; i < replication->index.count; i++) {
		const struct replication_place *place = &replication->index.places[i];

		if (!replication_needs_ipvs(replication, place) &&
		    !replication_is_told_twice(replication, place))
			continue;
		count++;
		count4 += place->address.family == ADDR_IPV4;
	}
	if (count == 0)
		return ADDR_NONE;
	return 2 * count4 >= count ? ADDR_IPV4 : ADDR_IPV6;
}

void replication_ipvs_expect(struct replication *replication)
{
	bool many = replication->rush.on;

	for (size_t i = 0; many && i < replication->index.count; i++)
		many = !replication_needs_ipvs(replication, &replication->index.places[i]);
	if (replication->sync)
		ipvs_sync_expect(replication->sync, many);
}

bool replication_ipvs_listen(struct replication *replication)
{
	return ipvs_sync_listen(replication->sync, family_of(replication)) == 0;
}

void replication_ipvs_open(struct replication *replication)
{
	const struct ipvs_sync_handler handler = {
		.seen = sync_seen,
		.read = sync_read,
		.lost = sync_lost,
		.drained = sync_drained,
		.ctx = replication,
	};
	char why[IPVS_SYNC_TEXT_SIZE];
	bool was_open = replication->sync;
	int rc = 0;

	if (!was_open)
		rc = ipvs_sync_open(replication->loop, &handler, &replication->sync);
	if (rc == 0 && !was_open)
		replication_adopt_begin(replication);
	if (rc == 0)
		rc = ipvs_sync_listen(replication->sync, family_of(replication));
	if (rc)
		problems_add(&replication->problems, "IPVS connections can't be replicated: %s",
		             ipvs_sync_open_text(rc, why));
}
