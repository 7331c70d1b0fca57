/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lab_conntrack - conntrack/ and the takeover guard of nft/ at a shell's command, in the network
 * namespace it is started in. For tests/conntrack/lab_paths.py.
 *
 *   lab_conntrack follow ADDR...   a line for each flow that is told, until the input ends
 *   lab_conntrack dump ADDR...     the same for what is there now
 *   lab_conntrack put|touch|remove makes replicas of, changes, removes the flows of the input's
 * lines lab_conntrack bench ADDR COUNT makes, touches, dumps and removes that many, and times it
 *
 * A line: state protocol client port virtual port server port source port ("none 0" without source
 * NAT). Everything at these addresses counts as served by NAT. Needs CAP_NET_ADMIN. */

#include "conntrack/flow.h"
#include "conntrack/kernel.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ADDRESSES_MAX 16
#define FLOWS_MAX     100000
#define EVENTS        10000 /* less than the receive buffer holds */

struct addresses {
	struct addr all[ADDRESSES_MAX];
	size_t count;
};

_Noreturn static void die(const char *what, int err)
{
	fprintf(stderr, "lab_conntrack: %s: %s\n", what, strerror(err < 0 ? -err : err));
	exit(1);
}

static bool find(void *ctx, const struct addr *virtual, uint8_t protocol, uint16_t port,
                 struct conntrack_served *ret_served)
{
	const struct addresses *addresses = ctx;

	for (size_t i = 0; i < addresses->count; i++) {
		if (!addr_equal(&addresses->all[i], virtual))
			continue;
		*ret_served = (struct conntrack_served){.virtual_port = port};
		return true;
	}
	return false;
}

static void print_flow(const struct model_flow *flow)
{
	char client[ADDR_TEXT_SIZE], virtual[ADDR_TEXT_SIZE], server[ADDR_TEXT_SIZE],
		source[ADDR_TEXT_SIZE] = "none";

	if (flow->source.family != ADDR_NONE)
		addr_format(&flow->source, source);
	printf("%s %u %s %u %s %u %s %u %s %u\n",
	       model_flow_state_name((enum model_flow_state)flow->state), flow->protocol,
	       addr_format(&flow->client, client), flow->client_port,
	       addr_format(&flow->virtual, virtual), flow->ipvs_port,
	       addr_format(&flow->server, server), flow->server_port, source, flow->source_port);
	fflush(stdout);
}

static void tell(void *ctx, enum conntrack_event event, const struct conntrack_entry *entry)
{
	const struct conntrack_lookup lookup = {find, ctx};
	struct conntrack_served served;
	struct model_flow flow;

	if (conntrack_flow_from_entry(event, entry, &lookup, &flow, &served) == CONNTRACK_TELL)
		print_flow(&flow);
}

static struct conntrack_kernel *open_kernel(void)
{
	struct conntrack_kernel *kernel;
	struct text why = {0};

	if (conntrack_kernel_open(&kernel, &why) < 0) {
		fprintf(stderr, "lab_conntrack: %s\n", text_str(&why));
		exit(1);
	}
	text_done(&why);
	return kernel;
}

static void follow(struct conntrack_kernel *kernel, struct addresses *addresses)
{
	struct pollfd fds[] = {{.fd = conntrack_kernel_event_fd(kernel), .events = POLLIN},
	                       {.fd = STDIN_FILENO, .events = POLLIN}};
	int err = conntrack_kernel_watch(kernel, addresses->all, addresses->count);
	char byte;

	if (err == 0)
		err = conntrack_kernel_hear(kernel, true, true, true);
	if (err < 0)
		die("watch", err);
	printf("ready\n");
	fflush(stdout);
	while (poll(fds, 2, -1) >= 0) {
		if (fds[1].revents && read(STDIN_FILENO, &byte, 1) <= 0)
			return;
		err = conntrack_kernel_receive(kernel, tell, addresses);
		if (err == -ENOBUFS)
			printf("overrun\n");
		else if (err < 0)
			die("receive", err);
	}
}

