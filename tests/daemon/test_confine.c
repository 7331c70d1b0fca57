/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The filter for real, each time in a child of its own: there is no way back. */
#include "daemon/confine.h"
#include "daemon/confine_calls.h"
#include "lib/mem.h"
#include "tests/unit.h"

#include <errno.h>
#include <fcntl.h>
#include <net/if.h>
#include <netdb.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define UNCONFINED 77 /* a kernel (or sanitizer) without seccomp: told, not passed */

/* Runs 'attempt' confined; its value is the child's exit code. Gives waitpid()'s status. */
static int run_confined(int (*attempt)(void))
{
	const struct rlimit no_core = {0};
	int status;
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		setrlimit(RLIMIT_CORE, &no_core);
		signal(SIGSYS, SIG_DFL);
		_exit(confine_threads() ? UNCONFINED : attempt());
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(!WIFEXITED(status) || WEXITSTATUS(status) != UNCONFINED,
	              "there is no seccomp here");
	return status;
}

static int try_execve(void)
{
	char name[] = "/bin/true";
	char *const argv[] = {name, NULL};

	return execve(argv[0], argv, argv + 1) ? 1 : 0;
}

static int try_ptrace(void)
{
	return ptrace(PTRACE_TRACEME, 0, NULL, NULL) ? 1 : 0;
}

static int try_mount(void)
{
	return mount("none", "/tmp", "tmpfs", 0, NULL) ? 1 : 0;
}

static int try_setuid(void)
{
	return setuid(getuid()) ? 1 : 0;
}

static int try_module(void)
{
	return syscall(SYS_init_module, NULL, 0, "") ? 1 : 0;
}

static int try_bpf(void)
{
	return syscall(SYS_bpf, 0, NULL, 0) ? 1 : 0;
}

static int try_memfd(void)
{
	return memfd_create("x", 0) < 0;
}

static int (*const deadly[])(void) = {try_execve, try_ptrace, try_mount, try_setuid,
                                      try_module, try_bpf,    try_memfd};

START_TEST(what_only_an_intruder_calls_ends_the_process)
{
	int status = run_confined(deadly[_i]);

	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}
END_TEST

static int refused(long result)
{
	return result == -1 && errno == EPERM ? 0 : 1;
}

static int try_process(void)
{
	return refused(syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0));
}

static int try_fork_by_clone3(void)
{
	char args[88] = {0};

	return syscall(SYS_clone3, args, sizeof(args)) == -1 && errno == ENOSYS ? 0 : 1;
}

static int try_bluetooth(void)
{
	return refused(socket(AF_BLUETOOTH, SOCK_RAW, 0));
}

static int try_writable_program(void)
{
	return mmap(NULL, 4096, PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) ==
	                               MAP_FAILED &&
	                       errno == EPERM
	               ? 0
	               : 1;
}

static int try_program_from_memory(void)
{
	void *page = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return page == MAP_FAILED ? 1 : refused(mprotect(page, 4096, PROT_READ | PROT_EXEC));
}

static int try_typing(void)
{
	return refused(ioctl(0, TIOCSTI, "x"));
}

static int try_kill(void)
{
	return refused(kill(getppid(), 0));
}

static int try_links(void)
{
	return refused(link("/nonexistent", "/tmp/lintel-x")) +
	       refused(symlink("/x", "/nonexistent/x"));
}

static int (*const refusals[])(void) = {
	try_process,
	try_fork_by_clone3,
	try_bluetooth,
	try_writable_program,
	try_program_from_memory,
	try_typing,
	try_kill,
	try_links,
};

START_TEST(what_has_no_use_fails_and_the_process_goes_on)
{
	int status = run_confined(refusals[_i]);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "row %d: status %#x", _i,
	              status);
}
END_TEST

static void *return_it(void *arg)
{
	return arg;
}

