/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Collections of the API to the store. */
#include "daemon/kubernetes_parts.h"

#include "k8s/decode.h"
#include "k8s/names.h"
#include "lib/log.h"

#include <string.h>

static bool is_watched(const struct kubernetes *k, const char *namespace)
{
	if (k->options->namespace_count == 0 || !*namespace)
		return true;
	for (size_t i = 0; i < k->options->namespace_count; i++) {
		if (strcmp(k->options->namespaces[i], namespace) == 0)
			return true;
	}
	return false;
}

static void noted(struct kubernetes *k)
{
	k->noted = true;
	k->health.due = true;
}

/* All of what came together is in the store. Who balances by it is not let wait for another turn of
 * the loop; when more comes soon, kubernetes_turn() sees to it that it is not too often. As long as
 * a list is not whole there is nothing to do; that it is so wakes us by itself. */
static void told(void *ctx)
{
	struct kubernetes *k = ((struct kubernetes_resource *)ctx)->kubernetes;

	if (!k->noted)
		return;
	k->noted = false;
	if (k->known)
		kubernetes_turn(k);
	else if (kubernetes_follow_is_settled(k))
		kubernetes_wake(k);
	kubernetes_cache_note(k);
}

/* After an outage each would come back when its own delay is over, half a minute apart; and at the
 * start all wait for what becomes of the first. */
static void tell_others(struct kubernetes *k, const struct k8s_reflector *reflector)
{
	for (enum k8s_kind kind = 0; kind < K8S_KIND_COUNT; kind++) {
		if (k->resources[kind].reflector)
			k8s_reflector_server_answers(k->resources[kind].reflector, reflector);
	}
	if (k->members.reflector)
		k8s_reflector_server_answers(k->members.reflector, reflector);
}

static void replacing(void *ctx)
{
	struct kubernetes_resource *resource = ctx;

	k8s_store_mark(resource->kubernetes->store, resource->kind);
	tell_others(resource->kubernetes, resource->reflector);
}

static struct k8s_object *decode(struct kubernetes_resource *resource, const struct tree *json)
{
	enum k8s_decode_fault fault;
	struct k8s_object *object =
		k8s_decode_to_fit(resource->kind, json, &resource->object_size, &fault);

	if (!object) {
		resource->malformed++;
		log_warn(KUBERNETES_COMPONENT, "an object is left out resource=%s: it %s",
		         k8s_kind_plural(resource->kind), k8s_decode_fault_name(fault));
	}
	return object;
}

static void upserted(void *ctx, const struct tree *json)
{
	struct kubernetes_resource *resource = ctx;
	struct kubernetes *k = resource->kubernetes;
	struct k8s_object *object = decode(resource, json);

	if (!object)
		return;
	if (!is_watched(k, object->meta.namespace))
		k8s_object_release(object);
	else if (k8s_store_put(k->store, object))
		noted(k);
}

static void deleted(void *ctx, const struct tree *json)
{
	struct kubernetes_resource *resource = ctx;
	struct kubernetes *k = resource->kubernetes;
	struct k8s_object *object = decode(resource, json);

	if (!object)
		return;
	if (k8s_store_remove(k->store, resource->kind, object->meta.namespace, object->meta.name))
		noted(k);
	k8s_object_release(object);
}

static void replaced(void *ctx)
{
	struct kubernetes_resource *resource = ctx;
	size_t gone = k8s_store_sweep(resource->kubernetes->store, resource->kind);

	if (gone > 0) {
		log_info(KUBERNETES_COMPONENT, "objects went unseen resource=%s count=%zu",
		         k8s_kind_plural(resource->kind), gone);
		noted(resource->kubernetes);
	}
	told(resource);
}

void kubernetes_follow_changed(struct kubernetes *k, const struct k8s_reflector *reflector)
{
	const struct k8s_watch *watch = reflector ? k8s_reflector_status(reflector) : NULL;

	if (watch && (watch->in_step || watch->why == K8S_WATCH_REASON_UNSUPPORTED))
		tell_others(k, reflector);
	kubernetes_wake(k);
}

static void changed(void *ctx)
{
	struct kubernetes_resource *resource = ctx;

	kubernetes_follow_changed(resource->kubernetes, resource->reflector);
}

