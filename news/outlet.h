/* SPDX-License-Identifier: GPL-2.0-or-later */
/* news/outlet.h - what the parts of news/news.h share: one target with its queue, and the two ways
 * to carry lines there.
 *
 * I/O. */

#ifndef LINTEL_NEWS_OUTLET_H
#define LINTEL_NEWS_OUTLET_H

#include "news/news.h"
#include "news/queue.h"

/* What carries lines; made by news_stream_new() or news_webhook_new(). */
struct news_carrier {
	/* There may be something to do: a line came, or all is to be tried at once ('eager'). */
	void (*kick)(struct news_carrier *carrier, bool eager);
	/* Is it about to tell what waits? False: nobody reads, or it failed. */
	bool (*busy)(const struct news_carrier *carrier);
	void (*reload)(struct news_carrier *carrier); /* NULL: nothing to read */
	void (*free)(struct news_carrier *carrier);
};

struct news_outlet {
	struct news *news;
	const struct news_target *target;
	struct news_queue queue;
	struct news_carrier *carrier;
	struct loop_deadline expiry;
	bool up, told_up;
	char problem[NEWS_PROBLEM_SIZE], told_problem[NEWS_PROBLEM_SIZE];
	uint64_t failures;
	int64_t delivered_us;
};

/* news/news.c */
struct loop *news_outlet_loop(const struct news_outlet *outlet);
const char *news_outlet_ca_file(const struct news_outlet *outlet);
const char *news_outlet_agent(const struct news_outlet *outlet);
/* The next line to be told; NULL: none. */
const struct news_line *news_outlet_take(struct news_outlet *outlet);
/* It arrived. */
void news_outlet_delivered(struct news_outlet *outlet);
/* How it does; 'problem' NULL: well. Told on once. */
void news_outlet_set(struct news_outlet *outlet, bool up, const char *problem);
/* The end of each way in: perhaps somebody waits for all to be told. */
void news_outlet_settle(struct news_outlet *outlet);
/* For jitter. */
uint64_t news_outlet_random(void);

/* news/stream.c: FIFOs and sockets. 0 or -errno. */
LT_MUST_USE int news_stream_new(struct news_outlet *outlet, struct news_carrier **ret_carrier);

/* news/webhook.c: what all webhooks share; NULL accepted by close. */
struct news_webhooks;
LT_MUST_USE int news_webhooks_open(struct loop *loop, struct news_webhooks **ret_webhooks);
void news_webhooks_close(struct news_webhooks *webhooks);
LT_MUST_USE int news_webhook_new(struct news_outlet *outlet, struct news_webhooks *webhooks,
                                 struct news_carrier **ret_carrier);

#endif
