/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cmd_ask.h"
#include "daemon/run.h"
#include "lib/endpoint.h"

static void print_drained(const json_t *result, const struct options_given *given,
                          const struct table_style *style, struct text *out)
{
	text_printf(out,
	            "%s gets no new connections; 'lintel list' shows those it still has, "
	            "'lintel undrain %s' ends it.\n",
	            given->operands[0], given->operands[0]);
}

static void print_undrained(const json_t *result, const struct options_given *given,
                            const struct table_style *style, struct text *out)
{
	const char *still = json_string_value(json_object_get(result, "drainedStill"));

	if (still)
		text_printf(out,
		            "%s is no longer drained by itself, but %s is still: 'lintel undrain "
		            "%s' ends that, too.\n",
		            given->operands[0], still, still);
	else
		text_printf(out, "%s gets connections again.\n", given->operands[0]);
}

static int ask(const struct options_given *given, cmd_ask_printer *print)
{
	char server[ENDPOINT_TEXT_SIZE];
	struct endpoint asked;

	if (endpoint_parse(given->operands[0], &asked))
		return command_misused(
			given,
			"'%s' is no real server: 10.78.0.21:8080, [2001:db8::21]:8080, "
			"or an address alone for all its ports",
			given->operands[0]);
	return cmd_ask(given,
	               json_pack("{s:s,s:s}", "command", given->usage->name, "server",
	                         endpoint_format(&asked.address, asked.port, server)),
	               CLIENT_ANSWER_US, print);
}

static int run_drain(const struct options_given *given)
{
	return ask(given, print_drained);
}

static int run_undrain(const struct options_given *given)
{
	return ask(given, print_undrained);
}

static const struct options_option options[] = {
	COMMAND_OPTION_OUTPUT,
	COMMAND_OPTION_SOCKET,
};

static const char drain_description[] =
	"SERVER is ADDR:PORT, or an address alone for all its ports.\n"
	"Sets its weight to 0 in every virtual server it stands behind; "
	"connections it has go on. The source is not touched: the drain lasts, restarts of the "
	"daemon included, until 'lintel undrain'. It concerns this machine: say it on each.";

const struct daemon_command daemon_command_drain = {
	.usage =
		{
			.name = "drain",
			.summary = "give a real server no new connections",
			.description = drain_description,
			.operands = "SERVER",
			.operand_min = 1,
			.operand_max = 1,
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run_drain,
};

static const char undrain_description[] =
	"Ends what 'lintel drain' began, for the same SERVER. Of an address that was drained as a "
	"whole no single port comes back before the address does.";

const struct daemon_command daemon_command_undrain = {
	.usage =
		{
			.name = "undrain",
			.summary = "give a drained real server its weight back",
			.description = undrain_description,
			.operands = "SERVER",
			.operand_min = 1,
			.operand_max = 1,
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run_undrain,
};
