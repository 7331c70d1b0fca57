/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel tells of connections: one or more ctnetlink messages.
 * Laws: an entry that is understood can be written and is read again as the same; a flow made of
 * one becomes a replica of the same tuples, and that one's flow is the same flow. */

#include "conntrack/flow.h"
#include "lib/mem.h"

#include <netinet/in.h>
#include <stdint.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

static bool find(void *ctx, const struct addr *virtual, uint8_t protocol, uint16_t port,
                 struct conntrack_served *ret_served)
{
	*ret_served = (struct conntrack_served){
		.forwarding = port % 7 == 0 ? MODEL_FORWARD_DIRECT : MODEL_FORWARD_NAT,
		.virtual_port = port,
	};
	return port != 0;
}

static void try_again(struct nl_batch *batch, const struct conntrack_entry *entry)
{
	struct conntrack_entry again;
	enum conntrack_event event;

	nl_batch_clear(batch);
	conntrack_entry_put_create(batch, entry);
	must(conntrack_entry_decode((const struct nlmsghdr *)batch->data, &again, &event) == 0);
	must(event == CONNTRACK_NEW);
	must(conntrack_tuple_equal(&entry->original, &again.original));
	must(conntrack_tuple_equal(&entry->reply, &again.reply));
	must(entry->timeout_s == again.timeout_s && entry->mark == again.mark);
	must(addr_equal(&entry->source, &again.source));
	must(entry->original.protocol != IPPROTO_TCP ||
	     (entry->has_state == again.has_state && entry->state == again.state));
	must(entry->original.protocol != IPPROTO_SCTP || !entry->has_state ||
	     (again.has_state && entry->state == again.state && entry->tags[0] == again.tags[0] &&
	      entry->tags[1] == again.tags[1]));
	must((again.status & ~0xeU) == 0);
	conntrack_entry_put_update(batch, entry);
	conntrack_entry_put_delete(batch, &entry->reply, entry->id);
}

static void try_flow(struct nl_batch *batch, enum conntrack_event event,
                     const struct conntrack_entry *entry)
{
	const struct conntrack_lookup lookup = {find, NULL};
	struct conntrack_served served;
	struct conntrack_entry replica;
	struct model_flow flow, again;

	if (conntrack_flow_from_entry(event, entry, &lookup, &flow, &served) != CONNTRACK_TELL)
		return;
	must(flow.state < MODEL_FLOW_STATE_COUNT && !flow.template);
	if (!conntrack_flow_needs_entry(&flow) || flow.state == MODEL_FLOW_GONE)
		return;
	conntrack_flow_to_entry(&flow, &replica);
	try_again(batch, &replica);
	conntrack_flow_reply(&flow, &replica.reply);
	must(conntrack_tuple_equal(&replica.original, &entry->original));
	must(conntrack_tuple_equal(&replica.reply, &entry->reply));
	must(conntrack_flow_from_entry(CONNTRACK_DUMPED, &replica, &lookup, &again, &served) ==
	     CONNTRACK_TELL);
	must(model_flow_equal(&flow, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* a copy of this size, aligned as the receive buffer is */
	struct nlmsghdr *copy = xmemdup(data, size), *message = copy;
	struct nl_batch batch = {0};
	int left = (int)size;

	while (nl_message_ok(message, left)) {
		struct conntrack_entry entry;
		enum conntrack_event event;

		if (conntrack_entry_decode(message, &entry, &event) == 0) {
			must(*conntrack_event_name(event) != 'u' || event == CONNTRACK_UPDATE);
			try_again(&batch, &entry);
			try_flow(&batch, event, &entry);
		}
		message = mnl_nlmsg_next(message, &left);
	}
	nl_batch_done(&batch);
	free(copy);
	return 0;
}
