/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/plan.h"

#include "daemon/run.h"

#include "daemon/balance.h"
#include "daemon/sources.h"
#include "daemon/sysctls.h"
#include "lib/mono.h"
#include "lib/rtnl.h"
#include "nft/kernel.h"
#include "nft/ruleset.h"
#include "vrrp/config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static size_t count_lines(const struct text *text)
{
	size_t count = 0;

	for (size_t i = 0; i < text->len; i++)
		count += text->data[i] == '\n';
	return count;
}

/* Adds lines under a heading; nothing when there are none. */
static void add_section(struct daemon_plan *plan, const char *heading, const struct text *lines)
{
	size_t count = count_lines(lines);

	if (count == 0)
		return;
	text_printf(&plan->changes, "%s:\n%s", heading, text_str(lines));
	plan->change_count += count;
}

static struct model_snapshot *read_sources(struct daemon_plan *plan, char *const *paths,
                                           size_t path_count)
{
	struct sources sources;

	sources_init(&sources, paths, path_count);
	struct model_snapshot *snapshot = sources_read(&sources);
	for (size_t i = 0; i < sources.problems.count; i++)
		model_problem_format(&sources.problems.items[i], &plan->notes);
	sources_done(&sources);
	return snapshot;
}

static void plan_sysctls(struct daemon_plan *plan, const struct model_snapshot *snapshot,
                         const char *state_dir, bool replicating, bool leaving)
{
	struct sysctls *sysctls = sysctls_observe(snapshot, state_dir, replicating);
	struct text lines = {0}, sentence = {0};

	if (leaving)
		sysctls_hold(sysctls);
	sysctls_format_changes(sysctls, &lines);
	add_section(plan, "kernel settings", &lines);
	for (size_t i = 0; i < sysctls->count; i++) {
		text_clear(&sentence);
		if (sysctls_format_problem(&sysctls->items[i], &sentence))
			text_printf(&plan->notes, "%s\n", text_str(&sentence));
	}
	text_done(&lines);
	text_done(&sentence);
	sysctls_free(sysctls);
}

static void plan_nft(struct daemon_plan *plan, const struct model_snapshot *snapshot, bool leaving)
{
	struct nft_table *wanted = leaving ? nft_ruleset_build_with_nat(snapshot)
	                                   : nft_ruleset_build(snapshot);
	struct nft_table *found = NULL;
	struct nft_kernel *kernel = NULL;
	struct text lines = {0}, why = {0};

	if (nft_kernel_open(&kernel, &why) || nft_kernel_observe(kernel, &found, &why)) {
		text_printf(&plan->notes, "nftables can't be read: %s\n", text_str(&why));
	} else {
		nft_table_diff(found, wanted, &lines);
		add_section(plan, "nftables table inet " NFT_TABLE_NAME, &lines);
	}
	for (size_t i = 0; i < wanted->note_count; i++)
		text_printf(&plan->notes, "%s\n", wanted->notes[i]);
	text_done(&lines);
	text_done(&why);
	nft_table_free(found);
	nft_table_free(wanted);
	nft_kernel_close(kernel);
}

static void plan_ipvs_against(struct daemon_plan *plan, struct balance *balance,
                              struct ipvs_table *found, struct text *lines)
{
	struct ipvs_table effective, wanted;
	struct ipvs_plan ops;

	balance_build(balance, &wanted);
	if (verdicts_foresee(&wanted, found))
		text_add(&plan->notes, "checked servers that the kernel has without weight are "
		                       "taken to be down\n");
	ipvs_drain_step(&balance->drain, mono_now_us(), &wanted, found, &balance->journal, NULL,
	                &effective);
	ipvs_plan_make(&effective, found, &balance->journal, &ops);
	for (size_t i = 0; i < ops.count; i++) {
		ipvs_op_format(&ops.ops[i], lines);
		text_add(lines, "\n");
	}
	ipvs_plan_done(&ops);
	ipvs_table_done(&effective);
	ipvs_table_done(&wanted);
}

/* Appends the changes. 'ret_drain': what takes leave, whose connections need NAT, settings and
 * addresses that nobody else wants; the caller's to free. */
static void plan_ipvs(struct daemon_plan *plan, const struct model_snapshot *snapshot,
                      const char *state_dir, struct text *lines, struct ipvs_drain *ret_drain)
{
	struct text why = {0};
	struct drains drains;
	struct balance balance;
	struct ipvs_table found;

	if (drains_open(&drains, state_dir))
		text_printf(&plan->notes,
		            "%s is unusable: run will put it aside, and drain what it could read\n",
		            drains.path);
	if (balance_open(&balance, state_dir, &why))
		text_printf(&plan->notes, "%s %s: run will put it aside, and go on without\n",
		            balance.journal_path, text_str(&why));
	balance_want(&balance, snapshot, &drains, NULL);
	balance_probe(&balance);
	if (!balance.kernel)
		text_printf(&plan->notes, "%s\n", ipvs_kernel_open_text(balance.open_error));
	else if (balance_read(&balance, &found))
		text_printf(&plan->notes, "IPVS can't be read\n");
	else {
		plan_ipvs_against(plan, &balance, &found, lines);
		*ret_drain = balance.drain;
		ipvs_drain_init(&balance.drain);
		ipvs_table_done(&found);
	}
	balance_done(&balance);
	drains_done(&drains);
	text_done(&why);
}

