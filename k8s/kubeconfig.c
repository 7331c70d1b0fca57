/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/kubeconfig.h"

#include "lib/base64.h"
#include "lib/mem.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Where something was found: relative paths in it start at the file's directory. */
struct found {
	const struct tree *node; /* NULL: nowhere */
	const struct k8s_kubeconfig_source *source;
};

/* What all steps of reading need. */
struct reader {
	const struct k8s_kubeconfig_source *sources;
	size_t count;
	struct text *why;
};

/* --- finding --- */

/* The entry called 'name' in the first file that has one; its member 'member'. */
static struct found find_named(const struct reader *reader, const char *list, const char *name,
                               const char *member)
{
	for (size_t i = 0; i < reader->count; i++) {
		const struct tree *entries = tree_get(reader->sources[i].tree, list);

		if (!entries || entries->kind != TREE_LIST)
			continue;
		for (const struct tree *entry = entries->child; entry; entry = entry->sibling) {
			const char *its = tree_get_text(entry, "name");

			if (its && strcmp(its, name) == 0)
				return (struct found){tree_get(entry, member), &reader->sources[i]};
		}
	}
	return (struct found){NULL, NULL};
}

static const char *current_context(const struct reader *reader)
{
	for (size_t i = 0; i < reader->count; i++) {
		const char *name = tree_get_text(reader->sources[i].tree, "current-context");

		if (name && name[0] != '\0')
			return name;
	}
	return NULL;
}

/* --- what is wrong --- */

static int refuse(struct text *why, const struct k8s_kubeconfig_source *source,
                  const struct tree *node, const char *message)
{
	if (source && node && node->key_line > 0)
		text_printf(why, "%s:%u: ", source->path, node->key_line);
	else if (source)
		text_printf(why, "%s: ", source->path);
	text_add(why, message);
	return -EINVAL;
}

/* "user \"admin\": exec: ..." */
static int refuse_member(struct text *why, const struct found *where, const char *what,
                         const char *name, const char *member, const char *message)
{
	struct text text = {0};
	int r;

	text_printf(&text, "%s \"%s\": %s: %s", what, name, member, message);
	r = refuse(why, where->source, tree_get(where->node, member), text_str(&text));
	text_done(&text);
	return r;
}

/* --- values --- */

/* A text that is not empty; NULL otherwise. */
static const char *text_of(const struct found *where, const char *member)
{
	const char *text = tree_get_text(where->node, member);

	return text && text[0] != '\0' ? text : NULL;
}

static char *copy_of(const char *s)
{
	return s ? xstrdup(s) : NULL;
}

static char *path_of(const struct k8s_kubeconfig_source *source, const char *path)
{
	struct text text = {0};

	if (path[0] != '/')
		text_printf(&text, "%s/", source->directory);
	text_add(&text, path);
	return text_take(&text);
}

static void item_done(struct k8s_kubeconfig_item *item)
{
	if (item->data)
		explicit_bzero(item->data, item->size);
	free(item->data);
	free(item->path);
	*item = (struct k8s_kubeconfig_item){NULL, NULL, 0};
}

/* A file or its content: "client-key" or "client-key-data", which goes before. */
static int read_item(const struct reader *reader, const struct found *where, const char *what,
                     const char *name, const char *member, struct k8s_kubeconfig_item *item)
{
	const char *path = text_of(where, member);
	struct text key = {0};
	const char *data;
	int r = 0;

	text_printf(&key, "%s-data", member);
	data = text_of(where, text_str(&key));
	if (data && base64_decode(data, &item->data, &item->size) < 0)
		r = refuse_member(reader->why, where, what, name, text_str(&key),
		                  "this is no base64");
	else if (!data && path)
		item->path = path_of(where->source, path);
	text_done(&key);
	return r;
}

static bool is_true(const struct tree *node)
{
	return node && node->kind == TREE_BOOL && node->boolean;
}

/* --- the three parts --- */

