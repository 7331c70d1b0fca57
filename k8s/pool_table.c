/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/pool_table.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

static bool chooses(const struct model_pool *pool)
{
	return pool->namespace_count > 0 || pool->namespace_label_count > 0 ||
	       pool->namespace_requirement_count > 0 || pool->service_label_count > 0 ||
	       pool->service_requirement_count > 0;
}

static int compare_rows(const void *left, const void *right)
{
	const struct model_pool *a = ((const struct pool_row *)left)->pool;
	const struct model_pool *b = ((const struct pool_row *)right)->pool;
	/* 0 is last */
	uint32_t first = a->priority - 1, second = b->priority - 1;

	if (chooses(a) != chooses(b))
		return chooses(a) ? -1 : 1;
	if (first != second)
		return first < second ? -1 : 1;
	return strcmp(a->name, b->name);
}

struct start {
	struct addr first;
	size_t index;
};

static int compare_starts(const void *left, const void *right)
{
	const struct start *a = left, *b = right;

	return addr_compare(&a->first, &b->first);
}

static void index_ranges(struct pool_table *table)
{
	struct start *starts = xcalloc(table->range_count + 1, sizeof(*starts));

	for (size_t i = 0; i < table->range_count; i++)
		starts[i] = (struct start){table->ranges[i].range.first, i};
	if (table->range_count > 1)
		qsort(starts, table->range_count, sizeof(*starts), compare_starts);
	table->by_address = xcalloc(table->range_count + 1, sizeof(*table->by_address));
	for (size_t i = 0; i < table->range_count; i++)
		table->by_address[i] = starts[i].index;
	free(starts);
}

void k8s_pool_table_set(struct pool_table *table, const struct model_pool *const *pools,
                        size_t count)
{
	size_t ranges = 0;

	k8s_pool_table_done(table);
	table->rows = xcalloc(count + 1, sizeof(*table->rows));
	table->count = count;
	for (size_t i = 0; i < count; i++) {
		table->rows[i].pool = pools[i];
		ranges += pools[i]->range_count;
	}
	if (count > 1)
		qsort(table->rows, count, sizeof(*table->rows), compare_rows);
	table->ranges = xcalloc(ranges + 1, sizeof(*table->ranges));
	for (size_t i = 0; i < count; i++) {
		const struct model_pool *pool = table->rows[i].pool;

		table->rows[i].first_range = table->range_count;
		for (size_t j = 0; j < pool->range_count; j++)
			table->ranges[table->range_count++] = (struct pool_range){
				pool->ranges[j], pool->ranges[j].first, false, i};
	}
	index_ranges(table);
}

void k8s_pool_table_done(struct pool_table *table)
{
	free(table->rows);
	free(table->ranges);
	free(table->by_address);
	*table = (struct pool_table){0};
}

struct pool_row *k8s_pool_table_find(const struct pool_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->rows[i].pool->name, name) == 0)
			return &table->rows[i];
	}
	return NULL;
}

static struct pool_range *find_range(const struct pool_table *table, const struct addr *address)
{
	size_t low = 0, high = table->range_count;
	struct pool_range *range;

	/* the last one that begins at the address or before */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (addr_compare(&table->ranges[table->by_address[middle]].range.first, address) <=
		    0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	range = &table->ranges[table->by_address[low - 1]];
	return addr_range_holds(&range->range, address) ? range : NULL;
}

struct pool_row *k8s_pool_table_holding(const struct pool_table *table, const struct addr *address)
{
	const struct pool_range *range = find_range(table, address);

	return range ? &table->rows[range->row] : NULL;
}

static bool has_labels(const struct k8s_pairs *labels, const struct model_label *wanted,
                       size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const char *value = labels ? k8s_pairs_get(labels, wanted[i].key) : NULL;

		if (!value || strcmp(value, wanted[i].value) != 0)
			return false;
	}
	return true;
}

static bool has_value(const struct model_requirement *requirement, const char *value)
{
	for (size_t i = 0; value && i < requirement->value_count; i++) {
		if (strcmp(requirement->values[i], value) == 0)
			return true;
	}
	return false;
}

static bool meets(const struct k8s_pairs *labels, const struct model_requirement *requirements,
                  size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct model_requirement *requirement = &requirements[i];
		const char *value = labels ? k8s_pairs_get(labels, requirement->key) : NULL;
		bool met = false;

		switch (requirement->operator) {
		case MODEL_LABEL_IN:
			met = has_value(requirement, value);
			break;
		case MODEL_LABEL_NOT_IN:
			met = !has_value(requirement, value);
			break;
		case MODEL_LABEL_EXISTS:
			met = value;
			break;
		case MODEL_LABEL_ABSENT:
			met = !value;
			break;
		}
		if (!met)
			return false;
	}
	return true;
}

