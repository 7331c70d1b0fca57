/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The state of Kubernetes on disk. Since a checksum guards it, each input is tried as it is and
 * again with a right last line.
 * Laws: what is accepted is written and read again as the same; what is refused leaves nothing. */
#include "k8s/cache.h"
#include "lib/crc32.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static size_t count_all(const struct k8s_store *store)
{
	size_t count = 0;

	for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
		count += k8s_store_count(store, kind);
	return count;
}

static void try_cache(const char *data, size_t size)
{
	struct k8s_store *store = k8s_store_new(), *again = k8s_store_new();
	enum k8s_cache_verdict verdict;
	struct k8s_cache_writer *writer;
	char *cluster = NULL;

	verdict = k8s_cache_read(data, size, NULL, "c", store, &cluster);
	must(strlen(k8s_cache_verdict_text(verdict)) > 0);
	must((verdict == K8S_CACHE_OK) == (cluster != NULL));
	if (verdict == K8S_CACHE_OK) {
		const struct text *text;

		writer = k8s_cache_writer_new(store, NULL, cluster, "c");
		while (!k8s_cache_writer_step(writer, 3))
			;
		text = k8s_cache_writer_text(writer);
		must(k8s_cache_read(text_str(text), text->len, cluster, "c", again, NULL) ==
		     K8S_CACHE_OK);
		must(count_all(store) == count_all(again));
		for (int kind = 0; kind < K8S_KIND_COUNT; kind++) {
			for (size_t i = 0; i < k8s_store_count(store, kind); i++) {
				const struct k8s_object *a = k8s_store_at(store, kind, i);
				const struct k8s_object *b =
					k8s_store_get(again, kind, a->meta.namespace, a->meta.name);

				must(b && k8s_object_same(a, b));
			}
		}
		k8s_cache_writer_free(writer);
	} else {
		must(count_all(store) == 0);
	}
	free(cluster);
	k8s_store_free(store);
	k8s_store_free(again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct text sealed = {0};
	size_t lines = 0;

	try_cache((const char *)data, size);
	/* the last line gives way to a right one */
	while (size > 0 && data[size - 1] != '\n')
		size--;
	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	text_add_len(&sealed, (const char *)data, size);
	text_printf(&sealed, "end %zu crc32 %08" PRIx32 "\n", lines > 0 ? lines - 1 : 0,
	            crc32_add(0, text_str(&sealed), sealed.len));
	try_cache(text_str(&sealed), sealed.len);
	text_done(&sealed);
	return 0;
}
