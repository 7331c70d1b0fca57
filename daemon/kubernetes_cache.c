/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The last state of the cluster as a file in the state directory. It is encoded
 * and written a piece a turn; and before fsync(2), which waits, the kernel is
 * given time to have written it already. */
#include "daemon/aside.h"
#include "daemon/kubernetes_parts.h"

#include "k8s/json.h"
#include "lib/fileio.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define QUIET_US     (2 * US_PER_S)  /* between a change and writing it */
#define REST_US      (10 * US_PER_S) /* between two files */
#define SETTLE_US    (2 * US_PER_S)
#define ASK_AGAIN_US (30 * US_PER_S)
#define WRITE_STEP   20 /* objects that are encoded and written in one turn */

static char *file_path(const struct kubernetes *k, const char *suffix)
{
	struct text path = {0};

	text_printf(&path, "%s/" KUBERNETES_CACHE_FILE "%s", k->options->state_dir, suffix);
	return text_take(&path);
}

/* --- reading --- */

bool kubernetes_cache_load(struct kubernetes *k)
{
	char *path = file_path(k, ""), *data;
	struct text why = {0};
	size_t size;
	int rc = fileio_read(path, K8S_CACHE_SIZE_MAX, &data, &size);

	if (rc == 0) {
		enum k8s_cache_verdict verdict = k8s_cache_read(data, size, NULL, k->options->class,
		                                                k->store, &k->cache.found_cluster);
		free(data);
		if (verdict == K8S_CACHE_OK) {
			log_notice(KUBERNETES_COMPONENT,
			           "beginning with the last known state file=%s services=%zu", path,
			           k8s_store_count(k->store, K8S_SERVICE));
			free(path);
			return true;
		}
		if (verdict == K8S_CACHE_VERSION || verdict == K8S_CACHE_CLUSTER)
			log_error(KUBERNETES_COMPONENT, "%s is not used: %s", path,
			          k8s_cache_verdict_text(verdict));
		else
			aside_put(path, k8s_cache_verdict_text(verdict));
	} else if (rc != -ENOENT) {
		text_printf(&why, "can't be read: %s", strerror(-rc));
		aside_put(path, text_str(&why));
		text_done(&why);
	}
	free(path);
	return false;
}

/* --- whose it is --- */

static void learn_cluster(struct kubernetes *k, const char *cluster)
{
	const char *found = k->cache.found_cluster;

	k->cache.cluster = xstrdup(cluster);
	/* What was written by who might not ask says nothing of the cluster. */
	if (found && strcmp(found, cluster) != 0 && strcmp(found, k8s_auth_server(k->auth)) != 0)
		log_warn(KUBERNETES_COMPONENT,
		         "the state on disk was another cluster's: it is replaced cluster=%s "
		         "before=%s",
		         cluster, found);
}

static void cluster_answered(void *ctx, const struct k8s_answer *answer)
{
	struct kubernetes *k = ctx;
	const char *uid = k8s_json_text(k8s_json_get(answer->object, "metadata"), "uid");
	const char *found = k->cache.found_cluster;

	k->cache.call = NULL;
	/* Who may not ask goes by what was known, or takes the server's address for it. */
	if (answer->outcome == K8S_OUTCOME_DONE && *uid)
		learn_cluster(k, uid);
	else if (answer->outcome == K8S_OUTCOME_NOT_FOUND || answer->outcome == K8S_OUTCOME_REFUSED)
		learn_cluster(k, found ? found : k8s_auth_server(k->auth));
	loop_deadline_arm(&k->cache.due,
	                  mono_now_us() + (k->cache.cluster ? QUIET_US : ASK_AGAIN_US));
}

static void ask_cluster(struct kubernetes *k)
{
	const struct k8s_request request = {
		.verb = K8S_VERB_GET,
		.priority = K8S_PRIORITY_NORMAL,
		.path = "/api/v1/namespaces/kube-system",
		.answered = cluster_answered,
		.ctx = k,
	};

	k->cache.call = k8s_request_send(k->requests, &request);
}

/* --- writing --- */

static void give_up(struct kubernetes *k, const char *what, int error)
{
	if (!k->cache.failing)
		log_error(KUBERNETES_COMPONENT,
		          "the state can't be kept on disk, a restart would need the API: %s: %s",
		          what, strerror(error));
	k->cache.failing = true;
}

