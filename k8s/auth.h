/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/auth.h - who we are for the API server, kept fresh.
 *
 * I/O: reads the files that the configuration names, again when they were read a minute ago or were
 * refused since. Tokens of pods are replaced about every hour, certificates and authorities now and
 * then; a file that can't be read any more leaves what was read before. */

#ifndef LINTEL_K8S_AUTH_H
#define LINTEL_K8S_AUTH_H

#include "k8s/kubeconfig.h"
#include "lib/compiler.h"

#include <stdint.h>

#define K8S_AUTH_REREAD_US     INT64_C(60000000) /* at the latest */
#define K8S_AUTH_REFUSED_US    INT64_C(1000000)  /* at the earliest, when refused again and again */

#define K8S_AUTH_POD_DIRECTORY "/var/run/secrets/kubernetes.io/serviceaccount"

struct k8s_auth;

/* What a request needs. Texts belong to the k8s_auth and live until its next use. */
struct k8s_identity {
	const char *server;      /* "https://10.0.0.1:6443" */
	const char *server_name; /* to expect in its certificate; NULL: that of 'server' */
	bool insecure;           /* its certificate is not looked at */
	const char *ca;          /* PEM; NULL: what the system trusts */
	size_t ca_size;
	const char *certificate; /* PEM; NULL: none */
	size_t certificate_size;
	const char *key; /* PEM */
	size_t key_size;
	const char *authorization; /* value of the header; NULL: none */
};

/* Takes what 'config' holds ('config' is empty afterwards) and reads the files. -errno of the
 * first that can't be read, its name in 'why'. */
LT_MUST_USE int k8s_auth_open(struct k8s_kubeconfig *config, int64_t now_us,
                              struct k8s_auth **ret_auth, struct text *why);
/* As a pod: the environment says where, K8S_AUTH_POD_DIRECTORY who. -ENOENT: this is no pod. */
LT_MUST_USE int k8s_auth_open_in_cluster(int64_t now_us, struct k8s_auth **ret_auth,
                                         struct text *why);
void k8s_auth_free(struct k8s_auth *auth); /* NULL accepted */

const struct k8s_identity *k8s_auth_identity(struct k8s_auth *auth, int64_t now_us);
/* A 401: the files are read again with the next use. */
void k8s_auth_refused(struct k8s_auth *auth);
/* Where objects of our own belong (leases, events). */
const char *k8s_auth_namespace(const struct k8s_auth *auth);
/* The API server, for people. */
const char *k8s_auth_server(const struct k8s_auth *auth);

#endif
