/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The frame: which objects have to be looked at again, and when. */
#include "k8s/translate.h"

#include "k8s/names.h"
#include "k8s/translate_private.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "model/decode.h"
#include "model/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- what changed --- */

/* A version that nobody looked at before there was the next one (the file of k8s/cache.h has both)
 * may be what is kept if the next one can't be served. */
static void touch(struct k8s_translator *translator, struct translate_entry *entry,
                  const struct k8s_object *before, bool rewritten)
{
	if (entry->queued && !entry->good && before)
		k8s_translate_keep_good(entry, before);
	entry->rewritten |= rewritten;
	k8s_translate_queue_claim(translator, entry);
	k8s_translate_queue_dirty(translator, entry);
	k8s_translate_queue_take(translator, entry);
}

/* Those who look at the endpoints of this Service. */
static void touch_service(struct k8s_translator *translator, const char *namespace,
                          const char *service)
{
	struct translate_entry *entry =
		k8s_translate_find(translator, K8S_SERVICE, namespace, service);
	struct translate_watchers *watchers;
	char key[K8S_KEY_SIZE];

	if (entry && entry->has_objects)
		k8s_translate_queue_dirty(translator, entry);
	text_join(key, sizeof(key), (const char *const[]){namespace, "/", service}, 3);
	HASH_FIND_STR(translator->watchers, key, watchers);
	for (entry = watchers ? watchers->first : NULL; entry; entry = entry->next_watcher)
		k8s_translate_queue_dirty(translator, entry);
}

static void touch_namespace(struct k8s_translator *translator, const char *namespace)
{
	for (struct translate_entry *entry = translator->entries; entry; entry = entry->hh.next) {
		if (strcmp(entry->namespace, namespace) == 0)
			k8s_translate_queue_claim(translator, entry);
	}
}

static void touch_slice(struct k8s_translator *translator, const struct k8s_object *slice)
{
	if (*slice->slice.service)
		touch_service(translator, slice->meta.namespace, slice->slice.service);
}

/* It stays in its namespace. */
static bool same_service(const struct k8s_object *before, const struct k8s_object *after)
{
	return before && after && strcmp(before->slice.service, after->slice.service) == 0;
}

/* What we write ourselves changes nothing that counts here. Its age does, which is another one's
 * when it was made anew and nobody told us that it was gone. */
static bool same_wish(const struct k8s_object *before, const struct k8s_object *after)
{
	const char *class_before, *class_after;

	if (!before || !after || strcmp(before->custom.spec, after->custom.spec) != 0 ||
	    before->meta.deleting != after->meta.deleting ||
	    k8s_meta_compare_age(&before->meta, &after->meta) != 0)
		return false;
	class_before = k8s_pairs_get(&before->meta.annotations, K8S_ANNOTATION_CLASS);
	class_after = k8s_pairs_get(&after->meta.annotations, K8S_ANNOTATION_CLASS);
	return strcmp(class_before ? class_before : "", class_after ? class_after : "") == 0;
}

static bool has_entry(enum k8s_kind kind)
{
	return kind != K8S_NAMESPACE && kind != K8S_NODE && kind != K8S_SLICE;
}

static void changed(void *ctx, const struct k8s_object *before, const struct k8s_object *after)
{
	struct k8s_translator *translator = ctx;
	const struct k8s_object *object = after ? after : before;
	struct translate_entry *entry = NULL;

	if (has_entry(object->kind)) {
		entry = k8s_translate_entry(translator, object->kind, object->meta.namespace,
		                            object->meta.name);
		entry->object = after;
	}
	switch (object->kind) {
	case K8S_NAMESPACE:
		touch_namespace(translator, object->meta.name);
		break;
	case K8S_NODE:
		translator->nodes_dirty = true;
		break;
	case K8S_VIRTUAL_ROUTER:
	case K8S_ADDRESS_POOL:
		translator->infra_dirty |= !same_wish(before, after);
		k8s_translate_queue_take(translator, entry);
		if (!after)
			k8s_translate_queue_dirty(translator, entry); /* to be forgotten */
		break;
	case K8S_SERVICE:
		touch(translator, entry, before, true);
		touch_service(translator, object->meta.namespace, object->meta.name);
		break;
	case K8S_SLICE:
		if (before)
			touch_slice(translator, before);
		if (after && !same_service(before, after))
			touch_slice(translator, after);
		break;
	case K8S_VIRTUAL_SERVER:
		touch(translator, entry, before, !same_wish(before, after));
		break;
	case K8S_CONFIG_MAP:
		touch(translator, entry, before, true);
		break;
	case K8S_KIND_COUNT:
		break;
	}
}