/* Leaves nothing open; whatever was begun is void. */
static void reset(struct kubernetes *k)
{
	if (k->cache.fd >= 0)
		close(k->cache.fd);
	k->cache.fd = -1;
	k8s_cache_writer_free(k->cache.writer);
	k->cache.writer = NULL;
	k->cache.step = KUBERNETES_CACHE_IDLE;
}

static int64_t begin(struct kubernetes *k, int64_t now_us)
{
	if (!k->cache.changed || !k->known || !kubernetes_follow_in_step(k))
		return now_us + (k->cache.changed ? REST_US : TIME_NEVER - now_us);
	char *path = file_path(k, ".new");
	k->cache.fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
	k->cache.written = 0;
	if (k->cache.fd < 0) {
		give_up(k, path, errno);
	} else {
		k->cache.changed = false;
		k->cache.writer = k8s_cache_writer_new(k->store, k->translator, k->cache.cluster,
		                                       k->options->class);
		k->cache.step = KUBERNETES_CACHE_WRITING;
	}
	free(path);
	return k->cache.fd < 0 ? now_us + REST_US : now_us;
}

static bool write_text(struct kubernetes *k, const struct text *text)
{
	for (size_t at = 0; at < text->len;) {
		ssize_t n = write(k->cache.fd, text->data + at, text->len - at);
		if (n < 0 && errno != EINTR)
			return false;
		at += n > 0 ? (size_t)n : 0;
	}
	k->cache.written += text->len;
	return true;
}

/* What is encoded goes to the file at once: all of it would be as large as the store. */
static int64_t write_some(struct kubernetes *k, int64_t now_us)
{
	bool whole = k8s_cache_writer_step(k->cache.writer, WRITE_STEP);

	if (!write_text(k, k8s_cache_writer_text(k->cache.writer))) {
		give_up(k, "write", errno);
		reset(k);
		k->cache.changed = true;
		return now_us + REST_US;
	}
	k8s_cache_writer_forget(k->cache.writer);
	if (!whole)
		return now_us;
	/* Only a beginning; fsync(2) tells when it can't. */
	(void)sync_file_range(k->cache.fd, 0, 0, SYNC_FILE_RANGE_WRITE);
	k->cache.step = KUBERNETES_CACHE_SETTLING;
	return now_us + SETTLE_US;
}

static int64_t settle(struct kubernetes *k, int64_t now_us)
{
	char *from = file_path(k, ".new"), *to = file_path(k, "");

	if (fsync(k->cache.fd) || rename(from, to)) {
		give_up(k, to, errno);
		k->cache.changed = true;
	} else {
		k->cache.failing = false;
		k->cache.saved_us = now_us;
		log_debug(KUBERNETES_COMPONENT, "kept on disk bytes=%zu", k->cache.written);
	}
	free(from);
	free(to);
	reset(k);
	return now_us + REST_US;
}

static void due(struct loop_deadline *deadline)
{
	struct kubernetes_cache *cache = lt_container_of(deadline, struct kubernetes_cache, due);
	struct kubernetes *k = lt_container_of(cache, struct kubernetes, cache);
	int64_t now_us = mono_now_us(), next_us = TIME_NEVER;

	if (!cache->cluster) {
		if (!cache->call)
			ask_cluster(k);
		return;
	}
	switch (cache->step) {
	case KUBERNETES_CACHE_IDLE:
		next_us = begin(k, now_us);
		break;
	case KUBERNETES_CACHE_WRITING:
		next_us = write_some(k, now_us);
		break;
	case KUBERNETES_CACHE_SETTLING:
		next_us = settle(k, now_us);
		break;
	}
	loop_deadline_arm(deadline, next_us);
}

void kubernetes_cache_note(struct kubernetes *k)
{
	k->cache.changed = true;
	if (k->cache.cluster && k->cache.due.at_us == TIME_NEVER)
		loop_deadline_arm(&k->cache.due, mono_now_us() + QUIET_US);
}

/* --- life --- */

int kubernetes_cache_open(struct kubernetes *k)
{
	k->cache.due.expired = due;
	int rc = loop_deadline_init(k->loop, &k->cache.due);
	k->cache.open = rc == 0;
	if (rc == 0)
		ask_cluster(k);
	return rc;
}

void kubernetes_cache_close(struct kubernetes *k)
{
	if (k->cache.call)
		k8s_request_cancel(k->cache.call);
	if (k->cache.open) {
		reset(k);
		loop_deadline_done(&k->cache.due);
	}
	free(k->cache.cluster);
	free(k->cache.found_cluster);
}
