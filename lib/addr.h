/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/addr.h - IP addresses, prefixes, ranges and link-layer addresses as values.
 *
 * Pure. Bytes are in network order (that is what an address is); everything else is in host order.
 * Text forms: RFC 4291 and RFC 5952 for IPv6, dotted quad for IPv4. */

#ifndef LINTEL_LIB_ADDR_H
#define LINTEL_LIB_ADDR_H

#include "lib/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Values equal to AF_INET and AF_INET6 on Linux; checked in addr.c. */
enum addr_family {
	ADDR_NONE = 0,
	ADDR_IPV4 = 2,
	ADDR_IPV6 = 10,
};

struct addr {
	uint8_t family;    /* enum addr_family */
	uint8_t bytes[16]; /* the first 4 (IPv4) or all 16; unused ones are 0 */
};

struct addr_prefix {
	struct addr addr; /* host bits are kept: 10.0.0.5/24 is an interface address */
	uint8_t length;   /* bits, 0..32 or 0..128 */
};

struct addr_range {
	struct addr first;
	struct addr last; /* inclusive, same family, not below 'first' */
};

struct addr_mac {
	uint8_t bytes[6];
};

#define ADDR_TEXT_SIZE        46 /* longest address and its NUL */
#define ADDR_PREFIX_TEXT_SIZE 50 /* ... and "/128" */
#define ADDR_MAC_TEXT_SIZE    18

/* 4 or 16; 0 for ADDR_NONE. */
static inline size_t addr_size(const struct addr *a)
{
	if (a->family == ADDR_IPV4)
		return 4;
	return a->family == ADDR_IPV6 ? 16 : 0;
}
/* 32 or 128; 0 for ADDR_NONE. */
unsigned addr_bits(const struct addr *a);
/* Makes an address of 4 or 16 bytes in network order. */
static inline struct addr addr_make(enum addr_family family, const void *bytes)
{
	struct addr a = {.family = (uint8_t)family};

	if (family == ADDR_IPV4)
		memcpy(a.bytes, bytes, 4);
	else if (family == ADDR_IPV6)
		memcpy(a.bytes, bytes, 16);
	return a;
}

/* Text to value. -EINVAL when the text is not exactly one of that kind. */
LT_MUST_USE int addr_parse(const char *text, struct addr *ret_addr);
/* With or without "/length"; without, the whole address (32 or 128). */
LT_MUST_USE int addr_prefix_parse(const char *text, struct addr_prefix *ret_prefix);
/* "a-b", "a/len" or "a". */
LT_MUST_USE int addr_range_parse(const char *text, struct addr_range *ret_range);

/* Value to text; returns buf. */
const char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_SIZE]);
const char *addr_prefix_format(const struct addr_prefix *p, char buf[static ADDR_PREFIX_TEXT_SIZE]);
const char *addr_mac_format(const struct addr_mac *m, char buf[static ADDR_MAC_TEXT_SIZE]);

/* Order: IPv4 before IPv6, then bytes as an unsigned number. */
int addr_compare(const struct addr *a, const struct addr *b);
static inline bool addr_equal(const struct addr *a, const struct addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}
/* As many, and the same in the same order. */
bool addr_list_equal(const struct addr *a, size_t a_count, const struct addr *b, size_t b_count);
int addr_prefix_compare(const struct addr_prefix *a, const struct addr_prefix *b);
/* Does the network of 'p' hold 'a'? False for different families. */
bool addr_prefix_holds(const struct addr_prefix *p, const struct addr *a);
bool addr_range_holds(const struct addr_range *r, const struct addr *a);
bool addr_range_overlaps(const struct addr_range *a, const struct addr_range *b);
/* The next address up; all-ones wraps to all-zeroes. */
struct addr addr_next(const struct addr *a);
/* The first and the last address of the network. */
struct addr addr_prefix_first(const struct addr_prefix *p);
struct addr addr_prefix_last(const struct addr_prefix *p);
/* The network mask of 'length' bits. */
struct addr addr_mask(enum addr_family family, unsigned length);

bool addr_is_unspecified(const struct addr *a);
bool addr_is_multicast(const struct addr *a);
bool addr_is_loopback(const struct addr *a);
/* fe80::/10; false for IPv4 (169.254/16 is not a concept here). */
bool addr_is_link_local(const struct addr *a);
/* 255.255.255.255 only. */
bool addr_is_broadcast(const struct addr *a);

#endif
