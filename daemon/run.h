/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/run.h - the daemon itself: `lintel run`.
 *
 * I/O. Runs in the foreground until SIGTERM or SIGINT. */

#ifndef LINTEL_DAEMON_RUN_H
#define LINTEL_DAEMON_RUN_H

#include "lib/endpoint.h"
#include "lib/log.h"
#include "news/target.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DAEMON_CONFIG_DIR "/etc/lintel"
#define DAEMON_STATE_DIR  "/var/lib/lintel"
#define DAEMON_SOCKET     "/run/lintel/lintel.sock"
#define DAEMON_LISTEN     "127.0.0.1:9310"
#define DAEMON_PEER_KEY   "/etc/lintel/peer.key"
#define DAEMON_PEER_PORT  9311
#define DAEMON_RESYNC_US  (10 * INT64_C(1000000))

/* What becomes of addresses, virtual services and tables when the daemon ends. */
enum daemon_on_exit {
	DAEMON_EXIT_CLEAN, /* handed over, then removed */
	DAEMON_EXIT_KEEP,  /* left in the kernel, to be adopted by the next start */
};

/* All memory is the caller's and outlives the run. */
struct daemon_run_options {
	char *const *paths; /* -c: files and directories, at least one unless 'kubernetes' */
	size_t path_count;
	bool kubernetes;               /* the API says what is wanted, too */
	const char *kubeconfig;        /* its file, NULL: as a pod */
	const char *class;             /* load balancer class that is ours */
	bool default_class;            /* Services without a class are ours, too */
	const char *const *namespaces; /* watched; none: all */
	size_t namespace_count;
	const char *node;      /* name of this machine, never empty */
	const char *state_dir; /* journal, sysctl values to put back, the cluster's last state */
	const char *socket_path;
	struct endpoint listen; /* HTTP; family ADDR_NONE: no HTTP */
	const char *peer_key;   /* file of keys; without one connections are not replicated */
	uint16_t peer_port;
	int64_t resync_us; /* between two comparisons with the kernel without a cause */
	/* What a kube-proxy in its mode ipvs was told to leave alone. */
	const struct addr_prefix *kube_proxy_excludes;
	size_t kube_proxy_exclude_count;
	const struct news_target *notify; /* who is told what happens */
	size_t notify_count;
	const char *notify_ca; /* authorities of webhooks; NULL: the system's */
	enum daemon_on_exit on_exit;
	bool seccomp; /* confine ourselves after the start, where the kernel can */
	enum log_format log_format;
	enum log_level log_level;
};

/* Runs until told to stop; logs on its own. The process's exit code: 0 after a clean stop, 1 when
 * it could not start or had to give up. */
int daemon_run(const struct daemon_run_options *options);

#endif
