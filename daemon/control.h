/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/control.h - the unix socket that status, list, explain, drain and failover speak to.
 *
 * I/O. One request a connection: a JSON object and a newline in, a JSON object and a newline out,
 * close. Connections, request size and time are bounded. The socket is 0660: who may write to it
 * may steer the daemon. */

#ifndef LINTEL_DAEMON_CONTROL_H
#define LINTEL_DAEMON_CONTROL_H

#include "lib/loop.h"

#include <jansson.h>
#include <stdint.h>

#define CONTROL_CLIENTS_MAX 32
#define CONTROL_REQUEST_MAX 65536
#define CONTROL_IDLE_US     (10 * INT64_C(1000000)) /* until the request is whole */
#define CONTROL_ANSWER_US   (60 * INT64_C(1000000)) /* until it is answered and read */

struct control;

/* A request came; answer it now or later by its ticket. 'request' is valid during the call. */
typedef void control_handler(void *ctx, uint64_t ticket, const json_t *request);

/* Listens at 'path', whose directory is made if need be. A socket file that nobody answers on is
 * replaced; one where a daemon answers gives -EADDRINUSE, what is no socket -EEXIST. 0 or -errno.
 */
LT_MUST_USE int control_open(struct loop *loop, const char *path, control_handler *handler,
                             void *ctx, struct control **ret_control);
/* Closes all and removes the socket file. NULL accepted. */
void control_close(struct control *control);

/* Answers {"ok":true,"result":...}; takes over the reference. A client that left meanwhile is no
 * error. */
void control_answer(struct control *control, uint64_t ticket, json_t *result);
/* Answers {"ok":false,"error":...}. */
void control_refuse(struct control *control, uint64_t ticket, const char *fmt, ...) LT_PRINTF(3, 4);

#endif
