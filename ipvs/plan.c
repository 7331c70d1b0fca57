/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/plan.h"

#include "lib/mem.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* --- making --- */

static void add(struct ipvs_op_list *list, struct ipvs_op op)
{
	if (list->count == list->capacity) {
		list->capacity = list->capacity * 2 + 64;
		list->ops = xreallocarray(list->ops, list->capacity, sizeof(*list->ops));
	}
	list->ops[list->count++] = op;
}

static void add_dest(struct ipvs_planner *p, const struct ipvs_service *service,
                     const struct ipvs_dest *dest)
{
	add(&p->changes,
	    (struct ipvs_op){.kind = IPVS_OP_ADD_DEST, .service = service, .dest = dest});
}

static void add_service(struct ipvs_planner *p, const struct ipvs_service *service)
{
	add(&p->changes, (struct ipvs_op){.kind = IPVS_OP_ADD_SERVICE, .service = service});
	for (size_t i = 0; i < service->dest_count; i++)
		add_dest(p, service, &service->dests[i]);
}

static void change_dests(struct ipvs_planner *p, const struct ipvs_service *want,
                         const struct ipvs_service *have)
{
	size_t i = 0, j = 0;

	while (i < want->dest_count || j < have->dest_count) {
		int order = i == want->dest_count ? 1 : -1;

		if (i < want->dest_count && j < have->dest_count)
			order = ipvs_dest_compare(&want->dests[i], &have->dests[j]);
		if (order < 0) {
			add_dest(p, want, &want->dests[i++]);
		} else if (order > 0) {
			add(&p->gone_dests, (struct ipvs_op){.kind = IPVS_OP_DEL_DEST,
			                                     .service = want,
			                                     .dest = &have->dests[j++]});
		} else {
			const struct ipvs_dest *dest = &want->dests[i++], *was = &have->dests[j++];

			if (!ipvs_dest_same(dest, was))
				add(&p->changes, (struct ipvs_op){.kind = IPVS_OP_SET_DEST,
				                                  .service = want,
				                                  .dest = dest,
				                                  .dest_was = was});
		}
	}
}

static void change_service(struct ipvs_planner *p, const struct ipvs_service *want,
                           const struct ipvs_service *have)
{
	if (!ipvs_service_same(want, have))
		add(&p->changes, (struct ipvs_op){.kind = IPVS_OP_SET_SERVICE,
		                                  .service = want,
		                                  .service_was = have});
	change_dests(p, want, have);
}

static void join(struct ipvs_op_list *to, struct ipvs_op_list *rest)
{
	for (size_t i = 0; i < rest->count; i++)
		add(to, rest->ops[i]);
	rest->count = 0;
}

void ipvs_planner_init(struct ipvs_planner *planner, const struct ipvs_table *desired,
                       const struct ipvs_table *observed, const struct ipvs_journal *owned)
{
	*planner = (struct ipvs_planner){.desired = desired, .observed = observed, .owned = owned};
}

void ipvs_planner_done(struct ipvs_planner *planner)
{
	free(planner->changes.ops);
	free(planner->gone_dests.ops);
	free(planner->gone_services.ops);
}

/* Compares the next service of either table; false: there is none. */
static bool compare_next(struct ipvs_planner *p)
{
	const struct ipvs_service *want = ipvs_table_at(p->desired, p->desired_at);
	const struct ipvs_service *have = ipvs_table_at(p->observed, p->observed_at);
	int order = want ? -1 : 1;

	if (!want && !have)
		return false;
	if (want && have)
		order = ipvs_key_compare(&want->key, &have->key);
	if (order < 0)
		add_service(p, want);
	else if (order == 0)
		change_service(p, want, have);
	else if (ipvs_journal_find(p->owned, &have->key))
		add(&p->gone_services,
		    (struct ipvs_op){.kind = IPVS_OP_DEL_SERVICE, .service = have});
	p->desired_at += order <= 0;
	p->observed_at += order >= 0;
	return true;
}

bool ipvs_planner_next(struct ipvs_planner *planner, size_t enough, struct ipvs_plan *ret_part)
{
	struct ipvs_op_list *ops = &planner->changes;
	bool more = true;

	ops->count = 0;
	while (more && ops->count < enough)
		more = compare_next(planner);
	if (!more) {
		join(ops, &planner->gone_dests);
		join(ops, &planner->gone_services);
	}
	*ret_part = (struct ipvs_plan){.ops = ops->ops, .count = ops->count};
	for (size_t i = 0; i < ops->count; i++)
		ret_part->counts[ops->ops[i].kind]++;
	return ops->count > 0;
}

void ipvs_plan_make(const struct ipvs_table *desired, const struct ipvs_table *observed,
                    const struct ipvs_journal *owned, struct ipvs_plan *ret_plan)
{
	struct ipvs_planner planner;

	ipvs_planner_init(&planner, desired, observed, owned);
	(void)ipvs_planner_next(&planner, SIZE_MAX, ret_plan);
	planner.changes.ops = NULL; /* given away */
	ipvs_planner_done(&planner);
}

