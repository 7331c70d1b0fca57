/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/table.h"

#include "lib/addr.h"
#include "lib/mem.h"
#include "lib/search.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

size_t nft_type_size(enum nft_type type)
{
	switch (type) {
	case NFT_TYPE_NONE:
	case NFT_TYPE_VERDICT:
		return 0;
	case NFT_TYPE_INET_PROTO:
		return 1;
	case NFT_TYPE_INET_SERVICE:
		return 2;
	case NFT_TYPE_IPV4_ADDR:
	case NFT_TYPE_MARK:
		return 4;
	case NFT_TYPE_IPV6_ADDR:
	case NFT_TYPE_IFNAME:
		return 16;
	}
	return 0;
}

const char *nft_type_name(enum nft_type type)
{
	switch (type) {
	case NFT_TYPE_NONE:
		return "nothing";
	case NFT_TYPE_IPV4_ADDR:
		return "ipv4_addr";
	case NFT_TYPE_IPV6_ADDR:
		return "ipv6_addr";
	case NFT_TYPE_INET_PROTO:
		return "inet_proto";
	case NFT_TYPE_INET_SERVICE:
		return "inet_service";
	case NFT_TYPE_MARK:
		return "mark";
	case NFT_TYPE_IFNAME:
		return "ifname";
	case NFT_TYPE_VERDICT:
		return "verdict";
	}
	return "unknown";
}

const char *nft_counter_name(enum nft_counter counter)
{
	static const char *const names[NFT_COUNTER_COUNT] = {
		[NFT_COUNTER_NONE] = "",
		[NFT_COUNTER_SOURCE_DROPPED] = "source-dropped",
		[NFT_COUNTER_UNSERVED_REJECTED] = "unserved-rejected",
		[NFT_COUNTER_NOT_ACCEPTED] = "not-accepted",
		[NFT_COUNTER_SOURCE_NAT] = "source-nat",
		[NFT_COUNTER_SOURCE_NAT_VIP] = "source-nat-vip",
		[NFT_COUNTER_MASQUERADED] = "masqueraded",
		[NFT_COUNTER_SOURCE_NAT_FIXED] = "source-nat-fixed",
		[NFT_COUNTER_GUARD_STALLED] = "guard-stalled",
		[NFT_COUNTER_GUARD_SILENCED] = "guard-silenced",
		[NFT_COUNTER_GUARD_PRIVATE] = "guard-private",
	};

	return counter < NFT_COUNTER_COUNT ? names[counter] : "";
}

struct nft_table *nft_table_new(void)
{
	struct nft_table *table = xcalloc(1, sizeof(*table));

	arena_init(&table->arena);
	table->name = NFT_TABLE_NAME;
	table->shares = 1;
	return table;
}

struct nft_table *nft_table_share(struct nft_table *table)
{
	table->shares++;
	return table;
}

void nft_table_free(struct nft_table *table)
{
	if (!table || --table->shares > 0)
		return;
	for (size_t i = 0; i < table->set_count; i++)
		free(table->sets[i].elements);
	arena_done(&table->arena);
	free(table);
}

static int compare_key(const void *item, const void *key)
{
	return memcmp(((const struct nft_element *)item)->key, key, NFT_KEY_SIZE_MAX);
}

bool nft_set_has_key(const struct nft_set *set, const uint8_t *key)
{
	return search_find(set->elements, set->element_count, sizeof(*set->elements), key,
	                   compare_key);
}

const struct nft_set *nft_table_set(const struct nft_table *table, const char *name)
{
	for (size_t i = 0; i < table->set_count; i++) {
		if (strcmp(table->sets[i].name, name) == 0)
			return &table->sets[i];
	}
	return NULL;
}

const struct nft_chain *nft_table_chain(const struct nft_table *table, const char *name)
{
	for (size_t i = 0; i < table->chain_count; i++) {
		if (strcmp(table->chains[i].name, name) == 0)
			return &table->chains[i];
	}
	return NULL;
}

void nft_table_counts(const struct nft_table *table, struct nft_counts *ret_counts)
{
	*ret_counts = (struct nft_counts){0};
	for (size_t i = 0; i < table->chain_count; i++) {
		const struct nft_chain *chain = &table->chains[i];

		for (size_t j = 0; j < chain->rule_count; j++) {
			const struct nft_rule *rule = &chain->rules[j];

			ret_counts->packets[rule->counter] += rule->packets;
			ret_counts->bytes[rule->counter] += rule->bytes;
		}
	}
}

/* --- text --- */

static void format_proto(uint8_t protocol, struct text *out)
{
	switch (protocol) {
	case IPPROTO_TCP:
		text_add(out, "tcp");
		break;
	case IPPROTO_UDP:
		text_add(out, "udp");
		break;
	case IPPROTO_SCTP:
		text_add(out, "sctp");
		break;
	default:
		text_printf(out, "%u", protocol);
	}
}

static void format_value(enum nft_type type, const uint8_t *bytes, struct text *out)
{
	char buf[ADDR_TEXT_SIZE];
	struct addr address;
	uint32_t mark;

	switch (type) {
	case NFT_TYPE_IPV4_ADDR:
		address = addr_make(ADDR_IPV4, bytes);
		text_add(out, addr_format(&address, buf));
		break;
	case NFT_TYPE_IPV6_ADDR:
		address = addr_make(ADDR_IPV6, bytes);
		text_add(out, addr_format(&address, buf));
		break;
	case NFT_TYPE_INET_PROTO:
		format_proto(bytes[0], out);
		break;
	case NFT_TYPE_INET_SERVICE:
		text_printf(out, "%u", (unsigned)bytes[0] << 8 | bytes[1]);
		break;
	case NFT_TYPE_MARK:
		memcpy(&mark, bytes, sizeof(mark));
		text_printf(out, "0x%08x", mark);
		break;
	case NFT_TYPE_IFNAME:
		text_printf(out, "\"%.*s\"", IF_NAMESIZE, (const char *)bytes);
		break;
	case NFT_TYPE_NONE:
	case NFT_TYPE_VERDICT:
		break;
	}
}

