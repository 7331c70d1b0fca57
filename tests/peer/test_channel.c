/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Two channels in one process, over loopback, with time as it is: 127.0.0.1 and 127.0.0.2, or ::1
 * with two ports. Not a unit test: a suite of its own.
 *
 * Reason: one pair of channels, and each way in which their connection may go wrong. */
#include "peer/channel.h"

#include "lib/mono.h"
#include "peer/tls.h"
#include "tests/unit.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define SIDES     2
#define PATIENCE  (20 * US_PER_S)
#define EVENT_MAX 40

struct side {
	struct peer_channel *channel;
	uint32_t peer; /* that is up, 0 */
	unsigned ups, downs, writables;
	uint64_t records, frames, next_sequence;
	bool in_order, hold; /* hold: stop the loop at a frame */
	char events[EVENT_MAX][300];
	unsigned event_count;
};

static struct loop *loop;
static struct side sides[SIDES];
static struct loop_deadline deadline;
static bool (*wanted)(void);
static bool timed_out;

/* ---- handlers */

static void look(void)
{
	if (wanted && wanted())
		loop_stop(loop);
}

static void up(void *ctx, uint32_t peer, const struct peer_hello *hello)
{
	struct side *side = ctx;

	ck_assert_uint_eq(side->peer, 0);
	ck_assert_str_eq(hello->node, side == &sides[0] ? "node1" : "node0");
	side->peer = peer;
	side->ups++;
	side->next_sequence = 0;
	look();
}

static void down(void *ctx, uint32_t peer)
{
	struct side *side = ctx;

	ck_assert_uint_eq(side->peer, peer);
	side->peer = 0;
	side->downs++;
	look();
}

static void frame(void *ctx, uint32_t peer, const struct peer_frame *heard)
{
	struct side *side = ctx;

	ck_assert_uint_eq(side->peer, peer);
	side->frames++;
	if (heard->type == PEER_FRAME_FLOWS) {
		if (heard->flows.sequence != side->next_sequence)
			side->in_order = false;
		side->next_sequence = heard->flows.sequence + heard->flows.count;
		side->records += heard->flows.count;
	}
	look();
}

static void writable(void *ctx, uint32_t peer)
{
	struct side *side = ctx;

	ck_assert_uint_eq(side->peer, peer);
	side->writables++;
	look();
}

static void event(void *ctx, enum log_level level, const char *message)
{
	struct side *side = ctx;

	if (side->event_count < EVENT_MAX)
		snprintf(side->events[side->event_count++], sizeof(side->events[0]), "%s", message);
	look();
}

static unsigned count_events(const struct side *side, const char *part)
{
	unsigned count = 0;

	for (unsigned i = 0; i < side->event_count; i++)
		count += strstr(side->events[i], part) != NULL;
	return count;
}

static void impatient(struct loop_deadline *expired)
{
	timed_out = true;
	loop_stop(loop);
}

/* Runs until it is so; fails after a long time, 'quiet_us': passes only after it. */
static void wait_for(bool (*condition)(void))
{
	wanted = condition;
	timed_out = false;
	loop_deadline_arm(&deadline, mono_now_us() + PATIENCE);
	if (!condition())
		loop_run(loop);
	loop_deadline_arm(&deadline, TIME_NEVER);
	wanted = NULL;
	for (int i = 0; timed_out && i < SIDES; i++)
		for (unsigned j = 0; j < sides[i].event_count; j++)
			printf("# %d: %s\n", i, sides[i].events[j]);
	ck_assert_msg(!timed_out, "it does not come");
}

static void run_for(int64_t us)
{
	wanted = NULL;
	loop_deadline_arm(&deadline, mono_now_us() + us);
	loop_run(loop);
}

/* ---- channels */

static struct peer_keys make_keys(const char *digits)
{
	struct peer_keys keys = {.count = strlen(digits)};

	for (size_t i = 0; i < keys.count; i++) {
		keys.items[i].size = 32;
		memset(keys.items[i].bytes, digits[i], 32);
	}
	peer_tls_name_keys(&keys);
	return keys;
}

static struct addr address(const char *text)
{
	struct addr a;

