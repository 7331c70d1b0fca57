/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What servers answer to checks: health/dns.c and health/icmp.c. The first byte says which is
 * tried; for DNS the query is one of a few, so that answers with its question are found. Laws:
 * nothing beyond the input is read; what is good has the query's id and is an answer; results are
 * left alone by what is neither good nor an error; an echo that is told was in the input. */

#include "health/dns.h"
#include "health/icmp.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define UNTOUCHED 999

static void must(bool law)
{
	if (!law)
		abort();
}

static void try_dns(const char *name, const uint8_t *answer, size_t size)
{
	uint8_t query[HEALTH_DNS_QUERY_MAX];
	size_t query_size = health_dns_encode(query, 0xbeef, name, MODEL_DNS_NS);
	unsigned code = UNTOUCHED;
	enum health_dns_verdict verdict = health_dns_judge(query, query_size, answer, size, &code);

	must(verdict < HEALTH_DNS_VERDICT_COUNT);
	if (verdict == HEALTH_DNS_GOOD || verdict == HEALTH_DNS_ERROR) {
		must(size >= 12 && memcmp(answer, query, 2) == 0 && (answer[2] & 0x80));
		must((code == 0) == (verdict == HEALTH_DNS_GOOD) && code < 16);
		must(health_dns_code_name(code) != NULL);
	} else {
		must(code == UNTOUCHED);
	}
}

static void try_icmp(enum addr_family family, const uint8_t *data, size_t size)
{
	struct health_icmp_message message = health_icmp_decode(family, data, size);
	uint8_t again[HEALTH_ICMP_REQUEST_SIZE];

	must(message.kind < HEALTH_ICMP_KIND_COUNT);
	if (message.kind == HEALTH_ICMP_OTHER)
		return;
	/* What identifies a request is there as it was sent. */
	health_icmp_encode(again, family, &message.echo);
	must(memmem(data, size, again + 4, message.has_nonce ? 12 : 4) != NULL);
	must(message.kind == HEALTH_ICMP_REPLY ? message.has_nonce
	                                       : message.target.family == family);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"", "a", "www.example.org"};
	char name[HEALTH_DNS_QUERY_MAX * 2];
	uint8_t query[HEALTH_DNS_QUERY_MAX];
	size_t skip;

	if (size == 0)
		return 0;
	switch (data[0] % 4) {
	case 0:
		try_dns(names[data[0] / 4 % LT_ARRAY_SIZE(names)], data + 1, size - 1);
		break;
	case 1:
		skip = health_icmp_skip(data + 1, size - 1);
		must(skip <= size - 1);
		try_icmp(ADDR_IPV4, data + 1 + skip, size - 1 - skip);
		break;
	case 2:
		try_icmp(ADDR_IPV6, data + 1, size - 1);
		break;
	default: /* a name from a document, however odd */
		skip = size - 1 < sizeof(name) ? size - 1 : sizeof(name) - 1;
		memcpy(name, data + 1, skip);
		name[skip] = '\0';
		must(health_dns_encode(query, 1, name, MODEL_DNS_A) <= HEALTH_DNS_QUERY_MAX);
	}
	return 0;
}
