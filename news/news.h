/* SPDX-License-Identifier: GPL-2.0-or-later */
/* news/news.h - lines about what happens, told to programs of the user: FIFOs, unix sockets,
 * webhooks. What is in a line is its owner's.
 *
 * I/O on the loop, which is never blocked. Nothing is run, nothing is listened on: we write to who
 * reads. A target that is not there, is slow or fails costs a bounded queue of its own, no other
 * target anything. Lines of one target keep their order.
 *
 * FIFOs are made when the set is opened, unless something is there; opened for writing as soon as
 * somebody reads. Sockets are connected to, again and again. A new reader gets what happened in the
 * last NEWS_KEEP_LOCAL_US and was told to nobody, then what is so now. Webhooks are POSTed to, one
 * line each, one request at a time; what fails is tried again. */

#ifndef LINTEL_NEWS_NEWS_H
#define LINTEL_NEWS_NEWS_H

#include "lib/compiler.h"
#include "lib/loop.h"
#include "lib/text.h"
#include "news/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NEWS_QUEUE_MAX       1024
#define NEWS_KEEP_LOCAL_US   (60 * INT64_C(1000000))
#define NEWS_KEEP_WEBHOOK_US (3600 * INT64_C(1000000))
#define NEWS_PROBLEM_SIZE    160

struct news;

/* How one target does. */
struct news_status {
	const struct news_target *target;
	bool up;                         /* somebody reads; the last request was answered */
	char problem[NEWS_PROBLEM_SIZE]; /* why not, in words, no secret among them; "" */
	size_t queued;                   /* lines that wait */
	uint64_t delivered;
	uint64_t dropped;     /* lines that will never be told: too many, too old, refused */
	uint64_t failures;    /* attempts that failed */
	int64_t delivered_us; /* the last one; TIME_NEVER: none was */
};

struct news_handler {
	/* Somebody is to be told what is so now: lines with line ends, not too many. */
	void (*current)(void *ctx, struct text *out);
	/* 'up' or 'problem' of a target is another; may be NULL. */
	void (*changed)(void *ctx, const struct news_status *status);
	/* See news_flush(). */
	void (*flushed)(void *ctx);
	void *ctx;
};

struct news_options {
	const struct news_target *targets; /* not owned, must stay */
	size_t count;
	const char *ca_file; /* of webhooks; NULL: the system's authorities */
	const char *agent;   /* User-Agent of webhooks */
};

/* Nobody is told before the loop runs. 0 or -errno; a FIFO that can't be made or a file that can't
 * be read is no failure but a problem of its target. SIGPIPE is ignored from then on, for the whole
 * process. */
LT_MUST_USE int news_open(struct loop *loop, const struct news_options *options,
                          const struct news_handler *handler, struct news **ret_news);
void news_close(struct news *news); /* NULL accepted */

/* One line, without line end; at most NEWS_QUEUE_MAX wait for a target. NULL 'news': nothing. */
void news_tell(struct news *news, const char *line);
/* Reads the files of webhooks again; who failed is tried at once. */
void news_reload(struct news *news);
/* True: nobody who takes lines has any to wait for. False: handler.flushed is called once that is
 * so, from the loop, at 'until_us' at the latest. NULL accepted. */
bool news_flush(struct news *news, int64_t until_us);

size_t news_count(const struct news *news); /* NULL: 0 */
void news_status(const struct news *news, size_t at, struct news_status *ret_status);

#endif
