/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The transition table: every place a machine can be in, times every input. Pairs that are not in
 * the table must change nothing. What several machines make of it is in scenario/ and in
 * test_election.c.
 *
 * Reason: over 500 lines, and put() over 80: they are lists, of places, inputs and rules. */
#include "vrrp/fsm.h"

#include "lib/mono.h"
#include "lib/text.h"
#include "vrrp/timers.h"
#include "vrrp/wire.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* All have priority 100 (the owner: 255), 10.0.0.5, an interval of 1 s, and were put where they are
 * at T; the input comes half a second later. */
#define T     (100 * US_PER_S)
#define INPUT (T + US_PER_S / 2)

enum place {
	INIT,
	INIT_OWNER,
	BACKUP,            /* followed 200 at T */
	BACKUP_NO_PREEMPT, /* the same */
	BACKUP_DELAY,      /* preempts after 10 s; followed 50 since T */
	BACKUP_OVERRULING, /* preempts; discarded 50 at T */
	BACKUP_RESIGNED,   /* heard priority 0 at T */
	BACKUP_HOLDING,    /* started at T with its addresses in place */
	BACKUP_SUSPENDED,  /* handed over by hand to 50, heard at T */
	BACKUP_YIELDED,    /* was Active since T, yielded to 200 at INPUT - 20 ms */
	ACTIVE,            /* since T */
	ACTIVE_OWNER,
	STOPPING, /* told at T to leave for good */
	FAILING_OVER,
	STOPPING_SUCCEEDED, /* the successor, 50, was heard at INPUT - 20 ms */
	FAILING_OVER_SUCCEEDED,
	STOPPING_ASKING,        /* the same at INPUT - 60 ms, so it is being asked again */
	FAILING_OVER_CONFIRMED, /* ... and it answered at INPUT - 5 ms */
	PLACE_COUNT,
};

static const char *const place_names[PLACE_COUNT] = {
	"Initialize",
	"Initialize as owner",
	"Backup",
	"Backup without preemption",
	"Backup in preempt delay",
	"Backup overruling a lower one",
	"Backup after a resignation",
	"Backup holding addresses",
	"Backup after a failover",
	"Backup that has just yielded",
	"Active",
	"Active as owner",
	"stopping",
	"failing over",
	"stopping with a successor",
	"failing over with a successor",
	"stopping, asking the successor",
	"failing over, confirmed",
};

enum input {
	STARTUP,
	STARTUP_HOLDING,
	SHUTDOWN,
	STOP,
	FAILOVER,
	ZERO,       /* priority 0 from 10.0.0.9 */
	LOWER,      /* 50 from 10.0.0.9 */
	EQUAL_LOW,  /* our priority from 10.0.0.1 */
	EQUAL_HIGH, /* our priority from 10.0.0.9 */
	HIGHER,     /* 200 from 10.0.0.1, with an interval of 2 s; for the owner 255 from .9 */
	TOO_EARLY,  /* expired, but no deadline has passed */
	DEADLINE,   /* expired at the deadline */
	LATE,       /* expired more than 3 intervals after it */
	STEP_DOWN,
	CONFIGURED, /* with the parameters that it has */
	INPUT_COUNT,
};

static const char *const input_names[INPUT_COUNT] = {
	"startup",
	"startup, holding",
	"shutdown",
	"stop",
	"failover",
	"priority 0",
	"lower priority",
	"equal priority, lower address",
	"equal priority, higher address",
	"higher priority",
	"expired too early",
	"expired at the deadline",
	"expired late",
	"step down",
	"configured the same",
};

/* Effects in order, then the state and the time from the input to the next deadline, in us. */
static const struct row {
	const char *rule;
	enum place place;
	enum input input;
	const char *outcome;
} rows[] = {
#include "tests/vrrp/fsm_rows.inc"
};

static void advert(struct vrrp_fsm *fsm, int64_t now_us, const char *from, uint8_t priority,
                   int64_t interval_us, struct vrrp_effects *out)
{
	struct vrrp_advert a = {.virtual_router_id = 1,
	                        .priority = priority,
	                        .interval_us = interval_us,
	                        .address_count = 1};
	struct addr src;

	ck_assert_int_eq(addr_parse(from, &src), 0);
	a.addresses[0] = src;
	vrrp_fsm_advert(fsm, now_us, 0, &src, &a, out);
}

static void make_active(struct vrrp_fsm *fsm, int64_t at_us, struct vrrp_effects *scratch)
{
	vrrp_fsm_startup(fsm, at_us - 10 * US_PER_S, false, scratch);
	if (fsm->state == MODEL_ROUTER_BACKUP)
		vrrp_fsm_expired(fsm, at_us, scratch);
	fsm->adver_due_us = at_us + US_PER_S;
	ck_assert_int_eq(fsm->state, MODEL_ROUTER_ACTIVE);
}

static struct vrrp_fsm put(enum place place)
{
	struct vrrp_effects scratch = {.count = 0};
	struct vrrp_fsm_params params = {
		.priority = 100, .advert_interval_us = US_PER_S, .preempt = true};
	struct vrrp_fsm fsm;

	ck_assert_int_eq(addr_parse("10.0.0.5", &params.sources[0].local4), 0);
	if (place == INIT_OWNER || place == ACTIVE_OWNER)
		params.priority = 255;
	if (place == BACKUP_NO_PREEMPT)
		params.preempt = false;
	if (place == BACKUP_DELAY)
		params.preempt_delay_us = 10 * US_PER_S;
	vrrp_fsm_init(&fsm, &params, T);

