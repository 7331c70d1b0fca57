/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/table.h"

#include "ipvs/scope.h"
#include "lib/endpoint.h"
#include "lib/text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void ipvs_table_init(struct ipvs_table *table)
{
	*table = (struct ipvs_table){0};
	arena_init(&table->arena);
}

void ipvs_table_done(struct ipvs_table *table)
{
	arena_done(&table->arena);
	table->services = NULL;
	table->service_count = 0;
}

/* --- order, search, comparison --- */

static int compare_numbers(uint32_t a, uint32_t b)
{
	return a < b ? -1 : a > b;
}

int ipvs_key_compare(const struct ipvs_key *a, const struct ipvs_key *b)
{
	int order = compare_numbers(a->mark, b->mark);

	/* endpoints have the mark 0 and so come first */
	if (order == 0)
		order = addr_compare(&a->addr, &b->addr);
	if (order == 0)
		order = compare_numbers(a->protocol, b->protocol);
	return order != 0 ? order : compare_numbers(a->port, b->port);
}

int ipvs_dest_compare(const struct ipvs_dest *a, const struct ipvs_dest *b)
{
	int order = addr_compare(&a->addr, &b->addr);

	return order != 0 ? order : compare_numbers(a->port, b->port);
}

static int compare_services(const void *a, const void *b)
{
	const struct ipvs_service *left = a, *right = b;

	return ipvs_key_compare(&left->key, &right->key);
}

static int compare_dests(const void *a, const void *b)
{
	return ipvs_dest_compare(a, b);
}

/* Sorts and drops all but the first of equals; returns how many are left. What is in order already
 * costs one look. */
static size_t sort_unique(void *items, size_t count, size_t size,
                          int (*compare)(const void *a, const void *b))
{
	char *base = items;
	size_t kept = count > 0 ? 1 : 0, i = 1;

	while (i < count && compare(base + (i - 1) * size, base + i * size) < 0)
		i++;
	if (i >= count)
		return count;
	qsort(items, count, size, compare);
	for (i = 1; i < count; i++) {
		if (compare(base + (kept - 1) * size, base + i * size) == 0)
			continue;
		if (kept != i)
			memcpy(base + kept * size, base + i * size, size);
		kept++;
	}
	return kept;
}

void ipvs_service_sort(struct ipvs_service *service)
{
	service->dest_count = sort_unique(service->dests, service->dest_count,
	                                  sizeof(*service->dests), compare_dests);
}

void ipvs_table_sort(struct ipvs_table *table)
{
	table->service_count = sort_unique(table->services, table->service_count,
	                                   sizeof(*table->services), compare_services);
	for (size_t i = 0; i < table->service_count; i++)
		ipvs_service_sort(&table->services[i]);
}

const struct ipvs_service *ipvs_table_at(const struct ipvs_table *table, size_t index)
{
	return index < table->service_count ? &table->services[index] : NULL;
}

struct ipvs_service *ipvs_table_find(const struct ipvs_table *table, const struct ipvs_key *key)
{
	const struct ipvs_service wanted = {.key = *key};

	if (table->service_count == 0)
		return NULL;
	return bsearch(&wanted, table->services, table->service_count, sizeof(*table->services),
	               compare_services);
}

struct ipvs_dest *ipvs_service_find(const struct ipvs_service *service, const struct addr *addr,
                                    uint16_t port)
{
	const struct ipvs_dest wanted = {.addr = *addr, .port = port};

	if (service->dest_count == 0)
		return NULL;
	return bsearch(&wanted, service->dests, service->dest_count, sizeof(*service->dests),
	               compare_dests);
}

