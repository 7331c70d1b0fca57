/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/request.h - reads and writes of single objects, at a pace the API server likes.
 *
 * I/O over k8s/http. One queue for all: K8S_REQUEST_RATE a second, K8S_REQUEST_BURST at once, at
 * most K8S_REQUEST_UNDERWAY without an answer. Repeated, with growing delays or as Retry-After
 * says, are those that got no answer or 401, 429, 500, 502, 503, 504, up to K8S_REQUEST_ATTEMPTS
 * times and K8S_REQUEST_PATIENCE_US; everything else is the caller's to judge. So a write must be
 * one that may be done twice: a POST that is repeated may find its own object (409).
 *
 * Conditional: put metadata.resourceVersion into a patch that merges, or into the object of a PUT;
 * the answer is 409 (K8S_REQUEST_CONFLICT) when somebody was faster: read again, decide again. */

#ifndef LINTEL_K8S_REQUEST_H
#define LINTEL_K8S_REQUEST_H

#include "k8s/http.h"
#include "lib/compiler.h"
#include "lib/loop.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define K8S_REQUEST_RATE        50 /* requests a second: 10,000 new Services within minutes */
#define K8S_REQUEST_BURST       100
#define K8S_REQUEST_UNDERWAY    8
#define K8S_REQUEST_ATTEMPTS    10
#define K8S_REQUEST_PATIENCE_US INT64_C(120000000) /* after that it is given up */
#define K8S_REQUEST_TIMEOUT_US  INT64_C(10000000)  /* for one attempt */
#define K8S_REQUEST_ANSWER_MAX  (8 * 1024 * 1024)  /* bytes of an answer */
#define K8S_REQUEST_QUEUE_MAX   20000              /* beyond that LOW ones are refused */

enum k8s_verb {
	K8S_VERB_GET,
	K8S_VERB_CREATE,      /* POST */
	K8S_VERB_UPDATE,      /* PUT */
	K8S_VERB_MERGE_PATCH, /* PATCH, RFC 7386 */
	K8S_VERB_STRATEGIC,   /* PATCH, lists of Kubernetes' own kinds are merged, too */
	K8S_VERB_APPLY,       /* PATCH, server-side apply as K8S_REQUEST_MANAGER, forced */
	K8S_VERB_DELETE,
	K8S_VERB_COUNT,
};
#define K8S_REQUEST_MANAGER "lintel" /* fieldManager of every write */

enum k8s_priority {
	K8S_PRIORITY_HIGH, /* leases: late ones are worthless. Not paced */
	K8S_PRIORITY_NORMAL,
	K8S_PRIORITY_LOW, /* events: what nobody misses */
	K8S_PRIORITY_COUNT,
};

enum k8s_outcome {
	K8S_OUTCOME_DONE,      /* 2xx */
	K8S_OUTCOME_CONFLICT,  /* 409: changed meanwhile, or is there already */
	K8S_OUTCOME_NOT_FOUND, /* 404: the object, its namespace or its kind is gone */
	K8S_OUTCOME_REFUSED,   /* another 4xx: the same again won't do better */
	K8S_OUTCOME_GIVEN_UP,  /* no answer, or 429 or 5xx, too often or for too long */
	K8S_OUTCOME_DROPPED,   /* not asked: the queue is full */
	K8S_OUTCOME_COUNT,
};
/* "conflict", ... */
const char *k8s_outcome_name(enum k8s_outcome outcome);

struct k8s_answer {
	enum k8s_outcome outcome;
	unsigned status; /* 0: none */
	json_t *object;  /* of a 2xx, or the Status of an error; NULL: no JSON. Borrowed */
	const char *why; /* for people: the server's message or the transport's; "" when DONE */
	bool conclusive; /* GIVEN_UP: false when it may have been carried out after all */
};

struct k8s_request {
	enum k8s_verb verb;
	enum k8s_priority priority;
	const char *path;    /* of the object, of the collection for CREATE (k8s/path.h). Copied */
	json_t *body;        /* borrowed; NULL for GET and DELETE */
	unsigned attempts;   /* 0: K8S_REQUEST_ATTEMPTS */
	int64_t patience_us; /* 0: K8S_REQUEST_PATIENCE_US */
	/* Told from the loop, once, unless cancelled. NULL: nobody wants to know. */
	void (*answered)(void *ctx, const struct k8s_answer *answer);
	void *ctx;
};

struct k8s_requests;
struct k8s_request_call;

/* 'http' is borrowed; 'seed', not 0, of what is chosen at random. */
LT_MUST_USE int k8s_requests_new(struct loop *loop, struct k8s_http *http, uint64_t seed,
                                 struct k8s_requests **ret_requests);
/* Cancels everything. NULL accepted. Not from within answered(). */
void k8s_requests_free(struct k8s_requests *requests);

/* Valid until answered() is called. Requests for one path are made one after the other, in the
 * order of their priority and then of asking. */
struct k8s_request_call *k8s_request_send(struct k8s_requests *requests,
                                          const struct k8s_request *request);
/* It may have been carried out all the same. Not from within its own answered(). */
void k8s_request_cancel(struct k8s_request_call *call);

struct k8s_requests_stats {
	uint64_t sent;                        /* attempts */
	uint64_t repeated;                    /* of these, not the first */
	uint64_t outcomes[K8S_OUTCOME_COUNT]; /* of requests */
	size_t waiting;                       /* in the queue, now */
};
void k8s_requests_stats(const struct k8s_requests *requests, struct k8s_requests_stats *ret_stats);

#endif
