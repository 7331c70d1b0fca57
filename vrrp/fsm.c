/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state changes in change() and nowhere else; what is armed is whatever vrrp_fsm_deadline()
 * reads out of the state, so nothing can be forgotten or left running.
 *
 * Reason: over 500 lines, as every input of every state is here: a transition is judged by its
 * neighbours. */
#include "vrrp/fsm.h"

#include "lib/mono.h"
#include "vrrp/timers.h"
#include "vrrp/wire.h"

#include <assert.h>

#define OWNER_PRIORITY  255
/* From the first advertisement of a successor until we let go: time enough for it to put addresses
 * in place and announce them. */
#define LINGER_US       (50 * US_PER_MS)
#define LEAVE_EXTRA_US  (200 * US_PER_MS)
#define LEAVE_MAX_US    (60 * US_PER_S)
/* Silence of an Active after which others take over, in its intervals. */
#define DOWN_INTERVALS  3
/* Ties heard with a later voice alone, after which it settles them. */
#define TIES_TO_COUNT   3
/* Silence of a voice, in the Active's intervals, after which it goes by a later one's address. */
#define QUIET_INTERVALS 2

static const struct addr nobody = {.family = ADDR_NONE};

static void effect(struct vrrp_effects *out, enum vrrp_effect_kind kind)
{
	assert(out->count < VRRP_EFFECTS_MAX);
	out->items[out->count++] = (struct vrrp_effect){.kind = kind};
}

static void advertise(struct vrrp_effects *out, uint8_t priority)
{
	effect(out, VRRP_EFFECT_ADVERTISE);
	out->items[out->count - 1].priority = priority;
}

/* With a virtual MAC both are reached at the same: nobody is misled, and nobody can send on to the
 * other. */
static void hush(const struct vrrp_fsm *fsm, struct vrrp_effects *out)
{
	if (!fsm->params.virtual_mac)
		effect(out, VRRP_EFFECT_HUSH);
}

/* From one that lives, when Active_Down_Timer fires. */
static void expect_to_take(struct vrrp_fsm *fsm, enum model_router_reason reason,
                           struct vrrp_effects *out)
{
	if (fsm->down_reason != reason && !fsm->params.virtual_mac)
		effect(out, VRRP_EFFECT_FIND);
	fsm->down_reason = reason;
}

static void change(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_state to,
                   enum model_router_reason reason, const struct addr *peer,
                   struct vrrp_effects *out)
{
	effect(out, VRRP_EFFECT_CHANGED);
	struct vrrp_effect *changed = &out->items[out->count - 1];
	changed->from = fsm->state;
	changed->to = to;
	changed->reason = reason;
	changed->peer = *peer;

	fsm->state = to;
	fsm->reason = reason;
	fsm->since_us = now_us;
	fsm->leaving = VRRP_LEAVE_NONE;
	fsm->successor_us = TIME_NEVER;
	fsm->confirmed = false;
	fsm->holding = false;
	fsm->release_due_us = TIME_NEVER;
}

static int64_t interval_of(const struct vrrp_fsm *fsm)
{
	return fsm->params.advert_interval_us;
}

/* Zeros of a planned leave. */
static int64_t resign_interval(const struct vrrp_fsm *fsm)
{
	return interval_of(fsm) + interval_of(fsm) / 4;
}

static int64_t skew(const struct vrrp_fsm *fsm)
{
	return vrrp_timers_skew_us(fsm->params.priority, fsm->active_interval_us);
}

static int64_t active_down(const struct vrrp_fsm *fsm)
{
	return vrrp_timers_active_down_us(fsm->params.priority, fsm->active_interval_us);
}

/* Nobody is followed, as at the start. */
static void listen_anew(struct vrrp_fsm *fsm, int64_t now_us)
{
	fsm->active = nobody;
	fsm->active_priority = 0;
	fsm->active_interval_us = interval_of(fsm);
	fsm->lower_heard_us = TIME_NEVER;
	for (size_t i = 0; i < VRRP_VOICES_MAX; i++)
		fsm->voices[i].heard = nobody;
	fsm->lowered = false;
	fsm->down_reason = MODEL_REASON_ACTIVE_DOWN;
	fsm->down_due_us = now_us + active_down(fsm);
}

