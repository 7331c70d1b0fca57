/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual routers in the picture of `lintel top`, in the words of `lintel status`. */
#include "daemon/render_track.h"
#include "daemon/top.h"

#include <string.h>

static void end_line(enum table_tone tone, struct text *line, const struct table_style *style,
                     struct text *out)
{
	table_line(out, tone, text_str(line), style);
	text_clear(line);
}

static void add_counting(const json_t *list, struct text *line)
{
	size_t i;
	json_t *influence;

	json_array_foreach(list, i, influence)
	{
		if (!render_influence_counts(influence))
			continue;
		text_add(line, line->len ? "; " : "");
		render_influence(influence, line);
	}
}

/* What keeps it from its configured priority, or from taking part; nothing does: nothing. */
static void add_restraints(const json_t *router, struct text *line)
{
	const char *from = render_text(router, "priorityFrom");

	if (*from)
		text_printf(line, "has the priority of %s", from);
	add_counting(json_object_get(router, "tracks"), line);
	add_counting(json_object_get(router, "quorums"), line);
}

size_t top_add_restrained(const json_t *status, size_t most, const struct table_style *style,
                          struct text *out)
{
	struct text why = {0}, line = {0};
	size_t lines = 0, i;
	json_t *router;

	json_array_foreach(json_object_get(status, "routers"), i, router)
	{
		text_clear(&why);
		add_restraints(router, &why);
		if (why.len == 0 || lines >= most)
			continue;
		text_printf(&line, "%s: priority ", render_text(router, "name"));
		render_priority(router, &line);
		text_printf(&line, "; %s", text_str(&why));
		end_line(TABLE_ATTENTION, &line, style, out);
		lines++;
	}
	text_done(&why);
	text_done(&line);
	return lines;
}

static enum table_tone state_tone(const json_t *router)
{
	const char *state = render_text(router, "state");

	if (strcmp(state, "Active") == 0)
		return TABLE_GOOD;
	return strcmp(state, "Backup") == 0 ? TABLE_STRONG : TABLE_BAD;
}

static void add_influences(const json_t *list, size_t most, const struct table_style *style,
                           struct text *out)
{
	struct text line = {0};
	size_t i;
	json_t *influence;

	json_array_foreach(list, i, influence)
	{
		if (i >= most)
			break;
		bool counts = render_influence_counts(influence);

		text_add(&line, "  ");
		render_influence(influence, &line);
		end_line(counts ? TABLE_ATTENTION : TABLE_FAINT, &line, style, out);
	}
	text_done(&line);
}

static void add_router(const json_t *routers, const json_t *router, const struct table_style *style,
                       struct text *out)
{
	json_int_t quorums = render_integer(router, "quorumCount");
	char buf[RENDER_BUF_SIZE];
	struct text line = {0};

	text_printf(&line, "%s: %s for %s, priority ", render_text(router, "name"),
	            render_text(router, "state"),
	            render_span(render_number(router, "sinceSeconds"), buf));
	render_priority(router, &line);
	text_printf(&line, ", VRID %" JSON_INTEGER_FORMAT " on %s",
	            render_integer(router, "virtualRouterId"), render_text(router, "interface"));
	end_line(state_tone(router), &line, style, out);
	if (*render_text(router, "problem")) {
		text_printf(&line, "  ! %s", render_text(router, "problem"));
		end_line(TABLE_BAD, &line, style, out);
	}
	if (*render_text(router, "syncGroup")) {
		text_add(&line, "  sync group ");
		render_sync_group(routers, router, &line);
		end_line(TABLE_FAINT, &line, style, out);
	}
	add_influences(json_object_get(router, "tracks"), SIZE_MAX, style, out);
	add_influences(json_object_get(router, "quorums"), RENDER_QUORUMS_SHOWN, style, out);
	if (quorums > RENDER_QUORUMS_SHOWN) {
		text_printf(&line, "  and %" JSON_INTEGER_FORMAT " more",
		            quorums - RENDER_QUORUMS_SHOWN);
		end_line(TABLE_ATTENTION, &line, style, out);
	}
	text_done(&line);
}

void top_add_routers(const json_t *status, size_t first, const struct table_style *style,
                     struct text *out)
{
	const json_t *routers = json_object_get(status, "routers");

	for (size_t i = first; i < json_array_size(routers); i++)
		add_router(routers, json_array_get(routers, i), style, out);
}
