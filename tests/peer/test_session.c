/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/session.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <string.h>

static const struct peer_hello hello = {.major = 1, .boot_id = 77, .node = "beta"};
static const int64_t start_us = 1000 * US_PER_S;

static void check_next(struct peer_session *session, int64_t now_us, enum peer_session_do what,
                       enum peer_reason reason)
{
	struct peer_session_step step = peer_session_next(session, now_us);

	ck_assert_int_eq(step.what, what);
	if (what == PEER_SESSION_CLOSE)
		ck_assert_int_eq(step.reason, reason);
}

static void bring_up(struct peer_session *session, int64_t now_us)
{
	peer_session_dialed(session, now_us);
	ck_assert_int_eq(peer_session_state(session), PEER_SESSION_CONNECTING);
	peer_session_connected(session, PEER_LINK_DIALED, now_us);
	ck_assert_int_eq(peer_session_state(session), PEER_SESSION_HANDSHAKE);
	peer_session_secured(session, PEER_LINK_DIALED, now_us);
	peer_session_up(session, PEER_LINK_DIALED, &hello, now_us);
	ck_assert_int_eq(peer_session_state(session), PEER_SESSION_ESTABLISHED);
	ck_assert_int_eq(peer_session_live(session), PEER_LINK_DIALED);
}

START_TEST(the_first_one_dials_at_once_and_the_other_a_little_later)
{
	struct peer_session session;

	peer_session_init(&session, 1, true, start_us);
	ck_assert_int_eq(peer_session_deadline(&session), start_us);
	check_next(&session, start_us, PEER_SESSION_DIAL, 0);
	peer_session_init(&session, 1, false, start_us);
	ck_assert_int_ge(peer_session_deadline(&session), start_us + PEER_SESSION_BACKOFF_MIN);
	check_next(&session, start_us, PEER_SESSION_NOTHING, 0);
	/* Who came first is enough. */
	ck_assert_int_eq(peer_session_accepted(&session, start_us), PEER_LINK_ACCEPTED_TOO);
	check_next(&session, start_us + US_PER_S, PEER_SESSION_NOTHING, 0);
}
END_TEST

START_TEST(a_connection_that_does_not_come_about_is_given_up)
{
	struct peer_session session;

	for (int stage = 0; stage < 3; stage++) {
		peer_session_init(&session, 1, true, start_us);
		peer_session_dialed(&session, start_us);
		if (stage > 0)
			peer_session_connected(&session, PEER_LINK_DIALED, start_us);
		if (stage > 1)
			peer_session_secured(&session, PEER_LINK_DIALED, start_us);
		ck_assert_int_eq(peer_session_deadline(&session),
		                 start_us + PEER_SESSION_PATIENCE_US);
		check_next(&session, start_us + PEER_SESSION_PATIENCE_US - 1, PEER_SESSION_NOTHING,
		           0);
		check_next(&session, start_us + PEER_SESSION_PATIENCE_US, PEER_SESSION_CLOSE,
		           stage ? PEER_REASON_TIMEOUT : PEER_REASON_UNREACHABLE);
	}
}
END_TEST

START_TEST(it_pings_and_gives_up_on_silence)
{
	struct peer_session session;
	int64_t now_us = start_us, heard_us = start_us;

	peer_session_init(&session, 1, true, start_us);
	bring_up(&session, start_us);
	for (int i = 0; i < 20; i++) {
		check_next(&session, now_us, PEER_SESSION_PING, 0);
		check_next(&session, now_us, PEER_SESSION_NOTHING, 0);
		heard_us = now_us + 5000;
		peer_session_heard(&session, PEER_LINK_DIALED, heard_us);
		peer_session_ponged(&session, (uint64_t)now_us, heard_us);
		ck_assert_int_eq(session.rtt_us, 5000);
		now_us = peer_session_deadline(&session);
		ck_assert_int_eq(now_us, start_us + (i + 1) * PEER_SESSION_PING_US);
	}
	check_next(&session, heard_us + PEER_SESSION_SILENCE_US, PEER_SESSION_CLOSE,
	           PEER_REASON_TIMEOUT);
	ck_assert(peer_session_closed(&session, PEER_LINK_DIALED, PEER_REASON_TIMEOUT, now_us));
	ck_assert_int_eq(peer_session_live(&session), PEER_LINK_COUNT);
	ck_assert_int_eq(session.up_since_us, TIME_NEVER);
	/* A stamp from the future is no round trip. */
	peer_session_ponged(&session, UINT64_MAX, now_us);
	ck_assert_int_eq(session.rtt_us, 5000);
}
END_TEST