static bool heard_lately(const struct vrrp_voice *voice, int64_t now_us, int64_t interval_us)
{
	return voice->heard_us != INT64_MIN &&
	       now_us - voice->heard_us <= QUIET_INTERVALS * interval_us;
}

/* Remembers who speaks. One that is heard with several voices goes by the address of the first. */
static void note_active(struct vrrp_fsm *fsm, int64_t now_us, size_t voice, const struct addr *src,
                        const struct vrrp_advert *advert)
{
	if (fsm->active.family != ADDR_NONE && voice > fsm->active_voice &&
	    fsm->active_priority == advert->priority &&
	    heard_lately(&fsm->voices[fsm->active_voice], now_us, advert->interval_us))
		return;
	fsm->active = *src;
	fsm->active_priority = advert->priority;
	fsm->active_voice = voice;
}

/* 6.4.2 (and 6.4.3 when yielding): learn Active_Adver_Interval, restart Active_Down_Timer. */
static void follow(struct vrrp_fsm *fsm, int64_t now_us, size_t voice, const struct addr *src,
                   const struct vrrp_advert *advert)
{
	note_active(fsm, now_us, voice, src, advert);
	fsm->active_interval_us = advert->interval_us;
	fsm->down_reason = MODEL_REASON_ACTIVE_DOWN;
	fsm->down_due_us = now_us + active_down(fsm);
}

/* 6.4.1 for the owner, 6.4.2 when Active_Down_Timer fires. The advertisement goes first: a former
 * Active lets go while we put the addresses in place. */
static void become_active(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_reason reason,
                          struct vrrp_effects *out)
{
	struct addr peer = fsm->active;

	advertise(out, fsm->params.priority);
	effect(out, VRRP_EFFECT_TAKE);
	out->items[out->count - 1].reason = reason;
	effect(out, VRRP_EFFECT_ANNOUNCE);
	fsm->active = nobody;
	fsm->active_priority = 0;
	fsm->active_interval_us = interval_of(fsm);
	fsm->adver_due_us = now_us + interval_of(fsm);
	fsm->answered_us = INT64_MIN;
	for (size_t i = 0; i < VRRP_VOICES_MAX; i++)
		fsm->voices[i].ties = 0;
	fsm->preemption_suspended = false;
	change(fsm, now_us, MODEL_ROUTER_ACTIVE, reason, &peer, out);
}

/* From Active to where it was going: Initialize when leaving for good, else Backup. Whom to follow
 * is set already, or nobody (listen_anew). */
static void let_go(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_reason reason,
                   const struct addr *peer, struct vrrp_effects *out)
{
	bool stops = fsm->leaving == VRRP_LEAVE_STOP;

	if (fsm->leaving == VRRP_LEAVE_FAILOVER)
		fsm->preemption_suspended = true;
	effect(out, VRRP_EFFECT_RELEASE);
	change(fsm, now_us, stops ? MODEL_ROUTER_INITIALIZE : MODEL_ROUTER_BACKUP, reason, peer,
	       out);
}

void vrrp_fsm_init(struct vrrp_fsm *fsm, const struct vrrp_fsm_params *params, int64_t now_us)
{
	*fsm = (struct vrrp_fsm){
		.params = *params,
		.state = MODEL_ROUTER_INITIALIZE,
		.reason = MODEL_REASON_STARTUP,
		.since_us = now_us,
		.active_interval_us = params->advert_interval_us,
		.adver_due_us = TIME_NEVER,
		.answered_us = INT64_MIN,
		.down_due_us = TIME_NEVER,
		.lower_heard_us = TIME_NEVER,
		.successor_us = TIME_NEVER,
		.leave_due_us = TIME_NEVER,
		.release_due_us = TIME_NEVER,
	};
	vrrp_fsm_rearrange(fsm);
}

