/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/decode_context.h"

#include <inttypes.h>
#include <string.h>

static bool has_family(const struct addr *addresses, size_t count, uint8_t family)
{
	for (size_t i = 0; i < count; i++) {
		if (addresses[i].family == family)
			return true;
	}
	return false;
}

static const char *family_name(uint8_t family)
{
	return family == ADDR_IPV6 ? "IPv6" : "IPv4";
}

/* API objects have no lines. */
static bool is_from_file(const struct model_decode_context *ctx, const struct tree *node)
{
	return node->line > 0 || strcmp(ctx->source, MODEL_SOURCE_KUBERNETES) != 0;
}

static void check_addresses(struct model_decode_context *ctx, const struct tree *node,
                            const struct model_virtual_server *vs)
{
	struct model_check_list list = {ctx, node, "addresses"};
	bool named = model_decode_entry(node, "addresses"),
	     pool = model_decode_entry(node, "addressPool");

	if (named && pool)
		model_decode_error_at(ctx, node, "addressPool",
		                      "is given besides addresses; allowed: one of them");
	else if (pool && is_from_file(ctx, node))
		model_decode_error_at(
			ctx, node, "addressPool",
			"addresses are given to objects of the Kubernetes API only; name "
			"the addresses in a file");
	else if (!pool && (!named || tree_get(node, "addresses")->count == 0))
		model_decode_error_at(ctx, node, "addresses",
		                      "missing; at least one address is needed");
	if (!pool && !model_decode_entry(node, "virtualRouter"))
		model_decode_error_at(ctx, node, "virtualRouter",
		                      "missing; it has to be the name of a VirtualRouter");
	for (size_t i = 0; i < vs->address_count; i++) {
		const char *unusable = model_check_unusable(&vs->addresses[i]);

		if (!unusable && addr_is_link_local(&vs->addresses[i]))
			unusable = "a link-local address";
		if (unusable)
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "addresses", i,
				"is %s; allowed: an address that clients can reach", unusable);
		else if (addr_is_loopback(&vs->addresses[i]))
			model_check_report_entry(
				ctx, MODEL_WARNING, node, "addresses", i,
				"is a loopback address, which no other machine reaches");
	}
	model_check_address_twice(&list, vs->addresses, vs->address_count);
}

static int compare_port_names(const void *left, const void *right)
{
	const struct model_port *a = left, *b = right;

	/* Unnamed ones differ from each other. */
	if (!*a->name && !*b->name)
		return a < b ? -1 : a > b;
	return strcmp(a->name, b->name);
}

static void report_port_name(void *arg, size_t first, size_t later)
{
	struct model_check_list *list = arg;

	model_check_report_entry(list->ctx, MODEL_ERROR, list->map, list->name, later,
	                         "has the same name as ports[%zu]", first);
}

static bool port_overlaps(const struct model_port *a, const struct model_port *b)
{
	return a->protocol == b->protocol && a->first <= b->last && b->first <= a->last;
}

static void check_ports(struct model_decode_context *ctx, const struct tree *node,
                        const struct model_virtual_server *vs)
{
	struct model_check_list list = {ctx, node, "ports"};

	for (size_t i = 0; i < vs->port_count; i++) {
		const struct model_port *port = &vs->ports[i];

		if (!port->name || port->first == 0 || port->last < port->first)
			return; /* something was wrong already */
		/* At most 1024 of them. */
		for (size_t j = 0; j < i; j++) {
			if (port_overlaps(&vs->ports[j], port)) {
				model_check_report_entry(ctx, MODEL_ERROR, node, "ports", i,
				                         "has %s ports in common with ports[%zu]",
				                         model_protocol_name(port->protocol), j);
				break;
			}
		}
		if (*port->target_name && port->last == port->first &&
		    !model_decode_entry(node, "service"))
			model_check_report_entry(ctx, MODEL_ERROR, node, "ports", i,
			                         "targetPort is a name, which needs spec.service; "
			                         "allowed: an integer");
		if (vs->forwarding != MODEL_FORWARD_NAT && port->target > 0 &&
		    port->target != port->first)
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "ports", i,
				"targetPort is %u, but forwarding %s rewrites no ports; "
				"allowed: %u",
				port->target, model_forwarding_name(vs->forwarding), port->first);
		if (port->one_packet && port->protocol == MODEL_UDP &&
		    vs->forwarding == MODEL_FORWARD_NAT)
			model_check_report_entry(
				ctx, MODEL_WARNING, node, "ports", i,
				"onePacket with forwarding nat: no answer finds its way back, as "
				"no connection is kept; forwarding direct or tunnel serves it");
	}
	model_check_duplicates(vs->ports, vs->port_count, sizeof(*vs->ports), compare_port_names,
	                       report_port_name, &list);
}

