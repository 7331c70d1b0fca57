/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file:
 *
 *   lintel kubernetes state 1 CLUSTER CLASS
 *   {"apiVersion":"v1","kind":"Service",...}
 *   end 1 crc32 1c291ca3
 *
 * The checksum is of everything before the last line. */
#include "k8s/cache.h"

#include "k8s/decode.h"
#include "k8s/encode.h"
#include "k8s/json_read.h"
#include "k8s/json_tree.h"
#include "lib/crc32.h"
#include "lib/mem.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD    "lintel kubernetes state "
#define VERSION "1"

const char *k8s_cache_verdict_text(enum k8s_cache_verdict verdict)
{
	static const char *const texts[K8S_CACHE_VERDICT_COUNT] = {
		[K8S_CACHE_OK] = "fine",
		[K8S_CACHE_FOREIGN] = "is no state of Kubernetes as Lintel keeps it",
		[K8S_CACHE_VERSION] = "was written by another version of Lintel",
		[K8S_CACHE_CLUSTER] = "is of another cluster or of another class",
		[K8S_CACHE_DAMAGED] = "is damaged (its checksum or its end is wrong)",
		[K8S_CACHE_MALFORMED] = "has a line that is not understood",
	};

	return texts[verdict];
}

/* --- writing --- */

struct k8s_cache_writer {
	const struct k8s_store *store;
	const struct k8s_translator *translator;
	int kind;                      /* that it is at */
	const struct k8s_object *last; /* of that kind, a handle; NULL: it begins */
	size_t count;                  /* of lines */
	struct text text;
	uint32_t crc;
	bool whole;
};

static void sum_from(struct k8s_cache_writer *writer, size_t from)
{
	writer->crc = crc32_add(writer->crc, writer->text.data + from, writer->text.len - from);
}

struct k8s_cache_writer *k8s_cache_writer_new(const struct k8s_store *store,
                                              const struct k8s_translator *translator,
                                              const char *cluster, const char *class)
{
	struct k8s_cache_writer *writer = xcalloc(1, sizeof(*writer));

	writer->store = store;
	writer->translator = translator;
	text_printf(&writer->text, HEAD VERSION " %s %s\n", cluster, class);
	sum_from(writer, 0);
	return writer;
}

void k8s_cache_writer_free(struct k8s_cache_writer *writer)
{
	if (!writer)
		return;
	k8s_object_release(writer->last);
	text_done(&writer->text);
	free(writer);
}

/* The place in its kind that is to be gone on from. */
static void rest_at(struct k8s_cache_writer *writer, const struct k8s_object *last)
{
	const struct k8s_object *before = writer->last;

	writer->last = last ? k8s_object_hold(last) : NULL;
	k8s_object_release(before);
}

static void add_line(struct k8s_cache_writer *writer, const struct k8s_object *object)
{
	k8s_encode(object, true, &writer->text);
	text_add(&writer->text, "\n");
	writer->count++;
}

/* Up to 'limit' objects of the kind that it is at; returns the last, and how many there were. */
static const struct k8s_object *add_objects(struct k8s_cache_writer *writer, size_t limit,
                                            size_t *ret_added)
{
	size_t at = writer->last ? k8s_store_after(writer->store, writer->last) : 0;
	const struct k8s_object *object, *last = NULL, *former;

	*ret_added = 0;
	while (*ret_added < limit &&
	       (object = k8s_store_at(writer->store, (enum k8s_kind)writer->kind, at++))) {
		former = writer->translator ? k8s_translator_former(writer->translator, object)
		                            : NULL;
		if (former)
			add_line(writer, former);
		add_line(writer, object);
		last = object;
		++*ret_added;
	}
	return last;
}

/* The same of slices, but all of a Service at once: an endpoint may go from one to another, and is
 * to be in one of them. So there may be more. */
static const struct k8s_object *add_slices(struct k8s_cache_writer *writer, size_t limit,
                                           size_t *ret_added)
{
	const struct k8s_object *const *slices, *last = writer->last;
	size_t count;

	*ret_added = 0;
	while (*ret_added < limit &&
	       (slices = k8s_store_next_slices(writer->store, last, &count))) {
		for (size_t i = 0; i < count; i++)
			add_line(writer, slices[i]);
		last = slices[0];
		*ret_added += count;
	}
	return last;
}

/* How many there were, at most 'limit'; fewer: it is at the next kind. */
static size_t add_some(struct k8s_cache_writer *writer, size_t limit)
{
	const struct k8s_object *last;
	size_t added;

	if (writer->kind == K8S_SLICE)
		last = add_slices(writer, limit, &added);
	else
		last = add_objects(writer, limit, &added);
	if (added < limit) {
		writer->kind++;
		last = NULL;
	}
	rest_at(writer, last);
	return added < limit ? added : limit;
}

bool k8s_cache_writer_step(struct k8s_cache_writer *writer, size_t limit)
{
	size_t from = writer->text.len;

	if (writer->whole)
		return true;
	while (limit > 0 && writer->kind < K8S_KIND_COUNT)
		limit -= add_some(writer, limit);
	sum_from(writer, from);
	if (writer->kind < K8S_KIND_COUNT)
		return false;
	text_printf(&writer->text, "end %zu crc32 %08" PRIx32 "\n", writer->count, writer->crc);
	writer->whole = true;
	return true;
}

