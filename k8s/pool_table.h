/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/pool_table.h - the pools themselves: which there are, who may use them, what is free.
 *
 * Pure. Private to k8s/pool*.c. */

#ifndef LINTEL_K8S_POOL_TABLE_H
#define LINTEL_K8S_POOL_TABLE_H

#include "k8s/pool.h"

struct pool_range {
	struct addr_range range;
	struct addr from; /* below it nothing is free */
	bool full;
	size_t row;
};

struct pool_row {
	const struct model_pool *pool;
	size_t first_range; /* in the table's ranges as written; */
	size_t used4, used6;
};

struct pool_table {
	struct pool_row *rows; /* in the order in which they are tried */
	size_t count;
	struct pool_range *ranges; /* of row 0, of row 1, ... */
	size_t range_count;
	size_t *by_address; /* indexes of 'ranges', by first address */
};

void k8s_pool_table_set(struct pool_table *table, const struct model_pool *const *pools,
                        size_t count);
void k8s_pool_table_done(struct pool_table *table);
/* NULL when there is none. */
struct pool_row *k8s_pool_table_find(const struct pool_table *table, const char *name);
struct pool_row *k8s_pool_table_holding(const struct pool_table *table, const struct addr *address);
/* Do namespace and labels let it? */
bool k8s_pool_table_admits(const struct pool_row *row, const char *namespace,
                           const struct k8s_pairs *namespace_labels,
                           const struct k8s_pairs *labels);
bool k8s_pool_table_has_family(const struct pool_table *table, const struct pool_row *row,
                               uint8_t family);
/* The lowest address of that family that is not is_taken(). */
bool k8s_pool_table_lowest(const struct pool_table *table, const struct pool_row *row,
                           uint8_t family,
                           bool (*is_taken)(const void *ctx, const struct addr *address),
                           const void *ctx, struct addr *ret_address);
/* It is free again. */
void k8s_pool_table_freed(struct pool_table *table, const struct addr *address);
/* Is it one that avoidBuggyIPs leaves out? */
bool k8s_pool_table_is_buggy(const struct pool_row *row, const struct addr *address);
/* Addresses of a family that may be given. */
uint64_t k8s_pool_table_total(const struct pool_table *table, const struct pool_row *row,
                              uint8_t family);

#endif