	switch (place) {
	case INIT:
	case INIT_OWNER:
	case PLACE_COUNT:
		break;
	case BACKUP:
	case BACKUP_NO_PREEMPT:
		vrrp_fsm_startup(&fsm, T - US_PER_S, false, &scratch);
		advert(&fsm, T, "10.0.0.9", 200, US_PER_S, &scratch);
		break;
	case BACKUP_DELAY:
		vrrp_fsm_startup(&fsm, T - US_PER_S, false, &scratch);
		advert(&fsm, T, "10.0.0.9", 50, US_PER_S, &scratch);
		break;
	case BACKUP_OVERRULING:
		vrrp_fsm_startup(&fsm, T - US_PER_S, false, &scratch);
		advert(&fsm, T, "10.0.0.9", 50, US_PER_S, &scratch);
		break;
	case BACKUP_RESIGNED:
		vrrp_fsm_startup(&fsm, T - US_PER_S, false, &scratch);
		advert(&fsm, T, "10.0.0.9", 0, US_PER_S, &scratch);
		break;
	case BACKUP_HOLDING:
		vrrp_fsm_startup(&fsm, T, true, &scratch);
		break;
	case BACKUP_SUSPENDED:
		make_active(&fsm, T - US_PER_S, &scratch);
		scratch.count = 0;
		vrrp_fsm_leave(&fsm, T - US_PER_S, VRRP_LEAVE_FAILOVER, &scratch);
		advert(&fsm, T - US_PER_S, "10.0.0.9", 50, US_PER_S, &scratch);
		advert(&fsm, T - US_PER_S / 2, "10.0.0.9", 50, US_PER_S, &scratch);
		vrrp_fsm_expired(&fsm, vrrp_fsm_deadline(&fsm), &scratch);
		advert(&fsm, T, "10.0.0.9", 50, US_PER_S, &scratch);
		break;
	case BACKUP_YIELDED:
		make_active(&fsm, T, &scratch);
		scratch.count = 0;
		advert(&fsm, INPUT - 20 * US_PER_MS, "10.0.0.9", 200, US_PER_S, &scratch);
		break;
	case ACTIVE:
	case ACTIVE_OWNER:
		make_active(&fsm, T, &scratch);
		break;
	case STOPPING:
	case STOPPING_SUCCEEDED:
	case STOPPING_ASKING:
		make_active(&fsm, T, &scratch);
		scratch.count = 0;
		vrrp_fsm_leave(&fsm, T, VRRP_LEAVE_STOP, &scratch);
		break;
	case FAILING_OVER:
	case FAILING_OVER_SUCCEEDED:
	case FAILING_OVER_CONFIRMED:
		make_active(&fsm, T, &scratch);
		scratch.count = 0;
		vrrp_fsm_leave(&fsm, T, VRRP_LEAVE_FAILOVER, &scratch);
		break;
	}
	if (place == STOPPING_SUCCEEDED || place == FAILING_OVER_SUCCEEDED)
		advert(&fsm, INPUT - 20 * US_PER_MS, "10.0.0.9", 50, US_PER_S, &scratch);
	if (place == STOPPING_ASKING || place == FAILING_OVER_CONFIRMED) {
		advert(&fsm, INPUT - 60 * US_PER_MS, "10.0.0.9", 50, US_PER_S, &scratch);
		vrrp_fsm_expired(&fsm, INPUT - 10 * US_PER_MS, &scratch);
	}
	if (place == FAILING_OVER_CONFIRMED)
		advert(&fsm, INPUT - 5 * US_PER_MS, "10.0.0.9", 50, US_PER_S, &scratch);
	return fsm;
}

/* Returns the instant of the input. */
static int64_t give(struct vrrp_fsm *fsm, enum input input, struct vrrp_effects *out)
{
	struct vrrp_fsm_params same = fsm->params;
	uint8_t own = fsm->params.priority;
	int64_t deadline_us = vrrp_fsm_deadline(fsm);
	int64_t now_us = INPUT;

	switch (input) {
	case STARTUP:
	case STARTUP_HOLDING:
		vrrp_fsm_startup(fsm, now_us, input == STARTUP_HOLDING, out);
		break;
	case SHUTDOWN:
		vrrp_fsm_shutdown(fsm, now_us, MODEL_REASON_INTERFACE_DOWN, out);
		break;
	case STOP:
		vrrp_fsm_leave(fsm, now_us, VRRP_LEAVE_STOP, out);
		break;
	case FAILOVER:
		vrrp_fsm_leave(fsm, now_us, VRRP_LEAVE_FAILOVER, out);
		break;
	case ZERO:
		advert(fsm, now_us, "10.0.0.9", 0, US_PER_S, out);
		break;
	case LOWER:
		advert(fsm, now_us, "10.0.0.9", 50, US_PER_S, out);
		break;
	case EQUAL_LOW:
		advert(fsm, now_us, "10.0.0.1", own, US_PER_S, out);
		break;
	case EQUAL_HIGH:
		advert(fsm, now_us, "10.0.0.9", own, US_PER_S, out);
		break;
	case HIGHER:
		advert(fsm, now_us, own == 255 ? "10.0.0.9" : "10.0.0.1", own == 255 ? 255 : 200,
		       2 * US_PER_S, out);
		break;
	case TOO_EARLY:
	case DEADLINE:
	case LATE:
		if (deadline_us != TIME_NEVER)
			now_us = deadline_us - (input == TOO_EARLY) +
			         (input == LATE ? 3 * US_PER_S + 1 : 0);
		vrrp_fsm_expired(fsm, now_us, out);
		break;
	case STEP_DOWN:
		vrrp_fsm_step_down(fsm, now_us, MODEL_REASON_SUSPENDED, out);
		break;
	case CONFIGURED:
		vrrp_fsm_configure(fsm, now_us, &same, out);
		break;
	case INPUT_COUNT:
		break;
	}
	return now_us;
}

