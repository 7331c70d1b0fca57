/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Problems first, then one block for each virtual router, then sources and kernel. */
#include "daemon/render_kernel.h"
#include "daemon/render_page.h"
#include "daemon/render_replication.h"
#include "daemon/render_track.h"

#include <string.h>

/* --- problems --- */

static void add_target_problems(const struct render_page *page, const json_t *targets)
{
	size_t i;
	json_t *target;

	json_array_foreach(targets, i, target) render_page_problem(
		page, render_text(target, "target"), render_text(target, "problem"));
}

static void add_problems(const struct render_page *page, const json_t *status)
{
	const json_t *ipvs = json_object_get(status, "ipvs");
	struct text title = {0};
	size_t i;
	json_t *entry;

	json_array_foreach(json_object_get(status, "routers"), i, entry)
	{
		text_clear(&title);
		text_printf(&title, "virtual router %s", render_text(entry, "name"));
		render_page_problem(page, text_str(&title), render_text(entry, "problem"));
	}
	json_array_foreach(json_object_get(status, "sources"), i, entry)
		render_page_problems(page, "", json_object_get(entry, "problems"));
	render_page_problems(page, "health",
	                     json_object_get(json_object_get(status, "health"), "problems"));
	render_page_problems(page, "IPVS", json_object_get(ipvs, "problems"));
	render_page_problems(page, "nftables",
	                     json_object_get(json_object_get(status, "nft"), "problems"));
	render_page_problems(page, "replication",
	                     json_object_get(json_object_get(status, "replication"), "problems"));
	render_page_problems(page, "kube-proxy",
	                     json_object_get(json_object_get(status, "kubeProxy"), "problems"));
	render_page_problems(
		page, "state directory",
		json_object_get(json_object_get(status, "stateDirectory"), "problems"));
	render_page_problems(page, "capacity",
	                     json_object_get(json_object_get(status, "capacity"), "problems"));
	json_array_foreach(json_object_get(status, "sysctls"), i, entry)
		render_page_problem(page, "sysctl", render_text(entry, "problem"));
	entry = json_object_get(json_object_get(status, "notifications"), "targets");
	add_target_problems(page, entry);
	text_done(&title);
}

/* --- virtual routers --- */

static enum table_tone state_tone(const char *state)
{
	if (strcmp(state, "Active") == 0)
		return TABLE_GOOD;
	return strcmp(state, "Backup") == 0 ? TABLE_PLAIN : TABLE_ATTENTION;
}

static void add_state(const struct render_page *page, const json_t *router)
{
	const char *state = render_text(router, "state");
	const char *reason = render_text(router, "reason");
	struct text rest = {0};
	char buf[RENDER_BUF_SIZE];

	render_page_label(page, "State");
	table_tone(page->out, state_tone(state), page->style->colour, state);
	text_printf(&rest, " for %s%s%s", render_span(render_number(router, "sinceSeconds"), buf),
	            *reason ? ": " : "", reason);
	if (render_bool(router, "leaving"))
		text_add(&rest, "; leaving, waits for a successor");
	if (render_bool(router, "preemptionSuspended"))
		text_add(&rest, "; handed over by hand, preempts nobody until Active again");
	text_add(page->out, " ");
	render_page_end(page, table_width(state) + 1, text_str(&rest));
	text_done(&rest);
}

static void add_priority(const struct render_page *page, const json_t *router)
{
	const char *own = render_text(router, "advertisementInterval");
	const char *in_force = render_text(router, "activeInterval");
	const json_t *active = json_object_get(router, "active");
	struct text line = {0};

	render_priority(router, &line);
	text_printf(&line, ", advertises every %s", own);
	if (strcmp(own, in_force) != 0)
		text_printf(&line, " (the active router: %s)", in_force);
	render_page_fact(page, "Priority", &line);
	if (!json_is_object(active))
		return;
	text_printf(&line, "%s, priority %" JSON_INTEGER_FORMAT, render_text(active, "address"),
	            render_integer(active, "priority"));
	render_page_fact(page, "Follows", &line);
}

static void add_addresses(const struct render_page *page, const json_t *router)
{
	json_int_t owned = render_integer(router, "addressesOwned");
	json_int_t present = render_integer(router, "addressesPresent");
	bool active = strcmp(render_text(router, "state"), "Active") == 0;
	struct text line = {0};
	size_t i;
	json_t *address;

	json_array_foreach(json_object_get(router, "addresses"), i, address)
		text_printf(&line, "%s%s", i ? ", " : "",
	                    json_string_value(address) ? json_string_value(address) : "?");
	if (active || present > 0)
		text_printf(&line,
		            " (%" JSON_INTEGER_FORMAT " of %" JSON_INTEGER_FORMAT
		            " on this machine)",
		            present, owned);
	if (line.len)
		render_page_fact(page, "Addresses", &line);
}

