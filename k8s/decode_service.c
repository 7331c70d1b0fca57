/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"
#include "k8s/status.h"

#include <string.h>

static enum k8s_service_type type_of(const char *type)
{
	if (strcmp(type, "LoadBalancer") == 0)
		return K8S_SERVICE_LOAD_BALANCER;
	if (strcmp(type, "NodePort") == 0)
		return K8S_SERVICE_NODE_PORT;
	if (strcmp(type, "ExternalName") == 0)
		return K8S_SERVICE_EXTERNAL_NAME;
	return K8S_SERVICE_CLUSTER_IP;
}

static enum k8s_family_policy policy_of(const char *policy)
{
	if (strcmp(policy, "RequireDualStack") == 0)
		return K8S_FAMILY_REQUIRE_DUAL;
	if (strcmp(policy, "PreferDualStack") == 0)
		return K8S_FAMILY_PREFER_DUAL;
	return K8S_FAMILY_SINGLE;
}

static void decode_families(struct k8s_service *service, const struct tree *spec)
{
	const struct tree *families = tree_get(spec, "ipFamilies");

	service->family_policy = policy_of(k8s_json_tree_text(spec, "ipFamilyPolicy"));
	for (const struct tree *json = k8s_json_tree_first(families);
	     json && service->family_count < 2; json = json->sibling) {
		const char *family = k8s_json_tree_string(json);

		if (family && strcmp(family, "IPv4") == 0)
			service->families[service->family_count++] = ADDR_IPV4;
		else if (family && strcmp(family, "IPv6") == 0)
			service->families[service->family_count++] = ADDR_IPV6;
	}
	if (service->family_count == 2 && service->families[0] == service->families[1])
		service->family_count = 1;
}

static void decode_ports(struct k8s_object *object, const struct tree *ports)
{
	struct k8s_service *service = &object->service;
	size_t count = k8s_json_tree_count(ports, K8S_PORTS_MAX, &object->cut);

	service->ports = arena_array(&object->arena, count, sizeof(*service->ports));
	const struct tree *json = k8s_json_tree_first(ports);
	for (size_t i = 0; i < count; i++, json = json->sibling) {
		struct k8s_service_port port = {
			.port = (uint16_t)k8s_json_tree_int(json, "port", 1, UINT16_MAX, 0),
			.node_port =
				(uint16_t)k8s_json_tree_int(json, "nodePort", 1, UINT16_MAX, 0),
		};

		if (port.port == 0 ||
		    !k8s_decode_protocol(k8s_json_tree_text(json, "protocol"), &port.protocol))
			continue;
		port.name = k8s_decode_copy(object, k8s_json_tree_text(json, "name"));
		service->ports[service->port_count++] = port;
	}
}

static void decode_source_ranges(struct k8s_object *object, const struct tree *ranges)
{
	struct k8s_service *service = &object->service;
	size_t count = k8s_json_tree_count(ranges, K8S_SOURCE_RANGES_MAX, &object->cut);

	if (count > 0)
		service->source_ranges =
			arena_array(&object->arena, count, sizeof(*service->source_ranges));
	const struct tree *json = k8s_json_tree_first(ranges);
	for (size_t i = 0; i < count; i++, json = json->sibling) {
		const char *range = k8s_json_tree_string(json);

		/* What is no text stays as something that is no range: fewer are not wider. */
		service->source_ranges[service->source_range_count++] =
			k8s_decode_copy(object, range ? range : "?");
	}
}

static void decode_affinity(struct k8s_service *service, const struct tree *spec)
{
	const struct tree *config = tree_get(spec, "sessionAffinityConfig");

	if (strcmp(k8s_json_tree_text(spec, "sessionAffinity"), "ClientIP") == 0)
		service->affinity_s = k8s_json_tree_int(tree_get(config, "clientIP"),
		                                        "timeoutSeconds", 1, 86400, 10800);
}

