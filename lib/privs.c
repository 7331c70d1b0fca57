/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/privs.h"

#include <cap-ng.h>
#include <errno.h>

int privs_read(struct privs *ret_privs)
{
	if (capng_get_caps_process() != 0)
		return -EIO;
	*ret_privs = (struct privs){
		.net_admin = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_ADMIN) == 1,
		.net_raw = capng_have_capability(CAPNG_EFFECTIVE, CAP_NET_RAW) == 1,
		.sys_nice = capng_have_capability(CAPNG_EFFECTIVE, CAP_SYS_NICE) == 1,
	};
	return 0;
}

bool privs_can_run(const struct privs *privs)
{
	return privs->net_admin && privs->net_raw;
}

static const char *yes_no(bool answer)
{
	return answer ? "yes" : "no";
}

void privs_format(const struct privs *privs, struct text *out)
{
	text_printf(out, "net_admin=%s net_raw=%s sys_nice=%s", yes_no(privs->net_admin),
	            yes_no(privs->net_raw), yes_no(privs->sys_nice));
}
