/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/config.h - what the VRRP thread is told: a self-contained copy of the snapshot's virtual
 * routers.
 *
 * Pure. It shares no memory with the snapshot: it is handed over to the thread, which frees it. */

#ifndef LINTEL_VRRP_CONFIG_H
#define LINTEL_VRRP_CONFIG_H

#include "model/snapshot.h"
#include "vrrp/auth.h"

/* With so many addresses on a machine (all routers together) their lifetimes are twice as long as
 * configured, with twice as many five times, with thrice as many ten times, and so on with the
 * square, up to the maximum. */
#define VRRP_CONFIG_LIFETIME_STEP  1000
#define VRRP_CONFIG_LIFETIME_MAX_S 3600

/* An address the router owns while Active. */
struct vrrp_owned {
	struct addr_prefix prefix;
	char interface[IF_NAMESIZE];
	/* No virtual server's, but the router's own beside those of virtual servers (of its sync
	 * group's): what answers of real servers are sent to. */
	bool floats;
};

#define VRRP_WHY_SIZE 200
struct vrrp_router_config {
	char name[254];
	char interface[IF_NAMESIZE];
	uint8_t virtual_router_id;
	uint8_t priority;
	int64_t advert_interval_us;
	bool preempt;
	bool preempt_held;                 /* for now, see struct vrrp_restraint; so is ... */
	bool withdrawn;                    /* ... this, and 'priority' has been changed by them */
	char withdrawn_why[VRRP_WHY_SIZE]; /* "" unless withdrawn */
	/* Those that name the same group have the same priority, interval, way of preempting and
	 * circumstances: what is the most careful of each of theirs. "": by itself. */
	char sync_group[MODEL_SYNC_GROUP_SIZE];
	/* Takes over from an Active that lowers its priority below ours, whatever 'preempt' says: a
	 * virtual server here lowers priorities when it loses its quorum, or what is tracked
	 * does. */
	bool relieves;
	int64_t preempt_delay_us;
	bool accept;
	bool virtual_mac;
	enum model_checksum checksum;
	struct vrrp_auth_config auth;
	uint32_t address_lifetime_s; /* longer with many addresses, see LIFETIME_STEP */
	unsigned announce_count;
	int64_t announce_interval_us, announce_again_us, announce_refresh_us;
	const struct addr *peers; /* sorted */
	size_t peer_count;
	char (*track_interfaces)[IF_NAMESIZE];
	size_t track_interface_count;
	const struct vrrp_owned *
		owned; /* sorted by interface, address: the router's own and its virtual servers' */
	size_t owned_count;
	/* What goes into advertisements: the router's own addresses on its interface, else the
	 * lowest one owned there; IPv6 begins with a link-local address: a configured one, else
	 * fe80::200:5eff:fe00:2VV (from the virtual MAC), which is then owned as well. At most what
	 * one packet of 1500 bytes holds; the others are owned all the same. A family with none is
	 * not served. When nothing is owned on the interface itself, the lowest address on another
	 * one stands for all; both counts 0: there is nothing to own, nothing to elect. */
	const struct addr *advertised4;
	size_t advertised4_count;
	const struct addr *advertised6;
	size_t advertised6_count;
};

struct vrrp_config {
	struct arena arena;
	struct vrrp_router_config *routers; /* by name */
	size_t router_count;
};

/* An address that is wanted no more, but stays for the connections that take leave. */
struct vrrp_lingering {
	struct addr address;
	char router[254]; /* that owned it; unknown by now: the address is let go */
};

/* What keeps a virtual router here from all that its configuration lets it do, for now. Several may
 * name one router: cuts add up, and what any says is so. */
struct vrrp_restraint {
	char router[254];
	bool preempt_held; /* preempts nobody, not even as the address owner */
	bool withdrawn;    /* takes no part: leaves as planned when Active, with all addresses */
	unsigned priority_cut;   /* off its priority, which stays within 1..254; not the owner's */
	unsigned priority_raise; /* to its priority; raises count first */
	char why[VRRP_WHY_SIZE]; /* withdrawn: "too few servers are up"; of several the first */
};

/* The keys of a virtual router whose advertisements are authenticated. */
struct vrrp_router_keys {
	char router[254];
	struct vrrp_keys keys;
};

/* What is so at the moment, beside what is wanted. Arrays may be NULL when their count is 0; of
 * unknown routers nothing is done. Lingering addresses are owned, never advertised in a list of
 * given addresses. */
struct vrrp_circumstances {
	const struct vrrp_lingering *lingering;
	size_t lingering_count;
	const struct vrrp_restraint *restraints;
	size_t restraint_count;
	const struct vrrp_router_keys *keys; /* a router that wants some and has none stays out */
	size_t key_count;
};

/* 'circumstances' NULL: none. Nothing given is kept. */
struct vrrp_config *vrrp_config_build(const struct model_snapshot *snapshot,
                                      const struct vrrp_circumstances *circumstances);
void vrrp_config_free(struct vrrp_config *config);
const struct vrrp_router_config *vrrp_config_find(const struct vrrp_config *config,
                                                  const char *name);
/* What is left of its priority with what raises and cuts it; an address owner's is left alone. What
 * its sync group makes of it is not in it. */
uint8_t vrrp_config_priority(const struct model_router *router,
                             const struct vrrp_restraint *restraints, size_t count);
/* Is everything about the two the same? */
bool vrrp_config_router_equal(const struct vrrp_router_config *a,
                              const struct vrrp_router_config *b);

#endif
