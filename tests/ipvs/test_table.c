/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/table.h"

#include "tests/ipvs/tables.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A snapshot made by hand: one virtual server, its ports on its address. */
static struct model_virtual_server vs;
static struct model_port port;
static struct model_real_server servers[4];
static struct model_service services[4];
static struct model_snapshot snapshot;
static struct ipvs_table table;

static void set_up(void)
{
	vs = (struct model_virtual_server){
		.namespace = "default",
		.name = "web",
		.persistence_prefix4 = 32,
		.persistence_prefix6 = 128,
		.drain_timeout_us = 120000000,
		.servers = servers,
	};
	port = (struct model_port){
		.protocol = MODEL_TCP, .first = 80, .last = 80, .scheduler = "wrr"};
	services[0] = (struct model_service){
		.virtual_server = &vs, .port = &port, .address = tables_addr("10.77.0.100")};
	snapshot = (struct model_snapshot){.services = services, .service_count = 1};
	memset(&table, 0, sizeof(table));
}

static void tear_down(void)
{
	ipvs_table_done(&table);
}

static struct model_real_server *add_server(const char *addr, uint16_t number, uint32_t weight)
{
	struct model_real_server *server = &servers[vs.server_count++];

	*server = (struct model_real_server){
		.address = tables_addr(addr), .port = number, .weight = weight};
	return server;
}

/* The only service of the only table. */
static const struct ipvs_service *build(void)
{
	ipvs_table_build(&snapshot, NULL, NULL, NULL, &table);
	ck_assert_uint_eq(table.service_count, 1);
	return &table.services[0];
}

START_TEST(a_range_that_nftables_cannot_lead_to_its_servers_gets_no_entry)
{
	services[0].mark = 7;
	services[0].refusal = "two ranges want the same ports of the servers";
	ipvs_table_build(&snapshot, NULL, NULL, NULL, &table);
	ck_assert_uint_eq(table.service_count, 0);
	ipvs_table_done(&table);
	services[0].refusal = NULL;
	build();
}
END_TEST

START_TEST(a_service_takes_its_key_and_name_from_the_snapshot)
{
	const struct ipvs_service *service = build();
	char text[IPVS_TEXT_SIZE];

	ck_assert_str_eq(ipvs_service_format(service, text), "TCP 10.77.0.100:80");
	ck_assert_str_eq(service->scheduler, "wrr");
	ck_assert_uint_eq(service->flags, 0);
	ck_assert_uint_eq(service->timeout_s, 0);
	ck_assert_uint_eq(service->prefix, 32);
	ck_assert_str_eq(service->identity.title, "VirtualServer default/web");
	ck_assert_int_eq(service->identity.drain_timeout_us, 120000000);
	ck_assert_uint_eq(service->identity.first_port, 80);
	ck_assert(addr_equal(&service->identity.vip, &services[0].address));
	ck_assert_ptr_eq(service->wanted, &services[0]);
}
END_TEST

struct port_row {
	const char *name;
	enum model_forwarding forwarding;
	uint16_t server, target, first, last;
	uint32_t mark;
	uint16_t expected;
};

static const struct port_row ports[] = {
	{"nothing said", MODEL_FORWARD_NAT, 0, 0, 80, 80, 0, 80},
	{"the port's target", MODEL_FORWARD_NAT, 0, 8080, 80, 80, 0, 8080},
	{"the server's own port", MODEL_FORWARD_NAT, 9090, 8080, 80, 80, 0, 9090},
	{"direct keeps the client's", MODEL_FORWARD_DIRECT, 9090, 8080, 80, 80, 0, 80},
	{"tunnel, too", MODEL_FORWARD_TUNNEL, 9090, 8080, 80, 80, 0, 80},
	{"a range keeps the port", MODEL_FORWARD_NAT, 0, 0, 1000, 1999, 0x1000, 0},
	{"shifted before IPVS", MODEL_FORWARD_NAT, 0, 5000, 1000, 1999, 0x1000, 0},
};

