/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A snapshot that takes over what the one before has put in order, beside one that does not. */

#include "model/snapshot_join.h"

#include "tests/model/judge.h"
#include "tests/model/same_snapshot.h"
#include "tests/unit.h"

#include <stdio.h>

static struct model_problems problems;

static void setup(void)
{
	model_problems_init(&problems);
}

static void teardown(void)
{
	model_problems_done(&problems);
}

static const char network[] = "apiVersion: lintel.io/v1alpha1\n"
			      "kind: VirtualRouter\n"
			      "metadata: {name: front}\n"
			      "spec:\n"
			      "  virtualRouterId: 51\n"
			      "  interface: eth0\n"
			      "  addresses: [10.77.0.100/24, 2001:db8::100/64]\n"
			      "---\n"
			      "apiVersion: lintel.io/v1alpha1\n"
			      "kind: AddressPool\n"
			      "metadata: {name: public}\n"
			      "spec: {virtualRouter: front, addresses: [10.77.0.240/29]}\n";

static const char web[] = "apiVersion: lintel.io/v1alpha1\n"
			  "kind: VirtualServer\n"
			  "metadata: {name: web}\n"
			  "spec:\n"
			  "  virtualRouter: front\n"
			  "  addresses: [10.77.0.200]\n"
			  "  ports: [{port: 22}]\n"
			  "  servers: [{address: 10.78.0.1}]\n";

#define PARTS  9
#define ROUNDS 300

static uint32_t next_random(uint32_t *seed)
{
	return *seed = *seed * UINT32_C(1664525) + UINT32_C(1013904223), *seed >> 8;
}

/* What a source says by chance: up to three virtual servers whose names and places are its own;
 * addresses are shared with others. Now and then a router that nobody needs. */
static void write_part(unsigned part, uint32_t *seed, struct text *out)
{
	unsigned count = next_random(seed) % 4;

	if (next_random(seed) % 8 == 0)
		text_printf(out,
		            "---\napiVersion: lintel.io/v1alpha1\nkind: VirtualRouter\n"
		            "metadata: {name: r%u}\n"
		            "spec: {virtualRouterId: %u, interface: eth9}\n",
		            part, part + 1);
	for (unsigned i = 0; i < count; i++) {
		unsigned port = 1000 * part + 100 * i;

		text_printf(out,
		            "---\napiVersion: lintel.io/v1alpha1\nkind: VirtualServer\n"
		            "metadata: {name: v%u-%u}\n"
		            "spec:\n  virtualRouter: front\n"
		            "  addresses: [10.77.0.%u, '2001:db8::%u']\n"
		            "  ports: [{port: %u}, {portRange: {start: %u, end: %u}}]\n"
		            "  servers: [{address: 10.78.0.1, weight: %u}]\n",
		            part, i * 7 % 10, 200 + next_random(seed) % 4,
		            200 + next_random(seed) % 4, port + 1 + next_random(seed) % 3,
		            port + 10, port + 11 + next_random(seed) % 20, next_random(seed) % 100);
	}
}

static void read_part(struct model_objects *objects, unsigned part, uint32_t *seed)
{
	struct text text = {0};
	char name[16];

	snprintf(name, sizeof(name), "%u.yaml", part);
	model_objects_init(objects);
	write_part(part, seed, &text);
	judge_decode(text_str(&text), arena_strdup(&objects->arena, name), objects, &problems);
	text_done(&text);
}

/* Some sources become others, some come, some go. */
static void change_parts(struct model_objects *parts, bool *there, uint32_t *seed)
{
	for (unsigned times = next_random(seed) % 3; times-- > 0;) {
		unsigned part = next_random(seed) % PARTS;

		if (there[part])
			model_objects_done(&parts[part]);
		there[part] = next_random(seed) % 5 != 0;
		if (there[part])
			read_part(&parts[part], part, seed);
	}
}

START_TEST(what_is_taken_over_from_the_one_before_makes_no_difference)
{
	struct model_objects infrastructure, parts[PARTS];
	struct model_snapshot *before = NULL;
	bool there[PARTS] = {false};
	uint32_t seed = 1;

	model_objects_init(&infrastructure);
	judge_decode(network, "network.yaml", &infrastructure, &problems);
	for (int round = 0; round < ROUNDS; round++) {
		const struct model_objects *sources[PARTS + 1] = {&infrastructure};
		struct model_snapshot *whole, *again;
		size_t count = 1;

		change_parts(parts, there, &seed);
		for (unsigned i = 0; i < PARTS; i++) {
			if (there[i])
				sources[count++] = &parts[i];
		}
		whole = model_snapshot_build(sources, count, &problems);
		again = model_snapshot_rebuild(before, sources, count, &problems);
		ck_assert_uint_eq(problems.error_count, 0);
		same_snapshot(whole, again);
		model_snapshot_free(whole);
		model_snapshot_free(before);
		before = again;
	}
	model_snapshot_free(before);
	for (unsigned i = 0; i < PARTS; i++) {
		if (there[i])
			model_objects_done(&parts[i]);
	}
	model_objects_done(&infrastructure);
}
END_TEST

START_TEST(what_is_wrong_is_told_whatever_was_there_before)
{
	static const char clash[] = "apiVersion: lintel.io/v1alpha1\n"
				    "kind: VirtualServer\n"
				    "metadata: {name: other}\n"
				    "spec:\n"
				    "  virtualRouter: front\n"
				    "  addresses: [10.77.0.200]\n"
				    "  ports: [{port: 22}]\n"
				    "  servers: [{address: 10.78.0.1}]\n";
	struct model_objects objects[3];
	const struct model_objects *sources[3] = {&objects[0], &objects[1], &objects[2]};
	struct model_snapshot *before;
	char *lines;

	for (size_t i = 0; i < 3; i++)
		model_objects_init(&objects[i]);
	judge_decode(network, "a.yaml", &objects[0], &problems);
	judge_decode(web, "b.yaml", &objects[1], &problems);
	judge_decode(clash, "c.yaml", &objects[2], &problems);
	before = model_snapshot_build(sources, 2, &problems);
	ck_assert_ptr_nonnull(before);
	ck_assert_ptr_null(model_snapshot_rebuild(before, sources, 3, &problems));
	lines = judge_lines(&problems);
	ck_assert_str_eq(lines, "c.yaml:7: VirtualServer default/other: spec.ports[0]: TCP port 22 "
	                        "on 10.77.0.200 is taken by VirtualServer default/web "
	                        "(b.yaml:1)\n");
	free(lines);
	model_snapshot_free(before);
	for (size_t i = 0; i < 3; i++)
		model_objects_done(&objects[i]);
}
END_TEST

int main(void)
{
	TCase *tests;
	Suite *suite = unit_suite("model_snapshot_join", &tests);

	tcase_add_checked_fixture(tests, setup, teardown);
	tcase_add_test(tests, what_is_taken_over_from_the_one_before_makes_no_difference);
	tcase_add_test(tests, what_is_wrong_is_told_whatever_was_there_before);
	return unit_run(suite);
}
