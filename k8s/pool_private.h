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
	bool decided;            /* at least once */
	bool recalled;           /* its record is our own memory of who was there before */
	struct sharers *sharers; /* those it may share with; NULL: it names no key */
	struct claim *next_sharer;
	UT_hash_handle hh;
};

/* What of an address somebody has: a range of ports, or all that may be said of one who has none.
 * Of those who share an address each is asked about each other, so that all there is to compare
 * lies together. */
struct share {
	struct claim *claim;
	const struct sharers *sharers; /* the claim's */
	uint16_t first, last;          /* 'last' before 'first': no port */
	uint8_t protocol;              /* enum model_protocol */
	bool outright;                 /* the claim names its router */
};

/* Who has an address. */
struct holding {
	struct addr address;
	struct share *shares;
	size_t count, room;
	UT_hash_handle hh;
};

struct reserved {
	struct addr address;
	char *owner;
	UT_hash_handle hh;
};

/* Those who name one share key and need the same of each other. */
struct sharers {
	struct claim *first;
	UT_hash_handle hh;
	char key[]; /* share key, zero byte, share group */
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

/* pool.c: who has what. All that the claim has is held, or let go of, with the ports and the share
 * key that it has at that time: they may change only while nothing is held. */
void k8s_pool_hold(struct k8s_pool *pool, struct claim *claim);
void k8s_pool_let_go(struct k8s_pool *pool, struct claim *claim);
/* It is decided. The claim's own memory is another then: the former is the caller's to free. There
 * are ten thousand of these: one piece of memory, and not four. */
void k8s_pool_keep(struct claim *claim, enum k8s_reason reason, const struct choice *choice,
                   const char *message, const char *pool);

/* pool_record.c: what it had, the better the earlier; the caller frees. Who gives knows more than
 * the record, which comes after what was given. To the others the record is what was given, all of
 * it: what they have from before it, or gave when it was their turn, is not. */
struct addr *k8s_pool_had(const struct k8s_pool *pool, const struct claim *claim,
                          size_t *ret_count);
/* Has it something else than its record says? To who gives, that is what nobody has looked at yet.
 */
bool k8s_pool_differs(const struct k8s_pool *pool, const struct claim *claim);
/* Who does not give, and has let somebody have by his word what was given to another one, looks at
 * both again. */
void k8s_pool_doubt_intruders(struct k8s_pool *pool);
/* Of these, those that are to be decided have what is on record, before all that anybody asks for
 * or is given: else an older one would take what is a younger one's when both are new here. Those
 * that have what others' records say let go of it first. */
void k8s_pool_hold_records(struct k8s_pool *pool, struct claim *const *claims, size_t count);

/* pool_choose.c: what 'claim', which holds nothing now and had 'former', should have. 'choice' has
 * room for all it wants, all it had and two more. */
enum k8s_reason k8s_pool_choose(const struct k8s_pool *pool, const struct claim *claim,
                                const struct addr *former, size_t former_count,
                                struct choice *choice);
/* Better what it had than nothing: as much of that as it may have, from whatever pool. True: it has
 * something. 'choice' has room for all it had. */
bool k8s_pool_keep_former(const struct k8s_pool *pool, const struct claim *claim,
                          const struct addr *former, size_t former_count, struct choice *choice);

#endif
