/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab_guard - the takeover guard at a shell's command, in the network namespace it is started in;
 * for tests/conntrack/lab_paths.py.
 *
 *   lab_guard print stands|MILLISECONDS FILE...   the table for all routers of these objects
 *   lab_guard plan stands|MILLISECONDS FILE...    what would change
 *   lab_guard sync stands|MILLISECONDS FILE...    makes it so
 *   lab_guard counts                              what its rules have counted
 *   lab_guard remove */

#include "files/source.h"
#include "lib/mono.h"
#include "model/snapshot.h"
#include "nft/guard.h"
#include "nft/kernel.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUTERS_MAX 16

_Noreturn static void die(const char *what, const char *why)
{
	fprintf(stderr, "lab_guard: %s: %s\n", what, why);
	exit(1);
}

static struct nft_table *load(const char *until, char **paths, size_t count)
{
	int64_t now_us = mono_now_us();
	struct nft_guard_router routers[ROUTERS_MAX];
	struct model_problems problems;
	struct files_source source;
	struct model_snapshot *snapshot;
	struct nft_table *table;

	model_problems_init(&problems);
	files_source_init(&source, paths, count);
	files_source_read(&source, &problems);
	snapshot = model_snapshot_build(source.objects, source.object_count, &problems);
	if (!snapshot || snapshot->router_count > ROUTERS_MAX)
		die("objects", "not right");
	for (size_t i = 0; i < snapshot->router_count; i++)
		routers[i] = (struct nft_guard_router){
			.router = snapshot->routers[i],
			.until_us = strcmp(until, "stands") == 0
		                            ? TIME_NEVER
		                            : now_us + strtol(until, NULL, 10) * 1000,
		};
	table = nft_guard_build(snapshot, routers, snapshot->router_count, NULL, now_us);
	model_snapshot_free(snapshot);
	files_source_done(&source);
	model_problems_done(&problems);
	return table;
}

static void print_counts(const struct nft_table *observed)
{
	struct nft_counts counts;

	nft_table_counts(observed, &counts);
	printf("stalled %" PRIu64 " silenced %" PRIu64 "\n",
	       counts.packets[NFT_COUNTER_GUARD_STALLED],
	       counts.packets[NFT_COUNTER_GUARD_SILENCED]);
}

static int use(struct nft_kernel *kernel, const char *verb, struct nft_table *wanted,
               struct text *why)
{
	struct nft_table *observed = NULL;
	enum nft_sync outcome;
	struct text text = {0};
	int err = 0;

	if (strcmp(verb, "remove") == 0)
		return nft_kernel_remove(kernel, why);
	if (strcmp(verb, "print") == 0) {
		nft_table_format(wanted, &text);
	} else if (strcmp(verb, "sync") == 0) {
		err = nft_kernel_sync(kernel, wanted, &outcome, NULL, why);
		if (err == 0)
			text_printf(&text, "%s\n", nft_sync_name(outcome));
	} else {
		err = nft_kernel_observe(kernel, &observed, why);
		if (err == 0 && wanted)
			(void)nft_table_diff(observed, wanted, &text);
		else if (err == 0)
			print_counts(observed);
	}
	fputs(text_str(&text), stdout);
	nft_table_free(observed);
	text_done(&text);
	return err;
}

int main(int argc, char **argv)
{
	struct nft_kernel *kernel = NULL;
	struct nft_table *wanted = NULL;
	struct text why = {0};

	if (argc < 2)
		die("usage", "see the head of lab_guard.c");
	if (argc > 3)
		wanted = load(argv[2], argv + 3, (size_t)argc - 3);
	if (nft_kernel_open_table(NFT_GUARD_TABLE_NAME, &kernel, &why) < 0 ||
	    use(kernel, argv[1], wanted, &why) < 0)
		die(argv[1], text_str(&why));
	nft_table_free(wanted);
	nft_kernel_close(kernel);
	text_done(&why);
	return 0;
}
