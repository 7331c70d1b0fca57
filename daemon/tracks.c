/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/tracks.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/rtnl.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A program that writes a file anew may take a moment. */
#define QUIET_US   (20 * US_PER_MS)
#define LOOK_US    (10 * US_PER_S)
/* Echo requests under way at once. */
#define ECHOES_MAX 64

/* --- telling --- */

static void log_item(const struct track_item *item)
{
	struct text what = {0}, why = {0};
	bool out = item->damper.value == VRRP_DAMPER_OUT;

	vrrp_track_title(&item->track, &what);
	vrrp_track_explain(&item->track, &item->seen, &why);
	if (out)
		log_warn("track", "router=%s track=\"%s\" withdraws it because=\"%s\"",
		         item->router, text_str(&what), text_str(&why));
	else
		log_at(item->damper.value < 0 ? LOG_LEVEL_WARN : LOG_LEVEL_NOTICE, "track",
		       "router=%s track=\"%s\" priority-change=%+d because=\"%s\"", item->router,
		       text_str(&what), item->damper.value, text_str(&why));
	text_done(&what);
	text_done(&why);
}

/* What is seen for the first time is told when it does something. */
static void see(struct tracks *tracks, size_t at, const struct vrrp_track_seen *seen)
{
	const struct track_item *item = &tracks->table.items[at];
	const struct vrrp_track_seen before = item->seen;
	bool first = !item->damper.known;
	bool counts = track_table_see(&tracks->table, at, seen, mono_now_us());

	if (counts && (!first || item->damper.value != 0 || item->seen.odd))
		log_item(item);
	else if (item->seen.odd && !before.odd && item->damper.changes <= 1)
		log_item(item);
	if (counts || item->seen.verdict != before.verdict || item->seen.number != before.number)
		tracks->handlers.told(tracks->handlers.ctx, item, before.verdict);
}

/* What was waited for is over. */
static void counts_now(void *ctx, const struct track_item *item)
{
	struct tracks *tracks = ctx;

	log_item(item);
	tracks->handlers.told(tracks->handlers.ctx, item, item->seen.verdict);
}

static void settle(struct tracks *tracks)
{
	int64_t due_us = track_table_deadline(&tracks->table);

	if (tracks->watch && tracks->looked_us + LOOK_US < due_us)
		due_us = tracks->looked_us + LOOK_US;
	loop_deadline_arm(&tracks->turn, due_us);
	if (track_table_restrain(&tracks->table))
		tracks->handlers.restrained(tracks->handlers.ctx);
}

/* --- files --- */

/* The bytes read, or -errno. Of regular files only: others may block, or never end. */
static ssize_t read_start(const char *path, char *data, size_t size)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
	struct stat st;
	ssize_t n;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) || !S_ISREG(st.st_mode))
		n = -EINVAL;
	else
		n = read(fd, data, size);
	if (n == -1)
		n = -errno;
	close(fd);
	return n;
}

static struct vrrp_track_seen look_at_file(const struct model_track *track)
{
	struct vrrp_track_seen seen = {.verdict = VRRP_TRACK_NUMBER};
	char data[VRRP_TRACK_FILE_MAX + 1];
	struct stat st;
	ssize_t size;
	bool is_there;

	if (track->expect != MODEL_TRACK_NUMBER) {
		is_there = stat(track->file, &st) == 0;
		seen.verdict = is_there == (track->expect == MODEL_TRACK_PRESENT) ? VRRP_TRACK_GOOD
		                                                                  : VRRP_TRACK_BAD;
		return seen;
	}
	size = read_start(track->file, data, sizeof(data));
	seen.odd = size < 0 || size > VRRP_TRACK_FILE_MAX ||
	           vrrp_track_parse_number(data, (size_t)size, &seen.number) < 0;
	return seen;
}

