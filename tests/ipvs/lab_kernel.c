/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab_kernel - drives ipvs/ through everything on a real IPVS kernel, and times it.
 *
 * Not a unit test: needs root and IPVS; the lab runs it (tests/lab/run). Works in network
 * namespaces of its own, so nothing outside is touched. Prints TAP.
 * Reason: one program must hold the whole list; each case is short.
 *
 *   lab_kernel          all cases
 *   lab_kernel --quick  without the timings */

#include "ipvs/attr.h"
#include "ipvs/connections_file.h"
#include "ipvs/drain.h"
#include "ipvs/kernel.h"
#include "lib/genl.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/rtnl.h"
#include "tests/tap.h"

#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <linux/ip_vs.h>
#include <net/if.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* --- the world --- */

/* A namespace of our own with the loopback up (else IPVS refuses every real server). */
static void fresh_namespace(void)
{
	struct ifreq request = {.ifr_name = "lo", .ifr_flags = IFF_UP};
	int fd;

	if (unshare(CLONE_NEWNET) < 0)
		tap_bail_errno("unshare", errno);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || ioctl(fd, SIOCSIFFLAGS, &request) < 0)
		tap_bail_errno("lo up", errno);
	close(fd);
}

static struct ipvs_kernel *open_kernel(void)
{
	struct ipvs_kernel *kernel;
	int err = ipvs_kernel_open(&kernel);

	if (err < 0) {
		printf("# %s\n", ipvs_kernel_open_text(err));
		tap_bail_errno("IPVS", err);
	}
	return kernel;
}

static struct addr addr_of(const char *text)
{
	struct addr addr;

	if (addr_parse(text, &addr) < 0)
		tap_bail_errno(text, EINVAL);
	return addr;
}

/* A table made by hand: capacity for a few. */
static void table_new(struct ipvs_table *table)
{
	ipvs_table_init(table);
	table->services = arena_array(&table->arena, 64, sizeof(*table->services));
}

static struct ipvs_service *add_service(struct ipvs_table *table, enum model_protocol protocol,
                                        const char *addr, uint16_t port, const char *scheduler)
{
	struct ipvs_service *service = &table->services[table->service_count++];

	service->key = (struct ipvs_key){
		.addr = addr_of(addr), .protocol = (uint8_t)protocol, .port = port};
	service->prefix = service->key.addr.family == ADDR_IPV4 ? 32 : 128;
	snprintf(service->scheduler, sizeof(service->scheduler), "%s", scheduler);
	service->dests = arena_array(&table->arena, 16, sizeof(*service->dests));
	return service;
}

static struct ipvs_service *add_mark(struct ipvs_table *table, enum addr_family family,
                                     uint32_t mark, const char *scheduler)
{
	struct ipvs_service *service =
		add_service(table, MODEL_TCP, family == ADDR_IPV4 ? "0.0.0.0" : "::", 0, scheduler);

	service->key.protocol = 0;
	service->key.mark = mark;
	return service;
}

static struct ipvs_dest *add_dest(struct ipvs_service *service, const char *addr, uint16_t port,
                                  uint32_t weight)
{
	struct ipvs_dest *dest = &service->dests[service->dest_count++];

	*dest = (struct ipvs_dest){.addr = addr_of(addr), .port = port, .weight = weight};
	return dest;
}

static void take_dump(struct ipvs_kernel *kernel, struct ipvs_table *table)
{
	const struct ipvs_dump dump = {.stats = true};
	size_t unknown = 1;
	int err = ipvs_kernel_dump(kernel, &dump, table, &unknown);

	if (err < 0)
		tap_bail_errno("dump", err);
	if (unknown != 0)
		tap_check(false, "the dump has %zu entries not understood", unknown);
}

/* Plans against a fresh dump and applies. Returns the number of refusals; '*ret_count' operations.
 */
static size_t reconcile(struct ipvs_kernel *kernel, struct ipvs_table *want,
                        const struct ipvs_journal *owned, size_t *ret_count)
{
	static const struct ipvs_journal nothing;
	struct ipvs_table found;
	struct ipvs_plan plan;
	size_t refused = 0;
	int *results, err;

	ipvs_table_sort(want);
	take_dump(kernel, &found);
	ipvs_plan_make(want, &found, owned ? owned : &nothing, &plan);
	results = xcalloc(plan.count, sizeof(*results));
	err = ipvs_kernel_apply(kernel, &plan, results);
	if (err < 0)
		tap_bail_errno("apply", err);
	for (size_t i = 0; i < plan.count; i++) {
		struct text text = {0};

		if (results[i] == 0)
			continue;
		refused++;
		ipvs_op_explain(&plan.ops[i], results[i], &text);
		printf("# %s\n", text_str(&text));
		text_done(&text);
	}
	*ret_count = plan.count;
	free(results);
	ipvs_plan_done(&plan);
	ipvs_table_done(&found);
	return refused;
}

