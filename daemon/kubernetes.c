/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/kubernetes_parts.h"

#include "daemon/scheduling.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define STEP           250            /* objects that are translated in one turn: a millisecond */
#define APPLY_SHARE    2              /* rests so many times as long as applying took ... */
#define APPLY_REST_MAX (2 * US_PER_S) /* ... but no longer */

/* --- turns: a little of everything, then the loop goes on --- */

void kubernetes_wake(struct kubernetes *k)
{
	if (k->woken) /* and that was seen to, or will be at the end of the turn under way */
		return;
	k->woken = true;
	if (k->opened && !k->turning)
		loop_deadline_arm(&k->turn, loop_now_us(k->loop));
}

static void become_known(struct kubernetes *k, int64_t now_us)
{
	k->known = true;
	k->known_us = now_us;
	k->dirty = true;
	scheduling_be_prompt(); /* it gave way since app_open() */
	log_notice(KUBERNETES_COMPONENT, "the cluster's state is known services=%zu nodes=%zu",
	           k8s_store_count(k->store, K8S_SERVICE), k8s_store_count(k->store, K8S_NODE));
}

static bool is_in_step(const struct kubernetes *k, enum k8s_kind kind)
{
	const struct k8s_reflector *reflector = k->resources[kind].reflector;

	return reflector && k8s_reflector_status(reflector)->in_step;
}

static bool takes_leave(const struct kubernetes *k)
{
	return is_in_step(k, K8S_NODE) &&
	       k8s_nodes_may_stand_down(k8s_translator_nodes(k->translator), k->options->node);
}

bool kubernetes_wants_hand_over(const struct kubernetes *k, const char *router)
{
	return takes_leave(k) || (is_in_step(k, K8S_NODE) && is_in_step(k, K8S_SLICE) &&
	                          k8s_translator_is_better_elsewhere(k->translator, router));
}

/* As long as we own what another is to have, we go on with it. */
static void note_hand_over(struct kubernetes *k)
{
	bool owns = false;

	for (size_t i = 0; i < k->active_count; i++)
		owns |= strcmp(k->actives[i].node, k->options->node) == 0;
	k8s_translator_hand_over(k->translator, owns && takes_leave(k));
}

/* Without a state from before, nothing is said until all is known: what is in
 * the kernel from a former run would be taken for what is wanted no more. */
static void apply(struct kubernetes *k, int64_t now_us)
{
	if (!k->known && kubernetes_follow_is_settled(k) && kubernetes_members_are_known(k))
		become_known(k, now_us);
	if (!k->known || !k->dirty || now_us < k->apply_at_us)
		return;
	note_hand_over(k);
	if (!k->handler.replaced(k->handler.ctx))
		k->handler.changed(k->handler.ctx);
	int64_t done_us = mono_now_us();
	int64_t rest_us = (done_us - now_us) * APPLY_SHARE;
	k->apply_at_us = done_us + (rest_us < APPLY_REST_MAX ? rest_us : APPLY_REST_MAX);
}

/* As long as nothing is said, nothing is translated: a Service that comes before its endpoints
 * would be twice. False: there is more to do. */
static bool translate_some(struct kubernetes *k)
{
	if (!k->known && !kubernetes_follow_is_settled(k))
		return true;
	if (k8s_translator_run(k->translator, STEP))
		k->dirty = true;
	return !k8s_translator_is_pending(k->translator);
}

void kubernetes_turn(struct kubernetes *k)
{
	int64_t now_us = loop_now_us(k->loop), next_us = TIME_NEVER;

	k->turning = true;
	k->woken = false;
	if (!translate_some(k)) {
		next_us = now_us;
	} else {
		kubernetes_follow_more(k);
		apply(k, now_us);
		if (k->known && k->health.due)
			kubernetes_health_step(k);
		if (k->known && k->dirty)
			next_us = k->apply_at_us;
		else if (k->known)
			next_us = kubernetes_write_step(k, now_us);
	}
	k->turning = false;
	loop_deadline_arm(&k->turn, k->woken ? now_us : next_us);
}

