/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What follows from verdicts, quorums above all. The loop does not run, so nothing is checked:
 * servers count as 'start' says, and drains by hand do the rest. */
#include "daemon/checks.h"

#include "lib/fileio.h"
#include "lib/mono.h"
#include "tests/scratch_dir.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVERS 3

static struct loop *loop;
static struct checks checks;
static struct drains drains;
static unsigned told; /* times that restraints were said to have changed */

static struct model_health_check check;
static struct model_quorum quorums[2];
static struct model_real_server servers[SERVERS];
static struct model_port port;
static struct model_router router;
static struct model_virtual_server vs[2];
static const struct model_virtual_server *virtual_servers[2] = {&vs[0], &vs[1]};
static struct model_service services[2];
static struct model_snapshot snapshot;

static struct addr addr(const char *text)
{
	struct addr parsed;

	ck_assert_int_eq(addr_parse(text, &parsed), 0);
	return parsed;
}

static void changed(void *ctx, const struct ipvs_scope *scope)
{
	ck_abort_msg("nothing was checked");
}

static void restrained(void *ctx)
{
	told++;
}

static void set_up(void)
{
	const struct checks_handlers handlers = {.changed = changed, .restrained = restrained};
	static const char *const names[] = {"a", "b"};
	char text[32];

	told = 0;
	drains = (struct drains){0};
	check = (struct model_health_check){
		.type = MODEL_HEALTH_TCP,
		.interval_us = 1000000,
		.timeout_us = 500000,
		.rise = 1,
		.fall = 1,
		.http = {.method = "", .path = "", .host = "", .body = ""},
		.tls = {.server_name = "", .ca_file = "", .certificate_file = "", .key_file = ""},
		.udp = {.send = "", .expect = ""},
		.dns = {.name = ""}};
	router = (struct model_router){.name = "front", .priority = 100};
	port = (struct model_port){
		.protocol = MODEL_TCP, .first = 80, .last = 80, .scheduler = "rr"};
	for (size_t i = 0; i < SERVERS; i++) {
		snprintf(text, sizeof(text), "10.78.0.%zu", i + 1);
		servers[i] = (struct model_real_server){.address = addr(text), .weight = 1};
	}
	for (size_t i = 0; i < 2; i++) {
		quorums[i] = (struct model_quorum){.minimum = 2};
		vs[i] = (struct model_virtual_server){.namespace = "default",
		                                      .name = names[i],
		                                      .router = "front",
		                                      .persistence_prefix4 = 32,
		                                      .persistence_prefix6 = 128,
		                                      .servers = servers,
		                                      .server_count = SERVERS,
		                                      .quorum = &quorums[i],
		                                      .health = &check};
		snprintf(text, sizeof(text), "10.77.0.%zu", 100 + i);
		services[i] = (struct model_service){.virtual_server = &vs[i],
		                                     .port = &port,
		                                     .router = &router,
		                                     .address = addr(text)};
	}
	snapshot = (struct model_snapshot){.virtual_servers = virtual_servers,
	                                   .virtual_server_count = 1,
	                                   .services = services,
	                                   .service_count = 1};
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(checks_open(&checks, loop, NULL, &drains, &handlers), 0);
}

static void tear_down(void)
{
	checks_close(&checks);
	drains_done(&drains);
	loop_free(loop);
}

/* So many servers are left in service. */
static void leave(size_t count)
{
	for (size_t i = 0; i < SERVERS; i++) {
		const struct endpoint server = {.address = servers[i].address};
		int rc = i < count ? drains_remove(&drains, &server) : drains_add(&drains, &server);
		ck_assert(rc == 0 || rc == -EEXIST || rc == -ENOENT); /* it is so already */
	}
	checks_drains_changed(&checks);
}

static const struct checks_virtual *first(void)
{
	return checks_find(&checks, &vs[0]);
}

static const struct {
	enum model_quorum_loss loss;
	enum model_health_start start;
	size_t restraints;
	bool withdrawn;
	unsigned cut;
} rows[] = {
	{MODEL_QUORUM_WITHDRAW, MODEL_HEALTH_START_UP, 0, false, 0},
	{MODEL_QUORUM_NONE, MODEL_HEALTH_START_DOWN, 0, false, 0},
	{MODEL_QUORUM_LOWER, MODEL_HEALTH_START_DOWN, 1, false, 30},
	{MODEL_QUORUM_WITHDRAW, MODEL_HEALTH_START_DOWN, 1, true, 0},
};

