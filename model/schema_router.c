/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/object.h"
#include "model/schema.h"

#define MILLISECOND INT64_C(1000)
#define SECOND      INT64_C(1000000)
#define HOUR        (3600 * SECOND)

static const struct model_schema_field metadata_fields[] = {
	{
		.name = "name",
		.kind = MODEL_FIELD_NAME,
		.required = true,
		.doc = "How virtual servers and pools refer to this virtual router.",
		MODEL_FIELD_AT(model_router, name),
	},
	{.name = "namespace", .kind = MODEL_FIELD_IGNORED},
	MODEL_FIELDS_METADATA,
	{.name = NULL},
};
static const struct model_schema_map metadata_map = {
	.fields = metadata_fields,
	.check = model_check_cluster_metadata,
};

static const struct model_schema_field address_fields[] = {
	{
		.name = "address",
		.kind = MODEL_FIELD_PREFIX,
		.required = true,
		.doc = "The address, with the prefix length of its network.",
		MODEL_FIELD_AT(model_router_address, prefix),
	},
	{
		.name = "interface",
		.kind = MODEL_FIELD_INTERFACE,
		.doc = "The interface that gets the address, when it is another one than "
		       "`spec.interface`.",
		MODEL_FIELD_AT(model_router_address, interface),
	},
	{.name = NULL},
};
static const struct model_schema_map address_map = {
	.fields = address_fields,
	.shorthand = "address",
	.check = model_check_router_address,
};

static const struct model_schema_field announce_fields[] = {
	{
		.name = "count",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 100,
		.default_text = "5",
		.doc = "Frames for each address in one burst.",
		MODEL_FIELD_AT(model_router, announce_count),
	},
	{
		.name = "interval",
		.kind = MODEL_FIELD_DURATION,
		.min = 0,
		.max = SECOND,
		.unit_us = 1,
		.default_text = "20ms",
		.doc = "Time between two frames for the same address in one burst.",
		MODEL_FIELD_AT(model_router, announce_interval_us),
	},
	{
		.name = "repeatAfter",
		.kind = MODEL_FIELD_DURATION,
		.min = 0,
		.max = HOUR,
		.unit_us = 1,
		.default_text = "1s",
		.doc = "A second burst follows this long after the first, for switches whose port "
		       "was not forwarding yet. `0s`: no second burst.",
		MODEL_FIELD_AT(model_router, announce_again_us),
	},
	{
		.name = "refresh",
		.kind = MODEL_FIELD_DURATION,
		.min = SECOND,
		.max = 24 * HOUR,
		.zero_allowed = true,
		.unit_us = 1,
		.default_text = "60s",
		.doc = "While active, each address is announced again this often, so that a "
		       "neighbour that was restarted or missed the takeover learns it. `0s`: "
		       "never.",
		MODEL_FIELD_AT(model_router, announce_refresh_us),
	},
	{.name = NULL},
};
static const struct model_schema_map announce_map = {.fields = announce_fields};

static const struct model_schema_field authentication_fields[] = {
	{
		.name = "keyFile",
		.kind = MODEL_FIELD_TEXT,
		.min = 1,
		.max = 4095,
		.required = true,
		.doc = "A file of keys on the node, which only its owner (and group) may read: one "
		       "a "
		       "line, `ID KEY`, with an ID of 1 to 255 and a key of 32 to 64 bytes as "
		       "base64 "
		       "or as `hex:` and digits. The first one signs, all are accepted. It is read "
		       "again whenever it changes. All nodes have the same keys.",
		MODEL_FIELD_AT(model_router, auth_key_file),
	},
	{
		.name = "mode",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_auth_mode_names,
		.default_text = "enforce",
		.doc = "What becomes of advertisements without a signature. A group that runs "
		       "already goes from `receiveOnly` over `permissive` to `enforce`, all nodes "
		       "one "
		       "step at a time.",
		MODEL_FIELD_AT(model_router, auth_mode),
	},
	{
		.name = "replay",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_auth_replay_names,
		.default_text = "time",
		.doc = "How a signed advertisement that somebody has recorded and sends again is "
		       "recognised. `time` needs clocks that agree (NTP).",
		MODEL_FIELD_AT(model_router, auth_replay),
	},
	{
		.name = "window",
		.kind = MODEL_FIELD_DURATION,
		.min = SECOND,
		.max = 300 * SECOND,
		.step = SECOND,
		.unit_us = SECOND,
		.zero_allowed = true,
		.default_text = "0s",
		.doc = "With `replay: time`: how far the clocks of two nodes may be apart. `0s`: "
		       "three advertisement intervals, 5 s at least.",
		MODEL_FIELD_AT(model_router, auth_window_s),
	},
	{.name = NULL},
};
static const struct model_schema_map authentication_map = {
	.fields = authentication_fields,
	.check = model_check_authentication,
};

