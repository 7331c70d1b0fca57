/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/verdicts.h"

#include "lib/endpoint.h"
#include "lib/mono.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SERVER_MAX 4

/* A virtual server with servers 10.78.0.1, 10.78.0.2...; its checks are carried out by nobody but
 * the table, which is told of results. */
static struct model_health_check check;
static struct model_quorum quorum;
static struct model_sorry_server sorry[2];
static struct model_virtual_server vs;
static struct model_port port;
static struct model_real_server servers[SERVER_MAX];
static struct model_service services[2];
static struct model_snapshot snapshot;
static struct health_table *health;
static struct verdicts verdicts;

static struct addr addr(const char *text)
{
	struct addr parsed;

	ck_assert_int_eq(addr_parse(text, &parsed), 0);
	return parsed;
}

static const struct health_entry *find(const void *ctx, const struct health_target *target)
{
	return health_table_find(ctx, target);
}

static void set_up(void)
{
	static const size_t rooms[HEALTH_CLASS_COUNT] = {100, 100};

	check = (struct model_health_check){
		.type = MODEL_HEALTH_TCP,
		.interval_us = US_PER_S,
		.timeout_us = US_PER_S / 2,
		.rise = 1,
		.fall = 1,
		.http = {.method = "", .path = "", .host = "", .body = ""},
		.tls = {.server_name = "", .ca_file = "", .certificate_file = "", .key_file = ""},
		.udp = {.send = "", .expect = ""},
		.dns = {.name = ""}};
	vs = (struct model_virtual_server){.namespace = "default",
	                                   .name = "web",
	                                   .persistence_prefix4 = 32,
	                                   .persistence_prefix6 = 128,
	                                   .servers = servers,
	                                   .health = &check};
	port = (struct model_port){
		.protocol = MODEL_TCP, .first = 80, .last = 80, .target = 8080, .scheduler = "wrr"};
	services[0] = (struct model_service){
		.virtual_server = &vs, .port = &port, .address = addr("10.77.0.100")};
	snapshot = (struct model_snapshot){.services = services, .service_count = 1};
	health = health_table_new(rooms, 1);
	verdicts = (struct verdicts){.find = find, .ctx = health};
}

static void tear_down(void)
{
	health_table_free(health);
}

static struct model_real_server *add_server(uint32_t weight)
{
	char text[32];
	struct model_real_server *server = &servers[vs.server_count++];

	snprintf(text, sizeof(text), "10.78.0.%zu", vs.server_count);
	*server = (struct model_real_server){.address = addr(text), .weight = weight};
	return server;
}

static void want(void)
{
	size_t count;
	struct health_target *targets = verdicts_targets(&snapshot, &count);

	health_table_want(health, targets, count, US_PER_S, NULL, NULL);
	free(targets);
}

/* Every target is checked once: up, but for those whose letter in 'fate' is 'd'; by the last byte
 * of the address. */
static void check_all(const char *fate)
{
	struct health_entry *entry;
	int64_t now_us = 100 * US_PER_S;

	while ((entry = health_table_begin(health, now_us))) {
		const struct health_target *target = health_entry_target(entry);
		bool down = fate[target->address.bytes[3] - 1] == 'd';
		(void)health_table_end(health, entry, down ? HEALTH_REFUSED : HEALTH_OK, NULL,
		                       now_us);
	}
}

/* "10.78.0.1:8080=1 ..." of the first service. */
static const char *result(char *buf, size_t size,
                          bool (*drained)(const void *, const struct addr *, uint16_t))
{
	struct ipvs_table table;
	char text[ENDPOINT_TEXT_SIZE];
	size_t used = 0;

	buf[0] = '\0';
	ipvs_table_build(&snapshot, NULL, drained, NULL, &table);
	verdicts_apply(&verdicts, &table);
	for (size_t i = 0; i < table.services[0].dest_count; i++) {
		const struct ipvs_dest *dest = &table.services[0].dests[i];
		used += (size_t)snprintf(buf + used, size - used, "%s%s=%u", i ? " " : "",
		                         endpoint_format(&dest->addr, dest->port, text),
		                         dest->weight);
	}
	ipvs_table_done(&table);
	return buf;
}

static bool first_is_drained(const void *ctx, const struct addr *address, uint16_t number)
{
	return address->bytes[3] == 1;
}

