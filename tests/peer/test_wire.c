/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/wire.h"

#include "lib/wire.h"
#include "peer/wire_flow.h"
#include "tests/unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static struct model_flow scratch[PEER_FLOWS_MAX];

static struct addr address(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text, &a), 0);
	return a;
}

static struct model_flow some_flow(bool ipv6)
{
	return (struct model_flow){
		.protocol = 6,
		.state = MODEL_FLOW_ESTABLISHED,
		.forwarding = MODEL_FORWARD_NAT,
		.timeout_s = 432000,
		.client = address(ipv6 ? "2001:db8::7" : "10.77.0.7"),
		.virtual = address(ipv6 ? "2001:db8::100" : "10.77.0.100"),
		.server = address(ipv6 ? "2001:db8:1::21" : "10.78.0.21"),
		.client_port = 40001,
		.virtual_port = 80,
		.ipvs_port = 80,
		.server_port = 8080,
	};
}

static size_t encode_flow(const struct model_flow *flow, uint8_t *bytes, size_t size)
{
	struct wire_writer w = wire_writer_make(bytes, size);

	peer_wire_put_flow(&w, flow);
	ck_assert(!w.failed);
	return w.pos;
}

static void check_flow(const struct model_flow *flow)
{
	struct model_flow again;
	uint8_t bytes[128];
	size_t size = encode_flow(flow, bytes, sizeof(bytes));
	struct wire_reader r = wire_reader_make(bytes, size);

	ck_assert(peer_wire_get_flow(&r, &again));
	ck_assert(!r.failed);
	ck_assert_uint_eq(wire_left(&r), 0);
	ck_assert(model_flow_equal(flow, &again));
	/* What is cut off is missed. */
	for (size_t n = 0; n < size; n++) {
		r = wire_reader_make(bytes, n);
		ck_assert(!peer_wire_get_flow(&r, &again) || r.failed);
	}
}

START_TEST(every_kind_of_flow_comes_back_as_it_was)
{
	for (unsigned kind = 0; kind < 4 * 3 * 2 * 2 * 2 * 2 * 2 * 2; kind++) {
		unsigned left = kind;
		struct model_flow flow = some_flow(left % 2);
		bool ipv6 = left % 2;

		left /= 2;
		flow.state = left % 4, left /= 4;
		flow.forwarding = left % 3, left /= 3;
		flow.template = left % 2, left /= 2;
		flow.mark = left % 2 ? 0x80000001 : 0, left /= 2;
		flow.ipvs_port = left % 2 ? 16384 : flow.virtual_port, left /= 2;
		if (left % 2)
			flow.source = address(ipv6 ? "2001:db8::fe" : "10.78.0.254");
		left /= 2;
		flow.source_port = left % 2 ? 61001 : 0;
		check_flow(&flow);
	}
}
END_TEST

START_TEST(families_may_differ_and_be_missing)
{
	struct model_flow flow = some_flow(false);

	flow.server = address("2001:db8::21");
	check_flow(&flow);
	flow.server = (struct addr){.family = ADDR_NONE};
	flow.virtual = (struct addr){.family = ADDR_NONE};
	flow.client_port = 0;
	flow.protocol = 0;
	flow.template = true;
	flow.mark = UINT32_MAX;
	check_flow(&flow);
}
END_TEST

START_TEST(a_record_is_small)
{
	struct model_flow flow = some_flow(false);
	uint8_t bytes[128];

	ck_assert_uint_eq(encode_flow(&flow, bytes, sizeof(bytes)), 25);
	flow.source = address("10.78.0.254");
	ck_assert_uint_eq(encode_flow(&flow, bytes, sizeof(bytes)), 31);
	flow = some_flow(true);
	ck_assert_uint_eq(encode_flow(&flow, bytes, sizeof(bytes)), 61);
	flow.source = address("2001:db8::fe");
	ck_assert_uint_eq(encode_flow(&flow, bytes, sizeof(bytes)), 79);
}
END_TEST

START_TEST(a_record_that_means_nothing_is_malformed)
{
	struct model_flow flow = some_flow(false), again;
	uint8_t bytes[128];
	size_t size = encode_flow(&flow, bytes, sizeof(bytes));
	struct wire_reader r = wire_reader_make(bytes, size);

	bytes[0] |= 0x0c; /* a forwarding that there is not */
	ck_assert(!peer_wire_get_flow(&r, &again));
	encode_flow(&flow, bytes, sizeof(bytes));
	bytes[1] |= 0x03; /* a family that there is not */
	r = wire_reader_make(bytes, size);
	ck_assert(!peer_wire_get_flow(&r, &again));
	encode_flow(&flow, bytes, sizeof(bytes));
	bytes[1] |= 0x40; /* a source's family without a source */
	r = wire_reader_make(bytes, size);
	ck_assert(!peer_wire_get_flow(&r, &again));
}
END_TEST

