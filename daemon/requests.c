/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the control socket is asked, and the answers (shapes: docs/json.md). */
#include "daemon/app.h"
#include "daemon/explain.h"
#include "daemon/report.h"

#include "ipvs/connections_file.h"
#include "ipvs/sync_listen.h"
#include "ipvs/table.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define CONNECTIONS_TOLD 10000

/* Somebody who asks more often is told what was so a moment ago. */
#define LOOK_AGAIN_US    (200 * US_PER_MS)

void app_look(struct app *app)
{
	if (!app->stopping && mono_now_us() - app->reported_us >= LOOK_AGAIN_US)
		vrrp_thread_look(app->vrrp);
}

static void answer_status(struct app *app, uint64_t ticket, const json_t *request)
{
	control_answer(app->control, ticket, report_status(app, mono_now_us()));
}

static bool add_connection(void *ctx, const struct ipvs_connection *c)
{
	char client[ENDPOINT_TEXT_SIZE], virtual[ENDPOINT_TEXT_SIZE], server[ENDPOINT_TEXT_SIZE];

	if (ipvs_sync_is_pulse(&c->client, &c->virtual))
		return true; /* of our own making */
	json_array_append_new(
		ctx, json_pack("{s:s,s:s,s:s,s:s,s:s,s:I}", "protocol", c->protocol, "client",
	                       endpoint_format(&c->client, c->client_port, client), "virtual",
	                       endpoint_format(&c->virtual, c->virtual_port, virtual), "server",
	                       endpoint_format(&c->server, c->server_port, server), "state",
	                       c->state, "expiresSeconds", (json_int_t)c->expires_s));
	return true;
}

static void answer_list(struct app *app, uint64_t ticket, const json_t *request)
{
	struct ipvs_table found;
	int rc = balance_read(&app->reconcile.balance, &found);

	if (rc) {
		control_refuse(app->control, ticket, "IPVS can't be read: %s",
		               rc == -ENOENT ? ipvs_kernel_open_text(rc) : strerror(-rc));
		return;
	}
	json_t *result = report_list(app, &found, mono_now_us());
	ipvs_table_done(&found);
	if (json_is_true(json_object_get(request, "connections"))) {
		json_t *connections = json_array();
		bool more = false;
		rc = ipvs_connections_read(IPVS_CONNECTIONS_PATH, CONNECTIONS_TOLD, add_connection,
		                           connections, &more);
		json_object_set_new(result, "connections", connections);
		json_object_set_new(result, "connectionsTruncated", json_boolean(more));
	}
	if (rc) {
		json_decref(result);
		control_refuse(app->control, ticket, IPVS_CONNECTIONS_PATH ": %s", strerror(-rc));
		return;
	}
	control_answer(app->control, ticket, result);
}

static enum model_protocol protocol_of(const char *name)
{
	static const enum model_protocol all[] = {MODEL_TCP, MODEL_UDP, MODEL_SCTP};

	for (size_t i = 0; name && i < LT_ARRAY_SIZE(all); i++) {
		if (strcmp(name, model_protocol_name(all[i])) == 0)
			return all[i];
	}
	return MODEL_TCP;
}

static void answer_explain(struct app *app, uint64_t ticket, const json_t *request)
{
	const char *address = json_string_value(json_object_get(request, "address"));
	json_int_t port = json_integer_value(json_object_get(request, "port"));
	struct explain_question question = {
		.port = (uint16_t)port,
		.protocol = protocol_of(json_string_value(json_object_get(request, "protocol"))),
	};

	if (!address || addr_parse(address, &question.address) || port < 1 || port > UINT16_MAX)
		control_refuse(app->control, ticket, "explain wants an address and a port");
	else
		control_answer(app->control, ticket, explain(app, &question, mono_now_us()));
}

