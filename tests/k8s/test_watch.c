/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Watches, what refuses and cuts them, and time. */
#include "k8s/watch.h"

#include "tests/k8s/watch_script.h"

/* --- watches --- */

START_TEST(events_become_changes)
{
	follow();
	event("ADDED", "b", "101");
	expect("UPSERT b");
	event("MODIFIED", "b", "102");
	expect("UPSERT b");
	event("DELETED", "b", "103");
	expect("DELETE b");
	event("BOOKMARK", "", "200");
	expect("BOOKMARK");
	now_us += 400 * US_PER_S;
	ended();
	expect(WATCH "200");
	ck_assert(watch.in_step); /* nothing went wrong */
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_ENDED);
	ck_assert_uint_eq(watch.restarts[K8S_WATCH_REASON_ENDED], 1);
}
END_TEST

START_TEST(a_cut_watch_resumes_after_a_while_without_a_list)
{
	follow();
	event("MODIFIED", "a", "105");
	expect("UPSERT a");
	failed(K8S_WATCH_REASON_CUT);
	expect("");
	ck_assert(!watch.in_step);
	ck_assert_str_eq(text_str(&watch.message), "broken");
	expire();
	expect(WATCH "105");
	ck_assert(!watch.in_step);
	began(200);
	ck_assert(watch.in_step);
}
END_TEST

static const char error_410[] = "{\"type\":\"ERROR\",\"object\":{\"kind\":\"Status\",\"code\":410,"
				"\"message\":\"too old\"}}";

START_TEST(an_expired_watch_lists_at_once)
{
	follow();
	if (_i == 0) {
		line(error_410);
		expect("CLOSE; " LIST);
		ck_assert_str_eq(text_str(&watch.message), "too old");
	} else {
		failed(K8S_WATCH_REASON_CUT);
		now_us += K8S_WATCH_STABLE_US;
		expire();
		now_us += K8S_WATCH_STABLE_US + 1;
		expect(WATCH "100");
		refused(410, -1);
		expect(LIST);
	}
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_EXPIRED);
	ck_assert(!watch.in_step);
	began(200);
	expect("BEGIN");
}
END_TEST

START_TEST(after_an_outage_an_expired_watch_lists_at_once)
{
	follow();
	failed(K8S_WATCH_REASON_CUT);
	for (unsigned i = 0; i < 5; i++) {
		expire();
		forget();
		failed(K8S_WATCH_REASON_CUT);
	}
	expire();
	forget();
	for (unsigned i = 0; i < K8S_WATCH_OVERS_MAX; i++) {
		began(200);
		line(error_410); /* as a server that began anew says it */
		expect("CLOSE; " LIST);
		began(200);
		metadata("{\"resourceVersion\":\"200\"}");
		ended();
		forget();
		failed(K8S_WATCH_REASON_CUT); /* and there is the next one */
		expire();
		forget();
	}
	began(200);
	line(error_410);
	expect("CLOSE");
	ck_assert_int_eq(watch.state, K8S_WATCH_STATE_WAITING);
}
END_TEST

START_TEST(after_an_outage_what_the_server_says_of_when_is_what_counts)
{
	int64_t waited_us;

	follow();
	failed(K8S_WATCH_REASON_CUT);
	for (unsigned i = 0; i < 8; i++) {
		expire();
		forget();
		failed(K8S_WATCH_REASON_CUT);
	}
	expire();
	forget();
	refused(429, 1); /* a server that has just begun */
	waited_us = expire();
	forget();
	ck_assert_int_ge(waited_us, US_PER_S);
	ck_assert_int_le(waited_us, 2 * US_PER_S);
	for (unsigned i = 0; i < 8; i++) {
		refused(429, 1);
		waited_us = expire();
		forget();
	}
	ck_assert_int_ge(waited_us, 10 * US_PER_S); /* it goes on and on */
}
END_TEST

START_TEST(a_watch_that_always_expires_does_not_spin)
{
	int64_t begun_us = now_us;
	unsigned lists = 0;

	follow();
	while (now_us - begun_us < 600 * US_PER_S) {
		line(error_410);
		if (watch.state == K8S_WATCH_STATE_WAITING) {
			forget();
			expire();
		}
		forget();
		lists++;
		began(200);
		metadata("{\"resourceVersion\":\"100\"}");
		ended();
		began(200);
		forget();
	}
	ck_assert_uint_le(lists, 60);
	ck_assert_uint_ge(lists, 20);
}
END_TEST

