/* SPDX-License-Identifier: GPL-2.0-or-later */
/* model/amend.h - a snapshot whose virtual servers get other real servers.
 *
 * Pure. Servers come and go all the time, and nothing but who serves follows from them: addresses,
 * ports, marks and what is checked between objects stay as they are. So this is the one change that
 * a snapshot takes in where it stands, at a cost that hardly grows with it; all others make a new
 * one. Virtual servers whose servers are checked are left to that: their checks change, too. */

#ifndef LINTEL_MODEL_AMEND_H
#define LINTEL_MODEL_AMEND_H

#include "model/snapshot.h"

/* New versions of sources, and what differs in them. */
struct model_amendment {
	const struct model_objects **items; /* owned, what they lead to is not */
	size_t item_count;
	const struct model_virtual_server **changed; /* owned, what they lead to is the items' */
	size_t changed_count;
};

/* Gives 'snapshot' the index that it gets from model_amendment_find() otherwise, the first time:
 * that takes milliseconds with 10,000 virtual servers, and somebody waits then. */
void model_amendment_prepare(struct model_snapshot *snapshot);
/* Do the new versions of sources of 'snapshot' differ from these in nothing but real servers?
 * False, and nothing is given: in more, or the snapshot has no such source. */
LT_MUST_USE bool model_amendment_find(struct model_snapshot *snapshot,
                                      const struct model_objects *const *items, size_t count,
                                      struct model_amendment *ret_amendment);
void model_amendment_done(struct model_amendment *amendment);
/* Takes in what was found, for which 'snapshot' has to be as it was then. The items are shared from
 * then on; what they replace is given up. */
void model_snapshot_amend(struct model_snapshot *snapshot, const struct model_amendment *amendment);
/* Are they the same but for real servers of virtual servers that are not checked? Then a check
 * against other objects finds the same in both. */
bool model_objects_differ_in_servers_only(const struct model_objects *a,
                                          const struct model_objects *b);

#endif
