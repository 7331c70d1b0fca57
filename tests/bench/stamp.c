/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Says when an entry of IPVS was in the kernel: preloaded (LD_PRELOAD), it notes the instant at
 * which a netlink message that makes a service, or makes or changes a real server, returns, which
 * is when it is done. IPVS has no events, and a program that asked all the time would take the CPU
 * from what it measures. The same for Lintel and for the bare loop.
 *
 * It also gives them, and curl, the clocks that they would have elsewhere: reading them is a
 * system call in User Mode Linux alone, whose vDSO does no better (7 us and more; 25 ns on other
 * machines). As other vDSOs do, it reads the processor's counter; the kernel's clock, which is
 * what others find in a page of memory, it asks every few seconds, so that it is not asked in
 * every other event. What is noted is the kernel's. How fast the counter runs takes a second to
 * find out, which a start may not have: the first who looks leaves word of it in the file TICKS
 * for all others.
 *
 * The file STAMPS is a ring: a count of 64 bits, then RING instants (CLOCK_MONOTONIC, us). Either
 * may be left out. */
#include <dlfcn.h>
#include <fcntl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>
#include <stdbool.h>
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

/* The memory of a file that a variable of the environment names; NULL: none. */
static void *shared(const char *variable, size_t size)
{
	const char *name = getenv(variable);
	int fd = name ? open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600) : -1;
	void *memory = MAP_FAILED;

	if (fd >= 0 && ftruncate(fd, (off_t)size) == 0)
		memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (fd >= 0)
		close(fd);
	return memory == MAP_FAILED ? NULL : memory;
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

/* The counter and the kernel's clock at one instant. */
struct instant {
	uint64_t ticks;
	int64_t ns;
};

static struct instant own_first, *first = &own_first;

/* Of each thread. */
static __thread struct {
	struct instant last; /* look at the kernel's clock */
	int64_t told_ns;     /* never back */
	int64_t wall_ns;     /* the time of day is so much later */
	int64_t boot_ns;     /* CLOCK_BOOTTIME is */
	double rate;         /* nanoseconds a tick, 0: not known yet */
} seen;

/* Who was interrupted in between looks again. */
static struct instant together(void)
{
	struct instant at;
	uint64_t before;
	int tries = 0;

	do {
		before = __rdtsc();
		at.ns = kernel_now_ns();
		at.ticks = __rdtsc();
	} while (at.ticks - before > TOGETHER_TICKS && ++tries < 10);
	return at;
}

/* Not when this file is loaded: others that are may have asked for the time before. */
static void find_first(void)
{
	struct instant *theirs = shared("TICKS", sizeof(*theirs));

	if (theirs)
		first = theirs;
	if (first->ns == 0)
		*first = together();
}

static void look_at_clock(void)
{
	bool again = seen.last.ns != 0;

	if (first->ns == 0)
		find_first();
	seen.last = together();
	if (seen.last.ns - first->ns > LEARN_NS)
		seen.rate = (double)(seen.last.ns - first->ns) /
		            (double)(seen.last.ticks - first->ticks);
	if (again && seen.rate == 0)
		return;
	seen.wall_ns = kernel_clock_ns(CLOCK_REALTIME) - kernel_now_ns();
	seen.boot_ns = kernel_clock_ns(CLOCK_BOOTTIME) - kernel_now_ns();
}

static int64_t now_ns(void)
{
	int64_t passed_ns = (int64_t)((double)(__rdtsc() - seen.last.ticks) * seen.rate);
	if (seen.rate == 0 || passed_ns > TRUST_NS) {
		look_at_clock();
		passed_ns = 0;
	}
	if (seen.last.ns + passed_ns > seen.told_ns)
		seen.told_ns = seen.last.ns + passed_ns;
	return seen.told_ns;
}

/* Those that a vDSO has. */
int clock_gettime(clockid_t clock, struct timespec *ts)
{
	int64_t ns = now_ns();

	switch (clock) {
	case CLOCK_MONOTONIC:
	case CLOCK_MONOTONIC_COARSE:
		break;
	case CLOCK_REALTIME:
	case CLOCK_REALTIME_COARSE:
		ns += seen.wall_ns;
		break;
	case CLOCK_BOOTTIME:
		ns += seen.boot_ns;
		break;
	default:
		return (int)syscall(SYS_clock_gettime, clock, ts);
	}
	ts->tv_sec = ns / 1000000000;
	ts->tv_nsec = ns % 1000000000;
	return 0;
}

time_t time(time_t *ret)
{
	int64_t ns = now_ns();
	time_t now_s = (ns + seen.wall_ns) / 1000000000;

	if (ret)
		*ret = now_s;
	return now_s;
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

__attribute__((constructor)) static void begin(void)
{
	stamps = shared("STAMPS", sizeof(*stamps));
}

/* The one that has been is not asked again: nobody closes it and opens another in its place. */
static bool is_generic(int fd)
{
	static int known = -1;
	int protocol = 0;
	socklen_t size = sizeof(protocol);

	if (fd == known)
		return true;
	if (getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &protocol, &size) ||
	    protocol != NETLINK_GENERIC)
		return false;
	known = fd;
	return true;
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
