/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules between objects: each row is a text and the problems that joining finds in it. */
#include "tests/model/judge.h"
#include "tests/unit.h"

/* One object, on two lines with the "---" after it. */
#define API "{apiVersion: lintel.io/v1alpha1, kind: "
#define ROUTER(name, vrid, interface, addresses)                                        \
	API "VirtualRouter, metadata: {name: " name "}, spec: {virtualRouterId: " #vrid \
	    ", interface: " interface ", addresses: " addresses "}}\n---\n"
#define SERVER(name, router, addresses, ports, rest)                                   \
	API "VirtualServer, metadata: {name: " name "}, spec: {virtualRouter: " router \
	    ", addresses: " addresses ", ports: " ports ", " rest "}}\n---\n"
/* Of sync group edge. */
#define MEMBER(name, vrid) ROUTER(name, vrid, "eth0, syncGroup: edge", "[10.0.1." #vrid "/24]")
#define POOL(name, router, addresses)                                                \
	API "AddressPool, metadata: {name: " name "}, spec: {virtualRouter: " router \
	    ", addresses: [" addresses "]}}\n---\n"

static const struct row {
	const char *text;
	const char *problems; /* "" when it is right */
} rows[] = {
	{ROUTER("front", 51, "eth0", "[10.0.0.1/24]") SERVER(
		 "a", "front", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("front", 51, "eth0", "[10.0.0.1/24]") ROUTER("front", 52, "eth0", "[10.0.0.2/24]"),
         "t.yaml:3: VirtualRouter front: metadata.name: the name is taken by t.yaml:1\n"},
	{ROUTER("front", 51, "eth0", "[10.0.0.1/24]") SERVER(
		 "a", "front", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]")
                 SERVER("a", "front", "[10.0.0.3]", "[{port: 80}]",
                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/a: metadata.name: the name is taken by t.yaml:3\n"},
	{ROUTER("front", 51, "eth0", "[10.0.0.1/24]") POOL("a", "front", "10.0.0.2")
                 POOL("a", "front", "10.0.0.3"),
         "t.yaml:5: AddressPool a: metadata.name: the name is taken by t.yaml:3\n"},
	{ROUTER("front", 51, "eth0", "[10.0.0.1/24]") SERVER(
		 "a", "frnt", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]"),
         "t.yaml:3: VirtualServer default/a: spec.virtualRouter: there is no VirtualRouter 'frnt'; "
         "did you mean 'front'?\n"},
	{SERVER("a", "front", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]"),
         "t.yaml:1: VirtualServer default/a: spec.virtualRouter: there is no VirtualRouter "
         "'front'\n"},
	{POOL("a", "front", "10.0.0.2"),
         "t.yaml:1: AddressPool a: spec.virtualRouter: there is no VirtualRouter 'front'\n"},
	{ROUTER("front", 51, "eth0", "[10.0.0.1/24]") POOL("a", "back", "10.0.0.2"),
         "t.yaml:3: AddressPool a: spec.virtualRouter: there is no VirtualRouter 'back'\n"},
	{ROUTER("front", 0, "eth0", "[10.0.0.1/24]") SERVER(
		 "a", "front", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]"),
         "t.yaml:1: VirtualRouter front: spec.virtualRouterId: 0 is out of range; allowed: an "
         "integer from 1 to 255\n"},
	{ROUTER("front", 51, "eth0", "[300.0.0.1/24]") SERVER(
		 "a", "front", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]"),
         "t.yaml:1: VirtualRouter front: spec.addresses[0]: '300.0.0.1/24' is no address with a "
         "prefix length; allowed: an IPv4 or IPv6 address with a prefix length, such as "
         "192.0.2.1/24\n"},
	{ROUTER("a", 51, "eth0", "[10.0.0.1/24]") ROUTER("b", 51, "eth0", "[10.0.0.2/24]"),
         "t.yaml:3: VirtualRouter b: spec.virtualRouterId: 51 is taken on interface eth0 by "
         "VirtualRouter a (t.yaml:1); allowed: another one\n"},
	{ROUTER("a", 51, "eth0", "[10.0.0.1/24]") ROUTER("b", 51, "eth1", "[10.0.0.2/24]"), ""},
	{ROUTER("r", 1, "eth0, priority: 255", "[10.0.0.1/24]") SERVER(
		 "a", "r", "[10.0.0.1]", "[{port: 80}]",
		 "servers: [{address: 198.51.100.1}], quorum: {minimum: 1, onLoss: lowerPriority}"),
         "t.yaml:1: VirtualRouter r: spec.priority: warning: 255 is the address owner: it takes "
         "over at once whenever it starts, whatever 'preempt' says\n"
         "t.yaml:3: VirtualServer default/a: spec.quorum.onLoss: warning: lowerPriority has no "
         "effect: VirtualRouter r is the address owner (priority 255); allowed: withdraw, or a "
         "lower priority\n"},
	{ROUTER("r", 1, "eth0, priority: 255", "[10.0.0.1/24]") SERVER(
		 "a", "r", "[10.0.0.1]", "[{port: 80}]",
		 "servers: [{address: 198.51.100.1}], quorum: {minimum: 1, onLoss: withdraw}"),
         "t.yaml:1: VirtualRouter r: spec.priority: warning: 255 is the address owner: it takes "
         "over at once whenever it starts, whatever 'preempt' says\n"},
	{ROUTER("a", 51, "eth0", "[10.0.0.1/24]") ROUTER("b", 52, "eth0", "[10.0.0.2/24]"), ""},
	{MEMBER("a", 1) MEMBER("b", 2), ""},
	{MEMBER("a", 1) ROUTER("b", 2, "eth0", "[10.0.0.2/24]"),
         "t.yaml:1: VirtualRouter a: spec.syncGroup: warning: edge has no other member: it moves "
         "by itself\n"},
	{MEMBER("a", 1) MEMBER("b", 2) MEMBER("c", 3) MEMBER("d", 4) MEMBER("e", 5) MEMBER("f", 6)
                 MEMBER("g", 7) MEMBER("h", 8) MEMBER("i", 9) MEMBER("j", 10) MEMBER("k", 11)
                         MEMBER("l", 12) MEMBER("m", 13) MEMBER("n", 14) MEMBER("o", 15)
                                 MEMBER("p", 16) MEMBER("q", 17),
         "t.yaml:33: VirtualRouter q: spec.syncGroup: edge has 16 members already; allowed: at "
         "most 16\n"},
	{ROUTER("a", 51, "eth0", "[10.0.0.1/24]") ROUTER("b", 51, "eth0", "[10.0.0.2/24]")
                 ROUTER("c", 51, "eth0", "[10.0.0.3/24]"),
         "t.yaml:3: VirtualRouter b: spec.virtualRouterId: 51 is taken on interface eth0 by "
         "VirtualRouter a (t.yaml:1); allowed: another one\n"
         "t.yaml:5: VirtualRouter c: spec.virtualRouterId: 51 is taken on interface eth0 by "
         "VirtualRouter b (t.yaml:3); allowed: another one\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]")
                 SERVER("b", "r", "[10.0.0.2]", "[{port: 81}]",
                        "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]")
                 SERVER("b", "r", "[10.0.0.2]", "[{port: 80}]",
                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/b: spec.ports[0]: TCP port 80 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]")
                 SERVER("b", "r", "[10.0.0.2]", "[{port: 80, protocol: UDP}]",
                        "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]")
                 SERVER("b", "r", "[10.0.0.3, 10.0.0.2]", "[{port: 79}, {port: 80}]",
                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/b: spec.ports[1]: TCP port 80 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{portRange: {start: 70, end: 90}}]",
                        "servers: [{address: 198.51.100.1}]")
                         SERVER("b", "r", "[10.0.0.2]", "[{port: 80}]",
                                "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/b: spec.ports[0]: TCP port 80 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]")
                 SERVER("b", "r", "[10.0.0.2]", "[{portRange: {start: 70, end: 90}}]",
                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/b: spec.ports[0]: TCP port 80 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{portRange: {start: 70, end: 90}}]",
                        "servers: [{address: 198.51.100.1}]")
                         SERVER("b", "r", "[10.0.0.2]", "[{portRange: {start: 90, end: 99}}]",
                                "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/b: spec.ports[0]: TCP port 90 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{portRange: {start: 70, end: 90}}]",
                        "servers: [{address: 198.51.100.1}]")
                         SERVER("b", "r", "[10.0.0.2]", "[{portRange: {start: 91, end: 99}}]",
                                "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{portRange: {start: 1, end: 100}}]",
                        "servers: [{address: 198.51.100.1}]")
                         SERVER("b", "r", "[10.0.0.2]", "[{portRange: {start: 20, end: 30}}]",
                                "servers: [{address: 198.51.100.1}]")
                                 SERVER("c", "r", "[10.0.0.2]", "[{port: 40}]",
                                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/b: spec.ports[0]: TCP port 20 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"
         "t.yaml:7: VirtualServer default/c: spec.ports[0]: TCP port 40 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{port: 80}, {port: 81}, {port: 80}]",
                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:3: VirtualServer default/a: spec.ports[2]: has TCP ports in common with "
         "ports[0]\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{port: 0}]", "servers: [{address: 198.51.100.1}]")
                         SERVER("b", "r", "[10.0.0.2]", "[{port: 80}]",
                                "servers: [{address: 198.51.100.1}]"),
         "t.yaml:3: VirtualServer default/a: spec.ports[0].port: 0 is out of range; allowed: an "
         "integer from 1 to 65535\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]")
                 SERVER("b", "r", "[10.0.0.2]", "[{port: 80}, {port: 0}]",
                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/b: spec.ports[1].port: 0 is out of range; allowed: an "
         "integer from 1 to 65535\n"
         "t.yaml:5: VirtualServer default/b: spec.ports[0]: TCP port 80 on 10.0.0.2 is taken by "
         "VirtualServer default/a (t.yaml:3)\n"},
	{ROUTER("a", 1, "eth0", "[10.0.0.1/24]") ROUTER("b", 2, "eth0", "[10.0.0.1/24]"),
         "t.yaml:3: VirtualRouter b: spec.addresses[0]: 10.0.0.1 belongs to VirtualRouter a "
         "already (t.yaml:1); allowed: one virtual router for an address\n"},
	{ROUTER("a", 1, "eth0", "[10.0.0.1/24]") ROUTER("b", 2, "eth0", "[10.0.0.9/24]") SERVER(
		 "v", "a", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]")
                 SERVER("w", "b", "[10.0.0.2]", "[{port: 81}]",
                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:7: VirtualServer default/w: spec.addresses[0]: 10.0.0.2 belongs to VirtualRouter "
         "a already (VirtualServer default/v, t.yaml:5); allowed: one virtual router for an "
         "address\n"},
	{ROUTER("a", 1, "eth0", "[10.0.0.1/24]") ROUTER("b", 2, "eth0", "[10.0.0.9/24]") SERVER(
		 "w", "b", "[10.0.0.1]", "[{port: 81}]", "servers: [{address: 198.51.100.1}]"),
         "t.yaml:5: VirtualServer default/w: spec.addresses[0]: 10.0.0.1 belongs to VirtualRouter "
         "a already (t.yaml:1); allowed: one virtual router for an address\n"},
	{ROUTER("a", 1, "eth0", "[\"fe80::1/64\"]") ROUTER("b", 2, "eth1", "[\"fe80::1/64\"]"), ""},
	{ROUTER("a", 1, "eth0", "[\"fe80::1/64\"]") ROUTER("b", 2, "eth0", "[\"fe80::1/64\"]"),
         "t.yaml:3: VirtualRouter b: spec.addresses[0]: fe80::1 belongs to VirtualRouter a already "
         "(t.yaml:1); allowed: one virtual router for an address\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.1.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:3: VirtualServer default/a: spec.addresses[0]: warning: 10.0.1.2 is in no network "
         "of VirtualRouter r: others find it only by a route\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24, {address: 10.0.1.1/24, interface: eth1}]") SERVER(
		 "a", "r", "[10.0.1.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/32]") SERVER("a", "r", "[10.0.1.2]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[]") SERVER("a", "r", "[10.0.1.2]", "[{port: 80}]",
                                             "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[\"2001:db8::1\"]", "[{port: 80}]",
                        "servers: [{address: \"2001:db8:1::1\"}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[\"fe80::1/64\"]")
                 SERVER("a", "r", "[\"2001:db8::1\"]", "[{port: 80}]",
                        "servers: [{address: \"2001:db8:1::1\"}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.255]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:3: VirtualServer default/a: spec.addresses[0]: 10.0.0.255 is the broadcast "
         "address of a network of VirtualRouter r; allowed: an address that one node can own\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") SERVER("a", "r", "[10.0.0.0]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]"),
         "t.yaml:3: VirtualServer default/a: spec.addresses[0]: warning: 10.0.0.0 is the address "
         "of a network of VirtualRouter r itself: some of its neighbours take it for a broadcast "
         "address\n"},
	{ROUTER("r", 1, "eth0", "[\"2001:db8::1/64\"]")
                 SERVER("a", "r", "[\"2001:db8::\"]", "[{port: 80}]",
                        "servers: [{address: \"2001:db8:1::1\"}]"),
         "t.yaml:3: VirtualServer default/a: spec.addresses[0]: warning: 2001:db8:: is the address "
         "of a network of VirtualRouter r itself: every router of that network answers to it\n"},
	{ROUTER("r", 1, "eth0", "[\"2001:db8::1/127\"]")
                 SERVER("a", "r", "[\"2001:db8::\"]", "[{port: 80}]",
                        "servers: [{address: \"2001:db8:1::1\"}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.0/31]") SERVER("a", "r", "[10.0.0.1]", "[{port: 80}]",
                                                        "servers: [{address: 198.51.100.1}]"),
         ""},
	{ROUTER("r", 1, "eth0", "[]"),
         "t.yaml:1: VirtualRouter r: spec.addresses: warning: there are none, and no virtual "
         "server or pool names this virtual router: it has nothing to own\n"},
	{MEMBER("a", 1) ROUTER("b", 2, "eth0, syncGroup: edge", "[]"),
         "t.yaml:3: VirtualRouter b: spec.addresses: warning: there are none, and no virtual "
         "server or pool names this virtual router: it has nothing to own, and keeps the others of "
         "its sync group from being active\n"},
	{ROUTER("r", 1, "eth0", "[]") POOL("p", "r", "10.0.0.2"), ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                        "servers: [{address: 198.51.100.1}], sourceNat: {address: 10.0.0.1}"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                        "servers: [{address: 198.51.100.1}], sourceNat: {address: 10.0.0.2}"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]")
                 SERVER("a", "r", "[10.0.0.2]", "[{port: 80}]",
                        "servers: [{address: 198.51.100.1}], sourceNat: {address: 10.0.0.3}"),
         "t.yaml:3: VirtualServer default/a: spec.sourceNat.address: warning: 10.0.0.3 does not "
         "belong to VirtualRouter r: connections do not survive a failover\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") POOL("p", "r", "10.0.0.10-10.0.0.20")
                 POOL("q", "r", "10.0.0.30-10.0.0.40, 10.0.0.20"),
         "t.yaml:5: AddressPool q: spec.addresses[1]: overlaps addresses[0] of AddressPool p "
         "(t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") POOL("p", "r", "10.0.0.10-10.0.0.20")
                 POOL("q", "r", "10.0.0.21"),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") POOL("p", "r", "10.0.0.10-10.0.0.20")
                 POOL("q", "r", "10.0.0.10"),
         "t.yaml:5: AddressPool q: spec.addresses[0]: overlaps addresses[0] of AddressPool p "
         "(t.yaml:3)\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") POOL("p", "r", "10.0.1.10-10.0.1.20"),
         "t.yaml:3: AddressPool p: spec.addresses[0]: warning: 10.0.1.10 is in no network of "
         "VirtualRouter r: others find it only by a route\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") ROUTER("s", 2, "eth0", "[10.0.0.15/24]")
                 POOL("p", "r", "10.0.0.10-10.0.0.20"),
         "t.yaml:5: AddressPool p: spec.addresses[0]: warning: 10.0.0.15 in it belongs to "
         "VirtualRouter s, and can't be given\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") POOL("p", "r", "10.0.0.1-10.0.0.20"), ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24, 10.0.0.2/24]") POOL("p", "r", "10.0.0.0/24"),
         "t.yaml:3: AddressPool p: spec.addresses[0]: warning: 10.0.0.0 in it is the address of a "
         "network of VirtualRouter r, and is given like any other: leave it out, as avoidBuggyIPs: "
         "true does\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/26]") POOL("p", "r", "10.0.0.9, 10.0.0.10-10.0.0.63"),
         "t.yaml:3: AddressPool p: spec.addresses[1]: warning: 10.0.0.63 in it is the broadcast "
         "address of a network of VirtualRouter r, and is given like any other: leave it out\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") POOL("p", "r",
                                                      "10.0.0.0/24], avoidBuggyIPs: true, "
                                                      "namespaces: ["),
         ""},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24]") POOL("p", "r", "10.0.0.255"),
         "t.yaml:3: AddressPool p: spec.addresses[0]: 10.0.0.255 is the broadcast address of a "
         "network of VirtualRouter r; allowed: an address that one node can own\n"},
	{ROUTER("r", 1, "eth0", "[10.0.0.1/24], accept: false") SERVER(
		 "a", "r", "[10.0.0.2]", "[{port: 80}]", "servers: [{address: 198.51.100.1}]"),
         ""}, /* what virtual servers serve is accepted all the same */
};

