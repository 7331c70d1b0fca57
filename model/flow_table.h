/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/flow_table.h - the connections of one virtual router as this node knows them.
 *
 * Pure. Found by what model_flow_compare() looks at. Each flow keeps its slot from its beginning to
 * its end, so a walk by slots meets every flow that is there all the time, whatever else comes and
 * goes. About 135 bytes a flow; memory that a flow has left is used again, and given back when the
 * table is emptied. It grows by parts that stay where they are: no flow waits while a large table
 * moves, and an entry is valid as long as its flow. Time: seconds of whatever clock the caller has,
 * wide enough for 136 years. */

#ifndef LINTEL_MODEL_FLOW_TABLE_H
#define LINTEL_MODEL_FLOW_TABLE_H

#include "lib/compiler.h"
#include "model/flow.h"

#include <stddef.h>

/* More are not taken: what an outsider can make us keep is bounded. */
#define MODEL_FLOW_TABLE_MAX  4000000
#define MODEL_FLOW_TABLE_PART 1024

struct model_flow_entry {
	struct model_flow flow;
	uint32_t generation; /* the caller's: full sync in which a peer spoke of it last */
	uint32_t until_s;    /* the caller's: forgotten then; 0: never by itself */
	uint32_t put_s;      /* the caller's: when the kernel was told of it last */
	uint32_t next;       /* in its bucket, or of the free ones: slot + 1; 0: none */
	uint16_t place;      /* the caller's: where it waits to be told, perhaps */
	uint8_t seen;        /* the caller's: comparison in which the kernel had it last */
	bool used;
};

struct model_flow_table {
	uint64_t seed; /* the caller's, before the first flow: random, so that nobody outside knows
	                  which clients and ports meet in a bucket; stays when it is emptied */
	struct model_flow_entry **parts; /* owned; MODEL_FLOW_TABLE_PART slots each */
	size_t part_count;
	size_t slot_count; /* used or free */
	uint32_t *buckets; /* slot + 1; 0: empty */
	size_t bucket_count;
	uint32_t free; /* slot + 1; 0: none */
	size_t count;  /* flows */
	unsigned life; /* so often it was emptied, and its entries became invalid */
};

/* Zero-initialised but for its seed: empty. */
void model_flow_table_done(struct model_flow_table *table);

/* NULL when it is not there. */
struct model_flow_entry *model_flow_table_find(const struct model_flow_table *table,
                                               const struct model_flow *flow);
/* The same, or when it is new the entry of the flow as given: '*ret_new'. NULL: the table is full.
 */
struct model_flow_entry *model_flow_table_reach(struct model_flow_table *table,
                                                const struct model_flow *flow, bool *ret_new);
/* The entry of the flow, with 'flow' as given; the other members stay as they were, or are 0 when
 * it is new ('*ret_new', may be NULL). NULL: the table is full. */
struct model_flow_entry *model_flow_table_put(struct model_flow_table *table,
                                              const struct model_flow *flow, bool *ret_new);
/* False when it was not there. */
bool model_flow_table_remove(struct model_flow_table *table, const struct model_flow *flow);

/* The first flow at 'slot' or after it, and its slot; NULL: there is none. Flows may be put and
 * removed between two calls. */
struct model_flow_entry *model_flow_table_from(const struct model_flow_table *table, size_t slot,
                                               size_t *ret_slot);
/* Bytes that it takes. */
size_t model_flow_table_memory(const struct model_flow_table *table);

#endif
