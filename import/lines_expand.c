/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What stands for something else: $NAME, ${NAME}, ~SEQ(...), ~LST(...). */
#include "import/lines_private.h"

#include "lib/mem.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define REPLACEMENTS_MAX 256 /* in one line */
#define ARGUMENTS_MAX    256 /* of ~LST */

static bool is_name(char c, bool first)
{
	return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (!first && c >= '0' && c <= '9');
}

static size_t name_length(const char *s)
{
	size_t len = 0;

	while (is_name(s[len], len == 0))
		len++;
	return len;
}

size_t import_lines_is_definition(const char *text)
{
	size_t len = *text == '$' ? name_length(text + 1) : 0;

	return len > 0 && text[1 + len] == '=' ? len : 0;
}

static struct import_definition *find(const struct import_lines *lines, const char *name,
                                      size_t len)
{
	for (struct import_definition *d = lines->definitions; d; d = d->next) {
		if (strncmp(d->name, name, len) == 0 && d->name[len] == '\0')
			return d;
	}
	return NULL;
}

void import_lines_define(struct import_lines *lines, const char *name, size_t name_len,
                         const char *value)
{
	struct import_definition *definition = find(lines, name, name_len);
	struct arena *arena = &lines->import->arena;

	if (!definition) {
		char *copy = arena_alloc(arena, name_len + 1);

		if (lines->definition_count == IMPORT_DEFINITIONS_MAX) {
			import_lines_stop(lines, "too many definitions");
			return;
		}
		memcpy(copy, name, name_len);
		definition = arena_alloc(arena, sizeof(*definition));
		definition->name = copy;
		definition->next = lines->definitions;
		lines->definitions = definition;
		lines->definition_count++;
	}
	definition->value = arena_strdup(arena, value);
}

/* --- references --- */

struct reference {
	size_t start, len; /* in the text, from the '$' on */
	const struct import_definition *definition;
};

/* The first one from 'from' on that is defined; "$NAME" counts before a blank only. */
static bool next_reference(const struct import_lines *lines, const char *text, size_t from,
                           struct reference *ret_reference)
{
	for (const char *s = strchr(text + from, '$'); s; s = strchr(s + 1, '$')) {
		bool braces = s[1] == '{';
		const char *name = s + 1 + braces;
		size_t len = name_length(name);
		const struct import_definition *definition;

		if (len == 0 ||
		    (braces ? name[len] != '}' : name[len] && !strchr(" \t\n", name[len])))
			continue;
		definition = find(lines, name, len);
		if (!definition)
			continue;
		ret_reference->start = (size_t)(s - text);
		ret_reference->len = 1 + len + 2 * (size_t)braces;
		ret_reference->definition = definition;
		return true;
	}
	return false;
}

static char *replace(const char *text, const struct reference *reference)
{
	struct text out = {0};

	text_add_len(&out, text, reference->start);
	text_add(&out, reference->definition->value);
	text_add(&out, text + reference->start + reference->len);
	return text_take(&out);
}

static void handle_each(struct import_lines *lines, char *text)
{
	char *state = NULL;

	for (char *line = strtok_r(text, "\n", &state); line; line = strtok_r(NULL, "\n", &state))
		import_lines_handle(lines, line);
}

bool import_lines_substitute(struct import_lines *lines, const char *text)
{
	struct reference reference = {0};
	char *current = xstrdup(text);
	bool several = false;
	size_t count = 0;

	while (next_reference(lines, current, reference.start, &reference)) {
		char *replaced;

		if (++count > REPLACEMENTS_MAX || strlen(current) > IMPORT_SIZE_MAX) {
			import_lines_stop(lines, "too many definitions in one line");
			break;
		}
		replaced = replace(current, &reference);
		free(current);
		current = replaced;
		several = strchr(reference.definition->value, '\n') != NULL;
		if (several)
			break; /* the values of the others may change in between */
	}
	if (count > 0 && several)
		handle_each(lines, current);
	else if (count > 0)
		import_lines_handle(lines, current);
	free(current);
	return count > 0;
}

/* --- repetitions --- */

struct arguments {
	char *items[ARGUMENTS_MAX];
	size_t count;
};

static char *trimmed(const char *s, size_t len)
{
	char *copy;

	while (len > 0 && strchr(" \t\n", *s)) {
		s++;
		len--;
	}
	while (len > 0 && strchr(" \t\n", s[len - 1]))
		len--;
	copy = xmalloc(len + 1);
	memcpy(copy, s, len);
	copy[len] = '\0';
	return copy;
}