START_TEST(rules_between_objects_are_told_with_both_places)
{
	const struct model_objects *sources[1];
	struct model_snapshot *snapshot;
	struct model_problems problems;
	struct model_objects objects;
	char *lines;

	model_objects_init(&objects);
	model_problems_init(&problems);
	sources[0] = &objects;
	judge_decode(rows[_i].text, "t.yaml", &objects, &problems);
	snapshot = model_snapshot_build(sources, 1, &problems);
	ck_assert_int_eq(snapshot == NULL, problems.error_count > 0);
	lines = judge_lines(&problems);
	ck_assert_msg(strcmp(lines, rows[_i].problems) == 0, "%s\nexpected:\n%sfound:\n%s",
	              rows[_i].text, rows[_i].problems, lines);
	free(lines);
	model_snapshot_free(snapshot);
	model_objects_done(&objects);
	model_problems_done(&problems);
}
END_TEST

START_TEST(rules_between_objects_are_told_on_the_line_of_the_field)
{
	static const char text[] = "apiVersion: lintel.io/v1alpha1\n"
				   "kind: VirtualRouter\n"
				   "metadata: {name: r}\n"
				   "spec:\n"
				   "  virtualRouterId: 51\n"
				   "  interface: eth0\n"
				   "  addresses: [10.0.0.1/24]\n"
				   "---\n"
				   "apiVersion: lintel.io/v1alpha1\n"
				   "kind: VirtualRouter\n"
				   "metadata: {name: s}\n"
				   "spec:\n"
				   "  interface: eth0\n"
				   "  virtualRouterId: 51\n" /* 14 */
				   "  addresses:\n"
				   "  - 10.0.0.3/24\n"
				   "  - 10.0.0.1/24\n" /* 17 */
				   "---\n"
				   "apiVersion: lintel.io/v1alpha1\n"
				   "kind: VirtualServer\n"
				   "metadata: {name: a}\n"
				   "spec:\n"
				   "  virtualRouter: r\n"
				   "  addresses: [10.0.0.2]\n"
				   "  ports: [{port: 80}]\n"
				   "  servers: [{address: 10.0.0.9}]\n"
				   "---\n"
				   "apiVersion: lintel.io/v1alpha1\n"
				   "kind: VirtualServer\n"
				   "metadata:\n"
				   "  name: b\n"
				   "spec:\n"
				   "  virtualRouter: r\n"
				   "  addresses:\n"
				   "  - 10.0.0.2\n"
				   "  - 10.1.0.2\n" /* 36 */
				   "  ports:\n"
				   "  - port: 81\n"
				   "  - port: 80\n" /* 39 */
				   "  sourceNat:\n" /* 40 */
				   "    mode: address\n"
				   "    address: 10.0.0.77\n"
				   "  servers: [{address: 10.0.0.9}]\n";
	static const char *const starts[] = {
		"t.yaml:14: VirtualRouter s: spec.virtualRouterId: 51 is taken",
		"t.yaml:17: VirtualRouter s: spec.addresses[1]: 10.0.0.1 belongs",
		"t.yaml:36: VirtualServer default/b: spec.addresses[1]: warning: 10.1.0.2 is in no",
		"t.yaml:39: VirtualServer default/b: spec.ports[1]: TCP port 80 on 10.0.0.2 is",
		"t.yaml:40: VirtualServer default/b: spec.sourceNat.address: warning: 10.0.0.77 ",
	};
	struct model_objects objects;
	const struct model_objects *sources[] = {&objects};
	struct model_problems problems;

	model_objects_init(&objects);
	model_problems_init(&problems);
	judge_decode(text, "t.yaml", &objects, &problems);
	model_snapshot_free(model_snapshot_build(sources, 1, &problems));
	char *lines = judge_lines(&problems), *line = lines;
	for (size_t i = 0; i < LT_ARRAY_SIZE(starts); i++) {
		ck_assert_msg(line && strncmp(line, starts[i], strlen(starts[i])) == 0,
		              "expected '%s...' in:\n%s", starts[i], lines);
		line = strchr(line, '\n') + 1;
	}
	ck_assert_str_eq(line, "");
	free(lines);
	model_objects_done(&objects);
	model_problems_done(&problems);
}
END_TEST

