/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/sysctl.h"

#include "lib/fileio.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

/* A tree that looks like the kernel's. */
static const struct {
	const char *directory, *file, *value;
} settings[] = {
	{"net/ipv4", "net/ipv4/ip_forward", "1\n"},
	{"net/ipv4/conf/eth0.100", "net/ipv4/conf/eth0.100/arp_ignore", "-1\n"},
	{"net/ipv4", "net/ipv4/ip_local_port_range", "32768\t60999\n"},
	{"net/ipv4", "net/ipv4/empty", ""},
};

static void set_up(void)
{
	char path[SCRATCH_PATH_SIZE];

	scratch_dir_make();
	for (size_t i = 0; i < LT_ARRAY_SIZE(settings); i++) {
		scratch_dir_path(settings[i].directory, path);
		ck_assert_int_eq(fileio_mkdirs(path, 0700), 0);
		scratch_dir_path(settings[i].file, path);
		ck_assert_int_eq(
			fileio_replace(path, settings[i].value, strlen(settings[i].value), 0600),
			0);
	}
}

static const struct {
	const char *name;
	int err;
	const char *value;
} read_rows[] = {
	{"net.ipv4.ip_forward", 0, "1"},
	{"net/ipv4/ip_forward", 0, "1"},
	{"net/ipv4/conf/eth0.100/arp_ignore", 0, "-1"},
	{"net.ipv4.conf.eth0/100.arp_ignore", 0, "-1"},
	{"net.ipv4.ip_local_port_range", 0, "32768\t60999"},
	{"net.ipv4.empty", 0, ""},
	{"net.ipv4.conf.eth0.100.arp_ignore", -ENOENT, NULL},
	{"net.ipv4.vs.conntrack", -ENOENT, NULL},
	{"net.ipv4", -EISDIR, NULL},
	{"", -EINVAL, NULL},
	{".", -EINVAL, NULL},
	{"/", -EINVAL, NULL},
	{"net..ipv4", -EINVAL, NULL},
	{"net/../net/ipv4/ip_forward", -EINVAL, NULL},
	{"net/./ipv4/ip_forward", -EINVAL, NULL},
	{"net.//.ipv4", -EINVAL, NULL}, /* a dotted name for "net/../ipv4" */
	{"/net/ipv4/ip_forward", -EINVAL, NULL},
	{"net/ipv4/", -EINVAL, NULL},
};

START_TEST(a_setting_is_read_by_either_kind_of_name)
{
	char value[SYSCTL_VALUE_SIZE] = "untouched";

	ck_assert_int_eq(sysctl_read(scratch_dir, read_rows[_i].name, value), read_rows[_i].err);
	ck_assert_str_eq(value, read_rows[_i].value ? read_rows[_i].value : "untouched");
}
END_TEST

START_TEST(a_setting_is_written)
{
	char value[SYSCTL_VALUE_SIZE];

	ck_assert_int_eq(sysctl_write(scratch_dir, "net.ipv4.ip_forward", "0"), 0);
	ck_assert_int_eq(sysctl_read(scratch_dir, "net/ipv4/ip_forward", value), 0);
	ck_assert_str_eq(value, "0");
	ck_assert_int_eq(sysctl_write(scratch_dir, "net.ipv4.vs.conntrack", "1"), -ENOENT);
	ck_assert_int_eq(sysctl_write(scratch_dir, "net/../x", "1"), -EINVAL);
}
END_TEST

START_TEST(numbers_are_read_and_written)
{
	int64_t value = 7;

	ck_assert_int_eq(sysctl_read_int(scratch_dir, "net/ipv4/conf/eth0.100/arp_ignore", &value),
	                 0);
	ck_assert_int_eq(value, -1);
	ck_assert_int_eq(sysctl_write_int(scratch_dir, "net.ipv4.ip_forward", 42), 0);
	ck_assert_int_eq(sysctl_read_int(scratch_dir, "net.ipv4.ip_forward", &value), 0);
	ck_assert_int_eq(value, 42);
	ck_assert_int_eq(sysctl_read_int(scratch_dir, "net.ipv4.ip_local_port_range", &value),
	                 -EINVAL);
	ck_assert_int_eq(sysctl_read_int(scratch_dir, "net.ipv4.empty", &value), -EINVAL);
	ck_assert_int_eq(sysctl_read_int(scratch_dir, "net.ipv4.none", &value), -ENOENT);
	ck_assert_int_eq(value, 42);
}
END_TEST

START_TEST(the_kernel_itself_can_be_read)
{
	char value[SYSCTL_VALUE_SIZE];

	ck_assert_int_eq(sysctl_read(SYSCTL_ROOT, "kernel.ostype", value), 0);
	ck_assert_str_eq(value, "Linux");
	ck_assert_int_eq(sysctl_read(SYSCTL_ROOT, "kernel/no_such_setting", value), -ENOENT);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("sysctl", &tests);

	tcase_add_checked_fixture(tests, set_up, scratch_dir_remove);
	tcase_add_loop_test(tests, a_setting_is_read_by_either_kind_of_name, 0,
	                    LT_ARRAY_SIZE(read_rows));
	tcase_add_test(tests, a_setting_is_written);
	tcase_add_test(tests, numbers_are_read_and_written);
	tcase_add_test(tests, the_kernel_itself_can_be_read);
	return unit_run(suite);
}
