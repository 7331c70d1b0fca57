/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/render.h - the daemon's JSON answers as text for a person.
 *
 * Pure. What is missing or of another type in the JSON reads as 0, "" or nothing: a daemon of
 * another version is shown as far as it is understood. No line is longer than the style's width,
 * single names and addresses that are longer apart. */

#ifndef LINTEL_DAEMON_RENDER_H
#define LINTEL_DAEMON_RENDER_H

#include "daemon/table.h"

#include <jansson.h>

/* `lintel status` */
void render_status(const json_t *status, const struct table_style *style, struct text *out);

enum render_list_view {
	RENDER_LIST_SERVERS,     /* weights and connections, as ipvsadm -Ln */
	RENDER_LIST_STATS,       /* totals, as ipvsadm -Ln --stats */
	RENDER_LIST_RATE,        /* per second, as ipvsadm -Ln --rate */
	RENDER_LIST_CONNECTIONS, /* as ipvsadm -Lnc */
};
/* `lintel list` */
void render_list(const json_t *list, enum render_list_view view, const struct table_style *style,
                 struct text *out);

/* `lintel explain` */
void render_explain(const json_t *explanation, const struct table_style *style, struct text *out);

/* --- shared by the renderers --- */

/* Members of an object; NULL accepted. */
const char *render_text(const json_t *object, const char *key);
double render_number(const json_t *object, const char *key);
json_int_t render_integer(const json_t *object, const char *key);
bool render_bool(const json_t *object, const char *key);

#define RENDER_BUF_SIZE 32
/* A span of time in its two largest units: "3h 12m", "1.5s", "40ms"; returns buf. */
const char *render_span(double seconds, char buf[static RENDER_BUF_SIZE]);
/* A count in at most 8 characters: "12345678", "123456K"; returns buf. */
const char *render_count(double value, char buf[static RENDER_BUF_SIZE]);
/* "s" unless 'count' is 1. */
const char *render_plural(json_int_t count);

#endif
