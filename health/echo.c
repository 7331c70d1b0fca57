/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Echo requests. A raw socket hears every reply of the host, so one of each family serves all
 * checks: with one for each, every reply would wake them all. Without CAP_NET_RAW there are "ping
 * sockets", where net.ipv4.ping_group_range allows them; these set the id themselves, and hear of
 * no errors of the way. */

#include "health/icmp.h"
#include "health/probe.h"
#include "lib/hash.h"
#include "lib/mem.h"

#include <errno.h>
#include <linux/icmp.h>
#include <linux/icmpv6.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MESSAGE_MAX 2048
#define READS_MAX   64 /* messages in one turn */

struct echo_side {
	struct health_echoes *echoes;
	struct loop_fd fd; /* -1: not open */
	enum addr_family family;
	bool raw;
};

struct echo_probe {
	struct health_probe probe;
	struct health_echoes *echoes;
	struct health_icmp_echo echo;
	UT_hash_handle hh;
};

struct health_echoes {
	struct loop *loop;
	struct health_sink sink;
	struct echo_side side4;
	struct echo_side side6;
	struct echo_probe *probes; /* by sequence */
	uint64_t random;
	uint16_t id;
	uint16_t sequence; /* of the last one */
};

static void free_probe(struct echo_probe *probe)
{
	HASH_DEL(probe->echoes->probes, probe);
	free(probe);
}

static void end(struct echo_probe *probe, enum health_result result, const char *why)
{
	const struct health_sink sink = probe->echoes->sink;
	struct health_entry *entry = probe->probe.entry;

	free_probe(probe);
	sink.ended(sink.ctx, entry, result, why);
}

static enum health_result give_up(struct health_probe *base, char why[static HEALTH_WHY_SIZE])
{
	free_probe(lt_container_of(base, struct echo_probe, probe));
	snprintf(why, HEALTH_WHY_SIZE, "no answer to the echo request");
	return HEALTH_TIMEOUT;
}

/* --- what comes --- */

static void judge(struct echo_side *side, const uint8_t *data, size_t size, const struct addr *from)
{
	struct health_icmp_message message = health_icmp_decode(side->family, data, size);
	struct echo_probe *probe;
	const struct addr *target;

	if (message.kind == HEALTH_ICMP_OTHER)
		return;
	HASH_FIND(hh, side->echoes->probes, &message.echo.sequence, sizeof(message.echo.sequence),
	          probe);
	if (!probe || (message.has_nonce && message.echo.nonce != probe->echo.nonce) ||
	    (side->raw && message.echo.id != probe->echo.id))
		return;
	target = &health_entry_target(probe->probe.entry)->address;
	if (message.kind == HEALTH_ICMP_REPLY && addr_equal(from, target))
		end(probe, HEALTH_OK, NULL);
	else if (message.kind == HEALTH_ICMP_UNREACHABLE && addr_equal(&message.target, target))
		end(probe, HEALTH_UNREACHABLE, "ICMP destination unreachable");
}

static struct addr addr_of(const struct sockaddr_storage *from)
{
	const struct sockaddr_in *in = (const struct sockaddr_in *)from;
	const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)from;

	if (from->ss_family == AF_INET)
		return addr_make(ADDR_IPV4, &in->sin_addr);
	return addr_make(ADDR_IPV6, &in6->sin6_addr);
}

static void side_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct echo_side *side = lt_container_of(fd, struct echo_side, fd);
	uint8_t data[MESSAGE_MAX];

	for (int i = 0; i < READS_MAX; i++) {
		struct sockaddr_storage from;
		socklen_t from_size = sizeof(from);
		ssize_t size = recvfrom(fd->fd, data, sizeof(data), 0, (struct sockaddr *)&from,
		                        &from_size);
		size_t skip = 0;
		struct addr sender;

		/* Errors that a socket reports are of one check among many: these hear of it by
		 * their message, or by their timeout. */
		if (size < 0 && errno == EAGAIN)
			return;
		if (size < 0)
			continue;
		if (side->raw && side->family == ADDR_IPV4)
			skip = health_icmp_skip(data, (size_t)size);
		sender = addr_of(&from);
		judge(side, data + skip, (size_t)size - skip, &sender);
	}
}

/* --- the sockets --- */

/* Replies and errors only: a raw socket would else see every request, and ICMPv6 every neighbour's
 * question. */
static int filter(const struct echo_side *side)
{
	struct icmp_filter filter4 = {.data = ~(1U << ICMP_ECHOREPLY | 1U << ICMP_DEST_UNREACH)};
	struct icmp6_filter filter6; /* a set bit blocks */

	if (side->family == ADDR_IPV4)
		return setsockopt(side->fd.fd, SOL_RAW, ICMP_FILTER, &filter4, sizeof(filter4));
	memset(&filter6, 0xff, sizeof(filter6));
	filter6.data[ICMPV6_ECHO_REPLY / 32] &= ~(1U << ICMPV6_ECHO_REPLY % 32);
	filter6.data[ICMPV6_DEST_UNREACH / 32] &= ~(1U << ICMPV6_DEST_UNREACH % 32);
	return setsockopt(side->fd.fd, SOL_ICMPV6, ICMPV6_FILTER, &filter6, sizeof(filter6));
}

