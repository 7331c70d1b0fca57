/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"
#include "daemon/facilities.h"

#include <stdio.h>

static int run(const struct options_given *given)
{
	json_t *facilities = facilities_read();

	if (command_wants_json(given)) {
		command_print_json(facilities);
	} else {
		struct table_style style = command_style();
		struct text text = {0};
		facilities_render(facilities, &style, &text);
		fputs(text_str(&text), stdout);
		text_done(&text);
	}
	json_decref(facilities);
	return COMMAND_DONE;
}

static const struct options_option options[] = {
	COMMAND_OPTION_OUTPUT,
};

static const char description[] =
	"Shows the version, the libraries it runs with, and whether the kernel has what Lintel "
	"builds on. Looking for IPVS and nftables makes the kernel load their modules, if this "
	"process may.";

const struct daemon_command daemon_command_version = {
	.usage =
		{
			.name = "version",
			.summary = "version, libraries, and what the kernel offers",
			.description = description,
			.operands = "",
			.options = options,
			.option_count = LT_ARRAY_SIZE(options),
		},
	.run = run,
};
