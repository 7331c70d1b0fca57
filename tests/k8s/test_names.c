/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be the class of a Service. */
#include "k8s/names.h"

#include "lib/compiler.h"
#include "tests/unit.h"

#define X10 "xxxxxxxxxx"
#define X60 X10 X10 X10 X10 X10 X10

static const struct {
	const char *class;
	bool valid;
} classes[] = {
	{K8S_CLASS_DEFAULT, true},
	{"internal-vip", true},
	{"a", true},
	{"A_b.c-D", true},
	{"0.example-1.com/9", true},
	{X60 "xxx", true},
	{"a/" X60 "xxx", true},
	{X60 X60 X60 X60 X10 "xxx/a", true}, /* a domain of 253 */
	{"", false},
	{"/", false},
	{"/a", false},
	{"a/", false},
	{"a/b/c", false},
	{"A b", false},
	{"-a", false},
	{"a-", false},
	{"a.", false},
	{"_", false},
	{"a\n", false},
	{"\xc3\xa4", false},
	{"Example.com/x", false},
	{"a_b/x", false},
	{"a..b/x", false},
	{".a/x", false},
	{"a./x", false},
	{"a.-b/x", false},
	{X60 "xxxx", false},
	{"a/" X60 "xxxx", false},
	{X60 X60 X60 X60 X10 "xxxx/a", false},
};

START_TEST(a_class_is_a_qualified_name)
{
	ck_assert_msg(k8s_class_is_valid(classes[_i].class) == classes[_i].valid, "'%s'",
	              classes[_i].class);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_names", &tests);

	tcase_add_loop_test(tests, a_class_is_a_qualified_name, 0, (int)LT_ARRAY_SIZE(classes));
	return unit_run(suite);
}