/* The table can be made, and then there is nothing left to do: what we write is what we read. */
static void check_converges(struct ipvs_kernel *kernel, struct ipvs_table *want, const char *what)
{
	size_t first, second, refused = reconcile(kernel, want, NULL, &first);

	reconcile(kernel, want, NULL, &second);
	tap_check(refused == 0 && first > 0 && second == 0,
	          "%s: %zu operations, %zu refused, then %zu left to do", what, first, refused,
	          second);
}

static struct ipvs_journal journal_of(const struct ipvs_table *table)
{
	struct ipvs_journal journal = {0};

	ipvs_journal_extend(&journal, table);
	return journal;
}

/* Takes away what a table made. */
static void remove_all(struct ipvs_kernel *kernel, const struct ipvs_table *table)
{
	struct ipvs_journal owned = journal_of(table);
	struct ipvs_table nothing, found;
	size_t count, left = 0;

	table_new(&nothing);
	reconcile(kernel, &nothing, &owned, &count);
	take_dump(kernel, &found);
	for (size_t i = 0; i < table->service_count; i++)
		left += ipvs_table_find(&found, &table->services[i].key) != NULL;
	if (left != 0)
		tap_check(false, "%zu services could not be removed", left);
	ipvs_table_done(&found);
	ipvs_table_done(&nothing);
	ipvs_journal_done(&owned);
}

/* --- cases --- */

static void case_info(struct ipvs_kernel *kernel)
{
	struct ipvs_timeouts before, set = {.tcp_s = 1200, .udp_s = 120}, after;
	struct ipvs_kernel_info info;
	int err;

	err = ipvs_kernel_info(kernel, &info);
	tap_check(err == 0 && info.version >= 0x010201 && info.connection_slots >= 256,
	          "info: version 0x%06x, %u connection slots", info.version, info.connection_slots);
	err = ipvs_kernel_timeouts(kernel, &before);
	tap_check(err == 0 && before.tcp_s == 900 && before.tcp_fin_s == 120 && before.udp_s == 300,
	          "time-outs are the kernel's defaults");
	err = ipvs_kernel_set_timeouts(kernel, &set);
	if (err == 0)
		err = ipvs_kernel_timeouts(kernel, &after);
	tap_check(err == 0 && after.tcp_s == 1200 && after.tcp_fin_s == 120 && after.udp_s == 120,
	          "time-outs change where they are not 0");
}

#define SCHEDULERS_EVERYWHERE 11

/* Does this kernel have the scheduler? */
static bool has_scheduler(struct ipvs_kernel *kernel, const char *name)
{
	struct ipvs_table want;
	size_t count, refused;

	table_new(&want);
	add_service(&want, MODEL_TCP, "10.77.0.100", 80, name);
	refused = reconcile(kernel, &want, NULL, &count);
	if (refused == 0)
		remove_all(kernel, &want);
	ipvs_table_done(&want);
	return refused == 0;
}

static void case_schedulers(struct ipvs_kernel *kernel)
{
	/* the last ones are not in every distribution's kernel */
	static const char *const names[] = {"rr", "wrr", "lc",  "wlc", "lblc", "lblcr", "dh",
	                                    "sh", "mh",  "sed", "nq",  "fo",   "ovf",   "twos"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(names); i++) {
		struct ipvs_table want;
		struct ipvs_service *service;

		if (i >= SCHEDULERS_EVERYWHERE && !has_scheduler(kernel, names[i])) {
			tap_check(true, "%s # SKIP this kernel hasn't got it", names[i]);
			continue;
		}
		table_new(&want);
		service = add_service(&want, MODEL_TCP, "10.77.0.100", 80, names[i]);
		add_dest(service, "10.78.0.21", 8080, 1);
		add_dest(service, "10.78.0.22", 8080, 2);
		check_converges(kernel, &want, names[i]);
		remove_all(kernel, &want);
		ipvs_table_done(&want);
	}
	for (size_t i = 0; i < 8; i++) {
		const char *name = i < 4 ? "sh" : "mh";
		struct ipvs_table want;
		struct ipvs_service *service;
		char what[64];

		table_new(&want);
		service = add_service(&want, MODEL_TCP, "10.77.0.100", 80, name);
		service->flags = (i & 1 ? IPVS_FLAG_FALLBACK : 0) | (i & 2 ? IPVS_FLAG_PORT : 0);
		add_dest(service, "10.78.0.21", 8080, 1);
		snprintf(what, sizeof(what), "%s%s%s", name, i & 1 ? " fallback" : "",
		         i & 2 ? " source-port" : "");
		check_converges(kernel, &want, what);
		remove_all(kernel, &want);
		ipvs_table_done(&want);
	}
}

