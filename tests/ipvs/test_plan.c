/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/plan.h"

#include "tests/ipvs/tables.h"

#include <check.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define SEED   UINT64_C(0x6c696e74656c)
#define ROUNDS 300

static struct ipvs_table want, have;
static struct ipvs_journal owned;
static struct ipvs_plan plan;
static struct text text;

static void set_up(void)
{
	tables_init(&want);
	tables_init(&have);
}

static void tear_down(void)
{
	ipvs_plan_done(&plan);
	ipvs_journal_done(&owned);
	ipvs_table_done(&want);
	ipvs_table_done(&have);
	text_done(&text);
}

/* --- laws --- */

/* Two random tables of a round; the seed is told when something fails. */
static uint64_t begin_round(int round)
{
	uint64_t seed = SEED + (uint64_t)round * 7919;

	for (int i = 0; i < 8; i++)
		tables_next(&seed);
	ipvs_table_done(&want);
	ipvs_table_done(&have);
	tables_random(&want, &seed, 6);
	tables_random(&have, &seed, 6);
	return SEED + (uint64_t)round * 7919;
}

static bool same_op(const struct ipvs_op *a, const struct ipvs_op *b)
{
	return a->kind == b->kind && a->service == b->service && a->dest == b->dest &&
	       a->service_was == b->service_was && a->dest_was == b->dest_was;
}

START_TEST(the_parts_of_a_plan_one_after_the_other_are_the_plan)
{
	for (size_t enough = 1; enough < 8; enough++) {
		uint64_t seed = begin_round(_i);
		struct ipvs_planner planner;
		struct ipvs_plan part;
		size_t at = 0;

		owned = tables_journal(&have);
		ipvs_plan_make(&want, &have, &owned, &plan);
		ipvs_planner_init(&planner, &want, &have, &owned);
		while (ipvs_planner_next(&planner, enough, &part)) {
			const struct ipvs_op *next = &plan.ops[at + part.count];

			ck_assert_uint_le(at + part.count, plan.count);
			for (size_t i = 0; i < part.count; i++)
				ck_assert_msg(same_op(&part.ops[i], &plan.ops[at + i]),
				              "seed %" PRIu64, seed);
			at += part.count;
			/* who is refused a service knows of all its servers */
			ck_assert(at == plan.count || next->kind != IPVS_OP_ADD_DEST ||
			          next->service != part.ops[part.count - 1].service);
		}
		ck_assert_uint_eq(at, plan.count);
		ipvs_planner_done(&planner);
		ipvs_plan_done(&plan);
		ipvs_journal_done(&owned);
	}
}
END_TEST

START_TEST(the_plan_from_a_table_to_itself_is_empty)
{
	uint64_t seed = begin_round(_i);
	struct ipvs_table copy;

	tables_copy(&want, &copy);
	owned = tables_journal(&want);
	ipvs_plan_make(&want, &copy, &owned, &plan);
	ck_assert_msg(plan.count == 0, "seed 0x%" PRIx64, seed);
	ipvs_table_done(&copy);
}
END_TEST

START_TEST(carrying_out_the_plan_gives_what_is_wanted_and_nothing_fails)
{
	uint64_t seed = begin_round(_i);

	owned = tables_journal(&have);
	ipvs_plan_make(&want, &have, &owned, &plan);
	{
		struct ipvs_table kernel;

		tables_copy(&have, &kernel);
		for (size_t i = 0; i < plan.count; i++) {
			int err = tables_apply(&kernel, &plan.ops[i]);

			ck_assert_msg(err == 0, "seed 0x%" PRIx64 " operation %zu error %d", seed,
			              i, err);
		}
		ck_assert_msg(tables_same(&kernel, &want), "seed 0x%" PRIx64, seed);
		ipvs_table_done(&kernel);
	}
}
END_TEST

START_TEST(what_is_neither_wanted_nor_ours_is_not_touched)
{
	uint64_t seed = begin_round(_i);

	/* of what is there, every other service is ours */
	owned = tables_journal(&have);
	for (size_t i = 0; i < owned.count; i++)
		owned.entries[i] = owned.entries[i * 2 < owned.count ? i * 2 : i];
	owned.count = (owned.count + 1) / 2;
	ipvs_plan_make(&want, &have, &owned, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		const struct ipvs_key *key = &plan.ops[i].service->key;

		ck_assert_msg(ipvs_table_find(&want, key) || ipvs_journal_find(&owned, key),
		              "seed 0x%" PRIx64, seed);
	}
	for (size_t i = 0; i < have.service_count; i++) {
		const struct ipvs_key *key = &have.services[i].key;
		bool goes = false;

		for (size_t j = 0; j < plan.count; j++)
			goes |= plan.ops[j].kind == IPVS_OP_DEL_SERVICE &&
			        ipvs_key_compare(&plan.ops[j].service->key, key) == 0;
		ck_assert_msg(goes == (!ipvs_table_find(&want, key) &&
		                       ipvs_journal_find(&owned, key) != NULL),
		              "seed 0x%" PRIx64, seed);
	}
}
END_TEST

