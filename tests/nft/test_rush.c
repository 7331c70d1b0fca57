/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of a rush is looked at as text, the way a person would read it. */

#include "nft/rush.h"

#include "nft/encode.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

static struct addr address(const char *text)
{
	struct addr found;

	ck_assert_int_eq(addr_parse(text, &found), 0);
	return found;
}

#define GROUP 4711

/* So many of these. */
static struct nft_table *rush(size_t first, size_t count)
{
	static const struct addr unknown;
	const struct nft_rush_source sources[] = {
		{address("10.77.0.100"), address("10.78.0.254"), MODEL_TCP},
		{address("10.77.0.100"), address("10.78.0.254"), MODEL_UDP},
		{address("10.77.0.101"), address("10.78.0.9"), MODEL_TCP},
		{address("2001:db8:77::100"), address("2001:db8:78::fe"), MODEL_UDP},
		{address("10.77.0.102"), unknown, MODEL_TCP},
		{address("2001:db8:77::102"), unknown, MODEL_TCP},
	};

	ck_assert_uint_le(first + count, LT_ARRAY_SIZE(sources));
	return nft_rush_build(sources + first, count, GROUP);
}

#define SAME_PORT                                                   \
	" ct original proto-src & 255 . th sport & 255 @same_bytes" \
	" ct original proto-src & 65280 . th sport & 65280 @same_bytes"

static const struct row {
	size_t first, count;
	const char *line;
	bool there;
} rows[] = {
	{0, 4, "table inet lintel-rush {", true},
	{0, 4, "type ipv4_addr . ipv4_addr . inet_proto;", true},
	{0, 4,
         "10.77.0.100 . 10.78.0.254 . tcp,\n\t\t\t     10.77.0.100 . 10.78.0.254 . udp,\n"
         "\t\t\t     10.77.0.101 . 10.78.0.9 . tcp }",
         true},
	{0, 4, "elements = { 2001:db8:77::100 . 2001:db8:78::fe . udp }", true},
	/* what is no flow does not get to IPVS */
	{0, 1,
         "\tchain strays {\n\t\ttype filter hook input priority 90; policy accept;\n"
         "\t\tct state == invalid goto no_flow\n\t}\n",
         true},
	{0, 1, "\tchain no_flow {\n\t\tip daddr . meta l4proto @virtuals4 drop\n\t}\n", true},
	{3, 1, "\tchain no_flow {\n\t\tip6 daddr . meta l4proto @virtuals6 drop\n\t}\n", true},
	/* behind source NAT: packets of known flows meet no more than this */
	{0, 6,
         "\tchain translated {\n\t\ttype filter hook postrouting priority 110; policy accept;\n"
         "\t\tct state == new goto new_flow\n\t}\n",
         true},
	/* nothing is told of those with the source that is expected and with their own port */
	{0, 1,
         "\tchain new_flow {\n"
         "\t\tct original ip daddr . ct reply ip daddr . meta l4proto @sources4" SAME_PORT
         " return\n"
         "\t\tct original ip daddr . meta l4proto @virtuals4 log group 4711 snaplen 0\n\t}\n",
         true},
	{3, 1,
         "\tchain new_flow {\n"
         "\t\tct original ip6 daddr . ct reply ip6 daddr . meta l4proto @sources6" SAME_PORT
         " return\n"
         "\t\tct original ip6 daddr . meta l4proto @virtuals6 log group 4711 snaplen 0\n\t}\n",
         true},
	/* all is told of those whose source is not known */
	{0, 5, "10.77.0.101 . tcp,\n\t\t\t     10.77.0.102 . tcp }", true},
	{0, 5, "10.77.0.102 . 10.78.0.9", false},
	{4, 1, "elements = { 10.77.0.102 . tcp }", true},
	{4, 1, "set sources4 {\n\t\ttype ipv4_addr . ipv4_addr . inet_proto;\n\t}\n", true},
	{5, 1, "elements = { 2001:db8:77::102 . tcp }", true},
	{5, 1, "set sources6 {\n\t\ttype ipv6_addr . ipv6_addr . inet_proto;\n\t}\n", true},
	{0, 3, "ip6", false},
	{3, 1, "ip daddr", false},
	{0, 0, "table", false},
};

START_TEST(the_table_has_what_the_sources_need)
{
	struct nft_table *table = rush(rows[_i].first, rows[_i].count);
	struct text text = {0};

	nft_table_format(table, &text);
	ck_assert_msg((strstr(text_str(&text), rows[_i].line) != NULL) == rows[_i].there,
	              "%s: %s\n%.2000s", rows[_i].line, rows[_i].there ? "missing" : "there",
	              strstr(text_str(&text), "sources") ? strstr(text_str(&text), "sources")
	                                                 : text_str(&text));
	ck_assert(table->present == (rows[_i].count > 0));
	text_done(&text);
	nft_table_free(table);
}
END_TEST

/* Are these bytes of both ports looked up, as the rule masks them? */
static bool are_same(const struct nft_table *table, uint16_t mask, uint16_t a, uint16_t b)
{
	uint8_t key[NFT_KEY_SIZE_MAX] = {(uint8_t)((a & mask) >> 8), (uint8_t)(a & mask), 0, 0,
	                                 (uint8_t)((b & mask) >> 8), (uint8_t)(b & mask)};

	return nft_set_has_key(nft_table_set(table, "same_bytes"), key);
}

