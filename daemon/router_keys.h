/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/router_keys.h - the keys that virtual routers authenticate their advertisements with: read
 * from their files, and again when these change.
 *
 * I/O, main thread. What can't be read is told in the log, with what is wrong and without the key;
 * keys that were read from that file before stay in force. A router that never had any stays out of
 * the election (vrrp/instance.h says so in its status). */

#ifndef LINTEL_DAEMON_ROUTER_KEYS_H
#define LINTEL_DAEMON_ROUTER_KEYS_H

#include "files/watch.h"
#include "model/snapshot.h"
#include "vrrp/config.h"

struct router_keys_file;

/* Zero-initialised, then router_keys_init(). */
struct router_keys {
	struct loop *loop;
	void (*changed)(void *ctx); /* a file may have: read again */
	void *ctx;
	struct files_watch *watch;
	struct router_keys_file *files; /* one of each path */
	size_t file_count;
	struct vrrp_router_keys *routers; /* result: of those whose keys are known */
	size_t router_count;
};

void router_keys_init(struct router_keys *keys, struct loop *loop, void (*changed)(void *ctx),
                      void *ctx);
/* Wipes and frees. */
void router_keys_done(struct router_keys *keys);
/* Reads the files that the snapshot names, which are watched from then on. */
void router_keys_load(struct router_keys *keys, const struct model_snapshot *snapshot);

#endif
