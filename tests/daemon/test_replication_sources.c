/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "daemon/replication_sources.h"

#include "lib/mono.h"
#include "tests/unit.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NOW (100 * US_PER_S)

static struct addr address(const char *text)
{
	struct addr found;

	ck_assert_int_eq(addr_parse(text, &found), 0);
	return found;
}

static struct model_flow flow(uint8_t protocol, const char *virtual, const char *source)
{
	struct model_flow flow = {
		.protocol = protocol,
		.state = MODEL_FLOW_ESTABLISHED,
		.client = address("10.99.0.1"),
		.virtual = address(virtual),
		.server = address("10.78.0.21"),
		.client_port = 40000,
		.virtual_port = 80,
		.server_port = 8080,
	};

	if (source)
		flow.source = address(source);
	return flow;
}

static void note(struct replication_sources *sources, uint8_t protocol, const char *virtual,
                 const char *source)
{
	struct model_flow told = flow(protocol, virtual, source);

	replication_sources_note(sources, &told);
}

static void count(struct replication_sources *sources, uint8_t protocol, const char *virtual)
{
	struct model_flow word = flow(protocol, virtual, NULL);

	replication_sources_count(sources, &word);
}

/* The source that is foreseen; "": none. */
static const char *foreseen(struct replication_sources *sources, uint8_t protocol,
                            const char *virtual)
{
	static char text[ADDR_TEXT_SIZE];
	struct model_flow word = flow(protocol, virtual, NULL);
	const struct addr *source = replication_sources_foresee(sources, &word);

	return source ? addr_format(source, text) : "";
}

/* How many the kernel is to be silent on, of so many that it has. */
static size_t silent(struct replication_sources *sources, bool rush, int64_t now_us, size_t guarded,
                     int64_t next_us)
{
	size_t count, found = 0;
	int64_t next;
	struct nft_rush_source *arranged =
		replication_sources_arrange(sources, rush, now_us, &count, &next);

	ck_assert_uint_eq(count, guarded);
	ck_assert_int_eq(next, next_us);
	ck_assert(!sources->changed);
	for (size_t i = 0; i < count; i++)
		found += arranged[i].silent;
	free(arranged);
	return found;
}

/* All that there are become silent. */
static void silence(struct replication_sources *sources, int64_t now_us)
{
	(void)silent(sources, true, now_us - REPLICATION_SOURCES_OLD_US, sources->count, now_us);
	ck_assert_uint_eq(silent(sources, true, now_us, sources->count, TIME_NEVER),
	                  sources->count);
}

START_TEST(the_first_source_of_an_address_and_protocol_is_the_one)
{
	struct replication_sources sources = {0};

	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.254");
	ck_assert(sources.changed);
	sources.changed = false;
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.254");
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.79.0.254");
	ck_assert(!sources.changed);
	silence(&sources, NOW);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "10.78.0.254");
	ck_assert_str_eq(foreseen(&sources, IPPROTO_UDP, "10.77.0.100"), "");
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.101"), "");
	note(&sources, IPPROTO_UDP, "10.77.0.100", "10.79.0.254");
	note(&sources, IPPROTO_TCP, "10.77.0.99", "10.77.0.99");
	note(&sources, IPPROTO_TCP, "2001:db8::1", "2001:db8:78::fe");
	ck_assert(sources.changed);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_UDP, "10.77.0.100"), "");
	ck_assert_uint_eq(silent(&sources, true, NOW + 1, 4, NOW + 1 + REPLICATION_SOURCES_OLD_US),
	                  1);
	ck_assert_uint_eq(
		silent(&sources, true, NOW + 1 + REPLICATION_SOURCES_OLD_US, 4, TIME_NEVER), 4);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_UDP, "10.77.0.100"), "10.79.0.254");
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "10.78.0.254");
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.99"), "10.77.0.99");
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "2001:db8::1"), "2001:db8:78::fe");
	replication_sources_done(&sources);
}
END_TEST

START_TEST(words_are_foreseen_from_the_silence_to_the_last_of_them)
{
	struct replication_sources sources = {0};

	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.254");
	ck_assert_uint_eq(silent(&sources, true, NOW, 1, NOW + REPLICATION_SOURCES_OLD_US), 0);
	ck_assert_uint_eq(silent(&sources, true, NOW + REPLICATION_SOURCES_OLD_US - 1, 1,
	                         NOW + REPLICATION_SOURCES_OLD_US),
	                  0);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "");
	ck_assert_uint_eq(silent(&sources, true, NOW + REPLICATION_SOURCES_OLD_US, 1, TIME_NEVER),
	                  1);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "10.78.0.254");
	/* the rush is over */
	ck_assert_uint_eq(silent(&sources, false, NOW + US_PER_S, 1, TIME_NEVER), 0);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "10.78.0.254");
	replication_sources_rest(&sources);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "");
	/* and another one begins */
	ck_assert_uint_eq(silent(&sources, true, NOW + 5 * US_PER_S, 1,
	                         NOW + 5 * US_PER_S + REPLICATION_SOURCES_OLD_US),
	                  0);
	replication_sources_done(&sources);
}
END_TEST

