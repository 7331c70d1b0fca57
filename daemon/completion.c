/* SPDX-License-Identifier: GPL-2.0-or-later */
/* bash has no descriptions, so words are enough for it. zsh and fish show them; each quotes in its
 * own way, and both take '...' with few exceptions. */
#include "daemon/completion.h"

#include <string.h>

static const struct options_option help_option = {
	.name = "help", .letter = 'h', .help = "show this help"};

/* The options of a command and, last, --help. */
static const struct options_option *option_at(const struct options_usage *usage, size_t i)
{
	return i < usage->option_count ? &usage->options[i] : &help_option;
}

static void add_choices(struct text *out, const char *const *choices)
{
	for (size_t i = 0; choices[i]; i++)
		text_printf(out, "%s%s", i ? " " : "", choices[i]);
}

/* --- bash --- */

static void bash_values(struct text *out, const char *const *choices, enum options_hint hint)
{
	if (choices) {
		text_add(out, "mapfile -t COMPREPLY < <(compgen -W '");
		add_choices(out, choices);
		text_add(out, "' -- \"$word\")");
		return;
	}
	switch (hint) {
	case OPTIONS_HINT_NONE:
		text_add(out, "COMPREPLY=()");
		break;
	case OPTIONS_HINT_FILE:
		text_add(out, "mapfile -t COMPREPLY < <(compgen -f -- \"$word\")");
		break;
	case OPTIONS_HINT_DIRECTORY:
		text_add(out, "mapfile -t COMPREPLY < <(compgen -d -- \"$word\")");
		break;
	}
}

static void add_names(struct text *out, const struct daemon_command *const *commands)
{
	for (size_t i = 0; commands[i]; i++)
		text_printf(out, "%s%s", i ? " " : "", commands[i]->usage.name);
}

static void bash_command(struct text *out, const struct options_usage *usage)
{
	text_printf(out, "\t%s)\n\t\tcase $previous in\n", usage->name);
	for (size_t i = 0; i < usage->option_count; i++) {
		const struct options_option *option = &usage->options[i];
		if (!option->value)
			continue;
		text_printf(out, "\t\t--%s", option->name);
		if (option->letter)
			text_printf(out, " | -%c", option->letter);
		text_add(out, ")\n\t\t\t");
		bash_values(out, option->choices, option->hint);
		text_add(out, "\n\t\t\treturn\n\t\t\t;;\n");
	}
	if (usage->first_choices) {
		text_printf(out, "\t\t%s)\n\t\t\tif [[ $word != -* ]]; then\n\t\t\t\t",
		            usage->name);
		bash_values(out, usage->first_choices, OPTIONS_HINT_NONE);
		text_add(out, "\n\t\t\t\treturn\n\t\t\tfi\n\t\t\t;;\n");
	}
	text_add(out, "\t\tesac\n\t\tif [[ $word == -* ]]; then\n"
	              "\t\t\tmapfile -t COMPREPLY < <(compgen -W '");
	for (size_t i = 0; i <= usage->option_count; i++)
		text_printf(out, "%s--%s", i ? " " : "", option_at(usage, i)->name);
	text_add(out, "' -- \"$word\")\n\t\telse\n\t\t\t");
	bash_values(out, usage->operand_choices, usage->operand_hint);
	text_add(out, "\n\t\tfi\n\t\t;;\n");
}

void completion_bash(const struct daemon_command *const *commands, struct text *out)
{
	text_add(out,
	         "# bash completion of lintel, made by 'lintel completion bash'\n"
	         "_lintel()\n{\n"
	         "\tlocal word=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]}\n"
	         "\tif ((COMP_CWORD == 1)); then\n"
	         "\t\tmapfile -t COMPREPLY < <(compgen -W '");
	add_names(out, commands);
	text_add(out, " help --help --version' -- \"$word\")\n\t\treturn\n\tfi\n"
	              "\tcase ${COMP_WORDS[1]} in\n"
	              "\thelp)\n\t\tmapfile -t COMPREPLY < <(compgen -W '");
	add_names(out, commands);
	text_add(out, "' -- \"$word\")\n\t\t;;\n");
	for (size_t i = 0; commands[i]; i++)
		bash_command(out, &commands[i]->usage);
	text_add(out, "\tesac\n}\ncomplete -o filenames -F _lintel lintel\n");
}

/* --- zsh --- */

/* Within '...' of _arguments: quotes end it, ':' and brackets mean something. */
static void zsh_quote(struct text *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\'')
			text_add(out, "'\\''");
		else if (strchr(":[]\\", *s))
			text_printf(out, "\\%c", *s);
		else
			text_add_len(out, s, 1);
	}
}

static void zsh_values(struct text *out, const char *what, const char *const *choices,
                       enum options_hint hint)
{
	text_add(out, ":");
	zsh_quote(out, what);
	text_add(out, ":");
	if (choices) {
		text_add(out, "(");
		add_choices(out, choices);
		text_add(out, ")");
		return;
	}
	switch (hint) {
	case OPTIONS_HINT_NONE:
		text_add(out, " ");
		break;
	case OPTIONS_HINT_FILE:
		text_add(out, "_files");
		break;
	case OPTIONS_HINT_DIRECTORY:
		text_add(out, "_files -/");
		break;
	}
}

