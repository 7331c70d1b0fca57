/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/ipvs/tables.h - tables made by hand and by chance, and a kernel that lives in memory.
 *
 * Pure: chance comes from a seed. */

#ifndef LINTEL_TESTS_IPVS_TABLES_H
#define LINTEL_TESTS_IPVS_TABLES_H

#include "ipvs/plan.h"
#include "ipvs/table.h"

#define TABLES_SERVICES_MAX 64
#define TABLES_DESTS_MAX    32

struct addr tables_addr(const char *text);

/* An empty table with room for TABLES_SERVICES_MAX services. */
void tables_init(struct ipvs_table *table);
/* Each with its identity, room for TABLES_DESTS_MAX dests, scheduler rr and a drain time-out of
 * 300 s. Sort when done. */
struct ipvs_service *tables_add(struct ipvs_table *table, enum model_protocol protocol,
                                const char *addr, uint16_t port);
struct ipvs_service *tables_add_mark(struct ipvs_table *table, uint32_t mark,
                                     enum model_protocol protocol, const char *addr, uint16_t first,
                                     uint16_t last);
struct ipvs_dest *tables_add_dest(struct ipvs_service *service, const char *addr, uint16_t port,
                                  uint32_t weight);

/* A sorted table out of a small world, so that two of them have much in common. Addresses of
 * services are below 10.77.0.'hosts' (and the same of IPv6). */
void tables_random(struct ipvs_table *table, uint64_t *seed, unsigned hosts);
uint64_t tables_next(uint64_t *seed);

/* Does what the kernel does with an operation; 0 or positive errno as ip_vs_ctl.c gives it. Deep
 * copies what it keeps. */
int tables_apply(struct ipvs_table *kernel, const struct ipvs_op *op);
/* A deep copy of what the kernel would report. */
void tables_copy(const struct ipvs_table *from, struct ipvs_table *ret_to);
/* Same services, same dests? */
bool tables_same(const struct ipvs_table *a, const struct ipvs_table *b);
/* The journal of the table's services. */
struct ipvs_journal tables_journal(const struct ipvs_table *table);

#endif
