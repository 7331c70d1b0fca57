/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each event as it is told; the lines are held against docs/schema/event.json by tests/docs.
 * LINTEL_GOLDEN_WRITE=1 writes them anew. */
#include "daemon/event.h"

#include "lib/fileio.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

#define GOLDEN  GOLDEN_DIR "/events.jsonl"
/* 2026-01-31T12:00:00.123Z */
#define WALL_US INT64_C(1769860800123456)

static struct text lines;
static uint64_t sequence;

static void add(const char *event, bool current, json_t *members)
{
	const struct event_stamp stamp = {
		.wall_us = WALL_US,
		.node = "lb-a",
		.sequence = current ? sequence : ++sequence,
		.current = current,
	};

	ck_assert_ptr_nonnull(members);
	event_line(&lines, event, &stamp, members);
}

static json_t *list_of(const char *first, const char *second)
{
	return json_pack("[s,s]", first, second);
}

static struct model_router_status a_router(void)
{
	struct model_router_status router = {
		.name = "front",
		.interface = "eth0",
		.virtual_router_id = 51,
		.state = MODEL_ROUTER_ACTIVE,
		.reason = MODEL_REASON_ACTIVE_DOWN,
		.priority = 100,
	};

	return router;
}

static void add_routers(void)
{
	struct model_router_status router = a_router();
	struct model_transition transition = {
		.from = MODEL_ROUTER_BACKUP,
		.to = MODEL_ROUTER_ACTIVE,
		.reason = MODEL_REASON_ACTIVE_DOWN,
	};

	add("router", false,
	    event_router(&router, &transition, false,
	                 list_of("10.77.0.100/24", "2001:db8:77::100/64")));
	add("router", true,
	    event_router(&router, &transition, true, list_of("10.77.0.100/24", "x")));
	transition = (struct model_transition){.from = MODEL_ROUTER_ACTIVE,
	                                       .to = MODEL_ROUTER_BACKUP,
	                                       .reason = MODEL_REASON_HIGHER_PRIORITY};
	ck_assert_int_eq(addr_parse("10.77.0.12", &transition.peer), 0);
	add("router", false, event_router(&router, &transition, false, json_array()));
	add("router", false, event_router_gone(&router));
	strcpy(router.problem, "interface eth0 is \"down\"");
	add("router-problem", false, event_router_problem(&router));
	strcpy(router.problem, "\xff");
	add("router-problem", false, event_router_problem(&router));
	add("collision", false, event_router_rival(&router, 3));
	add("address-conflict", false, event_router_rival(&router, 1));
}

static void add_tracks(void)
{
	struct track_item item = {
		.router = "front",
		.track = {.file = "", .interface = "eth2", .weight = -20},
		.seen = {.verdict = VRRP_TRACK_BAD},
		.damper = {.known = true, .value = -20},
	};

	add("track", false, event_track(&item, "good"));
	add("track", true, event_track(&item, NULL));
	item.track.weight = 0;
	item.damper.value = VRRP_DAMPER_OUT;
	add("track", false, event_track(&item, "unknown"));
	item.track = (struct model_track){.file = "/run/load", .interface = "", .weight = -10};
	item.seen = (struct vrrp_track_seen){.verdict = VRRP_TRACK_NUMBER, .number = 3};
	item.damper.value = -30;
	add("track", false, event_track(&item, "number"));
	item.track.file = "\xff";
	item.damper.known = false;
	add("track", false, event_track(&item, "number"));
}

START_TEST(each_event_is_told_as_before)
{
	char *golden = NULL;
	size_t size;

	add("daemon", false, event_daemon(NULL, "running", "1.2.3", 4242));
	add("daemon", false, event_daemon("running", "stopping", "1.2.3", 4242));
	add_routers();
	add_tracks();
	add("server", false,
	    event_server("10.78.0.21:8080", "http", list_of("default/web", "default/api"), "up",
	                 "down", "status", "HTTP status 503"));
	add("server", true,
	    event_server("10.78.0.21:8080", "http", json_array(), NULL, "down", "timeout", ""));
	add("servers", false, event_servers(480));
	add("answering", false,
	    event_answering("default/web", "front", "servers", "sorry server", 0, 2));
	add("quorum", false,
	    event_quorum("default/web", "front", "met", "lost", 1, 2, "lowerPriority"));
	add("quorum", true, event_quorum("default/web", "", NULL, "lost", 1, 2, "none"));
	add("configuration", false,
	    event_configuration(NULL, "accepted", 0, 1, 1, 2, json_array()));
	add("configuration", false,
	    event_configuration("accepted", "refused", 2, 0, 1, 2, list_of("a.yaml:1: x", "y")));
	add("replication", false, event_replication("front", "off", "alone"));
	add("replication", false, event_replication("front", "syncing", "in-step"));
	add("replication", true, event_replication("front", NULL, "active"));

	if (getenv("LINTEL_GOLDEN_WRITE"))
		ck_assert_int_eq(fileio_replace(GOLDEN, lines.data, lines.len, 0644), 0);
	ck_assert_int_eq(fileio_read(GOLDEN, 1 << 20, &golden, &size), 0);
	ck_assert_str_eq(text_str(&lines), golden);
	free(golden);
	text_done(&lines);
}
END_TEST

START_TEST(a_long_list_is_cut_and_its_length_told)
{
	struct model_router_status router = a_router();
	struct model_transition transition = {.to = MODEL_ROUTER_ACTIVE};
	json_t *addresses = json_array();
	json_t *members;

	for (int i = 0; i < 1000; i++)
		json_array_append_new(addresses, json_string("10.0.0.1/32"));
	members = event_router(&router, &transition, false, addresses);
	ck_assert_uint_eq(json_array_size(json_object_get(members, "addresses")), EVENT_LIST_MAX);
	ck_assert_int_eq(json_integer_value(json_object_get(members, "addressCount")), 1000);
	json_decref(members);
}
END_TEST

START_TEST(a_line_is_one_line)
{
	const struct event_stamp stamp = {.node = "x"};
	struct text line = {0};

	event_line(
		&line, "server", &stamp,
		event_server("s", "tcp", json_array(), NULL, "up", "ok", "a\nb\r\"\xe2\x80\xa8"));
	ck_assert_ptr_eq(strchr(line.data, '\n'), line.data + line.len - 1);
	text_done(&line);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon_event", &tests);

	tcase_add_test(tests, each_event_is_told_as_before);
	tcase_add_test(tests, a_long_list_is_cut_and_its_length_told);
	tcase_add_test(tests, a_line_is_one_line);
	return unit_run(suite);
}