static void decode_spec(struct k8s_object *object, const struct tree *spec)
{
	struct k8s_service *service = &object->service;

	service->type = type_of(k8s_json_tree_text(spec, "type"));
	service->class = k8s_decode_copy(object, k8s_json_tree_text(spec, "loadBalancerClass"));
	service->load_balancer_ip =
		k8s_decode_copy(object, k8s_json_tree_text(spec, "loadBalancerIP"));
	decode_source_ranges(object, tree_get(spec, "loadBalancerSourceRanges"));
	service->local = strcmp(k8s_json_tree_text(spec, "externalTrafficPolicy"), "Local") == 0;
	service->health_check_node_port =
		(uint16_t)k8s_json_tree_int(spec, "healthCheckNodePort", 1, UINT16_MAX, 0);
	service->allocate_node_ports =
		k8s_json_tree_bool(spec, "allocateLoadBalancerNodePorts", true);
	decode_affinity(service, spec);
	service->publish_not_ready = k8s_json_tree_bool(spec, "publishNotReadyAddresses", false);
	service->headless = strcmp(k8s_json_tree_text(spec, "clusterIP"), "None") == 0;
	decode_families(service, spec);
	decode_ports(object, tree_get(spec, "ports"));
	service->selector = k8s_decode_pairs(object, tree_get(spec, "selector"), NULL);
}

static void decode_ingress_ports(struct k8s_object *object, const struct tree *ports,
                                 struct k8s_ingress *ingress)
{
	size_t count = k8s_json_tree_count(ports, K8S_PORTS_MAX, &object->cut);

	if (count > 0)
		ingress->ports = arena_array(&object->arena, count, sizeof(*ingress->ports));
	const struct tree *json = k8s_json_tree_first(ports);
	for (size_t i = 0; i < count; i++, json = json->sibling) {
		struct k8s_ingress_port port = {
			.port = (uint16_t)k8s_json_tree_int(json, "port", 1, UINT16_MAX, 0),
		};

		if (!k8s_decode_protocol(k8s_json_tree_text(json, "protocol"), &port.protocol))
			port.port = 0; /* differs from all of ours */
		port.error = k8s_decode_copy(object, k8s_json_tree_text(json, "error"));
		ingress->ports[ingress->port_count++] = port;
	}
}

static void decode_ingress(struct k8s_object *object, const struct tree *list)
{
	struct k8s_service *service = &object->service;
	size_t count = k8s_json_tree_count(list, K8S_INGRESS_MAX, &object->cut);

	if (count > 0)
		service->ingress = arena_array(&object->arena, count, sizeof(*service->ingress));
	const struct tree *json = k8s_json_tree_first(list);
	for (size_t i = 0; i < count; i++, json = json->sibling) {
		struct k8s_ingress *ingress = &service->ingress[service->ingress_count++];

		ingress->ip = k8s_decode_address(k8s_json_tree_text(json, "ip"));
		ingress->hostname = k8s_decode_copy(object, k8s_json_tree_text(json, "hostname"));
		ingress->proxy = strcmp(k8s_json_tree_text(json, "ipMode"), "Proxy") == 0;
		decode_ingress_ports(object, tree_get(json, "ports"), ingress);
	}
}

/* Ours: others' are not written either, and there may be many of them. */
static void decode_condition(struct k8s_object *object, const struct tree *list)
{
	const struct tree *json = k8s_json_tree_first(list);
	struct k8s_condition *condition;

	while (json && strcmp(k8s_json_tree_text(json, "type"), K8S_STATUS_SERVICE_CONDITION) != 0)
		json = json->sibling;
	if (!json)
		return;
	condition = arena_alloc(&object->arena, sizeof(*condition));
	*condition = (struct k8s_condition){
		.status = k8s_decode_copy(object, k8s_json_tree_text(json, "status")),
		.reason = k8s_decode_copy(object, k8s_json_tree_text(json, "reason")),
		.message = k8s_decode_copy(object, k8s_json_tree_text(json, "message")),
		.transition =
			k8s_decode_copy(object, k8s_json_tree_text(json, "lastTransitionTime")),
		.generation = k8s_json_tree_int(json, "observedGeneration", 0, INT64_MAX, 0),
	};
	object->service.condition = condition;
}

void k8s_decode_service(struct k8s_object *object, const struct tree *json)
{
	const struct tree *status = tree_get(json, "status");

	decode_spec(object, tree_get(json, "spec"));
	decode_ingress(object, tree_get(tree_get(status, "loadBalancer"), "ingress"));
	decode_condition(object, tree_get(status, "conditions"));
}
