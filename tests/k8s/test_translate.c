/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reason: one cluster, all that may be in it. */
#include "k8s/cache.h"
#include "k8s/translate.h"

#include "model/amend.h"
#include "model/snapshot.h"
#include "tests/k8s/cluster.h"
#include "tests/model/same_snapshot.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static struct k8s_store *store;
static struct k8s_translator *translator;

static void set_up(void)
{
	store = k8s_store_new();
	translator = k8s_translator_new(
		store, &(struct k8s_translate_params){
			       .class = "lintel.io/lintel", .node = "n1", .namespace = "lintel"});
	k8s_translator_lead(translator, true);
	cluster_put_nodes(store, 3);
	cluster_put_infra(store, "['10.77.0.100-10.77.0.150', '2001:db8:77::100/120']");
}

static void tear_down(void)
{
	k8s_translator_free(translator);
	k8s_store_free(store);
}

#define SLICE(family, endpoints)                                                    \
	"{'metadata': {'name': 'web-1', 'namespace': 'default', 'labels': "         \
	"{'kubernetes.io/service-name': 'web'}}, 'addressType': '" family           \
	"', 'endpoints': [" endpoints                                               \
	"], 'ports': [{'name': 'http', 'port': 8080}, {'name': 'dns', 'protocol': " \
	"'UDP', 'port': 5353}]}"

static void put_service(const char *spec)
{
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'web', 'namespace': 'default', 'uid': 'web'}, 'spec': "
	            "{'type': 'LoadBalancer', 'loadBalancerClass': 'lintel.io/lintel', "
	            "'ipFamilies': ['IPv4'], 'ports': [{'name': 'http', 'port': 80}]%s}}",
	            spec);
}

static const char *reason(enum k8s_kind kind, const char *name)
{
	const struct k8s_report *report = k8s_translator_report(
		translator, kind,
		kind == K8S_SERVICE || kind == K8S_VIRTUAL_SERVER || kind == K8S_CONFIG_MAP
			? "default"
			: "",
		name);

	return report ? k8s_reason_name(report->reason) : "";
}

static void expect(const char *name, const char *expected)
{
	char *served;

	cluster_settle(translator);
	served = cluster_served(translator, "default", name);
	ck_assert_str_eq(served, expected);
	free(served);
}

static size_t source_ranges(const char *name)
{
	size_t count, ranges = 0;
	const struct model_objects **sources = k8s_translator_sources(translator, &count);

	for (size_t i = 0; i < count; i++) {
		if (sources[i]->virtual_server_count > 0 &&
		    strcmp(sources[i]->virtual_servers[0]->name, name) == 0)
			ranges = sources[i]->virtual_servers[0]->source_range_count;
	}
	free(sources);
	return ranges;
}

/* What is served can be joined. */
static void check_joins(void)
{
	struct model_problems problems;
	struct model_snapshot *snapshot;
	size_t count;
	const struct model_objects **sources = k8s_translator_sources(translator, &count);
	struct text text = {0};

	model_problems_init(&problems);
	snapshot = model_snapshot_build(sources, count, &problems);
	for (size_t i = 0; i < problems.count; i++)
		model_problem_format(&problems.items[i], &text);
	ck_assert_msg(snapshot, "%s", text_str(&text));
	model_snapshot_free(snapshot);
	model_problems_done(&problems);
	text_done(&text);
	free(sources);
}

/* --- endpoints --- */

struct row {
	const char *what;
	const char *spec;  /* more of the Service's spec */
	const char *slice; /* NULL: none */
	const char *served;
	const char *reason;
};

#define READY(address) "{'addresses': ['" address "']}"
#define ENDPOINT(address, conditions, node) \
	"{'addresses': ['" address "'], 'conditions': {" conditions "}, 'nodeName': '" node "'}"

static const struct row rows[] = {
	{"ready endpoints", "", SLICE("IPv4", READY("10.1.0.2") ", " READY("10.1.0.1")),
         "front 10.77.0.100 TCP/80 10.1.0.1:8080*1 10.1.0.2:8080*1", "Served"},
	{"no endpoints", "", NULL, "front 10.77.0.100 TCP/80", "NoEndpoints"},
	{"not ready", "", SLICE("IPv4", ENDPOINT("10.1.0.1", "'ready': false", "n1")),
         "front 10.77.0.100 TCP/80", "NoEndpoints"},
	{"not ready, but published", ", 'publishNotReadyAddresses': true",
         SLICE("IPv4", ENDPOINT("10.1.0.1", "'ready': false", "n1")),
         "front 10.77.0.100 TCP/80 10.1.0.1:8080*1", "Served"},
	{"ends and serves: keeps its connections", "",
         SLICE("IPv4", ENDPOINT("10.1.0.1", "'ready': false, 'serving': true, 'terminating': true",
                                "n1") ", " READY("10.1.0.2")),
         "front 10.77.0.100 TCP/80 10.1.0.1:8080*0 10.1.0.2:8080*1", "Served"},
	{"none ready: those that end serve on", "",
         SLICE("IPv4",
               ENDPOINT("10.1.0.1", "'ready': false, 'serving': true, 'terminating': true", "n1")),
         "front 10.77.0.100 TCP/80 10.1.0.1:8080*1", "Served"},
	{"ends and serves not", "",
         SLICE("IPv4",
               ENDPOINT("10.1.0.1", "'ready': false, 'serving': false, 'terminating': true", "n1")),
         "front 10.77.0.100 TCP/80", "NoEndpoints"},
	{"twice in a slice: the better one", "",
         SLICE("IPv4", ENDPOINT("10.1.0.1", "'ready': false, 'serving': true, 'terminating': true",
                                "n1") ", " READY("10.1.0.1")),
         "front 10.77.0.100 TCP/80 10.1.0.1:8080*1", "Served"},
	{"affinity, ranges with blanks",
         ", 'sessionAffinity': 'ClientIP', 'loadBalancerSourceRanges': [' 192.0.2.0/24 ']",
         SLICE("IPv4", READY("10.1.0.1")), "front 10.77.0.100 TCP/80 10.1.0.1:8080*1", "Served"},
	{"ranges that are none", ", 'loadBalancerSourceRanges': ['192.0.2.0/24', 'home']",
         SLICE("IPv4", READY("10.1.0.1")), "", "Invalid"},
	{"policy Local: those on this node, clients' addresses kept",
         ", 'externalTrafficPolicy': 'Local'",
         SLICE("IPv4", ENDPOINT("10.1.0.1", "", "n1") ", " ENDPOINT("10.1.0.2", "", "n2")),
         "front 10.77.0.100 TCP/80 10.1.0.1:8080*1 snat none", "Served"},
	{"policy Local: none here", ", 'externalTrafficPolicy': 'Local'",
         SLICE("IPv4", ENDPOINT("10.1.0.2", "", "n2")), "front 10.77.0.100 TCP/80 snat none",
         "NoLocalEndpoints"},
	{"policy Local: those here end", ", 'externalTrafficPolicy': 'Local'",
         SLICE("IPv4", ENDPOINT("10.1.0.1", "'ready': false, 'serving': true, 'terminating': true",
                                "n1") ", " ENDPOINT("10.1.0.2", "", "n2")),
         "front 10.77.0.100 TCP/80 10.1.0.1:8080*1 snat none", "Served"},
	{"policy Local: on no node that takes part", ", 'externalTrafficPolicy': 'Local'",
         SLICE("IPv4", ENDPOINT("10.1.0.2", "", "worker")),
         "front 10.77.0.100 TCP/80 10.1.0.2:8080*1", "LocalNotPossible"},
	{"headless", ", 'clusterIP': 'None'", SLICE("IPv4", READY("10.1.0.1")), "", "Headless"},
	{"an address asked for", ", 'loadBalancerIP': '10.77.0.123'",
         SLICE("IPv4", READY("10.1.0.1")), "front 10.77.0.123 TCP/80 10.1.0.1:8080*1", "Served"},
	{"an address that is none", ", 'loadBalancerIP': '10.77.0.1230'", NULL, "", "Invalid"},
	{"an address of a node", ", 'loadBalancerIP': '10.77.0.11'", NULL, "", "AddressNotInPool"},
	{"endpoints of another family", "",
         "{'metadata': {'name': 'web-1', 'namespace': 'default', 'labels': "
         "{'kubernetes.io/service-name': 'web'}}, 'addressType': 'FQDN', 'endpoints': "
         "[{'addresses': ['a.example']}], 'ports': [{'name': 'http', 'port': 8080}]}",
         "front 10.77.0.100 TCP/80", "NoEndpoints"},
};

