/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/kernel.h"

#include "lib/mem.h"
#include "lib/nl.h"
#include "nft/encode.h"
#include "nft/kernel_look.h"
#include "nft/observe.h"
#include "nft/trial.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct nft_kernel {
	struct nl *nl;     /* requests */
	struct nl *events; /* notifications */
	const char *table; /* its name */
	uint32_t port;     /* netlink port of requests: how our own changes are known */
	/* What the kernel's table is, and of which generation of the ruleset that was said last.
	 * NULL: it must be looked at. */
	struct nft_table *known;
	uint32_t known_generation;
	/* How the kernel shows the frame 'settled_wanted', when otherwise than it was given. */
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
	nft_table_free(kernel->known);
	nl_close(kernel->nl);
	nl_close(kernel->events);
	free(kernel);
}

static void forget(struct nft_kernel *kernel)
{
	nft_table_free(kernel->known);
	kernel->known = NULL;
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
	forget(kernel);
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

/* --- looking --- */

static int look(struct nft_kernel *kernel, struct nft_table **ret_table, uint32_t *ret_generation,
                struct text *why)
{
	int err = nft_kernel_look(kernel->nl, kernel->table, ret_table, ret_generation);

	return err < 0 ? explain(why, "cannot read nftables", err) : 0;
}

int nft_kernel_observe(struct nft_kernel *kernel, struct nft_table **ret_table, struct text *why)
{
	uint32_t generation;

	return look(kernel, ret_table, &generation, why);
}

/* --- reconciling --- */

static void remember(struct nft_kernel *kernel, uint32_t generation, struct nft_table *wanted)
{
	struct nft_table *known = nft_table_share(wanted);

	forget(kernel);
	kernel->known = known;
	kernel->known_generation = generation;
}

/* Forgets what others have touched since. A transaction counts before it is told of: one that is
 * told of later is seen to by whoever watches the descriptor of events. */
static int check_known(struct nft_kernel *kernel, struct text *why)
{
	uint32_t generation;
	int err;

	if (!kernel->known)
		return 0;
	err = nft_kernel_generation(kernel->nl, &generation);
	if (err < 0)
		return explain(why, "cannot read nftables", err);
	if (generation != kernel->known_generation && !nft_kernel_changed(kernel))
		kernel->known_generation = generation;
	return 0;
}

static bool has_frame(const struct nft_kernel *kernel, const struct nft_table *table,
                      const struct nft_table *wanted)
{
	uint64_t frame = nft_table_frame(table);

	return frame == wanted->frame ||
	       (kernel->settled_wanted == wanted->frame && kernel->settled_shown == frame);
}

static bool is_as_wanted(const struct nft_kernel *kernel, const struct nft_table *observed,
                         const struct nft_table *wanted)
{
	return nft_table_diff(observed, wanted, NULL) == 0 ||
	       (has_frame(kernel, observed, wanted) && nft_table_same_elements(observed, wanted));
}

/* After a write of all: what the kernel shows now is what it makes of 'wanted'. */
static int settle(struct nft_kernel *kernel, struct nft_table *wanted, struct text *why)
{
	struct nft_table *observed;
	uint32_t generation;
	int err;

	/* Of our own elements there may be more events than fit: no reason to look twice. */
	(void)nft_kernel_changed(kernel);
	err = look(kernel, &observed, &generation, why);
	if (err < 0)
		return err;
	if (observed->frame == wanted->frame && nft_table_diff(observed, wanted, NULL) != 0 &&
	    nft_table_same_elements(observed, wanted)) {
		kernel->settled_wanted = wanted->frame;
		kernel->settled_shown = nft_table_frame(observed);
	}
	if (is_as_wanted(kernel, observed, wanted))
		remember(kernel, generation, wanted);
	nft_table_free(observed);
	return 0;
}

/* The kernel refuses when a set is full, or when 'from' is no longer what it has. */
static int exchange(struct nft_kernel *kernel, const struct nft_table *from,
                    struct nft_table *wanted, struct text *why)
{
	struct nl_batch batch = {0};
	uint32_t generation;
	int err;

	nft_encode_exchange(from, wanted, &batch);
	err = run(kernel, &batch, why);
	nl_batch_done(&batch);
	if (err < 0)
		return err;
	err = nft_kernel_generation(kernel->nl, &generation);
	if (err < 0)
		return explain(why, "cannot read nftables", err);
	if (nft_kernel_changed(kernel))
		return settle(kernel, wanted, why);
	remember(kernel, generation, wanted);
	return 0;
}

static int write_table(struct nft_kernel *kernel, const struct nft_table *from,
                       struct nft_table *wanted, struct text *why)
{
	struct text refusal = {0};
	int err = -ENOENT;

	if (has_frame(kernel, from, wanted))
		err = exchange(kernel, from, wanted, &refusal);
	text_done(&refusal);
	if (err == 0)
		return 0;
	err = nft_kernel_apply(kernel, wanted, why);
	return err < 0 ? err : settle(kernel, wanted, why);
}

int nft_kernel_sync(struct nft_kernel *kernel, struct nft_table *wanted, enum nft_sync *ret_outcome,
                    struct text *changes, struct text *why)
{
	struct nft_table *from;
	uint32_t generation;
	int err;

	err = check_known(kernel, why);
	if (err < 0)
		return err;
	if (kernel->known && kernel->known->digest == wanted->digest) {
		*ret_outcome = NFT_SYNC_UNTOUCHED;
		return 0;
	}
	if (kernel->known) {
		from = nft_table_share(kernel->known);
	} else {
		err = look(kernel, &from, &generation, why);
		if (err < 0)
			return err;
		if (is_as_wanted(kernel, from, wanted)) {
			remember(kernel, generation, wanted);
			nft_table_free(from);
			*ret_outcome = NFT_SYNC_SAME;
			return 0;
		}
	}
	if (changes)
		(void)nft_table_diff(from, wanted, changes);
	err = write_table(kernel, from, wanted, why);
	nft_table_free(from);
	if (err == 0)
		*ret_outcome = NFT_SYNC_WRITTEN;
	return err;
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

	if (!reader.changed && err >= 0)
		return false;
	forget(kernel);
	return true;
}
