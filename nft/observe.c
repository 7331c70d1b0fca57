/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/observe.h"

#include "lib/mem.h"
#include "lib/wire.h"
#include "nft/code.h"
#include "nft/observe_state.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */
#include <stdio.h>      /* before libnftnl, which takes it for granted */

#include <errno.h>
#include <libnftnl/chain.h>
#include <libnftnl/rule.h>
#include <libnftnl/table.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>

struct nft_observe *nft_observe_new_of(const char *table)
{
	struct nft_observe *observe = xcalloc(1, sizeof(*observe));

	nft_draft_init(&observe->draft);
	observe->draft.table->name = table;
	observe->draft.table->present = false;
	return observe;
}

struct nft_observe *nft_observe_new(void)
{
	return nft_observe_new_of(NFT_TABLE_NAME);
}

void nft_observe_free(struct nft_observe *observe)
{
	if (!observe)
		return;
	nft_draft_done(&observe->draft);
	free(observe->points);
	free(observe);
}

bool nft_observe_is_answer(const struct nlmsghdr *message, uint16_t type)
{
	return message->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
	       mnl_nlmsg_get_payload_len(message) >= sizeof(struct nfgenmsg);
}

bool nft_observe_is_ours(const struct nft_observe *observe, uint32_t family, const char *table)
{
	return family == NFPROTO_INET && table && strcmp(table, observe->draft.table->name) == 0;
}

const char *nft_observe_userdata_text(const void *data, uint32_t size, uint8_t type)
{
	const uint8_t *at = data;

	/* type, length, bytes */
	while (size >= 2 && at[1] <= size - 2) {
		if (at[0] == type && at[1] > 0 && at[1 + at[1]] == '\0')
			return (const char *)at + 2;
		size -= 2 + (uint32_t)at[1];
		at += 2 + at[1];
	}
	return NULL;
}

int nft_observe_generation(const struct nlmsghdr *message, uint32_t *ret_id)
{
	const struct nlattr *attr;

	if (!nft_observe_is_answer(message, NFT_MSG_NEWGEN))
		return -EBADMSG;
	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) != NFTA_GEN_ID)
			continue;
		if (mnl_attr_validate(attr, MNL_TYPE_U32) < 0)
			return -EBADMSG;
		*ret_id = wire_be32(mnl_attr_get_u32(attr));
		return 0;
	}
	return -EBADMSG;
}

/* --- table --- */

static void read_frame(struct nft_table *table, const struct nftnl_table *answer)
{
	uint32_t size = 0;
	const void *data = nftnl_table_get_data(answer, NFTNL_TABLE_USERDATA, &size);
	const char *comment =
		data ? nft_observe_userdata_text(data, size, NFTNL_UDATA_TABLE_COMMENT) : NULL;
	const char *digest = comment ? strstr(comment, "digest ") : NULL;

	table->frame = digest ? strtoull(digest + strlen("digest "), NULL, 16) : 0;
}

int nft_observe_table(struct nft_observe *observe, const struct nlmsghdr *message)
{
	struct nftnl_table *answer;
	int err = -EBADMSG;

	if (!nft_observe_is_answer(message, NFT_MSG_NEWTABLE))
		return -EBADMSG;
	answer = nftnl_table_alloc();
	if (nftnl_table_nlmsg_parse(message, answer) == 0)
		err = 0;
	if (err == 0 &&
	    nft_observe_is_ours(observe, nftnl_table_get_u32(answer, NFTNL_TABLE_FAMILY),
	                        nftnl_table_get_str(answer, NFTNL_TABLE_NAME))) {
		observe->draft.table->present = true;
		read_frame(observe->draft.table, answer);
	}
	nftnl_table_free(answer);
	return err;
}

/* --- chains and rules --- */

int nft_observe_chain(struct nft_observe *observe, const struct nlmsghdr *message)
{
	struct nftnl_chain *answer;
	int err = -EBADMSG;

	if (!nft_observe_is_answer(message, NFT_MSG_NEWCHAIN))
		return -EBADMSG;
	answer = nftnl_chain_alloc();
	if (nftnl_chain_nlmsg_parse(message, answer) == 0 &&
	    nftnl_chain_is_set(answer, NFTNL_CHAIN_NAME))
		err = 0;
	if (err == 0 &&
	    nft_observe_is_ours(observe, nftnl_chain_get_u32(answer, NFTNL_CHAIN_FAMILY),
	                        nftnl_chain_get_str(answer, NFTNL_CHAIN_TABLE))) {
		size_t index = nft_draft_chain(&observe->draft,
		                               nftnl_chain_get_str(answer, NFTNL_CHAIN_NAME));

		if (nftnl_chain_is_set(answer, NFTNL_CHAIN_DEV))
			nft_draft_chain_ingress(&observe->draft, index,
			                        nftnl_chain_get_str(answer, NFTNL_CHAIN_DEV),
			                        nftnl_chain_get_s32(answer, NFTNL_CHAIN_PRIO));
		else if (nftnl_chain_is_set(answer, NFTNL_CHAIN_TYPE))
			nft_draft_chain_hook(&observe->draft, index,
			                     nftnl_chain_get_str(answer, NFTNL_CHAIN_TYPE),
			                     nftnl_chain_get_u32(answer, NFTNL_CHAIN_HOOKNUM),
			                     nftnl_chain_get_s32(answer, NFTNL_CHAIN_PRIO));
	}
	nftnl_chain_free(answer);
	return err;
}

