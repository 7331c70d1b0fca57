/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/auth.h"

#include "lib/base64.h"
#include "lib/fileio.h"
#include "lib/log.h"
#include "lib/mem.h"
#include "lib/mono.h"
#include "lib/text.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define COMPONENT "k8s"
#define FILE_MAX  (1024 * 1024) /* a bundle of authorities; tokens are some kB */

/* The content of one item as it is now. */
struct content {
	char *data; /* owned; NULL: not given */
	size_t size;
	int error; /* of the last reading, -errno: told once */
};

struct k8s_auth {
	struct k8s_kubeconfig config;
	struct content ca;
	struct content certificate;
	struct content key;
	struct content token;
	char *authorization; /* owned */
	char *namespace;     /* owned */
	int64_t read_us;
	bool refused;
	struct k8s_identity identity;
};

static void wipe(char *data, size_t size)
{
	if (data)
		explicit_bzero(data, size);
	free(data);
}

static void note_error(struct content *content, const char *path, int error)
{
	if (content->error == error)
		return;
	content->error = error;
	if (error < 0 && content->data)
		log_warn(COMPONENT,
		         "credentials can't be read again, using those read before "
		         "file=\"%s\" error=\"%s\"",
		         path, strerror(-error));
	else if (error == 0)
		log_notice(COMPONENT, "credentials can be read again file=\"%s\"", path);
}

/* Only files can have changed. What is there stays when they can't be read. */
static int read_content(const struct k8s_kubeconfig_item *item, struct content *content)
{
	char *data;
	size_t size;
	int r;

	if (!item->path) {
		if (item->data && !content->data) {
			content->data = xmemdup(item->data, item->size + 1);
			content->size = item->size;
		}
		return 0;
	}
	r = fileio_read(item->path, FILE_MAX, &data, &size);
	/* An empty file is one that is being written. */
	if (r == 0 && size == 0) {
		free(data);
		r = -ENODATA;
	}
	note_error(content, item->path, r);
	if (r < 0)
		return r;
	wipe(content->data, content->size);
	content->data = data;
	content->size = size;
	return 0;
}

/* A token as a line of a request: without the end of its line in the file, and nothing in it that
 * would begin another. False when there is none. */
static bool add_bearer(struct text *text, const struct content *token)
{
	size_t len = token->size;

	while (len > 0 && strchr(" \t\r\n", token->data[len - 1]))
		len--;
	for (size_t i = 0; i < len; i++) {
		if ((unsigned char)token->data[i] <= ' ' || token->data[i] == 0x7f)
			return false;
	}
	text_add(text, "Bearer ");
	text_add_len(text, token->data, len);
	return len > 0;
}

static void add_basic(struct text *text, const struct k8s_kubeconfig *config)
{
	struct text pair = {0};

	text_printf(&pair, "%s:%s", config->username, config->password ? config->password : "");
	text_add(text, "Basic ");
	base64_add(text, pair.data, pair.len);
	explicit_bzero(pair.data, pair.len);
	text_done(&pair);
}

static void make_authorization(struct k8s_auth *auth)
{
	struct text text = {0};
	bool good = true;

	if (auth->token.data)
		good = add_bearer(&text, &auth->token);
	else if (auth->config.username)
		add_basic(&text, &auth->config);
	else
		good = false;
	wipe(auth->authorization, auth->authorization ? strlen(auth->authorization) : 0);
	auth->authorization = good ? text_take(&text) : NULL;
	text_done(&text);
}

static void make_identity(struct k8s_auth *auth)
{
	make_authorization(auth);
	auth->identity = (struct k8s_identity){
		.server = auth->config.server,
		.server_name = auth->config.server_name,
		.insecure = auth->config.insecure,
		.ca = auth->ca.data,
		.ca_size = auth->ca.size,
		.certificate = auth->certificate.data,
		.certificate_size = auth->certificate.size,
		.key = auth->key.data,
		.key_size = auth->key.size,
		.authorization = auth->authorization,
	};
}

