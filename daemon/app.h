/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/app.h - the running daemon: everything it is made of, in one place.
 *
 * I/O, main thread. Desired state: sources -> snapshot -> {reconcile, VRRP thread}. Observed state:
 * the VRRP thread's reports and the kernel -> status over the control socket. */

#ifndef LINTEL_DAEMON_APP_H
#define LINTEL_DAEMON_APP_H

#include "daemon/checks.h"
#include "daemon/control.h"
#include "daemon/events.h"
#include "daemon/http.h"
#include "daemon/kubernetes.h"
#include "daemon/mute_memory.h"
#include "daemon/reconcile.h"
#include "daemon/replication.h"
#include "daemon/router_keys.h"
#include "daemon/run.h"
#include "daemon/sources.h"
#include "daemon/tracks.h"
#include "lib/notify.h"
#include "vrrp/thread.h"

/* Somebody waits for the end of a failover he asked for. */
struct app_waiting {
	struct app_waiting *next;
	uint64_t ticket;
	char router[254];
};

struct app {
	const struct daemon_run_options *options;
	struct loop *loop;
	struct notify notify;
	struct sources sources;
	struct router_keys router_keys; /* of virtual routers that authenticate */
	struct kubernetes *kubernetes;  /* NULL: files only */
	struct reconcile reconcile;
	struct checks checks;
	struct tracks tracks;
	struct replication *replication;
	struct control *control;
	int alone_fd;      /* held while nobody else may run here; -1 */
	struct http *http; /* NULL: none */
	struct events events;
	struct mute_memory mute_memory; /* what the VRRP thread puts back, for the next run */
	struct vrrp_thread *vrrp;
	struct model_router_status *routers; /* as last reported */
	size_t router_count;
	int64_t reported_us;
	struct vrrp_lingering *lingering; /* addresses kept for connections that take leave */
	size_t lingering_count;
	struct app_waiting *waiting;
	int64_t handed_over_us; /* when last tried for the cluster; 0: never */
	struct loop_signal signals[3];
	struct loop_deadline watchdog; /* the service manager's */
	struct loop_deadline rest;     /* of a reload that is under way */
	bool rest_is_due;
	bool rest_is_known; /* what changed was told, and has been looked at */
	bool keys_are_read; /* ... with what was looked at */
	int64_t started_us;
	int64_t started_wall_us;
	bool confined; /* by seccomp */
	size_t opened; /* steps of app_open() that are done */
	bool stopping;
};

/* Starts all; on failure tells why in the log, undoes what was done, and returns -errno. */
LT_MUST_USE int app_open(struct app *app, const struct daemon_run_options *options);
/* After loop_run() returned. */
void app_close(struct app *app);
/* Has 'routers' say how things are now: somebody asks. */
void app_look(struct app *app);
/* Another snapshot is in force than 'before', which goes with this call: all are told of it. */
void app_snapshot_changed(struct app *app, struct model_snapshot *before);

/* The snapshot in force takes in other real servers, and nothing else changes. */
void app_amend(struct app *app, const struct model_amendment *amendment);

/* daemon/app_reload.c */
/* What app_reload() needs of the loop. */
LT_MUST_USE int app_open_reload(struct app *app);
/* Reads the sources again; what is wrong with them is told and changes nothing. What is known to
 * have changed is in force on return, all else a moment later. */
void app_reload(struct app *app);

/* daemon/app_checks.c */
/* One of the steps of app_open(), after reconcile. */
LT_MUST_USE int app_open_checks(struct app *app);
/* All that restrains virtual routers; the array is the caller's to free. */
struct vrrp_restraint *app_restraints(const struct app *app, size_t *ret_count);
/* Hands the VRRP thread what is wanted, with all that restrains it for now. */
void app_configure_vrrp(struct app *app);
/* A file of keys may have changed; 'ctx' is the struct app. */
void app_keys_changed(void *ctx);

/* daemon/app_events.c */
/* As vrrp_thread_handlers.event. */
void app_vrrp_event(void *ctx, int level, const char *message);
/* As vrrp_thread_handlers.stopped. */
void app_vrrp_stopped(void *ctx);
void app_open_events(struct app *app);
/* Whom the checks tell; their 'ctx' is the struct app. */
void app_tell_checks(struct checks_handlers *handlers);
/* As tracks_handlers.told. */
void app_track_told(void *ctx, const struct track_item *item, enum vrrp_track_verdict from);
/* As replication_handler.stepped. */
void app_replication_stepped(void *ctx, const char *router, const char *from, const char *to);

/* daemon/app_cluster.c */
/* What the cluster says; the array is the caller's to free. */
struct sources_others app_others(const struct app *app);
/* Which virtual routers may not be beside kube-proxy. */
void app_tell_held(struct app *app);
/* Should the cluster want this node to give up what it owns: in a planned way, and again after a
 * while should nobody have taken over. */
void app_hand_over(struct app *app);

/* Control socket: answers one request (daemon/requests.c). 'ctx' is the struct app. */
void app_request(void *ctx, uint64_t ticket, const json_t *request);

#endif
