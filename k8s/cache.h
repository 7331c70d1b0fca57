/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/cache.h - the last state that was known, as a file, for a start while the API is away.
 *
 * Pure; whoever acts reads and replaces the file. Text: a line that says what it is, one line of
 * JSON for each object, and a last line with their number and a CRC-32 of everything before it.
 * Written in steps, while the store goes on changing: an object is there as it was when its turn
 * came, the EndpointSlices of a Service together. One that can't be served, or that nobody has
 * looked at yet, is there twice: first as it was when it could, which a start has to know, too. */

#ifndef LINTEL_K8S_CACHE_H
#define LINTEL_K8S_CACHE_H

#include "k8s/store.h"
#include "k8s/translate.h"
#include "lib/text.h"

#define K8S_CACHE_SIZE_MAX ((size_t)256 * 1024 * 1024)

enum k8s_cache_verdict {
	K8S_CACHE_OK,
	K8S_CACHE_FOREIGN,   /* no such file of ours */
	K8S_CACHE_VERSION,   /* of another version of Lintel */
	K8S_CACHE_CLUSTER,   /* of another cluster, or of another class */
	K8S_CACHE_DAMAGED,   /* checksum or end are wrong */
	K8S_CACHE_MALFORMED, /* a line is no object, though the checksum is right */
	K8S_CACHE_VERDICT_COUNT,
};
const char *k8s_cache_verdict_text(enum k8s_cache_verdict verdict);

/* 'store' and 'translator' have to outlive the last step; without a translator (NULL) no object is
 * there twice. Whose state it is: anything that tells clusters and classes apart, without blanks or
 * control characters; e.g. the uid of the namespace kube-system and the class. */
struct k8s_cache_writer;
struct k8s_cache_writer *k8s_cache_writer_new(const struct k8s_store *store,
                                              const struct k8s_translator *translator,
                                              const char *cluster, const char *class);
void k8s_cache_writer_free(struct k8s_cache_writer *writer);
/* Looks at up to 'limit' objects more. True: k8s_cache_writer_text() goes to the end. */
bool k8s_cache_writer_step(struct k8s_cache_writer *writer, size_t limit);
/* Owned by the writer. */
const struct text *k8s_cache_writer_text(const struct k8s_cache_writer *writer);
/* What the text has so far is written: it goes on with what comes next. */
void k8s_cache_writer_forget(struct k8s_cache_writer *writer);

/* Puts all objects into 'store' in their order, which should be empty; on anything but OK nothing
 * was put. 'cluster' NULL: any (the API can't be asked while it is away); '*ret_cluster', which may
 * be NULL, is the caller's to free. */
enum k8s_cache_verdict k8s_cache_read(const char *data, size_t size, const char *cluster,
                                      const char *class, struct k8s_store *store,
                                      char **ret_cluster);

#endif
