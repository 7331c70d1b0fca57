/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/copy.h"

#include <string.h>

static void copy_text(struct arena *arena, void *member)
{
	const char **text = member;

	if (*text)
		*text = arena_strdup(arena, *text);
}

static void copy_map(struct arena *arena, const struct model_schema_map *map, char *base);

/* 'target' holds the value; what it points to is still the original's. */
static void copy_value(struct arena *arena, const struct model_schema_field *field, char *target,
                       char *base)
{
	switch (field->kind) {
	case MODEL_FIELD_NAME:
	case MODEL_FIELD_LABEL:
	case MODEL_FIELD_INTERFACE:
	case MODEL_FIELD_CHOICE:
		copy_text(arena, target);
		break;
	case MODEL_FIELD_PORT_OR_NAME:
		copy_text(arena, base + field->other_offset);
		break;
	case MODEL_FIELD_MAP:
		copy_map(arena, field->map, target);
		break;
	case MODEL_FIELD_ENUM:
	case MODEL_FIELD_BOOL:
	case MODEL_FIELD_INT:
	case MODEL_FIELD_DURATION:
	case MODEL_FIELD_ADDRESS:
	case MODEL_FIELD_PREFIX:
	case MODEL_FIELD_RANGE:
	case MODEL_FIELD_ELSEWHERE:
	case MODEL_FIELD_IGNORED:
		break;
	}
}

static void copy_list(struct arena *arena, const struct model_schema_field *field, char *base)
{
	char **items = (char **)(base + field->offset);
	size_t count = *(size_t *)(base + field->other_offset);

	if (count == 0) {
		*items = NULL;
		return;
	}
	*items = arena_memdup(arena, *items, count * field->size);
	for (size_t i = 0; i < count; i++) {
		char *entry = *items + i * field->size;

		copy_value(arena, field, entry, entry);
	}
}

static void copy_map(struct arena *arena, const struct model_schema_map *map, char *base)
{
	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		if (field->many != MODEL_FIELD_ONE)
			copy_list(arena, field, base);
		else
			copy_value(arena, field, base + field->offset, base);
	}
}

void *model_copy(struct arena *arena, const struct model_schema_object *schema, const void *object,
                 const char *source)
{
	char *copy = arena_memdup(arena, object, schema->size);
	struct model_origin *origin = (void *)(copy + schema->origin_offset);

	origin->source = source;
	copy_map(arena, schema->map, copy);
	return copy;
}
