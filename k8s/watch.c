/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where it goes on after the end of a request is in two members: 'version' (watch from there;
 * empty: list) and 'token' (the next page; empty: the first). Whatever ends a request says what of
 * these still holds, then waits or not, and ask_next() does the rest.
 *
 * Reason: one machine; its states are best read beside one another. */

#include "k8s/watch.h"

#include "k8s/path.h"
#include "k8s/watch_event.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SHORT_US     US_PER_S /* a watch that ends so soon without an event did not work */
#define REFUSALS_MAX 3        /* of one resourceVersion by 5xx: it may be from a lost future */
#define MESSAGE_MAX  256      /* characters of what a server says that we keep */

static const char *const state_names[K8S_WATCH_STATE_COUNT] = {
	[K8S_WATCH_STATE_IDLE] = "idle",           [K8S_WATCH_STATE_LISTING] = "listing",
	[K8S_WATCH_STATE_STREAMING] = "streaming", [K8S_WATCH_STATE_WATCHING] = "watching",
	[K8S_WATCH_STATE_WAITING] = "waiting",
};

static const char *const reason_names[K8S_WATCH_REASON_COUNT] = {
	[K8S_WATCH_REASON_NONE] = "none",
	[K8S_WATCH_REASON_ENDED] = "ended",
	[K8S_WATCH_REASON_CUT] = "cut",
	[K8S_WATCH_REASON_SILENT] = "silent",
	[K8S_WATCH_REASON_EXPIRED] = "expired",
	[K8S_WATCH_REASON_THROTTLED] = "throttled",
	[K8S_WATCH_REASON_UNAVAILABLE] = "unavailable",
	[K8S_WATCH_REASON_UNAUTHORIZED] = "unauthorized",
	[K8S_WATCH_REASON_FORBIDDEN] = "forbidden",
	[K8S_WATCH_REASON_NOT_FOUND] = "not-found",
	[K8S_WATCH_REASON_REFUSED] = "refused",
	[K8S_WATCH_REASON_UNSUPPORTED] = "unsupported",
	[K8S_WATCH_REASON_MALFORMED] = "malformed",
};

const char *k8s_watch_state_name(enum k8s_watch_state state)
{
	return state_names[state];
}

const char *k8s_watch_reason_name(enum k8s_watch_reason reason)
{
	return reason_names[reason];
}

/* --- effects --- */

void k8s_watch_effects_clear(struct k8s_watch_effects *effects)
{
	effects->count = 0;
}

static struct k8s_watch_effect *add_effect(struct k8s_watch_effects *out,
                                           enum k8s_watch_effect_kind kind)
{
	struct k8s_watch_effect *effect = &out->items[out->count++];

	assert(out->count <= K8S_WATCH_EFFECTS_MAX);
	*effect = (struct k8s_watch_effect){.kind = kind};
	return effect;
}

/* One is enough in a step: the caller looks when all of it is done. */
static void tell_state(struct k8s_watch_effects *out)
{
	for (size_t i = 0; i < out->count; i++) {
		if (out->items[i].kind == K8S_WATCH_STATE)
			return;
	}
	add_effect(out, K8S_WATCH_STATE);
}

static void set_state(struct k8s_watch *watch, int64_t now_us, enum k8s_watch_state state,
                      struct k8s_watch_effects *out)
{
	if (watch->state == state)
		return;
	watch->state = state;
	watch->since_us = now_us;
	tell_state(out);
}

static void set_in_step(struct k8s_watch *watch, int64_t now_us, bool in_step,
                        struct k8s_watch_effects *out)
{
	if (watch->in_step == in_step)
		return;
	watch->in_step = in_step;
	watch->in_step_us = now_us;
	tell_state(out);
}

/* --- numbers --- */

/* xorshift64*: that it differs between instances is all that is asked of it. 0 up to, without,
 * 'bound'. */
static int64_t random_below(struct k8s_watch *watch, int64_t bound)
{
	uint64_t x = watch->random;

	x ^= x >> 12;
	x ^= x << 25;
	x ^= x >> 27;
	watch->random = x;
	return (int64_t)((x * UINT64_C(2685821657736338717) >> 2) % (uint64_t)bound);
}

