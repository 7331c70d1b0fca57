/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/command.h - the sub-commands of lintel and how one is chosen.
 *
 * I/O: commands print on standard output, errors on standard error. */

#ifndef LINTEL_DAEMON_COMMAND_H
#define LINTEL_DAEMON_COMMAND_H

#include "daemon/options.h"
#include "daemon/table.h"

#include <jansson.h>

/* Exit codes of every command; a command that has others says so in its usage. */
#define COMMAND_DONE      0
#define COMMAND_FAILED    1
#define COMMAND_USAGE     2
#define COMMAND_DIFFERENT 3 /* plan: there is something to do */

struct daemon_command {
	struct options_usage usage;
	int (*run)(const struct options_given *given); /* returns the exit code */
};

/* In the order in which help lists them; the last one is NULL. */
extern const struct daemon_command *const daemon_commands[];

extern const struct daemon_command daemon_command_run;
extern const struct daemon_command daemon_command_check;
extern const struct daemon_command daemon_command_plan;
extern const struct daemon_command daemon_command_status;
extern const struct daemon_command daemon_command_list;
extern const struct daemon_command daemon_command_top;
extern const struct daemon_command daemon_command_explain;
extern const struct daemon_command daemon_command_drain;
extern const struct daemon_command daemon_command_undrain;
extern const struct daemon_command daemon_command_failover;
extern const struct daemon_command daemon_command_import;
extern const struct daemon_command daemon_command_version;
extern const struct daemon_command daemon_command_completion;

/* The whole program: chooses the command, parses its options, runs it. Exit code. */
int command_main(int argc, char **argv);

/* The text of `lintel --help`. */
void command_overview(const struct daemon_command *const *commands, unsigned width,
                      struct text *out);

/* --- for commands --- */

/* Says on standard error that the command was used wrongly; COMMAND_USAGE. */
int command_misused(const struct options_given *given, const char *fmt, ...) LT_PRINTF(2, 3);
/* Says on standard error why the command failed; COMMAND_FAILED. */
int command_failed(const struct options_given *given, const char *fmt, ...) LT_PRINTF(2, 3);
/* Width and colours of standard output. COLUMNS and NO_COLOR are heeded. */
struct table_style command_style(void);
/* The value of -o json | text. */
bool command_wants_json(const struct options_given *given);
/* Prints the value, indented, keys in their order. */
void command_print_json(const json_t *value);

/* Options that several commands share. */
extern const char *const command_output_choices[];
#define COMMAND_OPTION_OUTPUT                                                               \
	{                                                                                   \
		.name = "output", .letter = 'o', .value = "FORMAT",                         \
		.choices = command_output_choices, .help = "how to print the answer [text]" \
	}
#define COMMAND_OPTION_SOCKET                                                 \
	{                                                                     \
		.name = "socket", .value = "PATH", .hint = OPTIONS_HINT_FILE, \
		.help = "where the daemon listens [" DAEMON_SOCKET "]"        \
	}

#endif
