/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What would be asked of the kernel, and what comes of its answers. No kernel is asked.
 *
 * Reason: over 500 lines, as each test is a few lines on the same fixture. */
#include "lib/mono.h"
#include "vrrp/addresses.h"

#include <check.h>
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ETH0 5
#define OURS RTNL_ADDRESS_PROTOCOL

static struct vrrp_links links;
static struct vrrp_addresses addresses;
static struct vrrp_address_batch batch;
static bool claims;
static uint64_t refused_id;
static int refused_error;

static bool claimed(void *ctx, const struct vrrp_addresses *self, int link_index,
                    const struct addr_prefix *prefix)
{
	return claims;
}

static void refused(void *ctx, uint64_t id, int error)
{
	refused_id = id;
	refused_error = error;
}

static struct vrrp_owned own(const char *prefix, const char *interface)
{
	struct vrrp_owned owned = {.interface = ""};

	ck_assert_int_eq(addr_prefix_parse(prefix, &owned.prefix), 0);
	strcpy(owned.interface, interface);
	return owned;
}

static void add_link(int index, const char *name)
{
	struct rtnl_event event = {.kind = RTNL_LINK_NEW, .link = {.index = index}};

	strcpy(event.link.name, name);
	vrrp_links_event(&links, &event);
}

static void kernel_has(int index, const char *prefix, uint8_t protocol)
{
	struct rtnl_event event = {
		.kind = RTNL_ADDRESS_NEW,
		.address = {.link_index = index,
	                    .prefix = own(prefix, "").prefix,
	                    .protocol = protocol,
	                    .valid_s = RTNL_LIFETIME_FOREVER},
	};

	vrrp_links_event(&links, &event);
}

static void setup(void)
{
	const struct vrrp_owned owned[] = {own("10.0.0.8/32", "eth0"), own("10.0.0.9/32", "eth0")};

	memset(&links, 0, sizeof(links));
	memset(&addresses, 0, sizeof(addresses));
	memset(&batch, 0, sizeof(batch));
	batch.claimed = claimed;
	batch.refused = refused;
	claims = false;
	refused_id = 0;
	refused_error = 0;
	add_link(ETH0, "eth0");
	addresses.id = 77;
	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
}

static void teardown(void)
{
	vrrp_address_batch_done(&batch);
	vrrp_addresses_done(&addresses);
	vrrp_links_done(&links);
}

/* "+10.0.0.8/32 =10.0.0.9/32 -10.0.0.7/32": added, renewed, removed, on the loopback interface with
 * "@lo"; "?": a neighbour is looked for. Empties the batch. */
static const char *asked(void)
{
	static char text[4096];
	size_t length = 0;

	text[0] = '\0';
	for (size_t i = 0; i < batch.messages.count; i++) {
		const struct nlmsghdr *message =
			(const void *)(batch.messages.data + batch.messages.starts[i]);
		char prefix[ADDR_PREFIX_TEXT_SIZE];
		struct rtnl_event event;
		char sign = '-';

		if (message->nlmsg_type == RTM_NEWNEIGH) {
			length += (size_t)snprintf(text + length, sizeof(text) - length, "?");
			continue;
		}
		if (rtnl_decode(message, &event) == RTNL_ADDRESS_NEW)
			sign = message->nlmsg_flags & NLM_F_REPLACE ? '=' : '+';
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s%c%s%s",
		                           length ? " " : "", sign,
		                           addr_prefix_format(&event.address.prefix, prefix),
		                           event.address.link_index == RTNL_LOOPBACK ? "@lo" : "");
	}
	vrrp_address_batch_note(&batch, &links);
	batch.noted = 0;
	nl_batch_clear(&batch.messages);
	return text;
}

static void sweep(int64_t now_us)
{
	vrrp_addresses_sweep(&addresses, &links, now_us, &batch);
}

static void take(int64_t now_us)
{
	vrrp_addresses_want(&addresses, true, now_us);
	sweep(now_us);
}

