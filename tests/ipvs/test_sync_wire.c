/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/sync_wire.h"

#include "tests/unit.h"

#include <netinet/in.h>
#include <string.h>

static struct addr addr_of(const char *text)
{
	struct addr addr;

	ck_assert_int_eq(addr_parse(text, &addr), 0);
	return addr;
}

static struct model_flow flow_of(uint8_t protocol, enum model_forwarding forwarding, bool six)
{
	return (struct model_flow){
		.protocol = protocol,
		.state = MODEL_FLOW_ESTABLISHED,
		.forwarding = (uint8_t)forwarding,
		.timeout_s = 900,
		.client = addr_of(six ? "2001:db8:77::1" : "10.77.0.1"),
		.virtual = addr_of(six ? "2001:db8:77::100" : "10.77.0.100"),
		.server = addr_of(six ? "2001:db8:78::21" : "10.78.0.21"),
		.client_port = 5000,
		.virtual_port = 80,
		.ipvs_port = 80,
		.server_port = 8080,
	};
}

/* --- what a kernel said (Linux 6.1) --- */

/* A UDP connection of a persistent service, NAT, and the template that came with it. */
static const uint8_t kernel_udp[] = {
	0x00, 0x4c, 0x00, 0x50, 0x02, 0x01, 0x00, 0x00, /* head */
	0x00, 0x11, 0x00, 0x24, 0x00, 0x00, 0x01, 0x00, 0x00, 0x00, 0x13, 0x88,
	0x00, 0x35, 0x00, 0x35, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x2c,
	0x0a, 0x4d, 0x00, 0x01, 0x0a, 0x4d, 0x00, 0x64, 0x0a, 0x4e, 0x00, 0x15, /* connection */
	0x00, 0x11, 0x00, 0x24, 0x00, 0x00, 0x11, 0x00, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x35, 0x00, 0x35, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x2c,
	0x0a, 0x4d, 0x00, 0x01, 0x0a, 0x4d, 0x00, 0x64, 0x0a, 0x4e, 0x00, 0x15, /* template */
};
/* UDP over IPv6, direct. */
static const uint8_t kernel_udp6[] = {
	0x00, 0x4c, 0x00, 0x50, 0x01, 0x01, 0x00, 0x00, /* head */
	0x01, 0x11, 0x00, 0x48, 0x00, 0x00, 0x01, 0x83, 0x00, 0x00, 0x13, 0x88, 0x00, 0x35, 0x00,
	0x35, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x2c, 0x20, 0x01, 0x0d, 0xb8, 0x00, 0x77,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x20, 0x01, 0x0d, 0xb8, 0x00,
	0x77, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00, 0x20, 0x01, 0x0d, 0xb8,
	0x00, 0x78, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x21,
};
/* The template of a mark's persistent service. */
static const uint8_t kernel_mark[] = {
	0x00, 0x4c, 0x00, 0x2c, 0x01, 0x01, 0x00, 0x00, /* head */
	0x00, 0x00, 0x00, 0x24, 0x00, 0x00, 0x11, 0x83, 0x00, 0x00, 0x00, 0x00,
	0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x10, 0x00, 0x00, 0x00, 0x00, 0x3c,
	0x0a, 0x4d, 0x00, 0x01, 0x00, 0x00, 0x10, 0x00, 0x0a, 0x4e, 0x00, 0x16,
};

static struct model_flow only_flow(struct ipvs_sync_reader *reader)
{
	struct ipvs_sync_entry entry;
	struct model_flow flow = {0};

	ck_assert_int_eq(ipvs_sync_read(reader, &entry), IPVS_SYNC_ENTRY);
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_FITS);
	return flow;
}

