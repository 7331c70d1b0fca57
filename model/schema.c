/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/schema.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const struct model_schema_object *const model_schema_objects[MODEL_SCHEMA_COUNT] = {
	&model_schema_router,
	&model_schema_virtual_server,
	&model_schema_pool,
};

const struct model_schema_object *model_schema_find(const char *kind)
{
	for (size_t i = 0; i < MODEL_SCHEMA_COUNT; i++) {
		if (strcmp(model_schema_objects[i]->kind, kind) == 0)
			return model_schema_objects[i];
	}
	return NULL;
}

const struct model_schema_field *model_schema_field_find(const struct model_schema_map *map,
                                                         const char *name)
{
	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		if (strcmp(field->name, name) == 0)
			return field;
	}
	return NULL;
}

size_t model_schema_names_count(const struct model_schema_name *names)
{
	size_t count = 0;

	while (names[count].name)
		count++;
	return count;
}

const char *model_schema_value_name(const struct model_schema_name *names, int value)
{
	for (; names->name; names++) {
		if (names->value == value)
			return names->name;
	}
	return "?";
}

static void add_names(const struct model_schema_name *names, struct text *out)
{
	text_add(out, "one of ");
	for (size_t i = 0; names[i].name; i++)
		text_printf(out, "%s%s", i > 0 ? ", " : "", names[i].name);
}

static void add_fields(const struct model_schema_map *map, struct text *out)
{
	const char *separator = "";

	text_add(out, "a map with ");
	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		if (field->kind == MODEL_FIELD_IGNORED)
			continue;
		text_printf(out, "%s%s", separator, field->name);
		separator = ", ";
	}
}

static void add_duration(const struct model_schema_field *field, struct text *out)
{
	char buf[TEXT_DURATION_SIZE];

	text_printf(out, "%sa duration from %s", field->zero_allowed ? "0s, or " : "",
	            text_format_duration(field->min, buf));
	text_printf(out, " to %s", text_format_duration(field->max, buf));
	if (field->step > 0)
		text_printf(out, " in steps of %s", text_format_duration(field->step, buf));
}

void model_schema_entry_allowed(const struct model_schema_field *field, struct text *out)
{
	switch (field->kind) {
	case MODEL_FIELD_NAME:
		text_add(out, "a name of at most 253 lower-case letters, digits, '-' and '.' that "
		              "begins and ends with a letter or digit");
		break;
	case MODEL_FIELD_LABEL:
		text_add(out, "a name of at most 63 lower-case letters, digits and '-' that begins "
		              "and ends with a letter or digit");
		break;
	case MODEL_FIELD_INTERFACE:
		text_add(out, "the name of a network interface, at most 15 characters");
		break;
	case MODEL_FIELD_TEXT:
		text_printf(out,
		            "a text of %" PRId64 " to %" PRId64 " bytes without control characters",
		            field->min, field->max);
		break;
	case MODEL_FIELD_CHOICE:
	case MODEL_FIELD_ENUM:
		add_names(field->names, out);
		break;
	case MODEL_FIELD_BOOL:
		text_add(out, "true or false");
		break;
	case MODEL_FIELD_INT:
		text_printf(out, "an integer from %" PRId64 " to %" PRId64, field->min, field->max);
		break;
	case MODEL_FIELD_INT_RANGE:
		text_printf(out,
		            "an integer from %" PRId64 " to %" PRId64 ", or two as \"first-last\"",
		            field->min, field->max);
		break;
	case MODEL_FIELD_DURATION:
		add_duration(field, out);
		break;
	case MODEL_FIELD_ADDRESS:
		text_add(out, "an IPv4 or IPv6 address");
		break;
	case MODEL_FIELD_PREFIX:
		text_add(out, "an IPv4 or IPv6 address with a prefix length, such as 192.0.2.1/24");
		break;
	case MODEL_FIELD_RANGE:
		text_add(out, "a range as 192.0.2.10-192.0.2.20, a prefix as 192.0.2.16/28 or one "
		              "address");
		break;
	case MODEL_FIELD_PORT_OR_NAME:
		text_printf(out, "an integer from %" PRId64 " to %" PRId64 " or a port's name",
		            field->min, field->max);
		break;
	case MODEL_FIELD_LABELS:
		text_printf(out, "a map of at most %zu labels, each key with a text",
		            field->count_max);
		break;
	case MODEL_FIELD_MAP:
		if (field->map->shorthand) {
			model_schema_entry_allowed(
				model_schema_field_find(field->map, field->map->shorthand), out);
			text_add(out, ", or ");
		}
		add_fields(field->map, out);
		break;
	case MODEL_FIELD_ELSEWHERE:
	case MODEL_FIELD_IGNORED:
		text_add(out, "anything");
		break;
	}
}

void model_schema_field_allowed(const struct model_schema_field *field, struct text *out)
{
	switch (field->many) {
	case MODEL_FIELD_ONE:
		break;
	case MODEL_FIELD_LIST:
		text_add(out, "a list, each entry ");
		break;
	case MODEL_FIELD_ONE_OR_LIST:
		text_add(out, "one or a list, each entry ");
		break;
	}
	model_schema_entry_allowed(field, out);
}

/* The longest path of the tables is far shorter. */
#define PATH_SIZE 256

struct walk {
	void (*visit)(void *ctx, const char *path, unsigned depth,
	              const struct model_schema_field *field);
	void *ctx;
};

static void walk_map(const struct walk *walk, const struct model_schema_map *map,
                     const char *prefix, unsigned depth)
{
	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		char path[PATH_SIZE];

		if (field->kind == MODEL_FIELD_ELSEWHERE || field->kind == MODEL_FIELD_IGNORED)
			continue;
		snprintf(path, sizeof(path), "%s%s%s", prefix, field->name,
		         field->many == MODEL_FIELD_LIST ? "[]" : "");
		walk->visit(walk->ctx, path, depth, field);
		if (field->kind == MODEL_FIELD_MAP) {
			char below[PATH_SIZE + 1];

			snprintf(below, sizeof(below), "%s.", path);
			walk_map(walk, field->map, below, depth + 1);
		}
	}
}

void model_schema_walk(const struct model_schema_object *object,
                       void (*visit)(void *ctx, const char *path, unsigned depth,
                                     const struct model_schema_field *field),
                       void *ctx)
{
	struct walk walk = {visit, ctx};

	walk_map(&walk, object->map, "", 0);
}
