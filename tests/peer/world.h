/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/peer/world.h - books of several nodes with connections between them, in virtual time.
 *
 * Pure. Frames travel as bytes, in order, with a delay; a connection may be cut, which loses what
 * is under way, and its buffer is bounded. Each node has a table of flows; its Active makes,
 * changes and ends some. The same seed gives the same run. */

#ifndef LINTEL_TESTS_PEER_WORLD_H
#define LINTEL_TESTS_PEER_WORLD_H

#include "peer/book.h"

#define WORLD_NODES_MAX 4
#define WORLD_ROUTERS   2
#define WORLD_FLOWS     1500 /* of each router, by client port; more than two frames */
#define WORLD_MESSAGES  20000

extern const char *const world_routers[WORLD_ROUTERS]; /* "front", "back" */

struct world_flow {
	bool there;
	uint16_t version; /* changes are seen by it */
	uint32_t generation;
};

struct world_node {
	struct world *world;
	unsigned index;
	bool alive;
	struct peer_book *book;
	bool active[WORLD_ROUTERS];
	struct world_flow flows[WORLD_ROUTERS][WORLD_FLOWS];
	unsigned sweeps, applied, late;
};

struct world_message {
	int64_t at_us;
	unsigned from, to;
	uint32_t peer; /* the receiver's number of the connection */
	size_t size;
	uint8_t *bytes;
};

struct world {
	int64_t now_us;
	struct world_node nodes[WORLD_NODES_MAX];
	unsigned node_count;
	uint32_t connected[WORLD_NODES_MAX][WORLD_NODES_MAX]; /* a's number for b; 0: not */
	int64_t last_at_us[WORLD_NODES_MAX][WORLD_NODES_MAX]; /* order is kept */
	size_t queued[WORLD_NODES_MAX][WORLD_NODES_MAX];
	uint32_t last_id;
	uint64_t last_boot;
	struct world_message messages[WORLD_MESSAGES];
	unsigned message_count;
	int64_t delay_min_us, delay_max_us;
	size_t buffer; /* bytes from one node to another */
	uint64_t random;
};

struct world *world_new(uint64_t seed, unsigned nodes);
void world_free(struct world *world);
unsigned world_random(struct world *world, unsigned limit);
void world_connect(struct world *world, unsigned a, unsigned b);
void world_cut(struct world *world, unsigned a, unsigned b);
void world_connect_all(struct world *world);
/* Starts anew with nothing; connections are cut. */
void world_restart(struct world *world, unsigned node);
void world_set_active(struct world *world, unsigned node, unsigned router, bool active);
/* The Active's connections do something: 'count' of them begin, change or end. */
void world_traffic(struct world *world, unsigned node, unsigned router, unsigned count);
void world_run(struct world *world, int64_t until_us);
struct peer_book_status world_status(const struct world *world, unsigned node, unsigned router);
/* Aborts the test unless the node knows just what the other does. */
void world_check_same(const struct world *world, unsigned router, unsigned a, unsigned b);
unsigned world_count(const struct world *world, unsigned node, unsigned router);

#endif