START_TEST(endpoints_serve_as_they_should)
{
	const struct row *row = &rows[_i];

	put_service(row->spec);
	if (row->slice)
		cluster_put(store, K8S_SLICE, "%s", row->slice);
	expect("service/web", row->served);
	ck_assert_msg(strcmp(reason(K8S_SERVICE, "web"), row->reason) == 0, "%s: %s", row->what,
	              reason(K8S_SERVICE, "web"));
	check_joins();
}
END_TEST

START_TEST(ports_go_by_their_names_in_each_slice_and_by_family)
{
	cluster_put(
		store, K8S_SERVICE,
		"{'metadata': {'name': 'web', 'namespace': 'default', 'uid': 'web'}, 'spec': "
		"{'type': 'LoadBalancer', 'loadBalancerClass': 'lintel.io/lintel', "
		"'ipFamilyPolicy': 'RequireDualStack', 'ipFamilies': ['IPv6', 'IPv4'], 'ports': "
		"[{'name': 'http', 'port': 80}, {'name': 'dns', 'port': 53, 'protocol': "
		"'UDP'}]}}");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	cluster_put(store, K8S_SLICE,
	            "{'metadata': {'name': 'web-2', 'namespace': 'default', 'labels': "
	            "{'kubernetes.io/service-name': 'web'}}, 'addressType': 'IPv6', 'endpoints': "
	            "[{'addresses': ['2001:db8::1']}], 'ports': [{'name': 'http', 'port': 9090}]}");
	expect("service/web",
	       "front 2001:db8:77::100 10.77.0.100 TCP/80 10.1.0.1:8080*1 2001:db8::1:9090*1 "
	       "UDP/53 10.1.0.1:5353*1");
	check_joins();
}
END_TEST

START_TEST(another_class_is_left_alone)
{
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'a', 'namespace': 'default'}, 'spec': {'type': "
	            "'LoadBalancer', 'ports': [{'port': 80}]}}");
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'b', 'namespace': 'default'}, 'spec': {'type': "
	            "'LoadBalancer', 'loadBalancerClass': 'x.io/y', 'ports': [{'port': 80}]}}");
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'c', 'namespace': 'default'}, 'spec': {'ports': "
	            "[{'port': 80}]}}");
	cluster_settle(translator);
	for (const char *const *name = (const char *const[]){"a", "b", "c", NULL}; *name; name++)
		ck_assert_str_eq(reason(K8S_SERVICE, *name), "");
}
END_TEST

START_TEST(the_default_class_takes_those_without)
{
	struct k8s_translator *other;

	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'a', 'namespace': 'default'}, 'spec': {'type': "
	            "'LoadBalancer', 'ports': [{'port': 80}]}}");
	k8s_translator_free(translator);
	other = k8s_translator_new(
		store, &(struct k8s_translate_params){
			       .class = "lintel.io/lintel", .default_class = true, .node = "n1"});
	translator = other;
	k8s_translator_lead(translator, true);
	cluster_settle(translator);
	ck_assert_str_eq(reason(K8S_SERVICE, "a"), "NoEndpoints");
}
END_TEST

/* Of everything the translator says; settles. */
static struct model_snapshot *join_all(void)
{
	struct model_problems problems;
	struct model_snapshot *snapshot;
	size_t count;

	cluster_settle(translator);
	const struct model_objects **sources = k8s_translator_sources(translator, &count);
	model_problems_init(&problems);
	snapshot = model_snapshot_build(sources, count, &problems);
	ck_assert(snapshot);
	model_problems_done(&problems);
	free(sources);
	k8s_translator_settled(translator);
	return snapshot;
}

/* Takes in what was replaced; false: more is other than that, or it can't be. */
static bool amend(struct model_snapshot *snapshot)
{
	const struct model_objects **replaced;
	struct model_amendment amendment;
	size_t count = 0;
	bool found;

	cluster_settle(translator);
	replaced = k8s_translator_replaced(translator, &count);
	found = replaced && model_amendment_find(snapshot, replaced, count, &amendment);
	free(replaced);
	if (!found)
		return false;
	model_snapshot_amend(snapshot, &amendment);
	model_amendment_done(&amendment);
	k8s_translator_settled(translator);
	return true;
}

/* Each service is found where it stands. */
static void expect_places(const struct model_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *at = &snapshot->services[i];

		ck_assert_ptr_eq(model_snapshot_service(snapshot, &at->address, at->port->protocol,
		                                        at->port->first),
		                 at);
	}
}

START_TEST(other_endpoints_are_taken_in_by_the_snapshot_there_is)
{
	struct model_snapshot *snapshot, *whole;

	for (int i = 0; i < 300; i++) {
		cluster_put(store, K8S_SERVICE,
		            "{'metadata': {'name': 's%d', 'namespace': 'default', 'uid': '%d'}, "
		            "'spec': {'type': 'LoadBalancer', 'loadBalancerClass': "
		            "'lintel.io/lintel', 'ipFamilies': ['IPv6'], 'ports': [{'name': "
		            "'http', 'port': 80}, {'name': 'dns', 'protocol': 'UDP', 'port': 53}]"
		            "}}",
		            i, i);
	}
	put_service("");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	snapshot = join_all();
	for (int i = 2; i < 9; i++) {
		cluster_put(store, K8S_SLICE,
		            "{'metadata': {'name': 'web-1', 'namespace': 'default', 'labels': "
		            "{'kubernetes.io/service-name': 'web'}}, 'addressType': 'IPv4', "
		            "'endpoints': [{'addresses': ['10.1.0.%d']}], 'ports': [{'name': "
		            "'http', 'port': 8080}]}",
		            i);
		cluster_put(store, K8S_SLICE,
		            "{'metadata': {'name': 's-%d', 'namespace': 'default', 'labels': "
		            "{'kubernetes.io/service-name': 's%d'}}, 'addressType': 'IPv6', "
		            "'endpoints': [{'addresses': ['2001:db8::%d']}], 'ports': [{'name': "
		            "'http', 'port': 8080}]}",
		            i * 31, i * 31, i);
		ck_assert(amend(snapshot));
	}
	whole = join_all();
	same_snapshot(snapshot, whole);
	expect_places(snapshot);
	ck_assert_uint_eq(snapshot->services[0].port->server_count, 1);
	model_snapshot_free(whole);
	model_snapshot_free(snapshot);
}
END_TEST

