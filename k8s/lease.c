/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/lease.h"

#include "k8s/json.h"
#include "k8s/stamp.h"

#include <stdio.h>
#include <string.h>

#define NEVER INT64_MAX

const char *k8s_lease_state_name(enum k8s_lease_state state)
{
	static const char *const names[K8S_LEASE_STATE_COUNT] = {
		[K8S_LEASE_UNKNOWN] = "unknown",
		[K8S_LEASE_FOLLOWING] = "following",
		[K8S_LEASE_LEADING] = "leading",
	};

	return names[state];
}

void k8s_lease_init(struct k8s_lease *lease, const char *namespace, const char *name,
                    const char *identity, uint64_t seed)
{
	*lease = (struct k8s_lease){.random = seed ? seed : 1, .renewed_us = INT64_MIN};
	snprintf(lease->namespace, sizeof(lease->namespace), "%s", namespace);
	snprintf(lease->name, sizeof(lease->name), "%s", name);
	snprintf(lease->identity, sizeof(lease->identity), "%s", identity);
}

static void set_state(struct k8s_lease *lease, int64_t now_us, enum k8s_lease_state state)
{
	if (lease->state == state)
		return;
	lease->state = state;
	lease->since_us = now_us;
}

/* Up to a fifth more, so that those who wait do not come all at once. */
static int64_t with_jitter(struct k8s_lease *lease, int64_t us)
{
	lease->random ^= lease->random << 13;
	lease->random ^= lease->random >> 7;
	lease->random ^= lease->random << 17;
	return us + (int64_t)(lease->random % (uint64_t)(us / 5));
}

static bool is_ours(const struct k8s_lease *lease)
{
	return lease->known && strcmp(lease->record.holder, lease->identity) == 0;
}

/* Theirs as long as it changed within its duration, as seen from here. */
static bool is_held_by_other(const struct k8s_lease *lease, int64_t now_us)
{
	int64_t duration_us = lease->record.duration_s * 1000000;

	return lease->known && *lease->record.holder && !is_ours(lease) &&
	       now_us - lease->changed_us < duration_us;
}

bool k8s_lease_is_leading(const struct k8s_lease *lease, int64_t now_us)
{
	return lease->state == K8S_LEASE_LEADING && now_us - lease->renewed_us < K8S_LEASE_RENEW_US;
}

int64_t k8s_lease_deadline(const struct k8s_lease *lease)
{
	int64_t stop = lease->state == K8S_LEASE_LEADING ? lease->renewed_us + K8S_LEASE_RENEW_US
	                                                 : NEVER;

	if (lease->under_way != K8S_LEASE_NOTHING)
		return stop;
	return lease->due_us < stop ? lease->due_us : stop;
}

enum k8s_lease_action k8s_lease_next(struct k8s_lease *lease, int64_t now_us)
{
	if (lease->state == K8S_LEASE_LEADING && !k8s_lease_is_leading(lease, now_us))
		set_state(lease, now_us, K8S_LEASE_FOLLOWING);
	if (lease->under_way != K8S_LEASE_NOTHING || now_us < lease->due_us)
		return K8S_LEASE_NOTHING;
	if (lease->releasing && !is_ours(lease)) {
		lease->due_us = NEVER;
		return K8S_LEASE_NOTHING;
	}
	if (lease->absent)
		lease->under_way = K8S_LEASE_CREATE;
	else if (!lease->known || (!is_ours(lease) && !lease->releasing))
		lease->under_way = K8S_LEASE_READ;
	else
		lease->under_way = K8S_LEASE_UPDATE;
	/* What is somebody else's is looked at first: it may have been renewed. */
	if (lease->under_way == K8S_LEASE_READ && lease->known && lease->fresh &&
	    !is_held_by_other(lease, now_us))
		lease->under_way = K8S_LEASE_UPDATE;
	lease->fresh = false;
	lease->asked_us = now_us;
	return lease->under_way;
}

json_t *k8s_lease_body(const struct k8s_lease *lease, int64_t wall_us)
{
	const struct k8s_lease_record *record = &lease->record;
	bool keeps = is_ours(lease) && *record->acquired;
	char now[K8S_STAMP_SIZE];
	json_t *metadata =
		json_pack("{s:s, s:s}", "namespace", lease->namespace, "name", lease->name);
	json_t *spec = json_object();

	k8s_stamp_format_micro(wall_us, now);
	if (lease->under_way == K8S_LEASE_UPDATE)
		json_object_set_new(metadata, "resourceVersion", json_string(record->version));
	json_object_set_new(spec, "holderIdentity",
	                    json_string(lease->releasing ? "" : lease->identity));
	json_object_set_new(spec, "leaseDurationSeconds",
	                    json_integer(lease->releasing ? 1 : K8S_LEASE_DURATION_US / 1000000));
	json_object_set_new(spec, "acquireTime", json_string(keeps ? record->acquired : now));
	json_object_set_new(spec, "renewTime", json_string(now));
	json_object_set_new(
		spec, "leaseTransitions",
		json_integer(record->transitions + (lease->known && !is_ours(lease) ? 1 : 0)));
	return json_pack("{s:s, s:s, s:o, s:o}", "apiVersion", "coordination.k8s.io/v1", "kind",
	                 "Lease", "metadata", metadata, "spec", spec);
}

