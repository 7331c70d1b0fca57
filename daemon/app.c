/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/app.h"

#include "daemon/alone.h"
#include "daemon/confine.h"
#include "daemon/memory.h"
#include "daemon/pages.h"
#include "daemon/scheduling.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* --- what is wanted, down --- */

static void held_changed(void *ctx)
{
	app_configure_vrrp(ctx);
	app_tell_held(ctx);
}

/* Addresses of 'before' that are wanted no more may still carry connections: they linger on. */
static void note_leaving(struct app *app, const struct model_snapshot *before)
{
	for (size_t i = 0; before && i < before->vip_count; i++) {
		const struct model_vip *vip = &before->vips[i];
		if (model_snapshot_vip(app->sources.snapshot, &vip->address))
			continue;
		app->lingering = xreallocarray(app->lingering, app->lingering_count + 1,
		                               sizeof(*app->lingering));
		struct vrrp_lingering *l = &app->lingering[app->lingering_count++];
		*l = (struct vrrp_lingering){.address = vip->address};
		snprintf(l->router, sizeof(l->router), "%s", vip->router->name);
	}
}

/* Drops those that nothing drains on, or that are wanted again. True when any went. */
static bool forget_lingering(struct app *app)
{
	size_t kept = 0;

	for (size_t i = 0; i < app->lingering_count; i++) {
		const struct addr *address = &app->lingering[i].address;
		if (ipvs_drain_needs_vip(&app->reconcile.balance.drain, address) &&
		    !model_snapshot_vip(app->sources.snapshot, address))
			app->lingering[kept++] = app->lingering[i];
	}
	bool went = kept < app->lingering_count;
	app->lingering_count = kept;
	return went;
}

static void turned(void *ctx)
{
	struct app *app = ctx;

	if (app->kubernetes)
		kubernetes_note_proxy(app->kubernetes,
		                      app->reconcile.proxy_mode != KUBE_PROXY_NONE);
	if (forget_lingering(app))
		app_configure_vrrp(app);
	app_hand_over(app);
}

/* New virtual services are in the kernel before their addresses come; addresses that go are let
 * go when nothing drains on them any more. */
void app_snapshot_changed(struct app *app, struct model_snapshot *before)
{
	if (app->kubernetes)
		kubernetes_applied(app->kubernetes, app->sources.snapshot);
	note_leaving(app, before);
	checks_expect(&app->checks, app->sources.snapshot);
	reconcile_want(&app->reconcile, app->sources.snapshot, replication_is_on(app->replication));
	replication_want(app->replication, app->sources.snapshot);
	checks_want(&app->checks, app->sources.snapshot);
	tracks_want(&app->tracks, app->sources.snapshot);
	router_keys_load(&app->router_keys, app->sources.snapshot);
	app_configure_vrrp(app);
	app_tell_held(app);
	app_hand_over(app);
	model_snapshot_free(before);
}

/* Who owns what, and what nftables has to know, is as it was. */
void app_amend(struct app *app, const struct model_amendment *amendment)
{
	reconcile_expect(&app->reconcile, amendment);
	model_snapshot_amend(app->sources.snapshot, amendment);
	reconcile_amend(&app->reconcile, amendment);
}

static void cluster_changed(void *ctx)
{
	struct app *app = ctx;

	if (app->stopping)
		return;
	struct sources_others others = app_others(app);
	struct model_snapshot *before = sources_join(&app->sources, &others);
	free((void *)others.items);
	app_snapshot_changed(app, before);
	/* Endpoints are what changes next. */
	model_amendment_prepare(app->sources.snapshot);
}

/* Endpoints came and went. */
static bool cluster_replaced(void *ctx)
{
	struct app *app = ctx;
	struct model_amendment amendment;
	size_t count = 0;

	if (app->stopping)
		return true;
	const struct model_objects **items = kubernetes_replaced(app->kubernetes, &count);
	bool found = items && app->sources.snapshot &&
	             model_amendment_find(app->sources.snapshot, items, count, &amendment);
	free(items);
	if (!found)
		return false;
	app_amend(app, &amendment);
	kubernetes_applied(app->kubernetes, app->sources.snapshot);
	model_amendment_done(&amendment);
	return true;
}

