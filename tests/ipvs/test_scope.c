/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/scope.h"

#include "ipvs/plan.h"
#include "tests/ipvs/tables.h"

#include <check.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define SEED   UINT64_C(0x73636f7065)
#define ROUNDS 200

static struct ipvs_scope scope;
static struct ipvs_table before, after;

static void set_up(void)
{
	tables_init(&before);
	tables_init(&after);
}

static void tear_down(void)
{
	ipvs_scope_done(&scope);
	ipvs_table_done(&before);
	ipvs_table_done(&after);
}

static struct ipvs_key key_of(unsigned port)
{
	return (struct ipvs_key){
		.addr = tables_addr("10.77.0.1"), .protocol = MODEL_TCP, .port = (uint16_t)port};
}

START_TEST(keys_are_kept_in_order_and_once)
{
	uint64_t seed = SEED;

	for (int i = 0; i < 3000; i++) {
		struct ipvs_key key = key_of((unsigned)(tables_next(&seed) % 100));

		ipvs_scope_add(&scope, &key);
	}
	ck_assert_uint_eq(scope.count, 100);
	for (unsigned i = 0; i < 100; i++) {
		struct ipvs_key key = key_of(i), other = key_of(i + 100);

		ck_assert_uint_eq(scope.keys[i].port, i);
		ck_assert(ipvs_scope_holds(&scope, &key));
		ck_assert(!ipvs_scope_holds(&scope, &other));
		ck_assert(ipvs_scope_holds(NULL, &other));
	}
}
END_TEST

/* tables_copy() makes what a kernel would hold; here both are wanted, and known by name. */
static void copy_wanted(void)
{
	ipvs_table_done(&after);
	tables_copy(&before, &after);
	for (size_t i = 0; i < before.service_count; i++)
		after.services[i].identity = before.services[i].identity;
}

START_TEST(what_is_the_same_is_not_in_it)
{
	uint64_t seed = SEED + (uint64_t)_i * 7919;

	ipvs_table_done(&before);
	tables_random(&before, &seed, 6);
	copy_wanted();
	ipvs_scope_changed(&scope, &before, &after);
	ck_assert_uint_eq(scope.count, 0);
}
END_TEST

/* One thing changes in the only service. */
struct change_row {
	const char *name;
	void (*change)(struct ipvs_service *service);
};

static void change_scheduler(struct ipvs_service *service)
{
	snprintf(service->scheduler, sizeof(service->scheduler), "wlc");
}

static void change_weight(struct ipvs_service *service)
{
	service->dests[1].weight = 9;
}

static void change_port(struct ipvs_service *service)
{
	service->dests[1].port = 9;
}

static void change_count(struct ipvs_service *service)
{
	service->dest_count--;
}

static void change_key(struct ipvs_service *service)
{
	service->key.port = 81;
}

static void change_drain_time(struct ipvs_service *service)
{
	service->identity.drain_timeout_us++;
}

static void change_range(struct ipvs_service *service)
{
	service->identity.last_port++;
}

static void change_vip(struct ipvs_service *service)
{
	service->identity.vip = tables_addr("10.77.0.9");
}

static const struct change_row changes[] = {
	{"scheduler", change_scheduler},
	{"weight", change_weight},
	{"server", change_port},
	{"number", change_count},
	{"key", change_key},
	{"drain time", change_drain_time},
	{"range", change_range},
	{"vip", change_vip},
};

START_TEST(what_differs_is_in_it)
{
	struct ipvs_service *service = tables_add(&before, MODEL_TCP, "10.77.0.1", 80);

	tables_add_dest(service, "10.78.0.1", 80, 1);
	tables_add_dest(service, "10.78.0.2", 80, 1);
	tables_add(&before, MODEL_TCP, "10.77.0.2", 80);
	copy_wanted();
	changes[_i].change(&after.services[0]);
	ipvs_scope_changed(&scope, &before, &after);
	ck_assert_msg(ipvs_scope_holds(&scope, &before.services[0].key), "%s", changes[_i].name);
	ck_assert(ipvs_scope_holds(&scope, &after.services[0].key));
	ck_assert(!ipvs_scope_holds(&scope, &before.services[1].key));
}
END_TEST

