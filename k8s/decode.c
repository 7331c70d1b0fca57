/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/decode.h"

#include "k8s/decode_parts.h"
#include "k8s/names.h"
#include "k8s/stamp.h"
#include "k8s/status.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *k8s_decode_fault_name(enum k8s_decode_fault fault)
{
	static const char *const names[K8S_DECODE_FAULT_COUNT] = {
		[K8S_DECODE_FINE] = "fine",
		[K8S_DECODE_NO_OBJECT] = "is no JSON object",
		[K8S_DECODE_NO_NAME] = "has no name, or one that can't be",
		[K8S_DECODE_NO_NAMESPACE] = "has no namespace, or one that can't be",
		[K8S_DECODE_OTHER_KIND] = "is of another kind",
	};

	return names[fault];
}

/* What thousands of Services and EndpointSlices say alike is not copied. */
static const char *const words[] = {
	"",
	"True",
	"default",
	"http",
	K8S_CLASS_DEFAULT,
	K8S_FINALIZER,
	K8S_ANNOTATION_SHARED,
	K8S_ANNOTATION_CONFIG_MAPS,
	K8S_STATUS_SERVICE_CONDITION,
	"Served",
	K8S_LABEL_SERVICE,
	"endpointslice.kubernetes.io/managed-by",
	"endpointslice-controller.k8s.io",
};

const char *k8s_decode_copy(struct k8s_object *object, const char *text)
{
	for (size_t i = 0; i < LT_ARRAY_SIZE(words); i++) {
		/* Most differ in their first letter. */
		if (words[i][0] == text[0] && strcmp(words[i], text) == 0)
			return words[i];
	}
	return arena_strdup(&object->arena, text);
}

static int compare_pairs(const void *left, const void *right)
{
	const struct k8s_pair *a = left, *b = right;

	return strcmp(a->key, b->key);
}

static bool has_key(const struct k8s_pair *items, size_t count, const char *key)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(items[i].key, key) == 0)
			return true;
	}
	return false;
}

struct k8s_pairs k8s_decode_pairs(struct k8s_object *object, const struct tree *map,
                                  bool (*known)(const char *key))
{
	struct k8s_pairs pairs = {NULL, 0};
	struct k8s_pair items[K8S_PAIRS_MAX];
	bool is_map = map && map->kind == TREE_MAP && map->count > 0;

	for (const struct tree *at = is_map ? map->child : NULL; at; at = at->sibling) {
		const char *value = k8s_json_tree_string(at);

		if (!value || strlen(value) > K8S_VALUE_LEN_MAX || (known && !known(at->key)) ||
		    has_key(items, pairs.count, at->key))
			continue;
		if (pairs.count == K8S_PAIRS_MAX) {
			object->cut = true;
			break;
		}
		items[pairs.count++] = (struct k8s_pair){k8s_decode_copy(object, at->key),
		                                         k8s_decode_copy(object, value)};
	}
	if (pairs.count > 1)
		qsort(items, pairs.count, sizeof(*items), compare_pairs);
	if (pairs.count > 0)
		pairs.items = arena_memdup(&object->arena, items, pairs.count * sizeof(*items));
	return pairs;
}

struct addr k8s_decode_address(const char *text)
{
	struct addr address = {ADDR_NONE, {0}};

	if (addr_parse(text, &address) < 0)
		address.family = ADDR_NONE;
	return address;
}

bool k8s_decode_protocol(const char *text, enum model_protocol *ret_protocol)
{
	if (!*text || strcmp(text, "TCP") == 0)
		*ret_protocol = MODEL_TCP;
	else if (strcmp(text, "UDP") == 0)
		*ret_protocol = MODEL_UDP;
	else if (strcmp(text, "SCTP") == 0)
		*ret_protocol = MODEL_SCTP;
	else
		return false;
	return true;
}

/* Names become parts of paths, keys and lines. */
static bool is_name(const char *name, size_t len_max)
{
	size_t len = strlen(name);

	if (len == 0 || len > len_max || *name == '.')
		return false;
	for (; *name; name++) {
		if (!isalnum((unsigned char)*name) && !strchr("-._:", *name))
			return false;
	}
	return true;
}

static bool is_known_annotation(const char *key)
{
	return text_starts_with(key, "lintel.io/") || text_starts_with(key, K8S_METALLB_PREFIX) ||
	       text_starts_with(key, K8S_METALLB_PREFIX_OLD) ||
	       strcmp(key, K8S_ANNOTATION_SOURCE_RANGES) == 0;
}

/* A slice has its Service's own labels, too: nobody chooses slices by them. */
static bool is_slice_label(const char *key)
{
	return strcmp(key, K8S_LABEL_SERVICE) == 0;
}