static void arguments_done(struct arguments *arguments)
{
	while (arguments->count > 0)
		free(arguments->items[--arguments->count]);
}

/* What is between 's' and 'end', at commas outside of braces. */
static void split(const char *s, const char *end, struct arguments *arguments)
{
	while (s <= end && arguments->count < ARGUMENTS_MAX) {
		const char *stop = s;
		bool braced = false;

		for (; stop < end && (braced || *stop != ','); stop++)
			braced = *stop == '{' || (braced && *stop != '}');
		arguments->items[arguments->count++] = trimmed(s, (size_t)(stop - s));
		s = stop + 1;
	}
}

static bool read_int(const char *text, long *ret_value)
{
	char *end;
	long value = strtol(text, &end, 0);

	if (!*text || *end || value < -INT_MAX || value > INT_MAX)
		return false;
	*ret_value = value;
	return true;
}

/* ~SEQ(var, [[start,] [step,]] end) */
static bool sequence(struct import_lines *lines, const struct arguments *arguments, bool hex,
                     const char *rest)
{
	const char *name = arguments->count > 0 ? arguments->items[0] : "";
	long start, step, end;

	if (arguments->count < 2 || arguments->count > 4 || name_length(name) != strlen(name) ||
	    !read_int(arguments->items[arguments->count - 1], &end))
		return false;
	start = end > 0 ? 1 : -1;
	if (arguments->count > 2 && !read_int(arguments->items[1], &start))
		return false;
	step = end >= start ? 1 : -1;
	if (arguments->count > 3 && !read_int(arguments->items[2], &step))
		return false;
	if (step == 0)
		return false;
	for (long i = start; (step > 0 ? i <= end : i >= end) && !lines->stopped; i += step) {
		char value[24];

		snprintf(value, sizeof(value), hex ? "%lx" : "%ld", (unsigned long)i);
		import_lines_define(lines, name, strlen(name), value);
		import_lines_handle(lines, rest);
	}
	return true;
}

/* "{a, b}" to its parts; what has no braces is one part. */
static void parts_of(const char *text, struct arguments *parts)
{
	size_t len = strlen(text);

	if (len >= 2 && *text == '{' && text[len - 1] == '}')
		split(text + 1, text + len - 1, parts);
	else
		split(text, text + len, parts);
}

static bool set_all(struct import_lines *lines, const struct arguments *names,
                    const struct arguments *values)
{
	if (names->count == 0 || names->count != values->count)
		return false;
	for (size_t i = 0; i < names->count; i++) {
		const char *name = names->items[i];

		if (!*name || name_length(name) != strlen(name))
			return false;
		import_lines_define(lines, name, strlen(name), values->items[i]);
	}
	return true;
}

/* ~LST(var, a, b) or ~LST({var, var}, {a, b}, {c, d}) */
static bool list(struct import_lines *lines, const struct arguments *arguments, const char *rest)
{
	struct arguments *names = xcalloc(1, sizeof(*names)), *values = xcalloc(1, sizeof(*values));
	bool good = arguments->count >= 2;

	if (good)
		parts_of(arguments->items[0], names);
	for (size_t i = 1; i < arguments->count && good && !lines->stopped; i++) {
		parts_of(arguments->items[i], values);
		good = set_all(lines, names, values);
		arguments_done(values);
		if (good)
			import_lines_handle(lines, rest);
	}
	arguments_done(names);
	free(names);
	free(values);
	return good;
}

bool import_lines_repeat(struct import_lines *lines, const char *text)
{
	bool seq = text_starts_with(text, "~SEQ(") || text_starts_with(text, "~SEQx("), good;
	const char *open = strchr(text, '('), *close;
	struct arguments *arguments;

	if (!seq && !text_starts_with(text, "~LST("))
		return false;
	close = strchr(open, ')');
	arguments = xcalloc(1, sizeof(*arguments));
	if (close)
		split(open + 1, close, arguments);
	good = close && (seq ? sequence(lines, arguments, text[4] == 'x', close + 1)
	                     : list(lines, arguments, close + 1));
	if (!good && !lines->stopped) {
		struct import_statement *statement = import_lines_statement(lines, text);

		if (statement)
			import_note(lines->import, statement, IMPORT_FAILED,
			            "this repetition is not understood");
	}
	arguments_done(arguments);
	free(arguments);
	return true;
}
