/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/fuzz/fuzz_import.h - the laws of both importers. */

#ifndef LINTEL_TESTS_FUZZ_FUZZ_IMPORT_H
#define LINTEL_TESTS_FUZZ_FUZZ_IMPORT_H

#include "files/yaml.h"
#include "import/build.h"
#include "import/convert.h"
#include "model/decode.h"
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void fuzz_check(bool law)
{
	if (!law)
		abort();
}

static inline void fuzz_check_same(const struct tree *a, const struct tree *b)
{
	const struct tree *x = a->child, *y = b->child;

	fuzz_check(a->kind == b->kind && a->count == b->count);
	fuzz_check(!a->text || strcmp(a->text, b->text) == 0);
	for (; x && y; x = x->sibling, y = y->sibling) {
		fuzz_check(!x->key || strcmp(x->key, y->key) == 0);
		fuzz_check_same(x, y);
	}
	fuzz_check(!x && !y);
}

static inline void fuzz_check_yaml(const struct import *import, const struct text *yaml)
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
	files_yaml_read(text_str(yaml), yaml->len, "fuzz.yaml", &trees, documents, &problems);
	fuzz_check_same(import->documents, documents);
	for (const struct tree *d = documents->child; d; d = d->sibling)
		model_decode(d, "fuzz.yaml", &objects, &problems);
	sources[0] = &objects;
	model_snapshot_free(model_snapshot_build(sources, 1, &problems));
	fuzz_check(problems.error_count == 0);
	model_objects_done(&objects);
	model_problems_done(&problems);
	arena_done(&trees);
}

/* Lines without control characters. */
static inline void fuzz_check_report(const struct text *report)
{
	for (size_t i = 0; i < report->len; i++)
		fuzz_check((unsigned char)report->data[i] >= 0x20 || report->data[i] == '\n');
	fuzz_check(report->len == 0 || report->data[report->len - 1] == '\n');
}

static inline bool fuzz_is_spoken_of(const struct import_statement *statement)
{
	for (const struct import_statement *s = statement; s; s = s->parent) {
		if (s->notes)
			return true;
		if (!s->covered)
			return true; /* it counts as not converted */
	}
	return statement->aside;
}

/* Everything that is said and written; the caller frees. */
static inline char *fuzz_import_once(const char *text, size_t size,
                                     void (*convert)(struct import *import, const char *text,
                                                     size_t size))
{
	struct text yaml = {0}, report = {0};
	struct import import;

	import_init(&import);
	convert(&import, text, size);
	import_write(&import, &yaml);
	import_report(&import, IMPORT_TAKEN, &report);
	fuzz_check_yaml(&import, &yaml);
	fuzz_check_report(&report);
	for (size_t i = 0; i < import.count; i++)
		fuzz_check(fuzz_is_spoken_of(import.statements[i]));
	import_done(&import);
	text_add(&yaml, text_str(&report));
	text_done(&report);
	return text_take(&yaml);
}

static inline void fuzz_import(const uint8_t *data, size_t size,
                               void (*convert)(struct import *import, const char *text,
                                               size_t size))
{
	char *first = fuzz_import_once((const char *)data, size, convert);
	char *second = fuzz_import_once((const char *)data, size, convert);

	fuzz_check(strcmp(first, second) == 0);
	free(first);
	free(second);
}

#endif
