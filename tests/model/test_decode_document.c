/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is around the fields: each row is a text and the problems that are found in it, word for
 * word. */
#include "tests/model/judge.h"
#include "tests/unit.h"

/* Where a row's text stands in a document that is right otherwise. */
enum place { IN_WHOLE };

static const char *const frames[] = {
	[IN_WHOLE] = "%s",
};

static const struct row {
	enum place place;
	const char *text;
	const char *problems; /* "" when it is right */
} rows[] = {
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, spec: {}}",
         "t.yaml:1: VirtualServer default/v: spec.ports: missing; it has to be a list, each entry "
         "a map with name, port, portRange, targetPort, protocol, scheduler, hashFallback, "
         "hashPort, onePacket\n"
         "t.yaml:1: VirtualServer default/v: spec.addresses: missing; at least one address is "
         "needed\n"
         "t.yaml:1: VirtualServer default/v: spec.virtualRouter: missing; it has to be the name of "
         "a VirtualRouter\n"
         "t.yaml:1: VirtualServer default/v: spec.servers: warning: there are none: connections "
         "will be refused\n"},
	{IN_WHOLE, "[]",
         "t.yaml:1: is a list; allowed: an object with apiVersion, kind, metadata, spec\n"},
	{IN_WHOLE, "text",
         "t.yaml:1: is text; allowed: an object with apiVersion, kind, metadata, spec\n"},
	{IN_WHOLE, "{}",
         "t.yaml:1: kind: missing; it has to be VirtualRouter, VirtualServer, AddressPool or "
         "List\n"},
	{IN_WHOLE, "--- \n---\n", ""},
	{IN_WHOLE, "{kind: 5}",
         "t.yaml:1: kind: is no text; it has to be VirtualRouter, VirtualServer, AddressPool or "
         "List\n"},
	{IN_WHOLE, "{kind: VirtualSrever}",
         "t.yaml:1: VirtualSrever: kind: 'VirtualSrever' is not known; did you mean "
         "'VirtualServer'?\n"},
	{IN_WHOLE, "{kind: Service, metadata: {name: web}}",
         "t.yaml:1: Service default/web: kind: 'Service' is not known; allowed: VirtualRouter, "
         "VirtualServer, AddressPool, List\n"},
	{IN_WHOLE,
         "{kind: VirtualRouter, metadata: {name: r}, spec: {virtualRouterId: 1, interface: eth0}}",
         "t.yaml:1: VirtualRouter r: apiVersion: missing; it has to be lintel.io/v1alpha1\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1, kind: VirtualRouter, metadata: {name: r}, spec: "
         "{virtualRouterId: 1, interface: eth0}}",
         "t.yaml:1: VirtualRouter r: apiVersion: 'lintel.io/v1' is not known; allowed: "
         "lintel.io/v1alpha1\n"},
	{IN_WHOLE,
         "{apiVersion: [v1], kind: VirtualRouter, metadata: {name: r}, spec: {virtualRouterId: 1, "
         "interface: eth0}}",
         "t.yaml:1: VirtualRouter r: apiVersion: is a list; allowed: lintel.io/v1alpha1\n"},
	{IN_WHOLE, "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter}",
         "t.yaml:1: VirtualRouter: metadata: missing; it has to be a map with name\n"
         "t.yaml:1: VirtualRouter: spec: missing; it has to be a map with virtualRouterId, "
         "interface, addresses, priority, advertisementInterval, preempt, preemptDelay, accept, "
         "peers, virtualMac, trackInterfaces, track, damping, syncGroup, checksum, authentication, "
         "addressLifetime, "
         "announce\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {}, spec: "
         "{virtualRouterId: 1, interface: eth0}}",
         "t.yaml:1: VirtualRouter: metadata.name: missing; it has to be a name of at most 253 "
         "lower-case letters, digits, '-' and '.' that begins and ends with a letter or digit\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: a_b}, spec: "
         "{virtualRouterId: 1, interface: eth0}}",
         "t.yaml:1: VirtualRouter a_b: metadata.name: 'a_b' is no name; allowed: a name of at most "
         "253 lower-case letters, digits, '-' and '.' that begins and ends with a letter or "
         "digit\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: 51}, spec: "
         "{virtualRouterId: 1, interface: eth0}}",
         "t.yaml:1: VirtualRouter: metadata.name: is the integer 51, which is text only in quotes; "
         "allowed: a name of at most 253 lower-case letters, digits, '-' and '.' that begins and "
         "ends with a letter or digit\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: r, namespace: x, "
         "lables: {}}, spec: {virtualRouterId: 1, interface: eth0}}",
         "t.yaml:1: VirtualRouter r: metadata.lables: unknown field 'lables'; did you mean "
         "'labels'?\n"
         "t.yaml:1: VirtualRouter r: metadata.namespace: warning: is not looked at: objects of "
         "this kind are in none\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: r, labels: {a: "
         "b}, annotations: {}, uid: x, resourceVersion: \"1\", managedFields: [], generation: 1, "
         "creationTimestamp: ~}, spec: {virtualRouterId: 1, interface: eth0}, status: {anything: "
         "[1]}}",
         ""},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: r}, spec: "
         "{virtualRouterId: 1, interface: eth0}, sepc: {}}",
         "t.yaml:1: VirtualRouter r: sepc: unknown field 'sepc'; did you mean 'spec'?\n"},
	{IN_WHOLE, "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: r, spec: []}",
         "t.yaml:1: VirtualRouter: metadata: is the text 'r'; allowed: a map with name\n"
         "t.yaml:1: VirtualRouter: spec: is a list; allowed: a map with virtualRouterId, "
         "interface, addresses, priority, advertisementInterval, preempt, preemptDelay, accept, "
         "peers, virtualMac, trackInterfaces, track, damping, syncGroup, checksum, authentication, "
         "addressLifetime, "
         "announce\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v, namespace: "
         "a.b}, spec: {virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], servers: "
         "[{address: 198.51.100.1}]}}",
         "t.yaml:1: VirtualServer a.b/v: metadata.namespace: 'a.b' is no name; allowed: a name of "
         "at most 63 lower-case letters, digits and '-' that begins and ends with a letter or "
         "digit\n"},
	{IN_WHOLE,
         "{apiVersion: v1, kind: List, items: [\n{apiVersion: lintel.io/v1alpha1, kind: "
         "VirtualRouter, metadata: {name: r}, spec: {virtualRouterId: 0, interface: "
         "eth0}},\n{kind: List}, 5]}",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: 0 is out of range; allowed: an integer "
         "from 1 to 255\n"
         "t.yaml:3: List: kind: 'List' is not known; allowed: VirtualRouter, VirtualServer, "
         "AddressPool, List\n"
         "t.yaml:3: is an integer; allowed: an object with apiVersion, kind, metadata, spec\n"},
	{IN_WHOLE, "{apiVersion: v1, kind: List, items: 5}",
         "t.yaml:1: items: is an integer; allowed: a list of objects\n"},
	{IN_WHOLE,
         "apiVersion: lintel.io/v1alpha1\nkind: VirtualServer\nmetadata:\n  name: web\n  "
         "namespace: shop\nspec:\n  virtualRouter: front\n  addresses:\n  - 192.0.2.1\n  - "
         "192.0.2\n  ports:\n  - name: http\n    port: 80\n    targetPort: 99999\n  -\n    "
         "portRange:\n      start: 9\n      end: 8\n  servers:\n  - address: 198.51.100.1\n    "
         "weight: heavy\n    colour: red\n---\napiVersion: lintel.io/v1alpha1\nkind: "
         "AddressPool\nmetadata:\n  name: public\nspec:\n  addresses: []\n",
         "t.yaml:10: VirtualServer shop/web: spec.addresses[1]: '192.0.2' is no address; allowed: "
         "an IPv4 or IPv6 address\n"
         "t.yaml:14: VirtualServer shop/web: spec.ports[0].targetPort: 99999 is out of range; "
         "allowed: an integer from 1 to 65535 or a port's name\n"
         "t.yaml:17: VirtualServer shop/web: spec.ports[1].portRange: starts at 9 and ends at 8; "
         "allowed: start not above end\n"
         "t.yaml:21: VirtualServer shop/web: spec.servers[0].weight: is the text 'heavy'; allowed: "
         "an integer from 0 to 65535\n"
         "t.yaml:22: VirtualServer shop/web: spec.servers[0].colour: unknown field 'colour'; "
         "allowed: address, port, weight, upperThreshold, lowerThreshold, tunnel, healthCheck\n"
         "t.yaml:29: AddressPool public: spec.virtualRouter: missing; it has to be a name of at "
         "most 253 lower-case letters, digits, '-' and '.' that begins and ends with a letter or "
         "digit\n"
         "t.yaml:29: AddressPool public: spec.addresses: is an empty list; allowed: at least one "
         "entry\n"},
	{IN_WHOLE,
         "{\"apiVersion\": \"lintel.io/v1alpha1\", \"kind\": \"VirtualRouter\",\n\t\"metadata\": "
         "{\"name\": \"r\"},\n\t\"spec\": {\"virtualRouterId\": 51, \"interface\": "
         "\"eth0\",\n\t\t\"priority\": \"high\"}}",
         "t.yaml:4: VirtualRouter r: spec.priority: is the text 'high'; allowed: an integer from 1 "
         "to 255\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: "
         "\"a\\u0007\\e[31mb\\x0at.yaml:9: all is well\"}, spec: {virtualRouterId: 1, interface: "
         "eth0}}",
         "t.yaml:1: VirtualRouter a??[31mb?t.yaml:9: all is well: metadata.name: "
         "'a??[31mb?t.yaml:9: all is well' is no name; allowed: a name of at most 253 lower-case "
         "letters, digits, '-' and '.' that begins and ends with a letter or digit\n"},
	{IN_WHOLE,
         "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: r}, spec: "
         "{virtualRouterId: 1, interface: eth0, "
         "an-unknown-field-whose-name-is-so-long-that-no-line-of-any-terminal-would-show-all-of-it-"
         "at-once: 1}}",
         "t.yaml:1: VirtualRouter r: "
         "spec.an-unknown-field-whose-name-is-so-long-that-no-line-of-any-terminal-would-sh...: "
         "unknown field "
         "'an-unknown-field-whose-name-is-so-long-that-no-line-of-any-terminal-would-sh...'; "
         "allowed: virtualRouterId, interface, addresses, priority, advertisementInterval, "
         "preempt, preemptDelay, accept, peers, virtualMac, trackInterfaces, track, damping, "
         "syncGroup, checksum, "
         "authentication, "
         "addressLifetime, announce\n"},
	{IN_WHOLE, "5",
         "t.yaml:1: is an integer; allowed: an object with apiVersion, kind, metadata, spec\n"},
	{IN_WHOLE,
         "{apiVersion: {}, kind: VirtualRouter, metadata: {name: r}, spec: {virtualRouterId: 1, "
         "interface: eth0}}",
         "t.yaml:1: VirtualRouter r: apiVersion: is a map; allowed: lintel.io/v1alpha1\n"},
	{IN_WHOLE, "{apiVersion: v1, kind: List, items: 1.5}",
         "t.yaml:1: items: is a number; allowed: a list of objects\n"},
	{IN_WHOLE, "{apiVersion: v1, kind: List}", ""},
	{IN_WHOLE, "true",
         "t.yaml:1: is a boolean; allowed: an object with apiVersion, kind, metadata, spec\n"},
};

START_TEST(every_problem_is_told_with_line_object_field_and_what_is_allowed)
{
	judge_row(frames[rows[_i].place], rows[_i].text, rows[_i].problems);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_decode_document", &tests);

	tcase_add_loop_test(tests, every_problem_is_told_with_line_object_field_and_what_is_allowed,
	                    0, LT_ARRAY_SIZE(rows));
	return unit_run(suite);
}
