/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_parts.h"

#include "lib/mono.h"

static void write_reconcile(const struct reconcile *r, struct text *out)
{
	static const char name[] = "lintel_reconcile_duration_seconds";
	static const char phase_name[] = "lintel_reconcile_phase_duration_seconds";
	static const struct {
		const char *name;
		enum reconcile_phase phase;
	} phases[] = {
		{"read", RECONCILE_READ},
		{"plan", RECONCILE_PLAN},
		{"apply", RECONCILE_APPLY},
	};
	struct text labels = {0};

	metrics_family(out, name, "histogram",
	               "How long comparing the kernel with what is wanted took, by cause.");
	for (enum balance_cause cause = 0; cause < BALANCE_CAUSE_COUNT; cause++) {
		text_clear(&labels);
		metrics_label(&labels, "", "cause", balance_cause_name(cause));
		metrics_histogram(out, name, text_str(&labels), durations_bounds_us,
		                  r->turns[cause].counts, DURATIONS_BUCKETS,
		                  r->turns[cause].sum_us);
	}
	metrics_family(out, phase_name, "histogram", "How long the parts with IPVS took.");
	for (size_t i = 0; i < LT_ARRAY_SIZE(phases); i++) {
		const struct durations *durations = &r->phases[phases[i].phase];
		text_clear(&labels);
		metrics_label(&labels, "", "phase", phases[i].name);
		metrics_histogram(out, phase_name, text_str(&labels), durations_bounds_us,
		                  durations->counts, DURATIONS_BUCKETS, durations->sum_us);
	}
	text_done(&labels);
	metrics_single(out, "lintel_reconcile_turns_total", "counter",
	               "Comparisons of the kernel with what is wanted.", (double)r->turn_count);
	metrics_single(out, "lintel_reconcile_last_duration_seconds", "gauge",
	               "How long the last one took.", mono_seconds(r->turn_took_us));
	metrics_single(out, "lintel_reconcile_resync_seconds", "gauge",
	               "How often all is compared without a cause.",
	               mono_seconds(r->resync_paced_us));
}

static void write_problems(const struct reconcile *r, const struct checks *checks, struct text *out)
{
	const struct {
		const char *component;
		const struct problems *problems;
	} rows[] = {
		{"ipvs", &r->balance.problems},      {"nftables", &r->nft_problems},
		{"sysctl", &r->sysctl_problems},     {"kube-proxy", &r->proxy_problems},
		{"capacity", &r->capacity.problems}, {"state-directory", &r->state_problems},
	};
	struct text labels = {0};

	metrics_family(out, "lintel_problems", "gauge",
	               "Problems that lintel status shows, by what has them.");
	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		text_clear(&labels);
		metrics_label(&labels, "", "component", rows[i].component);
		metrics_count(out, "lintel_problems", text_str(&labels),
		              rows[i].problems->count + rows[i].problems->more);
	}
	text_clear(&labels);
	metrics_label(&labels, "", "component", "health");
	metrics_count(out, "lintel_problems", text_str(&labels), checks_problem_count(checks));
	text_done(&labels);
}

static void write_kernel(const struct reconcile *r, struct text *out)
{
	static const struct nl_counters none;
	const struct nl_counters *netlink =
		r->balance.kernel ? ipvs_kernel_counters(r->balance.kernel) : &none;

	metrics_single(out, "lintel_ipvs_available", "gauge", "1 when the kernel has IPVS.",
	               r->balance.kernel != NULL);
	metrics_single(out, "lintel_nftables_in_step", "gauge",
	               "1 when the nftables table is as wanted.", r->nft_in_step);
	metrics_single(out, "lintel_nftables_exchanges_refused_total", "counter",
	               "Times the nftables table was made anew, as its elements could not be "
	               "exchanged.",
	               (double)r->nft_refusal_count);
	metrics_single(out, "lintel_ipvs_messages_total", "counter",
	               "Netlink messages sent to IPVS.", (double)netlink->messages);
	metrics_single(out, "lintel_ipvs_dump_restarts_total", "counter",
	               "Dumps of IPVS begun again, as it changed meanwhile.",
	               (double)netlink->dump_restarts);
	metrics_single(out, "lintel_ipvs_services", "gauge",
	               "IPVS virtual services of ours after the last turn.",
	               (double)r->balance.service_count);
	metrics_single(out, "lintel_foreign_services", "gauge",
	               "IPVS virtual services of others, never touched.",
	               (double)r->balance.foreign_count);
	metrics_single(out, "lintel_draining", "gauge",
	               "Real and virtual servers that are taking leave.",
	               (double)r->balance.drain.count);
	metrics_single(
		out, "lintel_kernel_writes_total", "counter",
		"Changes made to IPVS, nftables and kernel settings.",
		(double)(r->balance.write_count + r->nft_write_count + r->sysctl_write_count));
	metrics_single(out, "lintel_drift_repaired_total", "counter",
	               "Changes that undid what others did to what is ours.",
	               (double)(r->balance.drift_count + r->nft_drift_count));
}

