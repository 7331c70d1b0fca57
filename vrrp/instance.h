/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/instance.h - one virtual router at work: its machine, and everything the machine's effects
 * are carried out on.
 *
 * I/O. Owned and driven by vrrp/node.h. Nothing is allocated for a packet; the only calls that take
 * the kernel's time are netlink requests, in bounded steps. Time: now_us, microseconds on the
 * monotonic clock. RFC 9568 6.4, 7. */

#ifndef LINTEL_VRRP_INSTANCE_H
#define LINTEL_VRRP_INSTANCE_H

#include "vrrp/addresses.h"
#include "vrrp/announce.h"
#include "vrrp/config.h"
#include "vrrp/frame.h"
#include "vrrp/group.h"
#include "vrrp/links.h"
#include "vrrp/macvlan.h"
#include "vrrp/receive.h"
#include "vrrp/socket.h"
#include "vrrp/thread_worker.h"

/* Batches that the worker is given before it has carried out the first: it is not to run dry, and
 * what is to be said of an address is not to wait behind thousands of others. */
#define VRRP_SHARED_BATCHES 2

/* Interfaces that are mute while a router's addresses are hidden; for more nobody is silent. */
#define VRRP_MUTED_MAX      8

#define VRRP_NOTE_KINDS     7 /* bits of enum vrrp_note */

/* What the routers of one thread share. Owned by vrrp/node.h. */
struct vrrp_shared {
	struct vrrp_sockets sockets;
	struct vrrp_links links;
	struct nl *nl; /* requests that are waited for */
	struct vrrp_thread_worker *worker;
	struct vrrp_address_batch batch; /* for the worker */
	/* Of routers with a virtual MAC, which want their addresses in place before they say a
	 * word: carried out at once, in order with what is done to the macvlans. */
	struct vrrp_address_batch batch_inline;
	unsigned under_way; /* batches that the worker has, but for those that nobody waits for */
	struct vrrp_mutes mutes; /* parents of macvlans, and where addresses are hidden */
	struct vrrp_announce_pace pace;
	uint64_t last_id; /* of addresses */
	bool realtime;    /* for status */
	bool stopping;    /* nothing starts any more */
	bool report_now;  /* a state changed: tell at once */
	bool report_soon; /* something else changed */
	bool lost;        /* a netlink channel failed: what there is must be asked */
	/* Something to tell a person. */
	void (*event)(void *ctx, int level, const char *message);
	void (*failover_done)(void *ctx, const char *router, int result);
	void *ctx;
	/* Scratch, so that nothing is allocated for a packet. */
	struct vrrp_advert sent, received;
	uint8_t message[VRRP_MESSAGE_MAX];
	uint8_t trailer[VRRP_AUTH_TRAILER_SIZE];
	bool signs; /* the trailer is part of what is sent */
	uint8_t frame[VRRP_FRAME_MAX];
};

