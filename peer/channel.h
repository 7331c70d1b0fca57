/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/channel.h - encrypted connections to the other nodes: frames to and from each of them.
 *
 * I/O, on the main thread's loop. TCP port 9311, TLS 1.3 by a shared key (peer/tls.h), frames of
 * peer/wire.h, one connection a node (peer/session.h). Only peers' addresses are listened to.
 * Nothing waits; what is to be sent goes out once a turn of the loop; memory is bounded for each
 * peer: what does not fit is refused, and the caller told when there is room again. Deciding what
 * frames mean is for peer/book.h.
 *
 *     struct peer_channel_config config = {.keys = &keys, .node = "alpha"};
 *     struct peer_channel_handlers handlers = {.ctx = x, .up = ..., .frame = ...};
 *     rc = peer_channel_open(loop, &config, &handlers, &channel);
 *     rc = peer_channel_set_peers(channel, peers, peer_count);
 *     ... up(x, peer, hello): rc = peer_channel_send(channel, peer, &frame);
 *     ... another key file: peer_channel_set_keys(channel, &keys);
 *     peer_channel_close(channel);
 *
 * From within a handler everything may be called but peer_channel_close(). */

#ifndef LINTEL_PEER_CHANNEL_H
#define LINTEL_PEER_CHANNEL_H

#include "lib/log.h"
#include "lib/loop.h"
#include "peer/key.h"
#include "peer/session.h"

#define PEER_CHANNEL_PORT      9311
#define PEER_CHANNEL_PEERS_MAX 32
#define PEER_CHANNEL_BUFFER    (4 * 1024 * 1024) /* bytes that may wait for one peer */
#define PEER_CHANNEL_LOW       (64 * 1024)       /* 'writable' once it is below this again */

struct peer_channel;

struct peer_channel_config {
	struct addr address;          /* to listen at; ADDR_NONE: all of this machine's */
	uint16_t port;                /* 0: PEER_CHANNEL_PORT */
	const struct peer_keys *keys; /* copied; at least one */
	const char *node;             /* our name, peer_name_valid() */
};

struct peer_address {
	struct addr address; /* where it listens, and where it comes from */
	struct addr local;   /* our end when we dial; ADDR_NONE: as the kernel chooses */
	uint16_t port;       /* 0: PEER_CHANNEL_PORT */
	uint32_t scope;      /* index of the interface of a link-local address, else 0 */
};

/* 'peer' is a number that stands for one session: never 0, never used again. */
struct peer_channel_handlers {
	void *ctx;
	void (*up)(void *ctx, uint32_t peer, const struct peer_hello *hello);
	void (*down)(void *ctx, uint32_t peer);
	/* Valid during the call. Neither HELLO, BYE, PING nor PONG. */
	void (*frame)(void *ctx, uint32_t peer, const struct peer_frame *frame);
	/* More than PEER_CHANNEL_LOW waited for it; no longer. */
	void (*writable)(void *ctx, uint32_t peer);
	/* Somebody came who is no peer; 'scope' as in struct peer_address. True: it is one from now
	 * on, peer_channel_set_peers() was called with it. NULL: there are no others than peers. */
	bool (*welcome)(void *ctx, const struct addr *from, uint32_t scope);
	/* For the log: "peer is up address=... node=..."; once for each peer and reason until that
	 * changes. */
	void (*event)(void *ctx, enum log_level level, const char *message);
};

/* All handlers but 'welcome' must be there. 0 or -errno: -EINVAL for a bad name or no key,
 * -EADDRINUSE... */
LT_MUST_USE int peer_channel_open(struct loop *loop, const struct peer_channel_config *config,
                                  const struct peer_channel_handlers *handlers,
                                  struct peer_channel **ret_channel);
/* Says BYE to everybody; no handler is called any more. NULL accepted. */
void peer_channel_close(struct peer_channel *channel);

/* Who our peers are, from now on: connections to others end, those to the same ones go on. The
 * same address twice counts once. -ENOSPC beyond PEER_CHANNEL_PEERS_MAX: nothing changes. */
LT_MUST_USE int peer_channel_set_peers(struct peer_channel *channel,
                                       const struct peer_address *peers, size_t count);
/* Copies them. Connections whose key is among them go on; others are made anew. -EINVAL for none.
 */
LT_MUST_USE int peer_channel_set_keys(struct peer_channel *channel, const struct peer_keys *keys);

/* Queues it. -EAGAIN: no room, 'writable' will come; -ENOTCONN: that session is over. */
LT_MUST_USE int peer_channel_send(struct peer_channel *channel, uint32_t peer,
                                  const struct peer_frame *frame);
/* Bytes that wait for it; 0 when the session is over. */
size_t peer_channel_queued(const struct peer_channel *channel, uint32_t peer);

/* As in our HELLO: random at each start. */
uint64_t peer_channel_boot_id(const struct peer_channel *channel);
/* Where it listens. */
uint16_t peer_channel_port(const struct peer_channel *channel);

struct peer_channel_counters {
	uint64_t frames_sent, frames_received;
	uint64_t bytes_sent, bytes_received; /* of frames, before encryption */
	uint64_t passed;                     /* frames of a type that is not known */
	uint64_t refused;                    /* frames that found no room */
	uint64_t strangers;                  /* connections from nobody we know */
};
void peer_channel_counters(const struct peer_channel *channel,
                           struct peer_channel_counters *ret_counters);

struct peer_channel_status {
	struct peer_address address;
	uint32_t peer; /* 0: no session */
	enum peer_session_state state;
	enum peer_reason reason; /* of the last failure; PEER_REASON_COUNT: none since it was up */
	char node[PEER_NAME_MAX + 1];    /* "" before it was up for the first time */
	char key[PEER_KEY_NAME_MAX + 1]; /* of the session, "" without */
	uint16_t major, minor;           /* that it speaks */
	int64_t up_since_us;             /* TIME_NEVER: not up */
	int64_t rtt_us;                  /* -1: not known */
	size_t queued;
	uint64_t ups;
	uint64_t counts[PEER_REASON_COUNT]; /* failures by reason */
};
size_t peer_channel_peer_count(const struct peer_channel *channel);
/* 'index' below the count. */
void peer_channel_status(const struct peer_channel *channel, size_t index,
                         struct peer_channel_status *ret_status);

#endif
