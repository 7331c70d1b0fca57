/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/flow.h"

#include "tests/conntrack/flows.h"
#include "tests/unit.h"

#include <string.h>

/* Port 80 is served by NAT, 81 directly, 1080 is where a range's port 80 + 2000 was shifted to. */
static bool find(void *ctx, const struct addr *virtual, uint8_t protocol, uint16_t port,
                 struct conntrack_served *ret_served)
{
	if (virtual->family == ADDR_IPV4 && virtual->bytes[3] != 100)
		return false;
	*ret_served = (struct conntrack_served){.virtual_port = port, .owner = ctx};
	switch (port) {
	case 80:
		return true;
	case 81:
		ret_served->forwarding = MODEL_FORWARD_DIRECT;
		return true;
	case 1080:
		ret_served->virtual_port = 2080;
		ret_served->mark = 0x1001;
		return true;
	default:
		return false;
	}
}

static int owner;
static const struct conntrack_lookup lookup = {find, &owner};
static struct model_flow flow;
static struct conntrack_served served;

/* As the kernel tells of it: 'source' stands in the reply tuple. */
static struct conntrack_entry told(uint8_t protocol, const char *source, uint16_t source_port)
{
	struct conntrack_entry entry = flows_entry(protocol, "10.77.0.1", "10.78.0.21", NULL);

	if (source) {
		entry.reply.destination = flows_addr(source);
		entry.reply.destination_port = source_port;
	}
	return entry;
}

static enum conntrack_verdict judge(enum conntrack_event event, const struct conntrack_entry *entry)
{
	return conntrack_flow_from_entry(event, entry, &lookup, &flow, &served);
}

START_TEST(a_flow_with_source_nat_is_told_whole)
{
	struct conntrack_entry entry = told(IPPROTO_TCP, "10.78.0.254", 21804);
	struct addr server = flows_addr("10.78.0.21"), source = flows_addr("10.78.0.254");

	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_TELL);
	ck_assert_uint_eq(flow.state, MODEL_FLOW_ESTABLISHED);
	ck_assert_uint_eq(flow.forwarding, MODEL_FORWARD_NAT);
	ck_assert(addr_equal(&flow.client, &entry.original.source));
	ck_assert(addr_equal(&flow.virtual, &entry.original.destination));
	ck_assert(addr_equal(&flow.server, &server));
	ck_assert(addr_equal(&flow.source, &source));
	ck_assert_uint_eq(flow.client_port, 40000);
	ck_assert_uint_eq(flow.virtual_port, 80);
	ck_assert_uint_eq(flow.ipvs_port, 80);
	ck_assert_uint_eq(flow.server_port, 8080);
	ck_assert_uint_eq(flow.source_port, 21804);
	ck_assert_uint_eq(flow.timeout_s, 0);
	ck_assert(!flow.template);
	ck_assert_ptr_eq(served.owner, &owner);
}
END_TEST

START_TEST(without_source_nat_the_server_sees_the_client)
{
	struct conntrack_entry entry = told(IPPROTO_TCP, NULL, 0);

	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_TELL);
	ck_assert_uint_eq(flow.source.family, ADDR_NONE);
	ck_assert_uint_eq(flow.source_port, 0);
}
END_TEST

START_TEST(a_shifted_port_is_told_as_the_client_sent_it_and_as_ipvs_saw_it)
{
	struct conntrack_entry entry = told(IPPROTO_UDP, NULL, 0);

	entry.original.destination_port = 1080;
	ck_assert_int_eq(judge(CONNTRACK_NEW, &entry), CONNTRACK_TELL);
	ck_assert_uint_eq(flow.virtual_port, 2080);
	ck_assert_uint_eq(flow.ipvs_port, 1080);
	ck_assert_uint_eq(flow.mark, 0x1001);
}
END_TEST

