/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/lines.h"

#include "import/lines_private.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *skip_blanks(const char *s)
{
	return s + strspn(s, " \t\n");
}

struct import_statement *import_lines_statement(struct import_lines *lines, const char *text)
{
	struct import_statement *statement =
		import_add(lines->import, lines->parser.block, lines->file, lines->line, &text, 1);

	if (!statement) {
		lines->parser.full = true;
		lines->stopped = true;
		return NULL;
	}
	statement->aside = true;
	return statement;
}

void import_lines_stop(struct import_lines *lines, const char *why)
{
	struct import_statement *statement;

	if (lines->stopped)
		return;
	statement = import_lines_statement(lines, "(the rest)");
	if (statement)
		import_note(lines->import, statement, IMPORT_FAILED, "not read: %s", why);
	lines->stopped = true;
}

/* --- included files --- */

static void read_text(struct import_lines *lines, const char *path, const char *text, size_t size);

struct including {
	struct import_lines *lines;
	struct import_statement *statement;
	size_t count; /* that were read */
	bool failed;  /* one was found and not read, which was told */
};

static void found_file(void *arg, const char *path, const char *text, size_t size, int error)
{
	struct including *including = arg;
	struct import_lines *lines = including->lines;
	const char *file = lines->file;
	unsigned line = lines->line;

	if (lines->stopped)
		return;
	including->failed = true;
	if (error || size > IMPORT_SIZE_MAX) {
		import_note(lines->import, including->statement, IMPORT_FAILED,
		            "%s can't be read: %s", path, error ? strerror(error) : "too large");
		return;
	}
	if (lines->include_depth == IMPORT_INCLUDE_MAX || lines->file_count == IMPORT_FILES_MAX) {
		import_note(lines->import, including->statement, IMPORT_FAILED,
		            "%s is not read; allowed: %d files, %d levels", path, IMPORT_FILES_MAX,
		            IMPORT_INCLUDE_MAX);
		return;
	}
	for (const struct import_open *open = lines->open; open; open = open->by) {
		if (strcmp(open->path, path) == 0) {
			import_note(lines->import, including->statement, IMPORT_FAILED,
			            "%s is being read already", path);
			return;
		}
	}
	including->failed = false;
	including->count++;
	lines->include_depth++;
	lines->file_count++;
	read_text(lines, path, text, size);
	lines->include_depth--;
	lines->file = file;
	lines->line = line;
}

/* The pattern without the quotes around it. */
static char *unquoted(const char *pattern)
{
	size_t len = strlen(pattern);

	while (len > 0 && strchr(" \t\n", pattern[len - 1]))
		len--;
	if (len >= 2 && (*pattern == '"' || *pattern == '\'') && pattern[len - 1] == *pattern) {
		pattern++;
		len -= 2;
	}
	char *copy = xmalloc(len + 1);
	memcpy(copy, pattern, len);
	copy[len] = '\0';
	return copy;
}

static bool include(struct import_lines *lines, const char *text)
{
	static const char *const words[] = {"include",  "includer", "includem",
	                                    "includew", "includeb", "includea"};
	struct including including = {.lines = lines};
	struct import_found found = {.arg = &including, .file = found_file};
	size_t len = strcspn(text, " \t\n");
	char *pattern;
	bool is = false;

	for (size_t i = 0; i < LT_ARRAY_SIZE(words); i++)
		is |= strlen(words[i]) == len && strncmp(text, words[i], len) == 0;
	if (!is)
		return false;
	including.statement = import_lines_statement(lines, text);
	if (!including.statement)
		return true;
	pattern = unquoted(skip_blanks(text + len));
	lines->reader->include(lines->reader->ctx, lines->file, pattern, &found);
	if (including.count > 0)
		import_note(lines->import, including.statement, IMPORT_TAKEN, "%zu file%s",
		            including.count, including.count == 1 ? "" : "s");
	else if (!including.failed && strpbrk(pattern, "*?["))
		import_note(lines->import, including.statement, IMPORT_TAKEN, "no file matches");
	else if (!including.failed)
		import_note(lines->import, including.statement, IMPORT_FAILED,
		            "there is no such file");
	free(pattern);
	return true;
}

/* --- lines --- */

/* "@main ..." is for the machine main, "@^main ..." for all others. Returns what follows, NULL when
 * the line is not for us. */
