/* SPDX-License-Identifier: GPL-2.0-or-later */
/* tests/manifests/decode.c - what Lintel makes of objects of the API: a JSON object a line from
 * stdin. Without an argument a line for each to stdout, "fine" or what is wrong with it; with
 * "writes" all that Lintel might write about each, a line each: {"kind", "status", "body"}. */

#include "k8s/decode.h"
#include "k8s/json_read.h"
#include "k8s/json_tree.h"
#include "k8s/status.h"
#include "lib/addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static enum k8s_kind find_kind(const char *name)
{
	for (enum k8s_kind kind = 0; kind < K8S_KIND_COUNT; kind++) {
		if (strcmp(k8s_kind_name(kind), name) == 0)
			return kind;
	}
	return K8S_KIND_COUNT;
}

static bool is_ours(enum k8s_kind kind)
{
	return kind == K8S_VIRTUAL_ROUTER || kind == K8S_ADDRESS_POOL || kind == K8S_VIRTUAL_SERVER;
}

static enum k8s_kind kind_of(const struct tree *json)
{
	return find_kind(k8s_json_tree_text(json, "kind"));
}

static void judge(const struct tree *json)
{
	enum k8s_kind kind = kind_of(json);
	enum k8s_decode_fault fault;
	struct k8s_object *object;

	if (kind == K8S_KIND_COUNT) {
		puts("is of no kind that is known");
		return;
	}
	object = k8s_decode(kind, json, &fault);
	if (!object)
		puts(k8s_decode_fault_name(fault));
	else if (is_ours(kind) && !object->custom.valid)
		puts(object->custom.problems);
	else
		puts("fine");
	k8s_object_release(object);
}

static void print_write(const struct k8s_object *object, struct k8s_status_write write)
{
	json_t *line;

	if (!write.body)
		return;
	line = json_pack("{s:s, s:b, s:o}", "kind", k8s_kind_name(object->kind), "status",
	                 (int)write.status, "body", write.body);
	json_dumpf(line, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(line);
}

/* For each thing that may have become of it, with and without an address, and for none. */
static void print_writes(const struct tree *json)
{
	struct k8s_status_seen seen = {
		.active_node = "n1",
		.nodes = 2,
		.addresses = 3,
		.usage = {50, UINT64_MAX, 1, 2},
		.withdrawn = true,
	};
	char message[] = "why", pool[] = "public", router[] = "front";
	struct addr addresses[2];
	enum k8s_decode_fault fault;
	struct k8s_object *object;

	if (kind_of(json) == K8S_KIND_COUNT || addr_parse("10.77.0.100", &addresses[0]) ||
	    addr_parse("2001:db8::100", &addresses[1]))
		return;
	object = k8s_decode(kind_of(json), json, &fault);
	if (!object)
		return;
	print_write(object, k8s_status_next(object, NULL, &seen, 1));
	for (enum k8s_reason reason = 0; reason < K8S_REASON_COUNT; reason++) {
		for (size_t count = 0; count <= LT_ARRAY_SIZE(addresses); count++) {
			struct k8s_report report = {
				.reason = reason,
				.message = message,
				.addresses = addresses,
				.address_count = count,
				.pool = pool,
				.router = router,
				.backends = 3,
				.ready = 2,
			};

			print_write(object, k8s_status_next(object, &report, &seen, 1));
		}
	}
	seen = (struct k8s_status_seen){0};
	print_write(object, k8s_status_next(object, NULL, &seen, 1));
	k8s_object_release(object);
}

/* "kinds": a line for each kind that is read, "VERSION PLURAL". */
static int print_kinds(void)
{
	for (enum k8s_kind kind = 0; kind < K8S_KIND_COUNT; kind++)
		printf("%s %s\n", k8s_kind_api_version(kind), k8s_kind_plural(kind));
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	bool writes = argc == 2 && strcmp(argv[1], "writes") == 0;
	char *line = NULL;
	size_t size = 0;

	if (argc == 2 && strcmp(argv[1], "kinds") == 0)
		return print_kinds();
	while (getline(&line, &size, stdin) > 0) {
		const struct tree *json;
		struct arena arena;

		arena_init(&arena);
		json = k8s_json_read(line, strlen(line), &arena);

		if (json && writes)
			print_writes(json);
		else if (json)
			judge(json);
		else
			puts("is no JSON");
		arena_done(&arena);
	}
	free(line);
	return EXIT_SUCCESS;
}
