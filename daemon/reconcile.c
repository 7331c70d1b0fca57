/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/reconcile.h"

#include "daemon/aside.h"
#include "lib/fileio.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/sysctl.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where nobody speaks of a cluster a kube-proxy is not looked for more often. */
#define PROXY_LOOK_US (60 * US_PER_S)

/* --- nftables --- */

static void nft_event(struct loop_fd *fd, bool readable, bool writable);

/* Whether it can be used; told when not, tried again every turn. */
static bool nft_is_open(struct reconcile *r)
{
	struct text why = {0};
	int rc = 0;

	if (!r->nft) {
		rc = nft_kernel_open(&r->nft, &why);
		if (rc == 0) {
			rc = nft_kernel_warm_up(r->nft, &why);
			r->nft_events.ready = nft_event;
			r->nft_events.fd = nft_kernel_event_fd(r->nft);
			loop_fd_start(r->loop, &r->nft_events, true, false);
		}
	}
	if (rc)
		problems_add(&r->nft_problems, "%s", text_str(&why));
	text_done(&why);
	return r->nft != NULL;
}

/* That counters began anew and the change took longer has a reason. */
static void tell_nft_refusal(struct reconcile *r)
{
	const char *why = nft_kernel_refusal(r->nft);

	if (!why)
		return;
	r->nft_refusal_count++;
	log_notice("nft", "made anew, elements could not be exchanged table=%s because=\"%s\"",
	           NFT_TABLE_NAME, why);
}

static void nft_turn(struct reconcile *r, enum balance_cause cause)
{
	struct text why = {0};
	enum nft_sync outcome;

	problems_begin(&r->nft_problems);
	r->nft_in_step = false;
	for (size_t i = 0; r->nft_wanted && i < r->nft_wanted->note_count; i++)
		problems_add(&r->nft_problems, "%s", r->nft_wanted->notes[i]);
	if (r->nft_wanted && nft_is_open(r)) {
		int rc = nft_kernel_sync(r->nft, r->nft_wanted, &outcome, NULL, &why);
		tell_nft_refusal(r);
		r->nft_in_step = rc == 0;
		r->nft_write_count += rc == 0 && outcome == NFT_SYNC_WRITTEN;
		if (rc)
			problems_add(&r->nft_problems, "%s", text_str(&why));
		else if (outcome == NFT_SYNC_WRITTEN && cause == BALANCE_RESYNC) {
			r->nft_drift_count++;
			log_notice("nft", "repaired what others changed in table inet %s",
			           NFT_TABLE_NAME);
		} else if (outcome == NFT_SYNC_WRITTEN) {
			log_info("nft", "written table=%s", NFT_TABLE_NAME);
		}
	}
	text_done(&why);
	r->nft_is_due = !r->nft_in_step;
	problems_end(&r->nft_problems);
}

/* From the snapshot, unless it asks for the same as 'before' did. Flows that the kernel rewrites
 * must be rewritten to their end, when the last service that wants it is gone, too. */
static void nft_want(struct reconcile *r, const struct model_snapshot *before)
{
	bool had_nat = r->nft_wanted && nft_ruleset_has_nat(r->nft_wanted);
	struct nft_table *plain;

	if (before && nft_ruleset_same(before, r->snapshot))
		return;
	plain = nft_ruleset_build(r->snapshot);
	r->nft_is_due = true;

	nft_table_free(r->nft_wanted);
	r->nft_wanted = plain;
	r->nft_keeps_nat = !nft_ruleset_has_nat(plain) &&
	                   (had_nat || balance_has_leaving(&r->balance));
	if (r->nft_keeps_nat) {
		nft_table_free(plain);
		r->nft_wanted = nft_ruleset_build_with_nat(r->snapshot);
	}
}

/* After balancing, when it is known what drains. */
static void nft_let_go(struct reconcile *r)
{
	if (!r->nft_keeps_nat || balance_has_leaving(&r->balance))
		return;
	nft_table_free(r->nft_wanted);
	r->nft_wanted = nft_ruleset_build(r->snapshot);
	r->nft_keeps_nat = false;
	nft_turn(r, BALANCE_CHANGE);
}

/* --- kernel settings --- */

