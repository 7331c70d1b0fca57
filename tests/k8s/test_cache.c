/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The file that the store is kept in. */
#include "k8s/cache.h"

#include "lib/crc32.h"
#include "tests/k8s/cluster.h"
#include "tests/unit.h"

#include <stdlib.h>
#include <string.h>

static struct k8s_store *store;

static void set_up(void)
{
	store = k8s_store_new();
}

static void tear_down(void)
{
	k8s_store_free(store);
}

/* Each piece is written and forgotten. */
static char *written_in_pieces(size_t step)
{
	struct k8s_cache_writer *writer =
		k8s_cache_writer_new(store, NULL, "cluster-1", "lintel.io/a");
	struct text all = {0};
	bool whole;

	do {
		whole = k8s_cache_writer_step(writer, step);
		text_add(&all, text_str(k8s_cache_writer_text(writer)));
		k8s_cache_writer_forget(writer);
	} while (!whole);
	k8s_cache_writer_free(writer);
	return text_take(&all);
}

static enum k8s_cache_verdict read_it(const char *data, size_t size, const char *cluster,
                                      const char *class, size_t *ret_nodes)
{
	struct k8s_store *other = k8s_store_new();
	enum k8s_cache_verdict verdict = k8s_cache_read(data, size, cluster, class, other, NULL);

	*ret_nodes = k8s_store_count(other, K8S_NODE);
	k8s_store_free(other);
	return verdict;
}

START_TEST(a_file_is_the_same_in_whatever_pieces_it_is_written)
{
	char *at_once, *pieces;

	for (int i = 0; i < 5; i++)
		cluster_put(store, K8S_NODE, "{'metadata': {'name': 'm%d'}}", i);
	at_once = written_in_pieces(100);
	for (size_t step = 1; step < 7; step++) {
		pieces = written_in_pieces(step);
		ck_assert_str_eq(pieces, at_once);
		free(pieces);
	}
	free(at_once);
}
END_TEST

/* All of them that a node's name is, in order. */
static char *nodes_of(const char *file)
{
	struct k8s_store *other = k8s_store_new();
	struct text names = {0};

	ck_assert_int_eq(
		k8s_cache_read(file, strlen(file), "cluster-1", "lintel.io/a", other, NULL),
		K8S_CACHE_OK);
	for (size_t i = 0; i < k8s_store_count(other, K8S_NODE); i++)
		text_add(&names, k8s_store_at(other, K8S_NODE, i)->meta.name);
	k8s_store_free(other);
	return text_take(&names);
}

static void put_node(const char *name)
{
	cluster_put(store, K8S_NODE, "{'metadata':{'name':'%s'}}", name);
}

START_TEST(what_changes_while_a_file_is_written_is_in_it_or_not_and_nothing_else_is_missed)
{
	struct k8s_cache_writer *writer =
		k8s_cache_writer_new(store, NULL, "cluster-1", "lintel.io/a");
	char *names;

	for (const char *name = "cegik"; *name; name++)
		put_node((const char[]){*name, '\0'});
	ck_assert(!k8s_cache_writer_step(writer, 2)); /* c and e */
	put_node("a");
	put_node("f");
	ck_assert(k8s_store_remove(store, K8S_NODE, "", "c"));
	ck_assert(k8s_store_remove(store, K8S_NODE, "", "e"));
	ck_assert(k8s_store_remove(store, K8S_NODE, "", "g"));
	ck_assert(!k8s_cache_writer_step(writer, 1)); /* f */
	cluster_put(store, K8S_NODE, "{'metadata':{'name':'f','labels':{'x':'y'}}}");
	put_node("e");
	ck_assert(!k8s_cache_writer_step(writer, 1)); /* i */
	put_node("j");
	ck_assert(k8s_store_remove(store, K8S_NODE, "", "k"));
	while (!k8s_cache_writer_step(writer, 1))
		;
	names = nodes_of(text_str(k8s_cache_writer_text(writer)));
	ck_assert_str_eq(names, "cefij");
	free(names);
	k8s_cache_writer_free(writer);
}
END_TEST

static void put_slice(const char *name, const char *endpoints)
{
	cluster_put(store, K8S_SLICE,
	            "{'metadata':{'namespace':'d','name':'%s','labels':"
	            "{'kubernetes.io/service-name':'s'}},'addressType':'IPv4','endpoints':[%s]}",
	            name, endpoints);
}

/* How many endpoints the Service has in the file. */
static size_t endpoints_of(const char *file)
{
	struct k8s_store *other = k8s_store_new();
	const struct k8s_object *const *slices;
	size_t slice_count, count = 0;

	ck_assert_int_eq(k8s_cache_read(file, strlen(file), NULL, "lintel.io/a", other, NULL),
	                 K8S_CACHE_OK);
	slices = k8s_store_slices(other, "d", "s", &slice_count);
	for (size_t i = 0; i < slice_count; i++)
		count += slices[i]->slice.endpoint_count;
	k8s_store_free(other);
	return count;
}

