/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/nodes.h"

#include "k8s/names.h"

#include <stdlib.h>
#include <string.h>

const char *k8s_node_state_name(enum k8s_node_state state)
{
	static const char *const names[K8S_NODE_STATE_COUNT] = {
		[K8S_NODE_TAKES_PART] = "takes part",
		[K8S_NODE_NOT_A_MEMBER] = "runs no instance",
		[K8S_NODE_SILENT] = "not heard of",
		[K8S_NODE_HELD] = "held back by its kube-proxy",
		[K8S_NODE_EXCLUDED] = "excluded by its label",
		[K8S_NODE_OUT_OF_SERVICE] = "out of service",
		[K8S_NODE_CORDONED] = "cordoned",
		[K8S_NODE_NOT_READY] = "not ready",
	};

	return names[state];
}

/* TAKES_PART: as far as instances go. */
static enum k8s_node_state member_state(const char *name, const char *own,
                                        const struct k8s_member *members, size_t count)
{
	if (!members || strcmp(name, own) == 0)
		return K8S_NODE_TAKES_PART;
	for (size_t i = 0; i < count; i++) {
		if (strcmp(members[i].name, name) != 0)
			continue;
		switch (members[i].state) {
		case K8S_MEMBER_RUNS:
			return K8S_NODE_TAKES_PART;
		case K8S_MEMBER_SILENT:
			return K8S_NODE_SILENT;
		case K8S_MEMBER_HELD:
			return K8S_NODE_HELD;
		}
	}
	return K8S_NODE_NOT_A_MEMBER;
}

static enum k8s_node_state state_of(const struct k8s_object *object, bool own,
                                    enum k8s_node_state member)
{
	const struct k8s_node *node = &object->node;

	if (member != K8S_NODE_TAKES_PART)
		return member;
	/* The label's presence counts, whatever its value. */
	if (k8s_pairs_get(&object->meta.labels, K8S_LABEL_EXCLUDE))
		return K8S_NODE_EXCLUDED;
	if (node->unschedulable)
		return K8S_NODE_CORDONED;
	/* Unless somebody else can: then what follows counts for our own as well. */
	if (own)
		return K8S_NODE_TAKES_PART;
	for (size_t i = 0; i < node->taint_count; i++) {
		if (strcmp(node->taints[i].key, K8S_TAINT_OUT_OF_SERVICE) == 0)
			return K8S_NODE_OUT_OF_SERVICE;
	}
	return node->ready ? K8S_NODE_TAKES_PART : K8S_NODE_NOT_READY;
}

static struct addr address_of(const struct k8s_node *node, uint8_t family)
{
	for (size_t i = 0; i < node->internal_count; i++) {
		if (node->internal[i].family == family)
			return node->internal[i];
	}
	for (size_t i = 0; i < node->external_count; i++) {
		if (node->external[i].family == family)
			return node->external[i];
	}
	return (struct addr){ADDR_NONE, {0}};
}

static int compare_entries(const void *left, const void *right)
{
	const struct k8s_nodes_entry *a = left, *b = right;

	return strcmp(a->name, b->name);
}

/* Entries are in the order of the store. */
static void judge_own(const struct k8s_store *store, const char *own, struct k8s_nodes *nodes)
{
	bool others = false;

	for (size_t i = 0; i < nodes->count; i++)
		others |= nodes->entries[i].state == K8S_NODE_TAKES_PART &&
		          strcmp(nodes->entries[i].name, own) != 0;
	for (size_t i = 0; others && i < nodes->count; i++) {
		if (strcmp(nodes->entries[i].name, own) == 0)
			nodes->entries[i].state = state_of(k8s_store_at(store, K8S_NODE, i), false,
			                                   K8S_NODE_TAKES_PART);
	}
}

bool k8s_nodes_may_stand_down(const struct k8s_nodes *nodes, const char *own)
{
	const struct k8s_nodes_entry *entry = k8s_nodes_find(nodes, own);

	if (!entry || entry->state == K8S_NODE_TAKES_PART)
		return false;
	for (size_t i = 0; i < nodes->count; i++) {
		if (nodes->entries[i].state == K8S_NODE_TAKES_PART)
			return true;
	}
	return false;
}

void k8s_nodes_build(const struct k8s_store *store, const char *own,
                     const struct k8s_member *members, size_t member_count,
                     struct k8s_nodes *ret_nodes)
{
	size_t count = k8s_store_count(store, K8S_NODE);

