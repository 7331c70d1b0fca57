/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services that come and go: the table stands, or is made anew, and is as wanted in the end. */
#include "tests/nft/lab_world.h"

#include <stdio.h>
#include <string.h>

/* Services come and go in a table that stands, whatever else it holds. */
static const struct exchange {
	const char *what, *yaml;
	bool stands; /* the table that was there; else it is made anew */
} exchanges[] = {
	{"to begin with",
         ROUTER SERVER("a", "10.77.0.100", S4, "  ports: [{port: 80}]\n")
                 SERVER("b", "10.77.0.101", S4,
                        "  ports: [{port: 80}]\n  sourceNat: {mode: masquerade}\n"),
         false},
	{"one service more",
         ROUTER SERVER("a", "10.77.0.100", S4, "  ports: [{port: 80}]\n") SERVER(
		 "b", "10.77.0.101", S4, "  ports: [{port: 80}]\n  sourceNat: {mode: masquerade}\n")
                 SERVER("c", "10.77.0.102", S4, "  ports: [{port: 80}]\n"),
         true},
	{"other data and another name under the same keys",
         ROUTER SERVER("a", "10.77.0.100", S4,
                       "  ports: [{port: 80}]\n  sourceNat: {mode: masquerade}\n")
                 SERVER("x", "10.77.0.101", S4, "  ports: [{port: 80}]\n")
                         SERVER("c", "10.77.0.102", S4, "  ports: [{port: 80}]\n"),
         true},
	{"two services less",
         ROUTER SERVER("a", "10.77.0.100", S4, "  ports: [{port: 80}]\n")
                 SERVER("b", "10.77.0.103", S4,
                        "  ports: [{port: 80}]\n  sourceNat: {mode: masquerade}\n"),
         true},
	{"a new set, and rules for it",
         ROUTER SERVER("a", "10.77.0.100", S4,
                       "  ports: [{port: 80}]\n  sourceRanges: [10.0.0.0/8]\n")
                 SERVER("b", "10.77.0.103", S4,
                        "  ports: [{port: 80}]\n  sourceNat: {mode: masquerade}\n"),
         false},
};

static unsigned long table_handle(void)
{
	FILE *out = popen("nft -a list table inet lintel | sed -n '1s/.*handle //p'", "r");
	unsigned long handle = 0;

	if (!out || fscanf(out, "%lu", &handle) != 1)
		tap_bail("handle", "nft lists no table");
	pclose(out);
	return handle;
}

static void try_exchanges(struct nft_kernel *kernel)
{
	unsigned long before = 0;

	for (size_t i = 0; i < LT_ARRAY_SIZE(exchanges); i++) {
		struct nft_table *wanted = lab_table(exchanges[i].yaml);

		lab_check_written(kernel, wanted, exchanges[i].what);
		tap_check((table_handle() == before) == exchanges[i].stands, "%s: the table %s",
		          exchanges[i].what, exchanges[i].stands ? "stands" : "is made anew");
		before = table_handle();
		nft_table_free(wanted);
	}
}

/* What others did is found also when a service comes before their event was read, and when nothing
 * was kept of the table. */
static void try_exchange_with_others(struct nft_kernel *kernel)
{
	struct nft_table *one = lab_table(exchanges[0].yaml), *other = lab_table(exchanges[1].yaml);
	struct nft_kernel *fresh = lab_kernel_open();
	unsigned long before;

	lab_check_written(kernel, one, "others: to begin with");
	lab_shell("nft delete element inet lintel vips4 '{ 10.77.0.100 }'");
	lab_check_written(kernel, other, "others: an element taken away meanwhile");
	lab_shell("nft add element inet lintel vips4 '{ 10.77.0.99 }'");
	lab_check_written(kernel, one, "others: an element added meanwhile");
	before = table_handle();
	lab_check_written(fresh, other, "others: a process that has just started");
	tap_check(table_handle() == before, "others: the table stands");
	nft_kernel_close(fresh);
	nft_table_free(one);
	nft_table_free(other);
}

static void try_full_sets(struct nft_kernel *kernel)
{
	static const unsigned counts[] = {11, 60, 500, 30};
	static const bool stands[] = {false, true, false, true};
	unsigned long before = 0;

	for (size_t i = 0; i < LT_ARRAY_SIZE(counts); i++) {
		struct nft_table *wanted = lab_many_services(counts[i]);

		lab_check_written(kernel, wanted, "more and fewer services");
		tap_check((table_handle() == before) == stands[i], "%u services: the table %s",
		          counts[i], stands[i] ? "stands" : "is made anew");
		before = table_handle();
		nft_table_free(wanted);
	}
}

/* Why the table was made anew can be told, until the next time. */
static void try_refusals(struct nft_kernel *kernel)
{
	static const struct {
		unsigned count;
		const char *why;
	} rows[] = {{20, NULL}, {600, "it is full"}, {30, NULL}};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		struct nft_table *wanted = lab_many_services(rows[i].count);
		enum nft_sync outcome;
		struct text why = {0};

		if (i == 0) /* so that its sets have little room */
			lab_shell("nft delete table inet lintel");
		int err = nft_kernel_sync(kernel, wanted, &outcome, NULL, &why);
		const char *refusal = nft_kernel_refusal(kernel);
		tap_check(err == 0 && outcome == NFT_SYNC_WRITTEN && why.len == 0,
		          "%u services: are written %s", rows[i].count, text_str(&why));
		tap_check(rows[i].why ? refusal && strstr(refusal, rows[i].why) : !refusal,
		          "%u services: why the table was made anew: %s", rows[i].count,
		          refusal ? refusal : "it was not, or had to be");
		text_done(&why);
		nft_table_free(wanted);
	}
}

void lab_try_exchanges(struct nft_kernel *kernel)
{
	try_exchanges(kernel);
	try_exchange_with_others(kernel);
	try_full_sets(kernel);
	try_refusals(kernel);
}
