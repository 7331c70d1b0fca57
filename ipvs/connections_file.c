/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs/connections_file.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

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