START_TEST(servers_get_the_port_they_answer_on)
{
	const struct port_row *row = &ports[_i];

	vs.forwarding = row->forwarding;
	port.target = row->target;
	port.first = row->first;
	port.last = row->last;
	services[0].mark = row->mark;
	add_server("10.78.0.21", row->server, 1);
	ck_assert_msg(build()->dests[0].port == row->expected, "%s", row->name);
}
END_TEST

START_TEST(a_range_becomes_a_mark)
{
	const struct ipvs_service *service;
	char text[IPVS_TEXT_SIZE];

	port = (struct model_port){
		.protocol = MODEL_UDP, .first = 16384, .last = 16483, .scheduler = "sh"};
	port.sh_port = true;
	vs.persistence_timeout_us = 300000000;
	services[0].mark = 0x1234;
	service = build();
	ck_assert_uint_eq(service->key.mark, 0x1234);
	ck_assert_uint_eq(service->key.protocol, 0);
	ck_assert_uint_eq(service->key.port, 0);
	ck_assert_uint_eq(service->key.addr.family, ADDR_IPV4);
	ck_assert(addr_is_unspecified(&service->key.addr));
	ck_assert_uint_eq(service->flags, IPVS_FLAG_PERSISTENT | IPVS_FLAG_PORT);
	ck_assert_uint_eq(service->timeout_s, 300);
	ck_assert_str_eq(ipvs_service_format(service, text),
	                 "UDP 10.77.0.100:16384-16483 (mark 0x1234)");
}
END_TEST

START_TEST(flags_and_persistence_are_carried_over)
{
	const struct ipvs_service *service;

	port.protocol = MODEL_UDP;
	port.one_packet = true;
	port.sh_fallback = true;
	vs.persistence_timeout_us = 90000000;
	vs.persistence_prefix4 = 24;
	service = build();
	ck_assert_uint_eq(service->flags,
	                  IPVS_FLAG_PERSISTENT | IPVS_FLAG_ONE_PACKET | IPVS_FLAG_FALLBACK);
	ck_assert_uint_eq(service->timeout_s, 90);
	ck_assert_uint_eq(service->prefix, 24);
}
END_TEST

START_TEST(one_packet_is_for_udp_alone)
{
	port.one_packet = true;
	ck_assert_uint_eq(build()->flags, 0);
}
END_TEST

START_TEST(persistence_of_ipv6_has_a_prefix_of_its_own)
{
	services[0].address = tables_addr("2001:db8:77::100");
	vs.persistence_timeout_us = 500000;
	vs.persistence_prefix4 = 24;
	vs.persistence_prefix6 = 64;
	ck_assert_uint_eq(build()->prefix, 64);
	ck_assert_uint_eq(table.services[0].timeout_s, 1);
}
END_TEST

START_TEST(tunnel_settings_are_for_tunnels_alone)
{
	struct model_real_server *server = add_server("10.78.0.21", 0, 1);

	server->tunnel_type = MODEL_TUNNEL_GUE;
	server->tunnel_port = 6080;
	server->tunnel_checksum = true;
	server->upper_threshold = 100;
	server->lower_threshold = 80;
	vs.forwarding = MODEL_FORWARD_TUNNEL;
	build();
	ck_assert_uint_eq(table.services[0].dests[0].forwarding, IPVS_FORWARD_TUNNEL);
	ck_assert_uint_eq(table.services[0].dests[0].tunnel_type, MODEL_TUNNEL_GUE);
	ck_assert_uint_eq(table.services[0].dests[0].tunnel_port, 6080);
	ck_assert_uint_eq(table.services[0].dests[0].tunnel_flags, IPVS_TUNNEL_CHECKSUM);
	ck_assert_uint_eq(table.services[0].dests[0].upper_threshold, 100);
	ck_assert_uint_eq(table.services[0].dests[0].lower_threshold, 80);
	ipvs_table_done(&table);
	vs.forwarding = MODEL_FORWARD_NAT;
	build();
	ck_assert_uint_eq(table.services[0].dests[0].tunnel_type, 0);
	ck_assert_uint_eq(table.services[0].dests[0].tunnel_port, 0);
	ck_assert_uint_eq(table.services[0].dests[0].tunnel_flags, 0);
}
END_TEST