static const char *choose(struct import_lines *lines, const char *text)
{
	bool others = text[1] == '^';
	const char *id = text + 1 + others;
	size_t len = strcspn(id, " \t\n");
	struct import_statement *statement;
	bool ours = lines->id && strlen(lines->id) == len && strncmp(id, lines->id, len) == 0;

	if (ours != others)
		return skip_blanks(id + len);
	statement = import_lines_statement(lines, text);
	if (statement)
		import_note(lines->import, statement, IMPORT_DIFFERS,
		            "left out: it is for other machines than '%s' (--id)",
		            lines->id ? lines->id : "");
	return NULL;
}

static void handle_definition(struct import_lines *lines, const char *text, size_t name_len)
{
	struct import_statement *statement = import_lines_statement(lines, text);

	if (!statement)
		return;
	statement->covered = true; /* what it is used for tells */
	import_lines_define(lines, text + 1, name_len, skip_blanks(text + name_len + 2));
}

void import_lines_handle(struct import_lines *lines, const char *text)
{
	size_t name_len;

	/* The constant is what a line costs, so that many empty ones come to an end, too. */
	lines->work += strlen(text) + 64;
	if (lines->work > IMPORT_TEXT_MAX)
		import_lines_stop(lines, "definitions make the text too large");
	if (lines->expand_depth == IMPORT_EXPAND_MAX)
		import_lines_stop(lines, "definitions are nested too deeply");
	if (lines->parser.full)
		lines->stopped = true;
	if (lines->stopped)
		return;
	lines->expand_depth++;
	text = skip_blanks(text);
	if (*text == '@')
		text = choose(lines, text);
	if (text && *text) {
		name_len = import_lines_is_definition(text);
		if (name_len > 0)
			handle_definition(lines, text, name_len);
		else if (!import_lines_repeat(lines, text) &&
		         !import_lines_substitute(lines, text) && !include(lines, text))
			import_parser_line(&lines->parser, lines->file, lines->line, text);
	}
	lines->expand_depth--;
}

/* Takes the comment and blanks at the end off. True when the line goes on in the next one. */
static bool strip(char *line)
{
	bool quoted = false, goes_on = false;
	char *c = line;

	for (; *c; c++) {
		if (*c == '\\' && c[1]) {
			c++;
		} else if (*c == '\\') {
			goes_on = true;
			break;
		} else if (*c == '"') {
			quoted = !quoted;
		} else if ((*c == '#' || *c == '!') && !quoted) {
			break;
		}
	}
	while (c > line && strchr(" \t\r", c[-1]))
		c--;
	*c = '\0';
	return goes_on;
}

/* A line and those that it goes on in, separated by '\n'. */
static const char *next_line(struct import_lines *lines, const char *text, const char *end,
                             struct text *out)
{
	bool goes_on = true;

	while (text < end && goes_on) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t len = (size_t)((newline ? newline : end) - text);
		char *line = xmalloc(len + 1);

		for (size_t i = 0; i < len; i++)
			line[i] = text[i] ? text[i] : ' ';
		line[len] = '\0';
		goes_on = strip(line);
		text_add(out, line);
		if (goes_on)
			text_add(out, "\n");
		free(line);
		lines->line++;
		text = newline ? newline + 1 : end;
	}
	return text;
}

static void read_text(struct import_lines *lines, const char *path, const char *text, size_t size)
{
	struct import_open open = {.path = path, .by = lines->open};
	const char *end = text + size;
	unsigned next = 0;

	lines->open = &open;
	lines->file = arena_strdup(&lines->import->arena, path);
	while (text < end && !lines->stopped) {
		struct text line = {0};

		lines->line = next;
		text = next_line(lines, text, end, &line);
		next = lines->line;
		/* Of several lines, the report names the first one. */
		for (const char *c = text_str(&line); *c; c++)
			lines->line -= *c == '\n';
		import_lines_handle(lines, text_str(&line));
		text_done(&line);
	}
	lines->open = open.by;
}

void import_lines_read(struct import *import, const char *path, const char *text, size_t size,
                       const struct import_options *options, const struct import_reader *reader)
{
	struct import_lines lines = {
		.import = import,
		.id = options->id,
		.reader = reader,
		.parser = {.import = import},
	};
	const char *slash = strrchr(path, '/');
	char directory[4096];

	snprintf(directory, sizeof(directory), "%.*s", slash ? (int)(slash - path) : 1,
	         slash ? path : ".");
	import_lines_define(&lines, "_PWD", 4, directory);
	import_lines_define(&lines, "_INSTANCE", 9, options->id ? options->id : "");
	import_lines_define(&lines, "_HASH", 5, "#");
	import_lines_define(&lines, "_BANG", 5, "!");
	read_text(&lines, path, text, size);
	import_parser_end(&lines.parser);
}
