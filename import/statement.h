/* SPDX-License-Identifier: GPL-2.0-or-later */
/* import/statement.h - what somebody wrote for another program, statement by statement, and what
 * became of each.
 *
 * Pure. A statement is a line of words that may have a block of statements below it. Each gets at
 * least one note; one that nobody looked at counts as not converted, so that nothing can be lost in
 * silence. Everything lives in the arena of the import. */

#ifndef LINTEL_IMPORT_STATEMENT_H
#define LINTEL_IMPORT_STATEMENT_H

#include "import/names.h"
#include "lib/arena.h"
#include "lib/compiler.h"
#include "lib/text.h"
#include "lib/tree.h"

#include <stdbool.h>

#define IMPORT_SIZE_MAX       (4 * 1024 * 1024)  /* bytes of one file */
#define IMPORT_TEXT_MAX       (16 * 1024 * 1024) /* bytes of all, with definitions put in */
#define IMPORT_STATEMENTS_MAX 200000
#define IMPORT_WORDS_MAX      512 /* of one statement */
#define IMPORT_BLOCK_MAX      32  /* levels of blocks */

/* What became of a statement. */
enum import_verdict {
	IMPORT_TAKEN,   /* it says the same in our words */
	IMPORT_DIFFERS, /* it means something else here, or needs no saying */
	IMPORT_FAILED,  /* it could not be converted */
};
const char *import_verdict_name(enum import_verdict verdict); /* "taken" */

struct import_note {
	enum import_verdict verdict;
	const char *text;
	struct import_note *next;
};

struct import_statement {
	const char *file;
	unsigned line;      /* 1-based */
	unsigned number;    /* 1-based, in order of appearance: the line of tree nodes made of it */
	const char **words; /* at least one */
	size_t word_count;
	bool has_block;
	bool covered; /* what was said of a block around it holds for it, too */
	bool aside;   /* no statement of its block: a definition, an include */
	bool secret;  /* what follows the first word is not shown */
	struct import_note *notes, *last_note;
	struct import_statement *parent; /* NULL: it stands outermost */
	struct import_statement *child, *last, *sibling;
};

struct import {
	struct arena arena;
	struct import_statement **statements; /* in order of appearance; owned */
	size_t count, capacity;
	struct import_statement *first, *last; /* that stand outermost */
	struct tree *documents;                /* TREE_LIST: our objects, see import/build.h */
	struct import_names titles; /* of documents: "VirtualRouter front"; see import/build.c */
};

void import_init(struct import *import);
void import_done(struct import *import);

/* Appends a statement below 'parent' (NULL: outermost); words are copied. NULL when there are
 * IMPORT_STATEMENTS_MAX. */
struct import_statement *import_add(struct import *import, struct import_statement *parent,
                                    const char *file, unsigned line, const char *const *words,
                                    size_t word_count);
void import_note(struct import *import, struct import_statement *statement,
                 enum import_verdict verdict, const char *fmt, ...) LT_PRINTF(4, 5);
/* The same of a statement and all in its block. */
void import_note_all(struct import *import, struct import_statement *statement,
                     enum import_verdict verdict, const char *fmt, ...) LT_PRINTF(4, 5);
/* A failure that undoes what was said to be taken. */
void import_revoke(struct import *import, struct import_statement *statement, const char *fmt, ...)
	LT_PRINTF(3, 4);

/* Takes back what was said to be taken. */
void import_untake(struct import_statement *statement);
/* Was it told of a failure? */
bool import_has_failed(const struct import_statement *statement);

/* Word 'index', "" when there is none. */
const char *import_word(const struct import_statement *statement, size_t index);
/* The last statement of the block that begins with this word, NULL when there is none. */
struct import_statement *import_find(const struct import_statement *block, const char *word);

/* "file:12: advert_int 1: taken: ...", lines in order of appearance, of verdicts from 'least' on.
 * Control characters are not passed on. */
void import_report(const struct import *import, enum import_verdict least, struct text *out);
/* How many notes of each verdict there are, by enum import_verdict. */
void import_count(const struct import *import, size_t ret_counts[static 3]);
/* "advert_int 1", cut where it is long, fit to be printed. */
void import_shown(const struct import_statement *statement, struct text *out);

#endif