/* The law: planning within the scope of the change does as much as planning everything. */
START_TEST(a_plan_within_the_scope_is_the_whole_plan)
{
	uint64_t seed = SEED + (uint64_t)_i * 7919;
	struct ipvs_table before_view, after_view;
	struct ipvs_plan whole, part;
	struct ipvs_journal owned;

	ipvs_table_done(&before);
	ipvs_table_done(&after);
	tables_random(&before, &seed, 6);
	tables_random(&after, &seed, 6);
	owned = tables_journal(&before);
	ipvs_scope_changed(&scope, &before, &after);
	ipvs_scope_view(&scope, &before, &before_view);
	ipvs_scope_view(&scope, &after, &after_view);
	ipvs_plan_make(&after, &before, &owned, &whole);
	ipvs_plan_make(&after_view, &before_view, &owned, &part);
	ck_assert_msg(whole.count == part.count, "seed 0x%" PRIx64, SEED + (uint64_t)_i * 7919);
	for (size_t i = 0; i < whole.count; i++) {
		ck_assert_int_eq(whole.ops[i].kind, part.ops[i].kind);
		ck_assert_int_eq(
			ipvs_key_compare(&whole.ops[i].service->key, &part.ops[i].service->key), 0);
		ck_assert_ptr_eq(whole.ops[i].dest, part.ops[i].dest);
	}
	ipvs_plan_done(&whole);
	ipvs_plan_done(&part);
	ipvs_table_done(&before_view);
	ipvs_table_done(&after_view);
	ipvs_journal_done(&owned);
}
END_TEST

/* --- of snapshots --- */

/* Services of a snapshot: "port servers" pairs; ports of the same object are the same. */
struct wish {
	struct model_virtual_server vs;
	struct model_port ports[6];
	struct model_real_server server;
	struct model_service services[6];
	struct model_snapshot snapshot;
};

static void wish_init(struct wish *wish, const char *server)
{
	*wish = (struct wish){.server = {.address = tables_addr(server)}};
	wish->vs = (struct model_virtual_server){.namespace = "default",
	                                         .name = "web",
	                                         .router = "front",
	                                         .servers = &wish->server,
	                                         .server_count = 1};
	wish->snapshot.services = wish->services;
}

/* A service of 'port' that is one of 'of'. */
static void wish_add(struct wish *wish, struct wish *of, uint16_t number)
{
	size_t at = wish->snapshot.service_count++;
	struct model_port *port = &of->ports[number - 80];

	port->protocol = MODEL_TCP;
	port->first = port->last = number;
	port->scheduler = "rr";
	wish->services[at] = (struct model_service){
		.virtual_server = &of->vs, .port = port, .address = tables_addr("10.77.0.1")};
}

START_TEST(what_comes_from_other_objects_may_differ)
{
	struct wish old, new;

	wish_init(&old, "10.78.0.1");
	wish_init(&new, "10.78.0.2");
	for (uint16_t number = 80; number < 84; number++)
		wish_add(&old, &old, number);
	wish_add(&new, &old, 80); /* as before */
	wish_add(&new, &new, 81); /* another object; 82 is gone */
	wish_add(&new, &old, 83);
	new.services[2].mark = 0x1000; /* the same object, but otherwise */
	wish_add(&new, &new, 84);      /* new */
	wish_add(&old, &old, 85);
	wish_add(&new, &old, 85);
	new.services[4].refusal = "a new one wants the ports of its servers";
	ipvs_scope_replaced(&scope, &old.snapshot, &new.snapshot);
	ck_assert_uint_eq(scope.count, 6);
	for (unsigned number = 81; number < 86; number++) {
		struct ipvs_key key = key_of(number);

		ck_assert_msg(ipvs_scope_holds(&scope, &key), "%u", number);
	}
	ck_assert_uint_eq(scope.keys[5].mark, 0x1000);
}
END_TEST

