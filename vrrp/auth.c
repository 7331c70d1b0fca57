/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/auth.h"

#include "lib/mono.h"
#include "lib/wire.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

#define TYPE_HMAC_SHA256 1
#define VRRP_VERSION     3
#define PSEUDO_SIZE      20
#define PREFIX_SIZE      12 /* of the trailer: what stands before the sum */
#define SUM_SIZE         16 /* of HMAC-SHA-256's 32 bytes */
#define CHECKSUM_AT      6  /* in the message */
#define WINDOW_MIN_S     5
#define WINDOW_MAX_S     300

static_assert(PREFIX_SIZE + SUM_SIZE == VRRP_AUTH_TRAILER_SIZE, "the trailer is its parts");

/* --- what is configured --- */

/* So long as not even three advertisements of a late sender are lost for its clock. */
static uint32_t derive_window(const struct model_router *router)
{
	int64_t window_s = 3 * router->advert_interval_us / US_PER_S;

	if (router->auth_window_s > 0)
		window_s = router->auth_window_s;
	else if (window_s < WINDOW_MIN_S)
		window_s = WINDOW_MIN_S;
	return window_s < WINDOW_MAX_S ? (uint32_t)window_s : WINDOW_MAX_S;
}

struct vrrp_auth_config vrrp_auth_config_make(const struct model_router *router,
                                              const struct vrrp_keys *keys)
{
	struct vrrp_auth_config config = {.wanted = model_router_authenticates(router)};

	if (!config.wanted)
		return config;
	config.mode = router->auth_mode;
	config.replay = router->auth_replay;
	config.window_s = derive_window(router);
	for (size_t i = 0; keys && i < keys->count; i++) {
		config.keys[i].id = keys->items[i].id;
		config.keys[i].hmac = hmac_new(keys->items[i].bytes, keys->items[i].size);
		config.key_count++;
	}
	return config;
}

void vrrp_auth_config_done(struct vrrp_auth_config *config)
{
	for (size_t i = 0; i < config->key_count; i++)
		hmac_free(config->keys[i].hmac);
	*config = (struct vrrp_auth_config){.wanted = false};
}

bool vrrp_auth_config_equal(const struct vrrp_auth_config *a, const struct vrrp_auth_config *b)
{
	if (a->wanted != b->wanted || a->mode != b->mode || a->replay != b->replay ||
	    a->window_s != b->window_s || a->key_count != b->key_count)
		return false;
	for (size_t i = 0; i < a->key_count; i++)
		if (a->keys[i].id != b->keys[i].id ||
		    !hmac_key_equal(a->keys[i].hmac, b->keys[i].hmac))
			return false;
	return true;
}

static const struct hmac *find_key(const struct vrrp_auth_config *config, uint8_t id)
{
	for (size_t i = 0; i < config->key_count; i++)
		if (config->keys[i].id == id)
			return config->keys[i].hmac;
	return NULL;
}

/* --- sequences --- */

static uint64_t sequence_at(int64_t wall_us)
{
	uint64_t seconds = (uint64_t)(wall_us / US_PER_S) & UINT32_MAX;
	uint64_t fraction = ((uint64_t)(wall_us % US_PER_S) << 16) / US_PER_S;

	return seconds << 32 | fraction << 16;
}

/* The seconds of two sequences are so far apart; they wrap in 2106. */
static int32_t seconds_between(uint64_t later, uint64_t earlier)
{
	return (int32_t)((uint32_t)(later >> 32) - (uint32_t)(earlier >> 32));
}

/* RFC 1982 over 64 bits. */
static bool is_after(uint64_t a, uint64_t b)
{
	return (int64_t)(a - b) > 0;
}

static bool is_outside(const struct vrrp_auth_config *config, int32_t skew_s)
{
	int32_t window_s = (int32_t)config->window_s;

	return config->replay == MODEL_AUTH_REPLAY_TIME &&
	       (skew_s > window_s || skew_s < -window_s);
}

uint64_t vrrp_auth_next(struct vrrp_auth *auth, const struct vrrp_auth_config *config,
                        int64_t wall_us)
{
	uint64_t now = sequence_at(wall_us);

	if (is_after(now, auth->sent) || auth->sent == 0 ||
	    is_outside(config, seconds_between(now, auth->sent)))
		auth->sent = now;
	else
		auth->sent++;
	return auth->sent;
}

/* --- the sum --- */

static int sum(const struct hmac *hmac, const struct addr *src, const uint8_t *message, size_t size,
               const uint8_t prefix[static PREFIX_SIZE], uint8_t ret_sum[static HMAC_SIZE])
{
	static const uint8_t zeroes[SUM_SIZE];
	uint8_t pseudo[PSEUDO_SIZE] = {src->family == ADDR_IPV6 ? 6 : 4, VRRP_VERSION, message[1]};
	const struct hmac_part parts[] = {
		{pseudo, sizeof(pseudo)},
		{message, CHECKSUM_AT},
		{zeroes, 2},
		{message + CHECKSUM_AT + 2, size - CHECKSUM_AT - 2},
		{prefix, PREFIX_SIZE},
		{zeroes, sizeof(zeroes)},
	};

	memcpy(pseudo + 4, src->bytes, addr_size(src));
	return hmac_sum(hmac, parts, LT_ARRAY_SIZE(parts), ret_sum);
}

