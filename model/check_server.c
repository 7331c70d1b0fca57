/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/decode_context.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Does the document say this field, other than null? */
static bool says(const struct tree *map, const char *name)
{
	return model_decode_entry(map, name) != NULL;
}

/* Is field 'name' absent, or what it says one of its names? Otherwise it was reported, and the
 * structure has the default. */
static bool says_right(const struct tree *map, const char *name,
                       const struct model_schema_name *names)
{
	const char *text = tree_get_text(map, name);

	if (!says(map, name))
		return true;
	for (; text && names->name; names++) {
		if (strcmp(names->name, text) == 0)
			return true;
	}
	return false;
}

/* Of a range, the distance between its ends. */
static unsigned port_span(const struct model_port *port)
{
	return port->last > port->first ? (unsigned)(port->last - port->first) : 0;
}

static void check_port_numbers(struct model_decode_context *ctx, const struct tree *node,
                               struct model_port *port)
{
	bool single = says(node, "port"), range = says(node, "portRange");

	if (single && range)
		model_decode_error_at(ctx, node, "portRange",
		                      "is given besides port; allowed: one of them");
	else if (!single && !range)
		model_decode_error_at(ctx, node, "port",
		                      "missing; either port or portRange is needed");
	if (!range)
		port->last = port->first;
	else if (port->first > port->last && port->last > 0)
		model_decode_error_at(ctx, node, "portRange",
		                      "starts at %u and ends at %u; allowed: start not above end",
		                      port->first, port->last);
	else if (range && *port->target_name)
		model_decode_error_at(ctx, node, "targetPort",
		                      "is a name; allowed with portRange: an integer");
	if (port->target > 0 && port->target + port_span(port) > 65535)
		model_decode_error_at(ctx, node, "targetPort",
		                      "%u is out of range; allowed for %u ports: at most %u",
		                      port->target, port_span(port) + 1, 65535 - port_span(port));
}

void model_check_port(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	struct model_port *port = object;
	bool hashes = strcmp(port->scheduler, "sh") == 0 || strcmp(port->scheduler, "mh") == 0;

	check_port_numbers(ctx, node, port);
	if (says_right(node, "scheduler", model_schema_scheduler_names) && !hashes) {
		if (port->sh_fallback)
			model_decode_error_at(ctx, node, "hashFallback",
			                      "needs scheduler sh or mh; this is %s",
			                      port->scheduler);
		if (port->sh_port)
			model_decode_error_at(ctx, node, "hashPort",
			                      "needs scheduler sh or mh; this is %s",
			                      port->scheduler);
	}
	if (port->one_packet && port->protocol != MODEL_UDP &&
	    says_right(node, "protocol", model_schema_protocol_names))
		model_decode_error_at(ctx, node, "onePacket", "needs protocol UDP; this is %s",
		                      model_protocol_name(port->protocol));
}

void model_check_tunnel(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_real_server *server = object;

	if (!says_right(node, "type", model_schema_tunnel_type_names))
		return;
	if (server->tunnel_type == MODEL_TUNNEL_GUE && !says(node, "port"))
		model_decode_error_at(ctx, node, "port",
		                      "missing; gue needs the UDP port of the server");
	if (server->tunnel_type != MODEL_TUNNEL_GUE && says(node, "port"))
		model_decode_error_at(ctx, node, "port", "is for gue only; this is %s",
		                      model_tunnel_type_name(server->tunnel_type));
	if (server->tunnel_type == MODEL_TUNNEL_IPIP && server->tunnel_checksum)
		model_decode_error_at(ctx, node, "checksum",
		                      "is for gue and gre only; this is ipip");
}

void model_check_server(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_real_server *server = object;
	const char *unusable = model_check_unusable(&server->address);

	if (!unusable && addr_is_link_local(&server->address))
		unusable = "a link-local address"; /* refused by the kernel */
	if (unusable)
		model_decode_error_at(ctx, node, "address",
		                      "is %s; allowed: the address of a server", unusable);
	if (server->lower_threshold > 0 && server->upper_threshold == 0 &&
	    !says(node, "upperThreshold"))
		model_decode_error_at(ctx, node, "lowerThreshold", "needs upperThreshold");
	else if (server->lower_threshold > server->upper_threshold && server->upper_threshold > 0)
		model_decode_error_at(ctx, node, "lowerThreshold",
		                      "%u is above upperThreshold; allowed: at most %u",
		                      server->lower_threshold, server->upper_threshold);
}

