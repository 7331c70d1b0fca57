/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asks who is there at a fixed interval, and measures how long nobody answered. */
#include "labtool.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define MAX_SERVERS 32
#define SHARED      UINT64_MAX /* mark of the one socket that all UDP probes share */

enum outcome {
	PENDING,
	ANSWERED,
	REFUSED, /* reset, or an ICMP error */
	TIMED_OUT,
};

struct sample {
	int64_t sent_us;
	int64_t answered_us;
	int fd; /* of its own, or -1 */
	enum outcome outcome;
};

struct server_count {
	char name[GREETING_MAX];
	int64_t answers;
};

/* One run: every probe sent, and what came of it. */
struct run {
	const struct options *options;
	int poller;
	int shared_fd; /* udp without --fresh */
	bool is_udp;
	struct sample *samples;
	size_t n_samples;
	size_t max_samples;
	size_t oldest_pending; /* no sample before this is pending */
	struct server_count servers[MAX_SERVERS];
	size_t n_servers;
	int64_t started_us;
	int64_t latest_us; /* how late a probe was sent, at most: what this machine is worth */
	int64_t next_progress_us;
	size_t reported; /* samples that progress lines have counted */
	char last_server[GREETING_MAX];
	char seen_as[GREETING_MAX]; /* our address as the last server saw it */
};

static void watch(struct run *run, int fd, uint64_t mark)
{
	struct epoll_event event = {.events = EPOLLIN, .data.u64 = mark};

	if (epoll_ctl(run->poller, EPOLL_CTL_ADD, fd, &event) < 0)
		die("epoll_ctl");
}

static void settle(struct sample *sample, enum outcome outcome)
{
	if (sample->outcome == PENDING)
		sample->outcome = outcome;
	if (sample->fd >= 0)
		close(sample->fd);
	sample->fd = -1;
}

static void count_server(struct run *run, const char *name)
{
	snprintf(run->last_server, sizeof(run->last_server), "%.127s", name);
	for (size_t i = 0; i < run->n_servers; i++)
		if (strcmp(run->servers[i].name, name) == 0) {
			run->servers[i].answers++;
			return;
		}
	if (run->n_servers == MAX_SERVERS)
		return;
	snprintf(run->servers[run->n_servers].name, GREETING_MAX, "%.127s", name);
	run->servers[run->n_servers++].answers = 1;
}

static void send_probe(struct run *run)
{
	size_t index = run->n_samples;
	struct sample *sample;
	char text[32];
	int length = snprintf(text, sizeof(text), "%zu", index);

	if (index == run->max_samples) {
		run->max_samples = run->max_samples ? run->max_samples * 2 : 4096;
		run->samples = realloc(run->samples, run->max_samples * sizeof(*run->samples));
		if (!run->samples)
			die("realloc");
	}
	sample = &run->samples[run->n_samples++];
	*sample = (struct sample){.sent_us = now_us(), .fd = -1};
	if (run->shared_fd >= 0) {
		if (send(run->shared_fd, text, (size_t)length, 0) < 0 && errno == ECONNREFUSED)
			send(run->shared_fd, text, (size_t)length,
			     0); /* that was an earlier one's error */
		return;
	}
	if (run->is_udp)
		sample->fd = open_client(run->options, SOCK_DGRAM, 0);
	else
		sample->fd = open_client(run->options, SOCK_STREAM,
		                         run->options->protocol[0] == 's' ? IPPROTO_SCTP : 0);
	if (sample->fd < 0 || (run->is_udp && send(sample->fd, text, (size_t)length, 0) < 0)) {
		settle(sample, REFUSED);
		return;
	}
	watch(run, sample->fd, index);
}

