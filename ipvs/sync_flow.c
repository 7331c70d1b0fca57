/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The half of ipvs/sync_wire.h that knows flows. Sources: Linux include/net/ip_vs.h (states),
 * net/netfilter/ipvs/ip_vs_proto_*.c (which states count as active). */

#include "ipvs/sync_wire.h"

#include <netinet/in.h>

/* Numbers of the kernel's forwarding methods (IP_VS_CONN_F_*). */
#define FORWARD_NAT    0
#define FORWARD_TUNNEL 2
#define FORWARD_DIRECT 3

enum tcp_state {
	TCP_NONE,
	TCP_OPEN,
	TCP_SYN_SENT,
	TCP_SYN_RECV,
	TCP_FIN_WAIT,
	TCP_TIME_WAIT,
	TCP_CLOSED,
	TCP_CLOSE_WAIT,
	TCP_LAST_ACK,
	TCP_LISTENS,
	TCP_SYNACK,
	TCP_STATES,
};

/* Of SCTP: all below OPEN are on the way there, all above from there. */
enum sctp_state {
	SCTP_INIT = 2,
	SCTP_OPEN = 8,
	SCTP_SHUTDOWN_SENT = 9,
	SCTP_REJECTED = 12,
	SCTP_SHUT = 13,
	SCTP_STATES = 14,
};

#define UDP_STATES       1
#define TEMPLATE_STATES  2
#define TEMPLATE_ASSURED 1 /* outlives the connections it was made for */

const char *ipvs_sync_fit_name(enum ipvs_sync_fit fit)
{
	switch (fit) {
	case IPVS_SYNC_FITS:
		return "fits";
	case IPVS_SYNC_OTHER_PROTOCOL:
		return "other-protocol";
	case IPVS_SYNC_OTHER_FORWARDING:
		return "other-forwarding";
	case IPVS_SYNC_MIXED_FAMILIES:
		return "mixed-families";
	case IPVS_SYNC_HAS_SEQUENCE:
		return "has-sequence";
	case IPVS_SYNC_HAS_ENGINE:
		return "has-engine";
	case IPVS_SYNC_FLEETING:
		return "fleeting";
	case IPVS_SYNC_OTHER_STATE:
		return "other-state";
	case IPVS_SYNC_FIT_COUNT:
		break;
	}
	return "?";
}

const char *ipvs_sync_fit_text(enum ipvs_sync_fit fit)
{
	switch (fit) {
	case IPVS_SYNC_FITS:
		return "it can be carried over";
	case IPVS_SYNC_OTHER_PROTOCOL:
		return "only TCP, UDP and SCTP are carried over";
	case IPVS_SYNC_OTHER_FORWARDING:
		return "its server is this node itself";
	case IPVS_SYNC_MIXED_FAMILIES:
		return "its server has another address family than its virtual address";
	case IPVS_SYNC_HAS_SEQUENCE:
		return "an application helper shifts its sequence numbers";
	case IPVS_SYNC_HAS_ENGINE:
		return "its persistence is by an engine, such as sip";
	case IPVS_SYNC_FLEETING:
		return "it lasts one packet, or its client's port is not known yet";
	case IPVS_SYNC_OTHER_STATE:
		return "its state is one we don't know";
	case IPVS_SYNC_FIT_COUNT:
		break;
	}
	return "?";
}

/* --- states --- */

static bool tcp_flow_state(uint16_t state, enum model_flow_state *ret)
{
	switch ((enum tcp_state)state) {
	case TCP_NONE:
	case TCP_SYN_SENT:
	case TCP_SYN_RECV:
	case TCP_LISTENS:
	case TCP_SYNACK:
		*ret = MODEL_FLOW_OPENING;
		return true;
	case TCP_OPEN:
		*ret = MODEL_FLOW_ESTABLISHED;
		return true;
	case TCP_FIN_WAIT:
	case TCP_TIME_WAIT:
	case TCP_CLOSED:
	case TCP_CLOSE_WAIT:
	case TCP_LAST_ACK:
		*ret = MODEL_FLOW_CLOSING;
		return true;
	case TCP_STATES:
		break;
	}
	return false;
}

static bool flow_state(const struct ipvs_sync_entry *entry, enum model_flow_state *ret)
{
	uint16_t state = entry->state;

	if (entry->flags & IPVS_SYNC_TEMPLATE) {
		*ret = MODEL_FLOW_ESTABLISHED;
		return state < TEMPLATE_STATES;
	}
	switch (entry->protocol) {
	case IPPROTO_TCP:
		return tcp_flow_state(state, ret);
	case IPPROTO_SCTP:
		*ret = state < SCTP_OPEN    ? MODEL_FLOW_OPENING
		       : state == SCTP_OPEN ? MODEL_FLOW_ESTABLISHED
		                            : MODEL_FLOW_CLOSING;
		return state < SCTP_STATES;
	default:
		*ret = MODEL_FLOW_ESTABLISHED;
		return state < UDP_STATES;
	}
}

/* FIN_WAIT stands for all that are closing: half-closed connections still carry data, and the
 * kernel goes on from there with the packets it sees. */
