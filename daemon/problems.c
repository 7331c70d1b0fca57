/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/problems.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static bool holds(char *const *items, size_t count, const char *text)
{
	for (size_t i = 0; i < count; i++) {
		if (strcmp(items[i], text) == 0)
			return true;
	}
	return false;
}

static void clear(char **items, size_t *count)
{
	while (*count)
		free(items[--*count]);
}

void problems_init(struct problems *problems, const char *component)
{
	*problems = (struct problems){.component = component};
}

void problems_done(struct problems *problems)
{
	clear(problems->items, &problems->count);
	clear(problems->before, &problems->before_count);
}

void problems_begin(struct problems *problems)
{
	clear(problems->before, &problems->before_count);
	memcpy(problems->before, problems->items, sizeof(problems->items));
	problems->before_count = problems->count;
	problems->count = 0;
	problems->more = 0;
}

void problems_add(struct problems *problems, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (holds(problems->items, problems->count, text))
		return;
	if (problems->count == PROBLEMS_MAX) {
		problems->more++;
		return;
	}
	problems->items[problems->count++] = xstrdup(text);
}

void problems_end(struct problems *problems)
{
	for (size_t i = 0; i < problems->count; i++) {
		if (!holds(problems->before, problems->before_count, problems->items[i]))
			log_warn(problems->component, "%s", problems->items[i]);
	}
	if (problems->before_count && !problems->count)
		log_notice(problems->component, "in order again");
}
