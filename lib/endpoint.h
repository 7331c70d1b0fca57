/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/endpoint.h - an address with a port, as people write them: "10.0.0.1:80", "[2001:db8::1]:80".
 *
 * Pure. Ports are host order. */

#ifndef LINTEL_LIB_ENDPOINT_H
#define LINTEL_LIB_ENDPOINT_H

#include "lib/addr.h"

struct endpoint {
	struct addr address;
	uint16_t port; /* 0: every port */
};

#define ENDPOINT_TEXT_SIZE (ADDR_TEXT_SIZE + 8)

/* With or without ":port"; an IPv6 address with a port stands in brackets. -EINVAL for anything
 * else. */
LT_MUST_USE int endpoint_parse(const char *text, struct endpoint *ret_endpoint);
/* Without ":port" when the port is 0; returns buf. */
const char *endpoint_format(const struct addr *address, uint16_t port,
                            char buf[static ENDPOINT_TEXT_SIZE]);

#endif
