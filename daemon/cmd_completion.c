/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"
#include "daemon/completion.h"

#include <stdio.h>
#include <string.h>

static const char *const shells[] = {"bash", "zsh", "fish", NULL};
static void (*const writers[])(const struct daemon_command *const *commands, struct text *out) = {
	completion_bash, completion_zsh, completion_fish};

static int run(const struct options_given *given)
{
	struct text text = {0};

	for (size_t i = 0; shells[i]; i++) {
		if (strcmp(shells[i], given->operands[0]) == 0)
			writers[i](daemon_commands, &text);
	}
	fputs(text_str(&text), stdout);
	text_done(&text);
	return COMMAND_DONE;
}

static const char description[] =
	"Prints a script that completes commands, options and values. Packages install it; for "
	"one shell alone:\n"
	"  source <(lintel completion bash)";

const struct daemon_command daemon_command_completion = {
	.usage =
		{
			.name = "completion",
			.summary = "print the completion script of a shell",
			.description = description,
			.operands = "bash|zsh|fish",
			.operand_choices = shells,
			.operand_min = 1,
			.operand_max = 1,
		},
	.run = run,
};
