/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows: what comes in, and what is kept of it, as it is written to disk. */
#include "k8s/decode.h"

#include "k8s/encode.h"
#include "k8s/json_read.h"
#include "k8s/stamp.h"
#include "tests/k8s/cluster.h"
#include "tests/unit.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct row {
	enum k8s_kind kind;
	const char *in;   /* ' for " */
	const char *kept; /* after kind and apiVersion; ' for " */
};

#define META "'metadata':{'namespace':'d','name':'n'}"

static const struct row rows[] = {
	{K8S_NAMESPACE, "{'metadata':{'name':'n','labels':{'b':'2','a':'1','c':3}}}",
         "'metadata':{'name':'n','labels':{'a':'1','b':'2'}}"},
	{K8S_SERVICE,
         "{'metadata':{'namespace':'d','name':'n','annotations':{'x':'y',"
         "'lintel.io/addresses':'1','metallb.universe.tf/a':'2'}},'spec':7}",
         "'metadata':{'namespace':'d','name':'n','annotations':{'lintel.io/addresses':'1',"
         "'metallb.universe.tf/a':'2'}},'spec':{'ports':[]}"},
	{K8S_SERVICE,
         "{" META
         ",'spec':{'type':'LoadBalancer','ports':[{'port':80,'protocol':'TCP','targetPort':"
         "'x'},{'port':0},{'port':70000},{'port':'80'},{'port':53,'protocol':'UDP','nodePort':"
         "30000},{'port':1,'protocol':'GRE'}],'sessionAffinity':'ClientIP','ipFamilies':['IPv6',"
         "'IPX','IPv4','IPv6'],'allocateLoadBalancerNodePorts':false}}",
         META ",'spec':{'type':'LoadBalancer','allocateLoadBalancerNodePorts':false,"
              "'sessionAffinity':'ClientIP','sessionAffinityConfig':{'clientIP':{'timeoutSeconds':"
              "10800}},'ipFamilies':['IPv6','IPv4'],'ports':[{'port':80},{'protocol':'UDP','port':"
              "53,'nodePort':30000}]}"},
	{K8S_SERVICE,
         "{" META ",'status':{'loadBalancer':{'ingress':[{'ip':'10.0.0.1','ipMode':'Proxy'},{'ip':"
         "'x','hostname':'h'},7]}}}",
         META ",'spec':{'ports':[]},'status':{'loadBalancer':{'ingress':[{'ip':'10.0.0.1','ipMode':"
              "'Proxy'},{'hostname':'h'},{}]}}"},
	{K8S_SLICE,
         "{'metadata':{'namespace':'d','name':'n',"
         "'labels':{'app':'web','kubernetes.io/service-name':'s'}},"
         "'addressType':'IPv4','endpoints':[{'addresses':['10.0.0.1','10.0.0.2'],'nodeName':'a'},"
         "{'addresses':['::1']},{'addresses':[]},{'addresses':['10.0.0.3'],'conditions':{'ready':"
         "false}},{'addresses':['10.0.0.4'],'conditions':{'ready':null,'serving':null}},7],'ports':"
         "[{'name':'p','port':1},{'name':'all'}]}",
         "'metadata':{'namespace':'d','name':'n','labels':{'kubernetes.io/service-name':'s'}},"
         "'addressType':'IPv4','endpoints':[{'addresses':['10.0.0.1'],'conditions':{},'nodeName':"
         "'a'},{'addresses':['10.0.0.3'],'conditions':{'ready':false}},{'addresses':['10.0.0.4'],"
         "'conditions':{}}],'ports':[{'name':'p','port':1}]"},
	{K8S_NODE,
         "{'metadata':{'name':'n'},'spec':{'unschedulable':true,'taints':[{'key':'k','effect':'e'}]"
         "},'status':{'conditions':[{'type':'X','status':'True'},{'type':'Ready','status':"
         "'Unknown'}],'addresses':[{'type':'ExternalIP','address':'192.0.2.1'},{'type':'InternalIP'"
         ","
         "'address':'10.0.0.1'},{'type':'Hostname','address':'n'}]}}",
         "'metadata':{'name':'n'},'spec':{'unschedulable':true,'taints':[{'key':'k','effect':'e'}]}"
         ","
         "'status':{'conditions':[],'addresses':[{'type':'InternalIP','address':'10.0.0.1'},{'type'"
         ":"
         "'ExternalIP','address':'192.0.2.1'}]}"},
	{K8S_CONFIG_MAP, "{" META ",'data':{'bind-port':'80','other':'x','bind-ip':7}}",
         META ",'data':{'bind-port':'80'}"},
	{K8S_ADDRESS_POOL,
         "{'metadata':{'name':'n','finalizers':['f',7,'lintel.io/"
         "cleanup'],'creationTimestamp':'2026-11-21T06:43:43Z'},"
         "'spec':{'b':1,'a':2},'status':{'addresses':['10.0.0.1']}}",
         "'metadata':{'name':'n','creationTimestamp':'2026-11-21T06:43:43Z','finalizers':['lintel."
         "io/cleanup']},"
         "'spec':{'a':2,'b':1},'status':{'addresses':['10.0.0.1']}"},
};