START_TEST(nothing_is_touched_before_it_is_wanted)
{
	kernel_has(ETH0, "10.0.0.8/32", OURS);
	ck_assert_int_eq(vrrp_addresses_deadline(&addresses), TIME_NEVER);
	sweep(0);
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(taking_adds_what_is_missing_renews_what_is_ours_and_leaves_others_alone)
{
	kernel_has(ETH0, "10.0.0.8/32", OURS);
	take(0);
	ck_assert_str_eq(asked(), "=10.0.0.8/32 +10.0.0.9/32");
	vrrp_addresses_want(&addresses, false, 0);
	kernel_has(ETH0, "10.0.0.9/32", 0);
	take(0);
	ck_assert_str_eq(asked(), "=10.0.0.8/32");
	ck_assert_uint_eq(vrrp_addresses_present(&addresses, &links), 2);
}
END_TEST

START_TEST(letting_go_removes_what_is_ours_and_nothing_else)
{
	take(0);
	asked();
	kernel_has(ETH0, "10.0.0.9/32", 0);    /* replaced by somebody's own */
	kernel_has(ETH0, "10.0.0.7/32", OURS); /* another router's */
	vrrp_addresses_want(&addresses, false, 1);
	sweep(1);
	ck_assert_str_eq(asked(), "-10.0.0.8/32");
}
END_TEST

START_TEST(an_address_that_another_router_keeps_is_not_removed)
{
	take(0);
	asked();
	claims = true;
	vrrp_addresses_want(&addresses, false, 1);
	sweep(1);
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(lifetimes_are_renewed_at_a_third)
{
	take(1000);
	asked();
	ck_assert_int_eq(vrrp_addresses_deadline(&addresses), 1000 + US_PER_S);
	ck_assert(!vrrp_addresses_is_nearly_due(&addresses, 1000 + US_PER_S / 2));
	ck_assert(vrrp_addresses_is_nearly_due(&addresses, 1000 + US_PER_S * 9 / 10));
	sweep(1000 + US_PER_S);
	ck_assert_str_eq(asked(), "=10.0.0.8/32 =10.0.0.9/32");
	ck_assert_int_eq(vrrp_addresses_deadline(&addresses), 1000 + 2 * US_PER_S);
}
END_TEST

START_TEST(without_a_lifetime_there_is_nothing_to_renew)
{
	const struct vrrp_owned owned[] = {own("10.0.0.8/32", "eth0")};

	vrrp_addresses_set(&addresses, owned, 1, 0);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
	take(0);
	ck_assert_str_eq(asked(), "+10.0.0.8/32");
	ck_assert_int_eq(vrrp_addresses_deadline(&addresses), TIME_NEVER);
	vrrp_addresses_recheck(&addresses);
	sweep(1);
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(what_somebody_removes_is_put_back_at_once)
{
	const struct addr_prefix prefix = own("10.0.0.8/32", "").prefix;
	bool fight = false;

	take(0);
	asked();
	vrrp_links_note_removed(&links, ETH0, &prefix);
	ck_assert(vrrp_addresses_gone(&addresses, ETH0, &prefix, 10, &fight));
	ck_assert(!fight);
	ck_assert_int_le(vrrp_addresses_deadline(&addresses), 10);
	ck_assert_uint_eq(vrrp_addresses_sweep(&addresses, &links, 10, &batch), 1);
	ck_assert_str_eq(asked(), "+10.0.0.8/32");
}
END_TEST

START_TEST(a_removal_is_not_answered_when_the_address_is_not_ours_or_not_wanted)
{
	const struct addr_prefix other = own("10.0.0.7/32", "").prefix;
	const struct addr_prefix ours = own("10.0.0.8/32", "").prefix;
	bool fight = false;

	ck_assert(!vrrp_addresses_gone(&addresses, ETH0, &ours, 10, &fight));
	take(0);
	asked();
	ck_assert(!vrrp_addresses_gone(&addresses, ETH0, &other, 10, &fight));
	ck_assert(!vrrp_addresses_gone(&addresses, ETH0 + 1, &ours, 10, &fight));
}
END_TEST

START_TEST(an_address_whose_lifetime_ran_out_is_not_taken_for_removed_by_somebody)
{
	const struct addr_prefix prefix = own("10.0.0.8/32", "").prefix;
	bool fight = false;

	take(0);
	asked();
	vrrp_links_note_removed(&links, ETH0, &prefix);
	ck_assert(!vrrp_addresses_gone(&addresses, ETH0, &prefix, 5 * US_PER_S, &fight));
	/* If the machine says that we still own it, it comes back with the next sweep. */
	sweep(5 * US_PER_S);
	ck_assert_str_eq(asked(), "+10.0.0.8/32 =10.0.0.9/32");
}
END_TEST

START_TEST(a_refusal_takes_the_note_back_and_is_told)
{
	const struct addr_prefix prefix = own("10.0.0.8/32", "").prefix;

	take(0);
	vrrp_address_batch_note(&batch, &links);
	ck_assert(vrrp_links_is_pending(&links, ETH0, &prefix));
	vrrp_address_batch_refused(&batch, 0, EACCES);
	vrrp_address_batch_conclude(&batch, &links);
	ck_assert_ptr_null(vrrp_links_address(&links, ETH0, &prefix));
	ck_assert_uint_eq(refused_id, 77);
	ck_assert_int_eq(refused_error, EACCES);
	ck_assert_uint_eq(vrrp_addresses_present(&addresses, &links), 1);
	ck_assert_uint_eq(batch.messages.count, 0);
}
END_TEST

START_TEST(an_address_that_was_there_already_is_no_refusal)
{
	const struct addr_prefix prefix = own("10.0.0.8/32", "").prefix;

	take(0);
	vrrp_address_batch_note(&batch, &links);
	vrrp_address_batch_refused(&batch, 0, EEXIST);
	vrrp_address_batch_conclude(&batch, &links);
	ck_assert_ptr_nonnull(vrrp_links_address(&links, ETH0, &prefix));
	ck_assert(!vrrp_links_is_pending(&links, ETH0, &prefix));
	ck_assert_int_eq(refused_error, 0);
}
END_TEST

START_TEST(large_sets_are_worked_off_in_steps)
{
	size_t count = VRRP_ADDRESS_BATCH_STEP * 2 + 10;
	struct vrrp_owned *owned = calloc(count, sizeof(*owned));
	size_t steps = 0;
	char text[32];

	for (size_t i = 0; i < count; i++) {
		snprintf(text, sizeof(text), "10.1.%zu.%zu/32", i / 200, i % 200);
		owned[i] = own(text, "eth0");
	}
	vrrp_addresses_set(&addresses, owned, count, 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
	vrrp_addresses_want(&addresses, true, 0);
	while (vrrp_addresses_deadline(&addresses) == INT64_MIN) {
		sweep(0);
		ck_assert_uint_le(batch.messages.count, VRRP_ADDRESS_BATCH_STEP);
		asked();
		ck_assert_uint_le(++steps, 10);
	}
	ck_assert_uint_eq(steps, 3);
	ck_assert_uint_eq(vrrp_addresses_present(&addresses, &links), count);
	free(owned);
}
END_TEST

START_TEST(addresses_follow_their_interface_to_another_index)
{
	take(0);
	asked();
	struct rtnl_event gone = {.kind = RTNL_LINK_GONE, .link = {.index = ETH0}};
	vrrp_links_event(&links, &gone);
	ck_assert(vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0));
	sweep(1);
	ck_assert_str_eq(asked(), "");
	add_link(9, "eth0");
	ck_assert(vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0));
	ck_assert(!vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0));
	sweep(2);
	ck_assert_str_eq(asked(), "+10.0.0.8/32 +10.0.0.9/32");
	ck_assert_int_eq(addresses.items[0].link_index, 9);
}
END_TEST

START_TEST(a_macvlan_stands_in_for_the_routers_own_interface_only)
{
	const struct vrrp_owned owned[] = {own("10.0.0.8/32", "eth0"), own("10.0.1.8/32", "eth1"),
	                                   own("2001:db8::8/128", "eth0")};

	add_link(6, "eth1");
	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 20, 21);
	ck_assert(vrrp_addresses_owns(&addresses, 20, &owned[0].prefix));
	ck_assert(vrrp_addresses_owns(&addresses, 6, &owned[1].prefix));
	ck_assert(vrrp_addresses_owns(&addresses, 21, &owned[2].prefix));
}
END_TEST

