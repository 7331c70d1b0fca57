/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/table.h - a nftables table of ours as data: sets with their elements, chains with their
 * rules.
 *
 * Pure. The same type holds what is wanted (nft/ruleset.h builds it) and what the kernel has
 * (nft/observe.h), so that the two can be compared and printed alike. Immutable once built and in
 * order: sets and chains by their order of creation, elements by key. Keys and data are bytes as
 * the kernel has them (addresses and ports in network order, marks in host order).
 *
 * What services come and go with are elements of plain sets; those are exchanged in a table that
 * stands. All else is the table's frame: when it changes, the table is made anew. */

#ifndef LINTEL_NFT_TABLE_H
#define LINTEL_NFT_TABLE_H

#include "lib/arena.h"
#include "lib/compiler.h"
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Our tables, of family inet: the main one, and the takeover guard (nft/guard.h). */
#define NFT_TABLE_NAME       "lintel"
#define NFT_GUARD_TABLE_NAME "lintel-guard"

/* Types of parts of keys and of map data; numbers are those of the nft program (datatype.h), which
 * reads them back from the kernel to print a set. */
enum nft_type {
	NFT_TYPE_NONE = 0,
	NFT_TYPE_IPV4_ADDR = 7,
	NFT_TYPE_IPV6_ADDR = 8,
	NFT_TYPE_INET_PROTO = 12,
	NFT_TYPE_INET_SERVICE = 13,
	NFT_TYPE_MARK = 19,
	NFT_TYPE_IFNAME = 41,
	NFT_TYPE_VERDICT = 0x3f, /* map data: where to go on */
};
/* Bytes of a value: 0 for NONE and VERDICT. In a key each part takes a multiple of 4. */
size_t nft_type_size(enum nft_type type);
const char *nft_type_name(enum nft_type type); /* "ipv4_addr" */

#define NFT_KEY_PARTS_MAX 4
#define NFT_KEY_SIZE_MAX  40
#define NFT_DATA_SIZE_MAX 16
#define NFT_COMMENT_SIZE  129 /* with the NUL: the kernel's users agree on 128 characters */

enum nft_verdict { NFT_VERDICT_ACCEPT, NFT_VERDICT_DROP, NFT_VERDICT_JUMP, NFT_VERDICT_GOTO };

struct nft_element {
	uint8_t key[NFT_KEY_SIZE_MAX];     /* as long as the set's keys */
	uint8_t key_end[NFT_KEY_SIZE_MAX]; /* interval sets: the last key, = key for a single one */
	uint8_t data[NFT_DATA_SIZE_MAX];   /* maps: as long as the set's data */
	enum nft_verdict verdict;          /* verdict maps */
	const char *chain;                 /* verdict maps: where jump and goto lead, else NULL */
	const char *comment;               /* NULL when none */
	uint64_t timeout_ms; /* that it stays, or still stays; 0: for good. Two elements are the
	                        same when both expire, whenever that is */
};

struct nft_set {
	const char *name;
	enum nft_type parts[NFT_KEY_PARTS_MAX]; /* of the key, in order */
	unsigned part_count;
	size_t key_size;
	enum nft_type data; /* NFT_TYPE_NONE: a set, else a map */
	bool interval;      /* elements are ranges */
	bool expiring;      /* elements may have a time-out */
	bool foreign;       /* observed only: of a kind we never make */
	struct nft_element *elements;
	size_t element_count;
};

/* Rules that count have one of these, so that counters keep their meaning however the table
 * changes. */
enum nft_counter {
	NFT_COUNTER_NONE,
	NFT_COUNTER_SOURCE_DROPPED,    /* packets from outside a service's source ranges */
	NFT_COUNTER_UNSERVED_REJECTED, /* new flows to a VIP's port that nobody serves */
	NFT_COUNTER_NOT_ACCEPTED,      /* packets to router addresses with accept: false */
	NFT_COUNTER_SOURCE_NAT,        /* flows that got a floating address as their source */
	NFT_COUNTER_SOURCE_NAT_VIP,    /* ... their VIP */
	NFT_COUNTER_MASQUERADED,       /* ... the node's address */
	NFT_COUNTER_SOURCE_NAT_FIXED,  /* ... the address the configuration names */
	NFT_COUNTER_GUARD_STALLED,     /* packets of flows not known yet that were held back */
	NFT_COUNTER_GUARD_PRIVATE,     /* what others sent where only we may */
	NFT_COUNTER_GUARD_SILENCED,    /* resets and ICMP errors about such flows */
	NFT_COUNTER_COUNT,
};
const char *nft_counter_name(enum nft_counter counter); /* "source-dropped" */

