/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Against the wire images of draft-cassen-vrrp-auth-hmac's appendix, which keepalived agrees with.
 */
#include "vrrp/auth.h"

#include "lib/mono.h"
#include "tests/unit.h"
#include "vrrp/wire.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define AT_S 0x68000000 /* the images' time */
#define AT   (AT_S * US_PER_S)

/* Key 1 is the bytes 0 to 31. VRID 51, priority 200, 1 s, sequence 0x6800000080000000. */
static const struct image {
	const char *src;
	size_t message_size, size;
	uint8_t bytes[52];
} images[] = {
	/* one address, 192.0.2.100; the checksum is that of the message alone */
	{"198.51.100.10", 12, 40, {0x31, 0x33, 0xc8, 0x01, 0x00, 0x64, 0x44, 0x02, 0xc0, 0x00,
                                   0x02, 0x64, 0x01, 0x01, 0x00, 0x00, 0x68, 0x00, 0x00, 0x00,
                                   0x80, 0x00, 0x00, 0x00, 0x1b, 0x84, 0xbc, 0x4e, 0x8e, 0x43,
                                   0x89, 0x2d, 0xc6, 0xd9, 0x84, 0x48, 0xf8, 0xee, 0x22, 0x65}},
	/* one address, fe80::100; the checksum covers the trailer, to fe80::20 */
	{"fe80::10", 24, 52, {0x31, 0x33, 0xc8, 0x01, 0x00, 0x64, 0xa2, 0xe9, 0xfe, 0x80, 0x00,
                              0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
                              0x01, 0x00, 0x01, 0x01, 0x00, 0x00, 0x68, 0x00, 0x00, 0x00, 0x80,
                              0x00, 0x00, 0x00, 0xc8, 0xc5, 0x61, 0x46, 0xeb, 0xfd, 0x66, 0xee,
                              0x10, 0xec, 0x4d, 0x81, 0x86, 0x46, 0x1b, 0x78}},
};
#define OVER6 (&images[1])

static struct vrrp_auth_config config;
static struct vrrp_auth auth;
static struct vrrp_auth_seen seen;

static struct addr parse(const char *text)
{
	struct addr a;

	ck_assert_msg(addr_parse(text, &a) == 0, "%s", text);
	return a;
}

static struct model_router make_router(void)
{
	return (struct model_router){.advert_interval_us = US_PER_S, .auth_key_file = "/k"};
}

static struct vrrp_keys make_keys(size_t count)
{
	struct vrrp_keys keys = {.count = count};

	for (size_t i = 0; i < count; i++) {
		keys.items[i].id = (uint8_t)(i + 1);
		keys.items[i].size = 32;
		for (uint8_t j = 0; j < 32; j++)
			keys.items[i].bytes[j] = (uint8_t)(j + i);
	}
	return keys;
}

static void configure(size_t key_count, enum model_auth_mode mode, enum model_auth_replay replay)
{
	struct model_router router = make_router();
	struct vrrp_keys keys = make_keys(key_count);

	router.auth_mode = mode;
	router.auth_replay = replay;
	vrrp_auth_config_done(&config);
	config = vrrp_auth_config_make(&router, &keys);
}

static void setup(void)
{
	memset(&auth, 0, sizeof(auth));
	configure(1, MODEL_AUTH_ENFORCE, MODEL_AUTH_REPLAY_TIME);
}

static void teardown(void)
{
	vrrp_auth_config_done(&config);
}

/* MODEL_DROP_COUNT: accepted. */
#define ACCEPTED MODEL_DROP_COUNT
static enum model_vrrp_drop verify_at(int64_t wall_us, const char *src, const uint8_t *bytes,
                                      size_t message_size, size_t size)
{
	enum model_vrrp_drop drop = ACCEPTED;
	struct addr from = parse(src);
	int rc = vrrp_auth_verify(&auth, &config, wall_us, &from, bytes, message_size, size, &seen,
	                          &drop);

	ck_assert_int_eq(rc, drop == ACCEPTED ? 0 : -EBADMSG);
	return drop;
}

