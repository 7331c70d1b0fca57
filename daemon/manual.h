/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/manual.h - the parts of the manual page lintel(8) that the tables of the commands tell.
 *
 * Pure. For man(7) of groff. What stands around them: packaging/man/lintel.8.in. */

#ifndef LINTEL_DAEMON_MANUAL_H
#define LINTEL_DAEMON_MANUAL_H

#include "daemon/command.h"

/* A line of the synopsis for each command; 'commands' ends with NULL. */
void manual_synopsis(const struct daemon_command *const *commands, struct text *out);
/* A subsection for each command, with its options. */
void manual_commands(const struct daemon_command *const *commands, struct text *out);

#endif
