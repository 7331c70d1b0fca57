/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Advertisements of one virtual router, out and in. */
#include "vrrp/instance.h"

#include "lib/log.h"

#include <stdlib.h>
#include <string.h>

/* Between two of the same message about packets, which anybody may send. */
#define TELL_AGAIN_US (60 * US_PER_S)

/* Is it time to tell it (again)? */
static bool may_tell(int64_t *told_us, int64_t now_us)
{
	if (*told_us && now_us - *told_us < TELL_AGAIN_US)
		return false;
	*told_us = now_us;
	return true;
}

/* --- out --- */

static int send_to(struct vrrp_instance *instance, int64_t now_us, const struct addr *src,
                   const struct addr *dst)
{
	struct vrrp_shared *shared = instance->shared;
	const struct vrrp_macvlan *macvlan = src->family == ADDR_IPV4 ? &instance->macvlan4
	                                                              : &instance->macvlan6;
	size_t size = vrrp_wire_encode(&shared->sent, src, dst, instance->config->checksum,
	                               shared->message);

	if (shared->signs)
		size = vrrp_wire_append(shared->message, size, shared->trailer,
		                        sizeof(shared->trailer), src, dst);
	if (macvlan->index && addr_is_multicast(dst) &&
	    !vrrp_instance_is_settling(instance, now_us)) {
		size = vrrp_frame_encode(&macvlan->mac, src, dst, shared->message, size,
		                         shared->frame);
		return vrrp_sockets_send_frame(&shared->sockets, instance->link_index,
		                               shared->frame, size);
	}
	return vrrp_sockets_send(&shared->sockets, instance->link_index, src, dst, shared->message,
	                         size);
}

static void count_send(struct vrrp_instance *instance, int64_t now_us, int r)
{
	if (r == 0)
		return;
	instance->status.counters.send_errors++;
	if (may_tell(&instance->told_send_us, now_us))
		vrrp_instance_tell(instance, LOG_LEVEL_WARN,
		                   "cannot send an advertisement, retrying error=\"%s\"",
		                   strerrordesc_np(-r));
}

/* Once for all destinations. False: it can't go out. */
static bool sign(struct vrrp_instance *instance, int64_t now_us, const struct addr *src)
{
	struct vrrp_shared *shared = instance->shared;
	const struct vrrp_router_config *config = instance->config;
	size_t size;
	int r;

	shared->signs = instance->auth && vrrp_auth_signs(&config->auth);
	if (!shared->signs)
		return true;
	size = vrrp_wire_encode(&shared->sent, src, src, config->checksum, shared->message);
	r = vrrp_auth_sign(&config->auth,
	                   vrrp_auth_next(instance->auth, &config->auth, mono_wall_us()), src,
	                   shared->message, size, shared->trailer);
	count_send(instance, now_us, r);
	return r == 0;
}

static void advertise_family(struct vrrp_instance *instance, int64_t now_us, uint8_t priority,
                             const struct addr *src, const struct addr *addresses, size_t count)
{
	const struct vrrp_router_config *config = instance->config;
	struct vrrp_advert *advert = &instance->shared->sent;

	advert->virtual_router_id = config->virtual_router_id;
	advert->priority = priority;
	advert->interval_us = config->advert_interval_us;
	advert->address_count = (uint8_t)count;
	memcpy(advert->addresses, addresses, count * sizeof(*addresses));
	if (!sign(instance, now_us, src))
		return;
	if (config->peer_count == 0) {
		const struct addr group = vrrp_receive_group(src->family);

		count_send(instance, now_us, send_to(instance, now_us, src, &group));
		return;
	}
	for (size_t i = 0; i < config->peer_count; i++)
		if (config->peers[i].family == src->family)
			count_send(instance, now_us,
			           send_to(instance, now_us, src, &config->peers[i]));
}

void vrrp_instance_advertise(struct vrrp_instance *instance, int64_t now_us, uint8_t priority)
{
	const struct vrrp_router_config *config = instance->config;
	struct model_router_counters *counters = &instance->status.counters;

	/* Sources are those of the last look: what the configuration says may be newer. */
	if (instance->local4.family != ADDR_NONE && config->advertised4_count > 0)
		advertise_family(instance, now_us, priority, &instance->local4, config->advertised4,
		                 config->advertised4_count);
	if (instance->local6.family != ADDR_NONE && config->advertised6_count > 0)
		advertise_family(instance, now_us, priority, &instance->local6, config->advertised6,
		                 config->advertised6_count);
	counters->adverts_sent++;
	if (priority == 0)
		counters->priority_zero_sent++;
}

/* --- in --- */

static void drop(struct vrrp_instance *instance, int64_t now_us, enum model_vrrp_drop reason,
                 const struct vrrp_envelope *envelope)
{
	char src[ADDR_TEXT_SIZE];

	instance->status.counters.drops[reason]++;
	if (reason == MODEL_DROP_OWN || !may_tell(&instance->told_drop_us[reason], now_us))
		return;
	vrrp_instance_tell(instance, LOG_LEVEL_WARN,
	                   "ignoring an advertisement because=%s source=%s",
	                   model_vrrp_drop_name(reason), addr_format(&envelope->src, src));
}