static const uint16_t tcp_states[] = {
	[MODEL_FLOW_OPENING] = TCP_SYN_RECV,
	[MODEL_FLOW_ESTABLISHED] = TCP_OPEN,
	[MODEL_FLOW_CLOSING] = TCP_FIN_WAIT,
	[MODEL_FLOW_GONE] = TCP_CLOSED,
};
static const uint16_t sctp_states[] = {
	[MODEL_FLOW_OPENING] = SCTP_INIT,
	[MODEL_FLOW_ESTABLISHED] = SCTP_OPEN,
	[MODEL_FLOW_CLOSING] = SCTP_SHUTDOWN_SENT,
	[MODEL_FLOW_GONE] = SCTP_SHUT,
};

static void set_state(const struct model_flow *flow, struct ipvs_sync_entry *entry)
{
	if (flow->template) {
		entry->state = TEMPLATE_ASSURED;
		return;
	}
	switch (flow->protocol) {
	case IPPROTO_TCP:
		entry->state = tcp_states[flow->state];
		break;
	case IPPROTO_SCTP:
		entry->state = sctp_states[flow->state];
		break;
	default: /* UDP never counts as active */
		entry->state = 0;
		entry->flags |= IPVS_SYNC_INACTIVE;
		return;
	}
	if (flow->state >= MODEL_FLOW_CLOSING ||
	    (flow->protocol == IPPROTO_SCTP && flow->state == MODEL_FLOW_OPENING))
		entry->flags |= IPVS_SYNC_INACTIVE;
}

/* --- flows --- */

static bool protocol_fits(uint8_t protocol, bool template, uint32_t mark)
{
	return protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       (protocol == IPPROTO_IP && template && mark != 0);
}

static bool forwarding_of_kernel(uint32_t flags, uint8_t *ret)
{
	switch (flags & IPVS_SYNC_FORWARDING) {
	case FORWARD_NAT:
		*ret = MODEL_FORWARD_NAT;
		return true;
	case FORWARD_TUNNEL:
		*ret = MODEL_FORWARD_TUNNEL;
		return true;
	case FORWARD_DIRECT:
		*ret = MODEL_FORWARD_DIRECT;
		return true;
	default:
		return false;
	}
}

enum ipvs_sync_fit ipvs_sync_to_flow(const struct ipvs_sync_entry *entry,
                                     struct model_flow *ret_flow)
{
	bool template = entry->flags & IPVS_SYNC_TEMPLATE;
	enum model_flow_state state;
	uint8_t forwarding;

	if (!protocol_fits(entry->protocol, template, entry->mark))
		return IPVS_SYNC_OTHER_PROTOCOL;
	if (!forwarding_of_kernel(entry->flags, &forwarding))
		return IPVS_SYNC_OTHER_FORWARDING;
	if (entry->has_sequence || entry->flags & IPVS_SYNC_SEQUENCE)
		return IPVS_SYNC_HAS_SEQUENCE;
	if (entry->engine_size > 0 || entry->engine_data_size > 0)
		return IPVS_SYNC_HAS_ENGINE;
	if (entry->flags & (IPVS_SYNC_ONE_PACKET | IPVS_SYNC_NO_CLIENT_PORT))
		return IPVS_SYNC_FLEETING;
	if (!flow_state(entry, &state))
		return IPVS_SYNC_OTHER_STATE;
	*ret_flow = (struct model_flow){
		.protocol = entry->protocol,
		.state = (uint8_t)state,
		.forwarding = forwarding,
		.template = template,
		.mark = entry->mark,
		.timeout_s = entry->timeout_s,
		.client = entry->client,
		.virtual = entry->virtual,
		.server = entry->server,
		.client_port = entry->client_port,
		.virtual_port = entry->virtual_port,
		.ipvs_port = entry->virtual_port,
		.server_port = entry->server_port,
	};
	return IPVS_SYNC_FITS;
}

enum ipvs_sync_fit ipvs_sync_of_flow(const struct model_flow *flow,
                                     struct ipvs_sync_entry *ret_entry)
{
	static const uint32_t forwardings[] = {
		[MODEL_FORWARD_NAT] = FORWARD_NAT,
		[MODEL_FORWARD_DIRECT] = FORWARD_DIRECT | IPVS_SYNC_NO_OUTPUT,
		[MODEL_FORWARD_TUNNEL] = FORWARD_TUNNEL | IPVS_SYNC_NO_OUTPUT,
	};
	struct ipvs_sync_entry entry = {
		.protocol = flow->protocol,
		.client_port = flow->client_port,
		.virtual_port = flow->ipvs_port,
		.server_port = flow->server_port,
		.mark = flow->mark,
		.timeout_s = flow->state == MODEL_FLOW_GONE ? 1 : flow->timeout_s,
		.client = flow->client,
		.virtual = flow->virtual,
		.server = flow->server,
	};

	if (!protocol_fits(flow->protocol, flow->template, flow->mark))
		return IPVS_SYNC_OTHER_PROTOCOL;
	if (flow->forwarding >= LT_ARRAY_SIZE(forwardings))
		return IPVS_SYNC_OTHER_FORWARDING;
	if (flow->client.family == ADDR_NONE || flow->client.family != flow->virtual.family ||
	    flow->client.family != flow->server.family)
		return IPVS_SYNC_MIXED_FAMILIES;
	if (flow->state >= MODEL_FLOW_STATE_COUNT)
		return IPVS_SYNC_OTHER_STATE;
	entry.flags = forwardings[flow->forwarding];
	if (flow->template)
		entry.flags |= IPVS_SYNC_TEMPLATE;
	set_state(flow, &entry);
	*ret_entry = entry;
	return IPVS_SYNC_FITS;
}
