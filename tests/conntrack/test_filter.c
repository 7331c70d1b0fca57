/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The program is run here by a small machine that does what the kernel's does with it. */

#include "conntrack/filter.h"

#include "tests/conntrack/flows.h"
#include "tests/unit.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/netlink.h>
#include <string.h>

static struct nl_batch batch;
static struct conntrack_filter filter;

static void tear_down(void)
{
	nl_batch_done(&batch);
}

/* Where attribute 'type' is among those from 'at' to 'end', 0: nowhere. */
static uint32_t find_attribute(const uint8_t *data, uint32_t at, uint32_t end, uint32_t type)
{
	while (at + NLA_HDRLEN <= end) {
		struct nlattr attr;

		memcpy(&attr, data + at, sizeof(attr));
		if (attr.nla_len < NLA_HDRLEN || at + attr.nla_len > end)
			return 0;
		if ((attr.nla_type & NLA_TYPE_MASK) == type)
			return at;
		at += NLA_ALIGN(attr.nla_len);
	}
	return 0;
}

static uint32_t special(const uint8_t *data, uint32_t size, uint32_t what, uint32_t a, uint32_t x)
{
	struct nlattr nest;

	if (what == SKF_AD_NLATTR)
		return find_attribute(data, a, size, x);
	ck_assert_uint_eq(what, SKF_AD_NLATTR_NEST);
	ck_assert_uint_le(a + NLA_HDRLEN, size);
	memcpy(&nest, data + a, sizeof(nest));
	return find_attribute(data, a + NLA_HDRLEN, a + nest.nla_len, x);
}

static uint32_t word(const uint8_t *data, uint32_t size, uint32_t at)
{
	ck_assert_uint_le(at + 4, size);
	return (uint32_t)data[at] << 24 | (uint32_t)data[at + 1] << 16 |
	       (uint32_t)data[at + 2] << 8 | data[at + 3];
}

static uint32_t half_word(const uint8_t *data, uint32_t size, uint32_t at)
{
	ck_assert_uint_le(at + 2, size);
	return (uint32_t)data[at] << 8 | data[at + 1];
}

static uint32_t run(const uint8_t *data, uint32_t size)
{
	uint32_t a = 0, x = 0, cells[BPF_MEMWORDS] = {0};

	for (size_t pc = 0; pc < filter.size; pc++) {
		const struct sock_filter *i = &filter.code[pc];

		switch (i->code) {
		case BPF_LD | BPF_IMM:
			a = i->k;
			break;
		case BPF_LDX | BPF_IMM:
			x = i->k;
			break;
		case BPF_LD | BPF_MEM:
			a = cells[i->k];
			break;
		case BPF_ST:
			cells[i->k] = a;
			break;
		case BPF_MISC | BPF_TAX:
			x = a;
			break;
		case BPF_LD | BPF_W | BPF_ABS:
			a = i->k >= (uint32_t)SKF_AD_OFF
			            ? special(data, size, i->k - (uint32_t)SKF_AD_OFF, a, x)
			            : word(data, size, i->k);
			break;
		case BPF_LD | BPF_H | BPF_ABS:
			a = half_word(data, size, i->k);
			break;
		case BPF_LD | BPF_W | BPF_IND:
			a = word(data, size, x + i->k);
			break;
		case BPF_LD | BPF_B | BPF_IND:
			ck_assert_uint_lt(x + i->k, size);
			a = data[x + i->k];
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JSET | BPF_K:
			pc += a & i->k ? i->jt : i->jf;
			break;
		case BPF_JMP | BPF_JA:
			pc += i->k;
			break;
		case BPF_RET | BPF_K:
			return i->k;
		default:
			ck_abort_msg("instruction %zu: code %#x", pc, i->code);
		}
	}
	ck_abort_msg("ran off the end");
	return 0;
}

/* What it tells of TCP. */
static enum conntrack_event said_event;
static int said_state; /* below 0: nothing */
static uint32_t said_status;

