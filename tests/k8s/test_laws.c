/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Laws of the translator on clusters that change at random, seen by two nodes, each at its own
 * time, of which now one leads, now the other. Whenever all has been told: both give each object
 * the same, so does one that begins with that state; what is told of a Service is what it has; and
 * all can be joined. What is kept of objects that make no sense is left out of that: it goes by
 * what a node saw. LAWS_FROM and LAWS_COUNT say which clusters, LAWS_TRACE=1 tells their story.
 * Reason: all that may be in a cluster. */
#include "k8s/names.h"
#include "k8s/status.h"
#include "k8s/translate.h"
#include "lib/mem.h"
#include "model/snapshot.h"
#include "tests/k8s/cluster.h"
#include "tests/unit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUIETS    12 /* a cluster */
#define STEPS_MAX 40
#define NODES     2 /* that look */

static uint64_t state;
static unsigned below(unsigned bound)
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return (unsigned)((state * UINT64_C(2685821657736338717) >> 33) % bound);
}
#define PICK(...)                                   \
	pick_of((const char *const[]){__VA_ARGS__}, \
	        sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))
static const char *pick_of(const char *const *of, size_t count)
{
	return of[below((unsigned)count)];
}

/* --- the API server --- */

static json_t *objects; /* "kind ns name" -> object */
static unsigned version, uid;
static json_t *history[K8S_KIND_COUNT]; /* of {kind, deleted, object} */
struct node {
	const char *name;
	struct k8s_store *store;
	struct k8s_translator *translator;
	size_t seen[K8S_KIND_COUNT];
	bool leads;
};
static struct node nodes[NODES];
static bool trace;

static enum k8s_kind kind_of(const char *key)
{
	for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
		if (strncmp(key, k8s_kind_name(kind), strlen(k8s_kind_name(kind))) == 0 &&
		    key[strlen(k8s_kind_name(kind))] == ' ')
			return kind;
	abort();
}

static const char *get(const json_t *json, const char *a, const char *b)
{
	const char *s = json_string_value(json_object_get(json_object_get(json, a), b));

	return s ? s : "";
}

static void tell(const char *key, json_t *object, bool deleted)
{
	if (trace) {
		char *text = json_dumps(object, JSON_COMPACT);
		printf("# %s %s %s\n", deleted ? "-" : "+", key, text);
		free(text);
	}
	json_array_append_new(history[kind_of(key)], json_pack("{s:b, s:o}", "deleted", deleted,
	                                                       "object", json_deep_copy(object)));
}

static void server_put(const char *key, json_t *object)
{
	const json_t *before = json_object_get(objects, key);
	json_t *metadata = json_object_get(object, "metadata");
	char text[32];

	snprintf(text, sizeof(text), "%u", ++version);
	json_object_set_new(metadata, "resourceVersion", json_string(text));
	if (before) {
		json_object_set(metadata, "uid",
		                json_object_get(json_object_get(before, "metadata"), "uid"));
		json_object_set(
			metadata, "creationTimestamp",
			json_object_get(json_object_get(before, "metadata"), "creationTimestamp"));
	} else {
		snprintf(text, sizeof(text), "u%u", uid++ * 7919 % 1000);
		json_object_set_new(metadata, "uid", json_string(text));
		snprintf(text, sizeof(text), "2026-01-01T00:%02u:%02uZ", uid / 4 / 60 % 60,
		         uid / 4 % 60);
		json_object_set_new(metadata, "creationTimestamp", json_string(text));
	}
	json_object_set_new(objects, key, object);
	object = json_object_get(objects, key);
	if (json_object_get(metadata, "deletionTimestamp") &&
	    json_array_size(json_object_get(metadata, "finalizers")) == 0) {
		tell(key, object, true);
		json_object_del(objects, key);
	} else {
		tell(key, object, false);
	}
}

static void server_delete(const char *key, bool force)
{
	json_t *object = json_object_get(objects, key),
	       *metadata = json_object_get(object, "metadata");

	if (!object)
		return;
	if (force)
		json_object_del(metadata, "finalizers");
	json_object_set_new(metadata, "deletionTimestamp", json_string("2026-01-02T00:00:00Z"));
	server_put(key, json_deep_copy(object));
}

