/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/table.h"

#include "health/heap.h"
#include "health/spec.h"
#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_STEP_US INT64_C(1000) /* between two first checks */

#define LATE_PART     10 /* of the interval: a check is up to as much early, too */

/* What an entry is known by; compared as bytes, so whatever pads it is zero. */
struct identity {
	struct addr address;
	uint16_t port;
	const struct health_spec *spec;
};

struct health_entry {
	struct identity identity;
	struct health_target target;
	struct health_spec *spec; /* held */
	struct health_timing timing;
	struct health_machine machine;
	struct health_heap_node node; /* waiting: when it is due; running: when it is overdue */
	int64_t begun_us;
	bool running;
	bool wanted; /* while what is wanted is compared with what there is */
	void *probe;
	UT_hash_handle hh;
};

struct health_table {
	struct health_entry *entries; /* by identity */
	struct health_spec *specs;
	struct health_heap waiting[HEALTH_CLASS_COUNT];
	struct health_heap running;
	struct health_totals totals; /* 'states' and 'waiting' excepted */
	uint64_t random;
};

/* --- targets --- */

struct health_target health_target_make(const struct addr *address, uint16_t port,
                                        const struct model_health_check *check)
{
	struct health_target target = {.address = *address, .port = port, .check = check};

	if (check->type == MODEL_HEALTH_ICMP)
		target.port = 0;
	else if (check->port > 0)
		target.port = check->port;
	return target;
}

const char *health_target_format(const struct health_target *target,
                                 char buf[static HEALTH_TARGET_TEXT_SIZE])
{
	char text[ENDPOINT_TEXT_SIZE];

	snprintf(buf, HEALTH_TARGET_TEXT_SIZE, "%s %s", model_health_type_name(target->check->type),
	         endpoint_format(&target->address, target->port, text));
	return buf;
}

static enum health_class class_of(enum model_health_type type)
{
	switch (type) {
	case MODEL_HEALTH_HTTP:
	case MODEL_HEALTH_HTTPS:
	case MODEL_HEALTH_TLS:
		return HEALTH_HEAVY;
	case MODEL_HEALTH_NONE:
	case MODEL_HEALTH_TCP:
	case MODEL_HEALTH_UDP:
	case MODEL_HEALTH_ICMP:
	case MODEL_HEALTH_DNS:
		break;
	}
	return HEALTH_LIGHT;
}

static struct health_heap *waiting_of(struct health_table *table, const struct health_entry *entry)
{
	return &table->waiting[class_of(entry->target.check->type)];
}

static struct identity identity_make(const struct health_target *target,
                                     const struct health_spec *spec)
{
	struct identity identity;

	memset(&identity, 0, sizeof(identity));
	identity.address = target->address;
	identity.port = target->port;
	identity.spec = spec;
	return identity;
}

static struct health_entry *find(const struct health_table *table, const struct identity *identity)
{
	struct health_entry *entry;

	HASH_FIND(hh, table->entries, identity, sizeof(*identity), entry);
	return entry;
}

const struct health_entry *health_table_find(const struct health_table *table,
                                             const struct health_target *target)
{
	const struct health_spec *spec = health_spec_find(table->specs, target->check);
	struct identity identity = identity_make(target, spec);

	return spec ? find(table, &identity) : NULL;
}

const struct health_entry *health_table_each(const struct health_table *table,
                                             const struct health_entry *after)
{
	return after ? after->hh.next : table->entries;
}

const struct health_target *health_entry_target(const struct health_entry *entry)
{
	return &entry->target;
}

const struct health_machine *health_entry_machine(const struct health_entry *entry)
{
	return &entry->machine;
}

void health_entry_hang(struct health_entry *entry, void *probe)
{
	entry->probe = probe;
}

void *health_entry_hung(const struct health_entry *entry)
{
	return entry->probe;
}

/* --- what is wanted --- */

struct health_table *health_table_new(const size_t rooms[static HEALTH_CLASS_COUNT], uint64_t seed)
{
	struct health_table *table = xcalloc(1, sizeof(*table));

	for (size_t i = 0; i < HEALTH_CLASS_COUNT; i++) {
		assert(rooms[i] > 0);
		table->totals.rooms[i] = rooms[i];
	}
	table->random = seed ? seed : 1;
	return table;
}

/* Xorshift (Marsaglia 2003): it is for spreading, not for secrets. */
static uint64_t next_random(struct health_table *table)
{
	table->random ^= table->random << 13;
	table->random ^= table->random >> 7;
	table->random ^= table->random << 17;
	return table->random;
}

static void free_entry(struct health_table *table, struct health_entry *entry)
{
	HASH_DEL(table->entries, entry);
	if (entry->running) {
		health_heap_remove(&table->running, &entry->node);
		table->totals.running[class_of(entry->target.check->type)]--;
	} else {
		health_heap_remove(waiting_of(table, entry), &entry->node);
	}
	health_spec_release(&table->specs, entry->spec);
	free(entry);
}

