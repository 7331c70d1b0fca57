/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/service.h"

#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ADDRESSES_MAX 256 /* of one VirtualServer */

void import_service_init(struct import_service *service, struct import *import,
                         struct import_owners *owners, struct import_statement *from)
{
	*service = (struct import_service){
		.import = import,
		.owners = owners,
		.from = from,
		.protocol = "TCP",
		.port = tree_new(&import->arena, TREE_MAP, from->number),
		.spec = tree_new(&import->arena, TREE_MAP, from->number),
	};
}

void import_service_done(struct import_service *service)
{
	free(service->entries);
}

bool import_service_add(struct import_service *service, const struct addr *address, uint16_t port,
                        struct import_statement *from)
{
	if (service->entry_count == IMPORT_ENTRIES_MAX)
		return false;
	if (service->entry_count == service->entry_capacity) {
		service->entry_capacity = service->entry_capacity ? 2 * service->entry_capacity : 8;
		service->entries = xreallocarray(service->entries, service->entry_capacity,
		                                 sizeof(*service->entries));
	}
	service->entries[service->entry_count++] =
		(struct import_entry){.address = *address, .port = port, .from = from};
	return true;
}

bool import_method_read(const char *const *words, size_t count, struct import_method *ret_method)
{
	struct import_method method = {.forwarding = MODEL_FORWARD_NAT};

	if (count == 0)
		return false;
	if (strcmp(words[0], "DR") == 0)
		method.forwarding = MODEL_FORWARD_DIRECT;
	else if (strcmp(words[0], "TUN") == 0)
		method.forwarding = MODEL_FORWARD_TUNNEL;
	else if (strcmp(words[0], "NAT") != 0)
		return false;
	for (size_t i = 1; i < count; i++) {
		bool last = i + 1 == count;

		if (strcmp(words[i], "csum") == 0)
			method.checksum = true;
		else if (strcmp(words[i], "remcsum") == 0)
			method.remote_checksum = true;
		else if (strcmp(words[i], "port") == 0 && !last)
			method.tunnel_port = words[++i];
		else if (strcmp(words[i], "gue") == 0)
			method.tunnel = MODEL_TUNNEL_GUE;
		else if (strcmp(words[i], "gre") == 0)
			method.tunnel = MODEL_TUNNEL_GRE;
		else if (strcmp(words[i], "type") != 0 && strcmp(words[i], "ipip") != 0 &&
		         strcmp(words[i], "nocsum") != 0)
			return false;
	}
	*ret_method = method;
	return true;
}

void import_service_forward(struct import_service *service, struct import_statement *from)
{
	struct import *import = service->import;
	struct tree *snat;

	import_put_text(import, service->spec, "forwarding", from,
	                model_forwarding_name(service->method.forwarding));
	if (service->method.forwarding != MODEL_FORWARD_NAT)
		return;
	snat = import_put_map(import, service->spec, "sourceNat", from);
	import_put_text(import, snat, "mode", from, "none");
}

/* Without NAT, a port of the server's own has no effect. */
static bool needs_port(const struct import_service *service, struct import_statement *from,
                       uint16_t port)
{
	if (port == 0)
		return false;
	if (service->method.forwarding == MODEL_FORWARD_NAT)
		return true;
	for (size_t i = 0; i < service->entry_count; i++) {
		if (service->entries[i].port == port || service->entries[i].port == 0)
			continue;
		import_note(service->import, from, IMPORT_DIFFERS,
		            "port %u says nothing: forwarding %s rewrites no ports", port,
		            model_forwarding_name(service->method.forwarding));
		break;
	}
	return false;
}

static void put_tunnel(struct import_service *service, struct import_statement *from,
                       const struct import_method *method, struct tree *server)
{
	struct import *import = service->import;
	struct tree *map;

	if (method->forwarding != MODEL_FORWARD_TUNNEL ||
	    (method->tunnel == MODEL_TUNNEL_IPIP && !method->checksum))
		return;
	map = import_put_map(import, server, "tunnel", from);
	import_put_text(import, map, "type", from, model_tunnel_type_name(method->tunnel));
	if (method->tunnel_port)
		import_put_word(import, map, "port", from, method->tunnel_port);
	if (method->checksum)
		import_put_bool(import, map, "checksum", from, true);
}