/* As long as nobody said anything, what is in the kernel from a former run stays. */
static bool is_anything_wanted(const struct app *app)
{
	return app->options->path_count > 0 ||
	       (app->kubernetes && kubernetes_is_known(app->kubernetes));
}

static void sources_changed(void *ctx)
{
	app_reload(ctx);
}

/* Whether connections are replicated, or who may preempt. */
static void replication_changed(void *ctx)
{
	struct app *app = ctx;
	bool on = replication_is_on(app->replication);

	if (app->stopping || !app->reconcile.snapshot)
		return;
	if (on != app->reconcile.replicating) {
		reconcile_want(&app->reconcile, app->sources.snapshot, on);
		if (on)
			replication_want(app->replication, app->sources.snapshot);
	}
	app_configure_vrrp(app);
}

/* --- what is so, up --- */

static void vrrp_status(void *ctx, struct model_router_status *routers, size_t count)
{
	struct app *app = ctx;

	free(app->routers);
	app->routers = routers;
	app->router_count = count;
	app->reported_us = mono_now_us();
	events_routers(&app->events, routers, count);
	replication_observe(app->replication, routers, count);
	if (app->kubernetes)
		kubernetes_observe(app->kubernetes, routers, count);
	app_hand_over(app);
}

static const char *failover_text(int result)
{
	switch (-result) {
	case ENOENT:
		return "there is no such virtual router";
	case EALREADY:
		return "it is not Active here: ask the node that is";
	case ETIMEDOUT:
		return "nobody took over; it stays Active here";
	case EBUSY:
		return "a failover of it is under way";
	case ECANCELED:
		return "it was stopped, removed or renamed meanwhile";
	}
	return strerror(-result);
}

static void vrrp_failover_done(void *ctx, const char *router, int result)
{
	struct app *app = ctx;
	struct app_waiting **p = &app->waiting;

	while (*p) {
		struct app_waiting *w = *p;
		if (strcmp(w->router, router) != 0) {
			p = &w->next;
			continue;
		}
		if (result)
			control_refuse(app->control, w->ticket, "%s: %s", router,
			               failover_text(result));
		else
			control_answer(app->control, w->ticket,
			               json_pack("{s:s}", "router", router));
		*p = w->next;
		free(w);
		if (result == -EBUSY) /* the newest; who asked before it waits on */
			return;
	}
}

/* --- signals and the service manager --- */

static void hangup(struct loop_signal *sig)
{
	struct app *app = lt_container_of(sig, struct app, signals[0]);

	app_reload(app);
	log_info("daemon", "read the sources again because=SIGHUP"); /* nothing waits for it */
}

static void stop(struct app *app)
{
	if (app->stopping) {
		log_warn("daemon", "told to stop again: stopping without handing over");
		loop_stop(app->loop);
		return;
	}
	app->stopping = true;
	log_notice("daemon", "stopping on-exit=%s",
	           app->options->on_exit == DAEMON_EXIT_KEEP ? "keep" : "clean");
	if (notify_stopping(&app->notify))
		log_debug("daemon", "the service manager can't be told");
	events_stopping(&app->events);
	kubernetes_stop(app->kubernetes);
	vrrp_thread_stop(app->vrrp, app->options->on_exit == DAEMON_EXIT_KEEP);
}

static void terminate(struct loop_signal *sig)
{
	stop(lt_container_of(sig, struct app, signals[1]));
}

static void interrupt(struct loop_signal *sig)
{
	stop(lt_container_of(sig, struct app, signals[2]));
}

/* Who asks for a reload while we start, means no harm: it waits until we listen. */
static void hold_reloads(bool hold)
{
	sigset_t reload;

	sigemptyset(&reload);
	sigaddset(&reload, SIGHUP);
	pthread_sigmask(hold ? SIG_BLOCK : SIG_UNBLOCK, &reload, NULL);
}

