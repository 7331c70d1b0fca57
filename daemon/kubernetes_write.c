/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the cluster is told: status, finalizers and Events, by the one that
 * leads. Few writes are under way at a time; each is decided from what the
 * object says now, so that whatever was missed is made up for by looking again.
 */
#include "daemon/kubernetes_parts.h"

#include "lib/hash.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/search.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_STEP   50              /* objects that are looked at in one turn */
#define SOON_US     (1 * US_PER_S)  /* until the newer state should have come */
#define LATE_US     (30 * US_PER_S) /* until roles or a webhook may have been mended */
#define PATIENCE_US (10 * US_PER_S) /* then others have their turn */

struct kubernetes_told {
	enum k8s_reason reason;
	UT_hash_handle hh;
	char key[];
};

/* --- what is observed --- */

static const struct kubernetes_active *active_of(const struct kubernetes *k, const char *router)
{
	for (size_t i = 0; i < k->active_count; i++) {
		if (strcmp(k->actives[i].router, router) == 0)
			return &k->actives[i];
	}
	return NULL;
}

static int compare_virtual_server(const void *item, const void *wanted)
{
	return model_virtual_server_compare(*(const struct model_virtual_server *const *)item,
	                                    wanted);
}

/* Is a virtual server of that object in force? */
static bool is_in_force(const struct kubernetes *k, const struct k8s_translate_key *key)
{
	const struct model_snapshot *snapshot = k->snapshot;
	char name[K8S_NAME_LEN_MAX + 16];

	snprintf(name, sizeof(name), "%s%s",
	         key->kind == K8S_SERVICE      ? "service/"
	         : key->kind == K8S_CONFIG_MAP ? "configmap/"
	                                       : "",
	         key->name);
	const struct model_virtual_server wanted = {.namespace = key->namespace, .name = name};
	return snapshot &&
	       search_find(snapshot->virtual_servers, snapshot->virtual_server_count,
	                   sizeof(*snapshot->virtual_servers), &wanted, compare_virtual_server);
}

static size_t taking_part(const struct kubernetes *k)
{
	const struct k8s_nodes *nodes = k8s_translator_nodes(k->translator);
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++)
		count += nodes->entries[i].state == K8S_NODE_TAKES_PART;
	return count;
}

static struct k8s_status_seen observe(const struct kubernetes *k,
                                      const struct k8s_translate_key *key,
                                      const struct k8s_report *report)
{
	struct k8s_status_seen seen = {.withdrawn = !is_in_force(k, key)};
	const char *router = report && report->router ? report->router : "";

	if (key->kind == K8S_VIRTUAL_ROUTER)
		router = key->name;
	const struct kubernetes_active *active = active_of(k, router);
	if (active) {
		seen.active_node = *active->node ? active->node : NULL;
		seen.addresses = active->address_count;
	}
	if (key->kind == K8S_VIRTUAL_ROUTER)
		seen.nodes = taking_part(k);
	if (key->kind == K8S_ADDRESS_POOL)
		(void)k8s_pool_usage(k8s_translator_pool(k->translator), key->name, &seen.usage);
	return seen;
}

/* What is served by nobody, as every node that could is held back by its kube-proxy: 'report' is
 * replaced by that. */
static bool is_held(const struct kubernetes *k, const struct k8s_translate_key *key,
                    const struct k8s_report *report, struct k8s_report *ret_report)
{
	const char *router = key->kind == K8S_VIRTUAL_ROUTER ? key->name : report->router;
	const struct k8s_nodes *nodes = k8s_translator_nodes(k->translator);
	size_t at = 0;

	while (at < k->held_count && strcmp(k->held[at].router, router ? router : "") != 0)
		at++;
	if (at == k->held_count || !k8s_reason_is_served(report->reason) ||
	    key->kind == K8S_ADDRESS_POOL)
		return false;
	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->entries[i].state == K8S_NODE_TAKES_PART &&
		    strcmp(nodes->entries[i].name, k->options->node) != 0)
			return false;
	}
	*ret_report = *report;
	ret_report->reason = K8S_REASON_KUBE_PROXY;
	ret_report->message = (char *)k->held[at].sentence;
	return true;
}

/* --- Events --- */