/* After a failure, which this is: somewhere between the delay and twice that. Doubling is for
 * failures without a success in between; one that only seemed to be (granted, and cut at once) is
 * none. */
static int64_t next_delay(struct k8s_watch *watch, int64_t now_us)
{
	int64_t delay_us;

	if (watch->in_step && now_us - watch->in_step_us > K8S_WATCH_DELAY_MIN_US)
		watch->delay_us = K8S_WATCH_DELAY_MIN_US;
	delay_us = watch->delay_us + random_below(watch, watch->delay_us);
	watch->delay_us *= 2;
	if (watch->delay_us > K8S_WATCH_DELAY_MAX_US / 2)
		watch->delay_us = K8S_WATCH_DELAY_MAX_US / 2;
	return delay_us;
}

/* --- requests --- */

static void set_text(struct text *text, const char *s)
{
	text_clear(text);
	text_add(text, s);
}

static bool is_empty(const struct text *text)
{
	return text->len == 0;
}

static void add_watch_query(struct k8s_watch *watch)
{
	char timeout[16];
	int64_t range_s = K8S_WATCH_TIMEOUT_MAX_S - K8S_WATCH_TIMEOUT_MIN_S + 1;

	watch->timeout_s = K8S_WATCH_TIMEOUT_MIN_S + (unsigned)random_below(watch, range_s);
	snprintf(timeout, sizeof(timeout), "%u", watch->timeout_s);
	k8s_path_add_query(&watch->url, "watch", "1");
	k8s_path_add_query(&watch->url, "allowWatchBookmarks", "true");
	k8s_path_add_query(&watch->url, "timeoutSeconds", timeout);
}

static void add_list_query(struct k8s_watch *watch)
{
	char limit[16];

	snprintf(limit, sizeof(limit), "%u", watch->page_limit);
	if (!watch->unpaged)
		k8s_path_add_query(&watch->url, "limit", limit);
	if (!is_empty(&watch->token))
		k8s_path_add_query(&watch->url, "continue", text_str(&watch->token));
}

static void ask_next(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out)
{
	enum k8s_watch_state state = K8S_WATCH_STATE_LISTING;

	set_text(&watch->url, watch->path);
	if (!is_empty(&watch->version)) {
		state = K8S_WATCH_STATE_WATCHING;
		add_watch_query(watch);
		k8s_path_add_query(&watch->url, "resourceVersion", text_str(&watch->version));
	} else if (watch->streaming_lists && now_us >= watch->pages_until_us) {
		/* No resourceVersion: the newest there is. */
		state = K8S_WATCH_STATE_STREAMING;
		add_watch_query(watch);
		k8s_path_add_query(&watch->url, "sendInitialEvents", "true");
		k8s_path_add_query(&watch->url, "resourceVersionMatch", "NotOlderThan");
	} else {
		add_list_query(watch);
	}
	set_state(watch, now_us, state, out);
	watch->opened = false;
	watch->events = 0;
	watch->heard_us = now_us;
	watch->opened_us = now_us;
	watch->requests++;
	text_clear(&watch->page_version);
	text_clear(&watch->page_token);
	add_effect(out, state == K8S_WATCH_STATE_LISTING ? K8S_WATCH_LIST : K8S_WATCH_WATCH)->path =
		text_str(&watch->url);
}

static bool is_asking(const struct k8s_watch *watch)
{
	return watch->state != K8S_WATCH_STATE_IDLE && watch->state != K8S_WATCH_STATE_WAITING;
}

static void note_end(struct k8s_watch *watch, enum k8s_watch_reason reason, const char *message)
{
	watch->why = reason;
	watch->restarts[reason]++;
	text_clear(&watch->message);
	text_add_len(&watch->message, message, strnlen(message, MESSAGE_MAX));
}

static void wait_until(struct k8s_watch *watch, int64_t now_us, int64_t due_us,
                       struct k8s_watch_effects *out)
{
	watch->due_us = due_us;
	set_in_step(watch, now_us, false, out);
	set_state(watch, now_us, K8S_WATCH_STATE_WAITING, out);
}

