/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two candidates and a server that knows resourceVersion, in virtual time. */
#include "k8s/lease.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#define SECOND INT64_C(1000000)

/* The server. */
static json_t *stored;
static unsigned version;
static int64_t now_us;
static unsigned asked; /* it was, so often */

static struct k8s_lease a, b;

static void set_up(void)
{
	k8s_lease_init(&a, "kube-system", "lintel", "node-a", 1);
	k8s_lease_init(&b, "kube-system", "lintel", "node-b", 2);
	stored = NULL;
	version = 0;
	asked = 0;
	now_us = 100 * SECOND;
}

static void tear_down(void)
{
	json_decref(stored);
}

static void store(json_t *body)
{
	char text[20];

	snprintf(text, sizeof(text), "%u", ++version);
	json_object_set_new(json_object_get(body, "metadata"), "resourceVersion",
	                    json_string(text));
	json_decref(stored);
	stored = body;
}

static const char *version_of(const json_t *object)
{
	const char *text = json_string_value(
		json_object_get(json_object_get(object, "metadata"), "resourceVersion"));

	return text ? text : "";
}

/* Carries out what it wants; false: nothing. */
static bool step(struct k8s_lease *lease, bool reachable)
{
	enum k8s_lease_action action = k8s_lease_next(lease, now_us);
	json_t *body;

	if (action == K8S_LEASE_NOTHING)
		return false;
	asked++;
	if (!reachable) {
		k8s_lease_failed(lease, now_us);
		return true;
	}
	if (action == K8S_LEASE_READ) {
		if (stored)
			k8s_lease_answer(lease, now_us, stored);
		else
			k8s_lease_not_found(lease, now_us);
		return true;
	}
	body = k8s_lease_body(lease, now_us);
	if (action == K8S_LEASE_CREATE
	            ? stored != NULL
	            : !stored || strcmp(version_of(body), version_of(stored)) != 0) {
		json_decref(body);
		k8s_lease_conflict(lease, now_us);
		return true;
	}
	store(body);
	k8s_lease_answer(lease, now_us, stored);
	return true;
}

/* Goes on for 'duration_us'; there is never more than one leader. */
static void run(int64_t duration_us, bool a_reaches, bool b_reaches)
{
	int64_t end = now_us + duration_us;

	for (; now_us < end; now_us += SECOND / 10) {
		for (int i = 0; i < 10 && step(&a, a_reaches); i++)
			;
		for (int i = 0; i < 10 && step(&b, b_reaches); i++)
			;
		ck_assert(!(k8s_lease_is_leading(&a, now_us) && k8s_lease_is_leading(&b, now_us)));
	}
}

static const char *field(const char *name)
{
	return json_string_value(json_object_get(json_object_get(stored, "spec"), name));
}

static json_int_t transitions(void)
{
	return json_integer_value(
		json_object_get(json_object_get(stored, "spec"), "leaseTransitions"));
}

START_TEST(the_first_one_leads_and_stays)
{
	run(60 * SECOND, true, true);
	ck_assert(k8s_lease_is_leading(&a, now_us));
	ck_assert_int_eq(b.state, K8S_LEASE_FOLLOWING);
	ck_assert_str_eq(field("holderIdentity"), "node-a");
	ck_assert_str_eq(field("acquireTime"), "1970-01-01T00:01:40.000000Z");
	ck_assert_int_eq(transitions(), 0);
}
END_TEST

START_TEST(each_asks_once_in_five_seconds)
{
	run(60 * SECOND, true, true);
	asked = 0;
	run(60 * SECOND, true, true);
	ck_assert_uint_le(asked, 24);
	ck_assert_uint_ge(asked, 22);
}
END_TEST

START_TEST(another_begins_soon_after_the_end_of_who_led)
{
	run(12 * SECOND, true, true);
	run(15 * SECOND + 6 * SECOND, false, true);
	ck_assert(k8s_lease_is_leading(&b, now_us));
}
END_TEST

/* What is asked while the server does not answer is given up after a while. */
START_TEST(who_leads_tries_twice_before_it_stops)
{
	unsigned tries = 0;

	run(6 * SECOND, true, false);
	ck_assert(k8s_lease_is_leading(&a, now_us));
	int64_t last_us = a.renewed_us;
	while (k8s_lease_is_leading(&a, now_us)) {
		if (k8s_lease_next(&a, now_us) != K8S_LEASE_NOTHING) {
			tries++;
			now_us += K8S_LEASE_PATIENCE_US;
			k8s_lease_failed(&a, now_us);
		}
		now_us += SECOND / 10;
	}
	ck_assert_uint_ge(tries, 2);
	ck_assert_int_le(now_us, last_us + K8S_LEASE_RENEW_US + K8S_LEASE_PATIENCE_US);
}
END_TEST

