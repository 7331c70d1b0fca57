/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two mailboxes and two wakes: orders go to the thread's loop, reports to the main loop. */
#include "vrrp/thread.h"

#include "lib/log.h"
#include "lib/mailbox.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "vrrp/node.h"
#include "vrrp/thread_spawn.h"

#include <errno.h>
#include <linux/capability.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STACK_SIZE  (256 * 1024)
#define STACK_READY (64 * 1024)
/* Of looking how things are: more than any turn of the thread takes. */
#define LOOK_US     (20 * US_PER_MS)

enum order_kind { ORDER_CONFIGURE, ORDER_LOOK, ORDER_FAILOVER, ORDER_STOP, ORDER_QUIT };

struct order {
	struct mailbox_item item;
	enum order_kind kind;
	struct vrrp_config *config; /* CONFIGURE: owned */
	bool keep;                  /* STOP */
	char router[254];           /* FAILOVER */
};

enum report_kind { REPORT_STATUS, REPORT_EVENT, REPORT_FAILOVER, REPORT_STOPPED };

struct report {
	struct mailbox_item item;
	enum report_kind kind;
	struct model_router_status *routers; /* STATUS: owned */
	size_t count;
	char *text; /* EVENT: message, FAILOVER: router; owned */
	int number; /* EVENT: level, FAILOVER: result */
};

struct vrrp_thread {
	struct loop *main_loop;
	struct loop *loop;
	struct vrrp_thread_handlers handlers;
	struct mailbox orders, reports;
	struct loop_wake order_wake, report_wake;
	sem_t looked; /* an ORDER_LOOK was carried out */
	struct vrrp_node node;
	pthread_t thread;
	bool stop_done; /* the thread's own: say so when all is closed */
	bool keep;
};

/* --- the thread's side --- */

static void post(struct vrrp_thread *thread, const struct report *report)
{
	struct report *copy = xmemdup(report, sizeof(*report));

	if (mailbox_send(&thread->reports, &copy->item))
		loop_wake_send(&thread->report_wake);
}

static void node_status(void *ctx, struct model_router_status *routers, size_t count)
{
	post(ctx, &(struct report){.kind = REPORT_STATUS, .routers = routers, .count = count});
}

static void node_event(void *ctx, int level, const char *message)
{
	post(ctx,
	     &(struct report){.kind = REPORT_EVENT, .text = xstrdup(message), .number = level});
}

static void node_failover_done(void *ctx, const char *router, int result)
{
	post(ctx,
	     &(struct report){.kind = REPORT_FAILOVER, .text = xstrdup(router), .number = result});
}

static void node_stopped(void *ctx)
{
	struct vrrp_thread *thread = ctx;

	thread->stop_done = true;
	loop_stop(thread->loop);
}

static void carry_out(struct vrrp_thread *thread, struct order *order)
{
	switch (order->kind) {
	case ORDER_CONFIGURE:
		vrrp_node_configure(&thread->node, order->config);
		break;
	case ORDER_LOOK:
		vrrp_node_report(&thread->node);
		sem_post(&thread->looked);
		break;
	case ORDER_FAILOVER:
		vrrp_node_failover(&thread->node, order->router);
		break;
	case ORDER_STOP:
		thread->keep = order->keep;
		vrrp_node_stop(&thread->node, order->keep);
		break;
	case ORDER_QUIT:
		thread->keep = !thread->stop_done;
		loop_stop(thread->loop);
		break;
	}
	free(order);
}

static void orders_arrived(struct loop_wake *wake)
{
	struct vrrp_thread *thread = lt_container_of(wake, struct vrrp_thread, order_wake);
	struct mailbox_item *item = mailbox_take(&thread->orders);

	while (item) {
		struct mailbox_item *next = item->next;

		carry_out(thread, lt_container_of(item, struct order, item));
		item = next;
	}
}

static bool may_lock_memory(void)
{
	struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
	struct __user_cap_data_struct data[2] = {{0}};
	struct rlimit limit;

	/* With a limit, locking what is to come would make allocations fail one day. */
	if (getrlimit(RLIMIT_MEMLOCK, &limit) == 0 && limit.rlim_cur == RLIM_INFINITY)
		return true;
	return syscall(SYS_capget, &header, data) == 0 &&
	       (data[CAP_TO_INDEX(CAP_IPC_LOCK)].effective & CAP_TO_MASK(CAP_IPC_LOCK));
}

/* On fault: only what is used is locked, and from then on stays. */
int vrrp_thread_lock_memory(void)
{
	if (may_lock_memory() && mlockall(MCL_CURRENT | MCL_FUTURE | MCL_ONFAULT) < 0)
		return -errno;
	return 0;
}

/* What the system allows; without it advertisements may be late, which is measured. */
static bool become_realtime(struct vrrp_thread *thread)
{
	const struct sched_param param = {.sched_priority = VRRP_REALTIME_PRIORITY};
	int r = pthread_setschedparam(pthread_self(), SCHED_RR, &param);

	if (r != 0)
		node_event(thread, LOG_LEVEL_NOTICE,
		           "no real-time priority for the VRRP thread (CAP_SYS_NICE), going on "
		           "without");
	if (vrrp_thread_lock_memory() < 0)
		node_event(thread, LOG_LEVEL_INFO, "cannot lock memory, going on without");
	return r == 0;
}

/* What the thread will ever use of its stack is there from the start: getting a page may have to
 * wait for the main thread, which asks for many while it reads a large configuration. */
static void prepare_stack(void)
{
	volatile char stack[STACK_READY];

	for (size_t i = 0; i < sizeof(stack); i += 1024)
		stack[i] = 0;
}

