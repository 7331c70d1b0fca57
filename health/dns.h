/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/dns.h - one DNS query, and what its answer says about the server: RFC 1035 4.1.
 *
 * Pure. Only the header and the question of an answer are looked at; records are not: that there is
 * an answer without an error is what is asked for. */

#ifndef LINTEL_HEALTH_DNS_H
#define LINTEL_HEALTH_DNS_H

#include "lib/compiler.h"
#include "model/object.h"

#include <stddef.h>
#include <stdint.h>

#define HEALTH_DNS_QUERY_MAX  272 /* header, a name of 255, type and class */
#define HEALTH_DNS_ANSWER_MAX 512 /* without EDNS none over UDP is longer */

/* Writes a query that asks for recursion; returns its size, 0 when 'name' (dotted, "" the root) is
 * none: a label over 63 bytes or empty, or over 255 in all. */
size_t health_dns_encode(uint8_t to[static HEALTH_DNS_QUERY_MAX], uint16_t id, const char *name,
                         enum model_dns_type type);

enum health_dns_verdict {
	HEALTH_DNS_GOOD,    /* it answers the query, without an error */
	HEALTH_DNS_ERROR,   /* it answers it with one */
	HEALTH_DNS_FOREIGN, /* it is of another query: to be passed over */
	HEALTH_DNS_BROKEN,  /* it is no answer at all */
	HEALTH_DNS_VERDICT_COUNT,
};
/* Compares an answer with the query as it was sent. 'ret_code' is set with GOOD and ERROR: the
 * answer's RCODE. */
enum health_dns_verdict health_dns_judge(const uint8_t *query, size_t query_size,
                                         const uint8_t *answer, size_t answer_size,
                                         unsigned *ret_code);
/* "SERVFAIL"; "" for those without a name. */
const char *health_dns_code_name(unsigned code);

#endif
