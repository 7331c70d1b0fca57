/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of a rush on a real kernel: written, seen as it was wanted, gone with who made it. */

#include "nft/rush.h"

#include "tests/nft/lab_world.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define GROUP     4711
#define LIST      "nft list table inet lintel-rush"
#define LIST_SETS LIST " | grep -q "

static struct addr address(const char *text)
{
	struct addr found = {0};

	if (strcmp(text, "-") != 0 && addr_parse(text, &found) < 0)
		tap_bail("address", text);
	return found;
}

static struct nft_kernel *open_rush(void)
{
	struct nft_kernel *kernel = NULL;
	struct text why = {0};

	if (nft_kernel_open_table(NFT_RUSH_TABLE_NAME, &kernel, &why) < 0)
		tap_bail("open", text_str(&why));
	return kernel;
}

static struct nft_table *build(const char *source)
{
	const struct nft_rush_source sources[] = {
		{address("10.77.0.100"), address(source), MODEL_TCP},
		{address("10.77.0.100"), address("-"), MODEL_UDP},
		{address("2001:db8:77::100"), address("2001:db8:78::fe"), MODEL_UDP},
	};

	return nft_rush_build(sources, LT_ARRAY_SIZE(sources), GROUP);
}

/* What the nft program reads in our rules is what we say of them, and it reads what it wrote: a
 * ruleset that somebody saves meanwhile must not be refused when the machine is booted. */
static void check_text(const struct nft_table *table)
{
	const struct nft_chain *chain = nft_table_chain(table, "new_flow");
	struct text command = {0};

	for (size_t i = 0; i < chain->rule_count; i++) {
		const char *said = chain->rules[i].text;

		/* left out where it follows from the ports */
		if (strstr(said, "sport"))
			said += strlen("meta l4proto udp ");
		text_clear(&command);
		text_printf(&command, LIST " | grep -qF '\t\t%s'", said);
		tap_check(lab_shell(text_str(&command)) == 0, "rush: the nft program reads: %s",
		          chain->rules[i].text);
	}
	text_done(&command);
	tap_check(lab_shell("nft list table inet lintel-rush | sed s/lintel-rush/other-rush/ | "
	                    "nft -c -f -") == 0,
	          "rush: the nft program can load what it saves");
}

void lab_try_rush(void)
{
	struct nft_table *first = build("-"), *second = build("10.78.0.254");
	struct nft_table *nothing = nft_rush_build(NULL, 0, GROUP);
	struct nft_kernel *kernel = open_rush();

	lab_check_written(kernel, first, "rush: no source known");
	check_text(first);
	lab_check_written(kernel, second, "rush: a source that became known");
	tap_check(lab_shell(LIST_SETS "'10.77.0.100 . 10.78.0.254'") == 0,
	          "rush: the source is in the set");
	tap_check(lab_shell("nft flush table inet lintel-rush 2>/dev/null") != 0,
	          "rush: nobody else can change it");
	tap_check(lab_shell("nft list table inet lintel >/dev/null") == 0,
	          "rush: the main table is there");
	lab_check_written(kernel, nothing, "rush: nothing more to tell");
	tap_check(lab_shell(LIST " 2>/dev/null") != 0, "rush: it is gone");
	lab_check_written(kernel, second, "rush: another one");
	nft_kernel_close(kernel);
	tap_check(lab_shell(LIST " 2>/dev/null") != 0, "rush: it goes with who made it");
	nft_table_free(first);
	nft_table_free(second);
	nft_table_free(nothing);
}

int lab_hold_rush(char **words, size_t count)
{
	struct nft_rush_source sources[16];
	struct nft_kernel *kernel = open_rush();
	enum nft_sync outcome;
	struct text why = {0};
	struct nft_table *table;
	char byte;

	if (count % 3 != 0 || count / 3 > LT_ARRAY_SIZE(sources))
		tap_bail("rush", "VIRTUAL SOURCE PROTOCOL...");
	for (size_t i = 0; i < count / 3; i++)
		sources[i] = (struct nft_rush_source){
			.virtual = address(words[3 * i]),
			.source = address(words[3 * i + 1]),
			.protocol = strcmp(words[3 * i + 2], "udp") == 0 ? MODEL_UDP : MODEL_TCP,
		};
	table = nft_rush_build(sources, count / 3, GROUP);
	if (nft_kernel_sync(kernel, table, &outcome, NULL, &why) < 0)
		tap_bail("sync", text_str(&why));
	printf("%s\n", nft_sync_name(outcome));
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	nft_table_free(table);
	nft_kernel_close(kernel);
	return 0;
}
