/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/parts.h"

#include "files/yaml.h"
#include "lib/mem.h"
#include "model/decode.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define UNREAD UINT_MAX /* as a reading */

void files_parts_done(struct files_parts *parts)
{
	for (size_t i = 0; i < parts->reading_count; i++)
		model_objects_done(&parts->readings[i]);
	free(parts->readings);
	free(parts->items);
	*parts = (struct files_parts){0};
}

/* --- which parts there are --- */

static unsigned count_lines(const char *text, size_t size)
{
	const char *end = text + size;
	unsigned count = 0;

	while ((text = memchr(text, '\n', (size_t)(end - text)))) {
		count++;
		text++;
	}
	return count;
}

static struct files_part *append(struct files_parts *parts)
{
	size_t count = parts->count;

	if ((count & (count - 1)) == 0)
		parts->items =
			xreallocarray(parts->items, count ? count * 2 : 1, sizeof(*parts->items));
	parts->items[count] = (struct files_part){.reading = UNREAD};
	return &parts->items[parts->count++];
}

static void split(struct files_parts *parts, const char *text, size_t size)
{
	static const char key[] = "a document of a file"; /* no secret: it is about equality */
	struct hmac *hmac = hmac_new(key, sizeof(key));
	unsigned line = 1;

	while (size > 0) {
		struct files_part *part = append(parts);
		struct hmac_part bytes = {text, files_yaml_part_size(text, size)};

		part->size = bytes.size;
		part->line = line;
		if (hmac_sum(hmac, &bytes, 1, part->digest))
			abort(); /* libcrypto has no SHA-256 */
		line += count_lines(text, bytes.size);
		text += bytes.size;
		size -= bytes.size;
	}
	hmac_free(hmac);
	parts->items = xreallocarray(parts->items, parts->count, sizeof(*parts->items));
}

