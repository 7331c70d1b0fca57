/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The words of the model: each enum's names stand here once, for reading, printing and explaining.
 */
#include "model/object.h"
#include "model/schema.h"

#include <stddef.h>

const struct model_schema_name model_schema_protocol_names[] = {
	{"TCP", MODEL_TCP, "TCP"},
	{"UDP", MODEL_UDP, "UDP"},
	{"SCTP", MODEL_SCTP, "SCTP"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_forwarding_names[] = {
	{"nat", MODEL_FORWARD_NAT,
         "the destination is rewritten, and answers come back through the balancer"},
	{"direct", MODEL_FORWARD_DIRECT,
         "the packet is sent unchanged to the server's link-layer address: the server is on a "
         "network of the balancer, has the virtual address itself without answering ARP for it, "
         "and answers the client directly"},
	{"tunnel", MODEL_FORWARD_TUNNEL,
         "the packet is sent unchanged inside a tunnel: the server may be anywhere, has the "
         "virtual address itself, and answers the client directly"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_tunnel_type_names[] = {
	{"ipip", MODEL_TUNNEL_IPIP, "IP in IP"},
	{"gue", MODEL_TUNNEL_GUE, "Generic UDP Encapsulation; needs a port"},
	{"gre", MODEL_TUNNEL_GRE, "GRE"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_snat_mode_names[] = {
	{"auto", MODEL_SNAT_AUTO,
         "the virtual router's own address on the interface that leads to the server, else that of "
         "another one in its sync group, else the virtual address"},
	{"none", MODEL_SNAT_NONE,
         "no rewriting: servers see the client's address, and must route their answers through "
         "the balancer"},
	{"masquerade", MODEL_SNAT_MASQUERADE,
         "the node's own address on the outgoing interface: connections do not survive a failover"},
	{"address", MODEL_SNAT_ADDRESS, "the address said in `address`"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_checksum_names[] = {
	{"pseudoHeader", MODEL_CHECKSUM_PSEUDO_HEADER,
         "with the IPv4 pseudo-header, as keepalived and FRR do"},
	{"rfc9568", MODEL_CHECKSUM_RFC9568, "over the VRRP message alone, as RFC 9568 says"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_health_failure_names[] = {
	{"drain", MODEL_HEALTH_DRAIN, "weight 0: no new connections, those it has go on"},
	{"remove", MODEL_HEALTH_REMOVE,
         "taken out: its connections are ended, clients connect anew"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_health_start_names[] = {
	{"up", MODEL_HEALTH_START_UP, "it counts as up until checks say otherwise"},
	{"down", MODEL_HEALTH_START_DOWN, "it gets nothing until checks say that it is up"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_http_version_names[] = {
	{"auto", MODEL_HTTP_AUTO, "HTTP/2 over TLS when the server offers it, else HTTP/1.1"},
	{"1.1", MODEL_HTTP_1_1, "HTTP/1.1"},
	{"2", MODEL_HTTP_2, "HTTP/2, without TLS by prior knowledge"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_dns_type_names[] = {
	{"A", MODEL_DNS_A, "an IPv4 address"},
	{"AAAA", MODEL_DNS_AAAA, "an IPv6 address"},
	{"NS", MODEL_DNS_NS, "the name servers"},
	{"SOA", MODEL_DNS_SOA, "the zone's authority"},
	{"MX", MODEL_DNS_MX, "the mail servers"},
	{"TXT", MODEL_DNS_TXT, "texts"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_all_down_names[] = {
	{"stop", MODEL_ALL_DOWN_STOP, "nothing is served, but by `sorryServers`"},
	{"serve", MODEL_ALL_DOWN_SERVE, "all are used as if all were up: checks may be wrong"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_quorum_loss_names[] = {
	{"none", MODEL_QUORUM_NONE, "it is told, and nothing else"},
	{"lowerPriority", MODEL_QUORUM_LOWER,
         "the virtual router's priority is lowered by `priorityCut`, so that a node that "
         "reaches more servers takes over"},
	{"withdraw", MODEL_QUORUM_WITHDRAW,
         "the virtual router is withdrawn on this node, with all its addresses"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_auth_mode_names[] = {
	{"enforce", MODEL_AUTH_ENFORCE,
         "advertisements are signed; without a signature none counts"},
	{"permissive", MODEL_AUTH_PERMISSIVE,
         "advertisements are signed, and those without a signature count, too"},
	{"receiveOnly", MODEL_AUTH_RECEIVE_ONLY,
         "nothing is signed; signatures of others are looked at, and those without one count, "
         "too"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_track_expect_names[] = {
	{"number", MODEL_TRACK_NUMBER,
         "the integer in it, times `weight`, is added to the priority; with a result of -254 or "
         "lower the node is neither active nor a candidate. A file that is missing, empty, or not "
         "an integer counts as 0, and is shown as a problem"},
	{"present", MODEL_TRACK_PRESENT, "that it is there, whatever is in it"},
	{"absent", MODEL_TRACK_ABSENT, "that it is not there"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_auth_replay_names[] = {
	{"time", MODEL_AUTH_REPLAY_TIME, "by the clock: what is older than `window` is refused"},
	{"monotonic", MODEL_AUTH_REPLAY_MONOTONIC,
         "by order alone: what is not newer than the last one from the same node is refused"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_label_operator_names[] = {
	{"In", MODEL_LABEL_IN, "the label is there, with one of `values`"},
	{"NotIn", MODEL_LABEL_NOT_IN, "the label is not there, or has none of `values`"},
	{"Exists", MODEL_LABEL_EXISTS, "the label is there"},
	{"DoesNotExist", MODEL_LABEL_ABSENT, "the label is not there"},
	{NULL, 0, NULL},
};

const struct model_schema_name model_schema_health_type_names[] = {
	{"none", MODEL_HEALTH_NONE, "no check"},
	{"tcp", MODEL_HEALTH_TCP, "a TCP connection can be opened"},
	{"http", MODEL_HEALTH_HTTP, "an HTTP request is answered"},
	{"https", MODEL_HEALTH_HTTPS, "an HTTP request over TLS is answered"},
	{"tls", MODEL_HEALTH_TLS, "a TLS handshake succeeds"},
	{"udp", MODEL_HEALTH_UDP, "a UDP datagram is answered, or at least not refused"},
	{"icmp", MODEL_HEALTH_ICMP, "an echo request is answered"},
	{"dns", MODEL_HEALTH_DNS, "a DNS query is answered"},
	{NULL, 0, NULL},
};

/* What the kernel has under net/netfilter/ipvs/ip_vs_<name>.c. */
const struct model_schema_name model_schema_scheduler_names[] = {
	{"rr", 0, "round robin; ignores weights"},
	{"wrr", 0, "round robin by weight"},
	{"lc", 0, "the fewest connections; ignores weights"},
	{"wlc", 0, "the fewest connections by weight"},
	{"fo", 0, "failover: the available server with the highest weight"},
	{"ovf", 0, "overflow: the highest weight until it has as many connections as its weight"},
	{"lblc", 0, "locality by destination, fewest connections"},
	{"lblcr", 0, "locality by destination with replication, fewest connections"},
	{"dh", 0, "hash of the destination address"},
	{"sh", 0, "hash of the client's address"},
	{"mh", 0, "Maglev hash of the client's address: few clients move when servers change"},
	{"sed", 0, "shortest expected delay"},
	{"nq", 0, "an idle server if there is one, else shortest expected delay"},
	{"twos", 0, "the better of two servers picked at random"},
	{NULL, 0, NULL},
};

const char *model_protocol_name(enum model_protocol protocol)
{
	return model_schema_value_name(model_schema_protocol_names, (int)protocol);
}

const char *model_forwarding_name(enum model_forwarding forwarding)
{
	return model_schema_value_name(model_schema_forwarding_names, (int)forwarding);
}

const char *model_tunnel_type_name(enum model_tunnel_type type)
{
	return model_schema_value_name(model_schema_tunnel_type_names, (int)type);
}

const char *model_snat_mode_name(enum model_snat_mode mode)
{
	return model_schema_value_name(model_schema_snat_mode_names, (int)mode);
}

const char *model_checksum_name(enum model_checksum checksum)
{
	return model_schema_value_name(model_schema_checksum_names, (int)checksum);
}

const char *model_track_expect_name(enum model_track_expect expect)
{
	return model_schema_value_name(model_schema_track_expect_names, (int)expect);
}

const char *model_auth_mode_name(enum model_auth_mode mode)
{
	return model_schema_value_name(model_schema_auth_mode_names, (int)mode);
}

const char *model_health_type_name(enum model_health_type type)
{
	return model_schema_value_name(model_schema_health_type_names, (int)type);
}

const char *model_quorum_loss_name(enum model_quorum_loss loss)
{
	return model_schema_value_name(model_schema_quorum_loss_names, (int)loss);
}
