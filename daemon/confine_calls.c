/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/confine_calls.h"

#include "lib/compiler.h"

#include <linux/netlink.h>
#include <linux/prctl.h>
#include <linux/sched.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

const struct confine_calls confine_allowed[] = {
	{"sockets and files that are open",
         "read write readv writev pread64 pwrite64 close lseek _llseek"},
	{"sockets: VRRP, ARP, netlink, HTTP, the control socket, TLS, checks of servers",
         "bind connect listen accept accept4 getsockname getpeername getsockopt setsockopt "
         "shutdown "
         "send recv sendto recvfrom sendmsg recvmsg sendmmsg recvmmsg recvmmsg_time64 socketpair"},
	{"flags of descriptors; libcurl and libmicrohttpd set O_NONBLOCK",
         "fcntl fcntl64 dup dup2 dup3"},
	{"waiting: libev, libcurl, glibc's resolver",
         "epoll_create1 epoll_ctl epoll_wait epoll_pwait epoll_pwait2 poll ppoll ppoll_time64 "
         "select "
         "_newselect pselect6 pselect6_time64"},
	{"timers, wakes between threads, signals of the loop",
         "timerfd_create timerfd_settime timerfd_settime64 timerfd_gettime timerfd_gettime64 "
         "eventfd "
         "eventfd2 pipe pipe2 signalfd signalfd4"},
	{"changes of the configuration, of key files",
         "inotify_init1 inotify_add_watch inotify_rm_watch"},
	{"the configuration, /proc/sys, state, certificates, resolv.conf, hosts, FIFOs",
         "open openat access faccessat faccessat2 stat stat64 lstat lstat64 fstat fstat64 "
         "newfstatat "
         "fstatat64 statx readlink readlinkat getdents getdents64 getcwd statfs statfs64 fstatfs "
         "fstatfs64 fadvise64 fadvise64_64 arm_fadvise64_64"},
	{"state that is replaced whole: a new file, synced, renamed; a socket's file",
         "rename renameat renameat2 unlink unlinkat mkdir mkdirat chmod fchmod fchmodat umask "
         "fsync "
         "fdatasync sync_file_range ftruncate ftruncate64 fallocate"},
	{"a page that is served from a file by libmicrohttpd", "sendfile sendfile64"},
	{"memory", "munmap mremap madvise brk mlock mlock2 mlockall munlock munlockall"},
	{"threads that there are and their ends; locks; libcurl looks names up in a thread",
         "futex futex_time64 set_robust_list get_robust_list rseq set_tid_address exit exit_group "
         "membarrier restart_syscall"},
	{"signals and abort()",
         "rt_sigaction rt_sigprocmask rt_sigreturn sigreturn rt_sigpending rt_sigtimedwait "
         "sigaltstack tgkill"},
	{"who and where we are",
         "getpid getppid gettid getuid geteuid getgid getegid getuid32 geteuid32 getgid32 "
         "getegid32 "
         "getgroups getgroups32 getresuid getresgid getresuid32 getresgid32 uname sysinfo getcpu "
         "capget getrlimit ugetrlimit prlimit64 getrusage times"},
	{"priority of the VRRP thread, below it that of its worker; the main one gives way; CPUs",
         "sched_setscheduler sched_getscheduler sched_getparam sched_get_priority_min "
         "sched_get_priority_max sched_getaffinity sched_yield getpriority"},
	{"clocks, where they are no vDSO's",
         "clock_gettime clock_gettime64 clock_getres clock_getres_time64 gettimeofday time "
         "clock_nanosleep clock_nanosleep_time64 nanosleep"},
	{"TLS keys and sequence numbers", "getrandom"},
};
const size_t confine_allowed_count = LT_ARRAY_SIZE(confine_allowed);

#define WHOLE  UINT64_MAX
#define WX     (PROT_WRITE | PROT_EXEC)
/* What pthread_create() and nobody else asks for. */
#define THREAD (CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

