/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Servers that say who they are: one process answers on many ports, over UDP and TCP or over SCTP,
 * both families. */
#include "labtool.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/uio.h>
#include <unistd.h>

#define CHUNK   4096 /* bytes of a download sent every TICK_MS */
#define TICK_MS 10
#define FLOODS  64 /* chunks of a flood sent at once, at most */

enum kind {
	DATAGRAM,
	LISTENER,
	CONNECTION,
};

enum conversation {
	UNDECIDED, /* the client has not said what it wants */
	ECHOING,
	STREAMING,
	FLOODING, /* the same as fast as it goes */
};

struct endpoint {
	enum kind kind;
	enum conversation conversation;
	int fd;
	uint64_t position;     /* next byte of the stream */
	struct endpoint *next; /* in the list of streaming ones */
};

static const char *own_name;
static int poller;
static struct endpoint *streaming;

static void watch(enum kind kind, int fd)
{
	struct endpoint *endpoint = calloc(1, sizeof(*endpoint));
	struct epoll_event event = {.events = EPOLLIN, .data.ptr = endpoint};

	if (!endpoint)
		die("calloc");
	endpoint->kind = kind;
	endpoint->fd = fd;
	if (epoll_ctl(poller, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

/* "NAME PEER", the peer's address as we see it (an IPv4 one without its ::ffff:). */
static int introduce(char *buf, size_t size, const struct sockaddr_storage *peer)
{
	char host[NI_MAXHOST];

	if (getnameinfo((const struct sockaddr *)peer, sizeof(*peer), host, sizeof(host), NULL, 0,
	                NI_NUMERICHOST) != 0)
		strcpy(host, "?");
	return snprintf(buf, size, "%s %s", own_name,
	                strncmp(host, "::ffff:", 7) == 0 ? host + 7 : host);
}

/* The answer is "NAME PEER QUESTION". It leaves from the address that was asked, which in direct
 * mode is the virtual one. */
static void answer_datagram(int fd)
{
	char data[2048], control[256], introduction[GREETING_MAX];
	struct sockaddr_storage peer;
	struct iovec piece[3] = {{.iov_base = data, .iov_len = sizeof(data)}};
	struct msghdr message = {.msg_name = &peer,
	                         .msg_namelen = sizeof(peer),
	                         .msg_iov = piece,
	                         .msg_iovlen = 1,
	                         .msg_control = control,
	                         .msg_controllen = sizeof(control)};
	ssize_t got = recvmsg(fd, &message, 0);
	struct cmsghdr *info;

	if (got < 0)
		return;
	info = CMSG_FIRSTHDR(&message);
	if (info && info->cmsg_level == IPPROTO_IPV6 && info->cmsg_type == IPV6_PKTINFO)
		((struct in6_pktinfo *)CMSG_DATA(info))->ipi6_ifindex = 0;
	piece[0].iov_base = introduction;
	piece[0].iov_len = (size_t)introduce(introduction, sizeof(introduction), &peer);
	piece[1] = (struct iovec){.iov_base = (char *)" ", .iov_len = 1};
	piece[2] = (struct iovec){.iov_base = data, .iov_len = (size_t)got};
	message.msg_iovlen = 3;
	sendmsg(fd, &message, MSG_DONTWAIT);
}

static void greet(int listener)
{
	char greeting[GREETING_MAX];
	struct sockaddr_storage peer;
	socklen_t peer_len = sizeof(peer);
	int fd = accept4(listener, (struct sockaddr *)&peer, &peer_len,
	                 SOCK_NONBLOCK | SOCK_CLOEXEC);
	int length;

	if (fd < 0)
		return;
	length = introduce(greeting, sizeof(greeting) - 1, &peer);
	greeting[length++] = '\n';
	if (write(fd, greeting, (size_t)length) != length) {
		close(fd);
		return;
	}
	watch(CONNECTION, fd);
}

static void hang_up(struct endpoint *gone)
{
	for (struct endpoint **at = &streaming; *at; at = &(*at)->next)
		if (*at == gone) {
			*at = gone->next;
			break;
		}
	close(gone->fd);
	free(gone);
}

static void converse(struct endpoint *endpoint)
{
	char data[16384];
	ssize_t got = read(endpoint->fd, data, sizeof(data));

	if (got <= 0) {
		if (got == 0 || errno != EAGAIN)
			hang_up(endpoint);
		return;
	}
	if (endpoint->conversation == UNDECIDED) {
		endpoint->conversation = data[0] == 'D'   ? STREAMING
		                         : data[0] == 'F' ? FLOODING
		                                          : ECHOING;
		if (endpoint->conversation != ECHOING) {
			endpoint->next = streaming;
			streaming = endpoint;
		}
		got--;
		memmove(data, data + 1, (size_t)got);
	}
	if (endpoint->conversation == ECHOING && got > 0 &&
	    write(endpoint->fd, data, (size_t)got) != got)
		hang_up(endpoint); /* a client that does not read what it asked for */
}

/* False when no more fits. */
static bool stream_chunk(struct endpoint *to)
{
	uint8_t data[CHUNK];

	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = stream_byte(to->position + i);
	ssize_t sent = write(to->fd, data, sizeof(data));
	if (sent > 0)
		to->position += (uint64_t)sent;
	return sent == sizeof(data);
}

static void stream_some(void)
{
	for (struct endpoint *at = streaming; at; at = at->next) {
		int chunks = at->conversation == FLOODING ? FLOODS : 1;

		while (chunks-- > 0 && stream_chunk(at))
			;
	}
}

static int open_server(int type, int protocol, const char *port)
{
	struct sockaddr_in6 any = {.sin6_family = AF_INET6,
	                           .sin6_addr = IN6ADDR_ANY_INIT,
	                           .sin6_port = htons((uint16_t)atoi(port))};
	int fd = socket(AF_INET6, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	int off = 0, on = 1;

	if (fd < 0)
		die("socket");
	setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (type == SOCK_DGRAM)
		setsockopt(fd, IPPROTO_IPV6, IPV6_RECVPKTINFO, &on, sizeof(on));
	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		die("bind");
	if (type == SOCK_STREAM && listen(fd, 1024) < 0)
		die("listen");
	return fd;
}

int serve(const char *name, const char *protocol, char **ports, int n_ports)
{
	own_name = name;
	poller = epoll_create1(EPOLL_CLOEXEC);
	for (int i = 0; i < n_ports; i++) {
		if (strcmp(protocol, "sctp") == 0) {
			watch(LISTENER, open_server(SOCK_STREAM, IPPROTO_SCTP, ports[i]));
			continue;
		}
		watch(DATAGRAM, open_server(SOCK_DGRAM, 0, ports[i]));
		watch(LISTENER, open_server(SOCK_STREAM, 0, ports[i]));
	}
	puts("ready");
	fflush(stdout);
	for (int64_t next_tick = 0; !stop_asked;) {
		struct epoll_event events[64];
		int n = epoll_wait(poller, events, 64, streaming ? TICK_MS : -1);

		for (int i = 0; i < n; i++) {
			struct endpoint *endpoint = events[i].data.ptr;

			if (endpoint->kind == DATAGRAM)
				answer_datagram(endpoint->fd);
			else if (endpoint->kind == LISTENER)
				greet(endpoint->fd);
			else
				converse(endpoint);
		}
		if (streaming && now_us() >= next_tick) {
			stream_some();
			next_tick = now_us() + TICK_MS * 1000;
		}
	}
	return 0;
}
