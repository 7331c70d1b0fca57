/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Carrying out the effects of a virtual router's machine: addresses, announcements, news. */
#include "vrrp/instance.h"

#include "lib/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/* Between two looks whether an address is in use by now, and at most altogether: the kernel's word
 * comes in between as a rule. */
#define HOLD_US     (20 * US_PER_MS)
#define HOLD_MAX_US (1 * US_PER_S)

void vrrp_instance_tell(struct vrrp_instance *instance, int level, const char *fmt, ...)
{
	char message[512];
	int length = snprintf(message, sizeof(message), "router=%s ", instance->config->name);
	va_list args;

	va_start(args, fmt);
	vsnprintf(message + length, sizeof(message) - (size_t)length, fmt, args);
	va_end(args);
	instance->shared->event(instance->shared->ctx, level, message);
}

struct vrrp_address_batch *vrrp_instance_batch(struct vrrp_instance *instance)
{
	return instance->config->virtual_mac ? &instance->shared->batch_inline
	                                     : &instance->shared->batch;
}

static void submit(struct vrrp_shared *shared)
{
	vrrp_address_batch_note(&shared->batch, &shared->links);
	shared->under_way += vrrp_address_batch_is_awaited(&shared->batch);
	vrrp_thread_worker_submit(shared->worker, &shared->batch);
}

void vrrp_shared_relieve(struct vrrp_shared *shared)
{
	if (vrrp_address_batch_is_full(&shared->batch))
		submit(shared);
}

int vrrp_shared_commit(struct vrrp_shared *shared)
{
	int r = 0;

	if (shared->batch.messages.count > 0)
		submit(shared);
	if (shared->batch_inline.messages.count > 0) {
		vrrp_address_batch_note(&shared->batch_inline, &shared->links);
		r = vrrp_address_batch_execute(&shared->batch_inline, shared->nl);
		vrrp_address_batch_conclude(&shared->batch_inline, &shared->links);
	}
	return r;
}

void vrrp_instance_refused(struct vrrp_instance *instance, int error)
{
	instance->addresses.error = error;
	instance->shared->report_soon = true;
	if (instance->told_error == error)
		return;
	instance->told_error = error;
	vrrp_instance_tell(instance, LOG_LEVEL_ERROR, "cannot add an address error=\"%s\"",
	                   strerrordesc_np(error));
}

/* The next steps of taking or letting go. What the worker is to do leaves at the end of the turn,
 * that of all virtual routers together. */
void vrrp_instance_sweep(struct vrrp_instance *instance, int64_t now_us)
{
	struct vrrp_shared *shared = instance->shared;

	vrrp_addresses_sweep(&instance->addresses, &shared->links, now_us,
	                     vrrp_instance_batch(instance));
	vrrp_address_batch_note(&shared->batch, &shared->links);
	vrrp_shared_relieve(shared);
	if (shared->batch_inline.messages.count > 0 && vrrp_shared_commit(shared) < 0)
		shared->lost = true;
}

static void raise_macvlans(struct vrrp_instance *instance, bool up)
{
	struct nl *nl = instance->shared->nl;
	int r4 = vrrp_macvlan_set_up(&instance->macvlan4, nl, up);
	int r6 = vrrp_macvlan_set_up(&instance->macvlan6, nl, up);

	if (r4 < 0 || r6 < 0)
		vrrp_instance_tell(instance, LOG_LEVEL_ERROR, "cannot set macvlan %s error=\"%s\"",
		                   up ? "up" : "down", strerrordesc_np(r4 < 0 ? -r4 : -r6));
}

/* Whoever resigns, or yields to a higher one, keeps its addresses for a moment. With a virtual MAC
 * both are reached at the same, and nobody could send on to the other. */
static bool is_taken_from_the_living(const struct vrrp_instance *instance,
                                     enum model_router_reason reason)
{
	return (reason == MODEL_REASON_RESIGNED || reason == MODEL_REASON_PREEMPTED) &&
	       !instance->config->virtual_mac;
}

