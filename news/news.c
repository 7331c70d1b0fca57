/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "news/news.h"

#include "lib/mem.h"
#include "lib/mono.h"
#include "news/outlet.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

struct news {
	struct loop *loop;
	struct news_options options;
	struct news_handler handler;
	struct news_webhooks *webhooks; /* NULL: no target is one */
	struct loop_deadline flush;
	bool flushing;
	bool open; /* changes may be told */
	size_t count;
	struct news_outlet *outlets;
};

/* --- for the carriers --- */

struct loop *news_outlet_loop(const struct news_outlet *outlet)
{
	return outlet->news->loop;
}

const char *news_outlet_ca_file(const struct news_outlet *outlet)
{
	return outlet->news->options.ca_file;
}

const char *news_outlet_agent(const struct news_outlet *outlet)
{
	return outlet->news->options.agent;
}

uint64_t news_outlet_random(void)
{
	uint64_t random = 0;

	/* Without any, nodes come back at the same time: no reason not to. */
	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) < 0)
		random = (uint64_t)mono_now_us();
	return random;
}

static void arm_expiry(struct news_outlet *outlet)
{
	loop_deadline_arm(&outlet->expiry, news_queue_expires_us(&outlet->queue));
}

const struct news_line *news_outlet_take(struct news_outlet *outlet)
{
	struct news_handler *handler = &outlet->news->handler;
	struct text current = {0};

	news_queue_expire(&outlet->queue, mono_now_us());
	if (news_queue_wants_current(&outlet->queue)) {
		handler->current(handler->ctx, &current);
		news_queue_add_current(&outlet->queue, text_str(&current), mono_now_us());
		text_done(&current);
	}
	const struct news_line *line = news_queue_take(&outlet->queue);
	arm_expiry(outlet);
	return line;
}

void news_outlet_delivered(struct news_outlet *outlet)
{
	news_queue_delivered(&outlet->queue);
	outlet->delivered_us = mono_now_us();
}

static void tell_change(struct news_outlet *outlet)
{
	struct news *news = outlet->news;
	struct news_status status;

	if (!news->open ||
	    (outlet->told_up == outlet->up && strcmp(outlet->told_problem, outlet->problem) == 0))
		return;
	outlet->told_up = outlet->up;
	memcpy(outlet->told_problem, outlet->problem, sizeof(outlet->problem));
	news_status(news, (size_t)(outlet - news->outlets), &status);
	if (news->handler.changed)
		news->handler.changed(news->handler.ctx, &status);
}

void news_outlet_set(struct news_outlet *outlet, bool up, const char *problem)
{
	outlet->up = up;
	snprintf(outlet->problem, sizeof(outlet->problem), "%s", problem ? problem : "");
	tell_change(outlet);
}

static bool is_busy(const struct news *news)
{
	for (size_t i = 0; i < news->count; i++) {
		const struct news_outlet *outlet = &news->outlets[i];

		if (outlet->carrier->busy(outlet->carrier))
			return true;
	}
	return false;
}

void news_outlet_settle(struct news_outlet *outlet)
{
	struct news *news = outlet->news;

	arm_expiry(outlet);
	if (news->flushing && !is_busy(news))
		loop_deadline_arm(&news->flush, mono_now_us());
}

/* --- the set --- */

void news_tell(struct news *news, const char *line)
{
	int64_t now_us = mono_now_us();

	for (size_t i = 0; news && i < news->count; i++) {
		struct news_outlet *outlet = &news->outlets[i];

		news_queue_add(&outlet->queue, line, now_us);
		if (outlet->queue.events == 1 || outlet->expiry.at_us == TIME_NEVER)
			arm_expiry(outlet);
		if (news->open)
			outlet->carrier->kick(outlet->carrier, false);
	}
}

void news_reload(struct news *news)
{
	for (size_t i = 0; news && i < news->count; i++) {
		struct news_carrier *carrier = news->outlets[i].carrier;

		if (carrier->reload)
			carrier->reload(carrier);
		carrier->kick(carrier, true);
	}
}

