/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/wire.h"

#include "tests/vrrp/frames.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static struct addr parse(const char *text)
{
	struct addr a;

	ck_assert_msg(addr_parse(text, &a) == 0, "%s", text);
	return a;
}

static struct vrrp_envelope envelope(const char *src, const char *dst)
{
	return (struct vrrp_envelope){.src = parse(src), .dst = parse(dst), .ttl = 255};
}

/* ---- vectors: what others put on the wire, and what we do */

static const struct vector {
	const char *hex, *src, *dst;
	const char *addresses[3];
	uint8_t vrid, priority;
	int64_t interval_us;
	bool pseudo_header;
	bool ours; /* we'd encode the same bytes */
} vectors[] = {
	{"31339602 0032 3920 0a090064 0a090065",
         "10.9.0.1",
         "224.0.0.18",
         {"10.9.0.100", "10.9.0.101"},
         51,
         150,
         500000,
         true,
         true},
	{"31339602 0032 23bd 0a090064 0a090065",
         "10.9.0.1",
         "224.0.0.18",
         {"10.9.0.100", "10.9.0.101"},
         51,
         150,
         500000,
         false,
         true},
	{"31016401 0064 05fe c0000201",
         "192.0.2.10",
         "224.0.0.18",
         {"192.0.2.1"},
         1,
         100,
         1000000,
         true,
         true},
	{"31016401 0064 2405 c0000201",
         "192.0.2.10",
         "192.0.2.11",
         {"192.0.2.1"},
         1,
         100,
         1000000,
         true,
         true},
	{"31016401 0064 a897 c0000201",
         "192.0.2.10",
         "192.0.2.11",
         {"192.0.2.1"},
         1,
         100,
         1000000,
         false,
         true},
	/* To a peer, but with the group in the pseudo-header. */
	{"31016401 0064 05fe c0000201",
         "192.0.2.10",
         "192.0.2.11",
         {"192.0.2.1"},
         1,
         100,
         1000000,
         true,
         false},
	{"31349602 0064 0ced fe800000000000000000000000050001 20010db8000900000000000000000100",
         "fe80::1",
         "ff02::12",
         {"fe80::5:1", "2001:db8:9::100"},
         52,
         150,
         1000000,
         true,
         true},
};

START_TEST(known_messages_decode)
{
	const struct vector *v = &vectors[_i];
	struct vrrp_envelope env = envelope(v->src, v->dst);
	uint8_t bytes[64];
	size_t size = frames_unhex(v->hex, bytes, sizeof(bytes)), count = 0;
	enum model_vrrp_drop drop;
	struct vrrp_advert advert;

	ck_assert_int_eq(vrrp_wire_decode(bytes, size, &env, &advert, &drop), 0);
	ck_assert_uint_eq(advert.virtual_router_id, v->vrid);
	ck_assert_uint_eq(advert.priority, v->priority);
	ck_assert_int_eq(advert.interval_us, v->interval_us);
	ck_assert_int_eq(advert.pseudo_header, v->pseudo_header);
	for (; count < 3 && v->addresses[count]; count++) {
		struct addr wanted = parse(v->addresses[count]);
		ck_assert(addr_equal(&advert.addresses[count], &wanted));
	}
	ck_assert_uint_eq(advert.address_count, count);
}
END_TEST

START_TEST(known_messages_are_encoded_byte_for_byte)
{
	const struct vector *v = &vectors[_i];
	struct vrrp_envelope env = envelope(v->src, v->dst);
	uint8_t wanted[64], bytes[VRRP_MESSAGE_MAX];
	size_t size = frames_unhex(v->hex, wanted, sizeof(wanted));
	struct vrrp_advert advert = {.virtual_router_id = v->vrid,
	                             .priority = v->priority,
	                             .interval_us = v->interval_us};

	while (advert.address_count < 3 && v->addresses[advert.address_count]) {
		advert.addresses[advert.address_count] = parse(v->addresses[advert.address_count]);
		advert.address_count++;
	}
	enum model_checksum form = v->pseudo_header ? MODEL_CHECKSUM_PSEUDO_HEADER
	                                            : MODEL_CHECKSUM_RFC9568;
	ck_assert_uint_eq(vrrp_wire_encode(&advert, &env.src, &env.dst, form, bytes), size);
	ck_assert_int_eq(memcmp(bytes, wanted, size) == 0, v->ours);
}
END_TEST

