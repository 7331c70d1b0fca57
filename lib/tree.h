/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/tree.h - a document as a tree of scalars, lists and maps, each with the line it stands on.
 *
 * Pure. What YAML and JSON readers produce and the one decoder of objects (model/decode.h)
 * consumes. Nodes live in an arena; nothing is freed alone. Keys keep their order. */

#ifndef LINTEL_LIB_TREE_H
#define LINTEL_LIB_TREE_H

#include "lib/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum tree_kind {
	TREE_NULL,
	TREE_BOOL,
	TREE_INT,
	TREE_REAL, /* no field of ours is one; kept as text for the message */
	TREE_TEXT,
	TREE_LIST,
	TREE_MAP,
};

/* Small, as documents have many. */
struct tree {
	enum tree_kind kind : 8;
	bool boolean : 1;     /* TREE_BOOL */
	unsigned line;        /* 1-based in its source; 0 when it has none (an API object) */
	unsigned key_line;    /* line of the key */
	unsigned count;       /* elements or entries */
	const char *key;      /* name under which it stands in a map, else NULL */
	const char *text;     /* TREE_TEXT; the scalar as written for BOOL, INT, REAL, NULL too */
	int64_t integer;      /* TREE_INT */
	struct tree *child;   /* first element or entry */
	struct tree *last;    /* last element or entry */
	struct tree *sibling; /* next in its list or map */
};

/* Deeper documents are refused by the readers. */
#define TREE_DEPTH_MAX 64

struct tree *tree_new(struct arena *arena, enum tree_kind kind, unsigned line);
/* Appends to a list. */
void tree_append(struct tree *list, struct tree *node);
/* Appends to a map; 'key' is copied. Duplicates are the reader's to refuse. */
void tree_put(struct arena *arena, struct tree *map, const char *key, unsigned key_line,
              struct tree *node);
/* The same; 'key' is not copied: it lives as long as the node. */
void tree_put_kept(struct tree *map, const char *key, unsigned key_line, struct tree *node);
/* The entry of a map, NULL when absent or when 'map' is no map (NULL accepted). */
const struct tree *tree_get(const struct tree *map, const char *key);
/* The text of entry 'key', NULL when absent or no text. */
const char *tree_get_text(const struct tree *map, const char *key);
/* "text", "list", ... for messages. */
const char *tree_kind_name(enum tree_kind kind);
/* A plain (unquoted) YAML 1.2 core scalar to its node: null, bool, int, real or text. An integer
 * beyond int64_t is a TREE_REAL. */
struct tree *tree_scalar(struct arena *arena, const char *text, unsigned line);

#endif