static const struct peer_frame samples[] = {
	{.type = PEER_FRAME_HELLO,
         .hello = {.major = PEER_WIRE_MAJOR,
                   .minor = 7,
                   .features = 0x80000001,
                   .boot_id = UINT64_MAX,
                   .node = "alpha"}},
	{.type = PEER_FRAME_BYE, .bye = {.reason = PEER_REASON_DUPLICATE}},
	{.type = PEER_FRAME_PING, .ping = {.stamp_us = UINT64_MAX}},
	{.type = PEER_FRAME_PONG, .ping = {.stamp_us = 1}},
	{.type = PEER_FRAME_ROUTER,
         .claim = {.router = "front",
                   .virtual_router_id = 51,
                   .active = true,
                   .epoch = PEER_NUMBER_MAX,
                   .sequence = 12345678901,
                   .generation = 3}},
	{.type = PEER_FRAME_ROUTER,
         .claim = {.router = "f", .virtual_router_id = 255, .in_step = true, .epoch = 9}},
	{.type = PEER_FRAME_SYNC_REQUEST,
         .sync = {.router = "front", .epoch = 4, .generation = UINT32_MAX}},
	{.type = PEER_FRAME_SYNC_BEGIN, .sync = {.router = "front", .epoch = 4, .sequence = 77}},
	{.type = PEER_FRAME_SYNC_END, .sync = {.router = "front", .epoch = 4, .count = 1000000}},
	{.type = PEER_FRAME_PROGRESS,
         .progress = {.router = "front", .epoch = 4, .sequence = 5, .not_carried = 6}},
};

static void check_names(const struct peer_frame *a, const struct peer_frame *b)
{
	ck_assert_uint_eq(a->type, b->type);
	if (a->type == PEER_FRAME_HELLO)
		ck_assert_str_eq(a->hello.node, b->hello.node);
	else if (a->type >= PEER_FRAME_ROUTER)
		ck_assert_str_eq(a->claim.router, b->claim.router);
}

START_TEST(every_frame_comes_back_as_it_was_and_waits_until_it_is_whole)
{
	const struct peer_frame *frame = &samples[_i];
	struct peer_frame again;
	static uint8_t bytes[PEER_WIRE_MAX], twice[PEER_WIRE_MAX];
	size_t size = peer_wire_encode(frame, bytes), used = 0;

	for (size_t n = 0; n < size; n++)
		ck_assert_int_eq(peer_wire_next(bytes, n, scratch, &again, &used), PEER_WIRE_MORE);
	ck_assert_int_eq(peer_wire_next(bytes, size + 9, scratch, &again, &used), PEER_WIRE_FRAME);
	ck_assert_uint_eq(used, size);
	check_names(frame, &again);
	/* Every field is in the bytes, so the same bytes are the same fields. */
	ck_assert_uint_eq(peer_wire_encode(&again, twice), size);
	ck_assert_mem_eq(bytes, twice, size);
	if (frame->type == PEER_FRAME_ROUTER) {
		ck_assert_uint_eq(again.claim.virtual_router_id, frame->claim.virtual_router_id);
		ck_assert_uint_eq(again.claim.active, frame->claim.active);
		ck_assert_uint_eq(again.claim.in_step, frame->claim.in_step);
		ck_assert_uint_eq(again.claim.epoch, frame->claim.epoch);
		ck_assert_uint_eq(again.claim.sequence, frame->claim.sequence);
		ck_assert_uint_eq(again.claim.generation, frame->claim.generation);
	}
}
END_TEST

