/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files/yaml.h - YAML text (and so JSON) to trees.
 *
 * Pure: libyaml reads from memory. YAML 1.2 core schema for plain scalars; quoted ones are text.
 * Refused, each with its line: syntax errors, duplicate keys, aliases (they make small documents
 * large, and nobody needs them here), tags other than those of the core schema, keys that are no
 * scalars, and what is larger or deeper than the limits. */

#ifndef LINTEL_FILES_YAML_H
#define LINTEL_FILES_YAML_H

#include "lib/tree.h"
#include "model/problem.h"

#include <stdbool.h>

/* 10,000 virtual servers of 10 servers each are about 10 MB and a million nodes. */
#define FILES_YAML_SIZE_MAX  (32 * 1024 * 1024) /* bytes of one text */
#define FILES_YAML_NODES_MAX 2000000            /* scalars, lists and maps of one text */

/* The version of libyaml that we run with: "0.2.5". */
const char *files_yaml_library_version(void);

/* Appends each document of 'text' to the list 'documents' (TREE_LIST); empty ones are null.
 * Documents before a syntax error are kept, what has an error otherwise as well, so that
 * the decoder can look at it. Texts are copied into 'arena'. 'source' names it in problems. */
void files_yaml_read(const char *text, size_t size, const char *source, struct arena *arena,
                     struct tree *documents, struct model_problems *problems);
/* The same for a part of a text, that begins on 'line' of it. */
void files_yaml_read_from(const char *text, size_t size, const char *source, unsigned line,
                          struct arena *arena, struct tree *documents,
                          struct model_problems *problems);

/* Can the text be read in parts, each by itself, and the lines of a part be told by counting '\n'?
 * What comes of it is the same as when all of it is read, unless there are errors. */
bool files_yaml_is_divisible(const char *text, size_t size);
/* Bytes up to the next line that begins a document with "---", that on the first line aside: no
 * such line can be within one (YAML 1.2, 9.1.2, c-forbidden). Without one: all. */
size_t files_yaml_part_size(const char *text, size_t size);

#endif
