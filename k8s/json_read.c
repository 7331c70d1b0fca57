/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads a copy of the text where it stands: a string ends with a NUL in the place of its closing
 * quote, and what has escapes only becomes shorter. */
#include "k8s/json_read.h"

#include <string.h>

struct reader {
	struct arena *arena;
	char *at;
	char *end;
	const char *in; /* name of the member under way, NULL: none */
	unsigned depth;
	bool sparing; /* without what nobody asks for */
	bool nul;     /* there was one in a string */
};

static void skip_blanks(struct reader *r)
{
	while (r->at < r->end &&
	       (*r->at == ' ' || *r->at == '\n' || *r->at == '\t' || *r->at == '\r'))
		r->at++;
}

static bool take(struct reader *r, char c)
{
	skip_blanks(r);
	if (r->at == r->end || *r->at != c)
		return false;
	r->at++;
	return true;
}

/* --- strings --- */

/* Bytes of the well-formed character at 'at', 0: it is none (RFC 3629, 4). */
static size_t character_size(const char *at, const char *end)
{
	const unsigned char *c = (const unsigned char *)at;
	size_t size = *c >= 0xf0 ? 4 : *c >= 0xe0 ? 3 : 2;

	if (*c < 0xc2 || *c > 0xf4 || (size_t)(end - at) < size)
		return 0;
	if ((*c == 0xe0 && c[1] < 0xa0) || (*c == 0xed && c[1] > 0x9f) ||
	    (*c == 0xf0 && c[1] < 0x90) || (*c == 0xf4 && c[1] > 0x8f))
		return 0;
	for (size_t i = 1; i < size; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
	}
	return size;
}

static bool take_hex(struct reader *r, unsigned *ret_code)
{
	unsigned code = 0;

	if (r->end - r->at < 4)
		return false;
	for (int i = 0; i < 4; i++) {
		char c = *r->at++;

		if (c >= '0' && c <= '9')
			code = code * 16 + (unsigned)(c - '0');
		else if (c >= 'a' && c <= 'f')
			code = code * 16 + (unsigned)(c - 'a') + 10;
		else if (c >= 'A' && c <= 'F')
			code = code * 16 + (unsigned)(c - 'A') + 10;
		else
			return false;
	}
	*ret_code = code;
	return true;
}

static char *put_character(char *to, unsigned code)
{
	if (code < 0x80) {
		*to++ = (char)code;
		return to;
	}
	if (code < 0x800) {
		*to++ = (char)(0xc0 | code >> 6);
	} else {
		if (code < 0x10000) {
			*to++ = (char)(0xe0 | code >> 12);
		} else {
			*to++ = (char)(0xf0 | code >> 18);
			*to++ = (char)(0x80 | (code >> 12 & 0x3f));
		}
		*to++ = (char)(0x80 | (code >> 6 & 0x3f));
	}
	*to++ = (char)(0x80 | (code & 0x3f));
	return to;
}

/* After "\u". What it means is shorter than how it is written. NULL: it is wrong. */
static char *take_code(struct reader *r, char *to)
{
	unsigned code, low;

	if (!take_hex(r, &code) || (code >= 0xdc00 && code <= 0xdfff))
		return NULL;
	if (code >= 0xd800 && code <= 0xdbff) {
		if (r->end - r->at < 2 || r->at[0] != '\\' || r->at[1] != 'u')
			return NULL;
		r->at += 2;
		if (!take_hex(r, &low) || low < 0xdc00 || low > 0xdfff)
			return NULL;
		code = 0x10000 + ((code - 0xd800) << 10) + (low - 0xdc00);
	}
	r->nul |= code == 0;
	return put_character(to, code);
}

/* After a backslash. NULL: there is no such escape. */
static char *take_escape(struct reader *r, char *to)
{
	static const char from[] = "\"\\/bfnrt", meant[] = "\"\\/\b\f\n\r\t";
	const char *found;

	if (r->at == r->end)
		return NULL;
	if (*r->at == 'u') {
		r->at++;
		return take_code(r, to);
	}
	found = *r->at != '\0' ? strchr(from, *r->at) : NULL;
	if (!found)
		return NULL;
	r->at++;
	*to++ = meant[found - from];
	return to;
}

/* After the opening quote. NULL: it is no string. */
static const char *take_string(struct reader *r)
{
	char *text = r->at, *to = r->at;

	while (r->at < r->end) {
		unsigned char c = (unsigned char)*r->at;
		size_t size = 1;

		if (c == '"') {
			r->at++;
			*to = '\0';
			return text;
		}
		if (c < 0x20)
			return NULL;
		if (c == '\\') {
			r->at++;
			to = take_escape(r, to);
			if (!to)
				return NULL;
			continue;
		}
		if (c >= 0x80)
			size = character_size(r->at, r->end);
		if (size == 0)
			return NULL;
		if (to == r->at) {
			to = r->at += size;
		} else {
			memmove(to, r->at, size);
			to += size;
			r->at += size;
		}
	}
	return NULL;
}

/* --- other scalars --- */

static bool take_digits(struct reader *r)
{
	const char *from = r->at;

	while (r->at < r->end && *r->at >= '0' && *r->at <= '9')
		r->at++;
	return r->at > from;
}

