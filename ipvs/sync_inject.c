/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/sync_inject.h"

#include "lib/mem.h"
#include "lib/sysctl.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* What the kernel counts for a datagram of ours: its 8 KiB and its administration, with margin. */
#define KERNEL_COST     12288
#define RMEM_DEFAULT    212992 /* where the setting can't be read (in a network namespace) */
#define AGAIN_US        1000
#define SOCKETS         "/proc/net/udp"
#define SOCKET_LINE_MAX 256

/* --- the daemon's socket, seen from outside --- */

struct receiver {
	bool found;
	uint64_t waiting; /* bytes */
	uint64_t drops;
};

/* The fields of a line of /proc/net/udp: "123: 510000E0:49A0 00000000:0000 07 tx:rx tr:when retr
 * uid timeout inode ref pointer drops". The address is printed as the machine has it in memory. */
enum socket_field { FIELD_LOCAL = 1, FIELD_QUEUES = 4, FIELD_DROPS = 12, FIELDS };

/* The number after the colon, in hexadecimal. */
static unsigned long after_colon(const char *text)
{
	const char *colon = strchr(text, ':');

	return colon ? strtoul(colon + 1, NULL, 16) : 0;
}

static bool is_receiver(char *line, struct receiver *receiver)
{
	char *fields[FIELDS], *rest = NULL;

	for (size_t i = 0; i < FIELDS; i++) {
		fields[i] = strtok_r(i == 0 ? line : NULL, " \n", &rest);
		if (!fields[i])
			return false;
	}
	if (ntohl((uint32_t)strtoul(fields[FIELD_LOCAL], NULL, 16)) != IPVS_SYNC_GROUP ||
	    after_colon(fields[FIELD_LOCAL]) != IPVS_SYNC_IN_PORT)
		return false;
	*receiver = (struct receiver){
		.found = true,
		.waiting = after_colon(fields[FIELD_QUEUES]),
		.drops = strtoull(fields[FIELD_DROPS], NULL, 10),
	};
	return true;
}

static struct receiver look(void)
{
	char line[SOCKET_LINE_MAX];
	struct receiver receiver = {0};
	FILE *file = fopen(SOCKETS, "re");

	if (!file)
		return receiver;
	while (fgets(line, sizeof(line), file) && !is_receiver(line, &receiver))
		continue;
	fclose(file);
	return receiver;
}

static int64_t setting(const char *name, int64_t otherwise)
{
	int64_t value;

	return sysctl_read_int(SYSCTL_ROOT, name, &value) == 0 ? value : otherwise;
}

/* Half of what the daemon's socket may hold: the kernel made it by these settings when the daemon
 * started (set_sock_size; it doubles what was asked for). */
static size_t receiver_window(void)
{
	int64_t max = setting("net/core/rmem_max", RMEM_DEFAULT);
	int64_t size = setting("net/ipv4/vs/sync_sock_size", 0);

	if (size <= 0)
		return (size_t)setting("net/core/rmem_default", RMEM_DEFAULT) / 2;
	return (size_t)(size < max ? size : max);
}

/* --- opening --- */

static int set_option(int fd, int level, int name, const void *value, size_t size)
{
	return setsockopt(fd, level, name, value, (socklen_t)size) < 0 ? -errno : 0;
}

static int set_up(int fd, int link_index)
{
	const struct sockaddr_in to = {
		.sin_family = AF_INET,
		.sin_port = htons(IPVS_SYNC_IN_PORT),
		.sin_addr.s_addr = htonl(IPVS_SYNC_GROUP),
	};
	const struct ip_mreqn out = {.imr_ifindex = link_index};
	const uint32_t mark = IPVS_SYNC_MARK;
	const int loop = 1;
	int err;

	err = set_option(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out));
	if (err == 0)
		err = set_option(fd, IPPROTO_IP, IP_MULTICAST_LOOP, &loop, sizeof(loop));
	if (err == 0)
		err = set_option(fd, SOL_SOCKET, SO_MARK, &mark, sizeof(mark));
	if (err == 0 && connect(fd, (const struct sockaddr *)&to, sizeof(to)) < 0)
		err = -errno;
	return err;
}

