/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The text of a kubeconfig is read as the daemon does it, by files/yaml. */
#include "k8s/kubeconfig.h"

#include "files/yaml.h"
#include "tests/unit.h"

#include <errno.h>
#include <string.h>

static struct arena arena;
static struct text why;
static struct k8s_kubeconfig config;

static void setup(void)
{
	arena_init(&arena);
	config = (struct k8s_kubeconfig){0};
}

static void teardown(void)
{
	k8s_kubeconfig_done(&config);
	text_done(&why);
	arena_done(&arena);
}

static const struct tree *read_yaml(const char *text)
{
	struct tree *documents = tree_new(&arena, TREE_LIST, 1);
	struct model_problems problems;

	model_problems_init(&problems);
	files_yaml_read(text, strlen(text), "kubeconfig", &arena, documents, &problems);
	model_problems_done(&problems);
	return documents->child;
}

static int decode(const char *text, const char *context)
{
	struct k8s_kubeconfig_source source = {read_yaml(text), "dir/config", "dir"};

	return k8s_kubeconfig_decode(&source, 1, context, &config, &why);
}

#define CONTEXTS                                                        \
	"current-context: one\n"                                        \
	"contexts:\n"                                                   \
	"- {name: one, context: {cluster: c, user: u, namespace: n}}\n" \
	"- {name: two, context: {cluster: c}}\n"
#define CLUSTER "clusters:\n- name: c\n  cluster:\n    server: https://10.0.0.1:6443/\n"
#define USER    "users:\n- name: u\n  user:\n"

START_TEST(files_and_names_are_taken_over)
{
	ck_assert_int_eq(decode(CONTEXTS CLUSTER "    certificate-authority: pki/ca.crt\n"
	                                         "    tls-server-name: api.example\n" USER
	                                         "    client-certificate: /abs/me.crt\n"
	                                         "    client-key: me.key\n",
	                        NULL),
	                 0);
	ck_assert_str_eq(config.server, "https://10.0.0.1:6443");
	ck_assert_str_eq(config.server_name, "api.example");
	ck_assert_str_eq(config.ca.path, "dir/pki/ca.crt");
	ck_assert_str_eq(config.certificate.path, "/abs/me.crt");
	ck_assert_str_eq(config.key.path, "dir/me.key");
	ck_assert_str_eq(config.namespace, "n");
	ck_assert_str_eq(config.context, "one");
	ck_assert(!config.insecure);
	ck_assert_ptr_null(config.token.path);
	ck_assert_ptr_null(config.token.data);
}
END_TEST

START_TEST(data_goes_before_files)
{
	ck_assert_int_eq(decode(CONTEXTS CLUSTER "    certificate-authority: ca.crt\n"
	                                         "    certificate-authority-data: Q0E=\n" USER
	                                         "    client-certificate-data: Q1JU\n"
	                                         "    client-key-data: S0VZ\n",
	                        NULL),
	                 0);
	ck_assert_ptr_null(config.ca.path);
	ck_assert_str_eq(config.ca.data, "CA");
	ck_assert_uint_eq(config.ca.size, 2);
	ck_assert_str_eq(config.certificate.data, "CRT");
	ck_assert_str_eq(config.key.data, "KEY");
}
END_TEST

START_TEST(a_token_may_stand_there_or_in_a_file_that_goes_before)
{
	ck_assert_int_eq(decode(CONTEXTS CLUSTER USER "    token: abc.def\n", NULL), 0);
	ck_assert_str_eq(config.token.data, "abc.def");
	ck_assert_uint_eq(config.token.size, 7);
	k8s_kubeconfig_done(&config);
	ck_assert_int_eq(decode(CONTEXTS CLUSTER USER "    token: abc\n    tokenFile: t\n", NULL),
	                 0);
	ck_assert_ptr_null(config.token.data);
	ck_assert_str_eq(config.token.path, "dir/t");
}
END_TEST

START_TEST(another_context_may_be_named_and_may_have_no_user)
{
	ck_assert_int_eq(decode(CONTEXTS CLUSTER USER "    token: abc\n", "two"), 0);
	ck_assert_ptr_null(config.token.data);
	ck_assert_str_eq(config.namespace, "default");
	ck_assert_str_eq(config.context, "two");
}
END_TEST

START_TEST(json_is_a_kubeconfig_too)
{
	ck_assert_int_eq(
		decode("{\"current-context\":\"a\",\"contexts\":[{\"name\":\"a\",\"context\":{"
	               "\"cluster\":\"b\"}}],\"clusters\":[{\"name\":\"b\",\"cluster\":{\"server\":"
	               "\"http://127.0.0.1:8001\",\"insecure-skip-tls-verify\":true}}]}",
	               NULL),
		0);
	ck_assert_str_eq(config.server, "http://127.0.0.1:8001");
	ck_assert(config.insecure);
}
END_TEST

START_TEST(of_several_files_the_first_that_has_it_counts)
{
	const struct k8s_kubeconfig_source sources[] = {
		{read_yaml("contexts:\n- {name: one, context: {cluster: c, user: u}}\n"), "a/1",
	         "a"},
		{read_yaml(CONTEXTS CLUSTER "    certificate-authority: ca.crt\n"), "b/2", "b"},
		{read_yaml("current-context: two\nclusters:\n- {name: c, cluster: {server: "
	                   "'https://wrong'}}\n" USER "    tokenFile: t\n"),
	         "c/3", "c"},
	};

	ck_assert_int_eq(
		k8s_kubeconfig_decode(sources, LT_ARRAY_SIZE(sources), NULL, &config, &why), 0);
	ck_assert_str_eq(config.context, "one");
	ck_assert_str_eq(config.namespace, "default");
	ck_assert_str_eq(config.server, "https://10.0.0.1:6443");
	ck_assert_str_eq(config.ca.path, "b/ca.crt");
	ck_assert_str_eq(config.token.path, "c/t");
}
END_TEST

