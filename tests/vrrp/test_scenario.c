/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays tests/vrrp/scenario/NAME.txt: commands, each followed by what comes of it ("| ..."). What
 * is compared is the whole file. After a wanted change VRRP_SCENARIO_UPDATE=1 writes the files
 * anew; read the difference then.
 *
 *   node NAME [KEY=VALUE]...  priority=100 interval=1s preempt=yes delay=0s families=46 vmac=no
 *   start NAME... | hold NAME       hold: with the addresses of an earlier run still in place
 *   run DURATION
 *   cut NAME [NAME] | join NAME [NAME]   from everybody, or from one
 *   lose NAME COUNT                 its next advertisements
 *   deaf4 yes|no                    IPv4 advertisements get lost
 *   stall NAME DURATION             the process is not scheduled
 *   stop NAME | failover NAME       planned
 *   shutdown NAME | sleep NAME      at once; the machine slept
 *   set NAME KEY=VALUE...           new parameters
 *   adverts yes|no                  show the regular ones
 *   state                           of everybody
 */
#include "tests/vrrp/lan.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const scenarios[] = {
	"takeover",
	"priority-zero",
	"preempt",
	"preempt-delay",
	"tie",
	"tie-families",
	"planned-failover",
	"planned-stop",
	"planned-nobody",
	"planned-three",
	"lost-packets",
	"stall",
	"suspend",
	"split-and-heal",
	"owner",
	"holding",
	"learned-interval",
	"reconfigure",
	"virtual-mac",
	"two-families",
};

static int64_t duration(const char *text)
{
	int64_t us;

	ck_assert_msg(text && text_parse_duration(text, &us) == 0, "no duration: %s", text);
	return us;
}

static bool yes(const char *text)
{
	ck_assert_msg(text && (strcmp(text, "yes") == 0 || strcmp(text, "no") == 0), "%s", text);
	return strcmp(text, "yes") == 0;
}

static char *word(char **rest)
{
	return strtok_r(NULL, " ", rest);
}

static void read_params(char **rest, struct vrrp_fsm_params *params, const char **families)
{
	char *key;

	while ((key = word(rest))) {
		char *value = strchr(key, '=');

		ck_assert_msg(value != NULL, "%s has no value", key);
		*value++ = '\0';
		if (strcmp(key, "priority") == 0)
			params->priority = (uint8_t)atoi(value);
		else if (strcmp(key, "interval") == 0)
			params->advert_interval_us = duration(value);
		else if (strcmp(key, "preempt") == 0)
			params->preempt = yes(value);
		else if (strcmp(key, "delay") == 0)
			params->preempt_delay_us = duration(value);
		else if (strcmp(key, "vmac") == 0)
			params->virtual_mac = yes(value);
		else if (strcmp(key, "families") == 0 && families)
			*families = value;
		else
			ck_abort_msg("unknown key %s", key);
	}
}

static void add_node(struct lan *lan, char **rest)
{
	struct vrrp_fsm_params params = {
		.priority = 100, .advert_interval_us = US_PER_S, .preempt = true};
	const char *name = word(rest), *families = "4";

	read_params(rest, &params, &families);
	lan_add(lan, name, &params, strchr(families, '4') != NULL, strchr(families, '6') != NULL);
}

static void show_state(struct lan *lan)
{
	char text[ADDR_TEXT_SIZE];

	for (unsigned i = 0; i < lan->node_count; i++) {
		const struct lan_node *node = &lan->nodes[i];
		const struct vrrp_fsm *fsm = &node->fsm;

		text_printf(lan->transcript, "| %s %s%s", node->name,
		            model_router_state_name(fsm->state),
		            node->owns_since_us != TIME_NEVER ? ", has the addresses" : "");
		if (fsm->state == MODEL_ROUTER_BACKUP && fsm->active.family != ADDR_NONE)
			text_printf(lan->transcript, ", follows %s (%u)",
			            addr_format(&fsm->active, text), fsm->active_priority);
		if (fsm->preemption_suspended)
			text_add(lan->transcript, ", preempts nobody");
		if (node->announced > 0)
			text_printf(lan->transcript, ", announced %u times", node->announced);
		text_add(lan->transcript, "\n");
	}
}

