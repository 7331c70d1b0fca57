/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/sources.h"

#include "lib/log.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Snapshots that are tried to find who can't be in force. Beyond that a whole
 * group is left out. */
#define TRIES_MAX 64

void sources_init(struct sources *sources, char *const *paths, size_t path_count)
{
	*sources = (struct sources){0};
	files_source_init(&sources->files, paths, path_count);
	model_problems_init(&sources->problems);
	model_problems_init(&sources->left_out);
}

static void forget_accepted(struct sources *sources)
{
	for (size_t i = 0; i < sources->accepted_count; i++)
		model_objects_done(&sources->accepted[i]);
	free(sources->accepted);
	sources->accepted = NULL;
	sources->accepted_count = 0;
}

void sources_done(struct sources *sources)
{
	files_watch_close(sources->watch);
	files_source_done(&sources->files);
	forget_accepted(sources);
	model_snapshot_free(sources->snapshot);
	model_problems_done(&sources->problems);
	model_problems_done(&sources->left_out);
}

static void tell_problems(const struct model_problems *problems)
{
	struct text line = {0};

	for (size_t i = 0; i < problems->count; i++) {
		text_clear(&line);
		model_problem_format(&problems->items[i], &line);
		line.data[line.len - 1] = '\0'; /* its line end */
		log_at(problems->items[i].severity == MODEL_ERROR ? LOG_LEVEL_ERROR
		                                                  : LOG_LEVEL_WARN,
		       "config", "%s", line.data);
	}
	if (problems->dropped_count)
		log_warn("config", "further problems are not shown count=%zu",
		         problems->dropped_count);
	text_done(&line);
}

bool sources_look(struct sources *sources)
{
	return files_source_look(&sources->files);
}

bool sources_look_at_told(struct sources *sources)
{
	struct files_watch_told told;
	bool known;

	if (!sources->watch)
		return false;
	files_watch_take(sources->watch, &told);
	known = !told.all && files_source_look_at(&sources->files, told.files, told.count);
	files_watch_told_done(&told);
	return known;
}

static struct model_snapshot *judge(struct sources *sources)
{
	struct model_snapshot *snapshot;

	model_problems_done(&sources->problems);
	model_problems_init(&sources->problems);
	files_source_report(&sources->files, &sources->problems);
	/* After errors, too: what is wrong between objects is then told with the
	 * rest. */
	snapshot = model_snapshot_rebuild(sources->snapshot, sources->files.objects,
	                                  sources->files.object_count, &sources->problems);
	model_problems_sort(&sources->problems);
	return snapshot;
}

struct model_snapshot *sources_read(struct sources *sources)
{
	(void)sources_look(sources);
	return judge(sources);
}

/* --- joining --- */

struct joining {
	const struct model_objects **items; /* that can be in force beside one another */
	size_t count;
	struct model_snapshot *snapshot;     /* of these */
	const struct model_snapshot *before; /* in force until now */
	struct model_problems *left_out;
	unsigned tries;
};

/* Some are added if they all can be; else halves of them, so that one who can't
 * is alone. */
static void admit(struct joining *joining, const struct model_objects *const *some, size_t count)
{
	struct model_problems problems;
	struct model_snapshot *snapshot;

	if (count == 0)
		return;
	model_problems_init(&problems);
	memcpy(joining->items + joining->count, some, count * sizeof(struct model_objects *));
	snapshot = model_snapshot_rebuild(joining->before, joining->items, joining->count + count,
	                                  &problems);
	joining->tries++;
	if (snapshot) {
		model_snapshot_free(joining->snapshot);
		joining->snapshot = snapshot;
		joining->count += count;
	} else if (count == 1 || joining->tries >= TRIES_MAX) {
		model_problems_append(joining->left_out, &problems);
	} else {
		admit(joining, some, count / 2);
		admit(joining, some + count / 2, count - count / 2);
	}
	model_problems_done(&problems);
}

static bool same_problems(const struct model_problems *a, const struct model_problems *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->items[i].object, b->items[i].object) != 0 ||
		    strcmp(a->items[i].message, b->items[i].message) != 0)
			return false;
	}
	return true;
}

/* 'files' is the snapshot of the files alone, taken over; NULL: still to be
 * built. */
static struct model_snapshot *join(struct sources *sources, struct model_snapshot *files,
                                   const struct sources_others *others)
{
	struct model_problems left_out;
	struct joining joining = {
		.items = xcalloc(sources->accepted_count + others->count + 1,
	                         sizeof(*joining.items)),
		.count = sources->accepted_count,
		.snapshot = files,
		.before = sources->snapshot,
		.left_out = &left_out,
	};

	model_problems_init(&left_out);
	for (size_t i = 0; i < sources->accepted_count; i++)
		joining.items[i] = &sources->accepted[i];
	admit(&joining, others->items, others->count);
	if (!joining.snapshot) { /* what the files say was good, alone */
		struct model_problems none;

		model_problems_init(&none);
		joining.snapshot = model_snapshot_build(joining.items, joining.count, &none);
		model_problems_done(&none);
	}
	free(joining.items);
	if (!same_problems(&left_out, &sources->left_out))
		tell_problems(&left_out);
	model_problems_done(&sources->left_out);
	sources->left_out = left_out;
	return joining.snapshot;
}