START_TEST(an_endpoint_that_goes_to_another_slice_meanwhile_is_in_the_file)
{
	for (size_t when = 0; when < 10; when++) {
		struct k8s_cache_writer *writer =
			k8s_cache_writer_new(store, NULL, "cluster-1", "lintel.io/a");
		size_t steps = 0;

		put_slice("a", "");
		put_slice("b", "{'addresses':['10.0.0.1']}");
		put_slice("c", "");
		do {
			if (steps == when) {
				put_slice("a", "{'addresses':['10.0.0.1']}");
				put_slice("b", "");
			}
			steps++;
		} while (!k8s_cache_writer_step(writer, 1));
		ck_assert_uint_eq(endpoints_of(text_str(k8s_cache_writer_text(writer))), 1);
		k8s_cache_writer_free(writer);
	}
}
END_TEST

/* --- whatever changes meanwhile --- */

/* Names that stand in another order than one thinks, of kinds with and without a namespace. */
static const struct {
	enum k8s_kind kind;
	const char *namespace;
} homes[] = {
	{K8S_NODE, ""},   {K8S_SERVICE, "a"}, {K8S_SERVICE, "a-b"},
	{K8S_SLICE, "a"}, {K8S_SLICE, "b"},
};
#define NAMES 6
static const char *const names[NAMES] = {"a", "a-b", "a.b", "b", "b0", "c"};

/* What is known of one object since the writer began. */
struct story {
	unsigned version; /* 0: it is not there */
	unsigned oldest;  /* of those that it had */
	bool stayed;
};
static struct story stories[LT_ARRAY_SIZE(homes)][NAMES];
static unsigned last_version;
static uint64_t random_state;

static unsigned below(unsigned bound)
{
	random_state = random_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (unsigned)(random_state >> 33) % bound;
}

static void put_version(size_t home, size_t name, unsigned said)
{
	struct story *story = &stories[home][name];

	cluster_put(store, homes[home].kind,
	            "{'metadata': {'namespace': '%s', 'name': '%s', 'uid': '%u', 'labels': "
	            "{'kubernetes.io/service-name': 's%u'}}}",
	            homes[home].namespace, names[name], said, (unsigned)name % 3);
	story->version = said;
	story->oldest = story->oldest > 0 ? story->oldest : said;
}

static void list_again(size_t home)
{
	enum k8s_kind kind = homes[home].kind;

	k8s_store_mark(store, kind);
	for (size_t i = 0; i < LT_ARRAY_SIZE(homes); i++) {
		for (size_t name = 0; homes[i].kind == kind && name < NAMES; name++) {
			struct story *story = &stories[i][name];

			if (story->version > 0 && below(4) > 0) {
				put_version(i, name, story->version);
			} else {
				story->version = 0;
				story->stayed = false;
			}
		}
	}
	k8s_store_sweep(store, kind);
}

static void change_something(void)
{
	size_t home = below(LT_ARRAY_SIZE(homes)), name = below(NAMES);
	struct story *story = &stories[home][name];

	if (below(10) == 0) {
		list_again(home);
	} else if (below(3) > 0) {
		put_version(home, name, ++last_version);
	} else if (story->version > 0) {
		ck_assert(k8s_store_remove(store, homes[home].kind, homes[home].namespace,
		                           names[name]));
		story->version = 0;
		story->stayed = false;
	}
}

/* What was there all the time is in it, in a version that it had; what never was is not. How many.
 */
static size_t check_stories(const struct k8s_store *read)
{
	size_t count = 0;

	for (size_t home = 0; home < LT_ARRAY_SIZE(homes); home++) {
		for (size_t name = 0; name < NAMES; name++) {
			const struct story *story = &stories[home][name];
			const struct k8s_object *object = k8s_store_get(
				read, homes[home].kind, homes[home].namespace, names[name]);
			unsigned said = object ? (unsigned)atoi(object->meta.uid) : 0;

			count += object != NULL;
			ck_assert(object || !story->stayed);
			ck_assert(!object || (story->oldest > 0 && said >= story->oldest));
		}
	}
	return count;
}