START_TEST(two_ports_pass_both_looks_only_when_they_are_the_same)
{
	static const uint16_t ports[] = {0,     1,     80,    255,   256,   257,    1024,
	                                 32768, 40000, 40001, 40256, 65280, 0xff00, 65535};
	struct nft_table *table = rush(0, 1);

	for (size_t i = 0; i < LT_ARRAY_SIZE(ports); i++) {
		for (size_t j = 0; j < LT_ARRAY_SIZE(ports); j++)
			ck_assert_int_eq(are_same(table, 0x00ff, ports[i], ports[j]) &&
			                         are_same(table, 0xff00, ports[i], ports[j]),
			                 ports[i] == ports[j]);
	}
	for (unsigned port = 0; port <= UINT16_MAX; port++)
		ck_assert(are_same(table, 0x00ff, (uint16_t)port, (uint16_t)port) &&
		          are_same(table, 0xff00, (uint16_t)port, (uint16_t)port));
	ck_assert_uint_eq(nft_table_set(table, "same_bytes")->element_count, 511);
	nft_table_free(table);
}
END_TEST

/* The flags that a message about the table has; 0: none. */
static uint32_t flags_of(const struct nl_batch *batch, size_t at)
{
	const struct nlmsghdr *message = (const struct nlmsghdr *)(batch->data + batch->starts[at]);
	const struct nlattr *attr;
	uint32_t flags = 0;

	mnl_attr_for_each (attr, message, sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == NFTA_TABLE_FLAGS)
			flags = ntohl(mnl_attr_get_u32(attr));
	}
	return flags;
}

START_TEST(the_kernel_removes_it_with_the_socket_that_made_it)
{
	struct nft_table *table = rush(0, 1), *nothing = rush(0, 0);
	struct nl_batch batch = {0};

	ck_assert(table->bound && nothing->bound);
	nft_encode_replace(table, &batch);
	ck_assert_uint_eq(flags_of(&batch, 1), NFT_TABLE_F_OWNER);
	ck_assert_uint_eq(flags_of(&batch, 3), NFT_TABLE_F_OWNER);
	nl_batch_clear(&batch);
	nft_encode_replace(nothing, &batch); /* which the kernel refuses when they differ */
	ck_assert_uint_eq(batch.count, 4);
	ck_assert_uint_eq(flags_of(&batch, 1), NFT_TABLE_F_OWNER);
	nl_batch_done(&batch);
	nft_table_free(table);
	nft_table_free(nothing);
}
END_TEST

START_TEST(other_sources_are_exchanged_where_they_stand)
{
	struct nft_table *one = rush(0, 1), *three = rush(0, 3), *unknown = rush(4, 1);

	ck_assert_uint_eq(one->frame, three->frame);
	ck_assert_uint_eq(one->frame, unknown->frame);
	ck_assert_uint_ne(one->digest, three->digest);
	nft_table_free(one);
	nft_table_free(three);
	nft_table_free(unknown);
}
END_TEST

START_TEST(another_group_is_another_frame)
{
	const struct nft_rush_source source = {address("10.77.0.100"), address("10.78.0.254"),
	                                       MODEL_TCP};
	struct nft_table *one = nft_rush_build(&source, 1, 1);
	struct nft_table *other = nft_rush_build(&source, 1, UINT16_MAX);

	ck_assert_uint_ne(one->frame, other->frame);
	nft_table_free(one);
	nft_table_free(other);
}
END_TEST

/* Of the message about the first rule that logs; NULL: there is none. */
static const struct nlmsghdr *logging(const struct nl_batch *batch)
{
	struct text text = {0};

	for (size_t i = 0; i < batch->count; i++) {
		const struct nlmsghdr *message =
			(const struct nlmsghdr *)(batch->data + batch->starts[i]);
		bool found;

		text_clear(&text);
		nft_encode_describe(message, &text);
		found = strstr(text_str(&text), "log ") != NULL;
		if (found) {
			text_done(&text);
			return message;
		}
	}
	text_done(&text);
	return NULL;
}

START_TEST(a_kernel_that_can_not_log_is_told_of_what_it_lacks)
{
	struct nft_table *table = rush(0, 1);
	struct nl_batch batch = {0};
	struct text needs = {0};

	nft_encode_replace(table, &batch);
	ck_assert_ptr_nonnull(logging(&batch));
	nft_encode_needs(logging(&batch), &needs);
	ck_assert_str_eq(text_str(&needs),
	                 "CONFIG_NFT_CT, CONFIG_NFT_LOG, CONFIG_NETFILTER_NETLINK_LOG");
	text_done(&needs);
	nl_batch_done(&batch);
	nft_table_free(table);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("nft/rush", &tests);

	tcase_add_loop_test(tests, the_table_has_what_the_sources_need, 0, LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, two_ports_pass_both_looks_only_when_they_are_the_same);
	tcase_add_test(tests, the_kernel_removes_it_with_the_socket_that_made_it);
	tcase_add_test(tests, other_sources_are_exchanged_where_they_stand);
	tcase_add_test(tests, another_group_is_another_frame);
	tcase_add_test(tests, a_kernel_that_can_not_log_is_told_of_what_it_lacks);
	return unit_run(suite);
}
