/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What documents become: each field in its member, defaults, copies, objects without a file. */
#include "model/object.h"

#include "model/schema.h"
#include "tests/model/judge.h"
#include "tests/unit.h"

#include <stdio.h>

static struct model_problems problems;
static struct model_objects objects;

static void setup(void)
{
	model_problems_init(&problems);
	model_objects_init(&objects);
}

static void teardown(void)
{
	model_objects_done(&objects);
	model_problems_done(&problems);
}

static const char full_router[] =
	"apiVersion: lintel.io/v1alpha1\n"
	"kind: VirtualRouter\n"
	"metadata: {name: front.example}\n"
	"spec:\n"
	"  virtualRouterId: 51\n"
	"  interface: eth0\n"
	"  addresses: [10.77.0.100/24, {address: '2001:db8::1/64', interface: eth1}]\n"
	"  priority: 200\n"
	"  advertisementInterval: 1s\n"
	"  preempt: true\n"
	"  preemptDelay: 1m30s\n"
	"  accept: false\n"
	"  peers: [10.77.0.12, 'fe80::12']\n"
	"  virtualMac: true\n"
	"  trackInterfaces: [eth1, eth2]\n"
	"  checksum: rfc9568\n"
	"  addressLifetime: 10s\n"
	"  announce: {count: 7, interval: 5ms, repeatAfter: 2s, refresh: 30s}\n";

static void check_full_router(const struct model_router *router)
{
	char text[ADDR_PREFIX_TEXT_SIZE];

	ck_assert_str_eq(router->name, "front.example");
	ck_assert_uint_eq(router->virtual_router_id, 51);
	ck_assert_str_eq(router->interface, "eth0");
	ck_assert_uint_eq(router->address_count, 2);
	ck_assert_str_eq(addr_prefix_format(&router->addresses[0].prefix, text), "10.77.0.100/24");
	ck_assert_str_eq(router->addresses[0].interface, "eth0");
	ck_assert_str_eq(addr_prefix_format(&router->addresses[1].prefix, text), "2001:db8::1/64");
	ck_assert_str_eq(router->addresses[1].interface, "eth1");
	ck_assert_uint_eq(router->priority, 200);
	ck_assert_int_eq(router->advert_interval_us, 1000000);
	ck_assert(router->preempt);
	ck_assert_int_eq(router->preempt_delay_us, 90000000);
	ck_assert(!router->accept);
	ck_assert_uint_eq(router->peer_count, 2);
	ck_assert_str_eq(addr_format(&router->peers[1], text), "fe80::12");
	ck_assert(router->virtual_mac);
	ck_assert_uint_eq(router->track_interface_count, 2);
	ck_assert_str_eq(router->track_interfaces[1], "eth2");
	ck_assert_int_eq(router->checksum, MODEL_CHECKSUM_RFC9568);
	ck_assert_uint_eq(router->address_lifetime_s, 10);
	ck_assert_uint_eq(router->announce_count, 7);
	ck_assert_int_eq(router->announce_interval_us, 5000);
	ck_assert_int_eq(router->announce_again_us, 2000000);
	ck_assert_int_eq(router->announce_refresh_us, 30000000);
}

START_TEST(every_field_of_a_router_arrives)
{
	judge_decode(full_router, "t.yaml", &objects, &problems);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_uint_eq(objects.router_count, 1);
	ck_assert_str_eq(objects.routers[0]->origin.source, "t.yaml");
	ck_assert_uint_eq(objects.routers[0]->origin.line, 1);
	check_full_router(objects.routers[0]);
}
END_TEST

static const char full_server[] =
	"apiVersion: lintel.io/v1alpha1\n"
	"kind: VirtualServer\n"
	"metadata: {name: web, namespace: shop}\n"
	"spec:\n"
	"  virtualRouter: front\n"
	"  addresses: [10.77.0.100, '2001:db8::1']\n"
	"  ports:\n"
	"  - {name: http, port: 80, targetPort: 80, protocol: TCP, scheduler: mh, hashPort: "
	"true,\n"
	"     hashFallback: true}\n"
	"  - {portRange: {start: 1000, end: 1999}, targetPort: 1000, protocol: UDP,\n"
	"     onePacket: true}\n"
	"  - {port: 99, targetPort: metrics, protocol: SCTP}\n"
	"  forwarding: tunnel\n"
	"  sourceNat: {mode: none}\n"
	"  persistence: {timeout: 5m, ipv4PrefixLength: 24, ipv6PrefixLength: 64}\n"
	"  sourceRanges: [10.0.0.0/8, '2001:db8::/32']\n"
	"  drainTimeout: 10s\n"
	"  servers:\n"
	"  - {address: 10.78.0.21, weight: 9, upperThreshold: 100, lowerThreshold: 50,\n"
	"     tunnel: {type: gue, port: 6080, checksum: true}}\n"
	"  - {address: '2001:db8:1::1'}\n"
	"  service: {name: web-pods}\n"
	"  healthCheck: {type: https, interval: 3s, timeout: 2s, rise: 4, fall: 5}\n";

