/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pure half of daemon/sysctls.h: what is wanted, and how it compares. */

#include "daemon/sysctls.h"

#include "lib/mem.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *sysctls_state_name(enum sysctls_state state)
{
	switch (state) {
	case SYSCTLS_FINE:
		return "fine";
	case SYSCTLS_OURS:
		return "ours";
	case SYSCTLS_TO_SET:
		return "to-set";
	case SYSCTLS_TO_RESTORE:
		return "to-restore";
	case SYSCTLS_MISSING:
		return "missing";
	case SYSCTLS_REFUSED:
		return "refused";
	}
	return "unknown";
}

void sysctls_free(struct sysctls *sysctls)
{
	if (!sysctls)
		return;
	arena_done(&sysctls->arena);
	free(sysctls);
}

/* --- wanting --- */

struct want {
	struct sysctls *sysctls;
	const struct model_snapshot *snapshot;
	const struct sysctls_memory *memory;
	sysctls_reader *read;
	void *ctx;
	bool nat4, nat6;
};

/* The item of that name, NULL when there is none. */
static struct sysctls_item *find_item(struct sysctls *sysctls, const char *name)
{
	for (size_t i = 0; i < sysctls->count; i++) {
		if (strcmp(sysctls->items[i].name, name) == 0)
			return &sysctls->items[i];
	}
	return NULL;
}

/* Room for one more; what the array outgrows stays in the arena. */
static struct sysctls_item *append(struct sysctls *sysctls)
{
	size_t count = sysctls->count;

	if ((count & (count - 1)) == 0) {
		struct sysctls_item *larger = arena_array(&sysctls->arena, count ? count * 2 : 16,
		                                          sizeof(*sysctls->items));

		if (count > 0)
			memcpy(larger, sysctls->items, count * sizeof(*larger));
		sysctls->items = larger;
	}
	return &sysctls->items[sysctls->count++];
}

/* Appends, unless it is there already or there are too many. */
static struct sysctls_item *add_item(struct sysctls *sysctls, const char *name, const char *value,
                                     const char *why)
{
	struct sysctls_item *item = find_item(sysctls, name);

	if (item || sysctls->count == SYSCTLS_MAX)
		return item;
	item = append(sysctls);
	*item = (struct sysctls_item){
		.name = arena_strdup(&sysctls->arena, name),
		.value = arena_strdup(&sysctls->arena, value),
		.why = arena_strdup(&sysctls->arena, why),
		.current = "",
		.original = "",
	};
	return item;
}

/* "net/ipv4/conf/eth0/send_redirects"; false when the interface's name can't be one. */
static bool name_of(const char *family, const char *interface, const char *setting,
                    char name[static SYSCTLS_NAME_SIZE])
{
	if (!*interface || strchr(interface, '/') || strlen(interface) >= IF_NAMESIZE)
		return false;
	snprintf(name, SYSCTLS_NAME_SIZE, "net/%s/conf/%s/%s", family, interface, setting);
	return true;
}

static void want_balancing(struct want *w)
{
	add_item(w->sysctls, "net/ipv4/vs/expire_nodest_conn", "1",
	         "connections of a removed real server must end at once, not hang");
	add_item(w->sysctls, "net/ipv4/vs/expire_quiescent_template", "1",
	         "persistence must not bring clients back to a draining real server");
	if (!w->nat4 && !w->nat6)
		return;
	add_item(w->sysctls, "net/ipv4/vs/conntrack", "1",
	         "source NAT of balanced connections needs connection tracking");
	add_item(w->sysctls, "net/netfilter/nf_conntrack_tcp_be_liberal", "1",
	         "connections taken over from another node come without their window");
	add_item(w->sysctls, "net/netfilter/nf_conntrack_tcp_loose", "1",
	         "connections taken over from another node are picked up midway");
}

static void silence_redirects(struct want *w, const char *interface)
{
	char name[SYSCTLS_NAME_SIZE];

	if (name_of("ipv4", interface, "send_redirects", name))
		add_item(w->sysctls, name, "0",
		         "hosts must not be told a way around this node where answers leave by "
		         "the interface they came in");
}

