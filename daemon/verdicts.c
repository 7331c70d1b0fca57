/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/verdicts.h"

#include "lib/mem.h"

#include <stdlib.h>

const struct model_health_check *verdicts_check(const struct model_virtual_server *vs,
                                                const struct model_real_server *server)
{
	const struct model_health_check *check = server->health ? server->health : vs->health;

	return check && check->type != MODEL_HEALTH_NONE ? check : NULL;
}

struct health_target verdicts_target(const struct model_service *service,
                                     const struct model_real_server *server,
                                     const struct model_health_check *check)
{
	return health_target_make(&server->address, ipvs_table_server_port(service, server), check);
}

struct health_target *verdicts_targets(const struct model_snapshot *snapshot, size_t *ret_count)
{
	struct health_target *targets = NULL;
	size_t count = 0, capacity = 0;

	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];
		const struct model_real_server *servers;
		size_t server_count;

		if (service->refusal || !model_virtual_server_is_judged(service->virtual_server))
			continue;
		uint8_t family = ipvs_table_server_family(service);
		servers = model_port_servers(service->virtual_server, service->port, &server_count);
		for (size_t j = 0; j < server_count; j++) {
			const struct model_health_check *check =
				verdicts_check(service->virtual_server, &servers[j]);
			if (!check || servers[j].address.family != family)
				continue;
			if (count == capacity) {
				capacity = capacity * 2 + 64;
				targets = xreallocarray(targets, capacity, sizeof(*targets));
			}
			targets[count++] = verdicts_target(service, &servers[j], check);
		}
	}
	*ret_count = count;
	return targets;
}

static void look_up(const struct verdicts *verdicts, const struct model_service *service,
                    const struct model_real_server *server, struct verdicts_server *known)
{
	const struct model_health_check *check = verdicts_check(service->virtual_server, server);
	enum health_state state = HEALTH_UNKNOWN;

	if (!check)
		return;
	struct health_target target = verdicts_target(service, server, check);
	known->check = check;
	known->entry = verdicts->find(verdicts->ctx, &target);
	if (known->entry)
		state = health_entry_machine(known->entry)->state;
	known->judged.up = health_counts_as_up(state, check->start);
	known->judged.failure = check->failure;
}

struct verdicts_service verdicts_judge(const struct verdicts *verdicts, struct arena *arena,
                                       const struct ipvs_service *service)
{
	const struct model_service *wanted = service->wanted;
	struct verdicts_service judged = {.count = service->dest_count};
	const struct model_real_server *servers;
	struct health_server *scratch;
	size_t count;

	judged.servers = arena_array(arena, judged.count, sizeof(*judged.servers));
	for (size_t i = 0; i < judged.count; i++) {
		judged.servers[i].judged =
			(struct health_server){.weight = service->dests[i].weight, .up = true};
		judged.whole_weight += service->dests[i].weight;
	}
	servers = model_port_servers(wanted->virtual_server, wanted->port, &count);
	for (size_t i = 0; i < count; i++) {
		struct ipvs_dest own = ipvs_table_dest(wanted, &servers[i]);
		const struct ipvs_dest *dest = ipvs_service_find(service, &own.addr, own.port);

		if (dest)
			look_up(verdicts, wanted, &servers[i],
			        &judged.servers[dest - service->dests]);
	}
	scratch = arena_array(arena, judged.count, sizeof(*scratch));
	for (size_t i = 0; i < judged.count; i++)
		scratch[i] = judged.servers[i].judged;
	judged.result =
		health_service_judge(scratch, judged.count, wanted->virtual_server->all_down);
	for (size_t i = 0; i < judged.count; i++)
		judged.servers[i].judged = scratch[i];
	return judged;
}

/* --- sorry servers --- */

/* The one that fits the address: of its family, or with tunnels of any when there is no such. */
static const struct model_sorry_server *sorry_of(const struct model_service *service)
{
	const struct model_virtual_server *vs = service->virtual_server;

	for (size_t i = 0; i < vs->sorry_server_count; i++) {
		if (vs->sorry_servers[i].address.family == service->address.family)
			return &vs->sorry_servers[i];
	}
	return vs->forwarding == MODEL_FORWARD_TUNNEL && vs->sorry_server_count > 0
	               ? &vs->sorry_servers[0]
	               : NULL;
}

static struct ipvs_dest sorry_dest(const struct model_service *service,
                                   const struct model_sorry_server *sorry)
{
	const struct model_real_server server = {
		.address = sorry->address,
		.port = sorry->port,
		.weight = 1,
	};

	return ipvs_table_dest(service, &server);
}

