/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/metrics_parts.h"

#include "k8s/watch.h"
#include "lib/compiler.h"

static double number_of(const json_t *object, const char *member)
{
	const json_t *value = json_object_get(object, member);

	return json_is_true(value) ? 1 : json_number_value(value);
}

static void label_name(struct text *labels, const char *label, const json_t *object)
{
	const char *name = json_string_value(json_object_get(object, "name"));

	text_clear(labels);
	metrics_label(labels, "", label, name ? name : "");
}

struct row {
	const char *name, *type, *help;
	const char *member;
};

static const struct row watch_rows[] = {
	{"lintel_kubernetes_watch_in_step", "gauge",
         "1 while the API is followed; what it last said is in force otherwise.", "inStep"},
	{"lintel_kubernetes_objects", "gauge", "Objects known.", "objects"},
	{"lintel_kubernetes_malformed_objects_total", "counter", "Objects that could not be read.",
         "malformed"},
	{"lintel_kubernetes_lists_total", "counter", "Lists that were read to their end.", "lists"},
};

static void write_watches(const json_t *resources, struct text *out)
{
	static const char ends[] = "lintel_kubernetes_watch_ends_total";
	struct text labels = {0};
	const json_t *resource;
	size_t i;

	for (size_t r = 0; r < LT_ARRAY_SIZE(watch_rows); r++) {
		metrics_family(out, watch_rows[r].name, watch_rows[r].type, watch_rows[r].help);
		json_array_foreach((json_t *)resources, i, resource)
		{
			label_name(&labels, "resource", resource);
			metrics_value(out, watch_rows[r].name, text_str(&labels),
			              number_of(resource, watch_rows[r].member));
		}
	}
	metrics_family(out, ends, "counter",
	               "Requests that ended, by reason; ended is how a watch should.");
	json_array_foreach((json_t *)resources, i, resource)
	{
		for (int reason = K8S_WATCH_REASON_NONE + 1; reason < K8S_WATCH_REASON_COUNT;
		     reason++) {
			const char *name = k8s_watch_reason_name((enum k8s_watch_reason)reason);
			label_name(&labels, "resource", resource);
			metrics_label(&labels, ",", "reason", name);
			metrics_value(out, ends, text_str(&labels),
			              number_of(json_object_get(resource, "ends"), name));
		}
	}
	text_done(&labels);
}

static const struct row request_rows[] = {
	{"lintel_kubernetes_requests_total", "counter", "Requests that write, tries included.",
         "sent"},
	{"lintel_kubernetes_requests_repeated_total", "counter", "Of these, not the first try.",
         "repeated"},
	{"lintel_kubernetes_requests_waiting", "gauge", "Requests that wait for their turn.",
         "waiting"},
};

static const struct row pool_rows[] = {
	{"lintel_pool_addresses", "gauge", "Addresses of an AddressPool.", "addresses"},
	{"lintel_pool_addresses_used", "gauge", "Addresses of an AddressPool that are given.",
         "used"},
};

static void write_pools(const json_t *pools, struct text *out)
{
	static const char *const families[] = {"ipv4", "ipv6"};
	struct text labels = {0};
	const json_t *pool;
	size_t i;

	for (size_t r = 0; r < LT_ARRAY_SIZE(pool_rows); r++) {
		metrics_family(out, pool_rows[r].name, pool_rows[r].type, pool_rows[r].help);
		json_array_foreach((json_t *)pools, i, pool)
		{
			for (size_t f = 0; f < LT_ARRAY_SIZE(families); f++) {
				label_name(&labels, "pool", pool);
				metrics_label(&labels, ",", "family", families[f]);
				metrics_value(out, pool_rows[r].name, text_str(&labels),
				              number_of(json_object_get(pool, families[f]),
				                        pool_rows[r].member));
			}
		}
	}
	text_done(&labels);
}

void metrics_kubernetes_write(const json_t *kubernetes, struct text *out)
{
	const json_t *requests = json_object_get(kubernetes, "requests");

	metrics_single(out, "lintel_kubernetes_in_step", "gauge",
	               "1 while all of the API is followed.", number_of(kubernetes, "inStep"));
	metrics_single(out, "lintel_kubernetes_known", "gauge",
	               "1 once it is known what the cluster wants.",
	               number_of(kubernetes, "known"));
	metrics_single(out, "lintel_kubernetes_leading", "gauge",
	               "1 on the node that gives addresses and writes status.",
	               number_of(json_object_get(kubernetes, "lease"), "leading"));
	metrics_single(out, "lintel_kubernetes_problems", "gauge",
	               "Problems with the API or its objects that lintel status shows.",
	               (double)json_array_size(json_object_get(kubernetes, "problems")));
	for (size_t r = 0; r < LT_ARRAY_SIZE(request_rows); r++)
		metrics_single(out, request_rows[r].name, request_rows[r].type,
		               request_rows[r].help, number_of(requests, request_rows[r].member));
	write_watches(json_object_get(kubernetes, "resources"), out);
	write_pools(json_object_get(kubernetes, "pools"), out);
}