/* The kernel sends redirects when either "all" or the interface says so. */
static void want_forwarding4(struct want *w)
{
	const struct model_router *last = NULL;

	add_item(w->sysctls, "net/ipv4/ip_forward", "1", "answers of real servers are forwarded");
	silence_redirects(w, "all");
	for (size_t i = 0; i < w->snapshot->service_count; i++) {
		const struct model_router *router = w->snapshot->services[i].router;

		if (router == last)
			continue;
		last = router;
		silence_redirects(w, router->interface);
		for (size_t j = 0; j < router->address_count; j++)
			silence_redirects(w, router->addresses[j].interface);
	}
}

static const struct sysctls_memory_entry *remembered(const struct sysctls_memory *memory,
                                                     const char *name)
{
	for (size_t i = 0; memory && i < memory->count; i++) {
		if (strcmp(memory->entries[i].name, name) == 0)
			return &memory->entries[i];
	}
	return NULL;
}

static bool reads_as(struct want *w, const char *name, const char *value)
{
	char current[SYSCTLS_VALUE_SIZE];

	return w->read(w->ctx, name, current) == 0 && strcmp(current, value) == 0;
}

/* Does the interface accept router advertisements now, or did it before we came? Value 1 accepts
 * them unless the interface forwards (Linux net/ipv6/ndisc.c: ipv6_accept_ra), 2 always. */
static bool accepts_advertisements(struct want *w, const char *interface, const char *accept_ra)
{
	const struct sysctls_memory_entry *entry = remembered(w->memory, accept_ra);
	char forwarding[SYSCTLS_NAME_SIZE];

	if (entry && strcmp(entry->ours, "2") == 0 && reads_as(w, accept_ra, "2"))
		return true;
	return name_of("ipv6", interface, "forwarding", forwarding) &&
	       reads_as(w, forwarding, "0") && reads_as(w, accept_ra, "1");
}

/* First the interfaces that accept advertisements, then forwarding: the other way round the kernel
 * would drop the routes they have learnt. */
static void want_forwarding6(struct want *w, const char *const *interfaces, size_t count)
{
	struct sysctls_item *item;

	for (size_t i = 0; i < count; i++) {
		char name[SYSCTLS_NAME_SIZE];

		if (strcmp(interfaces[i], "lo") != 0 &&
		    name_of("ipv6", interfaces[i], "accept_ra", name) &&
		    accepts_advertisements(w, interfaces[i], name))
			add_item(w->sysctls, name, "2",
			         "router advertisements must be accepted while IPv6 is forwarded");
	}
	item = add_item(w->sysctls, "net/ipv6/conf/all/forwarding", "1",
	                "answers of real servers are forwarded");
	if (item)
		item->warning = "this machine becomes an IPv6 router: interfaces that come later "
				"accept router advertisements only with accept_ra=2";
}

static void find_nat(const struct model_snapshot *snapshot, bool *ret_nat4, bool *ret_nat6)
{
	*ret_nat4 = *ret_nat6 = false;
	for (size_t i = 0; i < snapshot->service_count && !(*ret_nat4 && *ret_nat6); i++) {
		if (snapshot->services[i].virtual_server->forwarding != MODEL_FORWARD_NAT)
			continue;
		if (snapshot->services[i].address.family == ADDR_IPV6)
			*ret_nat6 = true;
		else
			*ret_nat4 = true;
	}
}

/* The first service from 'from' on that is another router's than the one before it. */
static size_t next_router(const struct model_snapshot *snapshot, size_t from)
{
	const struct model_router *router = snapshot->services[from].router;

	while (from < snapshot->service_count && snapshot->services[from].router == router)
		from++;
	return from;
}

bool sysctls_same(const struct model_snapshot *before, const struct model_snapshot *after)
{
	bool before4, before6, after4, after6;
	size_t i = 0, j = 0;

	find_nat(before, &before4, &before6);
	find_nat(after, &after4, &after6);
	while (i < before->service_count && j < after->service_count &&
	       before->services[i].router == after->services[j].router) {
		i = next_router(before, i);
		j = next_router(after, j);
	}
	return before4 == after4 && before6 == after6 && i == before->service_count &&
	       j == after->service_count;
}

