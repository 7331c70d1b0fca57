/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/memory.h - verdicts of checks, kept over a restart: a server that was known to be down
 * gets no connections until it was tried again, and one that was up is not doubted.
 *
 * Pure; daemon/checks_memory.c reads and writes the file. Text, a server a line, so that a person
 * can read it; versioned; with the time of writing in the first line and count and CRC-32 in the
 * last one. What is older than HEALTH_MEMORY_MAX_AGE_US says nothing any more. A server is known by
 * its address, its port and what is tried there, not by the timing of its check. */

#ifndef LINTEL_HEALTH_MEMORY_H
#define LINTEL_HEALTH_MEMORY_H

#include "health/table.h"
#include "lib/text.h"

#define HEALTH_MEMORY_MAX_AGE_US (INT64_C(600) * 1000000)
#define HEALTH_MEMORY_MAX        100000 /* servers */
#define HEALTH_MEMORY_FILE_MAX   ((size_t)HEALTH_MEMORY_MAX * 256)

struct health_memory_entry {
	struct addr address;
	uint16_t port;               /* host order; 0 with icmp */
	enum model_health_type type; /* of the check */
	uint32_t probe;              /* CRC-32 of what is tried */
	enum health_state state;     /* up or down */
	enum health_result result;
	char why[HEALTH_WHY_SIZE];
	int64_t since_us; /* monotonic; negative: before the machine started */
	bool recalled;    /* what comes again later is not what it was */
};

struct health_memory {
	struct health_memory_entry *entries; /* owned; in order, each server once */
	size_t count;
	int64_t written_us; /* monotonic, as since_us */
};

void health_memory_done(struct health_memory *memory);

/* One verdict more, at the end; undecided ones are passed over, and so is what is too much. Then
 * health_memory_sort(). */
void health_memory_add(struct health_memory *memory, const struct health_entry *entry);
void health_memory_sort(struct health_memory *memory);

/* For health_table_recall(), 'ctx' being the memory: what is known of a target. */
bool health_memory_recall(void *ctx, const struct health_target *target,
                          struct health_machine *machine);

/* 'wall_us' is the time of day of 'now_us'. */
void health_memory_encode(const struct health_memory *memory, int64_t now_us, int64_t wall_us,
                          struct text *out);
enum health_memory_verdict {
	HEALTH_MEMORY_OK,
	HEALTH_MEMORY_FOREIGN, /* no such file */
	HEALTH_MEMORY_VERSION, /* of another Lintel */
	HEALTH_MEMORY_DAMAGED, /* cut off or edited */
	HEALTH_MEMORY_OLD,     /* too old, or of the future: the clock was set */
	HEALTH_MEMORY_VERDICTS,
};
const char *health_memory_verdict_text(enum health_memory_verdict verdict); /* "is damaged" */
/* 'ret_memory' untouched unless OK. */
enum health_memory_verdict health_memory_decode(const char *data, size_t size, int64_t now_us,
                                                int64_t wall_us, struct health_memory *ret_memory);

#endif