static void add_peers(const struct render_page *page, const json_t *router)
{
	bool active = strcmp(render_text(router, "state"), "Active") == 0;
	char buf[RENDER_BUF_SIZE];
	size_t i;
	json_t *peer;

	json_array_foreach(json_object_get(router, "peers"), i, peer)
	{
		const json_t *heard = json_object_get(peer, "heardSecondsAgo");
		struct text line = {0};
		text_add(&line, render_text(peer, "address"));
		if (json_is_false(json_object_get(peer, "signed")))
			text_add(&line, ", does not sign");
		if (json_is_number(heard))
			text_printf(&line, ", priority %" JSON_INTEGER_FORMAT ", heard %s ago",
			            render_integer(peer, "priority"),
			            render_span(json_number_value(heard), buf));
		else
			text_printf(&line, ", never heard%s",
			            active ? " (a backup is silent)" : "");
		render_page_fact(page, i ? "" : "Peers", &line);
	}
}

static unsigned longest_age(const json_t *transitions)
{
	char buf[RENDER_BUF_SIZE];
	size_t longest = 0, i;
	json_t *t;

	json_array_foreach(transitions, i, t)
	{
		size_t len = strlen(render_span(render_number(t, "secondsAgo"), buf));
		longest = len > longest ? len : longest;
	}
	return (unsigned)longest;
}

/* "3h 12m ago  Active      no advertisement was heard in time" */
static void add_transitions(const struct render_page *page, const json_t *router)
{
	const json_t *transitions = json_object_get(router, "transitions");
	unsigned age = longest_age(transitions);
	unsigned column = RENDER_PAGE_LABEL + age + (unsigned)strlen(" ago  Initialize  ");
	char buf[RENDER_BUF_SIZE];
	size_t i;
	json_t *t;

	json_array_foreach(transitions, i, t)
	{
		const char *peer = render_text(t, "peer");
		struct text reason = {0};
		render_page_label(page, i ? "" : "Changes");
		text_printf(page->out, "%*s ago  %-10s  ", (int)age,
		            render_span(render_number(t, "secondsAgo"), buf), render_text(t, "to"));
		text_printf(&reason, "%s%s%s%s", render_text(t, "reason"), *peer ? " (" : "", peer,
		            *peer ? ")" : "");
		table_paragraph(page->out, text_str(&reason), column, column, page->style->width);
		text_done(&reason);
	}
}

/* Counters that should be 0, by name; nothing when all are. */
static void add_oddities(const struct render_page *page, const json_t *router)
{
	static const struct {
		const char *key, *phrase;
	} rows[] = {
		{"sendErrors", "sending failed"},
		{"collisions", "VRID used by a stranger"},
		{"addressConflicts", "address claimed by another machine"},
		{"addressMismatches", "address list differs"},
		{"intervalMismatches", "interval differs"},
		{"addressesRestored", "address put back"},
		{"lateStepDowns", "stepped down because of lateness"},
	};
	const json_t *counters = json_object_get(router, "counters");
	struct text line = {0};
	const char *drop;
	json_t *count;

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		json_int_t n = render_integer(counters, rows[i].key);
		if (n > 0)
			text_printf(&line, "%s%s %" JSON_INTEGER_FORMAT "x", line.len ? ", " : "",
			            rows[i].phrase, n);
	}
	json_object_foreach(json_object_get(counters, "drops"), drop, count)
	{
		/* Another virtual router on the same network is no fault; our own come back on
		 * some bridges. */
		if (json_integer_value(count) > 0 && strcmp(drop, "vrid") != 0 &&
		    strcmp(drop, "own") != 0)
			text_printf(&line, "%sdropped for %s %" JSON_INTEGER_FORMAT "x",
			            line.len ? ", " : "", drop, json_integer_value(count));
	}
	if (line.len)
		render_page_fact(page, "Noticed", &line);
	text_done(&line);
}

static void add_authentication(const struct render_page *page, const json_t *router)
{
	const json_t *authentication = json_object_get(router, "authentication");
	struct text line = {0};
	const json_t *id;
	size_t i;

	if (!json_is_object(authentication))
		return;
	text_printf(&line, "%s, keys", render_text(authentication, "mode"));
	json_array_foreach(json_object_get(authentication, "keyIds"), i, id)
		text_printf(&line, " %" JSON_INTEGER_FORMAT, json_integer_value(id));
	if (json_is_integer(json_object_get(authentication, "signsWith")))
		text_printf(&line, ", signs with %" JSON_INTEGER_FORMAT,
		            render_integer(authentication, "signsWith"));
	render_page_fact(page, "Signatures", &line);
	text_done(&line);
}

