/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Checks that need a socket each: a TCP connection, a datagram and its answer.
 *
 * A TCP connection is reset at its end, not closed: a TIME_WAIT for each check of each server would
 * soon be a million. Datagram sockets are connected, so that they hear of ICMP errors, and of soft
 * ones too (IP_RECVERR): a server whose neighbour entry fails would else be merely silent. */

#include "health/dns.h"
#include "health/probe.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define DATAGRAM_MAX 65535
#define READS_MAX    8 /* datagrams in one turn: others want theirs, too */

struct socket_probe {
	struct health_probe probe;
	struct health_sockets *sockets;
	struct loop_fd fd;
	size_t query_size; /* of DNS */
	uint8_t query[HEALTH_DNS_QUERY_MAX];
};

static const struct health_target *target_of(const struct socket_probe *probe)
{
	return health_entry_target(probe->probe.entry);
}

static void free_probe(struct socket_probe *probe)
{
	loop_fd_stop(&probe->fd);
	close(probe->fd.fd);
	free(probe);
}

static void end(struct socket_probe *probe, enum health_result result, const char *why)
{
	const struct health_sink sink = probe->sockets->sink;
	struct health_entry *entry = probe->probe.entry;

	free_probe(probe);
	sink.ended(sink.ctx, entry, result, why);
}

static enum health_result give_up(struct health_probe *base, char why[static HEALTH_WHY_SIZE])
{
	struct socket_probe *probe = lt_container_of(base, struct socket_probe, probe);
	const struct model_health_check *check = target_of(probe)->check;
	bool silence_is_fine = check->type == MODEL_HEALTH_UDP && check->udp.expect[0] == '\0';

	snprintf(why, HEALTH_WHY_SIZE, "%s",
	         silence_is_fine                   ? ""
	         : check->type == MODEL_HEALTH_TCP ? "no answer to the connection attempt"
	                                           : "no answer");
	free_probe(probe);
	return silence_is_fine ? HEALTH_OK : HEALTH_TIMEOUT;
}

/* --- TCP --- */

/* A port of this host that nobody listens on can be given to the very socket that asks for it,
 * which is then connected to itself. */
static bool is_connected_to_itself(const struct socket_probe *probe)
{
	struct sockaddr_storage own, theirs;
	socklen_t own_size = sizeof(own);
	socklen_t size = health_probe_sockaddr(target_of(probe), &theirs);

	memset(&own, 0, sizeof(own));
	return getsockname(probe->fd.fd, (struct sockaddr *)&own, &own_size) == 0 &&
	       own_size == size && memcmp(&own, &theirs, size) == 0;
}

static void connected(struct loop_fd *fd, bool readable, bool writable)
{
	struct socket_probe *probe = lt_container_of(fd, struct socket_probe, fd);
	int error = 0;
	socklen_t size = sizeof(error);

	if (getsockopt(fd->fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0)
		error = errno;
	if (error == 0 && is_connected_to_itself(probe))
		error = ECONNREFUSED;
	if (error)
		end(probe, health_probe_errno(error), strerror(error));
	else
		end(probe, HEALTH_OK, NULL);
}

/* --- datagrams --- */

/* False: it was nothing, more may come. */
static bool judge_dns(struct socket_probe *probe, const uint8_t *data, size_t size)
{
	char why[HEALTH_WHY_SIZE];
	unsigned code = 0;

	switch (health_dns_judge(probe->query, probe->query_size, data, size, &code)) {
	case HEALTH_DNS_GOOD:
		end(probe, HEALTH_OK, NULL);
		return true;
	case HEALTH_DNS_ERROR:
		snprintf(why, sizeof(why), "DNS error %u %s", code, health_dns_code_name(code));
		end(probe, HEALTH_ANSWER, why);
		return true;
	case HEALTH_DNS_BROKEN:
		end(probe, HEALTH_ANSWER, "the answer is no DNS message that answers");
		return true;
	case HEALTH_DNS_FOREIGN:
	case HEALTH_DNS_VERDICT_COUNT:
		break;
	}
	return false;
}

static bool judge(struct socket_probe *probe, const uint8_t *data, size_t size)
{
	const struct model_health_check *check = target_of(probe)->check;
	const char *expect = check->udp.expect;

	if (check->type == MODEL_HEALTH_DNS)
		return judge_dns(probe, data, size);
	if (memmem(data, size, expect, strlen(expect)))
		end(probe, HEALTH_OK, NULL);
	else
		end(probe, HEALTH_CONTENT, "the answer does not contain what is expected");
	return true;
}

static void datagram_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct socket_probe *probe = lt_container_of(fd, struct socket_probe, fd);
	static uint8_t data[DATAGRAM_MAX]; /* one thread */

	for (int i = 0; i < READS_MAX; i++) {
		ssize_t size = recv(fd->fd, data, sizeof(data), 0);

		if (size >= 0 && judge(probe, data, (size_t)size))
			return;
		if (size >= 0 || errno == EINTR)
			continue;
		if (errno != EAGAIN)
			end(probe, health_probe_errno(errno), strerror(errno));
		return;
	}
}

