/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/router_keys.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/secret_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct router_keys_file {
	char *path;
	bool known; /* 'keys' have been read */
	struct vrrp_keys keys;
	char *problem; /* as told last; NULL: none */
};

void router_keys_init(struct router_keys *keys, struct loop *loop, void (*changed)(void *ctx),
                      void *ctx)
{
	*keys = (struct router_keys){.loop = loop, .changed = changed, .ctx = ctx};
}

static void free_file(struct router_keys_file *file)
{
	vrrp_keys_wipe(&file->keys);
	free(file->path);
	free(file->problem);
}

static void forget_result(struct router_keys *keys)
{
	for (size_t i = 0; i < keys->router_count; i++)
		vrrp_keys_wipe(&keys->routers[i].keys);
	free(keys->routers);
	keys->routers = NULL;
	keys->router_count = 0;
}

void router_keys_done(struct router_keys *keys)
{
	files_watch_close(keys->watch);
	forget_result(keys);
	for (size_t i = 0; i < keys->file_count; i++)
		free_file(&keys->files[i]);
	free(keys->files);
	*keys = (struct router_keys){0};
}

static void changed(void *ctx)
{
	struct router_keys *keys = ctx;
	struct files_watch_told told;

	files_watch_take(keys->watch, &told);
	files_watch_told_done(&told);
	keys->changed(keys->ctx);
}

static struct router_keys_file *find_file(const struct router_keys *keys, const char *path)
{
	for (size_t i = 0; i < keys->file_count; i++)
		if (strcmp(keys->files[i].path, path) == 0)
			return &keys->files[i];
	return NULL;
}

static bool is_named(const struct model_snapshot *snapshot, const char *path)
{
	for (size_t i = 0; i < snapshot->router_count; i++)
		if (model_router_authenticates(snapshot->routers[i]) &&
		    strcmp(snapshot->routers[i]->auth_key_file, path) == 0)
			return true;
	return false;
}

/* True when the set of files is another one now. */
static bool settle_files(struct router_keys *keys, const struct model_snapshot *snapshot)
{
	bool other = false;
	size_t kept = 0;

	for (size_t i = 0; i < keys->file_count; i++) {
		if (is_named(snapshot, keys->files[i].path)) {
			keys->files[kept++] = keys->files[i];
		} else {
			free_file(&keys->files[i]);
			other = true;
		}
	}
	keys->file_count = kept;
	for (size_t i = 0; i < snapshot->router_count; i++) {
		const struct model_router *router = snapshot->routers[i];

		if (!model_router_authenticates(router) || find_file(keys, router->auth_key_file))
			continue;
		keys->files =
			xreallocarray(keys->files, keys->file_count + 1, sizeof(*keys->files));
		keys->files[keys->file_count++] =
			(struct router_keys_file){.path = xstrdup(router->auth_key_file)};
		other = true;
	}
	return other;
}

/* Before they are read, so that no change falls in between. */
static void watch(struct router_keys *keys)
{
	char **paths = xcalloc(keys->file_count + 1, sizeof(*paths));

	files_watch_close(keys->watch);
	keys->watch = NULL;
	for (size_t i = 0; i < keys->file_count; i++)
		paths[i] = keys->files[i].path;
	if (keys->file_count > 0 &&
	    files_watch_open(keys->loop, paths, keys->file_count, changed, keys, &keys->watch))
		log_warn("daemon", "files of keys can't be watched: changes count on reload only");
	free(paths);
}

static void tell(struct router_keys_file *file, const struct text *problem)
{
	if (problem->len == 0 && file->problem)
		log_notice("daemon", "keys of virtual routers are read again file=%s", file->path);
	if (problem->len > 0 && (!file->problem || strcmp(file->problem, text_str(problem)) != 0))
		log_error("daemon", "keys of virtual routers can't be read%s: %s",
		          file->known ? ", the ones before stay in force" : "", text_str(problem));
	free(file->problem);
	file->problem = problem->len ? xstrdup(text_str(problem)) : NULL;
}

static void read_file(struct router_keys_file *file)
{
	char data[KEY_LINES_FILE_MAX + 1];
	struct vrrp_keys keys;
	struct text problem = {0}, wrong = {0};

	if (secret_file_read(file->path, data, sizeof(data), &problem) == 0) {
		if (vrrp_keys_parse(data, &keys, &wrong) == 0) {
			if (file->known && !vrrp_keys_equal(&keys, &file->keys))
				log_notice("daemon",
				           "keys of virtual routers changed file=%s keys=%zu "
				           "signs-with=%d",
				           file->path, keys.count, keys.items[0].id);
			file->keys = keys;
			file->known = true;
			vrrp_keys_wipe(&keys);
		} else {
			text_printf(&problem, "%s: %s", file->path, text_str(&wrong));
		}
		explicit_bzero(data, sizeof(data));
	}
	tell(file, &problem);
	text_done(&problem);
	text_done(&wrong);
}

void router_keys_load(struct router_keys *keys, const struct model_snapshot *snapshot)
{
	if (settle_files(keys, snapshot))
		watch(keys);
	for (size_t i = 0; i < keys->file_count; i++)
		read_file(&keys->files[i]);
	forget_result(keys);
	size_t most = 0;
	for (size_t i = 0; i < snapshot->router_count; i++)
		most += model_router_authenticates(snapshot->routers[i]);
	keys->routers = most ? xcalloc(most, sizeof(*keys->routers)) : NULL;
	for (size_t i = 0; i < snapshot->router_count; i++) {
		const struct model_router *router = snapshot->routers[i];
		const struct router_keys_file *file =
			model_router_authenticates(router) ? find_file(keys, router->auth_key_file)
							   : NULL;

		if (!file || !file->known)
			continue;
		struct vrrp_router_keys *result = &keys->routers[keys->router_count++];
		snprintf(result->router, sizeof(result->router), "%s", router->name);
		result->keys = file->keys;
	}
}