START_TEST(additions_and_changes_come_before_removals)
{
	uint64_t seed = begin_round(_i);
	int last = 0;

	owned = tables_journal(&have);
	ipvs_plan_make(&want, &have, &owned, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		int stage = plan.ops[i].kind == IPVS_OP_DEL_DEST      ? 1
		            : plan.ops[i].kind == IPVS_OP_DEL_SERVICE ? 2
		                                                      : 0;

		ck_assert_msg(stage >= last, "seed 0x%" PRIx64, seed);
		last = stage;
	}
}
END_TEST

START_TEST(nothing_is_removed_to_be_added_again)
{
	uint64_t seed = begin_round(_i);

	owned = tables_journal(&have);
	ipvs_plan_make(&want, &have, &owned, &plan);
	for (size_t i = 0; i < plan.count; i++) {
		const struct ipvs_op *op = &plan.ops[i];
		const struct ipvs_service *wanted = ipvs_table_find(&want, &op->service->key);

		if (op->kind == IPVS_OP_DEL_SERVICE)
			ck_assert_msg(!wanted, "seed 0x%" PRIx64, seed);
		if (op->kind == IPVS_OP_DEL_DEST)
			ck_assert_msg(wanted && !ipvs_service_find(wanted, &op->dest->addr,
			                                           op->dest->port),
			              "seed 0x%" PRIx64, seed);
	}
}
END_TEST

START_TEST(counts_are_those_of_the_operations)
{
	size_t counts[IPVS_OP_KINDS] = {0};
	uint64_t seed = begin_round(_i);

	owned = tables_journal(&have);
	ipvs_plan_make(&want, &have, &owned, &plan);
	for (size_t i = 0; i < plan.count; i++)
		counts[plan.ops[i].kind]++;
	for (size_t i = 0; i < IPVS_OP_KINDS; i++)
		ck_assert_msg(counts[i] == plan.counts[i], "seed 0x%" PRIx64, seed);
}
END_TEST

/* --- size --- */

START_TEST(a_hundred_thousand_servers_are_walked_once)
{
	const size_t services = 10000, dests = 10;
	struct ipvs_table big;
	clock_t start;
	double seconds;

	ipvs_table_init(&big);
	big.services = arena_array(&big.arena, services, sizeof(*big.services));
	big.service_count = services;
	for (size_t i = 0; i < services; i++) {
		struct ipvs_service *service = &big.services[i];
		const uint8_t vip[4] = {10, 77, (uint8_t)(i >> 8), (uint8_t)i};

		service->key = (struct ipvs_key){
			.addr = addr_make(ADDR_IPV4, vip), .protocol = MODEL_TCP, .port = 80};
		service->dests = arena_array(&big.arena, dests, sizeof(*service->dests));
		service->dest_count = dests;
		for (size_t j = 0; j < dests; j++) {
			const uint8_t server[4] = {10, 78, 0, (uint8_t)j};

			service->dests[j].addr = addr_make(ADDR_IPV4, server);
		}
	}
	/* far more than it takes, far less than anything quadratic would */
	start = clock();
	ipvs_plan_make(&big, &big, &owned, &plan);
	ck_assert_uint_eq(plan.count, 0);
	ipvs_plan_make(&big, &have, &owned, &plan);
	ck_assert_uint_eq(plan.count, services * (1 + dests));
	seconds = (double)(clock() - start) / CLOCKS_PER_SEC;
	ck_assert_double_lt(seconds, 2.0);
	ipvs_plan_done(&plan);
	big.services[7777].dests[3].weight = 1;
	{
		struct ipvs_table copy = big;
		struct ipvs_service changed = big.services[7777];
		struct ipvs_dest changed_dests[10];

		for (size_t j = 0; j < dests; j++)
			changed_dests[j] = changed.dests[j];
		changed_dests[3].weight = 2;
		copy.services =
			arena_memdup(&big.arena, big.services, services * sizeof(*big.services));
		copy.services[7777].dests = changed_dests;
		ipvs_plan_make(&copy, &big, &owned, &plan);
		ck_assert_uint_eq(plan.count, 1);
		ck_assert_int_eq(plan.ops[0].kind, IPVS_OP_SET_DEST);
	}
	ipvs_table_done(&big);
}
END_TEST

