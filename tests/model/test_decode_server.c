/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The fields and rules of VirtualServer: each row is a text and the problems that are found in it,
 * word for word.
 *
 * Reason: one table, whose rows are read beside one another. */
#include "tests/model/judge.h"
#include "tests/unit.h"

/* Where a row's text stands in a document that is right otherwise. */
enum place { IN_VS, IN_VS_SPEC, IN_PORTS, IN_SERVERS, IN_TUNNELS };

static const char *const frames[] = {
	[IN_VS] = "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
		  "spec: {\n"
		  "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], servers: "
		  "[{address: 198.51.100.1}],\n%s}}\n",
	[IN_VS_SPEC] = "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
		       "spec: {\n%s}}\n",
	[IN_PORTS] = "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
		     "spec: {\n"
		     "virtualRouter: r, addresses: [192.0.2.1], servers: [{address: "
		     "198.51.100.1}], ports: [\n%s]}}\n",
	[IN_SERVERS] = "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
		       "spec: {\n"
		       "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], servers: "
		       "[\n%s]}}\n",
	[IN_TUNNELS] = "{apiVersion: lintel.io/v1alpha1, kind: VirtualServer, metadata: {name: v}, "
		       "spec: {\n"
		       "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], forwarding: "
		       "tunnel, servers: [\n%s]}}\n",
};

