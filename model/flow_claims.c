/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/flow_claims.h"

#include "lib/mem.h"
#include "model/flow_hash.h"

#include <netinet/in.h>
#include <stdlib.h>

#define SIZE_MIN 1024

/* Does its server see a source of its own of it? A UDP flow that is CLOSING is one that connection
 * tracking has forgotten. */
static bool has_source(const struct model_flow *flow)
{
	return flow->source.family != ADDR_NONE && !flow->template &&
	       !(flow->protocol == IPPROTO_UDP && flow->state == MODEL_FLOW_CLOSING);
}

/* Where to begin. */
static size_t start_of(const struct model_flow_claims *claims, const struct model_flow_table *table,
                       const struct model_flow *flow)
{
	uint64_t ports = (uint64_t)flow->protocol << 32 | (uint32_t)flow->source_port << 16 |
	                 flow->server_port;
	uint64_t hash = model_flow_hash_mix(model_flow_hash_mix(table->seed, ports),
	                                    model_flow_hash_word(flow->server.bytes));

	if (flow->server.family == ADDR_IPV6)
		hash = model_flow_hash_mix(hash, model_flow_hash_word(flow->server.bytes + 8));
	return (size_t)hash & (claims->size - 1);
}

static bool is_same_to_server(const struct model_flow *a, const struct model_flow *b)
{
	return a->source_port == b->source_port && a->protocol == b->protocol &&
	       addr_equal(&a->source, &b->source) && model_flow_same_server(a, b);
}

static void put(struct model_flow_claims *claims, const struct model_flow_table *table,
                struct model_flow_entry *entry)
{
	size_t at = start_of(claims, table, &entry->flow);

	while (claims->slots[at] && claims->slots[at] != entry && claims->slots[at]->used)
		at = (at + 1) & (claims->size - 1);
	claims->used += !claims->slots[at];
	claims->slots[at] = entry;
}

/* Of what has gone nothing is kept, so it need not become larger. A walk over all slots of the
 * table has to be worth it, also when few of them are in use any more. */
static void renew(struct model_flow_claims *claims, const struct model_flow_table *table)
{
	struct model_flow_entry *entry;
	size_t slot = 0;

	free(claims->slots);
	claims->size = SIZE_MIN;
	while (claims->size < 4 * table->count || claims->size < table->slot_count)
		claims->size *= 2;
	claims->slots = xcalloc(claims->size, sizeof(struct model_flow_entry *));
	claims->used = 0;
	claims->life = table->life;
	for (; (entry = model_flow_table_from(table, slot, &slot)); slot++) {
		if (has_source(&entry->flow))
			put(claims, table, entry);
	}
}

void model_flow_claims_done(struct model_flow_claims *claims)
{
	free(claims->slots);
	*claims = (struct model_flow_claims){0};
}

void model_flow_claims_add(struct model_flow_claims *claims, const struct model_flow_table *table,
                           struct model_flow_entry *entry)
{
	if (!has_source(&entry->flow))
		return;
	if (claims->used >= claims->size / 2 || claims->life != table->life)
		renew(claims, table); /* it is among the table's */
	else
		put(claims, table, entry);
}

struct model_flow_entry *model_flow_claims_other(const struct model_flow_claims *claims,
                                                 const struct model_flow_table *table,
                                                 const struct model_flow *flow)
{
	size_t at;

	if (claims->size == 0 || claims->life != table->life)
		return NULL;
	at = start_of(claims, table, flow);
	for (; claims->slots[at]; at = (at + 1) & (claims->size - 1)) {
		struct model_flow_entry *other = claims->slots[at];

		if (other->used && has_source(&other->flow) &&
		    is_same_to_server(&other->flow, flow) &&
		    model_flow_compare(&other->flow, flow) != 0)
			return other;
	}
	return NULL;
}