/* A UDP answer is "NAME PEER INDEX", a greeting is "NAME PEER\n". */
static void take_answer(struct run *run, uint64_t mark)
{
	char text[GREETING_MAX + 32], *rest = text;
	int fd = mark == SHARED ? run->shared_fd : run->samples[mark].fd;
	ssize_t got = recv(fd, text, sizeof(text) - 1, MSG_DONTWAIT);
	const char *server, *peer;

	if (got <= 0) {
		if (mark != SHARED && (got == 0 || errno != EAGAIN))
			settle(&run->samples[mark], REFUSED);
		return;
	}
	text[got] = 0;
	server = strsep(&rest, " ");
	peer = strsep(&rest, " \n");
	if (!rest)
		return;
	if (run->is_udp)
		mark = strtoull(rest, NULL, 10);
	if (mark >= run->n_samples || run->samples[mark].outcome == ANSWERED)
		return;
	run->samples[mark].answered_us = now_us();
	run->samples[mark].outcome = PENDING; /* a late answer is better than none */
	settle(&run->samples[mark], ANSWERED);
	count_server(run, server);
	snprintf(run->seen_as, sizeof(run->seen_as), "%.127s", peer);
}

static void give_up_on_old(struct run *run, int64_t now)
{
	for (; run->oldest_pending < run->n_samples; run->oldest_pending++) {
		struct sample *sample = &run->samples[run->oldest_pending];

		if (sample->outcome != PENDING)
			continue;
		if (now - sample->sent_us < run->options->timeout_us)
			return;
		settle(sample, TIMED_OUT);
	}
}

static void collect(struct run *run, int64_t until)
{
	struct epoll_event events[256];

	do {
		int64_t left = until - now_us();
		struct timespec wait = {.tv_sec = left / 1000000, .tv_nsec = left % 1000000 * 1000};
		int n = epoll_pwait2(run->poller, events, 256,
		                     left > 0 ? &wait : &(struct timespec){0}, NULL);

		for (int i = 0; i < n; i++)
			take_answer(run, events[i].data.u64);
		give_up_on_old(run, now_us());
	} while (!stop_asked && now_us() < until);
}

/* What clients felt: from the first of some unanswered probes in a row to the next answered one. */
static void put_gaps(const struct run *run)
{
	int64_t longest = 0, longest_start = 0;
	int n_gaps = 0;

	for (size_t i = 0; i < run->n_samples; i++) {
		size_t end = i;
		int64_t until;

		while (end < run->n_samples && run->samples[end].outcome != ANSWERED)
			end++;
		if (end == i)
			continue;
		n_gaps++;
		until = end < run->n_samples
		                ? run->samples[end].sent_us
		                : run->samples[end - 1].sent_us + run->options->interval_us;
		if (until - run->samples[i].sent_us > longest) {
			longest = until - run->samples[i].sent_us;
			longest_start = run->samples[i].sent_us - run->started_us;
		}
		i = end;
	}
	printf(",\"gaps\":%d,\"longestGapMs\":%.1f,\"gapStartMs\":%.1f", n_gaps,
	       (double)longest / 1e3, (double)longest_start / 1e3);
}