static void check_full_server(const struct model_virtual_server *vs)
{
	char text[ADDR_PREFIX_TEXT_SIZE], title[MODEL_OBJECT_TEXT_SIZE];
	const struct model_port *port = vs->ports;
	const struct model_real_server *server = vs->servers;

	ck_assert_str_eq(model_virtual_server_title(vs, title), "VirtualServer shop/web");
	ck_assert_str_eq(vs->router, "front");
	ck_assert_uint_eq(vs->address_count, 2);
	ck_assert_str_eq(addr_format(&vs->addresses[1], text), "2001:db8::1");
	ck_assert_str_eq(vs->pool, "");
	ck_assert_uint_eq(vs->port_count, 3);
	ck_assert_str_eq(port->name, "http");
	ck_assert_int_eq(port->protocol, MODEL_TCP);
	ck_assert_uint_eq(port->first, 80);
	ck_assert_uint_eq(port->last, 80);
	ck_assert_uint_eq(port->target, 80);
	ck_assert_str_eq(port->target_name, "");
	ck_assert_str_eq(port->scheduler, "mh");
	ck_assert(port->sh_port && port->sh_fallback && !port->one_packet);
	port++;
	ck_assert_str_eq(port->name, "");
	ck_assert_int_eq(port->protocol, MODEL_UDP);
	ck_assert_uint_eq(port->first, 1000);
	ck_assert_uint_eq(port->last, 1999);
	ck_assert_uint_eq(port->target, 1000);
	ck_assert_str_eq(port->scheduler, "wrr");
	ck_assert(!port->sh_port && !port->sh_fallback && port->one_packet);
	port++;
	ck_assert_int_eq(port->protocol, MODEL_SCTP);
	ck_assert_uint_eq(port->target, 0);
	ck_assert_str_eq(port->target_name, "metrics");
	ck_assert_int_eq(vs->forwarding, MODEL_FORWARD_TUNNEL);
	ck_assert_int_eq(vs->snat_mode, MODEL_SNAT_NONE);
	ck_assert_int_eq(vs->persistence_timeout_us, 300000000);
	ck_assert_uint_eq(vs->persistence_prefix4, 24);
	ck_assert_uint_eq(vs->persistence_prefix6, 64);
	ck_assert_uint_eq(vs->source_range_count, 2);
	ck_assert_str_eq(addr_prefix_format(&vs->source_ranges[1], text), "2001:db8::/32");
	ck_assert_int_eq(vs->drain_timeout_us, 10000000);
	ck_assert_uint_eq(vs->server_count, 2);
	ck_assert_str_eq(addr_format(&server->address, text), "10.78.0.21");
	ck_assert_uint_eq(server->port, 0);
	ck_assert_uint_eq(server->weight, 9);
	ck_assert_uint_eq(server->upper_threshold, 100);
	ck_assert_uint_eq(server->lower_threshold, 50);
	ck_assert_int_eq(server->tunnel_type, MODEL_TUNNEL_GUE);
	ck_assert_uint_eq(server->tunnel_port, 6080);
	ck_assert(server->tunnel_checksum);
	ck_assert_uint_eq(server[1].weight, 1);
	ck_assert_int_eq(server[1].tunnel_type, MODEL_TUNNEL_IPIP);
	ck_assert_str_eq(vs->service, "web-pods");
	ck_assert_int_eq(vs->health->type, MODEL_HEALTH_HTTPS);
	ck_assert_int_eq(vs->health->interval_us, 3000000);
	ck_assert_int_eq(vs->health->timeout_us, 2000000);
	ck_assert_uint_eq(vs->health->rise, 4);
	ck_assert_uint_eq(vs->health->fall, 5);
}

START_TEST(every_field_of_a_virtual_server_arrives)
{
	judge_decode(full_server, "t.yaml", &objects, &problems);
	ck_assert_uint_eq(problems.error_count, 0);
	ck_assert_uint_eq(objects.virtual_server_count, 1);
	check_full_server(objects.virtual_servers[0]);
}
END_TEST

