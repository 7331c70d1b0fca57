/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The VRRP thread alone, to be tried by hand and by lab scenarios in network namespaces.
 *
 * lab_thread PATH...: reads VirtualRouters from files, runs them, prints what is reported. Orders
 * on standard input, one a line: reload | failover NAME | stop | keep | status. End of input: stop.
 * Lines on standard output begin with the monotonic time in microseconds. */
#include "files/source.h"
#include "lib/loop.h"
#include "lib/mono.h"
#include "model/snapshot.h"
#include "vrrp/thread.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct lab {
	struct loop *loop;
	struct vrrp_thread *thread;
	struct loop_fd input;
	char **paths;
	size_t path_count;
	char line[1024];
	size_t length;
	struct model_router_status *routers;
	size_t router_count;
};

static void say(const char *kind, const char *text)
{
	printf("%" PRId64 " %s %s\n", mono_now_us(), kind, text);
	fflush(stdout);
}

static void print_router(const struct model_router_status *r)
{
	char text[2048], active[ADDR_TEXT_SIZE] = "none";
	const struct model_router_counters *c = &r->counters;
	uint64_t drops = 0;

	if (r->active.family != ADDR_NONE)
		addr_format(&r->active, active);
	for (int i = 0; i < MODEL_DROP_COUNT; i++)
		drops += c->drops[i];
	snprintf(text, sizeof(text),
	         "router=%s state=%s priority=%u active=%s/%u present=%u/%u leaving=%d "
	         "sent=%" PRIu64 " received=%" PRIu64 " errors=%" PRIu64 " drops=%" PRIu64
	         " announced=%" PRIu64 " restored=%" PRIu64 " conflicts=%" PRIu64
	         " late_max_us=%" PRId64 " realtime=%d problem=\"%s\"",
	         r->name, model_router_state_name(r->state), r->priority, active,
	         r->active_priority, r->addresses_present, r->address_count, r->leaving,
	         c->adverts_sent, c->adverts_received, c->send_errors, drops, c->announcements_sent,
	         c->addresses_restored, c->address_conflicts, c->lateness_max_us, r->realtime,
	         r->problem);
	say("status", text);
}

static void on_status(void *ctx, struct model_router_status *routers, size_t count)
{
	struct lab *lab = ctx;

	free(lab->routers);
	lab->routers = routers;
	lab->router_count = count;
}

static void on_event(void *ctx, int level, const char *message)
{
	say("event", message);
}

static void on_failover(void *ctx, const char *router, int result)
{
	char text[512];

	snprintf(text, sizeof(text), "router=%s result=%d", router, result);
	say("failover", text);
}

static void on_stopped(void *ctx)
{
	struct lab *lab = ctx;

	say("stopped", "");
	loop_stop(lab->loop);
}

static bool load(struct lab *lab)
{
	struct files_source source;
	struct model_problems problems;
	struct model_snapshot *snapshot;

	model_problems_init(&problems);
	files_source_init(&source, lab->paths, lab->path_count);
	files_source_read(&source, &problems);
	snapshot = model_snapshot_build(source.objects, source.object_count, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		struct text text = {0};

		model_problem_format(&problems.items[i], &text);
		fprintf(stderr, "%s", text_str(&text));
		text_done(&text);
	}
	if (snapshot) {
		vrrp_thread_configure(lab->thread, vrrp_config_build(snapshot, NULL));
		model_snapshot_free(snapshot);
	}
	model_problems_done(&problems);
	files_source_done(&source);
	return snapshot != NULL;
}

static void print_routers(struct lab *lab)
{
	vrrp_thread_look(lab->thread);
	for (size_t i = 0; i < lab->router_count; i++)
		print_router(&lab->routers[i]);
}

static void obey(struct lab *lab, const char *line)
{
	if (!strcmp(line, "reload"))
		load(lab);
	else if (!strncmp(line, "failover ", 9))
		vrrp_thread_failover(lab->thread, line + 9);
	else if (!strcmp(line, "stop"))
		vrrp_thread_stop(lab->thread, false);
	else if (!strcmp(line, "keep"))
		vrrp_thread_stop(lab->thread, true);
	else if (!strcmp(line, "status"))
		print_routers(lab);
	else
		fprintf(stderr, "unknown order: %s\n", line);
}

static void input_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct lab *lab = lt_container_of(fd, struct lab, input);
	ssize_t got = read(fd->fd, lab->line + lab->length, sizeof(lab->line) - 1 - lab->length);
	char *end;

	if (got <= 0) {
		loop_fd_stop(fd);
		vrrp_thread_stop(lab->thread, false);
		return;
	}
	lab->length += (size_t)got;
	lab->line[lab->length] = '\0';
	while ((end = strchr(lab->line, '\n'))) {
		*end = '\0';
		obey(lab, lab->line);
		lab->length -= (size_t)(end + 1 - lab->line);
		memmove(lab->line, end + 1, lab->length + 1);
	}
	if (lab->length == sizeof(lab->line) - 1)
		lab->length = 0;
}

int main(int argc, char **argv)
{
	struct lab lab = {.paths = argv + 1, .path_count = (size_t)argc - 1};
	const struct vrrp_thread_handlers handlers = {
		.status = on_status,
		.event = on_event,
		.failover_done = on_failover,
		.stopped = on_stopped,
		.ctx = &lab,
	};
	int r;

	if (argc < 2) {
		fprintf(stderr, "usage: lab_thread PATH...\n");
		return 2;
	}
	if (loop_new(&lab.loop) < 0)
		return 1;
	r = vrrp_thread_start(lab.loop, &handlers, NULL, &lab.thread);
	if (r < 0) {
		fprintf(stderr, "cannot start: %s\n", strerror(-r));
		return 1;
	}
	if (!load(&lab))
		return 1;
	lab.input = (struct loop_fd){.fd = STDIN_FILENO, .ready = input_ready};
	loop_fd_start(lab.loop, &lab.input, true, false);
	loop_run(lab.loop);
	loop_fd_stop(&lab.input);
	vrrp_thread_free(lab.thread);
	loop_free(lab.loop);
	free(lab.routers);
	return 0;
}
