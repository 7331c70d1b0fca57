/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/connections_file.h"

#include "lib/compiler.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct good_row {
	const char *line;
	const char *protocol, *client, *virtual, *server, *state;
	uint16_t client_port, virtual_port, server_port;
	uint32_t expires_s;
};

static const struct good_row good[] = {
	{"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED     899", "TCP", "10.77.0.1",
         "10.77.0.100", "10.78.0.21", "ESTABLISHED", 54321, 80, 8080, 899},
	{"UDP FFFFFFFF FFFF 00000000 0000 0A4E0015 0035 UDP             300", "UDP",
         "255.255.255.255", "0.0.0.0", "10.78.0.21", "UDP", 65535, 0, 53, 300},
	{"TCP 2001:0db8:0077:0000:0000:0000:0000:0001 D431 "
         "2001:0db8:0077:0000:0000:0000:0000:0100 0050 "
         "2001:0db8:0078:0000:0000:0000:0000:0021 1F90 FIN_WAIT          9",
         "TCP", "2001:db8:77::1", "2001:db8:77::100", "2001:db8:78::21", "FIN_WAIT", 54321, 80,
         8080, 9},
	/* an IPv6 server behind an IPv4 tunnel; a persistence engine's data at the end */
	{"UDP 0A4D0001 13C4 0A4D0064 13C4 2001:0db8:0078:0000:0000:0000:0000:0021 13C4 UDP        "
         "     300 sip 1234@host",
         "UDP", "10.77.0.1", "10.77.0.100", "2001:db8:78::21", "UDP", 5060, 5060, 5060, 300},
	/* a persistence template of a mark */
	{"IP  0A4D0000 0000 00001000 0000 0A4E0015 0000 NONE             59", "IP", "10.77.0.0",
         "0.0.16.0", "10.78.0.21", "NONE", 0, 0, 0, 59},
};

START_TEST(lines_of_the_kernel_are_understood)
{
	const struct good_row *row = &good[_i];
	struct ipvs_connection c;
	char text[ADDR_TEXT_SIZE];

	ck_assert_int_eq(ipvs_connection_parse(row->line, &c), 0);
	ck_assert_str_eq(c.protocol, row->protocol);
	ck_assert_str_eq(addr_format(&c.client, text), row->client);
	ck_assert_str_eq(addr_format(&c.virtual, text), row->virtual);
	ck_assert_str_eq(addr_format(&c.server, text), row->server);
	ck_assert_str_eq(c.state, row->state);
	ck_assert_uint_eq(c.client_port, row->client_port);
	ck_assert_uint_eq(c.virtual_port, row->virtual_port);
	ck_assert_uint_eq(c.server_port, row->server_port);
	ck_assert_uint_eq(c.expires_s, row->expires_s);
}
END_TEST

static const char *const bad[] = {
	"",
	"Pro FromIP   FPrt ToIP     TPrt DestIP   DPrt State       Expires PEName PEData",
	"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED",
	"TCP 0A4D000 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED 899",
	"TCP 0A4D00011 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED 899",
	"TCP 0A4D000G D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED 899",
	"TCP 0A4D0001 D431 0A4D0064 050 0A4E0015 1F90 ESTABLISHED 899",
	"TCP 0A4D0001 D431 0A4D0064 0050 0A4E:015 1F90 ESTABLISHED 899",
	"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED 8A9",
	"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED 4294967296",
	"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED_AND_MORE 899",
	"TCPTCPTCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 1F90 ESTABLISHED 899",
	"TCP 0A4D00010A4D00010A4D00010A4D00010A4D00010A4D0001 D431 0A4D0064 0050 0A4E0015 1F90 X 9",
};

START_TEST(other_lines_are_refused)
{
	struct ipvs_connection c = {.expires_s = 77};

	ck_assert_int_eq(ipvs_connection_parse(bad[_i], &c), -EINVAL);
	ck_assert_uint_eq(c.expires_s, 77);
}
END_TEST

/* --- as flows --- */

