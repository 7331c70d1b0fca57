/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/top.h - the picture of `lintel top`: virtual servers with what goes through them, sorted,
 * with a little history each.
 *
 * Pure. daemon/cmd_top.c asks the daemon, reads keys and writes to the terminal. What is missing in
 * the JSON reads as 0 or "". */

#ifndef LINTEL_DAEMON_TOP_H
#define LINTEL_DAEMON_TOP_H

#include "daemon/table.h"

#include <jansson.h>

enum top_sort { TOP_BY_CONNECTIONS, TOP_BY_PACKETS, TOP_BY_BYTES, TOP_BY_ACTIVE, TOP_BY_NAME };
#define TOP_SORT_COUNT (TOP_BY_NAME + 1)
const char *top_sort_name(enum top_sort sort); /* "connections" */

#define TOP_HISTORY 20 /* samples of each virtual server */

struct top_row;

/* Zero-initialised: nothing seen, by connections, real servers not shown. */
struct top {
	enum top_sort sort;
	bool reverse;
	bool servers;         /* show real servers, too */
	bool routers;         /* show virtual routers instead */
	bool ascii;           /* the terminal knows no UTF-8 */
	size_t scroll;        /* rows that are above the picture */
	struct top_row *rows; /* owned; what was seen, in the order of the last picture */
	size_t row_count;
	json_t *list; /* owned; the last answers */
	json_t *status;
};

void top_done(struct top *top);
/* The daemon's answers to "list" and "status" (references are taken over). What is no longer there
 * is forgotten. */
void top_take(struct top *top, json_t *list, json_t *status);

enum top_key_result { TOP_KEY_UNKNOWN, TOP_KEY_CHANGED, TOP_KEY_QUIT };
/* What a key means; 'page' rows make a page. Arrows and pages come as TOP_KEY_... */
enum { TOP_KEY_UP = 256, TOP_KEY_DOWN, TOP_KEY_PAGE_UP, TOP_KEY_PAGE_DOWN, TOP_KEY_HOME };
enum top_key_result top_key(struct top *top, int key, size_t page);

/* daemon/top_routers.c, for daemon/top.c. 'status' is the daemon's answer. */
/* A line each for at most 'most' virtual routers that something restrains; how many lines. */
size_t top_add_restrained(const json_t *status, size_t most, const struct table_style *style,
                          struct text *out);
/* All that there are, from 'first' on, and what the priority of each depends on. */
void top_add_routers(const json_t *status, size_t first, const struct table_style *style,
                     struct text *out);

/* Appends at most 'height' lines (0: as many as there are), none wider than the style's width. */
void top_render(struct top *top, const struct table_style *style, unsigned height,
                struct text *out);

#endif
