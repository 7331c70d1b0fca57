/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/stamp.h - times as they stand in objects of the API.
 *
 * Pure. Wall time, UTC. */

#ifndef LINTEL_K8S_STAMP_H
#define LINTEL_K8S_STAMP_H

#include "lib/compiler.h"

#include <stdint.h>

/* RFC 3339 in UTC, as Kubernetes writes it, to seconds since 1970; -EINVAL for anything else. */
LT_MUST_USE int k8s_stamp_parse(const char *text, int64_t *ret_s);
/* "2026-11-21T06:43:43Z"; returns buf. */
#define K8S_STAMP_SIZE 40
const char *k8s_stamp_format(int64_t seconds, char buf[static K8S_STAMP_SIZE]);
/* "2026-11-21T06:43:43.000000Z" (MicroTime) of microseconds since 1970. */
const char *k8s_stamp_format_micro(int64_t microseconds, char buf[static K8S_STAMP_SIZE]);

#endif
