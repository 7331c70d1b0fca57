/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/snapshot.h"

#include "model/floating.h"
#include "tests/model/judge.h"
#include "tests/unit.h"

static struct model_problems problems;

static void setup(void)
{
	model_problems_init(&problems);
}

static void teardown(void)
{
	model_problems_done(&problems);
}

/* Two texts as two sources, given up before the snapshot is looked at. */
static struct model_snapshot *build(const char *first, const char *second)
{
	struct model_objects objects[2];
	const struct model_objects *sources[2] = {&objects[0], &objects[1]};
	struct model_snapshot *snapshot;

	model_objects_init(&objects[0]);
	model_objects_init(&objects[1]);
	judge_decode(first, "first.yaml", &objects[0], &problems);
	judge_decode(second, "second.yaml", &objects[1], &problems);
	snapshot = model_snapshot_build(sources, 2, &problems);
	model_objects_done(&objects[0]);
	model_objects_done(&objects[1]);
	return snapshot;
}

static const char network[] = "apiVersion: lintel.io/v1alpha1\n"
			      "kind: VirtualRouter\n"
			      "metadata: {name: front}\n"
			      "spec:\n"
			      "  virtualRouterId: 51\n"
			      "  interface: eth0\n"
			      "  addresses:\n"
			      "  - {address: 10.78.0.254/24, interface: eth1}\n"
			      "  - fe80::51/64\n"
			      "  - 10.77.0.100/24\n"
			      "  - 2001:db8::100/64\n"
			      "  - 10.77.0.101/24\n"
			      "---\n"
			      "apiVersion: lintel.io/v1alpha1\n"
			      "kind: VirtualRouter\n"
			      "metadata: {name: back}\n"
			      "spec: {virtualRouterId: 52, interface: eth0}\n"
			      "---\n"
			      "apiVersion: lintel.io/v1alpha1\n"
			      "kind: AddressPool\n"
			      "metadata: {name: public}\n"
			      "spec: {virtualRouter: back, addresses: [10.9.0.0/24]}\n";

static const char servers[] = "apiVersion: lintel.io/v1alpha1\n"
			      "kind: VirtualServer\n"
			      "metadata: {name: web, namespace: shop}\n"
			      "spec:\n"
			      "  virtualRouter: front\n"
			      "  addresses: ['2001:db8::200', 10.77.0.200]\n"
			      "  ports:\n"
			      "  - {port: 443}\n"
			      "  - {portRange: {start: 2000, end: 2009}, protocol: UDP}\n"
			      "  - {port: 80}\n"
			      "  servers: [{address: 10.78.0.1}, {address: '2001:db8:1::1'}]\n"
			      "---\n"
			      "apiVersion: lintel.io/v1alpha1\n"
			      "kind: VirtualServer\n"
			      "metadata: {name: web}\n"
			      "spec:\n"
			      "  virtualRouter: front\n"
			      "  addresses: [10.77.0.200]\n"
			      "  ports:\n"
			      "  - {portRange: {start: 3000, end: 3009}}\n"
			      "  - {port: 22}\n"
			      "  servers: [{address: 10.78.0.1}]\n";

START_TEST(nothing_makes_an_empty_snapshot)
{
	struct model_snapshot *snapshot = model_snapshot_build(NULL, 0, &problems);

	ck_assert_ptr_nonnull(snapshot);
	ck_assert_uint_eq(snapshot->router_count + snapshot->virtual_server_count +
	                          snapshot->pool_count + snapshot->service_count +
	                          snapshot->vip_count,
	                  0);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_ptr_null(model_snapshot_router(snapshot, "front"));
	model_snapshot_free(snapshot);
	model_snapshot_free(NULL);
}
END_TEST

START_TEST(sources_are_joined_sorted_and_outlived)
{
	struct model_snapshot *snapshot = build(servers, network);

	ck_assert_ptr_nonnull(snapshot);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_uint_eq(snapshot->router_count, 2);
	ck_assert_str_eq(snapshot->routers[0]->name, "back");
	ck_assert_str_eq(snapshot->routers[1]->name, "front");
	ck_assert_str_eq(snapshot->routers[1]->origin.source, "second.yaml");
	ck_assert_uint_eq(snapshot->routers[0]->origin.line, 14);
	ck_assert_str_eq(snapshot->routers[1]->addresses[0].interface, "eth1");
	ck_assert_str_eq(snapshot->routers[1]->addresses[1].interface, "eth0");
	ck_assert_uint_eq(snapshot->virtual_server_count, 2);
	ck_assert_str_eq(snapshot->virtual_servers[0]->namespace, "default");
	ck_assert_str_eq(snapshot->virtual_servers[1]->namespace, "shop");
	ck_assert_str_eq(snapshot->virtual_servers[1]->origin.source, "first.yaml");
	ck_assert_uint_eq(snapshot->pool_count, 1);
	ck_assert_str_eq(snapshot->pools[0]->name, "public");
	ck_assert_ptr_eq(model_snapshot_router(snapshot, "front"), snapshot->routers[1]);
	ck_assert_ptr_eq(model_snapshot_router(snapshot, "back"), snapshot->routers[0]);
	ck_assert_ptr_null(model_snapshot_router(snapshot, "middle"));
	model_snapshot_free(snapshot);
}
END_TEST

