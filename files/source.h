/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files/source.h - the objects that files say.
 *
 * I/O. Keeps what it has read: of ten thousand objects in many files, those in a file that has
 * changed are read again. A path is a file (YAML or JSON, several documents in it as may be) or a
 * directory, of which the files *.yaml, *.yml and *.json are read in the order of their names;
 * hidden ones
 * (.name, so also the ..data of a ConfigMap's volume) and directories in it are not. */

#ifndef LINTEL_FILES_SOURCE_H
#define LINTEL_FILES_SOURCE_H

#include "model/object.h"

#define FILES_SOURCE_FILES_MAX 10000 /* of one directory */

/* A file as it was when it was read. */
struct files_source_entry;

struct files_source {
	char *const *paths; /* not owned */
	size_t path_count;
	struct files_source_entry *entries; /* owned; by path */
	size_t entry_count;
	struct model_problems problems;       /* of the paths themselves, at the last look */
	bool changed;                         /* scratch: at the current look */
	const struct model_objects **objects; /* of each file that could be read, for
	                                         model_snapshot_build() */
	size_t object_count;
};

/* 'paths' must stay. */
void files_source_init(struct files_source *source, char *const *paths, size_t path_count);
void files_source_done(struct files_source *source);
/* Reads the files that are new or have changed since the last time, and forgets those that are
 * gone. True: something differs from what was said before. */
bool files_source_look(struct files_source *source);
/* The same for one who knows which files may have changed, such as files/watch.h: others are not
 * looked at, unless they are what nobody can watch (links). False: something is not as simple as
 * that, and all has to be looked at; nothing was read then, or some of it. */
LT_MUST_USE bool files_source_look_at(struct files_source *source, char *const *files,
                                      size_t count);
/* Appends all that is wrong with any of them, a path that can't be read included. */
void files_source_report(const struct files_source *source, struct model_problems *problems);
/* Looks and reports. */
void files_source_read(struct files_source *source, struct model_problems *problems);

/* Would a file of this name in a directory be read? */
bool files_source_is_read(const char *name);

#endif
