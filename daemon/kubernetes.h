/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/kubernetes.h - the cluster as a source of the desired state, and as a
 * reader of what is so.
 *
 * I/O, main thread, on the loop in small steps. What the API last said is kept,
 * in memory and in the state directory, until the API itself says otherwise: no
 * failure of it takes anything away. Every instance translates for itself; the
 * one that holds the lease gives addresses and writes status, finalizers and
 * Events. */

#ifndef LINTEL_DAEMON_KUBERNETES_H
#define LINTEL_DAEMON_KUBERNETES_H

#include "daemon/run.h"
#include "daemon/sources.h"
#include "lib/compiler.h"
#include "lib/loop.h"
#include "model/status.h"

#include <jansson.h>

struct kubernetes;

#define KUBERNETES_CACHE_FILE "kubernetes" /* in the state directory */

/* Called from the loop, never from within a function of this header. */
struct kubernetes_handler {
	/* kubernetes_others() has another answer: join, and tell
	 * kubernetes_applied(). */
	void (*changed)(void *ctx);
	/* Of these only some are others: kubernetes_replaced(). False: nothing was
	 * done about it, and changed() is called. */
	bool (*replaced)(void *ctx);
	void *ctx;
};

/* Reads the state on disk and begins to follow the API; does not wait for it.
 * 'options' outlives it. -errno when the configuration to reach the API can't
 * be read; told in the log. */
LT_MUST_USE int kubernetes_open(struct loop *loop, const struct daemon_run_options *options,
                                const struct kubernetes_handler *handler,
                                struct kubernetes **ret_kubernetes);
/* Gives the lease back, if it is ours; what is under way goes on until
 * kubernetes_close(). NULL accepted. */
void kubernetes_stop(struct kubernetes *kubernetes);
void kubernetes_close(struct kubernetes *kubernetes); /* NULL accepted */

/* Is it known what the cluster wants: by its whole word, or from disk? Until
 * then what is in the kernel should stay as it is. */
bool kubernetes_is_known(const struct kubernetes *kubernetes);
/* The array is the caller's to free, what it points to is valid until the loop
 * goes on. */
const struct model_objects **kubernetes_others(const struct kubernetes *kubernetes,
                                               size_t *ret_count);
/* What is other since kubernetes_applied(), or NULL when that is more than some
 * that stand for what they were. As above. */
const struct model_objects **kubernetes_replaced(const struct kubernetes *kubernetes,
                                                 size_t *ret_count);
/* This is in force now; borrowed until it is called again. */
void kubernetes_applied(struct kubernetes *kubernetes, const struct model_snapshot *snapshot);
/* Virtual routers as observed. */
void kubernetes_observe(struct kubernetes *kubernetes, const struct model_router_status *routers,
                        size_t count);

/* Does the cluster want this node to give up a virtual router that it is Active for, since it takes
 * no part or another one has more local endpoints? As far as the API is followed right now. */
bool kubernetes_wants_hand_over(const struct kubernetes *kubernetes, const char *router);
/* Which virtual routers may take no part on this node, beside its kube-proxy ("router"), and why
 * ("sentence"): 'count' of them. Copied; told to the other nodes, and in Events about our Node. */
struct kubernetes_held {
	const char *router;
	const char *sentence;
};
void kubernetes_hold(struct kubernetes *kubernetes, const struct kubernetes_held *held,
                     size_t count);

/* Is there a kube-proxy on this node? Health check ports of Services are its business then. */
void kubernetes_note_proxy(struct kubernetes *kubernetes, bool there);

/* The entry of status: shape in docs/json.md. Appended is what the cluster's
 * objects have wrong beside the files. New reference. */
json_t *kubernetes_report(const struct kubernetes *kubernetes, const struct sources *sources,
                          int64_t now_us);

#endif