START_TEST(port_range_that_cannot_be_told_apart_is_refused_and_its_neighbours_are_not)
{
	static const char text[] =
		"{apiVersion: lintel.io/v1alpha1, kind: VirtualRouter, metadata: {name: r}, spec: "
		"{virtualRouterId: 1, interface: eth0, addresses: [10.0.0.1/24]}}\n"
		"---\n"
		"{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: a}, spec: "
		"{virtualRouter: r, addresses: [10.0.0.2], servers: [{address: 10.0.0.9}], ports: ["
		"{name: x, portRange: {start: 1000, end: 1009}, targetPort: 3000}, "
		"{name: y, port: 3009}, {name: z, portRange: {start: 2000, end: 2009}}]}}\n";
	struct model_objects objects;
	const struct model_objects *sources[] = {&objects};
	struct model_problems problems;

	model_objects_init(&objects);
	model_problems_init(&problems);
	judge_decode(text, "t.yaml", &objects, &problems);
	struct model_snapshot *snapshot = model_snapshot_build(sources, 1, &problems);
	char *lines = judge_lines(&problems);
	ck_assert_str_eq(lines,
	                 "t.yaml:3: VirtualServer default/a: spec.ports[0]: warning: not served "
	                 "on 10.0.0.2: answers from the servers' ports 3000-3009 could not be "
	                 "told from those of port 3009 of the same address\n");
	ck_assert_ptr_nonnull(snapshot);
	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];
		ck_assert_int_eq(service->refusal != NULL, service->port->first == 1000);
	}
	free(lines);
	model_snapshot_free(snapshot);
	model_objects_done(&objects);
	model_problems_done(&problems);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_validate", &tests);

	tcase_add_loop_test(tests, rules_between_objects_are_told_with_both_places, 0,
	                    LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, rules_between_objects_are_told_on_the_line_of_the_field);
	tcase_add_test(tests,
	               port_range_that_cannot_be_told_apart_is_refused_and_its_neighbours_are_not);
	return unit_run(suite);
}