START_TEST(flows_that_keep_their_address_teach_nothing)
{
	struct replication_sources sources = {0};

	note(&sources, IPPROTO_TCP, "10.77.0.100", NULL);
	ck_assert_uint_eq(sources.count, 0);
	replication_sources_done(&sources);
}
END_TEST

START_TEST(no_more_are_learned_than_there_is_room_for)
{
	struct replication_sources sources = {0};
	char virtual[32];

	for (unsigned i = 0; i < REPLICATION_SOURCES_MAX + 10; i++) {
		snprintf(virtual, sizeof(virtual), "10.1.%u.%u", i / 250, i % 250 + 1);
		note(&sources, IPPROTO_UDP, virtual, "10.78.0.254");
	}
	ck_assert_uint_eq(sources.count, REPLICATION_SOURCES_MAX);
	silence(&sources, NOW);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_UDP, "10.1.0.1"), "10.78.0.254");
	ck_assert_str_eq(foreseen(&sources, IPPROTO_UDP, virtual), "");
	replication_sources_done(&sources);
}
END_TEST

START_TEST(a_source_that_few_get_is_given_up_and_believed_for_words_under_way)
{
	struct replication_sources sources = {0};
	const int64_t left_us = NOW + US_PER_S, over_us = left_us + REPLICATION_SOURCES_LATE_US;

	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.254");
	silence(&sources, NOW);
	replication_sources_look(&sources, NOW - 1);
	/* More get it than another one: it stays. */
	for (unsigned i = 0; i < 3; i++)
		count(&sources, IPPROTO_TCP, "10.77.0.100");
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.253");
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.253");
	replication_sources_look(&sources, NOW);
	ck_assert(!sources.changed);
	/* It has moved. */
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.253");
	replication_sources_look(&sources, left_us);
	ck_assert(sources.changed);
	ck_assert_uint_eq(silent(&sources, true, left_us, 1, TIME_NEVER), 0);
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.253");
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "10.78.0.254");
	replication_sources_look(&sources, over_us);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "10.78.0.254");
	ck_assert(!replication_sources_any(&sources));
	replication_sources_look(&sources, over_us + 1);
	ck_assert(sources.changed);
	ck_assert_uint_eq(silent(&sources, true, over_us + 1, 0, TIME_NEVER), 0);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "");
	/* And learned anew, but not at once. */
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.253");
	replication_sources_look(&sources, left_us + REPLICATION_SOURCES_REST_US);
	ck_assert(!replication_sources_any(&sources));
	replication_sources_look(&sources, left_us + REPLICATION_SOURCES_REST_US + 1);
	note(&sources, IPPROTO_TCP, "10.77.0.100", "10.78.0.253");
	ck_assert(replication_sources_any(&sources));
	silence(&sources, left_us + REPLICATION_SOURCES_REST_US + US_PER_S);
	ck_assert_str_eq(foreseen(&sources, IPPROTO_TCP, "10.77.0.100"), "10.78.0.253");
	replication_sources_done(&sources);
}
END_TEST

START_TEST(a_source_is_given_up_where_most_ports_are_changed)
{
	struct replication_sources sources = {0};

	note(&sources, IPPROTO_UDP, "10.77.0.100", "10.78.0.254");
	note(&sources, IPPROTO_UDP, "10.77.0.100", "10.78.0.254");
	replication_sources_look(&sources, NOW);
	ck_assert(replication_sources_any(&sources));
	silence(&sources, NOW);
	note(&sources, IPPROTO_UDP, "10.77.0.100", "10.78.0.254"); /* words of it are late */
	replication_sources_look(&sources, NOW + 1);
	ck_assert(replication_sources_any(&sources));
	for (unsigned i = 0; i < 3; i++) {
		note(&sources, IPPROTO_UDP, "10.77.0.100", "10.78.0.254");
		count(&sources, IPPROTO_UDP, "10.77.0.100");
	}
	replication_sources_look(&sources, NOW + US_PER_S);
	ck_assert(replication_sources_any(&sources));
	note(&sources, IPPROTO_UDP, "10.77.0.100", "10.78.0.254");
	replication_sources_look(&sources, NOW + 2 * US_PER_S);
	ck_assert(!replication_sources_any(&sources));
	replication_sources_done(&sources);
}
END_TEST

/* What is known of the flow: nothing, or its state and server; when connection tracking told it;
 * and what IPVS says. */
