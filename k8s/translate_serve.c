/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One object: what is served of it, in which of its versions, and what is told of that. */
#include "k8s/translate_private.h"

#include "lib/mem.h"
#include "model/amend.h"

#include <string.h>

bool k8s_translate_former(struct k8s_translator *translator, struct translate_entry *entry,
                          const struct k8s_object *object, struct arena *arena,
                          struct k8s_pool_request *request)
{
	struct k8s_report ignored = {0};
	/* One that was deleted and made anew has nothing from before. */
	bool ours = entry->good && entry->good != object && !object->meta.deleting &&
	            strcmp(entry->good->meta.uid, object->meta.uid) == 0 &&
	            k8s_translate_request(translator, entry->good, entry->key, arena, &ignored,
	                                  request) == TRANSLATE_OURS;

	k8s_report_done(&ignored);
	/* Its addresses are those that it has now. */
	if (ours)
		k8s_translate_read_record(object, arena, request);
	return ours;
}

static void drop_objects(struct k8s_translator *translator, struct translate_entry *entry)
{
	translator->changed |= entry->has_objects;
	model_objects_done(&entry->objects);
	k8s_translate_set_local(translator, entry, false);
	entry->has_objects = entry->lacks_local = false;
}

static void keep_objects(struct k8s_translator *translator, struct translate_entry *entry,
                         struct model_objects *objects)
{
	bool rewritten = entry->rewritten && entry->kind == K8S_VIRTUAL_SERVER;

	entry->rewritten = false;
	if (entry->has_objects && !rewritten && k8s_translate_same(&entry->objects, objects)) {
		model_objects_done(objects);
		return;
	}
	if (entry->has_objects)
		k8s_translate_note_replaced(translator, entry);
	else
		translator->changed = true;
	model_objects_done(&entry->objects);
	entry->objects = *objects;
	entry->has_objects = true;
}

static void report_grant(const struct k8s_pool_grant *grant, struct k8s_report *report)
{
	report->reason = grant->reason;
	report->message = *grant->message ? xstrdup(grant->message) : NULL;
	report->addresses =
		xmemdup(grant->addresses, grant->address_count * sizeof(*grant->addresses));
	report->address_count = grant->address_count;
	report->pool = xstrdup(grant->pool);
	report->router = xstrdup(grant->router);
}

/* What there is to say about its addresses comes before what there is about endpoints. */
static void merge_reasons(const struct k8s_pool_grant *grant, struct k8s_report *report)
{
	if (grant->reason == K8S_REASON_SERVED || !k8s_reason_is_served(report->reason) ||
	    report->reason == K8S_REASON_LOCAL_LOST)
		return;
	report->reason = grant->reason;
	free(report->message);
	report->message = xstrdup(grant->message);
}

void k8s_translate_keep_good(struct translate_entry *entry, const struct k8s_object *good)
{
	const struct k8s_object *before = entry->good;

	entry->good = good ? k8s_object_hold(good) : NULL;
	k8s_object_release(before);
}

/* Whose endpoints it is about. */
static void watch_service(struct k8s_translator *translator, struct translate_entry *entry,
                          const struct k8s_object *object)
{
	if (object->kind == K8S_VIRTUAL_SERVER &&
	    *object->custom.objects->virtual_servers[0]->service)
		k8s_translate_watch(translator, entry, entry->namespace,
		                    object->custom.objects->virtual_servers[0]->service);
	else if (object->kind == K8S_CONFIG_MAP)
		k8s_translate_watch(translator, entry,
		                    *object->config_map.target_namespace
		                            ? object->config_map.target_namespace
		                            : entry->namespace,
		                    object->config_map.target_service);
	else
		k8s_translate_unwatch(translator, entry);
}

/* What stands in the way of it, "" or NULL: nothing. Other servers change nothing about that. */
static char *errors_of(const struct k8s_translator *translator, const struct translate_entry *entry,
                       const struct model_objects *objects)
{
	if (entry->has_objects && entry->checked == translator->infra_round &&
	    model_objects_differ_in_servers_only(&entry->objects, objects))
		return NULL;
	return k8s_translate_infra_check(translator, objects);
}

