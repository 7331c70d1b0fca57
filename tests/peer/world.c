/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/peer/world.h"

#include "lib/mem.h"
#include "lib/mono.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

const char *const world_routers[WORLD_ROUTERS] = {"front", "back"};

unsigned world_random(struct world *world, unsigned limit)
{
	world->random ^= world->random << 13;
	world->random ^= world->random >> 7;
	world->random ^= world->random << 17;
	return (unsigned)(world->random >> 16) % limit;
}

static unsigned router_index(const char *router)
{
	return strcmp(router, world_routers[0]) == 0 ? 0 : 1;
}

static struct model_flow flow_of(unsigned number, const struct world_flow *flow)
{
	return (struct model_flow){
		.protocol = 6,
		.state = flow->there ? MODEL_FLOW_ESTABLISHED : MODEL_FLOW_GONE,
		.client = addr_make(ADDR_IPV4, (const uint8_t[]){10, 0, 0, 1}),
		.virtual = addr_make(ADDR_IPV4, (const uint8_t[]){10, 0, 0, 100}),
		.server = addr_make(ADDR_IPV4, (const uint8_t[]){10, 1, 0, 1}),
		.client_port = (uint16_t)number,
		.virtual_port = 80,
		.ipvs_port = 80,
		.server_port = flow->version,
	};
}

/* ---- what the books call */

/* The node at the other end. */
static unsigned other_end(const struct world_node *node, uint32_t peer)
{
	const struct world *world = node->world;

	for (unsigned i = 0; i < world->node_count; i++)
		if (world->connected[node->index][i] == peer)
			return i;
	return WORLD_NODES_MAX;
}

static int op_send(void *ctx, uint32_t peer, const struct peer_frame *frame)
{
	static uint8_t bytes[PEER_WIRE_MAX];
	struct world_node *node = ctx;
	struct world *world = node->world;
	unsigned from = node->index, to = other_end(node, peer);
	size_t size = peer_wire_encode(frame, bytes);
	struct world_message *message;
	int64_t at_us;

	if (to == WORLD_NODES_MAX)
		return -ENOTCONN;
	if (world->queued[from][to] + size > world->buffer)
		return -EAGAIN;
	ck_assert_msg(world->message_count < WORLD_MESSAGES, "a storm of frames");
	at_us = world->now_us + world->delay_min_us;
	if (world->delay_max_us > world->delay_min_us)
		at_us += world_random(world, (unsigned)(world->delay_max_us - world->delay_min_us));
	/* 10 bytes a microsecond */
	if (at_us < world->last_at_us[from][to] + (int64_t)size / 10)
		at_us = world->last_at_us[from][to] + (int64_t)size / 10;
	world->last_at_us[from][to] = at_us;
	world->queued[from][to] += size;
	message = &world->messages[world->message_count++];
	*message = (struct world_message){.at_us = at_us,
	                                  .from = from,
	                                  .to = to,
	                                  .peer = world->connected[to][from],
	                                  .size = size,
	                                  .bytes = xmemdup(bytes, size)};
	return 0;
}

static size_t op_queued(void *ctx, uint32_t peer)
{
	struct world_node *node = ctx;
	unsigned to = other_end(node, peer);

	return to == WORLD_NODES_MAX ? 0 : node->world->queued[node->index][to];
}

static void op_apply(void *ctx, const char *router, uint32_t generation,
                     const struct model_flow *flows, size_t count)
{
	struct world_node *node = ctx;
	unsigned r = router_index(router);

	/* The first rule. */
	ck_assert_msg(!node->active[r], "node %u is Active for %s and is told", node->index,
	              router);
	for (size_t i = 0; i < count; i++) {
		struct world_flow *flow = &node->flows[r][flows[i].client_port];

		flow->there = flows[i].state != MODEL_FLOW_GONE;
		flow->version = flows[i].server_port;
		flow->generation = generation;
		node->applied++;
	}
}

