/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Routers and pools are taken in by age, each beside those taken before: what can't be in force
 * with an older one is refused alone. */
#include "k8s/translate_private.h"

#include "k8s/json_read.h"
#include "k8s/names.h"
#include "lib/mem.h"
#include "model/decode.h"
#include "model/snapshot.h"

#include <string.h>

bool k8s_translate_is_watched(const struct k8s_translator *translator, const char *namespace)
{
	if (translator->namespace_count == 0)
		return true;
	for (size_t i = 0; i < translator->namespace_count; i++) {
		if (strcmp(translator->namespaces[i], namespace) == 0)
			return true;
	}
	return false;
}

bool k8s_translate_class_is_ours(const struct k8s_translator *translator,
                                 const struct k8s_object *object)
{
	const char *class = k8s_pairs_get(&object->meta.annotations, K8S_ANNOTATION_CLASS);

	return strcmp(translator->class, class && *class ? class : K8S_CLASS_DEFAULT) == 0;
}

static struct tree *text_node(struct arena *arena, const char *text)
{
	struct tree *node = tree_new(arena, TREE_TEXT, 0);

	node->text = text;
	return node;
}

/* A copy that shares nothing with the object. */
static void copy_object(const struct k8s_object *object, struct model_objects *ret_objects)
{
	struct model_problems problems;
	struct arena trees;
	struct tree *document, *metadata, *spec;

	model_objects_init(ret_objects);
	model_problems_init(&problems);
	arena_init(&trees);
	document = tree_new(&trees, TREE_MAP, 0);
	metadata = tree_new(&trees, TREE_MAP, 0);
	spec = k8s_json_read(object->custom.spec, strlen(object->custom.spec), &trees);
	tree_put(&trees, document, "apiVersion", 0,
	         text_node(&trees, k8s_kind_api_version(object->kind)));
	tree_put(&trees, document, "kind", 0, text_node(&trees, k8s_kind_name(object->kind)));
	tree_put(&trees, metadata, "name", 0, text_node(&trees, object->meta.name));
	tree_put(&trees, document, "metadata", 0, metadata);
	if (spec)
		tree_put(&trees, document, "spec", 0, spec);
	model_decode(document, MODEL_SOURCE_KUBERNETES, ret_objects, &problems);
	arena_done(&trees);
	model_problems_done(&problems);
}

/* Are there Services of policy Local that others could serve better? */
static bool lacks_local(const struct k8s_translator *translator, const char *router)
{
	for (const struct translate_entry *entry = translator->entries; entry;
	     entry = entry->hh.next) {
		if (entry->lacks_local && entry->report.router &&
		    strcmp(entry->report.router, router) == 0)
			return true;
	}
	return false;
}

/* Has another node that takes part endpoints of strictly more of those Services? Only then moving
 * is better for sure, and both agree. */
static bool is_better_elsewhere(const struct k8s_translator *translator, const char *router)
{
	const struct k8s_nodes *nodes = &translator->nodes;
	size_t *counts, own = 0;
	bool better = false;

	if (!lacks_local(translator, router))
		return false;
	counts = xcalloc(nodes->count + 1, sizeof(*counts));
	for (const struct translate_entry *entry = translator->entries; entry;
	     entry = entry->hh.next) {
		struct translate_endpoints endpoints = {0};

		if (!entry->local || !entry->report.router || !entry->good ||
		    strcmp(entry->report.router, router) != 0)
			continue;
		endpoints.publish_not_ready = entry->good->service.publish_not_ready;
		endpoints.slices = k8s_store_slices(translator->store, entry->namespace,
		                                    entry->name, &endpoints.slice_count);
		k8s_translate_count_local(translator, &endpoints, counts);
	}
	for (size_t i = 0; i < nodes->count; i++) {
		if (strcmp(nodes->entries[i].name, translator->node) == 0)
			own = counts[i];
	}
	for (size_t i = 0; i < nodes->count; i++)
		better |= nodes->entries[i].state == K8S_NODE_TAKES_PART && counts[i] > own;
	free(counts);
	return better;
}

bool k8s_translator_is_better_elsewhere(const struct k8s_translator *translator, const char *router)
{
	for (size_t i = 0; i < translator->infra_count; i++) {
		const struct model_objects *objects = &translator->infra[i].objects;

		if (objects->router_count > 0 && strcmp(objects->routers[0]->name, router) == 0)
			return translator->infra[i].better_elsewhere;
	}
	return false;
}

