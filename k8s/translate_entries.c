/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Entries, who watches whom, and the queues of those that have to be looked at. */
#include "k8s/translate_private.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <string.h>

void k8s_translate_push(struct translate_queue *queue, struct translate_entry *entry)
{
	if (queue->count == queue->capacity) {
		/* What was taken makes room first. */
		if (queue->at > queue->capacity / 2) {
			memmove(queue->items, queue->items + queue->at,
			        (queue->count - queue->at) * sizeof(*queue->items));
			queue->count -= queue->at;
			queue->at = 0;
		} else {
			queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
			queue->items =
				xreallocarray(queue->items, queue->capacity, sizeof(*queue->items));
		}
	}
	queue->items[queue->count++] = entry;
}

/* NULL when there is none. */
struct translate_entry *k8s_translate_pop(struct translate_queue *queue)
{
	struct translate_entry *entry;

	if (queue->at == queue->count)
		return NULL;
	entry = queue->items[queue->at++];
	if (queue->at == queue->count)
		queue->at = queue->count = 0;
	return entry;
}

bool k8s_translate_is_empty(const struct translate_queue *queue)
{
	return queue->at == queue->count;
}

struct translate_entry *k8s_translate_find(const struct k8s_translator *translator,
                                           enum k8s_kind kind, const char *namespace,
                                           const char *name)
{
	struct translate_entry *entry;
	char key[K8S_KEY_SIZE];

	k8s_title(kind, namespace, name, key);
	HASH_FIND_STR(translator->entries, key, entry);
	return entry;
}

struct translate_entry *k8s_translate_entry(struct k8s_translator *translator, enum k8s_kind kind,
                                            const char *namespace, const char *name)
{
	struct translate_entry *entry = k8s_translate_find(translator, kind, namespace, name);
	char key[K8S_KEY_SIZE];
	size_t len;

	if (entry)
		return entry;
	k8s_title(kind, namespace, name, key);
	len = strlen(key);
	entry = xcalloc(1, sizeof(*entry) + len + 1 + strlen(namespace) + 1);
	entry->kind = kind;
	entry->report.reason = K8S_REASON_PENDING;
	entry->name = strcpy(entry->key, key) + len - strlen(name);
	entry->namespace = strcpy(entry->key + len + 1, namespace);
	HASH_ADD_STR(translator->entries, key, entry);
	return entry;
}

void k8s_translate_queue_dirty(struct k8s_translator *translator, struct translate_entry *entry)
{
	if (entry->queued)
		return;
	entry->queued = true;
	k8s_translate_push(&translator->dirty, entry);
}

void k8s_translate_queue_claim(struct k8s_translator *translator, struct translate_entry *entry)
{
	if (entry->claim_queued)
		return;
	entry->claim_queued = true;
	k8s_translate_push(&translator->claims, entry);
}

void k8s_translate_queue_take(struct k8s_translator *translator, struct translate_entry *entry)
{
	if (entry->take_queued)
		return;
	entry->take_queued = true;
	if (translator->taken_count == translator->taken_capacity) {
		translator->taken_capacity =
			translator->taken_capacity ? translator->taken_capacity * 2 : 64;
		translator->taken = xreallocarray(translator->taken, translator->taken_capacity,
		                                  sizeof(*translator->taken));
	}
	translator->taken[translator->taken_count++] = (struct translate_taken){
		entry->kind, xstrdup(entry->namespace), xstrdup(entry->name)};
}

void k8s_translate_set_local(struct k8s_translator *translator, struct translate_entry *entry,
                             bool local)
{
	translator->local_count += local && !entry->local;
	translator->local_count -= !local && entry->local;
	entry->local = local;
}

void k8s_translate_unwatch(struct k8s_translator *translator, struct translate_entry *entry)
{
	struct translate_watchers *watchers;
	struct translate_entry **at;

	if (!entry->watched)
		return;
	HASH_FIND_STR(translator->watchers, entry->watched, watchers);
	for (at = &watchers->first; *at != entry; at = &(*at)->next_watcher)
		;
	*at = entry->next_watcher;
	if (!watchers->first) {
		HASH_DEL(translator->watchers, watchers);
		free(watchers);
	}
	free(entry->watched);
	entry->watched = NULL;
}

void k8s_translate_watch(struct k8s_translator *translator, struct translate_entry *entry,
                         const char *namespace, const char *service)
{
	struct translate_watchers *watchers;
	char key[K8S_KEY_SIZE];

	text_join(key, sizeof(key), (const char *const[]){namespace, "/", service}, 3);
	if (entry->watched && strcmp(entry->watched, key) == 0)
		return;
	k8s_translate_unwatch(translator, entry);
	HASH_FIND_STR(translator->watchers, key, watchers);
	if (!watchers) {
		watchers = xcalloc(1, sizeof(*watchers) + strlen(key) + 1);
		strcpy(watchers->key, key);
		HASH_ADD_STR(translator->watchers, key, watchers);
	}
	entry->watched = xstrdup(key);
	entry->next_watcher = watchers->first;
	watchers->first = entry;
}

/* Where it is among those, their count if it is not. */
static size_t find_replaced(const struct k8s_translator *translator,
                            const struct translate_entry *entry)
{
	size_t i = 0;

	while (i < translator->replaced_count && translator->replaced[i] != entry)
		i++;
	return i;
}

void k8s_translate_note_replaced(struct k8s_translator *translator, struct translate_entry *entry)
{
	translator->replaced_now = true;
	if (find_replaced(translator, entry) < translator->replaced_count)
		return;
	if (translator->replaced_count == TRANSLATE_REPLACED_MAX)
		translator->changed = true;
	else
		translator->replaced[translator->replaced_count++] = entry;
}

void k8s_translate_free_entry(struct k8s_translator *translator, struct translate_entry *entry)
{
	size_t at = find_replaced(translator, entry);

	if (at < translator->replaced_count)
		translator->replaced[at] = translator->replaced[--translator->replaced_count];
	k8s_translate_unwatch(translator, entry);
	k8s_translate_set_local(translator, entry, false);
	HASH_DEL(translator->entries, entry);
	k8s_object_release(entry->good);
	model_objects_done(&entry->objects);
	k8s_report_done(&entry->report);
	free(entry);
}

void k8s_translate_report(struct k8s_translator *translator, struct translate_entry *entry,
                          struct k8s_report *report)
{
	bool same = k8s_report_same(&entry->report, report);

	k8s_report_done(&entry->report);
	entry->report = *report;
	if (!same)
		k8s_translate_queue_take(translator, entry);
}