/* False: a conflict. */
static bool server_patch(const char *key, const json_t *patch, bool strategic)
{
	json_t *object = json_object_get(objects, key), *copy;

	if (!object || strcmp(get(object, "metadata", "resourceVersion"),
	                      get(patch, "metadata", "resourceVersion")) != 0)
		return false;
	copy = json_deep_copy(object);
	cluster_merge(copy, patch, strategic);
	server_put(key, copy);
	return true;
}

/* --- nodes that look --- */

static struct k8s_object *decode(enum k8s_kind kind, const json_t *json)
{
	char *text = json_dumps(json, JSON_COMPACT);
	struct k8s_object *object = cluster_decode(kind, text);

	free(text);
	return object;
}

static void hear(struct node *node, enum k8s_kind kind)
{
	const json_t *event = json_array_get(history[kind], node->seen[kind]);
	struct k8s_object *object;

	if (!event)
		return;
	node->seen[kind]++;
	object = decode(kind, json_object_get(event, "object"));
	if (json_is_true(json_object_get(event, "deleted"))) {
		k8s_store_remove(node->store, kind, object->meta.namespace, object->meta.name);
		k8s_object_release(object);
	} else {
		k8s_store_put(node->store, object);
	}
}

/* A new list: what came between is never seen. */
static void list(struct node *node, enum k8s_kind kind)
{
	const char *key;
	json_t *object;

	k8s_store_mark(node->store, kind);
	json_object_foreach(objects, key, object)
	{
		if (kind_of(key) == kind)
			k8s_store_put(node->store, decode(kind, object));
	}
	k8s_store_sweep(node->store, kind);
	node->seen[kind] = json_array_size(history[kind]);
}

static struct k8s_translator *translator_of(struct k8s_store *store, const char *name)
{
	return k8s_translator_new(
		store, &(struct k8s_translate_params){.node = name, .default_class = true});
}

static void begin(struct node *node, const char *name)
{
	*node = (struct node){.name = name, .store = k8s_store_new()};
	node->translator = translator_of(node->store, name);
	for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
		list(node, kind);
}

static void end(struct node *node)
{
	k8s_translator_free(node->translator);
	k8s_store_free(node->store);
}

static bool in_force(const struct node *node, const struct k8s_translate_key *key)
{
	char name[300], *served;
	bool is;

	snprintf(name, sizeof(name), "%s%s",
	         key->kind == K8S_SERVICE      ? "service/"
	         : key->kind == K8S_CONFIG_MAP ? "configmap/"
	                                       : "",
	         key->name);
	served = cluster_served(node->translator, key->namespace, name);
	is = *served;
	free(served);
	return is;
}

/* Writes of one leader. True: something was written. */
static bool write_some(struct node *node, unsigned limit)
{
	struct k8s_translate_key key;
	bool wrote = false;

	while (limit-- > 0 && k8s_translator_take(node->translator, &key)) {
		const struct k8s_object *object =
			k8s_store_get(node->store, key.kind, key.namespace, key.name);
		const struct k8s_report *report =
			k8s_translator_report(node->translator, key.kind, key.namespace, key.name);
		struct k8s_status_seen seen = {.withdrawn = !in_force(node, &key)};
		struct k8s_status_write write;
		char title[K8S_KEY_SIZE];

		if (!object)
			continue;
		if (key.kind == K8S_ADDRESS_POOL)
			(void)k8s_pool_usage(k8s_translator_pool(node->translator), key.name,
			                     &seen.usage);
		write = k8s_status_next(object, report, &seen, 1800000000);
		if (!write.body)
			continue;
		k8s_object_title(object, title);
		(void)server_patch(title, write.body,
		                   write.strategic); /* after a conflict the newer one comes */
		wrote = true;
		json_decref(write.body);
	}
	return wrote;
}

