/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/parser.h - lines of words, quotes and braces to statements and blocks.
 *
 * Pure. Private to import/. A statement ends with its line; '{' opens a block below the statement
 * before it, on the same line or at the beginning of the next one; '}' closes it, wherever it
 * stands. Quotes of both kinds hold words together and go; '\' takes the meaning from what follows.
 * (keepalived.conf(5), "Quoted strings".) */

#ifndef LINTEL_IMPORT_PARSER_H
#define LINTEL_IMPORT_PARSER_H

#include "import/statement.h"

struct import_parser {
	struct import *import;
	struct import_statement *block;  /* the open one, NULL: none */
	struct import_statement *latest; /* may yet get a block; NULL: none */
	unsigned depth;                  /* of open blocks */
	unsigned beyond;                 /* open ones below the deepest allowed: not looked at */
	bool full;                       /* IMPORT_STATEMENTS_MAX was reached */
};

/* 'file' has to stay as long as the import. */
void import_parser_line(struct import_parser *parser, const char *file, unsigned line,
                        const char *text);
/* The end of everything: tells of blocks that were not closed. */
void import_parser_end(struct import_parser *parser);

#endif