static void look_at_files(struct tracks *tracks)
{
	tracks->looked_us = mono_now_us();
	for (size_t i = 0; i < tracks->table.count; i++) {
		const struct model_track *track = &tracks->table.items[i].track;

		if (!*track->file)
			continue;
		struct vrrp_track_seen seen = look_at_file(track);
		see(tracks, i, &seen);
	}
}

static void files_changed(void *ctx)
{
	struct tracks *tracks = ctx;
	struct files_watch_told told;

	files_watch_take(tracks->watch, &told);
	files_watch_told_done(&told);
	look_at_files(tracks);
	settle(tracks);
}

/* Before they are looked at, so that no change falls in between. */
static void watch_files(struct tracks *tracks)
{
	char **paths = xcalloc(tracks->table.count + 1, sizeof(*paths));
	size_t count = 0;

	files_watch_close(tracks->watch);
	tracks->watch = NULL;
	for (size_t i = 0; i < tracks->table.count; i++)
		if (*tracks->table.items[i].track.file)
			paths[count++] = (char *)tracks->table.items[i].track.file;
	if (count > 0 && files_watch_open_quiet(tracks->loop, paths, count, QUIET_US, files_changed,
	                                        tracks, &tracks->watch))
		log_warn("track", "tracked files can't be watched: they are looked at on reload "
		                  "only");
	free(paths);
}

/* --- interfaces --- */

static bool is_running(const struct rtnl_link *links, size_t count, const char *name)
{
	for (size_t i = 0; i < count; i++)
		if (strcmp(links[i].name, name) == 0)
			return links[i].running;
	return false;
}

static void look_at_links(struct tracks *tracks)
{
	struct rtnl_link *links;
	size_t count;
	int rc = rtnl_links(tracks->links, &links, &count);

	if (rc < 0) {
		log_warn("track", "interfaces can't be read: %s", strerror(-rc));
		return;
	}
	for (size_t i = 0; i < tracks->table.count; i++) {
		const char *name = tracks->table.items[i].track.interface;
		struct vrrp_track_seen seen = {.verdict = VRRP_TRACK_BAD};

		if (!*name)
			continue;
		if (is_running(links, count, name))
			seen.verdict = VRRP_TRACK_GOOD;
		see(tracks, i, &seen);
	}
	free(links);
}

static void link_event(void *ctx, const struct nlmsghdr *message)
{
	struct tracks *tracks = ctx;
	struct rtnl_event event;

	switch (rtnl_decode(message, &event)) {
	case RTNL_LINK_NEW:
	case RTNL_LINK_GONE:
		tracks->links_changed = true;
		break;
	case RTNL_ADDRESS_NEW:
	case RTNL_ADDRESS_GONE:
	case RTNL_OTHER:
		break;
	}
}

static void links_ready(struct loop_fd *fd, bool readable, bool writable)
{
	struct tracks *tracks = lt_container_of(fd, struct tracks, events_fd);

	(void)readable;
	(void)writable;
	/* Events that were lost may have been any. */
	if (nl_receive(tracks->events, link_event, tracks) < 0)
		tracks->links_changed = true;
	if (!tracks->links_changed)
		return;
	tracks->links_changed = false;
	look_at_links(tracks);
	settle(tracks);
}

/* First the events, then the dump: what changes in between is heard. */
static bool open_links(struct tracks *tracks)
{
	int rc;

	if (tracks->events)
		return true;
	rc = nl_open(NETLINK_ROUTE, &tracks->links);
	if (rc == 0)
		rc = nl_open(NETLINK_ROUTE, &tracks->events);
	if (rc == 0)
		rc = rtnl_subscribe_links(tracks->events);
	if (rc < 0) {
		log_error("track", "interfaces can't be watched: %s", strerror(-rc));
		nl_close(tracks->links);
		nl_close(tracks->events);
		tracks->links = tracks->events = NULL;
		return false;
	}
	tracks->events_fd = (struct loop_fd){.fd = nl_fd(tracks->events), .ready = links_ready};
	loop_fd_start(tracks->loop, &tracks->events_fd, true, false);
	return true;
}

