/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/statement.h"

#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN_MAX 60 /* bytes of a statement in the report */

const char *import_verdict_name(enum import_verdict verdict)
{
	switch (verdict) {
	case IMPORT_TAKEN:
		return "taken";
	case IMPORT_DIFFERS:
		return "differs";
	case IMPORT_FAILED:
		return "not converted";
	}
	return "?";
}

void import_init(struct import *import)
{
	*import = (struct import){.statements = NULL};
	arena_init(&import->arena);
	import->documents = tree_new(&import->arena, TREE_LIST, 0);
}

void import_done(struct import *import)
{
	free(import->statements);
	import_names_done(&import->titles);
	arena_done(&import->arena);
}

static void append(struct import *import, struct import_statement *statement)
{
	if (import->count == import->capacity) {
		import->capacity = import->capacity ? 2 * import->capacity : 64;
		import->statements = xreallocarray(import->statements, import->capacity,
		                                   sizeof(struct import_statement *));
	}
	import->statements[import->count++] = statement;
	statement->number = (unsigned)import->count;
}

struct import_statement *import_add(struct import *import, struct import_statement *parent,
                                    const char *file, unsigned line, const char *const *words,
                                    size_t word_count)
{
	struct import_statement *statement, **last = parent ? &parent->last : &import->last;

	if (import->count == IMPORT_STATEMENTS_MAX)
		return NULL;
	statement = arena_alloc(&import->arena, sizeof(*statement));
	statement->file = file;
	statement->line = line;
	statement->parent = parent;
	statement->words = arena_array(&import->arena, word_count, sizeof(*statement->words));
	statement->word_count = word_count;
	for (size_t i = 0; i < word_count; i++)
		statement->words[i] = arena_strdup(&import->arena, words[i]);
	append(import, statement);
	if (*last)
		(*last)->sibling = statement;
	else if (parent)
		parent->child = statement;
	else
		import->first = statement;
	*last = statement;
	return statement;
}

static void add_note(struct import *import, struct import_statement *statement,
                     enum import_verdict verdict, const char *fmt, va_list args)
{
	struct import_note *note = arena_alloc(&import->arena, sizeof(*note));
	char text[512];

	vsnprintf(text, sizeof(text), fmt, args);
	note->verdict = verdict;
	note->text = arena_strdup(&import->arena, text);
	if (statement->last_note)
		statement->last_note->next = note;
	else
		statement->notes = note;
	statement->last_note = note;
}

void import_note(struct import *import, struct import_statement *statement,
                 enum import_verdict verdict, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(import, statement, verdict, fmt, args);
	va_end(args);
}

static void cover(struct import_statement *block)
{
	for (struct import_statement *s = block->child; s; s = s->sibling) {
		s->covered = true;
		cover(s);
	}
}

void import_note_all(struct import *import, struct import_statement *statement,
                     enum import_verdict verdict, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	add_note(import, statement, verdict, fmt, args);
	va_end(args);
	cover(statement);
}

void import_untake(struct import_statement *statement)
{
	struct import_note **at = &statement->notes;

	statement->last_note = NULL;
	while (*at) {
		if ((*at)->verdict == IMPORT_TAKEN) {
			*at = (*at)->next;
			continue;
		}
		statement->last_note = *at;
		at = &(*at)->next;
	}
}

bool import_has_failed(const struct import_statement *statement)
{
	for (const struct import_note *note = statement->notes; note; note = note->next) {
		if (note->verdict == IMPORT_FAILED)
			return true;
	}
	return false;
}

void import_revoke(struct import *import, struct import_statement *statement, const char *fmt, ...)
{
	va_list args;

	import_untake(statement);
	va_start(args, fmt);
	add_note(import, statement, IMPORT_FAILED, fmt, args);
	va_end(args);
}

const char *import_word(const struct import_statement *statement, size_t index)
{
	return index < statement->word_count ? statement->words[index] : "";
}

struct import_statement *import_find(const struct import_statement *block, const char *word)
{
	struct import_statement *found = NULL;

	for (struct import_statement *s = block->child; s; s = s->sibling) {
		if (strcmp(s->words[0], word) == 0)
			found = s;
	}
	return found;
}

/* Where a text of at most 'max' bytes may end, so that no character is cut in two. */
static size_t cut(const char *text, size_t max)
{
	size_t len = strnlen(text, max + 1);

	if (len <= max)
		return len;
	while (max > 0 && ((unsigned char)text[max] & 0xc0) == 0x80)
		max--;
	return max;
}

static void add_printable(struct text *out, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool control = (unsigned char)text[i] < 0x20 || text[i] == 0x7f;

		text_add_len(out, text[i] == '\t' ? " " : control ? "?" : &text[i], 1);
	}
}

void import_shown(const struct import_statement *statement, struct text *out)
{
	struct text words = {0};
	size_t len;

	for (size_t i = 0; i < statement->word_count && words.len <= SHOWN_MAX; i++) {
		if (i > 0 && statement->secret) {
			text_add(&words, " ...");
			break;
		}
		text_printf(&words, "%s%s", i > 0 ? " " : "", statement->words[i]);
	}
	len = cut(text_str(&words), SHOWN_MAX);
	add_printable(out, text_str(&words), len);
	if (len < words.len)
		text_add(out, "...");
	text_done(&words);
}

static void report_note(const struct import_statement *statement, enum import_verdict verdict,
                        const char *note, struct text *out)
{
	add_printable(out, statement->file, strlen(statement->file));
	text_printf(out, ":%u: ", statement->line);
	import_shown(statement, out);
	text_printf(out, ": %s%s", import_verdict_name(verdict), *note ? ": " : "");
	add_printable(out, note, strlen(note));
	text_add(out, "\n");
}

void import_report(const struct import *import, enum import_verdict least, struct text *out)
{
	for (size_t i = 0; i < import->count; i++) {
		const struct import_statement *statement = import->statements[i];

		for (const struct import_note *note = statement->notes; note; note = note->next) {
			if (note->verdict >= least)
				report_note(statement, note->verdict, note->text, out);
		}
		if (!statement->notes && !statement->covered)
			report_note(statement, IMPORT_FAILED, "not known here", out);
	}
}

void import_count(const struct import *import, size_t ret_counts[static 3])
{
	memset(ret_counts, 0, 3 * sizeof(*ret_counts));
	for (size_t i = 0; i < import->count; i++) {
		const struct import_statement *statement = import->statements[i];

		for (const struct import_note *note = statement->notes; note; note = note->next)
			ret_counts[note->verdict]++;
		if (!statement->notes && !statement->covered)
			ret_counts[IMPORT_FAILED]++;
	}
}
