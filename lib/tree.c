/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/tree.h"

#include "lib/compiler.h"
#include "lib/text.h"

#include <assert.h>
#include <string.h>

struct tree *tree_new(struct arena *arena, enum tree_kind kind, unsigned line)
{
	struct tree *node = arena_alloc(arena, sizeof(*node));

	node->kind = kind;
	node->line = line;
	return node;
}

static void add_child(struct tree *parent, struct tree *node)
{
	if (parent->last)
		parent->last->sibling = node;
	else
		parent->child = node;
	parent->last = node;
	parent->count++;
}

void tree_append(struct tree *list, struct tree *node)
{
	assert(list->kind == TREE_LIST);
	add_child(list, node);
}

void tree_put_kept(struct tree *map, const char *key, unsigned key_line, struct tree *node)
{
	assert(map->kind == TREE_MAP);
	node->key = key;
	node->key_line = key_line;
	add_child(map, node);
}

void tree_put(struct arena *arena, struct tree *map, const char *key, unsigned key_line,
              struct tree *node)
{
	tree_put_kept(map, arena_strdup(arena, key), key_line, node);
}

const struct tree *tree_get(const struct tree *map, const char *key)
{
	if (!map || map->kind != TREE_MAP)
		return NULL;
	for (const struct tree *entry = map->child; entry; entry = entry->sibling) {
		/* Most differ in their first letter. */
		if (entry->key[0] == key[0] && strcmp(entry->key, key) == 0)
			return entry;
	}
	return NULL;
}

const char *tree_get_text(const struct tree *map, const char *key)
{
	const struct tree *entry = tree_get(map, key);

	return entry && entry->kind == TREE_TEXT ? entry->text : NULL;
}

const char *tree_kind_name(enum tree_kind kind)
{
	switch (kind) {
	case TREE_NULL:
		return "null";
	case TREE_BOOL:
		return "boolean";
	case TREE_INT:
		return "integer";
	case TREE_REAL:
		return "number";
	case TREE_TEXT:
		return "text";
	case TREE_LIST:
		return "list";
	case TREE_MAP:
		return "map";
	}
	return "?";
}

static bool is_one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(text, words[i]) == 0)
			return true;
	}
	return false;
}

static bool is_null(const char *text)
{
	static const char *const words[] = {"", "~", "null", "Null", "NULL"};

	return is_one_of(text, words, LT_ARRAY_SIZE(words));
}

/* The core schema knows these and no others: yes, no, on and off are text. */
static bool is_true(const char *text)
{
	static const char *const words[] = {"true", "True", "TRUE"};

	return is_one_of(text, words, LT_ARRAY_SIZE(words));
}

static bool is_false(const char *text)
{
	static const char *const words[] = {"false", "False", "FALSE"};

	return is_one_of(text, words, LT_ARRAY_SIZE(words));
}

enum number { NUMBER_NONE, NUMBER_FITS, NUMBER_TOO_LARGE };

/* [-+]?[0-9]+ | 0o[0-7]+ | 0x[0-9a-fA-F]+ (YAML 1.2.2, 10.3.2) */
static enum number read_integer(const char *text, int64_t *ret_value)
{
	bool negative = text[0] == '-';
	enum number result = NUMBER_FITS;
	int64_t value = 0;
	int base = 10;

	if (text[0] == '0' && (text[1] == 'o' || text[1] == 'x')) {
		base = text[1] == 'o' ? 8 : 16;
		text += 2;
	} else if (text[0] == '-' || text[0] == '+') {
		text++;
	}
	if (!*text)
		return NUMBER_NONE;
	for (; *text; text++) {
		int digit = text_hex_digit(*text);

		if (digit < 0 || digit >= base)
			return NUMBER_NONE;
		/* Counted downwards when negative, because the smallest has no positive. */
		if (__builtin_mul_overflow(value, base, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			result = NUMBER_TOO_LARGE;
	}
	if (result == NUMBER_FITS)
		*ret_value = value;
	return result;
}

static size_t count_digits(const char *text)
{
	return strspn(text, "0123456789");
}

/* [-+]? ( \.[0-9]+ | [0-9]+(\.[0-9]*)? ) ([eE][-+]?[0-9]+)?, and infinities and .nan */
static bool is_real(const char *text)
{
	static const char *const infinities[] = {".inf", ".Inf", ".INF"};
	static const char *const nans[] = {".nan", ".NaN", ".NAN"};
	size_t digits;

	if (is_one_of(text, nans, LT_ARRAY_SIZE(nans)))
		return true;
	if (*text == '-' || *text == '+')
		text++;
	if (is_one_of(text, infinities, LT_ARRAY_SIZE(infinities)))
		return true;
	digits = count_digits(text);
	text += digits;
	if (*text == '.') {
		size_t fraction = count_digits(text + 1);

		digits += fraction;
		text += 1 + fraction;
	}
	if (digits == 0)
		return false;
	if (*text == 'e' || *text == 'E') {
		text++;
		if (*text == '-' || *text == '+')
			text++;
		digits = count_digits(text);
		if (digits == 0)
			return false;
		text += digits;
	}
	return *text == '\0';
}

struct tree *tree_scalar(struct arena *arena, const char *text, unsigned line)
{
	struct tree *node = tree_new(arena, TREE_TEXT, line);

	node->text = arena_strdup(arena, text);
	if (is_null(text)) {
		node->kind = TREE_NULL;
		return node;
	}
	if (is_true(text) || is_false(text)) {
		node->kind = TREE_BOOL;
		node->boolean = is_true(text);
		return node;
	}
	switch (read_integer(text, &node->integer)) {
	case NUMBER_FITS:
		node->kind = TREE_INT;
		break;
	case NUMBER_TOO_LARGE:
		/* A number all the same: the message shows it as written. */
		node->kind = TREE_REAL;
		break;
	case NUMBER_NONE:
		if (is_real(text))
			node->kind = TREE_REAL;
		break;
	}
	return node;
}
