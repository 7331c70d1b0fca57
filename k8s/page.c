/* SPDX-License-Identifier: GPL-2.0-or-later */
/* {"kind": ..., "metadata": {...}, "items": [{...}, {...}]}, in any order. Depth 1 is within the
 * outermost object, 2 within the array of items (or any other value), 3 within an item. */

#include "k8s/page.h"

#include <string.h>

#define DEPTH_MAX 4096 /* the decoder refuses deeper ones before that */

void k8s_page_done(struct k8s_page *page)
{
	k8s_stream_done(&page->bytes);
	*page = (struct k8s_page){0};
}

void k8s_page_clear(struct k8s_page *page)
{
	struct k8s_stream bytes = page->bytes;

	k8s_stream_clear(&bytes);
	*page = (struct k8s_page){.bytes = bytes};
}

void k8s_page_add(struct k8s_page *page, const char *data, size_t size)
{
	k8s_stream_add(&page->bytes, data, size);
}

/* A byte within a string outside the parts, or the quote that ends it. */
static void string_byte(struct k8s_page *page, char c)
{
	if (page->escaped) {
		page->escaped = false;
	} else if (c == '\\') {
		page->escaped = true;
	} else if (c == '"') {
		page->in_string = false;
		if (page->word_len < sizeof(page->word))
			page->word[page->word_len] = '\0';
		return;
	}
	if (page->depth == 1 && page->word_len < sizeof(page->word))
		page->word[page->word_len++] = c;
}

/* The string before a colon of the outermost object. */
static void take_key(struct k8s_page *page)
{
	page->key[0] = '\0';
	if (page->word_len < sizeof(page->word))
		memcpy(page->key, page->word, page->word_len + 1);
}

static bool is_key(const struct k8s_page *page, const char *key)
{
	return strcmp(page->key, key) == 0;
}

/* These are outside the parts, too. False when it can't be part of a list. */
static bool opened(struct k8s_page *page, char c)
{
	if (page->depth == 0 && (c != '{' || page->over))
		return false;
	if (page->depth == 2 && page->in_items) {
		if (c != '{')
			return false;
		page->part = K8S_PAGE_PART_ITEM;
		page->bytes.at = page->bytes.scanned;
	}
	if (page->depth == 1 && is_key(page, "items"))
		page->in_items = c == '[';
	if (page->depth == 1 && is_key(page, "metadata") && c == '{') {
		page->part = K8S_PAGE_PART_METADATA;
		page->bytes.at = page->bytes.scanned;
	}
	return ++page->depth < DEPTH_MAX;
}

static bool closed(struct k8s_page *page)
{
	if (page->depth == 0)
		return false;
	page->depth--;
	if (page->depth == 1)
		page->in_items = false;
	if (page->depth == 0)
		page->over = true;
	return true;
}

/* A byte outside strings. False when it can't be part of a list. */
static bool byte(struct k8s_page *page, char c)
{
	switch (c) {
	case ' ':
	case '\t':
	case '\r':
	case '\n':
		return true;
	case '{':
	case '[':
		return opened(page, c);
	case '}':
	case ']':
		return closed(page);
	case ',':
		if (page->depth == 1)
			page->key[0] = '\0';
		return page->depth > 0;
	case ':':
		if (page->depth == 1)
			take_key(page);
		return page->depth > 0;
	case '"':
		page->in_string = true;
		page->word_len = 0;
		break;
	default:
		break;
	}
	/* A scalar is neither a list nor an item of one. */
	return page->depth > 0 && !(page->depth == 2 && page->in_items);
}

/* The depth at which a part is whole again. */
static unsigned depth_around(enum k8s_page_part part)
{
	return part == K8S_PAGE_PART_ITEM ? 2 : 1;
}

/* Where the string ends that 'at' is in: at its quote, or at 'end' when there is more to come. */
static const char *string_end(struct k8s_page *page, const char *at, const char *end)
{
	for (;;) {
		const char *quote = memchr(at, '"', (size_t)(end - at));
		const char *stop = quote ? quote : end, *slash = stop;

		/* Of backslashes in a row each second one is a character. */
		while (slash > at && slash[-1] == '\\')
			slash--;
		page->escaped = ((stop - slash) & 1) != (slash == at && page->escaped);
		if (!quote || !page->escaped)
			return stop;
		page->escaped = false;
		at = quote + 1;
	}
}

/* Goes on within a part, where only what nests counts, behind its last brace or as far as there is
 * something: almost all of a list is passed here. False when it can't be part of a list. */
static bool pass(struct k8s_page *page, unsigned around)
{
	struct k8s_stream *bytes = &page->bytes;
	const char *at = bytes->data + bytes->scanned, *end = bytes->data + bytes->size;
	unsigned depth = page->depth;

	while (at < end && depth > around) {
		if (page->in_string) {
			at = string_end(page, at, end);
			if (at == end)
				break;
			page->in_string = false;
			at++;
			continue;
		}
		switch (*at++) {
		case '"':
			page->in_string = true;
			break;
		case '{':
		case '[':
			if (++depth >= DEPTH_MAX)
				return false;
			break;
		case '}':
		case ']':
			depth--;
			break;
		default:
			break;
		}
	}
	page->depth = depth;
	bytes->scanned = (size_t)(at - bytes->data);
	return true;
}

/* A byte outside the parts. False when it can't be part of a list. */
static bool step(struct k8s_page *page, char c)
{
	if (!page->in_string)
		return byte(page, c);
	string_byte(page, c);
	return true;
}

enum k8s_page_next k8s_page_next(struct k8s_page *page, const char **ret_text, size_t *ret_size)
{
	struct k8s_stream *bytes = &page->bytes;

	while (bytes->scanned < bytes->size) {
		enum k8s_page_part part = page->part;
		unsigned around = depth_around(part);

		if (part == K8S_PAGE_PART_NONE) {
			if (!step(page, bytes->data[bytes->scanned]))
				return K8S_PAGE_MALFORMED;
			bytes->scanned++;
			continue;
		}
		if (!pass(page, around))
			return K8S_PAGE_MALFORMED;
		if (page->depth > around)
			break;
		page->part = K8S_PAGE_PART_NONE;
		page->word_len = 0;
		page->word[0] = '\0'; /* what stood before it is no key of what follows */
		*ret_text = bytes->data + bytes->at;
		*ret_size = bytes->scanned - bytes->at;
		bytes->at = bytes->scanned;
		return part == K8S_PAGE_PART_ITEM ? K8S_PAGE_ITEM : K8S_PAGE_METADATA;
	}
	if (page->part == K8S_PAGE_PART_NONE)
		bytes->at = bytes->size;
	return k8s_stream_rest(bytes) > K8S_STREAM_PART_MAX ? K8S_PAGE_TOO_LARGE : K8S_PAGE_MORE;
}
