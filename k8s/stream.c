/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/stream.h"

#include "lib/mem.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* An emptied buffer larger than this is given back: one large object must not cost its memory for
 * as long as the watch goes on. */
#define KEEP_SIZE (256 * 1024)

void k8s_stream_done(struct k8s_stream *stream)
{
	free(stream->data);
	*stream = (struct k8s_stream){0};
}

void k8s_stream_clear(struct k8s_stream *stream)
{
	if (stream->capacity > KEEP_SIZE)
		k8s_stream_done(stream);
	stream->size = 0;
	stream->at = 0;
	stream->scanned = 0;
}

/* Moves what was not taken to the front. */
static void compact(struct k8s_stream *stream)
{
	if (stream->at == stream->size) {
		k8s_stream_clear(stream);
	} else if (stream->at > 0) {
		stream->size -= stream->at;
		stream->scanned -= stream->at;
		memmove(stream->data, stream->data + stream->at, stream->size);
		stream->at = 0;
	}
}

void k8s_stream_add(struct k8s_stream *stream, const char *data, size_t size)
{
	size_t needed;

	if (size == 0)
		return;
	compact(stream);
	needed = stream->size + size;
	if (needed > stream->capacity) {
		size_t capacity = stream->capacity > 0 ? stream->capacity : 16 * 1024;

		while (capacity < needed)
			capacity *= 2;
		stream->data = xrealloc(stream->data, capacity);
		stream->capacity = capacity;
	}
	memcpy(stream->data + stream->size, data, size);
	stream->size = needed;
}

size_t k8s_stream_rest(const struct k8s_stream *stream)
{
	return stream->size - stream->at;
}

enum k8s_stream_next k8s_stream_next(struct k8s_stream *stream, const char **ret_line,
                                     size_t *ret_size)
{
	while (stream->scanned < stream->size) {
		const char *line = stream->data + stream->at;
		const char *end = memchr(stream->data + stream->scanned, '\n',
		                         stream->size - stream->scanned);
		size_t size;

		if (!end) {
			stream->scanned = stream->size;
			break;
		}
		size = (size_t)(end - line);
		if (size > K8S_STREAM_PART_MAX)
			return K8S_STREAM_TOO_LARGE;
		stream->at += size + 1;
		stream->scanned = stream->at;
		if (size > 0 && line[size - 1] == '\r')
			size--;
		if (size == 0)
			continue;
		*ret_line = line;
		*ret_size = size;
		return K8S_STREAM_LINE;
	}
	return k8s_stream_rest(stream) > K8S_STREAM_PART_MAX ? K8S_STREAM_TOO_LARGE
	                                                     : K8S_STREAM_MORE;
}