void vrrp_fsm_rearrange(struct vrrp_fsm *fsm)
{
	for (size_t i = 0; i < VRRP_VOICES_MAX; i++)
		fsm->voices[i] = (struct vrrp_voice){.heard_us = INT64_MIN, .heard = nobody};
	fsm->active_voice = 0;
	fsm->lowered = false;
}

void vrrp_fsm_startup(struct vrrp_fsm *fsm, int64_t now_us, bool holding, struct vrrp_effects *out)
{
	if (fsm->state != MODEL_ROUTER_INITIALIZE || fsm->params.withdrawn)
		return;
	listen_anew(fsm, now_us);
	/* 6.4.1: the owner becomes Active at once. */
	if (fsm->params.priority == OWNER_PRIORITY && !fsm->preemption_suspended &&
	    !fsm->params.preempt_held) {
		become_active(fsm, now_us, MODEL_REASON_OWNER, out);
		return;
	}
	change(fsm, now_us, MODEL_ROUTER_BACKUP, MODEL_REASON_STARTUP, &nobody, out);
	if (holding) {
		/* Whoever took over is heard within its interval; if nobody did, be back before
		 * others have waited for their whole Active_Down_Interval. */
		fsm->holding = true;
		fsm->down_reason = MODEL_REASON_STARTUP;
		fsm->down_due_us = now_us + interval_of(fsm) + interval_of(fsm) / 4;
	}
}

void vrrp_fsm_shutdown(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_reason reason,
                       struct vrrp_effects *out)
{
	switch (fsm->state) {
	case MODEL_ROUTER_INITIALIZE:
		return;
	case MODEL_ROUTER_BACKUP:
		if (fsm->holding)
			effect(out, VRRP_EFFECT_RELEASE);
		break;
	case MODEL_ROUTER_ACTIVE:
		/* 6.4.3: send priority 0. */
		advertise(out, 0);
		effect(out, VRRP_EFFECT_RELEASE);
		break;
	}
	fsm->active = nobody;
	fsm->active_priority = 0;
	change(fsm, now_us, MODEL_ROUTER_INITIALIZE, reason, &nobody, out);
}

void vrrp_fsm_leave(struct vrrp_fsm *fsm, int64_t now_us, enum vrrp_leave leave,
                    struct vrrp_effects *out)
{
	if (leave == VRRP_LEAVE_NONE || fsm->state == MODEL_ROUTER_INITIALIZE)
		return;
	if (fsm->state == MODEL_ROUTER_BACKUP) {
		if (leave == VRRP_LEAVE_STOP)
			vrrp_fsm_shutdown(fsm, now_us, MODEL_REASON_SHUTDOWN, out);
		return;
	}
	if (fsm->leaving != VRRP_LEAVE_NONE) {
		if (leave == VRRP_LEAVE_STOP)
			fsm->leaving = VRRP_LEAVE_STOP;
		return;
	}

	int64_t bound_us = 4 * interval_of(fsm) + LEAVE_EXTRA_US;
	fsm->leaving = leave;
	fsm->leave_due_us = now_us + (bound_us < LEAVE_MAX_US ? bound_us : LEAVE_MAX_US);
	fsm->adver_due_us = now_us + resign_interval(fsm);
	effect(out, VRRP_EFFECT_QUIET);
	advertise(out, 0);
}

/* Remembers with which priority who speaks, and whether that is less than it was. */
static void note_priority(struct vrrp_fsm *fsm, size_t voice, const struct addr *src,
                          const struct vrrp_advert *advert)
{
	struct vrrp_voice *v = &fsm->voices[voice];

	if (!addr_equal(&v->heard, src))
		fsm->lowered = false;
	else if (advert->priority != v->heard_priority)
		fsm->lowered = advert->priority < v->heard_priority;
	v->heard = *src;
	v->heard_priority = advert->priority;
}

