/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/events.h"
#include "daemon/report_time.h"

#include "lib/mono.h"

json_t *events_report(const struct events *events, int64_t now_us)
{
	json_t *targets = json_array();

	for (size_t i = 0; i < news_count(events->news); i++) {
		struct news_status status;

		news_status(events->news, i, &status);
		json_array_append_new(targets,
		                      json_pack("{s:s,s:s,s:b,s:s,s:I,s:I,s:I,s:I,s:o}", "target",
		                                status.target->name, "kind",
		                                news_kind_name(status.target->kind), "up",
		                                status.up, "problem", status.problem, "queued",
		                                (json_int_t)status.queued, "delivered",
		                                (json_int_t)status.delivered, "dropped",
		                                (json_int_t)status.dropped, "failures",
		                                (json_int_t)status.failures, "lastSecondsAgo",
		                                report_age(now_us, status.delivered_us)));
	}
	return json_pack("{s:I,s:o}", "events", (json_int_t)events->sequence, "targets", targets);
}
