/* SPDX-License-Identifier: GPL-2.0-or-later */
/* lib/mailbox.h - messages from one thread to another, in order, without locks.
 *
 * Pure apart from memory order (C11 atomics). Any number of senders, one receiver. A sender never
 * waits. Pair it with a loop_wake to tell the receiver. Messages embed struct mailbox_item first
 * and change owner when sent. */

#ifndef LINTEL_LIB_MAILBOX_H
#define LINTEL_LIB_MAILBOX_H

#include <stdatomic.h>
#include <stdbool.h>

struct mailbox_item {
	struct mailbox_item *next;
};

struct mailbox {
	_Atomic(struct mailbox_item *) head; /* newest first */
};

void mailbox_init(struct mailbox *box);
/* True when the box was empty, that is when the receiver wants a wake. */
bool mailbox_send(struct mailbox *box, struct mailbox_item *item);
/* Takes all there is, oldest first, linked by 'next'; NULL when empty. Receiver only. */
struct mailbox_item *mailbox_take(struct mailbox *box);

#endif
