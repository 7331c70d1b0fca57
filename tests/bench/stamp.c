/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says when an entry of IPVS was in the kernel: preloaded (LD_PRELOAD), it notes the instant at
 * which a netlink message that makes a service, or makes or changes a real server, returns, which
 * is when it is done. IPVS has no events, and a program that asked all the time would take the CPU
 * from what it measures. The same for Lintel and for the bare loop.
 *
 * The file STAMPS is a ring: a count of 64 bits, then RING instants (CLOCK_MONOTONIC, us). */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define RING 4096

struct stamps {
	uint64_t count;
	int64_t at_us[RING];
};

static struct stamps *stamps;

__attribute__((constructor)) static void begin(void)
{
	const char *name = getenv("STAMPS");
	int fd = name ? open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;

	if (fd < 0 || ftruncate(fd, sizeof(*stamps)))
		return;
	void *memory = mmap(NULL, sizeof(*stamps), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory != MAP_FAILED)
		stamps = memory;
	close(fd);
}

static int is_generic(int fd)
{
	int protocol = 0;
	socklen_t size = sizeof(protocol);

	return getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) == 0 &&
	       protocol == NETLINK_GENERIC;
}

/* Of several messages the first says what they are about. */
static void look(int fd, const void *data, size_t size)
{
	const struct nlmsghdr *head = data;
	const struct genlmsghdr *genl = NLMSG_DATA(head);
	struct timespec ts;

	if (!stamps || size < NLMSG_HDRLEN + GENL_HDRLEN || head->nlmsg_type <= GENL_ID_CTRL ||
	    (genl->cmd != IPVS_CMD_NEW_SERVICE && genl->cmd != IPVS_CMD_NEW_DEST &&
	     genl->cmd != IPVS_CMD_SET_DEST))
		return;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	if (!is_generic(fd))
		return;
	stamps->at_us[stamps->count % RING] = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
	__atomic_add_fetch(&stamps->count, 1, __ATOMIC_RELEASE);
}

ssize_t sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to,
               socklen_t to_size)
{
	static ssize_t (*next)(int, const void *, size_t, int, const struct sockaddr *, socklen_t);

	if (!next)
		next = (ssize_t(*)(int, const void *, size_t, int, const struct sockaddr *,
		                   socklen_t))dlsym(RTLD_NEXT, "sendto");
	ssize_t n = next(fd, data, size, flags, to, to_size);
	if (to && to->sa_family == AF_NETLINK)
		look(fd, data, size);
	return n;
}

ssize_t sendmsg(int fd, const struct msghdr *message, int flags)
{
	static ssize_t (*next)(int, const struct msghdr *, int);

	if (!next)
		next = (ssize_t(*)(int, const struct msghdr *, int))dlsym(RTLD_NEXT, "sendmsg");
	ssize_t n = next(fd, message, flags);
	if (message->msg_name && message->msg_iovlen > 0 &&
	    ((const struct sockaddr *)message->msg_name)->sa_family == AF_NETLINK)
		look(fd, message->msg_iov[0].iov_base, message->msg_iov[0].iov_len);
	return n;
}
