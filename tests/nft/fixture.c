/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/nft/fixture.h"

#include "files/yaml.h"
#include "model/decode.h"
#include "nft/ruleset.h"

#include <check.h>
#include <string.h>

static void fail_with(const struct model_problems *problems)
{
	struct text text = {0};

	for (size_t i = 0; i < problems->count; i++)
		model_problem_format(&problems->items[i], &text);
	ck_abort_msg("%s", text_str(&text));
}

struct model_objects fixture_objects(const char *yaml)
{
	struct model_problems problems;
	struct model_objects objects;
	struct arena arena;
	struct tree *documents;

	arena_init(&arena);
	model_problems_init(&problems);
	model_objects_init(&objects);
	documents = tree_new(&arena, TREE_LIST, 0);
	files_yaml_read(yaml, strlen(yaml), "test", &arena, documents, &problems);
	for (const struct tree *at = documents->child; at; at = at->sibling) {
		if (at->kind != TREE_NULL)
			model_decode(at, "test", &objects, &problems);
	}
	if (problems.error_count > 0)
		fail_with(&problems);
	model_problems_done(&problems);
	arena_done(&arena);
	return objects;
}

struct model_snapshot *fixture_join(const struct model_objects *const *sources, size_t count)
{
	struct model_problems problems;
	struct model_snapshot *snapshot;

	model_problems_init(&problems);
	snapshot = model_snapshot_build(sources, count, &problems);
	if (!snapshot)
		fail_with(&problems);
	model_problems_done(&problems);
	return snapshot;
}

struct model_snapshot *fixture_snapshot(const char *yaml)
{
	struct model_objects objects = fixture_objects(yaml);
	const struct model_objects *sources[] = {&objects};
	struct model_snapshot *snapshot = fixture_join(sources, 1);

	model_objects_done(&objects);
	return snapshot;
}

struct nft_table *fixture_table(const char *yaml)
{
	struct model_snapshot *snapshot = fixture_snapshot(yaml);
	struct nft_table *table = nft_ruleset_build(snapshot);

	model_snapshot_free(snapshot);
	return table;
}
