/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/table.h"

#include "lib/mem.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GAP      2 /* blanks between columns */
#define ELLIPSIS "..."

struct cell {
	char *text;
	unsigned width;
	enum table_tone tone;
};

struct table {
	const struct table_column *columns;
	size_t column_count;
	struct cell *cells;
	size_t cell_count;
	size_t capacity;
};

struct table *table_new(const struct table_column *columns, size_t count)
{
	struct table *table = xcalloc(1, sizeof(*table));

	assert(count > 0);
	table->columns = columns;
	table->column_count = count;
	return table;
}

void table_free(struct table *table)
{
	if (!table)
		return;
	for (size_t i = 0; i < table->cell_count; i++)
		free(table->cells[i].text);
	free(table->cells);
	free(table);
}

/* Bytes of the UTF-8 character at 's', 1 for what is none. */
static size_t character_len(const char *s)
{
	unsigned char first = (unsigned char)*s;
	size_t len = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : first >= 0xc0 ? 2 : 1;

	for (size_t i = 1; i < len; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80)
			return 1;
	}
	return len;
}

size_t table_width(const char *s)
{
	size_t width = 0;

	for (; *s; s += character_len(s))
		width++;
	return width;
}

/* Is the character at 's' one that a terminal would obey instead of showing it? C0, DEL, C1 and
 * stray bytes. */
static bool is_control(const char *s, size_t len)
{
	unsigned char first = (unsigned char)s[0];

	if (len == 1)
		return first < 0x20 || first >= 0x7f;
	return len == 2 && first == 0xc2 && (unsigned char)s[1] < 0xa0;
}

/* Appends at most 'columns' characters. */
static void add_clean(struct text *out, const char *s, size_t columns)
{
	for (; *s && columns > 0; columns--) {
		size_t len = character_len(s);
		if (is_control(s, len))
			text_add(out, "?");
		else
			text_add_len(out, s, len);
		s += len;
	}
}

static const char *tone_code(enum table_tone tone)
{
	switch (tone) {
	case TABLE_PLAIN:
		return "";
	case TABLE_STRONG:
		return "\033[1m";
	case TABLE_FAINT:
		return "\033[2m";
	case TABLE_GOOD:
		return "\033[32m";
	case TABLE_ATTENTION:
		return "\033[33m";
	case TABLE_BAD:
		return "\033[1;31m";
	}
	return "";
}

static void add_toned(struct text *out, enum table_tone tone, bool colour, const char *s,
                      size_t columns)
{
	bool coloured = colour && tone != TABLE_PLAIN && *s;

	if (coloured)
		text_add(out, tone_code(tone));
	add_clean(out, s, columns);
	if (coloured)
		text_add(out, "\033[0m");
}

void table_tone(struct text *out, enum table_tone tone, bool colour, const char *s)
{
	add_toned(out, tone, colour, s, SIZE_MAX);
}

void table_cell(struct table *table, enum table_tone tone, const char *fmt, ...)
{
	va_list args;
	char *text;

	if (table->cell_count == table->capacity) {
		table->capacity = table->capacity ? 2 * table->capacity : 64;
		table->cells = xreallocarray(table->cells, table->capacity, sizeof(*table->cells));
	}
	va_start(args, fmt);
	if (vasprintf(&text, fmt, args) < 0)
		abort();
	va_end(args);
	table->cells[table->cell_count++] =
		(struct cell){.text = text, .width = (unsigned)table_width(text), .tone = tone};
}

void table_end_row(struct table *table)
{
	while (table->cell_count % table->column_count)
		table_cell(table, TABLE_PLAIN, "%s", "");
}

/* Takes what is too much from the widest column that may shrink, until it fits or none is left
 * that may. */
static void shrink(const struct table *table, unsigned *widths, unsigned total, unsigned limit)
{
	while (total > limit) {
		size_t widest = table->column_count;
		for (size_t i = 0; i < table->column_count; i++) {
			if (table->columns[i].shrinks && widths[i] > strlen(ELLIPSIS) + 1 &&
			    (widest == table->column_count || widths[i] > widths[widest]))
				widest = i;
		}
		if (widest == table->column_count)
			return;
		widths[widest]--;
		total--;
	}
}

