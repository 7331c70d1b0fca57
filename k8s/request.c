/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/request.h"

#include "k8s/pace.h"
#include "k8s/path.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/text.h"

#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#define DELAY_MIN_US INT64_C(500000)   /* before the second attempt, ... */
#define DELAY_MAX_US INT64_C(30000000) /* ... twice as much each time, up to this */
#define RETRY_MAX_S  120               /* a longer Retry-After is cut to this */

struct k8s_request_call {
	TAILQ_ENTRY(k8s_request_call) entry;
	struct k8s_requests *requests;
	enum k8s_verb verb;
	enum k8s_priority priority;
	char *path; /* owned, with its query */
	char *body; /* owned; NULL: none */
	unsigned attempts_max;
	int64_t patience_us;
	void (*answered)(void *ctx, const struct k8s_answer *answer);
	void *ctx;
	unsigned attempts;
	int64_t first_us;           /* the first of these */
	int64_t due_us;             /* the next */
	bool doubtful;              /* one of them may have been carried out */
	struct k8s_http_call *http; /* under way; NULL: waiting */
};

TAILQ_HEAD(queue, k8s_request_call);

struct k8s_requests {
	struct k8s_http *http; /* borrowed */
	struct loop_deadline deadline;
	struct queue queues[K8S_PRIORITY_COUNT]; /* in the order of asking; under way ones too */
	struct queue dropped;                    /* to be told so */
	struct k8s_pace pace;
	unsigned underway;
	size_t tried; /* of those in the queues: once at least */
	uint64_t random;
	struct k8s_requests_stats stats;
};

static const char *const outcome_names[K8S_OUTCOME_COUNT] = {
	[K8S_OUTCOME_DONE] = "done",           [K8S_OUTCOME_CONFLICT] = "conflict",
	[K8S_OUTCOME_NOT_FOUND] = "not-found", [K8S_OUTCOME_REFUSED] = "refused",
	[K8S_OUTCOME_GIVEN_UP] = "given-up",   [K8S_OUTCOME_DROPPED] = "dropped",
};

const char *k8s_outcome_name(enum k8s_outcome outcome)
{
	return outcome_names[outcome];
}

/* How each verb is said in HTTP. */
static const struct {
	enum k8s_http_method method;
	const char *content_type;
	const char *query; /* NULL: none */
} verbs[K8S_VERB_COUNT] = {
	[K8S_VERB_GET] = {K8S_HTTP_GET, NULL, NULL},
	[K8S_VERB_CREATE] = {K8S_HTTP_POST, "application/json", "fieldManager"},
	[K8S_VERB_UPDATE] = {K8S_HTTP_PUT, "application/json", "fieldManager"},
	[K8S_VERB_MERGE_PATCH] = {K8S_HTTP_PATCH, "application/merge-patch+json", "fieldManager"},
	[K8S_VERB_STRATEGIC] = {K8S_HTTP_PATCH, "application/strategic-merge-patch+json",
                                "fieldManager"},
	[K8S_VERB_APPLY] = {K8S_HTTP_PATCH, "application/apply-patch+yaml", "fieldManager"},
	[K8S_VERB_DELETE] = {K8S_HTTP_DELETE, NULL, NULL},
};

/* --- the queue --- */

static void free_call(struct k8s_request_call *call)
{
	free(call->path);
	free(call->body);
	free(call);
}

/* Out of its queue, told, freed. */
static void finish(struct k8s_request_call *call, struct queue *queue,
                   const struct k8s_answer *answer)
{
	struct k8s_requests *requests = call->requests;

	TAILQ_REMOVE(queue, call, entry);
	requests->stats.outcomes[answer->outcome]++;
	if (queue != &requests->dropped)
		requests->stats.waiting--;
	requests->tried -= call->attempts > 0;
	if (call->answered)
		call->answered(call->ctx, answer);
	free_call(call);
}

static void tell_dropped(struct k8s_requests *requests)
{
	struct k8s_request_call *call;

	while ((call = TAILQ_FIRST(&requests->dropped)))
		finish(call, &requests->dropped,
		       &(struct k8s_answer){.outcome = K8S_OUTCOME_DROPPED,
		                            .why = "the queue is full",
		                            .conclusive = true});
}

/* Is one for the same path before it, under way or waiting to be repeated? Those that wait for
 * their first attempt are taken in their order anyway. */
static bool is_blocked(struct k8s_requests *requests, const struct k8s_request_call *call)
{
	size_t seen = 0;

	for (int i = 0; i < K8S_PRIORITY_COUNT; i++) {
		const struct k8s_request_call *other;

		TAILQ_FOREACH(other, &requests->queues[i], entry)
		{
			/* Few were tried, thousands may wait. */
			if (other == call || seen == requests->tried)
				return false;
			if (other->attempts == 0)
				continue;
			seen++;
			if (strcmp(other->path, call->path) == 0)
				return true;
		}
	}
	return false;
}

static void answer_came(void *ctx, const struct k8s_http_result *result);