struct tree *import_service_server(struct import_service *service, struct import_statement *from,
                                   const struct addr *address, uint16_t port,
                                   const struct import_method *method)
{
	struct import *import = service->import;
	char text[ADDR_TEXT_SIZE];
	struct tree *server;

	if (method->forwarding != service->method.forwarding) {
		import_note_all(import, from, IMPORT_FAILED,
		                "forwarding is the same for all servers of a VirtualServer: %s",
		                model_forwarding_name(service->method.forwarding));
		return NULL;
	}
	if (method->remote_checksum) {
		import_note_all(import, from, IMPORT_FAILED,
		                "there is no remote checksum offload for tunnels");
		return NULL;
	}
	server = import_append_map(import, import_put_list(import, service->spec, "servers", from),
	                           from);
	import_put_text(import, server, "address", from, addr_format(address, text));
	if (needs_port(service, from, port))
		import_put_int(import, server, "port", from, port);
	put_tunnel(service, from, method, server);
	return server;
}

/* "255.255.255.0", "24": how many bits; -1: no such thing. */
static int mask_bits(const char *mask)
{
	struct addr addr, whole;
	int64_t bits;

	if (import_number(mask, 1, 128, &bits))
		return (int)bits;
	if (addr_parse(mask, &addr) < 0)
		return -1;
	for (unsigned i = 1; i <= addr_bits(&addr); i++) {
		whole = addr_mask((enum addr_family)addr.family, i);
		if (addr_equal(&whole, &addr))
			return (int)i;
	}
	return -1;
}

void import_service_persist(struct import_service *service, struct import_statement *from,
                            int64_t seconds, struct import_statement *mask_from, const char *mask)
{
	struct import *import = service->import;
	struct tree *map = import_put_map(import, service->spec, "persistence", from);
	bool six = service->entry_count > 0 && service->entries[0].address.family == ADDR_IPV6;
	int bits = mask ? mask_bits(mask) : six ? 128 : 32;

	import_put_duration(import, map, "timeout", from, seconds * 1000000);
	if (bits < 0 || (!six && bits > 32)) {
		import_revoke(import, mask_from,
		              "'%.40s' is no netmask of leading ones and no prefix length", mask);
		return;
	}
	if (bits != (six ? 128 : 32))
		import_put_int(import, map, six ? "ipv6PrefixLength" : "ipv4PrefixLength",
		               mask_from, bits);
}

/* net/netfilter/ipvs/ip_vs_sh.c, ip_vs_mh.c: the first flag is the fallback, the second the port.
 */
bool import_service_flag(struct import_service *service, struct import_statement *from,
                         const char *flag)
{
	static const char *const fallback[] = {"sh-fallback", "mh-fallback", "flag-1"};
	static const char *const port[] = {"sh-port", "mh-port", "flag-2"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(port); i++) {
		if (strcmp(flag, fallback[i]) == 0 || strcmp(flag, port[i]) == 0) {
			import_put_bool(service->import, service->port,
			                strcmp(flag, port[i]) == 0 ? "hashPort" : "hashFallback",
			                from, true);
			return true;
		}
	}
	return false;
}

bool import_service_has_all_ports(const struct import_service *service)
{
	for (size_t i = 0; i < service->entry_count; i++) {
		if (service->entries[i].port == 0)
			return true;
	}
	return false;
}

static bool same(const struct tree *a, const struct tree *b)
{
	const struct tree *x = a->child, *y = b->child;

	if (a->kind != b->kind || a->count != b->count ||
	    strcmp(a->text ? a->text : "", b->text ? b->text : "") != 0 ||
	    strcmp(a->key ? a->key : "", b->key ? b->key : "") != 0)
		return false;
	for (; x && y; x = x->sibling, y = y->sibling) {
		if (!same(x, y))
			return false;
	}
	return true;
}