/* Is an advertisement of a lower Active to be overruled? */
static bool preempts(const struct vrrp_fsm *fsm, int64_t now_us)
{
	if (fsm->params.preempt_held)
		return false;
	if (fsm->params.relieves && fsm->lowered)
		return true;
	if (fsm->preemption_suspended)
		return false;
	if (fsm->params.priority == OWNER_PRIORITY)
		return true;
	return fsm->params.preempt && now_us - fsm->lower_heard_us >= fsm->params.preempt_delay_us;
}

/* Addresses of an earlier run, as against those of an Active that has just yielded. */
static bool holds_leftovers(const struct vrrp_fsm *fsm)
{
	return fsm->holding && fsm->release_due_us == TIME_NEVER;
}

/* 6.4.2 */
static void advert_in_backup(struct vrrp_fsm *fsm, int64_t now_us, size_t voice,
                             const struct addr *src, const struct vrrp_advert *advert,
                             struct vrrp_effects *out)
{
	if (advert->priority == 0) {
		/* Active_Down_Timer = Skew_Time. An Active that resigns more than once does not
		 * make us wait longer each time. */
		int64_t due_us = now_us + skew(fsm);

		if (fsm->down_reason != MODEL_REASON_RESIGNED || due_us < fsm->down_due_us)
			fsm->down_due_us = due_us;
		expect_to_take(fsm, MODEL_REASON_RESIGNED, out);
		return;
	}
	if (holds_leftovers(fsm)) {
		fsm->holding = false;
		effect(out, VRRP_EFFECT_RELEASE);
		fsm->down_due_us = fsm->since_us + active_down(fsm);
	}
	note_priority(fsm, voice, src, advert);
	if (advert->priority >= fsm->params.priority) {
		fsm->lower_heard_us = TIME_NEVER;
		follow(fsm, now_us, voice, src, advert);
		return;
	}
	if (fsm->lower_heard_us == TIME_NEVER)
		fsm->lower_heard_us = now_us;
	if (!preempts(fsm, now_us)) {
		follow(fsm, now_us, voice, src, advert);
		return;
	}
	/* Preempt_Mode: discard; the timer runs on. */
	note_active(fsm, now_us, voice, src, advert);
	expect_to_take(fsm, MODEL_REASON_PREEMPTED, out);
}

/* 6.4.3, a higher one was heard. It may be about to put the addresses in place. */
static void yield(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_reason reason,
                  size_t voice, const struct addr *src, const struct vrrp_advert *advert,
                  struct vrrp_effects *out)
{
	effect(out, VRRP_EFFECT_QUIET);
	hush(fsm, out);
	/* Others may hear this after the better one's word: they must not learn another interval
	 * from it. */
	if (!fsm->params.virtual_mac && advert->interval_us == interval_of(fsm))
		advertise(out, fsm->params.priority);
	listen_anew(fsm, now_us);
	follow(fsm, now_us, voice, src, advert);
	change(fsm, now_us, MODEL_ROUTER_BACKUP, reason, src, out);
	fsm->holding = true;
	fsm->release_due_us = now_us + LINGER_US;
}

/* 6.4.3: "send an ADVERTISEMENT immediately to assert the Active state". Whoever was contradicted
 * had announced the addresses as its own. */
static void answer(struct vrrp_fsm *fsm, int64_t now_us, struct vrrp_effects *out)
{
	if (fsm->answered_us != INT64_MIN && now_us - fsm->answered_us < interval_of(fsm))
		return;
	fsm->answered_us = now_us;
	advertise(out, fsm->params.priority);
	effect(out, VRRP_EFFECT_ANNOUNCE);
}

/* A planned leave: whoever speaks, whatever its priority, is the successor. But it may have yielded
 * again, to an advertisement of ours that was under way when we began to leave. So it is asked once
 * more to speak up, when nothing can be under way any longer; one that becomes Active only then is
 * given the same time for its addresses. */