#define LOCAL_STEP 100

static void adapt_router(const struct k8s_translator *translator, const struct k8s_object *object,
                         struct model_objects *objects)
{
	struct model_router *router = objects->routers[0];
	bool ipv4 = false, ipv6 = false;

	for (size_t i = 0; i < router->address_count; i++) {
		ipv4 |= router->addresses[i].prefix.addr.family == ADDR_IPV4;
		ipv6 |= router->addresses[i].prefix.addr.family == ADDR_IPV6;
	}
	if (!object->custom.says_priority) {
		router->priority =
			k8s_nodes_priority(&translator->nodes, translator->node, router->name);
		if (router->priority > 1 && lacks_local(translator, router->name))
			router->priority = router->priority > LOCAL_STEP + 2
			                           ? router->priority - LOCAL_STEP
			                           : 2;
	}
	if (!object->custom.says_peers)
		router->peers = k8s_nodes_peers(&translator->nodes, translator->node, ipv4, ipv6,
		                                &objects->arena, &router->peer_count);
}

static char *errors_text(const struct model_problems *problems)
{
	struct text text = {0};

	for (size_t i = 0; i < problems->count && text.len < 2000; i++) {
		const struct model_problem *problem = &problems->items[i];

		text_printf(&text, "%s%s%s%s", text.len > 0 ? "; " : "", problem->field,
		            *problem->field ? ": " : "", problem->message);
	}
	return text_take(&text);
}

char *k8s_translate_infra_check(const struct k8s_translator *translator,
                                const struct model_objects *objects)
{
	const struct model_objects **sources =
		xcalloc(translator->infra_count + 1, sizeof(*sources));
	struct model_problems problems;
	char *text;

	for (size_t i = 0; i < translator->infra_count; i++)
		sources[i] = &translator->infra[i].objects;
	sources[translator->infra_count] = objects;
	model_problems_init(&problems);
	problems.errors_only = true;
	model_snapshot_free(model_snapshot_build(sources, translator->infra_count + 1, &problems));
	text = errors_text(&problems);
	model_problems_done(&problems);
	free(sources);
	return text;
}

static int compare_age(const void *left, const void *right)
{
	const struct k8s_object *a = *(const struct k8s_object *const *)left;
	const struct k8s_object *b = *(const struct k8s_object *const *)right;
	int order = k8s_meta_compare_age(&a->meta, &b->meta);

	return order != 0 ? order : strcmp(a->meta.name, b->meta.name);
}

static void drop_entry(struct k8s_translator *translator, const struct k8s_object *object)
{
	struct translate_entry *entry = k8s_translate_entry(
		translator, object->kind, object->meta.namespace, object->meta.name);
	struct k8s_report report = {.reason = K8S_REASON_NOT_OURS};

	k8s_translate_report(translator, entry, &report);
}

static void take_in(struct k8s_translator *translator, const struct k8s_object *object)
{
	struct translate_entry *entry = k8s_translate_entry(
		translator, object->kind, object->meta.namespace, object->meta.name);
	struct k8s_report report = {.reason = K8S_REASON_ACCEPTED};
	struct model_objects copy;

	if (!object->custom.valid) {
		report.reason = K8S_REASON_INVALID;
		report.message = xstrdup(object->custom.problems);
		k8s_translate_report(translator, entry, &report);
		return;
	}
	copy_object(object, &copy);
	if (object->kind == K8S_VIRTUAL_ROUTER && copy.router_count == 1)
		adapt_router(translator, object, &copy);
	report.message = k8s_translate_infra_check(translator, &copy);
	if (*report.message) {
		report.reason = K8S_REASON_CONFLICT;
		model_objects_done(&copy);
	} else {
		report.router = xstrdup(copy.pool_count == 1 ? copy.pools[0]->router : "");
		translator->infra[translator->infra_count++] = (struct translate_infra){
			copy, copy.router_count == 1 &&
				      is_better_elsewhere(translator, copy.routers[0]->name)};
	}
	k8s_translate_report(translator, entry, &report);
}

