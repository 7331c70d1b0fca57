/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "import/include.h"

#include "lib/fileio.h"
#include "lib/mem.h"

#include <errno.h>
#include <glob.h>
#include <stdlib.h>
#include <string.h>

int import_include_read(const char *path, char **ret_text, size_t *ret_size)
{
	return fileio_read_stream(strcmp(path, "-") == 0 ? "/dev/stdin" : path, IMPORT_SIZE_MAX,
	                          ret_text, ret_size);
}

/* The pattern seen from the directory of 'from'. */
static char *full_pattern(const char *from, const char *pattern)
{
	const char *slash = strrchr(from, '/');
	struct text full = {0};

	if (*pattern != '/' && slash)
		text_add_len(&full, from, (size_t)(slash - from) + 1);
	text_add(&full, pattern);
	return text_take(&full);
}

static void give(const char *path, const struct import_found *found)
{
	char *text = NULL;
	size_t size = 0;
	int r = fileio_read(path, IMPORT_SIZE_MAX, &text, &size);

	found->file(found->arg, path, text, size, r < 0 ? -r : 0);
	free(text);
}

static void include(void *ctx, const char *from, const char *pattern,
                    const struct import_found *found)
{
	char *full = full_pattern(from, pattern);
	glob_t paths = {0};

	if (glob(full, GLOB_BRACE, NULL, &paths) == 0) {
		for (size_t i = 0; i < paths.gl_pathc; i++)
			give(paths.gl_pathv[i], found);
	}
	globfree(&paths);
	free(full);
}

struct import_reader import_include_reader(void)
{
	return (struct import_reader){.include = include};
}
