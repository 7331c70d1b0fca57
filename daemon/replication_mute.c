/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rush with source NAT: connection tracking is made silent on flows of which all is known that
 * IPVS does not tell (nft/rush.h), and IPVS is asked to tell of them.
 *
 * IPVS's word on a flow is held until what connection tracking told meanwhile has been read, so one
 * that it is not silent on is known by then, with its true port. That holds as long as no event was
 * lost: from a doubt on until a comparison that began after it is over nothing is silent, and
 * IPVS's words are not heeded. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <stdlib.h>
#include <string.h>

/* What IPVS tells of a packet may be read before the packet has left, and connection tracking has
 * told of it: as long as that may take. */
#define HOLD_US  (10 * US_PER_MS)
#define HELD_MAX 32768

static void forget_held(struct replication_mute *mute)
{
	free(mute->held);
	mute->held = NULL;
	mute->held_count = mute->held_settled = mute->held_room = 0;
}

/* --- the table --- */

static void tell_silence(struct replication_mute *mute, const struct nft_rush_source *sources,
                         size_t count)
{
	size_t silent = 0;

	for (size_t i = 0; i < count; i++)
		silent += sources[i].silent;
	if (silent != mute->silent)
		log_debug("peer", "connection tracking is silent where IPVS can tell addresses=%zu",
		          silent);
	mute->silent = silent;
}

static int write_table(struct replication_mute *mute, int64_t now_us, struct text *why)
{
	size_t count = 0;
	int64_t next_us = TIME_NEVER;
	struct nft_rush_source *sources = NULL;
	struct nft_table *table;
	enum nft_sync outcome;
	int rc = 0;

	if (mute->stage == REPLICATION_MUTE_OFF)
		replication_sources_rest(&mute->sources);
	else
		sources = replication_sources_arrange(&mute->sources,
		                                      mute->stage == REPLICATION_MUTE_ON, now_us,
		                                      &count, &next_us);
	if (mute->stage == REPLICATION_MUTE_ENDING)
		next_us = mute->since_us + REPLICATION_SOURCES_LATE_US;
	loop_deadline_arm(&mute->change, next_us);
	table = nft_rush_build(sources, count);
	if (!mute->kernel)
		rc = nft_kernel_open_table(NFT_RUSH_TABLE_NAME, &mute->kernel, why);
	if (rc == 0)
		rc = nft_kernel_sync(mute->kernel, table, &outcome, NULL, why);
	if (rc == 0)
		tell_silence(mute, sources, count);
	nft_table_free(table);
	free(sources);
	return rc;
}

/* With its socket the kernel removes the table, if it is still there. */
static void close_table(struct replication_mute *mute)
{
	nft_kernel_close(mute->kernel);
	mute->kernel = NULL;
}

static void set_stage(struct replication_mute *mute, enum replication_mute_stage stage,
                      int64_t now_us)
{
	struct text why = {0};

	if (mute->stage != stage)
		mute->since_us = now_us;
	mute->stage = stage;
	if (write_table(mute, now_us, &why)) {
		log_notice(
			"peer",
			"connection tracking tells of all connections with source NAT in a rush, "
			"too: %s",
			text_str(&why));
		mute->refused = stage != REPLICATION_MUTE_OFF;
		mute->stage = REPLICATION_MUTE_OFF;
		replication_sources_rest(&mute->sources);
		tell_silence(mute, NULL, 0);
		loop_deadline_arm(&mute->change, TIME_NEVER);
	}
	if (mute->stage == REPLICATION_MUTE_OFF)
		close_table(mute);
	text_done(&why);
}

static bool is_wanted(const struct replication *replication)
{
	const struct replication_mute *mute = &replication->mute;

	return replication->rush.on && replication->sync && replication->conntrack &&
	       !mute->refused && mute->doubt_us == TIME_NEVER &&
	       replication_sources_any(&mute->sources);
}

static void update(struct replication *replication, bool due)
{
	struct replication_mute *mute = &replication->mute;
	bool wanted = is_wanted(replication);
	int64_t now_us = mono_now_us();
	enum replication_mute_stage stage = mute->stage;

	switch (mute->stage) {
	case REPLICATION_MUTE_OFF:
		if (!wanted)
			return;
		mute->listening = true;
		if (replication_listen(replication))
			return; /* told as a problem with the next tick, and tried again */
		stage = REPLICATION_MUTE_ON;
		break;
	case REPLICATION_MUTE_ON:
		if (!wanted)
			stage = mute->doubt_us == TIME_NEVER ? REPLICATION_MUTE_ENDING
			                                     : REPLICATION_MUTE_OFF;
		break;
	case REPLICATION_MUTE_ENDING:
		if (wanted)
			stage = REPLICATION_MUTE_ON;
		else if (mute->doubt_us != TIME_NEVER ||
		         now_us - mute->since_us >= REPLICATION_SOURCES_LATE_US)
			stage = REPLICATION_MUTE_OFF;
		break;
	}
	/* Then IPVS need not tell of those that are left. */
	if (stage == REPLICATION_MUTE_OFF && replication->rush.on)
		replication_compare_in(replication, 0);
	if (due || stage != mute->stage || mute->sources.changed)
		set_stage(mute, stage, now_us);
}

void replication_mute_update(struct replication *replication)
{
	update(replication, false);
}

static void change(struct loop_deadline *deadline)
{
	update(lt_container_of(deadline, struct replication, mute.change), true);
}