static void set_up(void)
{
	said_event = CONNTRACK_NEW;
	said_state = CONNTRACK_TCP_ESTABLISHED;
	said_status = 0;
}

/* Does an event of this flow, caused by this port, pass? */
static bool passes(uint8_t protocol, const char *client, const char *virtual, uint32_t port)
{
	struct conntrack_entry entry = flows_entry(
		protocol, client, strchr(client, ':') ? "2001:db8:78::21" : "10.78.0.21", NULL);
	struct nlmsghdr *message;

	entry.original.destination = flows_addr(virtual);
	entry.has_state = protocol == IPPROTO_TCP && said_state >= 0;
	entry.state = (uint8_t)said_state;
	entry.status = said_status;
	nl_batch_clear(&batch);
	conntrack_entry_put_create(&batch, &entry);
	message = (struct nlmsghdr *)batch.data;
	message->nlmsg_pid = port;
	if (said_event != CONNTRACK_NEW)
		message->nlmsg_flags = 0;
	if (said_event == CONNTRACK_DESTROY)
		message->nlmsg_type = NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE;
	return run((const uint8_t *)batch.data, (uint32_t)batch.size) != 0;
}

#define OWN 0x12345678
static struct addr virtuals[CONNTRACK_FILTER_ADDRESSES_MAX + 1];

static size_t make(size_t count)
{
	for (size_t i = 0; i < count; i++) {
		virtuals[i] = flows_addr(i % 2 ? "2001:db8:77::100" : "10.77.0.100");
		virtuals[i].bytes[i % 2 ? 14 : 2] = (uint8_t)(i / 2);
	}
	conntrack_filter_make(virtuals, count, OWN, &filter);
	ck_assert_uint_le(filter.size, CONNTRACK_FILTER_SIZE);
	return filter.size;
}

static const struct {
	uint8_t protocol;
	const char *client, *virtual;
	uint32_t port;
	bool pass;
} events[] = {
	{IPPROTO_TCP, "10.77.0.1", "10.77.0.100", 0, true},
	{IPPROTO_TCP, "10.77.0.1", "10.77.0.100", OWN + 1, true},
	{IPPROTO_TCP, "10.77.0.1", "10.77.0.100", OWN, false},
	{IPPROTO_UDP, "10.77.0.1", "10.77.2.100", 0, true},
	{IPPROTO_SCTP, "10.77.0.1", "10.77.0.100", 0, true},
	{IPPROTO_ICMP, "10.77.0.1", "10.77.0.100", 0, false},
	{IPPROTO_TCP, "10.77.0.1", "10.77.0.101", 0, false},
	{IPPROTO_TCP, "10.77.0.100", "10.77.0.1", 0, false},
	{IPPROTO_TCP, "2001:db8:77::1", "2001:db8:77::100", 0, true},
	{IPPROTO_UDP, "2001:db8:77::1", "2001:db8:77::200:100", 0, false},
	{IPPROTO_TCP, "2001:db8:77::1", "2001:db8:77::101", 0, false},
	{IPPROTO_TCP, "2001:db8:77::1", "2001:db8:78::100", 0, false},
	{IPPROTO_TCP, "2001:db8:77::1", "2001:db8:77::100", OWN, false},
};

START_TEST(events_of_our_addresses_pass)
{
	make(6);
	virtuals[0] = flows_addr("10.77.0.100");
	virtuals[1] = flows_addr("2001:db8:77::100");
	virtuals[2] = flows_addr("10.77.2.100");
	conntrack_filter_make(virtuals, 3, OWN, &filter);
	ck_assert_int_eq(
		passes(events[_i].protocol, events[_i].client, events[_i].virtual, events[_i].port),
		events[_i].pass);
}
END_TEST

