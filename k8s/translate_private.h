/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/translate_private.h - what the parts of the translator share.
 *
 * Pure. Private to k8s/translate*.c. */

#ifndef LINTEL_K8S_TRANSLATE_PRIVATE_H
#define LINTEL_K8S_TRANSLATE_PRIVATE_H

#include "k8s/translate.h"
#include "lib/hash.h"
#include "lib/text.h"

/* What becomes of one object. */
struct translate_entry {
	enum k8s_kind kind;
	const struct k8s_object *object; /* the store's, borrowed; NULL: it is gone */
	const char *namespace;           /* behind 'key' */
	const char *name;                /* its end */
	char *watched; /* "namespace/name" of the Service whose endpoints serve, or NULL */
	bool claim_queued;
	bool queued;
	bool take_queued;
	bool has_objects;
	bool rewritten;                /* its own text changed: what comes of it is another */
	bool local;                    /* goes by nodes */
	bool lacks_local;              /* others have endpoints, we have none */
	unsigned checked;              /* round of routers and pools that 'objects' stands beside */
	const struct k8s_object *good; /* the last version that could be served, a handle; NULL */
	struct model_objects objects;
	struct k8s_report report;
	struct translate_entry *next_watcher;
	UT_hash_handle hh;
	char key[]; /* "Service default/web" */
};

/* Those that look at one Service, besides its own entry. */
struct translate_watchers {
	struct translate_entry *first;
	UT_hash_handle hh;
	char key[];
};

struct translate_queue {
	struct translate_entry **items;
	size_t at, count, capacity;
};

/* To be told of, though it may be gone by then: its texts are its own. */
struct translate_taken {
	enum k8s_kind kind;
	char *namespace;
	char *name;
};

/* A router or a pool in force. */
struct translate_infra {
	struct model_objects objects;
	bool better_elsewhere; /* a router: another node has more of what is local to it */
};

/* What a document says that says nothing. */
struct translate_defaults {
	struct model_virtual_server virtual_server;
	struct model_port port;
	struct model_real_server server;
};

/* Beyond, all may as well be joined anew. */
#define TRANSLATE_REPLACED_MAX 200

struct k8s_translator {
	struct k8s_store *store;
	char *class;
	bool default_class;
	char *node;
	char *namespace; /* our own, "" */
	char **namespaces;
	size_t namespace_count;
	struct k8s_member *members; /* names are owned; NULL: unknown */
	size_t member_count;
	bool leading;
	bool handing_over;
	struct k8s_pool *pool;
	struct translate_defaults defaults;
	struct k8s_nodes nodes;
	struct translate_entry *entries;
	struct translate_watchers *watchers;
	struct translate_queue claims; /* their requests have to be looked at */
	struct translate_queue dirty;  /* to be translated */
	struct translate_taken *taken; /* to be given by k8s_translator_take() */
	size_t taken_at, taken_count, taken_capacity;
	struct translate_infra *infra;
	size_t infra_count;
	unsigned infra_round; /* how often they were looked at */
	size_t local_count;   /* entries that go by nodes */
	bool nodes_dirty;
	bool infra_dirty;
	bool infra_soft; /* priorities only */
	bool settle;
	bool changed; /* sources are others now, in more than 'replaced' */
	bool wide;    /* ... since they were settled */
	struct translate_entry
		*replaced[TRANSLATE_REPLACED_MAX]; /* only their objects are others */
	size_t replaced_count;
	bool replaced_now; /* in this run */
};

/* translate_entries.c */
/* It has other objects than before, and that is all that is new. */
void k8s_translate_note_replaced(struct k8s_translator *translator, struct translate_entry *entry);
void k8s_translate_push(struct translate_queue *queue, struct translate_entry *entry);
/* NULL when there is none. */
struct translate_entry *k8s_translate_pop(struct translate_queue *queue);
bool k8s_translate_is_empty(const struct translate_queue *queue);
/* NULL when there is none. */
struct translate_entry *k8s_translate_find(const struct k8s_translator *translator,
                                           enum k8s_kind kind, const char *namespace,
                                           const char *name);
/* It is made when there is none. */
struct translate_entry *k8s_translate_entry(struct k8s_translator *translator, enum k8s_kind kind,
                                            const char *namespace, const char *name);
void k8s_translate_queue_dirty(struct k8s_translator *translator, struct translate_entry *entry);
void k8s_translate_queue_claim(struct k8s_translator *translator, struct translate_entry *entry);
void k8s_translate_queue_take(struct k8s_translator *translator, struct translate_entry *entry);
/* Whether it goes by nodes. */
void k8s_translate_set_local(struct k8s_translator *translator, struct translate_entry *entry,
                             bool local);