static void sysctl_turn(struct reconcile *r)
{
	struct text lines = {0}, sentence = {0};
	struct sysctls *found = sysctls_observe(r->snapshot, r->state_dir, r->replicating);

	r->sysctls_are_due = balance_has_leaving(&r->balance); /* then it may be put back */
	if (r->sysctls_are_due)
		sysctls_hold(found);
	problems_begin(&r->sysctl_problems);
	for (size_t i = 0; i < found->count; i++) {
		if (found->items[i].state == SYSCTLS_TO_SET && found->items[i].warning)
			log_warn("sysctl", "%s", found->items[i].warning);
	}
	sysctls_format_changes(found, &lines);
	size_t change_count = sysctls_change_count(found);
	if (change_count) {
		int rc = sysctls_apply(found, r->state_dir);
		if (rc)
			problems_add(&r->sysctl_problems,
			             "kernel settings are not made: %s/" SYSCTLS_STATE_FILE
			             " can't be written: %s",
			             r->state_dir, strerror(-rc));
		else
			r->sysctl_write_count += change_count;
		char *rest = NULL;
		for (char *line = rc ? NULL : strtok_r(lines.data, "\n", &rest); line;
		     line = strtok_r(NULL, "\n", &rest))
			log_info("sysctl", "%s", line);
	}
	for (size_t i = 0; i < found->count; i++) {
		text_clear(&sentence);
		if (sysctls_format_problem(&found->items[i], &sentence))
			problems_add(&r->sysctl_problems, "%s", text_str(&sentence));
	}
	problems_end(&r->sysctl_problems);
	r->sysctls_are_due |= !sysctls_in_step(found);
	sysctls_free(r->sysctls);
	r->sysctls = found;
	text_done(&lines);
	text_done(&sentence);
}

/* --- kube-proxy --- */

bool reconcile_holds(const struct reconcile *reconcile, const char *router)
{
	for (size_t i = 0; i < reconcile->held_count; i++) {
		if (strcmp(reconcile->held[i]->name, router) == 0)
			return true;
	}
	return false;
}

/* Judges anew which virtual routers may not take part. True: others than before. */
static bool judge_held(struct reconcile *r)
{
	const struct model_snapshot *snapshot = r->snapshot;
	struct text sentence = {0};
	size_t before = r->held_count;
	bool same = true;

	const struct model_router **held = xcalloc(snapshot->router_count + 1, sizeof(*held));
	size_t count = 0;
	problems_begin(&r->proxy_problems);
	for (size_t i = 0; i < snapshot->router_count; i++) {
		const struct model_router *router = snapshot->routers[i];
		if (!kube_proxy_holds(r->proxy_mode, &r->proxy_excludes, snapshot, router))
			continue;
		same = same && count < before && r->held[count] == router;
		held[count++] = router;
		text_clear(&sentence);
		kube_proxy_explain(&r->proxy_excludes, snapshot, router, &sentence);
		problems_add(&r->proxy_problems, "%s", text_str(&sentence));
	}
	problems_end(&r->proxy_problems);
	text_done(&sentence);
	free(r->held);
	r->held = held;
	r->held_count = count;
	return !same || count != before;
}

static void look_for_proxy(struct reconcile *r, int64_t now_us)
{
	struct kube_proxy_signs signs = kube_proxy_look();
	enum kube_proxy_mode mode = kube_proxy_judge(&signs);

	if (mode != r->proxy_mode)
		log_notice("kube-proxy", "found on this node mode=%s", kube_proxy_mode_name(mode));
	r->proxy_mode = mode;
	r->proxy_looked_us = now_us;
}

static bool is_held(const void *ctx, const struct addr *vip)
{
	const struct reconcile *r = ctx;

	for (size_t i = 0; r->held_count > 0 && i < r->snapshot->vip_count; i++) {
		const struct model_vip *found = &r->snapshot->vips[i];
		for (size_t j = 0; addr_equal(&found->address, vip) && j < r->held_count; j++) {
			if (r->held[j] == found->router)
				return true;
		}
	}
	return false;
}

static void want_balance(struct reconcile *r)
{
	const struct balance_without without = {is_held, r};

	balance_want(&r->balance, r->snapshot, &r->drains, r->held_count ? &without : NULL);
}

/* --- capacity --- */

