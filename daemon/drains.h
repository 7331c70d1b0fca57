/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/drains.h - the real servers an operator has drained by hand.
 *
 * I/O: kept in a file of the state directory, one endpoint a line, so that a restart doesn't put a
 * server back to work that somebody took out of it. The source of desired state is not touched. */

#ifndef LINTEL_DAEMON_DRAINS_H
#define LINTEL_DAEMON_DRAINS_H

#include "lib/endpoint.h"

#include <stdbool.h>
#include <stddef.h>

#define DRAINS_MAX  10000
#define DRAINS_FILE "drained" /* in the state directory */

struct drains {
	char *path;             /* owned; NULL: kept in memory only */
	struct endpoint *items; /* sorted, each once; port 0: every port of the address */
	size_t count;
};

/* Loads the file; an absent one is an empty list. -EINVAL when not all of it makes sense, -errno
 * when it can't be read: what could be read is there all the same. */
LT_MUST_USE int drains_open(struct drains *drains, const char *state_dir);
void drains_done(struct drains *drains);

/* 0 or -errno. */
LT_MUST_USE int drains_save(const struct drains *drains);
/* Both save; when saving fails nothing has changed. -EEXIST / -ENOENT when it is so already. */
LT_MUST_USE int drains_add(struct drains *drains, const struct endpoint *server);
LT_MUST_USE int drains_remove(struct drains *drains, const struct endpoint *server);
/* What else stands in the list and concerns this server: its address, when it has a port; the first
 * of its address's ports, when it has none. NULL: nothing. Valid until the next change. */
const struct endpoint *drains_related(const struct drains *drains, const struct endpoint *server);
/* Is this server drained, by itself or by its address? */
bool drains_hold(const struct drains *drains, const struct addr *address, uint16_t port);

#endif