static void settle(void)
{
	unsigned rounds = 0;
	bool wrote;

	do {
		wrote = false;
		for (int i = 0; i < NODES; i++) {
			for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
				while (nodes[i].seen[kind] < json_array_size(history[kind]))
					hear(&nodes[i], kind);
			cluster_settle(nodes[i].translator);
		}
		for (int i = 0; i < NODES; i++)
			if (nodes[i].leads)
				wrote |= write_some(&nodes[i], 1000);
		ck_assert_uint_lt(rounds++, 200);
	} while (wrote);
}

/* --- what is there --- */

static char *report_text(const struct k8s_report *report, bool whole)
{
	struct text text = {0};
	char address[ADDR_TEXT_SIZE];

	if (!report)
		return text_take(&text);
	/* Of several reasons why it has nothing any will do. */
	if (whole && (trace || (report->address_count > 0 && report->reason != K8S_REASON_FORMER)))
		text_printf(&text, "%s (%s) pool %s", k8s_reason_name(report->reason),
		            trace && report->message ? report->message : "",
		            report->pool ? report->pool : "");
	text_printf(&text, " router %s", report->router ? report->router : "");
	for (size_t i = 0; i < report->address_count; i++)
		text_printf(&text, " %s", addr_format(&report->addresses[i], address));
	return text_take(&text);
}

static const struct k8s_report *report_of(const struct k8s_translator *translator, const char *key,
                                          const json_t *object)
{
	return k8s_translator_report(translator, kind_of(key), get(object, "metadata", "namespace"),
	                             get(object, "metadata", "name"));
}

static char *served_of(const struct k8s_translator *translator, const char *key,
                       const json_t *object)
{
	char name[300];
	enum k8s_kind kind = kind_of(key);

	snprintf(name, sizeof(name), "%s%s",
	         kind == K8S_SERVICE      ? "service/"
	         : kind == K8S_CONFIG_MAP ? "configmap/"
	                                  : "",
	         get(object, "metadata", "name"));
	return cluster_served(translator, get(object, "metadata", "namespace"), name);
}

/* What a node serves in place of what can't be, into another store (NULL: none). How many. */
static size_t put_formers(const struct node *node, struct k8s_store *store)
{
	const struct k8s_object *object;
	size_t count = 0;

	for (int kind = 0; kind < K8S_KIND_COUNT; kind++) {
		for (size_t i = 0; (object = k8s_store_at(node->store, kind, i)); i++) {
			const struct k8s_report *report = k8s_translator_report(
				node->translator, kind, object->meta.namespace, object->meta.name);

			if (!report || report->reason != K8S_REASON_FORMER)
				continue;
			count++;
			if (store)
				k8s_store_put(store, k8s_object_hold(k8s_translator_former(
							     node->translator, object)));
		}
	}
	return count;
}

static bool has_former(const struct node *node)
{
	return put_formers(node, NULL) > 0;
}

static void check_joined(const struct node *node)
{
	struct model_problems problems;
	struct text text = {0};
	size_t count;
	const struct model_objects **sources = k8s_translator_sources(node->translator, &count);
	struct model_snapshot *snapshot;

	model_problems_init(&problems);
	problems.errors_only = true;
	snapshot = model_snapshot_build(sources, count, &problems);
	for (size_t i = 0; i < problems.count; i++)
		model_problem_format(&problems.items[i], &text);
	/* What stands for one that makes no sense may be in the way of another one, which is left
	 * out then. */
	if (!has_former(node))
		ck_assert_msg(snapshot, "%s", text_str(&text));
	model_snapshot_free(snapshot);
	model_problems_done(&problems);
	text_done(&text);
	free(sources);
}

static bool some_former;

static void check_told(const char *key, const json_t *object)
{
	const struct node *leader = nodes[0].leads ? &nodes[0] : &nodes[1];
	const struct k8s_report *report = report_of(leader->translator, key, object);
	const json_t *ingress = json_object_get(
		json_object_get(json_object_get(object, "status"), "loadBalancer"), "ingress");
	char address[ADDR_TEXT_SIZE];

	if (kind_of(key) != K8S_SERVICE || !leader->leads || !report ||
	    report->reason == K8S_REASON_DELETING)
		return;
	ck_assert_msg(json_array_size(ingress) == report->address_count, "%s: %zu told, %zu had",
	              key, json_array_size(ingress), report->address_count);
	for (size_t i = 0; i < report->address_count; i++)
		ck_assert_str_eq(
			json_string_value(json_object_get(json_array_get(ingress, i), "ip")),
			addr_format(&report->addresses[i], address));
}

