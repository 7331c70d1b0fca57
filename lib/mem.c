/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/mem.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/* A size of 0 is allowed and gives a pointer that can be freed, whatever the C library thinks. */
static size_t at_least_one(size_t size)
{
	return size > 0 ? size : 1;
}

static void *or_abort(void *ptr)
{
	if (!ptr)
		abort();
	return ptr;
}

void *xmalloc(size_t size)
{
	return or_abort(malloc(at_least_one(size)));
}

void *xcalloc(size_t count, size_t size)
{
	return or_abort(calloc(at_least_one(count), at_least_one(size)));
}

void *xrealloc(void *ptr, size_t size)
{
	return or_abort(realloc(ptr, at_least_one(size)));
}

void *xreallocarray(void *ptr, size_t count, size_t size)
{
	if (size > 0 && count > SIZE_MAX / size)
		abort();
	return xrealloc(ptr, count * size);
}

char *xstrdup(const char *s)
{
	return xmemdup(s, strlen(s) + 1);
}

void *xmemdup(const void *src, size_t size)
{
	void *copy = xmalloc(size);

	if (size > 0)
		memcpy(copy, src, size);
	return copy;
}