static const struct {
	const char *fate; /* of the two servers */
	enum model_health_failure failure;
	enum model_all_down all_down;
	bool sorry, drained; /* the first, by hand */
	const char *result;
} rows[] = {
	{"uu", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_STOP, true, false,
         "10.78.0.1:8080=3 10.78.0.2:8080=5"},
	{"ud", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_STOP, true, false,
         "10.78.0.1:8080=3 10.78.0.2:8080=0"},
	{"ud", MODEL_HEALTH_REMOVE, MODEL_ALL_DOWN_STOP, true, false, "10.78.0.1:8080=3"},
	{"dd", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_STOP, false, false,
         "10.78.0.1:8080=0 10.78.0.2:8080=0"},
	{"dd", MODEL_HEALTH_REMOVE, MODEL_ALL_DOWN_STOP, false, false, ""},
	{"dd", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_SERVE, true, false,
         "10.78.0.1:8080=3 10.78.0.2:8080=5"},
	{"dd", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_STOP, true, false,
         "10.77.0.50:9000=1 10.78.0.1:8080=0 10.78.0.2:8080=0"},
	{"dd", MODEL_HEALTH_REMOVE, MODEL_ALL_DOWN_STOP, true, false, "10.77.0.50:9000=1"},
	{"ud", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_STOP, true, true,
         "10.77.0.50:9000=1 10.78.0.1:8080=0 10.78.0.2:8080=0"},
	{"ud", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_SERVE, false, true,
         "10.78.0.1:8080=0 10.78.0.2:8080=5"},
	{"uu", MODEL_HEALTH_DRAIN, MODEL_ALL_DOWN_STOP, true, true,
         "10.78.0.1:8080=0 10.78.0.2:8080=5"},
};

START_TEST(verdicts_and_hands_together_make_the_weights)
{
	char buf[512];

	check.failure = rows[_i].failure;
	vs.all_down = rows[_i].all_down;
	add_server(3);
	add_server(5);
	sorry[0] = (struct model_sorry_server){.address = addr("2001:db8::50"), .port = 9000};
	sorry[1] = (struct model_sorry_server){.address = addr("10.77.0.50"), .port = 9000};
	vs.sorry_servers = sorry;
	vs.sorry_server_count = rows[_i].sorry ? 2 : 0;
	want();
	check_all(rows[_i].fate);
	ck_assert_str_eq(result(buf, sizeof(buf), rows[_i].drained ? first_is_drained : NULL),
	                 rows[_i].result);
}
END_TEST

START_TEST(what_is_removed_goes_without_taking_leave)
{
	struct ipvs_table table;

	check.failure = MODEL_HEALTH_REMOVE;
	add_server(1);
	add_server(1);
	want();
	check_all("ud");
	ipvs_table_build(&snapshot, NULL, NULL, NULL, &table);
	verdicts_apply(&verdicts, &table);
	ck_assert_uint_eq(table.services[0].dest_count, 1);
	ck_assert_uint_eq(table.services[0].dropped_count, 1);
	ck_assert(addr_equal(&table.services[0].dropped[0].addr, &servers[1].address));
	ipvs_table_done(&table);
}
END_TEST

START_TEST(before_the_first_verdict_counts_what_start_says)
{
	char buf[512];

	check.start = _i ? MODEL_HEALTH_START_DOWN : MODEL_HEALTH_START_UP;
	add_server(1);
	/* not even asked for, then asked for and not answered */
	for (int turn = 0; turn < 2; turn++) {
		ck_assert_str_eq(result(buf, sizeof(buf), NULL),
		                 _i ? "10.78.0.1:8080=0" : "10.78.0.1:8080=1");
		want();
	}
	check_all("u");
	ck_assert_str_eq(result(buf, sizeof(buf), NULL), "10.78.0.1:8080=1");
}
END_TEST

