/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/replication_index.h"

#include "lib/mem.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static int compare_to(const struct replication_place *place, const struct addr *address,
                      uint8_t protocol, uint16_t port)
{
	int order = addr_compare(&place->address, address);

	if (order == 0)
		order = place->protocol - protocol;
	return order ? order : place->first - port;
}

static int compare(const void *left, const void *right)
{
	const struct replication_place *b = right;

	return compare_to(left, &b->address, b->protocol, b->first);
}

static size_t router_of(const struct model_snapshot *snapshot, const struct model_router *router)
{
	size_t i = 0;

	while (snapshot->routers[i] != router)
		i++;
	return i;
}

static bool is_foreseeable(const struct model_virtual_server *vs, const struct model_port *port)
{
	return vs->forwarding == MODEL_FORWARD_NAT && port->protocol != MODEL_SCTP &&
	       (vs->snat_mode == MODEL_SNAT_AUTO || vs->snat_mode == MODEL_SNAT_ADDRESS);
}

static struct addr named_for(const struct model_virtual_server *vs, const struct addr *address)
{
	for (size_t i = 0; vs->snat_mode == MODEL_SNAT_ADDRESS && i < vs->snat_address_count; i++) {
		if (vs->snat_addresses[i].family == address->family)
			return vs->snat_addresses[i];
	}
	return (struct addr){0};
}

/* What the same places were known to get, unless they are to get another; both are sorted. */
static void inherit(struct replication_index *index, const struct replication_index *before)
{
	size_t old = 0;

	for (size_t i = 0; i < index->count; i++) {
		struct replication_place *place = &index->places[i];

		while (old < before->count && compare(&before->places[old], place) < 0)
			old++;
		if (old < before->count && compare(&before->places[old], place) == 0 &&
		    place->foreseeable && addr_equal(&before->places[old].named, &place->named))
			place->source = before->places[old].source;
	}
}

void replication_index_build(struct replication_index *index, const struct model_snapshot *snapshot)
{
	struct replication_index before = *index;
	const struct model_router *router = NULL;
	size_t at = 0;

	index->places = xcalloc(snapshot->service_count, sizeof(*index->places));
	index->count = snapshot->service_count;
	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];
		const struct model_port *port = service->port;
		enum model_forwarding forwarding = service->virtual_server->forwarding;
		bool shifted = service->mark && forwarding == MODEL_FORWARD_NAT && port->target;
		uint16_t first = shifted ? port->target : port->first;

		if (service->router != router) {
			router = service->router;
			at = router_of(snapshot, router);
		}
		index->places[i] = (struct replication_place){
			.address = service->address,
			.protocol = (uint8_t)port->protocol,
			.first = first,
			.last = (uint16_t)(first + (port->last - port->first)),
			.virtual_first = port->first,
			.mark = service->mark,
			.forwarding = forwarding,
			.source_nat = forwarding == MODEL_FORWARD_NAT &&
		                      service->virtual_server->snat_mode != MODEL_SNAT_NONE,
			.foreseeable = is_foreseeable(service->virtual_server, port),
			.named = named_for(service->virtual_server, &service->address),
			.persistence_s =
				(uint32_t)(service->virtual_server->persistence_timeout_us /
		                           1000000),
			.router = at,
		};
	}
	if (index->count)
		qsort(index->places, index->count, sizeof(*index->places), compare);
	inherit(index, &before);
	replication_index_done(&before);
}

void replication_index_done(struct replication_index *index)
{
	free(index->places);
	*index = (struct replication_index){0};
}

const struct replication_place *replication_index_find(const struct replication_index *index,
                                                       const struct addr *address, uint8_t protocol,
                                                       uint16_t port)
{
	size_t low = 0, high = index->count;

	/* The last place that does not begin behind it. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_to(&index->places[middle], address, protocol, port) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == 0)
		return NULL;
	const struct replication_place *place = &index->places[low - 1];
	bool there = addr_equal(&place->address, address) && place->protocol == protocol &&
	             port <= place->last;

	return there ? place : NULL;
}

static const struct replication_place *find_mark(const struct replication_index *index,
                                                 uint32_t mark)
{
	for (size_t i = 0; i < index->count; i++) {
		if (index->places[i].mark == mark)
			return &index->places[i];
	}
	return NULL;
}

const struct replication_place *replication_index_find_flow(const struct replication_index *index,
                                                            const struct model_flow *flow)
{
	if (flow->template && flow->mark)
		return find_mark(index, flow->mark);
	return replication_index_find(index, &flow->virtual, flow->protocol, flow->ipvs_port);
}

uint16_t replication_place_virtual_port(const struct replication_place *place, uint16_t seen)
{
	return (uint16_t)(place->virtual_first + (seen - place->first));
}
