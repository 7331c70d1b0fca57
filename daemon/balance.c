/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/balance_private.h"

#include "ipvs/expect.h"
#include "ipvs/journal_file.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* So many operations of a turn are told one by one, more as a number. */
#define OPERATIONS_TOLD    20
/* So many or a few more are planned before they are carried out, then the next: no more memory is
 * taken for a hundred thousand. */
#define OPERATIONS_PLANNED 4000

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
	if (rc == -EBADMSG)
		text_printf(why, "%s", ipvs_journal_verdict_text(verdict));
	else if (rc)
		text_printf(why, "can't be read: %s", strerror(-rc));
	return rc;
}

void balance_done(struct balance *balance)
{
	ipvs_kernel_close(balance->kernel);
	ipvs_drain_done(&balance->drain);
	ipvs_scope_done(&balance->changed);
	balance_forget_expected(balance);
	ipvs_journal_done(&balance->journal);
	problems_done(&balance->problems);
	free(balance->journal_path);
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
	if (balance->open_error == 0 && ipvs_kernel_info(balance->kernel, &info) == 0) {
		balance->version = info.version;
		balance->connection_slots = info.connection_slots;
	}
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

static void tell_refusals(struct balance *balance, const struct ipvs_plan *plan, const int *results)
{
	struct text sentence = {0};

	for (size_t i = 0; i < plan->count; i++) {
		if (results[i] == 0 || results[i] == ECANCELED) /* its service's has been told */
			continue;
		text_clear(&sentence);
		ipvs_op_explain(&plan->ops[i], results[i], &sentence);
		problems_add(&balance->problems, "%s", text_str(&sentence));
	}
	text_done(&sentence);
}

/* What became of a plan whose parts are carried out one after the other. */
struct outcome {
	bool ahead; /* of a look */
	size_t count;
	size_t failed;
	bool broken; /* the kernel could not be told */
};

/* What fails ahead of a look is no problem: the look finds what is there, and what is still to be
 * done is tried again. */
static void apply_part(struct balance *balance, const struct ipvs_plan *part, struct outcome *out)
{
	int *results = xcalloc(part->count, sizeof(*results));
	bool few = out->count == 0 && part->count <= OPERATIONS_TOLD; /* then they are all */
	size_t failed = 0;
	int rc = ipvs_kernel_apply(balance->kernel, part, results);

	balance->apply_us += lap(balance);
	for (size_t i = 0; i < part->count; i++) {
		failed += results[i] != 0;
		if (results[i] == 0 && few && rc == 0)
			tell_operation(&part->ops[i]);
	}
	balance->write_count += rc ? 0 : part->count - failed;
	if (!out->ahead) {
		if (rc)
			problems_add(&balance->problems, "IPVS can't be written: %s",
			             strerror(-rc));
		tell_refusals(balance, part, results);
	}
	free(results);
	out->count += part->count;
	out->failed += failed;
	out->broken = rc != 0;
}

/* Makes of 'found' what is 'desired'. */
static struct outcome apply(struct balance *balance, const struct ipvs_table *desired,
                            const struct ipvs_table *found, bool ahead)
{
	struct outcome out = {.ahead = ahead};
	struct ipvs_planner planner;
	struct ipvs_plan part;
	bool more = true;

	ipvs_planner_init(&planner, desired, found, &balance->journal);
	while (more && !out.broken) {
		more = ipvs_planner_next(&planner, OPERATIONS_PLANNED, &part);
		if (!ahead)
			balance->plan_us += lap(balance);
		if (more)
			apply_part(balance, &part, &out);
	}
	ipvs_planner_done(&planner);
	if (out.count > OPERATIONS_TOLD)
		log_info("ipvs", "written operations=%zu failed=%zu", out.count, out.failed);
	balance->operation_count += out.count;
	if (!ahead)
		balance->failure_count = out.failed;
	return out;
}

static void count_foreign(struct balance *balance, const struct ipvs_table *found)
{
	balance->foreign_count = 0;
	for (size_t i = 0; i < found->service_count; i++)
		balance->foreign_count += !balance_owns(balance, &found->services[i].key);
}

static void count_connections(struct balance *balance, const struct ipvs_table *found)
{
	balance->connection_count = 0;
	for (size_t i = 0; i < found->service_count; i++) {
		const struct ipvs_service *service = &found->services[i];
		for (size_t j = 0; j < service->dest_count; j++)
			balance->connection_count +=
				(uint64_t)service->dests[j].active + service->dests[j].inactive;
	}
}

/* 'wanted' and 'found' are views of 'scope', or all when it is NULL. 'ahead': nobody has looked,
 * 'found' is what we expect. True: all was carried out. */
static bool turn_with(struct balance *balance, const struct ipvs_scope *scope,
                      const struct ipvs_table *wanted, const struct ipvs_table *found,
                      enum balance_cause cause, bool ahead, int64_t now_us)
{
	size_t drained_before = balance->drain.count;
	struct ipvs_table effective;

	ipvs_drain_step(&balance->drain, now_us, wanted, found, &balance->journal, scope,
	                &effective);
	struct outcome out = apply(balance, &effective, found, ahead);
	bool done = !out.broken && out.failed == 0;
	bool settled = !balance->verdicts || !balance->verdicts->unsettled;
	if (cause == BALANCE_RESYNC && balance->looked && out.count && done && settled &&
	    balance->drain.count == drained_before) {
		balance->drift_count += out.count;
		log_notice("ipvs", "repaired what others changed operations=%zu", out.count);
	}
	if (!scope && done)
		journal_trim(balance, &effective);
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
	bool done = turn_with(balance, NULL, &wanted, &found, cause, false, now_us);
	count_foreign(balance, &found);
	count_connections(balance, &found);
	ipvs_table_done(&wanted);
	ipvs_table_done(&found);
	return done;
}

/* What follows from what was wanted before. */
static void write_ahead(struct balance *balance, enum balance_cause cause, int64_t now_us)
{
	struct ipvs_table wanted;

	balance_build_scope(balance, balance->snapshot, &balance->known, &wanted);
	ipvs_expect(&balance->expected, &balance->drain);
	if (cause != BALANCE_AMEND) /* what is amended is in it, and no other is expected then */
		journal_extend(balance, &wanted);
	(void)turn_with(balance, &balance->known, &wanted, &balance->expected, cause, true, now_us);
	ipvs_table_done(&wanted);
}

/* First it is written, then looked at: what the kernel held otherwise is put right. */
static bool turn_over_scope(struct balance *balance, enum balance_cause cause, int64_t now_us)
{
	struct ipvs_scope *scope = &balance->changed;
	struct ipvs_table found, wanted;

	if (balance->expects)
		write_ahead(balance, cause, now_us);
	if (scope->count == 0)
		return true;
	if (read_kernel(balance, scope, false, &found))
		return false;
	balance_build_scope(balance, balance->snapshot, scope, &wanted);
	ipvs_table_annotate(&found, &wanted);
	journal_extend(balance, &wanted);
	bool done = turn_with(balance, scope, &wanted, &found, cause, false, now_us);
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
		if (cause != BALANCE_AMEND) /* that can wait until it is due */
			ipvs_drain_scope(&balance->drain, &balance->changed);
		bool all = cause == BALANCE_RESYNC || !balance->looked ||
		           balance->changed.count > BALANCE_SCOPE_MAX;
		balance->looked = all ? turn_over_all(balance, cause, now_us)
		                      : turn_over_scope(balance, cause, now_us);
		if (cause != BALANCE_AMEND)
			balance->service_count = balance_count_services(balance);
		balance->leaving = balance->journal.count > balance->service_count;
	}
	ipvs_scope_done(&balance->changed);
	balance_forget_expected(balance);
	problems_end(&balance->problems);
}

int64_t balance_deadline(const struct balance *balance)
{
	return ipvs_drain_deadline(&balance->drain);
}

void balance_remove(struct balance *balance)
{
	struct ipvs_table nothing, found;

	if (!balance->kernel)
		return;
	problems_begin(&balance->problems);
	if (read_kernel(balance, NULL, false, &found)) {
		problems_end(&balance->problems);
		return;
	}
	ipvs_table_init(&nothing);
	struct outcome out = apply(balance, &nothing, &found, false);
	if (!out.broken && out.failed == 0) {
		ipvs_journal_done(&balance->journal);
		journal_save(balance);
	}
	log_info("ipvs", "removed services=%zu", out.count);
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