static int read_server(const struct reader *reader, const struct found *cluster, const char *name,
                       struct k8s_kubeconfig *config)
{
	const char *server = text_of(cluster, "server");
	size_t len;

	if (!server ||
	    (!text_starts_with(server, "https://") && !text_starts_with(server, "http://")))
		return refuse_member(reader->why, cluster, "cluster", name, "server",
		                     "must be a URL: https://HOST:PORT");
	len = strlen(server);
	while (len > strlen("https://") && server[len - 1] == '/')
		len--;
	config->server = xstrdup(server);
	config->server[len] = '\0';
	return 0;
}

static int read_cluster(const struct reader *reader, const char *name,
                        struct k8s_kubeconfig *config)
{
	struct found cluster = find_named(reader, "clusters", name, "cluster");
	int r;

	if (!cluster.node) {
		text_printf(reader->why, "there is no cluster \"%s\"", name);
		return -EINVAL;
	}
	if (text_of(&cluster, "proxy-url"))
		return refuse_member(reader->why, &cluster, "cluster", name, "proxy-url",
		                     "proxies are not used: the API server must be reachable");
	r = read_server(reader, &cluster, name, config);
	if (r == 0)
		r = read_item(reader, &cluster, "cluster", name, "certificate-authority",
		              &config->ca);
	config->server_name = copy_of(text_of(&cluster, "tls-server-name"));
	config->insecure = is_true(tree_get(cluster.node, "insecure-skip-tls-verify"));
	if (r == 0 && config->insecure && (config->ca.data || config->ca.path))
		r = refuse_member(reader->why, &cluster, "cluster", name,
		                  "insecure-skip-tls-verify",
		                  "contradicts certificate-authority: remove one of them");
	return r;
}

/* What would need another program, or would make us somebody else. */
static int refuse_others(const struct reader *reader, const struct found *user, const char *name)
{
	static const struct {
		const char *member, *message;
	} others[] = {
		{"exec", "programs are never run for credentials: use a token, tokenFile or a "
	                 "client certificate (a service account's token will do)"},
		{"auth-provider",
	         "such plug-ins are not supported: use a token, tokenFile or a client "
	         "certificate"},
		{"as", "impersonation is not supported"},
		{"as-groups", "impersonation is not supported"},
		{"as-uid", "impersonation is not supported"},
		{"as-user-extra", "impersonation is not supported"},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(others); i++) {
		const struct tree *node = tree_get(user->node, others[i].member);

		if (node && node->kind != TREE_NULL)
			return refuse_member(reader->why, user, "user", name, others[i].member,
			                     others[i].message);
	}
	return 0;
}

static bool is_given(const struct k8s_kubeconfig_item *item)
{
	return item->data || item->path;
}

/* Something that nobody on the way may read. */
static bool has_secret(const struct k8s_kubeconfig *config)
{
	return is_given(&config->token) || config->username;
}

static void read_token(const struct found *user, struct k8s_kubeconfig *config)
{
	const char *file = text_of(user, "tokenFile");
	const char *token = text_of(user, "token");

	/* client-go: the file goes before, as it can be renewed. */
	if (file) {
		config->token.path = path_of(user->source, file);
	} else if (token) {
		config->token.data = xstrdup(token);
		config->token.size = strlen(token);
	}
}

/* It becomes a line of a request. */
static bool is_printable(const char *s)
{
	for (; s && *s != '\0'; s++) {
		if ((unsigned char)*s <= ' ' || *s == 0x7f)
			return false;
	}
	return true;
}