START_TEST(the_last_of_many_addresses_passes_as_the_first)
{
	char text[ADDR_TEXT_SIZE];

	make(CONNTRACK_FILTER_ADDRESSES_MAX);
	for (size_t i = 0; i < CONNTRACK_FILTER_ADDRESSES_MAX; i++)
		ck_assert(passes(IPPROTO_TCP, i % 2 ? "2001:db8:77::1" : "10.77.0.1",
		                 addr_format(&virtuals[i], text), 0));
	ck_assert(!passes(IPPROTO_TCP, "10.77.0.1", "10.77.200.100", 0));
	ck_assert(!passes(IPPROTO_TCP, "2001:db8:77::1", "2001:db8::", 0));
}
END_TEST

START_TEST(with_too_many_addresses_the_protocol_decides)
{
	ck_assert_uint_lt(make(CONNTRACK_FILTER_ADDRESSES_MAX + 1), 128);
	ck_assert(passes(IPPROTO_TCP, "10.77.0.1", "192.0.2.1", 0));
	ck_assert(!passes(IPPROTO_TCP, "10.77.0.1", "192.0.2.1", OWN));
	ck_assert(!passes(IPPROTO_ICMP, "10.77.0.1", "192.0.2.1", 0));
}
END_TEST

/* As a connection goes through its life. */
static const struct {
	uint8_t protocol;
	enum conntrack_event what;
	int state;
	bool pass;
	uint32_t status;
} lives[] = {
	{IPPROTO_TCP, CONNTRACK_NEW, 1, false, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, CONNTRACK_TCP_SYN_RECV, false, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, CONNTRACK_TCP_ESTABLISHED, true, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, -1, false, 0}, /* a mark, or ASSURED */
	{IPPROTO_TCP, CONNTRACK_UPDATE, CONNTRACK_TCP_FIN_WAIT, true, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, 5, false, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, 6, false, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, 7, false, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, CONNTRACK_TCP_CLOSE, true, 0},
	{IPPROTO_TCP, CONNTRACK_UPDATE, 9, false, 0},
	{IPPROTO_TCP, CONNTRACK_DESTROY, -1, false, 0}, /* was never established */
	{IPPROTO_TCP, CONNTRACK_DESTROY, -1, true, CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED},
	{IPPROTO_UDP, CONNTRACK_NEW, -1, true, 0},
	{IPPROTO_UDP, CONNTRACK_UPDATE, -1, false, 0},
	{IPPROTO_UDP, CONNTRACK_DESTROY, -1, true, 0},
	{IPPROTO_SCTP, CONNTRACK_NEW, -1, true, 0},
	{IPPROTO_SCTP, CONNTRACK_UPDATE, -1, true, 0},
	{IPPROTO_SCTP, CONNTRACK_DESTROY, -1, true, 0},
};

START_TEST(only_what_peers_want_to_know_passes)
{
	make(2);
	said_event = lives[_i].what;
	said_state = lives[_i].state;
	said_status = lives[_i].status;
	ck_assert_int_eq(passes(lives[_i].protocol, "10.77.0.1", "10.77.0.100", 0), lives[_i].pass);
	ck_assert(!passes(lives[_i].protocol, "10.77.0.1", "10.77.0.99", 0));
}
END_TEST

START_TEST(without_addresses_nothing_passes)
{
	make(0);
	ck_assert(!passes(IPPROTO_TCP, "10.77.0.1", "10.77.0.100", 0));
	ck_assert(!passes(IPPROTO_TCP, "2001:db8:77::1", "2001:db8:77::100", 0));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("conntrack/filter", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, events_of_our_addresses_pass, 0, LT_ARRAY_SIZE(events));
	tcase_add_test(tests, the_last_of_many_addresses_passes_as_the_first);
	tcase_add_test(tests, with_too_many_addresses_the_protocol_decides);
	tcase_add_loop_test(tests, only_what_peers_want_to_know_passes, 0, LT_ARRAY_SIZE(lives));
	tcase_add_test(tests, without_addresses_nothing_passes);
	return unit_run(suite);
}