START_TEST(a_frame_of_the_most_and_largest_records_fits)
{
	static struct model_flow flows[PEER_FLOWS_MAX];
	static uint8_t bytes[PEER_WIRE_MAX];
	struct peer_frame frame = {.type = PEER_FRAME_FLOWS}, again;
	size_t size, used = 0;

	memset(frame.flows.router, 'r', PEER_NAME_MAX);
	frame.flows.epoch = 3;
	frame.flows.sync = true;
	frame.flows.generation = 8;
	frame.flows.records = flows;
	frame.flows.count = PEER_FLOWS_MAX;
	for (size_t i = 0; i < PEER_FLOWS_MAX; i++) {
		flows[i] = some_flow(true);
		flows[i].client_port = (uint16_t)i;
		flows[i].mark = 1;
		flows[i].ipvs_port = 81;
		flows[i].source = address("2001:db8::fe");
	}
	size = peer_wire_encode(&frame, bytes);
	ck_assert_int_eq(peer_wire_next(bytes, size, scratch, &again, &used), PEER_WIRE_FRAME);
	ck_assert_uint_eq(used, size);
	ck_assert_str_eq(again.flows.router, frame.flows.router);
	ck_assert_uint_eq(again.flows.count, PEER_FLOWS_MAX);
	ck_assert(again.flows.sync);
	ck_assert_uint_eq(again.flows.generation, 8);
	ck_assert_ptr_eq(again.flows.records, scratch);
	for (size_t i = 0; i < PEER_FLOWS_MAX; i++)
		ck_assert(model_flow_equal(&flows[i], &scratch[i]));
}
END_TEST

/* Nodes of minor version 0 neither send nor read them. */
START_TEST(tags_of_sctp_stand_behind_the_records)
{
	struct model_flow flows[] = {some_flow(false), some_flow(false), some_flow(true)};
	struct peer_frame frame = {.type = PEER_FRAME_FLOWS,
	                           .flows = {.router = "front", .records = flows, .count = 3}};
	static uint8_t bytes[PEER_WIRE_MAX];
	struct peer_frame again;
	size_t size, used;

	flows[0].protocol = flows[2].protocol = IPPROTO_SCTP;
	flows[0].tags[0] = 1, flows[0].tags[1] = UINT32_MAX;
	flows[2].tags[0] = 0x80000000, flows[2].tags[1] = 3;
	size = peer_wire_encode(&frame, bytes);
	ck_assert_int_eq(peer_wire_next(bytes, size, scratch, &again, &used), PEER_WIRE_FRAME);
	for (size_t i = 0; i < LT_ARRAY_SIZE(flows); i++)
		ck_assert(model_flow_equal(&flows[i], &scratch[i]));
	/* as an older node would have sent it */
	bytes[3] = (uint8_t)(bytes[3] - 16);
	ck_assert_int_eq(peer_wire_next(bytes, size - 16, scratch, &again, &used), PEER_WIRE_FRAME);
	memset(flows[0].tags, 0, sizeof(flows[0].tags));
	memset(flows[2].tags, 0, sizeof(flows[2].tags));
	for (size_t i = 0; i < LT_ARRAY_SIZE(flows); i++)
		ck_assert(model_flow_equal(&flows[i], &scratch[i]));
}
END_TEST

/* type, payload length said, payload, what comes of it */
static const struct {
	uint8_t type;
	uint32_t length;
	const char *payload;
	enum peer_wire_verdict verdict;
} wrong[] = {
	{99, 3, "abc", PEER_WIRE_PASS},
	{0, 0, "", PEER_WIRE_PASS},
	{255, 65535, "", PEER_WIRE_MORE},
	{99, 65536, "", PEER_WIRE_MALFORMED}, /* too long, whatever it is */
	{99, 0xffffff, "", PEER_WIRE_MALFORMED},
	{PEER_FRAME_PING, 7, "1234567", PEER_WIRE_MALFORMED},
	{PEER_FRAME_PING, 9, "123456789", PEER_WIRE_FRAME}, /* a newer one says more */
	{PEER_FRAME_BYE, 0, "", PEER_WIRE_MALFORMED},
	{PEER_FRAME_BYE, 1, "\xfe", PEER_WIRE_FRAME},
	{PEER_FRAME_HELLO, 8, "LTLQ\0\1\0\0", PEER_WIRE_MALFORMED},
	{PEER_FRAME_HELLO, 8, "LTLP\0\1\0\0", PEER_WIRE_MALFORMED},
	{PEER_FRAME_HELLO, 8, "LTLP\0\2\0\0", PEER_WIRE_FRAME}, /* to be refused politely */
	{PEER_FRAME_HELLO, 22, "LTLP\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\1\1 ", PEER_WIRE_MALFORMED},
	{PEER_FRAME_ROUTER, 24, "\1\0\63\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0",
         PEER_WIRE_MALFORMED}, /* NUL in a name */
	{PEER_FRAME_ROUTER, 24, "\1r\63\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0",
         PEER_WIRE_FRAME},
	{PEER_FRAME_ROUTER, 24, "\1r\63\1\x7f\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0",
         PEER_WIRE_MALFORMED}, /* an epoch that could not grow any more */
	{PEER_FRAME_ROUTER, 23, "\0\63\1\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0",
         PEER_WIRE_MALFORMED}, /* no name */
	{PEER_FRAME_FLOWS, 25, "\1r\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\2\1",
         PEER_WIRE_MALFORMED}, /* 513 records */
	{PEER_FRAME_FLOWS, 25, "\1r\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1",
         PEER_WIRE_MALFORMED}, /* 1 record, which is not there */
	{PEER_FRAME_FLOWS, 25, "\1r\0\0\0\0\0\0\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
         PEER_WIRE_FRAME},
};

