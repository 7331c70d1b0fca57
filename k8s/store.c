/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of a kind stand in an array, found by a hash of "namespace/name"; EndpointSlices besides
 * in lists by Service. */
#include "k8s/store.h"

#include "lib/hash.h"
#include "lib/mem.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const struct k8s_object *object;
	size_t index; /* in the array of its kind */
	unsigned round;
	UT_hash_handle hh;
	char key[];
};

/* The slices of a Service. */
struct group {
	const struct k8s_object **slices;
	size_t count;
	UT_hash_handle hh;
	char key[];
};

struct collection {
	struct entry *by_key;
	const struct k8s_object **objects;
	struct entry **entries; /* of these */
	size_t count;
	size_t capacity;
	unsigned round; /* of lists */
};

struct k8s_store {
	struct collection collections[K8S_KIND_COUNT];
	struct group *groups;
	struct k8s_store_observer observer;
};

#define KEY_SIZE (64 + K8S_NAME_LEN_MAX + 2)

static size_t make_key(char key[static KEY_SIZE], const char *namespace, const char *name)
{
	size_t head = strnlen(namespace, KEY_SIZE - 2), tail;

	memcpy(key, namespace, head);
	key[head++] = '/';
	tail = strnlen(name, KEY_SIZE - 1 - head);
	memcpy(key + head, name, tail);
	key[head + tail] = '\0';
	return head + tail;
}

struct k8s_store *k8s_store_new(void)
{
	return xcalloc(1, sizeof(struct k8s_store));
}

static void free_collection(struct collection *collection)
{
	HASH_CLEAR(hh, collection->by_key);
	for (size_t i = 0; i < collection->count; i++) {
		k8s_object_release(collection->objects[i]);
		free(collection->entries[i]);
	}
	free(collection->objects);
	free(collection->entries);
}

void k8s_store_free(struct k8s_store *store)
{
	struct group *group, *next;

	if (!store)
		return;
	HASH_ITER (hh, store->groups, group, next) {
		HASH_DEL(store->groups, group);
		free(group->slices);
		free(group);
	}
	for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
		free_collection(&store->collections[kind]);
	free(store);
}

void k8s_store_observe(struct k8s_store *store, const struct k8s_store_observer *observer)
{
	store->observer = *observer;
}

static void tell(struct k8s_store *store, const struct k8s_object *before,
                 const struct k8s_object *after)
{
	if (store->observer.changed)
		store->observer.changed(store->observer.ctx, before, after);
}

/* --- slices by Service --- */

static struct group *find_group(const struct k8s_store *store, const char *namespace,
                                const char *service)
{
	char key[KEY_SIZE];
	size_t len = make_key(key, namespace, service);
	struct group *group;

	HASH_FIND(hh, store->groups, key, len, group);
	return group;
}

static void join_group(struct k8s_store *store, const struct k8s_object *slice)
{
	struct group *group;
	char key[KEY_SIZE];
	size_t len;

	if (slice->kind != K8S_SLICE || !*slice->slice.service)
		return;
	group = find_group(store, slice->meta.namespace, slice->slice.service);
	if (!group) {
		len = make_key(key, slice->meta.namespace, slice->slice.service);
		group = xcalloc(1, sizeof(*group) + len + 1);
		memcpy(group->key, key, len + 1);
		HASH_ADD_KEYPTR(hh, store->groups, group->key, len, group);
	}
	group->slices =
		xreallocarray(group->slices, group->count + 1, sizeof(const struct k8s_object *));
	group->slices[group->count++] = slice;
}

static void leave_group(struct k8s_store *store, const struct k8s_object *slice)
{
	struct group *group;
	size_t i = 0;

	if (slice->kind != K8S_SLICE || !*slice->slice.service)
		return;
	group = find_group(store, slice->meta.namespace, slice->slice.service);
	assert(group);
	while (group->slices[i] != slice)
		i++;
	group->slices[i] = group->slices[--group->count];
	if (group->count > 0)
		return;
	HASH_DEL(store->groups, group);
	free(group->slices);
	free(group);
}

/* 'after' stands in the place of 'before' (NULL: there was none), under the same name. */
static void regroup(struct k8s_store *store, const struct k8s_object *before,
                    const struct k8s_object *after)
{
	struct group *group;
	size_t i = 0;

	if (before && (before->kind != K8S_SLICE || !*before->slice.service ||
	               strcmp(before->slice.service, after->slice.service) != 0)) {
		leave_group(store, before);
		before = NULL;
	}
	if (!before) {
		join_group(store, after);
		return;
	}
	group = find_group(store, before->meta.namespace, before->slice.service);
	assert(group);
	while (group->slices[i] != before)
		i++;
	group->slices[i] = after;
}

