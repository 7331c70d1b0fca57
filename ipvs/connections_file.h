/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/connections_file.h - reads the kernel's connection list.
 *
 * I/O. The kernel walks its whole table for it (all network namespaces'): for a person who asked,
 * not for a timer. */

#ifndef LINTEL_IPVS_CONNECTIONS_FILE_H
#define LINTEL_IPVS_CONNECTIONS_FILE_H

#include "ipvs/connections.h"

#include <stddef.h>

#define IPVS_CONNECTIONS_PATH "/proc/net/ip_vs_conn"

/* Gives the first 'limit' connections; false from 'each' ends it. 0 and whether there were more, or
 * -errno. */
LT_MUST_USE int ipvs_connections_read(const char *path, size_t limit,
                                      bool (*each)(void *ctx, const struct ipvs_connection *c),
                                      void *ctx, bool *ret_more);

#endif
