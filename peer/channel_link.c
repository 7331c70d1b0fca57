/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A link is never closed while one of its own calls is on the stack: it is marked as over, and
 * channel_settle() closes it. */

#include "peer/channel_private.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Room for a whole frame and a whole TLS record behind it. */
#define IN_CAPACITY  (128 * 1024)
#define READS_A_TURN 16    /* of up to a TLS record each: others want their turn */
#define RECORD       16384 /* a TLS record's payload */
#define RESERVE      (64 * 1024)
#define OUT_FIRST    (32 * 1024)

static struct peer_session_link *state_of(const struct channel_link *link)
{
	return &link->peer->session.links[link->which];
}

void channel_link_give_up(struct channel_link *link, enum peer_reason reason, bool say_bye)
{
	struct peer_channel *channel = link->peer->channel;

	if (link->over != PEER_REASON_COUNT)
		return;
	link->over = reason;
	link->say_bye = say_bye;
	loop_deadline_arm(&channel->timer, mono_now_us());
}

static void failed(struct channel_link *link, enum peer_tls_result result)
{
	switch (result) {
	case PEER_TLS_WRONG_KEY:
		channel_link_give_up(link, PEER_REASON_WRONG_KEY, false);
		return;
	case PEER_TLS_CLOSED:
		channel_link_give_up(link, PEER_REASON_CLOSED, false);
		return;
	case PEER_TLS_FAILED:
		channel_link_give_up(link,
		                     state_of(link)->state == PEER_LINK_HANDSHAKE
		                             ? PEER_REASON_HANDSHAKE
		                             : PEER_REASON_MALFORMED,
		                     false);
		return;
	case PEER_TLS_DONE:
	case PEER_TLS_WANT_READ:
	case PEER_TLS_WANT_WRITE:
		break;
	}
}

/* ---- sending */

static void make_room(struct channel_link *link, size_t size)
{
	size_t capacity = link->out_capacity ? link->out_capacity : OUT_FIRST;

	if (link->out_at > 0 && link->out_at + link->out_size + size > link->out_capacity) {
		memmove(link->out, link->out + link->out_at, link->out_size);
		link->out_at = 0;
	}
	while (capacity < link->out_size + size)
		capacity *= 2;
	if (capacity != link->out_capacity) {
		link->out = xrealloc(link->out, capacity);
		link->out_capacity = capacity;
	}
}

int channel_link_send(struct channel_link *link, const struct peer_frame *frame, bool reserve)
{
	struct peer_channel *channel = link->peer->channel;
	size_t limit = PEER_CHANNEL_BUFFER + (reserve ? RESERVE : 0), size;

	if (link->over != PEER_REASON_COUNT)
		return -ENOTCONN;
	size = peer_wire_encode(frame, channel->frame);
	if (link->out_size + size > limit) {
		channel->counters.refused++;
		return -EAGAIN;
	}
	make_room(link, size);
	memcpy(link->out + link->out_at + link->out_size, channel->frame, size);
	link->out_size += size;
	if (link->out_size >= PEER_CHANNEL_LOW)
		link->high = true;
	channel->counters.frames_sent++;
	channel->counters.bytes_sent += size;
	if (!link->blocked)
		loop_end_ask(&channel->flush);
	return 0;
}

static void drop_out(struct channel_link *link)
{
	free(link->out);
	link->out = NULL;
	link->out_at = link->out_size = link->out_capacity = 0;
}

static void want(struct channel_link *link, bool blocked)
{
	if (link->blocked == blocked)
		return;
	link->blocked = blocked;
	loop_fd_want(&link->fd, true, blocked);
}

void channel_link_flush(struct channel_link *link)
{
	enum peer_tls_result result = PEER_TLS_DONE;

	while (link->out_size > 0 && result == PEER_TLS_DONE) {
		size_t size = link->out_size < RECORD ? link->out_size : RECORD, written = 0;

		result = peer_tls_write(link->tls, link->out + link->out_at, size, &written);
		link->out_at += written;
		link->out_size -= written;
	}
	want(link, result == PEER_TLS_WANT_WRITE);
	failed(link, result);
	if (link->out_size == 0)
		drop_out(link);
	if (link->high && link->out_size < PEER_CHANNEL_LOW && link->over == PEER_REASON_COUNT) {
		struct channel_peer *peer = link->peer;

		link->high = false;
		if (state_of(link)->state == PEER_LINK_UP && !peer->channel->closing)
			peer->channel->handlers.writable(peer->channel->handlers.ctx, peer->id);
	}
}

