/* SPDX-License-Identifier: GPL-2.0-or-later */
/* POST of a line by libcurl, one at a time for each target, over a connection that is kept. What
 * fails or is answered by 408, 425, 429 or 5xx is tried again, later and later; what is refused
 * otherwise never will be taken and is let go. Redirects are not followed: headers with secrets
 * would go along. Proxies are those of the environment, as for every user of libcurl. */

#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/multi.h"
#include "lib/secret_file.h"
#include "news/hook.h"
#include "news/outlet.h"
#include "news/pace.h"

#include <curl/curl.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TIMEOUT_MS         5000L
#define CONNECT_TIMEOUT_MS 3000L
#define AGAIN_FIRST_US     (US_PER_S / 2)
#define AGAIN_MOST_US      (60 * US_PER_S)
#define RETRY_AFTER_MAX_S  600 /* what a server may ask for */
#define CONNECTIONS_KEPT   (long)NEWS_TARGETS_MAX

struct webhook {
	struct news_carrier carrier;
	struct news_outlet *outlet;
	struct news_webhooks *shared;
	struct webhook *next_over;
	CURL *easy;
	struct news_hook hook; /* no URL: its file can't be used */
	struct curl_slist *headers;
	struct loop_deadline again;
	bool posting;
	CURLcode code;     /* of the request that is over */
	unsigned failures; /* in a row */
	char error[CURL_ERROR_SIZE];
};

struct news_webhooks {
	struct multi multi;
	struct webhook *over; /* to be judged when libcurl has returned */
};

static void post(struct webhook *webhook);

/* --- the end of a request --- */

static void transfer_ended(struct multi *multi, void *transfer, CURLcode code)
{
	struct webhook *webhook = transfer;

	webhook->code = code;
	webhook->next_over = webhook->shared->over;
	webhook->shared->over = webhook;
}

/* libcurl's own words may hold names of what is secret: its verdict says enough. */
static const char *failure_text(const struct webhook *webhook, char buf[static NEWS_PROBLEM_SIZE])
{
	long error = 0;

	curl_easy_getinfo(webhook->easy, CURLINFO_OS_ERRNO, &error);
	if (webhook->code == CURLE_COULDNT_CONNECT && error)
		snprintf(buf, NEWS_PROBLEM_SIZE, "no connection: %s", strerror((int)error));
	else
		snprintf(buf, NEWS_PROBLEM_SIZE, "%s", curl_easy_strerror(webhook->code));
	return buf;
}

static int64_t asked_delay_us(const struct webhook *webhook)
{
	curl_off_t seconds = 0;

	curl_easy_getinfo(webhook->easy, CURLINFO_RETRY_AFTER, &seconds);
	if (seconds > RETRY_AFTER_MAX_S)
		seconds = RETRY_AFTER_MAX_S;
	return seconds > 0 ? seconds * US_PER_S : 0;
}

static void try_later(struct webhook *webhook, const char *problem, int64_t least_us)
{
	struct news_outlet *outlet = webhook->outlet;
	int64_t delay_us;

	webhook->failures += webhook->failures < 100;
	outlet->failures++;
	news_queue_again(&outlet->queue);
	delay_us = news_pace_us(webhook->failures, AGAIN_FIRST_US, AGAIN_MOST_US,
	                        news_outlet_random());
	if (delay_us < least_us)
		delay_us = least_us;
	loop_deadline_arm(&webhook->again, mono_now_us() + delay_us);
	news_outlet_set(outlet, false, problem);
}

static void judge(struct webhook *webhook)
{
	struct news_outlet *outlet = webhook->outlet;
	char problem[NEWS_PROBLEM_SIZE];
	long status = 0;

	webhook->posting = false;
	multi_remove(&webhook->shared->multi, webhook->easy);
	if (webhook->code != CURLE_OK) {
		try_later(webhook, failure_text(webhook, problem), 0);
		return;
	}
	curl_easy_getinfo(webhook->easy, CURLINFO_RESPONSE_CODE, &status);
	snprintf(problem, sizeof(problem), "answered with HTTP status %ld", status);
	switch (news_answer_of(status)) {
	case NEWS_ANSWER_TAKEN:
		webhook->failures = 0;
		news_outlet_delivered(outlet);
		news_outlet_set(outlet, true, NULL);
		break;
	case NEWS_ANSWER_LATER:
		try_later(webhook, problem, asked_delay_us(webhook));
		break;
	case NEWS_ANSWER_REFUSED:
		webhook->failures = 0;
		outlet->failures++;
		news_queue_refused(&outlet->queue);
		news_outlet_set(outlet, false, problem);
		break;
	}
}

static void turned(struct multi *multi)
{
	struct news_webhooks *shared = lt_container_of(multi, struct news_webhooks, multi);

	while (shared->over) {
		struct webhook *webhook = shared->over;

		shared->over = webhook->next_over;
		judge(webhook);
		post(webhook);
		news_outlet_settle(webhook->outlet);
	}
}

/* --- a request --- */

static void post(struct webhook *webhook)
{
	const struct news_line *line;
	const char *body;

	if (webhook->posting || webhook->again.at_us != TIME_NEVER || !webhook->hook.url)
		return;
	line = news_outlet_take(webhook->outlet);
	if (!line)
		return;
	/* The line stays in the queue until the request is over: no copy of it is needed. */
	body = line->text;
	curl_easy_setopt(webhook->easy, CURLOPT_POSTFIELDSIZE, (long)line->length);
	curl_easy_setopt(webhook->easy, CURLOPT_POSTFIELDS, body);
	webhook->posting = true;
	multi_add(&webhook->shared->multi, webhook->easy);
}

