/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The life of a virtual router: made, configured, told of events, asked for its deadline. */
#include "vrrp/instance.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Between two of the same message about the same fight. */
#define TELL_AGAIN_US (60 * US_PER_S)

static bool is_configured(const struct vrrp_router_config *config, const struct addr *peer)
{
	for (size_t i = 0; i < config->peer_count; i++) {
		if (addr_equal(&config->peers[i], peer))
			return true;
	}
	return false;
}

/* Those that are configured no longer make room. By multicast who was heard is a peer. */
static void unlist_peers(struct model_router_status *status,
                         const struct vrrp_router_config *config)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < status->peer_count; i++) {
		const struct model_peer_status *peer = &status->peers[i];

		if (is_configured(config, &peer->address) ||
		    (config->peer_count == 0 && peer->heard_us > 0))
			status->peers[kept++] = *peer;
	}
	memset(&status->peers[kept], 0, (status->peer_count - kept) * sizeof(*status->peers));
	status->peer_count = kept;
}

/* Peers that are configured are shown from the start: that one was never heard is worth knowing. (A
 * Backup is silent, so an Active hears nobody as long as all is well.) */
static void list_peers(struct model_router_status *status, const struct vrrp_router_config *config)
{
	unlist_peers(status, config);
	for (size_t i = 0; i < config->peer_count; i++) {
		bool listed = false;

		for (uint32_t j = 0; j < status->peer_count; j++)
			listed |= addr_equal(&status->peers[j].address, &config->peers[i]);
		if (!listed && status->peer_count < MODEL_PEERS_SHOWN)
			status->peers[status->peer_count++] =
				(struct model_peer_status){.address = config->peers[i]};
	}
}

static void describe(struct vrrp_instance *instance)
{
	const struct vrrp_router_config *config = instance->config;
	struct model_router_status *status = &instance->status;

	memcpy(status->name, config->name, sizeof(status->name));
	memcpy(status->interface, config->interface, sizeof(status->interface));
	status->virtual_router_id = config->virtual_router_id;
	status->advert_interval_us = config->advert_interval_us;
	list_peers(status, config);
	/* What was heard of whom outlives new keys. */
	if (config->auth.wanted && !instance->auth)
		instance->auth = xcalloc(1, sizeof(*instance->auth));
	if (!config->auth.wanted) {
		free(instance->auth);
		instance->auth = NULL;
	}
	status->authenticated = config->auth.wanted;
	status->auth_mode = config->auth.mode;
	status->key_count = (uint32_t)config->auth.key_count;
	for (size_t i = 0; i < config->auth.key_count; i++)
		status->key_ids[i] = config->auth.keys[i].id;
}

struct vrrp_instance *vrrp_instance_new(struct vrrp_shared *shared,
                                        const struct vrrp_router_config *config, int64_t now_us)
{
	struct vrrp_instance *instance = xcalloc(1, sizeof(*instance));
	struct vrrp_fsm_params params;

	instance->shared = shared;
	instance->config = config;
	params = vrrp_instance_params(instance);
	vrrp_group_found(instance, &params, now_us);
	instance->addresses.id = ++shared->last_id;
	vrrp_addresses_set(&instance->addresses, config->owned, config->owned_count,
	                   config->address_lifetime_s);
	describe(instance);
	return instance;
}

void vrrp_instance_free(struct vrrp_instance *instance, bool keep)
{
	struct vrrp_shared *shared = instance->shared;

	vrrp_instance_cancel_failover(instance);
	vrrp_group_forget(instance);
	vrrp_instance_leave_receivers(instance);
	vrrp_instance_unmute(instance);
	vrrp_macvlan_close(&instance->macvlan4, shared->nl, &shared->mutes, keep);
	vrrp_macvlan_close(&instance->macvlan6, shared->nl, &shared->mutes, keep);
	vrrp_addresses_done(&instance->addresses);
	free(instance->auth);
	free(instance);
}

static bool same_owned(const struct vrrp_router_config *a, const struct vrrp_router_config *b)
{
	if (a->owned_count != b->owned_count || a->address_lifetime_s != b->address_lifetime_s)
		return false;
	for (size_t i = 0; i < a->owned_count; i++)
		if (addr_prefix_compare(&a->owned[i].prefix, &b->owned[i].prefix) != 0 ||
		    strcmp(a->owned[i].interface, b->owned[i].interface) != 0 ||
		    a->owned[i].floats != b->owned[i].floats)
			return false;
	return true;
}

