/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/decode.h - JSON of the API to objects, and back for our own files.
 *
 * Pure. Anything may come in; what is no object at all is told, everything else is read as far as
 * it makes sense (k8s/objects.h). Our own kinds go through the decoder of files (model/decode.h)
 * and so have the same messages. */

#ifndef LINTEL_K8S_DECODE_H
#define LINTEL_K8S_DECODE_H

#include "k8s/objects.h"
#include "lib/compiler.h"
#include "lib/text.h"

#include <jansson.h>

enum k8s_decode_fault {
	K8S_DECODE_FINE,
	K8S_DECODE_NO_OBJECT, /* no JSON object */
	K8S_DECODE_NO_NAME,   /* metadata.name is missing, or no name */
	K8S_DECODE_NO_NAMESPACE,
	K8S_DECODE_OTHER_KIND, /* says that it is of another kind */
	K8S_DECODE_FAULT_COUNT,
};
const char *k8s_decode_fault_name(enum k8s_decode_fault fault); /* "has no name" */

/* The object, one handle of which is the caller's; NULL with '*ret_fault' set. Items of lists need
 * not say their kind. */
LT_MUST_USE struct k8s_object *k8s_decode(enum k8s_kind kind, const json_t *json,
                                          enum k8s_decode_fault *ret_fault);

/* Appends one line of JSON without its '\n', such that k8s_decode() makes the same object of it.
 * 'version': with metadata.resourceVersion and generation. */
void k8s_encode(const struct k8s_object *object, bool version, struct text *out);

/* RFC 3339 in UTC, as Kubernetes writes it, to seconds since 1970; -EINVAL for anything else. */
LT_MUST_USE int k8s_time_parse(const char *text, int64_t *ret_s);
/* "2026-11-21T06:43:43Z"; returns buf. */
#define K8S_TIME_SIZE 40
const char *k8s_time_format(int64_t seconds, char buf[static K8S_TIME_SIZE]);
/* "2026-11-21T06:43:43.000000Z" (MicroTime) of microseconds since 1970. */
const char *k8s_time_format_micro(int64_t microseconds, char buf[static K8S_TIME_SIZE]);

#endif
