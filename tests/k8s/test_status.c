/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is written is merged into the object as an API server does, and looked at again:
 * one write after the other, until there is nothing more to say. */
#include "k8s/status.h"

#include "k8s/events.h"
#include "k8s/json_read.h"
#include "lib/mem.h"
#include "tests/k8s/cluster.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

#define NOW_S INT64_C(1763707423) /* 2025-11-21T06:43:43Z */

static struct k8s_status_seen seen;
static json_t *json; /* the object, as the server has it */
static struct k8s_report report;

static void set_up(void)
{
	seen = (struct k8s_status_seen){0};
	report = (struct k8s_report){0};
	json = NULL;
}

static void tear_down(void)
{
	k8s_report_done(&report);
	json_decref(json);
}

static void grant(enum k8s_reason reason, const char *message, const char *address)
{
	k8s_report_done(&report);
	report.reason = reason;
	report.message = xstrdup(message);
	report.pool = xstrdup("public");
	report.router = xstrdup("front");
	if (!address)
		return;
	report.addresses = xcalloc(1, sizeof(struct addr));
	report.address_count = 1;
	ck_assert_int_eq(addr_parse(address, report.addresses), 0);
}

/* The next write, merged. "" none, "object" or "status". */
static const char *next(enum k8s_kind kind, bool ours)
{
	enum k8s_decode_fault fault;
	struct k8s_status_write write;
	struct k8s_object *object;
	struct arena arena;
	char *text = json_dumps(json, JSON_COMPACT);

	arena_init(&arena);
	object = k8s_decode(kind, k8s_json_read_object(text, strlen(text), &arena), &fault);
	arena_done(&arena);
	free(text);
	ck_assert_ptr_nonnull(object);
	write = k8s_status_next(object, ours ? &report : NULL, &seen, NOW_S);
	k8s_object_release(object);
	if (!write.body)
		return "";
	/* conditional: others may write, too */
	ck_assert_str_eq(json_string_value(json_object_get(json_object_get(write.body, "metadata"),
	                                                   "resourceVersion")),
	                 "7");
	cluster_merge(json, write.body, write.strategic);
	json_decref(write.body);
	return write.status ? "status" : "object";
}

/* What stands at "a.b.c". */
static char *at(const char *path)
{
	json_t *value = json;
	char copy[100], *rest = NULL, *text;

	strcpy(copy, path);
	for (char *key = strtok_r(copy, ".", &rest); key; key = strtok_r(NULL, ".", &rest))
		value = json_object_get(value, key);
	text = value ? json_dumps(value, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY) : NULL;
	return text ? text : xstrdup("");
}

static void expect(const char *path, const char *expected)
{
	char *found = at(path);

	ck_assert_str_eq(found, expected);
	free(found);
}

static void service(const char *more)
{
	json = cluster_json("{'metadata': {'name': 'web', 'namespace': 'default', "
	                    "'resourceVersion': '7'%s}, 'spec': {'type': 'LoadBalancer', 'ports': "
	                    "[{'port': 80}, {'port': 53, 'protocol': 'UDP'}]}, 'status': "
	                    "{'conditions': [{'type': 'Other', 'status': 'True', 'reason': 'R', "
	                    "'message': '', 'lastTransitionTime': '2020-01-01T00:00:00Z'}]}}",
	                    more);
}

#define OTHER                                                                                 \
	"{\"lastTransitionTime\":\"2020-01-01T00:00:00Z\",\"message\":\"\",\"reason\":\"R\"," \
	"\"status\":\"True\",\"type\":\"Other\"}"

START_TEST(a_service_gets_its_finalizer_then_its_address)
{
	service(", 'finalizers': ['x/y']");
	grant(K8S_REASON_SERVED, "", "10.77.0.100");
	ck_assert_str_eq(next(K8S_SERVICE, true), "object");
	expect("metadata.finalizers", "[\"lintel.io/cleanup\",\"x/y\"]");
	ck_assert_str_eq(next(K8S_SERVICE, true), "status");
	expect("status.loadBalancer",
	       "{\"ingress\":[{\"ip\":\"10.77.0.100\",\"ipMode\":\"Proxy\",\"ports\":[{\"port\":80,"
	       "\"protocol\":\"TCP\"},{\"port\":53,\"protocol\":\"UDP\"}]}]}");
	expect("status.conditions",
	       "[{\"lastTransitionTime\":\"2025-11-21T06:43:43Z\",\"message\":\"\","
	       "\"reason\":\"Served\",\"status\":\"True\",\"type\":\"lintel.io/Ready\"}," OTHER
	       "]");
	ck_assert_str_eq(next(K8S_SERVICE, true), "");
}
END_TEST