/* Two Services on one address, on ports 80 and 81; another endpoint of the first. */
static void put_sharing(const char *name, int port)
{
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': '%s', 'namespace': 'default', 'uid': '%s', "
	            "'annotations': {'lintel.io/addresses': '10.77.0.120', "
	            "'lintel.io/allow-shared-address': 'k'}}, 'spec': {'type': 'LoadBalancer', "
	            "'loadBalancerClass': 'lintel.io/lintel', 'ipFamilies': ['IPv4'], 'ports': "
	            "[{'name': 'http', 'port': %d}]}}",
	            name, name, port);
}

static bool amend_first(struct model_snapshot *snapshot, int endpoint)
{
	cluster_put(store, K8S_SLICE,
	            "{'metadata': {'name': 'a-1', 'namespace': 'default', 'labels': "
	            "{'kubernetes.io/service-name': 'a'}}, 'addressType': 'IPv4', 'endpoints': "
	            "[{'addresses': ['10.1.0.%d']}], 'ports': [{'name': 'http', 'port': 8080}]}",
	            endpoint);
	return amend(snapshot);
}

START_TEST(who_shares_the_address_is_not_looked_into)
{
	struct model_virtual_server *other;
	struct model_snapshot *snapshot;
	const char *name;

	put_sharing("a", 80);
	put_sharing("b", 81);
	snapshot = join_all();
	ck_assert_uint_eq(snapshot->service_count, 2);
	ck_assert(addr_equal(&snapshot->services[0].address, &snapshot->services[1].address));
	ck_assert(amend_first(snapshot, 1)); /* whatever has to be found once is found */
	other = (struct model_virtual_server *)(uintptr_t)snapshot->services[1].virtual_server;
	name = other->name;
	other->name = NULL; /* who reads it goes down */
	ck_assert(amend_first(snapshot, 2));
	other->name = name;
	ck_assert_uint_eq(snapshot->services[0].port->server_count, 1);
	ck_assert_uint_eq(snapshot->services[0].port->servers[0].address.bytes[3], 2);
	ck_assert_ptr_eq(snapshot->services[1].virtual_server, other);
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(what_is_more_than_other_endpoints_is_not_taken_in)
{
	struct model_snapshot *snapshot;

	put_service("");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	snapshot = join_all();
	ck_assert_uint_eq(snapshot->service_count, 1);
	put_service(", 'sessionAffinity': 'ClientIP'");
	ck_assert(!amend(snapshot)); /* it serves otherwise */
	ck_assert_int_eq(snapshot->services[0].virtual_server->persistence_timeout_us, 0);
	model_snapshot_free(snapshot);
	snapshot = join_all();
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.2")));
	k8s_store_remove(store, K8S_SERVICE, "default", "web");
	ck_assert(!amend(snapshot)); /* it is gone */
	model_snapshot_free(snapshot);
	snapshot = join_all();
	put_service("");
	ck_assert(!amend(snapshot)); /* it is new */
	model_snapshot_free(snapshot);
}
END_TEST

START_TEST(an_event_costs_work_for_those_it_concerns)
{
	struct k8s_translate_key key;
	bool changed;

	for (int i = 0; i < 300; i++)
		cluster_put(store, K8S_SERVICE,
		            "{'metadata': {'name': 's%d', 'namespace': 'default', 'uid': '%d'}, "
		            "'spec': {'type': 'LoadBalancer', 'loadBalancerClass': "
		            "'lintel.io/lintel', 'ports': [{'name': 'http', 'port': %d}]%s}}",
		            i, i, 1000 + i, i < 40 ? "" : ", 'ipFamilies': ['IPv6']");
	put_service("");
	cluster_settle(translator);
	while (k8s_translator_take(translator, &key))
		;
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	/* one turn of one object is all it takes */
	changed = k8s_translator_run(translator, 1);
	ck_assert(changed);
	ck_assert(!k8s_translator_is_pending(translator));
	ck_assert(k8s_translator_take(translator, &key));
	ck_assert_str_eq(key.name, "web");
	ck_assert(!k8s_translator_take(translator, &key));
	/* the same again is no event at all */
	ck_assert(!cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")) "%s", ""));
	ck_assert(!k8s_translator_is_pending(translator));
}
END_TEST

START_TEST(a_follower_waits_for_the_leader)
{
	k8s_translator_lead(translator, false);
	put_service("");
	expect("service/web", "");
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "AddressPending");
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'web', 'namespace': 'default', 'uid': 'web'}, 'spec': "
	            "{'type': 'LoadBalancer', 'loadBalancerClass': 'lintel.io/lintel', "
	            "'ipFamilies': ['IPv4'], 'ports': [{'name': 'http', 'port': 80}]}, 'status': "
	            "{'loadBalancer': {'ingress': [{'ip': '10.77.0.107'}]}}}");
	expect("service/web", "front 10.77.0.107 TCP/80");
}
END_TEST

START_TEST(what_is_gone_is_gone)
{
	struct k8s_translate_key key;

	put_service("");
	expect("service/web", "front 10.77.0.100 TCP/80");
	while (k8s_translator_take(translator, &key))
		;
	ck_assert(k8s_store_remove(store, K8S_SERVICE, "default", "web"));
	expect("service/web", "");
	ck_assert_ptr_null(k8s_translator_report(translator, K8S_SERVICE, "default", "web"));
	ck_assert(k8s_translator_take(translator, &key));
}
END_TEST

START_TEST(a_change_of_type_takes_the_address_back)
{
	put_service("");
	expect("service/web", "front 10.77.0.100 TCP/80");
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'web', 'namespace': 'default', 'uid': 'web'}, 'spec': "
	            "{'type': 'ClusterIP', 'ports': [{'name': 'http', 'port': 80}]}}");
	expect("service/web", "");
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "");
}
END_TEST

