/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/health.h"

#include "health/probe.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/resource.h>

#define LIGHT_LIMIT 32768             /* echo requests are told apart by 16 bits */
#define STALL_US    (100 * US_PER_MS) /* a turn of the loop that long is one in which we slept */
#define GRACE_US    (20 * US_PER_MS)
#define TURN_COUNT  64 /* checks begun or given up in one turn of the loop: others have theirs */

struct health {
	struct loop *loop;
	struct health_handlers handlers;
	struct health_table *table;
	struct health_sockets sockets;
	struct health_echoes *echoes;
	struct health_https *https;
	struct loop_deadline next;
	int64_t next_us; /* what it was armed for */
	bool graced;     /* the last time was let pass */
};

static void rearm(struct health *health)
{
	int64_t next_us = health_table_next_us(health->table);

	/* Grace is over when its time is. */
	if (health->graced || next_us == health->next.at_us)
		return;
	health->next_us = next_us;
	loop_deadline_arm(&health->next, next_us);
}

/* When the loop stood still (stopped, suspended, starved), a server may have waited for us: what
 * takes several turns (a connection, a handshake, a request) can't be done in the one before this.
 * So nobody is given up before there were a few. Once, or a loop that is always late would never
 * give up anybody. */
static bool is_after_stall(struct health *health, int64_t now_us)
{
	bool stalled = !health->graced && now_us - health->next_us > STALL_US;

	health->graced = stalled;
	if (stalled)
		loop_deadline_arm(&health->next, now_us + GRACE_US);
	return stalled;
}

static void end(struct health *health, struct health_entry *entry, enum health_result result,
                const char *why)
{
	if (health_table_end(health->table, entry, result, why, mono_now_us()))
		health->handlers.changed(health->handlers.ctx, entry);
}

static void probe_ended(void *ctx, struct health_entry *entry, enum health_result result,
                        const char *why)
{
	struct health *health = ctx;

	end(health, entry, result, why);
	rearm(health);
}

static struct health_probe *start(struct health *health, struct health_entry *entry,
                                  struct health_outcome *outcome)
{
	switch (health_entry_target(entry)->check->type) {
	case MODEL_HEALTH_TCP:
	case MODEL_HEALTH_UDP:
	case MODEL_HEALTH_DNS:
		return health_socket_start(&health->sockets, entry, outcome);
	case MODEL_HEALTH_ICMP:
		return health_echo_start(health->echoes, entry, outcome);
	case MODEL_HEALTH_HTTP:
	case MODEL_HEALTH_HTTPS:
	case MODEL_HEALTH_TLS:
		return health_http_start(health->https, entry, outcome);
	case MODEL_HEALTH_NONE:
		break;
	}
	abort(); /* the table passes these over */
}

static enum health_result give_up(struct health_entry *entry, char why[static HEALTH_WHY_SIZE])
{
	struct health_probe *probe = health_entry_hung(entry);

	return probe->give_up(probe, why);
}

/* Those whose time is up go first: they make room. */
static void next_expired(struct loop_deadline *deadline)
{
	struct health *health = lt_container_of(deadline, struct health, next);
	struct health_outcome outcome;
	struct health_entry *entry;
	int64_t now_us = mono_now_us();
	int count = 0;

	if (is_after_stall(health, now_us))
		return;
	while (count++ < TURN_COUNT && (entry = health_table_overdue(health->table, now_us))) {
		outcome.result = give_up(entry, outcome.why);
		end(health, entry, outcome.result, outcome.why);
	}
	while (count++ < TURN_COUNT && (entry = health_table_begin(health->table, now_us))) {
		struct health_probe *probe = start(health, entry, &outcome);

		if (probe)
			health_entry_hang(entry, probe);
		else
			end(health, entry, outcome.result, outcome.why);
	}
	rearm(health);
}

static void dropped(void *ctx, struct health_entry *entry)
{
	char why[HEALTH_WHY_SIZE];

	(void)give_up(entry, why);
}

void health_want(struct health *health, const struct health_target *targets, size_t count)
{
	health_table_want(health->table, targets, count, mono_now_us(), dropped, health);
	rearm(health);
}

size_t health_expect(struct health *health, const struct health_target *targets, size_t count,
                     struct health_memory *memory)
{
	health_table_expect(health->table, targets, count, mono_now_us());
	rearm(health);
	return memory ? health_table_recall(health->table, health_memory_recall, memory) : 0;
}

const struct health_entry *health_find(const struct health *health,
                                       const struct health_target *target)
{
	return health_table_find(health->table, target);
}

const struct health_entry *health_each(const struct health *health,
                                       const struct health_entry *after)
{
	return health_table_each(health->table, after);
}

void health_totals(const struct health *health, struct health_totals *ret_totals)
{
	health_table_totals(health->table, mono_now_us(), ret_totals);
}

/* --- life --- */

static size_t at_most(size_t wanted, size_t usual, size_t limit)
{
	size_t room = wanted ? wanted : usual;

	if (room > limit)
		room = limit;
	return room ? room : 1;
}

static void set_rooms(const struct health_limits *limits, size_t rooms[static HEALTH_CLASS_COUNT])
{
	struct health_limits none = {0};
	struct rlimit files;
	size_t half = LIGHT_LIMIT;

	if (!limits)
		limits = &none;
	if (getrlimit(RLIMIT_NOFILE, &files) == 0 && files.rlim_cur / 2 < half)
		half = files.rlim_cur / 2;
	rooms[HEALTH_HEAVY] = at_most(limits->heavy_max, HEALTH_HEAVY_MAX, half / 2);
	rooms[HEALTH_LIGHT] =
		at_most(limits->light_max, HEALTH_LIGHT_MAX, half - rooms[HEALTH_HEAVY]);
}

int health_open(struct loop *loop, const struct health_handlers *handlers,
                const struct health_limits *limits, struct health **ret_health)
{
	struct health *health = xcalloc(1, sizeof(*health));
	const struct health_sink sink = {probe_ended, health};
	size_t rooms[HEALTH_CLASS_COUNT];
	uint64_t seeds[3];
	int rc;

	if (getrandom(seeds, sizeof(seeds), GRND_NONBLOCK) != sizeof(seeds))
		seeds[0] = seeds[1] = seeds[2] = (uint64_t)mono_wall_us();
	set_rooms(limits, rooms);
	health->loop = loop;
	health->handlers = *handlers;
	health->table = health_table_new(rooms, seeds[0]);
	health->sockets = (struct health_sockets){
		.loop = loop, .sink = sink, .random = seeds[1] ? seeds[1] : 1};
	health->echoes = health_echoes_new(loop, &sink, seeds[2]);
	health->next.expired = next_expired;
	rc = loop_deadline_init(loop, &health->next);
	if (rc == 0)
		rc = health_https_new(loop, &sink, &health->https);
	if (rc < 0) {
		health_close(health);
		return rc;
	}
	*ret_health = health;
	return 0;
}

void health_close(struct health *health)
{
	if (!health)
		return;
	health_table_want(health->table, NULL, 0, 0, dropped, health);
	health_table_free(health->table);
	health_echoes_free(health->echoes);
	health_https_free(health->https);
	loop_deadline_done(&health->next);
	free(health);
}
