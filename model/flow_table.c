/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/flow_table.h"

#include "lib/mem.h"
#include "model/flow_hash.h"

#include <stdlib.h>

/* Each part is mixed in by itself: what is laid upon an address hides how it differs, and clients
 * and ports that count up together would meet in few buckets. Of IPv4 the bytes behind the first
 * eight are 0: nothing to mix. */
static uint32_t hash_of(const struct model_flow_table *table, const struct model_flow *flow)
{
	uint64_t ports = (uint64_t)flow->protocol << 40 | (uint64_t)flow->template << 32 |
	                 (uint32_t)flow->client_port << 16 | flow->virtual_port;
	uint64_t hash = model_flow_hash_mix(model_flow_hash_mix(table->seed, ports),
	                                    model_flow_hash_word(flow->client.bytes));

	hash = model_flow_hash_mix(hash, model_flow_hash_word(flow->virtual.bytes));
	if (flow->client.family == ADDR_IPV6)
		hash = model_flow_hash_mix(
			model_flow_hash_mix(hash, model_flow_hash_word(flow->client.bytes + 8)),
			model_flow_hash_word(flow->virtual.bytes + 8));
	return (uint32_t)hash;
}

static struct model_flow_entry *entry_at(const struct model_flow_table *table, size_t slot)
{
	return &table->parts[slot / MODEL_FLOW_TABLE_PART][slot % MODEL_FLOW_TABLE_PART];
}

/* What model_flow_compare() finds equal, in no order. */
static bool is_same(const struct model_flow *a, const struct model_flow *b)
{
	return a->client_port == b->client_port && a->virtual_port == b->virtual_port &&
	       a->protocol == b->protocol && a->template == b->template &&
	       addr_equal(&a->client, &b->client) && addr_equal(&a->virtual, &b->virtual);
}

/* What leads to the flow, or the 0 at the end of its bucket. */
static uint32_t *link_at(const struct model_flow_table *table, const struct model_flow *flow,
                         uint32_t hash)
{
	uint32_t *link = &table->buckets[hash & (table->bucket_count - 1)];

	while (*link && !is_same(&entry_at(table, *link - 1)->flow, flow))
		link = &entry_at(table, *link - 1)->next;
	return link;
}

static uint32_t *link_to(const struct model_flow_table *table, const struct model_flow *flow)
{
	return link_at(table, flow, hash_of(table, flow));
}

static void rehash(struct model_flow_table *table, size_t bucket_count)
{
	free(table->buckets);
	table->buckets = xcalloc(bucket_count, sizeof(*table->buckets));
	table->bucket_count = bucket_count;
	for (size_t slot = 0; slot < table->slot_count; slot++) {
		struct model_flow_entry *entry = entry_at(table, slot);
		uint32_t *bucket;

		if (!entry->used)
			continue;
		bucket = &table->buckets[hash_of(table, &entry->flow) & (bucket_count - 1)];
		entry->next = *bucket;
		*bucket = (uint32_t)slot + 1;
	}
}

/* One part more; a doubling of the buckets when there are more slots than them. */
static void grow(struct model_flow_table *table)
{
	size_t buckets = table->bucket_count ? table->bucket_count : MODEL_FLOW_TABLE_PART;

	table->parts = xreallocarray(table->parts, table->part_count + 1, sizeof(*table->parts));
	table->parts[table->part_count++] =
		xreallocarray(NULL, MODEL_FLOW_TABLE_PART, sizeof(**table->parts));
	while (buckets < table->part_count * MODEL_FLOW_TABLE_PART)
		buckets *= 2;
	if (buckets != table->bucket_count)
		rehash(table, buckets);
}

void model_flow_table_done(struct model_flow_table *table)
{
	for (size_t i = 0; i < table->part_count; i++)
		free(table->parts[i]);
	free(table->parts);
	free(table->buckets);
	*table = (struct model_flow_table){.seed = table->seed, .life = table->life + 1};
}

struct model_flow_entry *model_flow_table_find(const struct model_flow_table *table,
                                               const struct model_flow *flow)
{
	uint32_t found = table->bucket_count ? *link_to(table, flow) : 0;

	return found ? entry_at(table, found - 1) : NULL;
}

static uint32_t take_slot(struct model_flow_table *table)
{
	uint32_t slot;

	if (table->free) {
		slot = table->free - 1;
		table->free = entry_at(table, slot)->next;
		return slot;
	}
	if (table->slot_count == table->part_count * MODEL_FLOW_TABLE_PART)
		grow(table);
	return (uint32_t)table->slot_count++;
}

struct model_flow_entry *model_flow_table_reach(struct model_flow_table *table,
                                                const struct model_flow *flow, bool *ret_new)
{
	uint32_t hash = hash_of(table, flow);
	uint32_t *link = table->bucket_count ? link_at(table, flow, hash) : NULL;
	size_t buckets = table->bucket_count;
	struct model_flow_entry *entry;
	uint32_t slot;

	if (link && *link) {
		*ret_new = false;
		return entry_at(table, *link - 1);
	}
	if (table->count == MODEL_FLOW_TABLE_MAX)
		return NULL;
	slot = take_slot(table);
	if (!link || buckets != table->bucket_count) /* they are others */
		link = link_at(table, flow, hash);
	*link = slot + 1;
	entry = entry_at(table, slot);
	/* Each member by itself: the flow, which is nearly all of it, is copied once. */
	entry->flow = *flow;
	entry->generation = entry->until_s = entry->put_s = 0;
	entry->next = 0;
	entry->place = 0;
	entry->seen = 0;
	entry->used = true;
	table->count++;
	*ret_new = true;
	return entry;
}

struct model_flow_entry *model_flow_table_put(struct model_flow_table *table,
                                              const struct model_flow *flow, bool *ret_new)
{
	bool new;
	struct model_flow_entry *entry = model_flow_table_reach(table, flow, &new);

	if (entry && !new)
		entry->flow = *flow;
	if (entry && ret_new)
		*ret_new = new;
	return entry;
}

bool model_flow_table_remove(struct model_flow_table *table, const struct model_flow *flow)
{
	struct model_flow_entry *entry;
	uint32_t *link, slot;

	if (!table->bucket_count)
		return false;
	link = link_to(table, flow);
	if (!*link)
		return false;
	slot = *link - 1;
	entry = entry_at(table, slot);
	*link = entry->next;
	entry->used = false;
	entry->next = table->free;
	table->free = slot + 1;
	if (--table->count == 0)
		model_flow_table_done(table);
	return true;
}

struct model_flow_entry *model_flow_table_from(const struct model_flow_table *table, size_t slot,
                                               size_t *ret_slot)
{
	for (; slot < table->slot_count; slot++) {
		struct model_flow_entry *entry = entry_at(table, slot);

		if (!entry->used)
			continue;
		*ret_slot = slot;
		return entry;
	}
	return NULL;
}

size_t model_flow_table_memory(const struct model_flow_table *table)
{
	return table->part_count *
	               (MODEL_FLOW_TABLE_PART * sizeof(**table->parts) + sizeof(*table->parts)) +
	       table->bucket_count * sizeof(*table->buckets);
}
