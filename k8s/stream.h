/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/stream.h - pieces of an answer to lines, wherever the network cut it.
 *
 * Pure. A watch sends one JSON object a line; strings in JSON hold no raw line ends. */

#ifndef LINTEL_K8S_STREAM_H
#define LINTEL_K8S_STREAM_H

#include <stddef.h>

/* The API server stores objects of up to about 1.5 MB; in JSON they may be larger. */
#define K8S_STREAM_PART_MAX (8 * 1024 * 1024)

/* Bytes that came and were not taken yet. Zero-initialised. */
struct k8s_stream {
	char *data; /* owned; NULL while empty */
	size_t size;
	size_t capacity;
	size_t at;      /* before this everything was taken */
	size_t scanned; /* between 'at' and this no end was found */
};

void k8s_stream_done(struct k8s_stream *stream);
/* Forgets what is there: for another answer. */
void k8s_stream_clear(struct k8s_stream *stream);
/* What was given out before is invalid now. */
void k8s_stream_add(struct k8s_stream *stream, const char *data, size_t size);
/* Bytes that belong to no whole line. */
size_t k8s_stream_rest(const struct k8s_stream *stream);

enum k8s_stream_next {
	K8S_STREAM_LINE,      /* there is one */
	K8S_STREAM_MORE,      /* not yet */
	K8S_STREAM_TOO_LARGE, /* a line is longer than K8S_STREAM_PART_MAX: it can't go on */
};

/* The next line without its end; empty ones are passed over. It is valid until the next
 * k8s_stream_add(), and not NUL-terminated. */
enum k8s_stream_next k8s_stream_next(struct k8s_stream *stream, const char **ret_line,
                                     size_t *ret_size);

#endif
