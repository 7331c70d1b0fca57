/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/facilities.h - what Lintel finds to work with: libraries, the kernel, privileges.
 *
 * I/O. Looking for IPVS and nftables makes the kernel load their modules when it may. */

#ifndef LINTEL_DAEMON_FACILITIES_H
#define LINTEL_DAEMON_FACILITIES_H

#include "daemon/table.h"

#include <jansson.h>

/* {"version", "libraries": {NAME: VERSION}, "kernel": {"release", "addressProtocol", "kubeProxy",
 *  "ipvs": {"found", "version", "problem"}, "nftables": {"found", "problem"}},
 *  "privileges": {CAPABILITY: bool}}. New reference. */
json_t *facilities_read(void);
/* The same for a person. Pure. */
void facilities_render(const json_t *facilities, const struct table_style *style, struct text *out);

#endif
