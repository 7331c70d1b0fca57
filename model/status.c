/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/status.h"

const char *model_router_state_name(enum model_router_state state)
{
	switch (state) {
	case MODEL_ROUTER_INITIALIZE:
		return "Initialize";
	case MODEL_ROUTER_BACKUP:
		return "Backup";
	case MODEL_ROUTER_ACTIVE:
		return "Active";
	}
	return "?";
}

const char *model_router_reason_name(enum model_router_reason reason)
{
	switch (reason) {
	case MODEL_REASON_STARTUP:
		return "it was started";
	case MODEL_REASON_OWNER:
		return "it is the address owner";
	case MODEL_REASON_ACTIVE_DOWN:
		return "no advertisement was heard in time";
	case MODEL_REASON_RESIGNED:
		return "the active router resigned";
	case MODEL_REASON_PREEMPTED:
		return "its priority is higher than the active router's";
	case MODEL_REASON_HIGHER_PRIORITY:
		return "a higher priority was heard";
	case MODEL_REASON_HIGHER_ADDRESS:
		return "an equal priority was heard from a higher address";
	case MODEL_REASON_HANDED_OVER:
		return "it was handed over as planned";
	case MODEL_REASON_SHUTDOWN:
		return "it was shut down";
	case MODEL_REASON_INTERFACE_DOWN:
		return "an interface it needs is down";
	case MODEL_REASON_LATE:
		return "this process was stalled for too long";
	case MODEL_REASON_SUSPENDED:
		return "the machine was suspended";
	case MODEL_REASON_RECONFIGURED:
		return "its configuration was changed";
	case MODEL_REASON_WITHDRAWN:
		return "it was withdrawn";
	case MODEL_REASON_SYNC_GROUP:
		return "another of its sync group can't be active here";
	case MODEL_REASON_COUNT:
		break;
	}
	return "?";
}

const char *model_vrrp_drop_name(enum model_vrrp_drop drop)
{
	switch (drop) {
	case MODEL_DROP_TTL:
		return "ttl";
	case MODEL_DROP_VERSION:
		return "version";
	case MODEL_DROP_TYPE:
		return "type";
	case MODEL_DROP_LENGTH:
		return "length";
	case MODEL_DROP_CHECKSUM:
		return "checksum";
	case MODEL_DROP_VRID:
		return "vrid";
	case MODEL_DROP_ADDRESS_COUNT:
		return "address-count";
	case MODEL_DROP_INTERVAL:
		return "interval";
	case MODEL_DROP_OWN:
		return "own";
	case MODEL_DROP_UNKNOWN_PEER:
		return "unknown-peer";
	case MODEL_DROP_MODE:
		return "mode";
	case MODEL_DROP_AUTH_MISSING:
		return "auth-missing";
	case MODEL_DROP_AUTH_MALFORMED:
		return "auth-malformed";
	case MODEL_DROP_AUTH_STALE:
		return "auth-stale";
	case MODEL_DROP_AUTH_UNKNOWN_KEY:
		return "auth-unknown-key";
	case MODEL_DROP_AUTH_BAD_SUM:
		return "auth-bad-sum";
	case MODEL_DROP_AUTH_REPLAY:
		return "auth-replay";
	case MODEL_DROP_COUNT:
		break;
	}
	return "?";
}

const int64_t model_lateness_bounds_us[MODEL_LATENESS_BUCKETS] = {
	100, 250, 500, 1000, 2500, 5000, 10000, 25000, 100000, INT64_MAX,
};

void model_lateness_note(struct model_router_counters *counters, int64_t late_us)
{
	size_t bucket = 0;

	while (late_us > model_lateness_bounds_us[bucket])
		bucket++;
	counters->lateness[bucket]++;
	counters->lateness_sum_us += late_us;
	if (late_us > counters->lateness_max_us)
		counters->lateness_max_us = late_us;
}
