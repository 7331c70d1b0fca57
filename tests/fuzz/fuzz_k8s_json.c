/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/json_read against jansson, which came before it and is known to be right: both take the same
 * texts, and find the same in them. */
#include "k8s/json_read.h"
#include "k8s/json_tree.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

/* Of a name that is there twice jansson keeps the last. */
static bool is_last(const struct tree *entry)
{
	for (const struct tree *later = entry->sibling; later; later = later->sibling) {
		if (strcmp(later->key, entry->key) == 0)
			return false;
	}
	return true;
}

/* A NUL in a name or a text ends it with us. */
static bool has_nul(const char *text, size_t size)
{
	for (size_t i = 0; i + 5 < size; i++) {
		if (memcmp(text + i, "\\u0000", 6) == 0)
			return true;
	}
	return false;
}

/* A real number that no double holds. */
static bool may_be_out_of_range(const char *text, size_t size)
{
	return memchr(text, 'e', size) || memchr(text, 'E', size) || size > 300;
}

static void compare(const struct tree *node, const json_t *json)
{
	size_t i = 0;

	switch (node->kind) {
	case TREE_NULL:
		must(json_is_null(json));
		break;
	case TREE_BOOL:
		must(json_is_boolean(json) && json_is_true(json) == node->boolean);
		break;
	case TREE_INT:
		must(json_is_real(json) || json_integer_value(json) == node->integer);
		break;
	case TREE_REAL:
		must(json_is_real(json) && json_real_value(json) == strtod(node->text, NULL));
		break;
	case TREE_TEXT:
		must(json_is_string(json) && strcmp(json_string_value(json), node->text) == 0);
		break;
	case TREE_LIST:
		must(json_array_size(json) == node->count);
		for (const struct tree *at = node->child; at; at = at->sibling)
			compare(at, json_array_get(json, i++));
		must(i == node->count);
		break;
	case TREE_MAP:
		for (const struct tree *at = node->child; at; at = at->sibling) {
			if (!is_last(at))
				continue;
			compare(at, json_object_get(json, at->key));
			i++;
		}
		must(json_object_size(json) == i);
		break;
	}
}

/* What is left out is not there, and all else is as it was. */
static void compare_sparing(const struct tree *sparing, const struct tree *whole)
{
	const struct tree *from = whole->child;

	must(sparing->kind == whole->kind);
	for (const struct tree *at = sparing->child; at; at = at->sibling, from = from->sibling) {
		while (at->key && strcmp(at->key, from->key) != 0)
			from = from->sibling;
		compare_sparing(at, from);
	}
}

/* What is written is read as the same. */
static void write_again(const struct tree *node, struct arena *arena)
{
	struct text first = {0}, second = {0};
	const struct tree *again;

	k8s_json_tree_write(node, &first);
	again = k8s_json_read(text_str(&first), first.len, arena);
	must(again);
	k8s_json_tree_write(again, &second);
	must(strcmp(text_str(&first), text_str(&second)) == 0);
	text_done(&first);
	text_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const size_t flags = JSON_ALLOW_NUL | JSON_DECODE_ANY;
	const char *text = (const char *)data;
	const struct tree *node, *sparing;
	struct arena arena;
	json_t *json;

	arena_init(&arena);
	node = k8s_json_read(text, size, &arena);
	sparing = k8s_json_read_object(text, size, &arena);
	must((node != NULL) == (sparing != NULL));
	json = json_loadb(text, size, flags, NULL);
	if (!json) /* an integer too large, or a real number out of range, which is none of ours */
		json = json_loadb(text, size, flags | JSON_DECODE_INT_AS_REAL, NULL);
	if (memchr(text, '\0', size)) { /* jansson takes one after a number */
		must(!node);
		json_decref(json);
		json = NULL;
	}
	must(node || !json);
	must(!node || json || may_be_out_of_range(text, size));
	if (node && json && !has_nul(text, size))
		compare(node, json);
	if (node && !has_nul(text, size)) {
		compare_sparing(sparing, node);
		write_again(node, &arena);
	}
	json_decref(json);
	arena_done(&arena);
	return 0;
}