	ck_assert_int_eq(addr_parse(text, &a), 0);
	return a;
}

static uint16_t free_port(void)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	socklen_t size = sizeof(at);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, size), 0);
	ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&at, &size), 0);
	close(fd);
	return ntohs(at.sin_port);
}

static const char *const addresses[SIDES] = {"127.0.0.1", "127.0.0.2"};
static uint16_t port;

static void open_side(int i, const char *digits)
{
	struct peer_keys keys = make_keys(digits);
	struct peer_channel_config config = {.address = address(addresses[i]),
	                                     .port = port,
	                                     .keys = &keys,
	                                     .node = i ? "node1" : "node0"};
	struct peer_channel_handlers handlers = {.ctx = &sides[i],
	                                         .up = up,
	                                         .down = down,
	                                         .frame = frame,
	                                         .writable = writable,
	                                         .event = event};

	memset(&sides[i], 0, sizeof(sides[i]));
	sides[i].in_order = true;
	ck_assert_int_eq(peer_channel_open(loop, &config, &handlers, &sides[i].channel), 0);
	ck_assert_uint_eq(peer_channel_port(sides[i].channel), port);
}

static void set_peer(int i)
{
	struct peer_address peer = {
		.address = address(addresses[!i]), .local = address(addresses[i]), .port = port};

	ck_assert_int_eq(peer_channel_set_peers(sides[i].channel, &peer, 1), 0);
}

static void setup(void)
{
	ck_assert_int_eq(loop_new(&loop), 0);
	ck_assert_int_eq(loop_deadline_init(loop, &deadline), 0);
	deadline.expired = impatient;
	port = free_port();
}

static void teardown(void)
{
	for (int i = 0; i < SIDES; i++) {
		peer_channel_close(sides[i].channel);
		sides[i].channel = NULL;
	}
	loop_deadline_done(&deadline);
	loop_free(loop);
}

static bool both_up(void)
{
	return sides[0].peer && sides[1].peer;
}

static bool both_down(void)
{
	return !sides[0].peer && !sides[1].peer;
}

static bool wrong_key_seen(void)
{
	return count_events(&sides[0], "reason=wrong-key") &&
	       count_events(&sides[1], "reason=wrong-key");
}

static void begin(void)
{
	for (int i = 0; i < SIDES; i++) {
		open_side(i, "1");
		set_peer(i);
	}
	wait_for(both_up);
}

static struct peer_channel_status status_of(int i)
{
	struct peer_channel_status status;

	ck_assert_uint_eq(peer_channel_peer_count(sides[i].channel), 1);
	peer_channel_status(sides[i].channel, 0, &status);
	return status;
}

static struct model_flow flows[PEER_FLOWS_MAX];
static uint64_t sequence;

static int send_flows(int i, size_t count)
{
	struct peer_frame out = {
		.type = PEER_FRAME_FLOWS,
		.flows = {.router = "front", .epoch = 1, .records = flows, .count = count}};
	int rc;

	for (size_t j = 0; j < count; j++) {
		flows[j] = (struct model_flow){.protocol = 6,
		                               .state = MODEL_FLOW_ESTABLISHED,
		                               .client = address("10.0.0.1"),
		                               .virtual = address("10.0.0.2"),
		                               .server = address("10.0.0.3"),
		                               .source = address("10.0.0.4"),
		                               .client_port = (uint16_t)j};
	}
	out.flows.sequence = sequence;
	rc = peer_channel_send(sides[i].channel, sides[i].peer, &out);
	if (rc == 0)
		sequence += count;
	return rc;
}

static bool all_heard(void)
{
	return sides[1].records == sequence;
}

/* ---- tests */

