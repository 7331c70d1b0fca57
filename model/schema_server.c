/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/check.h"
#include "model/object.h"
#include "model/schema.h"

#include <limits.h>

#define SECOND INT64_C(1000000)
#define HOUR   (3600 * SECOND)

static const struct model_schema_field metadata_fields[] = {
	{
		.name = "name",
		.kind = MODEL_FIELD_NAME,
		.required = true,
		.doc = "The name of this virtual server, unique in its namespace.",
		MODEL_FIELD_AT(model_virtual_server, name),
	},
	{
		.name = "namespace",
		.kind = MODEL_FIELD_LABEL,
		.default_text = "default",
		.doc = "The namespace; in files merely the first half of the name.",
		MODEL_FIELD_AT(model_virtual_server, namespace),
	},
	MODEL_FIELDS_METADATA,
	{.name = NULL},
};
static const struct model_schema_map metadata_map = {.fields = metadata_fields};

static const struct model_schema_field port_range_fields[] = {
	{
		.name = "start",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.required = true,
		.doc = "The first port.",
		MODEL_FIELD_AT(model_port, first),
	},
	{
		.name = "end",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.required = true,
		.doc = "The last port.",
		MODEL_FIELD_AT(model_port, last),
	},
	{.name = NULL},
};
static const struct model_schema_map port_range_map = {.fields = port_range_fields};

static const struct model_schema_field port_fields[] = {
	{
		.name = "name",
		.kind = MODEL_FIELD_LABEL,
		.doc = "A name for people, and for the endpoints of a Service; unique among the "
		       "ports.",
		MODEL_FIELD_AT(model_port, name),
	},
	{
		.name = "port",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.doc = "The port on the virtual address. Either this or `portRange`.",
		MODEL_FIELD_AT(model_port, first),
	},
	{
		.name = "portRange",
		.kind = MODEL_FIELD_MAP,
		.map = &port_range_map,
		.doc = "Consecutive ports on the virtual address. However many they are, they cost "
		       "the kernel one entry.",
	},
	{
		.name = "targetPort",
		.kind = MODEL_FIELD_PORT_OR_NAME,
		.min = 1,
		.max = 65535,
		.doc = "The port on the servers, for those that say none themselves; by default "
		       "the same as on the virtual address. With `portRange`: the servers' port "
		       "for the first one, the others keep their distance to it. A name is looked "
		       "up in the endpoints of `spec.service`.",
		.offset = offsetof(struct model_port, target),
		.size = sizeof(((struct model_port *)0)->target),
		.other_offset = offsetof(struct model_port, target_name),
	},
	{
		.name = "protocol",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_protocol_names,
		.default_text = "TCP",
		.doc = "The transport protocol.",
		MODEL_FIELD_AT(model_port, protocol),
	},
	{
		.name = "scheduler",
		.kind = MODEL_FIELD_CHOICE,
		.names = model_schema_scheduler_names,
		.default_text = "wrr",
		.doc = "How IPVS picks the server of a new connection.",
		MODEL_FIELD_AT(model_port, scheduler),
	},
	{
		.name = "hashFallback",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "With the schedulers `sh` and `mh`: when the server that the hash picks is "
		       "not available, another one is taken instead of none.",
		MODEL_FIELD_AT(model_port, sh_fallback),
	},
	{
		.name = "hashPort",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "With the schedulers `sh` and `mh`: the client's port goes into the hash as "
		       "well as its address.",
		MODEL_FIELD_AT(model_port, sh_port),
	},
	{
		.name = "onePacket",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "UDP only: every datagram is scheduled on its own, and no connection is "
		       "kept. With forwarding `nat` no answer comes back.",
		MODEL_FIELD_AT(model_port, one_packet),
	},
	{.name = NULL},
};
const struct model_schema_map model_schema_port_map = {.fields = port_fields,
                                                       .check = model_check_port};

