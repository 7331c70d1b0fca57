/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/watch_event.h - one line of a watch, one item and the metadata of a list, decoded as far as
 * following needs.
 *
 * Pure. Format: Kubernetes meta/v1 WatchEvent, ListMeta, Status. */

#ifndef LINTEL_K8S_WATCH_EVENT_H
#define LINTEL_K8S_WATCH_EVENT_H

#include "lib/compiler.h"
#include "lib/tree.h"

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
	const struct tree *object; /* in the arena, as all texts */
	const char *version;       /* its resourceVersion; "" for ERROR */
	bool initial_end;          /* BOOKMARK: the list that was streamed is whole */
	unsigned code;             /* ERROR: as an HTTP status; 500 when it has none */
	const char *message;       /* ERROR: for people, "" when it has none */
};

/* -EINVAL: no JSON, no event, or an object without a resourceVersion. */
LT_MUST_USE int k8s_watch_event_decode(const char *text, size_t size, struct arena *arena,
                                       struct k8s_watch_event *ret_event);

/* An object (k8s/json_read.h), NULL when it is none. */
const struct tree *k8s_watch_object_decode(const char *text, size_t size, struct arena *arena);
/* The text at object.outer.key, "" when there is none. */
const char *k8s_watch_object_text(const struct tree *object, const char *outer, const char *key);

#endif