START_TEST(a_servers_own_check_wins_and_none_is_none)
{
	struct model_health_check own = check, none = check;
	char buf[512];
	size_t count;

	own.port = 9;
	none.type = MODEL_HEALTH_NONE;
	add_server(1);
	add_server(1)->health = &own;
	add_server(1)->health = &none;
	struct health_target *targets = verdicts_targets(&snapshot, &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_uint_eq(targets[0].port, 8080);
	ck_assert_uint_eq(targets[1].port, 9);
	free(targets);
	want();
	check_all("ddd");
	ck_assert_str_eq(result(buf, sizeof(buf), NULL),
	                 "10.78.0.1:8080=0 10.78.0.2:8080=0 10.78.0.3:8080=1");
}
END_TEST

START_TEST(servers_of_the_other_family_and_refused_ranges_are_not_checked)
{
	size_t count;

	add_server(1);
	add_server(1)->address = addr("2001:db8::2");
	free(verdicts_targets(&snapshot, &count));
	ck_assert_uint_eq(count, 1);
	services[0].refusal = "no";
	free(verdicts_targets(&snapshot, &count));
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(endpoints_of_a_port_are_checked_as_servers_are)
{
	char buf[512];

	add_server(1);
	add_server(1);
	port.own_servers = true;
	port.servers = servers;
	port.server_count = 2;
	servers[0].port = 31000; /* as a named target port may lead anywhere */
	vs.servers = NULL;
	vs.server_count = 0;
	want();
	check_all("du");
	ck_assert_str_eq(result(buf, sizeof(buf), NULL), "10.78.0.1:31000=0 10.78.0.2:8080=1");
}
END_TEST

START_TEST(the_weights_that_are_up_are_what_a_quorum_counts)
{
	struct ipvs_table table;

	vs.quorum = &quorum;
	add_server(3);
	add_server(5);
	want();
	check_all("ud");
	ipvs_table_build(&snapshot, NULL, NULL, NULL, &table);
	struct verdicts_service judged =
		verdicts_judge(&verdicts, &table.arena, &table.services[0]);
	ck_assert_uint_eq(judged.result.up_weight, 3);
	ck_assert_uint_eq(judged.whole_weight, 8);
	ck_assert_ptr_nonnull(judged.servers[1].entry);
	ck_assert_int_eq(judged.servers[1].judged.use, HEALTH_USE_DRAIN);
	ipvs_table_done(&table);
}
END_TEST

START_TEST(a_sorry_server_is_told_from_a_server_that_is_both)
{
	struct ipvs_dest dest;

	add_server(1);
	sorry[0] = (struct model_sorry_server){.address = addr("10.77.0.50")};
	vs.sorry_servers = sorry;
	vs.sorry_server_count = 1;
	dest = (struct ipvs_dest){.addr = sorry[0].address, .port = 8080};
	ck_assert(verdicts_is_sorry(&services[0], &dest));
	dest.addr = servers[0].address;
	ck_assert(!verdicts_is_sorry(&services[0], &dest));
	sorry[0].address = servers[0].address;
	ck_assert(!verdicts_is_sorry(&services[0], &dest));
	/* ... which then serves although it is down. */
	char buf[512];
	want();
	check_all("d");
	ck_assert_str_eq(result(buf, sizeof(buf), NULL), "10.78.0.1:8080=1");
}
END_TEST

START_TEST(plan_takes_the_kernels_word_for_what_is_down)
{
	struct ipvs_table found, wanted;

	check.failure = _i ? MODEL_HEALTH_REMOVE : MODEL_HEALTH_DRAIN;
	add_server(3);
	add_server(5);
	sorry[0] = (struct model_sorry_server){.address = addr("10.77.0.50")};
	vs.sorry_servers = sorry;
	vs.sorry_server_count = 1;
	want();
	for (int turn = 0; turn < 2; turn++) {
		ipvs_table_build(&snapshot, NULL, NULL, NULL, &found);
		verdicts_apply(&verdicts, &found);
		ipvs_table_build(&snapshot, NULL, NULL, NULL, &wanted);
		ck_assert_int_eq(verdicts_foresee(&wanted, &found), turn);
		ck_assert_uint_eq(wanted.services[0].dest_count, found.services[0].dest_count);
		for (size_t i = 0; i < wanted.services[0].dest_count; i++)
			ck_assert(ipvs_dest_same(&wanted.services[0].dests[i],
			                         &found.services[0].dests[i]));
		ipvs_table_done(&found);
		ipvs_table_done(&wanted);
		check_all("dd"); /* and once more, with the sorry server */
	}
}
END_TEST

START_TEST(nothing_is_made_of_virtual_servers_without_checks)
{
	ck_assert(model_virtual_server_is_judged(&vs));
	vs.health = NULL;
	ck_assert(!model_virtual_server_is_judged(&vs));
	vs.quorum = &quorum;
	ck_assert(model_virtual_server_is_judged(&vs));
	vs.quorum = NULL;
	vs.sorry_server_count = 1;
	ck_assert(model_virtual_server_is_judged(&vs));
	vs.sorry_server_count = 0;
	vs.has_own_checks = true;
	ck_assert(model_virtual_server_is_judged(&vs));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("daemon_verdicts");
	TCase *tc = tcase_create("verdicts");

	tcase_add_checked_fixture(tc, set_up, tear_down);
	tcase_add_loop_test(tc, verdicts_and_hands_together_make_the_weights, 0,
	                    sizeof(rows) / sizeof(rows[0]));
	tcase_add_test(tc, what_is_removed_goes_without_taking_leave);
	tcase_add_loop_test(tc, before_the_first_verdict_counts_what_start_says, 0, 2);
	tcase_add_test(tc, a_servers_own_check_wins_and_none_is_none);
	tcase_add_test(tc, servers_of_the_other_family_and_refused_ranges_are_not_checked);
	tcase_add_test(tc, endpoints_of_a_port_are_checked_as_servers_are);
	tcase_add_test(tc, the_weights_that_are_up_are_what_a_quorum_counts);
	tcase_add_test(tc, a_sorry_server_is_told_from_a_server_that_is_both);
	tcase_add_loop_test(tc, plan_takes_the_kernels_word_for_what_is_down, 0, 2);
	tcase_add_test(tc, nothing_is_made_of_virtual_servers_without_checks);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