/* ---- hearing */

static void heard_frame(struct channel_link *link, const struct peer_frame *frame)
{
	struct channel_peer *peer = link->peer;
	struct peer_channel *channel = peer->channel;
	bool up = state_of(link)->state == PEER_LINK_UP;
	struct peer_frame pong;

	channel->counters.frames_received++;
	switch (frame->type) {
	case PEER_FRAME_HELLO:
		if (up)
			channel_link_give_up(link, PEER_REASON_MALFORMED, true);
		else
			channel_admit(link, &frame->hello);
		return;
	case PEER_FRAME_BYE:
		channel_link_give_up(link, frame->bye.reason, false);
		return;
	case PEER_FRAME_PING:
		pong = *frame;
		pong.type = PEER_FRAME_PONG;
		if (up)
			(void)channel_link_send(link, &pong, true);
		break;
	case PEER_FRAME_PONG:
		if (up)
			peer_session_ponged(&peer->session, frame->ping.stamp_us, mono_now_us());
		break;
	case PEER_FRAME_ROUTER:
	case PEER_FRAME_FLOWS:
	case PEER_FRAME_SYNC_REQUEST:
	case PEER_FRAME_SYNC_BEGIN:
	case PEER_FRAME_SYNC_END:
	case PEER_FRAME_PROGRESS:
		if (up)
			channel->handlers.frame(channel->handlers.ctx, peer->id, frame);
		break;
	}
	/* HELLO is to be the first. */
	if (!up)
		channel_link_give_up(link, PEER_REASON_MALFORMED, true);
}

static void heard_bytes(struct channel_link *link)
{
	struct peer_channel *channel = link->peer->channel;
	size_t at = 0;

	while (link->over == PEER_REASON_COUNT) {
		struct peer_frame frame;
		size_t used = 0;
		enum peer_wire_verdict verdict = peer_wire_next(link->in + at, link->in_size - at,
		                                                channel->scratch, &frame, &used);

		if (verdict == PEER_WIRE_MORE)
			break;
		at += used;
		if (verdict == PEER_WIRE_FRAME)
			heard_frame(link, &frame);
		else if (verdict == PEER_WIRE_PASS)
			channel->counters.passed++;
		else
			channel_link_give_up(link, PEER_REASON_MALFORMED, true);
	}
	channel->counters.bytes_received += at;
	memmove(link->in, link->in + at, link->in_size - at);
	link->in_size -= at;
}

static void read_some(struct channel_link *link)
{
	for (unsigned i = 0; i < READS_A_TURN && link->over == PEER_REASON_COUNT; i++) {
		size_t size = 0;
		enum peer_tls_result result;

		/* A frame is shorter, so there is always room. */
		assert(IN_CAPACITY - link->in_size >= RECORD);
		result = peer_tls_read(link->tls, link->in + link->in_size, RECORD, &size);
		/* Part of a record is a sign of life, too: over a slow network a whole one takes
		 * longer than a peer may be silent. (The first read is of a socket that had
		 * something.) */
		if (result == PEER_TLS_DONE || (result == PEER_TLS_WANT_READ && i == 0))
			peer_session_heard(&link->peer->session, link->which, mono_now_us());
		if (result != PEER_TLS_DONE) {
			failed(link, result);
			return;
		}
		link->in_size += size;
		heard_bytes(link);
	}
}

/* ---- beginning */

static void shake_hands(struct channel_link *link)
{
	struct channel_peer *peer = link->peer;
	struct peer_channel *channel = peer->channel;
	enum peer_tls_result result = peer_tls_handshake(link->tls);
	const char *key = peer_tls_key_name(link->tls);
	struct peer_frame frame = {.type = PEER_FRAME_HELLO};

	want(link, result == PEER_TLS_WANT_WRITE);
	failed(link, result);
	if (result != PEER_TLS_DONE)
		return;
	peer_session_secured(&peer->session, link->which, mono_now_us());
	link->in = xmalloc(IN_CAPACITY);
	/* The keys may have changed meanwhile. */
	if (!peer_keys_find(&channel->keys, key, strlen(key))) {
		channel_link_give_up(link, PEER_REASON_KEY_RETIRED, true);
		return;
	}
	frame.hello = channel->hello;
	(void)channel_link_send(link, &frame, true);
	read_some(link);
}

