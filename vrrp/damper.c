/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/damper.h"

#include "lib/mono.h"

int64_t vrrp_damper_hold_us(const struct vrrp_damper *damper,
                            const struct vrrp_damper_params *params)
{
	int64_t hold_us = params->hold_us;

	for (unsigned i = 1; i < damper->changes && hold_us < params->max_us; i++)
		hold_us *= 2;
	return hold_us < params->max_us ? hold_us : params->max_us;
}

static void forget(struct vrrp_damper *damper, const struct vrrp_damper_params *params,
                   int64_t now_us)
{
	while (damper->changes > 0 && now_us - damper->worse_us >= params->max_us) {
		damper->changes--;
		damper->worse_us += params->max_us;
	}
}

bool vrrp_damper_feed(struct vrrp_damper *damper, const struct vrrp_damper_params *params,
                      int32_t raw, int64_t now_us)
{
	int32_t before = damper->value, last = damper->raw;

	if (damper->known && raw == last && params->hold_us > 0)
		return vrrp_damper_expire(damper, params, now_us);
	damper->raw = raw;
	if (!damper->known || params->hold_us <= 0) {
		bool changed = !damper->known || raw != before;

		damper->known = true;
		damper->value = raw;
		damper->due_us = 0;
		damper->changes = 0;
		return changed;
	}
	if (raw < last) {
		forget(damper, params, now_us);
		damper->changes++;
		damper->worse_us = now_us;
	}
	if (raw <= damper->value) {
		damper->value = raw;
		damper->due_us = 0;
		return raw != before;
	}
	if (damper->due_us == 0 || raw < last) {
		damper->due_us = now_us + vrrp_damper_hold_us(damper, params);
		damper->least = raw;
	} else if (raw < damper->least) {
		damper->least = raw;
	}
	return vrrp_damper_expire(damper, params, now_us);
}

bool vrrp_damper_expire(struct vrrp_damper *damper, const struct vrrp_damper_params *params,
                        int64_t now_us)
{
	if (params->hold_us > 0)
		forget(damper, params, now_us);
	if (damper->due_us == 0 || now_us < damper->due_us)
		return false;
	damper->value = damper->least;
	damper->due_us = 0;
	if (damper->value < damper->raw) {
		damper->least = damper->raw;
		damper->due_us = now_us + vrrp_damper_hold_us(damper, params);
	}
	return true;
}

int64_t vrrp_damper_deadline(const struct vrrp_damper *damper)
{
	return damper->due_us ? damper->due_us : TIME_NEVER;
}

int64_t vrrp_damper_held_us(const struct vrrp_damper *damper, int64_t now_us)
{
	return damper->due_us > now_us ? damper->due_us - now_us : 0;
}