START_TEST(keeping_lengthens_the_lifetimes_of_what_is_there)
{
	struct rtnl_event event;

	take(0);
	asked();
	vrrp_addresses_keep(&addresses, &links, &batch);
	ck_assert_uint_eq(batch.messages.count, 2);
	rtnl_decode((const void *)batch.messages.data, &event);
	ck_assert_uint_eq(event.address.valid_s, VRRP_ADDRESSES_KEEP_S);
	ck_assert_str_eq(asked(), "=10.0.0.8/32 =10.0.0.9/32");
}
END_TEST

/* 10.0.0.8 floats. */
static void let_one_float(void)
{
	struct vrrp_owned owned[] = {own("10.0.0.8/32", "eth0"), own("10.0.0.9/32", "eth0")};

	owned[0].floats = true;
	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
}

START_TEST(a_floating_address_taken_from_the_living_comes_later)
{
	let_one_float();
	vrrp_addresses_want(&addresses, true, 0);
	vrrp_addresses_defer(&addresses, 0);
	sweep(0);
	ck_assert_str_eq(asked(), "+10.0.0.9/32");
	ck_assert(addresses.items[0].deferred);
	ck_assert_int_eq(vrrp_addresses_deadline(&addresses), VRRP_ADDRESSES_DEFER_US);
	sweep(VRRP_ADDRESSES_DEFER_US - 1);
	ck_assert_str_eq(asked(), "");
	/* Nobody had removed it: not to be counted as put back. */
	ck_assert_uint_eq(vrrp_addresses_sweep(&addresses, &links, VRRP_ADDRESSES_DEFER_US, &batch),
	                  0);
	ck_assert_str_eq(asked(), "+10.0.0.8/32");
	ck_assert(!addresses.items[0].deferred);
	ck_assert_int_eq(vrrp_addresses_deadline(&addresses), US_PER_S);
	sweep(US_PER_S);
	ck_assert_str_eq(asked(), "=10.0.0.8/32 =10.0.0.9/32");
}
END_TEST