static const struct flow_row {
	const char *line;
	bool fits;
	struct ipvs_connection_service service;
	uint8_t protocol;
	enum model_flow_state state;
	uint32_t timeout_s;
	bool template;
} flow_rows[] = {
	{"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 0050 ESTABLISHED     899",
         true,
         {.forwarding = MODEL_FORWARD_DIRECT},
         6,
         MODEL_FLOW_ESTABLISHED,
         899,
         false},
	{"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 0050 SYN_RECV         59",
         true,
         {.forwarding = MODEL_FORWARD_TUNNEL},
         6,
         MODEL_FLOW_OPENING,
         59,
         false},
	{"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 0050 TIME_WAIT         0",
         true,
         {.forwarding = MODEL_FORWARD_NAT},
         6,
         MODEL_FLOW_CLOSING,
         1,
         false},
	{"UDP 0A4D0001 D431 0A4D0064 0050 0A4E0015 0050 UDP             300",
         true,
         {.forwarding = MODEL_FORWARD_DIRECT, .mark = 7},
         17,
         MODEL_FLOW_ESTABLISHED,
         300,
         false},
	{"SCTP 0A4D0001 D431 0A4D0064 0050 0A4E0015 0050 S-SENT          60",
         true,
         {.forwarding = MODEL_FORWARD_DIRECT},
         132,
         MODEL_FLOW_CLOSING,
         60,
         false},
	/* templates: the whole time of their service */
	{"TCP 0A4D0001 0000 0A4D0064 0050 0A4E0015 0050 ASSURED          12",
         true,
         {.forwarding = MODEL_FORWARD_DIRECT, .persistence_s = 300},
         6,
         MODEL_FLOW_ESTABLISHED,
         300,
         true},
	{"IP  0A4D0001 0000 00001000 0000 0A4E0015 0000 NONE             12",
         true,
         {.forwarding = MODEL_FORWARD_DIRECT, .mark = 0x1000, .persistence_s = 60},
         0,
         MODEL_FLOW_ESTABLISHED,
         60,
         true},
	{"IP  0A4D0001 0001 00001000 0000 0A4E0015 0000 NONE             12",
         false,
         {.mark = 0x1000},
         0,
         MODEL_FLOW_OPENING,
         0,
         false},
	{"ESP 0A4D0001 D431 0A4D0064 0050 0A4E0015 0050 NONE            899",
         false,
         {0},
         0,
         MODEL_FLOW_OPENING,
         0,
         false},
	{"TCP 0A4D0001 D431 0A4D0064 0050 0A4E0015 0050 BUG!            899",
         false,
         {0},
         0,
         MODEL_FLOW_OPENING,
         0,
         false},
	{"UDP 0A4D0001 13C4 0A4D0064 13C4 2001:0db8:0078:0000:0000:0000:0000:0021 13C4 UDP  300",
         false,
         {0},
         0,
         MODEL_FLOW_OPENING,
         0,
         false},
};

START_TEST(lines_become_flows_with_what_their_service_says)
{
	const struct flow_row *row = &flow_rows[_i];
	struct model_flow flow = {.timeout_s = 77};
	struct ipvs_connection c;

	ck_assert_int_eq(ipvs_connection_parse(row->line, &c), 0);
	ck_assert_int_eq(ipvs_connection_to_flow(&c, &row->service, &flow), row->fits);
	if (!row->fits) {
		ck_assert_uint_eq(flow.timeout_s, 77);
		return;
	}
	ck_assert_uint_eq(flow.protocol, row->protocol);
	ck_assert_int_eq(flow.state, row->state);
	ck_assert_int_eq(flow.forwarding, row->service.forwarding);
	ck_assert_uint_eq(flow.mark, row->service.mark);
	ck_assert_uint_eq(flow.timeout_s, row->timeout_s);
	ck_assert_int_eq(flow.template, row->template);
	ck_assert(addr_equal(&flow.client, &c.client) && addr_equal(&flow.virtual, &c.virtual) &&
	          addr_equal(&flow.server, &c.server));
	ck_assert_uint_eq(flow.client_port, c.client_port);
	ck_assert_uint_eq(flow.virtual_port, c.virtual_port);
	ck_assert_uint_eq(flow.ipvs_port, c.virtual_port);
	ck_assert_uint_eq(flow.server_port, c.server_port);
}
END_TEST