static int compare(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void put_latency(const struct run *run)
{
	int64_t *latency = calloc(run->n_samples + 1, sizeof(*latency));
	size_t n = 0;

	if (!latency)
		die("calloc");
	for (size_t i = 0; i < run->n_samples; i++)
		if (run->samples[i].outcome == ANSWERED)
			latency[n++] = run->samples[i].answered_us - run->samples[i].sent_us;
	qsort(latency, n, sizeof(*latency), compare);
	printf(",\"medianMs\":%.2f,\"slowestMs\":%.2f", n ? (double)latency[n / 2] / 1e3 : 0,
	       n ? (double)latency[n - 1] / 1e3 : 0);
	free(latency);
}

static void put_counts(const struct run *run, size_t from, size_t to)
{
	int64_t answered = 0, refused = 0;

	for (size_t i = from; i < to; i++) {
		answered += run->samples[i].outcome == ANSWERED;
		refused += run->samples[i].outcome == REFUSED;
	}
	printf("{\"sent\":%zu,\"answered\":%lld,\"lost\":%lld,\"refused\":%lld", to - from,
	       (long long)answered, (long long)(int64_t)(to - from) - answered, (long long)refused);
}

static void put_servers(const struct run *run)
{
	printf(",\"servers\":{");
	for (size_t i = 0; i < run->n_servers; i++) {
		if (i > 0)
			putchar(',');
		put_json_string(run->servers[i].name);
		printf(":%lld", (long long)run->servers[i].answers);
	}
	printf("},\"lastServer\":");
	put_json_string(run->last_server);
	printf(",\"seenAs\":");
	put_json_string(run->seen_as);
}

/* A line on the probes since the last such line; one that is still waited for counts as lost there.
 */
static void put_progress(struct run *run, int64_t now)
{
	if (run->options->progress_us == 0 || now < run->next_progress_us)
		return;
	put_counts(run, run->reported, run->n_samples);
	put_servers(run);
	printf(",\"atMs\":%.1f,\"progress\":true}\n", (double)(now - run->started_us) / 1e3);
	fflush(stdout);
	run->reported = run->n_samples;
	run->next_progress_us = now + run->options->progress_us;
}

/* One character for each 'timeline' of time: '.' all answered, 'x' none, 'o' some. */
static void put_timeline(const struct run *run)
{
	size_t i = 0;

	if (!run->options->timeline_us)
		return;
	printf(",\"timeline\":\"");
	for (int64_t end = run->started_us; i < run->n_samples;) {
		size_t answered = 0, sent = 0;

		end += run->options->timeline_us;
		for (; i < run->n_samples && run->samples[i].sent_us < end; i++, sent++)
			answered += run->samples[i].outcome == ANSWERED;
		if (sent > 0)
			putchar(answered == sent ? '.' : answered == 0 ? 'x' : 'o');
	}
	putchar('"');
}

static bool done(const struct run *run, int64_t now)
{
	const struct options *options = run->options;

	return stop_asked || (options->count && run->n_samples >= (size_t)options->count) ||
	       (options->duration_us && now - run->started_us >= options->duration_us);
}

int probe(const struct options *options)
{
	struct run run = {.options = options,
	                  .poller = epoll_create1(EPOLL_CLOEXEC),
	                  .shared_fd = -1,
	                  .is_udp = options->protocol[0] == 'u',
	                  .started_us = now_us()};
	int64_t next = run.started_us;

	if (run.is_udp && !options->fresh) {
		run.shared_fd = open_client(options, SOCK_DGRAM, 0);
		if (run.shared_fd < 0)
			die("connect");
		watch(&run, run.shared_fd, SHARED);
	}
	run.next_progress_us = run.started_us + options->progress_us;
	while (!done(&run, now_us())) {
		if (now_us() - next > run.latest_us)
			run.latest_us = now_us() - next;
		send_probe(&run);
		next += options->interval_us;
		if (next < now_us() - 5 * options->interval_us)
			next = now_us(); /* we could not keep up: do not send a burst */
		collect(&run, next);
		put_progress(&run, now_us());
	}
	stop_asked = false; /* the last answers are waited for; a second signal cuts that short */
	for (int64_t limit = now_us() + options->timeout_us;
	     run.oldest_pending < run.n_samples && now_us() < limit && !stop_asked;)
		collect(&run, now_us() + 2000);
	put_counts(&run, 0, run.n_samples);
	put_gaps(&run);
	put_latency(&run);
	put_servers(&run);
	put_timeline(&run);
	printf(",\"latestMs\":%.1f,\"lastSentMs\":%.1f", (double)run.latest_us / 1e3,
	       run.n_samples
	               ? (double)(run.samples[run.n_samples - 1].sent_us - run.started_us) / 1e3
	               : 0.0);
	size_t last = run.n_samples;
	while (last > 0 && run.samples[last - 1].outcome != ANSWERED)
		last--;
	printf(",\"lastAnsweredMs\":%.1f",
	       last > 0 ? (double)(run.samples[last - 1].sent_us - run.started_us) / 1e3 : -1.0);
	printf(",\"seconds\":%.3f}\n", (double)(now_us() - run.started_us) / 1e6);
	return 0;
}
