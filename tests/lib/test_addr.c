/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/addr.h"

#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static struct addr addr_of(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text, &a), 0);
	return a;
}

static struct addr_prefix prefix_of(const char *text)
{
	struct addr_prefix p;

	ck_assert_int_eq(addr_prefix_parse(text, &p), 0);
	return p;
}

static struct addr_range range_of(const char *text)
{
	struct addr_range r;

	ck_assert_int_eq(addr_range_parse(text, &r), 0);
	return r;
}

static const struct {
	const char *text;
	const char *canonical; /* NULL: refused */
} address_rows[] = {
	{"0.0.0.0", "0.0.0.0"},
	{"255.255.255.255", "255.255.255.255"},
	{"10.77.0.100", "10.77.0.100"},
	{"::", "::"},
	{"::1", "::1"},
	{"2001:db8::1", "2001:db8::1"},
	{"2001:0DB8:0000:0000:0000:0000:0000:0001", "2001:db8::1"},
	{"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
	/* RFC 5952 4.2: the longest run is shortened, the first of equal ones, never a single. */
	{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
	{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
	{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
	{"::ffff:192.0.2.1", "::ffff:192.0.2.1"},
	{"fe80::1", "fe80::1"},
	{"", NULL},
	{" 10.0.0.1", NULL},
	{"10.0.0.1 ", NULL},
	{"10.0.0.1\n", NULL},
	{"10.0.0", NULL},
	{"10.0.0.0.1", NULL},
	{"10.0.0.256", NULL},
	{"10.0.0.1000", NULL},
	{"10.0.0.-1", NULL},
	{"10.0.0.+1", NULL},
	{"10.0.0.", NULL},
	{".10.0.0.1", NULL},
	{"10..0.1", NULL},
	/* Some read these as octal or hexadecimal, some as decimal: nobody may guess. */
	{"010.0.0.1", NULL},
	{"10.0.0.01", NULL},
	{"10.0.0.00", NULL},
	{"0x0a.0.0.1", NULL},
	{"167772161", NULL},
	{"10.1", NULL},
	{":", NULL},
	{":::", NULL},
	{"1::2::3", NULL},
	{"1:2:3:4:5:6:7", NULL},
	{"1:2:3:4:5:6:7:8:9", NULL},
	{"1:2:3:4:5:6:7:8::", NULL},
	{":1:2:3:4:5:6:7", NULL},
	{"12345::", NULL},
	{"g::1", NULL},
	{"::ffff:192.0.2.01", NULL},
	{"::192.0.2.1.5", NULL},
	{"fe80::1%eth0", NULL},
	{"fe80::1%1", NULL},
	{"[::1]", NULL},
	{"2001:db8::1/64", NULL},
	{"10.0.0.1/8", NULL},
	{"localhost", NULL},
};

START_TEST(an_address_is_read_strictly_and_written_canonically)
{
	struct addr a = {.family = 99};
	char buf[ADDR_TEXT_SIZE];
	int err = addr_parse(address_rows[_i].text, &a);

	if (address_rows[_i].canonical) {
		ck_assert_int_eq(err, 0);
		ck_assert_str_eq(addr_format(&a, buf), address_rows[_i].canonical);
	} else {
		ck_assert_int_eq(err, -EINVAL);
		ck_assert_int_eq(a.family, 99);
	}
}
END_TEST

static const struct {
	const char *text;
	const char *canonical; /* NULL: refused */
	const char *first, *last;
} prefix_rows[] = {
	{"10.0.0.5/24", "10.0.0.5/24", "10.0.0.0", "10.0.0.255"},
	{"10.0.0.5", "10.0.0.5/32", "10.0.0.5", "10.0.0.5"},
	{"10.0.0.5/0", "10.0.0.5/0", "0.0.0.0", "255.255.255.255"},
	{"10.0.0.5/31", "10.0.0.5/31", "10.0.0.4", "10.0.0.5"},
	{"172.20.5.1/13", "172.20.5.1/13", "172.16.0.0", "172.23.255.255"},
	{"2001:db8::5/64", "2001:db8::5/64", "2001:db8::", "2001:db8::ffff:ffff:ffff:ffff"},
	{"2001:db8::5", "2001:db8::5/128", "2001:db8::5", "2001:db8::5"},
	{"::/0", "::/0", "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/127", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe",
         "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
	{"10.0.0.5/", NULL, NULL, NULL},
	{"10.0.0.5/33", NULL, NULL, NULL},
	{"10.0.0.5/024", NULL, NULL, NULL},
	{"10.0.0.5/00", NULL, NULL, NULL},
	{"10.0.0.5/+8", NULL, NULL, NULL},
	{"10.0.0.5/-1", NULL, NULL, NULL},
	{"10.0.0.5/ 8", NULL, NULL, NULL},
	{"10.0.0.5/8 ", NULL, NULL, NULL},
	{"10.0.0.5/8/8", NULL, NULL, NULL},
	{"10.0.0.5/255.0.0.0", NULL, NULL, NULL},
	{"10.0.0.5/4294967304", NULL, NULL, NULL},
	{"::1/129", NULL, NULL, NULL},
	{"/24", NULL, NULL, NULL},
	{"", NULL, NULL, NULL},
	{"0000000000000000000000000000000000000000000000000000000000000001/8", NULL, NULL, NULL},
};

START_TEST(a_prefix_keeps_its_host_bits_and_knows_its_network)
{
	struct addr_prefix p = {.length = 99};
	char buf[ADDR_PREFIX_TEXT_SIZE], text[ADDR_TEXT_SIZE];
	int err = addr_prefix_parse(prefix_rows[_i].text, &p);
	struct addr a;

	if (!prefix_rows[_i].canonical) {
		ck_assert_int_eq(err, -EINVAL);
		ck_assert_int_eq(p.length, 99);
		return;
	}
	ck_assert_int_eq(err, 0);
	ck_assert_str_eq(addr_prefix_format(&p, buf), prefix_rows[_i].canonical);
	a = addr_prefix_first(&p);
	ck_assert_str_eq(addr_format(&a, text), prefix_rows[_i].first);
	ck_assert(addr_prefix_holds(&p, &a));
	a = addr_prefix_last(&p);
	ck_assert_str_eq(addr_format(&a, text), prefix_rows[_i].last);
	ck_assert(addr_prefix_holds(&p, &a));
	a = addr_next(&a);
	ck_assert(p.length == 0 || !addr_prefix_holds(&p, &a));
}
END_TEST

static const struct {
	const char *text;
	const char *first, *last; /* NULL: refused */
} range_rows[] = {
	{"10.0.0.1-10.0.0.9", "10.0.0.1", "10.0.0.9"},
	{"10.0.0.1-10.0.0.1", "10.0.0.1", "10.0.0.1"},
	{"10.0.0.1", "10.0.0.1", "10.0.0.1"},
	{"10.0.0.5/24", "10.0.0.0", "10.0.0.255"},
	{"2001:db8::1-2001:db8::ff", "2001:db8::1", "2001:db8::ff"},
	{"2001:db8:77::100/120", "2001:db8:77::100", "2001:db8:77::1ff"},
	{"10.0.0.9-10.0.0.1", NULL, NULL},
	{"10.0.0.1-::1", NULL, NULL},
	{"10.0.0.1-9", NULL, NULL},
	{"10.0.0.1 - 10.0.0.9", NULL, NULL},
	{"10.0.0.1-", NULL, NULL},
	{"-10.0.0.1", NULL, NULL},
	{"10.0.0.1-10.0.0.2-10.0.0.3", NULL, NULL},
	{"10.0.0.0/24-10.0.1.0/24", NULL, NULL},
	{"", NULL, NULL},
};

START_TEST(a_range_is_two_addresses_a_network_or_one_address)
{
	struct addr_range r = {.first.family = 99};
	char buf[ADDR_TEXT_SIZE];
	int err = addr_range_parse(range_rows[_i].text, &r);

	if (range_rows[_i].first) {
		ck_assert_int_eq(err, 0);
		ck_assert_str_eq(addr_format(&r.first, buf), range_rows[_i].first);
		ck_assert_str_eq(addr_format(&r.last, buf), range_rows[_i].last);
	} else {
		ck_assert_int_eq(err, -EINVAL);
		ck_assert_int_eq(r.first.family, 99);
	}
}
END_TEST

/* In rising order. */
static const char *const ordered[] = {
	"0.0.0.0",   "9.255.255.255", "10.0.0.0",        "10.0.0.1",
	"127.0.0.1", "128.0.0.0",     "255.255.255.255", "::",
	"::1",       "7fff::",        "8000::",          "ff02::12",
};

START_TEST(addresses_are_ordered_as_numbers_with_ipv4_first)
{
	for (size_t j = 0; j < LT_ARRAY_SIZE(ordered); j++) {
		struct addr a = addr_of(ordered[_i]), b = addr_of(ordered[j]);
		int order = addr_compare(&a, &b);

		ck_assert_int_eq((order > 0) - (order < 0), (_i > (int)j) - (_i < (int)j));
		ck_assert_int_eq(addr_equal(&a, &b), _i == (int)j);
	}
}
END_TEST

START_TEST(lists_of_addresses_are_equal_in_number_and_order)
{
	const struct addr a = addr_of("10.0.0.1"), b = addr_of("2001:db8::1");
	const struct addr both[] = {a, b}, turned[] = {b, a}, again[] = {a, b};

	ck_assert(addr_list_equal(both, 2, again, 2));
	ck_assert(addr_list_equal(both, 0, turned, 0));
	ck_assert(addr_list_equal(NULL, 0, NULL, 0));
	ck_assert(!addr_list_equal(both, 2, turned, 2));
	ck_assert(!addr_list_equal(both, 2, both, 1));
	ck_assert(!addr_list_equal(both, 1, both, 2));
}
END_TEST

START_TEST(prefixes_are_ordered_by_address_then_length)
{
	struct addr_prefix a = prefix_of("10.0.0.0/8"), b = prefix_of("10.0.0.0/16"),
			   c = prefix_of("10.0.0.1/4");

	ck_assert_int_lt(addr_prefix_compare(&a, &b), 0);
	ck_assert_int_lt(addr_prefix_compare(&b, &c), 0);
	ck_assert_int_gt(addr_prefix_compare(&c, &a), 0);
	ck_assert_int_eq(addr_prefix_compare(&a, &a), 0);
}
END_TEST

static const struct {
	const char *prefix;
	const char *address;
	bool holds;
} holds_rows[] = {
	{"10.0.0.5/24", "10.0.0.200", true},
	{"10.0.0.5/24", "10.0.1.5", false},
	{"10.0.0.0/9", "10.127.0.0", true},
	{"10.0.0.0/9", "10.128.0.0", false},
	{"10.0.0.5", "10.0.0.5", true},
	{"10.0.0.5", "10.0.0.4", false},
	{"0.0.0.0/0", "8.8.8.8", true},
	{"0.0.0.0/0", "::", false},
	{"::/0", "0.0.0.0", false},
	{"2001:db8::/33", "2001:db8:7fff::", true},
	{"2001:db8::/33", "2001:db8:8000::", false},
};

START_TEST(a_prefix_holds_its_network_only)
{
	struct addr_prefix p = prefix_of(holds_rows[_i].prefix);
	struct addr a = addr_of(holds_rows[_i].address);

	ck_assert_int_eq(addr_prefix_holds(&p, &a), holds_rows[_i].holds);
}
END_TEST

static const struct {
	const char *a, *b;
	bool overlap;
} overlap_rows[] = {
	{"10.0.0.1-10.0.0.5", "10.0.0.5-10.0.0.9", true},
	{"10.0.0.1-10.0.0.5", "10.0.0.6-10.0.0.9", false},
	{"10.0.0.1-10.0.0.9", "10.0.0.3", true},
	{"10.0.0.0/24", "10.0.1.0/24", false},
	{"10.0.0.0/8", "10.255.255.255", true},
	{"0.0.0.0/0", "::/0", false},
	{"2001:db8::/64", "2001:db8::1-2001:db8:1::", true},
};

START_TEST(ranges_overlap_both_ways_or_not_at_all)
{
	struct addr_range a = range_of(overlap_rows[_i].a), b = range_of(overlap_rows[_i].b);

	ck_assert_int_eq(addr_range_overlaps(&a, &b), overlap_rows[_i].overlap);
	ck_assert_int_eq(addr_range_overlaps(&b, &a), overlap_rows[_i].overlap);
	ck_assert_int_eq(addr_range_holds(&a, &b.first) || addr_range_holds(&b, &a.first),
	                 overlap_rows[_i].overlap);
}
END_TEST

static const struct {
	const char *address, *next;
} next_rows[] = {
	{"10.0.0.1", "10.0.0.2"},
	{"10.0.255.255", "10.1.0.0"},
	{"255.255.255.255", "0.0.0.0"},
	{"2001:db8::ffff", "2001:db8::1:0"},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", "::"},
};

START_TEST(the_next_address_carries_and_wraps)
{
	struct addr a = addr_of(next_rows[_i].address), want = addr_of(next_rows[_i].next);
	struct addr next = addr_next(&a);

	ck_assert(addr_equal(&next, &want));
}
END_TEST

static const struct {
	enum addr_family family;
	unsigned length;
	const char *mask;
} mask_rows[] = {
	{ADDR_IPV4, 0, "0.0.0.0"},
	{ADDR_IPV4, 1, "128.0.0.0"},
	{ADDR_IPV4, 24, "255.255.255.0"},
	{ADDR_IPV4, 31, "255.255.255.254"},
	{ADDR_IPV4, 32, "255.255.255.255"},
	{ADDR_IPV6, 0, "::"},
	{ADDR_IPV6, 61, "ffff:ffff:ffff:fff8::"},
	{ADDR_IPV6, 128, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"},
};

START_TEST(a_mask_has_as_many_ones_as_asked)
{
	struct addr mask = addr_mask(mask_rows[_i].family, mask_rows[_i].length);
	char buf[ADDR_TEXT_SIZE];

	ck_assert_str_eq(addr_format(&mask, buf), mask_rows[_i].mask);
}
END_TEST

#define UNSPECIFIED 1
#define MULTICAST   2
#define LOOPBACK    4
#define LINK_LOCAL  8
#define BROADCAST   16

static const struct {
	const char *address;
	int kinds;
} kind_rows[] = {
	{"0.0.0.0", UNSPECIFIED},
	{"::", UNSPECIFIED},
	{"0.0.0.1", 0},
	{"127.0.0.1", LOOPBACK},
	{"127.255.0.9", LOOPBACK},
	{"::1", LOOPBACK},
	{"::2", 0},
	{"223.255.255.255", 0},
	{"224.0.0.18", MULTICAST},
	{"239.1.2.3", MULTICAST},
	{"240.0.0.1", 0},
	{"255.255.255.255", BROADCAST},
	{"255.255.255.254", 0},
	{"ff02::12", MULTICAST},
	{"fe00::", 0},
	{"fe80::1", LINK_LOCAL},
	{"febf::1", LINK_LOCAL},
	{"fec0::1", 0},
	{"169.254.0.1", 0},
	{"10.0.0.1", 0},
	{"2001:db8::1", 0},
	{"ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", MULTICAST},
};

START_TEST(special_addresses_are_told_apart)
{
	struct addr a = addr_of(kind_rows[_i].address);
	int kinds =
		(addr_is_unspecified(&a) ? UNSPECIFIED : 0) |
		(addr_is_multicast(&a) ? MULTICAST : 0) | (addr_is_loopback(&a) ? LOOPBACK : 0) |
		(addr_is_link_local(&a) ? LINK_LOCAL : 0) | (addr_is_broadcast(&a) ? BROADCAST : 0);

	ck_assert_int_eq(kinds, kind_rows[_i].kinds);
}
END_TEST

START_TEST(no_address_is_harmless)
{
	struct addr none = {0};
	char buf[ADDR_TEXT_SIZE];

	ck_assert_uint_eq(addr_size(&none), 0);
	ck_assert_uint_eq(addr_bits(&none), 0);
	ck_assert_str_eq(addr_format(&none, buf), "none");
	ck_assert(!addr_is_unspecified(&none) && !addr_is_multicast(&none) &&
	          !addr_is_loopback(&none) && !addr_is_link_local(&none) &&
	          !addr_is_broadcast(&none));
}
END_TEST

START_TEST(unused_bytes_are_zero)
{
	static const uint8_t bytes[16] = {10, 0, 0, 1, 0xff, 0xff};
	struct addr a = addr_make(ADDR_IPV4, bytes), b = addr_of("10.0.0.1");

	ck_assert_uint_eq(addr_size(&a), 4);
	ck_assert_uint_eq(addr_bits(&a), 32);
	ck_assert_mem_eq(&a, &b, sizeof(a));
	a = addr_make(ADDR_IPV6, bytes);
	ck_assert_uint_eq(addr_size(&a), 16);
	ck_assert_mem_eq(a.bytes, bytes, 16);
}
END_TEST

START_TEST(a_link_layer_address_is_written_with_colons)
{
	const struct addr_mac mac = {{0x00, 0x00, 0x5e, 0x00, 0x01, 0xfe}};
	char buf[ADDR_MAC_TEXT_SIZE];

	ck_assert_str_eq(addr_mac_format(&mac, buf), "00:00:5e:00:01:fe");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("addr", &tests);

	tcase_add_loop_test(tests, an_address_is_read_strictly_and_written_canonically, 0,
	                    LT_ARRAY_SIZE(address_rows));
	tcase_add_loop_test(tests, a_prefix_keeps_its_host_bits_and_knows_its_network, 0,
	                    LT_ARRAY_SIZE(prefix_rows));
	tcase_add_loop_test(tests, a_range_is_two_addresses_a_network_or_one_address, 0,
	                    LT_ARRAY_SIZE(range_rows));
	tcase_add_loop_test(tests, addresses_are_ordered_as_numbers_with_ipv4_first, 0,
	                    LT_ARRAY_SIZE(ordered));
	tcase_add_test(tests, lists_of_addresses_are_equal_in_number_and_order);
	tcase_add_test(tests, prefixes_are_ordered_by_address_then_length);
	tcase_add_loop_test(tests, a_prefix_holds_its_network_only, 0, LT_ARRAY_SIZE(holds_rows));
	tcase_add_loop_test(tests, ranges_overlap_both_ways_or_not_at_all, 0,
	                    LT_ARRAY_SIZE(overlap_rows));
	tcase_add_loop_test(tests, the_next_address_carries_and_wraps, 0, LT_ARRAY_SIZE(next_rows));
	tcase_add_loop_test(tests, a_mask_has_as_many_ones_as_asked, 0, LT_ARRAY_SIZE(mask_rows));
	tcase_add_loop_test(tests, special_addresses_are_told_apart, 0, LT_ARRAY_SIZE(kind_rows));
	tcase_add_test(tests, no_address_is_harmless);
	tcase_add_test(tests, unused_bytes_are_zero);
	tcase_add_test(tests, a_link_layer_address_is_written_with_colons);
	return unit_run(suite);
}
