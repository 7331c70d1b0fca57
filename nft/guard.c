/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets first, then the rules that look into those that have elements. What is wanted twice, by two
 * routers, stays as long as either wants it. */

#include "nft/guard.h"

#include "lib/mono.h"
#include "model/floating.h"
#include "nft/draft.h"
#include "nft/key.h"
#include "nft/ruleset.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>
#include <stdlib.h>
#include <string.h>

/* After connection tracking (-200), before anything that rewrites. */
#define PRIORITY (-150)

enum guard_set {
	SET_SERVICES,      /* address . TCP port with source NAT */
	SET_MARKS,         /* marks of TCP port ranges with source NAT */
	SET_SOURCES,       /* addresses of source NAT */
	SET_SERVERS,       /* address . protocol . port of servers that answer to those */
	SET_SERVER_RANGES, /* the same of port ranges */
	SET_BARE,          /* ... of servers that answer to the clients themselves */
	SET_BARE_RANGES,
	SET_ADDRESSES, /* in whose name this machine says nothing */
	SET_COUNT,
};

static const struct family {
	uint32_t number;
	enum nft_field saddr, daddr;
	const char *names[SET_COUNT];
} families[] = {
	{NFPROTO_IPV4,
         NFT_FIELD_IP_SADDR,
         NFT_FIELD_IP_DADDR,
         {"services4", "marks", "sources4", "servers4", "server_ranges4", "bare4", "bare_ranges4",
          "addresses4"}},
	{NFPROTO_IPV6,
         NFT_FIELD_IP6_SADDR,
         NFT_FIELD_IP6_DADDR,
         {"services6", "marks", "sources6", "servers6", "server_ranges6", "bare6", "bare_ranges6",
          "addresses6"}},
};
#define FAMILIES LT_ARRAY_SIZE(families)

