/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/heap.h"

#include "tests/unit.h"

#include <stdbool.h>

#define NODE_COUNT 300
#define STEP_COUNT 200000

static struct health_heap_node nodes[NODE_COUNT];
static bool in[NODE_COUNT];

/* The earliest by looking at all of them. */
static int64_t earliest(void)
{
	int64_t at_us = INT64_MAX;

	for (size_t i = 0; i < NODE_COUNT; i++)
		at_us = in[i] && nodes[i].at_us < at_us ? nodes[i].at_us : at_us;
	return at_us;
}

START_TEST(the_first_is_the_earliest_whatever_comes_and_goes)
{
	struct health_heap heap = {0};
	uint64_t random = 12345;
	size_t count = 0;

	ck_assert_ptr_null(health_heap_first(&heap));
	for (int step = 0; step < STEP_COUNT; step++) {
		random = random * UINT64_C(6364136223846793005) + 1442695040888963407;
		size_t i = (size_t)(random >> 33) % NODE_COUNT;

		if (in[i]) {
			health_heap_remove(&heap, &nodes[i]);
			count--;
		} else {
			nodes[i].at_us = (int64_t)(random >> 20 & 0xff); /* many are equal */
			health_heap_add(&heap, &nodes[i]);
			count++;
		}
		in[i] = !in[i];
		ck_assert_uint_eq(heap.count, count);
		if (count == 0)
			ck_assert_ptr_null(health_heap_first(&heap));
		else if (step % 16 == 0)
			ck_assert_int_eq(health_heap_first(&heap)->at_us, earliest());
	}
	int64_t before_us = 0;
	for (struct health_heap_node *node; (node = health_heap_first(&heap));) {
		ck_assert_int_ge(node->at_us, before_us);
		before_us = node->at_us;
		health_heap_remove(&heap, node);
	}
	health_heap_done(&heap);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/heap", &tests);

	tcase_add_test(tests, the_first_is_the_earliest_whatever_comes_and_goes);
	return unit_run(suite);
}
