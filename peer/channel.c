/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/channel_private.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static void free_channel(struct peer_channel *channel)
{
	loop_deadline_done(&channel->timer);
	loop_end_stop(&channel->flush);
	listener_close(&channel->listener);
	peer_tls_context_free(channel->tls);
	peer_keys_wipe(&channel->keys);
	free(channel);
}

static int begin(struct peer_channel *channel, const struct peer_channel_config *config)
{
	uint16_t port = config->port ? config->port : PEER_CHANNEL_PORT;
	int rc = peer_tls_random(&channel->hello.boot_id, sizeof(channel->hello.boot_id));
	int fd = -1;

	if (rc == 0)
		rc = peer_tls_random(&channel->seeds, sizeof(channel->seeds));
	if (rc == 0)
		rc = peer_tls_context_new(&channel->keys, &channel->tls);
	if (rc == 0)
		rc = loop_deadline_init(channel->loop, &channel->timer);
	if (rc == 0)
		rc = channel_socket_listen(&config->address, port, &fd);
	if (rc == 0)
		rc = listener_open(channel->loop, &channel->listener, fd);
	if (rc && fd >= 0)
		close(fd);
	return rc;
}

int peer_channel_open(struct loop *loop, const struct peer_channel_config *config,
                      const struct peer_channel_handlers *handlers,
                      struct peer_channel **ret_channel)
{
	struct peer_channel *channel;
	int rc;

	if (!peer_name_valid(config->node) || config->keys->count == 0)
		return -EINVAL;
	channel = xcalloc(1, sizeof(*channel));
	channel->loop = loop;
	channel->handlers = *handlers;
	channel->keys = *config->keys;
	channel->hello.major = PEER_WIRE_MAJOR;
	channel->hello.minor = PEER_WIRE_MINOR;
	strcpy(channel->hello.node, config->node);
	channel->stranger_us = TIME_NEVER;
	channel->listener.came = channel_came;
	channel->listener.failed = channel_nobody_can_come;
	channel->timer.expired = channel_timer_expired;
	channel->flush.ended = channel_flush_due;
	loop_end_start(loop, &channel->flush);
	rc = begin(channel, config);
	if (rc) {
		free_channel(channel);
		return rc;
	}
	*ret_channel = channel;
	return 0;
}

void peer_channel_close(struct peer_channel *channel)
{
	if (!channel)
		return;
	channel->closing = true;
	for (size_t i = 0; i < channel->peer_count; i++) {
		struct channel_peer *peer = channel->peers[i];

		for (enum peer_link j = PEER_LINK_DIALED; j < PEER_LINK_COUNT; j++)
			if (peer->links[j])
				channel_link_close(peer->links[j], PEER_REASON_STOPPED, true);
		free(peer);
	}
	free_channel(channel);
}

/* ---- peers */

static void add_peer(struct peer_channel *channel, const struct peer_address *address)
{
	struct channel_peer *peer = xcalloc(1, sizeof(*peer));
	/* Without an end of our own nobody knows which is lower: both dial. */
	bool first = address->local.family == ADDR_NONE ||
	             addr_compare(&address->local, &address->address) < 0;

	peer->channel = channel;
	peer->address = *address;
	channel->seeds = channel->seeds * UINT64_C(6364136223846793005) + 1442695040888963407;
	peer_session_init(&peer->session, channel->seeds, first, mono_now_us());
	channel->peers[channel->peer_count++] = peer;
}

static void drop_peer(struct channel_peer *peer)
{
	peer->gone = true;
	for (enum peer_link i = PEER_LINK_DIALED; i < PEER_LINK_COUNT; i++)
		if (peer->links[i])
			channel_link_give_up(peer->links[i], PEER_REASON_REMOVED, true);
}

static bool same_peer(const struct peer_address *a, const struct peer_address *b)
{
	return addr_equal(&a->address, &b->address) && a->scope == b->scope;
}

static bool listed(const struct peer_address *peers, size_t count, const struct peer_address *peer)
{
	for (size_t i = 0; i < count; i++)
		if (same_peer(&peers[i], peer))
			return true;
	return false;
}