/* Of two that say the same none is kept longer than the store does. */
static void renewed(void *ctx, const struct k8s_object *before, const struct k8s_object *after)
{
	struct translate_entry *entry;

	if (!has_entry(after->kind))
		return;
	entry = k8s_translate_find(ctx, after->kind, after->meta.namespace, after->meta.name);
	entry->object = after;
	if (entry->good == before)
		k8s_translate_keep_good(entry, after);
}

/* --- life --- */

struct k8s_translator *k8s_translator_new(struct k8s_store *store,
                                          const struct k8s_translate_params *params)
{
	struct k8s_translator *translator = xcalloc(1, sizeof(*translator));

	translator->store = store;
	translator->class = xstrdup(params->class ? params->class : K8S_CLASS_DEFAULT);
	translator->default_class = params->default_class;
	translator->node = xstrdup(params->node);
	translator->namespace = xstrdup(params->namespace ? params->namespace : "");
	translator->namespaces =
		xcalloc(params->namespace_count + 1, sizeof(*translator->namespaces));
	for (size_t i = 0; i < params->namespace_count; i++)
		translator->namespaces[i] = xstrdup(params->namespaces[i]);
	translator->namespace_count = params->namespace_count;
	translator->pool = k8s_pool_new();
	model_defaults(model_schema_virtual_server.map, &translator->defaults.virtual_server);
	model_defaults(&model_schema_port_map, &translator->defaults.port);
	model_defaults(&model_schema_server_map, &translator->defaults.server);
	arena_init(&translator->nodes.arena);
	translator->nodes_dirty = translator->infra_dirty = translator->wide = true;
	k8s_store_observe(store, &(struct k8s_store_observer){changed, renewed, translator});
	for (int kind = 0; kind < K8S_KIND_COUNT; kind++) {
		for (size_t i = 0; i < k8s_store_count(store, kind); i++)
			changed(translator, NULL, k8s_store_at(store, kind, i));
	}
	return translator;
}

static void free_members(struct k8s_translator *translator)
{
	for (size_t i = 0; i < translator->member_count; i++)
		free((char *)translator->members[i].name);
	free(translator->members);
	translator->members = NULL;
	translator->member_count = 0;
}

static bool take(struct k8s_translator *translator, struct k8s_translate_key *ret_key)
{
	struct translate_taken *taken;

	if (translator->taken_at == translator->taken_count) {
		translator->taken_at = translator->taken_count = 0;
		return false;
	}
	taken = &translator->taken[translator->taken_at++];
	ret_key->kind = taken->kind;
	snprintf(ret_key->namespace, sizeof(ret_key->namespace), "%s", taken->namespace);
	snprintf(ret_key->name, sizeof(ret_key->name), "%s", taken->name);
	free(taken->namespace);
	free(taken->name);
	return true;
}

void k8s_translator_free(struct k8s_translator *translator)
{
	struct translate_entry *entry, *next;
	struct k8s_translate_key key;

	if (!translator)
		return;
	k8s_store_observe(translator->store, &(struct k8s_store_observer){0});
	HASH_ITER (hh, translator->entries, entry, next)
		k8s_translate_free_entry(translator, entry);
	k8s_pool_free(translator->pool);
	k8s_translate_infra_done(translator);
	k8s_nodes_done(&translator->nodes);
	free_members(translator);
	for (size_t i = 0; i < translator->namespace_count; i++)
		free(translator->namespaces[i]);
	free(translator->namespaces);
	free(translator->claims.items);
	free(translator->dirty.items);
	while (take(translator, &key))
		;
	free(translator->taken);
	free(translator->class);
	free(translator->node);
	free(translator->namespace);
	free(translator);
}

