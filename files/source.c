/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/source.h"

#include "files/parts.h"
#include "files/yaml.h"
#include "lib/fileio.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/search.h"

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
	struct model_origin origin = {.source = path};

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

/* What tells whether a file is still the one that was read. */
struct identity {
	dev_t device;
	ino_t inode;
	off_t size;
	struct timespec modified;
	struct timespec changed;
};

struct files_source_entry {
	char *path;
	struct identity identity;
	bool settled; /* a change since it was read would show, in its identity or by being told */
	bool plain;   /* it changes only under its own name: no link, neither kind */
	bool seen;    /* in the current reading */
	struct files_parts parts; /* what it was last read as */
	struct model_objects objects;
	struct model_problems problems;
};

/* Time stamps have a grain: what changed just before it was read may change again without a trace.
 */
#define GRAIN_US (20 * US_PER_MS)

static struct identity identify(const struct stat *st)
{
	return (struct identity){.device = st->st_dev,
	                         .inode = st->st_ino,
	                         .size = st->st_size,
	                         .modified = st->st_mtim,
	                         .changed = st->st_ctim};
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

static bool same(const struct identity *a, const struct identity *b)
{
	return a->device == b->device && a->inode == b->inode && a->size == b->size &&
	       same_time(&a->modified, &b->modified) && same_time(&a->changed, &b->changed);
}

static bool is_settled(const struct stat *st)
{
	int64_t changed_us =
		(int64_t)st->st_ctim.tv_sec * US_PER_S + st->st_ctim.tv_nsec / US_PER_MS;

	return changed_us + GRAIN_US < mono_wall_us();
}

static void entry_done(struct files_source_entry *entry)
{
	free(entry->path);
	files_parts_done(&entry->parts);
	model_objects_done(&entry->objects);
	model_problems_done(&entry->problems);
}

static int compare_entry(const void *item, const void *path)
{
	return strcmp(((const struct files_source_entry *)item)->path, path);
}

/* Where 'path' stands in the first 'count' entries, or would stand. */
static size_t position(const struct files_source *source, size_t count, const char *path,
                       bool *ret_found)
{
	size_t at =
		search_place(source->entries, count, sizeof(*source->entries), path, compare_entry);

	*ret_found = at < count && strcmp(source->entries[at].path, path) == 0;
	return at;
}

/* What is as it was in the file before is not read again. */
static void read_file(struct files_source_entry *entry)
{
	char *text;
	size_t size;
	int r;

	model_objects_init(&entry->objects);
	model_problems_init(&entry->problems);
	r = fileio_read(entry->path, FILES_YAML_SIZE_MAX, &text, &size);
	if (r < 0) {
		report_errno(&entry->problems, entry->path, -r);
		return;
	}
	files_parts_read(&entry->parts, text, size, entry->path, &entry->objects, &entry->problems);
	free(text);
}

/* 'plain': 'path' is no symbolic link, as far as is known. */
static void take_file(struct files_source *source, const char *path, const struct stat *st,
                      bool plain)
{
	struct identity identity = identify(st);
	bool settled = is_settled(st), found;
	size_t at = position(source, source->entry_count, path, &found);
	struct files_source_entry *entry;

	if (!found) {
		source->entries = xreallocarray(source->entries, source->entry_count + 1,
		                                sizeof(*source->entries));
		entry = &source->entries[at];
		memmove(entry + 1, entry, (source->entry_count - at) * sizeof(*entry));
		source->entry_count++;
		*entry = (struct files_source_entry){.path = xstrdup(path)};
	} else {
		entry = &source->entries[at];
		entry->plain = plain && st->st_nlink == 1;
		if (entry->seen || (entry->settled && same(&entry->identity, &identity))) {
			entry->seen = true; /* one given twice is read once */
			return;
		}
		model_objects_done(&entry->objects);
		model_problems_done(&entry->problems);
	}
	entry->identity = identity;
	entry->settled = settled;
	entry->plain = plain && st->st_nlink == 1;
	entry->seen = true;
	source->changed = true;
	read_file(entry);
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

/* A pipe or a device could keep us waiting for ever, or never end. */
static void take_regular(struct files_source *source, const char *path, const struct stat *st,
                         bool plain)
{
	if (S_ISREG(st->st_mode))
		take_file(source, path, st, plain);
	else
		report(&source->problems, MODEL_ERROR, path, "is no regular file");
}

static void take_entry(struct files_source *source, const char *path)
{
	struct stat st;
	int failed = lstat(path, &st);
	bool is_link = !failed && S_ISLNK(st.st_mode);

	if (is_link)
		failed = stat(path, &st);
	if (failed)
		report_errno(&source->problems, path, errno);
	else if (!S_ISDIR(st.st_mode))
		take_regular(source, path, &st, !is_link);
}

/* A directory from which all files have gone may be one that is not mounted any more, or they are
 * being replaced: what they said stays until there is a file again. */
static bool keep_files_of(struct files_source *source, const char *path)
{
	size_t len = strlen(path);
	bool any = false;

	while (len > 0 && path[len - 1] == '/')
		len--;
	for (size_t i = 0; i < source->entry_count; i++) {
		struct files_source_entry *entry = &source->entries[i];

		if (strncmp(entry->path, path, len) == 0 && entry->path[len] == '/')
			entry->seen = any = true;
	}
	return any;
}

static void take_directory(struct files_source *source, const char *path)
{
	struct model_problems *problems = &source->problems;
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
	if (names.count == 0 && keep_files_of(source, path))
		report(problems, MODEL_ERROR, path,
		       "there is no *.yaml, *.yml or *.json in this directory any more; to let go "
		       "of all that they said, leave an empty one");
	else if (names.count == 0)
		report(problems, MODEL_WARNING, path,
		       "there is no *.yaml, *.yml or *.json in this directory");
	for (size_t i = 0; i < names.count; i++) {
		text_clear(&file);
		text_printf(&file, "%s%s%s", path, slash ? "" : "/", names.items[i]);
		take_entry(source, text_str(&file));
		free(names.items[i]);
	}
	free(names.items);
	text_done(&file);
}

void files_source_init(struct files_source *source, char *const *paths, size_t path_count)
{
	*source = (struct files_source){.paths = paths, .path_count = path_count};
	model_problems_init(&source->problems);
}

void files_source_done(struct files_source *source)
{
	for (size_t i = 0; i < source->entry_count; i++)
		entry_done(&source->entries[i]);
	free(source->entries);
	free(source->objects);
	model_problems_done(&source->problems);
	*source = (struct files_source){0};
}

static void forget_unseen(struct files_source *source)
{
	size_t kept = 0;

	for (size_t i = 0; i < source->entry_count; i++) {
		if (source->entries[i].seen)
			source->entries[kept++] = source->entries[i];
		else
			entry_done(&source->entries[i]);
	}
	source->changed |= kept != source->entry_count;
	source->entry_count = kept;
}

static void gather_objects(struct files_source *source)
{
	source->object_count = source->entry_count;
	source->objects =
		xreallocarray(source->objects, source->entry_count + 1, sizeof(*source->objects));
	for (size_t i = 0; i < source->entry_count; i++)
		source->objects[i] = &source->entries[i].objects;
}

bool files_source_look(struct files_source *source)
{
	struct stat st;

	source->changed = source->problems.count > 0 || !source->objects;
	model_problems_done(&source->problems);
	model_problems_init(&source->problems);
	for (size_t i = 0; i < source->entry_count; i++)
		source->entries[i].seen = false;
	for (size_t i = 0; i < source->path_count; i++) {
		const char *path = source->paths[i];

		if (stat(path, &st) < 0)
			report_errno(&source->problems, path, errno);
		else if (S_ISDIR(st.st_mode))
			take_directory(source, path);
		else
			take_regular(source, path, &st, false);
	}
	forget_unseen(source);
	gather_objects(source);
	return source->changed || source->problems.count > 0;
}

/* A file that was read before. False: it is none any more. */
static bool look_again(struct files_source *source, struct files_source_entry *entry)
{
	bool plain = entry->plain;
	struct stat st;

	if ((plain ? lstat(entry->path, &st) : stat(entry->path, &st)) < 0 || !S_ISREG(st.st_mode))
		return false;
	entry->seen = false;
	take_file(source, entry->path, &st, plain);
	return true;
}

/* Whoever told of this change tells of the next one, too. */
static bool look_at_told(struct files_source *source, const char *path)
{
	bool found;
	size_t at = position(source, source->entry_count, path, &found);
	struct files_source_entry *entry = &source->entries[at];

	if (!found || !entry->plain)
		return false;
	entry->settled = false;
	if (!look_again(source, entry))
		return false;
	entry->settled = true;
	return true;
}

bool files_source_look_at(struct files_source *source, char *const *files, size_t count)
{
	if (source->problems.count > 0 || !source->objects)
		return false;
	for (size_t i = 0; i < source->entry_count; i++) {
		if (!source->entries[i].plain && !look_again(source, &source->entries[i]))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!look_at_told(source, files[i]))
			return false;
	}
	return true;
}

void files_source_report(const struct files_source *source, struct model_problems *problems)
{
	model_problems_append(problems, &source->problems);
	for (size_t i = 0; i < source->entry_count; i++)
		model_problems_append(problems, &source->entries[i].problems);
}

void files_source_read(struct files_source *source, struct model_problems *problems)
{
	(void)files_source_look(source);
	files_source_report(source, problems);
}
