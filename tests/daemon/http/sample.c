/* SPDX-License-Identifier: GPL-2.0-or-later */
/* sample metrics FOLDER CONFIG: prints /metrics of an invented daemon.
 * sample serve FOLDER CONFIG PORT: answers on 127.0.0.1 as the daemon would: its own status page
 * and HTTP door, /metrics as above, and /api/v1/status and servers read from FOLDER/status.json and
 * servers.json at each request (503 when there is none). Ends when its standard input does.
 *
 * What replication and Kubernetes have to say comes from FOLDER/replication.json (a whole status)
 * and kubernetes.json. */
#include "daemon/metrics_parts.h"
#include "daemon/page.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NOW_US  (INT64_C(4000) * US_PER_S)
#define TRAFFIC 1000

static const char *folder;
static struct app app;
static struct loop *loop; /* runs only to serve: nothing is checked before */

/* --- an invented daemon --- */

static void invent_router(struct model_router_status *status, const struct model_router *router,
                          bool active)
{
	struct model_router_counters *c = &status->counters;

	snprintf(status->name, sizeof(status->name), "%s", router->name);
	snprintf(status->interface, sizeof(status->interface), "eth0");
	status->virtual_router_id = 51;
	status->state = active ? MODEL_ROUTER_ACTIVE : MODEL_ROUTER_BACKUP;
	status->since_us = NOW_US - 90 * US_PER_S;
	status->priority = 100;
	status->advert_interval_us = status->active_interval_us = 100 * US_PER_MS;
	status->address_count = status->addresses_present = 2;
	status->peer_count = 1;
	if (addr_parse("fe80::1", &status->peers[0].address))
		abort();
	status->peers[0].priority = 90;
	status->peers[0].heard_us = NOW_US - 40 * US_PER_MS;
	c->adverts_sent = 900;
	c->became_active = 2;
	c->transitions[MODEL_ROUTER_ACTIVE][MODEL_REASON_ACTIVE_DOWN] = 2;
	c->drops[MODEL_DROP_CHECKSUM] = 3;
	model_lateness_note(c, 20);
	model_lateness_note(c, 7 * US_PER_S);
}

static const struct ipvs_stats stats = {
	.connections = TRAFFIC,
	.in_packets = 10 * TRAFFIC,
	.out_packets = 9 * TRAFFIC,
	.in_bytes = UINT64_C(1) << 60,
	.out_bytes = 7,
};

static void invent_table(struct ipvs_table *found)
{
	ipvs_table_build(app.sources.snapshot, NULL, NULL, NULL, found);
	for (size_t i = 0; i < found->service_count; i++) {
		struct ipvs_service *service = &found->services[i];
		service->stats = &stats;
		for (size_t j = 0; j < service->dest_count; j++) {
			service->dests[j].active = 12;
			service->dests[j].stats = &stats;
		}
	}
}

static void changed(void *ctx, const struct ipvs_scope *scope)
{
}

static void restrained(void *ctx)
{
}

/* 'serve': targets of checks would be asked, so there are none. */
static void invent(char *config, bool serve)
{
	static const struct checks_handlers handlers = {.changed = changed,
	                                                .restrained = restrained};
	static struct daemon_run_options options = {.node = "lb1 \"quoted\\\n"};
	static char *paths[1];
	struct model_snapshot *none = NULL;
	const struct sources_others others = {0};

	paths[0] = config;
	app.options = &options;
	app.started_us = NOW_US - 100 * US_PER_S;
	app.started_wall_us = INT64_C(1763726899) * US_PER_S;
	sources_init(&app.sources, paths, 1);
	(void)sources_look(&app.sources);
	if (!sources_load(&app.sources, &others, NOW_US, &none))
		exit(EXIT_FAILURE);
	const struct model_snapshot *snapshot = app.sources.snapshot;
	app.reconcile.balance.snapshot = snapshot;
	if (loop_new(&loop) ||
	    checks_open(&app.checks, loop, NULL, &app.reconcile.drains, &handlers))
		exit(EXIT_FAILURE);
	if (!serve)
		checks_want(&app.checks, snapshot);
	app.reconcile.proxy_mode = KUBE_PROXY_IPTABLES;
	problems_add(&app.reconcile.nft_problems, "an invented problem");
	for (int i = 0; i < 3; i++)
		durations_note(&app.reconcile.turns[BALANCE_RESYNC], i * 700);
	app.router_count = snapshot->router_count;
	app.routers = xcalloc(app.router_count, sizeof(*app.routers));
	for (size_t i = 0; i < app.router_count; i++)
		invent_router(&app.routers[i], snapshot->routers[i], i == 0);
}