static const struct {
	const char *text, *why;
} refused[] = {
	{"a text", "dir/config: this is no kubeconfig"},
	{"apiVersion: v1\n", "dir/config: current-context is not set: name a context"},
	{"current-context: x\n", "there is no context \"x\""},
	{"current-context: x\ncontexts:\n- {name: x, context: {user: u}}\n",
         "dir/config: context \"x\": cluster: must name one"},
	{CONTEXTS, "there is no cluster \"c\""},
	{CONTEXTS CLUSTER, "there is no user \"u\""},
	{CONTEXTS "clusters:\n- {name: c, cluster: {}}\n",
         "dir/config: cluster \"c\": server: must be a URL: https://HOST:PORT"},
	{CONTEXTS "clusters:\n- name: c\n  cluster:\n    server: 10.0.0.1:6443\n",
         "dir/config:8: cluster \"c\": server: must be a URL: https://HOST:PORT"},
	{CONTEXTS CLUSTER "    proxy-url: http://proxy\n",
         "dir/config:9: cluster \"c\": proxy-url: proxies are not used: the API server must be "
         "reachable"},
	{CONTEXTS CLUSTER "    certificate-authority-data: '***'\n",
         "dir/config:9: cluster \"c\": certificate-authority-data: this is no base64"},
	{CONTEXTS CLUSTER "    certificate-authority: x\n    insecure-skip-tls-verify: true\n",
         "dir/config:10: cluster \"c\": insecure-skip-tls-verify: contradicts "
         "certificate-authority: remove one of them"},
	{CONTEXTS CLUSTER USER "    exec: {command: aws}\n",
         "dir/config:12: user \"u\": exec: programs are never run for credentials: use a token, "
         "tokenFile or a client certificate (a service account's token will do)"},
	{CONTEXTS CLUSTER USER "    auth-provider: {name: gcp}\n",
         "dir/config:12: user \"u\": auth-provider: such plug-ins are not supported: use a token, "
         "tokenFile or a client certificate"},
	{CONTEXTS CLUSTER USER "    as: admin\n",
         "dir/config:12: user \"u\": as: impersonation is not supported"},
	{CONTEXTS CLUSTER USER "    client-key: k\n",
         "dir/config: user \"u\": client-certificate: client-certificate and client-key belong "
         "together"},
	{CONTEXTS CLUSTER USER "    client-key: k\n    client-certificate-data: '='\n",
         "dir/config:13: user \"u\": client-certificate-data: this is no base64"},
	{CONTEXTS CLUSTER USER "    token: \"abc\\r\\nX-Other: header\"\n",
         "dir/config:12: user \"u\": token: holds blanks or control characters"},
	{CONTEXTS "clusters:\n- {name: c, cluster: {server: 'http://10.0.0.1'}}\n" USER
                  "    token: abc\n",
         "dir/config:10: user \"u\": token: would be sent in clear: the server's URL is not "
         "https"},
};

START_TEST(what_is_wrong_is_said_with_its_place)
{
	ck_assert_int_eq(decode(refused[_i].text, NULL), -EINVAL);
	ck_assert_str_eq(text_str(&why), refused[_i].why);
	ck_assert_ptr_null(config.server);
}
END_TEST

static const struct {
	const char *host, *port, *server; /* NULL: refused */
} pods[] = {
	{"10.0.0.1", "443", "https://10.0.0.1:443"},
	{"fd00::1", "443", "https://[fd00::1]:443"},
	{"kubernetes.default.svc", "6443", "https://kubernetes.default.svc:6443"},
	{NULL, "443", NULL},
	{"10.0.0.1", NULL, NULL},
	{"", "443", NULL},
	{"10.0.0.1", "tcp://10.0.0.1:443", NULL},
};

START_TEST(a_pod_is_told_by_its_environment)
{
	int r = k8s_kubeconfig_in_cluster(pods[_i].host, pods[_i].port, "/run/sa", &config, &why);

	if (!pods[_i].server) {
		ck_assert_int_eq(r, -EINVAL);
		ck_assert_uint_gt(why.len, 0);
		return;
	}
	ck_assert_int_eq(r, 0);
	ck_assert_str_eq(config.server, pods[_i].server);
	ck_assert_str_eq(config.ca.path, "/run/sa/ca.crt");
	ck_assert_str_eq(config.token.path, "/run/sa/token");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_kubeconfig", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, files_and_names_are_taken_over);
	tcase_add_test(tests, data_goes_before_files);
	tcase_add_test(tests, a_token_may_stand_there_or_in_a_file_that_goes_before);
	tcase_add_test(tests, another_context_may_be_named_and_may_have_no_user);
	tcase_add_test(tests, json_is_a_kubeconfig_too);
	tcase_add_test(tests, of_several_files_the_first_that_has_it_counts);
	tcase_add_loop_test(tests, what_is_wrong_is_said_with_its_place, 0, LT_ARRAY_SIZE(refused));
	tcase_add_loop_test(tests, a_pod_is_told_by_its_environment, 0, LT_ARRAY_SIZE(pods));
	return unit_run(suite);
}
