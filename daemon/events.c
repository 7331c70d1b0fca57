/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/events.h"

#include "daemon/app.h"
#include "daemon/event.h"
#include "daemon/report_router.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What goes on (a collision) is told again so often. */
#define TELL_AGAIN_US (60 * US_PER_S)
/* Changes of a target that are logged within a while. */
#define LOG_MAX       10
#define LOG_SPAN_US   (600 * US_PER_S)
/* After all virtual routers were handed over: for a webhook's answers. */
#define FLUSH_US      (2 * US_PER_S)

/* What was told of a router. */
struct events_router {
	struct model_router_status status; /* as reported then */
	uint64_t transition_count;         /* that were told */
	int64_t collision_us, conflict_us; /* when told; 0: never */
	uint64_t collisions, conflicts;    /* of them told */
};

/* A line, made by one of events_add_...(), that is the event. */
static void tell_line(struct events *events, struct text *line)
{
	if (line->len > 0)
		line->data[--line->len] = '\0'; /* its end */
	news_tell(events->news, text_str(line));
	text_done(line);
}

static void tell(struct events *events, const char *event, int64_t at_us, json_t *members)
{
	struct text line = {0};

	events->sequence++;
	events_add(events, &line, event, false, at_us, members);
	tell_line(events, &line);
}

/* --- virtual routers --- */

static uint64_t count_transitions(const struct model_router_status *router)
{
	uint64_t count = 0;

	for (int state = 0; state < MODEL_ROUTER_STATES; state++) {
		for (int reason = 0; reason < MODEL_REASON_COUNT; reason++)
			count += router->counters.transitions[state][reason];
	}
	return count;
}

static const struct events_router *find_told(const struct events *events,
                                             const struct model_router_status *router)
{
	for (size_t i = 0; i < events->router_count; i++) {
		const struct model_router_status *told = &events->routers[i].status;

		if (strcmp(told->name, router->name) == 0 &&
		    told->virtual_router_id == router->virtual_router_id &&
		    strcmp(told->interface, router->interface) == 0)
			return &events->routers[i];
	}
	return NULL;
}

static void tell_transitions(struct events *events, struct events_router *router)
{
	const struct model_router_status *status = &router->status;
	uint64_t total = count_transitions(status);
	/* Less than was told: it was taken away and came back in between. */
	uint64_t fresh = total < router->transition_count ? total
	                                                  : total - router->transition_count;

	if (fresh > status->transition_count)
		fresh = status->transition_count;
	for (; fresh > 0; fresh--) {
		const struct model_transition *transition = &status->transitions[fresh - 1];

		tell(events, "router", transition->at_us,
		     event_router(
			     status, transition, false,
			     report_router_addresses(events->app->sources.snapshot, status->name)));
	}
	router->transition_count = total;
}

/* Something that goes on: the first time, and once in a while. */
static void tell_rival(struct events *events, const struct events_router *router, const char *event,
                       uint64_t count, uint64_t *told_count, int64_t *told_us)
{
	int64_t now_us = mono_now_us();

	if (count < *told_count)
		*told_count = 0;
	if (count == *told_count || (*told_us && now_us - *told_us < TELL_AGAIN_US))
		return;
	*told_us = now_us;
	*told_count = count;
	tell(events, event, now_us, event_router_rival(&router->status, count));
}

static void tell_router(struct events *events, struct events_router *router, const char *problem)
{
	const struct model_router_counters *counters = &router->status.counters;

	tell_transitions(events, router);
	if (strcmp(problem, router->status.problem) != 0)
		tell(events, "router-problem", mono_now_us(),
		     event_router_problem(&router->status));
	tell_rival(events, router, "collision", counters->collisions, &router->collisions,
	           &router->collision_us);
	tell_rival(events, router, "address-conflict", counters->address_conflicts,
	           &router->conflicts, &router->conflict_us);
}

static bool is_among(const struct model_router_status *routers, size_t count,
                     const struct model_router_status *router)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(routers[i].name, router->name) == 0)
			return true;
	}
	return false;
}

void events_routers(struct events *events, const struct model_router_status *routers, size_t count)
{
	struct events_router *fresh;

	if (!events->news)
		return;
	for (size_t i = 0; i < events->router_count; i++) {
		const struct model_router_status *told = &events->routers[i].status;

		if (told->state != MODEL_ROUTER_INITIALIZE && !is_among(routers, count, told))
			tell(events, "router", mono_now_us(), event_router_gone(told));
	}
	fresh = xcalloc(count + 1, sizeof(*fresh));
	for (size_t i = 0; i < count; i++) {
		const struct events_router *told = find_told(events, &routers[i]);
		const char *problem = told ? told->status.problem : "";

		if (told)
			fresh[i] = *told;
		fresh[i].status = routers[i];
		tell_router(events, &fresh[i], problem);
	}
	free(events->routers);
	events->routers = fresh;
	events->router_count = count;
}