bool verdicts_is_sorry(const struct model_service *service, const struct ipvs_dest *dest)
{
	const struct model_sorry_server *sorry = sorry_of(service);
	const struct model_real_server *servers;
	size_t count;

	if (!sorry)
		return false;
	struct ipvs_dest own = sorry_dest(service, sorry);
	if (ipvs_dest_compare(&own, dest) != 0)
		return false;
	servers = model_port_servers(service->virtual_server, service->port, &count);
	for (size_t i = 0; i < count; i++) {
		own = ipvs_table_dest(service, &servers[i]);
		if (ipvs_dest_compare(&own, dest) == 0)
			return false;
	}
	return true;
}

/* --- the table --- */

static void add_sorry(struct arena *arena, struct ipvs_service *service)
{
	const struct model_sorry_server *sorry = sorry_of(service->wanted);

	if (!sorry)
		return;
	struct ipvs_dest dest = sorry_dest(service->wanted, sorry);
	struct ipvs_dest *present = ipvs_service_find(service, &dest.addr, dest.port);
	if (present) { /* it is one of the servers, too */
		present->weight = dest.weight;
		return;
	}
	struct ipvs_dest *dests =
		arena_array(arena, service->dest_count + 1, sizeof(*service->dests));
	for (size_t i = 0; i < service->dest_count; i++)
		dests[i] = service->dests[i];
	dests[service->dest_count++] = dest;
	service->dests = dests;
	ipvs_service_sort(service);
}

static void apply_one(const struct verdicts *verdicts, struct arena *arena,
                      struct ipvs_service *service)
{
	struct verdicts_service judged = verdicts_judge(verdicts, arena, service);
	struct ipvs_dest *dropped = arena_array(arena, judged.count, sizeof(*dropped));
	size_t kept = 0;

	service->dropped = dropped;
	for (size_t i = 0; i < judged.count; i++) {
		struct ipvs_dest dest = service->dests[i];

		if (judged.servers[i].judged.use == HEALTH_USE_REMOVE) {
			dropped[service->dropped_count++] = dest;
			continue;
		}
		dest.weight = judged.servers[i].judged.used_weight;
		service->dests[kept++] = dest;
	}
	service->dest_count = kept;
	if (judged.result.sorry)
		add_sorry(arena, service);
}

static const struct health_entry *find_none(const void *ctx, const struct health_target *target)
{
	return NULL;
}

static bool foresee_one(struct arena *arena, struct ipvs_service *service,
                        const struct ipvs_service *have)
{
	const struct verdicts none = {.find = find_none};
	struct verdicts_service judged = verdicts_judge(&none, arena, service);
	struct ipvs_dest *dropped = arena_array(arena, judged.count, sizeof(*dropped));
	size_t kept = 0, down_count = 0;
	bool sorry = false;

	service->dropped = dropped;
	for (size_t i = 0; i < judged.count; i++) {
		const struct model_health_check *check = judged.servers[i].check;
		struct ipvs_dest dest = service->dests[i];
		const struct ipvs_dest *present = ipvs_service_find(have, &dest.addr, dest.port);
		bool is_gone = !present && check && check->failure == MODEL_HEALTH_REMOVE;
		bool is_down = present && check && present->weight == 0 && dest.weight > 0;

		down_count += is_gone || is_down;
		if (is_gone) {
			dropped[service->dropped_count++] = dest;
			continue;
		}
		if (is_down)
			dest.weight = 0;
		service->dests[kept++] = dest;
	}
	service->dest_count = kept;
	for (size_t i = 0; i < have->dest_count && !sorry; i++)
		sorry = have->dests[i].weight > 0 &&
		        verdicts_is_sorry(service->wanted, &have->dests[i]);
	if (sorry)
		add_sorry(arena, service);
	return sorry || down_count > 0;
}

bool verdicts_foresee(struct ipvs_table *table, const struct ipvs_table *found)
{
	bool any = false;

	for (size_t i = 0; i < table->service_count; i++) {
		struct ipvs_service *service = &table->services[i];
		const struct ipvs_service *have = ipvs_table_find(found, &service->key);

		if (have && model_virtual_server_is_judged(service->wanted->virtual_server))
			any |= foresee_one(&table->arena, service, have);
	}
	return any;
}

void verdicts_apply(const struct verdicts *verdicts, struct ipvs_table *table)
{
	for (size_t i = 0; i < table->service_count; i++) {
		const struct model_service *wanted = table->services[i].wanted;

		if (wanted && model_virtual_server_is_judged(wanted->virtual_server))
			apply_one(verdicts, &table->arena, &table->services[i]);
	}
}
