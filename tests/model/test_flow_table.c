/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/flow_table.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

/* One of 'number's many: neighbours in every part of the key. */
static struct model_flow flow(unsigned number)
{
	struct model_flow flow = {
		.protocol = number % 2 ? 6 : 17,
		.template = number % 7 == 0,
		.client_port = (uint16_t)(number / 2 % 1000),
		.virtual_port = (uint16_t)(80 + number / 2000 % 3),
		.server_port = 8080,
	};
	uint8_t client[4] = {10, 0, (uint8_t)(number / 6000), 1};
	uint8_t virtual[4] = {192, 0, 2, 1};

	flow.client = addr_make(ADDR_IPV4, client);
	flow.virtual = addr_make(ADDR_IPV4, virtual);
	return flow;
}

START_TEST(what_was_put_is_found_until_it_is_removed)
{
	struct model_flow_table table = {0};
	struct model_flow a = flow(1), b = flow(2);
	struct model_flow_entry *entry;
	bool new;

	ck_assert_ptr_null(model_flow_table_find(&table, &a));
	ck_assert(!model_flow_table_remove(&table, &a));
	entry = model_flow_table_put(&table, &a, &new);
	ck_assert(new && entry->generation == 0 && entry->until_s == 0 && entry->put_s == 0 &&
	          entry->seen == 0);
	entry->generation = 7;
	ck_assert_ptr_null(model_flow_table_find(&table, &b));
	a.server_port = 9090; /* no part of what it is found by */
	entry = model_flow_table_put(&table, &a, &new);
	ck_assert(!new);
	ck_assert_uint_eq(entry->generation, 7);
	ck_assert_uint_eq(entry->flow.server_port, 9090);
	ck_assert_uint_eq(table.count, 1);
	ck_assert(model_flow_table_remove(&table, &a));
	ck_assert_ptr_null(model_flow_table_find(&table, &a));
	ck_assert_uint_eq(table.count, 0);
	ck_assert_uint_eq(model_flow_table_memory(&table), 0);
	model_flow_table_done(&table);
}
END_TEST

START_TEST(what_the_caller_noted_goes_with_its_flow)
{
	struct model_flow_table table = {0};
	struct model_flow stays = flow(1), a = flow(2), b = flow(3);
	struct model_flow_entry *entry, *again;

	model_flow_table_put(&table, &stays, NULL);
	entry = model_flow_table_put(&table, &a, NULL);
	entry->generation = entry->until_s = entry->put_s = 7;
	entry->place = entry->seen = 7;
	ck_assert(model_flow_table_remove(&table, &a));
	again = model_flow_table_put(&table, &b, NULL);
	ck_assert_ptr_eq(again, entry);
	ck_assert(again->generation == 0 && again->until_s == 0 && again->put_s == 0);
	ck_assert(again->place == 0 && again->seen == 0);
	model_flow_table_done(&table);
}
END_TEST

#define MANY 20000

START_TEST(an_entry_stays_where_it_is_while_the_table_grows)
{
	struct model_flow_table table = {0};
	struct model_flow first = flow(0);
	struct model_flow_entry *entry = model_flow_table_put(&table, &first, NULL);

	for (unsigned i = 1; i < MANY; i++) {
		struct model_flow f = flow(i);

		ck_assert_ptr_nonnull(model_flow_table_put(&table, &f, NULL));
	}
	ck_assert_ptr_eq(model_flow_table_find(&table, &first), entry);
	ck_assert_uint_eq(table.count, MANY);
	model_flow_table_done(&table);
}
END_TEST

START_TEST(any_order_of_putting_and_removing_keeps_the_books)
{
	struct model_flow_table table = {0};
	static bool there[MANY];
	size_t count = 0, slot = 0, met = 0;
	unsigned seed = (unsigned)_i;

	memset(there, 0, sizeof(there));
	for (unsigned i = 0; i < 4 * MANY; i++) {
		unsigned number = (unsigned)rand_r(&seed) % MANY;
		struct model_flow f = flow(number);

		if (rand_r(&seed) % 3) {
			model_flow_table_put(&table, &f, NULL);
			count += !there[number];
			there[number] = true;
		} else {
			ck_assert_int_eq(model_flow_table_remove(&table, &f), there[number]);
			count -= there[number];
			there[number] = false;
		}
		ck_assert_uint_eq(table.count, count);
	}
	for (unsigned i = 0; i < MANY; i++) {
		struct model_flow f = flow(i);
		ck_assert_int_eq(model_flow_table_find(&table, &f) != NULL, there[i]);
	}
	for (; model_flow_table_from(&table, slot, &slot); slot++)
		met++;
	ck_assert_uint_eq(met, count);
	model_flow_table_done(&table);
}
END_TEST

