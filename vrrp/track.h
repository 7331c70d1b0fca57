/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/track.h - from what a virtual router tracks to what that does to its priority.
 *
 * Pure. Whoever looks at files, interfaces and addresses tells what was seen; damping
 * (vrrp/damper.h) comes after it. */

#ifndef LINTEL_VRRP_TRACK_H
#define LINTEL_VRRP_TRACK_H

#include "lib/compiler.h"
#include "lib/text.h"
#include "model/object.h"

#include <stddef.h>
#include <stdint.h>

/* More of a file is not looked at: an integer is short. */
#define VRRP_TRACK_FILE_MAX 64

enum vrrp_track_verdict {
	VRRP_TRACK_UNKNOWN, /* nothing is known yet: does nothing, but preempts nobody */
	VRRP_TRACK_GOOD,
	VRRP_TRACK_BAD,
	VRRP_TRACK_NUMBER, /* neither: says a number */
	VRRP_TRACK_VERDICTS,
};
const char *vrrp_track_verdict_name(enum vrrp_track_verdict verdict); /* "good" */

/* What was seen. */
struct vrrp_track_seen {
	enum vrrp_track_verdict verdict;
	int32_t number; /* VRRP_TRACK_NUMBER: the file's; 0 when it has none */
	bool odd;       /* ... as it is missing, empty or no integer: to be told */
};

/* A number as a program writes it: an integer within the range of int32_t, with or without sign,
 * with white space (a line end) before and behind. 0 or -EINVAL. */
LT_MUST_USE int vrrp_track_parse_number(const char *data, size_t size, int32_t *ret_number);
/* What adding it up does to the priority; VRRP_DAMPER_OUT: no part in the election. */
int32_t vrrp_track_value(const struct model_track *track, const struct vrrp_track_seen *seen);
/* "file /run/x", "address 10.0.0.1", "interface eth1". */
void vrrp_track_title(const struct model_track *track, struct text *out);
/* Why it is as it is, as a clause: "10.0.0.1 does not answer", "/run/x says 3". */
void vrrp_track_explain(const struct model_track *track, const struct vrrp_track_seen *seen,
                        struct text *out);
/* Is it about the same thing, in the same way? */
bool vrrp_track_equal(const struct model_track *a, const struct model_track *b);

#endif
