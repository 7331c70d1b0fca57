/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/model/judge.h - what is wrong with a text, as lintel would say it. */

#ifndef LINTEL_TESTS_MODEL_JUDGE_H
#define LINTEL_TESTS_MODEL_JUDGE_H

#include "files/yaml.h"
#include "model/decode.h"
#include "model/snapshot.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

/* Decodes 'yaml', said to be of 'source', into 'objects'. */
static inline void judge_decode(const char *yaml, const char *source, struct model_objects *objects,
                                struct model_problems *problems)
{
	struct arena trees;
	struct tree *documents;

	arena_init(&trees);
	documents = tree_new(&trees, TREE_LIST, 0);
	files_yaml_read(yaml, strlen(yaml), source, &trees, documents, problems);
	for (const struct tree *document = documents->child; document; document = document->sibling)
		model_decode(document, source, objects, problems);
	arena_done(&trees);
}

/* As a reader of the API makes trees: without lines. */
static inline void judge_forget_lines(struct tree *node)
{
	node->line = 0;
	node->key_line = 0;
	for (struct tree *child = node->child; child; child = child->sibling)
		judge_forget_lines(child);
}

/* Decodes 'yaml' as objects of the Kubernetes API. */
static inline void judge_decode_api(const char *yaml, struct model_objects *objects,
                                    struct model_problems *problems)
{
	struct arena trees;
	struct tree *documents;

	arena_init(&trees);
	documents = tree_new(&trees, TREE_LIST, 0);
	files_yaml_read(yaml, strlen(yaml), "", &trees, documents, problems);
	judge_forget_lines(documents);
	for (const struct tree *document = documents->child; document; document = document->sibling)
		model_decode(document, MODEL_SOURCE_KUBERNETES, objects, problems);
	arena_done(&trees);
}

/* The problems, a line each, sorted. The caller frees. */
static inline char *judge_lines(struct model_problems *problems)
{
	struct text lines = {0};

	model_problems_sort(problems);
	for (size_t i = 0; i < problems->count; i++)
		model_problem_format(&problems->items[i], &lines);
	return text_take(&lines);
}

/* The problems that decoding 'yaml' as "t.yaml" finds; the caller frees. */
static inline char *judge(const char *yaml)
{
	struct model_objects objects;
	struct model_problems problems;
	char *lines;

	model_objects_init(&objects);
	model_problems_init(&problems);
	judge_decode(yaml, "t.yaml", &objects, &problems);
	lines = judge_lines(&problems);
	model_objects_done(&objects);
	model_problems_done(&problems);
	return lines;
}

/* Fails unless 'text', in its place ('%s') in a document that is right otherwise, has these. */
static inline void judge_row(const char *frame, const char *text, const char *problems)
{
	const char *gap = strstr(frame, "%s");
	struct text whole = {0};
	char *lines;

	text_add_len(&whole, frame, (size_t)(gap - frame));
	text_add(&whole, text);
	text_add(&whole, gap + 2);
	lines = judge(text_str(&whole));
	ck_assert_msg(strcmp(lines, problems) == 0, "%s\nexpected:\n%sfound:\n%s", text_str(&whole),
	              problems, lines);
	free(lines);
	text_done(&whole);
}

#endif
