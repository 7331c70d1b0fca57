/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel may answer besides what we put there. */

#include "nft/observe.h"

#include "lib/wire.h"
#include "nft/encode.h"
#include "tests/nft/fixture.h"

#include <check.h>
#include <errno.h>
#include <netinet/in.h> /* before linux/netfilter.h, which has an in.h of its own */

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define OWN 4711

static char buffer[4096] __attribute__((aligned(8)));

/* A message of the kernel's with the table's name in it. */
static struct nlmsghdr *begin(int type, uint8_t family, const char *table, uint32_t from)
{
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	struct nfgenmsg *header;

	message->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	message->nlmsg_pid = from;
	header = mnl_nlmsg_put_extra_header(message, sizeof(*header));
	header->nfgen_family = family;
	if (table)
		mnl_attr_put_strz(message, NFTA_TABLE_NAME, table);
	return message;
}

static const struct {
	int type;
	uint8_t family;
	const char *table;
	uint32_t from;
	bool ours;
} events[] = {
	{NFT_MSG_DELTABLE, NFPROTO_INET, "lintel", 1, true},
	{NFT_MSG_NEWRULE, NFPROTO_INET, "lintel", 1, true},
	{NFT_MSG_DELSETELEM, NFPROTO_INET, "lintel", 0, true},
	{NFT_MSG_DELTABLE, NFPROTO_INET, "lintel", OWN, false}, /* it was us */
	{NFT_MSG_DELTABLE, NFPROTO_INET, "lintels", 1, false},
	{NFT_MSG_DELTABLE, NFPROTO_IPV4, "lintel", 1, false},
	{NFT_MSG_DELTABLE, NFPROTO_INET, NULL, 1, false},
	{NFT_MSG_NEWGEN, NFPROTO_INET, "lintel", 1, false}, /* its attribute 1 is a number */
};

START_TEST(an_event_is_ours_by_table_and_not_by_us)
{
	struct nlmsghdr *message =
		begin(events[_i].type, events[_i].family, events[_i].table, events[_i].from);

	ck_assert_int_eq(nft_observe_is_foreign_change(message, NFT_TABLE_NAME, OWN),
	                 events[_i].ours);
}
END_TEST

START_TEST(the_generation_is_read)
{
	struct nlmsghdr *message = begin(NFT_MSG_NEWGEN, NFPROTO_UNSPEC, NULL, 0);
	uint32_t id = 0;

	ck_assert_int_eq(nft_observe_generation(message, &id), -EBADMSG);
	mnl_attr_put_u32(message, NFTA_GEN_ID, wire_be32(77));
	ck_assert_int_eq(nft_observe_generation(message, &id), 0);
	ck_assert_uint_eq(id, 77);
	message = begin(NFT_MSG_NEWTABLE, NFPROTO_INET, "lintel", 0);
	ck_assert_int_eq(nft_observe_generation(message, &id), -EBADMSG);
}
END_TEST

START_TEST(other_tables_are_passed_over)
{
	struct nft_observe *observe = nft_observe_new();
	struct nft_table *table;

	ck_assert_int_eq(nft_observe_table(observe, begin(NFT_MSG_NEWTABLE, NFPROTO_INET, "a", 0)),
	                 0);
	ck_assert_int_eq(
		nft_observe_table(observe, begin(NFT_MSG_NEWTABLE, NFPROTO_IPV4, "lintel", 0)), 0);
	table = nft_observe_finish(observe);
	ck_assert(!table->present);
	nft_table_free(table);
}
END_TEST

START_TEST(a_truncated_answer_is_malformed)
{
	struct nft_observe *observe = nft_observe_new();
	struct nlmsghdr *message = begin(NFT_MSG_NEWTABLE, NFPROTO_INET, NULL, 0);

	message->nlmsg_len = MNL_NLMSG_HDRLEN + 1;
	ck_assert_int_eq(nft_observe_table(observe, message), -EBADMSG);
	ck_assert_int_eq(nft_observe_set(observe, message), -EBADMSG);
	ck_assert_int_eq(nft_observe_elements(observe, message), -EBADMSG);
	ck_assert_int_eq(nft_observe_chain(observe, message), -EBADMSG);
	ck_assert_int_eq(nft_observe_rule(observe, message), -EBADMSG);
	nft_observe_free(observe);
}
END_TEST

