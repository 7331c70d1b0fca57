/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/rtnl.h"

#include <check.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#ifndef IFA_PROTO
#define IFA_PROTO 11
#endif

static union {
	struct nlmsghdr header;
	char bytes[4096];
} space;

static struct nlmsghdr *begin(uint16_t type)
{
	struct nlmsghdr *message;

	memset(&space, 0, sizeof(space));
	message = mnl_nlmsg_put_header(&space);
	message->nlmsg_type = type;
	return message;
}

static struct nlmsghdr *begin_link(uint16_t type, int index, unsigned flags)
{
	struct nlmsghdr *message = begin(type);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifi_index = index;
	info->ifi_flags = flags;
	return message;
}

static struct nlmsghdr *begin_address(uint16_t type, int family, uint8_t length, unsigned index)
{
	struct nlmsghdr *message = begin(type);
	struct ifaddrmsg *info = mnl_nlmsg_put_extra_header(message, sizeof(*info));

	info->ifa_family = (uint8_t)family;
	info->ifa_prefixlen = length;
	info->ifa_index = index;
	return message;
}

static void put_address(struct nlmsghdr *message, uint16_t type, const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text, &a), 0);
	mnl_attr_put(message, type, addr_size(&a), a.bytes);
}

static void assert_address(const struct addr_prefix *prefix, const char *expected)
{
	char text[ADDR_PREFIX_TEXT_SIZE];

	ck_assert_str_eq(addr_prefix_format(prefix, text), expected);
}

START_TEST(a_link_is_decoded)
{
	static const uint8_t mac[6] = {2, 0, 0, 0, 0, 1};
	struct nlmsghdr *message = begin_link(RTM_NEWLINK, 7, IFF_UP | 0x10000);
	struct rtnl_event event;

	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	mnl_attr_put(message, IFLA_ADDRESS, sizeof(mac), mac);
	mnl_attr_put_u32(message, IFLA_MTU, 1500);
	mnl_attr_put_u32(message, IFLA_LINK, 3);
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_LINK_NEW);
	ck_assert_int_eq(event.kind, RTNL_LINK_NEW);
	ck_assert_int_eq(event.link.index, 7);
	ck_assert_str_eq(event.link.name, "eth0");
	ck_assert_mem_eq(event.link.mac.bytes, mac, sizeof(mac));
	ck_assert_uint_eq(event.link.mtu, 1500);
	ck_assert(event.link.running);
	ck_assert_str_eq(event.link.kind, "");
	/* IFLA_LINK of something that is no macvlan is no parent. */
	ck_assert_int_eq(event.link.parent_index, 0);
}
END_TEST

START_TEST(a_macvlan_names_its_parent)
{
	struct nlmsghdr *message = begin_link(RTM_DELLINK, 9, 0);
	struct rtnl_event event;
	struct nlattr *nest;

	mnl_attr_put_strz(message, IFLA_IFNAME, "lt4.51.7");
	mnl_attr_put_u32(message, IFLA_LINK, 7);
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put_strz(message, IFLA_INFO_KIND, "macvlan");
	mnl_attr_nest_end(message, nest);
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_LINK_GONE);
	ck_assert_str_eq(event.link.kind, "macvlan");
	ck_assert_int_eq(event.link.parent_index, 7);
	ck_assert(!event.link.running);
}
END_TEST

static const struct {
	unsigned flags;
	bool running;
} running_rows[] = {
	{0, false},
	{IFF_UP, false},
	{0x10000, false},
	{IFF_UP | IFF_RUNNING, false},
	{IFF_UP | 0x10000, true},
};

START_TEST(a_link_runs_when_it_is_up_and_has_a_carrier)
{
	struct nlmsghdr *message = begin_link(RTM_NEWLINK, 1, running_rows[_i].flags);
	struct rtnl_event event;

	mnl_attr_put_strz(message, IFLA_IFNAME, "a");
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_LINK_NEW);
	ck_assert(event.link.running == running_rows[_i].running);
}
END_TEST

START_TEST(names_too_long_are_cut)
{
	struct nlmsghdr *message = begin_link(RTM_NEWLINK, 1, 0);
	struct rtnl_event event;
	struct nlattr *nest;

	mnl_attr_put_strz(message, IFLA_IFNAME, "0123456789abcdefghij");
	nest = mnl_attr_nest_start(message, IFLA_LINKINFO);
	mnl_attr_put(message, IFLA_INFO_KIND, 20, "0123456789abcdefghij"); /* without a NUL */
	mnl_attr_nest_end(message, nest);
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_LINK_NEW);
	ck_assert_str_eq(event.link.name, "0123456789abcde");
	ck_assert_str_eq(event.link.kind, "0123456789abcde");
}
END_TEST

