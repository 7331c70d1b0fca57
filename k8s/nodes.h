/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/nodes.h - which nodes take part, where they are, and who should rather be Active.
 *
 * Pure. A node takes part when an instance of Lintel runs on it (it holds a lease of its own, or
 * simply every node when nobody says), and it is none of: labelled
 * node.kubernetes.io/exclude-from-external-load-balancers, tainted out-of-service, NotReady,
 * cordoned. Of the node we run on readiness and that taint count only while another one takes part:
 * somebody must own the addresses, whatever the API says.
 *
 * Priorities of a virtual router: nodes are ranked by rendezvous hashing of router and node, so
 * that several routers spread, and a node that comes or goes moves no others. */

#ifndef LINTEL_K8S_NODES_H
#define LINTEL_K8S_NODES_H

#include "k8s/store.h"

enum k8s_node_state {
	K8S_NODE_TAKES_PART,
	K8S_NODE_NOT_A_MEMBER, /* no instance runs there */
	K8S_NODE_SILENT,       /* its instance has not been heard of for long, by way of the API */
	K8S_NODE_HELD,         /* its instance says that it may not, beside its kube-proxy */
	K8S_NODE_EXCLUDED,     /* label */
	K8S_NODE_OUT_OF_SERVICE, /* taint */
	K8S_NODE_CORDONED,
	K8S_NODE_NOT_READY,
	K8S_NODE_STATE_COUNT,
};
const char *k8s_node_state_name(enum k8s_node_state state); /* "cordoned" */

struct k8s_nodes_entry {
	const char *name;
	enum k8s_node_state state;
	struct addr ipv4; /* ADDR_NONE: unknown. InternalIP before ExternalIP */
	struct addr ipv6;
};

/* By name; owns its memory. */
struct k8s_nodes {
	struct arena arena;
	struct k8s_nodes_entry *entries;
	size_t count;
};

/* A node with an instance. */
enum k8s_member_state { K8S_MEMBER_RUNS, K8S_MEMBER_SILENT, K8S_MEMBER_HELD };
struct k8s_member {
	const char *name;
	enum k8s_member_state state;
};

/* 'members' NULL: every node has an instance. 'own' is our node. */
void k8s_nodes_build(const struct k8s_store *store, const char *own,
                     const struct k8s_member *members, size_t member_count,
                     struct k8s_nodes *ret_nodes);
void k8s_nodes_done(struct k8s_nodes *nodes);
bool k8s_nodes_same(const struct k8s_nodes *a, const struct k8s_nodes *b);
/* NULL when unknown. */
const struct k8s_nodes_entry *k8s_nodes_find(const struct k8s_nodes *nodes, const char *name);
bool k8s_nodes_takes_part(const struct k8s_nodes *nodes, const char *name);

/* Should our node, which takes no part, hand over what it owns, as another one can have it? */
bool k8s_nodes_may_stand_down(const struct k8s_nodes *nodes, const char *own);

/* Addresses of the other nodes with an instance, of the families that a router has addresses in
 * (none: both). Also of those that take no part or are silent: what the API says of a node, or does
 * not say, may be wrong, and who is not listened to is another Active. From the arena. */
struct addr *k8s_nodes_peers(const struct k8s_nodes *nodes, const char *own, bool ipv4, bool ipv6,
                             struct arena *arena, size_t *ret_count);
/* 1..200: the node that should rather be Active has the higher one. 'own' that takes no part has 1,
 * the others even numbers. */
#define K8S_NODES_PRIORITY_MAX 200
uint8_t k8s_nodes_priority(const struct k8s_nodes *nodes, const char *own, const char *router);

#endif
