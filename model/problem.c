/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/problem.h"

#include "lib/mem.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Longer ones are cut: somebody's text may stand in them. */
#define MESSAGE_SIZE 1000

void model_problems_init(struct model_problems *problems)
{
	*problems = (struct model_problems){0};
	arena_init(&problems->arena);
}

void model_problems_done(struct model_problems *problems)
{
	arena_done(&problems->arena);
	free(problems->items);
	*problems = (struct model_problems){0};
}

/* A problem is one line, so that nobody's text can look like another problem or drive a terminal.
 */
static char *copy_printable(struct arena *arena, const char *s)
{
	char *copy = arena_strdup(arena, s);

	for (char *c = copy; *c; c++) {
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
	}
	return copy;
}

bool model_problem_is_kept(struct model_problems *problems, enum model_severity severity)
{
	if (severity == MODEL_WARNING && problems->errors_only)
		return false;
	if (problems->count < MODEL_PROBLEMS_MAX)
		return true;
	problems->error_count += severity == MODEL_ERROR;
	problems->dropped_count++;
	return false;
}

void model_problem_add(struct model_problems *problems, enum model_severity severity,
                       struct model_origin origin, const char *object, const char *field,
                       const char *fmt, ...)
{
	char message[MESSAGE_SIZE];
	struct model_problem *item;
	va_list args;

	if (!model_problem_is_kept(problems, severity))
		return;
	problems->error_count += severity == MODEL_ERROR;
	if (problems->count == problems->capacity) {
		problems->capacity = problems->capacity ? problems->capacity * 2 : 16;
		problems->items = xreallocarray(problems->items, problems->capacity,
		                                sizeof(*problems->items));
	}
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	item = &problems->items[problems->count++];
	*item = (struct model_problem){
		.severity = severity,
		.origin = {.source = copy_printable(&problems->arena,
	                                            origin.source ? origin.source : ""),
	                   .line = model_lines_find(origin.lines, field, origin.line)},
		.object = copy_printable(&problems->arena, object),
		.field = copy_printable(&problems->arena, field),
		.message = copy_printable(&problems->arena, message),
	};
}

struct ranked {
	struct model_problem problem;
	size_t rank; /* order of finding: qsort is not stable */
};

static int compare_ranked(const void *left, const void *right)
{
	const struct ranked *a = left, *b = right;
	int order = strcmp(a->problem.origin.source, b->problem.origin.source);

	if (order != 0)
		return order;
	if (a->problem.origin.line != b->problem.origin.line)
		return a->problem.origin.line < b->problem.origin.line ? -1 : 1;
	return a->rank < b->rank ? -1 : a->rank > b->rank;
}

void model_problems_append(struct model_problems *problems, const struct model_problems *from)
{
	size_t errors_before = problems->error_count;

	for (size_t i = 0; i < from->count; i++) {
		const struct model_problem *p = &from->items[i];

		model_problem_add(problems, p->severity, p->origin, p->object, p->field, "%s",
		                  p->message);
	}
	problems->error_count = errors_before + from->error_count; /* dropped ones, too */
	problems->dropped_count += from->dropped_count;
}

void model_problems_sort(struct model_problems *problems)
{
	struct ranked *ranked;

	if (problems->count < 2)
		return;
	ranked = xcalloc(problems->count, sizeof(*ranked));
	for (size_t i = 0; i < problems->count; i++)
		ranked[i] = (struct ranked){problems->items[i], i};
	qsort(ranked, problems->count, sizeof(*ranked), compare_ranked);
	for (size_t i = 0; i < problems->count; i++)
		problems->items[i] = ranked[i].problem;
	free(ranked);
}

void model_problem_format(const struct model_problem *problem, struct text *out)
{
	text_add(out, problem->origin.source);
	if (problem->origin.line > 0)
		text_printf(out, ":%u", problem->origin.line);
	text_add(out, ": ");
	if (*problem->object)
		text_printf(out, "%s: ", problem->object);
	if (*problem->field)
		text_printf(out, "%s: ", problem->field);
	text_printf(out, "%s%s\n", problem->severity == MODEL_WARNING ? "warning: " : "",
	            problem->message);
}