static void advert_in_leave(struct vrrp_fsm *fsm, int64_t now_us, size_t voice,
                            const struct addr *src, const struct vrrp_advert *advert,
                            struct vrrp_effects *out)
{
	int64_t patience_us = 2 * interval_of(fsm) + 2 * LINGER_US;

	if (advert->priority == 0)
		return;
	follow(fsm, now_us, voice, src, advert);
	if (fsm->successor_us == TIME_NEVER) {
		fsm->successor_us = now_us;
		fsm->adver_due_us = now_us + LINGER_US;
		if (fsm->leave_due_us < now_us + patience_us)
			fsm->leave_due_us = now_us + patience_us;
		hush(fsm, out);
	} else if (!fsm->confirmed && now_us - fsm->successor_us >= LINGER_US) {
		fsm->confirmed = true;
		fsm->leave_due_us = now_us + LINGER_US;
		fsm->adver_due_us = TIME_NEVER;
	}
}

/* Where we speak with a voice. */
static const struct addr *source_of(const struct vrrp_fsm *fsm, size_t voice)
{
	const struct vrrp_sources *sources = &fsm->params.sources[voice / 2];

	return voice % 2 ? &sources->local6 : &sources->local4;
}

static bool is_first_voice(const struct vrrp_fsm *fsm, size_t voice)
{
	for (size_t i = 0; i < voice; i++)
		if (source_of(fsm, i)->family != ADDR_NONE)
			return false;
	return true;
}

/* Has this voice been the only one to tell of ties for long enough? */
static bool ties_count(struct vrrp_fsm *fsm, int64_t now_us, size_t voice)
{
	struct vrrp_voice *v = &fsm->voices[voice];

	if (is_first_voice(fsm, voice) || v->ties >= TIES_TO_COUNT)
		return true;
	if (v->ties > 0 && now_us - v->tied_us < interval_of(fsm) / 2)
		return false;
	v->tied_us = now_us;
	return ++v->ties >= TIES_TO_COUNT;
}

/* Above 0: the sender wins over us, who are Active; below: it loses; 0: not for this packet to
 * say. */
static int compare_rival(struct vrrp_fsm *fsm, int64_t now_us, size_t voice, const struct addr *src,
                         const struct vrrp_advert *advert)
{
	if (advert->priority != fsm->params.priority)
		return advert->priority > fsm->params.priority ? 1 : -1;
	return ties_count(fsm, now_us, voice) ? addr_compare(src, source_of(fsm, voice)) : 0;
}

/* Others have heard nothing from us for longer than they wait. */
static bool was_silent(const struct vrrp_fsm *fsm, int64_t now_us)
{
	return now_us - fsm->adver_due_us > (DOWN_INTERVALS - 1) * interval_of(fsm);
}

/* 6.4.3 */
static void advert_in_active(struct vrrp_fsm *fsm, int64_t now_us, size_t voice,
                             const struct addr *src, const struct vrrp_advert *advert,
                             struct vrrp_effects *out)
{
	if (advert->priority == 0) {
		answer(fsm, now_us, out);
		fsm->adver_due_us = now_us + interval_of(fsm);
		return;
	}

	int rival = compare_rival(fsm, now_us, voice, src, advert);
	if (rival > 0) {
		yield(fsm, now_us,
		      advert->priority > fsm->params.priority ? MODEL_REASON_HIGHER_PRIORITY
		                                              : MODEL_REASON_HIGHER_ADDRESS,
		      voice, src, advert, out);
	} else if (rival < 0 && was_silent(fsm, now_us)) {
		/* It took over by right while we were stalled. */
		listen_anew(fsm, now_us);
		let_go(fsm, now_us, MODEL_REASON_LATE, src, out);
		advert_in_backup(fsm, now_us, voice, src, advert, out);
	} else if (rival < 0) {
		answer(fsm, now_us, out);
	}
}

