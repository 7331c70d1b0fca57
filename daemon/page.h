/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/page.h - the status page for people, as the one file that a browser gets.
 *
 * Pure data, made by daemon/page/embed.py of the files beside it. It asks /api/v1/status and
 * /api/v1/servers again and again, and nobody else. */

#ifndef LINTEL_DAEMON_PAGE_H
#define LINTEL_DAEMON_PAGE_H

#include <stddef.h>

#define PAGE_CONTENT_TYPE "text/html; charset=utf-8"

extern const char page_html[];
extern const size_t page_html_size;
/* Content-Security-Policy: nothing but the page's own script and style runs, by their hashes. */
extern const char page_policy[];

#endif
