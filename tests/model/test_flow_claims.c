/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model/flow_claims.h"

#include "tests/unit.h"

#include <netinet/in.h>
#include <stdlib.h>

static struct model_flow_table table;
static struct model_flow_claims claims;

static void set_up(void)
{
	table.seed = 4711;
}

static void tear_down(void)
{
	model_flow_claims_done(&claims);
	model_flow_table_done(&table);
}

static struct addr address(const char *text)
{
	struct addr found;

	ck_assert_int_eq(addr_parse(text, &found), 0);
	return found;
}

/* Of one client of many, with that source port. */
static struct model_flow flow(unsigned client, uint16_t source_port)
{
	uint8_t bytes[4] = {10, 99, (uint8_t)(client >> 8), (uint8_t)client};

	return (struct model_flow){
		.protocol = IPPROTO_TCP,
		.state = MODEL_FLOW_ESTABLISHED,
		.client = addr_make(ADDR_IPV4, bytes),
		.virtual = address("10.77.0.100"),
		.server = address("10.78.0.21"),
		.source = address("10.78.0.254"),
		.client_port = 40000,
		.virtual_port = 80,
		.server_port = 8080,
		.source_port = source_port,
	};
}

static struct model_flow_entry *claim(const struct model_flow *flow)
{
	struct model_flow_entry *entry = model_flow_table_put(&table, flow, NULL);

	model_flow_claims_add(&claims, &table, entry);
	return entry;
}

START_TEST(who_has_a_port_at_a_server_is_found)
{
	struct model_flow first = flow(1, 40000), second = flow(2, 40000);
	struct model_flow_entry *entry;

	ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &second));
	entry = claim(&first);
	ck_assert_ptr_eq(model_flow_claims_other(&claims, &table, &second), entry);
	/* not its own */
	ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &first));
	/* both, wrongly */
	ck_assert_ptr_ne(claim(&second), entry);
	ck_assert_ptr_eq(model_flow_claims_other(&claims, &table, &second), entry);
	ck_assert_ptr_ne(model_flow_claims_other(&claims, &table, &first), entry);
}
END_TEST

START_TEST(another_port_server_source_or_protocol_is_no_matter)
{
	struct model_flow first = flow(1, 40000), second = flow(2, 40000);
	struct model_flow others[] = {second, second, second, second, second};

	(void)claim(&first);
	others[0].source_port++;
	others[1].server_port++;
	others[2].server = address("10.78.0.22");
	others[3].source = address("10.78.0.9");
	others[4].protocol = IPPROTO_UDP;
	for (size_t i = 0; i < LT_ARRAY_SIZE(others); i++)
		ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &others[i]));
}
END_TEST

START_TEST(what_has_gone_or_changed_has_it_no_more)
{
	struct model_flow first = flow(1, 40000), second = flow(2, 40000), kept = flow(3, 7);
	struct model_flow_entry *entry;

	(void)claim(&kept);
	entry = claim(&first);
	entry->flow.source_port++;
	ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &second));
	model_flow_claims_add(&claims, &table, entry);
	second.source_port++;
	ck_assert_ptr_eq(model_flow_claims_other(&claims, &table, &second), entry);
	ck_assert(model_flow_table_remove(&table, &first));
	ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &second));
}
END_TEST

/* A table that is emptied gives its memory back. */
START_TEST(an_emptied_table_has_no_claims)
{
	struct model_flow first = flow(1, 40000), second = flow(2, 40000);
	struct model_flow_entry *entry;

	(void)claim(&first);
	ck_assert(model_flow_table_remove(&table, &first));
	ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &second));
	entry = claim(&first);
	ck_assert_ptr_eq(model_flow_claims_other(&claims, &table, &second), entry);
}
END_TEST

