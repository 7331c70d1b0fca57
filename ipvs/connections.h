/* SPDX-License-Identifier: GPL-2.0-or-later */
/* ipvs/connections.h - lines of /proc/net/ip_vs_conn.
 *
 * Pure; reading the file: ipvs/connections_file.h. Source: Linux net/netfilter/ipvs/ip_vs_conn.c
 * (ip_vs_conn_seq_show). */

#ifndef LINTEL_IPVS_CONNECTIONS_H
#define LINTEL_IPVS_CONNECTIONS_H

#include "lib/addr.h"
#include "model/flow.h"

struct ipvs_connection {
	char protocol[8]; /* "TCP"; "IP" for the persistence template of a mark */
	struct addr client;
	uint16_t client_port; /* 0: a persistence template */
	struct addr virtual;  /* of a mark's template: the mark in the bytes */
	uint16_t virtual_port;
	struct addr server;
	uint16_t server_port;
	char state[16]; /* "ESTABLISHED", "UDP", "NONE" */
	uint32_t expires_s;
};

/* What a line doesn't say, but the virtual service that it belongs to does. */
struct ipvs_connection_service {
	enum model_forwarding forwarding;
	uint32_t mark;          /* 0: none */
	uint32_t persistence_s; /* how long its templates live; 0: it has none */
};

/* One line without '\n'. -EINVAL when it is none; the heading is none. */
LT_MUST_USE int ipvs_connection_parse(const char *line, struct ipvs_connection *ret_connection);

/* As a flow; its timeout_s is what is left of it, but for a template, which is renewed as a whole.
 * false: a protocol or state that isn't carried over, or families differ. Source NAT isn't known
 * here, and a port range that is shifted isn't either: NAT flows are told by conntrack. */
bool ipvs_connection_to_flow(const struct ipvs_connection *connection,
                             const struct ipvs_connection_service *service,
                             struct model_flow *ret_flow);

#endif
