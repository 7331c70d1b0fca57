/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a decoder takes as absent is not written: an object has one form. */
#include "k8s/encode.h"

#include "k8s/json.h"
#include "k8s/stamp.h"
#include "k8s/status.h"

#include <string.h>

static void open_object(struct text *out, const char *key)
{
	if (key)
		k8s_json_key(out, key);
	else
		k8s_json_next(out);
	text_add(out, "{");
}

static void open_list(struct text *out, const char *key)
{
	k8s_json_key(out, key);
	text_add(out, "[");
}

static void close_object(struct text *out)
{
	text_add(out, "}");
}

static void close_list(struct text *out)
{
	text_add(out, "]");
}

static void add_false(struct text *out, const char *key, bool value)
{
	if (value)
		return;
	k8s_json_key(out, key);
	text_add(out, "false");
}

static void add_entry(struct text *out, const char *value)
{
	k8s_json_next(out);
	k8s_json_quote(out, value);
}

static void add_address(struct text *out, const char *key, const struct addr *address)
{
	char text[ADDR_TEXT_SIZE];

	if (address->family != ADDR_NONE)
		k8s_json_add_text(out, key, addr_format(address, text));
}

static void add_pairs(struct text *out, const char *key, const struct k8s_pairs *pairs)
{
	if (pairs->count == 0)
		return;
	open_object(out, key);
	for (size_t i = 0; i < pairs->count; i++) {
		k8s_json_key(out, pairs->items[i].key);
		k8s_json_quote(out, pairs->items[i].value);
	}
	close_object(out);
}

/* TCP goes without saying. */
static void add_protocol(struct text *out, enum model_protocol protocol)
{
	if (protocol != MODEL_TCP)
		k8s_json_add_text(out, "protocol", model_protocol_name(protocol));
}

static void add_meta(const struct k8s_meta *meta, bool version, struct text *out)
{
	char created[K8S_STAMP_SIZE];

	open_object(out, "metadata");
	k8s_json_add_text(out, "namespace", meta->namespace);
	k8s_json_add_text(out, "name", meta->name);
	k8s_json_add_text(out, "uid", meta->uid);
	if (version) {
		k8s_json_add_text(out, "resourceVersion", meta->resource_version);
		k8s_json_add_int(out, "generation", meta->generation);
	}
	if (meta->created_s > 0)
		k8s_json_add_text(out, "creationTimestamp",
		                  k8s_stamp_format(meta->created_s, created));
	if (meta->deleting)
		k8s_json_add_text(out, "deletionTimestamp", "1970-01-01T00:00:00Z");
	add_pairs(out, "labels", &meta->labels);
	add_pairs(out, "annotations", &meta->annotations);
	if (meta->finalizer_count > 0) {
		open_list(out, "finalizers");
		for (size_t i = 0; i < meta->finalizer_count; i++)
			add_entry(out, meta->finalizers[i]);
		close_list(out);
	}
	close_object(out);
}

static void add_service_ports(const struct k8s_service *service, struct text *out)
{
	open_list(out, "ports");
	for (size_t i = 0; i < service->port_count; i++) {
		const struct k8s_service_port *port = &service->ports[i];

		open_object(out, NULL);
		k8s_json_add_text(out, "name", port->name);
		add_protocol(out, port->protocol);
		k8s_json_add_int(out, "port", port->port);
		k8s_json_add_int(out, "nodePort", port->node_port);
		close_object(out);
	}
	close_list(out);
}

static void add_families(const struct k8s_service *service, struct text *out)
{
	if (service->family_policy == K8S_FAMILY_REQUIRE_DUAL)
		k8s_json_add_text(out, "ipFamilyPolicy", "RequireDualStack");
	else if (service->family_policy == K8S_FAMILY_PREFER_DUAL)
		k8s_json_add_text(out, "ipFamilyPolicy", "PreferDualStack");
	if (service->family_count == 0)
		return;
	open_list(out, "ipFamilies");
	for (size_t i = 0; i < service->family_count; i++)
		add_entry(out, service->families[i] == ADDR_IPV6 ? "IPv6" : "IPv4");
	close_list(out);
}