static enum model_vrrp_drop verify(const struct image *image, const uint8_t *bytes)
{
	return verify_at(AT, image->src, bytes, image->message_size, image->size);
}

/* A signed message from 'src' at that time: OVER6's. */
static void sign_at(int64_t wall_us, struct vrrp_auth *sender, const char *src, uint8_t bytes[52])
{
	uint64_t sequence = vrrp_auth_next(sender, &config, wall_us);
	struct addr from = parse(src);

	memcpy(bytes, OVER6->bytes, 52);
	ck_assert_int_eq(vrrp_auth_sign(&config, sequence, &from, bytes, 24, bytes + 24), 0);
}

START_TEST(images_of_the_draft_are_accepted)
{
	ck_assert_int_eq(verify(&images[_i], images[_i].bytes), ACCEPTED);
	ck_assert_uint_eq(seen.key_id, 1);
	ck_assert_int_eq(seen.skew_s, 0);
}
END_TEST

START_TEST(the_same_images_are_made)
{
	const struct image *image = &images[_i];
	uint8_t trailer[VRRP_AUTH_TRAILER_SIZE];
	struct addr src = parse(image->src);

	ck_assert_int_eq(vrrp_auth_sign(&config, UINT64_C(0x6800000080000000), &src, image->bytes,
	                                image->message_size, trailer),
	                 0);
	ck_assert_mem_eq(trailer, image->bytes + image->message_size, sizeof(trailer));
}
END_TEST

START_TEST(the_codec_makes_the_image_of_the_draft_and_reads_it)
{
	static struct vrrp_advert advert, got;
	struct vrrp_envelope envelope = {parse("fe80::10"), parse("fe80::20"), 255};
	uint8_t buf[VRRP_MESSAGE_MAX], trailer[VRRP_AUTH_TRAILER_SIZE];
	enum model_vrrp_drop drop;
	size_t size;

	advert = (struct vrrp_advert){.virtual_router_id = 51,
	                              .priority = 200,
	                              .interval_us = US_PER_S,
	                              .address_count = 1,
	                              .addresses = {parse("fe80::100")}};
	size = vrrp_wire_encode(&advert, &envelope.src, &envelope.dst, MODEL_CHECKSUM_RFC9568, buf);
	ck_assert_int_eq(vrrp_auth_sign(&config, UINT64_C(0x6800000080000000), &envelope.src, buf,
	                                size, trailer),
	                 0);
	size = vrrp_wire_append(buf, size, trailer, sizeof(trailer), &envelope.src, &envelope.dst);
	ck_assert_uint_eq(size, OVER6->size);
	ck_assert_mem_eq(buf, OVER6->bytes, size);
	ck_assert_int_eq(vrrp_wire_decode(buf, size, &envelope, &got, &drop), 0);
	ck_assert_uint_eq(got.message_size, OVER6->message_size);
}
END_TEST

START_TEST(over_ipv4_the_checksum_stays_that_of_the_message)
{
	static struct vrrp_advert advert, got;
	struct vrrp_envelope envelope = {parse("198.51.100.10"), parse("192.0.2.10"), 255};
	uint8_t buf[VRRP_MESSAGE_MAX], trailer[VRRP_AUTH_TRAILER_SIZE];
	enum model_vrrp_drop drop;
	size_t size;

	advert = (struct vrrp_advert){.virtual_router_id = 51,
	                              .priority = 200,
	                              .interval_us = US_PER_S,
	                              .address_count = 1,
	                              .addresses = {parse("192.0.2.100")}};
	size = vrrp_wire_encode(&advert, &envelope.src, &envelope.dst, MODEL_CHECKSUM_RFC9568, buf);
	ck_assert_int_eq(vrrp_auth_sign(&config, UINT64_C(0x6800000080000000), &envelope.src, buf,
	                                size, trailer),
	                 0);
	size = vrrp_wire_append(buf, size, trailer, sizeof(trailer), &envelope.src, &envelope.dst);
	ck_assert_uint_eq(size, images[0].size);
	ck_assert_mem_eq(buf, images[0].bytes, size);
	ck_assert_int_eq(vrrp_wire_decode(buf, size, &envelope, &got, &drop), 0);
	ck_assert_uint_eq(got.message_size, images[0].message_size);
}
END_TEST

