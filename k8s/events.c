/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/events.h"

#include "k8s/json.h"
#include "k8s/stamp.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct series {
	char name[320];
	char namespace[64];
	int64_t last_us; /* when it happened */
	int64_t told_us; /* when it was written */
	unsigned count;
	UT_hash_handle hh;
	char key[];
};

struct k8s_events {
	char instance[128 + 1];
	struct series *series; /* the oldest first */
	uint64_t number;
};

struct k8s_events *k8s_events_new(const char *instance)
{
	struct k8s_events *events = xcalloc(1, sizeof(*events));

	snprintf(events->instance, sizeof(events->instance), "%s", instance);
	return events;
}

static void forget(struct k8s_events *events, struct series *series)
{
	HASH_DEL(events->series, series);
	free(series);
}

void k8s_events_free(struct k8s_events *events)
{
	struct series *series, *next;

	if (!events)
		return;
	HASH_ITER (hh, events->series, series, next)
		forget(events, series);
	free(events);
}

/* At most 'size' bytes, cut between characters. */
static json_t *cut_text(const char *text, size_t size)
{
	size_t len = strnlen(text, size);

	while (text[len] && len > 0 && ((unsigned char)text[len] & 0xc0) == 0x80)
		len--;
	return k8s_json_string(text, len);
}

static json_t *regarding(const struct k8s_object *object)
{
	json_t *body = json_pack("{s:s, s:s, s:s}", "apiVersion",
	                         k8s_kind_api_version(object->kind), "kind",
	                         k8s_kind_name(object->kind), "name", object->meta.name);

	if (*object->meta.namespace)
		json_object_set_new(body, "namespace", json_string(object->meta.namespace));
	if (*object->meta.uid)
		json_object_set_new(body, "uid", json_string(object->meta.uid));
	return body;
}

static struct series *begin(struct k8s_events *events, const char *key, int64_t now_us,
                            int64_t wall_us, const struct k8s_object *object)
{
	struct series *series;

	if (HASH_COUNT(events->series) >= K8S_EVENTS_MAX)
		forget(events, events->series);
	series = xcalloc(1, sizeof(*series) + strlen(key) + 1);
	strcpy(series->key, key);
	/* A name is a DNS subdomain of at most 253. */
	snprintf(series->name, sizeof(series->name), "%.200s.%016" PRIx64 "%04x", object->meta.name,
	         (uint64_t)wall_us, (unsigned)(events->number++ & 0xffff));
	snprintf(series->namespace, sizeof(series->namespace), "%s",
	         *object->meta.namespace ? object->meta.namespace : "default");
	series->told_us = series->last_us = now_us;
	series->count = 1;
	HASH_ADD_STR(events->series, key, series);
	return series;
}

static struct k8s_events_write write_of(const struct series *series, bool create, json_t *body)
{
	struct k8s_events_write write = {.create = create, .body = body};

	memcpy(write.name, series->name, sizeof(write.name));
	memcpy(write.namespace, series->namespace, sizeof(write.namespace));
	return write;
}

struct k8s_events_write k8s_events_note(struct k8s_events *events, int64_t now_us, int64_t wall_us,
                                        const struct k8s_object *object, bool warning,
                                        const char *reason, const char *action, const char *note)
{
	char title[K8S_KEY_SIZE], now[K8S_STAMP_SIZE];
	struct series *series;
	struct text key = {0};
	json_t *body;

	k8s_stamp_format_micro(wall_us, now);
	text_printf(&key, "%s\n%s\n%s\n%s\n%s", k8s_object_title(object, title), object->meta.uid,
	            reason, action, note);
	HASH_FIND_STR(events->series, text_str(&key), series);
	if (series && now_us - series->last_us >= K8S_EVENTS_SERIES_US) {
		forget(events, series);
		series = NULL;
	}
	if (series) {
		text_done(&key);
		series->last_us = now_us;
		series->count++;
		if (now_us - series->told_us < K8S_EVENTS_UPDATE_US)
			return (struct k8s_events_write){.body = NULL};
		series->told_us = now_us;
		return write_of(series, false,
		                json_pack("{s:{s:i, s:s}}", "series", "count", (int)series->count,
		                          "lastObservedTime", now));
	}
	series = begin(events, text_str(&key), now_us, wall_us, object);
	text_done(&key);
	body = json_pack("{s:s, s:s, s:{s:s, s:s}, s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o}",
	                 "apiVersion", "events.k8s.io/v1", "kind", "Event", "metadata", "namespace",
	                 series->namespace, "name", series->name, "eventTime", now,
	                 "reportingController", "lintel.io/lintel", "reportingInstance",
	                 events->instance, "type", warning ? "Warning" : "Normal", "reason",
	                 cut_text(reason, 128), "action", cut_text(action, 128), "note",
	                 cut_text(note, K8S_EVENTS_NOTE_LEN), "regarding", regarding(object));
	return write_of(series, true, body);
}
