/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/decode.h"
#include "model/decode_context.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What did not fit was cut. */
static size_t add_to_path(struct model_decode_context *ctx, int len)
{
	size_t before = ctx->path_len;
	size_t room = sizeof(ctx->path) - before;

	assert(len >= 0);
	ctx->path_len = (size_t)len < room ? before + (size_t)len : sizeof(ctx->path) - 1;
	return before;
}

size_t model_decode_enter(struct model_decode_context *ctx, const char *name)
{
	return add_to_path(ctx,
	                   snprintf(ctx->path + ctx->path_len, sizeof(ctx->path) - ctx->path_len,
	                            "%s%s", ctx->path_len > 0 ? "." : "", name));
}

size_t model_decode_enter_entry(struct model_decode_context *ctx, size_t index)
{
	return add_to_path(ctx, snprintf(ctx->path + ctx->path_len,
	                                 sizeof(ctx->path) - ctx->path_len, "[%zu]", index));
}

void model_decode_leave(struct model_decode_context *ctx, size_t path_len)
{
	ctx->path_len = path_len;
	ctx->path[path_len] = '\0';
}

static void report(struct model_decode_context *ctx, enum model_severity severity, unsigned line,
                   const char *fmt, va_list args)
{
	struct model_origin origin = {.source = ctx->source, .line = line};
	char message[1000];

	vsnprintf(message, sizeof(message), fmt, args);
	model_problem_add(ctx->problems, severity, origin, ctx->object, ctx->path, "%s", message);
}

void model_decode_error(struct model_decode_context *ctx, unsigned line, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report(ctx, MODEL_ERROR, line, fmt, args);
	va_end(args);
}

static void report_at(struct model_decode_context *ctx, enum model_severity severity,
                      const struct tree *node, const char *name, const char *fmt, va_list args)
{
	const struct tree *entry = tree_get(node, name);
	size_t path_len = model_decode_enter(ctx, name);

	report(ctx, severity, entry ? entry->line : node ? node->line : 0, fmt, args);
	model_decode_leave(ctx, path_len);
}

void model_decode_error_at(struct model_decode_context *ctx, const struct tree *node,
                           const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_at(ctx, MODEL_ERROR, node, name, fmt, args);
	va_end(args);
}

void model_decode_warning_at(struct model_decode_context *ctx, const struct tree *node,
                             const char *name, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	report_at(ctx, MODEL_WARNING, node, name, fmt, args);
	va_end(args);
}