START_TEST(what_is_not_known_is_passed_over_and_what_is_wrong_is_told_apart)
{
	uint8_t bytes[64] = {wrong[_i].type, (uint8_t)(wrong[_i].length >> 16),
	                     (uint8_t)(wrong[_i].length >> 8), (uint8_t)wrong[_i].length};
	size_t there = wrong[_i].length < sizeof(bytes) - 4 ? wrong[_i].length : 0, used = 4711;
	struct peer_frame frame, untouched;

	memset(&frame, 0x5a, sizeof(frame));
	memset(&untouched, 0x5a, sizeof(untouched));
	memcpy(bytes + 4, wrong[_i].payload, there);
	ck_assert_int_eq(peer_wire_next(bytes, there + 4, scratch, &frame, &used),
	                 wrong[_i].verdict);
	if (wrong[_i].verdict != PEER_WIRE_FRAME)
		ck_assert_mem_eq(&frame, &untouched, sizeof(frame));
	if (wrong[_i].verdict == PEER_WIRE_FRAME || wrong[_i].verdict == PEER_WIRE_PASS)
		ck_assert_uint_eq(used, there + 4);
	else
		ck_assert_uint_eq(used, 4711);
}
END_TEST

START_TEST(a_reason_of_a_newer_version_is_some_reason)
{
	const uint8_t bytes[] = {PEER_FRAME_BYE, 0, 0, 1, PEER_REASON_COUNT};
	struct peer_frame frame;
	size_t used;

	ck_assert_int_eq(peer_wire_next(bytes, sizeof(bytes), scratch, &frame, &used),
	                 PEER_WIRE_FRAME);
	ck_assert_int_eq(frame.bye.reason, PEER_REASON_OTHER);
}
END_TEST

START_TEST(every_reason_has_a_name_of_its_own_and_a_text)
{
	for (enum peer_reason a = 0; a < PEER_REASON_COUNT; a++) {
		ck_assert_uint_gt(strlen(peer_reason_text(a)), 3);
		for (enum peer_reason b = 0; b < a; b++)
			ck_assert_str_ne(peer_reason_name(a), peer_reason_name(b));
	}
}
END_TEST

START_TEST(names_are_printable_and_not_endless)
{
	char name[PEER_NAME_MAX + 2] = "";

	ck_assert(!peer_name_valid(""));
	ck_assert(!peer_name_valid("a b"));
	ck_assert(!peer_name_valid("a\n"));
	ck_assert(!peer_name_valid("\xc3\xa4"));
	memset(name, 'x', PEER_NAME_MAX);
	ck_assert(peer_name_valid(name));
	name[PEER_NAME_MAX] = 'x';
	ck_assert(!peer_name_valid(name));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("peer/wire", &tests);

	tcase_add_test(tests, every_kind_of_flow_comes_back_as_it_was);
	tcase_add_test(tests, families_may_differ_and_be_missing);
	tcase_add_test(tests, a_record_is_small);
	tcase_add_test(tests, a_record_that_means_nothing_is_malformed);
	tcase_add_test(tests, tags_of_sctp_stand_behind_the_records);
	tcase_add_loop_test(tests, every_frame_comes_back_as_it_was_and_waits_until_it_is_whole, 0,
	                    LT_ARRAY_SIZE(samples));
	tcase_add_test(tests, a_frame_of_the_most_and_largest_records_fits);
	tcase_add_loop_test(tests, what_is_not_known_is_passed_over_and_what_is_wrong_is_told_apart,
	                    0, LT_ARRAY_SIZE(wrong));
	tcase_add_test(tests, a_reason_of_a_newer_version_is_some_reason);
	tcase_add_test(tests, every_reason_has_a_name_of_its_own_and_a_text);
	tcase_add_test(tests, names_are_printable_and_not_endless);
	return unit_run(suite);
}