struct family_row {
	enum model_forwarding forwarding;
	bool has_v4, has_v6;
	const char *expected; /* the only server; NULL: none */
};

static const struct family_row families[] = {
	{MODEL_FORWARD_NAT, true, true, "10.78.0.21:80"},
	{MODEL_FORWARD_NAT, false, true, NULL},
	{MODEL_FORWARD_DIRECT, false, true, NULL},
	{MODEL_FORWARD_TUNNEL, true, true, "10.78.0.21:80"},
	{MODEL_FORWARD_TUNNEL, false, true, "[2001:db8:78::21]:80"},
	{MODEL_FORWARD_NAT, false, false, NULL},
};

START_TEST(servers_of_the_other_family_are_for_tunnels_that_have_no_others)
{
	const struct family_row *row = &families[_i];
	const struct ipvs_service *service;
	char text[IPVS_TEXT_SIZE];

	vs.forwarding = row->forwarding;
	if (row->has_v6)
		add_server("2001:db8:78::21", 0, 1);
	if (row->has_v4)
		add_server("10.78.0.21", 0, 1);
	service = build();
	ck_assert_uint_eq(service->dest_count, row->expected ? 1 : 0);
	if (row->expected)
		ck_assert_str_eq(ipvs_dest_format(&service->dests[0], text), row->expected);
}
END_TEST

static bool drain_one(const void *ctx, const struct addr *addr, uint16_t number)
{
	const struct addr drained = tables_addr("10.78.0.22");

	return addr_equal(addr, &drained) && number == *(const uint16_t *)ctx;
}

START_TEST(a_drained_server_has_weight_0)
{
	uint16_t number = 8080;

	port.target = 8080;
	add_server("10.78.0.21", 0, 5);
	add_server("10.78.0.22", 0, 5);
	ipvs_table_build(&snapshot, NULL, drain_one, &number, &table);
	ck_assert_uint_eq(table.services[0].dests[0].weight, 5);
	ck_assert_uint_eq(table.services[0].dests[1].weight, 0);
}
END_TEST

START_TEST(of_a_range_the_first_target_port_is_asked_for)
{
	uint16_t number = 5000;

	port.target = 5000;
	port.last = 90;
	services[0].mark = 0x1000;
	add_server("10.78.0.22", 0, 5);
	ipvs_table_build(&snapshot, NULL, drain_one, &number, &table);
	ck_assert_uint_eq(table.services[0].dests[0].weight, 0);
}
END_TEST

START_TEST(tables_are_in_order_whatever_the_snapshots)
{
	static struct model_port other = {
		.protocol = MODEL_UDP, .first = 53, .last = 53, .scheduler = "rr"};

	services[1] = services[0];
	services[0].mark = 0x1000;
	services[2] = services[1];
	services[2].address = tables_addr("10.77.0.99");
	services[3] = services[1];
	services[3].port = &other;
	snapshot.service_count = 4;
	add_server("10.78.0.22", 0, 1);
	add_server("10.78.0.21", 90, 1);
	add_server("10.78.0.21", 0, 1);
	ipvs_table_build(&snapshot, NULL, NULL, NULL, &table);
	for (size_t i = 1; i < 4; i++)
		ck_assert_int_lt(
			ipvs_key_compare(&table.services[i - 1].key, &table.services[i].key), 0);
	ck_assert_uint_eq(table.services[3].key.mark, 0x1000);
	ck_assert_uint_eq(table.services[0].dests[0].port, 80);
	ck_assert_uint_eq(table.services[0].dests[1].port, 90);
	for (size_t i = 0; i < 4; i++) {
		ck_assert_ptr_eq(ipvs_table_find(&table, &table.services[i].key),
		                 &table.services[i]);
		ck_assert_ptr_eq(ipvs_table_at(&table, i), &table.services[i]);
	}
	ck_assert_ptr_null(ipvs_table_at(&table, 4));
	for (size_t j = 0; j < 2; j++) {
		const struct ipvs_dest *dest = &table.services[0].dests[j];

		ck_assert_ptr_eq(ipvs_service_find(&table.services[0], &dest->addr, dest->port),
		                 dest);
	}
}
END_TEST

