/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/events.h - Events (events.k8s.io/v1): when to tell, when to count.
 *
 * Pure. Time: now_us monotonic, wall_us since 1970 for what is written. The same thing about the
 * same object within K8S_EVENTS_SERIES_US is one Event whose series counts; the count is written
 * at most every K8S_EVENTS_UPDATE_US. */

#ifndef LINTEL_K8S_EVENTS_H
#define LINTEL_K8S_EVENTS_H

#include "k8s/report.h"

#include <jansson.h>

#define K8S_EVENTS_MAX       1024 /* remembered; the oldest goes */
#define K8S_EVENTS_SERIES_US INT64_C(600000000)
#define K8S_EVENTS_UPDATE_US INT64_C(60000000)
#define K8S_EVENTS_NOTE_LEN  1000 /* bytes; the API takes 1 kB */

struct k8s_events;

/* 'instance' is reportingInstance (node name), cut to 128. */
struct k8s_events *k8s_events_new(const char *instance);
void k8s_events_free(struct k8s_events *events);

struct k8s_events_write {
	bool create;        /* POST to the collection, else a merge patch of the object */
	char namespace[64]; /* of the Event: that of the object, "default" for those in none */
	char name[320];
	json_t *body; /* the caller's; NULL: nothing to write */
};

/* What happened to 'object'. 'action' is a word for what we did ("Allocate"). */
struct k8s_events_write k8s_events_note(struct k8s_events *events, int64_t now_us, int64_t wall_us,
                                        const struct k8s_object *object, bool warning,
                                        const char *reason, const char *action, const char *note);

#endif
