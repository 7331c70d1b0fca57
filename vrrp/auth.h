/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/auth.h - authentication of advertisements: a trailer that proves who sent them, and when.
 *
 * Pure: the wall clock is handed in. Wire format: draft-cassen-vrrp-auth-hmac as keepalived 2.4.2
 * and later have it. Behind the message stand 28 bytes: type (1), key id, two zero bytes, a
 * sequence of 64 bits (seconds since 1970, 16 bits of fraction, a counter of 16 bits), and the
 * first 16 bytes of HMAC-SHA-256 over a pseudo-header (family 4 or 6, VRRP version, VRID, 0, the
 * source address in 16 bytes), the message with its checksum zero, the trailer's first 12 bytes,
 * and 16 zero bytes. Nothing here allocates for a packet. */

#ifndef LINTEL_VRRP_AUTH_H
#define LINTEL_VRRP_AUTH_H

#include "lib/addr.h"
#include "lib/hmac.h"
#include "model/object.h"
#include "model/status.h"
#include "vrrp/key.h"

#define VRRP_AUTH_TRAILER_SIZE 28
#define VRRP_AUTH_SENDERS      255 /* whose last sequence is known; of more, the latest */

/* What a virtual router was told. */
struct vrrp_auth_config {
	bool wanted; /* else nothing below is looked at */
	enum model_auth_mode mode;
	enum model_auth_replay replay;
	uint32_t window_s; /* how far a sender's clock may be from ours; MODEL_AUTH_REPLAY_TIME */
	struct {
		uint8_t id;
		struct hmac *hmac; /* owned */
	} keys[VRRP_KEYS_MAX];     /* the first one signs, all are accepted */
	size_t key_count;
};

/* What a virtual router remembers. Zero-initialised: nobody was heard. */
struct vrrp_auth {
	uint64_t sent;  /* the last sequence that was used */
	uint64_t ticks; /* for 'used' */
	struct {
		struct addr address;
		uint64_t sequence; /* highest that was accepted */
		uint64_t used;     /* when, in ticks */
	} senders[VRRP_AUTH_SENDERS];
	size_t sender_count;
};

/* What is to be known of a packet that was accepted. */
struct vrrp_auth_seen {
	uint8_t key_id; /* 0: it had no trailer */
	int32_t skew_s; /* our clock less the sender's; 0 without a trailer */
};

/* Keys, mode and window as they are used; 'keys' may be NULL. hmac objects are new:
 * vrrp_auth_config_done(). */
struct vrrp_auth_config vrrp_auth_config_make(const struct model_router *router,
                                              const struct vrrp_keys *keys);
void vrrp_auth_config_done(struct vrrp_auth_config *config);
bool vrrp_auth_config_equal(const struct vrrp_auth_config *a, const struct vrrp_auth_config *b);

/* Are advertisements signed? */
bool vrrp_auth_signs(const struct vrrp_auth_config *config);
/* The sequence of the next advertisement. It grows with each, and follows the clock; when the clock
 * was set back further than others accept, it does so, too (MODEL_AUTH_REPLAY_TIME). */
uint64_t vrrp_auth_next(struct vrrp_auth *auth, const struct vrrp_auth_config *config,
                        int64_t wall_us);
/* The trailer of a message as it is without one. Where it goes to makes no difference, nor does its
 * checksum. -EIO when libcrypto refuses. */
LT_MUST_USE int vrrp_auth_sign(const struct vrrp_auth_config *config, uint64_t sequence,
                               const struct addr *src, const uint8_t *message, size_t size,
                               uint8_t ret_trailer[static VRRP_AUTH_TRAILER_SIZE]);
/* A packet of 'size' bytes with a message of 'message_size' that is known to be well-formed. On a
 * drop '*ret_drop' says why and -EBADMSG is returned. */
LT_MUST_USE int vrrp_auth_verify(struct vrrp_auth *auth, const struct vrrp_auth_config *config,
                                 int64_t wall_us, const struct addr *src, const uint8_t *packet,
                                 size_t message_size, size_t size, struct vrrp_auth_seen *ret_seen,
                                 enum model_vrrp_drop *ret_drop);

#endif
