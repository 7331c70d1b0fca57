/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual time; the kernel is a table in memory. A turn is what the daemon does: dump, step, plan,
 * apply. */

#include "ipvs/drain.h"

#include "ipvs/plan.h"
#include "lib/mono.h"
#include "tests/ipvs/tables.h"

#include <check.h>
#include <inttypes.h>
#include <stdlib.h>

#define SEED   UINT64_C(0x647261696e)
#define ROUNDS 200

static struct ipvs_drain drain;
static struct ipvs_table want, kernel;
static struct ipvs_journal owned;
static struct ipvs_scope scope;
static int64_t now_us;

static void set_up(void)
{
	ipvs_drain_init(&drain);
	tables_init(&want);
	tables_init(&kernel);
	now_us = 1000 * US_PER_S;
}

static void tear_down(void)
{
	ipvs_drain_done(&drain);
	ipvs_table_done(&want);
	ipvs_table_done(&kernel);
	ipvs_journal_done(&owned);
	ipvs_scope_done(&scope);
}

/* Returns the number of operations. */
static size_t turn_in(const struct ipvs_scope *within)
{
	struct ipvs_table wanted_view = want, found_view = kernel, effective;
	struct ipvs_plan plan;
	size_t count;

	ipvs_table_sort(&want);
	ipvs_journal_extend(&owned, &want);
	if (within) {
		ipvs_scope_view(within, &want, &wanted_view);
		ipvs_scope_view(within, &kernel, &found_view);
	}
	ipvs_drain_step(&drain, now_us, &wanted_view, &found_view, &owned, within, &effective);
	ipvs_plan_make(&effective, &found_view, &owned, &plan);
	{
		struct ipvs_table next;

		tables_copy(&kernel, &next);
		for (size_t i = 0; i < plan.count; i++)
			ck_assert_int_eq(tables_apply(&next, &plan.ops[i]), 0);
		count = plan.count;
		ipvs_plan_done(&plan);
		ipvs_table_done(&effective);
		if (within) {
			ipvs_table_done(&wanted_view);
			ipvs_table_done(&found_view);
		}
		ipvs_table_done(&kernel);
		kernel = next;
	}
	return count;
}

static size_t turn(void)
{
	return turn_in(NULL);
}

/* The dest of the kernel, NULL when it is gone. */
static struct ipvs_dest *dest_at(size_t service, const char *addr, uint16_t port)
{
	const struct addr a = tables_addr(addr);

	ck_assert_uint_lt(service, kernel.service_count);
	return ipvs_service_find(&kernel.services[service], &a, port);
}

/* One service with two servers, and everything in the kernel. */
static struct ipvs_service *begin(enum model_protocol protocol)
{
	struct ipvs_service *service = tables_add(&want, protocol, "10.77.0.100", 80);

	tables_add_dest(service, "10.78.0.21", 80, 1);
	tables_add_dest(service, "10.78.0.22", 80, 1);
	ck_assert_uint_eq(turn(), 3);
	ck_assert_int_eq(ipvs_drain_deadline(&drain), TIME_NEVER);
	return service;
}

START_TEST(a_server_first_loses_its_weight_then_waits_for_its_connections)
{
	struct ipvs_service *service = begin(MODEL_TCP);

	dest_at(0, "10.78.0.22", 80)->active = 3;
	dest_at(0, "10.78.0.22", 80)->inactive = 1;
	service->dest_count = 1;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_uint_eq(dest_at(0, "10.78.0.22", 80)->weight, 0);
	ck_assert_uint_eq(drain.count, 1);
	ck_assert_uint_eq(drain.entries[0].connections, 4);
	ck_assert_int_le(ipvs_drain_deadline(&drain), now_us + 10 * US_PER_S);

	dest_at(0, "10.78.0.22", 80)->active = 0;
	now_us = ipvs_drain_deadline(&drain);
	ck_assert_uint_eq(turn(), 0);
	ck_assert_ptr_nonnull(dest_at(0, "10.78.0.22", 80));

	dest_at(0, "10.78.0.22", 80)->inactive = 0;
	now_us = ipvs_drain_deadline(&drain);
	ck_assert_uint_eq(turn(), 1);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
	ck_assert_int_eq(ipvs_drain_deadline(&drain), TIME_NEVER);
}
END_TEST

