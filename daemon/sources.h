/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/sources.h - where the desired state comes from: files, read again when
 * they change, and objects of Kubernetes, joined into one snapshot.
 *
 * I/O. A set of files with an error is refused whole: what they said before
 * stays in force, and status says so. Objects of Kubernetes were judged one by
 * one before they come here: one that can't be in force beside the files is
 * left out alone. */

#ifndef LINTEL_DAEMON_SOURCES_H
#define LINTEL_DAEMON_SOURCES_H

#include "files/source.h"
#include "files/watch.h"
#include "lib/loop.h"
#include "model/amend.h"

#include <jansson.h>

struct sources {
	struct files_source files;
	struct model_objects
		*accepted; /* handles of what the files said when they were last good */
	size_t accepted_count;
	struct model_snapshot *snapshot; /* in force; owned; NULL until the first good load */
	struct model_problems problems;  /* of the last load of files */
	struct model_problems left_out;  /* of others' objects, of the last join */
	int64_t loaded_us;               /* when the files were read, 0: never */
	struct files_watch *watch;
};

/* What does not come from files: one for each object, or for several that
 * belong together. Borrowed for the call. */
struct sources_others {
	const struct model_objects *const *items;
	size_t count;
};

/* 'path_count' may be 0: then files say nothing. */
void sources_init(struct sources *sources, char *const *paths, size_t path_count);
void sources_done(struct sources *sources);

/* Reads the files that have changed and joins them; 'problems' are those of
 * all. NULL when any is an error. The caller frees it with
 * model_snapshot_free(). */
LT_MUST_USE struct model_snapshot *sources_read(struct sources *sources);

/* Reads the files that were told to have changed. False: that is not known or
 * not all; sources_look() is needed, now. */
LT_MUST_USE bool sources_look_at_told(struct sources *sources);
/* Looks at all files and reads those that have changed. True: any has. */
bool sources_look(struct sources *sources);
/* Judges what was read; every problem is logged. True: there is a new snapshot,
 * of files and 'others', and '*ret_before' is the old one (NULL the first
 * time), now the caller's. False: all is as before. */
LT_MUST_USE bool sources_load(struct sources *sources, const struct sources_others *others,
                              int64_t now_us, struct model_snapshot **ret_before);
/* The same without reading files: 'others' changed. Gives the snapshot before,
 * the caller's. */
LT_MUST_USE struct model_snapshot *sources_join(struct sources *sources,
                                                const struct sources_others *others);
/* Is all that was read of files since the last load other real servers, and
 * nothing wrong? Then the snapshot can take that in where it stands
 * (model/amend.h), and sources_amended() is told; else load. */
LT_MUST_USE bool sources_find_amendment(struct sources *sources,
                                        struct model_amendment *ret_amendment);
void sources_amended(struct sources *sources, int64_t now_us);
/* Calls 'changed' on the loop when files may have changed. Where they can't be
 * watched it tells so.
 */
void sources_watch(struct sources *sources, struct loop *loop, void (*changed)(void *ctx),
                   void *ctx);
/* Is what stands at paths[index] what is in force? Appends its problems, as
 * text, to 'problems'. */
bool sources_in_step(const struct sources *sources, size_t index, json_t *problems);
/* Appends what was left out, as text. */
void sources_add_left_out(const struct sources *sources, json_t *problems);

#endif
