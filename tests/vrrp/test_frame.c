/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/csum.h"
#include "vrrp/frame.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static struct addr addr_of(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text, &a), 0);
	return a;
}

START_TEST(the_virtual_mac_says_family_and_vrid)
{
	struct addr_mac mac4 = vrrp_frame_virtual_mac(ADDR_IPV4, 51);
	struct addr_mac mac6 = vrrp_frame_virtual_mac(ADDR_IPV6, 255);
	char text[ADDR_MAC_TEXT_SIZE];

	ck_assert_str_eq(addr_mac_format(&mac4, text), "00:00:5e:00:01:33");
	ck_assert_str_eq(addr_mac_format(&mac6, text), "00:00:5e:00:02:ff");
}
END_TEST

START_TEST(an_ipv4_frame_is_what_the_standards_want)
{
	static const uint8_t header[] = {
		0x01, 0x00, 0x5e, 0x00, 0x00, 0x12, 0x00, 0x00, 0x5e, 0x00, 0x01, 0x33,
		0x08, 0x00, 0x45, 0xc0, 0x00, 0x18, 0x00, 0x00, 0x40, 0x00, 0xff, 0x70,
	};
	const struct addr_mac mac = vrrp_frame_virtual_mac(ADDR_IPV4, 51);
	const struct addr src = addr_of("10.0.0.1"), dst = addr_of("224.0.0.18");
	uint8_t frame[VRRP_FRAME_MAX];
	size_t size = vrrp_frame_encode(&mac, &src, &dst, "abcd", 4, frame);

	ck_assert_uint_eq(size, 14 + 20 + 4);
	ck_assert_mem_eq(frame, header, sizeof(header));
	ck_assert_uint_eq(csum_fold(csum_add(0, frame + 14, 20)), 0);
	ck_assert_mem_eq(frame + 26, src.bytes, 4);
	ck_assert_mem_eq(frame + 30, dst.bytes, 4);
	ck_assert_mem_eq(frame + 34, "abcd", 4);
}
END_TEST

START_TEST(an_ipv6_frame_is_what_the_standards_want)
{
	static const uint8_t header[] = {
		0x33, 0x33, 0x00, 0x00, 0x00, 0x12, 0x00, 0x00, 0x5e, 0x00, 0x02,
		0x33, 0x86, 0xdd, 0x6c, 0x00, 0x00, 0x00, 0x00, 0x04, 0x70, 0xff,
	};
	const struct addr_mac mac = vrrp_frame_virtual_mac(ADDR_IPV6, 51);
	const struct addr src = addr_of("fe80::1"), dst = addr_of("ff02::12");
	uint8_t frame[VRRP_FRAME_MAX];
	size_t size = vrrp_frame_encode(&mac, &src, &dst, "abcd", 4, frame);

	ck_assert_uint_eq(size, 14 + 40 + 4);
	ck_assert_mem_eq(frame, header, sizeof(header));
	ck_assert_mem_eq(frame + 22, src.bytes, 16);
	ck_assert_mem_eq(frame + 38, dst.bytes, 16);
	ck_assert_mem_eq(frame + 54, "abcd", 4);
}
END_TEST

START_TEST(the_largest_message_fits)
{
	const struct addr_mac mac = vrrp_frame_virtual_mac(ADDR_IPV6, 51);
	const struct addr src = addr_of("fe80::1"), dst = addr_of("ff02::12");
	uint8_t message[VRRP_MESSAGE_MAX] = {0}, frame[VRRP_FRAME_MAX];

	ck_assert_uint_eq(vrrp_frame_encode(&mac, &src, &dst, message, sizeof(message), frame),
	                  VRRP_FRAME_MAX);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vrrp/frame");
	TCase *tc = tcase_create("frame");
	SRunner *runner;
	int failed;

	tcase_add_test(tc, the_virtual_mac_says_family_and_vrid);
	tcase_add_test(tc, an_ipv4_frame_is_what_the_standards_want);
	tcase_add_test(tc, an_ipv6_frame_is_what_the_standards_want);
	tcase_add_test(tc, the_largest_message_fits);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
