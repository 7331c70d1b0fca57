/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"
#include "model/decode.h"

#include <stdlib.h>
#include <string.h>

/* "spec.ports[0].port: is 0; allowed: ...; spec.addresses: ..." */
static const char *problems_text(struct k8s_object *object, const struct model_problems *problems)
{
	struct text text = {0};
	const char *copy;

	for (size_t i = 0; i < problems->count && text.len < 2000; i++) {
		const struct model_problem *problem = &problems->items[i];

		if (problem->severity != MODEL_ERROR)
			continue;
		text_printf(&text, "%s%s%s%s", text.len > 0 ? "; " : "", problem->field,
		            *problem->field ? ": " : "", problem->message);
	}
	copy = k8s_decode_copy(object, text_str(&text));
	text_done(&text);
	return copy;
}

static const char *dump(struct k8s_object *object, const struct tree *json)
{
	struct text text = {0};
	const char *copy;

	if (!json)
		return "";
	k8s_json_tree_write(json, &text);
	copy = k8s_decode_copy(object, text_str(&text));
	text_done(&text);
	return copy;
}

/* As items of lists come, and as our own files have it, without kind and version. */
static struct tree *complete(const struct k8s_object *object, const struct tree *json,
                             struct arena *arena)
{
	struct tree *document = tree_new(arena, TREE_MAP, 0);

	if (!tree_get(json, "kind"))
		tree_put(arena, document, "kind", 0,
		         tree_scalar(arena, k8s_kind_name(object->kind), 0));
	if (!tree_get(json, "apiVersion"))
		tree_put(arena, document, "apiVersion", 0,
		         tree_scalar(arena, k8s_kind_api_version(object->kind), 0));
	for (const struct tree *entry = json->child; entry; entry = entry->sibling) {
		struct tree *copy = tree_new(arena, entry->kind, 0);

		*copy = *entry;
		copy->sibling = NULL;
		tree_put(arena, document, entry->key, 0, copy);
	}
	return document;
}

static void decode_model(struct k8s_object *object, const struct tree *json)
{
	struct k8s_custom *custom = &object->custom;
	struct model_problems problems;
	bool fits = k8s_json_tree_fits(json);
	struct arena trees;

	custom->objects = arena_alloc(&object->arena, sizeof(*custom->objects));
	model_objects_init(custom->objects);
	model_problems_init(&problems);
	arena_init(&trees);
	if (fits)
		model_decode(complete(object, json, &trees), MODEL_SOURCE_KUBERNETES,
		             custom->objects, &problems);
	custom->problems = fits ? problems_text(object, &problems)
	                        : "is too large, or too deeply nested";
	custom->valid = fits && problems.error_count == 0;
	arena_done(&trees);
	model_problems_done(&problems);
}

static void decode_status(struct k8s_object *object, const struct tree *status)
{
	const struct tree *addresses = tree_get(status, "addresses");
	struct k8s_custom *custom = &object->custom;
	size_t count = k8s_json_tree_count(addresses, K8S_ADDRESSES_MAX, &object->cut);

	custom->status = dump(object, status);
	if (count > 0)
		custom->addresses = arena_array(&object->arena, count, sizeof(*custom->addresses));
	const struct tree *json = k8s_json_tree_first(addresses);
	for (size_t i = 0; i < count; i++, json = json->sibling) {
		const char *text = k8s_json_tree_string(json);
		struct addr address = k8s_decode_address(text ? text : "");

		if (address.family != ADDR_NONE)
			custom->addresses[custom->address_count++] = address;
	}
}

void k8s_decode_custom(struct k8s_object *object, const struct tree *json)
{
	const struct tree *spec = tree_get(json, "spec");
	struct k8s_custom *custom = &object->custom;

	custom->says_priority = tree_get(spec, "priority");
	custom->says_peers = k8s_json_tree_first(tree_get(spec, "peers"));
	custom->spec = dump(object, spec);
	decode_model(object, json);
	decode_status(object, tree_get(json, "status"));
}
