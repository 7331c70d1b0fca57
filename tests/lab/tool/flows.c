/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds UDP flows, each from a port of its own. Each asks until it is answered, and at the end
 * again: a flow has survived when the same server answers.
 */
#include "labtool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_FLOWS  20000
#define MAX_ASKING 128 /* at once: more would overrun the server */
#define AGAIN_US   300000

struct flow {
	int fd;
	char server[32]; /* that answered first; "" */
	bool answered;   /* in this round */
	bool moved;
	int64_t asked_us;
};

static struct flow held[MAX_FLOWS];

static void take(struct flow *flow)
{
	char text[GREETING_MAX + 32];
	ssize_t got = recv(flow->fd, text, sizeof(text) - 1, MSG_DONTWAIT);

	if (got <= 0)
		return;
	text[got] = 0;
	text[strcspn(text, " ")] = 0;
	flow->answered = true;
	if (!flow->server[0])
		snprintf(flow->server, sizeof(flow->server), "%.31s", text);
	else
		flow->moved |= strcmp(flow->server, text) != 0;
}

/* All ask, some at a time, until all are answered or it takes too long. How many were. */
static size_t ask_all(const struct options *options, int poller, size_t n)
{
	int64_t limit = now_us() + options->timeout_us;
	size_t first = 0, answered = 0;

	for (size_t i = 0; i < n; i++) {
		held[i].answered = false;
		held[i].asked_us = 0;
	}
	while (answered < n && now_us() < limit) {
		struct epoll_event events[64];
		size_t asking = 0;
		int count;

		while (first < n && held[first].answered)
			first++;
		for (size_t i = first; i < n && asking < MAX_ASKING; i++) {
			if (held[i].answered)
				continue;
			asking++;
			if (held[i].asked_us + AGAIN_US > now_us())
				continue;
			held[i].asked_us = now_us();
			(void)!send(held[i].fd, "?", 1, 0);
		}
		count = epoll_wait(poller, events, 64, 20);
		for (int i = 0; i < count; i++) {
			struct flow *flow = &held[events[i].data.u64];
			bool before = flow->answered;

			take(flow);
			answered += flow->answered && !before;
		}
	}
	return answered;
}

int flows(const struct options *options)
{
	size_t n = options->count > 0 ? (size_t)options->count : 1, moved = 0, answered;
	int poller = epoll_create1(EPOLL_CLOEXEC);

	if (n > MAX_FLOWS)
		n = MAX_FLOWS;
	for (size_t i = 0; i < n; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = i};

		held[i].fd = open_client(options, SOCK_DGRAM, 0);
		if (held[i].fd < 0 || epoll_ctl(poller, EPOLL_CTL_ADD, held[i].fd, &event) < 0)
			die("flow");
	}
	answered = ask_all(options, poller, n);
	if (answered == n)
		puts("ready");
	fflush(stdout);
	while (answered == n && !stop_asked)
		usleep(20000);
	answered = ask_all(options, poller, n);
	for (size_t i = 0; i < n; i++)
		moved += held[i].moved;
	printf("{\"count\":%zu,\"answered\":%zu,\"moved\":%zu}\n", n, answered, moved);
	return 0;
}
