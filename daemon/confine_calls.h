/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/confine_calls.h - the system calls that the running daemon makes, and what for.
 *
 * Pure: tables. Calls are named as libseccomp knows them; one that an architecture does not have is
 * passed over there. Sources: seccomp(2), syscalls(2); strace of the lab's scenarios; the sources
 * of glibc, libev, libcurl, libmicrohttpd, OpenSSL. */

#ifndef LINTEL_DAEMON_CONFINE_CALLS_H
#define LINTEL_DAEMON_CONFINE_CALLS_H

#include <stddef.h>
#include <stdint.h>

struct confine_calls {
	const char *why;
	const char *names; /* blanks between */
};

/* An argument of a call: allowed when (argument & mask) == value. */
struct confine_argument {
	const char *name;
	unsigned index; /* of the argument, from 0 */
	uint64_t mask;
	uint64_t value;
	const char *why;
};

/* Whatever their arguments are. */
extern const struct confine_calls confine_allowed[];
extern const size_t confine_allowed_count;
/* Those of which a row holds; several rows for one call are alternatives. */
extern const struct confine_argument confine_arguments[];
extern const size_t confine_argument_count;
/* Not there as far as we are told (ENOSYS): glibc then uses something else that we allow. */
extern const struct confine_calls confine_absent[];
extern const size_t confine_absent_count;
/* Never by us: whoever calls them is not us any more. */
extern const struct confine_calls confine_deadly[];
extern const size_t confine_deadly_count;

#endif
