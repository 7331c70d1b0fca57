/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/memory.h"

#include "lib/log.h"
#include "vrrp/thread.h"

#include <malloc.h>
#include <string.h>
#include <sys/mman.h>

void memory_set_up(void)
{
	mallopt(M_MMAP_THRESHOLD, 64 << 20);
	mallopt(M_TRIM_THRESHOLD, 64 << 20);
	mallopt(M_TOP_PAD, 1 << 20); /* asked for at once; what is not touched is nobody's */
}

/* The kernel takes nothing back that is locked (madvise(2), MADV_DONTNEED). */
void memory_give_back(void)
{
	int rc;

	(void)munlockall();
	malloc_trim(MEMORY_KEPT);
	rc = vrrp_thread_lock_memory();
	if (rc)
		log_info("daemon", "memory is not locked any more: %s", strerror(-rc));
}
