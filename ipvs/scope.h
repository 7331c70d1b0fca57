/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/scope.h - a part of the table to look at, when there is reason to look at no more.
 *
 * Pure. To list real servers costs the kernel two system calls a virtual service; a reload that
 * changes one of ten thousand needn't ask for all, nor work out what is wanted of all. What is in
 * the scope is still compared with a fresh dump; the rest has its turn at the next full one. A turn
 * with a scope is:
 *
 *   ipvs_scope_replaced(old snapshot, new one) -> where they may differ; for that part:
 *   ipvs_scope_changed(old wanted, new wanted) and ipvs_drain_scope -> scope
 *   ipvs_kernel_look(scope) -> found; ipvs_table_build(snapshot, scope) -> wanted
 *   ipvs_drain_step with the scope -> plan -> apply */

#ifndef LINTEL_IPVS_SCOPE_H
#define LINTEL_IPVS_SCOPE_H

#include "ipvs/table.h"

struct ipvs_scope {
	struct ipvs_key *keys; /* owned; sorted, each once */
	size_t count;
	size_t capacity;
};

void ipvs_scope_done(struct ipvs_scope *scope);
/* Adds a key unless it is there. */
void ipvs_scope_add(struct ipvs_scope *scope, const struct ipvs_key *key);
/* Adds the services that are in one of the snapshots only, or come from different objects: all that
 * may differ, and little more when the snapshots share most of their sources. */
void ipvs_scope_replaced(struct ipvs_scope *scope, const struct model_snapshot *before,
                         const struct model_snapshot *after);
/* Adds the services that this server serves. */
void ipvs_scope_served(struct ipvs_scope *scope, const struct model_snapshot *snapshot,
                       const struct addr *server);
/* Adds the services that are in one of the tables only, or differ between them: themselves, in
 * their dests, or in what the journal keeps of them. */
void ipvs_scope_changed(struct ipvs_scope *scope, const struct ipvs_table *before,
                        const struct ipvs_table *after);
/* 'scope' is a struct ipvs_scope; NULL holds everything. Fits struct ipvs_dump. */
bool ipvs_scope_holds(const void *scope, const struct ipvs_key *key);
/* The services of 'table' that are in the scope. Borrows everything from 'table', and must go
 * before it. */
void ipvs_scope_view(const struct ipvs_scope *scope, const struct ipvs_table *table,
                     struct ipvs_table *ret_view);

#endif
