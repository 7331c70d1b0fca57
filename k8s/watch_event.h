/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/watch_event.h - one line of a watch, one item and the metadata of a list, decoded as far as
 * following needs.
 *
 * Pure (jansson, from memory). Format: Kubernetes meta/v1 WatchEvent, ListMeta, Status. */

#ifndef LINTEL_K8S_WATCH_EVENT_H
#define LINTEL_K8S_WATCH_EVENT_H

#include "lib/compiler.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum k8s_watch_event_type {
	K8S_WATCH_EVENT_ADDED,
	K8S_WATCH_EVENT_MODIFIED,
	K8S_WATCH_EVENT_DELETED,
	K8S_WATCH_EVENT_BOOKMARK,
	K8S_WATCH_EVENT_ERROR,
	K8S_WATCH_EVENT_TYPE_COUNT,
};

struct k8s_watch_event {
	enum k8s_watch_event_type type;
	json_t *object;      /* owned by the caller: json_decref() */
	const char *version; /* its resourceVersion; "" for ERROR. In 'object', as all texts */
	bool initial_end;    /* BOOKMARK: the list that was streamed is whole */
	unsigned code;       /* ERROR: as an HTTP status; 500 when it has none */
	const char *message; /* ERROR: for people, "" when it has none */
};

/* -EINVAL: no JSON, no event, or an object without a resourceVersion. */
LT_MUST_USE int k8s_watch_event_decode(const char *text, size_t size,
                                       struct k8s_watch_event *ret_event);

/* An object; NULL when it is none. Integers that no field of ours could hold become reals, so that
 * an object with one is not lost. */
json_t *k8s_watch_object_decode(const char *text, size_t size);
/* The text at object.outer.key, "" when there is none. */
const char *k8s_watch_object_text(const json_t *object, const char *outer, const char *key);

#endif