void ipvs_plan_done(struct ipvs_plan *plan)
{
	free(plan->ops);
	*plan = (struct ipvs_plan){0};
}

/* --- text --- */

const char *ipvs_op_kind_name(enum ipvs_op_kind kind)
{
	static const char *const names[IPVS_OP_KINDS] = {
		[IPVS_OP_ADD_SERVICE] = "add-service", [IPVS_OP_SET_SERVICE] = "set-service",
		[IPVS_OP_ADD_DEST] = "add-dest",       [IPVS_OP_SET_DEST] = "set-dest",
		[IPVS_OP_DEL_DEST] = "del-dest",       [IPVS_OP_DEL_SERVICE] = "del-service",
	};

	return names[kind];
}

/* "virtual service TCP 10.77.0.100:80" or "real server 10.78.0.21:8080 of TCP 10.77.0.100:80" */
static void format_subject(const struct ipvs_op *op, struct text *out)
{
	char service[IPVS_TEXT_SIZE], dest[IPVS_TEXT_SIZE];

	ipvs_service_format(op->service, service);
	if (op->dest)
		text_printf(out, "real server %s of %s", ipvs_dest_format(op->dest, dest), service);
	else
		text_printf(out, "virtual service %s", service);
}

static const struct {
	uint32_t flag;
	const char *name;
} flag_names[] = {
	{IPVS_FLAG_ONE_PACKET, "one-packet"},
	{IPVS_FLAG_FALLBACK, "fallback"},
	{IPVS_FLAG_PORT, "source-port"},
	{IPVS_FLAG_SCHED3, "scheduler-flag-3"},
};

static void format_persistence(const struct ipvs_service *service, struct text *out)
{
	uint8_t whole = service->key.addr.family == ADDR_IPV6 ? 128 : 32;

	if (!(service->flags & IPVS_FLAG_PERSISTENT)) {
		text_add(out, "none");
		return;
	}
	text_printf(out, "%" PRIu32 "s", service->timeout_s);
	if (service->prefix == IPVS_PREFIX_ODD)
		text_add(out, " by an odd netmask");
	else if (service->prefix != whole)
		text_printf(out, " by /%u", service->prefix);
}

static void format_new_service(const struct ipvs_service *service, struct text *out)
{
	text_printf(out, " scheduler %s", service->scheduler);
	if (service->flags & IPVS_FLAG_PERSISTENT) {
		text_add(out, " persistence ");
		format_persistence(service, out);
	}
	for (size_t i = 0; i < LT_ARRAY_SIZE(flag_names); i++) {
		if (service->flags & flag_names[i].flag)
			text_printf(out, " %s", flag_names[i].name);
	}
}

static void separate(struct text *out, size_t start)
{
	text_add(out, out->len == start ? " " : ", ");
}

static void format_service_change(const struct ipvs_service *want, const struct ipvs_service *have,
                                  struct text *out)
{
	size_t start = out->len;

	if (strcmp(want->scheduler, have->scheduler) != 0) {
		separate(out, start);
		text_printf(out, "scheduler %s -> %s", have->scheduler, want->scheduler);
	}
	if (((want->flags ^ have->flags) & IPVS_FLAG_PERSISTENT) ||
	    want->timeout_s != have->timeout_s || want->prefix != have->prefix) {
		separate(out, start);
		text_add(out, "persistence ");
		format_persistence(have, out);
		text_add(out, " -> ");
		format_persistence(want, out);
	}
	for (size_t i = 0; i < LT_ARRAY_SIZE(flag_names); i++) {
		uint32_t flag = flag_names[i].flag;

		if (!((want->flags ^ have->flags) & flag))
			continue;
		separate(out, start);
		text_printf(out, "%s %s", flag_names[i].name, want->flags & flag ? "on" : "off");
	}
	if (strcmp(want->persistence_engine, have->persistence_engine) != 0) {
		separate(out, start);
		text_printf(out, "persistence engine %s removed", have->persistence_engine);
	}
}

static void format_forwarding(const struct ipvs_dest *dest, struct text *out)
{
	text_add(out, ipvs_forwarding_name((enum ipvs_forwarding)dest->forwarding));
	if (dest->forwarding != IPVS_FORWARD_TUNNEL || dest->tunnel_type > MODEL_TUNNEL_GRE)
		return;
	text_printf(out, " %s", model_tunnel_type_name((enum model_tunnel_type)dest->tunnel_type));
	if (dest->tunnel_port != 0)
		text_printf(out, " port %u", dest->tunnel_port);
	if (dest->tunnel_flags & IPVS_TUNNEL_CHECKSUM)
		text_add(out, " checksum");
	if (dest->tunnel_flags & IPVS_TUNNEL_REMOTE_CHECKSUM)
		text_add(out, " remote-checksum");
}