START_TEST(what_a_kernel_tells_is_understood)
{
	struct ipvs_sync_reader reader;
	struct ipvs_sync_entry entry;
	struct model_flow flow, want;

	ck_assert_int_eq(ipvs_sync_read_begin(&reader, kernel_udp, sizeof(kernel_udp)),
	                 IPVS_SYNC_ENTRY);
	ck_assert_uint_eq(reader.id, 76);
	want = flow_of(IPPROTO_UDP, MODEL_FORWARD_NAT, false);
	want.virtual_port = want.ipvs_port = want.server_port = 53;
	flow = only_flow(&reader);
	ck_assert(model_flow_equal(&flow, &(struct model_flow){
						  .protocol = IPPROTO_UDP,
						  .state = MODEL_FLOW_ESTABLISHED,
						  .client = want.client,
						  .virtual = want.virtual,
						  .server = want.server,
						  .client_port = 5000,
						  .virtual_port = 53,
						  .ipvs_port = 53,
						  .server_port = 53,
						  .timeout_s = 300,
					  }));
	ck_assert_uint_eq(flow.timeout_s, 300);
	flow = only_flow(&reader);
	ck_assert(flow.template && flow.client_port == 0 && flow.timeout_s == 300);
	ck_assert_int_eq(ipvs_sync_read(&reader, &entry), IPVS_SYNC_END);

	ck_assert_int_eq(ipvs_sync_read_begin(&reader, kernel_udp6, sizeof(kernel_udp6)),
	                 IPVS_SYNC_ENTRY);
	flow = only_flow(&reader);
	want = flow_of(IPPROTO_UDP, MODEL_FORWARD_DIRECT, true);
	ck_assert(addr_equal(&flow.client, &want.client) &&
	          addr_equal(&flow.virtual, &want.virtual) &&
	          addr_equal(&flow.server, &want.server));
	ck_assert_int_eq(flow.forwarding, MODEL_FORWARD_DIRECT);

	ck_assert_int_eq(ipvs_sync_read_begin(&reader, kernel_mark, sizeof(kernel_mark)),
	                 IPVS_SYNC_ENTRY);
	flow = only_flow(&reader);
	ck_assert(flow.template && flow.protocol == IPPROTO_IP && flow.mark == 0x1000);
	ck_assert_int_eq(ipvs_sync_read(&reader, &entry), IPVS_SYNC_END);
}
END_TEST

START_TEST(flows_are_written_as_the_kernel_writes_them)
{
	struct model_flow flow = flow_of(IPPROTO_UDP, MODEL_FORWARD_NAT, false);
	struct ipvs_sync_writer writer;
	struct ipvs_sync_entry entry;
	uint8_t space[256];
	size_t size;

	ipvs_sync_write_begin(&writer, space, sizeof(space), 76);
	flow.virtual_port = flow.ipvs_port = flow.server_port = 53;
	flow.timeout_s = 300;
	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_FITS);
	ck_assert(ipvs_sync_write(&writer, &entry));
	flow.template = true;
	flow.client_port = 0;
	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_FITS);
	/* The kernel's was young: no connection of it had been answered. Ours outlive theirs. */
	ck_assert_uint_eq(entry.state, 1);
	entry.state = 0;
	entry.flags |= IPVS_SYNC_INACTIVE; /* that says nothing of a template */
	ck_assert(ipvs_sync_write(&writer, &entry));
	size = ipvs_sync_write_end(&writer);
	ck_assert_uint_eq(size, sizeof(kernel_udp));
	ck_assert_mem_eq(space, kernel_udp, size);
}
END_TEST

/* --- states --- */

struct state_row {
	uint8_t protocol;
	enum model_flow_state state;
	uint16_t number;
	bool inactive;
};

static const struct state_row states[] = {
	{IPPROTO_TCP, MODEL_FLOW_OPENING, 3, false},
	{IPPROTO_TCP, MODEL_FLOW_ESTABLISHED, 1, false},
	{IPPROTO_TCP, MODEL_FLOW_CLOSING, 4, true},
	{IPPROTO_TCP, MODEL_FLOW_GONE, 6, true},
	{IPPROTO_UDP, MODEL_FLOW_OPENING, 0, true},
	{IPPROTO_UDP, MODEL_FLOW_ESTABLISHED, 0, true},
	{IPPROTO_UDP, MODEL_FLOW_GONE, 0, true},
	{IPPROTO_SCTP, MODEL_FLOW_OPENING, 2, true},
	{IPPROTO_SCTP, MODEL_FLOW_ESTABLISHED, 8, false},
	{IPPROTO_SCTP, MODEL_FLOW_CLOSING, 9, true},
	{IPPROTO_SCTP, MODEL_FLOW_GONE, 13, true},
};

