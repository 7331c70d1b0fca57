/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "k8s/path.h"

#include "tests/unit.h"

static const struct k8s_resource services = {"v1", "services", "Service"};
static const struct k8s_resource pools = {"lintel.io/v1alpha1", "addresspools", "AddressPool"};

static const struct {
	const struct k8s_resource *resource;
	const char *namespace, *name, *subresource, *path;
} rows[] = {
	{&services, NULL, NULL, NULL, "/api/v1/services"},
	{&services, "default", NULL, NULL, "/api/v1/namespaces/default/services"},
	{&services, "default", "web", "status", "/api/v1/namespaces/default/services/web/status"},
	{&pools, NULL, "public", NULL, "/apis/lintel.io/v1alpha1/addresspools/public"},
	{&services, "a/../b", "c?d=e&%", NULL,
         "/api/v1/namespaces/a%2F..%2Fb/services/c%3Fd%3De%26%25"},
};

START_TEST(paths_name_what_they_mean)
{
	struct text path = {0};

	k8s_path_add(&path, rows[_i].resource, rows[_i].namespace, rows[_i].name,
	             rows[_i].subresource);
	ck_assert_str_eq(text_str(&path), rows[_i].path);
	text_done(&path);
}
END_TEST

START_TEST(queries_are_encoded_and_joined)
{
	struct text path = {0};

	text_add(&path, "/x");
	k8s_path_add_query(&path, "labelSelector", "app=a,b in (c)");
	k8s_path_add_query(&path, "continue", "eyJ+/=\xc3\xa4");
	ck_assert_str_eq(text_str(&path), "/x?labelSelector=app%3Da%2Cb%20in%20%28c%29"
	                                  "&continue=eyJ%2B%2F%3D%C3%A4");
	text_done(&path);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_path", &tests);

	tcase_add_loop_test(tests, paths_name_what_they_mean, 0, LT_ARRAY_SIZE(rows));
	tcase_add_test(tests, queries_are_encoded_and_joined);
	return unit_run(suite);
}
