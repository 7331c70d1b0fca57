/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/connections_file.h"

#include "lib/mem.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LINE_SIZE 1024 /* the persistence engine's data may be 255 bytes */

int ipvs_connections_read(const char *path, size_t limit,
                          bool (*each)(void *ctx, const struct ipvs_connection *c), void *ctx,
                          bool *ret_more)
{
	char line[LINE_SIZE];
	struct ipvs_connection c;
	bool more = false;
	size_t count = 0;
	FILE *file;
	int err = 0;

	file = fopen(path, "re");
	if (!file)
		return -errno;
	while (fgets(line, sizeof(line), file)) {
		line[strcspn(line, "\n")] = '\0';
		if (ipvs_connection_parse(line, &c) < 0)
			continue;
		more = count == limit;
		if (more || !each(ctx, &c))
			break;
		count++;
	}
	if (ferror(file))
		err = -EIO;
	fclose(file);
	if (err == 0)
		*ret_more = more;
	return err;
}

/* --- in steps --- */

#define PAGE_SIZE_MAX 65536 /* of the largest machines; a line is shorter than LINE_SIZE */

struct ipvs_connections_walk {
	int fd;
	size_t used; /* of 'data': the beginning of a line */
	char data[LINE_SIZE + PAGE_SIZE_MAX];
};

int ipvs_connections_walk_open(const char *path, struct ipvs_connections_walk **ret_walk)
{
	struct ipvs_connections_walk *walk;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return -errno;
	walk = xcalloc(1, sizeof(*walk));
	walk->fd = fd;
	*ret_walk = walk;
	return 0;
}

void ipvs_connections_walk_close(struct ipvs_connections_walk *walk)
{
	if (!walk)
		return;
	close(walk->fd);
	free(walk);
}

/* Gives the whole lines, keeps what is left. A line longer than any is cut away. */
static void take_lines(struct ipvs_connections_walk *walk,
                       void (*each)(void *ctx, const struct ipvs_connection *c), void *ctx)
{
	char *line = walk->data, *end = walk->data + walk->used, *stop;
	struct ipvs_connection c;

	while ((stop = memchr(line, '\n', (size_t)(end - line)))) {
		*stop = '\0';
		if (ipvs_connection_parse(line, &c) == 0)
			each(ctx, &c);
		line = stop + 1;
	}
	walk->used = (size_t)(end - line);
	if (walk->used >= LINE_SIZE)
		walk->used = 0;
	memmove(walk->data, line, walk->used);
}

int ipvs_connections_walk_step(struct ipvs_connections_walk *walk, unsigned pages,
                               void (*each)(void *ctx, const struct ipvs_connection *c), void *ctx)
{
	for (unsigned i = 0; i < pages; i++) {
		ssize_t got = read(walk->fd, walk->data + walk->used,
		                   sizeof(walk->data) - walk->used - 1);

		if (got < 0)
			return -errno;
		if (got == 0)
			return 0;
		walk->used += (size_t)got;
		take_lines(walk, each, ctx);
	}
	return 1;
}