static const struct {
	const char *what;
	size_t at;
	enum model_vrrp_drop drop;
} changes[] = {
	{"VRID", 1, MODEL_DROP_AUTH_BAD_SUM},
	{"priority", 2, MODEL_DROP_AUTH_BAD_SUM},
	{"interval", 5, MODEL_DROP_AUTH_BAD_SUM},
	{"checksum, which the kernel makes", 6, ACCEPTED},
	{"address", 23, MODEL_DROP_AUTH_BAD_SUM},
	{"type", 24, MODEL_DROP_AUTH_MALFORMED},
	{"key", 25, MODEL_DROP_AUTH_UNKNOWN_KEY},
	{"reserved", 26, MODEL_DROP_AUTH_MALFORMED},
	{"reserved", 27, MODEL_DROP_AUTH_MALFORMED},
	{"years", 28, MODEL_DROP_AUTH_STALE},
	{"seconds", 31, MODEL_DROP_AUTH_BAD_SUM},
	{"fraction", 32, MODEL_DROP_AUTH_BAD_SUM},
	{"counter", 35, MODEL_DROP_AUTH_BAD_SUM},
	{"sum", 36, MODEL_DROP_AUTH_BAD_SUM},
	{"sum's end", 51, MODEL_DROP_AUTH_BAD_SUM},
};

START_TEST(a_changed_byte_is_noticed)
{
	uint8_t bytes[52];

	memcpy(bytes, OVER6->bytes, sizeof(bytes));
	bytes[changes[_i].at] ^= 1;
	ck_assert_msg(verify(OVER6, bytes) == changes[_i].drop, "%s", changes[_i].what);
}
END_TEST

START_TEST(another_sender_can_not_use_it)
{
	ck_assert_int_eq(verify_at(AT, "fe80::11", OVER6->bytes, 24, 52), MODEL_DROP_AUTH_BAD_SUM);
}
END_TEST

static const struct {
	enum model_auth_mode mode;
	bool signs;
	enum model_vrrp_drop without;
} modes[] = {
	{MODEL_AUTH_ENFORCE, true, MODEL_DROP_AUTH_MISSING},
	{MODEL_AUTH_PERMISSIVE, true, ACCEPTED},
	{MODEL_AUTH_RECEIVE_ONLY, false, ACCEPTED},
};

START_TEST(modes_differ_in_what_they_send_and_forgive)
{
	uint8_t bytes[52];

	configure(1, modes[_i].mode, MODEL_AUTH_REPLAY_TIME);
	ck_assert_int_eq(vrrp_auth_signs(&config), modes[_i].signs);
	for (size_t size = 24; size < 52; size++) {
		ck_assert_int_eq(verify_at(AT, OVER6->src, OVER6->bytes, 24, size),
		                 modes[_i].without);
		ck_assert_uint_eq(seen.key_id, 0);
	}
	/* A wrong signature is never forgiven. */
	memcpy(bytes, OVER6->bytes, sizeof(bytes));
	bytes[51] ^= 1;
	ck_assert_int_eq(verify(OVER6, bytes), MODEL_DROP_AUTH_BAD_SUM);
	ck_assert_int_eq(verify(OVER6, OVER6->bytes), ACCEPTED);
}
END_TEST

