/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/json_read.h"

#include "lib/text.h"

#include <cjson/cJSON.h>
#include <float.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#define EXACT_MAX 0x1p53

struct reader {
	struct arena *arena;
	bool sparing; /* without what nobody asks for */
};

/* Most differ in their first letter. */
static bool same(const char *a, const char *b)
{
	return a[0] == b[0] && strcmp(a, b) == 0;
}

/* 'in': what the map stands under, alone or in a list; NULL: nothing. A label may be called
 * anything. */
static bool is_unasked(const struct reader *r, const char *in, const char *key)
{
	if (!r->sparing || !in)
		return false;
	if (same(key, "managedFields") || same(key, "ownerReferences"))
		return same(in, "metadata");
	return same(key, "targetRef") && same(in, "endpoints");
}

/* A node of cJSON's becomes one of ours where it stands: no other memory is touched, and none is
 * far from what is in a cache already. What it was is lost. */
_Static_assert(sizeof(struct tree) <= sizeof(cJSON), "one takes the place of the other");
_Static_assert(alignof(struct tree) <= alignof(cJSON), "one takes the place of the other");

static struct tree *become(cJSON *value, enum tree_kind kind, const char *text)
{
	const struct tree node = {.kind = kind, .text = text};

	/* As bytes: what was read of the one is read before the other is there. */
	return memcpy(value, &node, sizeof(node));
}

static struct tree *to_tree(const struct reader *r, cJSON *value, const char *in);

static struct tree *to_list(const struct reader *r, cJSON *value, const char *in)
{
	cJSON *at = value->child, *next;
	struct tree *list = become(value, TREE_LIST, NULL);

	for (; at; at = next) {
		next = at->next;
		tree_append(list, to_tree(r, at, in));
	}
	return list;
}

static struct tree *to_map(const struct reader *r, cJSON *value, const char *in)
{
	cJSON *at = value->child, *next;
	struct tree *map = become(value, TREE_MAP, NULL);

	for (; at; at = next) {
		const char *key = at->string;

		next = at->next;
		if (!is_unasked(r, in, key))
			tree_put_kept(map, key, 0, to_tree(r, at, key));
	}
	return map;
}

/* Is it whole, and are all whole numbers up to it doubles? */
static bool is_exact(double value)
{
	return value >= -EXACT_MAX && value <= EXACT_MAX && value == (double)(int64_t)value;
}

/* What is beyond all numbers becomes the largest one. */
static double finite(double value)
{
	if (value > DBL_MAX)
		return DBL_MAX;
	return value < -DBL_MAX ? -DBL_MAX : value;
}

/* As text, by hand: a slice has one for each port, and printf would be read from memory for them.
 */
static const char *decimal(struct arena *arena, int64_t value)
{
	uint64_t rest = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
	char text[24], *at = text + sizeof(text) - 1;

	*at = '\0';
	do {
		*--at = (char)('0' + rest % 10);
		rest /= 10;
	} while (rest > 0);
	if (value < 0)
		*--at = '-';
	return arena_strdup(arena, at);
}

static struct tree *to_number(const struct reader *r, cJSON *value)
{
	double real = finite(value->valuedouble);
	struct tree *node = become(value, TREE_INT, NULL);
	char text[40];

	if (is_exact(real)) {
		node->integer = (int64_t)real;
		node->text = decimal(r->arena, node->integer);
	} else {
		node->kind = TREE_REAL;
		snprintf(text, sizeof(text), "%.17g", real);
		node->text = arena_strdup(r->arena, text);
	}
	return node;
}

static struct tree *to_tree(const struct reader *r, cJSON *value, const char *in)
{
	struct tree *node;

	switch (value->type) {
	case cJSON_Object:
		return to_map(r, value, in);
	case cJSON_Array:
		return to_list(r, value, in);
	case cJSON_String:
		return become(value, TREE_TEXT, value->valuestring);
	case cJSON_Number:
		return to_number(r, value);
	case cJSON_True:
		node = become(value, TREE_BOOL, "true");
		node->boolean = true;
		return node;
	case cJSON_False:
		return become(value, TREE_BOOL, "false");
	}
	return become(value, TREE_NULL, "null");
}

#define PLAIN_SIZE 32 /* characters looked at together */

/* None of them a control character or beyond ASCII: almost all are so. */
static bool are_plain(const char *text)
{
	const uint64_t high = UINT64_C(0x8080808080808080);
	uint64_t words[PLAIN_SIZE / sizeof(uint64_t)], odd = 0;

	memcpy(words, text, sizeof(words));
	/* What is below 0x20 borrows from its high bit; so may what follows it, which is no
	 * matter. */
	for (size_t i = 0; i < PLAIN_SIZE / sizeof(uint64_t); i++)
		odd |= words[i] | (words[i] - UINT64_C(0x2020202020202020));
	return (odd & high) == 0;
}

/* cJSON takes any bytes for a string's, and control characters for blanks. */
static bool is_text(const char *text, size_t size)
{
	size_t len;

	for (size_t i = 0; i < size; i += len) {
		unsigned char c = (unsigned char)text[i];

		if (size - i >= PLAIN_SIZE && are_plain(&text[i])) {
			len = PLAIN_SIZE;
			continue;
		}
		len = c < 0x80 ? 1 : text_utf8_len(&text[i], size - i);
		if (len == 0 || (c < 0x20 && c != '\n' && c != '\t' && c != '\r'))
			return false;
	}
	return true;
}

static bool is_blank(const char *text, const char *end)
{
	while (text < end && strchr(" \n\t\r", *text))
		text++;
	return text == end;
}

/* Of the call under way: cJSON's hooks know nothing but a size. */
static _Thread_local struct arena *json_memory;

static void *take(size_t size)
{
	return arena_room(json_memory, size);
}

static void keep(void *taken)
{
}

/* What cJSON makes lives with the tree: hundreds of small pieces, which malloc would look for all
 * over the heap, stand in a row, and go at once. */
static cJSON *parse(const char *text, size_t size, struct arena *arena)
{
	cJSON_Hooks hooks = {.malloc_fn = take, .free_fn = keep};
	const char *end = NULL;
	cJSON *value;

	json_memory = arena;
	cJSON_InitHooks(&hooks);
	value = cJSON_ParseWithLengthOpts(text, size, &end, false);
	json_memory = NULL;
	return value && is_blank(end, text + size) ? value : NULL;
}

static struct tree *read(const char *text, size_t size, struct arena *arena, bool sparing)
{
	const struct reader r = {.arena = arena, .sparing = sparing};
	cJSON *value = is_text(text, size) ? parse(text, size, arena) : NULL;

	return value ? to_tree(&r, value, NULL) : NULL;
}

struct tree *k8s_json_read(const char *text, size_t size, struct arena *arena)
{
	return read(text, size, arena, false);
}

struct tree *k8s_json_read_object(const char *text, size_t size, struct arena *arena)
{
	return read(text, size, arena, true);
}
