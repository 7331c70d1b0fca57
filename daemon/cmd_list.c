/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/cmd_ask.h"
#include "daemon/render.h"
#include "daemon/run.h"

static enum render_list_view view_of(const struct options_given *given)
{
	if (options_has(given, "stats"))
		return RENDER_LIST_STATS;
	if (options_has(given, "rate"))
		return RENDER_LIST_RATE;
	if (options_has(given, "connections"))
		return RENDER_LIST_CONNECTIONS;
	return RENDER_LIST_SERVERS;
}

static void print_list(const json_t *result, const struct options_given *given,
                       const struct table_style *style, struct text *out)
{
	render_list(result, view_of(given), style, out);
}

static int run(const struct options_given *given)
{
	bool connections = options_has(given, "connections");

	if (options_has(given, "stats") + options_has(given, "rate") + connections > 1)
		return command_misused(given,
		                       "--stats, --rate and --connections exclude each other");
	json_t *request = json_pack("{s:s}", "command", "list");
	if (connections)
		json_object_set_new(request, "connections", json_true());
	return cmd_ask(given, request, CLIENT_ANSWER_US, print_list);
}

static const struct options_option options[] = {
	{.name = "stats",
         .help = "totals of connections, packets and bytes since the entry was made"},
	{.name = "rate", .help = "the same per second"},
	{.name = "connections", .letter = 'c', .help = "the connections that IPVS keeps"},
	COMMAND_OPTION_OUTPUT,
	COMMAND_OPTION_SOCKET,
};

static const char description[] =
	"Shows the virtual servers that Lintel manages in this kernel, with their real "
	"servers. A real server that is being drained says so; figures are those of the kernel "
	"at this moment.";

const struct daemon_command daemon_command_list = {
	.usage =
		{
			.name = "list",
			.summary = "virtual and real servers, as ipvsadm -Ln shows them",
			.description = description,
			.operands = "",
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run,
};