void health_table_free(struct health_table *table)
{
	if (!table)
		return;
	while (table->entries)
		free_entry(table, table->entries);
	for (size_t i = 0; i < HEALTH_CLASS_COUNT; i++)
		health_heap_done(&table->waiting[i]);
	health_heap_done(&table->running);
	free(table);
}

/* Those that go, by what is tried and where: another timing is no reason to forget a verdict. */
struct heir {
	char *key; /* owned */
	size_t key_size;
	const struct health_entry *entry;
	UT_hash_handle hh;
};

static void add_heir_key(struct text *key, const struct health_entry *entry)
{
	text_add_len(key, (const char *)&entry->identity,
	             offsetof(struct identity, port) + sizeof(entry->identity.port));
	text_add_len(key, entry->spec->key, entry->spec->probe_size);
}

static struct heir *find_heir(struct heir *heirs, const struct health_entry *entry)
{
	struct text key = {0};
	struct heir *heir;

	add_heir_key(&key, entry);
	HASH_FIND(hh, heirs, key.data, key.len, heir);
	text_done(&key);
	return heir;
}

static struct heir *index_leavers(const struct health_table *table)
{
	struct heir *heirs = NULL;

	for (const struct health_entry *entry = table->entries; entry; entry = entry->hh.next) {
		struct text key = {0};
		struct heir *heir;

		/* Of two that differ in their timing only, either will do. */
		if (entry->wanted || find_heir(heirs, entry))
			continue;
		add_heir_key(&key, entry);
		heir = xcalloc(1, sizeof(*heir));
		heir->entry = entry;
		heir->key_size = key.len;
		heir->key = text_take(&key);
		HASH_ADD_KEYPTR(hh, heirs, heir->key, heir->key_size, heir);
	}
	return heirs;
}

static void inherit(struct health_table *table, struct health_entry *const *fresh, size_t count)
{
	struct heir *heirs = index_leavers(table), *heir, *next;

	for (size_t i = 0; heirs && i < count; i++) {
		heir = find_heir(heirs, fresh[i]);
		if (heir)
			fresh[i]->machine = heir->entry->machine;
	}
	HASH_ITER (hh, heirs, heir, next) {
		HASH_DEL(heirs, heir);
		free(heir->key);
		free(heir);
	}
}

/* NULL: it is there already. */
static struct health_entry *add_target(struct health_table *table,
                                       const struct health_target *target, struct health_spec *spec,
                                       int64_t now_us)
{
	struct identity identity = identity_make(target, spec);
	struct health_entry *entry = find(table, &identity);

	if (entry) {
		entry->wanted = true;
		return NULL;
	}
	entry = xcalloc(1, sizeof(*entry));
	memcpy(&entry->identity, &identity, sizeof(identity));
	entry->target = *target;
	entry->target.check = &spec->check;
	entry->spec = spec;
	spec->holders++;
	entry->timing = health_timing_of(&spec->check);
	health_machine_init(&entry->machine, now_us);
	entry->wanted = true;
	HASH_ADD(hh, table->entries, identity, sizeof(entry->identity), entry);
	return entry;
}

/* Adds what is not there yet and marks what is. The caller frees the result. */
static struct health_entry **add_targets(struct health_table *table,
                                         const struct health_target *targets, size_t count,
                                         int64_t now_us, size_t *ret_count)
{
	struct health_entry **fresh = xcalloc(count, sizeof(struct health_entry *));
	const struct model_health_check *check = NULL;
	struct health_spec *spec = NULL; /* of 'check': neighbours share theirs */
	size_t fresh_count = 0;

	for (size_t i = 0; i < count; i++) {
		if (targets[i].check->type == MODEL_HEALTH_NONE)
			continue;
		if (targets[i].check != check) {
			if (spec)
				health_spec_release(&table->specs, spec);
			check = targets[i].check;
			spec = health_spec_hold(&table->specs, check);
		}
		fresh[fresh_count] = add_target(table, &targets[i], spec, now_us);
		if (fresh[fresh_count])
			fresh_count++;
	}
	if (spec)
		health_spec_release(&table->specs, spec);
	*ret_count = fresh_count;
	return fresh;
}

void health_table_expect(struct health_table *table, const struct health_target *targets,
                         size_t count, int64_t now_us)
{
	struct health_entry **fresh;
	size_t fresh_count;

	for (struct health_entry *entry = table->entries; entry; entry = entry->hh.next)
		entry->wanted = false;
	fresh = add_targets(table, targets, count, now_us, &fresh_count);
	if (fresh_count > 0)
		inherit(table, fresh, fresh_count);
	for (size_t i = 0; i < fresh_count; i++) {
		int64_t step_us = fresh[i]->timing.interval_us / (int64_t)fresh_count;

		if (step_us > FIRST_STEP_US)
			step_us = FIRST_STEP_US;
		fresh[i]->node.at_us = now_us + (int64_t)i * step_us;
		health_heap_add(waiting_of(table, fresh[i]), &fresh[i]->node);
	}
	free(fresh);
}

