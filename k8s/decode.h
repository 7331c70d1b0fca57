/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/decode.h - objects of the API as they came to objects of ours.
 *
 * Pure. Anything may come in; what is no object at all is told, everything else is read as far as
 * it makes sense (k8s/objects.h). Our own kinds go through the decoder of files (model/decode.h)
 * and so have the same messages. */

#ifndef LINTEL_K8S_DECODE_H
#define LINTEL_K8S_DECODE_H

#include "k8s/objects.h"
#include "lib/compiler.h"
#include "lib/tree.h"

enum k8s_decode_fault {
	K8S_DECODE_FINE,
	K8S_DECODE_NO_OBJECT, /* no JSON object */
	K8S_DECODE_NO_NAME,   /* metadata.name is missing, or no name */
	K8S_DECODE_NO_NAMESPACE,
	K8S_DECODE_OTHER_KIND, /* says that it is of another kind */
	K8S_DECODE_FAULT_COUNT,
};
const char *k8s_decode_fault_name(enum k8s_decode_fault fault); /* "has no name" */

/* Of what k8s_json_read() or k8s_json_read_object() gave, NULL as well: nothing of it is kept.
 * The object, one handle of which is the caller's; NULL with '*ret_fault' set. Items of lists need
 * not say their kind. */
LT_MUST_USE struct k8s_object *k8s_decode(enum k8s_kind kind, const struct tree *json,
                                          enum k8s_decode_fault *ret_fault);
/* The same in as much memory as it needs, for one of thousands. 'size' is what the last one needed,
 * 0 at first: mostly the next one of that kind needs as much, else it is decoded twice. */
LT_MUST_USE struct k8s_object *k8s_decode_to_fit(enum k8s_kind kind, const struct tree *json,
                                                 size_t *size, enum k8s_decode_fault *ret_fault);

#endif