START_TEST(nothing_counts_twice)
{
	uint8_t first[52], second[52], other[52];
	struct vrrp_auth sender = {0}, another = {0};

	sign_at(AT, &sender, "fe80::10", first);
	sign_at(AT, &sender, "fe80::10", second);
	sign_at(AT, &another, "fe80::11", other);
	ck_assert_int_eq(verify(OVER6, first), ACCEPTED);
	ck_assert_int_eq(verify(OVER6, first), MODEL_DROP_AUTH_REPLAY);
	ck_assert_int_eq(verify(OVER6, second), ACCEPTED);
	ck_assert_int_eq(verify(OVER6, first), MODEL_DROP_AUTH_REPLAY);
	/* Another sender counts on its own. */
	ck_assert_int_eq(verify_at(AT, "fe80::11", other, 24, 52), ACCEPTED);
	ck_assert_int_eq(verify_at(AT, "fe80::11", other, 24, 52), MODEL_DROP_AUTH_REPLAY);
}
END_TEST

static const struct {
	int skew_s;
	enum model_auth_replay replay;
	enum model_vrrp_drop drop;
} skews[] = {
	{0, MODEL_AUTH_REPLAY_TIME, ACCEPTED},
	{5, MODEL_AUTH_REPLAY_TIME, ACCEPTED},
	{-5, MODEL_AUTH_REPLAY_TIME, ACCEPTED},
	{6, MODEL_AUTH_REPLAY_TIME, MODEL_DROP_AUTH_STALE},
	{-6, MODEL_AUTH_REPLAY_TIME, MODEL_DROP_AUTH_STALE},
	{86400, MODEL_AUTH_REPLAY_TIME, MODEL_DROP_AUTH_STALE},
	{86400, MODEL_AUTH_REPLAY_MONOTONIC, ACCEPTED},
	{-86400, MODEL_AUTH_REPLAY_MONOTONIC, ACCEPTED},
};

START_TEST(clocks_may_differ_by_the_window)
{
	configure(1, MODEL_AUTH_ENFORCE, skews[_i].replay);
	ck_assert_int_eq(
		verify_at(AT + skews[_i].skew_s * US_PER_S, OVER6->src, OVER6->bytes, 24, 52),
		skews[_i].drop);
	if (skews[_i].drop == ACCEPTED)
		ck_assert_int_eq(seen.skew_s, skews[_i].skew_s);
}
END_TEST

START_TEST(the_window_is_three_intervals_and_five_seconds_at_least)
{
	struct model_router router = make_router();
	static const struct {
		int64_t interval_us;
		uint32_t given_s, window_s;
	} rows[] = {
		{100000, 0, 5},     {US_PER_S, 0, 5},   {2 * US_PER_S, 0, 6},
		{40950000, 0, 122}, {US_PER_S, 30, 30}, {US_PER_S, 1, 1},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		router.advert_interval_us = rows[i].interval_us;
		router.auth_window_s = rows[i].given_s;
		struct vrrp_auth_config made = vrrp_auth_config_make(&router, NULL);
		ck_assert_uint_eq(made.window_s, rows[i].window_s);
		ck_assert(!vrrp_auth_signs(&made)); /* without a key */
	}
}
END_TEST

START_TEST(a_sender_whose_clock_stands_or_steps_goes_on_growing)
{
	uint64_t first = vrrp_auth_next(&auth, &config, AT);

	ck_assert_uint_eq(first, (uint64_t)AT_S << 32);
	ck_assert_uint_eq(vrrp_auth_next(&auth, &config, AT), first + 1);
	ck_assert_uint_eq(vrrp_auth_next(&auth, &config, AT - 2 * US_PER_S), first + 2);
	ck_assert_uint_eq(vrrp_auth_next(&auth, &config, AT + US_PER_S / 2), first + 0x80000000);
}
END_TEST