#define UNANSWERED 0x8
#define ANSWERED   0xa
#define ASSURED    0xe
static const struct {
	uint8_t protocol;
	enum conntrack_event event;
	uint32_t status;
	int state; /* -1: not said */
	enum conntrack_verdict verdict;
	enum model_flow_state expected;
} lives[] = {
	{IPPROTO_TCP, CONNTRACK_NEW, UNANSWERED, 1, CONNTRACK_EARLY, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, ANSWERED, 2, CONNTRACK_EARLY, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, ASSURED, 3, CONNTRACK_TELL, MODEL_FLOW_ESTABLISHED},
	{IPPROTO_TCP, CONNTRACK_NEW, ASSURED, 3, CONNTRACK_TELL, MODEL_FLOW_ESTABLISHED},
	/* picked up midway, not answered yet: which server it has is not sure */
	{IPPROTO_TCP, CONNTRACK_NEW, UNANSWERED, 3, CONNTRACK_EARLY, 0},
	{IPPROTO_TCP, CONNTRACK_DUMPED, ASSURED, 3, CONNTRACK_TELL, MODEL_FLOW_ESTABLISHED},
	{IPPROTO_TCP, CONNTRACK_DUMPED, UNANSWERED, 1, CONNTRACK_EARLY, 0},
	/* a changed mark */
	{IPPROTO_TCP, CONNTRACK_UPDATE, ASSURED, -1, CONNTRACK_UNCHANGED, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, ASSURED, 4, CONNTRACK_TELL, MODEL_FLOW_CLOSING},
	{IPPROTO_TCP, CONNTRACK_UPDATE, ASSURED, 5, CONNTRACK_TELL, MODEL_FLOW_CLOSING},
	{IPPROTO_TCP, CONNTRACK_UPDATE, ASSURED, 7, CONNTRACK_TELL, MODEL_FLOW_CLOSING},
	{IPPROTO_TCP, CONNTRACK_UPDATE, ASSURED, 8, CONNTRACK_TELL, MODEL_FLOW_CLOSING},
	{IPPROTO_TCP, CONNTRACK_UPDATE, UNANSWERED, 9, CONNTRACK_EARLY, 0},
	{IPPROTO_TCP, CONNTRACK_DESTROY, ASSURED, -1, CONNTRACK_TELL, MODEL_FLOW_GONE},
	{IPPROTO_TCP, CONNTRACK_DESTROY, ANSWERED, -1, CONNTRACK_UNCHANGED, 0},
	{IPPROTO_UDP, CONNTRACK_NEW, UNANSWERED, -1, CONNTRACK_TELL, MODEL_FLOW_OPENING},
	{IPPROTO_UDP, CONNTRACK_UPDATE, ANSWERED, -1, CONNTRACK_TELL, MODEL_FLOW_ESTABLISHED},
	{IPPROTO_UDP, CONNTRACK_UPDATE, ASSURED, -1, CONNTRACK_TELL, MODEL_FLOW_ESTABLISHED},
	{IPPROTO_UDP, CONNTRACK_DESTROY, UNANSWERED, -1, CONNTRACK_TELL, MODEL_FLOW_GONE},
	{IPPROTO_SCTP, CONNTRACK_NEW, UNANSWERED, 2, CONNTRACK_EARLY, 0},
	{IPPROTO_SCTP, CONNTRACK_UPDATE, ASSURED, 4, CONNTRACK_TELL, MODEL_FLOW_ESTABLISHED},
	{IPPROTO_SCTP, CONNTRACK_UPDATE, ASSURED, 6, CONNTRACK_TELL, MODEL_FLOW_CLOSING},
	{IPPROTO_SCTP, CONNTRACK_UPDATE, ASSURED, -1, CONNTRACK_UNCHANGED, 0},
	{IPPROTO_SCTP, CONNTRACK_DESTROY, ASSURED, -1, CONNTRACK_TELL, MODEL_FLOW_GONE},
	{IPPROTO_SCTP, CONNTRACK_DESTROY, ANSWERED, -1, CONNTRACK_UNCHANGED, 0},
	{IPPROTO_ICMP, CONNTRACK_NEW, UNANSWERED, -1, CONNTRACK_UNSERVED, 0},
};

