/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/kernel.h"

#include "lib/mem.h"
#include "lib/nl.h"
#include "nft/encode.h"
#include "nft/observe.h"
#include "nft/trial.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* A look that somebody else's transaction crosses is done again. */
#define OBSERVE_TRIES 10

struct nft_kernel {
	struct nl *nl;     /* requests */
	struct nl *events; /* notifications */
	const char *table; /* its name */
	uint32_t port;     /* netlink port of requests: how our own changes are known */
	/* The last look: at which generation, and at what wanted table, the kernel's was right. */
	bool seen;
	uint32_t seen_generation;
	uint64_t seen_digest;
	/* How the kernel shows the table 'settled_wanted', when otherwise than it was given. */
	uint64_t settled_wanted;
	uint64_t settled_shown;
};

const char *nft_sync_name(enum nft_sync outcome)
{
	switch (outcome) {
	case NFT_SYNC_UNTOUCHED:
		return "untouched";
	case NFT_SYNC_SAME:
		return "same";
	case NFT_SYNC_WRITTEN:
		return "written";
	}
	return "unknown";
}

static int explain(struct text *why, const char *what, int err)
{
	text_printf(why, "%s: %s", what, strerror(-err));
	if (err == -EPERM)
		text_add(why, " (CAP_NET_ADMIN is needed)");
	return err;
}

/* --- open and close --- */

static int open_channels(struct nft_kernel *kernel, struct text *why)
{
	struct sockaddr_nl address = {.nl_family = AF_NETLINK};
	socklen_t len = sizeof(address);
	int err;

	err = nl_open(NETLINK_NETFILTER, &kernel->nl);
	if (err == -EPROTONOSUPPORT) {
		text_add(why, "the kernel has no nfnetlink (CONFIG_NETFILTER_NETLINK)");
		return err;
	}
	if (err < 0)
		return explain(why, "cannot open nfnetlink", err);
	err = nl_open(NETLINK_NETFILTER, &kernel->events);
	if (err < 0)
		return explain(why, "cannot open nfnetlink for events", err);
	if (getsockname(nl_fd(kernel->nl), (struct sockaddr *)&address, &len) < 0)
		return explain(why, "cannot ask for the netlink port", -errno);
	kernel->port = address.nl_pid;
	err = nl_subscribe(kernel->events, NFNLGRP_NFTABLES);
	if (err < 0)
		return explain(why, "cannot listen to changes of nftables", err);
	return 0;
}

int nft_kernel_open_table(const char *table, struct nft_kernel **ret_kernel, struct text *why)
{
	struct nft_kernel *kernel = xcalloc(1, sizeof(*kernel));
	int err;

	kernel->table = table;
	err = open_channels(kernel, why);

	if (err < 0) {
		nft_kernel_close(kernel);
		return err;
	}
	*ret_kernel = kernel;
	return 0;
}

int nft_kernel_open(struct nft_kernel **ret_kernel, struct text *why)
{
	return nft_kernel_open_table(NFT_TABLE_NAME, ret_kernel, why);
}

void nft_kernel_close(struct nft_kernel *kernel)
{
	if (!kernel)
		return;
	nl_close(kernel->nl);
	nl_close(kernel->events);
	free(kernel);
}

/* --- transactions --- */

struct refusal {
	const struct nl_batch *batch;
	struct text needs; /* options that the refused messages take */
	size_t index;      /* the first refused message */
	int error;         /* 0: nothing was refused */
};

static void refused(void *ctx, size_t index, int error)
{
	struct refusal *refusal = ctx;

	nft_encode_needs(
		(const struct nlmsghdr *)(refusal->batch->data + refusal->batch->starts[index]),
		&refusal->needs);
	if (refusal->error != 0 && index >= refusal->index)
		return;
	refusal->index = index;
	refusal->error = error;
}

/* Errors by which the kernel says that it does not know what it is asked for. */
static bool means_missing(int error)
{
	return error == ENOENT || error == EOPNOTSUPP || error == EAFNOSUPPORT ||
	       error == EPROTONOSUPPORT;
}

static int explain_refusal(const struct nft_kernel *kernel, const struct refusal *refusal,
                           struct text *why)
{
	const char *said = nl_refusal_text(kernel->nl);

	text_add(why, "the kernel refused ");
	nft_encode_describe((const struct nlmsghdr *)(refusal->batch->data +
	                                              refusal->batch->starts[refusal->index]),
	                    why);
	text_printf(why, ": %s", strerror(refusal->error));
	if (*said)
		text_printf(why, " (%s)", said);
	if (refusal->error == EPERM)
		text_add(why, " (CAP_NET_ADMIN is needed)");
	if (means_missing(refusal->error) && refusal->needs.len > 0)
		text_printf(why, "; it may lack %s", text_str(&refusal->needs));
	return means_missing(refusal->error) ? -EOPNOTSUPP : -refusal->error;
}