void ipvs_table_annotate(struct ipvs_table *table, const struct ipvs_table *from)
{
	size_t j = 0;

	for (size_t i = 0; i < table->service_count; i++) {
		struct ipvs_service *service = &table->services[i];
		int order = -1;

		while (j < from->service_count &&
		       (order = ipvs_key_compare(&from->services[j].key, &service->key)) < 0)
			j++;
		if (j < from->service_count && order == 0 && !service->identity.title) {
			const struct ipvs_identity *identity = &from->services[j].identity;

			service->identity = *identity;
			if (identity->title)
				service->identity.title =
					arena_strdup(&table->arena, identity->title);
		}
	}
}

bool ipvs_service_same(const struct ipvs_service *a, const struct ipvs_service *b)
{
	return strcmp(a->scheduler, b->scheduler) == 0 &&
	       strcmp(a->persistence_engine, b->persistence_engine) == 0 &&
	       (a->flags & IPVS_FLAGS_ALL) == (b->flags & IPVS_FLAGS_ALL) &&
	       a->timeout_s == b->timeout_s && a->prefix == b->prefix;
}

bool ipvs_dest_same(const struct ipvs_dest *a, const struct ipvs_dest *b)
{
	return a->forwarding == b->forwarding && a->weight == b->weight &&
	       a->upper_threshold == b->upper_threshold &&
	       a->lower_threshold == b->lower_threshold && a->tunnel_type == b->tunnel_type &&
	       a->tunnel_port == b->tunnel_port && a->tunnel_flags == b->tunnel_flags;
}

/* --- from the snapshot --- */

struct ipvs_key ipvs_key_of(const struct model_service *service)
{
	struct ipvs_key key = {.addr = {.family = service->address.family}};

	if (service->mark != 0) {
		key.mark = service->mark;
		return key;
	}
	key.addr = service->address;
	key.protocol = (uint8_t)service->port->protocol;
	key.port = service->port->first;
	return key;
}

static const struct model_service *find_mark(const struct model_snapshot *snapshot,
                                             const struct ipvs_key *key)
{
	for (size_t i = 0; i < snapshot->service_count; i++) {
		if (snapshot->services[i].mark == key->mark &&
		    snapshot->services[i].address.family == key->addr.family)
			return &snapshot->services[i];
	}
	return NULL;
}

const struct model_service *ipvs_key_service(const struct model_snapshot *snapshot,
                                             const struct ipvs_key *key)
{
	const struct model_service *service;

	if (key->mark != 0)
		return find_mark(snapshot, key);
	service = model_snapshot_service(snapshot, &key->addr, key->protocol, key->port);
	return service && service->mark == 0 ? service : NULL;
}

static enum ipvs_forwarding forwarding_of(enum model_forwarding forwarding)
{
	switch (forwarding) {
	case MODEL_FORWARD_NAT:
		return IPVS_FORWARD_NAT;
	case MODEL_FORWARD_DIRECT:
		return IPVS_FORWARD_DIRECT;
	case MODEL_FORWARD_TUNNEL:
		return IPVS_FORWARD_TUNNEL;
	}
	return IPVS_FORWARD_NAT;
}

uint16_t ipvs_table_server_port(const struct model_service *service,
                                const struct model_real_server *server)
{
	if (service->virtual_server->forwarding != MODEL_FORWARD_NAT)
		return service->port->first;
	if (server->port != 0)
		return server->port;
	return service->port->target != 0 ? service->port->target : service->port->first;
}

struct ipvs_dest ipvs_table_dest(const struct model_service *service,
                                 const struct model_real_server *server)
{
	struct ipvs_dest dest = {
		.addr = server->address,
		.port = service->mark != 0 ? 0 : ipvs_table_server_port(service, server),
		.forwarding = (uint8_t)forwarding_of(service->virtual_server->forwarding),
		.weight = server->weight,
		.upper_threshold = server->upper_threshold,
		.lower_threshold = server->lower_threshold,
	};

	/* The kernel checks the tunnel's fields even where it doesn't use them. */
	if (dest.forwarding == IPVS_FORWARD_TUNNEL) {
		dest.tunnel_type = (uint8_t)server->tunnel_type;
		if (server->tunnel_type == MODEL_TUNNEL_GUE)
			dest.tunnel_port = server->tunnel_port;
		if (server->tunnel_type != MODEL_TUNNEL_IPIP && server->tunnel_checksum)
			dest.tunnel_flags = IPVS_TUNNEL_CHECKSUM;
	}
	return dest;
}