/* Widths of the columns when nothing is cut; their sum with the gaps. */
static unsigned measure(const struct table *table, unsigned *widths)
{
	unsigned total = GAP * (unsigned)(table->column_count - 1);

	for (size_t i = 0; i < table->column_count; i++) {
		widths[i] = (unsigned)table_width(table->columns[i].title);
		if (widths[i] < table->columns[i].min_width)
			widths[i] = table->columns[i].min_width;
	}
	for (size_t i = 0; i < table->cell_count; i++) {
		unsigned *width = &widths[i % table->column_count];
		if (*width < table->cells[i].width)
			*width = table->cells[i].width;
	}
	for (size_t i = 0; i < table->column_count; i++)
		total += widths[i];
	return total;
}

unsigned table_natural_width(const struct table *table)
{
	unsigned *widths = xcalloc(table->column_count, sizeof(*widths));
	unsigned total = measure(table, widths);

	free(widths);
	return total;
}

static void add_blanks(struct text *out, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		text_add(out, " ");
}

/* One line of cells: blanks are owed until something follows them. */
static void print_row(const struct table *table, const struct cell *row, const unsigned *widths,
                      unsigned indent, bool colour, struct text *out)
{
	unsigned owed = indent;

	for (size_t i = 0; i < table->column_count; i++) {
		const struct cell *cell = &row[i];
		bool is_cut = cell->width > widths[i];
		unsigned width = is_cut ? widths[i] : cell->width;
		unsigned pad = widths[i] - width;

		if (table->columns[i].align == TABLE_RIGHT)
			owed += pad;
		if (width > 0) {
			add_blanks(out, owed);
			owed = 0;
			add_toned(out, cell->tone, colour, cell->text,
			          is_cut ? width - strlen(ELLIPSIS) : width);
			if (is_cut)
				text_add(out, ELLIPSIS);
		}
		if (table->columns[i].align == TABLE_LEFT)
			owed += pad;
		owed += GAP;
	}
	text_add(out, "\n");
}

void table_print(const struct table *table, unsigned indent, const struct table_style *style,
                 struct text *out)
{
	size_t count = table->column_count;
	unsigned *widths = xcalloc(count, sizeof(*widths));
	struct cell *titles = xcalloc(count, sizeof(*titles));
	bool has_titles = false;

	assert(table->cell_count % count == 0);
	shrink(table, widths, indent + measure(table, widths), style->width);
	for (size_t i = 0; i < count; i++) {
		titles[i].text = (char *)table->columns[i].title;
		titles[i].width = (unsigned)table_width(table->columns[i].title);
		titles[i].tone = TABLE_STRONG;
		has_titles = has_titles || titles[i].width > 0;
	}
	if (has_titles && table->cell_count > 0)
		print_row(table, titles, widths, indent, style->colour, out);
	for (size_t i = 0; i < table->cell_count; i += count)
		print_row(table, &table->cells[i], widths, indent, style->colour, out);
	free(titles);
	free(widths);
}

/* Bytes of the word at 's', at most 'limit' characters. */
static size_t word_len(const char *s, size_t limit, size_t *ret_width)
{
	size_t len = 0, width = 0;

	while (s[len] && s[len] != ' ' && s[len] != '\n' && width < limit) {
		len += character_len(s + len);
		width++;
	}
	*ret_width = width;
	return len;
}

void table_paragraph(struct text *out, const char *s, unsigned column, unsigned indent,
                     unsigned width)
{
	unsigned room = width > indent + 10 ? width - indent : 10;
	bool at_start = true; /* nothing of 's' on this line yet */

	while (*s) {
		size_t word_width;
		size_t len = word_len(s, room, &word_width);

		if (*s == '\n') {
			text_add(out, "\n");
			column = 0;
			at_start = true;
			s++;
			continue;
		}
		if (*s == ' ') {
			s++;
			continue;
		}
		if (column > indent && column + !at_start + word_width > width) {
			text_add(out, "\n");
			column = 0;
			at_start = true;
		}
		if (at_start && column == 0) {
			add_blanks(out, indent);
			column = indent;
		} else if (!at_start) {
			text_add(out, " ");
			column++;
		}
		char *word = xmemdup(s, len + 1);
		word[len] = '\0';
		add_clean(out, word, SIZE_MAX);
		free(word);
		column += (unsigned)word_width;
		at_start = false;
		s += len;
	}
	text_add(out, "\n");
}

void table_line(struct text *out, enum table_tone tone, const char *s,
                const struct table_style *style)
{
	unsigned indent = (unsigned)strspn(s, " ");
	struct text broken = {0};
	size_t len;

	table_paragraph(&broken, s, 0, indent, style->width);
	len = strcspn(text_str(&broken), "\n");
	if (broken.len)
		broken.data[len] = '\0';
	table_tone(out, tone, style->colour, text_str(&broken));
	text_add(out, "\n");
	text_done(&broken);
}
