/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/render_kernel.h - the part of `lintel status` about the kernel, and what is checked and
 * compared.
 *
 * Pure. */

#ifndef LINTEL_DAEMON_RENDER_KERNEL_H
#define LINTEL_DAEMON_RENDER_KERNEL_H

#include "daemon/render_page.h"

/* The whole answer to "status" (docs/json.md). */
void render_kernel(const struct render_page *page, const json_t *status);

#endif