/* A request did not do what it was for: another attempt after a while, not before 'retry_after_s'
 * (-1: the server did not say). */
static void try_later(struct k8s_watch *watch, int64_t now_us, enum k8s_watch_reason reason,
                      const char *message, int64_t retry_after_s, struct k8s_watch_effects *out)
{
	int64_t delay_us, retry_us = K8S_WATCH_RETRY_MAX_US;

	/* It is there and says when to come again: how long it was away counts no longer. */
	if (reason == K8S_WATCH_REASON_THROTTLED && watch->why != reason)
		watch->delay_us = K8S_WATCH_DELAY_MIN_US;
	delay_us = next_delay(watch, now_us);
	note_end(watch, reason, message);
	if (retry_after_s < retry_us / US_PER_S)
		retry_us = retry_after_s * US_PER_S;
	/* All who were told the same second need not come at the same instant. */
	if (retry_us > 0)
		retry_us += random_below(watch, K8S_WATCH_DELAY_MIN_US);
	wait_until(watch, now_us, now_us + (delay_us > retry_us ? delay_us : retry_us), out);
}

/* What we hold is too old to go on from: everything anew, at once; unless that was so some times
 * just now. A server that was away and begins anew says so to everybody (what failed before was its
 * absence), and servers that are replaced one after the other say so each. */
static void start_over(struct k8s_watch *watch, int64_t now_us, enum k8s_watch_reason reason,
                       const char *message, struct k8s_watch_effects *out)
{
	if (watch->over_us == INT64_MIN || now_us - watch->over_us > K8S_WATCH_STABLE_US)
		watch->overs = 0;
	/* A token outlives minutes. If that was not enough, another try won't be. */
	if (watch->state == K8S_WATCH_STATE_LISTING && !is_empty(&watch->token))
		watch->unpaged = true;
	text_clear(&watch->version);
	text_clear(&watch->token);
	watch->over_us = now_us;
	if (watch->overs++ >= K8S_WATCH_OVERS_MAX) {
		try_later(watch, now_us, reason, message, -1, out);
		return;
	}
	next_delay(watch, now_us); /* counts as a failure all the same */
	note_end(watch, reason, message);
	set_in_step(watch, now_us, false, out);
	ask_next(watch, now_us, out);
}

/* --- from outside --- */

void k8s_watch_init(struct k8s_watch *watch, const struct k8s_watch_params *params)
{
	*watch = (struct k8s_watch){
		.path = xstrdup(params->path),
		.page_limit = params->page_limit > 0 ? params->page_limit : K8S_WATCH_PAGE_LIMIT,
		.random = params->seed > 0 ? params->seed : 1,
		.streaming_lists = params->streaming_lists,
		.second = params->second,
		.delay_us = K8S_WATCH_DELAY_MIN_US,
		.over_us = INT64_MIN,
	};
}

void k8s_watch_done(struct k8s_watch *watch)
{
	free(watch->path);
	text_done(&watch->message);
	text_done(&watch->version);
	text_done(&watch->token);
	text_done(&watch->page_version);
	text_done(&watch->page_token);
	text_done(&watch->url);
	arena_done(&watch->arena);
	*watch = (struct k8s_watch){0};
}

void k8s_watch_start(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out)
{
	if (watch->state != K8S_WATCH_STATE_IDLE)
		return;
	watch->in_step_us = now_us;
	if (watch->second)
		wait_until(watch, now_us, now_us + K8S_WATCH_SECOND_US, out);
	else
		ask_next(watch, now_us, out);
}

void k8s_watch_began(struct k8s_watch *watch, int64_t now_us, unsigned status,
                     struct k8s_watch_effects *out)
{
	if (!is_asking(watch) || watch->opened || status != 200)
		return;
	watch->opened = true;
	watch->heard_us = now_us;
	switch (watch->state) {
	case K8S_WATCH_STATE_LISTING:
		/* Further pages go on with what the first began. */
		if (is_empty(&watch->token))
			add_effect(out, K8S_WATCH_REPLACE_BEGIN);
		break;
	case K8S_WATCH_STATE_STREAMING:
		add_effect(out, K8S_WATCH_REPLACE_BEGIN);
		break;
	case K8S_WATCH_STATE_WATCHING:
		watch->refusals = 0;
		set_in_step(watch, now_us, true, out);
		break;
	case K8S_WATCH_STATE_IDLE:
	case K8S_WATCH_STATE_WAITING:
	case K8S_WATCH_STATE_COUNT:
		break;
	}
}