void vrrp_instance_configure(struct vrrp_instance *instance,
                             const struct vrrp_router_config *config)
{
	bool same = same_owned(instance->config, config);

	/* Who waits knows it by the name of before. */
	if (strcmp(instance->config->name, config->name) != 0)
		vrrp_instance_cancel_failover(instance);
	instance->config = config;
	instance->retiring = false;
	describe(instance);
	instance->owns_others = !same;
	if (!same) {
		vrrp_addresses_set(&instance->addresses, config->owned, config->owned_count,
		                   config->address_lifetime_s);
		instance->running = 0;
	}
	instance->shared->report_soon = true;
}

void vrrp_instance_own(struct vrrp_instance *instance, int64_t now_us)
{
	if (instance->owns_others && vrrp_addresses_are_wanted(&instance->addresses)) {
		vrrp_instance_sweep(instance, now_us);
		if (instance->group->fsm.leaving == VRRP_LEAVE_NONE)
			vrrp_instance_announce_anew(instance, now_us);
	}
	instance->owns_others = false;
}

void vrrp_instance_leave(struct vrrp_instance *instance, int64_t now_us, enum vrrp_leave leave)
{
	struct vrrp_effects effects = {.count = 0};

	vrrp_fsm_leave(&instance->group->fsm, now_us, leave, &effects);
	vrrp_group_act(instance->group, now_us, &effects);
}

void vrrp_instance_shutdown(struct vrrp_instance *instance, int64_t now_us,
                            enum model_router_reason reason)
{
	struct vrrp_effects effects = {.count = 0};

	vrrp_fsm_shutdown(&instance->group->fsm, now_us, reason, &effects);
	vrrp_group_act(instance->group, now_us, &effects);
}

void vrrp_instance_step_down(struct vrrp_instance *instance, int64_t now_us,
                             enum model_router_reason reason)
{
	struct vrrp_effects effects = {.count = 0};

	vrrp_fsm_step_down(&instance->group->fsm, now_us, reason, &effects);
	vrrp_group_act(instance->group, now_us, &effects);
}

/* --- what others do to our addresses --- */

void vrrp_instance_gone(struct vrrp_instance *instance, int64_t now_us, int link_index,
                        const struct addr_prefix *prefix)
{
	char text[ADDR_PREFIX_TEXT_SIZE];
	bool fight = false;

	if (!vrrp_addresses_gone(&instance->addresses, link_index, prefix, now_us, &fight))
		return;
	instance->shared->report_soon = true;
	addr_prefix_format(prefix, text);
	if (fight) {
		vrrp_instance_tell(instance, LOG_LEVEL_ERROR,
		                   "somebody keeps removing an address, restoring it more slowly "
		                   "address=%s",
		                   text);
	} else if (instance->told_restore_us == 0 ||
	           now_us - instance->told_restore_us >= US_PER_S) {
		instance->told_restore_us = now_us;
		vrrp_instance_tell(instance, LOG_LEVEL_WARN,
		                   "somebody removed an address, restoring it address=%s", text);
	}
}

void vrrp_instance_in_use(struct vrrp_instance *instance)
{
	instance->announce_hold_us = 0;
	if (instance->addresses.place == VRRP_ADDRESSES_HIDDEN)
		vrrp_addresses_recheck(&instance->addresses);
}

void vrrp_instance_conflict(struct vrrp_instance *instance, int64_t now_us, int link_index,
                            const struct addr *address, const struct addr_mac *mac)
{
	char address_text[ADDR_TEXT_SIZE], mac_text[ADDR_MAC_TEXT_SIZE];
	struct addr_mac own;

	/* The one that we took over from needs a moment to let go; and after a stall it may be ours
	 * no more, which is judged next. */
	if (instance->group->fsm.state != MODEL_ROUTER_ACTIVE ||
	    vrrp_instance_judges(instance, now_us) ||
	    instance->group->fsm.leaving != VRRP_LEAVE_NONE ||
	    now_us - instance->settled_us < 4 * instance->config->advert_interval_us + US_PER_S)
		return;
	if (!vrrp_addresses_find(&instance->addresses, link_index, address) ||
	    !vrrp_instance_mac(instance, link_index, &own) || !memcmp(&own, mac, sizeof(own)))
		return;
	instance->status.counters.address_conflicts++;
	instance->shared->report_soon = true;
	if (instance->told_conflict_us && now_us - instance->told_conflict_us < TELL_AGAIN_US)
		return;
	instance->told_conflict_us = now_us;
	vrrp_instance_tell(instance, LOG_LEVEL_WARN,
	                   "another host claims an address of ours address=%s mac=%s",
	                   addr_format(address, address_text), addr_mac_format(mac, mac_text));
}

/* --- time --- */