void model_check_snat(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	struct model_virtual_server *vs = object;
	const struct addr *addresses = vs->snat_addresses;

	if (vs->snat_address_count > 0 && !says(node, "mode"))
		vs->snat_mode = MODEL_SNAT_ADDRESS;
	if (!says_right(node, "mode", model_schema_snat_mode_names))
		return;
	if (vs->snat_mode == MODEL_SNAT_ADDRESS && !says(node, "address"))
		model_decode_error_at(ctx, node, "address", "missing; mode address needs it");
	if (vs->snat_mode != MODEL_SNAT_ADDRESS && says(node, "address"))
		model_decode_error_at(ctx, node, "address", "needs mode address; this is %s",
		                      model_snat_mode_name(vs->snat_mode));
	for (size_t i = 0; i < vs->snat_address_count; i++) {
		const char *unusable = model_check_unusable(&addresses[i]);

		if (unusable)
			model_check_report_entry(ctx, MODEL_ERROR, node, "address", i,
			                         "is %s; allowed: an address of the balancer",
			                         unusable);
		if (i > 0 && addresses[i].family != ADDR_NONE &&
		    addresses[i].family == addresses[0].family)
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "address", i,
				"is a second %s address; allowed: one of each family",
				addresses[i].family == ADDR_IPV6 ? "IPv6" : "IPv4");
	}
}

void model_check_health(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_health_check *health = object;
	char timeout[TEXT_DURATION_SIZE], interval[TEXT_DURATION_SIZE];

	if (health->timeout_us > health->interval_us)
		model_decode_error_at(ctx, node, "timeout",
		                      "%s is longer than the interval; allowed: at "
		                      "most %s",
		                      text_format_duration(health->timeout_us, timeout),
		                      text_format_duration(health->interval_us, interval));
	if (health->type != MODEL_HEALTH_NONE)
		model_decode_warning_at(ctx, node, "type",
		                        "health checks are not carried out by this version");
}

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
	bool named = says(node, "addresses"), pool = says(node, "addressPool");

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
	if (!pool && !says(node, "virtualRouter"))
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
		if (*port->target_name && !says(node, "service"))
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
		if (server->port + port_span(port) > 65535) {
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "servers", index,
				"port %u is out of range; allowed for the %u ports of "
				"ports[%zu]: at most %u",
				server->port, port_span(port) + 1, i, 65535 - port_span(port));
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

static void check_servers(struct model_decode_context *ctx, const struct tree *node,
                          const struct model_virtual_server *vs)
{
	struct model_check_list list = {ctx, node, "servers"};
	const struct tree *entry = tree_get(node, "servers");

	entry = entry && entry->kind == TREE_LIST ? entry->child : NULL;
	for (size_t i = 0; i < vs->server_count; i++, entry = entry ? entry->sibling : NULL) {
		const struct model_real_server *server = &vs->servers[i];

		if (server->address.family == ADDR_NONE)
			return; /* was wrong */
		if (vs->forwarding != MODEL_FORWARD_TUNNEL && says(entry, "tunnel"))
			model_check_report_entry(ctx, MODEL_ERROR, node, "servers", i,
			                         "tunnel needs forwarding tunnel; this is %s",
			                         model_forwarding_name(vs->forwarding));
		if (vs->forwarding != MODEL_FORWARD_TUNNEL && vs->address_count > 0 &&
		    !has_family(vs->addresses, vs->address_count, server->address.family))
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "servers", i,
				"is an %s address, but none of the virtual addresses is; "
				"only forwarding tunnel crosses families",
				family_name(server->address.family));
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
	if (vs->server_count > 0 && vs->forwarding != MODEL_FORWARD_TUNNEL)
		check_families(ctx, node, vs);
}

static void check_service(struct model_decode_context *ctx, const struct tree *node,
                          const struct model_virtual_server *vs)
{
	if (!says(node, "service")) {
		if (vs->server_count == 0 &&
		    !(says(node, "servers") && tree_get(node, "servers")->count > 0))
			model_decode_warning_at(ctx, node, "servers",
			                        "there are none: connections will be refused");
		return;
	}
	if (!is_from_file(ctx, node))
		return;
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

void model_check_virtual_server(struct model_decode_context *ctx, const struct tree *node,
                                void *object)
{
	const struct model_virtual_server *vs = object;

	if (!says_right(node, "forwarding", model_schema_forwarding_names))
		return;
	check_addresses(ctx, node, vs);
	check_ports(ctx, node, vs);
	check_servers(ctx, node, vs);
	check_service(ctx, node, vs);
	check_source_nat(ctx, node, vs);
}
