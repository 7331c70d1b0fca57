/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/k8s/cluster.h - objects of the API from short JSON, in a store. */

#ifndef LINTEL_TESTS_K8S_CLUSTER_H
#define LINTEL_TESTS_K8S_CLUSTER_H

#include "k8s/decode.h"
#include "k8s/store.h"

#include "k8s/translate.h"
#include <jansson.h>

/* JSON to an object; the test fails when it is none. */
struct k8s_object *cluster_decode(enum k8s_kind kind, const char *text);
/* JSON with ' for " (after printf) to an object; the test fails when it is none. */
struct k8s_object *cluster_object(enum k8s_kind kind, const char *fmt, ...) LT_PRINTF(2, 3);
/* The same into a store. True: something changed. */
bool cluster_put(struct k8s_store *store, enum k8s_kind kind, const char *fmt, ...) LT_PRINTF(3, 4);
/* JSON with ' for ". */
json_t *cluster_json(const char *fmt, ...) LT_PRINTF(1, 2);

/* What an API server makes of a merge patch (RFC 7386), or of a strategic one: that merges lists of
 * finalizers, and of conditions by their type. */
void cluster_merge(json_t *target, const json_t *patch, bool strategic);

/* VirtualRouter front with 10.77.0.1/24, AddressPool public with 'addresses' (a JSON list). */
void cluster_put_infra(struct k8s_store *store, const char *addresses);
/* Nodes n1..n'count', ready, 10.77.0.10'i'. */
void cluster_put_nodes(struct k8s_store *store, unsigned count);

/* Runs until nothing is left to do. */
void cluster_settle(struct k8s_translator *translator);
/* "front 10.77.0.100 TCP/80 10.1.0.1:8080*1 10.1.0.2:8080*0" for the virtual server of that name,
 * "" when there is none; the caller frees. */
char *cluster_served(const struct k8s_translator *translator, const char *namespace,
                     const char *name);

#endif