/* Ours, of any class: others' are not written either, and there may be many of them. */
static void decode_finalizers(struct k8s_object *object, const struct tree *list)
{
	struct k8s_meta *meta = &object->meta;
	const char *ours[K8S_FINALIZERS_MAX];

	for (const struct tree *entry = k8s_json_tree_first(list); entry; entry = entry->sibling) {
		const char *finalizer = k8s_json_tree_string(entry);

		if (!finalizer || !text_starts_with(finalizer, K8S_FINALIZER))
			continue;
		if (meta->finalizer_count == K8S_FINALIZERS_MAX) {
			object->cut = true;
			break;
		}
		ours[meta->finalizer_count++] = k8s_decode_copy(object, finalizer);
	}
	if (meta->finalizer_count == 0)
		return;
	meta->finalizers =
		arena_array(&object->arena, meta->finalizer_count, sizeof(*meta->finalizers));
	memcpy(meta->finalizers, ours, meta->finalizer_count * sizeof(*ours));
}

static enum k8s_decode_fault decode_meta(struct k8s_object *object, const struct tree *json)
{
	const struct tree *metadata = tree_get(json, "metadata");
	const char *name = k8s_json_tree_text(metadata, "name");
	const char *namespace = k8s_json_tree_text(metadata, "namespace");
	struct k8s_meta *meta = &object->meta;

	if (!is_name(name, K8S_NAME_LEN_MAX))
		return K8S_DECODE_NO_NAME;
	if (k8s_kind_is_namespaced(object->kind)) {
		if (!is_name(namespace, 63))
			return K8S_DECODE_NO_NAMESPACE;
		meta->namespace = k8s_decode_copy(object, namespace);
	}
	meta->name = k8s_decode_copy(object, name);
	meta->uid = k8s_decode_copy(object, k8s_json_tree_text(metadata, "uid"));
	meta->resource_version =
		k8s_decode_copy(object, k8s_json_tree_text(metadata, "resourceVersion"));
	meta->generation = k8s_json_tree_int(metadata, "generation", 0, INT64_MAX, 0);
	if (k8s_stamp_parse(k8s_json_tree_text(metadata, "creationTimestamp"), &meta->created_s) <
	    0)
		meta->created_s = 0;
	meta->deleting = *k8s_json_tree_text(metadata, "deletionTimestamp");
	meta->labels = k8s_decode_pairs(object, tree_get(metadata, "labels"),
	                                object->kind == K8S_SLICE ? is_slice_label : NULL);
	meta->annotations =
		k8s_decode_pairs(object, tree_get(metadata, "annotations"), is_known_annotation);
	decode_finalizers(object, tree_get(metadata, "finalizers"));
	return K8S_DECODE_FINE;
}

static void decode_rest(struct k8s_object *object, const struct tree *json)
{
	switch (object->kind) {
	case K8S_NAMESPACE:
	case K8S_KIND_COUNT:
		break;
	case K8S_NODE:
		k8s_decode_node(object, json);
		break;
	case K8S_VIRTUAL_ROUTER:
	case K8S_ADDRESS_POOL:
	case K8S_VIRTUAL_SERVER:
		k8s_decode_custom(object, json);
		break;
	case K8S_SERVICE:
		k8s_decode_service(object, json);
		break;
	case K8S_SLICE:
		k8s_decode_slice(object, json);
		break;
	case K8S_CONFIG_MAP:
		k8s_decode_config_map(object, json);
		break;
	}
}

static struct k8s_object *decode(enum k8s_kind kind, const struct tree *json, size_t size,
                                 enum k8s_decode_fault *ret_fault)
{
	const char *said = k8s_json_tree_text(json, "kind");
	enum k8s_decode_fault fault = K8S_DECODE_FINE;
	struct k8s_object *object = NULL;

	if (!json || json->kind != TREE_MAP) {
		fault = K8S_DECODE_NO_OBJECT;
	} else if (*said && strcmp(said, k8s_kind_name(kind)) != 0) {
		fault = K8S_DECODE_OTHER_KIND;
	} else {
		object = k8s_object_new(kind, size);
		fault = decode_meta(object, json);
		if (fault == K8S_DECODE_FINE) {
			decode_rest(object, json);
		} else {
			k8s_object_release(object);
			object = NULL;
		}
	}
	*ret_fault = fault;
	return object;
}

struct k8s_object *k8s_decode(enum k8s_kind kind, const struct tree *json,
                              enum k8s_decode_fault *ret_fault)
{
	return decode(kind, json, 0, ret_fault);
}

/* An eighth more than it needs is no matter: names are not all of one length. */
static bool fits(const struct k8s_object *object)
{
	size_t used = object->arena.used_size;

	return arena_held(&object->arena) <= used + used / 8;
}

struct k8s_object *k8s_decode_to_fit(enum k8s_kind kind, const struct tree *json, size_t *size,
                                     enum k8s_decode_fault *ret_fault)
{
	struct k8s_object *object = decode(kind, json, *size, ret_fault);

	if (!object || fits(object))
		return object;
	*size = object->arena.used_size + object->arena.used_size / 16;
	k8s_object_release(object);
	return decode(kind, json, *size, ret_fault);
}
