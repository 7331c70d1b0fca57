/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vrrp/group.h - virtual routers that move together: the members of one machine.
 *
 * I/O, but for vrrp_group_order(). A virtual router that is in no sync group is the only member of
 * a group of its own, so there is one way for all. The machine (vrrp/fsm.h) hears the voices of all
 * members and what it decides is done by each; it runs when every member can. A member that joins a
 * group does what the group does; one that leaves goes on as it was, alone. Time: now_us,
 * microseconds on the monotonic clock. */

#ifndef LINTEL_VRRP_GROUP_H
#define LINTEL_VRRP_GROUP_H

#include "vrrp/config.h"
#include "vrrp/fsm.h"

struct vrrp_instance;

struct vrrp_group {
	char name[MODEL_SYNC_GROUP_SIZE]; /* of the sync group; "": one virtual router by itself */
	struct vrrp_fsm fsm;
	struct vrrp_instance *members[VRRP_MEMBERS_MAX]; /* in the order of vrrp_group_order() */
	size_t count;                                    /* at least 1 */
};

/* Members speak in the order of VRID, then name: the same on all nodes, whatever their interfaces
 * are called. As strcmp(). */
int vrrp_group_order(const struct vrrp_router_config *a, const struct vrrp_router_config *b);

/* Makes an instance the only member of a group of its own, which starts in Initialize. */
void vrrp_group_found(struct vrrp_instance *instance, const struct vrrp_fsm_params *params,
                      int64_t now_us);
/* Makes it one by itself, in the state of the group that it leaves. Of one by itself: nothing. */
void vrrp_group_part(struct vrrp_instance *instance);
/* It is about to be freed: the group goes with its last member. */
void vrrp_group_forget(struct vrrp_instance *instance);
/* Makes these one group, and all that were in it and are not among them are by themselves.
 * 'count' at least 1. Of a group that is made anew and has a member that is not Active, none stays
 * Active: priority 0 is sent for those that were. vrrp_group_settle() is to follow. */
void vrrp_group_unite(const char *name, struct vrrp_instance *const *instances, size_t count,
                      int64_t now_us);
/* All members have been looked at (vrrp_instance_look): configures the machine, starts it or shuts
 * it down, and tells what it waits for. */
void vrrp_group_settle(struct vrrp_group *group, int64_t now_us);
/* Each effect is carried out by every member before the next one is. */
void vrrp_group_act(struct vrrp_group *group, int64_t now_us, const struct vrrp_effects *effects);

#endif
