/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cmd_ask.h"
#include "daemon/run.h"

static void print_done(const json_t *result, const struct options_given *given,
                       const struct table_style *style, struct text *out)
{
	text_printf(out, "Virtual router %s was handed over.\n", given->operands[0]);
}

static int run(const struct options_given *given)
{
	return cmd_ask(given,
	               json_pack("{s:s,s:s}", "command", "failover", "router", given->operands[0]),
	               CLIENT_LONG_US, print_done);
}

static const struct options_option options[] = {
	COMMAND_OPTION_OUTPUT,
	COMMAND_OPTION_SOCKET,
};

static const char description[] =
	"Asks this machine, which must be the active one of the virtual router, to hand it "
	"over: the successor takes the addresses before they are let go here. Returns when "
	"that has happened. This machine then preempts nobody until it was active again. When "
	"nobody takes over it stays active, and the command fails.";

const struct daemon_command daemon_command_failover = {
	.usage =
		{
			.name = "failover",
			.summary = "hand a virtual router over to another machine",
			.description = description,
			.operands = "ROUTER",
			.operand_min = 1,
			.operand_max = 1,
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run,
};