struct sysctls *sysctls_want(const struct model_snapshot *snapshot, const char *const *interfaces,
                             size_t interface_count, const struct sysctls_memory *memory,
                             sysctls_reader *read, void *ctx)
{
	struct sysctls *sysctls = xcalloc(1, sizeof(*sysctls));
	struct want w = {
		.sysctls = sysctls,
		.snapshot = snapshot,
		.memory = memory,
		.read = read,
		.ctx = ctx,
	};

	arena_init(&sysctls->arena);
	find_nat(snapshot, &w.nat4, &w.nat6);
	if (snapshot->service_count > 0)
		want_balancing(&w);
	if (w.nat4)
		want_forwarding4(&w);
	if (w.nat6)
		want_forwarding6(&w, interfaces, interface_count);
	return sysctls;
}

void sysctls_want_replication(struct sysctls *sysctls)
{
	static const struct {
		const char *name, *value, *why;
	} wants[] = {
		{"net/ipv4/vs/sync_version", "1", "peers are told in the format of version 1"},
		{"net/ipv4/vs/sync_ports", "1", "one thread tells of all connections, in order"},
		{"net/ipv4/vs/sync_threshold", "0 1",
	         "a connection must be known to peers from its first packet on"},
		{"net/ipv4/vs/sync_refresh_period", "10",
	         "peers must know that a connection lives, but not of each packet"},
		{"net/ipv4/vs/sync_retries", "0", "the peer channel loses nothing"},
		{"net/ipv4/vs/sync_persist_mode", "0",
	         "connections of persistent clients must survive as all others"},
		{"net/ipv4/vs/sync_sock_size", "4194304",
	         "many connections are taken over at once"},
		{"net/ipv4/vs/backup_only", "0",
	         "this node must balance while it takes its peers' connections"},
	};

	for (size_t i = 0; i < sizeof(wants) / sizeof(*wants); i++)
		add_item(sysctls, wants[i].name, wants[i].value, wants[i].why);
	/* Connection tracking tells of flows of NAT only. */
	if (find_item(sysctls, "net/ipv4/vs/conntrack"))
		add_item(sysctls, "net/netfilter/nf_conntrack_events", "1",
		         "connections must tell of their beginning and end")
			->also = "2"; /* only while somebody listens */
}

/* --- planning --- */

static void plan_item(struct sysctls *sysctls, struct sysctls_item *item,
                      const struct sysctls_memory *memory, sysctls_reader *read, void *ctx)
{
	const struct sysctls_memory_entry *entry = remembered(memory, item->name);
	char current[SYSCTLS_VALUE_SIZE];
	int err = read(ctx, item->name, current);

	if (err < 0) {
		item->state = err == -ENOENT ? SYSCTLS_MISSING : SYSCTLS_REFUSED;
		item->error = -err;
		return;
	}
	item->current = arena_strdup(&sysctls->arena, current);
	/* What we wrote is no original; what somebody else wrote since is the new one. */
	if (entry && strcmp(entry->ours, current) == 0)
		item->original = arena_strdup(&sysctls->arena, entry->original);
	else
		item->original = item->current;
	if (strcmp(current, item->value) != 0 && !(item->also && strcmp(current, item->also) == 0))
		item->state = SYSCTLS_TO_SET;
	else
		item->state = item->original == item->current ? SYSCTLS_FINE : SYSCTLS_OURS;
}

/* What we set and nobody wants any more, last set first. */
static void plan_restoring(struct sysctls *sysctls, const struct sysctls_memory *memory,
                           sysctls_reader *read, void *ctx)
{
	size_t wanted = sysctls->count;

	for (size_t i = memory->count; i-- > 0 && sysctls->count < wanted + SYSCTLS_MAX;) {
		const struct sysctls_memory_entry *entry = &memory->entries[i];
		char current[SYSCTLS_VALUE_SIZE];

		if (find_item(sysctls, entry->name) || read(ctx, entry->name, current) < 0 ||
		    strcmp(current, entry->ours) != 0)
			continue;
		*append(sysctls) = (struct sysctls_item){
			.name = arena_strdup(&sysctls->arena, entry->name),
			.value = arena_strdup(&sysctls->arena, entry->original),
			.why = "it is not needed any more",
			.state = SYSCTLS_TO_RESTORE,
			.current = arena_strdup(&sysctls->arena, current),
			.original = arena_strdup(&sysctls->arena, entry->original),
		};
	}
}