void replication_mute_close(struct replication *replication)
{
	struct replication_mute *mute = &replication->mute;

	if (mute->stage != REPLICATION_MUTE_OFF)
		set_stage(mute, REPLICATION_MUTE_OFF, mono_now_us());
	loop_deadline_arm(&mute->settle, TIME_NEVER);
	forget_held(mute);
	replication_sources_done(&mute->sources);
	mute->listening = mute->refused = false;
	mute->doubt_us = 0;
}

void replication_mute_done(struct replication *replication)
{
	loop_deadline_done(&replication->mute.settle);
	loop_deadline_done(&replication->mute.change);
}

/* --- what is not known --- */

void replication_mute_doubt(struct replication *replication)
{
	replication->mute.doubt_us = mono_now_us();
	replication->mute.held_count = replication->mute.held_settled = 0;
	replication_mute_update(replication);
}

void replication_mute_compared(struct replication *replication, int64_t begun_us)
{
	struct replication_mute *mute = &replication->mute;

	if (mute->doubt_us < begun_us)
		mute->doubt_us = TIME_NEVER;
	/* Of the silent ones connection tracking has told as well now. */
	if (mute->stage == REPLICATION_MUTE_OFF && !is_wanted(replication) &&
	    mute->since_us < begun_us)
		mute->listening = false;
	replication_mute_update(replication);
}

void replication_mute_tick(struct replication *replication, int64_t now_us)
{
	struct replication_mute *mute = &replication->mute;

	replication_sources_look(&mute->sources, now_us);
	replication_mute_update(replication);
	if (mute->stage == REPLICATION_MUTE_OFF && !mute->held_count)
		forget_held(mute);
}

/* --- IPVS's words --- */

void replication_mute_hold(struct replication *replication, const struct model_flow *flow)
{
	struct replication_mute *mute = &replication->mute;

	if (mute->stage == REPLICATION_MUTE_OFF)
		return;
	if (mute->held_count == HELD_MAX) {
		replication_mute_doubt(replication);
		replication_compare_in(replication, 0);
		return;
	}
	if (mute->held_count == mute->held_room) {
		mute->held_room = mute->held_room ? 2 * mute->held_room : 256;
		mute->held = xreallocarray(mute->held, mute->held_room, sizeof(*mute->held));
	}
	mute->held[mute->held_count++] = *flow;
}

/* IPVS's word on a flow, now that connection tracking has had its say. */
static void judge(struct replication *replication, const struct model_flow *word)
{
	const struct replication_place *place =
		replication_index_find_flow(&replication->index, word);
	struct model_flow flow = *word;
	uint32_t now_s = replication_now_s();
	const struct model_flow_entry *entry;
	const struct addr *source;

	if (!place || replication->routers[place->router].state != MODEL_ROUTER_ACTIVE ||
	    !replication_is_foreseeable(replication, place))
		return;
	entry = model_flow_table_find(&replication->routers[place->router].flows, &flow);
	source = replication_sources_foresee(&replication->mute.sources, &flow);
	switch (replication_word_judge(entry, entry ? entry->put_s : 0, &flow, source, now_s)) {
	case REPLICATION_WORD_IGNORED:
		return;
	case REPLICATION_WORD_KEEPS:
		flow.source = entry->flow.source;
		flow.source_port = entry->flow.source_port;
		break;
	case REPLICATION_WORD_FORESEEN:
		flow.source = *source;
		replication_sources_count(&replication->mute.sources, &flow);
		flow.source_port = flow.client_port;
		break;
	}
	replication_observe_word(replication, place, &flow, now_s);
}

/* Those that were read before the last reading, which was long enough ago. */
static void settle_some(struct replication *replication, size_t count)
{
	struct replication_mute *mute = &replication->mute;

	/* The first doubt, which reading may raise, empties it. */
	replication_observe_catch_up(replication);
	if (count > mute->held_count)
		return;
	for (size_t i = 0; i < count && mute->held_count; i++)
		judge(replication, &mute->held[i]);
	if (count > mute->held_count)
		return;
	mute->held_count -= count;
	memmove(mute->held, mute->held + count, mute->held_count * sizeof(*mute->held));
}

static void due(struct loop_deadline *deadline)
{
	struct replication *replication =
		lt_container_of(deadline, struct replication, mute.settle);
	struct replication_mute *mute = &replication->mute;

	if (!replication->conntrack)
		return;
	settle_some(replication, mute->held_count);
	mute->held_settled = 0;
	replication_observe_flush(replication);
	replication_book_arm(replication);
}

void replication_mute_settle(struct replication *replication)
{
	struct replication_mute *mute = &replication->mute;
	int64_t now_us = mono_now_us();

	if (!mute->held_count)
		return;
	if (mute->held_settled && now_us - mute->held_us >= HOLD_US)
		settle_some(replication, mute->held_settled);
	mute->held_settled = mute->held_count;
	mute->held_us = now_us;
	if (mute->held_count)
		loop_deadline_arm(&mute->settle, now_us + 2 * HOLD_US);
}

int replication_mute_init(struct replication *replication)
{
	struct replication_mute *mute = &replication->mute;
	int rc;

	mute->settle.expired = due;
	mute->change.expired = change;
	mute->doubt_us = 0;
	rc = loop_deadline_init(replication->loop, &mute->settle);
	if (rc == 0)
		rc = loop_deadline_init(replication->loop, &mute->change);
	return rc;
}
