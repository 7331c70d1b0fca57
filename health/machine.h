/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/machine.h - one checked server: from results of checks to up or down, and when the next
 * check is due.
 *
 * Pure. 'rise' successes in a row make a server up, 'fall' failures in a row make it down; before
 * either it is unknown, and counts as model_health_check.start says. What failed on our side
 * (HEALTH_LOCAL: no socket, a certificate that can't be read) says nothing about the server: it is
 * noted, and changes neither state nor streak. */

#ifndef LINTEL_HEALTH_MACHINE_H
#define LINTEL_HEALTH_MACHINE_H

#include "model/object.h"

#include <stdbool.h>
#include <stdint.h>

enum health_state {
	HEALTH_UNKNOWN, /* no verdict yet */
	HEALTH_UP,
	HEALTH_DOWN,
	HEALTH_STATE_COUNT,
};
const char *health_state_name(enum health_state state); /* "unknown", "up", "down" */

/* What came of one check. */
enum health_result {
	HEALTH_OK,
	HEALTH_REFUSED,     /* RST, or ICMP port unreachable */
	HEALTH_UNREACHABLE, /* no route, no neighbour, forbidden on the way */
	HEALTH_TIMEOUT,     /* no (whole) answer in time */
	HEALTH_CUT,         /* the connection ended before the answer did */
	HEALTH_TLS,         /* no handshake */
	HEALTH_CERTIFICATE, /* not good for the name, or nobody known signed it */
	HEALTH_STATUS,      /* HTTP: another status than expected */
	HEALTH_CONTENT,     /* the answer does not contain what is expected */
	HEALTH_ANSWER,      /* not the protocol, or an error in it */
	HEALTH_LOCAL,       /* could not be tried, for a reason of ours: counts neither way */
	HEALTH_RESULT_COUNT,
};
const char *health_result_name(enum health_result result); /* "ok", "refused", "unreachable" ... */

/* The part of a check that says when and how often. */
struct health_timing {
	int64_t interval_us;
	int64_t fast_interval_us; /* while undecided; 0: interval_us */
	int64_t timeout_us;
	unsigned rise; /* at least 1, as fall */
	unsigned fall;
};
struct health_timing health_timing_of(const struct model_health_check *check);

#define HEALTH_WHY_SIZE 128

struct health_machine {
	enum health_state state;
	enum health_state before;  /* the state before that one */
	enum health_result result; /* of the last check; HEALTH_OK before the first */
	char why[HEALTH_WHY_SIZE]; /* for people: "HTTP status 503"; "" when it was good */
	unsigned streak;           /* results in a row that are as the last one that counted */
	bool good;                 /* ... which was a success */
	int64_t since_us;          /* when 'state' began */
	int64_t last_us;           /* when the last check ended; TIME_NEVER: none did */
	int64_t latency_us;        /* how long that took; for a timeout, the timeout */
	uint64_t check_count;      /* that ended, of any result */
	uint64_t failure_count;    /* ... badly, not counting HEALTH_LOCAL */
	uint64_t local_count;      /* ... with HEALTH_LOCAL */
	uint64_t change_count;     /* of state, the first verdict included */
};

void health_machine_init(struct health_machine *machine, int64_t now_us);
/* A check ended; 'why' may be NULL. True when that changed the state. */
bool health_machine_result(struct health_machine *machine, const struct health_timing *timing,
                           enum health_result result, const char *why, int64_t latency_us,
                           int64_t now_us);
/* Is it being made sure of a change, or of the first verdict? */
bool health_machine_undecided(const struct health_machine *machine);
/* When the next check is due, the last having begun at 'begun_us': after the interval, less up to a
 * tenth of it as 'random' (any number) says. */
int64_t health_machine_next_us(const struct health_machine *machine,
                               const struct health_timing *timing, int64_t begun_us,
                               uint64_t random);
/* Does a server in this state count as up? */
bool health_counts_as_up(enum health_state state, enum model_health_start start);

#endif