/* ---- captured frames */

#define KEEPALIVED "keepalived-2.2.7.txt"
#define FRR        "frr-8.4.4.txt"

static const struct capture {
	const char *file, *name;
	uint8_t vrid, priority, count;
	int64_t interval_us;
	const char *src, *first;
} captures[] = {
	{KEEPALIVED, "ipv4-multicast", 51, 150, 2, 500000, "10.9.0.1", "10.9.0.100"},
	{KEEPALIVED, "ipv4-multicast-resign", 51, 0, 2, 500000, "10.9.0.1", "10.9.0.100"},
	{KEEPALIVED, "ipv4-unicast", 51, 150, 2, 500000, "10.9.0.1", "10.9.0.100"},
	{KEEPALIVED, "ipv4-unicast-resign", 51, 0, 2, 500000, "10.9.0.1", "10.9.0.100"},
	{KEEPALIVED, "ipv6-multicast", 52, 150, 2, 1000000, "fe80::ff:fe00:1", "fe80::5:1"},
	{KEEPALIVED, "ipv6-multicast-resign", 52, 0, 2, 1000000, "fe80::ff:fe00:1", "fe80::5:1"},
	{FRR, "ipv4-multicast", 5, 120, 1, 500000, "10.9.0.1", "10.9.0.100"},
	{FRR, "ipv6-multicast", 5, 120, 1, 500000, "fe80::200:5eff:fe00:205", "2001:db8:9::100"},
};

START_TEST(captured_frames_decode)
{
	const struct capture *c = &captures[_i];
	struct frame frame = frames_read(c->file, c->name);
	struct vrrp_envelope env;
	struct vrrp_advert advert;
	enum model_vrrp_drop drop;
	size_t size;
	const uint8_t *message = frames_vrrp(&frame, &size, &env);
	struct addr src = parse(c->src), first = parse(c->first);

	ck_assert_int_eq(vrrp_wire_decode(message, size, &env, &advert, &drop), 0);
	ck_assert_uint_eq(advert.virtual_router_id, c->vrid);
	ck_assert_uint_eq(advert.priority, c->priority);
	ck_assert_uint_eq(advert.address_count, c->count);
	ck_assert_int_eq(advert.interval_us, c->interval_us);
	ck_assert(advert.pseudo_header);
	ck_assert(addr_equal(&env.src, &src));
	ck_assert(addr_equal(&advert.addresses[0], &first));
}
END_TEST

START_TEST(captured_frame_with_hop_limit_64_is_dropped)
{
	struct frame frame = frames_read(KEEPALIVED, "ipv6-unicast");
	struct vrrp_envelope env;
	struct vrrp_advert advert;
	enum model_vrrp_drop drop = MODEL_DROP_COUNT;
	size_t size;
	const uint8_t *message = frames_vrrp(&frame, &size, &env);

	ck_assert_int_eq(vrrp_wire_decode(message, size, &env, &advert, &drop), -EBADMSG);
	ck_assert_int_eq(drop, MODEL_DROP_TTL);
	env.ttl = 255;
	ck_assert_int_eq(vrrp_wire_decode(message, size, &env, &advert, &drop), 0);
}
END_TEST

/* ---- drop reasons, and their order */

static const struct bad {
	const char *name, *hex;
	uint8_t ttl;
	enum model_vrrp_drop drop;
} bads[] = {
	{"a routed packet", "31339602 0032 3920 0a090064 0a090065", 254, MODEL_DROP_TTL},
	{"TTL before version", "21339602 0032 3920 0a090064 0a090065", 64, MODEL_DROP_TTL},
	{"VRRP version 2", "21339602 0001 3920 0a090064 0a090065", 255, MODEL_DROP_VERSION},
	{"version before type", "42339602 0032 3920 0a090064 0a090065", 255, MODEL_DROP_VERSION},
	{"version of one byte", "21", 255, MODEL_DROP_VERSION},
	{"type 2", "32339602 0032 3920 0a090064 0a090065", 255, MODEL_DROP_TYPE},
	{"type before length", "3233", 255, MODEL_DROP_TYPE},
	{"nothing", "", 255, MODEL_DROP_LENGTH},
	{"seven bytes", "31339602 0032 39", 255, MODEL_DROP_LENGTH},
	{"one address short", "31339602 0032 3920 0a090064", 255, MODEL_DROP_LENGTH},
	{"one byte short", "31339602 0032 3920 0a090064 0a0900", 255, MODEL_DROP_LENGTH},
	{"length before checksum", "31339602 0032 0000 0a090064 0a0900", 255, MODEL_DROP_LENGTH},
	{"one bit of the checksum", "31339602 0032 3921 0a090064 0a090065", 255,
         MODEL_DROP_CHECKSUM},
	{"one bit of an address", "31339602 0032 3920 0a090064 0a090064", 255, MODEL_DROP_CHECKSUM},
	{"checksum before VRID", "31009602 0032 3920 0a090064 0a090065", 255, MODEL_DROP_CHECKSUM},
	{"VRID 0", "31009602 0032 23f0 0a090064 0a090065", 255, MODEL_DROP_VRID},
	{"no addresses (erratum 8299)", "31339600 0032 389a", 255, MODEL_DROP_ADDRESS_COUNT},
	{"interval 0 (erratum 8301)", "31339602 0000 23ef 0a090064 0a090065", 255,
         MODEL_DROP_INTERVAL},
	{"interval 0 but for reserved bits", "31339602 f000 33ee 0a090064 0a090065", 255,
         MODEL_DROP_INTERVAL},
};