static void write_capacity(const struct capacity *capacity, struct text *out)
{
	if (capacity->tracked != CAPACITY_UNKNOWN) {
		metrics_single(
			out, "lintel_conntrack_connections", "gauge",
			"Connections that connection tracking has in this network namespace.",
			(double)capacity->tracked);
		metrics_single(out, "lintel_conntrack_connections_limit", "gauge",
		               "How many it may have: net.netfilter.nf_conntrack_max.",
		               (double)capacity->tracked_max);
		metrics_single(out, "lintel_conntrack_buckets", "gauge",
		               "Buckets they stand in, each in two: "
		               "net.netfilter.nf_conntrack_buckets.",
		               (double)capacity->tracked_buckets);
	}
	metrics_single(out, "lintel_ipvs_connections", "gauge", "IPVS connections of ours.",
	               (double)capacity->balanced);
	metrics_single(out, "lintel_ipvs_connection_buckets", "gauge",
	               "Buckets that IPVS connections stand in: conn_tab_bits of its module.",
	               (double)capacity->balanced_buckets);
}

static void write_kube_proxy(const struct reconcile *r, struct text *out)
{
	struct text labels = {0};

	metrics_family(out, "lintel_kube_proxy", "gauge",
	               "1 for the mode of the kube-proxy that was found on this node.");
	for (enum kube_proxy_mode mode = 0; mode < KUBE_PROXY_MODE_COUNT; mode++) {
		text_clear(&labels);
		metrics_label(&labels, "", "mode", kube_proxy_mode_name(mode));
		metrics_count(out, "lintel_kube_proxy", text_str(&labels), mode == r->proxy_mode);
	}
	text_done(&labels);
	metrics_single(out, "lintel_held_routers", "gauge",
	               "Virtual routers that take no part on this node, beside its kube-proxy.",
	               (double)r->held_count);
}

void metrics_daemon_write(const struct app *app, int64_t now_us, struct text *out)
{
	const struct reconcile *r = &app->reconcile;
	struct text labels = {0};

	metrics_family(out, "lintel_build_info", "gauge", "1, with what runs.");
	metrics_label(&labels, "", "version", LINTEL_VERSION);
	metrics_label(&labels, ",", "node", app->options->node);
	metrics_count(out, "lintel_build_info", text_str(&labels), 1);
	text_done(&labels);
	metrics_single(out, "lintel_uptime_seconds", "gauge", "Since the daemon started.",
	               mono_seconds(now_us - app->started_us));
	metrics_single(out, "lintel_stopping", "gauge", "1 while the daemon takes leave.",
	               app->stopping);
	metrics_single(
		out, "lintel_sources_in_step", "gauge",
		"0 when the configuration on disk was refused and the one before is in force.",
		app->sources.problems.error_count == 0);
	metrics_single(out, "lintel_sources_loaded_age_seconds", "gauge",
	               "How long ago files were last read and taken; 0 without files.",
	               app->sources.loaded_us > 0 ? mono_seconds(now_us - app->sources.loaded_us)
	                                          : 0);
	write_problems(r, &app->checks, out);
	write_reconcile(r, out);
	write_kernel(r, out);
	write_capacity(&r->capacity, out);
	write_kube_proxy(r, out);
}
