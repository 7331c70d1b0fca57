/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/render.h"

#include <stdio.h>
#include <string.h>

const char *render_text(const json_t *object, const char *key)
{
	const char *s = json_string_value(json_object_get(object, key));

	return s ? s : "";
}

double render_number(const json_t *object, const char *key)
{
	return json_number_value(json_object_get(object, key));
}

json_int_t render_integer(const json_t *object, const char *key)
{
	return (json_int_t)render_number(object, key);
}

bool render_bool(const json_t *object, const char *key)
{
	return json_is_true(json_object_get(object, key));
}

const char *render_span(double seconds, char buf[static RENDER_BUF_SIZE])
{
	static const struct {
		long long size; /* seconds */
		const char *unit;
	} units[] = {{86400, "d"}, {3600, "h"}, {60, "m"}, {1, "s"}};
	long long whole;

	if (seconds < 0)
		seconds = 0;
	if (seconds < 0.9995) {
		snprintf(buf, RENDER_BUF_SIZE, "%.0fms", seconds * 1000);
		return buf;
	}
	if (seconds < 9.95) {
		snprintf(buf, RENDER_BUF_SIZE, "%.1f", seconds);
		if (buf[2] == '0')
			buf[1] = '\0';
		strcat(buf, "s");
		return buf;
	}
	if (seconds > 1e15)
		seconds = 1e15;
	whole = (long long)(seconds + 0.0005);
	for (size_t i = 0; i + 1 < LT_ARRAY_SIZE(units); i++) {
		if (whole < units[i].size)
			continue;
		long long rest = whole % units[i].size / units[i + 1].size;
		if (rest)
			snprintf(buf, RENDER_BUF_SIZE, "%lld%s %lld%s", whole / units[i].size,
			         units[i].unit, rest, units[i + 1].unit);
		else
			snprintf(buf, RENDER_BUF_SIZE, "%lld%s", whole / units[i].size,
			         units[i].unit);
		return buf;
	}
	snprintf(buf, RENDER_BUF_SIZE, "%llds", whole);
	return buf;
}

const char *render_count(double value, char buf[static RENDER_BUF_SIZE])
{
	static const char *const units[] = {"", "K", "M", "G", "T", "P"};
	size_t unit = 0;
	double limit = 1e8; /* 8 digits; one less beside a unit */

	if (!(value > 0))
		value = 0;
	while (value + 0.5 >= limit && unit + 1 < LT_ARRAY_SIZE(units)) {
		value /= 1000;
		limit = 1e7;
		unit++;
	}
	snprintf(buf, RENDER_BUF_SIZE, "%.0f%s", value, units[unit]);
	return buf;
}

const char *render_plural(json_int_t count)
{
	return count == 1 ? "" : "s";
}
