/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of the daemon log, on its way to those who are told (--notify). */
#include "daemon/app.h"

#include "lib/log.h"

#include <string.h>

static void server_told(void *ctx, const struct health_entry *entry)
{
	struct app *app = ctx;

	events_server(&app->events, entry);
}

static void servers_told(void *ctx, size_t count)
{
	struct app *app = ctx;

	events_servers(&app->events, count);
}

static void answering_told(void *ctx, const struct checks_virtual *virtual_server,
                           const enum checks_serving *before)
{
	struct app *app = ctx;

	events_answering(&app->events, virtual_server, before);
}

static void quorum_told(void *ctx, const struct checks_virtual *virtual_server)
{
	struct app *app = ctx;

	events_quorum(&app->events, virtual_server);
}

void app_vrrp_event(void *ctx, int level, const char *message)
{
	log_at((enum log_level)level, "vrrp", "%s", message);
}

void app_vrrp_stopped(void *ctx)
{
	struct app *app = ctx;

	if (app->options->on_exit == DAEMON_EXIT_CLEAN)
		mute_memory_forget(&app->mute_memory);
	if (events_flush(&app->events))
		loop_stop(app->loop);
}

void app_tell_checks(struct checks_handlers *handlers)
{
	handlers->server_told = server_told;
	handlers->servers_told = servers_told;
	handlers->answering_told = answering_told;
	handlers->quorum_told = quorum_told;
}

void app_replication_stepped(void *ctx, const char *router, const char *from, const char *to)
{
	struct app *app = ctx;

	events_replication(&app->events, router, from, to);
}

void app_track_told(void *ctx, const struct track_item *item, enum vrrp_track_verdict from)
{
	struct app *app = ctx;

	events_track(&app->events, item, from);
}

/* Balancing does not wait for those who want to hear of it. */
void app_open_events(struct app *app)
{
	int rc = events_open(&app->events, app);

	if (rc)
		log_error("notify", "nobody is told what happens: %s", strerror(-rc));
	if (app->options->path_count > 0)
		events_configuration(&app->events, true);
}