const struct text *k8s_cache_writer_text(const struct k8s_cache_writer *writer)
{
	return &writer->text;
}

void k8s_cache_writer_forget(struct k8s_cache_writer *writer)
{
	text_clear(&writer->text);
}

/* --- reading --- */

/* The first line says "HEAD VERSION CLUSTER CLASS". */
static enum k8s_cache_verdict check_head(const char *line, size_t len, const char *cluster,
                                         const char *class, char **ret_cluster)
{
	const char *end = line + len, *from = line + strlen(HEAD), *blank, *last;
	size_t cluster_len;

	if (len < strlen(HEAD) || memcmp(line, HEAD, strlen(HEAD)) != 0)
		return K8S_CACHE_FOREIGN;
	blank = memchr(from, ' ', (size_t)(end - from));
	if (!blank || blank - from != (ptrdiff_t)strlen(VERSION) ||
	    memcmp(from, VERSION, strlen(VERSION)) != 0)
		return K8S_CACHE_VERSION;
	from = blank + 1;
	last = memchr(from, ' ', (size_t)(end - from));
	if (!last)
		return K8S_CACHE_DAMAGED;
	cluster_len = (size_t)(last - from);
	if ((size_t)(end - last - 1) != strlen(class) ||
	    memcmp(last + 1, class, strlen(class)) != 0)
		return K8S_CACHE_CLUSTER;
	if (cluster && (cluster_len != strlen(cluster) || memcmp(from, cluster, cluster_len) != 0))
		return K8S_CACHE_CLUSTER;
	*ret_cluster = xmalloc(cluster_len + 1);
	memcpy(*ret_cluster, from, cluster_len);
	(*ret_cluster)[cluster_len] = '\0';
	return K8S_CACHE_OK;
}

/* Where the last line begins; NULL when it is not as it has to be. */
static const char *check_end(const char *data, size_t size)
{
	const char *last;
	char expected[64];
	size_t lines = 0;

	if (size == 0 || data[size - 1] != '\n')
		return NULL;
	last = memrchr(data, '\n', size - 1);
	if (!last)
		return NULL;
	last++;
	for (const char *s = data; s < last; s++)
		lines += *s == '\n';
	snprintf(expected, sizeof(expected), "end %zu crc32 %08" PRIx32 "\n", lines - 1,
	         crc32_add(0, data, (size_t)(last - data)));
	if ((size_t)(data + size - last) != strlen(expected) ||
	    memcmp(last, expected, strlen(expected)) != 0)
		return NULL;
	return last;
}

/* 'sizes': of k8s_decode_to_fit(), by kind. */
static struct k8s_object *decode_line(const char *line, size_t len,
                                      size_t sizes[static K8S_KIND_COUNT])
{
	const struct tree *json;
	struct k8s_object *object = NULL;
	enum k8s_decode_fault fault;
	struct arena arena;
	const char *name;

	arena_init(&arena);
	json = k8s_json_read(line, len, &arena);
	name = k8s_json_tree_text(json, "kind");
	for (int kind = 0; kind < K8S_KIND_COUNT && !object; kind++) {
		if (strcmp(k8s_kind_name(kind), name) == 0)
			object = k8s_decode_to_fit(kind, json, &sizes[kind], &fault);
	}
	arena_done(&arena);
	return object;
}

enum k8s_cache_verdict k8s_cache_read(const char *data, size_t size, const char *cluster,
                                      const char *class, struct k8s_store *store,
                                      char **ret_cluster)
{
	const char *line_end = size > 0 ? memchr(data, '\n', size) : NULL;
	size_t head_len = line_end ? (size_t)(line_end - data) : size;
	enum k8s_cache_verdict verdict;
	struct k8s_object **objects;
	const char *end, *at;
	char *found = NULL;
	size_t count = 0, lines = 0, sizes[K8S_KIND_COUNT] = {0};

	verdict = check_head(data, head_len, cluster, class, &found);
	if (verdict != K8S_CACHE_OK)
		return verdict;
	end = check_end(data, size);
	if (!end || end == data) {
		free(found);
		return K8S_CACHE_DAMAGED;
	}
	at = line_end + 1;
	for (const char *s = at; s < end; s++)
		lines += *s == '\n';
	objects = xcalloc(lines + 1, sizeof(*objects));
	while (at < end) {
		const char *next = memchr(at, '\n', (size_t)(end - at));

		objects[count] = decode_line(at, (size_t)(next - at), sizes);
		if (!objects[count]) {
			verdict = K8S_CACHE_MALFORMED;
			break;
		}
		count++;
		at = next + 1;
	}
	for (size_t i = 0; i < count; i++) {
		if (verdict == K8S_CACHE_OK)
			k8s_store_put(store, objects[i]);
		else
			k8s_object_release(objects[i]);
	}
	free(objects);
	if (ret_cluster && verdict == K8S_CACHE_OK)
		*ret_cluster = found;
	else
		free(found);
	return verdict;
}
