/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cmd_ask.h"
#include "daemon/render.h"
#include "daemon/run.h"

static void print_status(const json_t *result, const struct options_given *given,
                         const struct table_style *style, struct text *out)
{
	render_status(result, style, out);
}

static int run(const struct options_given *given)
{
	return cmd_ask(given, json_pack("{s:s}", "command", "status"), CLIENT_ANSWER_US,
	               print_status);
}

static const struct options_option options[] = {
	COMMAND_OPTION_OUTPUT,
	COMMAND_OPTION_SOCKET,
};

static const char description[] =
	"Shows what the running daemon does and why: problems first, then each virtual router "
	"with its state, its priority and what changes it, addresses, peers and last changes, "
	"whether the sources are in step, and what was found in the kernel.";

const struct daemon_command daemon_command_status = {
	.usage =
		{
			.name = "status",
			.summary =
				"virtual routers, sources and the kernel, as the daemon sees them",
			.description = description,
			.operands = "",
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run,
};
