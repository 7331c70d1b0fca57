/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/nft/lab_world.h"

#include "files/source.h"
#include "model/snapshot.h"
#include "nft/ruleset.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct nft_table *lab_load(char **paths, size_t count)
{
	struct model_problems problems;
	struct files_source source;
	struct model_snapshot *snapshot;
	struct nft_table *table;

	model_problems_init(&problems);
	files_source_init(&source, paths, count);
	files_source_read(&source, &problems);
	snapshot = model_snapshot_build(source.objects, source.object_count, &problems);
	for (size_t i = 0; i < problems.count; i++) {
		struct text text = {0};

		model_problem_format(&problems.items[i], &text);
		fputs(text_str(&text), stderr);
		text_done(&text);
	}
	if (!snapshot)
		tap_bail("objects", "see above");
	table = nft_ruleset_build(snapshot);
	for (size_t i = 0; i < table->note_count; i++)
		fprintf(stderr, "note: %s\n", table->notes[i]);
	model_snapshot_free(snapshot);
	files_source_done(&source);
	model_problems_done(&problems);
	return table;
}

struct nft_table *lab_table(const char *yaml)
{
	char path[] = "/tmp/lintel-lab-nft-XXXXXX.yaml";
	char *paths[] = {path};
	int fd = mkstemps(path, 5);
	struct nft_table *table;

	if (fd < 0 || write(fd, yaml, strlen(yaml)) != (ssize_t)strlen(yaml))
		tap_bail("temporary file", strerror(errno));
	close(fd);
	table = lab_load(paths, 1);
	unlink(path);
	return table;
}

struct nft_kernel *lab_kernel_open(void)
{
	struct nft_kernel *kernel = NULL;
	struct text why = {0};

	if (nft_kernel_open(&kernel, &why) < 0)
		tap_bail("open", text_str(&why));
	return kernel;
}

int lab_shell(const char *command)
{
	int status = system(command);

	return status < 0 ? -1 : status >> 8;
}

struct nft_table *lab_many_services(unsigned count)
{
	struct text yaml = {0};
	struct nft_table *table;

	text_add(&yaml, ROUTER);
	for (unsigned i = 0; i < count; i++)
		text_printf(
			&yaml,
			"apiVersion: lintel.io/v1alpha1\nkind: VirtualServer\n"
			"metadata: {name: s%u}\nspec: {virtualRouter: front, addresses: "
			"[10.77.%u.%u], ports: [{port: 80}], servers: [{address: 10.78.0.21}]%s}\n"
			"---\n",
			i, 1 + i / 200, 1 + i % 200,
			i % 10 == 0 ? ", sourceRanges: [10.0.0.0/8, 192.168.0.0/16]" : "");
	table = lab_table(text_str(&yaml));
	text_done(&yaml);
	return table;
}

void lab_check_written(struct nft_kernel *kernel, struct nft_table *wanted, const char *what)
{
	struct nft_table *observed = NULL;
	struct text why = {0};
	enum nft_sync outcome;

	tap_check(nft_kernel_sync(kernel, wanted, &outcome, NULL, &why) == 0 &&
	                  outcome == NFT_SYNC_WRITTEN,
	          "%s: is written %s", what, text_str(&why));
	tap_check(nft_kernel_observe(kernel, &observed, &why) == 0 &&
	                  nft_table_diff(observed, wanted, NULL) == 0,
	          "%s: is seen as it was wanted %s", what, text_str(&why));
	tap_check(nft_kernel_sync(kernel, wanted, &outcome, NULL, &why) == 0 &&
	                  outcome == NFT_SYNC_UNTOUCHED,
	          "%s: is left alone", what);
	nft_table_free(observed);
	text_done(&why);
}
