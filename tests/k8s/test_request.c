/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The queue, with nobody at the other end: port 1 of loopback refuses. What needs a server is in
 * client.py. */
#include "k8s/request.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "tests/unit.h"

#include <string.h>

static struct loop *loop;
static struct k8s_auth *auth;
static struct k8s_http *http;
static struct k8s_requests *requests;
static struct loop_deadline patience;
static unsigned outcomes[K8S_OUTCOME_COUNT];

static void patience_ends(struct loop_deadline *deadline)
{
	loop_stop(loop);
}

static void setup(void)
{
	struct k8s_kubeconfig config = {.server = xstrdup("http://127.0.0.1:1")};
	struct text why = {0};

	memset(outcomes, 0, sizeof(outcomes));
	ck_assert_int_eq(k8s_auth_open(&config, 0, &auth, &why), 0);
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(k8s_http_new(loop, auth, &http), 0);
	ck_assert_int_eq(k8s_requests_new(loop, http, 7, &requests), 0);
	patience.expired = patience_ends;
	ck_assert_int_eq(loop_deadline_init(loop, &patience), 0);
}

static void teardown(void)
{
	k8s_requests_free(requests);
	k8s_http_free(http);
	k8s_auth_free(auth);
	loop_deadline_done(&patience);
	loop_free(loop);
}

static void answered(void *ctx, const struct k8s_answer *answer)
{
	outcomes[answer->outcome]++;
	ck_assert(answer->conclusive);
	ck_assert_str_ne(answer->why, "");
	loop_stop(loop);
}

static struct k8s_request_call *ask(enum k8s_priority priority, unsigned attempts)
{
	return k8s_request_send(requests, &(struct k8s_request){
						  .verb = K8S_VERB_GET,
						  .priority = priority,
						  .path = "/x",
						  .attempts = attempts,
						  .answered = answered,
					  });
}

/* Until something is answered; 10 s: nothing will be. */
static void run(void)
{
	loop_deadline_arm(&patience, mono_now_us() + 10 * US_PER_S);
	loop_run(loop);
	loop_deadline_arm(&patience, TIME_NEVER);
}

static size_t waiting(void)
{
	struct k8s_requests_stats stats;

	k8s_requests_stats(requests, &stats);
	return stats.waiting;
}

START_TEST(nobody_there_is_given_up_and_surely_not_done)
{
	ask(K8S_PRIORITY_NORMAL, 1);
	ck_assert_uint_eq(outcomes[K8S_OUTCOME_GIVEN_UP], 0); /* never from within */
	ck_assert_uint_eq(waiting(), 1);
	run();
	ck_assert_uint_eq(outcomes[K8S_OUTCOME_GIVEN_UP], 1);
	ck_assert_uint_eq(waiting(), 0);
}
END_TEST

START_TEST(a_full_queue_drops_what_nobody_misses_and_nothing_else)
{
	for (size_t i = 0; i < K8S_REQUEST_QUEUE_MAX; i++)
		ask(K8S_PRIORITY_NORMAL, 0);
	ask(K8S_PRIORITY_LOW, 0);
	ask(K8S_PRIORITY_NORMAL, 0);
	ck_assert_uint_eq(waiting(), K8S_REQUEST_QUEUE_MAX + 1);
	run();
	ck_assert_uint_eq(outcomes[K8S_OUTCOME_DROPPED], 1);
	ck_assert_uint_eq(waiting(), K8S_REQUEST_QUEUE_MAX + 1);
}
END_TEST

START_TEST(cancelled_requests_are_not_answered)
{
	struct k8s_request_call *first = ask(K8S_PRIORITY_NORMAL, 1);

	ask(K8S_PRIORITY_NORMAL, 1);
	k8s_request_cancel(first);
	ck_assert_uint_eq(waiting(), 1);
	run();
	ck_assert_uint_eq(outcomes[K8S_OUTCOME_GIVEN_UP], 1);
}
END_TEST

START_TEST(outcomes_have_names)
{
	for (int i = 0; i < K8S_OUTCOME_COUNT; i++)
		ck_assert_ptr_nonnull(k8s_outcome_name((enum k8s_outcome)i));
	for (int i = 0; i < K8S_HTTP_FAILURE_COUNT; i++)
		ck_assert_ptr_nonnull(k8s_http_failure_name((enum k8s_http_failure)i));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_request", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, nobody_there_is_given_up_and_surely_not_done);
	tcase_add_test(tests, a_full_queue_drops_what_nobody_misses_and_nothing_else);
	tcase_add_test(tests, cancelled_requests_are_not_answered);
	tcase_add_test(tests, outcomes_have_names);
	return unit_run(suite);
}