/* The family of the servers to take: that of the address, or with tunnels any if it has none. */
uint8_t ipvs_table_server_family(const struct model_service *service)
{
	const struct model_virtual_server *vs = service->virtual_server;
	const struct model_real_server *servers;
	uint8_t other = service->address.family;
	size_t count;

	servers = model_port_servers(vs, service->port, &count);
	for (size_t i = 0; i < count; i++) {
		if (servers[i].address.family == service->address.family)
			return service->address.family;
		other = servers[i].address.family;
	}
	return vs->forwarding == MODEL_FORWARD_TUNNEL ? other : service->address.family;
}

size_t ipvs_table_server_count(const struct model_service *service)
{
	const struct model_real_server *servers;
	uint8_t family = ipvs_table_server_family(service);
	size_t count, taken = 0;

	servers = model_port_servers(service->virtual_server, service->port, &count);
	for (size_t i = 0; i < count; i++)
		taken += servers[i].address.family == family;
	return taken;
}

struct drained {
	bool (*drained)(const void *ctx, const struct addr *addr, uint16_t port);
	const void *ctx;
};

static void build_dests(struct arena *arena, const struct model_service *wanted,
                        const struct drained *drained, struct ipvs_service *service)
{
	const struct model_real_server *servers;
	uint8_t family = ipvs_table_server_family(wanted);
	size_t count;

	servers = model_port_servers(wanted->virtual_server, wanted->port, &count);
	service->dests = arena_room(arena, count * sizeof(*service->dests));
	for (size_t i = 0; i < count; i++) {
		const struct model_real_server *server = &servers[i];
		struct ipvs_dest dest;

		if (server->address.family != family)
			continue;
		dest = ipvs_table_dest(wanted, server);
		if (drained->drained && drained->drained(drained->ctx, &server->address,
		                                         ipvs_table_server_port(wanted, server)))
			dest.weight = 0;
		service->dests[service->dest_count++] = dest;
	}
}

static uint32_t flags_of(const struct model_service *wanted)
{
	const struct model_port *port = wanted->port;
	uint32_t flags = 0;

	if (wanted->virtual_server->persistence_timeout_us > 0)
		flags |= IPVS_FLAG_PERSISTENT;
	if (port->one_packet && port->protocol == MODEL_UDP)
		flags |= IPVS_FLAG_ONE_PACKET;
	if (port->sh_fallback)
		flags |= IPVS_FLAG_FALLBACK;
	if (port->sh_port)
		flags |= IPVS_FLAG_PORT;
	return flags;
}

static void build_service(struct arena *arena, const struct model_service *wanted,
                          const struct drained *drained, const char *title,
                          struct ipvs_service *service)
{
	const struct model_virtual_server *vs = wanted->virtual_server;
	bool is_ipv4 = wanted->address.family == ADDR_IPV4;

	service->key = ipvs_key_of(wanted);
	text_join(service->scheduler, sizeof(service->scheduler), &wanted->port->scheduler, 1);
	service->flags = flags_of(wanted);
	service->prefix = is_ipv4 ? 32 : 128;
	if (service->flags & IPVS_FLAG_PERSISTENT) {
		/* whole seconds by contract; the least the kernel can count is one */
		service->timeout_s = (uint32_t)(vs->persistence_timeout_us / 1000000);
		if (service->timeout_s == 0)
			service->timeout_s = 1;
		service->prefix = is_ipv4 ? vs->persistence_prefix4 : vs->persistence_prefix6;
	}
	service->identity = (struct ipvs_identity){
		.vip = wanted->address,
		.protocol = (uint8_t)wanted->port->protocol,
		.first_port = wanted->port->first,
		.last_port = wanted->port->last,
		.drain_timeout_us = vs->drain_timeout_us,
		.title = title,
	};
	service->wanted = wanted;
	build_dests(arena, wanted, drained, service);
}

