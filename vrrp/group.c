/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/group.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "vrrp/instance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int vrrp_group_order(const struct vrrp_router_config *a, const struct vrrp_router_config *b)
{
	if (a->virtual_router_id != b->virtual_router_id)
		return a->virtual_router_id < b->virtual_router_id ? -1 : 1;
	return strcmp(a->name, b->name);
}

/* --- who is in it --- */

void vrrp_group_found(struct vrrp_instance *instance, const struct vrrp_fsm_params *params,
                      int64_t now_us)
{
	struct vrrp_group *group = xcalloc(1, sizeof(*group));

	vrrp_fsm_init(&group->fsm, params, now_us);
	group->members[group->count++] = instance;
	instance->group = group;
	instance->member = 0;
}

static void take_out(struct vrrp_group *group, const struct vrrp_instance *instance)
{
	size_t kept = 0;

	for (size_t i = 0; i < group->count; i++) {
		if (group->members[i] == instance)
			continue;
		group->members[kept] = group->members[i];
		group->members[kept]->member = kept;
		kept++;
	}
	group->count = kept;
	if (kept == 0)
		free(group);
	else
		vrrp_fsm_rearrange(&group->fsm);
}

void vrrp_group_forget(struct vrrp_instance *instance)
{
	take_out(instance->group, instance);
	instance->group = NULL;
}

void vrrp_group_part(struct vrrp_instance *instance)
{
	struct vrrp_group *before = instance->group, *alone;

	if (before->count == 1 && before->name[0] == '\0')
		return;
	alone = xcalloc(1, sizeof(*alone));
	alone->fsm = before->fsm;
	vrrp_fsm_rearrange(&alone->fsm);
	take_out(before, instance);
	alone->members[alone->count++] = instance;
	instance->group = alone;
	instance->member = 0;
}

/* Whose machine becomes the group's: that of a group which is there already; else of one who
 * follows an Active, as then not all are Active here; else of one who is. */
static struct vrrp_group *choose(const char *name, struct vrrp_instance *const *instances,
                                 size_t count)
{
	static const enum model_router_state wanted[] = {MODEL_ROUTER_BACKUP, MODEL_ROUTER_ACTIVE};

	for (size_t i = 0; i < count; i++)
		if (strcmp(instances[i]->group->name, name) == 0)
			return instances[i]->group;
	for (size_t k = 0; k < LT_ARRAY_SIZE(wanted); k++)
		for (size_t i = 0; i < count; i++)
			if (instances[i]->group->fsm.state == wanted[k])
				return instances[i]->group;
	return instances[0]->group;
}

static bool is_already(const struct vrrp_group *group, const char *name,
                       struct vrrp_instance *const *instances, size_t count)
{
	return group->count == count && strcmp(group->name, name) == 0 &&
	       memcmp(group->members, instances, count * sizeof(struct vrrp_instance *)) == 0;
}

void vrrp_group_unite(const char *name, struct vrrp_instance *const *instances, size_t count,
                      int64_t now_us)
{
	struct vrrp_group *group = choose(name, instances, count);

	if (is_already(group, name, instances, count))
		return;
	for (size_t i = 0; i < group->count;) {
		bool stays = false;

		for (size_t j = 0; j < count; j++)
			stays |= instances[j] == group->members[i];
		if (stays)
			i++;
		else
			vrrp_group_part(group->members[i]);
	}
	for (size_t i = 0; i < count; i++) {
		struct vrrp_instance *joins = instances[i];

		if (joins->group == group)
			continue;
		vrrp_group_part(joins);
		if (group->fsm.state != MODEL_ROUTER_ACTIVE &&
		    (joins->group->fsm.state == MODEL_ROUTER_ACTIVE || joins->group->fsm.holding))
			vrrp_instance_shutdown(joins, now_us, MODEL_REASON_RECONFIGURED);
		vrrp_group_forget(joins);
		joins->group = group;
	}
	memcpy(group->members, instances, count * sizeof(struct vrrp_instance *));
	group->count = count;
	for (size_t i = 0; i < count; i++)
		group->members[i]->member = i;
	snprintf(group->name, sizeof(group->name), "%s", name);
	vrrp_fsm_rearrange(&group->fsm);
}

/* --- what it does --- */

