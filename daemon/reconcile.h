/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/reconcile.h - the kernel kept as the snapshot wants it: settings, nftables, IPVS.
 *
 * I/O, blocking, main thread. A turn is made when something else is wanted, when somebody changed
 * our nftables table, when something that is draining is due, and at every resync. Addresses are
 * the VRRP thread's (vrrp/thread.h). */

#ifndef LINTEL_DAEMON_RECONCILE_H
#define LINTEL_DAEMON_RECONCILE_H

#include "daemon/balance.h"
#include "daemon/capacity.h"
#include "daemon/durations.h"
#include "daemon/kube_proxy.h"
#include "daemon/sysctls.h"
#include "lib/loop.h"
#include "nft/kernel.h"
#include "nft/ruleset.h"

/* Parts of a turn with IPVS. */
enum reconcile_phase { RECONCILE_READ, RECONCILE_PLAN, RECONCILE_APPLY, RECONCILE_PHASES };

struct reconcile {
	struct loop *loop;
	const char *state_dir;   /* not owned */
	int64_t resync_us;       /* asked for */
	int64_t resync_paced_us; /* in force: longer where comparing takes long */
	const struct model_snapshot
		*snapshot; /* not owned; NULL until the first reconcile_want() */
	bool replicating;  /* connections are: more settings are needed */
	struct drains drains;
	struct balance balance;
	struct nft_kernel *nft; /* NULL while there is no nftables */
	struct loop_fd nft_events;
	struct nft_table *nft_wanted;
	bool nft_is_due;    /* what is wanted may differ from the last turn */
	bool nft_keeps_nat; /* for flows that come to their end, though nothing wants it */
	bool nft_in_step;
	struct problems nft_problems;
	uint64_t nft_write_count; /* times our table was written since start */
	uint64_t nft_drift_count; /* times our table was written again because others changed it */
	uint64_t nft_refusal_count; /* times it was made anew as elements were not exchanged */
	struct sysctls *sysctls;    /* as of the last turn */
	bool sysctls_are_due;       /* what is wanted may differ from the last turn */
	struct problems sysctl_problems;
	uint64_t sysctl_write_count;               /* settings changed since start */
	struct kube_proxy_excludes proxy_excludes; /* not owned */
	bool in_cluster; /* a kube-proxy may come at any time: looked for at every resync */
	int64_t proxy_looked_us;
	enum kube_proxy_mode proxy_mode;  /* on this node, when last looked */
	const struct model_router **held; /* that may not take part beside it */
	size_t held_count;
	struct problems proxy_problems;
	struct problems state_problems; /* of the state directory */
	struct capacity capacity;       /* when all was looked at last */
	struct loop_deadline next;      /* resync or drain */
	int64_t resync_at_us;
	int64_t turned_us; /* the last turn's begin, 0: none */
	int64_t turn_took_us;
	uint64_t turn_count;
	struct durations turns[BALANCE_CAUSE_COUNT]; /* since start */
	struct durations phases[RECONCILE_PHASES];
	/* A turn ended; which addresses must stay may have changed. */
	void (*turned)(void *ctx);
	/* Which virtual routers may not take part has changed. Not within reconcile_want(). */
	void (*held_changed)(void *ctx);
	void *ctx;
};

/* 0, or -errno with the reason in 'why': the state directory is unusable. A file in it that is, and
 * a kernel that lacks something, are no failures: they are problems that are told. */
LT_MUST_USE int reconcile_open(struct reconcile *reconcile, struct loop *loop,
                               const char *state_dir, int64_t resync_us, struct text *why);
/* 'snapshot' must stay until the next call has returned. 'replicating': connections are, so more
 * settings are needed. Makes a turn at once. */
void reconcile_want(struct reconcile *reconcile, const struct model_snapshot *snapshot,
                    bool replicating);
/* May the virtual router of that name, of the snapshot, take no part on this node? */
bool reconcile_holds(const struct reconcile *reconcile, const char *router);
/* The snapshot will take in other servers. */
void reconcile_expect(struct reconcile *reconcile, const struct model_amendment *amendment);
/* It has taken them in: a turn for these at once. */
void reconcile_amend(struct reconcile *reconcile, const struct model_amendment *amendment);
/* Checks found servers of these services up or down: a turn for these at once. */
void reconcile_verdicts_changed(struct reconcile *reconcile, const struct ipvs_scope *scope);
/* An operator took a server out of service, or back: a turn at once. */
void reconcile_drains_changed(struct reconcile *reconcile, const struct addr *server);
/* Takes everything of ours out of the kernel ('clean'), or leaves it to be adopted. */
void reconcile_close(struct reconcile *reconcile, bool clean);

#endif