START_TEST(states_become_the_kernels_numbers_and_counts)
{
	const struct state_row *row = &states[_i];
	struct model_flow flow = flow_of(row->protocol, MODEL_FORWARD_NAT, false);
	struct ipvs_sync_entry entry;

	flow.state = (uint8_t)row->state;
	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_FITS);
	ck_assert_uint_eq(entry.state, row->number);
	ck_assert_int_eq((entry.flags & IPVS_SYNC_INACTIVE) != 0, row->inactive);
	ck_assert_uint_eq(entry.timeout_s, row->state == MODEL_FLOW_GONE ? 1 : 900);
}
END_TEST

static const struct state_row kernel_states[] = {
	{IPPROTO_TCP, MODEL_FLOW_OPENING, 0, false},
	{IPPROTO_TCP, MODEL_FLOW_ESTABLISHED, 1, false},
	{IPPROTO_TCP, MODEL_FLOW_OPENING, 2, false},
	{IPPROTO_TCP, MODEL_FLOW_OPENING, 3, false},
	{IPPROTO_TCP, MODEL_FLOW_CLOSING, 4, false},
	{IPPROTO_TCP, MODEL_FLOW_CLOSING, 5, false},
	{IPPROTO_TCP, MODEL_FLOW_CLOSING, 6, false},
	{IPPROTO_TCP, MODEL_FLOW_CLOSING, 7, false},
	{IPPROTO_TCP, MODEL_FLOW_CLOSING, 8, false},
	{IPPROTO_TCP, MODEL_FLOW_OPENING, 10, false},
	{IPPROTO_TCP, MODEL_FLOW_STATE_COUNT, 11, false},
	{IPPROTO_UDP, MODEL_FLOW_ESTABLISHED, 0, false},
	{IPPROTO_UDP, MODEL_FLOW_STATE_COUNT, 1, false},
	{IPPROTO_SCTP, MODEL_FLOW_OPENING, 7, false},
	{IPPROTO_SCTP, MODEL_FLOW_ESTABLISHED, 8, false},
	{IPPROTO_SCTP, MODEL_FLOW_CLOSING, 9, false},
	{IPPROTO_SCTP, MODEL_FLOW_CLOSING, 13, false},
	{IPPROTO_SCTP, MODEL_FLOW_STATE_COUNT, 14, false},
};

START_TEST(the_kernels_numbers_become_states)
{
	const struct state_row *row = &kernel_states[_i];
	struct model_flow flow = flow_of(row->protocol, MODEL_FORWARD_DIRECT, false);
	struct ipvs_sync_entry entry;
	enum ipvs_sync_fit fit;

	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_FITS);
	entry.state = row->number;
	fit = ipvs_sync_to_flow(&entry, &flow);
	if (row->state == MODEL_FLOW_STATE_COUNT) {
		ck_assert_int_eq(fit, IPVS_SYNC_OTHER_STATE);
		return;
	}
	ck_assert_int_eq(fit, IPVS_SYNC_FITS);
	ck_assert_int_eq(flow.state, row->state);
}
END_TEST

/* --- what can't be told --- */

START_TEST(flows_the_kernel_cannot_be_told_of_are_refused)
{
	struct ipvs_sync_entry entry = {.protocol = 99};
	struct model_flow flow = flow_of(IPPROTO_ICMP, MODEL_FORWARD_NAT, false);

	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_OTHER_PROTOCOL);
	flow.protocol = IPPROTO_IP; /* of marks alone, and their templates */
	flow.mark = 5;
	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_OTHER_PROTOCOL);
	flow = flow_of(IPPROTO_TCP, MODEL_FORWARD_TUNNEL, false);
	flow.server = addr_of("2001:db8:78::21");
	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_MIXED_FAMILIES);
	flow = flow_of(IPPROTO_TCP, MODEL_FORWARD_NAT, false);
	flow.forwarding = 3;
	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_OTHER_FORWARDING);
	flow.forwarding = MODEL_FORWARD_NAT;
	flow.state = MODEL_FLOW_STATE_COUNT;
	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_OTHER_STATE);
	ck_assert_uint_eq(entry.protocol, 99); /* untouched */
}
END_TEST

