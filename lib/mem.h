/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/mem.h - memory that is there, or the process is not.
 *
 * A failed allocation aborts: the kernel's tables survive us, the peer takes the addresses and the
 * supervisor starts us again. So whatever an outsider can make us allocate has a limit elsewhere.
 */

#ifndef LINTEL_LIB_MEM_H
#define LINTEL_LIB_MEM_H

#include <stddef.h>

/* As malloc, calloc, realloc and strdup, but never NULL. The caller frees with free(). */
void *xmalloc(size_t size);
void *xcalloc(size_t count, size_t size);
void *xrealloc(void *ptr, size_t size);
/* As realloc of count * size bytes, overflow checked. */
void *xreallocarray(void *ptr, size_t count, size_t size);
char *xstrdup(const char *s);
/* Copies 'size' bytes. */
void *xmemdup(const void *src, size_t size);

#endif
