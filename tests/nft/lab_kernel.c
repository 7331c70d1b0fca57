/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab_kernel - drives nft/ on a real kernel.
 *
 * Not a unit test: needs root and nftables; the lab runs it. Without arguments it makes a network
 * namespace of its own, so nothing outside is touched, and prints TAP; it needs the nft program as
 * the second opinion. With arguments it is a tool for scripts, in the namespace it is started in:
 *
 *   lab_kernel print FILE...   the table that these objects make
 *   lab_kernel plan FILE...    what would change
 *   lab_kernel sync FILE...    makes it so
 *   lab_kernel counts          what the rules have counted
 *   lab_kernel remove */

#include "lib/mono.h"
#include "nft/ruleset.h"
#include "tests/nft/lab_world.h"

#include <errno.h>
#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

/* --- cases --- */

static const struct document {
	const char *what, *yaml;
} documents[] = {
	{"one service", ROUTER SERVER("web", "10.77.0.100", S4, "  ports: [{port: 80}]\n")},
	{"both families, all protocols",
         ROUTER SERVER("web", "10.77.0.100, '2001:db8:77::100'", S4 ", " S6,
                       "  ports: [{name: a, port: 80}, {name: b, port: 53, protocol: UDP},"
                       " {name: c, port: 9, protocol: SCTP}]\n")},
	{"every kind of source NAT",
         ROUTER SERVER("a", "10.77.0.100", S4,
                       "  ports: [{port: 80}]\n  sourceNat: {mode: masquerade}\n")
                 SERVER("b", "10.77.0.101, '2001:db8:77::101'", S4 ", " S6,
                        "  ports: [{port: 80}]\n  sourceNat: {mode: none}\n")
                         SERVER("c", "10.77.0.102", S4,
                                "  ports: [{port: 80}]\n  sourceNat: {mode: address, address: "
                                "10.78.0.99}\n")
                                 SERVER("d", "10.77.0.103", S4,
                                        "  ports: [{name: r, portRange: {start: 1000, end: 1009}, "
                                        "protocol: UDP}]\n"
                                        "  sourceNat: {mode: address, address: 10.78.0.99}\n")},
	{"source ranges",
         ROUTER SERVER(
		 "a", "10.77.0.100, '2001:db8:77::100'", S4 ", " S6,
		 "  ports: [{name: a, port: 80}, {name: b, portRange: {start: 1000, end: 1009}, "
		 "protocol: UDP}]\n"
		 "  sourceRanges: [0.0.0.0/8, 10.0.0.0/9, 10.128.0.0/9, 10.1.0.0/16, "
		 "192.0.2.7/32, 240.0.0.0/4, 'fc00::/7']\n")
                 SERVER("b", "10.77.0.101", S4,
                        "  ports: [{port: 80}]\n  sourceRanges: [0.0.0.0/0]\n")
                         SERVER("c", "'2001:db8:77::101'", S6,
                                "  ports: [{port: 80}]\n  sourceRanges: [10.0.0.0/8]\n")},
	{"port ranges, shifted and not",
         ROUTER SERVER("a", "10.77.0.100, '2001:db8:77::100'", S4 ", " S6,
                       "  ports:\n"
                       "  - {name: a, portRange: {start: 16384, end: 16483}, protocol: UDP}\n"
                       "  - {name: b, portRange: {start: 1000, end: 1009}, targetPort: 2000}\n"
                       "  - {name: c, portRange: {start: 1000, end: 1009}, targetPort: 1005, "
                       "protocol: UDP}\n"
                       "  - {name: d, portRange: {start: 1000, end: 1009}, targetPort: 2000, "
                       "protocol: SCTP}\n")},
	{"direct routing",
         ROUTER SERVER("a", "10.77.0.100", S4, "  ports: [{port: 80}]\n  forwarding: direct\n")},
	{"a router that accepts nothing",
         "apiVersion: lintel.io/v1alpha1\nkind: VirtualRouter\nmetadata: {name: gw}\n"
         "spec: {virtualRouterId: 7, interface: eth0, accept: false,"
         " addresses: [10.77.0.1/24, 'fe80::1/64', '2001:db8::1/64']}\n"},
};

/* The nft program reads what it lists of our table, and lists the same again. */
static void check_nft_program(const char *what)
{
	tap_check(lab_shell("nft list table inet lintel > /tmp/lintel-lab-nft.1 && "
	                    "nft -c -f /tmp/lintel-lab-nft.1 && nft delete table inet lintel && "
	                    "nft -f /tmp/lintel-lab-nft.1 && "
	                    "nft list table inet lintel | diff /tmp/lintel-lab-nft.1 -") == 0,
	          "%s: the nft program can save and load it", what);
}