START_TEST(entries_that_mean_nothing_elsewhere_are_refused)
{
	static const uint8_t name[] = "sip";
	struct model_flow flow = flow_of(IPPROTO_TCP, MODEL_FORWARD_NAT, false);
	struct ipvs_sync_entry good, entry;

	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &good), IPVS_SYNC_FITS);
	entry = good;
	entry.flags |= 1; /* to the node itself */
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_OTHER_FORWARDING);
	entry = good;
	entry.has_sequence = true;
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_HAS_SEQUENCE);
	entry = good;
	entry.flags |= 0x200;
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_HAS_SEQUENCE);
	entry = good;
	entry.engine = name;
	entry.engine_size = 3;
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_HAS_ENGINE);
	entry = good;
	entry.flags |= IPVS_SYNC_ONE_PACKET;
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_FLEETING);
	entry = good;
	entry.flags |= IPVS_SYNC_NO_CLIENT_PORT;
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_FLEETING);
	entry = good;
	entry.protocol = 50; /* ESP */
	ck_assert_int_eq(ipvs_sync_to_flow(&entry, &flow), IPVS_SYNC_OTHER_PROTOCOL);
	for (int fit = 0; fit < IPVS_SYNC_FIT_COUNT; fit++) {
		ck_assert_str_ne(ipvs_sync_fit_name((enum ipvs_sync_fit)fit), "?");
		ck_assert_str_ne(ipvs_sync_fit_text((enum ipvs_sync_fit)fit), "?");
	}
}
END_TEST

/* --- options, bounds --- */

START_TEST(options_come_through_with_their_padding)
{
	static const uint8_t name[] = "sip", data[] = "7aa3@host";
	struct model_flow flow = flow_of(IPPROTO_UDP, MODEL_FORWARD_NAT, true);
	struct ipvs_sync_writer writer;
	struct ipvs_sync_reader reader;
	struct ipvs_sync_entry entry, again;
	uint8_t space[512];
	size_t size;

	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_FITS);
	entry.has_sequence = true;
	entry.in = (struct ipvs_sync_sequence){1, 2, 3};
	entry.out = (struct ipvs_sync_sequence){UINT32_MAX, 5, 6};
	entry.engine = name;
	entry.engine_size = 3;
	entry.engine_data = data;
	entry.engine_data_size = 9;
	ipvs_sync_write_begin(&writer, space, sizeof(space), 0);
	for (int i = 0; i < 3; i++)
		ck_assert(ipvs_sync_write(&writer, &entry));
	size = ipvs_sync_write_end(&writer);
	ck_assert_uint_eq(size, 8 + 3 * (72 + 26 + 11 + 5) + 2 * 2);
	ck_assert_int_eq(ipvs_sync_read_begin(&reader, space, size), IPVS_SYNC_ENTRY);
	for (int i = 0; i < 3; i++) {
		ck_assert_int_eq(ipvs_sync_read(&reader, &again), IPVS_SYNC_ENTRY);
		ck_assert(again.has_sequence && again.in.initial == 1 && again.in.delta == 2 &&
		          again.in.previous_delta == 3 && again.out.initial == UINT32_MAX);
		ck_assert_uint_eq(again.engine_size, 3);
		ck_assert_mem_eq(again.engine, name, 3);
		ck_assert_uint_eq(again.engine_data_size, 9);
		ck_assert_mem_eq(again.engine_data, data, 9);
	}
	ck_assert_int_eq(ipvs_sync_read(&reader, &again), IPVS_SYNC_END);
}
END_TEST