/* --- text --- */

static const char *line(size_t index)
{
	text_clear(&text);
	ipvs_op_format(&plan.ops[index], &text);
	return text_str(&text);
}

START_TEST(additions_read_well)
{
	struct ipvs_service *service = tables_add(&want, MODEL_TCP, "10.77.0.100", 80);
	struct ipvs_dest *dest;

	tables_add_dest(service, "10.78.0.21", 8080, 1);
	dest = tables_add_dest(service, "2001:db8:78::21", 80, 5);
	dest->forwarding = IPVS_FORWARD_TUNNEL;
	dest->tunnel_type = MODEL_TUNNEL_GUE;
	dest->tunnel_port = 6080;
	dest->tunnel_flags = IPVS_TUNNEL_CHECKSUM;
	dest->upper_threshold = 100;
	dest->lower_threshold = 80;
	service = tables_add(&want, MODEL_UDP, "2001:db8:77::100", 53);
	service->flags = IPVS_FLAG_ONE_PACKET | IPVS_FLAG_PERSISTENT | IPVS_FLAG_FALLBACK;
	service->timeout_s = 300;
	service->prefix = 64;
	service = tables_add_mark(&want, 0x1000, MODEL_UDP, "10.77.0.100", 16384, 16483);
	tables_add_dest(service, "10.78.0.21", 0, 1);
	ipvs_plan_make(&want, &have, &owned, &plan);
	ck_assert_uint_eq(plan.count, 6);
	ck_assert_str_eq(line(0), "+ virtual service TCP 10.77.0.100:80 scheduler rr");
	ck_assert_str_eq(line(1),
	                 "+ real server 10.78.0.21:8080 of TCP 10.77.0.100:80 nat weight 1");
	ck_assert_str_eq(line(2),
	                 "+ real server [2001:db8:78::21]:80 of TCP 10.77.0.100:80 tunnel gue port "
	                 "6080 checksum weight 5 upper-threshold 100 lower-threshold 80");
	ck_assert_str_eq(line(3), "+ virtual service UDP [2001:db8:77::100]:53 scheduler rr "
	                          "persistence 300s by /64 one-packet fallback");
	ck_assert_str_eq(
		line(4),
		"+ virtual service UDP 10.77.0.100:16384-16483 (mark 0x1000) scheduler rr");
	ck_assert_str_eq(line(5), "+ real server 10.78.0.21 of UDP 10.77.0.100:16384-16483 (mark "
	                          "0x1000) nat weight 1");
}
END_TEST

START_TEST(changes_say_from_what_to_what)
{
	struct ipvs_service *was = tables_add(&have, MODEL_TCP, "10.77.0.100", 80);
	struct ipvs_service *service = tables_add(&want, MODEL_TCP, "10.77.0.100", 80);
	struct ipvs_dest *dest;

	snprintf(service->scheduler, sizeof(service->scheduler), "mh");
	service->flags = IPVS_FLAG_PERSISTENT | IPVS_FLAG_PORT;
	service->timeout_s = 60;
	was->flags = IPVS_FLAG_FALLBACK;
	snprintf(was->persistence_engine, sizeof(was->persistence_engine), "sip");
	tables_add_dest(was, "10.78.0.21", 80, 1);
	dest = tables_add_dest(service, "10.78.0.21", 80, 0);
	dest->forwarding = IPVS_FORWARD_DIRECT;
	dest->upper_threshold = 9;
	ipvs_plan_make(&want, &have, &owned, &plan);
	ck_assert_uint_eq(plan.count, 2);
	ck_assert_str_eq(
		line(0),
		"~ virtual service TCP 10.77.0.100:80 scheduler rr -> mh, persistence none "
		"-> 60s, fallback off, source-port on, persistence engine sip removed");
	ck_assert_str_eq(line(1),
	                 "~ real server 10.78.0.21:80 of TCP 10.77.0.100:80 nat -> direct, "
	                 "weight 1 -> 0, upper-threshold 0 -> 9");
}
END_TEST