static void send_event(struct kubernetes *k, const struct k8s_object *object,
                       const struct k8s_report *report)
{
	static const struct k8s_resource events = {"events.k8s.io/v1", "events", "Event"};
	struct k8s_events_write write = k8s_events_note(
		k->writer.events, mono_now_us(), mono_wall_us(), object,
		k8s_reason_is_warning(report->reason), k8s_reason_name(report->reason),
		k8s_reason_is_served(report->reason) ? "Balance" : "Judge",
		report->message ? report->message : "");
	struct text path = {0};

	if (!write.body)
		return;
	k8s_path_add(&path, &events, write.namespace, write.create ? NULL : write.name, NULL);
	const struct k8s_request request = {
		.verb = write.create ? K8S_VERB_CREATE : K8S_VERB_MERGE_PATCH,
		.priority = K8S_PRIORITY_LOW,
		.path = text_str(&path),
		.body = write.body,
	};
	(void)k8s_request_send(k->requests, &request);
	text_done(&path);
	json_decref(write.body);
}

void kubernetes_write_held(struct kubernetes *k, const char *sentence)
{
	const struct k8s_object *node = k8s_store_get(k->store, K8S_NODE, "", k->options->node);
	const struct k8s_report report = {.reason = K8S_REASON_KUBE_PROXY,
	                                  .message = (char *)sentence};

	if (node)
		send_event(k, node, &report);
}

static void forget_told(struct kubernetes *k, const char *key)
{
	struct kubernetes_told *told;

	HASH_FIND_STR(k->writer.told, key, told);
	if (!told)
		return;
	HASH_DEL(k->writer.told, told);
	free(told);
}

/* True: it is another one than what was told last; the first one counts as told
 * when the object's status says it already. */
static bool note_reason(struct kubernetes *k, const char *key, enum k8s_reason reason,
                        bool status_differs)
{
	struct kubernetes_told *told;

	HASH_FIND_STR(k->writer.told, key, told);
	if (told) {
		bool another = told->reason != reason;
		told->reason = reason;
		return another;
	}
	size_t len = strlen(key);
	told = xcalloc(1, sizeof(*told) + len + 1);
	memcpy(told->key, key, len);
	told->reason = reason;
	HASH_ADD_STR(k->writer.told, key, told);
	/* That all is well, as it was to be expected, is no news. */
	return status_differs && reason != K8S_REASON_ACCEPTED;
}

/* --- writes --- */

static bool same_key(const struct k8s_translate_key *a, const struct k8s_translate_key *b)
{
	return a->kind == b->kind && strcmp(a->namespace, b->namespace) == 0 &&
	       strcmp(a->name, b->name) == 0;
}

/* What failed is looked at again: what the object says by then may be another thing, and roles and
 * webhooks come and go. */
static void answered(void *ctx, const struct k8s_answer *answer)
{
	struct kubernetes_write *write = ctx;
	struct kubernetes *k = write->kubernetes;
	char title[K8S_KEY_SIZE];
	int64_t now_us = mono_now_us();
	bool done = false;

	write->call = NULL;
	switch (answer->outcome) {
	case K8S_OUTCOME_DONE:
	case K8S_OUTCOME_NOT_FOUND:
		done = true;
		kubernetes_later_forget(&k->writer.late, &write->key);
		break;
	case K8S_OUTCOME_CONFLICT:
		write->again = true;
		break;
	case K8S_OUTCOME_REFUSED:
	case K8S_OUTCOME_GIVEN_UP:
	case K8S_OUTCOME_DROPPED:
	case K8S_OUTCOME_COUNT:
		if (kubernetes_later_put(&k->writer.late, &write->key, now_us + LATE_US,
		                         answer->why))
			log_warn(KUBERNETES_COMPONENT, "status is not written object=\"%s\": %s",
			         k8s_title(write->key.kind, write->key.namespace, write->key.name,
			                   title),
			         answer->why);
		break;
	}
	if (write->again)
		(void)kubernetes_later_put(&k->writer.soon, &write->key,
		                           now_us + (done ? 0 : SOON_US), NULL);
	kubernetes_wake(k);
}

static void send_write(struct kubernetes *k, struct kubernetes_write *write,
                       const struct k8s_status_write *what)
{
	enum k8s_kind kind = write->key.kind;
	const struct k8s_resource of = {k8s_kind_api_version(kind), k8s_kind_plural(kind),
	                                k8s_kind_name(kind)};
	struct text path = {0};

	k8s_path_add(&path, &of, *write->key.namespace ? write->key.namespace : NULL,
	             write->key.name, what->status ? "status" : NULL);
	const struct k8s_request request = {
		.verb = what->strategic ? K8S_VERB_STRATEGIC : K8S_VERB_MERGE_PATCH,
		.priority = K8S_PRIORITY_NORMAL,
		.path = text_str(&path),
		.body = what->body,
		.patience_us = PATIENCE_US,
		.answered = answered,
		.ctx = write,
	};
	write->again = false;
	write->call = k8s_request_send(k->requests, &request);
	text_done(&path);
}

