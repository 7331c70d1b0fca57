/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/sysctls_memory.c - the state file of daemon/sysctls.h and the acting half. (Another file
 * of the same form is daemon/mute_memory.h's.)
 *
 * The file is text, a line a setting: name, original, ours, with tabs between, in the order in
 * which they were set; before them a line that says for which boot and network namespace. It is
 * written before a value is changed, so that a crash in between loses nothing. */

#include "daemon/sysctls.h"

#include "daemon/aside.h"
#include "lib/fileio.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/sysctl.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STATE_SIZE_MAX (256 * 1024)
#define EPOCH_SIZE     128
#define EPOCH_WORD     "epoch\t"
#define HEADING        "# What Lintel changes below /proc/sys: name, value before, value since.\n"

/* --- the file as text --- */

static struct sysctls_memory *memory_new(void)
{
	struct sysctls_memory *memory = xcalloc(1, sizeof(*memory));

	arena_init(&memory->arena);
	memory->entries = arena_array(&memory->arena, SYSCTLS_MAX, sizeof(*memory->entries));
	return memory;
}

void sysctls_memory_free(struct sysctls_memory *memory)
{
	if (!memory)
		return;
	arena_done(&memory->arena);
	free(memory);
}

static size_t find_entry(const struct sysctls_memory *memory, const char *name)
{
	size_t i = 0;

	while (i < memory->count && strcmp(memory->entries[i].name, name) != 0)
		i++;
	return i;
}

const struct sysctls_memory_entry *sysctls_memory_find(const struct sysctls_memory *memory,
                                                       const char *name)
{
	size_t i = find_entry(memory, name);

	return i < memory->count ? &memory->entries[i] : NULL;
}

void sysctls_memory_remember(struct sysctls_memory *memory, const char *name, const char *original,
                             const char *ours)
{
	size_t i = find_entry(memory, name);

	if (i == SYSCTLS_MAX)
		return;
	if (i == memory->count)
		memory->count++;
	memory->entries[i] = (struct sysctls_memory_entry){
		.name = arena_strdup(&memory->arena, name),
		.original = arena_strdup(&memory->arena, original),
		.ours = arena_strdup(&memory->arena, ours),
	};
}

void sysctls_memory_forget(struct sysctls_memory *memory, const char *name)
{
	size_t i = find_entry(memory, name);

	if (i == memory->count)
		return;
	memory->count--;
	memmove(&memory->entries[i], &memory->entries[i + 1],
	        (memory->count - i) * sizeof(*memory->entries));
}

/* Takes "name\toriginal\tours"; changes the line. False: it is something else. */
static bool parse_line(struct sysctls_memory *memory, char *line)
{
	char *original = strchr(line, '\t');
	char *ours = original ? strchr(original + 1, '\t') : NULL;

	if (!ours || strchr(ours + 1, '\t'))
		return false;
	*original++ = '\0';
	*ours++ = '\0';
	if (!*line || strlen(line) >= SYSCTLS_NAME_SIZE || !*original || !*ours ||
	    strlen(original) >= SYSCTLS_VALUE_SIZE || strlen(ours) >= SYSCTLS_VALUE_SIZE)
		return false;
	sysctls_memory_remember(memory, line, original, ours);
	return true;
}

bool sysctls_memory_is_whole(const char *text, size_t size)
{
	struct sysctls_memory *memory;
	char *copy, *rest, *line;
	bool epoch = false, whole = true;

	/* After a loss of power there may be zeros where text was. */
	if (strlen(text) != size || size == 0 || text[size - 1] != '\n')
		return false;
	memory = memory_new();
	rest = copy = xstrdup(text);
	copy[size - 1] = '\0';
	while ((line = strsep(&rest, "\n"))) {
		if (text_starts_with(line, EPOCH_WORD))
			epoch = true;
		else if (*line != '#')
			whole &= epoch && parse_line(memory, line);
	}
	free(copy);
	sysctls_memory_free(memory);
	return whole && epoch;
}

struct sysctls_memory *sysctls_memory_parse(const char *text, const char *epoch)
{
	struct sysctls_memory *memory = memory_new();
	char *copy = xstrdup(text), *rest = copy, *line;
	bool of_now = false;

	while ((line = strsep(&rest, "\n"))) {
		if (text_starts_with(line, EPOCH_WORD))
			of_now = strcmp(line + strlen(EPOCH_WORD), epoch) == 0;
		else if (of_now && *line != '#')
			parse_line(memory, line);
	}
	free(copy);
	return memory;
}

void sysctls_memory_format(const struct sysctls_memory *memory, const char *epoch, struct text *out)
{
	text_printf(out, HEADING EPOCH_WORD "%s\n", epoch);
	for (size_t i = 0; i < memory->count; i++)
		text_printf(out, "%s\t%s\t%s\n", memory->entries[i].name,
		            memory->entries[i].original, memory->entries[i].ours);
}

/* --- the file as a file --- */

/* Boot and network namespace: another one has values of its own. */
static void find_epoch(char epoch[static EPOCH_SIZE])
{
	char boot[SYSCTL_VALUE_SIZE] = "unknown";
	struct stat ns = {0};

	if (sysctl_read(SYSCTL_ROOT, "kernel/random/boot_id", boot) < 0)
		snprintf(boot, sizeof(boot), "unknown");
	(void)stat("/proc/self/ns/net", &ns);
	snprintf(epoch, EPOCH_SIZE, "%.64s %llu", boot, (unsigned long long)ns.st_ino);
}

struct store {
	const char *root;
	char epoch[EPOCH_SIZE];
	char *path; /* NULL: there is no state directory */
};

static void open_store(struct store *store, const char *state_dir, const char *file,
                       const struct sysctls_place *place)
{
	struct text path = {0};

	*store = (struct store){.root = place ? place->root : SYSCTL_ROOT};
	if (place)
		snprintf(store->epoch, sizeof(store->epoch), "%s", place->epoch);
	else
		find_epoch(store->epoch);
	if (state_dir) {
		text_printf(&path, "%s/%s", state_dir, file);
		store->path = text_take(&path);
	}
}

static void close_store(struct store *store)
{
	free(store->path);
}

/* A file that cannot be read is as good as none: nothing is taken for ours. */
static struct sysctls_memory *load_memory(const struct store *store)
{
	struct sysctls_memory *memory;
	char *data = NULL;
	size_t size;

	if (!store->path || fileio_read(store->path, STATE_SIZE_MAX, &data, &size) < 0)
		return memory_new();
	memory = sysctls_memory_parse(data, store->epoch);
	free(data);
	return memory;
}

static int save_memory(const struct store *store, const struct sysctls_memory *memory)
{
	struct text text = {0};
	int err;

	if (!store->path)
		return -ENOENT;
	if (memory->count == 0)
		return unlink(store->path) == 0 || errno == ENOENT ? 0 : -errno;
	sysctls_memory_format(memory, store->epoch, &text);
	err = fileio_replace(store->path, text.data, text.len, 0600);
	text_done(&text);
	return err;
}

struct sysctls_memory *sysctls_memory_load(const char *state_dir, const char *file,
                                           const struct sysctls_place *place)
{
	struct sysctls_memory *memory;
	struct store store;

	open_store(&store, state_dir, file, place);
	memory = load_memory(&store);
	close_store(&store);
	return memory;
}

int sysctls_memory_save(const struct sysctls_memory *memory, const char *state_dir,
                        const char *file, const struct sysctls_place *place)
{
	struct store store;
	int err;

	open_store(&store, state_dir, file, place);
	err = save_memory(&store, memory);
	close_store(&store);
	return err;
}

void sysctls_memory_mend(const char *state_dir, const char *file)
{
	struct sysctls_memory *memory;
	struct text why = {0};
	struct store store;
	char *data = NULL;
	size_t size = 0;

	open_store(&store, state_dir, file, NULL);
	int rc = fileio_read(store.path, STATE_SIZE_MAX, &data, &size);
	if (rc != -ENOENT && (rc || !sysctls_memory_is_whole(data, size))) {
		memory = load_memory(&store);
		if (rc)
			text_printf(&why, "can't be read: %s", strerror(-rc));
		aside_put(store.path, rc ? text_str(&why) : "is damaged");
		text_done(&why);
		rc = memory->count > 0 ? save_memory(&store, memory) : 0;
		if (rc)
			log_error("state", "%s can't be written: %s", store.path, strerror(-rc));
		sysctls_memory_free(memory);
	}
	free(data);
	close_store(&store);
}

/* --- observing --- */

static int read_setting(void *ctx, const char *name, char ret_value[static SYSCTLS_VALUE_SIZE])
{
	const struct store *store = ctx;
	char value[SYSCTL_VALUE_SIZE];
	int err = sysctl_read(store->root, name, value);

	if (err < 0)
		return err;
	if (strlen(value) >= SYSCTLS_VALUE_SIZE)
		return -EFBIG;
	/* The kernel parts the numbers of one setting with tabs; the state file its fields. */
	for (char *tab = value; (tab = strchr(tab, '\t'));)
		*tab = ' ';
	snprintf(ret_value, SYSCTLS_VALUE_SIZE, "%.*s", SYSCTLS_VALUE_SIZE - 1, value);
	return 0;
}

struct interfaces {
	char **names;
	size_t count;
};

/* Every interface has a directory of IPv6 settings; "all" and "default" are none. */
static struct interfaces list_interfaces(const struct store *store)
{
	struct interfaces found = {.names = xcalloc(SYSCTLS_MAX, sizeof(*found.names))};
	struct text path = {0};
	struct dirent *entry;
	DIR *dir;

	text_printf(&path, "%s/net/ipv6/conf", store->root);
	dir = opendir(text_str(&path));
	text_done(&path);
	while (dir && found.count < SYSCTLS_MAX && (entry = readdir(dir))) {
		if (entry->d_name[0] != '.' && strcmp(entry->d_name, "all") != 0 &&
		    strcmp(entry->d_name, "default") != 0)
			found.names[found.count++] = xstrdup(entry->d_name);
	}
	if (dir)
		closedir(dir);
	return found;
}

static void free_interfaces(struct interfaces *interfaces)
{
	for (size_t i = 0; i < interfaces->count; i++)
		free(interfaces->names[i]);
	free(interfaces->names);
}

struct sysctls *sysctls_observe_at(const struct model_snapshot *snapshot, const char *state_dir,
                                   bool replicating, const struct sysctls_place *place)
{
	struct sysctls_memory *memory;
	struct interfaces interfaces;
	struct sysctls *sysctls;
	struct store store;

	open_store(&store, state_dir, SYSCTLS_STATE_FILE, place);
	memory = load_memory(&store);
	interfaces = list_interfaces(&store);
	sysctls = sysctls_want(snapshot, (const char *const *)interfaces.names, interfaces.count,
	                       memory, read_setting, &store);
	if (replicating && snapshot->service_count > 0)
		sysctls_want_replication(sysctls);
	sysctls_plan(sysctls, memory, read_setting, &store);
	free_interfaces(&interfaces);
	sysctls_memory_free(memory);
	close_store(&store);
	return sysctls;
}

struct sysctls *sysctls_observe(const struct model_snapshot *snapshot, const char *state_dir,
                                bool replicating)
{
	return sysctls_observe_at(snapshot, state_dir, replicating, NULL);
}

/* --- acting --- */

/* Writes one value and takes note of how it went. */
static bool act(const struct store *store, struct sysctls *sysctls, struct sysctls_item *item)
{
	bool restoring = item->state == SYSCTLS_TO_RESTORE;
	int err = sysctl_write(store->root, item->name, item->value);

	if (err < 0) {
		item->state = SYSCTLS_REFUSED;
		item->error = -err;
		return false;
	}
	item->state = restoring ? SYSCTLS_FINE : SYSCTLS_OURS;
	item->current = arena_strdup(&sysctls->arena, item->value);
	return true;
}

static int act_on_all(const struct store *store, struct sysctls *sysctls,
                      struct sysctls_memory *memory)
{
	bool stale = false;

	for (size_t i = 0; i < sysctls->count; i++) {
		struct sysctls_item *item = &sysctls->items[i];

		switch (item->state) {
		case SYSCTLS_FINE:
		case SYSCTLS_OURS:
		case SYSCTLS_MISSING:
		case SYSCTLS_REFUSED:
			break;
		case SYSCTLS_TO_SET:
			if (!act(store, sysctls, item)) {
				sysctls_memory_forget(memory, item->name);
				stale = true;
			}
			break;
		case SYSCTLS_TO_RESTORE:
			if (act(store, sysctls, item)) {
				sysctls_memory_forget(memory, item->name);
				stale = true;
			}
			break;
		}
	}
	return stale ? save_memory(store, memory) : 0;
}

static int apply(const struct store *store, struct sysctls *sysctls)
{
	struct sysctls_memory *memory = load_memory(store);
	int err;

	for (size_t i = 0; i < sysctls->count; i++) {
		const struct sysctls_item *item = &sysctls->items[i];

		if (item->state == SYSCTLS_TO_SET)
			sysctls_memory_remember(memory, item->name, item->original, item->value);
	}
	err = save_memory(store, memory);
	if (err == 0)
		err = act_on_all(store, sysctls, memory);
	sysctls_memory_free(memory);
	return err;
}

int sysctls_apply_at(struct sysctls *sysctls, const char *state_dir,
                     const struct sysctls_place *place)
{
	struct store store;
	int err;

	if (sysctls_change_count(sysctls) == 0)
		return 0;
	open_store(&store, state_dir, SYSCTLS_STATE_FILE, place);
	err = apply(&store, sysctls);
	close_store(&store);
	return err;
}

int sysctls_apply(struct sysctls *sysctls, const char *state_dir)
{
	return sysctls_apply_at(sysctls, state_dir, NULL);
}

/* Last set, first restored. What cannot be put back stays in the file. */
static int restore(const struct store *store, struct sysctls_memory *memory, struct text *restored)
{
	int result = 0;

	for (size_t i = memory->count; i-- > 0;) {
		const struct sysctls_memory_entry entry = memory->entries[i];
		char current[SYSCTLS_VALUE_SIZE], name[SYSCTLS_NAME_SIZE];
		int err = read_setting((void *)store, entry.name, current);

		if (err == 0 && strcmp(current, entry.ours) == 0)
			err = sysctl_write(store->root, entry.name, entry.original);
		else if (err == 0 || err == -ENOENT)
			current[0] = '\0'; /* changed by somebody else, or gone */
		if (err < 0 && err != -ENOENT) {
			result = err;
			continue;
		}
		if (restored && err == 0 && current[0])
			text_printf(restored, "%s: %s -> %s\n", sysctls_display(entry.name, name),
			            entry.ours, entry.original);
		sysctls_memory_forget(memory, entry.name);
	}
	return result;
}

int sysctls_restore_at(const char *state_dir, struct text *ret_restored,
                       const struct sysctls_place *place)
{
	struct sysctls_memory *memory;
	struct store store;
	int err, save_err;

	open_store(&store, state_dir, SYSCTLS_STATE_FILE, place);
	memory = load_memory(&store);
	err = restore(&store, memory, ret_restored);
	save_err = store.path ? save_memory(&store, memory) : 0;
	sysctls_memory_free(memory);
	close_store(&store);
	return err < 0 ? err : save_err;
}

int sysctls_restore(const char *state_dir, struct text *ret_restored)
{
	return sysctls_restore_at(state_dir, ret_restored, NULL);
}
