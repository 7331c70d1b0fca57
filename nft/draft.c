/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Arrays are on the heap while they grow and move into the table's arena when it is finished, but
 * for the elements of sets, which are many. */

#include "nft/draft.h"

#include "lib/mem.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

void nft_draft_init(struct nft_draft *draft)
{
	*draft = (struct nft_draft){.table = nft_table_new()};
	draft->table->present = true;
}

/* Room for one more in an array of 'count' things. It grows in few steps: what isn't touched costs
 * nothing, unlike what was outgrown. */
static void *grow(void *array, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return array;
	*capacity = *capacity * 4 + 8;
	return xreallocarray(array, *capacity, size);
}

size_t nft_draft_set(struct nft_draft *draft, const char *name,
                     const enum nft_type parts[static NFT_KEY_PARTS_MAX], enum nft_type data)
{
	struct nft_table *table = draft->table;
	size_t index = table->set_count, capacity = draft->set_capacity;
	struct nft_set *set;

	table->sets = grow(table->sets, index, &draft->set_capacity, sizeof(*table->sets));
	draft->element_capacities = grow(draft->element_capacities, index, &capacity,
	                                 sizeof(*draft->element_capacities));
	draft->element_capacities[index] = 0;
	set = &table->sets[index];
	*set = (struct nft_set){.name = arena_strdup(&table->arena, name), .data = data};
	for (unsigned i = 0; i < NFT_KEY_PARTS_MAX && parts[i] != NFT_TYPE_NONE; i++) {
		set->parts[set->part_count++] = parts[i];
		set->key_size += (nft_type_size(parts[i]) + 3) / 4 * 4;
	}
	/* A single value is as long as it is; only in concatenations each part is padded. */
	if (set->part_count == 1)
		set->key_size = nft_type_size(parts[0]);
	table->set_count++;
	return index;
}

struct nft_element *nft_draft_element(struct nft_draft *draft, size_t set)
{
	struct nft_set *s = &draft->table->sets[set];

	s->elements = grow(s->elements, s->element_count, &draft->element_capacities[set],
	                   sizeof(*s->elements));
	s->elements[s->element_count] = (struct nft_element){.comment = NULL};
	return &s->elements[s->element_count++];
}

size_t nft_draft_chain(struct nft_draft *draft, const char *name)
{
	struct nft_table *table = draft->table;
	size_t index = table->chain_count, capacity = draft->chain_capacity;

	table->chains = grow(table->chains, index, &draft->chain_capacity, sizeof(*table->chains));
	draft->rule_capacities =
		grow(draft->rule_capacities, index, &capacity, sizeof(*draft->rule_capacities));
	draft->rule_capacities[index] = 0;
	table->chains[index] = (struct nft_chain){.name = arena_strdup(&table->arena, name)};
	table->chain_count++;
	return index;
}

void nft_draft_chain_hook(struct nft_draft *draft, size_t chain, const char *type, uint32_t hook,
                          int32_t priority)
{
	struct nft_chain *c = &draft->table->chains[chain];

	c->type = arena_strdup(&draft->table->arena, type);
	c->hook = hook;
	c->priority = priority;
}

void nft_draft_chain_ingress(struct nft_draft *draft, size_t chain, const char *device,
                             int32_t priority)
{
	nft_draft_chain_hook(draft, chain, "filter", NF_INET_INGRESS, priority);
	draft->table->chains[chain].device = arena_strdup(&draft->table->arena, device);
}

struct nft_rule *nft_draft_rule(struct nft_draft *draft, size_t chain)
{
	struct nft_chain *c = &draft->table->chains[chain];

	c->rules = grow(c->rules, c->rule_count, &draft->rule_capacities[chain], sizeof(*c->rules));
	c->rules[c->rule_count] = (struct nft_rule){.text = "", .code = ""};
	return &c->rules[c->rule_count++];
}

void nft_draft_note(struct nft_draft *draft, const char *text)
{
	struct nft_table *table = draft->table;

	table->notes =
		grow(table->notes, table->note_count, &draft->note_capacity, sizeof(*table->notes));
	table->notes[table->note_count++] = arena_strdup(&table->arena, text);
}

void nft_draft_clear_elements(struct nft_draft *draft, size_t set)
{
	draft->table->sets[set].element_count = 0;
}

void nft_draft_clear_sets(struct nft_draft *draft)
{
	for (size_t i = 0; i < draft->table->set_count; i++)
		free(draft->table->sets[i].elements);
	draft->table->set_count = 0;
}

void nft_draft_clear_rules(struct nft_draft *draft)
{
	for (size_t i = 0; i < draft->table->chain_count; i++)
		draft->table->chains[i].rule_count = 0;
}

void nft_draft_clear_chains(struct nft_draft *draft)
{
	for (size_t i = 0; i < draft->table->chain_count; i++)
		free(draft->table->chains[i].rules);
	draft->table->chain_count = 0;
}

void nft_draft_done(struct nft_draft *draft)
{
	struct nft_table *table = draft->table;

	if (!table)
		return;
	nft_draft_clear_sets(draft);
	nft_draft_clear_chains(draft);
	free(table->sets);
	free(table->chains);
	free(table->notes);
	free(draft->element_capacities);
	free(draft->rule_capacities);
	nft_table_free(table);
	*draft = (struct nft_draft){0};
}

static int compare_elements(const void *a, const void *b)
{
	const struct nft_element *x = a, *y = b;

	/* Keys shorter than the array end in zeroes. */
	return memcmp(x->key, y->key, sizeof(x->key));
}

static bool is_in_order(const struct nft_set *set)
{
	size_t i = 1;

	while (i < set->element_count &&
	       compare_elements(&set->elements[i - 1], &set->elements[i]) < 0)
		i++;
	return i >= set->element_count;
}

static void sort_elements(struct nft_set *set)
{
	struct nft_element *elements = set->elements;
	size_t kept = 0;

	if (is_in_order(set)) /* as those of services mostly are */
		return;
	qsort(elements, set->element_count, sizeof(*elements), compare_elements);
	for (size_t i = 0; i < set->element_count; i++) {
		if (kept > 0 && compare_elements(&elements[kept - 1], &elements[i]) == 0)
			continue;
		elements[kept++] = elements[i];
	}
	set->element_count = kept;
}

static void finish_set(struct nft_set *set)
{
	sort_elements(set);
	if (set->elements)
		set->elements =
			xreallocarray(set->elements, set->element_count, sizeof(*set->elements));
}

/* Moves an array from the heap into the arena. */
static void *settle(struct arena *arena, void *array, size_t count, size_t size)
{
	void *copy = arena_memdup(arena, array, count * size);

	free(array);
	return copy;
}

struct nft_table *nft_draft_finish(struct nft_draft *draft)
{
	struct nft_table *table = draft->table;
	struct arena *arena = &table->arena;

	for (size_t i = 0; i < table->set_count; i++)
		finish_set(&table->sets[i]);
	for (size_t i = 0; i < table->chain_count; i++) {
		struct nft_chain *chain = &table->chains[i];

		chain->rules =
			settle(arena, chain->rules, chain->rule_count, sizeof(*chain->rules));
	}
	table->sets = settle(arena, table->sets, table->set_count, sizeof(*table->sets));
	table->chains = settle(arena, table->chains, table->chain_count, sizeof(*table->chains));
	table->notes = settle(arena, table->notes, table->note_count, sizeof(*table->notes));
	free(draft->element_capacities);
	free(draft->rule_capacities);
	*draft = (struct nft_draft){0};
	return table;
}