/* Decides and begins to write; 'write' is free. */
static void look(struct kubernetes *k, const struct k8s_translate_key *key,
                 struct kubernetes_write *write)
{
	const struct k8s_object *object =
		k8s_store_get(k->store, key->kind, key->namespace, key->name);
	const struct k8s_report *report =
		k8s_translator_report(k->translator, key->kind, key->namespace, key->name);
	struct k8s_report held;
	char title[K8S_KEY_SIZE];

	k8s_title(key->kind, key->namespace, key->name, title);
	if (!object) {
		forget_told(k, title);
		kubernetes_later_forget(&k->writer.late, key);
		return;
	}
	if (report && is_held(k, key, report, &held))
		report = &held;
	struct k8s_status_seen seen = observe(k, key, report);
	char finalizer[K8S_STATUS_FINALIZER_SIZE];
	seen.finalizer = k8s_status_finalizer(k->options->class, finalizer);
	struct k8s_status_write what =
		k8s_status_next(object, report, &seen, mono_wall_us() / US_PER_S);
	if (report && note_reason(k, title, report->reason, what.body != NULL))
		send_event(k, object, report);
	if (!what.body) {
		kubernetes_later_forget(&k->writer.late, key);
		return;
	}
	write->key = *key;
	send_write(k, write, &what);
	json_decref(what.body);
}

static struct kubernetes_write *find(struct kubernetes *k, const struct k8s_translate_key *key)
{
	for (size_t i = 0; i < KUBERNETES_WRITES_MAX; i++) {
		if (k->writer.writes[i].call && same_key(&k->writer.writes[i].key, key))
			return &k->writer.writes[i];
	}
	return NULL;
}

static struct kubernetes_write *find_free(struct kubernetes *k)
{
	for (size_t i = 0; i < KUBERNETES_WRITES_MAX; i++) {
		if (!k->writer.writes[i].call)
			return &k->writer.writes[i];
	}
	return NULL;
}

static void look_with(struct kubernetes *k, const struct k8s_translate_key *key,
                      struct kubernetes_write *spare)
{
	struct kubernetes_write *write = find(k, key);

	if (write)
		write->again = true;
	else
		look(k, key, spare);
}

/* What changed comes before what failed. */
static bool take(struct kubernetes *k, int64_t now_us, struct k8s_translate_key *ret_key)
{
	struct kubernetes_later *soon = &k->writer.soon, *late = &k->writer.late;

	if (kubernetes_later_due(soon) <= now_us) {
		*ret_key = *kubernetes_later_first(soon);
		kubernetes_later_forget(soon, ret_key);
		return true;
	}
	if (k8s_translator_take(k->translator, ret_key))
		return true;
	if (kubernetes_later_due(late) > now_us)
		return false;
	/* It stays there until it is written. */
	*ret_key = *kubernetes_later_first(late);
	(void)kubernetes_later_put(late, ret_key, now_us + LATE_US, NULL);
	return true;
}

int64_t kubernetes_write_step(struct kubernetes *k, int64_t now_us)
{
	struct k8s_translate_key key;

	if (!kubernetes_lead_is_ours(k, now_us))
		return TIME_NEVER;
	for (size_t looked = 0; looked < LOOK_STEP; looked++) {
		struct kubernetes_write *spare = find_free(k);
		if (!spare) /* an answer wakes us */
			return TIME_NEVER;
		if (!take(k, now_us, &key)) {
			int64_t soon_us = kubernetes_later_due(&k->writer.soon);
			int64_t late_us = kubernetes_later_due(&k->writer.late);
			return soon_us < late_us ? soon_us : late_us;
		}
		look_with(k, &key, spare);
	}
	return now_us;
}

/* --- life --- */

void kubernetes_write_open(struct kubernetes *k)
{
	for (size_t i = 0; i < KUBERNETES_WRITES_MAX; i++)
		k->writer.writes[i].kubernetes = k;
	k->writer.events = k8s_events_new(k->options->node);
}

void kubernetes_write_close(struct kubernetes *k)
{
	struct kubernetes_told *told, *next;

	for (size_t i = 0; i < KUBERNETES_WRITES_MAX; i++) {
		if (k->writer.writes[i].call)
			k8s_request_cancel(k->writer.writes[i].call);
	}
	kubernetes_later_close(&k->writer.soon);
	kubernetes_later_close(&k->writer.late);
	if (k->writer.events)
		k8s_events_free(k->writer.events);
	HASH_ITER (hh, k->writer.told, told, next) {
		HASH_DEL(k->writer.told, told);
		free(told);
	}
}