static int open_side(struct echo_side *side)
{
	int protocol = side->family == ADDR_IPV4 ? IPPROTO_ICMP : (int)IPPROTO_ICMPV6;
	int rc = 0;

	if (side->fd.fd >= 0)
		return 0;
	side->raw = true;
	side->fd.fd = socket(side->family, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	if (side->fd.fd < 0 && errno == EPERM) {
		side->raw = false;
		side->fd.fd =
			socket(side->family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	}
	if (side->fd.fd < 0)
		return -errno;
	if (side->raw && filter(side) < 0)
		rc = -errno;
	if (rc < 0) {
		close(side->fd.fd);
		side->fd.fd = -1;
		return rc;
	}
	loop_fd_start(side->echoes->loop, &side->fd, true, false);
	return 0;
}

static void close_side(struct echo_side *side)
{
	if (side->fd.fd < 0)
		return;
	loop_fd_stop(&side->fd);
	close(side->fd.fd);
}

struct health_echoes *health_echoes_new(struct loop *loop, const struct health_sink *sink,
                                        uint64_t seed)
{
	struct health_echoes *echoes = xcalloc(1, sizeof(*echoes));

	echoes->loop = loop;
	echoes->sink = *sink;
	echoes->random = seed ? seed : 1;
	echoes->id = (uint16_t)(seed >> 48);
	echoes->side4 = (struct echo_side){.echoes = echoes, .family = ADDR_IPV4};
	echoes->side6 = (struct echo_side){.echoes = echoes, .family = ADDR_IPV6};
	echoes->side4.fd = echoes->side6.fd = (struct loop_fd){.fd = -1, .ready = side_ready};
	return echoes;
}

void health_echoes_free(struct health_echoes *echoes)
{
	if (!echoes)
		return;
	close_side(&echoes->side4);
	close_side(&echoes->side6);
	free(echoes);
}

/* --- starting --- */

static struct health_icmp_echo next_echo(struct health_echoes *echoes)
{
	struct echo_probe *other;

	echoes->random ^= echoes->random << 13;
	echoes->random ^= echoes->random >> 7;
	echoes->random ^= echoes->random << 17;
	/* There are fewer under way than numbers (HEALTH_LIGHT_MAX). */
	do {
		echoes->sequence++;
		HASH_FIND(hh, echoes->probes, &echoes->sequence, sizeof(echoes->sequence), other);
	} while (other);
	return (struct health_icmp_echo){echoes->id, echoes->sequence, echoes->random};
}

static int send_echo(const struct echo_side *side, const struct health_target *target,
                     const struct health_icmp_echo *echo)
{
	uint8_t request[HEALTH_ICMP_REQUEST_SIZE];
	struct sockaddr_storage to;
	socklen_t to_size = health_probe_sockaddr(target, &to);

	health_icmp_encode(request, side->family, echo);
	/* The socket may still report an error of another check: once more, then. */
	for (int i = 0; i < 2; i++) {
		if (sendto(side->fd.fd, request, sizeof(request), 0, (struct sockaddr *)&to,
		           to_size) >= 0)
			return 0;
	}
	return -errno;
}

struct health_probe *health_echo_start(struct health_echoes *echoes, struct health_entry *entry,
                                       struct health_outcome *ret_outcome)
{
	const struct health_target *target = health_entry_target(entry);
	struct echo_side *side = target->address.family == ADDR_IPV4 ? &echoes->side4
	                                                             : &echoes->side6;
	struct health_icmp_echo echo;
	struct echo_probe *probe;
	int rc;

	if (addr_is_link_local(&target->address))
		return health_probe_over(
			ret_outcome, HEALTH_LOCAL,
			"a link-local address can't be checked: it lacks an interface");
	rc = open_side(side);
	if (rc == -EPERM || rc == -EACCES)
		return health_probe_over(ret_outcome, HEALTH_LOCAL,
		                         "echo requests need CAP_NET_RAW");
	if (rc < 0)
		return health_probe_over(ret_outcome, HEALTH_LOCAL, strerror(-rc));
	echo = next_echo(echoes);
	rc = send_echo(side, target, &echo);
	if (rc < 0)
		return health_probe_over(ret_outcome, health_probe_errno(-rc), strerror(-rc));
	probe = xcalloc(1, sizeof(*probe));
	probe->probe.entry = entry;
	probe->probe.give_up = give_up;
	probe->echoes = echoes;
	probe->echo = echo;
	HASH_ADD(hh, echoes->probes, echo.sequence, sizeof(probe->echo.sequence), probe);
	return &probe->probe;
}