START_TEST(a_leader_that_is_cut_off_stops_before_another_begins)
{
	run(10 * SECOND, true, true);
	run(K8S_LEASE_RENEW_US + SECOND, false, true);
	ck_assert(!k8s_lease_is_leading(&a, now_us));
	ck_assert(!k8s_lease_is_leading(&b, now_us));
	run(K8S_LEASE_DURATION_US, false, true);
	ck_assert(k8s_lease_is_leading(&b, now_us));
	ck_assert_int_eq(transitions(), 1);
	/* and comes back as a follower */
	run(30 * SECOND, true, true);
	ck_assert(k8s_lease_is_leading(&b, now_us));
	ck_assert_int_eq(a.state, K8S_LEASE_FOLLOWING);
}
END_TEST

START_TEST(an_outage_of_the_server_leaves_nobody_leading_and_the_old_leader_returns)
{
	run(10 * SECOND, true, true);
	run(120 * SECOND, false, false);
	ck_assert(!k8s_lease_is_leading(&a, now_us));
	ck_assert(!k8s_lease_is_leading(&b, now_us));
	run(30 * SECOND, true, true);
	ck_assert(k8s_lease_is_leading(&a, now_us) || k8s_lease_is_leading(&b, now_us));
}
END_TEST

START_TEST(who_gives_it_back_is_followed_at_once)
{
	run(10 * SECOND, true, true);
	k8s_lease_release(&a, now_us);
	run(4 * SECOND, true, true);
	ck_assert(!k8s_lease_is_leading(&a, now_us));
	ck_assert(k8s_lease_is_leading(&b, now_us));
}
END_TEST

START_TEST(a_clock_that_is_wrong_elsewhere_makes_no_difference)
{
	/* somebody's renewTime is a century old, and changes */
	for (int i = 0; i < 30; i++) {
		char renewed[40];

		snprintf(renewed, sizeof(renewed), "1926-01-01T00:00:%02d.000000Z", i);
		store(json_pack("{s:{s:s}, s:{s:s, s:i, s:s}}", "metadata", "name", "lintel",
		                "spec", "holderIdentity", "stranger", "leaseDurationSeconds", 15,
		                "renewTime", renewed));
		run(5 * SECOND, true, true);
		ck_assert(!k8s_lease_is_leading(&a, now_us));
		ck_assert(!k8s_lease_is_leading(&b, now_us));
	}
	run(40 * SECOND, true, true);
	ck_assert(k8s_lease_is_leading(&a, now_us) || k8s_lease_is_leading(&b, now_us));
}
END_TEST

START_TEST(a_lease_that_is_deleted_is_made_again)
{
	run(10 * SECOND, true, true);
	json_decref(stored);
	stored = NULL;
	run(30 * SECOND, true, true);
	ck_assert_ptr_nonnull(stored);
	ck_assert(k8s_lease_is_leading(&a, now_us) || k8s_lease_is_leading(&b, now_us));
}
END_TEST

START_TEST(at_rest_it_asks_seldom)
{
	unsigned before;

	run(20 * SECOND, true, true);
	before = version;
	run(600 * SECOND, true, true);
	ck_assert_uint_le(version - before, 300);
}
END_TEST

START_TEST(whatever_is_read_is_survived)
{
	static const char *const bodies[] = {
		"{}",
		"[]",
		"{\"spec\": 1, \"metadata\": []}",
		"{\"spec\": {\"leaseDurationSeconds\": -1, \"holderIdentity\": 7}}",
		"{\"spec\": {\"leaseDurationSeconds\": 1e99, \"leaseTransitions\": 99999999999}}",
	};
	json_t *json = json_loads(bodies[_i], 0, NULL);

	ck_assert_int_eq(k8s_lease_next(&a, now_us), K8S_LEASE_READ);
	k8s_lease_answer(&a, now_us, json);
	json_decref(json);
	ck_assert_int_ne(k8s_lease_deadline(&a), INT64_MAX);
	now_us += 60 * SECOND;
	ck_assert_int_ne(k8s_lease_next(&a, now_us), K8S_LEASE_NOTHING);
	ck_assert(!k8s_lease_is_leading(&a, now_us));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_lease", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, the_first_one_leads_and_stays);
	tcase_add_test(tests, each_asks_once_in_five_seconds);
	tcase_add_test(tests, another_begins_soon_after_the_end_of_who_led);
	tcase_add_test(tests, who_leads_tries_twice_before_it_stops);
	tcase_add_test(tests, a_leader_that_is_cut_off_stops_before_another_begins);
	tcase_add_test(tests,
	               an_outage_of_the_server_leaves_nobody_leading_and_the_old_leader_returns);
	tcase_add_test(tests, who_gives_it_back_is_followed_at_once);
	tcase_add_test(tests, a_clock_that_is_wrong_elsewhere_makes_no_difference);
	tcase_add_test(tests, a_lease_that_is_deleted_is_made_again);
	tcase_add_test(tests, at_rest_it_asks_seldom);
	tcase_add_loop_test(tests, whatever_is_read_is_survived, 0, 5);
	return unit_run(suite);
}
