/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A request to make an entry has the form in which the kernel tells of it, so what is encoded can
 * be decoded; and real events are here to see that it isn't a private language. */

#include "conntrack/entry.h"

#include "tests/conntrack/captures.h"
#include "tests/conntrack/flows.h"
#include "tests/unit.h"

#include <check.h>
#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

static struct nl_batch batch;

static void tear_down(void)
{
	nl_batch_done(&batch);
}

static const struct nlmsghdr *message(void)
{
	ck_assert_uint_eq(batch.count, 1);
	return (const struct nlmsghdr *)batch.data;
}

static void assert_same(const struct conntrack_entry *a, const struct conntrack_entry *b)
{
	ck_assert(conntrack_tuple_equal(&a->original, &b->original));
	ck_assert(conntrack_tuple_equal(&a->reply, &b->reply));
	ck_assert_uint_eq(a->status, b->status);
	ck_assert_uint_eq(a->timeout_s, b->timeout_s);
	ck_assert_uint_eq(a->mark, b->mark);
	ck_assert_uint_eq(a->has_state, b->has_state);
	ck_assert_uint_eq(a->state, b->state);
	ck_assert_uint_eq(a->liberal, b->liberal);
	ck_assert_mem_eq(a->tags, b->tags, sizeof(a->tags));
	ck_assert(addr_equal(&a->source, &b->source));
	ck_assert_uint_eq(a->source_port, b->source_port);
}

static const struct {
	const char *client, *server, *source;
	uint8_t protocol;
} kinds[] = {
	{"10.77.0.1", "10.78.0.21", "10.78.0.254", IPPROTO_TCP},
	{"10.77.0.1", "10.78.0.21", NULL, IPPROTO_TCP},
	{"2001:db8:77::1", "2001:db8:78::21", "2001:db8:78::fe", IPPROTO_TCP},
	{"10.77.0.1", "10.78.0.21", "10.78.0.254", IPPROTO_UDP},
	{"2001:db8:77::1", "2001:db8:78::21", NULL, IPPROTO_UDP},
	{"10.77.0.1", "10.78.0.21", "10.78.0.254", IPPROTO_SCTP},
	{"2001:db8:77::1", "2001:db8:78::21", NULL, IPPROTO_SCTP},
};

START_TEST(what_is_made_is_read_as_the_same)
{
	struct conntrack_entry entry, again;
	enum conntrack_event event;

	entry = flows_entry(kinds[_i].protocol, kinds[_i].client, kinds[_i].server,
	                    kinds[_i].source);
	entry.mark = 0x1007;
	conntrack_entry_put_create(&batch, &entry);
	ck_assert_int_eq(conntrack_entry_decode(message(), &again, &event), 0);
	ck_assert_int_eq(event, CONNTRACK_NEW);
	assert_same(&entry, &again);
}
END_TEST

START_TEST(bits_that_are_the_kernels_are_never_sent)
{
	struct conntrack_entry entry = flows_entry(IPPROTO_TCP, "10.77.0.1", "10.78.0.21", NULL);
	struct conntrack_entry again;
	enum conntrack_event event;

	entry.status = 0xffffffff;
	conntrack_entry_put_create(&batch, &entry);
	ck_assert_int_eq(conntrack_entry_decode(message(), &again, &event), 0);
	ck_assert_uint_eq(again.status, 0xe);
	nl_batch_clear(&batch);
	entry.status = 0;
	conntrack_entry_put_create(&batch, &entry);
	ck_assert_int_eq(conntrack_entry_decode(message(), &again, &event), 0);
	ck_assert_uint_eq(again.status, 0x8);
}
END_TEST

/* The attribute of a message at top level, NULL when it isn't there. */
static const struct nlattr *attribute(uint16_t type)
{
	const struct nlattr *attr;

	mnl_attr_for_each (attr, message(), sizeof(struct nfgenmsg)) {
		if (mnl_attr_get_type(attr) == type)
			return attr;
	}
	return NULL;
}

START_TEST(a_change_does_not_speak_of_what_cannot_change)
{
	struct conntrack_entry entry =
		flows_entry(IPPROTO_TCP, "10.77.0.1", "10.78.0.21", "10.78.0.254");

	conntrack_entry_put_update(&batch, &entry);
	ck_assert_uint_eq(message()->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW);
	ck_assert_uint_eq(message()->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL), 0);
	ck_assert_ptr_nonnull(attribute(CTA_TUPLE_ORIG));
	ck_assert_ptr_nonnull(attribute(CTA_PROTOINFO));
	ck_assert_ptr_nonnull(attribute(CTA_TIMEOUT));
	ck_assert_ptr_null(attribute(CTA_NAT_SRC));
	ck_assert_ptr_null(attribute(CTA_TUPLE_REPLY));
}
END_TEST