START_TEST(a_lost_quorum_restrains_the_router_as_it_says)
{
	const struct vrrp_restraint *restraints;
	size_t count;

	quorums[0].loss = rows[_i].loss;
	quorums[0].priority_cut = 30;
	check.start = rows[_i].start;
	checks_want(&checks, &snapshot);
	restraints = checks_restraints(&checks, &count);
	ck_assert_uint_eq(count, rows[_i].restraints);
	ck_assert_uint_eq(told, rows[_i].restraints);
	ck_assert_int_eq(first()->met, rows[_i].start == MODEL_HEALTH_START_UP);
	if (count > 0) {
		ck_assert_str_eq(restraints[0].router, "front");
		ck_assert_int_eq(restraints[0].withdrawn, rows[_i].withdrawn);
		ck_assert_uint_eq(restraints[0].priority_cut, rows[_i].cut);
	}
	/* the same once more is no news */
	checks_want(&checks, &snapshot);
	ck_assert_uint_eq(told, rows[_i].restraints);
	ck_assert_uint_eq(checks.quorum_loss_count, !first()->met);
}
END_TEST

START_TEST(what_quorums_do_to_a_router_is_reported_with_it)
{
	json_t *list, *health;
	size_t count;

	quorums[0].loss = rows[_i].loss;
	quorums[0].priority_cut = 30;
	check.start = rows[_i].start;
	checks_want(&checks, &snapshot);
	list = checks_report_router(&checks, "front", mono_now_us(), &count);
	ck_assert_uint_eq(count, rows[_i].restraints);
	ck_assert_uint_eq(json_array_size(list), count);
	if (count > 0) {
		const json_t *item = json_array_get(list, 0);
		const json_t *change = json_object_get(item, "priorityChange");

		ck_assert_str_eq(json_string_value(json_object_get(item, "virtualServer")),
		                 "default/a");
		ck_assert_str_eq(json_string_value(json_object_get(item, "why")),
		                 "too few servers of default/a are up");
		ck_assert_int_eq(json_is_true(json_object_get(item, "withdraws")),
		                 rows[_i].withdrawn);
		ck_assert_int_eq(json_is_null(change), rows[_i].withdrawn);
		ck_assert_int_eq(json_integer_value(change), -(int)rows[_i].cut);
	}
	json_decref(list);
	list = checks_report_router(&checks, "another", mono_now_us(), &count);
	ck_assert_uint_eq(count + json_array_size(list), 0);
	json_decref(list);
	health = checks_report(&checks, mono_now_us());
	ck_assert_int_eq(json_integer_value(json_object_get(health, "targets")), SERVERS);
	ck_assert(json_is_integer(json_object_get(health, "waiting")));
	ck_assert(json_is_integer(json_object_get(health, "lateChecks")));
	json_decref(health);
}
END_TEST

