/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/names.h"

#include <ctype.h>
#include <stddef.h>
#include <string.h>

#define NAME_MAX_SIZE   63
#define DOMAIN_MAX_SIZE 253

static bool is_lower(char c)
{
	return islower((unsigned char)c) || isdigit((unsigned char)c);
}

static bool is_any(char c)
{
	return isalnum((unsigned char)c);
}

/* Characters of one kind, or of 'more' but for the first and the last. */
static bool is_made_of(const char *text, size_t len, bool (*is_end)(char), const char *more)
{
	if (len == 0 || !is_end(text[0]) || !is_end(text[len - 1]))
		return false;
	for (size_t i = 1; i + 1 < len; i++) {
		if (!is_end(text[i]) && !strchr(more, text[i]))
			return false;
	}
	return true;
}

static bool is_domain(const char *text, size_t len)
{
	size_t at = 0;

	if (len > DOMAIN_MAX_SIZE)
		return false;
	for (;;) {
		const char *dot = memchr(text + at, '.', len - at);
		size_t end = dot ? (size_t)(dot - text) : len;

		if (!is_made_of(text + at, end - at, is_lower, "-"))
			return false;
		if (!dot)
			return true;
		at = end + 1;
	}
}

bool k8s_class_is_valid(const char *class)
{
	const char *slash = strchr(class, '/');
	const char *name = slash ? slash + 1 : class;
	size_t len = strlen(name);

	return (!slash || is_domain(class, (size_t)(slash - class))) && len <= NAME_MAX_SIZE &&
	       is_made_of(name, len, is_any, "-_.");
}
