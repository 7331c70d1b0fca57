/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_text.h"

#include "lib/mono.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

void metrics_family(struct text *out, const char *name, const char *type, const char *help)
{
	text_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

/* Backslash, quote and line end are escaped; the rest goes as it is. */
void metrics_label(struct text *out, const char *separator, const char *name, const char *value)
{
	text_printf(out, "%s%s=\"", separator, name);
	while (*value) {
		size_t plain = strcspn(value, "\n\"\\");
		text_add_len(out, value, plain);
		value += plain;
		if (*value == '\n')
			text_add(out, "\\n");
		else if (*value)
			text_printf(out, "\\%c", *value);
		value += *value != '\0';
	}
	text_add(out, "\"");
}

static void begin(struct text *out, const char *name, const char *labels)
{
	text_add(out, name);
	if (*labels) {
		text_add(out, "{");
		text_add(out, labels);
		text_add(out, "}");
	}
}

void metrics_count(struct text *out, const char *name, const char *labels, uint64_t value)
{
	begin(out, name, labels);
	text_printf(out, " %" PRIu64 "\n", value);
}

void metrics_value(struct text *out, const char *name, const char *labels, double value)
{
	begin(out, name, labels);
	text_printf(out, " %.17g\n", value);
}

void metrics_seconds(struct text *out, const char *name, const char *labels, int64_t us)
{
	begin(out, name, labels);
	text_printf(out, " %.6f\n", mono_seconds(us));
}

void metrics_single(struct text *out, const char *name, const char *type, const char *help,
                    double value)
{
	metrics_family(out, name, type, help);
	metrics_value(out, name, "", value);
}

void metrics_histogram(struct text *out, const char *name, const char *labels,
                       const int64_t *bounds_us, const uint64_t *counts, int buckets,
                       int64_t sum_us)
{
	const char *separator = *labels ? "," : "";
	uint64_t total = 0;

	for (int i = 0; i < buckets; i++) {
		char bound[32] = "+Inf";
		if (bounds_us[i] != INT64_MAX)
			snprintf(bound, sizeof(bound), "%g", mono_seconds(bounds_us[i]));
		total += counts[i];
		text_printf(out, "%s_bucket{%s%sle=\"%s\"} %" PRIu64 "\n", name, labels, separator,
		            bound, total);
	}
	struct text part = {0};
	text_printf(&part, "%s_sum", name);
	metrics_seconds(out, text_str(&part), labels, sum_us);
	text_clear(&part);
	text_printf(&part, "%s_count", name);
	metrics_count(out, text_str(&part), labels, total);
	text_done(&part);
}