bool news_flush(struct news *news, int64_t until_us)
{
	if (!news || !is_busy(news))
		return true;
	news->flushing = true;
	loop_deadline_arm(&news->flush, until_us);
	return false;
}

static void flush_over(struct loop_deadline *deadline)
{
	struct news *news = lt_container_of(deadline, struct news, flush);

	if (!news->flushing)
		return;
	news->flushing = false;
	news->handler.flushed(news->handler.ctx);
}

static void expiry_due(struct loop_deadline *deadline)
{
	struct news_outlet *outlet = lt_container_of(deadline, struct news_outlet, expiry);

	news_queue_expire(&outlet->queue, mono_now_us());
	news_outlet_settle(outlet);
}

size_t news_count(const struct news *news)
{
	return news ? news->count : 0;
}

void news_status(const struct news *news, size_t at, struct news_status *ret_status)
{
	const struct news_outlet *outlet = &news->outlets[at];

	*ret_status = (struct news_status){
		.target = outlet->target,
		.up = outlet->up,
		.queued = outlet->queue.count,
		.delivered = outlet->queue.delivered,
		.dropped = outlet->queue.dropped,
		.failures = outlet->failures,
		.delivered_us = outlet->delivered_us,
	};
	memcpy(ret_status->problem, outlet->problem, sizeof(outlet->problem));
}

static int open_outlet(struct news *news, struct news_outlet *outlet,
                       const struct news_target *target)
{
	bool hook = target->kind == NEWS_WEBHOOK;
	int rc;

	*outlet = (struct news_outlet){
		.news = news,
		.target = target,
		.queue = {.max = NEWS_QUEUE_MAX,
	                  .keep_us = hook ? NEWS_KEEP_WEBHOOK_US : NEWS_KEEP_LOCAL_US},
		.expiry = {.expired = expiry_due},
		.delivered_us = TIME_NEVER,
	};
	rc = loop_deadline_init(news->loop, &outlet->expiry);
	if (rc)
		return rc;
	if (hook && !news->webhooks)
		rc = news_webhooks_open(news->loop, &news->webhooks);
	if (rc == 0)
		rc = hook ? news_webhook_new(outlet, news->webhooks, &outlet->carrier)
		          : news_stream_new(outlet, &outlet->carrier);
	if (rc)
		loop_deadline_done(&outlet->expiry);
	return rc;
}

int news_open(struct loop *loop, const struct news_options *options,
              const struct news_handler *handler, struct news **ret_news)
{
	struct news *news = xcalloc(1, sizeof(*news));
	int rc;

	news->loop = loop;
	news->options = *options;
	news->handler = *handler;
	news->outlets = xcalloc(options->count + 1, sizeof(*news->outlets));
	news->flush.expired = flush_over;
	/* A FIFO has no MSG_NOSIGNAL. */
	(void)signal(SIGPIPE, SIG_IGN);
	rc = loop_deadline_init(loop, &news->flush);
	if (rc) {
		free(news->outlets);
		free(news);
		return rc;
	}
	while (rc == 0 && news->count < options->count) {
		rc = open_outlet(news, &news->outlets[news->count], &options->targets[news->count]);
		news->count += rc == 0;
	}
	if (rc) {
		news_close(news);
		return rc;
	}
	news->open = true;
	for (size_t i = 0; i < news->count; i++)
		tell_change(&news->outlets[i]);
	*ret_news = news;
	return 0;
}

void news_close(struct news *news)
{
	if (!news)
		return;
	for (size_t i = 0; i < news->count; i++) {
		struct news_outlet *outlet = &news->outlets[i];

		outlet->carrier->free(outlet->carrier);
		loop_deadline_done(&outlet->expiry);
		news_queue_done(&outlet->queue);
	}
	news_webhooks_close(news->webhooks);
	loop_deadline_done(&news->flush);
	free(news->outlets);
	free(news);
}
