/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/mem.h"
#include "model/check.h"
#include "model/decode_context.h"

#include <stdlib.h>
#include <string.h>

void model_check_cluster_metadata(struct model_decode_context *ctx, const struct tree *node,
                                  void *object)
{
	(void)object;
	if (model_decode_entry(node, "namespace"))
		model_decode_warning_at(ctx, node, "namespace",
		                        "is not looked at: objects of this kind are in none");
}

/* About the address of a map, or about the scalar that stands for it. */
static void report_address(struct model_decode_context *ctx, const struct tree *node,
                           const struct addr_prefix *prefix, const char *what)
{
	char shown[ADDR_PREFIX_TEXT_SIZE];

	addr_prefix_format(prefix, shown);
	if (node->kind == TREE_MAP)
		model_decode_error_at(ctx, node, "address", "%s is %s; allowed: %s", shown, what,
		                      "an address that one node can own");
	else
		model_decode_error(ctx, node->line, "%s is %s; allowed: %s", shown, what,
		                   "an address that one node can own");
}

void model_check_router_address(struct model_decode_context *ctx, const struct tree *node,
                                void *object)
{
	struct model_router_address *address = object;
	const struct addr_prefix *prefix = &address->prefix;
	const char *unusable = model_check_unusable(&prefix->addr);
	struct addr first, last;

	if (prefix->addr.family == ADDR_NONE)
		return;
	if (!unusable && addr_is_loopback(&prefix->addr))
		unusable = "a loopback address";
	/* Of two addresses or one there is no network address and no broadcast (RFC 3021, 6164). */
	if (!unusable && prefix->length + 1U < addr_bits(&prefix->addr)) {
		first = addr_prefix_first(prefix);
		last = addr_prefix_last(prefix);
		if (addr_equal(&prefix->addr, &first))
			unusable = "the address of the network itself";
		else if (prefix->addr.family == ADDR_IPV4 && addr_equal(&prefix->addr, &last))
			unusable = "the network's broadcast address";
	}
	if (unusable)
		report_address(ctx, node, prefix, unusable);
}

static int compare_router_addresses(const void *left, const void *right)
{
	const struct model_router_address *a = left, *b = right;

	return addr_compare(&a->prefix.addr, &b->prefix.addr);
}

static void report_router_address_twice(void *arg, size_t first, size_t later)
{
	struct model_check_list *list = arg;

	model_check_report_entry(list->ctx, MODEL_ERROR, list->map, list->name, later,
	                         "has the same address as addresses[%zu]", first);
}

/* Whoever is Active has them, and would talk to itself; but an address owner is heard from its own.
 */
static void warn_of_own_peers(struct model_decode_context *ctx, const struct tree *node,
                              const struct model_router *router)
{
	for (size_t i = 0; i < router->peer_count; i++) {
		for (size_t j = 0; j < router->address_count; j++) {
			if (addr_equal(&router->peers[i], &router->addresses[j].prefix.addr))
				model_check_report_entry(
					ctx, MODEL_WARNING, node, "peers", i,
					"is addresses[%zu], which moves; a node's own is meant, "
					"unless that node is the address owner (priority 255)",
					j);
		}
	}
}

static void check_peers(struct model_decode_context *ctx, const struct tree *node,
                        const struct model_router *router)
{
	struct model_check_list list = {ctx, node, "peers"};
	bool peer_family[2] = {false, false}, own_family[2] = {false, false};

	if (router->peer_count == 0 ||
	    !model_check_addresses_known(router->peers, router->peer_count))
		return;
	for (size_t i = 0; i < router->peer_count; i++) {
		const char *unusable = model_check_unusable(&router->peers[i]);

		if (!unusable && addr_is_loopback(&router->peers[i]))
			unusable = "a loopback address";
		if (unusable)
			model_check_report_entry(ctx, MODEL_ERROR, node, "peers", i,
			                         "is %s; allowed: the address of another node",
			                         unusable);
		peer_family[router->peers[i].family == ADDR_IPV6] = true;
	}
	model_check_address_twice(&list, router->peers, router->peer_count);
	warn_of_own_peers(ctx, node, router);
	for (size_t i = 0; i < router->address_count; i++)
		own_family[router->addresses[i].prefix.addr.family == ADDR_IPV6] = true;
	for (int six = 0; six < 2; six++) {
		if (own_family[six] && !peer_family[six])
			model_decode_warning_at(
				ctx, node, "peers",
				"none is an %s address, though the virtual router has "
				"%s addresses: nobody hears of those",
				six ? "IPv6" : "IPv4", six ? "IPv6" : "IPv4");
	}
}

