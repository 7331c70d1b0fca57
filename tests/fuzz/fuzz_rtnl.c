/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of links and addresses: one or more netlink messages.
 * Laws: names are ended and no longer than promised; a prefix is of its family and no longer than
 * an address; what is running is up; what is not understood is said to be something else. */

#include "lib/mem.h"
#include "lib/rtnl.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static void check_link(const struct rtnl_link *link)
{
	must(link->index > 0);
	must(memchr(link->name, '\0', sizeof(link->name)));
	must(memchr(link->kind, '\0', sizeof(link->kind)));
	must(!link->running || (link->flags & IFF_UP));
}

static void check_address(const struct rtnl_address *address)
{
	char text[ADDR_PREFIX_TEXT_SIZE];

	must(address->prefix.addr.family == ADDR_IPV4 || address->prefix.addr.family == ADDR_IPV6);
	must(address->prefix.length <= 8 * addr_size(&address->prefix.addr));
	must(strlen(addr_prefix_format(&address->prefix, text)) < sizeof(text));
}

static void try_message(const struct nlmsghdr *message)
{
	struct rtnl_event event;

	switch (rtnl_decode(message, &event)) {
	case RTNL_LINK_NEW:
	case RTNL_LINK_GONE:
		check_link(&event.link);
		break;
	case RTNL_ADDRESS_NEW:
	case RTNL_ADDRESS_GONE:
		check_address(&event.address);
		break;
	case RTNL_OTHER:
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* Aligned as a receive buffer is, and no longer than what was received. */
	struct nlmsghdr *copy = xmemdup(data, size), *message = copy;
	int left = (int)size;

	for (; nl_message_ok(message, left); message = mnl_nlmsg_next(message, &left))
		try_message(message);
	free(copy);
	return 0;
}
