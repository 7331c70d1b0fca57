/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "conntrack/flow.h"

#include <netinet/in.h>
#include <string.h>

const char *conntrack_verdict_name(enum conntrack_verdict verdict)
{
	switch (verdict) {
	case CONNTRACK_TELL:
		return "tell";
	case CONNTRACK_UNSERVED:
		return "unserved";
	case CONNTRACK_UNBALANCED:
		return "unbalanced";
	case CONNTRACK_EARLY:
		return "early";
	case CONNTRACK_UNCHANGED:
		return "unchanged";
	case CONNTRACK_VERDICT_COUNT:
		break;
	}
	return "unknown";
}

/* --- from an entry --- */

static enum conntrack_verdict judge_tcp(enum conntrack_event event,
                                        const struct conntrack_entry *entry,
                                        enum model_flow_state *ret_state)
{
	if (event == CONNTRACK_DESTROY) {
		/* Set together with ESTABLISHED: without it nobody was told. */
		*ret_state = MODEL_FLOW_GONE;
		return entry->status & CONNTRACK_ASSURED ? CONNTRACK_TELL : CONNTRACK_UNCHANGED;
	}
	if (!entry->has_state)
		return CONNTRACK_UNCHANGED;
	if (entry->state < CONNTRACK_TCP_ESTABLISHED || entry->state > CONNTRACK_TCP_CLOSE)
		return CONNTRACK_EARLY;
	if (!(entry->status & CONNTRACK_SEEN_REPLY))
		return CONNTRACK_EARLY;
	*ret_state = entry->state == CONNTRACK_TCP_ESTABLISHED ? MODEL_FLOW_ESTABLISHED
	                                                       : MODEL_FLOW_CLOSING;
	return CONNTRACK_TELL;
}

static enum conntrack_verdict judge_sctp(enum conntrack_event event,
                                         const struct conntrack_entry *entry,
                                         enum model_flow_state *ret_state)
{
	if (event == CONNTRACK_DESTROY) {
		*ret_state = MODEL_FLOW_GONE;
		return entry->status & CONNTRACK_ASSURED ? CONNTRACK_TELL : CONNTRACK_UNCHANGED;
	}
	if (!entry->has_state)
		return CONNTRACK_UNCHANGED;
	if (entry->state == CONNTRACK_SCTP_ESTABLISHED)
		*ret_state = MODEL_FLOW_ESTABLISHED;
	else if (entry->state >= CONNTRACK_SCTP_SHUTDOWN &&
	         entry->state <= CONNTRACK_SCTP_SHUTDOWN_LAST)
		*ret_state = MODEL_FLOW_CLOSING;
	else
		return CONNTRACK_EARLY;
	return CONNTRACK_TELL;
}

static enum conntrack_verdict judge_udp(enum conntrack_event event,
                                        const struct conntrack_entry *entry,
                                        enum model_flow_state *ret_state)
{
	if (event == CONNTRACK_DESTROY)
		*ret_state = MODEL_FLOW_GONE;
	else
		*ret_state = entry->status & CONNTRACK_SEEN_REPLY ? MODEL_FLOW_ESTABLISHED
		                                                  : MODEL_FLOW_OPENING;
	return CONNTRACK_TELL;
}

static enum conntrack_verdict judge(enum conntrack_event event, const struct conntrack_entry *entry,
                                    enum model_flow_state *ret_state)
{
	switch (entry->original.protocol) {
	case IPPROTO_TCP:
		return judge_tcp(event, entry, ret_state);
	case IPPROTO_UDP:
		return judge_udp(event, entry, ret_state);
	case IPPROTO_SCTP:
		return judge_sctp(event, entry, ret_state);
	default:
		return CONNTRACK_UNSERVED;
	}
}

/* Does the reply come from somebody else than who was called? */
static bool is_balanced(const struct conntrack_entry *entry)
{
	return !addr_equal(&entry->reply.source, &entry->original.destination);
}

static bool is_source_translated(const struct conntrack_entry *entry)
{
	return !addr_equal(&entry->reply.destination, &entry->original.source) ||
	       entry->reply.destination_port != entry->original.source_port;
}

enum conntrack_verdict conntrack_flow_from_entry(enum conntrack_event event,
                                                 const struct conntrack_entry *entry,
                                                 const struct conntrack_lookup *lookup,
                                                 struct model_flow *ret_flow,
                                                 struct conntrack_served *ret_served)
{
	const struct conntrack_tuple *original = &entry->original, *reply = &entry->reply;
	enum model_flow_state state = MODEL_FLOW_OPENING;
	struct conntrack_served served = {0};
	enum conntrack_verdict verdict;

