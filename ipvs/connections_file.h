/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/connections_file.h - reads the kernel's connection list.
 *
 * I/O. The kernel walks its whole table for it (all network namespaces'): for a person who asked,
 * not for a timer. */

#ifndef LINTEL_IPVS_CONNECTIONS_FILE_H
#define LINTEL_IPVS_CONNECTIONS_FILE_H

#include "ipvs/connections.h"

#include <stddef.h>

#define IPVS_CONNECTIONS_PATH     "/proc/net/ip_vs_conn"

/* A walk in steps. The kernel gives a page at a time, and finds its place again by walking from the
 * beginning: the whole costs the square of the number of connections (measured on 6.1: 5,000 in
 * 0.02 s, 20,000 in 0.1 to 0.35 s, 100,000 in 55 s of CPU), and one step up to what walking all of
 * them takes. So it is for small tables: count first (active and inactive connections of all real
 * servers). */
#define IPVS_CONNECTIONS_WALK_MAX 20000
struct ipvs_connections_walk;
LT_MUST_USE int ipvs_connections_walk_open(const char *path,
                                           struct ipvs_connections_walk **ret_walk);
/* Reads up to 'pages' pages and gives their connections. 1: there is more; 0: that was all; -errno.
 */
LT_MUST_USE int ipvs_connections_walk_step(struct ipvs_connections_walk *walk, unsigned pages,
                                           void (*each)(void *ctx, const struct ipvs_connection *c),
                                           void *ctx);
void ipvs_connections_walk_close(struct ipvs_connections_walk *walk); /* NULL accepted */

/* Gives the first 'limit' connections; false from 'each' ends it. 0 and whether there were more, or
 * -errno. */
LT_MUST_USE int ipvs_connections_read(const char *path, size_t limit,
                                      bool (*each)(void *ctx, const struct ipvs_connection *c),
                                      void *ctx, bool *ret_more);

#endif
