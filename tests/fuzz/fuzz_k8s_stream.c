/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/stream, page, watch_event, watch: what an API server, or somebody who says so, sends. Parts
 * must be the same wherever the text was cut; the machine must get over whatever it is told, and
 * never wait in vain. */

#include "k8s/page.h"
#include "k8s/stream.h"
#include "k8s/watch.h"
#include "lib/mono.h"
#include "lib/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

/* --- cutting --- */

static void take_lines(struct k8s_stream *stream, struct text *out)
{
	const char *line;
	size_t size;

	while (k8s_stream_next(stream, &line, &size) == K8S_STREAM_LINE) {
		must(size > 0);
		text_add_len(out, line, size);
		text_add(out, "\n");
	}
}

/* False when it can't go on. */
static bool take_parts(struct k8s_page *page, struct text *out)
{
	const char *part;
	size_t size;

	for (;;) {
		switch (k8s_page_next(page, &part, &size)) {
		case K8S_PAGE_ITEM:
		case K8S_PAGE_METADATA:
			must(size >= 2 && part[0] == '{');
			text_add_len(out, part, size);
			text_add(out, "\n");
			break;
		case K8S_PAGE_MORE:
			return true;
		case K8S_PAGE_TOO_LARGE:
		case K8S_PAGE_MALFORMED:
			return false;
		}
	}
}

/* In pieces of 'step' bytes. */
static void read_in_steps(const char *data, size_t size, size_t step, struct text *lines,
                          struct text *parts)
{
	struct k8s_stream stream = {0};
	struct k8s_page page = {0};
	bool good = true;

	for (size_t at = 0; at < size; at += step) {
		size_t piece = size - at < step ? size - at : step;

		k8s_stream_add(&stream, data + at, piece);
		take_lines(&stream, lines);
		if (!good)
			continue;
		k8s_page_add(&page, data + at, piece);
		good = take_parts(&page, parts);
	}
	text_printf(lines, "%zu", k8s_stream_rest(&stream));
	text_printf(parts, "%d%d", good, page.over);
	k8s_stream_done(&stream);
	k8s_page_done(&page);
}

static bool is_same(const struct text *a, const struct text *b)
{
	return a->len == b->len && (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

static void try_cuts(const char *data, size_t size)
{
	static const size_t steps[] = {1, 3, 64};
	struct text lines = {0}, parts = {0};

	read_in_steps(data, size, size + 1, &lines, &parts);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		struct text lines_again = {0}, parts_again = {0};

		read_in_steps(data, size, steps[i], &lines_again, &parts_again);
		must(is_same(&lines, &lines_again) && is_same(&parts, &parts_again));
		text_done(&lines_again);
		text_done(&parts_again);
	}
	text_done(&lines);
	text_done(&parts);
}

/* --- the machine --- */

struct run {
	struct k8s_watch watch;
	struct k8s_watch_effects effects;
	int64_t now_us;
	bool asking; /* a request is under way */
	bool is_list;
	bool replacing;
};

static void carry_out(struct run *run)
{
	for (size_t i = 0; i < run->effects.count; i++) {
		const struct k8s_watch_effect *effect = &run->effects.items[i];

		switch (effect->kind) {
		case K8S_WATCH_LIST:
		case K8S_WATCH_WATCH:
			must(effect->path && effect->path[0] == '/');
			run->asking = true;
			run->is_list = effect->kind == K8S_WATCH_LIST;
			break;
		case K8S_WATCH_CLOSE:
			run->asking = false;
			break;
		case K8S_WATCH_REPLACE_BEGIN:
			run->replacing = true;
			break;
		case K8S_WATCH_REPLACE_END:
			must(run->replacing); /* without it everything would be forgotten */
			run->replacing = false;
			break;
		case K8S_WATCH_UPSERT:
		case K8S_WATCH_DELETE:
			must(effect->object->kind == TREE_MAP);
			break;
		case K8S_WATCH_BOOKMARK:
		case K8S_WATCH_STATE:
		case K8S_WATCH_EFFECT_KIND_COUNT:
			break;
		}
	}
	k8s_watch_effects_clear(&run->effects);
	must(k8s_watch_deadline(&run->watch) != TIME_NEVER);
}

/* The answer to one request: 'data' as a page or as lines. */
static void answer(struct run *run, const char *data, size_t size)
{
	struct k8s_stream stream = {0};
	struct k8s_page page = {0};
	bool is_list = run->is_list;
	uint64_t requests = run->watch.requests;
	const char *part;
	size_t part_size;

	k8s_watch_began(&run->watch, run->now_us, 200, &run->effects);
	carry_out(run);
	k8s_stream_add(&stream, data, size);
	k8s_page_add(&page, data, size);
	while (run->asking && run->watch.requests == requests) {
		enum k8s_page_next next = is_list ? k8s_page_next(&page, &part, &part_size)
		                                  : K8S_PAGE_MORE;

		if (is_list && next == K8S_PAGE_ITEM)
			k8s_watch_item(&run->watch, run->now_us, part, part_size, &run->effects);
		else if (is_list && next == K8S_PAGE_METADATA)
			k8s_watch_metadata(&run->watch, run->now_us, part, part_size,
			                   &run->effects);
		else if (!is_list && k8s_stream_next(&stream, &part, &part_size) == K8S_STREAM_LINE)
			k8s_watch_line(&run->watch, run->now_us, part, part_size, &run->effects);
		else
			break;
		carry_out(run);
	}
	if (run->asking && run->watch.requests == requests) {
		run->asking = false;
		k8s_watch_ended(&run->watch, run->now_us, &run->effects);
		carry_out(run);
	}
	k8s_stream_done(&stream);
	k8s_page_done(&page);
}

static void try_machine(const char *data, size_t size, bool streaming)
{
	struct run run = {.now_us = US_PER_S};

	k8s_watch_init(&run.watch, &(struct k8s_watch_params){
					   .path = "/x", .seed = 7, .streaming_lists = streaming});
	k8s_watch_start(&run.watch, run.now_us, &run.effects);
	carry_out(&run);
	for (int i = 0; i < 6; i++) {
		if (run.asking)
			answer(&run, data, size);
		run.now_us = k8s_watch_deadline(&run.watch);
		k8s_watch_expired(&run.watch, run.now_us, &run.effects);
		carry_out(&run);
	}
	k8s_watch_done(&run.watch);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_cuts((const char *)data, size);
	try_machine((const char *)data, size, false);
	try_machine((const char *)data, size, true);
	return 0;
}