void k8s_translator_members(struct k8s_translator *translator, const struct k8s_member *members,
                            size_t count)
{
	free_members(translator);
	if (members) {
		translator->members = xcalloc(count + 1, sizeof(*translator->members));
		for (size_t i = 0; i < count; i++)
			translator->members[i] =
				(struct k8s_member){xstrdup(members[i].name), members[i].state};
		translator->member_count = count;
	}
	translator->nodes_dirty = true;
}

void k8s_translator_hand_over(struct k8s_translator *translator, bool handing_over)
{
	translator->changed |= translator->handing_over != handing_over;
	translator->handing_over = handing_over;
}

void k8s_translator_lead(struct k8s_translator *translator, bool leading)
{
	translator->settle |= translator->leading != leading;
	translator->leading = leading;
}

/* --- one turn --- */

static void look_at_nodes(struct k8s_translator *translator)
{
	struct k8s_nodes nodes;

	translator->nodes_dirty = false;
	k8s_nodes_build(translator->store, translator->node, translator->members,
	                translator->member_count, &nodes);
	if (k8s_nodes_same(&nodes, &translator->nodes)) {
		k8s_nodes_done(&nodes);
		return;
	}
	k8s_nodes_done(&translator->nodes);
	translator->nodes = nodes;
	translator->infra_soft = true;
	for (struct translate_entry *entry = translator->entries; entry; entry = entry->hh.next) {
		if (entry->local)
			k8s_translate_queue_dirty(translator, entry);
	}
}

static void look_at_infra(struct k8s_translator *translator)
{
	bool all = translator->infra_dirty;

	translator->infra_dirty = translator->infra_soft = false;
	k8s_translate_infra(translator);
	translator->settle = true;
	for (struct translate_entry *entry = translator->entries; all && entry;
	     entry = entry->hh.next) {
		if (entry->kind == K8S_VIRTUAL_ROUTER || entry->kind == K8S_ADDRESS_POOL)
			continue;
		k8s_translate_queue_claim(translator, entry);
		k8s_translate_queue_dirty(translator, entry);
	}
}

static void look_at_claim(struct k8s_translator *translator, struct translate_entry *entry)
{
	enum translate_verdict verdict = TRANSLATE_NOT_OURS;
	struct k8s_report report = {0};
	struct k8s_pool_request request;
	struct arena arena;

	entry->claim_queued = false;
	translator->settle = true;
	arena_init(&arena);
	if (entry->object)
		verdict = k8s_translate_request(translator, entry->object, entry->key, &arena,
		                                &report, &request);
	if (verdict == TRANSLATE_OURS ||
	    (verdict == TRANSLATE_REFUSED && report.reason == K8S_REASON_INVALID &&
	     k8s_translate_former(translator, entry, entry->object, &arena, &request))) {
		k8s_pool_put(translator->pool, &request);
	} else {
		k8s_pool_remove(translator->pool, entry->key);
		k8s_translate_queue_dirty(translator, entry);
	}
	k8s_report_done(&report);
	arena_done(&arena);
}

static void grant_changed(void *ctx, const char *key)
{
	struct k8s_translator *translator = ctx;
	struct translate_entry *entry;

	HASH_FIND_STR(translator->entries, key, entry);
	if (entry)
		k8s_translate_queue_dirty(translator, entry);
}

/* Does a router's priority have to follow what Services with policy Local want? */
static bool local_moved(struct k8s_translator *translator, const struct translate_entry *entry,
                        bool before)
{
	return entry->lacks_local != before && translator->infra_count > 0;
}

