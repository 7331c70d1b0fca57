/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holds TCP sessions and checks every byte. A session is alive when it was not reset, its bytes
 * were right, and at the end it still gets an answer: an echoing or idle one to a last question, a
 * downloading one (paced, or "flood": as fast as it goes) as more of its stream.
 */
#include "labtool.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define QUESTION_LEN 64
#define MAX_SESSIONS 20000
#define MAX_OPENING  128 /* connected, and not answered yet: more would overrun the server */
#define DETAILS_MAX \
	1024 /* sessions of which each is told of at the end; of more only what went wrong */

struct held {
	int fd;
	char server[GREETING_MAX];
	size_t server_len;
	bool greeted;
	bool broken; /* reset or closed */
	bool corrupt;
	int broken_errno;
	uint64_t asked;        /* bytes sent, echo and idle */
	uint64_t received;     /* bytes after the greeting */
	int64_t last_heard_us; /* download: last byte; otherwise: last answer complete */
	int64_t asked_at_us;   /* the oldest question without its whole answer; 0: none */
	int64_t next_question_us;
	int64_t longest_stall_us;
};

enum mode {
	ECHO,
	DOWNLOAD,
	FLOOD, /* a download as fast as it goes */
	IDLE,  /* asks once at the start and once at the end */
};

static const struct options *options;
static enum mode mode;
static int poller;

static bool is_download(void)
{
	return mode == DOWNLOAD || mode == FLOOD;
}

static void ask(struct held *held, int64_t now)
{
	uint8_t question[QUESTION_LEN];

	for (size_t i = 0; i < sizeof(question); i++)
		question[i] = stream_byte(held->asked + i);
	if (write(held->fd, question, sizeof(question)) != sizeof(question))
		return; /* the send buffer is full, or the error will come with the next read */
	held->asked += sizeof(question);
	if (!held->asked_at_us)
		held->asked_at_us = now;
}

static void note_stall(struct held *held, int64_t waited)
{
	if (waited > held->longest_stall_us)
		held->longest_stall_us = waited;
}

static void check_bytes(struct held *held, const uint8_t *data, size_t length, int64_t now)
{
	for (size_t i = 0; i < length; i++)
		if (data[i] != stream_byte(held->received + i))
			held->corrupt = true;
	held->received += length;
	if (is_download()) {
		note_stall(held, now - held->last_heard_us);
		held->last_heard_us = now;
	} else if (held->received >= held->asked && held->asked_at_us) {
		note_stall(held, now - held->asked_at_us);
		held->asked_at_us = 0;
		held->last_heard_us = now;
	}
}

/* The first line is the server's name; then we say what we want. */
static size_t take_greeting(struct held *held, const uint8_t *data, size_t length, int64_t now)
{
	for (size_t i = 0; i < length; i++) {
		if (data[i] != '\n') {
			if (held->server_len < sizeof(held->server) - 1)
				held->server[held->server_len++] = (char)data[i];
			continue;
		}
		held->server[strcspn(held->server, " ")] = 0;
		held->greeted = true;
		held->last_heard_us = now;
		if (write(held->fd,
		          mode == FLOOD   ? "F"
		          : is_download() ? "D"
		                          : "E",
		          1) == 1 &&
		    !is_download())
			ask(held, now);
		held->next_question_us = now + options->interval_us;
		return i + 1;
	}
	return length;
}

static void take(struct held *held)
{
	uint8_t data[65536];
	ssize_t got = read(held->fd, data, sizeof(data));
	int64_t now = now_us();
	size_t skip = 0;

	if (got <= 0) {
		if (got < 0 && errno == EAGAIN)
			return;
		held->broken = true;
		held->broken_errno = got < 0 ? errno : 0;
		close(held->fd);
		held->fd = -1;
		return;
	}
	if (!held->greeted)
		skip = take_greeting(held, data, (size_t)got, now);
	if (skip < (size_t)got)
		check_bytes(held, data + skip, (size_t)got - skip, now);
}