static void turn(struct loop_deadline *deadline)
{
	kubernetes_turn(lt_container_of(deadline, struct kubernetes, turn));
}

/* --- small things --- */

uint64_t kubernetes_seed(struct kubernetes *k)
{
	k->random = k->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return k->random | 1;
}

const char *kubernetes_name(const struct kubernetes *k, const char *more,
                            char buf[static KUBERNETES_NAME_SIZE])
{
	const char *class = k->options->class;
	bool usual = strcmp(class, K8S_CLASS_DEFAULT) == 0;

	snprintf(buf, KUBERNETES_NAME_SIZE, "lintel%s%s%s%s", usual ? "" : "-", usual ? "" : class,
	         *more ? "-" : "", more);
	for (char *c = buf; *c; c++) {
		*c = (char)tolower((unsigned char)*c);
		if (!isalnum((unsigned char)*c) && *c != '-' && *c != '.')
			*c = '-';
	}
	return buf;
}

/* --- what kube-proxy leaves us --- */

static void free_held(struct kubernetes *k)
{
	for (size_t i = 0; i < k->held_count; i++) {
		free((char *)k->held[i].router);
		free((char *)k->held[i].sentence);
	}
	free(k->held);
}

void kubernetes_hold(struct kubernetes *k, const struct kubernetes_held *held, size_t count)
{
	struct kubernetes_held *copy = xcalloc(count + 1, sizeof(*copy));
	bool differs = (count > 0) != (k->held_count > 0);

	for (size_t i = 0; i < count; i++)
		copy[i] = (struct kubernetes_held){xstrdup(held[i].router),
		                                   xstrdup(held[i].sentence)};
	if (count > 0 && (differs || strcmp(copy[0].sentence, k->held[0].sentence) != 0))
		kubernetes_write_held(k, copy[0].sentence);
	free_held(k);
	k->held = copy;
	k->held_count = count;
	if (!differs)
		return;
	kubernetes_members_publish(k);
	k8s_translator_take_again(k->translator);
	kubernetes_wake(k);
}

/* --- life --- */

static int open_client(struct kubernetes *k)
{
	struct text why = {0};
	int rc = kubernetes_auth_open(k->options->kubeconfig, &k->auth, &why);

	if (rc)
		log_error(KUBERNETES_COMPONENT, "the API can't be asked: %s", text_str(&why));
	text_done(&why);
	if (rc == 0)
		rc = k8s_http_new(k->loop, k->auth, &k->http);
	if (rc == 0)
		rc = k8s_requests_new(k->loop, k->http, kubernetes_seed(k), &k->requests);
	return rc;
}

static void open_translator(struct kubernetes *k)
{
	const struct k8s_translate_params params = {
		.class = k->options->class,
		.default_class = k->options->default_class,
		.node = k->options->node,
		.namespace = k8s_auth_namespace(k->auth),
		.namespaces = k->options->namespaces,
		.namespace_count = k->options->namespace_count,
	};
	int64_t now_us = mono_now_us();

	k->store = k8s_store_new();
	/* The translator is there first, to be told of versions before the last one. */
	k->translator = k8s_translator_new(k->store, &params);
	if (!kubernetes_cache_load(k))
		return;
	k->known = true;
	k->known_us = now_us;
}

/* All at once: nothing waits yet, and what follows wants to know all of it. */
static void translate_all(struct kubernetes *k)
{
	do
		(void)k8s_translator_run(k->translator, SIZE_MAX);
	while (k8s_translator_is_pending(k->translator));
}

static int open_parts(struct kubernetes *k)
{
	int rc = kubernetes_cache_open(k);

	if (rc == 0)
		rc = kubernetes_members_open(k);
	if (k->known)
		translate_all(k);
	if (rc == 0)
		rc = kubernetes_follow_open(k);
	if (rc == 0)
		rc = kubernetes_lead_open(k);
	if (rc == 0)
		rc = kubernetes_health_open(k);
	return rc;
}

