/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/build.h"

#include "lib/addr.h"
#include "model/schema.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define NAME_MAX_LEN 240 /* of 253; a number may follow */
#define YEAR_S       31536000

static unsigned number_of(const struct import_statement *from)
{
	return from ? from->number : 0;
}

/* --- entries --- */

void import_remove(struct tree *parent, struct tree *node)
{
	struct tree *before = NULL;

	for (struct tree *child = parent->child; child; before = child, child = child->sibling) {
		if (child != node)
			continue;
		if (before)
			before->sibling = node->sibling;
		else
			parent->child = node->sibling;
		if (parent->last == node)
			parent->last = before;
		node->sibling = NULL;
		parent->count--;
		return;
	}
}

static struct tree *find(struct tree *map, const char *key)
{
	for (struct tree *child = map->child; child; child = child->sibling) {
		if (strcmp(child->key, key) == 0)
			return child;
	}
	return NULL;
}

static void put(struct import *import, struct tree *map, const char *key, struct tree *node)
{
	struct tree *old = find(map, key);

	if (old)
		import_remove(map, old);
	tree_put(&import->arena, map, key, node->line, node);
}

static struct tree *new_text(struct import *import, const struct import_statement *from,
                             const char *text)
{
	struct tree *node = tree_new(&import->arena, TREE_TEXT, number_of(from));

	node->text = arena_strdup(&import->arena, text);
	return node;
}

static struct tree *new_int(struct import *import, const struct import_statement *from,
                            int64_t value)
{
	char text[24];

	snprintf(text, sizeof(text), "%lld", (long long)value);
	return tree_scalar(&import->arena, text, number_of(from));
}

void import_put_text(struct import *import, struct tree *map, const char *key,
                     const struct import_statement *from, const char *text)
{
	put(import, map, key, new_text(import, from, text));
}

void import_put_word(struct import *import, struct tree *map, const char *key,
                     const struct import_statement *from, const char *word)
{
	struct tree *node = tree_scalar(&import->arena, word, number_of(from));

	/* What is empty would count as not said at all. */
	put(import, map, key, node->kind == TREE_NULL ? new_text(import, from, word) : node);
}

void import_put_int(struct import *import, struct tree *map, const char *key,
                    const struct import_statement *from, int64_t value)
{
	put(import, map, key, new_int(import, from, value));
}

void import_put_bool(struct import *import, struct tree *map, const char *key,
                     const struct import_statement *from, bool value)
{
	put(import, map, key,
	    tree_scalar(&import->arena, value ? "true" : "false", number_of(from)));
}

void import_put_duration(struct import *import, struct tree *map, const char *key,
                         const struct import_statement *from, int64_t us)
{
	char text[TEXT_DURATION_SIZE];

	import_put_text(import, map, key, from, text_format_duration(us, text));
}

static struct tree *put_new(struct import *import, struct tree *map, const char *key,
                            const struct import_statement *from, enum tree_kind kind)
{
	struct tree *node = find(map, key);

	if (!node) {
		node = tree_new(&import->arena, kind, number_of(from));
		put(import, map, key, node);
	}
	return node;
}

struct tree *import_put_map(struct import *import, struct tree *map, const char *key,
                            const struct import_statement *from)
{
	return put_new(import, map, key, from, TREE_MAP);
}

struct tree *import_put_list(struct import *import, struct tree *map, const char *key,
                             const struct import_statement *from)
{
	return put_new(import, map, key, from, TREE_LIST);
}

void import_append_text(struct import *import, struct tree *list,
                        const struct import_statement *from, const char *text)
{
	tree_append(list, new_text(import, from, text));
}

void import_append_int(struct import *import, struct tree *list,
                       const struct import_statement *from, int64_t value)
{
	tree_append(list, new_int(import, from, value));
}

struct tree *import_append_map(struct import *import, struct tree *list,
                               const struct import_statement *from)
{
	struct tree *node = tree_new(&import->arena, TREE_MAP, number_of(from));

	tree_append(list, node);
	return node;
}

/* Trees of ours are a handful of levels deep. */
static struct tree *copy_of(struct import *import, const struct tree *node)
{
	struct tree *copy = tree_new(&import->arena, node->kind, node->line);

	copy->boolean = node->boolean;
	copy->integer = node->integer;
	copy->text = node->text;
	for (const struct tree *child = node->child; child; child = child->sibling)
		import_put_copy(import, copy, node->kind == TREE_MAP ? child->key : NULL, child);
	return copy;
}

void import_put_copy(struct import *import, struct tree *parent, const char *key,
                     const struct tree *node)
{
	struct tree *copy = copy_of(import, node);

	if (key)
		put(import, parent, key, copy);
	else
		tree_append(parent, copy);
}

/* --- documents --- */

