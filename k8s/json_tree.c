/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/json_tree.h"

#include "k8s/json.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

const char *k8s_json_tree_string(const struct tree *value)
{
	return value && value->kind == TREE_TEXT ? value->text : NULL;
}

const char *k8s_json_tree_text(const struct tree *map, const char *key)
{
	const char *text = tree_get_text(map, key);

	return text ? text : "";
}

bool k8s_json_tree_bool(const struct tree *map, const char *key, bool otherwise)
{
	const struct tree *value = tree_get(map, key);

	return value && value->kind == TREE_BOOL ? value->boolean : otherwise;
}

int64_t k8s_json_tree_int(const struct tree *map, const char *key, int64_t min, int64_t max,
                          int64_t otherwise)
{
	const struct tree *value = tree_get(map, key);

	if (!value || value->kind != TREE_INT || value->integer < min || value->integer > max)
		return otherwise;
	return value->integer;
}

size_t k8s_json_tree_count(const struct tree *list, size_t limit, bool *cut)
{
	if (!list || list->kind != TREE_LIST)
		return 0;
	if (list->count <= limit)
		return list->count;
	*cut = true;
	return limit;
}

const struct tree *k8s_json_tree_first(const struct tree *list)
{
	return list && list->kind == TREE_LIST ? list->child : NULL;
}

static bool fits(const struct tree *value, unsigned depth, size_t *count)
{
	if (depth > TREE_DEPTH_MAX || ++*count > K8S_JSON_TREE_NODES_MAX)
		return false;
	for (const struct tree *entry = value->child; entry; entry = entry->sibling) {
		if (!fits(entry, depth + 1, count))
			return false;
	}
	return true;
}

bool k8s_json_tree_fits(const struct tree *value)
{
	size_t count = 0;

	return fits(value, 1, &count);
}

struct place {
	const struct tree *entry;
	size_t index;
};

static int compare_keys(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int order = strcmp(a->entry->key, b->entry->key);

	return order != 0 || a->index == b->index ? order : a->index < b->index ? -1 : 1;
}

static void write_map(const struct tree *map, struct text *out)
{
	struct place *entries = xcalloc(map->count, sizeof(*entries));
	size_t count = 0;

	for (const struct tree *entry = map->child; entry; entry = entry->sibling, count++)
		entries[count] = (struct place){entry, count};
	if (count > 1)
		qsort(entries, count, sizeof(*entries), compare_keys);
	text_add(out, "{");
	for (size_t i = 0; i < count; i++) {
		if (i > 0 && strcmp(entries[i].entry->key, entries[i - 1].entry->key) == 0)
			continue; /* the first counts */
		k8s_json_key(out, entries[i].entry->key);
		k8s_json_tree_write(entries[i].entry, out);
	}
	text_add(out, "}");
	free(entries);
}

void k8s_json_tree_write(const struct tree *value, struct text *out)
{
	switch (value->kind) {
	case TREE_TEXT:
		k8s_json_quote(out, value->text);
		break;
	case TREE_MAP:
		write_map(value, out);
		break;
	case TREE_LIST:
		text_add(out, "[");
		for (const struct tree *entry = value->child; entry; entry = entry->sibling) {
			k8s_json_next(out);
			k8s_json_tree_write(entry, out);
		}
		text_add(out, "]");
		break;
	case TREE_NULL:
	case TREE_BOOL:
	case TREE_INT:
	case TREE_REAL:
		text_add(out, value->text);
		break;
	}
}