static int run(struct nft_kernel *kernel, struct nl_batch *batch, struct text *why)
{
	struct refusal refusal = {.batch = batch};
	int err;

	err = nl_batch_run(kernel->nl, batch, NL_BATCH_ATOMIC, refused, &refusal);
	if (err < 0)
		explain(why, "nfnetlink", err);
	else if (refusal.error != 0)
		err = explain_refusal(kernel, &refusal, why);
	text_done(&refusal.needs);
	return err;
}

int nft_kernel_warm_up(struct nft_kernel *kernel, struct text *why)
{
	struct nft_table *trial = nft_trial_build();
	struct nl_batch batch = {0};
	int err;

	nft_encode_trial(trial, &batch);
	err = run(kernel, &batch, why);
	nl_batch_done(&batch);
	nft_table_free(trial);
	return err;
}

int nft_kernel_apply(struct nft_kernel *kernel, const struct nft_table *wanted, struct text *why)
{
	struct nl_batch batch = {0};
	int err;

	nft_encode_replace(wanted, &batch);
	err = run(kernel, &batch, why);
	nl_batch_done(&batch);
	kernel->seen = false;
	return err;
}

int nft_kernel_remove(struct nft_kernel *kernel, struct text *why)
{
	struct nft_table *nothing = nft_table_new();
	int err;

	nothing->name = kernel->table;
	err = nft_kernel_apply(kernel, nothing, why);

	nft_table_free(nothing);
	return err;
}

/* --- observing --- */

static int take_generation(void *ctx, const struct nlmsghdr *message)
{
	return nft_observe_generation(message, ctx);
}

static int read_generation(struct nft_kernel *kernel, uint32_t *ret_generation)
{
	struct nl_batch one = {0};
	int err;

	nft_encode_get_generation(&one);
	err = nl_request(kernel->nl, &one, take_generation, ret_generation);
	nl_batch_done(&one);
	return err;
}

struct look {
	struct nft_observe *observe;
	const char *set;
};

static int take_table(void *ctx, const struct nlmsghdr *message)
{
	return nft_observe_table(((struct look *)ctx)->observe, message);
}

static int take_set(void *ctx, const struct nlmsghdr *message)
{
	return nft_observe_set(((struct look *)ctx)->observe, message);
}

static int take_elements(void *ctx, const struct nlmsghdr *message)
{
	return nft_observe_elements(((struct look *)ctx)->observe, message);
}

static int take_chain(void *ctx, const struct nlmsghdr *message)
{
	return nft_observe_chain(((struct look *)ctx)->observe, message);
}

static int take_rule(void *ctx, const struct nlmsghdr *message)
{
	return nft_observe_rule(((struct look *)ctx)->observe, message);
}

static void restart_sets(void *ctx)
{
	nft_observe_restart_sets(((struct look *)ctx)->observe);
}

static void restart_elements(void *ctx)
{
	nft_observe_restart_elements(((struct look *)ctx)->observe, ((struct look *)ctx)->set);
}

static void restart_chains(void *ctx)
{
	nft_observe_restart_chains(((struct look *)ctx)->observe);
}

static void restart_rules(void *ctx)
{
	nft_observe_restart_rules(((struct look *)ctx)->observe);
}

static int dump(struct nft_kernel *kernel, struct nl_batch *one, struct look *look,
                void (*restart)(void *ctx), int (*entry)(void *ctx, const struct nlmsghdr *message))
{
	const struct nl_dump how = {.restart = restart, .entry = entry, .ctx = look};
	int err = nl_dump(kernel->nl, one, &how);

	nl_batch_clear(one);
	return err;
}

static int dump_elements(struct nft_kernel *kernel, struct nl_batch *one, struct look *look)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < nft_observe_set_count(look->observe); i++) {
		look->set = nft_observe_set_name(look->observe, i);
		nft_encode_get_elements(kernel->table, look->set, one);
		err = dump(kernel, one, look, restart_elements, take_elements);
	}
	return err;
}

/* -ENOENT: there is no such table, or it went while we looked. */
static int dump_all(struct nft_kernel *kernel, struct nl_batch *one, struct look *look)
{
	int err;

	nft_encode_get_table(kernel->table, one);
	err = nl_request(kernel->nl, one, take_table, look);
	nl_batch_clear(one);
	if (err < 0)
		return err;
	nft_encode_get_sets(kernel->table, one);
	err = dump(kernel, one, look, restart_sets, take_set);
	if (err == 0)
		err = dump_elements(kernel, one, look);
	if (err < 0)
		return err;
	nft_encode_get_chains(kernel->table, one);
	err = dump(kernel, one, look, restart_chains, take_chain);
	if (err < 0)
		return err;
	nft_encode_get_rules(kernel->table, one);
	return dump(kernel, one, look, restart_rules, take_rule);
}