/* Only counted: the nodes here know all that they could learn by it. */
static void op_late(void *ctx, const char *router, const struct model_flow *flows, size_t count)
{
	struct world_node *node = ctx;

	(void)router;
	ck_assert_ptr_nonnull(flows);
	node->late += (unsigned)count;
}

static void op_sweep(void *ctx, const char *router, uint32_t generation)
{
	struct world_node *node = ctx;
	unsigned r = router_index(router);

	ck_assert(!node->active[r]);
	node->sweeps++;
	for (unsigned i = 0; i < WORLD_FLOWS; i++)
		if (node->flows[r][i].generation != generation)
			node->flows[r][i].there = false;
}

static size_t op_dump(void *ctx, const char *router, uint64_t *cursor, struct model_flow *ret_flows,
                      size_t max)
{
	const struct world_node *node = ctx;
	unsigned r = router_index(router);
	size_t count = 0;

	while (*cursor < WORLD_FLOWS && count < max) {
		const struct world_flow *flow = &node->flows[r][*cursor];

		if (flow->there)
			ret_flows[count++] = flow_of((unsigned)*cursor, flow);
		++*cursor;
	}
	return count;
}

/* ---- nodes */

static void start(struct world *world, unsigned index)
{
	struct world_node *node = &world->nodes[index];
	struct peer_book_ops ops = {.ctx = node,
	                            .send = op_send,
	                            .queued = op_queued,
	                            .apply = op_apply,
	                            .late = op_late,
	                            .sweep = op_sweep,
	                            .dump = op_dump};

	memset(node, 0, sizeof(*node));
	node->world = world;
	node->index = index;
	node->alive = true;
	node->book = peer_book_new(&ops, ++world->last_boot);
	for (unsigned r = 0; r < WORLD_ROUTERS; r++)
		ck_assert_int_eq(peer_book_add_router(node->book, world_routers[r],
		                                      (uint8_t)(51 + r), world->now_us),
		                 0);
}

struct world *world_new(uint64_t seed, unsigned nodes)
{
	struct world *world = xcalloc(1, sizeof(*world));

	world->random = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	world->delay_min_us = world->delay_max_us = US_PER_MS;
	world->buffer = 4 * 1024 * 1024;
	world->now_us = 1000 * US_PER_S;
	world->node_count = nodes;
	for (unsigned i = 0; i < nodes; i++)
		start(world, i);
	return world;
}

void world_free(struct world *world)
{
	for (unsigned i = 0; i < world->message_count; i++)
		free(world->messages[i].bytes);
	for (unsigned i = 0; i < world->node_count; i++)
		peer_book_free(world->nodes[i].book);
	free(world);
}

void world_connect(struct world *world, unsigned a, unsigned b)
{
	const unsigned ends[2] = {a, b};

	if (a == b || world->connected[a][b])
		return;
	world->connected[a][b] = ++world->last_id;
	world->connected[b][a] = ++world->last_id;
	for (int i = 0; i < 2; i++) {
		unsigned here = ends[i], there = ends[!i];
		struct peer_hello hello = {.major = 1, .boot_id = 1000 + there};

		hello.node[0] = (char)('a' + there);
		peer_book_up(world->nodes[here].book, world->connected[here][there], &hello,
		             world->now_us);
	}
}

static void drop_message(struct world *world, unsigned index)
{
	free(world->messages[index].bytes);
	memmove(&world->messages[index], &world->messages[index + 1],
	        (--world->message_count - index) * sizeof(world->messages[0]));
}

void world_cut(struct world *world, unsigned a, unsigned b)
{
	uint32_t at_a = world->connected[a][b], at_b = world->connected[b][a];

	if (!at_a)
		return;
	world->connected[a][b] = world->connected[b][a] = 0;
	world->queued[a][b] = world->queued[b][a] = 0;
	for (unsigned i = world->message_count; i-- > 0;)
		if (world->messages[i].peer == at_a || world->messages[i].peer == at_b)
			drop_message(world, i);
	peer_book_down(world->nodes[a].book, at_a, world->now_us);
	peer_book_down(world->nodes[b].book, at_b, world->now_us);
}

