/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/sources.h - where the desired state comes from: files, read again when they change.
 *
 * I/O. A set of files with an error is refused whole: the snapshot before it stays in force, and
 * status says so. */

#ifndef LINTEL_DAEMON_SOURCES_H
#define LINTEL_DAEMON_SOURCES_H

#include "files/source.h"
#include "files/watch.h"
#include "lib/loop.h"
#include "model/snapshot.h"

#include <jansson.h>

struct sources {
	struct files_source files;
	struct model_snapshot *snapshot; /* in force; owned; NULL until the first good load */
	struct model_problems problems;  /* of the last load */
	int64_t loaded_us;               /* when the snapshot was read, 0: never */
	struct files_watch *watch;
};

void sources_init(struct sources *sources, char *const *paths, size_t path_count);
void sources_done(struct sources *sources);

/* Reads what has changed and joins it; 'problems' are those of all. NULL when any is an error. The
 * caller frees it with model_snapshot_free(). */
LT_MUST_USE struct model_snapshot *sources_read(struct sources *sources);

/* Reads all; every problem is logged. True: there is a new snapshot, and '*ret_before' is the old
 * one (NULL the first time), now the caller's. False: all is as before. */
LT_MUST_USE bool sources_load(struct sources *sources, int64_t now_us,
                              struct model_snapshot **ret_before);
/* Calls 'changed' on the loop when files may have changed. Where they can't be watched it tells so.
 */
void sources_watch(struct sources *sources, struct loop *loop, void (*changed)(void *ctx),
                   void *ctx);
/* Is what stands at paths[index] what is in force? Appends its problems, as text, to 'problems'. */
bool sources_in_step(const struct sources *sources, size_t index, json_t *problems);

#endif
