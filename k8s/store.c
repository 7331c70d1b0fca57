/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of a kind stand in the order of their names, which is that in which the API server lists
 * them: a list only appends. EndpointSlices stand once more in that of their Services, so that
 * those of one Service are a row. */
#include "k8s/store.h"

#include "lib/mem.h"
#include "lib/search.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

struct entry {
	const struct k8s_object *object;
	unsigned round; /* of the list that had it last */
};

struct collection {
	struct entry *entries; /* by namespace and name */
	size_t count, capacity;
	unsigned round; /* of lists */
};

struct k8s_store {
	struct collection collections[K8S_KIND_COUNT];
	const struct k8s_object **slices; /* by namespace and Service */
	size_t slice_count, slice_capacity;
	struct k8s_store_observer observer;
};

/* What is sought. */
struct key {
	const char *namespace;
	const char *name;
};

/* By "namespace/name", as etcd has it: "a-b/x" comes before "a/x". */
static int compare(const char *home, const char *name, const struct key *key)
{
	const char *other = key->namespace;
	int order;

	while (*home && *home == *other) {
		home++;
		other++;
	}
	if (*home == *other)
		return strcmp(name, key->name);
	order = (*home ? *home : '/') - (*other ? *other : '/');
	return order != 0 ? order : *home - *other;
}

static int compare_entry(const void *item, const void *key)
{
	const struct k8s_object *object = ((const struct entry *)item)->object;

	return compare(object->meta.namespace, object->meta.name, key);
}

static int compare_slice(const void *item, const void *key)
{
	const struct k8s_object *slice = *(const struct k8s_object *const *)item;

	return compare(slice->meta.namespace, slice->slice.service, key);
}

struct k8s_store *k8s_store_new(void)
{
	return xcalloc(1, sizeof(struct k8s_store));
}

