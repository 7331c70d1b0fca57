/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peer/channel_private.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BACKLOG 64

union address {
	struct sockaddr any;
	struct sockaddr_in ipv4;
	struct sockaddr_in6 ipv6;
};

static socklen_t to_socket(const struct addr *a, uint16_t port, uint32_t scope, union address *to)
{
	memset(to, 0, sizeof(*to));
	if (a->family == ADDR_IPV4) {
		to->ipv4.sin_family = AF_INET;
		to->ipv4.sin_port = htons(port);
		memcpy(&to->ipv4.sin_addr, a->bytes, 4);
		return sizeof(to->ipv4);
	}
	to->ipv6.sin6_family = AF_INET6;
	to->ipv6.sin6_port = htons(port);
	to->ipv6.sin6_scope_id = scope;
	memcpy(&to->ipv6.sin6_addr, a->bytes, 16);
	return sizeof(to->ipv6);
}

/* IPv4 over an IPv6 socket is IPv4. */
static struct addr from_socket(const union address *from, uint16_t *ret_port, uint32_t *ret_scope)
{
	*ret_scope = 0;
	if (from->any.sa_family == AF_INET) {
		*ret_port = ntohs(from->ipv4.sin_port);
		return addr_make(ADDR_IPV4, &from->ipv4.sin_addr);
	}
	*ret_port = ntohs(from->ipv6.sin6_port);
	if (IN6_IS_ADDR_V4MAPPED(&from->ipv6.sin6_addr))
		return addr_make(ADDR_IPV4, &from->ipv6.sin6_addr.s6_addr[12]);
	if (IN6_IS_ADDR_LINKLOCAL(&from->ipv6.sin6_addr))
		*ret_scope = from->ipv6.sin6_scope_id;
	return addr_make(ADDR_IPV6, &from->ipv6.sin6_addr);
}

static void set(int fd, int level, int option, int value)
{
	/* Each makes it better, none is needed. */
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* The session's own PINGs see a dead peer; the kernel is to let go of what it has for one. */
static void tune(int fd)
{
	set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, PEER_SESSION_SILENCE_US / 1000);
	set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 2);
	set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 1);
	set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

static int listen_at(const union address *at, socklen_t size, int *ret_fd)
{
	int fd = socket(at->any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc;

	if (fd < 0)
		return -errno;
	set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	/* An interface may come up later than we do. */
	set(fd, IPPROTO_IP, IP_FREEBIND, 1);
	if (at->any.sa_family == AF_INET6)
		set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 0);
	if (bind(fd, &at->any, size) || listen(fd, BACKLOG)) {
		rc = -errno;
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}

int channel_socket_listen(const struct addr *address, uint16_t port, int *ret_fd)
{
	struct addr any = {.family = ADDR_IPV6};
	union address at;
	socklen_t size;
	int rc;

	if (address->family != ADDR_NONE) {
		size = to_socket(address, port, 0, &at);
		return listen_at(&at, size, ret_fd);
	}
	size = to_socket(&any, port, 0, &at);
	rc = listen_at(&at, size, ret_fd);
	if (rc != -EAFNOSUPPORT && rc != -EADDRNOTAVAIL)
		return rc;
	any.family = ADDR_IPV4; /* a kernel without IPv6 */
	size = to_socket(&any, port, 0, &at);
	return listen_at(&at, size, ret_fd);
}

int channel_socket_dial(const struct peer_address *address, int *ret_fd)
{
	union address to, from;
	socklen_t size = to_socket(&address->address,
	                           address->port ? address->port : PEER_CHANNEL_PORT,
	                           address->scope, &to);
	int fd = socket(to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int rc = fd < 0 ? -errno : 0;

	if (rc == 0)
		tune(fd);
	if (rc == 0 && address->local.family == address->address.family) {
		set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
		to_socket(&address->local, 0, address->scope, &from);
		rc = bind(fd, &from.any, size) ? -errno : 0;
	}
	if (rc == 0 && connect(fd, &to.any, size) && errno != EINPROGRESS)
		rc = -errno;
	if (rc == 0)
		*ret_fd = fd;
	else if (fd >= 0)
		close(fd);
	return rc;
}

struct addr channel_socket_accepted(int fd, const struct sockaddr_storage *from,
                                    uint32_t *ret_scope)
{
	union address address;
	uint16_t port;

	tune(fd);
	memcpy(&address, from, sizeof(address));
	return from_socket(&address, &port, ret_scope);
}

struct addr channel_socket_here(int fd, uint16_t *ret_port)
{
	union address here = {.any = {.sa_family = AF_INET}};
	socklen_t size = sizeof(here);
	uint32_t scope;

	if (getsockname(fd, &here.any, &size))
		memset(&here.ipv4.sin_addr, 0, sizeof(here.ipv4.sin_addr));
	return from_socket(&here, ret_port, &scope);
}

int channel_socket_error(int fd)
{
	int error = 0;
	socklen_t size = sizeof(error);

	return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) ? -errno : -error;
}
