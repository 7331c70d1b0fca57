/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render_page.h"

void render_page_label(const struct render_page *page, const char *label)
{
	text_printf(page->out, "  %-*s", RENDER_PAGE_LABEL - 2, label);
}

void render_page_end(const struct render_page *page, size_t used, const char *rest)
{
	table_paragraph(page->out, rest, RENDER_PAGE_LABEL + (unsigned)used, RENDER_PAGE_LABEL,
	                page->style->width);
}

void render_page_heading(const struct render_page *page, const char *title)
{
	text_add(page->out, "\n");
	table_tone(page->out, TABLE_STRONG, page->style->colour, title);
}

void render_page_fact(const struct render_page *page, const char *label, struct text *fact)
{
	render_page_label(page, label);
	render_page_end(page, 0, text_str(fact));
	text_done(fact);
}

void render_page_problem(const struct render_page *page, const char *subject, const char *problem)
{
	struct text line = {0};

	if (!*problem)
		return;
	text_add(page->out, "  ");
	table_tone(page->out, TABLE_BAD, page->style->colour, "!");
	text_add(page->out, " ");
	text_printf(&line, "%s%s%s", subject, *subject ? ": " : "", problem);
	table_paragraph(page->out, text_str(&line), 4, 4, page->style->width);
	text_done(&line);
}

void render_page_problems(const struct render_page *page, const char *subject, const json_t *list)
{
	size_t i;
	json_t *problem;

	json_array_foreach(list, i, problem) render_page_problem(
		page, subject, json_string_value(problem) ? json_string_value(problem) : "");
}