START_TEST(a_clock_that_is_put_right_locks_nobody_out)
{
	int64_t wrong_us = AT + 3600 * US_PER_S;
	struct vrrp_auth sender = {0};
	uint8_t bytes[52];

	/* Both were an hour ahead, and are set back one after the other. */
	sign_at(wrong_us, &sender, "fe80::10", bytes);
	ck_assert_int_eq(verify_at(wrong_us, "fe80::10", bytes, 24, 52), ACCEPTED);
	sign_at(AT, &sender, "fe80::10", bytes);
	ck_assert_int_eq(verify_at(wrong_us, "fe80::10", bytes, 24, 52), MODEL_DROP_AUTH_STALE);
	ck_assert_int_eq(verify_at(AT, "fe80::10", bytes, 24, 52), ACCEPTED);
	ck_assert_int_eq(verify_at(AT, "fe80::10", bytes, 24, 52), MODEL_DROP_AUTH_REPLAY);
}
END_TEST

START_TEST(monotonic_order_has_no_way_back)
{
	struct vrrp_auth sender = {0};
	uint8_t bytes[52];

	configure(1, MODEL_AUTH_ENFORCE, MODEL_AUTH_REPLAY_MONOTONIC);
	sign_at(AT + 3600 * US_PER_S, &sender, "fe80::10", bytes);
	ck_assert_int_eq(verify(OVER6, bytes), ACCEPTED);
	ck_assert_int_eq(verify(OVER6, OVER6->bytes), MODEL_DROP_AUTH_REPLAY);
	/* The sender knows: it goes on from where it was. */
	sign_at(AT, &sender, "fe80::10", bytes);
	ck_assert_int_eq(verify(OVER6, bytes), ACCEPTED);
}
END_TEST

START_TEST(sequences_go_on_when_the_seconds_wrap)
{
	int64_t last_us = (int64_t)UINT32_MAX * US_PER_S;
	struct vrrp_auth sender = {0};
	uint8_t before[52], after[52];

	sign_at(last_us, &sender, "fe80::10", before);
	sign_at(last_us + 2 * US_PER_S, &sender, "fe80::10", after);
	ck_assert_int_eq(verify_at(last_us, "fe80::10", before, 24, 52), ACCEPTED);
	ck_assert_int_eq(verify_at(last_us + 2 * US_PER_S, "fe80::10", after, 24, 52), ACCEPTED);
	ck_assert_int_eq(verify_at(last_us + 2 * US_PER_S, "fe80::10", before, 24, 52),
	                 MODEL_DROP_AUTH_REPLAY);
}
END_TEST

START_TEST(a_forged_sequence_moves_nothing)
{
	uint8_t bytes[52];
	struct vrrp_auth sender = {0};

	sign_at(AT, &sender, "fe80::10", bytes);
	bytes[31] += 3; /* later, but not signed so */
	ck_assert_int_eq(verify(OVER6, bytes), MODEL_DROP_AUTH_BAD_SUM);
	ck_assert_uint_eq(auth.sender_count, 0);
	bytes[31] -= 3;
	ck_assert_int_eq(verify(OVER6, bytes), ACCEPTED);
}
END_TEST

START_TEST(of_too_many_senders_the_latest_are_known)
{
	struct vrrp_auth sender = {0};
	uint8_t bytes[52], first[52];
	char src[ADDR_TEXT_SIZE];

	sign_at(AT, &sender, "fe80::1:0", first);
	ck_assert_int_eq(verify_at(AT, "fe80::1:0", first, 24, 52), ACCEPTED);
	for (int i = 1; i <= VRRP_AUTH_SENDERS; i++) {
		snprintf(src, sizeof(src), "fe80::1:%x", i);
		sign_at(AT, &sender, src, bytes);
		ck_assert_int_eq(verify_at(AT, src, bytes, 24, 52), ACCEPTED);
		ck_assert_int_eq(verify_at(AT, src, bytes, 24, 52), MODEL_DROP_AUTH_REPLAY);
	}
	ck_assert_uint_eq(auth.sender_count, VRRP_AUTH_SENDERS);
	ck_assert_int_eq(verify_at(AT, "fe80::1:0", first, 24, 52), ACCEPTED); /* was forgotten */
}
END_TEST

