/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/json_read.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#define EXACT_MAX 0x1p53

struct reader {
	struct arena *arena;
	bool sparing; /* without what nobody asks for */
};

/* 'in': what the map stands under, alone or in a list; NULL: nothing. A label may be called
 * anything. */
static bool is_unasked(const struct reader *r, const char *in, const char *key)
{
	if (!r->sparing || !in)
		return false;
	if (strcmp(in, "metadata") == 0)
		return strcmp(key, "managedFields") == 0 || strcmp(key, "ownerReferences") == 0;
	return strcmp(in, "endpoints") == 0 && strcmp(key, "targetRef") == 0;
}

static struct tree *to_tree(const struct reader *r, json_t *value, const char *in);

static struct tree *to_list(const struct reader *r, json_t *value, const char *in)
{
	struct tree *list = tree_new(r->arena, TREE_LIST, 0);

	for (size_t i = 0; i < json_array_size(value); i++)
		tree_append(list, to_tree(r, json_array_get(value, i), in));
	return list;
}

static struct tree *to_map(const struct reader *r, json_t *value, const char *in)
{
	struct tree *map = tree_new(r->arena, TREE_MAP, 0);
	const char *key;
	json_t *of;

	json_object_foreach(value, key, of)
	{
		if (!is_unasked(r, in, key))
			tree_put(r->arena, map, key, 0, to_tree(r, of, key));
	}
	return map;
}

/* Is it whole, and are all whole numbers up to it doubles? */
static bool is_exact(double value)
{
	return value >= -EXACT_MAX && value <= EXACT_MAX && value == (double)(int64_t)value;
}

static struct tree *to_number(const struct reader *r, json_t *value)
{
	struct tree *node = tree_new(r->arena, TREE_INT, 0);
	double real = json_real_value(value);
	char text[40];

	if (json_is_integer(value))
		node->integer = json_integer_value(value);
	else if (is_exact(real))
		node->integer = (int64_t)real;
	else
		node->kind = TREE_REAL;
	if (node->kind == TREE_INT)
		snprintf(text, sizeof(text), "%" PRId64, node->integer);
	else
		snprintf(text, sizeof(text), "%.17g", real);
	node->text = arena_strdup(r->arena, text);
	return node;
}

static struct tree *to_scalar(const struct reader *r, enum tree_kind kind, const char *text)
{
	struct tree *node = tree_new(r->arena, kind, 0);

	node->text = text;
	return node;
}

static struct tree *to_tree(const struct reader *r, json_t *value, const char *in)
{
	struct tree *node;

	switch (json_typeof(value)) {
	case JSON_OBJECT:
		return to_map(r, value, in);
	case JSON_ARRAY:
		return to_list(r, value, in);
	case JSON_STRING:
		return to_scalar(r, TREE_TEXT, arena_strdup(r->arena, json_string_value(value)));
	case JSON_INTEGER:
	case JSON_REAL:
		return to_number(r, value);
	case JSON_TRUE:
	case JSON_FALSE:
		node = to_scalar(r, TREE_BOOL, json_is_true(value) ? "true" : "false");
		node->boolean = json_is_true(value);
		return node;
	case JSON_NULL:
		break;
	}
	return to_scalar(r, TREE_NULL, "null");
}

static struct tree *read(const char *text, size_t size, struct arena *arena, bool sparing)
{
	const struct reader r = {.arena = arena, .sparing = sparing};
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	json_t *value = json_loadb(text, size, flags, NULL);
	struct tree *node;

	/* An integer of somebody else's that is too large must not cost the whole object. */
	if (!value)
		value = json_loadb(text, size, flags | JSON_DECODE_INT_AS_REAL, NULL);
	node = value ? to_tree(&r, value, NULL) : NULL;
	json_decref(value);
	return node;
}

struct tree *k8s_json_read(const char *text, size_t size, struct arena *arena)
{
	return read(text, size, arena, false);
}

struct tree *k8s_json_read_object(const char *text, size_t size, struct arena *arena)
{
	return read(text, size, arena, true);
}