START_TEST(it_waits_longer_each_time_but_not_for_ever)
{
	struct peer_session session;
	int64_t now_us = start_us, longest_us = 0;

	peer_session_init(&session, 5, true, start_us);
	for (int i = 0; i < 100; i++) {
		int64_t wait_us;
		bool told;

		check_next(&session, now_us, PEER_SESSION_DIAL, 0);
		peer_session_dialed(&session, now_us);
		told = peer_session_closed(&session, PEER_LINK_DIALED, PEER_REASON_UNREACHABLE,
		                           now_us);
		ck_assert_int_eq(told, i == 0); /* logged once */
		wait_us = peer_session_deadline(&session) - now_us;
		ck_assert_int_ge(wait_us, PEER_SESSION_BACKOFF_MIN / 2);
		ck_assert_int_le(wait_us, PEER_SESSION_BACKOFF_MAX * 3 / 2);
		if (i == 0)
			ck_assert_int_le(wait_us, PEER_SESSION_BACKOFF_MIN * 3 / 2);
		if (wait_us > longest_us)
			longest_us = wait_us;
		now_us += wait_us;
	}
	ck_assert_int_ge(longest_us, PEER_SESSION_BACKOFF_MAX);
	ck_assert_uint_eq(session.counts[PEER_REASON_UNREACHABLE], 100);
	ck_assert_int_eq(peer_session_state(&session), PEER_SESSION_WAITING);
	/* Once up, it begins anew, in waiting and in telling. */
	bring_up(&session, now_us);
	ck_assert(peer_session_closed(&session, PEER_LINK_DIALED, PEER_REASON_CLOSED, now_us));
	ck_assert_int_le(peer_session_deadline(&session) - now_us,
	                 PEER_SESSION_BACKOFF_MIN * 3 / 2);
	peer_session_dialed(&session, now_us);
	ck_assert(peer_session_closed(&session, PEER_LINK_DIALED, PEER_REASON_UNREACHABLE, now_us));
}
END_TEST

START_TEST(a_wrong_key_waits_for_a_person_and_for_another_key)
{
	struct peer_session session;

	peer_session_init(&session, 5, true, start_us);
	peer_session_dialed(&session, start_us);
	ck_assert(peer_session_closed(&session, PEER_LINK_DIALED, PEER_REASON_WRONG_KEY, start_us));
	ck_assert_int_eq(peer_session_state(&session), PEER_SESSION_REFUSED);
	ck_assert_int_ge(peer_session_deadline(&session), start_us + PEER_SESSION_REFUSED_US / 2);
	/* Another reason is news. */
	ck_assert(peer_session_note(&session, PEER_REASON_VERSION));
	ck_assert(!peer_session_note(&session, PEER_REASON_WRONG_KEY));
	peer_session_retry(&session, start_us);
	ck_assert_int_le(peer_session_deadline(&session), start_us + PEER_SESSION_BACKOFF_MIN);
	ck_assert(peer_session_note(&session, PEER_REASON_WRONG_KEY));
}
END_TEST

START_TEST(one_connection_more_is_let_in_beside_the_one_that_is_up)
{
	struct peer_session session;
	enum peer_link first, second;

	peer_session_init(&session, 1, false, start_us);
	first = peer_session_accepted(&session, start_us);
	ck_assert_int_ne(first, PEER_LINK_COUNT);
	ck_assert_int_eq(peer_session_accepted(&session, start_us), PEER_LINK_COUNT);
	peer_session_secured(&session, first, start_us);
	ck_assert_int_eq(peer_session_accepted(&session, start_us), PEER_LINK_COUNT);
	peer_session_up(&session, first, &hello, start_us);
	second = peer_session_accepted(&session, start_us);
	ck_assert_int_ne(second, PEER_LINK_COUNT);
	ck_assert_int_ne(second, first);
	ck_assert_int_eq(peer_session_accepted(&session, start_us), PEER_LINK_COUNT);
	/* That it goes again changes nothing for the one that is up. */
	ck_assert(peer_session_closed(&session, second, PEER_REASON_DUPLICATE, start_us));
	ck_assert_int_eq(peer_session_state(&session), PEER_SESSION_ESTABLISHED);
	ck_assert(!session.failed);
	ck_assert(peer_session_closed(&session, first, PEER_REASON_CLOSED, start_us));
	ck_assert_int_le(peer_session_deadline(&session),
	                 start_us + PEER_SESSION_BACKOFF_MIN * 3 / 2);
}
END_TEST

