/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/privs.h"

#include "lib/compiler.h"

#include <cap-ng.h>
#include <errno.h>
#include <sys/prctl.h>

int privs_read(struct privs *ret_privs)
{
	if (capng_get_caps_process() != 0)
		return -EIO;
	*ret_privs = (struct privs){
		.net_admin = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) == 1,
		.net_raw = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW) == 1,
		.ipc_lock = capng_have_capability(CAPNG_EFFECTIVE, CAP_IPC_LOCK) == 1,
		.sys_nice = capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_NICE) == 1,
	};
	return 0;
}

bool privs_can_run(const struct privs *privs)
{
	return privs->net_admin && privs->net_raw;
}

int privs_drop(void)
{
	static const unsigned wanted[] = {CAP_NET_ADMIN, CAP_NET_RAW, CAP_SYS_NICE, CAP_IPC_LOCK};
	bool permitted[LT_ARRAY_SIZE(wanted)];
	bool may_bound;

	if (capng_get_caps_process() != 0)
		return -EIO;
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) == 1;
	for (size_t i = 0; i < LT_ARRAY_SIZE(wanted); i++)
		permitted[i] = capng_have_capability(CAPNG_PERMITTED, wanted[i]) == 1;
	capng_clear(CAPNG_SELECT_ALL);
	for (size_t i = 0; i < LT_ARRAY_SIZE(wanted); i++) {
		if (permitted[i] &&
		    capng_updatev(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED | CAPNG_BOUNDING_SET,
		                  wanted[i], -1))
			return -EINVAL;
	}
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return -errno;
	/* The bounding set first: what it takes is among what goes then. */
	if (may_bound && capng_apply(CAPNG_SELECT_BOUNDS))
		return -EPERM;
	if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0))
		return -errno;
	return capng_apply(CAPNG_SELECT_CAPS) ? -EPERM : 0;
}

static const char *yes_no(bool answer)
{
	return answer ? "yes" : "no";
}

void privs_format(const struct privs *privs, struct text *out)
{
	text_printf(out, "net_admin=%s net_raw=%s sys_nice=%s ipc_lock=%s",
	            yes_no(privs->net_admin), yes_no(privs->net_raw), yes_no(privs->sys_nice),
	            yes_no(privs->ipc_lock));
}
