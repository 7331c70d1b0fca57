/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/sources.h"

#include "lib/log.h"

#include <errno.h>
#include <string.h>

void sources_init(struct sources *sources, char *const *paths, size_t path_count)
{
	*sources = (struct sources){0};
	files_source_init(&sources->files, paths, path_count);
	model_problems_init(&sources->problems);
}

void sources_done(struct sources *sources)
{
	files_watch_close(sources->watch);
	files_source_done(&sources->files);
	model_snapshot_free(sources->snapshot);
	model_problems_done(&sources->problems);
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

struct model_snapshot *sources_read(struct sources *sources)
{
	struct model_snapshot *snapshot;

	model_problems_done(&sources->problems);
	model_problems_init(&sources->problems);
	files_source_read(&sources->files, &sources->problems);
	/* After errors, too: what is wrong between objects is then told with the rest. */
	snapshot = model_snapshot_build(sources->files.objects, sources->files.object_count,
	                                &sources->problems);
	model_problems_sort(&sources->problems);
	return snapshot;
}

bool sources_load(struct sources *sources, int64_t now_us, struct model_snapshot **ret_before)
{
	struct model_snapshot *snapshot = sources_read(sources);

	tell_problems(&sources->problems);
	if (!snapshot) {
		if (sources->snapshot)
			log_error("config",
			          "refused, the configuration before stays in force errors=%zu",
			          sources->problems.error_count);
		return false;
	}
	log_notice("config", "loaded routers=%zu virtual-servers=%zu warnings=%zu",
	           snapshot->router_count, snapshot->virtual_server_count, sources->problems.count);
	*ret_before = sources->snapshot;
	sources->snapshot = snapshot;
	sources->loaded_us = now_us;
	return true;
}

void sources_watch(struct sources *sources, struct loop *loop, void (*changed)(void *ctx),
                   void *ctx)
{
	int rc = files_watch_open(loop, sources->files.paths, sources->files.path_count, changed,
	                          ctx, &sources->watch);

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
