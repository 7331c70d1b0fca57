/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/objects.h"

#include "k8s/encode.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	const char *api_version;
	const char *plural;
	bool namespaced;
	size_t size; /* of what an object has besides metadata */
} kinds[K8S_KIND_COUNT] = {
	[K8S_NAMESPACE] = {"Namespace", "v1", "namespaces", false, 0},
	[K8S_NODE] = {"Node", "v1", "nodes", false, sizeof(struct k8s_node)},
	[K8S_VIRTUAL_ROUTER] = {"VirtualRouter", "lintel.io/v1alpha1", "virtualrouters", false,
                                sizeof(struct k8s_custom)},
	[K8S_ADDRESS_POOL] = {"AddressPool", "lintel.io/v1alpha1", "addresspools", false,
                              sizeof(struct k8s_custom)},
	[K8S_SERVICE] = {"Service", "v1", "services", true, sizeof(struct k8s_service)},
	[K8S_SLICE] = {"EndpointSlice", "discovery.k8s.io/v1", "endpointslices", true,
                       sizeof(struct k8s_slice)},
	[K8S_VIRTUAL_SERVER] = {"VirtualServer", "lintel.io/v1alpha1", "virtualservers", true,
                                sizeof(struct k8s_custom)},
	[K8S_CONFIG_MAP] = {"ConfigMap", "v1", "configmaps", true, sizeof(struct k8s_config_map)},
};

const char *k8s_kind_name(enum k8s_kind kind)
{
	return kinds[kind].name;
}

const char *k8s_kind_api_version(enum k8s_kind kind)
{
	return kinds[kind].api_version;
}

const char *k8s_kind_plural(enum k8s_kind kind)
{
	return kinds[kind].plural;
}

bool k8s_kind_is_namespaced(enum k8s_kind kind)
{
	return kinds[kind].namespaced;
}

const char *k8s_pairs_get(const struct k8s_pairs *pairs, const char *key)
{
	size_t low = 0, high = pairs->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(pairs->items[middle].key, key);

		if (order == 0)
			return pairs->items[middle].value;
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

bool k8s_pairs_match(const struct k8s_pairs *pairs, const struct k8s_pairs *selector)
{
	for (size_t i = 0; i < selector->count; i++) {
		const char *value = k8s_pairs_get(pairs, selector->items[i].key);

		if (!value || strcmp(value, selector->items[i].value) != 0)
			return false;
	}
	return true;
}

bool k8s_meta_has_finalizer(const struct k8s_meta *meta, const char *finalizer)
{
	for (size_t i = 0; i < meta->finalizer_count; i++) {
		if (strcmp(meta->finalizers[i], finalizer) == 0)
			return true;
	}
	return false;
}

int k8s_meta_compare_age(const struct k8s_meta *a, const struct k8s_meta *b)
{
	if (a->created_s != b->created_s)
		return a->created_s < b->created_s ? -1 : 1;
	return strcmp(a->uid, b->uid);
}

struct k8s_object *k8s_object_new(enum k8s_kind kind, size_t size)
{
	struct arena arena;
	struct k8s_object *object;

	arena_init(&arena);
	if (size > 0)
		arena_reserve(&arena, size);
	object = arena_alloc(&arena, offsetof(struct k8s_object, service) + kinds[kind].size);
	object->arena = arena;
	object->kind = kind;
	object->holders = 1;
	object->meta.namespace = object->meta.name = object->meta.uid =
		object->meta.resource_version = "";
	return object;
}

/* Handles count who looks, and looking changes nothing. */
static struct k8s_object *counted(const struct k8s_object *object)
{
	return (struct k8s_object *)(uintptr_t)object;
}

const struct k8s_object *k8s_object_hold(const struct k8s_object *object)
{
	counted(object)->holders++;
	return object;
}

static bool is_custom(enum k8s_kind kind)
{
	return kind == K8S_VIRTUAL_ROUTER || kind == K8S_ADDRESS_POOL || kind == K8S_VIRTUAL_SERVER;
}

void k8s_object_release(const struct k8s_object *object)
{
	struct arena arena;

	if (!object || --counted(object)->holders > 0)
		return;
	if (is_custom(object->kind) && object->custom.objects)
		model_objects_done(object->custom.objects);
	arena = object->arena; /* it holds the object */
	arena_done(&arena);
}

/* --- the same again? --- */

static bool same_texts(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

static bool same_pairs(const struct k8s_pairs *a, const struct k8s_pairs *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!same_texts(a->items[i].key, b->items[i].key) ||
		    !same_texts(a->items[i].value, b->items[i].value))
			return false;
	}
	return true;
}