START_TEST(a_service_without_address_says_why)
{
	service("");
	grant(K8S_REASON_EXHAUSTED, "AddressPool public has no free IPv4 address", NULL);
	ck_assert_str_eq(next(K8S_SERVICE, true), "status");
	expect("status.loadBalancer", "{\"ingress\":[]}");
	ck_assert_str_eq(next(K8S_SERVICE, true), "");
	grant(K8S_REASON_PENDING, "", NULL);
	ck_assert_str_eq(next(K8S_SERVICE, true), "");
}
END_TEST

START_TEST(a_service_that_goes_is_let_go_when_it_was_withdrawn)
{
	service(", 'deletionTimestamp': '2026-01-01T00:00:00Z', 'finalizers': "
	        "['lintel.io/cleanup', "
	        "'x/y']");
	grant(K8S_REASON_DELETING, "is being deleted", NULL);
	ck_assert_str_eq(next(K8S_SERVICE, true), "");
	seen.withdrawn = true;
	ck_assert_str_eq(next(K8S_SERVICE, true), "object");
	expect("metadata.finalizers", "[\"x/y\"]");
	ck_assert_str_eq(next(K8S_SERVICE, true), "");
}
END_TEST

START_TEST(a_service_that_is_ours_no_more_is_cleaned_up)
{
	service("");
	grant(K8S_REASON_SERVED, "", "10.77.0.100");
	ck_assert_str_eq(next(K8S_SERVICE, true), "object");
	ck_assert_str_eq(next(K8S_SERVICE, true), "status");
	seen.withdrawn = true;
	ck_assert_str_eq(next(K8S_SERVICE, false), "status");
	expect("status.loadBalancer", "{\"ingress\":[]}");
	expect("status.conditions", "[" OTHER "]");
	ck_assert_str_eq(next(K8S_SERVICE, false), "object");
	expect("metadata.finalizers", "[]");
	ck_assert_str_eq(next(K8S_SERVICE, false), "");
}
END_TEST

START_TEST(a_service_that_never_was_ours_is_not_touched)
{
	service(", 'finalizers': ['x/y']");
	seen.withdrawn = true;
	ck_assert_str_eq(next(K8S_SERVICE, false), "");
}
END_TEST

/* Others' own, more than anybody would keep. */
#define MANY 1000
static void add_others(json_t *finalizers, json_t *conditions)
{
	for (int i = 0; i < MANY; i++) {
		char name[40];

		snprintf(name, sizeof(name), "example.org/%d", i);
		json_array_append_new(finalizers, json_string(name));
		json_array_append_new(conditions, json_pack("{s:s, s:s, s:s}", "type", name,
		                                            "status", "True", "x", "y"));
	}
}

static void expect_others(const json_t *before)
{
	const json_t *list = json_object_get(json_object_get(json, "status"), "conditions");

	ck_assert(json_equal(json_object_get(json_object_get(json, "metadata"), "finalizers"),
	                     json_object_get(json_object_get(before, "metadata"), "finalizers")));
	ck_assert(
		json_equal(list, json_object_get(json_object_get(before, "status"), "conditions")));
}

START_TEST(finalizers_and_conditions_of_others_stay_however_many)
{
	service(", 'finalizers': []");
	add_others(json_object_get(json_object_get(json, "metadata"), "finalizers"),
	           json_object_get(json_object_get(json, "status"), "conditions"));
	json_t *before = json_deep_copy(json);

	grant(K8S_REASON_SERVED, "", "10.77.0.100");
	ck_assert_str_eq(next(K8S_SERVICE, true), "object");
	ck_assert_str_eq(next(K8S_SERVICE, true), "status");
	ck_assert_str_eq(next(K8S_SERVICE, true), "");
	seen.withdrawn = true;
	ck_assert_str_eq(next(K8S_SERVICE, false), "status");
	ck_assert_str_eq(next(K8S_SERVICE, false), "object");
	ck_assert_str_eq(next(K8S_SERVICE, false), "");
	expect_others(before);
	json_decref(before);
}
END_TEST

