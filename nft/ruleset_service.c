/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One service: who may come to it, what source NAT it gets, and, if it is a range of ports, its
 * mark and where its ports are shifted to. */

#include "nft/ruleset_service.h"

#include "model/floating.h"
#include "model/range.h"
#include "nft/key.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

struct service {
	struct nft_ruleset_sets *sets;
	const struct model_service *it;
	const struct model_virtual_server *vs;
	unsigned family;
	unsigned protocol;
};

static struct nft_element *add(const struct service *s, enum nft_ruleset_set which)
{
	size_t set = nft_ruleset_sets_need(s->sets, which, s->family, s->protocol);

	return nft_draft_element(&s->sets->draft, set);
}

/* Is it another address than that of the last service this was asked for? */
static bool is_next(const struct service *s, const struct addr **last)
{
	const struct addr *before = *last;

	*last = &s->it->address;
	return !before || !addr_equal(before, *last);
}

static void add_address(const struct service *s, enum nft_ruleset_set which)
{
	struct nft_key key = nft_key_at(add(s, which)->key);

	nft_key_address(&key, &s->it->address);
}

static struct nft_element *add_address_port(const struct service *s, enum nft_ruleset_set which,
                                            uint16_t port)
{
	struct nft_element *element = add(s, which);
	struct nft_key key = nft_key_at(element->key);

	nft_key_address(&key, &s->it->address);
	nft_key_port(&key, port);
	return element;
}

static struct nft_element *add_mark(const struct service *s, enum nft_ruleset_set which)
{
	struct nft_element *element = add(s, which);
	struct nft_key key = nft_key_at(element->key);

	nft_key_mark(&key, s->it->mark);
	return element;
}

static void put_endpoint(struct nft_key *key, const struct service *s, uint16_t port)
{
	nft_key_address(key, &s->it->address);
	nft_key_protocol(key, s->it->port->protocol);
	nft_key_port(key, port);
}

static struct nft_element *add_endpoint(const struct service *s, enum nft_ruleset_set which)
{
	struct nft_element *element = add(s, which);
	struct nft_key key = nft_key_at(element->key);

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

/* Every interface on which there is an address that source NAT may use. */
static void add_floating(const struct service *s)
{
	const struct model_floating *floating;
	size_t count;

	if (!is_next(s, &s->sets->floating))
		return;
	floating = model_floating_of(s->sets->snapshot, s->it->router, &count);
	for (size_t i = 0; i < count; i++) {
		const struct model_router_address *address = floating[i].address;
		struct nft_element *element;
		struct nft_key key, data;

		if (address->prefix.addr.family != s->it->address.family)
			continue;
		element = add(s, NFT_SET_FLOATING);
		key = nft_key_at(element->key);
		data = nft_key_at(element->data);
		nft_key_address(&key, &s->it->address);
		nft_key_interface(&key, address->interface);
		nft_key_address(&data, &address->prefix.addr);
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
	struct nft_key data = nft_key_at(element->data);

	nft_key_address(&data, address);
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

static void shift_ports(const struct service *s, uint16_t target)
{
	add_address(s, NFT_SET_SHIFTED_VIPS);
	add_mark(s, NFT_SET_SHIFTED_MARKS);
	for (uint32_t port = s->it->port->first; port <= s->it->port->last; port++) {
		uint16_t there = (uint16_t)(target + (port - s->it->port->first));
		struct nft_key data;

		data = nft_key_at(add_address_port(s, NFT_SET_SHIFT, (uint16_t)port)->data);
		nft_key_port(&data, there);
		data = nft_key_at(add_address_port(s, NFT_SET_UNSHIFT, there)->data);
		nft_key_port(&data, (uint16_t)port);
	}
}

static void add_range(const struct service *s)
{
	struct nft_element *element = add(s, NFT_SET_RANGES);
	struct nft_key first = nft_key_at(element->key), last = nft_key_at(element->key_end);
	struct nft_key data = nft_key_at(element->data);

	element->comment = comment_of(s);
	put_endpoint(&first, s, s->it->port->first);
	put_endpoint(&last, s, s->it->port->last);
	nft_key_mark(&data, s->it->mark);
	add_mark(s, NFT_SET_RANGE_MARKS);
}

/* --- all services --- */

static void add_hairpin(const struct service *s, const char *interface)
{
	struct nft_key key = nft_key_at(add(s, NFT_SET_HAIRPINS)->key);

	nft_key_interface(&key, interface);
	nft_key_interface(&key, interface);
}

void nft_ruleset_service_add_hairpins(struct nft_ruleset_sets *sets, const struct model_service *it)
{
	const struct service s = {.sets = sets, .it = it};
	const struct model_router *router = it->router;

	add_hairpin(&s, router->interface);
	for (size_t i = 0; i < router->address_count; i++)
		add_hairpin(&s, router->addresses[i].interface);
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

void nft_ruleset_service_add(struct nft_ruleset_sets *sets, const struct model_service *it)
{
	const struct service s = {
		.sets = sets,
		.it = it,
		.vs = it->virtual_server,
		.family = it->address.family == ADDR_IPV6 ? NFT_FAMILY_6 : NFT_FAMILY_4,
		.protocol = protocol_index(it->port->protocol),
	};
	uint16_t target;

	if (is_next(&s, &sets->vip))
		add_address(&s, NFT_SET_VIPS);
	if (it->mark == 0) {
		add_endpoint(&s, NFT_SET_SERVED)->comment = comment_of(&s);
	} else {
		if (it->refusal) {
			note(&s, "not served: %s", it->refusal);
			return;
		}
		add_range(&s);
		if (model_range_target(it, &target) && target != it->port->first)
			shift_ports(&s, target);
	}
	restrict_sources(&s);
	translate_source(&s);
}
