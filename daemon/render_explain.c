/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render.h"

#include <string.h>

#define MARK_WIDTH 11 /* "  attention" */

static enum table_tone verdict_tone(const char *verdict)
{
	if (strcmp(verdict, "ok") == 0)
		return TABLE_GOOD;
	return strcmp(verdict, "fail") == 0 ? TABLE_BAD : TABLE_ATTENTION;
}

static unsigned subject_width(const json_t *steps)
{
	size_t width = 0, i;
	json_t *step;

	json_array_foreach(steps, i, step)
	{
		size_t own = table_width(render_text(step, "subject"));
		width = own > width ? own : width;
	}
	return (unsigned)width;
}

static void add_step(const json_t *step, unsigned subject, const struct table_style *style,
                     struct text *out)
{
	const char *verdict = render_text(step, "verdict");
	const char *title = render_text(step, "subject");
	unsigned column = MARK_WIDTH + 2 + subject + 2;

	text_add(out, "  ");
	table_tone(out, verdict_tone(verdict), style->colour, verdict);
	text_printf(out, "%*s", (int)(MARK_WIDTH - 2 - (int)table_width(verdict) + 2), "");
	table_tone(out, TABLE_STRONG, style->colour, title);
	text_printf(out, "%*s", (int)(subject - (unsigned)table_width(title) + 2), "");
	table_paragraph(out, render_text(step, "text"), column, column, style->width);
}

/* The address as it was asked for: "10.77.0.100:80/TCP", "[2001:db8::1]:80/TCP". */
static void add_subject(const json_t *explanation, struct text *out)
{
	const char *address = render_text(explanation, "address");
	bool bracket = strchr(address, ':');

	text_printf(out, "%s%s%s", bracket ? "[" : "", address, bracket ? "]" : "");
	if (render_integer(explanation, "port"))
		text_printf(out, ":%d", (int)render_integer(explanation, "port"));
	text_printf(out, "/%s", render_text(explanation, "protocol"));
}

void render_explain(const json_t *explanation, const struct table_style *style, struct text *out)
{
	const json_t *steps = json_object_get(explanation, "steps");
	bool answers = render_bool(explanation, "answers");
	struct text head = {0};
	size_t i;
	json_t *step;

	add_subject(explanation, &head);
	table_tone(out, TABLE_STRONG, style->colour, text_str(&head));
	text_add(out, " ");
	table_tone(out, answers ? TABLE_GOOD : TABLE_BAD, style->colour,
	           answers ? "answers" : "does not answer");
	text_add(out, "\n");
	text_done(&head);
	if (*render_text(explanation, "summary"))
		table_paragraph(out, render_text(explanation, "summary"), 0, 0, style->width);
	text_add(out, "\n");
	json_array_foreach(steps, i, step) add_step(step, subject_width(steps), style, out);
}