bool k8s_translator_run(struct k8s_translator *translator, size_t limit)
{
	struct translate_entry *entry;
	bool changed_now;

	if (translator->nodes_dirty)
		look_at_nodes(translator);
	if (translator->infra_dirty || translator->infra_soft)
		look_at_infra(translator);
	for (size_t i = 0; i < limit && (entry = k8s_translate_pop(&translator->claims)); i++)
		look_at_claim(translator, entry);
	if (!k8s_translate_is_empty(&translator->claims))
		return false;
	if (translator->settle)
		k8s_pool_settle(translator->pool, translator->leading, grant_changed, translator);
	translator->settle = false;
	for (size_t i = 0; i < limit && (entry = k8s_translate_pop(&translator->dirty)); i++) {
		bool before = entry->lacks_local, there = entry->object;

		k8s_translate_object(translator, entry);
		if (there ? local_moved(translator, entry, before) : before)
			translator->infra_soft = true;
	}
	if (!k8s_translate_is_empty(&translator->dirty))
		return false;
	changed_now = translator->changed || translator->replaced_now;
	translator->wide |= translator->changed;
	translator->changed = translator->replaced_now = false;
	return changed_now;
}

bool k8s_translator_is_pending(const struct k8s_translator *translator)
{
	return translator->nodes_dirty || translator->infra_dirty || translator->infra_soft ||
	       translator->settle || !k8s_translate_is_empty(&translator->claims) ||
	       !k8s_translate_is_empty(&translator->dirty);
}

/* --- what came of it --- */

const struct model_objects **k8s_translator_sources(const struct k8s_translator *translator,
                                                    size_t *ret_count)
{
	const struct k8s_nodes_entry *own = k8s_nodes_find(&translator->nodes, translator->node);
	const struct model_objects **sources = xcalloc(
		translator->infra_count + HASH_COUNT(translator->entries) + 1, sizeof(*sources));
	size_t count = 0;

	/* A node that is excluded owns nothing and balances nothing, once it has handed over. */
	if (own && own->state == K8S_NODE_EXCLUDED && !translator->handing_over) {
		*ret_count = 0;
		return sources;
	}
	for (size_t i = 0; i < translator->infra_count; i++)
		sources[count++] = &translator->infra[i].objects;
	for (const struct translate_entry *entry = translator->entries; entry;
	     entry = entry->hh.next) {
		if (entry->has_objects)
			sources[count++] = &entry->objects;
	}
	*ret_count = count;
	return sources;
}

const struct k8s_object *k8s_translator_former(const struct k8s_translator *translator,
                                               const struct k8s_object *object)
{
	const struct translate_entry *entry;

	if (!has_entry(object->kind))
		return NULL;
	entry = k8s_translate_find(translator, object->kind, object->meta.namespace,
	                           object->meta.name);
	return entry && entry->good != entry->object ? entry->good : NULL;
}

const struct model_objects **k8s_translator_replaced(const struct k8s_translator *translator,
                                                     size_t *ret_count)
{
	if (translator->wide)
		return NULL;
	const struct model_objects **replaced =
		xcalloc(translator->replaced_count + 1, sizeof(*replaced));

	for (size_t i = 0; i < translator->replaced_count; i++)
		replaced[i] = &translator->replaced[i]->objects;
	*ret_count = translator->replaced_count;
	return replaced;
}

void k8s_translator_settled(struct k8s_translator *translator)
{
	translator->wide = false;
	translator->replaced_count = 0;
}

const struct k8s_report *k8s_translator_report(const struct k8s_translator *translator,
                                               enum k8s_kind kind, const char *namespace,
                                               const char *name)
{
	const struct translate_entry *entry = k8s_translate_find(translator, kind, namespace, name);

	return entry && entry->report.reason != K8S_REASON_NOT_OURS ? &entry->report : NULL;
}

bool k8s_translator_take(struct k8s_translator *translator, struct k8s_translate_key *ret_key)
{
	struct translate_entry *entry;

	if (!take(translator, ret_key))
		return false;
	entry = k8s_translate_find(translator, ret_key->kind, ret_key->namespace, ret_key->name);
	if (entry)
		entry->take_queued = false;
	return true;
}

void k8s_translator_take_again(struct k8s_translator *translator)
{
	for (struct translate_entry *entry = translator->entries; entry; entry = entry->hh.next)
		k8s_translate_queue_take(translator, entry);
}

const struct k8s_nodes *k8s_translator_nodes(const struct k8s_translator *translator)
{
	return &translator->nodes;
}

const struct k8s_pool *k8s_translator_pool(const struct k8s_translator *translator)
{
	return translator->pool;
}
