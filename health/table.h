/* SPDX-License-Identifier: GPL-2.0-or-later */
/* health/table.h - who is to be checked, and when: a queue by due time, with room for so many
 * checks at once.
 *
 * Pure. The same check of the same server is made once, however many virtual servers share it. What
 * is wanted is given whole; entries that stay keep their state, and so do those of which only the
 * timing changed. First checks are spread: a millisecond apart, within the interval. Checks of a
 * class wait for room in the order in which they are due, so that when there are more than can be
 * made all become late alike.
 *
 * Usage: health_table_want(); then, whenever health_table_next_us() has come, carry out
 * health_table_begin() until NULL, and give up each health_table_overdue(); tell each end by
 * health_table_end(). */

#ifndef LINTEL_HEALTH_TABLE_H
#define LINTEL_HEALTH_TABLE_H

#include "health/machine.h"
#include "lib/addr.h"
#include "lib/endpoint.h"
#include "lib/text.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Checks that need as much share their room. */
enum health_class {
	HEALTH_LIGHT, /* a socket: tcp, udp, dns, icmp */
	HEALTH_HEAVY, /* libcurl, and TLS perhaps: http, https, tls */
	HEALTH_CLASS_COUNT,
};

/* What is checked. Targets are equal when address, port and all of the check are, 'start' and
 * 'failure' excepted: these say what is made of the verdict, by whoever asked. */
struct health_target {
	struct addr address;
	uint16_t port; /* host order; 0 with icmp */
	const struct model_health_check *check;
};
/* The check of a server whose balanced port (on the server) is 'port'. */
struct health_target health_target_make(const struct addr *address, uint16_t port,
                                        const struct model_health_check *check);
#define HEALTH_TARGET_TEXT_SIZE (ENDPOINT_TEXT_SIZE + 8)
/* "tcp 10.0.0.1:80"; returns buf. */
const char *health_target_format(const struct health_target *target,
                                 char buf[static HEALTH_TARGET_TEXT_SIZE]);

struct health_table;
/* One checked server. */
struct health_entry;

/* 'rooms': how many checks of each class at once, at least 1. 'seed' is for the jitter. */
struct health_table *health_table_new(const size_t rooms[static HEALTH_CLASS_COUNT], uint64_t seed);
void health_table_free(struct health_table *table); /* NULL accepted */

/* From now on these are checked and no others; targets may be given several times, and those of
 * type none are passed over. Everything is copied. 'dropped' (may be NULL) is told of each entry
 * that goes while its check is under way, just before. */
void health_table_want(struct health_table *table, const struct health_target *targets,
                       size_t count, int64_t now_us,
                       void (*dropped)(void *ctx, struct health_entry *entry), void *ctx);

/* These are checked as well from now on; nothing goes yet. Whatever is made of verdicts can change
 * over to other targets before health_table_want() drops what they replace. */
void health_table_expect(struct health_table *table, const struct health_target *targets,
                         size_t count, int64_t now_us);
/* Asks for each target of which nothing is known yet what was known of it before the start:
 * 'recall' says so in its machine, or returns false. Returns how many were. */
size_t health_table_recall(struct health_table *table,
                           bool (*recall)(void *ctx, const struct health_target *target,
                                          struct health_machine *machine),
                           void *ctx);

/* The next one to be checked, which is under way from then on; NULL: none is due, or no room. */
struct health_entry *health_table_begin(struct health_table *table, int64_t now_us);
/* One under way whose time is up; NULL: none. The caller ends it. */
struct health_entry *health_table_overdue(struct health_table *table, int64_t now_us);
/* The check under way has ended. True when the server's state changed. */
bool health_table_end(struct health_table *table, struct health_entry *entry,
                      enum health_result result, const char *why, int64_t now_us);
/* When health_table_begin() or health_table_overdue() has something next; TIME_NEVER: when a check
 * ends, or never. */
int64_t health_table_next_us(const struct health_table *table);

/* NULL: not wanted. Valid until a health_table_want() without it. */
const struct health_entry *health_table_find(const struct health_table *table,
                                             const struct health_target *target);
/* All of them, in no order: NULL gives the first; after the last comes NULL. */
const struct health_entry *health_table_each(const struct health_table *table,
                                             const struct health_entry *after);

/* Its check is the table's own copy, in which 'start', 'failure' and 'port' mean nothing. */
const struct health_target *health_entry_target(const struct health_entry *entry);
const struct health_machine *health_entry_machine(const struct health_entry *entry);
/* Whoever carries the check out may hang something here; NULL at health_table_begin(). */
void health_entry_hang(struct health_entry *entry, void *probe);
void *health_entry_hung(const struct health_entry *entry);

/* How long checks take is counted in buckets; the last one is without bound (INT64_MAX). */
#define HEALTH_DURATION_BUCKETS 12
extern const int64_t health_duration_bounds_us[HEALTH_DURATION_BUCKETS];

struct health_totals {
	size_t target_count;
	size_t states[HEALTH_STATE_COUNT];           /* targets by state */
	size_t running[HEALTH_CLASS_COUNT];          /* checks under way */
	size_t running_max[HEALTH_CLASS_COUNT];      /* most that ever were */
	size_t rooms[HEALTH_CLASS_COUNT];            /* most that may be */
	size_t waiting[HEALTH_CLASS_COUNT];          /* due, and for want of room not under way */
	uint64_t results[HEALTH_RESULT_COUNT];       /* checks that ended, by result */
	uint64_t durations[HEALTH_DURATION_BUCKETS]; /* of these, each up to its bound */
	int64_t duration_sum_us;
	uint64_t change_count; /* of states */
	int64_t late_us;       /* of the check that began last: after its time */
	int64_t late_max_us;   /* the latest ever */
	uint64_t late_count; /* that began later than a tenth of their interval after their time */
};
void health_table_totals(const struct health_table *table, int64_t now_us,
                         struct health_totals *ret_totals);

#endif
