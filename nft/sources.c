/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/sources.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

void nft_sources_done(struct nft_sources *sources)
{
	for (size_t i = 0; i < sources->count; i++)
		free(sources->lists[i].ranges);
	free(sources->lists);
	*sources = (struct nft_sources){0};
}

static int compare_ranges(const void *a, const void *b)
{
	const struct addr_range *x = a, *y = b;

	return addr_compare(&x->first, &y->first);
}

/* Does 'next', which does not begin before 'range', overlap or follow it without a gap? */
static bool touches(const struct addr_range *range, const struct addr_range *next)
{
	struct addr after = addr_next(&range->last);

	if (range->first.family != next->first.family)
		return false;
	return addr_compare(&next->first, &range->last) <= 0 || addr_equal(&after, &next->first);
}

static struct nft_source_list make_list(const struct addr_prefix *prefixes, size_t count)
{
	struct nft_source_list list = {.ranges = xcalloc(count + 1, sizeof(*list.ranges))};

	for (size_t i = 0; i < count; i++) {
		list.ranges[i] = (struct addr_range){
			.first = addr_prefix_first(&prefixes[i]),
			.last = addr_prefix_last(&prefixes[i]),
		};
	}
	qsort(list.ranges, count, sizeof(*list.ranges), compare_ranges);
	for (size_t i = 0; i < count; i++) {
		struct addr_range *range = &list.ranges[i];
		struct addr_range *open = list.count > 0 ? &list.ranges[list.count - 1] : NULL;

		if (!open || !touches(open, range))
			list.ranges[list.count++] = *range;
		else if (addr_compare(&range->last, &open->last) > 0)
			open->last = range->last;
	}
	return list;
}

static bool same_list(const struct nft_source_list *a, const struct nft_source_list *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!addr_equal(&a->ranges[i].first, &b->ranges[i].first) ||
		    !addr_equal(&a->ranges[i].last, &b->ranges[i].last))
			return false;
	}
	return true;
}

size_t nft_sources_add(struct nft_sources *sources, const struct addr_prefix *prefixes,
                       size_t count)
{
	struct nft_source_list list = make_list(prefixes, count);

	for (size_t i = 0; i < sources->count; i++) {
		if (same_list(&sources->lists[i], &list)) {
			free(list.ranges);
			return i;
		}
	}
	if (sources->count == sources->capacity) {
		sources->capacity = sources->capacity * 2 + 8;
		sources->lists =
			xreallocarray(sources->lists, sources->capacity, sizeof(*sources->lists));
	}
	sources->lists[sources->count] = list;
	return sources->count++;
}

size_t nft_sources_of_family(const struct nft_source_list *list, enum addr_family family,
                             size_t *ret_first)
{
	size_t first = 0, count = 0;

	while (first < list->count && list->ranges[first].first.family != family)
		first++;
	while (first + count < list->count && list->ranges[first + count].first.family == family)
		count++;
	*ret_first = first;
	return count;
}

bool nft_sources_is_everybody(const struct nft_source_list *list, enum addr_family family)
{
	struct addr_prefix all = {.addr = {.family = (uint8_t)family}};
	struct addr first = addr_prefix_first(&all), last = addr_prefix_last(&all);
	size_t index;

	return nft_sources_of_family(list, family, &index) == 1 &&
	       addr_equal(&list->ranges[index].first, &first) &&
	       addr_equal(&list->ranges[index].last, &last);
}