static void *run(void *arg)
{
	struct vrrp_thread *thread = arg;

	pthread_setname_np(pthread_self(), "lintel-vrrp");
	thread->node.shared.realtime = become_realtime(thread);
	prepare_stack();
	loop_run(thread->loop);
	vrrp_node_close(&thread->node, thread->keep);
	if (thread->stop_done)
		post(thread, &(struct report){.kind = REPORT_STOPPED});
	return NULL;
}

/* --- the main side --- */

static void free_report(struct report *report)
{
	free(report->routers);
	free(report->text);
	free(report);
}

/* The handler of REPORT_STOPPED may free the thread: nothing is touched after it. */
static void reports_arrived(struct loop_wake *wake)
{
	struct vrrp_thread *thread = lt_container_of(wake, struct vrrp_thread, report_wake);
	const struct vrrp_thread_handlers handlers = thread->handlers;
	struct mailbox_item *item = mailbox_take(&thread->reports);
	bool stopped = false;

	while (item) {
		struct report *report = lt_container_of(item, struct report, item);

		item = item->next;
		switch (report->kind) {
		case REPORT_STATUS:
			handlers.status(handlers.ctx, report->routers, report->count);
			report->routers = NULL;
			break;
		case REPORT_EVENT:
			handlers.event(handlers.ctx, report->number, report->text);
			break;
		case REPORT_FAILOVER:
			handlers.failover_done(handlers.ctx, report->text, report->number);
			break;
		case REPORT_STOPPED:
			stopped = true;
			break;
		}
		free_report(report);
	}
	if (stopped)
		handlers.stopped(handlers.ctx);
}

static void send_order(struct vrrp_thread *thread, const struct order *order)
{
	struct order *copy = xmemdup(order, sizeof(*order));

	if (mailbox_send(&thread->orders, &copy->item))
		loop_wake_send(&thread->order_wake);
}

int vrrp_thread_start(struct loop *loop, const struct vrrp_thread_handlers *handlers,
                      const struct vrrp_mutes_found *found, struct vrrp_thread **ret_thread)
{
	struct vrrp_thread *thread = xcalloc(1, sizeof(*thread));
	const struct vrrp_node_handlers node_handlers = {
		.status = node_status,
		.event = node_event,
		.failover_done = node_failover_done,
		.stopped = node_stopped,
		.ctx = thread,
	};
	int r;

	thread->main_loop = loop;
	thread->handlers = *handlers;
	mailbox_init(&thread->orders);
	mailbox_init(&thread->reports);
	sem_init(&thread->looked, 0, 0);
	thread->order_wake.woken = orders_arrived;
	thread->report_wake.woken = reports_arrived;
	r = loop_new(&thread->loop);
	if (r < 0)
		goto free_thread;
	r = vrrp_node_open(&thread->node, thread->loop, &node_handlers, found);
	if (r < 0)
		goto free_loop;
	loop_wake_start(thread->loop, &thread->order_wake);
	loop_wake_start(loop, &thread->report_wake);
	r = vrrp_thread_spawn(&thread->thread, STACK_SIZE, run, thread);
	if (r < 0)
		goto close_node;
	*ret_thread = thread;
	return 0;
close_node:
	loop_wake_stop(&thread->report_wake);
	loop_wake_stop(&thread->order_wake);
	vrrp_node_close(&thread->node, true);
free_loop:
	loop_free(thread->loop);
free_thread:
	sem_destroy(&thread->looked);
	free(thread);
	return r;
}

void vrrp_thread_configure(struct vrrp_thread *thread, struct vrrp_config *config)
{
	send_order(thread, &(struct order){.kind = ORDER_CONFIGURE, .config = config});
}

void vrrp_thread_look(struct vrrp_thread *thread)
{
	const int64_t until_us = mono_now_us() + LOOK_US;
	const struct timespec until = {.tv_sec = until_us / US_PER_S,
	                               .tv_nsec = until_us % US_PER_S * 1000};

	while (sem_trywait(&thread->looked) == 0)
		; /* the late answer of another time */
	send_order(thread, &(struct order){.kind = ORDER_LOOK});
	while (sem_clockwait(&thread->looked, CLOCK_MONOTONIC, &until) < 0 && errno == EINTR)
		;
	reports_arrived(&thread->report_wake);
}

void vrrp_thread_failover(struct vrrp_thread *thread, const char *router)
{
	struct order order = {.kind = ORDER_FAILOVER};

	strncpy(order.router, router, sizeof(order.router) - 1);
	send_order(thread, &order);
}

void vrrp_thread_stop(struct vrrp_thread *thread, bool keep_addresses)
{
	send_order(thread, &(struct order){.kind = ORDER_STOP, .keep = keep_addresses});
}

static void throw_away(struct vrrp_thread *thread)
{
	struct mailbox_item *item, *next;

	for (item = mailbox_take(&thread->orders); item; item = next) {
		struct order *order = lt_container_of(item, struct order, item);

		next = item->next;
		if (order->config)
			vrrp_config_free(order->config);
		free(order);
	}
	for (item = mailbox_take(&thread->reports); item; item = next) {
		next = item->next;
		free_report(lt_container_of(item, struct report, item));
	}
}

void vrrp_thread_free(struct vrrp_thread *thread)
{
	if (!thread)
		return;
	send_order(thread, &(struct order){.kind = ORDER_QUIT});
	pthread_join(thread->thread, NULL);
	throw_away(thread);
	loop_wake_stop(&thread->report_wake);
	loop_wake_stop(&thread->order_wake);
	loop_free(thread->loop);
	sem_destroy(&thread->looked);
	free(thread);
}
