/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What source NAT makes of the flows of a rush, which IPVS does not know.
 *
 * Most get the source that all flows of their virtual address get, and keep their port. A table of
 * nftables (nft/rush.h), there while many connections begin, logs the first packet of each that
 * does not. The kernel logs it before IPVS notes the connection; so once all that was logged has
 * been read, a flow that IPVS told of and that was not logged has the expected source and its own
 * port. That holds for flows whose first packet came after the table did: connection tracking is
 * heard for a while longer. And it holds as long as nothing of what was logged was lost: from such
 * a doubt on until a comparison is over connection tracking tells again. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "nft/rush.h"

#include <errno.h>
#include <stdlib.h>

#define LOG_GROUP  9311 /* of nfnetlink_log; the number of the peers' port */
/* So long both tell: a handshake that began before the table did is over by then, but for those
 * whose packets get lost. */
#define BOTH_US    (300 * US_PER_MS)
/* After a rush IPVS is heeded so much longer: it tells of a connection by then. */
#define LATE_US    (500 * US_PER_MS)
/* Not again for so long where it does not pay: each logged packet costs as much as an event. */
#define REST_US    (60 * US_PER_S)
#define REST_MIN   1000
/* More would have to be written in several transactions, between which it could not be known which
 * of them a packet met. */
#define GROUPS_MAX 400
/* Flows of TCP that were logged and are not established yet, and how long they have for that:
 * connection tracking's own limit. */
#define EARLY_MAX  65536
#define EARLY_S    120

bool replication_translated_is_heeded(const struct replication *replication)
{
	return replication->translated.heeded;
}

bool replication_translated_is_alone(const struct replication *replication)
{
	return replication->translated.heeded && replication->translated.until_us == TIME_NEVER;
}

bool replication_translated_is_there(const struct replication *replication)
{
	return replication->translated.table;
}

/* --- the table and what it logs --- */

static struct nft_rush_source *arrange(const struct replication *replication, size_t *ret_count)
{
	struct nft_rush_source *sources = xcalloc(GROUPS_MAX, sizeof(*sources));
	const struct replication_place *place;
	size_t count = 0, at = 0;

	while ((place = replication_index_foreseeable(&replication->index, at, &at))) {
		if (count < GROUPS_MAX)
			sources[count] = (struct nft_rush_source){
				.virtual = place->address,
				.source = place->expected,
				.protocol = (enum model_protocol)place->protocol,
			};
		count++;
	}
	*ret_count = count;
	return sources;
}

/* How many addresses and protocols there are that it would be written for. */
static size_t count_groups(const struct replication *replication)
{
	size_t count = 0, at = 0;

	while (replication_index_foreseeable(&replication->index, at, &at))
		count++;
	return count;
}

static int write_table(struct replication *replication, struct text *why)
{
	struct replication_translated *translated = &replication->translated;
	size_t count;
	struct nft_rush_source *sources = arrange(replication, &count);
	struct nft_table *table = nft_rush_build(sources, count, LOG_GROUP);
	enum nft_sync outcome;
	int rc = nft_kernel_sync(translated->table, table, &outcome, NULL, why);

	nft_table_free(table);
	free(sources);
	return rc;
}

/* With its socket the kernel removes the table. */
static void take_away(struct replication *replication)
{
	struct replication_translated *translated = &replication->translated;

	loop_fd_stop(&translated->log);
	nft_kernel_close(translated->table);
	translated->table = NULL;
	if (replication->conntrack)
		conntrack_kernel_log_close(replication->conntrack);
	replication_index_expect_nothing(&replication->index);
	model_flow_table_done(&translated->early);
	translated->since_us = translated->until_us = TIME_NEVER;
}

static void log_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct replication *replication = lt_container_of(fd, struct replication, translated.log);

	replication_translated_catch_up(replication);
	replication_observe_told_all(replication);
}