static void take(struct vrrp_instance *instance, int64_t now_us, enum model_router_reason reason)
{
	raise_macvlans(instance, true);
	if (instance->config->virtual_mac)
		instance->settling_us = now_us + HOLD_MAX_US;
	vrrp_addresses_want(&instance->addresses, true, now_us);
	if (is_taken_from_the_living(instance, reason)) {
		vrrp_addresses_defer(&instance->addresses, now_us);
		instance->floating_untold = true;
	}
	vrrp_instance_sweep(instance, now_us);
}

static void release(struct vrrp_instance *instance, int64_t now_us)
{
	vrrp_announcer_stop(&instance->announcer);
	instance->floating_untold = false;
	vrrp_addresses_want(&instance->addresses, false, now_us);
	vrrp_instance_sweep(instance, now_us);
	raise_macvlans(instance, false);
}

static void mute(struct vrrp_instance *instance, int link_index)
{
	const struct rtnl_link *link = vrrp_links_by_index(&instance->shared->links, link_index);

	if (!link || link_index == RTNL_LOOPBACK || instance->muted_count == VRRP_MUTED_MAX)
		return;
	/* Addresses are in the order of their interfaces. */
	if (instance->muted_count > 0 && instance->muted[instance->muted_count - 1] == link_index)
		return;
	vrrp_mute_begin(&instance->shared->mutes, link);
	instance->muted[instance->muted_count++] = link_index;
}

void vrrp_instance_unmute(struct vrrp_instance *instance)
{
	while (instance->muted_count > 0)
		vrrp_mute_end(&instance->shared->mutes, instance->muted[--instance->muted_count]);
}

static void hush(struct vrrp_instance *instance, int64_t now_us)
{
	const struct vrrp_addresses *addresses = &instance->addresses;

	if (!vrrp_addresses_hide(&instance->addresses))
		return;
	vrrp_instance_unmute(instance);
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->items[i].prefix.addr.family == ADDR_IPV4)
			mute(instance, addresses->items[i].link_index);
	vrrp_instance_sweep(instance, now_us);
}

/* Not before the last hidden address is gone: neighbours would be answered for it. */
void vrrp_instance_settled(struct vrrp_instance *instance)
{
	const struct vrrp_addresses *addresses = &instance->addresses;

	if (addresses->place != VRRP_ADDRESSES_HIDDEN && addresses->swept == addresses->count &&
	    instance->shared->under_way == 0 && instance->shared->batch.messages.count == 0)
		vrrp_instance_unmute(instance);
}

/* What an address is reached at on the interface it is on. */
bool vrrp_instance_mac(const struct vrrp_instance *instance, int link_index,
                       struct addr_mac *ret_mac)
{
	const struct rtnl_link *link;

	if (link_index == 0)
		return false;
	if (link_index == instance->macvlan4.index) {
		*ret_mac = instance->macvlan4.mac;
		return true;
	}
	if (link_index == instance->macvlan6.index) {
		*ret_mac = instance->macvlan6.mac;
		return true;
	}
	link = vrrp_links_by_index(&instance->shared->links, link_index);
	if (!link || !link->running)
		return false;
	*ret_mac = link->mac;
	return true;
}

bool vrrp_instance_is_settling(struct vrrp_instance *instance, int64_t now_us)
{
	const struct vrrp_addresses *addresses = &instance->addresses;

	if (now_us >= instance->settling_us)
		return false;
	if (addresses->swept < addresses->count)
		return true;
	for (size_t i = 0; i < addresses->count; i++)
		if (vrrp_links_is_pending(&instance->shared->links, addresses->items[i].link_index,
		                          &addresses->items[i].prefix))
			return true;
	instance->settling_us = 0;
	return false;
}

/* The address that is next isn't answered for yet: who is told to send packets here would lose
 * them. Not for ever. */