static const struct model_schema_field spec_fields[] = {
	{
		.name = "virtualRouterId",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 255,
		.required = true,
		.doc = "The VRID of RFC 9568. All nodes that share the addresses say the same; "
		       "nobody else on that network may use it.",
		MODEL_FIELD_AT(model_router, virtual_router_id),
	},
	{
		.name = "interface",
		.kind = MODEL_FIELD_INTERFACE,
		.required = true,
		.doc = "The interface on which the nodes hear each other, and which gets the "
		       "addresses.",
		MODEL_FIELD_AT(model_router, interface),
	},
	{
		.name = "addresses",
		.kind = MODEL_FIELD_MAP,
		.many = MODEL_FIELD_LIST,
		.map = &address_map,
		.count_max = 4096,
		.doc = "Addresses that the active node owns, besides those of the virtual servers "
		       "that name this virtual router. Source NAT uses them as floating addresses.",
		MODEL_FIELD_LIST_AT(model_router, addresses, address_count),
	},
	{
		.name = "priority",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 255,
		.default_text = "100",
		.doc = "Of the nodes that are there, the one with the highest priority becomes "
		       "active when nobody is. 255 is the address owner of RFC 9568, which takes "
		       "over at once whenever it starts.",
		MODEL_FIELD_AT(model_router, priority),
	},
	{
		.name = "advertisementInterval",
		.kind = MODEL_FIELD_DURATION,
		.min = 10 * MILLISECOND,
		.max = 40950 * MILLISECOND,
		.step = 10 * MILLISECOND,
		.unit_us = 1,
		.default_text = "100ms",
		.doc = "How often the active node says that it is alive. After a little more than "
		       "three of them without a word, another one takes over.",
		MODEL_FIELD_AT(model_router, advert_interval_us),
	},
	{
		.name = "preempt",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "Whether a node takes over from an active one of lower priority. Without "
		       "it, a node that returns stays backup, and nothing is interrupted twice.",
		MODEL_FIELD_AT(model_router, preempt),
	},
	{
		.name = "preemptDelay",
		.kind = MODEL_FIELD_DURATION,
		.min = 0,
		.max = HOUR,
		.unit_us = 1,
		.default_text = "0s",
		.doc = "With `preempt`: how long a node waits after it started before it may take "
		       "over from a lower priority.",
		MODEL_FIELD_AT(model_router, preempt_delay_us),
	},
	{
		.name = "accept",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "true",
		.doc = "Accept_Mode of RFC 9568: whether the active node accepts packets addressed "
		       "to the router's own addresses (ssh to a gateway address, say). Addresses "
		       "of "
		       "virtual servers are served all the same.",
		MODEL_FIELD_AT(model_router, accept),
	},
	{
		.name = "peers",
		.kind = MODEL_FIELD_ADDRESS,
		.many = MODEL_FIELD_LIST,
		.count_max = 255,
		.doc = "The other nodes' addresses, for advertisements by unicast; packets from "
		       "anybody else are dropped. Empty or absent: multicast.",
		MODEL_FIELD_LIST_AT(model_router, peers, peer_count),
	},
	{
		.name = "virtualMac",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "Put the addresses on a macvlan interface with the virtual router MAC "
		       "address 00-00-5E-00-01-{VRID} (IPv6: 00-00-5E-00-02-{VRID}), so that "
		       "neighbours need not learn a new one at a takeover.",
		MODEL_FIELD_AT(model_router, virtual_mac),
	},
	{
		.name = "trackInterfaces",
		.kind = MODEL_FIELD_INTERFACE,
		.many = MODEL_FIELD_LIST,
		.count_max = 64,
		.doc = "Further interfaces without which this node is of no use: while one of them "
		       "is down, the node is neither active nor a candidate.",
		MODEL_FIELD_LIST_AT(model_router, track_interfaces, track_interface_count),
	},
	{
		.name = "track",
		.kind = MODEL_FIELD_MAP,
		.many = MODEL_FIELD_LIST,
		.map = &model_schema_track_map,
		.count_max = MODEL_TRACKS_MAX,
		.doc = "What the priority depends on: files, addresses, interfaces. All weights "
		       "add up, and the priority stays within 1 to 254. A node with something "
		       "here also takes over, whatever `preempt` says, from an active one that "
		       "lowers its priority below its own: so it is said on all nodes.",
		MODEL_FIELD_LIST_AT(model_router, tracks, track_count),
	},
	{
		.name = "damping",
		.kind = MODEL_FIELD_MAP,
		.map = &model_schema_damping_map,
		.doc = "Keeps what comes and goes from moving the virtual router to and fro: what "
		       "is bad about `track` and quorums counts at once, what is good only when "
		       "it lasts.",
	},
	{
		.name = "syncGroup",
		.kind = MODEL_FIELD_LABEL,
		.doc = "Virtual routers that name the same group move together: they are active on "
		       "one node, all of them, or not there. What keeps one from being active "
		       "keeps all. They go by the lowest priority among them, the shortest "
		       "interval, and preempt only when all may. At most 16; the same on all "
		       "nodes.",
		MODEL_FIELD_AT(model_router, sync_group),
	},
	{
		.name = "checksum",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_checksum_names,
		.default_text = "pseudoHeader",
		.doc = "The form of the checksum in IPv4 advertisements that are sent. Both are "
		       "accepted.",
		MODEL_FIELD_AT(model_router, checksum),
	},
	{
		.name = "authentication",
		.kind = MODEL_FIELD_MAP,
		.map = &authentication_map,
		.doc = "Sign advertisements, and take none that is not signed with a key of ours "
		       "(HMAC-SHA-256, as keepalived 2.4.2 and later do by `auth_hmac`). Absent: "
		       "as "
		       "RFC 9568 has it, everybody on that network is believed.",
	},
	{
		.name = "addressLifetime",
		.kind = MODEL_FIELD_DURATION,
		.min = 2 * SECOND,
		.max = HOUR,
		.step = SECOND,
		.unit_us = SECOND,
		.zero_allowed = true,
		.default_text = "3s",
		.doc = "Dead-man's switch: the kernel itself removes the addresses this long after "
		       "the daemon last renewed them, should it hang or be killed. `0s`: never.",
		MODEL_FIELD_AT(model_router, address_lifetime_s),
	},
	{
		.name = "announce",
		.kind = MODEL_FIELD_MAP,
		.map = &announce_map,
		.doc = "Gratuitous ARP and unsolicited neighbour advertisements, by which "
		       "neighbours learn where the addresses are now.",
	},
	{.name = NULL},
};
static const struct model_schema_map spec_map = {.fields = spec_fields,
                                                 .check = model_check_router};

static const struct model_schema_field document_fields[] = {
	MODEL_FIELDS_DOCUMENT(metadata_map, spec_map),
	{.name = NULL},
};
static const struct model_schema_map document_map = {.fields = document_fields};

const struct model_schema_object model_schema_router = {
	.kind = "VirtualRouter",
	.plural = "virtualrouters",
	.namespaced = false,
	.doc = "A virtual router of RFC 9568 (VRRP version 3): which addresses a group of nodes "
	       "owns together, and how they decide which of them is active. The addresses of a "
	       "virtual router, IPv4 and IPv6, always move together.",
	.example = "apiVersion: lintel.io/v1alpha1\n"
		   "kind: VirtualRouter\n"
		   "metadata: {name: front}\n"
		   "spec:\n"
		   "  virtualRouterId: 51\n"
		   "  interface: eth0\n"
		   "  addresses:\n"
		   "  - 10.77.0.100/24\n"
		   "  - {address: 10.78.0.254/24, interface: eth1}\n"
		   "  priority: 100\n"
		   "  peers: [10.77.0.12]\n"
		   "  trackInterfaces: [eth1]\n",
	.map = &document_map,
	.size = sizeof(struct model_router),
	.origin_offset = offsetof(struct model_router, origin),
};
