/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/watch.h"

#include "files/source.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/text.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define SELF_EVENTS (IN_DELETE_SELF | IN_MOVE_SELF | IN_IGNORED | IN_UNMOUNT)
/* Writing is over with IN_CLOSE_WRITE; IN_ATTRIB: a file may have become readable. */
#define EVENTS                                                                              \
	(IN_CLOSE_WRITE | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_ATTRIB | \
	 IN_DELETE_SELF | IN_MOVE_SELF | IN_ONLYDIR)
#define READS_A_TURN     16
#define LONGEST_IN_QUIET 10
#define TOLD_MAX         100 /* files; more are as good as all */

/* Something that matters in a directory; several may share a watch descriptor. */
struct interest {
	int wd;
	char *directory;
	char *name; /* that entry; NULL: whatever would be read from the directory */
};

struct interests {
	struct interest *items;
	size_t count;
};

struct files_watch {
	struct loop_fd fd;
	struct loop_deadline quiet;
	int64_t quiet_us;
	int64_t first_us; /* of the changes not told yet, TIME_NEVER when there are none */
	void (*changed)(void *ctx);
	void *ctx;
	char **paths;
	size_t path_count;
	struct interests interests;
	struct files_watch_told told;
};

void files_watch_told_done(struct files_watch_told *told)
{
	for (size_t i = 0; i < told->count; i++)
		free(told->files[i]);
	free(told->files);
	*told = (struct files_watch_told){0};
}

static void tell(struct files_watch_told *told, const char *directory, const char *name)
{
	struct text path = {0};

	text_printf(&path, "%s/%s", directory, name);
	for (size_t i = 0; i < told->count; i++) {
		if (strcmp(told->files[i], text_str(&path)) == 0) {
			text_done(&path);
			return;
		}
	}
	if (told->count == TOLD_MAX)
		told->all = true;
	if (told->all) {
		text_done(&path);
		return;
	}
	told->files = xreallocarray(told->files, told->count + 1, sizeof(*told->files));
	told->files[told->count++] = text_take(&path);
}

static void free_interests(struct interests *interests)
{
	for (size_t i = 0; i < interests->count; i++) {
		free(interests->items[i].directory);
		free(interests->items[i].name);
	}
	free(interests->items);
	*interests = (struct interests){NULL, 0};
}

/* False when there is no such directory. */
static bool add_interest(struct files_watch *watch, struct interests *interests,
                         const char *directory, const char *name)
{
	int wd = inotify_add_watch(watch->fd.fd, directory, EVENTS);

	if (wd < 0)
		return false;
	interests->items =
		xreallocarray(interests->items, interests->count + 1, sizeof(*interests->items));
	interests->items[interests->count++] = (struct interest){
		.wd = wd,
		.directory = xstrdup(directory),
		.name = name ? xstrdup(name) : NULL,
	};
	return true;
}

/* Watches the entry 'path' in its directory, or the nearest one above that exists in the way to
 * it. Takes 'path' apart. */
static void add_entry(struct files_watch *watch, struct interests *interests, char *path)
{
	for (;;) {
		char *slash = strrchr(path, '/');
		const char *name = slash ? slash + 1 : path;
		const char *directory = !slash ? "." : slash == path ? "/" : path;

		if (slash && slash != path)
			*slash = '\0';
		if (add_interest(watch, interests, directory, name) || !slash || slash == path)
			return;
	}
}

static void add_path(struct files_watch *watch, struct interests *interests, const char *path)
{
	char *entry = xstrdup(path);
	size_t len = strlen(entry);
	char *real = realpath(path, NULL);

	while (len > 1 && entry[len - 1] == '/')
		entry[--len] = '\0';
	add_interest(watch, interests, entry, NULL); /* if it is a directory */
	if (real && strcmp(real, entry) != 0)
		add_entry(watch, interests, real);
	add_entry(watch, interests, entry);
	free(real);
	free(entry);
}

static bool has_descriptor(const struct interests *interests, int wd)
{
	for (size_t i = 0; i < interests->count; i++) {
		if (interests->items[i].wd == wd)
			return true;
	}
	return false;
}

/* Directories come, go, and are swapped: looks again at which ones matter. */
static void refresh(struct files_watch *watch)
{
	struct interests before = watch->interests;
	struct interests now = {NULL, 0};

	for (size_t i = 0; i < watch->path_count; i++)
		add_path(watch, &now, watch->paths[i]);
	for (size_t i = 0; i < before.count; i++) {
		/* One that is gone already is refused, which is as good. */
		if (!has_descriptor(&now, before.items[i].wd))
			(void)inotify_rm_watch(watch->fd.fd, before.items[i].wd);
	}
	free_interests(&before);
	watch->interests = now;
}

/* A file that was just created is written next, and IN_CLOSE_WRITE tells the end of that; links
 * and directories are whole at once. */
static bool is_being_written(const char *directory, const char *name)
{
	struct text path = {0};
	struct stat st;
	bool written;

	text_printf(&path, "%s/%s", directory, name);
	written = lstat(text_str(&path), &st) == 0 && S_ISREG(st.st_mode) && st.st_nlink == 1;
	text_done(&path);
	return written;
}