START_TEST(annotations_of_metallb_are_understood)
{
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'a', 'namespace': 'default', 'uid': 'a', 'annotations': "
	            "{'metallb.universe.tf/loadBalancerIPs': '10.77.0.120, 2001:db8:77::120', "
	            "'metallb.io/allow-shared-ip': 'k'}}, 'spec': {'type': 'LoadBalancer', "
	            "'loadBalancerClass': 'lintel.io/lintel', 'ipFamilies': ['IPv4', 'IPv6'], "
	            "'ipFamilyPolicy': 'RequireDualStack', 'ports': [{'port': 80}]}}");
	cluster_put(
		store, K8S_SERVICE,
		"{'metadata': {'name': 'b', 'namespace': 'default', 'uid': 'b', 'annotations': "
		"{'lintel.io/addresses': '10.77.0.120', 'lintel.io/allow-shared-address': 'k'}}, "
		"'spec': {'type': 'LoadBalancer', 'loadBalancerClass': 'lintel.io/lintel', "
		"'ipFamilies': ['IPv4'], 'ports': [{'port': 81}]}}");
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'c', 'namespace': 'default', 'uid': 'c', 'annotations': "
	            "{'metallb.universe.tf/address-pool': 'none'}}, 'spec': {'type': "
	            "'LoadBalancer', 'loadBalancerClass': 'lintel.io/lintel', 'ipFamilies': "
	            "['IPv4'], 'ports': [{'port': 81}]}}");
	expect("service/a", "front 10.77.0.120 2001:db8:77::120 TCP/80");
	expect("service/b", "front 10.77.0.120 TCP/81");
	expect("service/c", "");
	ck_assert_str_eq(reason(K8S_SERVICE, "c"), "PoolNotFound");
	check_joins();
}
END_TEST

/* --- VirtualServer --- */

/* A new version of the object, such as one with our own status, and an event of its endpoints that
 * changes nothing of what is served: that stays as it was made, and the old version goes. */
START_TEST(what_a_virtual_server_says_of_checks_outlives_its_object)
{
	const struct model_virtual_server *vs = NULL;
	const struct model_objects **sources;
	size_t count;

	put_service("");
	for (int version = 1; version <= 4; version++) {
		cluster_put(
			store, K8S_VIRTUAL_SERVER,
			"{'metadata': {'name': 'v', 'namespace': 'default', 'uid': 'v', "
			"'resourceVersion': '%d'}, 'spec': {'virtualRouter': 'front', 'addresses': "
			"['10.77.0.200'], 'ports': [{'port': 80}], 'quorum': {'minimum': 1}, "
			"'service': {'name': 'web'}, 'sorryServers': [{'address': '10.1.0.9', "
			"'port': 80}], 'healthCheck': {'type': 'http', 'http': {'path': '/alive', "
			"'expectStatus': [204]}}}}",
			version);
		cluster_put(store, K8S_SLICE,
		            version % 2 ? SLICE("IPv4", READY("10.1.0.1"))
		                        : SLICE("IPv4", READY("10.1.0.1") ", " READY("10.1.0.1")));
		expect("v", "front 10.77.0.200 TCP/80 10.1.0.1:8080*1");
	}
	sources = k8s_translator_sources(translator, &count);
	for (size_t i = 0; i < count; i++) {
		if (sources[i]->virtual_server_count > 0 &&
		    strcmp(sources[i]->virtual_servers[0]->name, "v") == 0)
			vs = sources[i]->virtual_servers[0];
	}
	ck_assert_str_eq(vs->health->http.path, "/alive");
	ck_assert_int_eq(vs->health->http.statuses[0].first, 204);
	ck_assert_uint_eq(vs->quorum->minimum, 1);
	ck_assert_uint_eq(vs->sorry_servers[0].port, 80);
	free(sources);
}
END_TEST

START_TEST(a_virtual_server_takes_the_endpoints_of_its_service)
{
	put_service("");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	cluster_put(
		store, K8S_VIRTUAL_SERVER,
		"{'metadata': {'name': 'v', 'namespace': 'default', 'uid': 'v'}, 'spec': "
		"{'virtualRouter': 'front', 'addresses': ['10.77.0.200'], 'ports': [{'port': 80}, "
		"{'port': 81, 'targetPort': 'http'}, {'port': 82, 'targetPort': 99}, {'name': "
		"'rtp', 'portRange': {'start': 1000, 'end': 1099}, 'protocol': 'UDP', "
		"'scheduler': 'sh'}], 'service': {'name': 'web'}}}");
	expect("v", "front 10.77.0.200 TCP/80 10.1.0.1:8080*1 TCP/81 10.1.0.1:8080*1 TCP/82 "
	            "10.1.0.1:99*1 UDP/1000-1099 10.1.0.1:1000*1");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.2")));
	expect("v", "front 10.77.0.200 TCP/80 10.1.0.2:8080*1 TCP/81 10.1.0.2:8080*1 TCP/82 "
	            "10.1.0.2:99*1 UDP/1000-1099 10.1.0.2:1000*1");
	ck_assert(k8s_store_remove(store, K8S_SERVICE, "default", "web"));
	expect("v", "");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "v"), "ServiceNotFound");
	put_service("");
	expect("v", "front 10.77.0.200 TCP/80 10.1.0.2:8080*1 TCP/81 10.1.0.2:8080*1 TCP/82 "
	            "10.1.0.2:99*1 UDP/1000-1099 10.1.0.2:1000*1");
	check_joins();
}
END_TEST

START_TEST(a_virtual_server_gets_an_address_of_its_pool)
{
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'v', 'namespace': 'default', 'uid': 'v'}, 'spec': "
	            "{'addressPool': 'public', 'ports': [{'port': 80}], 'servers': [{'address': "
	            "'10.1.0.9', 'port': 8}]}}");
	expect("v", "front 10.77.0.100 2001:db8:77::100 TCP/80 10.1.0.9:8*1");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "v"), "Served");
	check_joins();
}
END_TEST

START_TEST(a_bad_object_affects_itself_alone)
{
	put_service("");
	cluster_put(
		store, K8S_VIRTUAL_ROUTER,
		"{'metadata': {'name': 'twice', 'uid': 's', 'creationTimestamp': "
		"'2026-01-01T00:00:00Z'}, 'spec': {'virtualRouterId': 51, 'interface': 'eth0'}}");
	cluster_put(store, K8S_VIRTUAL_ROUTER, "{'metadata': {'name': 'bad'}, 'spec': {'x': 1}}");
	cluster_put(store, K8S_ADDRESS_POOL,
	            "{'metadata': {'name': 'overlap', 'uid': 't', 'creationTimestamp': "
	            "'2026-01-01T00:00:00Z'}, 'spec': {'virtualRouter': 'front', 'addresses': "
	            "['10.77.0.140-10.77.0.160']}}");
	cluster_put(store, K8S_ADDRESS_POOL,
	            "{'metadata': {'name': 'lost'}, 'spec': {'virtualRouter': 'nobody', "
	            "'addresses': ['10.78.0.0/24']}}");
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'v', 'namespace': 'default', 'uid': 'v'}, 'spec': "
	            "{'virtualRouter': 'nobody', 'addresses': ['10.77.0.200'], 'ports': [{'port': "
	            "80}], 'servers': [{'address': '10.1.0.9'}]}}");
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'b', 'namespace': 'default', 'uid': 'b'}, 'spec': "
	            "{'virtualRouter': 'front', 'addresses': ['10.77.0.255'], 'ports': [{'port': "
	            "80}], 'servers': [{'address': '10.1.0.9'}]}}");
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'w', 'namespace': 'default', 'uid': 'w'}, 'spec': "
	            "{'ports': [{'port': 0}]}}");
	expect("service/web", "front 10.77.0.100 TCP/80");
	expect("v", "");
	ck_assert_str_eq(reason(K8S_VIRTUAL_ROUTER, "front"), "Accepted");
	ck_assert_str_eq(reason(K8S_VIRTUAL_ROUTER, "twice"), "Conflict");
	ck_assert_str_eq(reason(K8S_VIRTUAL_ROUTER, "bad"), "Invalid");
	ck_assert_str_eq(reason(K8S_ADDRESS_POOL, "overlap"), "Conflict");
	ck_assert_str_eq(reason(K8S_ADDRESS_POOL, "lost"), "Conflict");
	ck_assert_str_eq(reason(K8S_ADDRESS_POOL, "public"), "Accepted");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "v"), "Conflict");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "b"), "Conflict");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "w"), "Invalid");
	check_joins();
}
END_TEST

