/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/encode.h - objects to JSON, as far as they are kept: for our own files, and to compare.
 *
 * Pure. */

#ifndef LINTEL_K8S_ENCODE_H
#define LINTEL_K8S_ENCODE_H

#include "k8s/objects.h"
#include "lib/text.h"

/* Appends one line of JSON without its '\n', such that k8s_decode() makes the same object of it.
 * 'version': with metadata.resourceVersion and generation. */
void k8s_encode(const struct k8s_object *object, bool version, struct text *out);

#endif