void k8s_translate_unwatch(struct k8s_translator *translator, struct translate_entry *entry);
void k8s_translate_watch(struct k8s_translator *translator, struct translate_entry *entry,
                         const char *namespace, const char *service);
void k8s_translate_free_entry(struct k8s_translator *translator, struct translate_entry *entry);
/* Takes over what 'report' has. */
void k8s_translate_report(struct k8s_translator *translator, struct translate_entry *entry,
                          struct k8s_report *report);

/* translate_infra.c: decides which routers and pools are in force. */
void k8s_translate_infra(struct k8s_translator *translator);
void k8s_translate_infra_done(struct k8s_translator *translator);
const struct model_pool *k8s_translate_infra_pool(const struct k8s_translator *translator,
                                                  const char *name);
/* Errors of this one beside routers and pools, as text; "" is fine. */
char *k8s_translate_infra_check(const struct k8s_translator *translator,
                                const struct model_objects *objects);
bool k8s_translate_class_is_ours(const struct k8s_translator *translator,
                                 const struct k8s_object *object);
bool k8s_translate_is_watched(const struct k8s_translator *translator, const char *namespace);

/* translate_request.c: what the object wants to have. */
enum translate_verdict {
	TRANSLATE_OURS,
	TRANSLATE_NOT_OURS, /* nothing to do with it */
	TRANSLATE_REFUSED,  /* ours, and can't be served: see the report */
};
/* 'report' gets reason and message when it is REFUSED. The request, when 'ret_request' is not NULL,
 * is in 'arena' or borrowed from the object. */
enum translate_verdict k8s_translate_request(struct k8s_translator *translator,
                                             const struct k8s_object *object, const char *key,
                                             struct arena *arena, struct k8s_report *report,
                                             struct k8s_pool_request *ret_request);

/* What it was given, as its status or an annotation says; into the request. */
void k8s_translate_read_record(const struct k8s_object *object, struct arena *arena,
                               struct k8s_pool_request *request);

/* translate_endpoints.c: who serves. */
enum translate_port_by { TRANSLATE_BY_NAME, TRANSLATE_BY_NUMBER };
struct translate_target {
	enum translate_port_by by;
	const char *name;
	enum model_protocol protocol;
	uint16_t number;
};
struct translate_endpoints {
	const struct k8s_object *const *slices;
	size_t slice_count;
	bool publish_not_ready;
	const char *only_node; /* NULL: all */
};
/* Sorted, each once; from 'arena'. */
struct model_real_server *k8s_translate_servers(const struct k8s_translator *translator,
                                                const struct translate_endpoints *endpoints,
                                                const struct translate_target *target,
                                                struct arena *arena, size_t *ret_count);
enum translate_local {
	TRANSLATE_LOCAL_HERE,
	TRANSLATE_LOCAL_ELSEWHERE, /* others that take part have endpoints */
	TRANSLATE_LOCAL_NOWHERE,   /* nobody that takes part has any */
};
enum translate_local k8s_translate_local(const struct k8s_translator *translator,
                                         const struct translate_endpoints *endpoints);
/* Adds 1 to 'counts' of each node, by its place among the translator's nodes, that has an endpoint.
 */
void k8s_translate_count_local(const struct k8s_translator *translator,
                               const struct translate_endpoints *endpoints, size_t *counts);
/* How many there are in all slices, in whatever state. */
size_t k8s_translate_count(const struct translate_endpoints *endpoints);
/* Does any slice have a port of that name? */
bool k8s_translate_has_port(const struct translate_endpoints *endpoints, const char *name);

/* translate_serve.c */
/* The entry's 'good' from now on. NULL: none. */
void k8s_translate_keep_good(struct translate_entry *entry, const struct k8s_object *good);
/* What it said before holds when what it says now makes no sense. True: the entry's 'good' was
 * understood, and the request is that of it. */
bool k8s_translate_former(struct k8s_translator *translator, struct translate_entry *entry,
                          const struct k8s_object *object, struct arena *arena,
                          struct k8s_pool_request *request);
/* Translates the entry's object and reports; without one the entry is freed. */
void k8s_translate_object(struct k8s_translator *translator, struct translate_entry *entry);

/* translate_build.c: fills 'objects' (initialised) and the report; the entry's 'local' is set. */
void k8s_translate_build(struct k8s_translator *translator, struct translate_entry *entry,
                         const struct k8s_object *object, const struct k8s_pool_grant *grant,
                         const struct k8s_pool_request *request, struct model_objects *objects,
                         struct k8s_report *report);
bool k8s_translate_same(const struct model_objects *a, const struct model_objects *b);

#endif
