/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which reports become which events: a FIFO of the test's own is told, and read at once. */
#include "daemon/events.h"

#include "daemon/app.h"
#include "lib/mono.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static struct app app;
static struct daemon_run_options options;
static struct news_target *target;
static struct model_router_status routers[2];
static int fifo;

static void invent_router(struct model_router_status *router, const char *name, uint8_t id)
{
	*router = (struct model_router_status){
		.virtual_router_id = id, .interface = "eth0", .priority = 100};
	strcpy(router->name, name);
}

static void set_up(void)
{
	char path[SCRATCH_PATH_SIZE];
	struct text text = {0};
	const char *texts[1];

	scratch_dir_make();
	text_printf(&text, "fifo:%s", scratch_dir_path("events", path));
	texts[0] = text_str(&text);
	ck_assert_int_eq(news_targets_parse(texts, 1, &target, &text), 0);
	text_done(&text);
	options = (struct daemon_run_options){.node = "lb-a", .notify = target, .notify_count = 1};
	app = (struct app){.options = &options};
	ck_assert_int_eq(loop_new(&app.loop), 0);
	ck_assert_int_eq(checks_open(&app.checks, app.loop, scratch_dir, &app.reconcile.drains,
	                             &(struct checks_handlers){.ctx = NULL}),
	                 0);
	ck_assert_int_eq(events_open(&app.events, &app), 0);
	fifo = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
	ck_assert_int_ge(fifo, 0);
	invent_router(&routers[0], "front", 51);
	invent_router(&routers[1], "back", 52);
}

static void tear_down(void)
{
	events_close(&app.events);
	checks_close(&app.checks);
	loop_free(app.loop);
	news_targets_free(target, 1);
	close(fifo);
	scratch_dir_remove();
}

static void change(struct model_router_status *router, enum model_router_state to,
                   enum model_router_reason reason)
{
	memmove(&router->transitions[1], &router->transitions[0],
	        (MODEL_TRANSITIONS_KEPT - 1) * sizeof(router->transitions[0]));
	router->transitions[0] = (struct model_transition){
		.at_us = mono_now_us(), .from = router->state, .to = to, .reason = reason};
	if (router->transition_count < MODEL_TRANSITIONS_KEPT)
		router->transition_count++;
	router->counters.transitions[to][reason]++;
	router->state = to;
	router->reason = reason;
}