static void watch_links(struct tracks *tracks)
{
	bool any = false;

	for (size_t i = 0; i < tracks->table.count; i++)
		any |= tracks->table.items[i].track.interface[0] != '\0';
	if (any && open_links(tracks))
		look_at_links(tracks);
}

/* --- addresses --- */

static struct health_target target_of(const struct track_item *item)
{
	return health_target_make(&item->track.address, 0, &item->track.check);
}

static bool has_address(const struct track_item *item)
{
	return item->track.address.family != ADDR_NONE;
}

static void look_at_addresses(struct tracks *tracks)
{
	for (size_t i = 0; i < tracks->table.count; i++) {
		const struct track_item *item = &tracks->table.items[i];
		struct vrrp_track_seen seen = {.verdict = VRRP_TRACK_UNKNOWN};

		if (!has_address(item) || !tracks->health)
			continue;
		struct health_target target = target_of(item);
		const struct health_entry *entry = health_find(tracks->health, &target);
		enum health_state state = entry ? health_entry_machine(entry)->state
		                                : HEALTH_UNKNOWN;
		if (state != HEALTH_UNKNOWN)
			seen.verdict = state == HEALTH_UP ? VRRP_TRACK_GOOD : VRRP_TRACK_BAD;
		see(tracks, i, &seen);
	}
}

static void address_changed(void *ctx, const struct health_entry *entry)
{
	struct tracks *tracks = ctx;

	(void)entry;
	look_at_addresses(tracks);
	settle(tracks);
}

static void watch_addresses(struct tracks *tracks)
{
	const struct health_handlers handlers = {.changed = address_changed, .ctx = tracks};
	const struct health_limits limits = {.light_max = ECHOES_MAX, .heavy_max = 1};
	struct health_target *targets = xcalloc(tracks->table.count + 1, sizeof(*targets));
	size_t count = 0;
	int rc = 0;

	for (size_t i = 0; i < tracks->table.count; i++)
		if (has_address(&tracks->table.items[i]))
			targets[count++] = target_of(&tracks->table.items[i]);
	if (count > 0 && !tracks->health)
		rc = health_open(tracks->loop, &handlers, &limits, &tracks->health);
	if (rc < 0)
		log_error("track", "addresses can't be checked: %s", strerror(-rc));
	if (tracks->health)
		health_want(tracks->health, targets, count);
	free(targets);
	look_at_addresses(tracks);
}

/* --- life --- */

static void turn_due(struct loop_deadline *deadline)
{
	struct tracks *tracks = lt_container_of(deadline, struct tracks, turn);
	int64_t now_us = mono_now_us();

	if (tracks->watch && now_us >= tracks->looked_us + LOOK_US)
		look_at_files(tracks);
	track_table_expire(&tracks->table, now_us, counts_now, tracks);
	settle(tracks);
}

int tracks_open(struct tracks *tracks, struct loop *loop, const struct tracks_handlers *handlers)
{
	*tracks = (struct tracks){.loop = loop, .handlers = *handlers};
	tracks->turn.expired = turn_due;
	return loop_deadline_init(loop, &tracks->turn);
}

void tracks_close(struct tracks *tracks)
{
	if (!tracks->loop)
		return;
	if (tracks->events)
		loop_fd_stop(&tracks->events_fd);
	nl_close(tracks->events);
	nl_close(tracks->links);
	health_close(tracks->health);
	files_watch_close(tracks->watch);
	loop_deadline_done(&tracks->turn);
	track_table_done(&tracks->table);
}

void tracks_want(struct tracks *tracks, const struct model_snapshot *snapshot)
{
	track_table_want(&tracks->table, snapshot, mono_now_us());
	watch_files(tracks);
	look_at_files(tracks);
	watch_links(tracks);
	watch_addresses(tracks);
	settle(tracks);
}

const struct vrrp_restraint *tracks_restraints(const struct tracks *tracks, size_t *ret_count)
{
	*ret_count = tracks->table.restraint_count;
	return tracks->table.restraints;
}