START_TEST(what_counts_is_kept)
{
	const struct row *row = &rows[_i];
	struct k8s_object *object = cluster_object(row->kind, "%s", row->in);
	struct text text = {0}, expected = {0};

	k8s_encode(object, true, &text);
	text_printf(&expected, "{'apiVersion':'%s','kind':'%s',%s}",
	            k8s_kind_api_version(row->kind), k8s_kind_name(row->kind), row->kept);
	for (char *s = expected.data; *s; s++)
		*s = *s == '\'' ? '"' : *s;
	ck_assert_str_eq(text_str(&text), text_str(&expected));
	k8s_object_release(object);
	text_done(&text);
	text_done(&expected);
}
END_TEST

static const struct {
	enum k8s_kind kind;
	const char *in;
	enum k8s_decode_fault fault;
} wrong[] = {
	{K8S_NODE, "[]", K8S_DECODE_NO_OBJECT},
	{K8S_NODE, "{}", K8S_DECODE_NO_NAME},
	{K8S_NODE, "{'metadata':{'name':''}}", K8S_DECODE_NO_NAME},
	{K8S_NODE, "{'metadata':{'name':'a/b'}}", K8S_DECODE_NO_NAME},
	{K8S_NODE, "{'metadata':{'name':'..'}}", K8S_DECODE_NO_NAME},
	{K8S_NODE, "{'metadata':{'name':7}}", K8S_DECODE_NO_NAME},
	{K8S_SERVICE, "{'metadata':{'name':'a'}}", K8S_DECODE_NO_NAMESPACE},
	{K8S_SERVICE, "{'metadata':{'name':'a','namespace':'b c'}}", K8S_DECODE_NO_NAMESPACE},
	{K8S_SERVICE, "{'kind':'Node','metadata':{'name':'a','namespace':'b'}}",
         K8S_DECODE_OTHER_KIND},
};

START_TEST(what_is_no_object_is_told)
{
	enum k8s_decode_fault fault = K8S_DECODE_FINE;
	struct arena arena;
	char *text = strdup(wrong[_i].in);

	for (char *s = text; *s; s++)
		*s = *s == '\'' ? '"' : *s;
	arena_init(&arena);
	ck_assert_ptr_null(
		k8s_decode(wrong[_i].kind, k8s_json_read(text, strlen(text), &arena), &fault));
	ck_assert_int_eq(fault, wrong[_i].fault);
	arena_done(&arena);
	free(text);
}
END_TEST

