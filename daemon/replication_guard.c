/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guard stands for every virtual router that is not ours, so that a takeover need not wait for
 * it; for one that has become ours it ends a while after, in the kernel by itself. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <stdlib.h>

/* Others may have removed it. */
#define LOOK_US (10 * US_PER_S)

static bool open_guard(struct replication *replication)
{
	struct text why = {0};

	if (!replication->guard &&
	    nft_kernel_open_table(NFT_GUARD_TABLE_NAME, &replication->guard, &why)) {
		log_warn("peer", "no takeover guard: %s", text_str(&why));
		text_done(&why);
		return false;
	}
	return true;
}

/* The routers to be guarded, and when that changes by itself. */
static size_t choose(struct replication *replication, int64_t now_us,
                     struct nft_guard_router *guarded)
{
	size_t count = 0;

	replication->guard_at_us = now_us + LOOK_US;
	for (size_t i = 0; i < replication->router_count; i++) {
		const struct replication_router *router = &replication->routers[i];
		int64_t until_us = TIME_NEVER;

		if (router->state == MODEL_ROUTER_ACTIVE)
			until_us = router->active_us + NFT_GUARD_EXPIRY_US;
		if (until_us <= now_us)
			continue;
		if (until_us < replication->guard_at_us)
			replication->guard_at_us = until_us;
		guarded[count++] = (struct nft_guard_router){
			.router = replication->snapshot->routers[i], .until_us = until_us};
	}
	return count;
}

static int write_guard(struct replication *replication, const struct nft_guard_router *guarded,
                       size_t count, int64_t now_us, enum nft_sync *ret_outcome, struct text *why)
{
	const struct nft_guard_private private = {
		.interface = IPVS_SYNC_INTERFACE,
		.port = IPVS_SYNC_IN_PORT,
		.mark = IPVS_SYNC_MARK,
		.no_ingress = replication->guard_no_ingress,
	};
	struct nft_table *wanted = nft_guard_build(replication->snapshot, guarded, count,
	                                           replication->sync ? &private : NULL, now_us);
	int rc = nft_kernel_sync(replication->guard, wanted, ret_outcome, NULL, why);

	nft_table_free(wanted);
	return rc;
}

void replication_guard_update(struct replication *replication, int64_t now_us)
{
	struct nft_guard_router *guarded;
	struct text why = {0};
	enum nft_sync outcome;
	int rc;

	if (!replication->snapshot ||
	    (!replication->guard_due && now_us < replication->guard_at_us))
		return;
	if (!open_guard(replication)) {
		replication->guard_at_us = now_us + LOOK_US;
		replication->guard_due = false;
		return;
	}
	guarded = xcalloc(replication->router_count + 1, sizeof(*guarded));
	size_t count = choose(replication, now_us, guarded);
	rc = write_guard(replication, guarded, count, now_us, &outcome, &why);
	if (rc && replication->sync && !replication->guard_no_ingress) {
		text_clear(&why);
		replication->guard_no_ingress = true;
		rc = write_guard(replication, guarded, count, now_us, &outcome, &why);
		if (rc) /* that was not the reason */
			replication->guard_no_ingress = false;
	}
	if (rc)
		log_warn("peer", "takeover guard: %s", text_str(&why));
	else if (outcome == NFT_SYNC_WRITTEN)
		log_info("peer", "takeover guard written routers=%zu", count);
	if (nft_kernel_refusal(replication->guard))
		log_notice(
			"peer",
			"takeover guard made anew, elements could not be exchanged because=\"%s\"",
			nft_kernel_refusal(replication->guard));
	replication->guard_due = false;
	free(guarded);
	text_done(&why);
}

void replication_guard_close(struct replication *replication, bool clean)
{
	struct text why = {0};

	if (replication->guard && clean && nft_kernel_remove(replication->guard, &why))
		log_warn("peer", "takeover guard: %s", text_str(&why));
	nft_kernel_close(replication->guard);
	replication->guard = NULL;
	text_done(&why);
}
