/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/channel_private.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* So often at most somebody unknown is logged. */
#define STRANGER_US (10 * US_PER_S)

void channel_event(struct peer_channel *channel, enum log_level level, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (!channel->closing)
		channel->handlers.event(channel->handlers.ctx, level, text);
}

/* ---- which connection */

static struct peer_contender contender_of(const struct channel_link *link,
                                          const struct peer_hello *hello, bool up)
{
	return (struct peer_contender){
		.boot_id = hello->boot_id,
		.here = link->here,
		.there = link->peer->address.address,
		.dialed = link->which == PEER_LINK_DIALED,
		.up_since_us = up ? link->peer->session.up_since_us : TIME_NEVER,
	};
}

/* The connection that is up of this peer. */
static struct channel_link *live_link(const struct channel_peer *peer)
{
	enum peer_link live = peer_session_live(&peer->session);

	return live == PEER_LINK_COUNT ? NULL : peer->links[live];
}

/* False when one that is up is to stay. Those that are worse are closed. */
static bool contest(struct channel_link *link, const struct peer_hello *hello)
{
	struct channel_peer *peer = link->peer;
	struct peer_channel *channel = peer->channel;
	struct peer_contender fresh = contender_of(link, hello, false);

	for (int closing = 0; closing < 2; closing++) {
		for (size_t i = 0; i < channel->peer_count; i++) {
			struct channel_link *old = live_link(channel->peers[i]);
			const struct peer_hello *known = &channel->peers[i]->session.hello;
			struct peer_contender other;

			/* The same node, or one that came instead of it. */
			if (!old || (channel->peers[i] != peer && known->boot_id != hello->boot_id))
				continue;
			other = contender_of(old, known, true);
			if (closing)
				channel_link_close(old, PEER_REASON_DUPLICATE, true);
			else if (!peer_session_prefer(&fresh, &other, channel->hello.boot_id,
			                              mono_now_us()))
				return false;
		}
	}
	return true;
}

bool channel_admit(struct channel_link *link, const struct peer_hello *hello)
{
	struct channel_peer *peer = link->peer;
	struct peer_channel *channel = peer->channel;
	enum peer_reason reason = peer_session_judge(&channel->hello, hello);
	char address[ADDR_TEXT_SIZE];

	if (reason == PEER_REASON_COUNT && !contest(link, hello))
		reason = PEER_REASON_DUPLICATE;
	if (reason != PEER_REASON_COUNT) {
		channel_link_give_up(link, reason, true);
		return false;
	}
	peer_session_up(&peer->session, link->which, hello, mono_now_us());
	peer->id = ++channel->last_id ? channel->last_id : ++channel->last_id;
	channel_event(channel, LOG_LEVEL_NOTICE, "peer is up address=%s node=%s key=%s",
	              addr_format(&peer->address.address, address), hello->node,
	              peer_tls_key_name(link->tls));
	loop_deadline_arm(&channel->timer, mono_now_us()); /* its first PING */
	channel->handlers.up(channel->handlers.ctx, peer->id, hello);
	return true;
}

/* ---- what is due */

static void dial(struct channel_peer *peer)
{
	int fd = -1;
	int rc = channel_socket_dial(&peer->address, &fd);

	peer_session_dialed(&peer->session, mono_now_us());
	if (rc == 0) {
		channel_link_open(peer, PEER_LINK_DIALED, fd, false);
		return;
	}
	if (peer_session_closed(&peer->session, PEER_LINK_DIALED, PEER_REASON_UNREACHABLE,
	                        mono_now_us())) {
		char address[ADDR_TEXT_SIZE];

		channel_event(peer->channel, LOG_LEVEL_WARN,
		              "no connection to the peer, retrying address=%s reason=%s why=\"%s\"",
		              addr_format(&peer->address.address, address),
		              peer_reason_name(PEER_REASON_UNREACHABLE), strerror(-rc));
	}
}

static void step(struct channel_peer *peer, const struct peer_session_step *what)
{
	struct peer_frame ping = {.type = PEER_FRAME_PING};

	switch (what->what) {
	case PEER_SESSION_NOTHING:
		break;
	case PEER_SESSION_DIAL:
		dial(peer);
		break;
	case PEER_SESSION_PING:
		ping.ping.stamp_us = (uint64_t)mono_now_us();
		(void)channel_link_send(peer->links[what->link], &ping, true);
		break;
	case PEER_SESSION_CLOSE:
		channel_link_close(peer->links[what->link], what->reason, true);
		break;
	}
}

static void settle_peer(struct channel_peer *peer, int64_t now_us)
{
	struct peer_session_step what;

	for (enum peer_link i = PEER_LINK_DIALED; i < PEER_LINK_COUNT; i++) {
		struct channel_link *link = peer->links[i];

		if (link && link->over != PEER_REASON_COUNT)
			channel_link_close(link, link->over, link->say_bye);
	}
	if (peer->gone)
		return;
	do {
		what = peer_session_next(&peer->session, now_us);
		step(peer, &what);
	} while (what.what != PEER_SESSION_NOTHING);
}