static bool is_former(const struct k8s_translator *translator, const char *key,
                      const json_t *object)
{
	const struct k8s_report *report = report_of(translator, key, object);

	return report && report->reason == K8S_REASON_FORMER;
}

/* The one that begins with what the API says now. */
static void check_fresh(const struct node *node)
{
	struct node fresh;
	const char *key;
	json_t *object;

	begin(&fresh, node->name);
	if (has_former(node)) { /* as from disk */
		end(&fresh);
		fresh = (struct node){.name = node->name, .store = k8s_store_new()};
		fresh.translator = translator_of(fresh.store, node->name);
		put_formers(node, fresh.store);
		for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
			list(&fresh, kind);
	}
	k8s_translator_lead(fresh.translator, node->leads);
	cluster_settle(fresh.translator);
	json_object_foreach(objects, key, object)
	{
		if (!trace)
			break;
		char *a = report_text(report_of(node->translator, key, object), true);

		printf("# %s %s %s\n", node->name, key, a);
		free(a);
	}
	json_object_foreach(objects, key, object)
	{
		char *a = report_text(report_of(node->translator, key, object), node->leads),
		     *b = report_text(report_of(fresh.translator, key, object), node->leads);
		char *c = served_of(node->translator, key, object),
		     *d = served_of(fresh.translator, key, object);

		ck_assert_msg(strcmp(a, b) == 0 || is_former(node->translator, key, object),
		              "%s %s: %s, anew: %s", node->leads ? "leader" : "follower", key, a,
		              b);
		ck_assert_msg(strcmp(c, d) == 0 || is_former(node->translator, key, object),
		              "%s: %s, anew: %s", key, c, d);
		free(a);
		free(b);
		free(c);
		free(d);
	}
	end(&fresh);
}

static void check_same(void)
{
	const char *key;
	json_t *object;

	for (int i = 0; i < NODES; i++)
		some_former |= has_former(&nodes[i]);
	json_object_foreach(objects, key, object)
	{
		char *a = report_text(report_of(nodes[0].translator, key, object), false),
		     *b = report_text(report_of(nodes[1].translator, key, object), false);

		if (!some_former)
			ck_assert_msg(strcmp(a, b) == 0, "%s: %s, other node: %s", key, a, b);
		free(a);
		free(b);
	}
}

/* --- what happens --- */

static void put_text(const char *key, const char *fmt, ...) LT_PRINTF(2, 3);
static void put_text(const char *key, const char *fmt, ...)
{
	const json_t *before = json_object_get(objects, key);
	va_list args;
	char *text;
	json_t *json;
	json_error_t error;

	va_start(args, fmt);
	ck_assert_int_ge(vasprintf(&text, fmt, args), 0);
	va_end(args);
	for (char *s = text; *s; s++)
		*s = *s == '\'' ? '"' : *s;
	json = json_loads(text, 0, &error);
	ck_assert_msg(json, "%s: %s", text, error.text);
	free(text);
	if (before) { /* spec and metadata are said, the rest stays */
		const json_t *metadata = json_object_get(before, "metadata");

		if (json_object_get(metadata, "deletionTimestamp")) {
			json_decref(json);
			return;
		}
		if (json_object_get(metadata, "finalizers"))
			json_object_set(json_object_get(json, "metadata"), "finalizers",
			                json_object_get(metadata, "finalizers"));
		if (json_object_get(before, "status") && !json_object_get(json, "status"))
			json_object_set(json, "status", json_object_get(before, "status"));
		const char *given = json_string_value(json_object_get(
			json_object_get(metadata, "annotations"), K8S_ANNOTATION_ALLOCATED));
		if (given && below(2)) {
			json_object_set_new(
				json_object_get(json_object_get(json, "metadata"), "annotations"),
				K8S_ANNOTATION_ALLOCATED, json_string(given));
			if (below(3))
				json_object_set(json_object_get(json, "data"), "bind-ip",
				                json_object_get(json_object_get(before, "data"),
				                                "bind-ip"));
		}
		json_t *copy = json_deep_copy(json);
		json_decref(json);
		json = copy;
	}
	server_put(key, json);
}

