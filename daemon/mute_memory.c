/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/mute_memory.h"

#include "lib/log.h"
#include "lib/mem.h"
#include "lib/sysctl.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* --- of an earlier run --- */

/* "net/ipv4/conf/IFACE/SETTING"; false: it is something else. */
static bool find_interface(const char *name, char ret_interface[static IF_NAMESIZE])
{
	static const char folder[] = "net/ipv4/conf/";
	const char *interface = name + strlen(folder), *end = strrchr(name, '/');

	if (strncmp(name, folder, strlen(folder)) != 0 || end <= interface ||
	    end - interface >= IF_NAMESIZE)
		return false;
	snprintf(ret_interface, IF_NAMESIZE, "%.*s", (int)(end - interface), interface);
	return true;
}

static struct vrrp_mute_found *find_or_append(struct vrrp_mutes_found *found, const char *interface)
{
	struct vrrp_mute_found *item = found->items;

	for (; item < found->items + found->count; item++)
		if (strcmp(item->interface, interface) == 0)
			return item;
	item = &found->items[found->count++];
	snprintf(item->interface, sizeof(item->interface), "%s", interface);
	for (size_t i = 0; i < VRRP_MUTE_SETTINGS; i++)
		item->before[i] = -1;
	return item;
}

static void take(struct vrrp_mutes_found *found, const struct sysctls_memory_entry *entry)
{
	char interface[IF_NAMESIZE], name[VRRP_MUTE_NAME_SIZE], *end;
	long long before = strtoll(entry->original, &end, 10);

	if (*end || !find_interface(entry->name, interface))
		return;
	for (size_t i = 0; i < VRRP_MUTE_SETTINGS; i++) {
		int64_t value = vrrp_mute_setting(i, interface, name);

		if (strcmp(name, entry->name) == 0 && before >= 0 && before < value)
			find_or_append(found, interface)->before[i] = before;
	}
}

const struct vrrp_mutes_found *mute_memory_open(struct mute_memory *memory, const char *state_dir,
                                                const struct sysctls_place *place)
{
	*memory = (struct mute_memory){.state_dir = state_dir, .place = place};
	if (!place)
		sysctls_memory_mend(state_dir, MUTE_MEMORY_FILE);
	memory->memory = sysctls_memory_load(state_dir, MUTE_MEMORY_FILE, place);
	memory->found.items = xcalloc(memory->memory->count + 1, sizeof(*memory->found.items));
	for (size_t i = 0; i < memory->memory->count; i++)
		take(&memory->found, &memory->memory->entries[i]);
	return &memory->found;
}

void mute_memory_close(struct mute_memory *memory)
{
	sysctls_memory_free(memory->memory);
	free(memory->found.items);
	*memory = (struct mute_memory){0};
}

/* --- of this one --- */

/* Returns whether what is remembered has changed. What is as we'd set it and known to have been
 * otherwise may be raised at this moment. */
static bool note_setting(struct mute_memory *memory, const char *interface, size_t setting)
{
	const char *root = memory->place ? memory->place->root : SYSCTL_ROOT;
	char name[VRRP_MUTE_NAME_SIZE], original[24], ours[24];
	int64_t value = vrrp_mute_setting(setting, interface, name), present;
	const struct sysctls_memory_entry *entry = sysctls_memory_find(memory->memory, name);

	if (sysctl_read_int(root, name, &present) < 0 || (entry && present == value))
		return false;
	if (present >= value) {
		sysctls_memory_forget(memory->memory, name);
		return entry;
	}
	snprintf(original, sizeof(original), "%" PRId64, present);
	snprintf(ours, sizeof(ours), "%" PRId64, value);
	if (entry ? strcmp(entry->original, original) == 0 : memory->memory->count == SYSCTLS_MAX)
		return false;
	sysctls_memory_remember(memory->memory, name, original, ours);
	return true;
}

/* Many routers are on one interface: '*last' is not looked at again. */
static bool note_interface(struct mute_memory *memory, const char *interface, const char **last)
{
	bool changed = false;

	if (strcmp(interface, *last) == 0)
		return false;
	*last = interface;
	for (size_t i = 0; i < VRRP_MUTE_SETTINGS; i++)
		changed |= note_setting(memory, interface, i);
	return changed;
}

/* The parent of its macvlans, and where it has IPv4 addresses, which may have to be hidden. */
static bool note_router(struct mute_memory *memory, const struct vrrp_router_config *router,
                        const char **last)
{
	bool changed = false;

	if (router->virtual_mac)
		changed |= note_interface(memory, router->interface, last);
	for (size_t i = 0; i < router->owned_count; i++) {
		const struct vrrp_owned *owned = &router->owned[i];

		if (owned->prefix.addr.family == ADDR_IPV4)
			changed |= note_interface(memory, owned->interface, last);
	}
	return changed;
}

static void save(struct mute_memory *memory)
{
	int err = sysctls_memory_save(memory->memory, memory->state_dir, MUTE_MEMORY_FILE,
	                              memory->place);

	if (err < 0 && err != memory->error)
		log_warn("vrrp",
		         "what arp_ignore and arp_announce were can't be written down: %s; they "
		         "stay raised should this daemon be killed while they are",
		         strerror(-err));
	memory->error = err;
}

void mute_memory_note(struct mute_memory *memory, const struct vrrp_config *config)
{
	bool changed = memory->error < 0;
	const char *last = "";

	memory->noted = true;
	for (size_t i = 0; i < config->router_count; i++)
		changed |= note_router(memory, &config->routers[i], &last);
	if (changed)
		save(memory);
}

void mute_memory_forget(struct mute_memory *memory)
{
	if (!memory->noted)
		return;
	while (memory->memory->count > 0)
		sysctls_memory_forget(memory->memory, memory->memory->entries[0].name);
	save(memory);
}