/* "10.77.0.200 TCP 22-22 default/web front", "+" when it has a mark. */
static void describe(const struct model_service *service, struct text *out)
{
	char address[ADDR_TEXT_SIZE];

	text_printf(out, "%s %s %u-%u %s/%s %s%s\n", addr_format(&service->address, address),
	            model_protocol_name(service->port->protocol), service->port->first,
	            service->port->last, service->virtual_server->namespace,
	            service->virtual_server->name, service->router->name,
	            service->mark ? " +" : "");
}

START_TEST(every_port_on_every_address_is_a_service_in_order)
{
	struct model_snapshot *snapshot = build(servers, network);
	struct text found = {0};

	for (size_t i = 0; i < snapshot->service_count; i++)
		describe(&snapshot->services[i], &found);
	ck_assert_str_eq(text_str(&found), "10.77.0.200 TCP 22-22 default/web front\n"
	                                   "10.77.0.200 TCP 80-80 shop/web front\n"
	                                   "10.77.0.200 TCP 443-443 shop/web front\n"
	                                   "10.77.0.200 TCP 3000-3009 default/web front +\n"
	                                   "10.77.0.200 UDP 2000-2009 shop/web front +\n"
	                                   "2001:db8::200 TCP 80-80 shop/web front\n"
	                                   "2001:db8::200 TCP 443-443 shop/web front\n"
	                                   "2001:db8::200 UDP 2000-2009 shop/web front +\n");
	text_done(&found);
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(an_address_that_two_virtual_servers_share_is_owned_once_and_whole)
{
	struct model_snapshot *snapshot = build(servers, network);
	char text[ADDR_PREFIX_TEXT_SIZE];

	ck_assert_uint_eq(snapshot->vip_count, 2);
	ck_assert_str_eq(addr_prefix_format(&snapshot->vips[0].prefix, text), "10.77.0.200/32");
	ck_assert_str_eq(addr_prefix_format(&snapshot->vips[1].prefix, text), "2001:db8::200/128");
	ck_assert_str_eq(snapshot->vips[0].router->name, "front");
	for (size_t i = 0; i < 2; i++)
		ck_assert_ptr_eq(model_snapshot_vip(snapshot, &snapshot->vips[i].address),
		                 &snapshot->vips[i]);
	ck_assert_ptr_null(
		model_snapshot_vip(snapshot, &snapshot->routers[1]->addresses[0].prefix.addr));
	ck_assert(addr_equal(&snapshot->vips[0].address, &snapshot->vips[0].prefix.addr));
	model_snapshot_free(snapshot);
}
END_TEST

/* The marks of the ranges of 'namespace', summed up; and the number of ranges. */
static uint32_t marks_of(const struct model_snapshot *snapshot, const char *namespace)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];

		if (strcmp(service->virtual_server->namespace, namespace) == 0)
			sum += service->mark;
	}
	return sum;
}

START_TEST(a_range_keeps_its_mark_when_others_go)
{
	struct model_snapshot *all = build(servers, network);
	char *shop = strdup(servers);
	struct model_snapshot *less;

	*strstr(shop, "---") = '\0';
	less = build(shop, network);
	ck_assert_ptr_nonnull(less);
	ck_assert_uint_ne(marks_of(all, "shop"), 0);
	ck_assert_uint_eq(marks_of(all, "shop"), marks_of(less, "shop"));
	free(shop);
	model_snapshot_free(all);
	model_snapshot_free(less);
}
END_TEST

/* One virtual server on 'addresses' addresses with as many ranges as a document may have. */
static char *many_ranges(unsigned addresses, unsigned ranges)
{
	struct text text = {0};

	text_add(&text, "apiVersion: lintel.io/v1alpha1\nkind: VirtualServer\n"
	                "metadata: {name: many}\nspec:\n  virtualRouter: front\n  addresses:\n");
	for (unsigned i = 0; i < addresses; i++)
		text_printf(&text, "  - 10.77.0.%u\n", i + 1);
	text_add(&text, "  ports:\n");
	for (unsigned i = 0; i < ranges; i++)
		text_printf(&text, "  - {portRange: {start: %u, end: %u}}\n", i * 2 + 1, i * 2 + 2);
	text_add(&text, "  servers: [{address: 10.78.0.1}]\n");
	return text_take(&text);
}

