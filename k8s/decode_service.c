/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"

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

static void decode_families(struct k8s_service *service, const json_t *spec)
{
	const json_t *families = k8s_json_get(spec, "ipFamilies");

	service->family_policy = policy_of(k8s_json_text(spec, "ipFamilyPolicy"));
	for (size_t i = 0; i < json_array_size(families) && service->family_count < 2; i++) {
		const char *family = json_string_value(json_array_get(families, i));

		if (family && strcmp(family, "IPv4") == 0)
			service->families[service->family_count++] = ADDR_IPV4;
		else if (family && strcmp(family, "IPv6") == 0)
			service->families[service->family_count++] = ADDR_IPV6;
	}
	if (service->family_count == 2 && service->families[0] == service->families[1])
		service->family_count = 1;
}

static void decode_ports(struct k8s_object *object, const json_t *ports)
{
	struct k8s_service *service = &object->service;
	size_t count = k8s_json_count(ports, K8S_PORTS_MAX, &object->cut);

	service->ports = arena_array(&object->arena, count, sizeof(*service->ports));
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(ports, i);
		struct k8s_service_port port = {
			.port = (uint16_t)k8s_json_int(json, "port", 1, UINT16_MAX, 0),
			.node_port = (uint16_t)k8s_json_int(json, "nodePort", 1, UINT16_MAX, 0),
		};

		if (port.port == 0 ||
		    !k8s_decode_protocol(k8s_json_text(json, "protocol"), &port.protocol))
			continue;
		port.name = k8s_decode_copy(object, k8s_json_text(json, "name"));
		service->ports[service->port_count++] = port;
	}
}

static void decode_source_ranges(struct k8s_object *object, const json_t *ranges)
{
	struct k8s_service *service = &object->service;
	size_t count = k8s_json_count(ranges, K8S_SOURCE_RANGES_MAX, &object->cut);

	if (count > 0)
		service->source_ranges =
			arena_array(&object->arena, count, sizeof(*service->source_ranges));
	for (size_t i = 0; i < count; i++) {
		const char *range = json_string_value(json_array_get(ranges, i));

		/* What is no text stays as something that is no range: fewer are not wider. */
		service->source_ranges[service->source_range_count++] =
			k8s_decode_copy(object, range ? range : "?");
	}
}

static void decode_affinity(struct k8s_service *service, const json_t *spec)
{
	const json_t *config = k8s_json_get(spec, "sessionAffinityConfig");

	if (strcmp(k8s_json_text(spec, "sessionAffinity"), "ClientIP") == 0)
		service->affinity_s = k8s_json_int(k8s_json_get(config, "clientIP"),
		                                   "timeoutSeconds", 1, 86400, 10800);
}

static void decode_spec(struct k8s_object *object, const json_t *spec)
{
	struct k8s_service *service = &object->service;

	service->type = type_of(k8s_json_text(spec, "type"));
	service->class = k8s_decode_copy(object, k8s_json_text(spec, "loadBalancerClass"));
	service->load_balancer_ip = k8s_decode_copy(object, k8s_json_text(spec, "loadBalancerIP"));
	decode_source_ranges(object, k8s_json_get(spec, "loadBalancerSourceRanges"));
	service->local = strcmp(k8s_json_text(spec, "externalTrafficPolicy"), "Local") == 0;
	service->health_check_node_port =
		(uint16_t)k8s_json_int(spec, "healthCheckNodePort", 1, UINT16_MAX, 0);
	service->allocate_node_ports = k8s_json_bool(spec, "allocateLoadBalancerNodePorts", true);
	decode_affinity(service, spec);
	service->publish_not_ready = k8s_json_bool(spec, "publishNotReadyAddresses", false);
	service->headless = strcmp(k8s_json_text(spec, "clusterIP"), "None") == 0;
	decode_families(service, spec);
	decode_ports(object, k8s_json_get(spec, "ports"));
	service->selector = k8s_decode_pairs(object, k8s_json_get(spec, "selector"), NULL);
}

static void decode_ingress_ports(struct k8s_object *object, const json_t *ports,
                                 struct k8s_ingress *ingress)
{
	size_t count = k8s_json_count(ports, K8S_PORTS_MAX, &object->cut);

	if (count > 0)
		ingress->ports = arena_array(&object->arena, count, sizeof(*ingress->ports));
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(ports, i);
		struct k8s_ingress_port port = {
			.port = (uint16_t)k8s_json_int(json, "port", 1, UINT16_MAX, 0),
		};

		if (!k8s_decode_protocol(k8s_json_text(json, "protocol"), &port.protocol))
			port.port = 0; /* differs from all of ours */
		port.error = k8s_decode_copy(object, k8s_json_text(json, "error"));
		ingress->ports[ingress->port_count++] = port;
	}
}

static void decode_ingress(struct k8s_object *object, const json_t *list)
{
	struct k8s_service *service = &object->service;
	size_t count = k8s_json_count(list, K8S_INGRESS_MAX, &object->cut);

	if (count > 0)
		service->ingress = arena_array(&object->arena, count, sizeof(*service->ingress));
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(list, i);
		struct k8s_ingress *ingress = &service->ingress[service->ingress_count++];

		ingress->ip = k8s_decode_address(k8s_json_text(json, "ip"));
		ingress->hostname = k8s_decode_copy(object, k8s_json_text(json, "hostname"));
		ingress->proxy = strcmp(k8s_json_text(json, "ipMode"), "Proxy") == 0;
		decode_ingress_ports(object, k8s_json_get(json, "ports"), ingress);
	}
}

static void decode_conditions(struct k8s_object *object, const json_t *list)
{
	struct k8s_service *service = &object->service;
	size_t count = k8s_json_count(list, K8S_CONDITIONS_MAX, &object->cut);

	if (count > 0)
		service->conditions =
			arena_array(&object->arena, count, sizeof(*service->conditions));
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(list, i);

		service->conditions[service->condition_count++] = (struct k8s_condition){
			.type = k8s_decode_copy(object, k8s_json_text(json, "type")),
			.status = k8s_decode_copy(object, k8s_json_text(json, "status")),
			.reason = k8s_decode_copy(object, k8s_json_text(json, "reason")),
			.message = k8s_decode_copy(object, k8s_json_text(json, "message")),
			.transition =
				k8s_decode_copy(object, k8s_json_text(json, "lastTransitionTime")),
			.generation = k8s_json_int(json, "observedGeneration", 0, INT64_MAX, 0),
		};
	}
}

void k8s_decode_service(struct k8s_object *object, const json_t *json)
{
	const json_t *status = k8s_json_get(json, "status");

	decode_spec(object, k8s_json_get(json, "spec"));
	decode_ingress(object, k8s_json_get(k8s_json_get(status, "loadBalancer"), "ingress"));
	decode_conditions(object, k8s_json_get(status, "conditions"));
}