static void take_in_all(struct k8s_translator *translator, enum k8s_kind kind)
{
	size_t count = k8s_store_count(translator->store, kind);
	const struct k8s_object **objects = xcalloc(count + 1, sizeof(*objects));

	for (size_t i = 0; i < count; i++)
		objects[i] = k8s_store_at(translator->store, kind, i);
	if (count > 1)
		qsort(objects, count, sizeof(*objects), compare_age);
	for (size_t i = 0; i < count; i++) {
		if (k8s_translate_class_is_ours(translator, objects[i]) &&
		    !objects[i]->meta.deleting)
			take_in(translator, objects[i]);
		else
			drop_entry(translator, objects[i]);
	}
	free(objects);
}

void k8s_translate_infra_done(struct k8s_translator *translator)
{
	for (size_t i = 0; i < translator->infra_count; i++)
		model_objects_done(&translator->infra[i].objects);
	free(translator->infra);
	translator->infra = NULL;
	translator->infra_count = 0;
}

static void reserve(struct k8s_translator *translator)
{
	struct k8s_pool_reserved *reserved;
	struct arena texts;
	size_t count = 0, total = 2 * translator->nodes.count;

	for (size_t i = 0; i < translator->infra_count; i++) {
		if (translator->infra[i].objects.router_count > 0)
			total += translator->infra[i].objects.routers[0]->address_count;
	}
	arena_init(&texts);
	reserved = arena_array(&texts, total, sizeof(*reserved));
	for (size_t i = 0; i < translator->nodes.count; i++) {
		const struct k8s_nodes_entry *entry = &translator->nodes.entries[i];
		char title[K8S_KEY_SIZE];

		k8s_title(K8S_NODE, "", entry->name, title);
		if (entry->ipv4.family != ADDR_NONE)
			reserved[count++] = (struct k8s_pool_reserved){entry->ipv4,
			                                               arena_strdup(&texts, title)};
		if (entry->ipv6.family != ADDR_NONE)
			reserved[count++] = (struct k8s_pool_reserved){entry->ipv6,
			                                               arena_strdup(&texts, title)};
	}
	for (size_t i = 0; i < translator->infra_count; i++) {
		const struct model_objects *objects = &translator->infra[i].objects;
		char title[K8S_KEY_SIZE];

		for (size_t j = 0;
		     objects->router_count > 0 && j < objects->routers[0]->address_count; j++)
			reserved[count++] = (struct k8s_pool_reserved){
				objects->routers[0]->addresses[j].prefix.addr,
				arena_strdup(&texts, k8s_title(K8S_VIRTUAL_ROUTER, "",
			                                       objects->routers[0]->name, title)),
			};
	}
	k8s_pool_reserve(translator->pool, reserved, count);
	arena_done(&texts);
}

void k8s_translate_infra(struct k8s_translator *translator)
{
	const struct model_pool **pools;
	size_t total = k8s_store_count(translator->store, K8S_VIRTUAL_ROUTER) +
	               k8s_store_count(translator->store, K8S_ADDRESS_POOL);
	struct translate_infra *former = translator->infra;
	size_t former_count = translator->infra_count, count = 0;

	translator->infra = xcalloc(total + 1, sizeof(*translator->infra));
	translator->infra_count = 0;
	translator->infra_round++;
	take_in_all(translator, K8S_VIRTUAL_ROUTER);
	take_in_all(translator, K8S_ADDRESS_POOL);
	pools = xcalloc(translator->infra_count + 1, sizeof(*pools));
	for (size_t i = 0; i < translator->infra_count; i++) {
		if (translator->infra[i].objects.pool_count > 0)
			pools[count++] = translator->infra[i].objects.pools[0];
	}
	/* The pool lets go of the former ones here. */
	k8s_pool_set(translator->pool, pools, count);
	reserve(translator);
	free(pools);
	for (size_t i = 0; i < former_count; i++)
		model_objects_done(&former[i].objects);
	free(former);
	translator->changed = true;
}

const struct model_pool *k8s_translate_infra_pool(const struct k8s_translator *translator,
                                                  const char *name)
{
	for (size_t i = 0; i < translator->infra_count; i++) {
		const struct model_objects *objects = &translator->infra[i].objects;

		if (objects->pool_count > 0 && strcmp(objects->pools[0]->name, name) == 0)
			return objects->pools[0];
	}
	return NULL;
}
