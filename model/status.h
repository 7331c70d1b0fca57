/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/status.h - what is observed of virtual routers: who owns what, since when and why.
 *
 * Pure. Written by vrrp/, read by daemon/ (status, explain, metrics) and later by k8s/.
 * Instants are microseconds of the monotonic clock. */

#ifndef LINTEL_MODEL_STATUS_H
#define LINTEL_MODEL_STATUS_H

#include "lib/addr.h"
#include "lib/compiler.h"
#include "model/object.h"

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

/* RFC 9568 6.3 */
enum model_router_state { MODEL_ROUTER_INITIALIZE, MODEL_ROUTER_BACKUP, MODEL_ROUTER_ACTIVE };
#define MODEL_ROUTER_STATES 3
const char *model_router_state_name(enum model_router_state state); /* "Active" */

/* Why a virtual router changed its state; each has a name that reads after "because". */
enum model_router_reason {
	MODEL_REASON_STARTUP,         /* configured, interfaces up */
	MODEL_REASON_OWNER,           /* priority 255: Active at once */
	MODEL_REASON_ACTIVE_DOWN,     /* heard nobody for Active_Down_Interval */
	MODEL_REASON_RESIGNED,        /* the Active sent priority 0 */
	MODEL_REASON_PREEMPTED,       /* we are higher than the Active and may preempt */
	MODEL_REASON_HIGHER_PRIORITY, /* heard a higher priority */
	MODEL_REASON_HIGHER_ADDRESS,  /* heard an equal priority from a higher address */
	MODEL_REASON_HANDED_OVER,     /* planned: the successor was heard */
	MODEL_REASON_SHUTDOWN,        /* the daemon stops, or the router was removed */
	MODEL_REASON_INTERFACE_DOWN,  /* its own or a tracked interface is down or gone */
	MODEL_REASON_LATE,            /* this process was stalled for longer than others wait */
	MODEL_REASON_SUSPENDED,       /* the machine slept */
	MODEL_REASON_RECONFIGURED,
	MODEL_REASON_WITHDRAWN,  /* the quorum of a virtual server is lost, or something tracked */
	MODEL_REASON_SYNC_GROUP, /* another of its sync group can't be Active here */
	MODEL_REASON_COUNT,
};
const char *model_router_reason_name(enum model_router_reason reason);

/* Why a received packet was dropped, in the order of the checks (RFC 9568 7.1). */
enum model_vrrp_drop {
	MODEL_DROP_TTL, /* TTL or hop limit is not 255 */
	MODEL_DROP_VERSION,
	MODEL_DROP_TYPE,
	MODEL_DROP_LENGTH,
	MODEL_DROP_CHECKSUM,
	MODEL_DROP_VRID,          /* not ours on this interface: counted, not a fault */
	MODEL_DROP_ADDRESS_COUNT, /* 0 (erratum 8299) */
	MODEL_DROP_INTERVAL,      /* 0 (erratum 8301) */
	MODEL_DROP_OWN,           /* our own packet came back */
	MODEL_DROP_UNKNOWN_PEER,  /* unicast: the source is no peer */
	MODEL_DROP_MODE,          /* multicast to a unicast router, or the reverse */
	MODEL_DROP_AUTH_MISSING,  /* authentication is enforced, and it has no trailer */
	MODEL_DROP_AUTH_MALFORMED,
	MODEL_DROP_AUTH_STALE, /* its time lies outside of the window */
	MODEL_DROP_AUTH_UNKNOWN_KEY,
	MODEL_DROP_AUTH_BAD_SUM, /* not made with the key that it names, or changed since */
	MODEL_DROP_AUTH_REPLAY,  /* not newer than the one before from the same sender */
	MODEL_DROP_COUNT,
};
const char *model_vrrp_drop_name(enum model_vrrp_drop drop); /* "ttl" */

/* How late advertisements are sent: a histogram. Each bucket counts those up to its bound. */
#define MODEL_LATENESS_BUCKETS 10
extern const int64_t model_lateness_bounds_us[MODEL_LATENESS_BUCKETS]; /* the last one is without */

struct model_router_counters {
	uint64_t adverts_sent;
	uint64_t adverts_received; /* valid ones */
	uint64_t adverts_unsigned; /* of them: taken without a signature for now */
	uint64_t priority_zero_sent;
	uint64_t priority_zero_received;
	uint64_t send_errors;
	uint64_t became_active;
	uint64_t transitions[MODEL_ROUTER_STATES][MODEL_REASON_COUNT]; /* by what it became */
	uint64_t drops[MODEL_DROP_COUNT];
	uint64_t address_mismatches; /* address list differs: logged, not dropped */
	uint64_t interval_mismatches;
	uint64_t collisions; /* adverts of a stranger with our VRID: other addresses altogether */
	uint64_t addresses_restored; /* somebody removed one of ours */
	uint64_t address_conflicts;  /* somebody else answers for one of ours */
	uint64_t announcements_sent;
	uint64_t late_step_downs;
	int64_t lateness_max_us; /* of an advertisement, since start */
	int64_t lateness_sum_us;
	uint64_t lateness[MODEL_LATENESS_BUCKETS]; /* not cumulative */
};

/* An advertisement was sent so late. */
void model_lateness_note(struct model_router_counters *counters, int64_t late_us);

#define MODEL_TRANSITIONS_KEPT 8
struct model_transition {
	int64_t at_us;
	enum model_router_state from, to;
	enum model_router_reason reason;
	struct addr peer; /* who caused it, family ADDR_NONE when nobody */
};

#define MODEL_PEERS_SHOWN 16
#define MODEL_KEYS_SHOWN  8
struct model_peer_status {
	struct addr address;
	uint8_t priority;   /* last heard */
	int64_t heard_us;   /* last advertisement, 0: never */
	bool pseudo_header; /* checksum form it uses (IPv4) */
	uint8_t key_id;     /* that it signs with; 0: it does not sign, or nobody looks */
	int32_t skew_s;     /* our clock less its, when it signs */
};

#define MODEL_PROBLEM_SIZE 300
struct model_router_status {
	char name[254];
	char interface[IF_NAMESIZE];
	uint8_t virtual_router_id;
	enum model_router_state state;
	enum model_router_reason reason;
	bool leaving;              /* Active, waiting for a successor */
	bool suspended_preemption; /* handed over by hand: preempts nobody until it was Active again
	                            */
	int64_t since_us; /* when the state began; while it never changed, when it was configured */
	uint8_t priority;
	struct addr active; /* whose advertisements we follow while Backup; ADDR_NONE else */
	uint8_t active_priority;
	int64_t advert_interval_us; /* configured */
	int64_t active_interval_us; /* in force: the Active's */
	bool realtime;              /* the thread has real-time priority */
	bool authenticated;         /* advertisements are authenticated */
	enum model_auth_mode auth_mode;
	uint8_t key_ids[MODEL_KEYS_SHOWN]; /* accepted; the first one signs */
	uint32_t key_count;
	uint32_t address_count;     /* owned when Active */
	uint32_t addresses_present; /* of them in the kernel now */
	struct model_peer_status peers[MODEL_PEERS_SHOWN];
	uint32_t peer_count;
	struct model_transition transitions[MODEL_TRANSITIONS_KEPT]; /* newest first */
	uint32_t transition_count;
	struct model_router_counters counters;
	char sync_group[MODEL_SYNC_GROUP_SIZE]; /* "": none */
	char problem[MODEL_PROBLEM_SIZE];       /* what is wrong now, in words; "" */
};

#endif