static void look_at_capacity(struct reconcile *r)
{
	capacity_look(&r->capacity, SYSCTL_ROOT);
	r->capacity.balanced = r->balance.connection_count;
	r->capacity.balanced_buckets = r->balance.connection_slots;
	capacity_judge(&r->capacity);
}

/* --- the state directory --- */

static void look_at_state(struct reconcile *r)
{
	problems_begin(&r->state_problems);
	aside_look(r->state_dir, &r->state_problems);
	problems_end(&r->state_problems);
}

/* --- turns --- */

static void arm(struct reconcile *r)
{
	int64_t drain_us = balance_deadline(&r->balance);

	loop_deadline_arm(&r->next, drain_us < r->resync_at_us ? drain_us : r->resync_at_us);
}

/* Opening IPVS first loads its module, without which its settings don't exist. The first time
 * settings come before entries, as connections are tracked or not from their first packet on; later
 * they are as they should be, and what changed comes first. */
static void turn(struct reconcile *r, enum balance_cause cause)
{
	/* In the turn of the loop in which servers became others there is no time to lose. */
	int64_t begin_us = cause == BALANCE_AMEND ? loop_now_us(r->loop) : mono_now_us();
	int64_t cpu_us = cause == BALANCE_RESYNC ? mono_thread_cpu_us() : 0;
	bool first = r->turn_count == 0, held_changed = false;

	if (!r->snapshot)
		return;
	if (cause == BALANCE_RESYNC) {
		if (r->in_cluster || begin_us - r->proxy_looked_us >= PROXY_LOOK_US)
			look_for_proxy(r, begin_us);
		held_changed = judge_held(r);
		if (held_changed)
			want_balance(r);
	}
	balance_probe(&r->balance);
	if (first)
		sysctl_turn(r);
	if (cause == BALANCE_RESYNC || (cause == BALANCE_CHANGE && r->nft_is_due))
		nft_turn(r, cause);
	balance_turn(&r->balance, cause, begin_us);
	nft_let_go(r);
	if (!first && (cause == BALANCE_RESYNC || (cause == BALANCE_CHANGE && r->sysctls_are_due)))
		sysctl_turn(r);
	if (first || cause == BALANCE_RESYNC) {
		look_at_capacity(r);
		look_at_state(r);
	}
	r->turned_us = begin_us;
	r->turn_took_us = mono_now_us() - begin_us;
	r->turn_count++;
	durations_note(&r->turns[cause], r->turn_took_us);
	durations_note(&r->phases[RECONCILE_READ], r->balance.read_us);
	durations_note(&r->phases[RECONCILE_PLAN], r->balance.plan_us);
	durations_note(&r->phases[RECONCILE_APPLY], r->balance.apply_us);
	if (cause == BALANCE_RESYNC)
		r->resync_paced_us =
			durations_resync_us(r->resync_us, mono_thread_cpu_us() - cpu_us);
	if (cause == BALANCE_RESYNC || r->resync_at_us == 0)
		r->resync_at_us = begin_us + r->turn_took_us + r->resync_paced_us;
	arm(r);
	if (held_changed && r->held_changed)
		r->held_changed(r->ctx);
	if (r->turned)
		r->turned(r->ctx);
}

static void due(struct loop_deadline *deadline)
{
	struct reconcile *r = lt_container_of(deadline, struct reconcile, next);

	turn(r, mono_now_us() >= r->resync_at_us ? BALANCE_RESYNC : BALANCE_DRAIN);
}

static void nft_event(struct loop_fd *fd, bool readable, bool writable)
{
	struct reconcile *r = lt_container_of(fd, struct reconcile, nft_events);

	if (nft_kernel_changed(r->nft))
		nft_turn(r, BALANCE_RESYNC);
}

/* What can be read of the list of drained servers counts: to drain one too many costs less than to
 * send clients to one that is being repaired. */
static void open_state(struct reconcile *r)
{
	struct text why = {0};
	int rc = drains_open(&r->drains, r->state_dir);

	if (rc) {
		if (rc == -EINVAL)
			text_printf(&why, "is no list of addresses");
		else
			text_printf(&why, "can't be read: %s", strerror(-rc));
		aside_put(r->drains.path, text_str(&why));
		rc = r->drains.count > 0 ? drains_save(&r->drains) : 0;
		if (rc)
			log_error("state", "%s can't be written: %s", r->drains.path,
			          strerror(-rc));
	}
	text_clear(&why);
	if (balance_open(&r->balance, r->state_dir, &why))
		aside_put(r->balance.journal_path, text_str(&why));
	sysctls_memory_mend(r->state_dir, SYSCTLS_STATE_FILE);
	text_done(&why);
}

