/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nft/encode_describe.c - what a message was to do, and what it takes: the half of nft/encode.h for
 * when the kernel refused. */

#include "nft/code.h"
#include "nft/encode.h"

#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <libnftnl/expr.h>
#include <libnftnl/rule.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

/* The text of attribute 'type' at top level, "" when there is none. */
static const char *text_attribute(const struct nlmsghdr *message, uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == type &&
		    mnl_attr_validate(attr, MNL_TYPE_NUL_STRING) == 0)
			return mnl_attr_get_str(attr);
	}
	return "";
}

static struct nftnl_rule *parse_rule(const struct nlmsghdr *message)
{
	struct nftnl_rule *rule = nftnl_rule_alloc();

	if (nftnl_rule_nlmsg_parse(message, rule) < 0) {
		nftnl_rule_free(rule);
		return NULL;
	}
	return rule;
}

static void describe_rule(const struct nlmsghdr *message, struct text *out)
{
	struct nftnl_rule *rule = parse_rule(message);

	text_printf(out, "rule in chain %s", text_attribute(message, NFTA_RULE_CHAIN));
	if (!rule)
		return;
	text_add(out, " ");
	nft_code_format(rule, out);
	nftnl_rule_free(rule);
}

void nft_encode_describe(const struct nlmsghdr *message, struct text *out)
{
	if (message->nlmsg_type < NLMSG_MIN_TYPE + 2) {
		text_add(out, "transaction");
		return;
	}
	switch (message->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_DELTABLE:
		text_printf(out, "table inet %s", text_attribute(message, NFTA_TABLE_NAME));
		break;
	case NFT_MSG_NEWCHAIN:
		text_printf(out, "chain %s", text_attribute(message, NFTA_CHAIN_NAME));
		if (*text_attribute(message, NFTA_CHAIN_TYPE))
			text_printf(out, " of type %s", text_attribute(message, NFTA_CHAIN_TYPE));
		break;
	case NFT_MSG_NEWSET:
		text_printf(out, "set %s", text_attribute(message, NFTA_SET_NAME));
		break;
	case NFT_MSG_NEWSETELEM:
	case NFT_MSG_DELSETELEM:
		text_printf(out, "elements of set %s",
		            text_attribute(message, NFTA_SET_ELEM_LIST_SET));
		break;
	case NFT_MSG_NEWRULE:
		describe_rule(message, out);
		break;
	default:
		text_printf(out, "message %u", message->nlmsg_type & 0xff);
	}
}

/* Instructions that are not part of nf_tables itself. Old kernels (before 5.18) had the counter
 * apart, too. */
static const struct {
	const char *instruction, *option;
} options[] = {
	{"counter", "CONFIG_NFT_COUNTER"}, {"ct", "CONFIG_NFT_CT"},
	{"fib", "CONFIG_NFT_FIB_INET"},    {"masq", "CONFIG_NFT_MASQ"},
	{"nat", "CONFIG_NFT_NAT"},         {"reject", "CONFIG_NFT_REJECT_INET"},
};

static int add_option(struct nftnl_expr *expr, void *ctx)
{
	const char *name = nftnl_expr_get_str(expr, NFTNL_EXPR_NAME);
	struct text *out = ctx;

	for (size_t i = 0; i < LT_ARRAY_SIZE(options); i++) {
		if (strcmp(options[i].instruction, name) == 0 &&
		    !strstr(text_str(out), options[i].option))
			text_printf(out, "%s%s", out->len > 0 ? ", " : "", options[i].option);
	}
	return 0;
}

static void add_rule_options(const struct nlmsghdr *message, struct text *out)
{
	struct nftnl_rule *rule = parse_rule(message);

	if (!rule)
		return;
	nftnl_expr_foreach(rule, add_option, out);
	nftnl_rule_free(rule);
}

static void add_text(struct text *out, const char *option)
{
	if (!strstr(text_str(out), option))
		text_printf(out, "%s%s", out->len > 0 ? ", " : "", option);
}

void nft_encode_needs(const struct nlmsghdr *message, struct text *out)
{
	if (message->nlmsg_type < NLMSG_MIN_TYPE + 2) {
		add_text(out, "CONFIG_NF_TABLES");
		return;
	}
	switch (message->nlmsg_type & 0xff) {
	case NFT_MSG_NEWTABLE:
	case NFT_MSG_DELTABLE:
		add_text(out, "CONFIG_NF_TABLES_INET");
		break;
	case NFT_MSG_NEWCHAIN:
		if (strcmp(text_attribute(message, NFTA_CHAIN_TYPE), "nat") == 0)
			add_text(out, "CONFIG_NFT_NAT");
		break;
	case NFT_MSG_NEWRULE:
		add_rule_options(message, out);
		break;
	default:
		break;
	}
}
