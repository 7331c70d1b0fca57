/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/session.h"

#include "lib/mono.h"

#include <string.h>

const char *peer_session_state_name(enum peer_session_state state)
{
	switch (state) {
	case PEER_SESSION_WAITING:
		return "waiting";
	case PEER_SESSION_CONNECTING:
		return "connecting";
	case PEER_SESSION_HANDSHAKE:
		return "handshake";
	case PEER_SESSION_ESTABLISHED:
		return "established";
	case PEER_SESSION_REFUSED:
		return "refused";
	case PEER_SESSION_STATE_COUNT:
		break;
	}
	return "?";
}

/* xorshift64: only to keep nodes from doing things at the same moment. */
static int64_t jitter(struct peer_session *session, int64_t limit_us)
{
	session->random ^= session->random << 13;
	session->random ^= session->random >> 7;
	session->random ^= session->random << 17;
	return (int64_t)(session->random >> 1) % limit_us;
}

void peer_session_init(struct peer_session *session, uint64_t seed, bool first, int64_t now_us)
{
	memset(session, 0, sizeof(*session));
	session->random = seed ? seed : 1;
	session->up_since_us = TIME_NEVER;
	session->rtt_us = -1;
	session->dial_us = now_us;
	if (!first)
		session->dial_us += PEER_SESSION_BACKOFF_MIN + jitter(session, US_PER_S / 2);
}

enum peer_link peer_session_live(const struct peer_session *session)
{
	enum peer_link link = PEER_LINK_DIALED;

	while (link < PEER_LINK_COUNT && session->links[link].state != PEER_LINK_UP)
		link++;
	return link;
}

static bool has_link(const struct peer_session *session)
{
	for (enum peer_link link = PEER_LINK_DIALED; link < PEER_LINK_COUNT; link++)
		if (session->links[link].state != PEER_LINK_NONE)
			return true;
	return false;
}

static bool needs_person(enum peer_reason reason)
{
	switch (reason) {
	case PEER_REASON_STRANGER:
	case PEER_REASON_WRONG_KEY:
	case PEER_REASON_VERSION:
	case PEER_REASON_MALFORMED:
	case PEER_REASON_SELF:
	case PEER_REASON_DUPLICATE:
		return true;
	case PEER_REASON_OTHER:
	case PEER_REASON_UNREACHABLE:
	case PEER_REASON_BUSY:
	case PEER_REASON_HANDSHAKE:
	case PEER_REASON_TIMEOUT:
	case PEER_REASON_CLOSED:
	case PEER_REASON_KEY_RETIRED:
	case PEER_REASON_REMOVED:
	case PEER_REASON_STOPPED:
	case PEER_REASON_COUNT:
		break;
	}
	return false;
}

enum peer_session_state peer_session_state(const struct peer_session *session)
{
	enum peer_link_state most = PEER_LINK_NONE;

	for (enum peer_link link = PEER_LINK_DIALED; link < PEER_LINK_COUNT; link++)
		if (session->links[link].state > most)
			most = session->links[link].state;
	switch (most) {
	case PEER_LINK_NONE:
		break;
	case PEER_LINK_CONNECTING:
		return PEER_SESSION_CONNECTING;
	case PEER_LINK_HANDSHAKE:
	case PEER_LINK_HELLO:
		return PEER_SESSION_HANDSHAKE;
	case PEER_LINK_UP:
		return PEER_SESSION_ESTABLISHED;
	}
	return session->failed && needs_person(session->reason) ? PEER_SESSION_REFUSED
	                                                        : PEER_SESSION_WAITING;
}

/* ---- what to do, and when */

/* When a link that stays silent is given up. */
static int64_t link_end(const struct peer_session_link *link)
{
	switch (link->state) {
	case PEER_LINK_NONE:
		break;
	case PEER_LINK_CONNECTING:
	case PEER_LINK_HANDSHAKE:
	case PEER_LINK_HELLO:
		return link->since_us + PEER_SESSION_PATIENCE_US;
	case PEER_LINK_UP:
		return link->heard_us + PEER_SESSION_SILENCE_US;
	}
	return TIME_NEVER;
}

static int64_t link_ping(const struct peer_session_link *link)
{
	return link->state == PEER_LINK_UP ? link->pinged_us + PEER_SESSION_PING_US : TIME_NEVER;
}

int64_t peer_session_deadline(const struct peer_session *session)
{
	int64_t at_us = has_link(session) ? TIME_NEVER : session->dial_us;

	for (enum peer_link i = PEER_LINK_DIALED; i < PEER_LINK_COUNT; i++) {
		const struct peer_session_link *link = &session->links[i];

		if (link_end(link) < at_us)
			at_us = link_end(link);
		if (link_ping(link) < at_us)
			at_us = link_ping(link);
	}
	return at_us;
}

struct peer_session_step peer_session_next(struct peer_session *session, int64_t now_us)
{
	for (enum peer_link i = PEER_LINK_DIALED; i < PEER_LINK_COUNT; i++) {
		struct peer_session_link *link = &session->links[i];

		if (link_end(link) <= now_us) {
			bool far = link->state == PEER_LINK_CONNECTING;

			return (struct peer_session_step){PEER_SESSION_CLOSE, i,
			                                  far ? PEER_REASON_UNREACHABLE
			                                      : PEER_REASON_TIMEOUT};
		}
		if (link_ping(link) <= now_us) {
			link->pinged_us = now_us;
			return (struct peer_session_step){PEER_SESSION_PING, i, PEER_REASON_OTHER};
		}
	}
	if (!has_link(session) && session->dial_us <= now_us)
		return (struct peer_session_step){PEER_SESSION_DIAL, PEER_LINK_DIALED,
		                                  PEER_REASON_OTHER};
	return (struct peer_session_step){PEER_SESSION_NOTHING, PEER_LINK_DIALED,
	                                  PEER_REASON_OTHER};
}