START_TEST(every_field_of_a_pool_arrives)
{
	const struct model_pool *pool;
	char text[ADDR_TEXT_SIZE];

	judge_decode("{apiVersion: lintel.io/v1alpha1, kind: AddressPool, metadata: {name: p}, "
	             "spec: {virtualRouter: r, addresses: [10.0.0.0/30, 10.0.1.1-10.0.1.9], "
	             "autoAssign: false}}",
	             "t.yaml", &objects, &problems);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_uint_eq(objects.pool_count, 1);
	pool = objects.pools[0];
	ck_assert_str_eq(pool->name, "p");
	ck_assert_str_eq(pool->router, "r");
	ck_assert(!pool->auto_assign);
	ck_assert_uint_eq(pool->range_count, 2);
	ck_assert_str_eq(addr_format(&pool->ranges[0].last, text), "10.0.0.3");
	ck_assert_str_eq(addr_format(&pool->ranges[1].first, text), "10.0.1.1");
}
END_TEST

START_TEST(source_nat_takes_one_address_or_one_of_each_family)
{
	static const struct {
		const char *text;
		size_t count;
	} rows[] = {
		{"sourceNat: {address: 10.0.0.1}", 1},
		{"sourceNat: {mode: address, address: [10.0.0.1]}", 1},
		{"sourceNat: {address: [10.0.0.1, '2001:db8::1']}", 2},
	};
	struct text yaml = {0};

	text_printf(&yaml,
	            "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
	            "spec: {virtualRouter: r, addresses: [10.0.0.1], ports: [{port: 80}], "
	            "servers: [{address: 10.1.0.1}], %s}}",
	            rows[_i].text);
	judge_decode(text_str(&yaml), "t.yaml", &objects, &problems);
	ck_assert_uint_eq(problems.count, 0);
	ck_assert_int_eq(objects.virtual_servers[0]->snat_mode, MODEL_SNAT_ADDRESS);
	ck_assert_uint_eq(objects.virtual_servers[0]->snat_address_count, rows[_i].count);
	text_done(&yaml);
}
END_TEST

static void check_server_defaults(const struct model_virtual_server *vs)
{
	ck_assert_str_eq(vs->namespace, "default");
	ck_assert_str_eq(vs->pool, "");
	ck_assert_str_eq(vs->service, "");
	ck_assert_int_eq(vs->forwarding, MODEL_FORWARD_NAT);
	ck_assert_int_eq(vs->snat_mode, MODEL_SNAT_AUTO);
	ck_assert_int_eq(vs->persistence_timeout_us, 0);
	ck_assert_uint_eq(vs->persistence_prefix4, 32);
	ck_assert_uint_eq(vs->persistence_prefix6, 128);
	ck_assert_int_eq(vs->drain_timeout_us, 300000000);
	ck_assert_ptr_null(vs->health);
	ck_assert_ptr_null(vs->quorum);
	ck_assert_int_eq(vs->all_down, MODEL_ALL_DOWN_STOP);
	ck_assert_uint_eq(vs->sorry_server_count, 0);
}

START_TEST(what_is_not_said_has_its_default)
{
	const struct model_router *router;

	judge_decode("{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: r}, "
	             "spec: {virtualRouterId: 1, interface: eth0}}\n---\n"
	             "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
	             "spec: {virtualRouter: r, addresses: [10.0.0.1], ports: [{port: 80}], "
	             "servers: [{address: 10.1.0.1}]}}\n---\n"
	             "{apiVersion: lintel.io/v1alpha1, kind: AddressPool, metadata: {name: p}, "
	             "spec: {virtualRouter: r, addresses: [10.0.0.2]}}",
	             "t.yaml", &objects, &problems);
	ck_assert_uint_eq(problems.count, 0);
	router = objects.routers[0];
	ck_assert_uint_eq(
		router->address_count + router->peer_count + router->track_interface_count, 0);
	ck_assert_uint_eq(router->priority, 100);
	ck_assert_int_eq(router->advert_interval_us, 100000);
	ck_assert(!router->preempt && router->accept && !router->virtual_mac);
	ck_assert_int_eq(router->preempt_delay_us, 0);
	ck_assert_int_eq(router->checksum, MODEL_CHECKSUM_PSEUDO_HEADER);
	ck_assert_uint_eq(router->address_lifetime_s, 3);
	ck_assert_uint_eq(router->announce_count, 5);
	ck_assert_int_eq(router->announce_interval_us, 20000);
	ck_assert_int_eq(router->announce_again_us, 1000000);
	ck_assert_int_eq(router->announce_refresh_us, 60000000);
	check_server_defaults(objects.virtual_servers[0]);
	ck_assert_int_eq(objects.virtual_servers[0]->ports[0].protocol, MODEL_TCP);
	ck_assert_str_eq(objects.virtual_servers[0]->ports[0].scheduler, "wrr");
	ck_assert_uint_eq(objects.virtual_servers[0]->servers[0].weight, 1);
	ck_assert(objects.pools[0]->auto_assign);
}
END_TEST

