/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/check.h - rules between the fields of one object, which no single field can tell.
 *
 * Pure. Called by the decoder, by way of the tables in model/schema_*.c, when all fields of a map
 * have been looked at; 'object' is the structure that the map fills. Fields that were wrong have
 * their default, or zero: rules keep quiet about those. Also fills in what follows from other
 * fields (a port's 'last', an address's interface). What concerns several objects is in
 * model/validate.h. */

#ifndef LINTEL_MODEL_CHECK_H
#define LINTEL_MODEL_CHECK_H

#include "lib/addr.h"
#include "lib/tree.h"
#include "model/object.h"
#include "model/schema.h"

struct model_decode_context;

void model_check_cluster_metadata(struct model_decode_context *ctx, const struct tree *node,
                                  void *object);
void model_check_authentication(struct model_decode_context *ctx, const struct tree *node,
                                void *object);
void model_check_router(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_router_address(struct model_decode_context *ctx, const struct tree *node,
                                void *object);
void model_check_track(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_damping(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_pool(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_selector(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_requirement(struct model_decode_context *ctx, const struct tree *node,
                             void *object);
void model_check_virtual_server(struct model_decode_context *ctx, const struct tree *node,
                                void *object);
void model_check_port(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_server(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_tunnel(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_snat(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_health(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_quorum(struct model_decode_context *ctx, const struct tree *node, void *object);
void model_check_sorry(struct model_decode_context *ctx, const struct tree *node, void *object);

/* Why an address can be nobody's own: "a multicast address"; NULL when it can be. ADDR_NONE can:
 * it was reported already. */
const char *model_check_unusable(const struct addr *address);

/* Calls found() for each of 'count' items of 'size' bytes that equals an earlier one, with the
 * index of the first and of the later. compare() is as for qsort(). */
void model_check_duplicates(const void *items, size_t count, size_t size,
                            int (*compare)(const void *left, const void *right),
                            void (*found)(void *arg, size_t first, size_t later), void *arg);

/* A list in a map, for reports about its entries. */
struct model_check_list {
	struct model_decode_context *ctx;
	const struct tree *map;
	const char *name;
};
/* The line and path are those of the entry, or of the field when it is no list. */
void model_check_report_entry(struct model_decode_context *ctx, enum model_severity severity,
                              const struct tree *map, const char *name, size_t index,
                              const char *fmt, ...) LT_PRINTF(6, 7);
/* False when one was wrong (ADDR_NONE). */
bool model_check_addresses_known(const struct addr *addresses, size_t count);
/* Entries that stand in the list before; unless some were wrong. */
void model_check_address_twice(struct model_check_list *list, const struct addr *addresses,
                               size_t count);
void model_check_text_twice(struct model_check_list *list, const char *const *texts, size_t count);

/* Is field 'name' absent, or what it says one of its names? Otherwise it was reported, and the
 * structure has the default. */
bool model_check_says_right(const struct tree *map, const char *name,
                            const struct model_schema_name *names);
/* Of a range of ports, the distance between its ends. */
unsigned model_check_port_span(const struct model_port *port);

#endif