/* Lower case; what a name may not have becomes '-'; a letter or digit at both ends. */
static void make_name(const char *wanted, char buf[static NAME_MAX_LEN + 1])
{
	size_t len = 0;

	for (const char *c = wanted; *c && len < NAME_MAX_LEN; c++) {
		char lower = (char)tolower((unsigned char)*c);
		bool plain = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9');

		/* Each part between two dots has a letter or digit at both ends, too. */
		if (!plain && (len == 0 || buf[len - 1] == '.'))
			continue;
		if (lower == '.' && len > 0 && buf[len - 1] == '-')
			lower = '-';
		buf[len++] = plain || lower == '.' ? lower : '-';
	}
	while (len > 0 && (buf[len - 1] == '-' || buf[len - 1] == '.'))
		len--;
	buf[len] = '\0';
	if (len == 0)
		snprintf(buf, NAME_MAX_LEN + 1, "unnamed");
}

/* What is known of the title "VirtualRouter front"; new ones have no number. */
static struct import_named *title_of(struct import *import, const char *kind, const char *name)
{
	char title[NAME_MAX_LEN + 50];

	snprintf(title, sizeof(title), "%s %s", kind, name);
	return import_names_get(&import->titles, &import->arena, title);
}

/* A name that no other document of the kind has: the one wanted, or with a number behind it. */
static struct import_named *unique_title(struct import *import, const char *kind, const char *name,
                                         char buf[static NAME_MAX_LEN + 24])
{
	struct import_named *wanted = title_of(import, kind, name), *title = wanted;

	snprintf(buf, NAME_MAX_LEN + 24, "%s", name);
	while (title->number > 0) {
		snprintf(buf, NAME_MAX_LEN + 24, "%s-%zu", name, ++wanted->number);
		title = title_of(import, kind, buf);
	}
	title->number = 1;
	return title;
}

struct tree *import_document(struct import *import, struct import_statement *from, const char *kind,
                             const char *wanted, const char **ret_name)
{
	char name[NAME_MAX_LEN + 1], unique[NAME_MAX_LEN + 24];
	struct tree *document, *metadata;
	struct import_named *title;

	if (import->documents->count >= IMPORT_DOCUMENTS_MAX) {
		import_note(import, from, IMPORT_FAILED, "more than %d objects",
		            IMPORT_DOCUMENTS_MAX);
		return NULL;
	}
	make_name(wanted, name);
	title = unique_title(import, kind, name, unique);
	document = tree_new(&import->arena, TREE_MAP, from->number);
	title->what = document;
	import_put_text(import, document, "apiVersion", from, MODEL_API_VERSION);
	import_put_text(import, document, "kind", from, kind);
	metadata = import_put_map(import, document, "metadata", from);
	import_put_text(import, metadata, "name", from, unique);
	tree_append(import->documents, document);
	*ret_name = tree_get_text(metadata, "name");
	return import_put_map(import, document, "spec", from);
}

/* --- words --- */

bool import_number(const char *word, int64_t min, int64_t max, int64_t *ret_value)
{
	bool negative = *word == '-';
	int64_t value = 0;

	if (!word[negative])
		return false;
	for (const char *c = word + negative; *c; c++) {
		if (*c < '0' || *c > '9' || value > INT64_MAX / 10 - 1)
			return false;
		value = value * 10 + (*c - '0');
	}
	if (negative)
		value = -value;
	if (value < min || value > max)
		return false;
	*ret_value = value;
	return true;
}

bool import_seconds(const char *word, int64_t *ret_us)
{
	int64_t us = 0, part = 1000000;
	bool fraction = false;

	if (*word < '0' || *word > '9')
		return false;
	for (; *word; word++) {
		if (*word == '.' && !fraction) {
			fraction = true;
			continue;
		}
		if (*word < '0' || *word > '9' || us > YEAR_S * INT64_C(1000000))
			return false;
		if (fraction)
			us += (part /= 10) * (*word - '0');
		else
			us = us * 10 + (*word - '0') * INT64_C(1000000);
	}
	*ret_us = us;
	return true;
}

/* The length of the UTF-8 sequence at 's', 0 when it is none (RFC 3629 4). */
static size_t sequence(const unsigned char *s)
{
	size_t len = s[0] < 0x80 ? 1 : s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;

	if (len == 0 || s[0] > 0xf4)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	}
	if ((s[0] == 0xe0 && s[1] < 0xa0) || (s[0] == 0xed && s[1] > 0x9f) ||
	    (s[0] == 0xf0 && s[1] < 0x90) || (s[0] == 0xf4 && s[1] > 0x8f))
		return 0;
	return len;
}

bool import_text_allowed(const char *text)
{
	const unsigned char *s = (const unsigned char *)text;

	while (*s) {
		size_t len = sequence(s);

		/* C1 controls, and what YAML has no room for, too. */
		if (len == 0 || *s < 0x20 || *s == 0x7f || (*s == 0xc2 && s[1] < 0xa0) ||
		    (*s == 0xef && s[1] == 0xbf && s[2] >= 0xbe) ||
		    (*s == 0xef && s[1] == 0xbb && s[2] == 0xbf))
			return false;
		s += len;
	}
	return true;
}
