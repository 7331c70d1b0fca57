/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/pages.h - the pages of the HTTP door.
 *
 * I/O: reads IPVS for /metrics and /api/v1/servers. */

#ifndef LINTEL_DAEMON_PAGES_H
#define LINTEL_DAEMON_PAGES_H

#include "daemon/http.h"

/* Their context is the struct app. Ends with a NULL path. */
extern const struct http_page daemon_pages[];

#endif