static void format_verdict(const struct nft_element *element, struct text *out)
{
	switch (element->verdict) {
	case NFT_VERDICT_ACCEPT:
		text_add(out, "accept");
		break;
	case NFT_VERDICT_DROP:
		text_add(out, "drop");
		break;
	case NFT_VERDICT_JUMP:
		text_printf(out, "jump %s", element->chain);
		break;
	case NFT_VERDICT_GOTO:
		text_printf(out, "goto %s", element->chain);
		break;
	}
}

static void format_hex(const uint8_t *bytes, size_t size, struct text *out)
{
	for (size_t i = 0; i < size; i++)
		text_printf(out, "%02x", bytes[i]);
}

static void format_key(const struct nft_set *set, const struct nft_element *element,
                       struct text *out)
{
	size_t offset = 0;

	for (unsigned i = 0; i < set->part_count; i++) {
		size_t size = nft_type_size(set->parts[i]);

		if (i > 0)
			text_add(out, " . ");
		format_value(set->parts[i], element->key + offset, out);
		if (set->interval &&
		    memcmp(element->key + offset, element->key_end + offset, size) != 0) {
			text_add(out, "-");
			format_value(set->parts[i], element->key_end + offset, out);
		}
		offset += (size + 3) / 4 * 4;
	}
}

void nft_set_format_element(const struct nft_set *set, const struct nft_element *element,
                            struct text *out)
{
	if (set->foreign)
		format_hex(element->key, sizeof(element->key), out);
	else
		format_key(set, element, out);
	if (element->timeout_ms != 0)
		text_add(out, " expires");
	if (element->comment)
		text_printf(out, " comment \"%s\"", element->comment);
	if (set->data == NFT_TYPE_VERDICT) {
		text_add(out, " : ");
		format_verdict(element, out);
	} else if (set->data != NFT_TYPE_NONE) {
		text_add(out, " : ");
		format_value(set->data, element->data, out);
	}
}

void nft_set_format_type(const struct nft_set *set, struct text *out)
{
	if (set->foreign) {
		text_add(out, "of a kind unknown here");
		return;
	}
	text_add(out, "type ");
	for (unsigned i = 0; i < set->part_count; i++)
		text_printf(out, "%s%s", i > 0 ? " . " : "", nft_type_name(set->parts[i]));
	if (set->data != NFT_TYPE_NONE)
		text_printf(out, " : %s", nft_type_name(set->data));
	if (set->interval || set->expiring)
		text_printf(out, "; flags %s%s%s;", set->interval ? "interval" : "",
		            set->interval && set->expiring ? "," : "",
		            set->expiring ? "timeout" : "");
	else
		text_add(out, ";");
}

void nft_chain_format_type(const struct nft_chain *chain, struct text *out)
{
	static const char *const hooks[] = {
		[NF_INET_PRE_ROUTING] = "prerouting",   [NF_INET_LOCAL_IN] = "input",
		[NF_INET_FORWARD] = "forward",          [NF_INET_LOCAL_OUT] = "output",
		[NF_INET_POST_ROUTING] = "postrouting", [NF_INET_INGRESS] = "ingress",
	};

	if (!chain->type)
		return;
	text_printf(out, "type %s hook %s ", chain->type,
	            chain->hook < LT_ARRAY_SIZE(hooks) ? hooks[chain->hook] : "unknown");
	if (chain->device)
		text_printf(out, "device \"%s\" ", chain->device);
	text_printf(out, "priority %d; policy accept;", chain->priority);
}

void nft_set_format(const struct nft_set *set, struct text *out)
{
	text_printf(out, "\t%s %s {\n\t\t", set->data == NFT_TYPE_NONE ? "set" : "map", set->name);
	nft_set_format_type(set, out);
	text_add(out, "\n");
	for (size_t i = 0; i < set->element_count; i++) {
		text_add(out, i == 0 ? "\t\telements = { " : "\t\t\t     ");
		nft_set_format_element(set, &set->elements[i], out);
		text_add(out, i + 1 < set->element_count ? ",\n" : " }\n");
	}
	text_add(out, "\t}\n");
}

static void format_chain(const struct nft_chain *chain, struct text *out)
{
	text_printf(out, "\tchain %s {\n", chain->name);
	if (chain->type) {
		text_add(out, "\t\t");
		nft_chain_format_type(chain, out);
		text_add(out, "\n");
	}
	for (size_t i = 0; i < chain->rule_count; i++)
		text_printf(out, "\t\t%s\n", chain->rules[i].text);
	text_add(out, "\t}\n");
}

void nft_table_format(const struct nft_table *table, struct text *out)
{
	if (!table->present)
		return;
	text_printf(out, "table inet %s {\n", table->name);
	for (size_t i = 0; i < table->set_count; i++)
		nft_set_format(&table->sets[i], out);
	for (size_t i = 0; i < table->chain_count; i++)
		format_chain(&table->chains[i], out);
	text_add(out, "}\n");
}