static void take_notes(struct vrrp_instance *instance, int64_t now_us, unsigned notes,
                       const struct vrrp_envelope *envelope)
{
	struct model_router_counters *counters = &instance->status.counters;
	char src[ADDR_TEXT_SIZE];

	if (notes & VRRP_NOTE_ADDRESSES)
		counters->address_mismatches++;
	if (notes & VRRP_NOTE_INTERVAL)
		counters->interval_mismatches++;
	if (notes & VRRP_NOTE_COLLISION) {
		counters->collisions++;
		instance->shared->report_soon = true;
	}
	for (unsigned i = 0; i < VRRP_NOTE_KINDS; i++) {
		enum vrrp_note note = 1U << i;

		if (!(notes & note) || !may_tell(&instance->told_note_us[i], now_us))
			continue;
		vrrp_instance_tell(instance,
		                   note == VRRP_NOTE_CHECKSUM ? LOG_LEVEL_INFO : LOG_LEVEL_WARN,
		                   "odd advertisement note=\"%s\" source=%s", vrrp_note_text(note),
		                   addr_format(&envelope->src, src));
	}
}

/* Remembers who was heard; of more than fit, those heard longest ago are forgotten. */
static void note_peer(struct vrrp_instance *instance, int64_t now_us, const struct addr *src,
                      const struct vrrp_advert *advert, const struct vrrp_auth_seen *seen)
{
	struct model_router_status *status = &instance->status;
	struct model_peer_status *peer = NULL, *oldest = &status->peers[0];

	for (uint32_t i = 0; i < status->peer_count && !peer; i++) {
		if (addr_equal(&status->peers[i].address, src))
			peer = &status->peers[i];
		else if (status->peers[i].heard_us < oldest->heard_us)
			oldest = &status->peers[i];
	}
	if (!peer) {
		peer = status->peer_count < MODEL_PEERS_SHOWN ? &status->peers[status->peer_count++]
		                                              : oldest;
		instance->shared->report_soon = true;
	}
	if (peer->heard_us == 0)
		instance->shared->report_soon = true;
	*peer = (struct model_peer_status){
		.address = *src,
		.priority = advert->priority,
		.heard_us = now_us,
		.pseudo_header = advert->pseudo_header,
		.key_id = seen->key_id,
		.skew_s = seen->skew_s,
	};
}

/* The last check, and a costly one: for packets that would be believed otherwise. */
static bool authenticate(struct vrrp_instance *instance, int64_t now_us,
                         const struct vrrp_envelope *envelope, const void *data, size_t size,
                         struct vrrp_auth_seen *seen)
{
	const struct vrrp_auth_config *config = &instance->config->auth;
	enum model_vrrp_drop reason;

	if (!instance->auth)
		return true;
	if (vrrp_auth_verify(instance->auth, config, mono_wall_us(), &envelope->src, data,
	                     instance->shared->received.message_size, size, seen, &reason) < 0) {
		drop(instance, now_us, reason, envelope);
		return false;
	}
	return true;
}

/* Is it time to look after the clocks? */
static bool is_clock_odd(const struct vrrp_auth_config *config, const struct vrrp_auth_seen *seen)
{
	return seen->key_id > 0 && config->replay == MODEL_AUTH_REPLAY_TIME &&
	       2 * abs(seen->skew_s) > (int)config->window_s;
}

void vrrp_instance_packet(struct vrrp_instance *instance, int64_t now_us,
                          const struct vrrp_envelope *envelope, const void *data, size_t size)
{
	struct vrrp_advert *advert = &instance->shared->received;
	struct model_router_counters *counters = &instance->status.counters;
	const struct addr own[] = {instance->local4, instance->local6};
	struct vrrp_effects effects = {.count = 0};
	struct vrrp_verdict verdict;
	struct vrrp_auth_seen seen = {.key_id = 0};
	enum model_vrrp_drop reason;
	struct addr before;
	uint8_t before_priority;

	if (vrrp_wire_decode(data, size, envelope, advert, &reason) < 0) {
		drop(instance, now_us, reason, envelope);
		return;
	}
	verdict = vrrp_receive_judge(instance->config, own, LT_ARRAY_SIZE(own), envelope, advert);
	if (verdict.accepted && !authenticate(instance, now_us, envelope, data, size, &seen))
		return;
	if (is_clock_odd(&instance->config->auth, &seen))
		verdict.notes |= VRRP_NOTE_CLOCK;
	take_notes(instance, now_us, verdict.notes, envelope);
	if (!verdict.accepted) {
		drop(instance, now_us, verdict.drop, envelope);
		return;
	}
	counters->adverts_received++;
	if (advert->priority == 0)
		counters->priority_zero_received++;
	if (instance->auth && seen.key_id == 0)
		counters->adverts_unsigned++;
	note_peer(instance, now_us, &envelope->src, advert, &seen);
	before = instance->group->fsm.active;
	before_priority = instance->group->fsm.active_priority;
	vrrp_fsm_advert(&instance->group->fsm, now_us, instance->member, &envelope->src, advert,
	                &effects);
	if (!addr_equal(&before, &instance->group->fsm.active) ||
	    before_priority != instance->group->fsm.active_priority)
		instance->shared->report_soon = true;
	vrrp_group_act(instance->group, now_us, &effects);
}