START_TEST(a_deferred_address_that_is_let_go_of_before_never_comes)
{
	let_one_float();
	vrrp_addresses_want(&addresses, true, 0);
	vrrp_addresses_defer(&addresses, 0);
	sweep(0);
	asked();
	vrrp_addresses_want(&addresses, false, 1);
	sweep(1);
	ck_assert_str_eq(asked(), "-10.0.0.9/32");
	ck_assert_int_eq(vrrp_addresses_deadline(&addresses), TIME_NEVER);
	/* Nothing is left over for the next time. */
	take(2);
	ck_assert_str_eq(asked(), "+10.0.0.8/32 +10.0.0.9/32");
}
END_TEST

/* Both are in use, 10.0.0.9 has a copy that isn't yet. */
static void prepare_to_hide(void)
{
	let_one_float();
	kernel_has(ETH0, "10.0.0.1/24", 0);
	take(0);
	asked();
	kernel_has(ETH0, "10.0.0.8/32", OURS);
	kernel_has(ETH0, "10.0.0.9/32", OURS);
	ck_assert(vrrp_addresses_copy(&addresses));
	sweep(1);
	ck_assert_str_eq(asked(), "=10.0.0.8/32 +10.0.0.9/32@lo =10.0.0.9/32");
	sweep(1);
	ck_assert_str_eq(asked(), "");
}

