/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/status.h - reports to writes: what to tell the API server of one object.
 *
 * Pure. Compares with what the object says already: nothing changed, nothing is written. One write
 * at a time for each object: the next is decided when the object came back changed. All of them
 * are merge patches with metadata.resourceVersion: a conflict means to look again. Those of
 * Services are strategic ones, which merge finalizers and conditions as well: of these only ours
 * are known here, and only ours are touched. Kinds of our own can't have such (RFC 7386): their
 * list of conditions is written whole, others' as they were. */

#ifndef LINTEL_K8S_STATUS_H
#define LINTEL_K8S_STATUS_H

#include "k8s/objects.h"
#include "k8s/pool.h"
#include "k8s/report.h"

#include <jansson.h>

#define K8S_STATUS_CONDITION         "Ready"           /* of our own kinds */
#define K8S_STATUS_SERVICE_CONDITION "lintel.io/Ready" /* of Services */

/* The finalizer of a class: each domain takes away its own only. Returns buf. */
#define K8S_STATUS_FINALIZER_SIZE    80
const char *k8s_status_finalizer(const char *class, char buf[static K8S_STATUS_FINALIZER_SIZE]);

/* What only observers know; zeroes when unknown. */
struct k8s_status_seen {
	const char *finalizer;       /* NULL: that of the usual class */
	const char *active_node;     /* whose virtual router is Active, NULL: unknown */
	size_t nodes;                /* VirtualRouter: that take part */
	size_t addresses;            /* VirtualRouter: that it owns */
	struct k8s_pool_usage usage; /* AddressPool */
	bool withdrawn;              /* nothing of the object is in any kernel any more */
};

struct k8s_status_write {
	bool status;    /* to the subresource "status", else to the object */
	bool strategic; /* else RFC 7386 */
	json_t *body;   /* the caller's; NULL: nothing to write */
};

/* What to write next about an object that is ours, or was. 'report' NULL: it is none of ours (any
 * more). 'now_s' is wall time, for lastTransitionTime. */
struct k8s_status_write k8s_status_next(const struct k8s_object *object,
                                        const struct k8s_report *report,
                                        const struct k8s_status_seen *seen, int64_t now_s);

#endif
