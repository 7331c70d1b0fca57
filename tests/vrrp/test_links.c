/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/links.h"

#include <check.h>
#include <linux/if_addr.h>
#include <stdlib.h>
#include <string.h>

static struct vrrp_links links;

static void setup(void)
{
	memset(&links, 0, sizeof(links));
}

static void teardown(void)
{
	vrrp_links_done(&links);
}

static struct addr_prefix prefix_of(const char *text)
{
	struct addr_prefix prefix;

	ck_assert_int_eq(addr_prefix_parse(text, &prefix), 0);
	return prefix;
}

static enum vrrp_links_change link_event(enum rtnl_event_kind kind, int index, const char *name,
                                         unsigned flags)
{
	struct rtnl_event event = {.kind = kind, .link = {.index = index, .flags = flags}};

	strcpy(event.link.name, name);
	return vrrp_links_event(&links, &event);
}

static enum vrrp_links_change address_event(enum rtnl_event_kind kind, int index,
                                            const char *prefix, uint8_t protocol, uint32_t flags)
{
	const struct rtnl_event event = {
		.kind = kind,
		.address = {.link_index = index,
	                    .prefix = prefix_of(prefix),
	                    .protocol = protocol,
	                    .flags = flags},
	};

	return vrrp_links_event(&links, &event);
}

static void assert_primary(int index, enum addr_family family, const char *like,
                           const char *expected)
{
	struct addr hint, got;
	char text[ADDR_TEXT_SIZE];

	if (like)
		ck_assert_int_eq(addr_parse(like, &hint), 0);
	got = vrrp_links_primary(&links, index, family, like ? &hint : NULL);
	if (!expected) {
		ck_assert_int_eq(got.family, ADDR_NONE);
		return;
	}
	ck_assert_str_eq(addr_format(&got, text), expected);
}

START_TEST(a_link_that_comes_changes_and_goes_is_news_each_time)
{
	ck_assert_int_eq(link_event(RTNL_LINK_NEW, 5, "eth0", IFF_UP), VRRP_LINKS_LINK);
	ck_assert_int_eq(link_event(RTNL_LINK_NEW, 5, "eth0", IFF_UP), VRRP_LINKS_SAME);
	ck_assert_int_eq(link_event(RTNL_LINK_NEW, 5, "eth0", 0), VRRP_LINKS_LINK);
	ck_assert_int_eq(link_event(RTNL_LINK_NEW, 5, "wan", 0), VRRP_LINKS_LINK);
	ck_assert_ptr_null(vrrp_links_by_name(&links, "eth0"));
	ck_assert_int_eq(vrrp_links_by_name(&links, "wan")->index, 5);
	ck_assert_int_eq(link_event(RTNL_LINK_GONE, 5, "wan", 0), VRRP_LINKS_LINK);
	ck_assert_int_eq(link_event(RTNL_LINK_GONE, 5, "wan", 0), VRRP_LINKS_SAME);
	ck_assert_ptr_null(vrrp_links_by_index(&links, 5));
}
END_TEST

START_TEST(links_are_found_whatever_the_order_they_came_in)
{
	static const int order[] = {9, 2, 30, 1, 17};
	char name[IF_NAMESIZE];

	for (size_t i = 0; i < LT_ARRAY_SIZE(order); i++) {
		snprintf(name, sizeof(name), "eth%d", order[i]);
		link_event(RTNL_LINK_NEW, order[i], name, 0);
	}
	for (size_t i = 0; i < LT_ARRAY_SIZE(order); i++)
		ck_assert_int_eq(vrrp_links_by_index(&links, order[i])->index, order[i]);
	ck_assert_ptr_null(vrrp_links_by_index(&links, 3));
}
END_TEST

START_TEST(addresses_go_with_their_link)
{
	const struct addr_prefix gone = prefix_of("10.0.0.1/24"), other = prefix_of("10.0.1.1/24");

	link_event(RTNL_LINK_NEW, 5, "eth0", 0);
	address_event(RTNL_ADDRESS_NEW, 5, "10.0.0.1/24", 0, 0);
	address_event(RTNL_ADDRESS_NEW, 6, "10.0.1.1/24", 0, 0);
	link_event(RTNL_LINK_GONE, 5, "eth0", 0);
	ck_assert_ptr_null(vrrp_links_address(&links, 5, &gone));
	ck_assert_ptr_nonnull(vrrp_links_address(&links, 6, &other));
}
END_TEST