void k8s_watch_heard(struct k8s_watch *watch, int64_t now_us)
{
	watch->heard_us = now_us;
}

/* --- lists --- */

/* What came can't be understood: drop the request, and everything that it might have told wrong. */
static void malformed(struct k8s_watch *watch, int64_t now_us, const char *message,
                      struct k8s_watch_effects *out)
{
	add_effect(out, K8S_WATCH_CLOSE);
	k8s_watch_failed(watch, now_us, K8S_WATCH_REASON_MALFORMED, message, out);
}

void k8s_watch_item(struct k8s_watch *watch, int64_t now_us, const char *text, size_t size,
                    struct k8s_watch_effects *out)
{
	const struct tree *object;

	if (watch->state != K8S_WATCH_STATE_LISTING || !watch->opened)
		return;
	watch->heard_us = now_us;
	arena_clear(&watch->arena);
	object = k8s_watch_object_decode(text, size, &watch->arena);
	if (object)
		add_effect(out, K8S_WATCH_UPSERT)->object = object;
	else
		malformed(watch, now_us, "an item of the list is no JSON object", out);
}

void k8s_watch_metadata(struct k8s_watch *watch, int64_t now_us, const char *text, size_t size,
                        struct k8s_watch_effects *out)
{
	const struct tree *metadata;
	const char *token, *version;

	if (watch->state != K8S_WATCH_STATE_LISTING || !watch->opened)
		return;
	arena_clear(&watch->arena);
	metadata = k8s_watch_object_decode(text, size, &watch->arena);
	token = tree_get_text(metadata, "continue");
	version = tree_get_text(metadata, "resourceVersion");
	if (!version || version[0] == '\0' || strcmp(version, "0") == 0) {
		malformed(watch, now_us, "the list has no resourceVersion", out);
	} else {
		set_text(&watch->page_version, version);
		set_text(&watch->page_token, token ? token : "");
	}
}

static void list_is_whole(struct k8s_watch *watch, struct k8s_watch_effects *out)
{
	watch->lists++;
	watch->listed = true;
	watch->unpaged = false;
	add_effect(out, K8S_WATCH_REPLACE_END);
	tell_state(out);
}

static void page_ended(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out)
{
	if (is_empty(&watch->page_version)) {
		k8s_watch_failed(watch, now_us, K8S_WATCH_REASON_MALFORMED,
		                 "the list has no metadata", out);
		return;
	}
	/* Only now: a page that was cut is asked for again. */
	set_text(&watch->token, text_str(&watch->page_token));
	if (is_empty(&watch->token)) {
		list_is_whole(watch, out);
		set_text(&watch->version, text_str(&watch->page_version));
	}
	ask_next(watch, now_us, out);
}

/* --- watches --- */

static void bookmark(struct k8s_watch *watch, int64_t now_us, const struct k8s_watch_event *event,
                     struct k8s_watch_effects *out)
{
	if (watch->state == K8S_WATCH_STATE_STREAMING && !event->initial_end)
		return; /* not a place to go on from: the list is not whole */
	set_text(&watch->version, event->version);
	if (watch->state == K8S_WATCH_STATE_STREAMING) {
		list_is_whole(watch, out);
		set_in_step(watch, now_us, true, out);
		set_state(watch, now_us, K8S_WATCH_STATE_WATCHING, out);
	}
	add_effect(out, K8S_WATCH_BOOKMARK);
}

static void object_event(struct k8s_watch *watch, const struct k8s_watch_event *event,
                         struct k8s_watch_effects *out)
{
	bool gone = event->type == K8S_WATCH_EVENT_DELETED;