/* The port of a server, where it says one: it is meant for every port of the virtual server. */
static void check_server_port(struct model_decode_context *ctx, const struct tree *node,
                              const struct model_virtual_server *vs, size_t index)
{
	const struct model_real_server *server = &vs->servers[index];

	for (size_t i = 0; i < vs->port_count && server->port > 0; i++) {
		const struct model_port *port = &vs->ports[i];

		if (port->first == 0)
			return; /* was wrong */
		if (vs->forwarding != MODEL_FORWARD_NAT && server->port != port->first) {
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "servers", index,
				"port is %u, but forwarding %s rewrites no ports; "
				"allowed: %u, or none",
				server->port, model_forwarding_name(vs->forwarding), port->first);
			return;
		}
		if (server->port + model_check_port_span(port) > 65535) {
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "servers", index,
				"port %u is out of range; allowed for the %u ports of "
				"ports[%zu]: at most %u",
				server->port, model_check_port_span(port) + 1, i,
				65535 - model_check_port_span(port));
			return;
		}
	}
}

static int compare_servers(const void *left, const void *right)
{
	const struct model_real_server *a = left, *b = right;
	int order = addr_compare(&a->address, &b->address);

	return order != 0 ? order : (int)a->port - (int)b->port;
}

static void report_server_twice(void *arg, size_t first, size_t later)
{
	struct model_check_list *list = arg;

	model_check_report_entry(list->ctx, MODEL_ERROR, list->map, list->name, later,
	                         "is the same server as servers[%zu]", first);
}

/* Schedulers that treat all servers alike, so that different weights say nothing. */
static void check_weights(struct model_decode_context *ctx, const struct tree *node,
                          const struct model_virtual_server *vs)
{
	uint32_t weight = 0;
	bool differ = false;

	for (size_t i = 0; i < vs->server_count; i++) {
		if (vs->servers[i].weight > 0 && weight > 0 && vs->servers[i].weight != weight)
			differ = true;
		if (vs->servers[i].weight > 0)
			weight = vs->servers[i].weight;
	}
	for (size_t i = 0; i < vs->port_count && differ; i++) {
		const char *scheduler = vs->ports[i].scheduler;

		if (!scheduler)
			continue; /* was wrong */
		if (strcmp(scheduler, "rr") == 0 || strcmp(scheduler, "lc") == 0)
			model_check_report_entry(
				ctx, MODEL_WARNING, node, "ports", i,
				"scheduler %s ignores the servers' weights; w%s goes by "
				"them",
				scheduler, scheduler);
	}
}

/* A virtual address without servers of its family answers nobody. */
static void check_families(struct model_decode_context *ctx, const struct tree *node,
                           const struct model_virtual_server *vs)
{
	static const uint8_t families[] = {ADDR_IPV4, ADDR_IPV6};

	for (size_t f = 0; f < LT_ARRAY_SIZE(families); f++) {
		bool found = false;

		if (!has_family(vs->addresses, vs->address_count, families[f]))
			continue;
		for (size_t i = 0; i < vs->server_count && !found; i++)
			found = vs->servers[i].address.family == families[f];
		if (!found)
			model_decode_warning_at(
				ctx, node, "servers",
				"none is an %s address: connections to the %s addresses "
				"will be refused",
				family_name(families[f]), family_name(families[f]));
	}
}

/* What is restricted is restricted in both families. */
static void check_source_ranges(struct model_decode_context *ctx, const struct tree *node,
                                const struct model_virtual_server *vs)
{
	static const uint8_t families[] = {ADDR_IPV4, ADDR_IPV6};

	for (size_t f = 0; f < LT_ARRAY_SIZE(families) && vs->source_range_count > 0; f++) {
		bool found = false;

		if (!has_family(vs->addresses, vs->address_count, families[f]))
			continue;
		for (size_t i = 0; i < vs->source_range_count && !found; i++)
			found = vs->source_ranges[i].addr.family == families[f] ||
			        vs->source_ranges[i].addr.family == ADDR_NONE; /* was wrong */
		if (!found)
			model_decode_warning_at(ctx, node, "sourceRanges",
			                        "none is of %s: all clients of the %s addresses "
			                        "are dropped",
			                        family_name(families[f]), family_name(families[f]));
	}
}