START_TEST(ours_are_told_from_others)
{
	const uint8_t l = RTNL_ADDRESS_PROTOCOL;

	ck_assert_int_eq(address_event(RTNL_ADDRESS_NEW, 5, "10.0.0.1/24", 0, 0),
	                 VRRP_LINKS_ADDRESS);
	ck_assert_int_eq(address_event(RTNL_ADDRESS_NEW, 5, "10.0.0.9/32", l, 0), VRRP_LINKS_OURS);
	/* A renewed lifetime is no news. */
	ck_assert_int_eq(address_event(RTNL_ADDRESS_NEW, 5, "10.0.0.9/32", l, 0), VRRP_LINKS_SAME);
	ck_assert_int_eq(address_event(RTNL_ADDRESS_GONE, 5, "10.0.0.9/32", l, 0),
	                 VRRP_LINKS_OURS_GONE);
	ck_assert_int_eq(address_event(RTNL_ADDRESS_GONE, 5, "10.0.0.9/32", l, 0), VRRP_LINKS_SAME);
	ck_assert_int_eq(address_event(RTNL_ADDRESS_GONE, 5, "10.0.0.1/24", 0, 0),
	                 VRRP_LINKS_ADDRESS);
}
END_TEST

START_TEST(the_end_of_being_tentative_is_news)
{
	address_event(RTNL_ADDRESS_NEW, 5, "fe80::1/64", 0, IFA_F_TENTATIVE);
	assert_primary(5, ADDR_IPV6, NULL, NULL);
	ck_assert_int_eq(address_event(RTNL_ADDRESS_NEW, 5, "fe80::1/64", 0, IFA_F_PERMANENT),
	                 VRRP_LINKS_ADDRESS);
	assert_primary(5, ADDR_IPV6, NULL, "fe80::1");
}
END_TEST

START_TEST(what_was_asked_for_is_pending_until_the_kernel_confirms_it)
{
	const struct addr_prefix vip = prefix_of("10.0.0.9/32");

	vrrp_links_note_added(&links, 5, &vip, 3);
	ck_assert(vrrp_links_is_pending(&links, 5, &vip));
	ck_assert_int_eq(
		address_event(RTNL_ADDRESS_NEW, 5, "10.0.0.9/32", RTNL_ADDRESS_PROTOCOL, 0),
		VRRP_LINKS_OURS);
	ck_assert(!vrrp_links_is_pending(&links, 5, &vip));
	/* Renewing does not make it pending again. */
	vrrp_links_note_added(&links, 5, &vip, 3);
	ck_assert(!vrrp_links_is_pending(&links, 5, &vip));
}
END_TEST

START_TEST(the_echo_of_an_earlier_removal_does_not_take_away_what_is_pending)
{
	const struct addr_prefix vip = prefix_of("10.0.0.9/32");

	address_event(RTNL_ADDRESS_NEW, 5, "10.0.0.9/32", RTNL_ADDRESS_PROTOCOL, 0);
	vrrp_links_note_removed(&links, 5, &vip);
	vrrp_links_note_added(&links, 5, &vip, 3);
	ck_assert_int_eq(
		address_event(RTNL_ADDRESS_GONE, 5, "10.0.0.9/32", RTNL_ADDRESS_PROTOCOL, 0),
		VRRP_LINKS_SAME);
	ck_assert_ptr_nonnull(vrrp_links_address(&links, 5, &vip));
	address_event(RTNL_ADDRESS_NEW, 5, "10.0.0.9/32", RTNL_ADDRESS_PROTOCOL, 0);
	ck_assert_int_eq(
		address_event(RTNL_ADDRESS_GONE, 5, "10.0.0.9/32", RTNL_ADDRESS_PROTOCOL, 0),
		VRRP_LINKS_OURS_GONE);
}
END_TEST

