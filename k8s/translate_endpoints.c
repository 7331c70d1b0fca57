/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/translate_private.h"
#include "lib/mem.h"

#include <string.h>

/* How good an endpoint is, the better the higher. */
enum grade { GRADE_OUT, GRADE_ENDING, GRADE_READY };

struct candidate {
	struct addr address;
	uint16_t port;
	enum grade grade;
};

static enum grade grade_of(const struct translate_endpoints *endpoints,
                           const struct k8s_endpoint *endpoint)
{
	if (endpoints->publish_not_ready)
		return GRADE_READY;
	if (endpoint->terminating)
		return endpoint->serving ? GRADE_ENDING : GRADE_OUT;
	return endpoint->ready ? GRADE_READY : GRADE_OUT;
}

/* The number of the port in this slice, 0 when it has none of that name. */
static uint16_t number_in(const struct k8s_slice *slice, const struct translate_target *target)
{
	if (target->by == TRANSLATE_BY_NUMBER)
		return target->number;
	for (size_t i = 0; i < slice->port_count; i++) {
		if (slice->ports[i].protocol == target->protocol &&
		    strcmp(slice->ports[i].name, target->name) == 0)
			return slice->ports[i].port;
	}
	return 0;
}

size_t k8s_translate_count(const struct translate_endpoints *endpoints)
{
	size_t count = 0;

	for (size_t i = 0; i < endpoints->slice_count; i++)
		count += endpoints->slices[i]->slice.endpoint_count;
	return count;
}

bool k8s_translate_has_port(const struct translate_endpoints *endpoints, const char *name)
{
	for (size_t i = 0; i < endpoints->slice_count; i++) {
		const struct k8s_slice *slice = &endpoints->slices[i]->slice;

		for (size_t j = 0; j < slice->port_count; j++) {
			if (strcmp(slice->ports[j].name, name) == 0)
				return true;
		}
	}
	return false;
}

static int compare_candidates(const void *left, const void *right)
{
	const struct candidate *a = left, *b = right;
	int order = addr_compare(&a->address, &b->address);

	if (order == 0)
		order = (int)a->port - (int)b->port;
	return order != 0 ? order : (int)b->grade - (int)a->grade;
}

static size_t collect(const struct translate_endpoints *endpoints,
                      const struct translate_target *target, struct candidate *candidates)
{
	size_t count = 0;

	for (size_t i = 0; i < endpoints->slice_count; i++) {
		const struct k8s_slice *slice = &endpoints->slices[i]->slice;
		uint16_t port = number_in(slice, target);

		for (size_t j = 0; j < slice->endpoint_count && port > 0; j++) {
			const struct k8s_endpoint *endpoint = &slice->endpoints[j];
			enum grade grade = grade_of(endpoints, endpoint);

			if (grade == GRADE_OUT ||
			    (endpoints->only_node &&
			     strcmp(endpoints->only_node, endpoint->node) != 0))
				continue;
			candidates[count++] = (struct candidate){endpoint->address, port, grade};
		}
	}
	return count;
}

static bool has_ready(const struct candidate *candidates, size_t count, uint8_t family)
{
	for (size_t i = 0; i < count; i++) {
		if (candidates[i].grade == GRADE_READY && candidates[i].address.family == family)
			return true;
	}
	return false;
}

struct model_real_server *k8s_translate_servers(const struct k8s_translator *translator,
                                                const struct translate_endpoints *endpoints,
                                                const struct translate_target *target,
                                                struct arena *arena, size_t *ret_count)
{
	struct model_real_server *servers;
	struct candidate *candidates;
	struct arena scratch;
	size_t found, count = 0;
	bool ready4, ready6;