/* --- objects --- */

static struct entry *find(const struct k8s_store *store, enum k8s_kind kind, const char *namespace,
                          const char *name)
{
	char key[KEY_SIZE];
	size_t len = make_key(key, namespace, name);
	struct entry *entry;

	HASH_FIND(hh, store->collections[kind].by_key, key, len, entry);
	return entry;
}

static struct entry *add(struct collection *collection, const struct k8s_object *object)
{
	char key[KEY_SIZE];
	size_t len = make_key(key, object->meta.namespace, object->meta.name);
	struct entry *entry = xcalloc(1, sizeof(*entry) + len + 1);

	memcpy(entry->key, key, len + 1);
	HASH_ADD_KEYPTR(hh, collection->by_key, entry->key, len, entry);
	if (collection->count == collection->capacity) {
		collection->capacity = collection->capacity ? collection->capacity * 2 : 16;
		collection->objects = xreallocarray(collection->objects, collection->capacity,
		                                    sizeof(const struct k8s_object *));
		collection->entries = xreallocarray(collection->entries, collection->capacity,
		                                    sizeof(struct entry *));
	}
	entry->index = collection->count;
	collection->entries[collection->count] = entry;
	collection->objects[collection->count++] = NULL;
	return entry;
}

bool k8s_store_put(struct k8s_store *store, const struct k8s_object *object)
{
	struct collection *collection = &store->collections[object->kind];
	struct entry *entry = find(store, object->kind, object->meta.namespace, object->meta.name);
	const struct k8s_object *before;
	bool changed;

	if (!entry)
		entry = add(collection, object);
	before = entry->object;
	changed = !before || !k8s_object_same(before, object);
	regroup(store, before, object);
	entry->object = object;
	entry->round = collection->round;
	collection->objects[entry->index] = object;
	if (changed)
		tell(store, before, object);
	k8s_object_release(before);
	return changed;
}

static void take_out(struct k8s_store *store, struct collection *collection, struct entry *entry)
{
	const struct k8s_object *before = entry->object;
	size_t last = --collection->count;

	leave_group(store, before);
	HASH_DEL(collection->by_key, entry);
	collection->entries[entry->index] = collection->entries[last];
	collection->entries[entry->index]->index = entry->index;
	collection->objects[entry->index] = collection->objects[last];
	free(entry);
	tell(store, before, NULL);
	k8s_object_release(before);
}

bool k8s_store_remove(struct k8s_store *store, enum k8s_kind kind, const char *namespace,
                      const char *name)
{
	struct entry *entry = find(store, kind, namespace, name);

	if (!entry)
		return false;
	take_out(store, &store->collections[kind], entry);
	return true;
}

void k8s_store_mark(struct k8s_store *store, enum k8s_kind kind)
{
	store->collections[kind].round++;
}

size_t k8s_store_sweep(struct k8s_store *store, enum k8s_kind kind)
{
	struct collection *collection = &store->collections[kind];
	size_t before = collection->count;

	/* From the end: what is moved into a gap was looked at already. */
	for (size_t i = before; i > 0; i--) {
		if (collection->entries[i - 1]->round != collection->round)
			take_out(store, collection, collection->entries[i - 1]);
	}
	return before - collection->count;
}

const struct k8s_object *k8s_store_get(const struct k8s_store *store, enum k8s_kind kind,
                                       const char *namespace, const char *name)
{
	const struct entry *entry = find(store, kind, namespace, name);

	return entry ? entry->object : NULL;
}

size_t k8s_store_count(const struct k8s_store *store, enum k8s_kind kind)
{
	return store->collections[kind].count;
}

const struct k8s_object *k8s_store_at(const struct k8s_store *store, enum k8s_kind kind,
                                      size_t index)
{
	const struct collection *collection = &store->collections[kind];

	return index < collection->count ? collection->objects[index] : NULL;
}

const struct k8s_object *const *k8s_store_slices(const struct k8s_store *store,
                                                 const char *namespace, const char *service,
                                                 size_t *ret_count)
{
	const struct group *group = find_group(store, namespace, service);

	*ret_count = group ? group->count : 0;
	return group ? group->slices : NULL;
}
