/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode_parts.h"
#include "k8s/json_tree.h"
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

static const char *dump(struct k8s_object *object, const json_t *json)
{
	char *text;
	const char *copy;

	if (!json)
		return "";
	text = json_dumps(json, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);
	copy = text ? k8s_decode_copy(object, text) : "";
	free(text);
	return copy;
}

static void decode_model(struct k8s_object *object, const json_t *json)
{
	struct k8s_custom *custom = &object->custom;
	struct model_problems problems;
	struct arena trees;
	struct tree *tree;

	custom->objects = arena_alloc(&object->arena, sizeof(*custom->objects));
	model_objects_init(custom->objects);
	model_problems_init(&problems);
	arena_init(&trees);
	tree = k8s_json_tree(json, &trees);
	if (tree)
		model_decode(tree, MODEL_SOURCE_KUBERNETES, custom->objects, &problems);
	custom->problems = tree ? problems_text(object, &problems)
	                        : "is too large, or too deeply nested";
	custom->valid = tree && problems.error_count == 0;
	arena_done(&trees);
	model_problems_done(&problems);
}

/* As items of lists come, and as our own files have it, without kind and version. */
static json_t *complete(const struct k8s_object *object, const json_t *json)
{
	json_t *document = json_copy((json_t *)(uintptr_t)json);

	if (!json_object_get(document, "kind"))
		json_object_set_new(document, "kind", json_string(k8s_kind_name(object->kind)));
	if (!json_object_get(document, "apiVersion"))
		json_object_set_new(document, "apiVersion",
		                    json_string(k8s_kind_api_version(object->kind)));
	return document;
}

static void decode_status(struct k8s_object *object, const json_t *status)
{
	const json_t *addresses = k8s_json_get(status, "addresses");
	struct k8s_custom *custom = &object->custom;
	size_t count = k8s_json_count(addresses, K8S_ADDRESSES_MAX, &object->cut);

	custom->status = dump(object, status);
	if (count > 0)
		custom->addresses = arena_array(&object->arena, count, sizeof(*custom->addresses));
	for (size_t i = 0; i < count; i++) {
		const char *text = json_string_value(json_array_get(addresses, i));
		struct addr address = k8s_decode_address(text ? text : "");

		if (address.family != ADDR_NONE)
			custom->addresses[custom->address_count++] = address;
	}
}

void k8s_decode_custom(struct k8s_object *object, const json_t *json)
{
	const json_t *spec = k8s_json_get(json, "spec");
	struct k8s_custom *custom = &object->custom;
	json_t *document = complete(object, json);

	custom->says_priority = k8s_json_get(spec, "priority");
	custom->says_peers = json_array_size(k8s_json_get(spec, "peers")) > 0;
	custom->spec = dump(object, spec);
	decode_model(object, document);
	decode_status(object, k8s_json_get(json, "status"));
	json_decref(document);
}
