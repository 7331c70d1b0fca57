/* SPDX-License-Identifier: GPL-2.0-or-later */
/* news/target.h - whom events are told: what --notify names.
 *
 *   fifo:/run/lintel/events.fifo          lines into a FIFO
 *   unix:/run/pager/events.sock           lines to a unix stream socket that somebody listens on
 *   https://example.com/hook, http://...  a POST for each line
 *   webhook:/etc/lintel/page.hook         the same, address and headers from a file (news/hook.h)
 *
 * Pure. A URL may hold secrets in any of its parts but host and port: these alone are ever shown.
 */

#ifndef LINTEL_NEWS_TARGET_H
#define LINTEL_NEWS_TARGET_H

#include "lib/compiler.h"
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>

#define NEWS_TARGETS_MAX 16

enum news_kind {
	NEWS_FIFO,
	NEWS_SOCKET,
	NEWS_WEBHOOK,
};
const char *news_kind_name(enum news_kind kind); /* "fifo", "unix", "webhook" */

struct news_target {
	enum news_kind kind;
	char *path; /* of FIFO, socket or file; NULL: 'url' says all */
	char *url;  /* NULL: 'path' does. A secret */
	char *name; /* for people, log and metrics: different for each of a set */
};

/* Owned parts are freed. */
void news_target_done(struct news_target *target);
/* -EINVAL: 'problem' says what is wrong and what is allowed, without showing a URL. */
LT_MUST_USE int news_target_parse(const char *text, struct news_target *ret_target,
                                  struct text *problem);
/* The same for several, which must differ: names that would be the same get a number. The array and
 * its parts are the caller's: news_targets_free(). */
LT_MUST_USE int news_targets_parse(const char *const *texts, size_t count,
                                   struct news_target **ret_targets, struct text *problem);
void news_targets_free(struct news_target *targets, size_t count);

/* "https://example.com:8443" of a URL: no user, no password, no path. False: it is none that we can
 * post to, and 'problem' says why. */
bool news_target_show_url(const char *url, struct text *shown, struct text *problem);

#endif