static const char *const bad_lines[] = {
	"not json",
	"[]",
	"{\"type\":\"ADDED\"}",
	"{\"type\":\"RENAMED\",\"object\":{\"metadata\":{\"resourceVersion\":\"1\"}}}",
	"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"a\"}}}",
	"{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"resourceVersion\":\"0\"}}}",
	"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"\"}}}",
};

START_TEST(lines_that_are_no_events_lead_to_a_list)
{
	follow();
	line(bad_lines[_i]);
	expect("CLOSE");
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_MALFORMED);
	event("ADDED", "late", "200");
	expect("");
	expire();
	expect(LIST);
}
END_TEST

START_TEST(a_watch_that_ends_at_once_is_not_asked_for_again_at_once)
{
	follow();
	ended();
	expect("");
	ck_assert_int_eq(watch.state, K8S_WATCH_STATE_WAITING);
	ck_assert_int_ge(expire(), K8S_WATCH_DELAY_MIN_US);
	expect(WATCH "100");
}
END_TEST

/* --- refusals --- */

static const struct {
	unsigned status;
	enum k8s_watch_reason reason;
	bool relists; /* after a refused watch */
} refusals[] = {
	{429, K8S_WATCH_REASON_THROTTLED, false},    {500, K8S_WATCH_REASON_UNAVAILABLE, false},
	{503, K8S_WATCH_REASON_UNAVAILABLE, false},  {504, K8S_WATCH_REASON_UNAVAILABLE, false},
	{401, K8S_WATCH_REASON_UNAUTHORIZED, false}, {403, K8S_WATCH_REASON_FORBIDDEN, false},
	{404, K8S_WATCH_REASON_NOT_FOUND, true},     {400, K8S_WATCH_REASON_REFUSED, true},
	{422, K8S_WATCH_REASON_REFUSED, true},       {302, K8S_WATCH_REASON_REFUSED, true},
};

START_TEST(refused_watches_are_tried_again_from_where_that_makes_sense)
{
	follow();
	now_us += 10 * US_PER_S;
	ended();
	forget();
	refused(refusals[_i].status, -1);
	expect("");
	ck_assert_int_eq(watch.why, refusals[_i].reason);
	ck_assert_uint_eq(watch.restarts[refusals[_i].reason], 1);
	ck_assert(!watch.in_step);
	ck_assert(watch.listed); /* what was told holds */
	expire();
	expect(refusals[_i].relists ? LIST : WATCH "100");
}
END_TEST

START_TEST(refused_lists_are_tried_again)
{
	start();
	expect(LIST);
	refused(refusals[_i].status, -1);
	expect("");
	ck_assert_int_eq(watch.why, refusals[_i].reason);
	ck_assert_int_ge(expire(), K8S_WATCH_DELAY_MIN_US);
	expect(LIST);
}
END_TEST

START_TEST(a_version_from_a_lost_future_is_given_up)
{
	follow();
	for (int i = 0; i < 3; i++) {
		failed(K8S_WATCH_REASON_CUT);
		expire();
		expect(WATCH "100");
		refused(504, -1);
		expect("");
		ck_assert_int_eq(watch.state, K8S_WATCH_STATE_WAITING);
		if (i < 2) {
			expire();
			expect(WATCH "100");
		}
	}
	expire();
	expect(LIST);
}
END_TEST

START_TEST(the_server_says_when_to_come_again)
{
	static const struct {
		int64_t retry_after_s, least_us, most_us;
	} rows[] = {
		{-1, 800000, 1600000},
		{0, 800000, 1600000},
		{1, 1000000, 1800000},
		{20, 20000000, 20800000},
		{INT64_MAX, 300000000, 300800000},
	};
	int64_t delay_us;

	start();
	refused(_i % 2 ? 429 : 503, rows[_i].retry_after_s);
	expect(LIST);
	delay_us = expire();
	ck_assert_int_ge(delay_us, rows[_i].least_us);
	ck_assert_int_le(delay_us, rows[_i].most_us);
}
END_TEST