static void try_document(struct nft_kernel *kernel, const struct document *document)
{
	struct nft_table *wanted = lab_table(document->yaml), *observed = NULL;
	struct text text = {0}, why = {0};
	enum nft_sync outcome = NFT_SYNC_SAME;
	int err = nft_kernel_sync(kernel, wanted, &outcome, NULL, &why);

	tap_check(err == 0 && outcome == NFT_SYNC_WRITTEN, "%s: is written %s", document->what,
	          text_str(&why));
	err = nft_kernel_observe(kernel, &observed, &why);
	if (err < 0)
		tap_bail("observe", text_str(&why));
	tap_check(nft_table_diff(observed, wanted, &text) == 0, "%s: is seen as it was wanted",
	          document->what);
	if (text.len > 0)
		printf("# %s\n", text_str(&text));
	tap_check(observed->frame == wanted->frame && nft_table_digest(observed) == wanted->digest,
	          "%s: has its digests", document->what);
	err = nft_kernel_sync(kernel, wanted, &outcome, NULL, &why);
	tap_check(err == 0 && outcome == NFT_SYNC_UNTOUCHED, "%s: is left alone", document->what);
	check_nft_program(document->what);
	nft_table_free(observed);
	nft_table_free(wanted);
	text_done(&text);
	text_done(&why);
}

/* What others do to our table is seen and mended. */
static void try_drift(struct nft_kernel *kernel)
{
	static const char *const deeds[] = {
		"nft flush ruleset",
		"nft flush table inet lintel",
		"nft delete table inet lintel",
		"nft add element inet lintel served4 '{ 10.77.0.100 . tcp . 81 }'",
		"nft delete element inet lintel vips4 '{ 10.77.0.100 }'",
		"nft add rule inet lintel input drop",
		"nft insert rule inet lintel source_nat return",
		"nft add set inet lintel more '{ type ether_addr; elements = { 1:2:3:4:5:6 }; }'",
		"nft add chain inet lintel more '{ type filter hook input priority 5; }'",
		"nft rename chain inet lintel unserved4 was_unserved4",
	};
	struct nft_table *wanted = lab_table(documents[0].yaml);
	enum nft_sync outcome;
	struct text why = {0};

	(void)!nft_kernel_sync(kernel, wanted, &outcome, NULL, &why);
	(void)nft_kernel_changed(kernel);
	tap_check(!nft_kernel_changed(kernel), "our own changes are no event");
	lab_shell("nft add table inet other");
	tap_check(!nft_kernel_changed(kernel), "other tables are no event");
	tap_check(nft_kernel_sync(kernel, wanted, &outcome, NULL, &why) == 0 &&
	                  outcome == NFT_SYNC_UNTOUCHED,
	          "other tables are no drift");
	for (size_t i = 0; i < LT_ARRAY_SIZE(deeds); i++) {
		struct text changes = {0};

		if (lab_shell(deeds[i]) != 0)
			tap_bail("nft", deeds[i]);
		tap_check(nft_kernel_changed(kernel), "an event: %s", deeds[i]);
		tap_check(nft_kernel_sync(kernel, wanted, &outcome, &changes, &why) == 0 &&
		                  outcome == NFT_SYNC_WRITTEN && changes.len > 0,
		          "mended: %s", deeds[i]);
		tap_check(nft_kernel_sync(kernel, wanted, &outcome, NULL, &why) == 0 &&
		                  outcome == NFT_SYNC_UNTOUCHED,
		          "stays mended: %s", deeds[i]);
		text_done(&changes);
	}
	nft_table_free(wanted);
	text_done(&why);
}

static void try_removal(struct nft_kernel *kernel)
{
	struct nft_table *nothing = nft_table_new(), *observed = NULL;
	struct text why = {0};
	enum nft_sync outcome;

	nothing->digest = nft_table_digest(nothing);
	nothing->frame = nft_table_frame(nothing);
	lab_shell("nft add table inet other");
	tap_check(nft_kernel_remove(kernel, &why) == 0, "is removed %s", text_str(&why));
	tap_check(nft_kernel_remove(kernel, &why) == 0, "is removed when it isn't there");
	tap_check(lab_shell("nft list table inet lintel 2>/dev/null") != 0, "is gone");
	tap_check(lab_shell("nft list table inet other >/dev/null") == 0, "other tables stay");
	tap_check(nft_kernel_observe(kernel, &observed, &why) == 0 && !observed->present,
	          "is seen to be gone");
	tap_check(nft_kernel_sync(kernel, nothing, &outcome, NULL, &why) == 0 &&
	                  outcome == NFT_SYNC_SAME,
	          "nothing wanted and nothing there is the same");
	nft_table_free(observed);
	nft_table_free(nothing);
	text_done(&why);
}

/* 10,000 services: what making the table, a look, and one service more cost. Figures are printed,
 * not judged. */
