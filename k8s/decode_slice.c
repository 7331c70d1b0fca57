/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"
#include "k8s/names.h"

#include <string.h>

/* Endpoints that follow each other are often on the same node. */
static const char *node_name(struct k8s_object *object, const char *name)
{
	const struct k8s_slice *slice = &object->slice;

	for (size_t i = slice->endpoint_count; i > 0 && i + 16 > slice->endpoint_count; i--) {
		if (strcmp(slice->endpoints[i - 1].node, name) == 0)
			return slice->endpoints[i - 1].node;
	}
	return k8s_decode_copy(object, name);
}

static void decode_endpoint(struct k8s_object *object, const struct tree *json)
{
	const struct tree *conditions = tree_get(json, "conditions");
	const char *text = k8s_json_tree_string(k8s_json_tree_first(tree_get(json, "addresses")));
	struct k8s_slice *slice = &object->slice;
	struct k8s_endpoint endpoint = {.ready = k8s_json_tree_bool(conditions, "ready", true)};

	if (!text)
		return;
	endpoint.address = k8s_decode_address(text);
	if (endpoint.address.family != slice->family)
		return;
	endpoint.terminating = k8s_json_tree_bool(conditions, "terminating", false);
	endpoint.serving = k8s_json_tree_bool(conditions, "serving", endpoint.ready);
	endpoint.node = node_name(object, k8s_json_tree_text(json, "nodeName"));
	slice->endpoints[slice->endpoint_count++] = endpoint;
}

static void decode_port(struct k8s_object *object, const struct tree *json)
{
	struct k8s_slice *slice = &object->slice;
	struct k8s_endpoint_port port = {
		.port = (uint16_t)k8s_json_tree_int(json, "port", 1, UINT16_MAX, 0),
	};

	/* Without a number: every port, which is nothing one can balance to. */
	if (port.port == 0 ||
	    !k8s_decode_protocol(k8s_json_tree_text(json, "protocol"), &port.protocol))
		return;
	port.name = k8s_decode_copy(object, k8s_json_tree_text(json, "name"));
	slice->ports[slice->port_count++] = port;
}

void k8s_decode_slice(struct k8s_object *object, const struct tree *json)
{
	const struct tree *endpoints = tree_get(json, "endpoints");
	const struct tree *ports = tree_get(json, "ports");
	const char *type = k8s_json_tree_text(json, "addressType");
	const char *service = k8s_pairs_get(&object->meta.labels, K8S_LABEL_SERVICE);
	struct k8s_slice *slice = &object->slice;
	size_t count;

	slice->service = service ? service : "";
	if (strcmp(type, "IPv4") == 0)
		slice->family = ADDR_IPV4;
	else if (strcmp(type, "IPv6") == 0)
		slice->family = ADDR_IPV6;
	else
		return;
	count = k8s_json_tree_count(endpoints, K8S_ENDPOINTS_MAX, &object->cut);
	slice->endpoints = arena_array(&object->arena, count, sizeof(*slice->endpoints));
	const struct tree *json_endpoint = k8s_json_tree_first(endpoints);
	for (size_t i = 0; i < count; i++, json_endpoint = json_endpoint->sibling)
		decode_endpoint(object, json_endpoint);
	count = k8s_json_tree_count(ports, K8S_PORTS_MAX, &object->cut);
	slice->ports = arena_array(&object->arena, count, sizeof(*slice->ports));
	const struct tree *json_port = k8s_json_tree_first(ports);
	for (size_t i = 0; i < count; i++, json_port = json_port->sibling)
		decode_port(object, json_port);
}