static void case_protocols(struct ipvs_kernel *kernel)
{
	static const enum model_protocol protocols[] = {MODEL_TCP, MODEL_UDP, MODEL_SCTP};
	struct ipvs_table want;

	table_new(&want);
	for (size_t i = 0; i < LT_ARRAY_SIZE(protocols); i++) {
		struct ipvs_service *v4, *v6;

		v4 = add_service(&want, protocols[i], "10.77.0.100", 53, "rr");
		add_dest(v4, "10.78.0.21", 5353, 1);
		v6 = add_service(&want, protocols[i], "2001:db8:77::100", 53, "rr");
		add_dest(v6, "2001:db8:78::21", 5353, 1);
	}
	check_converges(kernel, &want, "TCP, UDP, SCTP on IPv4 and IPv6");
	remove_all(kernel, &want);
	ipvs_table_done(&want);
}

static void case_options(struct ipvs_kernel *kernel)
{
	struct ipvs_table want;
	struct ipvs_service *service;
	struct ipvs_dest *dest;

	table_new(&want);
	service = add_service(&want, MODEL_TCP, "10.77.0.100", 80, "wlc");
	service->flags = IPVS_FLAG_PERSISTENT;
	service->timeout_s = 300;
	service->prefix = 24;
	dest = add_dest(service, "10.78.0.21", 8080, 65535);
	dest->upper_threshold = 1000;
	dest->lower_threshold = 800;
	dest = add_dest(service, "10.78.0.22", 8080, 0);
	dest->upper_threshold = 5;
	service = add_service(&want, MODEL_TCP, "2001:db8:77::100", 80, "wlc");
	service->flags = IPVS_FLAG_PERSISTENT;
	service->timeout_s = 1;
	service->prefix = 64;
	add_dest(service, "2001:db8:78::21", 80, 1);
	service = add_service(&want, MODEL_UDP, "10.77.0.100", 53, "rr");
	service->flags = IPVS_FLAG_ONE_PACKET;
	add_dest(service, "10.78.0.21", 53, 1);
	service = add_mark(&want, ADDR_IPV4, 0x1000, "sh");
	service->flags = IPVS_FLAG_PERSISTENT | IPVS_FLAG_PORT;
	service->timeout_s = 60;
	add_dest(service, "10.78.0.21", 0, 1);
	service = add_mark(&want, ADDR_IPV6, 0x1000, "rr");
	add_dest(service, "2001:db8:78::21", 0, 1);
	check_converges(kernel, &want,
	                "thresholds, persistence by prefix, one-packet, marks of both families");
	remove_all(kernel, &want);
	ipvs_table_done(&want);
}

static void case_forwarding(struct ipvs_kernel *kernel)
{
	struct ipvs_table want;
	struct ipvs_service *service;
	struct ipvs_dest *dest;

	table_new(&want);
	service = add_service(&want, MODEL_TCP, "10.77.0.100", 80, "rr");
	add_dest(service, "10.78.0.21", 80, 1);
	add_dest(service, "10.78.0.22", 80, 1)->forwarding = IPVS_FORWARD_DIRECT;
	add_dest(service, "10.78.0.23", 80, 1)->forwarding = IPVS_FORWARD_TUNNEL;
	dest = add_dest(service, "10.78.0.24", 80, 1);
	dest->forwarding = IPVS_FORWARD_TUNNEL;
	dest->tunnel_type = MODEL_TUNNEL_GUE;
	dest->tunnel_port = 6080;
	dest->tunnel_flags = IPVS_TUNNEL_CHECKSUM;
	dest = add_dest(service, "10.78.0.25", 80, 1);
	dest->forwarding = IPVS_FORWARD_TUNNEL;
	dest->tunnel_type = MODEL_TUNNEL_GRE;
	dest->tunnel_flags = IPVS_TUNNEL_CHECKSUM;
	add_dest(service, "2001:db8:78::21", 80, 1)->forwarding = IPVS_FORWARD_TUNNEL;
	check_converges(kernel, &want,
	                "nat, direct, tunnel ipip, gue, gre, and IPv6 behind an IPv4 tunnel");
	for (size_t i = 0; i < service->dest_count; i++)
		service->dests[i].forwarding = IPVS_FORWARD_TUNNEL;
	check_converges(kernel, &want, "forwarding changes in place");
	remove_all(kernel, &want);
	ipvs_table_done(&want);
}