START_TEST(each_virtual_server_of_a_router_adds_its_own)
{
	size_t count;

	snapshot.virtual_server_count = snapshot.service_count = 2;
	quorums[0].loss = quorums[1].loss = MODEL_QUORUM_LOWER;
	quorums[0].priority_cut = quorums[1].priority_cut = 30;
	check.start = MODEL_HEALTH_START_DOWN;
	checks_want(&checks, &snapshot);
	(void)checks_restraints(&checks, &count);
	ck_assert_uint_eq(count, 2);
	/* ... and one that is gone adds nothing. */
	snapshot.virtual_server_count = snapshot.service_count = 1;
	checks_want(&checks, &snapshot);
	(void)checks_restraints(&checks, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_ptr_null(checks_find(&checks, &vs[1]));
}
END_TEST

START_TEST(a_quorum_that_is_regained_counts_when_it_lasted)
{
	const struct vrrp_restraint *restraints;
	size_t count;

	router.damping_hold_us = INT64_C(3600) * 1000000;
	router.damping_max_us = 2 * router.damping_hold_us;
	quorums[0].loss = MODEL_QUORUM_WITHDRAW;
	checks_want(&checks, &snapshot);
	(void)checks_restraints(&checks, &count);
	ck_assert_uint_eq(count, 0);
	leave(0);
	leave(SERVERS);
	ck_assert(first()->met);
	restraints = checks_restraints(&checks, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert(restraints[0].withdrawn);
	ck_assert_ptr_nonnull(strstr(restraints[0].why, "until just now"));
	ck_assert_uint_eq(first()->damper.changes, 1);
	/* Without damping at once. */
	router.damping_hold_us = 0;
	checks_want(&checks, &snapshot);
	(void)checks_restraints(&checks, &count);
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(hysteresis_holds_over_a_reload)
{
	quorums[0].hysteresis = 1;
	checks_want(&checks, &snapshot);
	ck_assert(first()->met);
	leave(1); /* not below 2 - 1 yet */
	ck_assert(first()->met);
	leave(0);
	ck_assert(!first()->met);
	leave(1);
	ck_assert(!first()->met);
	checks_want(&checks, &snapshot);
	ck_assert(!first()->met);
	leave(3);
	ck_assert(first()->met);
	leave(1);
	checks_want(&checks, &snapshot);
	ck_assert(first()->met);
}
END_TEST

START_TEST(who_answers_is_known)
{
	static struct model_sorry_server sorry;

	sorry.address = addr("10.77.0.50");
	checks_want(&checks, &snapshot);
	ck_assert_int_eq(first()->serving, CHECKS_SERVERS);
	ck_assert_uint_eq(checks_problem_count(&checks), 0);
	leave(0);
	ck_assert_int_eq(first()->serving, CHECKS_NOBODY);
	ck_assert_uint_eq(checks_problem_count(&checks), 1);
	vs[0].sorry_servers = &sorry;
	vs[0].sorry_server_count = 1;
	checks_want(&checks, &snapshot);
	ck_assert_int_eq(first()->serving, CHECKS_SORRY);
	leave(3);
	check.start = MODEL_HEALTH_START_DOWN;
	vs[0].all_down = MODEL_ALL_DOWN_SERVE;
	checks_want(&checks, &snapshot);
	ck_assert_int_eq(first()->serving, CHECKS_ANYWAY);
}
END_TEST

START_TEST(a_family_without_servers_does_not_count_when_the_other_has_some)
{
	snapshot.service_count = 2;
	services[1] = services[0];
	services[1].address = addr("2001:db8::100");
	checks_want(&checks, &snapshot);
	ck_assert(first()->met);
	ck_assert_uint_eq(first()->up_weight, 3);
	vs[0].server_count = 0;
	checks_want(&checks, &snapshot);
	ck_assert(!first()->met);
}
END_TEST

START_TEST(what_is_wrong_reads_as_a_sentence)
{
	struct text text = {0};

	checks_want(&checks, &snapshot);
	checks_explain_virtual(first(), &text);
	ck_assert_str_eq(text_str(&text), "");
	quorums[0].loss = MODEL_QUORUM_LOWER;
	leave(1);
	checks_explain_virtual(first(), &text);
	ck_assert_str_eq(text_str(&text),
	                 "VirtualServer default/a: quorum lost, weight 1 is up of at least 2: "
	                 "the priority of its virtual router is lowered");
	text_clear(&text);
	quorums[0].loss = MODEL_QUORUM_WITHDRAW;
	leave(0);
	checks_explain_virtual(first(), &text);
	ck_assert_str_eq(
		text_str(&text),
		"VirtualServer default/a: no server can serve; quorum lost, weight 0 is up "
		"of at least 2: its virtual router is withdrawn on this node");
	text_done(&text);
}
END_TEST

/* --- over a restart --- */

/* A former daemon, so long ago, found the first server down and the second one up. */
static void remember(int64_t age_us)
{
	static const enum health_state states[] = {HEALTH_DOWN, HEALTH_UP};
	struct health_memory memory = {0};
	struct text text = {0};
	char path[SCRATCH_PATH_SIZE];

	memory.count = LT_ARRAY_SIZE(states);
	memory.entries = calloc(memory.count, sizeof(*memory.entries));
	for (size_t i = 0; i < memory.count; i++) {
		memory.entries[i] = (struct health_memory_entry){.address = servers[i].address,
		                                                 .port = 80,
		                                                 .type = MODEL_HEALTH_TCP,
		                                                 .probe = 0xa988dff7, /* of tcp */
		                                                 .state = states[i],
		                                                 .result = HEALTH_REFUSED,
		                                                 .since_us = -90 * US_PER_S};
	}
	health_memory_encode(&memory, 0, mono_wall_us() - age_us, &text);
	ck_assert_int_eq(fileio_replace(scratch_dir_path(CHECKS_MEMORY_FILE, path), text_str(&text),
	                                text.len, 0600),
	                 0);
	text_done(&text);
	health_memory_done(&memory);
}

/* ... and this is the next one. */
static void restart(void)
{
	const struct checks_handlers handlers = {.changed = changed, .restrained = restrained};

	checks_close(&checks);
	ck_assert_int_eq(checks_open(&checks, loop, scratch_dir, &drains, &handlers), 0);
}

static enum health_state state_of(size_t server)
{
	const struct health_target target =
		health_target_make(&servers[server].address, 80, &check);
	const struct health_entry *entry = checks.verdicts.find(checks.verdicts.ctx, &target);

	return entry ? health_entry_machine(entry)->state : HEALTH_UNKNOWN;
}

START_TEST(verdicts_of_before_a_restart_are_known_before_anything_is_wanted)
{
	struct text text = {0};
	struct ipvs_table table;

	scratch_dir_make();
	check.start = MODEL_HEALTH_START_DOWN;
	remember(5 * US_PER_S);
	restart();
	checks_expect(&checks, &snapshot);
	ck_assert_int_eq(state_of(0), HEALTH_DOWN);
	ck_assert_int_eq(state_of(1), HEALTH_UP);
	ck_assert_int_eq(state_of(2), HEALTH_UNKNOWN);
	checks_want(&checks, &snapshot);
	ck_assert_uint_eq(first()->up_count, 1);
	checks_build(&checks, &table);
	const struct verdicts_service judged =
		verdicts_judge(&checks.verdicts, &table.arena, &table.services[0]);
	checks_explain(&judged.servers[0], &text);
	ck_assert_str_eq(text_str(&text), "tcp: refused, known from before the restart");
	int64_t since_us = health_entry_machine(judged.servers[0].entry)->since_us;
	int64_t ago_s = (mono_now_us() - since_us) / US_PER_S;
	ck_assert(ago_s >= 94 && ago_s <= 100);
	text_done(&text);
	ipvs_table_done(&table);
	/* This one writes down what it knows, tried again or not. */
	restart();
	checks_expect(&checks, &snapshot);
	ck_assert_int_eq(state_of(0), HEALTH_DOWN);
	ck_assert_int_eq(state_of(1), HEALTH_UP);
	scratch_dir_remove();
}
END_TEST

START_TEST(verdicts_that_are_old_or_unreadable_say_nothing)
{
	char path[SCRATCH_PATH_SIZE];

	scratch_dir_make();
	remember(HEALTH_MEMORY_MAX_AGE_US + 5 * US_PER_S);
	restart();
	checks_expect(&checks, &snapshot);
	ck_assert_int_eq(state_of(0), HEALTH_UNKNOWN);
	ck_assert_int_eq(
		fileio_replace(scratch_dir_path(CHECKS_MEMORY_FILE, path), "rubbish\n", 8, 0600),
		0);
	restart();
	checks_expect(&checks, &snapshot);
	ck_assert_int_eq(state_of(0), HEALTH_UNKNOWN);
	scratch_dir_remove();
}
END_TEST

START_TEST(a_daemon_that_never_knew_what_to_check_keeps_what_was_known)
{
	scratch_dir_make();
	remember(5 * US_PER_S);
	restart(); /* ends before it heard of a snapshot */
	restart();
	checks_expect(&checks, &snapshot);
	ck_assert_int_eq(state_of(0), HEALTH_DOWN);
	scratch_dir_remove();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon_checks");
	TCase *tc = tcase_create("checks");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, a_lost_quorum_restrains_the_router_as_it_says, 0,
	                    sizeof(rows) / sizeof(rows[0]));
	tcase_add_loop_test(tc, what_quorums_do_to_a_router_is_reported_with_it, 0,
	                    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, each_virtual_server_of_a_router_adds_its_own);
	tcase_add_test(tc, a_quorum_that_is_regained_counts_when_it_lasted);
	tcase_add_test(tc, hysteresis_holds_over_a_reload);
	tcase_add_test(tc, who_answers_is_known);
	tcase_add_test(tc, a_family_without_servers_does_not_count_when_the_other_has_some);
	tcase_add_test(tc, what_is_wrong_reads_as_a_sentence);
	tcase_add_test(tc, verdicts_of_before_a_restart_are_known_before_anything_is_wanted);
	tcase_add_test(tc, verdicts_that_are_old_or_unreadable_say_nothing);
	tcase_add_test(tc, a_daemon_that_never_knew_what_to_check_keeps_what_was_known);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