/* --- the file --- */

static char path[64];

static void set_up_file(void)
{
	FILE *file;
	int fd;

	snprintf(path, sizeof(path), "/tmp/lintel-connections-XXXXXX");
	fd = mkstemp(path);
	ck_assert_int_ge(fd, 0);
	file = fdopen(fd, "w");
	fprintf(file, "%s\n", bad[1]);
	for (int i = 0; i < 100; i++)
		fprintf(file, "%s\n", good[i % 5].line);
	fclose(file);
}

static void tear_down_file(void)
{
	unlink(path);
}

static size_t given, stop_after;

static bool take(void *ctx, const struct ipvs_connection *c)
{
	ck_assert_ptr_nonnull(c->protocol);
	given++;
	return given != stop_after;
}

START_TEST(all_are_given)
{
	bool more = true;

	ck_assert_int_eq(ipvs_connections_read(path, 100, take, NULL, &more), 0);
	ck_assert_uint_eq(given, 100);
	ck_assert(!more);
}
END_TEST

START_TEST(no_more_than_the_limit_is_given)
{
	bool more = false;

	ck_assert_int_eq(ipvs_connections_read(path, 99, take, NULL, &more), 0);
	ck_assert_uint_eq(given, 99);
	ck_assert(more);
}
END_TEST

START_TEST(the_taker_may_end_it)
{
	bool more = true;

	stop_after = 3;
	ck_assert_int_eq(ipvs_connections_read(path, 99, take, NULL, &more), 0);
	ck_assert_uint_eq(given, 3);
}
END_TEST

static void count(void *ctx, const struct ipvs_connection *c)
{
	ck_assert_ptr_nonnull(c->protocol);
	++*(size_t *)ctx;
}

START_TEST(a_walk_gives_all_of_them_in_steps)
{
	struct ipvs_connections_walk *walk;
	size_t walked = 0, steps = 1;
	FILE *file = fopen(path, "a");

	/* a line longer than any is no connection; what follows still counts */
	fprintf(file, "%04000d\n", 7);
	for (int i = 0; i < 3000; i++)
		fprintf(file, "%s\n", good[i % 5].line);
	fclose(file);
	ck_assert_int_eq(ipvs_connections_walk_open(path, &walk), 0);
	while (ipvs_connections_walk_step(walk, 1, count, &walked) == 1)
		steps++;
	ck_assert_uint_eq(walked, 3100);
	ck_assert_uint_gt(steps, 3);
	ipvs_connections_walk_close(walk);
	ck_assert_int_eq(ipvs_connections_walk_open("/nonexistent", &walk), -ENOENT);
	ipvs_connections_walk_close(NULL);
}
END_TEST

START_TEST(without_ipvs_there_is_no_file)
{
	bool more;

	ck_assert_int_eq(ipvs_connections_read("/nonexistent/ip_vs_conn", 9, take, NULL, &more),
	                 -ENOENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs/connections");
	TCase *lines = tcase_create("lines");
	TCase *file = tcase_create("file");
	SRunner *runner;
	int failed;

	tcase_add_loop_test(lines, lines_of_the_kernel_are_understood, 0, LT_ARRAY_SIZE(good));
	tcase_add_loop_test(lines, lines_become_flows_with_what_their_service_says, 0,
	                    LT_ARRAY_SIZE(flow_rows));
	tcase_add_loop_test(lines, other_lines_are_refused, 0, LT_ARRAY_SIZE(bad));
	suite_add_tcase(suite, lines);

	tcase_add_checked_fixture(file, set_up_file, tear_down_file);
	tcase_add_test(file, all_are_given);
	tcase_add_test(file, no_more_than_the_limit_is_given);
	tcase_add_test(file, the_taker_may_end_it);
	tcase_add_test(file, a_walk_gives_all_of_them_in_steps);
	tcase_add_test(file, without_ipvs_there_is_no_file);
	suite_add_tcase(suite, file);

	runner = srunner_create(suite);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed > 0;
}
