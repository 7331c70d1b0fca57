/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/decode_context.h"

#include <string.h>

/* Does the document say this field, other than null? */
static bool says(const struct tree *map, const char *name)
{
	return model_decode_entry(map, name) != NULL;
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
	if (port->target > 0 && port->target + model_check_port_span(port) > 65535)
		model_decode_error_at(ctx, node, "targetPort",
		                      "%u is out of range; allowed for %u ports: at most %u",
		                      port->target, model_check_port_span(port) + 1,
		                      65535 - model_check_port_span(port));
}

void model_check_port(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	struct model_port *port = object;
	bool hashes = strcmp(port->scheduler, "sh") == 0 || strcmp(port->scheduler, "mh") == 0;

	check_port_numbers(ctx, node, port);
	if (model_check_says_right(node, "scheduler", model_schema_scheduler_names) && !hashes) {
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
	    model_check_says_right(node, "protocol", model_schema_protocol_names))
		model_decode_error_at(ctx, node, "onePacket", "needs protocol UDP; this is %s",
		                      model_protocol_name(port->protocol));
}

void model_check_tunnel(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_real_server *server = object;

	if (!model_check_says_right(node, "type", model_schema_tunnel_type_names))
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

	if (says(node, "address") && !says(node, "mode"))
		vs->snat_mode = MODEL_SNAT_ADDRESS;
	if (!model_check_says_right(node, "mode", model_schema_snat_mode_names))
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
