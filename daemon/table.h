/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/table.h - columns and paragraphs of plain text for a terminal.
 *
 * Pure. Widths are columns of the terminal; one UTF-8 character counts as one. Control characters
 * in what is shown become '?', so that nobody's text steers a terminal. Lines never end in blanks.
 */

#ifndef LINTEL_DAEMON_TABLE_H
#define LINTEL_DAEMON_TABLE_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>

#define TABLE_WIDTH_DEFAULT 80
#define TABLE_WIDTH_MIN     40

/* How a text is meant; a colour where there are colours. */
enum table_tone {
	TABLE_PLAIN,
	TABLE_STRONG,    /* a heading or a name */
	TABLE_FAINT,     /* beside the point */
	TABLE_GOOD,      /* as it should be */
	TABLE_ATTENTION, /* works, but look */
	TABLE_BAD,       /* does not work */
};

/* What the text is made for. */
struct table_style {
	unsigned width; /* columns, at least TABLE_WIDTH_MIN */
	bool colour;    /* escape sequences are understood */
};

enum table_align { TABLE_LEFT, TABLE_RIGHT };

struct table_column {
	const char *title; /* "" for none */
	enum table_align align;
	unsigned min_width;
	bool shrinks; /* may be cut ("...") when the table is too wide; the widest such column first
	               */
};

struct table;

/* A table of 'count' columns; 'columns' must outlive it. */
struct table *table_new(const struct table_column *columns, size_t count);
void table_free(struct table *table); /* NULL accepted */
/* The next cell, row by row from left to right. */
void table_cell(struct table *table, enum table_tone tone, const char *fmt, ...) LT_PRINTF(3, 4);
/* Empty cells up to the end of the row; nothing at its beginning. */
void table_end_row(struct table *table);
/* Columns the table takes when nothing is cut, without indentation. */
unsigned table_natural_width(const struct table *table);
/* Appends the table, each line indented by 'indent' blanks; the titles when any is there. A table
 * without rows gives nothing. */
void table_print(const struct table *table, unsigned indent, const struct table_style *style,
                 struct text *out);

/* Appends 's' in its tone, control characters replaced. */
void table_tone(struct text *out, enum table_tone tone, bool colour, const char *s);
/* Columns 's' takes. */
size_t table_width(const char *s);
/* Appends 's' in its tone as one line, cut at a blank where it is too long. Blanks
 * that it begins with stay. */
void table_line(struct text *out, enum table_tone tone, const char *s,
                const struct table_style *style);
/* Appends 's' broken at blanks. The first line begins at 'column' (what stands there already),
 * further lines are indented by 'indent'. A word longer than a line is broken. A newline in 's'
 * begins a new line. Ends with a newline. */
void table_paragraph(struct text *out, const char *s, unsigned column, unsigned indent,
                     unsigned width);

#endif