START_TEST(our_own_kinds_have_the_messages_of_files)
{
	struct k8s_object *object = cluster_object(
		K8S_VIRTUAL_ROUTER, "{'metadata':{'name':'n'},'spec':{'virtualRouterId':0,"
				    "'interface':'eth0','priorty':1}}");

	ck_assert(!object->custom.valid);
	ck_assert_str_eq(object->custom.problems,
	                 "spec.virtualRouterId: 0 is out of range; allowed: an integer from 1 to "
	                 "255; spec.priorty: unknown field 'priorty'; did you mean 'priority'?");
	k8s_object_release(object);
	object = cluster_object(K8S_VIRTUAL_ROUTER,
	                        "{'metadata':{'name':'n'},'spec':{'virtualRouterId':7,'interface':"
	                        "'eth0','priority':9}}");
	ck_assert(object->custom.valid && object->custom.says_priority);
	ck_assert(!object->custom.says_peers);
	ck_assert_uint_eq(object->custom.objects->routers[0]->virtual_router_id, 7);
	k8s_object_release(object);
}
END_TEST

START_TEST(only_the_version_is_the_same)
{
	struct k8s_object *a = cluster_object(
		K8S_NODE, "{'metadata':{'name':'n','resourceVersion':'1','generation':1}}");
	struct k8s_object *b = cluster_object(
		K8S_NODE, "{'metadata':{'name':'n','resourceVersion':'2','generation':2}}");
	struct k8s_object *c =
		cluster_object(K8S_NODE, "{'metadata':{'name':'n'},'spec':{'unschedulable':true}}");

	ck_assert(k8s_object_same(a, b));
	ck_assert(!k8s_object_same(a, c));
	k8s_object_release(a);
	k8s_object_release(b);
	k8s_object_release(c);
}
END_TEST

START_TEST(a_depth_that_is_refused_is_the_objects_own_fault)
{
	struct k8s_object *object;
	struct text deep = {0};

	for (int i = 0; i < TREE_DEPTH_MAX; i++)
		text_add(&deep, "[");
	for (int i = 0; i < TREE_DEPTH_MAX; i++)
		text_add(&deep, "]");
	object = cluster_object(K8S_ADDRESS_POOL, "{'metadata':{'name':'n'},'spec':{'x':%s}}",
	                        text_str(&deep));
	ck_assert(!object->custom.valid);
	ck_assert_str_eq(object->custom.problems, "is too large, or too deeply nested");
	k8s_object_release(object);
	text_done(&deep);
}
END_TEST

static const struct {
	const char *text;
	int64_t seconds; /* -1: none */
} stamps[] = {
	{"1970-01-01T00:00:00Z", 0},
	{"2000-02-29T12:34:56Z", 951827696},
	{"2026-11-21T06:43:43Z", 1795243423},
	{"2100-03-01T00:00:00Z", 4107542400},
	{"2026-11-21T06:43:43.123456Z", 1795243423},
	{"2026-11-21T06:43:43", -1},
	{"2026-13-21T06:43:43Z", -1},
	{"2026-11-21 06:43:43Z", -1},
	{"", -1},
};

START_TEST(times_are_read_and_written)
{
	char buf[K8S_STAMP_SIZE];
	int64_t seconds;
	int r = k8s_stamp_parse(stamps[_i].text, &seconds);

	ck_assert_int_eq(r, stamps[_i].seconds < 0 ? -EINVAL : 0);
	if (r < 0)
		return;
	ck_assert_int_eq(seconds, stamps[_i].seconds);
	if (!strchr(stamps[_i].text, '.'))
		ck_assert_str_eq(k8s_stamp_format(seconds, buf), stamps[_i].text);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_decode", &tests);

	tcase_add_loop_test(tests, what_counts_is_kept, 0, (int)LT_ARRAY_SIZE(rows));
	tcase_add_loop_test(tests, what_is_no_object_is_told, 0, (int)LT_ARRAY_SIZE(wrong));
	tcase_add_test(tests, our_own_kinds_have_the_messages_of_files);
	tcase_add_test(tests, only_the_version_is_the_same);
	tcase_add_test(tests, a_depth_that_is_refused_is_the_objects_own_fault);
	tcase_add_loop_test(tests, times_are_read_and_written, 0, (int)LT_ARRAY_SIZE(stamps));
	return unit_run(suite);
}