static json_t *load(const char *name)
{
	char path[4096];
	json_error_t error;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	json_t *json = json_load_file(path, 0, &error);
	if (!json)
		fprintf(stderr, "%s: %s\n", path, error.text);
	return json;
}

/* --- pages --- */

static unsigned metrics(void *ctx, struct text *out)
{
	struct ipvs_table found;
	json_t *status = load("replication.json"), *kubernetes = load("kubernetes.json");

	invent_table(&found);
	metrics_write(&app, &found, NOW_US, out);
	metrics_events_write(json_object_get(status, "notifications"), out);
	metrics_replication_write(json_object_get(status, "replication"), out);
	metrics_kubernetes_write(kubernetes, out);
	ipvs_table_done(&found);
	json_decref(status);
	json_decref(kubernetes);
	return 200;
}

static unsigned give(const char *name, struct text *out)
{
	json_t *json = load(name);
	char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;

	text_add(out, text ? text : "{}");
	free(text);
	json_decref(json);
	return text ? 200 : 503;
}

static unsigned status(void *ctx, struct text *out)
{
	return give("status.json", out);
}

static unsigned servers(void *ctx, struct text *out)
{
	return give("servers.json", out);
}

static unsigned page(void *ctx, struct text *out)
{
	text_add_len(out, page_html, page_html_size);
	return 200;
}

static const struct http_page pages[] = {
	{"/", PAGE_CONTENT_TYPE, page, page_policy},
	{"/metrics", METRICS_CONTENT_TYPE, metrics, NULL},
	{"/api/v1/status", "application/json", status, NULL},
	{"/api/v1/servers", "application/json", servers, NULL},
	{0},
};

static void input_ended(struct loop_fd *fd, bool readable, bool writable)
{
	char byte;

	if (read(fd->fd, &byte, 1) <= 0)
		loop_stop(fd->loop);
}

static int serve(const char *port)
{
	struct loop_fd input = {.ready = input_ended, .fd = 0};
	struct endpoint at;
	struct http *http;
	char where[64];

	snprintf(where, sizeof(where), "127.0.0.1:%s", port);
	if (endpoint_parse(where, &at))
		return EXIT_FAILURE;
	int rc = http_open(loop, &at, pages, NULL, &http);
	if (rc) {
		fprintf(stderr, "%s: %s\n", where, strerror(-rc));
		return EXIT_FAILURE;
	}
	loop_fd_start(loop, &input, true, false);
	loop_run(loop);
	loop_fd_stop(&input);
	http_close(http);
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	struct text out = {0};
	int code = EXIT_SUCCESS;

	if (argc < 4)
		return EXIT_FAILURE;
	folder = argv[2];
	bool serving = strcmp(argv[1], "serve") == 0 && argc == 5;
	invent(argv[3], serving);
	if (serving) {
		code = serve(argv[4]);
	} else {
		(void)metrics(NULL, &out);
		fputs(text_str(&out), stdout);
		text_done(&out);
	}
	checks_close(&app.checks);
	loop_free(loop);
	free(app.routers);
	problems_done(&app.reconcile.nft_problems);
	sources_done(&app.sources);
	return code;
}