/* ---- what happened */

static void enter(struct peer_session *session, enum peer_link link, enum peer_link_state state,
                  int64_t now_us)
{
	session->links[link].state = state;
	session->links[link].since_us = now_us;
	session->links[link].heard_us = now_us;
}

void peer_session_dialed(struct peer_session *session, int64_t now_us)
{
	enter(session, PEER_LINK_DIALED, PEER_LINK_CONNECTING, now_us);
}

enum peer_link peer_session_accepted(struct peer_session *session, int64_t now_us)
{
	enum peer_link place = PEER_LINK_COUNT;

	for (enum peer_link i = PEER_LINK_ACCEPTED; i < PEER_LINK_COUNT; i++) {
		if (session->links[i].state == PEER_LINK_NONE)
			place = i;
		else if (session->links[i].state != PEER_LINK_UP)
			return PEER_LINK_COUNT;
	}
	if (place != PEER_LINK_COUNT)
		enter(session, place, PEER_LINK_HANDSHAKE, now_us);
	return place;
}

void peer_session_connected(struct peer_session *session, enum peer_link link, int64_t now_us)
{
	enter(session, link, PEER_LINK_HANDSHAKE, now_us);
}

void peer_session_secured(struct peer_session *session, enum peer_link link, int64_t now_us)
{
	enter(session, link, PEER_LINK_HELLO, now_us);
}

enum peer_reason peer_session_judge(const struct peer_hello *ours, const struct peer_hello *theirs)
{
	if (theirs->major != ours->major)
		return PEER_REASON_VERSION;
	if (theirs->boot_id == ours->boot_id)
		return PEER_REASON_SELF;
	return PEER_REASON_COUNT;
}

void peer_session_up(struct peer_session *session, enum peer_link link,
                     const struct peer_hello *theirs, int64_t now_us)
{
	enter(session, link, PEER_LINK_UP, now_us);
	session->links[link].pinged_us = now_us - PEER_SESSION_PING_US; /* the first at once */
	session->hello = *theirs;
	session->up_since_us = now_us;
	session->ups++;
	session->failed = false;
	session->backoff_us = 0;
	session->rtt_us = -1;
	memset(session->told, 0, sizeof(session->told));
}

void peer_session_heard(struct peer_session *session, enum peer_link link, int64_t now_us)
{
	session->links[link].heard_us = now_us;
}

void peer_session_ponged(struct peer_session *session, uint64_t stamp_us, int64_t now_us)
{
	if (stamp_us <= (uint64_t)now_us)
		session->rtt_us = now_us - (int64_t)stamp_us;
}

bool peer_session_note(struct peer_session *session, enum peer_reason reason)
{
	bool fresh = !session->told[reason];

	session->counts[reason]++;
	session->told[reason] = true;
	return fresh;
}

bool peer_session_closed(struct peer_session *session, enum peer_link link, enum peer_reason reason,
                         int64_t now_us)
{
	bool was_up = session->links[link].state == PEER_LINK_UP;

	session->links[link].state = PEER_LINK_NONE;
	if (was_up)
		session->up_since_us = TIME_NEVER;
	/* A second connection that goes while the first is fine is no failure. */
	if (peer_session_live(session) != PEER_LINK_COUNT)
		return peer_session_note(session, reason);
	session->reason = reason;
	session->failed = true;
	if (needs_person(reason)) {
		session->backoff_us = PEER_SESSION_REFUSED_US;
	} else {
		session->backoff_us *= 2;
		if (session->backoff_us < PEER_SESSION_BACKOFF_MIN)
			session->backoff_us = PEER_SESSION_BACKOFF_MIN;
		if (session->backoff_us > PEER_SESSION_BACKOFF_MAX)
			session->backoff_us = PEER_SESSION_BACKOFF_MAX;
	}
	/* From half of it to one and a half. */
	session->dial_us = now_us + session->backoff_us / 2 + jitter(session, session->backoff_us);
	return peer_session_note(session, reason);
}

void peer_session_retry(struct peer_session *session, int64_t now_us)
{
	session->backoff_us = 0;
	session->dial_us = now_us + jitter(session, PEER_SESSION_BACKOFF_MIN);
	memset(session->told, 0, sizeof(session->told));
}

/* ---- two connections */

/* The lower end first, so that both sides see the same. */
static int compare_ends(const struct peer_contender *a, const struct peer_contender *b)
{
	bool a_here = addr_compare(&a->here, &a->there) < 0;
	bool b_here = addr_compare(&b->here, &b->there) < 0;
	int order = addr_compare(a_here ? &a->here : &a->there, b_here ? &b->here : &b->there);

	if (order == 0)
		order = addr_compare(a_here ? &a->there : &a->here, b_here ? &b->there : &b->here);
	return order;
}

bool peer_session_prefer(const struct peer_contender *fresh, const struct peer_contender *old,
                         uint64_t own_boot_id, int64_t now_us)
{
	bool settled = old->up_since_us + PEER_SESSION_CONTEST_US <= now_us;
	int order;

	if (fresh->boot_id != old->boot_id)
		return true;
	order = compare_ends(fresh, old);
	if (order != 0)
		return !settled && order < 0;
	/* Nobody dials who has a connection: who did has lost the old one. */
	if (settled || fresh->dialed == old->dialed)
		return true;
	/* Both dialed at once. */
	return fresh->dialed == (own_boot_id > fresh->boot_id);
}
