/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/render_track.h - what the priority of a virtual router depends on and with whom it moves,
 * in the words that `lintel status` and `lintel top` share.
 *
 * Pure. 'routers' and 'router' as in the answer to "status" (docs/json.md). */

#ifndef LINTEL_DAEMON_RENDER_TRACK_H
#define LINTEL_DAEMON_RENDER_TRACK_H

#include "daemon/render_page.h"

/* "90 instead of 150", "150" */
void render_priority(const json_t *router, struct text *out);
/* "edge, with inside; has the priority of inside"; nothing: it is in no group. */
void render_sync_group(const json_t *routers, const json_t *router, struct text *out);
/* "priority -30: 10.0.0.1 does not answer", of one of its 'tracks' or 'quorums'. */
void render_influence(const json_t *influence, struct text *out);
/* True for one that changes the priority now, or keeps the virtual router out. */
bool render_influence_counts(const json_t *influence);

/* More of them are only counted: a router may have thousands of virtual servers. */
#define RENDER_QUORUMS_SHOWN 8

/* The part of a router's page: sync group, what is tracked, quorums. */
void render_tracks(const struct render_page *page, const json_t *routers, const json_t *router);

#endif
