/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render_track.h"

/* "-30: 10.0.0.1 does not answer; held for 12s more since it changed 4 times" */
static void add_tracks(const struct render_page *page, const json_t *router)
{
	char buf[RENDER_BUF_SIZE];
	size_t i;
	json_t *track;

	json_array_foreach(json_object_get(router, "tracks"), i, track)
	{
		double held = render_number(track, "heldSeconds");
		json_int_t flaps = render_integer(track, "countedFlaps");
		json_int_t change = render_integer(track, "priorityChange");
		struct text line = {0};

		if (render_bool(track, "withdraws"))
			text_add(&line, "withdraws it: ");
		else if (change != 0)
			text_printf(&line, "priority %+d: ", (int)change);
		text_add(&line, render_text(track, "why"));
		if (held > 0)
			text_printf(&line,
			            ", which counts in %s as it became bad %" JSON_INTEGER_FORMAT
			            " time%s",
			            render_span(held, buf), flaps, flaps == 1 ? "" : "s");
		render_page_fact(page, i ? "" : "Tracks", &line);
	}
}

static void add_group(const struct render_page *page, const json_t *router)
{
	struct text line = {0};

	if (!json_is_string(json_object_get(router, "syncGroup")))
		return;
	text_printf(&line, "%s: moves together with the others in it",
	            render_text(router, "syncGroup"));
	render_page_fact(page, "Sync group", &line);
}

void render_tracks(const struct render_page *page, const json_t *router)
{
	add_group(page, router);
	add_tracks(page, router);
}