/* Entries that were wrong in themselves have nothing to compare. */
static bool has_wrong_address(const struct model_router *router)
{
	for (size_t i = 0; i < router->address_count; i++) {
		if (router->addresses[i].prefix.addr.family == ADDR_NONE)
			return true;
	}
	return false;
}

void model_check_authentication(struct model_decode_context *ctx, const struct tree *node,
                                void *object)
{
	const struct model_router *router = object;

	if (!model_router_authenticates(router))
		return;
	if (router->auth_key_file[0] != '/')
		model_decode_error_at(ctx, node, "keyFile", "'%s' is no absolute path",
		                      router->auth_key_file);
	if (router->auth_window_s > 0 && router->auth_replay != MODEL_AUTH_REPLAY_TIME)
		model_decode_warning_at(ctx, node, "window",
		                        "has no effect with replay: monotonic");
}

/* Of the three that an entry may be about. */
static int subjects(const struct tree *node)
{
	return !!model_decode_entry(node, "file") + !!model_decode_entry(node, "address") +
	       !!model_decode_entry(node, "interface");
}

static void need_subject(struct model_decode_context *ctx, const struct tree *node,
                         const char *field, const char *subject)
{
	if (model_decode_entry(node, field) && !model_decode_entry(node, subject))
		model_decode_error_at(ctx, node, field, "needs %s", subject);
}

void model_check_track(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	static const char *const of_address[] = {"interval", "timeout", "rise", "fall"};
	struct model_track *track = object;
	const char *unusable = model_check_unusable(&track->address);

	if (subjects(node) != 1) {
		model_decode_error(ctx, node->line,
		                   "tracks %s; allowed: one of file, address, interface",
		                   subjects(node) ? "several things at once" : "nothing");
		return;
	}
	need_subject(ctx, node, "expect", "file");
	for (size_t i = 0; i < LT_ARRAY_SIZE(of_address); i++)
		need_subject(ctx, node, of_address[i], "address");
	if (*track->file && track->file[0] != '/')
		model_decode_error_at(ctx, node, "file", "'%s' is no absolute path", track->file);
	if (unusable)
		model_decode_error_at(ctx, node, "address",
		                      "is %s; allowed: an address that can answer", unusable);
	if (track->check.timeout_us > track->check.interval_us && track->check.interval_us > 0)
		model_decode_error_at(ctx, node, "timeout", "is longer than interval");
	if (*track->file && track->expect == MODEL_TRACK_NUMBER && track->weight == 0) {
		if (model_decode_entry(node, "weight"))
			model_decode_error_at(ctx, node, "weight",
			                      "0 times a number changes nothing; allowed: another "
			                      "one, or expect: present or absent");
		track->weight = 1;
	}
	track->check.type = MODEL_HEALTH_ICMP;
	track->check.http.method = track->check.http.path = track->check.http.host = "";
	track->check.http.body = track->check.tls.server_name = track->check.tls.ca_file = "";
	track->check.tls.certificate_file = track->check.tls.key_file = "";
	track->check.udp.send = track->check.udp.expect = track->check.dns.name = "";
}

void model_check_damping(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_router *router = object;

	if (router->damping_hold_us > router->damping_max_us && router->damping_max_us > 0)
		model_decode_error_at(ctx, node, "hold", "is longer than maximum");
}

static int compare_tracks(const void *left, const void *right)
{
	const struct model_track *a = left, *b = right;
	int order = strcmp(a->file, b->file);

	if (order == 0)
		order = strcmp(a->interface, b->interface);
	return order ? order : addr_compare(&a->address, &b->address);
}

static void report_track_twice(void *arg, size_t first, size_t later)
{
	struct model_check_list *list = arg;

	model_check_report_entry(list->ctx, MODEL_ERROR, list->map, list->name, later,
	                         "tracks the same as track[%zu]", first);
}

static void check_tracks(struct model_decode_context *ctx, const struct tree *node,
                         const struct model_router *router)
{
	struct model_check_list tracks = {ctx, node, "track"};

	for (size_t i = 0; i < router->track_count; i++) {
		const struct model_track *track = &router->tracks[i];

		/* Wrong in itself, and reported. */
		if (!track->file || !track->interface ||
		    (!*track->file && !*track->interface && track->address.family == ADDR_NONE))
			return;
		if (router->priority == 255 && track->weight != 0)
			model_check_report_entry(
				ctx, MODEL_WARNING, node, "track", i,
				"has no effect on the address owner (priority 255) unless it has "
				"no weight");
	}
	model_check_duplicates(router->tracks, router->track_count, sizeof(*router->tracks),
	                       compare_tracks, report_track_twice, &tracks);
}