START_TEST(conditions_of_others_stay_at_our_own_kinds_too)
{
	json = cluster_json("{'metadata': {'name': 'p', 'resourceVersion': '7', 'finalizers': []}, "
	                    "'spec': {}, 'status': {'conditions': []}}");
	add_others(json_object_get(json_object_get(json, "metadata"), "finalizers"),
	           json_object_get(json_object_get(json, "status"), "conditions"));
	json_t *before = json_deep_copy(json);

	grant(K8S_REASON_ACCEPTED, "", NULL);
	ck_assert_str_eq(next(K8S_ADDRESS_POOL, true), "status");
	ck_assert_str_eq(next(K8S_ADDRESS_POOL, true), "");
	grant(K8S_REASON_CONFLICT, "overlaps", NULL);
	ck_assert_str_eq(next(K8S_ADDRESS_POOL, true), "status");
	ck_assert_str_eq(next(K8S_ADDRESS_POOL, true), "");
	json_t *list = json_object_get(json_object_get(json, "status"), "conditions");
	ck_assert_uint_eq(json_array_size(list), MANY + 1);
	json_array_remove(list, MANY);
	expect_others(before);
	json_decref(before);
}
END_TEST

START_TEST(a_config_map_gets_its_bind_ip)
{
	json = cluster_json(
		"{'metadata': {'name': 'lb', 'namespace': 'default', 'resourceVersion': "
		"'7'}, 'data': {'bind-port': '80'}}");
	grant(K8S_REASON_SERVED, "", "10.77.0.100");
	ck_assert_str_eq(next(K8S_CONFIG_MAP, true), "object");
	expect("data", "{\"bind-ip\":\"10.77.0.100\",\"bind-port\":\"80\"}");
	expect("metadata.annotations", "{\"lintel.io/allocated-addresses\":\"10.77.0.100\"}");
	ck_assert_str_eq(next(K8S_CONFIG_MAP, true), "");
	/* What another one may have now is no record. */
	grant(K8S_REASON_PENDING, "", NULL);
	ck_assert_str_eq(next(K8S_CONFIG_MAP, true), "");
	grant(K8S_REASON_NO_POOL, "", NULL);
	ck_assert_str_eq(next(K8S_CONFIG_MAP, true), "object");
	expect("data", "{\"bind-port\":\"80\"}");
	expect("metadata.annotations", "{}");
	ck_assert_str_eq(next(K8S_CONFIG_MAP, true), "");
}
END_TEST

START_TEST(our_own_kinds_have_conditions)
{
	json = cluster_json("{'metadata': {'name': 'v', 'namespace': 'default', 'resourceVersion': "
	                    "'7', 'generation': 3}, 'spec': {}}");
	grant(K8S_REASON_SERVED, "", "10.77.0.100");
	report.backends = 3;
	report.ready = 2;
	seen.active_node = "n1";
	ck_assert_str_eq(next(K8S_VIRTUAL_SERVER, true), "status");
	expect("status",
	       "{\"activeNode\":\"n1\",\"addressPool\":\"public\",\"addresses\":[\"10.77.0.100\"],"
	       "\"backends\":3,\"conditions\":[{\"lastTransitionTime\":\"2025-11-21T06:43:43Z\","
	       "\"message\":\"\",\"observedGeneration\":3,\"reason\":\"Served\",\"status\":"
	       "\"True\","
	       "\"type\":\"Ready\"}],\"observedGeneration\":3,\"readyBackends\":2,"
	       "\"virtualRouter\":\"front\"}");
	ck_assert_str_eq(next(K8S_VIRTUAL_SERVER, true), "");
	seen.active_node = "n2";
	ck_assert_str_eq(next(K8S_VIRTUAL_SERVER, true), "status");
	expect("status.activeNode", "\"n2\"");
}
END_TEST

START_TEST(the_time_of_a_condition_is_that_of_its_last_turn)
{
	json = cluster_json("{'metadata': {'name': 'p', 'resourceVersion': '7'}, 'spec': {}, "
	                    "'status': {'conditions': [{'type': 'Ready', 'status': 'True', "
	                    "'lastTransitionTime': '2020-01-01T00:00:00Z'}]}}");
	grant(K8S_REASON_ACCEPTED, "", NULL);
	seen.usage = (struct k8s_pool_usage){10, UINT64_MAX, 1, 2};
	ck_assert_str_eq(next(K8S_ADDRESS_POOL, true), "status");
	expect("status",
	       "{\"conditions\":[{\"lastTransitionTime\":\"2020-01-01T00:00:00Z\",\"message\":\"\","
	       "\"reason\":\"Accepted\",\"status\":\"True\",\"type\":\"Ready\"}],\"ipv4Assigned\":"
	       "1,"
	       "\"ipv4Total\":10,\"ipv6Assigned\":2,\"ipv6Total\":9223372036854775807}");
	grant(K8S_REASON_CONFLICT, "overlaps \xc3", NULL);
	ck_assert_str_eq(next(K8S_ADDRESS_POOL, true), "status");
	expect("status.conditions",
	       "[{\"lastTransitionTime\":\"2025-11-21T06:43:43Z\",\"message\":\"overlaps ?\","
	       "\"reason\":\"Conflict\",\"status\":\"False\",\"type\":\"Ready\"}]");
}
END_TEST

