/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/confine.h"

#include "daemon/confine_calls.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/privs.h"

#include <errno.h>
#include <seccomp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* they look into the process in ways that are refused here */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* Of a call that this architecture lacks: nothing is to be said of it. */
static int add(scmp_filter_ctx filter, uint32_t action, const char *name,
               const struct scmp_arg_cmp *argument)
{
	int call = seccomp_syscall_resolve_name(name);
	int rc;

	if (call == __NR_SCMP_ERROR || call < 0)
		return 0;
	rc = seccomp_rule_add_array(filter, action, call, argument ? 1 : 0, argument);
	/* On other architectures it may be one of several. */
	return rc == -EDOM ? 0 : rc;
}

static int add_calls(scmp_filter_ctx filter, uint32_t action, const struct confine_calls *rows,
                     size_t count)
{
	int rc = 0;

	for (size_t i = 0; i < count && rc == 0; i++) {
		char *names = xstrdup(rows[i].names), *rest = NULL;

		for (char *name = strtok_r(names, " ", &rest); name && rc == 0;
		     name = strtok_r(NULL, " ", &rest))
			rc = add(filter, action, name, NULL);
		free(names);
	}
	return rc;
}

static int add_arguments(scmp_filter_ctx filter)
{
	int rc = 0;

	for (size_t i = 0; i < confine_argument_count && rc == 0; i++) {
		const struct confine_argument *row = &confine_arguments[i];
		/* Numbers of 32 bits: what stands above them in the register is nobody's. */
		const struct scmp_arg_cmp argument = {
			.arg = row->index,
			.op = SCMP_CMP_MASKED_EQ,
			.datum_a = row->mask & UINT32_MAX,
			.datum_b = row->value,
		};

		rc = add(filter, SCMP_ACT_ALLOW, row->name, &argument);
	}
	return rc;
}

static int load(scmp_filter_ctx filter)
{
	int rc = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);

	/* A binary search instead of a walk over two hundred calls, where the library knows how. */
	if (rc == 0)
		(void)seccomp_attr_set(filter, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	if (rc == 0)
		rc = add_calls(filter, SCMP_ACT_ALLOW, confine_allowed, confine_allowed_count);
	if (rc == 0)
		rc = add_arguments(filter);
	if (rc == 0)
		rc = add_calls(filter, SCMP_ACT_ERRNO(ENOSYS), confine_absent,
		               confine_absent_count);
	if (rc == 0)
		rc = add_calls(filter, SCMP_ACT_KILL_PROCESS, confine_deadly, confine_deadly_count);
	return rc ? rc : seccomp_load(filter);
}

int confine_threads(void)
{
	scmp_filter_ctx filter;
	int rc;

	if (SANITIZED)
		return -EOPNOTSUPP;
	filter = seccomp_init(SCMP_ACT_ERRNO(EPERM));
	if (!filter)
		return -EOPNOTSUPP;
	rc = load(filter);
	seccomp_release(filter);
	/* ECANCELED is libseccomp's word for what the kernel said. */
	return rc == -ECANCELED ? -EOPNOTSUPP : rc;
}

bool confine_start(bool wanted)
{
	int rc;

	if (!wanted) {
		log_notice("daemon", "not confined by seccomp because=--seccomp");
		return false;
	}
	rc = confine_threads();
	if (rc)
		log_warn("daemon", "not confined by seccomp, going on without: %s", strerror(-rc));
	return rc == 0;
}

void confine_drop(void)
{
	struct text text = {0};
	struct privs privs;
	int rc = privs_drop();

	if (rc)
		log_warn("daemon", "privileges that are not needed can't be given up: %s",
		         strerror(-rc));
	if (privs_read(&privs) == 0) {
		privs_format(&privs, &text);
		log_info("daemon", "privileges uid=%d %s", (int)getuid(), text_str(&text));
		if (!privs_can_run(&privs))
			log_warn("daemon", "CAP_NET_ADMIN and CAP_NET_RAW are needed: run as root, "
			                   "by the unit, "
			                   "or with ambient capabilities (setpriv --ambient-caps "
			                   "+net_admin,+net_raw)");
	}
	text_done(&text);
}