static bool must_wait(struct vrrp_instance *instance, int64_t now_us)
{
	const struct vrrp_addresses *addresses = &instance->addresses;
	size_t next = instance->announcer.position;

	if (next >= addresses->swept) {
		/* When what is asked for now has been done: the end of that is heard. */
		instance->announce_hold_us = now_us + HOLD_US;
		return next < addresses->count;
	}
	if (now_us < instance->announce_hold_us)
		return true;
	if ((!vrrp_instance_is_settling(instance, now_us) &&
	     !vrrp_links_is_pending(&instance->shared->links, addresses->items[next].link_index,
	                            &addresses->items[next].prefix)) ||
	    (instance->announce_held_us && now_us - instance->announce_held_us > HOLD_MAX_US)) {
		instance->announce_held_us = 0;
		return false;
	}
	if (instance->announce_held_us == 0)
		instance->announce_held_us = now_us;
	instance->announce_hold_us = now_us + HOLD_US;
	return true;
}

static void announce_one(struct vrrp_instance *instance, const struct vrrp_address *address)
{
	struct vrrp_sockets *sockets = &instance->shared->sockets;
	uint8_t frame[VRRP_ANNOUNCE_FRAME_MAX];
	struct addr_mac mac;
	size_t size;

	if ((!address->deferred && !vrrp_links_address(&instance->shared->links,
	                                               address->link_index, &address->prefix)) ||
	    !vrrp_instance_mac(instance, address->link_index, &mac))
		return;
	size = vrrp_announce_frame(&address->prefix.addr, &mac, frame);
	instance->status.counters.announcements_sent +=
		vrrp_sockets_queue_frame(sockets, address->link_index, frame, size);
}

static void announce_floating(struct vrrp_instance *instance)
{
	const struct vrrp_addresses *addresses = &instance->addresses;

	if (!instance->floating_untold)
		return;
	instance->floating_untold = false;
	for (size_t i = 0; i < addresses->count; i++)
		if (addresses->items[i].deferred)
			announce_one(instance, &addresses->items[i]);
}

/* Right before clients are told to come here: answers to what is sent on for them must come here
 * too, to whichever member's address, and those to the one before us are sent on to him. */
static void announce_floating_of_all(struct vrrp_instance *instance)
{
	const struct vrrp_group *group = instance->group;

	for (size_t i = 0; i < group->count; i++)
		announce_floating(group->members[i]);
}

/* Sends what the schedule has for now, at most 'room' frames. (Few addresses float: they are not
 * counted.) Returns how many. */
unsigned vrrp_instance_announce(struct vrrp_instance *instance, int64_t now_us, unsigned room)
{
	const struct vrrp_addresses *addresses = &instance->addresses;
	unsigned count = 0;
	size_t at;

	while (count < room && vrrp_announcer_deadline(&instance->announcer) <= now_us &&
	       !must_wait(instance, now_us)) {
		announce_floating_of_all(instance);
		if (!vrrp_announcer_next(&instance->announcer, now_us, &at))
			break;
		if (at < addresses->count)
			announce_one(instance, &addresses->items[at]);
		count++;
	}
	instance->status.counters.announcements_sent +=
		vrrp_sockets_flush(&instance->shared->sockets);
	return count;
}

void vrrp_instance_announce_anew(struct vrrp_instance *instance, int64_t now_us)
{
	const struct vrrp_router_config *config = instance->config;
	const struct vrrp_announcer_params params = {
		.address_count = instance->addresses.count,
		.count = config->announce_count,
		.interval_us = config->announce_interval_us,
		.again_us = config->announce_again_us,
		.refresh_us = config->announce_refresh_us,
	};

	if (params.address_count == 0) {
		vrrp_announcer_stop(&instance->announcer);
		return;
	}
	vrrp_announcer_start(&instance->announcer, now_us, &params);
}

enum model_router_reason vrrp_instance_reason(const struct vrrp_instance *instance,
                                              enum model_router_reason reason)
{
	return reason == MODEL_REASON_INTERFACE_DOWN && instance->usable ? MODEL_REASON_SYNC_GROUP
	                                                                 : reason;
}