/* Which of these addresses of link 5 stands for it? */
static const struct {
	const char *prefixes[4];
	uint32_t flags[4];
	uint8_t protocols[4];
	enum addr_family family;
	const char *like;
	const char *expected;
} primary_rows[] = {
	{{NULL}, {0}, {0}, ADDR_IPV4, NULL, NULL},
	{{"10.0.0.7/24", "10.0.0.5/24"}, {0}, {0}, ADDR_IPV4, NULL, "10.0.0.5"},
	/* a secondary address only when there is no other */
	{{"10.0.0.7/24", "10.0.0.5/24"}, {0, IFA_F_SECONDARY}, {0}, ADDR_IPV4, NULL, "10.0.0.7"},
	{{"10.0.0.5/24"}, {IFA_F_SECONDARY}, {0}, ADDR_IPV4, NULL, "10.0.0.5"},
	/* somebody's floating address only when there is no other */
	{{"10.0.0.7/24", "10.0.0.5/32"}, {0}, {0}, ADDR_IPV4, NULL, "10.0.0.7"},
	/* never one of ours */
	{{"10.0.0.5/24"}, {0}, {RTNL_ADDRESS_PROTOCOL}, ADDR_IPV4, NULL, NULL},
	/* IPv6: link-local unless the peers aren't */
	{{"2001:db8::1/64", "fe80::7/64"}, {0}, {0}, ADDR_IPV6, NULL, "fe80::7"},
	{{"2001:db8::1/64", "fe80::7/64"}, {0}, {0}, ADDR_IPV6, "fe80::9", "fe80::7"},
	{{"2001:db8::1/64", "fe80::7/64"}, {0}, {0}, ADDR_IPV6, "2001:db8::9", "2001:db8::1"},
	{{"2001:db8::1/64"}, {0}, {0}, ADDR_IPV6, NULL, NULL},
	{{"fe80::7/64"}, {0}, {0}, ADDR_IPV6, "2001:db8::9", NULL},
	/* rather of the peer's network, rather lasting */
	{{"2001:db8::1/64", "2001:db8:1::1/64"},
         {0},
         {0},
         ADDR_IPV6,
         "2001:db8:1::9",
         "2001:db8:1::1"},
	{{"2001:db8::1/64", "2001:db8::2/64"},
         {IFA_F_TEMPORARY, 0},
         {0},
         ADDR_IPV6,
         "2001:db8::9",
         "2001:db8::2"},
	{{"2001:db8::1/64", "2001:db8::2/64"},
         {IFA_F_DADFAILED, 0},
         {0},
         ADDR_IPV6,
         "2001:db8::9",
         "2001:db8::2"},
};

START_TEST(the_primary_address_is_chosen_by_what_lasts)
{
	/* The neighbours in the table are of no interest. */
	address_event(RTNL_ADDRESS_NEW, 4, "10.0.0.1/24", 0, 0);
	address_event(RTNL_ADDRESS_NEW, 6, "fe80::1/64", 0, 0);
	for (size_t i = 0; i < 4 && primary_rows[_i].prefixes[i]; i++)
		address_event(RTNL_ADDRESS_NEW, 5, primary_rows[_i].prefixes[i],
		              primary_rows[_i].protocols[i], primary_rows[_i].flags[i]);
	assert_primary(5, primary_rows[_i].family, primary_rows[_i].like,
	               primary_rows[_i].expected);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vrrp/links");
	TCase *tc = tcase_create("links");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, a_link_that_comes_changes_and_goes_is_news_each_time);
	tcase_add_test(tc, links_are_found_whatever_the_order_they_came_in);
	tcase_add_test(tc, addresses_go_with_their_link);
	tcase_add_test(tc, ours_are_told_from_others);
	tcase_add_test(tc, the_end_of_being_tentative_is_news);
	tcase_add_test(tc, what_was_asked_for_is_pending_until_the_kernel_confirms_it);
	tcase_add_test(tc, the_echo_of_an_earlier_removal_does_not_take_away_what_is_pending);
	tcase_add_loop_test(tc, the_primary_address_is_chosen_by_what_lasts, 0,
	                    LT_ARRAY_SIZE(primary_rows));
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