/* --- Events --- */

static struct k8s_events *events;
static struct k8s_object *regarding;

static struct k8s_events_write note(int64_t now_us, const char *text)
{
	return k8s_events_note(events, now_us, NOW_S * 1000000 + now_us, regarding, true,
	                       "PoolExhausted", "Allocate", text);
}

START_TEST(an_event_is_told_once_and_counted)
{
	struct k8s_events_write write, first;
	char long_text[3000];

	events = k8s_events_new("n1");
	regarding = cluster_object(
		K8S_SERVICE, "{'metadata': {'name': 'web', 'namespace': 'shop', 'uid': 'u'}}");
	first = note(0, "full");
	ck_assert(first.create);
	ck_assert_str_eq(first.namespace, "shop");
	json = first.body;
	expect("eventTime", "\"2025-11-21T06:43:43.000000Z\"");
	expect("type", "\"Warning\"");
	expect("regarding", "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"name\":\"web\","
	                    "\"namespace\":\"shop\","
	                    "\"uid\":\"u\"}");
	write = note(1000000, "full");
	ck_assert_ptr_null(write.body);
	write = note(K8S_EVENTS_UPDATE_US, "full");
	ck_assert(!write.create);
	ck_assert_str_eq(write.name, first.name);
	ck_assert_int_eq(
		json_integer_value(json_object_get(json_object_get(write.body, "series"), "count")),
		3);
	json_decref(write.body);
	/* another note is another event, and after a while the same is new */
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	write = note(K8S_EVENTS_UPDATE_US, long_text);
	ck_assert(write.create);
	ck_assert_str_ne(write.name, first.name);
	ck_assert_uint_eq(json_string_length(json_object_get(write.body, "note")),
	                  K8S_EVENTS_NOTE_LEN);
	json_decref(write.body);
	write = note(K8S_EVENTS_UPDATE_US + K8S_EVENTS_SERIES_US, "full");
	ck_assert(write.create);
	json_decref(write.body);
	k8s_object_release(regarding);
	k8s_events_free(events);
}
END_TEST

START_TEST(each_class_has_a_finalizer_of_its_own)
{
	static const char *const long_class =
		"a-very-long-domain-name-of-somebody.example.com/and-a-long-name-of-a-class";
	char a[K8S_STATUS_FINALIZER_SIZE], b[K8S_STATUS_FINALIZER_SIZE];

	ck_assert_str_eq(k8s_status_finalizer("lintel.io/lintel", a), "lintel.io/cleanup");
	ck_assert_str_eq(k8s_status_finalizer("example.com/other", a),
	                 "lintel.io/cleanup-example.com-other-aa4c0489");
	k8s_status_finalizer("example.com/OTHER", b);
	ck_assert_str_ne(a, b);
	k8s_status_finalizer(long_class, a);
	ck_assert_uint_le(strlen(strchr(a, '/') + 1), 63);
	k8s_status_finalizer("a-very-long-domain-name-of-somebody.example.com/another", b);
	ck_assert_str_ne(a, b);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_status", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_service_gets_its_finalizer_then_its_address);
	tcase_add_test(tests, a_service_without_address_says_why);
	tcase_add_test(tests, a_service_that_goes_is_let_go_when_it_was_withdrawn);
	tcase_add_test(tests, a_service_that_is_ours_no_more_is_cleaned_up);
	tcase_add_test(tests, a_service_that_never_was_ours_is_not_touched);
	tcase_add_test(tests, finalizers_and_conditions_of_others_stay_however_many);
	tcase_add_test(tests, conditions_of_others_stay_at_our_own_kinds_too);
	tcase_add_test(tests, a_config_map_gets_its_bind_ip);
	tcase_add_test(tests, our_own_kinds_have_conditions);
	tcase_add_test(tests, the_time_of_a_condition_is_that_of_its_last_turn);
	tcase_add_test(tests, an_event_is_told_once_and_counted);
	tcase_add_test(tests, each_class_has_a_finalizer_of_its_own);
	return unit_run(suite);
}
