/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reading the sources again: what changed is in the kernel before all else is looked at. */
#include "daemon/app.h"

#include "daemon/memory.h"
#include "lib/log.h"
#include "lib/mono.h"

#include <stdlib.h>

/* After what a reload knew at once, until it looks at the rest. */
#define RELOAD_REST_US (10 * US_PER_MS)

/* Most reloads change who serves, and nothing else. */
static bool amend(struct app *app)
{
	struct model_amendment amendment;

	if (!sources_find_amendment(&app->sources, &amendment))
		return false;
	app_amend(app, &amendment);
	sources_amended(&app->sources, mono_now_us());
	model_amendment_done(&amendment);
	return true;
}

/* True: all were told of another snapshot, and what it names, such as keys, was read with it. */
static bool load(struct app *app)
{
	struct model_snapshot *before;

	if (amend(app)) {
		events_configuration(&app->events, true);
		return false;
	}
	struct sources_others others = app_others(app);
	bool loaded = sources_load(&app->sources, &others, mono_now_us(), &before);
	events_configuration(&app->events, loaded);
	if (loaded)
		app_snapshot_changed(app, before);
	free((void *)others.items);
	return loaded;
}

/* All else that a reload reads, in a turn of its own: there may be thousands of files, and what
 * changes on some file systems nobody is told. */
static void reload_rest(struct loop_deadline *deadline)
{
	struct app *app = lt_container_of(deadline, struct app, rest);
	bool keys_are_read = app->keys_are_read;

	app->rest_is_due = false;
	if (app->stopping)
		return;
	if (app->options->path_count > 0 && (sources_look(&app->sources) || !app->rest_is_known)) {
		keys_are_read = load(app);
		memory_give_back(); /* it may have been all of it that changed */
	}
	events_reload(&app->events);
	replication_reload(app->replication);
	if (!keys_are_read)
		app_keys_changed(app);
	if (notify_ready(&app->notify))
		log_debug("daemon", "the service manager can't be told");
}

/* What is known to have changed is in force first. */
void app_reload(struct app *app)
{
	if (app->stopping)
		return;
	if (notify_reloading(&app->notify, mono_now_us()))
		log_debug("daemon", "the service manager can't be told");
	app->rest_is_known = app->options->path_count > 0 && sources_look_at_told(&app->sources);
	app->keys_are_read = app->rest_is_known && load(app);
	/* When it is due already it stays so: it comes, however often we are told to reload. */
	if (!app->rest_is_due)
		loop_deadline_arm(&app->rest,
		                  mono_now_us() + (app->rest_is_known ? RELOAD_REST_US : 0));
	app->rest_is_due = true;
}

int app_open_reload(struct app *app)
{
	app->rest.expired = reload_rest;
	return loop_deadline_init(app->loop, &app->rest);
}
