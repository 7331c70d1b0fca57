/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/balance.h"

#include "ipvs/journal_file.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "model/amend.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many operations of a turn are told one by one, more as a number. */
#define OPERATIONS_TOLD 20
/* Changed services up to this many are looked at one by one: more are cheaper to read with all. */
#define SCOPE_MAX       500

int balance_open(struct balance *balance, const char *state_dir, struct text *why)
{
	enum ipvs_journal_verdict verdict;
	struct text path = {0};

	*balance = (struct balance){0};
	text_printf(&path, "%s/" IPVS_JOURNAL_FILE, state_dir);
	balance->journal_path = text_take(&path);
	problems_init(&balance->problems, "ipvs");
	ipvs_drain_init(&balance->drain);
	int rc = ipvs_journal_load(balance->journal_path, &balance->journal, &verdict);
	if (rc)
		text_printf(why, "%s: %s", balance->journal_path,
		            rc == -EBADMSG ? ipvs_journal_verdict_text(verdict) : strerror(-rc));
	return rc;
}

void balance_done(struct balance *balance)
{
	ipvs_kernel_close(balance->kernel);
	ipvs_drain_done(&balance->drain);
	ipvs_scope_done(&balance->changed);
	ipvs_journal_done(&balance->journal);
	problems_done(&balance->problems);
	free(balance->journal_path);
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

static void build(const struct balance *balance, const struct model_snapshot *snapshot,
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
	build(balance, balance->snapshot, NULL, ret_table);
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

void balance_want(struct balance *balance, const struct model_snapshot *snapshot,
                  const struct drains *drains, const struct balance_without *without)
{
	const struct model_snapshot *before = balance->snapshot;
	struct ipvs_table was, wanted;
	struct ipvs_scope replaced = {0};
	bool anew = !before || without || balance->without.is_held;

	balance->snapshot = snapshot;
	balance->drains = drains;
	balance->without = without ? *without : (struct balance_without){0};
	if (anew) {
		want_anew(balance);
		return;
	}
	ipvs_scope_replaced(&replaced, before, snapshot);
	build(balance, before, &replaced, &was);
	build(balance, snapshot, &replaced, &wanted);
	ipvs_scope_changed(&balance->changed, &was, &wanted);
	for (size_t i = 0; i < was.service_count && !balance->leaving; i++)
		balance->leaving = !ipvs_table_find(&wanted, &was.services[i].key);
	ipvs_table_done(&was);
	ipvs_table_done(&wanted);
	ipvs_scope_done(&replaced);
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

void balance_amend(struct balance *balance, const struct model_virtual_server *vs)
{
	for (size_t i = 0; i < vs->address_count; i++) {
		for (size_t j = 0; j < vs->port_count; j++) {
			const struct model_service *service = model_snapshot_service(
				balance->snapshot, &vs->addresses[i], &vs->ports[j]);
			struct ipvs_key key;

			if (!service)
				continue;
			key = ipvs_key_of(service);
			ipvs_scope_add(&balance->changed, &key);
		}
	}
}

static bool is_left_out(const struct balance *balance, const struct model_service *service)
{
	return balance->without.is_held &&
	       balance->without.is_held(balance->without.ctx, &service->address);
}

const char *balance_cause_name(enum balance_cause cause)
{
	static const char *const names[BALANCE_CAUSE_COUNT] = {
		[BALANCE_CHANGE] = "change",
		[BALANCE_AMEND] = "amend",
		[BALANCE_DRAIN] = "drain",
		[BALANCE_RESYNC] = "resync",
	};

	return names[cause];
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

static bool owns(const void *ctx, const struct ipvs_key *key)
{
	return balance_owns(ctx, key);
}

/* Tried again each time: the module may be loaded, or the capability be given, at any later time.
 */
void balance_probe(struct balance *balance)
{
	struct ipvs_kernel_info info;

	if (balance->kernel)
		return;
	balance->open_error = ipvs_kernel_open(&balance->kernel);
	if (balance->open_error == 0 && ipvs_kernel_info(balance->kernel, &info) == 0)
		balance->version = info.version;
}

/* Written down before it is made: after a crash in between we know what may be ours. Serving goes
 * before that: when it can't be written it is made all the same, and writing is tried every turn.
 */
static void journal_save(struct balance *balance)
{
	int rc = ipvs_journal_save(balance->journal_path, &balance->journal);

	balance->journal_unsaved = rc != 0;
	if (rc)
		problems_add(&balance->problems,
		             "the ownership journal %s can't be written (%s): what is made now "
		             "would not be known as ours after a restart",
		             balance->journal_path, strerror(-rc));
}

static void journal_extend(struct balance *balance, const struct ipvs_table *wanted)
{
	if (ipvs_journal_extend(&balance->journal, wanted) || balance->journal_unsaved)
		journal_save(balance);
}

static void journal_trim(struct balance *balance, const struct ipvs_table *held)
{
	struct ipvs_journal trimmed;
	bool less = ipvs_journal_trim(&balance->journal, held, &trimmed);

	ipvs_journal_done(&balance->journal);
	balance->journal = trimmed;
	if (less || balance->journal_unsaved)
		journal_save(balance);
}

/* How long it took since the last time. */
static int64_t lap(struct balance *balance)
{
	int64_t before_us = balance->lap_us;

	balance->lap_us = mono_now_us();
	return balance->lap_us - before_us;
}

/* All services and the real servers of ours; of a scope only what is in it. */
static int read_kernel(struct balance *balance, const struct ipvs_scope *scope, bool stats,
                       struct ipvs_table *ret_table)
{
	const struct ipvs_dump dump = {.wants_dests = owns, .ctx = balance, .stats = stats};
	size_t unknown = 0;
	int rc = scope ? ipvs_kernel_look(balance->kernel, scope, ret_table, &unknown)
	               : ipvs_kernel_dump(balance->kernel, &dump, ret_table, &unknown);

	balance->read_us = lap(balance);
	if (rc)
		problems_add(&balance->problems, "IPVS can't be read: %s", strerror(-rc));
	else if (unknown)
		problems_add(&balance->problems, "%zu entries of IPVS are not understood", unknown);
	return rc;
}

static void tell_operation(const struct ipvs_op *op)
{
	struct text line = {0};

	ipvs_op_format(op, &line);
	log_info("ipvs", "%s", text_str(&line));
	text_done(&line);
}

/* Returns whether every operation was carried out. */
static bool apply(struct balance *balance, const struct ipvs_plan *plan)
{
	int *results = xcalloc(plan->count, sizeof(*results));
	struct text sentence = {0};
	size_t failed = 0;
	int rc = ipvs_kernel_apply(balance->kernel, plan, results);

	balance->apply_us = lap(balance);
	if (rc)
		problems_add(&balance->problems, "IPVS can't be written: %s", strerror(-rc));
	for (size_t i = 0; i < plan->count; i++) {
		if (results[i] == 0 && plan->count <= OPERATIONS_TOLD && rc == 0)
			tell_operation(&plan->ops[i]);
		if (results[i] == 0)
			continue;
		failed++;
		if (results[i] == ECANCELED) /* its service's problem has been told */
			continue;
		text_clear(&sentence);
		ipvs_op_explain(&plan->ops[i], results[i], &sentence);
		problems_add(&balance->problems, "%s", text_str(&sentence));
	}
	text_done(&sentence);
	free(results);
	balance->failure_count = failed;
	balance->write_count += rc ? 0 : plan->count - failed;
	return rc == 0 && failed == 0;
}

static size_t count_services(const struct balance *balance)
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

static void count_foreign(struct balance *balance, const struct ipvs_table *found)
{
	balance->foreign_count = 0;
	for (size_t i = 0; i < found->service_count; i++)
		balance->foreign_count += !balance_owns(balance, &found->services[i].key);
}

/* 'wanted' and 'found' are views of 'scope', or all when it is NULL. True: all was carried out. */
static bool turn_with(struct balance *balance, const struct ipvs_scope *scope,
                      const struct ipvs_table *wanted, const struct ipvs_table *found,
                      enum balance_cause cause, int64_t now_us)
{
	size_t drained_before = balance->drain.count;
	struct ipvs_table effective;
	struct ipvs_plan plan;

	ipvs_drain_step(&balance->drain, now_us, wanted, found, &balance->journal, scope,
	                &effective);
	ipvs_plan_make(&effective, found, &balance->journal, &plan);
	balance->plan_us = lap(balance);
	balance->operation_count = plan.count;
	bool done = plan.count == 0 || apply(balance, &plan);
	if (plan.count > OPERATIONS_TOLD)
		log_info("ipvs", "written operations=%zu failed=%zu", plan.count,
		         balance->failure_count);
	bool settled = !balance->verdicts || !balance->verdicts->unsettled;
	if (cause == BALANCE_RESYNC && balance->looked && plan.count && done && settled &&
	    balance->drain.count == drained_before) {
		balance->drift_count += plan.count;
		log_notice("ipvs", "repaired what others changed operations=%zu", plan.count);
	}
	if (!scope && done)
		journal_trim(balance, &effective);
	ipvs_plan_done(&plan);
	ipvs_table_done(&effective);
	return done;
}

static bool turn_over_all(struct balance *balance, enum balance_cause cause, int64_t now_us)
{
	struct ipvs_table found, wanted;

	if (read_kernel(balance, NULL, false, &found))
		return false;
	balance_build(balance, &wanted);
	ipvs_table_annotate(&found, &wanted);
	journal_extend(balance, &wanted);
	bool done = turn_with(balance, NULL, &wanted, &found, cause, now_us);
	count_foreign(balance, &found);
	ipvs_table_done(&wanted);
	ipvs_table_done(&found);
	return done;
}

static bool turn_over_scope(struct balance *balance, enum balance_cause cause, int64_t now_us)
{
	struct ipvs_scope *scope = &balance->changed;
	struct ipvs_table found, wanted;

	if (scope->count == 0)
		return true;
	if (read_kernel(balance, scope, false, &found))
		return false;
	build(balance, balance->snapshot, scope, &wanted);
	ipvs_table_annotate(&found, &wanted);
	journal_extend(balance, &wanted);
	bool done = turn_with(balance, scope, &wanted, &found, cause, now_us);
	ipvs_table_done(&wanted);
	ipvs_table_done(&found);
	return done;
}

void balance_turn(struct balance *balance, enum balance_cause cause, int64_t now_us)
{
	problems_begin(&balance->problems);
	balance->operation_count = 0;
	balance->failure_count = 0;
	balance->read_us = balance->plan_us = balance->apply_us = 0;
	/* Nothing comes before it then. */
	balance->lap_us = cause == BALANCE_AMEND ? now_us : mono_now_us();
	balance_probe(balance);
	if (!balance->kernel) {
		problems_add(&balance->problems, "%s", ipvs_kernel_open_text(balance->open_error));
		balance->looked = false;
	} else {
		ipvs_drain_scope(&balance->drain, &balance->changed);
		bool all = cause == BALANCE_RESYNC || !balance->looked ||
		           balance->changed.count > SCOPE_MAX;
		balance->looked = all ? turn_over_all(balance, cause, now_us)
		                      : turn_over_scope(balance, cause, now_us);
		if (cause != BALANCE_AMEND)
			balance->service_count = count_services(balance);
		balance->leaving = balance->journal.count > balance->service_count;
	}
	ipvs_scope_done(&balance->changed);
	problems_end(&balance->problems);
}

int64_t balance_deadline(const struct balance *balance)
{
	return ipvs_drain_deadline(&balance->drain);
}

void balance_remove(struct balance *balance)
{
	struct ipvs_table nothing, found;
	struct ipvs_plan plan;

	if (!balance->kernel)
		return;
	problems_begin(&balance->problems);
	if (read_kernel(balance, NULL, false, &found)) {
		problems_end(&balance->problems);
		return;
	}
	ipvs_table_init(&nothing);
	ipvs_plan_make(&nothing, &found, &balance->journal, &plan);
	if (plan.count == 0 || apply(balance, &plan)) {
		ipvs_journal_done(&balance->journal);
		journal_save(balance);
	}
	log_info("ipvs", "removed services=%zu", plan.counts[IPVS_OP_DEL_SERVICE]);
	ipvs_plan_done(&plan);
	ipvs_table_done(&nothing);
	ipvs_table_done(&found);
	problems_end(&balance->problems);
}

int balance_read(struct balance *balance, struct ipvs_table *ret_table)
{
	if (!balance->kernel)
		return -ENOENT;
	struct ipvs_table wanted;
	int rc = read_kernel(balance, NULL, true, ret_table);

	if (rc == 0 && balance->snapshot) {
		balance_build(balance, &wanted);
		ipvs_table_annotate(ret_table, &wanted);
		ipvs_table_done(&wanted);
	}
	return rc;
}