	*ret_nodes = (struct k8s_nodes){.count = count};
	arena_init(&ret_nodes->arena);
	ret_nodes->entries = arena_array(&ret_nodes->arena, count, sizeof(*ret_nodes->entries));
	for (size_t i = 0; i < count; i++) {
		const struct k8s_object *object = k8s_store_at(store, K8S_NODE, i);
		bool is_own = strcmp(object->meta.name, own) == 0;
		enum k8s_node_state member =
			member_state(object->meta.name, own, members, member_count);

		ret_nodes->entries[i] = (struct k8s_nodes_entry){
			.name = arena_strdup(&ret_nodes->arena, object->meta.name),
			.state = state_of(object, is_own, member),
			.ipv4 = address_of(&object->node, ADDR_IPV4),
			.ipv6 = address_of(&object->node, ADDR_IPV6),
		};
	}
	judge_own(store, own, ret_nodes);
	if (count > 1)
		qsort(ret_nodes->entries, count, sizeof(*ret_nodes->entries), compare_entries);
}

void k8s_nodes_done(struct k8s_nodes *nodes)
{
	arena_done(&nodes->arena);
	*nodes = (struct k8s_nodes){0};
}

bool k8s_nodes_same(const struct k8s_nodes *a, const struct k8s_nodes *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct k8s_nodes_entry *p = &a->entries[i], *q = &b->entries[i];

		if (strcmp(p->name, q->name) != 0 || p->state != q->state ||
		    !addr_equal(&p->ipv4, &q->ipv4) || !addr_equal(&p->ipv6, &q->ipv6))
			return false;
	}
	return true;
}

const struct k8s_nodes_entry *k8s_nodes_find(const struct k8s_nodes *nodes, const char *name)
{
	const struct k8s_nodes_entry wanted = {.name = name};

	if (nodes->count == 0)
		return NULL;
	return bsearch(&wanted, nodes->entries, nodes->count, sizeof(*nodes->entries),
	               compare_entries);
}

bool k8s_nodes_takes_part(const struct k8s_nodes *nodes, const char *name)
{
	const struct k8s_nodes_entry *entry = k8s_nodes_find(nodes, name);

	return entry && entry->state == K8S_NODE_TAKES_PART;
}

struct addr *k8s_nodes_peers(const struct k8s_nodes *nodes, const char *own, bool ipv4, bool ipv6,
                             struct arena *arena, size_t *ret_count)
{
	struct addr *peers = arena_array(arena, 2 * nodes->count, sizeof(*peers));
	size_t count = 0;

	for (size_t i = 0; i < nodes->count; i++) {
		const struct k8s_nodes_entry *entry = &nodes->entries[i];

		if (entry->state == K8S_NODE_NOT_A_MEMBER || strcmp(entry->name, own) == 0)
			continue;
		if ((ipv4 || !ipv6) && entry->ipv4.family != ADDR_NONE)
			peers[count++] = entry->ipv4;
		if ((ipv6 || !ipv4) && entry->ipv6.family != ADDR_NONE)
			peers[count++] = entry->ipv6;
	}
	*ret_count = count;
	return peers;
}

/* FNV-1a, then mixed well: rendezvous hashing compares whole numbers. */
static uint64_t weight_of(const char *node, const char *router)
{
	uint64_t hash = UINT64_C(14695981039346656037);

	for (const char *s = router; *s; s++)
		hash = (hash ^ (uint8_t)*s) * UINT64_C(1099511628211);
	hash = (hash ^ '/') * UINT64_C(1099511628211);
	for (const char *s = node; *s; s++)
		hash = (hash ^ (uint8_t)*s) * UINT64_C(1099511628211);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xff51afd7ed558ccd);
	hash ^= hash >> 33;
	hash *= UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}

uint8_t k8s_nodes_priority(const struct k8s_nodes *nodes, const char *own, const char *router)
{
	uint64_t weight = weight_of(own, router);
	size_t better = 0;

	if (!k8s_nodes_takes_part(nodes, own))
		return 1;
	for (size_t i = 0; i < nodes->count; i++) {
		const struct k8s_nodes_entry *entry = &nodes->entries[i];
		uint64_t other;

		if (entry->state != K8S_NODE_TAKES_PART || strcmp(entry->name, own) == 0)
			continue;
		other = weight_of(entry->name, router);
		better += other > weight || (other == weight && strcmp(entry->name, own) < 0);
	}
	/* Steps of 2 leave room for what a single Service wants (externalTrafficPolicy Local). */
	return better < K8S_NODES_PRIORITY_MAX / 2 - 1
	               ? (uint8_t)(K8S_NODES_PRIORITY_MAX - 2 * better)
	               : 2;
}