static size_t dump(struct conntrack_kernel *kernel, const struct addresses *addresses,
                   conntrack_receiver *take, void *ctx)
{
	enum conntrack_dump state = CONNTRACK_DUMP_GOES_ON;
	int err = conntrack_kernel_dump_begin(kernel, addresses->all, addresses->count);
	size_t steps = 0;

	for (; err == 0 && state == CONNTRACK_DUMP_GOES_ON; steps++) {
		struct pollfd fd = {.fd = conntrack_kernel_dump_fd(kernel), .events = POLLIN};

		if (poll(&fd, 1, 5000) != 1)
			die("dump", ETIMEDOUT);
		err = conntrack_kernel_dump_step(kernel, 4, take, ctx, &state);
	}
	if (err < 0)
		die("dump", err);
	return steps;
}

/* --- replicas --- */

static bool scan_flow(struct model_flow *ret_flow)
{
	char state[16], client[64], virtual[64], server[64], source[64];
	unsigned protocol, ports[4];

	if (scanf("%15s %u %63s %u %63s %u %63s %u %63s %u", state, &protocol, client, &ports[0],
	          virtual, &ports[1], server, &ports[2], source, &ports[3]) != 10)
		return false;
	*ret_flow = (struct model_flow){
		.protocol = (uint8_t)protocol,
		.client_port = (uint16_t)ports[0],
		.virtual_port = (uint16_t)ports[1],
		.ipvs_port = (uint16_t)ports[1],
		.server_port = (uint16_t)ports[2],
		.source_port = (uint16_t)ports[3],
	};
	for (unsigned i = 0; i < MODEL_FLOW_STATE_COUNT; i++) {
		if (strcmp(state, model_flow_state_name((enum model_flow_state)i)) == 0)
			ret_flow->state = (uint8_t)i;
	}
	if (addr_parse(client, &ret_flow->client) < 0 ||
	    addr_parse(virtual, &ret_flow->virtual) < 0 ||
	    addr_parse(server, &ret_flow->server) < 0)
		die("address", EINVAL);
	if (strcmp(source, "none") != 0 && addr_parse(source, &ret_flow->source) < 0)
		die(source, EINVAL);
	return true;
}

static void change(struct conntrack_kernel *kernel, const char *how)
{
	struct conntrack_entry entry;
	struct model_flow flow;
	int result = 0, err = 0;

	while (err == 0 && scan_flow(&flow)) {
		conntrack_flow_to_entry(&flow, &entry);
		if (strcmp(how, "put") == 0)
			err = conntrack_kernel_put(kernel, &entry, 1, &result);
		else if (strcmp(how, "touch") == 0)
			err = conntrack_kernel_touch(kernel, &entry, 1, &result);
		else
			err = conntrack_kernel_remove(kernel, &entry.original, 1);
		if (result != 0)
			printf("refused %s\n", strerror(result));
	}
	if (err < 0)
		die(how, err);
}

static void print_counters(const struct conntrack_kernel *kernel)
{
	const struct conntrack_counters *c = conntrack_kernel_counters(kernel);

	printf("created %" PRIu64 " replaced %" PRIu64 " updated %" PRIu64 " deleted %" PRIu64
	       " absent %" PRIu64 " refused %" PRIu64 " malformed %" PRIu64 "\n",
	       c->created, c->replaced, c->updated, c->deleted, c->absent, c->refused,
	       c->malformed);
}

/* --- speed --- */

static void count_one(void *ctx, enum conntrack_event event, const struct conntrack_entry *entry)
{
	++*(size_t *)ctx;
}

static void report(const char *what, size_t count, int64_t since)
{
	double us = (double)(mono_now_us() - since);

	printf("%s: %zu in %.0f ms, %.2f us each\n", what, count, us / 1000, us / (double)count);
	fflush(stdout);
}