START_TEST(what_is_worth_telling_is_told)
{
	struct conntrack_entry entry = told(lives[_i].protocol, NULL, 0);

	entry.status = lives[_i].status;
	entry.has_state = lives[_i].state >= 0;
	entry.state = (uint8_t)(entry.has_state ? lives[_i].state : 0);
	ck_assert_str_eq(conntrack_verdict_name(judge(lives[_i].event, &entry)),
	                 conntrack_verdict_name(lives[_i].verdict));
	if (lives[_i].verdict == CONNTRACK_TELL)
		ck_assert_uint_eq(flow.state, lives[_i].expected);
}
END_TEST

START_TEST(what_is_not_ours_is_passed_over)
{
	struct conntrack_entry entry = told(IPPROTO_TCP, NULL, 0);

	entry.original.destination_port = 443;
	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_UNSERVED);
	entry = told(IPPROTO_TCP, NULL, 0);
	entry.original.destination.bytes[3] = 99;
	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_UNSERVED);
	entry = told(IPPROTO_TCP, NULL, 0);
	entry.zone = 5;
	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_UNSERVED);
}
END_TEST

START_TEST(what_does_not_tell_its_server_is_left_to_others)
{
	struct conntrack_entry entry = told(IPPROTO_TCP, NULL, 0);

	entry.original.destination_port = 81;
	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_UNBALANCED);
	entry = told(IPPROTO_TCP, NULL, 0);
	entry.reply.source = entry.original.destination;
	entry.reply.source_port = 80;
	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_UNBALANCED);
}
END_TEST

/* --- replicas --- */

START_TEST(a_replica_has_the_tuples_and_orders_the_source_nat)
{
	struct conntrack_entry entry = told(IPPROTO_TCP, "10.78.0.254", 21804), replica;

	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_TELL);
	ck_assert(conntrack_flow_needs_entry(&flow));
	conntrack_flow_to_entry(&flow, &replica);
	ck_assert(conntrack_tuple_equal(&replica.original, &entry.original));
	ck_assert(addr_equal(&replica.reply.source, &entry.reply.source));
	ck_assert_uint_eq(replica.reply.source_port, entry.reply.source_port);
	/* un-translated: else the kernel takes the source NAT for none */
	ck_assert(addr_equal(&replica.reply.destination, &entry.original.source));
	ck_assert_uint_eq(replica.reply.destination_port, entry.original.source_port);
	ck_assert(addr_equal(&replica.source, &entry.reply.destination));
	ck_assert_uint_eq(replica.source_port, 21804);
	ck_assert_uint_eq(replica.status, 0xe);
	ck_assert_uint_eq(replica.state, CONNTRACK_TCP_ESTABLISHED);
	ck_assert(replica.liberal);
	ck_assert_uint_eq(replica.timeout_s, CONNTRACK_REPLICA_TCP_S);
}
END_TEST

START_TEST(what_the_kernel_makes_of_a_replica_is_the_same_flow)
{
	struct conntrack_entry entry = told(IPPROTO_TCP, "10.78.0.254", 21804), replica;
	struct model_flow first;

	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_TELL);
	first = flow;
	conntrack_flow_to_entry(&flow, &replica);
	conntrack_flow_reply(&flow, &replica.reply);
	ck_assert_int_eq(judge(CONNTRACK_DUMPED, &replica), CONNTRACK_TELL);
	ck_assert(model_flow_equal(&first, &flow));
}
END_TEST

