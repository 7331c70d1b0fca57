/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/source.h"

#include "files/yaml.h"
#include "lib/fileio.h"
#include "lib/mem.h"
#include "model/decode.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool files_source_is_read(const char *name)
{
	static const char *const endings[] = {".yaml", ".yml", ".json"};
	size_t len = strlen(name);

	if (name[0] == '.')
		return false;
	for (size_t i = 0; i < LT_ARRAY_SIZE(endings); i++) {
		size_t ending = strlen(endings[i]);

		if (len > ending && strcmp(name + len - ending, endings[i]) == 0)
			return true;
	}
	return false;
}

static void report(struct model_problems *problems, enum model_severity severity, const char *path,
                   const char *message)
{
	struct model_origin origin = {path, 0};

	model_problem_add(problems, severity, origin, "", "", "%s", message);
}

static void report_errno(struct model_problems *problems, const char *path, int error)
{
	char message[200];

	if (error == EFBIG)
		snprintf(message, sizeof(message), "too large; allowed: at most %d MiB",
		         FILES_YAML_SIZE_MAX / (1024 * 1024));
	else
		snprintf(message, sizeof(message), "can't be read: %s", strerror(error));
	report(problems, MODEL_ERROR, path, message);
}

static void load_file(const char *path, struct model_objects *objects,
                      struct model_problems *problems)
{
	const char *source = arena_strdup(&objects->arena, path);
	struct arena trees;
	struct tree *documents;
	char *text;
	size_t size;
	int r = fileio_read(path, FILES_YAML_SIZE_MAX, &text, &size);

	if (r < 0) {
		report_errno(problems, path, -r);
		return;
	}
	arena_init(&trees);
	documents = tree_new(&trees, TREE_LIST, 0);
	files_yaml_read(text, size, source, &trees, documents, problems);
	free(text);
	for (const struct tree *document = documents->child; document; document = document->sibling)
		model_decode(document, source, objects, problems);
	arena_done(&trees);
}

static int compare_names(const void *left, const void *right)
{
	return strcmp(*(const char *const *)left, *(const char *const *)right);
}

/* A directory's files to be read, sorted. */
struct names {
	char **items;
	size_t count;
	bool too_many;
};

static int list_directory(const char *path, struct names *ret_names)
{
	struct names names = {NULL, 0, false};
	DIR *dir = opendir(path);
	struct dirent *entry;

	if (!dir)
		return -errno;
	while ((entry = readdir(dir))) {
		if (!files_source_is_read(entry->d_name))
			continue;
		if (names.count == FILES_SOURCE_FILES_MAX) {
			names.too_many = true;
			break;
		}
		if ((names.count & (names.count - 1)) == 0)
			names.items = xreallocarray(names.items, names.count ? names.count * 2 : 1,
			                            sizeof(*names.items));
		names.items[names.count++] = xstrdup(entry->d_name);
	}
	closedir(dir);
	if (names.count > 1)
		qsort(names.items, names.count, sizeof(*names.items), compare_names);
	*ret_names = names;
	return 0;
}

/* A pipe or a device in a directory could block for ever, or never end. */
static void load_entry(const char *path, struct model_objects *objects,
                       struct model_problems *problems)
{
	struct stat st;

	if (stat(path, &st) < 0)
		report_errno(problems, path, errno);
	else if (S_ISREG(st.st_mode))
		load_file(path, objects, problems);
	else if (!S_ISDIR(st.st_mode))
		report(problems, MODEL_ERROR, path, "is no regular file");
}

static void load_directory(const char *path, struct model_objects *objects,
                           struct model_problems *problems)
{
	struct names names = {NULL, 0, false};
	struct text file = {0};
	int r = list_directory(path, &names);
	bool slash = path[strlen(path) - 1] == '/';

	if (r < 0) {
		report_errno(problems, path, -r);
		return;
	}
	if (names.too_many)
		report(problems, MODEL_ERROR, path, "too many files; allowed: at most 10000");
	if (names.count == 0)
		report(problems, MODEL_WARNING, path,
		       "there is no *.yaml, *.yml or *.json in this directory");
	for (size_t i = 0; i < names.count; i++) {
		text_clear(&file);
		text_printf(&file, "%s%s%s", path, slash ? "" : "/", names.items[i]);
		load_entry(text_str(&file), objects, problems);
		free(names.items[i]);
	}
	free(names.items);
	text_done(&file);
}

void files_source_load(char *const *paths, size_t path_count, struct model_objects *objects,
                       struct model_problems *problems)
{
	for (size_t i = 0; i < path_count; i++) {
		struct stat st;

		if (stat(paths[i], &st) < 0)
			report_errno(problems, paths[i], errno);
		else if (S_ISDIR(st.st_mode))
			load_directory(paths[i], objects, problems);
		else
			load_file(paths[i], objects, problems);
	}
}