const char *model_decode_shown(const char *text, char buf[static MODEL_DECODE_TEXT_SIZE])
{
	size_t len = strlen(text);

	if (len < MODEL_DECODE_TEXT_SIZE) {
		memcpy(buf, text, len + 1);
		return buf;
	}
	len = MODEL_DECODE_TEXT_SIZE - 4;
	/* Not in the middle of a character. */
	while (len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	memcpy(buf, text, len);
	strcpy(buf + len, "...");
	return buf;
}

const struct tree *model_decode_entry(const struct tree *map, const char *name)
{
	const struct tree *entry = tree_get(map, name);

	return entry && entry->kind != TREE_NULL ? entry : NULL;
}

static bool is_kept_as_text(enum model_field_kind kind)
{
	return kind == MODEL_FIELD_NAME || kind == MODEL_FIELD_LABEL ||
	       kind == MODEL_FIELD_INTERFACE || kind == MODEL_FIELD_TEXT ||
	       kind == MODEL_FIELD_CHOICE;
}

/* A text is the schema's own: defaults take no memory. */
static void apply_default(struct model_decode_context *ctx, const struct model_schema_field *field,
                          void *base)
{
	struct tree value = {.kind = TREE_TEXT, .text = field->default_text};
	void *target = (char *)base + field->offset;
	bool fits;

	if (is_kept_as_text(field->kind)) {
		*(const char **)target = field->default_text;
		return;
	}
	if (field->kind == MODEL_FIELD_BOOL) {
		value.kind = TREE_BOOL;
		value.boolean = strcmp(field->default_text, "true") == 0;
	} else if (field->kind == MODEL_FIELD_INT) {
		value.kind = TREE_INT;
		value.integer = strtoll(field->default_text, NULL, 10);
	}
	fits = model_decode_scalar(ctx, field, &value, target, base);
	assert(fits);
	(void)fits;
}

/* What a member has when nothing is said, besides zero: strings are never NULL. */
static void apply_absence(struct model_decode_context *ctx, const struct model_schema_field *field,
                          void *base)
{
	char *target = (char *)base + field->offset;

	if (field->many != MODEL_FIELD_ONE)
		return;
	if (field->default_text) {
		apply_default(ctx, field, base);
		return;
	}
	switch (field->kind) {
	case MODEL_FIELD_NAME:
	case MODEL_FIELD_LABEL:
	case MODEL_FIELD_INTERFACE:
	case MODEL_FIELD_TEXT:
	case MODEL_FIELD_CHOICE:
		*(const char **)target = "";
		break;
	case MODEL_FIELD_PORT_OR_NAME:
		*(const char **)((char *)base + field->other_offset) = "";
		break;
	case MODEL_FIELD_MAP:
		if (!field->pointed)
			model_decode_map(ctx, field->map, NULL, target);
		break;
	case MODEL_FIELD_ENUM:
	case MODEL_FIELD_BOOL:
	case MODEL_FIELD_INT:
	case MODEL_FIELD_INT_RANGE:
	case MODEL_FIELD_DURATION:
	case MODEL_FIELD_ADDRESS:
	case MODEL_FIELD_PREFIX:
	case MODEL_FIELD_RANGE:
	case MODEL_FIELD_LABELS:
	case MODEL_FIELD_ELSEWHERE:
	case MODEL_FIELD_IGNORED:
		break;
	}
}

static void report_missing(struct model_decode_context *ctx, const struct model_schema_field *field,
                           const struct tree *map)
{
	struct text allowed = {0};

	model_schema_field_allowed(field, &allowed);
	model_decode_error_at(ctx, map, field->name, "missing; it has to be %s",
	                      text_str(&allowed));
	text_done(&allowed);
}

static void wrong_container(struct model_decode_context *ctx,
                            const struct model_schema_field *field, const struct tree *node,
                            bool entry)
{
	struct text allowed = {0};
	char shown[MODEL_DECODE_TEXT_SIZE];

	if (entry)
		model_schema_entry_allowed(field, &allowed);
	else
		model_schema_field_allowed(field, &allowed);
	if (node->kind == TREE_LIST || node->kind == TREE_MAP)
		model_decode_error(ctx, node->line, "is a %s; allowed: %s",
		                   tree_kind_name(node->kind), text_str(&allowed));
	else if (node->kind == TREE_NULL)
		model_decode_error(ctx, node->line, "is empty; allowed: %s", text_str(&allowed));
	else
		model_decode_error(ctx, node->line, "is the %s '%s'; allowed: %s",
		                   tree_kind_name(node->kind),
		                   model_decode_shown(node->text, shown), text_str(&allowed));
	text_done(&allowed);
}

/* A map written as the one scalar that matters. */
static void decode_shorthand(struct model_decode_context *ctx, const struct model_schema_map *map,
                             const struct tree *node, void *base)
{
	const struct model_schema_field *field = model_schema_field_find(map, map->shorthand);

	model_decode_map(ctx, map, NULL, base);
	if (model_decode_scalar(ctx, field, node, (char *)base + field->offset, base) && map->check)
		map->check(ctx, node, base);
}

/* One value: the field itself, or an entry of its list. */
static void decode_value(struct model_decode_context *ctx, const struct model_schema_field *field,
                         const struct tree *node, void *target, void *base)
{
	bool scalar = node->kind != TREE_MAP && node->kind != TREE_LIST && node->kind != TREE_NULL;

	if (field->kind != MODEL_FIELD_MAP)
		model_decode_scalar(ctx, field, node, target, base);
	else if (node->kind == TREE_MAP)
		model_decode_map(ctx, field->map, node, target);
	else if (scalar && field->map->shorthand)
		decode_shorthand(ctx, field->map, node, target);
	else
		wrong_container(ctx, field, node, field->many != MODEL_FIELD_ONE);
}

static void decode_list(struct model_decode_context *ctx, const struct model_schema_field *field,
                        const struct tree *node, void *base)
{
	void **items = (void **)((char *)base + field->offset);
	size_t *count = (size_t *)((char *)base + field->other_offset);
	const struct tree *entry = node;
	size_t total = 1;

	if (node->kind == TREE_LIST) {
		entry = node->child;
		total = node->count;
	} else if (field->many != MODEL_FIELD_ONE_OR_LIST || node->kind == TREE_MAP) {
		wrong_container(ctx, field, node, false);
		return;
	}
	if (total > field->count_max) {
		model_decode_error(ctx, node->line, "has %zu entries; allowed: at most %zu", total,
		                   field->count_max);
		return;
	}
	if (total == 0) {
		if (field->required)
			model_decode_error(ctx, node->line,
			                   "is an empty list; allowed: at least one entry");
		return;
	}
	*items = arena_array(ctx->arena, total, field->size);
	*count = total;
	for (size_t i = 0; i < total; i++, entry = entry->sibling) {
		size_t path_len = ctx->path_len;

		if (node->kind == TREE_LIST)
			model_decode_enter_entry(ctx, i);
		decode_value(ctx, field, entry, (char *)*items + i * field->size, NULL);
		model_decode_leave(ctx, path_len);
	}
}

/* Keys are those of Kubernetes: an optional prefix with a '/', and a name (not looked at closely:
 * one that can't be matches nothing). */
static void decode_labels(struct model_decode_context *ctx, const struct model_schema_field *field,
                          const struct tree *node, void *base)
{
	struct model_label **labels = (struct model_label **)((char *)base + field->offset);
	size_t *count = (size_t *)((char *)base + field->other_offset);
	char shown[MODEL_DECODE_TEXT_SIZE];

	if (node->kind != TREE_MAP) {
		wrong_container(ctx, field, node, false);
		return;
	}
	if (node->count > field->count_max) {
		model_decode_error(ctx, node->line, "has %u entries; allowed: at most %zu",
		                   node->count, field->count_max);
		return;
	}
	*labels = arena_array(ctx->arena, node->count, sizeof(**labels));
	for (const struct tree *entry = node->child; entry; entry = entry->sibling) {
		if (entry->kind != TREE_TEXT) {
			model_decode_error_at(ctx, node, model_decode_shown(entry->key, shown),
			                      "is of the kind %s; allowed: a text",
			                      tree_kind_name(entry->kind));
			continue;
		}
		(*labels)[(*count)++] = (struct model_label){
			arena_strdup(ctx->arena, entry->key),
			arena_strdup(ctx->arena, entry->text),
		};
	}
}

static void decode_field(struct model_decode_context *ctx, const struct model_schema_field *field,
                         const struct tree *map, void *base)
{
	const struct tree *node = model_decode_entry(map, field->name);
	size_t path_len;

	if (field->kind == MODEL_FIELD_ELSEWHERE || field->kind == MODEL_FIELD_IGNORED)
		return;
	if (!node) {
		if (map && field->required)
			report_missing(ctx, field, map);
		apply_absence(ctx, field, base);
		return;
	}
	path_len = model_decode_enter(ctx, field->name);
	if (field->kind == MODEL_FIELD_LABELS) {
		decode_labels(ctx, field, node, base);
	} else if (field->many != MODEL_FIELD_ONE) {
		decode_list(ctx, field, node, base);
	} else {
		void *target = (char *)base + field->offset;

		if (field->pointed)
			target = *(void **)target = arena_array(ctx->arena, 1, field->size);
		/* What stands there when the value turns out to be wrong: checks go on. */
		apply_absence(ctx, field, base);
		decode_value(ctx, field, node, target, base);
	}
	model_decode_leave(ctx, path_len);
}

#define FIELDS_MAX 64

static void report_unknown(struct model_decode_context *ctx, const struct model_schema_map *map,
                           const struct tree *entry)
{
	const char *names[FIELDS_MAX];
	char shown[MODEL_DECODE_TEXT_SIZE];
	struct text allowed = {0};
	const char *nearest;
	size_t count = 0;
	size_t path_len;

	for (const struct model_schema_field *field = map->fields; field->name; field++) {
		assert(count < FIELDS_MAX);
		names[count++] = field->name;
		if (field->kind != MODEL_FIELD_IGNORED)
			text_printf(&allowed, "%s%s", allowed.len > 0 ? ", " : "", field->name);
	}
	nearest = text_nearest(entry->key, names, count);
	model_decode_shown(entry->key, shown);
	path_len = model_decode_enter(ctx, shown);
	if (nearest)
		model_decode_error(ctx, entry->key_line, "unknown field '%s'; did you mean '%s'?",
		                   shown, nearest);
	else
		model_decode_error(ctx, entry->key_line, "unknown field '%s'; allowed: %s", shown,
		                   text_str(&allowed));
	model_decode_leave(ctx, path_len);
	text_done(&allowed);
}

/* 'node' NULL: the map is not there, only defaults are applied. */
void model_decode_map(struct model_decode_context *ctx, const struct model_schema_map *map,
                      const struct tree *node, void *base)
{
	for (const struct model_schema_field *field = map->fields; field->name; field++)
		decode_field(ctx, field, node, base);
	if (!node)
		return;
	for (const struct tree *entry = node->child; entry; entry = entry->sibling) {
		if (!model_schema_field_find(map, entry->key))
			report_unknown(ctx, map, entry);
	}
	if (map->check)
		map->check(ctx, node, base);
}

void model_defaults(const struct model_schema_map *map, void *object)
{
	struct model_decode_context ctx = {.source = "", .object = ""};

	model_decode_map(&ctx, map, NULL, object);
}