/* --- starting --- */

static int open_socket(enum addr_family family, int type)
{
	static const struct linger reset = {.l_onoff = 1, .l_linger = 0};
	static const int on = 1;
	int fd = socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	if (type == SOCK_STREAM)
		rc = setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	else if (family == ADDR_IPV4)
		rc = setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof(on));
	else
		rc = setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof(on));
	if (rc < 0) {
		rc = -errno;
		close(fd);
		return rc;
	}
	return fd;
}

static int send_datagram(struct socket_probe *probe, const struct model_health_check *check)
{
	const void *data = check->udp.send;
	size_t size = strlen(check->udp.send);

	if (check->type == MODEL_HEALTH_DNS) {
		data = probe->query;
		size = probe->query_size;
	}
	return send(probe->fd.fd, data, size, 0) < 0 ? -errno : 0;
}

/* Whatever is to be known before a socket is opened. */
static const char *prepare(struct socket_probe *probe, const struct health_target *target)
{
	uint64_t *random = &probe->sockets->random;

	if (addr_is_link_local(&target->address))
		return "a link-local address can't be checked: it lacks an interface";
	if (target->check->type != MODEL_HEALTH_DNS)
		return NULL;
	*random ^= *random << 13;
	*random ^= *random >> 7;
	*random ^= *random << 17;
	probe->query_size = health_dns_encode(probe->query, (uint16_t)(*random >> 32),
	                                      target->check->dns.name, target->check->dns.type);
	return probe->query_size > 0 ? NULL : "dns.name has a label that is too long";
}

static int begin(struct socket_probe *probe, const struct health_target *target)
{
	bool stream = target->check->type == MODEL_HEALTH_TCP;
	struct sockaddr_storage to;
	socklen_t to_size = health_probe_sockaddr(target, &to);
	int rc;

	probe->fd.fd = open_socket(target->address.family, stream ? SOCK_STREAM : SOCK_DGRAM);
	if (probe->fd.fd < 0)
		return probe->fd.fd;
	rc = connect(probe->fd.fd, (struct sockaddr *)&to, to_size) < 0 ? -errno : 0;
	if (rc == -EINPROGRESS)
		rc = 0;
	if (rc == 0 && !stream)
		rc = send_datagram(probe, target->check);
	return rc;
}

struct health_probe *health_socket_start(struct health_sockets *sockets, struct health_entry *entry,
                                         struct health_outcome *ret_outcome)
{
	const struct health_target *target = health_entry_target(entry);
	struct socket_probe *probe = xcalloc(1, sizeof(*probe));
	bool stream = target->check->type == MODEL_HEALTH_TCP;
	const char *why;
	int rc;

	probe->sockets = sockets;
	probe->probe.entry = entry;
	probe->probe.give_up = give_up;
	probe->fd = (struct loop_fd){.fd = -1, .ready = stream ? connected : datagram_ready};
	why = prepare(probe, target);
	rc = why ? 0 : begin(probe, target);
	if (why || rc < 0) {
		if (probe->fd.fd >= 0)
			close(probe->fd.fd);
		free(probe);
		return health_probe_over(ret_outcome, why ? HEALTH_LOCAL : health_probe_errno(-rc),
		                         why ? why : strerror(-rc));
	}
	/* A connection that is there at once is told of by the descriptor as any other. */
	loop_fd_start(sockets->loop, &probe->fd, !stream, stream);
	return &probe->probe;
}
