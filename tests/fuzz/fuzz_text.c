/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What people write: addresses, endpoints, durations, YAML scalars, names, log messages.
 * Laws: what is read, written and read again is the same; nothing that was logged is more than a
 * line. */

#include "lib/addr.h"
#include "lib/endpoint.h"
#include "lib/log_line.h"
#include "lib/mem.h"
#include "lib/text.h"
#include "lib/tree.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static void try_addresses(const char *text)
{
	char buf[ADDR_PREFIX_TEXT_SIZE];
	struct addr a, a_again;
	struct addr_prefix p, p_again;
	struct addr_range r;

	if (addr_parse(text, &a) == 0) {
		must(addr_parse(addr_format(&a, buf), &a_again) == 0);
		must(addr_equal(&a, &a_again));
		must(strlen(buf) < ADDR_TEXT_SIZE);
	}
	if (addr_prefix_parse(text, &p) == 0) {
		must(p.length <= addr_bits(&p.addr));
		must(addr_prefix_parse(addr_prefix_format(&p, buf), &p_again) == 0);
		must(addr_prefix_compare(&p, &p_again) == 0);
		must(addr_prefix_holds(&p, &p.addr));
	}
	if (addr_range_parse(text, &r) == 0) {
		must(addr_compare(&r.first, &r.last) <= 0);
		must(addr_range_holds(&r, &r.first) && addr_range_holds(&r, &r.last));
		must(addr_range_overlaps(&r, &r));
	}
}

static void try_endpoint(const char *text)
{
	char buf[ENDPOINT_TEXT_SIZE];
	struct endpoint e, again;

	if (endpoint_parse(text, &e) == 0) {
		must(endpoint_parse(endpoint_format(&e.address, e.port, buf), &again) == 0);
		must(addr_equal(&e.address, &again.address) && e.port == again.port);
	}
}

static void try_duration(const char *text, const uint8_t *data, size_t size)
{
	char buf[TEXT_DURATION_SIZE];
	int64_t us, again;

	if (text_parse_duration(text, &us) == 0) {
		must(us >= 0);
		must(text_parse_duration(text_format_duration(us, buf), &again) == 0);
		must(again == us);
	}
	if (size >= sizeof(us)) {
		memcpy(&us, data, sizeof(us));
		text_format_duration(us, buf);
		if (us >= 0)
			must(text_parse_duration(buf, &again) == 0 && again == us);
	}
}

static void try_scalar(const char *text)
{
	struct arena arena;
	struct tree *node;

	arena_init(&arena);
	node = tree_scalar(&arena, text, 1);
	must(strcmp(node->text, text) == 0);
	must(node->kind != TREE_LIST && node->kind != TREE_MAP);
	if (node->kind == TREE_NULL)
		must(strlen(text) <= 4);
	arena_done(&arena);
}

static void try_nearest(const char *text)
{
	static const char *const names[] = {"priority", "preempt", "interface", "addresses"};
	const char *nearest = text_nearest(text, names, LT_ARRAY_SIZE(names));

	if (nearest)
		must(text_nearest(nearest, names, LT_ARRAY_SIZE(names)) == nearest);
}

static void try_log(const char *text)
{
	struct text line = {0};

	log_line_text(&line, 0, LOG_LEVEL_INFO, "fuzz", text);
	for (size_t i = 0; i < line.len; i++)
		must((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f);
	text_clear(&line);
	log_line_json(&line, 0, LOG_LEVEL_INFO, "fuzz", text);
	must(line.data[line.len - 1] == '}');
	for (size_t i = 0; i < line.len; i++)
		must((unsigned char)line.data[i] >= 0x20 && line.data[i] != 0x7f);
	text_done(&line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	try_addresses(text);
	try_endpoint(text);
	try_duration(text, data, size);
	try_scalar(text);
	try_nearest(text);
	try_log(text);
	free(text);
	return 0;
}
