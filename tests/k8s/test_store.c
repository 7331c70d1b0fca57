/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The store, and what is read from it of nodes. */
#include "k8s/store.h"

#include "k8s/encode.h"
#include "k8s/nodes.h"
#include "tests/k8s/cluster.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct k8s_store *store;
static char told[500];

static void changed(void *ctx, const struct k8s_object *before, const struct k8s_object *after)
{
	const struct k8s_object *object = after ? after : before;

	(void)ctx;
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "%s%s ",
	         !before  ? "+"
	         : !after ? "-"
	                  : "*",
	         object->meta.name);
}

static void renewed(void *ctx, const struct k8s_object *before, const struct k8s_object *after)
{
	(void)ctx;
	ck_assert_str_eq(before->meta.name, after->meta.name);
	ck_assert_ptr_ne(before, after);
	snprintf(told + strlen(told), sizeof(told) - strlen(told), "=%s ", after->meta.name);
}

static void set_up(void)
{
	store = k8s_store_new();
	k8s_store_observe(store, &(struct k8s_store_observer){changed, renewed, NULL});
	*told = '\0';
}

static void tear_down(void)
{
	k8s_store_free(store);
}

static void put_node(const char *name, const char *more)
{
	cluster_put(store, K8S_NODE, "{'metadata':{'name':'%s'%s}}", name, more);
}

/* Whether two slices are the same is found out without their encodings, which must agree. Rows:
 * what stands in the slice, and what in its place makes another one of it, or the same. */
static const char slice[] =
	"{'metadata':{'name':'a','namespace':'d','uid':'1',"
	"'labels':{'kubernetes.io/service-name':'s'}},'addressType':'IPv4',"
	"'ports':[{'name':'http','port':80}],"
	"'endpoints':[{'addresses':['10.0.0.1'],'nodeName':'n'},{'addresses':['10.0.0.2']}]}";

static const struct {
	const char *from, *to;
	bool same;
} slices[] = {
	{"'uid':'1'", "'uid':'1','resourceVersion':'7','generation':3", true},
	{"'uid':'1'", "'uid':'1','annotations':{'x/y':'1'}", true},
	{"'port':80", "'port':80,'protocol':'TCP'", true},
	{"'nodeName':'n'", "'nodeName':'n','conditions':{'ready':true}", true},
	{"'nodeName':'n'", "'nodeName':'n','targetRef':{'name':'p'}", true},
	{"'name':'a'", "'name':'b'", false},
	{"'namespace':'d'", "'namespace':'e'", false},
	{"'uid':'1'", "'uid':'2'", false},
	{"'uid':'1'", "'uid':'1','creationTimestamp':'2026-01-01T00:00:00Z'", false},
	{"'uid':'1'", "'uid':'1','deletionTimestamp':'2026-01-01T00:00:00Z'", false},
	{"'uid':'1'", "'uid':'1','annotations':{'lintel.io/x':'1'}", false},
	{"'uid':'1'", "'uid':'1','finalizers':['f']", true},
	{"'uid':'1'", "'uid':'1','finalizers':['lintel.io/cleanup']", false},
	{"name':'s'", "name':'t'", false},
	{"name':'s'", "name':'s','l':'1'", true},
	{"IPv4", "IPv6", false},
	{"'http'", "'web'", false},
	{"80", "81", false},
	{"'port':80", "'port':80,'protocol':'UDP'", false},
	{"80}", "80},{'name':'b','port':81}", false},
	{"'nodeName':'n'", "'nodeName':'m'", false},
	{"10.0.0.2", "10.0.0.3", false},
	{",{'addresses':['10.0.0.2']}", "", false},
	{"'nodeName':'n'", "'nodeName':'n','conditions':{'ready':false}", false},
	{"'nodeName':'n'", "'nodeName':'n','conditions':{'serving':false}", false},
	{"'nodeName':'n'", "'nodeName':'n','conditions':{'terminating':true}", false},
};

