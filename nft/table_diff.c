/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/table_diff.c - what tells two tables apart, in lines a person can read.
 *
 * Sets and chains are paired by name, elements by key, rules by their instructions: a rule that
 * stands in both at the same place in the order of those common to both is no change. */

#include "nft/table.h"

#include <string.h>

struct diff {
	struct text *out;
	size_t count;
};

static void say(struct diff *diff, char sign, const char *kind, const char *name, const char *what)
{
	diff->count++;
	if (!diff->out)
		return;
	text_printf(diff->out, "%c %s %s%s%s\n", sign, kind, name, *what ? ": " : "", what);
}

static bool same_text(const char *a, const char *b)
{
	return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

/* --- sets --- */

/* As nft_table_set(), quick when both tables have it at the same place. */
static const struct nft_set *find_set(const struct nft_table *table, size_t place, const char *name)
{
	if (place < table->set_count && strcmp(table->sets[place].name, name) == 0)
		return &table->sets[place];
	return nft_table_set(table, name);
}

static const char *set_kind(const struct nft_set *set)
{
	return set->data == NFT_TYPE_NONE ? "set" : "map";
}

static bool same_set_type(const struct nft_set *a, const struct nft_set *b)
{
	return a->part_count == b->part_count && a->data == b->data && a->interval == b->interval &&
	       a->expiring == b->expiring && a->foreign == b->foreign &&
	       a->key_size == b->key_size && memcmp(a->parts, b->parts, sizeof(a->parts)) == 0;
}

static bool same_element(const struct nft_element *a, const struct nft_element *b)
{
	return memcmp(a->key, b->key, sizeof(a->key)) == 0 &&
	       memcmp(a->key_end, b->key_end, sizeof(a->key_end)) == 0 &&
	       memcmp(a->data, b->data, sizeof(a->data)) == 0 && a->verdict == b->verdict &&
	       (a->timeout_ms != 0) == (b->timeout_ms != 0) && same_text(a->chain, b->chain) &&
	       same_text(a->comment, b->comment);
}

static void say_element(struct diff *diff, char sign, const struct nft_set *set,
                        const struct nft_element *element)
{
	struct text text = {0};

	if (diff->out)
		nft_set_format_element(set, element, &text);
	say(diff, sign, set_kind(set), set->name, text_str(&text));
	text_done(&text);
}

static void say_set(struct diff *diff, char sign, const struct nft_set *set)
{
	struct text text = {0};

	nft_set_format_type(set, &text);
	say(diff, sign, set_kind(set), set->name, text_str(&text));
	text_done(&text);
	for (size_t i = 0; i < set->element_count; i++)
		say_element(diff, sign, set, &set->elements[i]);
}

/* Both are sorted by key. The next key: 0 when both have it, below when 'from' alone has it. */
static int next_key(const struct nft_set *from, size_t i, const struct nft_set *to, size_t j)
{
	if (i == from->element_count)
		return 1;
	if (j == to->element_count)
		return -1;
	return memcmp(from->elements[i].key, to->elements[j].key, sizeof(from->elements[i].key));
}

void nft_set_compare(const struct nft_set *from, const struct nft_set *to,
                     const struct nft_set_walk *walk)
{
	size_t i = 0, j = 0;

	while (i < from->element_count || j < to->element_count) {
		int order = next_key(from, i, to, j);

		if (order < 0 && walk->gone)
			walk->gone(walk->ctx, from, &from->elements[i]);
		if (order > 0 && walk->came)
			walk->came(walk->ctx, to, &to->elements[j]);
		if (order == 0 && walk->changed &&
		    !same_element(&from->elements[i], &to->elements[j]))
			walk->changed(walk->ctx, to, &from->elements[i], &to->elements[j]);
		i += order <= 0;
		j += order >= 0;
	}
}

size_t nft_set_pass(const struct nft_set *from, const struct nft_set *to, bool gone, size_t limit,
                    size_t *from_at, size_t *to_at)
{
	size_t i = *from_at, j = *to_at, count = 0;

	while ((i < from->element_count || j < to->element_count) && count < limit) {
		int order = next_key(from, i, to, j);

		if (order == 0)
			count += !gone && !same_element(&from->elements[i], &to->elements[j]);
		else
			count += gone == (order < 0);
		i += order <= 0;
		j += order >= 0;
	}
	*from_at = i;
	*to_at = j;
	return count;
}

static void say_gone(void *ctx, const struct nft_set *from, const struct nft_element *element)
{
	say_element(ctx, '-', from, element);
}

static void say_came(void *ctx, const struct nft_set *to, const struct nft_element *element)
{
	say_element(ctx, '+', to, element);
}

static void say_changed(void *ctx, const struct nft_set *to, const struct nft_element *before,
                        const struct nft_element *after)
{
	say_element(ctx, '-', to, before);
	say_element(ctx, '+', to, after);
}

/* Lines and their number go to 'diff'. */
static struct nft_set_walk saying(struct diff *diff)
{
	return (struct nft_set_walk){say_gone, say_came, say_changed, diff};
}

bool nft_table_same_elements(const struct nft_table *a, const struct nft_table *b)
{
	struct diff diff = {0};
	const struct nft_set_walk walk = saying(&diff);

	for (size_t i = 0; i < a->set_count && diff.count == 0; i++) {
		const struct nft_set *other = find_set(b, i, a->sets[i].name);

		if (other && nft_set_is_plain(&a->sets[i]))
			nft_set_compare(&a->sets[i], other, &walk);
	}
	return diff.count == 0;
}

static void diff_sets(struct diff *diff, const struct nft_table *from, const struct nft_table *to)
{
	const struct nft_set_walk walk = saying(diff);

	for (size_t i = 0; i < from->set_count; i++) {
		const struct nft_set *new = find_set(to, i, from->sets[i].name);

		if (!new || !same_set_type(&from->sets[i], new))
			say_set(diff, '-', &from->sets[i]);
	}
	for (size_t i = 0; i < to->set_count; i++) {
		const struct nft_set *old = find_set(from, i, to->sets[i].name);

		if (!old || !same_set_type(old, &to->sets[i]))
			say_set(diff, '+', &to->sets[i]);
		else
			nft_set_compare(old, &to->sets[i], &walk);
	}
}

/* --- chains --- */

static const struct nft_chain *find_chain(const struct nft_table *table, size_t place,
                                          const char *name)
{
	if (place < table->chain_count && strcmp(table->chains[place].name, name) == 0)
		return &table->chains[place];
	return nft_table_chain(table, name);
}

static bool same_chain_type(const struct nft_chain *a, const struct nft_chain *b)
{
	return same_text(a->type, b->type) && a->hook == b->hook && a->priority == b->priority &&
	       same_text(a->device, b->device);
}

static void say_chain(struct diff *diff, char sign, const struct nft_chain *chain)
{
	struct text text = {0};

	nft_chain_format_type(chain, &text);
	say(diff, sign, "chain", chain->name, text_str(&text));
	text_done(&text);
	for (size_t i = 0; i < chain->rule_count; i++)
		say(diff, sign, "chain", chain->name, chain->rules[i].text);
}

static bool same_rule(const struct nft_rule *a, const struct nft_rule *b)
{
	return a->counter == b->counter && strcmp(a->code, b->code) == 0;
}

/* How far from 'start' the rule is in the chain; SIZE_MAX: it isn't there. */
static size_t find_rule(const struct nft_chain *chain, size_t start, const struct nft_rule *rule)
{
	for (size_t i = start; i < chain->rule_count; i++) {
		if (same_rule(&chain->rules[i], rule))
			return i - start;
	}
	return SIZE_MAX;
}

/* Walks both lists; where they part, goes on at whichever common rule is nearer. Not always the
 * shortest diff, but a right one. */
static void diff_rules(struct diff *diff, const struct nft_chain *from, const struct nft_chain *to)
{
	size_t i = 0, j = 0;

	while (i < from->rule_count && j < to->rule_count) {
		size_t gone = find_rule(from, i, &to->rules[j]);
		size_t came = find_rule(to, j, &from->rules[i]);

		if (gone == 0) {
			i++;
			j++;
		} else if (came == SIZE_MAX || gone <= came) {
			say(diff, '-', "chain", from->name, from->rules[i++].text);
		} else {
			say(diff, '+', "chain", to->name, to->rules[j++].text);
		}
	}
	while (i < from->rule_count)
		say(diff, '-', "chain", from->name, from->rules[i++].text);
	while (j < to->rule_count)
		say(diff, '+', "chain", to->name, to->rules[j++].text);
}

static void diff_chains(struct diff *diff, const struct nft_table *from, const struct nft_table *to)
{
	for (size_t i = 0; i < from->chain_count; i++) {
		const struct nft_chain *new = find_chain(to, i, from->chains[i].name);

		if (!new || !same_chain_type(&from->chains[i], new))
			say_chain(diff, '-', &from->chains[i]);
	}
	for (size_t i = 0; i < to->chain_count; i++) {
		const struct nft_chain *old = find_chain(from, i, to->chains[i].name);

		if (!old || !same_chain_type(old, &to->chains[i]))
			say_chain(diff, '+', &to->chains[i]);
		else
			diff_rules(diff, old, &to->chains[i]);
	}
}

size_t nft_table_diff(const struct nft_table *from, const struct nft_table *to, struct text *out)
{
	struct diff diff = {.out = out};

	if (from->present != to->present)
		say(&diff, to->present ? '+' : '-', "table inet", to->name, "");
	diff_sets(&diff, from, to);
	diff_chains(&diff, from, to);
	return diff.count;
}
