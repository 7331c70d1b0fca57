/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Most reloads change real servers, which the table says nothing of. Whatever nft/ruleset_sets.c
 * and nft/ruleset_service.c read of a snapshot is compared here. */

#include "nft/ruleset.h"

#include <string.h>

static bool same_ranges(const struct model_virtual_server *a, const struct model_virtual_server *b)
{
	if (a->source_range_count != b->source_range_count)
		return false;
	for (size_t i = 0; i < a->source_range_count; i++) {
		if (!addr_equal(&a->source_ranges[i].addr, &b->source_ranges[i].addr) ||
		    a->source_ranges[i].length != b->source_ranges[i].length)
			return false;
	}
	return true;
}

/* The ports of a range's servers say where it is shifted to. */
static bool same_server_ports(const struct model_virtual_server *a,
                              const struct model_virtual_server *b)
{
	if (a->server_count != b->server_count)
		return false;
	for (size_t i = 0; i < a->server_count; i++) {
		if (a->servers[i].port != b->servers[i].port)
			return false;
	}
	return true;
}

static bool same_virtual_server(const struct model_virtual_server *a,
                                const struct model_virtual_server *b)
{
	return strcmp(a->namespace, b->namespace) == 0 && strcmp(a->name, b->name) == 0 &&
	       a->forwarding == b->forwarding && a->snat_mode == b->snat_mode &&
	       addr_list_equal(a->snat_addresses, a->snat_address_count, b->snat_addresses,
	                       b->snat_address_count) &&
	       same_ranges(a, b);
}

static bool same_port(const struct model_port *a, const struct model_port *b)
{
	return a->protocol == b->protocol && a->first == b->first && a->last == b->last &&
	       a->target == b->target;
}

static bool same_service(const struct model_service *a, const struct model_service *b)
{
	if (a->mark != b->mark || a->router != b->router || !addr_equal(&a->address, &b->address))
		return false;
	if (a->port == b->port)
		return true; /* of the same object */
	return same_port(a->port, b->port) &&
	       same_virtual_server(a->virtual_server, b->virtual_server) &&
	       (a->mark == 0 || same_server_ports(a->virtual_server, b->virtual_server));
}

bool nft_ruleset_same(const struct model_snapshot *a, const struct model_snapshot *b)
{
	if (a->router_count != b->router_count || a->vip_count != b->vip_count ||
	    a->service_count != b->service_count)
		return false;
	for (size_t i = 0; i < a->router_count; i++) {
		if (a->routers[i] != b->routers[i])
			return false;
	}
	for (size_t i = 0; i < a->vip_count; i++) {
		if (!addr_equal(&a->vips[i].address, &b->vips[i].address))
			return false;
	}
	for (size_t i = 0; i < a->service_count; i++) {
		if (!same_service(&a->services[i], &b->services[i]))
			return false;
	}
	return true;
}