#define ADDRESSES                                                                                 \
	"10.77.0.100", "10.77.0.101", "10.77.0.102", "10.77.0.103", "10.77.0.110", "10.77.1.100", \
		"10.99.0.1", "2001:db8:77::100", "2001:db8:77::101", "10.77.0.1", "10.77.0.11"
static const char *annotations(void)
{
	static char text[600];
	size_t n = 0;

	text[0] = '\0';
	if (below(4) == 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		                      ",'lintel.io/addresses': '%s%s%s'",
		                      PICK(ADDRESSES, "nonsense", ""), below(4) ? "" : ",",
		                      below(4) ? "" : PICK(ADDRESSES));
	if (below(5) == 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ",'lintel.io/address-pool': '%s'",
		                      PICK("p1", "p2", "p3", "nix"));
	if (below(3) == 0)
		n += (size_t)snprintf(text + n, sizeof(text) - n,
		                      ",'lintel.io/allow-shared-address': '%s'", PICK("k1", "k2"));
	if (below(12) == 0)
		n += (size_t)snprintf(
			text + n, sizeof(text) - n,
			",'service.beta.kubernetes.io/load-balancer-source-ranges': '%s'",
			PICK("10.0.0.0/8", "x"));
	return text;
}

static void put_service(void)
{
	const char *ns = PICK("a", "b"), *name = PICK("s1", "s2", "s3", "s4", "s5");
	char key[100], ports[300];

	snprintf(key, sizeof(key), "Service %s/%s", ns, name);
	snprintf(ports, sizeof(ports), "{'name': '%s', 'port': %s%s}%s", PICK("http", "x", ""),
	         PICK("80", "81", "443"), PICK("", "", ", 'protocol': 'UDP'"),
	         PICK("", "", ", {'name': 'dns', 'port': 53, 'protocol': 'UDP'}",
	              ", {'name': 'y', 'port': 8080}"));
	put_text(key,
	         "{'metadata': {'name': '%s', 'namespace': '%s', 'labels': {'tier': '%s'}, "
	         "'annotations': {'x': 'y'%s}}, 'spec': {'type': '%s', "
	         "'loadBalancerClass': '%s', 'clusterIP': '%s', 'ipFamilyPolicy': '%s', "
	         "'ipFamilies': [%s], 'ports': [%s], 'selector': {'app': '%s'}"
	         ", 'externalTrafficPolicy': '%s', 'sessionAffinity': '%s', "
	         "'publishNotReadyAddresses': %s%s%s}}",
	         name, ns, PICK("web", "db"), annotations(),
	         PICK("LoadBalancer", "LoadBalancer", "LoadBalancer", "LoadBalancer", "ClusterIP",
	              "ExternalName"),
	         PICK("lintel.io/lintel", "", "lintel.io/lintel", "", "other/x"),
	         PICK("10.96.0.1", "10.96.0.1", "10.96.0.1", "None"),
	         PICK("SingleStack", "PreferDualStack", "RequireDualStack", ""),
	         PICK("'IPv4'", "'IPv4'", "'IPv6'", "'IPv4', 'IPv6'", "'IPv6', 'IPv4'", ""),
	         below(20) ? ports : "", PICK("a", "b"), PICK("Cluster", "Cluster", "Local"),
	         PICK("None", "ClientIP"), PICK("false", "false", "true"),
	         PICK("", "", "", "", ", 'loadBalancerIP': '10.77.0.102'",
	              ", 'loadBalancerIP': 'x'"),
	         PICK("", "", "", "", ", 'loadBalancerSourceRanges': ['10.0.0.0/8']",
	              ", 'loadBalancerSourceRanges': ['nonsense']",
	              ", 'loadBalancerSourceRanges': ['10.0.0.0/8', '10.0.0.0/8', "
	              "'2001:db8::/32']"));
}

