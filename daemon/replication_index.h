/* SPDX-License-Identifier: GPL-2.0-or-later */
/* daemon/replication_index.h - whose a connection is, by where it goes.
 *
 * Pure. Ports are as connection tracking and IPVS see them: of a port range that is shifted, the
 * servers', since nftables shifts them before both. */

#ifndef LINTEL_DAEMON_REPLICATION_INDEX_H
#define LINTEL_DAEMON_REPLICATION_INDEX_H

#include "model/flow.h"
#include "model/snapshot.h"

struct replication_place {
	struct addr address;
	uint8_t protocol;       /* enum model_protocol */
	uint16_t first, last;   /* as seen */
	uint16_t virtual_first; /* what the client sends to reach 'first' */
	uint32_t mark;          /* 0: none */
	enum model_forwarding forwarding;
	bool source_nat;
	bool foreseeable;       /* to an address that moves, of TCP or UDP: what source NAT makes of
	                           its flows can be foreseen (daemon/replication_foreseen.c) */
	struct addr source;     /* the address that a flow got last; ADDR_NONE: not known */
	struct addr named;      /* the one that the configuration names for them; ADDR_NONE: none */
	uint32_t persistence_s; /* 0: none */
	size_t router;          /* index in the snapshot */
};

struct replication_index {
	struct replication_place *places; /* owned; sorted */
	size_t count;
};

/* Nothing of the snapshot is kept; a source that was known still is. */
void replication_index_build(struct replication_index *index,
                             const struct model_snapshot *snapshot);
void replication_index_done(struct replication_index *index);

/* NULL when nothing of ours serves there. */
const struct replication_place *replication_index_find(const struct replication_index *index,
                                                       const struct addr *address, uint8_t protocol,
                                                       uint16_t port);
/* Of a flow as IPVS tells it: a mark's template has the mark in its virtual address. */
const struct replication_place *replication_index_find_flow(const struct replication_index *index,
                                                            const struct model_flow *flow);
/* Does such a flow go there, as the one before it did? */
static inline bool replication_place_holds(const struct replication_place *place,
                                           const struct model_flow *flow)
{
	return place->protocol == flow->protocol && !flow->template &&
	       flow->ipvs_port >= place->first && flow->ipvs_port <= place->last &&
	       addr_equal(&place->address, &flow->virtual);
}
/* Source NAT gave a flow this address. */
static inline void replication_index_note_source(struct replication_index *index,
                                                 const struct replication_place *place,
                                                 const struct addr *source)
{
	if (place->foreseeable && !addr_equal(&place->source, source))
		index->places[place - index->places].source = *source;
}

/* Its flows don't all get one address: it depends on the network that their server is in. Until
 * something else is wanted. */
static inline void replication_index_give_up(struct replication_index *index,
                                             const struct replication_place *place)
{
	index->places[place - index->places].foreseeable = false;
}

/* The port that the client sends, for one that is seen. */
uint16_t replication_place_virtual_port(const struct replication_place *place, uint16_t seen);

#endif