static int put_there(struct replication *replication, struct text *why)
{
	struct replication_translated *translated = &replication->translated;
	int rc = conntrack_kernel_log_open(replication->conntrack, LOG_GROUP, why);

	if (rc)
		return rc;
	replication_index_expect_nothing(&replication->index);
	(void)!replication_index_expect(&replication->index);
	rc = nft_kernel_open_table(NFT_RUSH_TABLE_NAME, &translated->table, why);
	if (rc == 0)
		rc = write_table(replication, why);
	if (rc) {
		take_away(replication);
		return rc;
	}
	translated->log.ready = log_ready;
	translated->log.fd = conntrack_kernel_log_fd(replication->conntrack);
	loop_fd_start(replication->loop, &translated->log, true, false);
	translated->since_us = mono_now_us();
	translated->logged = translated->foreseen = 0;
	return 0;
}

/* --- when --- */

static bool is_wanted(const struct replication *replication, int64_t now_us)
{
	size_t groups;

	if (!replication->rush.on || !replication->sync || !replication->conntrack ||
	    now_us < replication->translated.rest_us)
		return false;
	groups = count_groups(replication);
	return groups > 0 && groups <= GROUPS_MAX;
}

static void begin(struct replication *replication, int64_t now_us)
{
	struct text why = {0};

	if (put_there(replication, &why)) {
		log_notice("peer",
		           "connection tracking tells of all connections with source NAT in a "
		           "rush, too: %s",
		           text_str(&why));
		replication->translated.rest_us = now_us + REST_US;
	}
	text_done(&why);
}

/* It goes a while after connection tracking is heard again, whichever way that came. */
static void leave_in(struct replication_translated *translated, int64_t at_us)
{
	if (translated->until_us == TIME_NEVER)
		translated->until_us = at_us;
}

static void arm(struct replication_translated *translated)
{
	int64_t at_us = translated->until_us;

	if (!translated->heeded && translated->since_us != TIME_NEVER &&
	    translated->since_us + BOTH_US < at_us)
		at_us = translated->since_us + BOTH_US;
	loop_deadline_arm(&translated->change, at_us);
}

static void heed(struct replication *replication, int64_t now_us)
{
	struct replication_translated *translated = &replication->translated;
	bool before = translated->heeded;

	translated->heeded = translated->table && translated->since_us != TIME_NEVER &&
	                     now_us - translated->since_us >= BOTH_US && replication->sync &&
	                     ipvs_sync_status(replication->sync).listening;
	if (translated->heeded != before)
		log_debug("peer", "of connections with source NAT %s",
		          translated->heeded ? "IPVS tells alone" : "connection tracking tells");
	if (translated->heeded && !before)
		translated->logged = translated->foreseen = 0;
}

void replication_translated_update(struct replication *replication)
{
	struct replication_translated *translated = &replication->translated;
	int64_t now_us = mono_now_us();
	bool wanted = is_wanted(replication, now_us);

	if (!translated->table && !wanted)
		return;
	if (!translated->table) {
		begin(replication, now_us);
		replication_listen(replication);
	} else if (wanted) {
		translated->until_us = TIME_NEVER;
	} else {
		leave_in(translated, now_us + LATE_US);
	}
	heed(replication, now_us);
	replication_observe_hear(replication);
	if (translated->table && now_us >= translated->until_us) {
		translated->heeded = false;
		take_away(replication);
		replication_listen(replication);
	}
	arm(translated);
}

static void change(struct loop_deadline *deadline)
{
	replication_translated_update(
		lt_container_of(deadline, struct replication, translated.change));
}

/* Virtual servers are others, or more is known of them. */
void replication_translated_renew(struct replication *replication)
{
	struct replication_translated *translated = &replication->translated;
	struct text why = {0};

	if (translated->table &&
	    (!is_wanted(replication, mono_now_us()) || write_table(replication, &why))) {
		if (text_str(&why)[0])
			log_notice("peer", "the table of a rush can't be written: %s",
			           text_str(&why));
		translated->until_us = 0;
	}
	text_done(&why);
	replication_translated_update(replication);
}

