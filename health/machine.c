/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/machine.h"

#include "lib/mono.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define JITTER_PART 10 /* up to a tenth of the interval earlier */

static const char *const state_names[HEALTH_STATE_COUNT] = {
	[HEALTH_UNKNOWN] = "unknown",
	[HEALTH_UP] = "up",
	[HEALTH_DOWN] = "down",
};

const char *health_state_name(enum health_state state)
{
	return state_names[state];
}

static const char *const result_names[HEALTH_RESULT_COUNT] = {
	[HEALTH_OK] = "ok",
	[HEALTH_REFUSED] = "refused",
	[HEALTH_UNREACHABLE] = "unreachable",
	[HEALTH_TIMEOUT] = "timeout",
	[HEALTH_CUT] = "cut",
	[HEALTH_TLS] = "tls",
	[HEALTH_CERTIFICATE] = "certificate",
	[HEALTH_STATUS] = "status",
	[HEALTH_CONTENT] = "content",
	[HEALTH_ANSWER] = "answer",
	[HEALTH_LOCAL] = "local",
};

const char *health_result_name(enum health_result result)
{
	return result_names[result];
}

struct health_timing health_timing_of(const struct model_health_check *check)
{
	return (struct health_timing){
		.interval_us = check->interval_us,
		.fast_interval_us = check->fast_interval_us,
		.timeout_us = check->timeout_us,
		.rise = check->rise,
		.fall = check->fall,
	};
}

void health_machine_init(struct health_machine *machine, int64_t now_us)
{
	*machine = (struct health_machine){.since_us = now_us, .last_us = TIME_NEVER};
}

/* What the streak makes of the state. */
static enum health_state verdict(const struct health_machine *machine,
                                 const struct health_timing *timing)
{
	assert(timing->rise > 0 && timing->fall > 0);
	if (machine->good && machine->streak >= timing->rise)
		return HEALTH_UP;
	if (!machine->good && machine->streak >= timing->fall)
		return HEALTH_DOWN;
	return machine->state;
}

bool health_machine_result(struct health_machine *machine, const struct health_timing *timing,
                           enum health_result result, const char *why, int64_t latency_us,
                           int64_t now_us)
{
	bool good = result == HEALTH_OK;
	enum health_state state;

	machine->result = result;
	snprintf(machine->why, sizeof(machine->why), "%s", why ? why : "");
	machine->last_us = now_us;
	machine->latency_us = latency_us;
	machine->check_count++;
	if (result == HEALTH_LOCAL) {
		machine->local_count++;
		return false;
	}
	if (!good)
		machine->failure_count++;
	if (good != machine->good)
		machine->streak = 0;
	machine->good = good;
	/* More than is ever asked for says nothing, and must not wrap. */
	if (machine->streak < UINT16_MAX)
		machine->streak++;
	state = verdict(machine, timing);
	if (state == machine->state)
		return false;
	machine->before = machine->state;
	machine->state = state;
	machine->since_us = now_us;
	machine->change_count++;
	return true;
}

bool health_machine_undecided(const struct health_machine *machine)
{
	switch (machine->state) {
	case HEALTH_UP:
		return !machine->good;
	case HEALTH_DOWN:
		return machine->good;
	case HEALTH_UNKNOWN:
	case HEALTH_STATE_COUNT:
		break;
	}
	return true;
}

int64_t health_machine_next_us(const struct health_machine *machine,
                               const struct health_timing *timing, int64_t begun_us,
                               uint64_t random)
{
	int64_t interval_us = timing->interval_us;

	if (timing->fast_interval_us > 0 && health_machine_undecided(machine))
		interval_us = timing->fast_interval_us;
	return begun_us + interval_us -
	       (int64_t)(random % ((uint64_t)interval_us / JITTER_PART + 1));
}

bool health_counts_as_up(enum health_state state, enum model_health_start start)
{
	if (state == HEALTH_UNKNOWN)
		return start == MODEL_HEALTH_START_UP;
	return state == HEALTH_UP;
}
