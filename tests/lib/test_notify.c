/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/notify.h"

#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>

/* The service manager's end: a socket, by a path or by an abstract name. */
static int manager = -1;
static struct notify notify;

static void listen_at(const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = strlen(name);

	memcpy(address.sun_path, name, len);
	if (name[0] == '@')
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	ck_assert_int_ge(manager, 0);
	ck_assert_int_eq(bind(manager, (struct sockaddr *)&address,
	                      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
	                 0);
	setenv("NOTIFY_SOCKET", name, 1);
}

static void set_up(void)
{
	scratch_dir_make();
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
}

static void tear_down(void)
{
	notify_close(&notify);
	if (manager >= 0)
		close(manager);
	scratch_dir_remove();
}

static void expect(const char *message)
{
	char got[500];
	ssize_t n = recv(manager, got, sizeof(got) - 1, 0);

	ck_assert_int_gt(n, 0);
	got[n] = '\0';
	ck_assert_str_eq(got, message);
}

static void tell_everything(void)
{
	ck_assert_int_eq(notify_status(&notify, "2 routers, 1 active"), 0);
	ck_assert_int_eq(notify_ready(&notify), 0);
	ck_assert_int_eq(notify_watchdog(&notify), 0);
	ck_assert_int_eq(notify_reloading(&notify, 123456789), 0);
	ck_assert_int_eq(notify_stopping(&notify), 0);
}

static void expect_everything(void)
{
	expect("STATUS=2 routers, 1 active");
	expect("READY=1");
	expect("WATCHDOG=1");
	expect("RELOADING=1\nMONOTONIC_USEC=123456789");
	expect("STOPPING=1");
}

START_TEST(a_manager_at_a_path_is_told)
{
	char path[SCRATCH_PATH_SIZE];

	listen_at(scratch_dir_path("notify", path));
	ck_assert_int_eq(notify_open(&notify), 0);
	tell_everything();
	expect_everything();
}
END_TEST

START_TEST(a_manager_at_an_abstract_name_is_told)
{
	char name[100];

	snprintf(name, sizeof(name), "@%s", scratch_dir); /* as unique as the directory */
	listen_at(name);
	ck_assert_int_eq(notify_open(&notify), 0);
	tell_everything();
	expect_everything();
}
END_TEST

START_TEST(without_a_manager_nothing_is_said_and_nothing_fails)
{
	ck_assert_int_eq(notify_open(&notify), 0);
	ck_assert_int_eq(notify.fd, -1);
	tell_everything();
}
END_TEST

static const char *const refused[] = {"relative", "vsock:2:1234", "/", "@",
                                      "/" /* and 107 characters, too long for a socket */
                                      "123456789012345678901234567890123456789012345678901234567890"
                                      "12345678901234567890123456789012345678901234567"};

START_TEST(an_address_of_another_kind_is_refused)
{
	setenv("NOTIFY_SOCKET", refused[_i], 1);
	ck_assert_int_eq(notify_open(&notify), -EINVAL);
	ck_assert_int_eq(notify.fd, -1);
	tell_everything();
}
END_TEST

START_TEST(children_inherit_nothing)
{
	char path[SCRATCH_PATH_SIZE];

	listen_at(scratch_dir_path("notify", path));
	setenv("WATCHDOG_USEC", "1000000", 1);
	setenv("WATCHDOG_PID", "1", 1);
	ck_assert_int_eq(notify_open(&notify), 0);
	ck_assert_ptr_null(getenv("NOTIFY_SOCKET"));
	ck_assert_ptr_null(getenv("WATCHDOG_USEC"));
	ck_assert_ptr_null(getenv("WATCHDOG_PID"));
}
END_TEST

#define OWN_PID "own"

static const struct {
	const char *usec, *pid; /* NULL: not set */
	int64_t watchdog_us;
} watchdog_rows[] = {
	{NULL, NULL, 0},
	{"30000000", NULL, 30000000},
	{"30000000", OWN_PID, 30000000},
	{"30000000", "1", 0},
	{"30000000", "", 0},
	{"0", NULL, 0},
	{"", NULL, 0},
	{"-5", NULL, 0},
	{"5x", NULL, 0},
	{"99999999999999999999", NULL, 0},
};

START_TEST(the_watchdog_is_ours_when_it_names_us_or_nobody)
{
	char path[SCRATCH_PATH_SIZE], own[20];

	listen_at(scratch_dir_path("notify", path));
	snprintf(own, sizeof(own), "%d", (int)getpid());
	if (watchdog_rows[_i].usec)
		setenv("WATCHDOG_USEC", watchdog_rows[_i].usec, 1);
	if (watchdog_rows[_i].pid)
		setenv("WATCHDOG_PID",
		       strcmp(watchdog_rows[_i].pid, OWN_PID) == 0 ? own : watchdog_rows[_i].pid,
		       1);
	ck_assert_int_eq(notify_open(&notify), 0);
	ck_assert_int_eq(notify.watchdog_us, watchdog_rows[_i].watchdog_us);
}
END_TEST

START_TEST(a_status_is_one_line)
{
	char path[SCRATCH_PATH_SIZE];

	listen_at(scratch_dir_path("notify", path));
	ck_assert_int_eq(notify_open(&notify), 0);
	ck_assert_int_eq(notify_status(&notify, "bad\nMAINPID=1"), 0);
	expect("STATUS=bad MAINPID=1");
}
END_TEST

START_TEST(a_manager_that_does_not_read_holds_up_neither_status_nor_watchdog)
{
	char path[SCRATCH_PATH_SIZE];
	int err = 0;

	listen_at(scratch_dir_path("notify", path));
	ck_assert_int_eq(notify_open(&notify), 0);
	for (int i = 0; i < 100000 && err == 0; i++)
		err = notify_watchdog(&notify);
	ck_assert_int_eq(err, -EAGAIN);
	ck_assert_int_eq(notify_status(&notify, "x"), -EAGAIN);
}
END_TEST

START_TEST(a_manager_that_is_gone_is_an_error)
{
	char path[SCRATCH_PATH_SIZE];

	listen_at(scratch_dir_path("notify", path));
	ck_assert_int_eq(notify_open(&notify), 0);
	close(manager);
	manager = -1;
	ck_assert_int_eq(notify_ready(&notify), -ECONNREFUSED);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("notify", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_manager_at_a_path_is_told);
	tcase_add_test(tests, a_manager_at_an_abstract_name_is_told);
	tcase_add_test(tests, without_a_manager_nothing_is_said_and_nothing_fails);
	tcase_add_loop_test(tests, an_address_of_another_kind_is_refused, 0,
	                    LT_ARRAY_SIZE(refused));
	tcase_add_test(tests, children_inherit_nothing);
	tcase_add_loop_test(tests, the_watchdog_is_ours_when_it_names_us_or_nobody, 0,
	                    LT_ARRAY_SIZE(watchdog_rows));
	tcase_add_test(tests, a_status_is_one_line);
	tcase_add_test(tests, a_manager_that_does_not_read_holds_up_neither_status_nor_watchdog);
	tcase_add_test(tests, a_manager_that_is_gone_is_an_error);
	return unit_run(suite);
}