	/* IPVS works in the default zone. */
	if (entry->zone != 0 ||
	    !lookup->find(lookup->ctx, &original->destination, original->protocol,
	                  original->destination_port, &served))
		return CONNTRACK_UNSERVED;
	if (served.forwarding != MODEL_FORWARD_NAT || !is_balanced(entry))
		return CONNTRACK_UNBALANCED;
	verdict = judge(event, entry, &state);
	if (verdict != CONNTRACK_TELL)
		return verdict;
	*ret_flow = (struct model_flow){
		.protocol = original->protocol,
		.state = (uint8_t)state,
		.forwarding = (uint8_t)served.forwarding,
		.mark = served.mark,
		.client = original->source,
		.virtual = original->destination,
		.server = reply->source,
		.client_port = original->source_port,
		.virtual_port = served.virtual_port,
		.ipvs_port = original->destination_port,
		.server_port = reply->source_port,
	};
	if (original->protocol == IPPROTO_SCTP)
		memcpy(ret_flow->tags, entry->tags, sizeof(ret_flow->tags));
	if (is_source_translated(entry)) {
		ret_flow->source = reply->destination;
		ret_flow->source_port = reply->destination_port;
	}
	*ret_served = served;
	return CONNTRACK_TELL;
}

/* --- to an entry --- */

bool conntrack_flow_needs_entry(const struct model_flow *flow)
{
	if (flow->forwarding != MODEL_FORWARD_NAT || flow->template)
		return false;
	if (flow->protocol == IPPROTO_SCTP) /* none could be made without both */
		return flow->state == MODEL_FLOW_GONE || (flow->tags[0] && flow->tags[1]);
	return flow->protocol == IPPROTO_TCP ||
	       (flow->protocol == IPPROTO_UDP && flow->state != MODEL_FLOW_CLOSING);
}

void conntrack_flow_original(const struct model_flow *flow, struct conntrack_tuple *ret_tuple)
{
	*ret_tuple = (struct conntrack_tuple){
		.protocol = flow->protocol,
		.source = flow->client,
		.source_port = flow->client_port,
		.destination = flow->virtual,
		.destination_port = flow->ipvs_port,
	};
}

void conntrack_flow_reply(const struct model_flow *flow, struct conntrack_tuple *ret_tuple)
{
	bool translated = flow->source.family != ADDR_NONE;

	*ret_tuple = (struct conntrack_tuple){
		.protocol = flow->protocol,
		.source = flow->server,
		.source_port = flow->server_port,
		.destination = translated ? flow->source : flow->client,
		.destination_port = translated ? flow->source_port : flow->client_port,
	};
}

static uint32_t lifetime(const struct model_flow *flow)
{
	if (flow->timeout_s != 0)
		return flow->timeout_s;
	if (flow->protocol != IPPROTO_TCP)
		return CONNTRACK_REPLICA_UDP_S;
	return flow->state == MODEL_FLOW_CLOSING ? CONNTRACK_REPLICA_CLOSING_S
	                                         : CONNTRACK_REPLICA_TCP_S;
}

void conntrack_flow_to_entry(const struct model_flow *flow, struct conntrack_entry *ret_entry)
{
	struct conntrack_entry entry = {.timeout_s = lifetime(flow)};

	conntrack_flow_original(flow, &entry.original);
	entry.reply = (struct conntrack_tuple){
		.protocol = flow->protocol,
		.source = flow->server,
		.source_port = flow->server_port,
		.destination = flow->client,
		.destination_port = flow->client_port,
	};
	entry.status = CONNTRACK_CONFIRMED;
	if (flow->state != MODEL_FLOW_OPENING)
		entry.status |= CONNTRACK_SEEN_REPLY | CONNTRACK_ASSURED;
	if (flow->protocol == IPPROTO_TCP) {
		entry.has_state = true;
		entry.liberal = true;
		entry.state = CONNTRACK_TCP_ESTABLISHED;
		if (flow->state == MODEL_FLOW_CLOSING)
			entry.state = CONNTRACK_TCP_FIN_WAIT;
		if (flow->state == MODEL_FLOW_OPENING)
			entry.state = CONNTRACK_TCP_SYN_RECV;
	}
	if (flow->protocol == IPPROTO_SCTP) {
		entry.has_state = true;
		entry.state = flow->state == MODEL_FLOW_CLOSING ? CONNTRACK_SCTP_SHUTDOWN
		                                                : CONNTRACK_SCTP_ESTABLISHED;
		memcpy(entry.tags, flow->tags, sizeof(entry.tags));
	}
	if (flow->source.family != ADDR_NONE) {
		entry.source = flow->source;
		entry.source_port = flow->source_port;
	}
	*ret_entry = entry;
}
