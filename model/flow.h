/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/flow.h - one connection through a virtual server, as a peer must know it to carry on.
 *
 * Pure. The vocabulary between conntrack/ (sees flows of NAT the moment they begin, and source
 * NAT), ipvs/ (sees all the others, and makes IPVS connections), and peer/ (carries them). Ports in
 * host order. Source: Linux include/net/ip_vs.h (struct ip_vs_conn), uapi nf_conntrack_*.h. */

#ifndef LINTEL_MODEL_FLOW_H
#define LINTEL_MODEL_FLOW_H

#include "lib/addr.h"
#include "model/object.h"

/* Where a flow is in its life; each side's own numbers are its coder's business. */
enum model_flow_state {
	MODEL_FLOW_OPENING,     /* no answer seen yet */
	MODEL_FLOW_ESTABLISHED, /* UDP: answered */
	MODEL_FLOW_CLOSING,     /* FIN or SHUTDOWN seen, waits for its end */
	MODEL_FLOW_GONE,        /* removed: forget it */
	MODEL_FLOW_STATE_COUNT,
};
const char *model_flow_state_name(enum model_flow_state state); /* "established" */

struct model_flow {
	uint8_t protocol; /* IPPROTO_TCP, _UDP, _SCTP; IPPROTO_IP: a persistence template of a mark
	                   */
	uint8_t state;    /* enum model_flow_state */
	uint8_t forwarding; /* enum model_forwarding */
	bool template;      /* persistence: where new connections of this client go */
	uint32_t mark;      /* firewall mark of a port range's service; 0 */
	uint32_t timeout_s; /* that it still lives when idle; 0: the kernel's default for its state
	                     */
	struct addr client; /* of a template: its network */
	struct addr virtual;
	struct addr server;
	struct addr
		source; /* what the server sees as the client (source NAT); ADDR_NONE: the client */
	uint16_t client_port;  /* 0: template */
	uint16_t virtual_port; /* as the client sent it */
	uint16_t ipvs_port; /* as IPVS saw it: another one only in a port range that is shifted */
	uint16_t server_port;
	uint16_t source_port;
	uint32_t tags[2]; /* SCTP: verification tags of what the client sends, of what the server
	                     sends; 0: not known */
};

/* What makes it this flow and no other: protocol, client, virtual address, their ports, template or
 * not. Below 0, 0 or above 0. */
int model_flow_compare(const struct model_flow *a, const struct model_flow *b);
bool model_flow_equal(const struct model_flow *a, const struct model_flow *b); /* in everything */
bool model_flow_same_server(const struct model_flow *a, const struct model_flow *b);

#endif