bool k8s_pool_table_admits(const struct pool_row *row, const char *namespace,
                           const struct k8s_pairs *namespace_labels, const struct k8s_pairs *labels)
{
	const struct model_pool *pool = row->pool;
	bool selects = pool->namespace_label_count > 0 || pool->namespace_requirement_count > 0;
	bool inside = pool->namespace_count == 0 && !selects;

	for (size_t i = 0; i < pool->namespace_count && !inside; i++)
		inside = strcmp(pool->namespaces[i], namespace) == 0;
	/* Of a namespace that is not known nothing is said, not even that a label is absent. */
	if (!inside && selects && namespace_labels)
		inside = has_labels(namespace_labels, pool->namespace_labels,
		                    pool->namespace_label_count) &&
		         meets(namespace_labels, pool->namespace_requirements,
		               pool->namespace_requirement_count);
	return inside && has_labels(labels, pool->service_labels, pool->service_label_count) &&
	       meets(labels, pool->service_requirements, pool->service_requirement_count);
}

bool k8s_pool_table_is_buggy(const struct pool_row *row, const struct addr *address)
{
	return row->pool->avoid_buggy && address->family == ADDR_IPV4 &&
	       (address->bytes[3] == 0 || address->bytes[3] == 255);
}

bool k8s_pool_table_has_family(const struct pool_table *table, const struct pool_row *row,
                               uint8_t family)
{
	for (size_t i = 0; i < row->pool->range_count; i++) {
		if (table->ranges[row->first_range + i].range.first.family == family)
			return true;
	}
	return false;
}

/* Walks on from where the last one was found, so that giving all addresses costs as many steps. */
static bool lowest_of(struct pool_range *range, const struct pool_row *row,
                      bool (*is_taken)(const void *ctx, const struct addr *address),
                      const void *ctx, struct addr *ret_address)
{
	struct addr at = range->from;

	while (!range->full) {
		if (!k8s_pool_table_is_buggy(row, &at) && !is_taken(ctx, &at)) {
			range->from = at;
			*ret_address = at;
			return true;
		}
		if (addr_equal(&at, &range->range.last))
			range->full = true;
		else
			at = addr_next(&at);
		range->from = at;
	}
	return false;
}

bool k8s_pool_table_lowest(const struct pool_table *table, const struct pool_row *row,
                           uint8_t family,
                           bool (*is_taken)(const void *ctx, const struct addr *address),
                           const void *ctx, struct addr *ret_address)
{
	for (size_t i = 0; i < row->pool->range_count; i++) {
		struct pool_range *range = &table->ranges[row->first_range + i];

		if (range->range.first.family == family &&
		    lowest_of(range, row, is_taken, ctx, ret_address))
			return true;
	}
	return false;
}

void k8s_pool_table_freed(struct pool_table *table, const struct addr *address)
{
	struct pool_range *range = find_range(table, address);

	if (!range)
		return;
	if (range->full || addr_compare(address, &range->from) < 0)
		range->from = *address;
	range->full = false;
}

/* last - first + 1, UINT64_MAX when it is more than can be said. */
static uint64_t range_size(const struct addr_range *range)
{
	size_t size = addr_size(&range->first);
	uint64_t difference = 0;
	int borrow = 0;

	for (size_t i = size; i > 0; i--) {
		int digit = range->last.bytes[i - 1] - range->first.bytes[i - 1] - borrow;

		borrow = digit < 0;
		digit += borrow * 256;
		if (size - i < 8)
			difference |= (uint64_t)digit << (8 * (size - i));
		else if (digit != 0)
			return UINT64_MAX;
	}
	return difference == UINT64_MAX ? UINT64_MAX : difference + 1;
}

/* How many of an IPv4 range end in .0 or .255. */
static uint64_t buggy_in(const struct addr_range *range)
{
	const uint8_t *f = range->first.bytes, *l = range->last.bytes;
	uint64_t first = (uint64_t)f[0] << 24 | f[1] << 16 | f[2] << 8 | f[3];
	uint64_t last = (uint64_t)l[0] << 24 | l[1] << 16 | l[2] << 8 | l[3];
	/* numbers up to n with that last byte: (n - byte) / 256 + 1 */
	uint64_t zeroes = last / 256 - (first + 255) / 256 + 1;
	uint64_t ones = (last + 1) / 256 - first / 256;

	return zeroes + ones;
}

uint64_t k8s_pool_table_total(const struct pool_table *table, const struct pool_row *row,
                              uint8_t family)
{
	uint64_t total = 0;

	for (size_t i = 0; i < row->pool->range_count; i++) {
		const struct addr_range *range = &table->ranges[row->first_range + i].range;
		uint64_t size = range_size(range);

		if (range->first.family != family)
			continue;
		if (family == ADDR_IPV4 && row->pool->avoid_buggy)
			size -= buggy_in(range);
		total = total > UINT64_MAX - size ? UINT64_MAX : total + size;
	}
	return total;
}
