/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/hash.h - hash tables: the door to uthash.
 *
 * Pure. The macros are uthash's own (HASH_ADD_KEYPTR, HASH_FIND...). Running out of memory ends the
 * process, as everywhere (lib/mem.h). */

#ifndef LINTEL_LIB_HASH_H
#define LINTEL_LIB_HASH_H

#include <stdlib.h>

#define uthash_fatal(msg)              abort()
/* The default, Jenkins', falls through a switch in a way that clang takes for a mistake. */
#define HASH_FUNCTION(key, len, value) HASH_FNV(key, len, value)

#include <uthash.h>

#endif