static int read_user(const struct reader *reader, const char *name, struct k8s_kubeconfig *config)
{
	struct found user = find_named(reader, "users", name, "user");
	int r;

	if (!user.node) {
		text_printf(reader->why, "there is no user \"%s\"", name);
		return -EINVAL;
	}
	r = refuse_others(reader, &user, name);
	if (r < 0)
		return r;
	read_token(&user, config);
	config->username = copy_of(text_of(&user, "username"));
	config->password = copy_of(text_of(&user, "password"));
	if (!is_printable(config->token.data))
		return refuse_member(reader->why, &user, "user", name, "token",
		                     "holds blanks or control characters");
	r = read_item(reader, &user, "user", name, "client-certificate", &config->certificate);
	if (r == 0)
		r = read_item(reader, &user, "user", name, "client-key", &config->key);
	if (r == 0 && is_given(&config->certificate) != is_given(&config->key))
		r = refuse_member(reader->why, &user, "user", name, "client-certificate",
		                  "client-certificate and client-key belong together");
	if (r == 0 && has_secret(config) && text_starts_with(config->server, "http://"))
		r = refuse_member(reader->why, &user, "user", name,
		                  config->username ? "password" : "token",
		                  "would be sent in clear: the server's URL is not https");
	return r;
}

static int read_context(const struct reader *reader, const char *name,
                        struct k8s_kubeconfig *config)
{
	struct found context = find_named(reader, "contexts", name, "context");
	const char *cluster, *user, *namespace;
	int r;

	if (!context.node) {
		text_printf(reader->why, "there is no context \"%s\"", name);
		return -EINVAL;
	}
	cluster = text_of(&context, "cluster");
	user = text_of(&context, "user");
	namespace = text_of(&context, "namespace");
	if (!cluster)
		return refuse_member(reader->why, &context, "context", name, "cluster",
		                     "must name one");
	config->context = xstrdup(name);
	config->namespace = xstrdup(namespace ? namespace : "default");
	r = read_cluster(reader, cluster, config);
	/* Nobody in particular is somebody, too: behind "kubectl proxy". */
	return r == 0 && user ? read_user(reader, user, config) : r;
}

/* --- from outside --- */

int k8s_kubeconfig_decode(const struct k8s_kubeconfig_source *sources, size_t count,
                          const char *context, struct k8s_kubeconfig *ret_config, struct text *why)
{
	struct reader reader = {.sources = sources, .count = count, .why = why};
	struct k8s_kubeconfig config = {0};
	int r;

	for (size_t i = 0; i < count; i++) {
		if (!sources[i].tree || sources[i].tree->kind != TREE_MAP)
			return refuse(why, &sources[i], NULL, "this is no kubeconfig");
	}
	if (!context)
		context = current_context(&reader);
	if (!context)
		return refuse(why, count > 0 ? &sources[0] : NULL, NULL,
		              "current-context is not set: name a context");
	r = read_context(&reader, context, &config);
	if (r < 0) {
		k8s_kubeconfig_done(&config);
		return r;
	}
	*ret_config = config;
	return 0;
}

static char *join(const char *directory, const char *name)
{
	struct text text = {0};

	text_printf(&text, "%s/%s", directory, name);
	return text_take(&text);
}

int k8s_kubeconfig_in_cluster(const char *host, const char *port, const char *directory,
                              struct k8s_kubeconfig *ret_config, struct text *why)
{
	struct k8s_kubeconfig config = {0};
	struct text server = {0};

	if (!host || host[0] == '\0' || !port || port[0] == '\0' ||
	    port[strspn(port, "0123456789")] != '\0') {
		text_add(why, "KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT don't say where "
		              "the API server is");
		return -EINVAL;
	}
	text_printf(&server, strchr(host, ':') ? "https://[%s]:%s" : "https://%s:%s", host, port);
	config.server = text_take(&server);
	config.ca.path = join(directory, "ca.crt");
	config.token.path = join(directory, "token");
	config.context = xstrdup("in-cluster");
	*ret_config = config;
	return 0;
}

static void wipe(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void k8s_kubeconfig_done(struct k8s_kubeconfig *config)
{
	free(config->server);
	free(config->server_name);
	item_done(&config->ca);
	item_done(&config->certificate);
	item_done(&config->key);
	item_done(&config->token);
	free(config->username);
	wipe(config->password);
	free(config->namespace);
	free(config->context);
	*config = (struct k8s_kubeconfig){0};
}