static void bench(struct conntrack_kernel *kernel, const struct addresses *addresses, size_t count)
{
	struct conntrack_entry *entries = xcalloc(count, sizeof(*entries));
	struct conntrack_tuple *tuples = xcalloc(count, sizeof(*tuples));
	size_t heard = 0, dumped = 0;
	struct conntrack_kernel *listener = open_kernel();
	int64_t start;
	int err;

	for (size_t i = 0; i < count; i++) {
		struct model_flow flow = {
			.protocol = IPPROTO_TCP,
			.state = MODEL_FLOW_ESTABLISHED,
			.client_port = (uint16_t)(1024 + i % 60000),
			.ipvs_port = 80,
			.server_port = 8080,
			.source_port = (uint16_t)(1024 + i % 60000),
			.virtual = addresses->all[0],
		};

		if (addr_parse("192.0.2.1", &flow.client) < 0 ||
		    addr_parse("10.78.0.21", &flow.server) < 0 ||
		    addr_parse("10.78.0.254", &flow.source) < 0)
			die("address", EINVAL);
		flow.client.bytes[3] = (uint8_t)(1 + i / 60000);
		flow.server.bytes[3] = (uint8_t)(21 + i / 60000);
		conntrack_flow_to_entry(&flow, &entries[i]);
		tuples[i] = entries[i].original;
	}
	start = mono_now_us();
	err = conntrack_kernel_put(kernel, entries, count, NULL);
	report("create", count, start);
	start = mono_now_us();
	if (err == 0)
		err = conntrack_kernel_touch(kernel, entries, count, NULL);
	report("touch", count, start);
	start = mono_now_us();
	if (err == 0)
		err = conntrack_kernel_put(kernel, entries, count, NULL);
	report("replace", count, start);
	start = mono_now_us();
	printf("steps of the dump: %zu\n", dump(kernel, addresses, count_one, &dumped));
	report("dump", dumped, start);
	if (err == 0)
		err = conntrack_kernel_remove(kernel, tuples, count);
	/* Entries tell of themselves only when they were made while somebody listened. */
	if (err == 0)
		err = conntrack_kernel_watch(listener, addresses->all, addresses->count);
	if (err == 0)
		err = conntrack_kernel_hear(listener, true, true, true);
	start = mono_now_us();
	if (err == 0)
		err = conntrack_kernel_put(kernel, entries, EVENTS, NULL);
	report("create with a listener", EVENTS, start);
	start = mono_now_us();
	for (int i = 0; err == 0 && i < EVENTS && heard < EVENTS; i++)
		err = conntrack_kernel_receive(listener, count_one, &heard);
	report("receive events", heard, start);
	if (err == 0)
		err = conntrack_kernel_remove(kernel, tuples, count);
	if (err < 0)
		printf("ended by %s\n", strerror(-err));
	conntrack_kernel_close(listener);
	free(entries);
	free(tuples);
}

int main(int argc, char **argv)
{
	size_t count = argc > 3 ? strtoul(argv[3], NULL, 10) : FLOWS_MAX;
	struct conntrack_kernel *kernel;
	struct addresses addresses = {.count = 0};

	if (argc < 2) {
		fprintf(stderr, "usage: see the head of lab_conntrack.c\n");
		return 2;
	}
	for (int i = 2; i < argc && addresses.count < ADDRESSES_MAX; i++) {
		if (addr_parse(argv[i], &addresses.all[addresses.count]) == 0)
			addresses.count++;
	}
	kernel = open_kernel();
	if (strcmp(argv[1], "follow") == 0)
		follow(kernel, &addresses);
	else if (strcmp(argv[1], "dump") == 0)
		(void)dump(kernel, &addresses, tell, &addresses);
	else if (strcmp(argv[1], "bench") == 0)
		bench(kernel, &addresses, count < EVENTS ? EVENTS : count);
	else
		change(kernel, argv[1]);
	if (strcmp(argv[1], "follow") != 0 && strcmp(argv[1], "dump") != 0)
		print_counters(kernel);
	conntrack_kernel_close(kernel);
	return 0;
}