/* Would draining it do anything? A typing error is better told now than found out later. */
static bool is_known_server(const struct app *app, const struct endpoint *server)
{
	const struct model_snapshot *snapshot = app->sources.snapshot;

	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];
		const struct model_real_server *servers;
		size_t count;

		servers = model_port_servers(service->virtual_server, service->port, &count);
		for (size_t j = 0; j < count; j++) {
			if (addr_equal(&servers[j].address, &server->address) &&
			    (server->port == 0 ||
			     server->port == ipvs_table_server_port(service, &servers[j])))
				return true;
		}
	}
	return false;
}

static void refuse_undrain(struct app *app, uint64_t ticket, const char *server,
                           const char *related)
{
	if (*related)
		control_refuse(app->control, ticket,
		               "%s is not drained by itself, but %s is: 'lintel undrain %s' ends "
		               "that",
		               server, related, related);
	else
		control_refuse(app->control, ticket, "%s is not drained", server);
}

static void answer_drain(struct app *app, uint64_t ticket, const json_t *request)
{
	const char *text = json_string_value(json_object_get(request, "server"));
	bool drain = strcmp(json_string_value(json_object_get(request, "command")), "drain") == 0;
	struct drains *drains = &app->reconcile.drains;
	char related[ENDPOINT_TEXT_SIZE] = "";
	const struct endpoint *other;
	struct endpoint server;

	if (!text || endpoint_parse(text, &server)) {
		control_refuse(app->control, ticket,
		               "'%s' is no server: ADDRESS or ADDRESS:PORT is wanted",
		               text ? text : "");
		return;
	}
	if (drain && !is_known_server(app, &server)) {
		control_refuse(app->control, ticket, "no virtual server has a real server %s",
		               text);
		return;
	}
	int rc = drain ? drains_add(drains, &server) : drains_remove(drains, &server);
	other = drain ? NULL : drains_related(drains, &server);
	if (other)
		endpoint_format(&other->address, other->port, related);
	if (rc == -ENOENT) {
		refuse_undrain(app, ticket, text, related);
	} else if (rc && rc != -EEXIST) {
		control_refuse(app->control, ticket, "%s: %s", drains->path, strerror(-rc));
	} else {
		log_notice("ipvs", "%s by hand server=%s", drain ? "drained" : "undrained", text);
		reconcile_drains_changed(&app->reconcile, &server.address);
		checks_drains_changed(&app->checks);
		control_answer(app->control, ticket,
		               json_pack("{s:s,s:s?}", "server", text, "drainedStill",
		                         *related ? related : NULL));
	}
}

/* Answered when it has ended: app.c, vrrp_failover_done(). */
static void answer_failover(struct app *app, uint64_t ticket, const json_t *request)
{
	const char *router = json_string_value(json_object_get(request, "router"));

	if (!router) {
		control_refuse(app->control, ticket, "failover wants the name of a virtual router");
		return;
	}
	struct app_waiting *waiting = xcalloc(1, sizeof(*waiting));
	waiting->ticket = ticket;
	snprintf(waiting->router, sizeof(waiting->router), "%s", router);
	waiting->next = app->waiting;
	app->waiting = waiting;
	vrrp_thread_failover(app->vrrp, waiting->router);
}

void app_request(void *ctx, uint64_t ticket, const json_t *request)
{
	static const struct {
		const char *command;
		void (*answer)(struct app *app, uint64_t ticket, const json_t *request);
	} rows[] = {
		{"status", answer_status}, {"list", answer_list},     {"explain", answer_explain},
		{"drain", answer_drain},   {"undrain", answer_drain}, {"failover", answer_failover},
	};
	const char *command = json_string_value(json_object_get(request, "command"));
	struct app *app = ctx;

	app_look(app);
	for (size_t i = 0; command && i < LT_ARRAY_SIZE(rows); i++) {
		if (strcmp(rows[i].command, command) == 0) {
			rows[i].answer(app, ticket, request);
			return;
		}
	}
	control_refuse(app->control, ticket, "this daemon knows no command '%s'",
	               command ? command : "");
}
