/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/thread_worker.h - has the kernel put and remove addresses while the VRRP thread goes on.
 *
 * I/O, a thread of its own. Whoever else changes interfaces (a container runtime setting up its
 * hundredth veth) holds the kernel's one lock for that for tens of milliseconds, and a request
 * waits for it: an advertisement must not. Batches are carried out in the order given. */

#ifndef LINTEL_VRRP_THREAD_WORKER_H
#define LINTEL_VRRP_THREAD_WORKER_H

#include "lib/loop.h"
#include "vrrp/addresses.h"

struct vrrp_thread_worker;

/* 'done' is called on 'loop' for each batch when it was carried out, with the result of
 * vrrp_address_batch_execute(); the batch is valid during the call. Of one that renewed what is
 * there, as it was asked to, nobody needs to know at once: it waits for
 * vrrp_thread_worker_collect(), and what the kernel tells of it is not heard on 'events' as far as
 * the kernel says whose it is. 0 or -errno. */
LT_MUST_USE int vrrp_thread_worker_start(struct loop *loop, struct nl *events,
                                         void (*done)(void *ctx, struct vrrp_address_batch *batch,
                                                      int result),
                                         void *ctx, struct vrrp_thread_worker **ret_worker);
/* Takes what is in the batch, which is empty afterwards. Does not wait. */
void vrrp_thread_worker_submit(struct vrrp_thread_worker *worker, struct vrrp_address_batch *batch);
/* 'done' for what was carried out by now. */
void vrrp_thread_worker_collect(struct vrrp_thread_worker *worker);
/* Carries out what was submitted, ends the thread and frees. 'done' is not called any more. NULL
 * accepted. */
void vrrp_thread_worker_stop(struct vrrp_thread_worker *worker);

#endif