START_TEST(a_closing_or_unanswered_flow_makes_no_established_replica)
{
	struct conntrack_entry entry = told(IPPROTO_TCP, NULL, 0), replica;

	entry.state = 5;
	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_TELL);
	conntrack_flow_to_entry(&flow, &replica);
	ck_assert_uint_eq(replica.state, CONNTRACK_TCP_FIN_WAIT);
	ck_assert_uint_eq(replica.timeout_s, CONNTRACK_REPLICA_CLOSING_S);
	ck_assert_uint_eq(replica.source.family, ADDR_NONE);
	entry = told(IPPROTO_UDP, NULL, 0);
	entry.status = UNANSWERED;
	ck_assert_int_eq(judge(CONNTRACK_NEW, &entry), CONNTRACK_TELL);
	conntrack_flow_to_entry(&flow, &replica);
	ck_assert_uint_eq(replica.status, 0x8);
	ck_assert(!replica.has_state);
	ck_assert_uint_eq(replica.timeout_s, CONNTRACK_REPLICA_UDP_S);
	flow.timeout_s = 77;
	conntrack_flow_to_entry(&flow, &replica);
	ck_assert_uint_eq(replica.timeout_s, 77);
}
END_TEST

START_TEST(a_replica_of_sctp_has_the_verification_tags)
{
	struct conntrack_entry entry = told(IPPROTO_SCTP, "10.78.0.254", 40001), replica;

	ck_assert_int_eq(judge(CONNTRACK_UPDATE, &entry), CONNTRACK_TELL);
	ck_assert_uint_eq(flow.tags[0], 0x80000001);
	ck_assert_uint_eq(flow.tags[1], 7);
	conntrack_flow_to_entry(&flow, &replica);
	ck_assert_uint_eq(replica.state, CONNTRACK_SCTP_ESTABLISHED);
	ck_assert_mem_eq(replica.tags, entry.tags, sizeof(entry.tags));
	ck_assert(addr_equal(&replica.source, &flow.source));
	flow.state = MODEL_FLOW_CLOSING;
	conntrack_flow_to_entry(&flow, &replica);
	ck_assert_uint_eq(replica.state, CONNTRACK_SCTP_SHUTDOWN);
}
END_TEST

START_TEST(only_nat_needs_entries)
{
	const struct model_flow tcp = {.protocol = IPPROTO_TCP};
	struct model_flow other = tcp;

	ck_assert(conntrack_flow_needs_entry(&tcp));
	other.forwarding = MODEL_FORWARD_DIRECT;
	ck_assert(!conntrack_flow_needs_entry(&other));
	other = tcp;
	other.template = true;
	ck_assert(!conntrack_flow_needs_entry(&other));
	other = tcp;
	other.protocol = IPPROTO_SCTP;
	other.tags[0] = 1;
	ck_assert(!conntrack_flow_needs_entry(&other)); /* one tag is no use */
	other.tags[1] = 2;
	ck_assert(conntrack_flow_needs_entry(&other));
	other.tags[0] = other.tags[1] = 0; /* the end of it need not name them */
	other.state = MODEL_FLOW_GONE;
	ck_assert(conntrack_flow_needs_entry(&other));
	other.state = MODEL_FLOW_OPENING;
	other.protocol = IPPROTO_UDP;
	ck_assert(conntrack_flow_needs_entry(&other));
	other.state = MODEL_FLOW_CLOSING; /* only IPVS remembers it */
	ck_assert(!conntrack_flow_needs_entry(&other));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("conntrack/flow", &tests);

	tcase_add_test(tests, a_flow_with_source_nat_is_told_whole);
	tcase_add_test(tests, without_source_nat_the_server_sees_the_client);
	tcase_add_test(tests, a_shifted_port_is_told_as_the_client_sent_it_and_as_ipvs_saw_it);
	tcase_add_loop_test(tests, what_is_worth_telling_is_told, 0, LT_ARRAY_SIZE(lives));
	tcase_add_test(tests, what_is_not_ours_is_passed_over);
	tcase_add_test(tests, what_does_not_tell_its_server_is_left_to_others);
	tcase_add_test(tests, a_replica_has_the_tuples_and_orders_the_source_nat);
	tcase_add_test(tests, what_the_kernel_makes_of_a_replica_is_the_same_flow);
	tcase_add_test(tests, a_closing_or_unanswered_flow_makes_no_established_replica);
	tcase_add_test(tests, a_replica_of_sctp_has_the_verification_tags);
	tcase_add_test(tests, only_nat_needs_entries);
	return unit_run(suite);
}