void model_check_router(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	struct model_router *router = object;
	struct model_check_list addresses = {ctx, node, "addresses"};
	struct model_check_list interfaces = {ctx, node, "trackInterfaces"};

	for (size_t i = 0; i < router->address_count; i++) {
		if (!router->addresses[i].interface || !*router->addresses[i].interface)
			router->addresses[i].interface = router->interface;
	}
	if (!has_wrong_address(router)) {
		model_check_duplicates(router->addresses, router->address_count,
		                       sizeof(*router->addresses), compare_router_addresses,
		                       report_router_address_twice, &addresses);
		check_peers(ctx, node, router);
	}
	model_check_text_twice(&interfaces, router->track_interfaces,
	                       router->track_interface_count);
	check_tracks(ctx, node, router);
	if (router->priority == 255)
		model_decode_warning_at(
			ctx, node, "priority",
			"255 is the address owner: it takes over at once whenever it "
			"starts, whatever 'preempt' says");
	if (router->preempt_delay_us > 0 && !router->preempt)
		model_decode_warning_at(ctx, node, "preemptDelay",
		                        "has no effect while preempt is false");
}

static int compare_ranges(const void *left, const void *right)
{
	const struct addr_range *a = *(const struct addr_range *const *)left;
	const struct addr_range *b = *(const struct addr_range *const *)right;
	int order = addr_compare(&a->first, &b->first);

	return order != 0 ? order : a < b ? -1 : a > b;
}

static void check_overlap(struct model_decode_context *ctx, const struct tree *node,
                          const struct model_pool *pool, const struct addr_range *left,
                          const struct addr_range *right)
{
	size_t a = (size_t)(left - pool->ranges), b = (size_t)(right - pool->ranges);

	if (left->first.family != right->first.family || left->first.family == ADDR_NONE ||
	    !addr_range_overlaps(left, right))
		return;
	model_check_report_entry(ctx, MODEL_ERROR, node, "addresses", a < b ? b : a,
	                         "overlaps addresses[%zu]", a < b ? a : b);
}

void model_check_pool(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	const struct model_pool *pool = object;
	const struct addr_range **sorted, *last;

	if (pool->range_count == 0)
		return;
	sorted = xcalloc(pool->range_count, sizeof(*sorted));
	for (size_t i = 0; i < pool->range_count; i++) {
		const char *unusable = model_check_unusable(&pool->ranges[i].first);

		if (!unusable)
			unusable = model_check_unusable(&pool->ranges[i].last);
		if (unusable)
			model_check_report_entry(
				ctx, MODEL_ERROR, node, "addresses", i,
				"has %s in it; allowed: addresses that one node can own", unusable);
		sorted[i] = &pool->ranges[i];
	}
	qsort(sorted, pool->range_count, sizeof(*sorted), compare_ranges);
	last = sorted[0]; /* that reaches furthest so far */
	for (size_t i = 1; i < pool->range_count; i++) {
		check_overlap(ctx, node, pool, last, sorted[i]);
		if (addr_compare(&sorted[i]->last, &last->last) > 0)
			last = sorted[i];
	}
	free(sorted);
}

void model_check_selector(struct model_decode_context *ctx, const struct tree *node, void *object)
{
	if (!model_decode_entry(node, "matchLabels") &&
	    !model_decode_entry(node, "matchExpressions"))
		model_decode_error(ctx, node->line,
		                   "says nothing; allowed: matchLabels, matchExpressions or both");
}

void model_check_requirement(struct model_decode_context *ctx, const struct tree *node,
                             void *object)
{
	const struct model_requirement *requirement = object;
	bool has_values = model_decode_entry(node, "values");

	if (!model_decode_entry(node, "operator"))
		return;
	switch (requirement->operator) {
	case MODEL_LABEL_IN:
	case MODEL_LABEL_NOT_IN:
		if (!has_values)
			model_decode_error(ctx, node->line, "operators In and NotIn need values");
		break;
	case MODEL_LABEL_EXISTS:
	case MODEL_LABEL_ABSENT:
		if (has_values)
			model_decode_error_at(ctx, node, "values",
			                      "is for operators In and NotIn only");
		break;
	}
}
