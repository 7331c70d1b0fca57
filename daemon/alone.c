/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/alone.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

int alone_open(int *ret_fd)
{
	static const char name[] = "lintel.io/daemon";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -errno;
	memcpy(address.sun_path + 1, name, strlen(name));
	if (bind(fd, (const struct sockaddr *)&address,
	         (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + strlen(name)))) {
		int rc = -errno;
		close(fd);
		return rc;
	}
	*ret_fd = fd;
	return 0;
}
