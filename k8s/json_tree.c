/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/json_tree.h"

#include <stdio.h>

struct counter {
	struct arena *arena;
	size_t count;
};

static struct tree *make(struct counter *counter, const json_t *json, unsigned depth);

static struct tree *scalar(struct arena *arena, enum tree_kind kind, const char *text)
{
	struct tree *node = tree_new(arena, kind, 0);

	node->text = arena_strdup(arena, text);
	return node;
}

static struct tree *make_list(struct counter *counter, const json_t *json, unsigned depth)
{
	struct tree *list = tree_new(counter->arena, TREE_LIST, 0);

	for (size_t i = 0; i < json_array_size(json); i++) {
		struct tree *node = make(counter, json_array_get(json, i), depth + 1);

		if (!node)
			return NULL;
		tree_append(list, node);
	}
	return list;
}

static struct tree *make_map(struct counter *counter, const json_t *json, unsigned depth)
{
	struct tree *map = tree_new(counter->arena, TREE_MAP, 0);
	json_t *object = (json_t *)(uintptr_t)json; /* jansson's iterators take no const */

	for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
		struct tree *node = make(counter, json_object_iter_value(at), depth + 1);

		if (!node)
			return NULL;
		tree_put(counter->arena, map, json_object_iter_key(at), 0, node);
	}
	return map;
}

static struct tree *make_number(struct counter *counter, const json_t *json)
{
	struct tree *node;
	char text[64];

	if (json_is_integer(json)) {
		snprintf(text, sizeof(text), "%" JSON_INTEGER_FORMAT, json_integer_value(json));
		node = scalar(counter->arena, TREE_INT, text);
		node->integer = json_integer_value(json);
		return node;
	}
	snprintf(text, sizeof(text), "%.17g", json_real_value(json));
	return scalar(counter->arena, TREE_REAL, text);
}

static struct tree *make(struct counter *counter, const json_t *json, unsigned depth)
{
	struct tree *node;

	if (depth > TREE_DEPTH_MAX || ++counter->count > K8S_JSON_TREE_NODES_MAX)
		return NULL;
	switch (json_typeof(json)) {
	case JSON_OBJECT:
		return make_map(counter, json, depth);
	case JSON_ARRAY:
		return make_list(counter, json, depth);
	case JSON_STRING:
		return scalar(counter->arena, TREE_TEXT, json_string_value(json));
	case JSON_INTEGER:
	case JSON_REAL:
		return make_number(counter, json);
	case JSON_TRUE:
	case JSON_FALSE:
		node = scalar(counter->arena, TREE_BOOL, json_is_true(json) ? "true" : "false");
		node->boolean = json_is_true(json);
		return node;
	case JSON_NULL:
		break;
	}
	return scalar(counter->arena, TREE_NULL, "null");
}

struct tree *k8s_json_tree(const json_t *json, struct arena *arena)
{
	struct counter counter = {arena, 0};

	return make(&counter, json, 1);
}
