/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/reflector.h"

#include "k8s/json_read.h"
#include "k8s/page.h"
#include "k8s/stream.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/text.h"

#include <stdlib.h>
#include <string.h>

#define COMPONENT   "k8s"
#define REFUSAL_MAX (16 * 1024) /* bytes of an error's body that we look at */

struct k8s_reflector {
	struct loop *loop;
	struct k8s_http *http; /* borrowed */
	char *name;            /* owned */
	struct k8s_reflector_handler handler;
	struct k8s_watch watch;
	struct loop_deadline deadline;
	struct k8s_http_call *call; /* under way; NULL: none */
	struct k8s_http_head head;  /* of its answer */
	bool is_list;               /* its answer is a page, not lines */
	struct k8s_stream lines;
	struct k8s_page page;
	struct text refusal;        /* the body of an answer that is none of 200 */
	enum k8s_watch_reason told; /* in the log, NONE: all is well */
};

/* --- what goes wrong is said once --- */

static void log_state(struct k8s_reflector *reflector)
{
	const struct k8s_watch *watch = &reflector->watch;

	if (watch->in_step && reflector->told != K8S_WATCH_REASON_NONE) {
		reflector->told = K8S_WATCH_REASON_NONE;
		log_notice(COMPONENT, "in step again resource=%s", reflector->name);
	} else if (watch->state == K8S_WATCH_STATE_WAITING && watch->why != reflector->told) {
		reflector->told = watch->why;
		log_warn(COMPONENT,
		         "out of step, retrying with the last state kept resource=%s reason=%s "
		         "message=\"%s\"",
		         reflector->name, k8s_watch_reason_name(watch->why),
		         text_str(&watch->message));
	}
}

/* --- effects --- */

static void drop_call(struct k8s_reflector *reflector)
{
	if (reflector->call)
		k8s_http_cancel(reflector->call);
	reflector->call = NULL;
}

static void began(void *ctx, const struct k8s_http_head *head);
static void data(void *ctx, const char *bytes, size_t size);
static void ended(void *ctx, const struct k8s_http_result *result);

static void ask(struct k8s_reflector *reflector, const struct k8s_watch_effect *effect)
{
	drop_call(reflector);
	k8s_stream_clear(&reflector->lines);
	k8s_page_clear(&reflector->page);
	text_clear(&reflector->refusal);
	reflector->head = (struct k8s_http_head){0, -1};
	reflector->is_list = effect->kind == K8S_WATCH_LIST;
	reflector->call = k8s_http_start(reflector->http, &(struct k8s_http_request){
								  .method = K8S_HTTP_GET,
								  .path = effect->path,
								  .compressed = reflector->is_list,
								  .began = began,
								  .data = data,
								  .ended = ended,
								  .ctx = reflector,
							  });
}

static void carry_out_one(struct k8s_reflector *reflector, const struct k8s_watch_effect *effect)
{
	const struct k8s_reflector_handler *handler = &reflector->handler;

	switch (effect->kind) {
	case K8S_WATCH_LIST:
	case K8S_WATCH_WATCH:
		ask(reflector, effect);
		break;
	case K8S_WATCH_CLOSE:
		drop_call(reflector);
		break;
	case K8S_WATCH_REPLACE_BEGIN:
		handler->replacing(handler->ctx);
		break;
	case K8S_WATCH_REPLACE_END:
		handler->replaced(handler->ctx);
		break;
	case K8S_WATCH_UPSERT:
		handler->upserted(handler->ctx, effect->object);
		break;
	case K8S_WATCH_DELETE:
		handler->deleted(handler->ctx, effect->object);
		break;
	case K8S_WATCH_BOOKMARK:
		break;
	case K8S_WATCH_STATE:
		log_state(reflector);
		if (handler->changed)
			handler->changed(handler->ctx);
		break;
	case K8S_WATCH_EFFECT_KIND_COUNT:
		break;
	}
}