static void start_signals(struct app *app)
{
	app->signals[0] = (struct loop_signal){.raised = hangup, .signum = SIGHUP};
	app->signals[1] = (struct loop_signal){.raised = terminate, .signum = SIGTERM};
	app->signals[2] = (struct loop_signal){.raised = interrupt, .signum = SIGINT};
	for (size_t i = 0; i < LT_ARRAY_SIZE(app->signals); i++)
		loop_signal_start(app->loop, &app->signals[i]);
	hold_reloads(false);
}

/* From the loop, so that a loop that hangs is noticed. */
static void watchdog_due(struct loop_deadline *deadline)
{
	struct app *app = lt_container_of(deadline, struct app, watchdog);

	if (notify_watchdog(&app->notify))
		log_debug("daemon", "the service manager can't be told");
	loop_deadline_arm(deadline, mono_now_us() + app->notify.watchdog_us / 2);
}

/* --- life --- */

static int open_base(struct app *app)
{
	int rc;

	hold_reloads(true);
	confine_drop();
	rc = loop_new(&app->loop);
	if (rc == 0)
		rc = loop_deadline_init(app->loop, &app->watchdog);
	if (rc == 0) {
		rc = app_open_reload(app);
		if (rc)
			loop_deadline_done(&app->watchdog);
	}
	app->watchdog.expired = watchdog_due;
	if (rc)
		log_error("daemon", "no event loop: %s", strerror(-rc));
	if (rc == 0 && notify_open(&app->notify))
		log_warn("daemon", "NOTIFY_SOCKET is unusable, ignoring it");
	return rc;
}

static int open_sources(struct app *app)
{
	struct model_snapshot *none;

	sources_init(&app->sources, app->options->paths, app->options->path_count);
	/* Watched before they are read, so that no change falls in between. */
	sources_watch(&app->sources, app->loop, sources_changed, app);
	struct sources_others others = app_others(app);
	(void)sources_look(&app->sources);
	bool loaded = sources_load(&app->sources, &others, mono_now_us(), &none);
	free((void *)others.items);
	if (!loaded) {
		log_error("daemon", "not starting: the configuration has errors (see above)");
		return -EINVAL;
	}
	return 0;
}

/* Before the sources are joined, so that a state from disk is part of the first snapshot. */
static int open_kubernetes(struct app *app)
{
	const struct kubernetes_handler handler = {
		.changed = cluster_changed, .replaced = cluster_replaced, .ctx = app};

	if (!app->options->kubernetes)
		return 0;
	return kubernetes_open(app->loop, app->options, &handler, &app->kubernetes);
}

static int open_control(struct app *app)
{
	const char *path = app->options->socket_path;
	int rc = control_open(app->loop, path, app_request, app, &app->control);

	if (rc == -EADDRINUSE)
		log_error("daemon", "%s: another daemon answers there", path);
	else if (rc == -EEXIST)
		log_error("daemon", "%s: what stands there is no socket, and is left alone", path);
	else if (rc)
		log_error("daemon", "%s: %s", path, strerror(-rc));
	if (rc)
		return rc;
	return alone_open(&app->alone_fd);
}

/* Balancing does not wait for a page: a port that is taken is told, and nothing more. */
static void open_http(struct app *app)
{
	const struct endpoint *at = &app->options->listen;
	char text[ENDPOINT_TEXT_SIZE];

	if (at->address.family == ADDR_NONE)
		return;
	int rc = http_open(app->loop, at, daemon_pages, app, &app->http);
	if (rc)
		log_warn("daemon", "no HTTP on %s (%s), going on without",
		         endpoint_format(&at->address, at->port, text), strerror(-rc));
}

static int open_reconcile(struct app *app)
{
	struct text why = {0};
	int rc = reconcile_open(&app->reconcile, app->loop, app->options->state_dir,
	                        app->options->resync_us, &why);

	if (rc)
		log_error("daemon", "%s", text_str(&why));
	app->reconcile.proxy_excludes = (struct kube_proxy_excludes){
		app->options->kube_proxy_excludes, app->options->kube_proxy_exclude_count};
	app->reconcile.in_cluster = app->options->kubernetes;
	app->reconcile.held_changed = held_changed;
	app->reconcile.turned = turned;
	app->reconcile.ctx = app;
	text_done(&why);
	return rc;
}