struct model_snapshot *sources_join(struct sources *sources, const struct sources_others *others)
{
	struct model_snapshot *before = sources->snapshot;

	sources->snapshot = join(sources, NULL, others);
	return before;
}

static void accept_files(struct sources *sources)
{
	forget_accepted(sources);
	sources->accepted_count = sources->files.object_count;
	sources->accepted = xcalloc(sources->accepted_count + 1, sizeof(*sources->accepted));
	for (size_t i = 0; i < sources->accepted_count; i++)
		sources->accepted[i] = model_objects_share(sources->files.objects[i]);
}

static void tell_loaded(const struct sources *sources, const struct model_snapshot *snapshot)
{
	if (sources->files.path_count > 0)
		log_notice("config", "loaded routers=%zu virtual-servers=%zu warnings=%zu",
		           snapshot->router_count, snapshot->virtual_server_count,
		           sources->problems.count);
}

static bool is_anything_wrong(const struct sources *sources)
{
	struct model_problems problems;
	bool wrong;

	model_problems_init(&problems);
	files_source_report(&sources->files, &problems);
	wrong = problems.count > 0;
	model_problems_done(&problems);
	return wrong || sources->problems.count > 0;
}

bool sources_find_amendment(struct sources *sources, struct model_amendment *ret_amendment)
{
	const struct files_source *files = &sources->files;
	const struct model_objects **changed;
	size_t count = 0;
	bool found;

	/* Of problems the lines are told, and these move with what is written above. */
	if (!sources->snapshot || files->object_count != sources->accepted_count ||
	    is_anything_wrong(sources))
		return false;
	changed = xcalloc(files->object_count + 1, sizeof(*changed));
	for (size_t i = 0; i < files->object_count; i++) {
		if (!model_objects_same(files->objects[i], &sources->accepted[i]))
			changed[count++] = files->objects[i];
	}
	found = count > 0 && model_amendment_find(sources->snapshot, changed, count, ret_amendment);
	free(changed);
	return found;
}

void sources_amended(struct sources *sources, int64_t now_us)
{
	accept_files(sources);
	sources->loaded_us = now_us;
	tell_loaded(sources, sources->snapshot);
}

bool sources_load(struct sources *sources, const struct sources_others *others, int64_t now_us,
                  struct model_snapshot **ret_before)
{
	struct model_snapshot *snapshot = judge(sources);

	tell_problems(&sources->problems);
	if (!snapshot) {
		if (sources->snapshot)
			log_error("config",
			          "refused, the configuration before stays in force errors=%zu",
			          sources->problems.error_count);
		return false;
	}
	accept_files(sources);
	tell_loaded(sources, snapshot);
	*ret_before = sources->snapshot;
	sources->snapshot = join(sources, snapshot, others);
	sources->loaded_us = now_us;
	return true;
}

void sources_watch(struct sources *sources, struct loop *loop, void (*changed)(void *ctx),
                   void *ctx)
{
	int rc;

	if (sources->files.path_count == 0)
		return;
	rc = files_watch_open(loop, sources->files.paths, sources->files.path_count, changed, ctx,
	                      &sources->watch);

	if (rc) /* SIGHUP still works */
		log_warn("config", "changes of files are not noticed (%s): reload with SIGHUP",
		         strerror(-rc));
}

/* Does the file stand at or in 'path'? */
static bool is_of(const char *source, const char *path)
{
	size_t len = strlen(path);

	while (len > 1 && path[len - 1] == '/')
		len--;
	return strncmp(source, path, len) == 0 && (source[len] == '\0' || source[len] == '/');
}

bool sources_in_step(const struct sources *sources, size_t index, json_t *problems)
{
	struct text line = {0};

	for (size_t i = 0; i < sources->problems.count; i++) {
		const struct model_problem *problem = &sources->problems.items[i];
		if (!is_of(problem->origin.source, sources->files.paths[index]))
			continue;
		text_clear(&line);
		model_problem_format(problem, &line);
		json_array_append_new(problems, json_stringn(line.data, line.len - 1));
	}
	text_done(&line);
	return sources->problems.error_count == 0;
}

void sources_add_left_out(const struct sources *sources, json_t *problems)
{
	struct text line = {0};

	for (size_t i = 0; i < sources->left_out.count; i++) {
		text_clear(&line);
		model_problem_format(&sources->left_out.items[i], &line);
		json_array_append_new(problems, json_stringn(line.data, line.len - 1));
	}
	text_done(&line);
}
