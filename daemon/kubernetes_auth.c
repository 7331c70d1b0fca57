/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/kubernetes_parts.h"

#include "files/yaml.h"
#include "lib/fileio.h"
#include "lib/mem.h"
#include "lib/mono.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KUBECONFIG_SIZE_MAX ((size_t)4 * 1024 * 1024)

/* Of a file; "." when the path names none. */
static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return xstrdup(".");
	char *directory = xstrdup(path);
	directory[slash == path ? 1 : slash - path] = '\0';
	return directory;
}

static void first_problem(const struct model_problems *problems, struct text *why)
{
	text_clear(why);
	model_problem_format(&problems->items[0], why);
	if (why->len > 0)
		why->data[--why->len] = '\0'; /* its line end */
}

static int decode(const char *path, const char *data, size_t size,
                  struct k8s_kubeconfig *ret_config, struct text *why)
{
	struct model_problems problems;
	struct arena arena;
	int rc = -EINVAL;

	model_problems_init(&problems);
	arena_init(&arena);
	struct tree *documents = tree_new(&arena, TREE_LIST, 1);
	files_yaml_read(data, size, path, &arena, documents, &problems);
	if (problems.error_count > 0) {
		first_problem(&problems, why);
	} else if (!documents->child) {
		text_printf(why, "%s: is empty", path);
	} else {
		char *directory = directory_of(path);
		const struct k8s_kubeconfig_source source = {documents->child, path, directory};
		rc = k8s_kubeconfig_decode(&source, 1, NULL, ret_config, why);
		free(directory);
	}
	model_problems_done(&problems);
	arena_done(&arena);
	return rc;
}

int kubernetes_auth_open(const char *kubeconfig, struct k8s_auth **ret_auth, struct text *why)
{
	struct k8s_kubeconfig config;
	char *data;
	size_t size;
	int rc;

	if (!kubeconfig) {
		rc = k8s_auth_open_in_cluster(mono_now_us(), ret_auth, why);
		if (rc == -ENOENT) {
			text_clear(why);
			text_add(why, "this is no pod: say how to reach the API with --kubeconfig");
		}
		return rc;
	}
	rc = fileio_read(kubeconfig, KUBECONFIG_SIZE_MAX, &data, &size);
	if (rc) {
		text_printf(why, "%s: %s", kubeconfig, strerror(-rc));
		return rc;
	}
	rc = decode(kubeconfig, data, size, &config, why);
	explicit_bzero(data, size);
	free(data);
	if (rc == 0)
		rc = k8s_auth_open(&config, mono_now_us(), ret_auth, why);
	return rc;
}
