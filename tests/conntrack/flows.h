/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/conntrack/flows.h - entries and flows for the tests of conntrack/: client port 40000 to
 * port 80 of 10.77.0.100 or 2001:db8:77::100, server port 8080. */

#ifndef LINTEL_TESTS_CONNTRACK_FLOWS_H
#define LINTEL_TESTS_CONNTRACK_FLOWS_H

#include "conntrack/entry.h"

#include <netinet/in.h>
#include <stdlib.h>

static inline struct addr flows_addr(const char *text)
{
	struct addr addr;

	if (addr_parse(text, &addr) < 0)
		abort();
	return addr;
}

/* To be created: the reply tuple is without the source NAT. 'source' may be NULL. */
static inline struct conntrack_entry flows_entry(uint8_t protocol, const char *client,
                                                 const char *server, const char *source)
{
	struct conntrack_entry entry = {
		.original = {.protocol = protocol,
	                     .source = flows_addr(client),
	                     .source_port = 40000,
	                     .destination_port = 80},
		.reply = {.protocol = protocol,
	                  .source = flows_addr(server),
	                  .source_port = 8080,
	                  .destination = flows_addr(client),
	                  .destination_port = 40000},
		.status = CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED | CONNTRACK_CONFIRMED,
		.timeout_s = 600,
		.has_state = protocol == IPPROTO_TCP || protocol == IPPROTO_SCTP,
		.state = protocol == IPPROTO_TCP    ? CONNTRACK_TCP_ESTABLISHED
	                 : protocol == IPPROTO_SCTP ? CONNTRACK_SCTP_ESTABLISHED
	                                            : 0,
		.liberal = protocol == IPPROTO_TCP,
	};

	if (protocol == IPPROTO_SCTP) {
		entry.tags[0] = 0x80000001;
		entry.tags[1] = 7;
	}
	entry.original.destination = flows_addr(
		entry.original.source.family == ADDR_IPV6 ? "2001:db8:77::100" : "10.77.0.100");
	if (source) {
		entry.source = flows_addr(source);
		entry.source_port = 40001;
	}
	return entry;
}

#endif