static bool same(const struct files_part *a, const struct files_part *b)
{
	return a->line == b->line && a->size == b->size &&
	       memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

/* What is the same as before is that: with the readings of then. Returns how many. Both are in
 * order of their lines. */
static size_t find_same(struct files_parts *parts, const struct files_parts *before)
{
	size_t at = 0, count = 0;

	for (size_t i = 0; i < parts->count; i++) {
		while (at < before->count && before->items[at].line < parts->items[i].line)
			at++;
		if (at < before->count && same(&parts->items[i], &before->items[at])) {
			parts->items[i] = before->items[at];
			count++;
		}
	}
	return count;
}

/* --- reading --- */

static void begin(struct files_part *part, const struct model_objects *objects)
{
	part->router = (unsigned)objects->router_count;
	part->virtual_server = (unsigned)objects->virtual_server_count;
	part->pool = (unsigned)objects->pool_count;
}

static void end(struct files_part *part, const struct model_objects *objects)
{
	part->router_count = (unsigned)objects->router_count - part->router;
	part->virtual_server_count = (unsigned)objects->virtual_server_count - part->virtual_server;
	part->pool_count = (unsigned)objects->pool_count - part->pool;
}

/* 'text' is of these parts, one after the other, and is read at once; none: it is all there is. */
static void read_run(struct files_part *parts, size_t count, const char *text, size_t size,
                     const char *path, struct model_objects *objects,
                     struct model_problems *problems)
{
	const char *source = arena_strdup(&objects->arena, path); /* origins lead there */
	size_t at = 0;
	struct arena trees;
	struct tree *documents;

	arena_init(&trees);
	documents = tree_new(&trees, TREE_LIST, 0);
	files_yaml_read_from(text, size, source, count ? parts[0].line : 1, &trees, documents,
	                     problems);
	for (size_t i = 0; i < count; i++)
		begin(&parts[i], objects);
	for (const struct tree *document = documents->child; document;
	     document = document->sibling) {
		while (at + 1 < count && parts[at + 1].line <= document->line) {
			end(&parts[at], objects);
			begin(&parts[++at], objects);
		}
		model_decode(document, source, objects, problems);
	}
	for (; at < count; at++) {
		end(&parts[at], objects);
		if (at + 1 < count)
			begin(&parts[at + 1], objects);
	}
	arena_done(&trees);
}

static void read_all(struct files_parts *parts, const char *text, size_t size, const char *path,
                     struct model_objects *objects, struct model_problems *problems)
{
	read_run(parts->items, parts->count, text, size, path, objects, problems);
	if (problems->count > 0 || parts->count == 0) {
		files_parts_done(parts);
		return;
	}
	parts->readings = xmalloc(sizeof(*parts->readings));
	parts->readings[0] = model_objects_share(objects);
	parts->reading_count = 1;
	for (size_t i = 0; i < parts->count; i++)
		parts->items[i].reading = 0;
}

/* What is new, into 'fresh'. False: something is wrong with it. */
static bool read_fresh(struct files_parts *parts, const char *text, const char *path,
                       struct model_objects *fresh)
{
	struct model_problems problems;
	bool fine;

	model_problems_init(&problems);
	for (size_t i = 0, next; i < parts->count; i = next) {
		size_t size = parts->items[i].size;

		for (next = i + 1; parts->items[i].reading == UNREAD && next < parts->count &&
		                   parts->items[next].reading == UNREAD;
		     next++)
			size += parts->items[next].size;
		if (parts->items[i].reading == UNREAD)
			read_run(&parts->items[i], next - i, text, size, path, fresh, &problems);
		text += size;
	}
	fine = problems.count == 0;
	model_problems_done(&problems);
	return fine;
}

/* The readings of before that are needed still, and that of what is new. */
static void gather_readings(struct files_parts *parts, const struct files_parts *before,
                            const struct model_objects *fresh)
{
	unsigned *places = xmalloc((before->reading_count + 1) * sizeof(*places));
	unsigned count = 0;

	for (size_t i = 0; i <= before->reading_count; i++)
		places[i] = UNREAD;
	parts->readings = xcalloc(before->reading_count + 1, sizeof(*parts->readings));
	for (size_t i = 0; i < parts->count; i++) {
		unsigned *reading = &parts->items[i].reading;
		unsigned old = *reading == UNREAD ? (unsigned)before->reading_count : *reading;

		if (places[old] == UNREAD) {
			parts->readings[count] = model_objects_share(
				*reading == UNREAD ? fresh : &before->readings[old]);
			places[old] = count++;
		}
		*reading = places[old];
	}
	parts->reading_count = count;
	free(places);
}

static void compose(const struct files_parts *parts, struct model_objects *objects)
{
	struct model_objects_run *runs = xcalloc(parts->count, sizeof(*runs));

	for (size_t i = 0; i < parts->count; i++) {
		const struct files_part *part = &parts->items[i];

		runs[i] = (struct model_objects_run){
			.of = &parts->readings[part->reading],
			.router = part->router,
			.virtual_server = part->virtual_server,
			.pool = part->pool,
			.router_count = part->router_count,
			.virtual_server_count = part->virtual_server_count,
			.pool_count = part->pool_count,
		};
	}
	model_objects_compose(objects, runs, parts->count);
	free(runs);
}

/* False: nothing can be taken over, or something is wrong with what is new. */
static bool take_over(struct files_parts *parts, const struct files_parts *before, const char *text,
                      const char *path, struct model_objects *objects)
{
	struct model_objects fresh;
	bool fine;

	if (before->reading_count == FILES_PARTS_READINGS_MAX || find_same(parts, before) == 0)
		return false;
	model_objects_init(&fresh);
	fine = read_fresh(parts, text, path, &fresh);
	if (fine) {
		gather_readings(parts, before, &fresh);
		compose(parts, objects);
	}
	model_objects_done(&fresh);
	return fine;
}

void files_parts_read(struct files_parts *parts, const char *text, size_t size, const char *path,
                      struct model_objects *objects, struct model_problems *problems)
{
	struct files_parts before = *parts;

	*parts = (struct files_parts){0};
	if (files_yaml_is_divisible(text, size) && files_yaml_part_size(text, size) < size)
		split(parts, text, size);
	if (!take_over(parts, &before, text, path, objects))
		read_all(parts, text, size, path, objects, problems);
	files_parts_done(&before);
}
