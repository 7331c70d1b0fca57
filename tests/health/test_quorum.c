/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/quorum.h"

#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#define SERVER_MAX 8

/* Servers as "10u 5d 5D 0u": weight, up or down; D is taken out when it is down. */
static size_t read_servers(const char *text, struct health_server *servers)
{
	size_t count = 0;
	int used;
	char how;

	while (sscanf(text, "%u%c%n", &servers[count].weight, &how, &used) == 2) {
		servers[count].up = how == 'u';
		servers[count].failure = how == 'D' ? MODEL_HEALTH_REMOVE : MODEL_HEALTH_DRAIN;
		count++;
		text += used;
	}
	return count;
}

/* What came of them as "10n 0d 0r 10a". */
static void write_servers(const struct health_server *servers, size_t count, char *to, size_t size)
{
	*to = '\0';
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(to);

		snprintf(to + used, size - used, "%s%u%c", i ? " " : "", servers[i].used_weight,
		         health_use_name(servers[i].use)[0]);
	}
}

START_TEST(servers_get_what_their_state_says)
{
	static const struct {
		const char *servers, *stop, *serve; /* with either policy */
		bool all_down, sorry;               /* sorry: with policy stop */
	} rows[] = {
		{"", "", "", false, true},
		{"10u 20u", "10n 20n", "10n 20n", false, false},
		{"10u 20d", "10n 0d", "10n 0d", false, false},
		{"10u 20D", "10n 0r", "10n 0r", false, false},
		{"10d 20D", "0d 0r", "10a 20a", true, true},
		{"10d 0d", "0d 0d", "10a 0a", true, true},
		/* One that is up but has no weight can't help. */
		{"10d 0u", "0d 0n", "10a 0n", true, true},
		/* It was not checks that took them all. */
		{"0u 0u", "0n 0n", "0n 0n", false, true},
		{"0u 0D", "0n 0r", "0n 0r", false, true},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		struct health_server servers[SERVER_MAX];
		struct health_service service;
		char text[100];
		size_t count = read_servers(rows[i].servers, servers);

		service = health_service_judge(servers, count, MODEL_ALL_DOWN_STOP);
		write_servers(servers, count, text, sizeof(text));
		ck_assert_str_eq(text, rows[i].stop);
		ck_assert_int_eq(service.all_down, rows[i].all_down);
		ck_assert_int_eq(service.sorry, rows[i].sorry);
		ck_assert(!service.anyway);
		service = health_service_judge(servers, count, MODEL_ALL_DOWN_SERVE);
		write_servers(servers, count, text, sizeof(text));
		ck_assert_str_eq(text, rows[i].serve);
		ck_assert_int_eq(service.all_down, rows[i].all_down);
		ck_assert_int_eq(service.anyway, rows[i].all_down);
		ck_assert_int_eq(service.sorry, rows[i].sorry && !rows[i].all_down);
	}
}
END_TEST

START_TEST(weights_of_servers_that_are_up_are_summed)
{
	struct health_server servers[SERVER_MAX];
	size_t count = read_servers("65535u 65535u 7d 0u 3u", servers);
	struct health_service service = health_service_judge(servers, count, MODEL_ALL_DOWN_STOP);

	ck_assert_uint_eq(service.up_count, 4);
	ck_assert_uint_eq(service.down_count, 1);
	ck_assert_uint_eq(service.up_weight, 2 * 65535 + 3);
}
END_TEST

START_TEST(a_quorum_is_lost_and_regained_apart)
{
	static const struct {
		unsigned minimum, hysteresis;
		uint64_t whole;
		unsigned lost_below; /* the least with which one that is met stays */
		unsigned regained_at;
	} rows[] = {
		{0, 0, 10, 0, 0},
		{1, 0, 10, 1, 1},
		{5, 2, 10, 3, 7},
		{5, 4, 10, 1, 9},
		/* With a hysteresis beyond what there is, all of it is enough; */
		{5, 4, 8, 1, 8},
		{5, 4, 5, 1, 5},
		/* unless there is too little for the minimum. */
		{5, 4, 4, 1, 9},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		const struct model_quorum quorum = {.minimum = rows[i].minimum,
		                                    .hysteresis = rows[i].hysteresis};

		for (uint64_t up = 0; up <= rows[i].whole; up++) {
			ck_assert_int_eq(health_quorum_met(&quorum, up, rows[i].whole, true),
			                 up >= rows[i].lost_below);
			ck_assert_int_eq(health_quorum_met(&quorum, up, rows[i].whole, false),
			                 up >= rows[i].regained_at);
			ck_assert_int_eq(health_quorum_first(&quorum, up), up >= rows[i].minimum);
		}
	}
	ck_assert(health_quorum_met(NULL, 0, 0, false));
	ck_assert(health_quorum_first(NULL, 0));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/quorum", &tests);

	tcase_add_test(tests, servers_get_what_their_state_says);
	tcase_add_test(tests, weights_of_servers_that_are_up_are_summed);
	tcase_add_test(tests, a_quorum_is_lost_and_regained_apart);
	return unit_run(suite);
}