	if (watch->state == K8S_WATCH_STATE_WATCHING)
		set_text(&watch->version, event->version);
	add_effect(out, gone ? K8S_WATCH_DELETE : K8S_WATCH_UPSERT)->object = event->object;
}

void k8s_watch_line(struct k8s_watch *watch, int64_t now_us, const char *text, size_t size,
                    struct k8s_watch_effects *out)
{
	struct k8s_watch_event event;

	if (!watch->opened ||
	    (watch->state != K8S_WATCH_STATE_STREAMING && watch->state != K8S_WATCH_STATE_WATCHING))
		return;
	watch->heard_us = now_us;
	watch->events++;
	arena_clear(&watch->arena);
	if (k8s_watch_event_decode(text, size, &watch->arena, &event) < 0) {
		malformed(watch, now_us, "a line of the watch is no event", out);
		return;
	}
	switch (event.type) {
	case K8S_WATCH_EVENT_ADDED:
	case K8S_WATCH_EVENT_MODIFIED:
	case K8S_WATCH_EVENT_DELETED:
		object_event(watch, &event, out);
		break;
	case K8S_WATCH_EVENT_BOOKMARK:
		bookmark(watch, now_us, &event, out);
		break;
	case K8S_WATCH_EVENT_ERROR:
		add_effect(out, K8S_WATCH_CLOSE);
		k8s_watch_refused(watch, now_us, event.code, -1, event.message, out);
		break;
	case K8S_WATCH_EVENT_TYPE_COUNT:
		break;
	}
}

static void watch_ended(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out)
{
	if (watch->events == 0 && now_us - watch->opened_us < SHORT_US) {
		try_later(watch, now_us, K8S_WATCH_REASON_ENDED, "the watch ended at once", -1,
		          out);
		return;
	}
	note_end(watch, K8S_WATCH_REASON_ENDED, "");
	ask_next(watch, now_us, out);
}

/* --- ends --- */

void k8s_watch_ended(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out)
{
	switch (watch->state) {
	case K8S_WATCH_STATE_LISTING:
		page_ended(watch, now_us, out);
		break;
	case K8S_WATCH_STATE_STREAMING:
		try_later(watch, now_us, K8S_WATCH_REASON_CUT,
		          "the streamed list ended before it was whole", -1, out);
		break;
	case K8S_WATCH_STATE_WATCHING:
		watch_ended(watch, now_us, out);
		break;
	case K8S_WATCH_STATE_IDLE:
	case K8S_WATCH_STATE_WAITING:
	case K8S_WATCH_STATE_COUNT:
		break;
	}
}

static enum k8s_watch_reason reason_of(const struct k8s_watch *watch, unsigned status)
{
	switch (status) {
	case 400:
	case 405:
	case 422:
	case 501:
		return watch->state == K8S_WATCH_STATE_STREAMING ? K8S_WATCH_REASON_UNSUPPORTED
		                                                 : K8S_WATCH_REASON_REFUSED;
	case 401:
		return K8S_WATCH_REASON_UNAUTHORIZED;
	case 403:
		return K8S_WATCH_REASON_FORBIDDEN;
	case 404:
		return K8S_WATCH_REASON_NOT_FOUND;
	case 410:
		return K8S_WATCH_REASON_EXPIRED;
	case 429:
		return K8S_WATCH_REASON_THROTTLED;
	default:
		return status >= 500 ? K8S_WATCH_REASON_UNAVAILABLE : K8S_WATCH_REASON_REFUSED;
	}
}

/* The server does not take what we wanted to go on from. */
static void forget_place(struct k8s_watch *watch)
{
	text_clear(&watch->version);
	text_clear(&watch->token);
	watch->refusals = 0;
}

