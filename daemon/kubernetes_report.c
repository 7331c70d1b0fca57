/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/kubernetes_parts.h"
#include "daemon/report_time.h"
#include "k8s/json.h"

#include <string.h>

static bool resource_has_problem(const struct k8s_watch *watch)
{
	return watch->state == K8S_WATCH_STATE_WAITING && watch->why != K8S_WATCH_REASON_NONE &&
	       watch->why != K8S_WATCH_REASON_ENDED;
}

static void add_problem(json_t *problems, const char *name, const struct k8s_watch *watch)
{
	if (!resource_has_problem(watch))
		return;
	json_array_append_new(problems, json_sprintf("Kubernetes: %s can't be followed: %s%s%s",
	                                             name, k8s_watch_reason_name(watch->why),
	                                             watch->message.len > 0 ? ": " : "",
	                                             text_str(&watch->message)));
}

/* With the API server's reason, which may be anything. */
static void add_failure(json_t *problems, struct text *what, const char *why)
{
	text_printf(what, ": %s", why);
	json_array_append_new(problems, k8s_json_string(text_str(what), what->len));
	text_done(what);
}

static void add_unwritten(json_t *problems, const struct kubernetes_later *late)
{
	const struct k8s_translate_key *key = kubernetes_later_first(late);
	size_t more = kubernetes_later_count(late) - 1;
	char title[K8S_KEY_SIZE];
	struct text what = {0};

	k8s_title(key->kind, key->namespace, key->name, title);
	text_printf(&what, "Kubernetes: status is not written of %s", title);
	if (more > 0)
		text_printf(&what, " and %zu more", more);
	add_failure(problems, &what, kubernetes_later_why(late));
}

/* What is to be written, and is tried again and again. */
static void add_failures(json_t *problems, const struct kubernetes *k)
{
	struct text what = {0};

	if (k->lead.failing) {
		text_printf(&what, "Kubernetes: the lease %s/%s can't be had or kept",
		            k->lead.lease.namespace, k->lead.lease.name);
		add_failure(problems, &what, k->lead.failing);
	}
	if (k->members.failing) {
		text_add(&what, "Kubernetes: others are not told that this instance runs");
		add_failure(problems, &what, k->members.failing);
	}
	if (k->lead.leading && kubernetes_later_count(&k->writer.late) > 0)
		add_unwritten(problems, &k->writer.late);
}

/* Requests that ended, by reason: only what there was. */
static json_t *ends(const struct k8s_watch *watch)
{
	json_t *object = json_object();

	for (int reason = 0; reason < K8S_WATCH_REASON_COUNT; reason++) {
		if (watch->restarts[reason])
			json_object_set_new(object,
			                    k8s_watch_reason_name((enum k8s_watch_reason)reason),
			                    json_integer((json_int_t)watch->restarts[reason]));
	}
	return object;
}

/* Totals beyond what a JSON integer holds are cut to that: an IPv6 pool may have more. */
static json_t *usage(uint64_t total, uint64_t used)
{
	return json_pack("{s:I,s:I}", "addresses",
	                 total > INT64_MAX ? (json_int_t)INT64_MAX : (json_int_t)total, "used",
	                 (json_int_t)used);
}

static json_t *pool_list(const struct kubernetes *k)
{
	json_t *list = json_array();

	for (size_t i = 0; i < k8s_store_count(k->store, K8S_ADDRESS_POOL); i++) {
		const char *name = k8s_store_at(k->store, K8S_ADDRESS_POOL, i)->meta.name;
		struct k8s_pool_usage found;
		if (!k8s_pool_usage(k8s_translator_pool(k->translator), name, &found))
			continue;
		json_array_append_new(list, json_pack("{s:s,s:o,s:o}", "name", name, "ipv4",
		                                      usage(found.total4, found.used4), "ipv6",
		                                      usage(found.total6, found.used6)));
	}
	return list;
}

static json_t *resource_object(const struct kubernetes_resource *resource, int64_t now_us)
{
	const struct kubernetes *k = resource->kubernetes;
	const struct k8s_watch *watch = k8s_reflector_status(resource->reflector);
	bool wrong = resource_has_problem(watch);

	return json_pack("{s:s,s:b,s:o,s:s,s:s,s:s,s:I,s:I,s:I,s:o}", "name",
	                 k8s_kind_plural(resource->kind), "inStep", watch->in_step, "sinceSeconds",
	                 report_age(now_us, watch->in_step_us), "state",
	                 k8s_watch_state_name(watch->state), "reason",
	                 wrong ? k8s_watch_reason_name(watch->why) : "", "message",
	                 wrong ? text_str(&watch->message) : "", "objects",
	                 (json_int_t)k8s_store_count(k->store, resource->kind), "malformed",
	                 (json_int_t)resource->malformed, "lists", (json_int_t)watch->lists, "ends",
	                 ends(watch));
}

static json_t *requests_object(const struct kubernetes *k)
{
	struct k8s_requests_stats stats;

	k8s_requests_stats(k->requests, &stats);
	return json_pack("{s:I,s:I,s:I}", "sent", (json_int_t)stats.sent, "repeated",
	                 (json_int_t)stats.repeated, "waiting", (json_int_t)stats.waiting);
}

static json_t *lease_object(const struct kubernetes *k)
{
	const struct k8s_lease *lease = &k->lead.lease;
	const char *holder = lease->record.holder;

	/* What the record says of us is over when we could not renew it. */
	if (!k->lead.leading && strcmp(holder, lease->identity) == 0)
		holder = "";
	return json_pack("{s:s,s:s,s:b,s:s}", "namespace", lease->namespace, "name", lease->name,
	                 "leading", k->lead.leading, "holder", holder);
}

json_t *kubernetes_report(const struct kubernetes *k, const struct sources *sources, int64_t now_us)
{
	json_t *problems = json_array(), *resources = json_array();

	if (!k->known)
		json_array_append_new(
			problems,
			json_string("Kubernetes: the cluster's state is not known yet: there is "
		                    "none on disk, and the API has not told all of it"));
	for (size_t i = 0; i < K8S_KIND_COUNT; i++) {
		const struct kubernetes_resource *resource = &k->resources[i];
		if (!resource->reflector)
			continue;
		add_problem(problems, k8s_kind_plural(resource->kind),
		            k8s_reflector_status(resource->reflector));
		json_array_append_new(resources, resource_object(resource, now_us));
	}
	add_problem(problems, "leases", k8s_reflector_status(k->members.reflector));
	add_failures(problems, k);
	sources_add_left_out(sources, problems);
	return json_pack("{s:s,s:s,s:s,s:b,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "path", "kubernetes",
	                 "server", k8s_auth_server(k->auth), "class", k->options->class, "inStep",
	                 kubernetes_follow_in_step(k), "known", k->known, "loadedSecondsAgo",
	                 report_age(now_us, k->known_us), "savedSecondsAgo",
	                 report_age(now_us, k->cache.saved_us), "lease", lease_object(k),
	                 "requests", requests_object(k), "resources", resources, "pools",
	                 pool_list(k), "problems", problems);
}