/* Something that was logged is not known. */
static void doubt(struct replication *replication)
{
	struct replication_translated *translated = &replication->translated;

	translated->since_us = TIME_NEVER;
	translated->doubt_us = mono_now_us();
	replication_translated_update(replication);
	replication_observe_lost(replication);
}

void replication_translated_compared(struct replication *replication, int64_t begun_us)
{
	struct replication_translated *translated = &replication->translated;

	if (!translated->table || translated->since_us != TIME_NEVER ||
	    translated->doubt_us >= begun_us)
		return;
	translated->since_us = mono_now_us();
	replication_translated_update(replication);
}

/* --- flows --- */

void replication_translated_catch_up(struct replication *replication)
{
	if (!replication->translated.table)
		return;
	if (conntrack_kernel_log_receive(replication->conntrack, replication_observe_told,
	                                 replication) == -ENOBUFS) {
		log_warn("peer", "nftables logged more than could be read: comparing");
		doubt(replication);
	}
}

void replication_translated_early(struct replication *replication, const struct model_flow *flow)
{
	struct replication_translated *translated = &replication->translated;
	struct model_flow_entry *entry = NULL;

	if (translated->early.count < EARLY_MAX)
		entry = model_flow_table_put(&translated->early, flow, NULL);
	if (entry) {
		entry->put_s = replication_now_s();
		return;
	}
	translated->rest_us = mono_now_us() + REST_US;
	doubt(replication);
}

bool replication_translated_complete(struct replication *replication,
                                     const struct replication_place *place,
                                     const struct model_flow *known, struct model_flow *flow)
{
	struct replication_translated *translated = &replication->translated;
	const struct model_flow_entry *early = model_flow_table_find(&translated->early, flow);
	const struct model_flow *same = early ? &early->flow : known;

	if (same) {
		flow->source = same->source;
		flow->source_port = same->source_port;
		if (early)
			(void)model_flow_table_remove(&translated->early, flow);
		return true;
	}
	if (place->expected.family == ADDR_NONE)
		return false;
	flow->source = place->expected;
	flow->source_port = flow->client_port;
	translated->foreseen++;
	return true;
}

/* Handshakes that came to nothing. */
static void forget_early(struct replication_translated *translated)
{
	uint32_t now_s = replication_now_s();
	struct model_flow_entry *entry;
	size_t slot = 0;

	for (; (entry = model_flow_table_from(&translated->early, slot, &slot)); slot++) {
		struct model_flow flow = entry->flow;

		if (now_s - entry->put_s >= EARLY_S)
			(void)model_flow_table_remove(&translated->early, &flow);
	}
}

void replication_translated_tick(struct replication *replication, int64_t now_us)
{
	struct replication_translated *translated = &replication->translated;

	if (!translated->table) {
		replication_translated_update(replication);
		return;
	}
	forget_early(translated);
	if (translated->heeded && translated->logged >= REST_MIN &&
	    translated->logged > translated->foreseen) {
		log_info("peer", "source NAT changes the ports of most connections: connection "
		                 "tracking tells of them");
		translated->rest_us = now_us + REST_US;
	}
	if (translated->heeded)
		translated->logged = translated->foreseen = 0;
	if (replication_index_expect(&replication->index))
		replication_translated_renew(replication);
	else
		replication_translated_update(replication);
}

/* --- life --- */

int replication_translated_init(struct replication *replication)
{
	struct replication_translated *translated = &replication->translated;

	translated->since_us = translated->until_us = TIME_NEVER;
	translated->early.seed = replication->seed;
	translated->change.expired = change;
	return loop_deadline_init(replication->loop, &translated->change);
}

void replication_translated_close(struct replication *replication)
{
	struct replication_translated *translated = &replication->translated;

	translated->heeded = false;
	if (translated->table)
		take_away(replication);
	translated->rest_us = 0;
	loop_deadline_arm(&translated->change, TIME_NEVER);
}

void replication_translated_done(struct replication *replication)
{
	loop_deadline_done(&replication->translated.change);
}
