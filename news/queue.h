/* SPDX-License-Identifier: GPL-2.0-or-later */
/* news/queue.h - lines that wait for one who is to be told.
 *
 * Pure. Bounded by number and by age: the oldest go, are counted, and what is so now is then due
 * (the "current" lines), so that whoever missed something is right again. Current lines come after
 * those that happened before; those that wait go when something is missed again, or with the reader
 * whom they were for. The line that is being
 * given away (news_queue_take) stays whatever happens, until it is told how that went. */

#ifndef LINTEL_NEWS_QUEUE_H
#define LINTEL_NEWS_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct news_line {
	struct news_line *next;
	int64_t at_us;
	bool current; /* says what is so, not what happened */
	size_t length;
	char text[]; /* without line end; NUL-terminated */
};

/* Zero but for the limits at first. */
struct news_queue {
	size_t max;      /* events; current lines besides */
	int64_t keep_us; /* how old an event may become here */
	struct news_line *first, *last;
	size_t count;     /* lines, of both kinds */
	size_t events;    /* ... that are events */
	bool taken;       /* the first one is being given away */
	bool current_due; /* the reader is to be told what is so, once all else is */
	uint64_t delivered;
	uint64_t dropped; /* never told: too many, too old, or refused */
};

void news_queue_done(struct news_queue *queue);

/* An event. */
void news_queue_add(struct news_queue *queue, const char *line, int64_t now_us);
/* Lets go of what is too old. */
void news_queue_expire(struct news_queue *queue, int64_t now_us);
/* When news_queue_expire() has something to do; TIME_NEVER. */
int64_t news_queue_expires_us(const struct news_queue *queue);

/* Are current lines to be given now? */
bool news_queue_wants_current(const struct news_queue *queue);
/* Takes them: 'text' has a line each, with line ends. */
void news_queue_add_current(struct news_queue *queue, const char *text, int64_t now_us);

/* The first line, which is being given away from then on; NULL: there is none. */
const struct news_line *news_queue_take(struct news_queue *queue);
/* It arrived. */
void news_queue_delivered(struct news_queue *queue);
/* It never will. */
void news_queue_refused(struct news_queue *queue);
/* It is to be given away again. */
void news_queue_again(struct news_queue *queue);
/* The reader has gone; another one is to be told what is so. Nothing is being given away. */
void news_queue_reader_left(struct news_queue *queue);

#endif