static void case_changes(struct ipvs_kernel *kernel)
{
	struct ipvs_journal owned;
	struct ipvs_table want;
	struct ipvs_service *service, *other;
	size_t count, refused, left;

	table_new(&want);
	service = add_service(&want, MODEL_TCP, "10.77.0.100", 80, "rr");
	add_dest(service, "10.78.0.21", 80, 1);
	add_dest(service, "10.78.0.22", 80, 1);
	other = add_service(&want, MODEL_TCP, "10.77.0.101", 80, "rr");
	add_dest(other, "10.78.0.21", 80, 1);
	check_converges(kernel, &want, "two services to change");
	owned = journal_of(&want);

	snprintf(service->scheduler, sizeof(service->scheduler), "mh");
	service->flags = IPVS_FLAG_PERSISTENT | IPVS_FLAG_FALLBACK;
	service->timeout_s = 30;
	service->dests[0].weight = 7;
	service->dests[1].addr = addr_of("10.78.0.23");
	want.service_count = 1;
	refused = reconcile(kernel, &want, &owned, &count);
	reconcile(kernel, &want, &owned, &left);
	tap_check(refused == 0 && count == 5 && left == 0,
	          "scheduler, persistence, weight, one server for another, one service less: %zu "
	          "operations, %zu left",
	          count, left);

	service->flags = 0;
	service->timeout_s = 0;
	refused = reconcile(kernel, &want, &owned, &count);
	reconcile(kernel, &want, &owned, &left);
	tap_check(refused == 0 && count == 1 && left == 0, "flags can be taken off again");
	remove_all(kernel, &want);
	ipvs_journal_done(&owned);
	ipvs_table_done(&want);
}

static void case_drift_and_foreign(struct ipvs_kernel *kernel)
{
	struct ipvs_kernel *stranger = open_kernel();
	struct ipvs_table want, foreign, found;
	const struct ipvs_service *kept;
	struct ipvs_journal owned;
	size_t count, left;

	table_new(&foreign);
	add_dest(add_service(&foreign, MODEL_TCP, "192.0.2.1", 443, "wrr"), "10.78.0.99", 443, 3);
	add_dest(add_mark(&foreign, ADDR_IPV4, 7, "rr"), "10.78.0.99", 0, 1);
	check_converges(stranger, &foreign, "a stranger's services");

	table_new(&want);
	for (uint16_t port = 80; port < 84; port++) {
		struct ipvs_service *service =
			add_service(&want, MODEL_TCP, "10.77.0.100", port, "rr");

		add_dest(service, "10.78.0.21", port, 1);
		add_dest(service, "10.78.0.22", port, 1);
	}
	owned = journal_of(&want);
	reconcile(kernel, &want, &owned, &count);
	tap_check(count == 12, "ours beside them: %zu operations", count);

	/* somebody meddles: a service gone, a server gone, a weight, one server more */
	{
		struct ipvs_table meddled = want;
		struct ipvs_journal all = journal_of(&want);
		struct ipvs_service services[3];

		memcpy(services, &want.services[1], sizeof(services));
		services[0].dest_count = 1;
		services[1].dests = arena_array(&want.arena, 2, sizeof(struct ipvs_dest));
		memcpy(services[1].dests, want.services[2].dests, 2 * sizeof(struct ipvs_dest));
		services[1].dests[0].weight = 9;
		services[2].dests = arena_array(&want.arena, 3, sizeof(struct ipvs_dest));
		memcpy(services[2].dests, want.services[3].dests, 2 * sizeof(struct ipvs_dest));
		services[2].dest_count = 2;
		add_dest(&services[2], "10.78.0.66", 83, 1);
		meddled.services = services;
		meddled.service_count = 3;
		reconcile(stranger, &meddled, &all, &count);
		tap_check(count == 4, "four kinds of drift: %zu operations", count);
		ipvs_journal_done(&all);
	}
	reconcile(kernel, &want, &owned, &count);
	reconcile(kernel, &want, &owned, &left);
	tap_check(count == 6 && left == 0, "drift is repaired: %zu operations, %zu left", count,
	          left);

	remove_all(kernel, &want);
	take_dump(kernel, &found);
	kept = ipvs_table_find(&found, &foreign.services[0].key);
	tap_check(found.service_count == 2 && kept && kept->dest_count == 1 &&
	                  kept->dests[0].weight == 3,
	          "the stranger's services are untouched");
	remove_all(stranger, &foreign);
	ipvs_table_done(&found);
	ipvs_table_done(&want);
	ipvs_table_done(&foreign);
	ipvs_journal_done(&owned);
	ipvs_kernel_close(stranger);
}

