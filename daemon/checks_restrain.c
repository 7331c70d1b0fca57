/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What lost quorums do to virtual routers, damped. */
#include "daemon/checks.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t value_of(const struct checks_virtual *v)
{
	if (v->met || !v->router || !v->vs->quorum)
		return 0;
	switch (v->vs->quorum->loss) {
	case MODEL_QUORUM_NONE:
		break;
	case MODEL_QUORUM_LOWER:
		return -(int32_t)v->vs->quorum->priority_cut;
	case MODEL_QUORUM_WITHDRAW:
		return VRRP_DAMPER_OUT;
	}
	return 0;
}

/* False: it restrains nobody. */
static bool restrain(struct checks_virtual *v, int64_t now_us, struct vrrp_restraint *restraint)
{
	struct vrrp_damper_params damping;

	if (!v->router || !v->vs->quorum) {
		v->damper = (struct vrrp_damper){.known = false};
		return false;
	}
	damping = (struct vrrp_damper_params){.hold_us = v->router->damping_hold_us,
	                                      .max_us = v->router->damping_max_us};
	(void)vrrp_damper_feed(&v->damper, &damping, value_of(v), now_us);
	if (v->damper.value == 0)
		return false;
	memcpy(restraint->router, v->router->name,
	       strnlen(v->router->name, sizeof(restraint->router) - 1));
	if (v->damper.value != VRRP_DAMPER_OUT) {
		restraint->priority_cut = (unsigned)-v->damper.value;
		return true;
	}
	restraint->withdrawn = true;
	snprintf(restraint->why, sizeof(restraint->why), "too few servers of %.60s/%.80s %s",
	         v->vs->namespace, v->vs->name, v->met ? "were up until just now" : "are up");
	return true;
}

void checks_restrain(struct checks *checks, int64_t now_us)
{
	struct vrrp_restraint *before = checks->restraints;
	size_t before_count = checks->restraint_count;
	int64_t due_us = TIME_NEVER;

	checks->restraints = xcalloc(checks->virtual_count + 1, sizeof(*checks->restraints));
	checks->restraint_count = 0;
	for (size_t i = 0; i < checks->virtual_count; i++) {
		struct checks_virtual *v = &checks->virtuals[i];

		checks->restraint_count +=
			restrain(v, now_us, &checks->restraints[checks->restraint_count]);
		if (vrrp_damper_deadline(&v->damper) < due_us)
			due_us = vrrp_damper_deadline(&v->damper);
	}
	loop_deadline_arm(&checks->hold, due_us);
	bool same = before_count == checks->restraint_count &&
	            (before_count == 0 ||
	             memcmp(before, checks->restraints, before_count * sizeof(*before)) == 0);
	free(before);
	if (!same)
		checks->handlers.restrained(checks->handlers.ctx);
}

const struct vrrp_restraint *checks_restraints(const struct checks *checks, size_t *ret_count)
{
	*ret_count = checks->restraint_count;
	return checks->restraints;
}