struct nft_rule {
	const char *text; /* as nft writes it; observed rules that aren't ours: as the
	                     kernel's instructions, in brackets */
	const char *code; /* its instructions as text: two rules are the same when these are */
	enum nft_counter counter; /* what it counts */
	uint64_t packets, bytes;  /* observed */
	const struct nft_op *ops; /* wanted: what nft/encode.h makes instructions of; else NULL */
	size_t op_count;
};

struct nft_chain {
	const char *name;
	const char *type;   /* "filter", "nat" of a base chain; NULL: one that is jumped to */
	uint32_t hook;      /* NF_INET_PRE_ROUTING.. */
	const char *device; /* of NF_INET_INGRESS; else NULL */
	int32_t priority;
	struct nft_rule *rules;
	size_t rule_count;
};

struct nft_table {
	struct arena arena; /* owns everything but elements, which are on the heap */
	const char *name;   /* NFT_TABLE_NAME unless set otherwise */
	unsigned shares;    /* that nft_table_free() ends */
	bool present;       /* false: there is no such table (wanted: there shall be none) */
	uint64_t digest;    /* wanted: of everything but counts */
	uint64_t frame; /* wanted: of the frame; observed: as the table's comment says, 0: it says
	                   none */
	struct nft_set *sets;
	size_t set_count;
	struct nft_chain *chains;
	size_t chain_count;
	const char **notes; /* wanted: sentences for the operator about what could not be had */
	size_t note_count;
};

struct nft_table *nft_table_new(void);
/* One more owner, who frees it as well; returns it. */
struct nft_table *nft_table_share(struct nft_table *table);
void nft_table_free(struct nft_table *table); /* NULL accepted */

/* NULL when there is none of that name. */
const struct nft_set *nft_table_set(const struct nft_table *table, const char *name);
const struct nft_chain *nft_table_chain(const struct nft_table *table, const char *name);

/* Packets counted by the table's rules, added up by what they count. */
struct nft_counts {
	uint64_t packets[NFT_COUNTER_COUNT];
	uint64_t bytes[NFT_COUNTER_COUNT];
};
void nft_table_counts(const struct nft_table *table, struct nft_counts *ret_counts);

/* One element as nft writes it: "10.0.0.1 . tcp . 80 : drop". No line end. */
void nft_set_format_element(const struct nft_set *set, const struct nft_element *element,
                            struct text *out);
/* "type ipv4_addr . inet_proto : mark; flags interval;" */
void nft_set_format_type(const struct nft_set *set, struct text *out);
/* "type nat hook postrouting priority 95; policy accept;", "" for a chain that is jumped to. */
void nft_chain_format_type(const struct nft_chain *chain, struct text *out);
/* A set with its elements, as in the table. */
void nft_set_format(const struct nft_set *set, struct text *out);
/* The whole table as nft would list it; "" when it isn't present. */
void nft_table_format(const struct nft_table *table, struct text *out);

/* Are its elements exchanged in a table that stands? Not those of ranges, which the kernel keeps in
 * pieces, and not those that expire, of which it may have fewer. */
bool nft_set_is_plain(const struct nft_set *set);

/* Is there an element of this key, of NFT_KEY_SIZE_MAX bytes? */
bool nft_set_has_key(const struct nft_set *set, const uint8_t *key);

/* Digests, never 0: of everything but notes and counts, and of the frame. */
uint64_t nft_table_digest(const struct nft_table *table);
uint64_t nft_table_frame(const struct nft_table *table);

/* Walks the keys that tell two sets of the same type apart, in their order: 'gone' has only 'from',
 * 'came' only 'to', and of those 'changed' data or comment differ. Each may be NULL. */
struct nft_set_walk {
	void (*gone)(void *ctx, const struct nft_set *from, const struct nft_element *element);
	void (*came)(void *ctx, const struct nft_set *to, const struct nft_element *element);
	void (*changed)(void *ctx, const struct nft_set *to, const struct nft_element *before,
	                const struct nft_element *after);
	void *ctx;
};
void nft_set_compare(const struct nft_set *from, const struct nft_set *to,
                     const struct nft_set_walk *walk);
/* Goes along both from the places '*from_at' and '*to_at' until there were 'limit' keys that are
 * 'gone', or else that came or changed, or to the end: the places are then those after, and what
 * lies between can be exchanged by itself. Returns how many there were. */
size_t nft_set_pass(const struct nft_set *from, const struct nft_set *to, bool gone, size_t limit,
                    size_t *from_at, size_t *to_at);
/* Do the plain sets of both, which must have the same frame, have the same elements? */
bool nft_table_same_elements(const struct nft_table *a, const struct nft_table *b);

/* Appends what must change so that 'from' becomes 'to', a line each: "+ set vips4: 10.0.0.1" or
 * "- chain forward: ...". Returns the number of lines; 0: they are the same. 'out' may be NULL. */
size_t nft_table_diff(const struct nft_table *from, const struct nft_table *to, struct text *out);

#endif