START_TEST(bad_message_is_dropped_for_the_first_reason)
{
	const struct bad *b = &bads[_i];
	struct vrrp_envelope env = envelope("10.9.0.1", "224.0.0.18");
	uint8_t bytes[64];
	struct vrrp_advert advert, untouched;
	enum model_vrrp_drop drop = MODEL_DROP_COUNT;

	memset(&advert, 0x5a, sizeof(advert));
	memset(&untouched, 0x5a, sizeof(untouched));
	env.ttl = b->ttl;
	size_t size = frames_unhex(b->hex, bytes, sizeof(bytes));
	ck_assert_int_eq(vrrp_wire_decode(bytes, size, &env, &advert, &drop), -EBADMSG);
	ck_assert_msg(drop == b->drop, "%s: dropped for %s", b->name, model_vrrp_drop_name(drop));
	ck_assert_msg(memcmp(&advert, &untouched, sizeof(advert)) == 0, "%s", b->name);
}
END_TEST

START_TEST(reserved_bits_and_trailing_bytes_are_no_reason_to_drop)
{
	static const char *const rows[] = {
		/* reserved nibble set, in the checksum */
		"31339602 f032 33bc 0a090064 0a090065",
		/* padding that is not in the checksum */
		"31339602 0032 23bd 0a090064 0a090065 000000000001",
		/* a trailer that is */
		"31339602 0032 23bc 0a090064 0a090065 0001",
		/* an odd one */
		"31339602 0032 22bd 0a090064 0a090065 01",
	};
	struct vrrp_envelope env = envelope("10.9.0.1", "224.0.0.18");
	struct vrrp_advert advert;
	enum model_vrrp_drop drop;
	uint8_t bytes[64];

	size_t size = frames_unhex(rows[_i], bytes, sizeof(bytes));
	ck_assert_int_eq(vrrp_wire_decode(bytes, size, &env, &advert, &drop), 0);
	ck_assert_uint_eq(advert.address_count, 2);
	ck_assert_int_eq(advert.interval_us, 500000);
}
END_TEST

START_TEST(ipv6_is_never_without_pseudo_header)
{
	struct vrrp_envelope env = envelope("fe80::1", "ff02::12");
	struct vrrp_advert advert = {.virtual_router_id = 1,
	                             .priority = 1,
	                             .interval_us = 10000,
	                             .address_count = 1,
	                             .addresses = {parse("fe80::9")}};
	uint8_t bytes[VRRP_MESSAGE_MAX];
	enum model_vrrp_drop drop = MODEL_DROP_COUNT;

	size_t size = vrrp_wire_encode(&advert, &env.src, &env.dst, MODEL_CHECKSUM_RFC9568, bytes);
	ck_assert_int_eq(vrrp_wire_decode(bytes, size, &env, &advert, &drop), 0);
	ck_assert(advert.pseudo_header);
	env.src = parse("fe80::2");
	ck_assert_int_eq(vrrp_wire_decode(bytes, size, &env, &advert, &drop), -EBADMSG);
	ck_assert_int_eq(drop, MODEL_DROP_CHECKSUM);
}
END_TEST

/* ---- laws */