static size_t discard(char *data, size_t size, size_t count, void *ctx)
{
	return size * count;
}

static void add_header(struct webhook *webhook, const char *line)
{
	struct curl_slist *list = curl_slist_append(webhook->headers, line);

	if (!list)
		abort();
	webhook->headers = list;
}

/* libcurl has copies, which it frees and does not wipe. */
static void set_up(struct webhook *webhook)
{
	const struct news_outlet *outlet = webhook->outlet;
	CURL *easy = webhook->easy;

	curl_easy_reset(easy);
	curl_slist_free_all(webhook->headers);
	webhook->headers = NULL;
	add_header(webhook, "Content-Type: application/json");
	add_header(webhook, "Expect:"); /* no waiting for leave to send a few hundred bytes */
	for (size_t i = 0; i < webhook->hook.header_count; i++)
		add_header(webhook, webhook->hook.headers[i]);
	curl_easy_setopt(easy, CURLOPT_URL, webhook->hook.url);
	curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(easy, CURLOPT_POST, 1L);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, webhook->headers);
	curl_easy_setopt(easy, CURLOPT_USERAGENT, news_outlet_agent(outlet));
	curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, discard);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, CONNECT_TIMEOUT_MS);
	curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, webhook);
	if (news_outlet_ca_file(outlet)) {
		curl_easy_setopt(easy, CURLOPT_CAINFO, news_outlet_ca_file(outlet));
		curl_easy_setopt(easy, CURLOPT_CAPATH, NULL);
	}
}

/* --- where to --- */

static int read_file(struct webhook *webhook, struct news_hook *ret_hook, struct text *problem)
{
	char data[NEWS_HOOK_SIZE];
	int rc = secret_file_read(webhook->outlet->target->path, data, sizeof(data), problem);

	if (rc == 0)
		rc = news_hook_parse(data, ret_hook, problem);
	explicit_bzero(data, sizeof(data));
	return rc;
}

/* What was good before stays in use. */
static void load(struct webhook *webhook)
{
	const struct news_target *target = webhook->outlet->target;
	struct news_hook hook = {0};
	struct text problem = {0};

	if (target->url)
		hook.url = xstrdup(target->url);
	else if (read_file(webhook, &hook, &problem))
		news_outlet_set(webhook->outlet, webhook->outlet->up, text_str(&problem));
	text_done(&problem);
	if (!hook.url)
		return;
	news_hook_done(&webhook->hook);
	webhook->hook = hook;
	news_outlet_set(webhook->outlet, webhook->outlet->up, NULL);
	if (!webhook->posting)
		set_up(webhook);
}

static void kick(struct news_carrier *carrier, bool eager)
{
	struct webhook *webhook = lt_container_of(carrier, struct webhook, carrier);

	if (eager)
		loop_deadline_arm(&webhook->again, TIME_NEVER);
	post(webhook);
}

static void again_due(struct loop_deadline *deadline)
{
	post(lt_container_of(deadline, struct webhook, again));
}

static bool busy(const struct news_carrier *carrier)
{
	const struct webhook *webhook = lt_container_of(carrier, const struct webhook, carrier);

	return webhook->hook.url && webhook->failures == 0 && webhook->outlet->queue.count > 0;
}

/* A request under way is made anew, with what the file says now. */
static void reload(struct news_carrier *carrier)
{
	struct webhook *webhook = lt_container_of(carrier, struct webhook, carrier);

	if (webhook->outlet->target->url)
		return;
	if (webhook->posting) {
		multi_remove(&webhook->shared->multi, webhook->easy);
		news_queue_again(&webhook->outlet->queue);
		webhook->posting = false;
	}
	load(webhook);
}

static void free_webhook(struct news_carrier *carrier)
{
	struct webhook *webhook = lt_container_of(carrier, struct webhook, carrier);

	if (webhook->posting)
		multi_remove(&webhook->shared->multi, webhook->easy);
	curl_easy_cleanup(webhook->easy);
	curl_slist_free_all(webhook->headers);
	news_hook_done(&webhook->hook);
	loop_deadline_done(&webhook->again);
	free(webhook);
}

int news_webhook_new(struct news_outlet *outlet, struct news_webhooks *webhooks,
                     struct news_carrier **ret_carrier)
{
	struct webhook *webhook = xcalloc(1, sizeof(*webhook));
	int rc;

	webhook->carrier = (struct news_carrier){
		.kick = kick, .busy = busy, .reload = reload, .free = free_webhook};
	webhook->outlet = outlet;
	webhook->shared = webhooks;
	webhook->again.expired = again_due;
	rc = loop_deadline_init(news_outlet_loop(outlet), &webhook->again);
	webhook->easy = rc ? NULL : curl_easy_init();
	if (!webhook->easy) {
		if (rc == 0)
			loop_deadline_done(&webhook->again);
		free(webhook);
		return rc ? rc : -ENOMEM;
	}
	load(webhook);
	*ret_carrier = &webhook->carrier;
	return 0;
}

int news_webhooks_open(struct loop *loop, struct news_webhooks **ret_webhooks)
{
	struct news_webhooks *webhooks = xcalloc(1, sizeof(*webhooks));
	int rc;

	webhooks->multi = (struct multi){.ended = transfer_ended, .turned = turned};
	rc = multi_open(&webhooks->multi, loop, CONNECTIONS_KEPT);
	if (rc) {
		news_webhooks_close(webhooks);
		return rc;
	}
	*ret_webhooks = webhooks;
	return 0;
}

void news_webhooks_close(struct news_webhooks *webhooks)
{
	if (!webhooks)
		return;
	multi_close(&webhooks->multi);
	free(webhooks);
}