START_TEST(frames_go_both_ways_in_order)
{
	struct peer_frame out = {.type = PEER_FRAME_ROUTER, .claim = {.router = "front"}};

	begin();
	sequence = 0;
	for (int i = 0; i < 100; i++)
		ck_assert_int_eq(send_flows(0, 300), 0);
	ck_assert_int_eq(peer_channel_send(sides[1].channel, sides[1].peer, &out), 0);
	wait_for(all_heard);
	ck_assert(sides[1].in_order);
	run_for(US_PER_S / 10);
	ck_assert_uint_eq(sides[0].frames, 1);
	ck_assert_uint_eq(sides[0].ups, 1); /* one connection, and it stayed */
	ck_assert_uint_eq(sides[1].ups, 1);
	struct peer_channel_status status = status_of(0);
	ck_assert_int_eq(status.state, PEER_SESSION_ESTABLISHED);
	ck_assert_str_eq(status.node, "node1");
	ck_assert_int_ge(status.rtt_us, 0);
	ck_assert_int_eq(strncmp(status.key, "sha256-", 7), 0);
	ck_assert_int_eq(peer_channel_send(sides[0].channel, 4711, &out), -ENOTCONN);
}
END_TEST

START_TEST(both_dial_at_once_and_one_connection_is_left)
{
	struct peer_address peer;

	for (int i = 0; i < SIDES; i++)
		open_side(i, "1");
	for (int i = 0; i < SIDES; i++) {
		peer = (struct peer_address){.address = address(addresses[!i]), .port = port};
		/* Without a local address nobody waits for the other; but the kernel takes
		 * 127.0.0.1 for one's own end, so it must be given where it matters. */
		if (i == 1)
			peer.local = address(addresses[1]);
		ck_assert_int_eq(peer_channel_set_peers(sides[i].channel, &peer, 1), 0);
	}
	wait_for(both_up);
	run_for(US_PER_S);
	ck_assert(both_up());
	ck_assert_uint_le(sides[0].ups, 2);
	ck_assert_uint_eq(sides[0].ups - sides[0].downs, 1);
	sequence = 0;
	sides[1].records = 0;
	ck_assert_int_eq(send_flows(0, 10), 0);
	wait_for(all_heard);
}
END_TEST

START_TEST(who_has_another_key_is_refused_until_he_has_ours)
{
	struct peer_keys keys = make_keys("21");

	open_side(0, "1");
	open_side(1, "2");
	set_peer(0);
	set_peer(1);
	wait_for(wrong_key_seen);
	run_for(US_PER_S / 2);
	ck_assert(both_down());
	ck_assert_uint_eq(count_events(&sides[0], "reason=wrong-key"), 1); /* once */
	ck_assert_uint_eq(count_events(&sides[1], "reason=wrong-key"), 1);
	ck_assert_int_eq(status_of(0).state, PEER_SESSION_REFUSED);
	ck_assert_uint_ge(status_of(0).counts[PEER_REASON_WRONG_KEY], 1);
	/* The first offers what the second has not: but 1 takes in what 0 offers. */
	ck_assert_int_eq(peer_channel_set_keys(sides[1].channel, &keys), 0);
	keys = make_keys("12");
	ck_assert_int_eq(peer_channel_set_keys(sides[0].channel, &keys), 0);
	wait_for(both_up);
}
END_TEST

static unsigned rotation_ups;

static bool up_again(void)
{
	return both_up() && sides[0].ups > rotation_ups && sides[1].ups > rotation_ups;
}

START_TEST(a_key_is_changed_under_load)
{
	/* add at the end, move to the front: nothing is cut. Remove the old one: made anew. */
	static const char *const steps[] = {"12", "21"};
	struct peer_keys keys;

	begin();
	sequence = 0;
	for (size_t step = 0; step < LT_ARRAY_SIZE(steps); step++) {
		for (int i = 0; i < SIDES; i++) {
			keys = make_keys(steps[step]);
			for (int j = 0; j < 20; j++)
				ck_assert_int_eq(send_flows(0, 500), 0);
			ck_assert_int_eq(peer_channel_set_keys(sides[i].channel, &keys), 0);
			run_for(US_PER_S / 20);
		}
	}
	wait_for(all_heard);
	ck_assert(sides[1].in_order);
	ck_assert_uint_eq(sides[0].downs + sides[1].downs, 0);
	rotation_ups = sides[0].ups;
	keys = make_keys("2");
	ck_assert_int_eq(peer_channel_set_keys(sides[0].channel, &keys), 0);
	wait_for(up_again);
	ck_assert_str_eq(status_of(0).key, keys.items[0].name);
	rotation_ups = sides[0].ups;
	ck_assert_int_eq(peer_channel_set_keys(sides[1].channel, &keys), 0);
	run_for(US_PER_S / 2);
	ck_assert_uint_eq(sides[0].ups, rotation_ups); /* it has the new one already */
	keys.count = 0;
	ck_assert_int_eq(peer_channel_set_keys(sides[1].channel, &keys), -EINVAL);
}
END_TEST