static void send_call(struct k8s_request_call *call, int64_t now_us)
{
	struct k8s_requests *requests = call->requests;

	if (call->attempts++ == 0) {
		call->first_us = now_us;
		requests->tried++;
	} else {
		requests->stats.repeated++;
	}
	requests->stats.sent++;
	requests->underway++;
	call->http = k8s_http_start(requests->http,
	                            &(struct k8s_http_request){
					    .method = verbs[call->verb].method,
					    .path = call->path,
					    .content_type = verbs[call->verb].content_type,
					    .body = call->body,
					    .body_size = call->body ? strlen(call->body) : 0,
					    .answer_max = K8S_REQUEST_ANSWER_MAX,
					    .timeout_us = K8S_REQUEST_TIMEOUT_US,
					    .ended = answer_came,
					    .ctx = call,
				    });
}

/* Sends what may be sent of one queue; the instant at which to look again. */
static int64_t pump_queue(struct k8s_requests *requests, struct queue *queue, int64_t now_us)
{
	int64_t again_us = TIME_NEVER;
	struct k8s_request_call *call;

	TAILQ_FOREACH(call, queue, entry)
	{
		bool paced = call->priority != K8S_PRIORITY_HIGH;

		if (call->http)
			continue;
		if (call->due_us > now_us) {
			again_us = call->due_us < again_us ? call->due_us : again_us;
			continue;
		}
		if (paced && requests->underway >= K8S_REQUEST_UNDERWAY)
			break; /* an answer will come */
		if (is_blocked(requests, call))
			continue;
		if (paced && !k8s_pace_take(&requests->pace, now_us)) {
			int64_t ready_us = k8s_pace_ready(&requests->pace, now_us);

			again_us = ready_us < again_us ? ready_us : again_us;
			break;
		}
		send_call(call, now_us);
	}
	return again_us;
}

static void pump(struct k8s_requests *requests)
{
	int64_t now_us = mono_now_us();
	int64_t again_us = TIME_NEVER;

	tell_dropped(requests);
	for (int i = 0; i < K8S_PRIORITY_COUNT; i++) {
		int64_t at_us = pump_queue(requests, &requests->queues[i], now_us);

		again_us = at_us < again_us ? at_us : again_us;
	}
	loop_deadline_arm(&requests->deadline, again_us);
}

static void expired(struct loop_deadline *deadline)
{
	pump(lt_container_of(deadline, struct k8s_requests, deadline));
}

/* --- answers --- */

static bool is_worth_repeating(const struct k8s_http_result *result)
{
	if (result->failure == K8S_HTTP_TOO_LARGE)
		return false;
	switch (result->head.status) {
	case 0: /* none came */
	case 401:
	case 429:
	case 500:
	case 502:
	case 503:
	case 504:
		return true;
	default:
		return result->failure != K8S_HTTP_OK; /* it was cut */
	}
}

/* May it have been done, though we don't know? */
static bool is_doubtful(const struct k8s_http_result *result)
{
	if (result->head.status != 0)
		return result->head.status >= 500 || result->failure != K8S_HTTP_OK;
	return result->failure != K8S_HTTP_CONNECT && result->failure != K8S_HTTP_ADDRESS &&
	       result->failure != K8S_HTTP_TLS;
}

static enum k8s_outcome outcome_of(const struct k8s_http_result *result)
{
	if (result->failure != K8S_HTTP_OK || is_worth_repeating(result))
		return K8S_OUTCOME_GIVEN_UP;
	if (result->head.status >= 200 && result->head.status < 300)
		return K8S_OUTCOME_DONE;
	if (result->head.status == 409)
		return K8S_OUTCOME_CONFLICT;
	if (result->head.status == 404)
		return K8S_OUTCOME_NOT_FOUND;
	return K8S_OUTCOME_REFUSED;
}

/* xorshift64*: 0 up to, without, 'bound'. */
static int64_t random_below(struct k8s_requests *requests, int64_t bound)
{
	uint64_t x = requests->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	requests->random = x;
	return (int64_t)((x * UINT64_C(2685821657736338717) >> 2) % (uint64_t)bound);
}

static int64_t delay_of(struct k8s_request_call *call, int64_t retry_after_s)
{
	int64_t delay_us = DELAY_MIN_US;
	int64_t retry_us = (retry_after_s < RETRY_MAX_S ? retry_after_s : RETRY_MAX_S) * US_PER_S;

	for (unsigned i = 1; i < call->attempts && delay_us < DELAY_MAX_US / 2; i++)
		delay_us *= 2;
	if (delay_us < retry_us)
		delay_us = retry_us;
	return delay_us + random_below(call->requests, delay_us / 4);
}

/* The same again later; false when that was done often enough, or for too long. */
static bool try_again(struct k8s_request_call *call, const struct k8s_http_result *result)
{
	int64_t now_us = mono_now_us();

	if (!is_worth_repeating(result) || call->attempts >= call->attempts_max)
		return false;
	call->due_us = now_us + delay_of(call, result->head.retry_after_s);
	return call->due_us - call->first_us <= call->patience_us;
}

