/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each instance has a lease of its own, which says that Lintel runs on its
 * node; who has not renewed it for long, as seen from here and while the API is
 * followed, runs no more. The names are kept on disk, so that a start without
 * the API ranks the nodes as before. */
#include "daemon/kubernetes_parts.h"

#include "k8s/json_tree.h"
#include "k8s/stamp.h"
#include "lib/fileio.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEMBERS_MAX 5000
#define RENEW_US    (60 * US_PER_S)
#define AGAIN_US    (10 * US_PER_S)  /* after a failure */
#define LOST_US     (200 * US_PER_S) /* without a change: three renewals */
#define DURATION_S  200
#define LABEL       "lintel.io/instance-of"
#define FILE_NAME   "kubernetes-members"
#define FILE_MAX    ((size_t)MEMBERS_MAX * (K8S_NAME_LEN_MAX + 8))
#define HELD        "lintel.io/held-by" /* annotation: why it takes no part */

static const struct k8s_resource leases = {"coordination.k8s.io/v1", "leases", "Lease"};

/* --- who takes part --- */

/* Behind a name. */
static const char *const states[] = {
	[K8S_MEMBER_RUNS] = "", [K8S_MEMBER_SILENT] = "silent", [K8S_MEMBER_HELD] = "held"};

/* 'names' are lines: a node, and its state unless it simply runs. */
static void tell_translator(struct kubernetes *k, const char *names)
{
	char *copy = xstrdup(names), *rest = NULL;
	struct k8s_member *list = xcalloc(MEMBERS_MAX + 1, sizeof(*list));
	size_t count = 0;

	for (char *name = strtok_r(copy, "\n", &rest); name && count < MEMBERS_MAX;
	     name = strtok_r(NULL, "\n", &rest)) {
		char *state = strchr(name, ' ');
		list[count].name = name;
		if (state)
			*state++ = '\0';
		for (size_t i = 0; state && i < LT_ARRAY_SIZE(states); i++) {
			if (strcmp(states[i], state) == 0)
				list[count].state = (enum k8s_member_state)i;
		}
		count++;
	}
	k8s_translator_members(k->translator, list, count);
	free(list);
	free(copy);
	kubernetes_wake(k);
}

static char *file_path(const struct kubernetes *k)
{
	struct text path = {0};

	text_printf(&path, "%s/" FILE_NAME, k->options->state_dir);
	return text_take(&path);
}

static void keep(struct kubernetes *k, const char *names)
{
	char *path = file_path(k);
	int rc = fileio_replace(path, names, strlen(names), 0600);

	if (rc)
		log_warn(KUBERNETES_COMPONENT, "%s: %s", path, strerror(-rc));
	free(path);
}

/* Nobody is lost while we don't hear of anybody. */
static bool is_there(const struct kubernetes *k, const struct kubernetes_member *member,
                     int64_t now_us)
{
	const struct k8s_watch *watch = k8s_reflector_status(k->members.reflector);
	int64_t from_us = member->changed_us > watch->in_step_us ? member->changed_us
	                                                         : watch->in_step_us;

	return !watch->in_step || now_us - from_us < LOST_US;
}

static int compare_names(const void *left, const void *right)
{
	const struct k8s_member *a = left, *b = right;

	return strcmp(a->name, b->name);
}

static void evaluate(struct kubernetes *k)
{
	struct kubernetes_members *members = &k->members;
	struct k8s_member *list = xcalloc(members->count + 1, sizeof(*list));
	struct text lines = {0};
	int64_t now_us = mono_now_us();
	size_t count = 0;
	bool own = false;

	for (size_t i = 0; i < members->count; i++) {
		const struct kubernetes_member *member = &members->items[i];
		enum k8s_member_state state = member->held ? K8S_MEMBER_HELD : K8S_MEMBER_RUNS;
		/* It may have lost the API only, and own what it owned. */
		if (!is_there(k, member, now_us))
			state = K8S_MEMBER_SILENT;
		if (strcmp(member->node, k->options->node) == 0) {
			own = true;
			state = K8S_MEMBER_RUNS;
		}
		list[count++] = (struct k8s_member){member->node, state};
	}
	if (!own)
		list[count++] = (struct k8s_member){k->options->node, K8S_MEMBER_RUNS};
	qsort(list, count, sizeof(*list), compare_names);
	for (size_t i = 0; i < count; i++)
		text_printf(&lines, "%s%s%s\n", list[i].name, *states[list[i].state] ? " " : "",
		            states[list[i].state]);
	free(list);
	if (!members->told || strcmp(members->told, text_str(&lines)) != 0) {
		log_info(KUBERNETES_COMPONENT, "instances of Lintel count=%zu", count);
		free(members->told);
		members->told = text_take(&lines);
		tell_translator(k, members->told);
		keep(k, members->told);
	}
	text_done(&lines);
}