static const struct model_schema_field tunnel_fields[] = {
	{
		.name = "type",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_tunnel_type_names,
		.default_text = "ipip",
		.doc = "The encapsulation.",
		MODEL_FIELD_AT(model_real_server, tunnel_type),
	},
	{
		.name = "port",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.doc = "The UDP port on the server; required for, and only for, `gue`.",
		MODEL_FIELD_AT(model_real_server, tunnel_port),
	},
	{
		.name = "checksum",
		.kind = MODEL_FIELD_BOOL,
		.default_text = "false",
		.doc = "Send a checksum in the outer header; `gue` and `gre` only.",
		MODEL_FIELD_AT(model_real_server, tunnel_checksum),
	},
	{.name = NULL},
};
static const struct model_schema_map tunnel_map = {.fields = tunnel_fields,
                                                   .check = model_check_tunnel};

static const struct model_schema_field server_fields[] = {
	{
		.name = "address",
		.kind = MODEL_FIELD_ADDRESS,
		.required = true,
		.doc = "The server's address. Its family is that of a virtual address, unless "
		       "forwarding is `tunnel`.",
		MODEL_FIELD_AT(model_real_server, address),
	},
	{
		.name = "port",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 65535,
		.doc = "The port on this server, for all ports of the virtual server; wins over "
		       "`targetPort`.",
		MODEL_FIELD_AT(model_real_server, port),
	},
	{
		.name = "weight",
		.kind = MODEL_FIELD_INT,
		.min = 0,
		.max = 65535,
		.default_text = "1",
		.doc = "Its share of new connections. 0: it keeps those it has and gets no new "
		       "ones.",
		MODEL_FIELD_AT(model_real_server, weight),
	},
	{
		.name = "upperThreshold",
		.kind = MODEL_FIELD_INT,
		.min = 0,
		.max = INT_MAX,
		.default_text = "0",
		.doc = "With this many connections it gets no new ones. 0: no limit.",
		MODEL_FIELD_AT(model_real_server, upper_threshold),
	},
	{
		.name = "lowerThreshold",
		.kind = MODEL_FIELD_INT,
		.min = 0,
		.max = INT_MAX,
		.default_text = "0",
		.doc = "After `upperThreshold` was reached, it gets new ones again below this "
		       "many. 0: three quarters of `upperThreshold`.",
		MODEL_FIELD_AT(model_real_server, lower_threshold),
	},
	{
		.name = "tunnel",
		.kind = MODEL_FIELD_MAP,
		.map = &tunnel_map,
		.doc = "With forwarding `tunnel`: how packets are wrapped.",
	},
	{
		.name = "healthCheck",
		.kind = MODEL_FIELD_MAP,
		.map = &model_schema_health_map,
		.pointed = true,
		.doc = "How this server is checked, instead of the virtual server's `healthCheck`.",
		.offset = offsetof(struct model_real_server, health),
		.size = sizeof(struct model_health_check),
	},
	{.name = NULL},
};
const struct model_schema_map model_schema_server_map = {.fields = server_fields,
                                                         .check = model_check_server};

static const struct model_schema_field snat_fields[] = {
	{
		.name = "mode",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_snat_mode_names,
		.default_text = "auto",
		.doc = "Which address the servers see. Forwarding `nat` only: elsewhere nothing is "
		       "rewritten.",
		MODEL_FIELD_AT(model_virtual_server, snat_mode),
	},
	{
		.name = "address",
		.kind = MODEL_FIELD_ADDRESS,
		.many = MODEL_FIELD_ONE_OR_LIST,
		.count_max = 2,
		.doc = "With mode `address`: the address, or a list of one for each family. It "
		       "should be one that the virtual router owns, or connections do not survive "
		       "a failover.",
		MODEL_FIELD_LIST_AT(model_virtual_server, snat_addresses, snat_address_count),
	},
	{.name = NULL},
};
static const struct model_schema_map snat_map = {.fields = snat_fields, .check = model_check_snat};

