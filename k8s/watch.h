/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/watch.h - the machine that follows one collection of the API: list, watch, and again.
 *
 * Pure: no clock, sockets, logging or globals; it allocates what it decodes. Time: now_us,
 * microseconds on the monotonic clock. Source: Kubernetes API concepts, "Efficient detection of
 * changes", "Retrieving large results sets in chunks", "Streaming lists".
 *
 * The caller carries out effects in their order, keeps at most one request under way, and tells
 * what became of it. It splits answers to LIST into items and metadata (k8s/page.h) and answers to
 * WATCH into lines (k8s/stream.h), and gives each alone, so that a step is the decoding of one
 * object. Whatever fails, what was told before stays true until something else is told: only
 * DELETE, and REPLACE_END for what was not repeated since REPLACE_BEGIN, take objects away. */

#ifndef LINTEL_K8S_WATCH_H
#define LINTEL_K8S_WATCH_H

#include "lib/text.h"
#include "lib/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define K8S_WATCH_PAGE_LIMIT    500                /* items of a page */
#define K8S_WATCH_STALL_US      INT64_C(30000000)  /* a list that is silent for so long failed */
#define K8S_WATCH_GRACE_US      INT64_C(15000000)  /* beyond the end that was asked for */
#define K8S_WATCH_TIMEOUT_MIN_S 300                /* a watch is asked to end after this ... */
#define K8S_WATCH_TIMEOUT_MAX_S 600                /* ... to this: at random */
#define K8S_WATCH_DELAY_MIN_US  INT64_C(800000)    /* between attempts: at least this, ... */
#define K8S_WATCH_DELAY_MAX_US  INT64_C(30000000)  /* ... twice as much each time, up to this */
#define K8S_WATCH_STABLE_US     INT64_C(120000000) /* then what expired before is forgotten */
#define K8S_WATCH_OVERS_MAX     3 /* expired so often without it: no more lists at once */
#define K8S_WATCH_SECOND_US     INT64_C(1000000)    /* who lets another ask first waits so long */
#define K8S_WATCH_PAGES_US      INT64_C(3600000000) /* then streamed lists are tried again */
#define K8S_WATCH_RETRY_MAX_US  INT64_C(300000000)  /* a longer Retry-After is cut to this */

enum k8s_watch_state {
	K8S_WATCH_STATE_IDLE,      /* not started */
	K8S_WATCH_STATE_LISTING,   /* pages of a list */
	K8S_WATCH_STATE_STREAMING, /* a list in the form of a watch */
	K8S_WATCH_STATE_WATCHING,  /* changes */
	K8S_WATCH_STATE_WAITING,   /* for another attempt */
	K8S_WATCH_STATE_COUNT,
};
/* "listing", ... */
const char *k8s_watch_state_name(enum k8s_watch_state state);

/* Why a request ended, or was not granted. */
enum k8s_watch_reason {
	K8S_WATCH_REASON_NONE,
	K8S_WATCH_REASON_ENDED,       /* the watch reached its time: as it should be */
	K8S_WATCH_REASON_CUT,         /* failed on the way */
	K8S_WATCH_REASON_SILENT,      /* nothing came for too long */
	K8S_WATCH_REASON_EXPIRED,     /* 410: our resourceVersion is too old, or the page's token */
	K8S_WATCH_REASON_THROTTLED,   /* 429 */
	K8S_WATCH_REASON_UNAVAILABLE, /* 5xx */
	K8S_WATCH_REASON_UNAUTHORIZED, /* 401 */
	K8S_WATCH_REASON_FORBIDDEN,    /* 403 */
	K8S_WATCH_REASON_NOT_FOUND,    /* 404: such a resource isn't there (its CRD is missing) */
	K8S_WATCH_REASON_REFUSED,      /* another status */
	K8S_WATCH_REASON_UNSUPPORTED,  /* streaming lists are unknown to the server */
	K8S_WATCH_REASON_MALFORMED,    /* it can't be decoded */
	K8S_WATCH_REASON_COUNT,
};
/* "expired", ... */
const char *k8s_watch_reason_name(enum k8s_watch_reason reason);

enum k8s_watch_effect_kind {
	K8S_WATCH_LIST,          /* ask for 'path': the answer is a list */
	K8S_WATCH_WATCH,         /* ask for 'path': the answer are lines */
	K8S_WATCH_CLOSE,         /* drop what is under way; tell nothing more of it */
	K8S_WATCH_REPLACE_BEGIN, /* what follows is everything there is, ... */
	K8S_WATCH_REPLACE_END,   /* ... up to here: forget what was not upserted in between. A new
	                            REPLACE_BEGIN starts anew */
	K8S_WATCH_UPSERT,        /* 'object' is there, or changed */
	K8S_WATCH_DELETE,        /* 'object' is gone; this was its last state */
	K8S_WATCH_BOOKMARK,      /* nothing happened up to now */
	K8S_WATCH_STATE,         /* the state or being in step changed: for status */
	K8S_WATCH_EFFECT_KIND_COUNT,
};

struct k8s_watch_effect {
	enum k8s_watch_effect_kind kind;
	const char *path;          /* LIST, WATCH: valid until the next input */
	const struct tree *object; /* UPSERT, DELETE: valid until the next input */
};

