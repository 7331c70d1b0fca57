/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/translate.h - objects of the API to what is wanted (model/object.h), one by one.
 *
 * Pure. Observes a store. Each Service of ours, each VirtualServer and each annotated ConfigMap
 * becomes one virtual server, in objects of its own, and a report; an event costs work for those
 * it concerns. Each is tried alone beside the virtual routers and pools in force, so that a bad one
 * affects itself alone: what k8s_translator_sources() gives can be joined.
 *
 * Names of virtual servers: as the object's for VirtualServer; "service/NAME" and "configmap/NAME"
 * for the others, which no VirtualServer can have.
 *
 * Endpoints: ready ones have weight 1, those that end but still serve weight 0. When none is ready,
 * those that serve while ending take new connections, too. publishNotReadyAddresses counts every
 * endpoint as ready. Ports go by their name in each EndpointSlice. An endpoint that two slices have
 * counts once, by the better one.
 *
 * externalTrafficPolicy Local: a node balances to the endpoints on itself, without rewriting the
 * source address, so that they see the client's; a node without any refuses connections, has a
 * lower priority for the virtual router unless the VirtualRouter says its own, and hands over when
 * another one has endpoints of more such Services. If not one node that
 * takes part runs an endpoint (dedicated edge nodes), Local can't be had: all endpoints serve,
 * source addresses are rewritten as with Cluster, and the report says so. healthCheckNodePort is
 * not asked: the endpoints themselves are known. */

#ifndef LINTEL_K8S_TRANSLATE_H
#define LINTEL_K8S_TRANSLATE_H

#include "k8s/nodes.h"
#include "k8s/pool.h"
#include "k8s/report.h"
#include "k8s/store.h"

struct k8s_translate_params {
	const char *class;             /* ours; K8S_CLASS_DEFAULT unless said */
	bool default_class;            /* Services without a class are ours, too */
	const char *node;              /* on which we run */
	const char *namespace;         /* our own, "" or NULL: none */
	const char *const *namespaces; /* watched; none: all */
	size_t namespace_count;
};

struct k8s_translator;

/* 'store' outlives it and has no other observer; strings are copied. What is in the store already
 * is taken in. */
struct k8s_translator *k8s_translator_new(struct k8s_store *store,
                                          const struct k8s_translate_params *params);
void k8s_translator_free(struct k8s_translator *translator);

/* Nodes with an instance of Lintel; NULL: every node. Copied. */
void k8s_translator_members(struct k8s_translator *translator, const struct k8s_member *members,
                            size_t count);
/* Our node still owns something that another one is to take over: its exclusion waits for that. */
void k8s_translator_hand_over(struct k8s_translator *translator, bool handing_over);
/* Only the leader gives addresses. */
void k8s_translator_lead(struct k8s_translator *translator, bool leading);

/* Translates at most 'limit' objects of those that something changed for (addresses are settled
 * before). True: what k8s_translator_sources() gives is another now. */
bool k8s_translator_run(struct k8s_translator *translator, size_t limit);
/* Is there more to do? */
bool k8s_translator_is_pending(const struct k8s_translator *translator);

/* For model_snapshot_build(): one for routers and pools, one for each object that is served.
 * The array is the caller's to free, what it points to is valid until the next run. */
const struct model_objects **k8s_translator_sources(const struct k8s_translator *translator,
                                                    size_t *ret_count);

/* Those of these sources that others stand for since k8s_translator_settled(), when that is all
 * that is different; else NULL, and there are not many. As above. */
const struct model_objects **k8s_translator_replaced(const struct k8s_translator *translator,
                                                     size_t *ret_count);
/* What the sources say is in force. */
void k8s_translator_settled(struct k8s_translator *translator);

/* The last version of an object that could be served, when the store has another one: as long as
 * that can't be, it is what is served (reason FormerKept), now or when it can be again. NULL when
 * there is none. Borrowed until the next run. */
const struct k8s_object *k8s_translator_former(const struct k8s_translator *translator,
                                               const struct k8s_object *object);

/* The report of an object, NULL when it is none of ours. Borrowed until the next run. */
const struct k8s_report *k8s_translator_report(const struct k8s_translator *translator,
                                               enum k8s_kind kind, const char *namespace,
                                               const char *name);
/* Takes one object whose report or whose own state changed since it was taken last: to have its
 * status looked at (k8s/status.h). False: none. Names are copied to the buffers. */
struct k8s_translate_key {
	enum k8s_kind kind;
	char namespace[64];
	char name[K8S_NAME_LEN_MAX + 1];
};
bool k8s_translator_take(struct k8s_translator *translator, struct k8s_translate_key *ret_key);
/* All at once, for a new leader. */
void k8s_translator_take_again(struct k8s_translator *translator);

/* Has another node that takes part endpoints of more Services with policy Local of this router than
 * ours? Who is Active should hand over then. */
bool k8s_translator_is_better_elsewhere(const struct k8s_translator *translator,
                                        const char *router);

/* Services with policy Local that have a health check port, in no order. The array is the caller's
 * to free, texts are borrowed until the next run. */
struct k8s_health {
	uint16_t port;
	const char *namespace;
	const char *name;
	size_t local; /* endpoints on our node that are ready */
};
struct k8s_health *k8s_translator_health(const struct k8s_translator *translator,
                                         size_t *ret_count);

const struct k8s_nodes *k8s_translator_nodes(const struct k8s_translator *translator);
const struct k8s_pool *k8s_translator_pool(const struct k8s_translator *translator);

#endif
