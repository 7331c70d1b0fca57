/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"
#include "daemon/render.h"
#include "daemon/sources.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* "3 objects in 2 files: no problem". After errors the number of objects says nothing: those that
 * have one are not among them. */
static void print_summary(const struct sources *sources)
{
	const struct model_problems *problems = &sources->problems;
	size_t errors = problems->error_count, objects = 0, files = sources->files.object_count;
	size_t warnings = problems->count + problems->dropped_count - errors;

	for (size_t i = 0; i < files; i++) {
		const struct model_objects *o = sources->files.objects[i];
		objects += o->router_count + o->virtual_server_count + o->pool_count;
	}
	if (errors)
		printf("%zu error%s", errors, render_plural((json_int_t)errors));
	else
		printf("%zu object%s in %zu file%s:%s", objects, render_plural((json_int_t)objects),
		       files, render_plural((json_int_t)files), warnings ? " " : " no problem");
	if (warnings)
		printf("%s%zu warning%s", errors ? ", " : "", warnings,
		       render_plural((json_int_t)warnings));
	putchar('\n');
}

static void print_problems(const struct model_problems *problems)
{
	struct text line = {0};

	for (size_t i = 0; i < problems->count; i++) {
		text_clear(&line);
		model_problem_format(&problems->items[i], &line);
		fputs(text_str(&line), stdout);
	}
	if (problems->dropped_count)
		printf("... and %zu more\n", problems->dropped_count);
	text_done(&line);
}

static int run(const struct options_given *given)
{
	struct sources sources;

	sources_init(&sources, given->operands, given->operand_count);
	model_snapshot_free(sources_read(&sources));
	print_problems(&sources.problems);
	print_summary(&sources);
	int code = sources.problems.error_count ? COMMAND_FAILED : COMMAND_DONE;
	sources_done(&sources);
	return code;
}

static const char description[] =
	"Reads files and directories as 'run' would and prints every problem as\n"
	"  file:line: object: field: what is wrong, what is allowed\n"
	"A warning alone does not fail.";

const struct daemon_command daemon_command_check = {
	.usage =
		{
			.name = "check",
			.summary = "find what is wrong in configuration files",
			.description = description,
			.operands = "PATH...",
			.operand_hint = OPTIONS_HINT_FILE,
			.operand_min = 1,
			.operand_max = SIZE_MAX,
			.exit_codes = "0: no error; 1: errors were found; 2: wrong usage.",
		},
	.run = run,
};