static void put_slice(void)
{
	const char *ns = PICK("a", "b"), *name = PICK("s1", "s2", "s3", "s4", "s5");
	unsigned number = below(3), count = below(4);
	char key[100];
	struct text text = {0};
	bool six = below(4) == 0;

	snprintf(key, sizeof(key), "EndpointSlice %s/%s-%u", ns, name, number);
	for (unsigned i = 0; i < count; i++) {
		text_printf(&text, "%s{'addresses': ['", i ? ", " : "");
		text_printf(
			&text, "%s",
			six ? PICK("2001:db8:1::1", "2001:db8:1::2", "2001:db8:77::100", "10.1.0.1")
			    : PICK("10.1.0.1", "10.1.0.2", "10.1.0.3", "10.77.0.100", "10.77.0.1",
		                   "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255",
		                   "10.77.0.11", "x"));
		text_printf(
			&text, "'], 'conditions': {%s}%s}",
			PICK("", "", "'ready': false",
		             "'ready': false, 'serving': true, 'terminating': true",
		             "'ready': true, 'terminating': true"),
			PICK("", ", 'nodeName': 'n1'", ", 'nodeName': 'n2'", ", 'nodeName': 'w'"));
	}
	put_text(key,
	         "{'metadata': {'name': '%s-%u', 'namespace': '%s', 'labels': "
	         "{'kubernetes.io/service-name': '%s'}}, 'addressType': '%s', "
	         "'endpoints': [%s], 'ports': [%s]}",
	         name, number, ns, below(10) ? name : PICK("s1", "s2", "nix"),
	         below(20) ? (six ? "IPv6" : "IPv4") : "FQDN", text_str(&text),
	         PICK("{'name': 'http', 'port': 8080}, {'name': 'dns', 'protocol': 'UDP', 'port': "
	              "53}",
	              "{'name': '', 'port': 8080}", "{'port': 8080}", "{'name': 'http'}",
	              "{'name': 'http', 'port': 8080}, {'name': 'http', 'port': 8081}",
	              "{'name': 'x', 'port': 1}, {'name': 'y', 'port': 8080}", ""));
	text_done(&text);
}

static void put_node(void)
{
	const char *name = PICK("n1", "n2", "w");
	char key[100];

	snprintf(key, sizeof(key), "Node %s", name);
	put_text(
		key,
		"{'metadata': {'name': '%s'%s}, 'spec': {%s}, 'status': {'conditions': [{'type': "
		"'Ready', 'status': '%s'}], 'addresses': "
		"[{'type': 'InternalIP', 'address': '%s'}]}}",
		name,
		PICK("", "", "", "",
	             ", 'labels': {'node.kubernetes.io/exclude-from-external-load-balancers': ''}"),
		PICK("", "", "'unschedulable': true",
	             "'taints': [{'key': 'node.kubernetes.io/out-of-service', 'effect': "
	             "'NoExecute'}]"),
		PICK("True", "True", "True", "False"),
		PICK("10.77.0.11", "10.77.0.12", "10.77.0.103", "2001:db8:77::11"));
}

static void put_router(void)
{
	const char *name = PICK("front", "back", "front");
	char key[100];

	snprintf(key, sizeof(key), "VirtualRouter %s", name);
	put_text(key,
	         "{'metadata': {'name': '%s', 'annotations': {'lintel.io/class': '%s'}}, 'spec': "
	         "{'virtualRouterId': %s, 'interface': '%s'%s%s}}",
	         name, PICK("", "", "", "", "other"), PICK("51", "52", "51", "52", "53", "0"),
	         PICK("eth0", "eth0", "eth1"),
	         PICK("", ", 'addresses': ['10.77.0.1/24']",
	              ", 'addresses': ['10.77.0.1/24', '2001:db8:77::1/64']",
	              ", 'addresses': ['10.77.0.101/24']", ", 'addresses': ['10.77.0.0/24']"),
	         PICK("", "", ", 'priority': 100", ", 'peers': ['10.77.0.12']"));
}