START_TEST(an_ipv4_address_of_ours_is_decoded)
{
	struct nlmsghdr *message = begin_address(RTM_NEWADDR, AF_INET, 32, 4);
	struct ifa_cacheinfo cache = {.ifa_prefered = 5, .ifa_valid = 6};
	struct rtnl_event event;

	put_address(message, IFA_LOCAL, "10.0.0.9");
	put_address(message, IFA_ADDRESS, "10.0.0.1");
	mnl_attr_put(message, IFA_CACHEINFO, sizeof(cache), &cache);
	mnl_attr_put_u32(message, IFA_FLAGS, 0x281);
	mnl_attr_put_u8(message, IFA_PROTO, RTNL_ADDRESS_PROTOCOL);
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_ADDRESS_NEW);
	ck_assert_int_eq(event.address.link_index, 4);
	assert_address(&event.address.prefix, "10.0.0.9/32");
	ck_assert_uint_eq(event.address.protocol, RTNL_ADDRESS_PROTOCOL);
	ck_assert_uint_eq(event.address.flags, 0x281);
	ck_assert_uint_eq(event.address.valid_s, 6);
	ck_assert_uint_eq(event.address.preferred_s, 5);
}
END_TEST

START_TEST(an_ipv6_address_without_extras_is_decoded)
{
	struct nlmsghdr *message = begin_address(RTM_DELADDR, AF_INET6, 64, 4);
	struct rtnl_event event;

	put_address(message, IFA_ADDRESS, "2001:db8::1");
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_ADDRESS_GONE);
	assert_address(&event.address.prefix, "2001:db8::1/64");
	ck_assert_uint_eq(event.address.protocol, 0);
	ck_assert_uint_eq(event.address.valid_s, RTNL_LIFETIME_FOREVER);
}
END_TEST

/* Messages that are refused: 'ret_event' stays as it was. */

static struct nlmsghdr *other_type(void)
{
	struct nlmsghdr *message = begin_address(RTM_NEWROUTE, AF_INET, 24, 1);

	put_address(message, IFA_LOCAL, "10.0.0.1");
	return message;
}

static struct nlmsghdr *no_payload(void)
{
	return begin(RTM_NEWADDR);
}

static struct nlmsghdr *no_link_payload(void)
{
	return begin(RTM_NEWLINK);
}

static struct nlmsghdr *link_without_name(void)
{
	return begin_link(RTM_NEWLINK, 3, 0);
}

static struct nlmsghdr *link_of_a_bridge_port(void)
{
	struct nlmsghdr *message = begin_link(RTM_NEWLINK, 3, 0);

	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_family = AF_BRIDGE;
	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	return message;
}

static struct nlmsghdr *link_with_index_0(void)
{
	struct nlmsghdr *message = begin_link(RTM_NEWLINK, 0, 0);

	mnl_attr_put_strz(message, IFLA_IFNAME, "eth0");
	return message;
}

static struct nlmsghdr *address_of_another_family(void)
{
	struct nlmsghdr *message = begin_address(RTM_NEWADDR, AF_MPLS, 32, 1);

	put_address(message, IFA_LOCAL, "10.0.0.1");
	return message;
}

static struct nlmsghdr *address_too_short(void)
{
	struct nlmsghdr *message = begin_address(RTM_NEWADDR, AF_INET6, 64, 1);

	put_address(message, IFA_ADDRESS, "10.0.0.1");
	return message;
}

static struct nlmsghdr *prefix_too_long(void)
{
	struct nlmsghdr *message = begin_address(RTM_NEWADDR, AF_INET, 33, 1);

	put_address(message, IFA_LOCAL, "10.0.0.1");
	return message;
}

static struct nlmsghdr *address_without_link(void)
{
	struct nlmsghdr *message = begin_address(RTM_NEWADDR, AF_INET, 24, 0);

	put_address(message, IFA_LOCAL, "10.0.0.1");
	return message;
}

static struct nlmsghdr *(*const refused_rows[])(void) = {
	other_type,
	no_payload,
	no_link_payload,
	link_without_name,
	link_of_a_bridge_port,
	link_with_index_0,
	address_of_another_family,
	address_too_short,
	prefix_too_long,
	address_without_link,
};

START_TEST(what_is_incomplete_or_foreign_is_refused)
{
	struct rtnl_event event, before;

	memset(&event, 0xa5, sizeof(event));
	before = event;
	ck_assert_int_eq(rtnl_decode(refused_rows[_i](), &event), RTNL_OTHER);
	ck_assert_mem_eq(&event, &before, sizeof(event));
}
END_TEST

/* Every truncation of a full message and every single damaged byte behind the header is survived
 * (the message is in a block of its own, so that sanitizers see a read beyond it). */
