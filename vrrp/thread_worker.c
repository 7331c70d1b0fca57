/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/thread_worker.h"

#include "lib/mailbox.h"
#include "lib/mem.h"
#include "vrrp/thread_spawn.h"

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdlib.h>

#define STACK_SIZE (128 * 1024)

struct work {
	struct mailbox_item item;
	bool last; /* no batch: the thread ends */
	struct vrrp_address_batch batch;
	int result;
};

struct vrrp_thread_worker {
	pthread_t thread;
	struct nl *nl;
	struct nl *renewals; /* what is asked on it, others needn't be told of */
	struct mailbox submitted, finished;
	sem_t wanted;
	struct loop_wake wake;
	void (*done)(void *ctx, struct vrrp_address_batch *batch, int result);
	void *ctx;
};

static void free_work(struct work *work)
{
	vrrp_address_batch_done(&work->batch);
	free(work);
}

/* --- the worker's side --- */

static bool carry_out(struct vrrp_thread_worker *worker, struct work *work)
{
	if (work->last) {
		free_work(work);
		return false;
	}
	bool awaited = vrrp_address_batch_is_awaited(&work->batch);

	work->result = vrrp_address_batch_execute(
		&work->batch, work->batch.presses ? worker->nl : worker->renewals);
	awaited |= work->result < 0 || vrrp_address_batch_has_refusals(&work->batch);
	mailbox_send(&worker->finished, &work->item);
	/* Also when something lies there already: nobody may have been told of that. */
	if (awaited)
		loop_wake_send(&worker->wake);
	return true;
}

static void *run(void *arg)
{
	struct vrrp_thread_worker *worker = arg;
	bool more = true;

	pthread_setname_np(pthread_self(), "lintel-address");
	/* Below the VRRP thread's, which would else wait for the end of a turn of 100 ms on a
	 * machine with one CPU; above everything ordinary. Without the right to it both do without.
	 */
	pthread_setschedparam(pthread_self(), SCHED_RR,
	                      &(struct sched_param){.sched_priority = VRRP_REALTIME_PRIORITY - 1});
	while (more) {
		struct mailbox_item *item;

		while (sem_wait(&worker->wanted) < 0)
			;
		item = mailbox_take(&worker->submitted);
		while (item) {
			struct mailbox_item *next = item->next;

			more &= carry_out(worker, lt_container_of(item, struct work, item));
			item = next;
		}
	}
	return NULL;
}

/* --- the loop's side --- */

void vrrp_thread_worker_collect(struct vrrp_thread_worker *worker)
{
	struct mailbox_item *item = mailbox_take(&worker->finished);

	while (item) {
		struct work *work = lt_container_of(item, struct work, item);

		item = item->next;
		worker->done(worker->ctx, &work->batch, work->result);
		free_work(work);
	}
}

static void work_finished(struct loop_wake *wake)
{
	vrrp_thread_worker_collect(lt_container_of(wake, struct vrrp_thread_worker, wake));
}

static void submit(struct vrrp_thread_worker *worker, struct work *work)
{
	if (mailbox_send(&worker->submitted, &work->item))
		sem_post(&worker->wanted);
}

void vrrp_thread_worker_submit(struct vrrp_thread_worker *worker, struct vrrp_address_batch *batch)
{
	struct work *work = xcalloc(1, sizeof(*work));

	vrrp_address_batch_move(&work->batch, batch);
	submit(worker, work);
}

static void free_worker(struct vrrp_thread_worker *worker)
{
	sem_destroy(&worker->wanted);
	nl_close(worker->renewals);
	nl_close(worker->nl);
	free(worker);
}

int vrrp_thread_worker_start(struct loop *loop, struct nl *events,
                             void (*done)(void *ctx, struct vrrp_address_batch *batch, int result),
                             void *ctx, struct vrrp_thread_worker **ret_worker)
{
	struct vrrp_thread_worker *worker = xcalloc(1, sizeof(*worker));
	int r;

	worker->done = done;
	worker->ctx = ctx;
	mailbox_init(&worker->submitted);
	mailbox_init(&worker->finished);
	sem_init(&worker->wanted, 0, 0);
	r = nl_open(NETLINK_ROUTE, &worker->nl);
	if (r == 0)
		r = nl_open(NETLINK_ROUTE, &worker->renewals);
	if (r == 0)
		r = nl_ignore(events, worker->renewals);
	if (r < 0) {
		free_worker(worker);
		return r;
	}
	worker->wake.woken = work_finished;
	loop_wake_start(loop, &worker->wake);
	r = vrrp_thread_spawn(&worker->thread, STACK_SIZE, run, worker);
	if (r < 0) {
		loop_wake_stop(&worker->wake);
		free_worker(worker);
		return r;
	}
	*ret_worker = worker;
	return 0;
}

void vrrp_thread_worker_stop(struct vrrp_thread_worker *worker)
{
	struct mailbox_item *item;
	struct work *last;

	if (!worker)
		return;
	last = xcalloc(1, sizeof(*last));
	last->last = true;
	submit(worker, last);
	pthread_join(worker->thread, NULL);
	item = mailbox_take(&worker->finished);
	while (item) {
		struct work *work = lt_container_of(item, struct work, item);

		item = item->next;
		free_work(work);
	}
	loop_wake_stop(&worker->wake);
	free_worker(worker);
}
