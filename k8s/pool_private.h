/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/pool_private.h - what is known of requests and addresses.
 *
 * Pure. Private to k8s/pool*.c. */

#ifndef LINTEL_K8S_POOL_PRIVATE_H
#define LINTEL_K8S_POOL_PRIVATE_H

#include "k8s/pool.h"
#include "k8s/pool_table.h"
#include "lib/hash.h"

struct claim {
	struct k8s_pool_request request; /* all it points to is in 'arena' */
	struct arena arena;
	/* what it has */
	enum k8s_reason reason;
	struct addr *addresses; /* the texts are in the same piece of memory, or "" */
	size_t address_count;
	const char *message;
	const char *pool;
	const char *router;
	bool dirty;
	bool decided; /* at least once */
	struct claim *next_sharer;
	UT_hash_handle hh;
};

/* Who has an address. */
struct holding {
	struct addr address;
	struct claim **claims;
	size_t count;
	UT_hash_handle hh;
};

struct reserved {
	struct addr address;
	char *owner;
	UT_hash_handle hh;
};

struct sharers {
	struct claim *first;
	UT_hash_handle hh;
	char key[];
};

/* What somebody who is gone had. */
struct memory {
	struct addr *addresses;
	size_t count;
	UT_hash_handle hh;
	char key[];
};

struct k8s_pool {
	struct pool_table table;
	struct claim *claims;
	struct holding *holdings;
	struct reserved *reserved;
	struct sharers *sharers;
	struct memory *memories; /* the oldest first */
	bool may_give;
	bool freed;     /* something that others may wait for */
	bool undecided; /* some claim is dirty */
	struct arena scratch;
};

struct refusal {
	enum k8s_reason reason;
	char message[400];
};

/* What is being put together for a claim. */
struct choice {
	struct addr *addresses;
	size_t count;
	const char *router; /* NULL while there are no addresses */
	struct refusal refusal;
};

/* NULL when nobody has it. */
struct holding *k8s_pool_find_holding(const struct k8s_pool *pool, const struct addr *address);

/* pool_choose.c: what 'claim', which holds nothing now and had 'former', should have. 'choice' has
 * room for all it wants and two more. */
enum k8s_reason k8s_pool_choose(const struct k8s_pool *pool, const struct claim *claim,
                                const struct addr *former, size_t former_count,
                                struct choice *choice);

#endif
