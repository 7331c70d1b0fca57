/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The C library's inet_pton is as strict as we want it: it refuses leading zeros in dotted quads
 * (once read as octal), zone identifiers, blanks and short forms; the tests hold it to that. */

#include "lib/addr.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

_Static_assert(ADDR_IPV4 == AF_INET && ADDR_IPV6 == AF_INET6, "families are the kernel's numbers");
_Static_assert(ADDR_TEXT_SIZE == INET6_ADDRSTRLEN, "room for any address");

unsigned addr_bits(const struct addr *a)
{
	return (unsigned)addr_size(a) * 8;
}

int addr_parse(const char *text, struct addr *ret_addr)
{
	struct addr a = {.family = strchr(text, ':') ? ADDR_IPV6 : ADDR_IPV4};

	if (inet_pton(a.family, text, a.bytes) != 1)
		return -EINVAL;
	*ret_addr = a;
	return 0;
}

/* Parses the address that is the first 'len' characters. */
static int parse_head(const char *text, size_t len, struct addr *ret_addr)
{
	char head[ADDR_TEXT_SIZE];

	if (len >= sizeof(head))
		return -EINVAL;
	memcpy(head, text, len);
	head[len] = '\0';
	return addr_parse(head, ret_addr);
}

/* One to three digits, no sign, no leading zero. */
static int parse_length(const char *text, unsigned max, uint8_t *ret_length)
{
	size_t len = strlen(text);
	unsigned value = 0;

	if (len < 1 || len > 3 || (len > 1 && text[0] == '0'))
		return -EINVAL;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return -EINVAL;
		value = value * 10 + (unsigned)(text[i] - '0');
	}
	if (value > max)
		return -EINVAL;
	*ret_length = (uint8_t)value;
	return 0;
}

int addr_prefix_parse(const char *text, struct addr_prefix *ret_prefix)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	struct addr_prefix p;

	if (parse_head(text, len, &p.addr) < 0)
		return -EINVAL;
	p.length = (uint8_t)addr_bits(&p.addr);
	if (slash && parse_length(slash + 1, addr_bits(&p.addr), &p.length) < 0)
		return -EINVAL;
	*ret_prefix = p;
	return 0;
}

int addr_range_parse(const char *text, struct addr_range *ret_range)
{
	const char *dash = strchr(text, '-');
	struct addr_prefix p;
	struct addr_range r;

	if (!dash) {
		if (addr_prefix_parse(text, &p) < 0)
			return -EINVAL;
		ret_range->first = addr_prefix_first(&p);
		ret_range->last = addr_prefix_last(&p);
		return 0;
	}
	if (parse_head(text, (size_t)(dash - text), &r.first) < 0 ||
	    addr_parse(dash + 1, &r.last) < 0)
		return -EINVAL;
	if (r.first.family != r.last.family || addr_compare(&r.first, &r.last) > 0)
		return -EINVAL;
	*ret_range = r;
	return 0;
}

const char *addr_format(const struct addr *a, char buf[static ADDR_TEXT_SIZE])
{
	if (!inet_ntop(a->family, a->bytes, buf, ADDR_TEXT_SIZE))
		snprintf(buf, ADDR_TEXT_SIZE, "none");
	return buf;
}

const char *addr_prefix_format(const struct addr_prefix *p, char buf[static ADDR_PREFIX_TEXT_SIZE])
{
	char head[ADDR_TEXT_SIZE];

	snprintf(buf, ADDR_PREFIX_TEXT_SIZE, "%s/%u", addr_format(&p->addr, head),
	         (unsigned)p->length);
	return buf;
}

const char *addr_mac_format(const struct addr_mac *m, char buf[static ADDR_MAC_TEXT_SIZE])
{
	const uint8_t *b = m->bytes;

	snprintf(buf, ADDR_MAC_TEXT_SIZE, "%02x:%02x:%02x:%02x:%02x:%02x", b[0], b[1], b[2], b[3],
	         b[4], b[5]);
	return buf;
}

