/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/completion.h - shell completion from the tables of the commands.
 *
 * Pure. */

#ifndef LINTEL_DAEMON_COMPLETION_H
#define LINTEL_DAEMON_COMPLETION_H

#include "daemon/command.h"

/* Appends a script for the shell; 'commands' ends with NULL. */
void completion_bash(const struct daemon_command *const *commands, struct text *out);
void completion_zsh(const struct daemon_command *const *commands, struct text *out);
void completion_fish(const struct daemon_command *const *commands, struct text *out);

#endif