int ipvs_sync_inject_open(struct ipvs_sync_inject *inject, int link_index)
{
	int err;

	*inject = (struct ipvs_sync_inject){.window = receiver_window()};
	inject->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (inject->fd < 0)
		return -errno;
	err = set_up(inject->fd, link_index);
	if (err < 0) {
		close(inject->fd);
		inject->fd = -1;
		return err;
	}
	if (inject->window < KERNEL_COST)
		inject->window = KERNEL_COST;
	inject->drops_before = look().drops;
	inject->queue = xcalloc(IPVS_SYNC_QUEUE_MAX, sizeof(*inject->queue));
	return 0;
}

void ipvs_sync_inject_close(struct ipvs_sync_inject *inject)
{
	if (inject->fd >= 0)
		close(inject->fd);
	inject->fd = -1;
	free(inject->queue);
	inject->queue = NULL;
}

/* --- the queue --- */

static void finish_last(struct ipvs_sync_inject *inject)
{
	struct ipvs_sync_datagram *last;

	if (!inject->open)
		return;
	last = &inject->queue[(inject->first + inject->used - 1) % IPVS_SYNC_QUEUE_MAX];
	last->size = (uint16_t)ipvs_sync_write_end(&inject->writer);
	last->count = (uint16_t)inject->writer.count;
	inject->open = false;
}

static bool queue_entry(struct ipvs_sync_inject *inject, const struct ipvs_sync_entry *entry)
{
	struct ipvs_sync_datagram *last;

	if (inject->open && ipvs_sync_write(&inject->writer, entry))
		return true;
	finish_last(inject);
	if (inject->used == IPVS_SYNC_QUEUE_MAX)
		return false;
	last = &inject->queue[(inject->first + inject->used++) % IPVS_SYNC_QUEUE_MAX];
	ipvs_sync_write_begin(&inject->writer, last->data, sizeof(last->data), IPVS_SYNC_ID);
	inject->open = true;
	return ipvs_sync_write(&inject->writer, entry);
}

size_t ipvs_sync_inject_put(struct ipvs_sync_inject *inject, const struct model_flow *flows,
                            size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct ipvs_sync_entry entry;
		enum ipvs_sync_fit fit = ipvs_sync_of_flow(&flows[i], &entry);

		if (fit != IPVS_SYNC_FITS)
			inject->counters.refused[fit]++;
		else if (!queue_entry(inject, &entry))
			return i;
	}
	return count;
}

/* --- sending --- */

static int send_one(struct ipvs_sync_inject *inject, const void *data, size_t size)
{
	if (send(inject->fd, data, size, MSG_NOSIGNAL) >= 0)
		return 0;
	/* EAGAIN, ENOBUFS: later, perhaps; anything else is no better later. */
	return errno == EAGAIN || errno == ENOBUFS ? -EAGAIN : -errno;
}

void ipvs_sync_inject_now(struct ipvs_sync_inject *inject, const void *data, size_t size)
{
	if (send_one(inject, data, size) < 0)
		inject->counters.send_errors++;
}

int64_t ipvs_sync_inject_run(struct ipvs_sync_inject *inject)
{
	struct receiver receiver;
	uint64_t room;

	if (inject->used == 0)
		return 0;
	finish_last(inject);
	receiver = look();
	if (receiver.drops >= inject->drops_before)
		inject->counters.dropped = receiver.drops - inject->drops_before;
	room = receiver.waiting < inject->window ? inject->window - receiver.waiting : 0;
	while (inject->used > 0 && room >= KERNEL_COST) {
		struct ipvs_sync_datagram *datagram = &inject->queue[inject->first];
		int err = send_one(inject, datagram->data, datagram->size);

		if (err == -EAGAIN)
			break;
		if (err < 0) {
			inject->counters.send_errors++;
		} else {
			inject->counters.flows += datagram->count;
			inject->counters.datagrams++;
		}
		inject->first = (inject->first + 1) % IPVS_SYNC_QUEUE_MAX;
		inject->used--;
		room -= KERNEL_COST;
	}
	return inject->used > 0 ? AGAIN_US : 0;
}

bool ipvs_sync_inject_settled(struct ipvs_sync_inject *inject)
{
	struct receiver receiver;

	if (inject->used > 0)
		return false;
	receiver = look();
	if (receiver.found && receiver.drops >= inject->drops_before)
		inject->counters.dropped = receiver.drops - inject->drops_before;
	return receiver.found && receiver.waiting == 0;
}