static bool is_over(const struct channel_peer *peer)
{
	for (enum peer_link i = PEER_LINK_DIALED; i < PEER_LINK_COUNT; i++)
		if (peer->links[i] && peer->links[i]->over != PEER_REASON_COUNT)
			return true;
	return false;
}

/* Links of who is no peer any more were closed; so nothing of him is on the stack. */
static void forget_gone(struct peer_channel *channel)
{
	size_t left = 0;

	for (size_t i = 0; i < channel->peer_count; i++) {
		struct channel_peer *peer = channel->peers[i];

		if (!peer->gone || is_over(peer)) /* by a handler, just now */
			channel->peers[left++] = peer;
		else
			free(peer);
	}
	channel->peer_count = left;
}

void channel_settle(struct peer_channel *channel)
{
	int64_t now_us = mono_now_us(), at_us = TIME_NEVER;

	for (size_t i = 0; i < channel->peer_count; i++)
		settle_peer(channel->peers[i], now_us);
	forget_gone(channel);
	for (size_t i = 0; i < channel->peer_count; i++) {
		int64_t due_us = is_over(channel->peers[i])
		                         ? now_us
		                         : peer_session_deadline(&channel->peers[i]->session);

		if (due_us < at_us)
			at_us = due_us;
	}
	loop_deadline_arm(&channel->timer, at_us);
}

void channel_timer_expired(struct loop_deadline *deadline)
{
	channel_settle(lt_container_of(deadline, struct peer_channel, timer));
}

void channel_flush_due(struct loop_end *end)
{
	struct peer_channel *channel = lt_container_of(end, struct peer_channel, flush);

	for (size_t i = 0; i < channel->peer_count; i++) {
		for (enum peer_link j = PEER_LINK_DIALED; j < PEER_LINK_COUNT; j++) {
			struct channel_link *link = channel->peers[i]->links[j];

			if (link && link->out_size > 0 && !link->blocked &&
			    link->over == PEER_REASON_COUNT)
				channel_link_flush(link);
		}
	}
}

/* ---- who comes */

struct channel_peer *channel_find(const struct peer_channel *channel, const struct addr *address,
                                  uint32_t scope)
{
	for (size_t i = 0; i < channel->peer_count; i++) {
		const struct peer_address *known = &channel->peers[i]->address;

		if (!channel->peers[i]->gone && addr_equal(&known->address, address) &&
		    known->scope == scope)
			return channel->peers[i];
	}
	return NULL;
}

static void stranger_came(struct peer_channel *channel, const struct addr *from)
{
	int64_t now_us = mono_now_us();
	char address[ADDR_TEXT_SIZE];

	channel->counters.strangers++;
	for (unsigned i = 0; i < CHANNEL_STRANGERS_TOLD; i++)
		if (addr_equal(&channel->strangers[i], from))
			return;
	if (channel->stranger_us != TIME_NEVER && channel->stranger_us + STRANGER_US > now_us)
		return;
	channel->stranger_us = now_us;
	channel->strangers[channel->stranger_at++ % CHANNEL_STRANGERS_TOLD] = *from;
	channel_event(channel, LOG_LEVEL_WARN,
	              "refused a connection address=%s reason=%s why=\"%s\"",
	              addr_format(from, address), peer_reason_name(PEER_REASON_STRANGER),
	              peer_reason_text(PEER_REASON_STRANGER));
}

static void came(struct peer_channel *channel, int fd, const struct addr *from, uint32_t scope)
{
	struct channel_peer *peer = channel_find(channel, from, scope);
	char address[ADDR_TEXT_SIZE];
	enum peer_link place;

	if (!peer && channel->handlers.welcome &&
	    channel->handlers.welcome(channel->handlers.ctx, from, scope))
		peer = channel_find(channel, from, scope);
	if (!peer) {
		close(fd);
		stranger_came(channel, from);
		return;
	}
	place = peer_session_accepted(&peer->session, mono_now_us());
	if (place != PEER_LINK_COUNT) {
		channel_link_open(peer, place, fd, true);
		return;
	}
	close(fd);
	if (peer_session_note(&peer->session, PEER_REASON_BUSY))
		channel_event(channel, LOG_LEVEL_WARN,
		              "refused a connection address=%s reason=%s why=\"%s\"",
		              addr_format(from, address), peer_reason_name(PEER_REASON_BUSY),
		              peer_reason_text(PEER_REASON_BUSY));
}

void channel_came(struct listener *listener, int fd, const struct sockaddr_storage *from,
                  socklen_t size)
{
	struct peer_channel *channel = lt_container_of(listener, struct peer_channel, listener);
	uint32_t scope;
	struct addr address = channel_socket_accepted(fd, from, &scope);

	came(channel, fd, &address, scope);
	channel_settle(channel);
}

void channel_nobody_can_come(struct listener *listener, int error)
{
	channel_event(lt_container_of(listener, struct peer_channel, listener), LOG_LEVEL_WARN,
	              "cannot accept connections, retrying error=\"%s\"", strerrordesc_np(error));
}