void k8s_store_free(struct k8s_store *store)
{
	if (!store)
		return;
	for (int kind = 0; kind < K8S_KIND_COUNT; kind++) {
		struct collection *collection = &store->collections[kind];

		for (size_t i = 0; i < collection->count; i++)
			k8s_object_release(collection->entries[i].object);
		free(collection->entries);
	}
	free(store->slices);
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

static void tell_renewed(struct k8s_store *store, const struct k8s_object *before,
                         const struct k8s_object *after)
{
	if (store->observer.renewed)
		store->observer.renewed(store->observer.ctx, before, after);
}

/* A place for another at 'at' in an array of 'count' items. */
static void *open_gap(void *items, size_t count, size_t *capacity, size_t size, size_t at)
{
	char *gap;

	if (count == *capacity) {
		*capacity = *capacity ? *capacity * 2 : 16;
		items = xreallocarray(items, *capacity, size);
	}
	gap = (char *)items + at * size;
	memmove(gap + size, gap, (count - at) * size);
	return items;
}

/* 'count': those that stay. */
static void close_gap(void *items, size_t count, size_t size, size_t at)
{
	char *gap = (char *)items + at * size;

	memmove(gap, gap + size, (count - at) * size);
}

/* --- slices by Service --- */

/* Where those of a Service begin, or would; mostly one that is new belongs at the end. */
static size_t slices_place(const struct k8s_store *store, const struct key *key)
{
	size_t count = store->slice_count;

	if (count > 0 && compare_slice(&store->slices[count - 1], key) < 0)
		return count;
	return search_place(store->slices, count, sizeof(store->slices[0]), key, compare_slice);
}

/* Behind the row that it joins. */
static void add_slice(struct k8s_store *store, const struct k8s_object *slice)
{
	const struct key key = {slice->meta.namespace, slice->slice.service};
	size_t at = slices_place(store, &key);

	while (at < store->slice_count && compare_slice(&store->slices[at], &key) == 0)
		at++;
	store->slices = open_gap(store->slices, store->slice_count++, &store->slice_capacity,
	                         sizeof(store->slices[0]), at);
	store->slices[at] = slice;
}

static size_t find_slice(const struct k8s_store *store, const struct k8s_object *slice)
{
	size_t at = slices_place(store, &(struct key){slice->meta.namespace, slice->slice.service});

	while (store->slices[at] != slice) {
		at++;
		assert(at < store->slice_count);
	}
	return at;
}

/* 'after' stands in the place of 'before', under the same name; NULL: there is none. */
static void replace_slice(struct k8s_store *store, const struct k8s_object *before,
                          const struct k8s_object *after)
{
	if (before && after && strcmp(before->slice.service, after->slice.service) == 0) {
		store->slices[find_slice(store, before)] = after;
		return;
	}
	if (before) {
		size_t at = find_slice(store, before);

		close_gap(store->slices, --store->slice_count, sizeof(store->slices[0]), at);
	}
	if (after)
		add_slice(store, after);
}

/* --- objects --- */

/* Where it stands, or would; mostly one that is new belongs at the end. */
static size_t place(const struct collection *collection, const struct key *key)
{
	size_t count = collection->count;

	if (count > 0 && compare_entry(&collection->entries[count - 1], key) < 0)
		return count;
	return search_place(collection->entries, count, sizeof(collection->entries[0]), key,
	                    compare_entry);
}

static struct entry *find(const struct k8s_store *store, enum k8s_kind kind, const char *namespace,
                          const char *name)
{
	const struct collection *collection = &store->collections[kind];

	return search_find(collection->entries, collection->count, sizeof(collection->entries[0]),
	                   &(struct key){namespace, name}, compare_entry);
}

bool k8s_store_put(struct k8s_store *store, const struct k8s_object *object)
{
	struct collection *collection = &store->collections[object->kind];
	const struct key key = {object->meta.namespace, object->meta.name};
	size_t at = place(collection, &key);
	const struct k8s_object *before = NULL;
	bool changed;

	if (at < collection->count && compare_entry(&collection->entries[at], &key) == 0)
		before = collection->entries[at].object;
	else
		collection->entries = open_gap(collection->entries, collection->count++,
		                               &collection->capacity,
		                               sizeof(collection->entries[0]), at);
	collection->entries[at] = (struct entry){object, collection->round};
	changed = !before || !k8s_object_same(before, object);
	if (object->kind == K8S_SLICE)
		replace_slice(store, before, object);
	if (changed)
		tell(store, before, object);
	else
		tell_renewed(store, before, object);
	k8s_object_release(before);
	return changed;
}

static void take_out(struct k8s_store *store, struct collection *collection, size_t at)
{
	const struct k8s_object *before = collection->entries[at].object;

	close_gap(collection->entries, --collection->count, sizeof(collection->entries[0]), at);
	if (before->kind == K8S_SLICE)
		replace_slice(store, before, NULL);
	tell(store, before, NULL);
	k8s_object_release(before);
}

bool k8s_store_remove(struct k8s_store *store, enum k8s_kind kind, const char *namespace,
                      const char *name)
{
	struct collection *collection = &store->collections[kind];
	const struct entry *entry = find(store, kind, namespace, name);

	if (!entry)
		return false;
	take_out(store, collection, (size_t)(entry - collection->entries));
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
		if (collection->entries[i - 1].round != collection->round)
			take_out(store, collection, i - 1);
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

	return index < collection->count ? collection->entries[index].object : NULL;
}

size_t k8s_store_after(const struct k8s_store *store, const struct k8s_object *object)
{
	const struct collection *collection = &store->collections[object->kind];
	const struct key key = {object->meta.namespace, object->meta.name};
	size_t at = place(collection, &key);

	if (at < collection->count && compare_entry(&collection->entries[at], &key) == 0)
		at++;
	return at;
}

/* Where the row of 'key' that begins at 'first' ends. */
static size_t row_end(const struct k8s_store *store, size_t first, const struct key *key)
{
	while (first < store->slice_count && compare_slice(&store->slices[first], key) == 0)
		first++;
	return first;
}

static const struct k8s_object *const *row(const struct k8s_store *store, size_t first,
                                           const struct key *key, size_t *ret_count)
{
	*ret_count = row_end(store, first, key) - first;
	return *ret_count > 0 ? &store->slices[first] : NULL;
}

const struct k8s_object *const *k8s_store_slices(const struct k8s_store *store,
                                                 const char *namespace, const char *service,
                                                 size_t *ret_count)
{
	const struct key key = {namespace, service};

	return row(store, slices_place(store, &key), &key, ret_count);
}

const struct k8s_object *const *k8s_store_next_slices(const struct k8s_store *store,
                                                      const struct k8s_object *slice,
                                                      size_t *ret_count)
{
	struct key key;
	size_t first = 0;

	if (slice) {
		key = (struct key){slice->meta.namespace, slice->slice.service};
		first = row_end(store, slices_place(store, &key), &key);
	}
	*ret_count = 0;
	if (first == store->slice_count)
		return NULL;
	slice = store->slices[first];
	key = (struct key){slice->meta.namespace, slice->slice.service};
	return row(store, first, &key, ret_count);
}
