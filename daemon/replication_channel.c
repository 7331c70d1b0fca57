/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The channel to the peers: its keys, who they are, and its events on their way to the book. */
#include "daemon/replication_private.h"

#include "lib/log.h"
#include "lib/mono.h"
#include "peer/key_file.h"
#include "peer/tls.h"

#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

/* A guest that is not there is forgotten after this. */
#define GUEST_US (60 * US_PER_S)

/* --- peers --- */

static void add_peer(struct peer_address *peers, size_t *count, const struct peer_address *peer)
{
	for (size_t i = 0; i < *count; i++) {
		if (addr_equal(&peers[i].address, &peer->address) && peers[i].scope == peer->scope)
			return;
	}
	if (*count < PEER_CHANNEL_PEERS_MAX)
		peers[(*count)++] = *peer;
}

uint32_t replication_channel_scope(const struct addr *address, const char *interface)
{
	return addr_is_link_local(address) ? if_nametoindex(interface) : 0;
}

/* Is it up with somebody there? */
static bool is_up(const struct replication *replication, const struct peer_address *address)
{
	size_t count = peer_channel_peer_count(replication->channel);

	for (size_t i = 0; i < count; i++) {
		struct peer_channel_status status;

		peer_channel_status(replication->channel, i, &status);
		if (status.peer && addr_equal(&status.address.address, &address->address) &&
		    status.address.scope == address->scope)
			return true;
	}
	return false;
}

static void drop_guests(struct replication *replication, int64_t now_us)
{
	size_t kept = 0;

	for (size_t i = 0; i < replication->guest_count; i++) {
		struct replication_guest *guest = &replication->guests[i];

		if (is_up(replication, &guest->address))
			guest->came_us = now_us;
		if (now_us - guest->came_us < GUEST_US)
			replication->guests[kept++] = *guest;
	}
	replication->guest_count = kept;
}

/* Those that virtual routers name, and those that are heard by multicast. */
void replication_channel_update_peers(struct replication *replication)
{
	struct peer_address peers[PEER_CHANNEL_PEERS_MAX];
	size_t count = 0;

	if (!replication->channel || !replication->snapshot)
		return;
	for (size_t i = 0; i < replication->snapshot->router_count; i++) {
		const struct model_router *router = replication->snapshot->routers[i];

		for (size_t j = 0; j < router->peer_count; j++)
			add_peer(peers, &count,
			         &(struct peer_address){
					 .address = router->peers[j],
					 .port = replication->options->peer_port,
					 .scope = replication_channel_scope(&router->peers[j],
			                                                    router->interface),
				 });
	}
	for (size_t i = 0; i < replication->router_count; i++) {
		const struct replication_router *router = &replication->routers[i];

		for (size_t j = 0; j < router->heard_count; j++)
			add_peer(peers, &count, &router->heard[j]);
	}
	drop_guests(replication, mono_now_us());
	for (size_t i = 0; i < replication->guest_count; i++)
		add_peer(peers, &count, &replication->guests[i].address);
	if (peer_channel_set_peers(replication->channel, peers, count))
		log_warn("peer", "more than %d peers", PEER_CHANNEL_PEERS_MAX);
}

static struct addr address_of(const struct sockaddr *from)
{
	if (from->sa_family == AF_INET6)
		return addr_make(ADDR_IPV6, &((const struct sockaddr_in6 *)from)->sin6_addr);
	return addr_make(ADDR_IPV4, &((const struct sockaddr_in *)from)->sin_addr);
}

/* Is the address one of a network of that interface? */
static bool is_neighbour(const char *interface, const struct addr *address)
{
	struct ifaddrs *all, *one;
	bool found = false;

	if (getifaddrs(&all))
		return false;
	for (one = all; one && !found; one = one->ifa_next) {
		struct addr own, mask;
		size_t i = 0;

		if (!one->ifa_addr || !one->ifa_netmask ||
		    one->ifa_addr->sa_family != address->family ||
		    strcmp(one->ifa_name, interface) != 0)
			continue;
		own = address_of(one->ifa_addr);
		mask = address_of(one->ifa_netmask);
		while (i < addr_size(address) &&
		       ((own.bytes[i] ^ address->bytes[i]) & mask.bytes[i]) == 0)
			i++;
		found = i == addr_size(address);
	}
	freeifaddrs(all);
	return found;
}

/* A silent Backup of a virtual router that speaks by multicast. Whether it is one of us its key
 * tells. */
static bool welcome(void *ctx, const struct addr *from, uint32_t scope)
{
	struct replication *replication = ctx;

	if (!replication->snapshot || replication->guest_count == REPLICATION_GUESTS_MAX)
		return false;
	for (size_t i = 0; i < replication->snapshot->router_count; i++) {
		const struct model_router *router = replication->snapshot->routers[i];
		bool here = scope ? scope == if_nametoindex(router->interface)
		                  : is_neighbour(router->interface, from);

		if (router->peer_count || !here)
			continue;
		replication->guests[replication->guest_count++] = (struct replication_guest){
			.address = {.address = *from,
		                    .port = replication->options->peer_port,
		                    .scope = scope},
			.came_us = mono_now_us(),
		};
		replication_channel_update_peers(replication);
		return true;
	}
	return false;
}

