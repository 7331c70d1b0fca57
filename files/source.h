/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files/source.h - the objects that files say.
 *
 * I/O. A path is a file (YAML or JSON, several documents in it as may be) or a directory, of which
 * the files *.yaml, *.yml and *.json are read in the order of their names; hidden ones
 * (.name, so also the ..data of a ConfigMap's volume) and directories in it are not. */

#ifndef LINTEL_FILES_SOURCE_H
#define LINTEL_FILES_SOURCE_H

#include "model/object.h"

#define FILES_SOURCE_FILES_MAX 10000 /* of one directory */

/* Appends to 'objects' what can be decoded, to 'problems' all that is wrong, a path that can't be
 * read included. 'objects' depends on nothing but itself afterwards. */
void files_source_load(char *const *paths, size_t path_count, struct model_objects *objects,
                       struct model_problems *problems);

/* Would a file of this name in a directory be read? */
bool files_source_is_read(const char *name);

#endif
