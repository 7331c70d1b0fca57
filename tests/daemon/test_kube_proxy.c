/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/kube_proxy.h"

#include "tests/unit.h"

#include <string.h>

static const struct {
	struct kube_proxy_signs signs;
	const char *mode;
} rows[] = {
	{{.listens = true}, "none"}, /* somebody else listens there */
	{{.legacy_nat = true}, "none"},
	{{.legacy_nat = true, .listens = true}, "iptables"},
	{{.nft_chain = true}, "iptables"},
	{{.nft_table = true}, "nftables"},
	{{.nft_table = true, .nft_chain = true}, "nftables"},
	{{.ipvs_link = true, .nft_chain = true}, "ipvs"},
	{{.ipvs_link = true, .nft_table = true}, "ipvs"},
};

START_TEST(the_mode_is_told_by_what_it_leaves_behind)
{
	ck_assert_str_eq(kube_proxy_mode_name(kube_proxy_judge(&rows[_i].signs)), rows[_i].mode);
}
END_TEST

static struct model_router front = {.name = "front"}, back = {.name = "back"};
static struct model_vip vips[3];
static struct model_snapshot snapshot;
static struct addr_prefix prefixes[2];

static void set_up(void)
{
	vips[0].router = vips[1].router = &front;
	vips[2].router = &back;
	ck_assert_int_eq(addr_parse("10.77.0.100", &vips[0].address), 0);
	ck_assert_int_eq(addr_parse("10.77.1.100", &vips[1].address), 0);
	ck_assert_int_eq(addr_parse("2001:db8::1", &vips[2].address), 0);
	snapshot.vips = vips;
	snapshot.vip_count = 3;
	ck_assert_int_eq(addr_prefix_parse("10.77.0.0/24", &prefixes[0]), 0);
	ck_assert_int_eq(addr_prefix_parse("2001:db8::/64", &prefixes[1]), 0);
}

START_TEST(only_routers_that_its_mode_ipvs_would_harm_are_held)
{
	const struct kube_proxy_excludes none = {0}, both = {prefixes, 2};
	static struct model_router empty = {.name = "empty"};

	ck_assert(kube_proxy_holds(KUBE_PROXY_IPVS, &none, &snapshot, &front));
	ck_assert(kube_proxy_holds(KUBE_PROXY_IPVS, &none, &snapshot, &back));
	ck_assert(!kube_proxy_holds(KUBE_PROXY_IPVS, &none, &snapshot, &empty));
	/* One address that is not left alone is enough. */
	ck_assert(kube_proxy_holds(KUBE_PROXY_IPVS, &both, &snapshot, &front));
	ck_assert(!kube_proxy_holds(KUBE_PROXY_IPVS, &both, &snapshot, &back));
	ck_assert(!kube_proxy_holds(KUBE_PROXY_IPTABLES, &none, &snapshot, &front));
	ck_assert(!kube_proxy_holds(KUBE_PROXY_NFTABLES, &none, &snapshot, &front));
	ck_assert(!kube_proxy_holds(KUBE_PROXY_NONE, &none, &snapshot, &front));
}
END_TEST

START_TEST(the_reason_names_the_address_and_the_remedies)
{
	const struct kube_proxy_excludes both = {prefixes, 2};
	struct text text = {0};

	kube_proxy_explain(&both, &snapshot, &front, &text);
	ck_assert_ptr_nonnull(strstr(text_str(&text), "front"));
	ck_assert_ptr_nonnull(strstr(text_str(&text), "10.77.1.100"));
	ck_assert_ptr_nonnull(strstr(text_str(&text), "--ipvs-exclude-cidrs"));
	ck_assert_ptr_nonnull(strstr(text_str(&text), "--kube-proxy-excludes"));
	text_done(&text);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("kube_proxy", &tests);

	tcase_add_checked_fixture(tests, set_up, NULL);
	tcase_add_loop_test(tests, the_mode_is_told_by_what_it_leaves_behind, 0,
	                    LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, only_routers_that_its_mode_ipvs_would_harm_are_held);
	tcase_add_test(tests, the_reason_names_the_address_and_the_remedies);
	return unit_run(suite);
}