static const struct vrrp_router_config *owner_of(const struct vrrp_config *config,
                                                 const struct addr *address, const char *interface)
{
	for (size_t i = 0; i < config->router_count; i++) {
		const struct vrrp_router_config *r = &config->routers[i];
		for (size_t j = 0; j < r->owned_count; j++) {
			if (addr_equal(&r->owned[j].prefix.addr, address) &&
			    (r->virtual_mac || strcmp(r->owned[j].interface, interface) == 0))
				return r;
		}
	}
	return NULL;
}

static bool is_present(const struct rtnl_address *found, size_t count, const struct addr *address)
{
	for (size_t i = 0; i < count; i++) {
		if (addr_equal(&found[i].prefix.addr, address))
			return true;
	}
	return false;
}

/* Addresses come with the state of a virtual router, which run decides; only leftovers of an
 * earlier run that nobody wants go at once. */
static void plan_addresses_against(struct daemon_plan *plan, const struct vrrp_config *config,
                                   const struct ipvs_drain *drain, const struct rtnl_address *found,
                                   size_t count)
{
	char prefix[ADDR_PREFIX_TEXT_SIZE], interface[IF_NAMESIZE];
	struct text lines = {0};

	for (size_t i = 0; i < count; i++) {
		if (found[i].protocol != RTNL_ADDRESS_PROTOCOL ||
		    !if_indextoname((unsigned)found[i].link_index, interface) ||
		    owner_of(config, &found[i].prefix.addr, interface) ||
		    ipvs_drain_needs_vip(drain, &found[i].prefix.addr))
			continue;
		text_printf(&lines, "- address %s on %s\n",
		            addr_prefix_format(&found[i].prefix, prefix), interface);
	}
	add_section(plan, "addresses", &lines);
	text_done(&lines);
	for (size_t i = 0; i < config->router_count; i++) {
		const struct vrrp_router_config *r = &config->routers[i];
		for (size_t j = 0; j < r->owned_count; j++) {
			if (!is_present(found, count, &r->owned[j].prefix.addr))
				text_printf(&plan->notes,
				            "address %s comes on %s when virtual router %s becomes "
				            "Active\n",
				            addr_prefix_format(&r->owned[j].prefix, prefix),
				            r->owned[j].interface, r->name);
		}
	}
}

static void plan_addresses(struct daemon_plan *plan, const struct model_snapshot *snapshot,
                           const struct ipvs_drain *drain)
{
	struct vrrp_config *config = vrrp_config_build(snapshot, NULL);
	struct rtnl_address *found = NULL;
	struct nl *nl = NULL;
	size_t count = 0;
	int rc = nl_open(NETLINK_ROUTE, &nl);

	if (rc == 0)
		rc = rtnl_addresses(nl, &found, &count);
	if (rc)
		text_printf(&plan->notes, "addresses can't be read: %s\n", strerror(-rc));
	else
		plan_addresses_against(plan, config, drain, found, count);
	free(found);
	nl_close(nl);
	vrrp_config_free(config);
}

int daemon_plan(char *const *paths, size_t path_count, const char *state_dir, const char *peer_key,
                struct daemon_plan *ret_plan)
{
	*ret_plan = (struct daemon_plan){0};
	struct model_snapshot *snapshot = read_sources(ret_plan, paths, path_count);

	if (!snapshot)
		return -EINVAL;
	/* Looked at first, as what drains keeps other things in place; printed in run's order. */
	struct text ipvs = {0};
	struct ipvs_drain drain;
	ipvs_drain_init(&drain);
	plan_ipvs(ret_plan, snapshot, state_dir, &ipvs, &drain);
	plan_sysctls(ret_plan, snapshot, state_dir, access(peer_key, F_OK) == 0, drain.count > 0);
	plan_nft(ret_plan, snapshot, drain.count > 0);
	add_section(ret_plan, "IPVS", &ipvs);
	text_done(&ipvs);
	plan_addresses(ret_plan, snapshot, &drain);
	ipvs_drain_done(&drain);
	model_snapshot_free(snapshot);
	return 0;
}

void daemon_plan_done(struct daemon_plan *plan)
{
	text_done(&plan->changes);
	text_done(&plan->notes);
}
