/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/decode_context.h - what the parts of the decoder share: where they are in the document.
 *
 * Pure. Private to model/: decode.c walks, model_decode_scalar.c reads single values, check.c looks
 * at what belongs together. */

#ifndef LINTEL_MODEL_DECODE_CONTEXT_H
#define LINTEL_MODEL_DECODE_CONTEXT_H

#include "lib/tree.h"
#include "model/object.h"
#include "model/schema.h"

struct model_decode_context {
	struct arena *arena; /* of what is decoded */
	struct model_problems *problems;
	const char *source;
	const char *object; /* for messages: "VirtualServer default/web" */
	char path[256];     /* of the field being looked at: "spec.ports[0]"; cut when longer */
	size_t path_len;
};

/* Go down into a field or an entry; the result is for model_decode_leave(). */
size_t model_decode_enter(struct model_decode_context *ctx, const char *name);
size_t model_decode_enter_entry(struct model_decode_context *ctx, size_t index);
void model_decode_leave(struct model_decode_context *ctx, size_t path_len);

/* Reports about the present field; 'line' is that of the node that is wrong. */
void model_decode_error(struct model_decode_context *ctx, unsigned line, const char *fmt, ...)
	LT_PRINTF(3, 4);
/* The same about a field below it: 'node' is the map, the line that of the entry if it is there. */
void model_decode_error_at(struct model_decode_context *ctx, const struct tree *node,
                           const char *name, const char *fmt, ...) LT_PRINTF(4, 5);
void model_decode_warning_at(struct model_decode_context *ctx, const struct tree *node,
                             const char *name, const char *fmt, ...) LT_PRINTF(4, 5);

/* Somebody's text for a message: cut where it is too long. Returns buf. */
#define MODEL_DECODE_TEXT_SIZE 80
const char *model_decode_shown(const char *text, char buf[static MODEL_DECODE_TEXT_SIZE]);

/* The entry of a map as it counts: one without a value (null) is one that is not there. */
const struct tree *model_decode_entry(const struct tree *map, const char *name);
/* Writes one value of field->kind (no list, no map) to 'target', the member itself; 'base' is the
 * structure it is in. False when it was reported as wrong. */
bool model_decode_scalar(struct model_decode_context *ctx, const struct model_schema_field *field,
                         const struct tree *node, void *target, void *base);
/* Fills the structure at 'base' from the entries of 'node'; NULL: only defaults are applied. */
void model_decode_map(struct model_decode_context *ctx, const struct model_schema_map *map,
                      const struct tree *node, void *base);

#endif