static const char *type_name(enum k8s_service_type type)
{
	switch (type) {
	case K8S_SERVICE_CLUSTER_IP:
		return "";
	case K8S_SERVICE_NODE_PORT:
		return "NodePort";
	case K8S_SERVICE_LOAD_BALANCER:
		return "LoadBalancer";
	case K8S_SERVICE_EXTERNAL_NAME:
		return "ExternalName";
	}
	return "";
}

static void add_service_spec(const struct k8s_service *service, struct text *out)
{
	open_object(out, "spec");
	k8s_json_add_text(out, "type", type_name(service->type));
	k8s_json_add_text(out, "loadBalancerClass", service->class);
	k8s_json_add_text(out, "loadBalancerIP", service->load_balancer_ip);
	if (service->source_range_count > 0) {
		open_list(out, "loadBalancerSourceRanges");
		for (size_t i = 0; i < service->source_range_count; i++)
			add_entry(out, service->source_ranges[i]);
		close_list(out);
	}
	if (service->local)
		k8s_json_add_text(out, "externalTrafficPolicy", "Local");
	k8s_json_add_int(out, "healthCheckNodePort", service->health_check_node_port);
	add_false(out, "allocateLoadBalancerNodePorts", service->allocate_node_ports);
	if (service->affinity_s > 0) {
		k8s_json_add_text(out, "sessionAffinity", "ClientIP");
		open_object(out, "sessionAffinityConfig");
		open_object(out, "clientIP");
		k8s_json_add_int(out, "timeoutSeconds", service->affinity_s);
		close_object(out);
		close_object(out);
	}
	k8s_json_add_true(out, "publishNotReadyAddresses", service->publish_not_ready);
	if (service->headless)
		k8s_json_add_text(out, "clusterIP", "None");
	add_families(service, out);
	add_service_ports(service, out);
	add_pairs(out, "selector", &service->selector);
	close_object(out);
}

static void add_ingress(const struct k8s_ingress *ingress, struct text *out)
{
	open_object(out, NULL);
	add_address(out, "ip", &ingress->ip);
	k8s_json_add_text(out, "hostname", ingress->hostname);
	if (ingress->proxy)
		k8s_json_add_text(out, "ipMode", "Proxy");
	if (ingress->port_count > 0) {
		open_list(out, "ports");
		for (size_t i = 0; i < ingress->port_count; i++) {
			open_object(out, NULL);
			k8s_json_add_int(out, "port", ingress->ports[i].port);
			add_protocol(out, ingress->ports[i].protocol);
			k8s_json_add_text(out, "error", ingress->ports[i].error);
			close_object(out);
		}
		close_list(out);
	}
	close_object(out);
}

static void add_condition(const struct k8s_condition *condition, struct text *out)
{
	open_object(out, NULL);
	k8s_json_add_text(out, "type", K8S_STATUS_SERVICE_CONDITION);
	k8s_json_add_text(out, "status", condition->status);
	k8s_json_add_text(out, "reason", condition->reason);
	k8s_json_add_text(out, "message", condition->message);
	k8s_json_add_text(out, "lastTransitionTime", condition->transition);
	k8s_json_add_int(out, "observedGeneration", condition->generation);
	close_object(out);
}

static void add_service(const struct k8s_service *service, struct text *out)
{
	add_service_spec(service, out);
	if (service->ingress_count == 0 && !service->condition)
		return;
	open_object(out, "status");
	if (service->ingress_count > 0) {
		open_object(out, "loadBalancer");
		open_list(out, "ingress");
		for (size_t i = 0; i < service->ingress_count; i++)
			add_ingress(&service->ingress[i], out);
		close_list(out);
		close_object(out);
	}
	if (service->condition) {
		open_list(out, "conditions");
		add_condition(service->condition, out);
		close_list(out);
	}
	close_object(out);
}

static void add_endpoint(const struct k8s_endpoint *endpoint, struct text *out)
{
	char address[ADDR_TEXT_SIZE];

	open_object(out, NULL);
	open_list(out, "addresses");
	add_entry(out, addr_format(&endpoint->address, address));
	close_list(out);
	open_object(out, "conditions");
	add_false(out, "ready", endpoint->ready);
	if (endpoint->serving != endpoint->ready) {
		k8s_json_add_true(out, "serving", endpoint->serving);
		add_false(out, "serving", endpoint->serving);
	}
	k8s_json_add_true(out, "terminating", endpoint->terminating);
	close_object(out);
	k8s_json_add_text(out, "nodeName", endpoint->node);
	close_object(out);
}

