/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot that takes in other servers, beside one that is made anew of the same. */

#include "model/amend.h"

#include "files/parts.h"
#include "tests/model/judge.h"
#include "tests/model/same_snapshot.h"
#include "tests/unit.h"

#include <stdlib.h>

static struct model_problems problems;

static void setup(void)
{
	model_problems_init(&problems);
}

static void teardown(void)
{
	model_problems_done(&problems);
}

/* A file that is read again and again: documents that stay are the same objects. */
struct file {
	const char *path;
	struct files_parts parts;
	struct model_objects objects;
};

static void file_read(struct file *file, const char *text)
{
	if (file->objects.holders)
		model_objects_done(&file->objects);
	model_objects_init(&file->objects);
	files_parts_read(&file->parts, text, strlen(text), file->path, &file->objects, &problems);
	ck_assert_uint_eq(problems.count, 0);
}

static void file_done(struct file *file)
{
	model_objects_done(&file->objects);
	files_parts_done(&file->parts);
}

static struct model_snapshot *build(const struct file *files, size_t count)
{
	const struct model_objects *sources[4];
	struct model_snapshot *snapshot;

	for (size_t i = 0; i < count; i++)
		sources[i] = &files[i].objects;
	snapshot = model_snapshot_build(sources, count, &problems);
	ck_assert_ptr_nonnull(snapshot);
	return snapshot;
}

/* Of one file: how many virtual servers are others; -1: it can't be taken in. */
static int amend(struct model_snapshot *snapshot, const struct file *file)
{
	const struct model_objects *item = &file->objects;
	struct model_amendment amendment;
	int count;

	if (!model_amendment_find(snapshot, &item, 1, &amendment))
		return -1;
	model_snapshot_amend(snapshot, &amendment);
	count = (int)amendment.changed_count;
	model_amendment_done(&amendment);
	return count;
}

static const char router[] = "apiVersion: lintel.io/v1alpha1\n"
			     "kind: VirtualRouter\n"
			     "metadata: {name: front}\n"
			     "spec:\n"
			     "  virtualRouterId: 51\n"
			     "  interface: eth0\n"
			     "  addresses: [10.77.0.100/24]\n";

static const char web[] = "---\n"
			  "apiVersion: lintel.io/v1alpha1\n"
			  "kind: VirtualServer\n"
			  "metadata: {name: web}\n"
			  "spec:\n"
			  "  virtualRouter: front\n"
			  "  addresses: [10.77.0.200]\n"
			  "  ports: [{port: 80}, {portRange: {start: 2000, end: 2009}}]\n"
			  "  servers: [{address: 10.78.0.1}, {address: 10.78.0.2}]\n";

static const char dns[] = "---\n"
			  "apiVersion: lintel.io/v1alpha1\n"
			  "kind: VirtualServer\n"
			  "metadata: {name: dns}\n"
			  "spec:\n"
			  "  virtualRouter: front\n"
			  "  addresses: [10.77.0.200]\n"
			  "  ports: [{port: 53, protocol: UDP}]\n"
			  "  healthCheck: {type: tcp, port: 53}\n"
			  "  servers: [{address: 10.78.0.1}]\n";

/* Router, web and dns, with 'to' where 'from' stands first, and 'more' after them. */
static char *write_file(const char *from, const char *to, const char *more)
{
	struct text text = {0};
	const char *at;
	char *all;

	text_printf(&text, "%s%s%s%s", router, web, dns, more);
	all = text_take(&text);
	at = strstr(all, from);
	ck_assert_msg(at, "%s", from);
	text_printf(&text, "%.*s%s%s", (int)(at - all), all, to, at + strlen(from));
	free(all);
	return text_take(&text);
}