struct vrrp_instance {
	struct vrrp_shared *shared;
	const struct vrrp_router_config *config; /* kept alive by vrrp/node.h */
	size_t slot;                             /* vrrp/node.c: its place there */
	struct vrrp_group *group;                /* whose machine moves it; never NULL */
	size_t member;                           /* which one of the group it is */
	bool usable;      /* as it was looked at last: it can send and receive */
	bool leftovers;   /* ... and addresses of an earlier run are in place */
	bool owns_others; /* what it owns was configured anew, see vrrp_instance_own() */
	/* why it waits; "" when it does not */
	char own_problem[MODEL_PROBLEM_SIZE]; /* ... for a reason of its own */
	char problem[MODEL_PROBLEM_SIZE];     /* ... or of its group's, as told */
	bool retiring;              /* no longer configured: handing over, then to be freed */
	bool failover_asked;        /* somebody waits for the outcome */
	bool serves4, serves6;      /* advertisements are sent in that family */
	int link_index;             /* of config->interface, 0: there is none */
	struct addr local4, local6; /* sources of advertisements; ADDR_NONE: none, or not served */
	struct vrrp_receiver *receiver4, *receiver6;
	struct vrrp_macvlan macvlan4, macvlan6;
	struct vrrp_addresses addresses;
	struct vrrp_announcer announcer;
	int muted[VRRP_MUTED_MAX]; /* interfaces, by index, of hidden addresses */
	size_t muted_count;
	struct vrrp_auth *auth;   /* owned; NULL while advertisements are not authenticated */
	int64_t announce_hold_us; /* announcing waits until then for an address to come into use */
	int64_t settling_us; /* virtual MAC: until then frames from it wait for all addresses */
	int64_t announce_held_us; /* since when; 0: it doesn't wait */
	bool floating_untold;     /* addresses that wait are announced before the others */
	unsigned running;         /* interfaces of our addresses that run */
	int64_t settled_us; /* when it became Active: conflicts right after are the old Active's */
	/* when a person was told last; 0: never */
	int64_t told_note_us[VRRP_NOTE_KINDS], told_drop_us[MODEL_DROP_COUNT];
	int64_t told_send_us, told_conflict_us, told_restore_us;
	int told_error;                    /* addresses.error as told last */
	struct model_router_status status; /* counters, peers and transitions live here */
};

/* Fills in what the kernel knows (vrrp_instance_refresh() follows). Does not fail: what is missing
 * is a problem in the status and waited for. */
struct vrrp_instance *vrrp_instance_new(struct vrrp_shared *shared,
                                        const struct vrrp_router_config *config, int64_t now_us);
/* Closes. 'keep': the macvlans stay. */
void vrrp_instance_free(struct vrrp_instance *instance, bool keep);
/* New parameters for the same interface, VRID and kind of MAC. To be followed, when its group is
 * the right one, by vrrp_instance_look(), vrrp_group_settle() and vrrp_instance_own(). */
void vrrp_instance_configure(struct vrrp_instance *instance,
                             const struct vrrp_router_config *config);
/* Interfaces or their addresses have changed: joins, chooses sources, sees whether it can be used.
 * vrrp_group_settle() is to follow, when all of the group have been looked at. */
void vrrp_instance_look(struct vrrp_instance *instance, int64_t now_us);
/* Both, when nothing has changed about the other members. */
void vrrp_instance_refresh(struct vrrp_instance *instance, int64_t now_us);
/* An Active puts in place and announces what it owns since it was configured. */
void vrrp_instance_own(struct vrrp_instance *instance, int64_t now_us);
/* A packet for its VRID on its interface. */
void vrrp_instance_packet(struct vrrp_instance *instance, int64_t now_us,
                          const struct vrrp_envelope *envelope, const void *data, size_t size);
/* One of its addresses may have been removed by somebody. */
void vrrp_instance_gone(struct vrrp_instance *instance, int64_t now_us, int link_index,
                        const struct addr_prefix *prefix);
/* An address with our mark has come into use. */
void vrrp_instance_in_use(struct vrrp_instance *instance);
/* Somebody with 'mac' claims 'address' on an interface. */
void vrrp_instance_conflict(struct vrrp_instance *instance, int64_t now_us, int link_index,
                            const struct addr *address, const struct addr_mac *mac);
/* Planned: hands over (vrrp_fsm_leave). For VRRP_LEAVE_FAILOVER shared->failover_done follows. */
void vrrp_instance_leave(struct vrrp_instance *instance, int64_t now_us, enum vrrp_leave leave);
/* At once. */
void vrrp_instance_shutdown(struct vrrp_instance *instance, int64_t now_us,
                            enum model_router_reason reason);
void vrrp_instance_step_down(struct vrrp_instance *instance, int64_t now_us,
                             enum model_router_reason reason);
