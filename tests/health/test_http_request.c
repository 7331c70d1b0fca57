/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "health/http_request.h"

#include "tests/unit.h"

static struct health_target make(enum model_health_type type, const char *address, uint16_t port,
                                 const char *path, const char *host, const char *name)
{
	static struct model_health_check check;
	struct addr parsed;

	ck_assert_int_eq(addr_parse(address, &parsed), 0);
	check = (struct model_health_check){.type = type};
	check.http.path = path;
	check.http.host = host;
	check.tls.server_name = name;
	return health_target_make(&parsed, port, &check);
}

START_TEST(url_and_host_are_apart_where_they_have_to_be)
{
	static const struct {
		enum model_health_type type;
		const char *address;
		uint16_t port;
		const char *path, *host, *name;
		const char *url, *header; /* header "": the URL's */
	} rows[] = {
		{MODEL_HEALTH_HTTP, "10.0.0.1", 80, "/", "", "", "http://10.0.0.1:80/", ""},
		{MODEL_HEALTH_HTTP, "::1", 8080, "/x?a=%20", "", "", "http://[::1]:8080/x?a=%20",
	         ""},
		{MODEL_HEALTH_HTTP, "10.0.0.1", 80, "/", "www.example.org", "",
	         "http://10.0.0.1:80/", "Host: www.example.org"},
		{MODEL_HEALTH_HTTP, "10.0.0.1", 80, "/a b\"#c\xc3", "", "",
	         "http://10.0.0.1:80/a%20b\"%23c%C3", ""},
		{MODEL_HEALTH_HTTPS, "10.0.0.1", 443, "/", "", "", "https://10.0.0.1:443/", ""},
		{MODEL_HEALTH_HTTPS, "10.0.0.1", 443, "/", "a.example", "",
	         "https://a.example:443/", "Host: a.example"},
		{MODEL_HEALTH_HTTPS, "10.0.0.1", 443, "/", "a.example:8", "",
	         "https://10.0.0.1:443/", "Host: a.example:8"},
		{MODEL_HEALTH_HTTPS, "10.0.0.1", 443, "/", "192.0.2.1", "", "https://10.0.0.1:443/",
	         "Host: 192.0.2.1"},
		{MODEL_HEALTH_HTTPS, "10.0.0.1", 443, "/", "a.example", "b.example",
	         "https://b.example:443/", "Host: a.example"},
		{MODEL_HEALTH_HTTPS, "10.0.0.1", 443, "/", "", "b.example",
	         "https://b.example:443/", "Host: 10.0.0.1"},
		{MODEL_HEALTH_HTTPS, "::1", 8443, "/", "", "b.example", "https://b.example:8443/",
	         "Host: [::1]:8443"},
		{MODEL_HEALTH_HTTPS, "::1", 443, "/", "", "b.example", "https://b.example:443/",
	         "Host: [::1]"},
		{MODEL_HEALTH_HTTPS, "::1", 443, "/", "", "not a name/", "https://[::1]:443/", ""},
		{MODEL_HEALTH_TLS, "10.0.0.1", 25, "", "ignored.example", "",
	         "https://10.0.0.1:25/", NULL},
		{MODEL_HEALTH_TLS, "10.0.0.1", 25, "", "", "m.example", "https://m.example:25/",
	         NULL},
	};

	for (size_t i = 0; i < LT_ARRAY_SIZE(rows); i++) {
		struct health_target target = make(rows[i].type, rows[i].address, rows[i].port,
		                                   rows[i].path, rows[i].host, rows[i].name);
		struct text text = {0};

		health_http_request_url(&target, &text);
		ck_assert_str_eq(text_str(&text), rows[i].url);
		text_clear(&text);
		if (rows[i].header) {
			ck_assert_int_eq(health_http_request_host(&target, &text),
			                 rows[i].header[0] != '\0');
			ck_assert_str_eq(text_str(&text), rows[i].header);
		}
		text_done(&text);
	}
}
END_TEST

START_TEST(the_connection_goes_to_the_server)
{
	struct health_target target = make(MODEL_HEALTH_HTTP, "::1", 81, "/", "", "");
	struct text text = {0};

	health_http_request_connect_to(&target, &text);
	ck_assert_str_eq(text_str(&text), "::[::1]:81");
	text_clear(&text);
	target = make(MODEL_HEALTH_HTTP, "10.0.0.1", 81, "/", "", "");
	health_http_request_connect_to(&target, &text);
	ck_assert_str_eq(text_str(&text), "::10.0.0.1:81");
	text_done(&text);
}
END_TEST

START_TEST(statuses_are_as_expected_or_as_usual)
{
	struct model_int_range ranges[] = {{200, 200}, {500, 504}};
	struct model_health_check usual = {.type = MODEL_HEALTH_HTTP};
	struct model_health_check own = usual;

	own.http.statuses = ranges;
	own.http.status_count = LT_ARRAY_SIZE(ranges);
	for (unsigned status = 100; status < 600; status++) {
		ck_assert_int_eq(health_http_request_expects(&usual, status),
		                 status >= 200 && status <= 399);
		ck_assert_int_eq(health_http_request_expects(&own, status),
		                 status == 200 || (status >= 500 && status <= 504));
	}
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("health/http_request", &tests);

	tcase_add_test(tests, url_and_host_are_apart_where_they_have_to_be);
	tcase_add_test(tests, the_connection_goes_to_the_server);
	tcase_add_test(tests, statuses_are_as_expected_or_as_usual);
	return unit_run(suite);
}
