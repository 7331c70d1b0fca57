/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"

#include "lib/mem.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

const struct daemon_command *const daemon_commands[] = {
	&daemon_command_run,        &daemon_command_check,
	&daemon_command_plan,       &daemon_command_status,
	&daemon_command_list,       &daemon_command_top,
	&daemon_command_explain,    &daemon_command_drain,
	&daemon_command_undrain,    &daemon_command_failover,
	&daemon_command_import,     &daemon_command_version,
	&daemon_command_completion, NULL,
};

const char *const command_output_choices[] = {"text", "json", NULL};

static const struct daemon_command *find_command(const char *name)
{
	for (size_t i = 0; daemon_commands[i]; i++) {
		if (strcmp(daemon_commands[i]->usage.name, name) == 0)
			return daemon_commands[i];
	}
	return NULL;
}

void command_overview(const struct daemon_command *const *commands, unsigned width,
                      struct text *out)
{
	text_add(out, "Usage: lintel COMMAND [OPTION]... [OPERAND]...\n\n");
	table_paragraph(out,
	                "Owns virtual IP addresses by VRRPv3 and balances connections to them "
	                "with the kernel's IPVS.",
	                0, 0, width);
	text_add(out, "\nCommands:\n");
	for (size_t i = 0; commands[i]; i++) {
		const struct options_usage *usage = &commands[i]->usage;
		text_printf(out, "  %-12s", usage->name);
		table_paragraph(out, usage->summary, 14, 14, width);
	}
	text_add(
		out,
		"\n'lintel COMMAND --help' or 'lintel help COMMAND' explains a command; lintel(8)\n"
		"is the manual.\n");
}

static int print_overview(FILE *to)
{
	struct text text = {0};

	command_overview(daemon_commands, command_style().width, &text);
	fputs(text_str(&text), to);
	text_done(&text);
	return COMMAND_DONE;
}

static int unknown_command(const char *word)
{
	struct text text = {0};
	const char *names[32];
	size_t count = 0;

	for (; daemon_commands[count] && count < LT_ARRAY_SIZE(names); count++)
		names[count] = daemon_commands[count]->usage.name;
	options_unknown(&text, *word == '-' ? "option" : "command", word, "", names, count);
	fprintf(stderr, "lintel: %s\nSee 'lintel --help'.\n", text_str(&text));
	text_done(&text);
	return COMMAND_USAGE;
}

static int print_help(const struct daemon_command *command)
{
	struct text text = {0};

	options_help(&command->usage, command_style().width, &text);
	fputs(text_str(&text), stdout);
	text_done(&text);
	return COMMAND_DONE;
}

static int run_command(const struct daemon_command *command, int argc, char **argv)
{
	struct options_given given;
	struct text text = {0};
	int code = COMMAND_USAGE;

	switch (options_parse(&command->usage, argc, argv, &given, &text)) {
	case OPTIONS_RUN:
		code = command->run(&given);
		break;
	case OPTIONS_HELP:
		code = print_help(command);
		break;
	case OPTIONS_WRONG:
		code = command_misused(&given, "%s", text_str(&text));
		break;
	}
	text_done(&text);
	options_given_done(&given);
	return code;
}

static int choose(int argc, char **argv)
{
	if (argc < 2) {
		print_overview(stderr);
		return COMMAND_USAGE;
	}
	const char *word = argv[1];
	if (strcmp(word, "help") == 0 && argc > 2) {
		const struct daemon_command *asked = find_command(argv[2]);
		return asked ? print_help(asked) : unknown_command(argv[2]);
	}
	if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
		return print_overview(stdout);
	if (strcmp(word, "--version") == 0 || strcmp(word, "-V") == 0) {
		puts("lintel " LINTEL_VERSION);
		return COMMAND_DONE;
	}
	const struct daemon_command *command = find_command(word);
	return command ? run_command(command, argc - 1, argv + 1) : unknown_command(word);
}

int command_main(int argc, char **argv)
{
	int code = choose(argc, argv);

	/* A full disk behind the redirection is a failure, too. */
	if ((fflush(stdout) || ferror(stdout)) && code == COMMAND_DONE) {
		fprintf(stderr, "lintel: standard output: %m\n");
		code = COMMAND_FAILED;
	}
	return code;
}

int command_misused(const struct options_given *given, const char *fmt, ...)
{
	const char *name = given->usage->name;
	va_list args;

	fprintf(stderr, "lintel %s: ", name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fprintf(stderr, "\nSee 'lintel %s --help'.\n", name);
	return COMMAND_USAGE;
}

int command_failed(const struct options_given *given, const char *fmt, ...)
{
	va_list args;

	fprintf(stderr, "lintel %s: ", given->usage->name);
	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	return COMMAND_FAILED;
}

static unsigned terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (columns && *columns) {
		char *end;
		unsigned long width = strtoul(columns, &end, 10);
		if (*end == '\0' && width >= TABLE_WIDTH_MIN && width <= 1000)
			return (unsigned)width;
	}
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0)
		return size.ws_col > TABLE_WIDTH_MIN ? size.ws_col : TABLE_WIDTH_MIN;
	return TABLE_WIDTH_DEFAULT;
}

struct table_style command_style(void)
{
	const char *no_color = getenv("NO_COLOR"); /* https://no-color.org */
	const char *term = getenv("TERM");
	bool colour = isatty(STDOUT_FILENO) && !(no_color && *no_color) && term &&
	              strcmp(term, "dumb") != 0;

	return (struct table_style){.width = terminal_width(), .colour = colour};
}

bool command_wants_json(const struct options_given *given)
{
	return options_choice(given, "output", "text") == 1;
}

void command_print_json(const json_t *value)
{
	json_dumpf(value, stdout,
	           JSON_INDENT(2) | JSON_PRESERVE_ORDER | JSON_ENSURE_ASCII |
	                   JSON_REAL_PRECISION(15)); /* 0.3, not 0.29999999999999999 */
	putchar('\n');
}
