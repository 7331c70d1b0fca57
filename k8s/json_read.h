/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/json_read.h - JSON of the API server to a tree (lib/tree.h), in one pass.
 *
 * Pure. Strict: RFC 8259, UTF-8 that is well-formed (RFC 3629), every escape good. What jansson
 * refuses is refused here and the other way round (tests/fuzz/fuzz_k8s_json.c); but a value is a
 * node in an arena instead of some pieces of heap and a hash table, which for a cluster of 10,000
 * Services is most of a cold start.
 *
 * Of a name that a map has twice, the first counts (tree_get). An integer beyond int64_t, or with a
 * fraction, is a TREE_REAL with its text as written. A text ends at a NUL in it; a name has none.
 * Nodes have no lines. */

#ifndef LINTEL_K8S_JSON_READ_H
#define LINTEL_K8S_JSON_READ_H

#include "lib/tree.h"

#define K8S_JSON_READ_DEPTH_MAX 2048 /* deeper is refused, as jansson does */

/* The value that 'text' is, with nothing after it; NULL: it is none. Copies what it keeps to the
 * arena. */
struct tree *k8s_json_read(const char *text, size_t size, struct arena *arena);
/* The same without what nobody asks for, which may be the larger part: the API server's own records
 * of who wrote what (managedFields), and whose an object is (ownerReferences, targetRef). Refuses
 * no more and no less. */
struct tree *k8s_json_read_object(const char *text, size_t size, struct arena *arena);

#endif