static void check_servers(struct model_decode_context *ctx, const struct tree *node,
                          const struct model_virtual_server *vs)
{
	struct model_check_list list = {ctx, node, "servers"};
	const struct tree *entry = tree_get(node, "servers");

	bool crossed = false;

	entry = entry && entry->kind == TREE_LIST ? entry->child : NULL;
	for (size_t i = 0; i < vs->server_count; i++, entry = entry ? entry->sibling : NULL) {
		const struct model_real_server *server = &vs->servers[i];

		if (server->address.family == ADDR_NONE)
			return; /* was wrong */
		if (vs->forwarding != MODEL_FORWARD_TUNNEL && model_decode_entry(entry, "tunnel"))
			model_check_report_entry(ctx, MODEL_ERROR, node, "servers", i,
			                         "tunnel needs forwarding tunnel; this is %s",
			                         model_forwarding_name(vs->forwarding));
		if (vs->forwarding != MODEL_FORWARD_TUNNEL && vs->address_count > 0 &&
		    model_check_addresses_known(vs->addresses, vs->address_count) &&
		    !has_family(vs->addresses, vs->address_count, server->address.family)) {
			crossed = true;
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "servers", i,
				"is an %s address, but none of the virtual addresses is; "
				"only forwarding tunnel crosses families",
				family_name(server->address.family));
		}
		for (size_t j = 0; j < vs->address_count; j++) {
			if (addr_equal(&server->address, &vs->addresses[j]))
				model_check_report_entry(ctx, MODEL_WARNING, node, "servers", i,
				                         "is the virtual address itself");
		}
		check_server_port(ctx, node, vs, i);
	}
	model_check_duplicates(vs->servers, vs->server_count, sizeof(*vs->servers), compare_servers,
	                       report_server_twice, &list);
	check_weights(ctx, node, vs);
	if (vs->server_count > 0 && vs->forwarding != MODEL_FORWARD_TUNNEL && !crossed)
		check_families(ctx, node, vs);
}

static void check_service(struct model_decode_context *ctx, const struct tree *node,
                          const struct model_virtual_server *vs)
{
	if (!model_decode_entry(node, "service")) {
		if (vs->server_count == 0 &&
		    !(model_decode_entry(node, "servers") && tree_get(node, "servers")->count > 0))
			model_decode_warning_at(ctx, node, "servers",
			                        "there are none: connections will be refused");
		return;
	}
	if (!is_from_file(ctx, node) || !*vs->service)
		return; /* all is well, or it was wrong already */
	if (vs->server_count > 0)
		model_decode_warning_at(
			ctx, node, "service",
			"endpoints of Services come from the Kubernetes API only; of a "
			"virtual server in a file, 'servers' alone counts");
	else
		model_decode_error_at(
			ctx, node, "service",
			"endpoints of Services come from the Kubernetes API only; name "
			"'servers' in a file");
}

static void check_source_nat(struct model_decode_context *ctx, const struct tree *node,
                             const struct model_virtual_server *vs)
{
	const struct tree *snat = tree_get(node, "sourceNat");
	size_t path_len;

	if (!snat || snat->kind != TREE_MAP)
		return;
	path_len = model_decode_enter(ctx, "sourceNat");
	if (vs->forwarding != MODEL_FORWARD_NAT &&
	    (vs->snat_mode == MODEL_SNAT_MASQUERADE || vs->snat_mode == MODEL_SNAT_ADDRESS))
		model_decode_error_at(ctx, snat, "mode", "%s needs forwarding nat; this is %s",
		                      model_snat_mode_name(vs->snat_mode),
		                      model_forwarding_name(vs->forwarding));
	for (size_t i = 0; i < vs->address_count && vs->snat_mode == MODEL_SNAT_ADDRESS; i++) {
		uint8_t family = vs->addresses[i].family;

		if (vs->snat_address_count == 0 || family == ADDR_NONE ||
		    has_family(vs->addresses, i, family) ||
		    !model_check_addresses_known(vs->snat_addresses, vs->snat_address_count) ||
		    has_family(vs->snat_addresses, vs->snat_address_count, family))
			continue;
		model_decode_error_at(ctx, snat, "address",
		                      "has no %s address, though there are %s virtual addresses",
		                      family_name(family), family_name(family));
	}
	model_decode_leave(ctx, path_len);
}

/* With onLoss: withdraw nobody would ever serve. */
static void check_quorum(struct model_decode_context *ctx, const struct tree *node,
                         const struct model_virtual_server *vs)
{
	const struct tree *quorum = model_decode_entry(node, "quorum");
	uint64_t weights = 0;
	size_t path_len;

	if (!quorum || quorum->kind != TREE_MAP || !vs->quorum || vs->server_count == 0 ||
	    model_decode_entry(node, "service"))
		return;
	for (size_t i = 0; i < vs->server_count; i++)
		weights += vs->servers[i].weight;
	if (vs->quorum->minimum <= weights)
		return;
	path_len = model_decode_enter(ctx, "quorum");
	model_decode_warning_at(ctx, quorum, "minimum",
	                        "%u is more than the weights of all servers together, %" PRIu64
	                        ": it is never met",
	                        vs->quorum->minimum, weights);
	model_decode_leave(ctx, path_len);
}

void model_check_virtual_server(struct model_decode_context *ctx, const struct tree *node,
                                void *object)
{
	const struct model_virtual_server *vs = object;

	if (!model_check_says_right(node, "forwarding", model_schema_forwarding_names))
		return;
	check_addresses(ctx, node, vs);
	check_ports(ctx, node, vs);
	check_servers(ctx, node, vs);
	check_service(ctx, node, vs);
	check_source_ranges(ctx, node, vs);
	check_source_nat(ctx, node, vs);
	check_quorum(ctx, node, vs);
}
