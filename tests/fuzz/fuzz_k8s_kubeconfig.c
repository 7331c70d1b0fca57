/* SPDX-License-Identifier: GPL-2.0-or-later */
/* k8s/kubeconfig, lib/base64: a file that somebody was given. */

#include "files/yaml.h"
#include "k8s/kubeconfig.h"
#include "lib/base64.h"
#include "lib/mem.h"
#include "lib/text.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool good)
{
	if (!good)
		abort();
}

static void try_item(const struct k8s_kubeconfig_item *item)
{
	must(!item->path || !item->data);
	must(!item->data || item->data[item->size] == '\0');
	must(!item->path || strchr(item->path, '/'));
}

static void try_config(const struct k8s_kubeconfig *config)
{
	bool has_tls = text_starts_with(config->server, "https://");

	must(has_tls || text_starts_with(config->server, "http://"));
	must(has_tls || (!config->token.data && !config->token.path && !config->username));
	must(config->context && config->namespace);
	must(!config->insecure || (!config->ca.data && !config->ca.path));
	must(!config->token.data || !strpbrk(config->token.data, "\r\n"));
	try_item(&config->ca);
	try_item(&config->certificate);
	try_item(&config->key);
	try_item(&config->token);
}

static void try_kubeconfig(const uint8_t *data, size_t size)
{
	struct k8s_kubeconfig config;
	struct model_problems problems;
	struct text why = {0};
	struct tree *documents;
	struct arena arena;

	arena_init(&arena);
	model_problems_init(&problems);
	documents = tree_new(&arena, TREE_LIST, 1);
	files_yaml_read((const char *)data, size, "config", &arena, documents, &problems);
	for (const struct tree *tree = documents->child; tree; tree = tree->sibling) {
		const struct k8s_kubeconfig_source sources[] = {{tree, "config", "."},
		                                                {documents->child, "first", "/x"}};

		if (k8s_kubeconfig_decode(sources, LT_ARRAY_SIZE(sources), NULL, &config, &why) ==
		    0) {
			try_config(&config);
			k8s_kubeconfig_done(&config);
		} else {
			must(why.len > 0);
		}
	}
	text_done(&why);
	model_problems_done(&problems);
	arena_done(&arena);
}

static void try_base64(const uint8_t *data, size_t size)
{
	char *text = xmalloc(size + 1);
	struct text again = {0};
	size_t decoded_size, second_size;
	char *decoded, *second;

	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (base64_decode(text, &decoded, &decoded_size) == 0) {
		base64_add(&again, decoded, decoded_size);
		must(base64_decode(text_str(&again), &second, &second_size) == 0);
		must(second_size == decoded_size && memcmp(second, decoded, second_size) == 0);
		free(second);
		free(decoded);
		text_done(&again);
	}
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	try_kubeconfig(data, size);
	try_base64(data, size);
	return 0;
}