static void tell(struct k8s_request_call *call, const struct k8s_http_result *result)
{
	json_t *object = json_loadb(result->body, result->body_size, JSON_ALLOW_NUL, NULL);
	const char *message = json_string_value(json_object_get(object, "message"));
	struct k8s_answer answer = {
		.outcome = outcome_of(result),
		.status = result->head.status,
		.object = object,
		.why = result->why,
		.conclusive = !call->doubtful,
	};

	if (answer.outcome == K8S_OUTCOME_DONE) {
		answer.conclusive = true;
		answer.why = "";
	} else if (message && result->head.status >= 300) {
		answer.why = message;
	}
	finish(call, &call->requests->queues[call->priority], &answer);
	json_decref(object);
}

static void answer_came(void *ctx, const struct k8s_http_result *result)
{
	struct k8s_request_call *call = ctx;
	struct k8s_requests *requests = call->requests;

	call->http = NULL;
	requests->underway--;
	if (is_doubtful(result))
		call->doubtful = true;
	if (!try_again(call, result))
		tell(call, result);
	pump(requests);
}

/* --- from outside --- */

static char *path_of(const struct k8s_request *request)
{
	struct text path = {0};

	text_add(&path, request->path);
	if (verbs[request->verb].query)
		k8s_path_add_query(&path, verbs[request->verb].query, K8S_REQUEST_MANAGER);
	if (request->verb == K8S_VERB_APPLY)
		k8s_path_add_query(&path, "force", "true");
	return text_take(&path);
}

static bool is_full(const struct k8s_requests *requests, const struct k8s_request *request)
{
	return request->priority == K8S_PRIORITY_LOW &&
	       requests->stats.waiting >= K8S_REQUEST_QUEUE_MAX;
}

struct k8s_request_call *k8s_request_send(struct k8s_requests *requests,
                                          const struct k8s_request *request)
{
	struct k8s_request_call *call = xcalloc(1, sizeof(*call));

	call->requests = requests;
	call->verb = request->verb;
	call->priority = request->priority;
	call->answered = request->answered;
	call->ctx = request->ctx;
	call->attempts_max = request->attempts > 0 ? request->attempts : K8S_REQUEST_ATTEMPTS;
	call->patience_us = request->patience_us > 0 ? request->patience_us
	                                             : K8S_REQUEST_PATIENCE_US;
	call->path = path_of(request);
	if (request->body) {
		call->body = json_dumps(request->body, JSON_COMPACT);
		if (!call->body)
			abort();
	}
	if (is_full(requests, request)) {
		TAILQ_INSERT_TAIL(&requests->dropped, call, entry);
	} else {
		TAILQ_INSERT_TAIL(&requests->queues[call->priority], call, entry);
		requests->stats.waiting++;
	}
	loop_deadline_arm(&requests->deadline, mono_now_us());
	return call;
}

static bool is_dropped(const struct k8s_request_call *call)
{
	const struct k8s_request_call *other;

	TAILQ_FOREACH(other, &call->requests->dropped, entry)
	{
		if (other == call)
			return true;
	}
	return false;
}

void k8s_request_cancel(struct k8s_request_call *call)
{
	struct k8s_requests *requests = call->requests;

	if (call->http) {
		k8s_http_cancel(call->http);
		requests->underway--;
	}
	requests->tried -= call->attempts > 0;
	if (is_dropped(call)) {
		TAILQ_REMOVE(&requests->dropped, call, entry);
	} else {
		TAILQ_REMOVE(&requests->queues[call->priority], call, entry);
		requests->stats.waiting--;
	}
	free_call(call);
	loop_deadline_arm(&requests->deadline, mono_now_us());
}

void k8s_requests_stats(const struct k8s_requests *requests, struct k8s_requests_stats *ret_stats)
{
	*ret_stats = requests->stats;
}

int k8s_requests_new(struct loop *loop, struct k8s_http *http, uint64_t seed,
                     struct k8s_requests **ret_requests)
{
	struct k8s_requests *requests = xcalloc(1, sizeof(*requests));
	int r;

	requests->deadline.expired = expired;
	r = loop_deadline_init(loop, &requests->deadline);
	if (r < 0) {
		free(requests);
		return r;
	}
	requests->http = http;
	requests->random = seed > 0 ? seed : 1;
	k8s_pace_init(&requests->pace, K8S_REQUEST_RATE, K8S_REQUEST_BURST);
	TAILQ_INIT(&requests->dropped);
	for (int i = 0; i < K8S_PRIORITY_COUNT; i++)
		TAILQ_INIT(&requests->queues[i]);
	*ret_requests = requests;
	return 0;
}

void k8s_requests_free(struct k8s_requests *requests)
{
	struct k8s_request_call *call;

	if (!requests)
		return;
	while ((call = TAILQ_FIRST(&requests->dropped)))
		k8s_request_cancel(call);
	for (int i = 0; i < K8S_PRIORITY_COUNT; i++) {
		while ((call = TAILQ_FIRST(&requests->queues[i])))
			k8s_request_cancel(call);
	}
	loop_deadline_done(&requests->deadline);
	free(requests);
}
