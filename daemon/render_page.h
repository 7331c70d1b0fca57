/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/render_page.h - what the parts of `lintel status` are made of: headings, labelled facts,
 * problems.
 *
 * Pure. Private to the renderers of the status. */

#ifndef LINTEL_DAEMON_RENDER_PAGE_H
#define LINTEL_DAEMON_RENDER_PAGE_H

#include "daemon/render.h"

#define RENDER_PAGE_LABEL 14 /* "  Addresses   " */

struct render_page {
	const struct table_style *style;
	struct text *out;
};

void render_page_heading(const struct render_page *page, const char *title);
/* Begins a labelled paragraph. */
void render_page_label(const struct render_page *page, const char *label);
/* Ends it; 'rest' follows the 'used' columns that stand behind the label already. */
void render_page_end(const struct render_page *page, size_t used, const char *rest);
/* Both; frees 'fact'. */
void render_page_fact(const struct render_page *page, const char *label, struct text *fact);

/* "! subject: problem"; nothing for an empty one. */
void render_page_problem(const struct render_page *page, const char *subject, const char *problem);
/* A JSON array of them. */
void render_page_problems(const struct render_page *page, const char *subject, const json_t *list);

#endif