void world_connect_all(struct world *world)
{
	for (unsigned a = 0; a < world->node_count; a++)
		for (unsigned b = 0; b < a; b++)
			world_connect(world, a, b);
}

void world_restart(struct world *world, unsigned node)
{
	for (unsigned i = 0; i < world->node_count; i++)
		world_cut(world, node, i);
	peer_book_free(world->nodes[node].book);
	start(world, node);
}

void world_set_active(struct world *world, unsigned node, unsigned router, bool active)
{
	world->nodes[node].active[router] = active;
	peer_book_set_active(world->nodes[node].book, world_routers[router], active, world->now_us);
}

void world_traffic(struct world *world, unsigned index, unsigned router, unsigned count)
{
	struct world_node *node = &world->nodes[index];
	struct model_flow flows[WORLD_FLOWS];

	ck_assert_uint_le(count, WORLD_FLOWS);
	for (unsigned i = 0; i < count; i++) {
		unsigned number = world_random(world, WORLD_FLOWS);
		struct world_flow *flow = &node->flows[router][number];

		flow->there = !flow->there || world_random(world, 3) > 0;
		flow->version++;
		flow->generation = 0;
		flows[i] = flow_of(number, flow);
	}
	ck_assert_int_eq(
		peer_book_publish(node->book, world_routers[router], flows, count, world->now_us),
		node->active[router]);
}

/* ---- time */

static void deliver(struct world *world, unsigned index)
{
	static struct model_flow scratch[PEER_FLOWS_MAX];
	struct world_message message = world->messages[index];
	struct peer_frame frame;
	size_t used;

	world->messages[index].bytes = NULL;
	drop_message(world, index);
	world->queued[message.from][message.to] -= message.size;
	ck_assert_int_eq(peer_wire_next(message.bytes, message.size, scratch, &frame, &used),
	                 PEER_WIRE_FRAME);
	ck_assert_uint_eq(used, message.size);
	peer_book_frame(world->nodes[message.to].book, message.peer, &frame, world->now_us);
	peer_book_pump(world->nodes[message.from].book, world->connected[message.from][message.to]);
	free(message.bytes);
}

void world_run(struct world *world, int64_t until_us)
{
	for (;;) {
		int64_t at_us = TIME_NEVER;
		unsigned message = 0, node = 0;
		bool tick = false;

		for (unsigned i = 0; i < world->message_count; i++) {
			if (world->messages[i].at_us < at_us) {
				at_us = world->messages[i].at_us;
				message = i;
			}
		}
		for (unsigned i = 0; i < world->node_count; i++) {
			int64_t due_us = peer_book_deadline(world->nodes[i].book);

			if (due_us < at_us) {
				at_us = due_us;
				node = i;
				tick = true;
			}
		}
		if (at_us > until_us)
			break;
		if (at_us > world->now_us)
			world->now_us = at_us;
		if (tick)
			peer_book_tick(world->nodes[node].book, world->now_us);
		else
			deliver(world, message);
	}
	world->now_us = until_us;
}

struct peer_book_status world_status(const struct world *world, unsigned node, unsigned router)
{
	struct peer_book_status status;

	ck_assert(peer_book_status(world->nodes[node].book, world_routers[router], world->now_us,
	                           &status));
	return status;
}

void world_check_same(const struct world *world, unsigned router, unsigned a, unsigned b)
{
	for (unsigned i = 0; i < WORLD_FLOWS; i++) {
		const struct world_flow *one = &world->nodes[a].flows[router][i];
		const struct world_flow *other = &world->nodes[b].flows[router][i];

		ck_assert_msg(one->there == other->there, "flow %u: %s at node %u only", i,
		              one->there ? "there" : "gone", a);
		if (one->there)
			ck_assert_uint_eq(one->version, other->version);
	}
}

unsigned world_count(const struct world *world, unsigned node, unsigned router)
{
	unsigned count = 0;

	for (unsigned i = 0; i < WORLD_FLOWS; i++)
		count += world->nodes[node].flows[router][i].there;
	return count;
}