START_TEST(marks_differ_though_all_are_taken)
{
	bool seen[MODEL_MARK_COUNT] = {false};
	char *text = many_ranges(4, MODEL_MARK_COUNT / 4);
	struct model_snapshot *snapshot = build(text, network);

	ck_assert_ptr_nonnull(snapshot);
	ck_assert_uint_eq(snapshot->service_count, MODEL_MARK_COUNT);
	for (size_t i = 0; i < snapshot->service_count; i++) {
		uint32_t mark = snapshot->services[i].mark;

		ck_assert_uint_ge(mark, MODEL_MARK_FIRST);
		ck_assert_uint_lt(mark, MODEL_MARK_FIRST + MODEL_MARK_COUNT);
		ck_assert(!seen[mark - MODEL_MARK_FIRST]);
		seen[mark - MODEL_MARK_FIRST] = true;
	}
	free(text);
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(more_ranges_than_marks_are_refused)
{
	char *text = many_ranges(5, MODEL_MARK_COUNT / 4);
	struct model_snapshot *snapshot = build(text, network);
	char *lines = judge_lines(&problems);

	ck_assert_ptr_null(snapshot);
	ck_assert_str_eq(lines,
	                 "first.yaml:12: VirtualServer default/many: spec.ports: there are too "
	                 "many port ranges in all; allowed: 4096, counting each on each "
	                 "address\n");
	free(lines);
	free(text);
}
END_TEST

/* "eth1 10.78.0.254, eth0 10.77.0.100 of front, ..." */
static const char *floating_text(const struct model_snapshot *snapshot, const char *name)
{
	const struct model_router *router = model_snapshot_router(snapshot, name);
	static struct text text;
	char buf[ADDR_TEXT_SIZE];
	size_t count;
	const struct model_floating *floating = model_floating_of(snapshot, router, &count);

	text_clear(&text);
	for (size_t i = 0; i < count; i++) {
		ck_assert_ptr_eq(floating[i].router, router);
		text_printf(&text, "%s%s %s", i ? ", " : "", floating[i].address->interface,
		            addr_format(&floating[i].address->prefix.addr, buf));
		if (floating[i].owner != router)
			text_printf(&text, " of %s", floating[i].owner->name);
	}
	return text_str(&text);
}

START_TEST(one_floating_address_a_family_of_each_interface_none_link_local)
{
	struct model_snapshot *snapshot = build("", network);

	ck_assert_str_eq(floating_text(snapshot, "front"),
	                 "eth1 10.78.0.254, eth0 10.77.0.100, eth0 2001:db8::100");
	ck_assert_str_eq(floating_text(snapshot, "back"), "");
	model_snapshot_free(snapshot);
}
END_TEST

#define MEMBER(name, id, interface, addresses, group)                                       \
	"apiVersion: lintel.io/v1alpha1\nkind: VirtualRouter\nmetadata: {name: " name "}\n" \
	"spec: {virtualRouterId: " id ", interface: " interface ", addresses: [" addresses  \
	"]" group "}\n---\n"
#define EDGE ", syncGroup: edge"

static const struct {
	const char *back, *front, *front_has;
} groups[] = {
	{MEMBER("back", "52", "eth1", "10.78.0.254/24", EDGE),
         MEMBER("front", "51", "eth0", "10.77.0.100/24", EDGE),
         "eth0 10.77.0.100, eth1 10.78.0.254 of back"},
	/* its own comes first, family by family */
	{MEMBER("back", "52", "eth1", "10.78.0.254/24, 'fe80::9/64', '2001:db8:78::fe/64'", EDGE),
         MEMBER("front", "51", "eth0", "{address: 10.78.0.253/24, interface: eth1}", EDGE),
         "eth1 10.78.0.253, eth1 2001:db8:78::fe of back"},
	/* of two others the first by name */
	{MEMBER("back", "52", "eth1", "10.78.0.254/24", EDGE)
                 MEMBER("aside", "53", "eth2", "{address: 10.78.0.252/24, interface: eth1}", EDGE),
         MEMBER("front", "51", "eth0", "10.77.0.100/24", EDGE),
         "eth0 10.77.0.100, eth1 10.78.0.252 of aside"},
	/* no group, or another one */
	{MEMBER("back", "52", "eth1", "10.78.0.254/24", ""),
         MEMBER("front", "51", "eth0", "10.77.0.100/24", EDGE), "eth0 10.77.0.100"},
	{MEMBER("back", "52", "eth1", "10.78.0.254/24", ""),
         MEMBER("front", "51", "eth0", "10.77.0.100/24", ""), "eth0 10.77.0.100"},
	{MEMBER("back", "52", "eth1", "10.78.0.254/24", ", syncGroup: other"),
         MEMBER("front", "51", "eth0", "10.77.0.100/24", EDGE), "eth0 10.77.0.100"},
};

START_TEST(floating_addresses_of_the_whole_sync_group_are_offered)
{
	struct model_snapshot *snapshot = build(groups[_i].back, groups[_i].front);

	ck_assert_ptr_nonnull(snapshot);
	ck_assert_str_eq(floating_text(snapshot, "front"), groups[_i].front_has);
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(an_object_with_an_error_is_looked_at_and_not_taken)
{
	struct model_objects objects;
	const struct model_objects *sources[] = {&objects};
	struct model_problems fresh;
	struct model_snapshot *snapshot;

	model_objects_init(&objects);
	judge_decode(network, "t.yaml", &objects, &problems);
	judge_decode("{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, "
	             "metadata: {name: wrong}, spec: {virtualRouterId: 51, interface: eth0, "
	             "priority: 0, addresses: [10.77.0.100/24]}}",
	             "u.yaml", &objects, &problems);
	ck_assert_uint_eq(problems.error_count, 1);
	/* With its error in hand: everything at once, and nothing comes of it. */
	ck_assert_ptr_null(model_snapshot_build(sources, 1, &problems));
	ck_assert_uint_eq(problems.error_count, 3); /* VRID and address, too */
	/* Without: the others alone. */
	model_problems_init(&fresh);
	snapshot = model_snapshot_build(sources, 1, &fresh);
	ck_assert_ptr_nonnull(snapshot);
	ck_assert_uint_eq(fresh.count, 0);
	ck_assert_uint_eq(snapshot->router_count, 2);
	model_snapshot_free(snapshot);
	model_problems_done(&fresh);
	model_objects_done(&objects);
}
END_TEST

START_TEST(a_pool_has_to_be_there_and_to_agree_about_the_router)
{
	static const struct {
		const char *spec;
		const char *problems;
	} rows[] = {
		{"addressPool: public", ""},
		{"addressPool: public, virtualRouter: back", ""},
		{"addressPool: pulbic",
	         "kubernetes: VirtualServer default/v: spec.addressPool: there is no AddressPool "
	         "'pulbic'; did you mean 'public'?\n"},
		{"addressPool: public, virtualRouter: front",
	         "kubernetes: VirtualServer default/v: spec.virtualRouter: 'front' is not that of "
	         "AddressPool public; allowed: 'back', or none\n"},
		{"virtualRouter: back, addresses: [10.77.0.100]",
	         "kubernetes: VirtualServer default/v: spec.addresses[0]: 10.77.0.100 belongs to "
	         "VirtualRouter front already (kubernetes); allowed: one virtual router for an "
	         "address\n"},
	};
	struct model_objects objects;
	const struct model_objects *sources[] = {&objects};
	struct model_snapshot *snapshot;
	struct text server = {0};
	char *lines;

	model_objects_init(&objects);
	text_printf(&server,
	            "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
	            "spec: {%s, ports: [{port: 80}], service: {name: web}}}",
	            rows[_i].spec);
	judge_decode_api(network, &objects, &problems);
	judge_decode_api(text_str(&server), &objects, &problems);
	snapshot = model_snapshot_build(sources, 1, &problems);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, rows[_i].problems);
	ck_assert_int_eq(snapshot != NULL, !*rows[_i].problems);
	free(lines);
	text_done(&server);
	model_snapshot_free(snapshot);
	model_objects_done(&objects);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_snapshot", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, nothing_makes_an_empty_snapshot);
	tcase_add_test(tests, sources_are_joined_sorted_and_outlived);
	tcase_add_test(tests, every_port_on_every_address_is_a_service_in_order);
	tcase_add_test(tests, an_address_that_two_virtual_servers_share_is_owned_once_and_whole);
	tcase_add_test(tests, a_range_keeps_its_mark_when_others_go);
	tcase_add_test(tests, marks_differ_though_all_are_taken);
	tcase_add_test(tests, more_ranges_than_marks_are_refused);
	tcase_add_test(tests, one_floating_address_a_family_of_each_interface_none_link_local);
	tcase_add_loop_test(tests, floating_addresses_of_the_whole_sync_group_are_offered, 0,
	                    LT_ARRAY_SIZE(groups));
	tcase_add_test(tests, an_object_with_an_error_is_looked_at_and_not_taken);
	tcase_add_loop_test(tests, a_pool_has_to_be_there_and_to_agree_about_the_router, 0, 5);
	return unit_run(suite);
}
