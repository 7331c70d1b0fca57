/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/compiler.h - what we ask of the compiler, by names of our own.
 *
 * Pure. */

#ifndef LINTEL_LIB_COMPILER_H
#define LINTEL_LIB_COMPILER_H

#include <stddef.h>

/* The result says whether it worked: ignoring it is an error. */
#define LT_MUST_USE                        __attribute__((warn_unused_result))

/* Checks a printf-like call: the format is argument 'fmt', the values start at 'args'. */
#define LT_PRINTF(fmt, args)               __attribute__((format(printf, fmt, args)))

#define LT_ARRAY_SIZE(a)                   (sizeof(a) / sizeof((a)[0]))

/* The structure of 'type' whose 'member' is at 'ptr'. */
#define lt_container_of(ptr, type, member) ((type *)((char *)(ptr)-offsetof(type, member)))

#endif