int reconcile_open(struct reconcile *reconcile, struct loop *loop, const char *state_dir,
                   int64_t resync_us, struct text *why)
{
	*reconcile = (struct reconcile){.loop = loop,
	                                .state_dir = state_dir,
	                                .resync_us = resync_us,
	                                .resync_paced_us = resync_us};
	problems_init(&reconcile->nft_problems, "nft");
	problems_init(&reconcile->sysctl_problems, "sysctl");
	problems_init(&reconcile->proxy_problems, "kube-proxy");
	problems_init(&reconcile->state_problems, "state");
	capacity_init(&reconcile->capacity);
	reconcile->next.expired = due;
	int rc = fileio_mkdirs(state_dir, 0700);
	if (rc) {
		text_printf(why, "%s: %s", state_dir, strerror(-rc));
		return rc;
	}
	open_state(reconcile);
	rc = loop_deadline_init(loop, &reconcile->next);
	if (rc) {
		text_printf(why, "%s", strerror(-rc));
		balance_done(&reconcile->balance);
		drains_done(&reconcile->drains);
	}
	return rc;
}

void reconcile_want(struct reconcile *reconcile, const struct model_snapshot *snapshot,
                    bool replicating)
{
	const struct model_snapshot *before = reconcile->snapshot;

	if (!before) /* later with every resync */
		look_for_proxy(reconcile, mono_now_us());
	reconcile->snapshot = snapshot;
	reconcile->held_count = 0; /* of the former snapshot */
	(void)judge_held(reconcile);
	want_balance(reconcile);
	if (!before || replicating != reconcile->replicating || !sysctls_same(before, snapshot))
		reconcile->sysctls_are_due = true;
	reconcile->replicating = replicating;
	nft_want(reconcile, before);
	turn(reconcile, BALANCE_CHANGE);
}

void reconcile_expect(struct reconcile *reconcile, const struct model_amendment *amendment)
{
	balance_expect(&reconcile->balance, amendment);
}

void reconcile_amend(struct reconcile *reconcile, const struct model_amendment *amendment)
{
	balance_amend(&reconcile->balance, amendment);
	turn(reconcile, BALANCE_AMEND);
}

void reconcile_drains_changed(struct reconcile *reconcile, const struct addr *server)
{
	if (!reconcile->snapshot)
		return;
	balance_drains_changed(&reconcile->balance, server);
	turn(reconcile, BALANCE_CHANGE);
}

void reconcile_verdicts_changed(struct reconcile *reconcile, const struct ipvs_scope *scope)
{
	if (!reconcile->snapshot || scope->count == 0)
		return;
	balance_verdicts_changed(&reconcile->balance, scope);
	turn(reconcile, BALANCE_AMEND);
}

static void remove_all(struct reconcile *r)
{
	struct text text = {0};

	balance_remove(&r->balance);
	if (r->nft && nft_kernel_remove(r->nft, &text))
		log_error("nft", "%s", text_str(&text));
	text_clear(&text);
	int rc = sysctls_restore(r->state_dir, &text);
	if (rc)
		log_error("sysctl", "settings are not put back: %s", strerror(-rc));
	char *rest = NULL;
	for (char *line = text.len ? strtok_r(text.data, "\n", &rest) : NULL; line;
	     line = strtok_r(NULL, "\n", &rest))
		log_info("sysctl", "put back: %s", line);
	text_done(&text);
}

void reconcile_close(struct reconcile *reconcile, bool clean)
{
	if (clean)
		remove_all(reconcile);
	loop_fd_stop(&reconcile->nft_events);
	loop_deadline_done(&reconcile->next);
	nft_kernel_close(reconcile->nft);
	nft_table_free(reconcile->nft_wanted);
	sysctls_free(reconcile->sysctls);
	balance_done(&reconcile->balance);
	drains_done(&reconcile->drains);
	problems_done(&reconcile->nft_problems);
	problems_done(&reconcile->sysctl_problems);
	problems_done(&reconcile->proxy_problems);
	capacity_done(&reconcile->capacity);
	free(reconcile->held);
}