static void put_front(const char *address)
{
	cluster_put(store, K8S_VIRTUAL_ROUTER,
	            "{'metadata': {'name': 'front', 'uid': 'r', 'creationTimestamp': "
	            "'2026-01-01T00:00:00Z'}, 'spec': {'virtualRouterId': 51, 'interface': "
	            "'eth0', 'addresses': ['%s']}}",
	            address);
}

START_TEST(what_stood_beside_one_router_is_checked_beside_another)
{
	put_service("");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	put_front("10.77.0.1/16");
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'b', 'namespace': 'default', 'uid': 'b'}, 'spec': "
	            "{'virtualRouter': 'front', 'addresses': ['10.77.1.255'], 'ports': [{'port': "
	            "80, 'targetPort': 'http'}], 'service': {'name': 'web'}}}");
	expect("b", "front 10.77.1.255 TCP/80 10.1.0.1:8080*1");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.2")));
	expect("b", "front 10.77.1.255 TCP/80 10.1.0.2:8080*1");
	/* Now it is the broadcast address of the network. */
	put_front("10.77.1.1/24");
	expect("b", "");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "b"), "Conflict");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.3")));
	expect("b", "");
	put_front("10.77.0.1/16");
	expect("b", "front 10.77.1.255 TCP/80 10.1.0.3:8080*1");
}
END_TEST

START_TEST(what_makes_no_sense_any_more_stays_as_it_was)
{
	const char *served = "front 10.77.0.100 TCP/80 10.1.0.1:8080*1";

	put_service("");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	expect("service/web", served);
	/* An address that is none. */
	put_service(", 'loadBalancerIP': 'home'");
	expect("service/web", served);
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "AddressKept");
	/* Ranges that are none: the former ones, and endpoints are followed all the same. */
	put_service(", 'loadBalancerSourceRanges': ['192.0.2.0/24']");
	expect("service/web", served);
	put_service(", 'loadBalancerSourceRanges': ['192.0.2.0/24', 'home']");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.2")));
	expect("service/web", "front 10.77.0.100 TCP/80 10.1.0.2:8080*1");
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "FormerKept");
	ck_assert_uint_eq(source_ranges("service/web"), 1);
	put_service("");
	expect("service/web", "front 10.77.0.100 TCP/80 10.1.0.2:8080*1");
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "Served");
	/* Nobody takes its address meanwhile. */
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'v', 'namespace': 'default', 'uid': 'v'}, 'spec': "
	            "{'addressPool': 'public', 'ports': [{'port': 80}], 'servers': [{'address': "
	            "'10.1.0.9'}]}}");
	expect("v", "front 10.77.0.101 2001:db8:77::100 TCP/80 10.1.0.9:0*1");
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'v', 'namespace': 'default', 'uid': 'v'}, 'spec': "
	            "{'ports': [{'port': 0}]}}");
	expect("v", "front 10.77.0.101 2001:db8:77::100 TCP/80 10.1.0.9:0*1");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "v"), "FormerKept");
	check_joins();
	k8s_store_remove(store, K8S_VIRTUAL_SERVER, "default", "v");
	expect("v", "");
}
END_TEST

/* The store has let go of what was read first. */
START_TEST(a_list_that_comes_again_changes_nothing)
{
	const char *served = "front 10.77.0.100 TCP/80 10.1.0.2:8080*1";

	put_service("");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	expect("service/web", "front 10.77.0.100 TCP/80 10.1.0.1:8080*1");
	put_service("");
	ck_assert(!k8s_translator_is_pending(translator));
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.2")));
	expect("service/web", served);
	put_service("");
	put_service(", 'loadBalancerSourceRanges': ['home']");
	expect("service/web", served);
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "FormerKept");
	put_service(", 'loadBalancerSourceRanges': ['home']");
	put_front("10.77.0.1/16");
	expect("service/web", served);
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "FormerKept");
}
END_TEST

/* As if this process had ended and another one began with the file that it left. */
static void restart(void)
{
	struct k8s_cache_writer *writer;
	struct k8s_store *former = store;
	const struct text *text;

	writer = k8s_cache_writer_new(store, translator, "cluster", "class");
	ck_assert(k8s_cache_writer_step(writer, SIZE_MAX));
	k8s_translator_free(translator);
	store = k8s_store_new();
	translator = k8s_translator_new(
		store, &(struct k8s_translate_params){.class = "lintel.io/lintel", .node = "n1"});
	k8s_translator_lead(translator, true);
	text = k8s_cache_writer_text(writer);
	ck_assert_int_eq(k8s_cache_read(text_str(text), text->len, NULL, "class", store, NULL),
	                 K8S_CACHE_OK);
	k8s_cache_writer_free(writer);
	k8s_store_free(former);
}

START_TEST(what_is_kept_of_what_makes_no_sense_outlives_a_restart)
{
	const char *served = "front 10.77.0.100 TCP/80 10.1.0.1:8080*1";

	put_service(", 'loadBalancerSourceRanges': ['192.0.2.0/24']");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	expect("service/web", served);
	put_service(", 'loadBalancerSourceRanges': ['home']");
	expect("service/web", served);
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "FormerKept");
	for (int i = 0; i < 2; i++) {
		restart();
		expect("service/web", served);
		ck_assert_str_eq(reason(K8S_SERVICE, "web"), "FormerKept");
		ck_assert_uint_eq(source_ranges("service/web"), 1);
	}
	/* The API server says it all again, then something better. */
	put_service(", 'loadBalancerSourceRanges': ['home']");
	expect("service/web", served);
	put_service("");
	expect("service/web", served);
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "Served");
	/* Nobody has looked at it yet as the file is written. */
	put_service(", 'loadBalancerSourceRanges': ['home']");
	restart();
	expect("service/web", served);
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "FormerKept");
	put_service("");
	expect("service/web", served);
	/* What is not ours any more is not kept, whatever the file says of before. */
	put_service(", 'loadBalancerSourceRanges': ['home']");
	expect("service/web", served);
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'web', 'namespace': 'default', 'uid': 'web'}, 'spec': "
	            "{'type': 'ClusterIP', 'ports': [{'name': 'http', 'port': 80}]}}");
	restart();
	expect("service/web", "");
}
END_TEST

