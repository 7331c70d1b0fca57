/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What k8s/json_read makes of any bytes: what is left out of an object is not there and all else
 * is, and what is written of it is read as the same. */
#include "k8s/json_read.h"
#include "k8s/json_tree.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool law)
{
	if (!law)
		abort();
}

/* What is left out is not there, and all else is as it was. */
static void compare_sparing(const struct tree *sparing, const struct tree *whole)
{
	const struct tree *from = whole->child;

	must(sparing->kind == whole->kind);
	for (const struct tree *at = sparing->child; at; at = at->sibling, from = from->sibling) {
		while (at->key && strcmp(at->key, from->key) != 0)
			from = from->sibling;
		compare_sparing(at, from);
	}
}

/* What is written is read as the same. */
static void write_again(const struct tree *node, struct arena *arena)
{
	struct text first = {0}, second = {0};
	const struct tree *again;

	k8s_json_tree_write(node, &first);
	again = k8s_json_read(text_str(&first), first.len, arena);
	must(again);
	k8s_json_tree_write(again, &second);
	must(strcmp(text_str(&first), text_str(&second)) == 0);
	text_done(&first);
	text_done(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const struct tree *node, *sparing;
	struct arena arena;

	arena_init(&arena);
	node = k8s_json_read(text, size, &arena);
	sparing = k8s_json_read_object(text, size, &arena);
	must((node != NULL) == (sparing != NULL));
	if (node) {
		compare_sparing(sparing, node);
		write_again(node, &arena);
	}
	arena_done(&arena);
	return 0;
}
