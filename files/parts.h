/* SPDX-License-Identifier: GPL-2.0-or-later */
/* files/parts.h - what the documents of a file say, each read only when it is another than before.
 *
 * Pure. A file of a thousand objects, one of which was changed, costs the reading of one. A
 * document is the same when it begins on the same line and its bytes have the same SHA-256: nothing
 * else counts, no time stamp either. When anything is wrong with what is new, all is read as if it
 * were for the first time. */

#ifndef LINTEL_FILES_PARTS_H
#define LINTEL_FILES_PARTS_H

#include "lib/hmac.h"
#include "model/object.h"
#include "model/problem.h"

/* What was read at different times, of a file whose documents changed one after the other; more are
 * read anew, which gives up what nobody needs any more. */
#define FILES_PARTS_READINGS_MAX 64

/* A document, or several that can't be told apart. */
struct files_part {
	uint8_t digest[HMAC_SIZE];
	size_t size;   /* bytes */
	unsigned line; /* of the file, that it begins on */
	/* Its objects are among those of 'readings[reading]': the first of them, and how many. */
	unsigned reading;
	unsigned router, virtual_server, pool;
	unsigned router_count, virtual_server_count, pool_count;
};

/* All of a file, in order. None when something was wrong with it, or it is but one. */
struct files_parts {
	struct files_part *items; /* owned */
	size_t count;
	struct model_objects *readings; /* owned */
	size_t reading_count;
};

void files_parts_done(struct files_parts *parts);
/* Reads a text as files_yaml_read() and model_decode() do. 'parts' are those of the former text of
 * the same file (zeroes: there was none), and become those of this one: what is the same is not
 * read. 'objects' and 'problems' are initialised by the caller. */
void files_parts_read(struct files_parts *parts, const char *text, size_t size, const char *path,
                      struct model_objects *objects, struct model_problems *problems);

#endif