static bool matters_to(const struct interest *interest, const struct inotify_event *event)
{
	const char *name = event->len > 0 ? event->name : "";

	if (interest->wd != event->wd)
		return false;
	if (event->mask & SELF_EVENTS)
		return true;
	if (strcmp(name, "..data") != 0 &&
	    (interest->name ? strcmp(name, interest->name) != 0 : !files_source_is_read(name)))
		return false;
	return !(event->mask & IN_CREATE) || !is_being_written(interest->directory, name);
}

/* Does the event say which file of a directory changed? */
static bool names_file(const struct interest *interest, const struct inotify_event *event)
{
	return !interest->name && !(event->mask & SELF_EVENTS) &&
	       strcmp(event->name, "..data") != 0;
}

/* Notes what the event tells. True: something. */
static bool take_event(struct files_watch *watch, const struct inotify_event *event)
{
	bool found = false;

	if (event->mask & IN_Q_OVERFLOW)
		return watch->told.all = true;
	for (size_t i = 0; i < watch->interests.count; i++) {
		const struct interest *interest = &watch->interests.items[i];

		if (!matters_to(interest, event))
			continue;
		found = true;
		if (names_file(interest, event))
			tell(&watch->told, interest->directory, event->name);
		else
			watch->told.all = true;
	}
	return found;
}

static void postpone(struct files_watch *watch, int64_t now_us)
{
	int64_t at_us = now_us + watch->quiet_us;
	int64_t latest_us;

	if (watch->first_us == TIME_NEVER)
		watch->first_us = now_us;
	latest_us = watch->first_us + LONGEST_IN_QUIET * watch->quiet_us;
	loop_deadline_arm(&watch->quiet, at_us < latest_us ? at_us : latest_us);
}

/* True: something was told. */
static bool take_events(struct files_watch *watch)
{
	bool found = false;

	for (int i = 0; i < READS_A_TURN; i++) {
		_Alignas(struct inotify_event) char buffer[16 * 1024];
		ssize_t size = read(watch->fd.fd, buffer, sizeof(buffer));

		for (ssize_t at = 0; at < size;) {
			const struct inotify_event *event = (const void *)(buffer + at);

			found = take_event(watch, event) || found;
			at += (ssize_t)(sizeof(*event) + event->len);
		}
		if (size < (ssize_t)sizeof(buffer) / 2)
			break; /* that was all */
		if (i == READS_A_TURN - 1)
			watch->told.all = true; /* the rest comes with the next turn */
	}
	if (watch->told.all)
		refresh(watch);
	return found;
}

static void ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct files_watch *watch = lt_container_of(fd, struct files_watch, fd);

	if (take_events(watch))
		postpone(watch, mono_now_us());
}

void files_watch_take(struct files_watch *watch, struct files_watch_told *ret_told)
{
	(void)take_events(watch);
	loop_deadline_arm(&watch->quiet, TIME_NEVER);
	watch->first_us = TIME_NEVER;
	*ret_told = watch->told;
	watch->told = (struct files_watch_told){0};
}

static void quiet(struct loop_deadline *deadline)
{
	struct files_watch *watch = lt_container_of(deadline, struct files_watch, quiet);

	watch->first_us = TIME_NEVER;
	watch->changed(watch->ctx);
}

int files_watch_open_quiet(struct loop *loop, char *const *paths, size_t path_count,
                           int64_t quiet_us, void (*changed)(void *ctx), void *ctx,
                           struct files_watch **ret_watch)
{
	int fd = inotify_init1(IN_NONBLOCK | IN_CLOEXEC);
	struct files_watch *watch;
	int r;

	if (fd < 0)
		return -errno;
	watch = xcalloc(1, sizeof(*watch));
	watch->quiet_us = quiet_us;
	watch->first_us = TIME_NEVER;
	watch->changed = changed;
	watch->ctx = ctx;
	watch->quiet.expired = quiet;
	r = loop_deadline_init(loop, &watch->quiet);
	if (r < 0) {
		close(fd);
		free(watch);
		return r;
	}
	watch->paths = xcalloc(path_count + 1, sizeof(*watch->paths));
	watch->path_count = path_count;
	for (size_t i = 0; i < path_count; i++)
		watch->paths[i] = xstrdup(paths[i]);
	watch->fd = (struct loop_fd){.fd = fd, .ready = ready};
	refresh(watch);
	loop_fd_start(loop, &watch->fd, true, false);
	*ret_watch = watch;
	return 0;
}

int files_watch_open(struct loop *loop, char *const *paths, size_t path_count,
                     void (*changed)(void *ctx), void *ctx, struct files_watch **ret_watch)
{
	return files_watch_open_quiet(loop, paths, path_count, FILES_WATCH_QUIET_US, changed, ctx,
	                              ret_watch);
}

void files_watch_close(struct files_watch *watch)
{
	if (!watch)
		return;
	loop_fd_stop(&watch->fd);
	loop_deadline_done(&watch->quiet);
	close(watch->fd.fd);
	free_interests(&watch->interests);
	files_watch_told_done(&watch->told);
	for (size_t i = 0; i < watch->path_count; i++)
		free(watch->paths[i]);
	free(watch->paths);
	free(watch);
}
