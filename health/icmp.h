/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/icmp.h - echo requests, and what comes back: RFC 792, RFC 4443.
 *
 * Pure. Messages begin with the ICMP header: whoever reads a raw IPv4 socket skips the IP header
 * with health_icmp_skip(). */

#ifndef LINTEL_HEALTH_ICMP_H
#define LINTEL_HEALTH_ICMP_H

#include "lib/addr.h"
#include "lib/compiler.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HEALTH_ICMP_REQUEST_SIZE 16 /* header and nonce */

/* What makes a request ours and this one. */
struct health_icmp_echo {
	uint16_t id;
	uint16_t sequence;
	uint64_t nonce; /* nobody who did not see the request knows it; it goes back and forth as is
	                 */
};

/* With its checksum for IPv4; for IPv6 that is 0, as the kernel fills it in. */
void health_icmp_encode(uint8_t to[static HEALTH_ICMP_REQUEST_SIZE], enum addr_family family,
                        const struct health_icmp_echo *echo);

enum health_icmp_kind {
	HEALTH_ICMP_OTHER, /* nothing for us */
	HEALTH_ICMP_REPLY,
	HEALTH_ICMP_UNREACHABLE, /* somebody on the way says so */
	HEALTH_ICMP_KIND_COUNT,
};
struct health_icmp_message {
	enum health_icmp_kind kind;
	struct health_icmp_echo echo; /* with UNREACHABLE the nonce may be cut: see has_nonce */
	bool has_nonce;
	struct addr target; /* UNREACHABLE: whom the request was for */
};
struct health_icmp_message health_icmp_decode(enum addr_family family, const uint8_t *data,
                                              size_t size);
/* How long the IPv4 header before the message is; 'size' when it is none. */
size_t health_icmp_skip(const uint8_t *data, size_t size);

#endif
