/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/checks.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/search.h"

#include <stdlib.h>
#include <string.h>

/* From the first of some changes to the turn: what comes together is made felt together. */
#define GATHER_US    (10 * US_PER_MS)
/* Turns take no more of the thread than a tenth ... */
#define REST_FACTOR  10
/* ... but none waits longer than this. */
#define REST_MAX_US  US_PER_S
/* Changes that are told one by one within a second, more as a number. */
#define CHANGES_TOLD 20
#define TELL_US      US_PER_S

const char *checks_serving_name(enum checks_serving serving)
{
	switch (serving) {
	case CHECKS_SERVERS:
		return "servers";
	case CHECKS_ANYWAY:
		return "servers that are down";
	case CHECKS_SORRY:
		return "sorry server";
	case CHECKS_NOBODY:
		return "nobody";
	}
	return "?";
}

static const struct health_entry *find_entry(const void *ctx, const struct health_target *target)
{
	return health_find(ctx, target);
}

/* --- virtual servers --- */

static int compare_virtual(const void *item, const void *key)
{
	return model_virtual_server_compare(((const struct checks_virtual *)item)->vs, key);
}

static struct checks_virtual *find_virtual(const struct checks *checks,
                                           const struct model_virtual_server *vs)
{
	return search_find(checks->virtuals, checks->virtual_count, sizeof(*checks->virtuals), vs,
	                   compare_virtual);
}

const struct checks_virtual *checks_find(const struct checks *checks,
                                         const struct model_virtual_server *vs)
{
	return find_virtual(checks, vs);
}

static bool is_drained(const void *ctx, const struct addr *address, uint16_t port)
{
	return drains_hold(ctx, address, port);
}

void checks_build(const struct checks *checks, struct ipvs_table *ret_table)
{
	static const struct model_snapshot nothing;

	ipvs_table_build(checks->snapshot ? checks->snapshot : &nothing, &checks->concerned,
	                 is_drained, checks->drains, ret_table);
}

static enum checks_serving serving_of(const struct ipvs_service *service,
                                      const struct health_service *result)
{
	if (result->anyway)
		return CHECKS_ANYWAY;
	if (!result->sorry)
		return CHECKS_SERVERS;
	return service->wanted->virtual_server->sorry_server_count ? CHECKS_SORRY : CHECKS_NOBODY;
}

/* A service with no server of its family says nothing when its virtual server has others: it is for
 * the other family. */
static bool counts(const struct ipvs_service *service)
{
	size_t count;

	(void)model_port_servers(service->wanted->virtual_server, service->wanted->port, &count);
	return service->dest_count > 0 || count == 0;
}

/* Takes the service in if it does worse than what has been seen. */
static void take_in(struct checks_virtual *worst, const struct ipvs_service *service,
                    const struct verdicts_service *judged)
{
	enum checks_serving serving = serving_of(service, &judged->result);

	if (!worst->router || judged->result.up_weight < worst->up_weight ||
	    (judged->result.up_weight == worst->up_weight &&
	     judged->result.down_count > worst->down_count)) {
		worst->up_count = judged->result.up_count;
		worst->down_count = judged->result.down_count;
		worst->up_weight = judged->result.up_weight;
		worst->whole_weight = judged->whole_weight;
	}
	if (!worst->router || serving > worst->serving)
		worst->serving = serving;
	worst->router = service->wanted->router;
}

static void tell_serving(const struct checks *checks, const struct checks_virtual *v,
                         const enum checks_serving *before)
{
	log_at(v->serving == CHECKS_SERVERS ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARN, "health",
	       "virtual-server=%s/%s answering=\"%s\" up=%zu down=%zu", v->vs->namespace,
	       v->vs->name, checks_serving_name(v->serving), v->up_count, v->down_count);
	if (checks->handlers.answering_told)
		checks->handlers.answering_told(checks->handlers.ctx, v, before);
}

static void tell_quorum(const struct checks *checks, const struct checks_virtual *v)
{
	const struct model_quorum *quorum = v->vs->quorum;

	log_at(v->met ? LOG_LEVEL_NOTICE : LOG_LEVEL_WARN, "health",
	       "virtual-server=%s/%s quorum=%s up-weight=%llu minimum=%u on-loss=%s router=%s",
	       v->vs->namespace, v->vs->name, v->met ? "met" : "lost",
	       (unsigned long long)v->up_weight, quorum->minimum,
	       model_quorum_loss_name(quorum->loss), v->router ? v->router->name : "");
	if (!v->met && quorum->loss == MODEL_QUORUM_LOWER && v->router &&
	    v->router->priority == 255)
		log_warn("health",
		         "router=%s is the address owner (priority 255): its priority is not "
		         "lowered",
		         v->router->name);
	if (checks->handlers.quorum_told)
		checks->handlers.quorum_told(checks->handlers.ctx, v);
}

