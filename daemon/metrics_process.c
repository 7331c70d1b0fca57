/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process, by the names that Prometheus' client libraries have for it. Reads /proc; what can't
 * be read (no /proc in an empty root) is left out. */
#include "daemon/metrics_parts.h"

#include "lib/mono.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdio.h>
#include <sys/resource.h>
#include <unistd.h>

static double seconds_of(const struct timeval *tv)
{
	return (double)tv->tv_sec + mono_seconds(tv->tv_usec);
}

/* proc(5): total size and resident set, in pages. */
static bool read_memory(uint64_t *ret_virtual, uint64_t *ret_resident)
{
	FILE *file = fopen("/proc/self/statm", "re");
	bool good;

	if (!file)
		return false;
	good = fscanf(file, "%" SCNu64 " %" SCNu64, ret_virtual, ret_resident) == 2;
	fclose(file);
	return good;
}

static bool count_descriptors(unsigned *ret_count)
{
	DIR *dir = opendir("/proc/self/fd");
	unsigned count = 0;

	if (!dir)
		return false;
	for (const struct dirent *entry = readdir(dir); entry; entry = readdir(dir))
		count += entry->d_name[0] != '.';
	closedir(dir);
	*ret_count = count - 1; /* that of the directory itself */
	return true;
}

void metrics_process_write(int64_t started_wall_us, struct text *out)
{
	uint64_t whole, resident;
	struct rusage usage;
	struct rlimit limit;
	unsigned count;

	if (getrusage(RUSAGE_SELF, &usage) == 0)
		metrics_single(out, "process_cpu_seconds_total", "counter",
		               "CPU time of the process, for itself and in the kernel.",
		               seconds_of(&usage.ru_utime) + seconds_of(&usage.ru_stime));
	if (read_memory(&whole, &resident)) {
		double page = (double)sysconf(_SC_PAGESIZE);
		metrics_single(out, "process_resident_memory_bytes", "gauge",
		               "Memory of the process that is in RAM.", (double)resident * page);
		metrics_single(out, "process_virtual_memory_bytes", "gauge",
		               "Address space of the process.", (double)whole * page);
	}
	if (count_descriptors(&count))
		metrics_single(out, "process_open_fds", "gauge", "Descriptors that are open.",
		               count);
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
		metrics_single(out, "process_max_fds", "gauge", "Descriptors that may be open.",
		               (double)limit.rlim_cur);
	metrics_single(out, "process_start_time_seconds", "gauge",
	               "When the process started, in seconds since 1970.",
	               mono_seconds(started_wall_us));
}
