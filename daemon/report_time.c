/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/report_time.h"

#include "lib/mono.h"

json_t *report_seconds(int64_t us)
{
	return json_real(mono_seconds(us));
}

json_t *report_age(int64_t now_us, int64_t then_us)
{
	return then_us <= 0 || then_us == TIME_NEVER ? json_null()
	                                             : report_seconds(now_us - then_us);
}