static enum nft_counter counter_by_name(const char *name)
{
	for (int i = NFT_COUNTER_NONE + 1; i < NFT_COUNTER_COUNT; i++) {
		if (strcmp(nft_counter_name((enum nft_counter)i), name) == 0)
			return (enum nft_counter)i;
	}
	return NFT_COUNTER_NONE;
}

static void fill_rule(struct nft_rule *rule, struct nft_table *table,
                      const struct nftnl_rule *answer)
{
	uint32_t size = 0;
	const void *data = nftnl_rule_get_data(answer, NFTNL_RULE_USERDATA, &size);
	const char *comment = data ? nft_observe_userdata_text(data, size, NFTNL_UDATA_RULE_COMMENT)
	                           : NULL;
	struct text text = {0};

	nft_code_format(answer, &text);
	rule->code = arena_strdup(&table->arena, text_str(&text));
	text_clear(&text);
	nft_code_explain(answer, table, &text);
	if (comment)
		text_printf(&text, " comment \"%s\"", comment);
	rule->text = arena_strdup(&table->arena, text_str(&text));
	text_done(&text);
	rule->counter = comment ? counter_by_name(comment) : NFT_COUNTER_NONE;
	if (!nft_code_counts(answer, &rule->packets, &rule->bytes))
		rule->counter = NFT_COUNTER_NONE;
}

static void add_rule(struct nft_observe *observe, const struct nftnl_rule *answer)
{
	const char *chain = nftnl_rule_get_str(answer, NFTNL_RULE_CHAIN);
	struct nft_table *table = observe->draft.table;

	for (size_t i = 0; i < table->chain_count; i++) {
		if (strcmp(table->chains[i].name, chain) == 0) {
			fill_rule(nft_draft_rule(&observe->draft, i), table, answer);
			return;
		}
	}
}

int nft_observe_rule(struct nft_observe *observe, const struct nlmsghdr *message)
{
	struct nftnl_rule *answer;
	int err = -EBADMSG;

	if (!nft_observe_is_answer(message, NFT_MSG_NEWRULE))
		return -EBADMSG;
	answer = nftnl_rule_alloc();
	if (nftnl_rule_nlmsg_parse(message, answer) == 0 &&
	    nftnl_rule_is_set(answer, NFTNL_RULE_CHAIN))
		err = 0;
	if (err == 0 && nft_observe_is_ours(observe, nftnl_rule_get_u32(answer, NFTNL_RULE_FAMILY),
	                                    nftnl_rule_get_str(answer, NFTNL_RULE_TABLE)))
		add_rule(observe, answer);
	nftnl_rule_free(answer);
	return err;
}

/* --- the whole --- */

void nft_observe_restart_sets(struct nft_observe *observe)
{
	observe->point_count = 0;
	nft_draft_clear_sets(&observe->draft);
}

void nft_observe_restart_elements(struct nft_observe *observe, const char *set)
{
	size_t index = nft_observe_find_set(observe, set);

	if (observe->point_count > 0 && observe->point_set == index)
		observe->point_count = 0;
	nft_observe_close_ranges(observe);
	if (index < observe->draft.table->set_count)
		nft_draft_clear_elements(&observe->draft, index);
}

void nft_observe_restart_chains(struct nft_observe *observe)
{
	nft_draft_clear_chains(&observe->draft);
}

void nft_observe_restart_rules(struct nft_observe *observe)
{
	nft_draft_clear_rules(&observe->draft);
}

size_t nft_observe_set_count(const struct nft_observe *observe)
{
	return observe->draft.table->set_count;
}

const char *nft_observe_set_name(const struct nft_observe *observe, size_t index)
{
	return observe->draft.table->sets[index].name;
}

struct nft_table *nft_observe_finish(struct nft_observe *observe)
{
	struct nft_table *table;

	nft_observe_close_ranges(observe);
	table = nft_draft_finish(&observe->draft);
	free(observe->points);
	free(observe);
	return table;
}

bool nft_observe_is_foreign_change(const struct nlmsghdr *message, const char *table, uint32_t own)
{
	const struct nfgenmsg *header;
	const struct nlattr *attr;

	if (mnl_nlmsg_get_payload_len(message) < sizeof(*header) || message->nlmsg_pid == own ||
	    message->nlmsg_type >> 8 != NFNL_SUBSYS_NFTABLES ||
	    (message->nlmsg_type & 0xff) == NFT_MSG_NEWGEN)
		return false;
	header = mnl_nlmsg_get_payload(message);
	if (header->nfgen_family != NFPROTO_INET)
		return false;
	/* In all kinds of messages the name of the table is attribute 1. */
	mnl_attr_for_each (attr, message, sizeof(*header)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_NAME &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			return strcmp(mnl_attr_get_str(attr), table) == 0;
	}
	return false;
}
