/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "labtool.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void die(const char *what)
{
	fprintf(stderr, "labtool: %s: %s\n", what, strerror(errno));
	exit(1);
}

int parse_address(const char *host, const char *port, struct sockaddr_storage *ret_address,
                  socklen_t *ret_len)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV,
	                         .ai_socktype = SOCK_DGRAM};
	struct addrinfo *found;

	if (getaddrinfo(host, port, &hints, &found) != 0)
		return -EINVAL;
	memcpy(ret_address, found->ai_addr, found->ai_addrlen);
	*ret_len = found->ai_addrlen;
	freeaddrinfo(found);
	return 0;
}

int set_nonblocking(int fd)
{
	return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

/* A nonblocking socket that is connected, or connecting, to the remote; -1 with errno when refused
 * at once. */
int open_client(const struct options *options, int type, int protocol)
{
	int fd = socket(options->remote.ss_family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
	int one = 1;

	if (fd < 0)
		return -1;
	if (options->source_len) {
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one));
		if (bind(fd, (const struct sockaddr *)&options->source, options->source_len) < 0)
			goto fail;
	}
	if (connect(fd, (const struct sockaddr *)&options->remote, options->remote_len) < 0 &&
	    errno != EINPROGRESS)
		goto fail;
	return fd;
fail:
	close(fd);
	return -1;
}

void put_json_string(const char *text)
{
	putchar('"');
	for (; *text; text++)
		if (*text == '"' || *text == '\\')
			printf("\\%c", *text);
		else if ((unsigned char)*text >= ' ')
			putchar(*text);
	putchar('"');
}
