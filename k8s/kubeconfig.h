/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/kubeconfig.h - which API server to ask, and as whom: from the trees of kubeconfig files.
 *
 * Pure. Files are read elsewhere (YAML is not known here); those that the result names are not
 * opened here either (k8s/auth.h). Understood is what says who we are without running anything:
 * exec, auth-provider, impersonation and proxy-url are refused. Format: Kubernetes
 * client.config.k8s.io/v1, "Config". */

#ifndef LINTEL_K8S_KUBECONFIG_H
#define LINTEL_K8S_KUBECONFIG_H

#include "lib/compiler.h"
#include "lib/text.h"
#include "lib/tree.h"

#include <stdbool.h>
#include <stddef.h>

/* One file of the list in KUBECONFIG. */
struct k8s_kubeconfig_source {
	const struct tree *tree; /* its only document */
	const char *path;        /* as it was given: names it in messages */
	const char *directory;   /* of the file: relative paths in it start here */
};

/* Either a file to read, and to read again, or what such a file would hold. */
struct k8s_kubeconfig_item {
	char *path; /* NULL: there is no file */
	char *data; /* NUL-terminated; NULL: see 'path'. Both NULL: not given */
	size_t size;
};

/* All texts are owned. */
struct k8s_kubeconfig {
	char *server;                  /* "https://10.0.0.1:6443", without a slash at its end */
	char *server_name;             /* to expect in its certificate; NULL: that of 'server' */
	bool insecure;                 /* its certificate is not looked at: the user said so */
	struct k8s_kubeconfig_item ca; /* PEM; not given: what the system trusts */
	struct k8s_kubeconfig_item certificate; /* ours, PEM */
	struct k8s_kubeconfig_item key;         /* its key, PEM */
	struct k8s_kubeconfig_item token;       /* bearer token */
	char *username;                         /* NULL: none */
	char *password;
	char *namespace; /* of the context, "default" when it names none */
	char *context;   /* its name, for people */
};

/* Reads 'context' (NULL: the current one) out of several files: of what two of them define the
 * first counts. -EINVAL, with what is wrong and where in 'why', when it can't be used. */
LT_MUST_USE int k8s_kubeconfig_decode(const struct k8s_kubeconfig_source *sources, size_t count,
                                      const char *context, struct k8s_kubeconfig *ret_config,
                                      struct text *why);
/* What a pod is given: the address of the API server from the environment ('host', 'port'; -EINVAL
 * when there are none, or no such) and files in 'directory'. The namespace is in a file, too:
 * 'namespace' stays NULL. */
LT_MUST_USE int k8s_kubeconfig_in_cluster(const char *host, const char *port, const char *directory,
                                          struct k8s_kubeconfig *ret_config, struct text *why);
/* Wipes secrets before freeing them. */
void k8s_kubeconfig_done(struct k8s_kubeconfig *config);

#endif
