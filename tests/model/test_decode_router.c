/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields and rules of VirtualRouter and AddressPool: each row is a text and the problems that
 * are found in it, word for word. */
#include "tests/model/judge.h"
#include "tests/unit.h"

/* Where a row's text stands in a document that is right otherwise. */
enum place { IN_ROUTER, IN_ROUTER_SPEC, IN_POOL };

static const char *const frames[] = {
	[IN_ROUTER] = "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: r}, "
		      "spec: {\n"
		      "virtualRouterId: 1, interface: eth0,\n%s}}\n",
	[IN_ROUTER_SPEC] = "{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: "
			   "r}, spec: {\n%s}}\n",
	[IN_POOL] =
		"{apiVersion: lintel.io/v1alpha1, kind: AddressPool, metadata: {name: p}, spec: {\n"
		"virtualRouter: r,\n%s}}\n",
};

static const struct row {
	enum place place;
	const char *text;
	const char *problems; /* "" when it is right */
} rows[] = {
	{IN_ROUTER_SPEC, "virtualRouterId: 1, interface: eth0", ""},
	{IN_ROUTER_SPEC, "interface: eth0",
         "t.yaml:1: VirtualRouter r: spec.virtualRouterId: missing; it has to be an integer from 1 "
         "to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 1",
         "t.yaml:1: VirtualRouter r: spec.interface: missing; it has to be the name of a network "
         "interface, at most 15 characters\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: ~, interface: eth0",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: missing; it has to be an integer from 1 "
         "to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 0, interface: eth0",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: 0 is out of range; allowed: an integer "
         "from 1 to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 256, interface: eth0",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: 256 is out of range; allowed: an "
         "integer from 1 to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: '51', interface: eth0",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: is the text '51'; allowed: an integer "
         "from 1 to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 5.1, interface: eth0",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: is the number 5.1; allowed: an integer "
         "from 1 to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: [51], interface: eth0",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: is a list; allowed: an integer from 1 "
         "to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 99999999999999999999, interface: eth0",
         "t.yaml:2: VirtualRouter r: spec.virtualRouterId: is the number 99999999999999999999; "
         "allowed: an integer from 1 to 255\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 1, interface: 0",
         "t.yaml:2: VirtualRouter r: spec.interface: is the integer 0, which is text only in "
         "quotes; allowed: the name of a network interface, at most 15 characters\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 1, interface: sixteen-letters-",
         "t.yaml:2: VirtualRouter r: spec.interface: 'sixteen-letters-' is no interface name; "
         "allowed: the name of a network interface, at most 15 characters\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 1, interface: a/b",
         "t.yaml:2: VirtualRouter r: spec.interface: 'a/b' is no interface name; allowed: the name "
         "of a network interface, at most 15 characters\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 1, interface: 'a b'",
         "t.yaml:2: VirtualRouter r: spec.interface: 'a b' is no interface name; allowed: the name "
         "of a network interface, at most 15 characters\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 1, interface: ..",
         "t.yaml:2: VirtualRouter r: spec.interface: '..' is no interface name; allowed: the name "
         "of a network interface, at most 15 characters\n"},
	{IN_ROUTER_SPEC, "virtualRouterId: 1, interface: {name: eth0}",
         "t.yaml:2: VirtualRouter r: spec.interface: is a map; allowed: the name of a network "
         "interface, at most 15 characters\n"},
	{IN_ROUTER, "adresses: [192.0.2.1/24]",
         "t.yaml:3: VirtualRouter r: spec.adresses: unknown field 'adresses'; did you mean "
         "'addresses'?\n"},
	{IN_ROUTER, "nonsense: 1",
         "t.yaml:3: VirtualRouter r: spec.nonsense: unknown field 'nonsense'; allowed: "
         "virtualRouterId, interface, addresses, priority, advertisementInterval, preempt, "
         "preemptDelay, accept, peers, virtualMac, trackInterfaces, track, damping, syncGroup, "
         "checksum, authentication, "
         "addressLifetime, "
         "announce\n"},
	{IN_ROUTER, "priority: 0",
         "t.yaml:3: VirtualRouter r: spec.priority: 0 is out of range; allowed: an integer from 1 "
         "to 255\n"},
	{IN_ROUTER, "priority: 254", ""},
	{IN_ROUTER, "priority: 255",
         "t.yaml:3: VirtualRouter r: spec.priority: warning: 255 is the address owner: it takes "
         "over at once whenever it starts, whatever 'preempt' says\n"},
	{IN_ROUTER, "preempt: yes",
         "t.yaml:3: VirtualRouter r: spec.preempt: is the text 'yes'; allowed: true or false\n"},
	{IN_ROUTER, "preempt: 1",
         "t.yaml:3: VirtualRouter r: spec.preempt: is the integer 1; allowed: true or false\n"},
	{IN_ROUTER, "preempt: true, preemptDelay: 5s", ""},
	{IN_ROUTER, "preemptDelay: 5s",
         "t.yaml:3: VirtualRouter r: spec.preemptDelay: warning: has no effect while preempt is "
         "false\n"},
	{IN_ROUTER, "preemptDelay: 2h",
         "t.yaml:3: VirtualRouter r: spec.preemptDelay: 2h is out of range; allowed: a duration "
         "from 0s to 1h\n"},
	{IN_ROUTER, "advertisementInterval: 10ms", ""},
	{IN_ROUTER, "advertisementInterval: 9ms",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: 9ms is out of range; allowed: a "
         "duration from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "advertisementInterval: 15ms",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: 15ms is no multiple of 10ms; "
         "allowed: a duration from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "advertisementInterval: 40.96s",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: 40.96s is out of range; allowed: "
         "a duration from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "advertisementInterval: 41s",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: 41s is out of range; allowed: a "
         "duration from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "advertisementInterval: 40950ms", ""},
	{IN_ROUTER, "advertisementInterval: 100",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: 100 has no unit (h, m, s, ms); "
         "allowed: a duration from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "advertisementInterval: 0.5",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: 0.5 has no unit (h, m, s, ms); "
         "allowed: a duration from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "advertisementInterval: fast",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: 'fast' is no duration; allowed: a "
         "duration from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "advertisementInterval: [1s]",
         "t.yaml:3: VirtualRouter r: spec.advertisementInterval: is a list; allowed: a duration "
         "from 10ms to 40.95s in steps of 10ms\n"},
	{IN_ROUTER, "accept: \"true\"",
         "t.yaml:3: VirtualRouter r: spec.accept: is the text 'true'; allowed: true or false\n"},
	{IN_ROUTER, "virtualMac: maybe",
         "t.yaml:3: VirtualRouter r: spec.virtualMac: is the text 'maybe'; allowed: true or "
         "false\n"},
	{IN_ROUTER, "checksum: rfc5798",
         "t.yaml:3: VirtualRouter r: spec.checksum: 'rfc5798' is not known; allowed: one of "
         "pseudoHeader, rfc9568\n"},
	{IN_ROUTER, "checksum: nothing",
         "t.yaml:3: VirtualRouter r: spec.checksum: 'nothing' is not known; allowed: one of "
         "pseudoHeader, rfc9568\n"},
	{IN_ROUTER, "checksum: rfc9568", ""},
	{IN_ROUTER, "authentication: {keyFile: /etc/lintel/vrrp.key}", ""},
	{IN_ROUTER, "authentication: {keyFile: /k, mode: receiveOnly, replay: time, window: 30s}",
         ""},
	{IN_ROUTER, "authentication: {}",
         "t.yaml:3: VirtualRouter r: spec.authentication.keyFile: missing; it has to be a text of "
         "1 to "
         "4095 bytes without control characters\n"},
	{IN_ROUTER, "authentication: {keyFile: vrrp.key}",
         "t.yaml:3: VirtualRouter r: spec.authentication.keyFile: 'vrrp.key' is no absolute "
         "path\n"},
	{IN_ROUTER, "authentication: {keyFile: /k, mode: on}",
         "t.yaml:3: VirtualRouter r: spec.authentication.mode: 'on' is not known; allowed: one of "
         "enforce, permissive, receiveOnly\n"},
	{IN_ROUTER, "authentication: {keyFile: /k, window: 301s}",
         "t.yaml:3: VirtualRouter r: spec.authentication.window: 301s is out of range; allowed: "
         "0s, or a "
         "duration from 1s to 5m in steps of 1s\n"},
	{IN_ROUTER, "authentication: {keyFile: /k, replay: monotonic, window: 9s}",
         "t.yaml:3: VirtualRouter r: spec.authentication.window: warning: has no effect with "
         "replay: "
         "monotonic\n"},
	{IN_ROUTER, "addressLifetime: 0s", ""},
	{IN_ROUTER, "addressLifetime: 1s",
         "t.yaml:3: VirtualRouter r: spec.addressLifetime: 1s is out of range; allowed: 0s, or a "
         "duration from 2s to 1h in steps of 1s\n"},
	{IN_ROUTER, "addressLifetime: 2500ms",
         "t.yaml:3: VirtualRouter r: spec.addressLifetime: 2500ms is no multiple of 1s; allowed: "
         "0s, or a duration from 2s to 1h in steps of 1s\n"},
	{IN_ROUTER, "addressLifetime: 3601s",
         "t.yaml:3: VirtualRouter r: spec.addressLifetime: 3601s is out of range; allowed: 0s, or "
         "a duration from 2s to 1h in steps of 1s\n"},
	{IN_ROUTER, "announce: {count: 0}",
         "t.yaml:3: VirtualRouter r: spec.announce.count: 0 is out of range; allowed: an integer "
         "from 1 to 100\n"},
	{IN_ROUTER, "announce: {count: 101, interval: 2s, repeatAfter: 2h, refresh: 500ms}",
         "t.yaml:3: VirtualRouter r: spec.announce.count: 101 is out of range; allowed: an integer "
         "from 1 to 100\n"
         "t.yaml:3: VirtualRouter r: spec.announce.interval: 2s is out of range; allowed: a "
         "duration from 0s to 1s\n"
         "t.yaml:3: VirtualRouter r: spec.announce.repeatAfter: 2h is out of range; allowed: a "
         "duration from 0s to 1h\n"
         "t.yaml:3: VirtualRouter r: spec.announce.refresh: 500ms is out of range; allowed: 0s, or "
         "a duration from 1s to 24h\n"},
	{IN_ROUTER, "announce: {count: 1, interval: 0s, repeatAfter: 0s, refresh: 0s}", ""},
	{IN_ROUTER, "announce: often",
         "t.yaml:3: VirtualRouter r: spec.announce: is the text 'often'; allowed: a map with "
         "count, interval, repeatAfter, refresh\n"},
	{IN_ROUTER, "announce: {cuont: 3}",
         "t.yaml:3: VirtualRouter r: spec.announce.cuont: unknown field 'cuont'; did you mean "
         "'count'?\n"},
	{IN_ROUTER,
         "addresses: [192.0.2.1/24, 192.0.2.2, \"2001:db8::1/64\", {address: 198.51.100.1/24, "
         "interface: eth1}]",
         ""},
	{IN_ROUTER, "addresses: 192.0.2.1/24",
         "t.yaml:3: VirtualRouter r: spec.addresses: is the text '192.0.2.1/24'; allowed: a list, "
         "each entry an IPv4 or IPv6 address with a prefix length, such as 192.0.2.1/24, or a map "
         "with address, interface\n"},
	{IN_ROUTER, "addresses: [192.0.2/24]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: '192.0.2/24' is no address with a prefix "
         "length; allowed: an IPv4 or IPv6 address with a prefix length, such as 192.0.2.1/24\n"},
	{IN_ROUTER, "addresses: [192.0.2.1/33]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: '192.0.2.1/33' is no address with a prefix "
         "length; allowed: an IPv4 or IPv6 address with a prefix length, such as 192.0.2.1/24\n"},
	{IN_ROUTER, "addresses: [{interface: eth1}]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0].address: missing; it has to be an IPv4 or "
         "IPv6 address with a prefix length, such as 192.0.2.1/24\n"},
	{IN_ROUTER, "addresses: [{address: 192.0.2.1/24, interface: 7}]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0].interface: is the integer 7, which is text "
         "only in quotes; allowed: the name of a network interface, at most 15 characters\n"},
	{IN_ROUTER, "addresses: [[192.0.2.1/24]]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: is a list; allowed: an IPv4 or IPv6 "
         "address with a prefix length, such as 192.0.2.1/24, or a map with address, interface\n"},
	{IN_ROUTER, "addresses: [~]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: is empty; allowed: an IPv4 or IPv6 address "
         "with a prefix length, such as 192.0.2.1/24, or a map with address, interface\n"},
	{IN_ROUTER, "addresses: [4]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: is the integer 4, which is text only in "
         "quotes; allowed: an IPv4 or IPv6 address with a prefix length, such as 192.0.2.1/24\n"},
	{IN_ROUTER, "addresses: [192.0.2.0/24]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: 192.0.2.0/24 is the address of the network "
         "itself; allowed: an address that one node can own\n"},
	{IN_ROUTER, "addresses: [{address: 192.0.2.255/24}]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0].address: 192.0.2.255/24 is the network's "
         "broadcast address; allowed: an address that one node can own\n"},
	{IN_ROUTER, "addresses: [192.0.2.0/31, 192.0.2.1/32]", ""},
	{IN_ROUTER, "addresses: [\"2001:db8::/64\"]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: 2001:db8::/64 is the address of the "
         "network itself; allowed: an address that one node can own\n"},
	{IN_ROUTER,
         "addresses: [0.0.0.0/0, 224.0.0.1/24, 255.255.255.255, 127.0.0.1/8, \"::1/128\", "
         "\"ff02::1/64\", \"::ffff:192.0.2.1\"]",
         "t.yaml:3: VirtualRouter r: spec.addresses[0]: 0.0.0.0/0 is the unspecified address; "
         "allowed: an address that one node can own\n"
         "t.yaml:3: VirtualRouter r: spec.addresses[1]: 224.0.0.1/24 is a multicast address; "
         "allowed: an address that one node can own\n"
         "t.yaml:3: VirtualRouter r: spec.addresses[2]: 255.255.255.255/32 is the broadcast "
         "address; allowed: an address that one node can own\n"
         "t.yaml:3: VirtualRouter r: spec.addresses[3]: 127.0.0.1/8 is a loopback address; "
         "allowed: an address that one node can own\n"
         "t.yaml:3: VirtualRouter r: spec.addresses[4]: ::1/128 is a loopback address; allowed: an "
         "address that one node can own\n"
         "t.yaml:3: VirtualRouter r: spec.addresses[5]: ff02::1/64 is a multicast address; "
         "allowed: an address that one node can own\n"
         "t.yaml:3: VirtualRouter r: spec.addresses[6]: ::ffff:192.0.2.1/128 is an IPv4 address in "
         "IPv6 form; allowed: an address that one node can own\n"},
	{IN_ROUTER, "addresses: [192.0.2.1/24, 192.0.2.2/24, 192.0.2.1/25]",
         "t.yaml:3: VirtualRouter r: spec.addresses[2]: has the same address as addresses[0]\n"},
	{IN_ROUTER, "track: [{weight: -5}]",
         "t.yaml:3: VirtualRouter r: spec.track[0]: tracks nothing; allowed: one of file, address, "
         "interface\n"},
	{IN_ROUTER, "track: [{file: /a, interface: eth1}]",
         "t.yaml:3: VirtualRouter r: spec.track[0]: tracks several things at once; allowed: one of "
         "file, address, interface\n"},
	{IN_ROUTER, "track: [{file: a/b}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].file: 'a/b' is no absolute path\n"},
	{IN_ROUTER, "track: [{file: /a, weight: 0}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].weight: 0 times a number changes nothing; "
         "allowed: another one, or expect: present or absent\n"},
	{IN_ROUTER, "track: [{interface: eth1, weight: -255}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].weight: -255 is out of range; allowed: an "
         "integer from -254 to 254\n"},
	{IN_ROUTER, "track: [{interface: eth1, expect: absent}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].expect: needs file\n"},
	{IN_ROUTER, "track: [{interface: eth1, interval: 2s}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].interval: needs address\n"},
	{IN_ROUTER, "track: [{address: 10.0.0.1, interval: 200ms}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].timeout: is longer than interval\n"},
	{IN_ROUTER, "track: [{address: 224.0.0.1}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].address: is a multicast address; allowed: an "
         "address that can answer\n"},
	{IN_ROUTER, "track: [{file: /a, expekt: number}]",
         "t.yaml:3: VirtualRouter r: spec.track[0].expekt: unknown field 'expekt'; did you mean "
         "'expect'?\n"},
	{IN_ROUTER, "track: [{interface: eth1}, {file: /a}, {interface: eth1, weight: 5}]",
         "t.yaml:3: VirtualRouter r: spec.track[2]: tracks the same as track[0]\n"},
	{IN_ROUTER, "damping: {hold: 2m}",
         "t.yaml:3: VirtualRouter r: spec.damping.hold: is longer than maximum\n"},
	{IN_ROUTER, "syncGroup: Front_1",
         "t.yaml:3: VirtualRouter r: spec.syncGroup: 'Front_1' is no name; allowed: a name of at "
         "most 63 lower-case letters, digits and '-' that begins and ends with a letter or "
         "digit\n"},
	{IN_ROUTER, "trackInterfaces: [eth1, eth2, eth1]",
         "t.yaml:3: VirtualRouter r: spec.trackInterfaces[2]: is in the list already, as "
         "trackInterfaces[0]\n"},
	{IN_ROUTER, "trackInterfaces: [eth1, 5, eth1]",
         "t.yaml:3: VirtualRouter r: spec.trackInterfaces[1]: is the integer 5, which is text only "
         "in quotes; allowed: the name of a network interface, at most 15 characters\n"},
	{IN_ROUTER, "trackInterfaces: {eth1: true}",
         "t.yaml:3: VirtualRouter r: spec.trackInterfaces: is a map; allowed: a list, each entry "
         "the name of a network interface, at most 15 characters\n"},
	{IN_ROUTER, "peers: [192.0.2.2, \"2001:db8::2\"]", ""},
	{IN_ROUTER, "addresses: [192.0.2.1/24, 192.0.2.9/24], peers: [192.0.2.2, 192.0.2.9]",
         "t.yaml:3: VirtualRouter r: spec.peers[1]: warning: is addresses[1], which moves; a "
         "node's "
         "own is meant, unless that node is the address owner (priority 255)\n"},
	{IN_ROUTER, "peers: [192.0.2.2, 192.0.2.2]",
         "t.yaml:3: VirtualRouter r: spec.peers[1]: is in the list already, as peers[0]\n"},
	{IN_ROUTER, "peers: [192.0.2.2/24]",
         "t.yaml:3: VirtualRouter r: spec.peers[0]: '192.0.2.2/24' is no address, it has a prefix "
         "length; allowed: an IPv4 or IPv6 address\n"},
	{IN_ROUTER, "peers: [host.example]",
         "t.yaml:3: VirtualRouter r: spec.peers[0]: 'host.example' is no address; allowed: an IPv4 "
         "or IPv6 address\n"},
	{IN_ROUTER, "peers: [0.0.0.0, 224.0.0.18, 127.0.0.1]",
         "t.yaml:3: VirtualRouter r: spec.peers[0]: is the unspecified address; allowed: the "
         "address of another node\n"
         "t.yaml:3: VirtualRouter r: spec.peers[1]: is a multicast address; allowed: the address "
         "of another node\n"
         "t.yaml:3: VirtualRouter r: spec.peers[2]: is a loopback address; allowed: the address of "
         "another node\n"},
	{IN_ROUTER, "peers: [192.0.2.2], addresses: [192.0.2.1/24, \"2001:db8::1/64\"]",
         "t.yaml:3: VirtualRouter r: spec.peers: warning: none is an IPv6 address, though the "
         "virtual router has IPv6 addresses: nobody hears of those\n"},
	{IN_ROUTER, "peers: [\"2001:db8::2\"], addresses: [192.0.2.1/24]",
         "t.yaml:3: VirtualRouter r: spec.peers: warning: none is an IPv4 address, though the "
         "virtual router has IPv4 addresses: nobody hears of those\n"},
	{IN_ROUTER, "peers: []", ""},
	{IN_POOL,
         "addresses: [192.0.2.10-192.0.2.20, 192.0.2.32/28, \"2001:db8::100/120\", 192.0.2.99]",
         ""},
	{IN_POOL, "autoAssign: true",
         "t.yaml:1: AddressPool p: spec.addresses: missing; it has to be a list, each entry a "
         "range as 192.0.2.10-192.0.2.20, a prefix as 192.0.2.16/28 or one address\n"},
	{IN_POOL,
         "addresses: [192.0.2.0/24], avoidBuggyIPs: true, priority: 10, namespaces: [a, b], "
         "namespaceSelector: {matchLabels: {team: web}}, serviceSelector: {matchLabels: {a: b, "
         "example.com/c: ''}}",
         ""},
	{IN_POOL, "addresses: [192.0.2.1], serviceSelector: {matchLabels: [a]}",
         "t.yaml:3: AddressPool p: spec.serviceSelector.matchLabels: is a list; allowed: a map of "
         "at most 64 labels, each key with a text\n"},
	{IN_POOL, "addresses: [192.0.2.1], serviceSelector: {matchLabels: {a: 1, b: c}}",
         "t.yaml:3: AddressPool p: spec.serviceSelector.matchLabels.a: is of the kind integer; "
         "allowed: a text\n"},
	{IN_POOL, "addresses: [192.0.2.1], serviceSelector: {matchLabels: a}",
         "t.yaml:3: AddressPool p: spec.serviceSelector.matchLabels: is the text 'a'; allowed: a "
         "map of at most 64 labels, each key with a text\n"},
	{IN_POOL, "addresses: [192.0.2.1], serviceSelector: {}",
         "t.yaml:3: AddressPool p: spec.serviceSelector: says nothing; allowed: matchLabels, "
         "matchExpressions or both\n"},
	{IN_POOL,
         "addresses: [192.0.2.1], serviceSelector: {matchExpressions: [{key: a, operator: In, "
         "values: [b, '']}, {key: example.com/c, operator: DoesNotExist}]}",
         ""},
	{IN_POOL,
         "addresses: [192.0.2.1], namespaceSelector: {matchExpressions: [{key: a, operator: "
         "NotIn}]}",
         "t.yaml:3: AddressPool p: spec.namespaceSelector.matchExpressions[0]: operators In and "
         "NotIn need values\n"},
	{IN_POOL,
         "addresses: [192.0.2.1], namespaceSelector: {matchExpressions: [{key: a, operator: "
         "Exists, values: [b]}]}",
         "t.yaml:3: AddressPool p: spec.namespaceSelector.matchExpressions[0].values: is for "
         "operators In and NotIn only\n"},
	{IN_POOL, "addresses: [192.0.2.1], priority: -1",
         "t.yaml:3: AddressPool p: spec.priority: -1 is out of range; allowed: an integer from 0 "
         "to 2147483647\n"},
	{IN_POOL, "addresses: []",
         "t.yaml:3: AddressPool p: spec.addresses: is an empty list; allowed: at least one "
         "entry\n"},
	{IN_POOL, "addresses: [192.0.2.20-192.0.2.10]",
         "t.yaml:3: AddressPool p: spec.addresses[0]: '192.0.2.20-192.0.2.10' is no range of "
         "addresses; allowed: a range as 192.0.2.10-192.0.2.20, a prefix as 192.0.2.16/28 or one "
         "address\n"},
	{IN_POOL, "addresses: [192.0.2.10-2001:db8::1]",
         "t.yaml:3: AddressPool p: spec.addresses[0]: '192.0.2.10-2001:db8::1' is no range of "
         "addresses; allowed: a range as 192.0.2.10-192.0.2.20, a prefix as 192.0.2.16/28 or one "
         "address\n"},
	{IN_POOL, "addresses: [192.0.2.10-192.0.2.20, 192.0.2.40, 192.0.2.20-192.0.2.30]",
         "t.yaml:3: AddressPool p: spec.addresses[2]: overlaps addresses[0]\n"},
	{IN_POOL, "addresses: [192.0.2.0/24, 192.0.2.7, 192.0.2.9]",
         "t.yaml:3: AddressPool p: spec.addresses[1]: overlaps addresses[0]\n"
         "t.yaml:3: AddressPool p: spec.addresses[2]: overlaps addresses[0]\n"},
	{IN_POOL, "addresses: [224.0.0.1-224.0.0.5, 0.0.0.0/8]",
         "t.yaml:3: AddressPool p: spec.addresses[0]: has a multicast address in it; allowed: "
         "addresses that one node can own\n"
         "t.yaml:3: AddressPool p: spec.addresses[1]: has the unspecified address in it; allowed: "
         "addresses that one node can own\n"},
	{IN_POOL, "addresses: [nothing, nothing]",
         "t.yaml:3: AddressPool p: spec.addresses[0]: 'nothing' is no range of addresses; allowed: "
         "a range as 192.0.2.10-192.0.2.20, a prefix as 192.0.2.16/28 or one address\n"
         "t.yaml:3: AddressPool p: spec.addresses[1]: 'nothing' is no range of addresses; allowed: "
         "a range as 192.0.2.10-192.0.2.20, a prefix as 192.0.2.16/28 or one address\n"},
	{IN_ROUTER, "peers: [~]",
         "t.yaml:3: VirtualRouter r: spec.peers[0]: is empty; allowed: an IPv4 or IPv6 address\n"},
	{IN_ROUTER, "checksum: ééééééééééééééééééééééééééééééééééééééééééééééééééééé",
         "t.yaml:3: VirtualRouter r: spec.checksum: 'éééééééééééééééééééééééééééééééééééééé...' is "
         "not known; allowed: one of pseudoHeader, rfc9568\n"},
};

START_TEST(every_problem_is_told_with_line_object_field_and_what_is_allowed)
{
	judge_row(frames[rows[_i].place], rows[_i].text, rows[_i].problems);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_decode_router", &tests);

	tcase_add_loop_test(tests, every_problem_is_told_with_line_object_field_and_what_is_allowed,
	                    0, LT_ARRAY_SIZE(rows));
	return unit_run(suite);
}