START_TEST(a_hidden_address_goes_when_its_copy_is_in_use_a_floating_one_at_once)
{
	prepare_to_hide();
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(2);
	ck_assert_str_eq(asked(), "-10.0.0.8/32");
	kernel_has(RTNL_LOOPBACK, "10.0.0.9/32", OURS);
	vrrp_addresses_recheck(&addresses);
	sweep(3);
	ck_assert_str_eq(asked(), "-10.0.0.9/32");
	/* To be copied, too, is no way back. */
	ck_assert(vrrp_addresses_copy(&addresses));
	ck_assert_int_eq(addresses.place, VRRP_ADDRESSES_HIDDEN);
	sweep(3);
	ck_assert_str_eq(asked(), "");
	/* Neither are they put back, nor copied again, but what is left lives on. */
	sweep(US_PER_S);
	ck_assert_str_eq(asked(), "=10.0.0.9/32@lo");
	vrrp_addresses_recheck(&addresses);
	sweep(US_PER_S + 1);
	ck_assert_str_eq(asked(), "");
	vrrp_addresses_want(&addresses, false, US_PER_S);
	sweep(US_PER_S);
	ck_assert_str_eq(asked(), "-10.0.0.9/32@lo");
	take(2 * US_PER_S);
	ck_assert_str_eq(asked(), "+10.0.0.8/32 +10.0.0.9/32");
}
END_TEST

START_TEST(what_was_hidden_comes_back_before_its_copy_goes)
{
	prepare_to_hide();
	kernel_has(RTNL_LOOPBACK, "10.0.0.9/32", OURS);
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(2);
	ck_assert_str_eq(asked(), "-10.0.0.8/32 -10.0.0.9/32");
	take(3);
	ck_assert_str_eq(asked(), "+10.0.0.8/32 +10.0.0.9/32 -10.0.0.9/32@lo");
}
END_TEST

START_TEST(copies_go_when_nobody_took_over)
{
	prepare_to_hide();
	take(2);
	ck_assert_str_eq(asked(), "=10.0.0.8/32 =10.0.0.9/32 -10.0.0.9/32@lo");
}
END_TEST

START_TEST(an_address_whose_copy_is_not_there_is_not_hidden)
{
	prepare_to_hide();
	vrrp_links_note_removed(&links, RTNL_LOOPBACK, &addresses.items[1].prefix);
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(2);
	ck_assert_str_eq(asked(), "-10.0.0.8/32 +10.0.0.9/32@lo");
}
END_TEST