START_TEST(even_an_idle_server_loses_its_weight_first)
{
	struct ipvs_service *service = begin(MODEL_TCP);

	service->dest_count = 1;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_uint_eq(dest_at(0, "10.78.0.22", 80)->weight, 0);
	ck_assert_int_eq(ipvs_drain_deadline(&drain), now_us + US_PER_S);
	now_us += US_PER_S;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
}
END_TEST

START_TEST(one_that_had_no_weight_and_no_connections_goes_at_once)
{
	struct ipvs_service *service = begin(MODEL_TCP);

	service->dests[1].weight = 0;
	turn();
	service->dest_count = 1;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
}
END_TEST

START_TEST(time_runs_out)
{
	struct ipvs_service *service = begin(MODEL_TCP);
	int64_t start_us = now_us;

	dest_at(0, "10.78.0.22", 80)->active = 1;
	service->dest_count = 1;
	for (int turns = 0; ipvs_drain_deadline(&drain) != TIME_NEVER || turns == 0; turns++) {
		ck_assert_int_lt(turns, 100);
		turn();
		if (ipvs_drain_deadline(&drain) != TIME_NEVER) {
			ck_assert_int_gt(ipvs_drain_deadline(&drain), now_us);
			now_us = ipvs_drain_deadline(&drain);
		}
	}
	ck_assert_int_eq(now_us, start_us + 300 * US_PER_S);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
}
END_TEST

START_TEST(no_time_at_all_means_at_once)
{
	struct ipvs_service *service = begin(MODEL_TCP);

	dest_at(0, "10.78.0.22", 80)->active = 1;
	service->identity.drain_timeout_us = 0;
	service->dest_count = 1;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
}
END_TEST

START_TEST(udp_goes_at_once)
{
	struct ipvs_service *service = begin(MODEL_UDP);

	dest_at(0, "10.78.0.22", 80)->inactive = 9;
	service->dest_count = 1;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
	want.service_count = 0;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_uint_eq(kernel.service_count, 0);
}
END_TEST

START_TEST(what_is_dropped_goes_at_once_even_while_it_drains)
{
	struct ipvs_service *service = begin(MODEL_TCP);
	struct ipvs_dest dropped = service->dests[1];

	dest_at(0, "10.78.0.22", 80)->active = 9;
	service->dest_count = 1;
	if (_i) {
		ck_assert_uint_eq(turn(), 1);
		ck_assert_uint_eq(drain.count, 1);
	}
	service->dropped = &dropped;
	service->dropped_count = 1;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
	ck_assert_ptr_nonnull(dest_at(0, "10.78.0.21", 80));
	ck_assert_uint_eq(drain.count, 0);
	ck_assert_uint_eq(turn(), 0);
}
END_TEST

START_TEST(sctp_drains_as_tcp_does)
{
	struct ipvs_service *service = begin(MODEL_SCTP);

	dest_at(0, "10.78.0.22", 80)->active = 1;
	service->dest_count = 1;
	turn();
	ck_assert_uint_eq(dest_at(0, "10.78.0.22", 80)->weight, 0);
}
END_TEST

START_TEST(a_server_that_comes_back_gets_its_weight_back)
{
	struct ipvs_service *service = begin(MODEL_TCP);

	dest_at(0, "10.78.0.22", 80)->active = 1;
	service->dest_count = 1;
	turn();
	service->dest_count = 2;
	now_us += US_PER_S;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_uint_eq(dest_at(0, "10.78.0.22", 80)->weight, 1);
	ck_assert_int_eq(ipvs_drain_deadline(&drain), TIME_NEVER);
	/* and when it leaves again it has its full time again */
	service->dest_count = 1;
	turn();
	ck_assert_int_eq(drain.entries[0].deadline_us, now_us + 300 * US_PER_S);
}
END_TEST

