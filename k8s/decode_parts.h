/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/decode_parts.h - what the decoders of the kinds share.
 *
 * Pure. Private to k8s/decode*.c and k8s/encode*.c. */

#ifndef LINTEL_K8S_DECODE_PARTS_H
#define LINTEL_K8S_DECODE_PARTS_H

#include "k8s/json_tree.h"
#include "k8s/objects.h"

/* Fill in what the kind has besides metadata. */
void k8s_decode_service(struct k8s_object *object, const struct tree *json);
void k8s_decode_slice(struct k8s_object *object, const struct tree *json);
void k8s_decode_node(struct k8s_object *object, const struct tree *json);
void k8s_decode_config_map(struct k8s_object *object, const struct tree *json);
void k8s_decode_custom(struct k8s_object *object, const struct tree *json);

/* A copy in the object's arena; "" costs nothing. */
const char *k8s_decode_copy(struct k8s_object *object, const char *text);
/* A map of texts; sorted, each key once. 'known' NULL: all keys. */
struct k8s_pairs k8s_decode_pairs(struct k8s_object *object, const struct tree *map,
                                  bool (*known)(const char *key));
/* An address as text; ADDR_NONE for anything else. */
struct addr k8s_decode_address(const char *text);
/* "TCP" and nothing at all are TCP. False: none that is balanced. */
bool k8s_decode_protocol(const char *text, enum model_protocol *ret_protocol);

#endif