static const char *reason_word(enum model_router_reason reason)
{
	static const char *const words[MODEL_REASON_COUNT] = {
		"startup",      "owner",           "active-down",    "resigned",
		"preempted",    "higher-priority", "higher-address", "handed-over",
		"shutdown",     "interface-down",  "late",           "suspended",
		"reconfigured", "withdrawn",
	};

	return words[reason];
}

static void describe(const struct vrrp_fsm *fsm, int64_t now_us, const struct vrrp_effects *effects,
                     struct text *t)
{
	char peer[ADDR_TEXT_SIZE];

	for (size_t i = 0; i < effects->count; i++) {
		const struct vrrp_effect *e = &effects->items[i];

		switch (e->kind) {
		case VRRP_EFFECT_ADVERTISE:
			text_printf(t, "advertise %u, ", e->priority);
			break;
		case VRRP_EFFECT_TAKE:
			text_add(t, "take, ");
			break;
		case VRRP_EFFECT_ANNOUNCE:
			text_add(t, "announce, ");
			break;
		case VRRP_EFFECT_QUIET:
			text_add(t, "quiet, ");
			break;
		case VRRP_EFFECT_FIND:
			text_add(t, "find, ");
			break;
		case VRRP_EFFECT_HUSH:
			text_add(t, "hush, ");
			break;
		case VRRP_EFFECT_RELEASE:
			text_add(t, "release, ");
			break;
		case VRRP_EFFECT_CHANGED:
			ck_assert_int_eq(e->to, fsm->state);
			ck_assert_int_eq(e->reason, fsm->reason);
			ck_assert_int_eq(now_us, fsm->since_us);
			text_printf(t, "%s", reason_word(e->reason));
			if (e->peer.family != ADDR_NONE)
				text_printf(t, " %s", addr_format(&e->peer, peer));
			text_add(t, ", ");
			break;
		}
	}
	text_add(t, model_router_state_name(fsm->state));
	if (vrrp_fsm_deadline(fsm) == TIME_NEVER)
		text_add(t, " never");
	else
		text_printf(t, " %lld", (long long)(vrrp_fsm_deadline(fsm) - now_us));
}

static const struct row *find_row(enum place place, enum input input)
{
	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++)
		if (rows[i].place == place && rows[i].input == input)
			return &rows[i];
	return NULL;
}

/* Other than when an IPv4 advertisement was heard last, which is taken note of in any state. */
static bool unchanged(const struct vrrp_fsm *a, const struct vrrp_fsm *b)
{
	return a->state == b->state && a->reason == b->reason && a->since_us == b->since_us &&
	       a->active_interval_us == b->active_interval_us &&
	       a->adver_due_us == b->adver_due_us && a->answered_us == b->answered_us &&
	       a->down_due_us == b->down_due_us && a->down_reason == b->down_reason &&
	       a->holding == b->holding && a->release_due_us == b->release_due_us &&
	       a->lower_heard_us == b->lower_heard_us && a->leaving == b->leaving &&
	       a->successor_us == b->successor_us && a->confirmed == b->confirmed &&
	       a->leave_due_us == b->leave_due_us &&
	       a->preemption_suspended == b->preemption_suspended &&
	       addr_equal(&a->active, &b->active) && a->active_priority == b->active_priority;
}

START_TEST(every_place_takes_every_input_as_the_table_says)
{
	enum place place = (enum place)(_i / INPUT_COUNT);
	enum input input = (enum input)(_i % INPUT_COUNT);
	const struct row *row = find_row(place, input);
	struct vrrp_fsm fsm = put(place), before = fsm;
	struct vrrp_effects effects = {.count = 0};
	struct text outcome = {.data = NULL};

	int64_t now_us = give(&fsm, input, &effects);
	describe(&fsm, now_us, &effects, &outcome);
	if (row) {
		ck_assert_msg(strcmp(text_str(&outcome), row->outcome) == 0,
		              "%s, %s (%s): %s, not: %s", place_names[place], input_names[input],
		              row->rule, text_str(&outcome), row->outcome);
	} else {
		ck_assert_msg(effects.count == 0 && unchanged(&fsm, &before), "%s, %s: %s",
		              place_names[place], input_names[input], text_str(&outcome));
	}
	text_done(&outcome);
}
END_TEST

/* ---- what takes more than one input */

static size_t count_kind(const struct vrrp_effects *effects, enum vrrp_effect_kind kind)
{
	size_t count = 0;

	for (size_t i = 0; i < effects->count; i++)
		count += effects->items[i].kind == kind;
	return count;
}

START_TEST(one_that_never_started_is_in_initialize_since_it_was_made)
{
	struct vrrp_fsm_params params = {.priority = 100, .advert_interval_us = US_PER_S};
	struct vrrp_fsm fsm;

	vrrp_fsm_init(&fsm, &params, T);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_INITIALIZE);
	ck_assert_int_eq(fsm.since_us, T);
}
END_TEST