START_TEST(what_may_have_to_be_served_again_outlives_a_restart)
{
	const char *served = "front 10.77.0.100 TCP/80 10.1.0.1:8080*1";

	put_service(", 'loadBalancerSourceRanges': ['192.0.2.0/24']");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	expect("service/web", served);
	/* It loses its address, and makes no sense before it has one again. */
	ck_assert(k8s_store_remove(store, K8S_ADDRESS_POOL, "", "public"));
	expect("service/web", "");
	put_service(", 'loadBalancerSourceRanges': ['home']");
	expect("service/web", "");
	restart();
	expect("service/web", "");
	cluster_put_infra(store, "['10.77.0.100']");
	expect("service/web", served);
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "FormerKept");
	ck_assert_uint_eq(source_ranges("service/web"), 1);
}
END_TEST

START_TEST(two_on_one_port_are_decided_by_age)
{
	for (int i = 1; i <= 2; i++)
		cluster_put(
			store, K8S_VIRTUAL_SERVER,
			"{'metadata': {'name': 'v%d', 'namespace': 'default', 'uid': '%d', "
			"'creationTimestamp': '2026-01-0%dT00:00:00Z'}, 'spec': {'virtualRouter': "
			"'front', 'addresses': ['10.77.0.200'], 'ports': [{'port': 80}], "
			"'servers': "
			"[{'address': '10.1.0.9'}]}}",
			i, i, 3 - i);
	expect("v2", "front 10.77.0.200 TCP/80 10.1.0.9:0*1");
	expect("v1", "");
	ck_assert_str_eq(reason(K8S_VIRTUAL_SERVER, "v1"), "AddressInUse");
	check_joins();
}
END_TEST

/* --- ConfigMap --- */

/* Of an address that no pool has, of a Service of somebody else. */
START_TEST(a_router_that_was_made_anew_unseen_is_as_young_as_it_is)
{
	for (int day = 2; day <= 4; day += 2) {
		cluster_put(store, K8S_VIRTUAL_ROUTER,
		            "{'metadata': {'name': 'front', 'uid': 'f%d', 'creationTimestamp': "
		            "'2026-01-0%dT00:00:00Z'}, 'spec': {'virtualRouterId': 51, "
		            "'interface': 'eth0'}}",
		            day, day);
		cluster_put(store, K8S_VIRTUAL_ROUTER,
		            "{'metadata': {'name': 'back', 'uid': 'b', 'creationTimestamp': "
		            "'2026-01-03T00:00:00Z'}, 'spec': {'virtualRouterId': 51, "
		            "'interface': 'eth0'}}");
		cluster_settle(translator);
		ck_assert_str_eq(reason(K8S_VIRTUAL_ROUTER, "front"),
		                 day == 2 ? "Accepted" : "Conflict");
		ck_assert_str_eq(reason(K8S_VIRTUAL_ROUTER, "back"),
		                 day == 2 ? "Conflict" : "Accepted");
	}
}
END_TEST

START_TEST(who_may_write_config_maps_in_one_namespace_has_nothing_of_others)
{
	static const struct {
		const char *annotations;
		const char *served;
	} shared[] = {
		{"", ""},
		{"'lintel.io/allow-config-maps-of': 'shops,sho, x'", ""},
		{"'lintel.io/allow-config-maps-of': ','", ""},
		{"'lintel.io/allow-config-maps-of': 'x, shop'", "front 10.77.0.100 TCP/8000"},
		{"'lintel.io/allow-config-maps-of': '*'", "front 10.77.0.100 TCP/8000"},
	};
	char *served;

	cluster_put(store, K8S_CONFIG_MAP,
	            "{'metadata': {'name': 'any', 'namespace': 'default', 'uid': 'a', 'labels': "
	            "{'app': "
	            "'loadbalancer'}}, 'data': {'bind-ip': '10.77.0.254', 'bind-port': '80', "
	            "'target-service-name': 'web'}}");
	cluster_put(
		store, K8S_CONFIG_MAP,
		"{'metadata': {'name': 'lb', 'namespace': 'shop', 'uid': 'l', 'labels': {'app': "
		"'loadbalancer'}}, 'data': {'bind-port': '8000', 'namespace': 'default', "
		"'target-service-name': 'web', 'target-port': '80'}}");
	cluster_put(store, K8S_CONFIG_MAP,
	            "{'metadata': {'name': 'ours', 'namespace': 'lintel', 'uid': 'o', 'labels': "
	            "{'app': "
	            "'loadbalancer'}}, 'data': {'bind-port': '9000', 'namespace': 'default', "
	            "'target-service-name': 'web', 'target-port': '80'}}");
	for (size_t i = 0; i < LT_ARRAY_SIZE(shared); i++) {
		cluster_put(
			store, K8S_SERVICE,
			"{'metadata': {'name': 'web', 'namespace': 'default', 'uid': 'web', "
			"'annotations': {%s}}, 'spec': {'ports': [{'name': 'http', 'port': 80}]}}",
			shared[i].annotations);
		expect("configmap/any", "");
		ck_assert_str_eq(reason(K8S_CONFIG_MAP, "any"), "AddressNotInPool");
		served = cluster_served(translator, "shop", "configmap/lb");
		ck_assert_str_eq(served, shared[i].served);
		free(served);
		ck_assert_str_eq(k8s_reason_name(k8s_translator_report(translator, K8S_CONFIG_MAP,
		                                                       "shop", "lb")
		                                         ->reason),
		                 *shared[i].served ? "NoEndpoints" : "ServiceNotShared");
		served = cluster_served(translator, "lintel", "configmap/ours");
		ck_assert_ptr_nonnull(strstr(served, "TCP/9000"));
		free(served);
	}
}
END_TEST

START_TEST(what_was_deleted_is_not_kept_for_one_of_the_same_name)
{
	put_service("");
	expect("service/web", "front 10.77.0.100 TCP/80");
	/* Both are heard of at once. */
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'web', 'namespace': 'default', 'uid': 'another'}, "
	            "'spec': {'type': 'LoadBalancer', 'loadBalancerClass': 'lintel.io/lintel', "
	            "'loadBalancerSourceRanges': ['home'], 'ports': [{'port': 80}]}}");
	expect("service/web", "");
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "Invalid");
}
END_TEST

static void put_virtual_server(const char *name, const char *spec)
{
	cluster_put(
		store, K8S_VIRTUAL_SERVER,
		"{'metadata': {'name': '%s', 'namespace': 'default', 'uid': '%s'}, 'spec': {%s}}",
		name, name, spec);
}

