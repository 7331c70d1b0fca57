/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/options.h"

#include "daemon/table.h"
#include "lib/mem.h"

#include <assert.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HELP_INDEX     1000 /* getopt_long's number of --help; options have theirs + INDEX_BASE */
#define INDEX_BASE     1001
#define HELP_COLUMN    26 /* where the phrases of options begin */
#define EXIT_CODES_STD "0: done; 1: failed; 2: wrong usage."

static size_t choice_count(const char *const *choices)
{
	size_t count = 0;

	while (choices && choices[count])
		count++;
	return count;
}

static size_t choice_index(const char *const *choices, const char *value)
{
	size_t i = 0;

	while (choices[i] && strcmp(choices[i], value) != 0)
		i++;
	return i;
}

void options_unknown(struct text *out, const char *what, const char *word, const char *prefix,
                     const char *const *names, size_t count)
{
	const char *nearest = text_nearest(word, names, count);

	text_printf(out, "unknown %s '%s%s'", what, prefix, word);
	if (nearest)
		text_printf(out, "; did you mean '%s%s'?", prefix, nearest);
}

static void bad_choice(struct text *out, const char *what, const char *value,
                       const char *const *choices)
{
	const char *nearest = text_nearest(value, choices, choice_count(choices));

	text_printf(out, "%s: '%s' is none of", what, value);
	for (size_t i = 0; choices[i]; i++)
		text_printf(out, "%s%s", i ? ", " : " ", choices[i]);
	if (nearest)
		text_printf(out, "; did you mean '%s'?", nearest);
}

static void add_given(struct options_given *given, const struct options_option *option,
                      const char *value)
{
	size_t count = given->count + 1;

	given->options = xreallocarray(given->options, count, sizeof(*given->options));
	given->values = xreallocarray(given->values, count, sizeof(*given->values));
	given->options[given->count] = option;
	given->values[given->count] = value;
	given->count = count;
}

/* The long word (without "--" and "=value") that getopt_long has just refused. */
static char *refused_word(const char *arg)
{
	const char *word = arg + strspn(arg, "-");
	size_t len = strcspn(word, "=");
	char *copy = xmemdup(word, len + 1);

	copy[len] = '\0';
	return copy;
}

static void unknown_long(const struct options_usage *usage, const char *arg, struct text *error)
{
	size_t count = usage->option_count + 1;
	const char **names = xcalloc(count, sizeof(*names));
	char *word = refused_word(arg);

	for (size_t i = 0; i < usage->option_count; i++)
		names[i] = usage->options[i].name;
	names[count - 1] = "help";
	options_unknown(error, "option", word, "--", names, count);
	free(word);
	free(names);
}

static void refused(const struct options_usage *usage, char **argv, struct text *error)
{
	const char *arg = argv[optind - 1];

	if (optopt == 0)
		unknown_long(usage, arg, error);
	else if (optopt == HELP_INDEX)
		text_add(error, "option '--help' takes no value");
	else if (optopt >= INDEX_BASE)
		text_printf(error, "option '--%s' takes no value",
		            usage->options[optopt - INDEX_BASE].name);
	else
		text_printf(error, "unknown option '-%c'", optopt);
}

static void without_value(const struct options_usage *usage, struct text *error)
{
	for (size_t i = 0; i < usage->option_count; i++) {
		const struct options_option *option = &usage->options[i];
		if (optopt == (int)(INDEX_BASE + i) || optopt == option->letter) {
			text_printf(error, "option '--%s' wants a value: --%s %s", option->name,
			            option->name, option->value);
			return;
		}
	}
}

static const struct options_option *option_of(const struct options_usage *usage, int number)
{
	for (size_t i = 0; i < usage->option_count; i++) {
		if (number == (int)(INDEX_BASE + i) || number == usage->options[i].letter)
			return &usage->options[i];
	}
	assert(!"getopt_long gives only what it was told");
	return NULL;
}

/* The table as getopt_long wants it. */
static void build_getopt(const struct options_usage *usage, struct option *longs,
                         struct text *shorts)
{
	size_t i;

	text_add(shorts, ":h");
	for (i = 0; i < usage->option_count; i++) {
		const struct options_option *option = &usage->options[i];
		longs[i] = (struct option){
			.name = option->name,
			.has_arg = option->value ? required_argument : no_argument,
			.val = (int)(INDEX_BASE + i),
		};
		if (option->letter)
			text_printf(shorts, "%c%s", option->letter, option->value ? ":" : "");
	}
	longs[i] = (struct option){.name = "help", .val = HELP_INDEX};
}

static enum options_outcome take_options(const struct options_usage *usage, int argc, char **argv,
                                         const struct option *longs, const char *shorts,
                                         struct options_given *given, struct text *error)
{
	int number;

