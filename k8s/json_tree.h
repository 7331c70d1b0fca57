/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/json_tree.h - what decoders ask of an object as it came (k8s/json_read.h).
 *
 * Pure. Asking never fails: what is absent or of another type gives what the caller names. NULL is
 * a value that is not there. Entries are walked by 'child' and 'sibling'. */

#ifndef LINTEL_K8S_JSON_TREE_H
#define LINTEL_K8S_JSON_TREE_H

#include "lib/text.h"
#include "lib/tree.h"

#define K8S_JSON_TREE_NODES_MAX 100000

/* "" */
const char *k8s_json_tree_text(const struct tree *map, const char *key);
/* The text that it is, NULL. */
const char *k8s_json_tree_string(const struct tree *value);
bool k8s_json_tree_bool(const struct tree *map, const char *key, bool otherwise);
/* Outside of min..max counts as absent. */
int64_t k8s_json_tree_int(const struct tree *map, const char *key, int64_t min, int64_t max,
                          int64_t otherwise);
/* Entries of a list, 0 when it is none; at most 'limit', '*cut' is set when there are more. */
size_t k8s_json_tree_count(const struct tree *list, size_t limit, bool *cut);
/* The first of a list, NULL. */
const struct tree *k8s_json_tree_first(const struct tree *list);

/* Is it no deeper than TREE_DEPTH_MAX and no larger than K8S_JSON_TREE_NODES_MAX? */
bool k8s_json_tree_fits(const struct tree *value);
/* Appends JSON, keys sorted. */
void k8s_json_tree_write(const struct tree *value, struct text *out);

#endif
