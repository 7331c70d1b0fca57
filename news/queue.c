/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/queue.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

void news_queue_done(struct news_queue *queue)
{
	while (queue->first) {
		struct news_line *next = queue->first->next;

		free(queue->first);
		queue->first = next;
	}
	*queue = (struct news_queue){.max = queue->max, .keep_us = queue->keep_us};
}

static void append(struct news_queue *queue, const char *text, size_t length, bool current,
                   int64_t now_us)
{
	struct news_line *line = xmalloc(sizeof(*line) + length + 1);

	*line = (struct news_line){.at_us = now_us, .current = current, .length = length};
	memcpy(line->text, text, length);
	line->text[length] = '\0';
	if (queue->last)
		queue->last->next = line;
	else
		queue->first = line;
	queue->last = line;
	queue->count++;
	queue->events += !current;
}

/* Takes out the line after 'before' (NULL: the first one). */
static void take_out(struct news_queue *queue, struct news_line *before)
{
	struct news_line *line = before ? before->next : queue->first;

	if (before)
		before->next = line->next;
	else
		queue->first = line->next;
	if (queue->last == line)
		queue->last = before;
	queue->count--;
	queue->events -= !line->current;
	free(line);
}

/* The line before the oldest event that may go, which is '*ret_line'; NULL for none. */
static struct news_line *oldest_event(const struct news_queue *queue, struct news_line **ret_line)
{
	struct news_line *before = queue->taken ? queue->first : NULL;
	struct news_line *line = before ? before->next : queue->first;

	while (line && line->current) {
		before = line;
		line = line->next;
	}
	*ret_line = line;
	return before;
}

/* What is so will be told anew: what was so is of no use to anybody. */
static void renew_current(struct news_queue *queue)
{
	struct news_line *before = queue->taken ? queue->first : NULL;
	struct news_line *line = before ? before->next : queue->first;

	queue->current_due = true;
	while (line) {
		struct news_line *next = line->next;

		if (line->current)
			take_out(queue, before);
		else
			before = line;
		line = next;
	}
}

static void drop_oldest(struct news_queue *queue)
{
	struct news_line *line, *before = oldest_event(queue, &line);

	if (!line)
		return;
	take_out(queue, before);
	queue->dropped++;
	renew_current(queue);
}

void news_queue_add(struct news_queue *queue, const char *line, int64_t now_us)
{
	if (queue->events >= queue->max)
		drop_oldest(queue);
	append(queue, line, strlen(line), false, now_us);
}

int64_t news_queue_expires_us(const struct news_queue *queue)
{
	struct news_line *line;

	(void)oldest_event(queue, &line);
	return line ? line->at_us + queue->keep_us : TIME_NEVER;
}

void news_queue_expire(struct news_queue *queue, int64_t now_us)
{
	while (news_queue_expires_us(queue) <= now_us)
		drop_oldest(queue);
}

bool news_queue_wants_current(const struct news_queue *queue)
{
	return queue->current_due && queue->count == 0;
}

void news_queue_add_current(struct news_queue *queue, const char *text, int64_t now_us)
{
	queue->current_due = false;
	while (*text) {
		size_t length = strcspn(text, "\n");

		if (length > 0)
			append(queue, text, length, true, now_us);
		text += length + (text[length] == '\n');
	}
}

const struct news_line *news_queue_take(struct news_queue *queue)
{
	assert(!queue->taken);
	queue->taken = queue->first != NULL;
	return queue->first;
}

void news_queue_delivered(struct news_queue *queue)
{
	assert(queue->taken);
	queue->taken = false;
	queue->delivered++;
	take_out(queue, NULL);
}

void news_queue_refused(struct news_queue *queue)
{
	assert(queue->taken);
	queue->taken = false;
	queue->dropped++;
	take_out(queue, NULL);
}

void news_queue_again(struct news_queue *queue)
{
	assert(queue->taken);
	queue->taken = false;
}

void news_queue_reader_left(struct news_queue *queue)
{
	assert(!queue->taken);
	renew_current(queue);
}