/* --- time --- */

START_TEST(delays_double_between_their_bounds_and_differ_between_instances)
{
	int64_t least_us = K8S_WATCH_DELAY_MIN_US;
	int64_t first_us = 0;
	bool differ = false;

	for (uint64_t seed = 1; seed <= 50; seed++) {
		least_us = K8S_WATCH_DELAY_MIN_US;
		k8s_watch_done(&watch);
		k8s_watch_init(&watch, &(struct k8s_watch_params){.path = "/x", .seed = seed});
		start();
		for (int i = 0; i < 12; i++) {
			int64_t delay_us;

			failed(K8S_WATCH_REASON_CUT);
			forget();
			delay_us = expire();
			forget();
			ck_assert_int_ge(delay_us, least_us);
			ck_assert_int_lt(delay_us, 2 * least_us);
			ck_assert_int_le(delay_us, K8S_WATCH_DELAY_MAX_US);
			least_us = 2 * least_us < K8S_WATCH_DELAY_MAX_US / 2
			                   ? 2 * least_us
			                   : K8S_WATCH_DELAY_MAX_US / 2;
			if (i == 11)
				differ = differ || (first_us != 0 && delay_us != first_us);
			first_us = i == 11 ? delay_us : first_us;
		}
	}
	ck_assert(differ);
}
END_TEST

/* Fails some times, then is in step again, for so long, and fails; gives the delay after that. */
static int64_t delay_after_success(int64_t success_us)
{
	follow();
	for (int i = 0; i < 3; i++) {
		failed(K8S_WATCH_REASON_CUT);
		expire();
		forget();
	}
	began(200);
	now_us += success_us;
	failed(K8S_WATCH_REASON_CUT);
	return expire();
}

START_TEST(success_ends_the_doubling)
{
	ck_assert_int_lt(delay_after_success(K8S_WATCH_DELAY_MIN_US + 1),
	                 2 * K8S_WATCH_DELAY_MIN_US);
}
END_TEST

START_TEST(success_for_a_moment_does_not)
{
	ck_assert_int_ge(delay_after_success(K8S_WATCH_DELAY_MIN_US), 8 * K8S_WATCH_DELAY_MIN_US);
}
END_TEST

START_TEST(a_server_that_answers_another_watch_is_asked_soon)
{
	static const struct {
		enum k8s_watch_reason why;
		bool soon;
	} rows[] = {{K8S_WATCH_REASON_CUT, true},
	            {K8S_WATCH_REASON_SILENT, true},
	            {K8S_WATCH_REASON_MALFORMED, false}};
	int64_t due_us;

	follow();
	for (int i = 0; i < 6; i++) {
		failed(rows[_i].why);
		forget();
		due_us = k8s_watch_deadline(&watch);
		if (i < 5)
			expire();
		forget();
	}
	k8s_watch_server_answers(&watch, now_us, &watch);
	if (rows[_i].soon)
		ck_assert_int_lt(k8s_watch_deadline(&watch), now_us + K8S_WATCH_DELAY_MIN_US);
	else
		ck_assert_int_eq(k8s_watch_deadline(&watch), due_us);
	expire();
	ck_assert_int_ne(watch.state, K8S_WATCH_STATE_WAITING);
}
END_TEST

START_TEST(a_watch_that_was_refused_waits_as_it_was_told)
{
	int64_t due_us;

	start();
	refused(429, 20);
	due_us = k8s_watch_deadline(&watch);
	k8s_watch_server_answers(&watch, now_us, &watch);
	ck_assert_int_eq(k8s_watch_deadline(&watch), due_us);
}
END_TEST

START_TEST(one_that_is_followed_has_no_use_for_it)
{
	int64_t due_us;

	follow();
	due_us = k8s_watch_deadline(&watch);
	k8s_watch_server_answers(&watch, now_us, &watch);
	ck_assert_int_eq(k8s_watch_deadline(&watch), due_us);
}
END_TEST

