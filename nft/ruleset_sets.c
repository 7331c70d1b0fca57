/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The snapshot's services, one after the other, become elements. Services on one address and
 * protocol stand side by side (the snapshot is sorted), which is all that port shifting must know
 * of others. */

#include "nft/ruleset_sets.h"

#include "lib/wire.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- the sets there can be --- */

struct kind {
	const char *name;
	bool by_family;
	bool by_protocol;
	bool interval;
	enum nft_type parts[NFT_KEY_PARTS_MAX]; /* IPV4_ADDR stands for the set's family */
	enum nft_type data;
};

#define ADDRESS NFT_TYPE_IPV4_ADDR

static const struct kind kinds[NFT_SET_KIND_COUNT] = {
	[NFT_SET_VIPS] = {"vips", true, .parts = {ADDRESS}},
	[NFT_SET_SERVED] = {"served", true,
                            .parts = {ADDRESS, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE}},
	[NFT_SET_RESTRICTED] = {"restricted", true,
                                .parts = {ADDRESS, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
                                .data = NFT_TYPE_VERDICT},
	[NFT_SET_RANGES] = {"ranges", true, .interval = true,
                            .parts = {ADDRESS, NFT_TYPE_INET_PROTO, NFT_TYPE_INET_SERVICE},
                            .data = NFT_TYPE_MARK},
	[NFT_SET_RANGE_MARKS] = {"range_marks", .parts = {NFT_TYPE_MARK}},
	[NFT_SET_RESTRICTED_MARKS] = {"restricted_marks", .parts = {NFT_TYPE_MARK},
                                      .data = NFT_TYPE_VERDICT},
	[NFT_SET_SHIFTED_MARKS] = {"shifted_marks", .parts = {NFT_TYPE_MARK}},
	[NFT_SET_SHIFTED_VIPS] = {"shifted_vips", true, .parts = {ADDRESS}},
	[NFT_SET_SHIFT] = {"shift_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                           .data = NFT_TYPE_INET_SERVICE},
	[NFT_SET_UNSHIFT] = {"unshift_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                             .data = NFT_TYPE_INET_SERVICE},
	[NFT_SET_NAT] = {"source_nat_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                         .data = NFT_TYPE_VERDICT},
	[NFT_SET_NAT_MARKS] = {"source_nat_marks", .parts = {NFT_TYPE_MARK},
                               .data = NFT_TYPE_VERDICT},
	[NFT_SET_FLOATING] = {"floating", true, .parts = {ADDRESS, NFT_TYPE_IFNAME},
                              .data = ADDRESS},
	[NFT_SET_FIXED] = {"fixed_", true, true, .parts = {ADDRESS, NFT_TYPE_INET_SERVICE},
                           .data = ADDRESS},
	[NFT_SET_FIXED_MARKS] = {"fixed_marks", true, .parts = {NFT_TYPE_MARK}, .data = ADDRESS},
	[NFT_SET_HAIRPINS] = {"hairpins", .parts = {NFT_TYPE_IFNAME, NFT_TYPE_IFNAME}},
	[NFT_SET_UNACCEPTED] = {"unaccepted", true, .parts = {ADDRESS}},
};

static enum nft_type for_family(enum nft_type type, unsigned family)
{
	return type == ADDRESS && family == NFT_FAMILY_6 ? NFT_TYPE_IPV6_ADDR : type;
}

/* Makes the set when it isn't there yet. */
static size_t need_set(struct nft_ruleset_sets *sets, enum nft_ruleset_set which, unsigned family,
                       unsigned protocol)
{
	static const char *const protocols[] = {"tcp", "udp", "sctp"};
	const struct kind *kind = &kinds[which];
	enum nft_type parts[NFT_KEY_PARTS_MAX];
	char name[32];
	size_t index;

	family = kind->by_family ? family : 0;
	protocol = kind->by_protocol ? protocol : 0;
	if (sets->names[which][family][protocol])
		return sets->indices[which][family][protocol];
	for (unsigned i = 0; i < NFT_KEY_PARTS_MAX; i++)
		parts[i] = for_family(kind->parts[i], family);
	snprintf(name, sizeof(name), "%s%s%s", kind->name,
	         kind->by_protocol ? protocols[protocol] : "",
	         !kind->by_family         ? ""
	         : family == NFT_FAMILY_4 ? "4"
	                                  : "6");
	index = nft_draft_set(&sets->draft, name, parts, for_family(kind->data, family));
	sets->draft.table->sets[index].interval = kind->interval;
	sets->indices[which][family][protocol] = index;
	/* The name lives in the table's arena; the array of sets may still move. */
	sets->names[which][family][protocol] = sets->draft.table->sets[index].name;
	return index;
}

const char *nft_ruleset_sets_name(const struct nft_ruleset_sets *sets, enum nft_ruleset_set which,
                                  unsigned family, unsigned protocol)
{
	return sets->names[which][kinds[which].by_family ? family : 0]
	                  [kinds[which].by_protocol ? protocol : 0];
}

const char *nft_ruleset_sets_chain(size_t list, char buf[static NFT_SOURCES_NAME_SIZE])
{
	snprintf(buf, NFT_SOURCES_NAME_SIZE, "sources_%zu", list + 1);
	return buf;
}

const char *nft_ruleset_sets_ranges(size_t list, unsigned family,
                                    char buf[static NFT_SOURCES_NAME_SIZE])
{
	snprintf(buf, NFT_SOURCES_NAME_SIZE, "sources_%zu_%s", list + 1,
	         family == NFT_FAMILY_4 ? "ipv4" : "ipv6");
	return buf;
}

/* --- keys --- */

/* Parts of a key or a value, written one after the other, each at a multiple of four bytes. */
struct key {
	uint8_t *bytes;
	size_t at;
};

static struct key key_at(uint8_t *bytes)
{
	return (struct key){.bytes = bytes, .at = 0};
}

static void put_bytes(struct key *key, const void *bytes, size_t size)
{
	memcpy(key->bytes + key->at, bytes, size);
	key->at += (size + 3) / 4 * 4;
}

static void put_address(struct key *key, const struct addr *address)
{
	put_bytes(key, address->bytes, addr_size(address));
}

static void put_port(struct key *key, uint16_t port)
{
	const uint8_t bytes[2] = {(uint8_t)(port >> 8), (uint8_t)port};

	put_bytes(key, bytes, sizeof(bytes));
}

static void put_protocol(struct key *key, enum model_protocol protocol)
{
	const uint8_t byte = (uint8_t)protocol;

	put_bytes(key, &byte, 1);
}

static void put_mark(struct key *key, uint32_t mark)
{
	put_bytes(key, &mark, sizeof(mark));
}

static void put_interface(struct key *key, const char *name)
{
	char bytes[IF_NAMESIZE] = {0};

	strncpy(bytes, name, sizeof(bytes) - 1);
	put_bytes(key, bytes, sizeof(bytes));
}

/* --- one service --- */

struct service {
	struct nft_ruleset_sets *sets;
	const struct model_service *it;
	const struct model_virtual_server *vs;
	unsigned family;
	unsigned protocol;
};

static struct nft_element *add(const struct service *s, enum nft_ruleset_set which)
{
	size_t set = need_set(s->sets, which, s->family, s->protocol);

	return nft_draft_element(&s->sets->draft, set);
}

static void add_address(const struct service *s, enum nft_ruleset_set which)
{
	struct key key = key_at(add(s, which)->key);

	put_address(&key, &s->it->address);
}

static struct nft_element *add_address_port(const struct service *s, enum nft_ruleset_set which,
                                            uint16_t port)
{
	struct nft_element *element = add(s, which);
	struct key key = key_at(element->key);

	put_address(&key, &s->it->address);
	put_port(&key, port);
	return element;
}

static struct nft_element *add_mark(const struct service *s, enum nft_ruleset_set which)
{
	struct nft_element *element = add(s, which);
	struct key key = key_at(element->key);

	put_mark(&key, s->it->mark);
	return element;
}

static void put_endpoint(struct key *key, const struct service *s, uint16_t port)
{
	put_address(key, &s->it->address);
	put_protocol(key, s->it->port->protocol);
	put_port(key, port);
}

static struct nft_element *add_endpoint(const struct service *s, enum nft_ruleset_set which)
{
	struct nft_element *element = add(s, which);
	struct key key = key_at(element->key);

	put_endpoint(&key, s, s->it->port->first);
	return element;
}

/* "namespace/name", for people who list the table. */
static const char *comment_of(const struct service *s)
{
	char comment[NFT_COMMENT_SIZE];

	snprintf(comment, sizeof(comment), "%s/%s", s->vs->namespace, s->vs->name);
	return arena_strdup(&s->sets->draft.table->arena, comment);
}

static void note(const struct service *s, const char *fmt, ...) LT_PRINTF(2, 3);
static void note(const struct service *s, const char *fmt, ...)
{
	char title[MODEL_OBJECT_TEXT_SIZE], address[ADDR_TEXT_SIZE], what[256];
	struct text text = {0};
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof(what), fmt, args);
	va_end(args);
	text_printf(&text, "%s: %s port %u", model_virtual_server_title(s->vs, title),
	            addr_format(&s->it->address, address), s->it->port->first);
	if (s->it->port->last != s->it->port->first)
		text_printf(&text, "-%u", s->it->port->last);
	text_printf(&text, " (%s): %s", model_protocol_name(s->it->port->protocol), what);
	nft_draft_note(&s->sets->draft, text_str(&text));
	text_done(&text);
}

/* --- source ranges --- */

static void lead_to_sources(const struct service *s, struct nft_element *element, size_t list,
                            enum nft_verdict verdict)
{
	char name[NFT_SOURCES_NAME_SIZE];

	element->verdict = verdict;
	element->chain =
		arena_strdup(&s->sets->draft.table->arena, nft_ruleset_sets_chain(list, name));
}

static void restrict_sources(const struct service *s)
{
	struct nft_sources *sources = &s->sets->sources;
	enum addr_family family = (enum addr_family)s->it->address.family;
	size_t list, first;

	if (s->vs->source_range_count == 0)
		return;
	list = nft_sources_add(sources, s->vs->source_ranges, s->vs->source_range_count);
	if (nft_sources_is_everybody(&sources->lists[list], family))
		return;
	if (nft_sources_of_family(&sources->lists[list], family, &first) == 0)
		note(s, "none of the source ranges is %s, so nobody can reach it",
		     family == ADDR_IPV6 ? "IPv6" : "IPv4");
	/* By mark it is a detour: the port may have to be shifted afterwards. */
	if (s->it->mark == 0)
		lead_to_sources(s, add_endpoint(s, NFT_SET_RESTRICTED), list, NFT_VERDICT_GOTO);
	else
		lead_to_sources(s, add_mark(s, NFT_SET_RESTRICTED_MARKS), list, NFT_VERDICT_JUMP);
}

/* --- source NAT --- */

/* The address the configuration names for this family; NULL: it names none. */
static const struct addr *fixed_address(const struct service *s)
{
	for (size_t i = 0; i < s->vs->snat_address_count; i++) {
		if (s->vs->snat_addresses[i].family == s->it->address.family)
			return &s->vs->snat_addresses[i];
	}
	return NULL;
}

/* Every interface on which the router has an address that source NAT may use. */
static void add_floating(const struct service *s)
{
	const struct model_router *router = s->it->router;

	for (size_t i = 0; i < router->address_count; i++) {
		const char *interface = router->addresses[i].interface;
		const struct model_router_address *floating = model_router_floating(
			router, interface, (enum addr_family)s->it->address.family);
		struct nft_element *element;
		struct key key, data;

		if (!floating)
			continue;
		element = add(s, NFT_SET_FLOATING);
		key = key_at(element->key);
		data = key_at(element->data);
		put_address(&key, &s->it->address);
		put_interface(&key, interface);
		put_address(&data, &floating->prefix.addr);
	}
}

static void lead_to_nat(const struct service *s, uint16_t port, const char *chain)
{
	struct nft_element *element = s->it->mark == 0 ? add_address_port(s, NFT_SET_NAT, port)
	                                               : add_mark(s, NFT_SET_NAT_MARKS);

	element->verdict = NFT_VERDICT_GOTO;
	element->chain = chain;
}

static void fix_source(const struct service *s, uint16_t port, const struct addr *address)
{
	struct nft_element *element = s->it->mark == 0 ? add_address_port(s, NFT_SET_FIXED, port)
	                                               : add_mark(s, NFT_SET_FIXED_MARKS);
	struct key data = key_at(element->data);

	put_address(&data, address);
	lead_to_nat(s, port, NFT_CHAIN_NAT_FIXED);
}

static void auto_source(const struct service *s, uint16_t port)
{
	s->sets->auto_nat[s->family] = true;
	add_floating(s);
	lead_to_nat(s, port, NFT_CHAIN_NAT_AUTO);
}

static void translate_source(const struct service *s)
{
	uint16_t port = s->it->port->first;
	const struct addr *fixed;

	if (s->vs->forwarding != MODEL_FORWARD_NAT)
		return;
	s->sets->nat = true;
	switch (s->vs->snat_mode) {
	case MODEL_SNAT_NONE:
		break;
	case MODEL_SNAT_AUTO:
		auto_source(s, port);
		break;
	case MODEL_SNAT_MASQUERADE:
		s->sets->masquerade = true;
		lead_to_nat(s, port, NFT_CHAIN_NAT_MASQUERADE);
		break;
	case MODEL_SNAT_ADDRESS:
		fixed = fixed_address(s);
		if (fixed) {
			fix_source(s, port, fixed);
		} else {
			note(s, "sourceNat names no address of this family; taken as mode auto");
			auto_source(s, port);
		}
		break;
	}
}

/* --- port ranges --- */

/* The server port of the range's first port. False: the servers do not agree. */
static bool range_target(const struct service *s, uint16_t *ret_target)
{
	const struct model_port *port = s->it->port;
	uint16_t usual = port->target != 0 ? port->target : port->first;

	*ret_target = usual;
	for (size_t i = 0; i < s->vs->server_count; i++) {
		uint16_t own = s->vs->servers[i].port != 0 ? s->vs->servers[i].port : usual;

		if (i > 0 && own != *ret_target)
			return false;
		*ret_target = own;
	}
	return true;
}

/* Do the ports [first, last] of the shifted range 's' belong to 'other' as well, in a way that
 * answers from these ports could be either's? */
static bool collides(const struct service *s, const struct model_service *other, uint16_t first,
                     uint16_t last)
{
	struct service o = {.sets = s->sets, .it = other, .vs = other->virtual_server};
	uint16_t target = other->port->first, span = other->port->last - other->port->first;

	if (other->mark != 0 && o.vs->forwarding == MODEL_FORWARD_NAT && !range_target(&o, &target))
		return false;
	return target <= last && target + span >= first;
}

/* The services on one address and protocol: [begin, end) of the snapshot. */
struct neighbours {
	const struct model_service *begin, *end;
};

static const struct model_service *find_collision(const struct service *s,
                                                  const struct neighbours *around, uint16_t target)
{
	uint16_t last = (uint16_t)(target + s->it->port->last - s->it->port->first);

	for (const struct model_service *other = around->begin; other < around->end; other++) {
		if (other != s->it && collides(s, other, target, last))
			return other;
	}
	return NULL;
}

static void shift_ports(const struct service *s, uint16_t target)
{
	add_address(s, NFT_SET_SHIFTED_VIPS);
	add_mark(s, NFT_SET_SHIFTED_MARKS);
	for (uint32_t port = s->it->port->first; port <= s->it->port->last; port++) {
		uint16_t there = (uint16_t)(target + (port - s->it->port->first));
		struct key data;

		data = key_at(add_address_port(s, NFT_SET_SHIFT, (uint16_t)port)->data);
		put_port(&data, there);
		data = key_at(add_address_port(s, NFT_SET_UNSHIFT, there)->data);
		put_port(&data, (uint16_t)port);
	}
}

/* May this range be served, and does it have to be shifted? Notes why not. */
static bool check_range(const struct service *s, const struct neighbours *around,
                        uint16_t *ret_target)
{
	const struct model_port *port = s->it->port;
	const struct model_service *other;

	*ret_target = port->first;
	if (s->vs->forwarding != MODEL_FORWARD_NAT)
		return true;
	if (!range_target(s, ret_target)) {
		note(s, "not served: the servers of a port range must all have the same ports");
		return false;
	}
	if (*ret_target == port->first)
		return true;
	if (*ret_target + (port->last - port->first) > UINT16_MAX) {
		note(s, "not served: the servers' ports would go beyond 65535");
		return false;
	}
	other = find_collision(s, around, *ret_target);
	if (other) {
		note(s,
		     "not served: answers from the servers' ports %u-%u could not be told from "
		     "those of port %u of the same address",
		     *ret_target, *ret_target + (port->last - port->first), other->port->first);
		return false;
	}
	return true;
}

static void add_range(const struct service *s)
{
	struct nft_element *element = add(s, NFT_SET_RANGES);
	struct key first = key_at(element->key), last = key_at(element->key_end);
	struct key data = key_at(element->data);

	element->comment = comment_of(s);
	put_endpoint(&first, s, s->it->port->first);
	put_endpoint(&last, s, s->it->port->last);
	put_mark(&data, s->it->mark);
	add_mark(s, NFT_SET_RANGE_MARKS);
}

/* --- all services --- */

static void add_hairpin(const struct service *s, const char *interface)
{
	struct key key = key_at(add(s, NFT_SET_HAIRPINS)->key);

	put_interface(&key, interface);
	put_interface(&key, interface);
}

static void add_hairpins(const struct service *s)
{
	const struct model_router *router = s->it->router;

	add_hairpin(s, router->interface);
	for (size_t i = 0; i < router->address_count; i++)
		add_hairpin(s, router->addresses[i].interface);
}

static unsigned protocol_index(enum model_protocol protocol)
{
	switch (protocol) {
	case MODEL_TCP:
		return NFT_PROTO_TCP;
	case MODEL_UDP:
		return NFT_PROTO_UDP;
	case MODEL_SCTP:
		return NFT_PROTO_SCTP;
	}
	return NFT_PROTO_TCP;
}

static void add_service(struct nft_ruleset_sets *sets, const struct model_service *it,
                        const struct neighbours *around)
{
	const struct service s = {
		.sets = sets,
		.it = it,
		.vs = it->virtual_server,
		.family = it->address.family == ADDR_IPV6 ? NFT_FAMILY_6 : NFT_FAMILY_4,
		.protocol = protocol_index(it->port->protocol),
	};
	uint16_t target;

	add_address(&s, NFT_SET_VIPS);
	if (it->mark == 0) {
		add_endpoint(&s, NFT_SET_SERVED)->comment = comment_of(&s);
	} else {
		if (!check_range(&s, around, &target))
			return;
		add_range(&s);
		if (target != it->port->first)
			shift_ports(&s, target);
	}
	restrict_sources(&s);
	translate_source(&s);
}

static bool same_address_and_protocol(const struct model_service *a, const struct model_service *b)
{
	return addr_equal(&a->address, &b->address) && a->port->protocol == b->port->protocol;
}

static void add_services(struct nft_ruleset_sets *sets, const struct model_snapshot *snapshot)
{
	const struct model_service *end = snapshot->services + snapshot->service_count;
	struct neighbours around = {snapshot->services, snapshot->services};
	const struct model_router *router = NULL;

	for (const struct model_service *it = snapshot->services; it < end; it++) {
		if (it == around.end) {
			around.begin = it;
			while (around.end < end && same_address_and_protocol(it, around.end))
				around.end++;
		}
		add_service(sets, it, &around);
		if (it->router != router) {
			router = it->router;
			add_hairpins(&(struct service){.sets = sets, .it = it});
		}
	}
}

/* --- routers --- */

static bool is_vip(const struct model_snapshot *snapshot, const struct addr *address)
{
	for (size_t i = 0; i < snapshot->vip_count; i++) {
		if (addr_equal(&snapshot->vips[i].address, address))
			return true;
	}
	return false;
}

/* RFC 9568 6.1: Accept_Mode says whether the Active accepts packets to addresses it doesn't own;
 * the owner (priority 255) always does. */
static void refuse_addresses(struct nft_ruleset_sets *sets, const struct model_snapshot *snapshot,
                             const struct model_router *router)
{
	if (router->accept || router->priority == 255)
		return;
	for (size_t i = 0; i < router->address_count; i++) {
		const struct addr *address = &router->addresses[i].prefix.addr;
		unsigned family = address->family == ADDR_IPV6 ? NFT_FAMILY_6 : NFT_FAMILY_4;
		struct key key;

		if (is_vip(snapshot, address))
			continue;
		key = key_at(nft_draft_element(&sets->draft,
		                               need_set(sets, NFT_SET_UNACCEPTED, family, 0))
		                     ->key);
		put_address(&key, address);
	}
}

/* --- sets of source ranges --- */

static void add_ranges(struct nft_ruleset_sets *sets, size_t list, unsigned family)
{
	const struct nft_source_list *l = &sets->sources.lists[list];
	const enum nft_type type = family == NFT_FAMILY_6 ? NFT_TYPE_IPV6_ADDR : NFT_TYPE_IPV4_ADDR;
	const enum nft_type parts[NFT_KEY_PARTS_MAX] = {type};
	enum addr_family af = family == NFT_FAMILY_6 ? ADDR_IPV6 : ADDR_IPV4;
	char name[NFT_SOURCES_NAME_SIZE];
	size_t set, first, count = nft_sources_of_family(l, af, &first);

	if (count == 0 || nft_sources_is_everybody(l, af))
		return;
	set = nft_draft_set(&sets->draft, nft_ruleset_sets_ranges(list, family, name), parts,
	                    NFT_TYPE_NONE);
	sets->draft.table->sets[set].interval = true;
	for (size_t i = first; i < first + count; i++) {
		struct nft_element *element = nft_draft_element(&sets->draft, set);

		memcpy(element->key, l->ranges[i].first.bytes, nft_type_size(type));
		memcpy(element->key_end, l->ranges[i].last.bytes, nft_type_size(type));
	}
}

void nft_ruleset_sets_fill(struct nft_ruleset_sets *sets, const struct model_snapshot *snapshot)
{
	*sets = (struct nft_ruleset_sets){.nat = false};
	nft_draft_init(&sets->draft);
	add_services(sets, snapshot);
	for (size_t i = 0; i < snapshot->router_count; i++)
		refuse_addresses(sets, snapshot, snapshot->routers[i]);
	for (size_t i = 0; i < sets->sources.count; i++) {
		add_ranges(sets, i, NFT_FAMILY_4);
		add_ranges(sets, i, NFT_FAMILY_6);
	}
}

void nft_ruleset_sets_done(struct nft_ruleset_sets *sets)
{
	nft_sources_done(&sets->sources);
}