static void put_pool(void)
{
	const char *name = PICK("p1", "p2", "p3");
	char key[100];

	snprintf(key, sizeof(key), "AddressPool %s", name);
	put_text(
		key,
		"{'metadata': {'name': '%s'}, 'spec': {'virtualRouter': '%s', 'addresses': "
		"[%s]%s%s}}",
		name, PICK("front", "front", "front", "back", "nix"),
		PICK("'10.77.0.100-10.77.0.103'", "'10.77.0.100-10.77.0.101'",
	             "'10.77.0.102-10.77.0.110'", "'10.77.1.100-10.77.1.102'",
	             "'2001:db8:77::100/127'", "'10.77.0.100/32', '2001:db8:77::100/126'",
	             "'10.77.0.100-10.77.0.110', '2001:db8:77::100/126'", "'nonsense'"),
		PICK("", "", ", 'autoAssign': false", ", 'avoidBuggyIPs': true", ", 'priority': 1"),
		PICK("", "", "", ", 'namespaces': ['a']",
	             ", 'namespaceSelector': {'matchLabels': {'team': 'x'}}",
	             ", 'serviceSelector': {'matchLabels': {'tier': 'web'}}"));
}

static void put_virtual_server(void)
{
	const char *ns = PICK("a", "b"), *name = PICK("v1", "v2", "v3");
	char key[100];

	snprintf(key, sizeof(key), "VirtualServer %s/%s", ns, name);
	put_text(key,
	         "{'metadata': {'name': '%s', 'namespace': '%s', 'annotations': {'x': 'y'%s}}, "
	         "'spec': {%s, 'ports': [%s]%s%s}}",
	         name, ns, annotations(),
	         PICK("'addressPool': 'p1'", "'addressPool': 'p2'", "'addressPool': 'p3'",
	              "'virtualRouter': 'front', 'addresses': ['10.77.0.110']",
	              "'virtualRouter': 'front', 'addresses': ['10.77.0.1']",
	              "'virtualRouter': 'back', 'addresses': ['10.77.0.100', '2001:db8:77::100']",
	              "'virtualRouter': 'front', 'addresses': ['10.99.0.1']",
	              "'virtualRouter': 'front', 'addressPool': 'p1'", "'addressPool': 'nix'",
	              "'virtualRouter': 'nix', 'addresses': ['10.77.0.110']"),
	         PICK("{'port': 80, 'protocol': 'TCP'}",
	              "{'port': 80, 'protocol': 'TCP', 'targetPort': 8080}",
	              "{'port': 80, 'protocol': 'TCP', 'targetPort': 'http'}",
	              "{'portRange': {'start': 50, 'end': 90}, 'protocol': 'UDP'}",
	              "{'port': 90, 'protocol': 'TCP', 'name': 'http'}",
	              "{'port': 0, 'protocol': 'TCP'}",
	              "{'port': 80, 'protocol': 'TCP'}, {'port': 80, 'protocol': 'TCP'}"),
	         PICK("", ", 'service': {'name': 's1'}", ", 'service': {'name': 's2'}",
	              ", 'service': {'name': 'nix'}", ", 'servers': [{'address': '10.1.0.9'}]",
	              ", 'servers': [{'address': '10.1.0.9', 'weight': 0}, {'address': "
	              "'2001:db8::9'}]"),
	         PICK("", "", ", 'forwarding': 'tunnel'", ", 'forwarding': 'direct'",
	              ", 'sourceNat': {'mode': 'address', 'address': '10.77.0.1'}",
	              ", 'drainTimeout': '10s'"));
}

static void put_config_map(void)
{
	const char *ns = PICK("a", "b"), *name = PICK("c1", "c2");
	char key[100];

	snprintf(key, sizeof(key), "ConfigMap %s/%s", ns, name);
	put_text(key,
	         "{'metadata': {'name': '%s', 'namespace': '%s', 'labels': {'app': '%s'}, "
	         "'annotations': {'x': 'y'%s}}, 'data': {'bind-port': '%s', 'namespace': '%s', "
	         "'target-service-name': '%s', 'target-port': '%s'%s}}",
	         name, ns, PICK("loadbalancer", "loadbalancer", "x"), annotations(),
	         PICK("80", "81", "x"), PICK("", "a", "b"), PICK("s1", "s2", "nix"),
	         PICK("http", "80", "0", ""), "");
}