static int64_t least(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t announce_deadline(const struct vrrp_instance *instance)
{
	int64_t due_us = vrrp_announcer_deadline(&instance->announcer);

	return due_us < instance->announce_hold_us ? instance->announce_hold_us : due_us;
}

bool vrrp_instance_announces(const struct vrrp_instance *instance, int64_t now_us)
{
	return announce_deadline(instance) <= now_us;
}

int64_t vrrp_instance_deadline(const struct vrrp_instance *instance)
{
	int64_t announce_us = announce_deadline(instance);
	int64_t paced_us = vrrp_announce_pace_deadline(&instance->shared->pace);
	int64_t addresses_us = vrrp_addresses_deadline(&instance->addresses);

	if (announce_us < paced_us)
		announce_us = paced_us;
	/* The end of one is news. */
	if (instance->shared->under_way >= VRRP_SHARED_BATCHES)
		addresses_us = TIME_NEVER;
	return least(vrrp_fsm_deadline(&instance->group->fsm), least(addresses_us, announce_us));
}

bool vrrp_instance_judges(const struct vrrp_instance *instance, int64_t now_us)
{
	return vrrp_fsm_deadline(&instance->group->fsm) <= now_us;
}

static void note_lateness(struct vrrp_instance *instance, int64_t due_us)
{
	model_lateness_note(&instance->status.counters, mono_now_us() - due_us);
}

void vrrp_instance_expired(struct vrrp_instance *instance, int64_t now_us)
{
	struct vrrp_shared *shared = instance->shared;
	struct vrrp_effects effects = {.count = 0};
	int64_t due_us = vrrp_fsm_deadline(&instance->group->fsm);
	unsigned restored;

	if (due_us <= now_us) {
		bool advertises = instance->group->fsm.state == MODEL_ROUTER_ACTIVE;

		vrrp_fsm_expired(&instance->group->fsm, now_us, &effects);
		if (advertises && effects.count == 1 &&
		    effects.items[0].kind == VRRP_EFFECT_ADVERTISE)
			for (size_t i = 0; i < instance->group->count; i++)
				note_lateness(instance->group->members[i], due_us);
		vrrp_group_act(instance->group, now_us, &effects);
	}
	restored = 0;
	if (shared->under_way < VRRP_SHARED_BATCHES)
		restored = vrrp_addresses_sweep(&instance->addresses, &shared->links, now_us,
		                                &shared->batch);
	vrrp_shared_relieve(shared);
	instance->status.counters.addresses_restored += restored;
}

bool vrrp_instance_is_idle(const struct vrrp_instance *instance)
{
	return instance->group->fsm.state == MODEL_ROUTER_INITIALIZE &&
	       instance->addresses.swept == instance->addresses.count && instance->muted_count == 0;
}

void vrrp_instance_observe(struct vrrp_instance *instance)
{
	struct model_router_status *status = &instance->status;
	const struct vrrp_fsm *fsm = &instance->group->fsm;

	status->state = fsm->state;
	status->reason = vrrp_instance_reason(instance, fsm->reason);
	status->leaving = fsm->leaving != VRRP_LEAVE_NONE;
	status->suspended_preemption = fsm->preemption_suspended;
	status->since_us = fsm->since_us;
	memcpy(status->sync_group, instance->group->name, sizeof(status->sync_group));
	status->priority = fsm->params.priority;
	status->active = fsm->active;
	status->active_priority = fsm->active_priority;
	status->active_interval_us = fsm->active_interval_us;
	status->realtime = instance->shared->realtime;
	status->address_count = (uint32_t)instance->addresses.count;
	status->addresses_present =
		vrrp_addresses_present(&instance->addresses, &instance->shared->links);
	status->counters.drops[MODEL_DROP_VRID] =
		(instance->receiver4 ? instance->receiver4->strangers : 0) +
		(instance->receiver6 ? instance->receiver6->strangers : 0);
	memcpy(status->problem, instance->problem, sizeof(status->problem));
	if (status->problem[0] == '\0' && instance->group->count > 1 &&
	    vrrp_fsm_lacks_member(fsm, mono_now_us(), instance->member))
		snprintf(status->problem, sizeof(status->problem),
		         "nobody is heard for it on %s, but for others of sync group %s: who is "
		         "active for those has no such group, or can't be heard there",
		         instance->config->interface, instance->group->name);
	if (status->problem[0] == '\0' && instance->addresses.error &&
	    vrrp_addresses_are_wanted(&instance->addresses))
		snprintf(status->problem, sizeof(status->problem), "cannot add an address: %s",
		         strerrordesc_np(instance->addresses.error));
}
