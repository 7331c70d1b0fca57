/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files/watch.h - tells when files may have changed.
 *
 * I/O: inotify. Watched are the directories that the paths lie in, and those that they are, not
 * the files: so editors that write a new file and rename it are seen, and so is the swap of the
 * ..data link in a ConfigMap's volume. A path that does not exist yet is awaited at its nearest
 * ancestor. Not seen: changes behind a symbolic link within a directory of files that leads
 * elsewhere (other than ..data), and file systems without inotify (NFS): reload on request stays
 * necessary there. A change may be told that is none: compare what is read. */

#ifndef LINTEL_FILES_WATCH_H
#define LINTEL_FILES_WATCH_H

#include "lib/compiler.h"
#include "lib/loop.h"

#include <stddef.h>

/* Changes are told when nothing happened for this long: one who copies several files is not
 * finished with the first. With changes that never pause, at the latest after ten times that. */
#define FILES_WATCH_QUIET_US 100000

struct files_watch;

/* What may have changed. */
struct files_watch_told {
	bool all;     /* anything: directories changed, or events were lost */
	char **files; /* "DIRECTORY/NAME", owned; of the directories among the paths */
	size_t count;
};

/* Calls 'changed' from the loop. Open it before the files are read for the first time, so that
 * nothing falls in between. 'paths' is copied. -errno of inotify, when it can't be had at all. */
LT_MUST_USE int files_watch_open(struct loop *loop, char *const *paths, size_t path_count,
                                 void (*changed)(void *ctx), void *ctx,
                                 struct files_watch **ret_watch);
/* The same with another time of quiet, microseconds. */
LT_MUST_USE int files_watch_open_quiet(struct loop *loop, char *const *paths, size_t path_count,
                                       int64_t quiet_us, void (*changed)(void *ctx), void *ctx,
                                       struct files_watch **ret_watch);
/* Says what may have changed since the last call, and so tells it no more. All that was done before
 * the call is in it, where inotify sees it. The caller gives it to files_watch_told_done(). */
void files_watch_take(struct files_watch *watch, struct files_watch_told *ret_told);
void files_watch_told_done(struct files_watch_told *told);
/* NULL: nothing. Not from within 'changed'. */
void files_watch_close(struct files_watch *watch);

#endif