/* One look, begun and ended in the same generation of the ruleset or -EAGAIN. */
static int look_once(struct nft_kernel *kernel, struct nft_table **ret_table,
                     uint32_t *ret_generation)
{
	struct look look = {.observe = nft_observe_new_of(kernel->table)};
	struct nl_batch one = {0};
	uint32_t before = 0, after = 0;
	int err, result;

	err = read_generation(kernel, &before);
	result = err < 0 ? err : dump_all(kernel, &one, &look);
	if (result == 0 || result == -ENOENT)
		err = read_generation(kernel, &after);
	nl_batch_done(&one);
	if (err == 0 && before != after)
		result = -EAGAIN;
	if (err == 0 && result == -ENOENT) {
		nft_observe_free(look.observe);
		look.observe = nft_observe_new_of(kernel->table);
		result = 0;
	}
	if (err < 0 || result < 0) {
		nft_observe_free(look.observe);
		return err < 0 ? err : result;
	}
	*ret_table = nft_observe_finish(look.observe);
	*ret_generation = after;
	return 0;
}

static int look(struct nft_kernel *kernel, struct nft_table **ret_table, uint32_t *ret_generation,
                struct text *why)
{
	int err = -EAGAIN;

	for (int i = 0; i < OBSERVE_TRIES && (err == -EAGAIN || err == -EINTR); i++)
		err = look_once(kernel, ret_table, ret_generation);
	if (err < 0)
		explain(why, "cannot read nftables", err);
	return err;
}

int nft_kernel_observe(struct nft_kernel *kernel, struct nft_table **ret_table, struct text *why)
{
	uint32_t generation;

	return look(kernel, ret_table, &generation, why);
}

/* --- reconciling --- */

static void remember(struct nft_kernel *kernel, uint32_t generation, const struct nft_table *wanted)
{
	kernel->seen = true;
	kernel->seen_generation = generation;
	kernel->seen_digest = wanted->digest;
}

static bool is_as_wanted(const struct nft_kernel *kernel, const struct nft_table *observed,
                         const struct nft_table *wanted)
{
	if (nft_table_diff(observed, wanted, NULL) == 0)
		return true;
	return kernel->settled_wanted == wanted->digest &&
	       kernel->settled_shown == nft_table_digest(observed);
}

/* After a write: what the kernel shows now is what it makes of 'wanted'. */
static int settle(struct nft_kernel *kernel, const struct nft_table *wanted, struct text *why)
{
	struct nft_table *observed;
	uint32_t generation;
	int err;

	err = look(kernel, &observed, &generation, why);
	if (err < 0)
		return err;
	if (observed->digest == wanted->digest && nft_table_diff(observed, wanted, NULL) != 0) {
		kernel->settled_wanted = wanted->digest;
		kernel->settled_shown = nft_table_digest(observed);
	}
	if (is_as_wanted(kernel, observed, wanted))
		remember(kernel, generation, wanted);
	nft_table_free(observed);
	return 0;
}

int nft_kernel_sync(struct nft_kernel *kernel, const struct nft_table *wanted,
                    enum nft_sync *ret_outcome, struct text *changes, struct text *why)
{
	struct nft_table *observed;
	uint32_t generation;
	int err;

	if (kernel->seen && kernel->seen_digest == wanted->digest) {
		err = read_generation(kernel, &generation);
		if (err < 0)
			return explain(why, "cannot read nftables", err);
		if (generation == kernel->seen_generation) {
			*ret_outcome = NFT_SYNC_UNTOUCHED;
			return 0;
		}
	}
	err = look(kernel, &observed, &generation, why);
	if (err < 0)
		return err;
	if (is_as_wanted(kernel, observed, wanted)) {
		remember(kernel, generation, wanted);
		*ret_outcome = NFT_SYNC_SAME;
		nft_table_free(observed);
		return 0;
	}
	if (changes)
		(void)nft_table_diff(observed, wanted, changes);
	nft_table_free(observed);
	err = nft_kernel_apply(kernel, wanted, why);
	if (err < 0)
		return err;
	*ret_outcome = NFT_SYNC_WRITTEN;
	return settle(kernel, wanted, why);
}

/* --- events --- */

struct event_reader {
	const char *table;
	uint32_t port;
	bool changed;
};

static void take_event(void *ctx, const struct nlmsghdr *message)
{
	struct event_reader *reader = ctx;

	if (nft_observe_is_foreign_change(message, reader->table, reader->port))
		reader->changed = true;
}

int nft_kernel_event_fd(const struct nft_kernel *kernel)
{
	return nl_fd(kernel->events);
}

bool nft_kernel_changed(struct nft_kernel *kernel)
{
	struct event_reader reader = {.table = kernel->table, .port = kernel->port};
	int err = nl_receive(kernel->events, take_event, &reader);

	return reader.changed || err < 0;
}
