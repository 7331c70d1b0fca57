/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/replication_sources.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <stdlib.h>
#include <string.h>

const char *replication_word_name(enum replication_word word)
{
	switch (word) {
	case REPLICATION_WORD_IGNORED:
		return "ignored";
	case REPLICATION_WORD_KEEPS:
		return "keeps";
	case REPLICATION_WORD_FORESEEN:
		return "foreseen";
	}
	return "unknown";
}

void replication_sources_done(struct replication_sources *sources)
{
	free(sources->items);
	*sources = (struct replication_sources){0};
}

static int compare_to(const struct replication_source *source, const struct model_flow *flow)
{
	int order = (int)source->is.protocol - flow->protocol;

	return order ? order : addr_compare(&source->is.virtual, &flow->virtual);
}

/* Where it is, or would be. */
static size_t place_of(const struct replication_sources *sources, const struct model_flow *flow,
                       bool *ret_there)
{
	size_t low = 0, high = sources->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = compare_to(&sources->items[middle], flow);

		if (order == 0) {
			*ret_there = true;
			return middle;
		}
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*ret_there = false;
	return low;
}

void replication_sources_note(struct replication_sources *sources, const struct model_flow *flow)
{
	bool there;
	size_t place = place_of(sources, flow, &there);
	struct replication_source *items;

	if (there) {
		sources->items[place].others +=
			sources->items[place].muted ||
			!addr_equal(&sources->items[place].is.source, &flow->source);
		return;
	}
	if (flow->source.family != flow->virtual.family ||
	    sources->count == REPLICATION_SOURCES_MAX)
		return;
	items = xreallocarray(sources->items, sources->count + 1, sizeof(*items));
	memmove(items + place + 1, items + place, (sources->count - place) * sizeof(*items));
	items[place] = (struct replication_source){
		.is = {.virtual = flow->virtual,
	               .source = flow->source,
	               .protocol = (enum model_protocol)flow->protocol},
		.guarded_us = TIME_NEVER,
		.left_us = TIME_NEVER,
	};
	sources->items = items;
	sources->count++;
	sources->changed = true;
}

const struct addr *replication_sources_foresee(const struct replication_sources *sources,
                                               const struct model_flow *flow)
{
	bool there;
	size_t place = place_of(sources, flow, &there);

	if (!there || !sources->items[place].is.silent)
		return NULL;
	return &sources->items[place].is.source;
}

void replication_sources_count(struct replication_sources *sources, const struct model_flow *flow)
{
	bool there;
	size_t place = place_of(sources, flow, &there);

	if (there)
		sources->items[place].same++;
}

void replication_sources_look(struct replication_sources *sources, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < sources->count; i++) {
		struct replication_source source = sources->items[i];

		if (source.left_us == TIME_NEVER && !source.fresh && source.others > source.same) {
			source.left_us = now_us;
			sources->changed = true;
		}
		if (source.left_us != TIME_NEVER &&
		    now_us - source.left_us > REPLICATION_SOURCES_REST_US)
			continue;
		if (source.left_us != TIME_NEVER && !source.over &&
		    now_us - source.left_us > REPLICATION_SOURCES_LATE_US) {
			source.over = true;
			source.is.silent = false;
			sources->changed = true;
		}
		source.fresh = false;
		source.same = source.others = 0;
		sources->items[kept++] = source;
	}
	sources->count = kept;
}

struct nft_rush_source *replication_sources_arrange(struct replication_sources *sources, bool rush,
                                                    int64_t now_us, size_t *ret_count,
                                                    int64_t *ret_next_us)
{
	struct nft_rush_source *arranged = xcalloc(sources->count + 1, sizeof(*arranged));
	size_t count = 0;

	*ret_next_us = TIME_NEVER;
	for (size_t i = 0; i < sources->count; i++) {
		struct replication_source *source = &sources->items[i];
		int64_t silent_us;
		bool muted;

		if (source->over)
			continue;
		if (source->guarded_us == TIME_NEVER)
			source->guarded_us = now_us;
		silent_us = source->guarded_us + REPLICATION_SOURCES_OLD_US;
		if (rush && source->left_us == TIME_NEVER) {
			if (silent_us <= now_us)
				source->is.silent = true;
			else if (silent_us < *ret_next_us)
				*ret_next_us = silent_us;
		}
		muted = source->is.silent && rush && source->left_us == TIME_NEVER;
		source->fresh |= muted && !source->muted;
		source->muted = muted;
		arranged[count] = source->is;
		arranged[count++].silent = source->muted;
	}
	sources->changed = false;
	*ret_count = count;
	return arranged;
}

bool replication_sources_any(const struct replication_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		if (sources->items[i].left_us == TIME_NEVER)
			return true;
	}
	return false;
}

void replication_sources_rest(struct replication_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++) {
		sources->items[i].guarded_us = TIME_NEVER;
		sources->items[i].is.silent = false;
		sources->items[i].muted = false;
	}
}

/* Another flow than the one that is known, with the same ports: it began when that was over. */
static bool is_another(const struct model_flow *known, const struct model_flow *word)
{
	return !addr_equal(&known->server, &word->server) ||
	       known->server_port != word->server_port ||
	       (known->state == MODEL_FLOW_CLOSING && word->state != MODEL_FLOW_CLOSING);
}

enum replication_word replication_word_judge(const struct model_flow_entry *entry, uint32_t told_s,
                                             const struct model_flow *word, bool foreseen,
                                             uint32_t now_s)
{
	if (entry && !is_another(&entry->flow, word))
		return REPLICATION_WORD_KEEPS;
	/* It may be the flow before the one that connection tracking has just told of. */
	if (entry && told_s && now_s - told_s <= REPLICATION_SOURCES_LATE_S)
		return REPLICATION_WORD_IGNORED;
	/* Of a flow that connection tracking told the end of the last word may come late. */
	if (!foreseen || word->state == MODEL_FLOW_CLOSING)
		return REPLICATION_WORD_IGNORED;
	return REPLICATION_WORD_FORESEEN;
}
