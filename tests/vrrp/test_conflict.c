/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/conflict.h"

#include <check.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct addr addr_of(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text, &a), 0);
	return a;
}

static const struct {
	const char *addresses[6];
	const char *ranges;
} range_rows[] = {
	{{NULL}, ""},
	{{"10.0.0.1"}, "10.0.0.1-10.0.0.1"},
	{{"10.0.0.1", "10.0.0.2", "10.0.0.3"}, "10.0.0.1-10.0.0.3"},
	{{"10.0.0.1", "10.0.0.1", "10.0.0.3"}, "10.0.0.1-10.0.0.1 10.0.0.3-10.0.0.3"},
	{{"9.255.255.255", "10.0.0.0", "192.0.2.1"}, "9.255.255.255-10.0.0.0 192.0.2.1-192.0.2.1"},
	{{"0.0.0.1", "255.255.255.254"}, "0.0.0.1-0.0.0.1 255.255.255.254-255.255.255.254"},
};

START_TEST(neighbouring_addresses_become_one_range)
{
	struct addr_range ranges[VRRP_CONFLICT_RANGES_MAX];
	struct addr sorted[6];
	size_t count = 0, range_count;
	char text[512] = "", first[ADDR_TEXT_SIZE], last[ADDR_TEXT_SIZE];

	while (count < 6 && range_rows[_i].addresses[count]) {
		sorted[count] = addr_of(range_rows[_i].addresses[count]);
		count++;
	}
	range_count = vrrp_conflict_ranges(sorted, count, ranges);
	for (size_t i = 0; i < range_count; i++)
		snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s%s-%s", i ? " " : "",
		         addr_format(&ranges[i].first, first), addr_format(&ranges[i].last, last));
	ck_assert_str_eq(text, range_rows[_i].ranges);
}
END_TEST

START_TEST(too_many_ranges_are_joined_where_the_gaps_are_smallest)
{
	struct addr_range ranges[VRRP_CONFLICT_RANGES_MAX];
	struct addr sorted[100];
	size_t count;

	/* Pairs two apart (a gap of one address), the pairs 16 apart. */
	for (size_t i = 0; i < LT_ARRAY_SIZE(sorted); i++) {
		const uint8_t bytes[4] = {10, 0, (uint8_t)(i / 2 * 16 >> 8),
		                          (uint8_t)(i / 2 * 16 + i % 2 * 2)};

		sorted[i] = addr_make(ADDR_IPV4, bytes);
	}
	count = vrrp_conflict_ranges(sorted, 40, ranges);
	ck_assert_uint_eq(count, VRRP_CONFLICT_RANGES_MAX);
	count = vrrp_conflict_ranges(sorted, 100, ranges);
	ck_assert_uint_eq(count, VRRP_CONFLICT_RANGES_MAX);
	for (size_t i = 0; i < LT_ARRAY_SIZE(sorted); i++) {
		size_t holders = 0;

		for (size_t j = 0; j < count; j++)
			holders += addr_range_holds(&ranges[j], &sorted[i]);
		ck_assert_uint_eq(holders, 1);
	}
	/* No pair was cut. */
	for (size_t j = 0; j < count; j++)
		ck_assert_uint_eq(ranges[j].first.bytes[3] % 16, 0);
}
END_TEST

/* Runs the few instructions that the filter consists of, as the kernel would. */
static uint32_t run(const struct sock_filter *filter, size_t count, const uint8_t *frame,
                    size_t size, uint32_t packet_type)
{
	uint32_t a = 0;

	for (size_t pc = 0;; pc++) {
		const struct sock_filter *f = &filter[pc];

		ck_assert_uint_lt(pc, count);
		switch (f->code) {
		case BPF_LD | BPF_W | BPF_ABS:
			if (f->k == (uint32_t)(SKF_AD_OFF + SKF_AD_PKTTYPE)) {
				a = packet_type;
				break;
			}
			if (f->k + 4 > size)
				return 0;
			a = (uint32_t)frame[f->k] << 24 | (uint32_t)frame[f->k + 1] << 16 |
			    (uint32_t)frame[f->k + 2] << 8 | frame[f->k + 3];
			break;
		case BPF_LD | BPF_H | BPF_ABS:
			if (f->k + 2 > size)
				return 0;
			a = (uint32_t)frame[f->k] << 8 | frame[f->k + 1];
			break;
		case BPF_JMP | BPF_JEQ | BPF_K:
			pc += a == f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGE | BPF_K:
			pc += a >= f->k ? f->jt : f->jf;
			break;
		case BPF_JMP | BPF_JGT | BPF_K:
			pc += a > f->k ? f->jt : f->jf;
			break;
		case BPF_RET | BPF_K:
			return f->k;
		default:
			ck_abort_msg("unknown instruction %x", f->code);
		}
	}
}

