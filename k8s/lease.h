/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/lease.h - who writes: election of a leader by a Lease (coordination.k8s.io/v1).
 *
 * Pure. Time: now_us, monotonic; wall time only for what is written, others' is never compared with
 * a clock: a lease is theirs as long as it changed within its duration, as seen from here. A leader
 * that could not renew stops before anybody else may begin.
 * Who leads asks once in five seconds, and so does each of the others: writing by another begins at
 * most 21 s after its end, which nothing that is balanced waits for. Leading is for writes of
 * status and allocations, never for owning addresses. Source: Kubernetes client-go, leaderelection.
 */

#ifndef LINTEL_K8S_LEASE_H
#define LINTEL_K8S_LEASE_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#define K8S_LEASE_DURATION_US INT64_C(15000000)
#define K8S_LEASE_RENEW_US    INT64_C(10000000) /* without success for so long: stop leading */
#define K8S_LEASE_EVERY_US    INT64_C(5000000)  /* between renewals; looks at another's */
#define K8S_LEASE_RETRY_US    INT64_C(2000000)  /* after a failure; who leads, after half of it */
#define K8S_LEASE_PATIENCE_US                                               \
	INT64_C(2000000) /* for an answer: two tries before who leads stops \
	                  */
#define K8S_LEASE_IDENTITY_SIZE 256

enum k8s_lease_state {
	K8S_LEASE_UNKNOWN,   /* nothing read yet */
	K8S_LEASE_FOLLOWING, /* somebody else leads, or nobody yet */
	K8S_LEASE_LEADING,
	K8S_LEASE_STATE_COUNT,
};
const char *k8s_lease_state_name(enum k8s_lease_state state); /* "leading" */

/* What to do; one at a time, answered by one of the inputs below. */
enum k8s_lease_action {
	K8S_LEASE_NOTHING,
	K8S_LEASE_READ,   /* GET */
	K8S_LEASE_CREATE, /* POST k8s_lease_body() */
	K8S_LEASE_UPDATE, /* PUT k8s_lease_body() */
};

struct k8s_lease_record {
	char holder[K8S_LEASE_IDENTITY_SIZE]; /* "": nobody */
	int64_t duration_s;
	char acquired[40]; /* as written */
	char renewed[40];
	int64_t transitions;
	char version[64]; /* resourceVersion */
};

struct k8s_lease {
	char name[64];
	char namespace[64];
	char identity[K8S_LEASE_IDENTITY_SIZE];
	enum k8s_lease_state state;
	int64_t since_us;               /* of the state */
	struct k8s_lease_record record; /* last read or written */
	bool known;                     /* the record was read: it is there */
	bool absent;                    /* it is not there */
	bool fresh;                     /* the record was read just now */
	bool releasing;                 /* wants to lead no more */
	int64_t changed_us;             /* the record changed, as seen here */
	int64_t renewed_us;             /* our last success, by when it was begun */
	int64_t due_us;                 /* next attempt */
	enum k8s_lease_action under_way;
	int64_t asked_us; /* of what is under way */
	uint64_t random;
};

void k8s_lease_init(struct k8s_lease *lease, const char *namespace, const char *name,
                    const char *identity, uint64_t seed);

/* When k8s_lease_next() wants to be called; TIME_NEVER: after an answer. */
int64_t k8s_lease_deadline(const struct k8s_lease *lease);
/* Also stops leading when it is time. */
enum k8s_lease_action k8s_lease_next(struct k8s_lease *lease, int64_t now_us);
/* What to write for the action just given; the caller's. 'wall_us' since 1970. */
json_t *k8s_lease_body(const struct k8s_lease *lease, int64_t wall_us);

/* Answers: to READ or of a write, the object; not there; somebody was faster; anything else. */
void k8s_lease_answer(struct k8s_lease *lease, int64_t now_us, const json_t *object);
void k8s_lease_not_found(struct k8s_lease *lease, int64_t now_us);
void k8s_lease_conflict(struct k8s_lease *lease, int64_t now_us);
void k8s_lease_failed(struct k8s_lease *lease, int64_t now_us);

/* False from the moment on when somebody else might. */
bool k8s_lease_is_leading(const struct k8s_lease *lease, int64_t now_us);
/* We stop: gives the lease back (an UPDATE follows if it is ours). */
void k8s_lease_release(struct k8s_lease *lease, int64_t now_us);

#endif
