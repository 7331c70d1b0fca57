/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/balance.h - IPVS kept as wanted: dump, take leave of what goes, plan, apply, journal.
 *
 * I/O, blocking, main thread. Every turn ends with a comparison with a fresh dump of the kernel,
 * never with what was sent before. Where it is known what was wanted before, what follows from that
 * is written first (ipvs/expect.h), so that a change does not wait for the look. A kernel without
 * IPVS is a problem that is told, looked at again every turn, and stops nothing else. */

#ifndef LINTEL_DAEMON_BALANCE_H
#define LINTEL_DAEMON_BALANCE_H

#include "daemon/drains.h"
#include "daemon/problems.h"
#include "daemon/verdicts.h"
#include "ipvs/drain.h"
#include "ipvs/kernel.h"
#include "ipvs/scope.h"
#include "model/amend.h"

/* Why a turn is made. */
enum balance_cause {
	BALANCE_CHANGE, /* something else is wanted: what changed is looked at */
	BALANCE_AMEND,  /* servers only are others, or up or down: these are looked at, and nothing
	                   but IPVS */
	BALANCE_DRAIN,  /* something draining is due: it is looked at */
	BALANCE_RESYNC, /* everything is looked at: what differs was done by others */
	BALANCE_CAUSE_COUNT,
};
const char *balance_cause_name(enum balance_cause cause); /* "change" */

/* Virtual addresses that have nothing in IPVS here. */
struct balance_without {
	bool (*is_held)(const void *ctx, const struct addr *vip); /* NULL: none */
	const void *ctx;
};

struct balance {
	struct ipvs_kernel *kernel; /* NULL while there is no IPVS */
	int open_error;             /* why not, -errno */
	uint32_t version;           /* of IPVS, 0x010201 is 1.2.1 */
	uint32_t connection_slots;  /* buckets of its connections, of the whole machine */
	char *journal_path;
	struct ipvs_journal journal; /* what is ours */
	bool journal_unsaved;        /* the file says less: it could not be written */
	struct ipvs_drain drain;
	const struct model_snapshot *snapshot; /* what is wanted, not owned; NULL at first */
	const struct drains *drains;           /* not owned */
	const struct verdicts *verdicts;       /* of health checks, not owned; NULL: none */
	struct balance_without without;
	struct ipvs_scope changed;  /* since the last turn */
	struct ipvs_scope known;    /* services of which it is known what was wanted before: */
	struct ipvs_table expected; /* that; when 'expects' */
	bool expects;
	bool leaving;              /* something is in the journal that is wanted no more */
	bool looked;               /* all was looked at once, and nothing has failed since */
	struct problems problems;  /* of the last turn */
	size_t service_count;      /* ours in the kernel after the last turn */
	size_t foreign_count;      /* services of others */
	uint64_t connection_count; /* of ours, when all was looked at last */
	size_t operation_count;    /* of the last turn */
	size_t failure_count;
	int64_t lap_us;  /* when the part under way began */
	int64_t read_us; /* how long the parts of the last turn took */
	int64_t plan_us;
	int64_t apply_us;
	uint64_t write_count; /* operations carried out since start */
	uint64_t drift_count; /* operations that undid what others did, since start */
};

/* 0, or -errno when the journal can't be read or is refused ('why': "is damaged"): it is empty
 * then, and what is not wanted any more is somebody else's. */
LT_MUST_USE int balance_open(struct balance *balance, const char *state_dir, struct text *why);
void balance_done(struct balance *balance);

/* 'snapshot' must stay until the next call has returned; 'drains', which says what an operator took
 * out of service, for good, and so the context of 'without' (NULL: nothing is left out). */
void balance_want(struct balance *balance, const struct model_snapshot *snapshot,
                  const struct drains *drains, const struct balance_without *without);
/* An operator took this address out of service, or back. */
void balance_drains_changed(struct balance *balance, const struct addr *server);
/* Other verdicts about servers of these services. */
void balance_verdicts_changed(struct balance *balance, const struct ipvs_scope *scope);
/* That snapshot will take in other servers: what is wanted so far. */
void balance_expect(struct balance *balance, const struct model_amendment *amendment);
/* It has taken them in. */
void balance_amend(struct balance *balance, const struct model_amendment *amendment);
/* Opens IPVS if it isn't, which loads its module and makes its settings appear. */
void balance_probe(struct balance *balance);
/* Real servers of ours in the kernel after the last turn; looks at all. */
size_t balance_server_count(const struct balance *balance);
/* Is anything ours, or was it at the last turn, that is wanted no more? */
bool balance_has_leaving(const struct balance *balance);
/* One turn; logs what it did. The first one, and one after a failure, look at everything. */
void balance_turn(struct balance *balance, enum balance_cause cause, int64_t now_us);
/* When the next turn is due because something is draining; TIME_NEVER. */
int64_t balance_deadline(const struct balance *balance);
/* Removes all that is ours, at once: the daemon ends. */
void balance_remove(struct balance *balance);

/* The kernel's services, ours annotated and with counters; -ENOENT without IPVS. */
LT_MUST_USE int balance_read(struct balance *balance, struct ipvs_table *ret_table);
/* What the kernel should hold. */
void balance_build(const struct balance *balance, struct ipvs_table *ret_table);
/* The wanted service of that key, NULL. */
const struct model_service *balance_service(const struct balance *balance,
                                            const struct ipvs_key *key);
/* Is this service ours? */
bool balance_owns(const struct balance *balance, const struct ipvs_key *key);

#endif