static void case_refusals(struct ipvs_kernel *kernel)
{
	const struct ipvs_journal nothing = {0};
	struct ipvs_table want, found;
	struct ipvs_plan plan;
	struct text text = {0};
	uint64_t messages;
	int results[64];

	table_new(&want);
	for (uint16_t port = 80; port < 84; port++) {
		struct ipvs_service *service = add_service(&want, MODEL_TCP, "10.77.0.100", port,
		                                           port < 82 ? "nosuch" : "rr");

		add_dest(service, "10.78.0.21", port, 1);
		add_dest(service, port == 83 ? "224.0.0.1" : "10.78.0.22", port, 1);
	}
	ipvs_table_sort(&want);
	take_dump(kernel, &found);
	ipvs_plan_make(&want, &found, &nothing, &plan);
	messages = ipvs_kernel_counters(kernel)->messages;
	if (ipvs_kernel_apply(kernel, &plan, results) < 0)
		tap_bail_errno("apply", EIO);
	messages = ipvs_kernel_counters(kernel)->messages - messages;
	tap_check(results[0] == ENOENT && results[1] == ECANCELED && results[2] == ECANCELED &&
	                  results[3] == ENOENT && results[4] == ECANCELED &&
	                  results[5] == ECANCELED,
	          "a missing scheduler takes its servers along");
	tap_check(messages == 7, "and is asked for once: %zu messages", (size_t)messages);
	tap_check(results[6] == 0 && results[7] == 0 && results[8] == 0 && results[9] == 0 &&
	                  results[10] == 0 && results[11] == EINVAL,
	          "the rest goes on, and a bad address is refused alone");
	ipvs_op_explain(&plan.ops[0], results[0], &text);
	tap_check(strstr(text_str(&text), "modprobe ip_vs_nosuch") &&
	                  strstr(text_str(&text), "CONFIG_IP_VS_NOSUCH"),
	          "%s", text_str(&text));
	text_done(&text);
	ipvs_plan_done(&plan);
	ipvs_table_done(&found);
	remove_all(kernel, &want);
	ipvs_table_done(&want);
}

/* --- traffic --- */

static void add_address(const char *text)
{
	struct nl_batch batch = {0};
	struct addr_prefix prefix;
	struct nl *nl = NULL;
	int err = addr_prefix_parse(text, &prefix);

	if (err == 0)
		err = nl_open(NETLINK_ROUTE, &nl);
	if (err < 0)
		tap_bail_errno(text, err);
	rtnl_address_add(&batch, (int)if_nametoindex("lo"), &prefix, RTNL_LIFETIME_FOREVER, false);
	err = nl_request(nl, &batch, NULL, NULL);
	if (err < 0)
		tap_bail_errno(text, err);
	nl_batch_done(&batch);
	nl_close(nl);
}

static int listen_on(const char *addr, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, addr, &sin.sin_addr);
	if (fd < 0 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) < 0 || listen(fd, 16) < 0)
		tap_bail_errno("listen", errno);
	return fd;
}

/* A connected socket, or -errno. */
static int connect_to(const char *addr, uint16_t port)
{
	struct sockaddr_in sin = {.sin_family = AF_INET, .sin_port = htons(port)};
	struct timeval patience = {.tv_sec = 5};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	inet_pton(AF_INET, addr, &sin.sin_addr);
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	if (connect(fd, (struct sockaddr *)&sin, sizeof(sin)) == 0)
		return fd;
	close(fd);
	return -errno;
}

static bool talks(int client, int server)
{
	char letter = 0;

	return send(client, "x", 1, MSG_NOSIGNAL) == 1 && recv(server, &letter, 1, 0) == 1 &&
	       letter == 'x' && send(server, "y", 1, MSG_NOSIGNAL) == 1 &&
	       recv(client, &letter, 1, 0) == 1 && letter == 'y';
}

/* One turn with draining. */
static void turn(struct ipvs_kernel *kernel, struct ipvs_drain *drain, int64_t now_us,
                 const struct ipvs_table *want, const struct ipvs_journal *owned)
{
	struct ipvs_table found, effective;
	size_t count;

	take_dump(kernel, &found);
	ipvs_drain_step(drain, now_us, want, &found, owned, NULL, &effective);
	reconcile(kernel, &effective, owned, &count);
	ipvs_table_done(&effective);
	ipvs_table_done(&found);
}