static void try_many(struct nft_kernel *kernel)
{
	struct nft_table *wanted, *more = lab_many_services(10001), *observed = NULL;
	int64_t start, built, written, looked;
	enum nft_sync outcome;
	struct text why = {0};

	start = mono_now_us();
	wanted = lab_many_services(10000);
	built = mono_now_us();
	tap_check(nft_kernel_apply(kernel, wanted, &why) == 0, "10,000 services are written %s",
	          text_str(&why));
	written = mono_now_us();
	tap_check(nft_kernel_observe(kernel, &observed, &why) == 0 &&
	                  nft_table_diff(observed, wanted, NULL) == 0,
	          "10,000 services are seen as they were wanted");
	looked = mono_now_us();
	(void)nft_kernel_changed(kernel); /* far more than fit */
	printf("# 10,000 services: read and built %" PRId64 " ms, written %" PRId64
	       " ms, looked at %" PRId64 " ms\n",
	       (built - start) / 1000, (written - built) / 1000, (looked - written) / 1000);
	tap_check(nft_kernel_sync(kernel, wanted, &outcome, NULL, &why) == 0 &&
	                  outcome == NFT_SYNC_SAME,
	          "10,000 services: nothing to write");
	start = mono_now_us();
	tap_check(nft_kernel_sync(kernel, more, &outcome, NULL, &why) == 0 &&
	                  outcome == NFT_SYNC_WRITTEN,
	          "10,000 services: one more %s", text_str(&why));
	printf("# 10,000 services: one more in %" PRId64 " us\n", mono_now_us() - start);
	nft_table_free(observed);
	nft_table_free(wanted);
	nft_table_free(more);
	text_done(&why);
}

static int self_test(void)
{
	struct nft_kernel *kernel;
	struct text why = {0};

	if (unshare(CLONE_NEWNET) < 0)
		tap_bail("unshare", strerror(errno));
	kernel = lab_kernel_open();
	tap_check(nft_kernel_warm_up(kernel, &why) == 0, "everything we use is there %s",
	          text_str(&why));
	tap_check(lab_shell("test -z \"$(nft list ruleset)\"") == 0, "the warm-up left nothing");
	for (size_t i = 0; i < LT_ARRAY_SIZE(documents); i++)
		try_document(kernel, &documents[i]);
	try_drift(kernel);
	lab_try_exchanges(kernel);
	try_removal(kernel);
	try_many(kernel);
	nft_kernel_close(kernel);
	text_done(&why);
	return tap_end();
}

/* --- the tool --- */

static int print_counts(struct nft_kernel *kernel)
{
	struct nft_table *observed = NULL;
	struct text why = {0};
	struct nft_counts counts;

	if (nft_kernel_observe(kernel, &observed, &why) < 0)
		tap_bail("observe", text_str(&why));
	nft_table_counts(observed, &counts);
	for (int i = NFT_COUNTER_NONE + 1; i < NFT_COUNTER_COUNT; i++)
		printf("%s %" PRIu64 "\n", nft_counter_name((enum nft_counter)i),
		       counts.packets[i]);
	nft_table_free(observed);
	return 0;
}

static int plan(struct nft_kernel *kernel, struct nft_table *wanted)
{
	struct nft_table *observed = NULL;
	struct text why = {0}, changes = {0};

	if (nft_kernel_observe(kernel, &observed, &why) < 0)
		tap_bail("observe", text_str(&why));
	(void)nft_table_diff(observed, wanted, &changes);
	fputs(text_str(&changes), stdout);
	nft_table_free(observed);
	text_done(&changes);
	return 0;
}

static int sync_to(struct nft_kernel *kernel, struct nft_table *wanted)
{
	enum nft_sync outcome;
	struct text why = {0};

	if (nft_kernel_sync(kernel, wanted, &outcome, NULL, &why) < 0)
		tap_bail("sync", text_str(&why));
	printf("%s\n", nft_sync_name(outcome));
	return 0;
}

static int use(const char *verb, char **paths, size_t count)
{
	struct nft_kernel *kernel = strcmp(verb, "print") == 0 ? NULL : lab_kernel_open();
	struct nft_table *wanted = count > 0 ? lab_load(paths, count) : NULL;
	struct text text = {0};
	int result = 2;

	if (strcmp(verb, "print") == 0 && wanted) {
		nft_table_format(wanted, &text);
		fputs(text_str(&text), stdout);
		result = 0;
	} else if (strcmp(verb, "plan") == 0 && wanted) {
		result = plan(kernel, wanted);
	} else if (strcmp(verb, "sync") == 0 && wanted) {
		result = sync_to(kernel, wanted);
	} else if (strcmp(verb, "counts") == 0) {
		result = print_counts(kernel);
	} else if (strcmp(verb, "remove") == 0) {
		result = nft_kernel_remove(kernel, &text) < 0;
		fputs(text_str(&text), stderr);
	}
	text_done(&text);
	nft_table_free(wanted);
	nft_kernel_close(kernel);
	return result;
}

int main(int argc, char **argv)
{
	if (argc == 1)
		return self_test();
	return use(argv[1], argv + 2, (size_t)argc - 2);
}