START_TEST(damaged_messages_are_survived)
{
	struct nlmsghdr *message = begin_address(RTM_NEWADDR, AF_INET, 32, 4);
	struct ifa_cacheinfo cache = {.ifa_prefered = 5, .ifa_valid = 6};
	struct rtnl_event event;
	uint32_t size;

	put_address(message, IFA_LOCAL, "10.0.0.9");
	mnl_attr_put(message, IFA_CACHEINFO, sizeof(cache), &cache);
	mnl_attr_put_u8(message, IFA_PROTO, RTNL_ADDRESS_PROTOCOL);
	size = message->nlmsg_len;
	for (uint32_t cut = NLMSG_HDRLEN; cut <= size; cut++) {
		struct nlmsghdr *copy = malloc(cut);

		memcpy(copy, message, cut);
		copy->nlmsg_len = cut;
		if (rtnl_decode(copy, &event) == RTNL_ADDRESS_NEW)
			assert_address(&event.address.prefix, "10.0.0.9/32");
		free(copy);
	}
	for (uint32_t at = NLMSG_HDRLEN; at < size; at++) {
		struct nlmsghdr *copy = malloc(size);

		memcpy(copy, message, size);
		((uint8_t *)copy)[at] = 0xff;
		if (rtnl_decode(copy, &event) == RTNL_ADDRESS_NEW)
			ck_assert_uint_le(event.address.prefix.length, 32);
		free(copy);
	}
}
END_TEST

/* What we ask for decodes as what we meant: the kernel speaks the same form back. */

static struct rtnl_event built(struct nl_batch *batch)
{
	struct rtnl_event event = {0};

	ck_assert_uint_eq(batch->count, 1);
	rtnl_decode((const struct nlmsghdr *)(batch->data + batch->starts[0]), &event);
	return event;
}

static struct addr_prefix prefix_of(const char *text)
{
	struct addr_prefix prefix;

	ck_assert_int_eq(addr_prefix_parse(text, &prefix), 0);
	return prefix;
}

static const struct {
	const char *prefix;
	uint32_t preferred_s;
	uint32_t flags;
} add_rows[] = {
	{"10.0.0.9/32", 6, 0},
	{"10.0.0.9/24", 6, 0},
	{"2001:db8::9/128", 0, IFA_F_NODAD | IFA_F_NOPREFIXROUTE},
	{"2001:db8::9/64", 6, IFA_F_NODAD},
};

START_TEST(an_address_is_asked_for_with_our_mark)
{
	struct nl_batch batch = {0};
	struct addr_prefix prefix = prefix_of(add_rows[_i].prefix);
	struct rtnl_event event;
	const struct nlmsghdr *message;

	rtnl_address_add(&batch, 4, &prefix, 6, true);
	event = built(&batch);
	ck_assert_int_eq(event.kind, RTNL_ADDRESS_NEW);
	ck_assert_int_eq(event.address.link_index, 4);
	assert_address(&event.address.prefix, add_rows[_i].prefix);
	ck_assert_uint_eq(event.address.protocol, RTNL_ADDRESS_PROTOCOL);
	ck_assert_uint_eq(event.address.valid_s, 6);
	ck_assert_uint_eq(event.address.preferred_s, add_rows[_i].preferred_s);
	ck_assert_uint_eq(event.address.flags, add_rows[_i].flags);
	message = (const struct nlmsghdr *)(batch.data + batch.starts[0]);
	ck_assert_uint_eq(message->nlmsg_flags & (NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL),
	                  NLM_F_CREATE | NLM_F_REPLACE);
	nl_batch_done(&batch);
}
END_TEST

START_TEST(a_new_address_must_not_be_there_yet)
{
	struct nl_batch batch = {0};
	struct addr_prefix prefix = prefix_of("10.0.0.9/32");
	const struct nlmsghdr *message;

	rtnl_address_add(&batch, 4, &prefix, RTNL_LIFETIME_FOREVER, false);
	message = (const struct nlmsghdr *)(batch.data + batch.starts[0]);
	ck_assert_uint_eq(message->nlmsg_flags & (NLM_F_CREATE | NLM_F_REPLACE | NLM_F_EXCL),
	                  NLM_F_CREATE | NLM_F_EXCL);
	nl_batch_done(&batch);
}
END_TEST

START_TEST(an_address_is_removed_by_link_and_prefix)
{
	struct nl_batch batch = {0};
	struct addr_prefix prefix = prefix_of("fe80::5/128");
	struct rtnl_event event;

	rtnl_address_del(&batch, 4, &prefix);
	event = built(&batch);
	ck_assert_int_eq(event.kind, RTNL_ADDRESS_GONE);
	ck_assert_int_eq(event.address.link_index, 4);
	assert_address(&event.address.prefix, "fe80::5/128");
	nl_batch_done(&batch);
}
END_TEST