int kubernetes_open(struct loop *loop, const struct daemon_run_options *options,
                    const struct kubernetes_handler *handler, struct kubernetes **ret_kubernetes)
{
	struct kubernetes *k = xcalloc(1, sizeof(*k));

	k->loop = loop;
	k->options = options;
	k->handler = *handler;
	k->cache.fd = -1;
	if (getrandom(&k->random, sizeof(k->random), GRND_NONBLOCK) != sizeof(k->random))
		k->random = (uint64_t)mono_wall_us();
	k->turn.expired = turn;
	int rc = open_client(k);
	if (rc == 0) {
		open_translator(k);
		kubernetes_write_open(k);
		rc = loop_deadline_init(loop, &k->turn);
		k->opened = rc == 0;
	}
	if (rc == 0)
		rc = open_parts(k);
	if (rc) {
		kubernetes_close(k);
		return rc;
	}
	log_notice(KUBERNETES_COMPONENT, "following the cluster server=%s class=%s from=%s",
	           k8s_auth_server(k->auth), options->class, k->known ? "disk" : "nothing");
	loop_deadline_arm(&k->turn, mono_now_us());
	*ret_kubernetes = k;
	return 0;
}

void kubernetes_stop(struct kubernetes *k)
{
	if (k)
		kubernetes_lead_release(k);
}

void kubernetes_close(struct kubernetes *k)
{
	if (!k)
		return;
	kubernetes_write_close(k);
	kubernetes_health_close(k);
	kubernetes_lead_close(k);
	kubernetes_members_close(k);
	kubernetes_cache_close(k);
	kubernetes_follow_close(k);
	k8s_requests_free(k->requests);
	k8s_http_free(k->http);
	k8s_auth_free(k->auth);
	if (k->opened)
		loop_deadline_done(&k->turn);
	if (k->translator)
		k8s_translator_free(k->translator);
	k8s_store_free(k->store);
	free(k->actives);
	free_held(k);
	free(k);
}

/* --- for the daemon --- */

bool kubernetes_is_known(const struct kubernetes *k)
{
	return k->known;
}

const struct model_objects **kubernetes_others(const struct kubernetes *k, size_t *ret_count)
{
	if (k->known)
		return k8s_translator_sources(k->translator, ret_count);
	*ret_count = 0;
	return NULL;
}

const struct model_objects **kubernetes_replaced(const struct kubernetes *k, size_t *ret_count)
{
	return k8s_translator_replaced(k->translator, ret_count);
}

void kubernetes_applied(struct kubernetes *k, const struct model_snapshot *snapshot)
{
	k8s_translator_settled(k->translator);
	k->snapshot = snapshot;
	k->dirty = false;
	kubernetes_wake(k);
}

/* Whose address is it? */
static const char *node_of(const struct kubernetes *k, const struct addr *address)
{
	const struct k8s_nodes *nodes = k8s_translator_nodes(k->translator);

	for (size_t i = 0; i < nodes->count; i++) {
		if (addr_equal(&nodes->entries[i].ipv4, address) ||
		    addr_equal(&nodes->entries[i].ipv6, address))
			return nodes->entries[i].name;
	}
	return "";
}

void kubernetes_observe(struct kubernetes *k, const struct model_router_status *routers,
                        size_t count)
{
	struct kubernetes_active *now = xcalloc(count + 1, sizeof(*now));

	for (size_t i = 0; i < count; i++) {
		const char *node = "";
		if (routers[i].state == MODEL_ROUTER_ACTIVE)
			node = k->options->node;
		else if (routers[i].state == MODEL_ROUTER_BACKUP &&
		         routers[i].active.family != ADDR_NONE)
			node = node_of(k, &routers[i].active);
		snprintf(now[i].router, sizeof(now[i].router), "%s", routers[i].name);
		snprintf(now[i].node, sizeof(now[i].node), "%s", node);
		now[i].address_count = routers[i].address_count;
	}
	bool same = count == k->active_count &&
	            (count == 0 || memcmp(now, k->actives, count * sizeof(*now)) == 0);
	free(k->actives);
	k->actives = now;
	k->active_count = count;
	if (same)
		return;
	note_hand_over(k);
	if (k->lead.leading)
		k8s_translator_take_again(k->translator);
	kubernetes_wake(k);
}