START_TEST(other_versions_and_ourselves_are_refused)
{
	struct peer_hello ours = {.major = 1, .minor = 0, .boot_id = 5}, theirs = ours;

	ck_assert_int_eq(peer_session_judge(&ours, &theirs), PEER_REASON_SELF);
	theirs.boot_id = 6;
	theirs.minor = 9;
	ck_assert_int_eq(peer_session_judge(&ours, &theirs), PEER_REASON_COUNT);
	theirs.major = 2;
	ck_assert_int_eq(peer_session_judge(&ours, &theirs), PEER_REASON_VERSION);
	theirs.major = 0;
	ck_assert_int_eq(peer_session_judge(&ours, &theirs), PEER_REASON_VERSION);
}
END_TEST

static struct addr number(unsigned n)
{
	return addr_make(ADDR_IPV4, (const uint8_t[]){10, 0, 0, (uint8_t)n});
}

/* Two connections between node 5 (at 'here') and node 9, seen from both ends. */
START_TEST(both_ends_keep_the_same_connection)
{
	for (unsigned kind = 0; kind < 256; kind++) {
		struct peer_contender a[2], b[2];
		bool settled = kind & 64, keep_fresh;

		for (unsigned i = 0; i < 2; i++) {
			unsigned bits = kind >> 3 * i;

			a[i] = (struct peer_contender){.boot_id = 9,
			                               .here = number(1 + 2 * (bits & 1)),
			                               .there = number(2 + 2 * (bits >> 1 & 1)),
			                               .dialed = bits >> 2 & 1,
			                               .up_since_us = start_us};
			b[i] = a[i];
			b[i].boot_id = 5;
			b[i].here = a[i].there;
			b[i].there = a[i].here;
			b[i].dialed = !a[i].dialed;
		}
		int64_t now_us = start_us + (settled ? 2 * PEER_SESSION_CONTEST_US : 1000);

		keep_fresh = peer_session_prefer(&a[0], &a[1], 5, now_us);
		ck_assert_int_eq(peer_session_prefer(&b[0], &b[1], 9, now_us), keep_fresh);
		/* Whichever came first: the same one is left of two that began at once. */
		if (!settled &&
		    !(addr_equal(&a[0].here, &a[1].here) && addr_equal(&a[0].there, &a[1].there) &&
		      a[0].dialed == a[1].dialed))
			ck_assert_int_eq(peer_session_prefer(&b[1], &b[0], 9, now_us), !keep_fresh);
		/* Who was started anew is not who was there. */
		a[0].boot_id = 10;
		ck_assert(peer_session_prefer(&a[0], &a[1], 5, now_us));
	}
}
END_TEST

START_TEST(a_connection_of_long_standing_is_not_given_up_for_another_address)
{
	struct peer_contender old = {.boot_id = 9,
	                             .here = number(7),
	                             .there = number(8),
	                             .up_since_us = start_us},
			      fresh = {.boot_id = 9, .here = number(1), .there = number(2)};

	ck_assert(peer_session_prefer(&fresh, &old, 5, start_us));
	ck_assert(!peer_session_prefer(&fresh, &old, 5, start_us + PEER_SESSION_CONTEST_US));
	/* But who dials the same one again has lost it. */
	fresh.here = old.here;
	fresh.there = old.there;
	ck_assert(peer_session_prefer(&fresh, &old, 5, start_us + PEER_SESSION_CONTEST_US));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("peer/session", &tests);

	tcase_add_test(tests, the_first_one_dials_at_once_and_the_other_a_little_later);
	tcase_add_test(tests, a_connection_that_does_not_come_about_is_given_up);
	tcase_add_test(tests, it_pings_and_gives_up_on_silence);
	tcase_add_test(tests, it_waits_longer_each_time_but_not_for_ever);
	tcase_add_test(tests, a_wrong_key_waits_for_a_person_and_for_another_key);
	tcase_add_test(tests, one_connection_more_is_let_in_beside_the_one_that_is_up);
	tcase_add_test(tests, other_versions_and_ourselves_are_refused);
	tcase_add_test(tests, both_ends_keep_the_same_connection);
	tcase_add_test(tests, a_connection_of_long_standing_is_not_given_up_for_another_address);
	return unit_run(suite);
}