START_TEST(a_neighbour_is_looked_for)
{
	const struct addr address = prefix_of("2001:db8::7/128").addr;
	struct nl_batch batch = {0};
	const struct nlmsghdr *message;
	const struct ndmsg *info;
	const struct nlattr *destination;

	rtnl_neighbour_use(&batch, 4, &address);
	message = (const struct nlmsghdr *)(batch.data + batch.starts[0]);
	info = mnl_nlmsg_get_payload(message);
	ck_assert_uint_eq(message->nlmsg_type, RTM_NEWNEIGH);
	ck_assert_uint_ne(message->nlmsg_flags & NLM_F_CREATE, 0);
	ck_assert_uint_eq(info->ndm_family, AF_INET6);
	ck_assert_int_eq(info->ndm_ifindex, 4);
	ck_assert_uint_eq(info->ndm_flags, NTF_USE);
	destination = mnl_nlmsg_get_payload_offset(message, sizeof(*info));
	ck_assert_uint_eq(mnl_attr_get_type(destination), NDA_DST);
	ck_assert_uint_eq(mnl_attr_get_payload_len(destination), 16);
	ck_assert_mem_eq(mnl_attr_get_payload(destination), address.bytes, 16);
	nl_batch_done(&batch);
}
END_TEST

START_TEST(a_macvlan_is_asked_for)
{
	static const struct addr_mac mac = {{0, 0, 0x5e, 0, 1, 51}};
	struct nl_batch batch = {0};
	struct nlmsghdr *message;
	struct rtnl_event event;

	rtnl_macvlan_add(&batch, "lt4.51.7", 7, &mac);
	message = (struct nlmsghdr *)(batch.data + batch.starts[0]);
	/* The kernel gives the index. */
	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_index = 12;
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_LINK_NEW);
	ck_assert_str_eq(event.link.name, "lt4.51.7");
	ck_assert_str_eq(event.link.kind, "macvlan");
	ck_assert_int_eq(event.link.parent_index, 7);
	ck_assert_mem_eq(&event.link.mac, &mac, sizeof(mac));
	ck_assert(!(event.link.flags & IFF_UP));
	nl_batch_done(&batch);
}
END_TEST

START_TEST(a_dummy_is_asked_for)
{
	struct nl_batch batch = {0};
	struct nlmsghdr *message;
	struct rtnl_event event;

	rtnl_dummy_add(&batch, "lintel-sync", 8192);
	message = (struct nlmsghdr *)(batch.data + batch.starts[0]);
	((struct ifinfomsg *)mnl_nlmsg_get_payload(message))->ifi_index = 12;
	ck_assert_int_eq(rtnl_decode(message, &event), RTNL_LINK_NEW);
	ck_assert_str_eq(event.link.name, "lintel-sync");
	ck_assert_str_eq(event.link.kind, "dummy");
	ck_assert_uint_eq(event.link.mtu, 8192);
	ck_assert(!(event.link.flags & IFF_UP));
	nl_batch_done(&batch);
}
END_TEST

static Suite *suite(void)
{
	Suite *s = suite_create("lib/rtnl");
	TCase *decode = tcase_create("decode");
	TCase *requests = tcase_create("requests");

	tcase_add_test(decode, a_link_is_decoded);
	tcase_add_test(decode, a_macvlan_names_its_parent);
	tcase_add_loop_test(decode, a_link_runs_when_it_is_up_and_has_a_carrier, 0,
	                    LT_ARRAY_SIZE(running_rows));
	tcase_add_test(decode, names_too_long_are_cut);
	tcase_add_test(decode, an_ipv4_address_of_ours_is_decoded);
	tcase_add_test(decode, an_ipv6_address_without_extras_is_decoded);
	tcase_add_loop_test(decode, what_is_incomplete_or_foreign_is_refused, 0,
	                    LT_ARRAY_SIZE(refused_rows));
	tcase_add_test(decode, damaged_messages_are_survived);
	tcase_add_loop_test(requests, an_address_is_asked_for_with_our_mark, 0,
	                    LT_ARRAY_SIZE(add_rows));
	tcase_add_test(requests, a_new_address_must_not_be_there_yet);
	tcase_add_test(requests, an_address_is_removed_by_link_and_prefix);
	tcase_add_test(requests, a_neighbour_is_looked_for);
	tcase_add_test(requests, a_macvlan_is_asked_for);
	tcase_add_test(requests, a_dummy_is_asked_for);
	suite_add_tcase(s, decode);
	suite_add_tcase(s, requests);
	return s;
}

int main(void)
{
	SRunner *runner = srunner_create(suite());

	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);

	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