void k8s_watch_refused(struct k8s_watch *watch, int64_t now_us, unsigned status,
                       int64_t retry_after_s, const char *message, struct k8s_watch_effects *out)
{
	enum k8s_watch_reason reason = reason_of(watch, status);

	if (!is_asking(watch))
		return;
	switch (reason) {
	case K8S_WATCH_REASON_UNSUPPORTED:
		watch->pages_until_us = now_us + K8S_WATCH_PAGES_US;
		note_end(watch, reason, message);
		ask_next(watch, now_us, out);
		return;
	case K8S_WATCH_REASON_EXPIRED:
		start_over(watch, now_us, reason, message, out);
		return;
	case K8S_WATCH_REASON_NOT_FOUND:
	case K8S_WATCH_REASON_REFUSED:
		forget_place(watch);
		break;
	case K8S_WATCH_REASON_UNAVAILABLE:
		/* An API server that was restored from a backup knows no such future version, and
		 * says 504 for ever. */
		if (watch->state == K8S_WATCH_STATE_WATCHING && ++watch->refusals >= REFUSALS_MAX)
			forget_place(watch);
		break;
	case K8S_WATCH_REASON_NONE:
	case K8S_WATCH_REASON_ENDED:
	case K8S_WATCH_REASON_CUT:
	case K8S_WATCH_REASON_SILENT:
	case K8S_WATCH_REASON_THROTTLED:
	case K8S_WATCH_REASON_UNAUTHORIZED:
	case K8S_WATCH_REASON_FORBIDDEN:
	case K8S_WATCH_REASON_MALFORMED:
	case K8S_WATCH_REASON_COUNT:
		break;
	}
	try_later(watch, now_us, reason, message, retry_after_s, out);
}

void k8s_watch_failed(struct k8s_watch *watch, int64_t now_us, enum k8s_watch_reason reason,
                      const char *message, struct k8s_watch_effects *out)
{
	if (!is_asking(watch))
		return;
	if (reason == K8S_WATCH_REASON_MALFORMED)
		forget_place(watch);
	try_later(watch, now_us, reason, message, -1, out);
}

/* Nobody needs to keep a distance from the others who was not refused anything yet. */
void k8s_watch_server_answers(struct k8s_watch *watch, int64_t now_us,
                              const struct k8s_watch *other)
{
	int64_t soon_us = now_us;

	if (watch->pages_until_us < other->pages_until_us)
		watch->pages_until_us = other->pages_until_us;
	if (watch->state != K8S_WATCH_STATE_WAITING ||
	    (watch->why != K8S_WATCH_REASON_NONE && watch->why != K8S_WATCH_REASON_CUT &&
	     watch->why != K8S_WATCH_REASON_SILENT))
		return;
	if (watch->why != K8S_WATCH_REASON_NONE)
		soon_us += random_below(watch, K8S_WATCH_DELAY_MIN_US);
	if (soon_us < watch->due_us)
		watch->due_us = soon_us;
}

/* --- time --- */

int64_t k8s_watch_deadline(const struct k8s_watch *watch)
{
	switch (watch->state) {
	case K8S_WATCH_STATE_LISTING:
	case K8S_WATCH_STATE_STREAMING:
		return watch->heard_us + K8S_WATCH_STALL_US;
	case K8S_WATCH_STATE_WATCHING:
		if (!watch->opened)
			return watch->opened_us + K8S_WATCH_STALL_US;
		return watch->opened_us + watch->timeout_s * US_PER_S + K8S_WATCH_GRACE_US;
	case K8S_WATCH_STATE_WAITING:
		return watch->due_us;
	case K8S_WATCH_STATE_IDLE:
	case K8S_WATCH_STATE_COUNT:
		break;
	}
	return TIME_NEVER;
}

void k8s_watch_expired(struct k8s_watch *watch, int64_t now_us, struct k8s_watch_effects *out)
{
	enum k8s_watch_reason reason = K8S_WATCH_REASON_SILENT;

	if (now_us < k8s_watch_deadline(watch))
		return;
	if (watch->state == K8S_WATCH_STATE_WAITING) {
		ask_next(watch, now_us, out);
		return;
	}
	/* An old server may take the question for an ordinary watch: the end of the list never
	 * comes. */
	if (watch->state == K8S_WATCH_STATE_STREAMING && watch->opened) {
		watch->pages_until_us = now_us + K8S_WATCH_PAGES_US;
		reason = K8S_WATCH_REASON_UNSUPPORTED;
	}
	add_effect(out, K8S_WATCH_CLOSE);
	try_later(watch, now_us, reason, "nothing came for too long", -1, out);
}
