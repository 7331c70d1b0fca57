/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "vrrp/mute.h"

#include "lib/fileio.h"
#include "lib/sysctl.h"
#include "tests/scratch_dir.h"
#include "tests/unit.h"
#include "vrrp/links.h"

#include <string.h>

/* eth0 (2) with a macvlan of ours, eth1 (3) with none. */
static struct rtnl_link interfaces[] = {
	{.index = 1, .name = "lo"},
	{.index = 2, .name = "eth0"},
	{.index = 3, .name = "eth1"},
	{.index = 4,
         .name = "lt4.51.2",
         .mac = {{0x00, 0x00, 0x5e, 0x00, 0x01, 51}},
         .parent_index = 2,
         .kind = "macvlan"},
};
static struct rtnl_address hidden = {.link_index = RTNL_LOOPBACK,
                                     .prefix = {.addr = {.family = ADDR_IPV4}},
                                     .protocol = RTNL_ADDRESS_PROTOCOL};
static const struct rtnl_link *const eth0 = &interfaces[1], *const eth1 = &interfaces[2];
static struct vrrp_mutes mutes;

static void put(const char *interface, int64_t ignore, int64_t announce)
{
	char directory[SCRATCH_PATH_SIZE], name[100];
	const struct {
		const char *name;
		int64_t value;
	} settings[] = {{"arp_ignore", ignore}, {"arp_announce", announce}};

	for (size_t i = 0; i < LT_ARRAY_SIZE(settings); i++) {
		snprintf(name, sizeof(name), "net/ipv4/conf/%s", interface);
		ck_assert_int_eq(fileio_mkdirs(scratch_dir_path(name, directory), 0700), 0);
		snprintf(name, sizeof(name), "net/ipv4/conf/%s/%s", interface, settings[i].name);
		ck_assert_int_eq(fileio_replace(scratch_dir_path(name, directory), "", 0, 0600), 0);
		ck_assert_int_eq(sysctl_write_int(scratch_dir, name, settings[i].value), 0);
	}
}

static void expect(const char *interface, int64_t ignore, int64_t announce)
{
	char name[100];
	int64_t found;

	snprintf(name, sizeof(name), "net/ipv4/conf/%s/arp_ignore", interface);
	ck_assert_int_eq(sysctl_read_int(scratch_dir, name, &found), 0);
	ck_assert_int_eq(found, ignore);
	snprintf(name, sizeof(name), "net/ipv4/conf/%s/arp_announce", interface);
	ck_assert_int_eq(sysctl_read_int(scratch_dir, name, &found), 0);
	ck_assert_int_eq(found, announce);
}

static void setup(void)
{
	scratch_dir_make();
	put("eth0", 0, 1);
	put("eth1", 0, 0);
	mutes = (struct vrrp_mutes){.root = scratch_dir};
}

static void teardown(void)
{
	vrrp_mutes_done(&mutes);
	scratch_dir_remove();
}

/* What an earlier run wrote down of both. */
static void inherit(bool macvlan, bool address)
{
	struct vrrp_mute_found found[] = {{"eth0", {0, 1}}, {"eth1", {0, 0}}};
	const struct vrrp_links links = {
		.links = interfaces,
		.link_count = LT_ARRAY_SIZE(interfaces) - !macvlan,
		.addresses = &hidden,
		.address_count = address,
	};

	vrrp_mutes_inherit(&mutes, &links, &(struct vrrp_mutes_found){found, 2});
}

START_TEST(the_last_one_puts_back_what_the_first_one_found)
{
	vrrp_mute_begin(&mutes, eth0);
	vrrp_mute_begin(&mutes, eth0);
	expect("eth0", 1, 2);
	vrrp_mute_end(&mutes, eth0->index);
	expect("eth0", 1, 2);
	vrrp_mute_end(&mutes, eth0->index);
	expect("eth0", 0, 1);
	vrrp_mute_end(&mutes, eth0->index);
	expect("eth0", 0, 1);
}
END_TEST

START_TEST(settings_that_are_as_strict_or_stricter_are_left_alone)
{
	put("eth0", 2, 2);
	vrrp_mute_begin(&mutes, eth0);
	expect("eth0", 2, 2);
	vrrp_mute_end(&mutes, eth0->index);
	expect("eth0", 2, 2);
}
END_TEST

START_TEST(what_somebody_changes_meanwhile_stays)
{
	vrrp_mute_begin(&mutes, eth0);
	put("eth0", 2, 2);
	vrrp_mute_end(&mutes, eth0->index);
	expect("eth0", 2, 1);
}
END_TEST

START_TEST(what_an_earlier_run_found_is_put_back_by_the_one_that_goes_on)
{
	put("eth0", 1, 2);
	inherit(true, false);
	vrrp_mute_begin(&mutes, eth0);
	vrrp_mutes_settle(&mutes);
	expect("eth0", 1, 2);
	vrrp_mute_end(&mutes, eth0->index);
	expect("eth0", 0, 1);
}
END_TEST

START_TEST(what_an_earlier_run_raised_and_nobody_needs_is_put_back)
{
	put("eth0", 1, 2);
	put("eth1", 1, 2);
	inherit(true, true);
	expect("eth0", 1, 2);
	vrrp_mutes_settle(&mutes);
	expect("eth0", 0, 1);
	expect("eth1", 0, 0);
}
END_TEST

/* It was written down what they are, as they might have been raised. The operator did. */
START_TEST(where_nothing_was_left_mute_it_is_the_operators)
{
	put("eth0", 1, 2);
	put("eth1", 1, 2);
	inherit(true, false);
	vrrp_mute_begin(&mutes, eth1);
	vrrp_mute_end(&mutes, eth1->index);
	vrrp_mutes_settle(&mutes);
	expect("eth0", 0, 1);
	expect("eth1", 1, 2);
	put("eth0", 1, 2);
	inherit(false, false);
	vrrp_mutes_settle(&mutes);
	expect("eth0", 1, 2);
}
END_TEST

START_TEST(what_is_otherwise_than_an_earlier_run_had_it_is_looked_at_afresh)
{
	put("eth0", 0, 3);
	inherit(true, false);
	vrrp_mute_begin(&mutes, eth0);
	expect("eth0", 1, 3);
	vrrp_mute_end(&mutes, eth0->index);
	expect("eth0", 0, 3);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("vrrp_mute", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, the_last_one_puts_back_what_the_first_one_found);
	tcase_add_test(tests, settings_that_are_as_strict_or_stricter_are_left_alone);
	tcase_add_test(tests, what_somebody_changes_meanwhile_stays);
	tcase_add_test(tests, what_an_earlier_run_found_is_put_back_by_the_one_that_goes_on);
	tcase_add_test(tests, what_an_earlier_run_raised_and_nobody_needs_is_put_back);
	tcase_add_test(tests, where_nothing_was_left_mute_it_is_the_operators);
	tcase_add_test(tests, what_is_otherwise_than_an_earlier_run_had_it_is_looked_at_afresh);
	return unit_run(suite);
}