static const struct model_schema_field persistence_fields[] = {
	{
		.name = "timeout",
		.kind = MODEL_FIELD_DURATION,
		.min = SECOND,
		.max = 744 * HOUR,
		.step = SECOND,
		.unit_us = 1,
		.required = true,
		.doc = "How long a client stays with its server after its last connection.",
		MODEL_FIELD_AT(model_virtual_server, persistence_timeout_us),
	},
	{
		.name = "ipv4PrefixLength",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 32,
		.default_text = "32",
		.doc = "Clients whose IPv4 addresses have this many leading bits in common count "
		       "as one.",
		MODEL_FIELD_AT(model_virtual_server, persistence_prefix4),
	},
	{
		.name = "ipv6PrefixLength",
		.kind = MODEL_FIELD_INT,
		.min = 1,
		.max = 128,
		.default_text = "128",
		.doc = "The same for IPv6.",
		MODEL_FIELD_AT(model_virtual_server, persistence_prefix6),
	},
	{.name = NULL},
};
static const struct model_schema_map persistence_map = {.fields = persistence_fields};

static const struct model_schema_field service_fields[] = {
	{
		.name = "name",
		.kind = MODEL_FIELD_NAME,
		.required = true,
		.doc = "The name of a Service in the same namespace.",
		MODEL_FIELD_AT(model_virtual_server, service),
	},
	{.name = NULL},
};
static const struct model_schema_map service_map = {.fields = service_fields};

static const struct model_schema_field spec_fields[] = {
	{
		.name = "virtualRouter",
		.kind = MODEL_FIELD_NAME,
		.doc = "The VirtualRouter that owns the addresses; required unless `addressPool` "
		       "says it.",
		MODEL_FIELD_AT(model_virtual_server, router),
	},
	{
		.name = "addresses",
		.kind = MODEL_FIELD_ADDRESS,
		.many = MODEL_FIELD_LIST,
		.count_max = 256,
		.doc = "The virtual addresses, IPv4 and IPv6 as wanted. Either these or "
		       "`addressPool`.",
		MODEL_FIELD_LIST_AT(model_virtual_server, addresses, address_count),
	},
	{
		.name = "addressPool",
		.kind = MODEL_FIELD_NAME,
		.doc = "The AddressPool that gives the address; in Kubernetes only.",
		MODEL_FIELD_AT(model_virtual_server, pool),
	},
	{
		.name = "ports",
		.kind = MODEL_FIELD_MAP,
		.many = MODEL_FIELD_LIST,
		.map = &model_schema_port_map,
		.count_max = 1024,
		.required = true,
		.doc = "What is balanced on each of the addresses.",
		MODEL_FIELD_LIST_AT(model_virtual_server, ports, port_count),
	},
	{
		.name = "forwarding",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_forwarding_names,
		.default_text = "nat",
		.doc = "How packets reach the servers.",
		MODEL_FIELD_AT(model_virtual_server, forwarding),
	},
	{
		.name = "sourceNat",
		.kind = MODEL_FIELD_MAP,
		.map = &snat_map,
		.doc = "Rewriting of the source address, so that servers answer through the "
		       "balancer.",
	},
	{
		.name = "persistence",
		.kind = MODEL_FIELD_MAP,
		.map = &persistence_map,
		.doc = "Keeps a client with its server. Absent: every connection is scheduled on "
		       "its own.",
	},
	{
		.name = "sourceRanges",
		.kind = MODEL_FIELD_PREFIX,
		.many = MODEL_FIELD_LIST,
		.count_max = 4096,
		.doc = "Clients that may connect; others are dropped. Bits beyond the prefix "
		       "length are not looked at. Empty or absent: everybody.",
		MODEL_FIELD_LIST_AT(model_virtual_server, source_ranges, source_range_count),
	},
	{
		.name = "drainTimeout",
		.kind = MODEL_FIELD_DURATION,
		.min = 0,
		.max = 24 * HOUR,
		.unit_us = 1,
		.default_text = "300s",
		.doc = "A server that is removed gets no new connections; those it has may last "
		       "this long.",
		MODEL_FIELD_AT(model_virtual_server, drain_timeout_us),
	},
	{
		.name = "servers",
		.kind = MODEL_FIELD_MAP,
		.many = MODEL_FIELD_LIST,
		.map = &model_schema_server_map,
		.count_max = 16384,
		.doc = "The real servers.",
		MODEL_FIELD_LIST_AT(model_virtual_server, servers, server_count),
	},
	{
		.name = "service",
		.kind = MODEL_FIELD_MAP,
		.map = &service_map,
		.doc = "The endpoints of a Kubernetes Service are the real servers; in Kubernetes "
		       "only.",
	},
	{
		.name = "healthCheck",
		.kind = MODEL_FIELD_MAP,
		.map = &model_schema_health_map,
		.pointed = true,
		.doc = "How servers are checked, those excepted that have a check of their own. "
		       "Absent: they are not, and count as up. Checks go to the server's own "
		       "address: that it has the virtual one as well, as `direct` and `tunnel` "
		       "need, is not tried.",
		.offset = offsetof(struct model_virtual_server, health),
		.size = sizeof(struct model_health_check),
	},
	{
		.name = "allServersDown",
		.kind = MODEL_FIELD_ENUM,
		.names = model_schema_all_down_names,
		.default_text = "stop",
		.doc = "What is done when checks say that every server is down.",
		MODEL_FIELD_AT(model_virtual_server, all_down),
	},
	{
		.name = "quorum",
		.kind = MODEL_FIELD_MAP,
		.map = &model_schema_quorum_map,
		.pointed = true,
		.doc = "How many servers have to be up.",
		.offset = offsetof(struct model_virtual_server, quorum),
		.size = sizeof(struct model_quorum),
	},
	{
		.name = "sorryServers",
		.kind = MODEL_FIELD_MAP,
		.many = MODEL_FIELD_LIST,
		.map = &model_schema_sorry_map,
		.count_max = 2,
		.doc = "Who answers when no server can; one for each family.",
		MODEL_FIELD_LIST_AT(model_virtual_server, sorry_servers, sorry_server_count),
	},
	{.name = NULL},
};
static const struct model_schema_map spec_map = {.fields = spec_fields,
                                                 .check = model_check_virtual_server};