void ipvs_table_build(const struct model_snapshot *snapshot, const struct ipvs_scope *scope,
                      bool (*drained)(const void *ctx, const struct addr *addr, uint16_t port),
                      const void *ctx, struct ipvs_table *ret_table)
{
	size_t count = scope ? scope->count : snapshot->service_count;
	const struct model_virtual_server *last = NULL;
	const struct drained drains = {drained, ctx};
	char text[MODEL_OBJECT_TEXT_SIZE];
	const char *title = "";

	ipvs_table_init(ret_table);
	ret_table->services = arena_array(&ret_table->arena, count, sizeof(*ret_table->services));
	for (size_t i = 0; i < count; i++) {
		const struct model_service *wanted =
			scope ? ipvs_key_service(snapshot, &scope->keys[i])
			      : &snapshot->services[i];

		if (!wanted || wanted->refusal)
			continue;
		/* neighbours often belong to one virtual server: one copy of its title will do */
		if (wanted->virtual_server != last)
			title = arena_strdup(
				&ret_table->arena,
				model_virtual_server_title(wanted->virtual_server, text));
		last = wanted->virtual_server;
		build_service(&ret_table->arena, wanted, &drains, title,
		              &ret_table->services[ret_table->service_count++]);
	}
	ipvs_table_sort(ret_table);
}

/* --- text --- */

const char *ipvs_forwarding_name(enum ipvs_forwarding forwarding)
{
	switch (forwarding) {
	case IPVS_FORWARD_NAT:
		return "nat";
	case IPVS_FORWARD_LOCAL:
		return "local";
	case IPVS_FORWARD_TUNNEL:
		return "tunnel";
	case IPVS_FORWARD_DIRECT:
		return "direct";
	case IPVS_FORWARD_BYPASS:
		return "bypass";
	}
	return "unknown";
}

static const char *protocol_name(uint8_t protocol)
{
	switch (protocol) {
	case MODEL_TCP:
	case MODEL_UDP:
	case MODEL_SCTP:
		return model_protocol_name((enum model_protocol)protocol);
	default: /* not our enum: whatever somebody gave the kernel */
		return "IP";
	}
}

const char *ipvs_key_format(const struct ipvs_key *key, char buf[static IPVS_TEXT_SIZE])
{
	char text[ENDPOINT_TEXT_SIZE];

	if (key->mark != 0)
		snprintf(buf, IPVS_TEXT_SIZE, "FWM 0x%x (%s)", key->mark,
		         key->addr.family == ADDR_IPV6 ? "IPv6" : "IPv4");
	else
		snprintf(buf, IPVS_TEXT_SIZE, "%s %s%s", protocol_name(key->protocol),
		         endpoint_format(&key->addr, key->port, text), key->port == 0 ? ":0" : "");
	return buf;
}

const char *ipvs_service_format(const struct ipvs_service *service, char buf[static IPVS_TEXT_SIZE])
{
	const struct ipvs_identity *identity = &service->identity;
	char text[ENDPOINT_TEXT_SIZE];

	if (service->key.mark == 0 || identity->vip.family == ADDR_NONE)
		return ipvs_key_format(&service->key, buf);
	snprintf(buf, IPVS_TEXT_SIZE, "%s %s-%u (mark 0x%x)", protocol_name(identity->protocol),
	         endpoint_format(&identity->vip, identity->first_port, text), identity->last_port,
	         service->key.mark);
	return buf;
}

const char *ipvs_dest_format(const struct ipvs_dest *dest, char buf[static IPVS_TEXT_SIZE])
{
	char text[ENDPOINT_TEXT_SIZE];

	snprintf(buf, IPVS_TEXT_SIZE, "%s", endpoint_format(&dest->addr, dest->port, text));
	return buf;
}