/* One entry of IPv4 with an option of ours at its end. */
static size_t with_option(uint8_t *space, size_t space_size, const uint8_t *option, size_t size)
{
	struct model_flow flow = flow_of(IPPROTO_TCP, MODEL_FORWARD_NAT, false);
	struct ipvs_sync_writer writer;
	struct ipvs_sync_entry entry;
	size_t used;

	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_FITS);
	ipvs_sync_write_begin(&writer, space, space_size, 0);
	ck_assert(ipvs_sync_write(&writer, &entry));
	used = ipvs_sync_write_end(&writer);
	memcpy(space + used, option, size);
	space[3] = (uint8_t)(used + size);
	space[8 + 3] = (uint8_t)(36 + size);
	return used + size;
}

struct option_row {
	uint8_t bytes[32];
	size_t size;
	enum ipvs_sync_found found;
};

static const struct option_row options[] = {
	{{0x4a, 2, 1, 1}, 4, IPVS_SYNC_ENTRY},          /* unknown, may be skipped */
	{{0x0a, 2, 1, 1}, 4, IPVS_SYNC_UNKNOWN_OPTION}, /* unknown, needed */
	{{0x8a, 2, 1, 1}, 4, IPVS_SYNC_UNKNOWN_OPTION},
	{{0x03, 3, 's', 'i', 'p'}, 5, IPVS_SYNC_ENTRY},
	{{0x43, 3, 's', 'i', 'p'}, 5, IPVS_SYNC_ENTRY},
	{{0x03, 3, 's', 'i'}, 4, IPVS_SYNC_BAD_OPTION},      /* runs out */
	{{0x03, 0}, 2, IPVS_SYNC_BAD_OPTION},                /* empty */
	{{0x03}, 1, IPVS_SYNC_BAD_OPTION},                   /* half a head */
	{{0x03, 17}, 19, IPVS_SYNC_BAD_OPTION},              /* a name too long */
	{{0x01, 23}, 25, IPVS_SYNC_BAD_OPTION},              /* sequence data too short */
	{{0x02, 1, 1, 0x02, 1, 1}, 6, IPVS_SYNC_BAD_OPTION}, /* twice */
	{{0x03, 1, 'a', 0x43, 1, 'b'}, 6, IPVS_SYNC_BAD_OPTION},
};

START_TEST(options_are_taken_skipped_or_refused)
{
	const struct option_row *row = &options[_i];
	uint8_t space[128];
	size_t size = with_option(space, sizeof(space), row->bytes, row->size);
	struct ipvs_sync_reader reader;
	struct ipvs_sync_entry entry;

	ck_assert_int_eq(ipvs_sync_read_begin(&reader, space, size), IPVS_SYNC_ENTRY);
	ck_assert_int_eq(ipvs_sync_read(&reader, &entry), row->found);
	ck_assert_int_eq(ipvs_sync_read(&reader, &entry), IPVS_SYNC_END);
}
END_TEST

struct damage_row {
	size_t at;
	uint8_t value;
	enum ipvs_sync_found begin, first;
};

static const struct damage_row damages[] = {
	{0, 1, IPVS_SYNC_BAD_VERSION, IPVS_SYNC_END}, /* version 0 */
	{5, 0, IPVS_SYNC_BAD_VERSION, IPVS_SYNC_END},
	{6, 1, IPVS_SYNC_BAD_VERSION, IPVS_SYNC_END},
	{3, 0x51, IPVS_SYNC_BAD_SIZE, IPVS_SYNC_END},
	{8, 2, IPVS_SYNC_ENTRY, IPVS_SYNC_BAD_TYPE},
	{8, 1, IPVS_SYNC_ENTRY, IPVS_SYNC_SHORT}, /* IPv6 in the room of IPv4 */
	{10, 0x10, IPVS_SYNC_ENTRY, IPVS_SYNC_BAD_VERSION},
	{11, 35, IPVS_SYNC_ENTRY, IPVS_SYNC_SHORT},
	{11, 0, IPVS_SYNC_ENTRY, IPVS_SYNC_SHORT},
	{11, 73, IPVS_SYNC_ENTRY, IPVS_SYNC_SHORT}, /* beyond the datagram */
};

