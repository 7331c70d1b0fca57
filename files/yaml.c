/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "files/yaml.h"

#include "lib/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

/* A list or map that is being read. */
struct level {
	struct tree *node;
	char *key; /* map: the key that waits for its value; owned */
	unsigned key_line;
};

struct reader {
	yaml_parser_t parser;
	const char *text;
	const char *source;
	unsigned line; /* that the text begins on */
	struct arena *arena;
	struct tree *documents;
	struct model_problems *problems;
	struct level levels[TREE_DEPTH_MAX];
	size_t depth;
	size_t node_count;
	bool stopped; /* by a limit */
};

const char *files_yaml_library_version(void)
{
	return yaml_get_version_string();
}

static void report(struct reader *reader, unsigned line, const char *message)
{
	struct model_origin origin = {.source = reader->source, .line = line};

	model_problem_add(reader->problems, MODEL_ERROR, origin, "", "", "%s", message);
}

static void stop(struct reader *reader, unsigned line, const char *message)
{
	report(reader, line, message);
	reader->stopped = true;
}

static unsigned line_of(const struct reader *reader, yaml_mark_t mark)
{
	return (unsigned)mark.line + reader->line;
}

/* Encoding errors have an offset in bytes and no line. */
static unsigned line_at(const struct reader *reader, size_t offset)
{
	unsigned line = reader->line;

	for (size_t i = 0; i < offset && reader->text[i]; i++)
		line += reader->text[i] == '\n';
	return line;
}

static void report_syntax(struct reader *reader)
{
	const yaml_parser_t *parser = &reader->parser;
	const char *problem = parser->problem ? parser->problem : "can't be read";
	char message[300];

	if (parser->error == YAML_READER_ERROR) {
		snprintf(message, sizeof(message), "no YAML: %s", problem);
		report(reader, line_at(reader, parser->problem_offset), message);
		return;
	}
	if (parser->context)
		snprintf(message, sizeof(message), "no YAML: %s %s that begins on line %u", problem,
		         parser->context, line_of(reader, parser->context_mark));
	else
		snprintf(message, sizeof(message), "no YAML: %s", problem);
	report(reader, line_of(reader, parser->problem_mark), message);
}

/* Puts a finished scalar, or a list or map that begins, where it belongs. */
static void place(struct reader *reader, struct tree *node)
{
	struct level *level;

	if (reader->depth == 0) {
		tree_append(reader->documents, node);
		return;
	}
	level = &reader->levels[reader->depth - 1];
	if (level->node->kind == TREE_LIST) {
		tree_append(level->node, node);
		return;
	}
	tree_put(reader->arena, level->node, level->key ? level->key : "", level->key_line, node);
	free(level->key);
	level->key = NULL;
}

/* Does a key come next? */
static bool wants_key(const struct reader *reader)
{
	const struct level *level;

	if (reader->depth == 0)
		return false;
	level = &reader->levels[reader->depth - 1];
	return level->node->kind == TREE_MAP && !level->key;
}

static bool count_node(struct reader *reader, unsigned line)
{
	if (++reader->node_count <= FILES_YAML_NODES_MAX)
		return true;
	stop(reader, line, "too many values in one file");
	return false;
}

static bool is_core_tag(const char *tag, const char *name)
{
	return strncmp(tag, "tag:yaml.org,2002:", 18) == 0 && strcmp(tag + 18, name) == 0;
}

static void check_tag(struct reader *reader, const yaml_char_t *tag, unsigned line,
                      const char *only)
{
	const char *name = (const char *)tag;
	char message[200];

	if (!name || strcmp(name, "!") == 0 || is_core_tag(name, only))
		return;
	snprintf(message, sizeof(message), "tag '%.100s' is not known; allowed: none", name);
	report(reader, line, message);
}

static void read_key(struct reader *reader, const char *text, unsigned line)
{
	struct level *level = &reader->levels[reader->depth - 1];

	level->key = xstrdup(text);
	level->key_line = line;
}

static void read_scalar(struct reader *reader, const yaml_event_t *event)
{
	const char *text = (const char *)event->data.scalar.value;
	unsigned line = line_of(reader, event->start_mark);
	const char *tag = (const char *)event->data.scalar.tag;
	struct tree *node;

	if (!count_node(reader, line))
		return;
	check_tag(reader, event->data.scalar.tag, line, "str");
	if (strlen(text) != event->data.scalar.length)
		report(reader, line, "text with a NUL character; allowed: text without");
	if (wants_key(reader)) {
		read_key(reader, text, line);
		return;
	}
	if (event->data.scalar.style == YAML_PLAIN_SCALAR_STYLE && !tag) {
		node = tree_scalar(reader->arena, text, line);
	} else {
		node = tree_new(reader->arena, TREE_TEXT, line);
		node->text = arena_strdup(reader->arena, text);
	}
	place(reader, node);
}

static void begin(struct reader *reader, enum tree_kind kind, const yaml_event_t *event)
{
	unsigned line = line_of(reader, event->start_mark);
	struct tree *node;

	if (!count_node(reader, line))
		return;
	check_tag(reader,
	          kind == TREE_MAP ? event->data.mapping_start.tag : event->data.sequence_start.tag,
	          line, kind == TREE_MAP ? "map" : "seq");
	if (reader->depth == TREE_DEPTH_MAX) {
		stop(reader, line, "lists and maps are nested too deeply; allowed: 64 levels");
		return;
	}
	if (wants_key(reader)) {
		stop(reader, line, "a list or map can't be a key; allowed: text");
		return;
	}
	node = tree_new(reader->arena, kind, line);
	place(reader, node);
	reader->levels[reader->depth++] = (struct level){.node = node};
}