const struct confine_argument confine_arguments[] = {
	{"socket", 0, WHOLE, AF_UNIX,
         "the control socket, the service manager, syslog, who is told"},
	{"socket", 0, WHOLE, AF_INET, "VRRP, HTTP, peers, the API, checks, webhooks"},
	{"socket", 0, WHOLE, AF_INET6, "VRRP, HTTP, peers, the API, checks, webhooks"},
	{"socket", 0, WHOLE, AF_NETLINK, "addresses, IPVS, nftables, conntrack"},
	{"socket", 0, WHOLE, AF_PACKET, "gratuitous ARP, virtual MACs, conflicts of addresses"},
	{"clone", 0, THREAD, THREAD, "a thread, never a process"},
	{"mmap", 2, WX, 0, "memory that is read"},
	{"mmap", 2, WX, PROT_WRITE, "memory"},
	{"mmap", 2, WX, PROT_EXEC, "a library of glibc's name service switch; not written to"},
	{"mmap2", 2, WX, 0, "as mmap"},
	{"mmap2", 2, WX, PROT_WRITE, "as mmap"},
	{"mmap2", 2, WX, PROT_EXEC, "as mmap"},
	{"mprotect", 2, PROT_EXEC, 0, "memory never becomes a program"},
	{"ioctl", 1, WHOLE, SIOCGIFINDEX, "if_nametoindex()"},
	{"ioctl", 1, WHOLE, SIOCGIFNAME, "if_indextoname()"},
	{"ioctl", 1, WHOLE, FIONREAD, "how much is there to read (libcurl, inotify)"},
	{"ioctl", 1, WHOLE, FIONBIO, "non-blocking sockets (libcurl)"},
	{"ioctl", 1, WHOLE, TCGETS, "is the log a terminal? (stdio)"},
	{"prctl", 0, WHOLE, PR_SET_NAME, "threads have names"},
	{"prctl", 0, WHOLE, PR_GET_NAME, "threads have names"},
	{"prctl", 0, WHOLE, PR_CAPBSET_READ, "privileges, for status (libcap-ng)"},
	{"prctl", 0, WHOLE, PR_CAP_AMBIENT, "privileges, for status (libcap-ng)"},
	{"prctl", 0, WHOLE, PR_SET_VMA, "glibc names its memory"},
};
const size_t confine_argument_count = LT_ARRAY_SIZE(confine_arguments);

const struct confine_calls confine_absent[] = {
	{"its flags are in memory, where a filter can't look: clone is used instead", "clone3"},
	{"where it is missing, or older ones are used", "openat2 io_uring_setup close_range"},
};
const size_t confine_absent_count = LT_ARRAY_SIZE(confine_absent);

const struct confine_calls confine_deadly[] = {
	{"another program in our place", "execve execveat"},
	{"other processes", "ptrace process_vm_readv process_vm_writev pidfd_getfd kcmp"},
	{"file systems and namespaces",
         "mount umount2 pivot_root chroot setns unshare move_mount open_tree fsopen fsmount "
         "fsconfig"},
	{"the kernel itself",
         "init_module finit_module delete_module kexec_load kexec_file_load bpf perf_event_open "
         "userfaultfd iopl ioperm reboot swapon swapoff acct syslog settimeofday clock_settime "
         "adjtimex clock_adjtime"},
	{"another user, other privileges",
         "setuid setgid setreuid setregid setresuid setresgid setuid32 setgid32 setreuid32 "
         "setregid32 "
         "setresuid32 setresgid32 setfsuid setfsgid setgroups setgroups32 capset"},
	{"keys of the kernel, other machines' binaries", "add_key request_key keyctl personality"},
	{"files that have no name, by which programs come without a disk",
         "memfd_create memfd_secret"},
};
const size_t confine_deadly_count = LT_ARRAY_SIZE(confine_deadly);
