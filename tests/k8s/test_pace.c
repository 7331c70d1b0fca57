/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/pace.h"

#include "lib/mono.h"
#include "tests/unit.h"

static unsigned take_all(struct k8s_pace *pace, int64_t now_us)
{
	unsigned count = 0;

	while (k8s_pace_take(pace, now_us))
		count++;
	return count;
}

START_TEST(a_burst_comes_first_then_an_even_pace)
{
	struct k8s_pace pace;

	k8s_pace_init(&pace, 5, 10);
	ck_assert_uint_eq(take_all(&pace, 1000), 10);
	ck_assert_int_eq(k8s_pace_ready(&pace, 1000), 1000 + US_PER_S / 5);
	ck_assert_uint_eq(take_all(&pace, 1000 + US_PER_S / 5 - 1), 0);
	for (int i = 1; i < 20; i++)
		ck_assert_uint_eq(take_all(&pace, 1000 + i * US_PER_S / 5), 1);
}
END_TEST

START_TEST(rest_fills_it_up_but_not_beyond)
{
	struct k8s_pace pace;

	k8s_pace_init(&pace, 5, 10);
	ck_assert_uint_eq(take_all(&pace, 0), 10);
	ck_assert_uint_eq(take_all(&pace, US_PER_S), 5);
	ck_assert_uint_eq(take_all(&pace, 1000 * US_PER_S), 10);
	ck_assert_int_eq(k8s_pace_ready(&pace, 2000 * US_PER_S), 2000 * US_PER_S);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_pace", &tests);

	tcase_add_test(tests, a_burst_comes_first_then_an_even_pace);
	tcase_add_test(tests, rest_fills_it_up_but_not_beyond);
	return unit_run(suite);
}
