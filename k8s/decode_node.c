/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"

#include <string.h>

static void decode_taints(struct k8s_object *object, const json_t *taints)
{
	struct k8s_node *node = &object->node;
	size_t count = k8s_json_count(taints, K8S_TAINTS_MAX, &object->cut);

	if (count > 0)
		node->taints = arena_array(&object->arena, count, sizeof(*node->taints));
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(taints, i);

		node->taints[node->taint_count++] = (struct k8s_taint){
			k8s_decode_copy(object, k8s_json_text(json, "key")),
			k8s_decode_copy(object, k8s_json_text(json, "value")),
			k8s_decode_copy(object, k8s_json_text(json, "effect")),
		};
	}
}

static void decode_addresses(struct k8s_object *object, const json_t *addresses)
{
	struct k8s_node *node = &object->node;
	size_t count = k8s_json_count(addresses, K8S_ADDRESSES_MAX, &object->cut);

	node->internal = arena_array(&object->arena, count, sizeof(*node->internal));
	node->external = arena_array(&object->arena, count, sizeof(*node->external));
	for (size_t i = 0; i < count; i++) {
		const json_t *json = json_array_get(addresses, i);
		struct addr address = k8s_decode_address(k8s_json_text(json, "address"));
		const char *type = k8s_json_text(json, "type");

		if (address.family == ADDR_NONE)
			continue;
		if (strcmp(type, "InternalIP") == 0)
			node->internal[node->internal_count++] = address;
		else if (strcmp(type, "ExternalIP") == 0)
			node->external[node->external_count++] = address;
	}
}

static bool is_ready(const json_t *conditions)
{
	for (size_t i = 0; i < json_array_size(conditions); i++) {
		const json_t *condition = json_array_get(conditions, i);

		if (strcmp(k8s_json_text(condition, "type"), "Ready") == 0)
			return strcmp(k8s_json_text(condition, "status"), "True") == 0;
	}
	return false;
}

void k8s_decode_node(struct k8s_object *object, const json_t *json)
{
	const json_t *spec = k8s_json_get(json, "spec"), *status = k8s_json_get(json, "status");
	struct k8s_node *node = &object->node;

	node->unschedulable = k8s_json_bool(spec, "unschedulable", false);
	node->ready = is_ready(k8s_json_get(status, "conditions"));
	decode_taints(object, k8s_json_get(spec, "taints"));
	decode_addresses(object, k8s_json_get(status, "addresses"));
}
