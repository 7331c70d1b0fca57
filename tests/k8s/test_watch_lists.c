/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Lists: in pages, and streamed. */
#include "k8s/watch.h"

#include "tests/k8s/watch_script.h"

/* --- lists --- */

START_TEST(pages_are_asked_for_until_there_is_no_token)
{
	start();
	expect(LIST);
	began(200);
	expect("BEGIN");
	metadata("{\"resourceVersion\":\"7\",\"continue\":\"a+b\",\"remainingItemCount\":1}");
	item("a");
	expect("UPSERT a");
	ended();
	expect("LIST /api/v1/services?limit=500&continue=a%2Bb");
	began(200);
	expect("");
	item("b");
	expect("UPSERT b");
	metadata("{\"resourceVersion\":\"7\",\"continue\":\"\"}");
	ck_assert(!watch.listed);
	ended();
	expect("END; " WATCH "7");
	ck_assert(watch.listed);
	ck_assert(!watch.in_step);
	ck_assert_uint_eq(watch.lists, 1);
}
END_TEST

START_TEST(a_page_that_was_cut_is_asked_for_again_and_not_the_next)
{
	start();
	began(200);
	metadata("{\"resourceVersion\":\"7\",\"continue\":\"two\"}");
	ended();
	expect(LIST "; BEGIN; LIST /api/v1/services?limit=500&continue=two");
	began(200);
	metadata("{\"resourceVersion\":\"7\",\"continue\":\"three\"}");
	failed(K8S_WATCH_REASON_CUT);
	expect("");
	expire();
	expect("LIST /api/v1/services?limit=500&continue=two");
	began(200);
	expect(""); /* still the same replacement */
}
END_TEST

START_TEST(a_first_page_that_was_cut_begins_anew)
{
	start();
	began(200);
	item("a");
	failed(K8S_WATCH_REASON_CUT);
	expect(LIST "; BEGIN; UPSERT a");
	expire();
	expect(LIST);
	began(200);
	expect("BEGIN");
}
END_TEST

START_TEST(a_token_that_expired_leads_to_one_list_without_pages)
{
	start();
	began(200);
	metadata("{\"resourceVersion\":\"7\",\"continue\":\"two\"}");
	ended();
	expect(LIST "; BEGIN; LIST /api/v1/services?limit=500&continue=two");
	refused(410, -1);
	expect("LIST /api/v1/services");
	began(200);
	metadata("{\"resourceVersion\":\"9\"}");
	ended();
	expect("BEGIN; END; " WATCH "9");
	refused(410, -1);
	expect(LIST); /* in pages again */
}
END_TEST

static const char *const bad_metadata[] = {"",
                                           "{}",
                                           "{\"resourceVersion\":\"\"}",
                                           "[]",
                                           "{\"resourceVersion\":\"0\"}",
                                           "{\"resourceVersion\":7}"};

START_TEST(a_list_without_a_version_is_no_list)
{
	start();
	began(200);
	expect(LIST "; BEGIN");
	metadata(bad_metadata[_i]);
	expect("CLOSE");
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_MALFORMED);
	ck_assert_int_eq(watch.state, K8S_WATCH_STATE_WAITING);
	expire();
	expect(LIST);
	began(200);
	ended(); /* whole, but without metadata */
	expect("BEGIN");
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_MALFORMED);
}
END_TEST

START_TEST(an_item_that_is_no_object_ends_the_list)
{
	start();
	began(200);
	k8s_watch_item(&watch, now_us, "{\"a\":}", 6, &effects);
	expect(LIST "; BEGIN; CLOSE");
	item("late"); /* of a request that was dropped */
	metadata("{\"resourceVersion\":\"7\"}");
	ended();
	expect("");
}
END_TEST

START_TEST(numbers_that_nothing_of_ours_holds_do_not_lose_the_object)
{
	static const char text[] =
		"{\"metadata\":{\"name\":\"a\\u0000b\"},\"big\":123456789012345678901234567890}";

	start();
	began(200);
	k8s_watch_item(&watch, now_us, text, strlen(text), &effects);
	expect(LIST "; BEGIN; UPSERT a");
}
END_TEST

/* --- streamed lists --- */

static void end_of_list(const char *version)
{
	char text[256];

	snprintf(text, sizeof(text),
	         "{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"%s\","
	         "\"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}",
	         version);
	line(text);
}

START_TEST(a_streamed_list_is_whole_with_its_bookmark)
{
	start();
	expect(STREAM);
	began(200);
	expect("BEGIN");
	event("ADDED", "a", "5");
	expect("UPSERT a");
	event("BOOKMARK", "", "6"); /* not that one */
	expect("");
	ck_assert(!watch.listed);
	end_of_list("100");
	expect("END; BOOKMARK");
	ck_assert_int_eq(watch.state, K8S_WATCH_STATE_WATCHING);
	ck_assert(watch.in_step);
	event("MODIFIED", "a", "101");
	expect("UPSERT a");
	failed(K8S_WATCH_REASON_CUT);
	expire();
	expect(WATCH "101");
}
END_TEST

