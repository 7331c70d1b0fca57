/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/reflector.h - follows one collection of the API and tells what is in it.
 *
 * I/O: runs one machine (k8s/watch.h) over k8s/http. Handlers are called from the loop, one object
 * at a time; no more than K8S_HTTP_TURN_SIZE bytes of objects in one turn. Nothing is kept here:
 * whoever wants the objects keeps them. Logs what goes wrong, once until it changes. */

#ifndef LINTEL_K8S_REFLECTOR_H
#define LINTEL_K8S_REFLECTOR_H

#include "k8s/http.h"
#include "k8s/watch.h"
#include "lib/compiler.h"
#include "lib/loop.h"

#include <stdbool.h>
#include <stdint.h>

/* Objects are borrowed until the handler returns (k8s/json_read.h: without what nobody asks for).
 * Items of lists of built-in kinds have neither kind nor apiVersion. Handlers may not free the
 * reflector. */
struct k8s_reflector_handler {
	/* From here to replaced() everything that is there comes by upserted(): mark ... */
	void (*replacing)(void *ctx);
	void (*upserted)(void *ctx, const struct tree *object); /* new, changed, or neither */
	void (*deleted)(void *ctx, const struct tree *object);  /* is gone; its last state */
	void (*replaced)(void *ctx); /* ... and sweep: what was not repeated */
	void (*changed)(void *ctx);  /* the status below has another answer; NULL: don't tell */
	void (*told)(void *ctx);     /* what came together was told; NULL: don't tell */
	void *ctx;
};

struct k8s_reflector_params {
	const char *name;     /* "services", in logs. Copied */
	const char *path;     /* "/api/v1/services", maybe with selectors (k8s/path.h). Copied */
	uint64_t seed;        /* of what is chosen at random, not 0 */
	unsigned page_limit;  /* 0: K8S_WATCH_PAGE_LIMIT */
	bool streaming_lists; /* try these first */
	bool second;          /* lets another ask first: k8s_watch_server_answers() */
};

struct k8s_reflector;

/* Starts at once, unless it is second: changed() may be called from within. 'http' is borrowed.
 * -errno when the loop gives no deadline. */
LT_MUST_USE int k8s_reflector_new(struct loop *loop, struct k8s_http *http,
                                  const struct k8s_reflector_params *params,
                                  const struct k8s_reflector_handler *handler,
                                  struct k8s_reflector **ret_reflector);
void k8s_reflector_free(struct k8s_reflector *reflector); /* NULL accepted */

/* The server answers 'other': see k8s_watch_server_answers(). */
void k8s_reflector_server_answers(struct k8s_reflector *reflector,
                                  const struct k8s_reflector *other);

/* For status: state, in_step since when, restarts by reason, the last message. */
const struct k8s_watch *k8s_reflector_status(const struct k8s_reflector *reflector);

#endif
