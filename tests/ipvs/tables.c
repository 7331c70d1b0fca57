/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/ipvs/tables.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

struct addr tables_addr(const char *text)
{
	struct addr addr;
	int err = addr_parse(text, &addr);

	assert(err == 0);
	return addr;
}

void tables_init(struct ipvs_table *table)
{
	ipvs_table_init(table);
	table->services = arena_array(&table->arena, TABLES_SERVICES_MAX, sizeof(*table->services));
}

static struct ipvs_service *add(struct ipvs_table *table, struct ipvs_key key)
{
	struct ipvs_service *service = &table->services[table->service_count++];

	assert(table->service_count <= TABLES_SERVICES_MAX);
	*service = (struct ipvs_service){.key = key, .scheduler = "rr"};
	service->prefix = key.addr.family == ADDR_IPV4 ? 32 : 128;
	service->dests = arena_array(&table->arena, TABLES_DESTS_MAX, sizeof(*service->dests));
	return service;
}

struct ipvs_service *tables_add(struct ipvs_table *table, enum model_protocol protocol,
                                const char *addr, uint16_t port)
{
	const struct ipvs_key key = {
		.addr = tables_addr(addr), .protocol = (uint8_t)protocol, .port = port};
	struct ipvs_service *service = add(table, key);

	service->identity = (struct ipvs_identity){.vip = key.addr,
	                                           .protocol = key.protocol,
	                                           .first_port = port,
	                                           .last_port = port,
	                                           .drain_timeout_us = 300000000,
	                                           .title = "VirtualServer default/web"};
	return service;
}

struct ipvs_service *tables_add_mark(struct ipvs_table *table, uint32_t mark,
                                     enum model_protocol protocol, const char *addr, uint16_t first,
                                     uint16_t last)
{
	const struct addr vip = tables_addr(addr);
	struct ipvs_service *service =
		add(table, (struct ipvs_key){.addr = {.family = vip.family}, .mark = mark});

	service->identity = (struct ipvs_identity){.vip = vip,
	                                           .protocol = (uint8_t)protocol,
	                                           .first_port = first,
	                                           .last_port = last,
	                                           .drain_timeout_us = 300000000,
	                                           .title = "VirtualServer default/media"};
	return service;
}

struct ipvs_dest *tables_add_dest(struct ipvs_service *service, const char *addr, uint16_t port,
                                  uint32_t weight)
{
	struct ipvs_dest *dest = &service->dests[service->dest_count++];

	assert(service->dest_count <= TABLES_DESTS_MAX);
	*dest = (struct ipvs_dest){.addr = tables_addr(addr), .port = port, .weight = weight};
	return dest;
}

/* --- chance --- */

uint64_t tables_next(uint64_t *seed)
{
	/* xorshift64: the same everywhere */
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed >> 11;
}

static unsigned below(uint64_t *seed, unsigned limit)
{
	return (unsigned)(tables_next(seed) % limit);
}

static void random_dest(struct ipvs_service *service, uint64_t *seed)
{
	bool is_tunnel = below(seed, 3) == 0;
	bool is_ipv4 = service->key.addr.family == ADDR_IPV4;
	struct ipvs_dest *dest;
	char text[ADDR_TEXT_SIZE];

	/* tunnels may lead to the other family */
	if (is_tunnel && below(seed, 4) == 0)
		is_ipv4 = !is_ipv4;
	snprintf(text, sizeof(text), is_ipv4 ? "10.78.0.%u" : "2001:db8:78::%u",
	         below(seed, 6) + 1);
	dest = tables_add_dest(service, text, (uint16_t)(8080 + below(seed, 2)), below(seed, 4));
	if (is_tunnel) {
		dest->forwarding = IPVS_FORWARD_TUNNEL;
		dest->tunnel_type = (uint8_t)below(seed, 3);
		if (dest->tunnel_type == MODEL_TUNNEL_GUE)
			dest->tunnel_port = (uint16_t)(6080 + below(seed, 2));
		dest->tunnel_flags = (uint8_t)below(seed, 2);
	} else if (below(seed, 3) == 0) {
		dest->forwarding = IPVS_FORWARD_DIRECT;
	}
	if (below(seed, 4) == 0) {
		dest->upper_threshold = 100 + below(seed, 2);
		dest->lower_threshold = below(seed, 2);
	}
}

static void random_service(struct ipvs_table *table, uint64_t *seed, unsigned hosts)
{
	static const char *const schedulers[] = {"rr", "wlc", "mh"};
	static const enum model_protocol protocols[] = {MODEL_TCP, MODEL_UDP, MODEL_SCTP};
	enum model_protocol protocol = protocols[below(seed, 3)];
	unsigned host = below(seed, hosts) + 1;
	bool is_ipv4 = below(seed, 3) > 0;
	struct ipvs_service *service;
	char text[ADDR_TEXT_SIZE];

	snprintf(text, sizeof(text), is_ipv4 ? "10.77.0.%u" : "2001:db8:77::%u", host);
	if (below(seed, 4) == 0)
		service = tables_add_mark(table, 0x1000 + host, protocol, text, 1000, 1999);
	else
		service = tables_add(table, protocol, text, (uint16_t)(80 + below(seed, 2)));
	snprintf(service->scheduler, sizeof(service->scheduler), "%s", schedulers[below(seed, 3)]);
	if (below(seed, 3) == 0) {
		service->flags |= IPVS_FLAG_PERSISTENT;
		service->timeout_s = 60 + below(seed, 2);
		service->prefix = is_ipv4 ? 24 : 64;
	}
	if (below(seed, 4) == 0)
		service->flags |= IPVS_FLAG_FALLBACK;
	for (unsigned i = below(seed, 8); i > 0; i--)
		random_dest(service, seed);
}