START_TEST(what_is_encoded_decodes_to_the_same)
{
	unsigned seed = (unsigned)_i + 1;
	enum addr_family family = _i % 2 ? ADDR_IPV6 : ADDR_IPV4;
	static struct vrrp_advert advert, again;
	static uint8_t bytes[VRRP_MESSAGE_MAX];
	struct vrrp_envelope env = {.ttl = 255};
	uint8_t raw[16];
	enum model_vrrp_drop drop;

	advert.virtual_router_id = (uint8_t)(1 + rand_r(&seed) % 255);
	advert.priority = (uint8_t)rand_r(&seed);
	advert.interval_us = (1 + rand_r(&seed) % 4095) * (int64_t)VRRP_INTERVAL_STEP_US;
	/* The longest of each family too. */
	advert.address_count = _i < 2 ? 255 : (uint8_t)(1 + rand_r(&seed) % 255);
	for (int i = -2; i < advert.address_count; i++) {
		for (size_t j = 0; j < sizeof(raw); j++)
			raw[j] = (uint8_t)rand_r(&seed);
		struct addr a = addr_make(family, raw);
		*(i == -2 ? &env.src : i == -1 ? &env.dst : &advert.addresses[i]) = a;
	}
	enum model_checksum form = _i % 3 ? MODEL_CHECKSUM_PSEUDO_HEADER : MODEL_CHECKSUM_RFC9568;
	size_t size = vrrp_wire_encode(&advert, &env.src, &env.dst, form, bytes);
	ck_assert_uint_eq(size, 8 + advert.address_count * addr_size(&env.src));
	ck_assert_int_eq(vrrp_wire_decode(bytes, size, &env, &again, &drop), 0);
	ck_assert_uint_eq(again.virtual_router_id, advert.virtual_router_id);
	ck_assert_uint_eq(again.priority, advert.priority);
	ck_assert_int_eq(again.interval_us, advert.interval_us);
	ck_assert_uint_eq(again.address_count, advert.address_count);
	ck_assert_int_eq(again.pseudo_header, family == ADDR_IPV6 || _i % 3);
	for (size_t i = 0; i < advert.address_count; i++)
		ck_assert(addr_equal(&again.addresses[i], &advert.addresses[i]));
}
END_TEST

START_TEST(interval_outside_the_field_is_held_to_its_ends)
{
	static const struct {
		int64_t interval_us, decoded_us;
	} rows[] = {{0, 10000},
	            {9999, 10000},
	            {19999, 10000},
	            {40950000, 40950000},
	            {50000000, 40950000}};
	struct vrrp_envelope env = envelope("10.9.0.1", "224.0.0.18");
	struct vrrp_advert advert = {.virtual_router_id = 1,
	                             .priority = 1,
	                             .interval_us = rows[_i].interval_us,
	                             .address_count = 1,
	                             .addresses = {parse("10.9.0.100")}};
	uint8_t bytes[VRRP_MESSAGE_MAX];
	enum model_vrrp_drop drop;

	size_t size = vrrp_wire_encode(&advert, &env.src, &env.dst, MODEL_CHECKSUM_RFC9568, bytes);
	ck_assert_int_eq(vrrp_wire_decode(bytes, size, &env, &advert, &drop), 0);
	ck_assert_int_eq(advert.interval_us, rows[_i].decoded_us);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("vrrp_wire");
	TCase *tc = tcase_create("wire");

	tcase_add_loop_test(tc, known_messages_decode, 0, LT_ARRAY_SIZE(vectors));
	tcase_add_loop_test(tc, known_messages_are_encoded_byte_for_byte, 0,
	                    LT_ARRAY_SIZE(vectors));
	tcase_add_loop_test(tc, captured_frames_decode, 0, LT_ARRAY_SIZE(captures));
	tcase_add_test(tc, captured_frame_with_hop_limit_64_is_dropped);
	tcase_add_loop_test(tc, bad_message_is_dropped_for_the_first_reason, 0,
	                    LT_ARRAY_SIZE(bads));
	tcase_add_loop_test(tc, reserved_bits_and_trailing_bytes_are_no_reason_to_drop, 0, 4);
	tcase_add_test(tc, ipv6_is_never_without_pseudo_header);
	tcase_add_loop_test(tc, what_is_encoded_decodes_to_the_same, 0, 60);
	tcase_add_loop_test(tc, interval_outside_the_field_is_held_to_its_ends, 0, 5);
	suite_add_tcase(suite, tc);

	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