static void read_record(const json_t *object, struct k8s_lease_record *record)
{
	const json_t *spec = k8s_json_get(object, "spec");

	*record = (struct k8s_lease_record){
		.duration_s = k8s_json_int(spec, "leaseDurationSeconds", 1, 86400, 1),
		.transitions = k8s_json_int(spec, "leaseTransitions", 0, INT32_MAX, 0),
	};
	snprintf(record->holder, sizeof(record->holder), "%s",
	         k8s_json_text(spec, "holderIdentity"));
	snprintf(record->acquired, sizeof(record->acquired), "%s",
	         k8s_json_text(spec, "acquireTime"));
	snprintf(record->renewed, sizeof(record->renewed), "%s", k8s_json_text(spec, "renewTime"));
	snprintf(record->version, sizeof(record->version), "%s",
	         k8s_json_text(k8s_json_get(object, "metadata"), "resourceVersion"));
}

/* Anything but its resourceVersion, which others' writes of labels change, too. */
static bool same_record(const struct k8s_lease_record *a, const struct k8s_lease_record *b)
{
	return strcmp(a->holder, b->holder) == 0 && strcmp(a->renewed, b->renewed) == 0 &&
	       a->duration_s == b->duration_s && a->transitions == b->transitions;
}

void k8s_lease_answer(struct k8s_lease *lease, int64_t now_us, const json_t *object)
{
	enum k8s_lease_action action = lease->under_way;
	struct k8s_lease_record record;

	read_record(object, &record);
	if (!lease->known || !same_record(&record, &lease->record))
		lease->changed_us = now_us;
	lease->record = record;
	lease->known = true;
	lease->absent = false;
	lease->under_way = K8S_LEASE_NOTHING;
	if (action == K8S_LEASE_READ) {
		lease->fresh = true;
		if (lease->state == K8S_LEASE_UNKNOWN)
			set_state(lease, now_us, K8S_LEASE_FOLLOWING);
		if (lease->state == K8S_LEASE_LEADING && !is_ours(lease))
			set_state(lease, now_us, K8S_LEASE_FOLLOWING);
		/* Free, or a former life's of ours: now; else when it may be. */
		lease->due_us = is_held_by_other(lease, now_us)
		                        ? now_us + with_jitter(lease, K8S_LEASE_EVERY_US)
		                        : now_us;
		if (is_held_by_other(lease, now_us))
			lease->fresh = false;
		return;
	}
	if (lease->releasing) {
		set_state(lease, now_us, K8S_LEASE_FOLLOWING);
		lease->due_us = NEVER;
		return;
	}
	/* A write of ours: it counts from when it was begun. */
	lease->renewed_us = lease->asked_us;
	if (is_ours(lease))
		set_state(lease, now_us, K8S_LEASE_LEADING);
	lease->due_us = lease->asked_us + K8S_LEASE_EVERY_US;
	if (lease->due_us < now_us)
		lease->due_us = now_us;
}

void k8s_lease_not_found(struct k8s_lease *lease, int64_t now_us)
{
	lease->under_way = K8S_LEASE_NOTHING;
	lease->known = false;
	lease->absent = true;
	lease->record = (struct k8s_lease_record){0};
	set_state(lease, now_us, K8S_LEASE_FOLLOWING);
	lease->due_us = now_us;
}

void k8s_lease_conflict(struct k8s_lease *lease, int64_t now_us)
{
	bool ours = is_ours(lease);

	lease->under_way = K8S_LEASE_NOTHING;
	lease->absent = false;
	/* Somebody wrote: who leads is not known before it was read. What was last seen of others'
	 * holds on. */
	lease->fresh = false;
	lease->due_us = now_us;
	if (ours)
		lease->known = false;
	else
		lease->due_us += with_jitter(lease, K8S_LEASE_RETRY_US);
}

void k8s_lease_failed(struct k8s_lease *lease, int64_t now_us)
{
	lease->under_way = K8S_LEASE_NOTHING;
	lease->fresh = false;
	lease->due_us = now_us + with_jitter(lease, lease->state == K8S_LEASE_LEADING
	                                                    ? K8S_LEASE_RETRY_US / 2
	                                                    : K8S_LEASE_RETRY_US);
}

void k8s_lease_release(struct k8s_lease *lease, int64_t now_us)
{
	lease->releasing = true;
	set_state(lease, now_us, K8S_LEASE_FOLLOWING);
	lease->due_us = now_us;
}
