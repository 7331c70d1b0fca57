/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/kube_proxy.h"

#include "lib/nl.h"
#include "lib/rtnl.h"
#include "nft/others.h"

#include <linux/netfilter.h>
#include <linux/netlink.h>
#include <stdio.h>
#include <string.h>

#define LINK         "kube-ipvs0"
#define TABLE        "kube-proxy"
#define CHAIN        "KUBE-SERVICES"
#define HEALTH_PORT  10256
#define METRICS_PORT 10249

static bool has_link(void)
{
	struct nl *nl;
	bool found = false;

	if (nl_open(NETLINK_ROUTE, &nl))
		return false;
	if (rtnl_link_exists(nl, LINK, &found))
		found = false;
	nl_close(nl);
	return found;
}

static void look_at_nft(struct kube_proxy_signs *signs)
{
	static const uint8_t families[] = {NFPROTO_IPV4, NFPROTO_IPV6};
	struct nl *nl;
	bool found;

	if (nl_open(NETLINK_NETFILTER, &nl))
		return;
	for (size_t i = 0; i < LT_ARRAY_SIZE(families); i++) {
		if (nft_others_has_table(nl, families[i], TABLE, &found) == 0)
			signs->nft_table |= found;
		if (nft_others_has_chain(nl, families[i], "nat", CHAIN, &found) == 0)
			signs->nft_chain |= found;
	}
	nl_close(nl);
}

static bool has_legacy_nat(const char *path)
{
	char line[64];
	bool found = false;
	FILE *file = fopen(path, "re");

	while (file && !found && fgets(line, sizeof(line), file))
		found = strcmp(line, "nat\n") == 0;
	if (file)
		fclose(file);
	return found;
}

/* Those that listen come first in the kernel's list: it is not read to its end. */
static bool has_listener(const char *path)
{
	char line[256], state[3];
	unsigned port;
	bool found = false;
	FILE *file = fopen(path, "re");

	if (file && !fgets(line, sizeof(line), file)) /* its heading */
		strcpy(line, "");
	while (file && !found && fgets(line, sizeof(line), file) &&
	       sscanf(line, " %*[0-9]: %*[0-9A-F]:%4x %*[0-9A-F:] %2s", &port, state) == 2 &&
	       strcmp(state, "0A") == 0)
		found = port == HEALTH_PORT || port == METRICS_PORT;
	if (file)
		fclose(file);
	return found;
}

struct kube_proxy_signs kube_proxy_look(void)
{
	struct kube_proxy_signs signs = {.ipvs_link = has_link()};

	look_at_nft(&signs);
	signs.legacy_nat = has_legacy_nat("/proc/net/ip_tables_names") ||
	                   has_legacy_nat("/proc/net/ip6_tables_names");
	signs.listens = signs.legacy_nat &&
	                (has_listener("/proc/net/tcp") || has_listener("/proc/net/tcp6"));
	return signs;
}