int addr_compare(const struct addr *a, const struct addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

bool addr_list_equal(const struct addr *a, size_t a_count, const struct addr *b, size_t b_count)
{
	if (a_count != b_count)
		return false;
	for (size_t i = 0; i < a_count; i++) {
		if (!addr_equal(&a[i], &b[i]))
			return false;
	}
	return true;
}

int addr_prefix_compare(const struct addr_prefix *a, const struct addr_prefix *b)
{
	int order = addr_compare(&a->addr, &b->addr);

	return order != 0 ? order : (int)a->length - (int)b->length;
}

bool addr_prefix_holds(const struct addr_prefix *p, const struct addr *a)
{
	struct addr mask = addr_mask(p->addr.family, p->length);

	if (p->addr.family != a->family)
		return false;
	for (size_t i = 0; i < addr_size(a); i++) {
		if ((p->addr.bytes[i] ^ a->bytes[i]) & mask.bytes[i])
			return false;
	}
	return true;
}

bool addr_range_holds(const struct addr_range *r, const struct addr *a)
{
	return addr_compare(&r->first, a) <= 0 && addr_compare(a, &r->last) <= 0;
}

bool addr_range_overlaps(const struct addr_range *a, const struct addr_range *b)
{
	return addr_compare(&a->first, &b->last) <= 0 && addr_compare(&b->first, &a->last) <= 0;
}

struct addr addr_next(const struct addr *a)
{
	struct addr next = *a;

	for (size_t i = addr_size(a); i-- > 0;) {
		if (++next.bytes[i] != 0)
			break;
	}
	return next;
}

struct addr addr_prefix_first(const struct addr_prefix *p)
{
	struct addr mask = addr_mask(p->addr.family, p->length);
	struct addr first = p->addr;

	for (size_t i = 0; i < addr_size(&first); i++)
		first.bytes[i] &= mask.bytes[i];
	return first;
}

struct addr addr_prefix_last(const struct addr_prefix *p)
{
	struct addr mask = addr_mask(p->addr.family, p->length);
	struct addr last = p->addr;

	for (size_t i = 0; i < addr_size(&last); i++)
		last.bytes[i] |= (uint8_t)~mask.bytes[i];
	return last;
}

struct addr addr_mask(enum addr_family family, unsigned length)
{
	struct addr mask = {.family = (uint8_t)family};

	for (size_t i = 0; i < addr_size(&mask) && length > 0; i++) {
		unsigned bits = length < 8 ? length : 8;

		mask.bytes[i] = (uint8_t)(0xffu << (8 - bits));
		length -= bits;
	}
	return mask;
}

bool addr_is_unspecified(const struct addr *a)
{
	static const uint8_t zeroes[16];

	return a->family != ADDR_NONE && memcmp(a->bytes, zeroes, sizeof(zeroes)) == 0;
}

bool addr_is_multicast(const struct addr *a)
{
	if (a->family == ADDR_IPV4)
		return (a->bytes[0] & 0xf0) == 0xe0;
	return a->family == ADDR_IPV6 && a->bytes[0] == 0xff;
}

bool addr_is_loopback(const struct addr *a)
{
	static const uint8_t one[16] = {[15] = 1};

	if (a->family == ADDR_IPV4)
		return a->bytes[0] == 127;
	return a->family == ADDR_IPV6 && memcmp(a->bytes, one, sizeof(one)) == 0;
}

bool addr_is_link_local(const struct addr *a)
{
	return a->family == ADDR_IPV6 && a->bytes[0] == 0xfe && (a->bytes[1] & 0xc0) == 0x80;
}

bool addr_is_broadcast(const struct addr *a)
{
	static const uint8_t ones[4] = {0xff, 0xff, 0xff, 0xff};

	return a->family == ADDR_IPV4 && memcmp(a->bytes, ones, sizeof(ones)) == 0;
}