static const struct row {
	bool known;
	enum model_flow_state state;
	uint32_t told_s;
	enum model_flow_state word;
	const char *server; /* NULL: the same */
	bool foreseen;
	enum replication_word judged;
} rows[] = {
	/* nothing is known: it is a silent one */
	{false, 0, 0, MODEL_FLOW_ESTABLISHED, NULL, true, REPLICATION_WORD_FORESEEN},
	{false, 0, 0, MODEL_FLOW_OPENING, NULL, true, REPLICATION_WORD_FORESEEN},
	{false, 0, 0, MODEL_FLOW_ESTABLISHED, NULL, false, REPLICATION_WORD_IGNORED},
	/* its end may have been told, with whatever port it had */
	{false, 0, 0, MODEL_FLOW_CLOSING, NULL, true, REPLICATION_WORD_IGNORED},
	/* what was told or believed before stays so */
	{true, MODEL_FLOW_ESTABLISHED, 0, MODEL_FLOW_ESTABLISHED, NULL, true,
         REPLICATION_WORD_KEEPS},
	{true, MODEL_FLOW_ESTABLISHED, 1000, MODEL_FLOW_ESTABLISHED, NULL, true,
         REPLICATION_WORD_KEEPS},
	{true, MODEL_FLOW_ESTABLISHED, 0, MODEL_FLOW_CLOSING, NULL, true, REPLICATION_WORD_KEEPS},
	{true, MODEL_FLOW_ESTABLISHED, 1000, MODEL_FLOW_CLOSING, NULL, false,
         REPLICATION_WORD_KEEPS},
	{true, MODEL_FLOW_CLOSING, 0, MODEL_FLOW_CLOSING, NULL, true, REPLICATION_WORD_KEEPS},
	{true, MODEL_FLOW_OPENING, 0, MODEL_FLOW_ESTABLISHED, NULL, true, REPLICATION_WORD_KEEPS},
	/* it ended, and another one with the same ports began */
	{true, MODEL_FLOW_CLOSING, 0, MODEL_FLOW_ESTABLISHED, NULL, true,
         REPLICATION_WORD_FORESEEN},
	{true, MODEL_FLOW_CLOSING, 0, MODEL_FLOW_ESTABLISHED, NULL, false,
         REPLICATION_WORD_IGNORED},
	{true, MODEL_FLOW_CLOSING, 997, MODEL_FLOW_ESTABLISHED, NULL, true,
         REPLICATION_WORD_FORESEEN},
	{true, MODEL_FLOW_ESTABLISHED, 0, MODEL_FLOW_ESTABLISHED, "10.78.0.22", true,
         REPLICATION_WORD_FORESEEN},
	/* connection tracking told of that other one, with a port of its own: the word is older */
	{true, MODEL_FLOW_CLOSING, 999, MODEL_FLOW_ESTABLISHED, NULL, true,
         REPLICATION_WORD_IGNORED},
	{true, MODEL_FLOW_CLOSING, 998, MODEL_FLOW_ESTABLISHED, NULL, true,
         REPLICATION_WORD_IGNORED},
	{true, MODEL_FLOW_ESTABLISHED, 1000, MODEL_FLOW_ESTABLISHED, "10.78.0.22", true,
         REPLICATION_WORD_IGNORED},
	{true, MODEL_FLOW_ESTABLISHED, 0, MODEL_FLOW_CLOSING, "10.78.0.22", true,
         REPLICATION_WORD_IGNORED},
};

START_TEST(words_are_judged_by_what_connection_tracking_told)
{
	const struct row *row = &rows[_i];
	struct model_flow_entry entry = {.flow = flow(IPPROTO_TCP, "10.77.0.100", "10.78.0.254")};
	struct model_flow word = flow(IPPROTO_TCP, "10.77.0.100", NULL);

	entry.flow.state = row->state;
	word.state = row->word;
	if (row->server)
		word.server = address(row->server);
	ck_assert_str_eq(replication_word_name(replication_word_judge(row->known ? &entry : NULL,
	                                                              row->told_s, &word,
	                                                              row->foreseen, 1000)),
	                 replication_word_name(row->judged));
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("daemon/replication_sources", &tests);

	tcase_add_test(tests, the_first_source_of_an_address_and_protocol_is_the_one);
	tcase_add_test(tests, words_are_foreseen_from_the_silence_to_the_last_of_them);
	tcase_add_test(tests, flows_that_keep_their_address_teach_nothing);
	tcase_add_test(tests, no_more_are_learned_than_there_is_room_for);
	tcase_add_test(tests, a_source_that_few_get_is_given_up_and_believed_for_words_under_way);
	tcase_add_test(tests, a_source_is_given_up_where_most_ports_are_changed);
	tcase_add_loop_test(tests, words_are_judged_by_what_connection_tracking_told, 0,
	                    LT_ARRAY_SIZE(rows));
	return unit_run(suite);
}