START_TEST(a_silent_list_is_given_up_but_a_slow_one_is_not)
{
	start();
	expect(LIST);
	now_us += K8S_WATCH_STALL_US - 1;
	began(200);
	expect("BEGIN");
	now_us += K8S_WATCH_STALL_US - 1;
	k8s_watch_heard(&watch, now_us);
	now_us += K8S_WATCH_STALL_US - 1;
	item("a");
	expect("UPSERT a");
	ck_assert_int_eq(expire(), K8S_WATCH_STALL_US);
	expect("CLOSE");
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_SILENT);
}
END_TEST

START_TEST(a_watch_must_begin_soon_and_end_in_time)
{
	int64_t asked_us = now_us;

	follow(); /* asked for and opened at this instant */
	ck_assert_int_eq(expire(), watch.timeout_s * US_PER_S + K8S_WATCH_GRACE_US);
	ck_assert_int_ge(now_us - asked_us, K8S_WATCH_TIMEOUT_MIN_S * US_PER_S);
	expect("CLOSE");
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_SILENT);
	expire();
	expect(WATCH "100");
	ck_assert_int_eq(expire(), K8S_WATCH_STALL_US); /* no answer at all */
	expect("CLOSE");
}
END_TEST

START_TEST(nothing_comes_of_inputs_that_do_not_fit)
{
	began(200);
	ended();
	item("a");
	event("ADDED", "a", "1");
	refused(500, -1);
	failed(K8S_WATCH_REASON_CUT);
	k8s_watch_expired(&watch, now_us, &effects);
	expect("");
	ck_assert_int_eq(k8s_watch_deadline(&watch), TIME_NEVER);
	start();
	expect(LIST);
	start();
	event("ADDED", "a", "1"); /* of a list? */
	item("a");                /* before it began */
	expect("");
	refused(503, -1);
	began(200);
	ended();
	failed(K8S_WATCH_REASON_CUT);
	expect("");
}
END_TEST

START_TEST(states_and_reasons_have_names)
{
	for (int i = 0; i < K8S_WATCH_STATE_COUNT; i++)
		ck_assert_ptr_nonnull(k8s_watch_state_name((enum k8s_watch_state)i));
	for (int i = 0; i < K8S_WATCH_REASON_COUNT; i++)
		ck_assert_ptr_nonnull(k8s_watch_reason_name((enum k8s_watch_reason)i));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_watch", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, events_become_changes);
	tcase_add_test(tests, a_cut_watch_resumes_after_a_while_without_a_list);
	tcase_add_loop_test(tests, an_expired_watch_lists_at_once, 0, 2);
	tcase_add_test(tests, after_an_outage_an_expired_watch_lists_at_once);
	tcase_add_test(tests, after_an_outage_what_the_server_says_of_when_is_what_counts);
	tcase_add_test(tests, a_watch_that_always_expires_does_not_spin);
	tcase_add_loop_test(tests, lines_that_are_no_events_lead_to_a_list, 0,
	                    LT_ARRAY_SIZE(bad_lines));
	tcase_add_test(tests, a_watch_that_ends_at_once_is_not_asked_for_again_at_once);
	tcase_add_loop_test(tests, refused_watches_are_tried_again_from_where_that_makes_sense, 0,
	                    LT_ARRAY_SIZE(refusals));
	tcase_add_loop_test(tests, refused_lists_are_tried_again, 0, LT_ARRAY_SIZE(refusals));
	tcase_add_test(tests, a_version_from_a_lost_future_is_given_up);
	tcase_add_loop_test(tests, the_server_says_when_to_come_again, 0, 5);
	tcase_add_test(tests, delays_double_between_their_bounds_and_differ_between_instances);
	tcase_add_test(tests, success_ends_the_doubling);
	tcase_add_test(tests, success_for_a_moment_does_not);
	tcase_add_loop_test(tests, a_server_that_answers_another_watch_is_asked_soon, 0, 3);
	tcase_add_test(tests, a_watch_that_was_refused_waits_as_it_was_told);
	tcase_add_test(tests, one_that_is_followed_has_no_use_for_it);
	tcase_add_test(tests, a_silent_list_is_given_up_but_a_slow_one_is_not);
	tcase_add_test(tests, a_watch_must_begin_soon_and_end_in_time);
	tcase_add_test(tests, nothing_comes_of_inputs_that_do_not_fit);
	tcase_add_test(tests, states_and_reasons_have_names);
	return unit_run(suite);
}