START_TEST(what_stays_is_in_a_file_once_however_the_store_changes_meanwhile)
{
	struct k8s_cache_writer *writer;
	struct k8s_store *read = k8s_store_new();
	const struct text *text;
	size_t lines = 0;

	random_state = (uint64_t)_i;
	memset(stories, 0, sizeof(stories));
	for (unsigned i = below(60); i > 0; i--)
		change_something();
	for (size_t i = 0; i < LT_ARRAY_SIZE(homes) * NAMES; i++) {
		struct story *story = &stories[i / NAMES][i % NAMES];

		story->stayed = story->version > 0;
		story->oldest = story->version;
	}
	writer = k8s_cache_writer_new(store, NULL, "cluster-1", "lintel.io/a");
	while (!k8s_cache_writer_step(writer, below(4))) {
		for (unsigned i = below(6); i > 0; i--)
			change_something();
	}
	text = k8s_cache_writer_text(writer);
	for (const char *s = text_str(text); *s; s++)
		lines += *s == '\n';
	ck_assert_int_eq(k8s_cache_read(text_str(text), text->len, NULL, "lintel.io/a", read, NULL),
	                 K8S_CACHE_OK);
	ck_assert_uint_eq(check_stories(read) + 2, lines);
	k8s_cache_writer_free(writer);
	k8s_store_free(read);
}
END_TEST

/* --- a file that is there --- */

START_TEST(what_is_written_is_read_and_what_is_damaged_is_refused)
{
	size_t nodes, len;
	char *text;

	cluster_put_nodes(store, 3);
	cluster_put_infra(store, "['10.0.0.1']");
	text = written_in_pieces(1);
	len = strlen(text);
	ck_assert_int_eq(read_it(text, len, "cluster-1", "lintel.io/a", &nodes), K8S_CACHE_OK);
	ck_assert_uint_eq(nodes, 3);
	ck_assert_int_eq(read_it(text, len, NULL, "lintel.io/a", &nodes), K8S_CACHE_OK);
	ck_assert_int_eq(read_it(text, len, "cluster-2", "lintel.io/a", &nodes), K8S_CACHE_CLUSTER);
	ck_assert_int_eq(read_it(text, len, "cluster-1", "lintel.io/b", &nodes), K8S_CACHE_CLUSTER);
	for (size_t i = 0; i < len; i++) {
		ck_assert_int_ne(read_it(text, i, NULL, "lintel.io/a", &nodes), K8S_CACHE_OK);
		ck_assert_uint_eq(nodes, 0);
		text[i] ^= 1;
		ck_assert_int_ne(read_it(text, len, "cluster-1", "lintel.io/a", &nodes),
		                 K8S_CACHE_OK);
		text[i] ^= 1;
	}
	free(text);
}
END_TEST

static const struct {
	const char *text;
	enum k8s_cache_verdict verdict;
} files[] = {
	{"", K8S_CACHE_FOREIGN},
	{"#!/bin/sh\n", K8S_CACHE_FOREIGN},
	{"lintel ipvs journal 1\n", K8S_CACHE_FOREIGN},
	{"lintel kubernetes state 2 x c\n", K8S_CACHE_VERSION},
	{"lintel kubernetes state 1 x d\n", K8S_CACHE_CLUSTER},
	{"lintel kubernetes state 1 x c\n", K8S_CACHE_DAMAGED},
	{"lintel kubernetes state 1 x c\n{}\nend 1 crc32 3e4a5e6a\n", K8S_CACHE_DAMAGED},
};

START_TEST(what_is_no_state_is_refused_with_its_reason)
{
	size_t nodes;

	ck_assert_int_eq(read_it(files[_i].text, strlen(files[_i].text), NULL, "c", &nodes),
	                 files[_i].verdict);
	ck_assert_uint_gt(strlen(k8s_cache_verdict_text(files[_i].verdict)), 5);
}
END_TEST

START_TEST(the_checksum_is_that_of_zlib)
{
	ck_assert_uint_eq(crc32_add(0, "123456789", 9), 0xcbf43926);
	ck_assert_uint_eq(crc32_add(crc32_add(0, "1234", 4), "56789", 5), 0xcbf43926);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("k8s_cache", &tests);

	tcase_add_checked_fixture(tests, set_up, tear_down);
	tcase_add_test(tests, a_file_is_the_same_in_whatever_pieces_it_is_written);
	tcase_add_test(
		tests,
		what_changes_while_a_file_is_written_is_in_it_or_not_and_nothing_else_is_missed);
	tcase_add_test(tests, an_endpoint_that_goes_to_another_slice_meanwhile_is_in_the_file);
	tcase_add_loop_test(tests, what_stays_is_in_a_file_once_however_the_store_changes_meanwhile,
	                    0, 50);
	tcase_add_test(tests, what_is_written_is_read_and_what_is_damaged_is_refused);
	tcase_add_loop_test(tests, what_is_no_state_is_refused_with_its_reason, 0,
	                    (int)LT_ARRAY_SIZE(files));
	tcase_add_test(tests, the_checksum_is_that_of_zlib);
	return unit_run(suite);
}