/* -?(0|[1-9][0-9]*) and what makes it no integer. */
static bool take_number_text(struct reader *r, bool *ret_real)
{
	*ret_real = false;
	if (*r->at == '-')
		r->at++;
	if (r->at < r->end && *r->at == '0')
		r->at++;
	else if (!take_digits(r))
		return false;
	if (r->at < r->end && *r->at == '.') {
		*ret_real = true;
		r->at++;
		if (!take_digits(r))
			return false;
	}
	if (r->at < r->end && (*r->at == 'e' || *r->at == 'E')) {
		*ret_real = true;
		r->at++;
		if (r->at < r->end && (*r->at == '+' || *r->at == '-'))
			r->at++;
		if (!take_digits(r))
			return false;
	}
	return true;
}

static bool to_integer(const char *text, size_t size, int64_t *ret_value)
{
	bool negative = text[0] == '-';
	int64_t value = 0;

	/* Counted downwards when negative, because the smallest has no positive. */
	for (size_t i = negative; i < size; i++) {
		int digit = text[i] - '0';

		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	*ret_value = value;
	return true;
}

static bool take_number(struct reader *r, struct tree *node)
{
	const char *from = r->at;
	size_t size;
	bool real;
	char *text;

	if (!take_number_text(r, &real))
		return false;
	if (!node)
		return true;
	size = (size_t)(r->at - from);
	text = arena_alloc(r->arena, size + 1); /* after it stands what is still to be read */
	memcpy(text, from, size);
	node->text = text;
	node->kind = !real && to_integer(text, size, &node->integer) ? TREE_INT : TREE_REAL;
	return true;
}

static bool take_word(struct reader *r, const char *word, enum tree_kind kind, struct tree *node)
{
	size_t size = strlen(word);

	if ((size_t)(r->end - r->at) < size || memcmp(r->at, word, size) != 0)
		return false;
	r->at += size;
	if (node) {
		node->kind = kind;
		node->text = word;
		node->boolean = *word == 't';
	}
	return true;
}

/* --- values --- */

static bool take_value(struct reader *r, struct tree *node);

static struct tree *add_child(struct reader *r, struct tree *parent)
{
	struct tree *node;

	if (!parent)
		return NULL;
	node = tree_new(r->arena, TREE_NULL, 0);
	if (parent->last)
		parent->last->sibling = node;
	else
		parent->child = node;
	parent->last = node;
	parent->count++;
	return node;
}

static bool take_list(struct reader *r, struct tree *node)
{
	if (node)
		node->kind = TREE_LIST;
	if (take(r, ']'))
		return true;
	do {
		if (!take_value(r, add_child(r, node)))
			return false;
	} while (take(r, ','));
	return take(r, ']');
}

/* 'in': what the map stands under, alone or in a list. A label may be called anything. */
static bool is_unasked(const struct reader *r, const char *in, const char *key)
{
	if (!r->sparing || !in)
		return false;
	if (strcmp(in, "metadata") == 0)
		return strcmp(key, "managedFields") == 0 || strcmp(key, "ownerReferences") == 0;
	return strcmp(in, "endpoints") == 0 && strcmp(key, "targetRef") == 0;
}

static bool take_map(struct reader *r, struct tree *node)
{
	const char *in = r->in;

	if (node)
		node->kind = TREE_MAP;
	if (take(r, '}'))
		return true;
	do {
		struct tree *entry = NULL;
		const char *key;

		if (!take(r, '"'))
			return false;
		r->nul = false;
		key = take_string(r);
		if (!key || r->nul || !take(r, ':'))
			return false;
		if (node && !is_unasked(r, in, key)) {
			entry = add_child(r, node);
			entry->key = key;
		}
		r->in = key;
		if (!take_value(r, entry))
			return false;
		r->in = in;
	} while (take(r, ','));
	return take(r, '}');
}

static bool take_nested(struct reader *r, struct tree *node, bool is_map)
{
	bool good;

	if (r->depth == K8S_JSON_READ_DEPTH_MAX)
		return false;
	r->depth++;
	r->at++;
	good = is_map ? take_map(r, node) : take_list(r, node);
	r->depth--;
	return good;
}

/* 'node' NULL: nobody wants it, but it has to be one. */
static bool take_value(struct reader *r, struct tree *node)
{
	const char *text;

	skip_blanks(r);
	if (r->at == r->end)
		return false;
	switch (*r->at) {
	case '{':
		return take_nested(r, node, true);
	case '[':
		return take_nested(r, node, false);
	case '"':
		r->at++;
		text = take_string(r);
		if (node) {
			node->kind = TREE_TEXT;
			node->text = text;
		}
		return text;
	case 't':
		return take_word(r, "true", TREE_BOOL, node);
	case 'f':
		return take_word(r, "false", TREE_BOOL, node);
	case 'n':
		return take_word(r, "null", TREE_NULL, node);
	default:
		return take_number(r, node);
	}
}

static struct tree *read(const char *text, size_t size, struct arena *arena, bool sparing)
{
	struct reader r = {.arena = arena, .sparing = sparing};
	struct tree *node = tree_new(arena, TREE_NULL, 0);

	r.at = arena_memdup(arena, text, size);
	r.end = r.at + size;
	if (!take_value(&r, node))
		return NULL;
	skip_blanks(&r);
	return r.at == r.end ? node : NULL;
}

struct tree *k8s_json_read(const char *text, size_t size, struct arena *arena)
{
	return read(text, size, arena, false);
}

struct tree *k8s_json_read_object(const char *text, size_t size, struct arena *arena)
{
	return read(text, size, arena, true);
}