START_TEST(rival_is_answered_once_an_interval)
{
	struct vrrp_fsm fsm = put(ACTIVE);
	struct vrrp_effects first = {.count = 0}, second = {.count = 0}, third = {.count = 0};

	advert(&fsm, INPUT, "10.0.0.9", 50, US_PER_S, &first);
	advert(&fsm, INPUT + US_PER_S - 1, "10.0.0.9", 50, US_PER_S, &second);
	advert(&fsm, INPUT + US_PER_S, "10.0.0.9", 0, US_PER_S, &third);
	ck_assert_uint_eq(first.count, 2);
	ck_assert_uint_eq(second.count, 0);
	ck_assert_uint_eq(third.count, 2);
}
END_TEST

START_TEST(resignations_in_a_row_do_not_put_the_takeover_off)
{
	struct vrrp_fsm fsm = put(BACKUP_RESIGNED);
	struct vrrp_effects effects = {.count = 0};
	int64_t due_us = vrrp_fsm_deadline(&fsm);

	advert(&fsm, T + 100, "fe80::9", 0, US_PER_S, &effects);
	advert(&fsm, INPUT, "10.0.0.9", 0, US_PER_S, &effects);
	ck_assert_int_eq(vrrp_fsm_deadline(&fsm), due_us);
	/* A new Active in between ends the spell: the next resignation counts from its own time. */
	advert(&fsm, INPUT, "10.0.0.9", 200, US_PER_S, &effects);
	ck_assert_uint_eq(effects.count, 0);
	advert(&fsm, INPUT + 1, "10.0.0.9", 0, US_PER_S, &effects);
	ck_assert_int_eq(vrrp_fsm_deadline(&fsm), INPUT + 1 + vrrp_timers_skew_us(100, US_PER_S));
	ck_assert_uint_eq(effects.count, 1);
	ck_assert_int_eq(effects.items[0].kind, VRRP_EFFECT_FIND);
}
END_TEST

START_TEST(late_advertisement_keeps_the_rhythm)
{
	static const struct {
		int64_t late_us, next_us; /* both from T */
	} rows2[] = {
		{1000000, 2000000}, {1000001, 2000000}, {1999999, 2000000},
		{2000000, 3000000}, {3999999, 4000000}, {4000000, 5000000},
	};
	struct vrrp_fsm fsm = put(ACTIVE);
	struct vrrp_effects effects = {.count = 0};

	vrrp_fsm_expired(&fsm, T + rows2[_i].late_us, &effects);
	ck_assert_uint_eq(effects.count, 1);
	ck_assert_int_eq(vrrp_fsm_deadline(&fsm), T + rows2[_i].next_us);
}
END_TEST

START_TEST(one_that_was_silent_does_not_contradict_who_took_over)
{
	/* Silence begins with the last advertisement, at T: others wait for three intervals. */
	static const struct {
		int64_t now_us;
		enum model_router_state state;
	} rows2[] = {{T + 3 * US_PER_S, MODEL_ROUTER_ACTIVE},
	             {T + 3 * US_PER_S + 1, MODEL_ROUTER_BACKUP}};
	struct vrrp_fsm fsm = put(ACTIVE);
	struct vrrp_effects effects = {.count = 0};

	advert(&fsm, rows2[_i].now_us, "10.0.0.9", 50, US_PER_S, &effects);
	ck_assert_int_eq(fsm.state, rows2[_i].state);
	if (fsm.state == MODEL_ROUTER_ACTIVE)
		return;
	ck_assert_int_eq(fsm.reason, MODEL_REASON_LATE);
	ck_assert_uint_eq(count_kind(&effects, VRRP_EFFECT_ADVERTISE), 0);
	ck_assert_uint_eq(count_kind(&effects, VRRP_EFFECT_RELEASE), 1);
	/* It is better and may preempt, yet only after Active_Down_Interval. */
	ck_assert_int_eq(vrrp_fsm_deadline(&fsm),
	                 rows2[_i].now_us + vrrp_timers_active_down_us(100, US_PER_S));
}
END_TEST

