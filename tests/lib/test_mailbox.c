/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lib/mailbox.h"

#include "tests/unit.h"

#include <pthread.h>
#include <stddef.h>

struct message {
	struct mailbox_item item;
	int sender;
	int number;
};

static struct message *message_of(struct mailbox_item *item)
{
	return (struct message *)item;
}

START_TEST(an_empty_box_gives_nothing)
{
	struct mailbox box;

	mailbox_init(&box);
	ck_assert_ptr_null(mailbox_take(&box));
}
END_TEST

START_TEST(only_the_first_message_asks_for_a_wake)
{
	struct mailbox box;
	struct message messages[3];

	mailbox_init(&box);
	ck_assert(mailbox_send(&box, &messages[0].item));
	ck_assert(!mailbox_send(&box, &messages[1].item));
	mailbox_take(&box);
	ck_assert(mailbox_send(&box, &messages[2].item));
}
END_TEST

START_TEST(messages_come_in_the_order_they_were_sent)
{
	struct mailbox box;
	struct message messages[5];
	struct mailbox_item *item;
	int expected = 0;

	mailbox_init(&box);
	for (int i = 0; i < 5; i++) {
		messages[i].number = i;
		mailbox_send(&box, &messages[i].item);
	}
	for (item = mailbox_take(&box); item; item = item->next)
		ck_assert_int_eq(message_of(item)->number, expected++);
	ck_assert_int_eq(expected, 5);
	ck_assert_ptr_null(mailbox_take(&box));
}
END_TEST

#define SENDERS  3
#define MESSAGES 20000

struct sender {
	pthread_t thread;
	struct mailbox *box;
	struct message *messages;
};

static void *send_all(void *arg)
{
	struct sender *sender = arg;

	for (int i = 0; i < MESSAGES; i++)
		mailbox_send(sender->box, &sender->messages[i].item);
	return NULL;
}

START_TEST(threads_lose_and_reorder_nothing)
{
	static struct message messages[SENDERS][MESSAGES];
	struct sender senders[SENDERS];
	struct mailbox box;
	int next[SENDERS] = {0};
	int disordered = 0;

	mailbox_init(&box);
	for (int s = 0; s < SENDERS; s++) {
		for (int i = 0; i < MESSAGES; i++)
			messages[s][i] = (struct message){.sender = s, .number = i};
		senders[s] = (struct sender){.box = &box, .messages = messages[s]};
		ck_assert_int_eq(pthread_create(&senders[s].thread, NULL, send_all, &senders[s]),
		                 0);
	}
	/* The time limit of the test ends this should messages get lost. */
	for (int received = 0; received < SENDERS * MESSAGES;) {
		for (struct mailbox_item *item = mailbox_take(&box); item; item = item->next) {
			struct message *message = message_of(item);

			disordered += message->number != next[message->sender]++;
			received++;
		}
	}
	ck_assert_int_eq(disordered, 0);
	for (int s = 0; s < SENDERS; s++)
		pthread_join(senders[s].thread, NULL);
	ck_assert_ptr_null(mailbox_take(&box));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("mailbox", &tests);

	tcase_add_test(tests, an_empty_box_gives_nothing);
	tcase_add_test(tests, only_the_first_message_asks_for_a_wake);
	tcase_add_test(tests, messages_come_in_the_order_they_were_sent);
	tcase_add_test(tests, threads_lose_and_reorder_nothing);
	return unit_run(suite);
}
