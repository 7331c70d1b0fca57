/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render.h"

#include "lib/mem.h"

#include <stdlib.h>
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

/* Is it as it should be (another node answers, say), or does something stand in the way? */
static enum table_tone answer_tone(const json_t *explanation)
{
	size_t i;
	json_t *step;

	if (render_bool(explanation, "answers"))
		return TABLE_GOOD;
	json_array_foreach(json_object_get(explanation, "steps"), i, step)
	{
		if (strcmp(render_text(step, "verdict"), "fail") == 0)
			return TABLE_BAD;
	}
	return TABLE_ATTENTION;
}

/* "10.77.0.100:80/TCP: This node answers." */
static void add_answer(const json_t *explanation, const struct table_style *style, struct text *out)
{
	struct text subject = {0}, wrapped = {0};
	const char *summary = render_text(explanation, "summary");

	if (!*summary)
		summary = render_bool(explanation, "answers") ? "It answers."
		                                              : "It does not answer.";
	add_subject(explanation, &subject);
	text_add(&subject, ":");
	table_tone(out, TABLE_STRONG, style->colour, text_str(&subject));
	text_add(out, " ");
	table_paragraph(&wrapped, summary, (unsigned)table_width(text_str(&subject)) + 1, 0,
	                style->width);
	for (const char *line = text_str(&wrapped); *line;) {
		size_t len = strcspn(line, "\n");
		char *copy = xmemdup(line, len + 1);
		copy[len] = '\0';
		table_tone(out, answer_tone(explanation), style->colour, copy);
		text_add(out, "\n");
		free(copy);
		line += len + 1;
	}
	text_done(&wrapped);
	text_done(&subject);
}

void render_explain(const json_t *explanation, const struct table_style *style, struct text *out)
{
	const json_t *steps = json_object_get(explanation, "steps");
	unsigned subject = subject_width(steps);
	size_t i;
	json_t *step;

	add_answer(explanation, style, out);
	text_add(out, "\n");
	json_array_foreach(steps, i, step) add_step(step, subject, style, out);
}
