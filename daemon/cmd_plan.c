/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"
#include "daemon/plan.h"
#include "daemon/render.h"
#include "daemon/run.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The lines of 'text' as an array of strings. */
static json_t *lines_of(const struct text *text)
{
	json_t *lines = json_array();
	const char *s = text_str(text);

	while (*s) {
		size_t len = strcspn(s, "\n");
		json_array_append_new(lines, json_stringn(s, len));
		s += len + (s[len] == '\n');
	}
	return lines;
}

static void print_json(const struct daemon_plan *plan)
{
	json_t *json = json_pack("{s:I,s:o,s:o}", "changeCount", (json_int_t)plan->change_count,
	                         "changes", lines_of(&plan->changes), "notes",
	                         lines_of(&plan->notes));

	command_print_json(json);
	json_decref(json);
}

static enum table_tone tone_of(const char *line)
{
	switch (line[0]) {
	case '+':
		return TABLE_GOOD;
	case '-':
		return TABLE_BAD;
	case '~':
		return TABLE_ATTENTION;
	default:
		return TABLE_STRONG; /* a heading */
	}
}

static void print_text(const struct daemon_plan *plan)
{
	bool colour = command_style().colour;
	json_t *lines = lines_of(&plan->changes), *line;
	struct text out = {0};
	size_t i;

	json_array_foreach(lines, i, line)
	{
		const char *s = json_string_value(line);
		table_tone(&out, tone_of(s), colour, s);
		text_add(&out, "\n");
	}
	if (plan->change_count)
		text_printf(&out, "\n%zu change%s\n", plan->change_count,
		            render_plural((json_int_t)plan->change_count));
	else if (plan->notes.len)
		text_add(&out, "Nothing would change now.\n");
	else
		text_add(&out, "The kernel is as wanted: nothing to do.\n");
	if (plan->notes.len)
		text_printf(&out, "\n%s", text_str(&plan->notes));
	fputs(text_str(&out), stdout);
	text_done(&out);
	json_decref(lines);
}

static int run(const struct options_given *given)
{
	struct daemon_plan plan = {0};
	const char *state_dir = options_value(given, "state-dir", DAEMON_STATE_DIR);
	const char *peer_key = options_value(given, "peer-key", DAEMON_PEER_KEY);
	int rc = daemon_plan(given->operands, given->operand_count, state_dir, peer_key, &plan);
	int code;

	if (rc) {
		fputs(text_str(&plan.notes), stderr);
		code = command_failed(given, "%s",
		                      rc == -EINVAL ? "the configuration has errors"
		                                    : "the kernel can't be read");
	} else {
		if (command_wants_json(given))
			print_json(&plan);
		else
			print_text(&plan);
		code = plan.change_count ? COMMAND_DIFFERENT : COMMAND_DONE;
	}
	daemon_plan_done(&plan);
	return code;
}

static const struct options_option options[] = {
	{.name = "state-dir",
         .value = "DIR",
         .hint = OPTIONS_HINT_DIRECTORY,
         .help = "of the daemon whose next turn is foreseen [" DAEMON_STATE_DIR "]"},
	{.name = "peer-key",
         .value = "FILE",
         .hint = OPTIONS_HINT_FILE,
         .help = "keys of that daemon: with such a file it replicates connections, which needs "
                 "more settings [" DAEMON_PEER_KEY "]"},
	COMMAND_OPTION_OUTPUT,
};

static const char description[] =
	"Compares the configuration with addresses, IPVS, nftables and sysctls of this network "
	"namespace and prints the differences that the daemon would make good: '+' added, '-' "
	"removed, '~' changed. Needs CAP_NET_ADMIN to read IPVS and nftables. Whether this "
	"machine will be active is for the election to decide, so addresses are shown as what "
	"comes with it.";

const struct daemon_command daemon_command_plan = {
	.usage =
		{
			.name = "plan",
			.summary = "what 'run' would change in the kernel now, without changing it",
			.description = description,
			.operands = "PATH...",
			.operand_hint = OPTIONS_HINT_FILE,
			.operand_min = 1,
			.operand_max = SIZE_MAX,
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
			.exit_codes = "0: nothing to do; 1: failed; 2: wrong usage; 3: there is "
				      "something to do.",
		},
	.run = run,
};
