/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/lines_private.h - what import/lines.c and import/lines_expand.c share. */

#ifndef LINTEL_IMPORT_LINES_PRIVATE_H
#define LINTEL_IMPORT_LINES_PRIVATE_H

#include "import/lines.h"
#include "import/parser.h"

struct import_definition {
	const char *name;
	const char *value; /* of several lines: separated by '\n' */
	struct import_definition *next;
};

/* A file that is being read, and the one that includes it. */
struct import_open {
	const char *path;
	const struct import_open *by; /* NULL: the first one */
};

struct import_lines {
	struct import *import;
	const char *id;
	const struct import_reader *reader;
	struct import_parser parser;
	struct import_definition *definitions; /* the newest first; in the arena */
	size_t definition_count;
	const char *file; /* that is being read, in the arena */
	unsigned line;
	const struct import_open *open;
	unsigned include_depth;
	size_t file_count;
	unsigned expand_depth;
	size_t work; /* bytes handled so far */
	bool stopped;
};

/* One line without its comment: a definition, a sequence, an include or words. */
void import_lines_handle(struct import_lines *lines, const char *text);
/* Tells, once, that the rest is not read. */
void import_lines_stop(struct import_lines *lines, const char *why);
/* A statement of this one text, for a note. */
struct import_statement *import_lines_statement(struct import_lines *lines, const char *text);

/* Sets $name. */
void import_lines_define(struct import_lines *lines, const char *name, size_t name_len,
                         const char *value);
/* "$NAME=VALUE": the length of the name, 0 when the text is no definition. */
size_t import_lines_is_definition(const char *text);
/* Puts values for the names in the text and handles the result. False when there are none. */
bool import_lines_substitute(struct import_lines *lines, const char *text);
/* ~SEQ(...) and ~LST(...) at the beginning of the text. False when it has none. */
bool import_lines_repeat(struct import_lines *lines, const char *text);

#endif
