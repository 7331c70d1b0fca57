/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health_load [TARGETS [SECONDS [DEAD [TYPE]]]]: ten thousand servers (127.1.0.0 and on, one port)
 * checked by TCP (or http) on one thread, with time as it is. Fails when not all are checked as
 * often as they should be, when more sockets were open than there may be, or when a wrong verdict
 * is among them. Of DEAD of them the port is another one, where nobody listens. Prints what it
 * cost.
 *
 * The servers are a child of ours; its cost is not counted. */

#include "health/health.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define INTERVAL_US (2 * US_PER_S)
#define BACKLOG     4096

static struct loop *loop;

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "health_load: %s\n", what);
	exit(1);
}

static int listen_anywhere(uint16_t *ret_port)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	              listen(fd, BACKLOG) == 0 &&
	              getsockname(fd, (struct sockaddr *)&at, &size) == 0,
	      "can't listen");
	*ret_port = ntohs(at.sin_port);
	return fd;
}

/* A port that is taken, and where nobody listens. */
static uint16_t take_dead_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	check(fd >= 0 && bind(fd, (struct sockaddr *)&at, sizeof(at)) == 0 &&
	              getsockname(fd, (struct sockaddr *)&at, &size) == 0,
	      "can't bind");
	return ntohs(at.sin_port);
}

static pid_t start_server(int listener, bool http)
{
	static const char answer[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
	pid_t pid = fork();

	check(pid >= 0, "can't fork");
	if (pid > 0) {
		close(listener);
		return pid;
	}
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (;;) {
		int fd = accept(listener, NULL, NULL);
		char request[1000];

		if (fd < 0)
			continue;
		if (http && read(fd, request, sizeof(request)) > 0)
			(void)!write(fd, answer, sizeof(answer) - 1);
		close(fd);
	}
}

static void changed(void *ctx, const struct health_entry *entry)
{
	(*(size_t *)ctx)++;
}

static void stop(struct loop_deadline *deadline)
{
	loop_stop(loop);
}

static int64_t cpu_us(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_utime.tv_sec * US_PER_S + usage.ru_utime.tv_usec +
	       usage.ru_stime.tv_sec * US_PER_S + usage.ru_stime.tv_usec;
}

static long most_memory(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

static void fill(struct health_target *targets, size_t count, size_t dead_count, uint16_t port,
                 uint16_t dead_port, const struct model_health_check *wanted)
{
	for (size_t i = 0; i < count; i++) {
		uint32_t bytes = htonl(0x7f010000 + (uint32_t)i);
		struct addr address = addr_make(ADDR_IPV4, &bytes);

		targets[i] =
			health_target_make(&address, i < dead_count ? dead_port : port, wanted);
	}
}

static void judge(const struct health_totals *totals, size_t count, size_t dead_count,
                  size_t changed_count, int64_t seconds, enum health_class class)
{
	uint64_t check_count = 0;

	for (size_t i = 0; i < HEALTH_RESULT_COUNT; i++)
		check_count += totals->results[i];
	printf("checks=%" PRIu64 " most-at-once=%zu room=%zu late-max-us=%" PRId64 " ok=%" PRIu64
	       " refused=%" PRIu64 " timeout=%" PRIu64 "\n",
	       check_count, totals->running_max[class], totals->rooms[class], totals->late_max_us,
	       totals->results[HEALTH_OK], totals->results[HEALTH_REFUSED],
	       totals->results[HEALTH_TIMEOUT]);
	check(totals->target_count == count, "targets were lost");
	check(totals->running_max[class] <= totals->rooms[class], "more sockets than there may be");
	check(totals->states[HEALTH_UP] == count - dead_count, "not all that live are up");
	check(totals->states[HEALTH_DOWN] == dead_count, "not all that are dead are down");
	check(changed_count == count, "a state changed more than once");
	/* A machine under load may take its time, but not twice as long. */
	check(check_count >= count * (uint64_t)(seconds * US_PER_S / INTERVAL_US) / 2,
	      "checks are too rare");
}

int main(int argc, char **argv)
{
	size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 10000;
	int64_t seconds = argc > 2 ? atol(argv[2]) : 10;
	size_t dead_count = argc > 3 ? strtoul(argv[3], NULL, 10) : 0, changed_count = 0;
	bool http = argc > 4 && strcmp(argv[4], "http") == 0;
	const struct model_health_check asked = {.type = http ? MODEL_HEALTH_HTTP
	                                                      : MODEL_HEALTH_TCP,
	                                         .interval_us = INTERVAL_US,
	                                         .timeout_us = US_PER_S,
	                                         .rise = 2,
	                                         .fall = 2,
	                                         .http = {"GET", "/", "", .body = ""}};
	const struct health_handlers handlers = {changed, &changed_count};
	struct health_target *targets = xcalloc(count, sizeof(*targets));
	struct loop_deadline deadline = {.expired = stop};
	struct health_totals totals;
	struct health *health = NULL;
	uint16_t port, dead_port = take_dead_port();
	pid_t server = start_server(listen_anywhere(&port), http);
	int64_t begun_us, begun_cpu_us, wanted_us;

	check(loop_new(&loop) == 0 && health_open(loop, &handlers, NULL, &health) == 0 &&
	              loop_deadline_init(loop, &deadline) == 0,
	      "can't begin");
	fill(targets, count, dead_count, port, dead_port, &asked);
	begun_us = mono_now_us();
	health_want(health, targets, count);
	wanted_us = mono_now_us() - begun_us;
	begun_us = mono_now_us();
	health_want(health, targets, count);
	printf("targets=%zu want-us=%" PRId64 " want-again-us=%" PRId64 "\n", count, wanted_us,
	       mono_now_us() - begun_us);
	begun_cpu_us = cpu_us();
	loop_deadline_arm(&deadline, mono_now_us() + seconds * US_PER_S);
	loop_run(loop);
	health_totals(health, &totals);
	printf("seconds=%" PRId64 " cpu=%.1f%% most-memory=%ldkB\n", seconds,
	       100.0 * (double)(cpu_us() - begun_cpu_us) / (double)(seconds * US_PER_S),
	       most_memory());
	kill(server, SIGKILL);
	waitpid(server, NULL, 0);
	judge(&totals, count, dead_count, changed_count, seconds,
	      http ? HEALTH_HEAVY : HEALTH_LIGHT);
	loop_deadline_done(&deadline);
	health_close(health);
	loop_free(loop);
	free(targets);
	return 0;
}