/* --- what others log --- */

void events_configuration(struct events *events, bool accepted)
{
	const char *before = events->configuration;
	struct text line = {0};

	events->configuration = accepted ? "accepted" : "refused";
	events->configuration_us = mono_now_us();
	if (!events->news)
		return;
	events->sequence++;
	events_add_configuration(events, &line, before, false);
	tell_line(events, &line);
}

void events_server(struct events *events, const struct health_entry *entry)
{
	struct text line = {0};

	if (!events->news)
		return;
	events->sequence++;
	events_add_server(events, &line, entry, false);
	tell_line(events, &line);
}

void events_servers(struct events *events, size_t count)
{
	if (events->news)
		tell(events, "servers", mono_now_us(), event_servers(count));
}

void events_answering(struct events *events, const struct checks_virtual *virtual_server,
                      const enum checks_serving *before)
{
	struct text line = {0};

	if (!events->news)
		return;
	events->sequence++;
	events_add_answering(events, &line, virtual_server, before, false);
	tell_line(events, &line);
}

void events_quorum(struct events *events, const struct checks_virtual *virtual_server)
{
	struct text line = {0};

	if (!events->news)
		return;
	events->sequence++;
	events_add_quorum(events, &line, virtual_server, false);
	tell_line(events, &line);
}

void events_replication(struct events *events, const char *router, const char *from, const char *to)
{
	if (events->news)
		tell(events, "replication", mono_now_us(), event_replication(router, from, to));
}

void events_track(struct events *events, const struct track_item *item,
                  enum vrrp_track_verdict from)
{
	if (events->news)
		tell(events, "track", mono_now_us(),
		     event_track(item, vrrp_track_verdict_name(from)));
}

/* --- life --- */

void events_running(struct events *events)
{
	events->running = true;
	if (events->news)
		tell(events, "daemon", events->app->started_us,
		     event_daemon(NULL, "running", LINTEL_VERSION, (int)getpid()));
}

void events_stopping(struct events *events)
{
	events->running = false;
	if (events->news)
		tell(events, "daemon", mono_now_us(),
		     event_daemon("running", "stopping", LINTEL_VERSION, (int)getpid()));
}

bool events_flush(struct events *events)
{
	return news_flush(events->news, mono_now_us() + FLUSH_US);
}

void events_reload(struct events *events)
{
	news_reload(events->news);
}

static void current(void *ctx, struct text *out)
{
	events_current(ctx, out);
}

/* A reader that comes and goes for each line is not told of each time. */
static bool may_log(struct events_logged *logged, int64_t now_us)
{
	if (logged->count == 0 || now_us - logged->since_us >= LOG_SPAN_US)
		*logged = (struct events_logged){.since_us = now_us};
	return logged->count++ < LOG_MAX;
}

static void target_changed(void *ctx, const struct news_status *status)
{
	struct events *events = ctx;
	size_t at = (size_t)(status->target - events->app->options->notify);
	enum log_level level = LOG_LEVEL_WARN;

	/* At a start readers are not there yet. */
	if (status->up || (status->target->kind != NEWS_WEBHOOK && status->failures == 0))
		level = LOG_LEVEL_NOTICE;
	if (!may_log(&events->logged[at], mono_now_us()))
		level = LOG_LEVEL_DEBUG;
	if (status->problem[0])
		log_at(level, "notify", "target=\"%s\" problem=\"%s\" queued=%zu",
		       status->target->name, status->problem, status->queued);
	else
		log_at(level, "notify", "target=\"%s\" takes events", status->target->name);
}

static void flushed(void *ctx)
{
	struct events *events = ctx;

	loop_stop(events->app->loop);
}

int events_open(struct events *events, const struct app *app)
{
	const struct news_options options = {
		.targets = app->options->notify,
		.count = app->options->notify_count,
		.ca_file = app->options->notify_ca,
		.agent = "lintel-notify/" LINTEL_VERSION,
	};
	const struct news_handler handler = {
		.current = current, .changed = target_changed, .flushed = flushed, .ctx = events};

	events->app = app;
	if (options.count == 0)
		return 0;
	return news_open(app->loop, &options, &handler, &events->news);
}

void events_close(struct events *events)
{
	news_close(events->news);
	events->news = NULL;
	free(events->routers);
	events->routers = NULL;
	events->router_count = 0;
}