START_TEST(objects_made_without_a_document_have_the_same_defaults)
{
	struct model_virtual_server vs = {0};
	struct model_real_server server = {0};
	struct model_port port = {0};

	model_defaults(model_schema_virtual_server.map, &vs);
	model_defaults(&model_schema_port_map, &port);
	model_defaults(&model_schema_server_map, &server);
	check_server_defaults(&vs);
	ck_assert_str_eq(vs.name, "");
	ck_assert_int_eq(port.protocol, MODEL_TCP);
	ck_assert_str_eq(port.scheduler, "wrr");
	ck_assert_str_eq(port.target_name, "");
	ck_assert_uint_eq(server.weight, 1);
}
END_TEST

START_TEST(what_is_shared_stays_until_the_last_one_gives_it_up)
{
	struct model_objects shared;

	judge_decode(full_router, "t.yaml", &objects, &problems);
	judge_decode(full_server, "t.yaml", &objects, &problems);
	shared = model_objects_share(&objects);
	/* Under the sanitizer, whatever is gone too early would be found. */
	model_objects_done(&objects);
	model_objects_init(&objects);
	check_full_router(shared.routers[0]);
	check_full_server(shared.virtual_servers[0]);
	model_objects_done(&shared);
}
END_TEST

START_TEST(objects_of_the_api_may_name_services_and_pools_and_have_no_lines)
{
	static const char yaml[] =
		"{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
		"spec: {addressPool: p, ports: [{port: 80, targetPort: http}], "
		"service: {name: web}, drainTimeout: 5}}";
	char *lines;

	judge_decode_api(yaml, &objects, &problems);
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, "kubernetes: VirtualServer default/v: spec.drainTimeout: 5 has no "
	                        "unit (h, m, s, ms); allowed: a duration from 0s to 24h\n");
	free(lines);
}
END_TEST

START_TEST(objects_can_be_added_one_by_one)
{
	struct model_router router = {0};
	char name[8];

	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		router.name = arena_strdup(&objects.arena, name);
		ck_assert_str_eq(model_objects_add_router(&objects, &router)->name, name);
	}
	ck_assert_uint_eq(objects.router_count, 100);
	for (unsigned i = 0; i < 100; i++) {
		snprintf(name, sizeof(name), "r%u", i);
		ck_assert_str_eq(objects.routers[i]->name, name);
	}
}
END_TEST

START_TEST(an_object_that_is_added_knows_whether_servers_have_checks_of_their_own)
{
	const struct model_health_check check = {.type = MODEL_HEALTH_TCP};
	struct model_real_server servers[2] = {0};
	struct model_virtual_server vs = {.servers = servers, .server_count = 2, .health = &check};

	ck_assert(!model_objects_add_virtual_server(&objects, &vs)->has_own_checks);
	servers[1].health = &check;
	ck_assert(model_objects_add_virtual_server(&objects, &vs)->has_own_checks);
	vs.has_own_checks = true;
	vs.server_count = 1;
	ck_assert(!model_objects_add_virtual_server(&objects, &vs)->has_own_checks);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_object", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, every_field_of_a_router_arrives);
	tcase_add_test(tests, every_field_of_a_virtual_server_arrives);
	tcase_add_test(tests, every_field_of_a_pool_arrives);
	tcase_add_loop_test(tests, source_nat_takes_one_address_or_one_of_each_family, 0, 3);
	tcase_add_test(tests, what_is_not_said_has_its_default);
	tcase_add_test(tests, objects_made_without_a_document_have_the_same_defaults);
	tcase_add_test(tests, what_is_shared_stays_until_the_last_one_gives_it_up);
	tcase_add_test(tests, objects_of_the_api_may_name_services_and_pools_and_have_no_lines);
	tcase_add_test(tests, objects_can_be_added_one_by_one);
	tcase_add_test(tests,
	               an_object_that_is_added_knows_whether_servers_have_checks_of_their_own);
	return unit_run(suite);
}
