/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/track.h"

#include "vrrp/damper.h"

#include <errno.h>
#include <string.h>

static const char *const verdict_names[VRRP_TRACK_VERDICTS] = {
	[VRRP_TRACK_UNKNOWN] = "unknown",
	[VRRP_TRACK_GOOD] = "good",
	[VRRP_TRACK_BAD] = "bad",
	[VRRP_TRACK_NUMBER] = "number",
};

const char *vrrp_track_verdict_name(enum vrrp_track_verdict verdict)
{
	return verdict_names[verdict];
}

static bool is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

int vrrp_track_parse_number(const char *data, size_t size, int32_t *ret_number)
{
	bool negative = false;
	int64_t number = 0;
	size_t at = 0, digits = 0;

	while (at < size && is_space(data[at]))
		at++;
	if (at < size && (data[at] == '-' || data[at] == '+'))
		negative = data[at++] == '-';
	for (; at < size && data[at] >= '0' && data[at] <= '9'; at++, digits++) {
		number = number * 10 + (data[at] - '0');
		if (number > INT32_MAX)
			return -EINVAL;
	}
	while (at < size && is_space(data[at]))
		at++;
	if (digits == 0 || at < size)
		return -EINVAL;
	*ret_number = (int32_t)(negative ? -number : number);
	return 0;
}

int32_t vrrp_track_value(const struct model_track *track, const struct vrrp_track_seen *seen)
{
	int64_t product;

	switch (seen->verdict) {
	case VRRP_TRACK_UNKNOWN:
		return 0;
	case VRRP_TRACK_GOOD:
		return track->weight > 0 ? track->weight : 0;
	case VRRP_TRACK_BAD:
		if (track->weight == 0)
			return VRRP_DAMPER_OUT;
		return track->weight < 0 ? track->weight : 0;
	case VRRP_TRACK_NUMBER:
		product = (int64_t)seen->number * track->weight;
		if (product <= -MODEL_TRACK_WEIGHT_MAX)
			return VRRP_DAMPER_OUT;
		return product < MODEL_TRACK_WEIGHT_MAX ? (int32_t)product : MODEL_TRACK_WEIGHT_MAX;
	case VRRP_TRACK_VERDICTS:
		break;
	}
	return 0;
}

/* Which of the three it is about. */
static const char *kind_of(const struct model_track *track)
{
	return *track->file ? "file" : *track->interface ? "interface" : "address";
}

static void add_subject(const struct model_track *track, struct text *out)
{
	char buf[ADDR_TEXT_SIZE];

	if (*track->file)
		text_add(out, track->file);
	else if (*track->interface)
		text_add(out, track->interface);
	else
		text_add(out, addr_format(&track->address, buf));
}

void vrrp_track_title(const struct model_track *track, struct text *out)
{
	text_printf(out, "%s ", kind_of(track));
	add_subject(track, out);
}

void vrrp_track_explain(const struct model_track *track, const struct vrrp_track_seen *seen,
                        struct text *out)
{
	bool good = seen->verdict == VRRP_TRACK_GOOD;

	add_subject(track, out);
	if (seen->verdict == VRRP_TRACK_UNKNOWN)
		text_add(out, " was not looked at yet");
	else if (seen->odd)
		text_add(out, " has no integer in it, or can't be read: counts as 0");
	else if (seen->verdict == VRRP_TRACK_NUMBER)
		text_printf(out, " says %d", seen->number);
	else if (*track->file)
		text_add(out, good == (track->expect == MODEL_TRACK_PRESENT) ? " is there"
		                                                             : " is not there");
	else if (*track->interface)
		text_add(out, good ? " is up" : " is down");
	else
		text_add(out, good ? " answers" : " does not answer");
}

bool vrrp_track_equal(const struct model_track *a, const struct model_track *b)
{
	return strcmp(a->file, b->file) == 0 && strcmp(a->interface, b->interface) == 0 &&
	       addr_equal(&a->address, &b->address) && a->weight == b->weight &&
	       a->expect == b->expect && a->check.interval_us == b->check.interval_us &&
	       a->check.timeout_us == b->check.timeout_us && a->check.rise == b->check.rise &&
	       a->check.fall == b->check.fall;
}
