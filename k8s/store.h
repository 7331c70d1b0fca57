/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/store.h - the objects there are, as far as the API server told.
 *
 * Pure. Holds a handle of each object. Tells one observer what changed. */

#ifndef LINTEL_K8S_STORE_H
#define LINTEL_K8S_STORE_H

#include "k8s/objects.h"

/* The store has the new state already, and 'before' is valid during the call. */
struct k8s_store_observer {
	/* 'before' NULL: new; 'after' NULL: gone. */
	void (*changed)(void *ctx, const struct k8s_object *before, const struct k8s_object *after);
	/* 'after' is in the place of 'before' and says the same (a list that came again, a node's
	 * heartbeat): of use to who keeps borrowed objects. NULL: nobody does. */
	void (*renewed)(void *ctx, const struct k8s_object *before, const struct k8s_object *after);
	void *ctx;
};

struct k8s_store;

struct k8s_store *k8s_store_new(void);
void k8s_store_free(struct k8s_store *store); /* NULL accepted; tells nobody */
void k8s_store_observe(struct k8s_store *store, const struct k8s_store_observer *observer);

/* Takes the caller's handle. True: something changed. */
bool k8s_store_put(struct k8s_store *store, const struct k8s_object *object);
bool k8s_store_remove(struct k8s_store *store, enum k8s_kind kind, const char *namespace,
                      const char *name);

/* A list begins: everything of that kind that is not put until k8s_store_sweep() goes then. A list
 * that failed is begun again. */
void k8s_store_mark(struct k8s_store *store, enum k8s_kind kind);
/* How many went. */
size_t k8s_store_sweep(struct k8s_store *store, enum k8s_kind kind);

/* Borrowed: until the next change. NULL when there is none. */
const struct k8s_object *k8s_store_get(const struct k8s_store *store, enum k8s_kind kind,
                                       const char *namespace, const char *name);
size_t k8s_store_count(const struct k8s_store *store, enum k8s_kind kind);
/* By namespace and name; NULL beyond the end. */
const struct k8s_object *k8s_store_at(const struct k8s_store *store, enum k8s_kind kind,
                                      size_t index);
/* The index of the first of its kind that comes after 'object', which need not be there any more.
 */
size_t k8s_store_after(const struct k8s_store *store, const struct k8s_object *object);
/* The EndpointSlices of a Service ("": those that are nobody's), in no order; NULL when there are
 * none. */
const struct k8s_object *const *k8s_store_slices(const struct k8s_store *store,
                                                 const char *namespace, const char *service,
                                                 size_t *ret_count);
/* The EndpointSlices of the next Service by namespace and name, after that of 'slice', which need
 * not be there any more; of the first one when it is NULL. NULL: there is none. */
const struct k8s_object *const *k8s_store_next_slices(const struct k8s_store *store,
                                                      const struct k8s_object *slice,
                                                      size_t *ret_count);

#endif