	optind = 0; /* begin anew, GNU's way */
	opterr = 0;
	while ((number = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		if (number == 'h' || number == HELP_INDEX)
			return OPTIONS_HELP;
		if (number == '?') {
			refused(usage, argv, error);
			return OPTIONS_WRONG;
		}
		if (number == ':') {
			without_value(usage, error);
			return OPTIONS_WRONG;
		}
		const struct options_option *option = option_of(usage, number);
		const char *value = option->value ? optarg : NULL;
		if (option->choices &&
		    choice_index(option->choices, value) == choice_count(option->choices)) {
			text_printf(error, "option '--%s': ", option->name);
			bad_choice(error, option->value, value, option->choices);
			return OPTIONS_WRONG;
		}
		add_given(given, option, value);
	}
	return OPTIONS_RUN;
}

static enum options_outcome take_operands(const struct options_usage *usage,
                                          struct options_given *given, struct text *error)
{
	if (given->operand_count < usage->operand_min) {
		text_printf(error, "%s is missing", usage->operands);
		return OPTIONS_WRONG;
	}
	if (given->operand_count > usage->operand_max) {
		const char *extra = given->operands[usage->operand_max];
		text_printf(error, "'%s' is one too many: %s%s", extra, usage->name,
		            usage->operand_max ? " takes " : " takes no operands");
		if (usage->operand_max)
			text_add(error, usage->operands);
		return OPTIONS_WRONG;
	}
	for (size_t i = 0; usage->operand_choices && i < given->operand_count; i++) {
		const char *const *choices = usage->operand_choices;
		if (choice_index(choices, given->operands[i]) == choice_count(choices)) {
			bad_choice(error, usage->operands, given->operands[i], choices);
			return OPTIONS_WRONG;
		}
	}
	return OPTIONS_RUN;
}

enum options_outcome options_parse(const struct options_usage *usage, int argc, char **argv,
                                   struct options_given *ret_given, struct text *error)
{
	struct option *longs = xcalloc(usage->option_count + 2, sizeof(*longs));
	struct text shorts = {0};
	enum options_outcome outcome;

	*ret_given = (struct options_given){.usage = usage};
	build_getopt(usage, longs, &shorts);
	outcome = take_options(usage, argc, argv, longs, text_str(&shorts), ret_given, error);
	if (outcome == OPTIONS_RUN) {
		ret_given->operands = argv + optind;
		ret_given->operand_count = (size_t)(argc - optind);
		outcome = take_operands(usage, ret_given, error);
	}
	text_done(&shorts);
	free(longs);
	return outcome;
}

void options_given_done(struct options_given *given)
{
	free(given->options);
	free(given->values);
	*given = (struct options_given){0};
}

static const struct options_option *find_option(const struct options_usage *usage, const char *name)
{
	for (size_t i = 0; i < usage->option_count; i++) {
		if (strcmp(usage->options[i].name, name) == 0)
			return &usage->options[i];
	}
	assert(!"a command asks only for its own options");
	return NULL;
}

bool options_has(const struct options_given *given, const char *name)
{
	const struct options_option *option = find_option(given->usage, name);

	for (size_t i = 0; i < given->count; i++) {
		if (given->options[i] == option)
			return true;
	}
	return false;
}

const char *options_value(const struct options_given *given, const char *name, const char *fallback)
{
	const struct options_option *option = find_option(given->usage, name);
	const char *value = fallback;

	for (size_t i = 0; i < given->count; i++) {
		if (given->options[i] == option)
			value = given->values[i];
	}
	return value;
}

char **options_values(const struct options_given *given, const char *name, const char *fallback,
                      size_t *ret_count)
{
	const struct options_option *option = find_option(given->usage, name);
	char **values = xcalloc(given->count + 1, sizeof(*values));
	size_t count = 0;

	for (size_t i = 0; i < given->count; i++) {
		if (given->options[i] == option)
			values[count++] = (char *)given->values[i];
	}
	if (count == 0)
		values[count++] = (char *)fallback;
	*ret_count = count;
	return values;
}

size_t options_choice(const struct options_given *given, const char *name, const char *fallback)
{
	return choice_index(find_option(given->usage, name)->choices,
	                    options_value(given, name, fallback));
}

static void add_option_help(const struct options_option *option, unsigned width, struct text *out)
{
	size_t start = out->len;

	if (option->letter)
		text_printf(out, "  -%c, --%s", option->letter, option->name);
	else
		text_printf(out, "      --%s", option->name);
	if (option->choices) {
		for (size_t i = 0; option->choices[i]; i++)
			text_printf(out, "%s%s", i ? "|" : " ", option->choices[i]);
	} else if (option->value) {
		text_printf(out, " %s", option->value);
	}
	unsigned column = (unsigned)(out->len - start);
	if (column + 2 > HELP_COLUMN) {
		text_add(out, "\n");
		column = 0;
	}
	text_printf(out, "%*s", (int)(HELP_COLUMN - column), "");
	table_paragraph(out, option->help, HELP_COLUMN, HELP_COLUMN, width);
}

void options_help(const struct options_usage *usage, unsigned width, struct text *out)
{
	static const struct options_option help = {
		.name = "help", .letter = 'h', .help = "show this help"};

	text_printf(out, "Usage: lintel %s [OPTION]...%s%s\n\n", usage->name,
	            *usage->operands ? " " : "", usage->operands);
	table_paragraph(out, usage->description, 0, 0, width);
	text_add(out, "\nOptions:\n");
	for (size_t i = 0; i < usage->option_count; i++)
		add_option_help(&usage->options[i], width, out);
	add_option_help(&help, width, out);
	text_add(out, "\n");
	table_paragraph(out, "Exit code:", 0, 0, width);
	text_add(out, "  ");
	table_paragraph(out, usage->exit_codes ? usage->exit_codes : EXIT_CODES_STD, 2, 2, width);
}
