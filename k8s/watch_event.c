/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/watch_event.h"

#include "k8s/json_read.h"
#include "k8s/json_tree.h"

#include <errno.h>
#include <string.h>

static const char *const type_names[K8S_WATCH_EVENT_TYPE_COUNT] = {
	[K8S_WATCH_EVENT_ADDED] = "ADDED",     [K8S_WATCH_EVENT_MODIFIED] = "MODIFIED",
	[K8S_WATCH_EVENT_DELETED] = "DELETED", [K8S_WATCH_EVENT_BOOKMARK] = "BOOKMARK",
	[K8S_WATCH_EVENT_ERROR] = "ERROR",
};

const struct tree *k8s_watch_object_decode(const char *text, size_t size, struct arena *arena)
{
	const struct tree *object = k8s_json_read_object(text, size, arena);

	return object && object->kind == TREE_MAP ? object : NULL;
}

const char *k8s_watch_object_text(const struct tree *object, const char *outer, const char *key)
{
	return k8s_json_tree_text(tree_get(object, outer), key);
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

static void read_error(const struct tree *status, struct k8s_watch_event *event)
{
	event->code = (unsigned)k8s_json_tree_int(status, "code", 100, 999, 500);
	event->message = k8s_json_tree_text(status, "message");
}

/* The event's members, of an object that stays the line's. */
static bool read_event(const struct tree *line, struct k8s_watch_event *event)
{
	const struct tree *annotations;

	event->object = tree_get(line, "object");
	if (!find_type(tree_get_text(line, "type"), &event->type) || !event->object ||
	    event->object->kind != TREE_MAP)
		return false;
	if (event->type == K8S_WATCH_EVENT_ERROR) {
		read_error(event->object, event);
		return true;
	}
	event->version = k8s_watch_object_text(event->object, "metadata", "resourceVersion");
	annotations = tree_get(tree_get(event->object, "metadata"), "annotations");
	event->initial_end =
		event->type == K8S_WATCH_EVENT_BOOKMARK &&
		strcmp(k8s_json_tree_text(annotations, "k8s.io/initial-events-end"), "true") == 0;
	/* Neither "" nor "0" is a place to go on from. */
	return event->version[0] != '\0' && strcmp(event->version, "0") != 0;
}

int k8s_watch_event_decode(const char *text, size_t size, struct arena *arena,
                           struct k8s_watch_event *ret_event)
{
	struct k8s_watch_event event = {.version = "", .message = ""};
	const struct tree *line = k8s_watch_object_decode(text, size, arena);

	if (!line || !read_event(line, &event))
		return -EINVAL;
	*ret_event = event;
	return 0;
}