START_TEST(the_first_claims_for_all_of_the_table)
{
	struct model_flow first = flow(1, 40000), second = flow(2, 40000), third = flow(3, 40001);
	struct model_flow_entry *entry = model_flow_table_put(&table, &first, NULL);

	ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &second));
	(void)claim(&third);
	ck_assert_ptr_eq(model_flow_claims_other(&claims, &table, &second), entry);
}
END_TEST

START_TEST(what_has_no_source_at_a_server_claims_none)
{
	struct model_flow first = flow(1, 40000), second = flow(2, 40000);

	first.source = (struct addr){0};
	(void)claim(&first);
	ck_assert_uint_eq(claims.size, 0);
	/* of UDP that rests connection tracking knows nothing */
	first = flow(1, 40000);
	first.protocol = second.protocol = IPPROTO_UDP;
	first.state = MODEL_FLOW_CLOSING;
	(void)claim(&first);
	ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &second));
	first.state = MODEL_FLOW_ESTABLISHED;
	(void)claim(&first);
	ck_assert_ptr_nonnull(model_flow_claims_other(&claims, &table, &second));
}
END_TEST

START_TEST(each_of_many_is_found)
{
	enum { MANY = 20000 };

	for (unsigned i = 0; i < MANY; i++) {
		struct model_flow one = flow(i, (uint16_t)(1024 + i));

		(void)claim(&one);
	}
	for (unsigned i = 0; i < MANY; i++) {
		struct model_flow one = flow(i, (uint16_t)(1024 + i));
		struct model_flow another = flow(i + MANY, (uint16_t)(1024 + i));
		struct model_flow_entry *other = model_flow_claims_other(&claims, &table, &another);

		ck_assert_ptr_nonnull(other);
		ck_assert(model_flow_equal(&other->flow, &one));
		ck_assert_ptr_null(model_flow_claims_other(&claims, &table, &one));
	}
	ck_assert_uint_le(claims.size, 8 * MANY);
}
END_TEST

/* Ports that are taken by one after the other need no more room than they have at a time. */
START_TEST(room_does_not_grow_with_those_that_have_gone)
{
	struct model_flow kept = flow(1, 7);

	(void)claim(&kept);
	for (unsigned i = 2; i < 50000; i++) {
		struct model_flow one = flow(i, (uint16_t)i);

		(void)claim(&one);
		ck_assert(model_flow_table_remove(&table, &one));
	}
	ck_assert_uint_le(claims.size, 1024);
}
END_TEST

/* Each renewal walks over the table, which stays as large as it ever was. */
START_TEST(few_that_are_left_of_many_are_not_renewed_all_the_time)
{
	enum { MANY = 20000 };
	unsigned renewals = 0;
	size_t used = 0;

	for (unsigned i = 0; i < MANY; i++) {
		struct model_flow one = flow(i, (uint16_t)i);

		(void)claim(&one);
	}
	for (unsigned i = 1; i < MANY; i++) {
		struct model_flow one = flow(i, 0);

		ck_assert(model_flow_table_remove(&table, &one));
	}
	for (unsigned i = 1; i < 60000; i++) {
		struct model_flow one = flow(i, (uint16_t)i);

		(void)claim(&one);
		ck_assert(model_flow_table_remove(&table, &one));
		renewals += claims.used < used;
		used = claims.used;
	}
	ck_assert_uint_le(renewals, 4);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model/flow_claims", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, who_has_a_port_at_a_server_is_found);
	tcase_add_test(tests, another_port_server_source_or_protocol_is_no_matter);
	tcase_add_test(tests, what_has_gone_or_changed_has_it_no_more);
	tcase_add_test(tests, an_emptied_table_has_no_claims);
	tcase_add_test(tests, the_first_claims_for_all_of_the_table);
	tcase_add_test(tests, what_has_no_source_at_a_server_claims_none);
	tcase_add_test(tests, each_of_many_is_found);
	tcase_add_test(tests, room_does_not_grow_with_those_that_have_gone);
	tcase_add_test(tests, few_that_are_left_of_many_are_not_renewed_all_the_time);
	return unit_run(suite);
}
