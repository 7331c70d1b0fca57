/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/session.h - the connection to one peer: when to dial, which of two to keep, when it is dead.
 *
 * Pure. Time: now_us, microseconds on the monotonic clock. Both nodes listen and both may dial; the
 * one with the lower address dials at once, the other a little later, so that there are seldom two
 * connections. If there are, or if a node has two addresses, both ends keep the same one
 * (peer_session_prefer). There is room for three links: the one we dialed, and two that we
 * accepted, one of which is up while the other may take its place.
 *
 * Whoever does the I/O reports what happened in the past tense, and carries out what
 * peer_session_next() says until it says NONE, then again at peer_session_deadline(). */

#ifndef LINTEL_PEER_SESSION_H
#define LINTEL_PEER_SESSION_H

#include "peer/wire.h"

#define PEER_SESSION_PATIENCE_US 3000000 /* from a connection to HELLO */
#define PEER_SESSION_PING_US     1000000 /* one each */
#define PEER_SESSION_SILENCE_US  5000000 /* then it is dead */
#define PEER_SESSION_BACKOFF_MIN 200000
#define PEER_SESSION_BACKOFF_MAX 5000000
#define PEER_SESSION_REFUSED_US  20000000 /* wrong key, version: a person has to act first */
#define PEER_SESSION_CONTEST_US  3000000  /* that long two connections may be begun at once */

enum peer_link { PEER_LINK_DIALED, PEER_LINK_ACCEPTED, PEER_LINK_ACCEPTED_TOO, PEER_LINK_COUNT };

enum peer_link_state {
	PEER_LINK_NONE,
	PEER_LINK_CONNECTING, /* dialed only */
	PEER_LINK_HANDSHAKE,  /* TLS */
	PEER_LINK_HELLO,      /* ours was sent, theirs not heard yet */
	PEER_LINK_UP,
};

struct peer_session_link {
	enum peer_link_state state;
	int64_t since_us; /* of the state */
	int64_t heard_us; /* last bytes from there */
	int64_t pinged_us;
};

/* What people see. */
enum peer_session_state {
	PEER_SESSION_WAITING,    /* dials later, or waits to be dialed */
	PEER_SESSION_CONNECTING, /* the network */
	PEER_SESSION_HANDSHAKE,  /* key and version */
	PEER_SESSION_ESTABLISHED,
	PEER_SESSION_REFUSED, /* by one of the two: see the reason */
	PEER_SESSION_STATE_COUNT,
};
const char *peer_session_state_name(enum peer_session_state state); /* "established" */

struct peer_session {
	struct peer_session_link links[PEER_LINK_COUNT];
	int64_t dial_us;              /* next attempt */
	int64_t backoff_us;           /* the last one, 0: none */
	uint64_t random;              /* for the jitter */
	enum peer_reason reason;      /* of the last failure */
	bool failed;                  /* the last attempt: 'reason' says why */
	bool told[PEER_REASON_COUNT]; /* was logged since it last was up */
	uint64_t counts[PEER_REASON_COUNT];
	uint64_t ups;
	int64_t up_since_us;     /* TIME_NEVER: not up */
	int64_t rtt_us;          /* of the last PING; -1: none yet */
	struct peer_hello hello; /* of the other side; valid once it was up */
};

/* 'first': we dial at once (our address is the lower one), else after a moment. 'seed': any. */
void peer_session_init(struct peer_session *session, uint64_t seed, bool first, int64_t now_us);

enum peer_session_do {
	PEER_SESSION_NOTHING,
	PEER_SESSION_DIAL,  /* then peer_session_dialed() */
	PEER_SESSION_PING,  /* send one over 'link' */
	PEER_SESSION_CLOSE, /* 'link', for 'reason'; then peer_session_closed() */
};
struct peer_session_step {
	enum peer_session_do what;
	enum peer_link link;
	enum peer_reason reason;
};
struct peer_session_step peer_session_next(struct peer_session *session, int64_t now_us);
/* When it wants to be asked next without an event. */
int64_t peer_session_deadline(const struct peer_session *session);

/* We began to connect. */
void peer_session_dialed(struct peer_session *session, int64_t now_us);
/* Somebody came from this peer's address: the place of that link. PEER_LINK_COUNT: close it, one is
 * under way already. */
enum peer_link peer_session_accepted(struct peer_session *session, int64_t now_us);
/* TCP is there; TLS begins. */
void peer_session_connected(struct peer_session *session, enum peer_link link, int64_t now_us);
/* TLS is there; HELLO goes out. */
void peer_session_secured(struct peer_session *session, enum peer_link link, int64_t now_us);
/* Their HELLO: is what they are fine? PEER_REASON_COUNT when it is; else why to close. What other
 * connections there are to this node is for peer_session_prefer(). */
enum peer_reason peer_session_judge(const struct peer_hello *ours, const struct peer_hello *theirs);
/* The link is the one to use. */
void peer_session_up(struct peer_session *session, enum peer_link link,
                     const struct peer_hello *theirs, int64_t now_us);
void peer_session_heard(struct peer_session *session, enum peer_link link, int64_t now_us);
void peer_session_ponged(struct peer_session *session, uint64_t stamp_us, int64_t now_us);
/* It is closed, by whomever. True: say so, nobody did since it last was up. */
LT_MUST_USE bool peer_session_closed(struct peer_session *session, enum peer_link link,
                                     enum peer_reason reason, int64_t now_us);
/* Counts what never became a link. True: say so. */
LT_MUST_USE bool peer_session_note(struct peer_session *session, enum peer_reason reason);
/* What stood in the way may be gone (other keys): dial soon. */
void peer_session_retry(struct peer_session *session, int64_t now_us);

/* The link that is up; PEER_LINK_COUNT when none is. */
enum peer_link peer_session_live(const struct peer_session *session);
enum peer_session_state peer_session_state(const struct peer_session *session);

/* One of two connections to the same node. */
struct peer_contender {
	uint64_t boot_id;        /* of the other node */
	struct addr here, there; /* its ends */
	bool dialed;             /* by us */
	int64_t up_since_us;     /* TIME_NEVER: not yet */
};
/* Is 'fresh', which just said HELLO, to take the place of 'old', which is up? Both ends decide the
 * same. A node that was started anew wins. Between other addresses of a node: what has been up for
 * a while, else the lower addresses. Between the same ones: the fresh one, unless both nodes dialed
 * at once; then what was dialed by the node with the higher boot id. */
bool peer_session_prefer(const struct peer_contender *fresh, const struct peer_contender *old,
                         uint64_t own_boot_id, int64_t now_us);

#endif
