/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/mute_memory.h - what settings were that the VRRP thread raises now and then (vrrp/mute.h),
 * kept for the run after one that was killed meanwhile.
 *
 * I/O, main thread: the VRRP thread never touches a disk, so they are written down before it may
 * raise them. A state file as that of daemon/sysctls.h; what it says is believed of an interface
 * that was left mute, see vrrp_mutes_inherit(). */

#ifndef LINTEL_DAEMON_MUTE_MEMORY_H
#define LINTEL_DAEMON_MUTE_MEMORY_H

#include "daemon/sysctls.h"
#include "vrrp/config.h"
#include "vrrp/mute.h"

#define MUTE_MEMORY_FILE "muted" /* in the state directory */

/* Zero-initialised: closed. */
struct mute_memory {
	const char *state_dir;
	const struct sysctls_place *place; /* of the settings */
	struct sysctls_memory *memory;
	struct vrrp_mutes_found found; /* by an earlier run */
	bool noted;                    /* something in this one */
	int error;                     /* as logged last */
};

/* Reads what an earlier run has written, and returns it. 'state_dir' and 'place' (NULL: the real
 * one) are kept. */
const struct vrrp_mutes_found *mute_memory_open(struct mute_memory *memory, const char *state_dir,
                                                const struct sysctls_place *place);
void mute_memory_close(struct mute_memory *memory);
/* Before 'config' is in force: what its routers may raise is written down, as far as it isn't. Can
 * it not be, that is logged, once. */
void mute_memory_note(struct mute_memory *memory, const struct vrrp_config *config);
/* All is put back that this run and others have raised. (One that was told nothing leaves alone
 * what others did.) */
void mute_memory_forget(struct mute_memory *memory);

#endif
