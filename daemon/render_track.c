/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render_track.h"

#include <string.h>

void render_priority(const json_t *router, struct text *out)
{
	json_int_t priority = render_integer(router, "priority");
	const json_t *configured = json_object_get(router, "configuredPriority");

	text_printf(out, "%" JSON_INTEGER_FORMAT, priority);
	if (json_is_integer(configured) && json_integer_value(configured) != priority)
		text_printf(out, " instead of %" JSON_INTEGER_FORMAT,
		            json_integer_value(configured));
}

void render_sync_group(const json_t *routers, const json_t *router, struct text *out)
{
	const char *group = render_text(router, "syncGroup");
	const char *from = render_text(router, "priorityFrom");
	const char *between = ", with ";
	size_t i;
	json_t *other;

	if (!*group)
		return;
	text_add(out, group);
	json_array_foreach(routers, i, other)
	{
		if (other == router || strcmp(render_text(other, "syncGroup"), group) != 0)
			continue;
		text_printf(out, "%s%s", between, render_text(other, "name"));
		between = ", ";
	}
	if (*from)
		text_printf(out, "; has the priority of %s", from);
}

bool render_influence_counts(const json_t *influence)
{
	return render_bool(influence, "withdraws") ||
	       render_integer(influence, "priorityChange") != 0;
}

void render_influence(const json_t *influence, struct text *out)
{
	double held = render_number(influence, "heldSeconds");
	json_int_t flaps = render_integer(influence, "countedFlaps");
	json_int_t change = render_integer(influence, "priorityChange");
	char buf[RENDER_BUF_SIZE];

	if (render_bool(influence, "withdraws"))
		text_add(out, "withdraws it: ");
	else if (change != 0)
		text_printf(out, "priority %+d: ", (int)change);
	text_add(out, render_text(influence, "why"));
	if (held > 0)
		text_printf(out,
		            ", which counts in %s as it became bad %" JSON_INTEGER_FORMAT " time%s",
		            render_span(held, buf), flaps, render_plural(flaps));
}

static void add_influences(const struct render_page *page, const json_t *list, const char *label,
                           size_t most, size_t count)
{
	struct text line = {0};
	size_t i;
	json_t *influence;

	json_array_foreach(list, i, influence)
	{
		if (i >= most)
			break;
		render_influence(influence, &line);
		render_page_fact(page, i ? "" : label, &line);
	}
	if (count > most) {
		text_printf(&line, "and %zu more", count - most);
		render_page_fact(page, "", &line);
	}
}

void render_tracks(const struct render_page *page, const json_t *routers, const json_t *router)
{
	const json_t *tracks = json_object_get(router, "tracks");
	json_int_t quorums = render_integer(router, "quorumCount");
	struct text line = {0};

	render_sync_group(routers, router, &line);
	if (line.len)
		render_page_fact(page, "Sync group", &line);
	add_influences(page, tracks, "Tracks", json_array_size(tracks), json_array_size(tracks));
	add_influences(page, json_object_get(router, "quorums"), "Quorums", RENDER_QUORUMS_SHOWN,
	               quorums > 0 ? (size_t)quorums : 0);
}
