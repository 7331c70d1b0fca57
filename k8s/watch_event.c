/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/watch_event.h"

#include <errno.h>
#include <string.h>

static const char *const type_names[K8S_WATCH_EVENT_TYPE_COUNT] = {
	[K8S_WATCH_EVENT_ADDED] = "ADDED",     [K8S_WATCH_EVENT_MODIFIED] = "MODIFIED",
	[K8S_WATCH_EVENT_DELETED] = "DELETED", [K8S_WATCH_EVENT_BOOKMARK] = "BOOKMARK",
	[K8S_WATCH_EVENT_ERROR] = "ERROR",
};

json_t *k8s_watch_object_decode(const char *text, size_t size)
{
	json_t *object = json_loadb(text, size, JSON_ALLOW_NUL, NULL);

	if (!object)
		object = json_loadb(text, size, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	if (!json_is_object(object)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

const char *k8s_watch_object_text(const json_t *object, const char *outer, const char *key)
{
	const char *text = json_string_value(json_object_get(json_object_get(object, outer), key));

	return text ? text : "";
}

static bool find_type(const char *name, enum k8s_watch_event_type *ret_type)
{
	for (int i = 0; name && i < K8S_WATCH_EVENT_TYPE_COUNT; i++) {
		if (strcmp(name, type_names[i]) == 0) {
			*ret_type = (enum k8s_watch_event_type)i;
			return true;
		}
	}
	return false;
}

static void read_error(const json_t *status, struct k8s_watch_event *event)
{
	json_int_t code = json_integer_value(json_object_get(status, "code"));
	const char *message = json_string_value(json_object_get(status, "message"));

	event->code = code >= 100 && code <= 999 ? (unsigned)code : 500;
	event->message = message ? message : "";
}

/* The event's members, of an object that stays the line's. */
static bool read_event(const json_t *line, struct k8s_watch_event *event)
{
	const char *type = json_string_value(json_object_get(line, "type"));
	const json_t *annotations, *end;

	event->object = json_object_get(line, "object");
	if (!find_type(type, &event->type) || !json_is_object(event->object))
		return false;
	if (event->type == K8S_WATCH_EVENT_ERROR) {
		read_error(event->object, event);
		return true;
	}
	event->version = k8s_watch_object_text(event->object, "metadata", "resourceVersion");
	annotations = json_object_get(json_object_get(event->object, "metadata"), "annotations");
	end = json_object_get(annotations, "k8s.io/initial-events-end");
	event->initial_end = event->type == K8S_WATCH_EVENT_BOOKMARK && json_is_string(end) &&
	                     strcmp(json_string_value(end), "true") == 0;
	/* Neither "" nor "0" is a place to go on from. */
	return event->version[0] != '\0' && strcmp(event->version, "0") != 0;
}

int k8s_watch_event_decode(const char *text, size_t size, struct k8s_watch_event *ret_event)
{
	struct k8s_watch_event event = {.version = "", .message = ""};
	json_t *line = k8s_watch_object_decode(text, size);
	bool good = line && read_event(line, &event);

	if (good) {
		json_incref(event.object);
		*ret_event = event;
	}
	json_decref(line);
	return good ? 0 : -EINVAL;
}