static void format_new_dest(const struct ipvs_dest *dest, struct text *out)
{
	text_add(out, " ");
	format_forwarding(dest, out);
	text_printf(out, " weight %" PRIu32, dest->weight);
	if (dest->upper_threshold != 0)
		text_printf(out, " upper-threshold %" PRIu32, dest->upper_threshold);
	if (dest->lower_threshold != 0)
		text_printf(out, " lower-threshold %" PRIu32, dest->lower_threshold);
}

static void format_number_change(const char *name, uint32_t was, uint32_t is, size_t start,
                                 struct text *out)
{
	if (was == is)
		return;
	separate(out, start);
	text_printf(out, "%s %" PRIu32 " -> %" PRIu32, name, was, is);
}

static void format_dest_change(const struct ipvs_dest *want, const struct ipvs_dest *have,
                               struct text *out)
{
	size_t start = out->len;

	if (want->forwarding != have->forwarding || want->tunnel_type != have->tunnel_type ||
	    want->tunnel_port != have->tunnel_port || want->tunnel_flags != have->tunnel_flags) {
		separate(out, start);
		format_forwarding(have, out);
		text_add(out, " -> ");
		format_forwarding(want, out);
	}
	format_number_change("weight", have->weight, want->weight, start, out);
	format_number_change("upper-threshold", have->upper_threshold, want->upper_threshold, start,
	                     out);
	format_number_change("lower-threshold", have->lower_threshold, want->lower_threshold, start,
	                     out);
}

void ipvs_op_format(const struct ipvs_op *op, struct text *out)
{
	switch (op->kind) {
	case IPVS_OP_ADD_SERVICE:
	case IPVS_OP_ADD_DEST:
		text_add(out, "+ ");
		break;
	case IPVS_OP_SET_SERVICE:
	case IPVS_OP_SET_DEST:
		text_add(out, "~ ");
		break;
	case IPVS_OP_DEL_DEST:
	case IPVS_OP_DEL_SERVICE:
		text_add(out, "- ");
		break;
	}
	format_subject(op, out);
	switch (op->kind) {
	case IPVS_OP_ADD_SERVICE:
		format_new_service(op->service, out);
		break;
	case IPVS_OP_SET_SERVICE:
		format_service_change(op->service, op->service_was, out);
		break;
	case IPVS_OP_ADD_DEST:
		format_new_dest(op->dest, out);
		break;
	case IPVS_OP_SET_DEST:
		format_dest_change(op->dest, op->dest_was, out);
		break;
	case IPVS_OP_DEL_DEST:
	case IPVS_OP_DEL_SERVICE:
		break;
	}
}

/* --- refusals --- */

static char upper(char c)
{
	return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

static void explain_scheduler(const struct ipvs_service *service, struct text *out)
{
	char config[IPVS_SCHEDULER_SIZE];
	size_t i;

	for (i = 0; service->scheduler[i] != '\0'; i++)
		config[i] = upper(service->scheduler[i]);
	config[i] = '\0';
	text_printf(
		out,
		"the kernel has no scheduler \"%s\" and could not load it: modprobe ip_vs_%s, or "
		"a kernel with CONFIG_IP_VS_%s",
		service->scheduler, service->scheduler, config);
}

/* What an errno of net/netfilter/ipvs/ip_vs_ctl.c means for this operation; NULL: nothing more than
 * its text. */
static const char *meaning(const struct ipvs_op *op, int error)
{
	switch (error) {
	case ECANCELED:
		return "not tried, since its virtual service was refused";
	case EPERM:
		return "not permitted: CAP_NET_ADMIN in the initial user namespace is needed";
	case EAFNOSUPPORT:
		return "this kernel's IPVS has no IPv6: CONFIG_IP_VS_IPV6 is needed";
	case EEXIST:
		return "someone else made it a moment ago";
	case ESRCH:
		return "its virtual service is gone: someone else removed it a moment ago";
	case ENOENT:
		return "someone else removed it a moment ago";
	case ERANGE:
		return "a weight or threshold is out of range";
	case EINVAL:
		if (!op->dest)
			return NULL;
		if (op->dest->addr.family != op->service->key.addr.family)
			return "another address family than the virtual service's works with "
			       "tunnel forwarding only, and not beside the kernel's sync daemon";
		return "the address is not one of a host that a route leads to";
	default:
		return NULL;
	}
}

void ipvs_op_explain(const struct ipvs_op *op, int error, struct text *out)
{
	const char *text = meaning(op, error);

	format_subject(op, out);
	text_add(out, ": ");
	if (error == ENOENT && !op->dest)
		explain_scheduler(op->service, out);
	else
		text_add(out, text ? text : strerror(error));
}