START_TEST(what_is_other_servers_is_taken_in_and_nothing_else)
{
	static const struct {
		const char *from, *to, *more;
		int changed; /* -1: it can't be taken in */
	} rows[] = {
		{"10.78.0.2}", "10.78.0.3}", "", 1},
		{"10.78.0.2}", "10.78.0.2, weight: 5}", "", 1},
		{"10.78.0.2}", "10.78.0.2, upperThreshold: 100}", "", 1},
		{"10.78.0.2}]", "10.78.0.2}, {address: 10.78.0.9}]", "", 1},
		{", {address: 10.78.0.2}]", "]", "", 1},
		/* a router that is read again is another one */
		{"spec:\n  virtualRouterId", "spec: # us\n  virtualRouterId", "", -1},
		{"name: web}", "name: web2}", "", -1},
		{"[10.77.0.200]", "[10.77.0.201]", "", -1},
		{"port: 80}", "port: 81}", "", -1},
		{"port: 80}", "port: 80, scheduler: lc}", "", -1},
		{"port: 80}", "port: 80, targetPort: 8080}", "", -1},
		{"  servers: [{address: 10.78.0.1}, ",
	         "  drainTimeout: 3s\n  servers: [{address: 10.78.0.1}, ", "", -1},
		/* a range goes elsewhere: nftables has to know */
		{"{address: 10.78.0.1}, {address: 10.78.0.2}", "{address: 10.78.0.1, port: 3000}",
	         "", -1},
		/* who is checked, or becomes it */
		{"53}\n  servers: [{address: 10.78.0.1}]", "53}\n  servers: [{address: 10.78.0.2}]",
	         "", -1},
		{"10.78.0.2}", "10.78.0.2, healthCheck: {type: tcp}}", "", -1},
		{"virtualRouterId: 51", "virtualRouterId: 52", "", -1},
		{"web", "web",
	         "---\napiVersion: lintel.io/v1alpha1\nkind: AddressPool\n"
	         "metadata: {name: p}\nspec: {virtualRouter: front, addresses: [10.77.0.8/30]}\n",
	         -1},
	};
	struct file file = {.path = "all.yaml"};
	struct model_snapshot *snapshot, *whole;
	const struct model_virtual_server *checked;
	char *text = write_file("web", "web", "");
	int changed;

	file_read(&file, text);
	free(text);
	snapshot = build(&file, 1);
	checked = snapshot->virtual_servers[0];
	ck_assert_str_eq(checked->name, "dns");
	text = write_file(rows[_i].from, rows[_i].to, rows[_i].more);
	file_read(&file, text);
	free(text);
	changed = amend(snapshot, &file);
	ck_assert_int_eq(changed, rows[_i].changed);
	if (changed >= 0) {
		whole = build(&file, 1);
		same_snapshot(snapshot, whole);
		model_snapshot_free(whole);
		ck_assert_ptr_eq(snapshot->virtual_servers[0], checked);
	}
	model_snapshot_free(snapshot);
	file_done(&file);
}
END_TEST

START_TEST(a_range_that_goes_where_it_went_may_have_other_servers)
{
	struct file file = {.path = "all.yaml"};
	struct model_snapshot *snapshot;
	char *text = write_file("10.78.0.1}, {address: 10.78.0.2}", "10.78.0.1, port: 3000}", "");

	file_read(&file, text);
	free(text);
	snapshot = build(&file, 1);
	text = write_file("10.78.0.1}, {address: 10.78.0.2}", "10.78.0.7, port: 3000}", "");
	file_read(&file, text);
	free(text);
	ck_assert_int_eq(amend(snapshot, &file), 1);
	model_snapshot_free(snapshot);
	file_done(&file);
}
END_TEST

#define FILES  3
#define ROUNDS 200

static uint32_t next_random(uint32_t *seed)
{
	return *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223), *seed >> 8;
}

/* Some virtual servers of a file, always the same ones, on addresses shared with others. */
static char *write_servers(unsigned file, uint32_t *seed)
{
	struct text text = {0};

	for (unsigned i = 0; i < 5; i++) {
		bool other = next_random(seed) % 3 == 0;

		text_printf(&text,
		            "---\napiVersion: lintel.io/v1alpha1\nkind: VirtualServer\n"
		            "metadata: {name: v%u-%u}\n"
		            "spec:\n  virtualRouter: front\n"
		            "  addresses: [10.77.0.%u, 10.77.0.210]\n"
		            "  ports: [{port: %u}]\n"
		            "  servers: [{address: 10.78.0.1, weight: %u}%s]\n",
		            file, i * 7 % 5, 200 + i, 100 * file + i + 1,
		            other ? next_random(seed) % 100 : 1,
		            next_random(seed) % 9 == 0 ? ",\n    {address: 10.78.0.2}" : "");
	}
	return text_take(&text);
}

START_TEST(what_was_amended_many_times_is_as_if_made_anew)
{
	struct file files[FILES + 1] = {{.path = "0"}, {.path = "1"}, {.path = "2"}, {.path = "3"}};
	struct model_snapshot *snapshot, *again;
	uint32_t seed = 1;
	char *text;
	int taken_in = 0;

	file_read(&files[0], router);
	for (unsigned i = 1; i <= FILES; i++) {
		text = write_servers(i, &seed);
		file_read(&files[i], text);
		free(text);
	}
	snapshot = build(files, FILES + 1);
	for (int round = 0; round < ROUNDS; round++) {
		unsigned i = 1 + next_random(&seed) % FILES;
		const struct model_objects *sources[FILES + 1];

		text = write_servers(i, &seed);
		file_read(&files[i], text);
		free(text);
		taken_in += amend(snapshot, &files[i]);
		again = build(files, FILES + 1);
		same_snapshot(snapshot, again);
		model_snapshot_free(again);
		/* and what is made of it by difference, too */
		for (unsigned f = 0; f <= FILES; f++)
			sources[f] = &files[f].objects;
		again = model_snapshot_rebuild(snapshot, sources, FILES, &problems);
		ck_assert_ptr_nonnull(again);
		model_snapshot_free(again);
	}
	ck_assert_int_gt(taken_in, ROUNDS);
	model_snapshot_free(snapshot);
	for (unsigned i = 0; i <= FILES; i++)
		file_done(&files[i]);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_amend", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_loop_test(tests, what_is_other_servers_is_taken_in_and_nothing_else, 0, 17);
	tcase_add_test(tests, a_range_that_goes_where_it_went_may_have_other_servers);
	tcase_add_test(tests, what_was_amended_many_times_is_as_if_made_anew);
	return unit_run(suite);
}
