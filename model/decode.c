/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/decode.h"

#include "model/decode_context.h"

#include <stdio.h>
#include <string.h>

/* "VirtualServer default/web", as far as the document says it. */
static const char *title_of(const struct tree *document, const char *kind,
                            const struct model_schema_object *object,
                            char buf[static MODEL_OBJECT_TEXT_SIZE])
{
	const struct tree *metadata = tree_get(document, "metadata");
	const char *name = tree_get_text(metadata, "name");
	const char *namespace = tree_get_text(metadata, "namespace");
	char shown_kind[MODEL_DECODE_TEXT_SIZE];

	model_decode_shown(kind, shown_kind);
	if (!name)
		snprintf(buf, MODEL_OBJECT_TEXT_SIZE, "%s", shown_kind);
	else if (object && !object->namespaced)
		snprintf(buf, MODEL_OBJECT_TEXT_SIZE, "%s %.253s", shown_kind, name);
	else
		snprintf(buf, MODEL_OBJECT_TEXT_SIZE, "%s %.63s/%.253s", shown_kind,
		         namespace ? namespace : "default", name);
	return buf;
}

/* "is ..." */
static const char *found_text(const struct tree *node)
{
	switch (node->kind) {
	case TREE_NULL:
		return "empty";
	case TREE_BOOL:
		return "a boolean";
	case TREE_INT:
		return "an integer";
	case TREE_REAL:
		return "a number";
	case TREE_TEXT:
		return "text";
	case TREE_LIST:
		return "a list";
	case TREE_MAP:
		return "a map";
	}
	return "?";
}

static void report_kind(struct model_decode_context *ctx, const struct tree *document,
                        const char *kind)
{
	const char *names[MODEL_SCHEMA_COUNT];
	char shown[MODEL_DECODE_TEXT_SIZE];
	const char *nearest;

	for (size_t i = 0; i < MODEL_SCHEMA_COUNT; i++)
		names[i] = model_schema_objects[i]->kind;
	nearest = text_nearest(kind, names, MODEL_SCHEMA_COUNT);
	model_decode_shown(kind, shown);
	if (nearest)
		model_decode_error_at(ctx, document, "kind",
		                      "'%s' is not known; did you mean '%s'?", shown, nearest);
	else
		model_decode_error_at(ctx, document, "kind",
		                      "'%s' is not known; allowed: VirtualRouter, VirtualServer, "
		                      "AddressPool, List",
		                      shown);
}

/* False when the document is not even one of ours. */
static bool check_version(struct model_decode_context *ctx, const struct tree *document,
                          const char *expected)
{
	const struct tree *version = model_decode_entry(document, "apiVersion");
	char shown[MODEL_DECODE_TEXT_SIZE];

	if (version && version->kind == TREE_TEXT && strcmp(version->text, expected) == 0)
		return true;
	if (!version)
		model_decode_error_at(ctx, document, "apiVersion", "missing; it has to be %s",
		                      expected);
	else if (version->kind == TREE_LIST || version->kind == TREE_MAP)
		model_decode_error_at(ctx, document, "apiVersion", "is %s; allowed: %s",
		                      found_text(version), expected);
	else
		model_decode_error_at(ctx, document, "apiVersion", "'%s' is not known; allowed: %s",
		                      model_decode_shown(version->text, shown), expected);
	return false;
}

static void add_object(struct model_objects *objects, const struct model_schema_object *object,
                       const void *decoded)
{
	if (object == &model_schema_router)
		model_objects_add_router(objects, decoded);
	else if (object == &model_schema_virtual_server)
		model_objects_add_virtual_server(objects, decoded);
	else
		model_objects_add_pool(objects, decoded);
}

/* Without one nobody can refer to it, and there is nothing to find out about it. */
static bool has_name(const struct model_schema_object *object, const void *decoded)
{
	const struct model_schema_field *metadata =
		model_schema_field_find(object->map, "metadata");
	const struct model_schema_field *name = model_schema_field_find(metadata->map, "name");

	return **(const char *const *)((const char *)decoded + name->offset) != '\0';
}

static struct model_objects *incomplete_of(struct model_objects *objects)
{
	if (!objects->incomplete) {
		objects->incomplete = arena_alloc(&objects->arena, sizeof(*objects->incomplete));
		model_objects_init(objects->incomplete);
	}
	return objects->incomplete;
}

static void decode_object(struct model_decode_context *ctx,
                          const struct model_schema_object *object, const struct tree *document,
                          struct model_objects *objects)
{
	size_t errors_before = ctx->problems->error_count;
	void *decoded = arena_alloc(ctx->arena, object->size);
	struct model_origin *origin = (void *)((char *)decoded + object->origin_offset);

	*origin = (struct model_origin){
		.source = ctx->source,
		.line = document->line,
		.lines = model_lines_of(ctx->arena, document),
	};
	check_version(ctx, document, MODEL_API_VERSION);
	model_decode_map(ctx, object->map, document, decoded);
	if (ctx->problems->error_count == errors_before)
		add_object(objects, object, decoded);
	else if (has_name(object, decoded))
		add_object(incomplete_of(objects), object, decoded);
}

static void decode_document(const struct tree *document, const char *source,
                            struct model_objects *objects, struct model_problems *problems,
                            bool in_list);

/* What "kubectl get -o yaml" writes. */
static void decode_items(struct model_decode_context *ctx, const struct tree *document,
                         struct model_objects *objects)
{
	const struct tree *items = model_decode_entry(document, "items");

	if (!items)
		return;
	if (items->kind != TREE_LIST) {
		model_decode_error_at(ctx, document, "items", "is %s; allowed: a list of objects",
		                      found_text(items));
		return;
	}
	for (const struct tree *item = items->child; item; item = item->sibling)
		decode_document(item, ctx->source, objects, ctx->problems, true);
}

static void decode_document(const struct tree *document, const char *source,
                            struct model_objects *objects, struct model_problems *problems,
                            bool in_list)
{
	struct model_decode_context ctx = {
		.arena = &objects->arena,
		.problems = problems,
		.source = source,
		.object = "",
	};
	char title[MODEL_OBJECT_TEXT_SIZE];
	const struct model_schema_object *object;
	const struct tree *kind;

	if (document->kind == TREE_NULL)
		return; /* nothing between two "---" */
	if (document->kind != TREE_MAP) {
		model_decode_error(
			&ctx, document->line,
			"is %s; allowed: an object with apiVersion, kind, metadata, spec",
			found_text(document));
		return;
	}
	kind = model_decode_entry(document, "kind");
	if (!kind || kind->kind != TREE_TEXT) {
		model_decode_error_at(
			&ctx, document, "kind",
			"%s; it has to be VirtualRouter, VirtualServer, AddressPool or List",
			kind ? "is no text" : "missing");
		return;
	}
	object = model_schema_find(kind->text);
	if (!object && !in_list && strcmp(kind->text, "List") == 0) {
		decode_items(&ctx, document, objects);
		return;
	}
	ctx.object = title_of(document, kind->text, object, title);
	if (object)
		decode_object(&ctx, object, document, objects);
	else
		report_kind(&ctx, document, kind->text);
}

void model_decode(const struct tree *document, const char *source, struct model_objects *objects,
                  struct model_problems *problems)
{
	decode_document(document, source, objects, problems, false);
}