/* --- the channel's events, for the book --- */

static void peer_up(void *ctx, uint32_t peer, const struct peer_hello *hello)
{
	struct replication *replication = ctx;

	peer_book_up(replication->book, peer, hello, mono_now_us());
	replication_book_arm(replication);
}

static void peer_down(void *ctx, uint32_t peer)
{
	struct replication *replication = ctx;

	peer_book_down(replication->book, peer, mono_now_us());
	replication_book_arm(replication);
}

static void peer_frame(void *ctx, uint32_t peer, const struct peer_frame *frame)
{
	struct replication *replication = ctx;

	peer_book_frame(replication->book, peer, frame, mono_now_us());
	replication_book_arm(replication);
}

static void peer_writable(void *ctx, uint32_t peer)
{
	struct replication *replication = ctx;

	peer_book_pump(replication->book, peer);
	replication_book_arm(replication);
}

static void peer_event(void *ctx, enum log_level level, const char *message)
{
	log_at(level, "peer", "%s", message);
}

static int book_send(void *ctx, uint32_t peer, const struct peer_frame *frame)
{
	struct replication *replication = ctx;

	return peer_channel_send(replication->channel, peer, frame);
}

static size_t book_queued(void *ctx, uint32_t peer)
{
	struct replication *replication = ctx;

	return peer_channel_queued(replication->channel, peer);
}

/* While the book is at work; what follows from it comes with the next turn of the loop. */
static void step_changed(void *ctx, const char *router)
{
	struct replication *replication = ctx;

	loop_deadline_arm(&replication->tick, mono_now_us());
}

void replication_channel_add_router(struct replication *replication,
                                    struct replication_router *router, int64_t now_us)
{
	int rc = peer_book_add_router(replication->book, router->name, router->virtual_router_id,
	                              now_us);

	if (rc)
		log_warn("peer", "router=%s is not replicated: %s", router->name, strerror(-rc));
	peer_book_set_active(replication->book, router->name, router->state == MODEL_ROUTER_ACTIVE,
	                     now_us);
}

int replication_channel_open(struct replication *replication)
{
	const struct peer_channel_config config = {
		.port = replication->options->peer_port,
		.keys = &replication->keys,
		.node = replication->options->node,
	};
	const struct peer_channel_handlers handlers = {
		.ctx = replication,
		.up = peer_up,
		.down = peer_down,
		.frame = peer_frame,
		.writable = peer_writable,
		.welcome = welcome,
		.event = peer_event,
	};
	struct peer_book_ops ops = replication_replica_ops;
	int rc = peer_channel_open(replication->loop, &config, &handlers, &replication->channel);

	if (rc) {
		problems_add(&replication->problems, "peers can't be listened to on port %u: %s",
		             config.port, strerror(-rc));
		return rc;
	}
	ops.ctx = replication;
	ops.send = book_send;
	ops.queued = book_queued;
	ops.changed = step_changed;
	replication->book = peer_book_new(&ops, peer_channel_boot_id(replication->channel));
	for (size_t i = 0; i < replication->router_count; i++)
		replication_channel_add_router(replication, &replication->routers[i],
		                               mono_now_us());
	replication_channel_update_peers(replication);
	return 0;
}

/* In their order, too: the first one is offered. */
static bool are_same(const struct peer_keys *a, const struct peer_keys *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		const struct peer_key *x = &a->items[i], *y = &b->items[i];

		if (strcmp(x->name, y->name) != 0 || x->size != y->size ||
		    memcmp(x->bytes, y->bytes, x->size) != 0)
			return false;
	}
	return true;
}

void replication_channel_read_keys(struct replication *replication)
{
	const char *path = replication->options->peer_key;
	struct text problem = {0};
	struct peer_keys keys = {0};
	int rc = peer_key_file_read(path, &keys, &problem);

	if (rc == 0)
		peer_tls_name_keys(&keys);
	if (rc == -ENOENT) {
		if (replication->on || !replication->key_state[0])
			log_at(replication->on ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "peer",
			       "connections are not replicated: there is no key file path=%s",
			       path);
		snprintf(replication->key_state, sizeof(replication->key_state),
		         "there is no key file %s", path);
	} else if (rc) {
		if (strcmp(replication->key_state, text_str(&problem)) != 0)
			log_error("peer", "%s%s", text_str(&problem),
			          replication->on ? "; going on with the keys from before" : "");
		snprintf(replication->key_state, sizeof(replication->key_state), "%s",
		         text_str(&problem));
	} else {
		replication->key_state[0] = '\0';
		if (replication->channel && !are_same(&replication->keys, &keys) &&
		    peer_channel_set_keys(replication->channel, &keys))
			log_error("peer", "the keys of %s can't be used", path);
		replication->keys = keys;
	}
	replication->guard_due |= !replication->on;
	replication->on = rc == 0 || (replication->on && rc != -ENOENT);
	peer_keys_wipe(&keys);
	text_done(&problem);
}