int peer_channel_set_peers(struct peer_channel *channel, const struct peer_address *peers,
                           size_t count)
{
	size_t fresh = 0, distinct = 0;

	for (size_t i = 0; i < count; i++) {
		if (peers[i].address.family == ADDR_NONE)
			return -EINVAL;
		if (listed(peers, i, &peers[i]))
			continue;
		distinct++;
		fresh += !channel_find(channel, &peers[i].address, peers[i].scope);
	}
	/* Those that are gone make room at the end of the turn. */
	if (distinct > PEER_CHANNEL_PEERS_MAX ||
	    channel->peer_count + fresh > LT_ARRAY_SIZE(channel->peers))
		return -ENOSPC;
	for (size_t i = 0; i < channel->peer_count; i++)
		if (!channel->peers[i]->gone && !listed(peers, count, &channel->peers[i]->address))
			drop_peer(channel->peers[i]);
	for (size_t i = 0; i < count; i++) {
		struct channel_peer *known =
			channel_find(channel, &peers[i].address, peers[i].scope);

		if (known)
			known->address = peers[i];
		else
			add_peer(channel, &peers[i]);
	}
	loop_deadline_arm(&channel->timer, mono_now_us());
	return 0;
}

/* ---- keys */

/* Ends what was made with a key that is no longer there. */
static void retire(struct channel_link *link, const struct peer_keys *now)
{
	const char *name = link->tls ? peer_tls_key_name(link->tls) : "";
	const struct peer_key *key = peer_keys_find(&link->peer->channel->keys, name, strlen(name));

	if (name[0] && (!key || !peer_keys_hold(now, key)))
		channel_link_give_up(link, PEER_REASON_KEY_RETIRED, true);
}

int peer_channel_set_keys(struct peer_channel *channel, const struct peer_keys *keys)
{
	if (keys->count == 0)
		return -EINVAL;
	for (size_t i = 0; i < channel->peer_count; i++) {
		struct channel_peer *peer = channel->peers[i];

		for (enum peer_link j = PEER_LINK_DIALED; j < PEER_LINK_COUNT; j++)
			if (peer->links[j])
				retire(peer->links[j], keys);
		if (peer_session_live(&peer->session) == PEER_LINK_COUNT)
			peer_session_retry(&peer->session, mono_now_us());
	}
	peer_keys_wipe(&channel->keys);
	channel->keys = *keys;
	loop_deadline_arm(&channel->timer, mono_now_us());
	return 0;
}

/* ---- sending */

static struct channel_link *link_of(const struct peer_channel *channel, uint32_t id)
{
	for (size_t i = 0; id != 0 && i < channel->peer_count; i++) {
		const struct channel_peer *peer = channel->peers[i];

		if (peer->id == id)
			return peer->links[peer_session_live(&peer->session)];
	}
	return NULL;
}

int peer_channel_send(struct peer_channel *channel, uint32_t peer, const struct peer_frame *frame)
{
	struct channel_link *link = link_of(channel, peer);

	return link ? channel_link_send(link, frame, false) : -ENOTCONN;
}

size_t peer_channel_queued(const struct peer_channel *channel, uint32_t peer)
{
	const struct channel_link *link = link_of(channel, peer);

	return link ? link->out_size : 0;
}

/* ---- asking */

uint64_t peer_channel_boot_id(const struct peer_channel *channel)
{
	return channel->hello.boot_id;
}

uint16_t peer_channel_port(const struct peer_channel *channel)
{
	uint16_t port = 0;

	channel_socket_here(channel->listener.fd.fd, &port);
	return port;
}

void peer_channel_counters(const struct peer_channel *channel,
                           struct peer_channel_counters *ret_counters)
{
	*ret_counters = channel->counters;
}

size_t peer_channel_peer_count(const struct peer_channel *channel)
{
	return channel->peer_count;
}

void peer_channel_status(const struct peer_channel *channel, size_t index,
                         struct peer_channel_status *ret_status)
{
	const struct channel_peer *peer = channel->peers[index];
	const struct peer_session *session = &peer->session;
	const struct channel_link *link = link_of(channel, peer->id);
	struct peer_channel_status status = {.peer = peer->id};

	status.address = peer->address;
	status.state = peer_session_state(session);
	status.reason = session->failed ? session->reason : PEER_REASON_COUNT;
	strcpy(status.node, session->hello.node);
	if (link) {
		strcpy(status.key, peer_tls_key_name(link->tls));
		status.queued = link->out_size;
	}
	status.major = session->hello.major;
	status.minor = session->hello.minor;
	status.up_since_us = session->up_since_us;
	status.rtt_us = session->rtt_us;
	status.ups = session->ups;
	memcpy(status.counts, session->counts, sizeof(status.counts));
	*ret_status = status;
}