/* What was told since the last time: "event router from>to ..." of each, current lines aside. */
static const char *told(void)
{
	static char said[4096];
	static char data[65536];
	ssize_t n = read(fifo, data, sizeof(data) - 1);
	char *rest = NULL;

	said[0] = '\0';
	data[n > 0 ? n : 0] = '\0';
	for (char *line = strtok_r(data, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
		json_t *event = json_loads(line, 0, NULL);
		static const char *const members[] = {"event", "router", "from", "to", "problem"};

		ck_assert_msg(event != NULL, "%s", line);
		for (size_t i = 0; i < LT_ARRAY_SIZE(members); i++) {
			const char *text = json_string_value(json_object_get(event, members[i]));

			if (!text || json_is_true(json_object_get(event, "current")))
				continue;
			if (i || said[0])
				strcat(said, i ? " " : "; ");
			strcat(said, text);
		}
		json_decref(event);
	}
	return said;
}

START_TEST(each_transition_is_told_once_and_in_order_however_many_a_report_has)
{
	events_routers(&app.events, routers, 2);
	ck_assert_str_eq(told(), "");
	change(&routers[0], MODEL_ROUTER_BACKUP, MODEL_REASON_STARTUP);
	change(&routers[0], MODEL_ROUTER_ACTIVE, MODEL_REASON_ACTIVE_DOWN);
	change(&routers[1], MODEL_ROUTER_BACKUP, MODEL_REASON_STARTUP);
	events_routers(&app.events, routers, 2);
	ck_assert_str_eq(told(), "router front Initialize Backup; router front Backup Active; "
	                         "router back Initialize Backup");
	events_routers(&app.events, routers, 2);
	ck_assert_str_eq(told(), "");
	for (int i = 0; i < 20; i++)
		change(&routers[0], i % 2 ? MODEL_ROUTER_ACTIVE : MODEL_ROUTER_BACKUP,
		       MODEL_REASON_LATE);
	events_routers(&app.events, &routers[0], 1);
	/* 'back' went, and of twenty changes eight are known. */
	ck_assert_str_eq(told(), "router back Backup Initialize; "
	                         "router front Active Backup; router front Backup Active; "
	                         "router front Active Backup; router front Backup Active; "
	                         "router front Active Backup; router front Backup Active; "
	                         "router front Active Backup; router front Backup Active");
	ck_assert_uint_eq(app.events.sequence, 12);
}
END_TEST

START_TEST(a_router_that_comes_back_is_told_from_its_beginning)
{
	change(&routers[0], MODEL_ROUTER_BACKUP, MODEL_REASON_STARTUP);
	change(&routers[0], MODEL_ROUTER_ACTIVE, MODEL_REASON_ACTIVE_DOWN);
	events_routers(&app.events, routers, 1);
	events_routers(&app.events, routers, 0);
	(void)told();
	invent_router(&routers[0], "front", 51);
	change(&routers[0], MODEL_ROUTER_BACKUP, MODEL_REASON_STARTUP);
	events_routers(&app.events, routers, 1);
	ck_assert_str_eq(told(), "router front Initialize Backup");
	/* Another ID: the one before was let go, this one begins; between two reports. */
	invent_router(&routers[0], "front", 53);
	change(&routers[0], MODEL_ROUTER_BACKUP, MODEL_REASON_STARTUP);
	events_routers(&app.events, routers, 1);
	ck_assert_str_eq(told(), "router front Initialize Backup");
}
END_TEST

START_TEST(problems_are_told_when_they_begin_change_and_end)
{
	events_routers(&app.events, routers, 1);
	strcpy(routers[0].problem, "one");
	events_routers(&app.events, routers, 1);
	events_routers(&app.events, routers, 1);
	strcpy(routers[0].problem, "another");
	events_routers(&app.events, routers, 1);
	routers[0].problem[0] = '\0';
	events_routers(&app.events, routers, 1);
	ck_assert_str_eq(told(), "router-problem front one; router-problem front another; "
	                         "router-problem front ");
}
END_TEST

START_TEST(collisions_and_conflicts_are_not_told_with_each_packet)
{
	for (int i = 0; i < 100; i++) {
		routers[0].counters.collisions++;
		routers[0].counters.address_conflicts += i == 50;
		events_routers(&app.events, routers, 2);
	}
	ck_assert_str_eq(told(), "collision front; address-conflict front");
}
END_TEST

START_TEST(a_configuration_is_told_with_what_was_before)
{
	events_configuration(&app.events, true);
	events_configuration(&app.events, false);
	events_configuration(&app.events, false);
	events_configuration(&app.events, true);
	ck_assert_str_eq(told(), "configuration accepted; configuration accepted refused; "
	                         "configuration refused refused; configuration refused accepted");
}
END_TEST

START_TEST(what_is_tracked_is_told_and_again_to_who_comes_late_while_it_counts)
{
	struct track_item items[] = {
		{.router = "front",
	         .track = {.file = "", .interface = "eth1"},
	         .seen = {.verdict = VRRP_TRACK_BAD},
	         .damper = {.known = true, .value = -20}},
		{.router = "back",
	         .track = {.file = "", .interface = "eth2"},
	         .seen = {.verdict = VRRP_TRACK_GOOD},
	         .damper = {.known = true}},
		{.router = "slow",
	         .track = {.file = "", .interface = "eth3"},
	         .seen = {.verdict = VRRP_TRACK_GOOD},
	         .damper = {.known = true, .value = VRRP_DAMPER_OUT}},
	};
	struct text lines = {0};

	events_track(&app.events, &items[0], VRRP_TRACK_GOOD);
	events_track(&app.events, &items[1], VRRP_TRACK_UNKNOWN);
	ck_assert_str_eq(told(), "track front good bad; track back unknown good");
	app.tracks.table = (struct track_table){.items = items, .count = LT_ARRAY_SIZE(items)};
	events_current(&app.events, &lines);
	app.tracks.table = (struct track_table){0};
	ck_assert_ptr_nonnull(strstr(text_str(&lines), "\"router\":\"front\",\"what\""));
	ck_assert_ptr_null(strstr(text_str(&lines), "\"router\":\"back\""));
	ck_assert_ptr_nonnull(strstr(text_str(&lines), "\"router\":\"slow\",\"what\""));
	text_done(&lines);
}
END_TEST

START_TEST(without_targets_nothing_is_done)
{
	struct events none = {0};

	options.notify_count = 0;
	ck_assert_int_eq(events_open(&none, &app), 0);
	change(&routers[0], MODEL_ROUTER_BACKUP, MODEL_REASON_STARTUP);
	events_routers(&none, routers, 2);
	events_configuration(&none, true);
	events_track(&none, NULL, VRRP_TRACK_GOOD);
	events_running(&none);
	events_stopping(&none);
	events_reload(&none);
	ck_assert(events_flush(&none));
	ck_assert_uint_eq(none.sequence, 0);
	ck_assert_uint_eq(none.router_count, 0);
	events_close(&none);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon_events", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, each_transition_is_told_once_and_in_order_however_many_a_report_has);
	tcase_add_test(tests, a_router_that_comes_back_is_told_from_its_beginning);
	tcase_add_test(tests, problems_are_told_when_they_begin_change_and_end);
	tcase_add_test(tests, collisions_and_conflicts_are_not_told_with_each_packet);
	tcase_add_test(tests, a_configuration_is_told_with_what_was_before);
	tcase_add_test(tests, what_is_tracked_is_told_and_again_to_who_comes_late_while_it_counts);
	tcase_add_test(tests, without_targets_nothing_is_done);
	return unit_run(suite);
}
