/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/options.h - what a sub-command accepts, as a table; parsing, help, and completion of it.
 *
 * No I/O, but getopt_long(3) keeps its state in globals: one thread. The tables are the only place
 * where options are named: --help, errors, the values handed to the command, shell completion
 * (daemon/completion.h) and the manual (daemon/manual.h) come from them. */

#ifndef LINTEL_DAEMON_OPTIONS_H
#define LINTEL_DAEMON_OPTIONS_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>

/* What a shell may offer for a value. */
enum options_hint {
	OPTIONS_HINT_NONE, /* nothing, or the choices */
	OPTIONS_HINT_FILE,
	OPTIONS_HINT_DIRECTORY,
};

struct options_option {
	const char *name;           /* without "--" */
	char letter;                /* 0: none */
	const char *value;          /* what help calls its value, NULL: it takes none */
	const char *const *choices; /* the only values allowed, NULL-terminated; NULL: any */
	enum options_hint hint;
	bool repeatable;  /* else the last one counts */
	const char *help; /* a phrase; defaults in brackets */
	const char *more; /* sentences that only the manual has; NULL: none */
};

/* A sub-command. --help (-h) is added to each. */
struct options_usage {
	const char *name;
	const char *summary;                /* a phrase for the list of commands */
	const char *description;            /* sentences; a newline begins a paragraph */
	const char *operands;               /* as help shows them, "" for none */
	const char *const *operand_choices; /* of each operand; NULL: anything */
	const char *const *first_choices;   /* of the first one, when others follow it, else NULL */
	enum options_hint operand_hint;
	size_t operand_min, operand_max;
	const struct options_option *options;
	size_t option_count;
	const char *exit_codes; /* NULL: the usual 0, 1, 2 */
	const char *more;       /* after the description, in the manual only; NULL: none */
};

/* What was given. Texts belong to argv. */
struct options_given {
	const struct options_usage *usage;
	const struct options_option **options; /* in order of appearance */
	const char **values;                   /* NULL where the option takes none */
	size_t count;
	char **operands;
	size_t operand_count;
};

enum options_outcome { OPTIONS_RUN, OPTIONS_HELP, OPTIONS_WRONG };

/* argv[0] is the sub-command's name. OPTIONS_WRONG: 'error' got one line that says what is wrong
 * and what was perhaps meant. In any case options_given_done() frees. */
enum options_outcome options_parse(const struct options_usage *usage, int argc, char **argv,
                                   struct options_given *ret_given, struct text *error);
void options_given_done(struct options_given *given);

/* 'name' must stand in the table of the command. */
bool options_has(const struct options_given *given, const char *name);
/* The last value given, else 'fallback'. */
const char *options_value(const struct options_given *given, const char *name,
                          const char *fallback);
/* All values of a repeatable option in order, or { fallback }. The array is the caller's to free().
 */
char **options_values(const struct options_given *given, const char *name, const char *fallback,
                      size_t *ret_count);
/* Index of the value among the option's choices; of 'fallback' when not given. */
size_t options_choice(const struct options_given *given, const char *name, const char *fallback);

/* The text of --help. */
void options_help(const struct options_usage *usage, unsigned width, struct text *out);
/* "unknown WHAT 'word'; did you mean 'x'?" */
void options_unknown(struct text *out, const char *what, const char *word, const char *prefix,
                     const char *const *names, size_t count);

#endif
