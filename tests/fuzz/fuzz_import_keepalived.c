/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Somebody's keepalived.conf.
 *
 * Laws: what is written is read as what was meant, and our own checks find no error in it; every
 * statement is spoken of; the same text gives the same result. */
#include "tests/fuzz/fuzz_import.h"

static void include(void *ctx, const char *from, const char *pattern,
                    const struct import_found *found)
{
	static const char text[] =
		"virtual_server 10.77.0.9 80 {\n\tprotocol TCP\n}\ninclude again\n";

	(void)ctx;
	(void)from;
	if (strcmp(pattern, "gone") == 0)
		found->file(found->arg, pattern, NULL, 0, 2);
	else if (strcmp(pattern, "nothing") != 0)
		found->file(found->arg, pattern, text, sizeof(text) - 1, 0);
}

static void convert(struct import *import, const char *text, size_t size)
{
	struct import_options options = {.id = "lb1"};
	struct import_reader reader = {.include = include};

	import_keepalived(import, "fuzz.conf", text, size, &options, &reader);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_import(data, size, convert);
	return 0;
}