/* While things come in the deadline only moves away: it is looked at again when it has come. */
static void arm(struct k8s_reflector *reflector)
{
	int64_t at_us = k8s_watch_deadline(&reflector->watch);

	if (at_us < reflector->deadline.at_us || at_us == TIME_NEVER)
		loop_deadline_arm(&reflector->deadline, at_us);
}

static void carry_out(struct k8s_reflector *reflector, struct k8s_watch_effects *effects)
{
	for (size_t i = 0; i < effects->count; i++)
		carry_out_one(reflector, &effects->items[i]);
	k8s_watch_effects_clear(effects);
	arm(reflector);
}

/* --- answers --- */

static void began(void *ctx, const struct k8s_http_head *head)
{
	struct k8s_reflector *reflector = ctx;
	struct k8s_watch_effects effects = {.count = 0};

	reflector->head = *head;
	k8s_watch_began(&reflector->watch, loop_now_us(reflector->loop), head->status, &effects);
	carry_out(reflector, &effects);
}

static void broken(struct k8s_reflector *reflector, int64_t now_us, const char *message)
{
	struct k8s_watch_effects effects = {.count = 0};

	drop_call(reflector);
	k8s_watch_failed(&reflector->watch, now_us, K8S_WATCH_REASON_MALFORMED, message, &effects);
	carry_out(reflector, &effects);
}

/* Each step may end the call: then what is left of its answer is nobody's. */
static void take_lines(struct k8s_reflector *reflector, int64_t now_us)
{
	const struct k8s_http_call *call = reflector->call;
	struct k8s_watch_effects effects = {.count = 0};

	while (reflector->call == call) {
		const char *line;
		size_t size;

		switch (k8s_stream_next(&reflector->lines, &line, &size)) {
		case K8S_STREAM_LINE:
			k8s_watch_line(&reflector->watch, now_us, line, size, &effects);
			carry_out(reflector, &effects);
			break;
		case K8S_STREAM_MORE:
			return;
		case K8S_STREAM_TOO_LARGE:
			broken(reflector, now_us, "an event is too large");
			return;
		}
	}
}

static void take_page(struct k8s_reflector *reflector, int64_t now_us)
{
	const struct k8s_http_call *call = reflector->call;
	struct k8s_watch_effects effects = {.count = 0};

	while (reflector->call == call) {
		const char *text;
		size_t size;

		switch (k8s_page_next(&reflector->page, &text, &size)) {
		case K8S_PAGE_ITEM:
			k8s_watch_item(&reflector->watch, now_us, text, size, &effects);
			carry_out(reflector, &effects);
			break;
		case K8S_PAGE_METADATA:
			k8s_watch_metadata(&reflector->watch, now_us, text, size, &effects);
			carry_out(reflector, &effects);
			break;
		case K8S_PAGE_MORE:
			return;
		case K8S_PAGE_TOO_LARGE:
			broken(reflector, now_us, "an item of the list is too large");
			return;
		case K8S_PAGE_MALFORMED:
			broken(reflector, now_us, "the answer is no list");
			return;
		}
	}
}

static void data(void *ctx, const char *bytes, size_t size)
{
	struct k8s_reflector *reflector = ctx;
	int64_t now_us = loop_now_us(reflector->loop);

	if (reflector->head.status != 200) {
		size_t room = REFUSAL_MAX - reflector->refusal.len;

		text_add_len(&reflector->refusal, bytes, size < room ? size : room);
		return;
	}
	k8s_watch_heard(&reflector->watch, now_us);
	if (reflector->is_list) {
		k8s_page_add(&reflector->page, bytes, size);
		take_page(reflector, now_us);
	} else {
		k8s_stream_add(&reflector->lines, bytes, size);
		take_lines(reflector, now_us);
	}
	arm(reflector);
	if (reflector->handler.told)
		reflector->handler.told(reflector->handler.ctx);
}

/* HTTP says that the answer is whole: so must be what is in it. */
static bool is_whole(const struct k8s_reflector *reflector)
{
	return reflector->is_list ? reflector->page.over : k8s_stream_rest(&reflector->lines) == 0;
}

