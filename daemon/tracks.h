/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/tracks.h - looks at what virtual routers track: files (inotify), interfaces (rtnetlink),
 * addresses (ICMP echo, health/health.h).
 *
 * I/O on the loop, main thread. Files are looked at when they change, and every ten seconds, as
 * there are file systems without inotify; nothing but what is tracked is opened. */

#ifndef LINTEL_DAEMON_TRACKS_H
#define LINTEL_DAEMON_TRACKS_H

#include "daemon/track_table.h"
#include "files/watch.h"
#include "health/health.h"
#include "lib/loop.h"
#include "lib/nl.h"

struct tracks_handlers {
	/* tracks_restraints() says something else. */
	void (*restrained)(void *ctx);
	/* Something is found another way ('from': how it was), or counts in another way. */
	void (*told)(void *ctx, const struct track_item *item, enum vrrp_track_verdict from);
	void *ctx;
};

struct tracks {
	struct loop *loop;
	struct tracks_handlers handlers;
	struct track_table table;
	struct files_watch *watch; /* NULL: no files */
	struct health *health;     /* NULL: no addresses so far */
	struct nl *links, *events; /* NULL: no interfaces so far */
	struct loop_fd events_fd;
	bool links_changed;
	struct loop_deadline turn; /* damping, and files */
	int64_t looked_us;         /* at all files */
};

/* Handlers are called from the loop and from within tracks_want(). 0 or -errno. */
LT_MUST_USE int tracks_open(struct tracks *tracks, struct loop *loop,
                            const struct tracks_handlers *handlers);
void tracks_close(struct tracks *tracks);
void tracks_want(struct tracks *tracks, const struct model_snapshot *snapshot);
/* Valid until 'restrained' is called. */
const struct vrrp_restraint *tracks_restraints(const struct tracks *tracks, size_t *ret_count);

#endif
