/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/sync_traffic.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* What others tell of packets is up to 2 s behind. */
#define COUNTERS "/proc/net/ip_vs_stats_percpu"

void ipvs_sync_traffic_open(struct ipvs_sync_traffic *traffic)
{
	traffic->fd = open(COUNTERS, O_RDONLY | O_CLOEXEC);
	traffic->size = 0;
}

void ipvs_sync_traffic_close(struct ipvs_sync_traffic *traffic)
{
	if (traffic->fd >= 0)
		close(traffic->fd);
	traffic->fd = -1;
}

/* The lines of the processors; what comes after them, from a sum on, is up to 2 s behind as well.
 * NULL: there was no room for all of them, or they could not be read. */
static const char *read_counters(int fd, char text[static IPVS_SYNC_TRAFFIC_MAX])
{
	ssize_t size = fd < 0 ? -1 : pread(fd, text, IPVS_SYNC_TRAFFIC_MAX, 0);

	return size > 0 ? memchr(text, '~', (size_t)size) : NULL;
}

bool ipvs_sync_traffic_moved(struct ipvs_sync_traffic *traffic)
{
	char text[IPVS_SYNC_TRAFFIC_MAX];
	const char *end = read_counters(traffic->fd, text);
	size_t size = end ? (size_t)(end - text) : 0;

	/* Counters that are alike are text alike. */
	if (end && size == traffic->size && memcmp(text, traffic->text, size) == 0)
		return false;
	memcpy(traffic->text, text, size);
	traffic->size = size;
	return true;
}