static bool take_connection(void *ctx, const struct ipvs_connection *c)
{
	*(struct ipvs_connection *)ctx = *c;
	return true;
}

static void check_connection_list(void)
{
	const struct addr vip = addr_of("10.77.0.100"), server = addr_of("10.78.0.21");
	struct ipvs_connection c = {0};
	bool more = true;
	int err = ipvs_connections_read(IPVS_CONNECTIONS_PATH, 10, take_connection, &c, &more);

	tap_check(err == 0 && !more && addr_equal(&c.virtual, &vip) && c.virtual_port == 80 &&
	                  addr_equal(&c.server, &server) && c.server_port == 8080 &&
	                  strcmp(c.protocol, "TCP") == 0 && strcmp(c.state, "ESTABLISHED") == 0,
	          "the connection is listed: %s %s", c.protocol, c.state);
}

/* A connection through a virtual service outlives its removal from what is wanted. */
static void case_traffic(struct ipvs_kernel *kernel)
{
	struct ipvs_table want, found;
	struct ipvs_service *service;
	struct ipvs_journal owned;
	struct ipvs_drain drain;
	int listener, client, server, err;
	int64_t now_us = 0;

	add_address("10.77.0.100/32");
	add_address("10.78.0.21/32");
	listener = listen_on("10.78.0.21", 8080);
	table_new(&want);
	service = add_service(&want, MODEL_TCP, "10.77.0.100", 80, "rr");
	service->identity.drain_timeout_us = 60 * US_PER_S;
	add_dest(service, "10.78.0.21", 8080, 1);
	owned = journal_of(&want);
	ipvs_drain_init(&drain);
	turn(kernel, &drain, now_us, &want, &owned);

	client = connect_to("10.77.0.100", 80);
	server = client >= 0 ? accept(listener, NULL, NULL) : -1;
	tap_check(client >= 0 && server >= 0 && talks(client, server), "a connection is balanced");
	check_connection_list();
	sleep(3); /* the kernel sums its counters up every 2 s */
	take_dump(kernel, &found);
	tap_check(found.service_count == 1 && found.services[0].stats->connections == 1 &&
	                  found.services[0].stats->in_bytes > 0 &&
	                  found.services[0].dests[0].active == 1 &&
	                  found.services[0].dests[0].stats->in_packets > 2,
	          "and counted: %" PRIu64 " connection, %" PRIu64 " bytes in, %u active, %" PRIu64
	          " packets",
	          found.services[0].stats->connections, found.services[0].stats->in_bytes,
	          found.services[0].dests[0].active, found.services[0].dests[0].stats->in_packets);
	ipvs_table_done(&found);

	service->dest_count = 0;
	turn(kernel, &drain, now_us, &want, &owned);
	tap_check(talks(client, server), "it goes on when its server is wanted no more");
	err = connect_to("10.77.0.100", 80);
	tap_check(err == -ECONNREFUSED, "while a new one is refused");
	now_us += 30 * US_PER_S;
	want.service_count = 0;
	turn(kernel, &drain, now_us, &want, &owned);
	tap_check(talks(client, server) && ipvs_drain_needs_vip(&drain, &owned.entries[0].key.addr),
	          "and when its service is wanted no more");
	now_us += 61 * US_PER_S;
	turn(kernel, &drain, now_us, &want, &owned);
	take_dump(kernel, &found);
	tap_check(found.service_count == 0 && ipvs_drain_deadline(&drain) == TIME_NEVER,
	          "until its time is up");
	ipvs_table_done(&found);
	close(client);
	close(server);
	close(listener);
	ipvs_drain_done(&drain);
	ipvs_journal_done(&owned);
	ipvs_table_done(&want);
}

/* --- timing --- */

static void big_table(struct ipvs_table *table, size_t services, size_t dests)
{
	ipvs_table_init(table);
	table->services = arena_array(&table->arena, services, sizeof(*table->services));
	table->service_count = services;
	for (size_t i = 0; i < services; i++) {
		struct ipvs_service *service = &table->services[i];
		const uint8_t vip[4] = {10, 77, (uint8_t)(i / 250), (uint8_t)(i % 250 + 1)};

		service->key = (struct ipvs_key){
			.addr = addr_make(ADDR_IPV4, vip), .protocol = MODEL_TCP, .port = 80};
		service->prefix = 32;
		snprintf(service->scheduler, sizeof(service->scheduler), "rr");
		service->dests = arena_array(&table->arena, dests, sizeof(*service->dests));
		service->dest_count = dests;
		for (size_t j = 0; j < dests; j++) {
			const uint8_t server[4] = {10, 78, (uint8_t)(i % 200), (uint8_t)(j + 1)};

			service->dests[j] = (struct ipvs_dest){
				.addr = addr_make(ADDR_IPV4, server), .port = 8080, .weight = 1};
		}
	}
	ipvs_table_sort(table);
}

