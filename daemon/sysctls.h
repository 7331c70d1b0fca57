/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/sysctls.h - kernel settings that balancing needs: which, why, set, remembered, put back.
 *
 * sysctls_want(), sysctls_same() and sysctls_plan() are pure; the rest does I/O through
 * lib/sysctl.h and keeps the values it found in a state file, so that a clean exit, even of a later
 * run, puts them back. A value of ours is never mistaken for the original: the file says what we
 * wrote, under which boot and in which network namespace; and what somebody else has changed since
 * is left alone.
 *
 * Names are paths below /proc/sys ("net/ipv4/ip_forward"), because interface names hold dots. */

#ifndef LINTEL_DAEMON_SYSCTLS_H
#define LINTEL_DAEMON_SYSCTLS_H

#include "lib/arena.h"
#include "lib/compiler.h"
#include "lib/text.h"
#include "model/snapshot.h"

#include <stdbool.h>
#include <stddef.h>

#define SYSCTLS_VALUE_SIZE 64
#define SYSCTLS_NAME_SIZE  128
#define SYSCTLS_MAX        1024      /* wanted, and entries of the state file */
#define SYSCTLS_STATE_FILE "sysctls" /* in the state directory */

enum sysctls_state {
	SYSCTLS_FINE,       /* it is as wanted, and nobody knows it otherwise */
	SYSCTLS_OURS,       /* it is as wanted because we set it */
	SYSCTLS_TO_SET,     /* it is otherwise: plan says so, apply sets it */
	SYSCTLS_TO_RESTORE, /* we set it, and it is not wanted any more */
	SYSCTLS_MISSING,    /* the kernel has no such setting (a module is not loaded) */
	SYSCTLS_REFUSED,    /* it could not be read or set */
};
const char *sysctls_state_name(enum sysctls_state state);

struct sysctls_item {
	const char *name;    /* path below /proc/sys */
	const char *value;   /* wanted; to restore: the original */
	const char *also;    /* another value that is as good; NULL: none is */
	const char *why;     /* a clause after "because" */
	const char *warning; /* what else it changes, for the log; NULL when nothing */
	enum sysctls_state state;
	const char *current;  /* as read, "" when it couldn't be */
	const char *original; /* what was there before us; = current when we never set it */
	int error;            /* errno of the failed read or write, else 0 */
};

/* In the order in which they must be set; restored in the reverse order. */
struct sysctls {
	struct arena arena;
	struct sysctls_item *items;
	size_t count;
};

/* What was set by us before, as the state file says. */
struct sysctls_memory {
	struct arena arena;
	struct sysctls_memory_entry {
		const char *name;
		const char *original;
		const char *ours;
	} * entries; /* in the order in which they were set */
	size_t count;
};

/* Reads one setting: 0 and its text without the line end, or -errno. */
typedef int sysctls_reader(void *ctx, const char *name, char ret_value[static SYSCTLS_VALUE_SIZE]);

/* What 'snapshot' needs. 'interfaces' are the names of all interfaces of this machine (only used
 * when IPv6 forwarding must be switched on: those that accept router advertisements must go on
 * doing so); 'read' looks things up. Items have no state yet. */
struct sysctls *sysctls_want(const struct model_snapshot *snapshot, const char *const *interfaces,
                             size_t interface_count, const struct sysctls_memory *memory,
                             sysctls_reader *read, void *ctx);
/* Is it sure that both need the same settings? What they share is known by being the same objects.
 */
bool sysctls_same(const struct model_snapshot *before, const struct model_snapshot *after);
/* Adds what replicating IPVS connections needs, beside balancing (ipvs/sync.h). They must stand
 * before the kernel's sync daemons start. */
void sysctls_want_replication(struct sysctls *sysctls);
/* Compares with what is read: fills in states, currents and originals, and appends what is to be
 * restored. */
void sysctls_plan(struct sysctls *sysctls, const struct sysctls_memory *memory,
                  sysctls_reader *read, void *ctx);
void sysctls_free(struct sysctls *sysctls); /* NULL accepted */