#define K8S_WATCH_EFFECTS_MAX 6
/* Zero-initialised, reused for each input. */
struct k8s_watch_effects {
	struct k8s_watch_effect items[K8S_WATCH_EFFECTS_MAX];
	size_t count;
};
void k8s_watch_effects_clear(struct k8s_watch_effects *effects);

struct k8s_watch_params {
	const char *path;     /* "/api/v1/services", maybe with a query of selectors. Copied */
	uint64_t seed;        /* of what is chosen at random, not 0 */
	unsigned page_limit;  /* 0: K8S_WATCH_PAGE_LIMIT */
	bool streaming_lists; /* try these first */
	bool second;          /* another asks the same server first: k8s_watch_server_answers() */
};

/* Read only outside k8s/watch.c. */
struct k8s_watch {
	char *path; /* owned */
	unsigned page_limit;
	enum k8s_watch_state state;
	int64_t since_us;          /* of the state */
	enum k8s_watch_reason why; /* of the last end of a request, NONE: none yet */
	struct text message;       /* what the server or the transport said then; may be empty */
	bool in_step;              /* listed, and following since 'in_step_us' */
	int64_t in_step_us;        /* when 'in_step' last changed */
	bool listed;               /* a list was whole at least once */
	uint64_t restarts[K8S_WATCH_REASON_COUNT]; /* ends of requests, by reason */
	uint64_t lists;                            /* lists that were whole */
	uint64_t requests;                         /* LIST and WATCH effects */
	/* private */
	uint64_t random;
	bool streaming_lists;     /* may be tried */
	int64_t pages_until_us;   /* not before that: the server has none */
	bool second;              /* lets another ask first */
	bool unpaged;             /* a page's token expired: ask for all at once */
	bool opened;              /* the answer began, with status 200 */
	unsigned events;          /* lines since the watch opened */
	unsigned refusals;        /* of the same resourceVersion in a row */
	int64_t heard_us;         /* something came from the server, or was asked of it */
	int64_t opened_us;        /* the request was made */
	int64_t due_us;           /* WAITING: the next attempt */
	int64_t over_us;          /* last time that what we had was too old, INT64_MIN: never */
	unsigned overs;           /* how often that was so without K8S_WATCH_STABLE_US in between */
	int64_t delay_us;         /* the next delay before jitter */
	unsigned timeout_s;       /* of the watch under way */
	struct text version;      /* resourceVersion to go on from, empty: list */
	struct text token;        /* of the next page, empty: the first */
	struct text page_version; /* resourceVersion of the list under way */
	struct text page_token;   /* of the page after the one under way */
	struct text url;          /* of the request under way */
	struct arena arena;       /* what the last input said */
};

void k8s_watch_init(struct k8s_watch *watch, const struct k8s_watch_params *params);
void k8s_watch_done(struct k8s_watch *watch);

/* Begins, or waits for another to do so; in any state but IDLE nothing. */
void k8s_watch_start(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out);

/* The answer began. With a status other than 200 its body is not given: only its end. */
void k8s_watch_began(struct k8s_watch *watch, int64_t now_us, unsigned status,
                     struct k8s_watch_effects *out);
/* Bytes came, whole or not. */
void k8s_watch_heard(struct k8s_watch *watch, int64_t now_us);
/* An item of a list: one JSON object. */
void k8s_watch_item(struct k8s_watch *watch, int64_t now_us, const char *text, size_t size,
                    struct k8s_watch_effects *out);
/* The metadata of a list. */
void k8s_watch_metadata(struct k8s_watch *watch, int64_t now_us, const char *text, size_t size,
                        struct k8s_watch_effects *out);
/* A line of a watch: one event. */
void k8s_watch_line(struct k8s_watch *watch, int64_t now_us, const char *text, size_t size,
                    struct k8s_watch_effects *out);
/* The answer had status 200 and is over, as whole as HTTP can tell. */
void k8s_watch_ended(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out);
/* The answer had another status. 'retry_after_s' -1: none; 'message' for people, "" : none. */
void k8s_watch_refused(struct k8s_watch *watch, int64_t now_us, unsigned status,
                       int64_t retry_after_s, const char *message, struct k8s_watch_effects *out);
/* There was no answer, or it was cut, or it is no list or no lines (MALFORMED). 'reason' is one of
 * CUT, SILENT, MALFORMED. */
void k8s_watch_failed(struct k8s_watch *watch, int64_t now_us, enum k8s_watch_reason reason,
                      const char *message, struct k8s_watch_effects *out);

/* The server granted 'other' something, or told it that it has no streamed lists, which is so for
 * all. One that lets another ask first asks now, and one that waits because the server was away
 * need not wait on for as long as it would have had to; the deadline may be another one then. */
void k8s_watch_server_answers(struct k8s_watch *watch, int64_t now_us,
                              const struct k8s_watch *other);

/* When k8s_watch_expired() wants to be called; TIME_NEVER: not at all. */
int64_t k8s_watch_deadline(const struct k8s_watch *watch);
/* The deadline may have passed (else: nothing). What came must have been told before. */
void k8s_watch_expired(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out);

#endif
