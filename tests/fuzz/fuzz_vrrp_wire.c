/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What anybody on the LAN may send: vrrp/wire.c, vrrp/receive.c, and the state machine behind them.
 *
 * The first byte: 4 or 6 in its low bits chooses the family, the others where the machine is;
 * the second: TTL; then source and destination, then the message, which is tried as it is and again
 * with a right checksum.
 * Laws: what decodes can be encoded and decodes to the same; a drop leaves the advertisement alone
 * and has a name; the machine's books are kept; what is signed with our key counts once, and what
 * is not never. */
#include "vrrp/auth.h"
#include "vrrp/fsm.h"
#include "vrrp/receive.h"
#include "vrrp/wire.h"

#include "lib/csum.h"
#include "lib/mono.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
	if (!condition)
		abort();
}

static void check_round_trip(const struct vrrp_advert *advert, const struct vrrp_envelope *envelope)
{
	static uint8_t bytes[VRRP_MESSAGE_MAX];
	static struct vrrp_advert again;
	enum model_vrrp_drop drop;
	enum model_checksum form = advert->pseudo_header ? MODEL_CHECKSUM_PSEUDO_HEADER
	                                                 : MODEL_CHECKSUM_RFC9568;

	size_t size = vrrp_wire_encode(advert, &envelope->src, &envelope->dst, form, bytes);
	require(vrrp_wire_decode(bytes, size, envelope, &again, &drop) == 0);
	require(again.virtual_router_id == advert->virtual_router_id);
	require(again.priority == advert->priority);
	require(again.interval_us == advert->interval_us);
	require(again.address_count == advert->address_count);
	for (size_t i = 0; i < again.address_count; i++)
		require(addr_equal(&again.addresses[i], &advert->addresses[i]));
}

static void check_judge(const struct vrrp_advert *advert, const struct vrrp_envelope *envelope)
{
	const struct addr ours4 = addr_make(ADDR_IPV4, (const uint8_t[]){10, 9, 0, 100});
	const struct addr ours6 = addr_make(ADDR_IPV6, (const uint8_t[16]){0xfe, 0x80, [15] = 1});
	const struct vrrp_router_config router = {
		.virtual_router_id = advert->virtual_router_id,
		.priority = 255,
		.advertised4 = &ours4,
		.advertised4_count = 1,
		.advertised6 = &ours6,
		.advertised6_count = 1,
	};
	struct vrrp_verdict verdict = vrrp_receive_judge(&router, &ours4, 1, envelope, advert);

	require(verdict.accepted || verdict.drop < MODEL_DROP_COUNT);
}

static void check_machine(const struct vrrp_advert *advert, const struct vrrp_envelope *envelope,
                          unsigned place)
{
	struct vrrp_fsm_params params = {.priority = (uint8_t)(place % 2 ? 100 : 255),
	                                 .advert_interval_us = US_PER_S,
	                                 .preempt = place % 4 < 2,
	                                 .sources[0].local4 =
	                                         addr_make(ADDR_IPV4, (uint8_t[]){10, 9, 0, 2})};
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm fsm;

	vrrp_fsm_init(&fsm, &params, 0);
	vrrp_fsm_startup(&fsm, 0, place % 8 < 4, &effects);
	if (place % 3 == 0)
		vrrp_fsm_expired(&fsm, 10 * US_PER_S, &effects);
	for (int64_t now_us = 11 * US_PER_S; now_us < 20 * US_PER_S; now_us += US_PER_S / 3) {
		effects.count = 0;
		vrrp_fsm_advert(&fsm, now_us, 0, &envelope->src, advert, &effects);
		require(vrrp_fsm_deadline(&fsm) != TIME_NEVER);
		require(vrrp_fsm_deadline(&fsm) > 0);
		effects.count = 0;
		vrrp_fsm_expired(&fsm, now_us, &effects);
	}
}