void vrrp_fsm_advert(struct vrrp_fsm *fsm, int64_t now_us, size_t member, const struct addr *src,
                     const struct vrrp_advert *advert, struct vrrp_effects *out)
{
	size_t voice = 2 * member + (src->family == ADDR_IPV6);

	assert(member < VRRP_MEMBERS_MAX);
	fsm->voices[voice].heard_us = now_us;
	for (size_t i = voice + 1; i < VRRP_VOICES_MAX; i++)
		fsm->voices[i].ties = 0;
	switch (fsm->state) {
	case MODEL_ROUTER_INITIALIZE:
		break;
	case MODEL_ROUTER_BACKUP:
		advert_in_backup(fsm, now_us, voice, src, advert, out);
		break;
	case MODEL_ROUTER_ACTIVE:
		if (fsm->leaving != VRRP_LEAVE_NONE)
			advert_in_leave(fsm, now_us, voice, src, advert, out);
		else
			advert_in_active(fsm, now_us, voice, src, advert, out);
		break;
	}
}

int64_t vrrp_fsm_deadline(const struct vrrp_fsm *fsm)
{
	switch (fsm->state) {
	case MODEL_ROUTER_INITIALIZE:
		break;
	case MODEL_ROUTER_BACKUP:
		return fsm->release_due_us < fsm->down_due_us ? fsm->release_due_us
		                                              : fsm->down_due_us;
	case MODEL_ROUTER_ACTIVE:
		if (fsm->leaving == VRRP_LEAVE_NONE)
			return fsm->adver_due_us;
		return fsm->leave_due_us < fsm->adver_due_us ? fsm->leave_due_us
		                                             : fsm->adver_due_us;
	}
	return TIME_NEVER;
}

/* The wait for a successor is over, one way or the other. */
static void end_leave(struct vrrp_fsm *fsm, int64_t now_us, struct vrrp_effects *out)
{
	struct addr successor = fsm->active;

	if (fsm->confirmed || fsm->leaving == VRRP_LEAVE_STOP) {
		bool heard = fsm->confirmed || fsm->successor_us != TIME_NEVER;

		let_go(fsm, now_us,
		       heard                   ? MODEL_REASON_HANDED_OVER
		       : fsm->params.withdrawn ? MODEL_REASON_WITHDRAWN
		                               : MODEL_REASON_SHUTDOWN,
		       &successor, out);
		return;
	}
	fsm->leaving = VRRP_LEAVE_NONE;
	fsm->adver_due_us = now_us + interval_of(fsm);
	advertise(out, fsm->params.priority);
	fsm->successor_us = TIME_NEVER;
	/* It may have hushed, for one who did not stay. */
	effect(out, VRRP_EFFECT_TAKE);
	out->items[out->count - 1].reason = MODEL_REASON_ACTIVE_DOWN;
	effect(out, VRRP_EFFECT_ANNOUNCE);
}

/* 6.4.3: Adver_Timer fired, or a planned leave goes on. */
static void active_expired(struct vrrp_fsm *fsm, int64_t now_us, struct vrrp_effects *out)
{
	bool leaves = fsm->leaving != VRRP_LEAVE_NONE;

	if (fsm->successor_us == TIME_NEVER &&
	    now_us - fsm->adver_due_us > DOWN_INTERVALS * interval_of(fsm)) {
		vrrp_fsm_step_down(fsm, now_us, MODEL_REASON_LATE, out);
		return;
	}
	if (leaves && now_us >= fsm->leave_due_us) {
		end_leave(fsm, now_us, out);
		return;
	}
	advertise(out, leaves ? 0 : fsm->params.priority);
	/* What was missed is not made up for. */
	while (fsm->adver_due_us <= now_us)
		fsm->adver_due_us += leaves ? resign_interval(fsm) : interval_of(fsm);
}

static void backup_expired(struct vrrp_fsm *fsm, int64_t now_us, struct vrrp_effects *out)
{
	if (now_us >= fsm->down_due_us) {
		become_active(fsm, now_us, fsm->down_reason, out);
		return;
	}
	fsm->holding = false;
	fsm->release_due_us = TIME_NEVER;
	effect(out, VRRP_EFFECT_RELEASE);
}

