/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/flow_claims.h - which flow with source NAT has which port at a server.
 *
 * Pure. Two flows never have one source address and port at the same port of a server: answers
 * could not be told apart, so the kernel gives the second one another port. Beside a table of
 * flows, whose entries it finds by what the server sees. What has changed or gone since it claimed
 * is passed over, so nobody need take a claim back. 16 to 64 bytes a flow. */

#ifndef LINTEL_MODEL_FLOW_CLAIMS_H
#define LINTEL_MODEL_FLOW_CLAIMS_H

#include "model/flow_table.h"

struct model_flow_claims {
	struct model_flow_entry **slots; /* owned array, not what is in it; NULL: free */
	size_t size;                     /* a power of two, or 0 */
	size_t used;
	unsigned life; /* of the table, in which these were made */
};

/* Zero-initialised: empty. */
void model_flow_claims_done(struct model_flow_claims *claims);

/* The entry's flow has the source that it says; nothing when it says none. The first one claims for
 * all of the table. */
void model_flow_claims_add(struct model_flow_claims *claims, const struct model_flow_table *table,
                           struct model_flow_entry *entry);
/* Another flow that has the source of this one at its server; NULL: none is known. */
struct model_flow_entry *model_flow_claims_other(const struct model_flow_claims *claims,
                                                 const struct model_flow_table *table,
                                                 const struct model_flow *flow);

#endif