static const struct model_schema_field document_fields[] = {
	MODEL_FIELDS_DOCUMENT(metadata_map, spec_map),
	{.name = NULL},
};
static const struct model_schema_map document_map = {.fields = document_fields};

const struct model_schema_object model_schema_virtual_server = {
	.kind = "VirtualServer",
	.plural = "virtualservers",
	.namespaced = true,
	.doc = "One or more virtual addresses with ports, and the real servers behind them. Every "
	       "port (or range) on every address becomes one virtual service of IPVS, with the "
	       "servers of that address's family.",
	.example = "apiVersion: lintel.io/v1alpha1\n"
		   "kind: VirtualServer\n"
		   "metadata: {name: web, namespace: default}\n"
		   "spec:\n"
		   "  virtualRouter: front\n"
		   "  addresses: [10.77.0.100]\n"
		   "  ports:\n"
		   "  - {name: http, port: 80, targetPort: 8080, protocol: TCP, scheduler: wrr}\n"
		   "  - name: media\n"
		   "    portRange: {start: 16384, end: 16483}\n"
		   "    protocol: UDP\n"
		   "    scheduler: sh\n"
		   "  forwarding: nat\n"
		   "  sourceNat: {mode: auto}\n"
		   "  persistence: {timeout: 300s}\n"
		   "  servers:\n"
		   "  - {address: 10.78.0.21, weight: 1}\n"
		   "  - {address: 10.78.0.22, weight: 2}\n",
	.map = &document_map,
	.size = sizeof(struct model_virtual_server),
	.origin_offset = offsetof(struct model_virtual_server, origin),
};