START_TEST(damaged_datagrams_are_refused)
{
	const struct damage_row *row = &damages[_i];
	uint8_t bytes[sizeof(kernel_udp)];
	struct ipvs_sync_reader reader;
	struct ipvs_sync_entry entry;

	memcpy(bytes, kernel_udp, sizeof(bytes));
	bytes[row->at] = row->value;
	ck_assert_int_eq(ipvs_sync_read_begin(&reader, bytes, sizeof(bytes)), row->begin);
	if (row->begin != IPVS_SYNC_ENTRY)
		return;
	ck_assert_int_eq(ipvs_sync_read(&reader, &entry), row->first);
	ck_assert_int_eq(ipvs_sync_read(&reader, &entry), IPVS_SYNC_END);
}
END_TEST

START_TEST(every_beginning_of_a_datagram_is_refused)
{
	for (size_t size = 0; size < sizeof(kernel_udp); size++) {
		struct ipvs_sync_reader reader;
		enum ipvs_sync_found found = ipvs_sync_read_begin(&reader, kernel_udp, size);

		ck_assert_int_eq(found, size < 8 ? IPVS_SYNC_SHORT : IPVS_SYNC_BAD_SIZE);
	}
	for (int found = 0; found < IPVS_SYNC_FOUND_COUNT; found++)
		ck_assert_str_ne(ipvs_sync_found_name((enum ipvs_sync_found)found), "?");
}
END_TEST

START_TEST(a_datagram_ends_where_its_room_or_its_count_ends)
{
	struct model_flow flow = flow_of(IPPROTO_TCP, MODEL_FORWARD_DIRECT, false);
	static uint8_t space[16384];
	struct ipvs_sync_writer writer;
	struct ipvs_sync_entry entry;
	unsigned count = 0;

	ck_assert_int_eq(ipvs_sync_of_flow(&flow, &entry), IPVS_SYNC_FITS);
	ipvs_sync_write_begin(&writer, space, 1472, 1);
	while (ipvs_sync_write(&writer, &entry))
		count++;
	ck_assert_uint_eq(count, 40); /* (1472 - 8) / 36 */
	ck_assert_uint_eq(ipvs_sync_write_end(&writer), 8 + 40 * 36);
	ipvs_sync_write_begin(&writer, space, sizeof(space), 1);
	for (count = 0; ipvs_sync_write(&writer, &entry);)
		count++;
	ck_assert_uint_eq(count, IPVS_SYNC_COUNT_MAX);
	entry.server = addr_of("2001:db8::1");
	ipvs_sync_write_begin(&writer, space, sizeof(space), 1);
	ck_assert(!ipvs_sync_write(&writer, &entry));
	ck_assert_uint_eq(ipvs_sync_write_end(&writer), 8);
}
END_TEST

static Suite *suite(void)
{
	TCase *tests;
	Suite *s = unit_suite("ipvs/sync_wire", &tests);

	tcase_add_test(tests, what_a_kernel_tells_is_understood);
	tcase_add_test(tests, flows_are_written_as_the_kernel_writes_them);
	tcase_add_loop_test(tests, states_become_the_kernels_numbers_and_counts, 0,
	                    LT_ARRAY_SIZE(states));
	tcase_add_loop_test(tests, the_kernels_numbers_become_states, 0,
	                    LT_ARRAY_SIZE(kernel_states));
	tcase_add_test(tests, flows_the_kernel_cannot_be_told_of_are_refused);
	tcase_add_test(tests, entries_that_mean_nothing_elsewhere_are_refused);
	tcase_add_test(tests, options_come_through_with_their_padding);
	tcase_add_loop_test(tests, options_are_taken_skipped_or_refused, 0, LT_ARRAY_SIZE(options));
	tcase_add_loop_test(tests, damaged_datagrams_are_refused, 0, LT_ARRAY_SIZE(damages));
	tcase_add_test(tests, every_beginning_of_a_datagram_is_refused);
	tcase_add_test(tests, a_datagram_ends_where_its_room_or_its_count_ends);
	return s;
}

int main(void)
{
	return unit_run(suite());
}