START_TEST(keys_are_changed_without_a_break)
{
	/* Each step on one node after the other: whoever has which file, they understand each
	 * other. Files: {1}, {1, 2}, {2, 1}, {2}. */
	struct model_router router = make_router();
	struct vrrp_keys both = make_keys(2), files[4];
	struct vrrp_auth_config nodes[4];

	files[0] = make_keys(1);
	files[1] = both;
	files[2] = (struct vrrp_keys){.items = {both.items[1], both.items[0]}, .count = 2};
	files[3] = (struct vrrp_keys){.items = {both.items[1]}, .count = 1};
	for (size_t i = 0; i < 4; i++)
		nodes[i] = vrrp_auth_config_make(&router, &files[i]);
	for (size_t i = 0; i < 4; i++) {
		for (size_t j = 0; j < 4; j++) {
			struct vrrp_auth fresh = {0}, sender = {0};
			struct addr src = parse("fe80::10");
			enum model_vrrp_drop drop = ACCEPTED;
			uint8_t bytes[52];

			memcpy(bytes, OVER6->bytes, sizeof(bytes));
			ck_assert_int_eq(vrrp_auth_sign(&nodes[i],
			                                vrrp_auth_next(&sender, &nodes[i], AT),
			                                &src, bytes, 24, bytes + 24),
			                 0);
			int rc = vrrp_auth_verify(&fresh, &nodes[j], AT, &src, bytes, 24, 52, &seen,
			                          &drop);
			bool neighbours = i == j || i + 1 == j || j + 1 == i;
			if (neighbours)
				ck_assert_msg(rc == 0, "file %zu to file %zu", i, j);
			else if (j == 3 && i < 2) /* far apart: refused, and why is said */
				ck_assert_int_eq(drop, MODEL_DROP_AUTH_UNKNOWN_KEY);
		}
	}
	for (size_t i = 0; i < 4; i++) {
		ck_assert(vrrp_auth_config_equal(&nodes[i], &nodes[i]));
		ck_assert(i == 0 || !vrrp_auth_config_equal(&nodes[i], &nodes[i - 1]));
		vrrp_auth_config_done(&nodes[i]);
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("vrrp_auth", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, images_of_the_draft_are_accepted, 0, LT_ARRAY_SIZE(images));
	tcase_add_loop_test(tests, the_same_images_are_made, 0, LT_ARRAY_SIZE(images));
	tcase_add_test(tests, the_codec_makes_the_image_of_the_draft_and_reads_it);
	tcase_add_test(tests, over_ipv4_the_checksum_stays_that_of_the_message);
	tcase_add_loop_test(tests, a_changed_byte_is_noticed, 0, LT_ARRAY_SIZE(changes));
	tcase_add_test(tests, another_sender_can_not_use_it);
	tcase_add_loop_test(tests, modes_differ_in_what_they_send_and_forgive, 0,
	                    LT_ARRAY_SIZE(modes));
	tcase_add_test(tests, nothing_counts_twice);
	tcase_add_loop_test(tests, clocks_may_differ_by_the_window, 0, LT_ARRAY_SIZE(skews));
	tcase_add_test(tests, the_window_is_three_intervals_and_five_seconds_at_least);
	tcase_add_test(tests, a_sender_whose_clock_stands_or_steps_goes_on_growing);
	tcase_add_test(tests, a_clock_that_is_put_right_locks_nobody_out);
	tcase_add_test(tests, monotonic_order_has_no_way_back);
	tcase_add_test(tests, sequences_go_on_when_the_seconds_wrap);
	tcase_add_test(tests, a_forged_sequence_moves_nothing);
	tcase_add_test(tests, of_too_many_senders_the_latest_are_known);
	tcase_add_test(tests, keys_are_changed_without_a_break);
	return unit_run(suite);
}