static void add_router(const struct render_page *page, const json_t *routers, const json_t *router)
{
	struct text title = {0};

	text_printf(&title, "Virtual router %s", render_text(router, "name"));
	render_page_heading(page, text_str(&title));
	text_printf(page->out, " (VRID %" JSON_INTEGER_FORMAT " on %s)\n",
	            render_integer(router, "virtualRouterId"), render_text(router, "interface"));
	add_state(page, router);
	add_priority(page, router);
	render_tracks(page, routers, router);
	add_addresses(page, router);
	add_peers(page, router);
	add_authentication(page, router);
	add_transitions(page, router);
	add_oddities(page, router);
	text_done(&title);
}

/* --- sources --- */

static void add_cluster(struct text *line, const json_t *source, const json_t *loaded)
{
	const json_t *lease = json_object_get(source, "lease");
	char buf[RENDER_BUF_SIZE];

	text_printf(line, "%s, ", render_text(source, "server"));
	if (!json_is_number(loaded))
		text_add(line, "nothing is known of it yet");
	else if (render_bool(source, "inStep"))
		text_printf(line, "in step, known for %s",
		            render_span(json_number_value(loaded), buf));
	else
		text_add(line, "out of step; in force is what it last said");
	if (*render_text(lease, "holder"))
		text_printf(line, "; %s writes status", render_text(lease, "holder"));
}

static void add_source(const struct render_page *page, const json_t *source)
{
	const json_t *loaded = json_object_get(source, "loadedSecondsAgo");
	char buf[RENDER_BUF_SIZE];
	struct text line = {0};

	text_printf(&line, "%s: ", render_text(source, "path"));
	if (json_object_get(source, "server"))
		add_cluster(&line, source, loaded);
	else if (!json_is_number(loaded))
		text_add(&line, "refused; nothing was ever taken from it");
	else
		text_printf(&line, "%s %s ago",
		            render_bool(source, "inStep") ? "in step, loaded"
		                                          : "refused; in force is that of",
		            render_span(json_number_value(loaded), buf));
	table_paragraph(page->out, text_str(&line), 0, 2, page->style->width);
	text_done(&line);
}

static void add_sources(const struct render_page *page, const json_t *sources)
{
	size_t i;
	json_t *source;

	render_page_heading(page, "Sources");
	text_add(page->out, "\n");
	json_array_foreach(sources, i, source) add_source(page, source);
	if (json_array_size(sources) == 0)
		text_add(page->out, "  none\n");
}

/* Only where somebody is to be told. */
static void add_notifications(const struct render_page *page, const json_t *notifications)
{
	const json_t *targets = json_object_get(notifications, "targets");
	size_t i;
	json_t *target;

	if (json_array_size(targets) == 0)
		return;
	render_page_heading(page, "Notifications");
	text_add(page->out, "\n");
	json_array_foreach(targets, i, target)
	{
		json_int_t queued = render_integer(target, "queued");
		json_int_t dropped = render_integer(target, "dropped");
		struct text line = {0};

		text_printf(&line, "%s: %" JSON_INTEGER_FORMAT " told",
		            render_text(target, "target"), render_integer(target, "delivered"));
		if (queued)
			text_printf(&line, ", %" JSON_INTEGER_FORMAT " waiting", queued);
		if (dropped)
			text_printf(&line, ", %" JSON_INTEGER_FORMAT " lost", dropped);
		table_paragraph(page->out, text_str(&line), 0, 2, page->style->width);
		text_done(&line);
	}
}

void render_status(const json_t *status, const struct table_style *style, struct text *out)
{
	const struct render_page page = {.style = style, .out = out};
	char buf[RENDER_BUF_SIZE];
	struct text line = {0};
	size_t i;
	json_t *router;

	table_tone(out, TABLE_STRONG, style->colour, "lintel");
	text_printf(&line, "%s on %s, up %s, pid %" JSON_INTEGER_FORMAT "%s",
	            render_text(status, "version"), render_text(status, "node"),
	            render_span(render_number(status, "uptimeSeconds"), buf),
	            render_integer(status, "pid"),
	            render_bool(status, "realtime") ||
	                            json_array_size(json_object_get(status, "routers")) == 0
	                    ? ""
	                    : ", without real-time priority");
	text_add(out, " ");
	table_paragraph(out, text_str(&line), (unsigned)strlen("lintel "), 0, style->width);
	text_done(&line);
	add_problems(&page, status);
	json_array_foreach(json_object_get(status, "routers"), i, router)
		add_router(&page, json_object_get(status, "routers"), router);
	add_sources(&page, json_object_get(status, "sources"));
	render_replication(&page, json_object_get(status, "replication"));
	render_kernel(&page, status);
	add_notifications(&page, json_object_get(status, "notifications"));
}
