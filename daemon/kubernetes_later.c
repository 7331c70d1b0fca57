/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects whose writes failed, to be looked at again. They wait here and not in a place of those
 * that are under way: a webhook that refuses or hangs in one namespace would keep all others
 * waiting. One after the other: each list has its own delay, so who came first is due first. */
#include "daemon/kubernetes_parts.h"

#include "lib/hash.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <stdlib.h>
#include <string.h>

#define WHY_LEN_MAX 300 /* of each of many: the log has all of it */

struct kubernetes_waiting {
	struct k8s_translate_key key;
	int64_t due_us;
	char *why; /* "" when it doesn't matter */
	UT_hash_handle hh;
	char title[];
};

static struct kubernetes_waiting *find(const struct kubernetes_later *later,
                                       const struct k8s_translate_key *key,
                                       char title[static K8S_KEY_SIZE])
{
	struct kubernetes_waiting *waiting;

	k8s_title(key->kind, key->namespace, key->name, title);
	HASH_FIND_STR(later->waiting, title, waiting);
	return waiting;
}

static void set_why(struct kubernetes_waiting *waiting, const char *why)
{
	size_t len = strnlen(why, WHY_LEN_MAX);

	free(waiting->why);
	waiting->why = xcalloc(1, len + 1);
	memcpy(waiting->why, why, len);
}

static void release(struct kubernetes_waiting *waiting)
{
	free(waiting->why);
	free(waiting);
}

bool kubernetes_later_put(struct kubernetes_later *later, const struct k8s_translate_key *key,
                          int64_t due_us, const char *why)
{
	char title[K8S_KEY_SIZE];
	struct kubernetes_waiting *waiting = find(later, key, title);
	bool there = waiting;

	if (there) {
		HASH_DEL(later->waiting, waiting);
	} else {
		waiting = xcalloc(1, sizeof(*waiting) + strlen(title) + 1);
		waiting->key = *key;
		strcpy(waiting->title, title);
	}
	if (why || !there)
		set_why(waiting, why ? why : "");
	waiting->due_us = due_us;
	HASH_ADD_STR(later->waiting, title, waiting);
	return !there;
}

void kubernetes_later_forget(struct kubernetes_later *later, const struct k8s_translate_key *key)
{
	char title[K8S_KEY_SIZE];
	struct kubernetes_waiting *waiting = find(later, key, title);

	if (!waiting)
		return;
	HASH_DEL(later->waiting, waiting);
	release(waiting);
}

int64_t kubernetes_later_due(const struct kubernetes_later *later)
{
	return later->waiting ? later->waiting->due_us : TIME_NEVER;
}

const struct k8s_translate_key *kubernetes_later_first(const struct kubernetes_later *later)
{
	return later->waiting ? &later->waiting->key : NULL;
}

size_t kubernetes_later_count(const struct kubernetes_later *later)
{
	return HASH_COUNT(later->waiting);
}

const char *kubernetes_later_why(const struct kubernetes_later *later)
{
	return later->waiting ? later->waiting->why : NULL;
}

void kubernetes_later_close(struct kubernetes_later *later)
{
	struct kubernetes_waiting *waiting, *next;

	HASH_ITER (hh, later->waiting, waiting, next) {
		HASH_DEL(later->waiting, waiting);
		release(waiting);
	}
}
