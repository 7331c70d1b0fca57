/* SPDX-License-Identifier: GPL-2.0-or-later */
/* news/hook.h - a file that says where a webhook is and how one is let in: its first line is the
 * URL, each further one a header of the request.
 *
 *   https://example.com/services/T0/B0/secret
 *   Authorization: Bearer secret
 *
 * Pure. Empty lines and lines that begin with '#' are passed over. All of it is secret: what is
 * wrong is told by the line's number. */

#ifndef LINTEL_NEWS_HOOK_H
#define LINTEL_NEWS_HOOK_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stddef.h>

#define NEWS_HOOK_SIZE   8192 /* of the file, and a NUL */
#define NEWS_HEADERS_MAX 16

struct news_hook {
	char *url;
	char *headers[NEWS_HEADERS_MAX]; /* "Name: value" */
	size_t header_count;
};

/* Wipes and frees. */
void news_hook_done(struct news_hook *hook);
/* -EINVAL: 'problem' says why. */
LT_MUST_USE int news_hook_parse(const char *text, struct news_hook *ret_hook, struct text *problem);

#endif
