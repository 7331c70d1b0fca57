/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/notify.h"

#include "lib/text.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A path, or an abstract name after '@' (a NUL in the address, whose size is then exact). */
static int set_manager(struct notify *notify, const char *name)
{
	size_t len = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || len < 2 ||
	    len >= sizeof(notify->manager.sun_path))
		return -EINVAL;
	notify->manager.sun_family = AF_UNIX;
	memcpy(notify->manager.sun_path, name, len);
	notify->manager_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	if (name[0] == '@')
		notify->manager.sun_path[0] = '\0';
	else
		notify->manager_size++;
	return 0;
}

/* The whole text as a number of at least 1, else 0. */
static int64_t number_of(const char *text)
{
	long long number;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return 0;
	errno = 0;
	number = strtoll(text, &end, 10);
	return *end || errno ? 0 : number;
}

static int64_t read_watchdog(void)
{
	const char *pid = getenv("WATCHDOG_PID");

	if (pid && number_of(pid) != getpid())
		return 0; /* meant for the process that started us */
	return number_of(getenv("WATCHDOG_USEC"));
}

int notify_open(struct notify *notify)
{
	const char *name = getenv("NOTIFY_SOCKET");
	int err = 0;

	*notify = (struct notify){.fd = -1};
	if (name && *name)
		err = set_manager(notify, name);
	if (name && *name && err == 0) {
		notify->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (notify->fd < 0)
			err = -errno;
		else
			notify->watchdog_us = read_watchdog();
	}
	unsetenv("NOTIFY_SOCKET");
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	return err;
}

void notify_close(struct notify *notify)
{
	if (notify->fd >= 0)
		close(notify->fd);
	notify->fd = -1;
}

static int tell(const struct notify *notify, const char *message, int flags)
{
	ssize_t n;

	if (notify->fd < 0)
		return 0;
	do
		n = sendto(notify->fd, message, strlen(message), MSG_NOSIGNAL | flags,
		           (const struct sockaddr *)&notify->manager, notify->manager_size);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

int notify_ready(const struct notify *notify)
{
	return tell(notify, "READY=1", 0);
}

int notify_reloading(const struct notify *notify, int64_t now_us)
{
	struct text message = {0};
	int err;

	text_printf(&message, "RELOADING=1\nMONOTONIC_USEC=%" PRId64, now_us);
	err = tell(notify, text_str(&message), 0);
	text_done(&message);
	return err;
}

int notify_stopping(const struct notify *notify)
{
	return tell(notify, "STOPPING=1", 0);
}

int notify_status(const struct notify *notify, const char *status)
{
	struct text message = {0};
	int err;

	text_printf(&message, "STATUS=%s", status);
	for (char *at = message.data; *at; at++) {
		if (*at == '\n')
			*at = ' '; /* or it would end the assignment and begin another */
	}
	err = tell(notify, text_str(&message), MSG_DONTWAIT);
	text_done(&message);
	return err;
}

int notify_watchdog(const struct notify *notify)
{
	return tell(notify, "WATCHDOG=1", MSG_DONTWAIT);
}
