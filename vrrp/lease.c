/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/lease.h"

#include "lib/mono.h"

void vrrp_lease_init(struct vrrp_lease *lease, uint32_t lifetime_s)
{
	lease->lifetime_s = lifetime_s;
	lease->renewed_us = TIME_NEVER;
}

void vrrp_lease_renewed(struct vrrp_lease *lease, int64_t now_us)
{
	lease->renewed_us = now_us;
}

void vrrp_lease_released(struct vrrp_lease *lease)
{
	lease->renewed_us = TIME_NEVER;
}

static bool is_limited(const struct vrrp_lease *lease)
{
	return lease->lifetime_s > 0 && lease->renewed_us != TIME_NEVER;
}

int64_t vrrp_lease_deadline(const struct vrrp_lease *lease)
{
	if (!is_limited(lease))
		return TIME_NEVER;
	return lease->renewed_us + lease->lifetime_s * US_PER_S / 3;
}

bool vrrp_lease_is_expired(const struct vrrp_lease *lease, int64_t now_us)
{
	/* The kernel was seen to remove an address a tenth of a second before its time. */
	return is_limited(lease) &&
	       now_us - lease->renewed_us >= lease->lifetime_s * US_PER_S - 250 * US_PER_MS;
}

int64_t vrrp_restore_removed(struct vrrp_restore *restore, int64_t now_us, bool *ret_fight)
{
	int64_t delay_us;

	if (restore->count > 0 && now_us - restore->removed_us >= VRRP_RESTORE_FORGET_US)
		restore->count = 0;
	restore->removed_us = now_us;
	restore->count++;
	*ret_fight = restore->count == VRRP_RESTORE_AT_ONCE + 1;
	if (restore->count <= VRRP_RESTORE_AT_ONCE)
		return now_us;

	delay_us = US_PER_S;
	for (unsigned i = VRRP_RESTORE_AT_ONCE + 1;
	     i < restore->count && delay_us < VRRP_RESTORE_DELAY_MAX_US; i++)
		delay_us *= 2;
	return now_us +
	       (delay_us < VRRP_RESTORE_DELAY_MAX_US ? delay_us : VRRP_RESTORE_DELAY_MAX_US);
}