START_TEST(others_addresses_and_those_of_the_link_are_neither_copied_nor_hidden)
{
	const struct vrrp_owned owned[] = {own("10.0.0.8/32", "eth0"), own("fe80::8/64", "eth0")};

	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
	kernel_has(ETH0, "10.0.0.8/32", 0);
	take(0);
	ck_assert_str_eq(asked(), "+fe80::8/64");
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(1);
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(the_only_address_of_a_network_is_not_hidden)
{
	struct vrrp_owned owned[] = {own("10.0.0.8/24", "eth0"), own("10.0.1.8/24", "eth0")};

	owned[0].floats = owned[1].floats = true;
	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
	kernel_has(ETH0, "10.0.1.1/24", 0);
	take(0);
	ck_assert_str_eq(asked(), "+10.0.0.8/24 +10.0.1.8/24");
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(1);
	ck_assert_str_eq(asked(), "-10.0.1.8/24");
	/* It must not end by itself. */
	sweep(US_PER_S);
	ck_assert_str_eq(asked(), "=10.0.0.8/24");
}
END_TEST

START_TEST(what_another_router_claims_is_not_hidden_and_its_copy_stays)
{
	prepare_to_hide();
	kernel_has(RTNL_LOOPBACK, "10.0.0.9/32", OURS);
	claims = true;
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(2);
	ck_assert_str_eq(asked(), "");
	vrrp_addresses_want(&addresses, false, 3);
	sweep(3);
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(the_only_address_of_an_interface_is_not_hidden)
{
	const struct vrrp_owned owned[] = {own("10.0.0.8/32", "eth0"), own("fd00::8/128", "eth0")};

	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
	kernel_has(ETH0, "fe80::1/64", 0);
	kernel_has(RTNL_LOOPBACK, "10.0.0.8/32", 0);
	kernel_has(RTNL_LOOPBACK, "fd00::8/128", 0);
	take(0);
	asked();
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(1);
	ck_assert_str_eq(asked(), "-fd00::8/128");
}
END_TEST

START_TEST(an_operators_own_address_on_the_loopback_interface_serves_and_stays)
{
	kernel_has(ETH0, "10.0.0.1/24", 0);
	kernel_has(RTNL_LOOPBACK, "10.0.0.9/32", 0);
	take(0);
	asked();
	ck_assert(vrrp_addresses_copy(&addresses));
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(1);
	ck_assert_str_eq(asked(), "+10.0.0.8/32@lo -10.0.0.9/32");
	ck_assert_uint_eq(vrrp_addresses_present(&addresses, &links), 2);
	vrrp_addresses_want(&addresses, false, 2);
	sweep(2);
	ck_assert_str_eq(asked(), "-10.0.0.8/32 -10.0.0.8/32@lo");
}
END_TEST

START_TEST(a_copy_is_owned_while_there_may_be_one)
{
	const struct addr_prefix copy = own("10.0.0.9/32", "").prefix;
	const struct addr_prefix other = own("10.0.0.7/32", "").prefix;

	take(0);
	ck_assert(!vrrp_addresses_owns(&addresses, RTNL_LOOPBACK, &copy));
	ck_assert(vrrp_addresses_copy(&addresses));
	ck_assert(vrrp_addresses_owns(&addresses, RTNL_LOOPBACK, &copy));
	ck_assert(!vrrp_addresses_owns(&addresses, RTNL_LOOPBACK, &other));
	sweep(1);
	asked();
	vrrp_addresses_want(&addresses, false, 2);
	ck_assert(vrrp_addresses_owns(&addresses, RTNL_LOOPBACK, &copy));
	sweep(2);
	ck_assert(!vrrp_addresses_owns(&addresses, RTNL_LOOPBACK, &copy));
}
END_TEST

START_TEST(a_copy_that_is_refused_is_not_asked_for_again_and_again)
{
	const struct addr_prefix copy = own("10.0.0.9/32", "").prefix;

	prepare_to_hide();
	vrrp_links_note_removed(&links, RTNL_LOOPBACK, &copy);
	ck_assert(vrrp_addresses_hide(&addresses));
	sweep(2);
	ck_assert_str_eq(asked(), "-10.0.0.8/32 +10.0.0.9/32@lo");
	vrrp_links_note_removed(&links, RTNL_LOOPBACK, &copy);
	vrrp_addresses_recheck(&addresses);
	sweep(3);
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(too_many_addresses_are_not_hidden)
{
	struct vrrp_owned owned[VRRP_ADDRESSES_COPY_MAX + 1];
	char text[ADDR_PREFIX_TEXT_SIZE];

	for (size_t i = 0; i < LT_ARRAY_SIZE(owned); i++) {
		snprintf(text, sizeof(text), "10.0.0.%zu/32", i + 1);
		owned[i] = own(text, "eth0");
	}
	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_want(&addresses, true, 0);
	ck_assert(!vrrp_addresses_copy(&addresses));
	ck_assert(!vrrp_addresses_hide(&addresses));
	ck_assert_int_ne(addresses.place, VRRP_ADDRESSES_HIDDEN);
}
END_TEST

START_TEST(who_has_a_floating_address_is_asked_before_it_is_taken)
{
	let_one_float();
	vrrp_addresses_seek(&addresses, &links, &batch);
	ck_assert_str_eq(asked(), "?");
	kernel_has(ETH0, "10.0.0.8/32", OURS);
	vrrp_addresses_seek(&addresses, &links, &batch);
	ck_assert_str_eq(asked(), "");
}
END_TEST

START_TEST(too_many_floating_addresses_come_at_once)
{
	struct vrrp_owned owned[VRRP_ADDRESSES_DEFER_MAX + 1];
	char text[ADDR_PREFIX_TEXT_SIZE];

	for (size_t i = 0; i < LT_ARRAY_SIZE(owned); i++) {
		snprintf(text, sizeof(text), "10.0.0.%zu/32", i + 1);
		owned[i] = own(text, "eth0");
		owned[i].floats = true;
	}
	vrrp_addresses_set(&addresses, owned, LT_ARRAY_SIZE(owned), 3);
	vrrp_addresses_resolve(&addresses, &links, "eth0", 0, 0);
	vrrp_addresses_want(&addresses, true, 0);
	vrrp_addresses_defer(&addresses, 0);
	sweep(0);
	sweep(0);
	ck_assert_uint_eq(batch.messages.count, LT_ARRAY_SIZE(owned));
}
END_TEST

int main(void)
{
	Suite *s = suite_create("vrrp/addresses");
	TCase *tc = tcase_create("addresses");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_add_test(tc, nothing_is_touched_before_it_is_wanted);
	tcase_add_test(tc, taking_adds_what_is_missing_renews_what_is_ours_and_leaves_others_alone);
	tcase_add_test(tc, letting_go_removes_what_is_ours_and_nothing_else);
	tcase_add_test(tc, an_address_that_another_router_keeps_is_not_removed);
	tcase_add_test(tc, lifetimes_are_renewed_at_a_third);
	tcase_add_test(tc, without_a_lifetime_there_is_nothing_to_renew);
	tcase_add_test(tc, what_somebody_removes_is_put_back_at_once);
	tcase_add_test(tc, a_removal_is_not_answered_when_the_address_is_not_ours_or_not_wanted);
	tcase_add_test(tc, an_address_whose_lifetime_ran_out_is_not_taken_for_removed_by_somebody);
	tcase_add_test(tc, a_refusal_takes_the_note_back_and_is_told);
	tcase_add_test(tc, an_address_that_was_there_already_is_no_refusal);
	tcase_add_test(tc, large_sets_are_worked_off_in_steps);
	tcase_add_test(tc, addresses_follow_their_interface_to_another_index);
	tcase_add_test(tc, a_macvlan_stands_in_for_the_routers_own_interface_only);
	tcase_add_test(tc, keeping_lengthens_the_lifetimes_of_what_is_there);
	tcase_add_test(tc, a_floating_address_taken_from_the_living_comes_later);
	tcase_add_test(tc, a_deferred_address_that_is_let_go_of_before_never_comes);
	tcase_add_test(tc, too_many_floating_addresses_come_at_once);
	tcase_add_test(tc, a_hidden_address_goes_when_its_copy_is_in_use_a_floating_one_at_once);
	tcase_add_test(tc, what_was_hidden_comes_back_before_its_copy_goes);
	tcase_add_test(tc, copies_go_when_nobody_took_over);
	tcase_add_test(tc, an_address_whose_copy_is_not_there_is_not_hidden);
	tcase_add_test(tc, others_addresses_and_those_of_the_link_are_neither_copied_nor_hidden);
	tcase_add_test(tc, the_only_address_of_a_network_is_not_hidden);
	tcase_add_test(tc, what_another_router_claims_is_not_hidden_and_its_copy_stays);
	tcase_add_test(tc, the_only_address_of_an_interface_is_not_hidden);
	tcase_add_test(tc, an_operators_own_address_on_the_loopback_interface_serves_and_stays);
	tcase_add_test(tc, a_copy_is_owned_while_there_may_be_one);
	tcase_add_test(tc, a_copy_that_is_refused_is_not_asked_for_again_and_again);
	tcase_add_test(tc, too_many_addresses_are_not_hidden);
	tcase_add_test(tc, who_has_a_floating_address_is_asked_before_it_is_taken);
	suite_add_tcase(s, tc);
	runner = srunner_create(s);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
