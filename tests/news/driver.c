/* SPDX-License-Identifier: GPL-2.0-or-later */
/* news_driver [--seccomp] [--ca FILE] TARGET...: news/news.h as the daemon uses it, led by lines
 * on standard input:
 *
 *   tell TEXT      an event          tellmany N     N of them, "0".."N-1"
 *   current TEXT   what is so from now on, a line
 *   reload         flush MS          status
 *
 * "changed UP PROBLEM TARGET", "flushed" and, for each target, "status UP QUEUED DELIVERED DROPPED
 * FAILURES PROBLEM TARGET" come on standard output, with tabs. Ends with the input. */

#include "daemon/confine.h"
#include "lib/mono.h"
#include "news/news.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define INPUT_SIZE 65536

struct driver {
	struct loop *loop;
	struct news *news;
	struct loop_fd input;
	char buffer[INPUT_SIZE];
	size_t filled;
	char current[256];
};

static void die(const char *what)
{
	fprintf(stderr, "news_driver: %s\n", what);
	exit(2);
}

static void tell_status(const struct driver *driver)
{
	for (size_t i = 0; i < news_count(driver->news); i++) {
		struct news_status status;

		news_status(driver->news, i, &status);
		printf("status\t%d\t%zu\t%" PRIu64 "\t%" PRIu64 "\t%" PRIu64 "\t%s\t%s\n",
		       status.up, status.queued, status.delivered, status.dropped, status.failures,
		       status.problem, status.target->name);
	}
	puts("end");
}

static void obey(struct driver *driver, char *line)
{
	char *argument = strchr(line, ' ');

	if (argument)
		*argument++ = '\0';
	else
		argument = line + strlen(line);
	if (strcmp(line, "tell") == 0) {
		news_tell(driver->news, argument);
	} else if (strcmp(line, "tellmany") == 0) {
		long count = atol(argument);

		for (long i = 0; i < count; i++) {
			char text[24];

			snprintf(text, sizeof(text), "%ld", i);
			news_tell(driver->news, text);
		}
	} else if (strcmp(line, "current") == 0) {
		snprintf(driver->current, sizeof(driver->current), "%s", argument);
	} else if (strcmp(line, "reload") == 0) {
		news_reload(driver->news);
	} else if (strcmp(line, "flush") == 0) {
		if (news_flush(driver->news, mono_now_us() + atol(argument) * US_PER_MS))
			puts("flushed");
	} else if (strcmp(line, "status") == 0) {
		tell_status(driver);
	} else {
		die("no such order");
	}
	fflush(stdout);
}

static void input_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct driver *driver = lt_container_of(fd, struct driver, input);
	ssize_t n = read(fd->fd, driver->buffer + driver->filled, INPUT_SIZE - 1 - driver->filled);
	char *line = driver->buffer, *end;

	if (n <= 0) {
		loop_stop(driver->loop);
		return;
	}
	driver->filled += (size_t)n;
	driver->buffer[driver->filled] = '\0';
	while ((end = strchr(line, '\n'))) {
		*end = '\0';
		obey(driver, line);
		line = end + 1;
	}
	driver->filled -= (size_t)(line - driver->buffer);
	memmove(driver->buffer, line, driver->filled);
}

static void give_current(void *ctx, struct text *out)
{
	const struct driver *driver = ctx;

	text_printf(out, "%s\n", driver->current);
}

static void changed(void *ctx, const struct news_status *status)
{
	printf("changed\t%d\t%s\t%s\n", status->up, status->problem, status->target->name);
	fflush(stdout);
}

static void flushed(void *ctx)
{
	puts("flushed");
	fflush(stdout);
}

int main(int argc, char **argv)
{
	static struct driver driver = {.current = "now"};
	const struct news_handler handler = {give_current, changed, flushed, &driver};
	struct news_options options = {.agent = "lintel-notify/test"};
	struct news_target *targets;
	struct text problem = {0};
	bool confine = false;
	int at = 1;

	for (; at < argc && argv[at][0] == '-'; at++) {
		if (strcmp(argv[at], "--seccomp") == 0)
			confine = true;
		else if (strcmp(argv[at], "--ca") == 0 && at + 1 < argc)
			options.ca_file = argv[++at];
		else
			die("no such option");
	}
	options.count = (size_t)(argc - at);
	if (news_targets_parse((const char *const *)argv + at, options.count, &targets, &problem))
		die(text_str(&problem));
	options.targets = targets;
	if (loop_new(&driver.loop) || news_open(driver.loop, &options, &handler, &driver.news))
		die("can't begin");
	driver.input = (struct loop_fd){.fd = STDIN_FILENO, .ready = input_ready};
	loop_fd_start(driver.loop, &driver.input, true, false);
	if (confine && confine_threads())
		die("no seccomp");
	puts("ready");
	fflush(stdout);
	loop_run(driver.loop);
	loop_fd_stop(&driver.input);
	news_close(driver.news);
	loop_free(driver.loop);
	news_targets_free(targets, options.count);
	text_done(&problem);
	return 0;
}