START_TEST(slices_are_the_same_when_their_encodings_are)
{
	const char *at = strstr(slice, slices[_i].from);
	struct text left = {0}, right = {0};
	struct k8s_object *a, *b;

	ck_assert_ptr_nonnull(at);
	a = cluster_object(K8S_SLICE, "%s", slice);
	b = cluster_object(K8S_SLICE, "%.*s%s%s", (int)(at - slice), slice, slices[_i].to,
	                   at + strlen(slices[_i].from));
	k8s_encode(a, false, &left);
	k8s_encode(b, false, &right);
	ck_assert((strcmp(text_str(&left), text_str(&right)) == 0) == slices[_i].same);
	ck_assert(k8s_object_same(a, b) == slices[_i].same);
	ck_assert(k8s_object_same(b, a) == slices[_i].same);
	text_done(&left);
	text_done(&right);
	k8s_object_release(a);
	k8s_object_release(b);
}
END_TEST

START_TEST(a_slice_stands_with_those_of_its_service)
{
	static const char form[] = "{'metadata':{'name':'%s','namespace':'d','labels':"
				   "{'kubernetes.io/service-name':'%s'}},'addressType':'%s'}";
	size_t count;

	cluster_put(store, K8S_SLICE, form, "a", "s", "IPv4");
	cluster_put(store, K8S_SLICE, form, "b", "s", "IPv4");
	cluster_put(store, K8S_SLICE, form, "a", "s", "IPv6");
	const struct k8s_object *const *found = k8s_store_slices(store, "d", "s", &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_eq(found[0], k8s_store_get(store, K8S_SLICE, "d", "a"));
	ck_assert_int_eq(found[0]->slice.family, ADDR_IPV6);
	cluster_put(store, K8S_SLICE, form, "a", "t", "IPv6");
	(void)k8s_store_slices(store, "d", "s", &count);
	ck_assert_uint_eq(count, 1);
	(void)k8s_store_slices(store, "d", "t", &count);
	ck_assert_uint_eq(count, 1);
	cluster_put(store, K8S_SLICE, form, "a", "", "IPv6");
	ck_assert_ptr_null(k8s_store_slices(store, "d", "t", &count));
	cluster_put(store, K8S_SLICE, form, "a", "s", "IPv6");
	(void)k8s_store_slices(store, "d", "s", &count);
	ck_assert_uint_eq(count, 2);
}
END_TEST

START_TEST(changes_are_told_and_nothing_else)
{
	put_node("a", "");
	put_node("a", ",'resourceVersion':'2'");
	put_node("a", ",'labels':{'x':'y'}");
	ck_assert(k8s_store_remove(store, K8S_NODE, "", "a"));
	ck_assert(!k8s_store_remove(store, K8S_NODE, "", "a"));
	ck_assert_str_eq(told, "+a =a *a -a ");
}
END_TEST

START_TEST(the_last_version_is_kept_even_if_nothing_changed)
{
	put_node("a", ",'resourceVersion':'1'");
	put_node("a", ",'resourceVersion':'2'");
	ck_assert_str_eq(k8s_store_get(store, K8S_NODE, "", "a")->meta.resource_version, "2");
}
END_TEST

START_TEST(objects_stand_by_name_in_whatever_order_they_came)
{
	static const char form[] = "{'metadata':{'namespace':'%.1s','name':'%s','labels':"
				   "{'kubernetes.io/service-name':'%s'}},'addressType':'IPv4'}";
	static const char *const names[] = {"bb", "ac", "bc", "aa", "ba", "ab"};
	const struct k8s_object *const *found;
	const struct k8s_object *object, *before = NULL;
	size_t count;

	for (size_t i = 0; i < LT_ARRAY_SIZE(names); i++)
		cluster_put(store, K8S_SLICE, form, names[i], names[i], i % 2 ? "s" : "t");
	ck_assert_uint_eq(k8s_store_count(store, K8S_SLICE), LT_ARRAY_SIZE(names));
	for (size_t i = 0; (object = k8s_store_at(store, K8S_SLICE, i)); before = object, i++)
		ck_assert(!before || strcmp(before->meta.name, object->meta.name) < 0);
	for (size_t i = 0; i < LT_ARRAY_SIZE(names); i++)
		ck_assert_str_eq(
			k8s_store_get(store, K8S_SLICE, (char[]){*names[i], '\0'}, names[i])
				->meta.name,
			names[i]);
	found = k8s_store_slices(store, "a", "s", &count);
	ck_assert_uint_eq(count, 3);
	for (size_t i = 0; i < count; i++)
		ck_assert_str_eq(found[i]->meta.namespace, "a");
	ck_assert(k8s_store_remove(store, K8S_SLICE, "a", "ab"));
	ck_assert(k8s_store_remove(store, K8S_SLICE, "b", "bc"));
	(void)k8s_store_slices(store, "a", "s", &count);
	ck_assert_uint_eq(count, 2);
	(void)k8s_store_slices(store, "b", "t", &count);
	ck_assert_uint_eq(count, 2);
	ck_assert_ptr_null(k8s_store_slices(store, "b", "s", &count));
}
END_TEST

START_TEST(namespaces_stand_in_the_order_in_which_they_are_listed)
{
	static const char form[] =
		"{'metadata':{'namespace':'%s','name':'x'},'addressType':'IPv4'}";
	static const char *const sorted[] = {"a-b", "a.b", "a", "a0", "ab", "b"};

	for (size_t i = 0; i < LT_ARRAY_SIZE(sorted); i++)
		cluster_put(store, K8S_SLICE, form, sorted[(i + 3) % LT_ARRAY_SIZE(sorted)]);
	for (size_t i = 0; i < LT_ARRAY_SIZE(sorted); i++)
		ck_assert_str_eq(k8s_store_at(store, K8S_SLICE, i)->meta.namespace, sorted[i]);
	for (size_t i = 0; i < LT_ARRAY_SIZE(sorted); i++)
		ck_assert(k8s_store_remove(store, K8S_SLICE, sorted[i], "x"));
}
END_TEST

START_TEST(a_list_takes_away_what_is_not_in_it)
{
	for (const char *name = "abcdef"; *name; name++)
		put_node((char[]){*name, '\0'}, "");
	*told = '\0';
	k8s_store_mark(store, K8S_NODE);
	put_node("b", "");
	/* it failed, and begins anew */
	k8s_store_mark(store, K8S_NODE);
	put_node("c", "");
	put_node("f", "");
	put_node("g", "");
	ck_assert_uint_eq(k8s_store_sweep(store, K8S_NODE), 4);
	ck_assert_uint_eq(k8s_store_count(store, K8S_NODE), 3);
	ck_assert_ptr_null(k8s_store_get(store, K8S_NODE, "", "b"));
	ck_assert_ptr_nonnull(k8s_store_get(store, K8S_NODE, "", "f"));
	ck_assert_ptr_nonnull(strstr(told, "+g "));
	ck_assert_ptr_nonnull(strstr(told, "-b "));
}
END_TEST

static void put_slice(const char *name, const char *service)
{
	cluster_put(store, K8S_SLICE,
	            "{'metadata':{'name':'%s','namespace':'d','labels':{'kubernetes.io/"
	            "service-name':'%s'}},'addressType':'IPv4'}",
	            name, service);
}

START_TEST(slices_are_found_by_their_service)
{
	size_t count;

	put_slice("1", "web");
	put_slice("2", "web");
	put_slice("3", "db");
	(void)k8s_store_slices(store, "d", "web", &count);
	ck_assert_uint_eq(count, 2);
	put_slice("2", "db");
	(void)k8s_store_slices(store, "d", "web", &count);
	ck_assert_uint_eq(count, 1);
	ck_assert(k8s_store_remove(store, K8S_SLICE, "d", "1"));
	ck_assert_ptr_null(k8s_store_slices(store, "d", "web", &count));
	ck_assert_uint_eq(count, 0);
	ck_assert_ptr_null(k8s_store_slices(store, "e", "db", &count));
}
END_TEST

/* --- nodes --- */

static const struct {
	const char *node; /* without its name, which is n1; the own one is 'own' */
	const char *own;
	enum k8s_node_state state;
} states[] = {
#define IS_READY "'status':{'conditions':[{'type':'Ready','status':'True'}]}"
	{"{'metadata':{'name':'n1'}," IS_READY "}", "n2", K8S_NODE_TAKES_PART},
	{"{'metadata':{'name':'n1'}}", "n2", K8S_NODE_NOT_READY},
	{"{'metadata':{'name':'n1'}}", "n1", K8S_NODE_TAKES_PART},
	{"{'metadata':{'name':'n1'},'spec':{'unschedulable':true}," IS_READY "}", "n2",
         K8S_NODE_CORDONED},
	{"{'metadata':{'name':'n1'},'spec':{'taints':[{'key':'node.kubernetes.io/out-of-service'}]}"
         "," IS_READY "}",
         "n2", K8S_NODE_OUT_OF_SERVICE},
	{"{'metadata':{'name':'n1','labels':{'node.kubernetes.io/"
         "exclude-from-external-load-balancers'"
         ":'false'}}," IS_READY "}",
         "n1", K8S_NODE_EXCLUDED},
	{"{'metadata':{'name':'n3'}," IS_READY "}", "n2", K8S_NODE_NOT_A_MEMBER},
	{"{'metadata':{'name':'n4'}," IS_READY "}", "n2", K8S_NODE_SILENT},
	{"{'metadata':{'name':'n5'}," IS_READY "}", "n2", K8S_NODE_HELD},
};

START_TEST(nodes_take_part_or_not)
{
	static const struct k8s_member members[] = {
		{.name = "n1"}, {.name = "n2"}, {"n4", K8S_MEMBER_SILENT}, {"n5", K8S_MEMBER_HELD}};
	struct k8s_nodes nodes;

	cluster_put(store, K8S_NODE, "%s", states[_i].node);
	k8s_nodes_build(store, states[_i].own, members, LT_ARRAY_SIZE(members), &nodes);
	ck_assert_int_eq(nodes.entries[0].state, states[_i].state);
	k8s_nodes_done(&nodes);
}
END_TEST

START_TEST(routers_spread_and_a_node_that_goes_moves_no_others)
{
	char first[50][16], router[16], node[16];
	struct k8s_nodes nodes;
	unsigned served[6] = {0};

	cluster_put_nodes(store, 5);
	for (int gone = 0; gone < 2; gone++) {
		if (gone)
			ck_assert(k8s_store_remove(store, K8S_NODE, "", "n3"));
		k8s_nodes_build(store, "n1", NULL, 0, &nodes);
		for (int r = 0; r < 50; r++) {
			unsigned best = 0;

			snprintf(router, sizeof(router), "r%d", r);
			for (unsigned n = 1; n <= 5; n++) {
				snprintf(node, sizeof(node), "n%u", n);
				if (k8s_nodes_priority(&nodes, node, router) ==
				    K8S_NODES_PRIORITY_MAX)
					best = n;
			}
			ck_assert_uint_ne(best, 0);
			snprintf(node, sizeof(node), "n%u", best);
			if (gone && strcmp(first[r], "n3") != 0)
				ck_assert_str_eq(first[r], node);
			if (!gone)
				strcpy(first[r], node);
			served[best] += !gone;
		}
		k8s_nodes_done(&nodes);
	}
	for (unsigned n = 1; n <= 5; n++)
		ck_assert_uint_gt(served[n], 2);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_store", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, changes_are_told_and_nothing_else);
	tcase_add_test(tests, objects_stand_by_name_in_whatever_order_they_came);
	tcase_add_test(tests, namespaces_stand_in_the_order_in_which_they_are_listed);
	tcase_add_test(tests, the_last_version_is_kept_even_if_nothing_changed);
	tcase_add_test(tests, a_list_takes_away_what_is_not_in_it);
	tcase_add_test(tests, slices_are_found_by_their_service);
	tcase_add_test(tests, a_slice_stands_with_those_of_its_service);
	tcase_add_loop_test(tests, slices_are_the_same_when_their_encodings_are, 0,
	                    (int)LT_ARRAY_SIZE(slices));
	tcase_add_loop_test(tests, nodes_take_part_or_not, 0, (int)LT_ARRAY_SIZE(states));
	tcase_add_test(tests, routers_spread_and_a_node_that_goes_moves_no_others);
	return unit_run(suite);
}
