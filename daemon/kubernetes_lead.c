/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lease on writing, carried out. */
#include "daemon/kubernetes_parts.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <stdio.h>
#include <stdlib.h>

static const struct k8s_resource leases = {"coordination.k8s.io/v1", "leases", "Lease"};

static void step(struct kubernetes *k);

bool kubernetes_lead_is_ours(struct kubernetes *k, int64_t now_us)
{
	bool leading = k8s_lease_is_leading(&k->lead.lease, now_us);

	if (leading == k->lead.leading)
		return leading;
	k->lead.leading = leading;
	log_notice(KUBERNETES_COMPONENT,
	           leading ? "leading: gives addresses and writes status" : "leading no more");
	k8s_translator_lead(k->translator, leading);
	if (leading)
		k8s_translator_take_again(k->translator);
	kubernetes_wake(k);
	return leading;
}

static void answered(void *ctx, const struct k8s_answer *answer)
{
	struct kubernetes *k = ctx;
	struct k8s_lease *lease = &k->lead.lease;
	int64_t now_us = mono_now_us();
	bool failed = false;

	k->lead.call = NULL;
	switch (answer->outcome) {
	case K8S_OUTCOME_DONE:
		k8s_lease_answer(lease, now_us, answer->object);
		break;
	case K8S_OUTCOME_CONFLICT:
		k8s_lease_conflict(lease, now_us);
		break;
	case K8S_OUTCOME_NOT_FOUND:
		k8s_lease_not_found(lease, now_us);
		break;
	case K8S_OUTCOME_REFUSED:
	case K8S_OUTCOME_GIVEN_UP:
	case K8S_OUTCOME_DROPPED:
	case K8S_OUTCOME_COUNT:
		k8s_lease_failed(lease, now_us);
		failed = true;
		break;
	}
	if (failed && !k->lead.failing)
		log_warn(KUBERNETES_COMPONENT, "the lease %s/%s can't be had or kept: %s",
		         lease->namespace, lease->name, answer->why);
	free(k->lead.failing);
	k->lead.failing = failed ? xstrdup(answer->why) : NULL;
	step(k);
}

static void send_action(struct kubernetes *k, enum k8s_lease_action action)
{
	const struct k8s_lease *lease = &k->lead.lease;
	struct k8s_request request = {
		.priority = K8S_PRIORITY_HIGH,
		.attempts = 1,
		.patience_us = K8S_LEASE_PATIENCE_US,
		.answered = answered,
		.ctx = k,
	};
	struct text path = {0};

	k8s_path_add(&path, &leases, lease->namespace,
	             action == K8S_LEASE_CREATE ? NULL : lease->name, NULL);
	request.path = text_str(&path);
	request.verb = action == K8S_LEASE_CREATE   ? K8S_VERB_CREATE
	               : action == K8S_LEASE_UPDATE ? K8S_VERB_UPDATE
	                                            : K8S_VERB_GET;
	if (action != K8S_LEASE_READ)
		request.body = k8s_lease_body(lease, mono_wall_us());
	k->lead.call = k8s_request_send(k->requests, &request);
	json_decref(request.body);
	text_done(&path);
}

static void step(struct kubernetes *k)
{
	enum k8s_lease_action action = K8S_LEASE_NOTHING;
	int64_t now_us = mono_now_us();

	if (!k->lead.call)
		action = k8s_lease_next(&k->lead.lease, now_us);
	(void)kubernetes_lead_is_ours(k, now_us);
	if (action != K8S_LEASE_NOTHING)
		send_action(k, action);
	loop_deadline_arm(&k->lead.due, k8s_lease_deadline(&k->lead.lease));
}

static void due(struct loop_deadline *deadline)
{
	struct kubernetes_lead *lead = lt_container_of(deadline, struct kubernetes_lead, due);

	step(lt_container_of(lead, struct kubernetes, lead));
}

int kubernetes_lead_open(struct kubernetes *k)
{
	char name[KUBERNETES_NAME_SIZE];

	k8s_lease_init(&k->lead.lease, k8s_auth_namespace(k->auth), kubernetes_name(k, "", name),
	               k->options->node, kubernetes_seed(k));
	k->lead.due.expired = due;
	int rc = loop_deadline_init(k->loop, &k->lead.due);
	k->lead.open = rc == 0;
	if (rc == 0)
		step(k);
	return rc;
}

void kubernetes_lead_release(struct kubernetes *k)
{
	k8s_lease_release(&k->lead.lease, mono_now_us());
	step(k);
}

void kubernetes_lead_close(struct kubernetes *k)
{
	if (k->lead.call)
		k8s_request_cancel(k->lead.call);
	if (k->lead.open)
		loop_deadline_done(&k->lead.due);
	free(k->lead.failing);
}