START_TEST(sorting_drops_what_is_there_twice)
{
	struct ipvs_service *service;

	tables_init(&table);
	tables_add(&table, MODEL_TCP, "10.77.0.2", 80);
	service = tables_add(&table, MODEL_TCP, "10.77.0.1", 80);
	tables_add_dest(service, "10.78.0.2", 80, 1);
	tables_add_dest(service, "10.78.0.1", 80, 1);
	tables_add_dest(service, "10.78.0.2", 80, 1);
	tables_add(&table, MODEL_TCP, "10.77.0.2", 80);
	ipvs_table_sort(&table);
	ck_assert_uint_eq(table.service_count, 2);
	ck_assert_uint_eq(table.services[0].dest_count, 2);
}
END_TEST

START_TEST(an_empty_table_has_nothing)
{
	const struct ipvs_key key = {.mark = 1};
	const struct ipvs_service none = {0};

	snapshot.service_count = 0;
	ipvs_table_build(&snapshot, NULL, NULL, NULL, &table);
	ck_assert_uint_eq(table.service_count, 0);
	ck_assert_ptr_null(ipvs_table_find(&table, &key));
	ck_assert_ptr_null(ipvs_table_at(&table, 0));
	ck_assert_ptr_null(ipvs_service_find(&none, &key.addr, 1));
}
END_TEST

START_TEST(identities_are_lent_to_what_has_none)
{
	struct ipvs_table found;
	char text[IPVS_TEXT_SIZE];

	tables_init(&table);
	tables_add(&table, MODEL_TCP, "10.77.0.1", 80);
	tables_add_mark(&table, 0x1000, MODEL_UDP, "10.77.0.1", 5, 9);
	tables_copy(&table, &found);
	ck_assert_str_eq(ipvs_service_format(&found.services[1], text), "FWM 0x1000 (IPv4)");
	ipvs_table_annotate(&found, &table);
	ck_assert_str_eq(ipvs_service_format(&found.services[1], text),
	                 "UDP 10.77.0.1:5-9 (mark 0x1000)");
	ck_assert_str_eq(found.services[0].identity.title, "VirtualServer default/web");
	ck_assert_ptr_ne(found.services[0].identity.title, table.services[0].identity.title);
	ipvs_table_done(&found);
}
END_TEST

/* Whatever the kernel can be told makes a difference; what only the kernel counts makes none. */
START_TEST(every_attribute_of_a_service_counts)
{
	struct ipvs_service a, b[5];

	tables_init(&table);
	a = *tables_add(&table, MODEL_TCP, "10.77.0.1", 80);
	for (size_t i = 0; i < LT_ARRAY_SIZE(b); i++)
		b[i] = a;
	ck_assert(ipvs_service_same(&a, &b[0]));
	strcpy(b[0].scheduler, "mh");
	strcpy(b[1].persistence_engine, "sip");
	b[2].flags = IPVS_FLAG_SCHED3;
	b[3].timeout_s = 1;
	b[4].prefix = 31;
	for (size_t i = 0; i < LT_ARRAY_SIZE(b); i++)
		ck_assert_msg(!ipvs_service_same(&a, &b[i]), "%zu", i);
	b[0] = a;
	b[0].dest_count = 9;
	b[0].flags |= 0x02; /* hashed */
	ck_assert(ipvs_service_same(&a, &b[0]));
}
END_TEST