START_TEST(tie_over_ipv6_counts_when_ipv4_is_silent)
{
	struct vrrp_fsm fsm = put(ACTIVE);
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm_params params = fsm.params;

	ck_assert_int_eq(addr_parse("fe80::5", &params.sources[0].local6), 0);
	vrrp_fsm_configure(&fsm, T, &params, &effects);
	const int64_t half_us = US_PER_S / 2;

	advert(&fsm, T + half_us, "fe80::9", 100, US_PER_S, &effects);
	advert(&fsm, T + 2 * half_us, "fe80::9", 100, US_PER_S, &effects);
	/* A word over IPv4: its own comparison, and IPv6 begins anew. */
	advert(&fsm, T + 2 * half_us + 1, "10.0.0.1", 100, US_PER_S, &effects);
	ck_assert_uint_eq(effects.count, 2);
	advert(&fsm, T + 3 * half_us, "fe80::9", 100, US_PER_S, &effects);
	advert(&fsm, T + 4 * half_us, "fe80::9", 100, US_PER_S, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
	/* Words in a hurry are one. */
	advert(&fsm, T + 4 * half_us + 1, "fe80::9", 100, US_PER_S, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
	advert(&fsm, T + 5 * half_us, "fe80::9", 100, US_PER_S, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
	ck_assert_int_eq(fsm.reason, MODEL_REASON_HIGHER_ADDRESS);
}
END_TEST

START_TEST(tie_over_ipv6_counts_at_once_where_ipv4_is_not_served)
{
	struct vrrp_fsm fsm = put(ACTIVE);
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm_params params = fsm.params;

	params.sources[0].local4 = (struct addr){.family = ADDR_NONE};
	ck_assert_int_eq(addr_parse("fe80::5", &params.sources[0].local6), 0);
	vrrp_fsm_configure(&fsm, T, &params, &effects);
	advert(&fsm, T + 1, "fe80::1", 100, US_PER_S, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
	ck_assert_uint_eq(effects.count, 2);
	advert(&fsm, T + 2, "fe80::9", 100, US_PER_S, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
}
END_TEST

/* With a delay of 10 s; the first lower Active was heard at T. */
START_TEST(preempt_delay_begins_anew_with_each_lower_active)
{
	struct vrrp_fsm fsm = put(BACKUP_DELAY);
	struct vrrp_effects effects = {.count = 0};
	int64_t now_us = T + 9 * US_PER_S;

	if (_i == 0) {
		/* A higher one was there in between. */
		advert(&fsm, now_us, "10.0.0.7", 200, US_PER_S, &effects);
	} else {
		/* We were Active in between, and yielded to a higher one. */
		vrrp_fsm_expired(&fsm, now_us, &effects);
		ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
		effects.count = 0;
		advert(&fsm, now_us, "10.0.0.7", 200, US_PER_S, &effects);
	}
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
	advert(&fsm, now_us + US_PER_S, "10.0.0.9", 50, US_PER_S, &effects);
	for (int64_t later_us = 2 * US_PER_S; later_us < 11 * US_PER_S; later_us += US_PER_S) {
		advert(&fsm, now_us + later_us, "10.0.0.9", 50, US_PER_S, &effects);
		ck_assert_int_eq(fsm.down_due_us,
		                 now_us + later_us + vrrp_timers_active_down_us(100, US_PER_S));
	}
	int64_t due_us = fsm.down_due_us;
	advert(&fsm, now_us + 11 * US_PER_S, "10.0.0.9", 50, US_PER_S, &effects);
	ck_assert_int_eq(fsm.down_due_us, due_us);
}
END_TEST

START_TEST(wait_for_a_successor_is_bounded)
{
	static const struct {
		int64_t interval_us, bound_us;
	} rows2[] = {{10 * US_PER_MS, 240 * US_PER_MS},
	             {100 * US_PER_MS, 600 * US_PER_MS},
	             {US_PER_S, 4200 * US_PER_MS},
	             {40950 * US_PER_MS, 60 * US_PER_S}};
	struct vrrp_fsm_params params = {.priority = 255,
	                                 .advert_interval_us = rows2[_i].interval_us};
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm fsm;

	vrrp_fsm_init(&fsm, &params, T);
	vrrp_fsm_startup(&fsm, T, false, &effects);
	vrrp_fsm_leave(&fsm, T, VRRP_LEAVE_STOP, &effects);
	while (fsm.state == MODEL_ROUTER_ACTIVE) {
		effects.count = 0;
		ck_assert_int_le(vrrp_fsm_deadline(&fsm), T + rows2[_i].bound_us);
		vrrp_fsm_expired(&fsm, vrrp_fsm_deadline(&fsm), &effects);
	}
	ck_assert_int_eq(fsm.since_us, T + rows2[_i].bound_us);
	ck_assert_int_eq(fsm.reason, MODEL_REASON_SHUTDOWN);
}
END_TEST

START_TEST(failover_without_successor_stays_active)
{
	struct vrrp_fsm fsm = put(FAILING_OVER);
	struct vrrp_effects effects = {.count = 0};

	while (fsm.leaving != VRRP_LEAVE_NONE) {
		effects.count = 0;
		vrrp_fsm_expired(&fsm, vrrp_fsm_deadline(&fsm), &effects);
	}
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
	ck_assert(!fsm.preemption_suspended);
	ck_assert_uint_eq(effects.count, 3);
	ck_assert_int_eq(effects.items[0].kind, VRRP_EFFECT_ADVERTISE);
	ck_assert_uint_eq(effects.items[0].priority, 100);
	ck_assert_int_eq(effects.items[1].kind, VRRP_EFFECT_TAKE);
	ck_assert_int_eq(effects.items[2].kind, VRRP_EFFECT_ANNOUNCE);
}
END_TEST

START_TEST(preemption_stays_suspended_until_active_again)
{
	struct vrrp_fsm fsm = put(BACKUP_SUSPENDED);
	struct vrrp_effects effects = {.count = 0};

	ck_assert(fsm.preemption_suspended);
	vrrp_fsm_shutdown(&fsm, INPUT, MODEL_REASON_INTERFACE_DOWN, &effects);
	vrrp_fsm_startup(&fsm, INPUT, false, &effects);
	ck_assert(fsm.preemption_suspended);
	vrrp_fsm_expired(&fsm, vrrp_fsm_deadline(&fsm), &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
	ck_assert(!fsm.preemption_suspended);
}
END_TEST

START_TEST(held_preemption_follows_a_lower_active_but_takes_over_when_it_dies)
{
	struct vrrp_fsm_params params = {.priority = 100,
	                                 .advert_interval_us = US_PER_S,
	                                 .preempt = true,
	                                 .preempt_held = true};
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm fsm;

	vrrp_fsm_init(&fsm, &params, T);
	vrrp_fsm_startup(&fsm, T, false, &effects);
	for (int64_t i = 1; i <= 10; i++) {
		advert(&fsm, T + i * US_PER_S, "10.0.0.9", 50, US_PER_S, &effects);
		ck_assert_int_gt(vrrp_fsm_deadline(&fsm), T + (i + 3) * US_PER_S);
	}
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
	struct vrrp_fsm dies = fsm;
	effects.count = 0;
	vrrp_fsm_expired(&dies, vrrp_fsm_deadline(&dies), &effects);
	ck_assert_int_eq(dies.state, MODEL_ROUTER_ACTIVE);

	effects.count = 0;
	/* Held no more: the next word of the lower one is not obeyed. */
	params.preempt_held = false;
	vrrp_fsm_configure(&fsm, T + 10 * US_PER_S, &params, &effects);
	int64_t due_us = vrrp_fsm_deadline(&fsm);
	advert(&fsm, T + 11 * US_PER_S, "10.0.0.9", 50, US_PER_S, &effects);
	ck_assert_int_eq(vrrp_fsm_deadline(&fsm), due_us);
	vrrp_fsm_expired(&fsm, due_us, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
	ck_assert_int_eq(fsm.reason, MODEL_REASON_PREEMPTED);
}
END_TEST

START_TEST(held_preemption_makes_an_owner_listen_first)
{
	struct vrrp_fsm_params params = {
		.priority = 255, .advert_interval_us = US_PER_S, .preempt_held = true};
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm fsm;

	vrrp_fsm_init(&fsm, &params, T);
	vrrp_fsm_startup(&fsm, T, false, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
	advert(&fsm, T + US_PER_S, "10.0.0.9", 50, US_PER_S, &effects);
	ck_assert_int_gt(vrrp_fsm_deadline(&fsm), T + 4 * US_PER_S);
	vrrp_fsm_expired(&fsm, vrrp_fsm_deadline(&fsm), &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_ACTIVE);
}
END_TEST

START_TEST(active_that_lowers_itself_is_relieved_whatever_preempt_says)
{
	static const struct {
		uint8_t before, after; /* what the Active says */
		const char *second;    /* who says 'after' */
		bool relieves, held, suspended;
		bool takes_over;
	} cases[] = {
		{200, 50, "10.0.0.9", true, false, false, true},
		{200, 50, "10.0.0.9", true, false, true, true}, /* it is asked to */
		{200, 50, "10.0.0.9", false, false, false, false},
		{200, 50, "10.0.0.9", true, true, false, false},
		{200, 150, "10.0.0.9", true, false, false, false}, /* still higher */
		{200, 50, "10.0.0.8", true, false, false, false},  /* that is another one */
		{50, 50, "10.0.0.9", true, false, false, false},   /* as low from the start */
		{40, 50, "10.0.0.9", true, false, false, false},
	};
	struct vrrp_fsm_params params = {.priority = 100,
	                                 .advert_interval_us = US_PER_S,
	                                 .preempt_delay_us = 300 * US_PER_S,
	                                 .relieves = cases[_i].relieves,
	                                 .preempt_held = cases[_i].held};
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm fsm;

	vrrp_fsm_init(&fsm, &params, T);
	vrrp_fsm_startup(&fsm, T, false, &effects);
	fsm.preemption_suspended = cases[_i].suspended;
	advert(&fsm, T + US_PER_S, "10.0.0.9", cases[_i].before, US_PER_S, &effects);
	for (int i = 2; i <= 8 && fsm.state == MODEL_ROUTER_BACKUP; i++) {
		effects.count = 0;
		advert(&fsm, T + i * US_PER_S, cases[_i].second, cases[_i].after, US_PER_S,
		       &effects);
		vrrp_fsm_expired(&fsm, T + i * US_PER_S, &effects);
	}
	ck_assert_int_eq(fsm.state == MODEL_ROUTER_ACTIVE, cases[_i].takes_over);
	if (cases[_i].takes_over)
		ck_assert_int_eq(fsm.reason, MODEL_REASON_PREEMPTED);
}
END_TEST

START_TEST(active_that_recovers_in_time_is_followed_on)
{
	struct vrrp_fsm_params params = {
		.priority = 100, .advert_interval_us = US_PER_S, .relieves = true};
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm fsm;

	vrrp_fsm_init(&fsm, &params, T);
	vrrp_fsm_startup(&fsm, T, false, &effects);
	advert(&fsm, T + US_PER_S, "10.0.0.9", 200, US_PER_S, &effects);
	advert(&fsm, T + 2 * US_PER_S, "10.0.0.9", 50, US_PER_S, &effects);
	ck_assert(fsm.lowered);
	advert(&fsm, T + 3 * US_PER_S, "10.0.0.9", 200, US_PER_S, &effects);
	ck_assert(!fsm.lowered);
	ck_assert_int_gt(vrrp_fsm_deadline(&fsm), T + 6 * US_PER_S);
}
END_TEST

START_TEST(withdrawn_one_leaves_as_planned_and_stays_away_until_it_may_return)
{
	struct vrrp_fsm fsm = put(_i ? ACTIVE : BACKUP);
	struct vrrp_fsm_params params = fsm.params;
	struct vrrp_effects effects = {.count = 0};

	params.withdrawn = true;
	vrrp_fsm_configure(&fsm, INPUT, &params, &effects);
	if (_i) {
		ck_assert_int_eq(fsm.leaving, VRRP_LEAVE_STOP);
		for (int turn = 0; turn < 20 && fsm.state == MODEL_ROUTER_ACTIVE; turn++) {
			effects.count = 0;
			vrrp_fsm_expired(&fsm, vrrp_fsm_deadline(&fsm), &effects);
		}
		ck_assert_int_eq(effects.items[0].kind, VRRP_EFFECT_RELEASE);
	}
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_INITIALIZE);
	ck_assert_int_eq(fsm.reason, MODEL_REASON_WITHDRAWN);
	int64_t now_us = INPUT + 60 * US_PER_S;
	effects.count = 0;
	vrrp_fsm_startup(&fsm, now_us, false, &effects);
	ck_assert_int_eq(effects.count, 0);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_INITIALIZE);
	params.withdrawn = false;
	vrrp_fsm_configure(&fsm, now_us, &params, &effects);
	vrrp_fsm_startup(&fsm, now_us, false, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
}
END_TEST

START_TEST(owner_handed_over_by_hand_does_not_come_back_at_once)
{
	struct vrrp_fsm fsm = put(ACTIVE_OWNER);
	struct vrrp_effects effects = {.count = 0};

	vrrp_fsm_leave(&fsm, INPUT, VRRP_LEAVE_FAILOVER, &effects);
	advert(&fsm, INPUT, "10.0.0.9", 50, US_PER_S, &effects);
	advert(&fsm, INPUT + US_PER_S / 2, "10.0.0.9", 50, US_PER_S, &effects);
	effects.count = 0;
	vrrp_fsm_expired(&fsm, vrrp_fsm_deadline(&fsm), &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
	int64_t due_us = vrrp_fsm_deadline(&fsm);
	advert(&fsm, INPUT + US_PER_S, "10.0.0.9", 50, US_PER_S, &effects);
	ck_assert_int_gt(vrrp_fsm_deadline(&fsm), due_us);
	vrrp_fsm_shutdown(&fsm, INPUT + US_PER_S, MODEL_REASON_INTERFACE_DOWN, &effects);
	vrrp_fsm_startup(&fsm, INPUT + US_PER_S, false, &effects);
	ck_assert_int_eq(fsm.state, MODEL_ROUTER_BACKUP);
}
END_TEST

/* Whatever comes in whatever order: the addresses are in place when Active, and while held at
 * start, and never else; a deadline exists in every state but Initialize; effects tell the truth.
 */
START_TEST(any_sequence_of_inputs_keeps_the_books)
{
	struct vrrp_fsm fsm = put((enum place)(_i % PLACE_COUNT));
	enum model_router_reason taken_because = MODEL_REASON_COUNT;
	unsigned seed = (unsigned)_i;
	bool owns = fsm.state == MODEL_ROUTER_ACTIVE || fsm.holding;
	int64_t now_us = INPUT;

	for (int i = 0; i < 3000; i++) {
		enum input input = (enum input)(rand_r(&seed) % INPUT_COUNT);
		struct vrrp_effects effects = {.count = 0};
		enum model_router_state before = fsm.state;

		now_us += rand_r(&seed) % 400000;
		if (input == STARTUP_HOLDING && fsm.state == MODEL_ROUTER_INITIALIZE) {
			owns = fsm.params.priority != 255 || fsm.preemption_suspended;
			vrrp_fsm_startup(&fsm, now_us, true, &effects);
		} else if (input == CONFIGURED) {
			struct vrrp_fsm_params params = fsm.params;

			params.priority = (uint8_t)(1 + rand_r(&seed) % 255);
			params.preempt = rand_r(&seed) % 2;
			params.preempt_delay_us = rand_r(&seed) % 3 * US_PER_S;
			params.advert_interval_us = (1 + rand_r(&seed) % 300) * 10 * US_PER_MS;
			vrrp_fsm_configure(&fsm, now_us, &params, &effects);
		} else if (input == DEADLINE || input == LATE || input == TOO_EARLY) {
			vrrp_fsm_expired(&fsm, now_us, &effects);
		} else if (input >= ZERO && input <= HIGHER) {
			advert(&fsm, now_us, rand_r(&seed) % 2 ? "10.0.0.9" : "fe80::1",
			       input == ZERO ? 0 : (uint8_t)(1 + rand_r(&seed) % 255),
			       (1 + rand_r(&seed) % 300) * 10 * US_PER_MS, &effects);
		} else if (input == STARTUP) {
			vrrp_fsm_startup(&fsm, now_us, false, &effects);
		} else if (rand_r(&seed) % 8 == 0) {
			/* The rest end things, so they come seldom. */
			if (input == SHUTDOWN)
				vrrp_fsm_shutdown(&fsm, now_us, MODEL_REASON_SHUTDOWN, &effects);
			else if (input == STEP_DOWN)
				vrrp_fsm_step_down(&fsm, now_us, MODEL_REASON_SUSPENDED, &effects);
			else
				vrrp_fsm_leave(&fsm, now_us,
				               input == STOP ? VRRP_LEAVE_STOP
				                             : VRRP_LEAVE_FAILOVER,
				               &effects);
		}

		for (size_t k = 0; k < effects.count; k++) {
			const struct vrrp_effect *e = &effects.items[k];

			if (e->kind == VRRP_EFFECT_TAKE)
				owns = true;
			if (e->kind == VRRP_EFFECT_RELEASE) {
				ck_assert(owns);
				owns = false;
			}
			/* Who takes addresses is told from whom before the change itself. */
			if (e->kind == VRRP_EFFECT_TAKE)
				taken_because = e->reason;
			if (e->kind == VRRP_EFFECT_CHANGED && e->to == MODEL_ROUTER_ACTIVE)
				ck_assert_int_eq(taken_because, e->reason);
			if (e->kind == VRRP_EFFECT_CHANGED) {
				ck_assert_int_eq(e->from, before);
				ck_assert_int_ne(e->to, before);
				before = e->to;
			}
		}
		ck_assert_int_eq(before, fsm.state);
		ck_assert_int_eq(owns, fsm.state == MODEL_ROUTER_ACTIVE || fsm.holding);
		ck_assert_int_eq(vrrp_fsm_deadline(&fsm) == TIME_NEVER,
		                 fsm.state == MODEL_ROUTER_INITIALIZE);
		ck_assert(fsm.leaving == VRRP_LEAVE_NONE || fsm.state == MODEL_ROUTER_ACTIVE);
	}
}
END_TEST

/* ---- durations */

START_TEST(durations_are_those_of_the_standard_to_the_microsecond)
{
	static const struct {
		uint8_t priority;
		int64_t interval_us, skew_us, down_us;
	} rows2[] = {
		{100, 1000000, 609375, 3609375},
		{200, 200000, 43750, 643750},
		{254, 1000000, 7812, 3007812},
		{253, 1000000, 11718, 3011718},
		{255, 10000, 39, 30039},
		{254, 10000, 78, 30078},
		{1, 10000, 9960, 39960},
		{1, 40950000, 40790039, 163640039},
		{255, 40950000, 159960, 123009960},
		{255, 100, 1, 301},
	};

	ck_assert_int_eq(vrrp_timers_skew_us(rows2[_i].priority, rows2[_i].interval_us),
	                 rows2[_i].skew_us);
	ck_assert_int_eq(vrrp_timers_active_down_us(rows2[_i].priority, rows2[_i].interval_us),
	                 rows2[_i].down_us);
}
END_TEST

START_TEST(neighbours_in_priority_never_have_the_same_skew)
{
	for (unsigned priority = 1; priority < 255; priority++)
		ck_assert_int_gt(vrrp_timers_skew_us((uint8_t)priority, 10 * US_PER_MS),
		                 vrrp_timers_skew_us((uint8_t)(priority + 1), 10 * US_PER_MS));
}
END_TEST

/* One reading after the other; from some time asleep on, as a machine has that ever slept. */
START_TEST(sleep_is_told_from_a_reader_that_was_held_up)
{
	static const struct {
		int64_t suspended_us;
		bool slept;
	} readings[] = {
		{900 * US_PER_S, false},
		{900 * US_PER_S - 5, false},
		/* Held up between the two clocks for 150 ms, and right again. */
		{900 * US_PER_S - 150 * US_PER_MS, false},
		{900 * US_PER_S, false},
		{900 * US_PER_S + VRRP_TIMERS_SUSPENDED_US, false}, /* a nap that nobody noticed */
		{900 * US_PER_S + 2 * VRRP_TIMERS_SUSPENDED_US + 1, true},
		{900 * US_PER_S + 2 * VRRP_TIMERS_SUSPENDED_US + 1, false}, /* told once */
		{4500 * US_PER_S - 30 * US_PER_MS, true}, /* held up and asleep at once */
		{4500 * US_PER_S, false},
	};
	int64_t seen_us = 900 * US_PER_S;

	for (size_t i = 0; i < LT_ARRAY_SIZE(readings); i++)
		ck_assert_msg(vrrp_timers_slept(&seen_us, readings[i].suspended_us) ==
		                      readings[i].slept,
		              "reading %zu", i);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_fsm");
	TCase *tc = tcase_create("fsm");

	tcase_add_loop_test(tc, every_place_takes_every_input_as_the_table_says, 0,
	                    PLACE_COUNT * INPUT_COUNT);
	tcase_add_test(tc, one_that_never_started_is_in_initialize_since_it_was_made);
	tcase_add_test(tc, rival_is_answered_once_an_interval);
	tcase_add_test(tc, resignations_in_a_row_do_not_put_the_takeover_off);
	tcase_add_loop_test(tc, late_advertisement_keeps_the_rhythm, 0, 6);
	tcase_add_loop_test(tc, one_that_was_silent_does_not_contradict_who_took_over, 0, 2);
	tcase_add_test(tc, tie_over_ipv6_counts_when_ipv4_is_silent);
	tcase_add_test(tc, tie_over_ipv6_counts_at_once_where_ipv4_is_not_served);
	tcase_add_loop_test(tc, preempt_delay_begins_anew_with_each_lower_active, 0, 2);
	tcase_add_loop_test(tc, wait_for_a_successor_is_bounded, 0, 4);
	tcase_add_test(tc, failover_without_successor_stays_active);
	tcase_add_test(tc, preemption_stays_suspended_until_active_again);
	tcase_add_test(tc, sleep_is_told_from_a_reader_that_was_held_up);
	tcase_add_test(tc, held_preemption_follows_a_lower_active_but_takes_over_when_it_dies);
	tcase_add_test(tc, held_preemption_makes_an_owner_listen_first);
	tcase_add_loop_test(tc, active_that_lowers_itself_is_relieved_whatever_preempt_says, 0, 8);
	tcase_add_test(tc, active_that_recovers_in_time_is_followed_on);
	tcase_add_loop_test(tc, withdrawn_one_leaves_as_planned_and_stays_away_until_it_may_return,
	                    0, 2);
	tcase_add_test(tc, owner_handed_over_by_hand_does_not_come_back_at_once);
	tcase_add_loop_test(tc, any_sequence_of_inputs_keeps_the_books, 0, 60);
	tcase_add_loop_test(tc, durations_are_those_of_the_standard_to_the_microsecond, 0, 10);
	tcase_add_test(tc, neighbours_in_priority_never_have_the_same_skew);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
