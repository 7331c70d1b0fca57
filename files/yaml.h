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

#endif
