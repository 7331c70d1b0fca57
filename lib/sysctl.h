/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/sysctl.h - kernel settings under /proc/sys, by name.
 *
 * I/O. Names as sysctl(8) takes them: "net.ipv4.ip_forward" or "net/ipv4/ip_forward". The first
 * separator decides which of the two it is; in dotted names a slash stands for a dot within a part
 * ("net.ipv4.conf.eth0/100.arp_ignore"), in slashed names a dot is a dot. Best use slashes. */

#ifndef LINTEL_LIB_SYSCTL_H
#define LINTEL_LIB_SYSCTL_H

#include "lib/compiler.h"

#include <stddef.h>
#include <stdint.h>

#define SYSCTL_ROOT       "/proc/sys"
/* Longer values than this (with NUL) are none of ours: -EFBIG. */
#define SYSCTL_VALUE_SIZE 256

/* 'root' is where the tree stands: SYSCTL_ROOT, but for tests.
 * -ENOENT when the kernel has no such setting (or not yet: its module), -EINVAL when the name is
 * none, otherwise what the kernel says (-EROFS in containers, -EACCES, -EPERM). The value comes
 * without its newline. */
LT_MUST_USE int sysctl_read(const char *root, const char *name,
                            char ret_value[static SYSCTL_VALUE_SIZE]);
LT_MUST_USE int sysctl_write(const char *root, const char *name, const char *value);

/* The same for settings that are one number; -EINVAL when it isn't. */
LT_MUST_USE int sysctl_read_int(const char *root, const char *name, int64_t *ret_value);
LT_MUST_USE int sysctl_write_int(const char *root, const char *name, int64_t value);

#endif
