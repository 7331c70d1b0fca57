/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A file of configuration: text to trees, trees to objects, objects to a snapshot.
 *
 * Laws: a snapshot is built exactly when there is no error; a text gives the same problems each
 * time, and in parts; every problem is one line; what is in a snapshot is in order and has its
 * marks. */
#include "files/parts.h"
#include "files/yaml.h"
#include "model/decode.h"
#include "model/snapshot.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool law)
{
	if (!law)
		abort();
}

static void check_snapshot(const struct model_snapshot *snapshot)
{
	for (size_t i = 0; i < snapshot->service_count; i++) {
		const struct model_service *service = &snapshot->services[i];

		check(service->port->first >= 1 && service->port->first <= service->port->last);
		check((service->mark != 0) == (service->port->first != service->port->last));
		check(service->router ==
		      model_snapshot_router(snapshot, service->virtual_server->router));
		check(i == 0 ||
		      addr_compare(&snapshot->services[i - 1].address, &service->address) <= 0);
	}
	for (size_t i = 1; i < snapshot->vip_count; i++)
		check(addr_compare(&snapshot->vips[i - 1].address, &snapshot->vips[i].address) < 0);
}

static void check_line(const char *line)
{
	size_t len = strlen(line);

	check(len > 0 && line[len - 1] == '\n');
	for (size_t i = 0; i + 1 < len; i++)
		check((unsigned char)line[i] >= 0x20 && line[i] != 0x7f);
}

/* All at once; or in parts, taking over what there is in 'parts'. */
static void read(const char *text, size_t size, struct files_parts *parts,
                 struct model_objects *objects, struct model_problems *problems)
{
	struct tree *documents;
	struct arena trees;

	if (parts) {
		files_parts_read(parts, text, size, "fuzz.yaml", objects, problems);
		return;
	}
	arena_init(&trees);
	documents = tree_new(&trees, TREE_LIST, 0);
	files_yaml_read(text, size, "fuzz.yaml", &trees, documents, problems);
	for (const struct tree *document = documents->child; document; document = document->sibling)
		model_decode(document, "fuzz.yaml", objects, problems);
	arena_done(&trees);
}

/* Everything that is said about the text; the caller frees. */
static char *judge(const uint8_t *data, size_t size, struct files_parts *parts)
{
	const struct model_objects *sources[1];
	struct model_problems problems;
	struct model_snapshot *snapshot;
	struct model_objects objects;
	struct text lines = {0};

	model_objects_init(&objects);
	model_problems_init(&problems);
	read((const char *)data, size, parts, &objects, &problems);
	sources[0] = &objects;
	snapshot = model_snapshot_build(sources, 1, &problems);
	check((snapshot == NULL) == (problems.error_count > 0));
	model_objects_done(&objects);
	if (snapshot)
		check_snapshot(snapshot);
	model_snapshot_free(snapshot);
	model_problems_sort(&problems);
	for (size_t i = 0; i < problems.count; i++) {
		size_t before = lines.len;

		model_problem_format(&problems.items[i], &lines);
		check_line(text_str(&lines) + before);
	}
	model_problems_done(&problems);
	return text_take(&lines);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* As a file is read: with a NUL after it. */
	char *text = malloc(size + 1);
	struct files_parts parts = {0};
	char *first, *second, *third;

	if (!text)
		return 0;
	memcpy(text, data, size);
	text[size] = '\0';
	first = judge((const uint8_t *)text, size, NULL);
	second = judge((const uint8_t *)text, size, &parts);
	third = judge((const uint8_t *)text, size, &parts); /* all of it taken over */
	check(strcmp(first, second) == 0);
	check(strcmp(second, third) == 0);
	files_parts_done(&parts);
	free(first);
	free(second);
	free(third);
	free(text);
	return 0;
}
