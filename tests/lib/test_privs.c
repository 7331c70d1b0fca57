/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/privs.h"

#include "tests/unit.h"

#include <inttypes.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* What the kernel itself says of us: CapEff in /proc/thread-self/status. */
static uint64_t effective_capabilities(void)
{
	FILE *file = fopen("/proc/thread-self/status", "re");
	uint64_t set = 0;
	char line[256];
	int found = 0;

	ck_assert_ptr_nonnull(file);
	while (fgets(line, sizeof(line), file))
		found += sscanf(line, "CapEff: %" SCNx64, &set) == 1;
	fclose(file);
	ck_assert_int_eq(found, 1);
	return set;
}

START_TEST(privileges_are_those_the_kernel_shows)
{
	uint64_t set = effective_capabilities();
	struct privs privs;

	ck_assert_int_eq(privs_read(&privs), 0);
	ck_assert_int_eq(privs.net_admin, set >> CAP_NET_ADMIN & 1);
	ck_assert_int_eq(privs.net_raw, set >> CAP_NET_RAW & 1);
	ck_assert_int_eq(privs.sys_nice, set >> CAP_SYS_NICE & 1);
	ck_assert_int_eq(privs.ipc_lock, set >> CAP_IPC_LOCK & 1);
}
END_TEST

#define KEPT                                                                                       \
	(UINT64_C(1) << CAP_NET_ADMIN | UINT64_C(1) << CAP_NET_RAW | UINT64_C(1) << CAP_SYS_NICE | \
	 UINT64_C(1) << CAP_IPC_LOCK)

/* In a child: there is no way back. */
static int drop_and_look(void)
{
	uint64_t before = effective_capabilities();

	if (privs_drop())
		return 1;
	if (effective_capabilities() != (before & KEPT))
		return 2;
	return prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ? 0 : 3;
}

START_TEST(what_is_not_needed_is_given_up)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(drop_and_look());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}
END_TEST

static const struct {
	struct privs privs;
	bool can_run;
	const char *text;
} rows[] = {
	{{true, true, true, false}, true, "net_admin=yes net_raw=yes sys_nice=yes ipc_lock=no"},
	{{true, true, false, false}, true, "net_admin=yes net_raw=yes sys_nice=no ipc_lock=no"},
	{{true, false, true, false}, false, "net_admin=yes net_raw=no sys_nice=yes ipc_lock=no"},
	{{false, true, true, false}, false, "net_admin=no net_raw=yes sys_nice=yes ipc_lock=no"},
};

START_TEST(real_time_priority_is_wanted_but_not_needed)
{
	struct text text = {0};

	ck_assert_int_eq(privs_can_run(&rows[_i].privs), rows[_i].can_run);
	privs_format(&rows[_i].privs, &text);
	ck_assert_str_eq(text_str(&text), rows[_i].text);
	text_done(&text);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("privs", &tests);

	tcase_add_test(tests, privileges_are_those_the_kernel_shows);
	tcase_add_test(tests, what_is_not_needed_is_given_up);
	tcase_add_loop_test(tests, real_time_priority_is_wanted_but_not_needed, 0,
	                    LT_ARRAY_SIZE(rows));
	return unit_run(suite);
}
