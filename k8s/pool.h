/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/pool.h - who has which address: allocation from AddressPools.
 *
 * Pure. The record of an allocation is with its object (Service.status, VirtualServer.status, an
 * annotation); here it is read, checked and extended. So a restart changes nothing, and it makes
 * no difference in which order objects come: k8s_pool_settle() looks at all that came since, in
 * this order:
 *   1. those that have a record of their address, the older object first;
 *   2. those that ask for an address, the older first;
 *   3. the others, the older first.
 * Who has an address keeps it, whatever others ask for. Of two that record the same one the older
 * keeps it, unless they share. An object whose wish can't be met keeps what it has.
 *
 * Which pool: one that is named; else those with autoAssign that admit the object: those with
 * selectors or namespaces before those without, then by priority (1 before 2, 0 last), then by
 * name. Addresses of one object come from pools of one virtual router. Which address: the one the
 * object had last (as far as remembered), else the lowest free. */

#ifndef LINTEL_K8S_POOL_H
#define LINTEL_K8S_POOL_H

#include "k8s/report.h"

#define K8S_POOL_REMEMBERED_MAX 4096 /* addresses of objects that are gone */

struct k8s_pool_port {
	enum model_protocol protocol;
	uint16_t first, last;
};

/* What an object wants. Borrowed for the call. */
struct k8s_pool_request {
	const char *key;       /* "Service default/web" */
	const char *namespace; /* of the object */
	const char *uid;
	int64_t created_s;
	uint8_t families[2]; /* enum addr_family, the preferred first; count 0: any one */
	size_t family_count;
	bool all_families; /* all or nothing */
	const char *pool;  /* "": any */
	const char
		*router; /* "": the pool's; else addresses are wanted outright, in a pool or not */
	const struct addr *wanted;
	size_t wanted_count;
	const struct addr *recorded;
	size_t recorded_count;
	bool denied;       /* the record says that it has none */
	const char *fault; /* NULL: none. What it asks for can't be read: it keeps what it had */
	const char *share_key;   /* "": shares with nobody */
	const char *share_group; /* sharers need the same: "" for policy Cluster */
	const struct k8s_pool_port *ports;
	size_t port_count;
	const struct k8s_pairs *labels;           /* of the object */
	const struct k8s_pairs *namespace_labels; /* NULL: none */
};

/* What it has. */
struct k8s_pool_grant {
	enum k8s_reason reason; /* SERVED, PARTLY, KEPT, or why not */
	const char *message;    /* "" when there is nothing to say */
	const struct addr *addresses;
	size_t address_count;
	const char *pool;   /* of the first address, "" */
	const char *router; /* "" without addresses */
};

struct k8s_pool;

struct k8s_pool *k8s_pool_new(void);
void k8s_pool_free(struct k8s_pool *pool);

/* The AddressPools in force, whose handles stay with the caller until the next call. */
void k8s_pool_set(struct k8s_pool *pool, const struct model_pool *const *pools, size_t count);
/* Addresses that are given to nobody; 'owners' for messages ("Node n1"). Copied. Asked for
 * outright they are given when 'owner' begins with "VirtualRouter". */
struct k8s_pool_reserved {
	struct addr address;
	const char *owner;
};
void k8s_pool_reserve(struct k8s_pool *pool, const struct k8s_pool_reserved *reserved,
                      size_t count);

/* New or changed; decided by k8s_pool_settle(). */
void k8s_pool_put(struct k8s_pool *pool, const struct k8s_pool_request *request);
/* What it had is free, for those who wait from the next k8s_pool_settle(). */
void k8s_pool_remove(struct k8s_pool *pool, const char *key);

/* Decides. 'may_give': new addresses are given; else only recorded ones and ones named outright
 * count (there is one leader who gives). changed() for each key whose grant is another one now. */
void k8s_pool_settle(struct k8s_pool *pool, bool may_give,
                     void (*changed)(void *ctx, const char *key), void *ctx);

/* False when there is no such request. Borrowed until the next change. */
bool k8s_pool_grant(const struct k8s_pool *pool, const char *key, struct k8s_pool_grant *ret_grant);

/* How full a pool is; 'total' is at most UINT64_MAX. */
struct k8s_pool_usage {
	uint64_t total4, total6;
	uint64_t used4, used6;
};
bool k8s_pool_usage(const struct k8s_pool *pool, const char *name,
                    struct k8s_pool_usage *ret_usage);

#endif