void vrrp_group_act(struct vrrp_group *group, int64_t now_us, const struct vrrp_effects *effects)
{
	for (size_t i = 0; i < effects->count; i++)
		for (size_t j = 0; j < group->count; j++)
			vrrp_instance_do(group->members[j], now_us, effects, i);
	for (size_t j = 0; j < group->count; j++)
		vrrp_instance_settle_failover(group->members[j]);
}

/* What one that joins an Active group has to do. One that is leaving has nothing to say to others.
 */
static struct vrrp_effects effects_of_joining(const struct vrrp_group *group)
{
	bool speaks = group->fsm.leaving == VRRP_LEAVE_NONE;
	struct vrrp_effects out = {.count = 0};

	if (speaks)
		out.items[out.count++] = (struct vrrp_effect){
			.kind = VRRP_EFFECT_ADVERTISE, .priority = group->fsm.params.priority};
	out.items[out.count++] = (struct vrrp_effect){.kind = VRRP_EFFECT_TAKE};
	if (speaks)
		out.items[out.count++] = (struct vrrp_effect){.kind = VRRP_EFFECT_ANNOUNCE};
	out.items[out.count++] = (struct vrrp_effect){.kind = VRRP_EFFECT_CHANGED,
	                                              .from = MODEL_ROUTER_INITIALIZE,
	                                              .to = MODEL_ROUTER_ACTIVE,
	                                              .reason = MODEL_REASON_RECONFIGURED};
	return out;
}

/* A member that has joined an Active group is the only one that owns nothing yet. */
static void catch_up(struct vrrp_group *group, int64_t now_us)
{
	const struct vrrp_effects effects = effects_of_joining(group);

	for (size_t i = 0; i < group->count; i++) {
		struct vrrp_instance *member = group->members[i];

		if (group->fsm.state != MODEL_ROUTER_ACTIVE ||
		    vrrp_addresses_are_wanted(&member->addresses))
			continue;
		for (size_t j = 0; j < effects.count; j++)
			vrrp_instance_do(member, now_us, &effects, j);
	}
}

static struct vrrp_fsm_params params_of(const struct vrrp_group *group)
{
	struct vrrp_fsm_params params = vrrp_instance_params(group->members[0]);

	for (size_t i = 0; i < group->count; i++) {
		const struct vrrp_instance *member = group->members[i];

		params.sources[i].local4 = member->local4;
		params.sources[i].local6 = member->local6;
		params.virtual_mac |= member->config->virtual_mac;
	}
	return params;
}

/* Why this member does not take part: for a reason of its own, or of another's. */
static void tell_problem(struct vrrp_group *group, struct vrrp_instance *member,
                         const struct vrrp_instance *culprit)
{
	char problem[sizeof(member->problem)];

	if (member->own_problem[0] || !culprit)
		memcpy(problem, member->own_problem, sizeof(problem));
	else
		snprintf(problem, sizeof(problem), "waits with sync group %s for %.80s: %.120s",
		         group->name, culprit->config->name, culprit->own_problem);
	if (strcmp(problem, member->problem) == 0)
		return;
	memcpy(member->problem, problem, sizeof(problem));
	if (problem[0])
		vrrp_instance_tell(member, LOG_LEVEL_WARN, "waiting problem=\"%s\"", problem);
	member->shared->report_soon = true;
}

void vrrp_group_settle(struct vrrp_group *group, int64_t now_us)
{
	const struct vrrp_shared *shared = group->members[0]->shared;
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_fsm_params params = params_of(group);
	const struct vrrp_instance *culprit = NULL;
	bool leftovers = false, retiring = false;

	for (size_t i = 0; i < group->count; i++) {
		const struct vrrp_instance *member = group->members[i];

		if (!member->usable && !culprit)
			culprit = member;
		leftovers |= member->leftovers;
		retiring |= member->retiring;
	}
	vrrp_fsm_configure(&group->fsm, now_us, &params, &effects);
	if (culprit)
		vrrp_fsm_shutdown(&group->fsm, now_us, MODEL_REASON_INTERFACE_DOWN, &effects);
	else if (!retiring && !shared->stopping)
		vrrp_fsm_startup(&group->fsm, now_us, leftovers, &effects);
	vrrp_group_act(group, now_us, &effects);
	catch_up(group, now_us);
	for (size_t i = 0; i < group->count; i++)
		tell_problem(group, group->members[i], culprit);
}