void health_table_want(struct health_table *table, const struct health_target *targets,
                       size_t count, int64_t now_us,
                       void (*dropped)(void *ctx, struct health_entry *entry), void *ctx)
{
	struct health_entry *entry, *next;

	health_table_expect(table, targets, count, now_us);
	HASH_ITER (hh, table->entries, entry, next) {
		if (entry->wanted)
			continue;
		if (entry->running && dropped)
			dropped(ctx, entry);
		free_entry(table, entry);
	}
}

size_t health_table_recall(struct health_table *table,
                           bool (*recall)(void *ctx, const struct health_target *target,
                                          struct health_machine *machine),
                           void *ctx)
{
	size_t count = 0;

	for (struct health_entry *entry = table->entries; entry; entry = entry->hh.next) {
		const struct health_machine *machine = &entry->machine;

		if (machine->state == HEALTH_UNKNOWN && machine->check_count == 0)
			count += recall(ctx, &entry->target, &entry->machine);
	}
	return count;
}

/* --- checks --- */

static struct health_entry *entry_of(struct health_heap_node *node)
{
	return node ? lt_container_of(node, struct health_entry, node) : NULL;
}

/* The first that waits for a class with room; NULL: none. */
static struct health_entry *first_waiting(const struct health_table *table)
{
	struct health_entry *first = NULL;

	for (size_t i = 0; i < HEALTH_CLASS_COUNT; i++) {
		struct health_entry *entry = entry_of(health_heap_first(&table->waiting[i]));

		if (!entry || table->totals.running[i] >= table->totals.rooms[i])
			continue;
		if (!first || entry->node.at_us < first->node.at_us)
			first = entry;
	}
	return first;
}

struct health_entry *health_table_begin(struct health_table *table, int64_t now_us)
{
	struct health_entry *entry = first_waiting(table);
	struct health_totals *totals = &table->totals;
	enum health_class class;

	if (!entry || entry->node.at_us > now_us)
		return NULL;
	class = class_of(entry->target.check->type);
	health_heap_remove(&table->waiting[class], &entry->node);
	totals->late_us = now_us - entry->node.at_us;
	if (totals->late_us > totals->late_max_us)
		totals->late_max_us = totals->late_us;
	totals->late_count += totals->late_us > entry->timing.interval_us / LATE_PART;
	entry->running = true;
	entry->probe = NULL;
	entry->begun_us = now_us;
	entry->node.at_us = now_us + entry->timing.timeout_us;
	health_heap_add(&table->running, &entry->node);
	if (++totals->running[class] > totals->running_max[class])
		totals->running_max[class] = totals->running[class];
	return entry;
}

struct health_entry *health_table_overdue(struct health_table *table, int64_t now_us)
{
	struct health_entry *entry = entry_of(health_heap_first(&table->running));

	return entry && entry->node.at_us <= now_us ? entry : NULL;
}

const int64_t health_duration_bounds_us[HEALTH_DURATION_BUCKETS] = {
	500, 1000, 2500, 5000, 10000, 25000, 100000, 250000, 1000000, 2500000, 5000000, INT64_MAX,
};

static void note_duration(struct health_totals *totals, int64_t took_us)
{
	int i = 0;

	while (took_us > health_duration_bounds_us[i])
		i++;
	totals->durations[i]++;
	totals->duration_sum_us += took_us;
}

bool health_table_end(struct health_table *table, struct health_entry *entry,
                      enum health_result result, const char *why, int64_t now_us)
{
	bool changed;

	assert(entry->running);
	health_heap_remove(&table->running, &entry->node);
	entry->running = false;
	entry->probe = NULL;
	table->totals.running[class_of(entry->target.check->type)]--;
	table->totals.results[result]++;
	note_duration(&table->totals, now_us - entry->begun_us);
	changed = health_machine_result(&entry->machine, &entry->timing, result, why,
	                                now_us - entry->begun_us, now_us);
	table->totals.change_count += changed;
	entry->node.at_us = health_machine_next_us(&entry->machine, &entry->timing, entry->begun_us,
	                                           next_random(table));
	/* A timeout may be longer than a fast interval. */
	if (entry->node.at_us < now_us)
		entry->node.at_us = now_us;
	health_heap_add(waiting_of(table, entry), &entry->node);
	return changed;
}

int64_t health_table_next_us(const struct health_table *table)
{
	const struct health_entry *waiting = first_waiting(table);
	const struct health_heap_node *running = health_heap_first(&table->running);
	int64_t next_us = TIME_NEVER;

	if (waiting)
		next_us = waiting->node.at_us;
	if (running && running->at_us < next_us)
		next_us = running->at_us;
	return next_us;
}

void health_table_totals(const struct health_table *table, int64_t now_us,
                         struct health_totals *ret_totals)
{
	*ret_totals = table->totals;
	ret_totals->target_count = HASH_COUNT(table->entries);
	for (const struct health_entry *entry = table->entries; entry; entry = entry->hh.next) {
		ret_totals->states[entry->machine.state]++;
		if (!entry->running && entry->node.at_us < now_us)
			ret_totals->waiting[class_of(entry->target.check->type)]++;
	}
}