void import_service_join_checks(struct import_service *service)
{
	const struct tree *servers = tree_get(service->spec, "servers");
	const struct tree *first = servers ? tree_get(servers->child, "healthCheck") : NULL;

	if (!first)
		return;
	for (const struct tree *s = servers->child; s; s = s->sibling) {
		const struct tree *check = tree_get(s, "healthCheck");

		if (!check || !same(first, check))
			return;
	}
	import_put_copy(service->import, service->spec, "healthCheck", first);
	for (struct tree *s = servers->child; s; s = s->sibling)
		import_remove(s, (struct tree *)tree_get(s, "healthCheck"));
}

/* --- writing --- */

/* "tcp-10.77.0.100-80", "tcp-GROUP", "tcp-GROUP-80" */
static void name_of(const struct import_service *service, const struct import_entry *entry,
                    char *buf, size_t size)
{
	char address[ADDR_TEXT_SIZE], port[8] = "all";
	bool several = false;

	for (size_t i = 0; i < service->entry_count; i++)
		several |= service->entries[i].port != entry->port;
	if (entry->port)
		snprintf(port, sizeof(port), "%u", entry->port);
	if (!service->name)
		snprintf(buf, size, "%s-%s-%s", service->protocol,
		         addr_format(&entry->address, address), port);
	else
		snprintf(buf, size, "%s-%.200s%s%s", service->protocol, service->name,
		         several ? "-" : "", several ? port : "");
}

static void put_ports(struct import_service *service, const struct import_entry *entry,
                      struct tree *spec)
{
	struct import *import = service->import;
	struct import_statement *from = entry->from;
	struct tree *list = import_put_list(import, spec, "ports", from);
	struct tree *port = import_append_map(import, list, from), *range;

	if (entry->port) {
		import_put_int(import, port, "port", from, entry->port);
	} else {
		range = import_put_map(import, port, "portRange", from);
		import_put_int(import, range, "start", from, 1);
		import_put_int(import, range, "end", from, 65535);
	}
	import_put_text(import, port, "protocol", service->from, service->protocol);
	for (const struct tree *child = service->port->child; child; child = child->sibling)
		import_put_copy(import, port, child->key, child);
}

/* The entries from 'first' on that go with it, into one VirtualServer. */
static void write_one(struct import_service *service, const char **routers, size_t first)
{
	const struct import_entry *entry = &service->entries[first];
	struct import *import = service->import;
	const char *router = routers[first], *name;
	char wanted[300], text[ADDR_TEXT_SIZE];
	struct tree *spec, *list;

	name_of(service, entry, wanted, sizeof(wanted));
	spec = import_document(import, service->from, "VirtualServer", wanted, &name);
	if (!spec)
		return;
	import_note(import, service->from, IMPORT_TAKEN, "VirtualServer %s of VirtualRouter %s",
	            name, router);
	import_put_text(import, spec, "virtualRouter", service->from, router);
	list = import_put_list(import, spec, "addresses", entry->from);
	for (size_t i = first; i < service->entry_count && list->count < ADDRESSES_MAX; i++) {
		const struct import_entry *other = &service->entries[i];

		if (routers[i] != router || other->port != entry->port)
			continue;
		import_append_text(import, list, other->from, addr_format(&other->address, text));
		routers[i] = NULL; /* done */
	}
	put_ports(service, entry, spec);
	for (const struct tree *child = service->spec->child; child; child = child->sibling)
		import_put_copy(import, spec, child->key, child);
}

void import_service_write(struct import_service *service)
{
	const char **routers = xcalloc(service->entry_count + 1, sizeof(*routers));

	for (size_t i = 0; i < service->entry_count; i++)
		routers[i] = import_owner_of(service->owners, &service->entries[i].address,
		                             service->from);
	for (size_t i = 0; i < service->entry_count; i++) {
		if (routers[i])
			write_one(service, routers, i);
	}
	free(routers);
}
