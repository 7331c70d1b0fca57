/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"
#include "daemon/render.h"
#include "files/source.h"
#include "lib/mem.h"
#include "model/snapshot.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Collects where objects stand, for the summary. */
struct origins {
	const char **sources;
	size_t count;
};

static void add_origin(struct origins *origins, const struct model_origin *origin)
{
	origins->sources =
		xreallocarray(origins->sources, origins->count + 1, sizeof(*origins->sources));
	origins->sources[origins->count++] = origin->source;
}

static int compare_sources(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static size_t count_files(struct origins *origins)
{
	size_t files = 0;

	if (origins->count)
		qsort(origins->sources, origins->count, sizeof(*origins->sources), compare_sources);
	for (size_t i = 0; i < origins->count; i++)
		files += i == 0 || strcmp(origins->sources[i], origins->sources[i - 1]) != 0;
	return files;
}

/* "3 objects in 2 files: no problem". After errors the number of objects says nothing: those that
 * have one are not among them. */
static void print_summary(const struct model_objects *objects,
                          const struct model_problems *problems)
{
	struct origins origins = {0};
	size_t errors = problems->error_count;
	size_t warnings = problems->count + problems->dropped_count - errors;

	for (size_t i = 0; i < objects->router_count; i++)
		add_origin(&origins, &objects->routers[i].origin);
	for (size_t i = 0; i < objects->virtual_server_count; i++)
		add_origin(&origins, &objects->virtual_servers[i].origin);
	for (size_t i = 0; i < objects->pool_count; i++)
		add_origin(&origins, &objects->pools[i].origin);
	size_t files = count_files(&origins);
	if (errors)
		printf("%zu error%s", errors, render_plural((json_int_t)errors));
	else
		printf("%zu object%s in %zu file%s:%s", origins.count,
		       render_plural((json_int_t)origins.count), files,
		       render_plural((json_int_t)files), warnings ? " " : " no problem");
	if (warnings)
		printf("%s%zu warning%s", errors ? ", " : "", warnings,
		       render_plural((json_int_t)warnings));
	putchar('\n');
	free(origins.sources);
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
	struct model_problems problems;
	struct model_objects objects;
	const struct model_objects *sources[] = {&objects};

	model_problems_init(&problems);
	model_objects_init(&objects);
	files_source_load(given->operands, given->operand_count, &objects, &problems);
	/* Also after errors, so that those between objects are told at once. */
	model_snapshot_free(model_snapshot_build(sources, 1, &problems));
	model_problems_sort(&problems);
	print_problems(&problems);
	print_summary(&objects, &problems);
	int code = problems.error_count ? COMMAND_FAILED : COMMAND_DONE;
	model_objects_done(&objects);
	model_problems_done(&problems);
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