void vrrp_fsm_expired(struct vrrp_fsm *fsm, int64_t now_us, struct vrrp_effects *out)
{
	if (now_us < vrrp_fsm_deadline(fsm))
		return;
	switch (fsm->state) {
	case MODEL_ROUTER_INITIALIZE:
		break;
	case MODEL_ROUTER_BACKUP:
		backup_expired(fsm, now_us, out);
		break;
	case MODEL_ROUTER_ACTIVE:
		active_expired(fsm, now_us, out);
		break;
	}
}

void vrrp_fsm_step_down(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_reason reason,
                        struct vrrp_effects *out)
{
	struct addr successor = fsm->active;

	if (fsm->state != MODEL_ROUTER_ACTIVE)
		return;
	advertise(out, 0);
	if (fsm->successor_us == TIME_NEVER)
		listen_anew(fsm, now_us);
	let_go(fsm, now_us, reason, &successor, out);
}

static void configure_backup(struct vrrp_fsm *fsm, int64_t now_us,
                             const struct vrrp_fsm_params *old, struct vrrp_effects *out)
{
	bool becomes_owner = fsm->params.priority == OWNER_PRIORITY &&
	                     old->priority != OWNER_PRIORITY;

	if (fsm->params.withdrawn) {
		vrrp_fsm_shutdown(fsm, now_us, MODEL_REASON_WITHDRAWN, out);
		return;
	}
	if (becomes_owner && !fsm->preemption_suspended && !fsm->params.preempt_held) {
		become_active(fsm, now_us, MODEL_REASON_OWNER, out);
		return;
	}
	if (holds_leftovers(fsm))
		return;
	/* Nobody has taught us another interval than our own: listen anew. */
	if (fsm->active.family == ADDR_NONE &&
	    fsm->params.advert_interval_us != old->advert_interval_us) {
		listen_anew(fsm, now_us);
		return;
	}
	/* Skew_Time is part of whatever is being waited for. */
	fsm->down_due_us += vrrp_timers_skew_us(fsm->params.priority, fsm->active_interval_us) -
	                    vrrp_timers_skew_us(old->priority, fsm->active_interval_us);
}

void vrrp_fsm_configure(struct vrrp_fsm *fsm, int64_t now_us, const struct vrrp_fsm_params *params,
                        struct vrrp_effects *out)
{
	struct vrrp_fsm_params old = fsm->params;

	fsm->params = *params;
	switch (fsm->state) {
	case MODEL_ROUTER_INITIALIZE:
		fsm->active_interval_us = params->advert_interval_us;
		break;
	case MODEL_ROUTER_BACKUP:
		configure_backup(fsm, now_us, &old, out);
		break;
	case MODEL_ROUTER_ACTIVE:
		/* Others wait by the old interval until they are told the new one: the next
		 * advertisement may come sooner, never later. */
		if (fsm->leaving == VRRP_LEAVE_NONE &&
		    fsm->adver_due_us > now_us + params->advert_interval_us)
			fsm->adver_due_us = now_us + params->advert_interval_us;
		if (params->withdrawn)
			vrrp_fsm_leave(fsm, now_us, VRRP_LEAVE_STOP, out);
		break;
	}
}

bool vrrp_fsm_lacks_member(const struct vrrp_fsm *fsm, int64_t now_us, size_t member)
{
	int64_t patience_us = active_down(fsm);
	int64_t heard_us = fsm->since_us;

	if (fsm->state != MODEL_ROUTER_BACKUP || fsm->active.family == ADDR_NONE)
		return false;
	for (size_t i = 2 * member; i < 2 * member + 2; i++)
		if (fsm->voices[i].heard_us > heard_us)
			heard_us = fsm->voices[i].heard_us;
	return now_us - heard_us > patience_us;
}