START_TEST(walk_meets_each_flow_that_stays_whatever_comes_and_goes)
{
	struct model_flow_table table = {0};
	bool met[1000] = {false};
	unsigned seed = (unsigned)_i;
	struct model_flow_entry *entry;
	size_t slot = 0;

	for (unsigned i = 0; i < 2000; i++) {
		struct model_flow f = flow(i);
		model_flow_table_put(&table, &f, NULL)->generation = i;
	}
	/* Those from 1000 on are removed, and others added, while the first ones are walked over.
	 */
	for (unsigned i = 0; (entry = model_flow_table_from(&table, slot, &slot)); slot++, i++) {
		struct model_flow gone = flow(1000 + (unsigned)rand_r(&seed) % 1000);
		struct model_flow more = flow(2000 + i);

		if (entry->generation < 1000)
			met[entry->generation] = true;
		model_flow_table_remove(&table, &gone);
		if (i < 3000)
			model_flow_table_put(&table, &more, NULL)->generation = 5000;
	}
	for (size_t i = 0; i < LT_ARRAY_SIZE(met); i++)
		ck_assert_msg(met[i], "%zu", i);
	model_flow_table_done(&table);
}
END_TEST

START_TEST(hundred_thousand_flows_take_no_more_than_promised)
{
	struct model_flow_table table = {0};

	for (unsigned i = 0; i < 100000; i++) {
		struct model_flow f = flow(i % 6000);
		f.client.bytes[1] = (uint8_t)(i / 6000);
		model_flow_table_put(&table, &f, NULL);
	}
	ck_assert_uint_eq(table.count, 100000);
	/* By half more than is used, at most: grown by that much at a time. */
	ck_assert_uint_le(model_flow_table_memory(&table) / table.count, 190);
	ck_assert_uint_le(sizeof(struct model_flow_entry), 120);
	model_flow_table_done(&table);
}
END_TEST

static size_t bucket_length(const struct model_flow_table *table, size_t bucket)
{
	size_t length = 0;

	for (uint32_t slot = table->buckets[bucket]; slot; length++)
		slot = table->parts[(slot - 1) / MODEL_FLOW_TABLE_PART]
		                   [(slot - 1) % MODEL_FLOW_TABLE_PART]
		                           .next;
	return length;
}

/* What is looked at for one flow at most. */
static size_t longest_bucket(const struct model_flow_table *table)
{
	size_t longest = 0;

	for (size_t i = 0; i < table->bucket_count; i++) {
		size_t length = bucket_length(table, i);

		if (length > longest)
			longest = length;
	}
	return longest;
}

START_TEST(clients_and_ports_that_count_up_together_do_not_meet_in_few_buckets)
{
	struct model_flow_table table = {0};

	for (unsigned i = 0; i < MANY; i++) {
		struct model_flow f = flow(0);

		f.client.bytes[2] = (uint8_t)(i >> 8);
		f.client.bytes[3] = (uint8_t)i;
		f.client_port = (uint16_t)(1024 + i);
		model_flow_table_put(&table, &f, NULL);
	}
	ck_assert_uint_le(longest_bucket(&table), 10);
	model_flow_table_done(&table);
}
END_TEST

/* Whoever knows the seed finds flows that meet: here they are looked for by trying. */
START_TEST(flows_that_meet_with_one_seed_do_not_with_another)
{
	struct model_flow_table known = {0}, table = {.seed = UINT64_C(0x0123456789abcdef)};
	size_t met = 0;

	for (uint32_t i = 0; met < 100; i++) {
		struct model_flow f = flow(0);

		memcpy(f.client.bytes, &i, sizeof(i));
		model_flow_table_put(&known, &f, NULL);
		if (bucket_length(&known, 0) == met) {
			model_flow_table_remove(&known, &f);
			continue;
		}
		met++;
		model_flow_table_put(&table, &f, NULL);
	}
	ck_assert_uint_eq(longest_bucket(&known), 100);
	ck_assert_uint_le(longest_bucket(&table), 6);
	model_flow_table_done(&known);
	model_flow_table_done(&table);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_flow_table", &tests);

	tcase_add_test(tests, what_was_put_is_found_until_it_is_removed);
	tcase_add_test(tests, what_the_caller_noted_goes_with_its_flow);
	tcase_add_loop_test(tests, any_order_of_putting_and_removing_keeps_the_books, 0, 10);
	tcase_add_loop_test(tests, walk_meets_each_flow_that_stays_whatever_comes_and_goes, 0, 10);
	tcase_add_test(tests, an_entry_stays_where_it_is_while_the_table_grows);
	tcase_add_test(tests, clients_and_ports_that_count_up_together_do_not_meet_in_few_buckets);
	tcase_add_test(tests, flows_that_meet_with_one_seed_do_not_with_another);
	tcase_add_test(tests, hundred_thousand_flows_take_no_more_than_promised);
	return unit_run(suite);
}