/* A set of Ethernet addresses that somebody put into our table. */
static void put_foreign_set(struct nft_observe *observe)
{
	struct nlmsghdr *message = begin(NFT_MSG_NEWSET, NFPROTO_INET, "lintel", 0);

	mnl_attr_put_strz(message, NFTA_SET_NAME, "macs");
	mnl_attr_put_u32(message, NFTA_SET_FLAGS, 0);
	mnl_attr_put_u32(message, NFTA_SET_KEY_TYPE, wire_be32(9));
	mnl_attr_put_u32(message, NFTA_SET_KEY_LEN, wire_be32(6));
	ck_assert_int_eq(nft_observe_set(observe, message), 0);
}

START_TEST(sets_of_other_kinds_are_kept_as_foreign)
{
	struct nft_observe *observe = nft_observe_new();
	struct nft_table *table, *nothing = nft_table_new();
	struct text text = {0};

	put_foreign_set(observe);
	table = nft_observe_finish(observe);
	ck_assert_uint_eq(table->set_count, 1);
	ck_assert(table->sets[0].foreign);
	ck_assert_uint_eq(nft_table_diff(table, nothing, &text), 1);
	ck_assert_str_eq(text_str(&text), "- set macs: of a kind unknown here\n");
	text_done(&text);
	nft_table_free(table);
	nft_table_free(nothing);
}
END_TEST

START_TEST(a_dump_that_begins_again_gives_everything_once)
{
	struct nft_observe *observe = nft_observe_new();
	struct nft_table *table;

	put_foreign_set(observe);
	nft_observe_restart_sets(observe);
	put_foreign_set(observe);
	table = nft_observe_finish(observe);
	ck_assert_uint_eq(table->set_count, 1);
	nft_table_free(table);
}
END_TEST

/* Somebody's rule in a chain of ours is shown by its instructions. */
START_TEST(a_rule_that_is_none_of_ours_is_shown_by_its_code)
{
	struct nft_table *table = fixture_table(FIXTURE_ROUTER FIXTURE_SERVER(
		"web", "10.77.0.100", FIXTURE_S4, "  ports: [{port: 80}]\n"));
	struct nft_observe *observe = nft_observe_new();
	struct nft_table *observed;
	struct nl_batch batch = {0};

	/* Without the sets that they look into, our own rules are unknown as well. */
	nft_encode_replace(table, &batch);
	for (size_t i = 1; i + 1 < batch.count; i++) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(batch.data + batch.starts[i]);

		if ((message->nlmsg_type & 0xff) == NFT_MSG_NEWCHAIN)
			ck_assert_int_eq(nft_observe_chain(observe, message), 0);
		if ((message->nlmsg_type & 0xff) == NFT_MSG_NEWRULE)
			ck_assert_int_eq(nft_observe_rule(observe, message), 0);
	}
	observed = nft_observe_finish(observe);
	ck_assert(text_starts_with(nft_table_chain(observed, "input")->rules[0].text, "[ ct "));
	ck_assert_str_eq(nft_table_chain(observed, "input")->rules[0].code,
	                 nft_table_chain(table, "input")->rules[0].code);
	nl_batch_done(&batch);
	nft_table_free(observed);
	nft_table_free(table);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nft/observe");
	TCase *tcase = tcase_create("observe");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tcase, an_event_is_ours_by_table_and_not_by_us, 0,
	                    (int)LT_ARRAY_SIZE(events));
	tcase_add_test(tcase, the_generation_is_read);
	tcase_add_test(tcase, other_tables_are_passed_over);
	tcase_add_test(tcase, a_truncated_answer_is_malformed);
	tcase_add_test(tcase, sets_of_other_kinds_are_kept_as_foreign);
	tcase_add_test(tcase, a_dump_that_begins_again_gives_everything_once);
	tcase_add_test(tcase, a_rule_that_is_none_of_ours_is_shown_by_its_code);
	suite_add_tcase(suite, tcase);
	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
