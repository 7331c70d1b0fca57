/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/thread_spawn.h - the threads besides the main one. */

#ifndef LINTEL_VRRP_THREAD_SPAWN_H
#define LINTEL_VRRP_THREAD_SPAWN_H

#include "lib/compiler.h"

#include <pthread.h>
#include <stddef.h>

/* Runs 'run' with 'ctx' on a thread with a stack of that many bytes, on which all signals are
 * blocked: they are the main thread's. 0 or -errno. */
LT_MUST_USE int vrrp_thread_spawn(pthread_t *ret_thread, size_t stack_size, void *(*run)(void *ctx),
                                  void *ctx);

#endif