START_TEST(removals_name_what_goes)
{
	struct ipvs_service *service = tables_add(&have, MODEL_TCP, "10.77.0.100", 80);

	tables_add_dest(service, "10.78.0.21", 80, 1);
	service = tables_add_mark(&have, 0x1001, MODEL_UDP, "2001:db8:77::1", 1, 2);
	service->identity.vip = (struct addr){0};
	owned = tables_journal(&have);
	tables_add(&want, MODEL_TCP, "10.77.0.100", 80);
	ipvs_plan_make(&want, &have, &owned, &plan);
	ck_assert_uint_eq(plan.count, 2);
	ck_assert_str_eq(line(0), "- real server 10.78.0.21:80 of TCP 10.77.0.100:80");
	ck_assert_str_eq(line(1), "- virtual service FWM 0x1001 (IPv6)");
}
END_TEST

struct explain_row {
	size_t op; /* 0: the service, 1: a server, 2: one of the other family */
	int error;
	const char *expected;
};

static const struct explain_row explains[] = {
	{0, ENOENT,
         "virtual service TCP 10.77.0.100:80: the kernel has no scheduler \"wrr\" and could not "
         "load it: modprobe ip_vs_wrr, or a kernel with CONFIG_IP_VS_WRR"},
	{0, EAFNOSUPPORT,
         "virtual service TCP 10.77.0.100:80: this kernel's IPVS has no IPv6: CONFIG_IP_VS_IPV6 is "
         "needed"},
	{0, EPERM,
         "virtual service TCP 10.77.0.100:80: not permitted: CAP_NET_ADMIN in the initial user "
         "namespace is needed"},
	{0, EINVAL, "virtual service TCP 10.77.0.100:80: Invalid argument"},
	{1, ECANCELED,
         "real server 10.78.0.21:80 of TCP 10.77.0.100:80: not tried, since its virtual service "
         "was refused"},
	{1, EINVAL,
         "real server 10.78.0.21:80 of TCP 10.77.0.100:80: the address is not one of a host that a "
         "route leads to"},
	{1, ENOENT,
         "real server 10.78.0.21:80 of TCP 10.77.0.100:80: someone else removed it a moment ago"},
	{2, EINVAL,
         "real server [2001:db8::1]:80 of TCP 10.77.0.100:80: another address family than the "
         "virtual service's works with tunnel forwarding only, and not beside the kernel's sync "
         "daemon"},
	{2, ENOMEM, "real server [2001:db8::1]:80 of TCP 10.77.0.100:80: Cannot allocate memory"},
};

START_TEST(refusals_are_explained)
{
	struct ipvs_service *service = tables_add(&want, MODEL_TCP, "10.77.0.100", 80);

	snprintf(service->scheduler, sizeof(service->scheduler), "wrr");
	tables_add_dest(service, "10.78.0.21", 80, 1);
	tables_add_dest(service, "2001:db8::1", 80, 1);
	ipvs_plan_make(&want, &have, &owned, &plan);
	ipvs_op_explain(&plan.ops[explains[_i].op], explains[_i].error, &text);
	ck_assert_str_eq(text_str(&text), explains[_i].expected);
}
END_TEST

START_TEST(every_kind_of_operation_has_a_name)
{
	for (int kind = 0; kind < IPVS_OP_KINDS; kind++)
		ck_assert_ptr_nonnull(strchr(ipvs_op_kind_name((enum ipvs_op_kind)kind), '-'));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/plan");
	TCase *laws = tcase_create("laws");
	TCase *texts = tcase_create("text");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(laws, set_up, tear_down);
	tcase_add_loop_test(laws, the_plan_from_a_table_to_itself_is_empty, 0, ROUNDS);
	tcase_add_loop_test(laws, carrying_out_the_plan_gives_what_is_wanted_and_nothing_fails, 0,
	                    ROUNDS);
	tcase_add_loop_test(laws, what_is_neither_wanted_nor_ours_is_not_touched, 0, ROUNDS);
	tcase_add_loop_test(laws, additions_and_changes_come_before_removals, 0, ROUNDS);
	tcase_add_loop_test(laws, nothing_is_removed_to_be_added_again, 0, ROUNDS);
	tcase_add_loop_test(laws, counts_are_those_of_the_operations, 0, ROUNDS);
	tcase_add_loop_test(laws, the_parts_of_a_plan_one_after_the_other_are_the_plan, 0, ROUNDS);
	tcase_add_test(laws, a_hundred_thousand_servers_are_walked_once);
	suite_add_tcase(suite, laws);

	tcase_add_checked_fixture(texts, set_up, tear_down);
	tcase_add_test(texts, additions_read_well);
	tcase_add_test(texts, changes_say_from_what_to_what);
	tcase_add_test(texts, removals_name_what_goes);
	tcase_add_loop_test(texts, refusals_are_explained, 0, LT_ARRAY_SIZE(explains));
	tcase_add_test(texts, every_kind_of_operation_has_a_name);
	suite_add_tcase(suite, texts);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