static void turn(struct held *sessions, size_t n, bool asking)
{
	struct epoll_event events[64];
	int count = epoll_wait(poller, events, 64, 5);
	int64_t now;

	for (int i = 0; i < count; i++)
		take(&sessions[events[i].data.u64]);
	now = now_us();
	for (size_t i = 0; asking && mode == ECHO && i < n; i++) {
		struct held *held = &sessions[i];

		if (!held->greeted || held->broken || now < held->next_question_us)
			continue;
		ask(held, now);
		held->next_question_us = now + options->interval_us;
	}
}

/* Asks a last time, and waits until all have answered or the time allowed for an answer is over. */
static void ask_last(struct held *sessions, size_t n, size_t *ret_alive)
{
	int64_t asked = now_us();
	bool waiting = true;

	for (size_t i = 0; i < n; i++)
		if (!is_download() && sessions[i].greeted && !sessions[i].broken)
			ask(&sessions[i], asked);
	while (waiting && now_us() - asked < options->timeout_us) {
		turn(sessions, n, false);
		waiting = false;
		for (size_t i = 0; i < n; i++)
			waiting |= !sessions[i].broken && sessions[i].last_heard_us < asked;
	}
	for (size_t i = 0; i < n; i++)
		if (sessions[i].last_heard_us < asked)
			note_stall(&sessions[i], now_us() - sessions[i].last_heard_us);
	for (size_t i = 0, told = 0; i < n; i++) {
		struct held *held = &sessions[i];
		bool alive = held->greeted && !held->broken && !held->corrupt &&
		             held->last_heard_us >= asked;

		*ret_alive += alive;
		if (n > DETAILS_MAX && (alive || told == DETAILS_MAX))
			continue;
		printf("%s{\"alive\":%s,\"server\":", told++ ? "," : "", alive ? "true" : "false");
		put_json_string(held->server);
		printf(",\"bytes\":%llu,\"corrupt\":%s,\"longestStallMs\":%.1f,\"error\":",
		       (unsigned long long)held->received, held->corrupt ? "true" : "false",
		       (double)held->longest_stall_us / 1e3);
		put_json_string(alive                ? ""
		                : held->corrupt      ? "corrupt"
		                : !held->broken      ? "no answer"
		                : held->broken_errno ? strerror(held->broken_errno)
		                                     : "closed");
		putchar('}');
	}
}

/* Begins with as many more as may be under way; how many there are then. */
static size_t open_some(struct held *sessions, size_t opened, size_t answered, size_t n)
{
	for (; opened < n && opened - answered < MAX_OPENING; opened++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = opened};

		sessions[opened] = (struct held){.fd = open_client(options, SOCK_STREAM, 0),
		                                 .last_heard_us = now_us()};
		if (sessions[opened].fd < 0)
			die("connect");
		if (epoll_ctl(poller, EPOLL_CTL_ADD, sessions[opened].fd, &event) < 0)
			die("epoll_ctl");
	}
	return opened;
}

int session(const struct options *given)
{
	static struct held sessions[MAX_SESSIONS];
	size_t n = given->count > 0 ? (size_t)given->count : 1;
	int64_t started = now_us();
	size_t opened = 0, answered = 0, alive = 0;

	options = given;
	mode = options->mode[0] == 'd'   ? DOWNLOAD
	       : options->mode[0] == 'f' ? FLOOD
	       : options->mode[0] == 'i' ? IDLE
	                                 : ECHO;
	poller = epoll_create1(EPOLL_CLOEXEC);
	if (n > MAX_SESSIONS)
		n = MAX_SESSIONS;
	while (!stop_asked &&
	       (!options->duration_us || now_us() - started < options->duration_us)) {
		size_t before = answered;

		opened = open_some(sessions, opened, answered, n);
		turn(sessions, opened, true);
		if (before == n)
			continue;
		answered = 0;
		for (size_t i = 0; i < opened; i++)
			answered += sessions[i].broken ||
			            (sessions[i].greeted && sessions[i].received > 0);
		if (answered == n) {
			puts("ready");
			fflush(stdout);
		}
	}
	printf("{\"sessions\":[");
	ask_last(sessions, opened, &alive);
	printf("],\"count\":%zu,\"aliveCount\":%zu}\n", n, alive);
	return 0;
}