/* --- out --- */

bool vrrp_auth_signs(const struct vrrp_auth_config *config)
{
	return config->wanted && config->mode != MODEL_AUTH_RECEIVE_ONLY && config->key_count > 0;
}

int vrrp_auth_sign(const struct vrrp_auth_config *config, uint64_t sequence, const struct addr *src,
                   const uint8_t *message, size_t size,
                   uint8_t ret_trailer[static VRRP_AUTH_TRAILER_SIZE])
{
	uint8_t trailer[VRRP_AUTH_TRAILER_SIZE], digest[HMAC_SIZE];
	struct wire_writer w = wire_writer_make(trailer, sizeof(trailer));
	int rc;

	wire_put_u8(&w, TYPE_HMAC_SHA256);
	wire_put_u8(&w, config->keys[0].id);
	wire_put_u16(&w, 0);
	wire_put_u64(&w, sequence);
	rc = sum(config->keys[0].hmac, src, message, size, trailer, digest);
	if (rc)
		return rc;
	wire_put_bytes(&w, digest, SUM_SIZE);
	memcpy(ret_trailer, trailer, sizeof(trailer));
	return 0;
}

/* --- in --- */

/* Where the sender's sequence is kept; of too many senders, in place of the one heard longest ago.
 * Only for who has a key: others would push one another out. */
static size_t find_sender(struct vrrp_auth *auth, const struct addr *src, bool *ret_known)
{
	size_t oldest = 0;

	*ret_known = true;
	for (size_t i = 0; i < auth->sender_count; i++) {
		if (addr_equal(&auth->senders[i].address, src))
			return i;
		if (auth->senders[i].used < auth->senders[oldest].used)
			oldest = i;
	}
	*ret_known = false;
	return auth->sender_count < VRRP_AUTH_SENDERS ? auth->sender_count++ : oldest;
}

/* Was the sequence not used before? */
static bool is_fresh(struct vrrp_auth *auth, const struct vrrp_auth_config *config, uint64_t now,
                     const struct addr *src, uint64_t sequence)
{
	bool known;
	size_t at = find_sender(auth, src, &known);

	/* What lies outside of the window is refused for that: so a mark out there has nothing to
	 * say any more, and would only lock out a sender whose clock was put right. */
	if (known && !is_outside(config, seconds_between(now, auth->senders[at].sequence)) &&
	    !is_after(sequence, auth->senders[at].sequence))
		return false;
	auth->senders[at].address = *src;
	auth->senders[at].sequence = sequence;
	auth->senders[at].used = ++auth->ticks;
	return true;
}

static int drop(enum model_vrrp_drop reason, enum model_vrrp_drop *ret_drop)
{
	*ret_drop = reason;
	return -EBADMSG;
}

int vrrp_auth_verify(struct vrrp_auth *auth, const struct vrrp_auth_config *config, int64_t wall_us,
                     const struct addr *src, const uint8_t *packet, size_t message_size,
                     size_t size, struct vrrp_auth_seen *ret_seen, enum model_vrrp_drop *ret_drop)
{
	const uint8_t *trailer = packet + message_size;
	struct wire_reader r = wire_reader_make(trailer, size - message_size);
	uint64_t now = sequence_at(wall_us), sequence;
	uint8_t digest[HMAC_SIZE], type, id;
	const struct hmac *hmac;
	uint16_t reserved;
	int32_t skew_s;

	/* Shorter ones are padding of somebody's: keepalived, too, goes by the length. */
	if (size - message_size != VRRP_AUTH_TRAILER_SIZE) {
		if (config->mode == MODEL_AUTH_ENFORCE)
			return drop(MODEL_DROP_AUTH_MISSING, ret_drop);
		*ret_seen = (struct vrrp_auth_seen){.key_id = 0};
		return 0;
	}
	type = wire_u8(&r);
	id = wire_u8(&r);
	reserved = wire_u16(&r);
	sequence = wire_u64(&r);
	if (type != TYPE_HMAC_SHA256 || reserved != 0)
		return drop(MODEL_DROP_AUTH_MALFORMED, ret_drop);
	/* Before the costly part: captured packets come by the flood. Nothing is believed yet. */
	skew_s = seconds_between(now, sequence);
	if (is_outside(config, skew_s))
		return drop(MODEL_DROP_AUTH_STALE, ret_drop);
	hmac = find_key(config, id);
	if (!hmac)
		return drop(MODEL_DROP_AUTH_UNKNOWN_KEY, ret_drop);
	if (sum(hmac, src, packet, message_size, trailer, digest) ||
	    !hmac_equal(digest, trailer + PREFIX_SIZE, SUM_SIZE))
		return drop(MODEL_DROP_AUTH_BAD_SUM, ret_drop);
	if (!is_fresh(auth, config, now, src, sequence))
		return drop(MODEL_DROP_AUTH_REPLAY, ret_drop);
	*ret_seen = (struct vrrp_auth_seen){.key_id = id, .skew_s = skew_s};
	return 0;
}