/* Connections go on that need what would be put back: it is kept for now. */
void sysctls_hold(struct sysctls *sysctls);
/* How many items are to be set or restored. */
size_t sysctls_change_count(const struct sysctls *sysctls);
/* Nothing is to be done, and nothing is missing or was refused. */
bool sysctls_in_step(const struct sysctls *sysctls);
/* "net.ipv4.ip_forward": dots and slashes changed over, as sysctl(8) has them; returns buf. */
const char *sysctls_display(const char *name, char buf[static SYSCTLS_NAME_SIZE]);
/* The diff that `lintel plan` prints, a line for each change: "~ sysctl net.ipv4.ip_forward: 0 -> 1
 * (answers of real servers are forwarded)". */
void sysctls_format_changes(const struct sysctls *sysctls, struct text *out);
/* A sentence with the remedy for an item that is MISSING or REFUSED; false: nothing is wrong. */
bool sysctls_format_problem(const struct sysctls_item *item, struct text *out);

/* --- the state file, pure --- */

/* Of another boot or namespace than 'epoch': nothing is remembered. Lines that make no sense are
 * skipped. */
struct sysctls_memory *sysctls_memory_parse(const char *text, const char *epoch);
/* Is all of it understood? */
bool sysctls_memory_is_whole(const char *text, size_t size);
void sysctls_memory_format(const struct sysctls_memory *memory, const char *epoch,
                           struct text *out);
void sysctls_memory_free(struct sysctls_memory *memory); /* NULL accepted */
/* NULL: there is none. Valid until the next change. */
const struct sysctls_memory_entry *sysctls_memory_find(const struct sysctls_memory *memory,
                                                       const char *name);
/* Instead of what was remembered of it; with SYSCTLS_MAX others it is not. */
void sysctls_memory_remember(struct sysctls_memory *memory, const char *name, const char *original,
                             const char *ours);
void sysctls_memory_forget(struct sysctls_memory *memory, const char *name);

/* --- I/O --- */

/* Where it all is; given only by tests. NULL in the functions below means: the real ones. */
struct sysctls_place {
	const char *root;  /* /proc/sys */
	const char *epoch; /* boot and network namespace, a line */
};

/* Everything at once: reads, plans. 'replicating': sysctls_want_replication(), too. 'state_dir' may
 * be without a state file. The caller frees it.
 */
struct sysctls *sysctls_observe(const struct model_snapshot *snapshot, const char *state_dir,
                                bool replicating);
struct sysctls *sysctls_observe_at(const struct model_snapshot *snapshot, const char *state_dir,
                                   bool replicating, const struct sysctls_place *place);
/* Sets and restores what the plan says, writing the state file before the first change. Items get
 * the state they then have. 0, or -errno when the state file could not be written: then nothing is
 * set. */
LT_MUST_USE int sysctls_apply(struct sysctls *sysctls, const char *state_dir);
LT_MUST_USE int sysctls_apply_at(struct sysctls *sysctls, const char *state_dir,
                                 const struct sysctls_place *place);
/* Before the others: a state file that isn't whole is put aside, and what can be read of it is
 * written anew. 'file' is its name, here and below: SYSCTLS_STATE_FILE or another of its form. */
void sysctls_memory_mend(const char *state_dir, const char *file);
/* Nothing, if it can't be read, or is of another boot or namespace. */
struct sysctls_memory *sysctls_memory_load(const char *state_dir, const char *file,
                                           const struct sysctls_place *place);
/* Nothing remembered: removes the file. 0 or -errno. */
LT_MUST_USE int sysctls_memory_save(const struct sysctls_memory *memory, const char *state_dir,
                                    const char *file, const struct sysctls_place *place);
/* Puts back everything that was set by us and still is as we set it; removes the state file. Needs
 * no snapshot. 'ret_restored' (may be NULL) gets a line each: "net.ipv4.ip_forward: 1 -> 0". */
LT_MUST_USE int sysctls_restore(const char *state_dir, struct text *ret_restored);
LT_MUST_USE int sysctls_restore_at(const char *state_dir, struct text *ret_restored,
                                   const struct sysctls_place *place);

#endif