static void put_namespace(void)
{
	const char *name = PICK("a", "b");
	char key[100];

	snprintf(key, sizeof(key), "Namespace %s", name);
	put_text(key, "{'metadata': {'name': '%s', 'labels': {'team': '%s'}}}", name,
	         PICK("x", "y"));
}

static void remove_some(void)
{
	size_t at = below((unsigned)json_object_size(objects) + 1);
	const char *key;
	json_t *object;
	char name[600] = "";

	json_object_foreach(objects, key, object)
	{
		if (at-- == 0)
			snprintf(name, sizeof(name), "%s", key);
	}
	if (*name)
		server_delete(name, below(6) == 0);
}

static void change_lead(void)
{
	int who = (int)below(NODES + 1);

	for (int i = 0; i < NODES; i++) {
		if (trace && nodes[i].leads != (i == who))
			printf("# %s leads: %d\n", nodes[i].name, i == who);
		nodes[i].leads = i == who;
		k8s_translator_lead(nodes[i].translator, i == who);
		if (i == who)
			k8s_translator_take_again(nodes[i].translator);
	}
}

static void list_again(void)
{
	list(&nodes[below(NODES)], below(K8S_KIND_COUNT));
}

static void write_a_few(void)
{
	struct node *node = &nodes[below(NODES)];

	if (node->leads)
		(void)write_some(node, below(5));
}

static void take_a_step(void)
{
	(void)k8s_translator_run(nodes[below(NODES)].translator, below(3) + 1);
}

static void come_to_rest(void)
{
	cluster_settle(nodes[below(NODES)].translator);
}

static void hear_some(void)
{
	struct node *node = &nodes[below(NODES)];

	for (unsigned i = below(6); i > 0; i--)
		hear(node, below(K8S_KIND_COUNT));
}

static const struct {
	void (*happens)(void);
	unsigned share;
} happenings[] = {
	{put_service, 10}, {put_slice, 5},          {put_node, 1},       {put_router, 1},
	{put_pool, 1},     {put_virtual_server, 2}, {put_config_map, 1}, {put_namespace, 1},
	{remove_some, 2},  {change_lead, 1},        {list_again, 1},     {write_a_few, 2},
	{take_a_step, 1},  {come_to_rest, 2},       {hear_some, 9},
};

static void happen(void)
{
	unsigned at = below(40);
	size_t i = 0;

	for (; at >= happenings[i].share; i++)
		at -= happenings[i].share;
	happenings[i].happens();
}

static void live(unsigned seed)
{
	static const char *const names[] = {"n1", "n2"};

	state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
	objects = json_object();
	version = uid = 0;
	some_former = false;
	for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
		history[kind] = json_array();
	for (int i = 0; i < NODES; i++)
		begin(&nodes[i], names[i]);
	for (int i = 0; i < 4; i++) {
		put_node();
		put_router();
		put_pool();
	}
	for (unsigned quiet = 0; quiet < QUIETS; quiet++) {
		for (unsigned i = below(STEPS_MAX); i > 0; i--)
			happen();
		while (!nodes[0].leads && !nodes[1].leads)
			change_lead();
		settle();
		if (trace)
			printf("# quiet %u\n", quiet);
		for (int i = 0; i < NODES; i++) {
			check_joined(&nodes[i]);
			check_fresh(&nodes[i]);
		}
		const char *key;
		json_t *object;
		json_object_foreach(objects, key, object) check_told(key, object);
		check_same();
	}
	for (int i = 0; i < NODES; i++)
		end(&nodes[i]);
	for (int kind = 0; kind < K8S_KIND_COUNT; kind++)
		json_decref(history[kind]);
	json_decref(objects);
}

START_TEST(what_is_seen_in_any_order_comes_to_the_same)
{
	live((unsigned)_i);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_laws", &tests);
	const char *from = getenv("LAWS_FROM"), *count = getenv("LAWS_COUNT");
	int first = from ? atoi(from) : 0;

	trace = getenv("LAWS_TRACE");
	tcase_add_loop_test(tests, what_is_seen_in_any_order_comes_to_the_same, first,
	                    first + (count ? atoi(count) : 400));
	return unit_run(suite);
}
