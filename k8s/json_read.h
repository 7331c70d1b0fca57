/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/json_read.h - JSON of the API server to a tree (lib/tree.h).
 *
 * Pure. cJSON does it, since what comes in when all is listed is megabytes. UTF-8 is well-formed. A
 * number is a TREE_INT when it is whole and of at most 53 bits, else a TREE_REAL. Where no sense is
 * lost cJSON takes more than JSON is: a leading zero, a line end within a string.
 *
 * Of a name that a map has twice, the first counts. A text ends at a NUL in it, and so does a name.
 * Nodes have no lines. */

#ifndef LINTEL_K8S_JSON_READ_H
#define LINTEL_K8S_JSON_READ_H

#include "lib/tree.h"

#define K8S_JSON_READ_DEPTH_MAX 1000 /* cJSON refuses what is deeper */

/* The value that 'text' is, with nothing after it; NULL: it is none. All of it is in the arena, and
 * so is what cJSON made on the way. */
struct tree *k8s_json_read(const char *text, size_t size, struct arena *arena);
/* The same without what nobody asks for, which may be the larger part: the API server's own records
 * of who wrote what (managedFields), and whose an object is (ownerReferences, targetRef). Refuses
 * no more and no less. */
struct tree *k8s_json_read_object(const char *text, size_t size, struct arena *arena);

#endif
