/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/kube_proxy.h - is a kube-proxy at work on this node, in which mode, and may it stay?
 *
 * Its modes iptables and nftables leave alone what the status of a Service names with ipMode Proxy.
 * Its mode ipvs deletes every virtual service that is not its own, save those on addresses that it
 * was started to leave alone (--ipvs-exclude-cidrs): a virtual router with other addresses takes no
 * part on such a node, and has nothing in IPVS there. Source: Kubernetes pkg/proxy/ipvs,
 * pkg/proxy/nftables, pkg/proxy/iptables.
 *
 * kube_proxy_look() is I/O; the rest is pure. */

#ifndef LINTEL_DAEMON_KUBE_PROXY_H
#define LINTEL_DAEMON_KUBE_PROXY_H

#include "lib/addr.h"
#include "lib/text.h"
#include "model/snapshot.h"

/* Named as the value of kube-proxy's --proxy-mode. */
enum kube_proxy_mode {
	KUBE_PROXY_NONE,
	KUBE_PROXY_IPTABLES,
	KUBE_PROXY_NFTABLES,
	KUBE_PROXY_IPVS,
	KUBE_PROXY_MODE_COUNT,
};
const char *kube_proxy_mode_name(enum kube_proxy_mode mode); /* "none", "iptables", ... */

/* What it leaves behind in a network namespace. */
struct kube_proxy_signs {
	bool ipvs_link;  /* the link kube-ipvs0 */
	bool nft_table;  /* a table kube-proxy of family ip or ip6 */
	bool nft_chain;  /* a chain KUBE-SERVICES in table nat of family ip or ip6 */
	bool legacy_nat; /* the older iptables have a table nat, and ... */
	bool listens;    /* ... somebody listens where kube-proxy is asked for its health */
};

/* Asks the kernel, a handful of small requests. What can't be asked is not seen. */
struct kube_proxy_signs kube_proxy_look(void);

enum kube_proxy_mode kube_proxy_judge(const struct kube_proxy_signs *signs);

/* Prefixes that kube-proxy was told to leave alone. */
struct kube_proxy_excludes {
	const struct addr_prefix *items;
	size_t count;
};

/* May this router, with all that it owns in the snapshot, not take part beside that mode? */
bool kube_proxy_holds(enum kube_proxy_mode mode, const struct kube_proxy_excludes *excludes,
                      const struct model_snapshot *snapshot, const struct model_router *router);
/* Why, and what to do; 'router' as above. */
void kube_proxy_explain(const struct kube_proxy_excludes *excludes,
                        const struct model_snapshot *snapshot, const struct model_router *router,
                        struct text *out);

#endif
