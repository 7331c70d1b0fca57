/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/render_track.h - the part of `lintel status` that tells what the priority of a virtual
 * router depends on, and with whom it moves.
 *
 * Pure. */

#ifndef LINTEL_DAEMON_RENDER_TRACK_H
#define LINTEL_DAEMON_RENDER_TRACK_H

#include "daemon/render_page.h"

/* 'router' as in the answer to "status" (docs/json.md). */
void render_tracks(const struct render_page *page, const json_t *router);

#endif
