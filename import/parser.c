/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/parser.h"

#include "lib/mem.h"

#include <stdlib.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\v' || c == '\f';
}

/* What stands behind a '\'; returns what follows it. */
static const char *read_escape(const char *s, struct text *word)
{
	static const char names[] = "abEfnrtv", values[] = "\a\b\033\f\n\r\t\v";
	const char *name = *s ? strchr(names, *s) : NULL;
	char c = *s;

	if (name) {
		c = values[name - names];
		s++;
	} else if (*s == 'x' && text_hex_digit(s[1]) >= 0) {
		int value = 0;

		for (s++; text_hex_digit(*s) >= 0; s++)
			value = (value * 16 + text_hex_digit(*s)) & 0xff;
		c = (char)value;
	} else if (*s >= '0' && *s <= '7') {
		int value = 0;

		for (unsigned i = 0; i < 3 && *s >= '0' && *s <= '7'; i++, s++)
			value = value * 8 + (*s - '0');
		c = (char)value;
	} else if (*s) {
		s++;
	}
	if (c)
		text_add_len(word, &c, 1);
	return s;
}

/* Is this brace one that opens or closes a block, and not a part of the word? */
static bool is_brace(const char *s, bool in_word, bool braced)
{
	if (*s == '{')
		return !in_word || (s[-1] != '$' && (!s[1] || is_blank(s[1])));
	return *s == '}' && !braced;
}

/* Reads a word; returns what follows it. */
static const char *read_word(const char *s, struct text *word, bool *ret_unclosed)
{
	bool braced = false;
	char quote = 0;

	for (bool in_word = false; *s; in_word = true) {
		if (!quote && (is_blank(*s) || is_brace(s, in_word, braced)))
			break;
		if (*s == '\\') {
			s = read_escape(s + 1, word);
			continue;
		}
		if (quote ? *s == quote : *s == '"' || *s == '\'') {
			quote = quote ? 0 : *s;
			s++;
			continue;
		}
		if (*s == '{' || *s == '}')
			braced = *s == '{';
		text_add_len(word, s++, 1);
	}
	*ret_unclosed = quote != 0;
	return s;
}

/* Words of the statement that is being read. */
struct words {
	char *items[IMPORT_WORDS_MAX];
	size_t count;
	bool cut, unclosed;
};

static void clear(struct words *words)
{
	while (words->count > 0)
		free(words->items[--words->count]);
	words->cut = words->unclosed = false;
}

static void finish(struct import_parser *parser, const char *file, unsigned line,
                   struct words *words)
{
	struct import_statement *statement;

	if (words->count == 0)
		return;
	if (parser->beyond == 0 && !parser->full) {
		statement = import_add(parser->import, parser->block, file, line,
		                       (const char *const *)words->items, words->count);
		parser->full = !statement;
		parser->latest = statement;
		if (statement && words->cut)
			import_note(parser->import, statement, IMPORT_FAILED,
			            "more than %d words; the rest was not read", IMPORT_WORDS_MAX);
		if (statement && words->unclosed)
			import_note(parser->import, statement, IMPORT_FAILED,
			            "a quote is not closed");
	}
	clear(words);
}

static void open_block(struct import_parser *parser, const char *file, unsigned line)
{
	static const char *const brace[] = {"{"};
	struct import_statement *statement = parser->latest;

	if (parser->full)
		return;
	if (parser->beyond > 0) {
		parser->beyond++;
		return;
	}
	if (!statement) {
		statement = import_add(parser->import, parser->block, file, line, brace, 1);
		if (!statement) {
			parser->full = true;
			return;
		}
		import_note(parser->import, statement, IMPORT_FAILED,
		            "opens a block that has no name");
	}
	if (parser->depth == IMPORT_BLOCK_MAX) {
		import_note(parser->import, statement, IMPORT_FAILED,
		            "blocks are nested too deeply; allowed: %d levels", IMPORT_BLOCK_MAX);
		parser->beyond = 1;
		return;
	}
	statement->has_block = true;
	parser->block = statement;
	parser->latest = NULL;
	parser->depth++;
}

static void close_block(struct import_parser *parser, const char *file, unsigned line)
{
	static const char *const brace[] = {"}"};
	struct import_statement *statement;

	parser->latest = NULL;
	if (parser->full)
		return;
	if (parser->beyond > 0) {
		parser->beyond--;
	} else if (parser->block) {
		parser->block = parser->block->parent;
		parser->depth--;
	} else {
		statement = import_add(parser->import, NULL, file, line, brace, 1);
		if (statement)
			import_note(parser->import, statement, IMPORT_FAILED,
			            "closes a block that was not opened");
	}
}

void import_parser_line(struct import_parser *parser, const char *file, unsigned line,
                        const char *text)
{
	struct words *words = xcalloc(1, sizeof(*words));

	for (const char *s = text; *s;) {
		struct text word = {0};
		bool unclosed;

		if (is_blank(*s)) {
			s++;
		} else if (*s == '{') {
			finish(parser, file, line, words);
			open_block(parser, file, line);
			s++;
		} else if (*s == '}') {
			finish(parser, file, line, words);
			close_block(parser, file, line);
			s++;
		} else {
			s = read_word(s, &word, &unclosed);
			words->unclosed |= unclosed;
			if (words->count < IMPORT_WORDS_MAX)
				words->items[words->count++] = text_take(&word);
			else
				words->cut = true;
			text_done(&word);
		}
	}
	finish(parser, file, line, words);
	free(words);
}

void import_parser_end(struct import_parser *parser)
{
	for (struct import_statement *block = parser->block; block; block = block->parent)
		import_note(parser->import, block, IMPORT_FAILED, "the block is not closed");
	parser->block = NULL;
	if (parser->full)
		import_note(parser->import, parser->import->statements[parser->import->count - 1],
		            IMPORT_FAILED, "more than %d statements; the rest was not read",
		            IMPORT_STATEMENTS_MAX);
}