/* The yardstick: a loop that makes the same messages, a thousand a sendmsg(2), and nothing else. It
 * knows that nothing is there and doesn't ask whether it worked. */
static int64_t time_bare(const struct ipvs_table *want)
{
	const struct ipvs_table empty = {0};
	const struct ipvs_journal nothing = {0};
	struct sockaddr_nl kernel_addr = {.nl_family = AF_NETLINK};
	struct nl_batch batch = {0};
	struct ipvs_plan plan;
	uint16_t family;
	struct nl *nl;
	int64_t start_us;
	int fd, size = 4 << 20;
	char answer[256];

	if (nl_open(NETLINK_GENERIC, &nl) < 0 || genl_family(nl, IPVS_GENL_NAME, &family) < 0)
		tap_bail_errno("genl", EIO);
	ipvs_plan_make(want, &empty, &nothing, &plan);
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fd < 0 || connect(fd, (struct sockaddr *)&kernel_addr, sizeof(kernel_addr)) < 0 ||
	    setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &size, sizeof(size)) < 0)
		tap_bail_errno("socket", errno);
	start_us = mono_now_us();
	for (size_t i = 0; i < plan.count; i++) {
		ipvs_attr_op(&batch, family, &plan.ops[i]);
		if (batch.count < 1000 && i + 1 < plan.count)
			continue;
		if (i + 1 == plan.count) /* the barrier */
			nl_batch_end(&batch, genl_begin(&batch, family, IPVS_CMD_GET_INFO, 0));
		if (send(fd, batch.data, batch.size, 0) < 0)
			tap_bail_errno("send", errno);
		nl_batch_clear(&batch);
	}
	if (recv(fd, answer, sizeof(answer), 0) < 0)
		tap_bail_errno("recv", errno);
	start_us = mono_now_us() - start_us;
	close(fd);
	nl_close(nl);
	nl_batch_done(&batch);
	ipvs_plan_done(&plan);
	return start_us;
}

/* Hash chains are shared by all namespaces: what a measurement leaves behind would slow the next
 * one down for as long as the kernel takes to dissolve its namespace. Here, and nowhere else, a
 * flush is in order: the namespace is ours and is left at once. */
static void leave_nothing(void)
{
	struct nl_batch batch = {0};
	uint16_t family;
	struct nl *nl;

	if (nl_open(NETLINK_GENERIC, &nl) < 0 || genl_family(nl, IPVS_GENL_NAME, &family) < 0)
		tap_bail_errno("genl", EIO);
	nl_batch_end(&batch, genl_begin(&batch, family, IPVS_CMD_FLUSH, 0));
	if (nl_request(nl, &batch, NULL, NULL) < 0)
		tap_bail_errno("flush", EIO);
	nl_batch_done(&batch);
	nl_close(nl);
}

static double ms(int64_t us)
{
	return (double)us / 1000;
}

/* A whole turn that looks at one service alone. */
static void time_scoped(struct ipvs_kernel *kernel, const struct ipvs_table *want,
                        const struct ipvs_key *key)
{
	const struct ipvs_journal nothing = {0};
	struct ipvs_scope scope = {0};
	struct ipvs_dump dump = {.wants_dests = ipvs_scope_holds, .ctx = &scope};
	struct ipvs_table found, found_view, want_view;
	int64_t start_us = mono_now_us();
	struct ipvs_plan plan;
	int result = 0;

	ipvs_scope_add(&scope, key);
	if (ipvs_kernel_dump(kernel, &dump, &found, NULL) < 0)
		tap_bail_errno("dump", EIO);
	ipvs_scope_view(&scope, &found, &found_view);
	ipvs_scope_view(&scope, want, &want_view);
	ipvs_plan_make(&want_view, &found_view, &nothing, &plan);
	if (plan.count == 1 && ipvs_kernel_apply(kernel, &plan, &result) < 0)
		tap_bail_errno("apply", EIO);
	printf("#   the same with the dump of it alone: %.3f ms\n", ms(mono_now_us() - start_us));
	if (plan.count != 1 || result != 0)
		tap_check(false, "%zu operations, result %d", plan.count, result);
	ipvs_plan_done(&plan);
	ipvs_table_done(&want_view);
	ipvs_table_done(&found_view);
	ipvs_table_done(&found);
	ipvs_scope_done(&scope);
}

