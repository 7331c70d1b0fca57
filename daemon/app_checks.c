/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts of health checks on their way to IPVS and to VRRP, what is tracked, and what else VRRP
 * is told. */
#include "daemon/app.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

/* Of whatever source: vrrp/config.h puts together what names the same router. */
struct vrrp_restraint *app_restraints(const struct app *app, size_t *ret_count)
{
	struct {
		const struct vrrp_restraint *items;
		size_t count;
	} sources[3];
	struct vrrp_restraint *all;
	size_t total = 0;

	sources[0].items = replication_restraints(app->replication, &sources[0].count);
	sources[1].items = checks_restraints(&app->checks, &sources[1].count);
	sources[2].items = tracks_restraints(&app->tracks, &sources[2].count);
	all = xcalloc(sources[0].count + sources[1].count + sources[2].count + 1, sizeof(*all));
	for (size_t i = 0; i < LT_ARRAY_SIZE(sources); i++) {
		for (size_t j = 0; j < sources[i].count; j++)
			all[total++] = sources[i].items[j];
	}
	*ret_count = total;
	return all;
}

/* One that has to wait keeps those waiting that move with it. */
static bool is_held(const struct app *app, const struct vrrp_config *config,
                    const struct vrrp_router_config *router)
{
	for (size_t i = 0; i < config->router_count; i++) {
		const struct vrrp_router_config *other = &config->routers[i];

		if (other == router ||
		    (router->sync_group[0] && strcmp(other->sync_group, router->sync_group) == 0))
			if (reconcile_holds(&app->reconcile, other->name))
				return true;
	}
	return false;
}

/* Takes out those that are held. */
static void leave_held_out(const struct app *app, struct vrrp_config *config)
{
	bool *held = xcalloc(config->router_count + 1, sizeof(*held));
	size_t kept = 0;

	for (size_t i = 0; i < config->router_count; i++)
		held[i] = is_held(app, config, &config->routers[i]);
	for (size_t i = 0; i < config->router_count; i++) {
		if (!held[i])
			config->routers[kept++] = config->routers[i];
		else
			vrrp_auth_config_done(&config->routers[i].auth);
	}
	config->router_count = kept;
	free(held);
}

void app_configure_vrrp(struct app *app)
{
	struct vrrp_circumstances circumstances = {
		.lingering = app->lingering,
		.lingering_count = app->lingering_count,
		.keys = app->router_keys.routers,
		.key_count = app->router_keys.router_count,
	};
	struct vrrp_restraint *restraints = app_restraints(app, &circumstances.restraint_count);

	circumstances.restraints = restraints;
	struct vrrp_config *config = vrrp_config_build(app->sources.snapshot, &circumstances);

	free(restraints);
	leave_held_out(app, config);
	if (!app->stopping)
		mute_memory_note(&app->mute_memory, config);
	vrrp_thread_configure(app->vrrp, config);
}

void app_keys_changed(void *ctx)
{
	struct app *app = ctx;

	if (app->stopping || !app->sources.snapshot)
		return;
	router_keys_load(&app->router_keys, app->sources.snapshot);
	app_configure_vrrp(app);
}

static void servers_changed(void *ctx, const struct ipvs_scope *scope)
{
	struct app *app = ctx;

	reconcile_verdicts_changed(&app->reconcile, scope);
}

static void restrained(void *ctx)
{
	struct app *app = ctx;

	if (!app->stopping)
		app_configure_vrrp(app);
}

int app_open_checks(struct app *app)
{
	struct checks_handlers handlers = {
		.changed = servers_changed, .restrained = restrained, .ctx = app};
	const struct tracks_handlers track_handlers = {
		.restrained = restrained, .told = app_track_told, .ctx = app};
	int rc;

	app_tell_checks(&handlers);
	rc = checks_open(&app->checks, app->loop, app->options->state_dir, &app->reconcile.drains,
	                 &handlers);

	if (rc)
		log_error("health", "servers can't be checked: %s", strerror(-rc));
	else
		app->reconcile.balance.verdicts = &app->checks.verdicts;
	if (rc)
		return rc;
	rc = tracks_open(&app->tracks, app->loop, &track_handlers);
	if (rc) {
		log_error("track", "nothing can be tracked: %s", strerror(-rc));
		checks_close(&app->checks);
	}
	return rc;
}
