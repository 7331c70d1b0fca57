/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_parts.h"

#include "lib/compiler.h"

static const struct {
	const char *name, *type, *help;
	const char *member; /* of a target */
} rows[] = {
	{"lintel_notify_up", "gauge",
         "1 while somebody reads, of a webhook: when the last request was taken.", "up"},
	{"lintel_notify_queued", "gauge", "Lines that wait.", "queued"},
	{"lintel_notify_delivered_total", "counter", "Lines told.", "delivered"},
	{"lintel_notify_dropped_total", "counter",
         "Lines that will never be told: too many, too old, or refused.", "dropped"},
	{"lintel_notify_failures_total", "counter", "Requests that failed, and readers that left.",
         "failures"},
};

static uint64_t number_of(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return json_is_true(value) ? 1 : (uint64_t)json_integer_value(value);
}

void metrics_events_write(const json_t *notifications, struct text *out)
{
	const json_t *targets = json_object_get(notifications, "targets");
	struct text labels = {0};
	const json_t *target;
	size_t at;

	metrics_single(out, "lintel_events_total", "counter",
	               "Events told to targets of --notify, once however many hear them.",
	               (double)number_of(notifications, "events"));
	for (size_t i = 0; i < LT_ARRAY_SIZE(rows) && json_array_size(targets) > 0; i++) {
		metrics_family(out, rows[i].name, rows[i].type, rows[i].help);
		json_array_foreach(targets, at, target)
		{
			text_clear(&labels);
			metrics_label(&labels, "", "target",
			              json_string_value(json_object_get(target, "target")));
			metrics_count(out, rows[i].name, text_str(&labels),
			              number_of(target, rows[i].member));
		}
	}
	text_done(&labels);
}