/* --- what the API says --- */

static struct kubernetes_member *find(struct kubernetes_members *members, const char *node)
{
	for (size_t i = 0; i < members->count; i++) {
		if (strcmp(members->items[i].node, node) == 0)
			return &members->items[i];
	}
	return NULL;
}

static const char *holder(const struct tree *object)
{
	return k8s_json_tree_text(tree_get(object, "spec"), "holderIdentity");
}

static void replacing(void *ctx)
{
	struct kubernetes *k = ctx;

	for (size_t i = 0; i < k->members.count; i++)
		k->members.items[i].marked = false;
}

static void upserted(void *ctx, const struct tree *object)
{
	struct kubernetes *k = ctx;
	struct kubernetes_members *members = &k->members;
	const char *node = holder(object);
	const char *renewed = k8s_json_tree_text(tree_get(object, "spec"), "renewTime");
	struct kubernetes_member *member = find(members, node);

	if (!*node || strlen(node) > K8S_NAME_LEN_MAX || strchr(node, '\n'))
		return;
	if (!member) {
		if (members->count == MEMBERS_MAX)
			return;
		members->items =
			xreallocarray(members->items, members->count + 1, sizeof(*members->items));
		member = &members->items[members->count++];
		*member = (struct kubernetes_member){.changed_us = mono_now_us()};
		snprintf(member->node, sizeof(member->node), "%s", node);
	}
	member->marked = true;
	member->held =
		*k8s_json_tree_text(tree_get(tree_get(object, "metadata"), "annotations"), HELD);
	if (strncmp(member->renewed, renewed, sizeof(member->renewed) - 1) != 0) {
		snprintf(member->renewed, sizeof(member->renewed), "%s", renewed);
		member->changed_us = mono_now_us();
	}
	if (k8s_reflector_status(members->reflector)->in_step)
		evaluate(k);
}

static void forget(struct kubernetes_members *members, struct kubernetes_member *member)
{
	*member = members->items[--members->count];
}

static void deleted(void *ctx, const struct tree *object)
{
	struct kubernetes *k = ctx;
	struct kubernetes_member *member = find(&k->members, holder(object));

	if (!member)
		return;
	forget(&k->members, member);
	evaluate(k);
}

static void replaced(void *ctx)
{
	struct kubernetes *k = ctx;

	for (size_t i = k->members.count; i-- > 0;) {
		if (!k->members.items[i].marked)
			forget(&k->members, &k->members.items[i]);
	}
	evaluate(k);
}

static void changed(void *ctx)
{
	struct kubernetes *k = ctx;

	kubernetes_follow_changed(k, k->members.reflector);
}

/* --- what we say --- */

static void answered(void *ctx, const struct k8s_answer *answer)
{
	struct kubernetes *k = ctx;

	bool failed = answer->outcome != K8S_OUTCOME_DONE;

	k->members.call = NULL;
	if (failed && !k->members.failing)
		log_warn(KUBERNETES_COMPONENT, "others are not told that this instance runs: %s",
		         answer->why);
	free(k->members.failing);
	k->members.failing = failed ? xstrdup(answer->why) : NULL;
	if (failed)
		loop_deadline_arm(&k->members.due, mono_now_us() + AGAIN_US);
}

