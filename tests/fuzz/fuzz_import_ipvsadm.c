/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said to be the output of ipvsadm -Sn. Laws: see fuzz_import_keepalived.c. */
#include "tests/fuzz/fuzz_import.h"

static void convert(struct import *import, const char *text, size_t size)
{
	struct import_options options = {.router = "front", .interface = "eth0", .vrid = 51};

	import_ipvsadm(import, "fuzz.txt", text, size, &options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_import(data, size, convert);
	return 0;
}
