/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/command.h"
#include "import/build.h"
#include "import/convert.h"
#include "import/include.h"
#include "lib/fileio.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *const formats[] = {"keepalived", "ipvsadm", NULL};
static const char *const levels[] = {"all", "differs", "failed", NULL}; /* enum import_verdict */

/* What a configuration calls this machine: the first part of its name, as keepalived has it. */
static const char *machine_name(char *buf, size_t size)
{
	if (gethostname(buf, size) < 0)
		buf[0] = '\0';
	buf[size - 1] = '\0';
	buf[strcspn(buf, ".")] = '\0';
	return buf;
}

/* False when the command was used wrongly; '*ret_code' then is its exit code. */
static bool read_options(const struct options_given *given, struct import_options *options,
                         char *machine, size_t size, int *ret_code)
{
	const char *vrid = options_value(given, "vrid", NULL);
	int64_t number = 0;

	options->id = options_value(given, "id", NULL);
	if (!options->id)
		options->id = machine_name(machine, size);
	options->router = options_value(given, "router", NULL);
	options->interface = options_value(given, "interface", NULL);
	if (options->router && !*options->router) {
		*ret_code = command_misused(given, "option '--router': the name is empty");
		return false;
	}
	if (options->interface &&
	    (!*options->interface || strlen(options->interface) >= IFNAMSIZ)) {
		*ret_code = command_misused(
			given,
			"option '--interface': '%s' is no interface's name of 1 to 15 characters",
			options->interface);
		return false;
	}
	if (vrid && !import_number(vrid, 1, 255, &number)) {
		*ret_code = command_misused(
			given, "option '--vrid': '%s' is no VRID; allowed: 1 to 255", vrid);
		return false;
	}
	options->vrid = (unsigned)number;
	return true;
}

static void print_report(const struct import *import, enum import_verdict least)
{
	struct text report = {0};
	size_t counts[3];

	import_report(import, least, &report);
	fputs(text_str(&report), stderr);
	text_done(&report);
	import_count(import, counts);
	fprintf(stderr, "%zu taken, %zu differ, %zu not converted\n", counts[IMPORT_TAKEN],
	        counts[IMPORT_DIFFERS], counts[IMPORT_FAILED]);
}

/* A pipe or a device is written to. Of a file the content is replaced at once, where a link leads.
 */
static int write_file(const char *path, const struct text *yaml)
{
	char *real = realpath(path, NULL);
	struct stat st;
	FILE *file;
	int r = 0;

	if (!real || stat(real, &st) < 0 || S_ISREG(st.st_mode)) {
		r = fileio_replace(real ? real : path, text_str(yaml), yaml->len, 0644);
		free(real);
		return r;
	}
	file = fopen(real, "we");
	free(real);
	if (!file)
		return -errno;
	if (fwrite(text_str(yaml), 1, yaml->len, file) != yaml->len)
		r = -EIO;
	if (fclose(file) && r == 0)
		r = -errno;
	return r;
}

static int write_result(const struct options_given *given, const struct import *import)
{
	const char *path = options_value(given, "output", NULL);
	struct text yaml = {0};
	size_t counts[3];
	int r = 0;

	import_write(import, &yaml);
	if (path)
		r = write_file(path, &yaml);
	else
		fputs(text_str(&yaml), stdout);
	text_done(&yaml);
	if (r < 0)
		return command_failed(given, "%s: %s", path, strerror(-r));
	import_count(import, counts);
	return counts[IMPORT_FAILED] ? COMMAND_FAILED : COMMAND_DONE;
}

static int run(const struct options_given *given)
{
	const char *format = given->operands[0], *path = given->operands[1];
	const char *shown = strcmp(path, "-") == 0 ? "(standard input)" : path;
	struct import_reader reader = import_include_reader();
	struct import_options options = {0};
	char machine[256], *text;
	struct import import;
	size_t size;
	int code, r;

	if (strcmp(format, formats[0]) != 0 && strcmp(format, formats[1]) != 0)
		return command_misused(given, "'%s' is no format; allowed: keepalived, ipvsadm",
		                       format);
	if (!read_options(given, &options, machine, sizeof(machine), &code))
		return code;
	r = import_include_read(path, &text, &size);
	if (r < 0)
		return command_failed(given, "%s: %s", shown, strerror(-r));
	import_init(&import);
	if (strcmp(format, "keepalived") == 0)
		import_keepalived(&import, shown, text, size, &options, &reader);
	else
		import_ipvsadm(&import, shown, text, size, &options);
	print_report(&import, (enum import_verdict)options_choice(given, "report", "all"));
	code = write_result(given, &import);
	import_done(&import);
	free(text);
	return code;
}

static const struct options_option import_options_table[] = {
	{.name = "output",
         .letter = 'o',
         .value = "FILE",
         .hint = OPTIONS_HINT_FILE,
         .help = "write the YAML there [standard output]"},
	{.name = "report",
         .value = "LEVEL",
         .choices = levels,
         .help = "which lines to report [all]"},
	{.name = "id",
         .value = "NAME",
         .help = "for which machine: keepalived's lines with @NAME [this one's name]"},
	{.name = "router",
         .value = "NAME",
         .help = "the virtual router for addresses that none in FILE owns [imported]"},
	{.name = "interface", .value = "NAME", .help = "the interface of that one"},
	{.name = "vrid", .value = "NUMBER", .help = "its virtual router ID"},
};

static const char description[] =
	"Converts a configuration of keepalived, or the output of 'ipvsadm -Sn', to YAML that "
	"'lintel check' accepts. FILE may be '-'.\n"
	"Standard error tells of every line\n"
	"  file:line: what it says: taken | differs | not converted: why, or how\n"
	"'differs' means something else here, or needs no saying. What is not converted is left "
	"out, never guessed.\n"
	"An address that no virtual router in FILE owns gets one whose interface and VRID have to "
	"be filled in, unless --interface and --vrid say them.";

static const char more[] =
	"Includes, definitions and lines for one machine are followed. Passwords are not shown. "
	"Without --interface the interface is CHANGE-ME, which is none, so that nothing is sent "
	"before it was filled in.";

const struct daemon_command daemon_command_import = {
	.usage =
		{
			.name = "import",
			.summary = "convert a configuration of keepalived or ipvsadm",
			.description = description,
			.more = more,
			.operands = "keepalived|ipvsadm FILE",
			.first_choices = formats,
			.operand_hint = OPTIONS_HINT_FILE,
			.operand_min = 2,
			.operand_max = 2,
			.options = import_options_table,
			.option_count = LT_ARRAY_SIZE(import_options_table),
			.exit_codes = "0: all was converted; 1: something was not, the rest is "
				      "written; 2: wrong usage.",
		},
	.run = run,
};