static void judge_quorum(struct checks *checks, struct checks_virtual *v, int64_t now_us)
{
	bool met =
		!v->router || !v->vs->quorum ||
		(v->known ? health_quorum_met(v->vs->quorum, v->up_weight, v->whole_weight, v->met)
	                  : health_quorum_first(v->vs->quorum, v->up_weight));
	bool changed = v->known ? met != v->met : !met;

	if (!v->known || changed)
		v->met_since_us = now_us;
	v->met = met;
	if (!changed)
		return;
	checks->quorum_loss_count += !met;
	if (v->vs->quorum)
		tell_quorum(checks, v);
}

/* Judges all virtual servers anew. */
static void judge(struct checks *checks, int64_t now_us)
{
	enum checks_serving *before = xcalloc(checks->virtual_count + 1, sizeof(*before));
	struct ipvs_table table;

	for (size_t i = 0; i < checks->virtual_count; i++) {
		before[i] = checks->virtuals[i].serving;
		checks->virtuals[i].serving = CHECKS_SERVERS;
		checks->virtuals[i].router = NULL;
	}
	checks_build(checks, &table);
	for (size_t i = 0; i < table.service_count; i++) {
		const struct ipvs_service *service = &table.services[i];
		struct checks_virtual *v = find_virtual(checks, service->wanted->virtual_server);

		if (!v || !counts(service))
			continue;
		struct verdicts_service judged =
			verdicts_judge(&checks->verdicts, &table.arena, service);
		take_in(v, service, &judged);
	}
	ipvs_table_done(&table);
	for (size_t i = 0; i < checks->virtual_count; i++) {
		struct checks_virtual *v = &checks->virtuals[i];

		if (!v->known || v->serving != before[i])
			v->serving_since_us = now_us;
		if (v->known ? v->serving != before[i] : v->serving != CHECKS_SERVERS)
			tell_serving(checks, v, v->known ? &before[i] : NULL);
		judge_quorum(checks, v, now_us);
		v->known = true;
	}
	free(before);
	checks_restrain(checks, now_us);
}

/* --- verdicts --- */

static int compare_addresses(const void *a, const void *b)
{
	return addr_compare(a, b);
}

static bool has_moved(const struct checks *checks, const struct addr *address)
{
	return bsearch(address, checks->moved, checks->moved_count, sizeof(*checks->moved),
	               compare_addresses) != NULL;
}

/* The services that servers whose verdicts changed take part in. */
static void find_moved(struct checks *checks, struct ipvs_scope *scope)
{
	qsort(checks->moved, checks->moved_count, sizeof(*checks->moved), compare_addresses);
	for (size_t i = 0; i < checks->snapshot->service_count; i++) {
		const struct model_service *service = &checks->snapshot->services[i];
		const struct model_real_server *servers;
		size_t count;

		if (!model_virtual_server_is_judged(service->virtual_server))
			continue;
		servers = model_port_servers(service->virtual_server, service->port, &count);
		for (size_t j = 0; j < count; j++) {
			if (!has_moved(checks, &servers[j].address))
				continue;
			struct ipvs_key key = ipvs_key_of(service);
			ipvs_scope_add(scope, &key);
			break;
		}
	}
}

/* Whether this is to be told by itself. */
static bool may_tell(struct checks *checks, int64_t now_us)
{
	if (now_us - checks->told_us >= TELL_US) {
		checks->told_us = now_us;
		checks->told_count = 0;
	}
	if (checks->told_count >= CHANGES_TOLD) {
		checks->untold_count++;
		return false;
	}
	checks->told_count++;
	return true;
}

/* What was not told by itself, once the second is over. */
static void tell_rest(struct checks *checks, int64_t now_us)
{
	int64_t due_us = checks->told_us + TELL_US;

	if (checks->untold_count == 0)
		return;
	if (now_us < due_us) {
		loop_deadline_arm(&checks->turn, due_us);
		return;
	}
	log_notice("health", "more servers changed count=%zu", checks->untold_count);
	if (checks->handlers.servers_told)
		checks->handlers.servers_told(checks->handlers.ctx, checks->untold_count);
	checks->untold_count = 0;
}

static void turn_due(struct loop_deadline *deadline)
{
	struct checks *checks = lt_container_of(deadline, struct checks, turn);
	int64_t begin_us = mono_now_us();
	struct ipvs_scope scope = {0};

	tell_rest(checks, begin_us);
	if (!checks->snapshot || checks->moved_count == 0)
		return;
	find_moved(checks, &scope);
	checks->moved_count = 0;
	checks->verdicts.unsettled = false;
	checks->handlers.changed(checks->handlers.ctx, &scope);
	ipvs_scope_done(&scope);
	judge(checks, begin_us);
	checks->turn_end_us = mono_now_us();
	checks->turn_took_us = checks->turn_end_us - begin_us;
}

static void tell_verdict(const struct checks *checks, const struct health_entry *entry)
{
	const struct health_machine *machine = health_entry_machine(entry);
	const struct health_target *target = health_entry_target(entry);
	char text[ENDPOINT_TEXT_SIZE];

	log_at(machine->state == HEALTH_DOWN ? LOG_LEVEL_WARN : LOG_LEVEL_NOTICE, "health",
	       "server=%s check=%s state=%s result=%s why=\"%s\" in-a-row=%u",
	       endpoint_format(&target->address, target->port, text),
	       model_health_type_name(target->check->type), health_state_name(machine->state),
	       health_result_name(machine->result), machine->why, machine->streak);
	if (checks->handlers.server_told)
		checks->handlers.server_told(checks->handlers.ctx, entry);
}