START_TEST(what_cannot_be_served_in_any_version_has_no_address)
{
	put_virtual_server("v", "'virtualRouter': 'front', 'addresses': ['10.77.0.222'], "
	                        "'ports': [{'port': 80}]");
	expect("v", "front 10.77.0.222 TCP/80");
	put_virtual_server("v", "'virtualRouter': 'front', 'addresses': ['10.77.0.222'], "
	                        "'ports': [{'port': 0}]");
	expect("v", "front 10.77.0.222 TCP/80");
	cluster_put(store, K8S_VIRTUAL_ROUTER,
	            "{'metadata': {'name': 'back', 'uid': 'b'}, 'spec': {'virtualRouterId': 52, "
	            "'interface': 'eth0'}}");
	ck_assert(k8s_store_remove(store, K8S_VIRTUAL_ROUTER, "", "front"));
	expect("v", "");
	put_virtual_server("w", "'virtualRouter': 'back', 'addresses': ['10.77.0.222'], "
	                        "'ports': [{'port': 80}]");
	expect("w", "back 10.77.0.222 TCP/80");
}
END_TEST

START_TEST(of_two_that_name_one_address_who_had_it_has_it_after_a_restart)
{
	put_virtual_server("old", "'virtualRouter': 'front', 'addresses': ['10.77.0.222'], "
	                          "'ports': [{'port': 80}]");
	cluster_put(store, K8S_VIRTUAL_SERVER,
	            "{'metadata': {'name': 'young', 'namespace': 'default', 'uid': 'young', "
	            "'creationTimestamp': '2026-01-01T00:00:00Z'}, 'spec': {'virtualRouter': "
	            "'front', 'addresses': ['10.77.0.222'], 'ports': [{'port': 80}]}, 'status': "
	            "{'addresses': ['10.77.0.222']}}");
	expect("young", "front 10.77.0.222 TCP/80");
	expect("old", "");
}
END_TEST

START_TEST(a_config_map_of_the_predecessor_works)
{
	put_service("");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.1")));
	cluster_put(
		store, K8S_CONFIG_MAP,
		"{'metadata': {'name': 'lb', 'namespace': 'default', 'uid': 'l', 'labels': "
		"{'app': 'loadbalancer'}}, 'data': {'bind-port': '8000', 'namespace': 'default', "
		"'target-service-name': 'web', 'target-port': '80'}}");
	cluster_put(store, K8S_CONFIG_MAP,
	            "{'metadata': {'name': 'named', 'namespace': 'default', 'uid': 'm', 'labels': "
	            "{'app': 'loadbalancer'}}, 'data': {'bind-ip': '10.77.0.122', 'bind-port': "
	            "'8001', 'target-service-name': 'web', 'target-port': '7070'}}");
	cluster_put(store, K8S_CONFIG_MAP,
	            "{'metadata': {'name': 'bad', 'namespace': 'default', 'labels': {'app': "
	            "'loadbalancer'}}, 'data': {'bind-port': '80000'}}");
	cluster_put(store, K8S_CONFIG_MAP,
	            "{'metadata': {'name': 'other', 'namespace': 'default'}, 'data': {}}");
	expect("configmap/lb", "front 10.77.0.100 TCP/8000 10.1.0.1:8080*1");
	expect("configmap/named", "front 10.77.0.122 TCP/8001 10.1.0.1:7070*1");
	ck_assert_str_eq(reason(K8S_CONFIG_MAP, "bad"), "Invalid");
	ck_assert_str_eq(reason(K8S_CONFIG_MAP, "other"), "");
	check_joins();
}
END_TEST

/* --- nodes --- */

static const struct model_router *router(void)
{
	size_t count;
	const struct model_objects **sources = k8s_translator_sources(translator, &count);
	const struct model_router *found = NULL;

	for (size_t i = 0; i < count; i++) {
		if (sources[i]->router_count > 0)
			found = sources[i]->routers[0];
	}
	free(sources);
	return found;
}

START_TEST(peers_and_priorities_come_from_the_nodes)
{
	char text[ADDR_TEXT_SIZE];

	cluster_settle(translator);
	ck_assert_uint_eq(router()->peer_count, 2);
	ck_assert_str_eq(addr_format(&router()->peers[0], text), "10.77.0.12");
	ck_assert_uint_gt(router()->priority, 190);
	/* a node that is not ready is still listened to */
	cluster_put(store, K8S_NODE,
	            "{'metadata': {'name': 'n2'}, 'status': {'addresses': [{'type': 'InternalIP', "
	            "'address': '10.77.0.12'}]}}");
	cluster_settle(translator);
	ck_assert_uint_eq(router()->peer_count, 2);
	cluster_put(store, K8S_NODE,
	            "{'metadata': {'name': 'n1'}, 'spec': {'unschedulable': true}}");
	cluster_settle(translator);
	ck_assert_uint_eq(router()->priority, 1);
	ck_assert(k8s_nodes_may_stand_down(k8s_translator_nodes(translator), "n1"));
}
END_TEST

START_TEST(who_is_silent_is_listened_to_and_ranked_no_more)
{
	const struct k8s_member members[] = {
		{"n1", K8S_MEMBER_RUNS}, {"n2", K8S_MEMBER_SILENT}, {"n3", K8S_MEMBER_HELD}};

	k8s_translator_members(translator, members, 3);
	cluster_settle(translator);
	ck_assert_uint_eq(router()->peer_count, 2);
	ck_assert_uint_eq(router()->priority, K8S_NODES_PRIORITY_MAX);
	k8s_translator_members(translator, members, 1);
	cluster_settle(translator);
	ck_assert_uint_eq(router()->peer_count, 0);
}
END_TEST

/* Readiness of our own node counts only while another one can have what it owns. */
START_TEST(a_node_that_is_not_ready_stands_down_for_another)
{
	cluster_put(store, K8S_NODE, "{'metadata': {'name': 'n1'}}");
	cluster_settle(translator);
	ck_assert_uint_eq(router()->priority, 1);
	ck_assert(k8s_nodes_may_stand_down(k8s_translator_nodes(translator), "n1"));
	cluster_put(store, K8S_NODE, "{'metadata': {'name': 'n2'}}");
	cluster_put(store, K8S_NODE, "{'metadata': {'name': 'n3'}}");
	cluster_settle(translator);
	ck_assert_uint_eq(router()->priority, K8S_NODES_PRIORITY_MAX);
	ck_assert(!k8s_nodes_may_stand_down(k8s_translator_nodes(translator), "n1"));
}
END_TEST