static const struct {
	const char *sender;
	uint32_t packet_type;
	uint16_t protocol;
	size_t size;
	bool passes;
} filter_rows[] = {
	{"10.0.0.1", PACKET_BROADCAST, 0x0800, 42, true},
	{"10.0.0.1", PACKET_HOST, 0x0800, 60, true},
	{"10.0.0.3", PACKET_BROADCAST, 0x0800, 42, true},
	{"10.0.0.9", PACKET_BROADCAST, 0x0800, 42, true},
	{"10.0.0.0", PACKET_BROADCAST, 0x0800, 42, false},
	{"10.0.0.4", PACKET_BROADCAST, 0x0800, 42, false},
	{"10.0.0.8", PACKET_BROADCAST, 0x0800, 42, false},
	{"10.0.0.10", PACKET_BROADCAST, 0x0800, 42, false},
	{"0.0.0.0", PACKET_BROADCAST, 0x0800, 42, false}, /* a probe (RFC 5227) */
	{"10.0.0.1", PACKET_OUTGOING, 0x0800, 42, false},
	{"10.0.0.1", PACKET_BROADCAST, 0x86dd, 42, false},
	{"10.0.0.1", PACKET_BROADCAST, 0x0800, 30, false},
};

START_TEST(the_filter_passes_claims_of_others_alone)
{
	const struct addr_range ranges[] = {
		{addr_of("10.0.0.1"), addr_of("10.0.0.3")},
		{addr_of("10.0.0.9"), addr_of("10.0.0.9")},
	};
	struct sock_filter filter[VRRP_CONFLICT_FILTER_MAX];
	size_t count = vrrp_conflict_filter(ranges, LT_ARRAY_SIZE(ranges), filter);
	struct addr sender = addr_of(filter_rows[_i].sender);
	uint8_t frame[60] = {0};
	uint32_t result;

	frame[16] = (uint8_t)(filter_rows[_i].protocol >> 8);
	frame[17] = (uint8_t)filter_rows[_i].protocol;
	memcpy(frame + 28, sender.bytes, 4);
	result = run(filter, count, frame, filter_rows[_i].size, filter_rows[_i].packet_type);
	ck_assert_uint_eq(result, filter_rows[_i].passes ? 42 : 0);
}
END_TEST

START_TEST(a_filter_of_nothing_passes_nothing_and_the_largest_one_fits)
{
	struct addr_range ranges[VRRP_CONFLICT_RANGES_MAX];
	struct sock_filter filter[VRRP_CONFLICT_FILTER_MAX];
	uint8_t frame[42] = {[16] = 0x08};
	size_t count = vrrp_conflict_filter(NULL, 0, filter);

	ck_assert_uint_eq(run(filter, count, frame, sizeof(frame), PACKET_BROADCAST), 0);
	for (size_t i = 0; i < LT_ARRAY_SIZE(ranges); i++)
		ranges[i] = (struct addr_range){addr_of("10.0.0.1"), addr_of("10.0.0.1")};
	count = vrrp_conflict_filter(ranges, LT_ARRAY_SIZE(ranges), filter);
	ck_assert_uint_eq(count, VRRP_CONFLICT_FILTER_MAX);
	ck_assert_uint_eq(run(filter, count, frame, sizeof(frame), PACKET_BROADCAST), 0);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vrrp/conflict");
	TCase *tc = tcase_create("conflict");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(tc, neighbouring_addresses_become_one_range, 0,
	                    LT_ARRAY_SIZE(range_rows));
	tcase_add_test(tc, too_many_ranges_are_joined_where_the_gaps_are_smallest);
	tcase_add_loop_test(tc, the_filter_passes_claims_of_others_alone, 0,
	                    LT_ARRAY_SIZE(filter_rows));
	tcase_add_test(tc, a_filter_of_nothing_passes_nothing_and_the_largest_one_fits);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
