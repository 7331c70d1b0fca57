/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words are those of --help, in the form of a manual: a phrase becomes a sentence, a default in
 * brackets one of its own, and options_option.more comes after it. */
#include "daemon/manual.h"

#include <ctype.h>
#include <string.h>

/* One character for troff: what it would take for an escape or a typographic sign is named. */
static void add_character(struct text *out, char c)
{
	switch (c) {
	case '\\':
		text_add(out, "\\e");
		break;
	case '\'':
		text_add(out, "\\(aq");
		break;
	case '"':
		text_add(out, "\\(dq");
		break;
	case '^':
		text_add(out, "\\(ha");
		break;
	case '~':
		text_add(out, "\\(ti");
		break;
	case '-':
		text_add(out, "\\-");
		break;
	default: /* characters, no enum */
		text_add_len(out, &c, 1);
	}
}

/* Does a quotation begin here? An apostrophe within a word is none. */
static bool opens(const char *text, size_t at)
{
	return text[at] == '\'' && (at == 0 || strchr(" (\n", text[at - 1])) && text[at + 1];
}

/* Words; what stands in '...' is what is to be typed. */
static void add_words(struct text *out, const char *text, size_t length)
{
	bool quoted = false;

	if (length > 0 && (text[0] == '.' || text[0] == '\''))
		text_add(out, "\\&");
	for (size_t i = 0; i < length; i++) {
		if (!quoted && opens(text, i)) {
			quoted = true;
			text_add(out, "\\fB");
		} else if (quoted && text[i] == '\'') {
			quoted = false;
			text_add(out, "\\fR");
		} else if (text[i] == ' ' && i >= 1 && strchr(".:;", text[i - 1]) &&
		           isupper((unsigned char)text[i + 1])) {
			text_add(out, "\n"); /* a sentence a line: troff spaces them */
		} else {
			add_character(out, text[i]);
		}
	}
}

/* Paragraphs that newlines part; an indented one is an example. */
static void add_paragraphs(struct text *out, const char *text, const char *parting)
{
	for (bool first = true; *text; first = false) {
		size_t length = strcspn(text, "\n");
		size_t indent = strspn(text, " ");

		if (indent > 0 && indent < length) {
			text_add(out, ".RS 4\n.EX\n");
			add_words(out, text + indent, length - indent);
			text_add(out, "\n.EE\n.RE\n");
		} else {
			if (!first)
				text_add(out, parting);
			add_words(out, text, length);
			text_add(out, "\n");
		}
		text += length;
		text += *text == '\n';
	}
}

/* "[OPTION]... keepalived|ipvsadm FILE": capitals stand for something, the rest is to be typed. */
static void add_operands(struct text *out, const char *operands)
{
	char font = 'R';

	for (const char *c = operands; *c; c++) {
		char wanted = isupper((unsigned char)*c) ? 'I' : 'B';

		if (!isalnum((unsigned char)*c) && *c != '/')
			wanted = 'R';
		if (wanted != font)
			text_printf(out, "\\f%c", wanted);
		font = wanted;
		add_character(out, *c);
	}
	if (font != 'R')
		text_add(out, "\\fR");
}

void manual_synopsis(const struct daemon_command *const *commands, struct text *out)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct options_usage *usage = &commands[i]->usage;

		text_printf(out, ".SY \"lintel %s\"\n", usage->name);
		add_operands(out, usage->option_count > 0 ? "[OPTION]... " : "");
		add_operands(out, usage->operands);
		text_add(out, *usage->operands || usage->option_count > 0 ? "\n" : "\\&\n");
	}
	text_add(out, ".YS\n");
}

static void add_tag(struct text *out, const struct options_option *option)
{
	text_add(out, ".TP\n");
	if (option->letter)
		text_printf(out, "\\fB\\-%c\\fR, ", option->letter);
	text_add(out, "\\fB\\-\\-");
	for (const char *c = option->name; *c; c++)
		add_character(out, *c);
	text_add(out, "\\fR");
	for (size_t i = 0; option->choices && option->choices[i]; i++) {
		text_add(out, i ? "|\\fB" : " \\fB");
		for (const char *c = option->choices[i]; *c; c++)
			add_character(out, *c);
		text_add(out, "\\fR");
	}
	if (!option->choices && option->value) {
		text_add(out, " ");
		add_operands(out, option->value);
	}
	text_add(out, "\n");
}

/* The phrase without the default in brackets that ends it; '*ret_default' is NULL without one. */
static size_t phrase_length(const char *help, const char **ret_default)
{
	size_t length = strlen(help);
	const char *bracket = strrchr(help, '[');

	*ret_default = NULL;
	if (length == 0 || help[length - 1] != ']' || !bracket || bracket == help)
		return length;
	*ret_default = bracket + 1;
	length = (size_t)(bracket - help);
	while (length > 0 && help[length - 1] == ' ')
		length--;
	return length;
}

/* "clean: ...": a value that is explained stays as it is written. */
static bool begins_with_choice(const struct options_option *option)
{
	size_t length = strcspn(option->help, ": ");

	for (size_t i = 0; option->choices && option->choices[i]; i++) {
		if (strlen(option->choices[i]) == length &&
		    strncmp(option->choices[i], option->help, length) == 0)
			return true;
	}
	return false;
}

static void add_option(struct text *out, const struct options_option *option)
{
	const char *fallback;
	size_t length = phrase_length(option->help, &fallback);
	size_t first = 0;

	add_tag(out, option);
	if (length > 0 && !begins_with_choice(option)) {
		text_printf(out, "%c", toupper((unsigned char)option->help[0]));
		first = 1;
	}
	add_words(out, option->help + first, length - first);
	text_add(out, ".\n");
	if (fallback) {
		text_add(out, "Default: ");
		add_words(out, fallback, strlen(fallback) - 1);
		text_add(out, ".\n");
	}
	if (option->more)
		add_paragraphs(out, option->more, ".IP\n");
}

void manual_commands(const struct daemon_command *const *commands, struct text *out)
{
	for (size_t i = 0; commands[i]; i++) {
		const struct options_usage *usage = &commands[i]->usage;

		text_printf(out, ".SS lintel %s\n", usage->name);
		add_paragraphs(out, usage->description, ".PP\n");
		if (usage->more)
			text_add(out, ".PP\n");
		if (usage->more)
			add_paragraphs(out, usage->more, ".PP\n");
		for (size_t j = 0; j < usage->option_count; j++)
			add_option(out, &usage->options[j]);
		if (!usage->exit_codes)
			continue;
		text_add(out, ".PP\nExit code: ");
		add_words(out, usage->exit_codes, strlen(usage->exit_codes));
		text_add(out, "\n");
	}
}
