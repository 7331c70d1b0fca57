/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/import/run.h - an import and what it says, for tests. */

#ifndef LINTEL_TESTS_IMPORT_RUN_H
#define LINTEL_TESTS_IMPORT_RUN_H

#include "import/build.h"
#include "import/convert.h"
#include "tests/model/judge.h"
#include "tests/unit.h"

#include <string.h>

/* Includes of files that are not there. */
static inline void run_include_nothing(void *ctx, const char *from, const char *pattern,
                                       const struct import_found *found)
{
	(void)ctx;
	(void)from;
	(void)pattern;
	(void)found;
}

static const struct import_reader run_no_files = {.include = run_include_nothing};

/* Same kind, text, keys and order. */
static inline void run_same_tree(const struct tree *a, const struct tree *b)
{
	const struct tree *x = a->child, *y = b->child;

	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->count, b->count);
	if (a->text)
		ck_assert_str_eq(a->text, b->text);
	for (; x && y; x = x->sibling, y = y->sibling) {
		if (x->key)
			ck_assert_str_eq(x->key, y->key);
		run_same_tree(x, y);
	}
	ck_assert(!x && !y);
}

/* What was written is read as what was meant, and our own checks find no error in it. */
static inline void run_round_trip(const struct import *import, const char *yaml)
{
	const struct model_objects *sources[1];
	struct model_problems problems;
	struct model_objects objects;
	struct tree *documents;
	struct arena trees;

	arena_init(&trees);
	model_problems_init(&problems);
	model_objects_init(&objects);
	documents = tree_new(&trees, TREE_LIST, 0);
	files_yaml_read(yaml, strlen(yaml), "t.yaml", &trees, documents, &problems);
	run_same_tree(import->documents, documents);
	for (const struct tree *d = documents->child; d; d = d->sibling)
		model_decode(d, "t.yaml", &objects, &problems);
	sources[0] = &objects;
	model_snapshot_free(model_snapshot_build(sources, 1, &problems));
	ck_assert_uint_eq(problems.error_count, 0);
	model_objects_done(&objects);
	model_problems_done(&problems);
	arena_done(&trees);
}

/* What became of the text; the caller frees both. */
static inline void run_keepalived(const char *text, const struct import_options *options,
                                  char **ret_yaml, char **ret_report)
{
	struct text yaml = {0}, report = {0};
	struct import import;

	import_init(&import);
	import_keepalived(&import, "t.conf", text, strlen(text), options, &run_no_files);
	import_write(&import, &yaml);
	import_report(&import, IMPORT_TAKEN, &report);
	run_round_trip(&import, text_str(&yaml));
	import_done(&import);
	*ret_yaml = text_take(&yaml);
	*ret_report = text_take(&report);
}

#endif
