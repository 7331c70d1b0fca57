/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a program writes into a tracked file, as one number after the other, one a line.
 * Laws: a number is what strtol() makes of it; what it does to a priority stays within bounds; what
 * is damped is never better than what was seen last, and not held for longer than the maximum. */

#include "vrrp/damper.h"
#include "vrrp/track.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static void check_number(const char *data, size_t size, int32_t number)
{
	char text[VRRP_TRACK_FILE_MAX + 1];

	if (size > VRRP_TRACK_FILE_MAX)
		return;
	memcpy(text, data, size);
	text[size] = '\0';
	must(strtol(text, NULL, 10) == number);
}

static void check_value(int32_t value)
{
	must(value == VRRP_DAMPER_OUT ||
	     (value > -MODEL_TRACK_WEIGHT_MAX && value <= MODEL_TRACK_WEIGHT_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct vrrp_damper_params params = {.hold_us = 1000000, .max_us = 60000000};
	const struct model_track track = {.file = "/x", .interface = "", .weight = -3};
	struct vrrp_damper damper = {.known = false};
	int64_t now_us = 1000000;

	while (size > 0) {
		const char *line = (const char *)data;
		const char *end = memchr(line, '\n', size);
		size_t length = end ? (size_t)(end - line) : size;
		struct vrrp_track_seen seen = {.verdict = VRRP_TRACK_NUMBER};

		seen.odd = vrrp_track_parse_number(line, length, &seen.number) < 0;
		if (!seen.odd)
			check_number(line, length, seen.number);
		check_value(vrrp_track_value(&track, &seen));
		now_us += (int64_t)length * 100000;
		(void)vrrp_damper_feed(&damper, &params, vrrp_track_value(&track, &seen), now_us);
		must(damper.value <= damper.raw);
		must(vrrp_damper_held_us(&damper, now_us) <= params.max_us);
		data += length + (end ? 1 : 0);
		size -= length + (end ? 1 : 0);
	}
	return 0;
}
