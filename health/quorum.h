/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/quorum.h - from servers that are up or down to the weights they get, whether a sorry
 * server answers, and whether the quorum is met.
 *
 * Pure. */

#ifndef LINTEL_HEALTH_QUORUM_H
#define LINTEL_HEALTH_QUORUM_H

#include "model/object.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What becomes of a server. */
enum health_use {
	HEALTH_USE_NORMAL, /* with its weight */
	HEALTH_USE_DRAIN,  /* with weight 0 */
	HEALTH_USE_REMOVE, /* not at all */
	HEALTH_USE_ANYWAY, /* with its weight although it is down: all are */
	HEALTH_USE_COUNT,
};
const char *health_use_name(enum health_use use); /* "normal", "drain", "remove", "anyway" */

/* One server of one virtual service (an address and port): in, and what results. */
struct health_server {
	uint32_t weight;                   /* in: as wanted */
	bool up;                           /* in: by checks, or unchecked */
	enum model_health_failure failure; /* in: what being down does to it */
	enum health_use use;               /* out */
	uint32_t used_weight;              /* out: 0 when drained or removed */
};

/* How a virtual service does. */
struct health_service {
	size_t up_count;
	size_t down_count;
	uint64_t up_weight; /* of the servers that are up, summed: for the quorum */
	bool all_down;      /* checks took the last server with a weight */
	bool anyway;        /* ... and all serve nevertheless: allServersDown is serve */
	bool sorry;         /* the sorry server, if there is one, is to answer */
};

/* Fills 'use' and 'used_weight' of each server. A server is able when it is up and has a weight.
 * None is able: with 'serve', if any with a weight is down, all are used as wanted; else the sorry
 * server answers, be it that checks or that weights of 0 took the last one. */
struct health_service health_service_judge(struct health_server *servers, size_t count,
                                           enum model_all_down all_down);

/* Whether the quorum is met, with 'up_weight' up and 'before' what it was: lost below minimum -
 * hysteresis, regained at minimum + hysteresis or when all of 'whole_weight' is up (otherwise a
 * hysteresis above what there is would never let it come back). No quorum (NULL, or a minimum of
 * 0): met. At the start 'before' is what it would be without hysteresis, see
 * health_quorum_first(). */
bool health_quorum_met(const struct model_quorum *quorum, uint64_t up_weight, uint64_t whole_weight,
                       bool before);
/* ... when nothing is known of before. */
bool health_quorum_first(const struct model_quorum *quorum, uint64_t up_weight);

#endif
