/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/channel_private.h - what the parts of peer/channel.h share.
 *
 * I/O. channel.c: what others call; channel_turn.c: what is due, and who comes; channel_link.c: one
 * connection; channel_socket.c: sockets. */

#ifndef LINTEL_PEER_CHANNEL_PRIVATE_H
#define LINTEL_PEER_CHANNEL_PRIVATE_H

#include "lib/listener.h"
#include "peer/channel.h"
#include "peer/tls.h"

struct channel_peer;

/* One connection. */
struct channel_link {
	struct channel_peer *peer;
	enum peer_link which;
	struct loop_fd fd;
	struct peer_tls *tls;  /* NULL while connecting */
	struct addr here;      /* our end */
	bool blocked;          /* TLS waits until the socket is writable */
	bool high;             /* more than PEER_CHANNEL_LOW waited */
	enum peer_reason over; /* to be closed for this; PEER_REASON_COUNT: not */
	bool say_bye;
	uint8_t *in; /* owned; NULL before the handshake is done */
	size_t in_size;
	uint8_t *out; /* owned; NULL while empty */
	size_t out_at, out_size, out_capacity;
};

struct channel_peer {
	struct peer_channel *channel;
	struct peer_address address;
	struct peer_session session;
	struct channel_link *links[PEER_LINK_COUNT]; /* owned; NULL where there is none */
	uint32_t id;                                 /* of the session that is up, 0 */
	bool gone; /* no peer any more; freed when its links are closed */
};

#define CHANNEL_STRANGERS_TOLD 16

struct peer_channel {
	struct loop *loop;
	struct peer_channel_handlers handlers;
	struct peer_keys keys;
	struct peer_tls_context *tls;
	struct peer_hello hello; /* ours */
	struct listener listener;
	struct loop_deadline timer; /* sessions */
	struct loop_end flush;      /* of a turn in which something was queued */
	struct channel_peer *peers[2 * PEER_CHANNEL_PEERS_MAX]; /* owned; some may be gone */
	size_t peer_count;
	uint32_t last_id;
	uint64_t seeds;                                /* for the sessions' jitter */
	bool closing;                                  /* no handlers any more */
	struct addr strangers[CHANNEL_STRANGERS_TOLD]; /* that were logged, the last ones */
	unsigned stranger_at;
	int64_t stranger_us; /* the last one was logged */
	struct peer_channel_counters counters;
	struct model_flow scratch[PEER_FLOWS_MAX];
	uint8_t frame[PEER_WIRE_MAX]; /* one that is being encoded */
};

/* channel_turn.c */
void channel_timer_expired(struct loop_deadline *deadline);
void channel_flush_due(struct loop_end *end);
void channel_came(struct listener *listener, int fd, const struct sockaddr_storage *from,
                  socklen_t size);
void channel_nobody_can_come(struct listener *listener, int error);
struct channel_peer *channel_find(const struct peer_channel *channel, const struct addr *address,
                                  uint32_t scope);
void channel_event(struct peer_channel *channel, enum log_level level, const char *fmt, ...)
	LT_PRINTF(3, 4);
/* Something may be due: looks at all sessions, and arms the timer. */
void channel_settle(struct peer_channel *channel);
/* HELLO came over 'link': is it to be the one? False: it is over. */
bool channel_admit(struct channel_link *link, const struct peer_hello *hello);

/* channel_link.c */
/* 'fd' becomes the link's; connecting or connected. */
void channel_link_open(struct channel_peer *peer, enum peer_link which, int fd, bool connected);
/* Now, and tells. */
void channel_link_close(struct channel_link *link, enum peer_reason reason, bool say_bye);
/* At the end of the turn. */
void channel_link_give_up(struct channel_link *link, enum peer_reason reason, bool say_bye);
/* 'reserve': goes beyond the limit a little (what keeps the connection itself alive); when even
 * that is full, nobody misses it. */
int channel_link_send(struct channel_link *link, const struct peer_frame *frame, bool reserve);
void channel_link_flush(struct channel_link *link);

/* channel_socket.c */
/* Listening, non-blocking. 0 or -errno. */
LT_MUST_USE int channel_socket_listen(const struct addr *address, uint16_t port, int *ret_fd);
/* Connecting, non-blocking. */
LT_MUST_USE int channel_socket_dial(const struct peer_address *address, int *ret_fd);
/* One that was accepted: who it is. */
struct addr channel_socket_accepted(int fd, const struct sockaddr_storage *from,
                                    uint32_t *ret_scope);
struct addr channel_socket_here(int fd, uint16_t *ret_port);
/* 0, or how connecting failed. */
int channel_socket_error(int fd);

#endif
