/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/k8s/watch_script.h - inputs for k8s/watch, and their effects written down: each input's go
 * to one line until it is compared. Time is 'now_us'. */

#ifndef LINTEL_TESTS_K8S_WATCH_SCRIPT_H
#define LINTEL_TESTS_K8S_WATCH_SCRIPT_H

#include "k8s/watch.h"
#include "lib/mono.h"
#include "tests/unit.h"

#include <stdio.h>
#include <string.h>

static struct k8s_watch watch;
static struct k8s_watch_effects effects;
static int64_t now_us;
static struct text said;

static inline void setup_as(bool streaming)
{
	now_us = 1000 * US_PER_S;
	k8s_watch_init(&watch, &(struct k8s_watch_params){.path = "/api/v1/services",
	                                                  .seed = 42,
	                                                  .streaming_lists = streaming});
}

static inline void setup(void)
{
	setup_as(false);
}

static inline void teardown(void)
{
	k8s_watch_effects_clear(&effects);
	k8s_watch_done(&watch);
	text_done(&said);
}

/* --- writing down --- */

/* The path with the timeout, which is random, as T. */
static inline void say_path(const char *path)
{
	const char *timeout = strstr(path, "timeoutSeconds=");
	unsigned seconds;
	int used;

	if (!timeout) {
		text_add(&said, path);
		return;
	}
	ck_assert_int_eq(sscanf(timeout, "timeoutSeconds=%u%n", &seconds, &used), 1);
	ck_assert_uint_ge(seconds, K8S_WATCH_TIMEOUT_MIN_S);
	ck_assert_uint_le(seconds, K8S_WATCH_TIMEOUT_MAX_S);
	text_add_len(&said, path, (size_t)(timeout - path));
	text_printf(&said, "timeoutSeconds=T%s", timeout + used);
}

static inline const char *name_of(const struct tree *object)
{
	return tree_get_text(tree_get(object, "metadata"), "name");
}

static inline void say(const struct k8s_watch_effect *effect)
{
	static const char *const names[K8S_WATCH_EFFECT_KIND_COUNT] = {
		[K8S_WATCH_LIST] = "LIST ",      [K8S_WATCH_WATCH] = "WATCH ",
		[K8S_WATCH_CLOSE] = "CLOSE",     [K8S_WATCH_REPLACE_BEGIN] = "BEGIN",
		[K8S_WATCH_REPLACE_END] = "END", [K8S_WATCH_UPSERT] = "UPSERT ",
		[K8S_WATCH_DELETE] = "DELETE ",  [K8S_WATCH_BOOKMARK] = "BOOKMARK",
		[K8S_WATCH_STATE] = NULL,
	};

	if (!names[effect->kind])
		return; /* looked at by those who want to know */
	text_printf(&said, "%s%s", said.len > 0 ? "; " : "", names[effect->kind]);
	if (effect->path)
		say_path(effect->path);
	if (effect->object)
		text_add(&said, name_of(effect->object));
}

/* After each input: paths live until the next. */
static inline void note(void)
{
	for (size_t i = 0; i < effects.count; i++)
		say(&effects.items[i]);
	k8s_watch_effects_clear(&effects);
}

/* What the inputs since the last time brought about. */
static inline void expect(const char *expected)
{
	note();
	ck_assert_str_eq(text_str(&said), expected);
	text_clear(&said);
}

static inline void forget(void)
{
	note();
	text_clear(&said);
}

/* --- inputs --- */

static inline void start(void)
{
	k8s_watch_start(&watch, now_us, &effects);
	note();
}

static inline void began(unsigned status)
{
	k8s_watch_began(&watch, now_us, status, &effects);
	note();
}

static inline void ended(void)
{
	k8s_watch_ended(&watch, now_us, &effects);
	note();
}

static inline void refused(unsigned status, int64_t retry_after_s)
{
	k8s_watch_began(&watch, now_us, status, &effects);
	note();
	k8s_watch_refused(&watch, now_us, status, retry_after_s, "because", &effects);
	note();
}

static inline void failed(enum k8s_watch_reason reason)
{
	k8s_watch_failed(&watch, now_us, reason, "broken", &effects);
	note();
}

static inline void item(const char *name)
{
	char text[128];

	snprintf(text, sizeof(text), "{\"metadata\":{\"name\":\"%s\"}}", name);
	k8s_watch_item(&watch, now_us, text, strlen(text), &effects);
	note();
}

static inline void metadata(const char *text)
{
	k8s_watch_metadata(&watch, now_us, text, strlen(text), &effects);
	note();
}

static inline void line(const char *text)
{
	k8s_watch_line(&watch, now_us, text, strlen(text), &effects);
	note();
}

static inline void event(const char *type, const char *name, const char *version)
{
	char text[256];

	snprintf(text, sizeof(text),
	         "{\"type\":\"%s\",\"object\":{\"metadata\":{\"name\":\"%s\","
	         "\"resourceVersion\":\"%s\"}}}",
	         type, name, version);
	line(text);
}

/* Time goes on to the deadline, which must be there. */
static inline int64_t expire(void)
{
	int64_t before_us = now_us;

	now_us = k8s_watch_deadline(&watch);
	ck_assert_int_ne(now_us, TIME_NEVER);
	k8s_watch_expired(&watch, now_us - 1, &effects);
	expect("");
	k8s_watch_expired(&watch, now_us, &effects);
	note();
	return now_us - before_us;
}

#define LIST "LIST /api/v1/services?limit=500"
#define WATCH    \
	"WATCH " \
	"/api/v1/services?watch=1&allowWatchBookmarks=true&timeoutSeconds=T&resourceVersion="
#define STREAM                                                                                  \
	"WATCH "                                                                                \
	"/api/v1/services?watch=1&allowWatchBookmarks=true&timeoutSeconds=T&sendInitialEvents=" \
	"true&resourceVersionMatch=NotOlderThan"

/* Listed one object at version 100, and following since. */
static inline void follow(void)
{
	start();
	expect(LIST);
	began(200);
	expect("BEGIN");
	metadata("{\"resourceVersion\":\"100\"}");
	expect("");
	item("a");
	expect("UPSERT a");
	ended();
	expect("END; " WATCH "100");
	began(200);
	expect("");
	ck_assert(watch.in_step);
	ck_assert_int_eq(watch.in_step_us, now_us);
}

#endif