static void act_on_node(struct lan *lan, const char *verb, struct lan_node *node, char **rest)
{
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm *fsm = &node->fsm;

	if (strcmp(verb, "hold") == 0) {
		node->owns_since_us = lan->now_us;
		vrrp_fsm_startup(fsm, lan->now_us, true, &effects);
	} else if (strcmp(verb, "stop") == 0) {
		vrrp_fsm_leave(fsm, lan->now_us, VRRP_LEAVE_STOP, &effects);
	} else if (strcmp(verb, "failover") == 0) {
		vrrp_fsm_leave(fsm, lan->now_us, VRRP_LEAVE_FAILOVER, &effects);
	} else if (strcmp(verb, "shutdown") == 0) {
		vrrp_fsm_shutdown(fsm, lan->now_us, MODEL_REASON_SHUTDOWN, &effects);
	} else if (strcmp(verb, "sleep") == 0) {
		vrrp_fsm_step_down(fsm, lan->now_us, MODEL_REASON_SUSPENDED, &effects);
	} else if (strcmp(verb, "set") == 0) {
		struct vrrp_fsm_params params = fsm->params;

		read_params(rest, &params, NULL);
		vrrp_fsm_configure(fsm, lan->now_us, &params, &effects);
	} else if (strcmp(verb, "stall") == 0) {
		node->stalled_until_us = lan->now_us + duration(word(rest));
	} else if (strcmp(verb, "lose") == 0) {
		lan->lose_next[node - lan->nodes] = (unsigned)atoi(word(rest));
	} else {
		ck_abort_msg("unknown command %s", verb);
	}
	lan_carry_out(lan, node, &effects);
}

static void act_on_link(struct lan *lan, bool cut, char **rest)
{
	unsigned a = (unsigned)(lan_find(lan, word(rest)) - lan->nodes);
	const char *other = word(rest);

	if (other)
		lan_cut(lan, a, (unsigned)(lan_find(lan, other) - lan->nodes), cut);
	else
		lan_isolate(lan, a, cut);
}

static void act(struct lan *lan, char *line)
{
	char *rest, *verb = strtok_r(line, " ", &rest);

	if (strcmp(verb, "node") == 0) {
		add_node(lan, &rest);
	} else if (strcmp(verb, "run") == 0) {
		lan_run(lan, lan->now_us + duration(word(&rest)));
	} else if (strcmp(verb, "cut") == 0 || strcmp(verb, "join") == 0) {
		act_on_link(lan, verb[0] == 'c', &rest);
	} else if (strcmp(verb, "deaf4") == 0) {
		lan->deaf4 = yes(word(&rest));
	} else if (strcmp(verb, "adverts") == 0) {
		lan->show_adverts = yes(word(&rest));
	} else if (strcmp(verb, "state") == 0) {
		show_state(lan);
	} else if (strcmp(verb, "start") == 0) {
		for (char *name = word(&rest); name; name = word(&rest)) {
			struct vrrp_effects effects = {.count = 0};
			struct lan_node *node = lan_find(lan, name);

			vrrp_fsm_startup(&node->fsm, lan->now_us, false, &effects);
			lan_carry_out(lan, node, &effects);
		}
	} else {
		act_on_node(lan, verb, lan_find(lan, word(&rest)), &rest);
	}
}

static void read_all(const char *path, struct text *out)
{
	char piece[4096];
	size_t size;
	FILE *f = fopen(path, "re");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	while ((size = fread(piece, 1, sizeof(piece), f)) > 0)
		text_add_len(out, piece, size);
	fclose(f);
}

static void write_all(const char *path, const struct text *text)
{
	FILE *f = fopen(path, "we");

	ck_assert_msg(f != NULL, "%s: %s", path, strerror(errno));
	fputs(text_str(text), f);
	ck_assert_int_eq(fclose(f), 0);
}

static unsigned first_difference(const char *a, const char *b)
{
	unsigned line = 1;

	for (; *a && *a == *b; a++, b++)
		line += *a == '\n';
	return line;
}

START_TEST(scenario_goes_as_written)
{
	static struct lan lan;
	struct text script = {.data = NULL}, transcript = {.data = NULL};
	char path[512];

	snprintf(path, sizeof(path), "%s/scenario/%s.txt", VRRP_TEST_DIR, scenarios[_i]);
	read_all(path, &script);
	lan_init(&lan, 1);
	lan.transcript = &transcript;

	char *commands = xstrdup(text_str(&script)), *rest = commands, *line;
	while ((line = strsep(&rest, "\n")) && rest) {
		if (line[0] == '|')
			continue;
		text_printf(&transcript, "%s\n", line);
		if (line[0] != '#' && line[0] != '\0')
			act(&lan, line);
	}
	free(commands);

	if (getenv("VRRP_SCENARIO_UPDATE"))
		write_all(path, &transcript);
	else
		ck_assert_msg(strcmp(text_str(&transcript), text_str(&script)) == 0,
		              "%s:%u: it went otherwise:\n%s", path,
		              first_difference(text_str(&transcript), text_str(&script)),
		              text_str(&transcript));
	text_done(&script);
	text_done(&transcript);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_scenario");
	TCase *tc = tcase_create("scenario");

	tcase_add_loop_test(tc, scenario_goes_as_written, 0, LT_ARRAY_SIZE(scenarios));
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
