/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/fsm.h - the state machine of one virtual router, or of several that move together.
 *
 * Pure: no clock, sockets, allocation, logging or globals. Time: now_us, microseconds on the
 * monotonic clock. Standard: RFC 9568 6.1-6.4. Does not parse packets (vrrp/wire.h) and does not
 * act: callers carry out the effects in the order given.
 *
 * One machine serves both address families of a virtual router, and all virtual routers of a sync
 * group, so they can't part: an advertisement of any of these voices counts as the Active's, and
 * every advertisement is sent with each voice. A tie on equal priority is settled by the addresses
 * of the first voice (members in the order given, which is the same on all nodes; of each IPv4
 * before IPv6); by those of a later one only when no earlier one is served, or the rival was heard
 * three times with that voice and nobody with an earlier one meanwhile (half an interval apart at
 * least: when several become Active at once, the first words of each may overtake one another). Two
 * comparisons that disagree could leave two Actives, or none.
 *
 * Beyond the RFC:
 * - A planned leave. The Active sends priority 0 every interval and a quarter (not faster: each
 *   restarts a plain successor's Skew_Time, which may be almost an interval) but keeps its
 *   addresses until it has heard a successor, has heard it once more 50 ms later (it might have
 *   yielded to an advertisement that was still under way), and another 50 ms have passed for its
 *   addresses and announcements. Or until nobody came within a bound. From the successor's first
 *   word on it answers no ARP request and no neighbour solicitation for them (RFC 9568 6.4.2,
 *   6.4.3: that is the Active's, and two would answer): HUSH. Neither does one that yields.
 * - A Backup that is about to take over from one that lives asks where that one is reached (FIND):
 *   it sends on to it, for a moment, when it won't answer any more.
 * - An Active that was silent for longer than others wait does not contradict who took over.
 * - The winner of a conflict announces its addresses again: the loser has announced them, too. So
 *   that it learns of the conflict, one that yields advertises once more (not with a virtual MAC:
 *   that would only mislead switches; nor with another interval: that would mislead third ones).
 *   Answers are limited to one an interval, so that two that both think they won don't storm.
 * - An Active that yields to a better one keeps its addresses, too, for as long as that one needs
 *   to put them in place: RELEASE comes 50 ms after the change to Backup.
 * - An Active that lowers its priority while others follow it asks to be relieved ('relieves'): it
 *   knows of servers that it doesn't reach. That is no preemption; one that comes to hear it only
 *   afterwards can't tell it from an Active of low priority, and goes by 'preempt'.
 * - One that is withdrawn leaves as planned when Active, and stays in Initialize.
 * - A start that finds its addresses still in place (restart, crash) listens only long enough to
 *   hear whether another has taken over, and lets go of them if so. */

#ifndef LINTEL_VRRP_FSM_H
#define LINTEL_VRRP_FSM_H

#include "lib/addr.h"
#include "model/object.h"
#include "model/status.h"

struct vrrp_advert;

/* Virtual routers that one machine moves, at most. */
#define VRRP_MEMBERS_MAX MODEL_SYNC_GROUP_MAX
#define VRRP_VOICES_MAX  (2 * VRRP_MEMBERS_MAX)

/* Primary addresses of a member's interface; ADDR_NONE: the family is not served. */
struct vrrp_sources {
	struct addr local4;
	struct addr local6;
};

struct vrrp_fsm_params {
	uint8_t priority; /* 1..255 */
	int64_t advert_interval_us;
	bool preempt;
	bool preempt_held; /* for now it preempts nobody, not even as the owner */
	bool relieves;  /* takes over from an Active that lowers its priority below ours, whatever
	                   'preempt' and 'preempt_delay_us' say */
	bool withdrawn; /* for now it takes no part */
	int64_t preempt_delay_us; /* after a lower-priority Active was first heard */
	bool virtual_mac; /* neighbours know one MAC for all: an Active that yields says nothing */
	struct vrrp_sources sources[VRRP_MEMBERS_MAX]; /* of each member; all of one: the first */
};

enum vrrp_effect_kind {
	VRRP_EFFECT_ADVERTISE, /* send an advertisement with 'priority' now, in each family */
	VRRP_EFFECT_TAKE,      /* put the addresses on the interfaces, because of 'reason' */
	VRRP_EFFECT_ANNOUNCE,  /* start the bursts of gratuitous ARP and unsolicited NA */
	VRRP_EFFECT_QUIET, /* stop announcing, the addresses stay: a successor's word must last */
	VRRP_EFFECT_FIND,  /* learn where the floating addresses are reached, before they move here
	                    */
	VRRP_EFFECT_HUSH,  /* neighbours' questions are a successor's to answer from now on; what
	                      comes for the addresses all the same is served until RELEASE or TAKE */
	VRRP_EFFECT_RELEASE, /* stop announcing, take the addresses away */
	VRRP_EFFECT_CHANGED, /* the state went from 'from' to 'to' because of 'reason', caused by
	                        'peer' */
};

struct vrrp_effect {
	enum vrrp_effect_kind kind;
	uint8_t priority;
	enum model_router_state from, to;
	enum model_router_reason reason;
	struct addr peer;
};

#define VRRP_EFFECTS_MAX 8
struct vrrp_effects {
	struct vrrp_effect items[VRRP_EFFECTS_MAX];
	size_t count;
};

enum vrrp_leave { VRRP_LEAVE_NONE, VRRP_LEAVE_STOP, VRRP_LEAVE_FAILOVER };

/* What was heard with one voice. */
struct vrrp_voice {
	int64_t heard_us; /* last advertisement of another, INT64_MIN: never */
	unsigned ties; /* Active: equal priorities since the last word with an earlier voice ... */
	int64_t tied_us; /* ... the last of them that was counted */
	/* Backup: whom last, to tell an Active that has lowered its priority from another one with
	 * a lower one. */
	struct addr heard;
	uint8_t heard_priority;
};

/* Read only outside vrrp/fsm.c. */
struct vrrp_fsm {
	struct vrrp_fsm_params params;
	enum model_router_state state;
	enum model_router_reason reason; /* of the last change */
	int64_t since_us;           /* of the last change; before the first one, when it was made */
	int64_t active_interval_us; /* Active_Adver_Interval */
	int64_t adver_due_us;       /* Active: the next advertisement */
	int64_t answered_us;        /* Active: last answer to a rival, INT64_MIN: none */
	int64_t down_due_us;        /* Backup: Active_Down_Timer */
	enum model_router_reason down_reason; /* Backup: why we'd become Active when it fires */
	bool holding; /* Backup: the addresses are in place: those of an earlier run ... */
	int64_t release_due_us;    /* ... (TIME_NEVER), or ours, to be released then */
	int64_t lower_heard_us;    /* Backup: first advertisement of a lower Active in this spell,
	                              TIME_NEVER */
	enum vrrp_leave leaving;   /* Active: a planned leave is under way */
	int64_t successor_us;      /* leaving: a successor was first heard, TIME_NEVER */
	bool confirmed;            /* leaving: the successor was heard again */
	int64_t leave_due_us;      /* leaving: give up waiting; when confirmed: let go */
	bool preemption_suspended; /* after a failover by hand, until Active again */
	struct vrrp_voice voices[VRRP_VOICES_MAX]; /* member by member, IPv4 before IPv6 */
	bool lowered;       /* Backup: the Active has lowered its priority meanwhile */
	struct addr active; /* Backup: whom we follow; ADDR_NONE: nobody yet */
	uint8_t active_priority;
	size_t active_voice; /* with which it was heard */
};

/* In Initialize. */
void vrrp_fsm_init(struct vrrp_fsm *fsm, const struct vrrp_fsm_params *params, int64_t now_us);

/* 6.4.1 Startup: all interfaces are usable. In any other state: nothing. 'holding': addresses of
 * ours are still on the interfaces (the last run kept them, or died); the caller leaves them there
 * until TAKE or RELEASE. */
void vrrp_fsm_startup(struct vrrp_fsm *fsm, int64_t now_us, bool holding, struct vrrp_effects *out);
/* 6.4.2, 6.4.3 Shutdown at once, because of 'reason': priority 0 when Active, addresses released.
 */
void vrrp_fsm_shutdown(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_reason reason,
                       struct vrrp_effects *out);
/* Planned: hand over, then Initialize (STOP) or Backup (FAILOVER, preempting nobody until Active
 * again). A Backup told to STOP goes to Initialize at once; told to FAILOVER it does nothing. After
 * the bound (4 intervals and 200 ms, at most a minute; 2 intervals more once a successor was heard)
 * STOP lets go all the same; FAILOVER stays Active, as nobody is there to take over: 'leaving' is
 * then VRRP_LEAVE_NONE again. STOP while a FAILOVER is under way makes it a STOP. */
void vrrp_fsm_leave(struct vrrp_fsm *fsm, int64_t now_us, enum vrrp_leave leave,
                    struct vrrp_effects *out);
/* A valid advertisement for the VRID of a member from another router. 'advert' and 'src' are not
 * kept. */
void vrrp_fsm_advert(struct vrrp_fsm *fsm, int64_t now_us, size_t member, const struct addr *src,
                     const struct vrrp_advert *advert, struct vrrp_effects *out);
/* The next instant at which vrrp_fsm_expired() wants to be called; TIME_NEVER: none. */
int64_t vrrp_fsm_deadline(const struct vrrp_fsm *fsm);
/* The deadline may have passed (else: nothing). Receive sockets must have been drained before. An
 * Active whose advertisement is more than 3 intervals late steps down to Backup instead of claiming
 * what another may own by now. The next advertisement is due an interval after the last was due,
 * not after it was sent. */
void vrrp_fsm_expired(struct vrrp_fsm *fsm, int64_t now_us, struct vrrp_effects *out);
/* The machine slept, or lateness was noticed elsewhere: an Active resigns (priority 0, so that a
 * Backup need not wait, and one that took over speaks up), goes to Backup and listens; to
 * Initialize when it was leaving for good. Others: nothing. */
void vrrp_fsm_step_down(struct vrrp_fsm *fsm, int64_t now_us, enum model_router_reason reason,
                        struct vrrp_effects *out);
/* New parameters. The state stays as it is (a new priority goes out with the next advertisement),
 * but a Backup that becomes the owner becomes Active, as at startup, and one that is withdrawn
 * leaves (VRRP_LEAVE_STOP). Withdrawn no more, it wants vrrp_fsm_startup(). */
void vrrp_fsm_configure(struct vrrp_fsm *fsm, int64_t now_us, const struct vrrp_fsm_params *params,
                        struct vrrp_effects *out);
/* Members came, went, or changed places: what was heard with which voice means nothing any more.
 * The state stays. */
void vrrp_fsm_rearrange(struct vrrp_fsm *fsm);
/* A Backup that follows somebody has heard nobody with the voices of this member for longer than it
 * takes to become Active: its virtual router has no Active that we know of, and we can't be it. */
bool vrrp_fsm_lacks_member(const struct vrrp_fsm *fsm, int64_t now_us, size_t member);

#endif