/* A trailer of anybody's is refused or, where that is allowed, absent; one of ours counts once. */
static void check_auth(const uint8_t *message, size_t size, const struct vrrp_advert *advert,
                       const struct vrrp_envelope *envelope, unsigned place)
{
	static uint8_t signed_message[VRRP_MESSAGE_MAX];
	static const uint8_t key[32] = {1};
	struct vrrp_auth_config config = {.wanted = true,
	                                  .mode = (enum model_auth_mode)(place % 3),
	                                  .replay = (enum model_auth_replay)(place / 3 % 2),
	                                  .window_s = 5,
	                                  .key_count = 1};
	int64_t now_us = INT64_C(1700000000) * US_PER_S;
	struct vrrp_auth_seen seen;
	static struct vrrp_auth auth;
	enum model_vrrp_drop drop = MODEL_DROP_COUNT;
	size_t signed_size = advert->message_size + VRRP_AUTH_TRAILER_SIZE;

	require(advert->message_size <= size);
	memset(&auth, 0, sizeof(auth));
	config.keys[0].id = (uint8_t)(place + 1);
	config.keys[0].hmac = hmac_new(key, sizeof(key));
	if (vrrp_auth_verify(&auth, &config, now_us, &envelope->src, message, advert->message_size,
	                     size, &seen, &drop) == 0)
		require(seen.key_id == 0 && config.mode != MODEL_AUTH_ENFORCE);
	else
		require(drop >= MODEL_DROP_AUTH_MISSING && drop < MODEL_DROP_COUNT);
	require(auth.sender_count == 0);
	memcpy(signed_message, message, advert->message_size);
	require(vrrp_auth_sign(&config, vrrp_auth_next(&auth, &config, now_us), &envelope->src,
	                       message, advert->message_size,
	                       signed_message + advert->message_size) == 0);
	require(vrrp_auth_verify(&auth, &config, now_us, &envelope->src, signed_message,
	                         advert->message_size, signed_size, &seen, &drop) == 0);
	require(vrrp_auth_verify(&auth, &config, now_us, &envelope->src, signed_message,
	                         advert->message_size, signed_size, &seen, &drop) < 0);
	require(drop == MODEL_DROP_AUTH_REPLAY);
	vrrp_auth_config_done(&config);
}

static void try_message(const uint8_t *message, size_t size, const struct vrrp_envelope *envelope,
                        unsigned place)
{
	static struct vrrp_advert advert, untouched;
	enum model_vrrp_drop drop = MODEL_DROP_COUNT;

	memset(&advert, 0x5a, sizeof(advert));
	memset(&untouched, 0x5a, sizeof(untouched));
	if (vrrp_wire_decode(message, size, envelope, &advert, &drop) < 0) {
		require(drop < MODEL_DROP_COUNT && model_vrrp_drop_name(drop)[0] != '\0');
		require(memcmp(&advert, &untouched, sizeof(advert)) == 0);
		return;
	}
	require(drop == MODEL_DROP_COUNT);
	require(advert.address_count > 0 && advert.virtual_router_id > 0);
	require(advert.interval_us >= VRRP_INTERVAL_STEP_US);
	require(advert.interval_us <= 4095 * (int64_t)VRRP_INTERVAL_STEP_US);
	check_round_trip(&advert, envelope);
	check_judge(&advert, envelope);
	check_auth(message, size, &advert, envelope, place);
	check_machine(&advert, envelope, place);
}

/* The checksum with a pseudo-header over all of it. */
static void make_right(uint8_t *message, size_t size, const struct vrrp_envelope *envelope)
{
	uint32_t sum =
		csum_add_pseudo(0, &envelope->src, &envelope->dst, VRRP_PROTOCOL, (uint32_t)size);

	message[6] = message[7] = 0;
	uint16_t checksum = csum_fold(csum_add(sum, message, size));
	message[6] = (uint8_t)(checksum >> 8);
	message[7] = (uint8_t)checksum;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vrrp_envelope envelope;

	if (size < 2)
		return 0;
	enum addr_family family = data[0] & 2 ? ADDR_IPV6 : ADDR_IPV4;
	size_t address_size = family == ADDR_IPV6 ? 16 : 4;
	if (size < 2 + 2 * address_size)
		return 0;
	envelope.ttl = data[1];
	envelope.src = addr_make(family, data + 2);
	envelope.dst = addr_make(family, data + 2 + address_size);

	/* A copy of its own size: a byte too far is seen. */
	size_t message_size = size - 2 - 2 * address_size;
	uint8_t *message = malloc(message_size ? message_size : 1);
	require(message != NULL);
	memcpy(message, data + size - message_size, message_size);
	try_message(message, message_size, &envelope, data[0] >> 3);
	/* A checksum is seldom hit by chance. */
	if (message_size >= 8 && message_size < 65536) {
		make_right(message, message_size, &envelope);
		try_message(message, message_size, &envelope, data[0] >> 3);
	}
	free(message);
	return 0;
}
