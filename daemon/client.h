/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/client.h - asks the running daemon over its unix socket.
 *
 * I/O, waits. One request a connection: a JSON object and a newline each way. What the daemon sends
 * is bounded in size and time, and checked: a client of another version gets a clear error. */

#ifndef LINTEL_DAEMON_CLIENT_H
#define LINTEL_DAEMON_CLIENT_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <jansson.h>
#include <stdint.h>

/* Bytes; 100,000 servers take about 40 MB. */
#define CLIENT_ANSWER_MAX (INT64_C(128) * 1024 * 1024)
#define CLIENT_ANSWER_US  (10 * INT64_C(1000000))
#define CLIENT_LONG_US    (70 * INT64_C(1000000)) /* for what takes its time: a failover */

/* Sends 'request' (not taken over) and gives the answer's "result", which the caller releases with
 * json_decref(). 0, or -errno with a sentence for a person in 'error': -ENOENT and -ECONNREFUSED no
 * daemon, -EACCES not allowed, -ETIMEDOUT no answer, -EPROTO what came is no answer, -EFBIG too
 * much came, -EREMOTEIO the daemon answered "no" (the sentence is the daemon's). */
LT_MUST_USE int client_request(const char *socket_path, const json_t *request, int64_t timeout_us,
                               json_t **ret_result, struct text *error);

#endif