static void add_slice(const struct k8s_slice *slice, struct text *out)
{
	k8s_json_add_text(out, "addressType",
	                  slice->family == ADDR_IPV4   ? "IPv4"
	                  : slice->family == ADDR_IPV6 ? "IPv6"
	                                               : "");
	open_list(out, "endpoints");
	for (size_t i = 0; i < slice->endpoint_count; i++)
		add_endpoint(&slice->endpoints[i], out);
	close_list(out);
	open_list(out, "ports");
	for (size_t i = 0; i < slice->port_count; i++) {
		open_object(out, NULL);
		k8s_json_add_text(out, "name", slice->ports[i].name);
		add_protocol(out, slice->ports[i].protocol);
		k8s_json_add_int(out, "port", slice->ports[i].port);
		close_object(out);
	}
	close_list(out);
}

static void add_node_addresses(const struct addr *addresses, size_t count, const char *type,
                               struct text *out)
{
	for (size_t i = 0; i < count; i++) {
		open_object(out, NULL);
		k8s_json_add_text(out, "type", type);
		add_address(out, "address", &addresses[i]);
		close_object(out);
	}
}

static void add_node(const struct k8s_node *node, struct text *out)
{
	open_object(out, "spec");
	k8s_json_add_true(out, "unschedulable", node->unschedulable);
	if (node->taint_count > 0) {
		open_list(out, "taints");
		for (size_t i = 0; i < node->taint_count; i++) {
			open_object(out, NULL);
			k8s_json_add_text(out, "key", node->taints[i].key);
			k8s_json_add_text(out, "value", node->taints[i].value);
			k8s_json_add_text(out, "effect", node->taints[i].effect);
			close_object(out);
		}
		close_list(out);
	}
	close_object(out);
	open_object(out, "status");
	open_list(out, "conditions");
	if (node->ready) {
		open_object(out, NULL);
		k8s_json_add_text(out, "type", "Ready");
		k8s_json_add_text(out, "status", "True");
		close_object(out);
	}
	close_list(out);
	open_list(out, "addresses");
	add_node_addresses(node->internal, node->internal_count, "InternalIP", out);
	add_node_addresses(node->external, node->external_count, "ExternalIP", out);
	close_list(out);
	close_object(out);
}

static void add_config_map(const struct k8s_config_map *map, struct text *out)
{
	open_object(out, "data");
	k8s_json_add_text(out, "bind-ip", map->bind_ip);
	k8s_json_add_text(out, "bind-port", map->bind_port);
	k8s_json_add_text(out, "namespace", map->target_namespace);
	k8s_json_add_text(out, "target-service-name", map->target_service);
	k8s_json_add_text(out, "target-port", map->target_port);
	k8s_json_add_text(out, "protocol", map->protocol);
	close_object(out);
}

static void add_custom(const struct k8s_custom *custom, struct text *out)
{
	if (*custom->spec) {
		k8s_json_key(out, "spec");
		text_add(out, custom->spec);
	}
	if (*custom->status) {
		k8s_json_key(out, "status");
		text_add(out, custom->status);
	}
}

void k8s_encode(const struct k8s_object *object, bool version, struct text *out)
{
	text_add(out, "{");
	k8s_json_add_text(out, "apiVersion", k8s_kind_api_version(object->kind));
	k8s_json_add_text(out, "kind", k8s_kind_name(object->kind));
	add_meta(&object->meta, version, out);
	switch (object->kind) {
	case K8S_NAMESPACE:
	case K8S_KIND_COUNT:
		break;
	case K8S_NODE:
		add_node(&object->node, out);
		break;
	case K8S_VIRTUAL_ROUTER:
	case K8S_ADDRESS_POOL:
	case K8S_VIRTUAL_SERVER:
		add_custom(&object->custom, out);
		break;
	case K8S_SERVICE:
		add_service(&object->service, out);
		break;
	case K8S_SLICE:
		add_slice(&object->slice, out);
		break;
	case K8S_CONFIG_MAP:
		add_config_map(&object->config_map, out);
		break;
	}
	close_object(out);
}
