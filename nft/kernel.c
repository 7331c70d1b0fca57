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

/* Elements of one transaction, where they may come one after the other. The kernel leaves the
 * processor to nobody else before its end: so many take it less than a millisecond. */
#define PIECE 500

struct nft_kernel {
	struct nl *nl;           /* requests */
	struct nl *events;       /* notifications */
	const char *table;       /* its name */
	uint32_t port;           /* netlink port of requests: how our own changes are known */
	struct nft_table *known; /* what the kernel's table is; NULL: it must be looked at */
	/* Of the ruleset, as nobody but us changed it since it was looked at last. */
	uint32_t generation;
	/* How the kernel shows the frame 'settled_wanted', when otherwise than it was given. */
	uint64_t settled_wanted;
	uint64_t settled_shown;
	struct text refusal; /* of an exchange in the last sync; empty: there was none */
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
	text_done(&kernel->refusal);
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
	/* ENFILE is what it says of a set that has as many elements as it may. */
	text_printf(why, ": %s",
	            refusal->error == ENFILE ? "it is full" : strerror(refusal->error));
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

/* A transaction of its own; the kernel counts those that change something, 0 left out. */
static int commit(struct nft_kernel *kernel, struct nl_batch *batch, struct text *why)
{
	int err = run(kernel, batch, why);

	if (err == 0 && ++kernel->generation == 0)
		kernel->generation = 1;
	return err;
}

/* The kernel makes a message of each element that comes or goes if anybody listens, which takes
 * ten times as long as the change. We know what we do, and by the generation whether others did
 * anything meanwhile. */
static void stop_listening(struct nft_kernel *kernel)
{
	nl_unsubscribe(kernel->events, NFNLGRP_NFTABLES);
}

static int listen_again(struct nft_kernel *kernel, struct text *why)
{
	int err = nl_subscribe(kernel->events, NFNLGRP_NFTABLES);

	return err < 0 ? explain(why, "cannot listen to changes of nftables", err) : 0;
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

static void remember(struct nft_kernel *kernel, struct nft_table *wanted)
{
	struct nft_table *known = nft_table_share(wanted);

	forget(kernel);
	kernel->known = known;
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
	if (generation != kernel->generation && !nft_kernel_changed(kernel))
		kernel->generation = generation;
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

/* The kernel refuses when a set is full, or when 'from' is no longer what it has. */
static int exchange(struct nft_kernel *kernel, const struct nft_table *from,
                    const struct nft_table *wanted, struct text *why)
{
	struct nft_exchange pieces = {.from = from, .wanted = wanted};
	struct nl_batch batch = {0};
	int err = 0;

	while (err == 0 && nft_encode_exchange(&pieces, PIECE, &batch)) {
		err = commit(kernel, &batch, why);
		nl_batch_clear(&batch);
	}
	nl_batch_done(&batch);
	return err;
}

static bool is_small(const struct nft_table *table)
{
	size_t count = 0;

	for (size_t i = 0; i < table->set_count; i++)
		count += table->sets[i].element_count;
	return count <= PIECE;
}

/* Makes the table anew, with the elements that are in 'from' as well; NULL: with all. */
static int replace(struct nft_kernel *kernel, const struct nft_table *from,
                   const struct nft_table *wanted, struct text *why)
{
	struct nl_batch batch = {0};
	int err;

	nft_encode_replace_kept(from, wanted, &batch);
	err = commit(kernel, &batch, why);
	nl_batch_done(&batch);
	return err;
}

/* All at once what was there before, as flows go by it; what is new then comes in pieces, unless
 * all is little. What the kernel shows after the first of these is what it makes of the frame. */
static int make_anew(struct nft_kernel *kernel, const struct nft_table *from,
                     const struct nft_table *wanted, struct text *why)
{
	struct nft_table *observed;
	uint32_t generation;
	int err;

	err = replace(kernel, is_small(wanted) ? NULL : from, wanted, why);
	if (err == 0)
		err = look(kernel, &observed, &generation, why);
	if (err < 0)
		return err;
	if (observed->frame == wanted->frame && generation == kernel->generation) {
		kernel->settled_wanted = wanted->frame;
		kernel->settled_shown = nft_table_frame(observed);
	}
	if (has_frame(kernel, observed, wanted))
		err = exchange(kernel, observed, wanted, why);
	else if (!is_small(wanted)) /* somebody got in between */
		err = replace(kernel, NULL, wanted, why);
	nft_table_free(observed);
	return err;
}

static int write_table(struct nft_kernel *kernel, const struct nft_table *from,
                       const struct nft_table *wanted, struct text *why)
{
	if (has_frame(kernel, from, wanted) &&
	    exchange(kernel, from, wanted, &kernel->refusal) == 0)
		return 0;
	return make_anew(kernel, from, wanted, why);
}

/* What was written is what is there, unless others wrote as well. */
static int settle(struct nft_kernel *kernel, struct nft_table *wanted, struct text *why)
{
	struct nft_table *observed;
	uint32_t generation;
	int err;

	err = nft_kernel_generation(kernel->nl, &generation);
	if (err < 0)
		return explain(why, "cannot read nftables", err);
	if (generation == kernel->generation) {
		remember(kernel, wanted);
		return 0;
	}
	err = look(kernel, &observed, &kernel->generation, why);
	if (err < 0)
		return err;
	if (is_as_wanted(kernel, observed, wanted))
		remember(kernel, wanted);
	nft_table_free(observed);
	return 0;
}

/* Forgotten until it is known to be there. */
static int write_unheard(struct nft_kernel *kernel, const struct nft_table *from,
                         struct nft_table *wanted, struct text *why)
{
	int err, deaf;

	forget(kernel);
	stop_listening(kernel);
	err = write_table(kernel, from, wanted, why);
	deaf = listen_again(kernel, why);
	if (err == 0)
		err = deaf;
	return err < 0 ? err : settle(kernel, wanted, why);
}

int nft_kernel_sync(struct nft_kernel *kernel, struct nft_table *wanted, enum nft_sync *ret_outcome,
                    struct text *changes, struct text *why)
{
	struct nft_table *from;
	int err;

	text_clear(&kernel->refusal);
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
		err = look(kernel, &from, &kernel->generation, why);
		if (err < 0)
			return err;
		if (is_as_wanted(kernel, from, wanted)) {
			remember(kernel, wanted);
			nft_table_free(from);
			*ret_outcome = NFT_SYNC_SAME;
			return 0;
		}
	}
	if (changes)
		(void)nft_table_diff(from, wanted, changes);
	err = write_unheard(kernel, from, wanted, why);
	nft_table_free(from);
	if (err == 0)
		*ret_outcome = NFT_SYNC_WRITTEN;
	return err;
}

const char *nft_kernel_refusal(const struct nft_kernel *kernel)
{
	return kernel->refusal.len > 0 ? text_str(&kernel->refusal) : NULL;
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
