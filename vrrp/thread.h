/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/thread.h - the VRRP thread as the rest of the program sees it: orders in, reports out,
 * nothing shared.
 *
 * I/O. The thread has its own loop, sockets and netlink channels, and real-time priority where
 * allowed. It never logs and never waits for the main thread: what is to be told comes out as
 * reports, on the main loop. */

#ifndef LINTEL_VRRP_THREAD_H
#define LINTEL_VRRP_THREAD_H

#include "lib/loop.h"
#include "model/status.h"
#include "vrrp/config.h"
#include "vrrp/mute.h"

struct vrrp_thread;

/* Called on the main loop. Pointers are valid during the call. */
struct vrrp_thread_handlers {
	/* Everything about all routers; at once after a transition, else at most a few times a
	 * second. That counters went on is no news: vrrp_thread_look(). 'routers' is the handler's
	 * to free(), NULL when there are none. */
	void (*status)(void *ctx, struct model_router_status *routers, size_t count);
	/* Something to tell a person; 'message' is ready for the log ("state changed router=front
	 * from=Backup ..."). */
	void (*event)(void *ctx, int level, const char *message);
	/* A failover asked for has ended: 0, or -errno (-ENOENT no such router, -EALREADY not
	 * Active, -ETIMEDOUT nobody took over, -EBUSY one is under way). */
	void (*failover_done)(void *ctx, const char *router, int result);
	/* vrrp_thread_stop() is done: every router was handed over or let go. */
	void (*stopped)(void *ctx);
	void *ctx;
};

/* Starts the thread without routers. Handlers run on 'loop'. 'found' is what an earlier run may
 * have left changed, NULL: nothing. 0 or -errno (no right to raw sockets: -EPERM). */
LT_MUST_USE int vrrp_thread_start(struct loop *loop, const struct vrrp_thread_handlers *handlers,
                                  const struct vrrp_mutes_found *found,
                                  struct vrrp_thread **ret_thread);
/* Takes ownership. Differences are applied: an unchanged router does not notice; a removed one is
 * handed over. */
void vrrp_thread_configure(struct vrrp_thread *thread, struct vrrp_config *config);
/* How things are now: handlers are called before it returns. Waits for the thread, which answers at
 * once unless it is in trouble; then it is not waited for longer than 20 ms. */
void vrrp_thread_look(struct vrrp_thread *thread);
void vrrp_thread_failover(struct vrrp_thread *thread, const char *router);
/* Hands everything over in a planned way; 'keep_addresses' leaves them on the interfaces to be
 * adopted by the next start (no hand-over then): those with a limited lifetime stay for 60 s, and
 * the next start is Active again within one and a quarter advertisement intervals, unless it hears
 * that another has taken over. handlers.stopped follows within a bounded time. */
void vrrp_thread_stop(struct vrrp_thread *thread, bool keep_addresses);
/* After 'stopped' (or to abandon: nothing is said to others, addresses stay until their lifetime is
 * over): joins and frees. NULL accepted. */
void vrrp_thread_free(struct vrrp_thread *thread);

/* Locks what the process uses and will use, where that is allowed and has no limit; the thread has
 * done so when it runs. For who took the lock away for a moment (daemon/memory.c). 0 or -errno. */
LT_MUST_USE int vrrp_thread_lock_memory(void);

#endif