/* A set's parts after the address. */
static const enum nft_type parts_of[SET_COUNT][2] = {
	[SET_SERVICES] = {NFT_TYPE_INET_SERVICE},
	[SET_SERVERS] = {NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
	[SET_SERVER_RANGES] = {NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
	[SET_BARE] = {NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
	[SET_BARE_RANGES] = {NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
};

struct guard {
	struct nft_draft draft;
	const struct model_snapshot *snapshot;
	size_t sets[FAMILIES][SET_COUNT]; /* index + 1; 0: not there */
	uint64_t timeout_ms;              /* of what is being added */
};

/* --- elements --- */

static size_t find_set(struct guard *g, unsigned family, enum guard_set which)
{
	enum nft_type parts[NFT_KEY_PARTS_MAX] = {NFT_TYPE_MARK};
	struct nft_set *set;

	if (which == SET_MARKS)
		family = 0;
	if (g->sets[family][which] == 0) {
		if (which != SET_MARKS) {
			parts[0] = family == 0 ? NFT_TYPE_IPV4_ADDR : NFT_TYPE_IPV6_ADDR;
			parts[1] = parts_of[which][0];
			parts[2] = parts_of[which][1];
		}
		g->sets[family][which] = 1 + nft_draft_set(&g->draft, families[family].names[which],
		                                           parts, NFT_TYPE_NONE);
		set = &g->draft.table->sets[g->sets[family][which] - 1];
		set->expiring = true;
		set->interval = which == SET_SERVER_RANGES || which == SET_BARE_RANGES;
	}
	return g->sets[family][which] - 1;
}

static struct nft_element *add(struct guard *g, const struct addr *address, enum guard_set which)
{
	unsigned family = address->family == ADDR_IPV6 ? 1 : 0;
	struct nft_element *element = nft_draft_element(&g->draft, find_set(g, family, which));

	element->timeout_ms = g->timeout_ms;
	return element;
}

static void add_address(struct guard *g, const struct addr *address, enum guard_set which)
{
	struct nft_key key = nft_key_at(add(g, address, which)->key);

	nft_key_address(&key, address);
}

static void put_endpoint(uint8_t *bytes, const struct addr *address, enum model_protocol protocol,
                         uint16_t port)
{
	struct nft_key key = nft_key_at(bytes);

	nft_key_address(&key, address);
	nft_key_protocol(&key, protocol);
	nft_key_port(&key, port);
}

/* A server's port, or the row of ports that its range has there. */
static void add_server(struct guard *g, const struct model_service *it,
                       const struct model_real_server *server, bool bare)
{
	const struct model_port *port = it->port;
	uint16_t first = server->port ? server->port : port->target ? port->target : port->first;
	uint32_t last = (uint32_t)first + (port->last - port->first);
	struct nft_element *element;

	if (it->mark == 0) {
		element = add(g, &server->address, bare ? SET_BARE : SET_SERVERS);
		put_endpoint(element->key, &server->address, port->protocol, first);
		return;
	}
	element = add(g, &server->address, bare ? SET_BARE_RANGES : SET_SERVER_RANGES);
	put_endpoint(element->key, &server->address, port->protocol, first);
	put_endpoint(element->key_end, &server->address, port->protocol,
	             last > UINT16_MAX ? UINT16_MAX : (uint16_t)last);
}

static void add_source(struct guard *g, const struct addr *address)
{
	add_address(g, address, SET_SOURCES);
	add_address(g, address, SET_ADDRESSES);
}

/* Which addresses clients of this service may get: as nft/ruleset_service.c chooses. */
static void add_sources(struct guard *g, const struct model_service *it)
{
	const struct model_virtual_server *vs = it->virtual_server;
	enum addr_family family = (enum addr_family)it->address.family;
	const struct model_floating *floating;
	size_t count;

	for (size_t i = 0; vs->snat_mode == MODEL_SNAT_ADDRESS && i < vs->snat_address_count; i++) {
		if (vs->snat_addresses[i].family != family)
			continue;
		add_source(g, &vs->snat_addresses[i]);
		return;
	}
	add_source(g, &it->address);
	floating = model_floating_of(g->snapshot, it->router, &count);
	for (size_t i = 0; i < count; i++) {
		if (floating[i].address->prefix.addr.family == family)
			add_source(g, &floating[i].address->prefix.addr);
	}
}

static void add_service(struct guard *g, const struct model_service *it)
{
	bool bare = it->virtual_server->snat_mode == MODEL_SNAT_NONE;
	const struct model_real_server *servers;
	struct nft_element *element;
	struct nft_key key;
	size_t count;

	/* Flows with the node's own address as their source can't be carried on: no use in waiting.
	 */
	if (it->virtual_server->forwarding == MODEL_FORWARD_NAT &&
	    it->virtual_server->snat_mode == MODEL_SNAT_MASQUERADE)
		return;
	add_address(g, &it->address, SET_ADDRESSES);
	if (it->virtual_server->forwarding != MODEL_FORWARD_NAT)
		return;
	servers = model_port_servers(it->virtual_server, it->port, &count);
	for (size_t i = 0; i < count; i++) {
		if (servers[i].address.family == it->address.family)
			add_server(g, it, &servers[i], bare);
	}
	if (bare)
		return;
	add_sources(g, it);
	if (it->port->protocol != MODEL_TCP)
		return;
	element = add(g, &it->address, it->mark == 0 ? SET_SERVICES : SET_MARKS);
	key = nft_key_at(element->key);
	if (it->mark != 0) {
		nft_key_mark(&key, it->mark);
	} else {
		nft_key_address(&key, &it->address);
		nft_key_port(&key, it->port->first);
	}
}

/* By key; of one key the one that stays longest comes first. */
static int compare_elements(const void *a, const void *b)
{
	const struct nft_element *x = a, *y = b;
	uint64_t left = x->timeout_ms - 1, right = y->timeout_ms - 1; /* for good is longest */
	int order = memcmp(x->key, y->key, sizeof(x->key));

	return order != 0 ? order : left == right ? 0 : left > right ? -1 : 1;
}

/* Ranges of one server that overlap would be refused: they become one. */
static bool joins(struct nft_element *kept, const struct nft_element *next, bool interval)
{
	if (!interval || memcmp(kept->key_end, next->key, sizeof(kept->key_end)) < 0)
		return memcmp(kept->key, next->key, sizeof(kept->key)) == 0;
	if (memcmp(kept->key_end, next->key_end, sizeof(kept->key_end)) < 0)
		memcpy(kept->key_end, next->key_end, sizeof(kept->key_end));
	if (kept->timeout_ms - 1 < next->timeout_ms - 1)
		kept->timeout_ms = next->timeout_ms;
	return true;
}

static void join_elements(struct nft_set *set)
{
	size_t kept = 0;

	qsort(set->elements, set->element_count, sizeof(*set->elements), compare_elements);
	for (size_t i = 0; i < set->element_count; i++) {
		if (kept > 0 && joins(&set->elements[kept - 1], &set->elements[i], set->interval))
			continue;
		set->elements[kept++] = set->elements[i];
	}
	set->element_count = kept;
}

/* --- rules --- */

static const char *name_of(const struct guard *g, unsigned family, enum guard_set which)
{
	if (which == SET_MARKS)
		family = 0;
	return g->sets[family][which] != 0 ? families[family].names[which] : NULL;
}

static void add_rule(struct guard *g, size_t chain, enum nft_counter counter,
                     const struct nft_op *ops, size_t count)
{
	struct nft_rule *rule = nft_draft_rule(&g->draft, chain);

	rule->counter = counter;
	rule->ops = arena_memdup(&g->draft.table->arena, ops, count * sizeof(*ops));
	rule->op_count = count;
}

#define RULE(g, chain, counter, ...)                                      \
	add_rule(g, chain, counter, (const struct nft_op[]){__VA_ARGS__}, \
	         LT_ARRAY_SIZE(((const struct nft_op[]){__VA_ARGS__})))
#define STALLED  NFT_COUNTER_GUARD_STALLED
#define SILENCED NFT_COUNTER_GUARD_SILENCED

/* Of clients. */
static void stall_clients(struct guard *g, size_t chain, unsigned f)
{
	const char *services = name_of(g, f, SET_SERVICES), *marks = name_of(g, f, SET_MARKS);

	if (services)
		RULE(g, chain, STALLED,
		     nft_op_look2(NFT_OP_IN_SET, services, families[f].daddr, NFT_FIELD_TCP_DPORT),
		     nft_op_plain(NFT_OP_TCP_MIDSTREAM), nft_op_plain(NFT_OP_UNKNOWN_FLOW),
		     nft_op_plain(NFT_OP_DROP));
	if (marks && f == 0)
		RULE(g, chain, STALLED, nft_op_look1(NFT_OP_IN_SET, marks, NFT_FIELD_MARK),
		     nft_op_plain(NFT_OP_TCP_MIDSTREAM), nft_op_plain(NFT_OP_UNKNOWN_FLOW),
		     nft_op_plain(NFT_OP_DROP));
}

/* Of servers. To begin something they send a SYN over TCP, and over UDP use another port than the
 * one they serve. What is not for an address that this machine has by now goes on to who has it: at
 * a planned handover neighbours know of the move a little before the kernel does, and who leaves
 * still knows the flow. */
static void stall_servers(struct guard *g, size_t chain, unsigned f, enum guard_set which,
                          const char *sources)
{
	struct nft_op tcp[7], udp[6];
	size_t head = 0;

	if (!name_of(g, f, which))
		return;
	if (sources)
		tcp[head++] = nft_op_look1(NFT_OP_IN_SET, sources, families[f].daddr);
	tcp[head++] = (struct nft_op){
		.kind = NFT_OP_IN_SET,
		.name = name_of(g, f, which),
		.fields = {families[f].saddr, NFT_FIELD_L4PROTO, NFT_FIELD_TH_SPORT},
		.field_count = 3,
	};
	if (sources)
		tcp[head++] = nft_op_plain(NFT_OP_LOCAL_DESTINATION);
	memcpy(udp, tcp, head * sizeof(*tcp));
	udp[head] = nft_op_valued(NFT_OP_PROTOCOL, IPPROTO_UDP);
	udp[head + 1] = nft_op_plain(NFT_OP_UNKNOWN_FLOW);
	udp[head + 2] = nft_op_plain(NFT_OP_DROP);
	tcp[head] = nft_op_valued(NFT_OP_PROTOCOL, IPPROTO_TCP);
	tcp[head + 1] = nft_op_plain(NFT_OP_TCP_MIDSTREAM);
	tcp[head + 2] = nft_op_plain(NFT_OP_UNKNOWN_FLOW);
	tcp[head + 3] = nft_op_plain(NFT_OP_DROP);
	add_rule(g, chain, STALLED, tcp, head + 4);
	add_rule(g, chain, STALLED, udp, head + 3);
}

static void silence(struct guard *g, size_t chain, unsigned f)
{
	const char *addresses = name_of(g, f, SET_ADDRESSES);

	if (!addresses)
		return;
	RULE(g, chain, SILENCED, nft_op_look1(NFT_OP_IN_SET, addresses, families[f].saddr),
	     nft_op_plain(NFT_OP_TCP_RESET), nft_op_plain(NFT_OP_DROP));
	RULE(g, chain, SILENCED, nft_op_look1(NFT_OP_IN_SET, addresses, families[f].saddr),
	     nft_op_valued(NFT_OP_UNREACHABLE, families[f].number), nft_op_plain(NFT_OP_DROP));
}

static size_t add_chain(struct guard *g, const char *name, uint32_t hook)
{
	size_t chain = nft_draft_chain(&g->draft, name);

	nft_draft_chain_hook(&g->draft, chain, "filter", hook, PRIORITY);
	return chain;
}

/* Packets of others to where only ours may go. What is sent there by multicast comes in again: who
 * looks at what comes in by that interface sees all of it and nothing else. Where the kernel can't,
 * every packet that leaves this machine comes by, those of the flows that it balances among them:
 * the port is looked at first, which is all that most of them cost. */
static void keep_private(struct guard *g, const struct nft_guard_private *private)
{
	static const enum nft_type interface[NFT_KEY_PARTS_MAX] = {NFT_TYPE_IFNAME};
	static const enum nft_type port[NFT_KEY_PARTS_MAX] = {NFT_TYPE_INET_SERVICE};
	static const enum nft_type mark[NFT_KEY_PARTS_MAX] = {NFT_TYPE_MARK};
	size_t set = nft_draft_set(&g->draft, "private_ports", port, NFT_TYPE_NONE), chain;
	struct nft_key key = nft_key_at(nft_draft_element(&g->draft, set)->key);

	nft_key_port(&key, private->port);
	set = nft_draft_set(&g->draft, "private_marks", mark, NFT_TYPE_NONE);
	key = nft_key_at(nft_draft_element(&g->draft, set)->key);
	nft_key_mark(&key, private->mark);
	if (!private->no_ingress) {
		chain = nft_draft_chain(&g->draft, "private");
		nft_draft_chain_ingress(&g->draft, chain, private->interface, PRIORITY);
		RULE(g, chain, NFT_COUNTER_GUARD_PRIVATE,
		     nft_op_look1(NFT_OP_IN_SET, "private_ports", NFT_FIELD_UDP_DPORT),
		     nft_op_look1(NFT_OP_NOT_IN_SET, "private_marks", NFT_FIELD_MARK),
		     nft_op_plain(NFT_OP_DROP));
		return;
	}
	set = nft_draft_set(&g->draft, "private", interface, NFT_TYPE_NONE);
	key = nft_key_at(nft_draft_element(&g->draft, set)->key);
	nft_key_interface(&key, private->interface);
	chain = add_chain(g, "private_output", NF_INET_LOCAL_OUT);
	RULE(g, chain, NFT_COUNTER_GUARD_PRIVATE,
	     nft_op_look1(NFT_OP_IN_SET, "private_ports", NFT_FIELD_UDP_DPORT),
	     nft_op_look1(NFT_OP_IN_SET, "private", NFT_FIELD_OIFNAME),
	     nft_op_look1(NFT_OP_NOT_IN_SET, "private_marks", NFT_FIELD_MARK),
	     nft_op_plain(NFT_OP_DROP));
}

/* Before anybody's packets: not on a node that guards nothing, where it would be a hook more for
 * each of them. */
static void add_stalling(struct guard *g)
{
	size_t chain = add_chain(g, "prerouting", NF_INET_PRE_ROUTING);

	for (unsigned f = 0; f < FAMILIES; f++) {
		const char *sources = name_of(g, f, SET_SOURCES);

		stall_clients(g, chain, f);
		stall_servers(g, chain, f, SET_SERVERS, sources);
		stall_servers(g, chain, f, SET_SERVER_RANGES, sources);
		stall_servers(g, chain, f, SET_BARE, NULL);
		stall_servers(g, chain, f, SET_BARE_RANGES, NULL);
	}
}

static void add_silencing(struct guard *g)
{
	size_t chain = add_chain(g, "output", NF_INET_LOCAL_OUT);

	for (unsigned f = 0; f < FAMILIES; f++)
		silence(g, chain, f);
}

static void add_rules(struct guard *g, const struct nft_guard_private *private)
{
	if (g->draft.table->set_count > 0) {
		add_stalling(g);
		add_silencing(g);
	}
	if (private)
		keep_private(g, private);
}

/* --- the whole --- */

static void add_router(struct guard *g, const struct nft_guard_router *guarded, int64_t now_us)
{
	if (guarded->until_us <= now_us)
		return;
	g->timeout_ms = 0;
	if (guarded->until_us != TIME_NEVER)
		g->timeout_ms = (uint64_t)(guarded->until_us - now_us + 999) / 1000;
	for (size_t i = 0; i < g->snapshot->service_count; i++) {
		if (g->snapshot->services[i].router == guarded->router)
			add_service(g, &g->snapshot->services[i]);
	}
}

struct nft_table *nft_guard_build(const struct model_snapshot *snapshot,
                                  const struct nft_guard_router *routers, size_t count,
                                  const struct nft_guard_private *private, int64_t now_us)
{
	struct guard g = {.snapshot = snapshot};
	struct nft_table *table;

	nft_draft_init(&g.draft);
	g.draft.table->name = NFT_GUARD_TABLE_NAME;
	for (size_t i = 0; i < count; i++)
		add_router(&g, &routers[i], now_us);
	for (size_t i = 0; i < g.draft.table->set_count; i++)
		join_elements(&g.draft.table->sets[i]);
	if (g.draft.table->set_count > 0 || private)
		add_rules(&g, private);
	table = nft_draft_finish(&g.draft);
	table->present = table->chain_count > 0;
	nft_ruleset_word(table);
	return table;
}
