/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stack that senders push onto and the receiver takes whole, turning it round. Because it is only
 * ever taken whole, an item that comes back to the same place (ABA) does no harm. */

#include "lib/mailbox.h"

#include <stddef.h>

void mailbox_init(struct mailbox *box)
{
	atomic_init(&box->head, NULL);
}

bool mailbox_send(struct mailbox *box, struct mailbox_item *item)
{
	struct mailbox_item *head = atomic_load_explicit(&box->head, memory_order_relaxed);

	/* Release: what the item holds is written before the receiver can see it. */
	do
		item->next = head;
	while (!atomic_compare_exchange_weak_explicit(&box->head, &head, item, memory_order_release,
	                                              memory_order_relaxed));
	return head == NULL;
}

struct mailbox_item *mailbox_take(struct mailbox *box)
{
	struct mailbox_item *item =
		atomic_exchange_explicit(&box->head, NULL, memory_order_acquire);
	struct mailbox_item *oldest_first = NULL;

	while (item) {
		struct mailbox_item *older = item->next;

		item->next = oldest_first;
		oldest_first = item;
		item = older;
	}
	return oldest_first;
}