START_TEST(a_server_leads_to_the_services_it_serves)
{
	struct addr first = tables_addr("10.78.0.1"), third = tables_addr("10.78.0.3");
	struct ipvs_key key = key_of(81);
	struct wish one, two;

	wish_init(&one, "10.78.0.1");
	wish_init(&two, "10.78.0.2");
	wish_add(&two, &two, 80);
	wish_add(&two, &one, 81);
	ipvs_scope_served(&scope, &two.snapshot, &third);
	ck_assert_uint_eq(scope.count, 0);
	ipvs_scope_served(&scope, &two.snapshot, &first);
	ck_assert_uint_eq(scope.count, 1);
	ck_assert(ipvs_scope_holds(&scope, &key));
}
END_TEST

START_TEST(a_key_leads_to_its_service)
{
	struct ipvs_key key;
	struct wish wish;

	wish_init(&wish, "10.78.0.1");
	for (uint16_t number = 80; number < 85; number++)
		wish_add(&wish, &wish, number);
	wish.services[4].mark = 0x1000;
	for (size_t i = 0; i < 5; i++) {
		key = ipvs_key_of(&wish.services[i]);
		ck_assert_ptr_eq(ipvs_key_service(&wish.snapshot, &key), &wish.services[i]);
	}
	key.mark = 0x1001;
	ck_assert_ptr_null(ipvs_key_service(&wish.snapshot, &key));
	key = key_of(84); /* is there by its mark only */
	ck_assert_ptr_null(ipvs_key_service(&wish.snapshot, &key));
	key = key_of(79);
	ck_assert_ptr_null(ipvs_key_service(&wish.snapshot, &key));
	key = key_of(80);
	key.protocol = MODEL_UDP;
	ck_assert_ptr_null(ipvs_key_service(&wish.snapshot, &key));
}
END_TEST

START_TEST(a_part_is_built_like_the_whole)
{
	struct ipvs_key unknown = key_of(9);
	struct ipvs_table whole, part;
	struct wish wish;

	wish_init(&wish, "10.78.0.1");
	for (uint16_t number = 80; number < 85; number++)
		wish_add(&wish, &wish, number);
	wish.services[4].mark = 0x1000;
	ipvs_table_build(&wish.snapshot, NULL, NULL, NULL, &whole);
	ipvs_scope_add(&scope, &whole.services[1].key);
	ipvs_scope_add(&scope, &whole.services[4].key);
	ipvs_scope_add(&scope, &unknown);
	ipvs_table_build(&wish.snapshot, &scope, NULL, NULL, &part);
	ck_assert_uint_eq(part.service_count, 2);
	for (size_t i = 0; i < 2; i++) {
		const struct ipvs_service *service = &part.services[i];
		const struct ipvs_service *same = ipvs_table_find(&whole, &service->key);

		ck_assert_ptr_nonnull(same);
		ck_assert(ipvs_service_same(same, service));
		ck_assert_ptr_eq(same->wanted, service->wanted);
		ck_assert_str_eq(same->identity.title, service->identity.title);
		ck_assert_uint_eq(service->dest_count, 1);
		ck_assert_uint_eq(ipvs_table_server_count(service->wanted), 1);
	}
	ipvs_table_done(&whole);
	ipvs_table_done(&part);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/scope");
	TCase *tcase = tcase_create("scope");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, keys_are_kept_in_order_and_once);
	tcase_add_loop_test(tcase, what_is_the_same_is_not_in_it, 0, ROUNDS);
	tcase_add_loop_test(tcase, what_differs_is_in_it, 0, LT_ARRAY_SIZE(changes));
	tcase_add_loop_test(tcase, a_plan_within_the_scope_is_the_whole_plan, 0, ROUNDS);
	tcase_add_test(tcase, what_comes_from_other_objects_may_differ);
	tcase_add_test(tcase, a_server_leads_to_the_services_it_serves);
	tcase_add_test(tcase, a_key_leads_to_its_service);
	tcase_add_test(tcase, a_part_is_built_like_the_whole);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
