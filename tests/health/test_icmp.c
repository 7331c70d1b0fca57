/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/icmp.h"

#include "lib/csum.h"
#include "tests/unit.h"

#include <string.h>

static const struct health_icmp_echo echo = {0x1234, 0x0102, UINT64_C(0x1122334455667788)};

static bool same(const struct health_icmp_echo *a, const struct health_icmp_echo *b)
{
	return a->id == b->id && a->sequence == b->sequence && a->nonce == b->nonce;
}

START_TEST(a_request_is_as_the_standard_has_it)
{
	uint8_t request[HEALTH_ICMP_REQUEST_SIZE];

	health_icmp_encode(request, ADDR_IPV4, &echo);
	ck_assert_uint_eq(request[0], 8);
	ck_assert_uint_eq(request[1], 0);
	ck_assert_uint_eq(csum_fold(csum_add(0, request, sizeof(request))), 0);
	ck_assert_mem_eq(request + 4, "\x12\x34\x01\x02\x11\x22\x33\x44\x55\x66\x77\x88", 12);
	health_icmp_encode(request, ADDR_IPV6, &echo);
	ck_assert_mem_eq(request, "\x80\0\0\0\x12\x34\x01\x02", 8);
}
END_TEST

START_TEST(a_reply_is_read_and_nothing_shorter)
{
	static const enum addr_family families[] = {ADDR_IPV4, ADDR_IPV6};

	for (size_t i = 0; i < LT_ARRAY_SIZE(families); i++) {
		uint8_t reply[HEALTH_ICMP_REQUEST_SIZE];
		struct health_icmp_message message;

		health_icmp_encode(reply, families[i], &echo);
		ck_assert_int_eq(health_icmp_decode(families[i], reply, sizeof(reply)).kind,
		                 HEALTH_ICMP_OTHER); /* a request */
		reply[0] = families[i] == ADDR_IPV4 ? 0 : 129;
		message = health_icmp_decode(families[i], reply, sizeof(reply));
		ck_assert_int_eq(message.kind, HEALTH_ICMP_REPLY);
		ck_assert(message.has_nonce && same(&message.echo, &echo));
		for (size_t size = 0; size < sizeof(reply); size++)
			ck_assert_int_eq(health_icmp_decode(families[i], reply, size).kind,
			                 HEALTH_ICMP_OTHER);
	}
}
END_TEST

/* An error message about our request to a server; returns its size. */
static size_t make_error(enum addr_family family, const struct addr *server, uint8_t *to)
{
	size_t header_size = family == ADDR_IPV4 ? 24 : 40; /* IPv4 with an option */

	memset(to, 0, 8 + header_size);
	to[0] = family == ADDR_IPV4 ? 3 : 1;
	if (family == ADDR_IPV4) {
		to[8] = 0x46;
		to[8 + 9] = 1;
		memcpy(to + 8 + 16, server->bytes, 4);
	} else {
		to[8] = 0x60;
		to[8 + 6] = 58;
		memcpy(to + 8 + 24, server->bytes, 16);
	}
	health_icmp_encode(to + 8 + header_size, family, &echo);
	return 8 + header_size + HEALTH_ICMP_REQUEST_SIZE;
}

START_TEST(an_error_says_whom_it_is_about)
{
	static const char *const servers[] = {"10.78.0.21", "2001:db8::21"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(servers); i++) {
		struct health_icmp_message message;
		struct addr server;
		uint8_t error[100];
		size_t size;

		ck_assert_int_eq(addr_parse(servers[i], &server), 0);
		size = make_error(server.family, &server, error);
		message = health_icmp_decode(server.family, error, size);
		ck_assert_int_eq(message.kind, HEALTH_ICMP_UNREACHABLE);
		ck_assert(addr_equal(&message.target, &server));
		ck_assert(message.has_nonce && same(&message.echo, &echo));
		/* Routers need not send more than the first eight bytes. */
		message = health_icmp_decode(server.family, error, size - 8);
		ck_assert_int_eq(message.kind, HEALTH_ICMP_UNREACHABLE);
		ck_assert(!message.has_nonce && message.echo.sequence == echo.sequence);
		for (size_t cut = 0; cut < size - 8; cut++)
			ck_assert_int_eq(health_icmp_decode(server.family, error, cut).kind,
			                 HEALTH_ICMP_OTHER);
		/* About something else that we sent. */
		error[8 + (server.family == ADDR_IPV4 ? 9 : 6)] = 17;
		ck_assert_int_eq(health_icmp_decode(server.family, error, size).kind,
		                 HEALTH_ICMP_OTHER);
	}
}
END_TEST

START_TEST(the_header_before_is_skipped)
{
	uint8_t packet[60] = {0x45};

	ck_assert_uint_eq(health_icmp_skip(packet, sizeof(packet)), 20);
	packet[0] = 0x4f;
	ck_assert_uint_eq(health_icmp_skip(packet, sizeof(packet)), 60);
	ck_assert_uint_eq(health_icmp_skip(packet, 59), 59);
	packet[0] = 0x44;
	ck_assert_uint_eq(health_icmp_skip(packet, sizeof(packet)), sizeof(packet));
	packet[0] = 0x65;
	ck_assert_uint_eq(health_icmp_skip(packet, sizeof(packet)), sizeof(packet));
	ck_assert_uint_eq(health_icmp_skip(packet, 0), 0);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/icmp", &tests);

	tcase_add_test(tests, a_request_is_as_the_standard_has_it);
	tcase_add_test(tests, a_reply_is_read_and_nothing_shorter);
	tcase_add_test(tests, an_error_says_whom_it_is_about);
	tcase_add_test(tests, the_header_before_is_skipped);
	return unit_run(suite);
}
