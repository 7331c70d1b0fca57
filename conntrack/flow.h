/* SPDX-License-Identifier: GPL-2.0-or-later */
/* conntrack/flow.h - entries of connection tracking and flows of virtual servers, each from the
 * other.
 *
 * Pure. IPVS balances without telling connection tracking of a destination NAT: an entry of a flow
 * that it forwards by NAT has the client and the virtual address in its original tuple, and in the
 * reply tuple the real server and whom the server answers: the client, or the address and port of
 * source NAT (Linux net/netfilter/ipvs/ip_vs_nfct.c). Flows of direct and tunnel forwarding have no
 * entry that would tell their server: those are left to others.
 *
 * A replica is the entry that lets another node carry on: the same tuples, the source NAT ordered
 * explicitly, so that a port that was changed because it collided stays what it is; windows not
 * checked, because they are not known. Beside it that node needs the IPVS connection. */

#ifndef LINTEL_CONNTRACK_FLOW_H
#define LINTEL_CONNTRACK_FLOW_H

#include "conntrack/entry.h"
#include "model/flow.h"

/* What stands behind an address, a protocol and a port as connection tracking sees them: in a port
 * range that is shifted the port on the servers, since ports are shifted before. */
struct conntrack_served {
	enum model_forwarding forwarding;
	uint16_t virtual_port; /* as the client sent it */
	uint32_t mark;         /* of a port range's service, 0 */
	void *owner;           /* whatever the asker wants back: its virtual router */
};
struct conntrack_lookup {
	/* False: nobody of ours serves there. Called for each event: must be quick. */
	bool (*find)(void *ctx, const struct addr *virtual, uint8_t protocol, uint16_t port,
	             struct conntrack_served *ret_served);
	void *ctx;
};

enum conntrack_verdict {
	CONNTRACK_TELL,       /* a flow of ours, worth telling a peer */
	CONNTRACK_UNSERVED,   /* not of a virtual server of ours */
	CONNTRACK_UNBALANCED, /* it is, but the entry does not say to which server it goes (direct,
	                         tunnel, or answered by this machine) */
	CONNTRACK_EARLY,      /* may still come to nothing: its ESTABLISHED will be told */
	CONNTRACK_UNCHANGED,  /* nothing a peer would want to know */
	CONNTRACK_VERDICT_COUNT,
};
const char *conntrack_verdict_name(enum conntrack_verdict verdict); /* "tell" */

/* What an event (or an entry of a dump) says of a flow. '*ret_flow' and '*ret_served' are set with
 * CONNTRACK_TELL only. Told are: TCP and SCTP from ESTABLISHED on, their closing, their end if they
 * were established; UDP from its first packet on (an unanswered flow keeps its server, too), its
 * first answer, its end. 'timeout_s' of the flow is 0: no event tells of the packets that keep a
 * flow alive. */
enum conntrack_verdict conntrack_flow_from_entry(enum conntrack_event event,
                                                 const struct conntrack_entry *entry,
                                                 const struct conntrack_lookup *lookup,
                                                 struct model_flow *ret_flow,
                                                 struct conntrack_served *ret_served);

/* Seconds that a replica lives when nobody says otherwise: long, because between two events the
 * flow may be busy all the time. Its end is told; a resync clears up what was missed. Once packets
 * flow the kernel's own time-outs hold. */
#define CONNTRACK_REPLICA_TCP_S     432000 /* the kernel's default for ESTABLISHED */
#define CONNTRACK_REPLICA_CLOSING_S 600
#define CONNTRACK_REPLICA_UDP_S     600 /* and SCTP */

/* Does a replica of this flow need an entry of connection tracking? False: its IPVS connection is
 * all (direct, tunnel, templates; CLOSING of UDP: a flow that connection tracking has forgotten,
 * while IPVS still knows its server), or an entry can't be made of what a flow tells (SCTP without
 * its verification tags, from a peer of an older version). */
bool conntrack_flow_needs_entry(const struct model_flow *flow);
/* The entry to create for such a flow. */
void conntrack_flow_to_entry(const struct model_flow *flow, struct conntrack_entry *ret_entry);
/* The tuples under which the kernel knows it: as the client sends, and as the server answers. */
void conntrack_flow_original(const struct model_flow *flow, struct conntrack_tuple *ret_tuple);
void conntrack_flow_reply(const struct model_flow *flow, struct conntrack_tuple *ret_tuple);

#endif
