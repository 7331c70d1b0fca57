/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says when an entry of IPVS was in the kernel: preloaded (LD_PRELOAD), it notes the instant at
 * which a netlink message that makes a service, or makes or changes a real server, returns, which
 * is when it is done. IPVS has no events, and a program that asked all the time would take the CPU
 * from what it measures. The same for Lintel and for the bare loop.
 *
 * It also gives both the clocks that they would have elsewhere: reading them is a system call in
 * User Mode Linux alone, whose vDSO does no better (7 us and more; 25 ns on other machines). As
 * other vDSOs do, it reads the processor's counter; the kernel's clock, which is what others find
 * in a page of memory, it asks every few seconds, so that it is not asked in every other event.
 * What is noted is the kernel's.
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
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
#ifdef __x86_64__
#include <x86intrin.h>
#endif

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

static int64_t kernel_clock_ns(clockid_t clock)
{
	struct timespec ts = {0};

	syscall(SYS_clock_gettime, clock, &ts);
	return (int64_t)ts.tv_sec * 1000000000 + ts.tv_nsec;
}

static int64_t kernel_now_ns(void)
{
	return kernel_clock_ns(CLOCK_MONOTONIC);
}

#ifdef __x86_64__
#define TRUST_NS       5000000000 /* so long the counter alone is asked, once its rate is known */
#define LEARN_NS       1000000000 /* before that its rate is not known well */
#define TOGETHER_TICKS 40000      /* more have passed when somebody interrupted */

/* Of each thread. */
static __thread struct {
	uint64_t first_ticks, ticks; /* at the first and at the last look at the kernel's clock */
	int64_t first_ns, ns;
	int64_t told_ns; /* never back */
	int64_t wall_ns; /* the time of day is so much later */
	double rate;     /* nanoseconds a tick, 0: not known yet */
} seen;

/* Both at one instant: who was interrupted in between looks again. */
static void look_at_clock(void)
{
	uint64_t before;
	int tries = 0;

	do {
		before = __rdtsc();
		seen.ns = kernel_now_ns();
		seen.ticks = __rdtsc();
	} while (seen.ticks - before > TOGETHER_TICKS && ++tries < 10);
	if (seen.first_ns == 0 || seen.rate > 0)
		seen.wall_ns = kernel_clock_ns(CLOCK_REALTIME) - kernel_now_ns();
	if (seen.first_ns == 0) {
		seen.first_ns = seen.ns;
		seen.first_ticks = seen.ticks;
	} else if (seen.ns - seen.first_ns > LEARN_NS) {
		seen.rate =
			(double)(seen.ns - seen.first_ns) / (double)(seen.ticks - seen.first_ticks);
	}
}

static int64_t now_ns(void)
{
	int64_t passed_ns = (int64_t)((double)(__rdtsc() - seen.ticks) * seen.rate);
	if (seen.rate == 0 || passed_ns > TRUST_NS) {
		look_at_clock();
		passed_ns = 0;
	}
	if (seen.ns + passed_ns > seen.told_ns)
		seen.told_ns = seen.ns + passed_ns;
	return seen.told_ns;
}

int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int64_t ns;

	if (clock != CLOCK_MONOTONIC && clock != CLOCK_REALTIME)
		return (int)syscall(SYS_clock_gettime, clock, ts);
	ns = now_ns();
	if (clock == CLOCK_REALTIME)
		ns += seen.wall_ns;
	ts->tv_sec = ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
	return 0;
}

int gettimeofday(struct timeval *restrict tv, void *restrict zone)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	tv->tv_sec = ts.tv_sec;
	tv->tv_usec = ts.tv_nsec / 1000;
	return 0;
}
#endif

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
	int64_t now_ns;

	if (!stamps || size < NLMSG_HDRLEN + GENL_HDRLEN || head->nlmsg_type <= GENL_ID_CTRL ||
	    (genl->cmd != IPVS_CMD_NEW_SERVICE && genl->cmd != IPVS_CMD_NEW_DEST &&
	     genl->cmd != IPVS_CMD_SET_DEST))
		return;
	now_ns = kernel_now_ns();
	if (!is_generic(fd))
		return;
	stamps->at_us[stamps->count % RING] = now_ns / 1000;
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