/* Dump, plan, apply, as a reconcile turn does it; then a turn with nothing to do and one with one
 * changed server. */
static int64_t time_ours(struct ipvs_table *want, size_t services)
{
	struct ipvs_kernel *kernel = open_kernel();
	const struct ipvs_journal nothing = {0};
	const struct ipvs_dump all = {0};
	struct ipvs_table found;
	struct ipvs_plan plan;
	int64_t start_us, apply_us, dump_us, plan_us;
	uint64_t messages, sends;
	int *results;

	start_us = mono_now_us();
	take_dump(kernel, &found);
	ipvs_plan_make(want, &found, &nothing, &plan);
	results = xcalloc(plan.count, sizeof(*results));
	if (ipvs_kernel_apply(kernel, &plan, results) < 0)
		tap_bail_errno("apply", EIO);
	apply_us = mono_now_us() - start_us;
	for (size_t i = 0; i < plan.count; i++) {
		if (results[i] != 0)
			tap_bail_errno("refused", results[i]);
	}
	printf("#   %zu messages in %.1f ms\n", plan.count, ms(apply_us));
	ipvs_plan_done(&plan);
	ipvs_table_done(&found);

	start_us = mono_now_us();
	if (ipvs_kernel_dump(kernel, &all, &found, NULL) < 0)
		tap_bail_errno("dump", EIO);
	dump_us = mono_now_us() - start_us;
	start_us = mono_now_us();
	ipvs_plan_make(want, &found, &nothing, &plan);
	plan_us = mono_now_us() - start_us;
	printf("#   dump %.1f ms (%.1f us a service, %zu kB), plan of nothing to do %.2f ms\n",
	       ms(dump_us), (double)dump_us / (double)services, found.arena.used_size / 1024,
	       ms(plan_us));
	if (plan.count != 0)
		tap_check(false, "%zu operations left", plan.count);

	want->services[services / 2].dests[3].weight = 2;
	messages = ipvs_kernel_counters(kernel)->messages;
	sends = ipvs_kernel_counters(kernel)->sends;
	start_us = mono_now_us();
	ipvs_plan_done(&plan);
	ipvs_plan_make(want, &found, &nothing, &plan);
	if (ipvs_kernel_apply(kernel, &plan, results) < 0)
		tap_bail_errno("apply", EIO);
	printf("#   one changed server: %.3f ms after the dump, %zu message, %zu system call\n",
	       ms(mono_now_us() - start_us),
	       (size_t)(ipvs_kernel_counters(kernel)->messages - messages),
	       (size_t)(ipvs_kernel_counters(kernel)->sends - sends));
	ipvs_plan_done(&plan);
	want->services[services / 2].dests[3].weight = 1;
	time_scoped(kernel, want, &want->services[services / 2].key);
	free(results);
	ipvs_table_done(&found);
	ipvs_kernel_close(kernel);
	return apply_us;
}

static void case_timing(size_t services)
{
	int64_t bare_us = INT64_MAX, ours_us = INT64_MAX, us;
	struct ipvs_table want;

	big_table(&want, services, 10);
	for (int i = 0; i < 3; i++) {
		fresh_namespace();
		usleep(500000); /* the last one is still being taken down by the kernel */
		us = time_bare(&want);
		bare_us = us < bare_us ? us : bare_us;
		leave_nothing();
		fresh_namespace();
		usleep(500000);
		us = time_ours(&want, services);
		ours_us = us < ours_us ? us : ours_us;
		leave_nothing();
	}
	tap_check((double)ours_us < 1.3 * (double)bare_us,
	          "%zu x 10: dump, plan and apply %.1f ms, bare loop %.1f ms: %.2f times", services,
	          ms(ours_us), ms(bare_us), (double)ours_us / (double)bare_us);
	ipvs_table_done(&want);
}

int main(int argc, char **argv)
{
	struct ipvs_kernel *kernel;

	fresh_namespace();
	kernel = open_kernel();
	case_info(kernel);
	case_schedulers(kernel);
	case_protocols(kernel);
	case_options(kernel);
	case_forwarding(kernel);
	case_changes(kernel);
	case_drift_and_foreign(kernel);
	case_refusals(kernel);
	case_traffic(kernel);
	ipvs_kernel_close(kernel);
	if (argc < 2 || strcmp(argv[1], "--quick") != 0) {
		case_timing(1000);
		case_timing(10000);
	}
	return tap_end();
}
