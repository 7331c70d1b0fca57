/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mute_memory.h"

#include "lib/fileio.h"
#include "lib/sysctl.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

#define CONF "net/ipv4/conf/"

static struct sysctls_place place = {.root = scratch_dir, .epoch = "here"};
static struct mute_memory memory;
static struct vrrp_owned owned[] = {
	{.prefix = {.addr = {.family = ADDR_IPV4}}, .interface = "eth0"},
	{.prefix = {.addr = {.family = ADDR_IPV6}}, .interface = "eth1"},
};
static struct vrrp_router_config router = {.interface = "eth2", .owned = owned, .owned_count = 2};
static const struct vrrp_config config = {.routers = &router, .router_count = 1};

static void put(const char *name, int64_t value)
{
	char path[SCRATCH_PATH_SIZE];

	scratch_dir_path(name, path);
	*strrchr(path, '/') = '\0';
	ck_assert_int_eq(fileio_mkdirs(path, 0700), 0);
	ck_assert_int_eq(fileio_replace(scratch_dir_path(name, path), "", 0, 0600), 0);
	ck_assert_int_eq(sysctl_write_int(scratch_dir, name, value), 0);
}

static void expect_file(const char *lines)
{
	char path[SCRATCH_PATH_SIZE], *data, *found;
	size_t size;
	int err = fileio_read(scratch_dir_path(MUTE_MEMORY_FILE, path), 10000, &data, &size);

	if (!lines) {
		ck_assert_int_eq(err, -ENOENT);
		return;
	}
	ck_assert_int_eq(err, 0);
	found = strstr(data, "epoch\there\n");
	ck_assert_ptr_nonnull(found);
	ck_assert_str_eq(found + strlen("epoch\there\n"), lines);
	free(data);
}

static void setup(void)
{
	scratch_dir_make();
	for (const char *const *name = (const char *const[]){"eth0", "eth1", "eth2", NULL}; *name;
	     name++) {
		char setting[100];

		snprintf(setting, sizeof(setting), CONF "%s/arp_ignore", *name);
		put(setting, 0);
		snprintf(setting, sizeof(setting), CONF "%s/arp_announce", *name);
		put(setting, 1);
	}
	router.virtual_mac = false;
	mute_memory_open(&memory, scratch_dir, &place);
}

static void teardown(void)
{
	mute_memory_close(&memory);
	scratch_dir_remove();
}

/* Returns what the next run is told; this one was killed. */
static const struct vrrp_mutes_found *next_run(void)
{
	mute_memory_close(&memory);
	return mute_memory_open(&memory, scratch_dir, &place);
}

START_TEST(interfaces_with_ipv4_addresses_and_parents_are_written_down)
{
	mute_memory_note(&memory, &config);
	expect_file(CONF "eth0/arp_ignore\t0\t1\n" CONF "eth0/arp_announce\t1\t2\n");
	router.virtual_mac = true;
	mute_memory_note(&memory, &config);
	expect_file(CONF "eth0/arp_ignore\t0\t1\n" CONF "eth0/arp_announce\t1\t2\n" CONF
	                 "eth2/arp_ignore\t0\t1\n" CONF "eth2/arp_announce\t1\t2\n");
}
END_TEST

START_TEST(nothing_is_written_when_nothing_is_new)
{
	char path[SCRATCH_PATH_SIZE];

	mute_memory_note(&memory, &config);
	ck_assert_int_eq(unlink(scratch_dir_path(MUTE_MEMORY_FILE, path)), 0);
	mute_memory_note(&memory, &config);
	put(CONF "eth0/arp_ignore", 1); /* it is mute */
	mute_memory_note(&memory, &config);
	expect_file(NULL);
}
END_TEST

START_TEST(the_operators_own_values_are_not_written_down)
{
	put(CONF "eth0/arp_ignore", 1);
	put(CONF "eth0/arp_announce", 2);
	mute_memory_note(&memory, &config);
	expect_file(NULL);
}
END_TEST

START_TEST(what_the_operator_changes_is_noted_later)
{
	mute_memory_note(&memory, &config);
	put(CONF "eth0/arp_ignore", 2);
	put(CONF "eth0/arp_announce", 0);
	mute_memory_note(&memory, &config);
	expect_file(CONF "eth0/arp_announce\t0\t2\n");
}
END_TEST

START_TEST(a_run_that_was_killed_tells_the_next_one_what_it_found)
{
	const struct vrrp_mutes_found *found;

	ck_assert_uint_eq(memory.found.count, 0);
	mute_memory_note(&memory, &config);
	put(CONF "eth0/arp_ignore", 1);
	put(CONF "eth0/arp_announce", 2);
	found = next_run();
	ck_assert_uint_eq(found->count, 1);
	ck_assert_str_eq(found->items[0].interface, "eth0");
	ck_assert_int_eq(found->items[0].before[0], 0);
	ck_assert_int_eq(found->items[0].before[1], 1);
	/* It goes on knowing, for the one after it. */
	mute_memory_note(&memory, &config);
	expect_file(CONF "eth0/arp_ignore\t0\t1\n" CONF "eth0/arp_announce\t1\t2\n");
}
END_TEST

START_TEST(another_boot_or_namespace_tells_nothing)
{
	mute_memory_note(&memory, &config);
	place.epoch = "there";
	ck_assert_uint_eq(next_run()->count, 0);
	place.epoch = "here";
}
END_TEST

START_TEST(lines_that_are_none_of_ours_tell_nothing)
{
	static const char text[] = "epoch\there\n" /* of each one thing is wrong */
				   "net/ipv4/ip_forward\t0\t1\n" CONF "eth0/rp_filter\t0\t1\n" CONF
				   "eth0/arp_ignore\tx\t1\n" CONF "eth1/arp_ignore\t1\t1\n" CONF
				   "eth2/arp_ignore\t-1\t1\n" CONF "/arp_ignore\t0\t1\n" CONF
				   "of-sixteen-bytes/arp_ignore\t0\t1\n" CONF
				   "eth0/x/arp_ignore/\t0\t1\n";
	char path[SCRATCH_PATH_SIZE];

	ck_assert_int_eq(
		fileio_replace(scratch_dir_path(MUTE_MEMORY_FILE, path), text, strlen(text), 0600),
		0);
	ck_assert_uint_eq(next_run()->count, 0);
}
END_TEST

START_TEST(a_clean_exit_leaves_no_file)
{
	mute_memory_note(&memory, &config);
	mute_memory_forget(&memory);
	expect_file(NULL);
}
END_TEST

START_TEST(a_run_that_was_told_nothing_leaves_the_file)
{
	mute_memory_note(&memory, &config);
	next_run();
	mute_memory_forget(&memory);
	expect_file(CONF "eth0/arp_ignore\t0\t1\n" CONF "eth0/arp_announce\t1\t2\n");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon_mute_memory", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, interfaces_with_ipv4_addresses_and_parents_are_written_down);
	tcase_add_test(tests, nothing_is_written_when_nothing_is_new);
	tcase_add_test(tests, the_operators_own_values_are_not_written_down);
	tcase_add_test(tests, what_the_operator_changes_is_noted_later);
	tcase_add_test(tests, a_run_that_was_killed_tells_the_next_one_what_it_found);
	tcase_add_test(tests, another_boot_or_namespace_tells_nothing);
	tcase_add_test(tests, lines_that_are_none_of_ours_tell_nothing);
	tcase_add_test(tests, a_clean_exit_leaves_no_file);
	tcase_add_test(tests, a_run_that_was_told_nothing_leaves_the_file);
	return unit_run(suite);
}
