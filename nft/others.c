/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nft/others.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

static struct nlmsghdr *begin(struct nl_batch *one, uint16_t type, uint8_t family)
{
	struct nlmsghdr *message =
		nl_batch_begin(one, (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type), 0);
	struct nfgenmsg *header = mnl_nlmsg_put_extra_header(message, sizeof(*header));

	header->nfgen_family = family;
	header->version = NFNETLINK_V0;
	return message;
}

static int take(void *ctx, const struct nlmsghdr *message)
{
	*(bool *)ctx = true;
	return 0;
}

static int ask(struct nl *nl, struct nl_batch *one, bool *ret_found)
{
	bool found = false;
	int rc = nl_request(nl, one, take, &found);

	nl_batch_done(one);
	if (rc && rc != -ENOENT)
		return rc;
	*ret_found = found && rc == 0;
	return 0;
}

int nft_others_has_table(struct nl *nl, uint8_t family, const char *table, bool *ret_found)
{
	struct nl_batch one = {0};
	struct nlmsghdr *message = begin(&one, NFT_MSG_GETTABLE, family);

	mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	nl_batch_end(&one, message);
	return ask(nl, &one, ret_found);
}

int nft_others_has_chain(struct nl *nl, uint8_t family, const char *table, const char *chain,
                         bool *ret_found)
{
	struct nl_batch one = {0};
	struct nlmsghdr *message = begin(&one, NFT_MSG_GETCHAIN, family);

	mnl_attr_put_strz(message, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(message, NFTA_CHAIN_NAME, chain);
	nl_batch_end(&one, message);
	return ask(nl, &one, ret_found);
}
