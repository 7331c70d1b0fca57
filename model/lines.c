/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/lines.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* What model/validate*.c and model/snapshot.c name. */
static const char *const names[] = {
	"metadata.name", "spec.virtualRouter", "spec.virtualRouterId", "spec.addressPool",
	"spec.ports",    "spec.addresses",     "spec.sourceNat",
};
#define NAME_COUNT (sizeof(names) / sizeof(names[0]))
#define WHOLE      UINT16_MAX /* the field itself, not one of its entries */

struct line {
	uint16_t name; /* index in 'names' */
	uint16_t entry;
	unsigned line;
};

struct model_lines {
	size_t count;
	struct line items[];
};

static const struct tree *node_of(const struct tree *document, const char *name)
{
	const char *dot = strchr(name, '.');
	const struct tree *part = tree_get(document, *name == 'm' ? "metadata" : "spec");

	return tree_get(part, dot + 1);
}

static size_t entry_count(const struct tree *node)
{
	size_t count = node->kind == TREE_LIST ? node->count : 0;

	return count < WHOLE ? count : WHOLE;
}

const struct model_lines *model_lines_of(struct arena *arena, const struct tree *document)
{
	struct model_lines *lines;
	size_t count = 0;

	if (document->line == 0)
		return NULL;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		const struct tree *node = node_of(document, names[i]);

		count += node ? 1 + entry_count(node) : 0;
	}
	lines = arena_alloc(arena, sizeof(*lines) + count * sizeof(lines->items[0]));
	lines->count = 0;
	for (size_t i = 0; i < NAME_COUNT; i++) {
		const struct tree *node = node_of(document, names[i]), *entry;
		size_t entries = node ? entry_count(node) : 0;

		if (!node)
			continue;
		lines->items[lines->count++] = (struct line){(uint16_t)i, WHOLE, node->key_line};
		entry = node->child;
		for (size_t j = 0; j < entries; j++, entry = entry->sibling)
			lines->items[lines->count++] =
				(struct line){(uint16_t)i, (uint16_t)j, entry->line};
	}
	return lines;
}

/* Does 'field' name, or lie in, what the line is of? The longer the better. */
static size_t likeness(const struct line *line, const char *field)
{
	const char *name = names[line->name];
	size_t len = strlen(name);
	char *end;

	if (strncmp(name, field, len) != 0 || !strchr(".[", field[len]))
		return 0;
	if (line->entry == WHOLE)
		return len;
	if (field[len] != '[' || strtoul(field + len + 1, &end, 10) != line->entry || *end != ']')
		return 0;
	return len + 1;
}

unsigned model_lines_find(const struct model_lines *lines, const char *field, unsigned otherwise)
{
	unsigned found = otherwise;
	size_t best = 0;

	for (size_t i = 0; lines && i < lines->count; i++) {
		size_t like = likeness(&lines->items[i], field);

		if (like > best && lines->items[i].line > 0) {
			best = like;
			found = lines->items[i].line;
		}
	}
	return found;
}