static int try_work(void)
{
	const int families[] = {AF_UNIX, AF_INET, AF_INET6, AF_NETLINK};
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found = NULL;
	struct ifreq request = {.ifr_name = "lo"};
	pthread_t thread;
	void *got = NULL;
	int fd, own = 0;

	for (size_t i = 0; i < LT_ARRAY_SIZE(families); i++) {
		fd = socket(families[i], SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 && errno == EPERM)
			return 1;
		if (families[i] == AF_INET && fd >= 0)
			(void)ioctl(fd, SIOCGIFINDEX, &request);
		close(fd);
	}
	if (pthread_create(&thread, NULL, return_it, &own) || pthread_join(thread, &got) ||
	    got != &own)
		return 2;
	fd = open("/proc/self/status", O_RDONLY | O_CLOEXEC);
	if (fd < 0 || close(fd))
		return 3;
	if (getaddrinfo("127.0.0.1", "80", &hints, &found))
		return 4;
	freeaddrinfo(found);
	return 0;
}

START_TEST(sockets_threads_files_and_names_work_on)
{
	int status = run_confined(try_work);

	ck_assert_msg(WIFEXITED(status) && WEXITSTATUS(status) == 0, "status %#x", status);
}
END_TEST

static int go_ahead[2];

static void *wait_and_execute(void *arg)
{
	char byte;

	if (read(go_ahead[0], &byte, 1) == 1)
		try_execve();
	return arg;
}

static int confine_beside_a_thread(void)
{
	pthread_t thread;

	if (pipe(go_ahead) || pthread_create(&thread, NULL, wait_and_execute, NULL) ||
	    confine_threads() || write(go_ahead[1], "x", 1) != 1)
		return 1;
	pthread_join(thread, NULL);
	return 2;
}

START_TEST(a_thread_that_was_there_before_is_bound_too)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0)
		_exit(confine_beside_a_thread());
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS, "status %#x", status);
}
END_TEST

struct names {
	char *items[400];
	size_t count;
};

static void collect(struct names *names, const struct confine_calls *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		char *copy = xstrdup(rows[i].names), *rest = NULL;

		ck_assert_uint_gt(strlen(rows[i].why), 0);
		for (char *name = strtok_r(copy, " ", &rest); name;
		     name = strtok_r(NULL, " ", &rest)) {
			ck_assert_uint_lt(names->count, LT_ARRAY_SIZE(names->items));
			names->items[names->count++] = xstrdup(name);
		}
		free(copy);
	}
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

START_TEST(each_call_stands_in_one_table_and_is_known)
{
	struct names names = {.count = 0};
	const char *last = "";

	collect(&names, confine_allowed, confine_allowed_count);
	collect(&names, confine_absent, confine_absent_count);
	collect(&names, confine_deadly, confine_deadly_count);
	for (size_t i = 0; i < confine_argument_count; i++) {
		ck_assert_uint_gt(strlen(confine_arguments[i].why), 0);
		if (strcmp(last, confine_arguments[i].name) != 0)
			names.items[names.count++] = xstrdup(confine_arguments[i].name);
		last = confine_arguments[i].name;
	}
	qsort(names.items, names.count, sizeof(*names.items), compare_names);
	for (size_t i = 0; i < names.count; i++) {
		ck_assert_msg(i == 0 || strcmp(names.items[i], names.items[i - 1]) != 0,
		              "%s stands twice", names.items[i]);
		ck_assert_msg(seccomp_syscall_resolve_name(names.items[i]) != __NR_SCMP_ERROR,
		              "there is no %s", names.items[i]);
	}
	for (size_t i = 0; i < names.count; i++)
		free(names.items[i]);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon_confine", &tests);

	tcase_add_test(tests, each_call_stands_in_one_table_and_is_known);
#ifndef __SANITIZE_ADDRESS__
	tcase_add_loop_test(tests, what_only_an_intruder_calls_ends_the_process, 0,
	                    LT_ARRAY_SIZE(deadly));
	tcase_add_loop_test(tests, what_has_no_use_fails_and_the_process_goes_on, 0,
	                    LT_ARRAY_SIZE(refusals));
	tcase_add_test(tests, sockets_threads_files_and_names_work_on);
	tcase_add_test(tests, a_thread_that_was_there_before_is_bound_too);
#endif
	return unit_run(suite);
}