	arena_init(&scratch);
	candidates = arena_array(&scratch, k8s_translate_count(endpoints), sizeof(*candidates));
	found = collect(endpoints, target, candidates);
	if (found > 1)
		qsort(candidates, found, sizeof(*candidates), compare_candidates);
	ready4 = has_ready(candidates, found, ADDR_IPV4);
	ready6 = has_ready(candidates, found, ADDR_IPV6);
	servers = arena_array(arena, found, sizeof(*servers));
	for (size_t i = 0; i < found; i++) {
		bool others = candidates[i].address.family == ADDR_IPV6 ? ready6 : ready4;

		/* The best record of an endpoint comes first. */
		if (count > 0 && servers[count - 1].port == candidates[i].port &&
		    addr_equal(&servers[count - 1].address, &candidates[i].address))
			continue;
		servers[count] = translator->defaults.server;
		servers[count].address = candidates[i].address;
		servers[count].port = candidates[i].port;
		servers[count].weight = candidates[i].grade == GRADE_READY || !others;
		count++;
	}
	arena_done(&scratch);
	*ret_count = count;
	return servers;
}

enum translate_local k8s_translate_local(const struct k8s_translator *translator,
                                         const struct translate_endpoints *endpoints)
{
	enum translate_local local = TRANSLATE_LOCAL_NOWHERE;

	for (size_t i = 0; i < endpoints->slice_count; i++) {
		const struct k8s_slice *slice = &endpoints->slices[i]->slice;

		for (size_t j = 0; j < slice->endpoint_count; j++) {
			const struct k8s_endpoint *endpoint = &slice->endpoints[j];
			bool here = strcmp(endpoint->node, translator->node) == 0;

			/* One that can't serve shows at least that its node is meant to. */
			if (here && grade_of(endpoints, endpoint) != GRADE_OUT)
				return TRANSLATE_LOCAL_HERE;
			if (here || k8s_nodes_takes_part(&translator->nodes, endpoint->node))
				local = TRANSLATE_LOCAL_ELSEWHERE;
		}
	}
	return local;
}

void k8s_translate_count_local(const struct k8s_translator *translator,
                               const struct translate_endpoints *endpoints, size_t *counts)
{
	const struct k8s_nodes *nodes = &translator->nodes;
	struct arena scratch;
	bool *seen;

	arena_init(&scratch);
	seen = arena_array(&scratch, nodes->count, sizeof(*seen));
	memset(seen, 0, nodes->count * sizeof(*seen));
	for (size_t i = 0; i < endpoints->slice_count; i++) {
		const struct k8s_slice *slice = &endpoints->slices[i]->slice;

		for (size_t j = 0; j < slice->endpoint_count; j++) {
			const struct k8s_nodes_entry *entry =
				k8s_nodes_find(nodes, slice->endpoints[j].node);

			if (!entry || seen[entry - nodes->entries] ||
			    grade_of(endpoints, &slice->endpoints[j]) == GRADE_OUT)
				continue;
			seen[entry - nodes->entries] = true;
			counts[entry - nodes->entries]++;
		}
	}
	arena_done(&scratch);
}

static size_t count_ready_here(const struct k8s_translator *translator,
                               const struct translate_endpoints *endpoints)
{
	size_t count = 0;

	for (size_t i = 0; i < endpoints->slice_count; i++) {
		const struct k8s_slice *slice = &endpoints->slices[i]->slice;

		for (size_t j = 0; j < slice->endpoint_count; j++)
			count += strcmp(slice->endpoints[j].node, translator->node) == 0 &&
			         grade_of(endpoints, &slice->endpoints[j]) == GRADE_READY;
	}
	return count;
}

struct k8s_health *k8s_translator_health(const struct k8s_translator *translator, size_t *ret_count)
{
	struct k8s_health *healths = xcalloc(translator->local_count + 1, sizeof(*healths));
	const struct translate_entry *entry = translator->entries;
	size_t count = 0;

	/* Asked for at each change: most clusters have none, and none is looked for then. */
	for (size_t left = translator->local_count; left > 0; entry = entry->hh.next) {
		struct translate_endpoints endpoints = {0};

		left -= entry->local;
		if (!entry->local || !entry->good ||
		    entry->good->service.health_check_node_port == 0)
			continue;
		endpoints.publish_not_ready = entry->good->service.publish_not_ready;
		endpoints.slices = k8s_store_slices(translator->store, entry->namespace,
		                                    entry->name, &endpoints.slice_count);
		healths[count++] = (struct k8s_health){entry->good->service.health_check_node_port,
		                                       entry->namespace, entry->name,
		                                       count_ready_here(translator, &endpoints)};
	}
	*ret_count = count;
	return healths;
}