void tables_random(struct ipvs_table *table, uint64_t *seed, unsigned hosts)
{
	tables_init(table);
	for (unsigned i = below(seed, 30); i > 0; i--)
		random_service(table, seed, hosts);
	ipvs_table_sort(table);
}

/* --- a kernel in memory --- */

static bool has_scheduler(const char *name)
{
	static const char *const names[] = {"rr", "wrr", "lc", "wlc", "sh", "mh"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	return false;
}

/* What ip_vs_add_dest and ip_vs_edit_dest check. */
static int check_dest(const struct ipvs_service *service, const struct ipvs_dest *dest)
{
	if (dest->addr.family != service->key.addr.family &&
	    dest->forwarding != IPVS_FORWARD_TUNNEL)
		return EINVAL;
	if (dest->weight > INT_MAX || dest->lower_threshold > dest->upper_threshold)
		return ERANGE;
	if (dest->upper_threshold > INT_MAX ||
	    (dest->tunnel_type == MODEL_TUNNEL_GUE && dest->tunnel_port == 0) ||
	    addr_is_multicast(&dest->addr) || addr_is_unspecified(&dest->addr))
		return EINVAL;
	return 0;
}

static int apply_dest(struct ipvs_service *service, const struct ipvs_op *op)
{
	struct ipvs_dest *there = ipvs_service_find(service, &op->dest->addr, op->dest->port);
	struct ipvs_dest *end = service->dests + service->dest_count;
	int err = 0;

	if (op->kind != IPVS_OP_DEL_DEST)
		err = check_dest(service, op->dest);
	if (err)
		return err;
	if (op->kind == IPVS_OP_ADD_DEST) {
		if (there)
			return EEXIST;
		assert(service->dest_count < TABLES_DESTS_MAX);
		there = &service->dests[service->dest_count++];
		*there = *op->dest;
		there->active = there->inactive = there->persistent = 0;
		return 0;
	}
	if (!there)
		return ENOENT;
	if (op->kind == IPVS_OP_SET_DEST) {
		struct ipvs_dest was = *there;

		*there = *op->dest;
		there->active = was.active;
		there->inactive = was.inactive;
		there->persistent = was.persistent;
		return 0;
	}
	memmove(there, there + 1, (size_t)(end - there - 1) * sizeof(*there));
	service->dest_count--;
	return 0;
}

static int apply_service(struct ipvs_table *kernel, struct ipvs_service *there,
                         const struct ipvs_op *op)
{
	struct ipvs_service *end = kernel->services + kernel->service_count;
	struct ipvs_service *service = there;

	if (op->kind == IPVS_OP_DEL_SERVICE) {
		memmove(there, there + 1, (size_t)(end - there - 1) * sizeof(*there));
		kernel->service_count--;
		return 0;
	}
	if (!has_scheduler(op->service->scheduler))
		return ENOENT;
	if (op->kind == IPVS_OP_ADD_SERVICE)
		service = add(kernel, op->service->key);
	memcpy(service->scheduler, op->service->scheduler, sizeof(service->scheduler));
	memcpy(service->persistence_engine, op->service->persistence_engine,
	       sizeof(service->persistence_engine));
	service->flags = op->service->flags;
	service->timeout_s = op->service->timeout_s;
	service->prefix = op->service->prefix;
	return 0;
}

int tables_apply(struct ipvs_table *kernel, const struct ipvs_op *op)
{
	struct ipvs_service *there = ipvs_table_find(kernel, &op->service->key);
	int err;

	if (op->kind == IPVS_OP_ADD_SERVICE && there)
		return EEXIST;
	if (op->kind != IPVS_OP_ADD_SERVICE && !there)
		return ESRCH;
	assert(there || !op->dest);
	err = op->dest ? apply_dest(there, op) : apply_service(kernel, there, op);
	ipvs_table_sort(kernel);
	return err;
}

void tables_copy(const struct ipvs_table *from, struct ipvs_table *ret_to)
{
	tables_init(ret_to);
	for (size_t i = 0; i < from->service_count; i++) {
		const struct ipvs_service *service = &from->services[i];
		struct ipvs_service *copy = add(ret_to, service->key);
		struct ipvs_dest *dests = copy->dests;

		*copy = *service;
		copy->dests = dests;
		copy->identity = (struct ipvs_identity){0};
		copy->wanted = NULL;
		if (service->dest_count > 0)
			memcpy(dests, service->dests, service->dest_count * sizeof(*dests));
	}
}

bool tables_same(const struct ipvs_table *a, const struct ipvs_table *b)
{
	if (a->service_count != b->service_count)
		return false;
	for (size_t i = 0; i < a->service_count; i++) {
		const struct ipvs_service *left = &a->services[i], *right = &b->services[i];

		if (ipvs_key_compare(&left->key, &right->key) != 0 ||
		    !ipvs_service_same(left, right) || left->dest_count != right->dest_count)
			return false;
		for (size_t j = 0; j < left->dest_count; j++) {
			if (ipvs_dest_compare(&left->dests[j], &right->dests[j]) != 0 ||
			    !ipvs_dest_same(&left->dests[j], &right->dests[j]))
				return false;
		}
	}
	return true;
}

struct ipvs_journal tables_journal(const struct ipvs_table *table)
{
	struct ipvs_journal journal = {0};

	ipvs_journal_extend(&journal, table);
	return journal;
}