static void connected(struct channel_link *link)
{
	struct channel_peer *peer = link->peer;
	uint16_t port;
	int rc = channel_socket_error(link->fd.fd);

	if (rc) {
		channel_link_give_up(link, PEER_REASON_UNREACHABLE, false);
		return;
	}
	link->here = channel_socket_here(link->fd.fd, &port);
	if (peer_tls_new(peer->channel->tls, link->fd.fd, link->which == PEER_LINK_DIALED,
	                 &link->tls)) {
		channel_link_give_up(link, PEER_REASON_OTHER, false);
		return;
	}
	peer_session_connected(&peer->session, link->which, mono_now_us());
	link->blocked = true; /* that is what it waited for */
	want(link, false);
	shake_hands(link);
}

static void ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct channel_link *link = lt_container_of(fd, struct channel_link, fd);
	struct peer_channel *channel = link->peer->channel;

	if (link->over == PEER_REASON_COUNT) {
		switch (state_of(link)->state) {
		case PEER_LINK_NONE:
			break;
		case PEER_LINK_CONNECTING:
			connected(link);
			break;
		case PEER_LINK_HANDSHAKE:
			shake_hands(link);
			break;
		case PEER_LINK_HELLO:
		case PEER_LINK_UP:
			if (writable)
				channel_link_flush(link);
			if (readable)
				read_some(link);
			break;
		}
	}
	/* A session that is fine needs nothing but its timer. */
	if (link->over != PEER_REASON_COUNT || state_of(link)->state != PEER_LINK_UP)
		channel_settle(channel);
}

void channel_link_open(struct channel_peer *peer, enum peer_link which, int fd, bool is_connected)
{
	struct channel_link *link = xcalloc(1, sizeof(*link));

	link->peer = peer;
	link->which = which;
	link->fd.fd = fd;
	link->fd.ready = ready;
	link->over = PEER_REASON_COUNT;
	peer->links[which] = link;
	loop_fd_start(peer->channel->loop, &link->fd, is_connected, !is_connected);
	if (is_connected)
		connected(link);
}

void channel_link_close(struct channel_link *link, enum peer_reason reason, bool say_bye)
{
	struct channel_peer *peer = link->peer;
	struct peer_channel *channel = peer->channel;
	enum peer_link_state state = state_of(link)->state;
	struct peer_frame bye = {.type = PEER_FRAME_BYE, .bye = {.reason = reason}};
	bool was_up = state == PEER_LINK_UP, tell;
	char address[ADDR_TEXT_SIZE];

	/* As far as it gets without waiting. */
	link->over = PEER_REASON_COUNT;
	if (say_bye && state >= PEER_LINK_HELLO && channel_link_send(link, &bye, true) == 0) {
		link->high = false;
		channel_link_flush(link);
		peer_tls_shutdown(link->tls);
	}
	loop_fd_stop(&link->fd);
	peer_tls_free(link->tls);
	close(link->fd.fd);
	drop_out(link);
	free(link->in);
	peer->links[link->which] = NULL;
	tell = peer_session_closed(&peer->session, link->which, reason, mono_now_us());
	free(link);
	if (channel->closing)
		return;
	if (was_up) {
		uint32_t id = peer->id;

		peer->id = 0;
		channel->handlers.down(channel->handlers.ctx, id);
	}
	if (tell)
		channel_event(channel,
		              was_up || reason != PEER_REASON_DUPLICATE ? LOG_LEVEL_WARN
		                                                        : LOG_LEVEL_INFO,
		              "%s address=%s reason=%s why=\"%s\"",
		              was_up ? "peer is lost" : "no connection to the peer, retrying",
		              addr_format(&peer->address.address, address),
		              peer_reason_name(reason), peer_reason_text(reason));
}
