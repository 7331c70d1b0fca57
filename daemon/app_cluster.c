/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the daemon and the cluster tell each other. */
#include "daemon/app.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <stdlib.h>
#include <string.h>

#define HAND_OVER_AGAIN_US (30 * US_PER_S)

struct sources_others app_others(const struct app *app)
{
	struct sources_others others = {0};

	if (app->kubernetes)
		others.items = kubernetes_others(app->kubernetes, &others.count);
	return others;
}

void app_tell_held(struct app *app)
{
	const struct reconcile *r = &app->reconcile;
	struct kubernetes_held *held = xcalloc(r->held_count + 1, sizeof(*held));
	struct text sentence = {0};

	if (!app->kubernetes) {
		free(held);
		return;
	}
	for (size_t i = 0; i < r->held_count; i++) {
		text_clear(&sentence);
		kube_proxy_explain(&r->proxy_excludes, r->snapshot, r->held[i], &sentence);
		held[i] = (struct kubernetes_held){r->held[i]->name, xstrdup(text_str(&sentence))};
	}
	kubernetes_hold(app->kubernetes, held, r->held_count);
	for (size_t i = 0; i < r->held_count; i++)
		free((char *)held[i].sentence);
	free(held);
	text_done(&sentence);
}

void app_hand_over(struct app *app)
{
	int64_t now_us = mono_now_us();

	if (!app->kubernetes || app->stopping ||
	    (app->handed_over_us && now_us - app->handed_over_us < HAND_OVER_AGAIN_US))
		return;
	for (size_t i = 0; i < app->router_count; i++) {
		const struct model_router_status *status = &app->routers[i];
		const struct model_router *router =
			model_snapshot_router(app->sources.snapshot, status->name);
		if (!router || strcmp(router->origin.source, MODEL_SOURCE_KUBERNETES) != 0 ||
		    status->state != MODEL_ROUTER_ACTIVE || status->leaving ||
		    !kubernetes_wants_hand_over(app->kubernetes, status->name))
			continue;
		log_notice("daemon",
		           "handing over, as another node should rather be Active router=%s",
		           status->name);
		app->handed_over_us = now_us;
		vrrp_thread_failover(app->vrrp, status->name);
	}
}
