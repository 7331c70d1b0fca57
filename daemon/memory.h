/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/memory.h - how much of what was freed the process keeps.
 *
 * I/O: the C library's allocator. What is asked of the kernel has to be zeroed page by page, and is
 * locked (vrrp/thread.c): a reload builds the new state beside the old one again and again, and is
 * not to wait for that. What only once needed much gives it back. */

#ifndef LINTEL_DAEMON_MEMORY_H
#define LINTEL_DAEMON_MEMORY_H

/* Freed memory at the end of the heap that is always kept: what reloads of a few objects and
 * answers of some kilobytes need. */
#define MEMORY_KEPT  (1024 * 1024)
/* An answer of so many bytes took much: as a tree it has about eight times as many. */
#define MEMORY_LARGE (128 * 1024)

/* Before anything is allocated: nothing is given back but by memory_give_back(). */
void memory_set_up(void);
/* Something large is over, such as the start, or an answer about hundreds of virtual routers. */
void memory_give_back(void);

#endif
