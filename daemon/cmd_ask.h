/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/cmd_ask.h - what the commands that speak to the running daemon share.
 *
 * I/O. */

#ifndef LINTEL_DAEMON_CMD_ASK_H
#define LINTEL_DAEMON_CMD_ASK_H

#include "daemon/client.h"
#include "daemon/command.h"

typedef void cmd_ask_printer(const json_t *result, const struct options_given *given,
                             const struct table_style *style, struct text *out);

/* Sends 'request' (taken over) to the daemon at --socket; prints the result by 'print', or as JSON
 * when the command has -o and json was asked for. The exit code. */
int cmd_ask(const struct options_given *given, json_t *request, int64_t timeout_us,
            cmd_ask_printer *print);

#endif
