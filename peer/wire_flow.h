/* SPDX-License-Identifier: GPL-2.0-or-later */
/* peer/wire_flow.h - one connection record on the wire: 25 to 31 bytes for IPv4, 61 to 79 for IPv6.
 *
 * Pure. Part of peer/wire.h. Layout: kind, families, protocol (8 bits each), timeout (32), client,
 * virtual and server port (16 each), client, virtual and server address; and as the kind says: port
 * as IPVS saw it (16), mark (32), source port (16) and address. */

#ifndef LINTEL_PEER_WIRE_FLOW_H
#define LINTEL_PEER_WIRE_FLOW_H

#include "lib/wire.h"
#include "model/flow.h"

/* Fails unless there is room for the longest record, whatever this one takes. */
void peer_wire_put_flow(struct wire_writer *w, const struct model_flow *flow);
/* False when it is malformed; a record that is cut off makes the reader fail. */
bool peer_wire_get_flow(struct wire_reader *r, struct model_flow *ret_flow);

#endif