static int open_replication(struct app *app)
{
	const struct replication_handler handler = {
		.changed = replication_changed, .stepped = app_replication_stepped, .ctx = app};
	int rc = replication_open(app->loop, app->options, &handler, &app->replication);

	if (rc)
		log_error("daemon", "connections can't be replicated: %s", strerror(-rc));
	return rc;
}

static int open_vrrp(struct app *app)
{
	const struct vrrp_thread_handlers handlers = {
		.status = vrrp_status,
		.event = app_vrrp_event,
		.failover_done = vrrp_failover_done,
		.stopped = app_vrrp_stopped,
		.ctx = app,
	};
	router_keys_init(&app->router_keys, app->loop, app_keys_changed, app);
	int rc = vrrp_thread_start(
		app->loop, &handlers,
		mute_memory_open(&app->mute_memory, app->options->state_dir, NULL), &app->vrrp);

	if (rc)
		log_error("daemon", "VRRP can't start: %s%s", strerror(-rc),
		          rc == -EPERM ? " (CAP_NET_RAW and CAP_NET_ADMIN are needed)" : "");
	return rc;
}

/* In this order: nothing is touched in the kernel before the configuration is known to be good and
 * the socket to be ours (no second daemon); addresses come last. */
int app_open(struct app *app, const struct daemon_run_options *options)
{
	static int (*const steps[])(struct app *) = {
		open_base,      open_kubernetes, open_sources,     open_control,
		open_reconcile, app_open_checks, open_replication, open_vrrp,
	};

	*app = (struct app){.options = options,
	                    .started_us = mono_now_us(),
	                    .started_wall_us = mono_wall_us(),
	                    .notify = {.fd = -1},
	                    .alone_fd = -1};
	for (; app->opened < LT_ARRAY_SIZE(steps); app->opened++) {
		int rc = steps[app->opened](app);
		if (rc) {
			app_close(app);
			return rc;
		}
	}
	open_http(app);
	app_open_events(app);
	start_signals(app);
	if (is_anything_wanted(app))
		app_snapshot_changed(app, NULL);
	app->confined = confine_start(options->seccomp);
	events_running(&app->events);
	if (app->notify.watchdog_us)
		watchdog_due(&app->watchdog);
	if (notify_ready(&app->notify))
		log_debug("daemon", "the service manager can't be told");
	memory_give_back(); /* that reading took */
	/* The lists will be long, and nothing of the cluster is served yet. The other threads are
	 * there: they would take after it. */
	if (app->kubernetes && !kubernetes_is_known(app->kubernetes))
		scheduling_give_way();
	log_notice("daemon", "running version=%s node=%s routers=%zu virtual-servers=%zu",
	           LINTEL_VERSION, options->node, app->sources.snapshot->router_count,
	           app->sources.snapshot->virtual_server_count);
	return 0;
}

void app_close(struct app *app)
{
	http_close(app->http);
	events_close(&app->events);
	vrrp_thread_free(app->vrrp);
	mute_memory_close(&app->mute_memory);
	kubernetes_close(app->kubernetes);
	replication_close(app->replication, app->options->on_exit == DAEMON_EXIT_CLEAN);
	if (app->opened > 5) {
		tracks_close(&app->tracks);
		checks_close(&app->checks);
	}
	if (app->opened > 4)
		reconcile_close(&app->reconcile, app->options->on_exit == DAEMON_EXIT_CLEAN);
	control_close(app->control);
	if (app->alone_fd >= 0)
		close(app->alone_fd);
	if (app->opened >= 2)
		sources_done(&app->sources);
	if (app->opened > 7) {
		for (size_t i = 0; i < LT_ARRAY_SIZE(app->signals); i++)
			loop_signal_stop(app->loop, &app->signals[i]);
	}
	while (app->waiting) {
		struct app_waiting *next = app->waiting->next;
		free(app->waiting);
		app->waiting = next;
	}
	if (app->opened >= 1) {
		loop_deadline_done(&app->watchdog);
		loop_deadline_done(&app->rest);
	}
	notify_close(&app->notify);
	router_keys_done(&app->router_keys);
	loop_free(app->loop);
	free(app->routers);
	free(app->lingering);
}