static const struct row {
	enum place place;
	const char *text;
	const char *problems; /* "" when it is right */
} rows[] = {
	{IN_VS_SPEC,
         "addresses: [192.0.2.1], ports: [{port: 80}], servers: [{address: 198.51.100.1}]",
         "t.yaml:1: VirtualServer default/v: spec.virtualRouter: missing; it has to be the name of "
         "a VirtualRouter\n"},
	{IN_VS_SPEC, "virtualRouter: r, ports: [{port: 80}], servers: [{address: 198.51.100.1}]",
         "t.yaml:1: VirtualServer default/v: spec.addresses: missing; at least one address is "
         "needed\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [], ports: [{port: 80}], servers: [{address: 198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.addresses: missing; at least one address is "
         "needed\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [], servers: [{address: 198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.ports: is an empty list; allowed: at least one "
         "entry\n"},
	{IN_VS_SPEC, "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}]",
         "t.yaml:1: VirtualServer default/v: spec.servers: warning: there are none: connections "
         "will be refused\n"},
	{IN_VS_SPEC, "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], servers: []",
         "t.yaml:2: VirtualServer default/v: spec.servers: warning: there are none: connections "
         "will be refused\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1, \"2001:db8::1\"], ports: [{port: 80}], servers: "
         "[{address: 198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.servers: warning: none is an IPv6 address: "
         "connections to the IPv6 addresses will be refused\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1, 192.0.2.2, 192.0.2.1], ports: [{port: 80}], "
         "servers: [{address: 198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.addresses[2]: is in the list already, as "
         "addresses[0]\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1/32], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.addresses[0]: '192.0.2.1/32' is no address, it "
         "has a prefix length; allowed: an IPv4 or IPv6 address\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [0.0.0.0, 224.0.0.1, 255.255.255.255, \"::\", \"ff02::1\", "
         "\"fe80::1\", \"::ffff:192.0.2.1\"], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1}, {address: \"2001:db8::1\"}]",
         "t.yaml:2: VirtualServer default/v: spec.addresses[0]: is the unspecified address; "
         "allowed: an address that clients can reach\n"
         "t.yaml:2: VirtualServer default/v: spec.addresses[1]: is a multicast address; allowed: "
         "an address that clients can reach\n"
         "t.yaml:2: VirtualServer default/v: spec.addresses[2]: is the broadcast address; allowed: "
         "an address that clients can reach\n"
         "t.yaml:2: VirtualServer default/v: spec.addresses[3]: is the unspecified address; "
         "allowed: an address that clients can reach\n"
         "t.yaml:2: VirtualServer default/v: spec.addresses[4]: is a multicast address; allowed: "
         "an address that clients can reach\n"
         "t.yaml:2: VirtualServer default/v: spec.addresses[5]: is a link-local address; allowed: "
         "an address that clients can reach\n"
         "t.yaml:2: VirtualServer default/v: spec.addresses[6]: is an IPv4 address in IPv6 form; "
         "allowed: an address that clients can reach\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [127.0.0.1], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.addresses[0]: warning: is a loopback address, "
         "which no other machine reaches\n"},
	{IN_VS_SPEC,
         "virtualRouter: Router, addresses: [192.0.2.1], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.virtualRouter: 'Router' is no name; allowed: a "
         "name of at most 253 lower-case letters, digits, '-' and '.' that begins and ends with a "
         "letter or digit\n"},
	{IN_VS_SPEC,
         "virtualRouter: -r, addresses: [192.0.2.1], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.virtualRouter: '-r' is no name; allowed: a name "
         "of at most 253 lower-case letters, digits, '-' and '.' that begins and ends with a "
         "letter or digit\n"},
	{IN_VS_SPEC,
         "virtualRouter: 7, addresses: [192.0.2.1], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.virtualRouter: is the integer 7, which is text "
         "only in quotes; allowed: a name of at most 253 lower-case letters, digits, '-' and '.' "
         "that begins and ends with a letter or digit\n"},
	{IN_VS_SPEC, "addressPool: p, ports: [{port: 80}], servers: [{address: 198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.addressPool: addresses are given to objects of "
         "the Kubernetes API only; name the addresses in a file\n"},
	{IN_VS, "addressPool: p",
         "t.yaml:3: VirtualServer default/v: spec.addressPool: is given besides addresses; "
         "allowed: one of them\n"},
	{IN_VS, "service: {name: web}",
         "t.yaml:3: VirtualServer default/v: spec.service: warning: endpoints of Services come "
         "from the Kubernetes API only; of a virtual server in a file, 'servers' alone counts\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], service: {name: web}",
         "t.yaml:2: VirtualServer default/v: spec.service: endpoints of Services come from the "
         "Kubernetes API only; name 'servers' in a file\n"},
	{IN_VS, "service: web",
         "t.yaml:3: VirtualServer default/v: spec.service: is the text 'web'; allowed: a map with "
         "name\n"},
	{IN_VS, "service: {}",
         "t.yaml:3: VirtualServer default/v: spec.service.name: missing; it has to be a name of at "
         "most 253 lower-case letters, digits, '-' and '.' that begins and ends with a letter or "
         "digit\n"},
	{IN_VS, "forwarding: natt",
         "t.yaml:3: VirtualServer default/v: spec.forwarding: 'natt' is not known; did you mean "
         "'nat'? allowed: one of nat, direct, tunnel\n"},
	{IN_VS, "forwarding: [nat]",
         "t.yaml:3: VirtualServer default/v: spec.forwarding: is a list; allowed: one of nat, "
         "direct, tunnel\n"},
	{IN_VS, "sourceRanges: [10.0.0.0/8, \"2001:db8::/32\", 192.0.2.7/24]", ""},
	{IN_VS, "sourceRanges: [10.0.0.0/40]",
         "t.yaml:3: VirtualServer default/v: spec.sourceRanges[0]: '10.0.0.0/40' is no address "
         "with a prefix length; allowed: an IPv4 or IPv6 address with a prefix length, such as "
         "192.0.2.1/24\n"},
	{IN_VS, "drainTimeout: 25h",
         "t.yaml:3: VirtualServer default/v: spec.drainTimeout: 25h is out of range; allowed: a "
         "duration from 0s to 24h\n"},
	{IN_VS, "drainTimeout: 0s", ""},
	{IN_VS, "persistence: {}",
         "t.yaml:3: VirtualServer default/v: spec.persistence.timeout: missing; it has to be a "
         "duration from 1s to 744h in steps of 1s\n"},
	{IN_VS, "persistence: {timeout: 300s, ipv4PrefixLength: 24, ipv6PrefixLength: 64}", ""},
	{IN_VS, "persistence: {timeout: 1500ms, ipv4PrefixLength: 0, ipv6PrefixLength: 129}",
         "t.yaml:3: VirtualServer default/v: spec.persistence.timeout: 1500ms is no multiple of "
         "1s; allowed: a duration from 1s to 744h in steps of 1s\n"
         "t.yaml:3: VirtualServer default/v: spec.persistence.ipv4PrefixLength: 0 is out of range; "
         "allowed: an integer from 1 to 32\n"
         "t.yaml:3: VirtualServer default/v: spec.persistence.ipv6PrefixLength: 129 is out of "
         "range; allowed: an integer from 1 to 128\n"},
	{IN_VS, "persistence: 300s",
         "t.yaml:3: VirtualServer default/v: spec.persistence: is the text '300s'; allowed: a map "
         "with timeout, ipv4PrefixLength, ipv6PrefixLength\n"},
	{IN_VS, "healthCheck: {type: tcp}", ""},
	{IN_VS, "healthCheck: {type: none, interval: 2s}", ""},
	{IN_VS, "healthCheck: {interval: 2s}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.type: missing; it has to be one of "
         "none, tcp, http, https, tls, udp, icmp, dns\n"},
	{IN_VS, "healthCheck: {type: tpc, interval: 50ms, timeout: 1ms, rise: 0, fall: 101}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.type: 'tpc' is not known; did you "
         "mean 'tcp'? allowed: one of none, tcp, http, https, tls, udp, icmp, dns\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.interval: 50ms is out of range; "
         "allowed: a duration from 100ms to 1h\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.timeout: 1ms is out of range; "
         "allowed: a duration from 10ms to 1h\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.rise: 0 is out of range; allowed: an "
         "integer from 1 to 100\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.fall: 101 is out of range; allowed: "
         "an integer from 1 to 100\n"},
	{IN_VS, "healthCheck: {type: none, interval: 2s, timeout: 3s}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.timeout: 3s is longer than the "
         "interval; allowed: at most 2s\n"},
	{IN_VS,
         "healthCheck: {type: none, port: 8080, interval: 2s, fastInterval: 500ms, start: down, "
         "onFailure: remove}",
         ""},
	{IN_VS, "healthCheck: {type: none, interval: 2s, fastInterval: 3s}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.fastInterval: 3s is longer than the "
         "interval; allowed: at most 2s\n"},
	{IN_VS, "healthCheck: {type: none, http: {path: /}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http: needs type http or https; this "
         "is none\n"},
	{IN_VS, "healthCheck: {type: http, http: {path: x, method: get}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.path: 'x' does not begin with "
         "'/'\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.method: 'get' is no method; "
         "allowed: capital letters, such as GET, HEAD, OPTIONS\n"},
	{IN_VS,
         "healthCheck: {type: none, http: {expectStatus: [99, 200-199, 2-3-4, x, 200-600, true]}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.expectStatus[0]: 99 is out of "
         "range; allowed: an integer from 100 to 599, or two as \"first-last\"\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.expectStatus[1]: 200-199 is out "
         "of range; allowed: an integer from 100 to 599, or two as \"first-last\"\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.expectStatus[2]: '2-3-4' is no "
         "range of integers; allowed: an integer from 100 to 599, or two as \"first-last\"\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.expectStatus[3]: 'x' is no "
         "range of integers; allowed: an integer from 100 to 599, or two as \"first-last\"\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.expectStatus[4]: 200-600 is out "
         "of range; allowed: an integer from 100 to 599, or two as \"first-last\"\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.expectStatus[5]: is the boolean "
         "true, which is text only in quotes; allowed: an integer from 100 to 599, or two as "
         "\"first-last\"\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http: needs type http or https; this "
         "is none\n"},
	{IN_VS, "healthCheck: {type: none, udp: {send: \"a\\tb\"}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.udp.send: has a control character at "
         "byte 2; allowed: a text of 1 to 1024 bytes without control characters\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.udp: needs type udp; this is none\n"},
	{IN_VS, "drainTimeout: 1s, quorum: {minimum: 01}",
         "t.yaml:3: VirtualServer default/v: spec.quorum.minimum: 01 begins with a zero, which "
         "others read as octal: write it without; allowed: an integer from 1 to 65535\n"},
	{IN_VS, "quorum: {minimum: 0x1}", ""},
	{IN_VS, "healthCheck: {type: http, http: {host: \"http://web.example\"}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.http.host: 'http://web.example' is "
         "no "
         "host; allowed: a name or an address, with a port if need be\n"},
	{IN_VS, "healthCheck: {type: http, http: {host: \"[2001:db8::1]:8080\"}}", ""},
	{IN_VS,
         "healthCheck: {type: tls, tls: {verify: true, caFile: a.pem, certificateFile: ./c, "
         "keyFile: k}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.tls.caFile: 'a.pem' is no absolute "
         "path\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.tls.certificateFile: './c' is no "
         "absolute path\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.tls.keyFile: 'k' is no absolute "
         "path\n"},
	{IN_VS, "healthCheck: {type: tls, tls: {serverName: 192.0.2.1}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.tls.serverName: '192.0.2.1' is no "
         "host name; allowed: letters, digits, '-', '_' and '.', and no address\n"},
	{IN_VS, "healthCheck: {type: tls, tls: {serverName: a_b.example}}", ""},
	{IN_VS, "healthCheck: {type: https, tls: {certificateFile: /c, caFile: /a}}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.tls.keyFile: missing; a client "
         "certificate needs it\n"
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.tls.caFile: warning: is not looked "
         "at: verify is false\n"},
	{IN_VS, "healthCheck: {type: icmp, port: 80}",
         "t.yaml:3: VirtualServer default/v: spec.healthCheck.port: needs type other than icmp; "
         "this is icmp\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1, weight: 2}, {address: 198.51.100.2}], quorum: {minimum: 3, hysteresis: 1, "
         "onLoss: withdraw}",
         ""},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80}], servers: [{address: "
         "198.51.100.1, weight: 2}, {address: 198.51.100.2}], quorum: {minimum: 4, hysteresis: 1, "
         "onLoss: withdraw}",
         "t.yaml:2: VirtualServer default/v: spec.quorum.minimum: warning: 4 is more than the "
         "weights of all servers together, 3: it is never met\n"},
	{IN_VS, "quorum: {minimum: 1, hysteresis: 1}",
         "t.yaml:3: VirtualServer default/v: spec.quorum.hysteresis: 1 is not below minimum; "
         "allowed: at most 0\n"},
	{IN_VS, "quorum: {minimum: 1, priorityCut: 20}",
         "t.yaml:3: VirtualServer default/v: spec.quorum.priorityCut: needs onLoss "
         "lowerPriority\n"},
	{IN_VS, "sorryServers: [{address: 224.0.0.1}]",
         "t.yaml:3: VirtualServer default/v: spec.sorryServers[0].address: is a multicast address; "
         "allowed: a server's address\n"},
	{IN_VS, "sorryServers: [{address: 10.0.0.9, port: 81}, {address: \"2001:db8::9\"}]", ""},
	{IN_VS, "allServersDown: serve", ""},
	{IN_VS, "sourceNat: {mode: auto}", ""},
	{IN_VS, "sourceNat: {mode: address, address: 192.0.2.1}", ""},
	{IN_VS, "sourceNat: {address: [192.0.2.1, \"2001:db8::1\"]}", ""},
	{IN_VS, "sourceNat: {mode: address}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address: missing; mode address needs "
         "it\n"},
	{IN_VS, "sourceNat: {mode: none, address: 192.0.2.1}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address: needs mode address; this is "
         "none\n"},
	{IN_VS, "sourceNat: {address: [192.0.2.1, 192.0.2.2]}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address[1]: is a second IPv4 address; "
         "allowed: one of each family\n"},
	{IN_VS, "sourceNat: {address: [192.0.2.1, 192.0.2.2, 192.0.2.3]}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address: has 3 entries; allowed: at "
         "most 2\n"},
	{IN_VS, "sourceNat: {address: 224.0.0.1}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address: is a multicast address; "
         "allowed: an address of the balancer\n"},
	{IN_VS, "sourceNat: {address: \"2001:db8::1\"}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address: has no IPv4 address, though "
         "there are IPv4 virtual addresses\n"},
	{IN_VS, "sourceNat: {address: nobody}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address: 'nobody' is no address; "
         "allowed: an IPv4 or IPv6 address\n"},
	{IN_VS, "sourceNat: {address: {ip: 192.0.2.1}}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.address: is a map; allowed: one or a "
         "list, each entry an IPv4 or IPv6 address\n"},
	{IN_VS, "sourceNat: {mode: addres, address: 192.0.2.1}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.mode: 'addres' is not known; did you "
         "mean 'address'? allowed: one of auto, none, masquerade, address\n"},
	{IN_VS, "forwarding: direct, sourceNat: {mode: masquerade}",
         "t.yaml:3: VirtualServer default/v: spec.sourceNat.mode: masquerade needs forwarding nat; "
         "this is direct\n"},
	{IN_VS, "forwarding: direct, sourceNat: {mode: none}", ""},
	{IN_PORTS, "{port: 80, targetPort: 8080, protocol: TCP, scheduler: rr, name: http}", ""},
	{IN_PORTS, "{port: 0}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].port: 0 is out of range; allowed: an "
         "integer from 1 to 65535\n"},
	{IN_PORTS, "{port: 65536}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].port: 65536 is out of range; allowed: "
         "an integer from 1 to 65535\n"},
	{IN_PORTS, "{name: http}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].port: missing; either port or portRange "
         "is needed\n"},
	{IN_PORTS, "80",
         "t.yaml:3: VirtualServer default/v: spec.ports[0]: is the integer '80'; allowed: a map "
         "with name, port, portRange, targetPort, protocol, scheduler, hashFallback, hashPort, "
         "onePacket\n"},
	{IN_PORTS, "{port: 80, portRange: {start: 90, end: 99}}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].portRange: is given besides port; "
         "allowed: one of them\n"},
	{IN_PORTS, "{portRange: {start: 90, end: 80}}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].portRange: starts at 90 and ends at 80; "
         "allowed: start not above end\n"},
	{IN_PORTS, "{portRange: {start: 90}}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].portRange.end: missing; it has to be an "
         "integer from 1 to 65535\n"},
	{IN_PORTS, "{portRange: {start: 0, end: 70000}}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].portRange.start: 0 is out of range; "
         "allowed: an integer from 1 to 65535\n"
         "t.yaml:3: VirtualServer default/v: spec.ports[0].portRange.end: 70000 is out of range; "
         "allowed: an integer from 1 to 65535\n"},
	{IN_PORTS, "{portRange: 80-90}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].portRange: is the text '80-90'; "
         "allowed: a map with start, end\n"},
	{IN_PORTS, "{portRange: {start: 80, end: 90}, targetPort: 8080}", ""},
	{IN_PORTS, "{portRange: {start: 80, end: 90}, targetPort: 65530}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].targetPort: 65530 is out of range; "
         "allowed for 11 ports: at most 65525\n"},
	{IN_PORTS, "{portRange: {start: 80, end: 90}, targetPort: web}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].targetPort: is a name; allowed with "
         "portRange: an integer\n"},
	{IN_PORTS, "{port: 80, targetPort: web}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0]: targetPort is a name, which needs "
         "spec.service; allowed: an integer\n"},
	{IN_PORTS, "{port: 80, targetPort: \"8080\"}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].targetPort: '8080' is no port's name; "
         "allowed: an integer from 1 to 65535 or a port's name\n"},
	{IN_PORTS, "{port: 80, targetPort: 0}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].targetPort: 0 is out of range; allowed: "
         "an integer from 1 to 65535 or a port's name\n"},
	{IN_PORTS, "{port: 80, targetPort: true}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].targetPort: is the boolean true, which "
         "is text only in quotes; allowed: an integer from 1 to 65535 or a port's name\n"},
	{IN_PORTS, "{port: 80, protocol: tcp}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].protocol: 'tcp' is not known; did you "
         "mean 'TCP'? allowed: one of TCP, UDP, SCTP\n"},
	{IN_PORTS, "{port: 80, protocol: ICMP}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].protocol: 'ICMP' is not known; allowed: "
         "one of TCP, UDP, SCTP\n"},
	{IN_PORTS, "{port: 80, scheduler: wrrr}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].scheduler: 'wrrr' is not known; did you "
         "mean 'wrr'? allowed: one of rr, wrr, lc, wlc, fo, ovf, lblc, lblcr, dh, sh, mh, sed, nq, "
         "twos\n"},
	{IN_PORTS, "{port: 80, scheduler: random}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].scheduler: 'random' is not known; "
         "allowed: one of rr, wrr, lc, wlc, fo, ovf, lblc, lblcr, dh, sh, mh, sed, nq, twos\n"},
	{IN_PORTS, "{port: 80, scheduler: sh, hashFallback: true, hashPort: true}", ""},
	{IN_PORTS, "{port: 80, scheduler: wlc, hashFallback: true, hashPort: true}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].hashFallback: needs scheduler sh or mh; "
         "this is wlc\n"
         "t.yaml:3: VirtualServer default/v: spec.ports[0].hashPort: needs scheduler sh or mh; "
         "this is wlc\n"},
	{IN_PORTS, "{port: 80, scheduler: shh, hashFallback: true}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].scheduler: 'shh' is not known; did you "
         "mean 'sh'? allowed: one of rr, wrr, lc, wlc, fo, ovf, lblc, lblcr, dh, sh, mh, sed, nq, "
         "twos\n"},
	{IN_PORTS, "{port: 80, onePacket: true}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].onePacket: needs protocol UDP; this is "
         "TCP\n"},
	{IN_PORTS, "{port: 80, protocol: UDP, onePacket: true}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0]: warning: onePacket with forwarding "
         "nat: "
         "no answer finds its way back, as no connection is kept; forwarding direct or tunnel "
         "serves it\n"},
	{IN_PORTS, "{port: 80, name: a}, {port: 81, name: a}",
         "t.yaml:3: VirtualServer default/v: spec.ports[1]: has the same name as ports[0]\n"},
	{IN_PORTS, "{port: 80}, {port: 81}, {port: 80, protocol: UDP}", ""},
	{IN_PORTS, "{port: 80}, {portRange: {start: 70, end: 90}}",
         "t.yaml:3: VirtualServer default/v: spec.ports[1]: has TCP ports in common with "
         "ports[0]\n"},
	{IN_PORTS, "{portRange: {start: 70, end: 90}}, {portRange: {start: 90, end: 99}}",
         "t.yaml:3: VirtualServer default/v: spec.ports[1]: has TCP ports in common with "
         "ports[0]\n"},
	{IN_PORTS, "{port: 80, name: Http}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].name: 'Http' is no name; allowed: a "
         "name of at most 63 lower-case letters, digits and '-' that begins and ends with a letter "
         "or digit\n"},
	{IN_PORTS, "{port: 80, name: 80}",
         "t.yaml:3: VirtualServer default/v: spec.ports[0].name: is the integer 80, which is text "
         "only in quotes; allowed: a name of at most 63 lower-case letters, digits and '-' that "
         "begins and ends with a letter or digit\n"},
	{IN_SERVERS,
         "{address: 198.51.100.1, port: 8080, weight: 0, upperThreshold: 10, lowerThreshold: 5}",
         ""},
	{IN_SERVERS, "{port: 8080}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].address: missing; it has to be an "
         "IPv4 or IPv6 address\n"},
	{IN_SERVERS, "198.51.100.1",
         "t.yaml:3: VirtualServer default/v: spec.servers[0]: is the text '198.51.100.1'; allowed: "
         "a map with address, port, weight, upperThreshold, lowerThreshold, tunnel, healthCheck\n"},
	{IN_SERVERS, "{address: web.example}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].address: 'web.example' is no address; "
         "allowed: an IPv4 or IPv6 address\n"},
	{IN_SERVERS, "{address: 198.51.100.1, weight: -1}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].weight: -1 is out of range; allowed: "
         "an integer from 0 to 65535\n"},
	{IN_SERVERS, "{address: 198.51.100.1, weight: 65536}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].weight: 65536 is out of range; "
         "allowed: an integer from 0 to 65535\n"},
	{IN_SERVERS, "{address: 198.51.100.1, port: 0}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].port: 0 is out of range; allowed: an "
         "integer from 1 to 65535\n"},
	{IN_SERVERS, "{address: 198.51.100.1, wieght: 3}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].wieght: unknown field 'wieght'; did "
         "you mean 'weight'?\n"},
	{IN_SERVERS, "{address: 198.51.100.1, lowerThreshold: 5}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].lowerThreshold: needs "
         "upperThreshold\n"},
	{IN_SERVERS, "{address: 198.51.100.1, lowerThreshold: 11, upperThreshold: 10}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].lowerThreshold: 11 is above "
         "upperThreshold; allowed: at most 10\n"},
	{IN_SERVERS, "{address: 224.0.0.1}, {address: 255.255.255.255}, {address: 0.0.0.0}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].address: is a multicast address; "
         "allowed: the address of a server\n"
         "t.yaml:3: VirtualServer default/v: spec.servers[1].address: is the broadcast address; "
         "allowed: the address of a server\n"
         "t.yaml:3: VirtualServer default/v: spec.servers[2].address: is the unspecified address; "
         "allowed: the address of a server\n"},
	{IN_SERVERS, "{address: 127.0.0.1}", ""},
	{IN_SERVERS, "{address: \"fe80::1\"}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].address: is a link-local address; "
         "allowed: the address of a server\n"
         "t.yaml:3: VirtualServer default/v: spec.servers[0]: is an IPv6 address, but none of the "
         "virtual addresses is; only forwarding tunnel crosses families\n"},
	{IN_SERVERS, "{address: \"2001:db8::1\"}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0]: is an IPv6 address, but none of the "
         "virtual addresses is; only forwarding tunnel crosses families\n"},
	{IN_SERVERS, "{address: 198.51.100.1}, {address: 198.51.100.2}, {address: 198.51.100.1}",
         "t.yaml:3: VirtualServer default/v: spec.servers[2]: is the same server as servers[0]\n"},
	{IN_SERVERS, "{address: 198.51.100.1, port: 1}, {address: 198.51.100.1, port: 2}", ""},
	{IN_SERVERS, "{address: 192.0.2.1}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0]: warning: is the virtual address "
         "itself\n"},
	{IN_SERVERS, "{address: 198.51.100.1, tunnel: {type: ipip}}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0]: tunnel needs forwarding tunnel; this "
         "is nat\n"},
	{IN_TUNNELS, "{address: \"2001:db8::1\", tunnel: {type: gue, port: 6080, checksum: true}}",
         ""},
	{IN_TUNNELS, "{address: 198.51.100.1, tunnel: {type: gue}}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].tunnel.port: missing; gue needs the "
         "UDP port of the server\n"},
	{IN_TUNNELS, "{address: 198.51.100.1, tunnel: {type: gre, port: 6080}}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].tunnel.port: is for gue only; this is "
         "gre\n"},
	{IN_TUNNELS, "{address: 198.51.100.1, tunnel: {checksum: true}}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].tunnel.checksum: is for gue and gre "
         "only; this is ipip\n"},
	{IN_TUNNELS, "{address: 198.51.100.1, tunnel: {type: gru, port: 6080}}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0].tunnel.type: 'gru' is not known; did "
         "you mean 'gre'? allowed: one of ipip, gue, gre\n"},
	{IN_TUNNELS, "{address: 198.51.100.1, port: 8080}",
         "t.yaml:3: VirtualServer default/v: spec.servers[0]: port is 8080, but forwarding tunnel "
         "rewrites no ports; allowed: 80, or none\n"},
	{IN_TUNNELS, "{address: 198.51.100.1, port: 80}", ""},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80, targetPort: 8080}], "
         "forwarding: direct, servers: [{address: 198.51.100.1}]",
         "t.yaml:2: VirtualServer default/v: spec.ports[0]: targetPort is 8080, but forwarding "
         "direct rewrites no ports; allowed: 80\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [{portRange: {start: 80, end: 99}}], "
         "servers: [{address: 198.51.100.1, port: 65530}]",
         "t.yaml:2: VirtualServer default/v: spec.servers[0]: port 65530 is out of range; allowed "
         "for the 20 ports of ports[0]: at most 65516\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80, scheduler: rr}, {port: 81, "
         "scheduler: lc}, {port: 82}], servers: [{address: 198.51.100.1}, {address: 198.51.100.2, "
         "weight: 2}, {address: 198.51.100.3, weight: 0}]",
         "t.yaml:2: VirtualServer default/v: spec.ports[0]: warning: scheduler rr ignores the "
         "servers' weights; wrr goes by them\n"
         "t.yaml:2: VirtualServer default/v: spec.ports[1]: warning: scheduler lc ignores the "
         "servers' weights; wlc goes by them\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1], ports: [{port: 80, scheduler: rr}], servers: "
         "[{address: 198.51.100.1}, {address: 198.51.100.3, weight: 0}]",
         ""},
	{IN_VS, "sourceRanges: [\"2001:db8::/32\"]",
         "t.yaml:3: VirtualServer default/v: spec.sourceRanges: warning: none is of IPv4: all "
         "clients of the IPv4 addresses are dropped\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1, \"2001:db8::1\"], ports: [{port: 80}], servers: "
         "[{address: 198.51.100.1}, {address: \"2001:db8::2\"}], sourceRanges: [10.0.0.0/8]",
         "t.yaml:2: VirtualServer default/v: spec.sourceRanges: warning: none is of IPv6: all "
         "clients of the IPv6 addresses are dropped\n"},
	{IN_VS_SPEC,
         "virtualRouter: r, addresses: [192.0.2.1, \"2001:db8::1\"], ports: [{port: 80}], servers: "
         "[{address: 198.51.100.1}, {address: \"2001:db8::2\"}], sourceRanges: [10.0.0.0/8, "
         "\"::/0\"]",
         ""},
};

START_TEST(every_problem_is_told_with_line_object_field_and_what_is_allowed)
{
	judge_row(frames[rows[_i].place], rows[_i].text, rows[_i].problems);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_decode_server", &tests);

	tcase_add_loop_test(tests, every_problem_is_told_with_line_object_field_and_what_is_allowed,
	                    0, LT_ARRAY_SIZE(rows));
	return unit_run(suite);
}