/* All of them, whatever becomes of one. -errno of the first that can't be read, '*ret_path'. */
static int read_all(struct k8s_auth *auth, int64_t now_us, const char **ret_path)
{
	const struct {
		const struct k8s_kubeconfig_item *item;
		struct content *content;
	} rows[] = {
		{&auth->config.ca, &auth->ca},
		{&auth->config.certificate, &auth->certificate},
		{&auth->config.key, &auth->key},
		{&auth->config.token, &auth->token},
	};
	int error = 0;

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		int r = read_content(rows[i].item, rows[i].content);

		if (r < 0 && error == 0) {
			error = r;
			*ret_path = rows[i].item->path;
		}
	}
	auth->read_us = now_us;
	auth->refused = false;
	make_identity(auth);
	return error;
}

int k8s_auth_open(struct k8s_kubeconfig *config, int64_t now_us, struct k8s_auth **ret_auth,
                  struct text *why)
{
	struct k8s_auth *auth = xcalloc(1, sizeof(*auth));
	const char *path = NULL;
	int r;

	auth->config = *config;
	*config = (struct k8s_kubeconfig){0};
	auth->namespace = xstrdup(auth->config.namespace ? auth->config.namespace : "default");
	r = read_all(auth, now_us, &path);
	if (r < 0) {
		text_printf(why, "%s: %s", path, strerror(-r));
		k8s_auth_free(auth);
		return r;
	}
	if (auth->identity.insecure)
		log_warn(COMPONENT,
		         "the API server's certificate is not checked, as its "
		         "kubeconfig says: whoever is on the way can be it server=%s",
		         auth->identity.server);
	*ret_auth = auth;
	return 0;
}

static void read_namespace(struct k8s_auth *auth)
{
	size_t size;
	char *data;

	if (fileio_read(K8S_AUTH_POD_DIRECTORY "/namespace", FILE_MAX, &data, &size) < 0)
		return;
	data[strcspn(data, " \t\r\n")] = '\0';
	if (data[0] == '\0') {
		free(data);
		return;
	}
	free(auth->namespace);
	auth->namespace = data;
}

int k8s_auth_open_in_cluster(int64_t now_us, struct k8s_auth **ret_auth, struct text *why)
{
	struct k8s_kubeconfig config;
	int r;

	if (k8s_kubeconfig_in_cluster(getenv("KUBERNETES_SERVICE_HOST"),
	                              getenv("KUBERNETES_SERVICE_PORT"), K8S_AUTH_POD_DIRECTORY,
	                              &config, why) < 0)
		return -ENOENT;
	r = k8s_auth_open(&config, now_us, ret_auth, why);
	if (r == 0)
		read_namespace(*ret_auth);
	return r;
}

void k8s_auth_free(struct k8s_auth *auth)
{
	if (!auth)
		return;
	k8s_kubeconfig_done(&auth->config);
	wipe(auth->ca.data, auth->ca.size);
	wipe(auth->certificate.data, auth->certificate.size);
	wipe(auth->key.data, auth->key.size);
	wipe(auth->token.data, auth->token.size);
	wipe(auth->authorization, auth->authorization ? strlen(auth->authorization) : 0);
	free(auth->namespace);
	free(auth);
}

const struct k8s_identity *k8s_auth_identity(struct k8s_auth *auth, int64_t now_us)
{
	int64_t age_us = now_us - auth->read_us;
	const char *path;

	if (age_us >= K8S_AUTH_REREAD_US || (auth->refused && age_us >= K8S_AUTH_REFUSED_US))
		(void)read_all(auth, now_us, &path); /* told above, once */
	return &auth->identity;
}

void k8s_auth_refused(struct k8s_auth *auth)
{
	auth->refused = true;
}

const char *k8s_auth_namespace(const struct k8s_auth *auth)
{
	return auth->namespace;
}

const char *k8s_auth_server(const struct k8s_auth *auth)
{
	return auth->config.server;
}