START_TEST(a_service_leaves_with_all_its_servers_and_keeps_its_address)
{
	const struct addr vip = tables_addr("10.77.0.100"), other = tables_addr("10.77.0.101");

	begin(MODEL_TCP);
	dest_at(0, "10.78.0.21", 80)->active = 1;
	want.service_count = 0;
	ck_assert(!ipvs_drain_needs_vip(&drain, &vip));
	ck_assert_uint_eq(turn(), 2);
	ck_assert_uint_eq(kernel.service_count, 1);
	ck_assert_uint_eq(dest_at(0, "10.78.0.21", 80)->weight, 0);
	ck_assert_uint_eq(dest_at(0, "10.78.0.22", 80)->weight, 0);
	ck_assert(ipvs_drain_needs_vip(&drain, &vip));
	ck_assert(!ipvs_drain_needs_vip(&drain, &other));

	now_us += 5 * US_PER_S;
	ck_assert_uint_eq(turn(), 0);
	dest_at(0, "10.78.0.21", 80)->active = 0;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_uint_eq(kernel.service_count, 0);
	ck_assert(!ipvs_drain_needs_vip(&drain, &vip));
}
END_TEST

START_TEST(a_service_without_servers_has_nothing_to_wait_for)
{
	begin(MODEL_TCP)->dest_count = 0;
	turn();
	now_us += US_PER_S;
	turn();
	ck_assert_uint_eq(kernel.services[0].dest_count, 0);
	want.service_count = 0;
	ck_assert_uint_eq(turn(), 1);
	ck_assert_uint_eq(kernel.service_count, 0);
}
END_TEST

START_TEST(a_service_leaves_within_the_time_its_virtual_server_gave)
{
	struct ipvs_service *service = begin(MODEL_TCP);

	service->identity.drain_timeout_us = 7 * US_PER_S;
	turn();
	dest_at(0, "10.78.0.21", 80)->active = 1;
	want.service_count = 0;
	turn();
	ck_assert_int_eq(drain.entries[0].deadline_us, now_us + 7 * US_PER_S);
	now_us += 7 * US_PER_S;
	turn();
	ck_assert_uint_eq(kernel.service_count, 0);
}
END_TEST

START_TEST(a_mark_drains_by_the_protocol_of_its_ports)
{
	tables_add_dest(tables_add_mark(&want, 0x1000, MODEL_UDP, "10.77.0.1", 5, 9), "10.78.0.1",
	                0, 1);
	tables_add_dest(tables_add_mark(&want, 0x1001, MODEL_TCP, "10.77.0.2", 5, 9), "10.78.0.1",
	                0, 1);
	turn();
	dest_at(0, "10.78.0.1", 0)->active = 1;
	dest_at(1, "10.78.0.1", 0)->active = 1;
	want.service_count = 0;
	turn();
	ck_assert_uint_eq(kernel.service_count, 1);
	ck_assert_uint_eq(kernel.services[0].key.mark, 0x1001);
}
END_TEST

START_TEST(what_is_not_ours_neither_drains_nor_changes)
{
	struct ipvs_service *foreign = tables_add(&kernel, MODEL_TCP, "192.0.2.1", 443);

	tables_add_dest(foreign, "10.78.0.99", 443, 5)->active = 1;
	ipvs_table_sort(&kernel);
	begin(MODEL_TCP);
	ck_assert_uint_eq(turn(), 0);
	ck_assert_uint_eq(drain.count, 0);
	ck_assert_uint_eq(dest_at(1, "10.78.0.99", 443)->weight, 5);
}
END_TEST

START_TEST(attributes_of_a_leaving_server_are_left_alone)
{
	struct ipvs_service *service = begin(MODEL_TCP);
	struct ipvs_dest *leaving = dest_at(0, "10.78.0.22", 80);

	leaving->active = 1;
	leaving->forwarding = IPVS_FORWARD_DIRECT;
	leaving->upper_threshold = 99;
	service->dest_count = 1;
	turn();
	leaving = dest_at(0, "10.78.0.22", 80);
	ck_assert_uint_eq(leaving->forwarding, IPVS_FORWARD_DIRECT);
	ck_assert_uint_eq(leaving->upper_threshold, 99);
}
END_TEST

