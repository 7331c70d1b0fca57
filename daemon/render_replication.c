/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render_replication.h"

#include <string.h>

static void add_peer(const struct render_page *page, const json_t *peer)
{
	const char *node = render_text(peer, "node"), *reason = render_text(peer, "reason");
	const json_t *up = json_object_get(peer, "upSeconds");
	char buf[RENDER_BUF_SIZE];
	struct text line = {0};

	text_printf(&line, "%s%s%s: %s", node, *node ? " at " : "", render_text(peer, "address"),
	            render_text(peer, "state"));
	if (json_is_number(up))
		text_printf(&line, " for %s, key %s, round trip %s",
		            render_span(json_number_value(up), buf), render_text(peer, "key"),
		            render_span(render_number(peer, "roundTripSeconds"),
		                        (char[RENDER_BUF_SIZE]){0}));
	else if (*reason)
		text_printf(&line, ", last because %s", reason);
	render_page_fact(page, "Peer", &line);
}

/* Who is told, and how far each is. */
static void add_followers(struct text *line, const json_t *peers)
{
	char lag[RENDER_BUF_SIZE];
	size_t i;
	json_t *peer;

	json_array_foreach(peers, i, peer)
	{
		json_int_t records = render_integer(peer, "lagRecords");

		text_printf(line, "; %s ", render_text(peer, "node"));
		if (!render_bool(peer, "told"))
			text_add(line, "not in step");
		else if (!render_bool(peer, "inStep"))
			text_add(line, "is being told all");
		else if (records == 0)
			text_add(line, "knows all");
		else
			text_printf(line, "%" JSON_INTEGER_FORMAT " record%s (%s) behind", records,
			            render_plural(records),
			            render_span(render_number(peer, "lagSeconds"), lag));
	}
}

static void add_following(struct text *line, const json_t *router)
{
	const json_t *synced = json_object_get(router, "lastFullSyncSecondsAgo");
	json_int_t records = render_integer(router, "lagRecords");
	char buf[RENDER_BUF_SIZE];

	if (*render_text(router, "source"))
		text_printf(line, " of %s", render_text(router, "source"));
	if (records)
		text_printf(line, ", %" JSON_INTEGER_FORMAT " record%s (%s) behind", records,
		            render_plural(records),
		            render_span(render_number(router, "lagSeconds"), buf));
	if (json_is_number(synced))
		text_printf(line, ", last full sync %s ago",
		            render_span(json_number_value(synced), buf));
	if (render_bool(router, "preemptionHeld"))
		text_add(line, "; does not preempt until it is in step");
}

static void add_router(const struct render_page *page, const json_t *router)
{
	json_int_t connections = render_integer(router, "connections");
	const char *step = render_text(router, "step");
	struct text line = {0};

	text_printf(&line, "%s: ", render_text(router, "router"));
	if (strcmp(step, "active") == 0)
		text_add(&line, "tells peers");
	else if (strcmp(step, "in-step") == 0)
		text_add(&line, "in step");
	else if (strcmp(step, "alone") == 0)
		text_add(&line, "no peer is Active");
	else
		text_printf(&line, "not in step (%s)", step);
	text_printf(&line, ", %" JSON_INTEGER_FORMAT " connection%s", connections,
	            render_plural(connections));
	if (strcmp(step, "active") == 0)
		add_followers(&line, json_object_get(router, "peers"));
	else
		add_following(&line, router);
	render_page_fact(page, "Router", &line);
}

/* When so many begin that IPVS alone tells of some. */
static void add_rush(const struct render_page *page, const json_t *rush)
{
	json_int_t connections = render_integer(rush, "connections");
	json_int_t times = render_integer(rush, "times");
	struct text line = {0};

	if (times == 0)
		return;
	text_printf(&line,
	            "%s; IPVS alone told of %" JSON_INTEGER_FORMAT
	            " connection%s in %" JSON_INTEGER_FORMAT " rush%s",
	            render_bool(rush, "on") ? "many connections begin" : "over", connections,
	            render_plural(connections), times, times == 1 ? "" : "es");
	render_page_fact(page, "Rush", &line);
}

static void add_not_carried(const struct render_page *page, json_t *reasons)
{
	struct text line = {0};
	const char *reason;
	json_t *count;

	if (json_object_size(reasons) == 0)
		return;
	json_object_foreach(reasons, reason, count)
		text_printf(&line, "%s%" JSON_INTEGER_FORMAT " %s", line.len ? ", " : "",
	                    json_integer_value(count), reason);
	render_page_fact(page, "Not carried", &line);
}

void render_replication(const struct render_page *page, const json_t *replication)
{
	struct text line = {0};
	size_t i;
	json_t *entry;

	if (!replication)
		return;
	render_page_heading(page, "Connections");
	text_add(page->out, "\n");
	if (!render_bool(replication, "on")) {
		text_printf(&line, "off, they end with their node: %s",
		            render_text(replication, "why"));
		render_page_fact(page, "Replication", &line);
		return;
	}
	if (*render_text(replication, "why")) {
		text_printf(&line, "by the keys from before: %s", render_text(replication, "why"));
		render_page_fact(page, "Replication", &line);
	}
	json_array_foreach(json_object_get(replication, "peers"), i, entry) add_peer(page, entry);
	json_array_foreach(json_object_get(replication, "routers"), i, entry)
		add_router(page, entry);
	add_rush(page, json_object_get(replication, "rush"));
	add_not_carried(page, json_object_get(replication, "notCarried"));
}
