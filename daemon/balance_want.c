/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is wanted, and what changed of it since the last turn. */
#include "daemon/balance_private.h"

void balance_forget_expected(struct balance *balance)
{
	ipvs_scope_done(&balance->known);
	if (balance->expects)
		ipvs_table_done(&balance->expected);
	balance->expects = false;
}

static bool is_drained(const void *ctx, const struct addr *addr, uint16_t port)
{
	return drains_hold(ctx, addr, port);
}

static void leave_out(struct ipvs_table *table, const struct balance_without *without)
{
	size_t kept = 0;

	for (size_t i = 0; i < table->service_count; i++) {
		if (!without->is_held(without->ctx, &table->services[i].identity.vip))
			table->services[kept++] = table->services[i];
	}
	table->service_count = kept;
}

void balance_build_scope(const struct balance *balance, const struct model_snapshot *snapshot,
                         const struct ipvs_scope *scope, struct ipvs_table *ret_table)
{
	ipvs_table_build(snapshot, scope, is_drained, balance->drains, ret_table);
	if (balance->verdicts)
		verdicts_apply(balance->verdicts, ret_table);
	if (balance->without.is_held)
		leave_out(ret_table, &balance->without);
}

void balance_build(const struct balance *balance, struct ipvs_table *ret_table)
{
	balance_build_scope(balance, balance->snapshot, NULL, ret_table);
}

/* Everything will be looked at: what differs needn't be found out, but for whether something of the
 * journal is wanted no more. */
static void want_anew(struct balance *balance)
{
	struct ipvs_table wanted;

	balance->looked = false;
	balance->leaving = false;
	if (balance->journal.count == 0)
		return;
	balance_build(balance, &wanted);
	for (size_t i = 0; i < balance->journal.count && !balance->leaving; i++)
		balance->leaving = !ipvs_table_find(&wanted, &balance->journal.entries[i].key);
	ipvs_table_done(&wanted);
}

/* So many are new, or gone, that all will be looked at whatever changed. */
static bool differs_much(const struct model_snapshot *before, const struct model_snapshot *snapshot)
{
	size_t was = before->service_count, is = snapshot->service_count;

	return (was > is ? was - is : is - was) > BALANCE_SCOPE_MAX;
}

void balance_want(struct balance *balance, const struct model_snapshot *snapshot,
                  const struct drains *drains, const struct balance_without *without)
{
	const struct model_snapshot *before = balance->snapshot;
	struct ipvs_table was, wanted;
	struct ipvs_scope replaced = {0};
	bool anew = !before || without || balance->without.is_held ||
	            differs_much(before, snapshot);

	balance->snapshot = snapshot;
	balance->drains = drains;
	balance->without = without ? *without : (struct balance_without){0};
	balance_forget_expected(balance);
	if (anew) {
		want_anew(balance);
		return;
	}
	ipvs_scope_replaced(&replaced, before, snapshot);
	balance_build_scope(balance, before, &replaced, &was);
	balance_build_scope(balance, snapshot, &replaced, &wanted);
	ipvs_scope_changed(&balance->changed, &was, &wanted);
	for (size_t i = 0; i < was.service_count && !balance->leaving; i++)
		balance->leaving = !ipvs_table_find(&wanted, &was.services[i].key);
	ipvs_table_done(&wanted);
	balance->expected = was;
	balance->known = replaced;
	balance->expects = true;
}

void balance_drains_changed(struct balance *balance, const struct addr *server)
{
	if (balance->snapshot)
		ipvs_scope_served(&balance->changed, balance->snapshot, server);
}

void balance_verdicts_changed(struct balance *balance, const struct ipvs_scope *scope)
{
	for (size_t i = 0; i < scope->count; i++)
		ipvs_scope_add(&balance->changed, &scope->keys[i]);
}

static void add_services(const struct balance *balance, const struct model_virtual_server *vs,
                         struct ipvs_scope *scope)
{
	for (size_t i = 0; i < vs->address_count; i++) {
		for (size_t j = 0; j < vs->port_count; j++) {
			const struct model_service *service =
				model_snapshot_service(balance->snapshot, &vs->addresses[i],
			                               vs->ports[j].protocol, vs->ports[j].first);
			struct ipvs_key key;

			if (!service)
				continue;
			key = ipvs_key_of(service);
			ipvs_scope_add(scope, &key);
		}
	}
}

void balance_expect(struct balance *balance, const struct model_amendment *amendment)
{
	balance_forget_expected(balance);
	if (!balance->snapshot || !balance->looked)
		return;
	for (size_t i = 0; i < amendment->changed_count; i++)
		add_services(balance, amendment->changed[i], &balance->known);
	balance_build_scope(balance, balance->snapshot, &balance->known, &balance->expected);
	balance->expects = true;
}

void balance_amend(struct balance *balance, const struct model_amendment *amendment)
{
	for (size_t i = 0; i < amendment->changed_count; i++)
		add_services(balance, amendment->changed[i], &balance->changed);
}

static bool is_left_out(const struct balance *balance, const struct model_service *service)
{
	return balance->without.is_held &&
	       balance->without.is_held(balance->without.ctx, &service->address);
}

const struct model_service *balance_service(const struct balance *balance,
                                            const struct ipvs_key *key)
{
	const struct model_service *service =
		balance->snapshot ? ipvs_key_service(balance->snapshot, key) : NULL;

	return service && !is_left_out(balance, service) ? service : NULL;
}

bool balance_owns(const struct balance *balance, const struct ipvs_key *key)
{
	return ipvs_journal_find(&balance->journal, key) || balance_service(balance, key);
}

bool balance_has_leaving(const struct balance *balance)
{
	return balance->drain.count > 0 || balance->leaving;
}

size_t balance_count_services(const struct balance *balance)
{
	const struct model_snapshot *snapshot = balance->snapshot;
	size_t count = 0;

	for (size_t i = 0; i < snapshot->service_count; i++)
		count += !is_left_out(balance, &snapshot->services[i]);
	return count;
}

size_t balance_server_count(const struct balance *balance)
{
	const struct model_snapshot *snapshot = balance->snapshot;
	size_t count = 0;

	for (size_t i = 0; balance->kernel && snapshot && i < snapshot->service_count; i++) {
		if (!is_left_out(balance, &snapshot->services[i]))
			count += ipvs_table_server_count(&snapshot->services[i]);
	}
	return count;
}