static void verdict_changed(void *ctx, const struct health_entry *entry)
{
	struct checks *checks = ctx;
	int64_t now_us = mono_now_us(), rest_us = checks->turn_took_us * REST_FACTOR;

	if (checks->moved_count == checks->moved_capacity) {
		checks->moved_capacity = checks->moved_capacity * 2 + 64;
		checks->moved = xreallocarray(checks->moved, checks->moved_capacity,
		                              sizeof(*checks->moved));
	}
	checks->moved[checks->moved_count++] = health_entry_target(entry)->address;
	checks->verdicts.unsettled = true;
	checks_memory_changed(&checks->memory, now_us);
	if (may_tell(checks, now_us))
		tell_verdict(checks, entry);
	if (checks->moved_count > 1)
		return;
	if (rest_us > REST_MAX_US)
		rest_us = REST_MAX_US;
	int64_t due_us = checks->turn_end_us + rest_us;
	loop_deadline_arm(&checks->turn, due_us > now_us + GATHER_US ? due_us : now_us + GATHER_US);
}

/* --- what is wanted --- */

/* Virtual servers of the new snapshot, with what is known of those of the old one. */
static void want_virtuals(struct checks *checks, const struct model_snapshot *snapshot)
{
	struct checks_virtual *virtuals =
		xcalloc(snapshot->virtual_server_count + 1, sizeof(*virtuals));
	size_t count = 0;

	for (size_t i = 0; i < snapshot->virtual_server_count; i++) {
		const struct model_virtual_server *vs = snapshot->virtual_servers[i];
		const struct checks_virtual *before;

		if (!model_virtual_server_is_judged(vs))
			continue;
		before = find_virtual(checks, vs);
		if (before)
			virtuals[count] = *before;
		if (before && !before->vs->quorum != !vs->quorum)
			virtuals[count].known = false;
		virtuals[count++].vs = vs;
	}
	free(checks->virtuals);
	checks->virtuals = virtuals;
	checks->virtual_count = count;
}

void checks_expect(struct checks *checks, const struct model_snapshot *snapshot)
{
	size_t count;
	struct health_target *targets = verdicts_targets(snapshot, &count);

	checks_memory_expect(&checks->memory, targets, count);
	free(targets);
}

void checks_want(struct checks *checks, const struct model_snapshot *snapshot)
{
	size_t count;
	struct health_target *targets = verdicts_targets(snapshot, &count);

	want_virtuals(checks, snapshot);
	checks->snapshot = snapshot;
	ipvs_scope_done(&checks->concerned);
	for (size_t i = 0; i < snapshot->service_count; i++) {
		struct ipvs_key key = ipvs_key_of(&snapshot->services[i]);

		if (model_virtual_server_is_judged(snapshot->services[i].virtual_server))
			ipvs_scope_add(&checks->concerned, &key);
	}
	health_want(checks->health, targets, count);
	free(targets);
	judge(checks, mono_now_us());
}

void checks_drains_changed(struct checks *checks)
{
	if (checks->snapshot)
		judge(checks, mono_now_us());
}

/* --- life --- */

static void hold_over(struct loop_deadline *deadline)
{
	checks_restrain(lt_container_of(deadline, struct checks, hold), mono_now_us());
}

int checks_open(struct checks *checks, struct loop *loop, const char *state_dir,
                const struct drains *drains, const struct checks_handlers *handlers)
{
	const struct health_handlers own = {.changed = verdict_changed, .ctx = checks};

	*checks = (struct checks){
		.handlers = *handlers,
		.drains = drains,
		.turn = {.expired = turn_due},
		.hold = {.expired = hold_over},
	};
	int rc = loop_deadline_init(loop, &checks->turn);
	if (rc)
		return rc;
	rc = loop_deadline_init(loop, &checks->hold);
	if (rc)
		goto close_turn;
	rc = health_open(loop, &own, NULL, &checks->health);
	if (rc)
		goto close_hold;
	rc = checks_memory_open(&checks->memory, loop, checks->health, state_dir);
	if (rc)
		goto close_health;
	checks->verdicts = (struct verdicts){.find = find_entry, .ctx = checks->health};
	return 0;
close_health:
	health_close(checks->health);
close_hold:
	loop_deadline_done(&checks->hold);
close_turn:
	loop_deadline_done(&checks->turn);
	return rc;
}

void checks_close(struct checks *checks)
{
	checks_memory_close(&checks->memory);
	health_close(checks->health);
	loop_deadline_done(&checks->turn);
	loop_deadline_done(&checks->hold);
	ipvs_scope_done(&checks->concerned);
	free(checks->virtuals);
	free(checks->moved);
	free(checks->restraints);
}