static void zsh_option(struct text *out, const struct options_option *option, const char *dashes,
                       const char *name)
{
	text_printf(out, " \\\n\t\t\t'%s%s%s[", option->repeatable ? "*" : "", dashes, name);
	zsh_quote(out, option->help);
	text_add(out, "]");
	if (option->value)
		zsh_values(out, option->value, option->choices, option->hint);
	text_add(out, "'");
}

static void zsh_command(struct text *out, const struct options_usage *usage)
{
	text_printf(out, "\t%s)\n\t\t_arguments", usage->name);
	for (size_t i = 0; i <= usage->option_count; i++) {
		const struct options_option *option = option_at(usage, i);
		char letter[2] = {option->letter, '\0'};
		zsh_option(out, option, "--", option->name);
		if (option->letter)
			zsh_option(out, option, "-", letter);
	}
	if (usage->first_choices) {
		text_add(out, " \\\n\t\t\t'1");
		zsh_values(out, usage->operands, usage->first_choices, OPTIONS_HINT_NONE);
		text_add(out, "'");
	}
	if (usage->operand_max > 0) {
		text_printf(out, " \\\n\t\t\t'%s", usage->operand_max > 1 ? "*" : "1");
		zsh_values(out, usage->operands, usage->operand_choices, usage->operand_hint);
		text_add(out, "'");
	}
	text_add(out, "\n\t\t;;\n");
}

void completion_zsh(const struct daemon_command *const *commands, struct text *out)
{
	text_add(out,
	         "#compdef lintel\n# zsh completion of lintel, made by 'lintel completion zsh'\n"
	         "_lintel()\n{\n\tlocal -a commands\n"
	         "\tif ((CURRENT == 2)); then\n\t\tcommands=(\n");
	for (size_t i = 0; commands[i]; i++) {
		text_printf(out, "\t\t\t'%s:", commands[i]->usage.name);
		zsh_quote(out, commands[i]->usage.summary);
		text_add(out, "'\n");
	}
	text_add(out, "\t\t\t'help:explain a command'\n\t\t)\n"
	              "\t\t_describe command commands\n\t\treturn\n\tfi\n"
	              "\tshift words\n\t((CURRENT--))\n\tcase $words[1] in\n"
	              "\thelp)\n\t\t_arguments '1:COMMAND:(");
	add_names(out, commands);
	text_add(out, ")'\n\t\t;;\n");
	for (size_t i = 0; commands[i]; i++)
		zsh_command(out, &commands[i]->usage);
	text_add(out, "\tesac\n}\nif [[ $funcstack[1] == _lintel ]]; then\n\t_lintel \"$@\"\nelse\n"
	              "\tcompdef _lintel lintel\nfi\n");
}

/* --- fish --- */

static void fish_quote(struct text *out, const char *s)
{
	text_add(out, "'");
	for (; *s; s++) {
		if (*s == '\'' || *s == '\\')
			text_add(out, "\\");
		text_add_len(out, s, 1);
	}
	text_add(out, "'");
}

static void fish_option(struct text *out, const char *command, const struct options_option *option)
{
	text_printf(out, "complete -c lintel -n '__fish_seen_subcommand_from %s' -l %s", command,
	            option->name);
	if (option->letter)
		text_printf(out, " -s %c", option->letter);
	if (option->value)
		text_add(out, option->hint == OPTIONS_HINT_NONE ? " -x" : " -r -F");
	if (option->choices) {
		text_add(out, " -a '");
		add_choices(out, option->choices);
		text_add(out, "'");
	}
	text_add(out, " -d ");
	fish_quote(out, option->help);
	text_add(out, "\n");
}

static void fish_command(struct text *out, const struct options_usage *usage)
{
	text_printf(out, "complete -c lintel -n __fish_use_subcommand -a %s -d ", usage->name);
	fish_quote(out, usage->summary);
	text_add(out, "\n");
	for (size_t i = 0; i <= usage->option_count; i++)
		fish_option(out, usage->name, option_at(usage, i));
	if (usage->operand_choices) {
		text_printf(out, "complete -c lintel -n '__fish_seen_subcommand_from %s' -a '",
		            usage->name);
		add_choices(out, usage->operand_choices);
		text_add(out, "'\n");
	}
	if (usage->first_choices) {
		text_printf(out,
		            "complete -c lintel -n '__fish_seen_subcommand_from %s; and not "
		            "__fish_seen_subcommand_from ",
		            usage->name);
		add_choices(out, usage->first_choices);
		text_add(out, "' -a '");
		add_choices(out, usage->first_choices);
		text_add(out, "'\n");
	}
	if (usage->operand_hint != OPTIONS_HINT_NONE)
		text_printf(out, "complete -c lintel -n '__fish_seen_subcommand_from %s' -F\n",
		            usage->name);
}

void completion_fish(const struct daemon_command *const *commands, struct text *out)
{
	text_add(out, "# fish completion of lintel, made by 'lintel completion fish'\n"
	              "complete -c lintel -f\n");
	for (size_t i = 0; commands[i]; i++)
		fish_command(out, &commands[i]->usage);
	text_add(out, "complete -c lintel -n __fish_use_subcommand -a help -d 'explain a command'\n"
	              "complete -c lintel -n '__fish_seen_subcommand_from help' -a '");
	add_names(out, commands);
	text_add(out, "'\n");
}
