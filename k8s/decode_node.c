/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"

#include <string.h>

static void decode_taints(struct k8s_object *object, const struct tree *taints)
{
	struct k8s_node *node = &object->node;
	size_t count = k8s_json_tree_count(taints, K8S_TAINTS_MAX, &object->cut);

	if (count > 0)
		node->taints = arena_array(&object->arena, count, sizeof(*node->taints));
	const struct tree *json = k8s_json_tree_first(taints);
	for (size_t i = 0; i < count; i++, json = json->sibling) {

		node->taints[node->taint_count++] = (struct k8s_taint){
			k8s_decode_copy(object, k8s_json_tree_text(json, "key")),
			k8s_decode_copy(object, k8s_json_tree_text(json, "value")),
			k8s_decode_copy(object, k8s_json_tree_text(json, "effect")),
		};
	}
}

static void decode_addresses(struct k8s_object *object, const struct tree *addresses)
{
	struct k8s_node *node = &object->node;
	size_t count = k8s_json_tree_count(addresses, K8S_ADDRESSES_MAX, &object->cut);

	node->internal = arena_array(&object->arena, count, sizeof(*node->internal));
	node->external = arena_array(&object->arena, count, sizeof(*node->external));
	const struct tree *json = k8s_json_tree_first(addresses);
	for (size_t i = 0; i < count; i++, json = json->sibling) {
		struct addr address = k8s_decode_address(k8s_json_tree_text(json, "address"));
		const char *type = k8s_json_tree_text(json, "type");

		if (address.family == ADDR_NONE)
			continue;
		if (strcmp(type, "InternalIP") == 0)
			node->internal[node->internal_count++] = address;
		else if (strcmp(type, "ExternalIP") == 0)
			node->external[node->external_count++] = address;
	}
}

static bool is_ready(const struct tree *conditions)
{
	for (const struct tree *condition = k8s_json_tree_first(conditions); condition;
	     condition = condition->sibling) {
		if (strcmp(k8s_json_tree_text(condition, "type"), "Ready") == 0)
			return strcmp(k8s_json_tree_text(condition, "status"), "True") == 0;
	}
	return false;
}

void k8s_decode_node(struct k8s_object *object, const struct tree *json)
{
	const struct tree *spec = tree_get(json, "spec"), *status = tree_get(json, "status");
	struct k8s_node *node = &object->node;

	node->unschedulable = k8s_json_tree_bool(spec, "unschedulable", false);
	node->ready = is_ready(tree_get(status, "conditions"));
	decode_taints(object, tree_get(spec, "taints"));
	decode_addresses(object, tree_get(status, "addresses"));
}
