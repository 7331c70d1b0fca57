/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of the API, as anybody in the cluster may write them. The first byte says of which kind.
 * Laws: what is decoded is encoded and decoded again as the same; it can be translated, reported
 * and told whatever it says. */
#include "k8s/decode.h"
#include "k8s/encode.h"
#include "k8s/json_read.h"
#include "k8s/status.h"
#include "k8s/translate.h"
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static struct k8s_object *decode(enum k8s_kind kind, const char *data, size_t size)
{
	struct k8s_object *object;
	enum k8s_decode_fault fault;
	struct arena arena;

	arena_init(&arena);
	object = k8s_decode(kind, k8s_json_read_object(data, size, &arena), &fault);
	must((object != NULL) == (fault == K8S_DECODE_FINE));
	must(strlen(k8s_decode_fault_name(fault)) > 0);
	arena_done(&arena);
	return object;
}

static void put(struct k8s_store *store, enum k8s_kind kind, const char *text)
{
	struct k8s_object *object = decode(kind, text, strlen(text));

	must(object);
	k8s_store_put(store, object);
}

/* In a cluster that has everything it may refer to. */
static void translate(struct k8s_object *object)
{
	struct k8s_store *store = k8s_store_new();
	struct k8s_translator *translator = k8s_translator_new(
		store, &(struct k8s_translate_params){.node = "n1", .default_class = true});
	struct k8s_status_seen seen = {.withdrawn = true};
	const struct model_objects **sources;
	struct model_problems problems;
	struct model_snapshot *snapshot;
	struct k8s_translate_key key;
	size_t count;

	put(store, K8S_VIRTUAL_ROUTER,
	    "{\"metadata\":{\"name\":\"front\"},\"spec\":{\"virtualRouterId\":1,\"interface\":"
	    "\"e\"}}");
	put(store, K8S_ADDRESS_POOL,
	    "{\"metadata\":{\"name\":\"public\"},\"spec\":{\"virtualRouter\":\"front\","
	    "\"addresses\":"
	    "[\"10.0.0.0/24\",\"2001:db8::/64\"]}}");
	put(store, K8S_SERVICE,
	    "{\"metadata\":{\"name\":\"web\",\"namespace\":\"default\"},\"spec\":{\"ports\":[{"
	    "\"port\":80"
	    "}]}}");
	put(store, K8S_SLICE,
	    "{\"metadata\":{\"name\":\"web-1\",\"namespace\":\"default\",\"labels\":{\"kubernetes."
	    "io/"
	    "service-name\":\"web\"}},\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10."
	    "1.0.1"
	    "\"]}],\"ports\":[{\"port\":8080}]}");
	k8s_translator_lead(translator, true);
	k8s_object_hold(object);
	k8s_store_put(store, object);
	for (int i = 0; i < 100 && (i < 2 || k8s_translator_is_pending(translator)); i++)
		(void)k8s_translator_run(translator, 10);
	must(!k8s_translator_is_pending(translator));
	sources = k8s_translator_sources(translator, &count);
	model_problems_init(&problems);
	snapshot = model_snapshot_build(sources, count, &problems);
	/* a bad object affects itself alone */
	must(snapshot);
	model_snapshot_free(snapshot);
	model_problems_done(&problems);
	free(sources);
	while (k8s_translator_take(translator, &key)) {
		const struct k8s_object *told =
			k8s_store_get(store, key.kind, key.namespace, key.name);
		struct k8s_status_write write = {.body = NULL};

		if (told)
			write = k8s_status_next(told,
			                        k8s_translator_report(translator, key.kind,
			                                              key.namespace, key.name),
			                        &seen, 1);
		json_decref(write.body);
	}
	k8s_translator_free(translator);
	k8s_store_free(store);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct k8s_object *object, *again;
	struct text text = {0};
	enum k8s_kind kind;

	if (size < 2)
		return 0;
	kind = (enum k8s_kind)((data[0] - '0') & 7);
	object = decode(kind, (const char *)data + 1, size - 1);
	if (!object)
		return 0;
	k8s_encode(object, true, &text);
	must(!strchr(text_str(&text), '\n'));
	again = decode(kind, text_str(&text), text.len);
	must(again && k8s_object_same(object, again));
	k8s_object_release(again);
	text_done(&text);
	translate(object);
	k8s_object_release(object);
	return 0;
}
