/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/json_tree.h - a JSON value as a tree, for the one decoder of objects (model/decode.h).
 *
 * Pure. Nodes have no lines. */

#ifndef LINTEL_K8S_JSON_TREE_H
#define LINTEL_K8S_JSON_TREE_H

#include "lib/tree.h"

#include <jansson.h>

#define K8S_JSON_TREE_NODES_MAX 100000

/* Values deeper than TREE_DEPTH_MAX or more than K8S_JSON_TREE_NODES_MAX: NULL. Texts are copied to
 * the arena. */
struct tree *k8s_json_tree(const json_t *json, struct arena *arena);

#endif