static void note_transition(struct vrrp_instance *instance, int64_t now_us,
                            const struct vrrp_effect *effect)
{
	enum model_router_reason reason = vrrp_instance_reason(instance, effect->reason);
	struct model_router_status *status = &instance->status;
	char peer[ADDR_TEXT_SIZE] = "none";

	memmove(&status->transitions[1], &status->transitions[0],
	        (MODEL_TRANSITIONS_KEPT - 1) * sizeof(status->transitions[0]));
	status->transitions[0] = (struct model_transition){
		.at_us = now_us,
		.from = effect->from,
		.to = effect->to,
		.reason = reason,
		.peer = effect->peer,
	};
	if (status->transition_count < MODEL_TRANSITIONS_KEPT)
		status->transition_count++;
	status->counters.transitions[effect->to][reason]++;
	if (effect->to == MODEL_ROUTER_ACTIVE) {
		status->counters.became_active++;
		instance->settled_us = now_us;
	}
	if (effect->reason == MODEL_REASON_LATE)
		status->counters.late_step_downs++;
	if (effect->peer.family != ADDR_NONE)
		addr_format(&effect->peer, peer);
	vrrp_instance_tell(
		instance, LOG_LEVEL_NOTICE, "state changed from=%s to=%s because=\"%s\" peer=%s",
		model_router_state_name(effect->from), model_router_state_name(effect->to),
		model_router_reason_name(reason), peer);
	instance->shared->report_now = true;
}

void vrrp_instance_settle_failover(struct vrrp_instance *instance)
{
	const struct vrrp_fsm *fsm = &instance->group->fsm;

	if (!instance->failover_asked)
		return;
	if (fsm->state == MODEL_ROUTER_ACTIVE && fsm->leaving != VRRP_LEAVE_NONE)
		return;
	instance->shared->report_now = true;
	/* Something else came in between: it was withdrawn, removed, or lost its interface. */
	if (fsm->state == MODEL_ROUTER_INITIALIZE) {
		vrrp_instance_cancel_failover(instance);
		return;
	}
	instance->failover_asked = false;
	instance->shared->failover_done(instance->shared->ctx, instance->config->name,
	                                fsm->state == MODEL_ROUTER_ACTIVE ? -ETIMEDOUT : 0);
}

void vrrp_instance_cancel_failover(struct vrrp_instance *instance)
{
	if (!instance->failover_asked)
		return;
	instance->failover_asked = false;
	instance->shared->failover_done(instance->shared->ctx, instance->config->name, -ECANCELED);
}

/* With a virtual MAC addresses are put in place before the first advertisement. (With the
 * interface's own MAC it goes first, as the machine has it: a former Active lets go sooner.) */
static bool takes_first(const struct vrrp_instance *instance, const struct vrrp_effects *effects,
                        size_t at)
{
	return (instance->macvlan4.index || instance->macvlan6.index) && at + 1 < effects->count &&
	       effects->items[at].kind == VRRP_EFFECT_ADVERTISE &&
	       effects->items[at + 1].kind == VRRP_EFFECT_TAKE;
}

void vrrp_instance_do(struct vrrp_instance *instance, int64_t now_us,
                      const struct vrrp_effects *effects, size_t at)
{
	const struct vrrp_effect *effect = &effects->items[at];

	if (takes_first(instance, effects, at))
		take(instance, now_us, effects->items[at + 1].reason);
	switch (effect->kind) {
	case VRRP_EFFECT_ADVERTISE:
		vrrp_instance_advertise(instance, now_us, effect->priority);
		break;
	case VRRP_EFFECT_TAKE:
		if (at == 0 || !takes_first(instance, effects, at - 1))
			take(instance, now_us, effect->reason);
		break;
	case VRRP_EFFECT_ANNOUNCE:
		vrrp_instance_announce_anew(instance, now_us);
		break;
	case VRRP_EFFECT_QUIET:
		vrrp_announcer_stop(&instance->announcer);
		if (!instance->config->virtual_mac && vrrp_addresses_copy(&instance->addresses))
			vrrp_instance_sweep(instance, now_us);
		break;
	case VRRP_EFFECT_FIND:
		vrrp_addresses_seek(&instance->addresses, &instance->shared->links,
		                    &instance->shared->batch);
		break;
	case VRRP_EFFECT_HUSH:
		hush(instance, now_us);
		break;
	case VRRP_EFFECT_RELEASE:
		release(instance, now_us);
		break;
	case VRRP_EFFECT_CHANGED:
		note_transition(instance, now_us, effect);
		break;
	}
}