static bool same_meta(const struct k8s_meta *a, const struct k8s_meta *b)
{
	if (!same_texts(a->namespace, b->namespace) || !same_texts(a->name, b->name) ||
	    !same_texts(a->uid, b->uid) || a->created_s != b->created_s ||
	    a->deleting != b->deleting || !same_pairs(&a->labels, &b->labels) ||
	    !same_pairs(&a->annotations, &b->annotations) ||
	    a->finalizer_count != b->finalizer_count)
		return false;
	for (size_t i = 0; i < a->finalizer_count; i++) {
		if (!same_texts(a->finalizers[i], b->finalizers[i]))
			return false;
	}
	return true;
}

static bool same_endpoints(const struct k8s_endpoint *a, const struct k8s_endpoint *b)
{
	return addr_equal(&a->address, &b->address) && same_texts(a->node, b->node) &&
	       a->ready == b->ready && a->serving == b->serving && a->terminating == b->terminating;
}

/* What comes most often, and most in a hurry. */
static bool same_slices(const struct k8s_slice *a, const struct k8s_slice *b)
{
	if (!same_texts(a->service, b->service) || a->family != b->family ||
	    a->endpoint_count != b->endpoint_count || a->port_count != b->port_count)
		return false;
	for (size_t i = 0; i < a->endpoint_count; i++) {
		if (!same_endpoints(&a->endpoints[i], &b->endpoints[i]))
			return false;
	}
	for (size_t i = 0; i < a->port_count; i++) {
		if (!same_texts(a->ports[i].name, b->ports[i].name) ||
		    a->ports[i].protocol != b->ports[i].protocol ||
		    a->ports[i].port != b->ports[i].port)
			return false;
	}
	return true;
}

bool k8s_object_same(const struct k8s_object *a, const struct k8s_object *b)
{
	struct text left = {0}, right = {0};
	bool same;

	if (a == b)
		return true;
	if (a->kind != b->kind)
		return false;
	if (a->kind == K8S_SLICE)
		return same_meta(&a->meta, &b->meta) && same_slices(&a->slice, &b->slice);
	k8s_encode(a, false, &left);
	k8s_encode(b, false, &right);
	same = left.len == right.len && memcmp(left.data, right.data, left.len) == 0;
	text_done(&left);
	text_done(&right);
	return same;
}

/* The end of what is written from 'at' on; one byte is left for a NUL. */
static char *put(char *at, const char *end, const char *text)
{
	size_t len = strnlen(text, (size_t)(end - at) - 1);

	memcpy(at, text, len);
	return at + len;
}

/* By hand: it is made several times for each object that comes. */
const char *k8s_title(enum k8s_kind kind, const char *namespace, const char *name,
                      char buf[static K8S_KEY_SIZE])
{
	const char *end = buf + K8S_KEY_SIZE;
	char *at = put(buf, end, k8s_kind_name(kind));

	at = put(at, end, " ");
	if (*namespace) {
		at = put(at, end, namespace);
		at = put(at, end, "/");
	}
	*put(at, end, name) = '\0';
	return buf;
}

const char *k8s_object_title(const struct k8s_object *object, char buf[static K8S_KEY_SIZE])
{
	return k8s_title(object->kind, object->meta.namespace, object->meta.name, buf);
}
