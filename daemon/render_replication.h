/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/render_replication.h - the part of `lintel status` about connections that survive.
 *
 * Pure. */

#ifndef LINTEL_DAEMON_RENDER_REPLICATION_H
#define LINTEL_DAEMON_RENDER_REPLICATION_H

#include "daemon/render_page.h"

/* 'replication' is that member of the status; NULL: nothing is shown. */
void render_replication(const struct render_page *page, const json_t *replication);

#endif