START_TEST(a_streamed_list_that_was_cut_begins_anew)
{
	start();
	began(200);
	event("ADDED", "a", "5");
	expect(STREAM "; BEGIN; UPSERT a");
	if (_i == 0)
		ended();
	else
		failed(K8S_WATCH_REASON_CUT);
	expect("");
	expire();
	expect(STREAM);
	ck_assert(!watch.listed);
}
END_TEST

START_TEST(servers_that_do_not_stream_lists_are_asked_for_pages)
{
	static const unsigned statuses[] = {400, 405, 422, 501};

	start();
	expect(STREAM);
	refused(statuses[_i], -1);
	expect(LIST); /* at once */
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_UNSUPPORTED);
	refused(410, -1);
	expect(LIST); /* and not again */
	now_us += K8S_WATCH_PAGES_US;
	refused(410, -1);
	expect(STREAM); /* but a while later: it may be another version */
}
END_TEST

/* The second one waits for what becomes of the first. */
static void start_second(void)
{
	k8s_watch_done(&watch);
	k8s_watch_init(&watch, &(struct k8s_watch_params){.path = "/api/v1/services",
	                                                  .seed = 42,
	                                                  .streaming_lists = true,
	                                                  .second = true});
	start();
	expect("");
	ck_assert_int_eq(watch.state, K8S_WATCH_STATE_WAITING);
}

START_TEST(the_second_asks_as_soon_as_the_first_was_answered)
{
	struct k8s_watch first = {.pages_until_us = _i == 0 ? 0 : now_us + 1};

	start_second();
	k8s_watch_server_answers(&watch, now_us, &first);
	ck_assert_int_eq(k8s_watch_deadline(&watch), now_us);
	expire();
	expect(_i == 0 ? STREAM : LIST);
}
END_TEST

START_TEST(the_second_does_not_wait_for_ever)
{
	start_second();
	ck_assert_int_eq(expire(), K8S_WATCH_SECOND_US);
	expect(STREAM);
}
END_TEST

START_TEST(servers_that_take_it_for_a_plain_watch_are_found_out)
{
	start();
	began(200);
	event("ADDED", "a", "5");
	expect(STREAM "; BEGIN; UPSERT a");
	ck_assert_int_eq(expire(), K8S_WATCH_STALL_US);
	expect("CLOSE");
	ck_assert_int_eq(watch.why, K8S_WATCH_REASON_UNSUPPORTED);
	expire();
	expect(LIST);
}
END_TEST

START_TEST(selectors_and_limits_are_kept)
{
	k8s_watch_done(&watch);
	k8s_watch_init(&watch,
	               &(struct k8s_watch_params){.path = "/api/v1/configmaps?labelSelector=a",
	                                          .page_limit = 7});
	start();
	expect("LIST /api/v1/configmaps?labelSelector=a&limit=7");
	began(200);
	metadata("{\"resourceVersion\":\"1\"}");
	ended();
	expect("BEGIN; END; WATCH /api/v1/configmaps?labelSelector=a&watch=1&"
	       "allowWatchBookmarks=true&timeoutSeconds=T&resourceVersion=1");
}
END_TEST

static void setup_streaming(void)
{
	setup_as(true);
}

int main(void)
{
	TCase *tests, *streaming = tcase_create("streaming");
	Suite *suite = unit_suite("k8s_watch_lists", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, pages_are_asked_for_until_there_is_no_token);
	tcase_add_test(tests, a_page_that_was_cut_is_asked_for_again_and_not_the_next);
	tcase_add_test(tests, a_first_page_that_was_cut_begins_anew);
	tcase_add_test(tests, a_token_that_expired_leads_to_one_list_without_pages);
	tcase_add_loop_test(tests, a_list_without_a_version_is_no_list, 0,
	                    LT_ARRAY_SIZE(bad_metadata));
	tcase_add_test(tests, an_item_that_is_no_object_ends_the_list);
	tcase_add_test(tests, numbers_that_nothing_of_ours_holds_do_not_lose_the_object);
	tcase_add_test(tests, selectors_and_limits_are_kept);

	tcase_add_checked_fixture(streaming, setup_streaming, teardown);
	tcase_add_test(streaming, a_streamed_list_is_whole_with_its_bookmark);
	tcase_add_loop_test(streaming, a_streamed_list_that_was_cut_begins_anew, 0, 2);
	tcase_add_loop_test(streaming, servers_that_do_not_stream_lists_are_asked_for_pages, 0, 4);
	tcase_add_loop_test(streaming, the_second_asks_as_soon_as_the_first_was_answered, 0, 2);
	tcase_add_test(streaming, the_second_does_not_wait_for_ever);
	tcase_add_test(streaming, servers_that_take_it_for_a_plain_watch_are_found_out);
	suite_add_tcase(suite, streaming);
	return unit_run(suite);
}