static int compare_keys(const void *left, const void *right)
{
	const struct tree *a = *(const struct tree *const *)left;
	const struct tree *b = *(const struct tree *const *)right;
	int order = strcmp(a->key, b->key);

	return order != 0 ? order : (a->key_line > b->key_line) - (a->key_line < b->key_line);
}

static void check_keys(struct reader *reader, const struct tree *map)
{
	const struct tree **sorted;
	size_t count = 0;

	if (map->count < 2)
		return;
	sorted = xcalloc(map->count, sizeof(*sorted));
	for (const struct tree *entry = map->child; entry; entry = entry->sibling)
		sorted[count++] = entry;
	qsort(sorted, count, sizeof(*sorted), compare_keys);
	for (size_t i = 1; i < count; i++) {
		char message[200];

		if (strcmp(sorted[i - 1]->key, sorted[i]->key) != 0)
			continue;
		snprintf(message, sizeof(message), "key '%.100s' stands on line %u already",
		         sorted[i]->key, sorted[i - 1]->key_line);
		report(reader, sorted[i]->key_line, message);
	}
	free(sorted);
}

static void end(struct reader *reader)
{
	struct level *level = &reader->levels[--reader->depth];

	if (level->node->kind == TREE_MAP)
		check_keys(reader, level->node);
}

static void handle(struct reader *reader, const yaml_event_t *event)
{
	switch (event->type) {
	case YAML_SCALAR_EVENT:
		read_scalar(reader, event);
		break;
	case YAML_SEQUENCE_START_EVENT:
		begin(reader, TREE_LIST, event);
		break;
	case YAML_MAPPING_START_EVENT:
		begin(reader, TREE_MAP, event);
		break;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		end(reader);
		break;
	case YAML_ALIAS_EVENT:
		stop(reader, line_of(reader, event->start_mark),
		     "aliases are not supported; write out what is meant");
		break;
	case YAML_NO_EVENT:
	case YAML_STREAM_START_EVENT:
	case YAML_STREAM_END_EVENT:
	case YAML_DOCUMENT_START_EVENT:
	case YAML_DOCUMENT_END_EVENT:
		break;
	}
}

static void read_events(struct reader *reader)
{
	bool done = false;

	while (!done && !reader->stopped) {
		yaml_event_t event;

		if (!yaml_parser_parse(&reader->parser, &event)) {
			report_syntax(reader);
			return;
		}
		done = event.type == YAML_STREAM_END_EVENT;
		handle(reader, &event);
		yaml_event_delete(&event);
	}
}

/* A document that was not read to its end would be reported for what is missing in it. */
static void drop_unfinished(struct reader *reader)
{
	struct tree *documents = reader->documents, *last = NULL;

	if (reader->depth == 0)
		return;
	for (struct tree *document = documents->child; document != documents->last;
	     document = document->sibling)
		last = document;
	if (last)
		last->sibling = NULL;
	else
		documents->child = NULL;
	documents->last = last;
	documents->count--;
	while (reader->depth > 0)
		free(reader->levels[--reader->depth].key);
}

void files_yaml_read_from(const char *text, size_t size, const char *source, unsigned line,
                          struct arena *arena, struct tree *documents,
                          struct model_problems *problems)
{
	struct reader reader = {
		.text = text,
		.source = source,
		.line = line,
		.arena = arena,
		.documents = documents,
		.problems = problems,
	};

	if (size > FILES_YAML_SIZE_MAX) {
		report(&reader, 0, "too large; allowed: at most 32 MiB");
		return;
	}
	if (!yaml_parser_initialize(&reader.parser))
		abort(); /* out of memory, see lib/mem.h */
	yaml_parser_set_input_string(&reader.parser, (const unsigned char *)text, size);
	read_events(&reader);
	drop_unfinished(&reader);
	yaml_parser_delete(&reader.parser);
}

void files_yaml_read(const char *text, size_t size, const char *source, struct arena *arena,
                     struct tree *documents, struct model_problems *problems)
{
	files_yaml_read_from(text, size, source, 1, arena, documents, problems);
}

/* --- parts --- */

static bool has(const char *text, size_t size, const char *what, size_t what_size)
{
	return memmem(text, size, what, what_size) != NULL;
}

/* YAML 1.2 9.1, 5.4: a directive belongs to the document after it; lines are counted by '\n', and
 * libyaml knows other ends of lines: CR, NEL, LS, PS. */
bool files_yaml_is_divisible(const char *text, size_t size)
{
	static const char utf16[2][2] = {{'\xff', '\xfe'}, {'\xfe', '\xff'}};

	if (size >= 2 && (memcmp(text, utf16[0], 2) == 0 || memcmp(text, utf16[1], 2) == 0))
		return false;
	return !(size > 0 && text[0] == '%') && !has(text, size, "\n%", 2) &&
	       !has(text, size, "\r", 1) && !has(text, size, "\xc2\x85", 2) &&
	       !has(text, size, "\xe2\x80\xa8", 3) && !has(text, size, "\xe2\x80\xa9", 3);
}

size_t files_yaml_part_size(const char *text, size_t size)
{
	static const char mark[] = "\n---";
	const size_t mark_size = sizeof(mark) - 1;
	const char *end = text + size, *at = text;

	while ((at = memmem(at, (size_t)(end - at), mark, mark_size))) {
		const char *after = at + mark_size;

		if (after == end || *after == ' ' || *after == '\t' || *after == '\n')
			return (size_t)(at + 1 - text);
		at++;
	}
	return size;
}