static void refused(struct k8s_reflector *reflector, int64_t now_us,
                    struct k8s_watch_effects *effects)
{
	struct arena arena;
	const char *message;

	arena_init(&arena);
	message = tree_get_text(
		k8s_json_read(text_str(&reflector->refusal), reflector->refusal.len, &arena),
		"message");
	k8s_watch_refused(&reflector->watch, now_us, reflector->head.status,
	                  reflector->head.retry_after_s, message ? message : "", effects);
	arena_done(&arena);
}

static void ended(void *ctx, const struct k8s_http_result *result)
{
	struct k8s_reflector *reflector = ctx;
	struct k8s_watch_effects effects = {.count = 0};
	int64_t now_us = mono_now_us();

	reflector->call = NULL;
	reflector->head = result->head;
	/* A refusal whose body was cut is one all the same. */
	if (result->head.status != 0 && result->head.status != 200)
		refused(reflector, now_us, &effects);
	else if (result->failure != K8S_HTTP_OK)
		k8s_watch_failed(&reflector->watch, now_us,
		                 result->failure == K8S_HTTP_TIMEOUT ? K8S_WATCH_REASON_SILENT
		                                                     : K8S_WATCH_REASON_CUT,
		                 result->why, &effects);
	else if (!is_whole(reflector))
		k8s_watch_failed(&reflector->watch, now_us, K8S_WATCH_REASON_CUT,
		                 "the answer ended in the middle", &effects);
	else
		k8s_watch_ended(&reflector->watch, now_us, &effects);
	carry_out(reflector, &effects);
}

static void expired(struct loop_deadline *deadline)
{
	struct k8s_reflector *reflector = lt_container_of(deadline, struct k8s_reflector, deadline);
	struct k8s_watch_effects effects = {.count = 0};

	k8s_watch_expired(&reflector->watch, mono_now_us(), &effects);
	carry_out(reflector, &effects);
}

/* --- life --- */

int k8s_reflector_new(struct loop *loop, struct k8s_http *http,
                      const struct k8s_reflector_params *params,
                      const struct k8s_reflector_handler *handler,
                      struct k8s_reflector **ret_reflector)
{
	struct k8s_reflector *reflector = xcalloc(1, sizeof(*reflector));
	struct k8s_watch_effects effects = {.count = 0};
	int r;

	reflector->deadline.expired = expired;
	r = loop_deadline_init(loop, &reflector->deadline);
	if (r < 0) {
		free(reflector);
		return r;
	}
	reflector->loop = loop;
	reflector->http = http;
	reflector->name = xstrdup(params->name);
	reflector->handler = *handler;
	k8s_watch_init(&reflector->watch, &(struct k8s_watch_params){
						  .path = params->path,
						  .seed = params->seed,
						  .page_limit = params->page_limit,
						  .streaming_lists = params->streaming_lists,
						  .second = params->second,
					  });
	k8s_watch_start(&reflector->watch, mono_now_us(), &effects);
	carry_out(reflector, &effects);
	*ret_reflector = reflector;
	return 0;
}

void k8s_reflector_free(struct k8s_reflector *reflector)
{
	if (!reflector)
		return;
	drop_call(reflector);
	loop_deadline_done(&reflector->deadline);
	k8s_watch_done(&reflector->watch);
	k8s_stream_done(&reflector->lines);
	k8s_page_done(&reflector->page);
	text_done(&reflector->refusal);
	free(reflector->name);
	free(reflector);
}

void k8s_reflector_server_answers(struct k8s_reflector *reflector,
                                  const struct k8s_reflector *other)
{
	k8s_watch_server_answers(&reflector->watch, mono_now_us(), &other->watch);
	loop_deadline_arm(&reflector->deadline, k8s_watch_deadline(&reflector->watch));
}

const struct k8s_watch *k8s_reflector_status(const struct k8s_reflector *reflector)
{
	return &reflector->watch;
}
