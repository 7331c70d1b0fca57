/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a virtual router's priority is made of, as the status tells it. */
#include "daemon/report_router.h"

#include "daemon/checks.h"
#include "daemon/track_table.h"
#include "lib/mono.h"
#include "tests/unit.h"

#include <string.h>

#define ROUTERS 3

static struct model_router wanted[ROUTERS];
static const struct model_router *list[ROUTERS];
static struct model_snapshot snapshot;
static struct model_router_status statuses[ROUTERS];
static struct vrrp_restraint restraint;
static struct track_table tracks;
static struct checks checks;
static struct report_router_more more;

static void set_up(void)
{
	static const char *const names[ROUTERS] = {"inside", "outside", "apart"};

	memset(statuses, 0, sizeof(statuses));
	for (size_t i = 0; i < ROUTERS; i++) {
		wanted[i] = (struct model_router){.name = names[i], .priority = 150};
		list[i] = &wanted[i];
		strcpy(statuses[i].name, names[i]);
		if (i < 2)
			strcpy(statuses[i].sync_group, "edge");
		statuses[i].priority = 150;
	}
	snapshot = (struct model_snapshot){.routers = list, .router_count = ROUTERS};
	restraint = (struct vrrp_restraint){.router = "outside", .priority_cut = 60};
	more = (struct report_router_more){.snapshot = &snapshot,
	                                   .tracks = &tracks,
	                                   .checks = &checks,
	                                   .restraints = &restraint};
}

/* "inside 90/150 from outside; ..." */
static void expect(const char *said)
{
	json_t *report = report_routers(statuses, ROUTERS, &more, US_PER_S);
	struct text text = {0};
	size_t i;
	json_t *router;

	json_array_foreach(report, i, router)
	{
		const char *from = json_string_value(json_object_get(router, "priorityFrom"));

		text_printf(&text, "%s%s %d/%d", i ? "; " : "",
		            json_string_value(json_object_get(router, "name")),
		            (int)json_integer_value(json_object_get(router, "priority")),
		            (int)json_integer_value(json_object_get(router, "configuredPriority")));
		if (from)
			text_printf(&text, " from %s", from);
	}
	ck_assert_str_eq(text_str(&text), said);
	text_done(&text);
	json_decref(report);
}

START_TEST(a_priority_is_as_configured_while_nothing_is_the_matter)
{
	expect("inside 150/150; outside 150/150; apart 150/150");
}
END_TEST

START_TEST(what_lowers_one_of_a_group_is_named_at_the_others)
{
	more.restraint_count = 1;
	statuses[0].priority = statuses[1].priority = 90;
	expect("inside 90/150 from outside; outside 90/150; apart 150/150");
}
END_TEST

START_TEST(who_has_the_lower_priority_in_the_configuration_is_named_too)
{
	wanted[0].priority = 120;
	statuses[1].priority = statuses[0].priority = 120;
	expect("inside 120/120; outside 120/150 from inside; apart 150/150");
	/* Equal ones have their own. */
	wanted[1].priority = 120;
	expect("inside 120/120; outside 120/120; apart 150/150");
}
END_TEST

START_TEST(a_router_that_is_wanted_no_more_has_the_priority_that_it_has)
{
	statuses[1].priority = 7;
	snapshot.router_count = 1;
	expect("inside 150/150; outside 7/7; apart 150/150");
	more.snapshot = NULL;
	expect("inside 150/150; outside 7/7; apart 150/150");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon_report_router", &tests);

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_test(tests, a_priority_is_as_configured_while_nothing_is_the_matter);
	tcase_add_test(tests, what_lowers_one_of_a_group_is_named_at_the_others);
	tcase_add_test(tests, who_has_the_lower_priority_in_the_configuration_is_named_too);
	tcase_add_test(tests, a_router_that_is_wanted_no_more_has_the_priority_that_it_has);
	return unit_run(suite);
}
