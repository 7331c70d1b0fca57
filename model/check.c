/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the checks share: check_router.c has routers and pools, check_server.c the parts of virtual
 * servers, check_virtual_server.c these as a whole. */
#include "model/check.h"

#include "lib/mem.h"
#include "model/decode_context.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *model_check_unusable(const struct addr *address)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (address->family == ADDR_NONE)
		return NULL;
	if (addr_is_unspecified(address))
		return "the unspecified address";
	if (addr_is_multicast(address))
		return "a multicast address";
	if (addr_is_broadcast(address))
		return "the broadcast address";
	if (address->family == ADDR_IPV6 && memcmp(address->bytes, mapped, sizeof(mapped)) == 0)
		return "an IPv4 address in IPv6 form";
	return NULL;
}

struct candidate {
	const void *item;
	int (*compare)(const void *, const void *);
};

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order = a->compare(a->item, b->item);

	/* Equal ones in the order in which they stand. */
	if (order == 0 && a->item != b->item)
		order = (const char *)a->item < (const char *)b->item ? -1 : 1;
	return order;
}

void model_check_duplicates(const void *items, size_t count, size_t size,
                            int (*compare)(const void *left, const void *right),
                            void (*found)(void *arg, size_t first, size_t later), void *arg)
{
	struct candidate *sorted;
	size_t first = 0;

	if (count < 2)
		return;
	sorted = xcalloc(count, sizeof(*sorted));
	for (size_t i = 0; i < count; i++)
		sorted[i] = (struct candidate){(const char *)items + i * size, compare};
	qsort(sorted, count, sizeof(*sorted), compare_candidates);
	for (size_t i = 1; i < count; i++) {
		if (compare(sorted[first].item, sorted[i].item) != 0) {
			first = i;
			continue;
		}
		found(arg, (size_t)((const char *)sorted[first].item - (const char *)items) / size,
		      (size_t)((const char *)sorted[i].item - (const char *)items) / size);
	}
	free(sorted);
}

void model_check_report_entry(struct model_decode_context *ctx, enum model_severity severity,
                              const struct tree *map, const char *name, size_t index,
                              const char *fmt, ...)
{
	const struct tree *list = tree_get(map, name);
	const struct tree *entry = list && list->kind == TREE_LIST ? list->child : NULL;
	size_t path_len = model_decode_enter(ctx, name);
	struct model_origin origin = {.source = ctx->source, .line = list ? list->line : 0};
	char message[500];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	for (size_t i = 0; entry && i < index; i++)
		entry = entry->sibling;
	if (entry) {
		origin.line = entry->line;
		model_decode_enter_entry(ctx, index);
	}
	model_problem_add(ctx->problems, severity, origin, ctx->object, ctx->path, "%s", message);
	model_decode_leave(ctx, path_len);
}

static int compare_addresses(const void *left, const void *right)
{
	return addr_compare(left, right);
}

static void report_entry_twice(void *arg, size_t first, size_t later)
{
	struct model_check_list *list = arg;

	model_check_report_entry(list->ctx, MODEL_ERROR, list->map, list->name, later,
	                         "is in the list already, as %s[%zu]", list->name, first);
}

bool model_check_addresses_known(const struct addr *addresses, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (addresses[i].family == ADDR_NONE)
			return false;
	}
	return true;
}

void model_check_address_twice(struct model_check_list *list, const struct addr *addresses,
                               size_t count)
{
	if (model_check_addresses_known(addresses, count))
		model_check_duplicates(addresses, count, sizeof(*addresses), compare_addresses,
		                       report_entry_twice, list);
}

static int compare_texts(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

void model_check_text_twice(struct model_check_list *list, const char *const *texts, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!texts[i])
			return;
	}
	model_check_duplicates(texts, count, sizeof(*texts), compare_texts, report_entry_twice,
	                       list);
}

bool model_check_says_right(const struct tree *map, const char *name,
                            const struct model_schema_name *names)
{
	const char *text = tree_get_text(map, name);

	if (!model_decode_entry(map, name))
		return true;
	for (; text && names->name; names++) {
		if (strcmp(names->name, text) == 0)
			return true;
	}
	return false;
}

unsigned model_check_port_span(const struct model_port *port)
{
	return port->last > port->first ? (unsigned)(port->last - port->first) : 0;
}