void sysctls_plan(struct sysctls *sysctls, const struct sysctls_memory *memory,
                  sysctls_reader *read, void *ctx)
{
	for (size_t i = 0; i < sysctls->count; i++)
		plan_item(sysctls, &sysctls->items[i], memory, read, ctx);
	if (memory)
		plan_restoring(sysctls, memory, read, ctx);
}

void sysctls_hold(struct sysctls *sysctls)
{
	for (size_t i = 0; i < sysctls->count; i++) {
		struct sysctls_item *item = &sysctls->items[i];

		if (item->state != SYSCTLS_TO_RESTORE)
			continue;
		item->state = SYSCTLS_OURS;
		item->value = item->current;
		item->why = "connections that are about to end still need it";
	}
}

static bool is_change(const struct sysctls_item *item)
{
	return item->state == SYSCTLS_TO_SET || item->state == SYSCTLS_TO_RESTORE;
}

size_t sysctls_change_count(const struct sysctls *sysctls)
{
	size_t count = 0;

	for (size_t i = 0; i < sysctls->count; i++)
		count += is_change(&sysctls->items[i]);
	return count;
}

/* --- text --- */

bool sysctls_in_step(const struct sysctls *sysctls)
{
	for (size_t i = 0; i < sysctls->count; i++) {
		if (sysctls->items[i].state != SYSCTLS_FINE &&
		    sysctls->items[i].state != SYSCTLS_OURS)
			return false;
	}
	return true;
}

const char *sysctls_display(const char *name, char buf[static SYSCTLS_NAME_SIZE])
{
	size_t i = 0;

	for (; name[i] && i < SYSCTLS_NAME_SIZE - 1; i++)
		buf[i] = name[i] == '/' ? '.' : name[i] == '.' ? '/' : name[i];
	buf[i] = '\0';
	return buf;
}

void sysctls_format_changes(const struct sysctls *sysctls, struct text *out)
{
	for (size_t i = 0; i < sysctls->count; i++) {
		const struct sysctls_item *item = &sysctls->items[i];
		char name[SYSCTLS_NAME_SIZE];

		if (!is_change(item))
			continue;
		text_printf(out, "~ sysctl %s: %s -> %s (%s)\n", sysctls_display(item->name, name),
		            item->current, item->value, item->why);
	}
}

/* What makes a setting of this name appear. */
static const char *missing_remedy(const char *name)
{
	if (text_starts_with(name, "net/ipv4/vs/"))
		return "load the module ip_vs (CONFIG_IP_VS)";
	if (text_starts_with(name, "net/netfilter/nf_conntrack"))
		return "load the module nf_conntrack (CONFIG_NF_CONNTRACK)";
	if (text_starts_with(name, "net/ipv6/"))
		return "switch IPv6 on, or the interface is gone";
	return "the interface is gone";
}

bool sysctls_format_problem(const struct sysctls_item *item, struct text *out)
{
	char name[SYSCTLS_NAME_SIZE];

	sysctls_display(item->name, name);
	switch (item->state) {
	case SYSCTLS_FINE:
	case SYSCTLS_OURS:
	case SYSCTLS_TO_SET:
	case SYSCTLS_TO_RESTORE:
		return false;
	case SYSCTLS_MISSING:
		text_printf(out, "%s should be %s because %s, but there is no such setting: %s",
		            name, item->value, item->why, missing_remedy(item->name));
		return true;
	case SYSCTLS_REFUSED:
		text_printf(out, "%s should be %s because %s, but it ", name, item->value,
		            item->why);
		if (*item->current)
			text_printf(out, "is %s and cannot be set", item->current);
		else
			text_add(out, "cannot be read");
		text_printf(out,
		            ": %s; set it on the host (sysctl -w %s=%s) or let this process "
		            "write to /proc/sys",
		            strerror(item->error), name, item->value);
		return true;
	}
	return false;
}
