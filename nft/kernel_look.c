/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "nft/kernel_look.h"

#include "nft/encode.h"
#include "nft/observe.h"

#include <errno.h>

/* A look that somebody else's transaction crosses is done again. */
#define TRIES 10

static int take_generation(void *ctx, const struct nlmsghdr *message)
{
	return nft_observe_generation(message, ctx);
}

int nft_kernel_generation(struct nl *nl, uint32_t *ret_generation)
{
	struct nl_batch one = {0};
	int err;

	nft_encode_get_generation(&one);
	err = nl_request(nl, &one, take_generation, ret_generation);
	nl_batch_done(&one);
	return err;
}

struct look {
	struct nl *nl;
	const char *table;
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

static int dump(struct look *look, struct nl_batch *one, void (*restart)(void *ctx),
                int (*entry)(void *ctx, const struct nlmsghdr *message))
{
	const struct nl_dump how = {.restart = restart, .entry = entry, .ctx = look};
	int err = nl_dump(look->nl, one, &how);

	nl_batch_clear(one);
	return err;
}

static int dump_elements(struct look *look, struct nl_batch *one)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < nft_observe_set_count(look->observe); i++) {
		look->set = nft_observe_set_name(look->observe, i);
		nft_encode_get_elements(look->table, look->set, one);
		err = dump(look, one, restart_elements, take_elements);
	}
	return err;
}

/* -ENOENT: there is no such table, or it went while we looked. */
static int dump_all(struct look *look, struct nl_batch *one)
{
	int err;

	nft_encode_get_table(look->table, one);
	err = nl_request(look->nl, one, take_table, look);
	nl_batch_clear(one);
	if (err < 0)
		return err;
	nft_encode_get_sets(look->table, one);
	err = dump(look, one, restart_sets, take_set);
	if (err == 0)
		err = dump_elements(look, one);
	if (err < 0)
		return err;
	nft_encode_get_chains(look->table, one);
	err = dump(look, one, restart_chains, take_chain);
	if (err < 0)
		return err;
	nft_encode_get_rules(look->table, one);
	return dump(look, one, restart_rules, take_rule);
}

/* One look, begun and ended in the same generation of the ruleset or -EAGAIN. */
static int look_once(struct nl *nl, const char *table, struct nft_table **ret_table,
                     uint32_t *ret_generation)
{
	struct look look = {.nl = nl, .table = table, .observe = nft_observe_new_of(table)};
	struct nl_batch one = {0};
	uint32_t before = 0, after = 0;
	int err, result;

	err = nft_kernel_generation(nl, &before);
	result = err < 0 ? err : dump_all(&look, &one);
	if (result == 0 || result == -ENOENT)
		err = nft_kernel_generation(nl, &after);
	nl_batch_done(&one);
	if (err == 0 && before != after)
		result = -EAGAIN;
	if (err == 0 && result == -ENOENT) {
		nft_observe_free(look.observe);
		look.observe = nft_observe_new_of(table);
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

int nft_kernel_look(struct nl *nl, const char *table, struct nft_table **ret_table,
                    uint32_t *ret_generation)
{
	int err = -EAGAIN;

	for (int i = 0; i < TRIES && (err == -EAGAIN || err == -EINTR); i++)
		err = look_once(nl, table, ret_table, ret_generation);
	return err;
}
