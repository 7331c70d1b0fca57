/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render_kernel.h"

#include <string.h>

static void add_ipvs(const struct render_page *page, const json_t *ipvs)
{
	json_int_t services = render_integer(ipvs, "services");
	json_int_t servers = render_integer(ipvs, "servers");
	json_int_t draining = render_integer(ipvs, "draining");
	json_int_t foreign = render_integer(ipvs, "foreignServices");
	struct text line = {0};

	if (!render_bool(ipvs, "available")) {
		text_add(&line, "not available in this kernel");
		render_page_fact(page, "IPVS", &line);
		return;
	}
	text_printf(&line,
	            "%s: %" JSON_INTEGER_FORMAT " service%s, %" JSON_INTEGER_FORMAT " server%s",
	            render_text(ipvs, "version"), services, render_plural(services), servers,
	            render_plural(servers));
	if (draining)
		text_printf(&line, " (%" JSON_INTEGER_FORMAT " draining)", draining);
	if (foreign)
		text_printf(&line, "; %" JSON_INTEGER_FORMAT " service%s of others", foreign,
		            render_plural(foreign));
	render_page_fact(page, "IPVS", &line);
}

/* Only where servers are checked. */
static void add_health(const struct render_page *page, const json_t *health)
{
	json_int_t targets = render_integer(health, "targets");
	json_int_t down = render_integer(health, "down");
	json_int_t unknown = render_integer(health, "unknown");
	json_int_t waiting = render_integer(health, "waiting");
	json_int_t late = render_integer(health, "lateChecks");
	struct text line = {0};

	if (targets == 0)
		return;
	text_printf(&line, "%" JSON_INTEGER_FORMAT " server%s checked, %" JSON_INTEGER_FORMAT " up",
	            targets, render_plural(targets), render_integer(health, "up"));
	if (down)
		text_printf(&line, ", %" JSON_INTEGER_FORMAT " down", down);
	if (unknown)
		text_printf(&line, ", %" JSON_INTEGER_FORMAT " without verdict yet", unknown);
	if (waiting)
		text_printf(&line, "; %" JSON_INTEGER_FORMAT " check%s due and waiting", waiting,
		            render_plural(waiting));
	if (late)
		text_printf(&line, "; %" JSON_INTEGER_FORMAT " check%s began late", late,
		            render_plural(late));
	render_page_fact(page, "Health", &line);
}

/* Only where connection tracking is loaded. */
static void add_capacity(const struct render_page *page, const json_t *capacity)
{
	const json_t *tracked = json_object_get(capacity, "trackedConnections");
	struct text line = {0};

	if (!json_is_integer(tracked))
		return;
	text_printf(&line, "%" JSON_INTEGER_FORMAT " connection%s of at most %" JSON_INTEGER_FORMAT,
	            json_integer_value(tracked), render_plural(json_integer_value(tracked)),
	            render_integer(capacity, "trackedConnectionsMax"));
	render_page_fact(page, "Tracked", &line);
}

static void add_reconcile(const struct render_page *page, const json_t *reconcile)
{
	json_int_t operations = render_integer(reconcile, "operations");
	json_int_t drift = render_integer(reconcile, "driftRepaired");
	const json_t *ago = json_object_get(reconcile, "secondsAgo");
	char ago_buf[RENDER_BUF_SIZE], took_buf[RENDER_BUF_SIZE];
	struct text line = {0};

	if (!json_is_number(ago)) {
		text_add(&line, "not yet");
		render_page_fact(page, "Compared", &line);
		return;
	}
	text_printf(&line, "%s ago in %s: %" JSON_INTEGER_FORMAT " change%s",
	            render_span(json_number_value(ago), ago_buf),
	            render_span(render_number(reconcile, "durationSeconds"), took_buf), operations,
	            render_plural(operations));
	if (render_number(reconcile, "resyncSeconds") >
	    render_number(reconcile, "resyncWantedSeconds"))
		text_printf(&line, ", all of it only every %s as it takes long",
		            render_span(render_number(reconcile, "resyncSeconds"), took_buf));
	if (drift)
		text_printf(&line,
		            "; repaired what others had changed %" JSON_INTEGER_FORMAT " time%s",
		            drift, render_plural(drift));
	render_page_fact(page, "Compared", &line);
}

static void add_sysctls(const struct render_page *page, const json_t *sysctls)
{
	size_t in_force = 0, i;
	struct text line = {0};
	json_t *entry;

	json_array_foreach(sysctls, i, entry) in_force += render_bool(entry, "inForce");
	if (json_array_size(sysctls) == 0)
		text_add(&line, "none are needed");
	else
		text_printf(&line, "%zu of %zu in force", in_force, json_array_size(sysctls));
	json_array_foreach(sysctls, i, entry)
	{
		if (render_bool(entry, "inForce"))
			continue;
		text_printf(&line, "; %s ", render_text(entry, "name"));
		if (*render_text(entry, "value"))
			text_printf(&line, "is %s instead of %s", render_text(entry, "value"),
			            render_text(entry, "wanted"));
		else
			text_printf(&line, "should be %s and is not there",
			            render_text(entry, "wanted"));
	}
	render_page_fact(page, "Sysctls", &line);
}

/* Only where there is one. */
static void add_kube_proxy(const struct render_page *page, const json_t *proxy)
{
	const char *mode = render_text(proxy, "mode");
	struct text line = {0};

	if (!*mode || strcmp(mode, "none") == 0)
		return;
	text_printf(&line, "on this node, in its mode %s%s", mode,
	            json_array_size(json_object_get(proxy, "problems")) ? ", in conflict" : "");
	render_page_fact(page, "kube-proxy", &line);
}

void render_kernel(const struct render_page *page, const json_t *status)
{
	const json_t *nft = json_object_get(status, "nft");
	struct text line = {0};

	render_page_heading(page, "Kernel");
	text_add(page->out, "\n");
	add_ipvs(page, json_object_get(status, "ipvs"));
	add_health(page, json_object_get(status, "health"));
	text_add(&line, render_bool(nft, "inStep") ? "in step" : "not in step");
	render_page_fact(page, "nftables", &line);
	add_capacity(page, json_object_get(status, "capacity"));
	add_kube_proxy(page, json_object_get(status, "kubeProxy"));
	add_reconcile(page, json_object_get(status, "reconcile"));
	add_sysctls(page, json_object_get(status, "sysctls"));
}