/* A connection by hand, from 'from' to side 0. */
static int dial_raw(const char *from)
{
	struct sockaddr_in at = {.sin_family = AF_INET};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	ck_assert_int_eq(inet_pton(AF_INET, from, &at.sin_addr), 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	at.sin_port = htons(port);
	ck_assert_int_eq(inet_pton(AF_INET, addresses[0], &at.sin_addr), 1);
	ck_assert_int_eq(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
	return fd;
}

START_TEST(a_stranger_is_hung_up_on)
{
	struct peer_channel_counters counters;
	char byte;

	open_side(0, "1");
	set_peer(0);
	for (int i = 0; i < 5; i++) {
		int fd = dial_raw("127.0.0.9");

		run_for(US_PER_S / 50);
		ck_assert_int_eq(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
		close(fd);
	}
	peer_channel_counters(sides[0].channel, &counters);
	ck_assert_uint_eq(counters.strangers, 5);
	ck_assert_uint_eq(count_events(&sides[0], "address=127.0.0.9 reason=stranger"), 1);
}
END_TEST

START_TEST(half_open_connections_are_few_and_end)
{
	int fds[10];
	char byte;

	open_side(0, "1");
	set_peer(0);
	for (int i = 0; i < 10; i++)
		fds[i] = dial_raw(addresses[1]);
	run_for(US_PER_S / 10);
	for (int i = 1; i < 10; i++)
		ck_assert_int_eq(recv(fds[i], &byte, 1, MSG_DONTWAIT), 0);
	ck_assert_int_eq(recv(fds[0], &byte, 1, MSG_DONTWAIT), -1);
	ck_assert_uint_eq(status_of(0).counts[PEER_REASON_BUSY], 9);
	run_for(PEER_SESSION_PATIENCE_US + US_PER_S / 5);
	ck_assert_int_eq(recv(fds[0], &byte, 1, MSG_DONTWAIT), 0);
	ck_assert_uint_eq(status_of(0).counts[PEER_REASON_TIMEOUT], 1);
	for (int i = 0; i < 10; i++)
		close(fds[i]);
}
END_TEST

/* Somebody with the key who says what he likes: side 0 hears 'bytes' after our HELLO. */
static void speak(const void *bytes, size_t size, bool hello_first)
{
	struct peer_keys keys = make_keys("1");
	struct peer_tls_context *context;
	struct peer_tls *tls;
	enum peer_tls_result result = PEER_TLS_WANT_READ;
	struct peer_frame hello = {
		.type = PEER_FRAME_HELLO,
		.hello = {.major = PEER_WIRE_MAJOR, .boot_id = 4711, .node = "node1"}};
	static uint8_t buf[PEER_WIRE_MAX];
	size_t n;
	int fd = dial_raw(addresses[1]);

	ck_assert_int_eq(peer_tls_context_new(&keys, &context), 0);
	ck_assert_int_eq(peer_tls_new(context, fd, true, &tls), 0);
	for (int i = 0; i < 100 && result != PEER_TLS_DONE; i++) {
		result = peer_tls_handshake(tls);
		run_for(US_PER_S / 500);
	}
	ck_assert_int_eq(result, PEER_TLS_DONE);
	if (hello_first)
		ck_assert_int_eq(peer_tls_write(tls, buf, peer_wire_encode(&hello, buf), &n),
		                 PEER_TLS_DONE);
	ck_assert_int_eq(peer_tls_write(tls, bytes, size, &n), PEER_TLS_DONE);
	run_for(US_PER_S / 10);
	peer_tls_free(tls);
	peer_tls_context_free(context);
	close(fd);
	run_for(US_PER_S / 20);
}

static const struct {
	const char *what;
	bool hello;
	uint8_t bytes[16];
	size_t size;
	enum peer_reason reason;
} sayings[] = {
	{"an oversize frame", true, {99, 1, 0, 0}, 4, PEER_REASON_MALFORMED},
	{"a broken frame", true, {PEER_FRAME_PING, 0, 0, 2, 0, 0}, 6, PEER_REASON_MALFORMED},
	{"no HELLO",
         false,
         {PEER_FRAME_PING, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0},
         12,
         PEER_REASON_MALFORMED},
	{"another version",
         false,
         {PEER_FRAME_HELLO, 0, 0, 8, 'L', 'T', 'L', 'P', 0, 9, 0, 0},
         12,
         PEER_REASON_VERSION},
	{"good bye", true, {PEER_FRAME_BYE, 0, 0, 1, PEER_REASON_STOPPED}, 5, PEER_REASON_STOPPED},
	{"half a frame, then a cut", true, {PEER_FRAME_PING, 0, 0, 8, 0, 0}, 6, PEER_REASON_CLOSED},
	{"a frame from the future, then a cut", true, {77, 0, 0, 2, 0, 0}, 6, PEER_REASON_CLOSED},
};

START_TEST(whoever_speaks_wrong_is_cut_off_and_counted)
{
	open_side(0, "1");
	set_peer(0);
	speak(sayings[_i].bytes, sayings[_i].size, sayings[_i].hello);
	ck_assert_uint_eq(sides[0].ups, sayings[_i].hello);
	ck_assert_uint_eq(sides[0].downs, sayings[_i].hello);
	ck_assert_uint_eq(status_of(0).counts[sayings[_i].reason], 1);
	ck_assert_uint_eq(count_events(&sides[0], peer_reason_name(sayings[_i].reason)), 1);
}
END_TEST

START_TEST(a_peer_that_does_not_read_is_refused_more_and_told_when_it_can_have_it)
{
	struct peer_frame ping = {.type = PEER_FRAME_ROUTER, .claim = {.router = "front"}};
	int rc = 0;

	begin();
	sequence = 0;
	/* The loop does not run: nobody reads. */
	for (int i = 0; i < 100000 && rc == 0; i++)
		rc = send_flows(0, 500);
	ck_assert_int_eq(rc, -EAGAIN);
	ck_assert_uint_le(peer_channel_queued(sides[0].channel, sides[0].peer),
	                  PEER_CHANNEL_BUFFER);
	ck_assert_uint_gt(peer_channel_queued(sides[0].channel, sides[0].peer),
	                  PEER_CHANNEL_BUFFER - PEER_WIRE_MAX);
	ck_assert_uint_eq(sides[0].writables, 0);
	wait_for(all_heard);
	ck_assert(sides[1].in_order);
	ck_assert_uint_eq(sides[0].writables, 1);
	ck_assert_uint_eq(peer_channel_queued(sides[0].channel, sides[0].peer), 0);
	ck_assert_int_eq(peer_channel_send(sides[0].channel, sides[0].peer, &ping), 0);
	ck_assert_uint_eq(sides[0].downs, 0);
}
END_TEST

START_TEST(a_peer_that_was_started_anew_is_found_again)
{
	begin();
	peer_channel_close(sides[1].channel);
	sides[1].channel = NULL;
	sides[1].peer = 0;
	wait_for(both_down);
	ck_assert_uint_eq(count_events(&sides[0], "reason=stopped"), 1);
	open_side(1, "1");
	set_peer(1);
	wait_for(both_up);
	ck_assert_uint_eq(sides[0].ups, 2);
}
END_TEST

START_TEST(who_is_no_peer_any_more_is_let_go)
{
	begin();
	ck_assert_int_eq(peer_channel_set_peers(sides[0].channel, NULL, 0), 0);
	wait_for(both_down);
	run_for(US_PER_S / 10);
	ck_assert_uint_eq(peer_channel_peer_count(sides[0].channel), 0);
	ck_assert_uint_ge(count_events(&sides[1], "reason=removed"), 1);
	set_peer(0);
	wait_for(both_up);
}
END_TEST

START_TEST(over_ipv6_it_is_the_same)
{
	static const char *const ports_only = "::1";
	struct peer_keys keys = make_keys("1");
	struct peer_channel_handlers handlers = {
		.up = up, .down = down, .frame = frame, .writable = writable, .event = event};
	uint16_t ports[SIDES];

	for (int i = 0; i < SIDES; i++) {
		struct peer_channel_config config = {.address = address(ports_only),
		                                     .keys = &keys,
		                                     .node = i ? "node1" : "node0"};

		config.port = ports[i] = free_port();
		handlers.ctx = &sides[i];
		memset(&sides[i], 0, sizeof(sides[i]));
		ck_assert_int_eq(peer_channel_open(loop, &config, &handlers, &sides[i].channel), 0);
	}
	for (int i = 0; i < SIDES; i++) {
		struct peer_address peer = {.address = address(ports_only), .port = ports[!i]};

		ck_assert_int_eq(peer_channel_set_peers(sides[i].channel, &peer, 1), 0);
	}
	wait_for(both_up);
}
END_TEST

START_TEST(our_own_address_is_no_peer)
{
	struct peer_address peer;

	port = free_port();
	open_side(0, "1");
	peer = (struct peer_address){.address = address(addresses[0]), .port = port};
	ck_assert_int_eq(peer_channel_set_peers(sides[0].channel, &peer, 1), 0);
	run_for(US_PER_S);
	ck_assert_uint_eq(sides[0].ups, 0);
	ck_assert_uint_ge(status_of(0).counts[PEER_REASON_SELF], 1);
	ck_assert_int_eq(status_of(0).state, PEER_SESSION_REFUSED);
}
END_TEST

/* Told for people; that it is far too slow would fail. */
START_TEST(records_are_many_a_second)
{
	const uint64_t goal = 500000;
	struct rusage before, after;
	int64_t cpu_us;

	begin();
	sequence = 0;
	getrusage(RUSAGE_SELF, &before);
	while (sides[1].records < goal) {
		for (int i = 0; i < 50 && sequence < goal; i++)
			if (send_flows(0, 500))
				break;
		wait_for(all_heard);
	}
	getrusage(RUSAGE_SELF, &after);
	cpu_us = (after.ru_utime.tv_sec - before.ru_utime.tv_sec + after.ru_stime.tv_sec -
	          before.ru_stime.tv_sec) *
	                 US_PER_S +
	         after.ru_utime.tv_usec - before.ru_utime.tv_usec + after.ru_stime.tv_usec -
	         before.ru_stime.tv_usec;
	printf("# %lld records a second of one core for both sides together\n",
	       (long long)(goal * US_PER_S / (uint64_t)(cpu_us + 1)));
	ck_assert(sides[1].in_order);
	ck_assert_int_lt(cpu_us, 30 * US_PER_S);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("peer/channel", &tests);

	tcase_set_timeout(tests, 60);
	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, frames_go_both_ways_in_order);
	tcase_add_test(tests, both_dial_at_once_and_one_connection_is_left);
	tcase_add_test(tests, who_has_another_key_is_refused_until_he_has_ours);
	tcase_add_test(tests, a_key_is_changed_under_load);
	tcase_add_test(tests, a_stranger_is_hung_up_on);
	tcase_add_test(tests, half_open_connections_are_few_and_end);
	tcase_add_loop_test(tests, whoever_speaks_wrong_is_cut_off_and_counted, 0,
	                    LT_ARRAY_SIZE(sayings));
	tcase_add_test(tests,
	               a_peer_that_does_not_read_is_refused_more_and_told_when_it_can_have_it);
	tcase_add_test(tests, a_peer_that_was_started_anew_is_found_again);
	tcase_add_test(tests, who_is_no_peer_any_more_is_let_go);
	tcase_add_test(tests, over_ipv6_it_is_the_same);
	tcase_add_test(tests, our_own_address_is_no_peer);
	tcase_add_test(tests, records_are_many_a_second);
	return unit_run(suite);
}
