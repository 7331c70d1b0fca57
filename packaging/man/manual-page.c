/* SPDX-License-Identifier: GPL-2.0-or-later */
/* packaging/man/manual-page.c - writes lintel(8): a frame from standard input, in which the lines
 * @SYNOPSIS@ and @COMMANDS@ stand for what the tables of the commands tell, and @VERSION@ for the
 * version.
 *
 * build/daemon/manual-page < packaging/man/lintel.8.in > lintel.8 */

#include "daemon/manual.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_line(const char *line, struct text *out)
{
	const char *version = strstr(line, "@VERSION@");

	if (strcmp(line, "@SYNOPSIS@\n") == 0)
		manual_synopsis(daemon_commands, out);
	else if (strcmp(line, "@COMMANDS@\n") == 0)
		manual_commands(daemon_commands, out);
	else if (version)
		text_printf(out, "%.*s%s%s", (int)(version - line), line, LINTEL_VERSION,
		            version + strlen("@VERSION@"));
	else
		text_add(out, line);
}

int main(void)
{
	struct text text = {0};
	size_t capacity = 0;
	char *line = NULL;

	while (getline(&line, &capacity, stdin) > 0)
		add_line(line, &text);
	fputs(text_str(&text), stdout);
	free(line);
	text_done(&text);
	return ferror(stdin) || fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