/* When vrrp_instance_expired() wants to be called; TIME_NEVER: never; in the past: at once. */
int64_t vrrp_instance_deadline(const struct vrrp_instance *instance);
/* When silence or an advertisement is judged: the receivers must be drained before. */
bool vrrp_instance_judges(const struct vrrp_instance *instance, int64_t now_us);
/* What is due is done, but for announcements (vrrp_instance_announce()). Address work is appended
 * to the batches for the caller to commit. */
void vrrp_instance_expired(struct vrrp_instance *instance, int64_t now_us);
/* Its announcer has something to send, if the pace lets it. */
bool vrrp_instance_announces(const struct vrrp_instance *instance, int64_t now_us);
/* Sends what the schedule has for now, at most 'room' frames. Returns how many. */
unsigned vrrp_instance_announce(struct vrrp_instance *instance, int64_t now_us, unsigned room);
/* Nothing is left to be done for it: it owns nothing and may be freed. */
bool vrrp_instance_is_idle(const struct vrrp_instance *instance);
/* Brings instance->status up to date. */
void vrrp_instance_observe(struct vrrp_instance *instance);

/* Where its address work goes. */
struct vrrp_address_batch *vrrp_instance_batch(struct vrrp_instance *instance);
/* Hands over what is in the batch for the worker if it is full: one request is not to keep the
 * kernel, and on a machine with one processor everybody, for longer than need be. */
void vrrp_shared_relieve(struct vrrp_shared *shared);
/* Hands over what is in the batches. 0 or -errno: the kernel is to be asked anew what there is. */
LT_MUST_USE int vrrp_shared_commit(struct vrrp_shared *shared);
/* At the end of every turn: what is over when all that the worker was given has been done. */
void vrrp_instance_settled(struct vrrp_instance *instance);
/* The kernel refused one of its addresses. */
void vrrp_instance_refused(struct vrrp_instance *instance, int error);

/* --- among vrrp/instance*.c --- */

/* instance_effects.c */
/* Carries out one of the effects, vrrp_group_act(): of all members. */
void vrrp_instance_do(struct vrrp_instance *instance, int64_t now_us,
                      const struct vrrp_effects *effects, size_t at);
/* Why the machine changed, as this member sees it: usable itself, it went with another one. */
enum model_router_reason vrrp_instance_reason(const struct vrrp_instance *instance,
                                              enum model_router_reason reason);
/* A failover asked for by hand ends with leaving Active, or with the machine giving up. */
void vrrp_instance_settle_failover(struct vrrp_instance *instance);
/* Tells who waits for one, by the instance's present name, that nothing comes of it. */
void vrrp_instance_cancel_failover(struct vrrp_instance *instance);
/* With a virtual MAC: not all addresses are in use yet, so frames from it would turn switches to us
 * too early. */
bool vrrp_instance_is_settling(struct vrrp_instance *instance, int64_t now_us);
/* Neighbours' questions are answered again on all its interfaces. */
void vrrp_instance_unmute(struct vrrp_instance *instance);
/* Asks for the next steps of taking, renewing or letting go of its addresses. */
void vrrp_instance_sweep(struct vrrp_instance *instance, int64_t now_us);
/* Begins the bursts, for instance because an interface has come up. */
void vrrp_instance_announce_anew(struct vrrp_instance *instance, int64_t now_us);
/* What our addresses on that interface are reached at; false when it is not running. */
bool vrrp_instance_mac(const struct vrrp_instance *instance, int link_index,
                       struct addr_mac *ret_mac);
/* An event "router=NAME ...". */
void vrrp_instance_tell(struct vrrp_instance *instance, int level, const char *fmt, ...)
	LT_PRINTF(3, 4);

/* instance_links.c */
void vrrp_instance_leave_receivers(struct vrrp_instance *instance);
/* Without the sources. All of a sync group have the same, as vrrp/config.h makes them. */
struct vrrp_fsm_params vrrp_instance_params(const struct vrrp_instance *instance);

/* instance_packet.c */
void vrrp_instance_advertise(struct vrrp_instance *instance, int64_t now_us, uint8_t priority);

#endif
