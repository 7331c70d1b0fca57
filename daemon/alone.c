/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/alone.h"

#include "lib/log.h"

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static int take(int *ret_fd)
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

int alone_open(int *ret_fd)
{
	int rc = take(ret_fd);

	if (rc == -EADDRINUSE)
		log_error("daemon",
		          "another daemon runs in this network namespace: each would take the "
		          "other's addresses and nftables table for its own; let them run on "
		          "different nodes, or in a namespace each");
	else if (rc)
		log_error("daemon", "it can't be known whether another daemon runs here: %s",
		          strerror(-rc));
	return rc;
}
