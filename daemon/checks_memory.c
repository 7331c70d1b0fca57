/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Verdicts over a restart: DIR/health, written a moment after one changed, once a minute as what is
 * confirmed stays young, and at the end. */
#include "daemon/aside.h"
#include "daemon/checks.h"

#include "lib/fileio.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define GATHER_US  US_PER_S        /* from a change to the file */
#define REST_US    (5 * US_PER_S)  /* between two writings */
#define CONFIRM_US (60 * US_PER_S) /* nothing new: it is still so */

static void save(struct checks_memory *memory, struct health *health)
{
	struct health_memory known = {0};
	struct text text = {0};
	int64_t now_us = mono_now_us();

	for (const struct health_entry *entry = health_each(health, NULL); entry;
	     entry = health_each(health, entry))
		health_memory_add(&known, entry);
	health_memory_sort(&known);
	/* Where nothing is checked there need be no file; one that is there tells no lies. */
	if (known.count > 0 || memory->is_there) {
		health_memory_encode(&known, now_us, mono_wall_us(), &text);
		int rc = fileio_replace(memory->path, text_str(&text), text.len, 0600);
		if (rc && !memory->failed)
			log_warn("health", "verdicts are not kept over a restart: %s: %s",
			         memory->path, strerror(-rc));
		memory->failed = rc != 0;
		memory->is_there |= rc == 0;
	}
	memory->unsaved = false;
	memory->saved_us = now_us;
	text_done(&text);
	health_memory_done(&known);
}

static void due(struct loop_deadline *deadline)
{
	struct checks_memory *memory = lt_container_of(deadline, struct checks_memory, due);

	if (memory->expected)
		save(memory, memory->health);
	loop_deadline_arm(deadline, mono_now_us() + CONFIRM_US);
}

void checks_memory_changed(struct checks_memory *memory, int64_t now_us)
{
	int64_t due_us = now_us + GATHER_US;

	if (!memory->path || memory->unsaved)
		return;
	memory->unsaved = true;
	if (due_us < memory->saved_us + REST_US)
		due_us = memory->saved_us + REST_US;
	loop_deadline_arm(&memory->due, due_us);
}

static void load(struct checks_memory *memory)
{
	enum health_memory_verdict verdict;
	struct text why = {0};
	char *data;
	size_t size;
	int rc = fileio_read(memory->path, HEALTH_MEMORY_FILE_MAX, &data, &size);

	if (rc == -ENOENT)
		return;
	memory->is_there = true;
	if (rc) {
		text_printf(&why, "can't be read: %s", strerror(-rc));
		aside_put(memory->path, text_str(&why));
		text_done(&why);
		return;
	}
	verdict = health_memory_decode(data, size, mono_now_us(), mono_wall_us(), &memory->before);
	free(data);
	if (verdict == HEALTH_MEMORY_OLD)
		log_info("health", "verdicts of before the start say nothing any more: %s %s",
		         memory->path, health_memory_verdict_text(verdict));
	else if (verdict == HEALTH_MEMORY_VERSION)
		log_warn("health", "verdicts of before the start are lost: %s %s", memory->path,
		         health_memory_verdict_text(verdict));
	else if (verdict != HEALTH_MEMORY_OK)
		aside_put(memory->path, health_memory_verdict_text(verdict));
}

void checks_memory_expect(struct checks_memory *memory, const struct health_target *targets,
                          size_t count)
{
	bool young = mono_now_us() - memory->before.written_us <= HEALTH_MEMORY_MAX_AGE_US;
	size_t recalled = health_expect(memory->health, targets, count,
	                                young && memory->before.count > 0 ? &memory->before : NULL);

	memory->expected = true;
	if (recalled > 0)
		log_notice("health", "verdicts of before the start taken over count=%zu age=%llds",
		           recalled,
		           (long long)((mono_now_us() - memory->before.written_us) / US_PER_S));
}

int checks_memory_open(struct checks_memory *memory, struct loop *loop, struct health *health,
                       const char *state_dir)
{
	struct text path = {0};

	*memory = (struct checks_memory){.health = health, .due = {.expired = due}};
	int rc = loop_deadline_init(loop, &memory->due);
	if (rc || !state_dir)
		return rc;
	text_printf(&path, "%s/" CHECKS_MEMORY_FILE, state_dir);
	memory->path = text_take(&path);
	load(memory);
	loop_deadline_arm(&memory->due, mono_now_us() + CONFIRM_US);
	return 0;
}

void checks_memory_close(struct checks_memory *memory)
{
	if (memory->path && memory->expected)
		save(memory, memory->health);
	loop_deadline_done(&memory->due);
	health_memory_done(&memory->before);
	free(memory->path);
}