START_TEST(outside_the_scope_drains_go_on)
{
	struct ipvs_service *service = begin(MODEL_TCP);
	struct ipvs_service *second = tables_add(&want, MODEL_TCP, "10.77.0.200", 80);
	const struct ipvs_key second_key = second->key;
	int64_t deadline_us;

	tables_add_dest(second, "10.78.0.21", 80, 1);
	turn();
	dest_at(0, "10.78.0.22", 80)->active = 1;
	service->dest_count = 1;
	turn();
	deadline_us = drain.entries[0].deadline_us;
	now_us += US_PER_S;

	/* only the second service is looked at */
	want.services[1].dests[0].weight = 9;
	ipvs_scope_add(&scope, &second_key);
	ck_assert_uint_eq(turn_in(&scope), 1);
	ck_assert_uint_eq(dest_at(1, "10.78.0.21", 80)->weight, 9);
	ck_assert_uint_eq(drain.count, 1);
	ck_assert_int_eq(drain.entries[0].deadline_us, deadline_us);
	ck_assert_int_ne(ipvs_drain_deadline(&drain), TIME_NEVER);

	/* and then only what drains */
	ipvs_scope_done(&scope);
	ipvs_drain_scope(&drain, &scope);
	ck_assert_uint_eq(scope.count, 1);
	ck_assert_int_eq(ipvs_key_compare(&scope.keys[0], &want.services[0].key), 0);
	dest_at(0, "10.78.0.22", 80)->active = 0;
	ck_assert_uint_eq(turn_in(&scope), 1);
	ck_assert_ptr_null(dest_at(0, "10.78.0.22", 80));
	ck_assert_uint_eq(drain.count, 0);
}
END_TEST

/* Random changes of what is wanted, random ends of connections: in the end the kernel holds exactly
 * what is wanted, and no server with connections ever went before its time. */
START_TEST(everything_that_leaves_is_gone_in_the_end)
{
	uint64_t seed = SEED + (uint64_t)_i * 7919;

	for (int step = 0; step < 6; step++) {
		ipvs_table_done(&want);
		tables_random(&want, &seed, 4);
		for (size_t i = 0; i < want.service_count; i++)
			want.services[i].identity.drain_timeout_us =
				(int64_t)(tables_next(&seed) % 60) * US_PER_S;
		turn();
		ck_assert_msg(turn() == 0 || drain.count == 0 ||
		                      ipvs_drain_deadline(&drain) > now_us,
		              "seed 0x%" PRIx64, SEED + (uint64_t)_i * 7919);
		for (size_t i = 0; i < kernel.service_count; i++) {
			for (size_t j = 0; j < kernel.services[i].dest_count; j++)
				kernel.services[i].dests[j].active =
					(uint32_t)(tables_next(&seed) % 2);
		}
		now_us += (int64_t)(tables_next(&seed) % 20) * US_PER_S;
	}
	for (int turns = 0; ipvs_drain_deadline(&drain) != TIME_NEVER; turns++) {
		ck_assert_int_lt(turns, 200);
		now_us = ipvs_drain_deadline(&drain);
		turn();
	}
	ck_assert_msg(tables_same(&kernel, &want), "seed 0x%" PRIx64, SEED + (uint64_t)_i * 7919);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/drain");
	TCase *tcase = tcase_create("drain");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_server_first_loses_its_weight_then_waits_for_its_connections);
	tcase_add_test(tcase, even_an_idle_server_loses_its_weight_first);
	tcase_add_test(tcase, one_that_had_no_weight_and_no_connections_goes_at_once);
	tcase_add_test(tcase, time_runs_out);
	tcase_add_test(tcase, no_time_at_all_means_at_once);
	tcase_add_test(tcase, udp_goes_at_once);
	tcase_add_loop_test(tcase, what_is_dropped_goes_at_once_even_while_it_drains, 0, 2);
	tcase_add_test(tcase, sctp_drains_as_tcp_does);
	tcase_add_test(tcase, a_server_that_comes_back_gets_its_weight_back);
	tcase_add_test(tcase, a_service_leaves_with_all_its_servers_and_keeps_its_address);
	tcase_add_test(tcase, a_service_without_servers_has_nothing_to_wait_for);
	tcase_add_test(tcase, a_service_leaves_within_the_time_its_virtual_server_gave);
	tcase_add_test(tcase, a_mark_drains_by_the_protocol_of_its_ports);
	tcase_add_test(tcase, what_is_not_ours_neither_drains_nor_changes);
	tcase_add_test(tcase, attributes_of_a_leaving_server_are_left_alone);
	tcase_add_test(tcase, outside_the_scope_drains_go_on);
	tcase_add_loop_test(tcase, everything_that_leaves_is_gone_in_the_end, 0, ROUNDS);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