static void publish(struct kubernetes *k)
{
	char of[KUBERNETES_NAME_SIZE], name[KUBERNETES_NAME_SIZE + 8], stamp[K8S_STAMP_SIZE];
	struct text path = {0};

	kubernetes_name(k, k->options->node, name);
	kubernetes_name(k, "", of);
	of[63] = '\0'; /* a label's value is no longer */
	k8s_stamp_format_micro(mono_wall_us(), stamp);
	json_t *body = json_pack(
		"{s:s,s:s,s:{s:s,s:s,s:{s:s},s:{s:s*}},s:{s:s,s:i,s:s}}", "apiVersion",
		leases.api_version, "kind", leases.kind, "metadata", "name", name, "namespace",
		k8s_auth_namespace(k->auth), "labels", LABEL, of, "annotations", HELD,
		k->held_count ? "kube-proxy" : NULL, "spec", "holderIdentity", k->options->node,
		"leaseDurationSeconds", DURATION_S, "renewTime", stamp);
	k8s_path_add(&path, &leases, k8s_auth_namespace(k->auth), name, NULL);
	const struct k8s_request request = {
		.verb = K8S_VERB_APPLY,
		.priority = K8S_PRIORITY_NORMAL,
		.path = text_str(&path),
		.body = body,
		.patience_us = RENEW_US / 2,
		.answered = answered,
		.ctx = k,
	};
	if (body)
		k->members.call = k8s_request_send(k->requests, &request);
	json_decref(body);
	text_done(&path);
}

static void due(struct loop_deadline *deadline)
{
	struct kubernetes_members *members =
		lt_container_of(deadline, struct kubernetes_members, due);
	struct kubernetes *k = lt_container_of(members, struct kubernetes, members);

	bool busy = members->call;
	if (!busy)
		publish(k);
	if (k8s_reflector_status(members->reflector)->listed)
		evaluate(k);
	loop_deadline_arm(deadline, mono_now_us() + (busy ? US_PER_S : RENEW_US));
}

void kubernetes_members_publish(struct kubernetes *k)
{
	if (k->members.open)
		loop_deadline_arm(&k->members.due, mono_now_us());
}

/* --- life --- */

static void load(struct kubernetes *k)
{
	char *path = file_path(k);
	size_t size;
	int rc = fileio_read(path, FILE_MAX, &k->members.told, &size);

	if (rc && rc != -ENOENT)
		log_warn(KUBERNETES_COMPONENT, "%s: %s", path, strerror(-rc));
	if (rc == 0)
		tell_translator(k, k->members.told);
	free(path);
}

static int follow(struct kubernetes *k)
{
	const struct k8s_reflector_handler handler = {
		.replacing = replacing,
		.upserted = upserted,
		.deleted = deleted,
		.replaced = replaced,
		.changed = changed,
		.ctx = k,
	};
	char of[KUBERNETES_NAME_SIZE];
	struct text path = {0}, selector = {0};

	kubernetes_name(k, "", of);
	text_printf(&selector, LABEL "=%.63s", of);
	k8s_path_add(&path, &leases, k8s_auth_namespace(k->auth), NULL, NULL);
	k8s_path_add_query(&path, "labelSelector", text_str(&selector));
	const struct k8s_reflector_params params = {
		.name = "leases",
		.path = text_str(&path),
		.seed = kubernetes_seed(k),
	};
	int rc = k8s_reflector_new(k->loop, k->http, &params, &handler, &k->members.reflector);
	text_done(&path);
	text_done(&selector);
	return rc;
}

int kubernetes_members_open(struct kubernetes *k)
{
	k->members.due.expired = due;
	int rc = loop_deadline_init(k->loop, &k->members.due);
	k->members.open = rc == 0;
	load(k);
	if (rc == 0)
		rc = follow(k);
	if (rc == 0)
		due(&k->members.due);
	return rc;
}

void kubernetes_members_close(struct kubernetes *k)
{
	if (k->members.call)
		k8s_request_cancel(k->members.call);
	k8s_reflector_free(k->members.reflector);
	if (k->members.open)
		loop_deadline_done(&k->members.due);
	free(k->members.items);
	free(k->members.told);
	free(k->members.failing);
}

bool kubernetes_members_are_known(const struct kubernetes *k)
{
	return k->members.told || kubernetes_follow_is_absent(k->members.reflector);
}
