/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/kube_proxy.h"

const char *kube_proxy_mode_name(enum kube_proxy_mode mode)
{
	static const char *const names[KUBE_PROXY_MODE_COUNT] = {"none", "iptables", "nftables",
	                                                         "ipvs"};

	return names[mode];
}

/* In its mode ipvs it has chains of iptables, too, and a change of modes leaves things behind: the
 * most that must be reckoned with. */
enum kube_proxy_mode kube_proxy_judge(const struct kube_proxy_signs *signs)
{
	if (signs->ipvs_link)
		return KUBE_PROXY_IPVS;
	if (signs->nft_table)
		return KUBE_PROXY_NFTABLES;
	if (signs->nft_chain || (signs->legacy_nat && signs->listens))
		return KUBE_PROXY_IPTABLES;
	return KUBE_PROXY_NONE;
}

static bool is_left_alone(const struct kube_proxy_excludes *excludes, const struct addr *address)
{
	for (size_t i = 0; i < excludes->count; i++) {
		if (addr_prefix_holds(&excludes->items[i], address))
			return true;
	}
	return false;
}

/* The first virtual address that it would not leave alone; NULL: there is none. */
static const struct addr *exposed(const struct kube_proxy_excludes *excludes,
                                  const struct model_snapshot *snapshot,
                                  const struct model_router *router)
{
	for (size_t i = 0; i < snapshot->vip_count; i++) {
		if (snapshot->vips[i].router == router &&
		    !is_left_alone(excludes, &snapshot->vips[i].address))
			return &snapshot->vips[i].address;
	}
	return NULL;
}

bool kube_proxy_holds(enum kube_proxy_mode mode, const struct kube_proxy_excludes *excludes,
                      const struct model_snapshot *snapshot, const struct model_router *router)
{
	return mode == KUBE_PROXY_IPVS && exposed(excludes, snapshot, router);
}

void kube_proxy_explain(const struct kube_proxy_excludes *excludes,
                        const struct model_snapshot *snapshot, const struct model_router *router,
                        struct text *out)
{
	const struct addr *address = exposed(excludes, snapshot, router);
	char buf[ADDR_TEXT_SIZE];

	text_printf(out,
	            "virtual router %s takes no part: kube-proxy in its mode ipvs is on this node "
	            "(interface kube-ipvs0) and deletes virtual services of others",
	            router->name);
	if (address)
		text_printf(out, ", such as those of %s", addr_format(address, buf));
	text_add(out, "; start it with --ipvs-exclude-cidrs for the addresses of the pools and "
	              "lintel run with --kube-proxy-excludes for the same ones, or give "
	              "kube-proxy its mode nftables or iptables, or keep one of the two off this "
	              "node; if it is in that mode no more, remove the interface");
}