static int follow(struct kubernetes *k, enum k8s_kind kind)
{
	const struct k8s_resource of = {k8s_kind_api_version(kind), k8s_kind_plural(kind),
	                                k8s_kind_name(kind)};
	const struct k8s_reflector_handler handler = {
		.replacing = replacing,
		.upserted = upserted,
		.deleted = deleted,
		.replaced = replaced,
		.changed = changed,
		.told = told,
		.ctx = &k->resources[kind],
	};
	struct text path = {0};
	bool one = k8s_kind_is_namespaced(kind) && k->options->namespace_count == 1;

	k8s_path_add(&path, &of, one ? k->options->namespaces[0] : NULL, NULL, NULL);
	if (kind == K8S_CONFIG_MAP)
		k8s_path_add_query(&path, "labelSelector",
		                   K8S_LABEL_CONFIG_MAP "=" K8S_LABEL_CONFIG_MAP_VALUE);
	const struct k8s_reflector_params params = {
		.name = of.plural,
		.path = text_str(&path),
		.seed = kubernetes_seed(k),
		.streaming_lists = true,
		.second = kind != K8S_NODE && kind != K8S_NAMESPACE,
	};
	int rc = k8s_reflector_new(k->loop, k->http, &params, &handler,
	                           &k->resources[kind].reflector);
	text_done(&path);
	return rc;
}

/* Labels of namespaces count where a pool asks for them. */
static bool wants_namespaces(const struct kubernetes *k)
{
	for (size_t i = 0; i < k8s_store_count(k->store, K8S_ADDRESS_POOL); i++) {
		const struct k8s_object *pool = k8s_store_at(k->store, K8S_ADDRESS_POOL, i);
		if (pool->custom.valid && pool->custom.objects->pool_count > 0 &&
		    (pool->custom.objects->pools[0]->namespace_label_count > 0 ||
		     pool->custom.objects->pools[0]->namespace_requirement_count > 0))
			return true;
	}
	return false;
}

void kubernetes_follow_more(struct kubernetes *k)
{
	struct kubernetes_resource *resource = &k->resources[K8S_NAMESPACE];

	if (!resource->reflector && wants_namespaces(k) && follow(k, K8S_NAMESPACE))
		log_error(KUBERNETES_COMPONENT, "namespaces can't be followed");
}

int kubernetes_follow_open(struct kubernetes *k)
{
	/* Nodes come first: they are few, and always there. */
	for (enum k8s_kind kind = 0; kind < K8S_KIND_COUNT; kind++) {
		k->resources[kind].kubernetes = k;
		k->resources[kind].kind = kind;
		int rc = kind == K8S_NAMESPACE ? 0 : follow(k, kind);
		if (rc)
			return rc;
	}
	return 0;
}

void kubernetes_follow_close(struct kubernetes *k)
{
	for (size_t i = 0; i < K8S_KIND_COUNT; i++)
		k8s_reflector_free(k->resources[i].reflector);
}

bool kubernetes_follow_is_absent(const struct k8s_reflector *reflector)
{
	const struct k8s_watch *watch = k8s_reflector_status(reflector);

	return watch->state == K8S_WATCH_STATE_WAITING &&
	       (watch->why == K8S_WATCH_REASON_NOT_FOUND ||
	        watch->why == K8S_WATCH_REASON_FORBIDDEN);
}

/* Some do without ConfigMaps and take them out of the role. What else is forbidden is unknown: an
 * API server that was just started has not read its own roles yet. */
static bool is_done_without(const struct kubernetes_resource *resource)
{
	const struct k8s_watch *watch = k8s_reflector_status(resource->reflector);

	return kubernetes_follow_is_absent(resource->reflector) &&
	       (watch->why == K8S_WATCH_REASON_NOT_FOUND || resource->kind == K8S_CONFIG_MAP);
}

bool kubernetes_follow_is_settled(const struct kubernetes *k)
{
	for (size_t i = 0; i < K8S_KIND_COUNT; i++) {
		const struct kubernetes_resource *resource = &k->resources[i];
		if (resource->reflector && !k8s_reflector_status(resource->reflector)->listed &&
		    !is_done_without(resource))
			return false;
	}
	return true;
}

bool kubernetes_follow_in_step(const struct kubernetes *k)
{
	for (size_t i = 0; i < K8S_KIND_COUNT; i++) {
		const struct k8s_reflector *reflector = k->resources[i].reflector;
		if (reflector && !k8s_reflector_status(reflector)->in_step)
			return false;
	}
	return true;
}