/* Without a tuple it would remove everything. */
START_TEST(a_removal_names_what_it_removes)
{
	struct conntrack_entry entry = flows_entry(IPPROTO_TCP, "10.77.0.1", "10.78.0.21", NULL);

	conntrack_entry_put_delete(&batch, &entry.original, 0);
	ck_assert_uint_eq(message()->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
	ck_assert_ptr_nonnull(attribute(CTA_TUPLE_ORIG));
	ck_assert_ptr_null(attribute(CTA_ID));
	nl_batch_clear(&batch);
	conntrack_entry_put_delete(&batch, &entry.original, 77);
	ck_assert_ptr_nonnull(attribute(CTA_ID));
}
END_TEST

START_TEST(a_dump_may_ask_for_a_destination)
{
	struct addr virtual = flows_addr("10.77.0.100");

	conntrack_entry_put_dump(&batch, ADDR_NONE, NULL);
	ck_assert_uint_eq(message()->nlmsg_flags & NLM_F_DUMP, NLM_F_DUMP);
	ck_assert_ptr_null(attribute(CTA_FILTER));
	nl_batch_clear(&batch);
	conntrack_entry_put_dump(&batch, ADDR_IPV4, &virtual);
	ck_assert_ptr_nonnull(attribute(CTA_FILTER));
	ck_assert_ptr_nonnull(attribute(CTA_TUPLE_ORIG));
	/* kernels take the filter of IPv6 the wrong way round */
	nl_batch_clear(&batch);
	virtual = flows_addr("2001:db8:77::100");
	conntrack_entry_put_dump(&batch, ADDR_IPV6, &virtual);
	ck_assert_ptr_null(attribute(CTA_FILTER));
}
END_TEST

/* --- what a kernel sent --- */

static struct conntrack_entry decode(const uint8_t *bytes, enum conntrack_event expected)
{
	struct conntrack_entry entry;
	enum conntrack_event event;

	ck_assert_int_eq(conntrack_entry_decode((const struct nlmsghdr *)bytes, &entry, &event), 0);
	ck_assert_int_eq(event, expected);
	return entry;
}

START_TEST(a_kernels_new_flow_is_understood)
{
	struct conntrack_entry entry = decode(capture_new, CONNTRACK_NEW);
	struct addr client = flows_addr("10.77.0.1"), virtual = flows_addr("10.77.0.100");
	struct addr server = flows_addr("10.78.0.21"), source = flows_addr("10.78.0.254");

	ck_assert_uint_eq(entry.original.protocol, IPPROTO_TCP);
	ck_assert(addr_equal(&entry.original.source, &client));
	ck_assert(addr_equal(&entry.original.destination, &virtual));
	ck_assert_uint_eq(entry.original.source_port, 40000);
	ck_assert_uint_eq(entry.original.destination_port, 80);
	ck_assert(addr_equal(&entry.reply.source, &server));
	ck_assert(addr_equal(&entry.reply.destination, &source));
	ck_assert_uint_eq(entry.reply.source_port, 8080);
	ck_assert_uint_eq(entry.reply.destination_port, 40000);
	ck_assert_uint_eq(entry.status & CONNTRACK_CONFIRMED, CONNTRACK_CONFIRMED);
	ck_assert_uint_eq(entry.status & CONNTRACK_SEEN_REPLY, 0);
	ck_assert(entry.has_state);
	ck_assert_uint_eq(entry.state, 1);
	ck_assert_uint_ne(entry.id, 0);
	ck_assert_uint_gt(entry.timeout_s, 0);
	ck_assert_uint_eq(entry.zone, 0);
}
END_TEST

START_TEST(a_kernels_established_flow_is_understood)
{
	struct conntrack_entry entry = decode(capture_established, CONNTRACK_UPDATE);

	ck_assert(entry.has_state);
	ck_assert_uint_eq(entry.state, CONNTRACK_TCP_ESTABLISHED);
	ck_assert_uint_eq(entry.status & 0xe, 0xe);
	ck_assert_uint_eq(entry.status & CONNTRACK_SOURCE_NAT, CONNTRACK_SOURCE_NAT);
}
END_TEST

START_TEST(a_kernels_end_is_understood)
{
	struct conntrack_entry entry = decode(capture_destroy, CONNTRACK_DESTROY);

	ck_assert_uint_eq(entry.original.destination_port, 80);
	ck_assert_uint_eq(entry.status & CONNTRACK_ASSURED, CONNTRACK_ASSURED);
}
END_TEST

START_TEST(a_kernels_ipv6_entry_of_a_dump_is_understood)
{
	struct conntrack_entry entry = decode(capture_dumped6, CONNTRACK_DUMPED);
	struct addr virtual = flows_addr("2001:db8:77::100");

	ck_assert_uint_eq(entry.original.protocol, IPPROTO_UDP);
	ck_assert(addr_equal(&entry.original.destination, &virtual));
	ck_assert(!entry.has_state);
}
END_TEST

/* The original tuple of the capture: its two nests, which are 20 and 28 bytes long, change places,
 * and so do the attributes in each; one has a flag. */
START_TEST(attributes_in_another_order_say_the_same)
{
	enum { TUPLE = 24, ADDRESSES = 20, PORTS = 28 };
	uint8_t copy[sizeof(capture_new)] __attribute__((aligned(8)));
	uint8_t *to = copy + TUPLE;
	const uint8_t *addresses = capture_new + TUPLE, *ports = addresses + ADDRESSES;
	struct conntrack_entry entry = decode(capture_new, CONNTRACK_NEW), other;

	memcpy(copy, capture_new, sizeof(copy));
	memcpy(to, ports, 4);
	memcpy(to + 4, ports + 20, 8);
	memcpy(to + 12, ports + 12, 8);
	memcpy(to + 20, ports + 4, 8);
	memcpy(to + PORTS, addresses, 4);
	memcpy(to + PORTS + 4, addresses + 12, 8);
	memcpy(to + PORTS + 12, addresses + 4, 8);
	((struct nlattr *)(to + 4))->nla_type |= NLA_F_NET_BYTEORDER;
	other = decode(copy, CONNTRACK_NEW);
	assert_same(&entry, &other);
}
END_TEST

/* --- what is not right --- */

START_TEST(a_message_without_both_tuples_is_refused)
{
	struct conntrack_entry entry = flows_entry(IPPROTO_TCP, "10.77.0.1", "10.78.0.21", NULL);
	struct conntrack_entry again;
	enum conntrack_event event;

	conntrack_entry_put_update(&batch, &entry);
	ck_assert_int_eq(conntrack_entry_decode(message(), &again, &event), -EBADMSG);
	nl_batch_clear(&batch);
	entry.reply.protocol = IPPROTO_UDP;
	conntrack_entry_put_create(&batch, &entry);
	ck_assert_int_eq(conntrack_entry_decode(message(), &again, &event), -EBADMSG);
	nl_batch_clear(&batch);
	entry.reply = (struct conntrack_tuple){
		.protocol = IPPROTO_TCP,
		.source = flows_addr("2001:db8::1"),
		.destination = flows_addr("2001:db8::2"),
	};
	conntrack_entry_put_create(&batch, &entry);
	ck_assert_int_eq(conntrack_entry_decode(message(), &again, &event), -EBADMSG);
}
END_TEST

START_TEST(a_message_of_something_else_is_refused)
{
	struct conntrack_entry entry = flows_entry(IPPROTO_TCP, "10.77.0.1", "10.78.0.21", NULL);
	enum conntrack_event event;
	struct conntrack_entry again;
	struct nlmsghdr *changed;

	conntrack_entry_put_create(&batch, &entry);
	changed = (struct nlmsghdr *)batch.data;
	changed->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET;
	ck_assert_int_eq(conntrack_entry_decode(changed, &again, &event), -EBADMSG);
	changed->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_NEW;
	changed->nlmsg_len = sizeof(*changed);
	ck_assert_int_eq(conntrack_entry_decode(changed, &again, &event), -EBADMSG);
}
END_TEST

START_TEST(damaged_messages_do_no_harm)
{
	uint8_t copy[sizeof(capture_established)] __attribute__((aligned(8)));
	struct conntrack_entry entry;
	enum conntrack_event event;

	for (size_t i = sizeof(struct nlmsghdr); i < sizeof(copy); i++) {
		memcpy(copy, capture_established, sizeof(copy));
		copy[i] ^= 0xff;
		if (conntrack_entry_decode((const struct nlmsghdr *)copy, &entry, &event) == 0)
			ck_assert(entry.original.source.family == ADDR_IPV4);
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("conntrack/entry", &tests);

	tcase_add_checked_fixture(tests, NULL, tear_down);
	tcase_add_loop_test(tests, what_is_made_is_read_as_the_same, 0, LT_ARRAY_SIZE(kinds));
	tcase_add_test(tests, bits_that_are_the_kernels_are_never_sent);
	tcase_add_test(tests, a_change_does_not_speak_of_what_cannot_change);
	tcase_add_test(tests, a_removal_names_what_it_removes);
	tcase_add_test(tests, a_dump_may_ask_for_a_destination);
	tcase_add_test(tests, a_kernels_new_flow_is_understood);
	tcase_add_test(tests, a_kernels_established_flow_is_understood);
	tcase_add_test(tests, a_kernels_end_is_understood);
	tcase_add_test(tests, a_kernels_ipv6_entry_of_a_dump_is_understood);
	tcase_add_test(tests, attributes_in_another_order_say_the_same);
	tcase_add_test(tests, a_message_without_both_tuples_is_refused);
	tcase_add_test(tests, a_message_of_something_else_is_refused);
	tcase_add_test(tests, damaged_messages_do_no_harm);
	return unit_run(suite);
}