START_TEST(a_node_that_lacks_local_endpoints_has_a_lower_priority)
{
	uint8_t before;

	cluster_settle(translator);
	before = router()->priority;
	put_service(", 'externalTrafficPolicy': 'Local'");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", ENDPOINT("10.1.0.2", "", "n2")));
	cluster_settle(translator);
	ck_assert_uint_eq(router()->priority, before - 100);
	ck_assert(k8s_translator_is_better_elsewhere(translator, "front"));
	/* As many as the other has of another Service: nothing is gained by moving. */
	cluster_put(store, K8S_SERVICE,
	            "{'metadata': {'name': 'own', 'namespace': 'default', 'uid': 'own'}, 'spec': "
	            "{'type': 'LoadBalancer', 'loadBalancerClass': 'lintel.io/lintel', "
	            "'externalTrafficPolicy': 'Local', 'ipFamilies': ['IPv4'], 'ports': [{'name': "
	            "'http', 'port': 80}]}}");
	cluster_put(store, K8S_SLICE,
	            "{'metadata': {'name': 'own-1', 'namespace': 'default', 'labels': "
	            "{'kubernetes.io/service-name': 'own'}}, 'addressType': 'IPv4', 'endpoints': "
	            "[{'addresses': ['10.1.0.9'], 'nodeName': 'n1'}], 'ports': [{'name': 'http', "
	            "'port': 8080}]}");
	cluster_put(store, K8S_SLICE, SLICE("IPv4", READY("10.1.0.2")));
	cluster_settle(translator);
	cluster_put(store, K8S_SLICE, SLICE("IPv4", ENDPOINT("10.1.0.2", "", "n2")));
	cluster_settle(translator);
	ck_assert(!k8s_translator_is_better_elsewhere(translator, "front"));
	cluster_put(store, K8S_SLICE, SLICE("IPv4", ENDPOINT("10.1.0.2", "", "n1")));
	cluster_settle(translator);
	ck_assert_uint_eq(router()->priority, before);
}
END_TEST

START_TEST(health_check_ports_tell_of_ready_endpoints_on_this_node)
{
	struct k8s_health *health;
	size_t count;

	put_service(", 'externalTrafficPolicy': 'Local', 'healthCheckNodePort': 31234");
	cluster_put(store, K8S_SLICE,
	            SLICE("IPv4", ENDPOINT("10.1.0.1", "", "n1") ", " ENDPOINT(
					  "10.1.0.2", "",
					  "n2") ", " ENDPOINT("10.1.0.3", "'ready': false", "n1")));
	cluster_settle(translator);
	health = k8s_translator_health(translator, &count);
	ck_assert_uint_eq(count, 1);
	ck_assert_uint_eq(health[0].port, 31234);
	ck_assert_str_eq(health[0].name, "web");
	ck_assert_uint_eq(health[0].local, 1);
	free(health);
	put_service("");
	cluster_settle(translator);
	free(k8s_translator_health(translator, &count));
	ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_node_that_is_excluded_owns_and_balances_nothing)
{
	const struct model_objects **sources;
	size_t count;

	put_service("");
	cluster_put(store, K8S_NODE,
	            "{'metadata': {'name': 'n1', 'labels': "
	            "{'node.kubernetes.io/exclude-from-external-load-balancers': ''}}}");
	cluster_settle(translator);
	sources = k8s_translator_sources(translator, &count);
	ck_assert_uint_eq(count, 0);
	free(sources);
	/* Not before another one has what it owned. */
	k8s_translator_hand_over(translator, true);
	cluster_settle(translator);
	sources = k8s_translator_sources(translator, &count);
	ck_assert_uint_gt(count, 0);
	free(sources);
	ck_assert_uint_eq(router()->priority, 1);
}
END_TEST

START_TEST(the_pool_that_is_gone_takes_its_addresses_along)
{
	put_service("");
	expect("service/web", "front 10.77.0.100 TCP/80");
	ck_assert(k8s_store_remove(store, K8S_ADDRESS_POOL, "", "public"));
	expect("service/web", "");
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "NoPool");
	ck_assert_str_eq(reason(K8S_ADDRESS_POOL, "public"), "");
}
END_TEST

START_TEST(namespaces_that_are_not_watched_are_left_alone)
{
	k8s_translator_free(translator);
	translator = k8s_translator_new(
		store, &(struct k8s_translate_params){.node = "n1",
	                                              .namespaces = (const char *const[]){"shop"},
	                                              .namespace_count = 1});
	k8s_translator_lead(translator, true);
	put_service("");
	expect("service/web", "");
	ck_assert_str_eq(reason(K8S_SERVICE, "web"), "");
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_translate", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_loop_test(tests, endpoints_serve_as_they_should, 0, (int)LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, ports_go_by_their_names_in_each_slice_and_by_family);
	tcase_add_test(tests, another_class_is_left_alone);
	tcase_add_test(tests, the_default_class_takes_those_without);
	tcase_add_test(tests, an_event_costs_work_for_those_it_concerns);
	tcase_add_test(tests, other_endpoints_are_taken_in_by_the_snapshot_there_is);
	tcase_add_test(tests, who_shares_the_address_is_not_looked_into);
	tcase_add_test(tests, what_is_more_than_other_endpoints_is_not_taken_in);
	tcase_add_test(tests, a_follower_waits_for_the_leader);
	tcase_add_test(tests, what_is_gone_is_gone);
	tcase_add_test(tests, a_change_of_type_takes_the_address_back);
	tcase_add_test(tests, annotations_of_metallb_are_understood);
	tcase_add_test(tests, what_a_virtual_server_says_of_checks_outlives_its_object);
	tcase_add_test(tests, a_virtual_server_takes_the_endpoints_of_its_service);
	tcase_add_test(tests, a_virtual_server_gets_an_address_of_its_pool);
	tcase_add_test(tests, a_bad_object_affects_itself_alone);
	tcase_add_test(tests, what_stood_beside_one_router_is_checked_beside_another);
	tcase_add_test(tests, what_makes_no_sense_any_more_stays_as_it_was);
	tcase_add_test(tests, what_is_kept_of_what_makes_no_sense_outlives_a_restart);
	tcase_add_test(tests, what_may_have_to_be_served_again_outlives_a_restart);
	tcase_add_test(tests, two_on_one_port_are_decided_by_age);
	tcase_add_test(tests, a_router_that_was_made_anew_unseen_is_as_young_as_it_is);
	tcase_add_test(tests, who_may_write_config_maps_in_one_namespace_has_nothing_of_others);
	tcase_add_test(tests, what_was_deleted_is_not_kept_for_one_of_the_same_name);
	tcase_add_test(tests, what_cannot_be_served_in_any_version_has_no_address);
	tcase_add_test(tests, of_two_that_name_one_address_who_had_it_has_it_after_a_restart);
	tcase_add_test(tests, a_config_map_of_the_predecessor_works);
	tcase_add_test(tests, peers_and_priorities_come_from_the_nodes);
	tcase_add_test(tests, a_node_that_lacks_local_endpoints_has_a_lower_priority);
	tcase_add_test(tests, a_node_that_is_excluded_owns_and_balances_nothing);
	tcase_add_test(tests, a_list_that_comes_again_changes_nothing);
	tcase_add_test(tests, health_check_ports_tell_of_ready_endpoints_on_this_node);
	tcase_add_test(tests, who_is_silent_is_listened_to_and_ranked_no_more);
	tcase_add_test(tests, a_node_that_is_not_ready_stands_down_for_another);
	tcase_add_test(tests, the_pool_that_is_gone_takes_its_addresses_along);
	tcase_add_test(tests, namespaces_that_are_not_watched_are_left_alone);
	return unit_run(suite);
}