/* False: nothing came of it, and the report says why. */
static bool serve(struct k8s_translator *translator, struct translate_entry *entry,
                  const struct k8s_object *object, const struct k8s_pool_request *request,
                  struct k8s_report *report)
{
	struct k8s_pool_grant grant;
	struct model_objects objects;
	char *errors;

	if (!k8s_pool_grant(translator->pool, entry->key, &grant)) {
		report->reason = K8S_REASON_PENDING;
		return entry->has_objects;
	}
	watch_service(translator, entry, object);
	report_grant(&grant, report);
	if (grant.address_count == 0)
		return false;
	model_objects_init(&objects);
	k8s_translate_build(translator, entry, object, &grant, request, &objects, report);
	merge_reasons(&grant, report);
	if (k8s_reason_is_served(report->reason)) {
		errors = errors_of(translator, entry, &objects);
		if (errors && *errors) {
			report->reason = K8S_REASON_CONFLICT;
			free(report->message);
			report->message = errors;
		} else {
			free(errors);
			keep_objects(translator, entry, &objects);
			entry->checked = translator->infra_round;
			k8s_translate_keep_good(entry, object);
			return true;
		}
	}
	model_objects_done(&objects);
	return false;
}

/* Serves its former version in place of one that can't be served; that is what the report says.
 * False: there is none, or it can't either. */
static bool serve_former(struct k8s_translator *translator, struct translate_entry *entry,
                         const struct k8s_object *object, struct arena *arena,
                         struct k8s_report *report)
{
	struct k8s_report former = {.reason = K8S_REASON_NOT_OURS};
	struct k8s_pool_request request;
	struct text message = {0};

	if ((report->reason != K8S_REASON_INVALID && report->reason != K8S_REASON_CONFLICT) ||
	    !k8s_translate_former(translator, entry, object, arena, &request))
		return false;
	if (!serve(translator, entry, entry->good, &request, &former) ||
	    former.reason == K8S_REASON_PENDING) {
		k8s_report_done(&former);
		return false;
	}
	text_printf(&message, "as it was before, since what it says now makes no sense: %s",
	            report->message ? report->message : "");
	free(former.message);
	former.message = text_take(&message);
	former.reason = K8S_REASON_FORMER;
	k8s_report_done(report);
	*report = former;
	return true;
}

/* It can't be served either: it keeps no address from others. One that was not given yet may come.
 */
static void forget_former(struct k8s_translator *translator, struct translate_entry *entry)
{
	struct k8s_pool_grant grant;

	if (!k8s_pool_grant(translator->pool, entry->key, &grant) || grant.address_count == 0)
		return;
	k8s_pool_remove(translator->pool, entry->key);
	translator->settle = true;
	k8s_translate_keep_good(entry, NULL);
}

void k8s_translate_object(struct k8s_translator *translator, struct translate_entry *entry)
{
	const struct k8s_object *object = entry->object;
	struct k8s_report report = {.reason = K8S_REASON_NOT_OURS};
	enum translate_verdict verdict = TRANSLATE_NOT_OURS;
	struct k8s_pool_request request;
	struct arena arena;

	entry->queued = false;
	if (object && (entry->kind == K8S_VIRTUAL_ROUTER || entry->kind == K8S_ADDRESS_POOL))
		return; /* it is back already */
	arena_init(&arena);
	if (object)
		verdict = k8s_translate_request(translator, object, entry->key, &arena, &report,
		                                &request);
	bool served = verdict == TRANSLATE_OURS &&
	              serve(translator, entry, object, &request, &report);
	if (!served && verdict != TRANSLATE_NOT_OURS)
		served = serve_former(translator, entry, object, &arena, &report);
	/* The former may have been about another one. */
	if (!served && verdict == TRANSLATE_OURS)
		watch_service(translator, entry, object);
	if (!served && verdict == TRANSLATE_REFUSED)
		forget_former(translator, entry);
	if (!served)
		drop_objects(translator, entry);
	if (verdict == TRANSLATE_NOT_OURS || report.reason == K8S_REASON_DELETING)
		k8s_translate_keep_good(entry, NULL);
	if (verdict != TRANSLATE_OURS && !served)
		k8s_translate_unwatch(translator, entry);
	arena_done(&arena);
	k8s_translate_report(translator, entry, &report);
	if (!object && !entry->claim_queued)
		k8s_translate_free_entry(translator, entry);
}