START_TEST(every_attribute_of_a_server_counts)
{
	struct ipvs_dest a = {.addr = tables_addr("10.78.0.1"), .port = 80}, b[7];

	for (size_t i = 0; i < LT_ARRAY_SIZE(b); i++)
		b[i] = a;
	ck_assert(ipvs_dest_same(&a, &b[0]));
	b[0].forwarding = IPVS_FORWARD_DIRECT;
	b[1].weight = 1;
	b[2].upper_threshold = 1;
	b[3].lower_threshold = 1;
	b[4].tunnel_type = MODEL_TUNNEL_GRE;
	b[5].tunnel_port = 1;
	b[6].tunnel_flags = IPVS_TUNNEL_CHECKSUM;
	for (size_t i = 0; i < LT_ARRAY_SIZE(b); i++)
		ck_assert_msg(!ipvs_dest_same(&a, &b[i]), "%zu", i);
	b[0] = a;
	b[0].active = b[0].inactive = b[0].persistent = 5;
	ck_assert(ipvs_dest_same(&a, &b[0]));
}
END_TEST

struct key_row {
	struct ipvs_key key;
	const char *expected;
};

START_TEST(keys_read_well)
{
	const struct key_row rows[] = {
		{{.addr = tables_addr("10.77.0.100"), .protocol = 6, .port = 80},
	         "TCP 10.77.0.100:80"},
		{{.addr = tables_addr("2001:db8::1"), .protocol = 132, .port = 9},
	         "SCTP [2001:db8::1]:9"},
		{{.addr = tables_addr("10.77.0.100"), .protocol = 17, .port = 0},
	         "UDP 10.77.0.100:0"},
		{{.addr = tables_addr("10.77.0.100"), .protocol = 1, .port = 1},
	         "IP 10.77.0.100:1"},
		{{.addr = {.family = ADDR_IPV6}, .mark = 0x1fff}, "FWM 0x1fff (IPv6)"},
	};
	char text[IPVS_TEXT_SIZE];

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++)
		ck_assert_str_eq(ipvs_key_format(&rows[i].key, text), rows[i].expected);
}
END_TEST

START_TEST(forwarding_has_names)
{
	ck_assert_str_eq(ipvs_forwarding_name(IPVS_FORWARD_NAT), "nat");
	ck_assert_str_eq(ipvs_forwarding_name(IPVS_FORWARD_DIRECT), "direct");
	ck_assert_str_eq(ipvs_forwarding_name(IPVS_FORWARD_TUNNEL), "tunnel");
	ck_assert_str_eq(ipvs_forwarding_name((enum ipvs_forwarding)7), "unknown");
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/table");
	TCase *tcase = tcase_create("table");
	SRunner *runner;
	int failed;

	tcase_add_checked_fixture(tcase, set_up, tear_down);
	tcase_add_test(tcase, a_service_takes_its_key_and_name_from_the_snapshot);
	tcase_add_test(tcase, a_range_that_nftables_cannot_lead_to_its_servers_gets_no_entry);
	tcase_add_loop_test(tcase, servers_get_the_port_they_answer_on, 0, LT_ARRAY_SIZE(ports));
	tcase_add_test(tcase, a_range_becomes_a_mark);
	tcase_add_test(tcase, flags_and_persistence_are_carried_over);
	tcase_add_test(tcase, one_packet_is_for_udp_alone);
	tcase_add_test(tcase, persistence_of_ipv6_has_a_prefix_of_its_own);
	tcase_add_test(tcase, tunnel_settings_are_for_tunnels_alone);
	tcase_add_loop_test(tcase, servers_of_the_other_family_are_for_tunnels_that_have_no_others,
	                    0, LT_ARRAY_SIZE(families));
	tcase_add_test(tcase, a_drained_server_has_weight_0);
	tcase_add_test(tcase, of_a_range_the_first_target_port_is_asked_for);
	tcase_add_test(tcase, tables_are_in_order_whatever_the_snapshots);
	tcase_add_test(tcase, sorting_drops_what_is_there_twice);
	tcase_add_test(tcase, an_empty_table_has_nothing);
	tcase_add_test(tcase, identities_are_lent_to_what_has_none);
	tcase_add_test(tcase, every_attribute_of_a_service_counts);
	tcase_add_test(tcase, every_attribute_of_a_server_counts);
	tcase_add_test(tcase, keys_read_well);
	tcase_add_test(tcase, forwarding_has_names);
	suite_add_tcase(suite, tcase);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
